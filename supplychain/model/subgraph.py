"""The part of a network that reaches some nodes, cut into the units of a linear programme."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Units:
    """The part of the network that reaches the targets, plants pooled except in final nodes.

    Attributes:
        node, bin: per unit; bin is -1 where all bins are pooled.
        size: per unit: its share of its node's output.
        slot, slot_unit: per slot unit: its slot and the unit it feeds.
        flow, flow_slot, opening, opening_slot: per flow or opening into a slot unit.
    """

    node: Index
    bin: Index
    size: Array
    slot: Index
    slot_unit: Index
    flow: Index
    flow_slot: Index
    opening: Index
    opening_slot: Index


def units_of(arrays: Arrays, targets: Index) -> Units:
    """Walk upstream from the targets and split final nodes into their bins."""
    reached = _upstream(arrays, targets)
    node: list[int] = []
    bins: list[int] = []
    size: list[float] = []
    first: dict[int, int] = {}
    for n in reached:
        first[n] = len(node)
        parts = range(arrays.bins) if arrays.nodes.final[n] else (-1,)
        for k in parts:
            node.append(n)
            bins.append(k)
            size.append(1.0 / len(parts))
    node_a = np.array(node, dtype=np.int64)
    slot, slot_unit = [], []
    binding = (arrays.slots.weight[:, 0] > 0) | ~np.isnan(arrays.slots.elasticity[:, 0])
    slots_of: dict[int, list[int]] = {}
    for q in np.flatnonzero(binding).tolist():
        slots_of.setdefault(int(arrays.slots.node[q]), []).append(q)
    for u, n in enumerate(node):
        for q in slots_of.get(n, ()):
            slot.append(q)
            slot_unit.append(u)
    slot_a = np.array(slot, dtype=np.int64)
    flow, flow_slot = _into(arrays.flows.slot, slot_a)
    opening, opening_slot = _into(arrays.openings.slot, slot_a)
    return Units(
        node_a,
        np.array(bins, dtype=np.int64),
        np.array(size),
        slot_a,
        np.array(slot_unit, dtype=np.int64),
        flow,
        flow_slot,
        opening,
        opening_slot,
    )


def _upstream(arrays: Arrays, targets: Index) -> list[int]:
    """Nodes from which the targets can be reached, in array order."""
    suppliers: dict[int, set[int]] = {}
    for links in (arrays.flows, arrays.openings):
        for s, q in zip(links.supplier.tolist(), links.slot.tolist(), strict=True):
            suppliers.setdefault(int(arrays.slots.node[q]), set()).add(s)
    for n in np.flatnonzero(arrays.nodes.host >= 0):
        suppliers.setdefault(int(n), set()).add(int(arrays.nodes.host[n]))
    seen, todo = set(targets.tolist()), list(targets.tolist())
    while todo:
        for s in suppliers.get(todo.pop(), set()) - seen:
            seen.add(s)
            todo.append(s)
    return sorted(seen)


def _into(link_slot: Index, slots: Index) -> tuple[Index, Index]:
    """All (link, slot unit) pairs where a link enters the slot of a slot unit."""
    by_slot: dict[int, list[int]] = {}
    for j, q in enumerate(link_slot.tolist()):
        by_slot.setdefault(q, []).append(j)
    pairs = [(j, s) for s, q in enumerate(slots.tolist()) for j in by_slot.get(q, ())]
    link = np.array([j for j, _ in pairs], dtype=np.int64)
    return link, np.array([s for _, s in pairs], dtype=np.int64)
