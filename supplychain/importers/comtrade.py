"""UN Comtrade, annual trade in goods by HS code: the web page, the API and the older downloads.

Reads the columns by name, whatever their spelling: `refYear` or `Year`, `reporterISO` or `Reporter
ISO`, `flowCode` (M, X) or `Trade Flow` (Import, Export), `cmdCode` or `Commodity Code`, `netWgt` or
`Netweight (kg)`, `primaryValue` or `Trade Value (US$)`. Imports are taken as importers report them,
exports as exporters do, and both are marked, since they never agree. Totals over partners (World)
are checked against the partners where both are there, and left out; so is what splits a flow by
transport, customs procedure or second partner. A net weight of zero beside a value is not reported.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from supplychain.importers.extract import Extract, Remark, Verdict, refused
from supplychain.importers.rawfile import Marks, decoded, raw_bytes, records, sha256
from supplychain.importers.unit_values import far_flows

MARKS = Marks(missing=frozenset({"", "NULL", "NaN", "nan", "N/A"}))
_SPELLINGS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "year": ("refyear", "year", "yr", "period"),
        "reporter": ("reporteriso", "rt3iso", "reportercode", "rtcode"),
        "flow": ("flowcode", "tradeflow", "tradeflowcode", "rgdesc", "rgcode", "flowdesc"),
        "partner": ("partneriso", "pt3iso", "partnercode", "ptcode"),
        "code": ("cmdcode", "commoditycode"),
        "weight": ("netwgt", "netweightkg", "netweight"),
        "value": ("primaryvalue", "tradevalueus", "tradevalue", "tradevalueusd"),
        "frequency": ("freqcode",),
        "estimated": ("isnetwgtestimated",),
        "transport": ("motcode", "modeoftransportcode"),
        "customs": ("customscode", "customsproccode"),
        "second": ("partner2code", "2ndpartnercode"),
    }
)
"""What is read -> its column in the header, in small letters and digits alone."""

_NEEDED = ("year", "flow", "code", "value")
_SPLITS = ("transport", "customs", "second")
_WHOLE = frozenset({"", "0", "C00", "W00", "WLD", "NULL"})  # a split that is none
_WORLD = frozenset({"W00", "WLD", "0"})
_FLOWS = {
    **dict.fromkeys(("M", "IMPORT", "IMPORTS", "1"), "imports"),
    **dict.fromkeys(("X", "EXPORT", "EXPORTS", "2"), "exports"),
}
_OTHER_FLOWS = frozenset(
    {"RM", "RX", "DX", "FM", "MIP", "XIP", "MOP", "XOP", "3", "4"}
    | {
        f"RE{dash}{flow}"
        for dash in ("", "-")
        for flow in ("IMPORT", "IMPORTS", "EXPORT", "EXPORTS")
    }
)
_KG_PER_T = 1000.0
_LARGEST_GAP = 0.05  # between the partners and the printed total
_ODD_DIGITS = {1, 3, 5}  # a code of 2, 4 or 6 digits that has lost its leading zero
_GROUPS = re.compile(r"TOTAL|AG\d|ALL")
_KEY = ["year", "reporter", "partner", "flow", "hs"]


@dataclass
class _Seen:
    """What the rows have shown, for the remarks."""

    padded: int = 0
    other: int = 0
    groups: int = 0
    estimated: int = 0
    weightless: int = 0
    split: int = 0
    added: int = 0
    totals: int = 0
    codes: set[str] = field(default_factory=set)


def read(path: Path, *, codes: Collection[str] | None = None) -> Extract:
    """The flows of a download.

    Args:
        path: CSV, perhaps packed with gzip.
        codes: HS codes of six digits to keep (all where `None`).

    Returns:
        An extract of kind `trade`, with one more column: `reported_by` (importer or exporter).

    Raises:
        DataError: a column is missing; the cells stand one column beside their header; the rows are
            monthly; a code, weight or value cannot be; the partners of a reporter add up to more
            than its world total; the download holds nothing but totals, or a flow twice.
    """
    data = raw_bytes(path)
    file = path.name
    text = decoded(file, data, ("utf-8-sig", "cp1252", "latin-1"))
    columns = _columns(file, text)
    rows: list[tuple[object, ...]] = []
    seen = _Seen()
    for line, cells in records(file, text, (), empty_end=True):
        found = {what: cells[column].strip() for what, column in columns.items()}
        row = _row(file, line, found, columns, seen)
        if row and (codes is None or row[4] in codes):
            rows.append(row)
    names = [*_KEY, "quantity_t", "value_usd", *_SPLITS, "row"]
    frame = pd.DataFrame.from_records(rows, columns=names)
    frame = _unsplit(file, frame, seen)
    world = frame["partner"].isin(_WORLD)
    frame, totals = frame[~world], frame[world]
    seen.totals = len(totals)
    if frame.empty:
        mend = "Ask for partners, not for the world alone, to learn who supplies whom."
        raise refused(file, "holds totals over all partners and no partner", mend=mend)
    short = _against_totals(file, frame, totals)
    flows = _as_flows(file, frame)
    remarks = _remarks(file, seen) + short
    if far := far_flows(file, flows):
        remarks += (far,)
    return Extract(file, sha256(data), flows, remarks)


def _columns(file: str, text: str) -> dict[str, str]:
    """What is read -> the column of this file that holds it."""
    try:
        header = [name.strip() for name in next(csv.reader([text.partition("\n")[0]]), [])]
    except csv.Error as error:
        raise refused(file, f"is not CSV: {error}", row=1) from None
    plain = {re.sub(r"[^a-z0-9]", "", name.casefold()): name for name in header}
    found = {
        what: next((plain[name] for name in names if name in plain), "")
        for what, names in _SPELLINGS.items()
    }
    for what in _NEEDED:
        if not found[what]:
            named = " or ".join(_SPELLINGS[what])
            raise refused(file, "is missing from the header", row=1, column=what, allowed=named)
    return {what: name for what, name in found.items() if name}


def _row(
    file: str, line: int, cells: Mapping[str, str], columns: Mapping[str, str], seen: _Seen
) -> tuple[object, ...] | None:
    """One flow, or `None` where the row is none that is asked for."""
    flow = cells["flow"].upper()
    _in_their_columns(file, line, cells, columns)
    if flow in _OTHER_FLOWS:
        seen.other += 1
        return None
    if _GROUPS.fullmatch(cells["code"].upper()):
        seen.groups += 1
        return None
    code = _code(file, line, cells["code"], columns["code"], seen)
    value = _amount(file, line, columns["value"], cells["value"])
    weight = _amount(file, line, columns.get("weight", "netWgt"), cells.get("weight", ""))
    if weight == 0 and value > 0:
        seen.weightless += 1
        weight = math.nan
    seen.estimated += cells.get("estimated", "").upper() in {"TRUE", "1"}
    return (
        int(cells["year"]),
        _place(file, line, cells, columns, "reporter"),
        _place(file, line, cells, columns, "partner"),
        _FLOWS[flow],
        code,
        weight / _KG_PER_T,
        value,
        *(_whole(cells.get(split, "")) for split in _SPLITS),
        line,
    )


def _in_their_columns(
    file: str, line: int, cells: Mapping[str, str], columns: Mapping[str, str]
) -> None:
    """A download whose header has one name more or less than its rows is shifted, not odd."""
    year, flow = cells["year"], cells["flow"].upper()
    if cells.get("frequency", "A") == "M" or re.fullmatch(r"(19|20)\d{4}", year):
        mend = "Ask for the frequency A."
        raise refused(file, "is monthly", row=line, column=columns["year"], value=year, mend=mend)
    if not re.fullmatch(r"(19|20)\d\d", year):
        problem = "is no year: the cells seem to stand beside their columns"
        mend = "Download it again; with pandas, read it with index_col=False before saving it."
        raise refused(file, problem, row=line, column=columns["year"], value=year, mend=mend)
    if flow not in _FLOWS and flow not in _OTHER_FLOWS:
        problem = "is no flow: the cells seem to stand beside their columns"
        raise refused(
            file, problem, row=line, column=columns["flow"], value=flow, allowed="M, X and others"
        )


def _code(file: str, line: int, code: str, column: str, seen: _Seen) -> str:
    if not re.fullmatch(r"[0-9]{1,6}", code):
        raise refused(file, "is no HS code", row=line, column=column, value=code, allowed="digits")
    if len(code) in _ODD_DIGITS:
        seen.padded += 1
        code = "0" + code
    seen.codes.add(code)
    return code


def _place(
    file: str, line: int, cells: Mapping[str, str], columns: Mapping[str, str], side: str
) -> str:
    if not cells.get(side):
        column = columns.get(side, f"{side}ISO")
        raise refused(file, "is missing or empty", row=line, column=column)
    return cells[side]


def _whole(text: str) -> str:
    """A split, empty where it is the whole."""
    return "" if text.removesuffix(".0").upper() in _WHOLE else text


def _amount(file: str, line: int, column: str, text: str) -> float:
    value, mark = MARKS.read(text)
    if mark not in {"", "missing"} or value < 0:
        raise refused(file, "is no amount", row=line, column=column, value=text, allowed="a number")
    return value


def _unsplit(file: str, frame: pd.DataFrame, seen: _Seen) -> pd.DataFrame:
    """One row a flow: the whole where it is there, else its parts by one thing added up.

    Raises:
        DataError: the parts differ in two things, so that adding them up might count twice.
    """
    parts = (frame[list(_SPLITS)] != "").any(axis=1)
    key = pd.MultiIndex.from_frame(frame[_KEY])
    whole = pd.Series(key.isin(key[~parts]), index=frame.index)
    seen.split = int((parts & whole).sum())
    kept, alone = frame[~parts], frame[parts & ~whole]
    if alone.empty:
        return kept
    varied = alone.groupby(_KEY)[list(_SPLITS)].nunique()
    if ((varied > 1).sum(axis=1) > 1).any():
        line = int(alone["row"].iloc[0])
        mend = "Ask for one mode of transport, customs procedure and second partner (the totals)."
        raise refused(file, "gives a flow in parts by two things at once", row=line, mend=mend)
    seen.added = len(alone)
    sums = alone.groupby(_KEY, as_index=False).agg(
        quantity_t=("quantity_t", lambda parts: parts.sum(skipna=False)),
        value_usd=("value_usd", "sum"),
        row=("row", "first"),
    )
    return pd.concat([kept, sums], ignore_index=True)


def _remarks(file: str, seen: _Seen) -> tuple[Remark, ...]:
    said: tuple[tuple[Verdict, int, str], ...] = (
        ("noted", seen.padded, "HS codes had lost their leading zero, which is put back"),
        ("noted", seen.weightless, "net weights of zero beside a value: missing, not zero"),
        ("noted", seen.estimated, "net weights estimated by the UN"),
        ("noted", seen.added, "rows by transport, customs or second partner, added up"),
        ("left_out", seen.split, "rows by transport, customs or second partner, beside the whole"),
        ("left_out", seen.groups, "totals over all goods"),
        ("left_out", seen.other, "rows of re-imports, re-exports and processing trade"),
        ("left_out", seen.totals, "totals over all partners"),
    )
    found = [Remark(verdict, file, None, "", "", f"{n} {what}") for verdict, n, what in said if n]
    nested = sorted({code[:n] for code in seen.codes for n in (2, 4) if n < len(code)} & seen.codes)
    if nested:
        what = f"{', '.join(nested[:5])} are there with their parts: add up codes of one length"
        found.append(Remark("doubt", file, None, "", "", what))
    return tuple(found)


def _against_totals(file: str, frame: pd.DataFrame, totals: pd.DataFrame) -> tuple[Remark, ...]:
    """A doubt where partners miss a total, as in a download that was cut; more is refused."""
    key = ["year", "reporter", "flow", "hs"]
    if totals.empty:
        return ()
    sums = frame.groupby(key)["value_usd"].sum()
    printed = totals.groupby(key)["value_usd"].sum()
    both = pd.concat([sums, printed], axis=1, keys=["sum", "total"]).dropna()
    for place, added, total in both.itertuples(name=None):
        if added > total * (1 + _LARGEST_GAP):
            value = f"{added:,.0f}"
            problem = f"is what the partners of {place} add up to, and the total says {total:,.0f}"
            raise refused(file, problem, column="primaryValue", value=value)
    short = both[both["sum"] < both["total"] * (1 - _LARGEST_GAP)]
    if short.empty:
        return ()
    share = float(short["sum"].sum() / short["total"].sum())
    what = f"{len(short)} totals of which the partners hold {share:.0%}: was the download cut?"
    return (Remark("doubt", file, None, "", "", what),)


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
        mend = "Two downloads may stand one below the other."
        raise refused(file, "gives a flow twice", row=line, value=value, mend=mend)
    return flows.sort_values(key, ignore_index=True)
