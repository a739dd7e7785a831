"""The one schema: which tables and columns exist, what a cell may hold, and how a file is read.

`schema.csv` beside this module is the declaration; loading, checking and the data dictionary all
follow from it. A cell is read as text and judged here; nothing is ever inferred from its looks.
Knows nothing of packs: what a cell means beside other rows or files is for `tables` to say.
"""

from __future__ import annotations

import csv
import functools
import io
import math
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import resources
from itertools import islice
from types import MappingProxyType
from typing import Any

from supplychain.errors import (
    NUMBER,
    Fault,
    Refusal,
    did_you_mean,
    foreign_letter,
    misread_encoding,
    misread_number,
    nearest,
    quoted,
)

Value = str | float | None | tuple[str, ...]
Judge = Callable[["Column", Value], "Value | Refusal"]

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]*")
YEAR = re.compile(r"[0-9]{4}")
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
BANDS = (  # a value and its 10 and 90 % quantiles
    ("output", "low", "high"),
    ("share", "low", "high"),
    ("quantity", "low", "high"),
    ("amount", "low", "high"),
    ("value", "low", "high"),
    ("central", "low", "high"),
    ("exports_usd", "low", "high"),
    ("share_per_year", "low", "high"),
    ("slip_months", "slip_low", "slip_high"),
    ("cover_days", "low", "high"),
    ("cover_days", "median_low", "median_high"),
    ("price_usd_per_unit", "price_low", "price_high"),
    ("elasticity", "elasticity_low", "elasticity_high"),
    ("value_musd", "low", "high"),
    ("factor", "factor_low", "factor_high"),
    ("demand_elasticity", "demand_elasticity_low", "demand_elasticity_high"),
    ("supply_elasticity", "supply_elasticity_low", "supply_elasticity_high"),
    ("choke_price_ratio", "choke_price_ratio_low", "choke_price_ratio_high"),
    ("overshoot", "overshoot_low", "overshoot_high"),
    ("pass_through", "pass_through_low", "pass_through_high"),
)
MOST_ROWS = 200_000
MOST_FAULTS = 500
"""Reading a file ends here: whoever has so many mistakes has one that explains them all."""

LONGEST_CELL = 100_000
_PER_CENT = 100
_TINIEST = 1e-30
_NOTHING = frozenset({"NA", "N/A", "#N/A", "NaN", "nan", "NULL", "null", "None"})
NUMERIC = frozenset({"number", "share"})
TUPLES = frozenset({"list", "source"})
PROSE = frozenset({"text", "list"})


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column: its type, unit, range, vocabulary and reference.

    Types: `id`, `text`, `enum`, `list` (items joined by `|`), `source` (ids joined by `|`),
    `country`, `scope` (a country or `*`), `number`, `share` (0-1), `year`, `month`, `date`.
    """

    table: str
    name: str
    type: str
    unit: str
    required: bool
    minimum: float | None
    maximum: float | None
    allowed: tuple[str, ...]
    reference: tuple[str, str] | None
    key: bool
    description: str

    def read(self, text: str) -> Value | Refusal:
        """The value that a cell holds, or why it is refused. Nothing is guessed.

        >>> schema()["segments"].column("share").read("0.25")
        0.25
        >>> schema()["segments"].column("share").read("25").mend
        'Shares are 0-1: write 0.25.'
        """
        cell = text.strip(" ")
        if not cell:
            return self._empty()
        if not cell.isprintable() and (refusal := self._unprintable(cell)):
            return refusal
        if "\ufffd" in cell:
            problem = "holds U+FFFD, the mark of a letter lost in an earlier conversion"
            return Refusal(problem, mend="Take the text anew from its source.")
        if self.type in NUMERIC:
            return self._number(cell)
        if self.type in TUPLES:
            return _items(cell, ids=self.type == "source")
        if self.type == "enum":
            return self._enum(cell)
        if self.type == "year":
            return self._year(cell)
        if self.type == "month" and not MONTH.fullmatch(cell):
            return Refusal("is not a month", "YYYY-MM", "Write year and month, as in 2026-04.")
        if self.type == "date":
            return _date(cell)
        return _id(cell) if self.type == "id" else cell

    def _empty(self) -> Value | Refusal:
        if self.required:
            return Refusal("is empty, and a value is required")
        if self.type in TUPLES:
            return ()
        return None if self.type in NUMERIC or self.type == "year" else ""

    def _unprintable(self, cell: str) -> Refusal | None:
        strict = self.type not in PROSE  # prose may hold a no-break space, an id not
        for character in cell:
            space = unicodedata.category(character) == "Zs"
            if not character.isprintable() and (strict or not space):
                name = unicodedata.name(character, "control character")
                problem = f"holds an invisible character (U+{ord(character):04X}, {name.lower()})"
                return Refusal(problem, mend="Delete that character or line break.")
        return None

    def _number(self, cell: str) -> Value | Refusal:
        if not NUMBER.fullmatch(cell):
            return misread_number(cell, share=self.type == "share")
        value = float(cell)
        low = -math.inf if self.minimum is None else self.minimum
        high = math.inf if self.maximum is None else self.maximum
        if low <= value <= high and math.isfinite(value):
            return _unless_lost(cell, value)
        mend = ""
        if self.type == "share" and 1 < value <= _PER_CENT:
            mend = f"Shares are 0-1: write {value / _PER_CENT:.12g}."
        side = "below the least" if value < low else "above the most"
        return Refusal(f"is {side} that is allowed", f"{low:g} to {high:g}", mend)

    def _enum(self, cell: str) -> Value | Refusal:
        if cell in self.allowed:
            return cell
        if letter := foreign_letter(cell):
            return Refusal(f"holds {letter}", ", ".join(self.allowed), "Type it anew in ASCII.")
        like = {word.casefold(): word for word in self.allowed}
        found = nearest(cell.casefold(), like, most=1)
        mend = did_you_mean(like[word] for word in found)
        return Refusal("is not one of the allowed words", ", ".join(self.allowed), mend)

    def _year(self, cell: str) -> Value | Refusal:
        span = f"{self.minimum:g} to {self.maximum:g}"
        if not YEAR.fullmatch(cell):
            return Refusal("is not a year of four digits", span)
        year = int(cell)
        if not (self.minimum or 0) <= year <= (self.maximum or math.inf):
            return Refusal("is outside the years allowed", span)
        return year


@dataclass(frozen=True, slots=True)
class TableSchema:
    """One declared table: its columns in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def file(self) -> str:
        """The file that holds the table in a pack."""
        return f"{self.name}.csv"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that together name a row; two rows may not agree in all of them."""
        return tuple(column.name for column in self.columns if column.key)

    def column(self, name: str) -> Column:
        """One column by its name (`KeyError` where there is none)."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.file} has no column {name!r}")


