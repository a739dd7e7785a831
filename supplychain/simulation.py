"""Play a scenario on a world and answer with export losses. Pure: same inputs, same result.

Knows the order of the work; the mathematics is in `supplychain.model`, the sums over sectors in
`supplychain.sectors`, how far they may be off in `supplychain.uncertainty`, and what a figure means
to a reader in `supplychain.pedigree`.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from supplychain import instead, pedigree, uncertainty
from supplychain.attribution.explain import explain
from supplychain.channels import channels
from supplychain.compiled import compile_arrays
from supplychain.coverage import Measure, Resolved, resolve
from supplychain.draws import Central
from supplychain.errors import UsageError
from supplychain.growth import grown
from supplychain.mechanisms import road
from supplychain.model.adaptive import adaptive
from supplychain.network import Network
from supplychain.planning import Plans, plans
from supplychain.prices import price_run
from supplychain.result import Driver, Need, Result, Rung, SectorLoss, SegmentLoss, Total, Trace
from supplychain.run import Run
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
from supplychain.tables import ref
from supplychain.vocabulary import MONTHS_PER_YEAR, worst_evidence
from supplychain.world import World

Progress = Callable[[str, float], None]
_BySector = dict[tuple[str, str], float]

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
        seed: of the sample; draws: its size, from 1 (None: as the pack says).
        prices: what the shortages would do to prices, and these to the value of exports.
        channels: orders that suppliers lose when their customers stop, and who gains.
        mechanisms: what each mechanism takes off the loss.
    """

    planner: bool = True
    band: bool = True
    seed: int = 1
    draws: int | None = None
    prices: bool = False
    channels: bool = False
    mechanisms: bool = False

    def __post_init__(self) -> None:
        """Refuse a sample of nothing.

        Raises:
            UsageError: fewer than one draw.
        """
        if self.draws is not None and self.draws < 1:
            raise UsageError(f"draws: {self.draws} is not at least 1")


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
    network = grown(world.network, scenario)
    if focus:
        scenario = replace(scenario, focus=tuple(focus))
    resolved = resolve(scenario, network)
    steps = _rungs(resolved, network)
    main, run, refined = _play(network, steps[-1], effort, progress, drivers=True)
    # A milder restriction of the same refined forms costs nothing where the hardest costs nothing.
    known = refined if not any(refined.values()) else None
    milder = [_play(network, s, effort, progress, known, drivers=False)[0] for s in steps[:-1]]
    rungs = [*milder, main]
    rung = main.name if scenario.ladder else ""
    prices = price_run(network, run, effort.seed, rung) if effort.prices else None
    both_ways = channels(network, run) if effort.channels else None
    way = road(network, run) if effort.mechanisms else None
    progress("done", 1.0)
    return Result(
        resolved=run.resolved if not scenario.ladder else resolved,
        pack=pedigree.pack(network),
        losses=main.losses,
        totals=main.totals,
        days_per_month=network.parameters.value("days_per_month"),
        d_threshold=network.parameters.value("headline_d_threshold"),
        ladder=tuple(_as_on(main, rung) for rung in rungs) if scenario.ladder else (),
        reliance=pedigree.reliance(network, run.resolved),
        traces=_traces(network, run),
        assumptions=pedigree.assumptions(network, run.resolved, run.compiled),
        warnings=resolved.notes
        + paradoxes(rungs)
        + instead.notes(network, run)
        + pedigree.why_nothing(network, run.resolved, _unharmed(run, main.losses))
        + pedigree.warnings(network, run.compiled),
        sources=pedigree.sources(network, run.compiled, run.sectors, resolved.focus, prices),
        not_counted=pedigree.not_counted(network, resolved.focus),
        valuation=pedigree.valuation(network),
        baseline=pedigree.baseline(network),
        unsourced=_unsourced(main.losses),
        prices=prices,
        channels=both_ways,
        mechanisms=way,
        explainer=partial(explain, network, run),
    )


