"""CEPII BACI: bilateral trade by HS6 product, one CSV of about eleven million rows a year.

A year file is streamed once, never held whole, into a parquet cache sorted by product; from then on
a reading touches only the row groups of the products that are asked for. Columns of a year file:
`t` year, `i` exporter, `j` importer (M49 codes), `k` product, `v` thousand USD, `q` metric tons. A
quantity may be ``NA``: it is missing, never zero. A code of five digits has lost its leading zero,
which is put back and said; a code of any other length is refused.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import tempfile
from array import array
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from supplychain.errors import MissingExtraError
from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import foreign, sha256_of

if TYPE_CHECKING:
    import pyarrow as pa

Progress = Callable[[int, int], None]
"""Called with the bytes read and the bytes in all."""

COLUMNS = ("t", "i", "j", "k", "v", "q")
_EXTRACT = {  # columns of an extract in parquet -> those of a year file
    "year": "t",
    "exporter_m49": "i",
    "importer_m49": "j",
    "hs92": "k",
    "value_kusd": "v",
    "quantity_t": "q",
}
_USD_PER_KUSD = 1000.0
_HS_DIGITS = 6
_CHAPTER = 10_000  # an HS chapter is the first two of six digits
_BLOCK_BYTES = 1 << 24
_ROWS_PER_GROUP = 1 << 15
_VERSION = "1"  # of the layout of the cache


def read(
    path: Path,
    *,
    codes: Collection[str] | None = None,
    years: Collection[int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Extract:
    """The flows of some products (all where `codes` is `None`).

    Args:
        path: a year file (``.csv``, ``.csv.gz``) or an extract in parquet.
        codes: six-digit HS codes.
        years: years (an extract may hold many).
        cache: folder for the parquet cache of a year file; `cache_folder()` if left out.
        progress: told how far the first reading of a year file has come.

    Returns:
        An extract of kind `trade`: year, exporter and importer as M49 codes in text, hs as six
        digits in text, quantity_t (NaN where not reported), value_usd.

    Raises:
        DataError: the file is no BACI file, or a row holds a code or a number that cannot be.
        MissingExtraError: pyarrow is not installed (the extra `io`).
    """
    rows, digest, notes = flows(path, codes=codes, years=years, cache=cache, progress=progress)
    return _as_extract(path, digest, rows, notes)


def flows(
    path: Path,
    *,
    codes: Collection[str] | None = None,
    years: Collection[int] | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> tuple[pa.Table, str, tuple[str, ...]]:
    """The same as an arrow table with the columns of the year file, without pandas.

    Returns:
        The rows, the hash of the raw file, and what was noted while its cache was made.
    """
    _arrow()
    if path.suffix == ".parquet":
        names = _extract_columns(path)
        with foreign(path.name, "parquet"):
            rows = _rows_of(path, [names[c] for c in COLUMNS], codes, years, checked=False)
            rows = _whole_numbers(path.name, rows.rename_columns(list(COLUMNS)))
        return rows, sha256_of(path), ()
    folder = cache or cache_folder()
    source = cached(path, folder, progress)
    try:
        return _of_cache(source, codes, years)
    except (ValueError, OSError, KeyError):  # a damaged cache is nobody's data: once again
        source.unlink(missing_ok=True)
    return _of_cache(cached(path, folder, progress), codes, years)


def _of_cache(
    source: Path, codes: Collection[str] | None, years: Collection[int] | None
) -> tuple[pa.Table, str, tuple[str, ...]]:
    """Rows, hash and notes of a cached year file; its pages carry checksums."""
    import pyarrow.parquet as pq

    kept = pq.read_schema(source).metadata or {}
    notes = tuple(kept[b"notes"].decode().split("\n")) if kept[b"notes"] else ()
    rows = _rows_of(source, list(COLUMNS), codes, years, checked=True)
    return rows, kept[b"sha256"].decode(), notes


def pieces(
    path: Path, *, cache: Path | None = None, progress: Progress | None = None
) -> Iterator[pa.Table]:
    """A whole year in pieces of a few ten thousand rows, sorted by product: no more is ever held.

    Each piece is an arrow table with the columns `t, i, j, k, v, q` of the year file.

    Raises:
        DataError, MissingExtraError: as `read`.
    """
    _arrow()
    import pyarrow.parquet as pq

    with pq.ParquetFile(
        cached(path, cache or cache_folder(), progress), page_checksum_verification=True
    ) as year:
        for group in range(year.num_row_groups):
            yield year.read_row_group(group)


def cache_folder() -> Path:
    """Where year files are cached: ``$SUPPLYCHAIN_CACHE``, or a folder in the user's cache."""
    if own := os.environ.get("SUPPLYCHAIN_CACHE"):
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "supplychain"


