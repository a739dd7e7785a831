"""Max-flow and min-cut: how much of a sector's exports an actor's goods reach, and where narrowest.

Flows are measured in one unit, USD a year of the exports that rest on them, so that ore, magnets
and cars can stand in one network. The value that rests on a node goes upstream by

    V(v) = exports(v) + sum over flows f from v of  c(f),   c(f) = w(s) * share(f) * V(user)

with share(f) the part of the slot s that f fills and w(s) how badly it is needed. Yields are
ignored: a tonne lost in melting takes no value with it, since f counts by its share of the slot and
not by its tonnes. An export that needs several critical inputs is carried whole by each of them;
the maximum flow counts it once. A by-product's tie to its host metal is no flow of goods and
is left out here, so the part that *stops* without a host (`removal`) may be larger.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from supplychain.structure.links import Array, Integers, Links

_MOST = 2**30
"""Capacities are whole numbers of 32 bits for the solver: all exports together are this many."""


@dataclass(frozen=True)
class Cut:
    """The narrowest place between an actor's nodes and a sector's exports.

    Attributes:
        usd: exports a year that pass through it (max-flow = min-cut), at most those of the sector.
        exports_usd: exports of the sector, USD a year.
        links: (supplier id, user id, USD a year) of the severed links, largest first. An empty
            user is the export itself; an empty supplier an actor's node severed as a whole.
    """

    usd: float
    exports_usd: float
    links: tuple[tuple[str, str, float], ...]

    @property
    def share(self) -> float:
        """Part of the sector's exports that the actor's goods reach, 0-1."""
        return self.usd / self.exports_usd if self.exports_usd else 0.0


def resting_usd(links: Links, exports: Array) -> Array:
    """V of every node: exports that rest on it, counted once per way in which they do (nodes,)."""
    value = exports.copy()
    for layer in reversed(links.layers):
        if layer.nodes.size:
            counts = np.diff(np.append(layer.starts, layer.slots.size))
            of_slot = links.weight[layer.slots] * np.repeat(value[layer.nodes], counts)
            value += np.asarray(layer.shares.T @ of_slot)
    return value


def max_flows(links: Links, exports: Array, sets: Sequence[Integers]) -> Array:
    """Exports that each set of nodes can reach, USD a year (sets,), by maximum flow.

    Exact to about a billionth of all exports for each link of the cut. A set on which nothing rests
    has 0. See `minimum_cut` for one set and its links.
    """
    value = resting_usd(links, exports)
    total = float(exports.sum())
    found = np.zeros(len(sets))
    if total <= 0:
        return found
    base = _network(links, exports, value)
    for k, nodes in enumerate(sets):
        if value[nodes].sum() > 0:
            graph, source, sink = _with_source(base, value, nodes, total)
            found[k] = maximum_flow(graph, source, sink).flow_value / _MOST * total
    return found


def minimum_cut(links: Links, actor: Integers, sector: Integers) -> Cut:
    """Maximum flow from an actor's nodes to a sector's exports, and the cut that equals it.

    Args:
        links: the network.
        actor: nodes of the actor (such as all that it makes of one mineral).
        sector: exporting nodes (`Links.sector`).

    A mine that fills half the magnet slot of a plant with exports of 100 reaches 50; the cut is the
    one link from mine to plant.
    """
    everything = np.array([n.exports_usd for n in links.network.nodes])
    exports = np.zeros_like(everything)
    exports[sector] = everything[sector]
    total = float(exports.sum())
    value = resting_usd(links, exports)
    if total <= 0 or value[actor].sum() <= 0:
        return Cut(0.0, total, ())
    graph, source, sink = _with_source(_network(links, exports, value), value, actor, total)
    result = maximum_flow(graph, source, sink)
    severed = _severed(graph, csr_array(graph - result.flow), source)
    names = [*(n.id for n in links.network.nodes), "", ""]
    unit = total / _MOST
    named = [(names[a], names[b], size * unit) for a, b, size in severed]
    named.sort(key=lambda link: (-link[2], link))
    return Cut(result.flow_value * unit, total, tuple(named))


def _network(links: Links, exports: Array, value: Array) -> csr_array[np.float64]:
    """Capacities in USD: flows, and the exports of each node into one sink (the last node)."""
    count = len(links.network.nodes)
    capacity = links.weight[links.slot] * links.share * value[links.user]
    selling = np.flatnonzero(exports)
    rows = np.concatenate([links.supplier, selling])
    columns = np.concatenate([links.user, np.full(selling.size, count + 1)])
    whole = np.concatenate([capacity, exports[selling]])
    kept = whole > 0
    size = (count + 2, count + 2)
    return csr_array((whole[kept], (rows[kept], columns[kept])), shape=size)


def _with_source(
    base: csr_array[np.float64], value: Array, nodes: Integers, total: float
) -> tuple[csr_array[np.int32], int, int]:
    """The network with a source that feeds a set of nodes, in whole units of the solver."""
    source, sink = base.shape[0] - 2, base.shape[0] - 1
    # rows are stored one after another, and those of source and sink, the last two, are empty
    fed = np.sort(nodes[value[nodes] > 0])
    data = np.concatenate([base.data, value[fed]])
    data = np.rint(np.minimum(data / total, 1.0) * _MOST).astype(np.int32)
    indices = np.concatenate([base.indices, fed]).astype(np.int32)
    indptr = base.indptr.copy().astype(np.int32)
    indptr[source + 1 :] += fed.size
    return csr_array((data, indices, indptr), shape=base.shape), source, sink


def _severed(
    graph: csr_array[np.int32], residual: csr_array[np.int32], source: int
) -> Iterator[tuple[int, int, int]]:
    """Links that lead out of what the source still reaches when the flow is greatest."""
    open_ = residual.maximum(0)
    open_.eliminate_zeros()
    reached = np.zeros(graph.shape[0], dtype=bool)
    reached[breadth_first_order(open_, source, return_predecessors=False)] = True
    entries = graph.tocoo()
    for a, b, size in zip(*entries.coords, entries.data, strict=True):
        if size and reached[a] and not reached[b]:
            yield int(a), int(b), int(size)
