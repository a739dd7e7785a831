"""What of a planner's programme needs no solver, because supply there cannot run short.

A supplier is *ample* when it can make, month by month, all that its flows and openings could ever
carry, out of inputs that ample suppliers bring; then nobody competes for it, and all that it sells
stands at its ceiling. A slot is *ample* when ample suppliers bring all that its plant could ever
use. Both are left out, and so is what is shut in a month in every programme; what is left is the
part in which something has to be decided.

It is a shortcut, never an assumption: the certificate is taken on the whole programme, with prices
of zero on the rows that were left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.allowed import Tops, envelope
from supplychain.model.production import required_input
from supplychain.model.programme import Programme

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reduced:
    """What stays: `free` variables and `rows`; the other variables stand at `fixed`."""

    free: Mask
    rows: Mask
    fixed: Array


def reduced(programmes: Sequence[Programme]) -> tuple[Reduced, ...]:
    """Leave out what is ample in every one of some programmes that differ in ceilings only.

    All of them keep the same variables and rows, so that one answer can start the next. Least
    fixed point: nothing is ample until its suppliers are shown to be, where they are asked for the
    most and are brought the least that any of the programmes allows.
    """
    first = programmes[0]
    hardest = _View(first, *envelope(programmes))
    nodes = np.zeros(first.a.nodes.base.size, dtype=bool)
    while not ((more := hardest.ample_nodes(nodes)) == nodes).all():
        nodes = more
    slots = hardest.ample_slots(nodes)
    shut = tuple(top == 0 for top in hardest.most)
    return tuple(_View(p, p.tops, p.tops).reduced(nodes, slots, shut) for p in programmes)


class _View:
    """One programme, seen as flows at their ceilings.

    `most` is what its flows and openings may ask for, `least` what they are sure to be allowed.
    """

    def __init__(self, programme: Programme, most: Tops, least: Tops) -> None:
        self.p = p = programme
        self.most, self.least = most, least
        a, u = p.a, p.u
        self.hosted = a.nodes.host[u.node]
        self.flow_supplier = a.flows.supplier[u.flow]
        self.opening_supplier = a.openings.supplier[u.opening]
        self.target = np.isin(u.node, p.targets)
        self.asked = self._asked()[u.node]
        room = np.where(a.nodes.final[u.node][:, None], np.minimum(p.capacity, 1.0), p.capacity)
        self.able = (self.asked <= room + _ROUNDING).all(axis=1) & ~self.target

    def _asked(self) -> Array:
        """Most that flows, openings and by-products can ask of each node, (N, T), over base."""
        p = self.p
        nodes, node = p.a.nodes, p.u.node
        asked = np.zeros((nodes.base.size, p.months))
        np.add.at(asked, self.flow_supplier, p.flow_weight[:, None] * self.most[0])
        np.add.at(asked, self.opening_supplier, p.opening_weight[:, None] * self.most[1])
        for n in np.unique(node[self.hosted >= 0]).tolist():
            most = p.capacity[node == n].max(axis=0) / max(nodes.host_ratio[n], _ROUNDING)
            asked[nodes.host[n]] = np.maximum(asked[nodes.host[n]], most)
        return asked

    def ample_nodes(self, known: Mask) -> Mask:
        """Which nodes are ample if these are."""
        u = self.p.u
        unit = self.able & ((self.hosted < 0) | known[self.hosted])
        np.logical_and.at(unit, u.slot_unit, self._lasts(known, self._used(self.asked)))
        found = np.zeros(known.size, dtype=bool)
        found[u.node] = True
        np.logical_and.at(found, u.node, unit)
        return found

    def ample_slots(self, nodes: Mask) -> Mask:
        """Which slot units are: those of ample nodes, and where the most can be made for ever.

        A plant with alternatives keeps all its slots unless it is ample without them, and so does
        one whose own customers may get more than it makes.
        """
        u = self.p.u
        whole = nodes[u.node[u.slot_unit]]
        lasts = self._lasts(nodes, self._used(self.p.capacity))
        kept = np.concatenate([u.recipe_unit, self.p.delivering])
        return whole | (lasts & ~np.isin(u.slot_unit, kept))

    def _used(self, output: Array) -> Array:
        """Input drawn for these outputs (units, T) of main technologies, (slot units, T)."""
        p, q = self.p, self.p.u.slot
        drawn = required_input(output[p.u.slot_unit], p.a.slots.weight[q, :1], p.elasticity)
        net = np.where(p.a.slots.main[q][:, None], np.maximum(drawn - p.help, 0.0), 0.0)
        return np.where(np.isfinite(net), net, _ENDLESS)

    def _stock(self, nodes: Mask, used: Array) -> Array:
        """Stock at each month's end if ample suppliers bring all they may, (slot units, T)."""
        p = self.p
        arrivals = p.most_arrivals(
            self.least[0] * nodes[self.flow_supplier][:, None],
            self.least[1] * nodes[self.opening_supplier][:, None],
        )
        return p.cover[:, None] + np.cumsum(arrivals - used, axis=1)

    def _lasts(self, nodes: Mask, used: Array) -> Mask:
        """Which slot units never run short then."""
        return np.asarray((self._stock(nodes, used) >= -_ROUNDING).all(axis=1), dtype=np.bool_)

    def reduced(self, nodes: Mask, slots: Mask, shut: tuple[Mask, ...]) -> Reduced:
        """Fix what is ample and drop its rows; fix flows and openings in months that are shut."""
        p, u = self.p, self.p.u
        free, fixed = np.ones(p.size, dtype=bool), np.zeros(p.size)
        whole = nodes[u.node]
        made = np.where(whole[:, None], self.asked, p.capacity)
        used = self._used(made)
        stock = np.maximum(self._stock(nodes, used), 0.0)
        old, new = nodes[self.flow_supplier], nodes[self.opening_supplier]
        nothing = np.zeros((1, p.months))
        families: dict[str, tuple[Mask, Array]] = {
            "output": (whole | self._sure(nodes, slots), made),
            "recipe": (whole[u.recipe_unit], np.repeat(nothing, u.recipe.size, axis=0)),
            "used": (slots[p.drawn], used[p.drawn]),
            "stock": (slots, stock),
            "flow": (old | slots[u.flow_slot], p.flow_top * old[:, None]),
            "opening": (new | slots[u.opening_slot], p.opening_top * new[:, None]),
            "kept": (nodes[p.sellers], np.repeat(nothing, p.sellers.size, axis=0)),
            "release": (
                slots[p.release_slot],
                np.repeat(nothing, p.release_slot.size, axis=0),
            ),
            "sum": (whole[p.final], np.cumsum(made[p.final], axis=1)),
        }
        if p.counts["held"]:
            families["held"] = (slots, np.minimum(stock, p.cover[:, None]))
        for name, (known, value) in families.items():
            free[p.at(name)[known]] = False
            fixed[p.at(name)[known]] = value[known]
        for name, months in zip(("flow", "opening"), shut, strict=True):
            free[p.at(name)[months]] = False
        return Reduced(free, self._rows(nodes, slots), fixed)

    def _sure(self, nodes: Mask, slots: Mask) -> Mask:
        """Plants that make all they can, whoever gets it: no input or host can stop them."""
        p, u = self.p, self.p.u
        waits = np.isin(np.arange(u.node.size), u.slot_unit[~slots])
        waits |= np.isin(np.arange(u.node.size), u.recipe_unit)
        waits |= (self.hosted >= 0) & ~nodes[self.hosted]
        return ~(waits | self.target | p.a.nodes.final[u.node])

    def _rows(self, nodes: Mask, slots: Mask) -> Mask:
        """Rows of which something is left to decide."""
        p, u = self.p, self.p.u
        rows, node = np.ones(p.count, dtype=bool), p.a.nodes
        hosted = np.unique(u.node[self.hosted >= 0])
        done = {
            "stock": slots,
            "production": slots[p.line_slot],
            "supply": nodes[p.sellers],
            "cumulative": nodes[u.node[p.final]],
            "recipe": nodes[u.node[np.unique(u.recipe_unit)]],
            "host": nodes[node.host[hosted]],
            "held": slots[: p.counts["held"]],
        }
        for name, known in done.items():
            rows[p.rows_of[name][known]] = False
        return rows


_ROUNDING = 1e-12
_ENDLESS = 1e12
"""Drawn where no finite input is enough."""
