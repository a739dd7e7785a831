"""The magnet months of 2025 once more: what came, what waited, and who would have stopped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    PALE,
    RED,
    SKY,
    SMALL,
    TINY,
    Drawing,
    Row,
    Words,
    page,
    styled,
    width_of,
)
from supplychain.figures.key import Sign, Stroke, key
from supplychain.figures.words import per_cent, source_line
from supplychain.model.ceilings import backlog_months, stop_month
from supplychain.network.values import Network
from supplychain.result import Result
from supplychain.scenario import LADDER_LICENCE_PARAMETER
from supplychain.world import World

FIRST_YEAR, FIRST_MONTH = 2025, 4
ACTOR, GROUP = "CHN", "ndfeb_magnet"
NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_WIDTH = 10.0
_HIGH = 1.5
_LONG, _SPARE = 8.75, 12
_COVERS = tuple(d for d in range(91))
_LOOKS: tuple[tuple[str, Stroke], ...] = (
    (BLUE, (0, (5, 1))),
    (ORANGE, (0, (3, 1, 1, 1))),
    (GREEN, (0, (1, 1))),
    (SKY, (0, (2, 1))),
    (GREY, (0, (5, 2, 1, 2))),
)


@dataclass(frozen=True)
class _Curve:
    """Stop month over cover for one Chinese share (None where nobody stops)."""

    name: str
    share: float
    stops: tuple[float | None, ...]


@styled
def replay(world: World, result: Result) -> Drawing:
    """Monthly ceiling, backlog, and stop date against cover, on the pack's curve of 2025.

    Arithmetic on an assumed cover, not validation: the curve is the data, the cover is not.
    """
    path = world.network.parameters.series(LADDER_LICENCE_PARAMETER)
    backlog = backlog_months(path)
    curves = [_curve("wholly China-supplied", 1.0, path, result.days_per_month)]
    for country in result.resolved.focus:
        share = chinese_share(world.network, country)
        if share > 0:
            curves.append(_curve(country, share, path, result.days_per_month))
    signs = [
        Sign("line", _look(k)[0], f"{c.name} ({per_cent(c.share)} % from China)", _look(k)[1])
        for k, c in enumerate(curves)
    ]
    inner = _WIDTH - 2 * MARGIN
    strip = key(None, signs, inner)
    below = _HIGH + 1.35
    sheet = page(_words(path, backlog.tolist(), result), _WIDTH, below + strip - 0.1 + 2.3 + 0.45)
    sheet.say(MARGIN, 0, "Let through, months of baseline supply", fontweight="bold")
    _bars(sheet.axes(MARGIN + 0.4, 0.3, 4.1, _HIGH), path, BLUE, 1.0)
    sheet.say(MARGIN + 4.8, 0, "Backlog at the month's end, months of supply", fontweight="bold")
    _bars(sheet.axes(MARGIN + 5.2, 0.3, 4.1, _HIGH), backlog.tolist(), ORANGE, None)
    sheet.say(
        MARGIN,
        below - 0.5,
        "When a plant runs out, by its cover on the first day",
        fontweight="bold",
    )
    key(sheet, signs, inner, below - 0.25)
    _stops(sheet.axes(MARGIN + 0.55, below + strip - 0.1, _LONG, 2.3), curves, len(path))
    return Drawing(sheet.figure, _rows(path, backlog.tolist(), curves), "replay")


def _look(number: int) -> tuple[str, Stroke]:
    """Colour and stroke of a curve; the wholly supplied plant is the first."""
    return _LOOKS[(number - 1) % len(_LOOKS)] if number else (RED, "-")


def chinese_share(network: Network, country: str) -> float:
    """Share of China in what a country uses of magnets (all grades, by weight)."""
    grades = {
        p for p, row in network.products.items() if row["group"] == GROUP or p.startswith(GROUP)
    }
    use = direct = 0.0
    for flow in network.flows:
        slot = network.slots[flow.slot]
        if slot.commodity[0] in grades and network.nodes[slot.node].country == country:
            use += flow.quantity
            direct += flow.quantity if network.nodes[flow.supplier].country == ACTOR else 0.0
    return direct / use if use else 0.0


def _curve(name: str, share: float, path: Sequence[float], days: float) -> _Curve:
    """Stop months over all covers."""
    return _Curve(name, share, tuple(stop_month(d / days, path, share) for d in _COVERS))


def month_name(number: int) -> str:
    """Name of the n-th month of the curve, from 0.

    >>> month_name(0), month_name(9)
    ('Apr 25', 'Jan 26')
    """
    years, month = divmod(FIRST_MONTH - 1 + number, 12)
    return f"{NAMES[month]} {(FIRST_YEAR + years) % 100}"


def _bars(axes: Axes, values: Sequence[float], colour: str, level: float | None) -> None:
    """One bar a month with its figure."""
    axes.bar(range(len(values)), values, color=colour, width=0.7)
    axes.set_xticks(range(len(values)), [month_name(k).split()[0] for k in range(len(values))])
    axes.set_ylim(0, max(values) * 1.2)
    if level is not None:
        axes.axhline(level, color=INK, linewidth=0.9, linestyle=(0, (3, 2)))
    for place, value in enumerate(values):
        axes.text(
            place,
            value + max(values) * 0.02,
            f"{value:.2f}",
            fontsize=TINY,
            color=INK,
            ha="center",
            va="bottom",
        )
    axes.set_ylabel("months", fontsize=SMALL, color=INK)
    axes.set_xlabel(f"month of {FIRST_YEAR}", fontsize=SMALL, color=INK)


def _stops(axes: Axes, curves: Sequence[_Curve], months: int) -> None:
    """Stop date over cover; a curve ends at the cover with which nobody stops."""
    latest, ends = 0.0, []
    for number, curve in enumerate(curves):
        days = [d for d, stop in zip(_COVERS, curve.stops, strict=True) if stop is not None]
        stops = [stop for stop in curve.stops if stop is not None]
        if not days:
            continue
        colour, look = _look(number)
        axes.plot(days, stops, color=colour, linestyle=look, linewidth=1.8)
        axes.plot(days[-1:], stops[-1:], "o", color=colour, markersize=4)
        latest = max(latest, *stops)
        ends.append((days[-1], stops[-1], curve.name))
    _names(axes, ends)
    top = min(months, int(np.ceil(latest)) + 1)
    axes.set_ylim(0, top)
    axes.set_yticks(range(top + 1), [month_name(k) for k in range(top + 1)])
    axes.set_xlim(0, _last_cover_of(ends) + _SPARE)
    axes.grid(color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel(
        "cover of the plant at the start of April 2025, days of use", fontsize=SMALL, color=INK
    )
    axes.set_ylabel("runs out (start of month)", fontsize=SMALL, color=INK)


def _names(axes: Axes, ends: Sequence[tuple[int, float, str]]) -> None:
    """The curves' names above their ends, one line higher where the last one is too near."""
    per_inch = (_last_cover_of(ends) + _SPARE) / _LONG
    free: list[float] = []
    for days, stop, name in sorted(ends):
        half = (width_of(name, TINY) / 2 + 0.05) * per_inch
        line = next((k for k, end in enumerate(free) if end <= days - half), len(free))
        free[line : line + 1] = [days + half]
        axes.annotate(
            name,
            (days, stop),
            xytext=(0, 5 + 10 * line),
            textcoords="offset points",
            fontsize=TINY,
            color=INK,
            ha="center",
            va="bottom",
        )


