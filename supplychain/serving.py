"""Whom suppliers serve first where a scenario says so: turns of flows, and of exports at home.

A class of customers is a use (``defence``, ``machinery``, ``machinery/carbide_tools``), or
``domestic`` and ``export``: customers in the supplier's own country and abroad.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.ends import use_shares
from supplychain.network.values import Network, Node, Slot
from supplychain.scenario import Priority
from supplychain.vocabulary import ABROAD, EVERYONE, HOME

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_MOSTLY = 0.5
"""A plant is of a class when at least half of its output ends there."""


@dataclass(frozen=True)
class Serving:
    """The orders in which suppliers serve their customers, laid on a network."""

    network: Network
    priorities: Sequence[Priority]

    def order(self, country: str) -> tuple[str, ...]:
        """Classes in the order in which a country's suppliers serve them; its own before ``*``."""
        found = {p.country: p.order for p in self.priorities}
        return found.get(country, found.get(EVERYONE, ()))

    def turns(self, pairs: Sequence[tuple[Node, Slot]]) -> Index:
        """Turn of each flow: the place of the first class that its user belongs to, else last."""
        return np.array([self._turn(n, s) for n, s in pairs], dtype=np.int64)

    def _turn(self, supplier: Node, slot: Slot) -> int:
        """Turn of one flow."""
        order = self.order(supplier.country)
        user = self.network.nodes[slot.node].country
        for place, name in enumerate(order):
            if name in {HOME, ABROAD}:
                if (user == supplier.country) == (name == HOME):
                    return place
            elif self._ends[name][slot.node] >= _MOSTLY:
                return place
        return len(order)

    @cached_property
    def _ends(self) -> dict[str, tuple[float, ...]]:
        """Class -> share of every node's output that ends in it."""
        named = dict.fromkeys(c for p in self.priorities for c in p.order)
        return {c: use_shares(self.network, [c]) for c in named if c not in {HOME, ABROAD}}

    def own_turns(self, nodes: Sequence[int]) -> Index:
        """Turn of each node's customers outside the network: the earliest that any of them has."""
        return np.array([self._own_turn(i) for i in nodes], dtype=np.int64)

    def _own_turn(self, node: int) -> int:
        """Turn of one node's customers outside the network."""
        order = self.order(self.network.nodes[node].country)
        places = (k for k, name in enumerate(order) if self._part(node, name) > 0)
        return next(places, len(order))

    def exports_of(self, nodes: Sequence[int]) -> tuple[Array, Array]:
        """Of the customers outside the network, those before exports, and exports: shares, (N,).

        Exports are what losses are measured on. 0 and 1 where no order separates them from others.
        """
        found = [self._exports(i) for i in nodes]
        return np.array([a for a, _ in found]), np.array([c for _, c in found])

    def _exports(self, node: int) -> tuple[float, float]:
        """What goes before the exports of one node, and the exports."""
        order = self.order(self.network.nodes[node].country)
        parts = [(name, self._part(node, name)) for name in order]
        if self.network.nodes[node].kind != "industry" or not any(p for _, p in parts):
            return 0.0, 1.0
        exports = float(self._abroad[node])
        if exports <= 0:
            return 0.0, 1.0
        before = 0.0
        for name, part in parts:
            if name == ABROAD:
                return before, exports
            before = min(before + part, 1.0 - exports)
        # Exports are named nowhere: they share what is left with all others who are not.
        return before, 1.0 - before

    def _part(self, node: int, name: str) -> float:
        """Share of a node's customers outside the network that are of a class.

        Classes of the state (defence, medical) are customers at home.
        """
        place = self.network.nodes[node]
        if place.kind != "industry":
            return 0.0
        exports = float(self._abroad[node])
        if name == ABROAD:
            return exports
        if name == HOME:
            return 1.0 - exports
        return min(self._ends[name][node], 1.0 - exports)

    @cached_property
    def _abroad(self) -> Array:
        """Exports among each industry's customers outside the network, (N,).

        What goes to users abroad inside the network is taken off both.
        """
        network = self.network
        inside, abroad = np.zeros(len(network.nodes)), np.zeros(len(network.nodes))
        for flow in network.flows:
            user = network.nodes[network.slots[flow.slot].node]
            inside[flow.supplier] += flow.quantity
            abroad[flow.supplier] += flow.quantity * (
                user.country != network.nodes[flow.supplier].country
            )
        made = np.array([n.output if n.kind == "industry" else 0.0 for n in network.nodes])
        sold = np.array([n.exports_usd / 1e6 for n in network.nodes])
        outside = np.maximum(made - inside, 0.0)
        part = np.divide(sold - abroad, outside, out=np.zeros_like(made), where=outside > 0)
        return np.asarray(np.clip(part, 0.0, 1.0), dtype=np.float64)
