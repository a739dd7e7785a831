"""A pack as text: its files read cell by cell without judgement, and written back in one form."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from supplychain.errors import UsageError
from supplychain.schema import schema

Header = tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """One table as text: the header, and the cells of each row by column."""

    header: Header
    rows: tuple[Mapping[str, str], ...]

    @property
    def by_hand(self) -> tuple[Mapping[str, str], ...]:
        """The rows that no rule derives."""
        return tuple(row for row in self.rows if not row.get("rule", "").strip(" "))

    def with_columns(self, names: Iterable[str]) -> Sheet:
        """The same with some columns more, where it lacks them."""
        return Sheet((*self.header, *(n for n in names if n not in self.header)), self.rows)


def read_sheet(path: Path) -> Sheet:
    """Read one file of a pack that `load_tables` has found to be sound."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.reader(stream)
        header = tuple(name.strip(" ") for name in next(reader))
        rows = tuple(dict(zip(header, cells, strict=True)) for cells in reader if cells)
    return Sheet(header, rows)


def as_text(header: Header, rows: Sequence[Mapping[str, str]]) -> str:
    """One table as the text of its file: commas, line feeds, quotes only where needed."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([row.get(name, "") for name in header] for row in rows)
    return out.getvalue()


def write_pack(source: Path, target: Path, changed: Mapping[str, str]) -> None:
    """Write a pack: the files of `source`, some of them with another text.

    The new folder is made beside its place and renamed at the end, so that the place never holds
    part of a pack. Where `target` is there already, only the files that differ are replaced.

    Raises:
        UsageError: `target` holds something else than this pack.
    """
    may_be_written(source, target)
    names = {path.name for path in source.iterdir() if path.is_file()}
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name in sorted(names | changed.keys()):
            if name in changed:
                (work / name).write_text(changed[name], encoding="utf-8", newline="")
            else:
                shutil.copyfile(source / name, work / name)
        if not target.exists():
            work.chmod(0o755)
            work.replace(target)
            return
        for path in sorted(work.iterdir()):
            place = target / path.name
            if not place.is_file() or place.read_bytes() != path.read_bytes():
                path.replace(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def may_be_written(source: Path, target: Path) -> None:
    """Refuse to write a pack over anything but itself.

    Raises:
        UsageError: `target` is there, holds something, and is not `source`.
    """
    if not target.exists() and not target.is_symlink():
        return
    if target.is_dir() and (not any(target.iterdir()) or target.samefile(source)):
        return
    raise UsageError(f"{target}: holds something else; name a new folder, or the pack itself")


def tables_of(folder: Path) -> dict[str, Sheet]:
    """All tables of a pack that are there, in the order of the schema."""
    there = {name: folder / table.file for name, table in schema().items()}
    return {name: read_sheet(path) for name, path in there.items() if path.is_file()}
