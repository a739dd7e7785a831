"""The least loss that anybody could reach for chosen nodes.

It is the answer of a certified linear programme over the months. The programme shares stocks,
capacities, access ceilings and the production rule with the simulated cases, and its feasible set
contains every path that `frozen` or `adaptive` can take, so its loss is a lower bound for the
chosen nodes. It lives on the part of the network that reaches them; what others would have got is
theirs to give up. Plants of industries keep their bins; plants further up pool their stocks, which
can only help.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from supplychain.model.allowed import envelope
from supplychain.model.arrays import Arrays
from supplychain.model.programme import Linear, Programme
from supplychain.model.reduction import reduced
from supplychain.model.solver import Family, Optimum, passing, solve
from supplychain.model.subgraph import units_of

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_FIRST = 1e-7
"""How much of its objective a group may lose to those after it: what a certificate allows."""


@dataclass(frozen=True)
class Plan:
    """The best plan for some nodes.

    Attributes:
        output: (T, nodes, K) output over baseline of the chosen nodes; where their customers have
            turns, what those outside the network get of it.
        programme, linear, optimum: what was solved; the answer, its prices and its certificate.
    """

    output: Array
    programme: Programme
    linear: Linear
    optimum: Optimum

    @classmethod
    def of(cls, programme: Programme, linear: Linear, optimum: Optimum) -> "Plan":
        """The plan in a checked answer."""
        output = programme.target_output(optimum.x, linear.cost)
        return cls(output, programme, linear, optimum)

    @property
    def primal_residual(self) -> float:
        """How far the plan is from being feasible; at most 1e-7."""
        return self.optimum.primal_residual

    @property
    def dual_residual(self) -> float:
        """Largest price of the wrong sign; at most 1e-7."""
        return self.optimum.dual_residual

    @property
    def gap(self) -> float:
        """Distance from the bound that the prices prove, relative; at most 1e-7."""
        return self.optimum.gap


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
    return Plan.of(programme, linear, solve(linear, kept))


def path(variants: Sequence[Arrays], targets: Index, value: Array) -> tuple[Plan, ...]:
    """Plan under several ceilings, say rising severities: one programme, each answer from the last.

    The ends are solved; in between, the mean of two answers with the prices of either is tried
    first, since losses are piecewise linear in the ceilings: where it passes the certificate, it is
    an optimum.

    Args:
        variants: arrays that differ in ceilings (`Arrays.regimes`) only, in order of severity.
        targets, value: as `plan`.

    Raises:
        SolverError: as `plan`.
    """
    first = Programme(variants[0], units_of(variants[0], targets), targets)
    linear = first.linear(value)
    programmes = [first.under(arrays) for arrays in variants]
    high = first.high(envelope(programmes)[0])
    linears = [replace(linear, high=p.own(high)) for p in programmes]
    kept, family = reduced(programmes), Family()
    found: dict[int, Optimum] = {}

    def fill(low: int, high: int) -> None:
        """Answer everything between two answers."""
        middle = (low + high) // 2
        if middle == low:
            return
        found[middle] = _between(linears, found, low, middle, high) or family.solve(
            linears[middle], kept[middle]
        )
        fill(middle, high)
        fill(low, middle)

    last = len(linears) - 1
    for end in dict.fromkeys((last, 0)):
        same = _between(linears, found, last, end, last) if found else None
        found[end] = same or family.solve(linears[end], kept[end])
    fill(0, last)
    return tuple(
        Plan.of(p, each, found[k])
        for k, (p, each) in enumerate(zip(programmes, linears, strict=True))
    )


def _between(
    linears: Sequence[Linear], found: dict[int, Optimum], low: int, middle: int, high: int
) -> Optimum | None:
    """The answer between two answers if it is their mean; None if the certificate says no."""
    ends, step = (found[low], found[high]), linears[high].high - linears[low].high
    length = float((step * step).sum())
    part = float(((linears[middle].high - linears[low].high) * step).sum()) / (length or 1.0)
    x = (1.0 - part) * ends[0].x + part * ends[1].x
    for end in ends:
        answer = passing(linears[middle], x, end.prices)
        if answer is not None:
            return answer
    return None


def lexicographic(
    arrays: Arrays, groups: Sequence[Index], values: Sequence[Array]
) -> tuple[Plan, ...]:
    """Serve groups of nodes in order: the first as well as can be, the next with what that leaves.

    Each group's loss is minimised while those before it may lose at most 1e-7 of their objective
    more than they must. Returns one plan per group, of the group's nodes; in the last one every
    group has its own.

    Args:
        arrays: compiled with one lane.
        groups: node indices of each group, most important first; no node twice.
        values: weights of the nodes of each group, > 0.

    Raises:
        SolverError: as `plan`.
    """
    targets = np.concatenate(groups)
    programme = Programme(arrays, units_of(arrays, targets), targets)
    linear = programme.linear(np.ones(targets.size))
    (kept,) = reduced([programme])
    found, start = [], 0
    for value in values:
        weight = np.zeros(targets.size)
        weight[start : start + value.size] = value
        start += value.size
        linear = replace(linear, cost=programme.cost(weight))
        best = solve(linear, kept)
        found.append(Plan(programme.target_output(best.x), programme, linear, best))
        most = float(linear.cost @ best.x)
        linear = replace(
            linear,
            matrix=sparse.csr_array(
                sparse.vstack([linear.matrix, sparse.csr_array(linear.cost[None, :])])
            ),
            right=np.append(linear.right, most + _FIRST * (1.0 + abs(most))),
        )
        kept = replace(kept, rows=np.append(kept.rows, True))
    return tuple(found)
