"""How far a loss may be off: a band over a seeded sample, and the figures that move it.

Both compile the same scenario again, with the figures of the pack elsewhere inside their ranges.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from supplychain import pedigree
from supplychain.compiled import compile_arrays, reach
from supplychain.coverage import Resolved
from supplychain.draws import Central, Draws, Input, OneAtATime, Sample
from supplychain.model.adaptive import adaptive
from supplychain.model.wiring import wire
from supplychain.network import Network
from supplychain.result import Driver
from supplychain.run import Run
from supplychain.sectors import Sector, combined, mean_losses, segment_losses, shares
from supplychain.tables import Row

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_LANES_AT_ONCE = 64
_VISIBLE = 1e-9


def losses_in_parts(
    network: Network,
    resolved: Resolved,
    draws: Draws,
    chosen: Sequence[Sector],
    lanes: Index | None = None,
) -> list[Array]:
    """Adaptive loss of every slice of some sectors, (slices, L), a few lanes at a time.

    Only the given lanes are played, if any are. Lanes never touch each other, so the answer does
    not depend on the parts; a part fits a cache.
    """
    arrays = compile_arrays(network, resolved, draws).arrays
    wiring = wire(arrays)
    parts = []
    played = np.arange(draws.lanes) if lanes is None else lanes
    for start in range(0, played.size, _LANES_AT_ONCE):
        some = arrays.take(played[start : start + _LANES_AT_ONCE])
        outcome = adaptive(some, trace=False, wiring=wiring)
        parts.append([mean_losses(s, outcome) for s in chosen])
    return [np.concatenate(found, axis=1) for found in zip(*parts, strict=True)]


def bands(network: Network, run: Run, seed: int) -> dict[tuple[str, str], tuple[float, float]]:
    """10 and 90 % quantile of the adaptive loss of every hit sector over a seeded sample.

    Losses are linear in the affected shares, so every simulated lane is combined with many draws of
    the shares: the band costs no more runs and is less a matter of chance.
    """
    hit = [s for s in run.sectors if s.nodes]
    if not hit or not run.compiled.arrays.flows.covered.any():
        return {}
    parameters = network.parameters
    draws = Sample(int(parameters.value("band_draws")), seed)
    repeats = int(parameters.value("band_shares_per_draw"))
    more = Sample(draws.lanes * repeats, seed)
    levels = [parameters.value("band_low_quantile"), parameters.value("band_high_quantile")]
    losses = losses_in_parts(network, run.resolved, draws, hit)
    found = {}
    for sector, values in zip(hit, losses, strict=True):
        total = combined(np.tile(values, repeats), shares(sector, more))
        low, high = np.quantile(total, levels).tolist()
        found[sector.country, sector.sector] = (low, high)
    return found


def drivers(network: Network, run: Run) -> dict[tuple[str, str], tuple[Driver, ...]]:
    """Every uncertain figure moved to its low and to its high, one at a time."""
    hit = [s for s in run.sectors if run.loss(s, "adaptive") > 0 or run.loss(s, "frozen") > 0]
    if not hit:
        return {}
    rows = _rows_of_focus(network, run)
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


def _rows_of_focus(network: Network, run: Run) -> frozenset[Row]:
    """Rows worth moving one by one: constants, and inputs that focus countries may miss."""
    short = reach(network, run.resolved.measures).downstream
    rows = set(network.tables.rows("parameters"))
    for q in run.compiled.slots:
        slot = network.slots[q]
        if slot.commodity in short and network.nodes[slot.node].country in run.resolved.focus:
            rows |= {row for row in (slot.recipe, slot.stock) if row is not None}
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
