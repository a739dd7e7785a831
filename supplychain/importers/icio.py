"""OECD inter-country input-output tables (ICIO), regular version, one CSV a year.

Rows and columns are named COUNTRY_SECTOR (``KOR_C29``); final demand is COUNTRY_HFCE and so on. The
rows TLS (taxes), VA and OUT, and the column OUT, stand at the end. China and Mexico are split in
some editions (CN1, CN2, MX1, MX2): their parts are added up.
"""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import decoded, raw_bytes, records, sha256
from supplychain.importers.wiod import FINAL, OUTPUT

_PARTS = {"CN1": "CHN", "CN2": "CHN", "MX1": "MEX", "MX2": "MEX"}
_DEMAND = frozenset({"HFCE", "NPISH", "GGFC", "GFCF", "INVNT", "NONRES", "FD", "DPABR"})
_NAME = re.compile(r"([A-Z0-9]{3})_([A-Z0-9_]+)")
_NOT_SECTORS = frozenset({"TLS", "TAXSUB", "VA", "VALU", "OUT", "TOTAL"})
_LARGEST_GAP = 0.001


def read(path: Path) -> Extract:
    """The cells of one table that are not zero, in million USD.

    Returns:
        An extract of kind `interindustry` (see `wiod.read` for `final` and `output`).

    Raises:
        DataError: a row or a column is not COUNTRY_SECTOR, a cell is no number, or the rows miss
            the printed outputs.
    """
    data = raw_bytes(path)
    year = re.search(r"(19|20)\d\d", path.name)
    if not year:
        raise refused(path.name, "has no year in its name", allowed="2018_SML.csv")
    text = decoded(path.name, data)
    header = [name.strip().strip('"') for name in text.partition("\n")[0].strip().split(",")]
    label, columns = header[0], header[1:]
    users = {name: _split(path.name, name, 1) for name in columns if name not in _NOT_SECTORS}
    found: dict[tuple[str, str, str, str], float] = {}
    output: dict[tuple[str, str], float] = {}
    for line, cells in records(path.name, text, (label,)):
        name = cells[label].strip()
        if name in _NOT_SECTORS or name.endswith("_TLS"):
            continue
        supplier = _split(path.name, name, line)
        for column, user in users.items():
            if value := _number(path.name, line, column, cells[column]):
                sector = FINAL if user[1] in _DEMAND else user[1]
                key = (*supplier, user[0], sector)
                found[key] = found.get(key, 0.0) + value
        for column in ("OUT", "TOTAL"):
            if column in cells:
                value = _number(path.name, line, column, cells[column])
                output[supplier] = output.get(supplier, 0.0) + value
    remarks = _against_outputs(path.name, found, output)
    rows = [(int(year[0]), *key, value) for key, value in found.items() if value]
    rows += [(int(year[0]), *key, "", OUTPUT, value) for key, value in output.items()]
    names = ["year", "supplier", "supplier_sector", "user", "user_sector", "value_musd"]
    return Extract(path.name, sha256(data), pd.DataFrame.from_records(rows, columns=names), remarks)


def _split(file: str, name: str, line: int) -> tuple[str, str]:
    found = _NAME.fullmatch(name)
    if not found:
        raise refused(file, "is not COUNTRY_SECTOR", row=line, value=name, allowed="as in KOR_C29")
    return _PARTS.get(found[1], found[1]), found[2]


def _number(file: str, line: int, column: str, text: str) -> float:
    try:
        return float(text or "0")
    except ValueError:
        raise refused(file, "is no number", row=line, column=column, value=text) from None


def _against_outputs(
    file: str,
    found: dict[tuple[str, str, str, str], float],
    output: dict[tuple[str, str], float],
) -> tuple[Remark, ...]:
    if not output:
        return (Remark("noted", file, None, "", "", "prints no outputs: rows are not checked"),)
    sums = dict.fromkeys(output, 0.0)
    for (supplier, sector, _, _), value in found.items():
        sums[supplier, sector] = sums.get((supplier, sector), 0.0) + value
    gap = sum(abs(sums[key] - output.get(key, 0.0)) for key in sums) / (sum(output.values()) or 1)
    if gap > _LARGEST_GAP:
        raise refused(file, f"has rows that miss their outputs by {gap:.1%} of world output")
    return (Remark("noted", file, None, "", "", f"rows miss outputs by {gap:.3%} in all"),)
