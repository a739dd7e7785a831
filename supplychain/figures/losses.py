"""Which sectors lose how much of their exports: ranked, with ranges, one panel per country."""

from collections.abc import Sequence
from typing import Literal

from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    GREY,
    INK,
    MARGIN,
    NORMAL,
    PALE,
    RUNGS,
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
from supplychain.figures.words import (
    has_point,
    is_hit,
    listed,
    money,
    percents,
    scenario_words,
    source_line,
    spoken,
)
from supplychain.result import Result, Rung, SectorLoss
from supplychain.vocabulary import MONTHS_PER_YEAR

Unit = Literal["share", "usd"]

_BAR = "#9ecae1"
_DARK = "#08306b"
_GAP = 0.35
_AXIS = 0.5
_LEAST = 1e-6  # sectors that only the frozen case hits stand last, in its order
_HEAD = 0.3


@styled
def losses(result: Result, unit: Unit = "share") -> Drawing:
    """Ranked export losses by sector with their ranges, in shares of exports or in USD.

        A ladder has one row per rung. Where grade D figures carry more than half of the swing, the
    range stands without a point. Countries in focus are small multiples on one axis.
    """
    rungs = result.ladder or (Rung("", "", 0.0, result.losses, result.totals),)
    rows = tuple(_row(result, rung, loss) for rung in rungs for loss in rung.losses)
    panels = [_Panel(result, rungs, country, unit) for country in result.resolved.focus]
    columns = 1 if len(panels) == 1 else 2
    width = 9.5 if columns == 1 else 14.0
    each = (width - 2 * MARGIN - (columns - 1) * _GAP) / columns
    lines = [panels[i : i + columns] for i in range(0, len(panels), columns)]
    signs = _signs(result, rungs, panels)
    start = key(None, signs, width - 2 * MARGIN) + 0.1
    body = start + sum(max(p.height(each) for p in line) for line in lines)
    sheet = page(_words(result, panels, unit), width, body)
    key(sheet, signs, width - 2 * MARGIN)
    most = max((p.most for p in panels), default=0.0)
    label = max((p.label for p in panels), default=0.0)
    for line in lines:
        for number, panel in enumerate(line):
            panel.draw(
                sheet, MARGIN + number * (each + _GAP), start, width=each, label=label, most=most
            )
        start += max(p.height(each) for p in line)
    return Drawing(sheet.figure, rows, "losses")


def _row(result: Result, rung: Rung, loss: SectorLoss) -> Row:
    """Everything the picture shows of one sector on one rung."""
    weight = result.loss(loss.country, loss.sector)
    cases = {f"{case}_share": loss.share.get(case) for case in ("planner", "adaptive", "frozen")}
    return {
        "country": loss.country,
        "sector": loss.sector,
        "rung": rung.name,
        "baseline_exports_usd": loss.baseline_exports_usd,
        **cases,
        "band_low_share": loss.band[0],
        "band_high_share": loss.band[1],
        "grade_d_weight": weight.grade_d_weight,
        "point_shown": int(has_point(weight, result)),
    }


