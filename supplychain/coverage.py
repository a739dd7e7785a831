"""What a scenario touches in a pack: names become ids, minerals products, and dates months.

A mineral named in a restriction is not its products: the form decides (DESIGN section 2). What each
mineral was taken to cover is kept, so that a result can say it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from supplychain.ends import Uses, foreign_goods, use_shares
from supplychain.errors import ScenarioError, UnknownNameError
from supplychain.forms import cover
from supplychain.measures import (
    COMPLIANCE_PARAMETER,
    LUCK_PARAMETER,
    PASSED_ON_PARAMETER,
    SURGE_CAP_PARAMETER,
    SURGE_PARAMETER,
    Measure,
    covers,
    market,
)
from supplychain.names import Names
from supplychain.network.values import Network
from supplychain.refusals import early_or_late
from supplychain.restriction import Restriction, month_number
from supplychain.scenario import NewCapacity, Priority, Scenario, StockRelease, check
from supplychain.vocabulary import ABROAD, EVERYONE, HOME, MONTHS_PER_YEAR

__all__ = ["Measure", "Resolved", "covers", "resolve"]


@dataclass(frozen=True)
class Resolved:
    """A scenario resolved against a pack; ``notes`` is what the reader must be told."""

    scenario: Scenario
    measures: tuple[Measure, ...]
    focus: tuple[str, ...]
    start: str
    months: int
    notes: tuple[str, ...]


def resolve(scenario: Scenario, network: Network) -> Resolved:
    """Resolve names, forms and dates.

    Raises:
        UnknownNameError: one unknown or ambiguous name, with suggestions.
        ScenarioError: several problems, one line each.
    """
    check(scenario)
    finder = _Finder(Names.of(network.tables), network)
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
    priorities = tuple(_named_priority(p, finder) for p in scenario.priorities)
    plants = tuple(_named_plant(p, finder) for p in scenario.capacities)
    finder.raise_problems()
    check(replace(scenario, priorities=priorities))  # two names of one country or use are found now
    measures, notes = [], []
    for restriction in restrictions:
        measure, said = _measure(restriction, network, finder.names, start)
        measures.append(measure)
        notes += said
    months = scenario.horizon or max([MONTHS_PER_YEAR, *(m.spells[-1][1] for m in measures)])
    notes += [note for m in measures for note in _time_notes(m, months)]
    notes += _release_notes(releases, network)
    _refuse_unbuilt(plants, network)
    named = replace(
        scenario,
        restrictions=tuple(m.restriction for m in measures),
        mitigations=releases,
        priorities=priorities,
        capacities=plants,
        focus=focus,
        start=start,
    )
    return Resolved(named, tuple(measures), focus, start, months, tuple(dict.fromkeys(notes)))


class _Finder:
    """Resolves names and collects every name that it does not know."""

    def __init__(self, names: Names, network: Network) -> None:
        """Look names up here; no problem is known yet."""
        self.names = names
        self.uses = Uses(network, names)
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

    def turn(self, text: str) -> str:
        """A country or a use whose turn a quota states; a wrong name may be meant as either."""
        try:
            return self.names.country(text)
        except UnknownNameError as as_country:
            try:
                return self.uses.named(text)
            except UnknownNameError as as_use:
                near = (*as_country.suggestions, *self.uses.near(text)) or as_use.suggestions
                self.problems.append(type(as_country)(text, "country or use", near))
        return ""

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
        uses=tuple(dict.fromkeys(finder.one(finder.uses.named, t) for t in restriction.uses)),
        priority=tuple(dict.fromkeys(finder.turn(t) for t in restriction.priority)),
    )


def _named_release(release: StockRelease, finder: _Finder) -> StockRelease:
    """The stock release with ids for names."""
    return replace(
        release,
        country=finder.one(finder.names.country, release.country),
        product=finder.one(finder.names.product_or_mineral, release.product),
        to=finder.countries(release.to),
    )


def _named_plant(plant: NewCapacity, finder: _Finder) -> NewCapacity:
    """The new plant with ids for names."""
    return replace(
        plant,
        country=finder.one(finder.names.country, plant.country),
        product=finder.one(finder.names.product_or_mineral, plant.product),
    )


def _named_priority(priority: Priority, finder: _Finder) -> Priority:
    """The order of service with ids for names."""
    (country,) = finder.countries([priority.country]) or ("",)
    return Priority(
        tuple(
            n if n in {HOME, ABROAD} else finder.one(finder.uses.named, n) for n in priority.order
        ),
        country,
    )


def _measure(
    restriction: Restriction, network: Network, names: Names, start: str
) -> tuple[Measure, list[str]]:
    """Products and months of one restriction, and what to tell the reader."""
    origin = month_number(start)
    window = restriction.window(origin)
    covered = tuple(
        cover(item, restriction, network, names, restriction.start or start)
        for item in restriction.items
    )
    products = tuple(dict.fromkeys(p for c in covered for p in c.products))
    _refuse_industries(products, network)
    if window.start < origin:
        raise ScenarioError(
            f"start: a restriction that starts in {restriction.start} "
            f"lies before the horizon ({start})"
        )
    if not window.spells:
        raise ScenarioError("suspended: the restriction is never in force")
    rule, uses = restriction.content_rule, restriction.uses
    measure = Measure(
        replace(restriction, months=window.months),
        covered,
        products,
        window.spells[0][0] - origin,
        tuple((first - origin, stop - origin) for first, stop in window.spells),
        use_shares(network, uses) if uses else (),
        None if rule is None else foreign_goods(network, restriction.actor, products, rule),
    )
    _refuse_unfounded(measure, network, window.start)
    measure = replace(measure, terms=_terms(measure, network, origin))
    return measure, [
        *_flow_notes(measure, network),
        *_kind_notes(restriction),
        *_rule_notes(measure, network),
    ]


def _refuse_unfounded(measure: Measure, network: Network, start: int) -> None:
    """Refuse what neither the scenario nor the pack gives a figure for.

    Raises:
        ScenarioError: no market or compliance is known; a date on the wrong side of the start.
    """
    r = measure.restriction
    if r.kind == "tax" and r.elasticity is None:
        for product in measure.products:
            market(network, product)
    has_rate = network.parameters.optional(COMPLIANCE_PARAMETER, EVERYONE) is not None
    if r.content_rule is not None and r.compliance is None and not has_rate:
        raise ScenarioError(f"compliance: this pack has no {COMPLIANCE_PARAMETER}; state a share")
    for field, what in early_or_late(r, start):
        raise ScenarioError(f"{field}: {what}")


def _terms(measure: Measure, network: Network, origin: int) -> tuple[tuple[str, float], ...]:
    """Central figures that the measure takes from the pack where the scenario gives none."""
    r, known = measure.restriction, network.parameters.optional
    found: dict[str, float | None] = {}
    if r.kind == "tax" and r.elasticity is None:
        for product in measure.products:
            row = market(network, product)
            found[f"elasticity of {product}"] = float(row["demand_elasticity"])
    if r.kind == "tax" and r.pass_through is None:
        found["pass_through"] = known(PASSED_ON_PARAMETER, EVERYONE)
    if r.kind == "licence" and r.approval_luck is None:
        found["approval_luck"] = known(LUCK_PARAMETER, EVERYONE)
    if r.content_rule is not None and r.compliance is None:
        found["compliance"] = known(COMPLIANCE_PARAMETER, EVERYONE)
    surge, cap = (known(p, EVERYONE) for p in (SURGE_PARAMETER, SURGE_CAP_PARAMETER))
    if r.announced and surge is not None and cap is not None:
        lead = origin + measure.first_month - month_number(r.announced)
        found["months bought ahead"] = min(cap, lead * (surge - 1.0))
    return tuple((name, value) for name, value in found.items() if value is not None)


def _kind_notes(restriction: Restriction) -> list[str]:
    """What to say of a licence."""
    notes = []
    if restriction.kind == "licence" and restriction.severity.value == 0:
        notes.append("a licence of severity 0 still has its dead time and ramp: the loss is delay")
    if restriction.kind == "licence":
        notes.append(
            "this licence follows the pack's dead time and ramp; the rung 'licence as in 2025' "
            "of a ladder follows the exports observed in 2025 month by month"
        )
    return notes


def _rule_notes(measure: Measure, network: Network) -> list[str]:
    """What to say of an announcement and of a content rule that do nothing here."""
    notes, r = [], measure.restriction
    known = network.parameters.optional
    if r.announced and None in {known(p, EVERYONE) for p in (SURGE_PARAMETER, SURGE_CAP_PARAMETER)}:
        notes.append(
            f"nobody buys ahead of the restriction announced in {r.announced}: "
            f"this pack has no {SURGE_PARAMETER}"
        )
    if measure.foreign is not None and not any(measure.foreign.share):
        notes.append(
            f"the content rule covers nothing: no other country's goods hold {r.actor}'s material"
        )
    return notes


def _refuse_industries(products: Sequence[str], network: Network) -> None:
    """A restriction names what industries buy; their own goods are never covered."""
    goods = [p for p in products if network.products[p]["stage"] == "industry"]
    if goods:
        raise ScenarioError(
            f"products: {', '.join(goods)} is the output of an end industry; "
            "restrict a mineral, a refined product or a component"
        )


def _flow_notes(measure: Measure, network: Network) -> list[str]:
    """What to say of an actor, or of targets, exceptions and uses, without a flow of its goods.

    Its goods are its own, and under a content rule those that others make of them.
    """
    restriction, products = measure.restriction, measure.products
    actor, named, what = restriction.actor, set(products), ", ".join(products)
    nothing = "so nothing is withheld"
    makes = (n.country == actor and n.product in named for n in network.nodes if not n.planned)
    if not any(makes):
        outside = "is part of the rest of world in this pack and has no known output of"
        said = "makes no" if actor in network.countries else outside
        return [f"{actor} {said} {what}: it has no flow into the chain, {nothing}"]
    foreign = measure.foreign.share if measure.foreign else (0.0,) * len(network.nodes)
    of_it = [
        (n.country == actor and n.product in named) or share > 0
        for n, share in zip(network.nodes, foreign, strict=True)
    ]
    sold = [
        (network.nodes[flow.supplier], network.slots[flow.slot])
        for flow in network.flows
        if of_it[flow.supplier]
    ]
    abroad = ((network.nodes[slot.node].country, supplier.country) for supplier, slot in sold)
    buyers = {user for user, seller in abroad if user != seller} - {actor}
    if not any(covers(network, measure, supplier, slot) for supplier, slot in sold):
        of_use = f" for {', '.join(restriction.uses)}" if restriction.uses else ""
        return [f"nobody who buys {what} from {actor}{of_use} is restricted, {nothing}"]
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
    whole = sum(stop - first for first, stop in measure.spells)
    counted = sum(max(min(stop, months) - first, 0) for first, stop in measure.spells)
    if counted == whole:
        return []
    return [f"{counted} of the {whole} months of the restriction by {r.actor} are counted"]


def _refuse_unbuilt(plants: Iterable[NewCapacity], network: Network) -> None:
    """Refuse new plants that the network has no place for.

    Raises:
        ScenarioError: a network that was not grown for the scenario (`supplychain.growth.grown`).
    """
    built = {(p.row["country"], p.row["product"], p.row["start"]) for p in network.projects}
    for plant in plants:
        if (plant.country, plant.product, plant.start) not in built:
            raise ScenarioError(
                f"mitigation: the new capacity for {plant.product} in {plant.country} is not in "
                "this network; this command cannot use it"
            )


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
