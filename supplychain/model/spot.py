"""The spot round: short users buy from suppliers with something to spare, within access ceilings.

Suppliers offer withheld goods from their queues and unused capacity; all plants of one country and
commodity offer together, and the plants of all users compete for it, whatever their bin.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Market:
    """What is on offer and who may buy it.

    Attributes:
        supplier, user: per possible deal, first the baseline flows, then the openings.
        headroom: (deals, L, K) most that a deal may add, unit/month.
        from_queue: (suppliers, L) withheld goods on offer, unit/month.
        from_room: (suppliers, L) spare output on offer, unit/month.
        flows: how many of the deals are baseline flows.
    """

    supplier: Index
    user: Index
    headroom: Array
    from_queue: Array
    from_room: Array
    flows: int

    @classmethod
    def of(
        cls, arrays: Arrays, queue: Array, month: int, block: Block, users: Index, room: Array, shipped: Array
    ) -> "Market":
        """Collect offers and headrooms of one commodity in one month.

        A baseline flow has headroom up to its ceiling (its restriction, else baseline x access); an
        opening, once qualified, up to a share of its supplier's spare capacity.
        """
        e, p = block.flows, block.openings
        first = block.nodes.start
        restricted = arrays.flows.leaky[month, e]
        limit = np.where(np.isfinite(restricted), restricted, arrays.limits.access[None, :])
        quantity = arrays.flows.quantity[e][:, None, None] / arrays.bins
        old = np.maximum(limit[:, :, None] - shipped[e], 0.0) * quantity
        supplier = arrays.flows.supplier[e] - first
        opener = arrays.openings.supplier[p] - first
        spare = (arrays.nodes.capacity[block.nodes] - 1.0) * arrays.nodes.base[block.nodes][:, None]
        is_open = month >= arrays.openings.opens[p]
        new = arrays.limits.new_share[None, :] * spare[opener] * arrays.openings.ceiling[month, p] * is_open
        new = np.repeat(new[:, :, None] / arrays.bins, arrays.bins, axis=2)
        base = arrays.nodes.base[block.nodes][:, None, None] / arrays.bins
        held = np.zeros((room.shape[0], arrays.lanes))
        np.add.at(held, supplier, (queue[e] * quantity).sum(axis=2))
        position = np.searchsorted(users, np.concatenate([arrays.flows.slot[e], arrays.openings.slot[p]]))
        return cls(
            np.concatenate([supplier, opener]), position,
            np.concatenate([old, new]), held, (room * base).sum(axis=2), old.shape[0],
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
    ``m * offer_i / sum of reachable offers`` (at most its headroom), and a supplier whose asks exceed
    its offer fills the same share of each. What stays missing goes into the next round.

    Args:
        missing: (users, L, K) unmet need, unit/month.
        rounds: number of rounds.
    """
    headroom = market.headroom.copy()
    left = missing.copy()
    offer = market.from_queue + market.from_room
    start = offer.copy()
    bought = np.zeros_like(headroom)
    asked = np.zeros_like(offer)
    for number in range(rounds):
        pull = np.where(headroom > 0, offer[market.supplier][:, :, None], 0.0)
        total = np.zeros_like(left)
        np.add.at(total, market.user, pull)
        share = np.divide(pull, total[market.user], out=np.zeros_like(pull), where=total[market.user] > 0)
        ask = np.minimum(headroom, left[market.user] * share)
        demand = np.zeros_like(offer)
        np.add.at(demand, market.supplier, ask.sum(axis=2))
        if number == 0:
            asked = demand
        fill = np.minimum(1.0, np.divide(offer, demand, out=np.ones_like(offer), where=demand > 0))
        got = ask * fill[market.supplier][:, :, None]
        bought += got
        headroom -= got
        np.subtract.at(left, market.user, got)
        left = np.maximum(left, 0.0)
        offer = np.maximum(offer - demand * fill, 0.0)
    sold = start - offer
    from_queue = np.minimum(sold, market.from_queue)
    part = _share(from_queue, market.from_queue)
    rest = _share(sold - from_queue, market.from_room)
    return Deal(bought[: market.flows], bought[market.flows :], part, rest, asked)


def _share(part: Array, whole: Array) -> Array:
    """part / whole, 0 where there is nothing."""
    return np.clip(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0), 0.0, 1.0)
