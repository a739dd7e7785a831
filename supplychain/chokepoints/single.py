"""One removal in full: what happened month by month, who gained, how far the loss may be off."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from supplychain.beside import Amount
from supplychain.channels import channels
from supplychain.chokepoints.candidates import Ban, Candidate
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.lanes import Lanes
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.behaviour import Behaviour
from supplychain.model.engine import Links, play
from supplychain.model.frozen import FROZEN
from supplychain.model.stoppage import stoppable, stopped
from supplychain.network.values import Network
from supplychain.run import Run
from supplychain.scenario import restrict
from supplychain.sectors import monthly_loss, shares
from supplychain.uncertainty import bands

_VISIBLE = 1e-9
CASES: Mapping[str, Behaviour] = {"adaptive": ADAPTIVE, "frozen": FROZEN}


@dataclass(frozen=True)
class Detail:
    """What is told of a removal that is shown.

    Attributes:
        frozen_usd: loss without adaptation, all sectors together.
        first_month: counted from 1, in which any sector first loses; None for never.
        gainers: suppliers everywhere that sell beyond their baseline over a border, largest first.
    """

    frozen_usd: float
    first_month: int | None
    gainers: tuple[Amount, ...]


def details(field: Field, shown: Sequence[Candidate]) -> Mapping[Candidate, Detail]:
    """Play some removals with everything kept, those of the same products one after another."""
    return {removal: _detail(field, run) for removal, run in runs(field, shown)}


def runs(field: Field, chosen: Sequence[Candidate]) -> Iterator[tuple[Candidate, Run]]:
    """One removal after another as a run of its own, on its part of the network."""
    groups: dict[tuple[str, ...], list[Candidate]] = {}
    for removal in chosen:
        groups.setdefault(field.products(removal), []).append(removal)
    for products, mine in groups.items():
        part = field.whole.part(products)
        for removal in mine:
            lanes = Lanes.of(field, part, [removal])
            links = Links(lanes.arrays)
            outcomes = {
                case: play(lanes.arrays, behaviour, links=links)
                for case, behaviour in CASES.items()
            }
            compiled = replace(part, arrays=lanes.arrays)
            yield removal, Run(resolved(field, removal), compiled, lanes.sectors, outcomes, ())


def resolved(field: Field, removal: Candidate) -> Resolved:
    """A removal's bans as a resolved scenario."""
    return replace(field.base, measures=tuple(field.measure(ban) for ban in removal.bans))


def _detail(field: Field, run: Run) -> Detail:
    """Read one run."""
    frozen = sum(run.loss(s, "frozen") * s.exports_usd * field.years for s in run.sectors)
    adaptive = run.outcomes["adaptive"]
    lost = [
        monthly_loss(s, adaptive, shares(s, Central()))[:, 0] > _VISIBLE
        for s in run.sectors
        if s.nodes
    ]
    hit = np.flatnonzero(np.any(lost, axis=0)) if lost else np.zeros(0, dtype=np.int64)
    everywhere = replace(run, resolved=replace(run.resolved, focus=tuple(field.countries)))
    gains = channels(field.network, everywhere).gains
    return Detail(frozen, int(hit[0]) + 1 if hit.size else None, gains)


def one_by_one(network: Network, removal: Candidate, focus: Sequence[str]) -> Run:
    """The same removal by the ordinary road: resolved, compiled and run on its own.

    A stopped plant has no scenario of its own: the arrays are those that a ban on its product by
    its country compiles to, without the ceilings, and the plant stopped.
    """
    bans = removal.bans or (_ban_of(removal.node),)
    scenarios = [
        restrict(b.actor, b.item, kind="ban", severity=1.0, to=b.to, focus=focus) for b in bans
    ]
    restrictions = tuple(r for s in scenarios for r in s.restrictions)
    scenario = replace(scenarios[0], restrictions=restrictions)
    run = Run.of(network, resolve(scenario, network))
    return run if removal.bans else _stopped(network, run, removal)


def _ban_of(node: str) -> Ban:
    """A ban of what a plant makes by its country."""
    actor, product = node.split(":")
    return Ban(actor, product)


def _stopped(network: Network, run: Run, removal: Candidate) -> Run:
    """The run with a plant stopped in the place of its ban."""
    arrays = run.compiled.arrays
    free = np.full_like(arrays.flows.regime, -1)
    none = replace(
        arrays.regimes,
        ceiling=arrays.regimes.ceiling[:, :0],
        leaky=arrays.regimes.leaky[:, :0],
    )
    arrays = replace(
        arrays,
        regimes=none,
        flows=replace(arrays.flows, regime=free),
        openings=replace(arrays.openings, regime=np.full_like(arrays.openings.regime, -1)),
    )
    node = np.array([run.compiled.nodes.index(network.index[removal.node])])
    grown, added = stoppable(arrays, node)
    arrays = stopped(grown, node, added, np.zeros(1, dtype=np.int64))
    outcomes = {case: play(arrays, behaviour) for case, behaviour in CASES.items()}
    return replace(run, compiled=replace(run.compiled, arrays=arrays), outcomes=outcomes)


def loss_band(
    field: Field, removal: Candidate, seed: int
) -> Mapping[tuple[str, str], tuple[float, float]]:
    """10 and 90 % quantile of each sector's loss under a removal's bans, as shares.

    Empty for a stopped plant, which no scenario describes.
    """
    if not removal.bans:
        return {}
    run = one_by_one(field.network, removal, field.base.focus)
    return bands(field.network, run, seed)
