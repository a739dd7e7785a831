"""What a scenario touches in a pack: names become ids, minerals products, and dates months.

A mineral named in a restriction is not its products: the form decides (DESIGN section 2). What each
mineral was taken to cover is kept, so that a result can say it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from supplychain.errors import ScenarioError, UnknownNameError
from supplychain.names import Names
from supplychain.network.values import Network, Node, Slot
from supplychain.scenario import Restriction, Scenario, StockRelease, check, month_number
from supplychain.tables import Row
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR


@dataclass(frozen=True)
class Covered:
    """What one named item was taken to cover.

    Attributes:
        item: mineral or product as resolved.
        products: product ids.
        why: one phrase, for people.
    """

    item: str
    products: tuple[str, ...]
    why: str


@dataclass(frozen=True)
class Measure:
    """A restriction resolved against a pack.

    Attributes:
        restriction: as the user said it, names replaced by ids.
        covered: item by item.
        products: all product ids covered.
        first_month: months after the start of the horizon.
    """

    restriction: Restriction
    covered: tuple[Covered, ...]
    products: tuple[str, ...]
    first_month: int


@dataclass(frozen=True)
class Resolved:
    """A scenario resolved against a pack; ``notes`` is what the reader must be told."""

    scenario: Scenario
    measures: tuple[Measure, ...]
    focus: tuple[str, ...]
    start: str
    months: int
    notes: tuple[str, ...]


def covers(network: Network, measure: Measure, supplier: Node, slot: Slot) -> bool:
    """Whether a measure covers a flow: its actor, product and target, never domestic supply."""
    r = measure.restriction
    user = network.nodes[slot.node].country
    return (
        supplier.country == r.actor
        and supplier.product in measure.products
        and user != r.actor
        and (EVERYONE in r.to or user in r.to)
        and user not in r.exclude
    )


def open_share(network: Network, measure: Measure) -> float:
    """Share of the actor's baseline exports of the covered products that the measure leaves open.

    Shares of quantity, averaged over the products; 0 where everything is covered.
    """
    shares = []
    for product in measure.products:
        sent = withheld = 0.0
        for flow in network.flows:
            supplier, slot = network.nodes[flow.supplier], network.slots[flow.slot]
            is_sent = supplier.product == product
            is_sent &= supplier.country == measure.restriction.actor
            if is_sent and network.nodes[slot.node].country != supplier.country:
                sent += flow.quantity
                withheld += flow.quantity * covers(network, measure, supplier, slot)
        if sent > 0:
            shares.append(1.0 - withheld / sent)
    return sum(shares) / len(shares) if shares else 0.0


def resolve(scenario: Scenario, network: Network) -> Resolved:
    """Resolve names, forms and dates.

    Raises:
        UnknownNameError: one unknown or ambiguous name, with suggestions.
        ScenarioError: several problems, one line each.
    """
    check(scenario)
    finder = _Finder(Names.of(network.tables))
    start = scenario.start or network.tables.info.default_start or "2025-01"
    focus = finder.countries(scenario.focus)
    with_sectors = {str(r["country"]) for r in network.tables.rows("industries")}
    finder.problems += [
        ScenarioError(
            f"focus: {c} has no export sectors in this pack; "
            f"it has {', '.join(sorted(with_sectors))}"
        )
        for c in focus
        if c not in with_sectors
    ]
    restrictions = [_named(r, finder) for r in scenario.restrictions]
    releases = tuple(_named_release(m, finder) for m in scenario.mitigations)
    finder.raise_problems()
    measures, notes = [], []
    for restriction in restrictions:
        measure, said = _measure(restriction, network, finder.names, start)
        measures.append(measure)
        notes += said
    months = scenario.horizon or max(
        [MONTHS_PER_YEAR, *(m.first_month + m.restriction.months for m in measures)]
    )
    notes += [note for m in measures for note in _time_notes(m, months)]
    notes += _release_notes(releases, network)
    named = replace(
        scenario,
        restrictions=tuple(m.restriction for m in measures),
        mitigations=releases,
        focus=focus,
        start=start,
    )
    return Resolved(named, tuple(measures), focus, start, months, tuple(dict.fromkeys(notes)))


class _Finder:
    """Resolves names and collects every name that it does not know."""

    def __init__(self, names: Names) -> None:
        """Look names up here; no problem is known yet."""
        self.names = names
        self.problems: list[ScenarioError] = []

    def countries(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Country codes; ``*`` stays."""
        found = (self.one(self.names.country, t) if t != EVERYONE else t for t in texts)
        return tuple(dict.fromkeys(f for f in found if f))

    def one(self, look_up: Callable[[str], object], text: str) -> str:
        """One id, or an empty text and a problem kept for later."""
        try:
            found = look_up(text)
        except UnknownNameError as error:
            self.problems.append(error)
            return ""
        return str(getattr(found, "id", found))

    def raise_problems(self) -> None:
        """Raise what was collected: one error as itself, several as one."""
        if self.problems:
            raise _together(self.problems)


