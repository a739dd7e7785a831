"""What changed a number: the difference of two runs, cause by cause and mechanism by mechanism.

The causes are the parts in which the runs differ (`supplychain.attribution.parts`). Every subset of
them is a run between the two, and the Shapley value shares the difference among the causes; it
needs no order in which they changed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from supplychain import pedigree
from supplychain.attribution.mixtures import Cause, Mixer, Pair, Sector, joined
from supplychain.coverage import Resolved
from supplychain.errors import UsageError
from supplychain.mechanisms import road
from supplychain.model import shares
from supplychain.network import Network
from supplychain.run import Run
from supplychain.scenario import Scenario
from supplychain.world import World

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

MOST_EXACT = 8
"""Causes up to which every run between the two is played: 256 of them."""
ORDERS = 8
"""Antithetic pairs of orders that are sampled where there are more causes."""
COMPARISON_SCHEMA = "supplychain/comparison/1"
_FEWEST_ORDERS = 2
_VISIBLE_USD = 0.5
_MENTIONED, _TWO_FIGURES = 0.01, 9.95
_UNITS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def _silent(_step: str, _share: float) -> None:
    """Report to nobody."""


def dollars(usd: float) -> str:
    """An amount without its sign, two figures that matter.

    >>> dollars(-1.24e9), dollars(5.6e7), dollars(0.0)
    ('USD 1.2 bn', 'USD 56 m', 'USD 0')
    """
    size, unit = next(((s, u) for s, u in _UNITS if abs(usd) >= s), (1.0, ""))
    amount = abs(usd) / size
    return f"USD {amount:.{1 if 0 < amount < _TWO_FIGURES else 0}f} {unit}".rstrip()


def _direction(usd: float) -> str:
    """Whether it adds to a loss."""
    return "more" if usd > 0 else "less"


@dataclass(frozen=True)
class Contribution:
    """What one cause has of a difference.

    Attributes:
        usd: its Shapley value, above 0 where it adds to the loss; share: of the difference.
        alone_usd: what it changes if nothing else does.
        error_usd: standard error of `usd`; 0 where every run between the two was played.
    """

    cause: str
    usd: float
    share: float
    alone_usd: float
    error_usd: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``contributions`` in JSON."""
        return {
            "cause": self.cause,
            "share": self.share,
            "usd": self.usd,
            "alone_usd": self.alone_usd,
            "standard_error_usd": self.error_usd,
        }


@dataclass(frozen=True)
class Moved:
    """What one mechanism does to the loss of both runs: the step that it is on their roads, USD.

    The first step is the loss with fixed proportions and no stocks; later ones are mostly below 0.
    """

    mechanism: str
    one_usd: float
    other_usd: float

    @property
    def usd(self) -> float:
        """What it adds to the difference."""
        return self.other_usd - self.one_usd

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``mechanisms`` in JSON."""
        return {
            "mechanism": self.mechanism,
            "a_usd": self.one_usd,
            "b_usd": self.other_usd,
            "usd": self.usd,
        }


@dataclass(frozen=True)
class Difference:
    """The losses of one sector, or of all sectors of a country, in two runs, and why they differ.

    Attributes:
        sector: empty for all sectors of the country.
        one_usd, other_usd: loss over the horizon of each run.
        contributions: largest first; mechanisms: along the road. Both sum to the difference.
    """

    country: str
    sector: str
    one_usd: float
    other_usd: float
    contributions: tuple[Contribution, ...]
    mechanisms: tuple[Moved, ...]

    @property
    def usd(self) -> float:
        """Loss of the second run less that of the first."""
        return self.other_usd - self.one_usd

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``sectors`` or ``totals`` in JSON."""
        return {
            "country": self.country,
            "sector": self.sector,
            "loss_a_usd": self.one_usd,
            "loss_b_usd": self.other_usd,
            "difference_usd": self.usd,
            "contributions": [c.as_dict() for c in self.contributions],
            "mechanisms": [m.as_dict() for m in self.mechanisms],
        }


