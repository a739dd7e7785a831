"""The network as arrays in order of supply: who fills which slot, by which share, how badly needed.

Every index of this room reads the same view. Planned capacity and alternative technologies are left
out: structure is about the baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from supplychain.network.values import Network, Slot

Array = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Key = tuple[str, str]
"""A place in the chain as users name it: (country, product); segments of an industry together."""


@dataclass(frozen=True)
class Layer:
    """The makers of one commodity, whose suppliers and hosts all stand in earlier layers.

    Attributes:
        nodes: those with inputs (n,).
        starts: position of each one's first slot in `slots` (n,).
        slots: indices of the slots, user by user (s,).
        shares: part of slot i that comes from node j (s, nodes of the network); rows add up to 1.
        bound, hosts: by-products and the nodes of the metal they come up with (b,).
        room: by-product obtainable over what is obtained (b,), >= 1.
    """

    nodes: Integers
    starts: Integers
    slots: Integers
    shares: csr_array[np.float64]
    bound: Integers
    hosts: Integers
    room: Array


@dataclass(frozen=True)
class Links:
    """The baseline network as arrays.

    Attributes:
        network: what it was made of; nodes and slots keep their indices.
        layers: users from upstream to downstream.
        supplier, slot, user: ends of every flow (flows,).
        quantity: unit/year of every flow (flows,).
        share: part of its slot that a flow fills, 0-1 (flows,).
        weight: how far a missing input stops its user, 0-1 (slots,): ``essentiality_weight``.
        is_critical: whether nothing is made without the input (slots,).
        output: baseline output of every node, unit/year (nodes,); 0 for planned capacity.
    """

    network: Network
    layers: tuple[Layer, ...]
    supplier: Integers
    slot: Integers
    user: Integers
    quantity: Array
    share: Array
    weight: Array
    is_critical: npt.NDArray[np.bool_]
    output: Array

    def members(self) -> Mapping[Key, Integers]:
        """(country, product) -> its nodes, for all that is made (uses outside are no makers)."""
        found: dict[Key, list[int]] = {}
        for i, node in enumerate(self.network.nodes):
            if node.kind != "other" and not node.planned:
                found.setdefault((node.country, node.product), []).append(i)
        return {key: np.array(nodes) for key, nodes in found.items()}

    def columns(self, sets: Sequence[Sequence[int] | Integers]) -> npt.NDArray[np.bool_]:
        """Sets of nodes as a table: whether node i is in set j, (nodes, sets)."""
        table = np.zeros((len(self.network.nodes), len(sets)), dtype=bool)
        for column, nodes in enumerate(sets):
            table[np.asarray(nodes, dtype=np.int64), column] = True
        return table

    def exports_usd(self, focus: Sequence[str]) -> Array:
        """Yearly exports of the end industries of some countries, by node (nodes,)."""
        countries = set(focus)
        return np.array(
            [
                n.exports_usd if n.country in countries and not n.planned else 0.0
                for n in self.network.nodes
            ]
        )

    def sector(self, country: str, industry: str = "") -> Integers:
        """The segments of one end industry of a country, or of all of them."""
        return np.array(
            [
                i
                for i, n in enumerate(self.network.nodes)
                if n.kind == "industry"
                and n.country == country
                and industry in {"", n.product}
                and not n.planned
            ],
            dtype=np.int64,
        )


def links(network: Network) -> Links:
    """The arrays of a network.

    An input with an elasticity in place of a class can be replaced by degrees and never stops its
    user: it weighs as much as an ``important`` one.
    """
    present = network.present_slots
    flows = [f for f in network.flows if f.slot < len(present) and f.quantity > 0]
    slot = np.array([f.slot for f in flows], dtype=np.int64)
    supplier = np.array([f.supplier for f in flows], dtype=np.int64)
    quantity = np.array([f.quantity for f in flows])
    user_of = np.array([s.node for s in present], dtype=np.int64)
    filled = np.bincount(slot, quantity, minlength=len(present))
    share = quantity / filled[slot]
    weights = {
        kind: network.parameters.value("essentiality_weight", kind)
        for kind in ("critical", "important", "non_critical")
    }
    kinds = [_kind(s) for s in present]
    table = csr_array((share, (slot, supplier)), shape=(len(present), len(network.nodes)))
    return Links(
        network,
        tuple(_layers(network, present, filled > 0, table)),
        supplier,
        slot,
        user_of[slot],
        quantity,
        share,
        np.array([weights[kind] for kind in kinds]),
        np.array([kind == "critical" for kind in kinds]),
        np.array([0.0 if n.planned else n.output for n in network.nodes]),
    )


def _kind(slot: Slot) -> str:
    """Class of an input; the one input of a use outside the industries is critical to it."""
    if slot.recipe is None:
        return "critical"
    return str(slot.recipe["essentiality"] or "important")


def _layers(
    network: Network,
    present: Sequence[Slot],
    is_filled: npt.NDArray[np.bool_],
    table: csr_array[np.float64],
) -> Iterator[Layer]:
    """One layer per commodity, upstream first; uses outside, which supply nobody, last."""
    position = {commodity: i for i, commodity in enumerate(network.order)}
    last = len(position)
    used: dict[int, list[int]] = {}
    for index in np.flatnonzero(is_filled).tolist():
        user = network.nodes[present[index].node]
        place = last if user.kind == "other" else position[user.commodity]
        used.setdefault(place, []).append(index)
    bound: dict[int, list[int]] = {}
    for node in network.hosts:
        bound.setdefault(position[network.nodes[node].commodity], []).append(node)
    for place in sorted({*used, *bound}):
        slots = np.array(used.get(place, []), dtype=np.int64)
        users = np.array([present[s].node for s in slots], dtype=np.int64)
        order = np.argsort(users, kind="stable")
        nodes, starts = np.unique(users[order], return_index=True)
        held = bound.get(place, [])
        yield Layer(
            nodes,
            starts,
            slots[order],
            table[slots[order]],
            np.array(held, dtype=np.int64),
            np.array([network.hosts[i][0] for i in held], dtype=np.int64),
            np.array([network.hosts[i][1] for i in held]),
        )
