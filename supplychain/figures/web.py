"""What of the network leads from a mineral to a country's exports, and which of it to draw."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.chokepoints.survey import Survey
from supplychain.structure import Links, links
from supplychain.world import World

Key = tuple[str, str]
"""Country and product, or country and sector."""

MOST_NODES = 40
_PER_PRODUCT = 3  # suppliers that are kept for their flows though their stop costs nothing
_LEAST = 0.002  # of the exports that rest on the mineral: a thinner link is not drawn


@dataclass(frozen=True)
class Web:
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
class Scene:
    """What is drawn.

    Attributes:
        nodes: in their columns; loss: USD that a stop causes, or that a sector suffers.
    """

    web: Web
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


def web_of(world: World, mineral: str, country: str) -> Web:
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
    return Web(total, found, own, _depths(world, found, total, own))


def _resting(view: Links, start: set[int]) -> npt.NDArray[np.bool_]:
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


def scene_of(web: Web, survey: Survey, country: str) -> Scene:
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
    return Scene(web, chosen, caused | suffered)


def columns_of(scene: Scene) -> list[dict[str, list[Key]]]:
    """Column -> product -> its nodes; empty columns are left out."""
    found: dict[int, dict[str, list[Key]]] = defaultdict(lambda: defaultdict(list))
    for node in scene.nodes:
        own = node in scene.web.sectors
        found[scene.web.column[node]]["" if own else node[1]].append(node)
    for groups in found.values():
        for nodes in groups.values():
            nodes.sort(key=lambda k: (-scene.loss.get(k, 0.0), -scene.web.carried[k]))
    return [found[k] for k in sorted(found)]
