"""What a simulated case answers: every quantity of every month, in months of baseline."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outcome:
    """What happened, in months of baseline.

    Attributes:
        output: (T, N, L, K) output of every node over its base.
        delivered: (T, N, L, K) what the node's customers outside the network got, over their
            baseline: their turn of what contracts shared, before goods for full queues are taken
            back.
        stock: (T, Q, L, K) stock at the end of each month, months of need.
        arrivals: (T, Q, L, K) what reached each slot.
        shipped: (T, E, L, K) flows over their baseline (contracts and spot together).
        queue: (T, E, L, K) goods made and not shipped, months of the flow.
        allowed: (T, Q, L, K) most output that each slot of a main technology allowed; 1 where a
            commodity at its baseline was skipped.
        used: (T, Q, L, K) input drawn, months of need.
        opened: (T, P, L, K) new flows, in months of the slot's need.
        released: (T, Q, L, K) received from public stocks and recovery.
    """

    output: Array
    delivered: Array
    stock: Array
    arrivals: Array
    shipped: Array
    queue: Array
    allowed: Array
    used: Array
    opened: Array
    released: Array

    @classmethod
    def at_baseline(cls, arrays: Arrays, kept: int) -> "Outcome":
        """A record that holds the baseline; all but the outputs for so many months."""
        tail = (arrays.lanes, arrays.bins)
        q, e = arrays.slots.need.size, arrays.flows.supplier.size
        p, t = arrays.openings.supplier.size, kept
        one, zero = np.ones, np.zeros
        output = one((arrays.months, arrays.nodes.base.size, *tail))
        output *= arrays.nodes.level[:, None, None]
        arrivals = one((t, q, *tail)) * arrays.slots.level[:, None, None]
        return cls(
            output,
            output.copy(),
            zero((t, q, *tail)),
            arrivals,
            one((t, e, *tail)),
            zero((t, e, *tail)),
            one((t, q, *tail)),
            arrivals.copy(),
            zero((t, p, *tail)),
            zero((t, q, *tail)),
        )

    @classmethod
    def untraced(cls, output: Array, delivered: Array) -> "Outcome":
        """Outputs and deliveries alone: every other figure has no months."""
        none = np.zeros((0, 0, *output.shape[2:]))
        return cls(output, delivered, *[none] * (len(fields(cls)) - 2))