class Row(Mapping[str, Any]):
    """One checked row: a read-only mapping from column to value that knows where it was read.

    Numbers are `float` (or `None` where the cell is empty), years `int`, lists and sources tuples
    of `str`, everything else `str`.
    """

    __slots__ = ("_cells", "line", "table")
    table: str
    line: int
    _cells: dict[str, Value]

    def __init__(self, table: str, line: int, cells: Mapping[str, Value]) -> None:
        """Keep a copy of the cells, and the line on which they stand (the header is line 1)."""
        object.__setattr__(self, "table", table)
        object.__setattr__(self, "line", line)
        object.__setattr__(self, "_cells", dict(cells))

    def __setattr__(self, name: str, value: object) -> None:
        """Refuse: a row never changes."""
        raise AttributeError(f"a row is read-only: {name} cannot become {value!r}")

    def __delattr__(self, name: str) -> None:
        """Refuse: a row never changes."""
        raise AttributeError(f"a row is read-only: {name} cannot be deleted")

    def __reduce__(self) -> tuple[type[Row], tuple[str, int, dict[str, Value]]]:
        """Rebuild from the parts, so that a row may travel to a worker."""
        return Row, (self.table, self.line, dict(self._cells))

    @property
    def file(self) -> str:
        """The file in which the row stands."""
        return f"{self.table}.csv"

    def __getitem__(self, column: str) -> Any:
        """The value of a column."""
        return self._cells[column]

    def __iter__(self) -> Iterator[str]:
        """The column names, in the order of the schema."""
        return iter(self._cells)

    def __len__(self) -> int:
        """How many columns there are."""
        return len(self._cells)

    def __hash__(self) -> int:
        """A hash of the place, so that rows may be counted in sets."""
        return hash((self.table, self.line))

    def __repr__(self) -> str:
        """The place and the cells."""
        return f"Row({self.file}:{self.line}, {self._cells!r})"


def ref(row: Row) -> str:
    """Where a row stands, for messages and results.

    >>> ref(Row("segments", 12, {}))
    'segments.csv:12'
    """
    return f"{row.file}:{row.line}"


