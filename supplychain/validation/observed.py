"""Observed exports beside the replay of the magnet months: what that can and cannot show."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import pstdev
from typing import Any

import numpy as np
import numpy.typing as npt

from supplychain.errors import ScenarioError
from supplychain.restriction import month_number
from supplychain.scenario import Scenario
from supplychain.schema import Row
from supplychain.sectors import monthly_loss, shares
from supplychain.validation.claims import EXPORTS
from supplychain.validation.view import Play, View
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR
from supplychain.world import World

Array = npt.NDArray[np.float64]

REPLAY = "magnets-2025-replay"
USA = "USA"


@dataclass(frozen=True)
class Month:
    """One sector in one month.

    Attributes:
        low, central, high: predicted change of exports against baseline, from the worse end of the
            band; frozen: without adaptation.
        seen: observed change on the year to everybody; None where none was found.
        to_usa, to_others: the same to the country that put duties on them, and to all others.
    """

    country: str
    sector: str
    month: str
    low: float
    central: float
    high: float
    frozen: float
    seen: float | None
    to_usa: float | None
    to_others: float | None


@dataclass(frozen=True)
class Replay:
    """All months of all sectors that were observed, and what follows.

    Attributes:
        noise: sector -> spread (standard deviation) of its changes on the year in single months
            before the measure, and how many there were.
        years: sector -> what the table says of the year of the measure.
    """

    scenario: str
    sha256: str
    version: str
    months: tuple[Month, ...]
    noise: dict[tuple[str, str], tuple[float, int]]
    years: dict[tuple[str, str], str]

    def of(self, country: str, sector: str) -> tuple[Month, ...]:
        """One sector's months."""
        return tuple(m for m in self.months if (m.country, m.sector) == (country, sector))

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON."""
        return {
            "scenario": self.scenario,
            "months": [vars(m) | {} for m in self.months],
            "noise": [
                {"country": c, "sector": s, "standard_deviation": d, "months": n}
                for (c, s), (d, n) in self.noise.items()
            ],
            "conclusions": list(self.conclusions),
        }

    @property
    def conclusions(self) -> tuple[str, ...]:
        """What the comparison shows of each sector, and what it cannot."""
        return tuple(
            text for key in dict.fromkeys((m.country, m.sector) for m in self.months)
            if (text := self._conclusion(*key))
        )  # fmt: skip

    def _conclusion(self, country: str, sector: str) -> str:
        mine = self.of(country, sector)
        seen = [m for m in mine if m.seen is not None]
        if not seen:
            return ""
        worst = min(mine, key=lambda m: m.low)
        observed = [m.seen for m in seen if m.seen is not None]
        spread, count = self.noise.get((country, sector), (0.0, 0))
        inside = sum(m.low <= (m.seen or 0.0) <= max(m.high, 0.0) for m in seen)
        words = (
            f"{country} {sector.replace('_', ' ')}: the replay (constants frozen) says "
            f"{worst.central:+.1%} in its worst month {worst.month}, band {worst.low:+.1%} to "
            f"{worst.high:+.1%}. Observed on the year: {min(observed):+.1%} to "
            f"{max(observed):+.1%} in {_months(len(seen))}, {inside} of them inside the band."
        )
        words += _by_destination(seen)
        if count > 1:
            limit = 2 * spread
            can = "could have been seen" if -worst.low > limit else "could not have been seen"
            words += (
                f" Before the measure the change on the year of single months had a spread of "
                f"{spread:.1%} ({count} months) without it. A loss of the size of the band's worse "
                f"end {can} above twice that spread ({limit:.1%})."
            )
        words += self.years.get((country, sector), "")
        return words + " It can refute a large loss; it cannot confirm a small one."


def _months(count: int) -> str:
    """A number of months.

    >>> _months(1), _months(2)
    ('1 month', '2 months')
    """
    return f"{count} month{'' if count == 1 else 's'}"


def _by_destination(months: Iterable[Month]) -> str:
    """Exports to the country with duties against those to all others, where both are known."""
    both = [(m.to_usa, m.to_others) for m in months if m.to_usa is not None and m.to_others]
    if not both:
        return ""
    usa, others = (sum(values) / len(both) for values in zip(*both, strict=True))
    words = (
        f" In {_months(len(both))} exports to the United States, which put duties on them, are "
        f"known apart: {usa:+.1%} on average, to all others {others:+.1%}."
    )
    if usa < 0 < others:
        words += " What fell, fell where the duties are; a want of magnets would know no border."
    return words


def observed(world: World, load: Callable[[str], Scenario], seed: int) -> Replay | None:
    """Observed changes on the year beside the replay; None where the pack has none of either."""
    rows = [r for r in world.tables.rows(EXPORTS) if r["first_month"] == r["last_month"]]
    if not rows:
        return None
    try:
        play = Play.of(world.network, load(REPLAY))
    except ScenarioError:  # a pack without the replay's goods
        return None
    view = play.cases["adaptive"]
    wanted = [
        key for key in view.sectors
        if any((r["country"], r["sector"]) == key for r in rows) and view.sectors[key].nodes
    ]  # fmt: skip
    lanes = play.sample(seed, view.months, trace=False)
    sampled = [{key: _monthly(v, key) for key in wanted} for v in lanes]
    found: list[Month] = []
    noise = {}
    for key in wanted:
        mine = [r for r in rows if (r["country"], r["sector"]) == key]
        band = np.quantile(np.concatenate([s[key] for s in sampled], axis=1), (0.1, 0.9), axis=1)
        central, rigid = _monthly(view, key)[:, 0], _monthly(play.cases["frozen"], key)[:, 0]
        for t in range(view.months):
            month = _month_after(view.resolved.start, t)
            found.append(
                Month(
                    *key, month, -float(band[1][t]), -float(central[t]), -float(band[0][t]),
                    -float(rigid[t]), *_seen(mine, month),
                )
            )  # fmt: skip
        before = [
            r["yoy_share"]
            for r in mine
            if r["destination"] == EVERYONE
            and r["yoy_share"] is not None
            and r["first_month"] < view.resolved.start
        ]
        if len(before) > 1:
            noise[key] = (pstdev(before), len(before))
    info, year = world.tables.info, view.resolved.start[:4]
    years = {key: _year(world.tables.rows(EXPORTS), key, year) for key in wanted}
    return Replay(REPLAY, world.tables.sha256, info.version, tuple(found), noise, years)


def _year(rows: Iterable[Row], key: tuple[str, str], year: str) -> str:
    """The row of a whole year to everybody, in the words of the table."""
    for r in rows:
        whole = (r["first_month"], r["last_month"]) == (f"{year}-01", f"{year}-12")
        if (r["country"], r["sector"]) == key and whole and r["destination"] == EVERYONE:
            change = "" if r["yoy_share"] is None else f" {r['yoy_share']:+.1%}"
            return f" The year {year}:{change} ({r['note']})."
    return ""


def _monthly(view: View, key: tuple[str, str]) -> Array:
    """Loss of each month, (T, L)."""
    sector = view.sectors[key]
    return monthly_loss(sector, view.outcome, shares(sector, view.draws))


def _month_after(start: str, months: int) -> str:
    """``YYYY-MM`` so many months later.

    >>> _month_after("2025-11", 2)
    '2026-01'
    """
    year, month = divmod(month_number(start) + months, MONTHS_PER_YEAR)
    return f"{year:04d}-{month + 1:02d}"


def _seen(rows: Iterable[Row], month: str) -> tuple[float | None, float | None, float | None]:
    """Change on the year to everybody, to the United States, and to all others."""
    own = {str(r["destination"]): r for r in rows if r["first_month"] == month}
    last = {str(r["destination"]): r for r in rows if r["first_month"] == _month_after(month, -12)}
    whole, usa = own.get(EVERYONE), own.get(USA)
    change = _change(whole, last.get(EVERYONE))
    to_usa = _change(usa, last.get(USA))
    if (
        whole is None or usa is None or change is None or to_usa is None
        or not whole["value"] or not usa["value"]
    ):  # fmt: skip
        return change, to_usa, None
    now = float(whole["value"]) - float(usa["value"])
    before = float(whole["value"]) / (1.0 + change) - float(usa["value"]) / (1.0 + to_usa)
    return change, to_usa, now / before - 1.0


def _change(row: Row | None, before: Row | None) -> float | None:
    """The printed change, else that of two values."""
    if row is None:
        return None
    if row["yoy_share"] is not None:
        return float(row["yoy_share"])
    if before is None or not row["value"] or not before["value"]:
        return None
    return float(row["value"]) / float(before["value"]) - 1.0
