"""What stops when nodes are taken away and nobody changes supplier: graded, and all or nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from supplychain.structure.links import Array, Layer, Links

Truths = npt.NDArray[np.bool_]


def stopped_share(links: Links, removed: Truths, *, tiers: int | None = None) -> Array:
    """Part of every node's output that rests on a set of nodes, for many sets at once.

    A removed node loses everything. Any other loses as much as its worst input lacks, weighed by
    how badly it is needed (all inputs are needed, each from any of its suppliers):

        L(u) = max over inputs s of  w(s) * sum over suppliers v of  share(s, v) * L(v)

    A by-product also loses what its host metal no longer brings up: 1 - r (1 - L(host)), r the
    by-product obtainable over what is obtained. Nobody reroutes, substitutes or draws on stocks:
    it is a measure of structure, and no forecast.

    Args:
        links: the network.
        removed: whether node i is in set j (nodes, sets).
        tiers: how many steps upstream to look (1: direct suppliers alone); None is all.

    Returns:
        Shares 0-1 (nodes, sets).

    A plant that buys half of its only, critical input from A loses half of its output without A,
    and all of it without both suppliers.
    """
    loss = removed.astype(float)
    if tiers is None:
        for layer in links.layers:
            _lose(links, layer, loss, loss)
        return loss
    for _ in range(tiers):
        before = loss
        loss = removed.astype(float)
        for layer in links.layers:
            _lose(links, layer, before, loss)
    return loss


def _lose(links: Links, layer: Layer, before: Array, loss: Array) -> None:
    """Losses of one layer, from those of its suppliers and hosts in `before`, into `loss`."""
    if layer.nodes.size:
        short = links.weight[layer.slots, None] * np.asarray(layer.shares @ before)
        worst = np.maximum.reduceat(short, layer.starts, axis=0)
        loss[layer.nodes] = np.maximum(loss[layer.nodes], worst)
    if layer.bound.size:
        left = layer.room[:, None] * (1.0 - before[layer.hosts])
        loss[layer.bound] = np.maximum(loss[layer.bound], 1.0 - left)


def stopped_wholly(links: Links, removed: Truths) -> Truths:
    """Whether a node can make nothing at all without a set of nodes, for many sets at once.

    The rule of needs all (AND) and any will do (OR): a node is dead if it is removed, if *some*
    critical input has *only* dead suppliers in the baseline, or if it is a by-product of a dead
    host. Read from the mines downwards, the dead are the least set with this property:

        dead(u) = removed(u)  or  some critical s with: all suppliers v of s are dead(v)

    Args:
        links: the network.
        removed: whether node i is in set j (nodes, sets).

    Returns:
        (nodes, sets).
    """
    dead = removed.copy()
    for layer in links.layers:
        if layer.nodes.size:
            fed = (layer.shares > 0).astype(np.float32) @ (~dead).astype(np.float32)
            starved = (fed == 0) & links.is_critical[layer.slots, None]
            dead[layer.nodes] |= np.logical_or.reduceat(starved, layer.starts, axis=0)
        if layer.bound.size:
            dead[layer.bound] |= dead[layer.hosts]
    return dead
