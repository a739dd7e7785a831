"""Ideal points of states from their votes in the UN General Assembly, by session."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256

COLUMNS = ("session", "IdealPoint", "iso3c", "Countryname")
FIRST_SESSION_YEAR = 1945  # session s opens in September of 1945 + s
MARKS = Marks(missing=frozenset({"", "NA"}))
_LARGEST = 5.0
_ISO3 = 3


def read(path: Path) -> Extract:
    """The ideal point of each state in each session; the year is the one in which it opens.

    A state that has no ISO code in the file (the former East Germany) is left out.

    Raises:
        DataError: a session or a point is no number, or a point lies beyond 5 either way.
    """
    data = raw_bytes(path)
    text = decoded(path.name, data, ("utf-8-sig", "cp1252"))
    rows: list[tuple[object, ...]] = []
    for line, cells in records(path.name, text, COLUMNS):
        value, mark = MARKS.read(cells["IdealPoint"])
        if mark == "missing" or len(cells["iso3c"]) != _ISO3:
            continue
        if mark or abs(value) > _LARGEST:
            problem = "is no ideal point"
            raise refused(
                path.name, problem, row=line, column="IdealPoint", value=cells["IdealPoint"]
            )
        session = cells["session"].strip()
        if not re.fullmatch(r"[0-9]{1,3}", session):
            raise refused(path.name, "is no session", row=line, column="session", value=session)
        year = FIRST_SESSION_YEAR + int(session)
        rows.append((cells["Countryname"], cells["iso3c"], year, value, line))
    frame = pd.DataFrame.from_records(rows, columns=["place", "iso3", "year", "value", "row"])
    return Extract(path.name, sha256(data), frame)
