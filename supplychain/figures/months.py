"""When the loss comes: by month and sector, beside the stock of what binds."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MARGIN,
    NORMAL,
    ORANGE,
    PALE,
    RED,
    SKY,
    SMALL,
    TINY,
    Drawing,
    Page,
    Row,
    Words,
    line_height,
    page,
    styled,
    width_of,
    wrap,
)
from supplychain.figures.key import Sign, key
from supplychain.figures.words import (
    is_hit,
    listed,
    percents,
    scenario_words,
    source_line,
    spoken,
)
from supplychain.result import Result, SectorLoss, Trace
from supplychain.vocabulary import MONTHS_PER_YEAR

MOST_SECTORS = 6

_WIDTH = 10.0
_HEAD = 0.42
_HIGH = 1.05
_ROOM = 3.95
_ALIKE = 0.02  # months: two lines nearer than this would hide each other
_STEP = _HEAD + _HIGH + 0.35
_LOOKS = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (INK, ":"), (SKY, "-"))


@styled
def months(result: Result, country: str) -> Drawing:
    """Losses of each month (adaptive and frozen), and the stock of the binding input, by sector.

    Raises:
        KeyError: the country is not in focus.
    """
    mine = [s for s in result.losses if s.country == country]
    if not mine:
        raise KeyError(
            f"{country} is not in focus; this result holds {', '.join(result.resolved.focus)}"
        )
    hit = sorted((s for s in mine if is_hit(s)), key=lambda s: (-s.usd("frozen"), s.sector))
    drawn = hit[:MOST_SECTORS]
    signs = _signs(drawn)
    inner = _WIDTH - 2 * MARGIN
    start = key(None, signs, inner) + 0.1
    left_out = wrap(_left_out(mine, hit), inner)
    body = start + len(drawn) * _STEP + (0.2 if drawn else 0.0)
    body += line_height(SMALL, left_out.count("\n") + 1) if left_out else 0.0
    sheet = page(_words(result, country, drawn), _WIDTH, body)
    key(sheet, signs, inner)
    top = max((100 * v for s in drawn for values in s.monthly.values() for v in values), default=1)
    for place, loss in enumerate(drawn):
        _sector(sheet, start + place * _STEP, loss, result, top, last=place == len(drawn) - 1)
    if left_out:
        sheet.say(
            MARGIN, start + len(drawn) * _STEP + (0.2 if drawn else 0.0), left_out, color=GREY
        )
    return Drawing(sheet.figure, _rows(result, mine), "months")


def _rows(result: Result, mine: Sequence[SectorLoss]) -> tuple[Row, ...]:
    """Month by month: losses of every sector, stock and stopped plants of every hit slice."""
    rows: list[Row] = []
    for loss in mine:
        for case, values in loss.monthly.items():
            rows += [
                {
                    "country": loss.country,
                    "sector": loss.sector,
                    "what": "loss_share",
                    "case": case,
                    "segment": "",
                    "input": "",
                    "month": month,
                    "value": value,
                }
                for month, value in enumerate(values, 1)
            ]
    wanted = {(s.country, s.sector) for s in mine}
    for trace in result.traces:
        if (trace.country, trace.sector) in wanted:
            for what in ("stock", "stopped"):
                rows += [
                    {
                        "country": trace.country,
                        "sector": trace.sector,
                        "what": what,
                        "case": "adaptive",
                        "segment": trace.segment,
                        "input": trace.product,
                        "month": month,
                        "value": value,
                    }
                    for month, value in enumerate(getattr(trace, what), 1)
                ]
    return tuple(rows)


def _sector(
    sheet: Page, y: float, loss: SectorLoss, result: Result, top: float, *, last: bool
) -> None:
    """One sector: its losses at the left, its stocks at the right."""
    place = (loss.country, loss.sector)
    traces = [t for t in result.traces if (t.country, t.sector) == place]
    count = len(loss.monthly["adaptive"])
    stop = None if loss.first_stop_day is None else loss.first_stop_day / result.days_per_month
    said = (
        "no plant stops"
        if loss.first_stop_day is None
        else (f"first plants stop on day {loss.first_stop_day:.0f}")
    )
    band = f"band of the whole loss {percents(*loss.band)} of exports"
    sheet.say(MARGIN, y, spoken(loss.sector), fontsize=NORMAL, fontweight="bold")
    sheet.say(MARGIN, y + 0.17, f"{said}; {band}", color=GREY, fontsize=TINY)
    left = sheet.axes(MARGIN + 0.45, y + _HEAD, 4.0, _HIGH)
    _losses(left, loss, top)
    right = sheet.axes(MARGIN + 5.25, y + _HEAD, _ROOM, _HIGH)
    _stocks(sheet, right, y, traces)
    for axes in (left, right):
        axes.set_xlim(0, count)
        axes.set_xticks(range(0, count + 1, 1 if count <= 2 * MONTHS_PER_YEAR else 6))
        axes.grid(axis="y", color=PALE, linewidth=0.6)
        axes.set_axisbelow(True)
        if stop is not None:
            axes.axvline(stop, color=RED, linewidth=1.1, linestyle=(0, (1, 1)))
        if last:
            axes.set_xlabel("months from the start", fontsize=SMALL, color=INK)


def _losses(axes: Axes, loss: SectorLoss, top: float) -> None:
    """Both cases month by month."""
    edges = np.arange(len(loss.monthly["adaptive"]) + 1)
    adaptive, frozen = (100 * np.array(loss.monthly[case]) for case in ("adaptive", "frozen"))
    axes.stairs(adaptive, edges, fill=True, color=BLUE, alpha=0.25, linewidth=0)
    axes.stairs(adaptive, edges, color=BLUE, linewidth=1.6, baseline=None)
    axes.stairs(frozen, edges, color=INK, linewidth=1.2, linestyle=(0, (3, 2)), baseline=None)
    low = min(float(adaptive.min()), float(frozen.min()), 0.0)
    own = max(float(adaptive.max()), float(frozen.max()), 0.02 * top)
    axes.set_ylim(low * 1.1, own * 1.12)
    axes.axhline(0, color=GREY, linewidth=0.7)
    axes.set_ylabel("loss, %", fontsize=SMALL, color=INK)


def _stocks(sheet: Page, axes: Axes, y: float, traces: Sequence[Trace]) -> None:
    """One line per different stock; slices with the same stock share a line."""
    lines: dict[tuple[float, ...], list[str]] = {}
    for trace in traces:
        near = (s for s in lines if np.allclose(s, trace.stock, rtol=0.0, atol=_ALIKE))
        lines.setdefault(next(near, trace.stock), []).append(trace.product)
    axes.set_ylabel("stock, months", fontsize=SMALL, color=INK)
    most = max((v for stock in lines for v in stock), default=0.0)
    axes.set_ylim(0, most * 1.12 or 1.0)
    at, above = 0.0, 0.17
    for number, (stock, products) in enumerate(lines.items()):
        colour, look = _LOOKS[number % len(_LOOKS)]
        axes.plot(
            range(1, len(stock) + 1),
            stock,
            color=colour,
            linestyle=look,
            linewidth=1.6,
            marker="o",
            markersize=2.5,
            clip_on=False,
        )
        name = f"{'' if number else 'stock of '}{_named(products)}"
        if at and at + width_of(name, TINY) > _ROOM:
            at, above = 0.0, above - 0.13
        sheet.say(MARGIN + 5.25 + at, y + above, name, color=colour, fontsize=TINY)
        at += width_of(name, TINY) + 0.15
    if not lines:
        axes.set_yticks([])
        axes.text(
            0.5,
            0.5,
            "no stock runs low (adaptive)",
            transform=axes.transAxes,
            fontsize=SMALL,
            color=GREY,
            ha="center",
            va="center",
        )


def _named(products: Sequence[str]) -> str:
    """The inputs of one line: the first, and how many slices share its course."""
    names = list(dict.fromkeys(products))
    more = f" and {len(names) - 1} more alike" if len(names) > 1 else ""
    slices = f" ({len(products)} segments)" if len(products) > 1 else ""
    return f"{spoken(names[0])}{more}{slices}"


def _signs(drawn: Sequence[SectorLoss]) -> list[Sign]:
    """The key: only what is drawn."""
    if not drawn:
        return []
    signs = [Sign("line", BLUE, "loss, adaptive case"), Sign("dash", INK, "loss, frozen case")]
    if any(s.first_stop_day is not None for s in drawn):
        signs.append(Sign("dots", RED, "first plants out of stock (adaptive)"))
    return signs


def _left_out(mine: Sequence[SectorLoss], hit: Sequence[SectorLoss]) -> str:
    """Sectors that are not drawn."""
    parts = []
    if hit[MOST_SECTORS:]:
        parts.append(
            f"Smaller losses, in the CSV: {listed([spoken(s.sector) for s in hit[MOST_SECTORS:]])}."
        )
    spared = [spoken(s.sector) for s in mine if not is_hit(s)]
    if spared:
        parts.append(f"No loss in any month: {listed(spared)}.")
    return " ".join(parts)


def _words(result: Result, country: str, drawn: Sequence[SectorLoss]) -> Words:
    """Title, scenario, caption and sources."""
    if drawn:
        caption = (
            "Left: missing exports of each month over that month's baseline, each sector on its "
            "own scale (below zero: catching up). Right: mean stock of the input that is "
            "tightest at its own plants, at the end of each month, in months of need (adaptive "
            "case); plants differ, so some stop while the mean is above zero. One path at central "
            "values: the band holds for the whole period."
        )
    else:
        caption = f"No sector of {country} loses exports in any month: nothing is drawn."
    return Words(
        f"When do the losses of {country} come, and when do stocks run out?",
        scenario_words(result, hardest=True),
        caption,
        source_line(result),
    )
