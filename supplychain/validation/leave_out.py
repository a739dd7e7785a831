"""Every episode scored again without the constants that were set on it.

A constant is set on an episode if its row says so (`calibrated_on`), if the two share a source, or
if the note of a constant of measures names the episode's mineral. Its fallback is the middle of its
own range, graded D: what remains is that the range was drawn by people who knew the episode, so
this is less than a true leave-one-out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from supplychain.network import Network
from supplychain.parameters import Parameters
from supplychain.schema import Row as TableRow
from supplychain.validation.claims import EPISODES, Claim
from supplychain.validation.row import Row

_NOT_PLAYED = "licence_2025_path"
"""A curve of months that no scenario file takes from the constants."""

_ASSUMED = "assumption"
Again = Callable[[Network, Sequence[Claim]], tuple[Row, ...]]


@dataclass(frozen=True)
class LeftOut:
    """One episode with and without what was set on it.

    Attributes:
        constants: (name, value, fallback) of each constant that was put back.
        before, after: the rows whose runs ask for any of them, as shipped and without.
    """

    episode: str
    constants: tuple[tuple[str, float, float], ...]
    before: tuple[Row, ...]
    after: tuple[Row, ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON."""
        return {
            "episode": self.episode,
            "constants": [
                {"constant": name, "value": value, "fallback": other}
                for name, value, other in self.constants
            ],
            "rows": [
                {
                    "id": b.claim.id,
                    "ours": None if b.ours is None else b.ours.central,
                    "without": None if a.ours is None else a.ours.central,
                    "inside": b.inside,
                    "inside_without": a.inside,
                }
                for b, a in zip(self.before, self.after, strict=True)
            ],
        }

    def mean_error(self, *, without: bool) -> float | None:
        """Mean absolute distance of the ratios of goods; None where there are none."""
        rows = self.after if without else self.before
        found = [
            abs(a.distance)
            for a, b in zip(rows, self.before, strict=True)
            if b.claim.metric in {"export_flow", "import_flow"}
            and b.claimed.unit.startswith("ratio")
            and a.distance is not None
            and b.distance is not None
        ]
        return sum(found) / len(found) if found else None


def without_calibration(network: Network, rows: Sequence[Row], again: Again) -> tuple[LeftOut, ...]:
    """Each episode of some answered rows, on a network with fallbacks."""
    found = []
    episodes = dict.fromkeys(
        r.claim.group for r in rows if r.claim.table == EPISODES and r.answered
    )
    for episode in episodes:
        every = [r for r in rows if r.claim.group == episode and r.answered]
        constants = tuple(set_on(network, episode, [r.claim for r in every]))
        keys = {_key(r) for r in constants}
        mine = tuple(r for r in every if keys & r.constants)
        constants = tuple(r for r in constants if any(_key(r) in m.constants for m in mine))
        if mine:
            other = _fallen_back(network, constants)
            after = again(other, [r.claim for r in mine])
            listed = tuple((_name(r), float(r["value"]), middle(r)) for r in constants)
            found.append(LeftOut(episode, listed, mine, after))
    return tuple(found)


def middle(row: TableRow) -> float:
    """Middle of a constant's own range."""
    return (float(row["low"]) + float(row["high"])) / 2.0


def set_on(network: Network, episode: str, some: Collection[Claim]) -> Iterator[TableRow]:
    """Constants that were set on an episode."""
    ids = {claim.id for claim in some}
    sources = {
        source
        for row in network.tables.rows(EPISODES)
        if row["episode"] == episode
        for source in row["source_id"]
    } - {_ASSUMED}
    items = {
        item for row in network.tables.rows(EPISODES) if row["id"] in ids for item in row["items"]
    }
    for row in network.parameters.rows.values():
        if row["parameter"] == _NOT_PLAYED or row["low"] == row["high"]:
            continue
        of_measures = row["scope"] not in network.products
        named = of_measures and any(item in str(row["note"]).lower() for item in items)
        shared = not sources.isdisjoint(row["source_id"])
        if _is_named(str(row["calibrated_on"]), episode) or shared or (named and _is_law(row)):
            yield row


def _is_law(row: TableRow) -> bool:
    """Whether a constant is about measures and how they are got round."""
    return str(row["parameter"]).startswith(("leakage", "licence", "front_loading", "re_export"))


def _is_named(calibrated_on: str, episode: str) -> bool:
    """Whether ``gallium 2023`` is ``gallium_germanium_2023``.

    >>> _is_named("gallium 2023", "gallium_germanium_2023"), _is_named("", "magnets_2025")
    (True, False)
    """
    words = calibrated_on.split()
    return bool(words) and set(words) <= set(episode.split("_"))


def _key(row: TableRow) -> tuple[str, str]:
    return str(row["parameter"]), str(row["scope"])


def _name(row: TableRow) -> str:
    return f"{row['parameter']} {row['scope']}"


def _fallen_back(network: Network, constants: Collection[TableRow]) -> Network:
    """The same network with these constants at the middle of their ranges."""
    rows = dict(network.parameters.rows)
    for row in constants:
        cells = {column: row[column] for column in row}
        cells |= {"value": middle(row), "evidence": "D", "calibrated_on": ""}
        rows[_key(row)] = TableRow(row.table, row.line, cells)
    return replace(network, parameters=Parameters(MappingProxyType(rows)))
