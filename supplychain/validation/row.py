"""One claim, our answer, and the scores of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from supplychain.validation.claims import RANK, Claim, Figure
from supplychain.validation.score import (
    Ours,
    distance,
    in_band,
    in_range,
    interval_score,
    relative,
)


@dataclass(frozen=True)
class Row:
    """One claim and our answer, or why there is none.

    Attributes:
        scenario: the file that asks it, with the items kept of it.
        reason: why it is not answered; empty where it is.
        inside: whether we agree with it (`supplychain.validation.score.agrees`).
        would_close: of a miss, what would close it.
        pairs: of an index, pairs with other rows that stand in the same order, and all pairs.
        constants: (parameter, scope) of every constant that its run asked for.
    """

    claim: Claim
    claimed: Figure
    ours: Ours | None = None
    scenario: str = ""
    reason: str = ""
    inside: bool | None = None
    would_close: str = ""
    pairs: tuple[int, int] | None = None
    constants: frozenset[tuple[str, str]] = frozenset()

    @property
    def answered(self) -> bool:
        """Whether the pack answers it."""
        return self.ours is not None

    @property
    def distance(self) -> float | None:
        """Ours less the claim; None of a rank, which has another unit than what is ranked."""
        if self.ours is None or self.ours.central is None or self.claim.metric == RANK:
            return None
        return distance(self.ours.central, self.claimed)

    @property
    def interval(self) -> float | None:
        """Interval score of our band against the claimed figure."""
        if self.ours is None or self.ours.band is None or self.claimed.central is None:
            return None
        return interval_score(*self.ours.band, self.claimed.central)

    def cells(self) -> dict[str, Any]:
        """The row of a table: every cell a word or a number, None where there is none."""
        claim, ours = self.claim, self.ours
        low, high = (None, None) if ours is None or ours.band is None else ours.band
        return {
            "id": claim.id,
            "group": claim.group,
            "grade": claim.grade,
            "counts": claim.counts and self.answered,
            "metric": claim.metric,
            "unit": self.claimed.unit,
            "claimed": self.claimed.central,
            "claimed_low": self.claimed.low,
            "claimed_high": self.claimed.high,
            "ours": None if ours is None else ours.central,
            "low": low,
            "high": high,
            "distance": self.distance,
            "inside": self.inside,
            "frozen": None if ours is None else ours.cases.get("frozen"),
            **({} if ours is None else dict(ours.naive)),
            "scenario": self.scenario,
            "why": self.would_close or self.reason,
        }

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``rows`` in JSON."""
        claim, ours = self.claim, self.ours
        found: dict[str, Any] = {
            "id": claim.id,
            "table": claim.table,
            "group": claim.group,
            "grade": claim.grade,
            "held_out": claim.held_out,
            "counts": claim.counts and self.answered,
            "metric": claim.metric,
            "scenario": self.scenario,
            "claimed": {
                "low": self.claimed.low,
                "central": self.claimed.central,
                "high": self.claimed.high,
                "unit": self.claimed.unit,
            },
            "ours": None,
            "inside": self.inside,
            "reason": self.reason,
            "would_close": self.would_close,
        }
        if ours is None:
            return found
        band = ours.band
        found["ours"] = {
            "planner": ours.cases.get("planner"),
            "adaptive": ours.central,
            "frozen": ours.cases.get("frozen"),
            "peak": ours.cases.get("peak"),
            "band": None if band is None else {"low": band[0], "high": band[1]},
            "how": ours.how,
        }
        found |= {
            "claim_in_band": in_band(self.claimed, band),
            "ours_in_range": None if ours.central is None else in_range(ours.central, self.claimed),
            "distance": self.distance,
            "relative_distance": relative(self.distance, self.claimed),
            "interval_score": self.interval,
            "band_width": None if band is None else band[1] - band[0],
            "pairs": None if self.pairs is None else list(self.pairs),
            "naive": dict(ours.naive),
        }
        return found
