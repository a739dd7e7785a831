"""How far a loss may be off: a band over a seeded sample, and the figures that move it.

Both compile the same scenario again, with the figures of the pack elsewhere inside their ranges.
"""

import os
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from supplychain import pedigree
from supplychain.compiled import compile_arrays, reach
from supplychain.coverage import Resolved
from supplychain.draws import Central, Draws, Input, OneAtATime, Part, Sample
from supplychain.model import cascade, kernel
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.wiring import wire
from supplychain.network import Network
from supplychain.result import Driver
from supplychain.run import Run
from supplychain.sectors import Sector, combined, mean_losses, segment_losses, shares
from supplychain.tables import Row

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_LANES_AT_ONCE = 64
LANES_HELD = 512
"""Lanes whose arrays are held at once: ten thousand together would not fit a memory."""
_WORTH_COMPILING = 2000
"""Lanes from which on waiting for a compiler (half a minute, once) is quicker than not to."""
_MOST_THREADS = 8
_VISIBLE = 1e-9

Report = Callable[[float], None]
"""Told the share of the lanes that are done."""


def _silent(_share: float) -> None:
    """Report to nobody."""


def losses_in_parts(
    network: Network,
    resolved: Resolved,
    draws: Draws,
    chosen: Sequence[Sector],
    lanes: Index | None = None,
    *,
    report: Report = _silent,
) -> list[Array]:
    """Adaptive loss of every slice of some sectors, (slices, L), a few lanes at a time.

    Only the given lanes are played, if any are. Lanes never touch each other, so the answer does
    not depend on the parts. They are played by compiled code where that is installed and either
    compiled already or worth the wait.
    """
    played = np.arange(draws.lanes) if lanes is None else lanes
    play = engine(chosen, played.size)
    parts = []
    for start in range(0, played.size, LANES_HELD):
        some = Part(draws, played[start : start + LANES_HELD])
        parts.append(play.losses(compile_arrays(network, resolved, some).arrays))
        report((start + some.lanes) / played.size)
    return [np.concatenate(found, axis=1) for found in zip(*parts, strict=True)]


def engine(chosen: Sequence[Sector], lanes: int, behaviour: Behaviour = ADAPTIVE) -> "Engine":
    """What plays so many lanes soonest: compiled code if it is at hand or worth the wait."""
    quick = kernel.available() and (kernel.ready() or lanes >= _WORTH_COMPILING)
    return _Compiled(chosen, behaviour) if quick else _Plain(chosen, behaviour)


class Engine(Protocol):
    """Plays one case in many lanes, on the same network every time."""

    def losses(self, arrays: Arrays, /) -> list[Array]:
        """Loss of every slice of the chosen sectors, (slices, L)."""
        ...


@dataclass(frozen=True)
class _Plain:
    """By array arithmetic, so many lanes at once that a part fits a cache."""

    chosen: Sequence[Sector]
    behaviour: Behaviour

    def losses(self, arrays: Arrays) -> list[Array]:
        """Loss of every slice of the chosen sectors, (slices, L)."""
        wiring = wire(arrays)
        parts = []
        for start in range(0, arrays.lanes, _LANES_AT_ONCE):
            some = arrays.take(slice(start, start + _LANES_AT_ONCE))
            outcome = cascade.run(some, self.behaviour, trace=False, wiring=wiring)
            parts.append([mean_losses(s, outcome) for s in self.chosen])
        return [np.concatenate(found, axis=1) for found in zip(*parts, strict=True)]


@dataclass(frozen=True)
class _Compiled:
    """By compiled code (`supplychain.model.kernel`)."""

    chosen: Sequence[Sector]
    behaviour: Behaviour

    def losses(self, arrays: Arrays) -> list[Array]:
        """Loss of every slice of the chosen sectors, (slices, L)."""
        nodes = sorted({n for s in self.chosen for n in s.nodes})
        threads = min(os.cpu_count() or 1, _MOST_THREADS)
        at = np.array(nodes, dtype=np.int64)
        found = kernel.run_lanes(arrays, self.behaviour, at, threads=threads)
        moved = [replace(s, nodes=tuple(nodes.index(n) for n in s.nodes)) for s in self.chosen]
        return [mean_losses(s, found) for s in moved]


