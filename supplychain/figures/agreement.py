"""Does structure foretell loss? Foreign bans by an index of the exporter and by their cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from supplychain.chokepoints.agreement import INDICES, Agreement, Pair
from supplychain.chokepoints.agreement import agreement as compare
from supplychain.chokepoints.survey import Survey
from supplychain.figures.canvas import (
    BLUE,
    GREY,
    MARGIN,
    NORMAL,
    PALE,
    RED,
    SMALL,
    TINY,
    Drawing,
    Page,
    Row,
    Words,
    halo,
    line_height,
    page,
    plain,
    styled,
    width_of,
    wrap,
)
from supplychain.figures.key import Sign, key
from supplychain.figures.removals import names, pack_line, span_words
from supplychain.figures.words import listed, money
from supplychain.world import World

Array = npt.NDArray[np.float64]

NAMED = 5

_WIDTH = 9.5
_GAP = 0.4
_HIGH = 2.1
_HEAD = 0.4
_AXIS = 0.45
_CLEAR = 0.05  # part of the axes above the break without labels
_STRIP = 0.09  # part of the axes below the axis break, for bans that cost nothing
_MEANING: Mapping[str, str] = {
    "hhi": "concentration: squared share of world output",
    "cut": "exports its goods reach by maximum flow, USD",
    "dominator": "share of exports that stops without it, nobody rerouting",
    "betweenness": "share of exports whose chains pass through it",
}


@dataclass(frozen=True)
class _Panel:
    """One scatter: its pairs, and those that are named, in their order."""

    title: str
    found: Agreement
    named: tuple[Pair, ...]
    lines: tuple[str, ...]

    @property
    def height(self) -> float:
        """Inches from the panel's title to its last named line."""
        count = sum(line.count("\n") + 1 for line in self.lines)
        return _HEAD + _HIGH + _AXIS + line_height(TINY, count) + 0.02 * len(self.lines) + 0.12


@styled
def agreement(world: World, survey: Survey, index: str = "dominator") -> Drawing:
    """Index against simulated loss: a panel per index for one country, else one per country.

    The five bans whose two ranks lie furthest apart (by ratio) carry numbers and are named below.

    Raises:
        KeyError: an index that nobody knows.
    """
    called = names(world)
    each = (_WIDTH - 2 * MARGIN - _GAP) / 2
    wanted = INDICES if len(survey.focus) == 1 else (index,)
    panels = []
    for country in survey.focus:
        for name, found in compare(world, survey, country, wanted).items():
            panels.append(_panel(found, name, called, each, many=len(survey.focus) > 1))
    signs = [
        Sign("mark", BLUE, "a foreign ban on one product", "o"),
        Sign("mark", GREY, "the same, at no loss", "|"),
        Sign("mark", RED, "five largest disagreements, named below", "o"),
    ]
    start = key(None, signs, _WIDTH - 2 * MARGIN) + 0.15
    rows = [panels[i : i + 2] for i in range(0, len(panels), 2)]
    heights = [max(p.height for p in row) for row in rows]
    sheet = page(_words(survey, called), _WIDTH, start + sum(heights))
    key(sheet, signs, _WIDTH - 2 * MARGIN)
    for row, high in zip(rows, heights, strict=True):
        for column, panel in enumerate(row):
            _draw(sheet, panel, MARGIN + column * (each + _GAP), start, each)
        start += high
    return Drawing(sheet.figure, _rows(panels), "agreement")


def _panel(
    found: Agreement, name: str, called: Mapping[str, str], width: float, *, many: bool
) -> _Panel:
    """Title and named pairs of one scatter."""
    named = found.disagreements(NAMED)
    title = called.get(found.country, found.country) if many else name
    lines = tuple(_line(k, pair, called, width) for k, pair in enumerate(named, 1))
    return _Panel(title, found, named, lines)


def _line(number: int, pair: Pair, called: Mapping[str, str], width: float) -> str:
    """One disagreement in words."""
    amount = money(pair.loss_usd).replace(" ", "\N{NO-BREAK SPACE}")
    lost = f"{_th(pair.loss_rank)} by loss ({amount})"
    who = f"{called.get(pair.actor, pair.actor)}: {called.get(pair.product, pair.product)}"
    said = f"{number}  {who}: {_th(pair.index_rank)} by index, "
    return wrap(said + (lost if pair.loss_usd > 0 else "no loss"), width, TINY)