def cached(path: Path, folder: Path, progress: Progress | None = None) -> Path:
    """The sorted parquet file that belongs to a year file; made on the first call.

    It is named after the file's size and time of change, and holds the hash of the bytes it was
    made from. It appears under its name only when it is whole.

    Raises:
        DataError: as `read`; or the file changed while it was read.
    """
    _arrow()
    state = path.stat()
    mark = f"{path.resolve()}\0{state.st_size}\0{state.st_mtime_ns}\0{_VERSION}"
    stem = path.name.split(".")[0]
    place = folder / f"{stem}-{hashlib.sha256(mark.encode()).hexdigest()[:16]}.parquet"
    if not place.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=f".{stem}-", dir=folder))
        try:
            _sort_by_product(path, work, work / "whole.parquet", progress)
            now = path.stat()
            if (now.st_size, now.st_mtime_ns) != (state.st_size, state.st_mtime_ns):
                mend = "Wait until it is downloaded whole."
                raise refused(path.name, "changed while it was read", mend=mend)
            (work / "whole.parquet").replace(place)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return place


def _arrow() -> None:
    if importlib.util.find_spec("pyarrow") is None:
        raise MissingExtraError(
            "reading trade files needs pyarrow: install the extra, supplychain[io]"
        )


def _extract_columns(path: Path) -> Mapping[str, str]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        there = set(pq.read_schema(path).names)
    except (pa.ArrowInvalid, OSError) as error:
        raise refused(path.name, f"is no parquet file: {str(error).splitlines()[0]}") from None
    if there >= set(COLUMNS):
        return {name: name for name in COLUMNS}
    if there >= _EXTRACT.keys():
        return {short: long for long, short in _EXTRACT.items()}
    missing = ", ".join(sorted(_EXTRACT.keys() - there))
    raise refused(
        path.name, "has not the columns of BACI", column=missing, allowed=", ".join(_EXTRACT)
    )


def _whole_numbers(file: str, rows: pa.Table) -> pa.Table:
    """An extract whose codes and years are whole numbers, none of them missing."""
    import pyarrow as pa

    for place, name in enumerate(COLUMNS[:4]):
        cells = rows.column(name).cast(pa.int32())
        if cells.null_count:
            raise refused(file, "holds a row without a code or a year", column=name)
        rows = rows.set_column(place, name, cells)
    return rows


