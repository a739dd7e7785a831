"""What a result rests on, in words: data, assumptions, sources, and what is not counted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from supplychain.compiled import Compiled, reach
from supplychain.coverage import Measure, Resolved, covers
from supplychain.draws import Input
from supplychain.lanes import substitute_row, substitutes
from supplychain.measures import LUCK_PARAMETER
from supplychain.network import Commodity, Network
from supplychain.parameters import Parameters
from supplychain.priced import Prices
from supplychain.result import Reliance
from supplychain.scenario import LADDER_LICENCE_PARAMETER
from supplychain.sectors import Sector
from supplychain.tables import Row, ref
from supplychain.vocabulary import EVERYONE, node_id


def pack(network: Network) -> Mapping[str, str]:
    """Pack, version and fingerprint."""
    info = network.tables.info
    return {
        "pack": info.id or network.tables.folder,
        "title": info.title,
        "version": info.version,
        "sha256": network.tables.sha256,
    }


def valuation(network: Network) -> str:
    """How losses are valued."""
    return (
        f"gross exports in USD at {network.tables.info.baseline_year or 'baseline'} prices, "
        "exchange rates, tariffs and demand"
    )


def baseline(network: Network) -> str:
    """What losses are measured against."""
    year = network.tables.info.baseline_year or "the pack"
    return f"the balanced world of {year} without any restriction"


def not_counted(network: Network, focus: Sequence[str]) -> tuple[str, ...]:
    """What the loss leaves out, and the sectors that the pack cannot measure."""
    found = [
        "price changes and their pass-through into export values (apart, with --prices)",
        "orders that suppliers lose or gain because others abroad stop (apart, with --channels)",
        "losses of the rest of the economy (apart, with --economy, without lost spending)",
    ]
    known = {(str(r["country"]), str(r["industry"])) for r in network.tables.rows("industries")}
    industries = [
        str(r["product"]) for r in network.tables.rows("products") if r["stage"] == "industry"
    ]
    for country in focus:
        missing = [i for i in industries if (country, i) not in known]
        if missing:
            found.append(f"{country}: {', '.join(missing)} (no figure for its exports in the pack)")
    return tuple(found)


def reliance(network: Network, resolved: Resolved) -> tuple[Reliance, ...]:
    """Direct shares of each actor in what each focus country uses of each covered product.

    Only for countries that the measure restricts, and never of an actor in its own use.
    """
    found = []
    for measure in resolved.measures:
        for country in resolved.focus:
            for product in measure.products:
                one = _reliance(network, measure, country, product)
                if one is not None:
                    found.append(one)
    return tuple(dict.fromkeys(found))


def _reliance(network: Network, measure: Measure, country: str, product: str) -> Reliance | None:
    """Share of the actor in one country's use and imports of one product."""
    use = imports = direct = 0.0
    grade, is_held = "prior", False
    for flow in network.flows:
        slot, supplier = network.slots[flow.slot], network.nodes[flow.supplier]
        if slot.commodity[0] != product or network.nodes[slot.node].country != country:
            continue
        use += flow.quantity
        imports += flow.quantity if supplier.country != country else 0.0
        is_held = is_held or covers(network, measure, supplier, slot)
        # What comes from the actor is a fact of the baseline, however much of it a measure holds.
        if supplier.country == measure.restriction.actor != country:
            direct += flow.quantity
            grade = str(flow.row["evidence"]) if flow.row is not None else grade
    if direct <= 0 or not is_held:
        return None
    return Reliance(
        country, product, measure.restriction.actor, direct / use, direct / imports, grade
    )