def _together(problems: Sequence[ScenarioError]) -> ScenarioError:
    """One problem as itself; several as one error that says and suggests what all of them do."""
    if len(problems) == 1:
        return problems[0]
    several = ScenarioError("\n".join(str(p) for p in problems))
    several.suggestions = tuple(s for p in problems for s in p.suggestions)
    return several


def _named(restriction: Restriction, finder: _Finder) -> Restriction:
    """The restriction with ids for names."""
    return replace(
        restriction,
        actor=finder.one(finder.names.country, restriction.actor),
        items=tuple(
            dict.fromkeys(finder.one(finder.names.product_or_mineral, t) for t in restriction.items)
        ),
        to=finder.countries(restriction.to),
        exclude=finder.countries(restriction.exclude),
    )


def _named_release(release: StockRelease, finder: _Finder) -> StockRelease:
    """The stock release with ids for names."""
    return replace(
        release,
        country=finder.one(finder.names.country, release.country),
        product=finder.one(finder.names.product_or_mineral, release.product),
    )


def _measure(
    restriction: Restriction, network: Network, names: Names, start: str
) -> tuple[Measure, list[str]]:
    """Products and months of one restriction, and what to tell the reader."""
    first = month_number(restriction.start or start) - month_number(start)
    covered = tuple(
        _cover(item, restriction, network, names, restriction.start or start)
        for item in restriction.items
    )
    products = tuple(dict.fromkeys(p for c in covered for p in c.products))
    _refuse_industries(products, network)
    notes = _flow_notes(restriction, products, network)
    if restriction.kind == "licence" and restriction.severity.value == 0:
        notes.append("a licence of severity 0 still has its dead time and ramp: the loss is delay")
    if restriction.kind == "licence":
        notes.append(
            "this licence follows the pack's dead time and ramp; the rung 'licence as in 2025' "
            "of a ladder follows the exports observed in 2025 month by month"
        )
    if first < 0:
        raise ScenarioError(
            f"start: a restriction that starts in {restriction.start} "
            f"lies before the horizon ({start})"
        )
    return Measure(restriction, covered, products, first), notes


def _refuse_industries(products: Sequence[str], network: Network) -> None:
    """A restriction names what industries buy; their own goods are never covered."""
    goods = [p for p in products if network.products[p]["stage"] == "industry"]
    if goods:
        raise ScenarioError(
            f"products: {', '.join(goods)} is the output of an end industry; "
            "restrict a mineral, a refined product or a component"
        )


def _flow_notes(restriction: Restriction, products: Sequence[str], network: Network) -> list[str]:
    """What to say of an actor, or of targets and exceptions, without a flow of the products."""
    actor, named, what = restriction.actor, set(products), ", ".join(products)
    nothing = "so nothing is withheld"
    if not any(n.country == actor and n.product in named for n in network.nodes):
        outside = "is part of the rest of world in this pack and has no known output of"
        said = "makes no" if actor in network.countries else outside
        return [f"{actor} {said} {what}: it has no flow into the chain, {nothing}"]
    buyers = {
        network.nodes[network.slots[flow.slot].node].country
        for flow in network.flows
        if network.nodes[flow.supplier].country == actor
        and network.nodes[flow.supplier].product in named
    } - {actor}
    everyone = EVERYONE in restriction.to
    hit = {c for c in buyers if (everyone or c in restriction.to) and c not in restriction.exclude}
    if not hit:
        return [f"nobody who buys {what} from {actor} is restricted, {nothing}"]
    return [
        f"{country} buys no {what} from {actor} in this pack{_place(country, network)}: "
        "naming it changes nothing"
        for country in (*restriction.to, *restriction.exclude)
        if country not in {EVERYONE, *buyers}
    ]


def _place(country: str, network: Network) -> str:
    """Where a country without a node of its own is."""
    return "" if country in network.countries else " (it is part of its rest of world)"


def _time_notes(measure: Measure, months: int) -> list[str]:
    """Refuse a restriction outside the counted months; say how much of it is counted.

    Raises:
        ScenarioError: it starts after the last counted month.
    """
    r = measure.restriction
    if measure.first_month >= months:
        raise ScenarioError(
            f"start: a restriction from {r.start} starts after the {months} months that are "
            "counted; lengthen the horizon"
        )
    counted = min(months - measure.first_month, r.months)
    if counted == r.months:
        return []
    return [f"{counted} of the {r.months} months of the restriction by {r.actor} are counted"]


