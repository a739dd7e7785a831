"""The command `list`, and rows of anything as a table or as CSV."""

import csv
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import CsvFlag, DataOption, JsonFlag, console, load_world, print_json
from supplychain.errors import UnknownNameError, nearest

if TYPE_CHECKING:
    from supplychain.schema import Row
    from supplychain.world import World

Printed = Mapping[str, object]
"""A row to print, by column."""

_MILLION = 1e6
_KINDS = ("minerals", "products", "countries", "sectors", "scenarios")
_MINERAL = ("mineral", "name", "symbol", "group", "aliases")
_PRODUCT = ("product", "name", "stage", "group", "mineral", "unit")


def list_command(
    what: Annotated[
        str, typer.Argument(help="minerals, products, countries, sectors or scenarios.")
    ],
    *,
    data: DataOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """What there is to restrict, to count and to run."""
    if what not in _KINDS:
        raise UnknownNameError(what, "list", suggestions=nearest(what, _KINDS) or _KINDS)
    rows = _scenarios() if what == "scenarios" else _listed(load_world(data), what)
    if as_json:
        print_json({what: rows})
    elif as_csv:
        print_rows_csv(rows)
    else:
        print_rows(rows)


def _listed(world: "World", what: str) -> list[Printed]:
    """Rows of one list."""
    tables = world.tables
    match what:
        case "minerals":
            return [_cells(row, _MINERAL) for row in tables.rows("minerals")]
        case "products":
            return [_cells(row, _PRODUCT) for row in tables.rows("products")]
        case "countries":
            return _countries(world)
        case _:
            return _sectors(world)


def _cells(row: "Row", columns: Sequence[str]) -> Printed:
    """Some cells of a row, tuples as lists."""
    return {c: list(row[c]) if isinstance(row[c], tuple) else row[c] for c in columns}


def _countries(world: "World") -> list[Printed]:
    """The countries of the pack, and whether the network knows each of its own."""
    own = set(world.network.countries)
    return [
        {
            "country": r["iso3"],
            "name": r["name"],
            "region": r["region"],
            "in_network": r["iso3"] in own,
        }
        for r in world.tables.rows("countries")
    ]


def _sectors(world: "World") -> list[Printed]:
    """The export sectors of the pack."""
    names = {str(r["product"]): r["name"] for r in world.tables.rows("products")}
    return [
        {
            "country": r["country"],
            "sector": r["industry"],
            "name": names[str(r["industry"])],
            "exports_usd": r["exports_usd"],
            "year": r["year"],
            "evidence": r["evidence"],
        }
        for r in world.tables.rows("industries")
    ]


def _scenarios() -> list[Printed]:
    """The shipped scenarios."""
    from supplychain.scenario_file import load_scenario, scenario_ids

    found = [load_scenario(name) for name in scenario_ids()]
    return [
        {
            "scenario": s.id,
            "title": s.title,
            "start": s.start,
            "months": s.counted_months,
            "focus": list(s.focus),
        }
        for s in found
    ]


def as_text(value: object) -> str:
    """A cell as text."""
    if isinstance(value, (list, tuple)):
        return ", ".join(str(v) for v in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,.0f}" if isinstance(value, float) and abs(value) >= _MILLION else str(value)


def print_rows_csv(rows: Sequence[Printed]) -> None:
    """Rows as CSV; lists joined by |."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(rows[0] if rows else [])
    for row in rows:
        writer.writerow(["|".join(v) if isinstance(v, list) else v for v in row.values()])


def print_rows(rows: Sequence[Printed]) -> None:
    """Rows as a table for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in rows[0] if rows else []:
        table.add_column(column)
    for row in rows:
        table.add_row(*(as_text(v) for v in row.values()))
    console().print(table)
