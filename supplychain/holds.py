"""Which measures hold which flows, by how much and on which terms."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.measures import Measure, covered_share
from supplychain.network.values import Network, Node, Slot

Array = npt.NDArray[np.float64]
Link = tuple[int, int]
"""Supplier and slot, as positions in the network."""

NEW_CUSTOMER = -1


@dataclass(frozen=True)
class Hold:
    """How one measure holds one flow.

    Attributes:
        measure: its position in the scenario.
        share: of the flow that it covers.
        product: where the terms differ between products (a tax by market, a quota in turns).
        turn: class of the user under a quota in turns; -1 for a user who did not buy before.
        foreign: whether the flow stands under it by a content rule.
    """

    measure: int
    share: float
    product: str = ""
    turn: int = 0
    foreign: bool = False


@dataclass(frozen=True)
class Holds:
    """The measures of a scenario laid on a network."""

    network: Network
    measures: tuple[Measure, ...]

    def on(self, link: Link) -> tuple[Hold, ...]:
        """The holds on one link, in the order of the measures."""
        found = []
        supplier, slot = self.network.nodes[link[0]], self.network.slots[link[1]]
        for k in self._possible.get((supplier.country, supplier.product), ()):
            measure = self.measures[k]
            share = covered_share(self.network, measure, supplier, slot)
            if share > 0:
                found.append(self._hold(k, share, supplier, slot, link))
        return tuple(found)

    @cached_property
    def _possible(self) -> dict[tuple[str, str], list[int]]:
        """Measures that may hold what a country makes of a product."""
        found: dict[tuple[str, str], list[int]] = {}
        for k, m in enumerate(self.measures):
            keys = {(m.restriction.actor, product): None for product in m.products}
            if m.foreign is not None:
                named = zip(self.network.nodes, m.foreign.share, strict=True)
                keys |= {(n.country, n.product): None for n, share in named if share > 0}
            for key in keys:
                found.setdefault(key, []).append(k)
        return found

    def _hold(self, k: int, share: float, supplier: Node, slot: Slot, link: Link) -> Hold:
        """One hold, with as many terms as its measure has."""
        r = self.measures[k].restriction
        foreign = supplier.country != r.actor
        if r.kind == "tax" and r.elasticity is None:
            return Hold(k, share, supplier.product, 0, foreign)
        if r.sharing == "priority":
            turn = self._turn(k, slot) if link in self._known else NEW_CUSTOMER
            return Hold(k, share, supplier.product, turn, foreign)
        return Hold(k, share, "", 0, foreign)

    @cached_property
    def _known(self) -> frozenset[Link]:
        """Suppliers and slots with a baseline flow."""
        return frozenset((f.supplier, f.slot) for f in self.network.flows)

    def _turn(self, k: int, slot: Slot) -> int:
        """Place of a user in the order of a quota; those who are not named come last together."""
        order = self.measures[k].restriction.priority
        user = self.network.nodes[slot.node]
        called = {user.country}
        if user.kind != "other":
            group = str(self.network.products[user.product]["group"])
            called |= {user.product, f"{user.product}/{user.segment}", group}
        return next((turn for turn, name in enumerate(order) if name in called), len(order))

    @cached_property
    def sizes(self) -> dict[tuple[int, str], list[float]]:
        """Covered baseline flows of every class of users, by measure and product."""
        found: dict[tuple[int, str], list[float]] = {}
        for flow in self.network.flows:
            for hold in self.on((flow.supplier, flow.slot)):
                order = self.measures[hold.measure].restriction.priority
                sizes = found.setdefault((hold.measure, hold.product), [0.0] * (len(order) + 1))
                sizes[hold.turn] += hold.share * flow.quantity
        return found

    def supplied(self, k: int) -> Array:
        """Share of every slot's supply that the actor of a measure sells under it."""
        held, whole = np.zeros((2, len(self.network.slots)))
        for flow in self.network.flows:
            supplier, slot = self.network.nodes[flow.supplier], self.network.slots[flow.slot]
            whole[flow.slot] += flow.quantity
            measure = self.measures[k]
            if supplier.country == measure.restriction.actor:
                share = covered_share(self.network, measure, supplier, slot)
                held[flow.slot] += share * flow.quantity
        return np.divide(held, whole, out=np.zeros_like(held), where=whole > 0)
