"""Observed exports beside the replay of the magnet months: what that can and cannot show.

Two ranges stand beside what was observed: the one that was drawn before anybody looked (a table,
never computed again), and today's, which may know better and proves less.
"""

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
from supplychain.validation.claims import EXPORTS, RANGES
from supplychain.validation.view import Play, View
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR
from supplychain.world import World

Array = npt.NDArray[np.float64]

REPLAY = "magnets-2025-replay"
USA = "USA"


def percent(change: float | None) -> str:
    """A change with its sign; what rounds to nothing has none, and what is not known a dash.

    >>> percent(-0.016), percent(-0.0001), percent(None)
    ('-1.6 %', '0.0 %', '-')
    """
    if change is None:
        return "-"
    return f"{100 * change:+.1f} %" if abs(change) >= 0.0005 else "0.0 %"  # noqa: PLR2004


@dataclass(frozen=True)
class Range:
    """Predicted change of exports against baseline in one month.

    Attributes:
        low, central, high: adaptive case and its band, from the worse end; rigid: nobody adapts.
    """

    low: float
    central: float
    high: float
    rigid: float

    def __str__(self) -> str:
        """Central prediction and band.

        >>> str(Range(-0.02, -0.01, 0.0, -0.02))
        '-1.0 % (-2.0 % to 0.0 %)'
        """
        return f"{percent(self.central)} ({percent(self.low)} to {percent(self.high)})"

    def holds(self, change: float) -> bool:
        """Whether the band holds a change; nought is in every band of a loss.

        >>> Range(-0.02, -0.01, -0.005, -0.02).holds(0.0)
        True
        """
        return self.low <= change <= max(self.high, 0.0)


@dataclass(frozen=True)
class Month:
    """One sector in one month.

    Attributes:
        now: today's prediction; before: the one from before looking, None where none was made.
        seen: observed change on the year to everybody; None where none was found.
        to_usa, to_others: the same to the country that put duties on them, and to all others.
    """

    country: str
    sector: str
    month: str
    now: Range
    before: Range | None
    seen: float | None
    to_usa: float | None
    to_others: float | None

    @property
    def drawn(self) -> Range:
        """The range that the observation is held against: from before looking, else today's."""
        return self.before or self.now

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON: numbers, ranges unfolded."""
        entry = {k: v for k, v in vars(self).items() if not isinstance(v, Range)}
        ranges = {"": self.now} | ({"before_": self.before} if self.before else {})
        for name, each in ranges.items():
            entry |= {name + key: value for key, value in vars(each).items()}
        return entry


@dataclass(frozen=True)
class Replay:
    """All months of all sectors that were observed, and what follows.

    Attributes:
        noise: sector -> spread (standard deviation) of its changes on the year in single months
            before the measure, and how many there were.
        years: sector -> what the table says of the year of the measure.
        commit: whose rules and inputs gave the ranges from before looking; empty where none were.
    """

    scenario: str
    sha256: str
    version: str
    months: tuple[Month, ...]
    noise: dict[tuple[str, str], tuple[float, int]]
    years: dict[tuple[str, str], str]
    commit: str = ""

    def of(self, country: str, sector: str) -> tuple[Month, ...]:
        """One sector's months."""
        return tuple(m for m in self.months if (m.country, m.sector) == (country, sector))

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON."""
        return {
            "scenario": self.scenario,
            "commit": self.commit,
            "months": [m.as_dict() for m in self.months],
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
        worst = min(mine, key=lambda m: m.drawn.low)
        drawn, now = worst.drawn, min((m.now for m in mine), key=lambda r: r.low)
        observed = [m.seen for m in seen if m.seen is not None]
        spread, count = self.noise.get((country, sector), (0.0, 0))
        inside = sum(m.drawn.holds(m.seen or 0.0) for m in seen)
        words = (
            f"{country} {sector.replace('_', ' ')}: the replay, drawn before looking, says in its "
            f"worst month {worst.month} {drawn} (today at worst {now}). Observed on the year: "
            f"{percent(min(observed))} to {percent(max(observed))} in {_months(len(seen))}, "
            f"{inside} of them inside the band."
        )
        words += _by_destination(seen)
        if count > 1:
            limit = 2 * spread
            can = "could have been seen" if -drawn.low > limit else "could not have been seen"
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
        f"known apart: {percent(usa)} on average, to all others {percent(others)}."
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
    frozen = [r for r in world.tables.rows(RANGES) if r["scenario"] == REPLAY]
    drawn = {(r["country"], r["sector"], r["month"]): _drawn(r) for r in frozen}
    found: list[Month] = []
    noise = {}
    for key in wanted:
        mine = [r for r in rows if (r["country"], r["sector"]) == key]
        band = np.quantile(np.concatenate([s[key] for s in sampled], axis=1), (0.1, 0.9), axis=1)
        central, rigid = _monthly(view, key)[:, 0], _monthly(play.cases["frozen"], key)[:, 0]
        for t in range(view.months):
            month = _month_after(view.resolved.start, t)
            now = Range(*(-float(v) for v in (band[1][t], central[t], band[0][t], rigid[t])))
            found.append(Month(*key, month, now, drawn.get((*key, month)), *_seen(mine, month)))
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
    commit = "|".join(dict.fromkeys(str(r["commit"]) for r in frozen))
    return Replay(REPLAY, world.tables.sha256, info.version, tuple(found), noise, years, commit)


def _drawn(row: Row) -> Range:
    """A row of the table of ranges."""
    return Range(*(float(row[name]) for name in ("low", "central", "high", "rigid")))


def _year(rows: Iterable[Row], key: tuple[str, str], year: str) -> str:
    """The row of a whole year to everybody, in the words of the table."""
    for r in rows:
        whole = (r["first_month"], r["last_month"]) == (f"{year}-01", f"{year}-12")
        if (r["country"], r["sector"]) == key and whole and r["destination"] == EVERYONE:
            change = "" if r["yoy_share"] is None else f" {percent(r['yoy_share'])}"
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
