"""Read a folder of CSV files into checked, frozen tables, or refuse it with every fault named.

The schema judges each cell; here rows are judged together: references, keys, units, bands,
recipes, shares that must not exceed the whole, names that must be unique. Knows nothing of
scenarios or graphs.
"""

from __future__ import annotations

import functools
import hashlib
import math
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Any

from supplychain import vocabulary
from supplychain.errors import (
    DataError,
    Fault,
    Refusal,
    containing,
    did_you_mean,
    folded,
    foreign_letter,
    is_aggregate,
    nearest,
    quoted,
)
from supplychain.schema import (
    MONTH,
    MOST_FAULTS,
    Column,
    Row,
    TableSchema,
    Value,
    read_rows,
    ref,
    schema,
)
from supplychain.tables import comparison, files

OPTIONAL = frozenset(
    {
        *("producers", "other_uses", "trade", "stocks", "substitutes", "controls"),
        *("rules", "content", "content_flags", "concordances", "interindustry", "totals"),
        *("recovery", "projects", "technologies", "demand_classes", "markets"),
        *comparison.TABLES,
    }
)
MAIN = vocabulary.MAIN_TECHNOLOGY
PACK_FILE = "pack.toml"
WHOLE = 1 + 1e-9  # a sum of shares may exceed the whole by rounding alone
EVERYONE = "*"
STRICTNESS = {"non_critical": 0, "important": 1, "critical": 2}
CLASSES = ("essentiality", "essentiality_low", "essentiality_high")
DEGREES = ("elasticity", "elasticity_low", "elasticity_high", "cost_share")
STAGES = (  # what a table may hold
    ("producers", "product", ("mine",)),
    ("processors", "product", ("refine", "component")),
    ("recovery", "product", ("refine", "component")),
    ("projects", "product", ("mine", "refine", "component")),
    ("industries", "industry", ("industry",)),
    ("segments", "industry", ("industry",)),
    ("demand_classes", "industry", ("industry",)),
)
SLICED = (  # columns that name a segment, with the industry that it is a slice of
    ("recipes", "output", "segment"),
    ("recipes", "input", "input_segment"),
    ("technologies", "output", "segment"),
    ("demand_classes", "industry", "segment"),
)
SCOPE_WORDS = frozenset(
    {"prior", "all_targets", "some_targets", *vocabulary.EVIDENCE, *vocabulary.STAGES, *STRICTNESS}
)
"""What a constant may apply to beside products, stages, countries and months."""
SCOPES = "*, a product, group, stage, country, pair (CHN>DEU), month or word of the model"
EXCEPTED = 2.0
"""A reason given in `totals.csv` explains a world output up to this factor."""
MONTH_NUMBER = re.compile("[1-9][0-9]{0,2}")
MOST_LINES = 8
TOTALS = (
    ("trade", ("importer", "product", "base")),
    ("other_uses", ("product",)),
    ("demand_classes", ("country", "industry", "segment")),
)


@dataclass(frozen=True, slots=True)
class PackInfo:
    """What a pack says of itself in `pack.toml` (the file, and each of its keys, is optional)."""

    id: str = ""
    title: str = ""
    version: str = ""
    baseline_year: int | None = None
    default_start: str = ""


@dataclass(frozen=True, slots=True)
class Tables:
    """All rows of a checked data pack, and the fingerprint of the bytes they were read from."""

    folder: str
    info: PackInfo
    sha256: str
    contents: tuple[tuple[str, tuple[Row, ...]], ...]

    def rows(self, table: str) -> tuple[Row, ...]:
        """The rows of one table in the order of its file; empty where the pack has no such file.

        Raises:
            KeyError: the schema has no table of that name.
        """
        return dict(self.contents)[table]

    def plus(self, table: str, rows: Sequence[Row]) -> Tables:
        """The same tables with more rows in one; the fingerprint stays that of what was read."""
        whole = dict(self.contents)
        whole[table] += tuple(rows)
        return replace(self, contents=tuple(whole.items()))

    def baseline_recipes(self) -> tuple[Row, ...]:
        """The recipes by which the baseline is made; alternatives to them are left out."""
        rows = self.rows("recipes")
        return tuple(row for row in rows if row["technology"] == MAIN)


def load_tables(folder: Path, *, unbuilt: bool = False) -> Tables:
    """Read and check a data pack.

    Args:
        folder: the pack.
        unbuilt: the pack is about to be built: rows that a rule derives are left out, and a
            segment that `content_flags.csv` names may lack its row in `segments.csv`.

    Raises:
        DataError: the folder is no pack that may be used; the error names every fault.
    """
    tables, faults = _examine(Path(folder), unbuilt=unbuilt)
    if faults:
        raise DataError(faults=faults)
    return tables


