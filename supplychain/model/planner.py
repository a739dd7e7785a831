"""The least loss that anybody could reach for chosen nodes.

It is the answer of a certified linear programme over the months. The programme shares stocks,
capacities, access ceilings and the production rule with the simulated cases, and its feasible set
contains every path that `frozen` or `adaptive` can take, so its loss is a lower bound for the
chosen nodes. It lives on the part of the network that reaches them; what others would have got is
theirs to give up. Plants of industries keep their bins; plants further up pool their stocks, which
can only help.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays
from supplychain.model.programme import Linear, Programme
from supplychain.model.reduction import reduced
from supplychain.model.solver import Optimum, solve
from supplychain.model.subgraph import units_of

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """The best plan for some nodes.

    Attributes:
        output: (T, nodes, K) output over baseline of the chosen nodes; where their customers have
            turns, what those outside the network get of it.
        primal_residual, dual_residual, gap: the certificate; each at most 1e-7 relative.
        programme, linear, optimum: what was solved, and its prices.
    """

    output: Array
    primal_residual: float
    dual_residual: float
    gap: float
    programme: Programme
    linear: Linear
    optimum: Optimum


def plan(arrays: Arrays, targets: Index, value: Array) -> Plan:
    """Minimise the value-weighted loss of the target nodes over all months.

    Minimise ``sum_n value_n sum_t (1 - y_nt)`` subject to the rows of docs/model.md, section 7.

    Args:
        arrays: compiled with one lane.
        targets: node indices.
        value: weight of each target, > 0.

    Raises:
        SolverError: the solver failed, or its answer fails our own feasibility and duality check.
    """
    programme = Programme(arrays, units_of(arrays, targets), targets)
    linear = programme.linear(value)
    (kept,) = reduced([programme])
    return _plan(programme, linear, solve(linear, kept))


def _plan(programme: Programme, linear: Linear, best: Optimum) -> Plan:
    """The plan in a checked answer."""
    return Plan(
        programme.target_output(best.x),
        best.primal_residual,
        best.dual_residual,
        best.gap,
        programme,
        linear,
        best,
    )
