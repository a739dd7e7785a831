"""Supply from outside the flows: states release stocks and share them, scrap is worked up."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block
from supplychain.model.behaviour import Behaviour, State
from supplychain.model.orders import missing, need

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def release(
    arrays: Arrays,
    behaviour: Behaviour,
    state: State,
    month: int,
    block: Block,
    chosen: Sequence[int],
) -> Array:
    """Let sources of the block's commodity serve its short users, pro rata to what they miss.

    Within the month's release and what is left; allies come after the owner. Returns what each slot
    of the run received, (Q, L, K), months of need.
    """
    received = np.zeros_like(state.stock)
    # A state helps plants that are short; it fills nobody's stock.
    needs = behaviour.but(restocks=False)
    for i in chosen:
        source = arrays.sources[i]
        allowed = behaviour.recovers if source.recovers else behaviour.releases
        if not allowed:
            continue
        rate = source.release[month]
        left = np.minimum(rate, state.left[i])
        turns = [(source.slots, rate)]
        if behaviour.shares:
            turns += [(slots, share * rate) for slots, share in source.shared]
        for slots, most in turns:
            if not slots.size:
                continue
            # A user that stands before its supplier (a loop of recipes) has had its turn already:
            # it is served for the next month.
            late = arrays.slots.node[slots] < block.nodes.stop
            wanted = missing(arrays, needs, state, month, block, slots)
            if late.any():
                later = missing(arrays, needs, state, month, block, slots, lag=1)
                wanted = np.where(late[:, None, None], later, wanted)
            total = wanted.sum(axis=2).cumsum(axis=0)[-1]  # in the same order for every lane
            given = np.minimum(np.minimum(most, left), total)
            part = np.divide(given, total, out=np.zeros_like(given), where=total > 0)
            gained = wanted * part[None, :, None] / need(arrays, slots)
            state.deviation[month + late.astype(np.int64), slots] += gained
            received[slots] += gained
            left = left - given
            state.left[i] = state.left[i] - given
    return received
