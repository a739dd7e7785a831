"""The network behind one mineral and one country: who supplies whom, and whose stop costs what."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

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
from supplychain.figures.words import money, per_cent, spoken
from supplychain.structure import Links, links
from supplychain.world import World

MOST_NODES = 40

Key = tuple[str, str]
"""Country and product, or country and sector."""

_STEP = 2.1
_LAST = 1.9
_GROUP = 0.16
_LARGEST = 0.2  # radius of the largest loss, inches
_SMALLEST = 0.035
_ROOM = 0.19
_WIDEST = 7.0  # points
_LINK = "#90a4ae"
_PER_PRODUCT = 3  # suppliers that are kept for their flows though their stop costs nothing
_LEAST = 0.002  # of the exports that rest on the mineral: a thinner link is not drawn


@dataclass(frozen=True)
class _Web:
    """What of a network leads from a mineral to a country's exports.

    Attributes:
        carried: node -> exports whose chains pass through it, USD a year.
        links: (supplier, user) -> the same for a link.
        sectors: the country's own industries; column: node -> place from left to right.
    """

    carried: Mapping[Key, float]
    links: Mapping[tuple[Key, Key], float]
    sectors: frozenset[Key]
    column: Mapping[Key, int]


@dataclass(frozen=True)
class _Scene:
    """What is drawn.

    Attributes:
        nodes: in their columns; loss: USD that a stop causes, or that a sector suffers.
    """

    web: _Web
    nodes: tuple[Key, ...]
    loss: Mapping[Key, float]

    @cached_property
    def links(self) -> Mapping[tuple[Key, Key], float]:
        """Links between nodes that are drawn, from left to right."""
        kept, column = set(self.nodes), self.web.column
        least = _LEAST * max(self.web.links.values(), default=0.0)
        return {
            (a, b): usd
            for (a, b), usd in self.web.links.items()
            if a in kept and b in kept and column[a] < column[b] and usd > least
        }


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
    web = _web(world, mineral, country)
    scene = _scene(web, survey, country)
    columns = _columns(scene)
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


def _web(world: World, mineral: str, country: str) -> _Web:
    """Follow the country's exports upstream, along inputs that rest on the mineral."""
    view, network = links(world.network), world.network
    products = {p for p, row in network.products.items() if row["mineral"] == mineral}
    rests = _resting(view, {i for i, n in enumerate(network.nodes) if n.product in products})
    exports = view.exports_usd([country])
    carried = np.where(rests, exports, 0.0)
    found: dict[tuple[Key, Key], float] = defaultdict(float)
    keys: list[Key] = [(n.country, n.product) for n in network.nodes]
    into: dict[int, list[int]] = defaultdict(list)
    for flow, user in enumerate(view.user.tolist()):
        into[user].append(flow)
    for user in _upstream_last(world):
        if not carried[user]:
            continue
        for flow in into[user]:
            supplier = int(view.supplier[flow])
            if rests[supplier]:
                usd = float(carried[user] * view.share[flow])
                carried[supplier] += usd
                if keys[supplier] != keys[user]:
                    found[keys[supplier], keys[user]] += usd
    total: dict[Key, float] = defaultdict(float)
    for i, usd in enumerate(carried.tolist()):
        if usd > 0:
            total[keys[i]] += usd
    own = frozenset(keys[i] for i in np.flatnonzero((exports > 0) & rests).tolist())
    return _Web(total, found, own, _depths(world, found, total, own))


def _resting(view: Links, start: set[int]) -> "np.typing.NDArray[np.bool_]":
    """Nodes that get anything from a set of nodes, over any number of steps, and the set itself."""
    users: dict[int, list[int]] = defaultdict(list)
    for supplier, user in zip(view.supplier.tolist(), view.user.tolist(), strict=True):
        users[supplier].append(user)
    ahead, seen = list(start), set(start)
    while ahead:
        new = [u for u in users.get(ahead.pop(), ()) if u not in seen]
        seen.update(new)
        ahead += new
    found = np.zeros(len(view.network.nodes), dtype=bool)
    found[list(seen)] = True
    return found


def _upstream_last(world: World) -> list[int]:
    """Nodes from users to their suppliers."""
    rank = {commodity: k for k, commodity in enumerate(world.network.order)}
    nodes = world.network.nodes
    made = [i for i, n in enumerate(nodes) if n.kind != "other"]
    return sorted(made, key=lambda i: -rank[nodes[i].commodity])