@functools.cache
def schema() -> Mapping[str, TableSchema]:
    """All tables of the schema, by name, in the order in which they are declared and read.

    >>> schema()["trade"].key
    ('exporter', 'importer', 'product')
    """
    text = resources.files("supplychain").joinpath("schema.csv").read_text("utf-8")
    tables: dict[str, list[Column]] = {}
    for record in csv.DictReader(io.StringIO(text), strict=True):
        tables.setdefault(record["table"], []).append(_column(record))
    return MappingProxyType({name: TableSchema(name, tuple(c)) for name, c in tables.items()})


def _column(record: Mapping[str, str]) -> Column:
    table, _, referred = record["reference"].partition(".")
    return Column(
        table=record["table"],
        name=record["column"],
        type=record["type"],
        unit=record["unit"],
        required=record["required"] == "yes",
        minimum=float(record["minimum"]) if record["minimum"] else None,
        maximum=float(record["maximum"]) if record["maximum"] else None,
        allowed=tuple(word for word in record["allowed"].split("|") if word),
        reference=(table, referred) if table else None,
        key=record["key"] == "yes",
        description=record["description"],
    )


def _unless_lost(cell: str, value: float) -> Value | Refusal:
    """A number, unless it was so near to zero that reading lost it; minus zero is zero."""
    mantissa = re.split("[eE]", cell)[0]
    if abs(value) < _TINIEST and mantissa.strip("+-0."):
        return Refusal("is too near to zero to be a figure", mend="Write 0, or check the exponent.")
    return value + 0.0


def _id(cell: str) -> Value | Refusal:
    if cell in _NOTHING:
        return Refusal("is a word for nothing", "an id", "Leave the cell empty, or name it.")
    if ID.fullmatch(cell):
        return cell
    for character in cell:
        if not character.isascii():
            name = unicodedata.name(character, "an unnamed character").lower()
            problem = f"holds {quoted(character)} (U+{ord(character):04X}, {name})"
            return Refusal(problem, "ASCII letters, digits, _ . -", "Type it anew in ASCII.")
    return Refusal("is not an id", "ASCII letters, digits, _ . -", "Use _ for a space.")


def _items(cell: str, *, ids: bool) -> Value | Refusal:
    items = tuple(item.strip(" ") for item in cell.split("|"))
    if "" in items:
        return Refusal("has an empty item", "items joined by |", "Delete the stray |.")
    if len(set(items)) < len(items):
        return Refusal("names an item twice", "items joined by |")
    for item in items if ids else ():
        if isinstance(refusal := _id(item), Refusal):
            return refusal
    return items


def _date(cell: str) -> Value | Refusal:
    if not DATE.fullmatch(cell):
        mend = "Write year, month and day, as in 2025-04-04."
        return Refusal("is not a date", "YYYY-MM-DD", mend)
    try:
        return date.fromisoformat(cell).isoformat()
    except ValueError:
        return Refusal("is not a day of the calendar", "YYYY-MM-DD")


def read_rows(
    table: TableSchema, data: bytes, judge: Judge
) -> tuple[tuple[Row, ...], tuple[Fault, ...]]:
    """The rows of one CSV file, and its faults; a cell that is refused is left out of its row.

    `judge` has the last word on a cell that holds a value of the right form: it may refuse it, or
    give another one (the code of a country in place of its name).
    """
    faults: list[Fault] = []
    records = _records(table.file, data, faults)
    line, header = next(records, (1, []))
    names = [name.strip(" ") for name in header]
    faults.extend(() if faults else islice(_header_faults(table, names, line), MOST_FAULTS))
    columns = {column.name: column for column in table.columns}
    plan = [_reader(columns[name], judge) if name in columns else None for name in names]
    bands = [band for band in BANDS if band[0] in names and {*band} & {*names} > {band[0]}]
    rows: list[Row] = []
    for line, cells in records:
        if stop := _limit(table.file, line, len(rows), len(faults)):
            faults.append(stop)
            break
        if len(cells) != len(names) or not any(cells):
            faults.append(_ragged(table.file, line, cells, len(names)))
            continue
        values: dict[str, Value] = {}
        for name, read, text in zip(names, plan, cells, strict=True):
            value = read(text) if read else None
            if isinstance(value, Refusal):
                faults.append(value.at(table.file, line, name, text))
            elif read:
                values[name] = value
        rows.append(row := Row(table.name, line, values))
        for band in bands:
            faults.extend(_band_faults(row, values, band))
    if not rows and not faults:
        mend = "Fill it, or delete the file if the table is optional."
        faults.append(Fault(table.file, None, "", "", "holds no rows", mend=mend))
    return tuple(rows), tuple(faults)


