"""One month after another, upstream first: the step that `frozen` and `adaptive` share.

The two cases differ in what a plant may do when supply falls short (`Behaviour`), never in arrays,
ceilings or the production rule. Differences from the baseline are carried, not levels: without a
restriction every one of them is exactly zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block
from supplychain.model.production import possible_output, required_input
from supplychain.model.spot import Market, clear_market
from supplychain.model.wiring import Delivery, Wiring, wire

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Behaviour:
    """What plants may do, and whether withheld supply `leaks` through third countries.

    They may `spot` (reroute, spare capacity, public stocks), `substitute` and `catch_up`. A plant
    that `sets_aside` keeps the inputs of goods that it does not make because their queue is full:
    they serve nobody else.
    """

    spot: bool
    substitute: bool
    catch_up: bool
    leaks: bool
    sets_aside: bool


@dataclass(frozen=True)
class Outcome:
    """What happened, in months of baseline.

    Attributes:
        output: (T, N, L, K) output of every node over baseline.
        stock: (T, Q, L, K) stock at the end of each month, months of need.
        arrivals: (T, Q, L, K) what reached each slot.
        shipped: (T, E, L, K) flows over their baseline (contracts and spot together).
        queue: (T, E, L, K) goods made and not shipped, months of the flow.
        allowed: (T, Q, L, K) most output that each slot allowed.
        used: (T, Q, L, K) input drawn, months of need.
        opened: (T, P, L, K) new flows, in months of the slot's need.
        released: (T, Q, L, K) public stock received.
    """

    output: Array
    stock: Array
    arrivals: Array
    shipped: Array
    queue: Array
    allowed: Array
    used: Array
    opened: Array
    released: Array


@dataclass
class _State:
    """What a month hands to the next. Lives inside one call of `run` only."""

    stock: Array
    queue: Array
    missed: Array
    extra: Array
    deviation: Array
    public: list[Array] = field(default_factory=list)


def run(
    arrays: Arrays, behaviour: Behaviour, *, trace: bool = True, wiring: Sequence[Wiring] = ()
) -> Outcome:
    """Simulate all months under one behaviour.

    Args:
        arrays: the compiled network and scenario; never changed.
        behaviour: what plants may do.
        trace: keep flows, stocks and slots of every month; without it (many lanes) only the last
            month of them is kept, and `output` of all months.
        wiring: index work of the same blocks, if done before (`supplychain.model.wiring.wire`).
    """
    record = _empty(arrays, 1 if not trace else arrays.months)
    state = _start(arrays)
    helpers = tuple(wiring) or wire(arrays)
    asleep = [not arrays.flows.covered[block.flows].any() for block in arrays.blocks]
    for month in range(arrays.months):
        for number, (block, links) in enumerate(zip(arrays.blocks, helpers, strict=True)):
            asleep[number] = asleep[number] and _is_quiet(arrays, state, month, block, links)
            if asleep[number]:
                record.stock[month % len(record.stock), block.slots] = state.stock[block.slots]
            else:
                _step(arrays, behaviour, state, record, month, block, links)
    return record


def _is_quiet(arrays: Arrays, state: _State, month: int, block: Block, wiring: Wiring) -> bool:
    """Whether a block at its baseline stays there this month, so that it can be skipped.

    Nothing unusual arrives, no host is short, and none of its users wants more than usual.
    """
    users = arrays.slots.node[wiring.users]
    host = arrays.nodes.host[block.nodes]
    return not (
        state.deviation[month, block.slots].any()
        or (host >= 0).any()
        or state.extra[users].any()
        or state.missed[users].any()
    )


def _empty(arrays: Arrays, kept: int) -> Outcome:
    """A record that holds the baseline; all but the outputs for so many months."""
    tail = (arrays.lanes, arrays.bins)
    n, q = arrays.nodes.base.size, arrays.slots.need.size
    e, p, t = arrays.flows.supplier.size, arrays.openings.supplier.size, kept
    one, zero = np.ones, np.zeros
    return Outcome(
        one((arrays.months, n, *tail)),
        zero((t, q, *tail)),
        one((t, q, *tail)),
        one((t, e, *tail)),
        zero((t, e, *tail)),
        one((t, q, *tail)),
        one((t, q, *tail)),
        zero((t, p, *tail)),
        zero((t, q, *tail)),
    )


def _start(arrays: Arrays) -> _State:
    """Full stocks, empty queues, baseline flows at sea."""
    tail = (arrays.lanes, arrays.bins)
    n, q, e = arrays.nodes.base.size, arrays.slots.need.size, arrays.flows.supplier.size
    longest = int(max(arrays.flows.lag.max(initial=0), arrays.openings.lag.max(initial=0)))
    return _State(
        stock=arrays.slots.cover.copy(),
        queue=np.zeros((e, *tail)),
        missed=np.zeros((n, *tail)),
        extra=np.zeros((n, *tail)),
        deviation=np.zeros((arrays.months + longest + 1, q, *tail)),
        public=[np.full(tail[0], stock.amount) for stock in arrays.stocks],
    )


def _step(
    arrays: Arrays,
    behaviour: Behaviour,
    state: _State,
    record: Outcome,
    month: int,
    block: Block,
    wiring: Wiring,
) -> None:
    """One block in one month: arrivals, production, contracts, spot, use of inputs."""
    inputs = block.slots
    arrived = 1.0 + state.deviation[month, inputs]
    help_ = arrays.help(month, inputs)[:, :, None] if behaviour.substitute else 0.0
    allowed = possible_output(
        state.stock[inputs] + arrived + help_,
        arrays.slots.weight[inputs][:, :, None],
        arrays.slots.elasticity[inputs][:, :, None],
        arrays.slots.cost_share[inputs][:, None, None],
    )
    possible = _weakest(arrays, record, month, block, wiring, allowed)
    output = np.minimum(_target(arrays, behaviour, state, block), possible)
    shipped, blocked = _ship_contracts(arrays, behaviour, state, month, block, wiring, output)
    set_aside = blocked if behaviour.sets_aside else np.zeros_like(blocked)
    output = output - blocked
    if behaviour.spot:
        room = np.minimum(possible, arrays.nodes.capacity[block.nodes][:, :, None]) - output
        room[arrays.nodes.final[block.nodes]] = 0.0
        room = np.maximum(room, 0.0)
        output = output + _spot(arrays, state, record, month, block, wiring, room, shipped)
    node_of_slot = arrays.slots.node[inputs] - block.nodes.start
    wanted = required_input(
        (output + set_aside)[node_of_slot],
        arrays.slots.weight[inputs][:, :, None],
        arrays.slots.elasticity[inputs][:, :, None],
        arrays.slots.cost_share[inputs][:, None, None],
    )
    # A substitute is the last resort: what is in stock is used first.
    used = np.minimum(wanted, state.stock[inputs] + arrived)
    state.stock[inputs] += arrived - used
    final = arrays.nodes.final[block.nodes][:, None, None]
    state.missed[block.nodes] = np.where(
        final, np.maximum(state.missed[block.nodes] + (1.0 - output), 0.0), 0.0
    )
    record.output[month, block.nodes] = output
    record.shipped[month % len(record.shipped), block.flows] = shipped
    record.queue[month % len(record.queue), block.flows] = state.queue[block.flows]
    record.stock[month % len(record.stock), inputs] = state.stock[inputs]
    record.arrivals[month % len(record.arrivals), inputs] = arrived
    record.allowed[month % len(record.allowed), inputs] = allowed
    record.used[month % len(record.used), inputs] = used


def _weakest(
    arrays: Arrays, record: Outcome, month: int, block: Block, wiring: Wiring, allowed: Array
) -> Array:
    """The smallest of what a node's slots and its host allow (infinite without either)."""
    count = block.nodes.stop - block.nodes.start
    possible = np.full((count, arrays.lanes, arrays.bins), np.inf)
    if wiring.slot_starts.size:
        possible[wiring.nodes_with_slots] = np.minimum.reduceat(allowed, wiring.slot_starts, axis=0)
    host = arrays.nodes.host[block.nodes]
    hosted = np.flatnonzero(host >= 0)
    if hosted.size:
        ratio = arrays.nodes.host_ratio[block.nodes][hosted][:, None, None]
        possible[hosted] = np.minimum(possible[hosted], ratio * record.output[month, host[hosted]])
    return possible


