"""US Bureau of Economic Analysis: benchmark use table, detail level, in million USD of 2017.

A matrix of commodities (rows, `bea_code`) by industries (columns): what American industries use of
home-made or imported commodities. The name of the file says which of the two it is.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256

YEAR = 2017  # the benchmark year of the detail tables
MARKS = Marks(zero=frozenset({""}))
_LABEL = "bea_code"
_SUPPLIERS = {"domestic": "USA", "import": "ROW"}


def read(path: Path) -> Extract:
    """The cells of one use table that are not zero.

    Returns:
        An extract of kind `interindustry`; imported commodities have the supplier `ROW`.

    Raises:
        DataError: the name says neither domestic nor import, a commodity stands twice, or a cell
            is no number.
    """
    data = raw_bytes(path)
    supplier = next((v for k, v in _SUPPLIERS.items() if k in path.name), "")
    if not supplier:
        raise refused(
            path.name, "does not say whose commodities it holds", allowed="domestic or import"
        )
    rows: list[tuple[object, ...]] = []
    seen: set[str] = set()
    negative = 0
    for line, cells in records(path.name, decoded(path.name, data), (_LABEL,)):
        commodity = cells[_LABEL].strip()
        if commodity in seen:
            raise refused(path.name, "stands twice", row=line, column=_LABEL, value=commodity)
        seen.add(commodity)
        for industry, text in cells.items():
            if industry == _LABEL:
                continue
            value, mark = MARKS.read(text)
            if mark:
                raise refused(path.name, "is no number", row=line, column=industry, value=text)
            negative += value < 0
            if value > 0:
                rows.append((YEAR, supplier, commodity, "USA", industry, value))
    names = ["year", "supplier", "supplier_sector", "user", "user_sector", "value_musd"]
    remarks: tuple[Remark, ...] = ()
    if negative:
        what = f"{negative} negative entries (scrap, adjustments)"
        remarks = (Remark("left_out", path.name, None, "", "", what),)
    return Extract(path.name, sha256(data), pd.DataFrame.from_records(rows, columns=names), remarks)
