"""What is restricted and what is done about it, as a user says it.

The values are frozen and the names not yet resolved. A scenario knows no data;
`supplychain.coverage` finds out which products and flows it touches in a pack.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from supplychain.errors import ScenarioError
from supplychain.vocabulary import (
    EVERYONE,
    FORMS,
    KINDS,
    MONTHS_PER_YEAR,
    STAGES,
    Form,
    Kind,
    Stage,
)

LADDER_LICENCE_PARAMETER = "licence_2025_path"
_LONGEST_HORIZON = 120
_MOST_OF_BASELINE = 5
_PER_CENT = 100
_MONTH = re.compile(r"\d{4}-\d{2}")

_Problem = tuple[str, str]
"""Where something is wrong, and what."""


@dataclass(frozen=True)
class Range:
    """A number that is not known exactly: central value and 10 and 90 % quantiles.

    >>> Range.of(0.8)
    Range(value=0.8, low=0.8, high=0.8)
    """

    value: float
    low: float
    high: float

    @classmethod
    def of(cls, value: "float | Range") -> "Range":
        """A range; a plain number is a range of no width."""
        return value if isinstance(value, Range) else cls(float(value), float(value), float(value))


@dataclass(frozen=True)
class Restriction:
    """An actor withholding part of its exports.

    Attributes:
        actor: the country that restricts.
        items: minerals, products or product groups, as named by the user.
        kind: ``ban``, ``quota``, ``licence`` or a dated ``path`` of monthly ceilings.
        severity: share of baseline exports withheld (for a licence: after the ramp); 0-1.
        months: how long it lasts.
        start: first month, ``YYYY-MM``; empty for the start of the horizon.
        to, exclude: restricted countries (``*`` everyone) and exceptions.
        form: what a mineral covers: ``listed``, ``refined`` or ``contained``.
        stage: restrict a mineral at this stage only; empty for the stages of its form.
        path: monthly ceilings as shares of baseline (kind ``path``).
        dead_time_months, ramp_months: a licence's own figures instead of the pack's.
    """

    actor: str
    items: tuple[str, ...]
    kind: Kind = "ban"
    severity: Range = Range(1.0, 1.0, 1.0)
    months: int = MONTHS_PER_YEAR
    start: str = ""
    to: tuple[str, ...] = (EVERYONE,)
    exclude: tuple[str, ...] = ()
    form: Form = "listed"
    stage: Stage | None = None
    path: tuple[float, ...] = ()
    dead_time_months: float | None = None
    ramp_months: float | None = None


@dataclass(frozen=True)
class StockRelease:
    """A state releases a public stock of one product to its own industry.

    Attributes:
        country, product: whose stock of what.
        days: its size in days of the country's use.
        release_days: days of use that may be released each month; None for the pack's usual rate.
        lag_months: months before the first release.
    """

    country: str
    product: str
    days: float
    release_days: float | None = None
    lag_months: int = 0


@dataclass(frozen=True)
class Scenario:
    """A named set of restrictions and mitigations on a horizon.

    Attributes:
        start: first month counted, ``YYYY-MM``; empty for the pack's own default.
        horizon: months counted; 0 for the larger of 12 and the longest restriction.
        ladder: show three rungs (licence as in 2025, half, full stop) instead of one headline.
    """

    id: str
    title: str
    restrictions: tuple[Restriction, ...] = ()
    mitigations: tuple[StockRelease, ...] = ()
    focus: tuple[str, ...] = ("KOR",)
    start: str = ""
    horizon: int = 0
    ladder: bool = False

    @property
    def counted_months(self) -> int:
        """The horizon, worked out where it is not given.

        >>> restrict("China", ["dysprosium"], months=18).counted_months
        18
        """
        longest = max((r.months for r in self.restrictions), default=0)
        return self.horizon or max(MONTHS_PER_YEAR, longest)

    def plus(self, *mitigations: StockRelease) -> "Scenario":
        """The same scenario with further mitigations."""
        return replace(self, mitigations=self.mitigations + mitigations)


def restrict(
    actor: str,
    items: str | Sequence[str],
    *,
    kind: Kind | None = None,
    severity: float | Range | None = None,
    months: int = MONTHS_PER_YEAR,
    horizon: int = 0,
    form: Form = "listed",
    stage: Stage | None = None,
    to: Sequence[str] = (EVERYONE,),
    exclude: Sequence[str] = (),
    start: str = "",
    path: Sequence[float] = (),
    focus: Sequence[str] = ("KOR",),
) -> Scenario:
    """One restriction as a scenario: the one-line what-if.

    Without a kind and a severity the scenario is a ladder. A ban without a severity is a full stop,
    a quota withholds half, a licence nothing after its ramp.

    Raises:
        ScenarioError: a value that no scenario may have; all problems at once.

    >>> s = restrict("China", ["dysprosium", "terbium"], kind="ban", severity=0.8)
    >>> s.restrictions[0].severity.value, s.ladder
    (0.8, False)
    >>> restrict("China", "dysprosium").ladder
    True
    """
    names = (items,) if isinstance(items, str) else tuple(items)
    ladder = kind is None and severity is None and not path
    chosen: Kind = kind or ("path" if path else "ban")
    default = {"ban": 1.0, "quota": 0.5, "licence": 0.0, "path": 0.0}.get(chosen, 1.0)
    restriction = Restriction(
        actor,
        names,
        chosen,
        Range.of(default if severity is None else severity),
        months,
        "",
        tuple(to),
        tuple(exclude),
        form,
        stage,
        tuple(path),
    )
    title = f"{actor} restricts {', '.join(names)}"
    scenario = Scenario("what-if", title, (restriction,), (), tuple(focus), start, horizon, ladder)
    check(scenario)
    return scenario


def check(scenario: Scenario) -> None:
    """Refuse values that no scenario may have, naming all of them.

    Raises:
        ScenarioError: with one line per problem.
    """
    problems = list(_frame_problems(scenario))
    for number, restriction in enumerate(scenario.restrictions, 1):
        found = (*_word_problems(restriction), *_number_problems(restriction))
        problems += [(f"restriction {number}: {field}", what) for field, what in found]
    for number, release in enumerate(scenario.mitigations, 1):
        if release.days < 0 or (release.release_days or 0.0) < 0 or release.lag_months < 0:
            what = "days, release_days and lag_months must not be negative"
            problems.append((f"mitigation {number}", what))
    if problems:
        raise ScenarioError("\n".join(f"{place}: {what}" for place, what in problems))


def _frame_problems(scenario: Scenario) -> Iterator[_Problem]:
    """Problems of the scenario itself: its dates and its focus."""
    if not _is_month(scenario.start):
        yield "start", _no_month(scenario.start)
    if not 0 <= scenario.horizon <= _LONGEST_HORIZON:
        yield "horizon", f"{scenario.horizon} is not between 1 and {_LONGEST_HORIZON} months"
    if not scenario.focus:
        yield "focus", "name at least one country, such as KOR"


def _word_problems(r: Restriction) -> Iterator[_Problem]:
    """Problems of the words of one restriction: what, how, to whom and from when."""
    if not r.items:
        yield "products", "name at least one mineral or product"
    if r.kind not in KINDS:
        more = "; a tax needs demand elasticities, which come with the price layer"
        hint = more if str(r.kind) == "tax" else ""
        yield "kind", f"{r.kind!r} is not one of {', '.join(KINDS)}{hint}"
    if r.form not in FORMS:
        yield "form", f"{r.form!r} is not one of {', '.join(FORMS)}"
    if r.stage is not None and r.stage not in STAGES:
        yield "stage", f"{r.stage!r} is not one of {', '.join(STAGES)}"
    if not r.to:
        yield "to", "name at least one country, or * for everyone"
    if not _is_month(r.start):
        yield "start", _no_month(r.start)


def _number_problems(r: Restriction) -> Iterator[_Problem]:
    """Problems of the numbers of one restriction: how much and for how long."""
    yield from _severity_problems(r.severity)
    if not 1 <= r.months <= _LONGEST_HORIZON:
        yield "months", f"{r.months} is not between 1 and {_LONGEST_HORIZON}"
    if (r.kind == "path") != bool(r.path):
        yield "path", "a list of monthly ceilings belongs to kind 'path', and only to it"
    for ceiling in r.path:
        if not 0 <= ceiling <= _MOST_OF_BASELINE:
            yield "path", f"{ceiling:g} is not between 0 and {_MOST_OF_BASELINE}"
    for name, extra in (("dead_time_months", r.dead_time_months), ("ramp_months", r.ramp_months)):
        if extra is not None and not 0 <= extra <= _LONGEST_HORIZON:
            yield name, f"{extra:g} is not between 0 and {_LONGEST_HORIZON}"


def _severity_problems(severity: Range) -> Iterator[_Problem]:
    """Shares that are none, or that fall from low to high."""
    low, value, high = severity.low, severity.value, severity.high
    for share in dict.fromkeys((low, value, high)):
        if not 0 <= share <= 1:
            meant = f"write {share / _PER_CENT:g} for {share:g} per cent"
            hint = f"; {meant}" if 1 < share <= _PER_CENT else ""
            yield "severity", f"{share:g} is not between 0 and 1{hint}"
    if not low <= value <= high:
        yield "severity", "low, mode and high must not fall"


def _is_month(text: str) -> bool:
    """Whether a text is empty or a month such as 2025-04."""
    if not text:
        return True
    return bool(_MONTH.fullmatch(text)) and 1 <= int(text[-2:]) <= MONTHS_PER_YEAR


def _no_month(text: str) -> str:
    """The message of a date that is no month."""
    return f"{text!r} is not a month; write it as 2025-04"


def month_number(text: str) -> int:
    """Months since year 0 of a date ``YYYY-MM`` or ``YYYY-MM-DD``.

    >>> month_number("2025-04") - month_number("2024-12-31")
    4
    """
    year, month = text.split("-")[:2]
    return int(year) * MONTHS_PER_YEAR + int(month) - 1
