"""Dated forecasts that ship with the package: what they predict, and whether they can be scored.

A forecast is a file that is never edited; what happened is written into a file of its own beside
it, ``NAME.score.toml``. Nothing is played here: the figures are those that the file states.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supplychain.errors import DataError
from supplychain.world import shipped

FOLDER = "forecasts"
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_SCORE = ".score.toml"


@dataclass(frozen=True)
class Predicted:
    """What a question says of one country if the answer is yes, per cent of exports.

    Attributes:
        total: planner, adaptive, frozen, of all exports.
        worst: sector hit hardest in the adaptive case; central, low, high: of it.
    """

    country: str
    total: Mapping[str, float]
    worst: str
    central: float
    low: float
    high: float


@dataclass(frozen=True)
class Question:
    """One open question of a forecast.

    Attributes:
        probability: that the answer is yes: a guess, of no model.
        due: first day on which the answer is scored, ``YYYY-MM-DD``.
    """

    id: str
    asks: str
    probability: float
    due: str
    predicted: tuple[Predicted, ...]


@dataclass(frozen=True)
class Forecast:
    """One dated file.

    Attributes:
        file, date, sha256: which, when, and its fingerprint.
        tool, pack: what gave its figures.
        is_scored: whether what happened has been written down.
    """

    file: str
    date: str
    sha256: str
    tool: str
    pack: str
    is_scored: bool
    questions: tuple[Question, ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON."""
        asked = [
            vars(q) | {"predicted": [vars(p) | {"total": dict(p.total)} for p in q.predicted]}
            for q in self.questions
        ]
        return vars(self) | {"questions": asked}


def forecasts(folder: Path | None = None) -> tuple[Forecast, ...]:
    """Every dated forecast, oldest first; none where the installation has no such folder."""
    try:
        place = shipped(FOLDER) if folder is None else folder
    except DataError:
        return ()
    found = []
    for path in sorted(place.glob("*.toml")):
        if not path.name.endswith(_SCORE):
            raw = path.read_bytes()
            said = tomllib.loads(raw.decode("utf-8"))
            if "question" in said:  # a scenario of a forecast lies beside it
                found.append(_forecast(path, hashlib.sha256(raw).hexdigest(), said))
    return tuple(found)


def _forecast(path: Path, sha256: str, said: Mapping[str, Any]) -> Forecast:
    return Forecast(
        path.name,
        str(said["date"]),
        sha256,
        str(said["tool"]),
        str(said["pack"]),
        path.with_name(path.stem + _SCORE).is_file(),
        tuple(_question(q) for q in said["question"]),
    )


def _question(said: Mapping[str, Any]) -> Question:
    day = _DAY.search(str(said["score_event"]))
    return Question(
        str(said["id"]),
        str(said["asks"]).strip(),
        float(said["probability"]),
        day[0] if day else "",
        tuple(_predicted(c) for c in said["country"]),
    )


def _predicted(said: Mapping[str, Any]) -> Predicted:
    worst = max(said["sectors_percent"], key=lambda s: (s["adaptive"], s["frozen"]))
    return Predicted(
        str(said["country"]),
        {case: float(value) for case, value in said["total_percent"].items()},
        str(worst["sector"]),
        float(worst["adaptive"]),
        float(worst["band_low"]),
        float(worst["band_high"]),
    )
