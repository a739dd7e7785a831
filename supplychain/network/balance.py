"""Make outputs, uses and flows of one product agree, letting weak evidence give way first.

Arrays in, arrays out: no tables, no names. The caller decides what a weight is.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_TOLERANCE = 1e-12
_MOST_STEPS = 200
_GOOD_ENOUGH = 1e-8
_MOST_HALVINGS = 40
_DESCENT = 1e-4


@dataclass(frozen=True)
class Balance:
    """Balanced flows of one product.

    Attributes:
        flows: supplier x user, unit/year; row sums are `outputs`, column sums are `uses`.
        outputs: per supplier, unit/year.
        uses: per user, unit/year.
        residual: largest imbalance left, as a share of the total (about 1e-12).
    """

    flows: Array
    outputs: Array
    uses: Array
    residual: float


def balance(
    prior: Array,
    prior_weight: Array,
    output: Array,
    output_weight: Array,
    use: Array,
    use_weight: Array,
) -> Balance:
    r"""Weighted minimum Kullback-Leibler balance of one product's flows.

    Minimises

        sum_ij w_ij KL(F_ij | P_ij) + sum_i a_i KL(sum_j F_ij | S_i) + sum_j b_j KL(sum_i F_ij |
        U_j)

    with ``KL(x | p) = x ln(x / p) - x + p``. A large weight is a figure that hardly moves; as the
    weights of outputs and uses grow without bound this is iterative proportional fitting (RAS).
    A flow whose prior is zero stays zero. The optimum has
    ``F_ij = P_ij exp((alpha_i + beta_j) / w_ij)``, ``sum_j F_ij = S_i exp(-alpha_i / a_i)`` and
    ``sum_i F_ij = U_j exp(-beta_j / b_j)``; alpha and beta come from Newton's method on the dual.

    Args:
        prior: P, supplier x user, unit/year, >= 0.
        prior_weight: w, the same shape, > 0.
        output: S, per supplier, unit/year, >= 0.
        output_weight: a, per supplier, > 0.
        use: U, per user, unit/year, >= 0.
        use_weight: b, per user, > 0.

    Raises:
        ArithmeticError: the iteration did not converge (weights far below any in a pack).

    Example, by hand: one supplier of 100 and one user of 60 with equal weights and a free flow meet
    at the geometric mean, sqrt(100 * 60) = 77.46:

    >>> b = balance(
    ...     np.array([[80.0]]),
    ...     np.array([[1e-6]]),
    ...     np.array([100.0]),
    ...     np.array([1.0]),
    ...     np.array([60.0]),
    ...     np.array([1.0]),
    ... )
    >>> round(float(b.flows[0, 0]), 2)
    77.46
    """
    rows = (output > 0) & (prior.sum(axis=1) > 0)
    columns = (use > 0) & (prior.sum(axis=0) > 0)
    flows = np.zeros_like(prior)
    if not rows.any() or not columns.any():
        return Balance(flows, flows.sum(axis=1), flows.sum(axis=0), 0.0)
    total = float(output.sum() + use.sum())
    inner = np.ix_(rows, columns)
    core, residual = _newton(
        prior[inner] / total,
        prior_weight[inner],
        (output[rows] / total, output_weight[rows]),
        (use[columns] / total, use_weight[columns]),
    )
    flows[inner] = core * total
    return Balance(flows, flows.sum(axis=1), flows.sum(axis=0), residual)


def _newton(
    prior: Array, weight: Array, supply: tuple[Array, Array], demand: tuple[Array, Array]
) -> tuple[Array, float]:
    """Newton's method with step halving on the dual; returns the flows and the residual."""
    n, m = prior.shape
    dual = np.zeros(n + m)
    value, gradient, hessian, flows = _dual(dual, prior, weight, supply, demand)
    residual = float(np.abs(gradient).max())
    for _ in range(_MOST_STEPS):
        if residual < _TOLERANCE:
            break
        step = np.linalg.solve(hessian, -gradient)
        slope = float(gradient @ step)
        for halvings in range(_MOST_HALVINGS):
            length = 0.5**halvings
            trial = _dual(dual + length * step, prior, weight, supply, demand)
            smaller = float(np.abs(trial[1]).max())
            # Near the optimum only the residual still changes: the value's last digit is reached.
            if trial[0] <= value + _DESCENT * length * slope or smaller < residual:
                break
        else:
            break
        dual, (value, gradient, hessian, flows), residual = dual + length * step, trial, smaller
    if residual < _GOOD_ENOUGH:
        return flows, residual
    raise ArithmeticError(f"the balance did not converge: a residual of {residual:g} is left")


def _dual(
    dual: Array,
    prior: Array,
    weight: Array,
    supply: tuple[Array, Array],
    demand: tuple[Array, Array],
) -> tuple[float, Array, Array, Array]:
    """Value, gradient and Hessian of the dual, and the flows it implies."""
    n = prior.shape[0]
    alpha, beta = dual[:n], dual[n:]
    with np.errstate(over="ignore", invalid="ignore"):
        flows = prior * np.exp((alpha[:, None] + beta[None, :]) / weight)
        made = supply[0] * np.exp(-alpha / supply[1])
        used = demand[0] * np.exp(-beta / demand[1])
        value = float((weight * flows).sum() + (supply[1] * made).sum() + (demand[1] * used).sum())
    gradient = np.concatenate([flows.sum(axis=1) - made, flows.sum(axis=0) - used])
    stiff = flows / weight
    hessian = np.zeros((dual.size, dual.size))
    hessian[:n, :n] = np.diag(stiff.sum(axis=1) + made / supply[1])
    hessian[n:, n:] = np.diag(stiff.sum(axis=0) + used / demand[1])
    hessian[:n, n:] = stiff
    hessian[n:, :n] = stiff.T
    return value, gradient, hessian, flows
