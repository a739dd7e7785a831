"""What a run can say beside its losses: frozen values, no arithmetic of models.

Lost orders and gains are worked out in `supplychain.channels`, the road of mechanisms in
`supplychain.mechanisms`.
"""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Amount:
    """Dollars over the horizon that one supplier loses or gains abroad, largest partner first.

    Attributes:
        country, product: the supplier (all segments of an industry together).
        is_industry: whether it is an end industry, whose exports the input channel measures too.
        usd: over the horizon, at baseline prices.
        partners: (country:product, usd) of the plants that stopped ordering or bought more.
    """

    country: str
    product: str
    is_industry: bool
    usd: float
    partners: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry of a list in JSON."""
        return {
            "country": self.country,
            "product": self.product,
            "is_industry": self.is_industry,
            "usd": self.usd,
            "partners": [{"id": name, "usd": usd} for name, usd in self.partners],
        }


@dataclass(frozen=True)
class Channels:
    """What the outcome of one case means for suppliers.

    Attributes:
        lost_orders: exports that customers no longer need; gains: sales beyond the baseline.
    """

    lost_orders: tuple[Amount, ...]
    gains: tuple[Amount, ...]

    def as_dict(self) -> dict[str, Any]:
        """The value of ``channels`` in JSON."""
        return {
            "lost_orders": [a.as_dict() for a in self.lost_orders],
            "gains": [a.as_dict() for a in self.gains],
        }


@dataclass(frozen=True)
class Step:
    """One run on the road of mechanisms.

    Attributes:
        name: the mechanism that is new in it, in words.
        share: loss of each sector over the horizon; the order is that of `Road.sectors`.
    """

    name: str
    share: tuple[float, ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry of a list in JSON."""
        return {"name": self.name, "loss_share": list(self.share)}


@dataclass(frozen=True)
class Road:
    """Losses of the hit sectors, mechanism by mechanism.

    Attributes:
        sectors: (country, sector, baseline exports of the horizon in USD).
        steps: from fixed proportions without stocks to the adaptive case, each with what the step
            before it had.
        elasticities: the adaptive case once more, each binding input with this elasticity instead
            of its class.
    """

    sectors: tuple[tuple[str, str, float], ...]
    steps: tuple[Step, ...]
    elasticities: tuple[Step, ...]

    def as_dict(self) -> dict[str, Any]:
        """The value of ``mechanisms`` in JSON."""
        return {
            "sectors": [
                {"country": country, "sector": sector, "baseline_exports_usd": usd}
                for country, sector, usd in self.sectors
            ],
            "steps": [step.as_dict() for step in self.steps],
            "elasticities": [step.as_dict() for step in self.elasticities],
        }
