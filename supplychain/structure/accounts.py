"""Who makes, buys and sells each product in the balanced baseline, and how a reading is given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from supplychain.network.values import Network

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one index.

    Attributes:
        index: name of the index, such as ``import_hhi``.
        country: whom it is about (empty: the world).
        product: product id (or mineral).
        value: the value.
        unit: its unit; ``1`` for shares and indices.
        detail: the country or product that explains it most, where there is one.
    """

    index: str
    country: str
    product: str
    value: float
    unit: str = "1"
    detail: str = ""


def table(readings: Iterable[Reading]) -> pd.DataFrame:
    """Readings as a tidy table, one row each."""
    import pandas as pd

    columns = list(Reading.__dataclass_fields__)
    return pd.DataFrame([asdict(r) for r in readings], columns=columns)


@dataclass(frozen=True)
class Account:
    """One product in the baseline: what countries make of it and ship to one another.

    Attributes:
        product: product id; the segments of an industry are added up.
        made: country -> output, unit/year.
        shipped: (exporter, importer) -> quantity, unit/year; home deliveries included.
    """

    product: str
    made: Mapping[str, float]
    shipped: Mapping[tuple[str, str], float]

    def production(self, places: Collection[str]) -> float:
        """Output of one country or of several together, unit/year."""
        return sum(self.made.get(p, 0.0) for p in places)

    def imports(self, places: Collection[str]) -> dict[str, float]:
        """Exporter -> what it sends into the places from outside, unit/year."""
        found: dict[str, float] = {}
        for (exporter, importer), quantity in self.shipped.items():
            if importer in places and exporter not in places:
                found[exporter] = found.get(exporter, 0.0) + quantity
        return found

    def exports(self, places: Collection[str]) -> float:
        """What the places send to all others, unit/year."""
        return sum(
            q
            for (source, goal), q in self.shipped.items()
            if source in places and goal not in places
        )


def accounts(network: Network) -> Mapping[str, Account]:
    """Product -> its account. What is sold to nobody in the network (final goods) is not shipped.

    Goods go from the maker to the user here: a country that buys and sells on is no exporter.
    """
    made: dict[str, dict[str, float]] = {}
    shipped: dict[str, dict[tuple[str, str], float]] = {}
    for node in network.nodes:
        if node.kind != "other" and not node.planned:
            of_product = made.setdefault(node.product, {})
            of_product[node.country] = of_product.get(node.country, 0.0) + node.output
    present = len(network.present_slots)
    for flow in network.flows:
        if flow.slot >= present:
            continue
        source = network.nodes[flow.supplier]
        ends = (source.country, network.nodes[network.slots[flow.slot].node].country)
        pairs = shipped.setdefault(source.product, {})
        pairs[ends] = pairs.get(ends, 0.0) + flow.quantity
    return MappingProxyType(
        {
            product: Account(
                product, MappingProxyType(made[product]), MappingProxyType(shipped.get(product, {}))
            )
            for product in made
        }
    )
