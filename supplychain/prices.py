"""Prices of one run: its shortages, joined with the pack's markets and the costs of its sectors.

Reads a run that is finished and changes nothing in it; see `supplychain.model.prices` for the
closure and `supplychain.priced` for what a price says and does not say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.compiled import reach
from supplychain.draws import Central, Draws, Input, Sample, place
from supplychain.errors import DataError, Fault
from supplychain.measures import market_row
from supplychain.model.prices import REGIMES, Clearing, clear_by_price, export_value, peak_price
from supplychain.network import Network
from supplychain.network.values import Commodity
from supplychain.priced import Band, ExportValue, MarketPrice, Prices
from supplychain.run import Run
from supplychain.sectors import Sector, segment_losses, shares
from supplychain.tables import Row, ref
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]

_VISIBLE = 1e-9  # a smaller shortage is rounding
_USD_PER_MUSD = 1e6
_Levels = tuple[float, float]


@dataclass(frozen=True)
class Shortage:
    """What is missing of one product outside the restricting countries.

    Attributes:
        monthly: share of baseline use that neither arrives nor is in stock, (T,).
        spare: what suppliers could still add over the horizon, over what they ship.
    """

    monthly: Array
    spare: float

    @property
    def mean(self) -> float:
        """Share of the horizon's use that is missing; exactly 0 where that is rounding."""
        found = float(self.monthly.mean())
        return min(found, 1.0) if found > _VISIBLE else 0.0


def price_run(network: Network, run: Run, seed: int, rung: str = "") -> Prices:
    """Prices of every product that is restricted or runs short, and the export values they move.

    The run's volume losses are read, never changed.

    Args:
        network: of the run.
        run: central values; its `adaptive` case is priced.
        seed: of the sample behind the bands.
        rung: of a ladder, to be named in the answer.

    Raises:
        DataError: the pack has no market for a product; the error names the row to add.
    """
    layer = _Layer(network, run)
    parameters = network.parameters
    levels = parameters.value("band_low_quantile"), parameters.value("band_high_quantile")
    sample = Sample(int(parameters.value("band_draws")), seed)
    exports = _exports(run, layer.actors, layer.rises(Central()), layer.rises(sample), levels)
    priced = [c for c in layer.shortages if layer.usd(c) is not None]
    return Prices(
        rung,
        tuple(_market_price(layer, c, sample, levels) for c in layer.shortages),
        exports,
        tuple(c for c, s in layer.shortages.items() if c not in priced and s.mean > 0),
    )


@dataclass(frozen=True)
class _Layer:
    """A run and the tables its prices are joined with."""

    network: Network
    run: Run

    @cached_property
    def actors(self) -> frozenset[str]:
        """Countries that restrict: what happens inside them is not priced."""
        return frozenset(m.restriction.actor for m in self.run.resolved.measures)

    @cached_property
    def downstream(self) -> tuple[Commodity, ...]:
        """Everything that the restriction reaches, upstream first."""
        reached = reach(self.network, self.run.resolved.measures).downstream
        return tuple(c for c in self.network.order if c in reached)

    @cached_property
    def shortages(self) -> Mapping[str, Shortage]:
        """Shortage of every product (not industry) that is restricted or runs short."""
        restricted = {p for m in self.run.resolved.measures for p in m.products}
        found = {}
        for product, segment in self.downstream:
            if segment or self.network.products[product]["stage"] == "industry":
                continue
            short = shortage(self.network, self.run, product, self.actors)
            if short is not None and (short.mean > 0 or product in restricted):
                found[product] = short
        return found

    @cached_property
    def recipes(self) -> Mapping[Commodity, tuple[Row, ...]]:
        """The inputs that every product and slice is made from in the baseline."""
        found: dict[Commodity, tuple[Row, ...]] = {}
        for row in self.network.tables.baseline_recipes():
            if row["relation"] == "input":
                made = (str(row["output"]), str(row["segment"] or ""))
                found[made] = (*found.get(made, ()), row)
        return found

    def market(self, product: str) -> Row:
        """The market of a product; see `market_row`.

        Raises:
            DataError: the pack has none; the error names the row to add.
        """
        row = market_row(self.network, product)
        if row is None:
            stage = str(self.network.products[product]["stage"])
            wanted = f"a row for {product}, {stage} or {EVERYONE}"
            mend = "prices need one; without --prices the losses do not"
            raise DataError(
                (Fault("markets.csv", None, "product", product, "is missing", wanted, mend),)
            )
        return row

    def usd(self, product: str) -> float | None:
        """Baseline price in USD per unit; None where the pack has none."""
        price = self.network.products[product]["price_usd_per_unit"]
        return None if price is None else float(price)

    def clearing(self, product: str, draws: Draws) -> Clearing:
        """The cleared market of a product in every lane."""
        row, short = self.market(product), self.shortages[product]
        return clear_by_price(
            short.mean,
            _drawn(row, "demand_elasticity", draws, -np.inf, 0.0),
            _drawn(row, "supply_elasticity", draws, 0.0),
            short.spare,
            _drawn(row, "choke_price_ratio", draws, 1.0),
        )

    def rises(self, draws: Draws) -> Mapping[Commodity, Array]:
        """Rise of every reached commodity's price, (L,), USD per unit.

        A market that is short sets its own price, another passes on what its inputs cost more::

            rise_c = max(usd_c * (p_c - 1), sum_i pass_through_i * amount_ic * rise_i)

        A loop of recipes is followed once.
        """
        found: dict[Commodity, Array] = {}
        for commodity in self.downstream:
            rise = np.zeros(draws.lanes)
            for row in self.recipes.get(commodity, ()):
                used = (str(row["input"]), str(row["input_segment"] or ""))
                if used in found:
                    passed = _drawn(self.market(used[0]), "pass_through", draws, 0.0, 1.0)
                    rise = rise + passed * float(row["amount"]) * found[used]
            usd = self.usd(commodity[0])
            if commodity[0] in self.shortages and usd is not None:
                rise = np.maximum(rise, usd * (self.clearing(commodity[0], draws).price - 1.0))
            found[commodity] = rise
        return found


