"""Every episode answered with a licence, constants and stocks that know nothing of it.

One measure after the other is left out of the calibration: the licence of each lane is one of a
mixture of what all other measures did (`supplychain.validation.fit`), drawn whole, so that dead
time, ramp, share withheld and headroom of one licence stay together; constants and stocks that rest
on the measure fall back (`supplychain.validation.fallbacks`). The engine then answers the rows as
ever. A dated path that was read off the very flow is replaced by the licence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.coverage import resolve
from supplychain.network import Network
from supplychain.scenario import Scenario
from supplychain.schema import Row as TableRow
from supplychain.validation.again import Others, answered
from supplychain.validation.claims import EPISODES, Claim
from supplychain.validation.fallbacks import (
    Cover,
    middle,
    resting_stocks,
    set_on,
    usual_cover,
    with_constants,
    with_stocks,
)
from supplychain.validation.fit import Bank, Posterior, fitted, pooled
from supplychain.validation.flows import Lane, covered, goods, places
from supplychain.validation.joint import LAW, ranges
from supplychain.validation.licences import Measure, Record, is_licence, last_curve, records
from supplychain.validation.row import Row
from supplychain.validation.score import Ours
from supplychain.validation.work import Load
from supplychain.vocabulary import EVERYONE

Array = npt.NDArray[np.float64]

_PUT = frozenset(
    {"export_flow", "import_flow", "shortfall", "fulfilment", "licence_share"}
    | {"plant_stop", "weeks_to_stop", "stop_length"}
)
"""Kinds of claims that a licence decides by itself: flows, and the dates and stops they lead to."""


@dataclass(frozen=True)
class HeldRow:
    """One claim with the answer of the pack as it ships, and with one that knows nothing of it.

    Attributes:
        shipped: as on the rest of the scoreboard.
        held: at the medians of the licence (``adaptive``) and of the lanes (`MIDDLE`), the band,
            and the naive baselines by name; what never happens is put at the end of the months
            played (``how`` is `NEVER`).
    """

    shipped: Row
    held: Ours

    @property
    def claim(self) -> Claim:
        """The claim."""
        return self.shipped.claim


@dataclass(frozen=True)
class LeftOut:
    """One measure left out.

    Attributes:
        pool: (n, 4) licences of all other measures; None where the measure is no licence.
        constants: (name, value, fallback) of other constants that were put back.
        stocks: how many rows of stocks were put back; cover: to what, None where there is none.
    """

    measure: Measure
    episodes: tuple[str, ...]
    pool: Array | None
    constants: tuple[tuple[str, float, float], ...]
    stocks: int
    cover: Cover | None
    rows: tuple[HeldRow, ...]


@dataclass(frozen=True)
class HeldOut:
    """What each licence did, flow by flow, and all measures, one left out at a time."""

    posteriors: tuple[Posterior, ...]
    measures: tuple[LeftOut, ...]


@dataclass(frozen=True)
class _Setting:
    """What stays the same while measures are left out."""

    network: Network
    load: Load
    seed: int
    files: Mapping[Measure, Scenario]
    found: tuple[Record, ...]
    posteriors: tuple[Posterior, ...]


def leave_out(
    network: Network,
    rows: Sequence[Row],
    *,
    load: Load,
    seed: int,
    progress: Callable[[str, float], None],
) -> HeldOut:
    """Answer the episodes among some answered rows, one measure left out at a time.

    Args:
        network: of the pack.
        rows: as the pack ships; on those that it answers the licences are fitted.
        load: gives the scenario of an id; seed: of the sample behind the bands.
        progress: called with a step's name and the share of the work done.
    """
    rows = [r for r in rows if r.claim.table == EPISODES and r.claim.scenario and r.answered]
    files = _files([r.claim for r in rows], load)
    found = records([r.claim for r in rows], lambda claim: _covered(network, claim, files))
    bank = Bank.prior()
    posteriors = tuple(fitted(record, bank) for record in found)
    setting = _Setting(network, load, seed, files, found, posteriors)
    groups: dict[Measure, list[Row]] = {}
    for row in rows:
        if row.claim.metric in _PUT:
            groups.setdefault(Measure.of(row.claim), []).append(row)
    measures = []
    for number, (measure, mine) in enumerate(groups.items()):
        progress(f"without {measure.actor} {measure.start}", number / len(groups))
        measures.append(_without(setting, measure, mine))
    kept = tuple(m for m in measures if m.rows)
    return HeldOut(posteriors, tuple(sorted(kept, key=lambda m: (m.pool is None, m.measure.start))))


def _files(claims: Sequence[Claim], load: Load) -> dict[Measure, Scenario]:
    """The scenario that plays the licence of each measure that is one."""
    found: dict[Measure, Scenario] = {}
    for claim in claims:
        measure = Measure.of(claim)
        if measure not in found and is_licence(scenario := load(claim.scenario)):
            found[measure] = scenario
    return found


def _covered(network: Network, claim: Claim, files: Mapping[Measure, Scenario]) -> float:
    """Share of the flow of a claim that the licence of its measure covers."""
    scenario = files.get(Measure.of(claim))
    if scenario is None:
        return 0.0
    users = claim.countries if claim.metric == "import_flow" else claim.partners
    ends = places(network, {claim.actor}), places(network, users or (EVERYONE,))
    resolved = resolve(scenario, network)
    named = covered(network, resolved, Lane(goods(network, claim.sectors, claim.items), *ends))
    # As where claims are answered: all that the measure covers stands for goods without a flow.
    return named or covered(network, resolved, Lane(_products(network, scenario), *ends))


def _without(setting: _Setting, measure: Measure, rows: Sequence[Row]) -> LeftOut:
    """The rows of a measure answered without it."""
    network, file = setting.network, setting.files.get(measure)
    episodes = tuple(dict.fromkeys(r.claim.group for r in rows))
    pool = pooled(setting.posteriors, measure)
    is_fitted = file is not None and len(pool) > 0
    constants = _constants(network, episodes, rows, is_fitted=is_fitted)
    if not is_fitted:
        rows = [r for r in rows if constants.keys() & r.constants]
    back = {k: (float(r["low"]), middle(r), float(r["high"])) for k, r in constants.items()}
    if is_fitted:
        named = zip(LAW, ranges(pool), strict=True)
        back |= {(name, EVERYONE): (r.low, r.value, r.high) for name, r in named if name}
    products = _products(network, file) if file is not None else frozenset()
    resting = resting_stocks(network.tables, episodes, products, measure.start[:4])
    cover = usual_cover(network.tables, resting) if resting else None
    other = with_constants(network, back)
    if cover is not None:
        other = with_stocks(other, resting, cover)
    curve = last_curve(setting.found, measure)
    held: dict[str, HeldRow] = {}
    for name in dict.fromkeys(_asked(setting, r, file) for r in rows):
        mine = [r for r in rows if _asked(setting, r, file) == name]
        scenario, claims = setting.load(name), [r.claim for r in mine]
        answers = answered(other, scenario, claims, Others(pool, curve), setting.seed)
        held |= {r.claim.id: HeldRow(r, answers[r.claim.id]) for r in mine if r.claim.id in answers}
    asked = frozenset().union(*(r.constants for r in rows))
    listed = tuple(
        (" ".join(k), float(r["value"]), middle(r)) for k, r in constants.items() if k in asked
    )
    ordered = tuple(held[r.claim.id] for r in rows if r.claim.id in held)
    used = pool if is_fitted else None
    return LeftOut(measure, episodes, used, listed, len(resting), cover, ordered)


def _constants(
    network: Network, episodes: Sequence[str], rows: Sequence[Row], *, is_fitted: bool
) -> dict[tuple[str, str], TableRow]:
    """Constants that were set on the episodes, but for those of a licence that is fitted anew."""
    found = {
        (str(r["parameter"]), str(r["scope"])): r
        for episode in episodes
        for r in set_on(network, episode, [row.claim for row in rows if row.claim.group == episode])
    }
    return {k: r for k, r in found.items() if not (is_fitted and k[0] in LAW)}


def _products(network: Network, scenario: Scenario) -> frozenset[str]:
    """What the measures of a scenario cover."""
    return frozenset(p for m in resolve(scenario, network).measures for p in m.products)


def _asked(setting: _Setting, row: Row, file: Scenario | None) -> str:
    """The scenario that answers a row: the licence, where the pack plays its own record."""
    name = row.claim.scenario
    restrictions = setting.load(name).restrictions
    is_record = all(r.kind == "path" for r in restrictions)
    return file.id if file is not None and is_record else name
