"""What differs between two packs, row by row and cell by cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from supplychain.building.folder import Sheet, tables_of
from supplychain.schema import schema

Kind = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: a row that only one pack has, or a cell that differs.

    >>> print(Change("changed", "segments", ("KOR", "auto_parts", "hre"), "share", "0.1", "0.2"))
    segments KOR auto_parts hre: share 0.1 -> 0.2
    """

    kind: Kind
    table: str
    key: tuple[str, ...]
    column: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        """The difference on one line."""
        row = f"{self.table} {' '.join(part for part in self.key if part)}"
        if self.kind == "changed":
            return f"{row}: {self.column} {self.before or '(empty)'} -> {self.after or '(empty)'}"
        return f"{row}: {self.kind}"


def changes(before: Path, after: Path) -> tuple[Change, ...]:
    """All differences between two packs, table by table in the order of the schema.

    The order of rows, the order of columns and the quoting do not count: only what is said does.
    Both packs must be sound (`load_tables`).
    """
    old, new = tables_of(before), tables_of(after)
    empty = Sheet((), ())
    return tuple(
        change
        for name in schema()
        for change in _of_table(name, old.get(name, empty), new.get(name, empty))
    )


def _of_table(name: str, old: Sheet, new: Sheet) -> Iterator[Change]:
    before, after = _by_key(name, old), _by_key(name, new)
    for key in [*before, *(key for key in after if key not in before)]:
        if key not in after:
            yield Change("removed", name, key)
        elif key not in before:
            yield Change("added", name, key)
        else:
            for column in dict.fromkeys((*old.header, *new.header)):
                was, now = before[key].get(column, ""), after[key].get(column, "")
                if was != now:
                    yield Change("changed", name, key, column, was, now)


def _by_key(name: str, sheet: Sheet) -> dict[tuple[str, ...], Mapping[str, str]]:
    key = schema()[name].key
    return {tuple(row.get(column, "").strip(" ") for column in key): row for row in sheet.rows}
