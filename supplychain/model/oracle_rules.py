"""One lane as plain lists, and the rules of a month that need no memory: half of the oracle.

Sections 3 (access) and 4 of docs/model.md, in its symbols; `supplychain.model.oracle` plays the
months. Numbers are generic: with ``exact=True`` they are fractions.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar

from supplychain.model.arrays import Array, Arrays, Flows, Limits, Openings
from supplychain.model.behaviour import Behaviour
from supplychain.vocabulary import MONTHS_PER_YEAR

Number = Fraction | float

V = TypeVar("V")

_NOBODY = 1e-9
"""A share of output below this is rounding: a node without customers outside the network."""


class Deal(NamedTuple):
    """A way in which goods may move: baseline flow number `flow`, opening `opening`, or both.

    Both: the opening beside a flow.
    """

    supplier: int
    slot: int
    lag: int
    rank: int
    regime: int
    flow: int = -1
    opening: int = -1


class Rules:
    """What a month allows, and what inputs allow, for the only lane of some arrays."""

    def __init__(self, arrays: Arrays, behaviour: Behaviour, *, exact: bool) -> None:
        """Read the arrays into lists, of fractions if exact."""
        self.behaviour, self.exact = behaviour, exact
        self.months, self.bins = arrays.months, range(arrays.bins)
        self.one: Number = Fraction(1) if exact else 1.0
        self.zero: Number = 0 * self.one
        self._read_nodes(arrays)
        self._read_slots(arrays)
        self._read_deals(arrays)
        self._read_limits(arrays.limits)

    def row(self, values: Array) -> list[Number]:
        """A list of numbers."""
        floats: list[float] = values.tolist()
        return [Fraction(v) if self.exact and math.isfinite(v) else v for v in floats]

    def rows(self, values: Array) -> list[list[Number]]:
        """A list of lists of numbers."""
        return [self.row(one) for one in values]

    def _read_nodes(self, arrays: Arrays) -> None:
        nodes, tech = arrays.nodes, arrays.technologies
        self.base, self.level = self.row(nodes.base), self.row(nodes.level)
        self.built = self.row(nodes.capacity[:, 0])
        self.final, self.own_rank = nodes.final.tolist(), nodes.rank.tolist()
        self.ahead, self.counted = self.row(nodes.ahead), self.row(nodes.counted)
        self.host, self.host_ratio = nodes.host.tolist(), self.row(nodes.host_ratio)
        self.project: list[int] = arrays.projects.node.tolist()
        self.added = self.rows(arrays.projects.added[:, :, 0])
        # Alternatives of each node, in order of merit, and the inputs (q, f) of each.
        self.rate, self.most = self.row(tech.rate[:, 0]), self.row(tech.most)
        self.start = self.row(tech.start)
        inputs = zip(tech.use_slot.tolist(), self.row(tech.use_factor), strict=True)
        self.inputs_of = _group(tech.use_technology.tolist(), inputs)
        self.alternatives_of = _group(tech.node.tolist(), range(len(self.rate)))

    def _read_slots(self, arrays: Arrays) -> None:
        slots = arrays.slots
        self.user, self.main = slots.node.tolist(), slots.main.tolist()
        self.slots_of = _group(self.user, range(len(self.user)))
        self.need, self.slot_level = self.row(slots.need), self.row(slots.level)
        self.weight, self.theta = self.row(slots.weight[:, 0]), self.row(slots.cost_share)
        self.short_run: list[float] = slots.elasticity[:, 0].tolist()
        self.long_run: list[float] = slots.elasticity_long[:, 0].tolist()
        self.cover = self.rows(slots.cover[:, 0])
        self.helped = self.row(slots.substitution[:, 0])
        self.helped_most = self.row(slots.substitution_most)
        self.helped_start = self.row(slots.substitution_start)

    def _read_deals(self, arrays: Arrays) -> None:
        flows, openings, regimes = arrays.flows, arrays.openings, arrays.regimes
        self.flows = [Deal(*ends, flow=e) for e, ends in enumerate(_ends(flows))]
        beside: list[int] = openings.flow.tolist()
        self.openings = [
            Deal(*ends, flow=beside[p], opening=p) for p, ends in enumerate(_ends(openings))
        ]
        self.beside = {deal.flow: deal for deal in self.openings if deal.flow >= 0}
        self.share, self.quantity = self.row(flows.share[:, 0]), self.row(flows.quantity)
        self.opens = self.row(openings.opens[:, 0])
        # Per month and regime a number for each bin, or one for all bins.
        table = regimes.leaky if self.behaviour.leaks else regimes.ceiling
        self.measures = [self.rows(month[:, 0]) for month in table]

    def _read_limits(self, limits: Limits) -> None:
        self.catch_up, self.access = self.row(limits.catch_up)[0], self.row(limits.access)[0]
        self.new_share = self.row(limits.new_share)[0]
        self.queue_cap = self.row(limits.queue_cap)[0]
        self.restock, self.hoard = self.row(limits.restock)[0], self.row(limits.hoard)[0]
        self.elasticity_time = float(limits.elasticity_time[0])
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
        return per_bin[k] if len(per_bin) > 1 else per_bin[0]

    def ceiling(self, deal: Deal, t: int, k: int) -> Number:
        """Most that a flow may carry, c_e: its restriction, else the access ceiling."""
        measure = self.measure(deal, t, k)
        return self.access if math.isinf(measure) else measure

    def opening_limit(self, deal: Deal, t: int, k: int) -> Number:
        """Most that one bin may buy through an opening, unit/month.

        Beside a flow: what is more than access lets the flow grow, if no measure holds it.
        """
        i, measure = deal.supplier, self.measure(deal, t, k)
        if t < self.opens[deal.opening]:
            return self.zero
        spare = max(self.zero, self.capacity(i, t) - self.level[i]) * self.base[i]
        free = self.new_share * spare
        if deal.flow < 0:
            return free * min(self.one, measure) / len(self.bins)
        if not math.isinf(measure):
            return self.zero
        return max(self.zero, free - (self.access - 1) * self.quantity[deal.flow]) / len(self.bins)

    # The production rule.

    def sigma(self, q: int, t: int) -> float:
        """Elasticity of the month; NaN where the slot has a class."""
        short, long = self.short_run[q], self.long_run[q]
        passed = 1 - math.exp(-(t + 0.5) / self.elasticity_time)
        return short if short == long else short + (long - short) * passed

    def is_free(self, q: int) -> bool:
        """Whether the input never binds: a class with w = 0."""
        return math.isnan(self.short_run[q]) and self.weight[q] == 0

    def rule(self, q: int, z: Number, t: int) -> Number:
        """Most output y_q that z months of the input allow."""
        sigma, w = self.sigma(q, t), self.weight[q]
        if math.isnan(sigma):
            return math.inf if self.is_free(q) else (1 - w) + w * z
        if sigma == 0 or z >= 1:
            return z
        theta, z = float(self.theta[q]), float(z)
        if sigma == 1:
            return float(z**theta)
        r = (sigma - 1) / sigma
        if z == 0 and r < 0:
            return 0.0
        return float((theta * z**r + 1 - theta) ** (1 / r))

    def required(self, q: int, drawn: Number, t: int) -> Number:
        """Input u_q for an output D: in proportion up to the baseline, beyond it by the rule."""
        sigma, w = self.sigma(q, t), self.weight[q]
        if drawn <= 1 or not math.isnan(sigma) or self.is_free(q):
            return drawn
        return (drawn - (1 - w)) / w

    # Turns.

    def served(self, i: int, y: Number) -> tuple[dict[int, Number], Number]:
        """What each rank, and the customers outside the network, get of their baseline.

        Where a node has no customers outside the network, they get y, as if all shared.
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
        got, before = {}, self.zero
        for rank in sorted(size):
            alone = len(size) == 1 or y >= 1
            left = max(self.zero, y - before)
            got[rank] = y if alone else min(self.one, left / size[rank])
            before += size[rank]
        own = got[self.own_rank[i]] if outside > _NOBODY else y
        return got, self.counted_part(i, own)

    def counted_part(self, i: int, own: Number) -> Number:
        """What those on whom losses are measured get of what the customers outside get."""
        if own >= 1 or self.counted[i] == 1:
            return own
        return min(self.one, max(self.zero, own - self.ahead[i]) / self.counted[i])


def _ends(deals: Flows | Openings) -> Iterable[tuple[int, int, int, int, int]]:
    """Supplier, slot, lag, rank, regime of each flow or opening."""
    columns = (deals.supplier, deals.slot, deals.lag, deals.rank, deals.regime)
    return zip(*(column.tolist() for column in columns), strict=True)


def _group(keys: Sequence[int], values: Iterable[V]) -> defaultdict[int, list[V]]:
    """Values by key, in their order."""
    groups: defaultdict[int, list[V]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        groups[key].append(value)
    return groups
