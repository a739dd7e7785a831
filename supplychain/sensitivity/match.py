"""Which assumptions would give a stated loss: level curves of the adaptive loss of a sector.

Two planes: affected share x stock cover, and severity x duration; all else is central. A fine grid
of lanes finds where the curve is, and the engine itself is asked again until the loss is within
1e-4 of the target. That a curve passes near the pack's figures proves nothing: one number can be
had in many ways.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from supplychain.errors import ScenarioError
from supplychain.scenario import Scenario
from supplychain.sensitivity.case import named_sector
from supplychain.twoway import Axis, Bench, TwoAxes
from supplychain.world import World

Array = npt.NDArray[np.float64]
Losses = Callable[[Array], Array]
"""Loss at each of some values of one assumption."""

NO_PROOF = "That a pair of assumptions gives a loss proves neither of them."

TOLERANCE = 1e-4
_COVERS = 33
_SEVERITIES = 21
_SECTIONS = 5
_ROUNDS = 12
_SHORTEST, _LONGEST = 1.0, 365.0
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Assumption:
    """One axis of a plane: the pack's or the scenario's figure and its 10 and 90 %.

    >>> cover = Assumption("median cover", "days", 80.0, 45.0, 140.0)
    >>> [cover.steps(v) for v in (80.0, 140.0, 10.0)]
    [0.0, 1.0, -2.0]
    """

    name: str
    unit: str
    central: float
    low: float
    high: float

    def steps(self, value: float) -> float | None:
        """Distance from the centre, where 1 is its 90 % and -1 its 10 %; None without a range."""
        reach = self.high - self.central if value > self.central else self.central - self.low
        if value == self.central:
            return 0.0
        return (value - self.central) / reach if reach > 0 else None


@dataclass(frozen=True)
class Point:
    """A pair of assumptions that gives the target, and what the engine says there.

    Attributes:
        x, y: of the plane's assumptions.
        x_steps, y_steps: how far each is from its centre (`Assumption.steps`).
        loss_share: adaptive loss at this point.
    """

    x: float
    y: float
    x_steps: float | None
    y_steps: float | None
    loss_share: float

    @property
    def distance(self) -> float:
        """The larger of both distances; endless where one has no range and must move."""
        steps = (self.x_steps, self.y_steps)
        return max(np.inf if s is None else abs(s) for s in steps)

    @property
    def is_inside(self) -> bool:
        """Whether both assumptions stay inside their ranges."""
        return self.distance <= 1.0 + _ROUNDING


@dataclass(frozen=True)
class Plane:
    """The curve of one pair of assumptions.

    Attributes:
        x, y: the assumptions; points: along the curve, by rising x.
        most, most_inside: largest loss anywhere in the plane, and inside both ranges.
        jumps: (x, loss below, loss above) where the loss passes the target without taking it.
        grid: the fine grid behind the curve: xs, ys and losses (y, x).
    """

    x: Assumption
    y: Assumption
    points: tuple[Point, ...]
    most: float
    most_inside: float
    jumps: tuple[tuple[float, float, float], ...]
    xs: tuple[float, ...]
    ys: tuple[float, ...]
    losses: tuple[tuple[float, ...], ...]

    @property
    def nearest(self) -> Point | None:
        """The point of the curve nearest to the pack's figures, in units of their ranges."""
        near = [p for p in self.points if np.isfinite(p.distance)]
        return min(near, key=lambda p: (p.distance, p.x), default=None)

    def must_leave(self) -> tuple[str, ...]:
        """Assumptions that leave their range at the nearest point."""
        point = self.nearest
        if point is None:
            return ()
        pairs = ((self.x, point.x_steps), (self.y, point.y_steps))
        return tuple(a.name for a, steps in pairs if abs(steps or 0.0) > 1.0 + _ROUNDING)

    def as_dict(self) -> dict[str, Any]:
        """The plane in JSON, without its grid."""
        return {
            "x": vars(self.x),
            "y": vars(self.y),
            "points": [vars(p) | {"inside": p.is_inside} for p in self.points],
            "nearest": None if self.nearest is None else vars(self.nearest),
            "must_leave": list(self.must_leave()),
            "most": self.most,
            "most_inside": self.most_inside,
            "jumps": [list(jump) for jump in self.jumps],
        }

    def sentence(self, target: float) -> str:
        """Where the curve is, and what has to leave its range for it."""
        pair = f"{self.x.name.capitalize()} x {self.y.name}".replace("_", " ")
        if not self.points:
            most = f"no combination gives {percent(target)}; the most is {percent(self.most)}"
            return f"{pair}: {most}, and {percent(self.most_inside)} inside the ranges."
        point, left = self.nearest, self.must_leave()
        if point is None:
            return f"{pair}: only with a figure that is taken as certain here, and has no range."
        where = f"{percent(point.x)} {self.x.unit} and {point.y:.3g} {self.y.unit}"
        steps = f"{_reach(point.x_steps)} and {_reach(point.y_steps)}"
        near = f"{pair}: the nearest pair is {where} ({steps})"
        if not left:
            return f"{near}, inside both ranges."
        most = f"inside both ranges the most is {percent(self.most_inside)}"
        return f"{near}; {' and '.join(left).replace('_', ' ')} must leave the range: {most}."


