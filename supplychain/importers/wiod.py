"""World Input-Output Database: who buys how much from which industry, in million USD.

Reads what a user really downloads: of the release of 2016 the Stata tables (such as
``WIOT2014_October16_ROW.dta``, alone or in ``WIOTS_in_STATA.zip``) or the same table as CSV; of the
release of 2013 the workbooks (``WIOT11_ROW_Sep12.xlsx``); and the arrays (``Z``, ``F``, ``x``,
``countries``, ``industries``) that this project keeps of it. RData and binary workbooks (xlsb) are
refused: R or a spreadsheet saves them as CSV. A negative intermediate entry is a booking of stocks
and is set to nothing, and said.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from supplychain.importers import iotable
from supplychain.importers.extract import Extract, refused
from supplychain.importers.rawfile import archive, foreign, raw_bytes, sha256_of, unpacked, year_in
from supplychain.importers.workbook import rows_of

FINAL = iotable.FINAL
OUTPUT = iotable.OUTPUT
NEEDED = ("Z", "F", "x", "countries", "industries")
_LABELS = ("IndustryCode", "Country", "RNr", "TOT")
_TOTALS = "TOT"  # the country under which both releases put their sums
_USE = re.compile(r"v?([A-Z]{3})(\d{1,2})")
_LAST_INDUSTRY = 56  # columns 57 to 61 of the release of 2016 are final demand
_CODE = re.compile(r"c(\d{1,2})")
_LAST_CODE = 35  # c37 to c42 of the release of 2013 are final demand
_LABEL_COLUMNS = 4


def read(path: Path, *, year: int | None = None, regions: Collection[str] | None = None) -> Extract:
    """The cells of one table that are not zero.

    Args:
        path: the table (``.dta``, ``.csv``, ``.csv.gz``, ``.xlsx``, ``.npz``), or the archive.
        year: which table of an archive; the name of a single file says it.
        regions: countries to keep; the others are added up as `ROW` (all are kept where `None`).

    Returns:
        An extract of kind `interindustry`. The use of a country's final demand stands under the
        sector `final`; the gross output of a sector under the user `""` and the sector `output`.

    Raises:
        DataError: the layout is none of these, something is missing, rows and outputs do not
            agree, or a region is not in the table.
        MissingExtraError: openpyxl is not installed (the extra `io`), for a workbook.
    """
    of_year = year_in(path.name) or year
    kind = path.name.removesuffix(".gz").rpartition(".")[2].lower()
    if kind == "zip" and not year:
        raise refused(path.name, "holds a table for each year", mend="Say which one: --year 2014.")
    if kind not in {"npz", "xlsx", "csv", "dta", "zip"}:
        mend = "Take WIOTS_in_STATA.zip of the release, or save the table as CSV."
        raise refused(path.name, f"is in a form ({kind}) that is not read", mend=mend)
    if not of_year:
        raise refused(path.name, "has no year in its name", allowed="wiot_2011...")
    if kind == "npz":
        table = _of_arrays(path, of_year)
    elif kind == "xlsx":
        table = _of_workbook(path, of_year)
    else:
        table = _of_release_2016(path, of_year, kind)
    table, remarks = iotable.checked(path.name, iotable.merged(table))
    frame = iotable.long(iotable.asked(path.name, table, regions))
    return Extract(path.name, sha256_of(path), frame, remarks)


# The release of 2016 ------------------------------------------------------------------------------


def _of_release_2016(path: Path, year: int, kind: str) -> iotable.Table:
    raw = _wide(path, year, kind)
    missing = [name for name in _LABELS if name not in raw.columns]
    if missing:
        allowed = "IndustryCode, Country, RNr, TOT and a column for each user, as in AUS1"
        raise refused(path.name, "lacks a column", column=", ".join(missing), allowed=allowed)
    rows = raw[raw["Country"] != _TOTALS]
    number = pd.to_numeric(rows["RNr"], errors="coerce")
    if not number.isin(range(1, 1000)).all():
        wrong = str(rows["RNr"][~number.isin(range(1, 1000))].iloc[0])
        raise refused(path.name, "is no number of an industry", column="RNr", value=wrong)
    number = number.astype(int)
    codes = dict(zip(number, rows["IndustryCode"].astype(str).str.strip(), strict=True))
    uses = {name: found for name in raw.columns if (found := _USE.fullmatch(str(name)))}
    if "Year" in raw.columns and set(pd.to_numeric(rows["Year"], errors="coerce")) != {year}:
        raise refused(path.name, "holds another year than its name says", column="Year")
    sectors = [
        FINAL if int(found[2]) > _LAST_INDUSTRY else codes.get(int(found[2]), found[2])
        for found in uses.values()
    ]
    try:
        cells = rows[list(uses)].to_numpy(dtype=float)
        output = rows["TOT"].to_numpy(dtype=float)
    except ValueError as error:
        raise refused(path.name, f"holds a cell that is no number: {error}") from None
    return iotable.Table(
        year=year,
        suppliers=(rows["Country"].to_numpy(dtype=str), np.array([codes[n] for n in number])),
        users=(np.array([found[1] for found in uses.values()]), np.array(sectors)),
        cells=cells,
        output=output,
    )


def _wide(path: Path, year: int, kind: str) -> pd.DataFrame:
    if kind == "csv":
        data = raw_bytes(path)
        with foreign(path.name, "CSV"):
            return pd.read_csv(io.BytesIO(data), encoding="utf-8-sig")
    _name, data = unpacked(path, ".dta", year=year if kind == "zip" else None)
    with foreign(path.name, "a Stata table"):
        return pd.read_stata(io.BytesIO(data), convert_categoricals=False)


# The release of 2013 ------------------------------------------------------------------------------


def _of_workbook(path: Path, year: int) -> iotable.Table:
    """Codes stand in the fourth row and column of the header, countries in the third."""
    lines = rows_of(path, "")
    head = _header(path.name, lines)
    codes = [str(cell or "").strip() for cell in head[3]]
    places = [str(cell or "").strip().replace("ROM", "ROU") for cell in head[2]]
    uses = [
        column
        for column in range(_LABEL_COLUMNS, len(codes))
        if _CODE.fullmatch(codes[column]) and places[column] != _TOTALS
    ]
    taken = [*uses, _total_column(head)]
    numbers, suppliers = [], []
    for line in lines:
        code, place = str(line[3] or "").strip(), str(line[2] or "").strip()
        if not _CODE.fullmatch(code) or place in {"", _TOTALS}:
            continue
        suppliers.append((place.replace("ROM", "ROU"), code))
        try:
            numbers.append(np.array([line[column] or 0.0 for column in taken], dtype=float))
        except ValueError as error:
            raise refused(path.name, f"holds no number: {error}", value=f"{place} {code}") from None
    if not suppliers:
        raise refused(path.name, "holds no rows of industries", allowed="codes c1 to c35")
    found = np.array(numbers)
    sectors = [codes[c] if int(codes[c][1:]) <= _LAST_CODE else FINAL for c in uses]
    return iotable.Table(
        year=year,
        suppliers=(np.array([p for p, _ in suppliers]), np.array([s for _, s in suppliers])),
        users=(np.array([places[column] for column in uses]), np.array(sectors)),
        cells=found[:, :-1],
        output=found[:, -1],
    )


def _header(file: str, lines: Iterator[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """The four rows above the first row of figures; the fourth has the codes."""
    seen: list[tuple[object, ...]] = []
    for line in lines:
        seen.append(line)
        if sum(bool(_CODE.fullmatch(str(cell or "").strip())) for cell in line) > 1:
            break
        if len(seen) > 20:  # noqa: PLR2004 - the header is within the first six rows
            break
    else:
        raise refused(file, "is empty")
    if len(seen) < _LABEL_COLUMNS or not _CODE.search(" ".join(map(str, seen[-1]))):
        raise refused(file, "has no row of industry codes", allowed="c1, c2 and so on, in row 6")
    return seen[-_LABEL_COLUMNS:]


def _total_column(head: list[tuple[object, ...]]) -> int:
    """The column of gross output: named so, or the last of all."""
    named = [
        column
        for row in head
        for column, cell in enumerate(row)
        if str(cell or "").casefold().startswith("total output")
    ]
    return named[0] if named else max(c for c, cell in enumerate(head[2]) if cell)


# Arrays -------------------------------------------------------------------------------------------


def _of_arrays(path: Path, year: int) -> iotable.Table:
    arrays = _arrays(path)
    with foreign(path.name, "arrays of numbers"):
        use, final, output = (arrays[name].astype(float) for name in ("Z", "F", "x"))
        countries, industries = (arrays[name].astype(str) for name in ("countries", "industries"))
        final = final.reshape(len(final), -1)
    cells = len(countries) * len(industries)
    shapes = ((use, (cells, cells)), (output, (cells,)), (final[:, :0], (cells, 0)))
    fit = cells and all(array.shape == shape for array, shape in shapes)
    if not fit or final.shape[1] % len(countries):
        sizes = f"{len(countries)} countries x {len(industries)} industries"
        raise refused(path.name, f"has arrays that do not fit {sizes}")
    supplier = np.repeat(countries, len(industries))
    sector = np.tile(industries, len(countries))
    kinds = final.shape[1] // len(countries)
    return iotable.Table(
        year=year,
        suppliers=(supplier, sector),
        users=(
            np.concatenate([supplier, np.repeat(countries, kinds)]),
            np.concatenate([sector, np.repeat(FINAL, len(countries) * kinds)]),
        ),
        cells=np.hstack([use, final]),
        output=output,
    )


def _arrays(path: Path) -> dict[str, np.ndarray]:
    with archive(path):
        pass  # its members are within bounds
    with foreign(path.name, "arrays"), np.load(path, allow_pickle=False) as found:
        missing = [name for name in NEEDED if name not in found.files]
        if missing:
            raise refused(path.name, "lacks an array", column=", ".join(missing))
        return {name: found[name] for name in NEEDED}
