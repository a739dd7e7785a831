"""What others estimated, what happened and what was predicted: rows for comparison.

No run reads these tables. What is judged here is whether a row can be compared at all: what it
names is known to the pack, and it holds a figure. Scenario files are not looked for: a pack knows
none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from supplychain.errors import Fault, Refusal, did_you_mean, nearest, quoted
from supplychain.schema import Row

ESTIMATES, EPISODES, EXPORTS = "published_estimates", "episodes", "observed_exports"
RANGES = "frozen_ranges"
TABLES = (ESTIMATES, EPISODES, EXPORTS, RANGES)
EVERYTHING = "*"
AGGREGATES = frozenset({EVERYTHING, "economy", "manufacturing", "market"})
"""What a figure may be about beside industries and products of the pack."""

FIGURES = {ESTIMATES: ("central", "low", "high"), EXPORTS: ("value", "yoy_share")}
PERIOD = ("first_month", "last_month")
SPANS = {EPISODES: (("start", "end"), PERIOD), EXPORTS: (PERIOD,)}


def faults(rows: Mapping[str, Sequence[Row]]) -> Iterator[Fault]:
    """Rows for comparison that name what the pack does not know, or hold nothing to compare.

    Args:
        rows: all rows of a pack by table; a cell that was refused is absent from its row.
    """
    products = _words(rows, "products", "product", "group")
    known = {
        "items": products | _words(rows, "minerals", "mineral", "group") | {EVERYTHING},
        "sectors": products | AGGREGATES,
        "countries": (places := _words(rows, "countries", "iso3", "blocs") | {EVERYTHING}),
        "partners": places,
    }
    for table in TABLES:
        for row in rows.get(table, ()):
            for column in known.keys() & row.keys():
                yield from _unknown(row, column, known[column])
            yield from _incomplete(row)
            yield from _disordered(row)


def _words(rows: Mapping[str, Sequence[Row]], table: str, *columns: str) -> frozenset[str]:
    found: set[str] = set()
    for row in rows.get(table, ()):
        for cell in (row.get(column) or () for column in columns):
            found.update((cell,) if isinstance(cell, str) else cell)
    return frozenset(found)


def _unknown(row: Row, column: str, known: Collection[str]) -> Iterator[Fault]:
    for item in row[column]:
        if item not in known:
            near = did_you_mean(nearest(item, known))
            problem = f"names {quoted(item)}, which the pack does not know"
            yield _at(row, column, Refusal(problem, mend=near))


def _incomplete(row: Row) -> Iterator[Fault]:
    figures = FIGURES.get(row.table, ())
    if figures and all(row.get(column, 0) is None for column in figures):
        yield _at(row, figures[0], Refusal("is empty", f"one of {', '.join(figures)}"))
    if row.get("scenario") == "" and row.get("note") == "":
        mend = "Name the scenario file, or say in the note why there is none."
        yield _at(row, "scenario", Refusal("is empty, as is the note", mend=mend))


def _disordered(row: Row) -> Iterator[Fault]:
    for first, last in SPANS.get(row.table, ()):
        if row.get(first) and row.get(last) and row[last] < row[first]:
            yield _at(row, last, Refusal(f"lies before {first} {row[first]}"))


def _at(row: Row, column: str, refusal: Refusal) -> Fault:
    value = row.get(column)
    text = "|".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
    return refusal.at(row.file, row.line, column, text)
