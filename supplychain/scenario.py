"""What is restricted and what is done about it, as a user says it: frozen values, names not yet
resolved.

A scenario knows no data. `supplychain.coverage` finds out which products and flows it touches in a
pack.
"""

from collections.abc import Sequence
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
        release_days: days of use that may be released each month.
        lag_months: months before the first release.
    """

    country: str
    product: str
    days: float
    release_days: float = 30.0
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
    problems = [] if _is_month(scenario.start) else [_bad_month("start", scenario.start)]
    if not 0 <= scenario.horizon <= _LONGEST_HORIZON:
        problems.append(
            f"horizon: {scenario.horizon} is not between 1 and {_LONGEST_HORIZON} months"
        )
    if not scenario.focus:
        problems.append("focus: name at least one country, such as KOR")
    for number, restriction in enumerate(scenario.restrictions, 1):
        problems += [f"restriction {number}: {p}" for p in _restriction_problems(restriction)]
    for number, release in enumerate(scenario.mitigations, 1):
        if release.days < 0 or release.release_days < 0 or release.lag_months < 0:
            problems.append(
                f"mitigation {number}: days, release_days and lag_months must not be negative"
            )
    if problems:
        raise ScenarioError("\n".join(problems))


def _restriction_problems(r: Restriction) -> list[str]:
    """One line per problem of one restriction."""
    found = []
    if not r.items:
        found.append("products: name at least one mineral or product")
    if r.kind not in KINDS:
        found.append(f"kind: {r.kind!r} is not one of {', '.join(KINDS)}")
    if r.form not in FORMS:
        found.append(f"form: {r.form!r} is not one of {', '.join(FORMS)}")
    if r.stage is not None and r.stage not in STAGES:
        found.append(f"stage: {r.stage!r} is not one of {', '.join(STAGES)}")
    for name, value in (
        ("low", r.severity.low),
        ("value", r.severity.value),
        ("high", r.severity.high),
    ):
        if not 0 <= value <= 1:
            hint = f"; write {value / 100:g} for {value:g} per cent" if 1 < value <= 100 else ""
            found.append(f"severity ({name}): {value:g} is not between 0 and 1{hint}")
    if not r.severity.low <= r.severity.value <= r.severity.high:
        found.append("severity: low, mode and high must not fall")
    if not 1 <= r.months <= _LONGEST_HORIZON:
        found.append(f"months: {r.months} is not between 1 and {_LONGEST_HORIZON}")
    if not r.to:
        found.append("to: name at least one country, or * for everyone")
    if (r.kind == "path") != bool(r.path):
        found.append("path: a list of monthly ceilings belongs to kind 'path', and only to it")
    found += [f"path: {v:g} is not between 0 and 5" for v in r.path if not 0 <= v <= 5]
    for name, extra in (("dead_time_months", r.dead_time_months), ("ramp_months", r.ramp_months)):
        if extra is not None and not 0 <= extra <= _LONGEST_HORIZON:
            found.append(f"{name}: {extra:g} is not between 0 and {_LONGEST_HORIZON}")
    if not _is_month(r.start):
        found.append(_bad_month("start", r.start))
    return found


def _is_month(text: str) -> bool:
    """Whether a text is empty or a month such as 2025-04."""
    if not text:
        return True
    year, _, month = text.partition("-")
    return (
        len(year) == 4
        and year.isdecimal()
        and len(month) == 2
        and month.isdecimal()
        and 1 <= int(month) <= 12
    )


def _bad_month(field: str, text: str) -> str:
    """The message of a date that is no month."""
    return f"{field}: {text!r} is not a month; write it as 2025-04"


def month_number(text: str) -> int:
    """Months since year 0 of a date ``YYYY-MM`` or ``YYYY-MM-DD``.

    >>> month_number("2025-04") - month_number("2024-12-31")
    4
    """
    year, month = text.split("-")[:2]
    return int(year) * MONTHS_PER_YEAR + int(month) - 1
