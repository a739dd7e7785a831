"""Who makes how much: rows of `producers.csv` and `processors.csv` from published tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from supplychain.building.places import NOBODY, Places
from supplychain.building.rule import Cells, Rule, number
from supplychain.importers import Extract, Remark
from supplychain.vocabulary import REST_OF_WORLD

TONNES: Mapping[str, float] = MappingProxyType(
    {
        "kilograms": 1e-3,
        "metric tons": 1.0,
        "thousand metric tons": 1e3,
        "thousand metric dry tons": 1e3,
        "million metric tons": 1e6,
    }
)
"""Metric tons in one of each unit that the publisher writes."""

_OTHERS = "Other countries"
_WORLD = "World"
_LEAST_SUM = 0.85  # a study that names less than this of the world is asked for a tolerance
_ROUNDING = 1e-4
Figures = dict[str, tuple[float, float, float, str]]
"""iso3 -> value, low, high in the unit of the pack, and where it stands."""


def from_usgs(
    rule: Rule, extracts: Mapping[str, Extract], places: Places
) -> tuple[list[Cells], list[Remark]]:
    """Rows from the Mineral Commodity Summaries.

    The value of country c is v_c t f, with t the metric tons in the unit and f the factor of the
    rule. Its band holds the values of all years asked for and, where a second edition is asked for,
    that edition's figure for the same year. The sum over countries must be within the tolerance of
    the world total that is printed.

    Raises:
        DataError: nothing is found, the unit is not the one that the rule states, or the countries
            do not add up to the world total.
    """
    extract = extracts["main"]
    part = _part(rule, extract)
    unit = rule.one("unit")
    remarks: list[Remark] = []
    by_year = {
        year: _year(rule, extract, part[part["year"] == year], unit, places, remarks)
        for year in rule.years
    }
    second = _second(rule, extracts, places)
    last = by_year[rule.row["year"]]
    if not last:
        raise rule.fault(f"finds no figure for {rule.row['year']} in {extract.file}")
    factor = TONNES[unit] * float(rule.row["factor"])
    figures: Figures = {}
    for place, (value, line) in last.items():
        others = [year[place][0] * factor for year in by_year.values() if place in year]
        if place in second and place != REST_OF_WORLD:
            others.append(second[place])
        low, high = rule.band(value * factor, others)
        factor_text = f"{float(rule.row['factor']):g}"
        note = f"{extract.file} row {line}: {value:,g} {unit} x {factor_text}"
        if place in second and abs(second[place] / (value * factor or 1) - 1) > rule.spread:
            note += f"; another edition has {second[place]:,.4g}"
        figures[place] = (value * factor, low, high, note)
    return _rows(rule, figures), remarks


def _part(rule: Rule, extract: Extract) -> pd.DataFrame:
    """What the rule selects of an edition, whatever the year."""
    if rule.one("unit") not in TONNES:
        raise rule.fault(f"has no known unit ({rule.one('unit')!r})", ", ".join(TONNES))
    frame = extract.frame
    for key in ("chapter", "commodity", "section", "statistic"):
        if value := rule.one(key):
            frame = frame[frame[key] == value]
            if frame.empty:
                raise rule.fault(f"finds nothing under {key}={value} in {extract.file}")
    return frame[frame["section"].str.startswith(_WORLD)]


def _year(
    rule: Rule,
    extract: Extract,
    part: pd.DataFrame,
    unit: str,
    places: Places,
    remarks: list[Remark],
) -> dict[str, tuple[float, int]]:
    """iso3 -> raw value and line, for one year; checked against the world total."""
    details = rule.select.get("detail", ())
    world = part[part["place"].str.startswith(_WORLD)]
    rows = part[part["detail"].isin(details) & ~part["place"].str.startswith(_WORLD)]
    if rows.empty:
        return {}
    _same_unit(rule, extract, pd.concat([rows, _of_details(world, details)]), unit)
    found: dict[str, tuple[float, int]] = {}
    total = 0.0
    for place, value, mark, line in rows[["place", "value", "mark", "row"]].itertuples(index=False):
        iso3 = REST_OF_WORLD if place == _OTHERS else places.find(place)
        if mark:
            if iso3 != REST_OF_WORLD:
                remarks.append(rule.remark(extract.file, f"{place}: {mark}", line))
            continue
        total += value
        if iso3 is None or iso3 == NOBODY:
            remarks.append(rule.remark(extract.file, f"{place!r} is no country of the pack", line))
            iso3 = REST_OF_WORLD
        before = found.get(iso3, (0.0, line))
        found[iso3] = (before[0] + value, before[1])
    _against_world(rule, extract, _of_details(world, details), total)
    return _merged(rule, found)


def _of_details(world: pd.DataFrame, details: tuple[str, ...]) -> pd.DataFrame:
    """The printed total that belongs to some details ('X' has 'X: rounded' or 'X, rounded')."""
    heads = [detail.casefold() for detail in details]
    texts = world["detail"].str.casefold().str.replace(r"[:,] *rounded$", "", regex=True)
    return world[texts.isin(heads)]


def _same_unit(rule: Rule, extract: Extract, rows: pd.DataFrame, unit: str) -> None:
    wrong = rows[rows["unit"] != unit]
    if len(wrong):
        line, said = int(wrong["row"].iloc[0]), wrong["unit"].iloc[0]
        raise rule.fault(
            f"expects {unit!r}, and {extract.file} row {line} is in {said!r}",
            mend="If the publisher changed the unit, change the rule; if not, the file is damaged.",
        )


def _against_world(rule: Rule, extract: Extract, world: pd.DataFrame, total: float) -> None:
    printed = world[world["mark"] == ""]["value"]
    if rule.one("world") == "none":
        return
    if len(printed) != 1:
        raise rule.fault(
            f"finds {len(printed)} world totals in {extract.file}",
            mend="Say world=none if it prints none.",
        )
    if abs(total - printed.iloc[0]) > rule.tolerance * printed.iloc[0]:
        raise rule.fault(
            f"adds up to {total:,g}, and {extract.file} row {int(world['row'].iloc[0])} prints "
            f"{printed.iloc[0]:,g} for the world",
            f"within {rule.tolerance:.0%}",
            "If the publisher explains the difference, give the rule a tolerance and say why.",
        )


def _merged(rule: Rule, found: dict[str, tuple[float, int]]) -> dict[str, tuple[float, int]]:
    """Small countries go to the rest of the world; nobody with nothing is kept."""
    total = sum(value for value, _ in found.values())
    kept: dict[str, tuple[float, int]] = {}
    rest, line = 0.0, 0
    for place, (value, row) in found.items():
        if place != REST_OF_WORLD and value >= rule.row["keep"] * total and value > 0:
            kept[place] = (value, row)
        else:
            rest, line = rest + value, line or row
    if rest > 0:
        kept[REST_OF_WORLD] = (rest, line)
    return kept


def _second(rule: Rule, extracts: Mapping[str, Extract], places: Places) -> dict[str, float]:
    """iso3 -> figure of another edition for the same year, in the unit of the pack."""
    if not rule.one("second"):
        return {}
    extract = extracts["second"]
    frame = extract.frame
    rows = frame[
        (frame["chapter"] == rule.one("second"))
        & (frame["detail"] == rule.one("second_detail"))
        & (frame["year"] == rule.row["year"])
        & (frame["statistic"] == "Production")
        & (frame["mark"] == "")
        & ~frame["place"].str.startswith(_WORLD)
    ]
    if rows.empty:
        raise rule.fault(f"finds no second edition's figures in {extract.file}")
    found: dict[str, float] = {}
    for place, value, unit, line in rows[["place", "value", "unit", "row"]].itertuples(index=False):
        iso3 = places.find(place)
        if unit not in TONNES:
            raise rule.fault(f"meets the unit {unit!r} in {extract.file} row {line}")
        if iso3 is None or iso3 == NOBODY:
            continue
        found[iso3] = value * TONNES[unit] * float(rule.row["factor"])
    return found


def from_shares(
    rule: Rule, extracts: Mapping[str, Extract], places: Places
) -> tuple[list[Cells], list[Remark]]:
    """Rows from shares of world output: value = share x factor, the factor being the world total.

    What the named countries leave of the whole goes to the rest of the world.

    Raises:
        DataError: nothing is found, or the shares are too far from one.
    """
    extract = extracts["main"]
    frame, remarks = extract.frame, list[Remark]()
    rows = frame[
        (frame["material"] == rule.one("material")) & (frame["stage"] == rule.one("stage"))
    ]
    if rows.empty:
        raise rule.fault(f"finds nothing in {extract.file}")
    total = float(rows["share"].sum())
    tolerance = max(rule.tolerance, 1 - _LEAST_SUM) if total < 1 else rule.tolerance
    if abs(total - 1) > tolerance:
        raise rule.fault(f"finds shares that add up to {total:.3f}", f"within {tolerance:.0%} of 1")
    whole = max(total, 1.0)  # rounding may carry the sum above one
    found: dict[str, tuple[float, int]] = {}
    for place, share, mark, line in rows[["place", "share", "mark", "row"]].itertuples(index=False):
        iso3 = places.find(place)
        if mark:
            continue  # below the cut of the study: in the rest of the world
        if iso3 is None or iso3 == NOBODY:
            remarks.append(rule.remark(extract.file, f"{place!r} is no country of the pack", line))
            iso3 = REST_OF_WORLD
        before = found.get(iso3, (0.0, line))
        found[iso3] = (before[0] + share / whole, before[1])
    rest = 1 - sum(share for share, _ in found.values())
    if rest > _ROUNDING:
        before = found.get(REST_OF_WORLD, (0.0, 0))
        found[REST_OF_WORLD] = (before[0] + rest, before[1])
    world = float(rule.row["factor"])
    figures: Figures = {}
    for place, (share, line) in _merged(rule, found).items():
        low, high = rule.band(share * world)
        where = f"{extract.file} row {line}" if place != REST_OF_WORLD else "The rest"
        figures[place] = (share * world, low, high, f"{where}: {share:.4g} of {world:,g}")
    return _rows(rule, figures), remarks


def _rows(rule: Rule, figures: Figures) -> list[Cells]:
    return [_row(rule, place, figures[place]) for place in _in_order(figures)]


def _in_order(figures: Figures) -> Iterator[str]:
    """Largest first, the rest of the world last."""
    named = [place for place in figures if place != REST_OF_WORLD]
    yield from sorted(named, key=lambda place: (-figures[place][0], place))
    yield from (place for place in figures if place == REST_OF_WORLD)


def _row(rule: Rule, place: str, figure: tuple[float, float, float, str]) -> dict[str, Any]:
    value, low, high, note = figure
    return {
        "country": place,
        "product": rule.product,
        "output": number(value),
        "capacity": "",
        "low": number(low),
        "high": number(high),
        "year": str(rule.row["year"]),
        "source_id": "|".join(rule.row["source_id"]),
        "evidence": rule.row["evidence"],
        "note": note,
        "rule": rule.id,
    }
