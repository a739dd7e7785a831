"""A world input-output table as arrays: checked, added up and made long.

Knows rows that supply, columns that use and gross outputs; nothing of the file that they came from.
Cells are numbers in one million of a currency. Names become categories, so that the twelve million
cells of a full table take 25 bytes each and not 250.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import sparse

from supplychain.errors import did_you_mean, nearest
from supplychain.importers.extract import Remark, refused
from supplychain.vocabulary import REST_OF_WORLD

FINAL = "final"
OUTPUT = "output"
_LARGEST_GAP = 0.001  # of world output, between rows and outputs
_WORLD_OUTPUT = (2e7, 5e8)  # million USD or EUR: 20 to 500 trillion, 1995 to 2030
_COUNTRIES_OF_A_WORLD = 30  # a table of fewer is a part of the world, and its sum says nothing

Names = tuple[np.ndarray, np.ndarray]
"""Country and sector of each row or column."""


@dataclass(frozen=True)
class Table:
    """One table.

    Attributes:
        year: its year.
        suppliers: country and sector of each row.
        users: country and sector of each column; the sector `final` is final demand.
        cells: rows by columns.
        output: gross output of each row, or `None` where none is printed.
    """

    year: int
    suppliers: Names
    users: Names
    cells: np.ndarray
    output: np.ndarray | None


def merged(table: Table, regions: Collection[str] | None = None) -> Table:
    """Rows, and columns, of one country and sector added up; countries not asked for as one.

    >>> a = np.array
    >>> table = Table(
    ...     2020,
    ...     (a(["KOR", "JPN"]), a(["C", "C"])),
    ...     (a(["KOR", "JPN"]), a(["C", "C"])),
    ...     a([[1.0, 2.0], [3.0, 4.0]]),
    ...     a([3.0, 7.0]),
    ... )
    >>> merged(table, ["KOR"]).suppliers[0].tolist(), merged(table, []).cells.tolist()
    (['KOR', 'ROW'], [[10.0]])
    """
    rows, suppliers = _groups(table.suppliers, regions)
    columns, users = _groups(table.users, regions)
    cells = rows.T @ (table.cells @ columns)
    output = None if table.output is None else rows.T @ table.output
    return replace(table, suppliers=suppliers, users=users, cells=cells, output=output)


def asked(file: str, table: Table, regions: Collection[str] | None) -> Table:
    """The table with the countries that were asked for, the others added up; all where `None`.

    Raises:
        DataError: a country is not in the table, so that it would vanish in the rest of the world.
    """
    if regions is None:
        return merged(table)
    there = sorted({*table.suppliers[0].tolist(), *table.users[0].tolist()})
    for region in regions:
        if region not in there:
            mend = did_you_mean(nearest(region, there))
            raise refused(
                file, "is no region of the table", value=region, allowed=", ".join(there), mend=mend
            )
    return merged(table, regions)


def _groups(names: Names, regions: Collection[str] | None) -> tuple[sparse.csr_array, Names]:
    """The matrix that adds up what has one name, and the names in the order of the table."""
    country, sector = names
    if regions is not None:
        country = np.where(np.isin(country, list(regions)), country, REST_OF_WORLD)
    pairs: dict[tuple[str, str], int] = {}
    codes = [
        pairs.setdefault(pair, len(pairs))
        for pair in zip(country.tolist(), sector.tolist(), strict=True)
    ]
    ones = sparse.csr_array(
        (np.ones(len(codes)), (np.arange(len(codes)), codes)), shape=(len(codes), len(pairs))
    )
    return ones, (np.array([c for c, _ in pairs]), np.array([s for _, s in pairs]))


def checked(file: str, table: Table) -> tuple[Table, tuple[Remark, ...]]:
    """Compare rows with outputs, and the whole with the size of the world economy.

    A negative entry between industries is a booking of stocks: it is set to nothing, and said.

    Raises:
        DataError: a cell is no finite number, an industry supplies and does not use (or the other
            way round), or the rows miss their outputs by more than a thousandth of world output.
    """
    _square(file, table)
    if not np.isfinite(table.cells).all():
        raise refused(file, "holds a cell that is no finite number")
    remarks = []
    if table.output is None:
        remarks.append(_noted(file, "prints no outputs: rows are not checked"))
    else:
        missed = np.abs(table.cells.sum(axis=1) - table.output).sum()
        gap = float(missed / (np.abs(table.output).sum() or 1))
        if gap > _LARGEST_GAP:
            raise refused(file, f"has rows that miss their outputs by {gap:.1%} of world output")
        remarks.append(
            Remark("check", file, None, "", "", f"rows miss outputs by {gap:.3%} in all")
        )
        remarks.append(_size(file, table))
    between = table.users[1] != FINAL
    negative = (table.cells < 0) & between
    if count := int(negative.sum()):
        lost = float(-table.cells[negative].sum())
        what = f"{count} negative intermediate entries ({lost:,.0f} million), set to nothing"
        remarks.append(Remark("left_out", file, None, "", "", what))
        table = replace(table, cells=np.where(negative, 0.0, table.cells))
    return table, tuple(remarks)


def _square(file: str, table: Table) -> None:
    """A table that was cut off has columns without rows."""
    rows = set(zip(*(names.tolist() for names in table.suppliers), strict=True))
    columns = set(zip(*(names.tolist() for names in table.users), strict=True))
    alone = sorted(rows ^ {(country, sector) for country, sector in columns if sector != FINAL})
    if alone or not rows:
        named = ", ".join(f"{country} {sector}" for country, sector in alone[:5])
        problem = f"has {len(alone)} industries with a row or a column alone: is it cut off?"
        raise refused(file, problem, value=named, mend="Download it again.")


def _size(file: str, table: Table) -> Remark:
    """World output tells millions from thousands and from billions."""
    total = float(table.output.sum()) if table.output is not None else 0.0
    trillions = f"gross output is {total / 1e6:,.1f} trillion"
    countries = len(set(table.suppliers[0]))
    if countries < _COUNTRIES_OF_A_WORLD:
        return _noted(file, f"{trillions}, of {countries} regions")
    low, high = _WORLD_OUTPUT
    if low <= total <= high:
        return Remark("check", file, None, "", "", f"{trillions}, as the world's should be")
    what = (
        f"{trillions}, and the world's is {low / 1e6:.0f} to {high / 1e6:.0f}: is it in millions?"
    )
    return Remark("doubt", file, None, "", "", what)


def long(table: Table, value: str = "value_musd") -> pd.DataFrame:
    """The cells that are not zero, one row each, and below them the gross outputs."""
    rows, columns = np.nonzero(table.cells)
    parts = [_frame(table.suppliers, rows, table.users, columns, table.cells[rows, columns])]
    if table.output is not None:
        there = np.nonzero(table.output)[0]
        nobody = (np.array([""]), np.array([OUTPUT]))
        parts.append(
            _frame(table.suppliers, there, nobody, np.zeros_like(there), table.output[there])
        )
    names = {
        column: pd.api.types.union_categoricals([part[column] for part in parts])
        for column in ("supplier", "supplier_sector", "user", "user_sector")
    }
    values = np.concatenate([part["value"].to_numpy() for part in parts])
    return pd.DataFrame({"year": np.int16(table.year), **names, value: values})


def _frame(
    suppliers: Names, rows: np.ndarray, users: Names, columns: np.ndarray, values: np.ndarray
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "supplier": _picked(suppliers[0], rows),
            "supplier_sector": _picked(suppliers[1], rows),
            "user": _picked(users[0], columns),
            "user_sector": _picked(users[1], columns),
            "value": values,
        }
    )


def _picked(names: np.ndarray, places: np.ndarray) -> pd.Categorical[str]:
    kept, codes = np.unique(names, return_inverse=True)
    return pd.Categorical.from_codes(codes[places], categories=pd.Index(kept.tolist()))


def _noted(file: str, what: str) -> Remark:
    return Remark("noted", file, None, "", "", what)