def _th(rank: int) -> str:
    """A rank in words.

    >>> [_th(k) for k in (1, 12, 23, 112)]
    ['1st', '12th', '23rd', '112th']
    """
    teens = 10 <= rank % 100 <= 19  # noqa: PLR2004
    return f"{rank}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(rank % 10, 'th')}"


def _draw(sheet: Page, panel: _Panel, x: float, y: float, width: float) -> None:
    """Title, scatter, and the list of what is named."""
    found = panel.found
    hit = sum(p.loss_usd > 0 for p in found.pairs)
    sheet.say(x, y, panel.title, fontsize=NORMAL, fontweight="bold")
    said = (
        f"rank correlation {found.spearman:.2f} over {len(found.pairs)} bans, "
        f"{found.spearman_hit:.2f} over the {hit} that cost anything"
    )
    sheet.say(x, y + 0.17, said, fontsize=TINY, color=GREY)
    axes = sheet.axes(x + 0.5, y + _HEAD, width - 0.5, _HIGH)
    _scatter(axes, panel, (width - 0.5, _HIGH))
    down = y + _HEAD + _HIGH + _AXIS
    for line in panel.lines:
        sheet.say(x, down, line, fontsize=TINY, linespacing=1.2)
        down += line_height(TINY, line.count("\n") + 1) + 0.02


def _scatter(axes: Axes, panel: _Panel, size: tuple[float, float]) -> None:
    """Dots on two axes of logarithms; what costs nothing is a strip of ticks below."""
    pairs = panel.found.pairs
    xs = _spread([p.index for p in pairs])
    ys = _spread([p.loss_usd for p in pairs])
    lost = np.array([p.loss_usd > 0 for p in pairs], dtype=bool)
    bottom, top = _ends(ys[lost])
    ground = bottom - (top - bottom) * _STRIP
    ys = np.where(lost, ys, (ground + bottom) / 2)
    left, right = _ends(xs)
    axes.set_xlim(left, right)
    axes.set_ylim(ground, top)
    axes.axhline(bottom, color=GREY, linewidth=0.6, linestyle=(0, (2, 2)))
    axes.plot(xs[~lost], ys[~lost], "|", color=GREY, markersize=5, alpha=0.35, markeredgewidth=0.7)
    axes.plot(xs[lost], ys[lost], "o", color=BLUE, markersize=3.4, alpha=0.75, markeredgewidth=0)
    _ticks(axes, panel.found.name, (left, right), (bottom, top), (ground + bottom) / 2)
    at = {pair: k for k, pair in enumerate(pairs)}
    places = [(float(xs[at[p]]), float(ys[at[p]])) for p in panel.named]
    _number(axes, places, size)


def _spread(values: Sequence[float]) -> Array:
    """Logarithms to ten; a zero stands one step below the least."""
    array = np.asarray(values)
    least = array[array > 0].min(initial=1.0) if (array > 0).any() else 1.0
    return np.asarray(np.log10(np.where(array > 0, array, least / 10)))


def _ends(values: Array) -> tuple[float, float]:
    """Ends of an axis with room around the values."""
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    room = 0.05 * (high - low) or 0.5
    return low - room, high + room


