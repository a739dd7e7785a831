"""Where the lanes of a run stand inside the ranges of the pack.

All are central, or a sample, or moved one at a time.

``low`` and ``high`` of a row are the 10 and 90 % quantiles of a two-piece normal distribution whose
median is the value: below the median its spread is that of ``low``, above it that of ``high``. Rows
that share a source and a kind of figure move together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import Protocol
from zlib import crc32

import numpy as np
import numpy.typing as npt

from supplychain.parameters import Parameters
from supplychain.schema import schema
from supplychain.tables import Row, ref
from supplychain.vocabulary import MAIN_TECHNOLOGY

Array = npt.NDArray[np.float64]

_Z90 = 1.2815515655446004
_TAIL = 0.02


def normal_scores(levels: Array) -> Array:
    """Standard normal quantiles of some levels between 0 and 1.

    >>> normal_scores(np.array([0.1, 0.5])).round(4).tolist()
    [-1.2816, 0.0]
    """
    inverse = NormalDist().inv_cdf
    return np.array([inverse(level) for level in levels.tolist()])


@dataclass(frozen=True)
class Input:
    """One uncertain figure: its row, the kind of figure, and value, low and high.

    Attributes:
        row: the table row (None for a figure of the scenario itself).
        kind: such as ``cover`` or ``share``; rows that share source and kind move together.
    """

    row: Row | None
    kind: str
    value: float
    low: float
    high: float

    @classmethod
    def of(cls, row: Row, kind: str, value: str, low: str = "low", high: str = "high") -> "Input":
        """The figure in some columns of a row; a missing low or high is the value itself."""
        centre = float(row[value])
        lower = centre if row[low] is None else float(row[low])
        upper = centre if row[high] is None else float(row[high])
        return cls(row, kind, centre, lower, upper)

    @property
    def name(self) -> str:
        """``stocks.csv:7 cover``; ``scenario severity`` for a figure of the scenario."""
        return f"{ref(self.row) if self.row is not None else 'scenario'} {self.kind}"

    @property
    def group(self) -> str:
        """What moves together: rows of one source and kind; assumptions row by row."""
        if self.row is None:
            return self.name
        sources = "|".join(self.row["source_id"])
        if self.row["evidence"] != "D":
            return f"{sources} {self.row.table} {self.kind}"
        # Named by its key, not by its line: a row added above it must not reshuffle its draws. Nor
        # must an alternative: the baseline's technology goes unnamed.
        cells = (self.row.get(column) for column in schema()[self.row.table].key)
        key = "|".join(str(cell) for cell in cells if cell != MAIN_TECHNOLOGY)
        return f"{self.row.table} {key} {self.kind}"


class Draws(Protocol):
    """Anything that places lanes inside ranges; any sampler can drive a run."""

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        ...

    def scores(self, figure: Input, /) -> Array:
        """Standard normal scores (lanes,) of one figure; 0 is its central value."""
        ...


@dataclass(frozen=True)
class Central:
    """Every figure at its central value, in one lane unless more are asked for."""

    lanes: int = 1

    def scores(self, _figure: Input, /) -> Array:
        """Zero: the central value."""
        return np.zeros(self.lanes)


@dataclass(frozen=True)
class Severities:
    """Lanes that differ in the severity of the scenario alone; all else is central.

    What they are played on has a severity that may be anything
    (`supplychain.measures.any_severity`).

    >>> draws, severity = Severities((0.0, 0.25)), Input(None, "severity", 0.0, 0.0, 1.0)
    >>> place(draws, severity).round(6).tolist()
    [0.0, 0.25]
    """

    values: tuple[float, ...]

    @property
    def lanes(self) -> int:
        """One per severity."""
        return len(self.values)

    def scores(self, figure: Input, /) -> Array:
        """The score at which a range from 0 (its value) to 1 gives the severity."""
        return np.array(self.values) * _Z90 * (figure.row is None and figure.kind == "severity")


@dataclass
class Recorder:
    """One central lane that remembers which figures a run asked for."""

    lanes: int = 1
    asked: dict[str, Input] = field(default_factory=dict)

    def scores(self, figure: Input) -> Array:
        """Zero, and remember the figure."""
        if figure.high > figure.low:
            self.asked[figure.name] = figure
        return np.zeros(1)


@dataclass(frozen=True)
class Sample:
    """A seeded Latin hypercube: each group of figures has its own stratified column.

    The column depends on the seed and the group's name only, never on the order of the rows.
    """

    lanes: int
    seed: int
    _columns: dict[str, Array] = field(default_factory=dict, init=False, repr=False, compare=False)

    def scores(self, figure: Input) -> Array:
        """Normal scores, one stratum per lane, tails cut at 2 and 98 %."""
        group = figure.group
        if group not in self._columns:
            self._columns[group] = self._column(group)
        return self._columns[group]

    def _column(self, group: str) -> Array:
        """The scores of one group."""
        rng = np.random.Generator(np.random.Philox(key=[self.seed, crc32(group.encode())]))
        points = (rng.permutation(self.lanes) + rng.random(self.lanes)) / self.lanes
        return normal_scores(np.clip(points, _TAIL, 1.0 - _TAIL))


@dataclass(frozen=True)
class Part:
    """Some lanes of other draws, with the values that they have in the whole.

    >>> severity = Input(None, "severity", 0.5, 0.2, 0.9)
    >>> whole = Sample(4, seed=1)
    >>> part = Part(whole, np.array([2, 3]))
    >>> part.lanes, bool((part.scores(severity) == whole.scores(severity)[2:]).all())
    (2, True)
    """

    whole: Draws
    chosen: npt.NDArray[np.int64]

    @property
    def lanes(self) -> int:
        """Number of chosen lanes."""
        return int(self.chosen.size)

    def scores(self, figure: Input) -> Array:
        """Normal scores of the chosen lanes."""
        return self.whole.scores(figure)[self.chosen]


@dataclass(frozen=True)
class OneAtATime:
    """Two lanes per figure, at its low and at its high; everything else central."""

    names: Mapping[str, int]

    @classmethod
    def of(cls, figures: Sequence[Input]) -> "OneAtATime":
        """Lanes for these figures, in order."""
        return cls({figure.name: i for i, figure in enumerate(figures)})

    @property
    def lanes(self) -> int:
        """Two per figure."""
        return 2 * len(self.names)

    def scores(self, figure: Input) -> Array:
        """The 10 and the 90 % quantile in the figure's own two lanes."""
        scores = np.zeros(self.lanes)
        place = self.names.get(figure.name)
        if place is not None:
            scores[2 * place], scores[2 * place + 1] = -_Z90, _Z90
        return scores