def shortage(network: Network, run: Run, product: str, actors: frozenset[str]) -> Shortage | None:
    """What is missing of a product to users outside some countries; None where it has no users.

    Users are those that buy it in the baseline: no plant yet to be built, no other technology.
    Per plant and month ``max(0, 1 - stock - arrivals)`` of its need, weighted by need; the spare is
    what plants outside could have made beyond what they made, over what reached the users. What was
    rerouted, released or made more in the run has arrived already.
    """
    arrays, outcome = run.compiled.arrays, run.outcomes["adaptive"]
    nodes, slots = network.nodes, network.slots
    users = [
        k
        for k, q in enumerate(run.compiled.slots)
        if slots[q].commodity == (product, "")
        and nodes[slots[q].node].country not in actors
        and arrays.slots.level[k] > 0  # nothing can be missing where nothing is bought
    ]
    if not users:
        return None
    before = np.concatenate([arrays.slots.cover[None, users], outcome.stock[:-1, users]])
    missing = np.maximum(1.0 - before - outcome.arrivals[:, users], 0.0)[:, :, 0].mean(axis=2)
    need = arrays.slots.need[users]
    monthly = np.minimum(missing @ (need / need.sum()), 1.0)
    makers = [
        k
        for k, i in enumerate(run.compiled.nodes)
        if nodes[i].commodity == (product, "")
        and nodes[i].kind == "producer"
        and nodes[i].country not in actors
    ]
    idle = sum(float(arrays.nodes.base[k] * _idle(run, k).mean()) for k in makers)
    received = float((1.0 - monthly).mean() * need.sum())
    return Shortage(monthly, idle / received if received > 0 else 0.0)


def _idle(run: Run, node: int) -> Array:
    """Output that a node's capacity, main inputs and host would still have allowed, (T, K).

    Over its base; the capacity is each month's, new capacity counts from the month it comes on.
    """
    arrays, outcome = run.compiled.arrays, run.outcomes["adaptive"]
    inputs = np.flatnonzero((arrays.slots.node == node) & arrays.slots.main)
    place = np.array([node])
    capacity = np.stack([arrays.capacity(t, place)[0, :1] for t in range(arrays.months)])
    most = np.minimum(
        capacity,
        outcome.allowed[:, inputs, 0].min(axis=1, initial=np.inf),
    )
    host = int(arrays.nodes.host[node])
    if host >= 0:
        most = np.minimum(most, arrays.nodes.host_ratio[node] * outcome.output[:, host, 0])
    return np.asarray(np.maximum(most - outcome.output[:, node, 0], 0.0))


def _drawn(row: Row, column: str, draws: Draws, floor: float, ceiling: float = np.inf) -> Array:
    """A figure of a market in every lane."""
    value, low, high = (float(row[column + end]) for end in ("", "_low", "_high"))
    return place(draws, Input(row, column, value, low, high), floor, ceiling)


def _market_price(layer: _Layer, product: str, sample: Sample, levels: _Levels) -> MarketPrice:
    """Everything there is to say about one market."""
    row, short = layer.market(product), layer.shortages[product]
    central, spread = layer.clearing(product, Central()), layer.clearing(product, sample)
    peak = peak_price(central.price, _drawn(row, "overshoot", Central(), 1.0))
    peaks = peak_price(spread.price, _drawn(row, "overshoot", sample, 1.0))
    return MarketPrice(
        product,
        short.mean,
        tuple(short.monthly.tolist()),
        short.spare,
        float(central.price[0]),
        _band(spread.price, levels),
        float(peak[0]),
        _band(peaks, levels),
        REGIMES[int(central.regime[0])],
        1.0 - float(central.quantity[0]),
        str(row["evidence"]),
        ref(row),
    )


def _exports(
    run: Run,
    actors: frozenset[str],
    central: Mapping[Commodity, Array],
    spread: Mapping[Commodity, Array],
    levels: _Levels,
) -> tuple[ExportValue, ...]:
    """Volume and price line of every reached sector outside the restricting countries."""
    found = []
    for sector in run.sectors:
        if sector.nodes and sector.country not in actors:
            price = float(_price_line(run, sector, central)[0])
            band = _band(_price_line(run, sector, spread), levels)
            exports = sector.exports_usd * run.resolved.months / MONTHS_PER_YEAR
            volume = 0.0 - run.loss(sector, "adaptive")
            found.append(ExportValue(sector.country, sector.sector, exports, volume, price, band))
    return tuple(found)


def _price_line(run: Run, sector: Sector, rises: Mapping[Commodity, Array]) -> Array:
    """Change of the sector's exports by price, (L,): its slices' price lines by their shares."""
    lost = segment_losses(sector, run.outcomes["adaptive"])[:, :, :1].mean(axis=0)
    dearer = np.stack([rises[sector.sector, str(r["segment"])] for r in sector.rows])
    _, lines = export_value(dearer / _USD_PER_MUSD, lost)
    return np.asarray((shares(sector, Central()) * lines).sum(axis=0))


def _band(values: Array, levels: _Levels) -> Band:
    """The printed quantiles of a sample."""
    low, high = np.quantile(values, levels).tolist()
    return low, high
