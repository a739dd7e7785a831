"""The planner's linear programme: variables, rows and bounds, month by month."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import sparse

from supplychain.model.arrays import Arrays
from supplychain.model.production import elastic_tangents
from supplychain.model.subgraph import Units

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Term = tuple[Index, Index, Array | float]
"""Rows, variables and coefficients of some entries."""


class Programme:
    """Variables, rows and bounds of one programme. Every variable family is (member, month)."""

    def __init__(self, arrays: Arrays, units: Units) -> None:
        """Give every variable its place; there are no rows yet."""
        self.a, self.u, self.months = arrays, units, arrays.months
        self.nodes, self.unit_node = np.unique(units.node, return_inverse=True)
        self.releases = self._releases()
        counts = {
            "output": units.node.size,
            "used": units.slot.size,
            "stock": units.slot.size,
            "flow": units.flow.size,
            "opening": units.opening.size,
            "kept": self.nodes.size,
            "release": self.releases[0].size,
        }
        self.base: dict[str, int] = {}
        self.size = 0
        for name, count in counts.items():
            self.base[name] = self.size
            self.size += count * self.months
        self.counts = counts
        self.entries: list[tuple[Index, Index, Array]] = []
        self.right: list[Array] = []
        self.count = 0

    def _releases(self) -> tuple[Index, Index]:
        """(public stock, slot unit) pairs."""
        pairs = [
            (g, s)
            for g, source in enumerate(self.a.sources)
            for s in np.flatnonzero(np.isin(self.u.slot, source.slots)).tolist()
        ]
        return (
            np.array([g for g, _ in pairs], dtype=np.int64),
            np.array([s for _, s in pairs], dtype=np.int64),
        )

    def at(self, name: str, member: Index, month: Index) -> Index:
        """Positions of variables."""
        return self.base[name] + member * self.months + month

    def grid(self, count: int, months: Index | None = None) -> tuple[Index, Index]:
        """All (member, month) pairs as two flat arrays."""
        t = np.arange(self.months) if months is None else months
        return np.repeat(np.arange(count), t.size), np.tile(t, count)

    def add(self, right: Array, *terms: Term) -> None:
        """Add ``right.size`` rows ``sum of terms <= right``.

        A term is (row, variable, coefficient).
        """
        for row, variable, coefficient in terms:
            self.entries.append(
                (row + self.count, variable, np.broadcast_to(coefficient, row.shape))
            )
        self.right.append(right)
        self.count += right.size

    def rows(self) -> tuple[sparse.csr_array, Array]:
        """All rows as one sparse matrix and their right-hand sides."""
        self._stocks()
        self._production()
        self._supply()
        self._cumulative_output()
        self._hosts()
        self._public()
        row, column, value = (np.concatenate([e[k] for e in self.entries]) for k in range(3))
        matrix = sparse.csr_array((value, (row, column)), shape=(self.count, self.size))
        return matrix, np.concatenate(self.right)

    def _stocks(self) -> None:
        """S_t - S_(t-1) - arrivals + z <= 0.

        The first month stands against the cover; goods at sea arrive.
        """
        m, t = self.grid(self.counts["stock"])
        row = np.arange(m.size)
        cover = self._cover()
        right = np.where(t == 0, cover[m], 0.0)
        later = t > 0
        terms: list[Term] = [
            (row, self.at("stock", m, t), 1.0),
            (row[later], self.at("stock", m[later], t[later] - 1), -1.0),
            (row, self.at("used", m, t), 1.0),
        ]
        supplied = np.zeros(self.counts["stock"], dtype=bool)
        supplied[self.u.flow_slot] = True
        right = right + np.where(supplied[m], 0.0, self.a.slots.level[self.u.slot[m]])
        share = self.a.flows.share[self.u.flow, 0]
        terms += self._arrivals("flow", self.u.flow_slot, self.a.flows.lag[self.u.flow], share)
        terms += self._arrivals(
            "opening",
            self.u.opening_slot,
            self.a.openings.lag[self.u.opening],
            np.ones(self.u.opening.size),
        )
        g, s = self.releases
        terms += self._arrivals("release", s, np.zeros(g.size, dtype=np.int64), np.ones(g.size))
        at_sea = np.zeros((self.counts["stock"], self.months))
        for j, s_unit in enumerate(self.u.flow_slot):
            at_sea[s_unit, : self.a.flows.lag[self.u.flow[j]]] += share[j]
        self.add(right + at_sea[m, t], *terms)

    def _arrivals(self, name: str, slot_unit: Index, lag: Index, share: Array) -> list[Term]:
        """Terms of what arrives in each stock row, lag months after it was shipped."""
        j, t = self.grid(slot_unit.size)
        arrives = t + lag[j] < self.months
        j, t = j[arrives], t[arrives]
        row = slot_unit[j] * self.months + t + lag[j]
        return [(row, self.at(name, j, t), -share[j])]

    def _cover(self) -> Array:
        """Starting stock of each slot unit: its bin's, or the mean over bins where pooled."""
        cover = self.a.slots.cover[self.u.slot, 0, :]
        k = self.u.bin[self.u.slot_unit]
        return np.where(k < 0, cover.mean(axis=1), cover[np.arange(k.size), np.maximum(k, 0)])

    def _help(self) -> Array:
        """Substitution of each slot unit, (slot units, T)."""
        months = [self.a.help(t, self.u.slot)[:, 0] for t in range(self.months)]
        return np.stack(months, axis=1)

    def _production(self) -> None:
        """Y <= (1 - w) + w (z + kappa), or the tangents of an elasticity."""
        help_ = self._help()
        for s, q in enumerate(self.u.slot):
            sigma = float(self.a.slots.elasticity[q, 0])
            weight = float(self.a.slots.weight[q, 0])
            lines = (
                [(1.0 - weight, weight)]
                if np.isnan(sigma)
                else elastic_tangents(sigma, float(self.a.slots.cost_share[q]))
            )
            t = np.arange(self.months)
            member = np.full(self.months, s)
            for intercept, slope in lines:
                self.add(
                    intercept + slope * help_[s],
                    (t, self.at("output", self.u.slot_unit[member], t), 1.0),
                    (t, self.at("used", member, t), -slope),
                )

    def _supply(self) -> None:
        """Shipped + kept <= kept before + made, per supplying node, in months of its output."""
        n, t = self.grid(self.nodes.size)
        row = np.arange(n.size)
        later = t > 0
        terms: list[Term] = [
            (row, self.at("kept", n, t), 1.0),
            (row[later], self.at("kept", n[later], t[later] - 1), -1.0),
        ]
        unit, month = self.grid(self.u.node.size)
        terms.append(
            (
                self.unit_node[unit] * self.months + month,
                self.at("output", unit, month),
                -self.u.size[unit],
            )
        )
        base = self.a.nodes.base
        flow_size = self.u.size[self.u.slot_unit[self.u.flow_slot]]
        supplier = self.a.flows.supplier[self.u.flow]
        weight = self.a.flows.quantity[self.u.flow] / base[supplier] * flow_size
        terms.append(self._shipped("flow", supplier, weight))
        opener = self.a.openings.supplier[self.u.opening]
        need = self.a.slots.need[self.u.slot[self.u.opening_slot]]
        size = self.u.size[self.u.slot_unit[self.u.opening_slot]]
        terms.append(self._shipped("opening", opener, need * size / base[opener]))
        self.add(np.zeros(n.size), *terms)

    def _shipped(self, name: str, supplier: Index, weight: Array) -> tuple[Index, Index, Array]:
        """Terms of what leaves each supplier."""
        j, t = self.grid(supplier.size)
        place = np.searchsorted(self.nodes, supplier)
        return place[j] * self.months + t, self.at(name, j, t), weight[j]

    def _cumulative_output(self) -> None:
        """Final nodes deliver late, never in advance: cumulative output <= months so far."""
        final = np.flatnonzero(self.a.nodes.final[self.u.node])
        pairs = np.array([(t, s) for t in range(self.months) for s in range(t + 1)], dtype=np.int64)
        k = np.repeat(np.arange(final.size), len(pairs))
        t, s = np.tile(pairs[:, 0], final.size), np.tile(pairs[:, 1], final.size)
        self.add(
            np.tile(np.arange(1.0, self.months + 1), final.size),
            (k * self.months + t, self.at("output", final[k], s), 1.0),
        )

    def _hosts(self) -> None:
        """A by-product makes at most what its host allows."""
        hosted = np.flatnonzero(self.a.nodes.host[self.u.node] >= 0)
        if not hosted.size:
            return
        host = self.a.nodes.host[self.u.node[hosted]]
        place = np.searchsorted(self.u.node, host)
        ratio = self.a.nodes.host_ratio[self.u.node[hosted]]
        k, t = self.grid(hosted.size)
        row = np.arange(k.size)
        self.add(
            np.zeros(k.size),
            (row, self.at("output", hosted[k], t), 1.0),
            (row, self.at("output", place[k], t), -ratio[k]),
        )

    def _public(self) -> None:
        """Releases within each month's rate and, in all, within the stock."""
        g, s = self.releases
        weight = self.a.slots.need[self.u.slot[s]] * self.u.size[self.u.slot_unit[s]]
        for i, source in enumerate(self.a.sources):
            mine = np.flatnonzero(g == i)
            j, t = self.grid(mine.size)
            part = weight[mine][j]
            self.add(source.release[:, 0], (t, self.at("release", mine[j], t), part))
            self.add(
                np.array([source.amount]), (np.zeros_like(t), self.at("release", mine[j], t), part)
            )

    def bounds(self) -> Array:
        """Lower and upper bound of every variable."""
        high = np.full(self.size, np.inf)
        limits = self.a.limits
        cap = np.where(
            self.a.nodes.final[self.u.node],
            limits.catch_up[0],
            self.a.nodes.capacity[self.u.node, 0],
        )
        u, t = self.grid(self.u.node.size)
        high[self.at("output", u, t)] = cap[u]
        j, t = self.grid(self.u.flow.size)
        months = [self.a.ceiling(m, self.u.flow, leaks=True)[:, 0] for m in range(self.months)]
        high[self.at("flow", j, t)] = self._of_bins(months, self.u.flow_slot)[j, t]
        p, t = self.grid(self.u.opening.size)
        high[self.at("opening", p, t)] = self._opening_limit()[p, t]
        n, t = self.grid(self.nodes.size)
        high[self.at("kept", n, t)] = limits.queue_cap[0]
        return np.stack([np.zeros(self.size), high], axis=1)

    def _opening_limit(self) -> Array:
        """Most that each opening may carry (opening units, T), in months of the slot's need."""
        need = self.a.slots.need[self.u.slot[self.u.opening_slot]]
        months = [self.a.opening_limit(t, self.u.opening)[:, 0] for t in range(self.months)]
        return self._of_bins(months, self.u.opening_slot) / need[:, None]

    def _of_bins(self, months: Sequence[Array], slot: Index) -> Array:
        """Monthly limits of links, each (links, B), as (links, T): of the bin that each serves.

        The mean over bins where these are pooled; where all are alike B is 1.
        """
        limit = np.stack(months, axis=1)
        if limit.shape[2] == 1:
            return np.asarray(limit[:, :, 0])
        k = self.u.bin[self.u.slot_unit[slot]]
        own = limit[np.arange(k.size), :, np.maximum(k, 0)]
        return np.where(k[:, None] < 0, limit.mean(axis=2), own)

    def cost(self, targets: Index, value: Array) -> Array:
        """Minus the value of the targets' output, scaled so that the largest weight is 1."""
        weight = dict(zip(targets.tolist(), (value / value.max()).tolist(), strict=True))
        cost = np.zeros(self.size)
        for u, n in enumerate(self.u.node.tolist()):
            if n in weight:
                cost[self.at("output", np.array([u]), np.arange(self.months))] = (
                    -weight[n] * self.u.size[u]
                )
        return cost

    def target_output(self, x: Array, targets: Iterable[int]) -> Array:
        """Output (T, targets, K) of the chosen nodes."""
        found = []
        for n in targets:
            mine = np.flatnonzero(self.u.node == n)
            values = np.stack(
                [x[self.at("output", np.array([u]), np.arange(self.months))] for u in mine], axis=1
            )
            found.append(values)
        return np.stack(found, axis=1)
