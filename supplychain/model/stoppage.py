"""Plants that can be stopped in single lanes: each gets one more input, which nobody supplies.

Nothing of that input ever arrives, and there is no stock. Where its weight is 1 (critical) the
plant makes nothing in any month; where it is 0 it does not bind (`model.production.class_output`).
A capacity of 0 would not do: contracts are served from the baseline output, and capacity limits
only what is made beyond it.
"""

from dataclasses import fields, replace

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block, Slots

Index = npt.NDArray[np.int64]

_NO_LIMIT = np.inf


def stoppable(arrays: Arrays, nodes: Index) -> tuple[Arrays, Index]:
    """The same network with an input for each of some plants that `stopped` can make critical.

    Returns the arrays and the new slots, one per node. A plant without a host becomes its own,
    without a limit: the engines pass over plants that nothing unusual reaches, unless these hang on
    a host. So as long as no plant is stopped every outcome is the same, bit for bit, where a
    measure keeps these plants' blocks awake anyway (else up to rounding in what users restock).

    Args:
        arrays: the compiled network; never changed.
        nodes: that exist in the baseline, in order.
    """
    count = arrays.slots.need.size
    owner = np.concatenate([arrays.slots.node, nodes])
    order = np.argsort(owner, kind="stable")
    place = np.empty(order.size, dtype=np.int64)
    place[order] = np.arange(order.size)
    moved, added = place[:count], place[count:]
    own = nodes[arrays.nodes.host[nodes] < 0]
    host, ratio = arrays.nodes.host.copy(), arrays.nodes.host_ratio.copy()
    host[own], ratio[own] = own, _NO_LIMIT
    flows, openings, tech = arrays.flows, arrays.openings, arrays.technologies
    grown = replace(
        arrays,
        blocks=_blocks(arrays, owner[order]),
        nodes=replace(arrays.nodes, host=host, host_ratio=ratio),
        slots=_slots(arrays, nodes, order),
        flows=replace(flows, slot=moved[flows.slot]),
        openings=replace(openings, slot=moved[openings.slot]),
        technologies=replace(tech, use_slot=moved[tech.use_slot]),
        sources=tuple(
            replace(s, slots=moved[s.slots], shared=tuple((moved[q], p) for q, p in s.shared))
            for s in arrays.sources
        ),
    )
    return grown, added


def stopped(arrays: Arrays, nodes: Index, added: Index, lanes: Index) -> Arrays:
    """Stop plants for the whole horizon, each in its own lane: its alternatives do not run either.

    Args:
        arrays, added: of `stoppable`; never changed.
        nodes: the plants of the new slots; lanes: in which each stops, -1 for none.
    """
    which = np.flatnonzero(lanes >= 0)
    weight, rate = arrays.slots.weight.copy(), arrays.technologies.rate.copy()
    weight[added[which], lanes[which]] = 1.0
    for k in which.tolist():
        rate[arrays.technologies.node == nodes[k], lanes[k]] = 0.0
    return replace(
        arrays,
        slots=replace(arrays.slots, weight=weight),
        technologies=replace(arrays.technologies, rate=rate),
    )


def _blocks(arrays: Arrays, owner: Index) -> tuple[Block, ...]:
    """The blocks, whose slots are those of their nodes."""
    found, first = [], 0
    for block in arrays.blocks:
        last = int(np.searchsorted(owner, block.nodes.stop))
        found.append(replace(block, slots=slice(first, max(first, last))))
        first = max(first, last)
    return tuple(found)


def _slots(arrays: Arrays, nodes: Index, order: Index) -> Slots:
    """Slots in the order of their nodes, the new ones behind the others of each."""
    lanes, bins, count = arrays.lanes, arrays.bins, nodes.size
    new = {
        "node": nodes,
        "need": np.ones(count),
        "level": np.zeros(count),
        "main": np.ones(count, dtype=bool),
        "elasticity": np.full((count, lanes), np.nan),
        "elasticity_long": np.full((count, lanes), np.nan),
        "cost_share": np.ones(count),
        "cover": np.zeros((count, lanes, bins)),
        "weight": np.zeros((count, lanes)),
        "substitution": np.zeros((count, lanes)),
        "substitution_most": np.zeros(count),
        "substitution_start": np.zeros(count),
    }
    return Slots(
        **{
            f.name: np.concatenate([getattr(arrays.slots, f.name), new[f.name]])[order]
            for f in fields(Slots)
        }
    )
