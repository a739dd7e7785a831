"""Fill the arrays of one run, lane by lane: where a pack's figures stand inside their ranges.

Each method fills one value of `supplychain.model.arrays` from rows of the pack;
`supplychain.compiled` decides which nodes, slots and flows there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.coverage import Resolved
from supplychain.draws import Draws, Input, constant, normal_scores, place
from supplychain.model.arrays import (
    Flows,
    Limits,
    Nodes,
    Openings,
    Slots,
)
from supplychain.network.values import Commodity, Flow, Network, Node, Slot
from supplychain.regimes import Ceilings
from supplychain.serving import Serving
from supplychain.tables import Row
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]

_Z90 = 1.2815515655446004
_SOON = 0.1
"""Months: nothing takes less time."""
_CLASS_ORDER = ("essentiality_low", "essentiality", "essentiality_high")


@dataclass(frozen=True)
class LaneBuilder:
    """Fills the arrays of one run; holds no result of its own.

    Attributes:
        network, resolved, draws: what the run is about.
        downstream: commodities that a restriction can make short.
        ceilings: what measures leave of the flows and openings of the run.
    """

    network: Network
    resolved: Resolved
    draws: Draws
    downstream: frozenset[Commodity]
    ceilings: Ceilings

    @cached_property
    def serving(self) -> Serving:
        """Whom suppliers serve first."""
        return Serving(self.network, self.resolved.scenario.priorities)

    @cached_property
    def bins(self) -> int:
        """Plants per node."""
        return int(self.network.parameters.value("cover_bins"))

    @cached_property
    def first_month(self) -> int:
        """Month in which the first restriction starts: all but buying ahead begins then."""
        first = (m.first_month for m in self.resolved.measures)
        return min(first, default=self.resolved.months)

    @cached_property
    def rank(self) -> Mapping[Commodity, int]:
        """Place of each commodity from upstream to downstream."""
        return {commodity: i for i, commodity in enumerate(self.network.order)}

    def parameter(
        self, name: str, *scopes: str, floor: float = 0.0, ceiling: float = np.inf
    ) -> Array:
        """A model constant in every lane."""
        parameters = self.network.parameters
        return constant(self.draws, parameters, name, *scopes, floor=floor, ceiling=ceiling)

    def nodes(self, chosen: Sequence[int], node_at: Mapping[int, int]) -> Nodes:
        """Nodes, with capacities in every lane."""
        level, capacity = np.ones(len(chosen)), np.ones((len(chosen), self.draws.lanes))
        host = np.full(len(chosen), -1, dtype=np.int64)
        ratio = np.ones(len(chosen))
        for k, i in enumerate(chosen):
            node = self.network.nodes[i]
            if node.planned:
                level[k] = capacity[k] = 0.0
            elif node.kind == "producer":
                capacity[k] = self._capacity(node)
            if i in self.network.hosts and self.network.hosts[i][0] in node_at:
                host[k] = node_at[self.network.hosts[i][0]]
                ratio[k] = self.network.hosts[i][1]
        base = np.array([self.network.nodes[i].output for i in chosen]) / MONTHS_PER_YEAR
        final = np.array(
            [self.network.nodes[i].kind in {"industry", "other"} for i in chosen], dtype=bool
        )
        turn, exports = self.serving.own_turns(chosen), self.serving.exports_of(chosen)
        return Nodes(base, level, capacity, final, host, ratio, turn, *exports)

    def _capacity(self, node: Node) -> Array:
        """Capacity over output: the row's own, else the pack's spare for the product or stage.

        A stated capacity is no better known than its row: it moves by the spread of the row's grade
        (`build_spread`), where the pack gives one.
        """
        row = node.rows[0] if node.rows else None
        if row is not None and row["capacity"]:
            ratio = node.capacity_ratio
            spread = self.network.parameters.optional("build_spread", str(row["evidence"])) or 0.0
            ends = ratio * (1.0 - min(spread, 1.0)), ratio * (1.0 + spread)
            return place(self.draws, Input(row, "capacity", ratio, *ends), floor=1.0)
        stage = str(self.network.products[node.product]["stage"])
        return self.parameter("capacity_spare", node.product, stage, floor=1.0)

    def slots(self, chosen: Sequence[int], node_at: Mapping[int, int]) -> Slots:
        """Slots: needs, production rule, covers of every bin, substitution."""
        lanes, count = self.draws.lanes, len(chosen)
        weight, elasticity = np.ones((count, lanes)), np.full((count, lanes), np.nan)
        long = elasticity.copy()
        cost, cover = np.ones(count), np.zeros((count, lanes, self.bins))
        rate, most, start = np.zeros((count, lanes)), np.zeros(count), np.zeros(count)
        rows = substitutes(self.network)
        replaced = _replaced(self.network)
        for k, q in enumerate(chosen):
            slot = self.network.slots[q]
            if slot.recipe is not None:
                weight[k], elasticity[k], cost[k] = self._rule(slot.recipe)
                long[k] = self._long(slot.recipe, elasticity[k])
            if slot.stock is not None:
                cover[k] = self._cover(slot.stock)
            row = substitute_row(self.network, slot, rows)
            if row is not None and q not in replaced:
                rate[k] = place(
                    self.draws, Input.of(row, "substitution", "share_per_year"), 0.0, 1.0
                )
                most[k] = float(row["maximum"])
                start[k] = self.first_month + float(row["start_month"])
        if self.ceilings.announced:
            cover += self.ceilings.bought_ahead(chosen)[:, :, None]
        need = np.array([self.network.slots[q].need for q in chosen]) / MONTHS_PER_YEAR
        node = np.array([node_at[self.network.slots[q].node] for q in chosen], dtype=np.int64)
        main = np.array([self.network.slots[q].is_main for q in chosen], dtype=bool)
        level = np.array([self._level(self.network.slots[q]) for q in chosen])
        return Slots(
            node, need, level, main, weight, elasticity, long, cost, cover, rate, most, start
        )

    def _level(self, slot: Slot) -> float:
        """Baseline arrivals: none where nothing is bought yet."""
        return 0.0 if not slot.is_main or self.network.nodes[slot.node].planned else 1.0

    def _rule(self, recipe: Row) -> tuple[Array, Array, float]:
        """Class weight, elasticity (NaN where a class is given) and cost share of one input."""
        lanes = self.draws.lanes
        if recipe["elasticity"] is not None:
            figure = Input.of(
                recipe, "elasticity", "elasticity", "elasticity_low", "elasticity_high"
            )
            return np.ones(lanes), place(self.draws, figure), float(recipe["cost_share"])
        low, mid, high = (
            self.network.parameters.value(
                "essentiality_weight", str(recipe[c] or recipe["essentiality"])
            )
            for c in _CLASS_ORDER
        )
        weight = place(self.draws, Input(recipe, "essentiality", mid, low, high), 0.0, 1.0)
        return weight, np.full(lanes, np.nan), 1.0

    def _long(self, recipe: Row, short: Array) -> Array:
        """Elasticity once users had time, never below that at the start."""
        if recipe["elasticity"] is None:
            return short
        return np.maximum(self.parameter("elasticity_long", str(recipe["output"])), short)

    def _cover(self, stock: Row) -> Array:
        """Cover in months of every lane and bin: quantiles of a lognormal over plants.

        ``median * exp(z_k s)``, z_k the normal score of the middle of bin k, s from the row's 10
        and 90 % plants (the wider side).
        """
        days = place(
            self.draws, Input.of(stock, "cover", "cover_days", "median_low", "median_high")
        )
        centre, low, high = (float(stock[c]) for c in ("cover_days", "low", "high"))
        spread = 0.0
        if centre > 0:
            spread = max(np.log(high / centre), np.log(centre / low) if low > 0 else 0.0) / _Z90
        month = self.network.parameters.value("days_per_month")
        return days[:, None] * np.exp(spread * self._plants)[None, :] / month

    @cached_property
    def _plants(self) -> Array:
        """Normal score of the middle of every bin of plants."""
        return normal_scores((np.arange(self.bins) + 0.5) / self.bins)

    def flows(
        self, chosen: Sequence[int], node_at: Mapping[int, int], slot_at: Mapping[int, int]
    ) -> Flows:
        """Baseline flows and their ceilings."""
        flows = [self.network.flows[e] for e in chosen]
        links = [(f.supplier, f.slot) for f in flows]
        pairs = [(self.network.nodes[i], self.network.slots[q]) for i, q in links]
        supplier = np.array([node_at[f.supplier] for f in flows], dtype=np.int64)
        slot = np.array([slot_at[f.slot] for f in flows], dtype=np.int64)
        quantity = np.array([f.quantity for f in flows]) / MONTHS_PER_YEAR
        lag = np.array([self._lag(n, s) for n, s in pairs], dtype=np.int64)
        turn = self.serving.turns(pairs)
        return Flows(
            supplier, slot, self._shares(flows, slot), quantity, lag, self.ceilings.of(links), turn
        )

    def _shares(self, flows: Sequence[Flow], slot: npt.NDArray[np.int64]) -> Array:
        """Share of each flow in its slot's need, in every lane.

        Where a lane moves a stated share, the other suppliers of the slot make room in proportion.
        """
        count = int(slot.max(initial=-1)) + 1
        base = np.array([f.quantity for f in flows])[:, None] * np.ones(self.draws.lanes)
        total = np.zeros((count, self.draws.lanes))
        np.add.at(total, slot, base)
        share = base / total[slot] if flows else base
        moved = np.ones_like(share)
        for k, flow in enumerate(flows):
            if flow.row is not None and flow.row["share"]:
                value = float(flow.row["share"])
                moved[k] = place(self.draws, Input.of(flow.row, "share", "share"), 0.0, 1.0) / value
        if (moved == 1.0).all():
            return share
        stated = np.minimum(share * moved, 1.0) * (moved != 1.0)
        fixed, free = np.zeros_like(total), np.zeros_like(total)
        np.add.at(fixed, slot, stated)
        np.add.at(free, slot, share * (moved == 1.0))
        scale = np.divide(
            np.maximum(1.0 - fixed, 0.0), free, out=np.ones_like(free), where=free > 0
        )
        drawn = np.where(moved != 1.0, stated, share * scale[slot])
        # Where nobody is left to make room (or too much is stated) all give way in proportion;
        # where a lane leaves a slot no supplier at all, its shares stay as they were.
        whole = np.zeros_like(total)
        np.add.at(whole, slot, drawn)
        found = np.divide(drawn, whole[slot], out=share, where=whole[slot] > 0)
        return np.asarray(found, dtype=np.float64)

    def _lag(self, supplier: Node, slot: Slot) -> int:
        """Transit in whole months; inside a loop of recipes at least one month."""
        user = self.network.nodes[slot.node]
        months = self._transit(supplier.country, user.country)
        backward = (
            user.kind != "other" and self.rank[supplier.commodity] >= self.rank[user.commodity]
        )
        return max(months, 1) if backward else months

    def _transit(self, supplier: str, user: str) -> int:
        """Whole months between two countries, looked up once."""
        if (supplier, user) not in self._transits:
            row = self.network.parameters.row("transit_lag_months", f"{supplier}>{user}")
            self._transits[supplier, user] = round(float(row["value"]))
        return self._transits[supplier, user]

    @cached_property
    def _transits(self) -> dict[tuple[str, str], int]:
        """What was looked up."""
        return {}

    def openings(
        self,
        pairs: Sequence[tuple[int, int]],
        node_at: Mapping[int, int],
        slot_at: Mapping[int, int],
        flow_at: Mapping[tuple[int, int], int],
    ) -> Openings:
        """Openings: when they open, whether a measure covers them, and the flow of a known pair."""
        ends = [(self.network.nodes[i], self.network.slots[q]) for i, q in pairs]
        supplier = np.array([node_at[i] for i, _ in pairs], dtype=np.int64)
        slot = np.array([slot_at[q] for _, q in pairs], dtype=np.int64)
        lag = np.array([self._lag(n, s) for n, s in ends], dtype=np.int64)
        opens = np.zeros((len(pairs), self.draws.lanes))
        wait: dict[str, Array] = {}
        for k, (node, _) in enumerate(ends):
            if node.product not in wait:
                wait[node.product] = self._wait(node.product)
            opens[k] = self.first_month + wait[node.product]
        turn = self.serving.turns(ends)
        flow = np.array([flow_at.get(pair, -1) for pair in pairs], dtype=np.int64)
        return Openings(supplier, slot, lag, opens, self.ceilings.of(pairs), turn, flow)

    def _wait(self, product: str) -> Array:
        """Whole months until a new supplier of a product is qualified."""
        stage = str(self.network.products[product]["stage"])
        return np.round(self.parameter("qualification_lag_months", product, stage))

    def limits(self) -> Limits:
        """Behavioural constants of every lane. Where nothing is restricted, nobody hoards."""
        measured, one = bool(self.resolved.measures), np.ones(self.draws.lanes)
        restock = self.parameter("restock_months")
        return Limits(
            catch_up=self.parameter("catch_up_capacity", floor=1.0),
            access=self.parameter("access_ceiling", floor=1.0),
            new_share=self.parameter("new_supplier_share", ceiling=1.0),
            queue_cap=self.parameter("queue_cap_months"),
            restock=np.where(restock > 0, restock, np.inf),  # 0 is never
            hoard=self.parameter("hoarding", floor=1.0) if measured else one,
            elasticity_time=self.parameter("elasticity_time_months", floor=_SOON),
            spot_rounds=int(self.network.parameters.value("spot_rounds")),
            start=self.first_month,
        )


Substitutes = Mapping[tuple[str, str], Row]
"""Rows of ``substitutes.csv`` by product and user."""


def substitutes(network: Network) -> Substitutes:
    """All rows of ``substitutes.csv``."""
    return {(str(r["product"]), str(r["user"])): r for r in network.tables.rows("substitutes")}


def _replaced(network: Network) -> frozenset[int]:
    """Slots whose substitute is an alternative recipe of their node: it must not count twice."""
    saved = {t.node: set(t.row["replaces"]) for t in network.technologies}
    return frozenset(
        q for q, slot in enumerate(network.slots) if slot.commodity[0] in saved.get(slot.node, ())
    )


def substitute_row(network: Network, slot: Slot, rows: Substitutes) -> Row | None:
    """The row for an input and its user, own user before ``*``."""
    if slot.recipe is None:
        return None
    user = network.nodes[slot.node].product
    return rows.get((slot.commodity[0], user)) or rows.get((slot.commodity[0], EVERYONE))