def _target(arrays: Arrays, behaviour: Behaviour, state: _State, block: Block) -> Array:
    """Baseline output; a final node may also make up for what it missed, within its capacity."""
    count = block.nodes.stop - block.nodes.start
    target = np.ones((count, arrays.lanes, arrays.bins))
    if behaviour.catch_up:
        more = np.minimum(arrays.limits.catch_up[None, :, None] - 1.0, state.missed[block.nodes])
        target += np.where(arrays.nodes.final[block.nodes][:, None, None], more, 0.0)
    return target


def _ship_contracts(
    arrays: Arrays,
    behaviour: Behaviour,
    state: _State,
    month: int,
    block: Block,
    wiring: Wiring,
    output: Array,
) -> tuple[Array, Array]:
    """Queue this month's goods for each flow and ship what the ceilings let through.

    Goods for a flow whose queue has reached the cap are not made. Returns what was shipped, per
    flow, and the output that is not made for that reason, per node.
    """
    e = block.flows
    ceiling = arrays.ceiling(month, e, leaks=behaviour.leaks)[:, :, None]
    waiting = state.queue[e]
    made = output[wiring.supplier]
    blocked = np.zeros_like(output)
    room = arrays.limits.queue_cap[None, :, None] + ceiling - waiting
    if made.size and room.min() < made.max():
        accepted = np.minimum(made, np.maximum(room, 0.0))
        refused = (made - accepted).reshape(made.shape[0], -1)
        blocked = np.asarray((wiring.to_supplier @ refused).reshape(output.shape))
        made = accepted
    waiting += made
    shipped = np.minimum(waiting, ceiling)
    waiting -= shipped
    change = (shipped - 1.0) * arrays.flows.share[e][:, :, None]
    _deliver(state.deviation, month, wiring.users, wiring.flows, change)
    return shipped, blocked


