"""Calibration rows: which assumptions would give a figure whose question is not known.

Such a figure was known from the start, so coming near to it shows nothing, and it counts nowhere.
What can be said is which pairs of assumptions would give it: affected share x stock cover, and
severity x months. A coarse grid, with straight lines between its points; `supplychain match` finds
the same curves to four digits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from supplychain.compiled import compile_arrays
from supplychain.draws import Central, Severities
from supplychain.measures import any_severity
from supplychain.model.adaptive import adaptive
from supplychain.scenario import Scenario
from supplychain.sectors import monthly_loss, shares
from supplychain.sensitivity.match import NO_PROOF, percent
from supplychain.twoway import Bench, has_severity
from supplychain.validation.claims import Claim
from supplychain.world import World

_COVERS = (1.0, 15.0, 30.0, 60.0, 120.0, 240.0)
"""Days, beside the pack's own and its 10 and 90 %."""
_SEVERITIES = (0.4, 0.6, 0.8, 0.9, 1.0)
_MONTHS = (6, 9, 12, 18)


@dataclass(frozen=True)
class Pair:
    """Two assumptions that would give the figure together.

    Attributes:
        x: the one that is looked for; None where no value of it gives the figure.
        y: the one that is set; is_inside: both are inside the ranges of the pack.
        loss: at this y, with the pack's own x (of a severity: with a full stop).
    """

    x: float | None
    y: float
    loss: float
    is_inside: bool = False


@dataclass(frozen=True)
class Matched:
    """A stated loss, and what would have to be assumed for it.

    Attributes:
        target: share of exports lost, as claimed; loss: ours, a full stop at central values.
        share, cover: the pack's affected share and median cover (days): value, low, high.
        input: whose cover it is.
        shares: affected share that each cover would need.
        severities: severity that each number of months would need, of months that are counted
            while the measure lasts; empty where the scenario has no severity.
    """

    id: str
    scenario: str
    country: str
    sector: str
    target: float
    loss: float
    share: tuple[float, float, float]
    cover: tuple[float, float, float]
    input: str
    shares: tuple[Pair, ...]
    severities: tuple[Pair, ...]

    def sentences(self) -> Iterator[str]:
        """What the figure would take, one assumption at a time and in pairs."""
        what = f"{self.country} {self.sector}".replace("_", " ")
        yield (
            f"{what}: {percent(self.target)} is claimed, {percent(self.loss)} is ours under "
            f"`{self.scenario}`, which is our guess at the question."
        )
        alone = next((p for p in self.shares if p.y == self.cover[0]), None)
        need = "no share" if alone is None or alone.x is None else percent(alone.x)
        yield (
            f"By the affected share alone: {need} of exports, where the pack says "
            f"{percent(self.share[0])} ({percent(self.share[1])} to {percent(self.share[2])})."
        )
        days = crossing(self.shares, self.target)
        told = "no cover gives it" if days is None else f"{days:.0f} days"
        yield (
            f"By the stock of {self.input.replace('_', ' ')} alone: {told}, where the pack says "
            f"{self.cover[0]:.0f} ({self.cover[1]:.0f} to {self.cover[2]:.0f})."
        )
        hard = [p for p in self.severities if p.x is not None]
        if hard:
            pairs = ", ".join(f"{p.y:.0f} months of {percent(p.x or 0.0)}" for p in hard)
            yield f"By severity and length alone: {pairs}."
        elif self.severities:
            full = ", ".join(f"{percent(p.loss)} in {p.y:.0f} months" for p in self.severities)
            yield f"By severity and length alone: never; a full stop loses {full}."
        inside = [p for p in self.shares if p.is_inside]
        if inside:
            low, high = inside[0], inside[-1]
            yield (
                f"Inside both ranges of the pack: {percent(low.x or 0.0)} at {low.y:.0f} days, "
                f"{percent(high.x or 0.0)} at {high.y:.0f} days."
            )
        else:
            yield "No pair of share and stock inside the ranges of the pack gives it."

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON."""
        return vars(self) | {
            "shares": [vars(p) for p in self.shares],
            "severities": [vars(p) for p in self.severities],
            "sentences": [*self.sentences(), NO_PROOF],
        }


def matched(world: World, scenario: Scenario, claim: Claim) -> Matched | None:
    """The assumptions under which one sector of one country would lose what is claimed.

    None where the scenario does not reach the sector, or it holds no stock.

    Raises:
        ScenarioError: the scenario does not fit the pack.
    """
    (country,), (sector,) = claim.countries, claim.sectors
    stated = next(x for x in (claim.central, claim.low, claim.high) if x is not None)
    bench, target = Bench.of(world, scenario, country, sector), abs(stated)
    axes = bench.share_and_cover()
    if axes is None:
        return None
    share, cover = axes.share, axes.cover
    days = sorted({*_COVERS, cover.low, cover.central, cover.high})
    rate = bench.at_covers(axes, days) / share.central
    needed = []
    for held, each in zip(days, rate.tolist(), strict=True):
        wanted = target / each if each >= target else None
        is_inside = wanted is not None and share.low <= wanted <= share.high
        is_inside = is_inside and cover.low <= held <= cover.high
        needed.append(Pair(wanted, held, each * share.central, is_inside))
    return Matched(
        claim.id,
        scenario.id,
        country,
        sector,
        target,
        bench.loss,
        (share.central, share.low, share.high),
        (cover.central, cover.low, cover.high),
        axes.input,
        tuple(needed),
        _severities(bench, target),
    )


def crossing(pairs: Sequence[Pair], target: float) -> float | None:
    """The cover at which a loss is a target, on straight lines between pairs; None for none.

    >>> crossing([Pair(None, 10.0, 0.3), Pair(None, 20.0, 0.1)], 0.2)
    15.0
    """
    for a, b in pairwise(pairs):
        if a.loss != b.loss and min(a.loss, b.loss) <= target <= max(a.loss, b.loss):
            return a.y + (target - a.loss) / (b.loss - a.loss) * (b.y - a.y)
    return None


def _severities(bench: Bench, target: float) -> tuple[Pair, ...]:
    """Severity that each number of months needs, if the measure lasts as long as is counted.

    What comes later changes no earlier month, so one run of the longest answers for all.
    """
    if not any(has_severity(m) for m in bench.resolved.measures):
        return ()
    most = max(_MONTHS)
    measures = tuple(
        replace(any_severity(m, 1.0), spells=((m.first_month, most),)) if has_severity(m) else m
        for m in bench.resolved.measures
    )
    resolved = replace(bench.resolved, measures=measures, months=most)
    arrays = compile_arrays(bench.network, resolved, Severities(_SEVERITIES)).arrays
    outcome = adaptive(arrays, trace=False)
    lost = monthly_loss(bench.sector, outcome, shares(bench.sector, Central()))
    found = []
    for months in _MONTHS:
        losses = lost[:months].mean(axis=0)
        wanted = None
        if target <= losses[-1]:
            wanted = float(np.interp(target, [0.0, *losses], [0.0, *_SEVERITIES]))
        found.append(Pair(wanted, float(months), float(losses[-1])))
    return tuple(found)
