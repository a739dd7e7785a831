"""A demonstration layer: who buys how much from which sector, from a world input-output table.

Countries that the rule does not name and industries of one group are added up. Nothing is dropped:
every flow of the source is in exactly one row, so that outputs still add up.
"""

from __future__ import annotations

from collections.abc import Mapping

from supplychain.building.rule import Cells, Rule, number
from supplychain.importers import Extract
from supplychain.tables import Tables
from supplychain.vocabulary import REST_OF_WORLD

SCHEME = "wiod_sector"
_KEEP = ("final", "output")  # what a user is when it is no sector


def from_world_table(rule: Rule, extract: Extract, tables: Tables) -> list[Cells]:
    """Rows of `interindustry.csv`: million USD by supplier, its sector, user and its sector.

    The user sector `final` is final demand; the row without user and with the sector `output` is
    the gross output of the supplying sector.

    Raises:
        DataError: the rule names no regions, or one that is not in the table, or an industry of
            the table is in no group of `concordances.csv`.
    """
    regions = set(rule.select.get("regions", ()))
    if not regions:
        raise rule.fault("names no regions", "regions=KOR, several allowed")
    if absent := sorted(regions - set(extract.frame["supplier"].astype(str))):
        there = ", ".join(sorted(set(extract.frame["supplier"].astype(str))))
        raise rule.fault(f"names {', '.join(absent)}, not in {extract.file}", there)
    groups = _groups(tables)
    frame = extract.frame.copy()
    unknown = sorted({*frame["supplier_sector"], *frame["user_sector"]} - {*groups, *_KEEP})
    if unknown:
        raise rule.fault(
            f"meets industries without a group: {', '.join(unknown)}",
            mend=f"Add them to concordances.csv, scheme {SCHEME}.",
        )
    for side in ("supplier", "user"):
        frame[[side, f"{side}_sector"]] = frame[[side, f"{side}_sector"]].astype(str)
        known = frame[side].isin([*regions, ""])
        frame[side] = frame[side].where(known, REST_OF_WORLD)
        frame[f"{side}_sector"] = frame[f"{side}_sector"].map(lambda s: groups.get(s, s))
    key = ["year", "supplier", "supplier_sector", "user", "user_sector"]
    sums = frame.groupby(key, as_index=False, sort=True)["value_musd"].sum()
    rows: list[Cells] = []
    for *place, value in sums.itertuples(index=False, name=None):
        low, high = rule.band(float(value))
        cells = dict(zip(key, map(str, place), strict=True))
        figures = {"value_musd": number(value), "low": number(low), "high": number(high)}
        pedigree = {
            "source_id": "|".join(rule.row["source_id"]),
            "evidence": str(rule.row["evidence"]),
            "rule": rule.id,
        }
        rows.append(cells | figures | pedigree)
    return rows


def _groups(tables: Tables) -> Mapping[str, str]:
    """Industry of the table -> group, from the concordance."""
    return {
        str(row["code"]): str(row["target"])
        for row in tables.rows("concordances")
        if row["scheme"] == SCHEME
    }
