"""The months of docs/model.md, section 5, in plain Python: slow, and made to be read.

It is the specification that the engine (`supplychain.model.cascade`) is tested against: one lane,
one bin, one slot at a time, no array arithmetic, nothing skipped, nothing shared with the engine
but the arrays. Names are the symbols of the text, and steps bear its numbers.

Nodes, slots and flows are in months of baseline; what is bought, sold and released is in the unit
of the commodity, a bin being 1 / K of its node, slot or flow.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from supplychain.model.arrays import Arrays, Block, Index
from supplychain.model.behaviour import Behaviour
from supplychain.model.oracle_rules import Deal, Number, Rules

Table = list[list[Number]]

_NOTHING = 1e-9
"""Offers and headrooms below this many months count as nothing: no decision hangs on rounding."""


@dataclass(frozen=True)
class Account:
    """What happened: the quantities of `cascade.Outcome` as lists [month][which][bin]."""

    output: list[Table] = field(default_factory=list)
    delivered: list[Table] = field(default_factory=list)
    stock: list[Table] = field(default_factory=list)
    arrivals: list[Table] = field(default_factory=list)
    shipped: list[Table] = field(default_factory=list)
    queue: list[Table] = field(default_factory=list)
    allowed: list[Table] = field(default_factory=list)
    used: list[Table] = field(default_factory=list)
    opened: list[Table] = field(default_factory=list)
    released: list[Table] = field(default_factory=list)


def play(arrays: Arrays, behaviour: Behaviour, *, exact: bool = False) -> Account:
    """Play all months of one lane by the letter of docs/model.md.

    With ``exact`` every number is a fraction, and rules without elasticities are not rounded.
    Raises ValueError for arrays of several lanes.
    """
    if arrays.lanes != 1:
        raise ValueError("the oracle plays one lane: arrays.take(slice(k, k + 1))")
    return _Play(arrays, behaviour, exact=exact).all_months()


class _Play:
    """The state that one month hands to the next, and the steps of a month."""

    def __init__(self, arrays: Arrays, behaviour: Behaviour, *, exact: bool) -> None:
        self.arrays, self.behaviour = arrays, behaviour
        self.rules = rules = Rules(arrays, behaviour, exact=exact)
        self.zero, self.bins = rules.zero, rules.bins
        self.account = Account()
        self.S: Table = [list(row) for row in rules.cover]
        self.B = self.table(rules.flows)
        self.missed, self.short = self.table(rules.base), self.table(rules.base)
        self.memory = [self.zero for _ in rules.base]
        self.d: dict[tuple[int, int, int], Number] = defaultdict(lambda: self.zero)
        self.left: list[Number] = [float(s.amount) for s in arrays.sources]
        self.drawn_until = [-1 for _ in rules.need]  # last month whose input each slot has drawn

    def table(self, rows: Sequence[Any]) -> Table:
        """Zeros, [which][bin]."""
        return [[self.zero for _ in self.bins] for _ in rows]

    def all_months(self) -> Account:
        """Every month, every commodity upstream first."""
        rules = self.rules
        for t in range(rules.months):
            self.t = t
            self.y, self.delivered = self.table(rules.base), self.table(rules.base)
            self.asked = [self.zero for _ in rules.base]
            self.refused = self.table(rules.base)
            self.shipped, self.opened = self.table(rules.flows), self.table(rules.openings)
            self.arrivals, self.allowed = self.table(rules.need), self.table(rules.need)
            self.used, self.released = self.table(rules.need), self.table(rules.need)
            for block in self.arrays.blocks:
                self.play_commodity(block)
            self.write_down()
        return self.account

    def write_down(self) -> None:
        """Keep the month."""
        for name, rows in {
            "output": self.y, "delivered": self.delivered, "stock": self.S,
            "arrivals": self.arrivals, "shipped": self.shipped, "queue": self.B,
            "allowed": self.allowed, "used": self.used, "opened": self.opened,
            "released": self.released,
        }.items():  # fmt: skip
            getattr(self.account, name).append([list(row) for row in rows])

    def play_commodity(self, block: Block) -> None:
        """Steps 1 to 9 for the nodes that make one commodity."""
        nodes = _range(block.nodes)
        each = [(j, k) for j in nodes for k in self.bins]
        for j, k in each:
            self.arrive(j, k)  # steps 1 and 2
        self.target = {(j, k): self.aim(j, k) for j, k in each}
        fell_short = {}
        for j, k in each:
            made, _ = self.make(j, k, self.target[j, k])
            self.y[j][k] = sum(made)  # step 3
            fell_short[j, k] = max(self.zero, self.target[j, k] - made[0])
            self.contracts(block, j, k)  # step 4
        self.sources(block)  # step 5
        self.spot(block)  # steps 6 to 8
        for j, k in each:
            self.draw(j, k)  # step 9
            self.short[j][k] = fell_short[j, k]

    # Steps 1 to 3: arrivals and production.

    def arrive(self, j: int, k: int) -> None:
        """A_q, and the output y_q that S + A + kappa allow."""
        rules, t = self.rules, self.t
        for q in rules.slots_of[j]:
            self.arrivals[q][k] = rules.slot_level[q] + self.d[t, q, k]
            z = self.S[q][k] + self.arrivals[q][k] + rules.kappa(q, t)
            self.allowed[q][k] = rules.rule(q, z, t)

    def aim(self, j: int, k: int) -> Number:
        """Target: the level, and for a final node what it missed, within its catch-up capacity."""
        rules = self.rules
        level: Number = rules.level[j]
        catches_up = self.behaviour.catches_up and rules.final[j]
        return level + min(rules.catch_up - 1, self.missed[j][k]) if catches_up else level

    def make(self, j: int, k: int, v: Number) -> tuple[list[Number], dict[int, Number]]:
        """[y_0, x_a, ...] of a wanted output v, and D_q of each slot of the node."""
        rules = self.rules
        bounds = [self.allowed[q][k] for q in rules.slots_of[j] if rules.main[q]]
        if rules.host[j] >= 0:
            bounds.append(rules.host_ratio[j] * self.y[rules.host[j]][k])
        made = [min([v, *bounds])]
        drawn = {q: made[0] if rules.main[q] else self.zero for q in rules.slots_of[j]}
        for a in rules.alternatives_of[j] if self.behaviour.alternates else ():
            inputs = rules.inputs_of[a]
            enough = [(self.allowed[q][k] - drawn[q]) / f for q, f in inputs]
            x = max(self.zero, min([v - sum(made), rules.ramp_a(a, self.t), *enough]))
            for q, f in inputs:
                drawn[q] += f * x
            made.append(x)
        return made, drawn

    # Step 4: contracts.

    def contracts(self, block: Block, i: int, k: int) -> None:
        """Serve by rank, accept within the queue cap, ship within the ceiling."""
        rules = self.rules
        served, self.delivered[i][k] = rules.served(i, self.y[i][k])
        for e in _range(block.flows):
            flow = rules.flows[e]
            if flow.supplier != i:
                continue
            c, queue = rules.ceiling(flow, self.t, k), self.B[e][k]
            accepted = min(served[flow.rank], max(self.zero, rules.queue_cap + c - queue))
            ship = min(queue + accepted, c)
            self.B[e][k] = queue + accepted - ship
            self.shipped[e][k] = ship
            self.d[self.t + flow.lag, flow.slot, k] += rules.share[e] * (ship - 1)
            w = rules.quantity[e] / rules.base[i]
            self.refused[i][k] += w * (served[flow.rank] - accepted)
        self.y[i][k] -= self.refused[i][k]

    # Step 5: public stocks and recovery.

    def sources(self, block: Block) -> None:
        """What sources of the block's commodity give: to their own slots, then to allies."""
        supplied = {deal.slot for deal in self.deals(block)}
        for number, source in enumerate(self.arrays.sources):
            served = [source.slots, *(slots for slots, _ in source.shared)]
            if not any(q in supplied for slots in served for q in slots.tolist()):
                continue
            if not (self.behaviour.recovers if source.recovers else self.behaviour.releases):
                continue
            release = self.rules.one * float(source.release[self.t, 0])
            left = release - self.give(block, number, source.slots, release)
            for slots, share in source.shared if self.behaviour.shares else ():
                left -= self.give(block, number, slots, min(share * release, left))

    def give(self, block: Block, number: int, slots: Index, most: Number) -> Number:
        """Share out at most so much, pro rata to what is missing; says how much was given.

        It arrives at once, and next month where a user's turn came before its supplier's.
        """
        lags = {q: int(self.rules.user[q] < block.nodes.stop) for q in slots.tolist()}
        missing = self.missing_units(lags, buys=False)
        wanted = sum(missing.values())
        given = min(most, self.left[number], wanted)
        for (q, k), lacks in missing.items():
            if wanted > 0:
                got = self.months(given * lacks / wanted, q)
                self.released[q][k] += got
                self.d[self.t + lags[q], q, k] += got
        self.left[number] -= given
        return given

    # Step 6: what is missing.

    def want(self, q: int, k: int, month: int) -> Number:
        """Months of need that a slot wants to have in a month."""
        rules = self.rules
        j: int = rules.user[q]
        if not rules.main[q]:
            alternatives = rules.alternatives_of[j] if self.behaviour.alternates else []
            inputs = [(a, f) for a in alternatives for r, f in rules.inputs_of[a] if r == q]
            orders = [f * min(rules.ramp_a(a, month), self.short[j][k]) for a, f in inputs]
            return sum(orders, start=self.zero)
        if rules.final[j]:
            return self.aim(j, k)
        if rules.level[j] == 0:
            return rules.capacity(j, month)
        return 1 + self.memory[j]

    def missing(self, q: int, k: int, lag: int, *, buys: bool) -> Number:
        """What a slot misses of a delivery that arrives after so many months, months of need.

        On the market it buys towards its stock too; from sources it gets what it needs.
        """
        rules = self.rules
        if rules.is_free(q):
            return self.zero
        month = self.t + lag
        want = self.want(q, k, month)
        stock, level = self.S[q][k], rules.slot_level[q]
        for s in range(self.drawn_until[q] + 1, month):
            stock = max(self.zero, stock + level + self.d[s, q, k] - want)
        have = stock + level + self.d[month, q, k] + rules.kappa(q, month)
        missing = max(self.zero, want - have)
        adapts = buys and self.behaviour.restocks and self.t >= rules.first_month
        if adapts and not math.isinf(rules.restock):
            gap = rules.hoard * rules.cover[q][k] - max(self.zero, have - want)
            missing += max(self.zero, gap) / rules.restock
        return missing

    def missing_units(self, lags: dict[int, int], *, buys: bool) -> dict[tuple[int, int], Number]:
        """The same by slot (and its lag) and bin, in the unit of the commodity."""
        return {
            (q, k): self.missing(q, k, lag, buys=buys) * self.rules.need[q] / len(self.bins)
            for q, lag in lags.items()
            for k in self.bins
        }

    def months(self, units: Number, q: int) -> Number:
        """Units of the commodity as months of need of one bin of a slot."""
        return units * len(self.bins) / self.rules.need[q]

    # Steps 7 and 8: the spot market.

    def deals(self, block: Block) -> list[Deal]:
        """Flows that leave the block, and openings to those who are no customers yet."""
        rules = self.rules
        new = [deal for deal in rules.openings[block.openings] if deal.flow < 0]
        return rules.flows[block.flows] + new

    def spot(self, block: Block) -> None:
        """Rounds for every transit lag, shortest first, and within it every rank, lowest first."""
        rules = self.rules
        self.room = {(i, k): self.spare(i, k) for i in _range(block.nodes) for k in self.bins}
        sold = dict(self.room)
        deals = [
            deal
            for deal in self.deals(block)
            if self.behaviour.buys and (deal.flow >= 0 or self.behaviour.opens)
        ]
        for lag, rank in sorted({(deal.lag, deal.rank) for deal in deals}):
            self.market([deal for deal in deals if (deal.lag, deal.rank) == (lag, rank)])
        for (i, k), room in self.room.items():
            self.y[i][k] += sold[i, k] - room
        for i in _range(block.nodes):
            most = max(self.zero, rules.capacity(i, self.t) - rules.level[i])
            self.memory[i] = min(self.asked[i] / rules.base[i], most) if rules.level[i] else 0

    def spare(self, i: int, k: int) -> Number:
        """room_i: output that a plant could still make, months of its base."""
        if self.rules.final[i]:
            return self.zero
        capacity = self.rules.capacity(i, self.t)
        made, _ = self.make(i, k, max(capacity, self.target[i, k]))
        y = self.y[i][k] + (self.refused[i][k] if self.behaviour.sets_aside else 0)
        return max(self.zero, min(sum(made), capacity) - y)

    def headroom(self, deal: Deal, k: int) -> Number:
        """What one bin may still buy through a deal, in units; of a flow with what is beside it."""
        if deal.flow < 0:
            return self.by_opening(deal, k)
        more = self.rules.beside.get(deal.flow) if self.behaviour.opens else None
        return self.by_flow(deal, k) + (self.by_opening(more, k) if more else self.zero)

    def by_flow(self, deal: Deal, k: int) -> Number:
        """What one bin may still buy within the ceiling of a flow, in units."""
        rules = self.rules
        whole = rules.quantity[deal.flow] / len(self.bins)
        room = (rules.ceiling(deal, self.t, k) - self.shipped[deal.flow][k]) * whole
        return room if room > _NOTHING * whole else self.zero

    def by_opening(self, deal: Deal, k: int) -> Number:
        """What one bin may still buy through an opening, in units."""
        rules = self.rules
        whole = rules.need[deal.slot] / len(self.bins)
        room = rules.opening_limit(deal, self.t, k) - self.opened[deal.opening][k] * whole
        return room if room > _NOTHING * whole else self.zero

    def market(self, deals: list[Deal]) -> None:
        """Some rounds among deals of one lag and rank: all ask at once, all are filled at once."""
        missing = self.missing_units({deal.slot: deal.lag for deal in deals}, buys=True)
        for number in range(self.rules.spot_rounds):
            offers = {i: self.offer(i) for i in {deal.supplier for deal in deals}}
            asks: dict[tuple[Deal, int], Number] = {}
            for (q, k), lacks in missing.items():
                reach = [d for d in deals if d.slot == q and self.headroom(d, k) > 0]
                total = sum(offers[d.supplier] for d in reach)
                for d in reach if total > 0 else ():
                    asks[d, k] = min(self.headroom(d, k), lacks * offers[d.supplier] / total)
            asked: dict[int, Number] = defaultdict(lambda: self.zero)
            for (d, _), ask in asks.items():
                asked[d.supplier] += ask
            fill = {i: min(1, offers[i] / ask) if ask > 0 else 0 for i, ask in asked.items()}
            for (d, k), ask in asks.items():
                self.buy(d, k, fill[d.supplier] * ask)
                missing[d.slot, k] -= fill[d.supplier] * ask
            for i, ask in asked.items():
                self.sell(i, fill[i] * ask)
                self.asked[i] += ask if number == 0 else 0

    def offer(self, i: int) -> Number:
        """What a supplier has left to sell, withheld goods and spare output, in units."""
        offer = sum(units for _, _, units in self.withheld(i)) + sum(
            self.room[i, k] * self.rules.base[i] / len(self.bins) for k in self.bins
        )
        return offer if offer > _NOTHING * self.rules.base[i] else self.zero

    def withheld(self, i: int) -> list[tuple[int, int, Number]]:
        """Flow, bin and units of the goods that wait in queues of a supplier."""
        return [
            (flow.flow, k, self.B[flow.flow][k] * self.rules.quantity[flow.flow] / len(self.bins))
            for flow in self.rules.flows
            if flow.supplier == i
            for k in self.bins
        ]

    def buy(self, deal: Deal, k: int, units: Number) -> None:
        """Goods bought leave at once, by the flow as far as it may, and arrive after the lag."""
        self.d[self.t + deal.lag, deal.slot, k] += self.months(units, deal.slot)
        more = self.rules.beside.get(deal.flow) if self.behaviour.opens else None
        if deal.flow >= 0:
            first = min(units, self.by_flow(deal, k)) if more else units
            self.shipped[deal.flow][k] += first * len(self.bins) / self.rules.quantity[deal.flow]
            units -= first
        opening = more or deal
        if opening.opening >= 0:
            self.opened[opening.opening][k] += self.months(units, deal.slot)

    def sell(self, i: int, units: Number) -> None:
        """Withheld goods first, spare output after; each bin the same share of what it holds."""
        queued = self.withheld(i)
        waiting = sum(held for _, _, held in queued)
        part = min(1, units / waiting) if waiting > 0 else self.zero
        for e, k, _ in queued:
            self.B[e][k] -= part * self.B[e][k]
        spare = self.offer(i) - (1 - part) * waiting
        for k in self.bins if spare > 0 else ():
            self.room[i, k] -= min(1, (units - part * waiting) / spare) * self.room[i, k]

    # Step 9: inputs are drawn.

    def draw(self, j: int, k: int) -> None:
        """u_q, S_q and missed_j."""
        rules = self.rules
        y = self.y[j][k]
        _, drawn = self.make(j, k, y + (self.refused[j][k] if self.behaviour.sets_aside else 0))
        for q in rules.slots_of[j]:
            held = self.S[q][k] + rules.slot_level[q] + self.d[self.t, q, k]
            self.used[q][k] = min(rules.required(q, drawn[q], self.t), held)
            self.S[q][k] = held - self.used[q][k]
            self.drawn_until[q] = self.t
        if rules.final[j]:
            self.missed[j][k] = max(self.zero, self.missed[j][k] + 1 - y)


def _range(part: slice) -> range:
    return range(part.start, part.stop)