@dataclass(frozen=True)
class Comparison:
    """Why the losses of two runs differ (the adaptive case).

    Attributes:
        names: of the two runs.
        causes: in words; empty where the runs are the same.
        is_exact: whether every run between the two was played; runs: how many were.
        sectors: those that lose anything in either run, largest difference first.
        totals: of every focus country of either run.
        notes: what the reader must be told.
        packs: id, version and fingerprint of the pack of either run.
    """

    names: tuple[str, str]
    causes: tuple[str, ...]
    is_exact: bool
    runs: int
    sectors: tuple[Difference, ...]
    totals: tuple[Difference, ...]
    notes: tuple[str, ...]
    packs: tuple[Mapping[str, str], Mapping[str, str]]

    def sentences(self) -> list[str]:
        """What changed, country by country, in one sentence each."""
        return [self._sentence(total) for total in self.totals]

    def _sentence(self, total: Difference) -> str:
        """One country."""
        one, other = self.names
        if not self.causes:
            return f"{total.country}: {other} is the same run as {one}; nothing differs."
        most = max(abs(c.usd) for c in total.contributions)
        if most < _VISIBLE_USD:
            return f"{total.country}: {other} loses as much as {one}."
        said = [
            f"{dollars(c.usd)} {_direction(c.usd)} because {c.cause}"
            for c in total.contributions
            if abs(c.usd) >= max(_MENTIONED * most, _VISIBLE_USD)
        ]
        left = len(total.contributions) - len(said)
        if left:
            said.append(f"{left} more cause{'s' * (left > 1)} with little or no part")
        by = f"{dollars(total.usd)} {_direction(total.usd)} than" if total.usd else "as much as"
        return f"{total.country}: {other} loses {by} {one}: {'; '.join(said)}."

    def of(self, country: str, sector: str = "") -> Difference:
        """One sector, or the total of a country.

        Raises:
            UsageError: it loses nothing in either run, or is not in the focus.
        """
        for found in (*self.totals, *self.sectors):
            if (found.country, found.sector) == (country, sector):
                return found
        known = ", ".join(f"{d.country} {d.sector}".rstrip() for d in (*self.totals, *self.sectors))
        raise UsageError(f"{country} {sector} is not among what is compared: {known}")

    def table(self) -> "pd.DataFrame":
        """One row per total or sector and cause."""
        import pandas as pd

        columns = ["country", "sector", "loss_a_usd", "loss_b_usd", "difference_usd", "cause",
                   "usd", "share", "alone_usd", "standard_error_usd"]  # fmt: skip
        rows = [
            {key: d.as_dict()[key] for key in columns[:5]} | c.as_dict()
            for d in (*self.totals, *self.sectors)
            for c in d.contributions
        ]
        return pd.DataFrame(rows, columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "schema": COMPARISON_SCHEMA,
            "a": self.names[0],
            "b": self.names[1],
            "data": [dict(pack) for pack in self.packs],
            "causes": list(self.causes),
            "exact": self.is_exact,
            "runs": self.runs,
            "totals": [d.as_dict() for d in self.totals],
            "sectors": [d.as_dict() for d in self.sectors],
            "notes": list(self.notes),
        }


def compare(
    world_a: World,
    scenario_a: Scenario,
    world_b: World,
    scenario_b: Scenario,
    *,
    names: tuple[str, str] | None = None,
    focus: Sequence[str] = (),
    mechanisms: bool = True,
    orders: int = ORDERS,
    seed: int = 1,
    progress: Progress = _silent,
) -> Comparison:
    """Why a scenario on a world loses more or less than another one, or than on another world.

    Args:
        world_a, scenario_a: the first run; world_b, scenario_b: the second.
        names: of the runs; their scenarios' ids, or A and B where these are the same.
        focus: countries, instead of those of either scenario.
        mechanisms: play the road of mechanisms of both runs too.
        orders: antithetic pairs of orders, sampled with more than `MOST_EXACT` causes.
        seed: of that sample.
        progress: called with a step's name and the share of the work done.

    Raises:
        ScenarioError, UnknownNameError: a scenario does not fit its pack.
        UsageError: fewer than two pairs of orders.

    Example::

        world = supplychain.load()
        ban = supplychain.restrict("China", ["dysprosium"], kind="ban")
        half = supplychain.restrict("China", ["dysprosium"], kind="ban", severity=0.5)
        supplychain.compare(world, ban, world, half).table()
    """
    if orders < _FEWEST_ORDERS:
        raise UsageError(f"orders: {orders} are too few for a standard error; take 2 or more")
    pair = Pair.of(world_a, scenario_a, world_b, scenario_b, focus)
    mixer = Mixer(pair)
    game = _play(mixer, orders, seed, progress)
    both = ((pair.one, pair.resolved), (pair.other, pair.other_resolved))
    ways = [_road(*run) for run in both] if mechanisms and game.causes else []
    ids = (scenario_a.id, scenario_b.id)
    keys = [k for k in game.sectors if game.one[k] or game.other[k]]
    every = [_difference(k, [k], game, ways) for k in keys]
    countries = dict.fromkeys(country for country, _ in game.sectors)
    return Comparison(
        names or (ids if ids[0] != ids[1] else ("A", "B")),
        tuple(c.words for c in game.causes),
        game.is_exact,
        mixer.runs,
        tuple(sorted(every, key=lambda d: (-abs(d.usd), d.country, d.sector))),
        tuple(
            _difference((c, ""), [k for k in game.sectors if k[0] == c], game, ways)
            for c in countries
        ),
        (*pair.notes, *game.notes),
        (pedigree.pack(pair.one), pedigree.pack(pair.other)),
    )


