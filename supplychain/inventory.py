"""What a pack holds and on what it rests: coverage by mineral and stage, evidence by chain.

Counts rows and shares of stated figures. How much of a *result* rests on which grade is said by the
result itself; this is about the tables, before anything is simulated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from supplychain.schema import Row, ref
from supplychain.tables import Tables
from supplychain.vocabulary import EVIDENCE, REST_OF_WORLD, STAGES, worst_evidence

ASSUMED = EVIDENCE[-1]
_OUTPUT_TABLES = ("producers", "processors")
_RELATIONS = ("recipes", "trade", "stocks", "substitutes", "other_uses", "segments")
LIFTS: Mapping[str, str] = {
    "segments": "exports of the industry by HS6 code, and which of them hold the input",
    "stocks": "a survey of stock cover at plants, or inventories in company reports",
    "trade": "customs data of the importer by partner, in a code that holds this product alone",
    "processors": "plant capacities and output of that country (company or industry reports)",
    "recipes": "bills of material, or use by sector from input-output or survey data",
    "producers": "production statistics of that country, or a second world table",
    "substitutes": "observed substitution in a past shortage, or engineering studies",
    "other_uses": "consumption of the product by country",
}


@dataclass(frozen=True, slots=True)
class StageLine:
    """One mineral at one stage.

    Attributes:
        rows: output rows.
        countries: countries with output of their own (the rest of the world is none).
        explained: share of world output that stands under a named country.
        worst: weakest grade among the output rows; empty without rows.
    """

    mineral: str
    stage: str
    products: tuple[str, ...]
    rows: int
    countries: int
    explained: float
    worst: str


@dataclass(frozen=True, slots=True)
class ChainLine:
    """Everything that the pack says along the chain of one mineral.

    Attributes:
        rows: rows about the mineral's products, and about what is made of them.
        by_grade: how many rows have each grade.
        lifts: the assumed rows that matter most, each with its table; what would replace them by
            a source stands in `LIFTS`.
    """

    mineral: str
    rows: int
    by_grade: Mapping[str, int]
    lifts: tuple[tuple[str, str], ...]

    @property
    def assumed(self) -> float:
        """Share of the rows that are assumptions."""
        return self.by_grade.get(ASSUMED, 0) / self.rows if self.rows else 0.0


def stages(tables: Tables) -> tuple[StageLine, ...]:
    """Coverage by mineral and stage, in the order of `minerals.csv`."""
    outputs = _by_product(tables, _OUTPUT_TABLES)
    found = []
    for mineral in tables.rows("minerals"):
        own = {stage: list[str]() for stage in STAGES[:-1]}
        for row in tables.rows("products"):
            if row["mineral"] == mineral["mineral"] or mineral["mineral"] in row["semi_of"]:
                own[row["stage"]].append(row["product"])
        for stage, products in own.items():
            rows = [row for product in products for row in outputs.get(product, ())]
            if products:
                found.append(_stage_line(mineral["mineral"], stage, products, rows))
    return tuple(found)


def _stage_line(
    mineral: str, stage: str, products: Sequence[str], rows: Sequence[Row]
) -> StageLine:
    shares = []
    for product in products:
        of_product = [row for row in rows if row["product"] == product]
        total = sum(row["output"] for row in of_product)
        named = sum(row["output"] for row in of_product if row["country"] != REST_OF_WORLD)
        shares.append(named / total if total else 0.0)
    countries = {row["country"] for row in rows} - {REST_OF_WORLD}
    worst = worst_evidence(*(row["evidence"] for row in rows)) if rows else ""
    explained = min(shares, default=0.0)
    return StageLine(mineral, stage, tuple(products), len(rows), len(countries), explained, worst)


def chains(tables: Tables, *, most: int = 3) -> tuple[ChainLine, ...]:
    """Evidence along the chain of each mineral, in the order of `minerals.csv`."""
    users: dict[str, set[str]] = {}
    for row in tables.baseline_recipes():
        users.setdefault(_node(row, "input"), set()).add(_node(row, "output"))
    rows = list(_weighted(tables))
    found = []
    for mineral in tables.rows("minerals"):
        own = (p for p in tables.rows("products") if p["mineral"] == mineral["mineral"])
        reach = _reach((p["product"] for p in own), users)
        here = [(weight, row) for weight, row, about in rows if about in reach]
        grades = [row["evidence"] for _, row in here]
        by_grade: dict[str, int] = {grade: grades.count(grade) for grade in EVIDENCE}
        lifts = _lifts(here)[:most]
        found.append(ChainLine(mineral["mineral"], len(here), by_grade, lifts))
    return tuple(found)


def _lifts(here: Iterable[tuple[float, Row]]) -> tuple[tuple[str, str], ...]:
    """The heaviest assumption of each table, the tables that decide most first."""
    heaviest: dict[str, tuple[float, Row]] = {}
    for weight, row in here:
        if row["evidence"] == ASSUMED and weight > heaviest.get(row.table, (0.0, row))[0]:
            heaviest[row.table] = (weight, row)
    rows = [heaviest[table][1] for table in LIFTS if table in heaviest]
    return tuple((f"{ref(row)} {_key(row)}", row.table) for row in rows)


def _key(row: Row) -> str:
    """What a row is about, in the words of its key."""
    about = ("output", "segment", "input") if row.table == "recipes" else ("industry", "segment")
    columns = ("country", "exporter", "importer", "product", *about)
    return " ".join(str(row[column]) for column in columns if row.get(column))


def _node(row: Row, column: str) -> str:
    """A product, or a segment of an industry, as a recipe names it."""
    segment = row["segment" if column == "output" else "input_segment"]
    return f"{row[column]}/{segment}" if segment else str(row[column])


def _reach(start: Iterable[str], users: Mapping[str, set[str]]) -> set[str]:
    """Products that are made of some products, and those themselves."""
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        product = waiting.pop()
        if product not in seen:
            seen.add(product)
            waiting.extend(users.get(product, ()))
    return seen


def _weighted(tables: Tables) -> Iterator[tuple[float, Row, str]]:
    """Weight, row and the product (or segment) that each row is about.

    The weight orders the assumptions of a chain: the share of world output or of a flow that the
    row states, the share of exports that a segment holds (twice, since it decides most), the width
    of what is known of a stock.
    """
    outputs = _by_product(tables, _OUTPUT_TABLES)
    totals = {product: sum(row["output"] for row in rows) for product, rows in outputs.items()}
    for table in (*_OUTPUT_TABLES, *_RELATIONS):
        for row in tables.rows(table):
            yield _weight(row, totals), row, _about(row)


def _weight(row: Row, totals: Mapping[str, float]) -> float:
    match row.table:
        case "producers" | "processors":
            return float(row["output"]) / (totals[row["product"]] or 1.0)
        case "segments":
            return 2.0 * float(row["share"])
        case "trade":
            return 0.5 * float(row["share"] or 0.5)
        case "stocks":
            return 1.0 if row["country"] == "*" else 0.5
        case "recipes":
            return 1.0 if row["essentiality"] == "critical" else 0.5
        case _:
            return 0.1


def _about(row: Row) -> str:
    if row.table == "segments":
        return f"{row['industry']}/{row['segment']}"
    return _node(row, "input") if row.table == "recipes" else str(row["product"])


def _by_product(tables: Tables, names: Iterable[str]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for name in names:
        for row in tables.rows(name):
            found.setdefault(row["product"], []).append(row)
    return found


def gaps(tables: Tables) -> tuple[str, ...]:
    """What the chains of a pack still lack, with the table that would fill the gap.

    Minerals without a product; products without makers, users, trade or stocks. A run fills such
    gaps by proportion, or has nothing to say.
    """
    made = set(_by_product(tables, _OUTPUT_TABLES))
    used = {row["input"] for row in tables.baseline_recipes()}
    used |= {row["product"] for row in tables.rows("other_uses")}
    traded = {row["product"] for row in tables.rows("trade")}
    private = [row for row in tables.rows("stocks") if row["holder"] == "private"]
    held = {row["product"] for row in private}
    formed = {row["mineral"] for row in tables.rows("products")}
    found = [
        f"{row['mineral']}: no product (products.csv)"
        for row in tables.rows("minerals")
        if row["mineral"] not in formed
    ]
    for row in tables.rows("products"):
        if row["stage"] == STAGES[-1]:
            continue
        product = row["product"]
        lacks = [
            what
            for what, there in (
                ("maker (producers.csv, processors.csv)", product in made),
                ("user (recipes.csv, other_uses.csv)", product in used),
                ("trade (trade.csv; flows then follow output)", product in traded),
                ("stock (stocks.csv; plants then stop at once)", bool(held & {product, "*"})),
            )
            if not there
        ]
        if lacks:
            found.append(f"{product}: no {', no '.join(lacks)}")
    return tuple(found)


def without_pedigree(tables: Tables) -> tuple[str, ...]:
    """Rows that lack a source, a year or a grade although their table has the column.

    The schema requires all three, so a loaded pack has none; the count is shown because readers
    ask for it.
    """
    return tuple(
        ref(row)
        for name, rows in tables.contents
        if name != "sources"
        for row in rows
        if any(column in row and not row[column] for column in ("source_id", "year", "evidence"))
    )