def _rows_of(
    source: Path,
    columns: list[str],
    codes: Collection[str] | None,
    years: Collection[int] | None,
    *,
    checked: bool,
) -> pa.Table:
    """The rows of some codes and years; row groups that cannot hold any are not read."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = {
        name: sorted(map(int, values))
        for name, values in ((columns[3], codes), (columns[0], years))
        if values is not None
    }
    parts = []
    with pq.ParquetFile(source, page_checksum_verification=checked) as file:
        places = {file.schema_arrow.field(i).name: i for i in range(len(file.schema_arrow))}
        for group in range(file.num_row_groups):
            about = file.metadata.row_group(group)
            if not all(_may_hold(about.column(places[n]), v) for n, v in wanted.items()):
                continue
            rows = file.read_row_group(group, columns=columns)
            for name, values in wanted.items():
                cells = rows.column(name).cast(pa.int32())
                rows = rows.filter(pc.is_in(cells, value_set=_int32(values)))
            parts.append(rows)
        if not parts:
            empty = file.schema_arrow.empty_table()
            return empty.select(columns)
    return pa.concat_tables(parts)


def _int32(values: list[int]) -> Any:
    """An arrow array of whole numbers, made without `pyarrow.array`, which would load pandas."""
    import pyarrow as pa

    buffer = pa.py_buffer(array("i", values))
    return pa.Array.from_buffers(pa.int32(), len(values), [None, buffer])


def _may_hold(column: Any, values: list[int]) -> bool:
    """Whether a row group may hold one of some values, by the range that it states."""
    about = column.statistics
    if about is None or not about.has_min_max:
        return True
    return any(about.min <= value <= about.max for value in values)


def _as_extract(path: Path, digest: str, table: pa.Table, notes: tuple[str, ...]) -> Extract:
    import numpy as np
    import pandas as pd

    from supplychain.importers.unit_values import far_flows

    raw = table.to_pandas()
    frame = pd.DataFrame(
        {
            "year": raw["t"].astype("int64"),
            "exporter": raw["i"].astype("int64").astype(str),
            "importer": raw["j"].astype("int64").astype(str),
            "hs": raw["k"].astype("int64").astype(str).str.zfill(_HS_DIGITS),
            "quantity_t": raw["q"].astype("float64"),
            "value_usd": raw["v"].astype("float64") * _USD_PER_KUSD,
        }
    )
    key = ["year", "exporter", "importer", "hs"]
    twice = frame.duplicated(key)
    if twice.any():
        first = frame.loc[twice, key].iloc[0].tolist()
        raise refused(path.name, "holds a flow twice", column=", ".join(key), value=str(first))
    if not (frame["value_usd"] >= 0).all() or (frame["quantity_t"] < 0).any():
        raise refused(path.name, "holds a flow that is negative or has no value")
    if np.isinf(frame[["quantity_t", "value_usd"]]).any(axis=None):
        raise refused(path.name, "holds a flow that is not finite")
    remarks = [Remark("noted", path.name, None, "", "", note) for note in notes]
    own = frame["exporter"] == frame["importer"]
    if own.any():
        what = f"{int(own.sum())} flows of a country to itself"
        remarks.append(Remark("left_out", path.name, None, "", "", what))
    if none := int(frame["quantity_t"].isna().sum()):
        what = f"{none} of {len(frame)} flows without a quantity: missing, not zero"
        remarks.append(Remark("noted", path.name, None, "", "", what))
    frame = frame[~own].sort_values(key, ignore_index=True)
    remarks.append(
        Remark("noted", path.name, None, "", "", "values are thousand USD there and USD here")
    )
    if far := far_flows(path.name, frame):
        remarks.append(far)
    return Extract(path.name, digest, frame, tuple(remarks))


# The cache ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Seen:
    """What the stream has shown so far."""

    rows: int = 0
    padded: int = 0


def _sort_by_product(path: Path, work: Path, out: Path, progress: Progress | None) -> None:
    """Split a year file by HS chapter, then sort chapter by chapter: no more is ever held."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    digest, seen = hashlib.sha256(), _Seen()
    schema = pa.schema(
        [
            ("t", pa.int16()),
            ("i", pa.int16()),
            ("j", pa.int16()),
            ("k", pa.int32()),
            ("v", pa.float64()),
            ("q", pa.float64()),
        ]
    )
    parts: dict[int, Any] = {}
    try:
        for batch in _batches(path, digest, seen, progress):
            for chapter, rows in _by_chapter(batch.cast(schema)):
                if chapter not in parts:
                    parts[chapter] = pa.OSFile(str(work / f"{chapter:02d}.arrow"), "wb")
                    parts[chapter] = (parts[chapter], pa.ipc.new_stream(parts[chapter], schema))
                parts[chapter][1].write_table(rows)
    finally:
        for stream, writer in parts.values():
            writer.close()
            stream.close()
    if not seen.rows:
        raise refused(path.name, "holds no rows")
    notes = []
    if seen.padded:
        notes.append(f"{seen.padded} product codes had lost their leading zero, which is put back")
    keep = {"sha256": digest.hexdigest(), "notes": "\n".join(notes)}
    with pq.ParquetWriter(
        out, schema.with_metadata(keep), compression="zstd", write_page_checksum=True
    ) as whole:
        for chapter in sorted(parts):
            place = work / f"{chapter:02d}.arrow"
            with pa.memory_map(str(place)) as stream, pa.ipc.open_stream(stream) as reader:
                rows = reader.read_all().sort_by([("k", "ascending"), ("i", "ascending")])
            whole.write_table(rows.cast(schema.with_metadata(keep)), row_group_size=_ROWS_PER_GROUP)
            place.unlink()


