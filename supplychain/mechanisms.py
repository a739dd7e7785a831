"""The road from fixed proportions to the central answer: one mechanism switched on after another.

And the same for the elasticity. Every step is a whole run of the engine, so what a mechanism
adds depends on the order; the order is that of the time in which people can act.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from supplychain.beside import Road, Step
from supplychain.compiled import Compiled
from supplychain.draws import Central
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.engine import Links, play
from supplychain.model.frozen import FROZEN
from supplychain.network import Network
from supplychain.run import Run
from supplychain.sectors import Sector, loss_share, shares
from supplychain.vocabulary import MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]

SWITCHES: tuple[tuple[str, str], ...] = (
    ("catches_up", "missed output is caught up"),
    ("leaks", "withheld goods leak through third countries"),
    ("releases", "states release their stocks"),
    ("shares", "states share stocks with allies"),
    ("buys", "short plants buy on the spot market"),
    ("opens", "plants buy from new suppliers, and more from known ones"),
    ("restocks", "plants order towards the stock they want"),
    ("substitutes", "inputs are replaced"),
    ("alternates", "other recipes are used"),
    ("recovers", "scrap and mine waste are worked up"),
    ("builds", "new capacity comes on"),
)
"""Switches of the adaptive case in the order in which the road takes them, and their words."""

ELASTICITIES = (0.0, 0.02, 0.05, 0.1, 0.2)


def road(network: Network, run: Run, elasticities: Sequence[float] = ELASTICITIES) -> Road:
    """Play the scenario of a run once per mechanism and once per elasticity.

    The first step is fixed proportions: every input critical, no stock anywhere, nobody adapts.
    Then come the classes of the inputs, the stocks (that is the frozen case), and `SWITCHES`.
    """
    hit = [s for s in run.sectors if s.nodes]
    links = Links(run.compiled.arrays)
    steps = [
        Step(name, _losses(hit, arrays, behaviour, links))
        for name, arrays, behaviour in _stages(run.compiled.arrays)
    ]
    bent = [
        Step(
            f"elasticity {sigma:g}", _losses(hit, _elastic(network, run.compiled, sigma), ADAPTIVE)
        )
        for sigma in elasticities
    ]
    keep = [k for k in range(len(hit)) if any(step.share[k] > 0 for step in steps)]
    years = run.resolved.months / MONTHS_PER_YEAR
    return Road(
        tuple((hit[k].country, hit[k].sector, hit[k].exports_usd * years) for k in keep),
        tuple(Step(s.name, tuple(s.share[k] for k in keep)) for s in steps),
        tuple(Step(s.name, tuple(s.share[k] for k in keep)) for s in bent),
    )


def _stages(arrays: Arrays) -> list[tuple[str, Arrays, Behaviour]]:
    """Every step's arrays and behaviour."""
    slots = arrays.slots
    bare = replace(arrays, slots=replace(slots, cover=np.zeros_like(slots.cover)))
    rigid = fixed_proportions(arrays)
    found = [
        ("fixed proportions, no stocks", rigid, FROZEN),
        ("inputs bind by their class", bare, FROZEN),
        ("plants live on their stocks", arrays, FROZEN),
    ]
    behaviour = FROZEN.but(sets_aside=False)
    found.append(("inputs of refused goods serve others", arrays, behaviour))
    for switch, name in SWITCHES:
        behaviour = behaviour.but(**{switch: True})
        found.append((name, arrays, behaviour))
    return found


def fixed_proportions(arrays: Arrays) -> Arrays:
    """The same arrays with every input critical and no stock anywhere."""
    slots = arrays.slots
    none = np.full_like(slots.elasticity, np.nan)
    rigid = replace(
        slots,
        cover=np.zeros_like(slots.cover),
        weight=np.ones_like(slots.weight),
        elasticity=none,
        elasticity_long=none,
    )
    return replace(arrays, slots=rigid)


def _losses(
    hit: Sequence[Sector], arrays: Arrays, behaviour: Behaviour, links: Links | None = None
) -> tuple[float, ...]:
    """Loss of each sector in one run."""
    outcome = play(arrays, behaviour, trace=False, links=links)
    return tuple(float(loss_share(s, outcome, shares(s, Central()))[0]) for s in hit)


def _elastic(network: Network, compiled: Compiled, sigma: float) -> Arrays:
    """The arrays with one elasticity for every input that binds and whose cost share is known.

    The cost share is ``amount * price of the input / price of the output``, at most 1.
    """
    slots = compiled.arrays.slots
    cost = np.array([_cost_share(network, q) for q in compiled.slots])
    known = (cost > 0) & (slots.weight[:, 0] > 0)
    bent = np.where(known[:, None], sigma, slots.elasticity)
    cost_share = np.where(known, cost, slots.cost_share)
    changed = replace(slots, elasticity=bent, elasticity_long=bent, cost_share=cost_share)
    return replace(compiled.arrays, slots=changed)


def _cost_share(network: Network, slot: int) -> float:
    """Value of an input over the value of the output, 0 where a price is missing."""
    used = network.slots[slot]
    user = network.nodes[used.node]
    if used.recipe is None:
        return 0.0
    paid = _worth(network, used.commodity[0]) * used.need
    made = _worth(network, user.product) * user.output
    return min(paid / made, 1.0) if made > 0 else 0.0


def _worth(network: Network, product: str) -> float:
    """USD per unit; outputs of industries are in million USD."""
    row = network.products[product]
    return 1e6 if row["stage"] == "industry" else float(row["price_usd_per_unit"] or 0.0)
