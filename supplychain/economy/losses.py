"""From export losses to gross domestic product, by the input-output table of the pack.

The simulation says which exports of which industry are lost. Here these exports are missing in the
table, and everybody who supplied their makers loses sales in turn. Knows no months: a loss is a
share of the horizon's output, and the table stands for every year.

What moves
    The exports of a hit industry, and nothing else of its group. The table gives ratios alone, so
    that no dollars of two years meet. Dollars of value added are those of the export losses times
    value added per unit. Shares of GDP are counted inside the table: the lost share of a group's
    exports is the sum of export losses over the sum of exports of its industries, both from the
    result, and it is taken of the group's exports in the table. The industries of the pack stand
    for all exports of their group there, and a group that has since grown more slowly than the
    economy weighs too much.
What does not move twice
    The exports of hit industries are fixed by the simulation, jointly in all focus countries: a
    user abroad who buys less does not cut them again. What the group sells at home, and the exports
    of its other industries, are endogenous. Nothing is pushed downstream by the table: who cannot
    make goods for want of an input is what the simulation plays.
Whose value added
    Direct: what the makers of the lost exports themselves would have added. Indirect: what all
    others would have, in every country of the table. GDP is value added of the table: output less
    all inputs bought. Taxes on products and margins that the table does not hold as flows stay in
    it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from supplychain.coverage import Resolved
from supplychain.economy.table import FILE, SCHEME, Sector, WorldTable
from supplychain.economy.values import ByCase, CountryLoss, Economy, Part
from supplychain.errors import DataError, Fault, UsageError
from supplychain.model.economy import Indices, InputOutput, by_block, mixed_loss
from supplychain.tables import Row
from supplychain.vocabulary import CASES, MONTHS_PER_YEAR, worst_evidence

Array = npt.NDArray[np.float64]

_MILLION = 1e6


class Lost(Protocol):
    """The export loss of one industry of one country; a `SectorLoss` is one."""

    @property
    def country(self) -> str:
        """Country code."""

    @property
    def sector(self) -> str:
        """Industry of the pack."""

    @property
    def baseline_exports_usd(self) -> float:
        """Exports over the horizon."""

    @property
    def share(self) -> ByCase:
        """Case -> share of them that is lost."""

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
    """Losses of GDP that follow from the export losses of a result.

    The hardest rung, where the scenario is a ladder; the cases that all its losses have. The
    planner's losses are each the least for one sector alone, so its GDP loss is a lower bound.

    Args:
        world: from `read_table`.
        result: from `supplychain.simulate`.

    Raises:
        DataError: an industry of the result has no group in `concordances.csv`, or a group that
            the table does not hold.
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
    index = {sector: k for k, sector in enumerate(world.sectors)}
    exports, hit = np.zeros(len(index)), np.zeros(len(index))
    lost = np.zeros((len(index), len(cases)))
    grades = [world.evidence]
    for loss in known:
        group = _group(world, loss)
        k = index[loss.country, str(group["target"])]
        usd = loss.baseline_exports_usd * float(group["weight"])
        exports[k] += usd
        lost[k] += [usd * loss.share[case] for case in cases]
        if any(loss.share[case] > 0 for case in cases):
            hit[k] += usd
            grades += [str(group["evidence"]), loss.evidence]
    per_usd = np.divide(1.0, exports, out=np.zeros_like(exports), where=exports > 0)
    nation = np.array([country for country, _ in world.sectors])
    abroad = nation[:, None] != nation[None, :]
    shock = _Shock(
        cases, lost, (world.exports * per_usd)[:, None] * lost, (hit * per_usd)[:, None] * abroad
    )
    played = tuple(dict.fromkeys(loss.country for loss in known))
    absent = [country for country in result.resolved.focus if country not in played]
    found = _answer(world, shock, played, result.resolved.months, worst_evidence(*grades))
    more = tuple(f"{country}: not in the table by itself" for country in absent)
    return replace(found, not_counted=found.not_counted + more)


