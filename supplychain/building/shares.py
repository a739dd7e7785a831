"""The affected share of exports, counted up from families of goods: rows of `segments.csv`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from supplychain.building.rule import Cells, Rule, number
from supplychain.errors import DataError, Fault, did_you_mean, nearest
from supplychain.tables import Row, Tables
from supplychain.vocabulary import EVERYONE, worst_evidence

_WHOLE = 1 + 1e-9


def from_content(rule: Rule, tables: Tables) -> list[Cells]:
    """The segments of one industry: share of a segment = sum over families of f x g.

    f is the share of a family of goods in the industry's exports (`content.csv`), g the share of
    that family which falls into the segment (`content_flags.csv`). A country has rows of its own
    where it has families or flags of its own: its families stand in place of all those of `*`, its
    flags in place of those for the same family and segment. The doubts of families are taken as
    independent: with d = f g - f_low g_low, low = share - sqrt(sum d^2), and high in the same way.

    Raises:
        DataError: a family has flags that add up to more than one, or flags without a family.
    """
    families = _by_country(tables, "content", rule.product)
    flags = _by_country(tables, "content_flags", rule.product)
    if not families or not flags:
        raise rule.fault(f"finds no rows for {rule.product} in content.csv or content_flags.csv")
    _of_families(families, flags)
    made = {
        str(row["country"]) for row in tables.rows("industries") if row["industry"] == rule.product
    }
    own = sorted(((families.keys() | flags.keys()) & made) - {EVERYONE})
    rows: list[Cells] = []
    for country in [*([EVERYONE] if EVERYONE in families and EVERYONE in flags else []), *own]:
        goods = families.get(country) or families.get(EVERYONE, {})
        said = {**flags.get(EVERYONE, {}), **flags.get(country, {})}
        said = {key: row for key, row in said.items() if key[0] in {family for (family,) in goods}}
        _flags_add_up(said)
        rows.extend(_segments(rule, country, goods, said))
    return rows


def _of_families(
    families: Mapping[str, Mapping[tuple[str, ...], Row]],
    flags: Mapping[str, Mapping[tuple[str, ...], Row]],
) -> None:
    """Every flag is of a family that somebody has; a misspelt one would count for nothing."""
    known = {family for rows in families.values() for (family,) in rows}
    for rows in flags.values():
        for (family, _), row in rows.items():
            if family not in known:
                mend = did_you_mean(nearest(family, known))
                problem = "is no family of the industry in content.csv"
                fault = Fault(row.file, row.line, "family", family, problem, mend=mend)
                raise DataError(faults=(fault,))


def _by_country(tables: Tables, table: str, industry: str) -> dict[str, dict[tuple[str, ...], Row]]:
    """Country -> (family,) or (family, segment) -> row."""
    keys = ("family",) if table == "content" else ("family", "segment")
    found: dict[str, dict[tuple[str, ...], Row]] = {}
    for row in tables.rows(table):
        if row["industry"] == industry:
            key = tuple(str(row[name]) for name in keys)
            found.setdefault(str(row["country"]), {})[key] = row
    return found


def _flags_add_up(flags: Mapping[tuple[str, ...], Row]) -> None:
    sums: dict[str, float] = {}
    for (family, _), row in flags.items():
        sums[family] = sums.get(family, 0.0) + float(row["share"])
        if sums[family] > _WHOLE:
            problem = f"brings the flags of {family} to {sums[family]:.3f}"
            fault = Fault(row.file, row.line, "share", str(row["share"]), problem, "at most 1")
            raise DataError(faults=(fault,))


def _segments(
    rule: Rule,
    country: str,
    goods: Mapping[tuple[str, ...], Row],
    flags: Mapping[tuple[str, ...], Row],
) -> Iterator[Cells]:
    segments = dict.fromkeys(segment for _, segment in flags)
    for segment in segments:
        parts = [(goods[family,], row) for (family, of), row in flags.items() if of == segment]
        share = sum(float(f["share"]) * float(g["share"]) for f, g in parts)
        down, up = (
            math.sqrt(sum((f["share"] * g["share"] - f[side] * g[side]) ** 2 for f, g in parts))
            for side in ("low", "high")
        )
        if not share and not up:
            continue
        terms = " + ".join(
            f"{f['family']} {f['share']:.4g} x {g['share']:.4g}" for f, g in parts if g["share"]
        )
        grades = [str(row["evidence"]) for pair in parts for row in pair]
        sources = dict.fromkeys(s for pair in parts for row in pair for s in row["source_id"])
        yield {
            "country": country,
            "industry": rule.product,
            "segment": segment,
            "name": str(parts[0][1]["name"]),
            "share": number(share),
            "low": number(max(share - down, 0.0)),
            "high": number(min(share + up, 1.0)),
            "year": str(rule.row["year"]),
            "source_id": "|".join(sources),
            "evidence": worst_evidence(*grades),
            "note": f"Share of exports x flag: {terms} = {share:.4g}" if terms else "No family yet",
            "rule": rule.id,
        }