def _ticks(
    axes: Axes,
    name: str,
    across: tuple[float, float],
    up: tuple[float, float],
    nothing: float,
) -> None:
    """Powers of ten in plain figures."""
    every = 1 + int((across[1] - across[0]) // 6)
    xs = [k for k in range(-15, 16) if across[0] <= k <= across[1] and k % every == 0]
    axes.set_xticks(xs, [_power(k, name) for k in xs])
    clear = _CLEAR * (up[1] - up[0])
    ys = [k for k in range(16) if up[0] + clear <= k <= up[1]]
    axes.set_yticks([nothing, *ys], ["none", *(plain(_usd(k)) for k in ys)])
    axes.grid(color=PALE, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.set_xlabel(f"{name} ({_MEANING[name]})", fontsize=TINY, color=GREY)
    axes.set_ylabel("exports lost, USD", fontsize=TINY, color=GREY, labelpad=1)


def _power(exponent: int, name: str) -> str:
    """A power of ten of an index: dollars in words, shares as they are.

    >>> _power(9, "cut"), _power(-2, "hhi"), _power(-6, "hhi")
    ('1 bn', '0.01', '1e-6')
    """
    if name == "cut":
        return _usd(exponent)
    return f"{10.0**exponent:g}" if exponent > -5 else f"1e{exponent}"  # noqa: PLR2004


def _usd(exponent: int) -> str:
    """A power of ten in dollars.

    >>> _usd(9), _usd(4)
    ('1 bn', '10 k')
    """
    return money(10.0**exponent).removeprefix("USD ").replace(".0", "")


def _number(axes: Axes, places: Sequence[tuple[float, float]], size: tuple[float, float]) -> None:
    """Red dots, each with its number at the first free place around it."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    per_x, per_y = size[0] / (right - left), size[1] / (top - bottom)
    taken = [((x - left) * per_x, (y - bottom) * per_y) for x, y in places]
    room = width_of("0", SMALL, "bold") + 0.06
    for number, (x, y) in enumerate(places, 1):
        here = taken[number - 1]
        spot = _free(here, taken, room, size)
        taken.append(spot)
        axes.plot([x], [y], "o", color=RED, markersize=5, zorder=4)
        at = (left + spot[0] / per_x, bottom + spot[1] / per_y)
        axes.plot([x, at[0]], [y, at[1]], color=RED, linewidth=0.6, zorder=3)
        said = axes.text(*at, str(number), fontsize=SMALL, fontweight="bold", color=RED, zorder=5)
        said.set(ha="center", va="center", path_effects=halo())


def _free(
    here: tuple[float, float],
    taken: Sequence[tuple[float, float]],
    room: float,
    size: tuple[float, float],
) -> tuple[float, float]:
    """The nearest place around a dot, in inches, that is in the axes and away from all others."""
    turns = np.linspace(0.25, 1.25, 8, endpoint=False) * 2 * np.pi
    for far in np.arange(1.0, 6.0, 0.5) * room:
        for turn in turns.tolist():
            x, y = here[0] + far * np.cos(turn), here[1] + far * np.sin(turn)
            inside = room < x < size[0] - room and room < y < size[1] - room
            if inside and all(np.hypot(x - a, y - b) >= room for a, b in taken):
                return float(x), float(y)
    return here


def _rows(panels: Sequence[_Panel]) -> tuple[Row, ...]:
    """Every ban of every panel."""
    return tuple(
        {
            "country": panel.found.country,
            "index": panel.found.name,
            "actor": pair.actor,
            "product": pair.product,
            "value": pair.index,
            "loss_usd": pair.loss_usd,
            "index_rank": pair.index_rank,
            "loss_rank": pair.loss_rank,
            "named": panel.named.index(pair) + 1 if pair in panel.named else None,
            "spearman": panel.found.spearman,
            "spearman_hit": panel.found.spearman_hit,
        }
        for panel in panels
        for pair in panel.found.pairs
    )


def _words(survey: Survey, called: Mapping[str, str]) -> Words:
    """Title, what is compared, caption and sources."""
    where = listed([called.get(c, c) for c in survey.focus])
    subtitle = (
        f"Each mark: one foreign country stops all exports of one product for "
        f"{span_words(survey.months)}; loss of all sectors' exports against an index of that "
        "exporter in the network, both axes in steps of ten"
    )
    caption = (
        "Only bans whose goods reach these exports at all. A disagreement is large where one rank "
        "is many times the other; bans at no loss share the rank after the last that costs "
        "anything. Indices know who supplies whom, and neither stocks, spare capacity, substitutes "
        "nor which part of a sector needs the good."
    )
    return Words(f"Does the structure of supply foretell what {where} would lose?", subtitle,
                 caption, pack_line(survey.pack))  # fmt: skip
