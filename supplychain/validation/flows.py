"""Quantities of goods that cross borders, month by month, as customs would have seen them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.coverage import Resolved
from supplychain.draws import constant
from supplychain.measures import SURGE_CAP_PARAMETER, SURGE_PARAMETER, covered_share
from supplychain.network import Network
from supplychain.restriction import month_number
from supplychain.validation.view import View
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lane:
    """A route: goods from some countries to others; None for any country abroad.

    Attributes:
        is_import: counted at arrival, a transit later, rather than at shipment.
        by_origin: counted as of the country where the goods are from, not of the last one they saw.
    """

    products: frozenset[str]
    suppliers: frozenset[str] | None
    users: frozenset[str] | None
    is_import: bool = False
    by_origin: bool = False

    def holds(self, supplier: str, user: str, product: str) -> bool:
        """Whether goods of one country for another travel on it; never inside a country."""
        return (
            product in self.products
            and supplier != user
            and (self.suppliers is None or supplier in self.suppliers)
            and (self.users is None or user in self.users)
        )

    @property
    def is_direct(self) -> bool:
        """Whether what comes round through others is not seen on it.

        It is not where both ends are named, unless the lane goes by origin.
        """
        return self.suppliers is not None and self.users is not None and not self.by_origin


@dataclass(frozen=True)
class Traffic:
    """What one view sees on one lane."""

    view: View
    lane: Lane

    @cached_property
    def flows(self) -> tuple[tuple[int | None, float], ...]:
        """(place among the compiled flows, unit a month) of every baseline flow on the lane."""
        view = self.view
        nodes, slots, flows = view.network.nodes, view.network.slots, view.network.flows
        return tuple(
            (view.places.get(e), flows[e].quantity / MONTHS_PER_YEAR)
            for product in sorted(self.lane.products)
            for e in view.network.flows_of.get(product, ())
            if self.lane.holds(
                nodes[flows[e].supplier].country, nodes[slots[flows[e].slot].node].country, product
            )
        )

    @cached_property
    def openings(self) -> tuple[int, ...]:
        """Places of the compiled openings on the lane."""
        nodes, slots = self.view.network.nodes, self.view.network.slots
        return tuple(
            k
            for k, (supplier, q) in enumerate(self.view.compiled.openings)
            if slots[q].commodity[0] in self.lane.products
            and self.lane.holds(
                nodes[supplier].country, nodes[slots[q].node].country, slots[q].commodity[0]
            )
        )

    @property
    def baseline(self) -> float:
        """Quantity a month before any measure; 0 where the pack has no such flow."""
        return sum(amount for _, amount in self.flows)

    @property
    def covered(self) -> float:
        """Share of the baseline quantity that a measure of the scenario covers, 0-1."""
        is_covered = self.view.compiled.arrays.flows.covered
        held = sum(amount for k, amount in self.flows if k is not None and is_covered[k])
        return held / self.baseline if self.baseline else 0.0

    def quantity(self, month: int) -> Array:
        """Quantity in one month, (L,); months count from the start of the horizon, from 0.

        Before the start every flow stands at its baseline and, from an announcement on, at what is
        bought ahead: ``1 + min(cap, lead (surge - 1)) / lead``. What a ban lets through by way of
        third countries is not seen between the two countries that it names, unless by origin.
        """
        arrays, outcome = self.view.compiled.arrays, self.view.outcome
        found = np.zeros(self.view.lanes)
        for k, amount in self.flows:
            if k is None:
                found += amount
                continue
            at = month - (int(arrays.flows.lag[k]) if self.lane.is_import else 0)
            if at < 0:
                found += amount * (self._surge(at) if arrays.flows.covered[k] else 1.0)
                continue
            sent = outcome.shipped[at, k]
            if self.view.leaks and self.lane.is_direct and arrays.flows.covered[k]:
                strict = arrays.ceiling(at, np.array([k]), leaks=False)[0]
                sent = np.minimum(sent, strict)
            found += amount * sent.mean(axis=1)
        return found + self._opened(month)

    def ratios(self, first: int, last: int) -> Array:
        """Quantity of each month over the baseline, (months, L)."""
        whole = self.baseline
        return np.stack([self.quantity(t) for t in range(first, last + 1)]) / whole

    def _opened(self, month: int) -> Array:
        """Quantity through openings: between new partners, and beyond access old ones, (L,)."""
        arrays = self.view.compiled.arrays
        at = np.array(self.openings, dtype=np.int64)
        sent = month - (arrays.openings.lag[at] if self.lane.is_import else np.zeros_like(at))
        at, sent = at[sent >= 0], sent[sent >= 0]
        need = arrays.slots.need[arrays.openings.slot[at]]
        return np.asarray(need @ self.view.outcome.opened[sent, at].mean(axis=2))

    def _surge(self, month: int) -> Array | float:
        """What is shipped in a month before the start, over the baseline."""
        view = self.view
        for measure in view.resolved.measures if view.stocks else ():
            announced = measure.restriction.announced
            if not announced:
                continue
            first = month_number(announced) - month_number(view.resolved.start)
            lead = measure.first_month - first
            if lead > 0 and first <= month < measure.first_month:
                parameters = view.network.parameters
                surge = constant(view.draws, parameters, SURGE_PARAMETER, floor=1.0)
                cap = constant(view.draws, parameters, SURGE_CAP_PARAMETER)
                return 1.0 + np.minimum(cap, lead * (surge - 1.0)) / lead
        return 1.0


def covered(network: Network, resolved: Resolved, lane: Lane) -> float:
    """Share of the baseline quantity on a lane that the measures of a scenario cover, 0-1."""
    held = whole = 0.0
    for flow in network.flows:
        slot, supplier = network.slots[flow.slot], network.nodes[flow.supplier]
        if lane.holds(supplier.country, network.nodes[slot.node].country, slot.commodity[0]):
            whole += flow.quantity
            held += flow.quantity * max(
                (covered_share(network, m, supplier, slot) for m in resolved.measures), default=0.0
            )
    return held / whole if whole else 0.0


def places(network: Network, countries: Collection[str]) -> frozenset[str] | None:
    """Countries by code or bloc; None for everybody."""
    if EVERYONE in countries:
        return None
    blocs = {str(r["iso3"]): set(r["blocs"]) for r in network.tables.rows("countries")}
    wanted = set(countries)
    return frozenset(wanted | {c for c, own in blocs.items() if own & wanted})


def goods(network: Network, sectors: Collection[str], items: Collection[str]) -> frozenset[str]:
    """Products that a claim names: by id or group; for ``*`` all that are of its minerals."""
    rows = network.products.items()
    if EVERYONE not in sectors:
        return frozenset(p for p, r in rows if p in sectors or r["group"] in sectors)
    of = minerals(network, items)
    chain = {p for p, r in rows if r["stage"] != "industry"}
    return frozenset(p for p in chain if network.products[p]["mineral"] in of or p in items)


def minerals(network: Network, items: Collection[str]) -> frozenset[str]:
    """Minerals among some items, or of the groups among them."""
    rows = network.tables.rows("minerals")
    return frozenset(str(r["mineral"]) for r in rows if {r["mineral"], r["group"]} & set(items))
