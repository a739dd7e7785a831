"""The schema in the words of others: a data dictionary to read, a Frictionless package to validate.

Both are made from `schema.csv` alone (the package names the tables that a folder holds), so they
never disagree with what the loader asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from supplychain.schema import Column, TableSchema, schema
from supplychain.tables import Tables

ABOUT: Mapping[str, str] = MappingProxyType(
    {
        "sources": "A citable source.",
        "countries": "A country, its names and indices.",
        "minerals": "A mineral.",
        "products": "A tradable form of a mineral, a component, or an end industry.",
        "rules": "How rows are derived from a published table (`supplychain data build`).",
        "producers": "A country's output of a mined product.",
        "processors": "A country's output of a refined product or a component.",
        "totals": "World output of a product from an independent source, for comparison.",
        "industries": "A country's output and exports of an end industry.",
        "segments": "A slice of an industry's exports that needs the same inputs.",
        "recipes": "An input of a product or of a segment.",
        "other_uses": "Use of a product outside the modelled industries.",
        "trade": "Who buys a product from whom.",
        "stocks": "How long stocks last.",
        "parameters": "A constant of the model.",
        "markets": "How the price of a product answers to a shortage.",
        "substitutes": "What replaces an input, how fast and how far.",
        "recovery": "Extra supply from scrap or mine waste in a shortage.",
        "projects": "Capacity that is new after the baseline year.",
        "technologies": "Another way of making a product, how fast and how far it can be used.",
        "demand_classes": "The share of an industry's output that goes to buyers served first.",
        "controls": "A dated legal measure.",
        "content": "A family of goods within an industry's exports.",
        "content_flags": "The share of a family of goods that falls into a segment.",
        "concordances": "What a publisher's code or name stands for.",
        "interindustry": "A demonstration: who buys how much from which sector (2011).",
        "published_estimates": "What somebody else estimated (comparison only: no run reads it).",
        "episodes": "What was observed in a past restriction (comparison only: no run reads it).",
        "observed_exports": "Exports of cars and parts 2024-25 (comparison only: no run reads it).",
        "frozen_ranges": "What was predicted before looking (comparison only: no run reads it).",
    }
)
"""What one row of each table is."""

_MADE = "Made from the schema by `make documents`; do not edit."
_PEDIGREE = (
    "Every relation row has `year`, `source_id` and `evidence`: A read in an official source, "
    "B official but older or a share of a share, C press or one industry source, D assumption. "
    "`low` and `high` are the 10 and 90 % quantiles. A row with a `rule` is derived by "
    "`supplychain data build`; the others are written by hand. Shares are 0-1. A cell may be "
    "empty only where it is not required. Files are UTF-8 with commas and a decimal point."
)
_TYPES = {"number": "number", "share": "number", "year": "year", "date": "date"}


def as_markdown(tables: Tables) -> str:
    """The data dictionary: every table that the pack holds, every column."""
    there = [name for name, rows in tables.contents if rows]
    info = tables.info
    lines = [
        f"# Data dictionary of the pack {info.id}",
        "",
        f"{info.title}. Baseline year {info.baseline_year}. {_MADE}",
        "",
        _PEDIGREE,
        "",
        "| file | one row is | key |",
        "|---|---|---|",
    ]
    for name in there:
        key = ", ".join(f"`{column}`" for column in schema()[name].key)
        lines.append(f"| [`{name}.csv`](#{name}csv) | {ABOUT[name]} | {key} |")
    for name in there:
        lines += ["", f"## {name}.csv", "", ABOUT[name], ""]
        lines += ["| column | type | unit | allowed | meaning |", "|---|---|---|---|---|"]
        lines += [_line(column) for column in schema()[name].columns]
    return "\n".join(lines) + "\n"


def _line(column: Column) -> str:
    kind = column.type if column.required else f"{column.type}, optional"
    allowed = " ".join(column.allowed)
    if not allowed and column.minimum is not None and column.maximum is not None:
        allowed = f"{column.minimum:g} to {column.maximum:g}"
    if column.reference:
        allowed = f"`{'.'.join(column.reference)}`"
    text = column.description.replace("|", "\\|").replace("*", "\\*")
    return f"| `{column.name}` | {kind} | {column.unit} | {allowed} | {text} |"


def as_package(tables: Tables) -> dict[str, Any]:
    """The pack as a Frictionless data package (a descriptor for `datapackage.json`).

    References between tables are foreign keys where a cell holds one id; a cell that holds several
    joined by ``|`` is a string for Frictionless, and is checked by our own loader.
    """
    info = tables.info
    there = [name for name, rows in tables.contents if rows]
    open_sources = sorted(
        {
            (str(row["title"]), str(row["url"]))
            for row in tables.rows("sources")
            if row["embed"] == "yes" and row["url"]
        }
    )
    return {
        "profile": "tabular-data-package",
        "name": info.id or tables.folder,
        "title": info.title,
        "version": info.version,
        "sources": [{"title": title, "path": url} for title, url in open_sources],
        "resources": [_resource(schema()[name], set(there)) for name in there],
    }


def _resource(table: TableSchema, there: set[str]) -> dict[str, Any]:
    return {
        "name": table.name,
        "path": table.file,
        "profile": "tabular-data-resource",
        "description": ABOUT[table.name],
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "schema": {
            "fields": [_field(table, column) for column in table.columns],
            "missingValues": [""],
            **_keys(table, there),
        },
    }


def _keys(table: TableSchema, there: set[str]) -> dict[str, Any]:
    optional = {column.name for column in table.columns if not column.required}
    found: dict[str, Any] = {}
    if not optional & set(table.key):  # Frictionless wants a value in every part of a key
        found["primaryKey"] = list(table.key)
    foreign = [
        {
            "fields": column.name,
            "reference": {
                "resource": "" if column.reference[0] == table.name else column.reference[0],
                "fields": column.reference[1],
            },
        }
        for column in table.columns
        if column.reference and column.type in {"id", "country"} and column.reference[0] in there
    ]
    if foreign:
        found["foreignKeys"] = foreign
    return found


def _field(table: TableSchema, column: Column) -> dict[str, Any]:
    constraints: dict[str, Any] = {}
    if column.required:
        constraints["required"] = True
    if column.minimum is not None and column.type in {"number", "share"}:
        constraints["minimum"] = column.minimum
    if column.maximum is not None and column.type in {"number", "share"}:
        constraints["maximum"] = column.maximum
    if column.type == "enum":
        constraints["enum"] = list(column.allowed)
    if table.key == (column.name,):
        constraints["unique"] = True
    return {
        "name": column.name,
        "type": _TYPES.get(column.type, "string"),
        "description": column.description,
        **({"unit": column.unit} if column.unit else {}),
        **({"constraints": constraints} if constraints else {}),
    }