@dataclass(frozen=True)
class _Game:
    """What the runs between the two came to.

    Attributes:
        sectors: (country, sector) of the columns.
        one, other: losses of the two runs by sector.
        value, error, alone: (causes, sectors).
    """

    causes: tuple[Cause, ...]
    sectors: tuple[Sector, ...]
    one: dict[Sector, float]
    other: dict[Sector, float]
    value: Array
    error: Array
    alone: Array
    is_exact: bool
    notes: tuple[str, ...]


def _play(mixer: Mixer, orders: int, seed: int, progress: Progress) -> _Game:
    """Play the runs between the two; what does not fit alone is joined, and all is tried again."""
    causes = mixer.pair.causes(MOST_EXACT)
    notes: list[str] = []
    while (played := _attempt(mixer, causes, orders, seed, progress)) is None:
        causes, said = joined(causes, mixer)
        notes.append(said)
    losses, drawn = played
    every = 2 ** len(causes) - 1
    one, other = losses[0], losses[every]
    keys = tuple(dict.fromkeys(k for found in losses.values() for k in found))
    table = {c: np.array([found.get(k, 0.0) for k in keys]) for c, found in losses.items()}
    if drawn is None:
        value = shares.shapley(np.stack([table[c] for c in range(every + 1)]))
        error = np.zeros_like(value)
    else:
        found = shares.sampled(drawn, table)
        value, error = found.value, found.error
    alone = [table[1 << k] - table[0] for k in range(len(causes))]
    return _Game(
        causes,
        keys,
        {k: one.get(k, 0.0) for k in keys},
        {k: other.get(k, 0.0) for k in keys},
        value,
        error,
        np.array(alone).reshape(value.shape),
        drawn is None,
        tuple(notes),
    )


def _attempt(
    mixer: Mixer, causes: Sequence[Cause], orders: int, seed: int, progress: Progress
) -> tuple[dict[int, dict[Sector, float]], npt.NDArray[np.int64] | None] | None:
    """The losses of the coalitions that are needed, and the orders where these are sampled.

    None where a coalition is refused.
    """
    count = len(causes)
    drawn = shares.orders(count, orders, seed) if count > MOST_EXACT else None
    asked: Sequence[int] = range(2**count)
    if drawn is not None:
        reached = [c for order in drawn for c in shares.coalitions(order)]
        asked = list(dict.fromkeys([*(1 << k for k in range(count)), *reached]))
    found = {}
    for number, c in enumerate(asked):
        progress(f"run {number + 1} of {len(asked)}", number / len(asked))
        losses = mixer.losses(cause for k, cause in enumerate(causes) if c >> k & 1)
        if losses is None:
            return None
        found[c] = losses
    return found, drawn


def _road(network: Network, resolved: Resolved) -> dict[Sector, list[tuple[str, float]]]:
    """What every mechanism adds to the loss of every sector, USD, in the order of the road."""
    found = road(network, Run.of(network, resolved), elasticities=())
    ways = {}
    for k, (country, sector, usd) in enumerate(found.sectors):
        lost = np.array([step.share[k] for step in found.steps]) * usd
        moved = np.diff(lost, prepend=0.0).tolist()
        ways[country, sector] = list(zip((s.name for s in found.steps), moved, strict=True))
    return ways


def _difference(
    whose: Sector,
    keys: Sequence[Sector],
    game: _Game,
    ways: Sequence[dict[Sector, list[tuple[str, float]]]],
) -> Difference:
    """The difference of some sectors together."""
    at = [game.sectors.index(k) for k in keys]
    one, other = (sum(losses[k] for k in keys) for losses in (game.one, game.other))
    value, error, alone = (
        t[:, at].sum(axis=1).tolist() for t in (game.value, game.error, game.alone)
    )
    usd = other - one
    contributions = [
        Contribution(c.words, value[k], value[k] / usd if usd else 0.0, alone[k], error[k])
        for k, c in enumerate(game.causes)
    ]
    contributions.sort(key=lambda c: -abs(c.usd))
    return Difference(*whose, one, other, tuple(contributions), _moved(keys, ways))


def _moved(
    keys: Sequence[Sector], ways: Sequence[dict[Sector, list[tuple[str, float]]]]
) -> tuple[Moved, ...]:
    """The two roads of some sectors side by side; empty where they were not asked for."""
    sums: dict[str, list[float]] = {}
    for side, way in enumerate(ways):
        for key in keys:
            for name, usd in way.get(key, ()):
                sums.setdefault(name, [0.0, 0.0])[side] += usd
    return tuple(Moved(name, one, other) for name, (one, other) in sums.items())
