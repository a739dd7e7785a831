"""Which assumptions would give a stated loss, and where the pack's own figures stand."""

from collections.abc import Sequence

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator
from matplotlib.transforms import Bbox

from supplychain.figures.canvas import (
    INK,
    MARGIN,
    NORMAL,
    RED,
    SMALL,
    Drawing,
    Words,
    halo,
    page,
    plain,
    styled,
)
from supplychain.figures.key import Sign, key
from supplychain.figures.words import per_cent, scenario_words, source_line, spoken
from supplychain.result import Result
from supplychain.sensitivity.match import NO_PROOF, Match, Plane, percent

_WIDTH = 9.5
_HIGH = 3.4
_LEFT = 0.75
_LEVELS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8)
_DAYS = (1, 3, 7, 15, 30, 60, 120, 250)
_FADED = 50.0
"""A level below the largest loss by more than this has no line: the lines would crowd."""
_EDGE = 0.02
"""Part of a panel's width: a label nearer to an edge would be cut."""
_DOT = "#f5c000"


@styled
def level_curves(result: Result, found: Match) -> Drawing:
    """One panel per pair of assumptions: losses as shades, the stated loss as a line.

    The dot is the pack's (the scenario's) own pair, the dashed box its range of both.
    """
    signs = [
        Sign("dot", _DOT, "central figures"),
        Sign("range", INK, "10-90 % range of both figures"),
    ]
    if any(plane.points for plane in found.planes):
        signs.insert(0, Sign("line", RED, f"a loss of {percent(found.target)}"))
    start = key(None, signs, _WIDTH - 2 * MARGIN) + 0.15
    sheet = page(_words(result, found), _WIDTH, start + (_HIGH + 0.55 if found.planes else 0))
    if found.planes:
        key(sheet, signs, _WIDTH - 2 * MARGIN)
    wide = (_WIDTH - 2 * MARGIN) / max(len(found.planes), 1)
    for k, plane in enumerate(found.planes):
        axes = sheet.axes(MARGIN + k * wide + _LEFT, start, wide - _LEFT - 0.15, _HIGH)
        _panel(axes, plane, found.target)
    return Drawing(sheet.figure, tuple(found.rows()), "level_curves")


def _panel(axes: Axes, plane: Plane, target: float) -> None:
    """Losses of one plane, the line of the target, the pack's point and its range."""
    losses = np.array(plane.losses)
    xs, ys = np.array(plane.xs), np.array(plane.ys)
    levels = [v for v in _LEVELS if losses.max() / _FADED < v < losses.max()]
    colours = colormaps["Blues"](np.linspace(0.04, 0.75, len(levels) + 1))
    labels: list[Text] = []
    if levels:
        axes.contourf(xs, ys, losses, levels=[0.0, *levels, 1.0], colors=colours)
        lines = axes.contour(xs, ys, losses, levels=levels, colors="white", linewidths=0.7)
        found = axes.clabel(lines, fmt=lambda v: f"{per_cent(v)} %", fontsize=SMALL, colors=INK)
        labels += found or ()
        for label in labels:
            label.set_path_effects([*halo(width=1.5)])
    if losses.min() < target < losses.max():
        axes.contour(xs, ys, losses, levels=[target], colors=[RED], linewidths=2.2)
    _frame(axes, plane)
    _tidy(axes, labels)
    x, y = plane.x, plane.y
    axes.add_patch(
        Rectangle(
            (x.low, y.low),
            x.high - x.low,
            y.high - y.low,
            fill=False,
            edgecolor=INK,
            linewidth=1.6,
            linestyle=(0, (4, 2)),
            clip_on=False,
            zorder=5,
        )
    )
    axes.plot(
        [x.central],
        [y.central],
        "o",
        color=_DOT,
        markeredgecolor=INK,
        markersize=7,
        zorder=6,
        clip_on=False,
    )


def _tidy(axes: Axes, labels: Sequence[Text]) -> None:
    """Keep the labels that the panel has room for, those of the largest losses first."""
    kept: list[Bbox] = []
    inside = axes.get_window_extent()
    room = inside.padded(-_EDGE * inside.width)
    for label in reversed(labels):
        box = label.get_window_extent()
        fits = room.contains(box.x0, box.y0) and room.contains(box.x1, box.y1)
        label.set_visible(fits and not any(box.overlaps(other) for other in kept))
        if label.get_visible():
            kept.append(box)


def _frame(axes: Axes, plane: Plane) -> None:
    """What the axes say: shares in per cent, days on a scale of ratios, whole months."""
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{100 * v:.0f}"))
    axes.set_xlim(0, 1)
    if plane.y.unit == "days":
        axes.set_yscale("log")
        days = [d for d in _DAYS if plane.ys[0] <= d <= plane.ys[-1]]
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(days, [str(d) for d in days])
    axes.set_ylim(plane.ys[0], plane.ys[-1])
    axes.set_xlabel(plain(f"{spoken(plane.x.name)}, % {plane.x.unit}"), fontsize=NORMAL)
    axes.set_ylabel(plain(f"{spoken(plane.y.name)}, {plane.y.unit}"), fontsize=NORMAL)


def _words(result: Result, found: Match) -> Words:
    """Title, scenario, caption and sources."""
    title = (
        f"Which assumptions would cost {found.country} {spoken(found.sector)} "
        f"{percent(found.target)} of its exports?"
    )
    said = (
        f"Shades: loss in % of the sector's exports over {result.resolved.months} months "
        f"(adaptive case), all else central; at central figures {per_cent(found.loss_share)} %."
    )
    caption = " ".join((said, *found.sentences(), NO_PROOF))
    return Words(title, scenario_words(result, hardest=True), caption, source_line(result))
