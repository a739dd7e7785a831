"""The parts of which a run is made, so that two runs can be told apart and mixed part by part.

A run is a mapping from the place of a part (a field of a restriction, a stock release, a row of the
pack) to what stands there. Two runs differ where their mappings do; any mixture of the two mappings
is a run again, whose scenario and tables can be put together and played.
"""

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from supplychain.building.folder import as_text
from supplychain.coverage import Resolved
from supplychain.network import Network, build_network
from supplychain.restriction import Range, Restriction
from supplychain.scenario import Mitigation, Priority, Scenario
from supplychain.schema import Row, schema
from supplychain.tables import Tables, load_tables
from supplychain.vocabulary import EVERYONE

Place = tuple[str, ...]
Parts = Mapping[Place, Any]

SILENT = frozenset(
    ("sources", "rules", "content", "content_flags", "concordances", "interindustry", "totals")
)
"""Tables that no run reads: they are the origin of other rows, or what these are checked against.

A mixture has the rows of both packs.
"""
_DESCRIPTIVE = ("name", "note", "source_id")
"""Columns that move no loss."""
_HOW = frozenset(
    {
        *("kind", "severity", "path", "rate", "elasticity", "pass_through", "sharing", "priority"),
        *("dead_time_months", "ramp_months", "approval_luck", "path_level"),
    }
)
"""What a kind of restriction needs: of two kinds these fields change together."""
_WHEN = frozenset({"start", "months", "end"})
_MOST_NAMED = 3
_FIELDS = tuple(f.name for f in fields(Restriction) if f.name not in {"actor", "items"})


def scenario_parts(one: Resolved, other: Resolved) -> tuple[dict[Place, Any], dict[Place, Any]]:
    """The parts of two resolved scenarios, their restrictions paired."""
    first: dict[Place, Any] = {("start",): one.start}
    second: dict[Place, Any] = {("start",): other.start}
    horizons = (one.scenario.horizon, other.scenario.horizon)
    if any(horizons) or one.months == other.months:
        first["horizon",], second["horizon",] = one.months, other.months
    pairs = paired(one.scenario.restrictions, other.scenario.restrictions)
    for number, (mine, theirs) in enumerate(pairs, 1):
        place = ("restriction", str(number))
        if mine is None or theirs is None:
            first |= {place: mine} if mine else {}
            second |= {place: theirs} if theirs else {}
            continue
        first |= _fields(place, mine, mine, theirs)
        second |= _fields(place, theirs, mine, theirs)
    return first | _beside(one.scenario), second | _beside(other.scenario)


def _beside(scenario: Scenario) -> dict[Place, Any]:
    """Stock releases, numbered where a stock has several, and orders of service."""
    found: dict[Place, Any] = {}
    for release in scenario.mitigations:
        place = ("mitigation", release.country, release.product)
        number = sum(known[:-1] == place for known in found)
        found[*place, str(number)] = release
    for plant in scenario.capacities:
        place = ("new_capacity", plant.country, plant.product)
        number = sum(known[:-1] == place for known in found)
        found[*place, str(number)] = plant
    return found | {("priority", p.country): p for p in scenario.priorities}


def paired(
    one: Sequence[Restriction], other: Sequence[Restriction]
) -> list[tuple[Restriction | None, Restriction | None]]:
    """Restrictions of two scenarios that are the same one, changed or not; None: it has none.

    Equal ones are the same; else those of one actor that share most items.
    """
    left = list(other)
    found: dict[int, Restriction | None] = {}
    for k, r in enumerate(one):
        if r in left:
            found[k] = r
            left.remove(r)
    for k, r in enumerate(one):
        if k not in found:
            common = [(len({*r.items} & {*o.items}), o) for o in left if o.actor == r.actor]
            best = max((n for n, _ in common), default=0)
            found[k] = next((o for n, o in common if n == best and n), None)
            if (match := found[k]) is not None:
                left.remove(match)
    return [*((r, found[k]) for k, r in enumerate(one)), *((None, o) for o in left)]


