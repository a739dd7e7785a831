"""Sums over the rows: how far off, how wide, how often inside, beside the naive baselines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from supplychain.validation.claims import CALIBRATION, CONTROL, ESTIMATES, ORDINAL, TIMING
from supplychain.validation.row import Row
from supplychain.validation.score import distance
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT

FAMILIES: tuple[tuple[str, Callable[[Row], bool]], ...] = (
    ("flows, over baseline", lambda r: r.claimed.unit.startswith("ratio") and _is_goods(r)),
    ("flows, share of usual or need", lambda r: r.claim.metric in {"licence_share", "fulfilment"}),
    ("prices", lambda r: r.claim.metric.startswith("price")),
    ("GDP and output, share", lambda r: r.claimed.unit.startswith("share of") and _is_output(r)),
    ("GDP, billion USD", lambda r: r.claimed.unit == "billion USD" and _is_output(r)),
    ("backlog, months", lambda r: r.claimed.unit == "months of mean exports"),
    ("first stop, weeks", lambda r: r.claimed.unit.startswith("weeks after")),
    ("turning points, months", lambda r: _is_turn(r.claimed.unit)),
    ("length of a stop, days", lambda r: r.claim.metric == "stop_length"),
)
"""Kinds of claims that share a unit, so that their distances may be averaged."""

_SIZES = ("adaptive", "frozen", SHARE_TIMES_CUT, FIXED)


def _is_turn(unit: str) -> bool:
    """Whether a claim is the date of a turn, in months."""
    return unit == "months" or unit.startswith("month of the measure")


def _is_goods(row: Row) -> bool:
    return row.claim.metric in {"export_flow", "import_flow"}


def _is_output(row: Row) -> bool:
    return row.claim.metric in {"gdp_change", "output_change"} and not is_fear(row)


def is_fear(row: Row) -> bool:
    """Whether the claim is a loss that was feared and never came: no figure to come near to."""
    return row.claim.grade == CONTROL and row.claim.table == ESTIMATES


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of what is known; None of nothing.

    >>> mean([1.0, None, 3.0]), mean([])
    (2.0, None)
    """
    known = [v for v in values if v is not None]
    return sum(known) / len(known) if known else None


def error_of(row: Row, case: str) -> float | None:
    """Distance of one case or baseline from the claim."""
    if row.ours is None:
        return None
    value = row.ours.cases.get(case, row.ours.naive.get(case))
    return None if value is None else distance(value, row.claimed)


def family(rows: Sequence[Row]) -> dict[str, Any]:
    """How far off the cases and baselines are on some rows of one unit."""
    bands = [r for r in rows if _has_both(r)]
    inside = [r for r in bands if _holds(r)]
    # Baselines are compared on the rows on which they say anything at all.
    said = [r for r in rows if all(error_of(r, case) is not None for case in _SIZES)]
    return {
        "rows": len(rows),
        "inside": sum(bool(r.inside) for r in rows),
        "mean_absolute_error": mean(_size(error_of(r, "adaptive")) for r in rows),
        "bias": mean(error_of(r, "adaptive") for r in rows),
        "claims_with_band": len(bands),
        "claims_in_band": len(inside),
        "interval_score": mean(r.interval for r in bands),
        "band_width": mean(
            r.ours.band[1] - r.ours.band[0] for r in bands if r.ours and r.ours.band
        ),
        "compared_with_baselines": len(said),
        "mean_absolute_error_of": {
            case: mean(_size(error_of(r, case)) for r in said) for case in _SIZES
        },
    }


def _size(value: float | None) -> float | None:
    return None if value is None else abs(value)


def _has_both(row: Row) -> bool:
    """Whether a band and a figure to lie in it are there."""
    has_band = row.ours is not None and row.ours.band is not None
    return has_band and row.claimed.central is not None and not is_fear(row)


def _holds(row: Row) -> bool:
    band, value = row.ours.band if row.ours else None, row.claimed.central
    return band is not None and value is not None and band[0] <= value <= band[1]


def _grade(rows: Sequence[Row], grade: str) -> dict[str, int]:
    mine = [r for r in rows if r.claim.grade == grade]
    return {"rows": len(mine), "inside": sum(bool(r.inside) for r in mine)}


def tally(rows: Sequence[Row]) -> dict[str, Any]:
    """Every family and grade of some answered rows."""
    grades = ("validation", TIMING, ORDINAL, CONTROL)
    controls = [r for r in rows if r.claim.grade == CONTROL]
    bands = [r for r in rows if _has_both(r)]
    found = {name: [r for r in rows if belongs(r)] for name, belongs in FAMILIES}
    return {
        "rows": len(rows),
        "inside": sum(bool(r.inside) for r in rows),
        "grades": {grade: _grade(rows, grade) for grade in grades},
        "false_alarms": sum(not r.inside for r in controls),
        "claims_with_band": len(bands),
        "claims_in_band": sum(_holds(r) for r in bands),
        "families": {name: family(some) for name, some in found.items() if some},
    }


def summary(rows: Sequence[Row]) -> dict[str, Any]:
    """Sums over the rows that count, and apart over those that the pack rests on.

    Calibration rows are in neither.
    """
    answered = [r for r in rows if r.answered]
    known = [r for r in answered if not r.claim.counts and r.claim.grade != CALIBRATION]
    return {
        "claims": len(rows),
        "answered": len(answered),
        "not_answered": len(rows) - len(answered),
        "calibration": sum(r.claim.grade == CALIBRATION for r in rows),
        "held_out": tally([r for r in answered if r.claim.counts]),
        "known_to_the_pack": tally(known),
    }
