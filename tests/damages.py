"""Damages that a real pack may bring: kinds by name, each planted at a random place of a folder.

A kind is a deterministic function of a folder and a seeded generator, with the verdict that a
loader owes it: `refused`, `told` (refused, or taken with a warning that travels into results) or
`same` (harmless: what is read does not change). Helpers, not tests; `sweep.py` judges.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import random
import re
import unicodedata
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from supplychain.schema import Column, schema

Verdict = Literal["refused", "told", "same"]
Cell = Callable[[str, random.Random], str]
Pick = Callable[[Column], bool]

TOO_MANY_ROWS = 200_001
MANY_COLUMNS = 20_000
FIGURES = {  # a figure with its range, and the columns that a unit mistake scales together
    "producers": ("output", "capacity", "low", "high"),
    "processors": ("output", "capacity", "low", "high"),
    "industries": ("output_usd", "exports_usd", "low", "high"),
    "recipes": ("amount", "low", "high"),
    "trade": ("quantity", "value_usd", "low", "high"),
    "products": ("price_usd_per_unit", "price_low", "price_high"),
    "parameters": ("value", "low", "high"),
}
TWINS = {"a": "\u0430", "c": "\u0441", "e": "\u0435", "o": "\u043e", "p": "\u0440", "x": "\u0445"}
TWINS |= {"A": "\u0410", "C": "\u0421", "E": "\u0395", "H": "\u041d", "K": "\u039a", "M": "\u041c"}
TWINS |= {"N": "\u039d", "O": "\u041e", "P": "\u0420", "R": "\u0280", "T": "\u0422", "U": "\u054d"}


@dataclass(frozen=True)
class Place:
    """Where a damage was planted: file, line (none: the file as a whole) and column."""

    file: str
    row: int | None = None
    column: str = ""


@dataclass(frozen=True)
class Kind:
    """One way to damage a pack, and the verdict that it is owed."""

    name: str
    group: str
    verdict: Verdict
    plant: Callable[[Path, random.Random], Place]


@dataclass
class Sheet:
    """One CSV file as cells; the header is line 1."""

    folder: Path
    table: str
    header: list[str]
    rows: list[list[str]]

    @classmethod
    def read(cls, folder: Path, table: str) -> Sheet:
        """Read a clean file."""
        text = (folder / f"{table}.csv").read_text("utf-8")
        header, *rows = list(csv.reader(io.StringIO(text)))
        return cls(folder, table, header, rows)

    def write(self, **how: object) -> None:
        """Write it back; options go to the CSV writer."""
        out = io.StringIO()
        writer = csv.writer(out, **({"lineterminator": "\n"} | how))  # type: ignore[arg-type]
        writer.writerows([self.header, *self.rows])
        self.path.write_text(out.getvalue(), "utf-8", newline="")

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / f"{self.table}.csv"

    def at(self, row: int, column: str) -> Place:
        """The place of a cell, rows counted from 0."""
        return Place(self.path.name, row + 2, column)

    def put(self, row: int, column: str, text: str) -> Place:
        """Write one cell and the file."""
        self.rows[row][self.header.index(column)] = text
        self.write()
        return self.at(row, column)

    def get(self, row: int, column: str) -> str:
        """One cell."""
        return self.rows[row][self.header.index(column)]

    def filled(self, column: str) -> list[int]:
        """Rows whose cell is not empty."""
        i = self.header.index(column)
        return [r for r, cells in enumerate(self.rows) if cells[i]]


# Where to plant -----------------------------------------------------------------------------------


def tables(folder: Path) -> list[str]:
    """Tables that the folder has, in the order of the schema."""
    return [name for name in schema() if (folder / f"{name}.csv").is_file()]


def any_table(folder: Path, rng: random.Random) -> Sheet:
    """A random table."""
    return Sheet.read(folder, rng.choice(tables(folder)))


def any_cell(folder: Path, rng: random.Random, pick: Pick) -> tuple[Sheet, int, str]:
    """A random filled cell of a column that `pick` takes."""
    found = []
    for table in tables(folder):
        sheet = Sheet.read(folder, table)
        found += [
            (sheet, column.name)
            for column in schema()[table].columns
            if pick(column) and column.name in sheet.header and sheet.filled(column.name)
        ]
    sheet, name = rng.choice(found)
    return sheet, rng.choice(sheet.filled(name)), name


def number(column: Column) -> bool:
    """Columns of numbers that are not shares."""
    return column.type == "number"


def figure(column: Column) -> bool:
    """Columns of numbers and shares."""
    return column.type in {"number", "share"}


def share(column: Column) -> bool:
    """Columns of shares 0-1, the recycling rate apart (it may be small)."""
    return column.type == "share" and column.name in {"share", "share_per_year"}


def positive(column: Column) -> bool:
    """Columns that hold no negative number."""
    return figure(column) and column.minimum is not None and column.minimum >= 0


def country(column: Column) -> bool:
    """Columns of countries."""
    return column.type in {"country", "scope"}


def identity(column: Column) -> bool:
    """Columns whose id refers to another table."""
    return column.type == "id" and column.reference is not None and column.reference[0] != "rules"


def citation(column: Column) -> bool:
    """Columns of sources."""
    return column.type == "source"


def prose(column: Column) -> bool:
    """Columns of free text that no rule reads."""
    return column.type == "text" and column.name in {"note", "title", "publisher", "region"}


def word(column: Column) -> bool:
    """Columns with a closed list of words."""
    return column.type == "enum"


def in_cell(pick: Pick, change: Cell) -> Callable[[Path, random.Random], Place]:
    """Change one random cell of some columns."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Write the changed text."""
        sheet, row, column = any_cell(folder, rng, pick)
        return sheet.put(row, column, change(sheet.get(row, column), rng))

    return plant


