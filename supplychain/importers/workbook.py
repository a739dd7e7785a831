"""Workbooks (xlsx), streamed row by row: a sheet is never held whole.

Knows the file format alone. The extra `io` brings openpyxl.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from supplychain.errors import MissingExtraError, did_you_mean, nearest
from supplychain.importers.extract import refused
from supplychain.importers.rawfile import archive, foreign

_FORM = "a workbook"
Line = tuple[object, ...]
"""The cells of one row as values; an empty one is `None`."""


def sheets_of(path: Path) -> tuple[str, ...]:
    """The names of the sheets.

    Raises:
        DataError: the file is no workbook.
        MissingExtraError: openpyxl is not installed.
    """
    book = _open(path)
    with closing(book):
        return tuple(book.sheetnames)


def rows_of(path: Path, sheet: str) -> Iterator[Line]:
    """The rows of a sheet from the first; the first sheet where no name is given.

    Raises:
        DataError: there is no such sheet, or the file is no workbook.
        MissingExtraError: openpyxl is not installed.
    """
    book = _open(path)
    with closing(book):
        names = book.sheetnames
        if not names or (sheet and sheet not in names):
            mend = did_you_mean(nearest(sheet, names))
            raise refused(path.name, f"has no sheet {sheet!r}", allowed=", ".join(names), mend=mend)
        rows = iter(book[sheet or names[0]].iter_rows(values_only=True))
        while True:
            with foreign(path.name, _FORM):
                row = next(rows, None)
            if row is None:
                return
            yield row


def _open(path: Path) -> Any:
    if importlib.util.find_spec("openpyxl") is None:
        raise MissingExtraError(
            "reading workbooks needs openpyxl: install the extra, supplychain[io]"
        )
    import openpyxl

    with archive(path):
        pass  # its members are within bounds
    with foreign(path.name, _FORM):
        return openpyxl.load_workbook(path, read_only=True, data_only=True)
