"""From a measure to the most that may leave each month, in months of baseline flow."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_FULL = 1e-12  # approvals this close to their end have reached it; less is not cleared


def constant_ceiling(months: int, severity: float) -> Array:
    """Ban or quota: ``1 - severity`` of the baseline flow in every month.

    >>> constant_ceiling(3, 0.8).round(3).tolist()
    [0.2, 0.2, 0.2]
    """
    return np.full(months, 1.0 - severity)


def licence_ceiling(
    months: int,
    severity: Array | float,
    *,
    dead_time: Array | float,
    ramp: Array | float,
    headroom: Array | float,
) -> Array:
    """Licence: nothing for the dead time, then approvals ramp up to ``1 - severity``.

    The approval rate of month t (counted from 1) is the mean over that month of a line that is 0
    until the dead time ends and reaches ``1 - severity`` after the ramp. What was approved later
    than it was ordered is cleared above the normal rate, by at most `headroom`, until the approved
    share of all orders so far has been shipped: headroom exists only against the licence's own
    backlog. Of plain numbers the ceilings are (T,); of N of each, (T, N).

    By hand, dead time 2, ramp 0, severity 0, headroom 1.25: two months nothing, then 1.25 a month
    until the two missed months are cleared (8 months later):

    >>> licence_ceiling(4, 0.0, dead_time=2, ramp=0, headroom=1.25).tolist()
    [0.0, 0.0, 1.25, 1.25]
    """
    approval = approvals(months, severity, dead_time=dead_time, ramp=ramp)
    approved = 1.0 - severity
    ceiling = np.zeros(approval.shape)
    for t in range(months):
        full = approval[t] >= approved - _FULL
        wanted = approved + (approved * t - ceiling[:t].sum(axis=0))
        most = np.where(full, headroom * approved, approval[t])
        ceiling[t] = np.minimum(wanted, most)
    return ceiling


def approvals(
    months: int, severity: Array | float, *, dead_time: Array | float, ramp: Array | float
) -> Array:
    """Share of each month's orders that a licence approves in time, (T,) or (T, N).

    The mean over the month of a line that is 0 until the dead time ends and reaches
    ``1 - severity`` after the ramp.

    >>> approvals(3, 0.5, dead_time=1, ramp=1).round(3).tolist()
    [0.0, 0.25, 0.5]
    """
    sizes = np.broadcast_shapes(np.shape(severity), np.shape(dead_time), np.shape(ramp))
    fine = (np.arange(months * 100) / 100 + 0.005).reshape(-1, *(1 for _ in sizes))
    climbed = np.clip(fine - dead_time, 0.0, ramp)
    steep = np.where(np.asarray(ramp) > 0, ramp, 1.0)
    rise = np.where(np.asarray(ramp) > 0, climbed / steep, (fine >= dead_time) * 1.0)
    return np.asarray((1.0 - severity) * rise.reshape(months, 100, *rise.shape[1:]).mean(axis=1))


def uneven_licence(
    months: int,
    severity: float,
    *,
    dead_time: float,
    ramp: float,
    headroom: float,
    luck: float,
    plants: int,
) -> Array:
    """Licence ceilings of every plant, (T, plants), whose mean is `licence_ceiling` in every month.

    The share `luck` of the approvals A(t) falls wholly on some plants, in the order of their
    `luck_ranks` r, the rest evenly on all::

        a_k(t) = (1 - luck) A(t) + luck clip(plants A(t) - r_k, 0, 1)

    What a plant was approved later than it ordered is its own backlog b_k. The licence clears as
    much in a month as it would for plants alike (its ceiling less A(t)), shared pro rata to b_k, so
    that all backlogs end together: a plant approved late ships above the headroom meanwhile.

    Two plants, dead time 1, ramp 2, nothing withheld, no headroom: approvals of a quarter and three
    quarters. The first plant is approved by half in the second month and wholly in the third:

    >>> options = {"dead_time": 1, "ramp": 2, "headroom": 1, "plants": 2}
    >>> uneven_licence(4, 0.0, luck=1, **options).round(3).tolist()
    [[0.0, 0.0], [0.5, 0.0], [1.0, 0.5], [1.0, 1.0]]
    >>> uneven_licence(3, 0.0, luck=0, **options).round(3).tolist()
    [[0.0, 0.0], [0.25, 0.25], [0.75, 0.75]]
    """
    whole = licence_ceiling(months, severity, dead_time=dead_time, ramp=ramp, headroom=headroom)
    approval = np.minimum(approvals(months, severity, dead_time=dead_time, ramp=ramp), whole)
    rank = luck_ranks(plants)

    def spread(share: Array | float) -> Array:
        """What each plant is approved of an average share."""
        even = np.asarray(share)[..., None]
        lucky = np.clip(plants * even - rank, 0.0, 1.0)
        return np.asarray((1.0 - luck) * even + luck * lucky, dtype=np.float64)

    due, ceiling = spread(1.0 - severity), spread(approval)
    for t in range(months):
        backlog: Array = due * t - ceiling[:t].sum(axis=0)
        cleared = whole[t] - approval[t]
        if cleared > _FULL:
            ceiling[t] += cleared * backlog / backlog.mean()
    return ceiling


@cache
def luck_ranks(plants: int) -> tuple[int, ...]:
    """Places of plants, ordered by stock cover, in the order of approvals: about uncorrelated.

    Of the permutations ``k -> (m k + c) mod plants`` the first with the smallest rank correlation.

    >>> luck_ranks(7)
    (3, 5, 0, 2, 4, 6, 1)
    """
    place = np.arange(plants)
    steps = [m for m in range(1, plants + 1) if np.gcd(m, plants) == 1]
    found = [(m * place + c) % plants for m in steps for c in range(plants)]
    middle = place - place.mean()
    best = min(found, key=lambda rank: abs(round(float(middle @ rank), 9)))
    return tuple(best.tolist())


def turn_ceilings(severity: float, sizes: Sequence[float]) -> Array:
    """A quota that serves classes of users in turn: ceiling of each class, (classes,).

    The cap is ``1 - severity`` of all baseline flows together; a class of size Q gets what those
    before it left::

        g_c = clip((cap - sizes of the classes before) / Q_c, 0, 1)

    Half of 10 + 10 + 20 is 20: the first two are served in full.

    >>> turn_ceilings(0.5, [10, 10, 20]).tolist(), turn_ceilings(0.75, [4, 12]).tolist()
    ([1.0, 1.0, 0.0], [1.0, 0.0])
    """
    size = np.asarray(sizes, dtype=np.float64)
    left = (1.0 - severity) * size.sum() - (np.cumsum(size) - size)
    served = np.clip(left, 0.0, size)
    share = np.divide(served, size, out=np.zeros_like(size), where=size > 0)
    return np.asarray(share, dtype=np.float64)


def partly(ceiling: Array, share: Array | float) -> Array:
    """Ceiling of a flow of which a measure holds only a share: ``1 - share (1 - g)``.

    >>> partly(np.array([0.0, 1.2]), 0.5).tolist()
    [0.5, 1.1]
    """
    return 1.0 - share * (1.0 - ceiling)


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
