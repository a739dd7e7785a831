"""A sample of a scenario's losses, and the same sample with some figures known.

Knowing a figure is a lane in which it stands still while all others are drawn as before (common
random numbers), so that what its doubt adds to a band is seen through little noise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt

from supplychain.draws import Draws, Input, Sample, normal_scores
from supplychain.network import Network
from supplychain.run import Run
from supplychain.sectors import Sector, combined, shares
from supplychain.uncertainty import losses_in_parts

Array = npt.NDArray[np.float64]

Known = Mapping[str, float]
"""Normal score of each group of figures (`supplychain.draws.Input.group`) that is known."""

_RESAMPLES = 100
_TWO_ERRORS = 2.0
_ROUNDING = 1e-12


@dataclass(frozen=True)
class Worlds:
    """The lanes of other draws once per set of known figures, side by side.

    >>> severity = Input(None, "severity", 0.5, 0.2, 0.9)
    >>> draws = Worlds(Sample(2, seed=1), ({}, {severity.group: 0.0}))
    >>> draws.lanes, draws.scores(severity)[2:].tolist()
    (4, [0.0, 0.0])
    """

    base: Draws
    known: Sequence[Known]
    _scores: dict[str, Array] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def lanes(self) -> int:
        """Those of the base, as often as there are sets."""
        return self.base.lanes * len(self.known)

    def scores(self, figure: Input, /) -> Array:
        """The base's own scores, or the known one."""
        if figure.name not in self._scores:
            group, drawn = figure.group, self.base.scores(figure)
            parts = [
                np.full(self.base.lanes, known[group]) if group in known else drawn
                for known in self.known
            ]
            self._scores[figure.name] = np.concatenate(parts)
        return self._scores[figure.name]


def values_known(groups: Sequence[str], count: int, seed: int) -> list[Known]:
    """Where known figures may turn out to stand: the middles of equal parts of their distribution.

    Several groups are shuffled against each other (a Latin hypercube of `count` points).

    >>> [round(known["a"], 3) for known in values_known(["a"], 3, seed=1)]
    [-0.967, 0.0, 0.967]
    """
    middles = normal_scores((np.arange(count) + 0.5) / count)
    columns = {}
    for group in groups:
        rng = np.random.Generator(np.random.Philox(key=[seed, crc32(group.encode())]))
        columns[group] = middles if len(groups) == 1 else rng.permutation(middles)
    return [{group: float(column[k]) for group, column in columns.items()} for k in range(count)]


@dataclass(frozen=True)
class Shrinkage:
    """How much narrower a band would be if something were known.

    Attributes:
        before, after: width of the band now, and expected width once it is known.
        error: standard error of their difference over the draws.
    """

    before: float
    after: float
    error: float

    @property
    def share(self) -> float:
        """Part of the band that goes away; below 0 where knowing widens it, which is noise.

        >>> Shrinkage(0.5, 0.25, 0.01).share
        0.5
        """
        return 1.0 - self.after / self.before if self.before > 0 else 0.0

    @property
    def within_noise(self) -> bool:
        """Whether the sample is too small to tell it from nothing (two standard errors)."""
        return self.before - self.after <= _TWO_ERRORS * self.error + _ROUNDING * self.before


Change = Callable[[Sector, Draws], Array]
"""Affected shares of a sector, (slices, draws), as they are if something is known of them."""


@dataclass(frozen=True)
class Ensemble:
    """Sampled losses of some sectors of a run.

    The band is that of `supplychain.uncertainty.bands` with as many draws: each simulated lane is
    combined with many draws of the affected shares.

    Attributes:
        lanes: simulated draws; values: values at which a known figure is held, one after another.
    """

    network: Network
    run: Run
    sectors: tuple[Sector, ...]
    lanes: int
    values: int
    seed: int

    @cached_property
    def _repeats(self) -> int:
        """Draws of the affected shares per lane."""
        return int(self.network.parameters.value("band_shares_per_draw"))

    @cached_property
    def levels(self) -> tuple[float, float]:
        """Quantiles of the band."""
        value = self.network.parameters.value
        return value("band_low_quantile"), value("band_high_quantile")

    @cached_property
    def _moving(self) -> frozenset[str]:
        """Groups that move a simulation; all others move affected shares alone."""
        return frozenset(figure.group for figure in self.run.asked)

    def shrinkages(self, groups: Sequence[Sequence[str]]) -> list[dict[Sector, Shrinkage]]:
        """For each set of groups, how the band of each sector shrinks once all of it is known."""
        worlds = [values_known(g, self.values, self.seed) for g in groups]
        played = self.play([known for several in worlds for known in several])
        whole = self.totals(played[0], {})
        found = []
        for k, several in enumerate(worlds):
            own = played[1 + k * self.values : 1 + (k + 1) * self.values]
            totals = [self.totals(p, known) for p, known in zip(own, several, strict=True)]
            found.append(self.compare(whole, totals))
        return found

    def play(self, worlds: Sequence[Known]) -> list[list[Array]]:
        """Losses of every slice of every sector, (slices, lanes): as drawn, then in each world.

        Worlds that know nothing that moves a simulation are not simulated again.
        """
        cut = [{g: z for g, z in known.items() if g in self._moving} for known in worlds]
        distinct: list[Known] = [{}]
        distinct += [known for k, known in enumerate(cut) if known and known not in cut[:k]]
        draws = Worlds(Sample(self.lanes, self.seed), distinct)
        found = losses_in_parts(self.network, self.run.resolved, draws, self.sectors)
        parts = [np.split(losses, len(distinct), axis=1) for losses in found]
        return [
            [part[distinct.index(known)] for part in parts] for known in [dict[str, float](), *cut]
        ]

    def totals(
        self, played: Sequence[Array], known: Known, change: Change | None = None
    ) -> list[Array]:
        """Loss of every sector, (repeats, lanes), over simulated lanes and drawn shares."""
        draws = Worlds(Sample(self.lanes * self._repeats, self.seed), [known])
        found = []
        for sector, losses in zip(self.sectors, played, strict=True):
            drawn = shares(sector, draws) if change is None else change(sector, draws)
            total = combined(np.tile(losses, self._repeats), drawn)
            found.append(total.reshape(self._repeats, self.lanes))
        return found

    def compare(
        self, whole: Sequence[Array], known: Sequence[Sequence[Array]]
    ) -> dict[Sector, Shrinkage]:
        """The band as it is, against the mean over the bands in which something is known.

        The standard error is that over draws with replacement (a bootstrap), the same in all. It
        knows nothing of the strata of the sample, so that it is rather too large than too small.
        """
        rng = np.random.Generator(np.random.Philox(key=[self.seed, self.lanes]))
        again = rng.integers(self.lanes, size=(_RESAMPLES, self.lanes))
        found = {}
        for k, sector in enumerate(self.sectors):
            before, after = self._width(whole[k]), np.mean([self._width(t[k]) for t in known])
            gains = [
                self._width(whole[k][:, lanes])
                - np.mean([self._width(t[k][:, lanes]) for t in known])
                for lanes in again
            ]
            found[sector] = Shrinkage(before, float(after), float(np.std(gains)))
        return found

    def _width(self, losses: Array) -> float:
        """Width of the band of some losses."""
        low, high = np.quantile(losses, self.levels).tolist()
        return float(high - low)
