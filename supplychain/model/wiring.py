"""Who sits at the ends of the flows of one commodity: index work done once per run.

Sums over flows are sparse matrices, so that a month of many lanes is a handful of products.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from supplychain.model.arrays import Arrays, Block
from supplychain.model.turns import Turns

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Delivery:
    """Flows of one lag: which they are, and the matrix that sums them per user.

    The matrix is users x members.
    """

    lag: int
    members: Index
    sums: sparse.csr_array


@dataclass(frozen=True)
class Wiring:
    """The ends of one block's flows and openings (indices within the block).

    Attributes:
        slot_starts, nodes_with_slots: where the slots of each node begin.
        users: slots (in the whole run) that use the commodity or may come to, sorted; watched: and
            slots without a supplier that share a public stock or recovery with these.
        supplier: supplying node of each flow.
        deal_supplier, deal_user: the ends of flows, then of openings.
        opening: of each flow, that of the same pair; -1 where it has none.
        to_supplier: nodes x flows, weighted by the flow's share of its supplier's output.
        queue_to_supplier: nodes x flows, plain sums.
        flows: deliveries by lag; markets: by lag, then rank: the lag, and which deals these are (a
            flow and its opening are one deal, that of the flow).
        sources: that serve the users.
        technologies: alternatives of the block's nodes, in order of merit.
        turns: whose turn it is; None where all share pro rata.
    """

    slot_starts: Index
    nodes_with_slots: Index
    users: Index
    watched: Index
    supplier: Index
    deal_supplier: Index
    deal_user: Index
    opening: Index
    to_supplier: sparse.csr_array
    queue_to_supplier: sparse.csr_array
    flows: tuple[Delivery, ...]
    markets: tuple[tuple[int, Mask], ...]
    sources: tuple[int, ...]
    technologies: Index
    turns: Turns | None

    @classmethod
    def of(cls, arrays: Arrays, block: Block) -> "Wiring":
        """Precompute the index work of one block."""
        nodes, e, p = block.nodes, block.flows, block.openings
        owner = arrays.slots.node[block.slots] - nodes.start
        present, starts = np.unique(owner, return_index=True)
        supplier = arrays.flows.supplier[e] - nodes.start
        opener = arrays.openings.supplier[p] - nodes.start
        tech = arrays.technologies.node
        count = nodes.stop - nodes.start
        share = arrays.flows.quantity[e] / arrays.nodes.base[nodes][supplier]
        users = np.union1d(arrays.flows.slot[e], arrays.openings.slot[p])
        served = [np.concatenate([s.slots, *(q for q, _ in s.shared)]) for s in arrays.sources]
        sources = tuple(i for i, slots in enumerate(served) if np.isin(slots, users).any())
        watched = [users, *(served[i] for i in sources)]
        lag = np.concatenate([arrays.flows.lag[e], arrays.openings.lag[p]])
        rank = np.concatenate([arrays.flows.rank[e], arrays.openings.rank[p]])
        user = np.searchsorted(users, arrays.flows.slot[e])
        taker = np.searchsorted(users, arrays.openings.slot[p])
        seller, buyer = np.concatenate([supplier, opener]), np.concatenate([user, taker])
        flow = arrays.openings.flow[p]
        is_deal = np.concatenate([np.ones(user.size, dtype=bool), flow < 0])
        opening = np.full(user.size, -1, dtype=np.int64)
        opening[flow[flow >= 0] - e.start] = np.flatnonzero(flow >= 0)
        return cls(
            starts.astype(np.int64),
            present.astype(np.int64),
            users,
            np.unique(np.concatenate(watched)),
            supplier,
            seller,
            buyer,
            opening,
            sums(supplier, count, share),
            sums(supplier, count),
            _deliveries(arrays.flows.lag[e], user, users.size),
            tuple(
                (months, (lag == months) & (rank == turn) & is_deal)
                for months, turn in sorted(set(zip(lag.tolist(), rank.tolist(), strict=True)))
            ),
            sources,
            np.flatnonzero((tech >= nodes.start) & (tech < nodes.stop)),
            Turns.of(arrays, block),
        )


def wire(arrays: Arrays) -> tuple[Wiring, ...]:
    """The index work of all blocks; it does not depend on lanes or ceilings."""
    return tuple(Wiring.of(arrays, block) for block in arrays.blocks)


def sums(group: Index, groups: int, weight: Array | float = 1.0) -> sparse.csr_array:
    """Matrix (groups x members) that sums members by group."""
    values = np.broadcast_to(np.asarray(weight, dtype=np.float64), group.shape)
    return sparse.csr_array((values, (group, np.arange(group.size))), shape=(groups, group.size))


def total(matrix: sparse.csr_array, members: Array) -> Array:
    """Sums of members (m, L, K) by a matrix: (groups, L, K), added in one order in every lane."""
    flat = matrix @ members.reshape(members.shape[0], -1)
    return np.asarray(flat.reshape(matrix.shape[0], *members.shape[1:]))


def add_up(values: Array, group: Index, groups: int) -> Array:
    """Sum of rows by group, (groups, ...), each from its first row to its last.

    As `total`, without a matrix to be built first.

    >>> add_up(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1, 1]), 2).tolist()
    [[0.0, 0.0], [4.0, 6.0]]
    """
    width = int(np.prod(values.shape[1:]))
    place = group[:, None] * width + np.arange(width)
    found = np.bincount(place.ravel(), values.ravel(), groups * width)
    return np.asarray(found.reshape(groups, *values.shape[1:]), dtype=np.float64)


def _deliveries(lag: Index, user: Index, users: int) -> tuple[Delivery, ...]:
    """Members and sums of each lag that occurs."""
    found = []
    for months in np.unique(lag):
        members = np.flatnonzero(lag == months)
        found.append(Delivery(int(months), members, sums(user[members], users)))
    return tuple(found)