def one_of(*texts: str) -> Cell:
    """Replace the cell by one of some texts."""
    return lambda _, rng: rng.choice(texts)


def in_file(change: Callable[[bytes, random.Random], bytes]) -> Callable[..., Place]:
    """Change the bytes of one random file."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Write the changed bytes."""
        path = any_table(folder, rng).path
        path.write_bytes(change(path.read_bytes(), rng))
        return Place(path.name)

    return plant


# Encodings and files ------------------------------------------------------------------------------


def in_encoding(*encodings: str, letters: str) -> Callable[[Path, random.Random], Place]:
    """Put letters into a text cell and save the file in another encoding."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Write the file in the encoding."""
        sheet, row, column = any_cell(folder, rng, prose)
        for cells in sheet.rows:  # the file shall hold no other letters, or the line is not known
            cells[:] = [cell.encode("ascii", "ignore").decode() for cell in cells]
        encoding = rng.choice(encodings)
        place = sheet.put(row, column, letters)
        text = sheet.path.read_text("utf-8")
        sheet.path.write_bytes(text.encode(encoding))
        return Place(place.file) if "16" in encoding or "32" in encoding else place

    return plant


def replaced_by(make: Callable[[Path, bytes], None]) -> Callable[[Path, random.Random], Place]:
    """Replace a file by something that is none."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Unlink the file and make the other thing."""
        path = any_table(folder, rng).path
        data = path.read_bytes()
        path.unlink()
        make(path, data)
        return Place(path.name)

    return plant


def _symlink_out(path: Path, data: bytes) -> None:
    other = path.parent.parent / f"{path.parent.name}-{path.stem}-elsewhere.csv"
    other.write_bytes(data)
    path.symlink_to(other)


def _zipped(path: Path, data: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(path.name, data)


def _bomb(path: Path, _: bytes) -> None:
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(b"0" * 50_000_000, 9))


def beside(name: str) -> Callable[[Path, random.Random], Place]:
    """Lay a second form of a table beside it; `{}` stands for its name."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Write the second file."""
        sheet = any_table(folder, rng)
        other = folder / name.format(sheet.table, sheet.table.capitalize())
        other.write_bytes(sheet.path.read_bytes())
        return Place(other.name)

    return plant


def renamed(name: str) -> Callable[[Path, random.Random], Place]:
    """Give a table another name."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Rename the file."""
        sheet = any_table(folder, rng)
        other = folder / name.format(sheet.table, sheet.table.capitalize())
        sheet.path.rename(other)
        return Place(other.name)

    return plant


def cut_short(folder: Path, rng: random.Random) -> Place:
    """Cut a file in the middle of a row, before its last comma."""
    sheet = any_table(folder, rng)
    sheet.write(quoting=csv.QUOTE_ALL)
    lines = sheet.path.read_bytes().splitlines(keepends=True)
    line = rng.randrange(1, len(lines))
    end = rng.randrange(1, max(lines[line].rindex(b'","'), 2))
    sheet.path.write_bytes(b"".join(lines[:line]) + lines[line][:end])
    return Place(sheet.path.name, line + 1)


