"""What each licence did: dead time, ramp, share withheld and headroom, fitted to its record.

Approximate Bayesian computation by rejection (Beaumont, Zhang and Balding 2002, *Genetics* 162,
2025-2035): draw licences from a prior, play the engine's own law on them, keep those that come
near the record.

The prior is uniform and wide: each end is physical, none is read off a record.

- dead time, 0 to 6 months: laws give authorities 45 working days (China) to 90 days (Japan); twice
  the longer.
- ramp, 0 to 12 months: a practice that needs more than a year to settle is none.
- withheld after the ramp, 0 to 1: anything from a formality to a ban.
- headroom, 1 to 2: makers with queues work at most double shifts for the customers abroad.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.ceilings import licence_ceiling
from supplychain.validation.licences import HORIZON, Measure, Record

Array = npt.NDArray[np.float64]

NAMES = ("dead time", "ramp", "withheld", "headroom")
PRIOR = ((0.0, 6.0), (0.0, 12.0), (0.0, 1.0), (1.0, 2.0))
"""Ends of the uniform prior, in the order of `NAMES`: months, months, share, ratio."""

DRAWS, KEPT = 20_000, 0.01
SCATTER = 0.1
"""How far months stand from their mean where no measure holds a flow: mean absolute deviation.

Chinese exports of natural graphite in 2022 and 2023 before their licence: 0.16, to Japan 0.15, to
Korea 0.20; of metallic magnets by value 2022-2024, about a moving year: 0.09 (UN Comtrade).
A licence that comes nearer to a record than this is no better than one that comes as near.
"""

POOL = 600
"""Licences that each measure lends to a mixture: flows of one measure share them."""

_AT_ONCE = 2_000


@dataclass(frozen=True)
class Bank:
    """Licences drawn from the prior, and what they let through.

    Attributes:
        laws: (N, 4) in the order of `NAMES`; ceilings: (T, N).
    """

    laws: Array
    ceilings: Array

    @classmethod
    def of(cls, laws: Array, months: int = HORIZON) -> Bank:
        """Play the engine's law on some licences."""
        return cls(laws, ceilings(laws, months))

    @classmethod
    def prior(cls, seed: int = 1, draws: int = DRAWS) -> Bank:
        """Licences drawn from the prior."""
        low, high = np.array(PRIOR).T
        rng = np.random.Generator(np.random.Philox(key=[seed, 0]))
        return cls.of(low + rng.random((draws, len(NAMES))) * (high - low))


def ceilings(laws: Array, months: int) -> Array:
    """What licences (N, 4) let through of a flow, (months, N), by `licence_ceiling`."""
    parts = [
        licence_ceiling(months, withheld, dead_time=dead, ramp=ramp, headroom=headroom)
        for dead, ramp, withheld, headroom in (
            laws[start : start + _AT_ONCE].T for start in range(0, len(laws), _AT_ONCE)
        )
    ]
    return np.concatenate(parts, axis=1)


@dataclass(frozen=True)
class Posterior:
    """The licences that come near one record.

    Attributes:
        laws: (n, 4), in the order in which they were drawn.
        nearest, tolerance: mean absolute error of the best licence, and of the worst that is kept.
    """

    record: Record
    laws: Array
    nearest: float
    tolerance: float

    def quantiles(self, levels: Sequence[float] = (0.1, 0.5, 0.9)) -> Array:
        """Of the four, (levels, 4)."""
        return np.quantile(self.laws, levels, axis=0)


def distances(record: Record, found: Array) -> Array:
    """Mean absolute error over the months of a record, (N,), of ceilings (T, N)."""
    observed = np.array([s.ratio for s in record.seen])
    return np.asarray(np.abs(record.flows(found) - observed[:, None]).mean(axis=0))


def fitted(record: Record, bank: Bank) -> Posterior:
    """The licences of a bank that come near a record.

    Kept are the nearest one in a hundred, and all that are nearer than months scatter by
    themselves (`SCATTER`).
    """
    far = distances(record, bank.ceilings)
    tolerance = max(float(np.quantile(far, KEPT)), SCATTER)
    kept = np.flatnonzero(far <= tolerance)
    return Posterior(record, bank.laws[kept], float(far.min()), tolerance)


def pooled(found: Iterable[Posterior], without: Measure) -> Array:
    """Licences of all other measures, (n, 4): an equal mixture of measures, within one of flows.

    Records that are too short lend nothing (`Record.is_lent`).

    >>> from supplychain.validation.licences import Seen
    >>> a, b, seen = Measure("CHN", "2023-08-01"), Measure("CHN", "2025-04-04"), (Seen(1, 3, 0.5),)
    >>> one, two = (Posterior(Record(m, (), (), 1.0, seen), np.ones((5, 4)), 0, 0) for m in (a, b))
    >>> pooled([one, two], without=b).shape, pooled([one], without=a).shape
    ((600, 4), (0, 4))
    """
    groups: dict[Measure, list[Posterior]] = {}
    for posterior in found:
        if posterior.record.measure != without and posterior.record.is_lent:
            groups.setdefault(posterior.record.measure, []).append(posterior)
    parts = [spaced(p.laws, POOL // len(group)) for group in groups.values() for p in group]
    return np.concatenate([np.empty((0, len(NAMES))), *parts])


def spaced(laws: Array, count: int) -> Array:
    """So many of some rows, evenly spaced; rows come again where there are fewer.

    >>> spaced(np.array([[1.0], [2.0], [3.0], [4.0]]), 2).tolist()
    [[2.0], [4.0]]
    """
    at = (np.arange(count) + 0.5) * len(laws) / count
    return np.asarray(laws[at.astype(int)])
