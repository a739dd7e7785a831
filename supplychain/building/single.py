"""One import on its own: names of countries beside its codes, and flows as rows of `trade.csv`.

Uses the rule that the pack has for the product, on one file and those of the rule's years that it
holds (on all of its years where it holds none); a whole pack is the business of `rebuild`.
"""

from __future__ import annotations

from dataclasses import replace

from supplychain.building.flows import Setting, codes_of, from_trade
from supplychain.building.folder import as_text
from supplychain.building.places import NOBODY, places
from supplychain.building.rule import Rule, read_rule
from supplychain.errors import DataError, Fault, UnknownNameError, did_you_mean, nearest
from supplychain.importers import Extract, Remark
from supplychain.parameters import read_parameters
from supplychain.schema import Row, schema
from supplychain.tables import Tables

SCHEME = "baci_m49"
"""The naming scheme of trade statistics: M49 codes; iso3 codes stand for themselves."""

_IMPORTER = "importer"
_SHOWN = 8


def with_iso3(extract: Extract, tables: Tables) -> Extract:
    """Flows with the columns `exporter_iso3` and `importer_iso3`, empty where a code is unknown."""
    known = places(tables, SCHEME)
    frame, missing = extract.frame.copy(), set[str]()
    for side in ("exporter", "importer"):
        codes = {str(code): known.find(str(code)) for code in frame[side].unique()}
        missing.update(code for code, iso3 in codes.items() if iso3 is None)
        named = {code: "" if iso3 in {None, NOBODY} else iso3 for code, iso3 in codes.items()}
        frame[f"{side}_iso3"] = frame[side].map(named)
    remarks = extract.remarks
    if missing:
        shown = ", ".join(sorted(missing)[:_SHOWN])
        what = f"{len(missing)} codes without a country in concordances.csv ({SCHEME}): {shown}"
        remarks += (Remark("noted", extract.file, None, "", "", what),)
    return replace(extract, frame=frame, remarks=remarks)


def trade_codes(tables: Tables, product: str) -> tuple[str, ...]:
    """The HS codes of a product's trade rule.

    Raises:
        UnknownNameError: the pack knows no such product.
        DataError: it has no rule for its trade.
    """
    return tuple(codes_of(_rule(tables, product)))


def trade_rows(tables: Tables, product: str, extract: Extract) -> tuple[str, tuple[Remark, ...]]:
    """The flows of a file as rows of `trade.csv` in text, and what was left out of them.

    Raises:
        UnknownNameError, DataError: as `trade_codes`; or the flows do not fit the product.
    """
    rule = _rule(tables, product)
    frame, remarks = extract.frame, list[Remark]()
    if "reported_by" in frame and len(set(frame["reported_by"])) > 1:
        frame = frame[frame["reported_by"] == _IMPORTER]
        what = "flows as exporters report them, since importers report them too"
        remarks.append(rule.remark(extract.file, what))
    there = {int(year) for year in frame["year"]} or {rule.row["year"]}
    taken = there & set(rule.years) or there
    years = {"first_year": min(taken), "year": max(taken)}
    rule = replace(rule, row=Row(rule.row.table, rule.row.line, {**rule.row, **years}))
    flows = replace(extract, frame=frame)
    rows, said = from_trade(rule, flows, places(tables, SCHEME), _setting(tables, rule))
    if not rows:
        makers = "an exporter that makes the product, in producers.csv or processors.csv"
        raise rule.fault(f"gives no rows of {extract.file}", makers)
    unit = _product(tables, product)["unit"]
    text = as_text(
        tuple(column.name for column in schema()["trade"].columns),
        [{**row, "unit": str(unit)} for row in rows],
    )
    return text, (*extract.remarks, *remarks, *said)


def _product(tables: Tables, product: str) -> Row:
    found = {str(row["product"]): row for row in tables.rows("products")}
    if product not in found:
        raise UnknownNameError(product, "product", suggestions=nearest(product, found))
    return found[product]


def _rule(tables: Tables, product: str) -> Rule:
    _product(tables, product)
    rules = {str(r["product"]): r for r in tables.rows("rules") if r["table"] == "trade"}
    if product not in rules:
        fault = Fault(
            *("rules.csv", None, "product", product),
            *("has no rule for its trade", "", did_you_mean(nearest(product, rules))),
        )
        raise DataError(faults=(fault,))
    return read_rule(rules[product], read_parameters(tables))


def _setting(tables: Tables, rule: Rule) -> Setting:
    """As in `rebuild`, but nothing is by hand: the file alone speaks."""
    row = _product(tables, rule.product)
    price = row["price_usd_per_unit"]
    made = [*tables.rows("producers"), *tables.rows("processors")]
    return Setting(
        makers=frozenset(
            str(r["country"]) for r in made if r["product"] == rule.product and r["output"] > 0
        ),
        focus=frozenset(str(r["country"]) for r in tables.rows("industries")),
        by_hand=frozenset(),
        unit=str(row["unit"]),
        price=None if not price else (price, row["price_low"] or price, row["price_high"] or price),
    )
