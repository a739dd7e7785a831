"""The constants of the model, read from ``parameters.csv``: the most specific scope wins.

No constant of the model stands in code; a constant that a pack does not give is an error that names
it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from supplychain.errors import DataError, Fault
from supplychain.tables import Row, Tables

PLAUSIBLE: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "access_ceiling": (1, 10),
        "allied_sharing": (0, 1),
        "approval_luck": (0, 1),
        "balance_weight": (0.001, 1e5),
        "band_draws": (1, 10_000),
        "band_high_quantile": (0.5, 1),
        "band_low_quantile": (0, 0.5),
        "band_shares_per_draw": (1, 10_000),
        "build_spread": (0, 5),
        "build_total_tolerance": (0, 1),
        "build_unit_value_ratio": (1, 1000),
        "capacity_spare": (1, 20),
        "catch_up_capacity": (1, 5),
        "content_threshold": (0, 0.1),
        "cover_bins": (1, 100),
        "days_per_month": (28, 31),
        "elasticity_long": (0, 100),
        "elasticity_time_months": (0.1, 600),
        "essentiality_weight": (0, 1),
        "front_loading_cap_months": (0, 24),
        "front_loading_surge": (1, 20),
        "headline_d_threshold": (0, 1),
        "home_bias": (0.01, 100),
        "hoarding": (1, 10),
        "home_sales_loss": (0, 2),
        "leakage": (0, 1),
        "leakage_enforced": (0, 1),
        "leakage_enforcement_month": (0, 240),
        "leakage_lag_months": (0, 60),
        "licence_2025_path": (0, 5),
        "licence_dead_time_months": (0, 60),
        "licence_headroom": (1, 10),
        "licence_ramp_months": (0, 60),
        "new_supplier_share": (0, 1),
        "price_tax_pass_through": (0, 1),
        "public_release_days": (0, 366),
        "qualification_lag_months": (0, 120),
        "queue_cap_months": (0, 60),
        "re_export_enforcement": (0, 1),
        "restock_months": (0, 600),
        "spot_rounds": (1, 100),
        "transit_lag_months": (0, 24),
    }
)
"""The constants that the model knows, each with the range outside which it is in another unit."""


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
