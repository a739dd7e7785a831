"""How one sector's loss moves with its affected share and its stock cover.

One batched run: a lane per cover, everything else central. Only the sector's own slots are moved,
never those of others that rest on the same row of ``stocks.csv``. Losses are linear in the share.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from supplychain.compiled import Compiled, compile_arrays, reach
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central, Input, Sample
from supplychain.growth import grown
from supplychain.model.adaptive import adaptive
from supplychain.model.outcome import Outcome
from supplychain.network.values import Network
from supplychain.scenario import Range, Scenario
from supplychain.sectors import Sector, binding, loss_share, sectors, shares
from supplychain.tables import Row
from supplychain.world import World

Array = npt.NDArray[np.float64]

COVERS = (7, 15, 30, 45, 60, 90, 120, 180, 270, 365)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)

_NEAR = 1.2
_SIDE = 2
_SAMPLE = 2000


@dataclass(frozen=True)
class Cell:
    """The loss at one cover and one affected share; low and high are the pack's 10 and 90 %.

    Attributes:
        input: the input whose cover stands on the axis (other reached inputs move in proportion).
        cover_days, affected_share: where the cell stands; central: it is the pack's own value.
        loss_share: adaptive loss over the sector's exports.
    """

    country: str
    sector: str
    input: str
    cover_days: float
    affected_share: float
    loss_share: float
    central: bool
    cover_low: float
    cover_high: float
    share_low: float
    share_high: float


@dataclass(frozen=True)
class CentralLanes:
    """Several lanes, every figure of each at its central value."""

    lanes: int

    def scores(self, figure: Input) -> Array:  # noqa: ARG002 - the protocol's signature
        """Zero in every lane."""
        return np.zeros(self.lanes)


@dataclass(frozen=True)
class Axis:
    """Values of one axis, the central one among them, and the 10 and 90 % of the pack."""

    values: tuple[float, ...]
    central: float
    low: float
    high: float

    @classmethod
    def around(
        cls, central: float, low: float, high: float, grid: Sequence[float], most: float = np.inf
    ) -> "Axis":
        """The central value, its low and high, and round values that are not too near to these.

        >>> Axis.around(70, 30, 140, (15, 20, 35, 60, 90, 180)).values
        (15, 20, 30, 70, 90, 140, 180)
        """
        own = sorted({min(low, most), central, min(high, most)})
        far = [g for g in grid if g <= most and not any(v / _NEAR < g < v * _NEAR for v in own)]
        inside = [g for g in far if own[0] < g < own[-1]]
        below, above = [g for g in far if g < own[0]], [g for g in far if g > own[-1]]
        values = sorted([*below[-_SIDE:], *own, *inside, *above[:_SIDE]])
        return cls(tuple(values), central, min(low, most), min(high, most))


def share_cover_table(
    world: World, scenario: Scenario, country: str, sector: str
) -> tuple[Cell, ...]:
    """Adaptive loss of a sector over a grid of stock covers and affected shares.

    The central cell is the adaptive loss that `supplychain.simulate` finds (of a ladder: its full
    stop), exactly. Empty where the scenario does not reach the sector.

    Raises:
        KeyError: the country has no such sector.
        ScenarioError, UnknownNameError: the scenario does not fit the pack.
    """
    network = grown(world.network, scenario)
    resolved = _hardest(resolve(replace(scenario, focus=(country,)), network))
    compiled = compile_arrays(network, resolved, Central())
    chosen = next((s for s in sectors(network, compiled, (country,)) if s.sector == sector), None)
    if chosen is None:
        raise KeyError(f"{country} has no sector {sector!r} in this pack")
    slots = _reached_slots(network, resolved, compiled, chosen)
    if not slots:
        return ()
    central_run = adaptive(compiled.arrays)
    axis_slot = _axis_slot(network, compiled, chosen, slots, central_run)
    stock = network.slots[compiled.slots[axis_slot]].stock
    if stock is None or not stock["cover_days"]:
        return ()
    cover, affected = _cover_axis(stock), _share_axis(chosen)
    outcomes = _run(network, resolved, slots, [v / cover.central for v in cover.values])
    outcomes[cover.values.index(cover.central)] = central_run  # to the last bit
    product = "/".join(p for p in network.slots[compiled.slots[axis_slot]].commodity if p)
    ends = (cover.low, cover.high, affected.low, affected.high)
    found = []
    for share in affected.values:
        factor = 1.0 if share == affected.central else share / affected.central
        drawn = shares(chosen, Central()) * factor
        for days, outcome in zip(cover.values, outcomes, strict=True):
            lost = float(loss_share(chosen, outcome, drawn)[0])
            central = share == affected.central and days == cover.central
            found.append(Cell(country, sector, product, days, share, lost, central, *ends))
    return tuple(found)


def _hardest(resolved: Resolved) -> Resolved:
    """The scenario itself, or of a ladder its last rung, the full stop."""
    if not resolved.scenario.ladder:
        return resolved
    measures = tuple(
        replace(m, restriction=replace(m.restriction, kind="ban", severity=Range.of(1.0), path=()))
        for m in resolved.measures
    )
    return replace(resolved, measures=measures)


def _reached_slots(
    network: Network, resolved: Resolved, compiled: Compiled, sector: Sector
) -> tuple[int, ...]:
    """Compiled slots of the sector whose input lies downstream of what is restricted."""
    downstream = reach(network, resolved.measures).downstream
    own = set(sector.nodes)
    return tuple(
        k
        for k, q in enumerate(compiled.slots)
        if int(compiled.arrays.slots.node[k]) in own and network.slots[q].commodity in downstream
    )


def _axis_slot(
    network: Network, compiled: Compiled, sector: Sector, slots: Sequence[int], outcome: Outcome
) -> int:
    """The sector's own slot that binds; where nothing does, the one with the largest need."""
    found = binding(network, compiled, sector, outcome)
    if found.slots and found.slots[0] in slots:
        return found.slots[0]
    return max(
        slots, key=lambda k: (compiled.arrays.slots.cover[k].any(), compiled.arrays.slots.need[k])
    )


