"""Columns of `countries.csv` that come from an index of somebody else."""

from __future__ import annotations

from collections.abc import Mapping

from supplychain.building.places import NOBODY, Places
from supplychain.building.rule import Rule
from supplychain.importers import Extract, Remark

_DIGITS = 3
COLUMNS = ("governance", "ideal_point")


def from_indicator(
    rule: Rule, extract: Extract, places: Places
) -> tuple[dict[str, str], list[Remark]]:
    """iso3 -> text of the cell, for the year of the rule.

    ``except=UKR:2022`` takes another year for one country (a year that its publisher or the pack
    has reason to distrust).

    Raises:
        DataError: the column is not one of `COLUMNS`, an exception is not ISO3:YEAR, the year has
            no figures, or a country has two that differ.
    """
    if rule.one("column") not in COLUMNS:
        raise rule.fault(f"fills the column {rule.one('column')!r}", ", ".join(COLUMNS))
    other = _exceptions(rule)
    frame = extract.frame
    remarks: list[Remark] = []
    found: dict[str, str] = {}
    for iso3, place, year, value, line in frame[
        ["iso3", "place", "year", "value", "row"]
    ].itertuples(index=False):
        country = places.find(iso3) or places.find(place)
        if year != other.get(country or "", rule.row["year"]):
            continue
        if country is None:
            remarks.append(rule.remark(extract.file, f"{place!r} is no country of the pack", line))
            continue
        text = f"{round(value, _DIGITS):.{_DIGITS}f}".rstrip("0").rstrip(".")
        if country != NOBODY and found.setdefault(country, text) != text:
            raise rule.fault(f"finds two figures of {country} in {extract.file}, row {line}")
    if not found:
        raise rule.fault(f"finds no figure for {rule.row['year']} in {extract.file}")
    return found, remarks


def _exceptions(rule: Rule) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for item in rule.select.get("except", ()):
        iso3, _, year = item.partition(":")
        if not year.isdigit():
            raise rule.fault(f"excepts {item!r}", "ISO3:YEAR, as in UKR:2022")
        found[iso3] = int(year)
    return found
