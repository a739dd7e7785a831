"""Minerals by countries: how much of its exports each would lose to the worst supplier's ban."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from supplychain.chokepoints.survey import Cost, Survey
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
    plain,
    styled,
    width_of,
    wrap,
)
from supplychain.figures.key import Sign, key
from supplychain.figures.removals import names, pack_line, span_words
from supplychain.figures.words import listed, money, per_cent
from supplychain.structure import links
from supplychain.vocabulary import REST_OF_WORLD
from supplychain.world import World

_WIDTH = 9.5
_CELL = 0.205
_HEAD = 0.3
_GAP = 0.35
_TALL = 14  # rows from which on two blocks stand side by side
_STEPS = (0.0, 1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1.0)
_SHADES = ("#eff3ff", "#c6dbef", "#9ecae1", "#6baed6", "#2171b5", "#08306b")
_WHITE_FROM = 4  # shades on which white letters are the clearer ones
_LEAST = 5e-5  # what two decimals of a per cent still show


@dataclass(frozen=True)
class _Line:
    """One mineral: its worst ban, and share of exports lost by country (None: out of reach).

    Attributes:
        stage: of what is banned; the usual forms count as ``refine``.
    """

    mineral: str
    stage: str
    cost: Cost
    shares: Mapping[str, float | None]
    usd: float


@styled
def heat_map(world: World, survey: Survey) -> Drawing:
    """Every mineral under the ban that costs the focus countries together most, by country.

    A ban on a mineral stops its refined and semi-finished forms; where a ban on one product alone
    costs more, such as an ore, it stands in its place, and its stage with it.
    Cells are shares of all exports of the pack's sectors.
    """
    lines = sorted(_lines(world, survey), key=lambda line: (-line.usd, line.mineral))
    hit = [line for line in lines if line.usd > 0]
    called = names(world)
    signs = _signs(hit)
    inner = _WIDTH - 2 * MARGIN
    start = key(None, signs, inner) + 0.1
    blocks = 1 if len(hit) < _TALL else 2
    deep = -(-len(hit) // blocks)
    below = _spared(lines, called, inner)
    high = _HEAD + deep * _CELL + 0.12 if hit else 0.0
    extra = line_height(SMALL, below.count("\n") + 1) if below else 0.0
    sheet = page(_words(survey, called, hit), _WIDTH, start + high + extra)
    key(sheet, signs, inner)
    each = (inner - _GAP * (blocks - 1)) / blocks
    for block in range(blocks):
        part = hit[block * deep : (block + 1) * deep]
        if part:
            _block(sheet, part, survey.focus, called, (MARGIN + block * (each + _GAP), start, each))
    if below:
        sheet.say(MARGIN, start + high, below, color=GREY)
    return Drawing(sheet.figure, _rows(survey, lines), "heat")


def worst_bans(world: World, survey: Survey) -> Mapping[str, Cost]:
    """Mineral -> the ban on it by one country that costs the focus countries together most.

    The rest of the world is no country that could ban anything.
    """
    mineral_of = {p: str(row["mineral"] or "") for p, row in world.network.products.items()}
    found: dict[str, Cost] = {}
    for cost in survey.costs:
        kind, (actor, item) = cost.removal.kind, (cost.removal.actors[0], cost.removal.items[0])
        mineral = mineral_of[item] if kind == "restriction" else item
        if actor == REST_OF_WORLD or not mineral or kind not in {"mineral", "restriction"}:
            continue
        if mineral not in found or _total(cost) > _total(found[mineral]):
            found[mineral] = cost
    return found


def _total(cost: Cost) -> float:
    """Loss of all focus countries."""
    return sum(cost.sectors.values())


def _lines(world: World, survey: Survey) -> list[_Line]:
    """One line per mineral that anybody can ban."""
    reached = {country: _minerals_of(world, country) for country in survey.focus}
    found = []
    for mineral, cost in worst_bans(world, survey).items():
        shares = {
            c: survey.share(cost, c) if mineral in reached[c] or cost.usd(c) else None
            for c in survey.focus
        }
        single = cost.removal.kind == "restriction"
        stage = str(world.network.products[cost.removal.items[0]]["stage"]) if single else "refine"
        found.append(_Line(mineral, stage, cost, shares, _total(cost)))
    return found


def _minerals_of(world: World, country: str) -> set[str]:
    """Minerals of which anything flows, over any number of steps, into a country's exports."""
    view = links(world.network)
    suppliers: dict[int, list[int]] = {}
    for supplier, user in zip(view.supplier.tolist(), view.user.tolist(), strict=True):
        suppliers.setdefault(user, []).append(supplier)
    ahead = [i for i, usd in enumerate(view.exports_usd([country])) if usd > 0]
    seen = set(ahead)
    while ahead:
        new = [s for s in suppliers.get(ahead.pop(), ()) if s not in seen]
        seen.update(new)
        ahead += new
    products = {world.network.nodes[i].product for i in seen}
    return {str(world.network.products[p]["mineral"] or "") for p in products}


def _shade(share: float) -> int:
    """Number of the step that a share stands on.

    >>> _shade(0.00005), _shade(0.02)
    (0, 4)
    """
    return next(k for k, top in enumerate(_STEPS[1:]) if share < top or k == len(_SHADES) - 1)


