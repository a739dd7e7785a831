"""The binding ledger: share the loss of chosen final nodes out over what withheld their supply.

A loss walks upstream. At every node, month and plant it goes to the inputs that bind; from an input
to the flows whose goods are missing; from a flow to the measure whose ceiling binds, else to the
supplier, which was short of an input itself. Shares add up to one at every step, so that what lands
adds up to what was lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays
from supplychain.model.outcome import Outcome

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

COMPETITION, CATCH_UP, NOT_TRACED = 0, 1, 2
OTHER_CAUSES = ("competition", "catch_up", "not_traced")
"""What a loss may land on beside measures: stock that a supplier used up for other buyers' extra
orders; stock that an end industry used up to catch up; and nothing that could be found."""

_TIE = 1e-9
"""Months of baseline within which two limits bind together and a ceiling is reached."""

_NOTHING = 1e-12
"""Months of baseline below which nothing is missing: rounding withholds no goods."""


@dataclass(frozen=True)
class Landing:
    """What of one step landed, and where: USD (C,) per month of the lost exports.

    Attributes:
        slot, flow: the input and the flow on the way (-1 where there is none); node: where it
            landed.
        measure: row of `blame`; -1 for one of `OTHER_CAUSES`, which `cause` then names.
    """

    slot: int
    flow: int
    node: int
    measure: int
    cause: int
    usd: Array


@dataclass(frozen=True)
class Onward:
    """What of one step goes on to another node, (C, T, K) USD; slot -1: to the host."""

    slot: int
    flow: int
    node: int
    usd: Array


@dataclass(frozen=True)
class _Bound:
    """What limits a node in every month and plant.

    Attributes:
        slots: main inputs, and -1 for the host; part: (Q, T, K) of each in a loss.
        least: (T, K) the smallest limit; short: whether it costs output.
    """

    slots: Index
    part: Array
    least: Array
    short: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class _Supply:
    """The flows of one slot and how its losses fall on them.

    Attributes:
        flows: (F,) which flows.
        share: (K, T, F + 1, T) of a loss in a month (first T): on the goods of a flow that should
            have left in a month (last T), and on stock that was drawn beyond the baseline.
        held: (F, T, K) whether the flow's own ceiling binds; else its supplier was short.
    """

    flows: Index
    share: Array
    held: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Walk:
    """One traced case, ready to be walked upstream.

    Attributes:
        arrays, outcome: the run; a single lane, traced.
        leaks: whether its ceilings were those with leakage (the adaptive case).
        blame: (T, R, M, B) share of each measure in each regime's ceiling: the measures whose
            ceiling is the smallest, ties split equally. Without it regimes count as measures.
    """

    arrays: Arrays
    outcome: Outcome
    leaks: bool
    blame: Array | None = None
    _supplies: dict[int, _Supply] = field(default_factory=dict, compare=False)
    _bounds: dict[int, _Bound] = field(default_factory=dict, compare=False)

    @cached_property
    def _ceiling(self) -> Array:
        """Ceilings of all regimes, (T, R, B)."""
        regimes = self.arrays.regimes
        return (regimes.leaky if self.leaks else regimes.ceiling)[:, :, 0]

    @cached_property
    def _slots_of(self) -> Mapping[int, Index]:
        """Main slots of every node."""
        slots = self.arrays.slots
        return _grouped(slots.node, np.flatnonzero(slots.main))

    @cached_property
    def _flows_of(self) -> Mapping[int, Index]:
        """Flows into every slot."""
        return _grouped(self.arrays.flows.slot, np.arange(self.arrays.flows.slot.size))

    @cached_property
    def _flows_from(self) -> Mapping[int, Index]:
        """Flows out of every node."""
        return _grouped(self.arrays.flows.supplier, np.arange(self.arrays.flows.slot.size))

    def step(self, node: int, usd: Array) -> tuple[list[Landing], list[Onward]]:
        """Send the losses of one node, (C, T, K) USD, one stage upstream.

        Args:
            node: its output was short.
            usd: per month of the lost exports, month of the node's shortage and plant.
        """
        bound = self._bound(node)
        landed: list[Landing] = []
        onward: list[Onward] = []
        self._leave(usd * ~bound.short, -1, node, landed)
        for k, slot in enumerate(bound.slots.tolist()):
            mine = usd * bound.part[k]
            if not mine.any():
                continue
            if slot < 0:
                self._to_host(node, mine, landed, onward)
            else:
                self._to_suppliers(node, slot, mine, landed, onward)
        return landed, onward

    def _bound(self, node: int) -> _Bound:
        """What limits a node: the smallest limit takes a loss, equal limits the same part."""
        if node not in self._bounds:
            slots = self._slots_of.get(node, np.empty(0, np.int64))
            limit = self.outcome.allowed[:, slots, 0].transpose(1, 0, 2)
            host = int(self.arrays.nodes.host[node])
            if host >= 0:
                most = self.arrays.nodes.host_ratio[node] * self.outcome.output[:, host, 0]
                slots, limit = np.append(slots, -1), np.concatenate([limit, most[None]])
            least = limit.min(axis=0, initial=np.inf)
            short = least < 1.0 - _NOTHING
            tied = (limit <= least + _TIE) & short
            part = tied / np.maximum(tied.sum(axis=0), 1)
            self._bounds[node] = _Bound(slots, part, least, short)
        return self._bounds[node]

    @staticmethod
    def _leave(usd: Array, slot: int, node: int, landed: list[Landing]) -> None:
        """What cannot be followed any further is said to be so."""
        if usd.any():
            landed.append(Landing(slot, -1, node, -1, NOT_TRACED, usd.sum(axis=(1, 2))))

    def _to_suppliers(
        self, node: int, slot: int, usd: Array, landed: list[Landing], onward: list[Onward]
    ) -> None:
        """From an input to the goods that are missing of it: held back, or never made."""
        supply = self._supply(slot)
        # (K, C, T) @ (K, T, F + 1 . T): per plant, from months of the loss to months of shipping.
        k, months, count, _ = supply.share.shape
        table = supply.share.reshape(k, months, count * months)
        on = (usd.transpose(2, 0, 1) @ table).reshape(k, -1, count, months)
        for f, flow in enumerate(supply.flows.tolist()):
            mine = on[:, :, f].transpose(1, 2, 0)
            if not mine.any():
                continue
            held = supply.held[f]
            if held.any():
                self._land(slot, flow, mine * held, landed)
            free = np.where(held, 0.0, mine)
            if free.any():
                onward.append(Onward(slot, flow, int(self.arrays.flows.supplier[flow]), free))
        drawn = on[:, :, -1].sum(axis=(0, 2))
        if drawn.any():
            cause = CATCH_UP if self.arrays.nodes.final[node] else COMPETITION
            landed.append(Landing(slot, -1, node, -1, cause, drawn))
        known = supply.share.any(axis=(2, 3)).T
        self._leave(usd * ~known, slot, node, landed)

    def _land(self, slot: int, flow: int, usd: Array, landed: list[Landing]) -> None:
        """Goods that measures hold back: the loss (C, T, K) stays with these measures."""
        regime = int(self.arrays.flows.regime[flow])
        supplier = int(self.arrays.flows.supplier[flow])
        if self.blame is None:
            landed.append(Landing(slot, flow, supplier, regime, -1, usd.sum(axis=(1, 2))))
            return
        share = self.blame[:, regime]
        for measure in np.flatnonzero(share.any(axis=(0, 2))).tolist():
            part = (usd * share[None, :, measure]).sum(axis=(1, 2))
            if part.any():
                landed.append(Landing(slot, flow, supplier, measure, -1, part))

    def _to_host(self, node: int, usd: Array, landed: list[Landing], onward: list[Onward]) -> None:
        """From a by-product to its host: short of inputs, or left with goods nobody may take."""
        host = int(self.arrays.nodes.host[node])
        least = np.minimum(self._bound(host).least, 1.0)
        lost = np.maximum(1.0 - self.outcome.output[:, host, 0], 0.0)
        own = np.minimum(1.0 - least, lost)
        short = np.divide(own, lost, out=np.ones_like(lost), where=lost > 0)
        flows, held = self._refused(host)
        short = np.where(held.sum(axis=0) > 0, short, 1.0)
        if (usd * short).any():
            onward.append(Onward(-1, -1, host, usd * short))
        for flow, share in zip(flows.tolist(), held, strict=True):
            mine = usd * (1.0 - short) * share
            if mine.any():
                self._land(-1, flow, mine, landed)

    def _refused(self, node: int) -> tuple[Index, Array]:
        """Flows out of a node that their ceilings hold back, and their parts of what is held."""
        flows = self._flows_from.get(node, np.empty(0, np.int64))
        flows = flows[self.arrays.flows.regime[flows] >= 0]
        missing = 1.0 - self.outcome.shipped[:, flows, 0].transpose(1, 0, 2)
        size = self.arrays.flows.quantity[flows][:, None, None]
        held = np.where(self._is_held(flows), np.maximum(missing, 0.0) * size, 0.0)
        whole = held.sum(axis=0)
        return flows, np.divide(held, whole, out=np.zeros_like(held), where=whole > 0)

    def _is_held(self, flows: Index) -> npt.NDArray[np.bool_]:
        """Whether the ceiling of each flow is reached, (F, T, K); the access ceiling is none."""
        regime = self.arrays.flows.regime[flows]
        shipped = self.outcome.shipped[:, flows, 0].transpose(1, 0, 2)
        if not self._ceiling.shape[1]:
            return np.zeros(shipped.shape, dtype=np.bool_)
        ceiling = self._ceiling[:, np.maximum(regime, 0)].transpose(1, 0, 2)
        ceiling = np.where((regime >= 0)[:, None, None], ceiling, np.inf)
        return np.asarray((ceiling < 1.0) & (shipped >= ceiling - _TIE), dtype=np.bool_)

    def _supply(self, slot: int) -> _Supply:
        """How losses by one input fall on its flows, worked out once."""
        if slot not in self._supplies:
            flows = self._flows_of.get(slot, np.empty(0, np.int64))
            self._supplies[slot] = _Supply(flows, self._pool(slot, flows), self._is_held(flows))
        return self._supplies[slot]

    def _pool(self, slot: int, flows: Index) -> Array:
        """Composition of what is missing from a slot, `_Supply.share`.

        What does not arrive is missing from the stock until it was made up for or cost output. So
        missing goods form a pool: what a month misses comes in, what arrives beyond the baseline
        (openings, the spot market, releases) and what the plant then does without leaves pro rata.
        Whatever binds in a month falls on the pool as it is then.
        """
        months, bins = self.arrays.months, self.arrays.bins
        lag, out = self.arrays.flows.lag[flows], self.outcome
        short = 1.0 - out.shipped[:, flows, 0]
        short = (
            np.where(short > _NOTHING, short, 0.0)
            * self.arrays.flows.share[flows, 0][None, :, None]
        )
        used = out.used[:, slot, 0] - self.arrays.slots.level[slot]
        came = out.arrivals[:, slot, 0] - self.arrays.slots.level[slot]
        share = np.zeros((bins, months, flows.size + 1, months))
        pool = np.zeros((bins, flows.size + 1, months))
        at = np.arange(flows.size)
        for t in range(months):
            sent = t - lag
            now = np.where((sent >= 0)[:, None], short[np.maximum(sent, 0), at], 0.0)
            pool[:, at, np.maximum(sent, 0)] += now.T
            more, drawn = np.maximum(came[t] + now.sum(axis=0), 0.0), np.maximum(used[t], 0.0)
            _shrink(pool, np.maximum(more - drawn, 0.0))
            whole = pool.sum(axis=(1, 2))
            share[:, t] = np.divide(
                pool, whole[:, None, None], out=np.zeros_like(pool), where=whole[:, None, None] > 0
            )
            pool[:, -1, t] += np.maximum(drawn - more, 0.0)
            _shrink(pool, np.maximum(-used[t], 0.0))
        return share


def _grouped(key: Index, members: Index) -> Mapping[int, Index]:
    """Members by their key."""
    order = members[np.argsort(key[members], kind="stable")]
    keys, starts = np.unique(key[order], return_index=True)
    return dict(zip(keys.tolist(), np.split(order, starts[1:]), strict=True))


def _shrink(pool: Array, by: Array) -> None:
    """Take so much (K,) from a pool (K, ., .), pro rata."""
    whole = pool.sum(axis=(1, 2))
    left = np.divide(whole - by, whole, out=np.zeros_like(whole), where=whole > 0)
    pool *= np.maximum(left, 0.0)[:, None, None]


@dataclass(frozen=True)
class Seed:
    """The losses of one final node: where walks begin.

    Attributes:
        usd: (T, K) net loss per month and plant, adding up to what the node's loss is worth.
        gross: the same before catching up, USD; caught_up: what later months made up for.
    """

    node: int
    usd: Array
    gross: float
    caught_up: float

    @property
    def start(self) -> Array:
        """(C, T, K): every month's loss in a layer of its own."""
        months = self.usd.shape[0]
        return np.eye(months)[:, :, None] * self.usd[None]