def percent(share: float) -> str:
    """A share for people, with three figures that matter.

    >>> percent(0.244)
    '24.4 %'
    """
    return f"{100 * share:.3g} %"


def _reach(steps: float | None) -> str:
    """A distance from the centre for people.

    >>> _reach(0.5), _reach(-2.0), _reach(0.0)
    ('0.50 of the way to its 90 %', '2.00 of the way to its 10 %', 'central')
    """
    if not steps:
        return "central"
    return f"{abs(steps):.2f} of the way to its {90 if steps > 0 else 10} %"


@dataclass(frozen=True)
class Match:
    """A stated loss of a sector, and the assumptions that would give it.

    Attributes:
        target, loss_share: the stated loss, and the adaptive loss at central values.
        planes: affected share x cover and severity x duration, where the sector has them.
        notes: planes that there are not, and why.
    """

    country: str
    sector: str
    target: float
    loss_share: float
    planes: tuple[Plane, ...]
    notes: tuple[str, ...]

    def sentences(self) -> tuple[str, ...]:
        """What each plane says, and why one is missing."""
        said = (plane.sentence(self.target) for plane in self.planes)
        return (*said, *(f"{note[0].upper()}{note[1:]}." for note in self.notes))

    def as_dict(self) -> dict[str, Any]:
        """The match in JSON."""
        return {
            "country": self.country,
            "sector": self.sector,
            "target": self.target,
            "loss_share": self.loss_share,
            "planes": [plane.as_dict() for plane in self.planes],
            "sentences": [*self.sentences(), NO_PROOF],
        }

    def rows(self) -> list[dict[str, Any]]:
        """One row per point of a curve."""
        return [
            {
                "country": self.country,
                "sector": self.sector,
                "target": self.target,
                "x_name": plane.x.name,
                "x": p.x,
                "x_steps": p.x_steps,
                "y_name": plane.y.name,
                "y": p.y,
                "y_steps": p.y_steps,
                "loss_share": p.loss_share,
                "inside": p.is_inside,
            }
            for plane in self.planes
            for p in plane.points
        ]


def match(world: World, scenario: Scenario, country: str, sector: str, target: float) -> Match:
    """The curves of assumptions under which a sector would lose a stated share.

    Raises:
        ScenarioError: a target that is no share above 0, or a scenario that does not fit the pack.
        UnknownNameError: no such country or sector.
    """
    if not 0.0 < target <= 1.0:
        raise ScenarioError(f"target {target:g}: a loss to match is above 0 and at most 1")
    code, industry = named_sector(world, country, sector)
    bench = Bench.of(world, scenario, code, industry)
    planes, notes = [], []
    axes = bench.share_and_cover()
    if axes is None:
        notes.append("no affected share x stock cover: no stock of the sector is in reach")
    else:
        planes.append(share_and_cover(bench, axes, target))
    try:
        if bench.slots:
            planes.append(severity_and_duration(bench, target))
    except ScenarioError as error:
        notes.append(f"no severity x duration: {error}")
    return Match(code, industry, target, bench.loss, tuple(planes), tuple(notes))


