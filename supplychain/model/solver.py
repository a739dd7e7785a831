"""Linear programmes solved and never trusted: every answer is checked here.

One programme is solved by scipy's HiGHS. A family of programmes that differ in bounds and
right-hand sides is solved by one model that is kept: with the optional package `highspy` each
answer starts the next one, without it every programme starts anew. Both answer alike.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from supplychain.errors import SolverError
from supplychain.model.programme import Linear
from supplychain.model.reduction import Reduced

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

CERTIFICATE = 1e-7
_FEASIBLE = 1e-9
_ROUNDING = 1e-8
_OPTIMAL = "kOptimal"


@dataclass(frozen=True)
class Optimum:
    """A checked answer.

    Attributes:
        x: the point; prices: of the rows, at most 0; loss of the objective per unit of right-hand
            side is ``prices``.
        primal_residual, dual_residual, gap: the certificate; each at most 1e-7 relative.
    """

    x: Array
    prices: Array
    primal_residual: float
    dual_residual: float
    gap: float

    def worth(self, linear: Linear) -> Array:
        """Fall of the objective for one more of each upper bound, at least 0."""
        return np.maximum(linear.matrix.T @ self.prices - linear.cost, 0.0)


def certificate(linear: Linear, x: Array, prices: Array) -> tuple[float, float, float]:
    """Our own check of an optimum: feasibility, prices and reduced costs, duality gap (relative).

    Any prices p <= 0 of the rows give a lower bound: with ``r = c - A' p`` and every variable in
    ``l <= x <= h``, no point is better than ``b p + sum min(r l, r h)``. So a feasible point whose
    cost is that bound is an optimum, whoever found it. A reduced cost r within 1e-8 of zero is a
    solver's rounding: it counts towards the second part and leaves its variable where it is.

    Most of ``x + 2 y`` with ``x + y <= 3`` and ``y <= 2`` is 5, at a price of 1:

    >>> one = sparse.csr_array(np.array([[1.0, 1.0]]))
    >>> low, high = np.zeros(2), np.array([9.0, 2.0])
    >>> linear = Linear(np.array([-1.0, -2.0]), one, np.array([3.0]), low, high)
    >>> certificate(linear, np.array([1.0, 2.0]), np.array([-1.0]))
    (0.0, 0.0, 0.0)
    """
    slack = linear.matrix @ x - linear.right
    primal = max(
        float(slack.max(initial=0.0)),
        float((linear.low - x).max(initial=0.0)),
        float((x - linear.high).max(initial=0.0)),
    )
    reduced = linear.cost - linear.matrix.T @ prices
    rounding = np.abs(reduced) <= _ROUNDING
    dual = max(float(prices.max(initial=0.0)), float(np.abs(reduced[rounding]).max(initial=0.0)))
    within = np.minimum(reduced * linear.low, reduced * linear.high)
    within[rounding] = (reduced * x)[rounding]
    bound = float((linear.right * prices).sum() + within.sum())
    cost = float((linear.cost * x).sum())
    return primal, dual, abs(cost - bound) / (1.0 + abs(cost))


def checked(linear: Linear, x: Array, prices: Array) -> Optimum:
    """An answer that passes its certificate.

    Raises:
        SolverError: it does not.
    """
    parts = certificate(linear, x, prices)
    if not _small(parts):
        raise SolverError(
            f"the planner's answer fails its certificate: feasibility {parts[0]:.2g}, "
            f"duality {parts[1]:.2g}, gap {parts[2]:.2g} (allowed {CERTIFICATE:g})"
        )
    return Optimum(x, prices, *parts)


def passing(linear: Linear, x: Array, prices: Array) -> Optimum | None:
    """A guess that passes its certificate; None where it does not."""
    parts = certificate(linear, x, prices)
    return Optimum(x, prices, *parts) if _small(parts) else None


def _small(parts: tuple[float, float, float]) -> bool:
    """Whether every part of a certificate is; a number that is none fails too."""
    return all(part <= CERTIFICATE for part in parts)


@dataclass(frozen=True)
class _Core:
    """The part of a programme that is solved.

    Attributes:
        kept, rows, columns: which part; matrix: of it; beside: of its rows and fixed variables.
    """

    kept: Reduced
    rows: Index
    columns: Index
    matrix: sparse.csr_array
    beside: sparse.csr_array

    @classmethod
    def of(cls, matrix: sparse.csr_array, kept: Reduced) -> "_Core":
        """Rows and columns that are free."""
        rows, columns = np.flatnonzero(kept.rows), np.flatnonzero(kept.free)
        part = matrix[rows]
        return cls(kept, rows, columns, part[:, columns], part[:, np.flatnonzero(~kept.free)])

    def fits(self, kept: Reduced) -> bool:
        """Whether another programme leaves the same part free."""
        same = self.kept
        return bool((same.free == kept.free).all() and (same.rows == kept.rows).all())

    def small(self, linear: Linear, kept: Reduced) -> Linear:
        """The free part; fixed variables move to the right-hand side."""
        right = linear.right[self.rows] - self.beside @ kept.fixed[~kept.free]
        low, high = linear.low[self.columns], linear.high[self.columns]
        return Linear(linear.cost[self.columns], self.matrix, right, low, high)

    def whole(self, linear: Linear, kept: Reduced, x: Array, prices: Array) -> Optimum:
        """The checked answer of the whole programme."""
        point, price = kept.fixed.copy(), np.zeros(linear.right.size)
        point[self.columns], price[self.rows] = x, prices
        return checked(linear, point, price)


def solve(linear: Linear, kept: Reduced) -> Optimum:
    """Solve one programme.

    Raises:
        SolverError: the solver failed, or its answer fails our own feasibility and duality check.
    """
    core = _Core.of(linear.matrix, kept)
    return core.whole(linear, kept, *_by_scipy(core.small(linear, kept)))


def _by_scipy(core: Linear) -> tuple[Array, Array]:
    """Point and prices of scipy's HiGHS."""
    from scipy.optimize import linprog

    if not core.cost.size:
        return core.cost, np.zeros(core.right.size)
    run: Any = linprog  # its type stubs know no sparse matrices
    answer = run(
        core.cost,
        A_ub=core.matrix,
        b_ub=core.right,
        bounds=np.stack([core.low, core.high], axis=1),
        method="highs-ds",
        options={
            "primal_feasibility_tolerance": _FEASIBLE,
            "dual_feasibility_tolerance": _FEASIBLE,
        },
    )
    if answer.status != 0:
        raise SolverError(
            f"the planner's programme ended with status {answer.status}: {answer.message}"
        )
    return np.asarray(answer.x), np.asarray(answer.ineqlin.marginals)


