"""EU study on critical raw materials 2023: each country's share of world extraction or processing.

Shares are averages of about 2016-2020, printed in per cent and cut below 0.1 %. They say nothing of
tonnes: whoever uses them brings the world total.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, refused
from supplychain.importers.rawfile import decoded, raw_bytes, records, sha256

COLUMNS = ("Material", "Stage", "Country", "Share")
_SHARE = re.compile(r"(<)?\s*([0-9]+(?:\.[0-9]+)?)\s*%")
_PER_CENT = 100.0
_STAGES = ("E", "P")


def read(path: Path) -> Extract:
    """All shares of the study, as fractions.

    Returns:
        An extract of kind `shares`; a bound (``<0.1%``) has the mark `bound` and no share.

    Raises:
        DataError: a share is not written in per cent, is above 100 %, or a stage is neither E
            (extraction) nor P (processing).
    """
    data = raw_bytes(path)
    text = decoded(path.name, data, ("utf-8-sig", "cp1252"))
    rows: list[tuple[object, ...]] = []
    for line, cells in records(path.name, text, COLUMNS):
        found = _SHARE.fullmatch(cells["Share"].strip())
        if not found:
            problem = "is no share in per cent"
            raise refused(path.name, problem, row=line, column="Share", value=cells["Share"])
        if cells["Stage"] not in _STAGES:
            raise refused(path.name, "is no stage", row=line, column="Stage", value=cells["Stage"])
        share = float(found[2]) / _PER_CENT
        if share > 1:
            raise refused(
                path.name, "is above 100 %", row=line, column="Share", value=cells["Share"]
            )
        mark = "bound" if found[1] else ""
        place = cells["Country"].strip()
        value = float("nan") if mark else share
        rows.append((cells["Material"].strip(), cells["Stage"], place, value, mark, line))
    columns = ["material", "stage", "place", "share", "mark", "row"]
    return Extract(path.name, sha256(data), pd.DataFrame.from_records(rows, columns=columns))