def economy_of_outputs(
    world: WorldTable, losses: Mapping[Sector, float], *, months: int = MONTHS_PER_YEAR
) -> Economy:
    """Losses of GDP when whole sectors of the table lose a share of their output.

    Their output is fixed as a whole: they do not lose again as suppliers of one another. The one
    case is called ``frozen``.

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
    shock = _Shock(("frozen",), _MILLION * months / MONTHS_PER_YEAR * lost, lost, fixed)
    played = tuple(dict.fromkeys(country for country, _ in losses))
    return _answer(world, shock, played, months, world.evidence)


@dataclass(frozen=True, eq=False)
class _Shock:
    """Output that is fixed, and what of it is lost, (n, cases).

    Attributes:
        usd: in dollars of the export losses, over the horizon.
        at_table: in million dollars of the table, in a year.
        fixed: as `mixed_loss` takes it.
    """

    cases: tuple[str, ...]
    usd: Array
    at_table: Array
    fixed: Array


def _group(world: WorldTable, loss: Lost) -> Row:
    """The row that puts an industry into a group, which the table must hold in its country."""
    row = world.groups.get(loss.sector)
    if row is None:
        problem = "is an industry without a group of the input-output table"
        mend = f"Add it to scheme {SCHEME}, with the group as target."
        raise DataError([Fault("concordances.csv", None, "", loss.sector, problem, mend=mend)])
    group = str(row["target"])
    made = dict(zip(world.sectors, world.table.output.tolist(), strict=True))
    if not made.get((loss.country, group)):
        allowed = ", ".join(sorted({g for _, g in world.sectors}))
        problem = f"is no sector of {loss.country} in {FILE}"
        raise DataError([Fault("concordances.csv", row.line, "target", group, problem, allowed)])
    return row


def _answer(
    world: WorldTable, shock: _Shock, played: Sequence[str], months: int, evidence: str
) -> Economy:
    """Solve once for each fixed sector's unit of output, then add up by case and country."""
    value = world.table.value_share[:, None]
    base = world.table.value_added
    order = [*played, *(c for c in world.countries if c not in played)]
    block = np.array([order.index(country) for country, _ in world.sectors])
    gdp = by_block(base[:, None], block, len(order))
    fixed = np.flatnonzero(shock.usd.any(axis=1))
    spread = _spread(world.table, fixed, shock.fixed)
    sectors = (
        value * shock.usd,
        value * (spread @ shock.usd[fixed]),
        value * shock.at_table / gdp[block],
        value * (spread @ shock.at_table[fixed]) / gdp[block],
    )
    totals = tuple(by_block(part, block, len(order)) for part in sectors)
    worst = (sectors[0] + sectors[1]).max(axis=1)
    ranked = [k for k in np.argsort(-worst, kind="stable").tolist() if worst[k] > 0]

    def part(values: tuple[Array, ...], k: int) -> Part:
        return Part(*(dict(zip(shock.cases, v[k].tolist(), strict=True)) for v in values))

    countries = [
        CountryLoss(
            country,
            _MILLION * float(gdp[c, 0]),
            part(totals, c),
            {world.sectors[k][1]: part(sectors, k) for k in ranked if block[k] == c},
        )
        for c, country in enumerate(order)
    ]
    return Economy(
        year=world.year,
        months=months,
        countries=tuple(countries),
        evidence=evidence,
        valuation=(
            f"value added (output less all inputs bought) over {months} months; ratios and sizes "
            f"of sectors of {world.year}"
        ),
        sources=world.sources,
    )


def _spread(table: InputOutput, fixed: Indices, share: Array) -> Array:
    """Output lost everywhere else per unit of output lost in each fixed sector, (n, fixed)."""
    size = table.output[fixed]
    lost = np.zeros((table.output.size, fixed.size))
    lost[fixed, np.arange(fixed.size)] = size  # any amount does: losses are in proportion
    return mixed_loss(table, lost, share).indirect / size
