"""The central case: contracts first, then the spot market, public stocks, substitutes and catch-up.

The step order of one month, commodity by commodity from upstream to downstream:

1. What was shipped earlier arrives; stock + arrivals + substitutes limit each plant.
2. Plants make the baseline; plants of end industries also make up for what they missed, within
   their catch-up capacity.
3. Contracts: each flow gets its share of output; the flow's ceiling decides what leaves, the rest
   waits.
4. States release public stocks to their short plants, pro rata to what is missing.
5. Spot: short plants (need less stock, arrivals and goods already bought) ask every reachable
   supplier pro rata to what it offers: withheld goods first, then spare capacity as far as its own
   inputs go. Access ceilings bind; suppliers whose offer is too small fill every ask by the same
   share. Repeated for the stated number of rounds.
6. Suppliers remember what was asked, and order inputs for it next month, up to their capacity.

A worked example stands in ``docs/model.md`` and is a test.
"""

from dataclasses import replace

import numpy as np

from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.engine import Links, play
from supplychain.model.outcome import Outcome

ADAPTIVE = Behaviour(
    leaks=True,
    catches_up=True,
    releases=True,
    shares=True,
    buys=True,
    opens=True,
    restocks=True,
    substitutes=True,
    alternates=True,
    recovers=True,
    builds=True,
)


def adaptive(arrays: Arrays, *, trace: bool = True, links: Links | None = None) -> Outcome:
    """Simulate the adaptive case (see the step order above)."""
    return play(arrays, ADAPTIVE, trace=trace, links=links)


def without_catch_up(arrays: Arrays) -> Arrays:
    """The same arrays with every missed output lost (catch-up capacity 1)."""
    return replace(
        arrays, limits=replace(arrays.limits, catch_up=np.ones_like(arrays.limits.catch_up))
    )