def why_nothing(network: Network, resolved: Resolved, countries: Sequence[str]) -> tuple[str, ...]:
    """Why countries lose no exports: nothing needs what is withheld, or it still arrives.

    Args:
        network: the balanced network.
        resolved: what is restricted.
        countries: focus countries none of whose sectors loses anything, in any case or draw.
    """
    if not resolved.measures:
        return ()
    found = reach(network, resolved.measures)
    inputs = {c for c in found.downstream if not c[1]}
    what = ", ".join(dict.fromkeys(p for m in resolved.measures for p in m.products)) or "it"
    lines = []
    for country in countries:
        needs = _needs(network, country, inputs)
        if not needs:
            why = f"no sector of it in this pack needs {what}, or anything made of it"
        elif not _made_of(network, found.hit, inputs) & needs:
            why = f"what its sectors need is only bounded by {what} as a by-product, with room left"
        else:
            named = ", ".join(sorted(c[0] for c in needs))
            why = f"what its sectors need of it ({named}) still arrives, from others or from stocks"
        lines.append(f"{country} loses no exports: {why}")
    return tuple(lines)


def _needs(network: Network, country: str, inputs: AbstractSet[Commodity]) -> set[Commodity]:
    """Which of some goods the end industries of a country use."""
    return {
        slot.commodity
        for slot in network.present_slots
        if slot.commodity in inputs
        and network.nodes[slot.node].country == country
        and network.nodes[slot.node].commodity[1]
    }


def _made_of(
    network: Network, hit: AbstractSet[Commodity], inputs: AbstractSet[Commodity]
) -> set[Commodity]:
    """Goods that some goods go into, themselves included; a host only bounds its by-products."""
    made, todo = set(hit), list(hit)
    uses: dict[Commodity, set[Commodity]] = {}
    for slot in network.present_slots:
        uses.setdefault(slot.commodity, set()).add(network.nodes[slot.node].commodity)
    while todo:
        for user in (uses.get(todo.pop(), set()) & inputs) - made:
            made.add(user)
            todo.append(user)
    return made


def assumptions(network: Network, resolved: Resolved, compiled: Compiled) -> tuple[str, ...]:
    """What was taken as given, with the ranges that the band covers."""
    found = [
        f"{c.item}: {', '.join(c.products) or 'nothing'} ({c.why})"
        for m in resolved.measures
        for c in m.covered
    ]
    found += _rules(network.parameters, served=bool(resolved.scenario.priorities))
    outside = sorted(
        {network.nodes[i].id for i in compiled.nodes if network.nodes[i].kind == "outside"}
    )
    if outside:
        found.append(
            f"taken as never short, because their inputs are not modelled: {', '.join(outside)}"
        )
    if any(m.restriction.kind == "licence" for m in resolved.measures):
        found.append(_licence_rule(network.parameters))
    found += releases(resolved)
    found += plants(network, resolved, compiled)
    found += _fitted(network.parameters, resolved)
    found.append(
        "at central values in every draw: outputs, recipe amounts, other uses, transit lags, "
        "public stocks and dated paths"
    )
    return tuple(found)


def releases(resolved: Resolved) -> list[str]:
    """The scenario's own releases of public stocks and orders of service, in words."""
    found = []
    for m in resolved.scenario.mitigations:
        shared = (
            f", {m.share:.0%} of each release to {', '.join(m.to)} if they need it" if m.to else ""
        )
        what = f"{m.days:g} days of use of {m.product}"
        found.append(f"{m.country} releases {what}, beside its public stocks{shared}")
    for p in resolved.scenario.priorities:
        whose = "all countries" if p.country == EVERYONE else p.country
        found.append(
            f"suppliers of {whose} serve in this order: {', '.join(p.order)}, others (the best "
            "response keeps no order, and losses are of exports alone)"
        )
    return found


def plants(network: Network, resolved: Resolved, compiled: Compiled) -> list[str]:
    """The scenario's own new plants, in words, and those that it has no use for."""
    reached = {network.nodes[i].id for i in compiled.nodes}
    return [
        f"{p.country} builds {p.capacity:g} {network.products[p.product]['unit']} a year of "
        f"{p.product} from {p.start} on, certain and on time"
        + ("" if node_id(p.country, p.product) in reached else ": nothing restricted needs it")
        for p in resolved.scenario.capacities
    ]


