"""What to measure next: how much narrower the band would be if a figure's true value were known.

A figure far off at one end of its range may move a loss a lot and still add little to the band,
and the other way round; so the question is asked of the band itself. The figure is held at the
middle of each of a few equal parts of its distribution, everything else is drawn as before, and the
widths are averaged: nobody knows yet how a measurement will turn out. Rows that share a source and
a kind move together in the pack's distribution: whoever knows one knows them all.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from supplychain.sensitivity.case import Case
from supplychain.sensitivity.ensemble import Ensemble, Shrinkage
from supplychain.sensitivity.rests import SCENARIO, Rest, Rests

Unit = Literal["scenario", "row", "file", "source"]

DRAWS, VALUES = 128, 3
_ROWS = 5
_MOST = 3


@dataclass(frozen=True)
class Worth:
    """What knowing something would be worth.

    Attributes:
        unit: what the scenario leaves open, a row, all rows of a file, or all rows of a source.
        what: in words; row: file and line, of a row alone.
        rows: rows that would be known with it.
        weight: part of the swings, one figure at a time.
        shrinkage: of the band of the adaptive loss.
    """

    unit: Unit
    what: str
    row: str
    evidence: str
    rows: int
    weight: float
    shrinkage: Shrinkage

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON and the row in CSV."""
        band = self.shrinkage
        shown = {k: v for k, v in vars(self).items() if k != "shrinkage"}
        return shown | {
            "band_width": band.before,
            "band_width_if_known": band.after,
            "shrinks_by": band.share,
            "standard_error": band.error,
            "within_noise": band.within_noise,
        }


@dataclass(frozen=True)
class _Candidate:
    """Something that could be measured, and the groups of figures that would be known."""

    unit: Unit
    what: str
    row: str
    evidence: str
    rests: tuple[Rest, ...]

    @property
    def groups(self) -> tuple[str, ...]:
        """Each once."""
        return tuple(dict.fromkeys(r.group for r in self.rests))


def measure_next(
    case: Case,
    found: Rests,
    *,
    units: Iterable[Unit] = ("scenario", "row"),
    seed: int = 1,
    draws: int = DRAWS,
    values: int = VALUES,
) -> tuple[Worth, ...]:
    """What would narrow the band most, largest first, for each kind of unit.

    Args:
        case: the sector and its run.
        found: what its loss rests on.
        units: single rows, files, sources: the heaviest of each. What the scenario leaves open is
            no row to measure; it stands beside them for comparison.
        seed: of the sample.
        draws: simulated draws.
        values: values at which a known figure is held.
    """
    asked = tuple(dict.fromkeys(units))
    candidates = [c for unit in asked for c in _candidates(found, unit)]
    if not candidates:
        return ()
    sample = Ensemble(case.network, case.run, (case.sector,), draws, values, seed)
    shrunk = sample.shrinkages([c.groups for c in candidates])
    sizes = _sizes(case)
    worth = [
        Worth(
            c.unit,
            c.what,
            c.row,
            c.evidence,
            sum(sizes[g] for g in c.groups),
            sum(r.weight for r in found.rows if r.group in c.groups),
            by_sector[case.sector],
        )
        for c, by_sector in zip(candidates, shrunk, strict=True)
    ]
    return tuple(sorted(worth, key=lambda w: (asked.index(w.unit), -w.shrinkage.share, w.what)))


def _sizes(case: Case) -> dict[str, int]:
    """Rows in each group of figures."""
    found: dict[str, int] = {}
    for figure in case.figures().values():
        found[figure.group] = found.get(figure.group, 0) + 1
    return found


def _candidates(found: Rests, unit: Unit) -> list[_Candidate]:
    """The heaviest of a kind."""
    is_asked = unit == "scenario"
    heavy = [r for r in found.rows if r.weight > 0 and (r.file == SCENARIO) == is_asked]
    if unit in {"scenario", "row"}:
        first = {r.group: r for r in reversed(heavy)}
        chosen = sorted(first.values(), key=lambda r: -r.weight)[:_ROWS]
        return [_Candidate(unit, r.what, r.row, r.evidence, (r,)) for r in chosen]
    by: Callable[[Rest], tuple[str, ...]] = (
        (lambda r: (r.file,)) if unit == "file" else (lambda r: r.sources)
    )
    parts: dict[str, list[Rest]] = {}
    for r in heavy:
        for name in by(r):
            parts.setdefault(name, []).append(r)
    ranked = sorted(parts.items(), key=lambda item: (-sum(r.weight for r in item[1]), item[0]))
    return [
        _Candidate(unit, f"all of {name}", "", "".join(sorted({r.evidence for r in rs})), tuple(rs))
        for name, rs in ranked[:_MOST]
    ]
