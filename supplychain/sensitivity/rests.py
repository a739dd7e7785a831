"""The data rows that a loss rests on: which move it, by how much, and how well each is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from supplychain import pedigree
from supplychain.draws import Input
from supplychain.result import Driver
from supplychain.schema import schema
from supplychain.sensitivity.case import Case
from supplychain.tables import Row, ref
from supplychain.uncertainty import drivers, rows_of_focus

Standing = Literal["moves it", "no effect", "not moved", "held"]

SCENARIO = "scenario"
"""File and grade of what the question itself leaves open."""
TOP = 5


@dataclass(frozen=True)
class Rest:
    """One figure of a row that a loss rests on.

    Attributes:
        row: file and line; the scenario for what the question leaves open.
        key: what the row is about, such as ``KOR|auto_parts|hre_magnet``.
        what: the figure in words, or the row's name where no figure of it is drawn.
        value, low, high: the figure and its 10 and 90 %; None where no figure of the row is drawn.
        evidence, sources: grade and source ids.
        standing: it moves the loss; it was moved to no effect; it was not moved one by one (a row
            of another country, or a sector that loses nothing); or it is held at its central value
            in every draw, so that its effect is unknown.
        loss_low, loss_high: adaptive loss with the figure at its low and at its high.
        weight: its part of the swings of all figures that move the loss.
        name, group: of the figure, and of what moves together with it.
    """

    row: str
    file: str
    key: str
    what: str
    value: float | None
    low: float | None
    high: float | None
    evidence: str
    sources: tuple[str, ...]
    standing: Standing
    loss_low: float | None = None
    loss_high: float | None = None
    weight: float = 0.0
    name: str = ""
    group: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON and the row in CSV."""
        shown = {k: v for k, v in vars(self).items() if k not in {"name", "group"}}
        return shown | {"sources": list(self.sources)}


@dataclass(frozen=True)
class Rests:
    """What the adaptive loss of a sector rests on.

    Attributes:
        rows: heaviest first, then those whose effect is nothing or unknown.
    """

    country: str
    sector: str
    loss_share: float
    rows: tuple[Rest, ...]

    @property
    def top(self) -> tuple[Rest, ...]:
        """The five figures whose range moves the loss most."""
        return tuple(r for r in self.rows[:TOP] if r.weight > 0)

    def by_grade(self) -> Mapping[str, float]:
        """Weight of each grade; they sum to 1 where anything moves the loss."""
        return _summed(self.rows, by="evidence")

    def by_file(self) -> Mapping[str, float]:
        """Weight of each file, heaviest first."""
        found = _summed(self.rows, by="file")
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    def counted(self) -> Mapping[str, int]:
        """Figures by standing."""
        every: tuple[Standing, ...] = ("moves it", "no effect", "not moved", "held")
        return {s: sum(r.standing == s for r in self.rows) for s in every}


def rests(case: Case, *, everywhere: bool = False) -> Rests:
    """Every row that a sector's loss rests on, heaviest first.

    A figure's swing is the distance between the losses with it at its low and at its high, all else
    central; its weight is its part of all swings.

    Args:
        case: the sector and its run.
        everywhere: also move the rows of other countries one by one (slower).
    """
    figures = case.figures()
    rows = rows_of_focus(case.network, case.run)
    if everywhere:
        rows |= {f.row for f in figures.values() if f.row is not None}
    found = drivers(case.network, case.alone, rows)
    moving = found.get((case.sector.country, case.sector.sector), ())
    swing = sum(d.swing for d in moving)
    heavy = [_moved(figures[d.name], d, d.swing / swing) for d in moving]
    names = {d.name for d in moving}
    rows |= set(case.sector.rows)
    light = [
        _still(f, was_moved=bool(found) and (f.row is None or f.row in rows))
        for n, f in figures.items()
        if n not in names
    ]
    drawn = {f.row for f in figures.values()}
    used = pedigree.rows_used(
        case.network, case.run.compiled, [case.sector], case.run.resolved.focus
    )
    held = [_held(row) for row in used if row not in drawn]
    light.sort(key=lambda r: (r.standing, r.row))
    return Rests(case.sector.country, case.sector.sector, case.loss, (*heavy, *light, *held))


def _moved(figure: Input, driver: Driver, weight: float) -> Rest:
    """A figure that moves the loss."""
    return _rest(figure, "moves it", driver.loss_low, driver.loss_high, weight)


def _still(figure: Input, *, was_moved: bool) -> Rest:
    """A figure that does not, as far as anybody looked."""
    return _rest(figure, "no effect" if was_moved else "not moved")


def _rest(
    figure: Input,
    standing: Standing,
    loss_low: float | None = None,
    loss_high: float | None = None,
    weight: float = 0.0,
) -> Rest:
    """A figure and its row."""
    row = figure.row
    return Rest(
        ref(row) if row is not None else SCENARIO,
        row.file if row is not None else SCENARIO,
        _key(row) if row is not None else figure.kind,
        pedigree.label(figure),
        figure.value,
        figure.low,
        figure.high,
        str(row["evidence"]) if row is not None else SCENARIO,
        tuple(row["source_id"]) if row is not None else (),
        standing,
        loss_low,
        loss_high,
        weight,
        figure.name,
        figure.group,
    )


def _held(row: Row) -> Rest:
    """A row that no draw moves."""
    sources = tuple(row["source_id"])
    what = f"{row.table} {_key(row)}"
    none = (None, None, None)
    return Rest(ref(row), row.file, _key(row), what, *none, str(row["evidence"]), sources, "held")


def _key(row: Row) -> str:
    """What a row is about."""
    cells = (row.get(column) for column in schema()[row.table].key)
    return "|".join(str(cell) for cell in cells if cell not in {"", None})


def _summed(rows: Sequence[Rest], by: str) -> dict[str, float]:
    """Weights added up by an attribute, in the order of its values."""
    found: dict[str, float] = {}
    for r in rows:
        if r.weight > 0:
            found[getattr(r, by)] = found.get(getattr(r, by), 0.0) + r.weight
    return dict(sorted(found.items()))
