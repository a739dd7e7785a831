"""What one more unit would be worth: the prices of the planner's programme.

The price of a ceiling says by how much the least loss falls when the ceiling rises a little. Where
several plans are equally good it is one of the possible answers: one more unit is worth at most
that much, one less costs at least as much.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.model.planner import Plan

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Margins:
    """Fall of the loss per unit, in the units of value per month of output (USD per tonne).

    Attributes:
        licensed: (E, T) one unit more allowed on a flow in a month, for flows under a measure.
        stocked: (Q,) one unit more in the stocks of a slot at the start, spread over its plants.
        public: (G,) one unit more in a public stock.
        smelted: (N, T) capacity for one unit more in a month.
    """

    licensed: Array
    stocked: Array
    public: Array
    smelted: Array


def margins(plan: Plan, value: Array) -> Margins:
    """Read the prices of a plan.

    A flow of q units a month whose ceiling has the price m per month of the flow gives ``m v / q``
    per unit, v the largest value (the objective is scaled by it); plants of one node rise together.

    Args:
        plan: from `supplychain.model.planner.plan`.
        value: the value of a month of output of each target, as given to `plan` (USD).
    """
    p, a, u = plan.programme, plan.programme.a, plan.programme.u
    scale = float(value.max())
    worth, prices = plan.optimum.worth(plan.linear) * scale, -plan.optimum.prices * scale
    licensed = np.zeros((a.flows.supplier.size, p.months))
    np.add.at(licensed, u.flow, worth[p.at("flow")] / a.flows.quantity[u.flow][:, None])
    held, covered = np.zeros(licensed.shape, dtype=bool), np.flatnonzero(a.flows.covered)
    held[covered] = np.isfinite(a.regimes.leaky[:, a.flows.regime[covered], 0, 0]).T
    licensed[~held] = 0.0
    stocked = np.zeros(a.slots.need.size)
    np.add.at(stocked, u.slot, prices[p.rows_of["stock"][:, 0]] / a.slots.need[u.slot])
    public = np.zeros(len(a.sources))
    for g in range(public.size):
        row = p.rows_of.get(f"amount {g}")
        if row is not None:
            public[g] = float(prices[row[0]]) / p.source_scale[g]
    smelted = np.zeros((a.nodes.base.size, p.months))
    np.add.at(smelted, u.node, worth[p.at("output")] / a.nodes.base[u.node][:, None])
    smelted[a.nodes.final] = 0.0
    return Margins(licensed, stocked, public, smelted)
