"""The network behind one mineral and one country: who supplies whom, and whose stop costs what."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path

from supplychain.chokepoints.survey import Survey
from supplychain.figures.canvas import (
    GREY,
    INK,
    MARGIN,
    RED,
    SMALL,
    TINY,
    Drawing,
    Row,
    Words,
    halo,
    line_height,
    page,
    plain,
    styled,
    wrap,
)
from supplychain.figures.key import Sign, key
from supplychain.figures.removals import MARKS, names, pack_line, span_words
from supplychain.figures.web import Key, Scene, columns_of, scene_of, web_of
from supplychain.figures.words import money, per_cent, spoken
from supplychain.world import World

_STEP = 2.1
_LAST = 1.9
_GROUP = 0.16
_LARGEST = 0.2  # radius of the largest loss, inches
_SMALLEST = 0.035
_ROOM = 0.19
_WIDEST = 7.0  # points
_LINK = "#90a4ae"


@styled
def network_view(world: World, survey: Survey, mineral: str, country: str) -> Drawing:
    """Chains of a mineral into a country's exports, mine to industry; circles as large as losses.

    A supplier's circle is what the country loses if its exports of that product stop, a sector's
    what it loses by the worst of these stops. At most about forty nodes, the rest is counted.

    Args:
        survey: with removals of kind ``restriction`` and the country in focus.

    Raises:
        KeyError: an unknown mineral, or a country that is not in focus.
    """
    if country not in survey.focus:
        raise KeyError(f"{country} is not in focus; this survey holds {', '.join(survey.focus)}")
    called = names(world)
    if mineral not in {str(r["mineral"]) for r in world.tables.rows("minerals")}:
        raise KeyError(f"no mineral {mineral}")
    web = web_of(world, mineral, country)
    scene = scene_of(web, survey, country)
    columns = columns_of(scene)
    width = max(9.5, 2 * MARGIN + _STEP * max(len(columns) - 1, 0) + _LAST)
    signs = _signs(world, scene)
    start = key(None, signs, width - 2 * MARGIN) + 0.15
    heights = [_height(scene, column, called) for column in columns]
    body = max(heights, default=0.0)
    sheet = page(_words(world, survey, scene, mineral, country), width, start + body + 0.05)
    if columns:
        key(sheet, signs, width - 2 * MARGIN)
        axes = sheet.sheet(MARGIN, start, width - 2 * MARGIN, body)
        places: dict[Key, tuple[float, float]] = {}
        for number, (column, high) in enumerate(zip(columns, heights, strict=True)):
            x = _LARGEST + number * _STEP
            places |= _place(axes, scene, column, called, (x, (body - high) / 2))
        _links(axes, scene, places)
        _nodes(axes, world, scene, places)
    return Drawing(sheet.figure, _rows(scene), "network")


def _radius(scene: Scene, node: Key) -> float:
    """Inches; areas are in proportion to losses."""
    most = max(scene.loss.values(), default=0.0)
    share = scene.loss.get(node, 0.0) / most if most else 0.0
    return max(_SMALLEST, _LARGEST * float(np.sqrt(share)))


def _heading(product: str, called: Mapping[str, str]) -> str:
    """What stands above the nodes of one product; own sectors need none."""
    return wrap(called.get(product, product), _STEP - 0.3, TINY, "bold") if product else ""


def _height(scene: Scene, groups: Mapping[str, Sequence[Key]], called: Mapping[str, str]) -> float:
    """Inches that a column takes."""
    total = -_GROUP
    for product, nodes in groups.items():
        heading = _heading(product, called)
        total += line_height(TINY, heading.count("\n") + 1) if heading else 0.0
        total += sum(max(_ROOM, 2 * _radius(scene, n) + 0.03) for n in nodes) + _GROUP
    return total


def _place(
    axes: Axes,
    scene: Scene,
    groups: Mapping[str, Sequence[Key]],
    called: Mapping[str, str],
    start: tuple[float, float],
) -> dict[Key, tuple[float, float]]:
    """Headings of one column, and where its nodes stand."""
    x, y = start
    found = {}
    for product, nodes in groups.items():
        heading = _heading(product, called)
        if heading:
            said = axes.text(
                x - 0.1, y, plain(heading), fontsize=TINY, color=INK, va="top", zorder=6
            )
            said.set(fontweight="bold", linespacing=1.2, path_effects=halo())
            y += line_height(TINY, heading.count("\n") + 1)
        for node in nodes:
            room = max(_ROOM, 2 * _radius(scene, node) + 0.03)
            found[node] = (x, y + room / 2)
            y += room
        y += _GROUP
    return found


def _links(axes: Axes, scene: Scene, places: Mapping[Key, tuple[float, float]]) -> None:
    """Links, wider for more exports that pass; thin ones above wide ones."""
    most = max(scene.links.values(), default=1.0)
    for (a, b), usd in sorted(scene.links.items(), key=lambda item: -item[1]):
        (x, y), (to_x, to_y) = places[a], places[b]
        half = (x + to_x) / 2
        codes = [Path.MOVETO, *[Path.CURVE4] * 3]
        path = Path([(x, y), (half, y), (half, to_y), (to_x, to_y)], codes)
        wide = 0.4 + _WIDEST * float(np.sqrt(usd / most))
        patch = PathPatch(path, fill=False, edgecolor=_LINK, linewidth=wide, alpha=0.35, zorder=1)
        patch.set_capstyle("round")
        axes.add_patch(patch)


def _nodes(
    axes: Axes, world: World, scene: Scene, places: Mapping[Key, tuple[float, float]]
) -> None:
    """Circles with their names and losses; hollow at no loss."""
    for node, (x, y) in places.items():
        own, loss = node in scene.web.sectors, scene.loss.get(node, 0.0)
        colour = _colour(world, scene, node)
        radius = _radius(scene, node)
        face = colour if loss > 0 else "white"
        disc = Circle((x, y), radius, facecolor=face, edgecolor=colour, linewidth=1.0, zorder=4)
        axes.add_patch(disc)
        name = spoken(node[1]) if own else node[0]
        said = f"{name} {money(loss).removeprefix('USD ')}" if loss > 0 else name
        size, ink = (SMALL, INK) if loss > 0 else (TINY, GREY)
        text = axes.text(x + radius + 0.05, y, plain(said), fontsize=size, color=ink, zorder=6)
        text.set(va="center", ha="left", path_effects=halo())


def _colour(world: World, scene: Scene, node: Key) -> str:
    """By stage; sectors that suffer are red."""
    if node in scene.web.sectors:
        return RED
    stage = str(world.network.products[node[1]]["stage"])
    return MARKS[stage][0] if stage in MARKS else GREY


def _signs(world: World, scene: Scene) -> list[Sign]:
    """The key: only what is drawn."""
    if not scene.nodes:
        return []
    stages = {str(world.network.products[p]["stage"]) for _, p in scene.nodes}
    signs = [Sign("dot", MARKS[s][0], s) for s in MARKS if s in stages]
    if any(_colour(world, scene, n) == GREY for n in scene.nodes):
        signs.append(Sign("dot", GREY, "industry abroad"))
    return [
        *signs,
        Sign("dot", RED, "own sector (loss suffered)"),
        Sign("none", INK, "area: loss in USD; small and hollow: none"),
        Sign("line", _LINK, "wider: more of the exports rest on it"),
    ]


def _rows(scene: Scene) -> tuple[Row, ...]:
    """Every node and every link that is drawn."""
    nodes: list[Row] = [
        {
            "what": "sector" if node in scene.web.sectors else "supplier",
            "country": node[0],
            "product": node[1],
            "to_country": None,
            "to_product": None,
            "column": scene.web.column[node],
            "loss_usd": scene.loss.get(node, 0.0),
            "exports_resting_usd": scene.web.carried[node],
        }
        for node in scene.nodes
    ]
    edges: list[Row] = [
        {
            "what": "link",
            "country": a[0],
            "product": a[1],
            "to_country": b[0],
            "to_product": b[1],
            "column": scene.web.column[a],
            "loss_usd": None,
            "exports_resting_usd": usd,
        }
        for (a, b), usd in scene.links.items()
    ]
    return (*nodes, *edges)


def _words(world: World, survey: Survey, scene: Scene, mineral: str, country: str) -> Words:
    """Title, what circles and lines mean, caption and sources."""
    called = names(world)
    where, what = called.get(country, country), called.get(mineral, mineral).lower()
    subtitle = (
        f"A supplier's circle: what {where} loses if that country stops all exports of that "
        f"product for {span_words(survey.months)}; a sector's: its loss by the worst of these stops"
    )
    left = [k for k in scene.web.carried if k not in set(scene.nodes)]
    worst = max((scene.loss.get(k, 0.0) for k in left), default=0.0)
    others = f"no other costs more than {money(worst)}" if worst else "no other costs anything"
    kept = sum(scene.links.values()) / (sum(scene.web.links.values()) or 1.0)
    caption = (
        f"Left to right: mine, refining, components, industry; every input that holds {what} at "
        f"any remove. {len(scene.nodes)} of {len(scene.web.carried)} places are drawn (those whose "
        f"stop costs most, then the main suppliers of each product); {others}. The links drawn "
        f"carry {per_cent(kept)} % of the weight of all."
        if scene.web.carried
        else f"No export of {where} rests on {what} in this pack: nothing is drawn."
    )
    return Words(f"Where in the chains of {what} can {where} be hit?", subtitle, caption,
                 pack_line(survey.pack))  # fmt: skip
