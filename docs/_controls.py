"""The measures of the pack as one table for people.

``python docs/_controls.py`` writes it between the marks of `docs/controls.md`; `table` is for
whoever writes all documents again.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from supplychain.tables import Row, Tables, load_tables

HOUSE = Path(__file__).resolve().parent.parent
PAGE = HOUSE / "docs" / "controls.md"
BLOCK = re.compile(r"(<!-- table: controls -->\n).*?(<!-- /table -->)", re.DOTALL)
FIRST = "CHN"
ALIKE = ("actor", "title", "targets", "kind", "start", "suspended_from", "suspended_to", "end")
HEAD = (
    "| by | measure | kind | minerals | products of the pack | towards | in force | grade |\n"
    "|---|---|---|---|---|---|---|---|\n"
)


def table(tables: Tables) -> str:
    """One line per measure: China first, then by country; within a country by first day."""
    names = {str(r["iso3"]): str(r["name"]) for r in tables.rows("countries")}
    rows = sorted(tables.rows("controls"), key=_order)
    lines = (_line(list(alike), names) for _, alike in groupby(rows, key=_order))
    return HEAD + "".join(lines)


def _order(row: Row) -> tuple[str, ...]:
    """Rows of one measure that differ by mineral alone stand together."""
    actor = str(row["actor"])
    told = (str(row[column]) for column in ALIKE)
    return ("" if actor == FIRST else actor, str(row["start"]), str(row["control_id"]), *told)


def _line(rows: Sequence[Row], names: dict[str, str]) -> str:
    """One measure; its weakest grade."""
    first = rows[0]
    title = f"[{first['title']}]({first['url']})" if first["url"] else str(first["title"])
    cells = (
        names.get(str(first["actor"]), str(first["actor"])),
        title.replace("|", "/"),
        str(first["kind"]),
        ", ".join(_each(rows, "minerals")),
        ", ".join(_products(rows)),
        ", ".join("all" if t == "*" else names.get(t, t) for t in _each(rows[:1], "targets")),
        _days(first),
        max(str(r["evidence"]) for r in rows),
    )
    return f"| {' | '.join(cells)} |\n"


def _each(rows: Iterable[Row], column: str) -> list[str]:
    """What a column of lists names, each once."""
    return list(dict.fromkeys(str(item) for row in rows for item in row[column]))


def _products(rows: Sequence[Row]) -> list[str]:
    """Products; one word where every mineral is named in the same form."""
    forms = {
        tuple(str(p).removeprefix(f"{mineral}_") for p in row["products"])
        for row in rows
        for mineral in row["minerals"]
    }
    same = forms.pop() if len(rows) > 1 and len(forms) == 1 else ()
    products = _each(rows, "products")
    if same and not set(same) & set(products):
        return [f"their `{form}`" for form in same]
    return [f"`{product}`" for product in products]


def _days(row: Row) -> str:
    """First and last day, and the days in between that do not count."""
    days = f"{row['start']} to {row['end']}" if row["end"] else f"since {row['start']}"
    if row["suspended_from"]:
        days += f", suspended {row['suspended_from']} to {row['suspended_to'] or 'today'}"
    return days


def main() -> None:
    """Write the table of the shipped pack into its page."""
    text = PAGE.read_text(encoding="utf-8")
    new = table(load_tables(HOUSE / "data"))
    PAGE.write_text(BLOCK.sub(lambda found: found[1] + new + found[2], text), encoding="utf-8")


if __name__ == "__main__":
    main()
