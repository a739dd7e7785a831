"""Observed exports of one country beside what the replay of the magnet months predicts."""

from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    BLUE,
    GREEN,
    GREY,
    INK,
    MARGIN,
    NORMAL,
    ORANGE,
    RED,
    SKY,
    SMALL,
    Drawing,
    Words,
    page,
    styled,
)
from supplychain.figures.key import Sign, key
from supplychain.figures.words import spoken
from supplychain.validation.observed import Month, Replay

_WIDTH, _HIGH, _GAP = 9.5, 1.9, 0.75
_POINTS = (("seen", INK, "o"), ("to_usa", ORANGE, "v"), ("to_others", GREEN, "^"))


@styled
def observed(replay: Replay, country: str) -> Drawing:
    """One strip per sector: band of the predicted change, and observed changes on the year.

    Raises:
        KeyError: nothing of the country was observed.
    """
    mine = [m for m in replay.months if m.country == country]
    sectors = list(dict.fromkeys(m.sector for m in mine))
    if not sectors:
        raise KeyError(country)
    signs = [
        Sign("bar", SKY, "predicted today, band 10-90 %"),
        Sign("line", BLUE, "adaptive"),
        *([Sign("dash", RED, "band drawn before looking")] if _is_drawn(mine) else []),
        Sign("dot", INK, "observed, to everybody"),
        Sign("mark", ORANGE, "to the United States (duties)", "v"),
        Sign("mark", GREEN, "to all others", "^"),
    ]
    inner = _WIDTH - 2 * MARGIN
    strip = key(None, signs, inner) + 0.3
    sheet = page(_words(replay, country), _WIDTH, strip + len(sectors) * (_HIGH + _GAP) - 0.2)
    key(sheet, signs, inner)
    for n, sector in enumerate(sectors):
        top = strip + n * (_HIGH + _GAP)
        sheet.say(MARGIN, top - 0.22, spoken(sector), fontweight="bold")
        axes = sheet.axes(MARGIN + 0.7, top, inner - 0.8, _HIGH)
        _strip(axes, [m for m in mine if m.sector == sector])
    rows = tuple(m.as_dict() for m in mine)
    return Drawing(sheet.figure, rows, f"observed-{country}")


def _strip(axes: Axes, months: list[Month]) -> None:
    """Predicted and observed changes of one sector, month by month, in per cent."""
    places = list(range(len(months)))
    low, high = ([100 * getattr(m.now, name) for m in months] for name in ("low", "high"))
    axes.fill_between(places, low, high, color=SKY, alpha=0.6, linewidth=0)
    axes.plot(places, [100 * m.now.central for m in months], color=BLUE, linewidth=1.8)
    if _is_drawn(months):
        for name in ("low", "high"):
            edge = [100 * getattr(m.drawn, name) for m in months]
            axes.plot(places, edge, color=RED, linewidth=1.1, linestyle="--")
    axes.axhline(0, color=GREY, linewidth=0.7)
    for name, colour, mark in _POINTS:
        found = [(k, 100 * v) for k, m in enumerate(months) if (v := getattr(m, name)) is not None]
        axes.plot([k for k, _ in found], [v for _, v in found], mark, color=colour, markersize=5)
    axes.set_xticks(places, [m.month for m in months], fontsize=SMALL)
    axes.set_ylabel("change, %", fontsize=NORMAL)


def _is_drawn(months: list[Month]) -> bool:
    """Whether every month has a range from before looking."""
    return all(m.before for m in months)


def _words(replay: Replay, country: str) -> Words:
    """Title, what is drawn, what it cannot show, source."""
    return Words(
        f"{country}: could the magnet months of 2025 be seen in exports?",
        "Predicted: change against the baseline by magnets alone (replay). "
        "Observed: change of export value on the year.",
        "Observed changes hold duties, new plants abroad, used cars, prices and working days; "
        "where the predicted loss is smaller than their spread, they can refute a large loss and "
        "confirm none.",
        f"Source: pack version {replay.version} (sha256 {replay.sha256[:8]}), {replay.scenario}, "
        "observed_exports.csv"
        + (f", frozen_ranges.csv (commit {replay.commit})." if replay.commit else "."),
    )
