"""Any edge list or bill of materials of one's own, by a column map that states every convention.

Nothing is guessed: the map says the encoding, the delimiter, the decimal mark, which column is
which and in which unit, and what the words in a cell mean. See `docs/importers.md`.
"""

from __future__ import annotations

import csv
import io
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from supplychain.errors import DataError, Fault, did_you_mean, nearest
from supplychain.importers.extract import Extract, refused
from supplychain.importers.rawfile import decoded, raw_bytes, records, sha256
from supplychain.schema import NUMERIC, read_rows, schema

KEYS = (
    "table",
    "encoding",
    "delimiter",
    "decimal",
    "thousands",
    "columns",
    "constants",
    "values",
    "null",
)
_PLAIN = ("encoding", "delimiter", "decimal", "thousands")
_MARKS = {".", ",", "'", " ", "\u00a0", ""}


@dataclass(frozen=True)
class ColumnMap:
    """How a file is to be read.

    Attributes:
        table: table of the pack that the rows belong to.
        columns: column of the pack -> (column of the file, factor).
        constants: column of the pack -> the same text for every row.
        words: column of the pack -> word in the file -> word of the pack.
        null: texts that stand for an empty cell.
    """

    table: str
    encoding: str = "utf-8-sig"
    delimiter: str = ","
    decimal: str = "."
    thousands: str = ""
    columns: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    null: frozenset[str] = frozenset({""})


def read(path: Path, *, column_map: Path) -> Extract:
    """The rows of a file as rows of a table of the pack.

    Args:
        path: the file.
        column_map: a TOML file (see `read_map`).

    Raises:
        DataError: the map or the file is refused; of the file, every wrong cell is named at once.
    """
    given = read_map(column_map)
    data = raw_bytes(path)
    text = decoded(path.name, data, (given.encoding,))
    wanted = [column for column, _ in given.columns.values()]
    faults: list[Fault] = []
    rows: dict[int, Mapping[str, str]] = {}
    for line, cells in records(path.name, text, wanted, delimiter=given.delimiter):
        rows[line], wrong = _row(given, path.name, line, cells)
        faults.extend(wrong)
    if not rows:
        raise refused(path.name, "holds no rows")
    names = [column.name for column in schema()[given.table].columns]
    texts = [[row.get(name, "") for name in names] for row in rows.values()]
    faults = list(dict.fromkeys(faults)) or _as_in_a_pack(given.table, path.name, [*rows], texts)
    if faults:
        raise DataError(faults=tuple(faults))
    frame = pd.DataFrame.from_records(texts, columns=names)
    return Extract(path.name, sha256(data), frame)


def _as_in_a_pack(
    table: str, file: str, lines: Sequence[int], texts: Sequence[Sequence[str]]
) -> list[Fault]:
    """What the schema refuses of the rows, with the lines of the raw file; rows that repeat a key.

    What a cell refers to is left to `data check`, which knows the pack.
    """
    columns = [column.name for column in schema()[table].columns]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([columns, *texts])
    _, found = read_rows(schema()[table], out.getvalue().encode(), lambda _, value: value)
    faults = [replace(f, file=file, row=lines[f.row - 2] if f.row else None) for f in found]
    first: dict[tuple[str, ...], int] = {}
    key = [columns.index(name) for name in schema()[table].key]
    for line, cells in zip(lines, texts, strict=True):
        same = first.setdefault(tuple(cells[i] for i in key), line)
        if same != line:
            problem = f"has the same {', '.join(schema()[table].key)} as row {same}"
            faults.append(Fault(file, line, "", "", problem, mend="Keep one of the two."))
    return faults


def read_map(path: Path) -> ColumnMap:
    """Read a column map.

    Raises:
        DataError: it is no TOML, names an unknown key, table or column, or leaves a required
            column of the table without a column or a constant.
    """
    file = path.name
    try:
        given = tomllib.loads(decoded(file, raw_bytes(path)))
    except tomllib.TOMLDecodeError as error:
        raise refused(file, f"is not TOML: {error}") from None
    _known(file, "", given, KEYS)
    _shaped(file, given)
    table = given.get("table", "")
    if table not in schema():
        near = did_you_mean(nearest(str(table), schema()))
        raise refused(file, "is no table", column="table", value=str(table), mend=near)
    columns = {name: _column(file, name, item) for name, item in given.get("columns", {}).items()}
    constants = {name: str(value) for name, value in given.get("constants", {}).items()}
    words = given.get("values", {})
    declared = [column.name for column in schema()[table].columns]
    for key, part in (("columns", columns), ("constants", constants), ("values", words)):
        _known(file, key, part, declared)
    _complete(file, table, {*columns, *constants})
    _marks(file, given)
    plain = {key: given[key] for key in _PLAIN if key in given}
    null = frozenset({"", *given.get("null", ())})
    return ColumnMap(table, columns=columns, constants=constants, words=words, null=null, **plain)


