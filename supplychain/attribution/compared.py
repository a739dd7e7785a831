"""What a comparison of two runs answers: frozen values, with their sentences and tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from supplychain.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

COMPARISON_SCHEMA = "supplychain/comparison/1"
_VISIBLE_USD = 0.5
_MENTIONED, _TWO_FIGURES = 0.01, 9.95
_UNITS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def dollars(usd: float) -> str:
    """An amount without its sign, two figures that matter.

    >>> dollars(-1.24e9), dollars(5.6e7), dollars(0.0)
    ('USD 1.2 bn', 'USD 56 m', 'USD 0')
    """
    size, unit = next(((s, u) for s, u in _UNITS if abs(usd) >= s), (1.0, ""))
    amount = abs(usd) / size
    return f"USD {amount:.{1 if 0 < amount < _TWO_FIGURES else 0}f} {unit}".rstrip()


def _direction(usd: float) -> str:
    """Whether it adds to a loss."""
    return "more" if usd > 0 else "less"


@dataclass(frozen=True)
class Contribution:
    """What one cause has of a difference.

    Attributes:
        usd: its Shapley value, above 0 where it adds to the loss; share: of the difference.
        alone_usd: what it changes if nothing else does.
        error_usd: standard error of `usd`; 0 where every run between the two was played.
    """

    cause: str
    usd: float
    share: float
    alone_usd: float
    error_usd: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``contributions`` in JSON."""
        return {
            "cause": self.cause,
            "share": self.share,
            "usd": self.usd,
            "alone_usd": self.alone_usd,
            "standard_error_usd": self.error_usd,
        }


@dataclass(frozen=True)
class Moved:
    """What one mechanism does to the loss of both runs: the step that it is on their roads, USD.

    The first step is the loss with fixed proportions and no stocks; later ones are mostly below 0.
    """

    mechanism: str
    one_usd: float
    other_usd: float

    @property
    def usd(self) -> float:
        """What it adds to the difference."""
        return self.other_usd - self.one_usd

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``mechanisms`` in JSON."""
        return {
            "mechanism": self.mechanism,
            "a_usd": self.one_usd,
            "b_usd": self.other_usd,
            "usd": self.usd,
        }


@dataclass(frozen=True)
class Difference:
    """The losses of one sector, or of all sectors of a country, in two runs, and why they differ.

    Attributes:
        sector: empty for all sectors of the country.
        one_usd, other_usd: loss over the horizon of each run.
        contributions: largest first; mechanisms: along the road. Both sum to the difference.
    """

    country: str
    sector: str
    one_usd: float
    other_usd: float
    contributions: tuple[Contribution, ...]
    mechanisms: tuple[Moved, ...]

    @property
    def usd(self) -> float:
        """Loss of the second run less that of the first."""
        return self.other_usd - self.one_usd

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``sectors`` or ``totals`` in JSON."""
        return {
            "country": self.country,
            "sector": self.sector,
            "loss_a_usd": self.one_usd,
            "loss_b_usd": self.other_usd,
            "difference_usd": self.usd,
            "contributions": [c.as_dict() for c in self.contributions],
            "mechanisms": [m.as_dict() for m in self.mechanisms],
        }


@dataclass(frozen=True)
class Comparison:
    """Why the losses of two runs differ (the adaptive case).

    Attributes:
        names: of the two runs.
        causes: in words; empty where the runs are the same.
        is_exact: whether every run between the two was played; runs: how many were.
        sectors: those that lose anything in either run, largest difference first.
        totals: of every focus country of either run.
        notes: what the reader must be told.
        packs: id, version and fingerprint of the pack of either run.
    """

    names: tuple[str, str]
    causes: tuple[str, ...]
    is_exact: bool
    runs: int
    sectors: tuple[Difference, ...]
    totals: tuple[Difference, ...]
    notes: tuple[str, ...]
    packs: tuple[Mapping[str, str], Mapping[str, str]]

    def sentences(self) -> list[str]:
        """What changed, country by country, in one sentence each."""
        return [self._sentence(total) for total in self.totals]

    def _sentence(self, total: Difference) -> str:
        """One country."""
        one, other = self.names
        if not self.causes:
            return f"{total.country}: {other} is the same run as {one}; nothing differs."
        most = max(abs(c.usd) for c in total.contributions)
        if most < _VISIBLE_USD:
            return f"{total.country}: {other} loses as much as {one}."
        said = [
            f"{dollars(c.usd)} {_direction(c.usd)} because {c.cause}"
            for c in total.contributions
            if abs(c.usd) >= max(_MENTIONED * most, _VISIBLE_USD)
        ]
        left = len(total.contributions) - len(said)
        if left:
            said.append(f"{left} more cause{'s' * (left > 1)} with little or no part")
        by = f"{dollars(total.usd)} {_direction(total.usd)} than" if total.usd else "as much as"
        return f"{total.country}: {other} loses {by} {one}: {'; '.join(said)}."

    def of(self, country: str, sector: str = "") -> Difference:
        """One sector, or the total of a country.

        Raises:
            UsageError: it loses nothing in either run, or is not in the focus.
        """
        for found in (*self.totals, *self.sectors):
            if (found.country, found.sector) == (country, sector):
                return found
        known = ", ".join(f"{d.country} {d.sector}".rstrip() for d in (*self.totals, *self.sectors))
        raise UsageError(f"{country} {sector} is not among what is compared: {known}")

    def table(self) -> "pd.DataFrame":
        """One row per total or sector and cause."""
        import pandas as pd

        columns = ["country", "sector", "loss_a_usd", "loss_b_usd", "difference_usd", "cause",
                   "usd", "share", "alone_usd", "standard_error_usd"]  # fmt: skip
        rows = [
            {key: d.as_dict()[key] for key in columns[:5]} | c.as_dict()
            for d in (*self.totals, *self.sectors)
            for c in d.contributions
        ]
        return pd.DataFrame(rows, columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "schema": COMPARISON_SCHEMA,
            "a": self.names[0],
            "b": self.names[1],
            "data": [dict(pack) for pack in self.packs],
            "causes": list(self.causes),
            "exact": self.is_exact,
            "runs": self.runs,
            "totals": [d.as_dict() for d in self.totals],
            "sectors": [d.as_dict() for d in self.sectors],
            "notes": list(self.notes),
        }
