"""No adaptation: frozen sourcing, queues and stocks only."""

from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.engine import Links, play
from supplychain.model.outcome import Outcome

FROZEN = Behaviour(sets_aside=True)


def frozen(arrays: Arrays, *, trace: bool = True, links: Links | None = None) -> Outcome:
    """Plants keep their suppliers, live on their stocks, and lose what they miss.

    Cumulative flows are built from minima, sums and products with non-negative constants, so the
    cumulative loss never falls when a restriction grows. Goods for a flow whose queue is full are
    not made, and the inputs set aside for them help nobody else; both are checked by property test.
    It is the no-adaptation case, usually the largest loss, and no bound.
    """
    return play(arrays, FROZEN, trace=trace, links=links)
