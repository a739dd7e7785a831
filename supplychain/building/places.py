"""Which country of the pack a publisher means: its concordance first, then the pack's own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supplychain.errors import UnknownNameError
from supplychain.names import Names
from supplychain.tables import Tables

NOBODY = "-"
"""Target of a concordance row for a place that is no country (a total, a group of countries)."""


@dataclass(frozen=True)
class Places:
    """Exact look-up of the places of one naming scheme."""

    scheme: str
    codes: Mapping[str, str]
    names: Names

    def find(self, text: str) -> str | None:
        """The iso3 code, `NOBODY` for what is no country, or `None` where nothing fits."""
        if text in self.codes:
            return self.codes[text]
        try:
            return self.names.country(text)
        except UnknownNameError:
            return None


def places(tables: Tables, scheme: str) -> Places:
    """The look-up of one scheme, from `concordances.csv` and `countries.csv`."""
    codes = {
        str(row["code"]): str(row["target"])
        for row in tables.rows("concordances")
        if row["scheme"] == scheme and row["kind"] == "country"
    }
    return Places(scheme, codes, Names.of(tables))
