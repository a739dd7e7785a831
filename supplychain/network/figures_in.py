"""Baseline outputs and segments as the tables state them, before any balancing."""

from collections.abc import Mapping
from dataclasses import dataclass

from supplychain.network.values import Commodity
from supplychain.parameters import Parameters
from supplychain.tables import Row, Tables

_USD_PER_MUSD = 1e6


@dataclass(frozen=True)
class Output:
    """What one country makes of one commodity, as stated.

    Attributes:
        value: unit/year (million USD/year for an industry's segment).
        capacity_ratio: capacity over output, >= 1.
        exports_usd: yearly exports of an industry's segment.
        rows: the rows behind it.
    """

    value: float
    capacity_ratio: float
    exports_usd: float
    rows: tuple[Row, ...]

    @property
    def evidence(self) -> str:
        """Grade of the output figure."""
        return str(self.rows[0]["evidence"])


def segment_rows(tables: Tables) -> dict[tuple[str, str, str], Row]:
    """(country, industry, segment) -> row: a country's own row wins over the row for ``*``."""
    stated = {
        (str(r["country"]), str(r["industry"]), str(r["segment"])): r
        for r in tables.rows("segments")
    }
    found: dict[tuple[str, str, str], Row] = {}
    for industry_row in tables.rows("industries"):
        country, industry = str(industry_row["country"]), str(industry_row["industry"])
        for place in ("*", country):
            for (where, what, segment), row in stated.items():
                if where == place and what == industry:
                    found[country, industry, segment] = row
    return found


def stated_outputs(
    tables: Tables, parameters: Parameters, segments: Mapping[tuple[str, str, str], Row]
) -> dict[Commodity, dict[str, Output]]:
    """Commodity -> country -> stated output, from producers, processors and industries."""
    stages = {str(r["product"]): str(r["stage"]) for r in tables.rows("products")}
    found: dict[Commodity, dict[str, Output]] = {}
    for table in ("producers", "processors"):
        for row in tables.rows(table):
            product, value = str(row["product"]), float(row["output"])
            spare = parameters.value("capacity_spare", product, stages[product])
            ratio = float(row["capacity"]) / value if row["capacity"] and value else spare
            if value > 0:
                found.setdefault((product, ""), {})[str(row["country"])] = Output(
                    value, max(ratio, 1.0), 0.0, (row,)
                )
    for row in tables.rows("industries"):
        country, industry = str(row["country"]), str(row["industry"])
        for (where, what, segment), share_row in segments.items():
            share = float(share_row["share"])
            if where == country and what == industry and share > 0:
                found.setdefault((industry, segment), {})[country] = Output(
                    float(row["output_usd"]) / _USD_PER_MUSD * share,
                    1.0,
                    float(row["exports_usd"]) * share,
                    (row, share_row),
                )
    return found


def private_stocks(tables: Tables) -> dict[tuple[str, str, str], Row]:
    """(country, user, product) -> row of the plants' own stocks."""
    return {
        (str(r["country"]), str(r["user"]), str(r["product"])): r
        for r in tables.rows("stocks")
        if r["holder"] == "private"
    }


def stock_row(
    stocks: Mapping[tuple[str, str, str], Row], country: str, users: tuple[str, ...], product: str
) -> Row | None:
    """The most specific private stock row: own country before ``*``, own user before ``*``."""
    for place in (country, "*"):
        for user in (*users, "*"):
            for what in (product, "*"):
                if (place, user, what) in stocks:
                    return stocks[place, user, what]
    return None
