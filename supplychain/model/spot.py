"""The spot round: short users buy from suppliers with something to spare, within access ceilings.

Suppliers offer withheld goods from their queues and unused capacity; all plants of one country and
commodity offer together, and the plants of all users compete for it, whatever their bin.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from supplychain.model.arrays import Arrays, Block
from supplychain.model.wiring import Wiring, sums

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Market:
    """What is on offer and who may buy it.

    Attributes:
        wiring: the two ends of every possible deal, first the baseline flows, then the openings.
        headroom: (deals, L, K) most that a deal may add, unit/month.
        from_queue: (suppliers, L) withheld goods on offer, unit/month.
        from_room: (suppliers, L) spare output on offer, unit/month.
        flows: how many of the deals are baseline flows.
    """

    wiring: Wiring
    headroom: Array
    from_queue: Array
    from_room: Array
    flows: int

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        queue: Array,
        month: int,
        block: Block,
        wiring: Wiring,
        room: Array,
        shipped: Array,
    ) -> "Market":
        """Collect offers and headrooms of one commodity in one month.

        A baseline flow has headroom up to its ceiling (its restriction, else baseline x access); an
        opening, once qualified, up to a share of its supplier's spare capacity.
        """
        e, p = block.flows, block.openings
        restricted = arrays.flows.leaky[month, e]
        limit = np.where(np.isfinite(restricted), restricted, arrays.limits.access[None, :])
        quantity = arrays.flows.quantity[e][:, None, None] / arrays.bins
        old = np.maximum(limit[:, :, None] - shipped[e], 0.0) * quantity
        opener = wiring.deal_supplier[wiring.supplier.size :]
        spare = (arrays.nodes.capacity[block.nodes] - 1.0) * arrays.nodes.base[block.nodes][:, None]
        is_open = month >= arrays.openings.opens[p]
        new = (
            arrays.limits.new_share[None, :]
            * spare[opener]
            * arrays.openings.ceiling[month, p]
            * is_open
        )
        new = np.repeat(new[:, :, None] / arrays.bins, arrays.bins, axis=2)
        base = arrays.nodes.base[block.nodes][:, None, None] / arrays.bins
        waiting = (queue[e] * quantity).sum(axis=2)
        held = wiring.queue_to_supplier @ waiting
        return cls(
            wiring, np.concatenate([old, new]), held, (room * base).sum(axis=2), old.shape[0]
        )


@dataclass(frozen=True)
class Deal:
    """What was bought.

    Attributes:
        flows, openings: (deals, L, K) bought quantity, unit/month.
        queue_sold, room_sold: (suppliers, L) share of each offer that was sold.
        asked: (suppliers, L) what users asked for in the first round, unit/month.
    """

    flows: Array
    openings: Array
    queue_sold: Array
    room_sold: Array
    asked: Array


def clear_market(market: Market, missing: Array, rounds: int) -> Deal:
    """Share the offers: users ask pro rata to offers, suppliers fill pro rata to what is asked.

    Each round, a user that misses m asks every reachable supplier i for
    ``m * offer_i / sum of reachable offers`` (at most its headroom), and a supplier whose asks
    exceed its offer fills the same share of each. What stays missing goes into the next round.

    Args:
        missing: (users, L, K) unmet need, unit/month.
        rounds: number of rounds.
    """
    offer = market.from_queue + market.from_room
    start = offer.copy()
    asked = np.zeros_like(offer)
    bought = np.zeros_like(market.headroom)
    # Most possible deals are closed (banned, not yet qualified, nothing offered): leave them out.
    live = np.flatnonzero(
        market.headroom.any(axis=(1, 2))
        & (offer.max(axis=1) > 0)[market.wiring.deal_supplier]
        & (missing.max(axis=(1, 2)) > 0)[market.wiring.deal_user]
    )
    supplier, user = market.wiring.deal_supplier[live], market.wiring.deal_user[live]
    per_supplier, per_user = sums(supplier, offer.shape[0]), sums(user, missing.shape[0])
    headroom, left = market.headroom[live], missing
    taken = np.zeros_like(headroom)
    for number in range(rounds if live.size else 0):
        pull = np.where(headroom > 0, offer[supplier][:, :, None], 0.0)
        total = _summed(per_user, pull)
        rate = np.divide(left, total, out=np.zeros_like(left), where=total > 0)
        ask = np.minimum(headroom, pull * rate[user])
        demand = per_supplier @ ask.sum(axis=2)
        if number == 0:
            asked = demand
        fill = np.minimum(1.0, np.divide(offer, demand, out=np.ones_like(offer), where=demand > 0))
        got = ask * fill[supplier][:, :, None]
        taken += got
        headroom = headroom - got
        left = np.maximum(left - _summed(per_user, got), 0.0)
        offer = np.maximum(offer - demand * fill, 0.0)
    bought[live] = taken
    sold = start - offer
    from_queue = np.minimum(sold, market.from_queue)
    part = _share(from_queue, market.from_queue)
    rest = _share(sold - from_queue, market.from_room)
    return Deal(bought[: market.flows], bought[market.flows :], part, rest, asked)


def _summed(sums_: sparse.csr_array, deals: Array) -> Array:
    """Sum of deals (deals, L, K) per row of a matrix of sums."""
    total = sums_ @ deals.reshape(deals.shape[0], -1)
    return np.asarray(total.reshape(total.shape[0], *deals.shape[1:]), dtype=np.float64)


def _share(part: Array, whole: Array) -> Array:
    """Part / whole, 0 where there is nothing."""
    return np.clip(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0), 0.0, 1.0)
