"""The road from fixed proportions to the central answer: what each mechanism takes off a loss."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from supplychain.beside import Road
from supplychain.figures.canvas import (
    BLUE,
    GREY,
    INK,
    MARGIN,
    NORMAL,
    ORANGE,
    PALE,
    SMALL,
    Drawing,
    Row,
    Words,
    halo,
    page,
    styled,
    width_of,
)
from supplychain.figures.words import listed, scenario_words, source_line, spoken
from supplychain.result import Result

_STEP = 0.27
_GAP = 0.45
_AXIS = 0.35
_LEAST = 5e-4
_MOST_PANELS = 4


@styled
def waterfall(result: Result) -> Drawing:
    """One panel per sector (those with the largest loss in dollars): bars from loss to loss.

    Steps that move no sector shown by 0.05 % of exports or more are left out and named.

    Raises:
        ValueError: the result was not asked for its mechanisms, or nothing is lost in any step.
    """
    road = result.mechanisms
    if road is None or not road.sectors:
        raise ValueError("simulate with Effort(mechanisms=True) a scenario that costs exports")
    worth = [
        max(s.share[k] for s in road.steps) * usd for k, (_, _, usd) in enumerate(road.sectors)
    ]
    chosen = sorted(range(len(worth)), key=lambda k: (-worth[k], k))[:_MOST_PANELS]
    visible, silent = _visible(road, chosen)
    labels = [road.steps[i].name for i in visible] + ["adaptive case"]
    left = max((width_of(label, NORMAL) for label in labels), default=1.0) + 0.15
    height = _STEP * len(labels) + _AXIS
    width = 9.5
    each = (width - 2 * MARGIN - left - _GAP * (len(chosen) - 1)) / max(len(chosen), 1)
    sheet = page(_words(result, silent), width, height + 0.3)
    for number, k in enumerate(chosen):
        axes = sheet.axes(MARGIN + left + number * (each + _GAP), 0.3, each, height - _AXIS)
        country, sector, _ = road.sectors[k]
        _panel(axes, [road.steps[i].share[k] for i in (*visible, -1)])
        axes.set_title(f"{country} {spoken(sector)}", fontsize=SMALL, loc="left", color=INK, pad=4)
        if number == 0:
            axes.set_yticks(range(len(labels)), labels, fontsize=NORMAL)
        else:
            axes.set_yticks(range(len(labels)), [""] * len(labels))
    return Drawing(sheet.figure, _rows(road), "mechanisms")


def _visible(road: Road, chosen: Sequence[int]) -> tuple[list[int], list[str]]:
    """The first step, those that move a chosen sector, and the names of the others."""
    found, silent = [0], []
    for i in range(1, len(road.steps)):
        before, after = road.steps[i - 1].share, road.steps[i].share
        if any(abs(before[k] - after[k]) >= _LEAST for k in chosen):
            found.append(i)
        else:
            silent.append(road.steps[i].name)
    return found, silent


def _panel(axes: Axes, losses: Sequence[float]) -> None:
    """Bars from one loss to the next; the first and the last stand on zero."""
    most = max(*losses, 1e-9) * 100
    axes.set_xlim(0, most * 1.28)
    axes.set_ylim(len(losses) - 0.5, -0.5)
    last = len(losses) - 1
    for i, loss in enumerate(losses):
        end, start = 100 * loss, 100 * losses[i - 1] if i else 0.0
        whole = i in {0, last}
        low, high = (0.0, end) if whole else (min(start, end), max(start, end))
        colour = BLUE if whole else (ORANGE if end > start else GREY)
        axes.barh(i, high - low, left=low, height=0.62, color=colour, linewidth=0)
        if i and not whole:
            axes.plot([start, start], [i - 0.69, i - 0.31], color=PALE, linewidth=0.8)
        place, said = max(low, high) + most * 0.03, f"{end:.1f}"
        axes.text(place, i, said, va="center", fontsize=SMALL, path_effects=halo())
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("% of exports lost", fontsize=SMALL, color=GREY)


def _rows(road: Road) -> tuple[Row, ...]:
    """Every step and sector, elasticities too."""
    return tuple(
        {
            "country": country,
            "sector": sector,
            "step": step.name,
            "loss_share": step.share[k],
        }
        for step in (*road.steps, *road.elasticities)
        for k, (country, sector, _) in enumerate(road.sectors)
    )


def _words(result: Result, silent: Sequence[str]) -> Words:
    """What stands around the picture."""
    idle = f" No visible part: {listed(silent)}." if silent else ""
    return Words(
        "What does each mechanism take off the loss?",
        scenario_words(result),
        "Each row adds one mechanism to those above it. What a "
        f"mechanism adds depends on the order.{idle}",
        source_line(result),
    )
