"""What knowing the future is worth: the planner again, who sees some months ahead and no further.

Month by month a plan is made with the measures that are seen; its first month is carried out and
the next plan starts from there. Beyond what is seen it counts on no restriction at all, so what is
left in stock or at sea is worth what it would be worth in the baseline; a planner who counted on
nothing beyond would never order what arrives after the last month that he sees.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from supplychain.errors import SolverError
from supplychain.model.arrays import Arrays, Regimes
from supplychain.model.programme import Linear, Programme
from supplychain.model.reduction import Reduced, reduced
from supplychain.model.solver import CERTIFICATE, solve
from supplychain.model.subgraph import units_of

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SOONER = 1e-3
"""Discount per month of what is not seen yet: of two equal plans, the one that delivers now."""
_HELD = 1e-7
"""Worth of a month's stock, up to the stock at the start: nothing is thrown away without need."""
_PAST = 1.0
"""Room in the rows of months that are past: they hold already, up to rounding."""


@dataclass(frozen=True)
class Rolled:
    """What a planner with limited foresight reaches.

    Attributes:
        foresight: months seen, the present one included.
        output: (T, nodes, K) as in `Plan`.
        residual: how far the path is from being feasible under the true ceilings; at most 1e-7.
    """

    foresight: int
    output: Array
    residual: float


def rolling(arrays: Arrays, targets: Index, value: Array, foresight: int) -> Rolled:
    """Plan every month anew, with so many months seen; 1 sees the present month only.

    While months are hidden, delivering sooner is preferred by 0.1 % a month, and stocks up to those
    at the start are kept unless they are of use. Once all months left are seen, the objective is
    that of `plan`, so with full foresight the loss is the same. The path is feasible under the true
    ceilings, so no foresight beats the plan that sees everything.

    Args:
        arrays: compiled with one lane.
        targets, value: as `plan`.
        foresight: at least 1.

    Raises:
        SolverError: as `plan`.
    """
    first = Programme(arrays, units_of(arrays, targets), targets, holds=True)
    linear = first.linear(value)
    seen = [first.under(believed(arrays, t + foresight)) for t in range(arrays.months)]
    x, month = np.zeros(first.size), _month_of(first)
    for t, (programme, kept) in enumerate(zip(seen, reduced(seen), strict=True)):
        hidden = t + foresight < arrays.months
        past, gone = month < t, _past_rows(first, t)
        # Stocks are kept for what is left to decide; an ample one needs no reason to be kept.
        now = replace(
            linear,
            cost=_impatient(first, value, t) * kept.free if hidden else linear.cost,
            right=linear.right + _PAST * gone,
            low=np.where(past, x, 0.0),
            high=np.where(past, x, programme.high()),
        )
        left = Reduced(kept.free & ~past, kept.rows & ~gone, np.where(past, x, kept.fixed))
        best = solve(now, left).x
        here = month == t
        x[here] = np.clip(best[here], 0.0, now.high[here])
    residual = _residual(linear, x)
    if not residual <= CERTIFICATE:
        raise SolverError(f"a path with limited foresight is infeasible by {residual:.2g}")
    return Rolled(foresight, first.target_output(x, linear.cost), residual)


def believed(arrays: Arrays, known: int) -> Arrays:
    """The same arrays with no measure from month `known` on."""
    lifted = np.arange(arrays.months)[:, None, None, None] >= known
    tables = (np.where(lifted, np.inf, t) for t in (arrays.regimes.ceiling, arrays.regimes.leaky))
    return replace(arrays, regimes=Regimes(*tables))


def losses(arrays: Arrays, targets: Index, value: Array, foresights: Sequence[int]) -> list[float]:
    """Value-weighted loss of the targets over the horizon, for each foresight."""
    found = []
    for months in foresights:
        output = rolling(arrays, targets, value, months).output
        found.append(float((value * (1.0 - output.mean(axis=(0, 2)))).sum() / value.sum()))
    return found


def _impatient(programme: Programme, value: Array, now: int) -> Array:
    """The objective while months are hidden: sooner rather than later, stocks kept."""
    cost, place = programme.cost(value), programme.at("held")
    cost *= (1.0 - _SOONER) ** np.maximum(_month_of(programme) - now, 0)
    cost[place] = -_HELD
    return cost


def _month_of(programme: Programme) -> Index:
    """Month of every variable."""
    month = np.empty(programme.size, dtype=np.int64)
    for name in programme.counts:
        month[programme.at(name)] = np.arange(programme.months)
    return month


def _past_rows(programme: Programme, now: int) -> Mask:
    """The rows of months before now; what a public stock holds in all is no month's."""
    past = np.zeros(programme.count, dtype=bool)
    for name, rows in programme.rows_of.items():
        if name == "production":
            past[rows[programme.line_month < now]] = True
        elif rows.ndim == 2:  # noqa: PLR2004 - rows of (member, month)
            past[rows[:, :now]] = True
        elif rows.size == programme.months:
            past[rows[:now]] = True
    return past


def _residual(linear: Linear, x: Array) -> float:
    """Largest violation of a row or bound."""
    over = (linear.matrix @ x - linear.right, -x, x - linear.high)
    return max(float(part.max(initial=0.0)) for part in over)
