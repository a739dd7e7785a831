"""Every node by every index at once, for rankings beside a simulated loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from supplychain.network.values import Network
from supplychain.structure.centrality import core_numbers, flow_betweenness
from supplychain.structure.cuts import max_flows
from supplychain.structure.links import Key, links
from supplychain.structure.removal import stopped_share

MEASURES = ("hhi", "cut", "dominator", "betweenness", "k_shell")


def node_measures(network: Network, focus: Sequence[str]) -> Mapping[Key, Mapping[str, float]]:
    """Structure of every (country, product) that is made, as seen from some countries' exports.

    Higher is worse in all of them:

    - ``hhi``: its own term in the HHI of world production, its share squared (0-1; the terms of a
      product add up to the HHI).
    - ``cut``: exports of the focus countries that its goods reach, by maximum flow (USD a year).
    - ``dominator``: share of these exports that stops without it if nobody changes supplier (0-1;
      1 is a true single point of failure of everything).
    - ``betweenness``: share of these exports whose chains pass through it (0-1).
    - ``k_shell``: the core of the network that it stands in (whole numbers).

    Where no export of the focus rests on a node, ``cut``, ``dominator`` and ``betweenness`` are 0.
    The focus countries' own industries are included, and hang on themselves.
    """
    view = links(network)
    members = view.members()
    sets = list(members.values())
    exports = view.exports_usd(focus)
    total = float(exports.sum()) or 1.0
    made = np.array([view.output[nodes].sum() for nodes in sets])
    world: dict[str, float] = {}
    for (_, product), output in zip(members, made, strict=True):
        world[product] = world.get(product, 0.0) + float(output)
    of_product = np.array([world[product] for _, product in members])
    between = flow_betweenness(view, exports)
    shell = core_numbers(view)
    columns = {
        "hhi": np.divide(made, of_product, out=np.zeros_like(made), where=of_product > 0) ** 2,
        "cut": max_flows(view, exports, sets),
        "dominator": exports @ stopped_share(view, view.columns(sets)) / total,
        "betweenness": np.array([between[nodes].sum() for nodes in sets]),
        "k_shell": np.array([shell[nodes].max() for nodes in sets]),
    }
    return MappingProxyType(
        {
            key: MappingProxyType({name: float(columns[name][k]) for name in MEASURES})
            for k, key in enumerate(members)
        }
    )
