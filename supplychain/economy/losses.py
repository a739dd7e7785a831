"""From lost output to gross domestic product, by the input-output table of the pack.

The simulation says which exports of which industry are lost. Here these exports are missing in the
table, with or without what the same plants sell at home, and everybody who supplied their makers
loses sales in turn. Knows no months: a loss is a share of the horizon's output, and the table
stands for every year.

What moves
    The exports of a hit industry, and nothing else of its group. The table gives ratios alone, so
    that no dollars of two years meet. Dollars of value added are those of the export losses times
    value added per unit. Shares of GDP are counted inside the table: the lost share of a group's
    exports is the sum of export losses over the sum of exports of its industries, both from the
    result, and it is taken of the group's exports in the table. The industries of the pack stand
    for all exports of their group there, and a group that has since grown more slowly than the
    economy weighs too much.
Home sales of the same plants
    A plant that stops stops for customers at home too. An industry that loses a share l of its
    exports cannot make ``home_sales_loss * l`` of its home sales (its output less its exports, in
    the pack); the share of a group's home sales is found and taken as that of its exports. Fixed so
    far is the output of the hit industries, exports and home sales, as in the mixed closure of
    Miller and Blair (2009, section 13.2). Home sales that are lost for want of buyers already, as
    parts are for a car that is not built, are not lost again: the larger of the two counts.
What does not move twice
    The exports of hit industries are fixed by the simulation, jointly in all focus countries: a
    user abroad who buys less does not cut them again. What the group sells at home, and the exports
    of its other industries, are endogenous. Nothing is pushed downstream by the table: who cannot
    make goods for want of an input is what the simulation plays.
Whose value added
    Direct: what the makers of the lost goods themselves would have added. Indirect: what all others
    would have, in every country of the table. GDP is value added of the table: output less all
    inputs bought. Taxes on products and margins that the table does not hold as flows stay in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from supplychain.coverage import Resolved
from supplychain.economy.lanes import Industry, Lanes, group_of, lanes_of, solved
from supplychain.economy.table import Sector, WorldTable
from supplychain.economy.values import ByCase, CountryLoss, Economy, HomeLoss, Part
from supplychain.errors import UsageError
from supplychain.model.economy import Indices, MixedLoss, by_block
from supplychain.vocabulary import CASES, MONTHS_PER_YEAR, worst_evidence

Array = npt.NDArray[np.float64]

_MILLION = 1e6


class Lost(Industry, Protocol):
    """The export loss of one industry of one country; a `SectorLoss` is one."""

    @property
    def share(self) -> ByCase:
        """Case -> share of its exports that is lost."""

    @property
    def evidence(self) -> str:
        """Grade."""


class Answer(Protocol):
    """What a run answers; a `Result` is one."""

    @property
    def resolved(self) -> Resolved:
        """The scenario as resolved."""

    @property
    def losses(self) -> Sequence[Lost]:
        """Losses of all industries of the focus countries."""


def economy_of(world: WorldTable, result: Answer) -> Economy:
    """Losses of GDP that follow from the export losses of a result, without and with home sales.

    The hardest rung, where the scenario is a ladder; the cases that all its losses have. The
    planner's losses are each the least for one sector alone, so its GDP loss is a lower bound.

    Args:
        world: from `read_table`.
        result: from `supplychain.simulate`.

    Raises:
        DataError: as `lanes_of`.
        UsageError: the table holds none of the focus countries by itself.

    Example::

        pack = supplychain.load()
        result = supplychain.simulate(pack, supplychain.restrict("China", ["dysprosium"]))
        economy_of(read_table(pack.tables), result).country("KOR").whole.share["frozen"]
    """
    cases = tuple(c for c in CASES if all(c in loss.share for loss in result.losses))
    known = [loss for loss in result.losses if loss.country in world.countries]
    if not known:
        raise UsageError(
            f"the table of {world.year} holds {', '.join(world.countries)}, and none of "
            f"{', '.join(result.resolved.focus)} by itself"
        )
    grades = [world.evidence]
    for loss in known:
        if any(loss.share[case] > 0 for case in cases):
            grades += [str(group_of(world, loss)["evidence"]), loss.evidence]
    shares = np.array([[loss.share[case] for case in cases] for loss in known])
    at_home = float(world.home_loss["value"])
    played = tuple(dict.fromkeys(loss.country for loss in known))
    absent = [country for country in result.resolved.focus if country not in played]
    found = _answer(
        world,
        cases,
        (lanes_of(world, known, shares, 0.0), lanes_of(world, known, shares, at_home)),
        played,
        result.resolved.months,
    )
    more = tuple(f"{country}: not in the table by itself" for country in absent)
    home_grade = [str(world.home_loss["evidence"])] if grades[1:] else []
    return replace(
        found,
        evidence=worst_evidence(*grades),
        home_evidence=worst_evidence(*grades, *home_grade),
        not_counted=found.not_counted + more,
    )


def economy_of_outputs(
    world: WorldTable, losses: Mapping[Sector, float], *, months: int = MONTHS_PER_YEAR
) -> Economy:
    """Losses of GDP when whole sectors of the table lose a share of their output.

    Their output is fixed as a whole, home sales included: they do not lose again as suppliers of
    one another. The one case is called ``frozen``.

    Args:
        world: from `read_table`.
        losses: (country, group) of the table -> share of its output lost, 0-1.
        months: the horizon over which USD are counted.

    Raises:
        UsageError: a sector is not in the table, or a share outside 0-1.
    """
    lost, fixed = np.zeros((len(world.sectors), 1)), np.zeros(len(world.sectors))
    for sector, share in losses.items():
        if sector not in world.sectors:
            groups = dict.fromkeys(group for _, group in world.sectors)
            raise UsageError(
                f"the table of {world.year} has no {' '.join(sector)}; its countries: "
                f"{', '.join(world.countries)}; its groups: {', '.join(groups)}"
            )
        if not 0 <= share <= 1:
            raise UsageError(f"{' '.join(sector)}: the share lost is {share:g}, outside 0-1")
        k = world.sectors.index(sector)
        lost[k], fixed[k] = share * world.table.output[k], 1.0
    usd = _MILLION * months / MONTHS_PER_YEAR
    at_table = solved(world.table, lost, fixed[:, None] * np.ones(len(world.sectors)))
    lanes = Lanes(MixedLoss(usd * at_table.direct, usd * at_table.indirect), at_table)
    played = tuple(dict.fromkeys(country for country, _ in losses))
    return _answer(world, ("frozen",), (lanes, lanes), played, months)


def _answer(
    world: WorldTable,
    cases: Sequence[str],
    lanes: tuple[Lanes, Lanes],
    played: Sequence[str],
    months: int,
) -> Economy:
    """Value added lost by country and group: by exports alone, and with home sales."""
    order = [*played, *(c for c in world.countries if c not in played)]
    block = np.array([order.index(country) for country, _ in world.sectors])
    gdp = by_block(world.table.value_added[:, None], block, len(order))
    alone, with_home = (_Counted.of(world, cases, some, block, gdp) for some in lanes)
    countries = [
        CountryLoss(
            country,
            _MILLION * float(gdp[c, 0]),
            alone.whole(c),
            alone.groups(c),
            with_home.whole(c),
            with_home.groups(c),
        )
        for c, country in enumerate(order)
    ]
    return Economy(
        year=world.year,
        months=months,
        countries=tuple(countries),
        evidence=world.evidence,
        home_evidence=world.evidence,
        home_loss=HomeLoss(*(float(world.home_loss[c]) for c in ("value", "low", "high"))),
        valuation=(
            f"value added (output less all inputs bought) over {months} months; ratios and sizes "
            f"of sectors of {world.year}"
        ),
        sources=world.sources,
    )


@dataclass(frozen=True, eq=False)
class _Counted:
    """Value added lost by sector of the table (n, cases), and its sums by country.

    Attributes:
        sectors, totals: direct and indirect in dollars, then both as shares of GDP.
    """

    world: WorldTable
    cases: Sequence[str]
    block: Indices
    sectors: tuple[Array, ...]
    totals: tuple[Array, ...]

    @classmethod
    def of(
        cls, world: WorldTable, cases: Sequence[str], lanes: Lanes, block: Indices, gdp: Array
    ) -> _Counted:
        """Output lost times value added per unit."""
        usd, at_table = (loss.value_added(world.table) for loss in (lanes.usd, lanes.at_table))
        sectors = (*usd, *(lost / gdp[block] for lost in at_table))
        totals = tuple(by_block(lost, block, gdp.shape[0]) for lost in sectors)
        return cls(world, cases, block, sectors, totals)

    def whole(self, c: int) -> Part:
        """What a country loses in all."""
        return self._part(self.totals, c)

    def groups(self, c: int) -> dict[str, Part]:
        """What each of its groups loses that loses anything, largest first."""
        worst = (self.sectors[0] + self.sectors[1]).max(axis=1)
        ranked = [k for k in np.argsort(-worst, kind="stable").tolist() if worst[k] > 0]
        return {
            self.world.sectors[k][1]: self._part(self.sectors, k)
            for k in ranked
            if self.block[k] == c
        }

    def _part(self, values: tuple[Array, ...], k: int) -> Part:
        return Part(*(dict(zip(self.cases, v[k].tolist(), strict=True)) for v in values))