def share_and_cover(bench: Bench, axes: TwoAxes, target: float) -> Plane:
    """The level curve over affected share (x) and median cover (y).

    Losses are linear in the share, so that every cover has one share at most:
    ``target / (loss at this cover / affected share)``. Between two covers of the grid the one is
    looked for at which the target takes all exports, or the share at either end of its range.
    """
    share, cover = axes.share, axes.cover
    x = Assumption("affected share", "of exports", share.central, share.low, share.high)
    y = Assumption(f"median cover of {axes.input}", "days", cover.central, cover.low, cover.high)

    def rate(days: Array) -> Array:
        """Loss per unit of affected share at each cover."""
        return bench.at_covers(axes, days.tolist()) / share.central

    days = _days(cover)
    rates = rate(days)
    found = [
        _point(x, y, target / r, d, target) for d, r in zip(days, rates, strict=True) if r >= target
    ]
    for held in sorted({share.low, share.central, share.high, 1.0}):

        def losses(at: Array, held: float = held) -> Array:
            """Loss at each cover with this share."""
            return held * rate(at)

        roots, _ = _roots(losses, days, held * rates, target)
        found += [_point(x, y, held, d, loss) for d, loss in roots]
    xs = np.linspace(0.0, 1.0, 51)
    inside = rates[(days >= cover.low) & (days <= cover.high)]
    return Plane(
        x,
        y,
        tuple(sorted(found, key=lambda p: (p.x, p.y))),
        float(rates.max()),
        float(inside.max()) * share.high,
        (),
        tuple(xs.tolist()),
        tuple(days.tolist()),
        tuple(tuple((r * xs).tolist()) for r in rates),
    )


def severity_and_duration(bench: Bench, target: float) -> Plane:
    """The level curve over severity (x) and duration in whole months (y)."""
    severity, months = bench.severity, bench.months
    x = Assumption("severity", "withheld", severity.central, severity.low, severity.high)
    y = Assumption("duration", "months", months.central, months.low, months.high)
    values = np.unique([*np.linspace(0.0, 1.0, _SEVERITIES), severity.central])
    points, jumps, grid = [], [], []
    durations = np.arange(1.0, max(months.values) + 1.0)
    for lasts in durations:

        def losses(at: Array, lasts: float = lasts) -> Array:
            """Losses of this duration."""
            return bench.at_severities(at.tolist(), int(lasts))

        grid.append(losses(values))
        roots, gaps = _roots(losses, values, grid[-1], target)
        points += [_point(x, y, s, lasts, loss) for s, loss in roots]
        jumps += gaps
    table = np.array(grid)
    own = table[durations == months.central]
    inside = own[:, (values >= severity.low) & (values <= severity.high)]
    return Plane(
        x,
        y,
        tuple(sorted(points, key=lambda p: (p.x, p.y))),
        float(table.max()),
        float(inside.max()),
        tuple(jumps),
        tuple(values.tolist()),
        tuple(durations.tolist()),
        tuple(map(tuple, table.tolist())),
    )


def _days(cover: Axis) -> Array:
    """Covers from a day to a year, or further where the range goes further."""
    most = max(_LONGEST, cover.high)
    even = np.geomspace(_SHORTEST, most, _COVERS)
    return np.unique([*even, cover.low, cover.central, cover.high])


def _point(x: Assumption, y: Assumption, at: float, by: float, loss: float) -> Point:
    """A point of a curve."""
    return Point(float(at), float(by), x.steps(float(at)), y.steps(float(by)), float(loss))


def _roots(
    losses: Losses, values: Array, known: Array, target: float
) -> tuple[list[tuple[float, float]], list[tuple[float, float, float]]]:
    """Where a loss takes a target: in every interval of a grid in which it passes it.

    An interval is cut into sections again and again, all lanes of a round at once, until the loss
    is within `TOLERANCE`; where the interval closes before, the loss jumps.

    Returns:
        (value, loss) of every root, and (value, loss below, loss above) of every jump.
    """
    roots, jumps = [], []
    for k in np.flatnonzero((known[:-1] < target) != (known[1:] < target)):
        root = _close(losses, values[k : k + 2], known[k : k + 2], target)
        if abs(root[1] - target) <= TOLERANCE:
            roots.append(root)
        else:
            jumps.append((root[0], float(known[k : k + 2].min()), float(known[k : k + 2].max())))
    return roots, jumps


def _close(
    losses: Losses, ends: Sequence[float] | Array, known: Array, target: float
) -> tuple[float, float]:
    """The value of an interval whose loss is nearest to a target, and that loss."""
    values = np.asarray(ends, dtype=np.float64)
    for _ in range(_ROUNDS):
        best = int(np.abs(known - target).argmin())
        if abs(known[best] - target) <= TOLERANCE / 10:
            break
        k = int(np.flatnonzero((known[:-1] < target) != (known[1:] < target))[0])
        guess = values[k] + (target - known[k]) / (known[k + 1] - known[k]) * (
            values[k + 1] - values[k]
        )
        values = np.unique([*np.linspace(values[k], values[k + 1], _SECTIONS), guess])
        known = losses(values)
    best = int(np.abs(known - target).argmin())
    return float(values[best]), float(known[best])
