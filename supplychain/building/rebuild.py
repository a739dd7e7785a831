"""Derive again every row of a pack that a rule derives, from a folder of downloads.

The order is fixed: outputs first, because trade is derived for whoever makes a product; then trade,
segments and the columns of countries. A row written by hand always wins over a derived one.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from supplychain.building.flows import Setting, codes_of, from_trade
from supplychain.building.folder import Sheet, as_text, tables_of, write_pack
from supplychain.building.indicators import from_indicator
from supplychain.building.interindustry import from_world_table
from supplychain.building.outputs import from_shares, from_usgs
from supplychain.building.places import Places, places
from supplychain.building.rule import Cells, Rule, read_rule
from supplychain.building.shares import from_content
from supplychain.errors import DataError, Fault
from supplychain.importers import IMPORTERS, Extract, Remark, importer
from supplychain.importers.rawfile import find, raw_bytes, sha256
from supplychain.parameters import read_parameters
from supplychain.schema import schema
from supplychain.tables import Row, Tables, load_tables

ORDER = ("producers", "processors", "trade", "segments", "countries", "interindustry")
SCHEMES: Mapping[str, str] = {"baci": "baci_m49"}  # others: the name of the importer
_YEAR = re.compile(r"_Y[0-9]{4}")
Progress = Callable[[int, int, str], None]
"""Called with the rules done, the rules in all, and the rule at hand."""


@dataclass(frozen=True)
class Built:
    """What a rebuild has made, before it is written.

    Attributes:
        texts: file name -> new text, for the files that hold derived rows.
        files: raw file -> sha256 of what was read.
        derived: rule -> number of rows (or cells) that it gave.
        remarks: what was left out of the raw files, and why.
    """

    texts: Mapping[str, str]
    files: Mapping[str, str]
    derived: Mapping[str, int]
    remarks: tuple[Remark, ...]

    def write(self, source: Path, target: Path) -> Tables:
        """Write the pack and check it.

        Raises:
            DataError: the pack that results is not sound; the target is left as it was.
        """
        with tempfile.TemporaryDirectory() as name:
            trial = Path(name) / "pack"  # not the target's name, which may be `..`
            write_pack(source, trial, self.texts)
            tables = load_tables(trial)
        write_pack(source, target, self.texts)
        return tables


@dataclass
class _Desk:
    """What is open while the rules are worked through."""

    tables: Tables
    downloads: Path
    sheets: dict[str, Sheet]
    derived: dict[str, list[Cells]] = field(default_factory=dict)
    extracts: dict[tuple[str, str], Extract] = field(default_factory=dict)
    schemes: dict[str, Places] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def places(self, rule: Rule) -> Places:
        """The names of countries as the source of a rule writes them."""
        scheme = SCHEMES.get(rule.row["importer"], rule.row["importer"])
        if scheme not in self.schemes:
            self.schemes[scheme] = places(self.tables, scheme)
        return self.schemes[scheme]

    def makers(self, product: str) -> frozenset[str]:
        """Countries with output of a product, by hand or derived."""
        rows = [
            row
            for table in ("producers", "processors")
            for row in (*self.by_hand(table), *self.derived.get(table, ()))
            if row["product"] == product
        ]
        return frozenset(str(row["country"]) for row in rows if float(row["output"]) > 0)

    def by_hand(self, table: str) -> list[Row]:
        """The rows that no rule derives, as the loader reads them: China is CHN."""
        return [row for row in self.tables.rows(table) if not row.get("rule")]


def rebuild(pack: Path, downloads: Path, progress: Progress | None = None) -> Built:
    """Work through the rules of a pack.

    Args:
        pack: the pack whose rules are worked through.
        downloads: a folder that holds the raw files, at any depth.
        progress: told which rule is at hand.

    Raises:
        DataError: the pack is faulty; or a raw file that a rule needs is missing, stands there in
            two versions, or does not hold what the rule says. All rules are tried first, and all
            that is wrong is said at once.
    """
    tables = load_tables(pack, unbuilt=True)
    bare = {name: Sheet(_columns(name), ()) for name in ORDER}
    desk = _Desk(tables, downloads, {**bare, **tables_of(pack)})
    parameters = read_parameters(tables)
    rows = sorted(tables.rows("rules"), key=lambda row: ORDER.index(row["table"]))
    counts: dict[str, int] = {}
    faults: list[Fault] = []
    for done, row in enumerate(rows):
        if progress:
            progress(done, len(rows), row["rule"])
        try:
            counts[row["rule"]] = _apply(desk, read_rule(row, parameters))
        except DataError as error:
            faults.extend(error.faults)
    if faults:
        raise DataError(faults=tuple(dict.fromkeys(faults)))
    used = {extract.file: extract.sha256 for extract in desk.extracts.values()}
    texts = {schema()[table].file: text for table in ORDER if (text := _text(desk, table))}
    return Built(texts, used, counts, tuple(desk.remarks))


def _columns(table: str) -> tuple[str, ...]:
    return tuple(column.name for column in schema()[table].columns)


def _text(desk: _Desk, table: str) -> str:
    """One table with its derived rows; they bring the columns that it lacks, such as `rule`."""
    derived = desk.derived.get(table, ())
    filled = [name for name in _columns(table) if any(row.get(name) for row in derived)]
    sheet = desk.sheets[table].with_columns(filled)
    rows = [*sheet.by_hand, *derived]
    return as_text(sheet.header, rows) if rows else ""


def _apply(desk: _Desk, rule: Rule) -> int:
    """Work one rule; the number of rows or cells that it gives."""
    name = rule.row["importer"]
    table = rule.row["table"]
    if name in {"wgi", "un_votes"}:
        return _fill_column(desk, rule)
    found: list[Cells]
    remarks: list[Remark] = []
    if name == "content":
        found = from_content(rule, desk.tables)
    elif name == "baci":
        codes = tuple(codes_of(rule))
        extract = _extract(desk, rule, codes=codes, years=tuple(rule.years))
        found, remarks = from_trade(rule, extract, desk.places(rule), _setting(desk, rule))
    elif name == "wiod":
        found = from_world_table(rule, _extract(desk, rule), desk.tables)
    else:
        derive = from_usgs if name == "usgs_mcs" else from_shares
        found, remarks = derive(rule, _editions(desk, rule), desk.places(rule))
    if table in {"producers", "processors", "trade"}:
        found = [{**row, "unit": _unit(desk, rule)} for row in found]
    if not found:
        mend = "See that the product has makers and importers, or take the rule out."
        raise rule.fault("gives no row at all", mend=mend)
    desk.remarks.extend(remarks)
    kept = _not_by_hand(desk, rule, found)
    desk.derived.setdefault(table, []).extend(kept)
    return len(kept)


def _not_by_hand(desk: _Desk, rule: Rule, rows: list[Cells]) -> list[Cells]:
    """The derived rows for which there is no row by hand under the same key.

    Raises:
        DataError: another rule has derived a row under the same key, so that the order of the rules
            would decide.
    """
    table = rule.row["table"]
    columns = schema()[table].key

    def key(row: Mapping[str, object]) -> tuple[str, ...]:
        return tuple(str(row[column]) for column in columns)

    others = {key(row): row["rule"] for row in desk.derived.get(table, ())}
    for row in rows:
        if key(row) in others:
            problem = f"derives {' '.join(key(row))}, as {others[key(row)]} does"
            raise rule.fault(problem, mend="Keep one of the two rules.")
    taken = {key(row) for row in desk.by_hand(table)}
    return [row for row in rows if key(row) not in taken]


def _product(desk: _Desk, rule: Rule) -> Row:
    for row in desk.tables.rows("products"):
        if row["product"] == rule.product:
            return row
    raise rule.fault("is about no product", "a product of products.csv")


def _unit(desk: _Desk, rule: Rule) -> str:
    return str(_product(desk, rule)["unit"])


def _setting(desk: _Desk, rule: Rule) -> Setting:
    product = _product(desk, rule)
    price = product["price_usd_per_unit"]
    low, high = product["price_low"] or price, product["price_high"] or price
    return Setting(
        makers=desk.makers(rule.product),
        focus=frozenset(str(row["country"]) for row in desk.tables.rows("industries")),
        by_hand=frozenset(
            str(row["importer"])
            for row in desk.by_hand("trade")
            if row["product"] == rule.product and row["importer"] != row["exporter"]
        ),
        unit=str(product["unit"]),
        price=None if not price else (price, low, high),
    )


def _fill_column(desk: _Desk, rule: Rule) -> int:
    """Fill one column of `countries.csv`; a country without a figure gets an empty cell."""
    cells, remarks = from_indicator(rule, _extract(desk, rule), desk.places(rule))
    desk.remarks.extend(remarks)
    column = rule.one("column")
    sheet = desk.sheets["countries"].with_columns([column])
    rows = tuple({**row, column: cells.get(row["iso3"].strip(" "), "")} for row in sheet.rows)
    desk.sheets["countries"] = Sheet(sheet.header, rows)
    return sum(bool(row[column]) for row in rows)


# Raw files ----------------------------------------------------------------------------------------


def _editions(desk: _Desk, rule: Rule) -> dict[str, Extract]:
    """The edition that the rule reads; for USGS the newest, and the one before if asked for."""
    if rule.row["importer"] != "usgs_mcs":
        return {"main": _extract(desk, rule)}
    files = _files(desk, rule)
    found = {"main": _read(desk, rule, files[-1])}
    if rule.one("second"):
        if len(files) == 1:
            raise rule.fault("asks for a second edition, and one is there")
        found["second"] = _read(desk, rule, files[-2])
    return found


def _extract(
    desk: _Desk, rule: Rule, *, codes: tuple[str, ...] = (), years: tuple[int, ...] = ()
) -> Extract:
    """What the only file (or the year files) of an importer holds."""
    files = _files(desk, rule)
    if not codes:
        if len({path.name.split(".")[0] for path in files}) > 1:
            files = _of_year(rule, files)
        return _read(desk, rule, files[-1])
    parts = [_read(desk, rule, path, codes=codes, years=years) for path in files]
    parts = [part for part in parts if len(part.frame)]
    if not parts:
        raise rule.fault(f"finds none of its codes and years in {', '.join(p.name for p in files)}")
    if len(kinds := {_YEAR.sub("", part.file.split(".")[0]) for part in parts}) > 1:
        named = ", ".join(sorted(kinds))
        mend = "Keep one nomenclature and one edition: a code means another good in the next."
        raise rule.fault(f"finds its years in several series ({named})", mend=mend)
    frame = pd.concat([part.frame for part in parts], ignore_index=True)
    missing = sorted(set(years) - set(frame["year"]))
    if missing:
        raise rule.fault(f"finds no trade of {', '.join(map(str, missing))} in the downloads")
    if frame.duplicated(["year", "exporter", "importer", "hs"]).any():
        names = ", ".join(path.name for path in files)
        raise rule.fault("finds the same flow in two files", mend=f"Keep one of {names}.")
    remarks = tuple(remark for part in parts for remark in part.remarks)
    return Extract(parts[0].file, parts[0].sha256, frame, remarks)


def _of_year(rule: Rule, files: tuple[Path, ...]) -> tuple[Path, ...]:
    """The files whose name holds the year of the rule."""
    found = tuple(path for path in files if str(rule.row["year"]) in path.name)
    if not found:
        names = ", ".join(path.name for path in files)
        raise rule.fault(f"finds no file of {rule.row['year']} among {names}")
    return found


def _files(desk: _Desk, rule: Rule) -> tuple[Path, ...]:
    """The raw files of an importer; the same name twice, packed or not, must be the same bytes."""
    item = importer(rule.row["importer"])
    by_name: dict[str, Path] = {}
    for path in find(desk.downloads, item.patterns):
        same = by_name.setdefault(path.name.removesuffix(".gz"), path)
        if same != path and sha256(raw_bytes(same)) != sha256(raw_bytes(path)):
            raise rule.fault(f"finds {path.name} in two versions", mend="Keep one of them.")
    if not by_name:
        fault = Fault(
            str(desk.downloads.name),
            None,
            "",
            "",
            f"holds no file of {item.name} ({item.about})",
            " or ".join(item.patterns),
            "Download it into that folder.",
        )
        raise DataError(faults=(fault,))
    return tuple(by_name[name] for name in sorted(by_name))


def _read(desk: _Desk, rule: Rule, path: Path, **options: tuple[object, ...]) -> Extract:
    """Read a file once for each thing that is asked of it."""
    key = (str(path), repr(sorted(options.items())))
    if key not in desk.extracts:
        extract = IMPORTERS[rule.row["importer"]].read(path, **options)
        desk.extracts[key] = extract
        desk.remarks.extend(remark for remark in extract.remarks if remark.verdict == "doubt")
    return desk.extracts[key]
