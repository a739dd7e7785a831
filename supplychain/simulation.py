"""Play a scenario on a world and answer with export losses. Pure: same inputs, same result.

Knows the order of the work; the mathematics is in `supplychain.model`, the sums over sectors in
`supplychain.sectors`, what a figure means to a reader in `supplychain.pedigree`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from supplychain import pedigree
from supplychain.compiled import Compiled, compile_arrays
from supplychain.coverage import Measure, Resolved, resolve
from supplychain.draws import Central, Draws, Input, OneAtATime, Recorder, Sample
from supplychain.model.adaptive import adaptive, without_catch_up
from supplychain.model.cascade import Outcome
from supplychain.model.frozen import frozen
from supplychain.model.wiring import wire
from supplychain.network import Network
from supplychain.result import Driver, Result, Rung, SectorLoss, SegmentLoss, Total, Trace
from supplychain.scenario import LADDER_LICENCE_PARAMETER, Range, Restriction, Scenario
from supplychain.sectors import (
    Sector,
    binding,
    first_stop_day,
    loss_share,
    monthly_loss,
    sectors,
    segment_losses,
    shares,
)
from supplychain.vocabulary import MONTHS_PER_YEAR, worst_evidence
from supplychain.world import World

Array = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

_LANES_AT_ONCE = 24
_MATTERS = 0.1
_VISIBLE = 1e-9


def _silent(step: str, share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Effort:
    """What a run should find out beside the two simulated cases.

    Attributes:
        planner: solve the planner's programmes.
        band: sample the pack's ranges, and move the figures one at a time.
        seed: of the sample.
    """

    planner: bool = True
    band: bool = True
    seed: int = 1


def simulate(
    world: World,
    scenario: Scenario,
    *,
    focus: Sequence[str] = (),
    effort: Effort = Effort(),
    progress: Progress = _silent,
) -> Result:
    """Export losses of every sector of every focus country.

    Args:
        world: from `supplychain.load`; never changed.
        scenario: from `supplychain.restrict` or a scenario file.
        focus: countries, instead of the scenario's own.
        effort: leave out the planner or the band for speed; the seed of the band.
        progress: called with a step's name and the share of the work done.

    Raises:
        ScenarioError, UnknownNameError: the scenario does not fit the pack.
        SolverError: a planner's answer failed its certificate.

    Example::

        world = supplychain.load()
        april = supplychain.restrict("China", ["dysprosium"], kind="ban", severity=0.8)
        supplychain.simulate(world, april, focus=["KOR"]).export_losses()
    """
    network = world.network
    if focus:
        scenario = replace(scenario, focus=tuple(focus))
    resolved = resolve(scenario, network)
    steps = _rungs(resolved, network)
    rungs, runs = [], []
    for number, (name, variant) in enumerate(steps):
        progress(name, number / len(steps))
        run = _Run.of(network, variant)
        last = number == len(steps) - 1
        losses, totals = _answer(network, run, effort, drivers=last)
        first = variant.measures[0].restriction if variant.measures else None
        rungs.append(
            Rung(
                name,
                first.kind if first else "",
                first.severity.value if first else 0.0,
                losses,
                totals,
            )
        )
        runs.append(run)
    progress("done", 1.0)
    main, run = rungs[-1], runs[-1]
    return Result(
        resolved=run.resolved if not scenario.ladder else resolved,
        pack=pedigree.pack(network),
        losses=main.losses,
        totals=main.totals,
        ladder=tuple(rungs) if scenario.ladder else (),
        reliance=pedigree.reliance(network, run.resolved),
        traces=_traces(network, run),
        assumptions=pedigree.assumptions(network, run.resolved, run.compiled),
        warnings=resolved.notes + pedigree.warnings(network, run.compiled),
        sources=pedigree.sources(network, run.compiled, run.sectors, resolved.focus),
        not_counted=pedigree.not_counted(network, resolved.focus),
        valuation=pedigree.valuation(network),
        baseline=pedigree.baseline(network),
        unsourced=_unsourced(main.losses),
    )


def _rungs(resolved: Resolved, network: Network) -> list[tuple[str, Resolved]]:
    """The scenario itself, or the three rungs of the ladder, the hardest last."""
    if not resolved.scenario.ladder:
        return [("scenario", resolved)]
    path = network.parameters.series(LADDER_LICENCE_PARAMETER)
    variants: list[tuple[str, Callable[[Restriction], Restriction]]] = [
        (
            "licence as in 2025",
            lambda r: replace(r, kind="path", path=path, severity=Range.of(0.0)),
        ),
        ("half", lambda r: replace(r, kind="quota", severity=Range.of(0.5))),
        ("full stop", lambda r: replace(r, kind="ban", severity=Range.of(1.0))),
    ]
    return [(name, _varied(resolved, change)) for name, change in variants]


def _varied(resolved: Resolved, change: Callable[[Restriction], Restriction]) -> Resolved:
    """The same measures with changed restrictions."""
    measures = tuple(replace(m, restriction=change(m.restriction)) for m in resolved.measures)
    scenario = replace(resolved.scenario, restrictions=tuple(m.restriction for m in measures))
    return replace(resolved, measures=measures, scenario=scenario)


@dataclass(frozen=True)
class _Run:
    """One scenario at central values: the compiled network and what happened in the simulated cases."""

    resolved: Resolved
    compiled: Compiled
    sectors: tuple[Sector, ...]
    outcomes: Mapping[str, Outcome]

    @classmethod
    def of(cls, network: Network, resolved: Resolved) -> "_Run":
        """Compile and simulate."""
        compiled = compile_arrays(network, resolved, Central())
        outcomes = {
            "adaptive": adaptive(compiled.arrays),
            "frozen": frozen(compiled.arrays),
            "all_lost": adaptive(without_catch_up(compiled.arrays), trace=False),
        }
        return cls(resolved, compiled, sectors(network, compiled, resolved.focus), outcomes)

    def loss(self, sector: Sector, case: str, months: slice = slice(None)) -> float:
        """Loss of a sector in one case."""
        return float(loss_share(sector, self.outcomes[case], shares(sector, Central()), months)[0])

    @property
    def is_hit(self) -> bool:
        """Whether any sector loses anything in any case."""
        return any(self.loss(s, case) > 0 for s in self.sectors for case in ("adaptive", "frozen"))


def _answer(
    network: Network, run: _Run, effort: Effort, *, drivers: bool
) -> tuple[tuple[SectorLoss, ...], tuple[Total, ...]]:
    """Losses of all sectors and totals of all countries of one run."""
    plans, total_plans = _plans(network, run) if effort.planner else ({}, {})
    bands = _bands(network, run, effort) if effort.band else {}
    refined = _refined_only(network, run)
    moved = _drivers(network, run) if effort.band and drivers else {}
    losses = tuple(
        _sector_loss(
            network,
            run,
            s,
            plans,
            bands.get((s.country, s.sector)),
            refined.get((s.country, s.sector), 0.0),
            moved.get((s.country, s.sector), ()),
        )
        for s in run.sectors
    )
    totals = []
    for country in run.resolved.focus:
        mine = [s for s in losses if s.country == country]
        exports = sum(s.baseline_exports_usd for s in mine)
        share = {
            case: sum(s.usd(case) for s in mine) / exports if exports else 0.0
            for case in ("adaptive", "frozen")
        }
        if effort.planner:
            best = total_plans.get(country, 0.0) * run.resolved.months / MONTHS_PER_YEAR
            share = {"planner": best / exports if exports else 0.0} | share
        totals.append(Total(country, exports, share))
    return losses, tuple(totals)


def _sector_loss(
    network: Network,
    run: _Run,
    sector: Sector,
    plans: Mapping[tuple[str, str], float],
    band: tuple[float, float] | None,
    refined_only: float,
    drivers: tuple[Driver, ...],
) -> SectorLoss:
    """Everything there is to say about one sector."""
    central = shares(sector, Central())
    share = {case: run.loss(sector, case) for case in ("adaptive", "frozen")}
    if plans or not run.is_hit:
        share = {"planner": plans.get((sector.country, sector.sector), 0.0)} | share
    monthly = {
        case: monthly_loss(sector, run.outcomes[case], central)[:, 0]
        for case in share
        if case != "planner"
    }
    late = np.flatnonzero(monthly["adaptive"] > _VISIBLE)
    bound = binding(network, run.compiled, sector, run.outcomes["adaptive"])
    segments = _segment_losses(network, run, sector)
    swing = sum(d.swing for d in drivers)
    weight = sum(d.swing for d in drivers if d.evidence == "D") / swing if swing else 0.0
    return SectorLoss(
        sector.country,
        sector.sector,
        sector.exports_usd * run.resolved.months / MONTHS_PER_YEAR,
        share,
        band or (share["adaptive"], share["adaptive"]),
        run.loss(sector, "all_lost"),
        refined_only,
        run.loss(sector, "adaptive", _restricted(run.resolved.measures, run.resolved.months)),
        int(late[0]) + 1 if late.size else None,
        first_stop_day(
            run.compiled,
            sector,
            run.outcomes["adaptive"],
            network.parameters.value("days_per_month"),
        ),
        bound.name,
        bound.cover_days,
        _grade(sector, segments),
        weight,
        segments,
        drivers,
        {case: tuple(values.tolist()) for case, values in monthly.items()},
    )


def _segment_losses(network: Network, run: _Run, sector: Sector) -> tuple[SegmentLoss, ...]:
    """The slices of a sector that the restriction can reach."""
    found = []
    for k, row in enumerate(sector.rows):
        loss = {
            case: float(segment_losses(sector, run.outcomes[case])[:, k, 0].mean())
            for case in ("adaptive", "frozen")
        }
        found.append(
            SegmentLoss(
                str(row["segment"]),
                float(row["share"]),
                loss,
                str(row["evidence"]),
                pedigree.place_of(row),
            )
        )
    return tuple(found)


def _grade(sector: Sector, segments: Sequence[SegmentLoss]) -> str:
    """Weakest grade among the exports figure and the slices that make up a tenth of the loss or more."""
    parts = [s.share * s.loss["frozen"] for s in segments]
    matter = [
        s.evidence
        for s, p in zip(segments, parts, strict=True)
        if sum(parts) and p >= _MATTERS * sum(parts)
    ]
    return worst_evidence(sector.evidence, *matter)


def _restricted(measures: Sequence[Measure], months: int) -> slice:
    """From the first to the last month under restriction."""
    if not measures:
        return slice(0, months)
    first = min(m.first_month for m in measures)
    last = max(m.first_month + m.restriction.months for m in measures)
    return slice(min(first, months - 1), min(last, months))


def _plans(network: Network, run: _Run) -> tuple[dict[tuple[str, str], float], dict[str, float]]:
    """Planner's loss share of each hit sector, and yearly loss in USD of each country's own programme."""
    by_sector: dict[tuple[str, str], float] = {}
    by_country: dict[str, float] = {}
    for country in run.resolved.focus:
        mine = [s for s in run.sectors if s.country == country]
        hit = [s for s in mine if min(run.loss(s, "adaptive"), run.loss(s, "frozen")) > 0]
        lost = 0.0
        for sector in hit:
            lost = _planned_loss(network, run, [sector])
            by_sector[country, sector.sector] = lost / sector.exports_usd
        by_country[country] = (
            lost if len(hit) == 1 else _planned_loss(network, run, hit) if hit else 0.0
        )
    return by_sector or {("", ""): 0.0}, by_country


def _planned_loss(network: Network, run: _Run, chosen: Sequence[Sector]) -> float:
    """Least loss of some sectors together, USD a year."""
    from supplychain.model.planner import plan

    nodes = np.array([k for s in chosen for k in s.nodes], dtype=np.int64)
    exports = np.array([network.nodes[run.compiled.nodes[k]].exports_usd for k in nodes])
    worth = exports > 0
    if not worth.any():
        return 0.0
    output = plan(run.compiled.arrays, nodes[worth], exports[worth]).output
    loss = 1.0 - output.mean(axis=(0, 2))
    loss[np.abs(loss) < _VISIBLE] = 0.0
    return float((exports[worth] * np.maximum(loss, 0.0)).sum())


def _in_parts(
    network: Network, resolved: Resolved, draws: Draws, chosen: Sequence[Sector]
) -> list[Array]:
    """Adaptive loss of sectors in every lane, a few lanes at a time (so that they fit a cache).

    Lanes never touch each other, so the answer does not depend on the parts.
    """
    arrays = compile_arrays(network, resolved, draws).arrays
    wiring = wire(arrays)
    drawn = [shares(sector, draws) for sector in chosen]

    parts = []
    for start in range(0, draws.lanes, _LANES_AT_ONCE):
        lanes = slice(start, min(start + _LANES_AT_ONCE, draws.lanes))
        outcome = adaptive(arrays.take(lanes), trace=False, wiring=wiring)
        parts.append(
            [loss_share(s, outcome, d[:, lanes]) for s, d in zip(chosen, drawn, strict=True)]
        )
    return [np.concatenate(found) for found in zip(*parts, strict=True)]


def _bands(
    network: Network, run: _Run, effort: Effort
) -> dict[tuple[str, str], tuple[float, float]]:
    """10 and 90 % quantile of the adaptive loss of every hit sector over a seeded sample."""
    hit = [s for s in run.sectors if s.nodes] if run.is_hit else []
    if not hit:
        return {}
    parameters = network.parameters
    draws = Sample(int(parameters.value("band_draws")), effort.seed)
    levels = [parameters.value("band_low_quantile"), parameters.value("band_high_quantile")]
    losses = _in_parts(network, run.resolved, draws, hit)
    found = {}
    for sector, values in zip(hit, losses, strict=True):
        low, high = np.quantile(values, levels).tolist()
        found[sector.country, sector.sector] = (low, high)
    return found


def _drivers(network: Network, run: _Run) -> dict[tuple[str, str], tuple[Driver, ...]]:
    """Every uncertain figure moved to its low and to its high, one at a time."""
    hit = [s for s in run.sectors if run.loss(s, "adaptive") > 0 or run.loss(s, "frozen") > 0]
    if not hit:
        return {}
    recorder = Recorder()
    compile_arrays(network, run.resolved, recorder)
    figures = [f for f in recorder.asked.values() if pedigree.is_near(f, run.resolved.focus)]
    losses = (
        _in_parts(network, run.resolved, OneAtATime.of(figures), hit)
        if figures
        else [np.zeros(0)] * len(hit)
    )
    found = {}
    for sector, values in zip(hit, losses, strict=True):
        moved = [
            _driver(network, f, float(values[2 * i]), float(values[2 * i + 1]))
            for i, f in enumerate(figures)
        ]
        moved += _share_drivers(network, run, sector)
        ranked = sorted((d for d in moved if d.swing > _VISIBLE), key=lambda d: (-d.swing, d.name))
        found[sector.country, sector.sector] = tuple(ranked)
    return found


def _driver(network: Network, figure: Input, at_low: float, at_high: float) -> Driver:
    """A figure with the losses at both ends of its range."""
    grade = str(figure.row["evidence"]) if figure.row is not None else "scenario"
    return Driver(
        figure.name,
        pedigree.label(network, figure),
        grade,
        figure.value,
        figure.low,
        figure.high,
        at_low,
        at_high,
    )


def _share_drivers(network: Network, run: _Run, sector: Sector) -> list[Driver]:
    """Affected shares: the loss of a slice times its share, at the low and the high of the share."""
    central = run.loss(sector, "adaptive")
    lost = segment_losses(sector, run.outcomes["adaptive"])[:, :, 0].mean(axis=0)
    found = []
    for k, row in enumerate(sector.rows):
        value, low, high = (float(row[c]) for c in ("share", "low", "high"))
        figure = Input(row, "affected share", value, low, high)
        found.append(
            _driver(
                network,
                figure,
                central + (low - value) * float(lost[k]),
                central + (high - value) * float(lost[k]),
            )
        )
    return found


def _refined_only(network: Network, run: _Run) -> dict[tuple[str, str], float]:
    """Adaptive losses when only the refined forms of the same measures are restricted."""
    if not run.is_hit:
        return {}
    stage = {str(r["product"]): str(r["stage"]) for r in network.tables.rows("products")}
    measures = tuple(
        replace(m, products=tuple(p for p in m.products if stage[p] == "refine"))
        for m in run.resolved.measures
    )
    if [m.products for m in measures] == [m.products for m in run.resolved.measures]:
        return {(s.country, s.sector): run.loss(s, "adaptive") for s in run.sectors}
    if not any(m.products for m in measures):
        return {}
    variant = replace(run.resolved, measures=measures)
    compiled = compile_arrays(network, variant, Central())
    outcome = adaptive(compiled.arrays, trace=False)
    return {
        (s.country, s.sector): float(loss_share(s, outcome, shares(s, Central()))[0])
        for s in sectors(network, compiled, run.resolved.focus)
    }


def _traces(network: Network, run: _Run) -> tuple[Trace, ...]:
    """Output, stock and stopped plants of every hit slice through time (adaptive)."""
    outcome, found = run.outcomes["adaptive"], []
    for sector in run.sectors:
        for node in sector.nodes:
            if not (outcome.output[:, node] < 1.0 - _VISIBLE).any():
                continue
            slots = np.flatnonzero(run.compiled.arrays.slots.node == node)
            slot = min(slots, key=lambda q: float(outcome.allowed[:, q].min()))
            place = network.nodes[run.compiled.nodes[node]]
            product = "/".join(p for p in network.slots[run.compiled.slots[slot]].commodity if p)
            stopped = (outcome.allowed[:, slot, 0] < 1.0 - _VISIBLE).mean(axis=1)
            found.append(
                Trace(
                    place.country,
                    sector.sector,
                    place.segment,
                    product,
                    tuple(outcome.output[:, node, 0].mean(axis=1).tolist()),
                    tuple(outcome.stock[:, slot, 0].mean(axis=1).tolist()),
                    tuple(stopped.tolist()),
                )
            )
    return tuple(found)


def _unsourced(losses: Sequence[SectorLoss]) -> tuple[Driver, ...]:
    """The three grade D figures whose range moves most export dollars."""
    weight: dict[str, float] = {}
    known: dict[str, Driver] = {}
    for sector in losses:
        for driver in sector.drivers:
            if driver.evidence == "D":
                weight[driver.name] = (
                    weight.get(driver.name, 0.0) + driver.swing * sector.baseline_exports_usd
                )
                known.setdefault(driver.name, driver)
    ranked = sorted(weight, key=lambda name: (-weight[name], name))
    return tuple(known[name] for name in ranked[:3])