def _fitted(parameters: Parameters, resolved: Resolved) -> list[str]:
    """Constants that were fitted to an episode, which then is no validation of this run."""
    names = {"licence": "licence_", "path": LADDER_LICENCE_PARAMETER}
    prefixes = {names[m.restriction.kind] for m in resolved.measures if m.restriction.kind in names}
    if resolved.scenario.ladder:
        prefixes.add(LADDER_LICENCE_PARAMETER)
    fitted = {
        (name, str(row["calibrated_on"]))
        for (name, _), row in parameters.rows.items()
        if row["calibrated_on"] and any(name.startswith(p) for p in prefixes)
    }
    return [f"{name} is fitted to {episode}: no test of it" for name, episode in sorted(fitted)]


def _rules(parameters: Parameters, *, served: bool) -> list[str]:
    """How everybody behaves in every run."""
    catch_up = _said(parameters, "catch_up_capacity")
    access = _said(parameters, "access_ceiling")
    from_all, from_some = (
        _said(parameters, "leakage", scope) for scope in ("all_targets", "some_targets")
    )
    queue, bins = _said(parameters, "queue_cap_months"), int(parameters.value("cover_bins"))
    shared = "; scarce output is shared pro rata between export and home use"
    if served:
        shared = ", but for the orders of service"
    return [
        "domestic supply of the restricting country is not restricted",
        f"rationing is pro rata to baseline flows{shared}",
        f"catch-up: plants may run at {catch_up} x baseline to make up what they missed",
        (
            f"access ceiling: a user gets at most {access} x its baseline flow from a supplier, or "
            f"after the qualification lag {_said(parameters, 'new_supplier_share')} of its spare "
            "capacity beyond that flow"
        ),
        (
            f"leakage of what is withheld: {from_all} where everybody is restricted, up to "
            f"{from_some} by the share of the actor's exports that stays open"
        ),
        f"goods for a blocked flow are made until {queue} months wait",
        f"stock covers differ between plants (lognormal, {bins} bins)",
        "a release of a public stock serves the country's short plants pro rata",
        (
            f"plants order towards their stock over {_said(parameters, 'restock_months')} months, "
            f"and want {_said(parameters, 'hoarding')} x of it while a measure is in force"
        ),
        (
            "new plants, other recipes, substitutes and recovery come on along the ramps of their "
            "rows; at central values a new plant comes if its chance is more than one half"
        ),
    ]


def _licence_rule(parameters: Parameters) -> str:
    """How a licence opens again."""
    dead = _said(parameters, "licence_dead_time_months")
    ramp = _said(parameters, "licence_ramp_months")
    head = _said(parameters, "licence_headroom")
    rule = f"licence: dead time {dead} and ramp {ramp} months, clearing at most {head} x baseline"
    if parameters.optional(LUCK_PARAMETER, EVERYONE) is None:
        return rule
    return (
        f"{rule}; {_said(parameters, LUCK_PARAMETER)} of the approvals fall on some plants wholly"
    )


def _said(parameters: Parameters, name: str, *scopes: str) -> str:
    """A model constant with its range and grade."""
    row = parameters.row(name, *scopes)
    return f"{row['value']:g} ({row['low']:g}-{row['high']:g}, grade {row['evidence']})"


def warnings(network: Network, compiled: Compiled) -> tuple[str, ...]:
    """Warnings of the data about products that this run uses, and about the pack as a whole."""
    unused = network.products.keys() - {network.nodes[i].product for i in compiled.nodes}
    return tuple(w for w in network.warnings if w.split(":")[0].split("/")[0] not in unused)


def sources(
    network: Network,
    compiled: Compiled,
    chosen: Sequence[Sector],
    focus: Sequence[str],
    prices: Prices | None = None,
) -> tuple[Mapping[str, str], ...]:
    """The sources behind the rows that the result rests on, sorted by id.

    Those of `rows_used`; for prices, the markets and baseline prices of what runs short.
    """
    ids: set[str] = set()
    for cited in [*rows_used(network, compiled, chosen, focus), *_priced_rows(network, prices)]:
        ids |= set(cited["source_id"])
    return tuple(
        {k: str(r[k]) for k in ("source_id", "title", "publisher", "year", "url", "licence")}
        for r in sorted(network.tables.rows("sources"), key=lambda r: str(r["source_id"]))
        if r["source_id"] in ids
    )


