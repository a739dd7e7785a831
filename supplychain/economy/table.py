"""The input-output table of a pack, as arrays with names. Knows no scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.errors import DataError, Fault
from supplychain.model.economy import InputOutput
from supplychain.parameters import read_parameters
from supplychain.tables import Row, Tables
from supplychain.vocabulary import worst_evidence

Array = npt.NDArray[np.float64]
Sector = tuple[str, str]
"""Country and group of industries."""

SCHEME = "industry_group"
"""The scheme of `concordances.csv` that puts industries of the pack into sectors of the table."""

FILE = "interindustry.csv"
HOME_LOSS = "home_sales_loss"
"""The constant that says how much of the loss of their exports falls on home sales of plants."""

_FINAL, _OUTPUT = "final", "output"


@dataclass(frozen=True, eq=False)
class WorldTable:
    """The latest input-output table of a pack.

    Attributes:
        sectors: country and group of each index; table: million USD a year.
        exports, home: (n,) sales abroad and at home, to sectors and to final demand.
        home_per_export: (country, industry of the pack) -> its home sales over its exports.
        home_loss: the row of `home_sales_loss`.
        groups: industry of the pack -> its row of `concordances.csv`.
        evidence, sources: of its rows.
    """

    year: int
    sectors: tuple[Sector, ...]
    table: InputOutput
    exports: Array
    home: Array
    home_per_export: Mapping[Sector, float]
    home_loss: Row
    groups: Mapping[str, Row]
    evidence: str
    sources: tuple[str, ...]

    @property
    def countries(self) -> tuple[str, ...]:
        """Countries in the order of the table."""
        return tuple(dict.fromkeys(country for country, _ in self.sectors))


def read_table(tables: Tables) -> WorldTable:
    """The table in `interindustry.csv`, its latest year if it holds several.

    Raises:
        DataError: the pack has no table, a sector in it has no gross output, the table does not
            balance, or `home_sales_loss` is missing.
    """
    rows = tables.rows("interindustry")
    if not rows:
        raise _refused(
            "",
            "is missing, and says who supplies whom in the rest of the economy",
            "Import one (supplychain data import wiod FILE, or icio), add a rule with table "
            "interindustry to rules.csv and build the pack.",
        )
    year = max(int(row["year"]) for row in rows)
    rows = tuple(row for row in rows if row["year"] == year)
    sectors = tuple(sorted({_seller(row) for row in rows}))
    index = {sector: k for k, sector in enumerate(sectors)}
    n = len(sectors)
    flows, output, final, exports = np.zeros((n, n)), np.zeros(n), np.zeros(n), np.zeros(n)
    for row in rows:
        user, use = (str(row["user"]), str(row["user_sector"])), str(row["user_sector"])
        k, value = index[_seller(row)], float(row["value_musd"])
        if use == _OUTPUT:
            output[k] = value
            continue
        if use == _FINAL:
            final[k] += value
        elif user in index:
            flows[k, index[user]] += value
        else:
            problem = "is a user that supplies nobody and has no gross output"
            raise _refused(" ".join(user), problem, f"Add its row of {_OUTPUT}.", row.line)
        if user[0] != sectors[k][0]:
            exports[k] += value
    return WorldTable(
        year,
        sectors,
        InputOutput.of(flows, output, final, tuple(map(" ".join, sectors))),
        np.maximum(exports, 0.0),
        np.maximum(output - np.maximum(exports, 0.0), 0.0),
        {(str(r["country"]), str(r["industry"])): _home(r) for r in tables.rows("industries")},
        read_parameters(tables).row(HOME_LOSS),
        {str(r["code"]): r for r in tables.rows("concordances") if r["scheme"] == SCHEME},
        worst_evidence(*(str(row["evidence"]) for row in rows)),
        tuple(dict.fromkeys(source for row in rows for source in row["source_id"])),
    )


def _home(row: Row) -> float:
    """Home sales over exports of an industry; nothing where either is not known."""
    output, exports = row["output_usd"], row["exports_usd"]
    return max(float(output) / float(exports) - 1.0, 0.0) if output and exports else 0.0


def _seller(row: Row) -> Sector:
    return str(row["supplier"]), str(row["supplier_sector"])


def _refused(value: str, problem: str, mend: str, line: int | None = None) -> DataError:
    return DataError([Fault(FILE, line, "", value, problem, mend=mend)])
