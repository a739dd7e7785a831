"""Turn checked tables into one balanced network. Knows nothing of scenarios.

From the end industries upstream, commodity by commodity: uses follow from what the users make and
from the recipes; what the world makes beyond that goes to uses outside the modelled industries;
then outputs, uses and flows are balanced by evidence (`supplychain.network.balance`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from supplychain.errors import DataError, Fault
from supplychain.network.figures_in import (
    Output,
    private_stocks,
    segment_rows,
    stated_outputs,
    stock_row,
)
from supplychain.network.later import later
from supplychain.network.market import FINAL, Market, balance_market
from supplychain.network.ordering import commodity_of_input, commodity_of_output, upstream_first
from supplychain.network.plausibility import Doubt, doubts_of_balance, doubts_of_tables
from supplychain.network.values import Commodity, Flow, Network, Node, NodeKind, Slot
from supplychain.parameters import Parameters, read_parameters
from supplychain.tables import Row, Tables, ref


def build_network(tables: Tables) -> Network:
    """Balance a pack into a `Network`.

    Raises:
        DataError: a loop of recipes with a gain of 1 or more, an input that nobody makes, or a
            figure graded A that balancing would push out of its low-high range.
    """
    parameters = read_parameters(tables)
    order = upstream_first(tables)
    segments = segment_rows(tables)
    outputs = stated_outputs(tables, parameters, segments)
    made = {c: {k: o.value for k, o in by.items()} for c, by in outputs.items()}
    markets: dict[Commodity, Market] = {}
    doubts = doubts_of_tables(tables, outputs)
    try:
        for commodity in reversed(order):
            needs = _needs(tables, commodity, made)
            found = balance_market(tables, parameters, commodity, outputs.get(commodity, {}), needs)
            markets[commodity] = found
            made[commodity] = dict(found.outputs)
        _refuse_moved_official_figures(markets)
    except DataError as error:  # what is doubted may be the reason of what is refused
        raise DataError(
            (*error.faults, *(fault for doubt in doubts for fault in doubt.faults()))
        ) from None
    doubts += doubts_of_balance(markets, outputs)
    return _assemble(tables, parameters, order, segments, outputs, markets, doubts)


def _needs(
    tables: Tables, commodity: Commodity, made: Mapping[Commodity, Mapping[str, float]]
) -> dict[str, list[tuple[Row, float]]]:
    """Country -> (recipe row, use in unit/year) of one commodity by what is made downstream."""
    found: dict[str, list[tuple[Row, float]]] = {}
    for row in tables.baseline_recipes():
        if row["relation"] == "input" and commodity_of_input(row) == commodity:
            for country, output in made.get(commodity_of_output(row), {}).items():
                if output > 0 and float(row["amount"]) > 0:
                    found.setdefault(country, []).append((row, float(row["amount"]) * output))
    return found


def _refuse_moved_official_figures(markets: Mapping[Commodity, Market]) -> None:
    """Refuse a balance that pushes a figure graded A out of its own low-high range."""
    faults = [
        Fault(
            moved.row.file,
            moved.row.line,
            _column(moved.row),
            f"{moved.row[_column(moved.row)]:g}",
            f"balancing would move this figure graded A to {moved.restated:g}",
            f"between {moved.row['low']:g} and {moved.row['high']:g}",
            "widen the range, lower the grade, or mend the recipes, uses and trade of "
            + moved.name,
        )
        for market in markets.values()
        for moved in market.adjustments
        if moved.evidence == "A" and moved.is_outside and moved.row is not None
    ]
    if faults:
        raise DataError(faults=faults)


def _column(row: Row) -> str:
    """The column in which the figure of a row stands."""
    return next(c for c in ("output", "quantity", "share") if row.get(c) is not None)


def _moved_figures(markets: Mapping[Commodity, Market]) -> list[str]:
    """Warnings about figures graded B that balancing left outside their range."""
    return [
        f"{moved.name.split(':')[1]}: balancing moved {moved.kind} {moved.name} "
        f"({ref(moved.row)}, grade B) to {moved.restated:.3g}, outside its range"
        for market in markets.values()
        for moved in market.adjustments
        if moved.evidence == "B" and moved.is_outside and moved.row is not None
    ]


def _assemble(
    tables: Tables,
    parameters: Parameters,
    order: tuple[Commodity, ...],
    segments: Mapping[tuple[str, str, str], Row],
    outputs: Mapping[Commodity, Mapping[str, Output]],
    markets: Mapping[Commodity, Market],
    doubts: Sequence[Doubt],
) -> Network:
    """Nodes, slots and flows by index, from the balanced markets."""
    nodes = _nodes(order, outputs, markets)
    index = {node.id: i for i, node in enumerate(nodes)}
    slots, slots_of = _slots(tables, order, markets, nodes, index)
    flows = []
    for commodity in order:
        for (exporter, place), (quantity, row) in markets[commodity].flows.items():
            users = slots_of.get((place, commodity), [])
            total = sum(slots[q].need for q in users)
            supplier = index[Node(exporter, *commodity, "producer", 0.0).id]
            flows += [
                Flow(supplier, q, quantity * slots[q].need / total, row) for q in users if total > 0
            ]
    to_come = later(tables, nodes, slots)
    nodes += to_come.nodes
    moved = sorted(
        (a for m in markets.values() for a in m.adjustments),
        key=lambda a: -abs(np.log(max(a.ratio, 1e-12))),
    )
    return Network(
        tables,
        parameters,
        tuple(nodes),
        (*slots, *to_come.slots),
        tuple(flows),
        order,
        _all_hosts(tables, nodes),
        MappingProxyType(dict(segments)),
        tuple(moved),
        (
            *(w for m in markets.values() for w in m.warnings),
            *_moved_figures(markets),
            *dict.fromkeys(str(doubt) for doubt in doubts),
        ),
        to_come.projects,
        to_come.technologies,
    )


def with_projects(network: Network, rows: Sequence[Row]) -> Network:
    """The same network with more rows of new capacity; what stands today keeps its place."""
    tables = network.tables.plus("projects", rows)
    nodes = [n for n in network.nodes if not n.planned]
    to_come = later(tables, nodes, network.present_slots)
    nodes += to_come.nodes
    return replace(
        network,
        tables=tables,
        nodes=tuple(nodes),
        slots=(*network.present_slots, *to_come.slots),
        hosts=_all_hosts(tables, nodes),
        projects=to_come.projects,
        technologies=to_come.technologies,
    )


def _nodes(
    order: Sequence[Commodity],
    outputs: Mapping[Commodity, Mapping[str, Output]],
    markets: Mapping[Commodity, Market],
) -> list[Node]:
    """All nodes, upstream commodities first, then the uses outside the modelled industries."""
    nodes = []
    for commodity in order:
        for country, made in sorted(markets[commodity].outputs.items()):
            stated = outputs.get(commodity, {}).get(country)
            if stated is None:
                nodes.append(Node(country, *commodity, "outside", made))
                continue
            kind: NodeKind = "industry" if commodity[1] else "producer"
            nodes.append(
                Node(
                    country,
                    *commodity,
                    kind,
                    made,
                    stated.capacity_ratio,
                    stated.exports_usd,
                    stated.rows,
                )
            )
    nodes += [
        Node(country, *commodity, "other", use)
        for commodity in order
        for country, use in sorted(markets[commodity].other.items())
        if country != FINAL
    ]
    return nodes


def _slots(
    tables: Tables,
    order: Sequence[Commodity],
    markets: Mapping[Commodity, Market],
    nodes: Sequence[Node],
    index: Mapping[str, int],
) -> tuple[list[Slot], dict[tuple[str, Commodity], list[int]]]:
    """All slots, and the slots of each (country, commodity)."""
    made = {
        c: {n.country: n.output for n in nodes if n.commodity == c and n.kind != "other"}
        for c in order
    }
    stocks = private_stocks(tables)
    slots: list[Slot] = []
    slots_of: dict[tuple[str, Commodity], list[int]] = {}
    for commodity in order:
        market = markets[commodity]
        for country, rows in _needs(tables, commodity, made).items():
            stated = sum(use for _, use in rows)
            for row, use in rows:
                user = commodity_of_output(row)
                node = index[Node(country, *user, "producer", 0.0).id]
                users = (user[0],)
                need = use / stated * market.uses.get(country, stated)
                slots_of.setdefault((country, commodity), []).append(len(slots))
                slots.append(
                    Slot(
                        node, commodity, need, row, stock_row(stocks, country, users, commodity[0])
                    )
                )
        for country, use in market.other.items():
            if country == FINAL:
                continue
            node = index[Node(country, *commodity, "other", use).id]
            slots_of.setdefault((country, commodity), []).append(len(slots))
            slots.append(
                Slot(node, commodity, use, None, stock_row(stocks, country, (), commodity[0]))
            )
    return slots, slots_of


def _all_hosts(tables: Tables, nodes: Sequence[Node]) -> Mapping[int, tuple[int, float]]:
    """Every by-product and member of a basket, with what it comes from."""
    index = {node.id: i for i, node in enumerate(nodes)}
    found: dict[int, tuple[int, float]] = {}
    for row in tables.baseline_recipes():
        if row["relation"] in {"host", "basket"}:
            found |= _hosts(row, nodes, index)
    return MappingProxyType(found)


def _hosts(
    row: Row, nodes: Sequence[Node], index: Mapping[str, int]
) -> dict[int, tuple[int, float]]:
    """By-product node -> (host node of the same country, obtainable over baseline output, >= 1).

    A member of a basket of co-products comes in the proportion that its own mines have: its amount
    is what is obtainable over that, with the main product at its baseline.
    """
    found = {}
    for i, node in enumerate(nodes):
        if node.kind != "producer" or node.commodity != commodity_of_output(row):
            continue
        host = index.get(Node(node.country, *commodity_of_input(row), "producer", 0.0).id)
        if host is not None:
            amount = float(row["amount"])
            is_basket = row["relation"] == "basket"
            ratio = amount if is_basket else amount * nodes[host].output / node.output
            found[i] = (host, max(ratio, 1.0))
    return found
