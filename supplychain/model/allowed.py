"""What each month allows the units of a programme: tables (member, month)."""

from collections.abc import Sequence
from copy import copy
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays
from supplychain.model.subgraph import Units

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Tops = tuple[Array, Array]
"""Most of each flow (flows, T) and of each opening (openings, T)."""

_ROUNDING = 1e-12


class Allowed:
    """Tables of the units that reach some targets, each asked of `Arrays` once."""

    def __init__(self, arrays: Arrays, units: Units, targets: Index) -> None:
        """Hold what the tables are about."""
        self.a, self.u, self.months, self.targets = arrays, units, arrays.months, targets
        self.release_source, self.release_slot, self.release_turn = self._releases()

    def under(self, arrays: Arrays) -> Self:
        """The same programme under other ceilings; everything else must be alike."""
        other = copy(self)
        other.a = arrays
        for table in ("flow_top", "opening_top"):
            other.__dict__.pop(table, None)
        return other

    @cached_property
    def capacity(self) -> Array:
        """Most output of each unit, (units, T): capacity, or catch-up capacity of final nodes."""
        nodes, node = self.a.nodes, self.u.node
        months = [self.a.capacity(t, node)[:, 0] for t in range(self.months)]
        level = nodes.level[node][:, None]
        plant = np.maximum(np.stack(months, axis=1), level)
        late = np.broadcast_to(level + self.a.limits.catch_up[0] - 1.0, plant.shape)
        return np.where(nodes.final[node][:, None], late, plant)

    @cached_property
    def flow_top(self) -> Array:
        """Most of each flow, (flows, T): of its bin, or the mean over bins where pooled."""
        months = [self.a.ceiling(t, self.u.flow, leaks=True)[:, 0] for t in range(self.months)]
        return self._of_bin(months, self.u.slot_bin[self.u.flow_slot])

    @cached_property
    def opening_top(self) -> Array:
        """Most of each opening, (openings, T), in months of the slot's need."""
        need = self.a.slots.need[self.u.slot[self.u.opening_slot]]
        months = [self.a.opening_limit(t, self.u.opening)[:, 0] for t in range(self.months)]
        return self._of_bin(months, self.u.slot_bin[self.u.opening_slot]) / need[:, None]

    def _of_bin(self, months: list[Array], k: Index) -> Array:
        """Tables (members, T) of values (members, B) of every month, for the bin of each."""
        table = np.stack(months, axis=1)
        if table.shape[2] == 1:
            return np.asarray(table[:, :, 0])
        own = table[np.arange(k.size), :, np.maximum(k, 0)]
        return np.where((k < 0)[:, None], table.mean(axis=2), own)

    @property
    def tops(self) -> Tops:
        """Most of each flow and of each opening."""
        return self.flow_top, self.opening_top

    @cached_property
    def help(self) -> Array:
        """Substitution of each slot unit, (slot units, T)."""
        return np.stack([self.a.help(t, self.u.slot)[:, 0] for t in range(self.months)], axis=1)

    @cached_property
    def elasticity(self) -> Array:
        """Elasticity of each slot unit, (slot units, T), NaN for a class."""
        months = [self.a.elasticity(t, self.u.slot)[:, 0] for t in range(self.months)]
        return np.stack(months, axis=1)

    @cached_property
    def cover(self) -> Array:
        """Starting stock of each slot unit: its bin's, or the mean over bins where pooled."""
        cover, k = self.a.slots.cover[self.u.slot, 0, :], self.u.slot_bin
        own = cover[np.arange(k.size), np.maximum(k, 0)]
        return np.where(k < 0, cover.mean(axis=1), own)

    @cached_property
    def given(self) -> Array:
        """What arrives whatever is decided, (slot units, T): no flow's supply, goods at sea."""
        share = self.a.flows.share[self.u.flow, 0]
        flowing = np.bincount(self.u.flow_slot, share, self.u.slot.size)
        free = np.maximum(self.a.slots.level[self.u.slot] - flowing, 0.0)
        # Shares sum to 1 up to rounding; what rounding leaves is nobody's supply.
        free[free < _ROUNDING] = 0.0
        table = np.repeat(free[:, None], self.months, axis=1)
        at_sea = np.arange(self.months) < self.a.flows.lag[self.u.flow][:, None]
        np.add.at(table, self.u.flow_slot, share[:, None] * at_sea)
        return table

    @cached_property
    def flow_weight(self) -> Array:
        """Share of a supplier's output in each flow at its baseline, (flows,)."""
        supplier = self.a.flows.supplier[self.u.flow]
        size = self.u.size[self.u.slot_unit[self.u.flow_slot]]
        return self.a.flows.quantity[self.u.flow] / self.a.nodes.base[supplier] * size

    @cached_property
    def opening_weight(self) -> Array:
        """Share of a supplier's output in a month of need of each opening, (openings,)."""
        supplier = self.a.openings.supplier[self.u.opening]
        size = self.u.size[self.u.slot_unit[self.u.opening_slot]]
        need = self.a.slots.need[self.u.slot[self.u.opening_slot]]
        return need * size / self.a.nodes.base[supplier]

    @cached_property
    def drawn(self) -> Index:
        """Slot units whose draw is a variable.

        A plain critical input is drawn for exactly what is made: its draw is the output.
        """
        u, q = self.u, self.u.slot
        plain = (self.a.slots.weight[q, 0] == 1.0) & np.isnan(self.elasticity).all(axis=1)
        plain &= (self.help == 0.0).all(axis=1) & self.a.slots.main[q]
        return np.flatnonzero(~plain | np.isin(u.slot_unit, u.recipe_unit))

    def _releases(self) -> tuple[Index, Index, Index]:
        """(source, slot unit, turn) of each possible release; turn 0 is the owner's."""
        found = [
            (g, int(s), turn)
            for g, source in enumerate(self.a.sources)
            for turn, slots in enumerate((source.slots, *(slots for slots, _ in source.shared)))
            for s in np.flatnonzero(np.isin(self.u.slot, slots))
        ]
        table = np.array(found, dtype=np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1], table[:, 2]

    @cached_property
    def release_part(self) -> Array:
        """Units in a month of need of each release's slot unit."""
        s = self.release_slot
        return self.a.slots.need[self.u.slot[s]] * self.u.size[self.u.slot_unit[s]]

    @cached_property
    def delivering(self) -> Index:
        """Units of targets that may deliver another share than they make to those who count.

        Their customers have turns, or a flow of theirs may be refused because its queue is full.
        """
        flows, nodes, limits = self.a.flows, self.a.nodes, self.a.limits
        apart = flows.rank != nodes.rank[flows.supplier]
        apart |= flows.covered | bool(limits.access[0] < limits.catch_up[0])
        found = np.union1d(flows.supplier[apart], np.flatnonzero(nodes.counted < 1.0))
        return np.flatnonzero(np.isin(self.u.node, np.intersect1d(found, self.targets)))

    @cached_property
    def outside(self) -> Array:
        """Share of each node's baseline output that leaves the network, (N,)."""
        flows, base = self.a.flows, self.a.nodes.base
        weight = flows.quantity / base[flows.supplier]
        sold = np.bincount(flows.supplier, weight, base.size)
        return np.asarray(np.maximum(1.0 - sold, 0.0), dtype=np.float64)

    @cached_property
    def own_share(self) -> Array:
        """Share of a node's baseline output that goes to those who count, of each such unit."""
        node = self.u.node[self.delivering]
        own = self.outside[node] * self.a.nodes.counted[node]
        return np.asarray(own * self.u.size[self.delivering])

    def ramp(self) -> Array:
        """Most of each alternative technology, (recipes, T)."""
        months = [self.a.ramp(t, self.u.recipe)[:, 0] for t in range(self.months)]
        return np.stack(months, axis=1)

    def release_top(self) -> Array:
        """Most of each release, months of its slot unit's need."""
        rate = [source.release[:, 0] for source in self.a.sources]
        table = np.array(rate).reshape(-1, self.months)[self.release_source]
        return table / self.release_part[:, None]

    def most_arrivals(self, flow: Array, opening: Array) -> Array:
        """Arrivals in each slot unit, (slot units, T), of these flows and openings."""
        u, table = self.u, self.given.copy()
        share = self.a.flows.share[u.flow, 0]
        for place, lag, moved in (
            (u.flow_slot, self.a.flows.lag[u.flow], share[:, None] * flow),
            (u.opening_slot, self.a.openings.lag[u.opening], opening),
        ):
            for months in np.unique(lag[lag < self.months]).tolist():
                mine = np.flatnonzero(lag == months)
                np.add.at(table[:, months:], place[mine], moved[mine, : self.months - months])
        return table


def envelope(programmes: Sequence[Allowed]) -> tuple[Tops, Tops]:
    """Most and least that any of some programmes allows its flows and openings."""
    flows, openings = [p.flow_top for p in programmes], [p.opening_top for p in programmes]
    return (
        (np.max(flows, axis=0), np.max(openings, axis=0)),
        (np.min(flows, axis=0), np.min(openings, axis=0)),
    )