def _by_chapter(table: pa.Table) -> Iterator[tuple[int, pa.Table]]:
    import numpy as np

    chapters = table.column("k").to_numpy() // _CHAPTER
    order = np.argsort(chapters, kind="stable")
    found, starts = np.unique(chapters[order], return_index=True)
    for chapter, rows in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
        yield chapter, table.take(rows)


def _batches(path: Path, digest: Any, seen: _Seen, progress: Progress | None) -> Iterator[Any]:
    """The checked blocks of a year file."""
    import pyarrow as pa
    from pyarrow import csv as pacsv

    total = path.stat().st_size
    with path.open("rb") as raw:
        told = _Told(raw, digest, total, progress)
        stream = pa.PythonFile(told, mode="r")
        unpacked = pa.CompressedInputStream(stream, "gzip") if path.suffix == ".gz" else stream
        try:
            reader = pacsv.open_csv(
                unpacked,
                read_options=pacsv.ReadOptions(block_size=_BLOCK_BYTES),
                convert_options=pacsv.ConvertOptions(
                    column_types={
                        **dict.fromkeys(("t", "i", "j"), pa.int16()),
                        **dict.fromkeys(("k", "q"), pa.string()),
                        "v": pa.float64(),
                    },
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
            if tuple(reader.schema.names) != COLUMNS:
                value = ", ".join(reader.schema.names)[:80]
                raise refused(
                    path.name,
                    "has not the columns of BACI",
                    row=1,
                    value=value,
                    allowed="t, i, j, k, v, q",
                )
            for batch in reader:
                yield _checked(path.name, pa.Table.from_batches([batch]), seen)
        except (pa.ArrowInvalid, UnicodeDecodeError, OSError) as error:
            first = str(error).splitlines()[0]
            problem, mend = f"cannot be read as numbers: {first}", "Download it again."
            raise refused(path.name, problem, row=seen.rows + 2, mend=mend) from None


def _checked(file: str, block: pa.Table, seen: _Seen) -> pa.Table:
    """One block with its codes and quantities as numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    first = seen.rows + 2  # the line of the block's first row
    seen.rows += block.num_rows
    codes = pc.utf8_trim_whitespace(block.column("k"))
    short = pc.equal(pc.utf8_length(codes), _HS_DIGITS - 1)
    seen.padded += pc.sum(short).as_py() or 0
    right = pc.and_(
        pc.match_substring_regex(codes, "^[0-9]+$"),
        pc.or_(short, pc.equal(pc.utf8_length(codes), _HS_DIGITS)),
    )
    _all(file, right, codes, first, column="k", problem="is no HS code of six digits")
    texts = pc.utf8_trim_whitespace(block.column("q"))
    missing = pc.is_in(texts, value_set=pa.array(["NA", ""]))
    number = pc.match_substring_regex(texts, r"^[0-9]*\.?[0-9]+([eE][+-]?[0-9]+)?$")
    _all(
        file,
        pc.or_(missing, number),
        texts,
        first,
        column="q",
        problem="is neither a quantity nor NA",
    )
    nothing = pa.scalar(None, pa.string())
    quantities = pc.cast(pc.if_else(missing, nothing, texts), pa.float64())
    values = block.column("v")
    _all(
        file,
        pc.and_(pc.greater_equal(values, 0.0), pc.is_finite(values)),
        values,
        first,
        column="v",
        problem="is negative or no number",
    )
    block = block.set_column(3, "k", pc.cast(codes, pa.int32()))
    return block.set_column(5, "q", quantities)


def _all(file: str, right: Any, cells: Any, first: int, *, column: str, problem: str) -> None:
    import pyarrow.compute as pc

    wrong = pc.index(pc.fill_null(right, fill_value=False), value=False).as_py()
    if wrong >= 0:
        value = str(cells[wrong].as_py())
        raise refused(file, problem, row=first + wrong, column=column, value=value)


class _Told:
    """A file that hashes what is read from it, and says how far it is."""

    def __init__(self, raw: Any, digest: Any, total: int, progress: Progress | None) -> None:
        self._raw, self._digest, self._total, self._progress = raw, digest, total, progress
        self._read = 0
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        found: bytes = self._raw.read(size)
        self._digest.update(found)
        self._read += len(found)
        if self._progress:
            self._progress(self._read, self._total)
        return found

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It cannot go back."""
        return False

    def close(self) -> None:
        """Nothing is held."""
        self.closed = True
