"""One month after another, upstream first: the step that `frozen` and `adaptive` share.

The cases differ in what a plant may do when supply falls short (`Behaviour`), never in arrays,
ceilings or the production rule. Differences from the baseline are carried, not levels: without a
restriction every one of them is exactly zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block
from supplychain.model.behaviour import Behaviour, State
from supplychain.model.orders import missing, need
from supplychain.model.outcome import Outcome
from supplychain.model.production import possible_output, required_input
from supplychain.model.sources import release
from supplychain.model.spot import Market, clear_market
from supplychain.model.technology import Workshop
from supplychain.model.turns import served
from supplychain.model.wiring import Wiring, add_up, total, wire

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def run(
    arrays: Arrays, behaviour: Behaviour, *, trace: bool = True, wiring: Sequence[Wiring] = ()
) -> Outcome:
    """Simulate all months under one behaviour.

    Args:
        arrays: the compiled network and scenario; never changed.
        behaviour: what plants and states may do.
        trace: keep flows, stocks and slots of every month; without it (many lanes) only outputs
            are told.
        wiring: index work of the same blocks, if done before (`supplychain.model.wiring.wire`).
    """
    if not behaviour.builds:
        arrays = arrays.unbuilt()
    record = Outcome.at_baseline(arrays, arrays.months if trace else 1)
    state = State.at_start(arrays)
    helpers = tuple(wiring) or wire(arrays)
    asleep = [not arrays.flows.covered[block.flows].any() for block in arrays.blocks]
    for month in range(arrays.months):
        for number, (block, links) in enumerate(zip(arrays.blocks, helpers, strict=True)):
            asleep[number] = asleep[number] and _is_quiet(
                arrays, behaviour, state, month, block, links
            )
            if asleep[number]:
                record.stock[month % len(record.stock), block.slots] = state.stock[block.slots]
            else:
                _Month(arrays, behaviour, state, record, month, block, links).play()
    return record if trace else Outcome.untraced(record.output, record.delivered)


def _is_quiet(
    arrays: Arrays, behaviour: Behaviour, state: State, month: int, block: Block, wiring: Wiring
) -> bool:
    """Whether a block at its baseline stays there this month, so that it can be skipped.

    Nothing unusual arrives, no host is short, and none of its users wants more than usual.
    """
    users = arrays.slots.node[wiring.watched]
    return not (
        (arrays.nodes.level[users] == 0).any()
        or (arrays.nodes.level[block.nodes] == 0).any()
        or (arrays.nodes.host[block.nodes] >= 0).any()
        or state.deviation[month, block.slots].any()
        or state.extra[users].any()
        or state.missed[users].any()
        or state.short[users].any()
        or (behaviour.restocks and _restocks(arrays, state, month, wiring.watched))
    )


def _restocks(arrays: Arrays, state: State, month: int, slots: Index) -> bool:
    """Whether any of these slots holds another stock than it wants, and orders towards that."""
    limits = arrays.limits
    if month < limits.start or not np.isfinite(limits.restock).any():
        return False
    wanted = limits.hoard[None, :, None] * arrays.slots.cover[slots]
    return bool((state.stock[slots] != wanted).any())


@dataclass(frozen=True)
class _Month:
    """One block in one month: arrivals, production, contracts, sources, spot, use of inputs."""

    arrays: Arrays
    behaviour: Behaviour
    state: State
    record: Outcome
    month: int
    block: Block
    wiring: Wiring

    def play(self) -> None:
        """The step in the order of docs/model.md, sections 4 and 5."""
        nodes, inputs = self.block.nodes, self.block.slots
        state, slots = self.state, self.arrays.slots
        arrived = slots.level[inputs][:, None, None] + state.deviation[self.month, inputs]
        have = state.stock[inputs] + arrived
        shop = self._workshop(have)
        target = self._target()
        made = shop.make(target)
        shipped, blocked = self._ship_contracts(made.whole)
        set_aside = blocked if self.behaviour.sets_aside else np.zeros_like(blocked)
        output = made.whole - blocked
        self._release()
        if self.behaviour.buys:
            room = self._room(shop, target, output + set_aside)
            output = output + self._spot(room, shipped)
        final = shop.make(output + set_aside)
        wanted = required_input(
            final.drawn,
            slots.weight[inputs][:, :, None],
            self.arrays.elasticity(self.month, inputs)[:, :, None],
        )
        # A substitute is the last resort: what is in stock is used first.
        used = np.minimum(wanted, have)
        # A slot that uses what arrives keeps its stock as it is, whatever the rounding.
        state.stock[inputs] = np.where(used == arrived, state.stock[inputs], have - used)
        late = np.maximum(state.missed[nodes] + (1.0 - output), 0.0)
        state.missed[nodes] = np.where(self.arrays.nodes.final[nodes][:, None, None], late, 0.0)
        if self.wiring.technologies.size:
            state.short[nodes] = np.maximum(target - made.main, 0.0)
        self._keep(output, made.whole, shipped, arrived, shop.allowed, used)

    def _workshop(self, have: Array) -> Workshop:
        """What limits the plants this month: slots, hosts and alternative technologies."""
        arrays, inputs = self.arrays, self.block.slots
        if self.behaviour.substitutes:
            have = have + arrays.help(self.month, inputs)[:, :, None]
        allowed = possible_output(
            have,
            arrays.slots.weight[inputs][:, :, None],
            arrays.elasticity(self.month, inputs)[:, :, None],
            arrays.slots.cost_share[inputs][:, None, None],
        )
        own = self.wiring.technologies if self.behaviour.alternates else np.empty(0, np.int64)
        return Workshop(
            arrays, self.block, allowed, self._weakest(allowed), own, arrays.ramp(self.month)
        )

    def _weakest(self, allowed: Array) -> Array:
        """The smallest of what a node's main slots and its host allow (infinite without either)."""
        arrays, block, wiring = self.arrays, self.block, self.wiring
        count = block.nodes.stop - block.nodes.start
        possible = np.full((count, arrays.lanes, arrays.bins), np.inf)
        if wiring.slot_starts.size:
            main = arrays.slots.main[block.slots]
            binding = allowed if main.all() else np.where(main[:, None, None], allowed, np.inf)
            possible[wiring.nodes_with_slots] = np.minimum.reduceat(
                binding, wiring.slot_starts, axis=0
            )
        host = arrays.nodes.host[block.nodes]
        hosted = np.flatnonzero(host >= 0)
        if hosted.size:
            ratio = arrays.nodes.host_ratio[block.nodes][hosted][:, None, None]
            bound = ratio * self.record.output[self.month, host[hosted]]
            possible[hosted] = np.minimum(possible[hosted], bound)
        return possible

    def _target(self) -> Array:
        """Baseline output; a final node may also make up for what it missed."""
        arrays, nodes = self.arrays, self.block.nodes
        level = arrays.nodes.level[nodes][:, None, None]
        target = np.broadcast_to(level, (level.shape[0], arrays.lanes, arrays.bins))
        if not self.behaviour.catches_up:
            return target
        most = arrays.limits.catch_up[None, :, None] - 1.0
        more = np.minimum(most, self.state.missed[nodes])
        return target + np.where(arrays.nodes.final[nodes][:, None, None], more, 0.0)

    def _ship_contracts(self, output: Array) -> tuple[Array, Array]:
        """Queue this month's goods for each flow and ship what the ceilings let through.

        Goods for a flow whose queue has reached the cap are not made. Returns what was shipped, per
        flow, and the output that is not made for that reason, per node.
        """
        e, state, wiring = self.block.flows, self.state, self.wiring
        ceiling = self.arrays.ceiling(self.month, e, leaks=self.behaviour.leaks)
        waiting = state.queue[e]
        made = self._served(output)
        blocked = np.zeros_like(output)
        room = self.arrays.limits.queue_cap[None, :, None] + ceiling - waiting
        if made.size and room.min() < made.max():
            accepted = np.minimum(made, np.maximum(room, 0.0))
            blocked = total(wiring.to_supplier, made - accepted)
            made = accepted
        waiting += made
        shipped = np.minimum(waiting, ceiling)
        waiting -= shipped
        self._deliver((shipped - 1.0) * self.arrays.flows.share[e][:, :, None])
        return shipped, blocked

    def _served(self, output: Array) -> Array:
        """Share of its baseline that each flow gets of its supplier's output."""
        supplied = output[self.wiring.supplier]
        turns = self.wiring.turns
        return supplied if turns is None else served(supplied, turns.before, turns.size)

    def _deliver(self, change: Array) -> None:
        """Add changes (months of need) to what reaches the users, each after its lag."""
        users = self.wiring.users
        for delivery in self.wiring.flows:
            moved = change[delivery.members]
            if moved.any():
                self.state.deviation[self.month + delivery.lag, users] += total(
                    delivery.sums, moved
                )

    def _release(self) -> None:
        """Public stocks and recovery."""
        if self.wiring.sources:
            received = release(
                self.arrays, self.behaviour, self.state, self.month, self.block, self.wiring.sources
            )
            self.record.released[self.month % len(self.record.released)] += received

    def _room(self, shop: Workshop, target: Array, output: Array) -> Array:
        """Spare output on offer: what could be made within capacity; none of final nodes."""
        nodes = self.block.nodes
        capacity = self.arrays.capacity(self.month, nodes)[:, :, None]
        most = np.minimum(shop.make(np.maximum(capacity, target)).whole, capacity)
        room = np.maximum(most - output, 0.0)
        room[self.arrays.nodes.final[nodes]] = 0.0
        return room

    def _spot(self, room: Array, shipped: Array) -> Array:
        """Short users buy spare output and withheld goods; returns the extra output of each node.

        What is bought is added to `shipped`, in months of each flow.
        """
        nodes = self.block.nodes
        left, asked = room, np.zeros((room.shape[0], self.arrays.lanes))
        for lag, deals in self.wiring.markets:
            left, more = self._buy(left, shipped, lag, deals)
            asked = asked + more
        base = self.arrays.nodes.base[nodes][:, None]
        spare = np.maximum(self.arrays.capacity(self.month, nodes) - 1.0, 0.0)
        built = self.arrays.nodes.level[nodes][:, None]
        self.state.extra[nodes] = (np.minimum(asked / base, spare) * built)[:, :, None]
        return room - left

    def _buy(self, room: Array, shipped: Array, lag: int, deals: Mask) -> tuple[Array, Array]:
        """Deals of one lag and rank: users order for the month in which the goods arrive.

        Returns what is left of the suppliers' room, and what they were asked for (unit/month).
        """
        arrays, state, wiring, e = self.arrays, self.state, self.wiring, self.block.flows
        short = missing(arrays, self.behaviour, state, self.month, self.block, wiring.users, lag)
        if not short.any():
            return room, np.zeros((room.shape[0], arrays.lanes))
        market = Market.of(
            arrays, self.month, self.block, wiring,
            queue=state.queue[e], room=room, shipped=shipped, missing=short, chosen=deals,
            leaks=self.behaviour.leaks, opens=self.behaviour.opens,
        )  # fmt: skip
        if not market.deals.size:
            return room, np.zeros((room.shape[0], arrays.lanes))
        deal = clear_market(market, arrays.limits.spot_rounds)
        known, opening = market.deals < shipped.shape[0], market.opening >= 0
        flows = market.deals[known]
        quantity = arrays.flows.quantity[e][flows][:, None, None] / arrays.bins
        by_flow, needs = (
            np.minimum(deal.bought, market.by_flow),
            need(arrays, wiring.users[market.user]),
        )
        shipped[flows] += by_flow[known] / quantity
        place = self.block.openings.start + market.opening[opening]
        opened = (deal.bought - by_flow)[opening] / needs[opening]
        self.record.opened[self.month % len(self.record.opened), place] = opened
        received, users = deal.bought / needs, wiring.users
        state.deviation[self.month + lag, users] += add_up(received, market.user, users.size)
        state.queue[e] *= 1.0 - deal.queue_sold[wiring.supplier][:, :, None]
        return room * (1.0 - deal.room_sold[:, :, None]), deal.asked

    def _keep(
        self,
        output: Array,
        shared: Array,
        shipped: Array,
        arrived: Array,
        allowed: Array,
        used: Array,
    ) -> None:
        """Write the month into the record; `shared` is the output that contracts shared."""
        record, month, block, turns = self.record, self.month, self.block, self.wiring.turns
        place = month % len(record.stock)
        record.output[month, block.nodes] = output
        if turns is not None:
            shared = served(shared, turns.own_before, turns.own_size)
        ahead, counted = (
            self.arrays.nodes.ahead[block.nodes],
            self.arrays.nodes.counted[block.nodes],
        )
        if (counted < 1).any():
            shared = served(shared, ahead, counted)
        record.delivered[month, block.nodes] = shared
        record.shipped[place, block.flows] = shipped
        record.queue[place, block.flows] = self.state.queue[block.flows]
        record.stock[place, block.slots] = self.state.stock[block.slots]
        record.arrivals[place, block.slots] = arrived
        record.allowed[place, block.slots] = allowed
        record.used[place, block.slots] = used