def open_quote(folder: Path, rng: random.Random) -> Place:
    """Open a quote that is never closed."""
    sheet = any_table(folder, rng)
    sheet.write(quoting=csv.QUOTE_MINIMAL)
    lines = sheet.path.read_bytes().splitlines(keepends=True)
    line = rng.randrange(1, len(lines))
    lines[line] = b'"' + lines[line].replace(b'"', b"")
    tail = [text.replace(b'"', b"") for text in lines[line + 1 :]]
    sheet.path.write_bytes(b"".join([*lines[: line + 1], *tail]))
    return Place(sheet.path.name, line + 1)


def ragged(folder: Path, rng: random.Random) -> Place:
    """One cell too many or too few in a row."""
    sheet = any_table(folder, rng)
    row = rng.randrange(len(sheet.rows))
    cells = sheet.rows[row]
    sheet.rows[row] = [*cells[:-1]] if rng.random() < 0.5 else [*cells, "1"]
    sheet.write()
    return Place(sheet.path.name, row + 2)


def separated(mark: str) -> Callable[[Path, random.Random], Place]:
    """Another separator than the comma."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Write the file with it."""
        sheet = any_table(folder, rng)
        sheet.write(delimiter=mark)
        return Place(sheet.path.name)

    return plant


def too_many_rows(folder: Path, rng: random.Random) -> Place:
    """More rows than a table of a pack may have."""
    sheet = Sheet.read(folder, "parameters")
    sheet.rows = [sheet.rows[0]]
    sheet.write()
    head, line = sheet.path.read_text("utf-8").splitlines(keepends=True)
    sheet.path.write_text(head + line * TOO_MANY_ROWS, "utf-8")
    return Place(sheet.path.name, TOO_MANY_ROWS + 1)


def huge_cell(folder: Path, rng: random.Random) -> Place:
    """A cell of 300 kB."""
    sheet, row, column = any_cell(folder, rng, lambda _: True)
    place = sheet.put(row, column, "9" * 300_000)
    return Place(place.file, place.row)


# Columns ------------------------------------------------------------------------------------------


def column_lost(folder: Path, rng: random.Random) -> Place:
    """A column is missing."""
    sheet = any_table(folder, rng)
    i = rng.randrange(len(sheet.header))
    name = sheet.header.pop(i)
    for cells in sheet.rows:
        cells.pop(i)
    sheet.write()
    return Place(sheet.path.name, 1, name)


def column_added(*names: str) -> Callable[[Path, random.Random], Place]:
    """A column that the schema does not know."""

    def plant(folder: Path, rng: random.Random) -> Place:
        """Add it at the end."""
        sheet = any_table(folder, rng)
        name = rng.choice(names)
        sheet.header.append(name)
        for cells in sheet.rows:
            cells.append("1")
        sheet.write()
        return Place(sheet.path.name, 1, name)

    return plant


def column_doubled(folder: Path, rng: random.Random) -> Place:
    """A column stands in the file twice."""
    sheet = any_table(folder, rng)
    i = rng.randrange(len(sheet.header))
    for cells in (sheet.header, *sheet.rows):
        cells.append(cells[i])
    sheet.write()
    return Place(sheet.path.name, 1, sheet.header[i])


def column_misspelt(folder: Path, rng: random.Random) -> Place:
    """A letter of a column's name is doubled, or is a twin of another script."""
    sheet = any_table(folder, rng)
    i = rng.randrange(len(sheet.header))
    name = sheet.header[i]
    at = rng.randrange(len(name))
    twin = TWINS.get(name[at], name[at] * 2)
    sheet.header[i] = name[:at] + twin + name[at + 1 :]
    sheet.write()
    return Place(sheet.path.name, 1, sheet.header[i])


def many_columns(folder: Path, rng: random.Random) -> Place:
    """Twenty thousand columns."""
    sheet = any_table(folder, rng)
    sheet.header += [f"c{i}" for i in range(MANY_COLUMNS)]
    sheet.write()
    return Place(sheet.path.name, 1)


# Numbers ------------------------------------------------------------------------------------------


def grouped(text: str, rng: random.Random) -> str:
    """Thousands separators, in one of the ways of the world."""
    whole = str(max(int(float(text)), 1234))
    mark = rng.choice([",", " ", "\u00a0", "\u202f", "'", "\u2019", "_"])
    return re.sub(r"(?<=[0-9])(?=(?:[0-9]{3})+$)", mark, whole)