class Family:
    """Programmes of one matrix, solved one after another: each answer starts the next."""

    def __init__(self) -> None:
        """Nothing is solved yet."""
        self._core: _Core | None = None
        self._model: Any = None
        self._last: Linear | None = None

    def solve(self, linear: Linear, kept: Reduced) -> Optimum:
        """Solve the next programme of the family; a warm start where the same part is free.

        Raises:
            SolverError: as `solve`.
        """
        if self._core is None or not self._core.fits(kept):
            self._core, self._last = _Core.of(linear.matrix, kept), None
        small = self._core.small(linear, kept)
        warm = small.cost.size and find_spec("highspy") is not None
        answer = self._warm(small) if warm else _by_scipy(small)
        return self._core.whole(linear, kept, *answer)

    def _warm(self, core: Linear) -> tuple[Array, Array]:
        """Point and prices of the kept model."""
        import highspy

        if self._last is None:
            self._model = _model(highspy, core)
        else:
            _change(self._model, self._last, core)
        self._last = core
        self._model.run()
        status = self._model.getModelStatus().name
        if status != _OPTIMAL:
            raise SolverError(f"the planner's programme ended with status {status}")
        answer = self._model.getSolution()
        return np.array(answer.col_value), np.minimum(np.array(answer.row_dual), 0.0)


def _change(model: Any, old: Linear, new: Linear) -> None:
    """Tell a kept model what is different now."""
    moved = np.flatnonzero(old.cost != new.cost).astype(np.int32)
    if moved.size:
        model.changeColsCost(moved.size, moved, new.cost[moved])
    moved = np.flatnonzero((old.low != new.low) | (old.high != new.high)).astype(np.int32)
    if moved.size:
        model.changeColsBounds(moved.size, moved, new.low[moved], new.high[moved])
    moved = np.flatnonzero(old.right != new.right).astype(np.int32)
    if moved.size:
        least = np.full(moved.size, -np.inf)
        model.changeRowsBounds(moved.size, moved, least, new.right[moved])


def _model(highspy: Any, core: Linear) -> Any:
    """A new model of the kept solver."""
    lp, matrix = highspy.HighsLp(), core.matrix.tocsc()
    lp.num_col_, lp.num_row_ = core.cost.size, core.right.size
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = core.cost, core.low, core.high
    lp.row_lower_, lp.row_upper_ = np.full(core.right.size, -np.inf), core.right
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
    lp.a_matrix_.value_ = matrix.data
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)  # noqa: FBT003 - the solver's own interface
    model.setOptionValue("primal_feasibility_tolerance", _FEASIBLE)
    model.setOptionValue("dual_feasibility_tolerance", _FEASIBLE)
    model.setOptionValue("threads", 1)
    model.passModel(lp)
    return model
