"""The game behind Shapley values: what is lost if only some of the restrictions are in force.

A player is a restriction, or one item of a restriction that names several. A coalition of players
is the same scenario with all else left out: same horizon, stock releases and priorities. Coalitions
are lanes of one compiled network, so that thousands are played at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.compiled import compile_arrays
from supplychain.coverage import Measure, Resolved
from supplychain.draws import Central
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.frozen import FROZEN
from supplychain.network import Network
from supplychain.regimes import Coalitions
from supplychain.sectors import Sector, combined, sectors, shares
from supplychain.uncertainty import LANES_HELD, engine
from supplychain.vocabulary import MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]

BEHAVIOURS = {"adaptive": ADAPTIVE, "frozen": FROZEN}
"""Cases in which coalitions can be played."""


@dataclass(frozen=True)
class Player:
    """One cause: a restriction, or one of its items.

    Attributes:
        cause: in words, different for every player of a game.
        whole: position of its restriction in the scenario.
        measure: what it withholds.
    """

    cause: str
    whole: int
    measure: Measure


def players(resolved: Resolved, *, by_item: bool) -> tuple[Player, ...]:
    """The players of a scenario: its restrictions, or the items that these name.

    What a content rule covers abroad depends on all its items together: such a restriction stays
    one player.
    """
    found = []
    for number, measure in enumerate(resolved.measures):
        r = measure.restriction
        if not by_item or measure.foreign is not None:
            found.append(Player(f"{r.actor} {', '.join(r.items)}", number, measure))
            continue
        for covered in measure.covered:
            piece = replace(
                measure,
                restriction=replace(r, items=(covered.item,)),
                covered=(covered,),
                products=covered.products,
            )
            found.append(Player(f"{r.actor} {covered.item}", number, piece))
    return tuple(_distinct(found))


def _distinct(found: Sequence[Player]) -> list[Player]:
    """The same players; of two causes that read alike each says its restriction's number."""
    causes = [p.cause for p in found]
    return [
        replace(p, cause=f"{p.cause} (restriction {p.whole + 1})")
        if causes.count(p.cause) > 1
        else p
        for p in found
    ]


@dataclass(frozen=True)
class Game:
    """Losses of every sector of the focus countries, in USD over the horizon, by coalition.

    Attributes:
        network, resolved: the world and the whole scenario.
        players: who may be in a coalition; bit k of a coalition is player k.
        case: ``adaptive`` or ``frozen``.
    """

    network: Network
    resolved: Resolved
    players: tuple[Player, ...]
    case: str = "adaptive"

    @cached_property
    def sectors(self) -> tuple[Sector, ...]:
        """The sectors, in the order of `losses`."""
        compiled = compile_arrays(self.network, self.resolved, Central())
        return sectors(self.network, compiled, self.resolved.focus)

    def losses(self, coalitions: Sequence[int]) -> Mapping[int, Array]:
        """Loss of every sector, (S,), in every coalition; nobody's is exactly 0.

        Adapting starts with the first restriction in force, so coalitions are played together with
        those that start in the same month.
        """
        first = [p.measure.first_month for p in self.players]
        starts: dict[int, list[int]] = {}
        found: dict[int, Array] = {}
        for c in dict.fromkeys(coalitions):
            if c:
                start = min(m for k, m in enumerate(first) if c >> k & 1)
                starts.setdefault(start, []).append(c)
        for start, some in starts.items():
            for begin in range(0, len(some), LANES_HELD):
                part = some[begin : begin + LANES_HELD]
                found |= zip(part, self._played(start, part), strict=True)
        if 0 in coalitions:
            found[0] = np.zeros_like(next(iter(found.values()), np.zeros(len(self.sectors))))
        return found

    def _played(self, start: int, coalitions: Sequence[int]) -> Array:
        """Losses (coalitions, S) where nobody is in force before a month and somebody is then."""
        late = [k for k, p in enumerate(self.players) if p.measure.first_month >= start]
        measures = tuple(self.players[k].measure for k in late)
        active = np.array([[bool(c >> k & 1) for c in coalitions] for k in late])
        some = Coalitions(active, tuple(self.players[k].whole for k in late))
        resolved = replace(self.resolved, measures=measures)
        draws = Central(len(coalitions))
        compiled = compile_arrays(self.network, resolved, draws, some)
        every = sectors(self.network, compiled, self.resolved.focus)
        found = np.zeros((len(coalitions), len(every)))
        hit = [k for k, s in enumerate(every) if s.nodes]
        if hit:
            play = engine([every[k] for k in hit], draws.lanes, BEHAVIOURS[self.case])
            for k, lost in zip(hit, play.losses(compiled.arrays), strict=True):
                usd = every[k].exports_usd * self.resolved.months / MONTHS_PER_YEAR
                found[:, k] = combined(lost, shares(every[k], Central())) * usd
        return found