def _depths(
    world: World,
    found: Mapping[tuple[Key, Key], float],
    carried: Mapping[Key, float],
    own: frozenset[Key],
) -> Mapping[Key, int]:
    """Column of each node: the longest way from a mine by products; industries stand last."""
    stage = {p: str(row["stage"]) for p, row in world.network.products.items()}
    above: dict[str, set[str]] = defaultdict(set)
    for (_, supplied), (_, made) in found:
        if stage[made] != "industry" and supplied != made:
            above[made].add(supplied)
    depth: dict[str, int] = {}
    for product, _ in world.network.order:
        if stage[product] != "industry":
            least = ("mine", "refine", "component").index(stage[product])
            depth[product] = max([least, *(depth.get(p, 0) + 1 for p in above[product])])
    products = {p for _, p in carried if stage[p] != "industry"}
    abroad = max((depth[p] for p in products), default=-1) + 1
    foreign = any(stage[p] == "industry" and (c, p) not in own for c, p in carried)
    return {
        (c, p): (abroad + foreign if (c, p) in own else abroad)
        if stage[p] == "industry"
        else depth[p]
        for c, p in carried
    }


def _scene(web: _Web, survey: Survey, country: str) -> _Scene:
    """Nodes by the loss that they cause, then by what they carry, and the sectors they reach."""
    caused: dict[Key, float] = {}
    suffered: dict[Key, float] = defaultdict(float)
    for cost in survey.costs:
        place = (cost.removal.actors[0], cost.removal.items[0])
        if cost.removal.kind != "restriction" or place not in web.carried or place in web.sectors:
            continue
        caused[place] = cost.usd(country)
        for sector in web.sectors:
            suffered[sector] = max(suffered[sector], cost.sectors.get(sector, 0.0))
    ends = sorted(web.sectors, key=lambda s: (-suffered[s], -web.carried[s]))
    ends = [s for s in ends if suffered[s] > 0] or ends[:1]
    ends = ends[: MOST_NODES // 4]
    kept: list[Key] = []
    count: dict[str, int] = defaultdict(int)
    rest = [k for k in web.carried if k not in web.sectors]
    for node in sorted(rest, key=lambda k: (-caused.get(k, 0.0), -web.carried[k], k)):
        count[node[1]] += 1
        if caused.get(node, 0.0) > 0 or count[node[1]] <= _PER_PRODUCT:
            kept.append(node)
    chosen = (*kept[: MOST_NODES - len(ends)], *ends)
    return _Scene(web, chosen, caused | suffered)


def _columns(scene: _Scene) -> list[dict[str, list[Key]]]:
    """Column -> product -> its nodes; empty columns are left out."""
    found: dict[int, dict[str, list[Key]]] = defaultdict(lambda: defaultdict(list))
    for node in scene.nodes:
        own = node in scene.web.sectors
        found[scene.web.column[node]]["" if own else node[1]].append(node)
    for groups in found.values():
        for nodes in groups.values():
            nodes.sort(key=lambda k: (-scene.loss.get(k, 0.0), -scene.web.carried[k]))
    return [found[k] for k in sorted(found)]


def _radius(scene: _Scene, node: Key) -> float:
    """Inches; areas are in proportion to losses."""
    most = max(scene.loss.values(), default=0.0)
    share = scene.loss.get(node, 0.0) / most if most else 0.0
    return max(_SMALLEST, _LARGEST * float(np.sqrt(share)))


def _heading(product: str, called: Mapping[str, str]) -> str:
    """What stands above the nodes of one product; own sectors need none."""
    return wrap(called.get(product, product), _STEP - 0.3, TINY, "bold") if product else ""


def _height(
    scene: _Scene, groups: Mapping[str, Sequence[Key]], called: Mapping[str, str]
) -> float:
    """Inches that a column takes."""
    total = -_GROUP
    for product, nodes in groups.items():
        heading = _heading(product, called)
        total += line_height(TINY, heading.count("\n") + 1) if heading else 0.0
        total += sum(max(_ROOM, 2 * _radius(scene, n) + 0.03) for n in nodes) + _GROUP
    return total


def _place(
    axes: Axes,
    scene: _Scene,
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
            look = {"va": "top", "fontweight": "bold", "linespacing": 1.2, "zorder": 6}
            axes.text(x - 0.1, y, plain(heading), fontsize=TINY, color=INK,
                      path_effects=halo(), **look)  # fmt: skip
            y += line_height(TINY, heading.count("\n") + 1)
        for node in nodes:
            room = max(_ROOM, 2 * _radius(scene, node) + 0.03)
            found[node] = (x, y + room / 2)
            y += room
        y += _GROUP
    return found


def _links(axes: Axes, scene: _Scene, places: Mapping[Key, tuple[float, float]]) -> None:
    """Links, wider for more exports that pass; thin ones above wide ones."""
    most = max(scene.links.values(), default=1.0)
    for (a, b), usd in sorted(scene.links.items(), key=lambda item: -item[1]):
        (x, y), (to_x, to_y) = places[a], places[b]
        half = (x + to_x) / 2
        codes = [Path.MOVETO, *[Path.CURVE4] * 3]
        path = Path([(x, y), (half, y), (half, to_y), (to_x, to_y)], codes)
        wide = 0.4 + _WIDEST * float(np.sqrt(usd / most))
        axes.add_patch(
            PathPatch(path, fill=False, edgecolor=_LINK, linewidth=wide, alpha=0.35, zorder=1,
                      capstyle="round")  # fmt: skip
        )


def _nodes(
    axes: Axes, world: World, scene: _Scene, places: Mapping[Key, tuple[float, float]]
) -> None:
    """Circles with their names and losses; hollow at no loss."""
    for node, (x, y) in places.items():
        own, loss = node in scene.web.sectors, scene.loss.get(node, 0.0)
        colour = _colour(world, scene, node)
        radius = _radius(scene, node)
        face = colour if loss > 0 else "white"
        look = {"facecolor": face, "edgecolor": colour, "linewidth": 1.0, "zorder": 4}
        axes.add_patch(Circle((x, y), radius, **look))
        name = spoken(node[1]) if own else node[0]
        said = f"{name} {money(loss).removeprefix('USD ')}" if loss > 0 else name
        ink = INK if loss > 0 else GREY
        axes.text(x + radius + 0.05, y, plain(said), fontsize=SMALL if loss > 0 else TINY,
                  color=ink, va="center", ha="left", zorder=6, path_effects=halo())  # fmt: skip


def _colour(world: World, scene: _Scene, node: Key) -> str:
    """By stage; sectors that suffer are red."""
    if node in scene.web.sectors:
        return RED
    stage = str(world.network.products[node[1]]["stage"])
    return MARKS[stage][0] if stage in MARKS else GREY


def _signs(world: World, scene: _Scene) -> list[Sign]:
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


def _rows(scene: _Scene) -> tuple[Row, ...]:
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


def _words(world: World, survey: Survey, scene: _Scene, mineral: str, country: str) -> Words:
    """Title, what circles and lines mean, caption and sources."""
    called = names(world)
    where, what = called.get(country, country), called.get(mineral, mineral).lower()
    subtitle = (
        f"A supplier's circle: what {where} loses if that country stops all exports of that "
        f"product for {span_words(survey.months)}; a sector's: its loss by the worst of these stops"
    )
    left = [k for k in scene.web.carried if k not in set(scene.nodes)]
    worst = max((scene.loss.get(k, 0.0) for k in left), default=0.0)
    least = f"none costs more than {money(worst)}" if worst else "none of which costs anything"
    kept = sum(scene.links.values()) / (sum(scene.web.links.values()) or 1.0)
    caption = (
        f"Left to right: mine, refining, components, industry; every input that holds {what} at "
        f"any remove. {len(scene.nodes)} of {len(scene.web.carried)} places are drawn (those whose "
        f"stop costs most, then the main suppliers of each product); of the others {least}. The "
        f"links drawn carry {per_cent(kept)} % of the weight of all. Numbers are USD at central "
        "values."
        if scene.web.carried
        else f"No export of {where} rests on {what} in this pack: nothing is drawn."
    )
    return Words(f"Where in the chains of {what} can {where} be hit?", subtitle, caption,
                 pack_line(survey.pack))  # fmt: skip
