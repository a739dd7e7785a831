"""What plants and states may do, and what one month hands to the next."""

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Behaviour:
    """The mechanisms of a simulated case, each a switch of its own.

    Attributes:
        leaks: withheld supply arrives in part through third countries.
        catches_up: end industries make up for missed output within their capacity.
        releases: states release public stocks to their own plants; shares: and to allies.
        buys: short plants buy on the spot market from suppliers they know.
        opens: and through openings, once these are qualified: from new suppliers, and from those
            they know more than access allows.
        restocks: plants order towards the stock they want.
        substitutes: inputs are replaced along a ramp.
        alternates: other technologies are used along a ramp.
        recovers: scrap and mine waste are worked up.
        builds: new capacity comes on.
        sets_aside: a plant keeps the inputs of goods that it does not make because their queue is
            full: they serve nobody else.
    """

    leaks: bool = False
    catches_up: bool = False
    releases: bool = False
    shares: bool = False
    buys: bool = False
    opens: bool = False
    restocks: bool = False
    substitutes: bool = False
    alternates: bool = False
    recovers: bool = False
    builds: bool = False
    sets_aside: bool = False

    def but(self, **switches: bool) -> "Behaviour":
        """The same with some switches set otherwise."""
        return replace(self, **switches)


@dataclass
class State:
    """What a month hands to the next; lives inside one call of `run` only.

    Attributes:
        stock, queue: months of need, of the flow; missed, short, extra: (N, L, K) months of output.
        deviation: (T + longest lag, Q, L, K) arrivals over or under the baseline.
        left: per source, (L,) what is left of it, unit.
    """

    stock: Array
    queue: Array
    missed: Array
    short: Array
    extra: Array
    deviation: Array
    left: list[Array] = field(default_factory=list)

    @classmethod
    def at_start(cls, arrays: Arrays) -> "State":
        """Full stocks, empty queues, baseline flows at sea."""
        tail = (arrays.lanes, arrays.bins)
        n, q, e = arrays.nodes.base.size, arrays.slots.need.size, arrays.flows.supplier.size
        longest = int(max(arrays.flows.lag.max(initial=0), arrays.openings.lag.max(initial=0)))
        return cls(
            stock=arrays.slots.cover.copy(),
            queue=np.zeros((e, *tail)),
            missed=np.zeros((n, *tail)),
            short=np.zeros((n, *tail)),
            extra=np.zeros((n, *tail)),
            deviation=np.zeros((arrays.months + longest + 1, q, *tail)),
            left=[np.full(tail[0], source.amount) for source in arrays.sources],
        )
