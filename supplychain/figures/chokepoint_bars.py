"""What costs a country's exports most when it is taken away: ranked, with ranges."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from supplychain.chokepoints import Ranking
from supplychain.chokepoints import Row as Place
from supplychain.figures.canvas import (
    GREY,
    INK,
    MARGIN,
    PALE,
    SMALL,
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
from supplychain.figures.removals import (
    MARKS,
    names,
    pack_line,
    removal_words,
    span_words,
    stage_of,
)
from supplychain.figures.words import listed, money, percents, spoken
from supplychain.vocabulary import MONTHS_PER_YEAR
from supplychain.world import World

MOST = 20

_WIDTH = 9.5
_HIT = "hit worst, % of its exports"
_LEFT = 3.3
_RANK = 0.28  # width of the column of ranks
_HEAD = 0.2
_AXIS = 0.45
_ROOM = 0.08
_BAND = "#9ecae1"
_DECADES = 3.0
_LEAST = 10**-_DECADES  # of the largest loss: smaller ones stand at the left end of a log axis
_BILLION = 1e9
_VISIBLE = 0.02  # of a linear axis


@dataclass(frozen=True)
class _Line:
    """One removal as it is drawn; amounts in USD.

    Attributes:
        low, high: sums of the sectors' bands; None where the ranking has none.
    """

    place: Place
    label: str
    stage: str
    low: float | None
    high: float | None
    worst: str

    @property
    def most(self) -> float:
        """The furthest point."""
        return max(self.place.loss_usd, self.place.frozen_usd, self.high or 0.0)


@styled
def chokepoint_bars(world: World, ranking: Ranking) -> Drawing:
    """Ranked removals: point and range of the loss in USD, and who is hit worst.

    The bar is the sum of the sectors' 10-90 % bands where the ranking has bands; the line runs from
    the adaptive to the frozen loss. At most twenty rows, in the order of the ranking.
    """
    lines = _lines(world, ranking)
    signs = _signs(lines)
    inner = _WIDTH - 2 * MARGIN
    start = key(None, signs, inner) + 0.1
    heights = [line_height(SMALL, line.label.count("\n") + 1) + _ROOM for line in lines]
    body = start + (_HEAD + sum(heights) + _AXIS if lines else 0.1)
    sheet = page(_words(world, ranking, lines), _WIDTH, body)
    if lines:
        key(sheet, signs, inner)
        _draw(sheet, lines, heights, start)
    return Drawing(sheet.figure, tuple(_row(line) for line in lines), "chokepoints")


def _lines(world: World, ranking: Ranking) -> list[_Line]:
    """The first rows that cost anything in any case."""
    called = names(world)
    exports: dict[tuple[str, str], float] = {}
    for node in world.network.nodes:
        if node.kind == "industry" and not node.planned:
            sector = (node.country, node.product)
            exports[sector] = exports.get(sector, 0.0) + node.exports_usd
    years = ranking.months / MONTHS_PER_YEAR
    found = []
    for place in ranking.rows[:MOST]:
        banded = any(hit.band is not None for hit in place.sectors)
        ends: list[float | None] = [None, None]
        if banded:
            ends = [
                sum(
                    (hit.band[end] if hit.band else hit.share)
                    * exports[hit.country, hit.sector]
                    * years
                    for hit in place.sectors
                )
                for end in (0, 1)
            ]
        label = wrap(removal_words(place.removal, called), _LEFT - _RANK - 0.1)
        line = _Line(place, label, stage_of(place.stages), ends[0], ends[1], _worst(place))
        if line.most > 0:
            found.append(line)
    return found


def _worst(place: Place) -> str:
    """The sector that loses most dollars."""
    worst = place.worst
    if worst is None:
        return ""
    low, high = worst.band or (worst.share, worst.share)
    return f"{worst.country} {spoken(worst.sector)} {percents(low, high)}"


def _row(line: _Line) -> Row:
    """Everything the picture shows of one removal."""
    place = line.place
    worst = place.worst
    return {
        "rank": place.rank,
        "kind": place.removal.kind,
        "id": place.removal.id,
        "name": line.label.replace("\n", " "),
        "stage": line.stage,
        "adaptive_usd": place.loss_usd,
        "frozen_usd": place.frozen_usd,
        "band_low_usd": line.low,
        "band_high_usd": line.high,
        "worst_country": worst.country if worst else None,
        "worst_sector": worst.sector if worst else None,
        "worst_share": worst.share if worst else None,
    }


def _draw(sheet: Page, lines: Sequence[_Line], heights: Sequence[float], start: float) -> None:
    """Names, points with their ranges, amounts and the sectors hit worst."""
    amounts = [_amount(line) for line in lines]
    worst = max(width_of(said) for said in (_HIT, *(line.worst for line in lines)))
    title = "loss (10-90 %)" if any(line.low is not None for line in lines) else "loss (span)"
    right = max(*map(width_of, amounts), width_of(title)) + 0.2
    wide = _WIDTH - 2 * MARGIN - _LEFT - right - worst
    axes = sheet.axes(MARGIN + _LEFT, start + _HEAD, wide, sum(heights))
    log = _frame(axes, lines, sum(heights))
    at = _WIDTH - MARGIN - worst - right + 0.15
    sheet.say(at, start, title, color=GREY)
    sheet.say(_WIDTH - MARGIN - worst, start, _HIT, color=GREY)
    y = 0.0
    for line, high, amount in zip(lines, heights, amounts, strict=True):
        middle = y + high / 2
        _one(axes, line, middle, least=axes.get_xlim()[0] if log else 0.0)
        top = start + _HEAD + middle
        look = {"va": "center", "linespacing": 1.2}
        sheet.say(MARGIN + _RANK, top, line.label, **look)
        rank, beside = str(line.place.rank), MARGIN + _RANK - 0.08
        sheet.say(beside, top, rank, va="center", ha="right", color=GREY)
        sheet.say(at, top, amount, **look)
        sheet.say(_WIDTH - MARGIN - worst, top, line.worst, **look)
        y += high


def _frame(axes: Axes, lines: Sequence[_Line], high: float) -> bool:
    """The axis: of logarithms where small losses would not be seen."""
    most = max(line.most for line in lines) / _BILLION
    log = _is_log(lines)
    axes.set_ylim(high, 0)
    if log:
        axes.set_xscale("log")
        middles = [line.place.loss_usd / _BILLION for line in lines]
        least = max(min(m for m in [*middles, most] if m > 0), most * _LEAST)
        axes.set_xlim(least * 0.8, most * 1.15)
    else:
        axes.set_xlim(0, most * 1.04)
    axes.xaxis.set_major_formatter(lambda value, _place: f"{value:g}")
    axes.set_yticks([])
    axes.grid(axis="x", color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    said = "exports lost, billion USD" + (" (each step is ten times the last)" if log else "")
    axes.set_xlabel(said, fontsize=SMALL, color=GREY)
    return log


def _is_log(lines: Sequence[_Line]) -> bool:
    """Whether the least point would lie on a linear axis."""
    most = max((line.most for line in lines), default=0.0)
    return bool(lines) and min(line.place.loss_usd for line in lines) < most * _VISIBLE


def _one(axes: Axes, line: _Line, y: float, least: float) -> None:
    """Band, span and point of one removal."""
    colour, mark = MARKS[line.stage]
    place = line.place
    middle, frozen = place.loss_usd / _BILLION, place.frozen_usd / _BILLION
    if line.low is not None and line.high is not None:
        low = max(line.low / _BILLION, least)
        wide = line.high / _BILLION - low
        axes.barh(y, max(wide, 0.0), left=low, height=0.13, color=_BAND, linewidth=0)
    ends = [max(middle, least), max(frozen, least)]
    axes.plot(ends, [y, y], color=INK, linewidth=0.9)
    axes.plot(ends[1], y, "|", color=INK, markersize=6)
    [point] = axes.plot(ends[0], y, mark, color=colour, markersize=6, clip_on=False, zorder=4)
    if middle < least:
        point.set_markerfacecolor("white")


def _amount(line: _Line) -> str:
    """Loss, and its band or what it is without adaptation."""
    place = line.place
    ends = (
        (line.low, line.high)
        if line.low is not None and line.high is not None
        else tuple(sorted((place.loss_usd, place.frozen_usd)))
    )
    return f"{money(place.loss_usd)} ({money(*ends).removeprefix('USD ')})"


def _signs(lines: Sequence[_Line]) -> list[Sign]:
    """The key: only what is drawn."""
    if not lines:
        return []
    used = [stage for stage in MARKS if any(line.stage == stage for line in lines)]
    signs = [Sign("mark", MARKS[s][0], f"expected loss: {s}", MARKS[s][1]) for s in used]
    if any(line.low is not None for line in lines):
        signs.append(Sign("bar", _BAND, "10-90 % band"))
    return [*signs, Sign("ends", INK, "to the loss without adaptation")]


def _words(world: World, ranking: Ranking, lines: Sequence[_Line]) -> Words:
    """Title, what is counted, caption and sources."""
    called: Mapping[str, str] = names(world)
    where = listed([called.get(c, c) for c in ranking.focus])
    played, harmless = sum(ranking.simulated.values()), sum(ranking.harmless.values())
    span = span_words(ranking.months)
    order = "" if ranking.by == "loss" else f" Ranked by {ranking.by}, not by loss."
    subtitle = (
        f"Each row stops one thing for {span}, nothing else: {_kinds(ranking)}; loss of exports of "
        f"all sectors, USD ({money(ranking.baseline_usd)} of exports in the baseline)"
    )
    banded = any(line.low is not None for line in lines)
    ranges = (
        "The bar adds up the 10-90 % bands of the sectors, as if all were high or low together: it "
        "is rather too wide than too narrow."
        if banded
        else "The range is only the span from the expected loss to the loss without adaptation; "
        "what is not known in the data is not in it."
    )
    low = " A loss below the axis has a hollow mark at its left end." if _is_log(lines) else ""
    caption = (
        f"{played} removals simulated, {harmless} of them cost nothing; the first {len(lines)} are "
        f"shown.{order} {ranges}{low} Losses of rows do not add up: many stop the same "
        "exports."
        if lines
        else f"None of the {played} removals costs any exports: nothing is drawn."
    )
    title = f"What would cost {where} most exports?"
    return Words(title, subtitle, caption, pack_line(ranking.pack))


def _kinds(ranking: Ranking) -> str:
    """What is removed, in words."""
    words = {
        "restriction": "all exports of a product by a country",
        "mineral": "all exports of a mineral's products by a country",
        "node": "all plants of a product in a country",
        "flow": "one country's exports of a product to another",
        "pair": "two such bans together",
    }
    return ", or ".join(words[k] for k in ranking.simulated)