def _block(
    sheet: Page,
    lines: Sequence[_Line],
    focus: Sequence[str],
    called: Mapping[str, str],
    place: tuple[float, float, float],
) -> None:
    """A table of cells: minerals with their actor, one column per country, the sum."""
    x, y, width = place
    labels = [_label(line, called) for line in lines]
    sums = [money(v.usd).removeprefix("USD ") for v in lines]
    left = max(map(width_of, labels)) + 0.1
    right = max(width_of("sum, USD"), *map(width_of, sums)) + 0.08
    wide = (width - left - right) / len(focus)
    axes = sheet.sheet(x, y, width, _HEAD + len(lines) * _CELL)
    for k, country in enumerate(focus):
        _say(axes, left + (k + 0.5) * wide, _HEAD / 2, country, weight="bold")
    _say(axes, width, _HEAD / 2, "sum, USD", ha="right", color=GREY)
    for row, (line, label, total) in enumerate(zip(lines, labels, sums, strict=True)):
        top = _HEAD + row * _CELL
        _say(axes, left - 0.06, top + _CELL / 2, label, ha="right")
        _say(axes, width, top + _CELL / 2, total, ha="right", color=GREY)
        for k, country in enumerate(focus):
            _cell(axes, (left + k * wide, top, wide), line.shares[country])


def _label(line: _Line, called: Mapping[str, str]) -> str:
    """A mineral, the stage if it is not the usual one, and who bans."""
    stage = "" if line.stage == "refine" else f", {line.stage}"
    return f"{called.get(line.mineral, line.mineral)}{stage} ({line.cost.removal.actors[0]})"


def _cell(axes: Axes, place: tuple[float, float, float], share: float | None) -> None:
    """One cell: its step and its figure; empty for no loss, grey where the pack has no way."""
    x, y, wide = place
    colour, ink = PALE if share is None else "white", INK
    if share:
        step = _shade(share)
        colour, ink = _SHADES[step], "white" if step >= _WHITE_FROM else INK
    axes.add_patch(Rectangle((x, y), wide, _CELL, facecolor=colour, edgecolor=PALE, linewidth=0.5))
    if share:
        said = per_cent(share) if share >= _LEAST else "<0.01"
        _say(axes, x + wide / 2, y + _CELL / 2, said, color=ink)


def _say(axes: Axes, x: float, y: float, text: str, **look: str) -> None:
    """Text in the middle of a place."""
    usual = {"ha": "center", "va": "center", "color": INK}
    axes.text(x, y, plain(text), fontsize=SMALL, **(usual | look))  # type: ignore[arg-type]


def _spared(lines: Sequence[_Line], called: Mapping[str, str], width: float) -> str:
    """The line of the minerals whose worst ban costs nothing."""
    spared = sorted(called.get(v.mineral, v.mineral) for v in lines if v.usd == 0)
    return wrap(f"No loss to any of them: {listed(spared)}.", width) if spared else ""


def _rows(survey: Survey, lines: Sequence[_Line]) -> tuple[Row, ...]:
    """One row per mineral and country."""
    return tuple(
        {
            "mineral": line.mineral,
            "actor": line.cost.removal.actors[0],
            "removal": line.cost.removal.id,
            "country": country,
            "loss_share": line.shares[country],
            "loss_usd": line.cost.usd(country),
            "in_reach": int(line.shares[country] is not None),
        }
        for line in lines
        for country in survey.focus
    )


def _signs(hit: Sequence[_Line]) -> list[Sign]:
    """The key: only steps and marks that are drawn."""
    shares = [share for line in hit for share in line.shares.values()]
    used = {_shade(share) for share in shares if share}
    signs = []
    for step, (low, top) in enumerate(pairwise(_STEPS)):
        if step in used:
            said = f"{100 * low:g}-{100 * top:g} %"
            if step == 0:
                said = f"below {100 * top:g} %"
            elif step == len(_SHADES) - 1:
                said = f"over {100 * low:g} %"
            signs.append(Sign("bar", _SHADES[step], said))
    if any(share == 0 for share in shares):
        signs.append(Sign("none", INK, "empty: no loss"))
    if any(share is None for share in shares):
        signs.append(Sign("bar", PALE, "the pack has no way from it to these exports"))
    return signs


def _words(survey: Survey, called: Mapping[str, str], hit: Sequence[_Line]) -> Words:
    """Title, what is counted, caption and sources."""
    where = listed([called.get(c, c) for c in survey.focus])
    subtitle = (
        f"Loss in % of all exports of the pack's sectors over {span_words(survey.months)}; each "
        "row is a full export ban on a mineral by the country in brackets, nothing else"
    )
    caption = (
        "Expected (adaptive) case at central values, without a range. The country in brackets is "
        "the one whose ban costs the countries shown most, together. A ban stops the refined and "
        "semi-finished forms; where a stage is named, the ban on one product of that stage alone "
        "costs more. Home supply goes on, so a country's own ban may cost it nothing. Sorted by "
        "the sum; rows do not add up."
        if hit
        else "No ban on any mineral costs any of them exports: nothing is drawn."
    )
    title = f"How much of their exports would a ban on each mineral cost {where}?"
    return Words(title, subtitle, caption, pack_line(survey.pack))
