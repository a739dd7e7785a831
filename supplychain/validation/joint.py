"""Draws in which the licence of each lane is one of a given mixture, drawn whole."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from supplychain.draws import Draws, Input, Sample, scores_for
from supplychain.restriction import Range, Restriction
from supplychain.scenario import Scenario
from supplychain.validation.fit import spaced

Array = npt.NDArray[np.float64]

LAW = ("licence_dead_time_months", "licence_ramp_months", "", "licence_headroom")
"""Constants of the four figures of a licence; what it withholds is the scenario's own."""

LEVELS = (0.1, 0.5, 0.9)
WITHHELD = LAW.index("")


@dataclass(frozen=True)
class Joint:
    """A sample, but for the licences: those of the lanes are given.

    Attributes:
        whole: where all else is drawn.
        laws: (lanes, 4), in the order of `LAW`.
        stated: the severity that the scenario states for its licences, so that another measure's
            severity is left alone.
    """

    whole: Draws
    laws: Array
    stated: Range

    @classmethod
    def of(cls, pool: Array, stated: Range, lanes: int, seed: int) -> Joint:
        """Evenly spaced licences of a pool, in a random order."""
        order = np.random.Generator(np.random.Philox(key=[seed, len(pool)])).permutation(lanes)
        return cls(Sample(lanes, seed), spaced(pool, lanes)[order], stated)

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return len(self.laws)

    def scores(self, figure: Input, /) -> Array:
        """The score at which a figure of the licence is the lane's own."""
        column = self._column(figure)
        if column is None:
            return self.whole.scores(figure)
        return scores_for(figure, self.laws[:, column])

    def _column(self, figure: Input) -> int | None:
        if figure.row is None:
            same = Range(figure.value, figure.low, figure.high) == self.stated
            return WITHHELD if figure.kind == "severity" and same else None
        name = figure.row["parameter"] if figure.row.table == "parameters" else ""
        return LAW.index(name) if name and name in LAW else None


def ranges(pool: Array) -> tuple[Range, ...]:
    """10, 50 and 90 % quantiles of each figure of the licences of a pool."""
    low, value, high = np.quantile(pool, LEVELS, axis=0).tolist()
    return tuple(Range(v, a, b) for a, v, b in zip(low, value, high, strict=True))


def with_licence(scenario: Scenario, severity: Range) -> Scenario:
    """A scenario whose licences follow the constants and withhold another share."""
    changed = (
        replace(r, severity=severity, dead_time_months=None, ramp_months=None)
        if r.kind == "licence"
        else r
        for r in scenario.restrictions
    )
    return replace(scenario, restrictions=tuple(changed))


def with_path(scenario: Scenario, path: tuple[float, ...]) -> Scenario:
    """A scenario in which a dated path stands for its licences; the last value goes on."""
    whole = path + path[-1:] * max(scenario.counted_months - len(path), 0)
    changed = (
        Restriction(
            r.actor, r.items, "path", Range.of(0.0), r.months, r.start, r.to, r.exclude, r.form,
            r.stage, whole, end=r.end, suspended=r.suspended, uses=r.uses,
        )
        if r.kind == "licence"
        else r
        for r in scenario.restrictions
    )  # fmt: skip
    return replace(scenario, restrictions=tuple(changed))