def check_folder(folder: Path) -> tuple[Fault, ...]:
    """Every fault of a data pack, file by file; empty where it may be used."""
    return _examine(Path(folder), unbuilt=False)[1]


@dataclass(slots=True)
class _Bench:
    """The work bench of one reading: what has been read so far, and what is wrong with it."""

    rows: dict[str, tuple[Row, ...]] = field(default_factory=dict)
    known: dict[tuple[str, str], dict[str, Row]] = field(default_factory=dict)
    countries: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unbuilt: bool = False

    def each(self, *tables: str) -> Iterator[Row]:
        """The rows of some tables, table by table."""
        for table in tables:
            yield from self.rows.get(table, ())

    def trait(self, row: Row, column: str, trait: str) -> str:
        """What `products.csv` says of the product that a cell names (empty where unknown)."""
        product = self.known.get(("products", "product"), {}).get(row.get(column, ""))
        return str(product.get(trait, "")) if product else ""


def _examine(folder: Path, *, unbuilt: bool) -> tuple[Tables, tuple[Fault, ...]]:
    bench = _Bench(unbuilt=unbuilt)
    declared = {table.file for table in schema().values()}
    optional = {PACK_FILE, *(f"{name}.csv" for name in OPTIONAL)}
    contents = dict(files.contents(folder, {*declared, PACK_FILE}, optional, bench.faults))
    info = _pack_info(contents.get(PACK_FILE, b""), folder, bench.faults)
    for table in schema().values():  # the order of the schema: what is referred to comes first
        if table.file in contents:
            judge = functools.partial(_judge, bench)
            bench.rows[table.name], faults = read_rows(table, contents[table.file], judge)
            bench.faults.extend(faults)
            if unbuilt and table.name != "rules":  # derived rows are about to be made again
                by_hand = (row for row in bench.rows[table.name] if not row.get("rule"))
                bench.rows[table.name] = tuple(by_hand)
            _remember(table, bench)
    for rule in RULES:
        bench.faults.extend(islice(rule(bench), MOST_FAULTS))
    order = {table.file: place for place, table in enumerate(schema().values())}
    bench.faults.sort(key=lambda fault: (order.get(fault.file, -1), fault.row or 0))
    digest = hashlib.sha256()
    for name, data in sorted(contents.items()):
        digest.update(f"{name}\0{len(data)}\0".encode() + data)
    rows = tuple((name, bench.rows.get(name, ())) for name in schema())
    return Tables(folder.resolve().name, info, digest.hexdigest(), rows), tuple(bench.faults)


def _pack_info(data: bytes, folder: Path, faults: list[Fault]) -> PackInfo:
    kinds = {f.name: int if f.name == "baseline_year" else str for f in fields(PackInfo)}
    given: dict[str, Any]
    try:
        given = tomllib.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:  # wrong encoding or syntax, endless nesting
        faults.append(Fault(PACK_FILE, None, "", "", f"is not TOML in UTF-8: {error}"))
        return PackInfo()
    wrong: list[Fault] = []
    for key, value in given.items():
        if key not in kinds:
            refusal = Refusal("is not a key", ", ".join(kinds), did_you_mean(nearest(key, kinds)))
            wrong.append(refusal.at(PACK_FILE, None, "", key))
        elif type(value) is not kinds[key]:
            want = "a whole number" if kinds[key] is int else "a text in quotes"
            wrong.append(Fault(PACK_FILE, None, key, str(value), "is of the wrong type", want))
        elif key == "default_start" and not MONTH.fullmatch(str(value)):
            wrong.append(Fault(PACK_FILE, None, key, str(value), "is not a month", "YYYY-MM"))
    faults.extend(wrong)
    return PackInfo() if wrong else PackInfo(**{"id": folder.resolve().name, **given})


def _judge(bench: _Bench, column: Column, value: Value) -> Value | Refusal:
    """Resolve a country, and see that what a cell refers to is there."""
    if column.type in {"country", "scope"}:
        return _country(bench, str(value), everyone=column.type == "scope")
    if column.reference is None:
        return value
    known = bench.known.get(column.reference)
    if known is None and column.reference[0] in OPTIONAL:
        return Refusal(f"names a row of {column.reference[0]}.csv, which was not read")
    if not known:
        return value  # the file is missing or broken, which is told already
    for item in value if isinstance(value, tuple) else (str(value),):
        if item not in known:
            problem = "is not in" if item == value else f"names {quoted(item)}, which is not in"
            near = did_you_mean(nearest(item, known))
            return Refusal(f"{problem} {column.reference[0]}.csv", mend=near)
    return value


