"""How central a node is: the part of exports that its goods enter, and the core it stands in."""

from __future__ import annotations

import numpy as np

from supplychain.structure.links import Array, Links


def flow_betweenness(links: Links, exports: Array) -> Array:
    """Share of exports whose chains of supply pass through each node, 0-1 (nodes,).

    Follow a dollar of exports upstream: at each plant choose one of its inputs by how badly it is
    needed, then one of the suppliers by what they ship, until a mine is reached. The betweenness of
    a node is the probability of passing it. On a network without circles one pass gives it exactly:

        B(v) = exports(v) / all exports + sum over flows f from v of  w(s) / W(user) * share(f) *
               B(user),      W(user) = sum of w over the user's inputs

    It is the random-walk kind of flow betweenness (Newman 2005, *Social Networks* 27, 39-54), read
    upstream. Unlike the part that *stops* (`removal`), an input among five critical ones counts a
    fifth. Shortest paths (`networkx.betweenness_centrality`) say little about goods, which take all
    ways at once.

    A plant that buys one input half from A and half from B gives 0.5 to each.
    """
    total = exports.sum()
    found = exports / total if total > 0 else np.zeros_like(exports)
    for layer in reversed(links.layers):
        if not layer.nodes.size:
            continue
        weight = links.weight[layer.slots]
        counts = np.diff(np.append(layer.starts, layer.slots.size))
        of_node = np.repeat(np.add.reduceat(weight, layer.starts), counts)
        chance = np.divide(weight, of_node, out=np.zeros_like(weight), where=of_node > 0)
        reached = chance * np.repeat(found[layer.nodes], counts)
        found += np.asarray(layer.shares.T @ reached)
    return found


def core_numbers(links: Links) -> Array:
    """K-shell of every node: the largest k such that it stays when all with fewer than k links go.

    Links count once whatever their size or direction (`networkx.core_number`, after Batagelj and
    Zaversnik 2003). Uses outside the modelled industries are part of the network.

    In a triangle with a tail, the three corners have 2 and the tail has 1.
    """
    import networkx as nx

    graph: nx.Graph[int] = nx.Graph()
    graph.add_edges_from(zip(links.supplier.tolist(), links.user.tolist(), strict=True))
    found = np.zeros(len(links.network.nodes))
    for node, core in nx.core_number(graph).items():
        found[node] = core
    return found