def _last_cover_of(ends: Sequence[tuple[int, float, str]]) -> int:
    """The largest cover with which anybody stops."""
    return max((days for days, _, _ in ends), default=0)


def _rows(
    path: Sequence[float], backlog: Sequence[float], curves: Sequence[_Curve]
) -> tuple[Row, ...]:
    """Months first, then the stop of every cover and share."""
    rows: list[Mapping[str, str | float | int | None]] = [
        {
            "what": "month",
            "name": month_name(k),
            "month": k + 1,
            "ceiling": value,
            "backlog_months": backlog[k],
            "chinese_share": None,
            "cover_days": None,
            "stop_month": None,
        }
        for k, value in enumerate(path)
    ]
    for curve in curves:
        rows += [
            {
                "what": "stop",
                "name": curve.name,
                "month": None,
                "ceiling": None,
                "backlog_months": None,
                "chinese_share": curve.share,
                "cover_days": days,
                "stop_month": stop,
            }
            for days, stop in zip(_COVERS, curve.stops, strict=True)
        ]
    return tuple(rows)


def _words(path: Sequence[float], backlog: Sequence[float], result: Result) -> Words:
    """Title, what it is not, caption and sources."""
    peak = int(np.argmax(backlog))
    return Words(
        f"What would the {len(path)} months of magnet licences of 2025 have done to a plant?",
        "Arithmetic on an assumed cover, not validation. Ceiling: Chinese magnet exports of each "
        "month over the mean month of 2024, all grades and destinations together.",
        f"The backlog peaks in {month_name(peak)} at {max(backlog):.2f} months of supply: a plant "
        "wholly supplied from China with more cover than that never stops. A plant stops when what "
        "it misses (its Chinese share times what is withheld) has used up its cover; each curve "
        "ends in a dot, and a plant with more cover does not stop.",
        source_line(result),
    )
