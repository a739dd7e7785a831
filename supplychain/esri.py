"""A pack's network as an economy of firms, and its nodes ranked by their systemic risk index.

For comparison with an independent model on the same data: see `supplychain.model.esri`. By-products
(bounded by a host metal), stocks and spare capacity have no place in that model and are left out.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from supplychain.model.esri import (
    CONVERGED_STOP,
    ESSENTIAL,
    NO_EFFECT,
    NON_ESSENTIAL,
    PUBLISHED_STOP,
    Economy,
    economy,
    esri,
)
from supplychain.network.plausibility import USD_PER_MUSD
from supplychain.network.values import Network, Slot

Array = npt.NDArray[np.float64]
Weight = Literal["exports", "output"]

KINDS: Mapping[str, int] = MappingProxyType(
    {"critical": ESSENTIAL, "important": NON_ESSENTIAL, "non_critical": NO_EFFECT}
)
"""Class of essentiality -> kind of input."""


@dataclass(frozen=True)
class Firms:
    """The economy of a network: firms 0..n-1 are its nodes, then come the exporting twins.

    Attributes:
        economy: the links, in USD a year.
        twins: node -> firm that makes what this node sells abroad, for the nodes that were split.
        exports: exports of end industries, USD a year (firms,).
    """

    economy: Economy
    twins: Mapping[int, int]
    exports: Array


def prices(network: Network) -> Mapping[str, float]:
    """Price of every product, USD per unit; where the pack has none, the median of its unit.

    A price counts only where inputs of different products are compared: in the cost share of a
    non-essential input and in the output of nodes.
    """
    known: dict[str, list[float]] = {}
    for row in network.products.values():
        if row["price_usd_per_unit"]:
            known.setdefault(str(row["unit"]), []).append(float(row["price_usd_per_unit"]))
    usual = {unit: float(np.median(found)) for unit, found in known.items()}
    usual["musd"] = USD_PER_MUSD
    return {
        product: float(row["price_usd_per_unit"] or usual.get(str(row["unit"]), 1.0))
        for product, row in network.products.items()
    }


def firms(network: Network, *, split: Collection[int] = ()) -> Firms:
    """Every node as a firm, every flow as a link; nodes of one product (and segment) are a market.

    A node of `split` becomes two firms that share its inputs in proportion: the node itself sells
    at home, its twin abroad. An export ban closes the twin alone.
    """
    price = prices(network)
    count = len(network.nodes)
    twins = {node: count + k for k, node in enumerate(sorted(split))}
    worth = np.array([price[n.product] for n in network.nodes])
    sales = (
        np.array([0.0 if n.kind == "other" or n.planned else n.output for n in network.nodes])
        * worth
    )
    supplier = np.array([_seller(network, twins, k) for k in range(len(network.flows))])
    customer = np.array([network.slots[f.slot].node for f in network.flows])
    kind = np.array([_kind(network.slots[f.slot]) for f in network.flows])
    volume = np.array([f.quantity * worth[f.supplier] for f in network.flows])
    sales = np.concatenate([sales, np.zeros(len(twins))])
    abroad = np.bincount(supplier, volume, minlength=sales.size)
    for node, twin in twins.items():
        part = min(abroad[twin] / sales[node], 1.0) if sales[node] else 0.0
        bought = np.flatnonzero(customer == node)
        supplier, kind = np.append(supplier, supplier[bought]), np.append(kind, kind[bought])
        customer = np.append(customer, np.full(bought.size, twin))
        volume = np.append(volume, part * volume[bought])
        volume[bought] *= 1.0 - part
        sales[twin], sales[node] = part * sales[node], (1.0 - part) * sales[node]
    names = {c: i for i, c in enumerate(dict.fromkeys(n.commodity for n in network.nodes))}
    market = [names[network.nodes[i].commodity] for i in (*range(count), *twins)]
    exports = np.array([n.exports_usd for n in network.nodes] + [0.0] * len(twins))
    built = economy(supplier, customer, volume, kind, market, sales=sales)
    return Firms(built, MappingProxyType(twins), exports)


def _seller(network: Network, twins: Mapping[int, int], flow: int) -> int:
    """The firm that sells a flow: the twin of a split node where the user is in another country."""
    node = network.flows[flow].supplier
    user = network.slots[network.flows[flow].slot].node
    abroad = network.nodes[node].country != network.nodes[user].country
    return twins[node] if node in twins and abroad else node


def _kind(slot: Slot) -> int:
    """What an input is to its user; the one input of a use outside the industries is essential.

    An input with an elasticity in place of a class can be replaced by degrees: non-essential.
    """
    if slot.recipe is None:
        return ESSENTIAL
    stated = slot.recipe["essentiality"]
    return NON_ESSENTIAL if stated is None else KINDS[str(stated)]


def ranking(network: Network, *, weight: Weight = "exports") -> pd.DataFrame:
    """Every producer and industry of a network by what is lost when it closes, largest first.

    Columns: ``rank``, ``node``, ``country``, ``product``, ``segment``, ``kind``, and the index
    under both stops, ``esri_published`` (1e-2, not yet the fixed point) and ``esri_converged``:
    shares of the exports of all modelled segments (`weight` ``exports``) or of the output of all
    nodes (``output``), in USD. Equal indices are ordered by name.
    """
    found = firms(network)
    weights = found.exports if weight == "exports" else found.economy.sales
    chosen = [i for i, n in enumerate(network.nodes) if n.kind != "other" and not n.planned]
    nodes = [network.nodes[i] for i in chosen]
    table = pd.DataFrame(
        {
            "node": [n.id for n in nodes],
            "country": [n.country for n in nodes],
            "product": [n.product for n in nodes],
            "segment": [n.segment for n in nodes],
            "kind": [n.kind for n in nodes],
            "esri_published": esri(
                found.economy, firms=chosen, weights=weights, stop=PUBLISHED_STOP
            ),
            "esri_converged": esri(
                found.economy, firms=chosen, weights=weights, stop=CONVERGED_STOP
            ),
        }
    ).sort_values(["esri_converged", "node"], ascending=[False, True], ignore_index=True)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table
