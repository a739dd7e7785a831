"""Concentration: how few countries make a product, sell it, or sell it to one importer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from supplychain.network.values import Network
from supplychain.structure.accounts import Account, Reading, accounts
from supplychain.vocabulary import STAGES


def hhi(amounts: Iterable[float]) -> float:
    """Herfindahl-Hirschman index of some amounts: the sum of their squared shares.

    On the scale 0-1 (competition authorities multiply by 10,000): 1 is one supplier, 1/n is n equal
    ones, and 0 stands for no supply at all.

    >>> round(hhi([60, 30, 10]), 6)
    0.46
    """
    found = [a for a in amounts if a > 0]
    total = sum(found)
    return sum((a / total) ** 2 for a in found) if total else 0.0


def largest(amounts: Mapping[str, float]) -> tuple[str, float]:
    """The largest supplier and its share 0-1; of equals the first by name; nobody is ("", 0).

    >>> largest({"CHN": 3.0, "USA": 1.0})
    ('CHN', 0.75)
    """
    total = sum(amounts.values())
    if total <= 0:
        return "", 0.0
    name = min(amounts, key=lambda c: (-amounts[c], c))
    return name, amounts[name] / total


def exports_by_country(account: Account) -> dict[str, float]:
    """Exporter -> what it sells abroad, unit/year."""
    found: dict[str, float] = {}
    for (exporter, importer), quantity in account.shipped.items():
        if exporter != importer:
            found[exporter] = found.get(exporter, 0.0) + quantity
    return found


def concentrations(network: Network, focus: Sequence[str]) -> tuple[Reading, ...]:
    """HHI of every product's production and trade, and of the imports of every focus country.

    The rest of world counts as one supplier, so an index is too high where its share is large.
    The indices are ``production_hhi``, ``trade_hhi`` (exporters by what they sell abroad) and
    ``import_hhi`` (partners of one importer, by quantity); `Reading.detail` names the largest.
    """
    found = []
    for product, account in accounts(network).items():
        found.append(_reading("production_hhi", "", product, account.made))
        found.append(_reading("trade_hhi", "", product, exports_by_country(account)))
        found += [_reading("import_hhi", c, product, account.imports({c})) for c in focus]
    return tuple(r for r in found if r.value > 0)


def stage_concentrations(network: Network) -> tuple[Reading, ...]:
    """HHI of production of a mineral at each stage: that of its most concentrated product there.

    Quantities of different products are not added up: the narrowest product is the bottleneck.
    """
    known = accounts(network)
    best: dict[tuple[str, str], Reading] = {}
    for product, row in network.products.items():
        for mineral in {str(row["mineral"] or ""), *row["semi_of"]} - {""}:
            if product not in known:
                continue
            value = hhi(known[product].made.values())
            key = (mineral, str(row["stage"]))
            if key not in best or value > best[key].value:
                name = f"production_hhi_{row['stage']}"
                best[key] = Reading(name, "", mineral, value, detail=product)
    return tuple(best[key] for key in sorted(best, key=lambda k: (k[0], STAGES.index(k[1]))))


def _reading(index: str, country: str, product: str, amounts: Mapping[str, float]) -> Reading:
    return Reading(index, country, product, hhi(amounts.values()), detail=largest(amounts)[0])
