"""GDP losses of many lanes at once, with what the plants that lose exports sell at home."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.draws import constant
from supplychain.economy import Lanes, WorldTable, lanes_of
from supplychain.economy.table import HOME_LOSS
from supplychain.validation.view import Play, View
from supplychain.vocabulary import MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]
Key = tuple[str, str]
Reading = Callable[[WorldTable, Lanes, str], Array]
"""What is read of a country's loss, (L,)."""


@dataclass(frozen=True)
class _Industry:
    """An industry of a play, as the economy layer takes it, and whether any case hits it."""

    country: str
    sector: str
    baseline_exports_usd: float
    hit: bool


def of_whole(world: WorldTable, lanes: Lanes, country: str) -> Array:
    """Share of GDP lost."""
    return lanes.share_of_gdp(world, country)


def of_whole_usd(world: WorldTable, lanes: Lanes, country: str) -> Array:
    """Value added lost, billion USD over the horizon."""
    return lanes.value_added_usd(world, country) / 1e9


def of_group(group: str) -> Reading:
    """Value added that one group of industries loses, billion USD over the horizon."""

    def read(world: WorldTable, lanes: Lanes, country: str) -> Array:
        """That group's part."""
        return lanes.value_added_usd(world, country, group) / 1e9

    return read


@dataclass(frozen=True, eq=False)
class Gdp:
    """What the losses of a play's industries cost one country.

    Attributes:
        industries: all of the focus countries, hit or not: together they stand for their groups.
    """

    world: WorldTable
    country: str
    reading: Reading
    industries: tuple[_Industry, ...]

    @classmethod
    def of(cls, world: WorldTable, play: Play, country: str, reading: Reading) -> Gdp:
        """For the industries of a play."""
        years = play.run.resolved.months / MONTHS_PER_YEAR
        found = []
        for s in play.cases["frozen"].sectors.values():
            if s.country in world.countries:
                key = s.country, s.sector
                hit = any(view.loss(key).any() for view in play.cases.values())
                found.append(_Industry(*key, s.exports_usd * years, hit))
        return cls(world, country, reading, tuple(found))

    def lost(self, view: View, *, home: bool = True, months: slice = slice(None)) -> Array:
        """In every lane of a view, (L,); by lost exports alone, or with home sales too.

        Of some months alone it is what a horizon of nothing but such months would lose.
        """
        shares = [view.loss((i.country, i.sector), months) for i in self.industries]
        at_home = constant(view.draws, view.network.parameters, HOME_LOSS, ceiling=1.0)
        return self._read(np.array(shares), at_home * home)

    def of_losses(self, losses: Mapping[Key, float]) -> float:
        """Of losses by industry, at the central value of what is lost at home."""
        shares = np.array([[losses.get((i.country, i.sector), 0.0)] for i in self.industries])
        at_home = np.array([float(self.world.home_loss["value"])])
        return float(self._read(shares, at_home)[0])

    def _read(self, shares: Array, at_home: Array) -> Array:
        hit = [i.hit for i in self.industries]
        found = lanes_of(self.world, self.industries, shares, at_home, hit)
        return self.reading(self.world, found, self.country)
