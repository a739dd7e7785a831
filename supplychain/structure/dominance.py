"""Single points of failure of end industries: on every path, or for want of any other supplier.

Two ideas that are easily taken for one another. A *dominator* lies on every path from the mines to
an industry. But a plant does not need *a* path, it needs *all* of its critical inputs. Take a motor
of magnets, which A alone makes, and of steel, which B alone makes: the paths A-motor and B-motor
avoid each other, so nothing dominates the motor, yet without A there is no motor, nor without B.
The true single points of failure follow from the rule AND over inputs, OR over suppliers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from supplychain.structure.links import Key, Links
from supplychain.structure.removal import stopped_share, stopped_wholly

if TYPE_CHECKING:
    import networkx as nx

_EARTH = "~earth"
"""The one source before all nodes that need no input."""
_SEEN = 1e-9
"""Shares below this are rounding of the balance."""


def path_dominators(links: Links, focus: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """Nodes on every path from the mines to each exporting segment of some countries.

    A source is put before every node without inputs; v dominates u if each path from it to u leads
    through v (`networkx.immediate_dominators`, after Cooper, Harvey and Kennedy 2001, *A simple,
    fast dominance algorithm*). Links from host metals to by-products count as paths.

    Returns:
        Segment id -> its dominators from upstream to downstream, itself left out; empty (the usual
        case) where two paths share no node.

    In a chain mine - smelter - plant the plant has both as dominators; with a second smelter fed by
    the same mine it has the mine alone; with a second mine it has none.
    """
    import networkx as nx

    names = [node.id for node in links.network.nodes]
    closest = nx.immediate_dominators(_graph(links), _EARTH)
    found = {}
    for i in np.flatnonzero(links.exports_usd(focus)).tolist():
        chain = []
        above = closest.get(i)
        while above is not None and above != _EARTH:
            chain.append(names[above])
            above = closest[above]
        found[names[i]] = tuple(reversed(chain))
    return found


def _graph(links: Links) -> nx.DiGraph[int | str]:
    """Suppliers, hosts and the source before those who need neither."""
    import networkx as nx

    graph: nx.DiGraph[int | str] = nx.DiGraph()
    graph.add_edges_from(zip(links.supplier.tolist(), links.user.tolist(), strict=True))
    for layer in links.layers:
        graph.add_edges_from(zip(layer.hosts.tolist(), layer.bound.tolist(), strict=True))
    sources = [i for i in graph if graph.in_degree(i) == 0]
    graph.add_edges_from((_EARTH, i) for i in sources)
    return graph


@dataclass(frozen=True, slots=True)
class SinglePoint:
    """How far an industry's exports hang on one place.

    Attributes:
        country, product: the place; an empty product is everything that the country makes.
        target: the end industry, such as ``KOR:auto_parts``.
        stopped_usd: yearly exports that stop without it if nobody changes supplier.
        stopped_share: the same over the industry's exports, 0-1.
        dead_share: part of the exports of which *nothing at all* could be made (a true single
            point of failure for these segments), 0-1.
    """

    country: str
    product: str
    target: str
    stopped_usd: float
    stopped_share: float
    dead_share: float


def single_points(
    links: Links, focus: Sequence[str], *, least: float = 0.01, by_country: bool = False
) -> tuple[SinglePoint, ...]:
    """What each end industry of some countries hangs on, most exports first.

    True single points are rare, since almost everything has a second supplier; so each place is
    given with the share of exports that rests on it (`stopped_share`), and whether it is one.

    Args:
        links: the network.
        focus: countries whose exports count.
        least: shares below this are left out.
        by_country: take away all that a country makes at once, in place of one product of it.

    Places in the industry's own country are left out: an industry always hangs on itself.
    """
    members: dict[Key, list[int]] = {}
    for (country, product), nodes in links.members().items():
        members.setdefault((country, "" if by_country else product), []).extend(nodes.tolist())
    keys = tuple(members)
    removed = links.columns(list(members.values()))
    lost, dead = stopped_share(links, removed), stopped_wholly(links, removed)
    exports = links.exports_usd(focus)
    made = links.network.nodes
    industries: dict[Key, list[int]] = {}
    for i in np.flatnonzero(exports).tolist():
        industries.setdefault((made[i].country, made[i].product), []).append(i)
    found = []
    for (home, industry), segments in industries.items():
        whole = float(exports[segments].sum())
        stopped, gone = exports[segments] @ lost[segments], exports[segments] @ dead[segments]
        for j in np.flatnonzero(stopped >= max(least, _SEEN) * whole).tolist():
            if keys[j][0] != home:
                usd = float(stopped[j])
                shares = (usd / whole, float(gone[j] / whole))
                found.append(SinglePoint(*keys[j], f"{home}:{industry}", usd, *shares))
    return tuple(sorted(found, key=lambda p: (-p.stopped_usd, p.country, p.product, p.target)))
