"""Scores of one claim: distance, whether it lies inside, and the interval score."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from supplychain.validation.claims import CONTROL, EPISODES, LATE, ORDINAL, Claim, Figure

ALPHA = 0.2
"""One less the level of the interval: bands run from the 10 to the 90 % quantile."""

LITTLE = 0.01
"""A change that a negative control calls nothing: one per cent."""

HALF = 0.5
"""What may at most be left of a loss that is said to vanish, or of one that was feared."""

_ROUNDING = 1e-6
_MARGIN = "smaller than the sum"


@dataclass(frozen=True)
class Ours:
    """Our answer to a claim, in the unit of the comparison.

    Attributes:
        cases: planner, adaptive, frozen, as far as they are defined; also ``peak``, a price with
            its overshoot.
        band: 10 and 90 % quantile of the adaptive case; None where nothing was sampled.
        naive: what the naive baselines say, by name, as far as they say anything.
        how: what was compared, where that needs a word.
    """

    cases: Mapping[str, float | None]
    band: tuple[float, float] | None = None
    naive: Mapping[str, float | None] = field(default_factory=dict)
    how: str = ""

    @property
    def central(self) -> float | None:
        """The adaptive case; None for never."""
        return self.cases["adaptive"]


def interval_score(low: float, high: float, value: float, alpha: float = ALPHA) -> float:
    """Width of an interval, and 2/alpha times how far a value lies outside it; smaller is better.

    ``(u - l) + 2/a (l - x)+ + 2/a (x - u)+``, of Gneiting and Raftery (2007), *J. American
    Statistical Association* 102, 359-378, equation 43.

    >>> interval_score(0.2, 0.4, 0.3), round(interval_score(0.2, 0.4, 0.5), 9)  # 0.2 + 10 * 0.1
    (0.2, 1.2)
    """
    outside = max(low - value, 0.0) + max(value - high, 0.0)
    return high - low + 2.0 / alpha * outside


def distance(ours: float, claimed: Figure) -> float | None:
    """Ours less the claimed figure; of a range how far outside it, and 0 inside.

    >>> distance(0.5, Figure(None, 0.2, None, "share")), distance(2.0, Figure(1.5, None, None, "x"))
    (0.3, 0.0)
    """
    if claimed.central is not None:
        return ours - claimed.central
    if claimed.low is not None and ours < claimed.low:
        return ours - claimed.low
    if claimed.high is not None and ours > claimed.high:
        return ours - claimed.high
    return None if claimed.low is None and claimed.high is None else 0.0


def relative(far: float | None, claimed: Figure) -> float | None:
    """A distance over the size of the claim; None of a claim of nothing.

    >>> relative(0.1, Figure(None, -0.2, None, "share"))
    0.5
    """
    size = claimed.central
    if size is None:
        ends = [x for x in (claimed.low, claimed.high) if x is not None]
        size = sum(ends) / len(ends) if ends else None
    return None if far is None or not size else far / abs(size)


def in_range(value: float, claimed: Figure) -> bool | None:
    """Whether a value lies in the claimed range; None where no range is stated."""
    if claimed.low is None and claimed.high is None:
        return None
    low = -math.inf if claimed.low is None else claimed.low
    high = math.inf if claimed.high is None else claimed.high
    return low - _ROUNDING <= value <= high + _ROUNDING


def in_band(claimed: Figure, band: tuple[float, float] | None) -> bool | None:
    """Whether the claimed figure lies in our band; None where either is missing."""
    if claimed.central is None or band is None:
        return None
    return band[0] - _ROUNDING <= claimed.central <= band[1] + _ROUNDING


def agrees(claim: Claim, claimed: Figure, ours: Ours) -> bool | None:
    """Whether we agree with a claim, by its kind; None where that cannot be said.

    - A negative control: nothing was observed to change by more than one per cent beyond the
      observed range, and so with us. A feared loss that never came: ours is nearer to nothing.
    - An ordinal claim: the direction is right (a price above or below its level before; a joint
      loss not larger than the sum; of a loss that vanishes in the long run less than half is left).
    - Any other: the figure lies in our band; where a range alone is stated, ours lies in that.
    """
    if ours.central is None:
        return False
    if claim.grade == CONTROL:
        return _says_little(claim, claimed, ours.central)
    if claim.grade == ORDINAL and claimed.central is not None:
        return _same_direction(claimed, ours.central)
    found = in_band(claimed, ours.band)
    return in_range(ours.central, claimed) if found is None else found


def _same_direction(claimed: Figure, value: float) -> bool:
    """Whether two figures lie on one side of no change; a margin over a sum may be nothing."""
    if _MARGIN in claimed.unit:
        return value >= -_ROUNDING
    if claimed.unit == LATE:
        return value < HALF
    change = (claimed.central or 0.0) - level(claimed)
    return change * (value - level(claimed)) > _ROUNDING**2


def level(claimed: Figure) -> float:
    """What stands for no change in the unit of a claim: 1 of a ratio, else 0."""
    return 1.0 if claimed.unit.startswith("ratio") else 0.0


def _says_little(claim: Claim, claimed: Figure, value: float) -> bool:
    if claimed.central is None:
        return bool(in_range(value, claimed))
    if claim.table != EPISODES:  # what was feared, and did not come
        return abs(value) <= abs(claimed.central) * HALF
    return bool(in_range(value, claimed)) or abs(value - claimed.central) <= LITTLE
