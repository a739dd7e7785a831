"""What can be taken away: restrictions, plants, links between countries, and pairs of these."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from supplychain.network.values import Network
from supplychain.vocabulary import EVERYONE

Removed = Literal["restriction", "mineral", "node", "flow", "pair"]

KINDS: Final[tuple[Removed, ...]] = ("restriction", "mineral", "node", "flow", "pair")


@dataclass(frozen=True)
class Ban:
    """Exports of an item that stop: who stops selling what to whom.

    Attributes:
        actor: country; item: product or mineral; to: importers (``*`` for all).
    """

    actor: str
    item: str
    to: tuple[str, ...] = (EVERYONE,)


@dataclass(frozen=True)
class Candidate:
    """One removal.

    Attributes:
        kind: what is removed.
        bans: exports that stop: one for a restriction, a mineral and a flow, two for a pair.
        node: id of the plant that stops, ``CHN:dysprosium_oxide``; else empty.
    """

    kind: Removed
    bans: tuple[Ban, ...] = ()
    node: str = ""

    @property
    def id(self) -> str:
        """Its name in tables.

        >>> Candidate("flow", (Ban("CHN", "dysprosium_metal", ("KOR",)),)).id
        'CHN:dysprosium_metal>KOR'
        """
        if self.node:
            return self.node
        return " + ".join(
            f"{b.actor}:{b.item}" + ("" if EVERYONE in b.to else f">{','.join(b.to)}")
            for b in self.bans
        )

    @property
    def actors(self) -> tuple[str, ...]:
        """Countries that withhold, or whose plant stops."""
        named = (b.actor for b in self.bans) if self.bans else (self.node.split(":")[0],)
        return tuple(dict.fromkeys(named))

    @property
    def items(self) -> tuple[str, ...]:
        """Products and minerals that are removed."""
        named = (b.item for b in self.bans) if self.bans else (self.node.split(":")[1],)
        return tuple(dict.fromkeys(named))


def candidates(network: Network, kinds: Sequence[Removed]) -> tuple[Candidate, ...]:
    """Every single removal of some kinds, in a fixed order.

    Restrictions and minerals are those that withhold any baseline flow over a border, nodes the
    producers of today, flows all links between two countries that carry a product.
    """
    links = sorted(_links(network))
    found: list[Candidate] = []
    if "restriction" in kinds:
        pairs = dict.fromkeys((actor, product) for actor, product, _ in links)
        found += [Candidate("restriction", (Ban(*pair),)) for pair in pairs]
    if "mineral" in kinds:
        found += [
            Candidate("mineral", (Ban(actor, str(row["mineral"])),))
            for actor in dict.fromkeys(actor for actor, _, _ in links)
            for row in network.tables.rows("minerals")
        ]
    if "node" in kinds:
        found += [Candidate("node", node=node.id) for node in network.nodes if _stops(node)]
    if "flow" in kinds:
        found += [Candidate("flow", (Ban(a, product, (user,)),)) for a, product, user in links]
    return tuple(found)


def _stops(node: object) -> bool:
    """Whether a node is a plant that makes something today."""
    return getattr(node, "kind", "") == "producer" and not getattr(node, "planned", False)


def _links(network: Network) -> Iterator[tuple[str, str, str]]:
    """Exporter, product and importer of every baseline flow over a border (not of end goods)."""
    seen: set[tuple[str, str, str]] = set()
    ends = {p for p, row in network.products.items() if row["stage"] == "industry"}
    for flow in network.flows:
        supplier, user = network.nodes[flow.supplier], network.nodes[network.slots[flow.slot].node]
        link = (supplier.country, supplier.product, user.country)
        if user.country != supplier.country and supplier.product not in ends and link not in seen:
            seen.add(link)
            yield link
