"""Concentration weighted by governance: EU-type supply risk and the GeoPolRisk score.

Governance is the pack's column ``governance``: political stability and absence of violence of the
World Bank, one of the six World Governance Indicators, from -2.5 (worst) to 2.5 (best). GeoPolRisk
is defined on this one; the EU study takes the mean of several, so levels differ (China fares worse
on voice than on stability). A place without a score, such as the rest of world, gets the middle of
the scale, to which the indicators are centred.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from supplychain.network.values import Network
from supplychain.structure.accounts import Account, Reading, accounts
from supplychain.structure.concentration import hhi
from supplychain.structure.reliance import net_import_reliance

# ends of the World Bank's scale, by its own definition
BEST, WORST = 2.5, -2.5
EU_SCALE = 10.0
STAGES_OF_A_MINERAL = ("mine", "refine")


def instability(network: Network) -> Mapping[str, float]:
    """Country -> political instability 0-1: (2.5 - WGI) / 5, cut at 0 and 1.

    A score of 0.5 gives 0.4, one of -2.5 gives 1; without a score 0.5.
    """
    found = {}
    for row in network.tables.rows("countries"):
        score = row["governance"]
        scaled = (BEST - float(score or 0.0)) / (BEST - WORST)
        found[str(row["iso3"])] = min(max(scaled, 0.0), 1.0)
    return found


def weighted_hhi(amounts: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Sum of squared shares, each times its supplier's weight.

    >>> round(weighted_hhi({"A": 3, "B": 1}, {"A": 6.0, "B": 4.0}), 6)  # 6 * 9/16 + 4 * 1/16
    3.625
    """
    total = sum(amounts.values())
    return sum(weights[c] * (a / total) ** 2 for c, a in amounts.items()) if total else 0.0


def eu_supply_risk(
    account: Account,
    places: Collection[str],
    unstable: Mapping[str, float],
    *,
    recycling: float = 0.0,
    substitution: float = 1.0,
    trade: Mapping[str, float] | None = None,
) -> float:
    """Supply risk in the form of the EU's lists of critical raw materials, 0-10.

        SR = [ HHI_w(world) * IR/2  +  HHI_w(own sourcing) * (1 - IR/2) ] * (1 - RIR) * SI

        HHI_w = sum over countries c of  share(c)^2 * governance(c) * t(c)

    with shares of world production and of own sourcing (production within plus imports), IR the net
    import reliance cut at 0 and 1, RIR the end-of-life recycling input rate, SI the substitution
    index. Governance is scaled 0-10, 10 the worst. The EU calls a material critical from 1.

    Source: European Commission (2017), *Methodology for establishing the EU list of critical raw
    materials*; Blengini and others (2017), EUR 28654, doi:10.2760/73303.

    Args:
        account: production and trade of the product.
        places: the importing country, or all members of a bloc.
        unstable: country -> instability 0-1 (`instability`).
        recycling: RIR, 0-1.
        substitution: SI, 0-1; 1 is no substitute.
        trade: t(c), about 0.8-1.1: above 1 for suppliers that restrict exports, below for
            agreements; 1 for all if left out.

    >>> world = Account("x", {"A": 80.0, "B": 20.0}, {("A", "B"): 30.0, ("A", "C"): 50.0})
    >>> round(eu_supply_risk(world, {"C"}, {"A": 0.5, "B": 0.3}), 6)  # 3.32 / 2 + 5 / 2
    4.16
    """
    weights = {c: EU_SCALE * unstable[c] * (trade or {}).get(c, 1.0) for c in unstable}
    reliance = net_import_reliance(account, places)
    half = min(max(reliance or 0.0, 0.0), 1.0) / 2
    own = {c: q for c, q in account.made.items() if c in places} | account.imports(places)
    world, sourcing = weighted_hhi(account.made, weights), weighted_hhi(own, weights)
    return (world * half + sourcing * (1 - half)) * (1 - recycling) * substitution


def geopolrisk(account: Account, places: Collection[str], unstable: Mapping[str, float]) -> float:
    """GeoPolRisk score of importing a product, 0-1.

        GeoPolRisk = HHI(production) * sum over partners i of  g(i) * imports(i) / (P + F)

    with g the instability 0-1, P the places' own production and F all their imports. No imports is
    no risk in this index.

    Source: Gemechu and others (2016), *J. Industrial Ecology* 20, 154-165 (the score); Helbig and
    others (2016), *J. Cleaner Production* 137, 1170-1178 (own production); recycling and
    substitution, added later (Santillan-Saldivar and others 2021; Cimprich and others 2017), are
    left out here.

    >>> world = Account("x", {"A": 80.0, "C": 20.0}, {("A", "C"): 30.0})
    >>> round(geopolrisk(world, {"C"}, {"A": 0.5, "C": 0.3}), 6)  # 0.68 * 0.5 * 30/50
    0.204
    """
    imports = account.imports(places)
    base = account.production(places) + sum(imports.values())
    if base <= 0:
        return 0.0
    exposed = sum(unstable[c] * quantity for c, quantity in imports.items()) / base
    return hhi(account.made.values()) * exposed


def risks(network: Network, focus: Sequence[str]) -> tuple[Reading, ...]:
    """``eu_supply_risk`` and ``geopolrisk`` of every focus country for mined and refined products.

    Of the EU's factors the pack has shares, reliance, governance and the recycling input rate of
    each mineral; trade parameter and substitution index stand at 1, which makes the index too high
    where substitutes exist or members of the bloc supply each other.
    """
    unstable = instability(network)
    rate = {str(r["mineral"]): float(r["recycling_rate"]) for r in network.tables.rows("minerals")}
    found = []
    for product, account in accounts(network).items():
        row = network.products[product]
        if row["stage"] not in STAGES_OF_A_MINERAL:
            continue
        recycled = rate.get(str(row["mineral"]), 0.0)
        for country in focus:
            if not account.imports({country}) and not account.production({country}):
                continue
            risk = eu_supply_risk(account, {country}, unstable, recycling=recycled)
            found += [
                Reading("eu_supply_risk", country, product, risk),
                Reading("geopolrisk", country, product, geopolrisk(account, {country}, unstable)),
            ]
    return tuple(found)
