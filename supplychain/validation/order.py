"""Rows that state an order: how many pairs of a study stand in ours as in theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from supplychain.chokepoints.agreement import spearman
from supplychain.validation.claims import RANK
from supplychain.validation.row import Row

RISK = "supply_risk"
_SIGN: Mapping[str, float] = {RISK: 1.0, RANK: -1.0}
"""Of a rank, 1 is the largest."""
_WHY: Mapping[str, str] = {
    RISK: (
        "the index here has no trade parameter, no substitution index, one governance indicator of "
        "six, and only the members of the Union that the pack knows"
    ),
    RANK: (
        "the study weights each stop by its probability and counts all of GDP over 84 minerals; "
        "ours is a certain full stop by one country, in lost exports, over the minerals named here"
    ),
}


def in_order(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Each row of a stated order with its pairs; it is inside when all of them stand as claimed.

    Equal figures of ours stand in no order, and count as a pair that is wrong.
    """
    found = []
    for row in rows:
        sign = _SIGN.get(row.claim.metric)
        if sign is None or row.ours is None:
            found.append(row)
            continue
        whole, wrong = 0, []
        for peer in _peers(rows, row):
            theirs, ours = sign * (_stated(peer) - _stated(row)), _ours(peer) - _ours(row)
            whole += theirs != 0
            if theirs and theirs * ours <= 0:
                wrong.append((theirs < 0, ours == 0, peer.claim.items[0]))
        inside = not wrong if whole else None
        text = f"{_misplaced(wrong)}; {_WHY[row.claim.metric]}" if wrong else ""
        pairs = (whole - len(wrong), whole)
        found.append(replace(row, pairs=pairs, inside=inside, would_close=text))
    return tuple(found)


def _misplaced(wrong: Sequence[tuple[bool, bool, str]]) -> str:
    """Peers on the wrong side: claimed below it or above it, and level with it in ours.

    >>> _misplaced([(True, False, "zinc"), (False, True, "tin")])
    'above it with us: zinc; level with it: tin'
    """
    sides = {
        "above it with us": [name for below, level, name in wrong if below and not level],
        "below it with us": [name for below, level, name in wrong if not below and not level],
        "level with it": [name for _, level, name in wrong if level],
    }
    return "; ".join(f"{side}: {', '.join(names)}" for side, names in sides.items() if names)


@dataclass(frozen=True)
class Order:
    """The order of one study's rows against ours.

    Attributes:
        right, whole: pairs that stand as claimed, and all pairs that the study orders.
        rank_correlation: Spearman's, ties at their mean rank; from -1 to 1.
    """

    study: str
    rows: int
    right: int
    whole: int
    rank_correlation: float

    def sentence(self) -> str:
        """The order in words."""
        return (
            f"{self.study}: {self.right} of {self.whole} pairs of its {self.rows} rows stand in "
            f"the same order with us, rank correlation {self.rank_correlation:+.2f}. By chance it "
            "would be half of the pairs, and 0."
        )


def orders(rows: Sequence[Row]) -> tuple[Order, ...]:
    """One per study that states an order of at least two answered rows."""
    found = []
    for study in dict.fromkeys(r.claim.group for r in rows if r.pairs is not None):
        mine = [r for r in rows if r.claim.group == study and r.pairs is not None]
        if len(mine) > 1:
            sign = _SIGN[mine[0].claim.metric]
            right, whole = (sum(r.pairs[k] for r in mine if r.pairs) // 2 for k in (0, 1))
            rho = spearman(
                np.array([sign * _stated(r) for r in mine]), np.array([_ours(r) for r in mine])
            )
            found.append(Order(study, len(mine), right, whole, rho))
    return tuple(found)


def _peers(rows: Sequence[Row], row: Row) -> list[Row]:
    """Other answered rows of the same kind and study."""
    kind = (row.claim.metric, row.claim.group)
    return [r for r in rows if (r.claim.metric, r.claim.group) == kind and r.ours and r is not row]


def _stated(row: Row) -> float:
    return row.claimed.central or 0.0


def _ours(row: Row) -> float:
    return (row.ours.central if row.ours else None) or 0.0
