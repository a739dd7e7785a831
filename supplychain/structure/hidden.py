"""Dependence that customs tables hide: what stands in the goods of others, n tiers up the chain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from supplychain.structure.links import Array, Links
from supplychain.structure.removal import stopped_share


@dataclass(frozen=True)
class Content:
    """Where the material in a product comes from, by origin and by tier.

    Attributes:
        country, product: whose product it is.
        material: the input that is traced.
        by_tier: tier -> origin -> share of all of the material that was used up in making it; tier
            1 is bought by the maker itself, tier 2 by its suppliers, and so on. All add up to 1.
    """

    country: str
    product: str
    material: str
    by_tier: Mapping[int, Mapping[str, float]]

    def share(self, origin: str, tier: int | None = None) -> float:
        """Share 0-1 that an origin has, at one tier or at all of them."""
        tiers = self.by_tier if tier is None else {tier}
        return sum(self.by_tier.get(t, {}).get(origin, 0.0) for t in tiers)


def content(links: Links, country: str, product: str, material: str) -> Content:
    """How much of the material in one country's product is whose (by physical shares).

    With a(u, v) the quantity that u buys from v per unit of its own output and Q the makers of the
    material, the content after n tiers is A^n on Q: C1 = A e(Q), C(n+1) = A C(n), until the chain
    ends; the origins' shares of all tiers together add up to 1. Buyers are taken to receive the
    maker's average mix, and what is lost in making counts as used.

    Example: of the dysprosium oxide in Japanese magnets, the share that China refined, whoever buys
    the magnets: ``content(links, "JPN", "ndfeb_magnet_hre", "dysprosium_oxide").share("CHN")``.

    Raises nothing for a product without the material: its `by_tier` is empty.
    """
    nodes = links.network.nodes
    count = len(nodes)
    origins = sorted({n.country for n in nodes if n.product == material})
    column = {c: k for k, c in enumerate(origins)}
    start = np.zeros((count, len(origins)))
    for i, node in enumerate(nodes):
        if node.product == material and node.kind != "other" and not node.planned:
            start[i, column[node.country]] = 1.0
    made = links.output[links.user]
    per_unit = np.divide(links.quantity, made, out=np.zeros_like(made), where=made > 0)
    buys = csr_array((per_unit, (links.user, links.supplier)), shape=(count, count))
    members = links.members().get((country, product), np.array([], dtype=np.int64))
    tiers: dict[int, Array] = {}
    step = start
    for tier in range(1, len(links.layers) + 1):
        step = np.asarray(buys @ step)
        if not step.any():
            break
        tiers[tier] = links.output[members] @ step[members]
    total = sum(float(t.sum()) for t in tiers.values())
    return Content(
        country,
        product,
        material,
        {
            tier: {c: float(t[k] / total) for c, k in column.items() if t[k] > 0}
            for tier, t in tiers.items()
            if t.sum() > 0
        },
    )


@dataclass(frozen=True, slots=True)
class Exposure:
    """How far a country's imports of one product hang on an actor.

    Attributes:
        importer, product, actor: who buys what, and on whom it may hang.
        direct: share of the imports that the actor itself sells, 0-1: what customs tables show.
        total: share that would not be made without the actor, 0-1: with what others make of the
            actor's goods.
        tiers: the share when looking 0, 1, 2, ... steps beyond the seller; the last is `total`.
    """

    importer: str
    product: str
    actor: str
    direct: float
    total: float
    tiers: tuple[float, ...]

    @property
    def hidden(self) -> float:
        """What the actor does not sell itself and yet holds, 0-1."""
        return self.total - self.direct


def exposures(links: Links, importer: str, actors: Sequence[str]) -> tuple[Exposure, ...]:
    """Apparent and hidden dependence of every product that a country imports, most hidden first.

    The share of each seller's output that stops without the actor (`stopped_share`: its worst
    input, nobody reroutes), averaged over the sellers by what they ship to the importer. A home
    plant that runs on the actor's goods is not an import and not counted here.

    A country that buys all magnets from Japan, where nine tenths of the dysprosium are Chinese, has
    a direct dependence on China of 0 and a total of 0.9.
    """
    nodes = links.network.nodes
    home = np.array([n.country == importer for n in nodes])
    abroad = np.flatnonzero(home[links.user] & ~home[links.supplier])
    products = sorted({nodes[i].product for i in links.supplier[abroad].tolist()})
    row = {p: k for k, p in enumerate(products)}
    seller = links.supplier[abroad]
    rows = np.array([row[nodes[i].product] for i in seller.tolist()], dtype=np.int64)
    bought = csr_array((links.quantity[abroad], (rows, seller)), shape=(len(row), len(nodes)))
    totals: Array = np.asarray(bought.sum(axis=1))
    others = [a for a in actors if a != importer]
    removed = links.columns(
        [[i for i, n in enumerate(nodes) if n.country == a and n.kind != "other"] for a in others]
    )
    steps = [np.asarray(bought @ removed.astype(float)) / totals[:, None]]
    whole = np.asarray(bought @ stopped_share(links, removed)) / totals[:, None]
    while not np.allclose(steps[-1], whole, rtol=0, atol=1e-9):  # reached within the longest chain
        loss = stopped_share(links, removed, tiers=len(steps))
        steps.append(np.asarray(bought @ loss) / totals[:, None])
    found = [
        Exposure(
            importer,
            product,
            actor,
            float(steps[0][k, j]),
            float(whole[k, j]),
            tuple(float(step[k, j]) for step in steps),
        )
        for j, actor in enumerate(others)
        for k, product in enumerate(products)
        if whole[k, j] > 0
    ]
    return tuple(sorted(found, key=lambda e: (-e.hidden, e.product, e.actor)))
