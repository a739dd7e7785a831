"""A sector's loss, put together cause by cause."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from supplychain.explained import Contribution, Explanation
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
    plain,
    styled,
    width_of,
    wrap,
)
from supplychain.figures.words import money, per_cent, scenario_words, source_line, spoken
from supplychain.result import Result

_STEP = 0.42
_AXIS = 0.45
_LABEL = 3.4
_WIDTH = 8.5
_MOST = 8
_LEAST = 0.002
_BAR = 0.55
_ROOM = 1.4


@dataclass(frozen=True)
class _Bar:
    """One row: what it is, where it starts and ends (USD), and its colour."""

    label: str
    start: float
    end: float
    share: float
    colour: str


@styled
def causes(result: Result, country: str, sector: str, case: str = "adaptive") -> Drawing:
    """Bars from nothing to the loss, the largest cause first; small causes stand together.

    Raises:
        UnknownNameError: the result does not count that sector.
        ValueError: the sector loses nothing in that case.
    """
    found = result.explain(country, sector, case)
    if not found.contributions:
        raise ValueError(f"{country} {sector} loses nothing in the {case} case: nothing to draw")
    bars = _bars(found)
    labels = [wrap(bar.label, _LABEL, SMALL) for bar in bars]
    left = max(width_of(line) for label in labels for line in label.split("\n")) + 0.15
    high = _STEP * len(bars)
    sheet = page(_words(result, found), _WIDTH, high + _AXIS)
    axes = sheet.axes(MARGIN + left, 0.0, _WIDTH - 2 * MARGIN - left, high)
    _draw(axes, bars)
    axes.set_yticks(range(len(bars)), [plain(label) for label in labels], fontsize=SMALL)
    name = f"causes-{found.country}-{found.sector}"
    return Drawing(sheet.figure, _rows(found), name)


def _bars(found: Explanation) -> list[_Bar]:
    """Large causes, small ones together, and the whole."""
    large = [c for c in found.contributions if c.share >= _LEAST][:_MOST]
    small = found.contributions[len(large) :]
    bars: list[_Bar] = []
    at = 0.0
    for c in large:
        colour = BLUE if c.kind == "restriction" else ORANGE
        bars.append(_Bar(_said(c), at, at + c.usd, c.share, colour))
        at += c.usd
    if small:
        usd, share = sum(c.usd for c in small), sum(c.share for c in small)
        many = f"{len(small)} smaller causes" if len(small) > 1 else "a smaller cause"
        bars.append(_Bar(many, at, at + usd, share, GREY))
    return [*bars, _Bar("loss", 0.0, found.loss_usd, 1.0, INK)]


def _said(c: Contribution) -> str:
    """A cause and who misses it."""
    if c.kind != "restriction":
        return spoken(c.cause).replace(":", " ")
    country, _, name = c.user.partition(":")
    made = f" made in {c.country}" if c.country != c.actor else ""
    missed = f", missed most by {country} {spoken(name)}" if c.user else ""
    verb = "taxes" if c.instrument == "tax" else "withholds"
    return f"{c.actor} {verb} {spoken(c.product)}{made}{missed}"


def _draw(axes: Axes, bars: Sequence[_Bar]) -> None:
    """Bars one below the other, each starting where the one before ended."""
    most = bars[-1].end
    axes.set_xlim(0, most * _ROOM)
    axes.set_ylim(len(bars) - 0.5, -0.5)
    size, unit = (1e9, "bn") if most >= 1e9 else (1e6, "million")  # noqa: PLR2004
    for i, bar in enumerate(bars):
        axes.barh(i, bar.end - bar.start, left=bar.start, height=_BAR, color=bar.colour)
        if i and bar.start:
            axes.plot([bar.start] * 2, [i - 1 + _BAR / 2, i - _BAR / 2], color=PALE, linewidth=0.8)
        said = f"{money(bar.end - bar.start)}, {per_cent(bar.share)} %"
        place = bar.end + most * 0.015
        axes.text(place, i, plain(said), va="center", fontsize=SMALL, path_effects=halo())
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / size:g}")
    axes.locator_params(axis="x", nbins=5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(f"{unit} USD of exports lost", fontsize=NORMAL, color=GREY)


def _rows(found: Explanation) -> tuple[Row, ...]:
    """Every cause."""
    return tuple(
        {
            "country": found.country,
            "sector": found.sector,
            "case": found.case,
            "cause": c.cause,
            "kind": c.kind,
            "origin_country": c.country,
            "product": c.product,
            "most_missed_by": c.user,
            "share": c.share,
            "usd": c.usd,
        }
        for c in found.contributions
    )


def _words(result: Result, found: Explanation) -> Words:
    """What stands around the picture."""
    case = "without adaptation" if found.case == "frozen" else "central case, with adaptation"
    loss = f"{per_cent(found.loss_share)} % of exports ({money(found.loss_usd)})"
    return Words(
        f"What makes {found.country} {spoken(found.sector)} lose {loss}?",
        f"{scenario_words(result, hardest=True)}; {case}",
        "Every lost dollar lands on the measure that withholds the missing goods, however far "
        "upstream; causes add up to the loss. Inputs that bind together share it equally.",
        source_line(result),
    )
