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
        recipe, recipe_unit: per alternative technology of a unit: which one, and the unit.
        use_recipe, use_slot, use_factor: per input of these: recipe, slot unit, and the months of
            its need drawn for an output of 1.
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
    recipe: Index
    recipe_unit: Index
    use_recipe: Index
    use_slot: Index
    use_factor: Array

    @property
    def slot_bin(self) -> Index:
        """Bin of each slot unit, -1 where pooled."""
        return self.bin[self.slot_unit]


def units_of(arrays: Arrays, targets: Index) -> Units:
    """Walk upstream from the targets and split final nodes into their bins."""
    reached = _upstream(arrays, targets)
    parts = np.where(arrays.nodes.final[reached], arrays.bins, 1)
    node = np.repeat(reached, parts)
    place = np.arange(node.size) - np.repeat(np.cumsum(parts) - parts, parts)
    bins = np.where(arrays.nodes.final[node], place, -1)
    uses = arrays.technologies
    binding = (arrays.slots.weight[:, 0] > 0) | ~np.isnan(arrays.slots.elasticity[:, 0])
    binding &= arrays.slots.main | np.isin(np.arange(binding.size), uses.use_slot)
    slot, slot_unit = _under(np.where(binding, arrays.slots.node, -1), node)
    flow, flow_slot = _under(arrays.flows.slot, slot)
    opening, opening_slot = _under(arrays.openings.slot, slot)
    recipe, recipe_unit = _under(uses.node, node)
    use, use_recipe = _under(uses.use_technology, recipe)
    use_unit = recipe_unit[use_recipe]
    at = {pair: k for k, pair in enumerate(zip(slot.tolist(), slot_unit.tolist(), strict=True))}
    pairs = zip(uses.use_slot[use].tolist(), use_unit.tolist(), strict=True)
    use_slot = np.array([at.get(pair, -1) for pair in pairs], dtype=np.int64)
    binds = use_slot >= 0
    return Units(
        node, bins, 1.0 / np.repeat(parts, parts), slot, slot_unit,
        flow, flow_slot, opening, opening_slot, recipe, recipe_unit,
        use_recipe[binds], use_slot[binds], uses.use_factor[use[binds]],
    )  # fmt: skip


def _upstream(arrays: Arrays, targets: Index) -> Index:
    """Nodes from which the targets can be reached, in array order."""
    hosted = np.flatnonzero(arrays.nodes.host >= 0)
    supplier = (arrays.flows.supplier, arrays.openings.supplier, arrays.nodes.host[hosted])
    user = (arrays.slots.node[arrays.flows.slot], arrays.slots.node[arrays.openings.slot], hosted)
    source, end = np.concatenate(supplier), np.concatenate(user)
    seen = np.zeros(arrays.nodes.base.size, dtype=bool)
    seen[targets] = True
    while not seen[source[seen[end]]].all():
        seen[source[seen[end]]] = True
    return np.flatnonzero(seen).astype(np.int64)


def _under(group: Index, members: Index) -> tuple[Index, Index]:
    """All pairs (link, place in `members`) where a link belongs to a member, by place.

    >>> link, place = _under(np.array([7, 5, 7]), np.array([5, 7, 9]))
    >>> link.tolist(), place.tolist()
    ([1, 0, 2], [0, 1, 1])
    """
    order = np.argsort(group, kind="stable")
    start = np.searchsorted(group[order], members, side="left")
    count = np.searchsorted(group[order], members, side="right") - start
    place = np.repeat(np.arange(members.size), count)
    within = np.arange(place.size) - np.repeat(np.cumsum(count) - count, count)
    link = order[np.repeat(start, count) + within] if place.size else order[:0]
    return link.astype(np.int64), place.astype(np.int64)
