"""The ranking as a value: rows in order, as a table, as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from supplychain.beside import Amount
from supplychain.chokepoints.candidates import Candidate

if TYPE_CHECKING:
    import pandas as pd

BY: Final = ("loss", "hhi", "cut", "dominator", "betweenness")
"""What a ranking may be sorted by: the simulated loss, or an index of the network's structure."""

MEANING: Final = (
    (
        "loss_usd is the loss of exports of all sectors of the focus countries together over the "
        "horizon, at central figures in the adaptive case, when this is removed for the whole "
        "horizon and nothing else is restricted."
    ),
    (
        "A restriction and a mineral are a full export ban by one country (home supply goes on), a "
        "flow is that ban on one importer alone, a node is a plant that makes nothing, for home or "
        "abroad; it keeps taking its contracted inputs."
    ),
    (
        "A pair is two bans together; interaction_usd is its loss less the sum of its parts: above "
        "0 each closes a way around the other, below 0 they stop the same exports twice."
    ),
    "Gainers are suppliers anywhere that sell beyond their baseline across a border, in USD.",
)


@dataclass(frozen=True)
class Hit:
    """One sector's loss: USD and share of its exports of the horizon, and the band of the share."""

    country: str
    sector: str
    usd: float
    share: float
    band: tuple[float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """The entry of a row's ``sectors`` in JSON."""
        found: dict[str, Any] = {
            "country": self.country,
            "sector": self.sector,
            "loss_usd": self.usd,
            "loss_share": self.share,
        }
        if self.band is not None:
            found["band_share"] = {"low": self.band[0], "high": self.band[1]}
        return found


@dataclass(frozen=True)
class Row:
    """One removal in its place.

    Attributes:
        stages: of its products; withheld: products whose exports it stops, or that it makes.
        loss_usd, loss_share: of all sectors of the focus countries; frozen_usd: without adaptation.
        first_month: counted from 1, in which a sector first loses.
        sectors: that lose, largest loss first.
        gainers: who sells more, largest first.
        singles_usd, interaction_usd: of a pair only.
        structure: indices of the network, by name; None where there are none.
    """

    rank: int
    removal: Candidate
    stages: tuple[str, ...]
    withheld: tuple[str, ...]
    loss_usd: float
    loss_share: float
    frozen_usd: float
    first_month: int | None
    sectors: tuple[Hit, ...]
    gainers: tuple[Amount, ...]
    singles_usd: float | None = None
    interaction_usd: float | None = None
    structure: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def worst(self) -> Hit | None:
        """The sector with the largest loss."""
        return self.sectors[0] if self.sectors else None

    def cells(self) -> dict[str, Any]:
        """One row of the table: what stands in a cell."""
        worst = self.worst
        gainer = self.gainers[0] if self.gainers else None
        return {
            "rank": self.rank,
            "kind": self.removal.kind,
            "id": self.removal.id,
            "actor": "|".join(self.removal.actors),
            "item": "|".join(self.removal.items),
            "stage": "|".join(self.stages),
            "loss_usd": self.loss_usd,
            "loss_share": self.loss_share,
            "frozen_usd": self.frozen_usd,
            "first_month": self.first_month,
            "worst_country": worst.country if worst else None,
            "worst_sector": worst.sector if worst else None,
            "worst_usd": worst.usd if worst else None,
            "worst_share": worst.share if worst else None,
            "worst_low_share": worst.band[0] if worst and worst.band else None,
            "worst_high_share": worst.band[1] if worst and worst.band else None,
            "singles_usd": self.singles_usd,
            "interaction_usd": self.interaction_usd,
            "gainer": f"{gainer.country}:{gainer.product}" if gainer else None,
            "gainer_usd": gainer.usd if gainer else None,
            **{name: self.structure.get(name) for name in BY[1:]},
        }

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``ranking`` in JSON."""
        cells = self.cells()
        for name in ("worst_low_share", "worst_high_share", "gainer", "gainer_usd"):
            del cells[name]
        return cells | {
            "actor": list(self.removal.actors),
            "item": list(self.removal.items),
            "stage": list(self.stages),
            "products": list(self.withheld),
            "sectors": [hit.as_dict() for hit in self.sectors],
            "gainers": [amount.as_dict() for amount in self.gainers],
        }


@dataclass(frozen=True)
class Ranking:
    """Removals by what they cost.

    Attributes:
        focus, months, by: countries whose exports are counted, horizon, and what it is sorted by.
        rows: the first of the order.
        simulated, harmless: how many removals of each kind were played, and how many of them cost
            exactly nothing.
        baseline_usd: exports of the focus countries' sectors over the horizon.
        pack: name, version and hash of the data.
    """

    focus: tuple[str, ...]
    months: int
    by: str
    rows: tuple[Row, ...]
    simulated: Mapping[str, int]
    harmless: Mapping[str, int]
    baseline_usd: float
    pack: Mapping[str, Any]

    def table(self) -> "pd.DataFrame":
        """One row per removal, as the CSV has them."""
        import pandas as pd

        return pd.DataFrame([row.cells() for row in self.rows], columns=list(columns()))

    def as_dict(self) -> dict[str, Any]:
        """The ranking as JSON."""
        return {
            "schema": "supplychain/chokepoints/1",
            "focus": list(self.focus),
            "months": self.months,
            "by": self.by,
            "baseline_exports_usd": self.baseline_usd,
            "simulated": dict(self.simulated),
            "harmless": dict(self.harmless),
            "data": dict(self.pack),
            "meaning": list(MEANING),
            "ranking": [row.as_dict() for row in self.rows],
        }


def columns() -> Sequence[str]:
    """Names of the table's columns."""
    none = Row(0, Candidate("node", node=":"), (), (), 0.0, 0.0, 0.0, None, (), ())
    return tuple(none.cells())
