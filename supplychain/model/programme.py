"""The planner's linear programme: variables, rows and bounds, month by month."""

from copy import copy
from dataclasses import dataclass
from functools import cached_property

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


@dataclass(frozen=True)
class Linear:
    """Minimise ``cost x`` under ``matrix x <= right`` and ``low <= x <= high``, both finite."""

    cost: Array
    matrix: sparse.csr_array
    right: Array
    low: Array
    high: Array


class Programme:
    """Variables, rows and bounds of one programme. Every variable family is (member, month).

    What each month allows is asked of `Arrays` once and kept as tables (member, month).
    """

    def __init__(
        self, arrays: Arrays, units: Units, targets: Index, *, holds: bool = False
    ) -> None:
        """Give every variable its place; there are no rows yet.

        With `holds` there is a variable for each stock as far as it is no more than at the start.
        """
        self.a, self.u, self.months, self.targets = arrays, units, arrays.months, targets
        self.release_source, self.release_slot, self.release_turn = self._releases()
        self.delivering = self._delivering()
        ends = (
            arrays.flows.supplier[units.flow],
            arrays.openings.supplier[units.opening],
            units.node[self.delivering],
        )
        self.sellers = np.unique(np.concatenate(ends))
        self.final = np.flatnonzero(
            arrays.nodes.final[units.node] & (self.capacity.max(axis=1, initial=0.0) > 1.0)
        )
        self.drawn = self._drawn()
        counts = {
            "output": units.node.size,
            "recipe": units.recipe.size,
            "used": self.drawn.size,
            "stock": units.slot.size,
            "flow": units.flow.size,
            "opening": units.opening.size,
            "kept": self.sellers.size,
            "release": self.release_slot.size,
            "sum": self.final.size,
            "delivered": self.delivering.size,
            "held": units.slot.size if holds else 0,
        }
        self.base: dict[str, int] = {}
        self.size = 0
        for name, count in counts.items():
            self.base[name] = self.size
            self.size += count * self.months
        self.counts = counts
        self.rows_of: dict[str, Index] = {}
        self.source_scale: dict[int, float] = {}
        self.entries: list[tuple[Index, Index, Array]] = []
        self.right: list[Array] = []
        self.count = 0

    def at(self, name: str) -> Index:
        """Positions of a family's variables, (member, month)."""
        size = self.counts[name] * self.months
        return self.base[name] + np.arange(size, dtype=np.int64).reshape(-1, self.months)

    def under(self, arrays: Arrays) -> "Programme":
        """The same programme under other ceilings; everything else must be alike."""
        other = copy(self)
        other.a = arrays
        for table in ("flow_top", "opening_top"):
            other.__dict__.pop(table, None)
        return other

    # What each month allows -----------------------------------------------------------------------

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

    # The rows -------------------------------------------------------------------------------------

    def linear(self, value: Array) -> Linear:
        """The whole programme, for targets of these values."""
        build = (
            self._stocks, self._production, self._supply, self._cumulative_output,
            self._recipes, self._hosts, self._sources, self._deliveries, self._held,
        )  # fmt: skip
        for rows in build:
            rows()
        row, column, entry = (np.concatenate([e[k] for e in self.entries]) for k in range(3))
        matrix = sparse.csr_array((entry, (row, column)), shape=(self.count, self.size))
        right, low = np.concatenate(self.right), np.zeros(self.size)
        return Linear(self.cost(value), matrix, right, low, self.high())

    def add(self, name: str, right: Array, *terms: Term) -> None:
        """Add ``right.size`` rows ``sum of terms <= right`` under a name.

        A term is (row, variable, coefficient), of one shape.
        """
        for row, variable, coefficient in terms:
            value = np.broadcast_to(coefficient, row.shape)
            self.entries.append((row.ravel() + self.count, variable.ravel(), value.ravel()))
        self.rows_of[name] = self.count + np.arange(right.size).reshape(right.shape)
        self.right.append(right.ravel())
        self.count += right.size

    def _grid(self, members: int) -> Index:
        """Row numbers of a family of rows (member, month)."""
        return np.arange(members * self.months, dtype=np.int64).reshape(members, self.months)

    def _stocks(self) -> None:
        """S_t - S_(t-1) - arrivals + z <= what is given.

        The first month stands against the cover; goods at sea arrive.
        """
        stock, row = self.at("stock"), self._grid(self.counts["stock"])
        plain = np.setdiff1d(np.arange(row.shape[0]), self.drawn)
        right = self.given.copy()
        right[:, 0] += self.cover
        flows, openings, u = self.a.flows, self.a.openings, self.u
        self.add(
            "stock", right,
            (row, stock, 1.0),
            (row[:, 1:], stock[:, :-1], -1.0),
            (row[self.drawn], self.at("used"), 1.0),
            (row[plain], self.at("output")[self.u.slot_unit[plain]], 1.0),
            *self._arrivals("flow", row[u.flow_slot], flows.lag[u.flow], flows.share[u.flow, 0]),
            *self._arrivals("opening", row[u.opening_slot], openings.lag[u.opening]),
            (row[self.release_slot], self.at("release"), -1.0),
        )  # fmt: skip

    def _arrivals(
        self, name: str, row: Index, lag: Index, share: Array | float = 1.0
    ) -> list[Term]:
        """Terms of what arrives in the stock rows (member, month), lag months after it left."""
        place, terms = self.at(name), []
        share = np.broadcast_to(share, lag.shape)
        for months in np.unique(lag[lag < self.months]).tolist():
            mine = np.flatnonzero(lag == months)
            left = place[mine, : self.months - months]
            terms.append((row[mine, months:], left, -share[mine, None]))
        return terms

    def _drawn(self) -> Index:
        """Slot units whose draw is a variable.

        A plain critical input is drawn for exactly what is made: its draw is the output.
        """
        u, q = self.u, self.u.slot
        plain = (self.a.slots.weight[q, 0] == 1.0) & np.isnan(self.elasticity).all(axis=1)
        plain &= (self.help == 0.0).all(axis=1) & self.a.slots.main[q]
        return np.flatnonzero(~plain | np.isin(u.slot_unit, u.recipe_unit))

    def _production(self) -> None:
        """What the input is drawn for <= (1 - w) + w (z + kappa), or the tangents."""
        s, t, intercept, slope = self._lines()
        u, row = self.u, np.arange(s.size)
        main = np.flatnonzero(self.a.slots.main[u.slot[s]])
        terms: list[Term] = [
            (row[main], self.at("output")[u.slot_unit[s[main]], t[main]], 1.0),
            (row, self.at("used")[np.searchsorted(self.drawn, s), t], -slope),
        ]
        for r, q, factor in zip(u.use_recipe, u.use_slot, u.use_factor, strict=True):
            mine = np.flatnonzero(s == q)
            terms.append((row[mine], self.at("recipe")[r, t[mine]], float(factor)))
        for r, unit in enumerate(u.recipe_unit):
            mine = main[u.slot_unit[s[main]] == unit]
            terms.append((row[mine], self.at("recipe")[r, t[mine]], -1.0))
        self.line_slot, self.line_month = s, t
        self.add("production", intercept + slope * self.help[s, t], *terms)

    def _lines(self) -> tuple[Index, Index, Array, Array]:
        """Slot unit, month, intercept and slope of every line above the production rule."""
        u, sigma = self.u, self.elasticity
        weight = self.a.slots.weight[u.slot, 0]
        drawn = np.isin(np.arange(u.slot.size), self.drawn)[:, None]
        s, t = (k.astype(np.int64) for k in np.nonzero(np.isnan(sigma) & drawn))
        lines = [(s, t, 1.0 - weight[s], weight[s])]
        s, t = (k.astype(np.int64) for k in np.nonzero(~np.isnan(sigma) & drawn))
        if s.size:
            rule = np.stack([sigma[s, t], self.a.slots.cost_share[u.slot[s]]], axis=1)
            kinds, which = np.unique(rule, axis=0, return_inverse=True)
            tangents = np.array([elastic_tangents(*kind) for kind in kinds.tolist()])
            for k in range(tangents.shape[1]):
                intercept, slope = tangents[which.ravel(), k].T
                lines.append((s, t, intercept, slope))
        rows, months, intercepts, slopes = zip(*lines, strict=True)
        return (
            np.concatenate(rows),
            np.concatenate(months),
            np.concatenate(intercepts),
            np.concatenate(slopes),
        )

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

    def _supply(self) -> None:
        """Shipped + kept <= kept before + made, per supplying node, in months of its output."""
        kept, row, u = self.at("kept"), self._grid(self.sellers.size), self.u
        made = np.flatnonzero(np.isin(u.node, self.sellers))
        own = row[np.searchsorted(self.sellers, u.node[made])]
        sold = row[np.searchsorted(self.sellers, self.a.flows.supplier[u.flow])]
        new = row[np.searchsorted(self.sellers, self.a.openings.supplier[u.opening])]
        home = row[np.searchsorted(self.sellers, u.node[self.delivering])]
        self.add(
            "supply", np.zeros(row.shape),
            (row, kept, 1.0),
            (row[:, 1:], kept[:, :-1], -1.0),
            (own, self.at("output")[made], -u.size[made, None]),
            (sold, self.at("flow"), self.flow_weight[:, None]),
            (new, self.at("opening"), self.opening_weight[:, None]),
            (home, self.at("delivered"), self._own_share()[:, None]),
        )  # fmt: skip

    def _cumulative_output(self) -> None:
        """Final nodes deliver late, never in advance: cumulative output <= months so far."""
        row, total = self._grid(self.final.size), self.at("sum")
        self.add(
            "cumulative",
            np.zeros(row.shape),
            (row, self.at("output")[self.final], 1.0),
            (row[:, 1:], total[:, :-1], 1.0),
            (row, total, -1.0),
        )

    def _recipes(self) -> None:
        """What alternative technologies make is part of the output."""
        owner, mine = np.unique(self.u.recipe_unit, return_inverse=True)
        row = self._grid(owner.size)
        self.add(
            "recipe",
            np.zeros(row.shape),
            (row[mine], self.at("recipe"), 1.0),
            (row, self.at("output")[owner], -1.0),
        )

    def _hosts(self) -> None:
        """The main technology of a by-product makes at most what its host allows."""
        nodes, u = self.a.nodes, self.u
        node = np.unique(u.node[nodes.host[u.node] >= 0])
        row, output = self._grid(node.size), self.at("output")
        terms: list[Term] = []
        for k, n in enumerate(node.tolist()):
            for unit in np.flatnonzero(u.node == n).tolist():
                terms.append((row[k], output[unit], u.size[unit]))
                for r in np.flatnonzero(u.recipe_unit == unit).tolist():
                    terms.append((row[k], self.at("recipe")[r], -u.size[unit]))
            for unit in np.flatnonzero(u.node == nodes.host[n]).tolist():
                terms.append((row[k], output[unit], -nodes.host_ratio[n] * u.size[unit]))
        self.add("host", np.zeros(row.shape), *terms)

    # Sources and own customers ----------------------------------------------------------------------

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

    def _sources(self) -> None:
        """Releases within each month's rate, allies within their share of it, all in the stock.

        Rows are scaled to months of the largest need served.
        """
        place = self.at("release")
        for g, source in enumerate(self.a.sources):
            served = np.flatnonzero(self.release_source == g)
            if not served.size:
                continue
            scale = self.source_scale[g] = float(self.release_part[served].max())
            rate = source.release[:, 0] / scale
            limits = [("rate", served, rate)]
            for turn, (_, share) in enumerate(source.shared, start=1):
                mine = served[self.release_turn[served] == turn]
                if mine.size:
                    limits.append((f"ally {turn}", mine, share * rate))
            month = np.arange(self.months)
            for name, mine, most in limits:
                row = np.broadcast_to(month, (mine.size, self.months))
                part = self.release_part[mine, None] / scale
                self.add(f"{name} {g}", most, (row, place[mine], part))
            if np.isfinite(source.amount):
                row = np.zeros((served.size, self.months), dtype=np.int64)
                part = self.release_part[served, None] / scale
                self.add(
                    f"amount {g}", np.array([source.amount / scale]), (row, place[served], part)
                )

    def _delivering(self) -> Index:
        """Units of targets whose own customers have another turn than its flows."""
        flows, rank = self.a.flows, self.a.nodes.rank
        apart = np.union1d(
            flows.supplier[flows.rank != rank[flows.supplier]],
            np.flatnonzero(self.a.nodes.counted < 1),
        )
        return np.flatnonzero(np.isin(self.u.node, np.intersect1d(apart, self.targets)))

    def _own_share(self) -> Array:
        """Share of a node's baseline output that its own customers get, of each such unit."""
        flows, node = self.a.flows, self.u.node[self.delivering]
        weight = flows.quantity / self.a.nodes.base[flows.supplier]
        sold = np.bincount(flows.supplier, weight, self.a.nodes.base.size)[node]
        own = np.maximum(1.0 - sold, 0.0) * self.a.nodes.counted[node]
        return own * self.u.size[self.delivering]

    def _deliveries(self) -> None:
        """Own customers get more than usual only where output is: d <= 1 + (c - 1) / c y.

        In the cases d = y above the baseline and at most 1 below it; the line lies above both.
        """
        most = float(self.a.limits.catch_up[0])
        row = self._grid(self.delivering.size)
        self.add(
            "delivered",
            np.ones(row.shape),
            (row, self.at("delivered"), 1.0),
            (row, self.at("output")[self.delivering], -(most - 1.0) / most),
        )

    def _held(self) -> None:
        """What is held of a stock is no more than the stock."""
        row = self._grid(self.counts["held"])
        stock = self.at("stock")[: row.shape[0]]
        self.add("held", np.zeros(row.shape), (row, self.at("held"), 1.0), (row, stock, -1.0))

    # Bounds, cost and answers -----------------------------------------------------------------------

    def high(self) -> Array:
        """Upper bound of every variable; where no rule gives one, what its rows imply."""
        high = np.empty(self.size)
        tables = {
            "output": self.capacity,
            "recipe": self._ramp(),
            "flow": self.flow_top,
            "opening": self.opening_top,
            "kept": np.full((self.sellers.size, self.months), self.a.limits.queue_cap[0]),
            "release": self._release_top(),
            "sum": np.tile(np.arange(1.0, self.months + 1), (self.final.size, 1)),
            "delivered": np.full((self.delivering.size, self.months), self.a.limits.catch_up[0]),
        }
        if self.counts["held"]:
            tables["held"] = np.repeat(self.cover[:, None], self.months, axis=1)
        for name, table in tables.items():
            high[self.at(name)] = table
        most = self.most_arrivals(self.flow_top, self.opening_top)
        np.add.at(most, self.release_slot, tables["release"])
        have = self.cover[:, None] + np.cumsum(most, axis=1)
        high[self.at("stock")], high[self.at("used")] = have, have[self.drawn]
        return high

    def _ramp(self) -> Array:
        """Most of each alternative technology, (recipes, T)."""
        months = [self.a.ramp(t, self.u.recipe)[:, 0] for t in range(self.months)]
        return np.stack(months, axis=1)

    def _release_top(self) -> Array:
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

    def cost(self, value: Array, months: slice = slice(None)) -> Array:
        """Minus the value of what the targets deliver, scaled so that the largest weight is 1."""
        worth = np.zeros(self.a.nodes.base.size)
        worth[self.targets] = value / value.max()
        cost = np.zeros(self.size)
        weight = -worth[self.u.node] * self.u.size
        cost[self._answer()[:, months]] = weight[:, None]
        return cost

    def _answer(self) -> Index:
        """The variables whose value counts, (units, T): output, or what own customers get."""
        place = self.at("output").copy()
        place[self.delivering] = self.at("delivered")
        return place

    def target_output(self, x: Array) -> Array:
        """What the targets deliver, (T, targets, K)."""
        place = self._answer()
        found = [x[place[self.u.node == n]] for n in self.targets.tolist()]
        return np.stack(found).transpose(2, 0, 1)


_ROUNDING = 1e-12
