"""What each plant still misses of an input, and so orders beside its contracts."""

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block
from supplychain.model.behaviour import Behaviour, State

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


def missing(
    arrays: Arrays,
    behaviour: Behaviour,
    state: State,
    month: int,
    block: Block,
    slots: Index,
    lag: int = 0,
) -> Array:
    """Unmet need in the month in which goods bought now arrive, (q, L, K), unit/month.

    `block` makes the commodity that these slots use.

    Per bin: what is wanted, less arrivals already on their way, substitutes and what will be left
    of the stock by then; and a part of the gap to the wanted stock.
    """
    want = _wanted(arrays, behaviour, state, month + lag, slots)
    level = arrays.slots.level[slots][:, None, None]
    stock = state.stock[slots]
    # Plants before these suppliers (a loop of recipes) have drawn their inputs this month already.
    drawn = (arrays.slots.node[slots] < block.nodes.start)[:, None, None]
    for earlier in range(month, month + lag):
        later = np.maximum(stock + level + state.deviation[earlier, slots] - want, 0.0)
        stock = np.where(drawn, stock, later) if earlier == month else later
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
    final = nodes.final[node][:, None, None]
    late = np.zeros_like(state.missed[node])
    if behaviour.catches_up:
        late = np.minimum(arrays.limits.catch_up[None, :, None] - 1.0, state.missed[node])
    want = level + np.where(final, late, state.extra[node])
    unbuilt = nodes.level[node] == 0
    if unbuilt.any():
        # Goods that arrive after the horizon are wanted as in its last month.
        last = min(month, arrays.months - 1)
        want[unbuilt] = arrays.capacity(last, node[unbuilt])[:, :, None]
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
