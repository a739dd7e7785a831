"""What the price layer answers: frozen values beside the losses, no arithmetic of models."""

from dataclasses import dataclass
from typing import Any, Final

MEANING: Final = (
    (
        "A price is what would balance supply and demand if what is missing went to whoever pays "
        "most; the losses are what is missing if it is shared out. They are two readings of one "
        "shortage: a price changes no loss."
    ),
    (
        "It is a mean over the horizon, in the markets outside the restricting countries, after "
        "stocks and whatever suppliers could still add. It says nothing of the price inside those "
        "countries, of two prices on two sides of a border, or of buyers who stock up in advance. "
        "Its band moves the figures of markets.csv alone; the shortage is the central one."
    ),
    (
        "Elasticities are measured on small changes; for large shortages the price is mostly the "
        "choke price, where demand is given up: a place where the curve ends, not a forecast."
    ),
    "The peak is what fear adds for a while. It enters no other figure.",
    (
        "The price line is the part of dearer inputs that reaches export prices, on what is still "
        "shipped. It is no profit: the exporter pays more than it passes on."
    ),
)
"""What the prices say and do not say, for people and in JSON."""

Band = tuple[float, float]


@dataclass(frozen=True)
class MarketPrice:
    """The price of one product that is restricted, or runs short because of the restriction.

    Attributes:
        missing: share of baseline use outside the restricting countries that is missing after
            stocks, mean of the horizon; monthly: the same month by month.
        spare: what suppliers outside could still add, over what they ship.
        price: equilibrium price over baseline; peak: with the expected overshoot. Both with a band
            (10 and 90 % quantile over the ranges of ``markets.csv``, the shortage held fixed).
        regime: what sets the price (`supplychain.model.prices.REGIMES`).
        destroyed: share of demand given up at that price.
        evidence: grade of the market's row; row: where it stands, such as ``markets.csv:5``.
    """

    product: str
    missing: float
    monthly: tuple[float, ...]
    spare: float
    price: float
    price_band: Band
    peak: float
    peak_band: Band
    regime: str
    destroyed: float
    evidence: str
    row: str

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``prices.markets`` in JSON."""
        return {
            "product": self.product,
            "missing_share": self.missing,
            "monthly_missing_share": list(self.monthly),
            "spare_share": self.spare,
            "price_ratio": self.price,
            "price_ratio_band": _ends(self.price_band),
            "peak_price_ratio": self.peak,
            "peak_price_ratio_band": _ends(self.peak_band),
            "regime": self.regime,
            "demand_destroyed_share": self.destroyed,
            "evidence": self.evidence,
            "row": self.row,
        }


@dataclass(frozen=True)
class ExportValue:
    """The value of one sector's exports over the horizon, split into volume and price.

    Attributes:
        baseline_exports_usd: over the horizon.
        volume: change by the volume that is lost (the adaptive loss, negative).
        price: change by dearer inputs that are passed on, on what is still shipped; with a band.
    """

    country: str
    sector: str
    baseline_exports_usd: float
    volume: float
    price: float
    price_band: Band

    @property
    def total(self) -> float:
        """Change of the value of exports."""
        return self.volume + self.price

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``prices.exports`` in JSON."""
        return {
            "country": self.country,
            "sector": self.sector,
            "baseline_exports_usd": self.baseline_exports_usd,
            "volume_share": self.volume,
            "price_share": self.price,
            "price_share_band": _ends(self.price_band),
            "value_share": self.total,
            "volume_usd": self.volume * self.baseline_exports_usd,
            "price_usd": self.price * self.baseline_exports_usd,
            "value_usd": self.total * self.baseline_exports_usd,
        }


@dataclass(frozen=True)
class Prices:
    """All prices of one run.

    Attributes:
        rung: the rung of a ladder that they are of, empty without one.
        unpriced: products that run short and have no price in the pack: they move no price line.
    """

    rung: str
    markets: tuple[MarketPrice, ...]
    exports: tuple[ExportValue, ...]
    unpriced: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The value of ``prices`` in JSON."""
        return {
            "rung": self.rung,
            "markets": [m.as_dict() for m in self.markets],
            "exports": [e.as_dict() for e in self.exports],
            "unpriced": list(self.unpriced),
            "meaning": list(MEANING),
        }


def _ends(band: Band) -> dict[str, float]:
    """A band by its ends."""
    return {"low": band[0], "high": band[1]}