def _fields(
    place: Place, restriction: Restriction, one: Restriction, other: Restriction
) -> dict[Place, Any]:
    """The parts of one of two paired restrictions: its items, and its fields."""
    together = {"dates": _WHEN}
    if (one.kind, one.sharing) != (other.kind, other.sharing):
        together["terms"] = _HOW
    found: dict[Place, Any] = {(*place, "actor"): restriction.actor}
    found |= {(*place, "items", item): True for item in restriction.items}
    for name, names in together.items():
        found[*place, name] = {f: getattr(restriction, f) for f in _FIELDS if f in names}
    for name in _FIELDS:
        if not any(name in names for names in together.values()):
            found[*place, name] = getattr(restriction, name)
    return found


def scenario_of(parts: Parts, like: Scenario) -> Scenario:
    """The scenario that some parts make, with the name and the focus of another."""
    bits: dict[str, dict[str, Any]] = {}
    whole: dict[str, Restriction] = {}
    for place, value in parts.items():
        if place[0] == "restriction" and len(place) == len(("restriction", "1")):
            whole[place[1]] = value
        elif place[0] == "restriction":
            field = bits.setdefault(place[1], {"items": ()})
            match place[2:]:
                case ("items", item):
                    field["items"] += (item,)
                case ("dates",) | ("terms",):
                    field |= value
                case (name,):
                    field[name] = value
    found = whole | {number: Restriction(**field) for number, field in bits.items()}
    return replace(
        like,
        restrictions=tuple(found[number] for number in sorted(found, key=int)),
        mitigations=tuple(v for place, v in parts.items() if place[0] == "mitigation"),
        capacities=tuple(v for place, v in parts.items() if place[0] == "new_capacity"),
        priorities=tuple(v for place, v in parts.items() if place[0] == "priority"),
        start=parts["start",],
        horizon=parts.get(("horizon",), 0),
        ladder=False,
    )


# The pack -----------------------------------------------------------------------------------------


def table_parts(tables: Tables) -> dict[Place, Row]:
    """The rows that a run may read, by table and key."""
    return {
        place: row
        for table, rows in tables.contents
        if table not in SILENT
        for place, row in _keyed(table, rows)
    }


def _keyed(table: str, rows: Iterable[Row]) -> Iterable[tuple[Place, Row]]:
    """Rows by table and key."""
    key = schema()[table].key
    return [((table, *(_cell(row.get(column)) for column in key)), row) for row in rows]


def is_same(one: Row | None, other: Row | None) -> bool:
    """Whether two rows give a run the same figures."""
    if one is None or other is None:
        return one is other
    return not changed_columns(one, other)


def changed_columns(one: Row, other: Row) -> tuple[str, ...]:
    """Columns in which two rows differ, but for those that move no loss."""
    columns = dict.fromkeys((*one, *other))
    return tuple(c for c in columns if c not in _DESCRIPTIVE and one.get(c) != other.get(c))


def network_of(parts: Mapping[Place, Row], one: Tables, other: Tables) -> Network:
    """The network of a mixture of two packs: written, read, checked and balanced like any pack.

    Raises:
        DataError: the rows do not fit together.
    """
    rows: dict[str, list[Row]] = {name: [] for name in schema()}
    for place, row in parts.items():
        rows[place[0]].append(row)
    for table in SILENT:
        mixed = dict(_keyed(table, one.rows(table))) | dict(_keyed(table, other.rows(table)))
        rows[table] = list(mixed.values())
    with tempfile.TemporaryDirectory() as name:
        for table, some in rows.items():
            if some:
                header = tuple(column.name for column in schema()[table].columns)
                cells = [{c: _cell(row.get(c)) for c in header} for row in some]
                text = as_text(header, cells)
                (Path(name) / f"{table}.csv").write_text(text, encoding="utf-8", newline="")
        return build_network(load_tables(Path(name)))


def _cell(value: object) -> str:
    """A checked value as the text of its cell."""
    if value is None:
        return ""
    return "|".join(map(str, value)) if isinstance(value, tuple) else str(value)


