"""What the economy loses: frozen values by country and group of industries, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supplychain.vocabulary import CASES

ByCase = Mapping[str, float]

ASSUMPTIONS = (
    "the industries of the pack stand for all exports of their group in the table",
    "recipes, value added per unit of output and shares of suppliers are those of the table's year",
    "suppliers lose what is not bought from them; they find no other buyers",
    "final demand and prices stand still",
)
NOT_COUNTED = (
    "home sales of the industries that lose exports",
    "losses of countries outside the focus in their own exports",
    "spending of lost income, investment, tax revenue and what replaces the goods",
    "users of the lost exports, beyond what the simulation plays",
)


@dataclass(frozen=True)
class GroupLoss:
    """One group of industries of one country; USD over the horizon, at the table's prices.

    Attributes:
        value_added_usd: at the baseline.
        direct_usd, indirect_usd: case -> value added lost.
    """

    group: str
    value_added_usd: float
    direct_usd: ByCase
    indirect_usd: ByCase

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``groups`` in JSON."""
        return {
            "group": self.group,
            "value_added_usd": self.value_added_usd,
            "direct_usd": _by_case(self.direct_usd),
            "indirect_usd": _by_case(self.indirect_usd),
        }


@dataclass(frozen=True)
class CountryLoss:
    """One country; USD over the horizon, at the table's prices.

    Attributes:
        gdp_usd: at the baseline.
        direct_usd, indirect_usd: case -> value added lost in the industries that lose exports, and
            in all others.
        groups: the groups that lose anything in any case, largest loss first.
    """

    country: str
    gdp_usd: float
    direct_usd: ByCase
    indirect_usd: ByCase
    groups: tuple[GroupLoss, ...]

    @property
    def direct_share(self) -> dict[str, float]:
        """Case -> share of GDP lost directly."""
        return {case: usd / self.gdp_usd for case, usd in self.direct_usd.items()}

    @property
    def share(self) -> dict[str, float]:
        """Case -> share of GDP lost, suppliers included."""
        return {
            case: (usd + self.indirect_usd[case]) / self.gdp_usd
            for case, usd in self.direct_usd.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``countries`` in JSON."""
        return {
            "country": self.country,
            "gdp_usd": self.gdp_usd,
            "direct_usd": _by_case(self.direct_usd),
            "indirect_usd": _by_case(self.indirect_usd),
            "direct_share": _by_case(self.direct_share),
            "gdp_loss_share": _by_case(self.share),
            "groups": [g.as_dict() for g in self.groups],
        }


@dataclass(frozen=True)
class Economy:
    """Losses of GDP by country of the table.

    Attributes:
        year: of the table: its structure and its prices.
        months: the horizon over which USD are counted.
        countries: all of the table, those whose exports were played first.
        evidence: weakest grade among the table, the groups and the export losses used.
        valuation, assumptions, not_counted: how to read the figures.
        sources: ids of the table's sources.
    """

    year: int
    months: int
    countries: tuple[CountryLoss, ...]
    evidence: str
    valuation: str
    sources: tuple[str, ...]
    not_counted: tuple[str, ...] = NOT_COUNTED
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases that were played, in the order of the contract."""
        return tuple(case for case in CASES if case in self.countries[0].direct_usd)

    def country(self, code: str) -> CountryLoss:
        """The loss of one country.

        Raises:
            KeyError: the table has no such country; the message names what there is.
        """
        for found in self.countries:
            if found.country == code:
                return found
        known = ", ".join(c.country for c in self.countries)
        raise KeyError(f"no country {code}; the table holds {known}")

    def as_dict(self) -> dict[str, Any]:
        """The entry ``economy`` in JSON."""
        return {
            "table_year": self.year,
            "months": self.months,
            "valuation": self.valuation,
            "evidence": self.evidence,
            "assumptions": list(self.assumptions),
            "not_counted": list(self.not_counted),
            "sources": list(self.sources),
            "countries": [c.as_dict() for c in self.countries],
        }


def _by_case(values: ByCase) -> dict[str, float | None]:
    """Every case of the contract; null for one that was not asked for."""
    return {case: values.get(case) for case in CASES}
