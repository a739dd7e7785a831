"""What changed a number: the difference of two runs, cause by cause and mechanism by mechanism.

The causes are the parts in which the runs differ (`supplychain.attribution.parts`). Every subset of
them is a run between the two, and the Shapley value shares the difference among the causes; it
needs no order in which they changed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain import pedigree
from supplychain.attribution.compared import Comparison, Contribution, Difference, Moved
from supplychain.attribution.mixtures import Cause, Mixer, Pair, Sector, joined, with_plants
from supplychain.coverage import Resolved
from supplychain.errors import UsageError
from supplychain.mechanisms import road
from supplychain.model import shares
from supplychain.network import Network
from supplychain.run import Run
from supplychain.scenario import Scenario
from supplychain.world import World

Array = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]

MOST_EXACT = 8
"""Causes up to which every run between the two is played: 256 of them."""
ORDERS = 8
"""Antithetic pairs of orders that are sampled where there are more causes."""
_FEWEST_ORDERS = 2


def _silent(_step: str, _share: float) -> None:
    """Report to nobody."""


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
    network, resolved = with_plants(network, resolved)
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
