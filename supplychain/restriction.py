"""One restriction as a user says it: who withholds what from whom, how hard, when and how.

Frozen values and calendar months; names are not yet resolved and nothing is checked here
(`supplychain.refusals` says what no restriction may be).
"""

from dataclasses import dataclass
from functools import cached_property

from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR, Form, Kind, Sharing, Stage


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
        kind: ``ban``, ``quota``, ``licence``, ``tax`` or a dated ``path`` of monthly ceilings.
        severity: share of baseline exports withheld (for a licence: after the ramp); 0-1.
        months: how long it lasts, from its start; not used where `end` is given.
        start: first month, ``YYYY-MM``; empty for the start of the horizon.
        to, exclude: restricted countries (``*`` everyone) and exceptions.
        form: what a mineral covers: ``listed``, ``refined`` or ``contained``.
        stage: restrict a mineral at this stage only; empty for the stages of its form.
        path: monthly ceilings as shares of baseline (kind ``path``).
        path_level: what all of them are multiplied by, where the level that they are shares of is
            not known exactly.
        dead_time_months, ramp_months: a licence's own figures instead of the pack's.
        end: last month, ``YYYY-MM``, instead of `months`.
        announced: month of the announcement; users who know buy ahead until it is enforced.
        delay_months: from the start to enforcement; the end stays where it is.
        suspended: first and last months of suspensions; outside them it is in force.
        uses: user products, industries, segments or demand classes; empty for every use.
        sharing: how a quota is shared: ``pro_rata``, or in turns (``priority``).
        priority: countries and user products in the order in which a quota serves them.
        approval_luck: share of a licence's approvals that fall wholly on some plants; 0-1.
        rate: export tax as a share of the price (kind ``tax``).
        elasticity: of demand, below 0, instead of the pack's market; pass_through: share of the
            tax that reaches buyers.
        content_rule: share of the actor's material from which other countries' goods are covered
            too; None for no such rule. compliance: share of them that follow it.
        leakage, leakage_enforced: shares of what is withheld that arrives through third countries,
            before and after enforcement; enforcement: its first month, ``YYYY-MM``.
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
    end: str = ""
    announced: str = ""
    delay_months: int = 0
    suspended: tuple[tuple[str, str], ...] = ()
    uses: tuple[str, ...] = ()
    sharing: Sharing = "pro_rata"
    priority: tuple[str, ...] = ()
    approval_luck: Range | None = None
    rate: Range | None = None
    elasticity: Range | None = None
    pass_through: Range | None = None
    content_rule: float | None = None
    compliance: Range | None = None
    leakage: Range | None = None
    leakage_enforced: Range | None = None
    enforcement: str = ""
    path_level: Range | None = None

    def window(self, begin: int) -> "Window":
        """The months that it covers, where an empty start means `begin` (`month_number`).

        >>> r = Restriction("CHN", ("magnet",), months=6, start="2025-04", delay_months=2)
        >>> r.window(0).months, r.window(0).first - month_number("2025-04")
        (6, 2)
        """
        start = month_number(self.start) if self.start else begin
        stop = month_number(self.end) + 1 if self.end else start + self.months
        breaks = tuple((month_number(a), month_number(b) + 1) for a, b in self.suspended)
        return Window(start, start + self.delay_months, stop, breaks)


@dataclass(frozen=True)
class Window:
    """When a restriction is in force, in months since year 0; a stop is the first month after.

    Attributes:
        start: it is in force by law; first: it is enforced; stop: it has ended.
        breaks: (first, stop) of its suspensions.
    """

    start: int
    first: int
    stop: int
    breaks: tuple[tuple[int, int], ...] = ()

    @property
    def months(self) -> int:
        """From its start to its end, delay and suspensions included."""
        return self.stop - self.start

    @cached_property
    def spells(self) -> tuple[tuple[int, int], ...]:
        """(first, stop) of every unbroken stretch of enforcement, in order.

        >>> Window(0, 1, 12, ((4, 6),)).spells
        ((1, 4), (6, 12))
        """
        found, first = [], self.first
        for pause, resume in sorted(self.breaks):
            if first < min(pause, self.stop):
                found.append((first, min(pause, self.stop)))
            first = max(first, resume)
        if first < self.stop:
            found.append((first, self.stop))
        return tuple(found)


def month_number(text: str) -> int:
    """Months since year 0 of a date ``YYYY-MM`` or ``YYYY-MM-DD``.

    >>> month_number("2025-04") - month_number("2024-12-31")
    4
    """
    year, month = text.split("-")[:2]
    return int(year) * MONTHS_PER_YEAR + int(month) - 1
