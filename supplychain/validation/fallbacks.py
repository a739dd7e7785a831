"""The pack without what was set on an episode: constants and stocks fall back on what others say.

A constant is set on an episode if its row says so (`calibrated_on`), if the two share a source, or
if the note of a constant of measures names the episode's mineral; it falls back to the middle of
its own range, graded D. The range too was drawn by people who knew the episode.

A stock of plants rests on an episode if its row cites a source of the episode, or is of a product
of the measure and was read in the year of the measure (a sourced row of that year, or a note that
names the year), or cites a source of such a row. It falls back to what plants of end industries
hold of all other products.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from supplychain.network import Network
from supplychain.parameters import Parameters
from supplychain.schema import Row as TableRow
from supplychain.tables import Tables
from supplychain.validation.claims import EPISODES, Claim
from supplychain.vocabulary import EVIDENCE

ASSUMED = EVIDENCE[-1]
_NOT_PLAYED = "licence_2025_path"
"""A curve of months that no scenario file takes from the constants."""

_ASSUMPTION = "assumption"


@dataclass(frozen=True)
class Cover:
    """What plants hold of other products, in days: median and 10 and 90 % quantile over rows."""

    low: float
    median: float
    high: float


def sources_of(tables: Tables, episodes: Collection[str]) -> frozenset[str]:
    """Sources that the observations of some episodes cite."""
    return frozenset(
        source
        for row in tables.rows(EPISODES)
        if row["episode"] in episodes
        for source in row["source_id"]
    ) - {_ASSUMPTION}


# Constants ----------------------------------------------------------------------------------------


def set_on(network: Network, episode: str, some: Collection[Claim]) -> Iterator[TableRow]:
    """Constants that were set on an episode."""
    ids = {claim.id for claim in some}
    sources = sources_of(network.tables, {episode})
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


def middle(row: TableRow) -> float:
    """Middle of a constant's own range."""
    return (float(row["low"]) + float(row["high"])) / 2.0


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


def with_constants(
    network: Network, ranges: Mapping[tuple[str, str], tuple[float, float, float]]
) -> Network:
    """The same network with other ranges, (low, value, high), of some constants, graded D."""
    rows = dict(network.parameters.rows)
    for key, (low, value, high) in ranges.items():
        row = rows[key]
        cells = {column: row[column] for column in row}
        cells |= {"low": low, "value": value, "high": high}
        cells |= {"evidence": ASSUMED, "calibrated_on": ""}
        rows[key] = TableRow(row.table, row.line, cells)
    return replace(network, parameters=Parameters(MappingProxyType(rows)))


# Stocks -------------------------------------------------------------------------------------------


def resting_stocks(
    tables: Tables, episodes: Collection[str], products: Collection[str], year: str
) -> tuple[TableRow, ...]:
    """Rows of plants' stocks that rest on some episodes.

    Args:
        tables: of the pack.
        episodes: by name; products: what their measure covers; year: in which it began.
    """
    cited = sources_of(tables, episodes)
    private = [r for r in tables.rows("stocks") if r["holder"] == "private"]
    own = [
        r
        for r in private
        if r["product"] in products
        and (year in str(r["note"]) or (r["evidence"] != ASSUMED and str(r["year"]) == year))
    ]
    cited |= {source for r in own for source in r["source_id"]} - {_ASSUMPTION}
    return tuple(r for r in private if r in own or not cited.isdisjoint(r["source_id"]))


def usual_cover(tables: Tables, resting: Sequence[TableRow]) -> Cover | None:
    """What plants of end industries hold of all products but those of some rows.

    Every row of the pack counts once, whatever its country; None where no other is left.
    """
    held = {r["product"] for r in resting}
    industries = {str(r["product"]) for r in tables.rows("products") if r["stage"] == "industry"}
    covers = [
        float(r["cover_days"])
        for r in tables.rows("stocks")
        if r["holder"] == "private" and r["user"] in industries and r["product"] not in held
    ]
    if not covers:
        return None
    low, median, high = np.quantile(covers, (0.1, 0.5, 0.9)).tolist()
    return Cover(low, median, high)


def with_stocks(network: Network, resting: Sequence[TableRow], cover: Cover) -> Network:
    """The same network with a usual cover in place of some rows; their spread over plants stays."""
    other = {r.line: _like(r, cover) for r in resting}
    slots = tuple(
        replace(slot, stock=other[slot.stock.line])
        if slot.stock is not None and slot.stock.line in other
        else slot
        for slot in network.slots
    )
    return replace(network, slots=slots)


def _like(row: TableRow, cover: Cover) -> TableRow:
    scale = cover.median / float(row["cover_days"])
    cells = {column: row[column] for column in row} | {
        "cover_days": cover.median,
        "low": float(row["low"]) * scale,
        "high": float(row["high"]) * scale,
        "median_low": cover.low,
        "median_high": cover.high,
        "evidence": ASSUMED,
    }
    return TableRow(row.table, row.line, cells)
