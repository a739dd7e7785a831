"""Open what was downloaded: find it, unpack it within bounds, decode it, split it into records.

A raw file is untrusted: links out of the folder are not followed, a compressed file may not grow
beyond `LARGEST_BYTES`, an encoding is never guessed.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from supplychain.errors import SupplychainError
from supplychain.importers.extract import refused

LARGEST_BYTES = 1 << 30
_CHUNK = 1 << 20
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Marks:
    """How a publisher writes numbers: what stands in a cell in place of one, and what it means.

    Attributes:
        zero: texts that mean nothing is produced or traded.
        withheld: texts that mean that a figure exists and is not shown.
        missing: texts that mean that no figure is known.
        grouped: whether ``1,234`` is one thousand two hundred and thirty-four.
    """

    zero: frozenset[str] = frozenset()
    withheld: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset({""})
    grouped: bool = False

    def read(self, text: str) -> tuple[float, str]:
        """A value and its mark: ``""``, ``withheld``, ``missing``, ``bound``, ``range``, ``odd``.

        A bound (``>50``, ``<0.1``), a range (``330 - 390``) and an odd text have no value.

        >>> usgs = Marks(zero=frozenset("—"), withheld=frozenset("W"), grouped=True)
        >>> usgs.read("1,234"), usgs.read("—"), usgs.read("W")[1], usgs.read(">50")[1]
        ((1234.0, ''), (0.0, ''), 'withheld', 'bound')
        """
        cell = text.strip()
        if cell in self.zero:
            return 0.0, ""
        for mark, texts in (("withheld", self.withheld), ("missing", self.missing)):
            if cell in texts:
                return math.nan, mark
        if _PLAIN.fullmatch(cell):
            value = float(cell)
            return (value, "") if math.isfinite(value) else (math.nan, "odd")
        if self.grouped and _GROUPED.fullmatch(cell):
            return float(cell.replace(",", "")), ""
        if cell[:1] in {"<", ">"}:
            return math.nan, "bound"
        if re.fullmatch(r"[0-9.,]+ ?[-\u2013] ?[0-9.,]+", cell):
            return math.nan, "range"
        return math.nan, "odd"


def find(folder: Path, patterns: Sequence[str]) -> tuple[Path, ...]:
    """The files of a folder, and of the folders in it, whose names match; sorted, links left out.

    Args:
        folder: where the downloads lie.
        patterns: regular expressions for the whole file name, whatever its case.
    """
    wanted = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    return tuple(
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        and not path.is_symlink()
        and any(pattern.fullmatch(path.name) for pattern in wanted)
    )


def raw_bytes(path: Path) -> bytes:
    """The bytes of a file, unpacked where its name ends in ``.gz``.

    Raises:
        DataError: the file cannot be read, is damaged, or is larger than `LARGEST_BYTES`.
    """
    try:
        with path.open("rb") as raw:
            stream = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
            found = bytearray()
            while chunk := stream.read(_CHUNK):
                found += chunk
                if len(found) > LARGEST_BYTES:
                    limit = f"at most {LARGEST_BYTES >> 20} MiB once unpacked"
                    raise refused(path.name, "is too large for this reader", allowed=limit)
            return bytes(found)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise refused(
            path.name, f"is a damaged gzip file: {error}", mend="Download it again."
        ) from None
    except OSError as error:
        raise refused(path.name, f"cannot be read: {error.strerror or error}") from None


def sha256_of(path: Path) -> str:
    """The fingerprint of a file that is too large to be held."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def unpacked(path: Path, suffix: str, *, year: int | None = None) -> tuple[str, bytes]:
    """One member of a zip archive, or the file itself where it is none; name and bytes.

    Args:
        path: archive or file.
        suffix: how the member's name ends (``.csv``).
        year: the year that the member's name holds, where the archive has one for each year.

    Raises:
        DataError: the archive is damaged, holds no such member or several, or the member is larger
            than `LARGEST_BYTES`.
    """
    if path.suffix.lower() != ".zip":
        return path.name, raw_bytes(path)
    with archive(path) as packed:
        there = [item for item in packed.infolist() if item.filename.lower().endswith(suffix)]
        found = [item for item in there if year is None or str(year) in Path(item.filename).name]
        if len(found) != 1:
            names = ", ".join(Path(item.filename).name for item in there) or "none"
            problem = f"holds {len(found)} tables" + (f" of {year}" if year else "")
            mend = "Say which one: --year 2018." if len(there) > 1 else ""
            raise refused(path.name, problem, allowed=f"one of {names}", mend=mend)
        with foreign(path.name, "a zip archive"):
            return Path(found[0].filename).name, packed.read(found[0])


