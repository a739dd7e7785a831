"""Without time: a first look, for screening and teaching. No stocks, no queues, no adaptation."""

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays
from supplychain.model.production import possible_output

Array = npt.NDArray[np.float64]

_STEPS = 10_000
_STILL = 1e-13


def static(arrays: Arrays, month: int = 0) -> Array:
    """Output of every node (N,) over baseline when the ceilings of one month hold for ever.

    The greatest fixed point of ``y_j = min(1, rule(sum_e share_e min(y_supplier(e), ceiling_e)))``:
    start from 1 everywhere and go down. Loops of recipes are solved, not cut.
    """
    flows, slots = arrays.flows, arrays.slots
    under = arrays.ceiling(month, slice(None), leaks=False)[:, 0].mean(axis=1)
    ceiling = np.where(flows.covered, np.minimum(under, 1.0), 1.0)
    supplied = np.zeros(slots.need.size, dtype=bool)
    supplied[flows.slot] = True
    output = np.ones(arrays.nodes.base.size)
    for _ in range(_STEPS):
        missing = np.zeros(slots.need.size)
        np.add.at(
            missing,
            flows.slot,
            flows.share[:, 0] * (1.0 - np.minimum(output[flows.supplier], ceiling)),
        )
        allowed = possible_output(
            (1.0 - missing)[:, None, None],
            slots.weight[:, :1, None],
            slots.elasticity[:, :1, None],
            slots.cost_share[:, None, None],
        )[:, 0, 0]
        found = np.ones_like(output)
        np.minimum.at(found, slots.node, allowed)
        hosted = np.flatnonzero(arrays.nodes.host >= 0)
        found[hosted] = np.minimum(
            found[hosted], arrays.nodes.host_ratio[hosted] * output[arrays.nodes.host[hosted]]
        )
        found = np.maximum(found, 0.0)
        if np.abs(found - output).max(initial=0.0) < _STILL:
            return found
        output = found
    return output
