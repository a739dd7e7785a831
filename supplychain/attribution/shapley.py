"""How a loss is shared among the restrictions or minerals that cause it, and where they overlap.

Losses of single restrictions do not add: two that stop the same plants cost little more than one.
The Shapley value shares the loss all the same, without an order of the causes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from supplychain import pedigree
from supplychain.attribution.coalitions import BEHAVIOURS, Game, players
from supplychain.coverage import Resolved, resolve
from supplychain.errors import UsageError
from supplychain.growth import grown
from supplychain.model import shares
from supplychain.network import Network
from supplychain.scenario import Scenario
from supplychain.vocabulary import MONTHS_PER_YEAR
from supplychain.world import World

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

SHAPLEY_SCHEMA = "supplychain/shapley/1"
ORDERS = 64
"""Antithetic pairs of orders that are sampled where the coalitions are too many to play all."""
_FEWEST_ORDERS, _MOST_PLAYERS = 2, 60
_VISIBLE_USD = 0.5


@dataclass(frozen=True)
class Portion:
    """What one cause has of a loss.

    Attributes:
        cause: the restriction or mineral, in words.
        usd: its Shapley value over the horizon; share: of the loss.
        alone_usd: loss if it were the only one; last_usd: what it adds to all others.
        error_usd: standard error of `usd`; 0 where every coalition was played.
    """

    cause: str
    usd: float
    share: float
    alone_usd: float
    last_usd: float
    error_usd: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``contributions`` in JSON."""
        return {
            "cause": self.cause,
            "share": self.share,
            "usd": self.usd,
            "alone_usd": self.alone_usd,
            "last_usd": self.last_usd,
            "standard_error_usd": self.error_usd,
        }


@dataclass(frozen=True)
class Overlap:
    """Shapley interaction of two causes in USD: below 0 substitutes, above 0 complements."""

    one: str
    other: str
    usd: float

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``interactions`` in JSON."""
        return {"causes": [self.one, self.other], "usd": self.usd, "meaning": meaning(self.usd)}


def meaning(usd: float) -> str:
    """What the sign of an interaction says.

    >>> meaning(-1e9), meaning(1e9), meaning(0.0)
    ('substitutes: they stop the same exports', 'complements: each makes the other worse', 'none')
    """
    if abs(usd) < _VISIBLE_USD:
        return "none"
    if usd < 0:
        return "substitutes: they stop the same exports"
    return "complements: each makes the other worse"


@dataclass(frozen=True)
class Shared:
    """The loss of one sector, or of all sectors of a country, shared among its causes.

    Attributes:
        sector: empty for all sectors of the country.
        portions: in the order of the players; they sum to `loss_usd`.
        overlaps: of every two causes, largest first; empty where orders were sampled.
    """

    country: str
    sector: str
    baseline_exports_usd: float
    loss_usd: float
    portions: tuple[Portion, ...]
    overlaps: tuple[Overlap, ...]

    @property
    def overlap_usd(self) -> float:
        """Sum of the single losses less the joint one: what adding them would count twice."""
        return sum(p.alone_usd for p in self.portions) - self.loss_usd

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``sectors`` or ``totals`` in JSON."""
        return {
            "country": self.country,
            "sector": self.sector,
            "baseline_exports_usd": self.baseline_exports_usd,
            "loss_usd": self.loss_usd,
            "contributions": [p.as_dict() for p in self.portions],
            "overlap_usd": self.overlap_usd,
            "overlap_meaning": meaning(-self.overlap_usd),
            "interactions": [o.as_dict() for o in self.overlaps],
        }


