"""Every removal of some kinds with its losses: nothing ranked, nothing told in full."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from supplychain import pedigree
from supplychain.chokepoints.candidates import Candidate, Removed
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import Loss, Progress, losses, removals, silent
from supplychain.vocabulary import MONTHS_PER_YEAR
from supplychain.world import World

ALL_BANS: tuple[Removed, ...] = ("mineral", "restriction")


@dataclass(frozen=True)
class Cost:
    """What one removal costs.

    Attributes:
        withheld: products that it stops.
        sectors: (focus country, sector) -> loss over the horizon, USD; only sectors that lose.
    """

    removal: Candidate
    withheld: tuple[str, ...]
    sectors: Mapping[tuple[str, str], float]

    def usd(self, country: str) -> float:
        """Loss of all sectors of a country, USD.

        >>> cost = Cost(Candidate("node", node="CHN:x"), ("x",), {("KOR", "a"): 2.0})
        >>> cost.usd("KOR"), cost.usd("JPN")
        (2.0, 0.0)
        """
        return sum((v for (where, _), v in self.sectors.items() if where == country), 0.0)


@dataclass(frozen=True)
class Survey:
    """Losses of many removals.

    Attributes:
        focus, months: whose exports are counted, and the horizon.
        exports_usd: (focus country, sector) -> exports over the horizon.
        costs: one per removal; pack: name, version and hash of the data.
    """

    focus: tuple[str, ...]
    months: int
    exports_usd: Mapping[tuple[str, str], float]
    costs: tuple[Cost, ...]
    pack: Mapping[str, Any]

    def baseline_usd(self, country: str) -> float:
        """Exports of all sectors of a country over the horizon."""
        return sum(v for (where, _), v in self.exports_usd.items() if where == country)

    def only(self, focus: Sequence[str]) -> "Survey":
        """The same removals, counted for some of the focus countries alone."""
        wanted = set(focus)
        costs = tuple(
            replace(c, sectors={k: v for k, v in c.sectors.items() if k[0] in wanted})
            for c in self.costs
        )
        exports = {k: v for k, v in self.exports_usd.items() if k[0] in wanted}
        return replace(self, focus=tuple(focus), exports_usd=exports, costs=costs)

    def share(self, cost: Cost, country: str) -> float:
        """Loss of a country over its exports, 0-1."""
        baseline = self.baseline_usd(country)
        return cost.usd(country) / baseline if baseline else 0.0


def survey(
    world: World,
    focus: Sequence[str],
    *,
    what: Sequence[Removed] = ALL_BANS,
    months: int = MONTHS_PER_YEAR,
    progress: Progress = silent,
) -> Survey:
    """Play every removal of some kinds once, at central figures in the adaptive case.

    Args:
        world: what is played on; focus: countries whose exports are counted.
        what: kinds of removals, as in `chokepoints`; months: how long everything is removed.
        progress: told the step and the share that is done.

    Raises:
        ScenarioError: a focus country without export sectors; UnknownNameError: an unknown one.
    """
    field = Field.of(world.network, focus, months)
    found = losses(field, removals(field, what), progress=progress)
    exports = {(s.country, s.sector): s.exports_usd * field.years for s in field.sectors}
    costs = tuple(_cost(field, loss) for loss in found)
    return Survey(field.base.focus, months, exports, costs, pedigree.pack(world.network))


def _cost(field: Field, loss: Loss) -> Cost:
    """One removal's losses by sector."""
    removal = loss.removal
    held = field.products(removal) if removal.node else field.withheld(removal)
    lost = {
        (s.country, s.sector): usd
        for s, usd in zip(field.sectors, loss.usd, strict=True)
        if usd > 0
    }
    return Cost(removal, tuple(dict.fromkeys(held)), lost)