def paradoxes(rungs: Sequence[Rung]) -> tuple[str, ...]:
    """What a reader must be told where adapting, or a harder restriction, helps or harms oddly.

    Frozen losses and the planner's never fall when a restriction grows. The adaptive case has no
    such law: a plant that buys early may leave less for one that matters more. It is shown, never
    smoothed away.
    """
    found = []
    for rung in rungs:
        where = f" ({rung.name})" if len(rungs) > 1 else ""
        found += [
            f"{s.country} {s.sector}{where} loses {s.share['adaptive']:.2%} with adaptation and "
            f"{s.share['frozen']:.2%} without: what others buy or hoard is missing here; without "
            "regret read the smaller"
            for s in rung.losses
            if s.share["adaptive"] > s.share["frozen"] + _VISIBLE
        ]
    for milder, harder in itertools.pairwise(rungs):
        found += [
            f"{a.country} {a.sector} loses {a.share['adaptive']:.2%} on the rung {milder.name!r} "
            f"and {b.share['adaptive']:.2%} on the harder {harder.name!r}: in the adaptive case "
            "others that are stopped altogether may leave more"
            for a, b in zip(milder.losses, harder.losses, strict=True)
            if a.share["adaptive"] > b.share["adaptive"] + _VISIBLE
        ]
    return tuple(found)


def _unharmed(run: Run, losses: Sequence[SectorLoss]) -> list[str]:
    """Focus countries none of whose sectors loses anything, although something is withheld."""
    if not run.compiled.arrays.flows.covered.any():
        return []
    hit = {loss.country for loss in losses if not loss.is_zero}
    return [country for country in run.resolved.focus if country not in hit]


@dataclass(frozen=True)
class _Step:
    """One run of a scenario: its name on the ladder, how hard it bites, and what is played.

    `progress` is the share of the work done before it (the hardest rung comes first).
    """

    name: str
    kind: str
    severity: float
    resolved: Resolved
    progress: float = 0.0


def _rungs(resolved: Resolved, network: Network) -> list[_Step]:
    """The scenario itself, or the three rungs of the ladder, the hardest last."""
    if not resolved.scenario.ladder:
        first = resolved.scenario.restrictions[0] if resolved.scenario.restrictions else None
        kind, severity = (first.kind, first.severity.value) if first else ("", 0.0)
        return [_Step("scenario", kind, severity, resolved)]
    path = network.parameters.series(LADDER_LICENCE_PARAMETER)
    none, half, full = Range.of(0.0), Range.of(0.5), Range.of(1.0)
    as_in_2025 = _varied(resolved, lambda r: replace(r, kind="path", path=path, severity=none))
    quota = _varied(resolved, lambda r: replace(r, kind="quota", severity=half))
    ban = _varied(resolved, lambda r: replace(r, kind="ban", severity=full))
    return [
        _Step("licence as in 2025", "licence", none.value, as_in_2025, 0.5),
        _Step("half", "quota", half.value, quota, 0.75),
        _Step("full stop", "ban", full.value, ban),
    ]


def _varied(resolved: Resolved, change: Callable[[Restriction], Restriction]) -> Resolved:
    """The same measures with changed restrictions."""
    measures = tuple(replace(m, restriction=change(m.restriction)) for m in resolved.measures)
    scenario = replace(resolved.scenario, restrictions=tuple(m.restriction for m in measures))
    return replace(resolved, measures=measures, scenario=scenario)


@dataclass(frozen=True)
class _Beside:
    """What was found out about one sector beside the simulated cases.

    Attributes:
        planned: the planner's loss share; None where it was not asked for.
        band: quantiles of the sample; None where there is none.
        refined_only: adaptive loss when only the refined forms are restricted; None where no
            refined form is.
        drivers: the figures that move the loss, largest swing first.
        grade_d_weight: share of their swing that rests on grade D; None where none were moved.
    """

    planned: float | None
    band: tuple[float, float] | None
    refined_only: float | None
    drivers: tuple[Driver, ...]
    grade_d_weight: float | None


