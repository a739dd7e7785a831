"""Losses of industries in many lanes at once, placed in the input-output table and solved there.

A lane is one set of losses: a case of a result, or one draw of a sample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from supplychain.economy.table import FILE, SCHEME, WorldTable
from supplychain.errors import DataError, Fault
from supplychain.model.economy import InputOutput, MixedLoss, limited_loss
from supplychain.tables import Row

Array = npt.NDArray[np.float64]

_ALL = 1 - 1e-12
"""Of its output: what may be lost of it without rounding getting in the way."""


class Industry(Protocol):
    """An industry of the pack in one country; a `SectorLoss` is one."""

    @property
    def country(self) -> str:
        """Country code."""

    @property
    def sector(self) -> str:
        """Industry of the pack."""

    @property
    def baseline_exports_usd(self) -> float:
        """Exports over the horizon."""


@dataclass(frozen=True, eq=False)
class Lanes:
    """Output lost in every sector of the table, (n, L).

    Attributes:
        usd: dollars of the export losses, over the horizon.
        at_table: million dollars of the table, in a year.
    """

    usd: MixedLoss
    at_table: MixedLoss

    def share_of_gdp(self, world: WorldTable, country: str) -> Array:
        """Share of a country's GDP lost in every lane, (L,)."""
        value = world.table.value_share
        own = np.array([c == country for c, _ in world.sectors])
        lost = (value[:, None] * (self.at_table.direct + self.at_table.indirect))[own]
        return np.asarray(lost.sum(axis=0) / world.table.value_added[own].sum())

    def value_added_usd(self, world: WorldTable, country: str, group: str = "") -> Array:
        """Value added that a country loses in every lane, or one group of its industries, (L,)."""
        chosen = np.array([c == country and group in ("", g) for c, g in world.sectors])
        value = world.table.value_share[:, None]
        return np.asarray((value * (self.usd.direct + self.usd.indirect))[chosen].sum(axis=0))


def lanes_of(
    world: WorldTable,
    industries: Sequence[Industry],
    shares: Array,
    at_home: float | Array,
    hit: Sequence[bool] | None = None,
) -> Lanes:
    """What follows from the losses of some industries, in every lane.

    Args:
        world: from `read_table`.
        industries: all that were played, of countries that the table holds by themselves.
        shares: share of its exports that each of them loses, (industries, L).
        at_home: how much of that share is lost of what it sells at home, (L,) or one figure; 0
            leaves home sales to the demand for them.
        hit: whose exports are fixed; those that lose in any lane, where None.

    Raises:
        DataError: an industry has no group in `concordances.csv`, or one that the table does not
            hold.
    """
    index = {sector: k for k, sector in enumerate(world.sectors)}
    n, lanes = len(index), shares.shape[1]
    exports, home, fixed = np.zeros(n), np.zeros(n), np.zeros(n)
    lost, unmade = np.zeros((n, lanes)), np.zeros((n, lanes))
    for s, industry in enumerate(industries):
        group = group_of(world, industry)
        k = index[industry.country, str(group["target"])]
        usd = industry.baseline_exports_usd * float(group["weight"])
        at_home_usd = usd * world.home_per_export.get((industry.country, industry.sector), 0.0)
        exports[k] += usd
        home[k] += at_home_usd
        lost[k] += usd * shares[s]
        unmade[k] += at_home_usd * np.minimum(at_home * shares[s], 1.0)
        if shares[s].any() if hit is None else hit[s]:
            fixed[k] += usd
    nation = np.array([country for country, _ in world.sectors])
    abroad = nation[:, None] != nation[None, :]
    theta = (fixed * _inverse(exports))[:, None] * abroad
    return Lanes(
        solved(world.table, lost, theta, unmade),
        solved(
            world.table,
            (world.exports * _inverse(exports))[:, None] * lost,
            theta,
            (world.home * _inverse(home))[:, None] * unmade,
        ),
    )


def solved(table: InputOutput, lost: Array, fixed: Array, unmade: Array | None = None) -> MixedLoss:
    """`limited_loss` in any currency: losses are in proportion, so their size is the table's."""
    least = np.zeros_like(lost) if unmade is None else unmade
    made = np.where(table.output > 0, table.output, np.inf)[:, None]
    scale = np.maximum((lost + least) / made, 0.0).max(axis=0, initial=0.0)
    scale = np.where(scale > 0, scale / _ALL, 1.0)
    found = limited_loss(table, lost / scale, fixed, least / scale)
    return MixedLoss(found.direct * scale, found.indirect * scale)


def _inverse(values: Array) -> Array:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


def group_of(world: WorldTable, industry: Industry) -> Row:
    """The row that puts an industry into a group, which the table must hold in its country."""
    row = world.groups.get(industry.sector)
    if row is None:
        problem = "is an industry without a group of the input-output table"
        mend = f"Add it to scheme {SCHEME}, with the group as target."
        raise DataError([Fault("concordances.csv", None, "", industry.sector, problem, mend=mend)])
    group = str(row["target"])
    made = dict(zip(world.sectors, world.table.output.tolist(), strict=True))
    if not made.get((industry.country, group)):
        allowed = ", ".join(sorted({g for _, g in world.sectors}))
        problem = f"is no sector of {industry.country} in {FILE}"
        raise DataError([Fault("concordances.csv", row.line, "target", group, problem, allowed)])
    return row