def seed(outcome: Outcome, node: int, worth: float) -> Seed:
    """Net losses of a final node: what later months made up for is taken off pro rata per plant.

    ``net_k = max(0, sum_t (1 - delivered_tk))``, spread over the plant's months with a loss;
    together they are worth ``worth * max(0, mean (1 - delivered))``.

    Args:
        worth: baseline exports of the node over all months, USD.

    One plant that loses 0.4 and 0.2 and makes up for 0.3 lost 0.3 of two months' 100 dollars each:

    >>> out = Outcome.untraced(*[np.array([0.6, 0.8, 1.3]).reshape(3, 1, 1, 1)] * 2)
    >>> found = seed(out, 0, 300.0)
    >>> found.usd[:, 0].round(9).tolist(), round(found.gross, 9), round(found.caught_up, 9)
    ([20.0, 10.0, 0.0], 60.0, 30.0)
    """
    lost = 1.0 - outcome.delivered[:, node, 0]
    unit = worth / lost.size
    down = np.where(lost > _NOTHING, lost, 0.0)
    net = max(float(lost.mean()), 0.0) * worth
    gross = down.sum(axis=0)
    kept = np.divide(np.maximum(lost.sum(axis=0), 0.0), gross, out=np.zeros_like(gross),
                     where=gross > 0)  # fmt: skip
    usd = down * kept
    whole = usd.sum()
    usd = usd * (net / whole) if whole > 0 else np.zeros_like(usd)
    return Seed(node, usd, float(gross.sum() * unit), float(gross.sum() * unit - net))