def _cover_axis(stock: Row) -> Axis:
    """Median covers around the row's own, in days."""
    central = float(stock["cover_days"])
    low, high = (
        central if stock[c] is None else float(stock[c]) for c in ("median_low", "median_high")
    )
    return Axis.around(central, low, high, COVERS)


def _share_axis(sector: Sector) -> Axis:
    """Affected shares around the sum of the reached slices; 10 and 90 % as the band draws them."""
    central = float(shares(sector, Central()).sum())
    if len(sector.rows) == 1:
        low, high = (float(sector.rows[0][c]) for c in ("low", "high"))
    else:
        low, high = np.quantile(shares(sector, Sample(_SAMPLE, 1)).sum(axis=0), [0.1, 0.9]).tolist()
    return Axis.around(central, low, high, SHARES, 1.0)


def _run(
    network: Network, resolved: Resolved, slots: Sequence[int], factors: Sequence[float]
) -> list[Outcome]:
    """A run per factor on the covers of the sector's slots, simulated side by side."""
    arrays = compile_arrays(network, resolved, CentralLanes(len(factors))).arrays
    cover = arrays.slots.cover.copy()
    cover[list(slots)] *= np.array(factors)[None, :, None]
    outcome = adaptive(replace(arrays, slots=replace(arrays.slots, cover=cover)), trace=False)
    return [_lane(outcome, k) for k in range(len(factors))]


def _lane(outcome: Outcome, lane: int) -> Outcome:
    """What one lane made and delivered."""
    only = slice(lane, lane + 1)
    return replace(
        outcome,
        output=outcome.output[:, :, only].copy(),
        delivered=outcome.delivered[:, :, only].copy(),
    )