def _release_notes(releases: Iterable[StockRelease], network: Network) -> list[str]:
    """Releases that can serve nobody.

    Raises:
        ScenarioError: a release of something that is not one product below an end industry.
    """
    notes = []
    for release in releases:
        row = network.products.get(release.product)
        if row is None or row["stage"] == "industry":
            raise ScenarioError(
                f"mitigation: {release.product} is not a product that a state can hold; "
                "name one refined product or component, such as dysprosium_oxide"
            )
        served = any(
            slot.commodity[0] == release.product
            and network.nodes[slot.node].country == release.country
            for slot in network.present_slots
        )
        if not served:
            notes.append(
                f"nobody in {release.country} uses {release.product}: its release does nothing"
            )
    return notes


def _cover(
    item: str, restriction: Restriction, network: Network, names: Names, date: str
) -> Covered:
    """What one named item covers under the restriction's form and stage."""
    named = names.product_or_mineral(item)
    rows = network.tables.rows("products")
    if named.kind == "group":
        grades = tuple(str(r["product"]) for r in rows if r["group"] == named.id)
        return Covered(named.id, grades, "all grades of the group")
    if named.kind != "mineral":
        return Covered(named.id, (named.id,), "named itself")
    mineral = named.id
    if restriction.stage is not None:
        chosen = tuple(
            str(r["product"])
            for r in rows
            if r["stage"] == restriction.stage
            and (r["mineral"] == mineral or mineral in r["semi_of"])
        )
        if not chosen:
            raise ScenarioError(
                f"stage: {mineral} has no product of stage {restriction.stage} in this pack"
            )
        return Covered(mineral, chosen, f"its forms of stage {restriction.stage}")
    refined = _refined(rows, mineral)
    if restriction.form == "refined":
        return Covered(mineral, refined, "the refined forms only")
    if restriction.form == "contained":
        holders = tuple(p for p in _holders(network, mineral) if p not in refined)
        return Covered(mineral, refined + holders, "the refined forms and components that hold it")
    return _listed(network, restriction, mineral, refined, date)


def _refined(rows: Iterable[Row], mineral: str) -> tuple[str, ...]:
    """Refined products of a mineral."""
    return tuple(
        str(r["product"]) for r in rows if r["mineral"] == mineral and r["stage"] == "refine"
    )


_DUTY = "tax"


def _listed(
    network: Network, restriction: Restriction, mineral: str, refined: tuple[str, ...], date: str
) -> Covered:
    """What the actor's measures in force at a date name; else refined and semi-finished forms.

    The semi-finished forms are the first ones after refining.
    A measure aimed at some countries says nothing about a restriction aimed at others, and a duty
    says nothing about shipments that are withheld.
    """
    actor, when = restriction.actor, month_number(date)
    targets = {EVERYONE, *restriction.to}
    in_force = [
        r
        for r in network.tables.rows("controls")
        if r["actor"] == actor
        and mineral in r["minerals"]
        and r["kind"] != _DUTY
        and _in_force(r, when)
        and targets & set(r["targets"])
    ]
    if in_force:
        products = tuple(dict.fromkeys(str(p) for r in in_force for p in r["products"]))
        titles = "; ".join(dict.fromkeys(f"{r['title']} ({r['start']})" for r in in_force))
        return Covered(mineral, products, f"as listed by {titles}")
    semis = tuple(
        str(r["product"]) for r in network.tables.rows("products") if mineral in r["semi_of"]
    )
    return Covered(
        mineral,
        refined + semis,
        f"no measure of {actor} on it is in force at {date}: "
        "refined forms and first semi-finished product",
    )


def _in_force(row: Row, when: int) -> bool:
    """Whether a control applies in a month; a suspension counts from its first to its last."""
    if month_number(str(row["start"])) > when or (
        row["end"] and month_number(str(row["end"])) < when
    ):
        return False
    if not row["suspended_from"]:
        return True
    last = month_number(str(row["suspended_to"])) if row["suspended_to"] else when
    return not month_number(str(row["suspended_from"])) <= when <= last


def _holders(network: Network, mineral: str) -> tuple[str, ...]:
    """Components whose mass fraction of a mineral reaches the content threshold, upstream first."""
    threshold = network.parameters.value("content_threshold")
    content = {c[0]: 0.0 for c in network.order}
    for product in content:
        row = network.products[product]
        if row["mineral"] == mineral and row["stage"] == "refine":
            content[product] = 1.0
    found = []
    for product, segment in network.order:
        row = network.products[product]
        if segment or row["stage"] != "component":
            continue
        mass = float(row["mass_t_per_unit"] or 0.0)
        held = sum(
            float(r["amount"]) * content[str(r["input"])]
            for r in network.tables.baseline_recipes()
            if r["output"] == product and r["relation"] == "input"
        )
        content[product] = held
        if mass > 0 and held / mass >= threshold:
            found.append(product)
    return tuple(found)
