"""The field on which removals are played: one network, one horizon, one set of focus countries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.chokepoints.candidates import Ban, Candidate
from supplychain.chokepoints.parts import Whole
from supplychain.compiled import Compiled
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central
from supplychain.errors import UsageError
from supplychain.forms import Covered, cover
from supplychain.measures import Measure
from supplychain.names import Names
from supplychain.network.values import Flow, Network
from supplychain.regimes import Ceilings
from supplychain.restriction import Range, Restriction
from supplychain.scenario import Scenario
from supplychain.sectors import Sector, sectors
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Field:
    """Everything that removals share; build it with `Field.of`.

    Attributes:
        base: horizon, start and focus, with no measure; names: of the pack.
        whole: the network compiled once.
    """

    network: Network
    base: Resolved
    names: Names
    whole: Whole
    _covered: dict[Ban, Covered] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, network: Network, focus: Iterable[str], months: int = MONTHS_PER_YEAR) -> "Field":
        """A field with these focus countries.

        Raises:
            ScenarioError: a focus country without export sectors; UnknownNameError: an unknown one.
        """
        if months < 1:
            raise UsageError(f"months: {months} is not at least 1")
        scenario = Scenario("chokepoints", "Removals", focus=tuple(focus), horizon=months)
        base = resolve(scenario, network)
        return cls(network, base, Names.of(network.tables), Whole(network, base.start, base.months))

    def measure(self, ban: Ban, severity: float = 1.0) -> Measure:
        """What `supplychain.restrict(..., kind="ban")` on the same item resolves to."""
        months = self.base.months
        restriction = Restriction(
            ban.actor, (ban.item,), "ban", Range.of(severity), months, to=ban.to
        )
        if ban not in self._covered:
            self._covered[ban] = cover(
                ban.item, restriction, self.network, self.names, self.base.start
            )
        covered = self._covered[ban]
        return Measure(restriction, (covered,), covered.products, 0, ((0, months),))

    def products(self, candidate: Candidate) -> tuple[str, ...]:
        """Products that a candidate takes away: what decides which part of the network it needs."""
        if candidate.node:
            return (self.network.nodes[self.network.index[candidate.node]].product,)
        named = (p for ban in candidate.bans for p in self.measure(ban).products)
        return tuple(sorted(dict.fromkeys(named)))

    def withheld(self, candidate: Candidate) -> tuple[str, ...]:
        """Products of which a ban stops any baseline flow over a border."""
        return tuple(
            product
            for ban in candidate.bans
            for product in self.measure(ban).products
            if any(
                self.country_of_slot[flow.slot] != ban.actor
                for flow in self.sold.get((ban.actor, product), ())
            )
        )

    @cached_property
    def sold(self) -> Mapping[tuple[str, str], tuple[Flow, ...]]:
        """Baseline flows by the country and the product that they leave."""
        found: dict[tuple[str, str], list[Flow]] = {}
        for flow in self.network.flows:
            node = self.network.nodes[flow.supplier]
            found.setdefault((node.country, node.product), []).append(flow)
        return {key: tuple(flows) for key, flows in found.items()}

    @cached_property
    def country_of_slot(self) -> tuple[str, ...]:
        """Country of the user, by slot of the network."""
        return tuple(self.network.nodes[slot.node].country for slot in self.network.slots)

    @cached_property
    def countries(self) -> Mapping[str, int]:
        """Number of each country."""
        return {c: k for k, c in enumerate(dict.fromkeys(n.country for n in self.network.nodes))}

    @cached_property
    def country_of(self) -> Index:
        """Number of the country of each node of the network."""
        number = self.countries
        return np.array([number[n.country] for n in self.network.nodes], dtype=np.int64)

    def ceilings(self, candidate: Candidate, severity: float = 1.0) -> Ceilings:
        """The ceilings of a candidate's bans, without links yet.

        Nothing but the actors' own flows of what they ban decides them, so no others are given.
        """
        measures = tuple(self.measure(ban, severity) for ban in candidate.bans)
        keys = dict.fromkeys((m.restriction.actor, p) for m in measures for p in m.products)
        flows = tuple(flow for key in keys for flow in self.sold.get(key, ()))
        small = replace(self.network, flows=flows)
        bins = int(self.network.parameters.value("cover_bins"))
        return Ceilings(small, replace(self.base, measures=measures), Central(), bins, [])

    @cached_property
    def sectors(self) -> tuple[Sector, ...]:
        """Every sector of every focus country, with its places in the whole."""
        return sectors(self.network, self.whole.compiled, self.base.focus)

    @cached_property
    def place(self) -> Mapping[int, int]:
        """Place in the network of each sector's nodes, by place in the whole."""
        return {k: self.whole.compiled.nodes[k] for s in self.sectors for k in s.nodes}

    def sectors_of(self, part: Compiled) -> tuple[Sector, ...]:
        """Every sector of every focus country, with the segments that a part holds."""
        at = {i: k for k, i in enumerate(part.nodes)}
        found = []
        for sector in self.sectors:
            inside = [
                (at[self.place[k]], row)
                for k, row in zip(sector.nodes, sector.rows, strict=True)
                if self.place[k] in at
            ]
            nodes, rows = tuple(k for k, _ in inside), tuple(row for _, row in inside)
            found.append(replace(sector, nodes=nodes, rows=rows))
        return tuple(found)

    @property
    def years(self) -> float:
        """Length of the horizon."""
        return self.base.months / MONTHS_PER_YEAR

    def is_for_all(self, ban: Ban) -> bool:
        """Whether a ban hits every importer."""
        return EVERYONE in ban.to
