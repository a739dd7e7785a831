"""How much a sector would lose if the measure were milder or harder, shorter or longer."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from supplychain.figures.canvas import INK, MARGIN, NORMAL, RED, Drawing, Words, page, styled
from supplychain.figures.heat import heat
from supplychain.figures.key import Sign, key
from supplychain.figures.words import per_cent, scenario_words, source_line, spoken
from supplychain.result import Result
from supplychain.twoway import TimeCell, severity_duration_table
from supplychain.world import World

_WIDTH = 9.5
_CELL = 0.4
_LEFT = 0.95


@styled
def severity_duration(world: World, result: Result, country: str, sector: str) -> Drawing:
    """Heat map of the adaptive loss over severity and duration.

    The scenario's own cell is outlined; the dashed box is its range of severities.

    Raises:
        KeyError: the country has no such sector.
        ScenarioError: no restriction of the scenario has a severity.
    """
    cells = severity_duration_table(world, result.resolved.scenario, country, sector)
    severities = list(dict.fromkeys(c.severity for c in cells))
    months = list(dict.fromkeys(c.months for c in cells))
    signs = [Sign("box", INK, "the scenario's own severity and duration")] if cells else []
    if cells and cells[0].severity_low < cells[0].severity_high:
        signs.append(Sign("range", RED, "10-90 % range of the scenario's severity"))
    start = key(None, signs, _WIDTH - 2 * MARGIN) + 0.12
    high = _CELL * len(months)
    sheet = page(_words(result, country, sector, cells), _WIDTH, start + high + 0.5 if cells else 0)
    if cells:
        key(sheet, signs, _WIDTH - 2 * MARGIN)
        axes = sheet.axes(MARGIN + _LEFT, start, _WIDTH - 2 * MARGIN - _LEFT - 0.1, high)
        heat(axes, np.array([c.loss_share for c in cells]).reshape(len(months), len(severities)))
        axes.set_xticks(range(len(severities)), [f"{per_cent(s)} %" for s in severities])
        axes.set_yticks(range(len(months)), [str(m) for m in months])
        axes.set_xlabel("severity: share of baseline exports withheld", fontsize=NORMAL)
        axes.set_ylabel("months in force", fontsize=NORMAL)
        _boxes(axes, severities, months, next(c for c in cells if c.central))
    rows = tuple({k: int(v) if k == "central" else v for k, v in vars(c).items()} for c in cells)
    return Drawing(sheet.figure, rows, "severity_duration")


def _boxes(axes: Axes, severities: Sequence[float], months: Sequence[int], own: TimeCell) -> None:
    """The scenario's own cell, and its range of severities."""
    x, y = severities.index(own.severity) - 0.5, months.index(own.months) - 0.5
    axes.add_patch(
        Rectangle((x, y), 1, 1, fill=False, edgecolor=INK, linewidth=2.2, zorder=4, clip_on=False)
    )
    if own.severity_low == own.severity_high:
        return
    left, right = (severities.index(s) for s in (own.severity_low, own.severity_high))
    axes.add_patch(
        Rectangle(
            (left - 0.5, y),
            right - left + 1,
            1,
            fill=False,
            edgecolor=RED,
            linewidth=2.4,
            linestyle=(0, (4, 2)),
            zorder=5,
            clip_on=False,
        )
    )


def _words(result: Result, country: str, sector: str, cells: tuple[TimeCell, ...]) -> Words:
    """Title, scenario, caption and sources."""
    title = f"How much would {country} {spoken(sector)} lose under another measure?"
    caption = "The restriction does not reach this sector: nothing is drawn."
    if cells:
        own = next(c for c in cells if c.central)
        caption = (
            f"Each cell: loss in % of the sector's exports over {result.resolved.months} months "
            f"(adaptive case), all else central. As the scenario states it ("
            f"{per_cent(own.severity)} % withheld, {own.months} months in force) "
            f"{per_cent(own.loss_share)} %. A licence withholds its severity after its ramp. The "
            "steps of the axes are not even."
        )
    return Words(title, scenario_words(result, hardest=True), caption, source_line(result))
