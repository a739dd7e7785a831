"""Turn checked tables into one balanced network. Knows nothing of scenarios.

From the end industries upstream, commodity by commodity: uses follow from what the users make and
from the recipes; what the world makes beyond that goes to uses outside the modelled industries; then
outputs, uses and flows are balanced by evidence (`supplychain.network.balance`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from supplychain.errors import DataError, Fault
from supplychain.network.balance import balance
from supplychain.network.figures_in import Output, segment_rows, stated_outputs, stock_row
from supplychain.network.ordering import commodity_of_input, commodity_of_output, upstream_first
from supplychain.network.prior import prior_flows
from supplychain.network.values import Adjustment, Commodity, Flow, Network, Node, Slot
from supplychain.parameters import Parameters, read_parameters
from supplychain.tables import Row, Tables
from supplychain.vocabulary import REST_OF_WORLD, worst_evidence

_FINAL = "~final"
_A_TOLERANCE = 0.01


@dataclass(frozen=True)
class _Market:
    """One commodity after balancing: outputs and uses by country, flows between them."""

    outputs: Mapping[str, float]
    uses: Mapping[str, float]
    other: Mapping[str, float]
    flows: Mapping[tuple[str, str], tuple[float, Row | None]]
    adjustments: tuple[Adjustment, ...]
    warnings: tuple[str, ...]


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
    markets: dict[Commodity, _Market] = {}
    for commodity in reversed(order):
        needs = _needs(tables, commodity, made)
        market = _market(tables, parameters, commodity, outputs.get(commodity, {}), needs)
        markets[commodity] = market
        made[commodity] = dict(market.outputs)
    _refuse_moved_official_figures(markets)
    return _assemble(tables, parameters, order, segments, outputs, markets)


def _needs(
    tables: Tables, commodity: Commodity, made: Mapping[Commodity, Mapping[str, float]]
) -> dict[str, list[tuple[Row, float]]]:
    """Country -> (recipe row, use in unit/year) of one commodity by what is made downstream."""
    found: dict[str, list[tuple[Row, float]]] = {}
    for row in tables.rows("recipes"):
        if row["relation"] == "input" and commodity_of_input(row) == commodity:
            for country, output in made.get(commodity_of_output(row), {}).items():
                if output > 0 and float(row["amount"]) > 0:
                    found.setdefault(country, []).append((row, float(row["amount"]) * output))
    return found


def _market(
    tables: Tables,
    parameters: Parameters,
    commodity: Commodity,
    outputs: Mapping[str, Output],
    needs: Mapping[str, Sequence[tuple[Row, float]]],
) -> _Market:
    """Balance one commodity."""
    modelled = {country: sum(use for _, use in rows) for country, rows in needs.items()}
    is_industry = bool(commodity[1])
    if not outputs and modelled:
        raise DataError((_nobody_makes(commodity),))
    if is_industry and not modelled:
        return _Market({c: o.value for c, o in outputs.items()}, {}, {}, {}, (), ())
    trade, supply, warnings = _usable_trade(tables, commodity, outputs, modelled)
    rest = max(sum(supply.values()) - sum(modelled.values()), 0.0)
    other = {_FINAL: rest} if is_industry else _other_uses(tables, commodity, rest)
    uses = {c: modelled.get(c, 0.0) + other.get(c, 0.0) for c in sorted({*modelled, *other})}
    grades = {c: worst_evidence(*(str(r["evidence"]) for r, _ in needs.get(c, ()))) for c in uses}
    prior = prior_flows(
        supply,
        uses,
        trade,
        parameters.value("home_bias", commodity[0]),
        lambda grade: parameters.value("balance_weight", grade),
    )

    def weight(grade: str) -> float:
        return parameters.value("balance_weight", grade)

    output_grades = [outputs[c].evidence if c in outputs else "prior" for c in supply]
    use_grades = ["prior" if other.get(c) else grades[c] for c in uses]
    result = balance(
        prior.flows,
        prior.weights,
        np.array(list(supply.values())),
        np.array([weight(g) for g in output_grades]),
        np.array(list(uses.values())),
        np.array([weight(g) for g in use_grades]),
    )
    names, places = list(supply), list(uses)
    after = dict(zip(names, result.outputs.tolist(), strict=True))
    used = dict(zip(places, result.uses.tolist(), strict=True))
    flows = {
        (names[i], places[j]): (float(result.flows[i, j]), prior.rows.get((i, j)))
        for i, j in zip(*np.nonzero(result.flows), strict=True)
    }
    moved = _adjustments(
        commodity,
        outputs,
        supply,
        after,
        uses,
        used,
        prior.flows,
        result.flows,
        prior.rows,
        use_grades,
    )
    left = {c: other.get(c, 0.0) / uses[c] * used[c] for c in uses if other.get(c)}
    return _Market(
        after, {c: used[c] - left.get(c, 0.0) for c in places}, left, flows, moved, warnings
    )


def _usable_trade(
    tables: Tables,
    commodity: Commodity,
    outputs: Mapping[str, Output],
    modelled: Mapping[str, float],
) -> tuple[list[Row], dict[str, float], tuple[str, ...]]:
    """Trade rows whose exporter makes the commodity, the supplies, and what had to be left out."""
    supply = {country: output.value for country, output in outputs.items()}
    rows, lost = [], []
    for row in tables.rows("trade"):
        if row["product"] != commodity[0]:
            continue
        if row["exporter"] in supply:
            rows.append(row)
        elif commodity[1] and row["exporter"] == REST_OF_WORLD:
            supply[REST_OF_WORLD] = sum(modelled.values())
            rows.append(row)
        elif row["share"] != 0 and row["quantity"] != 0:
            lost.append(f"{row['exporter']}>{row['importer']}")
    warnings = ()
    if lost:
        warnings = (
            f"trade.csv: {commodity[0]} from {', '.join(sorted(set(lost)))}: the exporter has no output "
            "in the pack; its share is spread over the other suppliers",
        )
    return rows, supply, warnings


def _other_uses(tables: Tables, commodity: Commodity, rest: float) -> dict[str, float]:
    """Country -> use outside the modelled industries; what no row places is in the rest of world."""
    shares = {
        str(r["country"]): float(r["share"])
        for r in tables.rows("other_uses")
        if r["product"] == commodity[0]
    }
    shares[REST_OF_WORLD] = shares.get(REST_OF_WORLD, 0.0) + max(1.0 - sum(shares.values()), 0.0)
    return {country: share * rest for country, share in shares.items() if share * rest > 0}


def _adjustments(
    commodity: Commodity,
    outputs: Mapping[str, Output],
    supply: Mapping[str, float],
    after: Mapping[str, float],
    uses: Mapping[str, float],
    used: Mapping[str, float],
    prior: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    flows: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    rows: Mapping[tuple[int, int], Row],
    use_grades: Sequence[str],
) -> tuple[Adjustment, ...]:
    """What balancing did to every figure of one commodity."""
    label = "/".join(part for part in commodity if part)
    moved = [
        Adjustment("output", f"{c}:{label}", o.value, after[c], o.evidence, o.rows[0])
        for c, o in outputs.items()
    ]
    moved += [
        Adjustment("use", f"{c}:{label}", uses[c], used[c], grade, None)
        for c, grade in zip(uses, use_grades, strict=True)
        if c != _FINAL
    ]
    names, places = list(supply), list(uses)
    moved += [
        Adjustment(
            "flow",
            f"{names[i]}>{places[j]}:{label}",
            float(prior[i, j]),
            float(flows[i, j]),
            str(row["evidence"]),
            row,
        )
        for (i, j), row in rows.items()
    ]
    return tuple(moved)


def _nobody_makes(commodity: Commodity) -> Fault:
    """The fault of an input without a producer."""
    label = "/".join(part for part in commodity if part)
    return Fault(
        "recipes.csv",
        None,
        "input",
        label,
        "is used but no country makes it",
        "a product with at least one row in producers, processors or industries",
        f"add an output row for {label} or remove the recipes that use it",
    )


def _refuse_moved_official_figures(markets: Mapping[Commodity, _Market]) -> None:
    """Refuse a balance that pushes an output graded A out of its own low-high range."""
    faults = []
    for market in markets.values():
        for moved in market.adjustments:
            if moved.kind != "output" or moved.evidence != "A" or moved.row is None:
                continue
            low, high = float(moved.row["low"]), float(moved.row["high"])
            if moved.row.table == "industries":
                continue
            slack = _A_TOLERANCE * moved.before
            if not low - slack <= moved.after <= high + slack:
                faults.append(
                    Fault(
                        moved.row.file,
                        moved.row.line,
                        "output",
                        f"{moved.before:g}",
                        f"balancing would move this figure graded A to {moved.after:g}",
                        f"between {low:g} and {high:g}",
                        "widen the range, lower the grade, or mend the recipes, uses and trade of "
                        + moved.name,
                    )
                )
    if faults:
        raise DataError(tuple(faults))


def _assemble(
    tables: Tables,
    parameters: Parameters,
    order: tuple[Commodity, ...],
    segments: Mapping[tuple[str, str, str], Row],
    outputs: Mapping[Commodity, Mapping[str, Output]],
    markets: Mapping[Commodity, _Market],
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
    hosts = {}
    for row in tables.rows("recipes"):
        if row["relation"] == "host":
            hosts |= _hosts(row, nodes, index)
    moved = sorted(
        (a for m in markets.values() for a in m.adjustments),
        key=lambda a: -abs(np.log(max(a.ratio, 1e-12))),
    )
    return Network(
        tables,
        parameters,
        tuple(nodes),
        tuple(slots),
        tuple(flows),
        order,
        MappingProxyType(hosts),
        MappingProxyType(dict(segments)),
        tuple(moved),
        tuple(w for m in markets.values() for w in m.warnings),
    )


def _nodes(
    order: Sequence[Commodity],
    outputs: Mapping[Commodity, Mapping[str, Output]],
    markets: Mapping[Commodity, _Market],
) -> list[Node]:
    """All nodes, upstream commodities first, then the uses outside the modelled industries."""
    nodes = []
    for commodity in order:
        for country, made in sorted(markets[commodity].outputs.items()):
            stated = outputs.get(commodity, {}).get(country)
            if stated is None:
                nodes.append(Node(country, *commodity, "outside", made))
                continue
            kind = "industry" if commodity[1] else "producer"
            output = stated.value if commodity[1] else made
            nodes.append(
                Node(
                    country,
                    *commodity,
                    kind,
                    output,
                    stated.capacity_ratio,
                    stated.exports_usd,
                    stated.rows,
                )
            )
    nodes += [
        Node(country, *commodity, "other", use)
        for commodity in order
        for country, use in sorted(markets[commodity].other.items())
        if country != _FINAL
    ]
    return nodes


def _slots(
    tables: Tables,
    order: Sequence[Commodity],
    markets: Mapping[Commodity, _Market],
    nodes: Sequence[Node],
    index: Mapping[str, int],
) -> tuple[list[Slot], dict[tuple[str, Commodity], list[int]]]:
    """All slots, and the slots of each (country, commodity)."""
    made = {
        c: {n.country: n.output for n in nodes if n.commodity == c and n.kind != "other"}
        for c in order
    }
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
                        node, commodity, need, row, stock_row(tables, country, users, commodity[0])
                    )
                )
        for country, use in market.other.items():
            if country == _FINAL:
                continue
            node = index[Node(country, *commodity, "other", use).id]
            slots_of.setdefault((country, commodity), []).append(len(slots))
            slots.append(
                Slot(node, commodity, use, None, stock_row(tables, country, (), commodity[0]))
            )
    return slots, slots_of


def _hosts(
    row: Row, nodes: Sequence[Node], index: Mapping[str, int]
) -> dict[int, tuple[int, float]]:
    """By-product node -> (host node of the same country, obtainable over baseline output, >= 1)."""
    found = {}
    for i, node in enumerate(nodes):
        if node.kind != "producer" or node.commodity != commodity_of_output(row):
            continue
        host = index.get(Node(node.country, *commodity_of_input(row), "producer", 0.0).id)
        if host is not None:
            obtainable = float(row["amount"]) * nodes[host].output
            found[i] = (host, max(obtainable / node.output, 1.0))
    return found