def full_width(text: str, rng: random.Random) -> str:
    """Digits of another script."""
    zero = rng.choice([0xFF10, 0x0660, 0x06F0, 0x0966])
    return "".join(chr(zero + int(c)) if c.isdigit() else c for c in text)


def per_cent(text: str, rng: random.Random) -> str:
    """A share written in per cent, without the sign."""
    return f"{max(float(text), 0.02) * 100:.12g}"


def spoilt(text: str, rng: random.Random) -> str:
    """A unit or a footnote mark behind the number."""
    return text + rng.choice([" kt", "t", " t REO", "e", " (est.)", "*", "\u00b9", " r"])


def scaled(factor: float, *only: str, lead: int = 0) -> Callable[[Path, random.Random], Place]:
    """A figure with its range in another unit: value, low and high together.

    `lead` 1 takes the greatest figure of a product, 0 any.
    """

    def plant(folder: Path, rng: random.Random) -> Place:
        """Scale one row."""
        open_ = [t for t in only if (folder / f"{t}.csv").is_file()]
        sheet = Sheet.read(folder, rng.choice(open_))
        names = [n for n in FIGURES[sheet.table] if n in sheet.header]
        rows = [r for r in sheet.filled(names[0]) if float(sheet.get(r, names[0])) > 0]
        if lead:
            rows = _largest(sheet, rows, names[0])
        row = rng.choice(rows)
        for name in names:
            if text := sheet.get(row, name):
                sheet.rows[row][sheet.header.index(name)] = f"{float(text) * factor:.12g}"
        sheet.write()
        return sheet.at(row, names[0])

    return plant


def _largest(sheet: Sheet, rows: Sequence[int], name: str) -> list[int]:
    """The row with the greatest figure of each product."""
    column = "industry" if sheet.table == "industries" else "product"
    best: dict[str, int] = {}
    for row in rows:
        product = sheet.get(row, column)
        if float(sheet.get(row, name)) > float(sheet.get(best.setdefault(product, row), name)):
            best[product] = row
    return list(best.values())


def alone(folder: Path, rng: random.Random) -> Place:
    """A thousand times the figure, its range left as it was."""
    tables_ = [t for t in FIGURES if (folder / f"{t}.csv").is_file() and t != "parameters"]
    sheet = Sheet.read(folder, rng.choice(tables_))
    name = next(n for n in FIGURES[sheet.table] if n != "output_usd")
    rows = [r for r in sheet.filled(name) if float(sheet.get(r, name)) > 0]
    if not rows:
        return alone(folder, rng)
    row = rng.choice(rows)
    return sheet.put(row, name, f"{float(sheet.get(row, name)) * 1000:.12g}")


def world_total_in_rest(folder: Path, rng: random.Random) -> Place:
    """The world total in the row of the rest of the world."""
    sheet = Sheet.read(folder, rng.choice(["producers", "processors"]))
    names = [n for n in FIGURES[sheet.table] if n != "capacity"]
    products = sorted({sheet.get(r, "product") for r in range(len(sheet.rows))})
    many = [
        p
        for p in products
        if sum(sheet.get(r, "product") == p for r in sheet.filled("product")) > 1
    ]
    product = rng.choice(many or products)
    rows = [r for r in sheet.filled("product") if sheet.get(r, "product") == product]
    rest = next((r for r in rows if sheet.get(r, "country") == "ROW"), None)
    if rest is None:
        sheet.rows.append(list(sheet.rows[rows[0]]))
        rest = len(sheet.rows) - 1
        sheet.rows[rest][sheet.header.index("country")] = "ROW"
        for name in sheet.header:
            if name == "capacity":
                sheet.rows[rest][sheet.header.index(name)] = ""
        rows.append(rest)
        for name in names:
            sheet.rows[rest][sheet.header.index(name)] = "0"
    for name in names:
        total = sum(float(sheet.get(r, name)) for r in rows)
        sheet.rows[rest][sheet.header.index(name)] = f"{total:.12g}"
    sheet.rows[rest][sheet.header.index("capacity")] = ""
    sheet.write()
    return sheet.at(rest, names[0])


# Names, rows and relations ------------------------------------------------------------------------


def twin(text: str, rng: random.Random) -> str:
    """One letter replaced by its look-alike of another script."""
    places = [i for i, c in enumerate(text) if c in TWINS]
    if not places:
        return "\u0410" + text
    i = rng.choice(places)
    return text[:i] + TWINS[text[i]] + text[i + 1 :]


