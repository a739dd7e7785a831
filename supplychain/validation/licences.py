"""What is on record of every licence: months of flows under it, over their level before.

A *measure* is what one country put in force on one day; episodes that share it share its record,
so that they are left out together. A *record* is one flow under one measure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from supplychain.restriction import month_number
from supplychain.scenario import Scenario
from supplychain.validation.claims import EPISODES, Claim, compared
from supplychain.vocabulary import EVERYONE

Array = npt.NDArray[np.float64]

HORIZON = 12
"""Months of a record that are read: later ones show what buyers put in its place, too."""

LEAST_MONTHS = 3
"""A record of fewer months says too little to be lent to another licence: what comes near it is
hardly less than all that one could think of."""


class Measure(NamedTuple):
    """Who put it in force, and when (``YYYY-MM-DD``)."""

    actor: str
    start: str

    @classmethod
    def of(cls, claim: Claim) -> Measure:
        """The measure that an observation is about."""
        return cls(claim.actor, claim.start)


class Seen(NamedTuple):
    """Mean of a flow over some months of the measure (its own month is 1), over normal."""

    first: int
    last: int
    ratio: float


@dataclass(frozen=True)
class Record:
    """One flow under one measure.

    Attributes:
        goods, to: what flows (products, or the minerals of all products), and to whom (``*`` all).
        covered: share of the flow that the measure covers, 0-1.
        seen: in the order of months.
    """

    measure: Measure
    goods: tuple[str, ...]
    to: tuple[str, ...]
    covered: float
    seen: tuple[Seen, ...]

    @property
    def name(self) -> str:
        """``tungsten apt``, or ``ndfeb magnet + 1 to USA``."""
        more = f" + {len(self.goods) - 1}" if len(self.goods) > 1 else ""
        to = "" if EVERYONE in self.to else f" to {', '.join(self.to)}"
        return self.goods[0].replace("_", " ") + more + to

    @property
    def is_lent(self) -> bool:
        """Whether it is long enough to say something about other licences."""
        return len({m for s in self.seen for m in range(s.first, s.last + 1)}) >= LEAST_MONTHS

    @property
    def months(self) -> Mapping[int, float]:
        """Share of normal that the measure let through of what it covers, of single months.

        A flow at 0.55 of which it covers 0.9 lets 0.5 through: ``1 - (1 - 0.55) / 0.9``.
        """
        return {
            s.first: max(1.0 - (1.0 - s.ratio) / self.covered, 0.0)
            for s in self.seen
            if s.first == s.last
        }

    def flows(self, ceilings: Array) -> Array:
        """Means (seen, N) of the record's months under ceilings (T, N) of what is covered.

        Months before the measure stand at 1.

        >>> seen = (Seen(1, 1, 0.0), Seen(0, 2, 0.5))
        >>> record = Record(Measure("CHN", "2025-04-04"), ("magnet",), ("*",), 0.5, seen)
        >>> record.flows(np.array([[0.0], [1.0]])).round(3).tolist()  # 0.5; (1 + 0.5 + 1) / 3
        [[0.5], [0.833]]
        """
        late = 1.0 - self.covered * (1.0 - ceilings)
        whole = np.concatenate([np.ones((1, *late.shape[1:])), late])
        return np.stack(
            [
                whole[np.maximum(np.arange(s.first, s.last + 1), 0)].mean(axis=0)
                for s in self.seen
            ]
        )  # fmt: skip


def records(claims: Iterable[Claim], covered: Callable[[Claim], float]) -> tuple[Record, ...]:
    """Every flow under a measure on which there is a record, by date.

    A claim is of a record if it is an observed flow from the actor over a level before, inside
    `HORIZON`; sums over months are read only where a flow has no single months.

    Args:
        claims: of any tables.
        covered: share of the flow of a claim that its measure covers; 0 where it covers none.
    """
    found: dict[tuple[Measure, tuple[str, ...], tuple[str, ...]], dict[Seen, Claim]] = {}
    for claim in claims:
        seen = _seen(claim)
        if seen is not None:
            named = claim.items if EVERYONE in claim.sectors else claim.sectors
            key = (Measure.of(claim), named, _users(claim))
            found.setdefault(key, {})[seen] = claim
    made = []
    for (measure, goods, to), rows in found.items():
        single = {s: c for s, c in rows.items() if s.first == s.last}
        kept = single or rows
        share = covered(next(iter(kept.values())))
        if share > 0:
            made.append(Record(measure, goods, to, share, tuple(sorted(kept))))
    return tuple(sorted(made, key=lambda r: (r.measure.start, r.measure.actor)))


def _users(claim: Claim) -> tuple[str, ...]:
    return claim.countries if claim.metric == "import_flow" else claim.partners


def _seen(claim: Claim) -> Seen | None:
    """What a claim adds to a record; None for any other."""
    if claim.table != EPISODES or claim.metric not in {"export_flow", "import_flow"}:
        return None
    suppliers = claim.partners if claim.metric == "import_flow" else claim.countries
    figure = compared(claim)
    is_ratio = figure.unit.startswith("ratio") and not claim.reference
    if suppliers != (claim.actor,) or not is_ratio or figure.central is None:
        return None
    first, last = (
        month_number(month) - month_number(claim.start) + 1
        for month in (claim.first_month, claim.last_month)
    )
    return Seen(first, last, figure.central) if 1 <= last <= HORIZON else None


def last_curve(found: Sequence[Record], measure: Measure) -> tuple[float, ...] | None:
    """Share let through, month by month, of the last licence before: what a naive reader expects.

    Of what was known when the measure began: the latest earlier measure with `LEAST_MONTHS` months
    on record by then, the mean over its flows, in between along a line, then as in its last month.
    None where there is no such measure.
    """
    now = month_number(measure.start)
    for other in sorted({r.measure for r in found}, key=lambda m: m.start, reverse=True):
        known: dict[int, list[float]] = {}
        for record in (r for r in found if r.measure == other):
            for month, share in record.months.items():
                if month >= 1 and month_number(other.start) + month - 1 < now:
                    known.setdefault(month, []).append(share)
        if other.start < measure.start and len(known) >= LEAST_MONTHS:
            at = sorted(known)
            means = [float(np.mean(known[m])) for m in at]
            return tuple(np.interp(np.arange(1, HORIZON + 1), at, means).tolist())
    return None


def is_licence(scenario: Scenario) -> bool:
    """Whether a scenario plays a licence."""
    return any(r.kind == "licence" for r in scenario.restrictions)
