"""Whose turn it is when output is scarce: equal ranks share pro rata, lower ones go first."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_NOBODY = 1e-9
"""A share of output below this is rounding: a node without customers outside the network."""


@dataclass(frozen=True)
class Turns:
    """Places in the queue of each flow and of each node's own customers, shares of its output.

    Attributes:
        before, size: (e,) what is served before the flow, and with it.
        own_before, own_size: (n,) the same of the customers outside the network; where there are
            none, 0 and 1, as if all shared.
    """

    before: Array
    size: Array
    own_before: Array
    own_size: Array

    @classmethod
    def of(cls, arrays: Arrays, block: Block) -> "Turns | None":
        """Turns of one block; None where nobody goes before anybody else."""
        nodes, e = block.nodes, block.flows
        supplier = arrays.flows.supplier[e] - nodes.start
        rank, own = arrays.flows.rank[e], arrays.nodes.rank[nodes]
        if not (rank != own[supplier]).any():
            return None
        weight = arrays.flows.quantity[e] / arrays.nodes.base[nodes][supplier]
        rest = 1.0 - np.bincount(supplier, weight, own.size)
        rest[rest < _NOBODY] = 0.0

        def place(who: Index, turn: Index) -> tuple[Array, Array]:
            """What is served before and with each customer of these nodes."""
            before = np.where(own[who] < turn, rest[who], 0.0)
            size = np.where(own[who] == turn, rest[who], 0.0)
            for k, (node, mine) in enumerate(zip(who.tolist(), turn.tolist(), strict=True)):
                same = supplier == node
                before[k] += weight[same & (rank < mine)].sum()
                size[k] += weight[same & (rank == mine)].sum()
            return before, size

        before, size = place(np.arange(own.size), own)
        nobody = rest == 0
        return cls(
            *place(supplier, rank), np.where(nobody, 0.0, before), np.where(nobody, 1.0, size)
        )


def served(output: Array, before: Array, size: Array) -> Array:
    """Share of the baseline that each customer gets of a supplier's output, (n, L, K).

    Pro rata from the baseline on; below it ``min(1, max(0, (output - before) / size))``. A supplier
    that makes 0.7 serves the first half wholly and the second half 40 %:

    >>> y = np.full((2, 1, 1), 0.7)
    >>> served(y, np.array([0.0, 0.5]), np.array([0.5, 0.5]))[:, 0, 0].round(6).tolist()
    [1.0, 0.4]
    """
    within = (output - before[:, None, None]) / np.where(size > 0, size, 1.0)[:, None, None]
    return np.where(output >= 1.0, output, np.clip(within, 0.0, 1.0))
