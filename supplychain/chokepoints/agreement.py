"""Does the structure of the network foretell the simulated loss? Rank against rank, by country."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain import structure
from supplychain.chokepoints.survey import Cost, Survey
from supplychain.world import World

Array = npt.NDArray[np.float64]
INDICES = ("hhi", "cut", "dominator", "betweenness")


@dataclass(frozen=True)
class Pair:
    """One foreign ban beside an index of its exporter, as seen from one focus country.

    Attributes:
        country: whose exports are counted; actor, product: who withholds what.
        index, loss_usd: the two figures.
        index_rank, loss_rank: 1 for the largest; equals share the best of their ranks, so all that
            cost nothing stand first after those that cost something.
    """

    country: str
    actor: str
    product: str
    index: float
    loss_usd: float
    index_rank: int
    loss_rank: int

    @property
    def gap(self) -> float:
        """How far the index sees it above (positive) or below its loss: ln(loss rank / index rank).

        Ratios, since ranks 1 and 60 differ more than ranks 901 and 960. The many that cost nothing
        have no order among them: the index is right to see them behind those that cost something.

        >>> round(Pair("KOR", "CHN", "x", 0.9, 0.0, 2, 60).gap, 2)
        3.4
        >>> Pair("KOR", "CHN", "x", 0.001, 0.0, 900, 60).gap
        0.0
        """
        gap = math.log(self.loss_rank / self.index_rank)
        return gap if self.loss_usd > 0 else max(gap, 0.0)


@dataclass(frozen=True)
class Agreement:
    """All foreign bans of one country by one index.

    Attributes:
        spearman: correlation of the two ranks (equals at the middle of theirs), -1 to 1; 0 where
            all are equal.
        spearman_hit: the same among bans that cost anything.
        pairs: every ban that reaches the country's exports or costs any of them.
    """

    country: str
    name: str
    spearman: float
    spearman_hit: float
    pairs: tuple[Pair, ...]

    def disagreements(self, count: int = 5) -> tuple[Pair, ...]:
        """Where the ranks lie furthest apart.

        Both ends count alike: what the index fears and costs nothing, and the reverse.
        """
        order = sorted(
            self.pairs,
            key=lambda p: (-abs(p.gap), min(p.index_rank, p.loss_rank), p.actor, p.product),
        )
        return tuple(order[:count])


def agreement(
    world: World, survey: Survey, country: str, indices: Sequence[str] = INDICES
) -> Mapping[str, Agreement]:
    """Indices of exporters against the loss when their exports stop, for one focus country.

    Only bans on single products by other countries are compared: each has exactly one node. Those
    that neither any index of flow to this country nor the simulation sees are left out, because
    hundreds of shared last places would pass for agreement.

    Args:
        survey: with removals of kind ``restriction``.

    Raises:
        KeyError: the country is not in the survey's focus, or an index is unknown.
    """
    if country not in survey.focus:
        raise KeyError(f"{country} is not in focus; this survey holds {', '.join(survey.focus)}")
    known = structure.node_measures(world.network, [country])
    costs = [c for c in survey.costs if _is_compared(c, country, known)]
    return {name: _beside(costs, country, name, known) for name in indices}


def _is_compared(
    cost: Cost, country: str, known: Mapping[tuple[str, str], Mapping[str, float]]
) -> bool:
    """A ban on one product by another country that reaches the exports in question."""
    removal = cost.removal
    if removal.kind != "restriction" or country in removal.actors:
        return False
    place = (removal.actors[0], removal.items[0])
    return place in known and (known[place]["cut"] > 0 or cost.usd(country) > 0)


def _beside(
    costs: Sequence[Cost],
    country: str,
    name: str,
    known: Mapping[tuple[str, str], Mapping[str, float]],
) -> Agreement:
    """Ranks of one index and of the losses."""
    places = [(c.removal.actors[0], c.removal.items[0]) for c in costs]
    values = np.array([known[place][name] for place in places])
    lost = np.array([c.usd(country) for c in costs])
    by_index, by_loss = _ranks(-values)[0], _ranks(-lost)[0]
    pairs = tuple(
        Pair(country, *place, float(value), float(usd), int(first), int(second))
        for place, value, usd, first, second in zip(
            places, values, lost, by_index, by_loss, strict=True
        )
    )
    hit = lost > 0
    part = spearman(values[hit], lost[hit])
    return Agreement(country, name, spearman(values, lost), part, pairs)


def _ranks(values: Array) -> tuple[Array, Array]:
    """Ranks from 1, least first: equals at the best of theirs, and at the middle of theirs.

    >>> [x.tolist() for x in _ranks(np.array([5.0, 7.0, 5.0]))]
    [[1.0, 3.0, 1.0], [1.5, 3.0, 1.5]]
    """
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    before: Array = (np.cumsum(count) - count).astype(np.float64)
    return (before + 1.0)[place], (before + (count + 1) / 2)[place]


def spearman(a: Array, b: Array) -> float:
    """Correlation of ranks, equals at the middle of theirs; 0 where either does not vary.

    >>> round(spearman(np.array([1.0, 2.0, 4.0]), np.array([30.0, 20.0, 10.0])), 12)
    -1.0
    """
    first, second = _ranks(a)[1], _ranks(b)[1]
    if a.size == 0 or not first.std() or not second.std():
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
