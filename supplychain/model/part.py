"""A part of compiled arrays: some of their blocks, nodes and slots, and all that lies between them.

What the lanes hold stays as it is, bit for bit; only rows are left out and numbered anew. So one
network that was compiled as a whole gives the part of many scenarios by index work alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import (
    Arrays,
    Block,
    Flows,
    Nodes,
    Openings,
    Projects,
    Slots,
    Source,
    Technologies,
)

Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Part:
    """Arrays of a part, and where each of its rows stands in the whole.

    Attributes:
        nodes, slots, flows, openings: rows of the whole, in the order of the part.
    """

    arrays: Arrays
    nodes: Index
    slots: Index
    flows: Index
    openings: Index


def part(
    whole: Arrays,
    blocks: Sequence[int],
    nodes: Mask,
    slots: Mask,
    short: Mask,
    served: "Served | None" = None,
) -> Part | None:
    """Some blocks with some nodes and slots; flows and openings stay where both ends do.

    A host outside the part is left out, and so is a stock or recovery of what cannot run short.
    None where the part would divide what a source serves: its size goes by its users.

    Args:
        whole: the compiled network; never changed.
        blocks: numbers of the blocks that stay, in order.
        nodes, slots: which of them stay; they stand in blocks that stay.
        short: slots of the whole whose input may run short.
        served: the slots of the sources of the whole, if listed before.
    """
    stays = (Served.of(whole) if served is None else served).kept(slots & short)
    if stays is None:
        return None
    flows = nodes[whole.flows.supplier] & slots[whole.flows.slot]
    openings = nodes[whole.openings.supplier] & slots[whole.openings.slot]
    keeps = {"nodes": nodes, "slots": slots, "flows": flows, "openings": openings}
    node_at, slot_at = _places(nodes), _places(slots)
    at = {name: np.flatnonzero(mask) for name, mask in keeps.items()}
    arrays = replace(
        whole,
        blocks=_blocks([whole.blocks[b] for b in blocks], keeps),
        nodes=_nodes(whole.nodes, at["nodes"], node_at),
        slots=_slots(whole.slots, at["slots"], node_at),
        flows=_flows(whole.flows, at["flows"], node_at, slot_at),
        openings=_openings(whole.openings, at["openings"], node_at, slot_at, _places(flows)),
        technologies=_technologies(whole.technologies, node_at, slot_at),
        projects=_projects(whole.projects, node_at),
        sources=tuple(
            _source(source, kept, slot_at)
            for source, kept in zip(whole.sources, stays, strict=True)
            if kept[0]
        ),
    )
    return Part(arrays, **at)


def _places(mask: Mask) -> Index:
    """Place of each row among those that stay; -1 where it does not.

    >>> _places(np.array([False, True, True])).tolist()
    [-1, 0, 1]
    """
    return np.where(mask, np.cumsum(mask) - 1, -1)


def _blocks(blocks: Sequence[Block], keeps: dict[str, Mask]) -> tuple[Block, ...]:
    """The blocks that stay, one after another."""
    ends: dict[str, Index] = {}
    for name, mask in keeps.items():
        counts = [np.count_nonzero(mask[getattr(block, name)]) for block in blocks]
        ends[name] = np.cumsum([0, *counts])
    return tuple(
        Block(**{name: slice(int(end[b]), int(end[b + 1])) for name, end in ends.items()})
        for b in range(len(blocks))
    )


def _nodes(nodes: Nodes, at: Index, node_at: Index) -> Nodes:
    """Nodes; a host outside the part is none."""
    host = nodes.host[at]
    host = np.where(host >= 0, node_at[host], -1)
    return Nodes(
        nodes.base[at],
        nodes.level[at],
        nodes.capacity[at],
        nodes.final[at],
        host,
        np.where(host >= 0, nodes.host_ratio[at], 1.0),
        nodes.rank[at],
        nodes.ahead[at],
        nodes.counted[at],
    )


def _slots(slots: Slots, at: Index, node_at: Index) -> Slots:
    """Slots."""
    return Slots(
        node_at[slots.node[at]],
        slots.need[at],
        slots.level[at],
        slots.main[at],
        slots.weight[at],
        slots.elasticity[at],
        slots.elasticity_long[at],
        slots.cost_share[at],
        slots.cover[at],
        slots.substitution[at],
        slots.substitution_most[at],
        slots.substitution_start[at],
    )


def _flows(flows: Flows, at: Index, node_at: Index, slot_at: Index) -> Flows:
    """Flows."""
    return Flows(
        node_at[flows.supplier[at]],
        slot_at[flows.slot[at]],
        flows.share[at],
        flows.quantity[at],
        flows.lag[at],
        flows.regime[at],
        flows.rank[at],
    )


def _openings(
    openings: Openings, at: Index, node_at: Index, slot_at: Index, flow_at: Index
) -> Openings:
    """Openings; the flow of a known pair stays where its opening does."""
    flow = openings.flow[at]
    known = flow >= 0
    flow[known] = flow_at[flow[known]]
    return Openings(
        node_at[openings.supplier[at]],
        slot_at[openings.slot[at]],
        openings.lag[at],
        openings.opens[at],
        openings.regime[at],
        openings.rank[at],
        flow,
    )


def _technologies(found: Technologies, node_at: Index, slot_at: Index) -> Technologies:
    """Alternatives of nodes that stay, and their uses of slots that stay."""
    stays = node_at[found.node] >= 0
    place = _places(stays)
    uses = stays[found.use_technology] & (slot_at[found.use_slot] >= 0)
    return Technologies(
        node_at[found.node[stays]],
        found.rate[stays],
        found.most[stays],
        found.start[stays],
        place[found.use_technology[uses]],
        slot_at[found.use_slot[uses]],
        found.use_factor[uses],
    )


def _projects(projects: Projects, node_at: Index) -> Projects:
    """New capacity of nodes that stay."""
    stays = node_at[projects.node] >= 0
    return Projects(node_at[projects.node[stays]], projects.added[:, stays])


@dataclass(frozen=True)
class Served:
    """The slots that the sources of a network serve, turn by turn (an owner's, then each ally's).

    Attributes:
        slots: of all turns, one after another; turn: of each of them.
        sizes: slots of each turn; turns: how many each source has.
    """

    slots: Index
    turn: Index
    sizes: Index
    turns: tuple[int, ...]

    @classmethod
    def of(cls, arrays: Arrays) -> "Served":
        """List them."""
        turns = [[s.slots, *(q for q, _ in s.shared)] for s in arrays.sources]
        flat = [slots for each in turns for slots in each]
        sizes = np.array([slots.size for slots in flat], dtype=np.int64)
        members = np.concatenate([np.zeros(0, dtype=np.int64), *flat])
        return cls(members, np.arange(sizes.size).repeat(sizes), sizes, tuple(map(len, turns)))

    def kept(self, slots: Mask) -> list[list[bool]] | None:
        """Which turns of each source stay with these slots; None where one stays in part."""
        stay = np.bincount(self.turn[slots[self.slots]], minlength=self.sizes.size)
        if ((stay > 0) & (stay < self.sizes)).any():
            return None
        whole, ends = (stay > 0).tolist(), np.cumsum([0, *self.turns]).tolist()
        return [whole[a:b] for a, b in pairwise(ends)]


def _source(source: Source, kept: Sequence[bool], slot_at: Index) -> Source:
    """A source with the slots of the part: its owner's, and those of the allies that stay."""
    shared = tuple(
        (slot_at[slots], share)
        for (slots, share), stays in zip(source.shared, kept[1:], strict=True)
        if stays
    )
    return replace(source, slots=slot_at[source.slots], shared=shared)