@dataclass(frozen=True)
class Entry:
    """One cell of the ledger.

    Attributes:
        measure: row of `blame`, or -1; cause: one of `OTHER_CAUSES` by number, or -1.
        node: whose goods the measure holds back, or where the other cause lies.
        slot: the input that missed them; -1 where there is none.
        usd: (C,) by month of the lost exports.
    """

    measure: int
    cause: int
    node: int
    slot: int
    usd: Array


@dataclass(frozen=True)
class Ledger:
    """Where the losses of some final nodes come from, USD; every entry is at least 0.

    Attributes:
        entries: a sparse table, by measure, cause, node and slot.
        seeds: net losses of the final nodes that lose anything.
    """

    entries: tuple[Entry, ...]
    seeds: tuple[Seed, ...]

    @property
    def loss(self) -> float:
        """What was shared out."""
        return float(sum(s.usd.sum() for s in self.seeds))

    @property
    def total(self) -> float:
        """All entries together: the loss."""
        return float(sum(e.usd.sum() for e in self.entries))

    @property
    def caught_up(self) -> float:
        """What later months made up for."""
        return float(sum(s.caught_up for s in self.seeds))


def ledger(walk: Walk, worth: Mapping[int, float]) -> Ledger:
    """Share the losses of final nodes out over measures, months and nodes.

    Nodes are swept downstream to upstream until nothing is under way. A flow against the order of
    blocks takes at least a month, so that a loop of recipes ends at the start of the horizon.

    Args:
        walk: the traced case.
        worth: final node -> its baseline exports over all months, USD.
    """
    months = walk.arrays.months
    seeds = [seed(walk.outcome, node, usd) for node, usd in worth.items()]
    waiting = {s.node: s.start for s in seeds if s.usd.any()}
    found: dict[tuple[int, int, int, int], Array] = {}
    while waiting:
        for node in range(walk.arrays.nodes.base.size - 1, -1, -1):
            if node not in waiting:
                continue
            landed, onward = walk.step(node, waiting.pop(node))
            for at in landed:
                key = (at.measure, at.cause, at.node, at.slot)
                found[key] = found.get(key, np.zeros(months)) + at.usd
            for to in onward:
                before = waiting.get(to.node)
                waiting[to.node] = to.usd if before is None else before + to.usd
    entries = tuple(Entry(*key, usd) for key, usd in sorted(found.items(), key=lambda e: e[0]))
    return Ledger(entries, tuple(s for s in seeds if s.gross > 0))
