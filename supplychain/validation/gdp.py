"""GDP losses of many lanes at once: the economy layer is linear in the losses of sectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.coverage import Resolved
from supplychain.economy import CountryLoss, WorldTable, economy_of
from supplychain.validation.view import Play, View

Array = npt.NDArray[np.float64]
Key = tuple[str, str]
Reading = Callable[[CountryLoss, str], float]
"""What is read of a country's loss in one case."""

_MIXED = ("planner", "adaptive", "frozen")


@dataclass(frozen=True)
class _Lost:
    """A loss made up to read off what one sector weighs."""

    country: str
    sector: str
    baseline_exports_usd: float
    share: Mapping[str, float]
    evidence: str


@dataclass(frozen=True)
class _Answer:
    """Losses made up, under the scenario of a run."""

    resolved: Resolved
    losses: Sequence[_Lost]


def of_whole(loss: CountryLoss, case: str) -> float:
    """Share of GDP lost."""
    return loss.whole.share[case]


def of_whole_usd(loss: CountryLoss, case: str) -> float:
    """Value added lost, billion USD over the horizon."""
    return loss.whole.usd[case] / 1e9


def of_group(group: str) -> Reading:
    """Value added that one group of industries loses, billion USD over the horizon."""

    def read(loss: CountryLoss, case: str) -> float:
        """That group's part."""
        part = loss.groups.get(group)
        return part.usd[case] / 1e9 if part else 0.0

    return read


def weights(world: WorldTable, play: Play, country: str, reading: Reading) -> dict[Key, float]:
    """What one whole sector's loss would add to a country's loss, by sector that is hit.

    The layer fixes the exports of all hit sectors jointly and is linear in what each of them loses,
    so any lane's loss is the sum of its sectors' losses times these.
    """
    hit = [
        s
        for s in play.cases["frozen"].sectors.values()
        if any(view.loss((s.country, s.sector)).any() for view in play.cases.values())
    ]
    found: dict[Key, float] = {}
    for k in range(0, len(hit), 2):
        pair = hit[k : k + 2]
        losses = [
            _Lost(
                s.country,
                s.sector,
                s.exports_usd * play.run.resolved.months / 12.0,
                {
                    "planner": float(s is pair[0]),
                    "adaptive": float(s is pair[-1]),
                    "frozen": 1.0,
                },
                s.evidence,
            )
            for s in hit
        ]
        loss = economy_of(world, _Answer(play.run.resolved, losses)).country(country)
        for sector, case in zip(pair, _MIXED, strict=False):
            found[sector.country, sector.sector] = reading(loss, case)
    return found


def weighed(view: View, weight: Mapping[Key, float]) -> Array:
    """Sum of the sectors' losses times their weights, (L,)."""
    total = np.zeros(view.lanes)
    for key, each in weight.items():
        total += each * view.loss(key)
    return total
