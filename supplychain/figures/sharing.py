"""What causes have of a number: a loss shared among restrictions, a difference among its causes."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from supplychain.attribution.compared import Comparison, Difference
from supplychain.attribution.shapley import Portion, Shapley, Shared
from supplychain.figures.canvas import (
    BLUE,
    GREY,
    INK,
    MARGIN,
    NORMAL,
    ORANGE,
    PALE,
    SKY,
    SMALL,
    Drawing,
    Page,
    Row,
    Words,
    halo,
    line_height,
    page,
    styled,
    width_of,
    wrap,
)
from supplychain.figures.words import money, spoken

_WIDTH = 9.5
_LABEL = 4.0
_AXIS = 0.5
_PAD = 0.14
_MOST_BARS = 12
_DECIMALS = ((10.0, 2), (100.0, 1))
_VISIBLE_USD = 0.5
_UNITS = ((1e9, "USD bn"), (1e6, "USD m"), (1.0, "USD"))


@styled
def difference(found: Comparison, country: str, sector: str = "") -> Drawing:
    """From the loss of one run to that of the other, one bar per cause, largest first.

    Causes beyond the largest twelve stand in one bar.

    Raises:
        UsageError: the country or sector is not compared.
    """
    one = found.of(country, sector)
    causes = [(c.cause, c.usd) for c in one.contributions[:_MOST_BARS]]
    rest = one.contributions[_MOST_BARS:]
    if rest:
        causes.append((f"{len(rest)} more causes", sum(c.usd for c in rest)))
    labels = [f"loss: {found.names[0]}", *(c for c, _ in causes), f"loss: {found.names[1]}"]
    axes, sheet, size, unit = _canvas(
        _difference_words(found, one), labels, max(abs(one.one_usd), abs(one.other_usd), 1.0)
    )
    ends, level = [(0.0, one.one_usd)], one.one_usd
    for _, usd in causes:
        ends.append((level, level + usd))
        level += usd
    ends.append((0.0, one.other_usd))
    most = max(abs(v) for pair in ends for v in pair) / size or 1.0
    places = _places(labels)
    for k, (start, stop) in enumerate(ends):
        whole = k in {0, len(ends) - 1}
        colour = BLUE if whole else (ORANGE if stop > start else SKY)
        axes.barh(
            places[k], (stop - start) / size, left=start / size, height=0.19, color=colour, lw=0
        )
        if k:
            link = (ends[k - 1][1]) / size
            axes.plot([link, link], [places[k - 1], places[k]], color=PALE, lw=0.8, zorder=0)
        said = _number(stop / size) if whole else _number((stop - start) / size, "+")
        right = max(start, stop) / size + 0.015 * most
        axes.text(right, places[k], said, va="center", fontsize=SMALL, path_effects=halo())
    axes.set_xlim(min(0.0, *(v / size for pair in ends for v in pair)), most * 1.15)
    axes.set_xlabel(f"loss of exports over the horizon, {unit}", fontsize=SMALL, color=GREY)
    rows = tuple(_difference_rows(one))
    name = f"difference-{country}" + (f"-{sector}" if sector else "")
    return Drawing(sheet.figure, rows, name)


@styled
def shared(found: Shapley, country: str, sector: str = "") -> Drawing:
    """What every restriction or mineral has of a loss, beside what it costs alone and comes last.

    Raises:
        UsageError: the country or sector loses nothing that is shared.
    """
    one = found.of(country, sector)
    ranked = sorted(one.portions, key=lambda p: -p.usd)[:_MOST_BARS]
    labels = [spoken(p.cause) for p in ranked]
    largest = max(p.alone_usd for p in one.portions)
    axes, sheet, size, unit = _canvas(_shared_words(found, one), labels, max(largest, 1.0))
    places = _places(labels)
    most = max(*(max(p.usd, p.alone_usd, p.last_usd) for p in ranked), 1.0) / size
    for place, p in zip(places, ranked, strict=True):
        low, high = sorted((p.last_usd / size, p.alone_usd / size))
        axes.plot([low, high], [place, place], color=GREY, lw=1.0, zorder=3)
        axes.barh(place, p.usd / size, height=0.19, color=BLUE, lw=0, xerr=_error(p, size))
        axes.plot(
            [p.alone_usd / size], [place], "o", ms=5, mfc="white", mec=INK, zorder=4, clip_on=False
        )
        axes.plot([p.last_usd / size], [place], "D", ms=3.5, color=ORANGE, mec=INK, mew=0.5,
                  zorder=5, clip_on=False)  # fmt: skip
        right = max(p.usd, p.alone_usd, p.last_usd) / size + 0.025 * most
        said = f"{_number(p.usd / size)} ({100 * p.share:.0f} %)"
        axes.text(right, place, said, va="center", fontsize=SMALL, path_effects=halo())
    axes.set_xlim(min(0.0, *(p.last_usd / size for p in ranked)), most * 1.25)
    axes.set_xlabel(f"loss of exports over the horizon, {unit}", fontsize=SMALL, color=GREY)
    rows: tuple[Row, ...] = tuple(
        {"country": country, "sector": sector} | p.as_dict() for p in one.portions
    )
    return Drawing(sheet.figure, rows, f"shared-{country}" + (f"-{sector}" if sector else ""))


def _number(value: float, sign: str = "") -> str:
    """A number with three figures that matter.

    >>> _number(0.582), _number(-34.26, "+"), _number(393.3)
    ('0.58', '-34.3', '393')
    """
    places = next((p for least, p in _DECIMALS if abs(value) < least), 0)
    return f"{value:{sign}.{places}f}"


def _error(portion: Portion, size: float) -> float | None:
    """Two standard errors, where orders were sampled."""
    return 2 * portion.error_usd / size if portion.error_usd else None


def _places(labels: Sequence[str]) -> list[float]:
    """Middle of every bar in inches from the top, as high as its label needs."""
    places, top = [], 0.0
    for label in labels:
        high = line_height(NORMAL, wrap(label, _LABEL, NORMAL).count("\n") + 1) + _PAD
        places.append(top + high / 2)
        top += high
    return places


def _canvas(words: Words, labels: Sequence[str], most: float) -> tuple[Axes, Page, float, str]:
    """Axes with one label per bar, in inches downwards; size and name of the unit across."""
    wrapped = [wrap(label, _LABEL, NORMAL) for label in labels]
    left = max(width_of(line, NORMAL) for text in wrapped for line in text.split("\n")) + 0.15
    places = _places(labels)
    height = places[-1] + (places[-1] - places[-2] if len(places) > 1 else 0.3) / 2 + 0.1
    sheet = page(words, _WIDTH, height + _AXIS)
    axes = sheet.axes(MARGIN + left, 0.0, _WIDTH - 2 * MARGIN - left, height)
    axes.set_ylim(height, 0)
    axes.set_yticks(places, wrapped, fontsize=NORMAL)
    axes.tick_params(axis="y", length=0, labelsize=NORMAL)
    size, unit = next((s, u) for s, u in _UNITS if most >= s)
    return axes, sheet, size, unit


def _difference_rows(one: Difference) -> list[Row]:
    """Both losses, every cause and every mechanism."""
    rows: list[Row] = [
        {"kind": "loss", "name": "A", "usd": one.one_usd},
        {"kind": "loss", "name": "B", "usd": one.other_usd},
    ]
    rows += [{"kind": "cause", "name": c.cause, "usd": c.usd} for c in one.contributions]
    rows += [{"kind": "mechanism", "name": m.mechanism, "usd": m.usd} for m in one.mechanisms]
    return rows


def _difference_words(found: Comparison, one: Difference) -> Words:
    """What stands around a difference."""
    way = "more" if one.usd > 0 else "less"
    how = (
        "Each bar is what a cause changes on average over all orders of the causes"
        if found.is_exact
        else "Each bar is what a cause changes on average over sampled orders of the causes"
    )
    whose = f"{one.country} {spoken(one.sector)}".rstrip()
    return Words(
        f"What changed the loss of {whose}?",
        f"{found.names[1]} against {found.names[0]}: {money(abs(one.usd))} {way}; adaptive case",
        f"{how}; together they are the whole difference.",
        _source(found.packs),
    )


def _shared_words(found: Shapley, one: Shared) -> Words:
    """What stands around a loss that is shared."""
    overlap = one.overlap_usd
    says = "The single losses add up."
    if overlap > _VISIBLE_USD:
        says = f"Adding up the single losses would count {money(overlap)} twice."
    elif overlap < -_VISIBLE_USD:
        says = f"Together they cost {money(-overlap)} more than the sum of the single losses."
    sampled = "" if found.is_exact else f" From {found.orders} sampled orders; lines: two errors."
    whose = f"{one.country} {spoken(one.sector)}".rstrip()
    return Words(
        f"How much of the loss of {whose} is due to each restriction?",
        f"{found.scenario}: {money(one.loss_usd)} in the {found.case} case",
        "Bar: its Shapley value, the mean over all orders of the causes; circle: its loss if it "
        f"were alone; diamond: what it adds to all others. {says}{sampled}",
        _source([found.pack]),
    )


def _source(packs: Sequence[Mapping[str, str]]) -> str:
    """The packs behind a picture."""
    said = dict.fromkeys(f"{p['pack']} {p['version']} (sha256 {p['sha256'][:8]})" for p in packs)
    return f"Source: pack {' and '.join(said)}."
