"""USGS Mineral Commodity Summaries: world production, in the layouts of the 2025 and 2026 editions.

Numbers have thousands separators. An em dash is zero, ``W`` is withheld, ``NA`` is not available,
``XX`` not applicable, ``E`` a net exporter. A comma inside a number is therefore no decimal mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256
from supplychain.importers.world_totals import against_world

MARKS = Marks(
    zero=frozenset({"\u2014", "\u2013", "--"}),
    withheld=frozenset({"W"}),
    missing=frozenset({"", "NA", "XX", "E", "s", "S"}),
    grouped=True,
)
LAYOUT_2026 = (
    "MCS chapter",
    "Section",
    "Commodity",
    "Country",
    "Statistics",
    "Statistics_detail",
    "Unit",
    "Year",
    "Value",
)
LAYOUT_2025 = ("SOURCE", "COMMODITY", "COUNTRY", "TYPE", "UNIT_MEAS")
_YEARS_2025 = re.compile(r"(PROD|CAP)_(?:EST_ ?)?(\d{4})")
_STATISTIC = {"PROD": "Production", "CAP": "Capacity"}
COLUMNS = (
    *("chapter", "commodity", "section", "place", "statistic", "detail", "unit"),
    *("year", "value", "mark", "row"),
)


def read(path: Path) -> Extract:
    """All figures of an edition, one row each: where, what, which unit, which year, which value.

    Returns:
        An extract of kind `production`. A cell without a value keeps its mark (`withheld`,
        `missing`, `bound`, `range`), so that nothing withheld is ever read as nothing made.

    Raises:
        DataError: the file has neither layout, a year is no year, or a cell is neither a number
            nor a mark of this publisher.
    """
    data = raw_bytes(path)
    text = decoded(path.name, data, ("utf-8-sig", "cp1252"))
    header = text.partition("\n")[0]
    if "MCS chapter" in header:
        rows = [
            _row_2026(path.name, line, cells) for line, cells in _records(path, text, LAYOUT_2026)
        ]
    elif "COMMODITY" in header and "UNIT_MEAS" in header:
        found = _records(path, text, LAYOUT_2025)
        rows = [row for line, cells in found for row in _rows_2025(path.name, line, cells)]
    else:
        mend = "Take the data release of the 2025 or 2026 edition."
        raise refused(
            path.name, "has neither of the known layouts", row=1, value=header[:60], mend=mend
        )
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMNS))
    if frame.empty:
        problem = "has no column of years"
        raise refused(path.name, problem, row=1, allowed="PROD_2023 or PROD_EST_2024")
    remarks = tuple(
        Remark("left_out", path.name, row, "Value", mark, f"{place}, {chapter}, {detail}, {year}")
        for row, mark, place, chapter, detail, year in frame.loc[
            frame["mark"].isin(["withheld", "range"]),
            ["row", "mark", "place", "chapter", "detail", "year"],
        ].itertuples(index=False)
    )
    return Extract(path.name, sha256(data), frame, (*_against_totals(path.name, frame), *remarks))


def _against_totals(file: str, frame: pd.DataFrame) -> tuple[Remark, ...]:
    """Countries against the printed total of each table; 'X: rounded' is the total of 'X'."""
    made = frame["statistic"].isin(_STATISTIC.values()) & frame["section"].str.startswith("World")
    tables = frame[made & (frame["mark"] == "")].copy()
    tables["detail"] = (
        tables["detail"].str.casefold().str.replace(r"[:,] *rounded$", "", regex=True)
    )
    world = tables["place"].str.startswith("World")
    key = ["chapter", "detail", "unit", "year"]
    return against_world(file, tables[~world], tables[world], key)


def _records(
    path: Path, text: str, columns: tuple[str, ...]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    return records(path.name, text, columns)


def _value(file: str, line: int, column: str, text: str) -> tuple[float, str]:
    value, mark = MARKS.read(text)
    if mark == "odd":
        marks = "a number such as 1,234 or 0.5, \u2014 (zero), W, NA, XX, E, a bound or a range"
        raise refused(file, "is no number", row=line, column=column, value=text, allowed=marks)
    if value < 0:
        raise refused(file, "is negative", row=line, column=column, value=text)
    return value, mark


def _year(file: str, line: int, text: str) -> int | None:
    """The year of a row; `None` for an average over years (import sources 2021-24)."""
    if re.fullmatch(r"(19|20)\d\d", text.strip()):
        return int(text)
    if re.fullmatch(r"(19|20)\d\d\s*[-\u2013]\s*(\d\d){1,2}", text.strip()):
        return None
    raise refused(file, "is no year", row=line, column="Year", value=text)


def _row_2026(file: str, line: int, cells: Mapping[str, str]) -> tuple[object, ...]:
    year = _year(file, line, cells["Year"])
    production = cells["Statistics"] in {"Production", "Capacity"}
    world = cells["Section"].startswith("World")
    value, mark = MARKS.read(cells["Value"])
    if world and production:  # other cells hold prices, bounds and words that no rule may ask for
        value, mark = _value(file, line, "Value", cells["Value"])
    return (
        cells["MCS chapter"].strip(),
        cells["Commodity"].strip(),
        cells["Section"].strip(),
        cells["Country"].strip(),
        cells["Statistics"].strip(),
        cells["Statistics_detail"].strip(),
        cells["Unit"].strip(),
        year or 0,
        value,
        mark,
        line,
    )


def _rows_2025(file: str, line: int, cells: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    place = re.sub(r"\s+\d+$", "", cells["COUNTRY"].strip())  # "World total (rounded) 10"
    for column, text in cells.items():
        if found := _YEARS_2025.fullmatch(column.strip()):
            value, mark = _value(file, line, column, text)
            yield (
                cells["COMMODITY"].strip(),
                cells["COMMODITY"].strip(),
                "World",
                place,
                _STATISTIC[found[1]],
                cells["TYPE"].strip(),
                cells["UNIT_MEAS"].strip(),
                int(found[2]),
                value,
                mark,
                line,
            )
