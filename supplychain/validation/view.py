"""One scenario played: the cases at central values, the sample behind the band, and the baselines.

A `View` is one outcome with its names, so that the same question can be put to every case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.compiled import Compiled, compile_arrays
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central, Draws, Part, Recorder, Sample
from supplychain.growth import grown
from supplychain.measures import covered_share
from supplychain.mechanisms import fixed_proportions
from supplychain.model.adaptive import adaptive
from supplychain.model.arrays import Arrays
from supplychain.model.engine import Links
from supplychain.model.frozen import frozen
from supplychain.model.outcome import Outcome
from supplychain.network import Network
from supplychain.restriction import month_number
from supplychain.run import Run
from supplychain.scenario import Scenario
from supplychain.sectors import Sector, monthly_loss, sectors, shares

Array = npt.NDArray[np.float64]

SHARE_TIMES_CUT, FIXED = "import share x cut", "fixed proportions, no stocks"
"""The naive baselines: what is bought from the actor times what it withholds, at once and for as
long; and the engine's own fixed proportions without stocks or adaptation."""

_LAG = "transit_lag_months"
_FLOATS_AT_ONCE = 20_000_000
"""Most figures that one array of flows may hold in a sample: 160 MB."""


@dataclass(frozen=True)
class View:
    """One outcome, the arrays it was played on, and the names behind their indices.

    Attributes:
        leaks: whether what is withheld may come by way of third countries.
        stocks: whether plants hold stocks, and may have bought ahead.
    """

    network: Network
    resolved: Resolved
    compiled: Compiled
    outcome: Outcome
    draws: Draws
    leaks: bool = False
    stocks: bool = True

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return self.compiled.arrays.lanes

    @property
    def months(self) -> int:
        """Months that were played."""
        return self.compiled.arrays.months

    def place(self, month: str) -> int:
        """Months from the start of the horizon to a month ``YYYY-MM``; negative before it."""
        return month_number(month) - month_number(self.resolved.start)

    @cached_property
    def places(self) -> Mapping[int, int]:
        """Position of a flow in the network -> its place among the compiled flows."""
        return {e: k for k, e in enumerate(self.compiled.flows)}

    @cached_property
    def sectors(self) -> Mapping[tuple[str, str], Sector]:
        """Every sector of the focus, by country and name."""
        found = sectors(self.network, self.compiled, self.resolved.focus)
        return {(s.country, s.sector): s for s in found}

    def loss(self, key: tuple[str, str], months: slice = slice(None)) -> Array:
        """Mean loss of a sector's exports over some months, (L,); 0 where it is not reached."""
        sector = self.sectors[key]
        if not sector.nodes:
            return np.zeros(self.lanes)
        lost = monthly_loss(sector, self.outcome, shares(sector, self.draws))
        return np.asarray(np.maximum(lost[months].mean(axis=0), 0.0))


