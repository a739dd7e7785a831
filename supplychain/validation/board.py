"""The scoreboard: every claim answered, or the reason why not, and the sums over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supplychain.errors import SupplychainError
from supplychain.model.engine import patient
from supplychain.scenario_file import load_scenario
from supplychain.validation.claims import CALIBRATION, Claim, claims, compared
from supplychain.validation.forecasts import Forecast, forecasts
from supplychain.validation.held_out import HeldOut, leave_out
from supplychain.validation.held_out_sums import as_dict
from supplychain.validation.matched import Matched, matched
from supplychain.validation.observed import Replay, observed
from supplychain.validation.order import orders
from supplychain.validation.row import Row
from supplychain.validation.score import Ours
from supplychain.validation.summary import summary
from supplychain.validation.work import Load, Progress, answer_all
from supplychain.world import World

if TYPE_CHECKING:
    import pandas as pd

_SHARE_OF_ROWS = 0.7


def _silent(_step: str, _share: float) -> None:
    """Report progress to nobody."""


@dataclass(frozen=True)
class Scoreboard:
    """All claims of a pack with our answers.

    Attributes:
        rows: every claim, answered or not.
        held_out: every episode answered without what was set on it; None where claims were chosen.
        replay: observed exports beside the replay; None where claims were chosen.
        pack, version, sha256: what was played.
        matched: what would give the figures that may only calibrate.
        forecasts: dated ones that ship with the package; none where claims were chosen.
    """

    rows: tuple[Row, ...]
    held_out: HeldOut | None
    replay: Replay | None
    pack: str
    version: str
    sha256: str
    matched: tuple[Matched, ...] = ()
    forecasts: tuple[Forecast, ...] = ()

    def where(self, *, grade: str = "", counts: bool | None = None) -> tuple[Row, ...]:
        """Answered rows of a grade, and of those that count or do not.

        A calibration row neither counts nor is known: it comes only if neither is asked for.
        """
        return tuple(
            r
            for r in self.rows
            if r.answered
            and (not grade or r.claim.grade == grade)
            and (counts is None or (r.claim.counts == counts and r.claim.grade != CALIBRATION))
        )

    @property
    def misses(self) -> tuple[Row, ...]:
        """Answered rows that count and that we do not agree with."""
        return tuple(r for r in self.where(counts=True) if not r.inside)

    def table(self) -> pd.DataFrame:
        """One row per claim: what was claimed, ours with its band, and what naive rules say."""
        import pandas as pd

        return pd.DataFrame([row.cells() for row in self.rows])

    def as_dict(self) -> dict[str, Any]:
        """The scoreboard in JSON."""
        return {
            "data": {"pack": self.pack, "version": self.version, "sha256": self.sha256},
            "summary": summary(self.rows),
            "rows": [row.as_dict() for row in self.rows],
            "held_out": None if self.held_out is None else as_dict(self.held_out),
            "observed": None if self.replay is None else self.replay.as_dict(),
            "orders": [vars(order) for order in orders(self.rows)],
            "calibration": [one.as_dict() for one in self.matched],
            "forecasts": [one.as_dict() for one in self.forecasts],
        }


def validate(
    world: World,
    *,
    seed: int = 1,
    planner: bool = True,
    held_out: bool = True,
    ids: Sequence[str] = (),
    load: Load = load_scenario,
    progress: Progress = _silent,
) -> Scoreboard:
    """Answer and score every claim of a pack.

    Args:
        world: from `supplychain.load`.
        seed: of the sample behind the bands.
        planner: also the planner's answer where one is defined.
        held_out: also every episode without what was set on it; not where claims are chosen.
        ids: only these claims; all where empty.
        load: gives the scenario of an id.
        progress: called with a step's name and the share of the work done.
    """
    every = claims(world.tables)
    chosen = tuple(c for c in every if not ids or c.id in ids)

    def early(step: str, share: float) -> None:
        """A step of the first part."""
        progress(step, share * _SHARE_OF_ROWS)

    def late(step: str, share: float) -> None:
        """A step of the second part."""
        progress(step, _SHARE_OF_ROWS + (1.0 - _SHARE_OF_ROWS) * share)

    with nullcontext() if ids else patient():
        judged = tuple(c for c in chosen if c.grade != CALIBRATION)
        answered = answer_all(
            world.network, judged, every, seed=seed, load=load, planner=planner, progress=early
        )
        rows, curves = _with_curves(world, chosen, answered, load)
        left = None
        if held_out and not ids:
            left = leave_out(world.network, rows, load=load, seed=seed, progress=late)
        replay = None if ids else observed(world, load, seed)
    progress("done", 1.0)
    info = world.tables.info
    return Scoreboard(
        rows,
        left,
        replay,
        info.id or world.tables.folder,
        info.version,
        world.tables.sha256,
        curves,
        () if ids else forecasts(),
    )


def _with_curves(
    world: World, chosen: Sequence[Claim], answered: Iterable[Row], load: Load
) -> tuple[tuple[Row, ...], tuple[Matched, ...]]:
    """The answered rows and, in their places, those that are judged by nothing; their curves."""
    found = {row.claim.id: row for row in answered}
    curves = []
    for claim in chosen:
        if claim.id not in found:
            found[claim.id], curve = _calibrated(world, claim, load)
            curves += [] if curve is None else [curve]
    return tuple(found[claim.id] for claim in chosen), tuple(curves)


def _calibrated(world: World, claim: Claim, load: Load) -> tuple[Row, Matched | None]:
    """A row that is judged by nothing, and the assumptions that would give its figure."""
    figure = compared(claim)
    if not claim.scenario:
        return Row(claim, figure, reason=claim.note), None
    try:
        found = matched(world, load(claim.scenario), claim)
    except SupplychainError as error:
        return Row(claim, figure, scenario=claim.scenario, reason=str(error)), None
    if found is None:
        reason = f"{claim.scenario} reaches no stock of {'|'.join(claim.sectors)}"
        return Row(claim, figure, scenario=claim.scenario, reason=reason), None
    ours = Ours({"adaptive": -found.loss}, how="a full stop at central values; judged by nothing")
    return Row(claim, figure, ours, claim.scenario), found
