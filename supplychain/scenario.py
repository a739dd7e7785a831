"""What is restricted and what is done about it, as a user says it.

The values are frozen and the names not yet resolved. A scenario knows no data;
`supplychain.coverage` finds out which products and flows it touches in a pack.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from supplychain.errors import ScenarioError
from supplychain.refusals import LONGEST_HORIZON, Problem, is_month, no_month, problems
from supplychain.restriction import Range, Restriction, month_number
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR, Form, Kind, Stage

__all__ = [
    "LADDER_LICENCE_PARAMETER",
    "NewCapacity",
    "Priority",
    "Range",
    "Restriction",
    "Scenario",
    "StockRelease",
    "check",
    "how",
    "month_number",
    "restrict",
]

LADDER_LICENCE_PARAMETER = "licence_2025_path"


@dataclass(frozen=True)
class StockRelease:
    """A state releases a public stock of one product to its own industry.

    Attributes:
        country, product: whose stock of what.
        days: its size in days of the country's use.
        release_days: days of use that may be released each month; None for the pack's usual rate.
        lag_months: months before the first release.
        to, share: allies whose plants may have that share of each release, after the owner's own.
    """

    country: str
    product: str
    days: float
    release_days: float | None = None
    lag_months: int = 0
    to: tuple[str, ...] = ()
    share: float = 1.0


@dataclass(frozen=True)
class NewCapacity:
    """A mine, smelter or works that the baseline and the pack's projects do not have.

    Attributes:
        country, product: where it stands and what it makes.
        capacity: what it can make, unit of the product per year.
        start: month of first output, ``YYYY-MM``.
        ramp_months: months from then to full capacity.
    """

    country: str
    product: str
    capacity: float
    start: str
    ramp_months: float = 0.0


Mitigation = StockRelease | NewCapacity


@dataclass(frozen=True)
class Priority:
    """An order in which the suppliers of a country serve scarce goods.

    Attributes:
        order: uses (``defence``, ``machinery/carbide_tools``), ``domestic`` and ``export``; whoever
            is none of these comes last.
        country: whose suppliers; ``*`` for all that have no order of their own.
    """

    order: tuple[str, ...]
    country: str = EVERYONE


@dataclass(frozen=True)
class Scenario:
    """A named set of restrictions and mitigations on a horizon.

    Attributes:
        start: first month counted, ``YYYY-MM``; empty for the pack's own default.
        horizon: months counted; 0 for the larger of 12 and the longest restriction.
        ladder: show three rungs (licence as in 2025, half, full stop) instead of one headline.
        priorities: whom suppliers serve first; without any, all share pro rata.
        capacities: new plants, beside those of the pack.
    """

    id: str
    title: str
    restrictions: tuple[Restriction, ...] = ()
    mitigations: tuple[StockRelease, ...] = ()
    focus: tuple[str, ...] = ("KOR",)
    start: str = ""
    horizon: int = 0
    ladder: bool = False
    priorities: tuple[Priority, ...] = ()
    capacities: tuple[NewCapacity, ...] = ()

    @property
    def counted_months(self) -> int:
        """The horizon, worked out where it is not given.

        >>> restrict("China", ["dysprosium"], months=18).counted_months
        18
        """
        begin = month_number(self.start) if self.start else 0
        longest = max((r.window(begin).months for r in self.restrictions), default=0)
        return self.horizon or max(MONTHS_PER_YEAR, longest)

    def plus(self, *mitigations: Mitigation) -> "Scenario":
        """The same scenario with further mitigations."""
        releases = tuple(m for m in mitigations if isinstance(m, StockRelease))
        plants = tuple(m for m in mitigations if isinstance(m, NewCapacity))
        return replace(
            self,
            mitigations=self.mitigations + releases,
            capacities=self.capacities + plants,
        )


def restrict(
    actor: str,
    items: str | Sequence[str],
    *,
    kind: Kind | None = None,
    severity: float | Range | None = None,
    rate: float | Range | None = None,
    months: int = MONTHS_PER_YEAR,
    horizon: int = 0,
    form: Form = "listed",
    stage: Stage | None = None,
    to: Sequence[str] = (EVERYONE,),
    exclude: Sequence[str] = (),
    uses: Sequence[str] = (),
    start: str = "",
    announced: str = "",
    delay_months: int = 0,
    path: Sequence[float] = (),
    focus: Sequence[str] = ("KOR",),
) -> Scenario:
    """One restriction as a scenario: the one-line what-if.

    Without a kind and a severity the scenario is a ladder. A ban without a severity is a full stop,
    a quota withholds half, a licence nothing after its ramp; a tax has a rate instead.

    Raises:
        ScenarioError: a value that no scenario may have; all problems at once.

    >>> s = restrict("China", ["dysprosium", "terbium"], kind="ban", severity=0.8)
    >>> s.restrictions[0].severity.value, s.ladder
    (0.8, False)
    >>> restrict("China", "dysprosium").ladder
    True
    """
    names = (items,) if isinstance(items, str) else tuple(items)
    chosen, hard = how(kind, severity, path)
    restriction = Restriction(
        actor,
        names,
        chosen,
        hard,
        months,
        "",
        tuple(to),
        tuple(exclude),
        form,
        stage,
        tuple(path),
        announced=announced,
        delay_months=delay_months,
        uses=tuple(uses),
        rate=None if rate is None else Range.of(rate),
    )
    title = f"{actor} restricts {', '.join(names)}"
    ladder = kind is None and severity is None and not path
    scenario = Scenario("what-if", title, (restriction,), (), tuple(focus), start, horizon, ladder)
    check(scenario)
    return scenario


def how(
    kind: Kind | None, severity: float | Range | None, path: Sequence[float]
) -> tuple[Kind, Range]:
    """Kind and severity of a restriction that says only some of it.

    >>> how("quota", None, ())
    ('quota', Range(value=0.5, low=0.5, high=0.5))
    >>> how(None, None, [0.5, 1.0])[0]
    'path'
    """
    chosen: Kind = kind or ("path" if path else "ban")
    default = {"quota": 0.5, "licence": 0.0, "path": 0.0, "tax": 0.0}.get(chosen, 1.0)
    return chosen, Range.of(default if severity is None else severity)


def check(scenario: Scenario) -> None:
    """Refuse values that no scenario may have, naming all of them.

    Raises:
        ScenarioError: with one line per problem.
    """
    found = list(_frame_problems(scenario))
    for number, restriction in enumerate(scenario.restrictions, 1):
        found += [(f"restriction {number}: {field}", what) for field, what in problems(restriction)]
    for number, release in enumerate(scenario.mitigations, 1):
        sizes = (release.days, release.release_days or 0.0, release.lag_months)
        if not all(0 <= size < math.inf for size in sizes):  # NaN is in no range either
            what = "days, release_days and lag_months must be finite and not negative"
            found.append((f"mitigation {number}", what))
        if not 0 <= release.share <= 1:
            found.append((f"mitigation {number}: share", f"{release.share:g} is not from 0 to 1"))
    for plant in scenario.capacities:
        found += [(f"new capacity in {plant.country}: {f}", w) for f, w in _plant_problems(plant)]
    found += _order_problems(scenario)
    if found:
        raise ScenarioError("\n".join(f"{place}: {what}" for place, what in found))


def _plant_problems(plant: NewCapacity) -> Iterator[Problem]:
    """Problems of a new plant."""
    if not 0 < plant.capacity < math.inf:
        yield "capacity", f"{plant.capacity:g} is not above 0 and finite"
    if not 0 <= plant.ramp_months <= LONGEST_HORIZON:
        yield "ramp_months", f"{plant.ramp_months:g} is not between 0 and {LONGEST_HORIZON}"
    if not plant.start or not is_month(plant.start):
        yield "start", no_month(plant.start)


def _order_problems(scenario: Scenario) -> Iterator[Problem]:
    """Problems of the orders of service."""
    countries = [p.country for p in scenario.priorities]
    for number, priority in enumerate(scenario.priorities, 1):
        if not priority.order:
            yield f"priority {number}: order", "name whom suppliers serve first, such as defence"
        for name in dict.fromkeys(n for n in priority.order if priority.order.count(n) > 1):
            yield f"priority {number}: order", f"{name!r} stands in it twice"
        if countries.count(priority.country) > 1:
            yield f"priority {number}: country", f"{priority.country!r} has two orders"


def _frame_problems(scenario: Scenario) -> Iterator[Problem]:
    """Problems of the scenario itself: its dates and its focus."""
    if not is_month(scenario.start):
        yield "start", no_month(scenario.start)
    if not 0 <= scenario.horizon <= LONGEST_HORIZON:
        yield "horizon", f"{scenario.horizon} is not between 1 and {LONGEST_HORIZON} months"
    if not scenario.focus:
        yield "focus", "name at least one country, such as KOR"
