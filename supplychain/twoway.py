"""How one sector's loss moves with two figures at once, everything else central.

Affected share x stock cover: one batched run, a lane per cover; only the sector's own slots are
moved, never those of others that rest on the same row of ``stocks.csv``; losses are linear in the
share. Severity x duration: a batched run per duration, a lane per severity.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.compiled import Compiled, compile_arrays, reach
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central, Input, Sample, Severities
from supplychain.errors import ScenarioError
from supplychain.growth import grown
from supplychain.measures import Measure, any_severity
from supplychain.model.adaptive import adaptive
from supplychain.model.outcome import Outcome
from supplychain.network.values import Network
from supplychain.scenario import Range, Scenario
from supplychain.sectors import (
    Sector,
    binding,
    combined,
    loss_share,
    mean_losses,
    sectors,
    shares,
)
from supplychain.tables import Row
from supplychain.uncertainty import losses_in_parts
from supplychain.world import World

Array = npt.NDArray[np.float64]

SEVERITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
DURATIONS = (1, 2, 3, 4, 6, 9, 12, 18, 24, 36)
COVERS = (7, 15, 30, 45, 60, 90, 120, 180, 270, 365)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)

_NEAR = 1.2
_SIDE = 2
_SAMPLE = 2000
_CLOSE = 0.03


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
class TimeCell:
    """The loss at one severity and one duration; low and high are those of the scenario.

    Attributes:
        severity: of the severest restriction; months: from first enforcement to the end.
        loss_share: adaptive loss over the sector's exports.
        central: it is the scenario's own severity and duration.
    """

    country: str
    sector: str
    severity: float
    months: int
    loss_share: float
    central: bool
    severity_low: float
    severity_high: float


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
    bench = Bench.of(world, scenario, country, sector)
    axes = bench.share_and_cover()
    if axes is None:
        return ()
    affected, cover = axes.share, axes.cover
    losses = bench.at_covers(axes, cover.values)
    ends = (cover.low, cover.high, affected.low, affected.high)
    found = []
    for share in affected.values:
        for days, whole in zip(cover.values, losses, strict=True):
            central = share == affected.central and days == cover.central
            lost = bench.loss if central else float(whole) * share / affected.central
            found.append(Cell(country, sector, axes.input, days, share, lost, central, *ends))
    return tuple(found)


def severity_duration_table(
    world: World, scenario: Scenario, country: str, sector: str
) -> tuple[TimeCell, ...]:
    """Adaptive loss of a sector over a grid of severities and durations.

    Where restrictions differ, the axes are those of the severest and of the longest; the milder
    keep their proportion, and none outlasts its own end unless it is one of the longest. The
    central cell is the adaptive loss that `supplychain.simulate` finds, exactly. Empty where the
    scenario does not reach the sector.

    Raises:
        KeyError: the country has no such sector.
        ScenarioError: no restriction has a severity, or the scenario does not fit the pack.
    """
    bench = Bench.of(world, scenario, country, sector)
    if not bench.slots:
        return ()
    severity, months = bench.severity, bench.months
    found = []
    for lasts in months.values:
        losses = bench.at_severities(severity.values, int(lasts))
        for value, lost in zip(severity.values, losses.tolist(), strict=True):
            central = value == severity.central and lasts == months.central
            shown = bench.loss if central else lost
            ends = (severity.low, severity.high)
            found.append(TimeCell(country, sector, value, int(lasts), shown, central, *ends))
    return tuple(found)


@dataclass(frozen=True)
class TwoAxes:
    """Affected share and cover of a sector: the axes, and the slots whose cover moves."""

    share: Axis
    cover: Axis
    input: str
    slots: tuple[int, ...]


@dataclass(frozen=True)
class Bench:
    """One sector of one scenario, ready to be played with other figures.

    Attributes:
        resolved: of a ladder, its full stop.
        slots: compiled slots of the sector that the restriction can reach.
        outcome, loss: the adaptive case at central values.
    """

    network: Network
    resolved: Resolved
    compiled: Compiled
    sector: Sector
    slots: tuple[int, ...]
    outcome: Outcome
    loss: float

    @classmethod
    def of(cls, world: World, scenario: Scenario, country: str, sector: str) -> "Bench":
        """Compile and play a scenario for one sector.

        Raises:
            KeyError: the country has no such sector.
            ScenarioError, UnknownNameError: the scenario does not fit the pack.
        """
        network = grown(world.network, scenario)
        resolved = hardest(resolve(replace(scenario, focus=(country,)), network))
        compiled = compile_arrays(network, resolved, Central())
        chosen = next(
            (s for s in sectors(network, compiled, resolved.focus) if s.sector == sector), None
        )
        if chosen is None:
            raise KeyError(f"{country} has no sector {sector!r} in this pack")
        slots = _reached_slots(network, resolved, compiled, chosen)
        outcome = adaptive(compiled.arrays)
        loss = float(loss_share(chosen, outcome, shares(chosen, Central()))[0])
        return cls(network, resolved, compiled, chosen, slots, outcome, loss)

    def share_and_cover(self) -> TwoAxes | None:
        """Axes around the pack's own figures; None where no stock of the sector is in reach."""
        if not self.slots:
            return None
        axis_slot = _axis_slot(self.network, self.compiled, self.sector, self.slots, self.outcome)
        slot = self.network.slots[self.compiled.slots[axis_slot]]
        if slot.stock is None or not slot.stock["cover_days"]:
            return None
        product = "/".join(p for p in slot.commodity if p)
        return TwoAxes(_share_axis(self.sector), _cover_axis(slot.stock), product, self.slots)

    def at_covers(self, axes: TwoAxes, days: Sequence[float]) -> Array:
        """Loss at each median cover, (L,), with the pack's own affected share."""
        factors = np.array(days) / axes.cover.central
        arrays = compile_arrays(self.network, self.resolved, CentralLanes(factors.size)).arrays
        cover = arrays.slots.cover.copy()
        cover[list(axes.slots)] *= factors[None, :, None]
        moved = replace(arrays, slots=replace(arrays.slots, cover=cover))
        lost = mean_losses(self.sector, adaptive(moved, trace=False))
        return combined(lost, shares(self.sector, Central()))

    @cached_property
    def severity(self) -> Axis:
        """Severities from nothing to a full stop, with those of the scenario.

        Raises:
            ScenarioError: no restriction has one.
        """
        held = [m.restriction.severity for m in self.resolved.measures if has_severity(m)]
        if not held:
            raise ScenarioError(
                "no restriction of this scenario has a severity: a tax has a rate, a dated path "
                "its months; state a ban, a quota or a licence"
            )
        own = max(held, key=lambda r: r.value)
        ends = {own.low, own.value, own.high}
        far = {g for g in SEVERITIES if all(abs(g - v) > _CLOSE for v in ends)}
        return Axis(tuple(sorted(ends | far)), own.value, own.low, own.high)

    @cached_property
    def months(self) -> Axis:
        """Months from the first enforcement to the last, within the horizon."""
        most = self.resolved.months - min(m.first_month for m in self.resolved.measures)
        own = min(max(map(_lasts, self.resolved.measures)), most)
        values = sorted({own, most, *(m for m in DURATIONS if m < most)})
        return Axis(tuple(map(float, values)), float(own), float(own), float(own))

    def at_severities(self, severities: Sequence[float], months: int) -> Array:
        """Loss at each severity of the severest restriction, (L,), for some months."""
        most = self.severity.central
        longest = max(map(_lasts, self.resolved.measures))
        measures = []
        for m in self.resolved.measures:
            part = m.restriction.severity.value / most if most > 0 else 1.0
            found = any_severity(m, part) if has_severity(m) else m
            lasts = months if _lasts(m) == longest else min(months, _lasts(m))
            measures.append(_lasting(found, lasts))
        resolved = replace(self.resolved, measures=tuple(measures))
        draws = Severities(tuple(severities))
        (lost,) = losses_in_parts(self.network, resolved, draws, [self.sector])
        return combined(lost, shares(self.sector, Central()))


def has_severity(measure: Measure) -> bool:
    """Whether a measure withholds a share: not a tax, not a dated path."""
    return measure.restriction.kind not in {"tax", "path"}


def _lasts(measure: Measure) -> int:
    """Months from its first enforcement to its end."""
    return measure.spells[-1][1] - measure.first_month


def _lasting(measure: Measure, months: int) -> Measure:
    """The same measure, ended earlier or later; its last spell is the one that goes on."""
    stop = measure.first_month + months
    spells = [(a, min(b, stop)) for a, b in measure.spells if a < stop]
    if stop > measure.spells[-1][1]:
        spells[-1] = (spells[-1][0], stop)
    return replace(measure, spells=tuple(spells))


def hardest(resolved: Resolved) -> Resolved:
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