def misspelt(text: str, rng: random.Random) -> str:
    """One letter left out, doubled or swapped with the next."""
    i = rng.randrange(max(len(text) - 1, 1))
    forms = [text[:i] + text[i + 1 :], text[:i] + text[i] + text[i:], text[:i] + "_" + text[i:]]
    return rng.choice([f for f in forms if f not in {text, ""}])


def repeated(folder: Path, rng: random.Random) -> Place:
    """A row stands in its table twice."""
    sheet = any_table(folder, rng)
    sheet.rows.append(list(rng.choice(sheet.rows)))
    sheet.write()
    return Place(sheet.path.name, len(sheet.rows) + 1)


def contradicted(folder: Path, rng: random.Random) -> Place:
    """A second row of the same key with other figures (a parallel flow, a second output)."""
    names = ("trade", "producers", "processors", "industries", "segments", "recipes")
    sheet = Sheet.read(folder, rng.choice([t for t in names if (folder / f"{t}.csv").is_file()]))
    row = list(rng.choice(sheet.rows))
    for i, name in enumerate(sheet.header):
        if name in {"year", "evidence"}:
            row[i] = {"year": "2019", "evidence": "D"}[name]
    sheet.rows.append(row)
    sheet.write()
    return Place(sheet.path.name, len(sheet.rows) + 1)


def repeated_by_alias(folder: Path, rng: random.Random) -> Place:
    """The same key again, the country under another of its names."""
    countries = Sheet.read(folder, "countries")
    names = {countries.get(r, "iso3"): countries.get(r, "name") for r in countries.filled("name")}
    open_ = [
        t for t in ("producers", "processors", "industries") if (folder / f"{t}.csv").is_file()
    ]
    sheet = Sheet.read(folder, rng.choice(open_))
    row = list(rng.choice(sheet.rows))
    i = sheet.header.index("country")
    row[i] = names[row[i]].upper()
    sheet.rows.append(row)
    sheet.write()
    return Place(sheet.path.name, len(sheet.rows) + 1, "country")


def above_the_whole(folder: Path, rng: random.Random) -> Place:
    """Shares of one whole that add up to more than 1."""
    sheet = Sheet.read(folder, "segments")
    row = list(rng.choice(sheet.rows))
    for name, text in (("segment", "planted"), ("share", "1"), ("low", "0.9"), ("high", "1")):
        row[sheet.header.index(name)] = text
    sheet.rows.append(row)
    sheet.write()
    return Place(sheet.path.name, len(sheet.rows) + 1, "share")


def loop(folder: Path, rng: random.Random) -> Place:
    """A recipe that closes a loop of gain 1 or more."""
    sheet = Sheet.read(folder, "recipes")
    plain = [
        r
        for r in sheet.filled("output")
        if not sheet.get(r, "segment")
        and sheet.get(r, "relation") == "input"
        and sheet.get(r, "essentiality")
        and float(sheet.get(r, "amount")) > 0
    ]
    row = rng.choice(plain)
    back = list(sheet.rows[row])
    enough = f"{2 / float(sheet.get(row, 'amount')):.12g}"
    there = {"output": sheet.get(row, "input"), "input": sheet.get(row, "output")}
    for name, text in (there | dict.fromkeys(("amount", "low", "high"), enough)).items():
        back[sheet.header.index(name)] = text
    sheet.rows.append(back)
    sheet.write()
    return Place(sheet.path.name, len(sheet.rows) + 1, "amount")


def own_input(folder: Path, rng: random.Random) -> Place:
    """A product that is its own input."""
    sheet = Sheet.read(folder, "recipes")
    row = rng.randrange(len(sheet.rows))
    return sheet.put(row, "input", sheet.get(row, "output"))


def maker_lost(folder: Path, rng: random.Random) -> Place:
    """An input that nobody makes any more."""
    sheet = Sheet.read(folder, "processors")
    recipes = Sheet.read(folder, "recipes")
    used = {recipes.get(r, "input") for r in recipes.filled("input")}
    product = rng.choice(sorted(used & {sheet.get(r, "product") for r in sheet.filled("product")}))
    sheet.rows = [r for r in sheet.rows if r[sheet.header.index("product")] != product]
    sheet.write()
    return Place("recipes.csv", None, "input")


def outside_its_range(folder: Path, rng: random.Random) -> Place:
    """A low above the figure."""
    sheet, row, _ = any_cell(folder, rng, lambda c: c.table == "recipes" and c.name == "low")
    return sheet.put(row, "low", f"{float(sheet.get(row, 'amount')) * 1.5 + 1:.12g}")


