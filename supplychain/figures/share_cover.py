"""How much a sector would lose if its affected share or its stock were other than the pack says."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from supplychain.figures.canvas import (
    INK,
    MARGIN,
    NORMAL,
    RED,
    Drawing,
    Words,
    page,
    plain,
    styled,
)
from supplychain.figures.heat import heat
from supplychain.figures.key import Sign, key
from supplychain.figures.words import per_cent, percents, scenario_words, source_line, spoken
from supplychain.result import Result
from supplychain.twoway import Cell, share_cover_table
from supplychain.world import World

_WIDTH = 9.5
_CELL = 0.4
_LEFT = 0.95


@styled
def share_cover(world: World, result: Result, country: str, sector: str) -> Drawing:
    """Heat map of the adaptive loss over affected share and median cover.

    The central cell is outlined; the dashed box is the pack's 10-90 % range of both figures.

    Raises:
        KeyError: the country has no such sector.
    """
    cells = share_cover_table(world, result.resolved.scenario, country, sector)
    covers = list(dict.fromkeys(c.cover_days for c in cells))
    affected = list(dict.fromkeys(c.affected_share for c in cells))
    signs = (
        [
            Sign("box", INK, "central values of the pack"),
            Sign("range", RED, "10-90 % range of both figures in the pack"),
        ]
        if cells
        else []
    )
    start = key(None, signs, _WIDTH - 2 * MARGIN) + 0.12
    high = _CELL * len(affected)
    sheet = page(
        _words(result, country, sector, cells), _WIDTH, start + (high + 0.5 if cells else 0)
    )
    if cells:
        key(sheet, signs, _WIDTH - 2 * MARGIN)
        axes = sheet.axes(MARGIN + _LEFT, start, _WIDTH - 2 * MARGIN - _LEFT - 0.1, high)
        losses = np.array([c.loss_share for c in cells]).reshape(len(affected), len(covers))
        heat(axes, losses)
        _frame(axes, covers, affected, cells[0])
        _boxes(axes, covers, affected, next(c for c in cells if c.central))
    return Drawing(
        sheet.figure,
        tuple({k: int(v) if k == "central" else v for k, v in vars(c).items()} for c in cells),
        "share_cover",
    )


def _frame(axes: Axes, covers: Sequence[float], affected: Sequence[float], cell: Cell) -> None:
    """What the axes say."""
    axes.set_xticks(range(len(covers)), [f"{c:.3g}" for c in covers])
    axes.set_yticks(range(len(affected)), [f"{per_cent(a)} %" for a in affected])
    axes.set_xlabel(plain(f"median stock cover of {spoken(cell.input)}, days"), fontsize=NORMAL)
    axes.set_ylabel("affected share of exports", fontsize=NORMAL)


def _boxes(axes: Axes, covers: Sequence[float], affected: Sequence[float], cell: Cell) -> None:
    """The central cell, and the cells from the low to the high of both figures."""
    x, y = covers.index(cell.cover_days), affected.index(cell.affected_share)
    axes.add_patch(
        Rectangle((x - 0.5, y - 0.5), 1, 1, fill=False, edgecolor=INK, linewidth=2.2, zorder=4)
    )
    left, right = covers.index(cell.cover_low) - 0.5, covers.index(cell.cover_high) + 0.5
    below, above = affected.index(cell.share_low) - 0.5, affected.index(cell.share_high) + 0.5
    axes.add_patch(
        Rectangle(
            (left, below),
            right - left,
            above - below,
            fill=False,
            edgecolor=RED,
            linewidth=2.4,
            linestyle=(0, (4, 2)),
            zorder=5,
            clip_on=False,
        )
    )


def _words(result: Result, country: str, sector: str, cells: Sequence[Cell]) -> Words:
    """Title, scenario, caption and sources."""
    title = f"How much would {country} {spoken(sector)} lose with another share or another stock?"
    if not cells:
        caption = "The restriction does not reach this sector: nothing is drawn."
        return Words(title, scenario_words(result, hardest=True), caption, source_line(result))
    c = next(c for c in cells if c.central)
    inside = [
        k.loss_share
        for k in cells
        if c.cover_low <= k.cover_days <= c.cover_high
        and c.share_low <= k.affected_share <= c.share_high
    ]
    caption = (
        f"Each cell: loss in % of the sector's exports over {result.resolved.months} months "
        f"(adaptive case), all else central. At central values ({per_cent(c.affected_share)} % "
        f"affected, {c.cover_days:.3g} days) {per_cent(c.loss_share)} %; inside the pack's range "
        f"of both figures {percents(min(inside), max(inside))}. Cover: median over plants of the "
        "input that is tightest at the sector; other restricted inputs move in proportion. The "
        "steps of the axes are "
        "not even."
    )
    return Words(title, scenario_words(result, hardest=True), caption, source_line(result))
