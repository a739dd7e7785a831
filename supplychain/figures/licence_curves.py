"""Months on record of every licence beside what all other licences lead one to expect."""

import numpy as np
from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    BLUE,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    SKY,
    SMALL,
    TINY,
    Drawing,
    Words,
    page,
    styled,
)
from supplychain.figures.key import Sign, key
from supplychain.validation import Scoreboard
from supplychain.validation.fit import Array, Posterior, ceilings, pooled
from supplychain.validation.licences import HORIZON, Record

_WIDTH, _ACROSS, _HIGH, _GAP = 9.5, 4, 1.25, 0.75
_MOST = 2.0
_MONTHS = np.arange(1, HORIZON + 1)


@styled
def licence_curves(board: Scoreboard) -> Drawing:
    """One panel per flow under a licence: share of normal in each month, and three curves.

    Raises:
        ValueError: no licence is on record, or nothing was held out.
    """
    if board.held_out is None or not board.held_out.posteriors:
        raise ValueError("no licence was held out")
    found = board.held_out.posteriors
    signs = [
        Sign("bar", SKY, "expected from all other licences, 10-90 %"),
        Sign("line", BLUE, "its median"),
        Sign("dash", ORANGE, "fitted to the record itself"),
        Sign("dot", INK, "observed"),
    ]
    inner = _WIDTH - 2 * MARGIN
    start = key(None, signs, inner) + 0.45
    lines = -(-len(found) // _ACROSS)
    sheet = page(_words(board), _WIDTH, start + lines * (_HIGH + _GAP) - 0.1)
    key(sheet, signs, inner)
    wide = inner / _ACROSS
    rows: list[dict[str, str | float | int | None]] = []
    for n, posterior in enumerate(found):
        x, y = MARGIN + n % _ACROSS * wide, start + n // _ACROSS * (_HIGH + _GAP)
        measure = posterior.record.measure
        sheet.say(x + 0.05, y - 0.33, f"{measure.actor} {measure.start[:7]}", fontsize=TINY)
        sheet.say(x + 0.05, y - 0.19, posterior.record.name, fontsize=TINY, fontweight="bold")
        axes = sheet.axes(x + 0.3, y, wide - 0.42, _HIGH)
        others = pooled(found, measure)
        rows += _panel(axes, posterior, others)
    return Drawing(sheet.figure, tuple(rows), "licence_curves")


def _curves(record: Record, laws: Array) -> Array:
    """Low, median and high share of normal of the whole flow in each month, (3, T)."""
    flow = 1.0 - record.covered * (1.0 - ceilings(laws, HORIZON))
    return np.asarray(np.quantile(flow, (0.1, 0.5, 0.9), axis=1))


def _panel(
    axes: Axes, posterior: Posterior, others: Array
) -> list[dict[str, str | float | int | None]]:
    """Draw one flow; its rows."""
    record = posterior.record
    own = _curves(record, posterior.laws)[1]
    low, middle, high = _curves(record, others) if len(others) else np.full((3, HORIZON), np.nan)
    axes.fill_between(_MONTHS, low, np.minimum(high, _MOST), color=SKY, alpha=0.6, linewidth=0)
    axes.plot(_MONTHS, middle, color=BLUE, linewidth=1.6)
    axes.plot(_MONTHS, own, color=ORANGE, linewidth=1.4, linestyle=(0, (3, 2)))
    axes.axhline(1.0, color=GREY, linewidth=0.6)
    for seen in record.seen:
        if seen.first == seen.last:
            axes.plot([seen.first], [min(seen.ratio, _MOST)], "o", color=INK, markersize=3.5)
        else:  # a sum over months: its mean, as a line over them
            axes.plot([max(seen.first, 1), seen.last], [seen.ratio] * 2, color=INK, linewidth=2.2)
    axes.set_xlim(0.5, HORIZON + 0.5)
    axes.set_ylim(-0.05, _MOST)
    axes.set_xticks([1, 4, 7, 10], ["1", "4", "7", "10"], fontsize=SMALL)
    axes.set_yticks([0, 1, 2], ["0", "1", "2"], fontsize=SMALL)
    single = {s.first: s.ratio for s in record.seen if s.first == s.last}
    return [
        {
            "licence": f"{record.measure.actor} {record.measure.start}",
            "flow": record.name,
            "month": int(month),
            "observed": single.get(int(month)),
            "others_low": float(low[k]),
            "others_median": float(middle[k]),
            "others_high": float(high[k]),
            "own_fit": float(own[k]),
        }
        for k, month in enumerate(_MONTHS)
    ]


def _words(board: Scoreboard) -> Words:
    """Title, what is drawn, what it cannot show, source."""
    return Words(
        "Could each licence have been foreseen from all the others?",
        "Share of normal that a flow under a licence reaches, by month of the licence. Expected: "
        "the law of a licence with dead time, ramp, share withheld and headroom of all other "
        "measures on record.",
        "A thick black line is a mean over several months. Of a flow that the licence covers in "
        "part, the rest stands at normal. Buying ahead before a licence is not drawn.",
        f"Source: pack {board.pack} {board.version} (sha256 {board.sha256[:8]}), episodes.csv.",
    )
