"""How much a plant can make from what it has: classes of essentiality and elasticities."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_ALIKE = 1e-9
"""Elasticities this close to 1 are 1 (Cobb-Douglas), where the general formula divides by zero."""


def class_output(available: Array, weight: Array) -> Array:
    """Most output that one input allows under its class, over baseline.

    ``(1 - w) + w * a`` with a = available input over baseline need and w = 1 critical, 0.5
    important, 0 non-critical. A non-critical input (w = 0) never binds, not even a plant that
    catches up.

    >>> class_output(np.array([0.4, 0.4]), np.array([1.0, 0.5])).tolist()
    [0.4, 0.7]
    >>> float(class_output(np.array([0.0]), np.array([0.0]))[0])
    inf
    """
    return np.where(weight > 0, (1.0 - weight) + weight * available, np.inf)


def elastic_output(available: Array, elasticity: Array, cost_share: Array) -> Array:
    """Most output under constant elasticity of substitution.

    ``y = (theta a^r + 1 - theta)^(1/r)``, ``r = (sigma - 1) / sigma``, theta the cost share, while
    the input is short and all others stand at their baseline. The limits are fixed proportions
    (sigma = 0: y = a) and Cobb-Douglas (sigma = 1: y = a^theta). Beyond the baseline a plant that
    makes more uses more of all its inputs: constant returns, y = a.

    A 30 % shortage of an input with a 1 % cost share costs 30, 11.3 and 0.8 % of output at
    elasticities of 0, 0.05 and 0.2:

    >>> y = elastic_output(np.full(3, 0.7), np.array([0.0, 0.05, 0.2]), np.full(3, 0.01))
    >>> [round(100 * (1 - v), 1) for v in y.tolist()]
    [30.0, 11.3, 0.8]
    """
    a = np.maximum(available, 0.0)
    theta = np.broadcast_to(cost_share, a.shape)
    sigma = np.broadcast_to(elasticity, a.shape)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        r = (sigma - 1.0) / sigma
        # The smaller of a and 1 is taken out of the sum where r < 0, so that no power overflows.
        least = np.where(r < 0, np.minimum(a, 1.0), 1.0)
        inner = theta * (a / least) ** r + (1.0 - theta) * least ** (-r)
        ces = least * inner ** (1.0 / r)
    ces = np.where(sigma <= 0, a, ces)
    ces = np.where(np.abs(sigma - 1.0) < _ALIKE, a**theta, ces)
    ces = np.where((a == 0) & (sigma <= 1), 0.0, ces)
    # From the baseline on exactly in proportion, whatever the rounding of the powers.
    return np.where(a >= 1.0, a, ces)


def possible_output(available: Array, weight: Array, elasticity: Array, cost_share: Array) -> Array:
    """Most output that each slot allows: its elasticity where one is given, else its class.

    Shapes: available (Q, L, K); weight and elasticity (Q, L, 1); cost_share (Q, 1, 1).
    """
    result = class_output(available, np.broadcast_to(weight, available.shape))
    elastic = ~np.isnan(elasticity)
    if elastic.any():
        smooth = elastic_output(
            available,
            np.where(elastic, elasticity, 1.0),
            np.broadcast_to(cost_share, available.shape),
        )
        result = np.where(elastic, smooth, result)
    return result


def required_input(output: Array, weight: Array, elasticity: Array) -> Array:
    """Input drawn for an output: in proportion up to the baseline, beyond it what the rule asks.

    Below the baseline a plant uses its input in proportion to output (that is never less than the
    rule needs). Above it (catching up) an input of a class is needed as the rule has it,
    ``(y - (1 - w)) / w``, and one with an elasticity in proportion.

    >>> w, none = np.array([1.0, 0.5, 0.5]), np.full(3, np.nan)
    >>> required_input(np.array([1.1, 1.1, 0.8]), w, none).round(6).tolist()
    [1.1, 1.2, 0.8]
    """
    by_class = np.isnan(elasticity) & (weight > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        above = np.where(by_class, (output - (1.0 - weight)) / weight, output)
    return np.where(output > 1.0, above, output)


def elastic_tangents(
    elasticity: float, cost_share: float, most: float = 1.0
) -> list[tuple[float, float]]:
    """Lines (intercept, slope) that lie on or above the elastic rule: for linear programmes.

    Up to the baseline the rule is concave, so every tangent is an outer bound; its slope at a is
    ``theta (y / a)^(1 / sigma)``, and touching points are spread over (0, 1]. Beyond it the rule is
    y = a: a line that is too flat is lifted until it allows `most`, the plant's capacity.

    >>> elastic_tangents(1.0, 0.5)[-1], elastic_tangents(1.0, 0.5, 1.2)[-1]
    ((0.5, 0.5), (0.6, 0.5))
    """
    a = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0])
    y = elastic_output(a, np.full(a.shape, elasticity), np.full(a.shape, cost_share))
    slope = cost_share * (y / a) ** (1.0 / elasticity) if elasticity > 0 else np.ones_like(a)
    touching = np.maximum(y - slope * a, most * (1.0 - slope))
    return list(zip(touching.tolist(), slope.tolist(), strict=True))
