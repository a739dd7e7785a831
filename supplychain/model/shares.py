"""Shares of several causes in one number: Shapley values, interactions, and what single causes do.

A game tells what every coalition of causes amounts to: row c of a table is the coalition whose
members are the bits of c, so that M causes make 2^M rows. Further axes are outcomes side by side.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

MOST_EXACT = 12
"""Causes up to which every coalition is played: 4,096 of them."""


def members(players: int) -> npt.NDArray[np.bool_]:
    """Who is in which coalition, (2^M, M).

    >>> members(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    every = np.arange(2**players, dtype=np.int64)
    return np.asarray((every[:, None] >> np.arange(players)) & 1, dtype=bool)


def shapley(values: Array) -> Array:
    """Shapley value of every player, (M, ...), of a game (2^M, ...).

    ``phi_i = sum over S without i of  s! (M - s - 1)! / M!  (v(S + i) - v(S))``: what i adds, on
    average over all orders in which the players may come. The values sum to ``v(all) - v(none)``; a
    player that adds nothing gets exactly 0.

    Source: L. S. Shapley, A value for n-person games, 1953.

    The airport game: runways of 1, 2 and 3 miles; each mile is shared by those who need it.

    >>> miles = np.array([0.0, 1, 2, 2, 3, 3, 3, 3])
    >>> shapley(miles).round(6).tolist()
    [0.333333, 0.833333, 1.833333]
    """
    players = _players(values)
    size = members(players).sum(axis=1)
    every = np.arange(values.shape[0])
    found = np.zeros((players, *values.shape[1:]))
    for i in range(players):
        without = every[every >> i & 1 == 0]
        added = values[without | 1 << i] - values[without]
        found[i] = np.tensordot(_weights(players - 1)[size[without]], added, axes=1)
    return found


def pairs(values: Array) -> Array:
    """Shapley interaction index of every two players, (M, M, ...); 0 on the diagonal.

    ``I_ij = sum over S without i, j of  s! (M - s - 2)! / (M - 1)!
    (v(S + i + j) - v(S + i) - v(S + j) + v(S))``: below 0 the two are substitutes (together they do
    less than the sum of what each does), above 0 complements.

    Source: M. Grabisch and M. Roubens, An axiomatic approach to the concept of interaction among
    players in cooperative games, 1999.

    >>> pairs(np.array([0.0, 1, 1, 1])).tolist(), pairs(np.array([0.0, 0, 0, 1])).tolist()
    ([[0.0, -1.0], [-1.0, 0.0]], [[0.0, 1.0], [1.0, 0.0]])
    """
    players = _players(values)
    size = members(players).sum(axis=1)
    every = np.arange(values.shape[0])
    found = np.zeros((players, players, *values.shape[1:]))
    for i in range(players):
        for j in range(i):
            s = every[(every >> i & 1 == 0) & (every >> j & 1 == 0)]
            one, other = s | 1 << i, s | 1 << j
            both = values[one | other] - values[one] - values[other] + values[s]
            found[i, j] = np.tensordot(_weights(players - 2)[size[s]], both, axes=1)
            found[j, i] = found[i, j]
    return found


def _players(values: Array) -> int:
    """Number of players of a game."""
    return int(values.shape[0]).bit_length() - 1


def _weights(others: int) -> Array:
    """Weight of a coalition of each size among so many others: 1 over their number, over sizes.

    >>> _weights(2).round(6).tolist()
    [0.333333, 0.166667, 0.333333]
    """
    whole = factorial(others + 1)
    return np.array([factorial(s) * factorial(others - s) / whole for s in range(others + 1)])


def orders(players: int, count: int, seed: int) -> Index:
    """So many random orders of the players and each of them backwards, (2 count, M).

    An order and its reverse are an antithetic pair: who comes late in one comes early in the other.

    >>> orders(3, 1, seed=1).tolist()
    [[0, 1, 2], [2, 1, 0]]
    """
    rng = np.random.Generator(np.random.Philox(key=seed))
    drawn = np.stack([rng.permutation(players) for _ in range(count)])
    return np.stack([drawn, drawn[:, ::-1]], axis=1).reshape(-1, players)


def coalitions(order: Index) -> tuple[int, ...]:
    """The coalitions that arise as the players come in some order, nobody first.

    >>> coalitions(np.array([2, 0, 1]))
    (0, 4, 5, 7)
    """
    found = [0]
    for player in order.tolist():
        found.append(found[-1] | 1 << player)
    return tuple(found)


@dataclass(frozen=True)
class Sampled:
    """Shapley values from some orders of the players: the mean, (M, ...), and its standard error.

    The mean of what a player adds is that of pairs of orders, and so is its standard error. Every
    order sums to ``v(all) - v(none)``, hence so do the means.
    """

    value: Array
    error: Array


def sampled(played: Index, values: Mapping[int, Array]) -> Sampled:
    """Shapley values from antithetic pairs of orders (`orders`) and the coalitions that they need.

    >>> miles = dict(enumerate(np.array([0.0, 1, 2, 2, 3, 3, 3, 3])))
    >>> sampled(np.array([[0, 1, 2], [2, 1, 0]]), miles).value.tolist()
    [0.5, 0.5, 2.0]
    """
    added = np.stack([_added(order, values) for order in played])
    means = added.reshape(-1, 2, *added.shape[1:]).mean(axis=1)
    count = means.shape[0]
    spread = means.std(axis=0, ddof=1) if count > 1 else np.full(means.shape[1:], np.inf)
    return Sampled(means.mean(axis=0), np.asarray(spread / np.sqrt(count)))


def _added(order: Index, values: Mapping[int, Array]) -> Array:
    """What every player adds as it comes, (M, ...)."""
    steps: Sequence[int] = coalitions(order)
    worth = np.stack([np.asarray(values[c], dtype=np.float64) for c in steps])
    found = np.empty_like(worth[1:])
    found[order] = worth[1:] - worth[:-1]
    return found
