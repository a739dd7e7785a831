"""Both ends of a chain in the baseline: in which uses a good ends, and whose material it holds.

Shares are followed along the flows of the balanced network, not multiplied along the recipes of
one country, so a plant's share is that of its own customers and suppliers.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.errors import UnknownNameError, folded, nearest
from supplychain.forms import contents, holders, inputs
from supplychain.names import Names
from supplychain.network.values import Network, Node
from supplychain.tables import Row
from supplychain.vocabulary import EVERYONE

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_PROCESSED = ("refine", "component")
_CLOSE = 1e-12  # shares that move by less no longer move


@dataclass(frozen=True)
class Uses:
    """What the users of a pack may be called: products, groups, industries, segments, classes."""

    network: Network
    names: Names

    def named(self, text: str) -> str:
        """The id of a use: ``machinery``, ``machinery/carbide_tools``, ``defence``.

        Raises:
            UnknownNameError: no user of the pack is called so; with the nearest names, or those of
                all industries and demand classes where none is near.
        """
        known = self._known()
        entry = self.names.materials.found.get(folded(text))
        called = entry.named.id if entry is not None else text
        found = known.get(folded(called))
        if found is None:
            raise UnknownNameError(text, "use", self.near(text) or self._ends())
        return found

    def near(self, text: str) -> list[str]:
        """Ids of the uses that look most like a text; none where none is alike."""
        known = self._known()
        return [known[name] for name in nearest(folded(text), known)]

    def _known(self) -> dict[str, str]:
        """Every name of a use by the form in which names are compared."""
        users = [self.network.nodes[s.node] for s in self.network.slots]
        commodities = dict.fromkeys(n.commodity for n in users if n.kind != "other")
        found = [product for product, _ in commodities]
        found += [f"{product}/{segment}" for product, segment in commodities if segment]
        found += [str(r["group"]) for r in self.network.products.values() if r["group"]]
        found += self._classes()
        return {folded(name): name for name in found}

    def _ends(self) -> list[str]:
        """Industries and demand classes: what a chain is for."""
        makers = (n.product for n in self.network.nodes if n.kind == "industry")
        return list(dict.fromkeys([*makers, *self._classes()]))

    def _classes(self) -> list[str]:
        """Ids of the demand classes."""
        return [str(r["class"]) for r in self.network.tables.rows("demand_classes")]


def use_shares(network: Network, uses: Collection[str]) -> tuple[float, ...]:
    """Share of every node's output that ends in some uses, node by node.

    1 for a node that is such a use itself (for a demand class: the class's share of a segment);
    else what its customers use, weighted by what they take::

        s_i = sum_j F_ij s_j / X_i

    Users outside the modelled industries are no named use. Two thirds of a coil maker's output go
    into cars: ``use_shares(network, ["cars"])`` is 2/3 for it.
    """
    known = np.array([_own(network, node, uses) for node in network.nodes])
    source = np.array([f.supplier for f in network.flows], dtype=np.int64)
    target = np.array([network.slots[f.slot].node for f in network.flows], dtype=np.int64)
    quantity = np.array([f.quantity for f in network.flows])
    sent = np.bincount(source, quantity, minlength=known.size)
    whole = np.maximum([n.output for n in network.nodes], sent)[source]
    weight = np.divide(quantity, whole, out=np.zeros_like(quantity), where=whole > 0)
    return _followed(known, source, target, weight)


def _own(network: Network, node: Node, uses: Collection[str]) -> float:
    """Share of a node that is itself one of some uses; NaN where its customers decide."""
    if node.kind == "other":
        return 0.0
    group = network.products[node.product]["group"]
    if {node.product, f"{node.product}/{node.segment}", group} & set(uses):
        return 1.0
    rows = [r for r in network.tables.rows("demand_classes") if r["class"] in uses]
    classes = {str(r["class"]): _class_share(rows, node, str(r["class"])) for r in rows}
    share = sum(classes.values())
    return min(share, 1.0) if share > 0 else np.nan


def _class_share(rows: Iterable[Row], node: Node, name: str) -> float:
    """Share of a node's output that goes to a class: its own row before those for all."""
    found = {
        (str(r["country"]), str(r["segment"] or "")): float(r["share"])
        for r in rows
        if r["class"] == name and r["industry"] == node.product
    }
    places = [(c, s) for c in (node.country, EVERYONE) for s in (node.segment, "")]
    return next((found[place] for place in places if place in found), 0.0)


@dataclass(frozen=True)
class Foreign:
    """Goods that other countries make of the actor's material.

    Attributes:
        share: the actor's share of that material in each node's output; 0 where it is not covered.
        products: what is covered beside the measure's own products.
    """

    share: tuple[float, ...]
    products: tuple[str, ...]


def foreign_goods(
    network: Network, actor: str, products: Sequence[str], threshold: float
) -> Foreign:
    """What a content rule covers: goods of other countries that hold the actor's products.

    A product counts when the covered products make up `threshold` of its mass (or it is covered
    itself), a maker when the actor's share of that material in its output reaches `threshold`::

        m_j = sum over inputs q that hold it of  v_q sum_i (F_iq / U_q) m_i  /  sum of v_q
        v_q = need of q x tonnes held per unit;  m = 1 for the actor's own covered products

    Japan makes magnets of oxide, half of it Chinese: 0.5 for its magnets.
    """
    held = contents(network, _roots(network, products), _PROCESSED)
    holding = holders(network, held, threshold, _PROCESSED)
    further = [p for p in holding if held[p] > 0 and p not in products]
    covered = {*products, *further}
    known = np.array(
        [1.0 if n.country == actor and n.product in products else np.nan for n in network.nodes]
    )
    share = _followed(known, *_material(network, held))
    kept = [
        s if n.country != actor and n.product in covered and s >= threshold else 0.0
        for n, s in zip(network.nodes, share, strict=True)
    ]
    return Foreign(tuple(kept), tuple(further))


def _roots(network: Network, products: Collection[str]) -> dict[str, float]:
    """Covered products that are not made of covered ones: a unit of each holds its mass."""
    recipes, made_of, roots = inputs(network), set[str](), dict[str, float]()
    for product in dict.fromkeys(product for product, _ in network.order):
        holds = any(str(r["input"]) in made_of for r in recipes.get(product, ()))
        if product in products and not holds:
            roots[product] = float(network.products[product]["mass_t_per_unit"] or 1.0)
        if holds or product in products:
            made_of.add(product)
    return roots


def _material(network: Network, held: Mapping[str, float]) -> tuple[Index, Index, Array]:
    """Users, suppliers and weights of all flows that carry the material; a user's sum to 1."""
    flows = [f for f in network.flows if held[network.slots[f.slot].commodity[0]] > 0]
    user = np.array([network.slots[f.slot].node for f in flows], dtype=np.int64)
    supplier = np.array([f.supplier for f in flows], dtype=np.int64)
    carried = np.array(
        [f.quantity * held[network.slots[f.slot].commodity[0]] for f in flows], dtype=np.float64
    )
    whole = np.bincount(user, carried, minlength=len(network.nodes))[user]
    return user, supplier, np.divide(carried, whole, out=np.zeros_like(carried), where=whole > 0)


def _followed(known: Array, source: Index, target: Index, weight: Array) -> tuple[float, ...]:
    """The least x with ``x = known``, or where that is NaN ``x_i = sum of weight x_target``."""
    is_open = np.isnan(known)
    share, moved = np.where(is_open, 0.0, known), np.inf
    while moved > _CLOSE:
        sums = np.bincount(source, weight * share[target], minlength=known.size)
        found = np.where(is_open, sums, known)
        share, moved = found, np.abs(found - share).max(initial=0.0)
    return tuple(np.minimum(share, 1.0).tolist())
