"""Who buys what from whom today, and who could make more: sums over a network's flows."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from supplychain.network.values import Network
from supplychain.vocabulary import MONTHS_PER_YEAR

_NOTHING = 1e-9


@dataclass(frozen=True)
class Trade:
    """Baseline purchases and spare capacity by country, unit/month."""

    network: Network

    @cached_property
    def bought(self) -> Mapping[tuple[str, str, str], float]:
        """By product, supplier's country and user's country."""
        found: dict[tuple[str, str, str], float] = {}
        for flow in self.network.flows:
            node = self.network.nodes[flow.supplier]
            user = self.network.nodes[self.network.slots[flow.slot].node]
            key = (node.product, node.country, user.country)
            found[key] = found.get(key, 0.0) + flow.quantity / MONTHS_PER_YEAR
        return found

    @cached_property
    def used(self) -> Mapping[tuple[str, str], float]:
        """By product and user's country, whoever supplies it."""
        found: dict[tuple[str, str], float] = {}
        for (product, _, user), quantity in self.bought.items():
            found[product, user] = found.get((product, user), 0.0) + quantity
        return found

    @cached_property
    def made(self) -> Mapping[tuple[str, str], float]:
        """Output by product and country; of products that are no end goods."""
        return {key: output for key, (output, _) in self._plants.items()}

    @cached_property
    def spare(self) -> Mapping[tuple[str, str], float]:
        """Capacity less output, by product and country: ``(capacity_ratio - 1) output``."""
        return {key: spare for key, (_, spare) in self._plants.items()}

    @cached_property
    def _plants(self) -> Mapping[tuple[str, str], tuple[float, float]]:
        """Output and spare capacity of the plants of today."""
        found: dict[tuple[str, str], tuple[float, float]] = {}
        for node in self.network.nodes:
            if node.kind not in {"producer", "outside"} or node.planned:
                continue
            key, month = (node.product, node.country), node.output / MONTHS_PER_YEAR
            output, spare = found.get(key, (0.0, 0.0))
            more = (node.capacity_ratio - 1.0) * month if node.kind == "producer" else 0.0
            found[key] = (output + month, spare + more)
        return found

    def use_share(self, product: str, supplier: str, user: str) -> float:
        """Share of a country's use of a product that it buys from a supplier (home: from itself).

        0 where it uses none.
        """
        use = self.used.get((product, user), 0.0)
        return self.bought.get((product, supplier, user), 0.0) / use if use > _NOTHING else 0.0
