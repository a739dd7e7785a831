"""World Mining Data (Austrian Federal Ministry of Finance): output of raw materials by country.

Reads section 6.4 as published, a workbook with a sheet for each mineral, or the same as a long CSV
(`commodity, Country, unit, data_source, year, production`). The source of a figure is marked: r
reported, e estimated, p provisional. Minerals are counted as their names say (Nb2O5, Li2O, W); the
printed totals are checked against the countries, sheet by sheet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256, sha256_of
from supplychain.importers.workbook import rows_of, sheets_of
from supplychain.importers.world_totals import against_world

MARKS = Marks(missing=frozenset({"", "n.a.", "-", "None"}))
BASIS = MappingProxyType({"r": "reported", "e": "estimated", "p": "provisional", "": "", "nan": ""})
UNITS = frozenset({"metr. t", "kg", "ct", "Mio m3"})
NEEDED = ("commodity", "Country", "unit", "data_source", "year", "production")
COLUMNS = (
    *("chapter", "commodity", "section", "place", "statistic", "detail", "unit", "year", "value"),
    *("mark", "row", "iso3", "basis"),
)
_ISO3 = 3
_WORLD = "World total"
_HEADER_ROWS = 10


def read(path: Path) -> Extract:
    """All figures, one row each; the printed total stands under the place `World total`.

    Returns:
        An extract of kind `production`, with two more columns: `iso3` (in the CSV alone) and
        `basis` (reported, estimated, provisional).

    Raises:
        DataError: a column is missing; a unit, a mark or a figure is unknown; a country stands
            twice.
        MissingExtraError: openpyxl is not installed (the extra `io`), for the workbook.
    """
    book = path.suffix.lower() == ".xlsx"
    if book:
        cells, digest = _sheets(path), sha256_of(path)
    else:
        data = raw_bytes(path)
        text, digest = decoded(path.name, data, ("utf-8-sig", "cp1252")), sha256(data)
        cells = records(path.name, text, NEEDED)
    rows = [_row(path.name, line, found) for line, found in cells]
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMNS))
    twice = frame[frame.duplicated(["chapter", "place", "year"])]
    if len(twice):
        value = ", ".join(map(str, twice[["place", "chapter", "year"]].iloc[0]))
        raise refused(path.name, "stands twice", row=int(twice["row"].iloc[0]), value=value)
    return Extract(path.name, digest, frame, _remarks(path.name, frame))


def _row(file: str, line: int, cells: Mapping[str, str]) -> tuple[object, ...]:
    if not re.fullmatch(r"(19|20)\d\d", cells["year"]):
        raise refused(file, "is no year", row=line, column="year", value=cells["year"])
    value, mark = MARKS.read(cells["production"])
    if mark not in {"", "missing"} or value < 0:
        text = cells["production"]
        raise refused(file, "is no figure", row=line, column="production", value=text)
    unit, source = cells["unit"].strip(), cells["data_source"].strip().casefold()
    if unit not in UNITS:
        allowed = ", ".join(sorted(UNITS))
        raise refused(
            file, "is no known unit", row=line, column="unit", value=unit, allowed=allowed
        )
    if source not in BASIS:
        raise refused(
            file,
            "is no known mark",
            row=line,
            column="data_source",
            value=source,
            allowed="r, e, p",
        )
    place, iso3 = cells["Country"].strip(), cells.get("Country_ISO", "").strip()
    total = place.casefold() in {"total", "world total", "world"}
    commodity = cells["commodity"].strip()
    return (
        commodity,
        commodity,
        "World production",
        _WORLD if total else place,
        "Production",
        "Production",
        unit,
        int(cells["year"]),
        value,
        mark,
        line,
        iso3 if len(iso3) == _ISO3 and not total else "",
        BASIS[source],
    )


def _sheets(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The cells of the workbook as the long CSV has them; a sheet is a mineral."""
    any_there = False
    for sheet in sheets_of(path):
        names: list[str] = []
        for line, row in enumerate(rows_of(path, sheet), 1):
            texts = ["" if cell is None else str(cell).strip() for cell in row]
            if not names:
                if "Country" in texts:
                    names, any_there = texts, True
                elif line > _HEADER_ROWS:
                    break  # a sheet of contents or notes
            elif (texts := _padded(texts, len(names)))[names.index("Country")]:
                for cells in _by_year(path.name, sheet, names, texts):
                    yield line, cells
    if not any_there:
        raise refused(path.name, "has no sheet with a column Country", allowed="section 6.4")


def _padded(texts: list[str], width: int) -> list[str]:
    """A row as long as its header: a workbook leaves out empty cells at its end."""
    return texts + [""] * (width - len(texts))


def _by_year(
    file: str, sheet: str, names: list[str], texts: list[str]
) -> Iterator[Mapping[str, str]]:
    """One record for each year; the mark is in a column of the year, or one for the row."""
    plain = [name.casefold() for name in names]
    if "unit" not in plain:
        raise refused(file, "is missing from the header", column="unit", value=sheet)
    found = dict(zip(plain, texts, strict=False))
    country = names.index("Country")
    if not found["unit"] and not any(texts[country + 1 :]):
        return  # a line of notes below the table
    marks = [name for name in plain if name.startswith(("data source", "data_source", "source"))]
    for place, name in enumerate(names):
        if re.fullmatch(r"(19|20)\d\d(\.0)?", name):
            own = next((m for m in marks if name[:4] in m), marks[0] if len(marks) == 1 else "")
            yield {
                "commodity": sheet,
                "Country": texts[country],
                "unit": found["unit"],
                "data_source": found.get(own, ""),
                "year": name[:4],
                "production": texts[place],
            }


def _remarks(file: str, frame: pd.DataFrame) -> tuple[Remark, ...]:
    world = frame["place"] == _WORLD
    found = [
        Remark("noted", file, None, "", "", f"{n} figures are {basis}")
        for basis in ("estimated", "provisional")
        if (n := int((frame["basis"] == basis).sum()))
    ]
    units = frame.groupby("chapter")["unit"].nunique()
    found.extend(
        Remark("doubt", file, None, "", "", f"{chapter} is in several units")
        for chapter in units[units > 1].index
    )
    key = ["chapter", "year"]
    return (*found, *against_world(file, frame[~world], frame[world], key))