def place(draws: Draws, figure: Input, floor: float = 0.0, ceiling: float = np.inf) -> Array:
    """Value of a figure in every lane, cut to what is possible.

    ``value + z / 1.2816 * (high - value)`` for z > 0, with ``value - low`` below.

    >>> place(OneAtATime({"scenario severity": 0}), Input(None, "severity", 0.5, 0.2, 0.9)).round(
    ...     6
    ... ).tolist()
    [0.2, 0.9]
    """
    scores = draws.scores(figure) / _Z90
    spread = np.where(scores > 0, figure.high - figure.value, figure.value - figure.low)
    return np.clip(figure.value + scores * spread, floor, ceiling)


def scores_for(figure: Input, values: Array) -> Array:
    """Scores at which a figure takes some values: `place` turned round.

    A value on a side on which the figure has no spread is out of reach: it stays central there.

    >>> severity = Input(None, "severity", 0.5, 0.2, 0.9)
    >>> scores_for(severity, np.array([0.2, 0.5, 0.9])).round(4).tolist()
    [-1.2816, 0.0, 1.2816]
    """
    far = values - figure.value
    spread = np.where(far > 0, figure.high - figure.value, figure.value - figure.low)
    return _Z90 * np.divide(far, spread, out=np.zeros_like(far), where=spread > 0)


def constant(
    draws: Draws,
    parameters: Parameters,
    name: str,
    *scopes: str,
    floor: float = 0.0,
    ceiling: float = np.inf,
) -> Array:
    """A model constant in every lane, of the first scope that the pack gives.

    Raises:
        DataError: the pack has no such constant.
    """
    row = parameters.row(name, *scopes)
    return place(draws, Input.of(row, name, "value"), floor, ceiling)