def _play(
    network: Network,
    step: _Step,
    effort: Effort,
    progress: Progress,
    refined: _BySector | None = None,
    *,
    drivers: bool,
) -> tuple[Rung, Run, _BySector]:
    """One rung: what it costs, its run at central values, and its losses by refined forms alone.

    The losses by refined forms alone are worked out where they are not given.
    """
    progress(step.name, step.progress)
    run = Run.of(network, step.resolved)
    alone = _refined_only(network, run) if refined is None else refined

    def drawn(share: float) -> None:
        """Report the progress of the band."""
        progress(f"{step.name}, {share:.0%} of draws", step.progress)

    losses, totals = _answer(network, run, effort, alone, drawn, drivers=drivers)
    return Rung(step.name, step.kind, step.severity, losses, totals), run, alone


def _answer(
    network: Network,
    run: Run,
    effort: Effort,
    refined: _BySector,
    drawn: uncertainty.Report,
    *,
    drivers: bool,
) -> tuple[tuple[SectorLoss, ...], tuple[Total, ...]]:
    """Losses of all sectors and totals of all countries of one run."""
    best = plans(network, run) if effort.planner else Plans()
    bands = {}
    if effort.band:
        bands = uncertainty.bands(network, run, effort.seed, effort.draws, drawn)
    moved = uncertainty.drivers(network, run) if effort.band and drivers else {}
    losses = []
    for sector in run.sectors:
        key = (sector.country, sector.sector)
        beside = _Beside(
            best.by_sector.get(key, 0.0) if effort.planner else None,
            bands.get(key, (0.0, 0.0)) if effort.band else None,
            refined.get(key),
            moved.get(key, ()),
            known_d_weight(moved.get(key, ()), bands.get(key)) if effort.band and drivers else None,
        )
        losses.append(_sector_loss(network, run, sector, beside))
    totals = []
    for country in run.resolved.focus:
        least = best.by_country.get(country, 0.0) if effort.planner else None
        total = _total(country, losses, least, run.resolved.months)
        totals.append(replace(total, worth=best.worth.get(country, ())))
    return tuple(losses), tuple(totals)


def known_d_weight(drivers: Sequence[Driver], band: tuple[float, float] | None) -> float:
    """`_d_weight`; all of it where no single figure moves a loss that the band holds all the same.

    Such a loss comes from several figures at once, of which none can be said to be well founded.
    """
    if band is not None and band[1] > band[0] and not any(d.swing > 0 for d in drivers):
        return 1.0
    return _d_weight(drivers)


def _d_weight(drivers: Sequence[Driver]) -> float:
    """Share of the swing of all drivers that rests on grade D figures; 0 where nothing moves."""
    swing = sum(d.swing for d in drivers)
    return sum(d.swing for d in drivers if d.evidence == "D") / swing if swing else 0.0


def _as_on(hardest: Rung, rung: Rung) -> Rung:
    """A rung whose weights of grade D are those measured on the hardest rung."""
    weights = {(s.country, s.sector): s.grade_d_weight for s in hardest.losses}
    losses = (replace(s, grade_d_weight=weights[s.country, s.sector]) for s in rung.losses)
    return replace(rung, losses=tuple(losses))


def _total(country: str, losses: Sequence[SectorLoss], planned: float | None, months: int) -> Total:
    """All sectors of a country; `planned` is the yearly loss of its own programme in USD."""
    mine = [s for s in losses if s.country == country]
    exports = sum(s.baseline_exports_usd for s in mine)
    share = {
        case: sum(s.usd(case) for s in mine) / exports if exports else 0.0
        for case in ("adaptive", "frozen")
    }
    if planned is not None:
        best = planned * months / MONTHS_PER_YEAR
        share = {"planner": best / exports if exports else 0.0} | share
    return Total(country, exports, share)


