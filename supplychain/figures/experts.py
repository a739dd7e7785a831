"""Why experts differ, as a picture: what others state through bars of our own rules."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    BLUE,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    SKY,
    SMALL,
    Drawing,
    Words,
    page,
    styled,
)
from supplychain.validation import Scoreboard
from supplychain.validation.experts import RULES, Experts
from supplychain.validation.experts import experts as put_together

_WIDTH, _BAR, _LEFT, _ABOVE = 9.5, 0.34, 2.9, 0.19


@styled
def experts(board: Scoreboard, country: str) -> Drawing:
    """GDP losses that others state for one country beside what our data give under each rule.

    Raises:
        ValueError: nobody's claim on the GDP of this country is answered.
    """
    found = put_together(board, country)
    if found is None:
        raise ValueError(f"no answered claim on the GDP of {country}")
    high, above = _BAR * len(found.lost), _ABOVE * len(found.stated) + 0.1
    sheet = page(_words(board, found), _WIDTH, high + above + 0.55)
    axes = sheet.axes(MARGIN + _LEFT, 0.05 + above, _WIDTH - 2 * MARGIN - _LEFT - 0.5, high)
    most = max(*found.lost.values(), *(loss for _, loss in found.stated))
    axes.set_xlim(0.0, 112 * most)
    axes.set_ylim(len(found.lost) - 0.5, -0.5)
    _bars(axes, found.lost, found.band)
    _lines(axes, found.stated, len(found.lost), high)
    tidy: list[Mapping[str, str | float | int | None]]
    tidy = [{"who": RULES[n], "gdp_lost": loss, "kind": "ours"} for n, loss in found.lost.items()]
    tidy += [{"who": who, "gdp_lost": loss, "kind": "claimed"} for who, loss in found.stated]
    return Drawing(sheet.figure, tuple(tidy), f"experts-{country}")


def _bars(axes: Axes, losses: Mapping[str, float], band: tuple[float, float] | None) -> None:
    """A bar for each of our rules."""
    for place, (name, loss) in enumerate(losses.items()):
        is_ours = name == "adaptive"
        axes.barh(place, 100 * loss, height=0.55, color=BLUE if is_ours else SKY, linewidth=0)
        if is_ours and band is not None:
            axes.plot([100 * x for x in band], [place, place], color=INK, linewidth=1.6)
    said = [f"{RULES[name]}: {100 * loss:.2g} %" for name, loss in losses.items()]
    axes.set_yticks(range(len(losses)), said, fontsize=SMALL)
    axes.set_xlabel("% of a year's GDP lost", fontsize=SMALL, color=GREY)


def _lines(axes: Axes, claims: Sequence[tuple[str, float]], bars: int, high: float) -> None:
    """A line through the bars for every claim; the smallest stands highest, clear of the others."""
    for number, (who, loss) in enumerate(reversed(claims)):
        top = -0.5 - bars / high * _ABOVE * (number + 0.6)
        ends = [bars - 0.5, top]
        axes.plot([100 * loss] * 2, ends, color=ORANGE, linewidth=1.1, clip_on=False)
        axes.text(
            100 * loss, top, f"  {who}: {100 * loss:.2g} %", ha="left", va="center", fontsize=SMALL
        )


def _words(board: Scoreboard, found: Experts) -> Words:
    """Title, unit, how to read it, and the pack."""
    return Words(
        f"Why do experts differ on what {found.country} would lose?",
        f"Bars: one data set under {len(found.lost)} rules ({found.scenario}); lines: what others "
        "stated for a year.",
        "Dark bar: our central case, black its 10-90 % band. The bars differ in nothing but what "
        "is assumed about stocks and about what people do, so figures of one question may stand "
        "far apart without anybody being wrong about the data. Ours count lost exports and their "
        "suppliers alone.",
        f"Source: pack {board.pack} {board.version} (sha256 {board.sha256[:8]}), "
        "published_estimates.csv.",
    )
