"""Runs between two runs: some of the parts in which they differ taken from the second."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from supplychain.attribution.parts import (
    SILENT,
    Change,
    Place,
    is_same,
    network_of,
    scenario_of,
    scenario_parts,
    table_parts,
)
from supplychain.compiled import compile_arrays
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central
from supplychain.errors import DataError, ScenarioError
from supplychain.growth import grown
from supplychain.model.adaptive import adaptive
from supplychain.network import Network
from supplychain.scenario import Scenario
from supplychain.sectors import loss_share, sectors, shares
from supplychain.vocabulary import MONTHS_PER_YEAR
from supplychain.world import World

Array = npt.NDArray[np.float64]
Sector = tuple[str, str]
"""Country and sector."""


@dataclass(frozen=True)
class Cause:
    """Parts that change together.

    Attributes:
        words: what the second run has that the first has not.
        places: of its parts; rows: whether all of them are rows of the pack.
    """

    words: str
    places: frozenset[Place]
    rows: bool

    def joined(self, *others: "Cause") -> "Cause":
        """This cause and others as one."""
        every = (self, *others)
        return Cause(
            "; ".join(c.words for c in every),
            frozenset().union(*(c.places for c in every)),
            all(c.rows for c in every),
        )


@dataclass(frozen=True)
class Pair:
    """Two runs to compare, each resolved against its pack, both counting the same countries."""

    one: Network
    resolved: Resolved
    other: Network
    other_resolved: Resolved
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        world_a: World,
        scenario_a: Scenario,
        world_b: World,
        scenario_b: Scenario,
        focus: Sequence[str] = (),
    ) -> "Pair":
        """Resolve both; what either has in focus is counted in both.

        Raises:
            ScenarioError, UnknownNameError: a scenario does not fit its pack.
        """
        worlds = (world_a.network, world_b.network)
        given = [replace(s, focus=tuple(focus)) if focus else s for s in (scenario_a, scenario_b)]
        first, second = (resolve(s, n) for s, n in zip(given, worlds, strict=True))
        every = tuple(dict.fromkeys((*first.focus, *second.focus)))
        counted = [_focused(r, n, every) for r, n in zip((first, second), worlds, strict=True)]
        notes = []
        if set(first.focus) != set(second.focus):
            notes.append(f"the focus differs: {', '.join(every)} are counted in both")
        silent = [
            t for t in sorted(SILENT)
            if [*map(dict, worlds[0].tables.rows(t))] != [*map(dict, worlds[1].tables.rows(t))]
        ]  # fmt: skip
        if silent:
            notes.append(f"differences in {', '.join(silent)} move no loss and are left out")
        return cls(worlds[0], counted[0], worlds[1], counted[1], tuple(notes))

    @cached_property
    def scenarios(self) -> tuple[dict[Place, Any], dict[Place, Any]]:
        """The parts of both scenarios."""
        return scenario_parts(self.resolved, self.other_resolved)

    @cached_property
    def tables(self) -> tuple[dict[Place, Any], dict[Place, Any]]:
        """The parts of both packs."""
        return dict(table_parts(self.one.tables)), dict(table_parts(self.other.tables))

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """The parts in which the runs differ: the scenario's, then the pack's rows."""
        found = []
        for (one, other), same in ((self.scenarios, lambda a, b: a == b), (self.tables, is_same)):
            for place in dict.fromkeys((*one, *other)):
                change = Change(place, one.get(place), other.get(place))
                if not same(change.one, change.other):
                    found.append(change)
        return tuple(found)

    def causes(self, most: int) -> tuple[Cause, ...]:
        """One cause per change; one per table where more than so many rows changed."""
        one, other = self.scenarios
        rows = [c for c in self.changes if c.is_row]
        found = [
            Cause(c.words(one, other), frozenset({c.place}), rows=c.is_row)
            for c in self.changes
            if not c.is_row or len(rows) <= most
        ]
        if len(rows) > most:
            for table in dict.fromkeys(c.place[0] for c in rows):
                mine = [c.place for c in rows if c.place[0] == table]
                words = f"{table}.csv: {len(mine)} row{'s' * (len(mine) > 1)}"
                found.append(Cause(words, frozenset(mine), rows=True))
        return tuple(found)


def _focused(resolved: Resolved, network: Network, focus: Iterable[str]) -> Resolved:
    """The same with another focus, as far as the pack has sectors there."""
    there = {str(r["country"]) for r in network.tables.rows("industries")}
    counted = tuple(c for c in focus if c in there)
    return replace(resolved, focus=counted, scenario=replace(resolved.scenario, focus=counted))


@dataclass
class Mixer:
    """Plays the runs between the two of a pair, each once.

    Attributes:
        losses_of: loss of every sector in USD by the places taken from the second run; None where
            these parts do not fit together.
    """

    pair: Pair
    losses_of: dict[frozenset[Place], dict[Sector, float] | None] = field(default_factory=dict)
    _networks: dict[frozenset[Place], Network | None] = field(default_factory=dict)

    @property
    def runs(self) -> int:
        """How many runs were played."""
        return sum(found is not None for found in self.losses_of.values())

    def losses(self, causes: Iterable[Cause]) -> dict[Sector, float] | None:
        """Losses where these causes are as in the second run; None where they do not fit."""
        places = frozenset().union(*(c.places for c in causes))
        if places not in self.losses_of:
            self.losses_of[places] = self._played(places)
        return self.losses_of[places]

    def _played(self, places: frozenset[Place]) -> dict[Sector, float] | None:
        """Losses of one run."""
        pair = self.pair
        network = self._network(frozenset(p for p in places if p in self._rows))
        if network is None:
            return None
        if not places:
            return sector_losses(network, pair.resolved)
        if places == self._every:
            return sector_losses(network, pair.other_resolved)
        one, other = pair.scenarios
        like = _focused(pair.resolved, network, self._focus).scenario
        try:
            return sector_losses(
                network, resolve(scenario_of(_mixed(one, other, places), like), network)
            )
        except (ScenarioError, DataError):
            return None

    def _network(self, places: frozenset[Place]) -> Network | None:
        """The network with some rows of the second pack; None where it is refused."""
        if places not in self._networks:
            self._networks[places] = self._built(places)
        return self._networks[places]

    def _built(self, places: frozenset[Place]) -> Network | None:
        """Build a network, unless it is one of the two."""
        if not places:
            return self.pair.one
        if places == self._rows:
            return self.pair.other
        one, other = self.pair.tables
        try:
            return network_of(
                _mixed(one, other, places), self.pair.one.tables, self.pair.other.tables
            )
        except DataError:
            return None

    @cached_property
    def _every(self) -> frozenset[Place]:
        """All places in which the runs differ."""
        return frozenset(c.place for c in self.pair.changes)

    @cached_property
    def _rows(self) -> frozenset[Place]:
        """Those of rows."""
        return frozenset(c.place for c in self.pair.changes if c.is_row)

    @cached_property
    def _focus(self) -> tuple[str, ...]:
        """Countries that are counted in either run."""
        return tuple(dict.fromkeys((*self.pair.resolved.focus, *self.pair.other_resolved.focus)))


def _mixed(
    one: dict[Place, Any], other: dict[Place, Any], places: frozenset[Place]
) -> dict[Place, Any]:
    """The parts of one run, those at some places as in the other; in the order of the first."""
    mixed = {p: other.get(p) if p in places else v for p, v in one.items()}
    mixed |= {p: other[p] for p in other if p in places and p not in one}
    return {p: v for p, v in mixed.items() if v is not None}


def with_plants(network: Network, resolved: Resolved) -> tuple[Network, Resolved]:
    """The network with the new plants of a scenario, and the scenario on it."""
    whole = grown(network, resolved.scenario)
    if whole is network:
        return network, resolved
    return whole, resolve(replace(resolved.scenario, focus=resolved.focus), whole)


def sector_losses(network: Network, resolved: Resolved) -> dict[Sector, float]:
    """Adaptive loss of every sector over the horizon, USD."""
    network, resolved = with_plants(network, resolved)
    compiled = compile_arrays(network, resolved, Central())
    outcome = adaptive(compiled.arrays, trace=False)
    scale = resolved.months / MONTHS_PER_YEAR
    return {
        (s.country, s.sector): float(loss_share(s, outcome, shares(s, Central()))[0])
        * (s.exports_usd * scale)
        for s in sectors(network, compiled, resolved.focus)
    }


def joined(causes: Sequence[Cause], mixer: Mixer) -> tuple[tuple[Cause, ...], str]:
    """Fewer causes where some runs between the two are refused, and what to say of them.

    Two that fit only together become one; else all rows of the packs do; else everything.
    """
    alone = [c for c in causes if mixer.losses([c]) is None]
    for cause in alone:
        for other in causes:
            if other is not cause and mixer.losses([cause, other]) is not None:
                return _as_one(causes, [c for c in causes if c in {cause, other}])
    rows = [c for c in causes if c.rows]
    return _as_one(causes, rows if len(rows) > 1 else causes)


def _as_one(causes: Sequence[Cause], some: Sequence[Cause]) -> tuple[tuple[Cause, ...], str]:
    """Some of the causes as one, in the place of the first."""
    whole = some[0].joined(*some[1:])
    rest = (whole if c is some[0] else c for c in causes if c is some[0] or c not in some)
    return tuple(rest), f"these belong together, a part of them alone is refused: {whole.words}"
