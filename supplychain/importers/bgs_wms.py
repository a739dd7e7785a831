"""British Geological Survey, World Mineral Statistics: production (or trade) by country and year.

Reads the CSV and the JSON of the open interface (collection `world-mineral-statistics` of
ogcapi.bgs.ac.uk). Units differ by table: gross weight, metal content, kilograms. A figure that the
notes call an estimate is marked; a cell without a figure is missing, never zero. No world totals
are printed: a series that jumps five hundredfold from one year to the next is reported instead.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256

MARKS = Marks(missing=frozenset({"", "None", "null", "NULL"}))
NEEDED = (
    *("bgs_commodity_trans", "bgs_sub_commodity_trans", "bgs_statistic_type_trans"),
    *("country_trans", "country_iso3_code", "year", "quantity", "units"),
)
UNITS = frozenset(
    {
        *("tonnes (metric)", "tonnes (metal content)", "kilograms", "kilograms (metal content)"),
        *("thousand tonnes", "carats", "thousand carats", "million cubic metres", "cubic metres"),
    }
)
COLUMNS = (
    *("chapter", "commodity", "section", "place", "statistic", "detail", "unit", "year", "value"),
    *("mark", "row", "iso3", "basis", "note"),
)
_JUMP = 500.0
_SERIES = ["chapter", "commodity", "statistic", "detail", "unit", "place"]


def read(path: Path) -> Extract:
    """All figures of a download, one row each.

    Returns:
        An extract of kind `production`, with three more columns: `iso3` as the publisher gives it,
        `basis` (reported or estimated) and the publisher's `note`.

    Raises:
        DataError: a column is missing, a year or a quantity cannot be, a figure stands twice with
            two values, or the interface gave a part of what it has.
    """
    data = raw_bytes(path)
    text = decoded(path.name, data)
    found = _features(path.name, text) if text.lstrip()[:1] == "{" else _csv(path.name, text)
    rows = [_row(path.name, line, cells) for line, cells in found]
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMNS))
    twice = frame[frame.duplicated([*_SERIES, "year", "note"], keep=False)]
    if len(twice):
        place = twice.iloc[0]
        value = f"{place['place']}, {place['chapter']}, {place['year']}"
        mend = "Two downloads may stand one below the other."
        raise refused(
            path.name, "stands twice", row=int(twice["row"].iloc[-1]), value=value, mend=mend
        )
    return Extract(path.name, sha256(data), frame, _remarks(path.name, frame))


def _csv(file: str, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    return records(file, text, NEEDED)


def _features(file: str, text: str) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The features of the interface's JSON, numbered from one."""
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise refused(file, f"is no JSON: {error.msg}", row=error.lineno) from None
    except (RecursionError, ValueError) as error:
        raise refused(file, f"is no JSON of this interface: {error}") from None
    there, all_there = found.get("numberReturned"), found.get("numberMatched")
    if isinstance(there, int) and isinstance(all_there, int) and there < all_there:
        mend = f"Ask for &limit={all_there}, or page by page."
        raise refused(file, f"holds {there} of {all_there} figures", mend=mend)
    features = found.get("features")
    if not isinstance(features, list) or not features:
        raise refused(file, "holds no figures", allowed="a list of features")
    for line, feature in enumerate(features, 1):
        cells = feature.get("properties") if isinstance(feature, dict) else None
        if not isinstance(cells, dict):
            raise refused(file, "has no properties", row=line, value=str(feature)[:40])
        missing = [name for name in NEEDED if name not in cells]
        if missing:
            raise refused(file, "lacks a property", row=line, column=", ".join(missing))
        yield line, {name: "" if cell is None else str(cell) for name, cell in cells.items()}


def _row(file: str, line: int, cells: Mapping[str, str]) -> tuple[object, ...]:
    year = re.fullmatch(r"((?:19|20)\d\d)(-01-01.*)?", cells["year"].strip())
    if not year:
        raise refused(file, "is no year", row=line, column="year", value=cells["year"])
    value, mark = MARKS.read(cells["quantity"])
    if mark not in {"", "missing"} or value < 0:
        raise refused(file, "is no quantity", row=line, column="quantity", value=cells["quantity"])
    unit = cells["units"].strip()
    if unit not in UNITS:
        raise refused(
            file, "is no known unit", row=line, column="units", value=unit, allowed=", ".join(UNITS)
        )
    chapter = cells["bgs_commodity_trans"].strip()
    statistic = cells["bgs_statistic_type_trans"].strip()
    note = cells.get("concat_figure_notes_text", "").strip()
    return (
        chapter,
        cells["bgs_sub_commodity_trans"].strip() or chapter,
        f"World {statistic.casefold()}",
        cells["country_trans"].strip(),
        statistic,
        cells.get("yearbook_table_trans", "").strip() or f"{statistic} of {chapter}",
        unit,
        int(year[1]),
        value,
        mark,
        line,
        cells["country_iso3_code"].strip(),
        "estimated" if "estimate" in note.casefold() else "reported",
        note,
    )


def _remarks(file: str, frame: pd.DataFrame) -> tuple[Remark, ...]:
    found = []
    if missing := int((frame["mark"] == "missing").sum()):
        what = f"{missing} of {len(frame)} cells without a figure: missing, not zero"
        found.append(Remark("noted", file, None, "", "", what))
    if estimated := int((frame["basis"] == "estimated").sum()):
        found.append(Remark("noted", file, None, "", "", f"{estimated} figures are estimates"))
    units = frame.groupby("chapter")["unit"].nunique()
    for chapter in units[units > 1].index:
        what = f"{chapter} is in several units: do not add them up"
        found.append(Remark("noted", file, None, "", "", what))
    found.append(_jumps(file, frame))
    return tuple(found)


def _jumps(file: str, frame: pd.DataFrame) -> Remark:
    """Series that look as if a unit had changed from one year to the next."""
    series = frame[frame["value"] > 0].sort_values([*_SERIES, "year"])
    before = series.groupby(_SERIES)[["value", "year"]].shift()
    ratio = series["value"] / before["value"]
    near = series["year"] - before["year"] == 1
    jumps = series[near & ((ratio > _JUMP) | (ratio < 1 / _JUMP))]
    named = [f"{r.place} {r.commodity} {r.year}" for r in jumps.head(5).itertuples()]
    what = f"{len(jumps)} figures jump {_JUMP:g}-fold within a year"
    what += f": {', '.join(named)}" if named else ""
    return Remark("check", file, None, "", "", what)