def rows_used(
    network: Network, compiled: Compiled, chosen: Sequence[Sector], focus: Sequence[str]
) -> tuple[Row, ...]:
    """The rows that some sectors' losses rest on, each once.

    All model constants; what the sectors and the nodes in reach are made of; and what the focus
    countries' plants use, from whom, with which stocks (their own and the state's) and substitutes.
    """
    rows: list[Row | None] = [*network.tables.rows("parameters")]
    rows += [row for s in chosen for row in s.rows]
    public = defaultdict[tuple[str, str], list[Row]](list)
    for row in network.tables.rows("stocks"):
        if row["holder"] == "public":
            public[str(row["country"]), str(row["product"])].append(row)
    for i in compiled.nodes:
        rows += network.nodes[i].rows
    replaced = substitutes(network)
    for q in compiled.slots:
        slot = network.slots[q]
        country = network.nodes[slot.node].country
        if country in focus:
            rows += [slot.recipe, slot.stock, substitute_row(network, slot, replaced)]
            rows += public.get((country, slot.commodity[0]), [])
    for e in compiled.flows:
        flow = network.flows[e]
        if network.nodes[network.slots[flow.slot].node].country in focus:
            rows.append(flow.row)
    rows += later_rows(network, compiled)
    return tuple(dict.fromkeys(row for row in rows if row is not None))


def later_rows(network: Network, compiled: Compiled) -> list[Row]:
    """Rows of what may come to the rescue in a run: new plants, other recipes, recovery."""
    nodes = set(compiled.nodes)
    rows = [p.row for p in network.projects if p.node in nodes]
    rows += dict.fromkeys(t.row for t in network.technologies if t.node in nodes)
    made = {network.nodes[i].product for i in nodes}
    return rows + [r for r in network.tables.rows("recovery") if r["product"] in made]


def _priced_rows(network: Network, prices: Prices | None) -> list[Row]:
    """The markets and the products whose prices were worked out."""
    if prices is None:
        return []
    used = {m.row for m in prices.markets}
    markets = [row for row in network.tables.rows("markets") if ref(row) in used]
    return markets + [network.products[m.product] for m in prices.markets]


def label(figure: Input) -> str:
    """What a figure is, in a few words."""
    row = figure.row
    if row is None:
        return f"{figure.kind.replace('_', ' ')} of the scenario"
    place = "all countries" if row.get("country") == EVERYONE else row.get("country", "")
    match row.table:
        case "segments":
            return f"share of {row['industry']} exports that is {row['segment']} ({place})"
        case "stocks":
            return f"stock cover of {row['product']} at {row['user']} plants ({place})"
        case "trade":
            whole = f"{row['importer']}'s {row['base']} of {row['product']}"
            return f"share of {row['exporter']} in {whole}"
        case "recipes":
            user = "/".join(str(row[c]) for c in ("output", "segment") if row[c])
            return f"{figure.kind} of {row['input']} in {user}"
        case "substitutes":
            return f"substitution of {row['product']}"
        case "parameters":
            return f"{row['parameter']} ({row['scope']})"
        case _:
            return _later_label(figure.kind, row, place)


def _later_label(kind: str, row: Row, place: object) -> str:
    """What a figure of adaptation or of a market is."""
    match row.table:
        case "projects":
            return f"{kind} of {row['project']} ({row['product']}, {row['country']})"
        case "technologies":
            return f"pace of {row['technology']} in {row['output']}"
        case "recovery":
            return f"pace of {row['kind'].replace('_', ' ')} of {row['product']} ({place})"
        case _:
            return f"{kind.replace('_', ' ')} of {row['product']}"