def _deliver(
    target: Array, month: int, users: Index, deliveries: tuple[Delivery, ...], change: Array
) -> None:
    """Add changes (months of need) to what reaches the users, each after its lag."""
    for delivery in deliveries:
        moved = change[delivery.members]
        if moved.any():
            total = delivery.sums @ moved.reshape(moved.shape[0], -1)
            target[month + delivery.lag, users] += total.reshape(users.size, *moved.shape[1:])


def _need(arrays: Arrays, slots: Index) -> Array:
    """Baseline need of one bin of each slot, unit/month."""
    return arrays.slots.need[slots][:, None, None] / arrays.bins


def _spot(
    arrays: Arrays,
    state: _State,
    record: Outcome,
    month: int,
    block: Block,
    wiring: Wiring,
    room: Array,
    shipped: Array,
) -> Array:
    """Short users buy spare output and withheld goods; returns the extra output of each node.

    What is bought is added to `shipped`, in months of each flow.
    """
    if not wiring.users.size:
        return np.zeros_like(room)
    _release_public_stock(arrays, state, record, month, block, wiring)
    room, left, asked = room.copy(), room, np.zeros((room.shape[0], arrays.lanes))
    for lag in np.unique(wiring.deal_lag):
        left, more = _buy(arrays, state, record, month, block, wiring, left, shipped, int(lag))
        asked = asked + more
    spare = np.minimum(
        asked / arrays.nodes.base[block.nodes][:, None], arrays.nodes.capacity[block.nodes] - 1.0
    )
    state.extra[block.nodes] = spare[:, :, None]
    return room - left


