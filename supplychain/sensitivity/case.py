"""One sector of one scenario, played once at central values: where every question here starts."""

from dataclasses import dataclass, replace

from supplychain.coverage import resolve
from supplychain.draws import Input
from supplychain.errors import UnknownNameError, nearest
from supplychain.growth import grown
from supplychain.names import Names
from supplychain.network import Network
from supplychain.run import Run
from supplychain.scenario import Scenario
from supplychain.sectors import Sector
from supplychain.tables import Row
from supplychain.twoway import hardest
from supplychain.world import World


@dataclass(frozen=True)
class Case:
    """A run and the sector that is looked at; of a ladder, its full stop.

    Attributes:
        run: of the sector's country.
    """

    network: Network
    run: Run
    sector: Sector

    @classmethod
    def of(cls, world: World, scenario: Scenario, country: str, sector: str) -> "Case":
        """Play a scenario at central values.

        Raises:
            UnknownNameError: no such country, sector, or sector of that country.
            ScenarioError: the scenario does not fit the pack.
        """
        code, industry = named_sector(world, country, sector)
        network = grown(world.network, scenario)
        resolved = hardest(resolve(replace(scenario, focus=(code,)), network))
        run = Run.of(network, resolved)
        return cls(network, run, next(s for s in run.sectors if s.sector == industry))

    @property
    def alone(self) -> Run:
        """The run with this sector as its only one."""
        return replace(self.run, sectors=(self.sector,))

    @property
    def loss(self) -> float:
        """Adaptive loss at central values."""
        return self.run.loss(self.sector, "adaptive")

    def figures(self) -> dict[str, Input]:
        """Every uncertain figure that the loss was worked out from, by name."""
        own = [share_figure(row) for row in self.sector.rows]
        return {f.name: f for f in (*self.run.asked, *own) if f.high > f.low}


def share_figure(row: Row) -> Input:
    """The affected share in a row of ``segments.csv``."""
    return Input.of(row, "affected share", "share")


def named_sector(world: World, country: str, sector: str) -> tuple[str, str]:
    """Ids of a country and of one of its sectors, from what people call them.

    Raises:
        UnknownNameError: the pack has no such country or sector.
    """
    names = Names.of(world.tables)
    code, industry = names.country(country), names.industry(sector)
    has = sorted(
        str(r["industry"]) for r in world.tables.rows("industries") if r["country"] == code
    )
    if industry not in has:
        raise UnknownNameError(industry, f"sector of {code}", nearest(industry, has) or has[:3])
    return code, industry
