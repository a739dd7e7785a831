"""What a restricting country sells of its own in place of what it withholds.

A measure covers what its list names. Makers further down the actor's own chain may then sell more
of their goods abroad, made of what stays at home. An answer that rests on it must say so: under a
wider measure (``--form contained``) the same question has another answer.
"""

from __future__ import annotations

from collections import defaultdict

from supplychain.compiled import reach
from supplychain.network import Network
from supplychain.run import Run

_WORTH_SAYING = 0.01
"""Share of a country's use from which it is said."""

_NAMED = 4
"""How many goods are named."""

Key = tuple[str, str, str]
"""Actor, product and country of use."""


def sold_instead(network: Network, run: Run) -> dict[Key, float]:
    """What an actor sells beyond the baseline of goods made of what it withholds, over their use.

    ``sum over t (opened + max(shipped - 1, 0) flow) / sum over t need`` of the slots of a focus
    country that the run reaches, in the adaptive case, for products downstream of the measures that
    none of them covers.
    """
    compiled, outcome = run.compiled, run.outcomes["adaptive"]
    covered: dict[str, set[str]] = defaultdict(set)
    for measure in run.resolved.measures:
        covered[measure.restriction.actor] |= set(measure.products)
    below = {c[0] for c in reach(network, run.resolved.measures).downstream}
    more: dict[Key, float] = defaultdict(float)

    def add(supplier: int, slot: int, quantity: float) -> None:
        """Count a sale of an actor's own free goods to a focus country."""
        seller, user = network.nodes[supplier], network.nodes[network.slots[slot].node]
        is_free = seller.product in below - covered.get(seller.country, below)
        if is_free and seller.country != user.country and user.country in run.resolved.focus:
            more[seller.country, seller.product, user.country] += quantity

    for p, (supplier, slot) in enumerate(compiled.openings):
        opened = float(outcome.opened[:, p].mean(axis=(1, 2)).sum())
        add(supplier, slot, opened * network.slots[slot].need)
    for k, flow in enumerate(network.flows[e] for e in compiled.flows):
        rise = (outcome.shipped[:, k] - 1.0).clip(0.0).mean(axis=(1, 2)).sum()
        add(flow.supplier, flow.slot, float(rise) * flow.quantity)
    use: dict[tuple[str, str], float] = defaultdict(float)
    for slot_ in (network.slots[q] for q in compiled.slots):
        use[slot_.commodity[0], network.nodes[slot_.node].country] += slot_.need
    months = run.resolved.months
    return {k: v / (use[k[1:]] * months) for k, v in more.items() if use[k[1:]] > 0}


def notes(network: Network, run: Run) -> tuple[str, ...]:
    """One sentence per actor whose own goods stand in for what it withholds.

    A wider form is named where a mineral is restricted under a narrower one.
    """
    widened = {
        m.restriction.actor
        for m in run.resolved.measures
        if m.restriction.form != "contained"
        and any(covered.item not in network.products for covered in m.covered)
    }
    said: dict[str, list[str]] = defaultdict(list)
    found = sorted(sold_instead(network, run).items(), key=lambda item: (-item[1], item[0]))
    for (actor, product, country), share in found:
        if share >= _WORTH_SAYING:
            said[actor].append(f"{product} ({share:.0%} of what {country} uses)")
    return tuple(
        f"{actor} sells more of its own goods that hold it and that no measure covers: "
        f"{', '.join(some[:_NAMED])}{' and others' if len(some) > _NAMED else ''}"
        + ("; a wider measure (--form contained) stops that" if actor in widened else "")
        for actor, some in said.items()
    )