def _buy(
    arrays: Arrays,
    state: _State,
    record: Outcome,
    month: int,
    block: Block,
    wiring: Wiring,
    room: Array,
    shipped: Array,
    lag: int,
) -> tuple[Array, Array]:
    """Deals over one transit lag: users order for the month in which the goods arrive.

    Returns what is left of the suppliers' room, and what they were asked for (unit/month).
    """
    missing = _missing(arrays, state, month, wiring.users, lag)
    if not missing.any():
        return room, np.zeros((room.shape[0], arrays.lanes))
    e = block.flows
    market = Market.of(
        arrays, month, block, wiring,
        queue=state.queue[e], room=room, shipped=shipped, missing=missing, lag=lag,
    )  # fmt: skip
    deal = clear_market(market, arrays.limits.spot_rounds)
    known = market.deals < shipped.shape[0]
    flows, openings = market.deals[known], market.deals[~known] - shipped.shape[0]
    quantity = arrays.flows.quantity[e][flows][:, None, None] / arrays.bins
    shipped[flows] += deal.bought[known] / quantity
    received = deal.bought / _need(arrays, wiring.users[market.user])
    place = block.openings.start + openings
    record.opened[month % len(record.opened), place] = received[~known]
    if market.user.size:
        present, starts = np.unique(market.user, return_index=True)
        total = np.add.reduceat(received, starts, axis=0)
        state.deviation[month + lag, wiring.users[present]] += total
    state.queue[e] *= 1.0 - deal.queue_sold[wiring.supplier][:, :, None]
    return room * (1.0 - deal.room_sold[:, :, None]), deal.asked


def _missing(arrays: Arrays, state: _State, month: int, users: Index, lag: int = 0) -> Array:
    """Unmet need of each using slot in the month in which goods bought now arrive (unit/month).

    Per bin: the target less arrivals already on their way, substitutes, and what will be left of
    the stock by then.
    """
    node = arrays.slots.node[users]
    more = np.minimum(arrays.limits.catch_up[None, :, None] - 1.0, state.missed[node])
    final = arrays.nodes.final[node][:, None, None]
    target = 1.0 + np.where(final, more, state.extra[node])
    stock = state.stock[users]
    for earlier in range(month, month + lag):
        stock = np.maximum(stock + 1.0 + state.deviation[earlier, users] - target, 0.0)
    share = arrays.help(month + lag, users)[:, :, None]
    have = stock + 1.0 + state.deviation[month + lag, users] + share
    binds = (arrays.slots.weight[users] > 0) | ~np.isnan(arrays.slots.elasticity[users])
    return np.where(binds[:, :, None], np.maximum(target - have, 0.0), 0.0) * _need(arrays, users)


def _release_public_stock(
    arrays: Arrays, state: _State, record: Outcome, month: int, block: Block, wiring: Wiring
) -> None:
    """States release to their short users, pro rata to what is missing, within rate and stock."""
    for i, public in enumerate(arrays.stocks):
        if month < public.lag or public.slots[0] not in wiring.users:
            continue
        missing = _missing(arrays, state, month, public.slots)
        whole = arrays.slots.need[public.slots].sum()
        wanted = missing.sum(axis=(0, 2))
        given = np.minimum(np.minimum(public.release, state.public[i]) * whole, wanted)
        state.public[i] = state.public[i] - given / whole
        share = np.divide(given, wanted, out=np.zeros_like(given), where=wanted > 0)
        received = missing * share[None, :, None] / _need(arrays, public.slots)
        # A user that stands before its supplier (a loop of recipes) has had its turn this month.
        late = (arrays.slots.node[public.slots] < block.nodes.stop).astype(np.int64)
        state.deviation[month + late, public.slots] += received
        record.released[month % len(record.released), public.slots] += received
