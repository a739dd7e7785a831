"""Many removals as lanes of one run: they share the part of the network and differ in one thing.

A lane of a ban differs in its ceilings, a lane of a stopped plant in one input that never arrives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from supplychain.chokepoints.candidates import Candidate
from supplychain.chokepoints.field import Field
from supplychain.compiled import Compiled
from supplychain.draws import Central
from supplychain.model import cascade, kernel
from supplychain.model.arrays import Arrays, Regimes
from supplychain.model.behaviour import Behaviour
from supplychain.model.outcome import Outcome
from supplychain.model.stoppage import stoppable, stopped
from supplychain.model.wiring import wire
from supplychain.sectors import Sector, loss_share, shares

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_LANES_AT_ONCE = 32
"""By array arithmetic: so many lanes that their state fits a cache."""


@dataclass(frozen=True)
class Lanes:
    """Arrays with one lane per removal.

    Attributes:
        sectors: of the focus countries, with their places in the arrays.
    """

    arrays: Arrays
    sectors: tuple[Sector, ...]

    @classmethod
    def of(
        cls,
        field: Field,
        part: Compiled,
        removals: Sequence[Candidate],
        severities: Sequence[float] | None = None,
    ) -> "Lanes":
        """Lay removals on the part of the network that holds all that they reach."""
        arrays = part.arrays.take(np.zeros(len(removals), dtype=np.int64))
        hard = [1.0] * len(removals) if severities is None else severities
        arrays = _with_bans(field, part, arrays, removals, hard)
        arrays = _with_stops(field, part, arrays, removals)
        return cls(arrays, field.sectors_of(part))

    def losses(self, behaviour: Behaviour, *, quick: bool) -> Array:
        """Loss of every sector over its baseline exports of the horizon, (sectors, L)."""
        nodes = sorted({n for s in self.sectors for n in s.nodes})
        delivered = self._delivered(behaviour, np.array(nodes, dtype=np.int64), quick=quick)
        at = {n: k for k, n in enumerate(nodes)}
        found = np.zeros((len(self.sectors), self.arrays.lanes))
        moved = [replace(s, nodes=tuple(at[n] for n in s.nodes)) for s in self.sectors]
        hit = np.flatnonzero((delivered != 1.0).any(axis=(0, 1, 3)))
        for lane in hit.tolist():
            # One lane at a time: sums over a single lane have an order of their own.
            one = np.ascontiguousarray(delivered[:, :, [lane]])
            outcome = Outcome.untraced(one, one)
            for k, sector in enumerate(moved):
                if sector.nodes:
                    found[k, lane] = loss_share(sector, outcome, shares(sector, Central()))[0]
        return found

    def _delivered(self, behaviour: Behaviour, nodes: Index, *, quick: bool) -> Array:
        """What the sectors' plants delivered, (T, n, L, K)."""
        if not nodes.size:
            return np.ones((self.arrays.months, 0, self.arrays.lanes, self.arrays.bins))
        if quick:
            return kernel.run_lanes(self.arrays, behaviour, nodes).delivered
        wiring = wire(self.arrays)
        parts = [
            cascade.run(
                self.arrays.take(slice(a, a + _LANES_AT_ONCE)),
                behaviour,
                trace=False,
                wiring=wiring,
            ).delivered[:, nodes]
            for a in range(0, self.arrays.lanes, _LANES_AT_ONCE)
        ]
        return np.concatenate(parts, axis=2)


def _with_bans(
    field: Field,
    part: Compiled,
    arrays: Arrays,
    removals: Sequence[Candidate],
    severities: Sequence[float],
) -> Arrays:
    """Ceilings of every lane: a row per exporter, product and (of some bans) importer.

    They are those that `supplychain.regimes.Ceilings` gives for one link of each row.
    """
    rows = _Rows.of(field, part, arrays, removals)
    shape = (arrays.months, len(rows.links), arrays.lanes, 1)
    plain, leaky = np.full(shape, np.inf), np.full(shape, np.inf)
    for lane, (removal, severity) in enumerate(zip(removals, severities, strict=True)):
        mine = [row for key in _keys(field, removal) for row in rows.held.get(key, ())]
        if not mine:
            continue
        links = [rows.links[row] for row in mine]
        ceilings = replace(field.ceilings(removal, severity), links=links)
        which, table = ceilings.of(links), ceilings.regimes()
        plain[:, mine, lane] = table.ceiling[:, which, 0]
        leaky[:, mine, lane] = table.leaky[:, which, 0]
    return replace(
        arrays,
        flows=replace(arrays.flows, regime=rows.flows),
        openings=replace(arrays.openings, regime=rows.openings),
        regimes=Regimes(plain, leaky),
    )


