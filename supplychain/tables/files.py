"""The bytes of a pack's files, each read once and none of unbounded size, or why they are refused.

A table is a plain file of its exact name, inside the folder. Whatever else could be taken for a
table (a packed or renamed form, a second copy, a link to another place) is refused: nobody shall
have to guess which of two was read. Knows nothing of what a file holds.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from supplychain.errors import Fault, nearest

LARGEST_FILE_BYTES = 1 << 26
"""64 MiB: room for a hundred times the largest table of the shipped pack, and no more."""

ALIKE = 0.8
SHEET = re.compile("csv|tsv|tab|txt|dat|xls[xmb]?|ods|numbers|json|parquet|feather")
PACKED = re.compile("t?gz|zip|bz2|xz|lzma|zst|7z|rar|tar|z")
COPY = re.compile(r"(?:^copy of |^~\$)|(?:[ _\-]*(?:\([0-9]+\)|copy)[ _]*)+$", re.IGNORECASE)
MAGIC = (  # first bytes, what they are the mark of, what to do
    (b"\x1f\x8b", "packed with gzip", "Unpack it."),
    (b"PK\x03\x04", "a zip archive or an Excel workbook", "Unpack it, or save it as 'CSV UTF-8'."),
    (b"BZh", "packed with bzip2", "Unpack it."),
    (b"\xfd7zXZ", "packed with xz", "Unpack it."),
    (b"\x28\xb5\x2f\xfd", "packed with zstandard", "Unpack it."),
    (b"7z\xbc\xaf", "a 7z archive", "Unpack it."),
    (b"PAR1", "a Parquet file", "Write it as CSV in UTF-8."),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "Save it as 'CSV UTF-8'."),
    (b"%PDF", "a PDF", "Write its figures into a CSV file."),
)


def contents(
    folder: Path, known: Iterable[str], optional: Iterable[str], faults: list[Fault]
) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each known file that is there, so that what is hashed is what is used.

    Args:
        folder: the pack.
        known: names of files that may be read.
        optional: those of them that may be missing.
        faults: takes what is wrong.
    """
    known = set(known)
    try:
        there = {path.name for path in folder.iterdir()} if folder.is_dir() else None
    except OSError as error:
        faults.append(_fault(folder.name, f"cannot be listed: {error.strerror}"))
        return
    if there is None:
        faults.append(_fault(folder.name, "is not a folder"))
        return
    for name in sorted(there & known):
        found = _read(folder, name)
        if isinstance(found, Fault):
            faults.append(found)
        else:
            yield name, found
    faults.extend(_strays(there, known))
    faults.extend(_fault(name, "is missing") for name in sorted(known - there - set(optional)))


def _fault(name: str, problem: str, mend: str = "") -> Fault:
    """A fault of a file as a whole."""
    return Fault(name, None, "", "", problem, mend=mend)


def _read(folder: Path, name: str) -> bytes | Fault:
    """The bytes of one file: a plain one, inside the folder, not too large, not packed."""
    path = folder / name
    try:
        if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
            mend = "Put the file itself into the folder: a pack is what its folder holds."
            return _fault(name, "is a link to a place outside the folder", mend)
        if not stat.S_ISREG(path.stat().st_mode):
            return _fault(name, "is not a plain file", "Put a CSV file in its place.")
        with path.open("rb") as file:  # one byte more than may be, whatever the size is said to be
            data = file.read(LARGEST_FILE_BYTES + 1)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        reason = getattr(error, "strerror", None) or str(error)
        return _fault(name, f"cannot be read: {reason}")
    if len(data) > LARGEST_FILE_BYTES:
        mend = "Keep the rows that the network needs; large raw files are for an importer."
        return _fault(name, f"is larger than {LARGEST_FILE_BYTES >> 20} MiB", mend)
    for mark, what, mend in MAGIC:
        if data.startswith(mark):
            return _fault(name, f"is {what}, not a text", mend)
    return data


def _strays(there: set[str], known: set[str]) -> Iterator[Fault]:
    """Files that could be taken for a table of the pack, or were meant as one."""
    tables = {name.removesuffix(".csv"): name for name in known if name.endswith(".csv")}
    for name in sorted(there - known):
        base, *suffixes = name.casefold().split(".")
        packed = any(PACKED.fullmatch(suffix) for suffix in suffixes)
        if not packed and not any(SHEET.fullmatch(suffix) for suffix in suffixes):
            continue
        stem = COPY.sub("", base).strip()
        absent = [table for table, file in tables.items() if file not in there]
        for like in (stem,) if stem in tables else nearest(stem, absent, most=1, alike=ALIKE):
            meant = tables[like]
            if packed:
                yield _fault(name, f"is packed ({meant} is read)", f"Unpack it to {meant}.")
            else:
                mend = f"Rename it to {meant}, or take it out of the folder."
                yield _fault(name, f"is no table ({meant} is)", mend)
