"""Claims answered with the licences of others: central figures, lanes, and the naive baselines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import numpy.typing as npt

from supplychain.draws import Central, Draws, normal_scores
from supplychain.network import Network
from supplychain.scenario import Scenario
from supplychain.validation.answers import Question, Unanswered, question
from supplychain.validation.claims import DAYS_PER_WEEK, Claim
from supplychain.validation.fit import SCATTER
from supplychain.validation.joint import WITHHELD, Joint, ranges, with_licence, with_path
from supplychain.validation.licences import is_licence
from supplychain.validation.score import Ours
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT, Play, View, cut_as
from supplychain.validation.work import Answer, ask

Array = npt.NDArray[np.float64]

AS_LAST = "as the last licence"
"""The naive baseline of a reader with a memory: the last licence's months once more."""

MIDDLE = "median lane"
NEVER = "never"


@dataclass(frozen=True)
class Others:
    """What is known of other licences.

    Attributes:
        pool: (n, 4) licences of all others, none where nothing is on record.
        curve: months of the last licence before; None where there was none.
    """

    pool: Array
    curve: tuple[float, ...] | None


def answered(
    network: Network, scenario: Scenario, claims: Sequence[Claim], others: Others, seed: int
) -> dict[str, Ours]:
    """What the engine says to some claims, by id, where the licence is that of others.

    Without a licence in the scenario its own figures are played, and no band is drawn.
    """
    draws: Draws = Central()
    is_fitted = is_licence(scenario) and len(others.pool) > 0
    if is_fitted:
        severity = ranges(others.pool)[WITHHELD]
        scenario = with_licence(scenario, severity)
        lanes = int(network.parameters.value("band_draws"))
        draws = Joint.of(others.pool, severity, lanes, seed)
    play = Play.of(network, scenario)
    questions: dict[str, Question] = {}
    for claim in claims:
        try:
            questions[claim.id] = question(replace(claim, scenario=scenario.id), play, None)
        except Unanswered:  # the licence's file cannot be asked it
            continue
    answers = ask(play, questions, seed, draws)
    days = network.parameters.value("days_per_month")
    last = None
    if is_fitted and others.curve is not None:
        last = cut_as(play, with_path(scenario, others.curve))
    return {
        claim.id: ours(claim, answers[claim.id], questions[claim.id], last, days)
        for claim in claims
        if claim.id in questions
    }


def ours(claim: Claim, answer: Answer, asked: Question, last: View | None, days: float) -> Ours:
    """Central answer, band and naive baselines; what never happens is put at the end."""
    never = np.nan
    if claim.unit.startswith("month of"):
        never = asked.months + 1.0
    elif claim.metric == "weeks_to_stop":
        never = asked.months * days / DAYS_PER_WEEK

    def said(value: float | None) -> float | None:
        """A number, or nothing."""
        found = never if value is None or not np.isfinite(value) else value
        return None if np.isnan(found) else float(found)

    central = answer.cases["adaptive"]
    lanes = scattered(claim, np.where(np.isfinite(answer.lanes), answer.lanes, never))
    lanes = lanes[np.isfinite(lanes)]
    cases, band = {"adaptive": said(central)}, None
    if 2 * lanes.size > answer.lanes.size > 1:
        low, cases[MIDDLE], high = np.quantile(lanes, (0.1, 0.5, 0.9)).tolist()
        band = (low, high)
    naive = {k: said(answer.cases[k]) for k in (SHARE_TIMES_CUT, FIXED)}
    naive[AS_LAST] = None
    if last is not None and asked.value is not None:
        naive[AS_LAST] = said(float(asked.value(last)[0]))
    return Ours(cases, band, naive, NEVER if np.isnan(central) and np.isfinite(never) else "")


def scattered(claim: Claim, lanes: Array) -> Array:
    """Lanes of an observed flow with the scatter that its months have without any measure.

    A flow m is observed as ``m (1 + s z / sqrt(months))`` and never below 0, where z is standard
    normal and s the standard deviation of a mean absolute deviation of `SCATTER`: ``SCATTER
    sqrt(pi / 2)``. Nothing leaves as nothing. Turns and stops are left alone.
    """
    if claim.metric not in {"export_flow", "import_flow"} or claim.unit.startswith("month"):
        return lanes
    rng = np.random.Generator(np.random.Philox(key=[len(lanes), crc32(claim.id.encode())]))
    levels = (rng.permutation(lanes.size) + 0.5) / lanes.size
    spread = SCATTER * np.sqrt(np.pi / 2.0 / claim.span)
    return np.asarray(np.maximum(lanes * (1.0 + spread * normal_scores(levels)), 0.0))
