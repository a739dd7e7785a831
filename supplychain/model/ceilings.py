"""From a measure to the most that may leave each month, in months of baseline flow."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def constant_ceiling(months: int, severity: float) -> Array:
    """Ban or quota: ``1 - severity`` of the baseline flow in every month.

    >>> constant_ceiling(3, 0.8).round(3).tolist()
    [0.2, 0.2, 0.2]
    """
    return np.full(months, 1.0 - severity)


def licence_ceiling(
    months: int, severity: float, *, dead_time: float, ramp: float, headroom: float
) -> Array:
    """Licence: nothing for the dead time, then approvals ramp up to ``1 - severity``.

    The approval rate of month t (counted from 1) is the mean over that month of a line that is 0
    until the dead time ends and reaches ``1 - severity`` after the ramp. What was approved later
    than it was ordered is cleared above the normal rate, by at most `headroom`, until the approved
    share of all orders so far has been shipped: headroom exists only against the licence's own
    backlog.

    By hand, dead time 2, ramp 0, severity 0, headroom 1.25: two months nothing, then 1.25 a month
    until the two missed months are cleared (8 months later):

    >>> licence_ceiling(4, 0.0, dead_time=2, ramp=0, headroom=1.25).tolist()
    [0.0, 0.0, 1.25, 1.25]
    """
    fine = np.arange(months * 100) / 100 + 0.005
    rise = np.clip((fine - dead_time) / ramp, 0.0, 1.0) if ramp > 0 else (fine >= dead_time) * 1.0
    approval = (1.0 - severity) * rise.reshape(months, 100).mean(axis=1)
    approved = 1.0 - severity
    ceiling = np.zeros(months)
    for t in range(months):
        full = approval[t] >= approved - 1e-12
        backlog = approved * t - ceiling[:t].sum()
        wanted = approved + backlog
        ceiling[t] = min(wanted, headroom * approved) if full else min(approval[t], wanted)
    return ceiling


def path_ceiling(months: int, path: Sequence[float]) -> Array:
    """A dated path: monthly ceilings as shares of baseline; its last value continues.

    Values above 1 only clear the path's own backlog: cumulative flow never passes cumulative
    baseline.

    >>> path_ceiling(4, [0.5, 2.0]).tolist()
    [0.5, 1.5, 1.0, 1.0]
    """
    values = list(path) + [path[-1]] * max(months - len(path), 0)
    ceiling = np.zeros(months)
    for t in range(months):
        ceiling[t] = min(values[t], t + 1 - ceiling[:t].sum())
    return ceiling


def backlog_months(path: Sequence[float]) -> Array:
    """Orders not yet shipped at the end of each month, in months of baseline supply.

    ``backlog_t = max(0, backlog_(t-1) + 1 - path_t)``.

    >>> backlog_months([0.55, 0.26, 0.67, 1.17]).round(2).tolist()
    [0.45, 1.19, 1.52, 1.35]
    """
    backlog, found = 0.0, []
    for ratio in path:
        backlog = max(0.0, backlog + 1.0 - ratio)
        found.append(backlog)
    return np.array(found)


def stop_month(
    cover_months: float, path: Sequence[float], restricted_share: float = 1.0
) -> float | None:
    """When a plant with a given cover first runs out, in months from the start, or None if never.

    A stock of C months lasts until the cumulative missing supply, spread evenly within each month,
    passes C: ``share * backlog(t) > C``.

    A wholly supplied plant with 0.75 months of cover on the 2025 curve runs out 40 % into the
    second month (mid-May, as the curve starts in April):

    >>> round(stop_month(0.75, [0.55, 0.26, 0.67]), 2)
    1.41
    >>> stop_month(1.6, [0.55, 0.26, 0.67, 1.17]) is None
    True
    """
    stock = cover_months
    for month, ratio in enumerate(path):
        missing = restricted_share * (1.0 - ratio)
        if missing > stock:
            return month + stock / missing
        stock = min(stock - missing, cover_months)
    return None


def leaky(ceiling: Array, leakage: Array) -> Array:
    """Ceiling with leakage: that share of what is withheld arrives through third countries.

    ``g + leakage * (1 - g)`` where g < 1.

    >>> leaky(np.array([0.0, 1.2]), np.array([0.3, 0.3])).tolist()
    [0.3, 1.2]
    """
    return ceiling + leakage * np.maximum(1.0 - ceiling, 0.0)
