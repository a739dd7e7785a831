"""World Bank governance indicators: political stability and absence of violence, by economy."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256

COLUMNS = ("Country/Territory", "Code", "year", "Estimate")
MARKS = Marks(missing=frozenset({"", "nan", "None", "..", "#N/A"}))
_LARGEST = 3.5  # the estimates have mean 0 and standard deviation 1


def read(path: Path) -> Extract:
    """The estimates by economy and year (about -2.5 to 2.5); the rank columns are not read.

    Raises:
        DataError: an estimate is no number or lies beyond 3.5 either way (a rank or a score of
            0-100 in its place), or a year is none.
    """
    data = raw_bytes(path)
    rows: list[tuple[object, ...]] = []
    for line, cells in records(path.name, decoded(path.name, data), COLUMNS):
        value, mark = MARKS.read(cells["Estimate"])
        if mark == "missing":
            continue
        if mark or abs(value) > _LARGEST:
            problem = "is no estimate of this indicator"
            allowed = f"-{_LARGEST} to {_LARGEST}"
            raise refused(
                path.name,
                problem,
                row=line,
                column="Estimate",
                value=cells["Estimate"],
                allowed=allowed,
            )
        if not re.fullmatch(r"(19|20)[0-9]{2}", cells["year"]):
            raise refused(path.name, "is no year", row=line, column="year", value=cells["year"])
        rows.append((cells["Country/Territory"], cells["Code"], int(cells["year"]), value, line))
    frame = pd.DataFrame.from_records(rows, columns=["place", "iso3", "year", "value", "row"])
    return Extract(path.name, sha256(data), frame)
