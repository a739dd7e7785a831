"""OECD inter-country input-output tables (ICIO), one CSV a year, in million USD.

Reads the regular tables (``2020_SML.csv``) and those with China and Mexico split (``2020.csv``,
``ICIO2021_2018.csv``), as they are or in the archive of several years. Rows and columns are named
COUNTRY_SECTOR (``KOR_C29``, ``KOR_A01_02``), final demand COUNTRY_HFCE and so on; the rows TLS
(taxes), VA and OUT and the column OUT close the table. The parts of China and Mexico (CN1, CN2,
MX1, MX2) are added up. A table of 3,500 x 4,000 cells is read at once, never cell by cell.
"""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from supplychain.importers import iotable
from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import decoded, sha256_of, unpacked, year_in

_PARTS = {"CN": "CHN", "MX": "MEX"}
_DEMAND = frozenset(
    {"HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "NONRES", "FD", "DPABR", "DIRPA", "DIRP"}
)
_NAME = re.compile(r"([A-Z][A-Z0-9]{2})_([A-Z0-9_]+)")
_OUTPUTS = ("OUT", "TOTAL", "OUTPUT")
_NOT_SECTORS = frozenset({"TLS", "TAXSUB", "VA", "VALU", *_OUTPUTS})
_TAXES = ("_TLS", "_TAXSUB")


def read(path: Path, *, year: int | None = None, regions: Collection[str] | None = None) -> Extract:
    """The cells of one table that are not zero, in million USD.

    Args:
        path: CSV (perhaps packed with gzip), or a zip archive that holds it.
        year: which table of an archive; the name of a single file says it.
        regions: countries to keep; the others are added up as `ROW` (all are kept where `None`).

    Returns:
        An extract of kind `interindustry` (see `wiod.read` for `final` and `output`).

    Raises:
        DataError: a row or a column is not COUNTRY_SECTOR, a cell is no number, a column is neither
            a sector nor a known final demand, the rows miss the printed outputs, or a region is not
            in the table.
    """
    name, data = unpacked(path, ".csv", year=year)
    of_year = year_in(name) or year
    if not of_year:
        raise refused(path.name, "has no year in its name", allowed="2018_SML.csv")
    raw, blanks = _numbers(name, data)
    table, remarks = iotable.checked(name, iotable.merged(_table(name, of_year, raw)))
    if blanks:
        what = f"{blanks} empty cells between industries, taken as nothing"
        remarks += (Remark("noted", name, None, "", "", what),)
    frame = iotable.long(iotable.asked(name, table, regions))
    return Extract(path.name, sha256_of(path), frame, remarks)


def _numbers(file: str, data: bytes) -> tuple[pd.DataFrame, int]:
    """The rows of industries as numbers, and how many of their cells were empty."""
    header = [
        cell.strip().strip('"') for cell in decoded(file, data[: data.find(b"\n")]).split(",")
    ]
    for name in header[1:]:
        if header.count(name) > 1:
            raise refused(file, "stands twice", row=1, column=name)
    kinds = dict.fromkeys(range(1, len(header)), "float64")
    try:
        raw = pd.read_csv(
            io.BytesIO(data),
            header=None,
            names=list(range(len(header))),
            skiprows=1,
            index_col=0,
            dtype={0: "str", **kinds},
            keep_default_na=False,
            na_values=[""],
            encoding="utf-8-sig",
        )
    except ValueError as error:
        raise _first_fault(file, data, header, error) from None
    if raw.shape[1] != len(header) - 1 or isinstance(raw.index, pd.MultiIndex):
        raise refused(file, "has rows longer than its header", mend="Download it again.")
    raw.columns, raw.index = pd.Index(header[1:]), raw.index.fillna("").astype(str).str.strip()
    rows = ~(raw.index.isin(_NOT_SECTORS) | raw.index.str.endswith(_TAXES))
    blank = raw[rows].isna().to_numpy()
    if blank[:, -1:].any():
        line = int(np.flatnonzero(rows)[blank[:, -1]][0]) + 2
        raise refused(file, "ends too early", row=line, mend="Download it again.")
    return raw.fillna(0.0), int(blank.sum())


def _first_fault(file: str, data: bytes, header: list[str], error: ValueError) -> Exception:
    """Where the first cell stands that is no number, or what else is wrong."""
    try:
        pieces = pd.read_csv(
            io.BytesIO(data), dtype=str, chunksize=100, keep_default_na=False, index_col=False
        )
        for piece in pieces:
            texts = piece.iloc[:, 1:]
            wrong = texts.apply(pd.to_numeric, errors="coerce").isna() & (texts != "")
            if wrong.to_numpy().any():
                row, column = (int(place) for place in np.argwhere(wrong.to_numpy())[0])
                line = int(piece.index[row]) + 2
                value = str(texts.iloc[row, column])
                return refused(
                    file, "is no number", row=line, column=header[column + 1], value=value
                )
    except ValueError:
        pass
    return refused(file, f"is no table of numbers: {str(error).splitlines()[0]}")


def _table(file: str, year: int, raw: pd.DataFrame) -> iotable.Table:
    """Split names, and tell sectors from final demand and totals."""
    rows = [
        place
        for place, name in enumerate(raw.index)
        if name not in _NOT_SECTORS and not name.endswith(_TAXES)
    ]
    columns = [place for place, name in enumerate(raw.columns) if name not in _NOT_SECTORS]
    suppliers = [_split(file, str(raw.index[place]), place + 2) for place in rows]
    users = [_split(file, str(raw.columns[place]), 1) for place in columns]
    sectors = {sector for _, sector in suppliers}
    for country, sector in users:
        if sector not in sectors and sector not in _DEMAND:
            problem = "is neither a sector of the rows nor a known final demand"
            allowed = ", ".join(sorted(_DEMAND))
            raise refused(file, problem, row=1, value=f"{country}_{sector}", allowed=allowed)
    output = next((raw[name].to_numpy()[rows] for name in _OUTPUTS if name in raw.columns), None)
    return iotable.Table(
        year=year,
        suppliers=_names(suppliers),
        users=_names([(c, s if s in sectors else iotable.FINAL) for c, s in users]),
        cells=raw.to_numpy()[np.ix_(rows, columns)],
        output=output if output is not None else _from_row(raw, rows),
    )


def _from_row(raw: pd.DataFrame, rows: list[int]) -> np.ndarray | None:
    """Gross outputs from the row OUT, in a table that has no such column."""
    for name in _OUTPUTS:
        if name in raw.index:
            return raw.loc[name].reindex(raw.index[rows], fill_value=0.0).to_numpy()
    return None


def _names(pairs: list[tuple[str, str]]) -> iotable.Names:
    return np.array([country for country, _ in pairs]), np.array([sector for _, sector in pairs])


def _split(file: str, name: str, line: int) -> tuple[str, str]:
    found = _NAME.fullmatch(name)
    if not found:
        raise refused(file, "is not COUNTRY_SECTOR", row=line, value=name, allowed="as in KOR_C29")
    country = found[1]
    whole = _PARTS.get(country[:2]) if country[2].isdigit() else None
    return whole or country, found[2]