@dataclass(frozen=True)
class Play:
    """A scenario played once at central values, for all the claims that it answers.

    Attributes:
        network: grown by the plants of the scenario.
        cases: adaptive, frozen and the naive baselines, by name.
    """

    network: Network
    run: Run
    cases: Mapping[str, View]

    @classmethod
    def of(cls, network: Network, scenario: Scenario) -> Play:
        """Resolve, compile and play."""
        whole = grown(network, scenario)
        resolved, recorder = resolve(scenario, whole), Recorder()
        compiled = compile_arrays(whole, resolved, recorder)
        arrays, links = compiled.arrays, Links(compiled.arrays)
        outcomes = {
            "adaptive": adaptive(arrays, links=links),
            "frozen": frozen(arrays, links=links),
        }
        reached = sectors(whole, compiled, resolved.focus)
        run = Run(resolved, compiled, reached, outcomes, tuple(recorder.asked.values()))
        view = View(whole, resolved, compiled, outcomes["adaptive"], Central(), leaks=True)
        rigid = fixed_proportions(run.compiled.arrays)
        cases = {
            "adaptive": view,
            "frozen": replace(view, outcome=run.outcomes["frozen"], leaks=False),
            FIXED: _on(view, rigid, frozen(rigid)),
            SHARE_TIMES_CUT: _on(view, rigid, share_times_cut(view)),
        }
        return cls(whole, run, cases)

    @cached_property
    def constants(self) -> frozenset[tuple[str, str]]:
        """(parameter, scope) of every constant that it asked for; of lags in whole months, all."""
        drawn = [figure.row for figure in self.run.asked if figure.row is not None]
        lags = [r for (name, _), r in self.network.parameters.rows.items() if name == _LAG]
        return frozenset(
            (str(r["parameter"]), str(r["scope"]))
            for r in (*drawn, *lags)
            if r.table == "parameters"
        )

    def sample(
        self, seed: int, months: int, *, trace: bool = True, draws: Draws | None = None
    ) -> Iterator[View]:
        """The sampled lanes in the adaptive case, as many at a time as a memory holds.

        Lanes are drawn from the ranges of the pack unless other draws are given. What comes later
        changes no earlier month, so only the months that are asked for are played; without a trace,
        the losses of sectors alone are known.
        """
        draws = draws or Sample(int(self.network.parameters.value("band_draws")), seed)
        short = replace(self.run.resolved, months=min(months, self.run.resolved.months))
        arrays = self.run.compiled.arrays
        held = arrays.flows.supplier.size * short.months * arrays.bins
        step = draws.lanes
        if trace:
            step = max(1, min(step, _FLOATS_AT_ONCE // max(held, 1)))
        for start in range(0, draws.lanes, step):
            part = Part(draws, np.arange(start, min(start + step, draws.lanes)))
            compiled = compile_arrays(self.network, short, part)
            outcome = adaptive(compiled.arrays, trace=trace)
            yield View(self.network, short, compiled, outcome, part, leaks=True)


def cut_as(play: Play, scenario: Scenario) -> View:
    """Import share times cut under other measures on the same goods (`share_times_cut`)."""
    view = replace(play.cases[SHARE_TIMES_CUT], resolved=resolve(scenario, play.network))
    return replace(view, outcome=share_times_cut(view))


def _on(view: View, arrays: Arrays, outcome: Outcome) -> View:
    """The view of another outcome, played on other arrays of the same names."""
    compiled = replace(view.compiled, arrays=arrays)
    return replace(view, compiled=compiled, outcome=outcome, leaks=False, stocks=False)


def share_times_cut(view: View) -> Outcome:
    """What a reader of trade statistics would expect: import share times cut, from the first day.

    Every covered flow falls by the stated severity while its measure is in force (a dated path: to
    the path), whatever its kind. A sector loses, in each month, the largest share of any covered
    product that its country misses, if the product is anywhere up its chain; its affected share is
    that of the pack. No stock, no queue, no other supplier.
    """
    compiled, network = view.compiled, view.network
    arrays = compiled.arrays
    cut = np.stack([_cuts(view, e) for e in compiled.flows], axis=1)
    outcome = Outcome.at_baseline(arrays, arrays.months)
    outcome.shipped[:] -= cut[:, :, None, None]
    part = cut * arrays.flows.share[None, :, 0]
    for q in range(arrays.slots.need.size):
        missing = part[:, arrays.flows.slot == q].sum(axis=1)
        outcome.arrivals[:, q] -= missing[:, None, None]
        outcome.allowed[:, q] -= missing[:, None, None]
    missed = _missed(view, cut)
    above = _chains(network)
    for k, i in enumerate(compiled.nodes):
        node = network.nodes[i]
        if node.kind == "industry":
            found = [missed[node.country, p] for p in above[node.commodity]
                     if (node.country, p) in missed]  # fmt: skip
            if found:
                lost = np.max(found, axis=0)[:, None, None]
                outcome.delivered[:, k] = outcome.output[:, k] = 1.0 - lost
    return outcome


def _cuts(view: View, flow: int) -> Array:
    """Share of a flow that the measures withhold by their own words, (T,)."""
    network = view.network
    found = np.zeros(view.months)
    supplier, slot = network.flows[flow].supplier, network.flows[flow].slot
    for measure in view.resolved.measures:
        share = covered_share(network, measure, network.nodes[supplier], network.slots[slot])
        if share <= 0:
            continue
        r = measure.restriction
        for first, stop in measure.spells:
            span = range(first, min(stop, view.months))
            for k, month in enumerate(span):
                path = r.path[k] if k < len(r.path) else 1.0
                severity = 1.0 - path if r.kind == "path" else r.severity.value
                found[month] = max(found[month], share * severity)
    return np.minimum(found, 1.0)


def _missed(view: View, cut: Array) -> dict[tuple[str, str], Array]:
    """(country, product) -> share of what it uses that is withheld, (T,), where any is."""
    network = view.network
    use: dict[tuple[str, str], float] = {}
    lost: dict[tuple[str, str], Array] = {}
    for k, e in enumerate(view.compiled.flows):
        flow = network.flows[e]
        slot = network.slots[flow.slot]
        key = (network.nodes[slot.node].country, slot.commodity[0])
        use[key] = use.get(key, 0.0) + flow.quantity
        if cut[:, k].any():
            lost[key] = lost.get(key, np.zeros(view.months)) + cut[:, k] * flow.quantity
    return {key: missing / use[key] for key, missing in lost.items()}


def _chains(network: Network) -> Mapping[tuple[str, str], frozenset[str]]:
    """Commodity -> every product anywhere up its chain."""
    found: dict[tuple[str, str], frozenset[str]] = {}
    inputs: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for slot in network.present_slots:
        inputs.setdefault(network.nodes[slot.node].commodity, set()).add(slot.commodity)
    for commodity in network.order:
        used = inputs.get(commodity, set())
        above = frozenset(c[0] for c in used).union(*(found.get(c, frozenset()) for c in used))
        found[commodity] = above
    return found
