"""The constants of the model, read from ``parameters.csv``: the most specific scope wins.

No constant of the model stands in code; a constant that a pack does not give is an error that names
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from supplychain.errors import DataError, Fault
from supplychain.tables import Row, Tables


@dataclass(frozen=True)
class Parameters:
    """Model constants by (parameter, scope)."""

    rows: Mapping[tuple[str, str], Row]

    def row(self, parameter: str, *scopes: str) -> Row:
        """The row of the first scope that the pack gives; ``*`` is tried last.

        Raises:
            DataError: the pack has no row for the parameter under any of the scopes.
        """
        for scope in (*scopes, "*"):
            found = self.rows.get((parameter, scope))
            if found is not None:
                return found
        wanted = " or ".join((*scopes, "*"))
        raise DataError(
            (
                Fault(
                    "parameters.csv",
                    None,
                    "parameter",
                    parameter,
                    "is missing",
                    f"a row with scope {wanted}",
                    f"add a row: {parameter},{wanted},value,low,high,...",
                ),
            )
        )

    def value(self, parameter: str, *scopes: str) -> float:
        """The central value of a constant, for example ``value("capacity_spare", "component")``."""
        return float(self.row(parameter, *scopes)["value"])

    def optional(self, parameter: str, scope: str) -> float | None:
        """The value under exactly this scope, or None."""
        found = self.rows.get((parameter, scope))
        return None if found is None else float(found["value"])

    def series(self, parameter: str) -> tuple[float, ...]:
        """A constant whose scopes are the months 1, 2, 3, ... in order (a dated curve)."""
        values: list[float] = []
        while (value := self.optional(parameter, str(len(values) + 1))) is not None:
            values.append(value)
        if not values:
            self.row(parameter, "1")
        return tuple(values)


def read_parameters(tables: Tables) -> Parameters:
    """All rows of ``parameters.csv`` by parameter and scope."""
    return Parameters(
        MappingProxyType(
            {(str(r["parameter"]), str(r["scope"])): r for r in tables.rows("parameters")}
        )
    )