def _keys(field: Field, removal: Candidate) -> list[tuple[str, str, str]]:
    """Exporter, product and importer (``*`` for all) of everything that a removal's bans hold."""
    return [
        (ban.actor, product, user)
        for ban in removal.bans
        for product in field.measure(ban).products
        for user in ban.to
    ]


@dataclass(frozen=True)
class _Rows:
    """Rows of ceilings of a part: flows and openings that all lanes hold alike share one.

    Attributes:
        flows, openings: row of each, -1 for none.
        links: one supplier and slot of each row, as positions in the network.
        held: exporter, product and importer -> rows.
    """

    flows: Index
    openings: Index
    links: Sequence[tuple[int, int]]
    held: Mapping[tuple[str, str, str], Sequence[int]]

    @classmethod
    def of(
        cls, field: Field, part: Compiled, arrays: Arrays, removals: Sequence[Candidate]
    ) -> "_Rows":
        """Number the rows that these removals need."""
        named = dict.fromkeys(key for r in removals for key in _keys(field, r))
        sellers = {pair: g for g, pair in enumerate(dict.fromkeys((a, p) for a, p, _ in named))}
        nodes = [field.network.nodes[i] for i in part.nodes]
        group = np.array([sellers.get((n.country, n.product), -1) for n in nodes], dtype=np.int64)
        country = field.country_of[list(part.nodes)]
        table = np.full((len(sellers) + 1, len(field.countries)), -1, dtype=np.int64)
        keys: list[tuple[str, str, str]] = []
        for actor, product, user in sorted(named, key=lambda key: key[2] != "*"):
            place = sellers[actor, product]
            if user == "*":
                table[place] = len(keys)
            else:
                table[place, field.countries[user]] = len(keys)
            table[place, field.countries[actor]] = -1
            keys.append((actor, product, user))
        flows, openings = (
            table[group[ends.supplier], country[arrays.slots.node[ends.slot]]]
            for ends in (arrays.flows, arrays.openings)
        )
        return cls._filled(field, part, keys, flows, openings)

    @classmethod
    def _filled(
        cls,
        field: Field,
        part: Compiled,
        keys: Sequence[tuple[str, str, str]],
        flows: Index,
        openings: Index,
    ) -> "_Rows":
        """Leave out rows without any link."""
        every = np.concatenate([flows, openings])
        used, first = np.unique(every, return_index=True)
        first, used = first[used >= 0], used[used >= 0]
        place = np.full(len(keys) + 1, -1, dtype=np.int64)
        place[used] = np.arange(used.size)
        network, links = field.network, []
        for e in first.tolist():
            if e < flows.size:
                flow = network.flows[part.flows[e]]
                links.append((flow.supplier, flow.slot))
            else:
                links.append(part.openings[e - flows.size])
        held: dict[tuple[str, str, str], list[int]] = {}
        for row, key in enumerate(used.tolist()):
            held.setdefault(keys[key], []).append(row)
        return cls(place[flows], place[openings], links, held)


def _with_stops(
    field: Field, part: Compiled, arrays: Arrays, removals: Sequence[Candidate]
) -> Arrays:
    """Plants that stop in lanes of their own."""
    at = {i: k for k, i in enumerate(part.nodes)}
    stops = {at[field.network.index[r.node]]: k for k, r in enumerate(removals) if r.node}
    if not stops:
        return arrays
    nodes = np.array(sorted(stops), dtype=np.int64)
    grown, added = stoppable(arrays, nodes)
    return stopped(grown, nodes, added, np.array([stops[n] for n in nodes.tolist()]))