@dataclass(frozen=True)
class Shapley:
    """The losses of a scenario shared among its restrictions or minerals.

    Attributes:
        case: ``adaptive`` or ``frozen``.
        is_exact: whether every coalition was played; else `orders` orders were sampled.
        coalitions: how many were played.
        sectors: those that lose anything in any coalition; totals: of every focus country.
        pack: id, version and fingerprint of the pack.
    """

    scenario: str
    case: str
    causes: tuple[str, ...]
    is_exact: bool
    orders: int
    coalitions: int
    sectors: tuple[Shared, ...]
    totals: tuple[Shared, ...]
    pack: Mapping[str, str]

    def of(self, country: str, sector: str = "") -> Shared:
        """One sector, or the total of a country.

        Raises:
            UsageError: it loses nothing, or is not in the focus.
        """
        for shared in (*self.totals, *self.sectors):
            if (shared.country, shared.sector) == (country, sector):
                return shared
        known = ", ".join(f"{s.country} {s.sector}".rstrip() for s in (*self.totals, *self.sectors))
        raise UsageError(f"{country} {sector} is not among the losses that are shared: {known}")

    def contributions(self, country: str, sector: str = "") -> list[dict[str, Any]]:
        """``{"cause", "share", "usd"}`` of every cause; the amounts sum to the loss."""
        portions = self.of(country, sector).portions
        return [{"cause": p.cause, "share": p.share, "usd": p.usd} for p in portions]

    def table(self) -> "pd.DataFrame":
        """One row per sector (or total) and cause."""
        import pandas as pd

        return pd.DataFrame([
            {"country": s.country, "sector": s.sector, "loss_usd": s.loss_usd} | p.as_dict()
            for s in (*self.totals, *self.sectors)
            for p in s.portions
        ])  # fmt: skip

    def as_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "schema": SHAPLEY_SCHEMA,
            "scenario": self.scenario,
            "data": dict(self.pack),
            "case": self.case,
            "causes": list(self.causes),
            "exact": self.is_exact,
            "orders": self.orders,
            "coalitions": self.coalitions,
            "totals": [s.as_dict() for s in self.totals],
            "sectors": [s.as_dict() for s in self.sectors],
        }


def shapley(
    world: World,
    scenario: Scenario,
    *,
    focus: Sequence[str] = (),
    by_item: bool | None = None,
    case: str = "adaptive",
    orders: int = ORDERS,
    seed: int = 1,
) -> Shapley:
    """Share the losses of a scenario among its restrictions, or among the items that they name.

    Args:
        world: from `supplychain.load`.
        scenario: a ladder is taken at its full stop.
        focus: countries, instead of the scenario's own.
        by_item: minerals and products as causes, not restrictions; by default where any
            restriction names several.
        case: ``adaptive`` or ``frozen``.
        orders: antithetic pairs of orders, sampled with more than `shares.MOST_EXACT` causes.
        seed: of that sample.

    Raises:
        ScenarioError, UnknownNameError: the scenario does not fit the pack.
        UsageError: an unknown case, no restriction, or too many causes.

    Example::

        world = supplychain.load()
        april = supplychain.load_scenario("china-april-2025")
        supplychain.shapley(world, april, focus=["KOR"]).table()
    """
    if focus:
        scenario = replace(scenario, focus=tuple(focus))
    network = grown(world.network, scenario)
    resolved = resolve(scenario, network)
    return shapley_of(network, resolved, by_item=by_item, case=case, orders=orders, seed=seed)


def shapley_of(
    network: Network,
    resolved: Resolved,
    *,
    by_item: bool | None = None,
    case: str = "adaptive",
    orders: int = ORDERS,
    seed: int = 1,
) -> Shapley:
    """`shapley` of a scenario that is resolved already."""
    if by_item is None:
        by_item = any(len(m.restriction.items) > 1 for m in resolved.measures)
    game = Game(network, resolved, players(resolved, by_item=by_item), case)
    count = len(game.players)
    if case not in BEHAVIOURS:
        raise UsageError(f"case: {case!r} cannot be shared; choose {' or '.join(BEHAVIOURS)}")
    if not 1 <= count <= _MOST_PLAYERS:
        raise UsageError(f"{count} causes cannot share a loss; there must be 1 to {_MOST_PLAYERS}")
    if orders < _FEWEST_ORDERS:
        raise UsageError(f"orders: {orders} are too few for a standard error; take 2 or more")
    found = _exact(game) if count <= shares.MOST_EXACT else _by_orders(game, orders, seed)
    causes = tuple(p.cause for p in game.players)
    sectors, totals = _shared(game, causes, found)
    return Shapley(
        resolved.scenario.id,
        case,
        causes,
        found.pairs is not None,
        0 if found.pairs is not None else 2 * orders,
        found.coalitions,
        sectors,
        totals,
        pedigree.pack(network),
    )


