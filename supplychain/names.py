"""Turn what people write into ids: countries, minerals, products, groups and industries, exactly.

A name is an id, a name or an alias of the tables, whatever its case and whether it is joined by
space, hyphen or underscore. Nothing is guessed: an unknown or ambiguous name is an error with
suggestions. Knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from supplychain.errors import (
    AmbiguousNameError,
    UnknownNameError,
    containing,
    folded,
    nearest,
)
from supplychain.schema import Row
from supplychain.tables import Tables

MOST_SUGGESTED = 3
MOST_CANDIDATES = 5


class Named(NamedTuple):
    """What a name stands for: its kind and its id."""

    kind: Literal["country", "mineral", "product", "group", "industry"]
    id: str


class Entry(NamedTuple):
    """One thing that has names: what it is, how it is shown, and all it is called."""

    named: Named
    shown: str
    called: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The names of one kind of thing, and the exact look-up in them."""

    kind: str
    entries: tuple[Entry, ...]
    found: Mapping[str, Entry]

    def resolve(self, text: str) -> Named:
        """What a name stands for.

        Raises:
            AmbiguousNameError: the text is a part of several names and nobody's own.
            UnknownNameError: no entry has this name; the nearest are suggested.
        """
        if (entry := self.found.get(folded(text))) is not None:
            return entry.named
        holders = {name: e.shown for e in self.entries for name in e.called}
        several = tuple(dict.fromkeys(holders[name] for name in containing(text, holders)))
        if len(several) > 1:
            raise AmbiguousNameError(text, self.kind, suggestions=several[:MOST_CANDIDATES])
        raise UnknownNameError(text, self.kind, suggestions=self.near(text, several))

    def near(self, text: str, first: Iterable[str] = ()) -> tuple[str, ...]:
        """Up to three names that look like a text, as they are shown, best first."""
        near = nearest(folded(text), self.found, most=3 * MOST_SUGGESTED)
        shown = dict.fromkeys((*first, *(self.found[name].shown for name in near)))
        return tuple(shown)[:MOST_SUGGESTED]


@dataclass(frozen=True, slots=True)
class Names:
    """Everything that may be named in a pack. Build it with `Names.of(tables)`."""

    countries: Lexicon
    minerals: Lexicon
    materials: Lexicon
    industries: Lexicon

    @classmethod
    def of(cls, tables: Tables) -> Names:
        """The names of a pack."""
        minerals = [_entry(row, "mineral", row["mineral"]) for row in tables.rows("minerals")]
        products = [_entry(row, "product", row["product"]) for row in tables.rows("products")]
        groups = dict.fromkeys(row["group"] for row in tables.rows("products") if row["group"])
        grouped = [Entry(Named("group", group), group, (group,)) for group in groups]
        industries = [
            _entry(row, "industry", row["product"])
            for row in tables.rows("products")
            if row["stage"] == "industry"
        ]
        return cls(
            _lexicon(
                "country",
                [_entry(row, "country", row["iso3"]) for row in tables.rows("countries")],
            ),
            _lexicon("mineral", minerals),
            _lexicon("mineral or product", [*products, *grouped, *minerals]),
            _lexicon("sector", industries),
        )

    def country(self, text: str) -> str:
        """The ISO alpha-3 code of a country, as in `country("South Korea")` -> `"KOR"`."""
        return self.countries.resolve(text).id

    def mineral(self, text: str) -> str:
        """The id of a mineral, by id, name, alias or chemical symbol."""
        return self.minerals.resolve(text).id

    def industry(self, text: str) -> str:
        """The id of an end industry."""
        return self.industries.resolve(text).id

    def product_or_mineral(self, text: str) -> Named:
        """Kind (`mineral`, `product` or `group`) and id of what a restriction may name."""
        return self.materials.resolve(text)


def _entry(row: Row, kind: Literal["country", "mineral", "product", "industry"], id_: str) -> Entry:
    shown = str(row["name"]) if kind == "country" else id_
    symbol = (row["symbol"],) if row.get("symbol") else ()
    return Entry(Named(kind, id_), shown, (id_, str(row["name"]), *row["aliases"], *symbol))


def _lexicon(kind: str, entries: Iterable[Entry]) -> Lexicon:
    entries = tuple(entries)
    found: dict[str, Entry] = {}
    for entry in entries:  # ids, names and aliases are unique (tables); a symbol gives way to them
        for name in entry.called:
            found.setdefault(folded(name), entry)
    return Lexicon(kind, entries, found)
