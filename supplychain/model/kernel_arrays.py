"""Arrays laid out for compiled loops: index work once per network, figures once per few lanes.

A **column** is one plant of one lane: column ``k * lanes + l`` is bin k of lane l. Every figure
has its columns innermost, so that a loop over them is one pass over neighbouring memory, and rows
of a few lanes stay in a processor's cache for all months.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block
from supplychain.model.behaviour import Behaviour
from supplychain.model.turns import Turns

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class Ragged(NamedTuple):
    """Lists of different lengths: list i is ``items[start[i]:start[i + 1]]``."""

    start: Index
    items: Index

    @classmethod
    def of(cls, lists: Iterable[Sequence[int] | Index]) -> "Ragged":
        """Put lists one after another.

        >>> Ragged.of([[7, 8], [], [9]]).start.tolist()
        [0, 2, 2, 3]
        """
        found = [np.asarray(part, dtype=np.int64) for part in lists]
        sizes = np.array([0, *(part.size for part in found)], dtype=np.int64)
        empty = np.zeros(0, dtype=np.int64)
        return cls(np.cumsum(sizes), np.concatenate([empty, *found]))

    @classmethod
    def by(cls, group: Index, groups: int) -> "Ragged":
        """Members of each group, in order.

        >>> Ragged.by(np.array([1, 0, 1]), 2).items.tolist()
        [1, 0, 2]
        """
        sizes = np.bincount(group, minlength=groups)
        start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return cls(start, np.argsort(group, kind="stable").astype(np.int64))


class Plan(NamedTuple):
    """What does not depend on lanes: who is linked to whom, and in which order.

    Attributes:
        months, bins, rounds, start, ring: T, K, spot rounds, first month of adaptation, and months
            of arrivals that are kept.
        block: (blocks, 6) first and last node, slot and flow; sleeps: whether the block may be at
            its baseline; turned, tinkers: whether it has ranks, alternative technologies.
        node_*, slot_*, flow_*, opening_*: as in `Arrays`; needs and quantities are those of one
            bin, `flow_whole` of all; `flow_weight` is the flow's share of its supplier's output.
        slot_elastic: row of `Figures.short_run`, -1 for a class.
        users: slots that use each block's goods; slots: of each node; uses: of each technology;
            calls: uses of each slot; technologies, projects: of each node.
        drops: deliveries of each block; drop_lag, drop_slot: when and where; dropped: flows of
            each.
        markets: of each block, by lag and rank; buyers: of each market; buyer_slot: who buys; deals
            of each buyer (openings count on after the flows).
        sources: of each block; turns: of each source; turn_share: of the month's release (1 for the
            owner, whose turn it is first); turn_slots: whom each turn serves.
    """

    months: int
    bins: int
    rounds: int
    start: int
    ring: int
    block: Index
    sleeps: Mask
    turned: Mask
    tinkers: Mask
    node_base: Array
    node_level: Array
    node_final: Mask
    node_host: Index
    node_ratio: Array
    node_before: Array
    node_size: Array
    slot_node: Index
    slot_need: Array
    slot_level: Array
    slot_main: Mask
    slot_cost: Array
    slot_most: Array
    slot_start: Array
    slot_elastic: Index
    flow_supplier: Index
    flow_regime: Index
    flow_quantity: Array
    flow_whole: Array
    flow_weight: Array
    flow_before: Array
    flow_size: Array
    opening_supplier: Index
    opening_regime: Index
    technology_most: Array
    technology_start: Array
    technology_node: Index
    use_technology: Index
    use_slot: Index
    use_factor: Array
    users: Ragged
    slots: Ragged
    uses: Ragged
    calls: Ragged
    technologies: Ragged
    projects: Ragged
    drops: Ragged
    drop_lag: Index
    drop_slot: Index
    dropped: Ragged
    markets: Ragged
    market_lag: Index
    buyers: Ragged
    buyer_slot: Index
    deals: Ragged
    sources: Ragged
    source_recovers: Mask
    turns: Ragged
    turn_share: Array
    turn_slots: Ragged


class Figures(NamedTuple):
    """What does depend on lanes, columns innermost.

    Attributes:
        lanes: L of this part; columns W = K L.
        limits: (6, W) catch_up, access, new_share, queue_cap, restock, hoard.
        capacity (N, W), added (T, J, W): what stands, and projects.
        weight, cover, rate: (Q, W); short_run, long_run: (elastic slots, W); passed: (T, W) share
            of the way to the long run.
        share: (E, W); opens: (P, W); ceiling: (T, R, W) of the regimes, leaking or not.
        ramp: (A, W) rates of technologies; release: (T, G, L); amount: (G,) of the sources.
    """

    lanes: int
    limits: Array
    capacity: Array
    added: Array
    weight: Array
    cover: Array
    rate: Array
    short_run: Array
    long_run: Array
    passed: Array
    share: Array
    opens: Array
    ceiling: Array
    ramp: Array
    release: Array
    amount: Array


class Switches(NamedTuple):
    """The mechanisms of `Behaviour` that the loops ask for."""

    catches_up: bool
    releases: bool
    shares: bool
    buys: bool
    opens: bool
    restocks: bool
    substitutes: bool
    alternates: bool
    recovers: bool
    builds: bool
    sets_aside: bool

    @classmethod
    def of(cls, behaviour: Behaviour, arrays: Arrays) -> "Switches":
        """The same switches, without leakage: that is chosen with the ceilings."""
        found = cls(*(getattr(behaviour, name) for name in cls._fields))
        return found._replace(
            restocks=found.restocks and bool(np.isfinite(arrays.limits.restock).any())
        )


def plan_of(arrays: Arrays) -> Plan:
    """Index work of a network; it does not depend on lanes or ceilings."""
    nodes, slots, flows, openings = arrays.nodes, arrays.slots, arrays.flows, arrays.openings
    tech, limits, bins = arrays.technologies, arrays.limits, arrays.bins
    longest = max(int(flows.lag.max(initial=0)), int(openings.lag.max(initial=0)), 1)
    users = [np.unique(flows.slot[b.flows]) for b in arrays.blocks]
    turns = [Turns.of(arrays, b) for b in arrays.blocks]
    made_by = [tech.node[(tech.node >= b.nodes.start) & (tech.node < b.nodes.stop)]
               for b in arrays.blocks]  # fmt: skip
    elastic = (~np.isnan(slots.elasticity)).any(axis=1)
    handed = [(share, who) for s in arrays.sources for share, who in [(1.0, s.slots), *(
        (part, ally) for ally, part in s.shared)]]  # fmt: skip
    served = [s.slots if s.slots.size else s.shared[0][0] for s in arrays.sources]
    counts = [1 + len(s.shared) for s in arrays.sources]
    ends = np.cumsum([0, *counts]).tolist()
    drops, drop_lag, drop_slot, dropped = _drops(arrays)
    markets, market_lag, buyers, buyer_slot, deals = _markets(arrays)
    node_before, node_size = _by_turn(nodes.base.size, arrays.blocks, turns, own=True)
    flow_before, flow_size = _by_turn(flows.slot.size, arrays.blocks, turns, own=False)
    return Plan(
        months=arrays.months,
        bins=bins,
        rounds=limits.spot_rounds,
        start=limits.start,
        ring=longest + 1,
        block=np.array([_ends(b) for b in arrays.blocks], dtype=np.int64).reshape(-1, 6),
        sleeps=np.array([_sleeps(arrays, b, u) for b, u in zip(arrays.blocks, users, strict=True)]),
        turned=np.array([t is not None for t in turns]),
        tinkers=np.array([found.size > 0 for found in made_by]),
        node_base=_floats(nodes.base),
        node_level=_floats(nodes.level),
        node_final=np.ascontiguousarray(nodes.final),
        node_host=_whole(nodes.host),
        node_ratio=_floats(nodes.host_ratio),
        node_before=node_before,
        node_size=node_size,
        slot_node=_whole(slots.node),
        slot_need=_floats(slots.need / bins),
        slot_level=_floats(slots.level),
        slot_main=np.ascontiguousarray(slots.main),
        slot_cost=_floats(slots.cost_share),
        slot_most=_floats(slots.substitution_most),
        slot_start=_floats(slots.substitution_start),
        slot_elastic=_whole(np.where(elastic, np.cumsum(elastic) - 1, -1)),
        flow_supplier=_whole(flows.supplier),
        flow_regime=_whole(flows.regime),
        flow_quantity=_floats(flows.quantity / bins),
        flow_whole=_floats(flows.quantity),
        flow_weight=_floats(flows.quantity / nodes.base[flows.supplier]),
        flow_before=flow_before,
        flow_size=flow_size,
        opening_supplier=_whole(openings.supplier),
        opening_regime=_whole(openings.regime),
        technology_most=_floats(tech.most),
        technology_start=_floats(tech.start),
        technology_node=_whole(tech.node),
        use_technology=_whole(tech.use_technology),
        use_slot=_whole(tech.use_slot),
        use_factor=_floats(tech.use_factor),
        users=Ragged.of(users),
        slots=Ragged.by(slots.node, nodes.base.size),
        uses=Ragged.by(tech.use_technology, tech.node.size),
        calls=Ragged.by(tech.use_slot, slots.need.size),
        technologies=Ragged.by(tech.node, nodes.base.size),
        projects=Ragged.by(arrays.projects.node, nodes.base.size),
        drops=drops,
        drop_lag=drop_lag,
        drop_slot=drop_slot,
        dropped=dropped,
        markets=markets,
        market_lag=market_lag,
        buyers=buyers,
        buyer_slot=buyer_slot,
        deals=deals,
        sources=Ragged.of(
            [[i for i, who in enumerate(served) if np.isin(who[0], u)] for u in users]
        ),
        source_recovers=np.array([s.recovers for s in arrays.sources], dtype=np.bool_),
        turns=Ragged.of([range(a, b) for a, b in zip(ends[:-1], ends[1:], strict=True)]),
        turn_share=np.array([share for share, _ in handed], dtype=np.float64),
        turn_slots=Ragged.of([who for _, who in handed]),
    )


def figures_of(arrays: Arrays, plan: Plan, *, leaks: bool) -> Figures:
    """The figures of all lanes of `arrays`: give it few lanes (`Arrays.take`)."""
    slots, limits, bins = arrays.slots, arrays.limits, arrays.bins
    elastic = np.flatnonzero(plan.slot_elastic >= 0)
    month = np.arange(arrays.months)[:, None]
    table = arrays.regimes.leaky if leaks else arrays.regimes.ceiling

    def columns(figure: Array) -> Array:
        """One column per bin of a figure of lanes (..., L)."""
        wide = np.broadcast_to(figure[..., None, :], (*figure.shape[:-1], bins, figure.shape[-1]))
        return _floats(wide.reshape(*figure.shape[:-1], bins * figure.shape[-1]))

    def plants(figure: Array) -> Array:
        """Columns of a figure of lanes and bins (..., L, K), or (..., L, 1)."""
        wide = np.broadcast_to(figure, (*figure.shape[:-1], bins)).swapaxes(-1, -2)
        return _floats(wide.reshape(*figure.shape[:-2], bins * figure.shape[-2]))

    behavioural = (limits.catch_up, limits.access, limits.new_share, limits.queue_cap,
                   limits.restock, limits.hoard)  # fmt: skip
    release = [s.release for s in arrays.sources] or [np.zeros((arrays.months, arrays.lanes))]
    return Figures(
        lanes=arrays.lanes,
        limits=columns(np.stack(behavioural)),
        capacity=columns(arrays.nodes.capacity),
        added=columns(arrays.projects.added),
        weight=columns(slots.weight),
        cover=plants(slots.cover),
        rate=columns(slots.substitution),
        short_run=columns(slots.elasticity[elastic]),
        long_run=columns(slots.elasticity_long[elastic]),
        passed=columns(-np.expm1(-(month + 0.5) / limits.elasticity_time)),
        share=columns(arrays.flows.share),
        opens=columns(arrays.openings.opens),
        ceiling=plants(table),
        ramp=columns(arrays.technologies.rate),
        release=_floats(np.stack(release, axis=1)),
        amount=np.array([s.amount for s in arrays.sources], dtype=np.float64),
    )


def _floats(values: npt.ArrayLike) -> Array:
    """Real numbers without gaps in memory."""
    return np.ascontiguousarray(values, dtype=np.float64)


def _whole(values: npt.ArrayLike) -> Index:
    """Whole numbers without gaps in memory."""
    return np.ascontiguousarray(values, dtype=np.int64)


def _ends(block: Block) -> tuple[int, ...]:
    """First and last node, slot and flow of a block."""
    return tuple(
        int(end) for s in (block.nodes, block.slots, block.flows) for end in (s.start, s.stop)
    )


def _sleeps(arrays: Arrays, block: Block, users: Index) -> bool:
    """Whether a block may be skipped until something unusual reaches it."""
    nodes = arrays.nodes
    return not (
        arrays.flows.covered[block.flows].any()
        or (nodes.level[arrays.slots.node[users]] == 0).any()
        or (nodes.level[block.nodes] == 0).any()
        or (nodes.host[block.nodes] >= 0).any()
    )


def _by_turn(
    count: int, blocks: Sequence[Block], turns: Sequence[Turns | None], *, own: bool
) -> tuple[Array, Array]:
    """What is served before and with each flow (or each node's own customers)."""
    before, size = np.zeros(count), np.zeros(count)
    for block, turn in zip(blocks, turns, strict=True):
        if turn is not None:
            place = block.nodes if own else block.flows
            before[place] = turn.own_before if own else turn.before
            size[place] = turn.own_size if own else turn.size
    return before, size


def _drops(arrays: Arrays) -> tuple[Ragged, Index, Index, Ragged]:
    """Deliveries of each block: the flows that reach one slot after one lag, in their order."""
    lag, slot = arrays.flows.lag, arrays.flows.slot
    of_block: list[list[int]] = []
    keys: list[tuple[int, int]] = []
    members: list[list[int]] = []
    for block in arrays.blocks:
        found: dict[tuple[int, int], list[int]] = {}
        for e in range(block.flows.start, block.flows.stop):
            found.setdefault((int(lag[e]), int(slot[e])), []).append(e)
        of_block.append(list(range(len(keys), len(keys) + len(found))))
        for key in sorted(found):
            keys.append(key)
            members.append(found[key])
    ends = np.array(keys, dtype=np.int64).reshape(-1, 2)
    return Ragged.of(of_block), _whole(ends[:, 0]), _whole(ends[:, 1]), Ragged.of(members)


def _markets(arrays: Arrays) -> tuple[Ragged, Index, Ragged, Index, Ragged]:
    """Spot markets of each block: deals by lag and rank, then by user, flows before openings."""
    flows, openings, count = arrays.flows, arrays.openings, arrays.flows.slot.size
    of_block: list[list[int]] = []
    lags: list[int] = []
    of_market: list[list[int]] = []
    slots: list[int] = []
    deals: list[list[int]] = []
    for block in arrays.blocks:
        found: dict[tuple[int, int], dict[int, list[int]]] = {}
        for links, place, offset in ((flows, block.flows, 0), (openings, block.openings, count)):
            for e in range(place.start, place.stop):
                turn = (int(links.lag[e]), int(links.rank[e]))
                buyer = found.setdefault(turn, {}).setdefault(int(links.slot[e]), [])
                buyer.append(offset + e)
        of_block.append(list(range(len(lags), len(lags) + len(found))))
        for turn in sorted(found):
            lags.append(turn[0])
            of_market.append(list(range(len(slots), len(slots) + len(found[turn]))))
            for slot in sorted(found[turn]):
                slots.append(slot)
                deals.append(found[turn][slot])
    return (
        Ragged.of(of_block),
        np.array(lags, dtype=np.int64),
        Ragged.of(of_market),
        np.array(slots, dtype=np.int64),
        Ragged.of(deals),
    )
