"""What the economy loses: frozen values by country and group of industries, and their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from supplychain.vocabulary import CASES

ByCase = Mapping[str, float]

ASSUMPTIONS = (
    "for shares of GDP, the industries of the pack stand for all exports of their group",
    "with home sales: plants lose the same share of them, and stand for all of their group",
    "recipes, shares of suppliers and, for shares of GDP, the size of sectors are the table's",
    "suppliers lose what is not bought from them; they find no other buyers",
    "final demand and prices stand still",
)
NOT_COUNTED = (
    "home sales of the industries that lose exports (counted apart)",
    "losses of countries outside the focus in their own exports",
    "spending of lost income, investment, tax revenue and what replaces the goods",
    "users of the lost exports, beyond what the simulation plays",
)


@dataclass(frozen=True)
class HomeLoss:
    """How much of the lost share of their exports plants lose of their home sales."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Part:
    """Value added lost by a country, or by one of its groups of industries.

    Attributes:
        direct_usd, indirect_usd: case -> in the industries that lose exports, and in all others;
            dollars of the export losses, over the horizon.
        direct_share, indirect_share: the same as shares of the country's GDP, at the size that
            each sector has in the table.
    """

    direct_usd: ByCase
    indirect_usd: ByCase
    direct_share: ByCase
    indirect_share: ByCase

    @property
    def usd(self) -> dict[str, float]:
        """Case -> value added lost, suppliers included."""
        return {case: usd + self.indirect_usd[case] for case, usd in self.direct_usd.items()}

    @property
    def share(self) -> dict[str, float]:
        """Case -> share of the country's GDP lost, suppliers included."""
        return {
            case: share + self.indirect_share[case] for case, share in self.direct_share.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Its entries in JSON."""
        return {
            "direct_usd": _by_case(self.direct_usd),
            "indirect_usd": _by_case(self.indirect_usd),
            "direct_share": _by_case(self.direct_share),
            "gdp_loss_share": _by_case(self.share),
        }


@dataclass(frozen=True)
class CountryLoss:
    """One country.

    Attributes:
        table_gdp_usd: its value added in the table, in one year and at the table's prices.
        whole: what it loses in all.
        groups: group of industries -> its part, those that lose in any case; largest loss first.
        with_home, home_groups: the same where the plants that lose exports lose home sales too.
    """

    country: str
    table_gdp_usd: float
    whole: Part
    groups: Mapping[str, Part]
    with_home: Part
    home_groups: Mapping[str, Part]

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``countries`` in JSON."""
        return {
            "country": self.country,
            "table_gdp_usd": self.table_gdp_usd,
            **self.whole.as_dict(),
            "groups": _by_group(self.groups),
            "with_home_sales": {
                **self.with_home.as_dict(),
                "groups": _by_group(self.home_groups),
            },
        }


@dataclass(frozen=True)
class Economy:
    """Losses of GDP by country of the table.

    Attributes:
        year: of the table.
        months: the horizon over which dollars are counted.
        countries: all of the table, those whose exports were played first.
        evidence: weakest grade among the table, the groups and the export losses used.
        home_evidence: the same with that of home sales.
        home_loss: what was assumed of home sales.
        valuation, assumptions, not_counted: how to read the figures.
        sources: ids of the table's sources.
    """

    year: int
    months: int
    countries: tuple[CountryLoss, ...]
    evidence: str
    home_evidence: str
    home_loss: HomeLoss
    valuation: str
    sources: tuple[str, ...]
    not_counted: tuple[str, ...] = NOT_COUNTED
    assumptions: tuple[str, ...] = ASSUMPTIONS

    @property
    def cases(self) -> tuple[str, ...]:
        """The cases that were played, in the order of the contract."""
        return tuple(case for case in CASES if case in self.countries[0].whole.usd)

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
            "home_sales_loss": {
                "value": self.home_loss.value,
                "low": self.home_loss.low,
                "high": self.home_loss.high,
                "evidence": self.home_evidence,
            },
            "countries": [c.as_dict() for c in self.countries],
        }


def _by_group(groups: Mapping[str, Part]) -> list[dict[str, Any]]:
    return [{"group": name, **part.as_dict()} for name, part in groups.items()]


def _by_case(values: ByCase) -> dict[str, float | None]:
    """Every case of the contract; null for one that was not asked for."""
    return {case: values.get(case) for case in CASES}
