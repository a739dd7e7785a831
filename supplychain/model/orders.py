"""What each plant still misses of an input, and so orders beside its contracts."""

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour, State

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def missing(
    arrays: Arrays, behaviour: Behaviour, state: State, month: int, slots: Index, lag: int = 0
) -> Array:
    """Unmet need in the month in which goods bought now arrive, (q, L, K), unit/month.

    Per bin: what is wanted, less arrivals already on their way, substitutes and what will be left
    of the stock by then; and a part of the gap to the wanted stock.
    """
    want = _wanted(arrays, behaviour, state, month + lag, slots)
    level = arrays.slots.level[slots][:, None, None]
    stock = state.stock[slots]
    for earlier in range(month, month + lag):
        stock = np.maximum(stock + level + state.deviation[earlier, slots] - want, 0.0)
    have = stock + level + state.deviation[month + lag, slots]
    if behaviour.substitutes:
        have = have + arrays.help(month + lag, slots)[:, :, None]
    gap = np.maximum(want - have, 0.0)
    if behaviour.restocks and month >= arrays.limits.start:
        limits = arrays.limits
        target = limits.hoard[None, :, None] * arrays.slots.cover[slots]
        short = np.maximum(target - np.maximum(have - want, 0.0), 0.0)
        gap = gap + short / limits.restock[None, :, None]
    binds = (arrays.slots.weight[slots] > 0) | ~np.isnan(arrays.slots.elasticity[slots])
    return np.where(binds[:, :, None], gap, 0.0) * need(arrays, slots)


def need(arrays: Arrays, slots: Index) -> Array:
    """Need of one bin of each slot at an output of 1, unit/month."""
    return arrays.slots.need[slots][:, None, None] / arrays.bins


def _wanted(arrays: Arrays, behaviour: Behaviour, state: State, month: int, slots: Index) -> Array:
    """Input that each slot wants in a month, months of need."""
    nodes = arrays.nodes
    node = arrays.slots.node[slots]
    level = nodes.level[node][:, None, None]
    want = level + state.extra[node]
    if behaviour.catches_up:
        late = np.minimum(arrays.limits.catch_up[None, :, None] - 1.0, state.missed[node])
        want = np.where(nodes.final[node][:, None, None], level + late, want)
    unbuilt = nodes.level[node] == 0
    if unbuilt.any():
        want[unbuilt] = arrays.capacity(month, node[unbuilt])[:, :, None]
    beside = np.flatnonzero(~arrays.slots.main[slots])
    if beside.size:
        want[beside] = 0.0
        if behaviour.alternates:
            _want_alternatives(arrays, state, month, slots, want)
    return want


def _want_alternatives(arrays: Arrays, state: State, month: int, slots: Index, want: Array) -> None:
    """Slots of alternatives alone want what these are to make of the last month's shortfall."""
    tech, ramp = arrays.technologies, arrays.ramp(month)
    for k in np.flatnonzero(~arrays.slots.main[slots]).tolist():
        for u in np.flatnonzero(tech.use_slot == slots[k]).tolist():
            a = int(tech.use_technology[u])
            wanted = np.minimum(ramp[a][:, None], state.short[tech.node[a]])
            want[k] += tech.use_factor[u] * wanted