# Harmless -----------------------------------------------------------------------------------------


def columns_shuffled(folder: Path, rng: random.Random) -> Place:
    """Columns in another order."""
    sheet = any_table(folder, rng)
    order = rng.sample(range(len(sheet.header)), len(sheet.header))
    sheet.header = [sheet.header[i] for i in order]
    sheet.rows = [[cells[i] for i in order] for cells in sheet.rows]
    sheet.write()
    return Place(sheet.path.name)


def rows_shuffled(folder: Path, rng: random.Random) -> Place:
    """Rows in another order."""
    sheet = any_table(folder, rng)
    rng.shuffle(sheet.rows)
    sheet.write()
    return Place(sheet.path.name)


def all_quoted(folder: Path, rng: random.Random) -> Place:
    """Quotes around every cell."""
    sheet = any_table(folder, rng)
    sheet.write(quoting=csv.QUOTE_ALL)
    return Place(sheet.path.name)


def other_name(folder: Path, rng: random.Random) -> Place:
    """A country under another of its names, in capitals or decomposed."""
    countries = Sheet.read(folder, "countries")
    called = {}
    for r in countries.filled("iso3"):
        aliases = [a for a in countries.get(r, "aliases").split("|") if a]
        called[countries.get(r, "iso3")] = [countries.get(r, "name"), *aliases]
    sheet, row, column = any_cell(folder, rng, country)
    while sheet.get(row, column) == "*":
        sheet, row, column = any_cell(folder, rng, country)
    name = rng.choice(called[sheet.get(row, column)])
    form = rng.choice([str.upper, str.lower, str, lambda t: unicodedata.normalize("NFD", t)])
    return sheet.put(row, column, form(name))


def written_otherwise(text: str, rng: random.Random) -> str:
    """The same number in another form that has one reading."""
    value = float(text)
    forms = [repr(value), f"{value:.17e}", f" {text} ", f"{text}.0" if text.isdigit() else text]
    return rng.choice([*forms, f"+{text}" if text[0] not in "+-" else text])


def kind(name: str, group: str, verdict: Verdict, plant: Callable[..., Place]) -> Kind:
    """One kind (the column order of the table below)."""
    return Kind(name, group, verdict, plant)


