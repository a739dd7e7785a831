"""The scoreboard: every claim answered, or the reason why not, and the sums over them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from supplychain.scenario_file import load_scenario
from supplychain.validation.claims import claims
from supplychain.validation.held_out import HeldOut, leave_out
from supplychain.validation.held_out_sums import as_dict
from supplychain.validation.observed import Replay, observed
from supplychain.validation.row import Row
from supplychain.validation.summary import summary
from supplychain.validation.work import Load, Progress, answer_all
from supplychain.world import World

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
    """

    rows: tuple[Row, ...]
    held_out: HeldOut | None
    replay: Replay | None
    pack: str
    version: str
    sha256: str

    def where(self, *, grade: str = "", counts: bool | None = None) -> tuple[Row, ...]:
        """Answered rows of a grade, and of those that count or do not."""
        return tuple(
            r
            for r in self.rows
            if r.answered
            and (not grade or r.claim.grade == grade)
            and (counts is None or r.claim.counts == counts)
        )

    @property
    def misses(self) -> tuple[Row, ...]:
        """Answered rows that count and that we do not agree with."""
        return tuple(r for r in self.where(counts=True) if not r.inside)

    def as_dict(self) -> dict[str, Any]:
        """The scoreboard in JSON."""
        return {
            "data": {"pack": self.pack, "version": self.version, "sha256": self.sha256},
            "summary": summary(self.rows),
            "rows": [row.as_dict() for row in self.rows],
            "held_out": None if self.held_out is None else as_dict(self.held_out),
            "observed": None if self.replay is None else self.replay.as_dict(),
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

    def report(step: str, share: float) -> None:
        """A step of the first part."""
        progress(step, share * _SHARE_OF_ROWS)

    rows = answer_all(
        world.network, chosen, every, seed=seed, load=load, planner=planner, progress=report
    )

    def late(step: str, share: float) -> None:
        """A step of the second part."""
        progress(step, _SHARE_OF_ROWS + (1.0 - _SHARE_OF_ROWS) * share)

    left = None
    if held_out and not ids:
        left = leave_out(world.network, rows, load=load, seed=seed, progress=late)
    replay = None if ids else observed(world, load, seed)
    progress("done", 1.0)
    info = world.tables.info
    return Scoreboard(
        rows, left, replay, info.id or world.tables.folder, info.version, world.tables.sha256
    )
