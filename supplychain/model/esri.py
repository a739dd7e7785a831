"""The Economic Systemic Risk Index: an independent model of the same question, for comparison.

The model of Diem, Borsos, Reisch, Kertész and Thurner, "Quantifying firm-level economic systemic
risk from nation-wide supply networks", Scientific Reports 12, 7719 (2022),
doi:10.1038/s41598-022-11522-z, its iteration and stop as restated in the documentation of
ESRIcascade.jl (docs/src/theory.md). It knows no stocks, no months and no measures.

``W_ij`` is what firm i sells to firm j in the baseline, ``p_i`` the industry of i. A firm with
output ``x_j`` and inputs ``P_jk = sum_i W_ij [p_i = k]`` makes, by a generalised Leontief function,

    x_j = min( min over essential k of P_jk / a_jk,  b_j + sum over non-essential k of P_jk / a_j )

calibrated on the baseline: ``a_jk = P_jk / x_j``, ``a_j = sum_k P_jk / x_j``, and b_j, the part of
the output that needs no non-essential input, is what is left of x_j. Over the baseline, with h the
output of a firm and c_i its capacity after the shock (0: closed), this is

    h_j <- min( c_j,  1 - max_k sum_i D_ij s_i (1 - h_i) [p_i = k],  1 - sum_i L_ij s_i (1 - h_i) )
    D_ij = W_ij / P_j,p_i  (essential)      L_ij = W_ij / sum_k P_jk  (non-essential)
    s_i = min(1, x_i / sum_l x_l h_l [m_l = m_i])

s_i is the part of i's failing supply that the others of its market m cannot replace: the market
share of i among what is left. Demand that is lost travels upstream on its own:

    u_i <- min( c_i,  1 - sum_j W_ij (1 - u_j) / x_i )

Both start at 1 and only fall. The loss of a firm is ``1 - min(h, u)``; the index is its mean,
weighted by output.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Matrix = sparse.csr_array

NO_EFFECT, NON_ESSENTIAL, ESSENTIAL = 0, 1, 2
"""Kinds of input: no short-term effect on output; in proportion to its cost share; binding."""

PUBLISHED_STOP = 1e-2
"""Stop of the paper: no output moved by as much in one step. This is not yet the fixed point."""

CONVERGED_STOP = 1e-9
"""Stop close to the fixed point: where each step moves q times the one before (q < 1), what is
still to come is less than ``q / (1 - q)`` times the last."""

_LEAST_STOP = 1e-13  # Below this, rounding decides whether the iteration ends.
_ROUNDING = 1e-9  # By so much flows may exceed sales, over sales.


@dataclass(frozen=True)
class Economy:
    """Firms and what they sell to each other in the baseline; E links, N firms.

    Attributes:
        supplier, customer: firms at the ends of each link (E,).
        volume: baseline sales of the link (E,), one unit for all links of a customer.
        kind: what the input is to its customer (E,): `ESSENTIAL`, `NON_ESSENTIAL`, `NO_EFFECT`.
        industry: of each firm (N,); essential inputs of one industry are one input.
        market: of each firm (N,); firms of one market can replace each other.
        sales: baseline output (N,), sales to no firm of the economy included.
    """

    supplier: Index
    customer: Index
    volume: Array
    kind: Index
    industry: Index
    market: Index
    sales: Array

    @cached_property
    def operators(self) -> "Operators":
        """The matrices of the equations, worked out once."""
        return _operators(self)


@dataclass(frozen=True)
class Operators:
    """The matrices D, L and U, and sales summed by market.

    Attributes:
        essential: (G, N), one row per customer and essential industry, rows of a customer together.
        users, first: customers with essential inputs, and the first row of each.
        linear, upstream: (N, N), rows are the firms that lose.
        market, masses: market of each firm (N,); baseline sales of its firms (M, N).
    """

    essential: Matrix
    users: Index
    first: Index
    linear: Matrix
    upstream: Matrix
    market: Index
    masses: Matrix


@dataclass(frozen=True)
class Spread:
    """Where shocks end: output over baseline by lack of inputs and by lack of demand, both (N, B).

    ``steps`` (B,) is the number of steps each of the B scenarios took.
    """

    downstream: Array
    upstream: Array
    steps: Index

    @property
    def loss(self) -> Array:
        """Output lost over baseline, (N, B): the larger of the two losses."""
        return 1.0 - np.minimum(self.downstream, self.upstream)


def economy(
    supplier: npt.ArrayLike,
    customer: npt.ArrayLike,
    volume: npt.ArrayLike,
    kind: npt.ArrayLike,
    industry: npt.ArrayLike,
    *,
    sales: npt.ArrayLike | None = None,
    market: npt.ArrayLike | None = None,
) -> Economy:
    """An economy from its links; sales are those of the links and the market is the industry.

    With one market per firm nothing is replaced (s = 1 everywhere).

    Raises:
        ValueError: a volume is negative or not finite, or a firm sells more than its sales.
    """
    volumes = np.asarray(volume, dtype=np.float64)
    sellers = np.asarray(supplier, dtype=np.int64)
    industries = np.asarray(industry, dtype=np.int64)
    if not (np.isfinite(volumes).all() and (volumes >= 0).all()):
        raise ValueError("volumes of links must be finite and not negative")
    sold = np.bincount(sellers, volumes, minlength=industries.size)
    total = sold if sales is None else np.asarray(sales, dtype=np.float64)
    if not (np.isfinite(total).all() and (sold <= total * (1.0 + _ROUNDING)).all()):
        raise ValueError("sales of a firm must be finite and at least the sum of its links")
    return Economy(
        sellers,
        np.asarray(customer, dtype=np.int64),
        volumes,
        np.asarray(kind, dtype=np.int64),
        industries,
        industries if market is None else np.asarray(market, dtype=np.int64),
        np.maximum(total, sold),
    )


def _operators(of: Economy) -> Operators:
    """Divide every link by what it is a share of; a link without volume is no link."""
    firms = of.sales.size
    inputs = np.bincount(of.customer, of.volume, minlength=firms)
    traded = of.volume > 0
    bound = np.flatnonzero(traded & (of.kind == ESSENTIAL))
    pairs, row = np.unique(
        np.stack([of.customer[bound], of.industry[of.supplier[bound]]]), axis=1, return_inverse=True
    )
    users, first = np.unique(pairs[0], return_index=True)
    of_input = np.bincount(row, of.volume[bound], minlength=pairs.shape[1])
    free = np.flatnonzero(traded & (of.kind == NON_ESSENTIAL))
    sold = np.flatnonzero(traded)
    names, market = np.unique(of.market, return_inverse=True)
    return Operators(
        _matrix(of.volume[bound] / of_input[row], row, of.supplier[bound], pairs.shape[1], firms),
        users,
        first.astype(np.int64),
        _matrix(
            of.volume[free] / inputs[of.customer[free]],
            of.customer[free],
            of.supplier[free],
            firms,
            firms,
        ),
        _matrix(
            of.volume[sold] / of.sales[of.supplier[sold]],
            of.supplier[sold],
            of.customer[sold],
            firms,
            firms,
        ),
        market.astype(np.int64),
        _matrix(of.sales, market, np.arange(firms), names.size, firms),
    )


def _matrix(
    values: Array, rows: npt.ArrayLike, columns: npt.ArrayLike, height: int, width: int
) -> Matrix:
    """A sparse matrix; entries at one place are added."""
    return sparse.csr_array((values, (rows, columns)), shape=(height, width))


def _inputs_left(of: Economy, output: Array) -> Array:
    """What its inputs allow each firm, (N, B): the generalised Leontief function over baseline."""
    matrices = of.operators
    mass = (matrices.masses @ output)[matrices.market]
    own = np.broadcast_to(of.sales[:, None], mass.shape)
    irreplaceable = np.divide(own, mass, out=np.ones_like(mass), where=mass > own)
    missing = irreplaceable * (1.0 - output)
    allowed: Array = 1.0 - matrices.linear @ missing
    if matrices.users.size:
        worst = np.maximum.reduceat(matrices.essential @ missing, matrices.first, axis=0)
        allowed[matrices.users] = np.minimum(allowed[matrices.users], 1.0 - worst)
    return np.maximum(allowed, 0.0, out=allowed)


def spread(of: Economy, capacity: npt.ArrayLike, *, stop: float = CONVERGED_STOP) -> Spread:
    """Let B shocks run through the economy, each until none of its outputs moves by `stop`.

    Args:
        of: the economy.
        capacity: most that each firm can make over baseline, (N, B): 1 untouched, 0 closed.
        stop: `PUBLISHED_STOP`, `CONVERGED_STOP`, or another tolerance.

    Raises:
        ValueError: a capacity is outside 0-1, or the stop is finer than rounding.

    A mine (0) sells to a smelter (1) and the smelter to a plant (2), each half of its sales. With
    the mine closed nothing is made; with the plant closed the others lose half and a quarter.

    >>> chain = economy([0, 1], [1, 2], [1.0, 1.0], [2, 2], [0, 1, 2], sales=[2.0, 2.0, 2.0])
    >>> spread(chain, [[0.0, 1.0], [1.0, 1.0], [1.0, 0.0]]).loss.T.tolist()
    [[1.0, 1.0, 1.0], [0.25, 0.5, 1.0]]
    """
    ceiling = np.asarray(capacity, dtype=np.float64)
    if not ((ceiling >= 0) & (ceiling <= 1)).all():
        raise ValueError("capacities over baseline must lie between 0 and 1")
    if stop < _LEAST_STOP:
        raise ValueError(f"stop must be at least {_LEAST_STOP:g}: rounding moves outputs too")
    down, up = np.ones_like(ceiling), np.ones_like(ceiling)
    steps = np.zeros(ceiling.shape[1], dtype=np.int64)
    # Outputs only fall, and by `stop` or more in some firm at every step: the loop ends.
    live = np.arange(ceiling.shape[1])
    while live.size:
        fed = np.minimum(ceiling[:, live], _inputs_left(of, down[:, live]))
        asked = np.minimum(
            ceiling[:, live],
            np.maximum(1.0 - of.operators.upstream @ (1.0 - up[:, live]), 0.0),
        )
        moved = np.maximum(np.abs(fed - down[:, live]), np.abs(asked - up[:, live]))
        down[:, live], up[:, live] = fed, asked
        steps[live] += 1
        live = live[moved.max(axis=0, initial=0.0) >= stop]
    return Spread(down, up, steps)


def index_of(found: Spread, weights: npt.ArrayLike) -> Array:
    """Index of each scenario, (B,): ``sum_j w_j loss_j / sum_j w_j``, between 0 and 1."""
    weight = np.asarray(weights, dtype=np.float64)
    return np.asarray(weight @ found.loss / weight.sum(), dtype=np.float64)


def esri(
    of: Economy,
    *,
    firms: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    stop: float = CONVERGED_STOP,
    block: int = 128,
) -> Array:
    """Index of each firm: what is lost when it alone closes, as a share of all output.

    Args:
        of: the economy.
        firms: the firms to close, one at a time (all).
        weights: what a firm's output counts (N,) (its sales).
        stop: see `spread`.
        block: closures worked out together; memory grows with it, results do not depend on it.

    >>> chain = economy([0, 1], [1, 2], [1.0, 1.0], [2, 2], [0, 1, 2], sales=[2.0, 2.0, 2.0])
    >>> esri(chain).round(6).tolist()
    [1.0, 0.833333, 0.583333]
    """
    count = of.sales.size
    closed = np.arange(count) if firms is None else np.atleast_1d(np.asarray(firms, dtype=np.int64))
    weight = of.sales if weights is None else weights
    found = np.zeros(closed.size)
    for start in range(0, closed.size, block):
        part = closed[start : start + block]
        capacity = np.ones((count, part.size))
        capacity[part, np.arange(part.size)] = 0.0
        found[start : start + block] = index_of(spread(of, capacity, stop=stop), weight)
    return found