def _sector_loss(network: Network, run: Run, sector: Sector, beside: _Beside) -> SectorLoss:
    """Everything there is to say about one sector."""
    central = shares(sector, Central())
    adaptive_outcome = run.outcomes["adaptive"]
    share = {case: run.loss(sector, case) for case in ("adaptive", "frozen")}
    monthly = {case: monthly_loss(sector, run.outcomes[case], central)[:, 0] for case in share}
    if beside.planned is not None:
        share = {"planner": beside.planned} | share
    late = np.flatnonzero(monthly["adaptive"] > _VISIBLE)
    bound = binding(network, run.compiled, sector, adaptive_outcome)
    days_per_month = network.parameters.value("days_per_month")
    segments = _segment_losses(run, sector)
    return SectorLoss(
        sector.country,
        sector.sector,
        sector.exports_usd * run.resolved.months / MONTHS_PER_YEAR,
        share,
        beside.band or (share["adaptive"], share["adaptive"]),
        beside.band is not None,
        run.loss(sector, "all_lost"),
        beside.refined_only,
        run.loss(sector, "adaptive", _restricted(run.resolved.measures, run.resolved.months)),
        int(late[0]) + 1 if late.size else None,
        first_stop_day(run.compiled, sector, adaptive_outcome, days_per_month),
        bound.name,
        bound.cover_days,
        _grade(sector, segments),
        beside.grade_d_weight,
        segments,
        beside.drivers,
        {case: tuple(values.tolist()) for case, values in monthly.items()},
    )


def _segment_losses(run: Run, sector: Sector) -> tuple[SegmentLoss, ...]:
    """The slices of a sector that the restriction can reach."""
    found = []
    for k, row in enumerate(sector.rows):
        loss = {
            case: max(float(segment_losses(sector, run.outcomes[case])[:, k, 0].mean()), 0.0)
            for case in ("adaptive", "frozen")
        }
        found.append(
            SegmentLoss(
                str(row["segment"]),
                float(row["share"]),
                loss,
                str(row["evidence"]),
                ref(row),
            )
        )
    return tuple(found)


def _grade(sector: Sector, segments: Sequence[SegmentLoss]) -> str:
    """Weakest grade among the exports figure and the slices with a tenth of the loss or more."""
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
    last = max(m.spells[-1][1] for m in measures)
    return slice(min(first, months - 1), min(last, months))


def _refined_only(network: Network, run: Run) -> _BySector:
    """Adaptive losses when only the refined forms of the same measures are restricted.

    Empty where no refined form is restricted at all.
    """
    measures = tuple(
        replace(
            m,
            products=tuple(p for p in m.products if network.products[p]["stage"] == "refine"),
            foreign=None,
        )
        for m in run.resolved.measures
    )
    if not any(m.products for m in measures):
        return {}
    if not run.is_hit:
        return {(s.country, s.sector): 0.0 for s in run.sectors}
    variant = replace(run.resolved, measures=measures)
    compiled = compile_arrays(network, variant, Central())
    outcome = adaptive(compiled.arrays, trace=False)
    return {
        (s.country, s.sector): float(loss_share(s, outcome, shares(s, Central()))[0])
        for s in sectors(network, compiled, run.resolved.focus)
    }


def _traces(network: Network, run: Run) -> tuple[Trace, ...]:
    """Output, stock and stopped plants of every hit slice through time (adaptive)."""
    outcome, found = run.outcomes["adaptive"], []
    for sector in run.sectors:
        for node in sector.nodes:
            if not (outcome.output[:, node] < 1.0 - _VISIBLE).any():
                continue
            inputs = run.compiled.arrays.slots
            slots = np.flatnonzero((inputs.node == node) & inputs.main)
            if not slots.size:
                continue
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


def _unsourced(losses: Sequence[SectorLoss]) -> tuple[Need, ...]:
    """The three grade D figures whose range moves most export dollars."""
    found: dict[str, Need] = {}
    for sector in losses:
        for driver in sector.drivers:
            if driver.evidence == "D":
                before = found[driver.name].swing_usd if driver.name in found else 0.0
                usd = before + driver.swing * sector.baseline_exports_usd
                found[driver.name] = Need(driver.name, driver.label, driver.evidence, usd)
    ranked = sorted(found.values(), key=lambda need: (-need.swing_usd, need.name))
    return tuple(ranked[:3])