@contextmanager
def archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive (a workbook is one) whose members are all within `LARGEST_BYTES`.

    Raises:
        DataError: it is no archive, or a member is too large once unpacked.
    """
    try:
        packed = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise refused(path.name, f"is no zip archive: {error}") from None
    with packed:
        if any(item.file_size > LARGEST_BYTES for item in packed.infolist()):
            limit = f"at most {LARGEST_BYTES >> 20} MiB once unpacked"
            raise refused(path.name, "is too large for this reader", allowed=limit)
        yield packed


_STUMBLES = (  # what libraries raise on bytes that are not what they say
    *(ArithmeticError, AssertionError, AttributeError, EOFError, LookupError, OSError),
    *(RuntimeError, SyntaxError, TypeError, ValueError),
    *(struct.error, zipfile.BadZipFile, zlib.error),
)


@contextmanager
def foreign(file: str, form: str) -> Iterator[None]:
    """Let another library read untrusted bytes; whatever it stumbles over is the file's fault.

    Raises:
        DataError: the library gave up.
    """
    try:
        yield
    except SupplychainError:
        raise
    except MemoryError:  # a damaged header may ask for any amount
        problem = f"asks for more memory than there is, read as {form}"
        raise refused(file, problem, mend="Download it again.") from None
    except _STUMBLES as error:
        first = (str(error).splitlines() or [type(error).__name__])[0][:120]
        problem = f"cannot be read as {form}: {first}"
        raise refused(file, problem, mend="Download it again.") from None


def year_in(name: str) -> int | None:
    """The year that a file name states, or `None`; the edition in front of it is not the year.

    >>> year_in("ICIO2023_2018.csv"), year_in("2020_SML.csv"), year_in("WIOT11_ROW_Sep12.xlsx")
    (2018, 2020, 2011)
    >>> year_in("ICIO2023_2011-2015.zip") is None
    True
    """
    text = re.sub(r"(?i)^icio(19|20)\d\d_", "", name)
    found = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", text)
    if len(set(found)) == 1:
        return int(found[0])
    if not found and (short := re.match(r"(?i)wiot(\d\d)_", text)):
        return int(short[1]) + (1900 if int(short[1]) > 90 else 2000)  # noqa: PLR2004 - from 1995
    return None


def sha256(data: bytes) -> str:
    """The fingerprint of some bytes."""
    return hashlib.sha256(data).hexdigest()


def decoded(file: str, data: bytes, encodings: Sequence[str] = ("utf-8-sig",)) -> str:
    """The text of a file, in the first of its publisher's encodings that fits without error.

    Raises:
        DataError: none of them fits.
    """
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    named = " or ".join(encodings)
    raise refused(file, f"is not text in {named}", mend="Download it again, or save it as UTF-8.")


def records(
    file: str,
    text: str,
    columns: Iterable[str],
    *,
    delimiter: str = ",",
    empty_end: bool = False,
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line number and cells of each record that follows the header.

    Args:
        file: its name, for messages.
        text: its text.
        columns: columns that must be there, once.
        delimiter: what stands between two cells.
        empty_end: whether the publisher ends rows, but not the header, with a delimiter.

    Raises:
        DataError: a wanted column is missing, any column stands twice (one of the two would be
            lost in silence), or a row is longer or shorter than the header.
    """
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        for column in columns:
            if header.count(column) != 1:
                problem = "is missing from the header" if column not in header else "stands twice"
                raise refused(file, problem, row=1, column=column, allowed=", ".join(header[:40]))
        if twice := [name for name in dict.fromkeys(header) if name and header.count(name) > 1]:
            raise refused(file, "stands twice in the header", row=1, column=twice[0])
        line = reader.line_num + 1
        for cells in reader:
            if empty_end and len(cells) == len(header) + 1 and not cells[-1]:
                del cells[-1]
            if cells and len(cells) != len(header):
                problem = f"has {len(cells)} cells, the header {len(header)}"
                raise refused(file, problem, row=line, mend="Download the file again.")
            if any(cells):
                yield line, dict(zip(header, cells, strict=True))
            line = reader.line_num + 1
    except csv.Error as error:
        raise refused(file, f"is not CSV: {error}", row=reader.line_num) from None