# Words --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """One part in which two runs differ; None: this run has no such part."""

    place: Place
    one: Any
    other: Any

    @property
    def is_row(self) -> bool:
        """Whether it is a row of the pack."""
        return self.place[0] in schema()

    def words(self, one: Parts, other: Parts) -> str:
        """What the second run has that the first has not, as a short clause."""
        if self.is_row:
            return self._row_words()
        match self.place:
            case ("restriction", _):
                r = self.other or self.one
                says = "restricts" if self.one is None else "no longer restricts"
                return f"{r.actor} {says} {_named(r.items)} ({_terms(r)})"
            case ("restriction", number, "items", item):
                actor = (one if self.other is None else other)["restriction", number, "actor"]
                return (
                    f"{actor} {'restricts' if self.one is None else 'no longer restricts'} {item}"
                )
            case ("restriction", number, field):
                items = [p[3] for p in other if p[:3] == ("restriction", number, "items")]
                whose = f"{other['restriction', number, 'actor']} {_named(items)}"
                return f"{whose}: {_changed(field, self.one, self.other)}"
            case ("mitigation", country, product, _):
                return self._release_words(country, product)
            case ("new_capacity", country, product, _):
                return self._plant_words(country, product)
            case ("priority", country):
                whose = "suppliers" if country == EVERYONE else f"suppliers of {country}"
                if not isinstance(self.other, Priority):
                    return f"{whose} serve all pro rata"
                return f"{whose} serve in the order {', '.join(self.other.order)}"
            case ("horizon",):
                return f"{self.other} instead of {self.one} months are counted"
        return f"months are counted from {self.other} instead of {self.one}"

    def _release_words(self, country: str, product: str) -> str:
        """A stock release that is there, or not, or another one."""
        if self.other is None:
            return f"{country} releases no {product} ({self.one.days:g} days before)"
        if self.one is None:
            return f"{country} releases {self.other.days:g} days of {product}"
        return f"{country} releases {product}: {_fields_that_differ(self.one, self.other)}"

    def _plant_words(self, country: str, product: str) -> str:
        """A new plant that is there, or not, or another one."""
        if self.other is None:
            return f"{country} builds no plant for {product}"
        if self.one is None:
            return f"{country} builds a plant for {product} (from {self.other.start})"
        return f"{country}, plant for {product}: {_fields_that_differ(self.one, self.other)}"

    def _row_words(self) -> str:
        """A row of the pack and what of it changed."""
        table, *key = self.place
        name = f"{table}.csv {' '.join(part for part in key if part)}"
        if self.one is None or self.other is None:
            return f"{name}: {'added' if self.one is None else 'removed'}"
        first, *rest = changed_columns(self.one, self.other)
        more = f" ({', '.join(rest)} too)" if rest else ""
        return f"{name}: {_changed(first, self.one.get(first), self.other.get(first))}{more}"


def _named(items: Sequence[str]) -> str:
    """The items of a restriction; of many the first.

    >>> _named(("dysprosium", "terbium")), _named(("a", "b", "c", "d"))
    ('dysprosium, terbium', 'a and 3 more')
    """
    if len(items) <= _MOST_NAMED:
        return ", ".join(items)
    return f"{items[0]} and {len(items) - 1} more"


def _terms(restriction: Restriction) -> str:
    """Kind and strength of a restriction."""
    if restriction.kind in {"path", "tax"}:
        return restriction.kind
    return f"{restriction.kind}, {_plain(restriction.severity)} withheld"


def _fields_that_differ(one: Mitigation, other: Mitigation) -> str:
    """What is different of two measures of one kind."""
    return ", ".join(
        _changed(f.name, getattr(one, f.name), getattr(other, f.name))
        for f in fields(one)
        if getattr(one, f.name) != getattr(other, f.name)
    )


def _changed(name: str, one: object, other: object) -> str:
    """A field with what it is and what it was."""
    if isinstance(one, dict) and isinstance(other, dict):
        names = [n for n in one if one[n] != other[n]]
        return ", ".join(_changed(n, one[n], other[n]) for n in names)
    return f"{name} {_plain(other)} instead of {_plain(one)}"


def _plain(value: object) -> str:
    """A value as people write it.

    >>> _plain(Range(0.5, 0.2, 0.9)), _plain(None), _plain(("KOR", "JPN"))
    ('0.5 (0.2-0.9)', 'none', 'KOR, JPN')
    """
    if isinstance(value, Range):
        wide = f" ({value.low:g}-{value.high:g})" if value.high > value.low else ""
        return f"{value.value:g}{wide}"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, tuple):
        return ", ".join(_plain(v) for v in value) or "none"
    return "none" if value is None or value == "" else str(value)
