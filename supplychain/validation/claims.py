"""Claims: one row of `published_estimates.csv` or `episodes.csv` each, in one form and one unit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from supplychain.restriction import month_number
from supplychain.schema import Row
from supplychain.tables import Tables
from supplychain.vocabulary import MONTHS_PER_YEAR

ESTIMATES, EPISODES, EXPORTS = "published_estimates", "episodes", "observed_exports"
RANGES = "frozen_ranges"
CALIBRATION, CONTROL, ORDINAL, TIMING = "calibration", "negative_control", "ordinal", "timing"
KG_PER_TONNE, DAYS_PER_WEEK = 1000.0, 7.0
RANK = "rank_of_loss"
LATE = "last year's loss over the first year's"
"""Unit of a claim that a loss vanishes in the long run."""

_REFERENCE = re.compile(r"ratio to ([A-Z][a-z]+) (\d{4})$")
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WHOLE_YEAR = "against the year"
"""What a variable says whose level before is that of a whole year."""


@dataclass(frozen=True)
class Claim:
    """What somebody said that we can be held to.

    Attributes:
        table: `ESTIMATES` or `EPISODES`; group: the study, or the episode.
        held_out: whether nothing in the pack rests on it.
        before: level before an observed change; None where none is stated.
        first_month, last_month: ``YYYY-MM``, empty for an estimate.
        start: of the measure, as a date; empty for an estimate.
        months: horizon of an estimate; None where it states none.
        says: the restriction or the variable, in the table's words.
    """

    id: str
    table: str
    group: str
    grade: str
    held_out: bool
    metric: str
    unit: str
    actor: str
    items: tuple[str, ...]
    countries: tuple[str, ...]
    partners: tuple[str, ...]
    sectors: tuple[str, ...]
    low: float | None
    central: float | None
    high: float | None
    before: float | None
    scenario: str
    start: str
    first_month: str
    last_month: str
    months: float | None
    says: str
    note: str

    @property
    def counts(self) -> bool:
        """Whether it may count for the model: nothing rests on it, and it is no calibration."""
        return self.held_out and self.grade != CALIBRATION

    @property
    def vanishes(self) -> bool:
        """Whether it says that a loss is negligible in a long run of no stated length."""
        return self.metric == "gdp_change" and self.months is None and self.grade == ORDINAL

    @property
    def reference(self) -> str:
        """Month that a ratio is taken to, ``YYYY-MM``; empty where it is none of a month.

        ``ratio to January 2025`` is ``2025-01``.
        """
        found = _REFERENCE.match(self.unit)
        return f"{found[2]}-{_MONTHS.index(found[1]) + 1:02d}" if found else ""

    @property
    def span(self) -> int:
        """Months from the first to the last."""
        return month_number(self.last_month) - month_number(self.first_month) + 1


@dataclass(frozen=True)
class Figure:
    """A claim's figures in the unit in which they are compared; None where they are not stated."""

    low: float | None
    central: float | None
    high: float | None
    unit: str

    @property
    def is_bound(self) -> bool:
        """Whether one end alone is stated, as in "more than 150 %"."""
        return self.central is None and (self.low is None) != (self.high is None)


def claims(tables: Tables) -> tuple[Claim, ...]:
    """Every claim of a pack, estimates first; none where it has no such tables."""
    return tuple(
        _claim(row, table) for table in (ESTIMATES, EPISODES) for row in tables.rows(table)
    )


def _claim(row: Row, table: str) -> Claim:
    is_estimate = table == ESTIMATES
    value = row["central"] if is_estimate else row["value"]
    return Claim(
        id=str(row["id"]),
        table=table,
        group=str(row["study"] if is_estimate else row["episode"]),
        grade=str(row["grade"]),
        held_out=is_estimate or str(row["held_out"]) == "yes",
        metric=str(row["metric"]),
        unit=str(row["unit"]),
        actor=str(row["actor"]),
        items=tuple(row["items"]),
        countries=tuple(row["countries"]),
        partners=() if is_estimate else tuple(row["partners"]),
        sectors=tuple(row["sectors"]),
        low=row["low"],
        central=value,
        high=row["high"],
        before=None if is_estimate else row["before"],
        scenario=str(row["scenario"]),
        start="" if is_estimate else str(row["start"]),
        first_month="" if is_estimate else str(row["first_month"]),
        last_month="" if is_estimate else str(row["last_month"]),
        months=row["horizon_months"] if is_estimate else None,
        says=str(row["restriction"] if is_estimate else row["variable"]),
        note=str(row["note"]),
    )


def compared(claim: Claim) -> Figure:
    """A claim's figures in the unit of the comparison.

    A loss that vanishes in the long run becomes the last year's over the first's. A quantity with a
    level before becomes a ratio to it (after eleven months against twelve, the
    level is taken pro rata); kilograms become tonnes, weeks of a stop days, a count of plants
    whether any stopped; a ratio, a share, dollars stay.
    """
    if claim.vanishes:
        return Figure(None, claim.central, None, LATE)
    scale, unit = _scale(claim)
    low, central, high = (
        None if x is None else x * scale for x in (claim.low, claim.central, claim.high)
    )
    if claim.metric == "plant_stop":
        central = None if central is None else float(central > 0)
        low = high = None
    return Figure(low, central, high, unit)


def _scale(claim: Claim) -> tuple[float, str]:
    """What a figure of the table is multiplied by, and the unit after that."""
    if claim.metric in {"export_flow", "import_flow", "price"} and claim.before:
        if claim.unit.startswith(("ratio", "month of")):
            return 1.0 / claim.before, "ratio"
        whole = claim.before
        if _WHOLE_YEAR in claim.says:
            whole *= claim.span / MONTHS_PER_YEAR
        return 1.0 / whole, "ratio"
    plain: Mapping[str, tuple[float, str]] = {
        "kg/month": (1.0 / KG_PER_TONNE, "t/month"),
        "weeks": (DAYS_PER_WEEK, "days"),
        "yes (1) or no (0)": (1.0, "stops or not"),
        "stops reported": (1.0, "stops or not"),
        "plants": (1.0, "stops or not"),
    }
    return plain.get(claim.unit, (1.0, claim.unit))