class _Panel:
    """One country: which sectors are drawn, and how large."""

    def __init__(self, result: Result, rungs: Sequence[Rung], country: str, unit: Unit) -> None:
        self.country, self.unit, self.rungs = country, unit, rungs
        found: dict[str, list[SectorLoss]] = {}
        for rung in rungs:
            for loss in rung.losses:
                if loss.country == country:
                    found.setdefault(loss.sector, []).append(loss)
        self.spared = [spoken(s) for s, steps in found.items() if not any(map(is_hit, steps))]
        hit = [steps for steps in found.values() if any(map(is_hit, steps))]
        self.hit = sorted(hit, key=lambda steps: (-self._size(steps[-1]), steps[-1].sector))
        self.points = {s[-1].sector: has_point(s[-1], result) for s in self.hit}
        self.step = 0.36 if len(rungs) == 1 else 0.17 * len(rungs) + 0.1
        self.most = max((self._scaled(x, v) for s in hit for x in s for v in _ends(x)), default=0.0)
        self.label = max((width_of(spoken(s[-1].sector), NORMAL) for s in hit), default=0.0)
        total = next((t for t in result.totals if t.country == country), None)
        exports = total.baseline_exports_usd if total else 0.0
        self.title = f"{country} (exports of these sectors: {money(exports)})"

    def _size(self, loss: SectorLoss) -> float:
        """What the ranking goes by."""
        return self._scaled(loss, max(loss.band[1], loss.share["frozen"] * _LEAST))

    def _scaled(self, loss: SectorLoss, share: float) -> float:
        """A loss in the unit of the axis: per cent, or billion USD."""
        return 100 * share if self.unit == "share" else share * loss.baseline_exports_usd / 1e9

    def _spared(self, width: float) -> str:
        """The line of the sectors that lose nothing."""
        if not self.spared:
            return ""
        return wrap(f"No loss in any case: {listed(self.spared)}.", width, SMALL)

    def height(self, width: float) -> float:
        """Inches from the panel's title to the end of its last line."""
        below = self._spared(width)
        rows = _HEAD + len(self.hit) * self.step + _AXIS if self.hit else _HEAD
        return rows + (line_height(SMALL, below.count("\n") + 1) + 0.15 if below else 0.1)

    def draw(
        self, sheet: Page, x: float, y: float, *, width: float, label: float, most: float
    ) -> None:
        """Title, rows, amounts and the line of the spared."""
        sheet.say(x, y, self.title, fontsize=NORMAL, fontweight="bold")
        bottom = y + _HEAD
        if self.hit:
            amounts = max(width_of(self._amount(s), TINY) for steps in self.hit for s in steps)
            wide = width - label - 0.15 - amounts - 0.15
            high = len(self.hit) * self.step
            axes = sheet.axes(x + label + 0.15, bottom, wide, high)
            self._frame(axes, most)
            for place, steps in enumerate(self.hit):
                self._rows(axes, place, steps)
            bottom += high + _AXIS
        below = self._spared(width)
        if below:
            sheet.say(x, bottom, below, color=GREY)

    def _frame(self, axes: Axes, most: float) -> None:
        """Axis, grid and names."""
        axes.set_xlim(0, most * 1.04 or 1.0)
        axes.set_ylim(len(self.hit) - 0.5, -0.5)
        names = [spoken(s[-1].sector) for s in self.hit]
        axes.set_yticks(range(len(names)), [plain(n) for n in names], fontsize=NORMAL)
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="x", color=PALE, linewidth=0.6)
        axes.set_axisbelow(True)
        what = "% of baseline exports" if self.unit == "share" else "billion USD"
        axes.set_xlabel(f"export loss, {what}", fontsize=SMALL, color=INK)
        for edge in range(1, len(names)):
            axes.axhline(edge - 0.5, color=PALE, linewidth=0.4)

    def _rows(self, axes: Axes, place: int, steps: Sequence[SectorLoss]) -> None:
        """Band, line from planner to frozen, and point of every rung of one sector."""
        count = len(steps)
        for number, loss in enumerate(steps):
            y = place + (number - (count - 1) / 2) * 0.8 / count
            low, high = (self._scaled(loss, v) for v in loss.band)
            colour = RUNGS[number % len(RUNGS)] if count > 1 else _BAR
            axes.barh(y, high - low, left=low, height=0.6 / count, color=colour, linewidth=0)
            first, *_, last = sorted(self._scaled(loss, v) for v in loss.share.values())
            axes.plot(
                [first, last],
                [y, y],
                color=INK,
                linewidth=0.9,
                marker="|",
                markersize=5,
                path_effects=halo() if count > 1 else None,
            )
            if self.points[loss.sector]:
                middle = self._scaled(loss, loss.share["adaptive"])
                axes.plot([middle], [y], "o", color=_DARK, markersize=5.5, mec="white", mew=0.8)
            axes.annotate(
                self._amount(loss),
                (1, y),
                xycoords=("axes fraction", "data"),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                ha="left",
                fontsize=TINY,
                color=INK,
                annotation_clip=False,
            )

    def _amount(self, loss: SectorLoss) -> str:
        """The loss in the other unit: a range, after a point where one may be shown."""
        low, high = loss.band
        point = self.points[loss.sector]
        if self.unit == "usd":
            band = percents(low, high)
            return (
                f"{percents(loss.share['adaptive'], loss.share['adaptive'])} ({band})"
                if point
                else band
            )
        band = money(low * loss.baseline_exports_usd, high * loss.baseline_exports_usd)
        return f"{money(loss.usd('adaptive'))} ({band.removeprefix('USD ')})" if point else band


def _ends(loss: SectorLoss) -> tuple[float, ...]:
    """Every share of a sector that is drawn."""
    return (*loss.share.values(), *loss.band)


def _signs(result: Result, rungs: Sequence[Rung], panels: Sequence[_Panel]) -> list[Sign]:
    """The key: only what is drawn."""
    if not any(p.hit for p in panels):
        return []
    ladder = len(rungs) > 1
    first = "planner" if any("planner" in s.share for s in result.losses) else "adaptive"
    signs = (
        [Sign("bar", RUNGS[k % len(RUNGS)], r.name) for k, r in enumerate(rungs)] if ladder else []
    )
    signs.append(
        Sign("none", INK, "bars: 10-90 % band of the adaptive case")
        if ladder
        else Sign("bar", _BAR, "10-90 % band of the adaptive case")
    )
    signs.append(Sign("ends", INK, f"{first} to frozen"))
    points = [shown for p in panels for shown in p.points.values()]
    if any(points):
        signs.append(Sign("dot", _DARK, "adaptive, central values"))
    if not all(points):
        signs.append(Sign("none", INK, "no dot: grade D assumptions carry over half of the swing"))
    return signs


def _words(result: Result, panels: Sequence[_Panel], unit: Unit) -> Words:
    """Title, scenario, caption and sources."""
    where = listed([p.country for p in panels])
    months = result.resolved.months
    span = "one year" if months == MONTHS_PER_YEAR else f"{months} months"
    title = f"Which exports would {where} lose, and how much?"
    ranked = "in per cent" if unit == "share" else "in USD"
    if any(p.hit for p in panels):
        worst = [f"{p.country}: {spoken(p.hit[0][-1].sector)}" for p in panels if p.hit]
        caption = (
            f"Sectors ranked by the top of their band, {ranked} of {span} of baseline exports"
            + (" under the full stop" if result.ladder else "")
            + f"; hit hardest: {'; '.join(worst)}. The amounts at the right are the same range in "
            + ("USD" if unit == "share" else "per cent of exports")
            + ". Planner is the least loss possible for that sector, frozen the loss without "
            "adaptation."
        )
    else:
        caption = f"No sector of {where} loses exports in any case over {span}: nothing is drawn."
    return Words(title, scenario_words(result), caption, source_line(result))
