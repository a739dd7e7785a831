"""IEA Critical Minerals Data Explorer: supply by country, demand by use, today and in scenarios.

Reads the workbook (``CM_Data_Explorer.xlsx``; the sheets of total demand, total supply and clean
technologies) or the same as a long CSV (`section, mineral, dimension, scenario, year,
value_kt_or_share`). Figures are thousand metric tons of contained metal; supply beyond the base
year is the IEA's base case of announced projects, demand beyond it a scenario. Both are marked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256, sha256_of
from supplychain.importers.workbook import Line, rows_of, sheets_of
from supplychain.importers.world_totals import against_world

MARKS = Marks(missing=frozenset({"", "nan", "None", "..", "-"}))
NEEDED = ("section", "mineral", "dimension", "scenario", "year", "value_kt_or_share")
COLUMNS = (
    *("chapter", "commodity", "section", "place", "statistic", "detail", "unit", "year", "value"),
    *("mark", "row", "scenario", "basis"),
)
SECTIONS = MappingProxyType(
    {
        "supply_mining": ("World supply, mining", "Production"),
        "supply_refining": ("World supply, refining", "Production"),
        "total_demand": ("Total demand", "Demand"),
        "cleantech_demand": ("Clean technology demand", "Demand"),
        "tech_demand": ("Clean technology demand by technology", "Demand"),
    }
)
"""Section of the CSV -> section and statistic of the extract."""

SHEETS = MappingProxyType(
    {"1": "total_demand", "2": "supply", "3.1": "tech_demand", "3.2": "cleantech_demand"}
)
"""Number in front of the name of a sheet -> section."""

SCENARIOS = MappingProxyType({"stated": "STEPS", "announced": "APS", "net zero": "NZE"})
_WORLD = "World total"
_UNIT = "thousand metric tons"
_LONGEST_NAME = 60  # a longer one is a note below the table
_SHARES = ("top3share", "cleanshare", "top 3 share", "share of clean", "share of top")
_TOTALS = ("total", "totaldemand", "total demand", "total supply")


def read(path: Path) -> Extract:
    """All figures, one row each.

    Returns:
        An extract of kind `production`, with two more columns: `scenario` (base, STEPS, APS, NZE)
        and `basis` (estimated for the base year, projected beyond it).

    Raises:
        DataError: a column, sheet or section is missing or unknown, or a figure is none.
        MissingExtraError: openpyxl is not installed (the extra `io`), for the workbook.
    """
    if path.suffix.lower() == ".xlsx":
        cells, digest = _sheets(path), sha256_of(path)
    else:
        data = raw_bytes(path)
        digest = sha256(data)
        cells = records(path.name, decoded(path.name, data), NEEDED)
    rows, notes = list[tuple[object, ...]](), 0
    for line, found in cells:
        if len(found["dimension"]) > _LONGEST_NAME or "Notes" in found["dimension"]:
            notes += 1
            continue
        rows.append(_row(path.name, line, found))
    frame = pd.DataFrame.from_records(rows, columns=list(COLUMNS))
    if frame.empty:
        raise refused(path.name, "holds no figures")
    frame["basis"] = "estimated"
    frame.loc[frame["year"] > frame["year"].min(), "basis"] = "projected"
    return Extract(path.name, digest, frame, _remarks(path.name, frame, notes))


def _row(file: str, line: int, cells: Mapping[str, str]) -> tuple[object, ...]:
    if cells["section"] not in SECTIONS:
        allowed = ", ".join(SECTIONS)
        named = cells["section"]
        raise refused(
            file, "is no section", row=line, column="section", value=named, allowed=allowed
        )
    if not re.fullmatch(r"20\d\d", cells["year"]):
        raise refused(file, "is no year", row=line, column="year", value=cells["year"])
    text = cells["value_kt_or_share"]
    value, mark = MARKS.read(text)
    if mark not in {"", "missing"} or value < 0:
        raise refused(file, "is no figure", row=line, column="value_kt_or_share", value=text)
    section, statistic = SECTIONS[cells["section"]]
    what, _, name = cells["dimension"].strip().rpartition(":")
    share = name.casefold().startswith(_SHARES)
    if share and value > 1:
        raise refused(file, "is no share", row=line, column="value_kt_or_share", value=text)
    country = what == "country"
    total = name.casefold() in _TOTALS
    return (
        cells["mineral"].strip(),
        cells["mineral"].strip(),
        section,
        name if country else _WORLD if total or statistic == "Production" else "World",
        "Share" if share else statistic,
        statistic if country or (total and statistic == "Production") else name,
        "share" if share else _UNIT,
        int(cells["year"]),
        value,
        mark,
        line,
        cells["scenario"].strip(),
        "",
    )


def _remarks(file: str, frame: pd.DataFrame, notes: int) -> tuple[Remark, ...]:
    found = []
    if notes:
        found.append(Remark("left_out", file, None, "", "", f"{notes} rows hold notes"))
    if projected := int((frame["basis"] == "projected").sum()):
        what = f"{projected} of {len(frame)} figures are projections or scenarios"
        found.append(Remark("noted", file, None, "", "", what))
    supply = frame[frame["statistic"] == "Production"]
    world = supply["place"] == _WORLD
    key = ["section", "chapter", "year"]
    return (*found, *against_world(file, supply[~world], supply[world], key))


# The workbook -------------------------------------------------------------------------------------


def _sheets(path: Path) -> Iterator[tuple[int, Mapping[str, str]]]:
    """The cells of the workbook as the long CSV has them."""
    taken = 0
    for sheet in sheets_of(path):
        section = SHEETS.get(sheet.split(" ")[0])
        if section:
            taken += 1
            yield from _sheet(path.name, section, sheet, list(rows_of(path, sheet)))
    if not taken:
        names = ", ".join(sheets_of(path))
        raise refused(path.name, "has none of the known sheets", value=names, allowed="1, 2, 3.1")


def _sheet(
    file: str, section: str, sheet: str, rows: list[Line]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """One sheet: tables side by side, a heading for each mineral, years in one row."""
    head = next((n for n, row in enumerate(rows) if len(_years(row)) > 1), None)
    if head is None:
        raise refused(file, f"has no row of years in the sheet {sheet!r}")
    label = 0
    for block in _blocks(_years(rows[head])):
        label = _label(rows[head + 1 :], block, label)
        scenario = _scenario(rows[:head], block[0])
        mineral = ""
        for line, row in enumerate(rows[head + 1 :], head + 2):
            name = _text(row, label)
            if name.startswith("Note"):
                break
            if name and not any(_text(row, column) for column in block):
                mineral = name
            elif name:
                for column in block:
                    yield (
                        line,
                        {
                            **_named(section, mineral, name),
                            "scenario": scenario,
                            "year": _text(rows[head], column)[:4],
                            "value_kt_or_share": _text(row, column),
                        },
                    )


def _named(section: str, mineral: str, name: str) -> Mapping[str, str]:
    """Section, mineral and dimension as the long CSV has them."""
    kind, stage = "", re.search(r"(?i)\b(mining|refining|refined|mined)\b", mineral)
    if section == "supply":
        section = "supply_mining" if stage and stage[1][0] in "mM" else "supply_refining"
        kind = "" if name.casefold().startswith((*_TOTALS, *_SHARES)) else "country:"
        mineral = re.sub(r"(?i)[\s,:(-]*\b(mining|refining|refined|mined)\b\)?", "", mineral)
    return {
        "section": section,
        "mineral": mineral or name,
        "dimension": f"{kind}{name}",
    }


def _text(row: Line, column: int) -> str:
    cell = row[column] if column < len(row) else None
    return "" if cell is None else str(cell).strip()


def _years(row: Line) -> list[int]:
    return [c for c, cell in enumerate(row) if re.fullmatch(r"20\d\d(\.0)?", str(cell or ""))]


def _blocks(columns: list[int]) -> Iterator[list[int]]:
    """Columns of years that stand side by side."""
    block: list[int] = []
    for column in columns:
        if block and column > block[-1] + 1:
            yield block
            block = []
        block.append(column)
    yield block


def _label(rows: list[Line], block: list[int], before: int) -> int:
    """The column of names: the nearest to the left that holds words, or the one before it."""
    for column in range(block[0] - 1, before, -1):
        if sum(bool(re.search(r"[A-Za-z]{3}", _text(row, column))) for row in rows) > 1:
            return column
    return before


def _scenario(above: list[Line], column: int) -> str:
    """The scenario that is named above a block, or `base`."""
    for row in reversed(above):
        for place in range(column, column - 2, -1):
            name = _text(row, place).casefold()
            for words, short in SCENARIOS.items():
                if place >= 0 and words in name:
                    return short
    return "base"