def bands(
    network: Network, run: Run, seed: int, count: int | None = None, report: Report = _silent
) -> dict[tuple[str, str], tuple[float, float]]:
    """10 and 90 % quantile of the adaptive loss of every hit sector over a seeded sample.

    The sample has `count` draws, or as many as the pack says.

    Losses are linear in the affected shares, so every simulated lane is combined with many draws of
    the shares: the band costs no more runs and is less a matter of chance.
    """
    hit = [s for s in run.sectors if s.nodes]
    if not hit or not run.compiled.arrays.flows.covered.any():
        return {}
    parameters = network.parameters
    draws = Sample(int(parameters.value("band_draws")) if count is None else count, seed)
    repeats = int(parameters.value("band_shares_per_draw"))
    more = Sample(draws.lanes * repeats, seed)
    levels = [parameters.value("band_low_quantile"), parameters.value("band_high_quantile")]
    losses = losses_in_parts(network, run.resolved, draws, hit, report=report)
    found = {}
    for sector, values in zip(hit, losses, strict=True):
        total = combined(np.tile(values, repeats), shares(sector, more))
        low, high = np.quantile(total, levels).tolist()
        found[sector.country, sector.sector] = (low, high)
    return found


def drivers(
    network: Network, run: Run, rows: AbstractSet[Row] | None = None
) -> dict[tuple[str, str], tuple[Driver, ...]]:
    """Every uncertain figure moved to its low and to its high, one at a time.

    Those of the scenario, of the affected shares, and of some rows (`rows_of_focus`).
    """
    hit = [s for s in run.sectors if run.loss(s, "adaptive") > 0 or run.loss(s, "frozen") > 0]
    if not hit:
        return {}
    rows = rows_of_focus(network, run) if rows is None else rows
    figures = [f for f in run.asked if f.row is None or f.row in rows]
    draws = OneAtATime.of(figures)
    # An end that is the value itself (a critical input can be no stricter) is the central run.
    ends = [end != f.value for f in figures for end in (f.low, f.high)]
    lanes = np.flatnonzero(ends)
    losses = losses_in_parts(network, run.resolved, draws, hit, lanes) if lanes.size else []
    found = {}
    for number, sector in enumerate(hit):
        values = np.full(draws.lanes, run.loss(sector, "adaptive"))
        if lanes.size:
            values[lanes] = combined(losses[number], shares(sector, Central()))
        moved = [
            _driver(f, float(values[2 * i]), float(values[2 * i + 1]))
            for i, f in enumerate(figures)
        ]
        moved += _share_drivers(run, sector)
        ranked = sorted((d for d in moved if d.swing > _VISIBLE), key=lambda d: (-d.swing, d.name))
        found[sector.country, sector.sector] = tuple(ranked)
    return found


def rows_of_focus(network: Network, run: Run) -> frozenset[Row]:
    """Rows worth moving one by one.

    Constants, inputs that focus countries may miss, and what may come to the rescue anywhere.
    """
    short = reach(network, run.resolved.measures).downstream
    rows = set(network.tables.rows("parameters"))
    for q in run.compiled.slots:
        slot = network.slots[q]
        if slot.commodity in short and network.nodes[slot.node].country in run.resolved.focus:
            rows |= {row for row in (slot.recipe, slot.stock) if row is not None}
    rows.update(pedigree.later_rows(network, run.compiled))
    rows.update(network.tables.rows("markets"))
    products = {c[0] for c in short}
    rows |= {r for r in network.tables.rows("substitutes") if r["product"] in products}
    rows |= {
        r
        for r in network.tables.rows("trade")
        if r["product"] in products and r["importer"] in run.resolved.focus
    }
    return frozenset(rows)


def _driver(figure: Input, at_low: float, at_high: float) -> Driver:
    """A figure with the losses at both ends of its range."""
    grade = str(figure.row["evidence"]) if figure.row is not None else "scenario"
    return Driver(
        figure.name,
        pedigree.label(figure),
        grade,
        figure.value,
        figure.low,
        figure.high,
        at_low,
        at_high,
    )


def _share_drivers(run: Run, sector: Sector) -> list[Driver]:
    """Affected shares at their low and high, the others central (never more than the whole)."""
    lost = segment_losses(sector, run.outcomes["adaptive"])[:, :, :1].mean(axis=0)
    found = []
    for k, row in enumerate(sector.rows):
        value, low, high = (float(row[c]) for c in ("share", "low", "high"))
        share = np.array([[float(r["share"])] * 2 for r in sector.rows])
        share[k] = low, high
        at_low, at_high = combined(lost, share / np.maximum(share.sum(axis=0), 1.0)).tolist()
        figure = Input(row, "affected share", value, low, high)
        found.append(_driver(figure, at_low, at_high))
    return found
