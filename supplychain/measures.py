"""A restriction resolved against a pack, and what of a flow it covers."""

from dataclasses import dataclass, replace

from supplychain.ends import Foreign
from supplychain.errors import ScenarioError
from supplychain.forms import Covered
from supplychain.network.values import Network, Node, Slot
from supplychain.restriction import Range, Restriction
from supplychain.tables import Row
from supplychain.vocabulary import EVERYONE

COMPLIANCE_PARAMETER = "re_export_enforcement"
LUCK_PARAMETER = "approval_luck"
PASSED_ON_PARAMETER = "price_tax_pass_through"
SURGE_PARAMETER, SURGE_CAP_PARAMETER = "front_loading_surge", "front_loading_cap_months"


@dataclass(frozen=True)
class Measure:
    """A restriction resolved against a pack.

    Attributes:
        restriction: as the user said it, names replaced by ids.
        covered: item by item.
        products: all product ids covered.
        first_month: first month of enforcement, after the start of the horizon.
        spells: (first, stop) of every unbroken stretch of enforcement, likewise; stop is the first
            month after it.
        use_share: share of each node's output that ends in the named uses; empty for every use.
        foreign: goods of other countries under a content rule; None without one.
        terms: central figures that are the pack's, not the scenario's, by name.
    """

    restriction: Restriction
    covered: tuple[Covered, ...]
    products: tuple[str, ...]
    first_month: int
    spells: tuple[tuple[int, int], ...]
    use_share: tuple[float, ...] = ()
    foreign: Foreign | None = None
    terms: tuple[tuple[str, float], ...] = ()


def any_severity(measure: Measure, most: float = 1.0) -> Measure:
    """The same measure with a severity from 0 to `most` (`supplychain.draws.Severities`).

    A tax and a dated path have no severity and stay what they are.
    """
    restriction = replace(measure.restriction, severity=Range(0.0, 0.0, most))
    return replace(measure, restriction=restriction)


def covers(network: Network, measure: Measure, supplier: Node, slot: Slot) -> bool:
    """Whether a measure covers any of a flow: its actor, product, target and use.

    Never domestic supply, and never what the actor itself buys.
    """
    return covered_share(network, measure, supplier, slot) > 0


def covered_share(network: Network, measure: Measure, supplier: Node, slot: Slot) -> float:
    """Share of a flow that a measure covers.

    The share of the user's output that ends in the named uses; of goods made abroad under a content
    rule it is taken of the actor's share of their material.
    """
    r = measure.restriction
    user = network.nodes[slot.node].country
    targeted = (EVERYONE in r.to or user in r.to) and user not in r.exclude
    if not targeted or user in {supplier.country, r.actor}:
        return 0.0
    used = measure.use_share[slot.node] if measure.use_share else 1.0
    if supplier.country == r.actor:
        return used if supplier.product in measure.products else 0.0
    if measure.foreign is None or supplier.kind == "other":
        return 0.0
    return used * measure.foreign.share[network.index[supplier.id]]


def open_share(network: Network, measure: Measure) -> float:
    """Share of the actor's baseline exports of the covered products that the measure leaves open.

    Shares of quantity, averaged over the products; 0 where everything is covered.
    """
    shares = open_shares(network, measure).values()
    return sum(shares) / len(shares) if shares else 0.0


def open_shares(network: Network, measure: Measure) -> dict[str, float]:
    """`open_share` of each covered product that the actor exports."""
    sent = dict.fromkeys(measure.products, 0.0)
    withheld = dict(sent)
    for flow in network.flows:
        supplier = network.nodes[flow.supplier]
        if supplier.country != measure.restriction.actor or supplier.product not in sent:
            continue
        slot = network.slots[flow.slot]
        if network.nodes[slot.node].country != supplier.country:
            share = covered_share(network, measure, supplier, slot)
            sent[supplier.product] += flow.quantity
            withheld[supplier.product] += flow.quantity * share
    return {p: 1.0 - withheld[p] / sent[p] for p in measure.products if sent[p] > 0}


def market_row(network: Network, product: str) -> Row | None:
    """The row of ``markets.csv`` for a product: its own, that of its stage, or that of all."""
    rows = {str(r["product"]): r for r in network.tables.rows("markets")}
    scopes = (product, str(network.products[product]["stage"]), EVERYONE)
    return next((rows[scope] for scope in scopes if scope in rows), None)


def market(network: Network, product: str) -> Row:
    """The market that a measure takes its elasticity of demand from; see `market_row`.

    Raises:
        ScenarioError: the pack has none for the product.
    """
    row = market_row(network, product)
    if row is None:
        raise ScenarioError(
            f"elasticity: this pack has no market for {product}; state its elasticity of demand"
        )
    return row
