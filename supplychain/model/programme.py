"""The planner's linear programme: variables, rows and bounds, month by month."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from supplychain.model.allowed import Allowed, Tops
from supplychain.model.arrays import Arrays
from supplychain.model.production import elastic_tangents
from supplychain.model.subgraph import Units

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Term = tuple[Index, Index, Array | float]
"""Rows, variables and coefficients of some entries."""

_NOBODY = 1e-9
"""A share of output below this is rounding."""


@dataclass(frozen=True)
class Linear:
    """Minimise ``cost x`` under ``matrix x <= right`` and ``low <= x <= high``, both finite."""

    cost: Array
    matrix: sparse.csr_array
    right: Array
    low: Array
    high: Array


class Programme(Allowed):
    """Variables, rows and bounds of one programme. Every variable family is (member, month).

    What each month allows stands in the tables of `Allowed`.
    """

    def __init__(
        self, arrays: Arrays, units: Units, targets: Index, *, holds: bool = False
    ) -> None:
        """Give every variable its place; there are no rows yet.

        With `holds` there is a variable for each stock as far as it is no more than at the start.
        """
        super().__init__(arrays, units, targets)
        ends = (
            arrays.flows.supplier[units.flow],
            arrays.openings.supplier[units.opening],
            units.node[self.delivering],
        )
        self.sellers = np.unique(np.concatenate(ends))
        self.final = np.flatnonzero(
            arrays.nodes.final[units.node] & (self.capacity.max(axis=1, initial=0.0) > 1.0)
        )
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
        place, terms = self.at(name), list[Term]()
        share = np.broadcast_to(share, lag.shape)
        for months in np.unique(lag[lag < self.months]).tolist():
            mine = np.flatnonzero(lag == months)
            left = place[mine, : self.months - months]
            terms.append((row[mine, months:], left, -share[mine, None]))
        return terms

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
            most = np.maximum(self.capacity.max(axis=1), 1.0)[u.slot_unit[s]]
            rule = np.stack([sigma[s, t], self.a.slots.cost_share[u.slot[s]], most], axis=1)
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
            (home, self.at("delivered"), self.own_share[:, None]),
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
            own, hosts = np.flatnonzero(u.node == n), np.flatnonzero(u.node == nodes.host[n])
            others = np.flatnonzero(np.isin(u.recipe_unit, own))
            for place, part in (
                (output[own], u.size[own]),
                (self.at("recipe")[others], -u.size[u.recipe_unit[others]]),
                (output[hosts], -nodes.host_ratio[n] * u.size[hosts]),
            ):
                terms.append((np.broadcast_to(row[k], place.shape), place, part[:, None]))
        self.add("host", np.zeros(row.shape), *terms)

    # Sources and own customers --------------------------------------------------------------------

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

    def _deliveries(self) -> None:
        """Own customers get what goods at hand allow: own d <= (1 - w) + w (S + z + kappa).

        The cases share out what can be made before they take back goods that may not leave, so d
        may be above the output; own is 1 where nobody is outside the network. Slots with a class,
        of plants without other recipes.
        """
        u, q = self.u, self.u.slot
        simple = self.a.slots.main[q] & np.isnan(self.elasticity).all(axis=1)
        simple &= np.isin(u.slot_unit, self.delivering) & ~np.isin(u.slot_unit, u.recipe_unit)
        mine = np.flatnonzero(simple)
        own = np.searchsorted(self.delivering, u.slot_unit[mine])
        weight = self.a.slots.weight[q[mine], 0][:, None]
        node = u.node[self.delivering]
        share = np.where(self.outside[node] < _NOBODY, 1.0, self.outside[node])
        share = share * self.a.nodes.counted[node]
        row, drawn = self._grid(mine.size), np.isin(mine, self.drawn)
        self.add(
            "delivered", 1.0 - weight + weight * self.help[mine],
            (row, self.at("delivered")[own], share[own][:, None]),
            (row, self.at("stock")[mine], -weight),
            (row[~drawn], self.at("output")[u.slot_unit[mine[~drawn]]], -weight[~drawn]),
            (row[drawn], self.at("used")[np.searchsorted(self.drawn, mine[drawn])], -weight[drawn]),
        )  # fmt: skip

    def _held(self) -> None:
        """What is held of a stock is no more than the stock."""
        row = self._grid(self.counts["held"])
        stock = self.at("stock")[: row.shape[0]]
        self.add("held", np.zeros(row.shape), (row, self.at("held"), 1.0), (row, stock, -1.0))

    # Bounds, cost and answers ---------------------------------------------------------------------

    def high(self, most: Tops | None = None) -> Array:
        """Upper bound of every variable; where no rule gives one, what its rows imply.

        Args:
            most: flows and openings of the mildest of several programmes, if this is one of them.
        """
        high = np.empty(self.size)
        tables = {
            "output": self.capacity,
            "recipe": self.ramp(),
            "flow": self.flow_top,
            "opening": self.opening_top,
            "kept": np.full((self.sellers.size, self.months), self.a.limits.queue_cap[0]),
            "release": self.release_top(),
            "sum": np.tile(np.arange(1.0, self.months + 1), (self.final.size, 1)),
            "delivered": np.full((self.delivering.size, self.months), self.a.limits.catch_up[0]),
        }
        if self.counts["held"]:
            tables["held"] = np.repeat(self.cover[:, None], self.months, axis=1)
        for name, table in tables.items():
            high[self.at(name)] = table
        come = self.most_arrivals(*(most or self.tops))
        np.add.at(come, self.release_slot, tables["release"])
        have = self.cover[:, None] + np.cumsum(come, axis=1)
        high[self.at("stock")], high[self.at("used")] = have, have[self.drawn]
        return high

    def own(self, high: Array) -> Array:
        """The bounds of another programme of its family with its own ceilings."""
        high = high.copy()
        high[self.at("flow")], high[self.at("opening")] = self.tops
        return high

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

    def target_output(self, x: Array, cost: Array | None = None) -> Array:
        """What the targets deliver, (T, targets, K).

        Over the horizon and all targets no more than the baseline, weighted by a cost: who gets
        more than that (own customers, when others are refused) does not gain from a restriction.
        """
        place = self._answer()
        found = [x[place[self.u.node == n]] for n in self.targets.tolist()]
        output = np.stack(found).transpose(2, 0, 1)
        if cost is None or not self.delivering.size:
            return output
        return output * min(1.0, float(cost.sum()) / min(float(cost @ x), -_NOBODY))
