"""The least loss that anybody could reach for chosen nodes.

It is the answer of a certified linear programme over the months. The programme shares stocks,
capacities, access ceilings and the production rule with the simulated cases, and its feasible set
contains every path that `frozen` or `adaptive` can take, so its loss is a lower bound for the
chosen nodes. It lives on the part of the network that reaches them; what others would have got is
theirs to give up. Plants of industries keep their bins; plants further up pool their stocks, which
can only help.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from supplychain.errors import SolverError
from supplychain.model.arrays import Arrays
from supplychain.model.programme import Programme
from supplychain.model.subgraph import units_of

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_CERTIFICATE = 1e-7
_TIGHT = {"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9}


@dataclass(frozen=True)
class Plan:
    """The best plan for some nodes.

    Attributes:
        output: (T, nodes, K) output over baseline of the chosen nodes.
        primal_residual, dual_residual, gap: the certificate; each at most 1e-7 relative.
    """

    output: Array
    primal_residual: float
    dual_residual: float
    gap: float


def plan(arrays: Arrays, targets: Index, value: Array) -> Plan:
    """Minimise the value-weighted loss of the target nodes over all months.

    Minimise ``sum_n value_n sum_t (1 - y_nt)`` subject to, for every month t,

    * stock: ``S_t <= S_(t-1) + arrivals_t - z_t``, arrivals from flows after their lag, new
      suppliers and public stocks;
    * production: ``y <= (1 - w) + w (z + kappa)`` per slot (tangents of an elasticity), hosts,
      capacity;
    * supply: what is shipped and kept is at most what was kept before and is made;
    * ceilings on every flow, opening and release; cumulative output of final nodes at most
      baseline.

    Args:
        arrays: compiled with one lane.
        targets: node indices.
        value: weight of each target, > 0.

    Raises:
        SolverError: the solver failed, or its answer fails our own feasibility and duality check.
    """
    from scipy.optimize import linprog

    units = units_of(arrays, targets)
    program = Programme(arrays, units)
    cost = program.cost(targets, value)
    matrix, right = program.rows()
    bounds = program.bounds()
    solve: Any = linprog  # its type stubs know no sparse matrices
    answer = solve(cost, A_ub=matrix, b_ub=right, bounds=bounds, method="highs", options=_TIGHT)
    if answer.status != 0:
        raise SolverError(
            f"the planner's programme ended with status {answer.status}: {answer.message}"
        )
    primal, dual, gap = certificate(cost, matrix, right, bounds, answer)
    # A number that is none must fail too, so each part is asked whether it is small.
    if not all(part <= _CERTIFICATE for part in (primal, dual, gap)):
        raise SolverError(
            f"the planner's answer fails its certificate: feasibility {primal:.2g}, "
            f"duality {dual:.2g}, gap {gap:.2g} (allowed {_CERTIFICATE:g})"
        )
    return Plan(program.target_output(answer.x, targets), primal, dual, gap)


def certificate(
    cost: Array, matrix: sparse.csr_array, right: Array, bounds: Array, answer: Any
) -> tuple[float, float, float]:
    """Our own check of an optimum: primal feasibility, dual feasibility, duality gap (relative).

    With multipliers lambda <= 0 of ``A x <= b``, mu_l >= 0 and mu_u <= 0 of the bounds, an optimum
    has ``c = A' lambda + mu_l + mu_u`` and ``c x = b lambda + l mu_l + u mu_u``.
    """
    x = np.asarray(answer.x)
    low, high = bounds[:, 0], bounds[:, 1]
    slack = matrix @ x - right
    primal = max(
        float(slack.max(initial=0.0)),
        float((low - x).max(initial=0.0)),
        float((x - high).max(initial=0.0)),
    )
    rows = answer.ineqlin.marginals
    at_low, at_high = answer.lower.marginals, answer.upper.marginals
    dual = float(np.abs(cost - matrix.T @ rows - at_low - at_high).max(initial=0.0))
    dual = max(
        dual,
        float(rows.max(initial=0.0)),
        float((-at_low).max(initial=0.0)),
        float(at_high.max(initial=0.0)),
    )
    bounded = np.isfinite(high)
    value = right @ rows + low @ at_low + high[bounded] @ at_high[bounded]
    scale = 1.0 + abs(float(cost @ x))
    return primal, dual, abs(float(cost @ x) - float(value)) / scale
