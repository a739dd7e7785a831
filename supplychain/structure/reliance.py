"""Net import reliance: how much of what a country uses must come from outside."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from supplychain.network.values import Network
from supplychain.structure.accounts import Account, Reading, accounts


def net_import_reliance(account: Account, places: Collection[str]) -> float | None:
    """(imports - exports) / (production + imports - exports), of one or several places together.

    The denominator is apparent consumption. 1 is all bought abroad, 0 self-sufficient, below 0 a
    net exporter (of any size: who uses a tenth of what it makes stands at -9). None where nothing
    is used.

    The form is that of the U.S. Geological Survey, *Mineral Commodity Summaries*, which adds
    changes of stocks; the baseline has none.

    >>> made, shipped = {"JPN": 20.0}, {("CHN", "JPN"): 90.0, ("JPN", "KOR"): 10.0}
    >>> net_import_reliance(Account("magnet", made, shipped), {"JPN"})
    0.8
    """
    net = sum(account.imports(places).values()) - account.exports(places)
    used = account.production(places) + net
    # what balancing leaves of a use that is nil is rounding, a part in 10^9 of the flows
    scale = account.production(places) + abs(net)
    return net / used if used > 1e-9 * scale else None


def reliances(network: Network, focus: Sequence[str]) -> tuple[Reading, ...]:
    """Net import reliance of every focus country for every product that it uses in the network.

    Industries are left out: what they sell to final buyers does not stand in the network.
    """
    found = []
    for product, account in accounts(network).items():
        if network.products[product]["stage"] == "industry":
            continue
        for country in focus:
            value = net_import_reliance(account, {country})
            if value is not None:
                found.append(Reading("net_import_reliance", country, product, value))
    return tuple(found)