def _country(bench: _Bench, text: str, *, everyone: bool) -> str | Refusal:
    if (everyone and text == EVERYONE) or not bench.countries:
        return text
    if iso3 := bench.countries.get(folded(text)):
        return iso3
    allowed = "a name, code or alias of countries.csv" + (" or *" if everyone else "")
    if letter := foreign_letter(text):
        return Refusal(f"holds {letter}", allowed, "Type it anew in Latin letters.")
    if is_aggregate(text):
        mend = "Delete a total; give what no other row names to ROW, once."
        return Refusal("is a total or a group, not a country", allowed, mend)
    several = sorted({bench.countries[name] for name in containing(text, bench.countries)})
    if len(several) > 1:
        return Refusal("is ambiguous", allowed, did_you_mean(several[:5]))
    near = dict.fromkeys(bench.countries[n] for n in nearest(folded(text), bench.countries))
    return Refusal("is not in countries.csv", allowed, did_you_mean([*several, *near][:3]))


def _remember(table: TableSchema, bench: _Bench) -> None:
    """Keep the ids of a table for the references to it, and the names of the countries."""
    for column in table.columns:
        if column.type == "id" and column.key:
            rows = {r[column.name]: r for r in bench.rows[table.name] if column.name in r}
            bench.known[table.name, column.name] = rows
    for row in bench.rows["countries"] if table.name == "countries" else ():
        for _, name in _called(row):
            bench.countries.setdefault(folded(name), row.get("iso3", name))


def _called(row: Row) -> Iterator[tuple[str, str]]:
    """Everything that a country, mineral or product is called, each with its column."""
    for column in (*schema()[row.table].key, "name"):
        if column in row:
            yield column, row[column]
    for alias in row.get("aliases", ()):
        yield "aliases", alias


# Rules that join cells, rows and tables. A cell that was refused is absent from its row. ----------


def _fault(row: Row, column: str, problem: str, allowed: str = "", mend: str = "") -> Fault:
    value = row.get(column)
    text = "|".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
    return Fault(row.file, row.line, column, text, problem, allowed, mend)


def _keys(bench: _Bench) -> Iterator[Fault]:
    for table, rows in bench.rows.items():
        key = schema()[table].key
        first: dict[tuple[Value, ...], Row] = {}
        for row in rows:
            if all(column in row for column in key):
                same = first.setdefault(tuple(row[column] for column in key), row)
                if same is not row:
                    verb = "repeats" if same == row else "contradicts"
                    problem = f"{verb} row {same.line}, which has the same {', '.join(key)}"
                    yield _fault(row, key[0], problem, mend="Keep one of the two.")


def _products(bench: _Bench) -> Iterator[Fault]:
    """Units that are not the product's; products at a stage that the table does not hold."""
    for row in bench.each("producers", "processors", "projects", "trade", "totals"):
        unit = bench.trait(row, "product", "unit")
        if unit and row.get("unit", unit) != unit:
            yield _fault(row, "unit", f"is not the unit of {row['product']}", unit)
    for table, column, stages in STAGES:
        for row in bench.each(table):
            stage = bench.trait(row, column, "stage")
            if stage and stage not in stages:
                yield _fault(row, column, f"is of stage {stage}", f"stage {' or '.join(stages)}")


def _recipes(bench: _Bench) -> Iterator[Fault]:
    for row in bench.each("recipes"):
        if row.get("output", "") == row.get("input"):
            yield _fault(row, "input", "is its own output")
        if {"relation", *CLASSES, *DEGREES} <= row.keys():
            yield from _binding(row)


def _segments(bench: _Bench) -> Iterator[Fault]:
    """Segments that are named and not declared."""
    declared = ("segments", "content_flags") if bench.unbuilt else ("segments",)
    slices = {(row.get("industry"), row.get("segment", "")) for row in bench.each(*declared)}
    for table, user, column in SLICED:
        for row in bench.each(table):
            if row.get(column) and user in row and (row[user], row[column]) not in slices:
                near = nearest(row[column], (s for industry, s in slices if industry == row[user]))
                problem = f"is no segment of {row[user]} in segments.csv"
                yield _fault(row, column, problem, mend=did_you_mean(near))


