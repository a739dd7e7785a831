"""The whole pack compiled once, and from it the part that a restriction of some products reaches.

Every figure of the part is the one that `supplychain.compiled.compile_arrays` gives for that
restriction; what is left open are the ceilings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.compiled import Compiled, compile_arrays, reach
from supplychain.coverage import Resolved
from supplychain.draws import Central
from supplychain.measures import Measure
from supplychain.model.part import Part, Served, part
from supplychain.network.values import Commodity, Network
from supplychain.restriction import Restriction
from supplychain.scenario import Scenario

Mask = npt.NDArray[np.bool_]

_NOBODY = ""


@dataclass(frozen=True)
class Whole:
    """A network compiled with every commodity in reach, and nothing withheld yet.

    Attributes:
        start, months: first month and length of the horizon.
    """

    network: Network
    start: str
    months: int

    def _reaching(self, products: Sequence[str]) -> Resolved:
        """A measure of nobody on some products: it reaches what any measure on them does."""
        spell = ((0, self.months),)
        measure = Measure(Restriction(_NOBODY, ()), (), tuple(products), 0, spell)
        scenario = Scenario("whole", "whole pack")
        return Resolved(scenario, (measure,), (), self.start, self.months, ())

    @cached_property
    def compiled(self) -> Compiled:
        """All that any restriction can reach, one central lane."""
        goods = [str(p) for p, row in self.network.products.items() if row["stage"] != "industry"]
        return compile_arrays(self.network, self._reaching(goods), Central())

    def prepare(self) -> None:
        """Work out what all parts share, so that threads only read it."""
        _ = self._served, self._is_other, self._made, self._used, self._is_later

    @cached_property
    def _order(self) -> tuple[Commodity, ...]:
        """Commodities of the blocks; a last block holds the uses outside the industries."""
        goods = [str(p) for p, row in self.network.products.items() if row["stage"] != "industry"]
        return reach(self.network, self._reaching(goods).measures).active

    @cached_property
    def _place(self) -> dict[Commodity, int]:
        """Block of each commodity."""
        return {commodity: b for b, commodity in enumerate(self._order)}

    def part(self, products: Sequence[str]) -> Compiled:
        """What a restriction of some products compiles to, but for its ceilings."""
        resolved = self._reaching(products)
        reached = reach(self.network, resolved.measures)
        active = [self._place[c] for c in reached.active]
        others = len(self._order)
        is_active, is_hit = np.zeros((2, others + 1), dtype=bool)
        is_active[active] = True
        is_hit[[self._place[c] for c in reached.downstream]] = True
        nodes = np.where(self._is_other, is_hit[self._made], is_active[self._made])
        slots = nodes[self.compiled.arrays.slots.node] & (is_active[self._used] | ~self._is_later)
        whole, short = self.compiled.arrays, is_hit[self._used]
        found = part(whole, [*active, others], nodes, slots, short, self._served)
        if found is None:  # a stock shared by commodities of which only some are reached
            return compile_arrays(self.network, resolved, Central())
        return self._named(found)

    def _named(self, found: Part) -> Compiled:
        """A part with its places in the network."""
        whole = self.compiled
        return Compiled(
            found.arrays,
            tuple(whole.nodes[k] for k in found.nodes.tolist()),
            tuple(whole.slots[k] for k in found.slots.tolist()),
            tuple(whole.flows[k] for k in found.flows.tolist()),
            tuple(whole.openings[k] for k in found.openings.tolist()),
        )

    @cached_property
    def _served(self) -> Served:
        """Whom public stocks and recovery serve."""
        return Served.of(self.compiled.arrays)

    @cached_property
    def _is_other(self) -> Mask:
        """Uses outside the industries, by node of the whole."""
        return np.array([self.network.nodes[i].kind == "other" for i in self.compiled.nodes])

    @cached_property
    def _made(self) -> npt.NDArray[np.int64]:
        """Block of what each node makes (an other use: of what it uses)."""
        nodes = self.network.nodes
        return np.array([self._place[nodes[i].commodity] for i in self.compiled.nodes])

    @cached_property
    def _used(self) -> npt.NDArray[np.int64]:
        """Block of what each slot uses; that of nothing reached where it is in no block."""
        slots, nothing = self.network.slots, len(self._order)
        return np.array([self._place.get(slots[q].commodity, nothing) for q in self.compiled.slots])

    @cached_property
    def _is_later(self) -> Mask:
        """Slots that buy nothing in the baseline."""
        return np.asarray(self.compiled.arrays.slots.level == 0)
