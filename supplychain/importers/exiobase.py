"""EXIOBASE 3: world input-output tables of 163 industries or 200 products, in million EUR.

Reads the archives as downloaded (``IOT_2019_ixi.zip``) through pymrio (the extra `tables`), which
knows their layout. Regions are codes of two letters, five of them groups of countries (WA, WE, WF,
WL, WM). Euros are never called dollars: without a rate the values stand in `value_meur`.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Collection
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from supplychain.errors import MissingExtraError, UsageError
from supplychain.importers import iotable
from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import archive, foreign, sha256_of, year_in

UNITS = {"M.EUR": "value_meur", "M.USD": "value_musd", "Mill USD": "value_musd"}
_CODE = (".pkl", ".pickle", ".py")


def read(
    path: Path, *, regions: Collection[str] | None = None, usd_per_eur: float | None = None
) -> Extract:
    """The cells of one table that are not zero.

    Args:
        path: the archive of one year.
        regions: regions to keep (two letters); the others are added up as `ROW`. A whole table of
            industries has some 40 million cells that are not zero.
        usd_per_eur: the average rate of the year, for values in million USD.

    Returns:
        An extract of kind `interindustry` (see `wiod.read` for `final` and `output`), with the
        column `value_meur` in place of `value_musd` where no rate is given.

    Raises:
        DataError: the archive is none of EXIOBASE, holds files that could run code, is in several
            units, the rows miss their outputs, or a region is not in the table.
        UsageError: the rate is no number above zero.
        MissingExtraError: pymrio is not installed.
    """
    if usd_per_eur is not None and not 0 < usd_per_eur < math.inf:
        raise UsageError(f"usd_per_eur {usd_per_eur:g}: no rate; write a number above 0")
    pymrio = _pymrio()
    year = year_in(path.name)
    if not year:
        raise refused(path.name, "has no year in its name", allowed="IOT_2019_ixi.zip")
    with archive(path) as packed:
        if odd := [name for name in packed.namelist() if name.lower().endswith(_CODE)]:
            raise refused(path.name, "holds files that could run code", value=odd[0])
    with foreign(path.name, "EXIOBASE 3"):
        system = pymrio.parse_exiobase3(path)
        if system.Z is None:
            system.calc_system()
    value = _unit(path.name, system)
    table, remarks = iotable.checked(
        path.name, iotable.asked(path.name, _table(system, year), regions)
    )
    if value == "value_meur" and usd_per_eur:
        table = _times(table, usd_per_eur)
        value = "value_musd"
        what = f"million EUR, at {usd_per_eur:g} USD each"
        remarks += (Remark("noted", path.name, None, "", "", what),)
    return Extract(path.name, sha256_of(path), iotable.long(table, value), remarks)


def _pymrio() -> ModuleType:
    try:
        return importlib.import_module("pymrio")
    except ImportError:
        raise MissingExtraError(
            "reading EXIOBASE needs pymrio: install the extra, supplychain[tables]"
        ) from None


def _unit(file: str, system: Any) -> str:
    """The name of the column of values, from the unit that the archive states."""
    units = sorted(set(system.unit["unit"])) if system.unit is not None else []
    if len(units) != 1 or units[0] not in UNITS:
        value, allowed = ", ".join(map(str, units)) or "none", " or ".join(UNITS)
        raise refused(file, "is not in one known unit", value=value, allowed=allowed)
    return UNITS[units[0]]


def _table(system: Any, year: int) -> iotable.Table:
    use, final = system.Z, system.Y
    suppliers, users = _names(use.index), _names(use.columns)
    regions = np.asarray(final.columns.get_level_values(0), dtype=str)
    final_names = np.repeat(iotable.FINAL, len(regions))
    return iotable.Table(
        year=year,
        suppliers=suppliers,
        users=(np.concatenate([users[0], regions]), np.concatenate([users[1], final_names])),
        cells=np.hstack([use.to_numpy(dtype=float), final.to_numpy(dtype=float)]),
        output=None if system.x is None else system.x.to_numpy(dtype=float).ravel(),
    )


def _names(index: pd.Index[Any]) -> iotable.Names:
    return (
        np.asarray(index.get_level_values(0), dtype=str),
        np.asarray(index.get_level_values(1), dtype=str),
    )


def _times(table: iotable.Table, rate: float) -> iotable.Table:
    output = None if table.output is None else table.output * rate
    return iotable.Table(table.year, table.suppliers, table.users, table.cells * rate, output)