NO_PLACE = ("World", "Total", "World total (rounded)", "Other countries", "EU27", "European Union")
KINDS: tuple[Kind, ...] = (
    # harmless
    kind("byte order mark", "harmless", "same", in_file(lambda b, _: b"\xef\xbb\xbf" + b)),
    kind("Windows line ends", "harmless", "same", in_file(lambda b, _: b.replace(b"\n", b"\r\n"))),
    kind("old Mac line ends", "harmless", "same", in_file(lambda b, _: b.replace(b"\n", b"\r"))),
    kind("no last line end", "harmless", "same", in_file(lambda b, _: b.rstrip(b"\r\n"))),
    kind("blank lines at the end", "harmless", "same", in_file(lambda b, _: b + b"\n\r\n\n")),
    kind("column order", "harmless", "same", columns_shuffled),
    kind("row order", "harmless", "same", rows_shuffled),
    kind("quotes everywhere", "harmless", "same", all_quoted),
    kind("a number written otherwise", "harmless", "same", in_cell(figure, written_otherwise)),
    kind("a country by another name", "harmless", "same", other_name),
    kind("notes beside the tables", "harmless", "same", beside("README_{0}.md")),
    # encodings
    kind("UTF-16", "encoding", "refused", in_encoding("utf-16", "utf-16-le", letters="x")),
    kind(
        "CP949",
        "encoding",
        "refused",
        in_encoding("cp949", letters="\uc11d\uc720 \ud76c\ud1a0\ub958"),
    ),
    kind(
        "Latin-1",
        "encoding",
        "refused",
        in_encoding("cp1252", letters="Curt\xe8s, na\xefve \u2013 x"),
    ),
    kind(
        "Shift-JIS",
        "encoding",
        "refused",
        in_encoding("shift_jis", letters="\u91cd\u5e0c\u571f\u985e"),
    ),
    kind(
        "lost characters (U+FFFD)",
        "encoding",
        "refused",
        in_cell(prose, lambda t, _: t + " \ufffd"),
    ),
    kind(
        "NUL bytes",
        "encoding",
        "refused",
        in_cell(lambda _: True, lambda t, _: t[:1] + "\0" + t[1:]),
    ),
    kind(
        "lone surrogate",
        "encoding",
        "refused",
        in_file(lambda b, _: b.replace(b",", b",\xed\xa0\x80", 1)),
    ),
    kind("control character", "encoding", "refused", in_cell(prose, lambda t, _: t + "\x1b[2J")),
    # files
    kind("empty file", "file", "refused", in_file(lambda *_: b"")),
    kind("header only", "file", "refused", in_file(lambda b, _: b.split(b"\n")[0] + b"\n")),
    kind("semicolons", "file", "refused", separated(";")),
    kind("tabs", "file", "refused", separated("\t")),
    kind("bars", "file", "refused", separated("|")),
    kind("cut in the middle of a row", "file", "refused", cut_short),
    kind("a quote left open", "file", "refused", open_quote),
    kind("a cell too many or too few", "file", "refused", ragged),
    kind(
        "gzip in place of a table",
        "file",
        "refused",
        replaced_by(lambda p, b: _put(p, gzip.compress(b))),
    ),
    kind("zip in place of a table", "file", "refused", replaced_by(_zipped)),
    kind("compressed bomb instead of a table", "file", "refused", replaced_by(_bomb)),
    kind("table.csv.gz beside", "file", "refused", beside("{0}.csv.gz")),
    kind("table.xlsx beside", "file", "refused", beside("{0}.xlsx")),
    kind("a second copy beside", "file", "refused", beside("{0} (1).csv")),
    kind("a capital in the file name", "file", "refused", renamed("{1}.csv")),
    kind("table.csv.txt", "file", "refused", renamed("{0}.csv.txt")),
    kind("a link out of the folder", "file", "refused", replaced_by(_symlink_out)),
    kind("a link to nowhere", "file", "refused", replaced_by(lambda p, _: p.symlink_to("nowhere"))),
    kind("a pipe in place of a table", "file", "refused", replaced_by(lambda p, _: os.mkfifo(p))),
    kind("a folder in place of a table", "file", "refused", replaced_by(lambda p, _: p.mkdir())),
    kind(
        "a device in place of a table",
        "file",
        "refused",
        replaced_by(lambda p, _: p.symlink_to("/dev/zero")),
    ),
    kind("200,001 rows", "file", "refused", too_many_rows),
    kind("a cell of 300 kB", "file", "refused", huge_cell),
    # columns
    kind("a column missing", "column", "refused", column_lost),
    kind("a column too many", "column", "refused", column_added("Unnamed: 7", "remarks", "Value")),
    kind("a column twice", "column", "refused", column_doubled),
    kind("a column misspelt", "column", "refused", column_misspelt),
    kind("20,000 columns", "column", "refused", many_columns),
    # numbers
    kind(
        "decimal comma",
        "number",
        "refused",
        in_cell(figure, lambda t, _: f"{float(t):.3f}".replace(".", ",")),
    ),
    kind("thousands separators", "number", "refused", in_cell(number, grouped)),
    kind("per cent sign", "number", "refused", in_cell(share, lambda t, _: f"{float(t) * 100:g}%")),
    kind("per cent for a share", "number", "refused", in_cell(share, per_cent)),
    kind("W (withheld)", "number", "refused", in_cell(figure, one_of("W", "(W)", "w"))),
    kind(
        "NA",
        "number",
        "refused",
        in_cell(figure, one_of("NA", "N/A", "n.a.", "..", "null", "None")),
    ),
    kind("a dash", "number", "refused", in_cell(figure, one_of("-", "\u2013", "\u2014", "--"))),
    kind("NaN", "number", "refused", in_cell(figure, one_of("nan", "NaN", "-nan"))),
    kind("infinity", "number", "refused", in_cell(figure, one_of("inf", "-Infinity", "\u221e"))),
    kind(
        "a negative figure",
        "number",
        "refused",
        in_cell(positive, lambda t, _: f"-{float(t) or 1:g}"),
    ),
    kind("overflow", "number", "refused", in_cell(figure, one_of("1e400", "9" * 400, "1e308"))),
    kind(
        "underflow",
        "number",
        "refused",
        in_cell(figure, one_of("1e-400", "0." + "0" * 400 + "1", "4e-320")),
    ),
    kind("digits of another script", "number", "refused", in_cell(figure, full_width)),
    kind(
        "0x10, 1_000, TRUE, a date",
        "number",
        "refused",
        in_cell(figure, one_of("0x10", "1_0", "TRUE", "2024-01-05", "Jan-24")),
    ),
    kind(
        "a formula or #REF!",
        "number",
        "refused",
        in_cell(figure, one_of("#REF!", "=A1*2", "#DIV/0!", "+A1")),
    ),
    kind("a unit or mark behind it", "number", "refused", in_cell(figure, spoilt)),
    kind(
        "a bound",
        "number",
        "refused",
        in_cell(figure, lambda t, r: r.choice(["<", ">", "~", "ca. "]) + t),
    ),
    kind("1000 times the figure alone", "number", "refused", alone),
    kind("low above the figure", "number", "refused", outside_its_range),
    # units
    kind(
        "another unit in the unit column",
        "unit",
        "refused",
        in_cell(
            lambda c: c.name == "unit" and c.table in {"producers", "processors", "trade"},
            one_of("kg", "thousand metric tons", "t REO", "MTU", "lb"),
        ),
    ),
    kind("kg for t: outputs", "unit", "told", scaled(1000, "producers", "processors")),
    kind("kg for t: flows", "unit", "told", scaled(1000, "trade")),
    kind("kg for t: recipes", "unit", "told", scaled(1000, "recipes")),
    kind(
        "kt for t: greatest outputs",
        "unit",
        "told",
        scaled(0.001, "producers", "processors", lead=1),
    ),
    kind("thousand USD for USD: industries", "unit", "told", scaled(1000, "industries")),
    kind("million USD for USD: industries", "unit", "told", scaled(1e-6, "industries")),
    kind("USD/t for USD/kg: prices", "unit", "told", scaled(1000, "products")),
    kind("USD/kg for USD/t: prices", "unit", "told", scaled(0.001, "products")),
    kind("a parameter in another unit", "unit", "told", scaled(1000, "parameters")),
    kind("the world total in ROW", "unit", "told", world_total_in_rest),
    # names
    kind(
        "an unknown country",
        "name",
        "refused",
        in_cell(country, one_of("Ruritania", "ZZZ", "Chna")),
    ),
    kind(
        "an ambiguous country",
        "name",
        "refused",
        in_cell(country, one_of("Korea", "Congo", "Guinea-", "Sudan South North")),
    ),
    kind("a total or a group of countries", "name", "refused", in_cell(country, one_of(*NO_PLACE))),
    kind(
        "a look-alike letter in a country",
        "name",
        "refused",
        in_cell(lambda c: c.type == "country", twin),
    ),
    kind("a look-alike letter in an id", "name", "refused", in_cell(identity, twin)),
    kind("a misspelt id", "name", "refused", in_cell(identity, misspelt)),
    kind(
        "an invisible character in an id",
        "name",
        "refused",
        in_cell(identity, lambda t, r: t[:2] + r.choice("\u200b\u00a0\u00ad\u2060") + t[2:]),
    ),
    kind(
        "a source that is not there",
        "name",
        "refused",
        in_cell(citation, one_of("no_such_source", "usgs|no_such_source")),
    ),
    kind("a word in another case", "name", "refused", in_cell(word, lambda t, _: t.swapcase())),
    kind("a look-alike letter in a word", "name", "refused", in_cell(word, twin)),
    kind(
        "a misspelt parameter",
        "name",
        "told",
        in_cell(lambda c: c.table == "parameters" and c.name == "parameter", misspelt),
    ),
    kind(
        "a misspelt scope",
        "name",
        "refused",
        in_cell(
            lambda c: (c.table, c.name) == ("parameters", "scope"),
            lambda t, r: misspelt(t, r) if len(t) > 3 else t + "\u0410",
        ),
    ),
    kind(
        "a year of two digits or far away",
        "name",
        "refused",
        in_cell(lambda c: c.type == "year", one_of("24", "2204", "2024.0", "FY2024", "1066")),
    ),
    kind(
        "a required cell empty",
        "name",
        "refused",
        in_cell(lambda c: c.required and c.type != "text", one_of("", " ")),
    ),
    # rows together
    kind("a row twice", "rows", "refused", repeated),
    kind("a second row that contradicts", "rows", "refused", contradicted),
    kind("a row twice under two names", "rows", "refused", repeated_by_alias),
    kind("shares above the whole", "rows", "refused", above_the_whole),
    kind("a loop with a gain of 1 or more", "rows", "refused", loop),
    kind("a product that is its own input", "rows", "refused", own_input),
    kind("an input that nobody makes", "rows", "refused", maker_lost),
)


def _put(path: Path, data: bytes) -> None:
    path.write_bytes(data)
