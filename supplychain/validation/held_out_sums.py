"""Sums over held-out rows, beside the same rows as the pack ships, and the JSON of both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from supplychain.validation.again import AS_LAST, MIDDLE, NEVER
from supplychain.validation.claims import DAYS_PER_WEEK
from supplychain.validation.fit import NAMES, Posterior
from supplychain.validation.held_out import HeldOut, HeldRow, LeftOut
from supplychain.validation.joint import ranges
from supplychain.validation.licences import Measure
from supplychain.validation.row import Row
from supplychain.validation.score import Ours, distance, in_band, interval_score
from supplychain.validation.summary import FAMILIES, mean
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT

KINDS: tuple[tuple[str, Callable[[Row], bool]], ...] = (
    *FAMILIES,
    ("stops, yes or no", lambda r: r.claimed.unit == "stops or not"),
)
TURNS, STOPS = "turning points, months", "first stop, weeks"
NO_QUEUE = "fixed proportions, no stocks, no queue"
"""A table of fixed coefficients by itself: the cut from the first day, and plants without stock."""

_WEEKS_PER_MONTH = 365.25 / 12.0 / DAYS_PER_WEEK
HELD, SHIPPED = "held out", "as shipped"
_SAID = (HELD, MIDDLE, SHARE_TIMES_CUT, FIXED)


def of_licences(held: HeldOut) -> tuple[HeldRow, ...]:
    """Rows that a licence answered which was fitted to others: those with lanes of their own."""
    return tuple(row for one in held.measures for row in one.rows if MIDDLE in row.held.cases)


def answer(row: HeldRow, who: str) -> float | None:
    """What one side says to a row: held out (or its median lane), as shipped, or naive."""
    if who == SHIPPED:
        return None if row.shipped.ours is None else row.shipped.ours.central
    if who in (HELD, MIDDLE):
        return row.held.cases.get("adaptive" if who == HELD else MIDDLE)
    return row.held.naive.get(who)


def error(row: HeldRow, who: str) -> float | None:
    """How far one side is from the claim; None where it says nothing."""
    value = answer(row, who)
    far = None if value is None else distance(value, row.shipped.claimed)
    return None if far is None else abs(far)


def by_kind(rows: Iterable[HeldRow]) -> dict[str, dict[str, Any]]:
    """Errors and interval scores of every kind that shares a unit."""
    every = list(rows)
    found = {name: [r for r in every if belongs(r.shipped)] for name, belongs in KINDS}
    return {name: sums(some) for name, some in found.items() if some}


def equally(rows: Iterable[HeldRow]) -> dict[str, dict[str, Any]]:
    """Errors of every kind where each measure weighs the same, however many rows it has."""
    groups: dict[Measure, list[HeldRow]] = {}
    for row in rows:
        groups.setdefault(Measure.of(row.claim), []).append(row)
    found: dict[str, list[dict[str, float]]] = {}
    for some in groups.values():
        for name, f in by_kind(some).items():
            if f["compared"]:
                found.setdefault(name, []).append(f["mean_absolute_error"])
    return {
        name: {"measures": len(errors), **{w: mean(e[w] for e in errors) for w in _SAID}}
        for name, errors in found.items()
    }


def dates(rows: Iterable[HeldRow]) -> dict[str, Any]:
    """Mean timing error in months over all dates: turning points of flows and first stops.

    `NO_QUEUE` has no licence: on flows it says what `SHARE_TIMES_CUT` says, on stops what `FIXED`
    does. Weeks are months of 30.4 days.
    """
    kinds, every = dict(KINDS), list(rows)
    sides: dict[str, list[float]] = {}
    for kind, months, rigid in ((TURNS, 1.0, SHARE_TIMES_CUT), (STOPS, _WEEKS_PER_MONTH, FIXED)):
        for row in (r for r in every if kinds[kind](r.shipped)):
            far = {who: error(row, who) for who in (HELD, SHARE_TIMES_CUT, FIXED)}
            far[NO_QUEUE] = far[rigid]
            if all(value is not None for value in far.values()):
                for who, value in far.items():
                    sides.setdefault(who, []).append((value or 0.0) / months)
    return {
        "rows": len(sides.get(HELD, ())),
        "mean_absolute_error_months": {who: mean(errors) for who, errors in sides.items()},
    }


def sums(rows: Sequence[HeldRow]) -> dict[str, Any]:
    """Of rows of one unit: mean absolute errors on the rows on which all say something; bands."""
    said = [r for r in rows if all(error(r, who) is not None for who in _SAID)]
    known = [r for r in said if error(r, AS_LAST) is not None]
    return {
        "rows": len(rows),
        "never": sum(r.held.how == NEVER for r in rows),
        "compared": len(said),
        "mean_absolute_error": {who: mean(error(r, who) for r in said) for who in _SAID},
        "mean_absolute_error_as_shipped": mean(error(r, SHIPPED) for r in said),
        "after_another_licence": {
            "compared": len(known),
            "mean_absolute_error": {
                who: mean(error(r, who) for r in known) for who in (*_SAID, AS_LAST)
            },
        },
        "held_out": bands([(r.shipped, r.held) for r in rows]),
        "as_shipped": bands([(r.shipped, r.shipped.ours) for r in rows]),
    }


def bands(rows: Iterable[tuple[Row, Ours | None]]) -> dict[str, Any]:
    """Interval score, width and coverage of some bands, where the claim is a figure."""
    found = [
        (ours.band, row.claimed.central, in_band(row.claimed, ours.band))
        for row, ours in rows
        if ours is not None and ours.band is not None and row.claimed.central is not None
    ]
    return {
        "bands": len(found),
        "holding_the_claim": sum(bool(inside) for _, _, inside in found),
        "interval_score": mean(interval_score(*band, value) for band, value, _ in found),
        "width": mean(band[1] - band[0] for band, _, _ in found),
    }


def as_dict(held: HeldOut) -> dict[str, Any]:
    """The entry ``held_out`` in JSON."""
    rows = of_licences(held)
    return {
        "licences": [_licence(p) for p in held.posteriors],
        "sums": by_kind(rows),
        "dates": dates(rows),
        "sums_where_measures_weigh_the_same": equally(rows),
        "bands": {
            who: {k: found[k] for k in ("bands", "holding_the_claim")}
            for who, found in (
                ("held_out", bands([(r.shipped, r.held) for r in rows])),
                ("as_shipped", bands([(r.shipped, r.shipped.ours) for r in rows])),
            )
        },
        "measures": [_measure(m) for m in held.measures],
    }


def _licence(posterior: Posterior) -> dict[str, Any]:
    record = posterior.record
    quantiles = posterior.quantiles().T.tolist()
    return {
        "actor": record.measure.actor,
        "start": record.measure.start,
        "goods": list(record.goods),
        "to": list(record.to),
        "covered": record.covered,
        "months": len(record.seen),
        "nearest": posterior.nearest,
        "tolerance": posterior.tolerance,
        **{
            name.replace(" ", "_"): dict(zip(("low", "median", "high"), q, strict=True))
            for name, q in zip(NAMES, quantiles, strict=True)
        },
    }


def _measure(one: LeftOut) -> dict[str, Any]:
    drawn = None
    if one.pool is not None:
        drawn = {
            name.replace(" ", "_"): {"low": r.low, "median": r.value, "high": r.high}
            for name, r in zip(NAMES, ranges(one.pool), strict=True)
        }
    return {
        "actor": one.measure.actor,
        "start": one.measure.start,
        "episodes": list(one.episodes),
        "licence_of_the_others": drawn,
        "constants": [
            {"constant": name, "value": value, "fallback": other}
            for name, value, other in one.constants
        ],
        "stocks": None if one.cover is None else {"rows": one.stocks, **vars(one.cover)},
        "rows": [
            {
                "id": r.claim.id,
                "claimed": r.shipped.claimed.central,
                "unit": r.shipped.claimed.unit,
                "ours": r.held.central,
                "median": r.held.cases.get(MIDDLE),
                "never": r.held.how == NEVER,
                "band": None
                if r.held.band is None
                else dict(zip(("low", "high"), r.held.band, strict=True)),
                "as_shipped": answer(r, SHIPPED),
                "naive": dict(r.held.naive),
            }
            for r in one.rows
        ],
    }
