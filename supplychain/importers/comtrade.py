"""UN Comtrade, annual trade in goods by HS code, as the web interface and the API write it.

Reads the columns by name: `refYear`, `reporterISO` (or `reporterCode`), `flowCode`, `partnerISO`,
`cmdCode`, `netWgt` in kg, `primaryValue` in USD. Imports are taken as importers report them,
exports as exporters do, and both are marked, since they never agree. Totals over partners (World)
are checked against the partners where both are there, and left out.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from pathlib import Path

import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256

NEEDED = ("refYear", "flowCode", "cmdCode", "primaryValue")
MARKS = Marks(missing=frozenset({"", "NULL", "NaN", "nan"}))
WORLD = "W00"
_FLOWS = {"M": "imports", "X": "exports"}
_OTHER_FLOWS = frozenset({"RM", "RX", "DX", "FM", "MIP", "XIP", "MOP", "XOP"})
_KG_PER_T = 1000.0
_LARGEST_GAP = 0.05  # between the partners and the printed total
_ODD_DIGITS = {1, 3, 5}  # a code of 2, 4 or 6 digits that has lost its leading zero


def read(path: Path, *, codes: Collection[str] | None = None) -> Extract:
    """The flows of a download.

    Args:
        path: CSV, perhaps packed with gzip.
        codes: HS codes of six digits to keep (all where `None`).

    Returns:
        An extract of kind `trade`, with one more column: `reported_by` (importer or exporter).

    Raises:
        DataError: a column is missing; the cells stand one column beside their header; a code,
            weight or value cannot be; the partners of a reporter add up to more than its world
            total, or the download holds nothing but totals.
    """
    data = raw_bytes(path)
    file = path.name
    rows: list[tuple[object, ...]] = []
    world: list[tuple[object, ...]] = []
    seen = {"padded": 0, "other": 0}
    for line, cells in records(file, decoded(file, data), NEEDED):
        _in_their_columns(file, line, cells)
        if cells["flowCode"] in _OTHER_FLOWS:
            seen["other"] += 1
            continue
        code = _code(file, line, cells["cmdCode"], seen)
        if codes is not None and code not in codes:
            continue
        partner = _place(file, line, cells, "partner")
        reporter = _place(file, line, cells, "reporter")
        row = (
            int(cells["refYear"]),
            reporter,
            partner,
            _FLOWS[cells["flowCode"]],
            code,
            _amount(file, line, "netWgt", cells.get("netWgt", "")) / _KG_PER_T,
            _amount(file, line, "primaryValue", cells["primaryValue"]),
            line,
        )
        (world if partner == WORLD else rows).append(row)
    remarks = _remarks(file, seen, len(world))
    columns = ["year", "reporter", "partner", "flow", "hs", "quantity_t", "value_usd", "row"]
    frame = pd.DataFrame.from_records(rows, columns=columns)
    totals = pd.DataFrame.from_records(world, columns=columns)
    if frame.empty:
        mend = "Ask for partners, not for the world alone, to learn who supplies whom."
        raise refused(file, "holds totals over all partners and no partner", mend=mend)
    _against_totals(file, frame, totals)
    return Extract(file, sha256(data), _as_flows(file, frame), remarks)


def _in_their_columns(file: str, line: int, cells: Mapping[str, str]) -> None:
    """A download whose header has one name more or less than its rows is shifted, not odd."""
    year, flow = cells["refYear"], cells["flowCode"]
    if not re.fullmatch(r"(19|20)\d\d", year):
        problem = "is no year: the cells seem to stand beside their columns"
        raise refused(
            file, problem, row=line, column="refYear", value=year, mend="Download it again."
        )
    if flow not in _FLOWS and flow not in _OTHER_FLOWS:
        problem = "is no flow: the cells seem to stand beside their columns"
        raise refused(
            file, problem, row=line, column="flowCode", value=flow, allowed="M, X and others"
        )


def _code(file: str, line: int, text: str, seen: dict[str, int]) -> str:
    code = text.strip()
    if not re.fullmatch(r"[0-9]{1,6}", code):
        raise refused(
            file, "is no HS code", row=line, column="cmdCode", value=text, allowed="digits"
        )
    if len(code) in _ODD_DIGITS:
        seen["padded"] += 1
        code = "0" + code
    return code


def _place(file: str, line: int, cells: Mapping[str, str], side: str) -> str:
    for column in (f"{side}ISO", f"{side}Code", f"{side.title()}ISO"):
        if cells.get(column, "").strip():
            return cells[column].strip()
    raise refused(file, "is missing or empty", row=line, column=f"{side}ISO")


def _amount(file: str, line: int, column: str, text: str) -> float:
    value, mark = MARKS.read(text)
    if mark not in {"", "missing"} or value < 0:
        raise refused(file, "is no amount", row=line, column=column, value=text, allowed="a number")
    return value


def _remarks(file: str, seen: Mapping[str, int], totals: int) -> tuple[Remark, ...]:
    found = []
    if seen["padded"]:
        what = f"{seen['padded']} HS codes had lost their leading zero, which is put back"
        found.append(Remark("noted", file, None, "", "", what))
    if seen["other"]:
        what = f"{seen['other']} rows of re-imports, re-exports and processing trade"
        found.append(Remark("left_out", file, None, "", "", what))
    if totals:
        found.append(Remark("left_out", file, None, "", "", f"{totals} totals over all partners"))
    return tuple(found)


def _against_totals(file: str, frame: pd.DataFrame, totals: pd.DataFrame) -> None:
    key = ["year", "reporter", "flow", "hs"]
    if totals.empty:
        return
    sums = frame.groupby(key)["value_usd"].sum()
    printed = totals.groupby(key)["value_usd"].sum()
    both = pd.concat([sums, printed], axis=1, keys=["sum", "total"]).dropna()
    for place, added, total in both.itertuples(name=None):
        if added > total * (1 + _LARGEST_GAP):
            value = f"{added:,.0f}"
            problem = f"is what the partners of {place} add up to, and the total says {total:,.0f}"
            raise refused(file, problem, column="primaryValue", value=value)


def _as_flows(file: str, frame: pd.DataFrame) -> pd.DataFrame:
    imports = frame["flow"] == "imports"
    flows = pd.DataFrame(
        {
            "year": frame["year"],
            "exporter": frame["partner"].where(imports, frame["reporter"]),
            "importer": frame["reporter"].where(imports, frame["partner"]),
            "hs": frame["hs"],
            "quantity_t": frame["quantity_t"],
            "value_usd": frame["value_usd"],
            "reported_by": imports.map({True: "importer", False: "exporter"}),
        }
    )
    key = ["year", "exporter", "importer", "hs", "reported_by"]
    twice = flows.duplicated(key)
    if twice.any():
        line = int(frame.loc[twice, "row"].iloc[0])
        value = ", ".join(map(str, flows.loc[twice, key].iloc[0]))
        mend = "Ask for one mode of transport, customs procedure and second partner (the totals)."
        raise refused(file, "gives a flow twice", row=line, value=value, mend=mend)
    return flows.sort_values(key, ignore_index=True)