def _limit(file: str, line: int, rows: int, faults: int) -> Fault | None:
    """Why reading ends at a line, if it does: too many rows, or too many faults."""
    if rows >= MOST_ROWS:
        mend = "Keep the rows that the network needs; large raw files are for an importer."
        return Fault(file, line, "", "", f"is one row more than {MOST_ROWS:,}", mend=mend)
    if faults >= MOST_FAULTS:
        problem = f"was not read: {faults} problems stand above"
        return Fault(file, line, "", "", problem, mend="Mend those first.")
    return None


def _reader(column: Column, judge: Judge) -> Callable[[str], Value | Refusal]:
    @functools.cache  # most cells of a column repeat one that was judged before
    def read(text: str) -> Value | Refusal:
        """The judged value of a cell."""
        if len(text) > LONGEST_CELL:
            return Refusal(f"holds {len(text):,} characters", mend="Check the quotes around it.")
        value = column.read(text)
        return judge(column, value) if value and not isinstance(value, Refusal) else value

    return read


def _records(file: str, data: bytes, faults: list[Fault]) -> Iterator[tuple[int, list[str]]]:
    """The line and the cells of each record; ends with a fault where the file is broken."""
    text = data.decode("utf-8-sig", "surrogateescape")
    if (wrong := misread_encoding(data)) is not None:
        faults.append(_encoding_fault(file, text, wrong))
        return
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in records:
            if cells:
                yield line, cells
            line = records.line_num + 1
    except csv.Error as error:
        faults.append(Fault(file, line, "", "", f"is not CSV: {error}", mend="Check the quotes."))


def _encoding_fault(file: str, text: str, wrong: Refusal) -> Fault:
    """The first cell that is not UTF-8, where the file can be read that far."""
    names: list[str] = []
    records = csv.reader(io.StringIO(text, newline=""))
    line = 1
    try:
        for cells in records:
            names = names or cells
            for i, cell in enumerate(cells):
                if any("\udc80" <= character <= "\udcff" for character in cell):
                    name = names[i] if line > 1 and i < len(names) else ""
                    return wrong.at(file, line, name if name.isprintable() else "", "")
            line = records.line_num + 1
    except csv.Error:
        pass
    return wrong.at(file, None, "", "")


def _header_faults(table: TableSchema, names: list[str], line: int) -> Iterator[Fault]:
    declared = [column.name for column in table.columns]
    if names and names[0].casefold().startswith("sep="):
        yield Fault(table.file, line, "", "", "is a line for a spreadsheet", mend="Delete the row.")
        return
    mark = next((mark for mark in ";\t|" if len(names) == 1 and mark in names[0]), "")
    if mark or not names:
        problem = f"is separated by {quoted(mark)}" if mark else "is empty"
        yield Fault(table.file, None, "", "", problem, mend="Save it with commas and a header.")
        return
    for name in dict.fromkeys(names):
        if name not in declared:
            near = did_you_mean(nearest(name.casefold(), declared, most=1))
            letter = f" and holds {found}" if (found := foreign_letter(name)) else ""
            refusal = Refusal(f"is not a column of {table.file}{letter}", ", ".join(declared), near)
            yield refusal.at(table.file, line, quoted(name), "")
        elif names.count(name) > 1:
            yield Fault(table.file, line, name, "", "is in the header twice")
    mend = "Add the column (an optional one may be empty)."
    for name in declared:
        if name not in names:
            yield Fault(table.file, line, name, "", "is missing from the header", mend=mend)


def _band_faults(
    row: Row, values: Mapping[str, Value], band: tuple[str, str, str]
) -> Iterator[Fault]:
    column, low, high = band
    value, least, most = values.get(column), values.get(low), values.get(high)
    if not isinstance(value, float):
        return
    for name, bound, side in ((low, least, "above"), (high, most, "below")):
        if isinstance(bound, float) and (bound > value if name == low else bound < value):
            refusal = Refusal(f"is {side} the {column} {value:.12g}", "low <= value <= high")
            yield refusal.at(row.file, row.line, name, f"{bound:.12g}")


def _ragged(file: str, line: int, cells: list[str], width: int) -> Fault:
    if not any(cells):
        return Fault(file, line, "", "", "is empty", mend="Delete the row.")
    mend = "A text with a comma needs quotes around it." if len(cells) > width else ""
    return Fault(file, line, "", "", f"has {len(cells)} cells, the header {width}", mend=mend)