def _shaped(file: str, given: Mapping[str, Any]) -> None:
    """Every key of the map holds the kind of thing that it should."""
    for key in ("columns", "constants", "values"):
        if not isinstance(given.get(key, {}), dict):
            raise refused(file, "is no table", column=key, allowed=f"[{key}]")
    for name, words in given.get("values", {}).items():
        if not isinstance(words, dict) or not all(isinstance(w, str) for w in words.values()):
            raise refused(file, "holds no texts", column=f"values.{name}")
    for key in ("table", *_PLAIN):
        if not isinstance(given.get(key, ""), str):
            raise refused(file, "is no text", column=key, value=str(given[key]))
    null = given.get("null", [])
    if not isinstance(null, list) or not all(isinstance(text, str) for text in null):
        raise refused(file, "is no list of texts", column="null", value=str(null))
    if len(given.get("delimiter", ",")) != 1 or given.get("delimiter") in {"\n", "\r", '"'}:
        value = given["delimiter"]
        raise refused(file, "is no single character", column="delimiter", value=value)
    encoding = given.get("encoding", "utf-8")
    try:
        "a".encode(encoding)
    except (LookupError, ValueError):
        raise refused(file, "is no encoding", column="encoding", value=encoding) from None


def _complete(file: str, table: str, given: AbstractSet[str]) -> None:
    """Every column that the table requires has a column or a constant."""
    for column in schema()[table].columns:
        if column.required and column.name not in given:
            problem = f"says nothing of a column that {table}.csv needs"
            mend = "Name the column of your file that holds it, or a constant."
            raise refused(file, problem, column=column.name, mend=mend)


def _marks(file: str, given: Mapping[str, Any]) -> None:
    """The marks of numbers are marks, and not the same one for two things."""
    for key, otherwise in (("decimal", "."), ("thousands", "")):
        value = given.get(key, otherwise)
        if value not in _MARKS or (key == "decimal" and not value):
            allowed = ". , ' or space"
            raise refused(file, "is no number mark", column=key, value=str(value), allowed=allowed)
    if given.get("decimal", ".") == given.get("thousands", ""):
        problem = "uses one mark for two things"
        raise refused(file, problem, column="thousands", value=given["thousands"])


def _known(file: str, where: str, given: Iterable[str], allowed: Iterable[str]) -> None:
    for name in given:
        if name not in allowed:
            near = did_you_mean(nearest(name, list(allowed)))
            raise refused(
                file,
                "is not a key",
                column=where,
                value=name,
                allowed=", ".join(allowed),
                mend=near,
            )


def _column(file: str, name: str, item: Any) -> tuple[str, float]:
    if isinstance(item, str):
        return item, 1.0
    given = item if isinstance(item, dict) else {}
    column, factor = given.get("column"), given.get("factor", 1.0)
    number = isinstance(factor, (int, float)) and not isinstance(factor, bool)
    if not isinstance(column, str) or not number or not 0 < factor < math.inf:
        allowed = 'a column name, or { column = "Qty kg", factor = 0.001 }'
        raise refused(
            file, "is no column", column=f"columns.{name}", value=str(item), allowed=allowed
        )
    return column, float(factor)


def _row(
    given: ColumnMap, file: str, line: int, cells: Mapping[str, str]
) -> tuple[dict[str, str], list[Fault]]:
    row = dict(given.constants)
    faults: list[Fault] = []
    types = {column.name: column.type for column in schema()[given.table].columns}
    for name, (column, factor) in given.columns.items():
        text = cells[column].strip()
        if text in given.null:
            row[name] = ""
        elif name in given.words:
            row[name] = given.words[name].get(text, text)
        elif types[name] in NUMERIC:
            value = _number(given, text)
            if value is None or not math.isfinite(value * factor):
                faults.append(_not_a_number(given, file, line, column, text))
            else:
                row[name] = f"{value * factor:.12g}"
        else:
            row[name] = text
    return row, faults


def _number(given: ColumnMap, text: str) -> float | None:
    """A number by the marks of the map; `None` where it does not follow them.

    >>> german = ColumnMap("trade", decimal=",", thousands=".")
    >>> _number(german, "1.234,5"), _number(german, "1.23"), _number(german, "12")
    (1234.5, None, 12.0)
    """
    decimal = re.escape(given.decimal)
    if given.thousands:
        mark = re.escape(given.thousands)
        whole = rf"(?:[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+)"
    else:
        whole = "[0-9]+"
    if not re.fullmatch(rf"[+-]?{whole}(?:{decimal}[0-9]+)?(?:[eE][+-]?[0-9]+)?", text):
        return None
    plain = text.replace(given.thousands, "") if given.thousands else text
    value = float(plain.replace(given.decimal, "."))
    return value if math.isfinite(value) else None


def _not_a_number(given: ColumnMap, file: str, line: int, column: str, text: str) -> Fault:
    thousands = (
        f", thousands by {given.thousands!r}" if given.thousands else ", no mark for thousands"
    )
    allowed = f"decimal mark {given.decimal!r}{thousands}"
    mend = "State the marks of your file in the map (decimal, thousands, null)."
    return Fault(file, line, column, text, "is no number as the map says", allowed, mend)