def _technologies(bench: _Bench) -> Iterator[Fault]:
    """Ways of making a product that one table has and the other has not.

    A misspelt `main` would drop an input from the baseline without a word.
    """
    place = ("output", "segment", "technology")
    made = {tuple(row.get(name) for name in place) for row in bench.each("recipes")}
    declared = [tuple(row.get(name) for name in place) for row in bench.each("technologies")]
    for row in (row for row in bench.each("recipes") if row.keys() >= {*place}):
        technology = row["technology"]
        if technology != MAIN and tuple(row[name] for name in place) not in declared:
            near = did_you_mean(nearest(technology, (MAIN, *(t for *_, t in declared if t))))
            problem = "is neither main nor an alternative of technologies.csv"
            yield _fault(row, "technology", problem, mend=near)
    for row in (row for row in bench.each("technologies") if row.keys() >= {*place}):
        if row["technology"] == MAIN:
            yield _fault(row, "technology", "is the baseline, not an alternative to it")
        elif (row["output"], row["segment"], MAIN) not in made:
            yield _fault(row, "output", "has no main recipe to which this is an alternative")


def _binding(row: Row) -> Iterator[Fault]:
    """How an input binds: by a class or an elasticity, never both; a host or basket by neither."""
    given = {name for name in (*CLASSES, *DEGREES) if row[name] not in (None, "")}
    wanted: tuple[str, ...] = ()
    if row["relation"] == "input":
        wanted = CLASSES if "essentiality" in given else DEGREES
        if "elasticity" not in given and wanted != CLASSES:
            yield _fault(row, "essentiality", "is empty, as is the elasticity", "one of the two")
            return
    for name in (*CLASSES, *DEGREES):
        beside = f"{wanted[0]} {row[wanted[0]]}" if wanted else f"relation {row['relation']}"
        if name in given and name not in wanted:
            yield _fault(row, name, f"stands beside {beside}", mend="Empty one of the two.")
        elif name in wanted and name not in given:
            yield _fault(row, name, f"is empty beside {beside}")
    value, low, high = (STRICTNESS.get(row[name]) for name in CLASSES)
    if value is not None and low is not None and high is not None and not low <= value <= high:
        yield _fault(row, "essentiality", "is milder than its low or stricter than its high")


def _trade(bench: _Bench) -> Iterator[Fault]:
    columns = ("quantity", "share", "base")
    for row in (row for row in bench.each("trade") if row.keys() >= {*columns}):
        quantity, share, base = (row[name] for name in columns)
        if (quantity is None) == (share is None):
            problem = "is empty, as is the share" if share is None else f"is beside share {share}"
            yield _fault(row, "quantity", problem, "one of the two")
        elif (share is None) == bool(base):
            problem = "stands beside a quantity" if base else "is empty beside a share"
            yield _fault(row, "base", problem, "imports or use for a share, empty for a quantity")
        if share is not None and (row.get("high") or 0) > 1:
            yield _fault(row, "high", "is above 1 beside a share", "0 to 1")


def _totals(bench: _Bench) -> Iterator[Fault]:
    """Shares of one whole that add up to more than the whole."""
    wholes: dict[tuple[str, ...], list[Row]] = {}
    for table, group in TOTALS:
        for row in bench.each(table):
            if row.get("share") is not None and all(name in row for name in group):
                wholes.setdefault((table, *(str(row[name]) for name in group)), []).append(row)
    slices: dict[tuple[str, str], dict[str, Row]] = {}
    for row in bench.each("segments"):
        if {"country", "industry", "segment", "share"} <= row.keys():
            slices.setdefault((row["country"], row["industry"]), {})[row["segment"]] = row
    for (country, industry), own in slices.items():
        # a slice without a row of the country's own has the row of everyone
        full = {**slices.get((EVERYONE, industry), {}), **own}
        wholes["segments", country, industry] = list(full.values())
    for whole, rows in wholes.items():
        total = math.fsum(row["share"] for row in rows)
        if total > WHOLE:
            lines = ", ".join(str(row.line) for row in rows[:MOST_LINES])
            lines += ", ..." if len(rows) > MOST_LINES else ""
            name = " ".join(part for part in whole[1:] if part)
            problem = f"is the sum of the shares of {name} (rows {lines})"
            last = max(rows, key=lambda row: row.line)
            yield Refusal(problem, "at most 1").at(last.file, last.line, "share", f"{total:.12g}")


