"""The command `structure`: indices of the network as tables, before anything is simulated."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import (
    CsvFlag,
    DataOption,
    JsonFlag,
    console,
    load_world,
    print_json,
    split,
)
from supplychain.cli.lists import Printed, print_rows, print_rows_csv
from supplychain.errors import UnknownNameError, UsageError, nearest

if TYPE_CHECKING:
    from supplychain.names import Names
    from supplychain.network import Network
    from supplychain.structure import Reading

_DIGITS = 4
_OF_AN_ACTOR = ("cut", "hidden", "survival")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("structure")(structure_command)


def structure_command(
    materials: Annotated[
        list[str] | None,
        typer.Argument(help="Products or minerals to look at; all if left out."),
    ] = None,
    *,
    focus: Annotated[
        str, typer.Option("--focus", help="Countries as importers or exporters, such as KOR,JPN.")
    ],
    index: Annotated[
        str,
        typer.Option(
            help="hhi, risk, geopolrisk, reliance, dominators, cut, hidden, survival or nodes."
        ),
    ] = "nodes",
    actor: Annotated[
        str, typer.Option("--actor", help="Whose goods stop, for cut, hidden and survival.")
    ] = "",
    top: Annotated[int, typer.Option(help="Rows to show; 0 is all.", min=0)] = 20,
    data: DataOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """How concentrated, exposed and replaceable supply is: indices without a simulation.

    supplychain structure --focus KOR --index hidden --actor China

    supplychain structure dysprosium --focus KOR,JPN --index cut
    """
    if index not in _INDICES:
        raise UnknownNameError(index, "index", suggestions=nearest(index, _INDICES) or _INDICES)
    if index in _OF_AN_ACTOR and not actor:
        raise UsageError(f"--index {index}: name the country whose goods stop, as in --actor China")
    from supplychain.names import Names

    network = load_world(data).network
    names = Names.of(network.tables)
    countries = tuple(dict.fromkeys(names.country(c) for c in split(focus)))
    if not countries:
        raise UsageError("--focus: name at least one country, such as KOR,JPN")
    products = _products(network, names, materials or [])
    stopping = names.country(actor) if actor else ""
    found, note = _INDICES[index](network, countries, products, stopping)
    rows = found[:top] if top else found
    if as_json:
        print_json({"index": index, "focus": list(countries), "note": note, "rows": rows})
    elif as_csv:
        print_rows_csv(rows)
    elif rows:
        print_rows(rows)
        console().print(f"\n{note}", markup=False)
    else:
        console().print("nothing found for these countries and products", markup=False)


def _products(network: "Network", names: "Names", texts: Sequence[str]) -> frozenset[str]:
    """Products that the texts name: a product, a group, or all that is made of a mineral alone."""
    if not texts:
        return frozenset(network.products)
    wanted = [names.product_or_mineral(text) for text in texts]
    found = set()
    for product, row in network.products.items():
        for kind, name in wanted:
            own = {"product": {product}, "group": {row["group"]}}
            if name in own.get(kind, {row["mineral"], *row["semi_of"]}):
                found.add(product)
    return frozenset(found)


def _of_readings(
    readings: Sequence["Reading"], products: Collection[str], *indices: str
) -> list[Printed]:
    """Readings as rows, highest first."""
    chosen = [r for r in readings if r.index in indices and r.product in products]
    chosen.sort(key=lambda r: (-r.value, r.product, r.country))
    return [
        {
            "index": r.index,
            "country": r.country or "world",
            "product": r.product,
            "value": round(r.value, _DIGITS),
            "largest": r.detail,
        }
        for r in chosen
    ]


_Found = tuple[list[Printed], str]


def _hhi(
    network: "Network", focus: Sequence[str], products: Collection[str], _actor: str
) -> _Found:
    from supplychain.structure import concentrations

    names = ("production_hhi", "trade_hhi", "import_hhi")
    rows = _of_readings(concentrations(network, focus), products, *names)
    return rows, "HHI on the scale 0-1 (1 is one supplier); the rest of world counts as one."


def _risk(
    network: "Network", focus: Sequence[str], products: Collection[str], _actor: str
) -> _Found:
    from supplychain.structure import risks

    rows = _of_readings(risks(network, focus), products, "eu_supply_risk")
    return rows, "EU-type supply risk 0-10, mines and refineries; trade and substitution at 1."


def _geopolrisk(
    network: "Network", focus: Sequence[str], products: Collection[str], _actor: str
) -> _Found:
    from supplychain.structure import risks

    rows = _of_readings(risks(network, focus), products, "geopolrisk")
    return rows, "GeoPolRisk score 0-1: HHI of production times instability of what is imported."


def _reliance(
    network: "Network", focus: Sequence[str], products: Collection[str], _actor: str
) -> _Found:
    from supplychain.structure import reliances

    rows = _of_readings(reliances(network, focus), products, "net_import_reliance")
    return rows, "Net imports over apparent consumption: 1 all bought abroad, below 0 net exporter."


def _dominators(
    network: "Network", focus: Sequence[str], products: Collection[str], _actor: str
) -> _Found:
    from supplychain.structure import links, single_points

    rows: list[Printed] = [
        {
            "target": p.target,
            "country": p.country,
            "product": p.product,
            "stopped_usd": p.stopped_usd,
            "stopped_share": round(p.stopped_share, _DIGITS),
            "dead_share": round(p.dead_share, _DIGITS),
        }
        for p in single_points(links(network), focus)
        if p.product in products
    ]
    note = "Exports that stop without the place if nobody changes supplier, and part with no other."
    return rows, note


def _cut(network: "Network", focus: Sequence[str], products: Collection[str], actor: str) -> _Found:
    from supplychain.structure import links, minimum_cut

    view = links(network)
    nodes = [
        i
        for (country, product), members in view.members().items()
        if country == actor and product in products
        for i in members.tolist()
    ]
    pairs = dict.fromkeys(
        (n.country, n.product) for n in network.nodes if n.exports_usd and n.country in focus
    )
    rows: list[Printed] = []
    for country, industry in pairs:
        cut = minimum_cut(view, _integers(nodes), view.sector(country, industry))
        if cut.usd > 0:
            first = cut.links[0] if cut.links else ("", "", 0.0)
            rows.append(
                {
                    "sector": f"{country}:{industry}",
                    "reached_usd": cut.usd,
                    "share": round(cut.share, _DIGITS),
                    "links_cut": len(cut.links),
                    "largest_link": f"{first[0] or actor} > {first[1] or 'exports'}",
                    "link_usd": first[2],
                }
            )
    rows.sort(key=lambda r: -float(str(r["reached_usd"])))
    return rows, f"Exports that {actor}'s goods reach (max-flow = min-cut); yields are ignored."


def _hidden(
    network: "Network", focus: Sequence[str], products: Collection[str], actor: str
) -> _Found:
    from supplychain.structure import exposures, links

    view = links(network)
    rows: list[Printed] = [
        {
            "importer": e.importer,
            "product": e.product,
            "actor": e.actor,
            "direct": round(e.direct, _DIGITS),
            "hidden": round(e.hidden, _DIGITS),
            "total": round(e.total, _DIGITS),
        }
        for importer in focus
        for e in exposures(view, importer, [actor])
        if e.product in products
    ]
    rows.sort(key=lambda r: -float(str(r["hidden"])))
    note = f"Shares of imports: sold by {actor}; made by others of its goods; together."
    return rows, note


def _survival(
    network: "Network", focus: Sequence[str], products: Collection[str], actor: str
) -> _Found:
    import numpy as np

    from supplychain.structure import links, time_to_recover, time_to_survive

    view = links(network)
    rows: list[Printed] = []
    for (country, product), members in view.members().items():
        if country != actor or product not in products:
            continue
        days = time_to_survive(view, members)
        touched = [i for c in focus for i in view.sector(c) if np.isfinite(days[i])]
        if not touched or actor in focus:
            continue
        first = min(touched, key=lambda i: (days[i], network.nodes[i].id))
        recovery = time_to_recover(network, actor, product)
        rows.append(
            {
                "stops": f"{country}:{product}",
                "first_hit": network.nodes[first].id,
                "survive_days": round(float(days[first]), 1),
                "recover_months": recovery.months if np.isfinite(recovery.months) else None,
                "replaced_after_12": round(float(recovery.total[12]), _DIGITS),
            }
        )
    rows.sort(key=lambda r: float(str(r["survive_days"])))
    return rows, "Median stocks, nobody reroutes; recovery within ten years by what the pack lists."


def _nodes(
    network: "Network", focus: Sequence[str], products: Collection[str], _actor: str
) -> _Found:
    from supplychain.structure import node_measures

    rows: list[Printed] = [
        {"country": country, "product": product}
        | {name: round(value, 0 if name == "cut" else _DIGITS) for name, value in found.items()}
        for (country, product), found in node_measures(network, focus).items()
        if product in products and country not in focus
    ]
    rows.sort(key=lambda r: -float(str(r["dominator"])))
    return rows, "Places abroad by the share of exports that rests on them (dominator, 0-1)."


def _integers(nodes: Sequence[int]) -> "Integers":
    import numpy as np

    return np.array(nodes, dtype=np.int64)


if TYPE_CHECKING:
    from supplychain.structure.links import Integers

_INDICES: Mapping[str, Callable[["Network", Sequence[str], Collection[str], str], _Found]] = {
    "hhi": _hhi,
    "risk": _risk,
    "geopolrisk": _geopolrisk,
    "reliance": _reliance,
    "dominators": _dominators,
    "cut": _cut,
    "hidden": _hidden,
    "survival": _survival,
    "nodes": _nodes,
}
