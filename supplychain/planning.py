"""The planner's answers with names: least losses of sectors and countries, and what is worth what.

Sees arrays and names; the mathematics is in `supplychain.model.planner`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from supplychain.compiled import Compiled
from supplychain.network import Network
from supplychain.result import PlannerValue
from supplychain.sectors import Sector
from supplychain.vocabulary import MONTHS_PER_YEAR

if TYPE_CHECKING:
    from supplychain.model.margins import Margins
    from supplychain.model.planner import Plan
    from supplychain.run import Run

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

MOST_VALUES = 10
_VISIBLE = 1e-9
_PERCENT = 0.01


@dataclass(frozen=True)
class Plans:
    """Least losses of a run.

    Attributes:
        by_sector: loss share of each hit sector, from its own programme.
        by_country: yearly loss in USD of each country's own programme, for all its sectors.
        worth: per country, what is worth most in that programme.
    """

    by_sector: Mapping[tuple[str, str], float] = field(default_factory=dict)
    by_country: Mapping[str, float] = field(default_factory=dict)
    worth: Mapping[str, tuple[PlannerValue, ...]] = field(default_factory=dict)


def plans(network: Network, run: "Run") -> Plans:
    """Plan for every focus country and for each of its hit sectors.

    The country comes first: a sector that loses nothing even in the plan for all needs no programme
    of its own.
    """
    from supplychain.model.planner import plan

    arrays = run.compiled.arrays
    by_sector: dict[tuple[str, str], float] = {}
    by_country: dict[str, float] = {}
    worth: dict[str, tuple[PlannerValue, ...]] = {}
    for country in run.resolved.focus:
        mine = [s for s in run.sectors if s.country == country]
        hit = [s for s in mine if min(run.loss(s, "adaptive"), run.loss(s, "frozen")) > 0]
        by_country[country], worth[country] = 0.0, ()
        whole = Targets.of(network, run.compiled, mine)
        if not hit or not whole.nodes.size:
            continue
        best = plan(arrays, whole.nodes, whole.exports)
        by_country[country] = whole.lost(best.output)
        worth[country] = planner_values(network, run.compiled, best, whole.exports)
        for sector in hit:
            part = Targets.of(network, run.compiled, [sector])
            lost = whole.lost(best.output, part.nodes)
            if lost > 0 and part.nodes.size < whole.nodes.size:
                lost = part.lost(plan(arrays, part.nodes, part.exports).output)
            by_sector[country, sector.sector] = lost / sector.exports_usd
    return Plans(by_sector, by_country, worth)


@dataclass(frozen=True)
class Targets:
    """The nodes of some sectors that export anything, and their exports in USD a year."""

    nodes: Index
    exports: Array

    @classmethod
    def of(cls, network: Network, compiled: Compiled, chosen: Iterable[Sector]) -> "Targets":
        """All nodes of the sectors."""
        nodes = np.array([k for s in chosen for k in s.nodes], dtype=np.int64)
        exports = np.array([network.nodes[compiled.nodes[k]].exports_usd for k in nodes])
        worth = exports > 0
        return cls(nodes[worth], exports[worth])

    def lost(self, output: Array, among: Index | None = None) -> float:
        """Loss in USD a year at outputs (T, nodes, K), of all nodes or of some of them."""
        loss = 1.0 - output.mean(axis=(0, 2))
        loss[np.abs(loss) < _VISIBLE] = 0.0
        if among is not None:
            loss = np.where(np.isin(self.nodes, among), loss, 0.0)
        return max(float((self.exports * loss).sum()), 0.0)


# What is worth what -------------------------------------------------------------------------------


def planner_values(
    network: Network, compiled: Compiled, best: "Plan", exports: Array, most: int = MOST_VALUES
) -> tuple[PlannerValue, ...]:
    """The ceilings, stocks and capacities of which one percent more would save most."""
    from supplychain.model.margins import margins

    found = margins(best, exports / MONTHS_PER_YEAR)
    names = _Names(network, compiled)
    every = (*names.licences(found), *names.stocks(found), *names.public(found),
             *names.capacities(found))  # fmt: skip
    worth = [v for v in every if v.usd_per_percent > _VISIBLE * float(exports.max())]
    return tuple(sorted(worth, key=lambda v: (-v.usd_per_percent, v.kind, v.what))[:most])


@dataclass(frozen=True)
class _Names:
    """Joins prices with the names behind the indices."""

    network: Network
    compiled: Compiled

    def node(self, k: int) -> str:
        """Name of a compiled node."""
        return self.network.nodes[self.compiled.nodes[k]].id

    def unit(self, product: str) -> str:
        """Unit of a product."""
        return str(self.network.products[product]["unit"])

    def licences(self, found: "Margins") -> Iterable[PlannerValue]:
        """Flows under a measure."""
        flows, slots = self.compiled.arrays.flows, self.compiled.arrays.slots
        for e in np.flatnonzero(found.licensed.max(axis=1, initial=0.0) > 0).tolist():
            month, price = _best(found.licensed[e])
            supplier, user = int(flows.supplier[e]), int(slots.node[flows.slot[e]])
            product = self.network.nodes[self.compiled.nodes[supplier]].product
            yield PlannerValue(
                "licence", f"{self.node(supplier)} > {self.node(user)}", self.unit(product), month,
                price, price * _PERCENT * float(flows.quantity[e]),
            )  # fmt: skip

    def stocks(self, found: "Margins") -> Iterable[PlannerValue]:
        """Stocks of plants."""
        slots = self.compiled.arrays.slots
        for q in np.flatnonzero(found.stocked > 0).tolist():
            product = self.network.slots[self.compiled.slots[q]].commodity[0]
            held = float(slots.cover[q, 0].mean() * slots.need[q])
            price = float(found.stocked[q])
            yield PlannerValue(
                "stock", f"{product} at {self.node(int(slots.node[q]))}", self.unit(product), None,
                price, price * _PERCENT * held,
            )  # fmt: skip

    def public(self, found: "Margins") -> Iterable[PlannerValue]:
        """Stocks of states."""
        arrays = self.compiled.arrays
        for g in np.flatnonzero(found.public > 0).tolist():
            source = arrays.sources[g]
            slot = self.network.slots[self.compiled.slots[int(source.slots[0])]]
            country, product = self.network.nodes[slot.node].country, slot.commodity[0]
            price = float(found.public[g])
            yield PlannerValue(
                "public stock", f"{country} {product}", self.unit(product), None,
                price, price * _PERCENT * source.amount,
            )  # fmt: skip

    def capacities(self, found: "Margins") -> Iterable[PlannerValue]:
        """Mines, refineries and component plants."""
        for n in np.flatnonzero(found.smelted.max(axis=1, initial=0.0) > 0).tolist():
            month, price = _best(found.smelted[n])
            product = self.network.nodes[self.compiled.nodes[n]].product
            base = float(self.compiled.arrays.nodes.base[n])
            yield PlannerValue(
                "capacity", self.node(n), self.unit(product), month, price, price * _PERCENT * base
            )


def _best(prices: Array) -> tuple[int, float]:
    """The month, counted from 1, in which something is worth most, and its price then."""
    month = int(prices.argmax())
    return month + 1, float(prices[month])