def _world_totals(bench: _Bench) -> Iterator[Fault]:
    """Outputs that do not add up to the independent total that the pack itself declares.

    A gap needs a reason in the column `exception`; a reason explains a factor of two, no more.
    """
    made: dict[str, list[float]] = {}
    outputs = () if bench.unbuilt else bench.each("producers", "processors")
    for row in outputs:
        if "product" in row and row.get("output") is not None:
            made.setdefault(row["product"], []).append(row["output"])
    for row in bench.each("totals"):
        if not {"product", "total", "tolerance"} <= row.keys() or row["product"] not in made:
            continue
        summed, total = math.fsum(made[row["product"]]), row["total"]
        most = EXCEPTED if row.get("exception") else 1 + row["tolerance"]
        least = 1 / EXCEPTED if row.get("exception") else 1 - row["tolerance"]
        if not least * total <= summed <= most * total:
            problem = f"is the world total, and the rows of {row['product']} add up to {summed:.6g}"
            allowed = f"{least * total:.6g} to {most * total:.6g}"
            mend = (
                "Look for a wrong unit or a missing maker; a gap that is real needs an exception."
            )
            yield _fault(row, "total", problem, allowed, mend)


def _names(bench: _Bench) -> Iterator[Fault]:
    """Names that two entries share; groups that are called like an entry; ill-formed codes."""
    owner: dict[str, Row] = {}
    for row in bench.each("countries", "minerals", "products"):
        for column, name in _called(row):
            other = owner.setdefault(folded(name), row)
            if (other.table, *next(_called(other))) != (row.table, *next(_called(row))):
                refusal = Refusal(f"is also a name in {ref(other)}", "a name of one entry only")
                yield refusal.at(row.file, row.line, column, name)
        if not re.fullmatch("[A-Z]{3}", row.get("iso3", "ROW")):
            yield _fault(row, "iso3", "is not an alpha-3 code", "three capital letters")
    for row in bench.each("products"):
        if row.get("group") and (same := owner.get(folded(row["group"]))):
            yield _fault(row, "group", f"is also a name in {ref(same)}", "a name of its own")


def _scopes(bench: _Bench) -> Iterator[Fault]:
    """Cells that hold a name or a sign: users and products of stocks, scopes of constants."""
    products = bench.known.get(("products", "product"), {})
    for row in bench.each("stocks", "substitutes"):
        for column in ("user", "product"):
            signs = {EVERYONE, "-"} if row.get("holder") == "public" else {EVERYONE}
            if products and row.get(column, EVERYONE) not in products.keys() | signs:
                near = did_you_mean(nearest(row[column], products))
                yield _fault(row, column, "is not in products.csv", mend=near)
    for row in bench.each("markets"):
        if products and row.get("product", EVERYONE) not in {*products, *vocabulary.STAGES, "*"}:
            near = did_you_mean(nearest(row["product"], [*products, *vocabulary.STAGES]))
            yield _fault(row, "product", "is neither a product nor a stage", mend=near)
    known = {EVERYONE, *SCOPE_WORDS, *(name for ids in bench.known.values() for name in ids)}
    known |= {row.get(trait, "") for row in products.values() for trait in ("group", "stage")}
    for row in bench.each("parameters"):  # a misspelt scope would go unnoticed: `*` would hold
        for part in row.get("scope", "").split(">"):
            if products and part not in known and not MONTH_NUMBER.fullmatch(part):
                letter = f" and holds {found}" if (found := foreign_letter(part)) else ""
                near = did_you_mean(nearest(part, known))
                yield _fault(row, "scope", f"is no scope{letter}", SCOPES, near)


def _references(bench: _Bench) -> Iterator[Fault]:
    """Lists that name rows of their own table, or countries or everyone; dates in disorder."""
    minerals = bench.known.get(("minerals", "mineral"), {})
    for row in bench.each("minerals"):
        for item in row.get("byproduct_of", ()):
            if item not in minerals:
                near = did_you_mean(nearest(item, minerals))
                refusal = Refusal("names a mineral that is not in minerals.csv", mend=near)
                yield refusal.at(row.file, row.line, "byproduct_of", item)
    for row in bench.each("controls"):
        for item in row.get("targets", ()):
            if isinstance(found := _country(bench, item, everyone=True), Refusal):
                yield found.at(row.file, row.line, "targets", item)
        for first, last in (("start", "end"), ("suspended_from", "suspended_to")):
            if row.get(first) and row.get(last) and row[last] < row[first]:
                yield _fault(row, last, f"lies before {first} {row[first]}")


def _comparison(bench: _Bench) -> Iterator[Fault]:
    return comparison.faults(bench.rows)


RULES = (
    _keys,
    _products,
    _recipes,
    _segments,
    _technologies,
    _trade,
    _totals,
    _world_totals,
    _names,
    _scopes,
    _references,
    _comparison,
)
