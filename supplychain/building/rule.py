"""One row of `rules.csv`, understood: what is read, and what is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType

from supplychain.errors import DataError, Fault, did_you_mean, nearest
from supplychain.importers import Remark
from supplychain.parameters import Parameters
from supplychain.tables import Row

Cells = Mapping[str, str]
"""One row of a pack before it is written: the text of each column."""

KEYS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "usgs_mcs": (
            *("chapter", "commodity", "section", "statistic", "detail", "unit", "world"),
            *("tolerance", "second", "second_detail"),
        ),
        "eu_crm": ("material", "stage", "tolerance"),
        "baci": ("hs", "measure", "importers"),
        "content": (),
        "wgi": ("column", "except"),
        "un_votes": ("column",),
        "wiod": ("regions",),
    }
)
"""What may be said in the column `select`, by importer."""


@dataclass(frozen=True)
class Rule:
    """One derivation.

    Attributes:
        row: the row of `rules.csv`.
        select: what part of the raw file is read: key -> values, in the order given.
        spread: half the width of the band that a grade alone asks for (0.1: ten per cent).
        tolerance: how far the countries may be from the world total that the source prints.
        unit_value_ratio: how far a flow's unit value may lie from the median of its product.
    """

    row: Row
    select: Mapping[str, tuple[str, ...]]
    spread: float
    tolerance: float
    unit_value_ratio: float

    @property
    def id(self) -> str:
        """Name of the rule."""
        return str(self.row["rule"])

    @property
    def product(self) -> str:
        """The product or industry that the rows are about."""
        return str(self.row["product"])

    @property
    def years(self) -> range:
        """The raw years that are read."""
        return range(self.row["first_year"] or self.row["year"], self.row["year"] + 1)

    def one(self, key: str, otherwise: str = "") -> str:
        """The only value of a key."""
        values = self.select.get(key, (otherwise,))
        if len(values) != 1:
            raise self.fault(f"says {key} more than once")
        return values[0]

    def fault(self, problem: str, allowed: str = "", mend: str = "") -> DataError:
        """The refusal of this rule, to be raised."""
        cell = "|".join(self.row["select"])
        fault = Fault("rules.csv", self.row.line, "select", cell, problem, allowed, mend)
        return DataError(faults=(fault,))

    def remark(self, file: str, what: str, row: int | None = None) -> Remark:
        """Something left out by this rule."""
        return Remark("left_out", file, row, "", "", f"{self.id}: {what}")

    def band(self, value: float, others: Iterable[float] = ()) -> tuple[float, float]:
        """The low and high of a figure of the pack.

        It holds the factor's own range, the other figures for the same thing (other years, another
        edition) and the spread that the grade asks for.
        """
        central = float(self.row["factor"])
        down = min(float(self.row["factor_low"]) / central if central else 1.0, 1 - self.spread)
        up = max(float(self.row["factor_high"]) / central if central else 1.0, 1 + self.spread)
        return min(value * down, *others, value), max(value * up, *others, value)


def read_rule(row: Row, parameters: Parameters) -> Rule:
    """Understand one row of `rules.csv`.

    Raises:
        DataError: `select` holds a key that the importer does not know, or is not key=value; or the
            pack gives no spread for the grade.
    """
    select: dict[str, list[str]] = {}
    allowed = KEYS[row["importer"]]
    rule = Rule(row, MappingProxyType({}), 0.0, 0.0, 0.0)
    for item in row["select"]:
        key, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not value:
            raise rule.fault(f"holds {item!r}, which is not key=value", ", ".join(allowed))
        if key not in allowed:
            raise rule.fault(
                f"holds the key {key!r}", ", ".join(allowed), did_you_mean(nearest(key, allowed))
            )
        select.setdefault(key, []).append(value)
    tolerance = parameters.value("build_total_tolerance")
    if "tolerance" in select:
        try:
            tolerance = float(select["tolerance"][0])
        except ValueError:
            raise rule.fault("has a tolerance that is no number") from None
    return Rule(
        row,
        MappingProxyType({key: tuple(values) for key, values in select.items()}),
        parameters.value("build_spread", str(row["evidence"])),
        tolerance,
        parameters.value("build_unit_value_ratio"),
    )


def number(value: float) -> str:
    """A derived figure as written: six significant digits, twelve decimals at most, no exponent.

    >>> number(0.1234567), number(1234567.8), number(0.0), number(1.2345678e12)
    ('0.123457', '1234570', '0', '1234570000000')
    """
    text = f"{Decimal(f'{value:.6g}'):{'.12f' if abs(value) < 1 else 'f'}}"
    return text.rstrip("0").rstrip(".") if "." in text else text
