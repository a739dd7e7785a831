"""Remove everything that can be removed, simulate each removal, and rank them by what they cost."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from supplychain.chokepoints.candidates import Candidate, Removed, candidates
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.lanes import Lanes
from supplychain.model import kernel
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.behaviour import Behaviour

Array = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

_LANES = 256
"""Lanes whose arrays are held at once."""
_WORTH_COMPILING = 2000
"""Lanes from which on waiting for a compiler (half a minute, once) is quicker than not to."""
_MOST_THREADS = 8
STRONGEST = 8
"""Single bans of which all pairs are played: the larger losses, with a loss at all."""


def silent(_step: str, _share: float) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Loss:
    """What one removal costs.

    Attributes:
        shares: of each sector's exports of the horizon (in the order of `Field.sectors`).
        usd: the same in USD; total: of all sectors of all focus countries.
    """

    removal: Candidate
    shares: tuple[float, ...]
    usd: tuple[float, ...]

    @property
    def total(self) -> float:
        """Loss of all sectors of the focus countries together, USD."""
        return sum(self.usd)


def removals(field: Field, kinds: Sequence[Removed]) -> tuple[Candidate, ...]:
    """Every single removal of some kinds.

    A mineral counts where a ban on it stops at least two products: else it is a restriction.
    """
    found = candidates(field.network, kinds)
    least = 2
    return tuple(c for c in found if c.kind != "mineral" or len(field.withheld(c)) >= least)


def losses(
    field: Field,
    chosen: Sequence[Candidate],
    behaviour: Behaviour = ADAPTIVE,
    severities: Sequence[float] | None = None,
    progress: Progress = silent,
) -> tuple[Loss, ...]:
    """Simulate removals, and answer in their order.

    Removals of the same products are lanes of one run; the answer does not depend on how they are
    put together, nor on threads, nor on whether compiled code plays them.
    """
    hard = np.ones(len(chosen)) if severities is None else np.asarray(severities)
    groups: dict[tuple[object, ...], list[int]] = {}
    for k, removal in enumerate(chosen):
        groups.setdefault(_alike(field, removal), []).append(k)
    jobs = [ks[a : a + _LANES] for ks in groups.values() for a in range(0, len(ks), _LANES)]
    jobs.sort(key=lambda job: (-len(job), job[0]))
    quick = kernel.available() and (kernel.ready() or len(chosen) >= _WORTH_COMPILING)
    share = np.zeros((len(chosen), len(field.sectors)))
    _prepare(field)

    def play(job: list[int]) -> int:
        """One group of removals."""
        mine = [chosen[k] for k in job]
        part = field.whole.part(field.products(mine[0]))
        lanes = Lanes.of(field, part, mine, hard[job].tolist())
        share[job] = lanes.losses(behaviour, quick=quick).T
        return len(job)

    done = 0
    threads = min(os.cpu_count() or 1, _MOST_THREADS)
    with ThreadPoolExecutor(threads) as pool:
        try:
            for count in pool.map(play, jobs):
                done += count
                progress("simulating removals", done / len(chosen))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    worth = [sector.exports_usd * field.years for sector in field.sectors]
    return tuple(
        Loss(c, tuple(row), tuple(s * usd for s, usd in zip(row, worth, strict=True)))
        for c, row in zip(chosen, share.tolist(), strict=True)
    )


def _alike(field: Field, removal: Candidate) -> tuple[object, ...]:
    """What removals must have in common to be lanes of one run: part, ceilings, what is covered.

    Bans on everybody and bans on one importer have rows of ceilings of their own. A commodity of
    which any flow is covered is never passed over by the engines, and users of one that is not
    passed over may order stocks that differ from none by rounding: so all lanes cover the same.
    """
    products = field.products(removal)
    covered = field.withheld(removal) if len(products) > 1 else ()
    aimed = any(not field.is_for_all(ban) for ban in removal.bans)
    return aimed, products, frozenset(covered)


def _prepare(field: Field) -> None:
    """Work out what threads share, once."""
    field.whole.prepare()
    for name in ("sectors", "place", "sold", "country_of", "country_of_slot", "countries"):
        getattr(field, name)
    _ = field.network.products, field.network.index


def ranked(found: Sequence[Loss]) -> tuple[Loss, ...]:
    """Largest loss first; equal losses by kind and id."""
    return tuple(sorted(found, key=lambda x: (-x.total, x.removal.kind, x.removal.id)))


def pairs(field: Field, singles: Sequence[Loss], strongest: int = STRONGEST) -> list[Candidate]:
    """All pairs of the strongest single bans that have no product of one actor in common."""
    bans = [x.removal for x in ranked(singles) if x.removal.bans and x.total > 0]
    found = []
    for a, b in combinations(bans[:strongest], 2):
        if not _held(field, a) & _held(field, b):
            found.append(Candidate("pair", a.bans + b.bans))
    return found


def _held(field: Field, removal: Candidate) -> set[tuple[str, str]]:
    """Actors and products of a removal's bans."""
    return {(ban.actor, p) for ban in removal.bans for p in field.measure(ban).products}


@dataclass(frozen=True)
class Interaction:
    """What two bans do to each other's loss.

    Attributes:
        singles_usd: sum of the two single losses.
        usd: joint loss less that sum. Above 0 they reinforce each other: each closes a way around
            the other. Below 0 they overlap: exports that one of them stops cannot be lost twice.
    """

    singles_usd: float
    usd: float


def interactions(joint: Sequence[Loss], singles: Sequence[Loss]) -> Mapping[Candidate, Interaction]:
    """The interaction of every pair."""
    alone = {x.removal.bans[0]: x.total for x in singles if len(x.removal.bans) == 1}
    found = {}
    for pair in joint:
        together = sum(alone[ban] for ban in pair.removal.bans)
        found[pair.removal] = Interaction(together, pair.total - together)
    return found