@dataclass(frozen=True)
class _Found:
    """What a game came to: arrays (M, S), and (M, M, S) of pairs; None where not every one played.

    `whole` is the loss of all causes together, (S,).
    """

    value: Array
    error: Array
    alone: Array
    last: Array
    whole: Array
    pairs: Array | None
    coalitions: int


def _exact(game: Game) -> _Found:
    """Every coalition played."""
    count = len(game.players)
    losses = game.losses(range(2**count))
    values = np.stack([losses[c] for c in range(2**count)])
    one = 1 << np.arange(count)
    value = shares.shapley(values)
    return _Found(
        value,
        np.zeros_like(value),
        values[one],
        values[-1] - values[values.shape[0] - 1 - one],
        values[-1],
        shares.pairs(values),
        len(losses),
    )


def _by_orders(game: Game, orders: int, seed: int) -> _Found:
    """Some orders of the causes played, and every cause alone and last."""
    count = len(game.players)
    every = (1 << count) - 1
    drawn = shares.orders(count, orders, seed)
    one = [1 << k for k in range(count)]
    asked = [c for order in drawn for c in shares.coalitions(order)]
    losses = game.losses([*asked, *one, *(every - c for c in one)])
    found = shares.sampled(drawn, losses)
    return _Found(
        found.value,
        found.error,
        np.stack([losses[c] for c in one]),
        losses[every] - np.stack([losses[every - c] for c in one]),
        losses[every],
        None,
        len(losses),
    )


def _shared(
    game: Game, causes: Sequence[str], found: _Found
) -> tuple[tuple[Shared, ...], tuple[Shared, ...]]:
    """The sectors that lose anything, largest loss first, and the totals of the countries.

    A total is the sum of its sectors, and so is its every share. Its standard error is at most the
    sum of theirs, which is what is told.
    """
    sectors = game.sectors
    scale = game.resolved.months / MONTHS_PER_YEAR
    moved = [k for k in range(len(sectors)) if found.alone[:, k].any() or found.value[:, k].any()]
    moved.sort(key=lambda k: (-found.whole[k], sectors[k].country, sectors[k].sector))
    parts = []
    for k in moved:
        whose = (sectors[k].country, sectors[k].sector, sectors[k].exports_usd * scale)
        parts.append(_part(whose, causes, found, [k]))
    totals = []
    for country in game.resolved.focus:
        mine = [k for k, s in enumerate(sectors) if s.country == country]
        exports = sum(sectors[k].exports_usd for k in mine) * scale
        totals.append(_part((country, "", exports), causes, found, mine))
    return tuple(parts), tuple(totals)


def _part(
    whose: tuple[str, str, float], causes: Sequence[str], found: _Found, columns: Sequence[int]
) -> Shared:
    """The loss of some sectors together, shared; `whose`: country, sector and baseline exports."""
    chosen = list(columns)
    loss = float(found.whole[chosen].sum())
    value, alone, last, error = (
        table[:, chosen].sum(axis=1).tolist()
        for table in (found.value, found.alone, found.last, found.error)
    )
    portions = tuple(
        Portion(cause, value[k], value[k] / loss if loss else 0.0, alone[k], last[k], error[k])
        for k, cause in enumerate(causes)
    )
    overlaps = []
    if found.pairs is not None:
        both = found.pairs[:, :, chosen].sum(axis=2)
        overlaps = [
            Overlap(causes[j], causes[i], float(both[i, j]))
            for i in range(len(causes))
            for j in range(i)
            if abs(both[i, j]) >= _VISIBLE_USD
        ]
    overlaps.sort(key=lambda o: (-abs(o.usd), o.one, o.other))
    return Shared(*whose, loss, portions, tuple(overlaps))
