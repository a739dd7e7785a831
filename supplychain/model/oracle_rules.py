"""One lane as plain lists, and the rules of a month that need no memory: half of the oracle.

Sections 3 (access) and 4 of docs/model.md, in its symbols; `supplychain.model.oracle` plays the
months. Numbers are generic: with ``exact=True`` they are fractions.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.vocabulary import MONTHS_PER_YEAR

Number = Fraction | float

_NOBODY = 1e-9
"""A share of output below this is rounding: a node without customers outside the network."""


class Deal(NamedTuple):
    """A way in which goods may move: baseline flow number `flow`, or opening `opening`."""

    supplier: int
    slot: int
    lag: int
    rank: int
    regime: int
    flow: int = -1
    opening: int = -1


class Rules:
    """What a month allows, and what inputs allow, under one behaviour."""

    def __init__(self, arrays: Arrays, behaviour: Behaviour, *, exact: bool) -> None:
        def plain(values: Any) -> Any:
            """Nested lists of numbers."""
            if isinstance(values, list):
                return [plain(v) for v in values]
            whole = exact and isinstance(values, float) and math.isfinite(values)
            return Fraction(values) if whole else values

        def listed(values: Any) -> Any:
            return plain(values.tolist())

        def lane(values: Any) -> Any:
            """The only lane of an array whose last axis is lanes."""
            return plain(values[..., 0].tolist())

        nodes, slots, flows, openings = arrays.nodes, arrays.slots, arrays.flows, arrays.openings
        tech, limits = arrays.technologies, arrays.limits
        self.behaviour, self.months, self.bins = behaviour, arrays.months, range(arrays.bins)
        self.one: Number = Fraction(1) if exact else 1.0
        self.zero: Number = 0 * self.one
        # Nodes and projects.
        self.base, self.level = listed(nodes.base), listed(nodes.level)
        self.built = lane(nodes.capacity)
        self.final, self.own_rank = nodes.final.tolist(), nodes.rank.tolist()
        self.host, self.host_ratio = nodes.host.tolist(), listed(nodes.host_ratio)
        self.project, self.added = arrays.projects.node.tolist(), lane(arrays.projects.added)
        # Slots.
        self.user, self.main = slots.node.tolist(), slots.main.tolist()
        self.need, self.slot_level = listed(slots.need), listed(slots.level)
        self.weight, self.theta = lane(slots.weight), listed(slots.cost_share)
        self.short_run, self.long_run = lane(slots.elasticity), lane(slots.elasticity_long)
        self.cover = plain(slots.cover[:, 0, :].tolist())
        self.helped = lane(slots.substitution)
        self.helped_most = listed(slots.substitution_most)
        self.helped_start = listed(slots.substitution_start)
        # Alternative technologies.
        self.rate, self.most, self.start = lane(tech.rate), listed(tech.most), listed(tech.start)
        uses = (tech.use_technology.tolist(), tech.use_slot.tolist(), listed(tech.use_factor))
        self.inputs_of = _group(uses[0], zip(uses[1], uses[2], strict=True))
        self.slots_of = _group(self.user, range(len(self.user)))
        self.alternatives_of = _group(tech.node.tolist(), range(len(self.rate)))
        # Flows, openings, and the measures they stand under.
        self.flows = [Deal(*ends, flow=e) for e, ends in enumerate(_ends(flows))]
        self.openings = [Deal(*ends, opening=p) for p, ends in enumerate(_ends(openings))]
        self.share, self.quantity = lane(flows.share), listed(flows.quantity)
        self.opens = lane(openings.opens)
        regimes = arrays.regimes
        table = regimes.leaky if behaviour.leaks else regimes.ceiling
        self.measures = plain(table[:, :, 0, :].tolist())
        # Constants of behaviour, one number each.
        self.catch_up, self.access = lane(limits.catch_up), lane(limits.access)
        self.new_share, self.queue_cap = lane(limits.new_share), lane(limits.queue_cap)
        self.restock, self.hoard = lane(limits.restock), lane(limits.hoard)
        self.elasticity_time = lane(limits.elasticity_time)
        self.spot_rounds, self.first_month = limits.spot_rounds, limits.start

    # What a month allows.

    def ramp(self, rate: Number, most: Number, start: Number, t: int) -> Number:
        """min(most, rate max(0, t + 1/2 - start) / 12)."""
        return min(most, rate * max(self.zero, t + self.one / 2 - start) / MONTHS_PER_YEAR)

    def kappa(self, q: int, t: int) -> Number:
        """Months of need that a substitute fills."""
        if not self.behaviour.substitutes:
            return self.zero
        return self.ramp(self.helped[q], self.helped_most[q], self.helped_start[q], t)

    def ramp_a(self, a: int, t: int) -> Number:
        """Most that an alternative technology makes."""
        return self.ramp(self.rate[a], self.most[a], self.start[a], t)

    def capacity(self, i: int, t: int) -> Number:
        """What stands and the projects that came on; past the horizon, as in its last month."""
        came = self.added[min(t, self.months - 1)] if self.behaviour.builds else ()
        on = [more for node, more in zip(self.project, came, strict=False) if node == i]
        return sum(on, start=self.built[i])

    def measure(self, deal: Deal, t: int, k: int) -> Number:
        """What measures leave, months of the flow; infinite where none applies this month."""
        if deal.regime < 0:
            return math.inf
        per_bin = self.measures[t][deal.regime]
        left: Number = per_bin[k] if len(per_bin) > 1 else per_bin[0]
        return left

    def ceiling(self, deal: Deal, t: int, k: int) -> Number:
        """Most that a flow may carry, c_e: its restriction, else the access ceiling."""
        measure = self.measure(deal, t, k)
        access: Number = self.access
        return access if math.isinf(measure) else measure

    def opening_limit(self, deal: Deal, t: int, k: int) -> Number:
        """Most that one bin may buy through an opening, unit/month."""
        i = deal.supplier
        if t < self.opens[deal.opening]:
            return self.zero
        spare = max(self.zero, self.capacity(i, t) - self.level[i]) * self.base[i]
        free: Number = self.new_share * spare / len(self.bins)
        return free * min(self.one, self.measure(deal, t, k))

    # The production rule.

    def sigma(self, q: int, t: int) -> float:
        """Elasticity of the month; NaN where the slot has a class."""
        short, long = float(self.short_run[q]), float(self.long_run[q])
        passed = 1 - math.exp(-(t + 0.5) / float(self.elasticity_time))
        return short if short == long else short + (long - short) * passed

    def is_free(self, q: int) -> bool:
        """Whether the input never binds: a class with w = 0."""
        return math.isnan(self.short_run[q]) and self.weight[q] == 0

    def rule(self, q: int, z: Number, t: int) -> Number:
        """Most output y_q that z months of the input allow."""
        sigma, w = self.sigma(q, t), self.weight[q]
        if math.isnan(sigma):
            return math.inf if self.is_free(q) else (1 - w) + w * z
        if sigma == 0:
            return z
        theta, z = float(self.theta[q]), float(z)
        if sigma == 1:
            return z**theta
        r = (sigma - 1) / sigma
        if z == 0 and r < 0:
            return 0.0
        return float((theta * z**r + 1 - theta) ** (1 / r))

    def required(self, q: int, drawn: Number, t: int) -> Number:
        """Input u_q for an output D: in proportion up to the baseline, beyond it by the rule."""
        sigma, w = self.sigma(q, t), self.weight[q]
        if drawn <= 1 or sigma == 0 or self.is_free(q):
            return drawn
        if math.isnan(sigma):
            return (drawn - (1 - w)) / w
        theta, y = float(self.theta[q]), float(drawn)
        if sigma == 1:
            return float(y ** (1 / theta))
        r = (sigma - 1) / sigma
        inside = (y**r - (1 - theta)) / theta
        return float(inside ** (1 / r)) if inside > 0 else math.inf

    # Turns.

    def served(self, i: int, y: Number) -> dict[int, Number]:
        """What customers of each rank get of their baseline when the output is y.

        Where a node has no customers outside the network, their rank gets y as if all shared.
        """
        size: dict[int, Number] = defaultdict(lambda: self.zero)
        outside = self.one
        for flow in self.flows:
            if flow.supplier == i:
                w = self.quantity[flow.flow] / self.base[i]
                size[flow.rank] += w
                outside -= w
        if outside > _NOBODY:
            size[self.own_rank[i]] += outside
        got = {self.own_rank[i]: y}
        before = self.zero
        for rank in sorted(size):
            alone = len(size) == 1 or y >= 1
            left = max(self.zero, y - before)
            got[rank] = y if alone else min(self.one, left / size[rank])
            before += size[rank]
        return got


def _ends(deals: Any) -> Any:
    """Supplier, slot, lag, rank, regime of each flow or opening."""
    columns = (deals.supplier, deals.slot, deals.lag, deals.rank, deals.regime)
    return zip(*(column.tolist() for column in columns), strict=True)


def _group(keys: Sequence[int], values: Any) -> defaultdict[int, list[Any]]:
    """Values by key, in their order."""
    groups: defaultdict[int, list[Any]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        groups[key].append(value)
    return groups
