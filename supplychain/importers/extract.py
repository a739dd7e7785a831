"""What an importer hands over: a checked table, and every remark on what it read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from supplychain.errors import DataError, Fault

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["left_out", "noted", "check", "doubt"]
"""Not taken; taken with a reservation; a check that was made and held; one that did not hold."""


_ENDS = {"left_out": " (left out)", "doubt": " (DOUBTFUL)"}


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing to know about a raw file: a row left out, or taken with a reservation.

    >>> print(Remark("left_out", "MCS.csv", 12, "Value", "W", "withheld"))
    MCS.csv row 12, Value 'W': withheld (left out)
    """

    verdict: Verdict
    file: str
    row: int | None
    column: str
    value: str
    what: str

    def __str__(self) -> str:
        """The remark on one line."""
        row = f" row {self.row}," if self.row else ""
        cell = f" {self.column} {self.value!r}" if self.column else ""
        end = _ENDS.get(self.verdict, "")
        return f"{self.file}{row}{cell}: {self.what}{end}"


@dataclass(frozen=True, slots=True)
class Extract:
    """One raw file after reading.

    Attributes:
        file: name of the file, without its folder.
        sha256: hash of the bytes that were read.
        frame: the rows; the columns are those of the importer's kind (see `registry`).
        remarks: what was left out, and what was taken with a reservation.
    """

    file: str
    sha256: str
    frame: pd.DataFrame
    remarks: tuple[Remark, ...] = ()


def refused(
    file: str,
    problem: str,
    *,
    row: int | None = None,
    column: str = "",
    value: str = "",
    allowed: str = "",
    mend: str = "",
) -> DataError:
    """The refusal of a raw file, to be raised: where and why.

    >>> print(refused("MCS.csv", "is no number", row=3, column="Value", value="12,34"))
    1 problem in MCS.csv
      row 3, Value: '12,34' is no number.
    """
    return DataError(faults=(Fault(file, row, column, value, problem, allowed, mend),))
