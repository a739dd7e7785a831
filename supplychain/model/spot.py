"""The spot round: short users buy from suppliers with something to spare, within access ceilings.

Suppliers offer withheld goods from their queues and unused capacity; all plants of one country and
commodity offer together, and the plants of all users compete for it, whatever their bin.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block
from supplychain.model.orders import need
from supplychain.model.wiring import Wiring, add_up

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_NOTHING = 1e-9
"""Offers and headrooms below this many months count as nothing: users ask in proportion to offers,
however small, so that what rounding leaves would decide whom they ask."""


@dataclass(frozen=True)
class Market:
    """What is on offer and who may buy it, for one commodity in one month.

    Attributes:
        deals: which flow or opening each deal is (openings count on after the flows), by user.
        supplier, user: the two ends of each deal; users in ascending order.
        headroom: (deals, L, K) most that a deal may add, unit/month: of a flow also what its
            opening may bring.
        opening: (deals,) by which opening of the block it may add any; -1 for a flow alone.
        by_flow: (deals, L, K) what its flow may add first, unit/month; infinite for a flow alone.
        from_queue: (suppliers, L) withheld goods on offer, unit/month.
        from_room: (suppliers, L) spare output on offer, unit/month.
        missing: (users, L, K) unmet need, unit/month.
    """

    deals: Index
    supplier: Index
    user: Index
    headroom: Array
    opening: Index
    by_flow: Array
    from_queue: Array
    from_room: Array
    missing: Array

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        month: int,
        block: Block,
        wiring: Wiring,
        *,
        queue: Array,
        room: Array,
        shipped: Array,
        missing: Array,
        chosen: Mask,
        leaks: bool,
        opens: bool,
    ) -> "Market":
        """Collect offers and headrooms of one commodity in one month.

        Args:
            queue, shipped: (flows, L, K) what waits and what was shipped, months of each flow.
            room: (suppliers, L, K) spare output, months of each supplier's output.
            missing: (users, L, K) unmet need, unit/month.
            chosen: deals that may be made now (flows, then openings).
            leaks: whether withheld supply leaks; opens: whether openings may be used.
        """
        quantity = arrays.flows.quantity[block.flows][:, None, None] / arrays.bins
        base = arrays.nodes.base[block.nodes][:, None, None] / arrays.bins
        held = wiring.queue_to_supplier @ (queue * quantity).sum(axis=2)
        spare = (room * base).sum(axis=2)
        least = _NOTHING * arrays.nodes.base[block.nodes][:, None]
        something = held + spare > least
        held, spare = np.where(something, held, 0.0), np.where(something, spare, 0.0)
        count = quantity.shape[0]
        limit = _limits(arrays, month, block, leaks=leaks)
        if not opens:
            limit[count:] = 0.0
        # Most possible deals are closed (banned, not yet qualified, nothing offered, nobody short):
        # they are left out before anything is computed for every plant and lane.
        deals = np.flatnonzero(
            chosen
            & (limit.max(axis=(1, 2)) > 0)
            & something.any(axis=1)[wiring.deal_supplier]
            & (missing.max(axis=(1, 2)) > 0)[wiring.deal_user]
        )
        deals = deals[np.argsort(wiring.deal_user[deals], kind="stable")]
        headroom = limit[deals]
        headroom = np.broadcast_to(headroom, (*headroom.shape[:2], arrays.bins)).copy()
        known = np.flatnonzero(deals < count)
        flows, needs = deals[known], need(arrays, wiring.users[wiring.deal_user[deals]])
        headroom[known] = (headroom[known] - shipped[flows]) * quantity[flows]
        whole = needs.copy()
        whole[known] = quantity[flows]
        headroom = np.where(headroom > _NOTHING * whole, headroom, 0.0)
        opening, by_flow = deals - count, np.zeros_like(headroom)
        opening[known], by_flow[known] = wiring.opening[flows], np.inf
        # A supplier that is known is asked once, for what its flow and its opening may bring.
        beside = known[opening[known] >= 0]
        more = limit[count + opening[beside]]
        more = np.where(more > _NOTHING * needs[beside], more, 0.0)
        by_flow[beside] = np.where(more > 0, headroom[beside], np.inf)
        headroom[beside] += more
        return cls(
            deals,
            wiring.deal_supplier[deals],
            wiring.deal_user[deals],
            headroom,
            opening,
            by_flow,
            held,
            spare,
            missing,
        )


def _limits(arrays: Arrays, month: int, block: Block, *, leaks: bool) -> Array:
    """Most of each flow, in months of it, and of each opening, unit/month of a bin, (., L, B)."""
    old = arrays.ceiling(month, block.flows, leaks=leaks)
    new = arrays.opening_limit(month, block.openings, leaks=leaks) / arrays.bins
    width = max(old.shape[2], new.shape[2])
    return np.concatenate([np.broadcast_to(a, (*a.shape[:2], width)) for a in (old, new)])


@dataclass(frozen=True)
class Deal:
    """What was bought.

    Attributes:
        bought: (deals, L, K) quantity, unit/month.
        queue_sold, room_sold: (suppliers, L) share of each offer that was sold.
        asked: (suppliers, L) what users asked for in the first round, unit/month.
    """

    bought: Array
    queue_sold: Array
    room_sold: Array
    asked: Array


def clear_market(market: Market, rounds: int) -> Deal:
    """Share the offers: users ask pro rata to offers, suppliers fill pro rata to what is asked.

    Each round, a user that misses m asks every reachable supplier i for
    ``m * offer_i / sum of reachable offers`` (at most its headroom), and a supplier whose asks
    exceed its offer fills the same share of each. What stays missing goes into the next round.
    """
    supplier, user = market.supplier, market.user
    offer = market.from_queue + market.from_room
    start = offer
    asked = np.zeros_like(offer)
    headroom, left = market.headroom, market.missing
    bought = np.zeros_like(headroom)
    for number in range(rounds):
        pull = np.where(headroom > 0, offer[supplier][:, :, None], 0.0)
        reach = add_up(pull, user, len(left))
        rate = np.divide(left, reach, out=np.zeros_like(left), where=reach > 0)
        ask = np.minimum(headroom, pull * rate[user])
        demand = add_up(ask, supplier, len(offer)).sum(axis=2)
        if not demand.any():
            break
        if number == 0:
            asked = demand
        fill = np.minimum(1.0, np.divide(offer, demand, out=np.ones_like(offer), where=demand > 0))
        got = ask * fill[supplier][:, :, None]
        bought += got
        headroom = headroom - got
        left = np.maximum(left - add_up(got, user, len(left)), 0.0)
        # Sold out is sold out to the last digit: nobody asks for what rounding leaves.
        offer = np.where(demand < offer, offer - demand, 0.0)
    sold = start - offer
    from_queue = np.minimum(sold, market.from_queue)
    part = _share(from_queue, market.from_queue)
    rest = np.where((sold > 0) & (offer == 0), 1.0, _share(sold - from_queue, market.from_room))
    return Deal(bought, part, rest, asked)


def _share(part: Array, whole: Array) -> Array:
    """Part / whole, 0 where there is nothing."""
    return np.clip(np.divide(part, whole, out=np.zeros_like(part), where=whole > 0), 0.0, 1.0)
