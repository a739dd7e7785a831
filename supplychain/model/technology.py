"""What a plant makes of what it is asked for: the main technology first, then its alternatives."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Made:
    """Output by technology, in months of baseline.

    Attributes:
        main: (n, L, K) by the main technology; whole: by all of them.
        drawn: (q, L, K) output for which each slot's input is drawn.
    """

    main: Array
    whole: Array
    drawn: Array


@dataclass(frozen=True)
class Workshop:
    """What limits the plants of one block in one month.

    Attributes:
        allowed: (q, L, K) most output that each slot allows.
        main: (n, L, K) most output of the main technology: its slots and its host.
        technologies: indices of the alternatives that may be used, in order of merit.
        ramp: (A, L) most that each alternative of the run can make.
    """

    arrays: Arrays
    block: Block
    allowed: Array
    main: Array
    technologies: Index
    ramp: Array

    def most(self, wanted: Array) -> Array:
        """What is made in all of what is wanted, (n, L, K)."""
        return self.make(wanted).whole if self.technologies.size else np.minimum(wanted, self.main)

    def make(self, wanted: Array) -> Made:
        """Make what is wanted (n, L, K): as much as possible by the main technology.

        ``x_a = max(0, min(wanted - made so far, ramp_a, min over inputs (allowed - drawn) / f))``.
        """
        slots = self.arrays.slots
        owner = slots.node[self.block.slots] - self.block.nodes.start
        main = np.minimum(wanted, self.main)
        drawn = np.where(slots.main[self.block.slots][:, None, None], main[owner], 0.0)
        if not self.technologies.size:
            return Made(main, main, drawn)
        uses = self.arrays.technologies
        whole = main.copy()
        for a in self.technologies.tolist():
            node = int(uses.node[a]) - self.block.nodes.start
            inputs = np.flatnonzero(uses.use_technology == a)
            places = uses.use_slot[inputs] - self.block.slots.start
            factor = uses.use_factor[inputs][:, None, None]
            most = np.minimum(wanted[node] - whole[node], self.ramp[a][:, None])
            if places.size:
                room = (self.allowed[places] - drawn[places]) / factor
                most = np.minimum(most, room.min(axis=0))
            made = np.maximum(most, 0.0)
            whole[node] += made
            drawn[places] += factor * made[None]
        return Made(main, whole, drawn)
