"""The other direction: suppliers that lose orders when their customers stop, and who gains.

The engine carries a shortage downstream (the input channel). Here its outcome is read upstream: a
plant that stands still for want of a magnet needs no brakes either, and its brake maker abroad
loses those orders. Gains are what others sold beyond their baseline. Both are reported beside the
input loss and never mixed with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.beside import Amount, Channels
from supplychain.network import Network
from supplychain.run import Run
from supplychain.vocabulary import MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_USD_PER_MUSD = 1e6
_VISIBLE = 1e-9


def channels(network: Network, run: Run, case: str = "adaptive") -> Channels:
    """Lost orders and gains of every supplier in the focus countries.

    With y the mean output of a plant over the horizon and s the mean of what a flow carried, both
    over their baselines, its supplier loses ``max(0, min(s, 1) - (y - c))`` of the flow, c the
    orders the plant has lost itself: what was delivered of its usual orders and is not needed.
    Users are taken before their suppliers, so that lost orders travel up the whole chain. What a
    supplier could not deliver anyway (s < y) is a loss of the input channel and is not counted
    again.

    A plant that makes 0.7 of its baseline needs 0.7 of the brakes delivered: its brake maker loses
    0.3 of that flow. Were only 0.8 delivered, it would lose 0.1.
    """
    flows = _Flows.of(network, run, case)
    unneeded = flows.unneeded(network)
    years = run.resolved.months / MONTHS_PER_YEAR
    worth = flows.worth * years
    more = np.maximum(flows.shipped - 1.0, 0.0) * worth
    focus = frozenset(run.resolved.focus)
    lost = _amounts(network, focus, flows.supplier, flows.user, unneeded * worth)
    supplier, user, bought = _opened(network, run, case)
    gains = _amounts(
        network,
        focus,
        np.concatenate([flows.supplier, supplier]),
        np.concatenate([flows.user, user]),
        np.concatenate([more, bought * years]),
    )
    return Channels(lost, gains)


@dataclass(frozen=True)
class _Flows:
    """All flows of the network and what became of them on average.

    Attributes:
        supplier, user: nodes at the ends; weight: share of the supplier's output.
        worth: USD/year in the baseline; shipped: over the baseline; made: output by node.
    """

    supplier: Index
    user: Index
    weight: Array
    worth: Array
    shipped: Array
    made: Array

    @classmethod
    def of(cls, network: Network, run: Run, case: str) -> "_Flows":
        """Means over the horizon and over plants; what was not compiled stayed at its baseline."""
        outcome = run.outcomes[case]
        made, shipped = np.ones(len(network.nodes)), np.ones(len(network.flows))
        made[list(run.compiled.nodes)] = outcome.output[:, :, 0].mean(axis=(0, 2))
        shipped[list(run.compiled.flows)] = outcome.shipped[:, :, 0].mean(axis=(0, 2))
        supplier = np.array([f.supplier for f in network.flows], dtype=np.int64)
        user = np.array([network.slots[f.slot].node for f in network.flows], dtype=np.int64)
        quantity = np.array([f.quantity for f in network.flows])
        output = np.array([node.output for node in network.nodes])
        worth = (
            quantity
            * np.array([_usd_per_unit(network, n.product) for n in network.nodes])[supplier]
        )
        weight = np.divide(
            quantity, output[supplier], out=np.zeros_like(quantity), where=output[supplier] > 0
        )
        return cls(supplier, user, weight, worth, shipped, made)

    def unneeded(self, network: Network) -> Array:
        """Share of each flow's baseline that was delivered and not needed, users first."""
        rank = {c: k for k, c in enumerate(network.order)}
        last = len(rank)
        place = np.array(
            [last if n.kind == "other" else rank[n.commodity] for n in network.nodes],
            dtype=np.int64,
        )
        cancelled = np.zeros(len(network.nodes))
        found = np.zeros_like(self.shipped)
        by_user = np.argsort(-place[self.user], kind="stable")
        steps = np.flatnonzero(np.diff(place[self.user][by_user])) + 1
        for members in np.split(by_user, steps):
            needed = np.maximum(self.made - cancelled, 0.0)[self.user[members]]
            # What came beyond the usual orders replaced something else: no order of the past.
            usual = np.minimum(self.shipped[members], 1.0)
            excess = np.maximum(usual - needed, 0.0)
            found[members] = np.where(excess > _VISIBLE, excess, 0.0)
            np.add.at(cancelled, self.supplier[members], self.weight[members] * found[members])
        return found


def _usd_per_unit(network: Network, product: str) -> float:
    """Baseline price of a product; outputs of industries are in million USD already."""
    row = network.products[product]
    return _USD_PER_MUSD if row["stage"] == "industry" else float(row["price_usd_per_unit"] or 0.0)


def _opened(network: Network, run: Run, case: str) -> tuple[Index, Index, Array]:
    """Supplier, user and USD/year of what was bought through openings."""
    pairs = run.compiled.openings
    supplier = np.array([i for i, _ in pairs], dtype=np.int64)
    user = np.array([network.slots[q].node for _, q in pairs], dtype=np.int64)
    mean = run.outcomes[case].opened[:, :, 0].mean(axis=(0, 2))
    need = np.array([network.slots[q].need for _, q in pairs])
    price = np.array([_usd_per_unit(network, network.nodes[i].product) for i, _ in pairs])
    return supplier, user, mean * need * price


def _amounts(
    network: Network, focus: frozenset[str], supplier: Index, user: Index, usd: Array
) -> tuple[Amount, ...]:
    """Sums per supplier country and product over the borders, largest first."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for k in np.flatnonzero(usd > 0).tolist():
        seller, buyer = network.nodes[supplier[k]], network.nodes[user[k]]
        if seller.country in focus and buyer.country != seller.country:
            partners = found.setdefault((seller.country, seller.product), {})
            name = f"{buyer.country}:{buyer.product}"
            partners[name] = partners.get(name, 0.0) + float(usd[k])
    amounts = [_amount(network, *key, partners) for key, partners in found.items()]
    return tuple(sorted(amounts, key=lambda a: (-a.usd, a.country, a.product)))


def _amount(network: Network, country: str, product: str, partners: Mapping[str, float]) -> Amount:
    """One supplier and its partners, largest first."""
    ranked: Sequence[tuple[str, float]] = sorted(partners.items(), key=lambda p: (-p[1], p[0]))
    is_industry = network.products[product]["stage"] == "industry"
    return Amount(country, product, is_industry, sum(partners.values()), tuple(ranked))
