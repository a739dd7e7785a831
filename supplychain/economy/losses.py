"""From export losses to gross domestic product, by the input-output table of the pack.

The simulation says which exports of which industry are lost. Here these exports are missing in the
table, and everybody who supplied their makers loses sales in turn. Knows no months: a loss is a
share of the horizon's output, and the table stands for every year.

What moves
    The exports of a hit industry, and nothing else of its group. The share of the group's exports
    that is lost is the sum of export losses over the sum of exports of its industries, both from
    the result and so of one year; it is taken of the group's exports in the table, so that no
    dollars of two years meet. The industries of the pack stand for all exports of their group.
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
from typing import Protocol

import numpy as np
import numpy.typing as npt

from supplychain.coverage import Resolved
from supplychain.economy.table import FILE, SCHEME, Sector, WorldTable
from supplychain.economy.values import NOT_COUNTED, ByCase, CountryLoss, Economy, GroupLoss
from supplychain.errors import DataError, Fault, UsageError
from supplychain.model.economy import by_block, mixed_loss
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
        economy_of(read_table(pack.tables), result).country("KOR").share["frozen"]
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
        k, usd = index[loss.country, str(group["target"])], loss.baseline_exports_usd
        exports[k] += usd
        lost[k] += [usd * loss.share[case] for case in cases]
        if any(loss.share[case] > 0 for case in cases):
            hit[k] += usd
            grades += [str(group["evidence"]), loss.evidence]
    per_usd = np.divide(1.0, exports, out=np.zeros_like(exports), where=exports > 0)
    nation = np.array([country for country, _ in world.sectors])
    abroad = nation[:, None] != nation[None, :]
    missing = (world.exports * per_usd)[:, None] * lost
    played = tuple(dict.fromkeys(loss.country for loss in known))
    return _answer(
        world,
        dict(zip(cases, missing.T, strict=True)),
        (hit * per_usd)[:, None] * abroad,
        played,
        result.resolved.months,
        evidence=worst_evidence(*grades),
        absent=[country for country in result.resolved.focus if country not in played],
    )


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
    lost, fixed = np.zeros(len(world.sectors)), np.zeros(len(world.sectors))
    for sector, share in losses.items():
        if sector not in world.sectors:
            groups = dict.fromkeys(group for _, group in world.sectors)
            raise UsageError(
                f"the table of {world.year} has no {' '.join(sector)}; its countries: "
                f"{', '.join(world.countries)}; its groups: {', '.join(groups)}"
            )
        k = world.sectors.index(sector)
        lost[k], fixed[k] = share * world.table.output[k], 1.0
    played = tuple(dict.fromkeys(country for country, _ in losses))
    return _answer(world, {"frozen": lost}, fixed, played, months, evidence=world.evidence)


def _group(world: WorldTable, loss: Lost) -> Row:
    """The row that puts an industry into a group, which the table must hold in its country."""
    row = world.groups.get(loss.sector)
    if row is None:
        problem = "is an industry without a group of the input-output table"
        mend = f"Add it to scheme {SCHEME}, with the group as target."
        raise DataError([Fault("concordances.csv", None, "", loss.sector, problem, mend=mend)])
    group = str(row["target"])
    if (loss.country, group) not in world.sectors:
        allowed = ", ".join(sorted({g for _, g in world.sectors}))
        problem = f"is no sector of {loss.country} in {FILE}"
        raise DataError([Fault("concordances.csv", row.line, "target", group, problem, allowed)])
    return row


def _answer(
    world: WorldTable,
    lost: Mapping[str, Array],
    fixed: Array,
    played: Sequence[str],
    months: int,
    *,
    evidence: str,
    absent: Sequence[str] = (),
) -> Economy:
    """Solve all cases at once and add up by country."""
    usd = _MILLION * months / MONTHS_PER_YEAR
    found = mixed_loss(world.table, np.stack(list(lost.values()), axis=1), fixed)
    base = usd * world.table.value_added
    direct, indirect = (usd * part for part in found.value_added(world.table))
    order = [*played, *(c for c in world.countries if c not in played)]
    block = np.array([order.index(country) for country, _ in world.sectors])
    gdp, *totals = (by_block(part, block, len(order)) for part in (base[:, None], direct, indirect))
    worst = (direct + indirect).max(axis=1)
    ranked = [k for k in np.argsort(-worst, kind="stable").tolist() if worst[k] > 0]

    def by_case(values: Array) -> dict[str, float]:
        return dict(zip(lost, values.tolist(), strict=True))

    def group(k: int) -> GroupLoss:
        name = world.sectors[k][1]
        return GroupLoss(name, float(base[k]), by_case(direct[k]), by_case(indirect[k]))

    countries = [
        CountryLoss(
            country,
            float(gdp[c, 0]),
            by_case(totals[0][c]),
            by_case(totals[1][c]),
            tuple(group(k) for k in ranked if block[k] == c),
        )
        for c, country in enumerate(order)
    ]
    return Economy(
        year=world.year,
        months=months,
        countries=tuple(countries),
        evidence=evidence,
        valuation=(
            f"value added in USD of {world.year} as the table values it (output less all inputs "
            f"bought), over {months} months"
        ),
        sources=world.sources,
        not_counted=NOT_COUNTED + tuple(f"{c}: not in the table by itself" for c in absent),
    )
