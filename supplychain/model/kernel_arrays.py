"""Links of a network as records in flat lists: the index work that compiled loops need.

It does not depend on lanes or ceilings, so it is done once per network.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block
from supplychain.model.turns import Turns

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]

_REAL = frozenset(
    {"base", "whole", "level", "ratio", "before", "size", "ahead", "counted", "need", "cost",
     "most", "start", "quantity", "weight", "factor", "share", "grown"}
)  # fmt: skip
_FLAG = frozenset({"sleeps", "turned", "tinkers", "final", "main", "recovers"})


class Plan(NamedTuple):
    """One record per node, slot, flow and so on: its figures that all lanes share, and its links.

    Fields have the names of `Arrays`; `need`, `quantity` and `base` are those of one bin, `whole`
    is that of all. The list of things x of a record runs from ``x_first`` to ``x_last`` in `items`,
    or among the records of x where these stand in that order.

    Attributes:
        block: nodes, slots and flows that it has; users, drops, markets and sources of its goods
            (users are those whose plants may come to want them); sleeps: it may be at its baseline;
            turned, tinkers: it has ranks, alternatives.
        node: its slots, technologies and projects.
        slot: elastic: place among the slots with elasticities, -1 for a class; its calls: uses of
            its input by technologies.
        flow: weight: its share of its supplier's output; before, size: its turn
            (`supplychain.model.turns`); opening: the one beside it, -1 for none.
        opening, technology, use: as in `Arrays`; grown: the flow beside an opening, unit/month, 0
            for none; a technology has its uses.
        drop: what reaches one slot after one lag, and its flows.
        market: deals of one lag and rank, by buyer; buyer: its slot and its deals (openings count
            on after the flows).
        source: its turns, the owner's first; turn: its share of the release, and its slots.
        link, real: all whole numbers (flags are 0 and 1) and all real numbers of these, one field
            of one kind of record after another; places: where each begins, by names such as
            ``flow_supplier``.
    """

    block: Records
    node: Records
    slot: Records
    flow: Records
    opening: Records
    technology: Records
    use: Records
    drop: Records
    market: Records
    buyer: Records
    source: Records
    turn: Records
    items: Index
    places: Mapping[str, int]
    link: Index
    real: Array

    @classmethod
    def of(cls, tables: Mapping[str, Records], items: Index) -> "Plan":
        """The records, and all their fields in two flat arrays."""
        places: dict[str, int] = {"items": 0}
        link, real = [items], [np.zeros(0)]
        whole_size, real_size = items.size, 0
        for table, records in tables.items():
            for name in records.dtype.names or ():
                if name in _REAL:
                    places[f"{table}_{name}"] = real_size
                    real.append(records[name])
                    real_size += len(records)
                else:
                    places[f"{table}_{name}"] = whole_size
                    link.append(records[name].astype(np.int64))
                    whole_size += len(records)
        flat = {"places": places, "link": np.concatenate(link), "real": np.concatenate(real)}
        return cls(**tables, items=items, **flat)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Parted:
    """Lists one after another: their members, and where each ends (from 0)."""

    members: Index
    ends: Index

    @classmethod
    def of(cls, lists: Sequence[Index]) -> "_Parted":
        """Lists of any length."""
        none = np.zeros(0, dtype=np.int64)
        ends = np.cumsum([0, *(part.size for part in lists)])
        return cls(np.concatenate([none, *lists]), ends)

    @classmethod
    def by(cls, group: Index, groups: int) -> "_Parted":
        """Positions of the members of each group, in order.

        >>> found = _Parted.by(np.array([1, 0, 1]), 3)
        >>> found.members.tolist(), found.ends.tolist()
        ([1, 0, 2], [0, 1, 3, 3])
        """
        ends = np.concatenate([[0], np.cumsum(np.bincount(group, minlength=groups))])
        return cls(np.argsort(group, kind="stable"), ends)

    @classmethod
    def alike(cls, members: Index, *keys: Index) -> "_Parted":
        """Runs of members, already sorted, whose keys are the same.

        >>> _Parted.alike(np.arange(4), np.array([5, 5, 7, 7]), np.array([1, 1, 1, 2])).ends
        array([0, 2, 3, 4])
        """
        size = members.size
        new = np.ones(size, dtype=np.bool_)
        if size:
            new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
        return cls(members, np.append(np.flatnonzero(new), size))

    @property
    def firsts(self) -> Index:
        """Where each list begins."""
        return self.ends[:-1]


class _Lists:
    """Lists put one after another into one array of items."""

    def __init__(self) -> None:
        self.parts: list[Index] = [np.zeros(0, dtype=np.int64)]
        self.size = 0

    def add(self, name: str, lists: _Parted) -> dict[str, Index]:
        """Append lists; returns the fields that say where each begins and ends."""
        ends = lists.ends + self.size
        self.parts.append(lists.members)
        self.size += lists.members.size
        return {f"{name}_first": ends[:-1], f"{name}_last": ends[1:]}


def plan_of(arrays: Arrays) -> Plan:
    """The links of a compiled network."""
    lists = _Lists()
    users = [
        np.union1d(arrays.flows.slot[b.flows], arrays.openings.slot[b.openings])
        for b in arrays.blocks
    ]
    served = [np.concatenate([s.slots, *(q for q, _ in s.shared)]) for s in arrays.sources]
    # A slot without a supplier may share a source with these.
    watched = [
        np.unique(np.concatenate([used, *(served[i] for i in serving)]))
        for used, serving in zip(users, _serving(arrays, users, served), strict=True)
    ]
    turns = [Turns.of(arrays, b) for b in arrays.blocks]
    drop, dropped = _drops(arrays, lists)
    market, buyer, traded = _markets(arrays, lists)
    source, turn, serves = _sources(arrays, users)
    technology, use, calls = _technologies(arrays)
    tables = {
        "block": _records(
            len(arrays.blocks),
            **_ends(arrays.blocks),
            **dropped,
            **traded,
            **lists.add("user", _Parted.of(watched)),
            **lists.add("source", _Parted.of(serves)),
            sleeps=[_sleeps(arrays, b, u) for b, u in zip(arrays.blocks, watched, strict=True)],
            turned=[t is not None for t in turns],
            tinkers=[_has_alternatives(arrays, b) for b in arrays.blocks],
        ),
        "node": _nodes(arrays, turns, lists),
        "slot": _slots(arrays, calls, lists),
        "flow": _flows(arrays, turns),
        "opening": _records(
            arrays.openings.slot.size,
            supplier=arrays.openings.supplier,
            regime=arrays.openings.regime,
            grown=_grown(arrays),
        ),
        "technology": technology,
        "use": use,
        "drop": drop,
        "market": market,
        "buyer": buyer,
        "source": source,
        "turn": _records(
            len(turn),
            share=[share for share, _ in turn],
            **lists.add("slot", _Parted.of([slots for _, slots in turn])),
        ),
    }
    return Plan.of(tables, np.concatenate(lists.parts))


def _records(count: int, **fields: npt.ArrayLike) -> Records:
    """Records of these fields; whether a field is real, whole or a flag goes by its name.

    >>> _records(2, level=[1, 0], host=[-1, 0])[1].item()
    (0.0, 0)
    """
    kinds = [
        (name, np.float64 if name in _REAL else np.bool_ if name in _FLAG else np.int64)
        for name in fields
    ]
    found = np.zeros(count, dtype=kinds)
    for name, values in fields.items():
        found[name] = values
    return found


def _nodes(arrays: Arrays, turns: Sequence[Turns | None], lists: _Lists) -> Records:
    """Nodes with their slots, technologies and projects."""
    nodes, count = arrays.nodes, arrays.nodes.base.size
    before, size = np.zeros(count), np.ones(count)
    for block, turn in zip(arrays.blocks, turns, strict=True):
        if turn is not None:
            before[block.nodes], size[block.nodes] = turn.own_before, turn.own_size
    return _records(
        count,
        base=nodes.base / arrays.bins,
        whole=nodes.base,
        level=nodes.level,
        final=nodes.final,
        host=nodes.host,
        ratio=nodes.host_ratio,
        before=before,
        size=size,
        ahead=nodes.ahead,
        counted=nodes.counted,
        **lists.add("slot", _Parted.by(arrays.slots.node, count)),
        **lists.add("technology", _Parted.by(arrays.technologies.node, count)),
        **lists.add("project", _Parted.by(arrays.projects.node, count)),
    )


def _slots(arrays: Arrays, calls: _Parted, lists: _Lists) -> Records:
    """Slots with the uses that technologies make of them."""
    slots = arrays.slots
    elastic = elastic_slots(arrays)
    return _records(
        slots.need.size,
        node=slots.node,
        need=slots.need / arrays.bins,
        level=slots.level,
        main=slots.main,
        cost=slots.cost_share,
        most=slots.substitution_most,
        start=slots.substitution_start,
        elastic=np.where(elastic, np.cumsum(elastic) - 1, -1),
        **lists.add("call", calls),
    )


def elastic_slots(arrays: Arrays) -> Mask:
    """Slots that have an elasticity in any lane."""
    return np.asarray((~np.isnan(arrays.slots.elasticity)).any(axis=1))


def _flows(arrays: Arrays, turns: Sequence[Turns | None]) -> Records:
    """Flows, their turns and what is beside them."""
    flows, count = arrays.flows, arrays.flows.slot.size
    opening, beside = np.full(count, -1, dtype=np.int64), np.flatnonzero(arrays.openings.flow >= 0)
    opening[arrays.openings.flow[beside]] = beside
    before, size = np.zeros(count), np.ones(count)
    for block, turn in zip(arrays.blocks, turns, strict=True):
        if turn is not None:
            before[block.flows], size[block.flows] = turn.before, turn.size
    return _records(
        count,
        supplier=flows.supplier,
        regime=flows.regime,
        quantity=flows.quantity / arrays.bins,
        weight=flows.quantity / arrays.nodes.base[flows.supplier],
        before=before,
        size=size,
        opening=opening,
    )


def _grown(arrays: Arrays) -> Array:
    """Flow beside each opening, unit/month; 0 where there is none."""
    flow, found = arrays.openings.flow, np.zeros(arrays.openings.flow.size)
    found[flow >= 0] = arrays.flows.quantity[flow[flow >= 0]]
    return found


def _technologies(arrays: Arrays) -> tuple[Records, Records, _Parted]:
    """Technologies, their uses one technology after another, and the uses of each slot."""
    tech = arrays.technologies
    order = np.argsort(tech.use_technology, kind="stable")
    ends = np.searchsorted(tech.use_technology[order], np.arange(tech.node.size + 1))
    made = _records(
        tech.node.size,
        node=tech.node,
        most=tech.most,
        start=tech.start,
        use_first=ends[:-1],
        use_last=ends[1:],
    )
    use = _records(
        order.size,
        technology=tech.use_technology[order],
        slot=tech.use_slot[order],
        factor=tech.use_factor[order],
    )
    return made, use, _Parted.by(tech.use_slot[order], arrays.slots.need.size)


def _ends(blocks: Sequence[Block]) -> dict[str, list[int]]:
    """First and last node, slot and flow of each block."""
    ends: dict[str, list[int]] = {}
    for name in ("nodes", "slots", "flows"):
        ends[f"{name[:-1]}_first"] = [getattr(b, name).start for b in blocks]
        ends[f"{name[:-1]}_last"] = [getattr(b, name).stop for b in blocks]
    return ends


def _sleeps(arrays: Arrays, block: Block, users: Index) -> bool:
    """Whether a block may be skipped until something unusual reaches it."""
    nodes = arrays.nodes
    return not (
        arrays.flows.covered[block.flows].any()
        or (nodes.level[arrays.slots.node[users]] == 0).any()
        or (nodes.level[block.nodes] == 0).any()
        or (nodes.host[block.nodes] >= 0).any()
    )


def _has_alternatives(arrays: Arrays, block: Block) -> bool:
    """Whether any node of a block has an alternative technology."""
    node = arrays.technologies.node
    return bool(((node >= block.nodes.start) & (node < block.nodes.stop)).any())


def _drops(arrays: Arrays, lists: _Lists) -> tuple[Records, dict[str, Index]]:
    """Deliveries: the flows of a block that reach one slot after one lag, in their order."""
    flows = arrays.flows
    place, block = _placed([b.flows for b in arrays.blocks])
    order = np.lexsort((place, flows.slot[place], flows.lag[place], block))
    place, block = place[order], block[order]
    lag, slot = flows.lag[place], flows.slot[place]
    found = _Parted.alike(place, block, lag, slot)
    at = found.firsts
    drop = _records(at.size, lag=lag[at], slot=slot[at], **lists.add("flow", found))
    return drop, _spans("drop", block[at], len(arrays.blocks))


def _placed(places: Sequence[slice]) -> tuple[Index, Index]:
    """Everything in the slices of the blocks, and the block of each."""
    parts = [np.arange(s.start, s.stop, dtype=np.int64) for s in places]
    block = np.arange(len(parts)).repeat([part.size for part in parts])
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]), block


def _spans(name: str, group: Index, groups: int) -> dict[str, Index]:
    """First and last record of each group, where records are sorted by group."""
    ends = np.searchsorted(group, np.arange(groups + 1))
    return {f"{name}_first": ends[:-1], f"{name}_last": ends[1:]}


def _markets(arrays: Arrays, lists: _Lists) -> tuple[Records, Records, dict[str, Index]]:
    """Spot markets of each block: deals by lag and rank, then by user, flows before openings.

    A flow and the opening beside it are one deal.
    """
    flows, openings = arrays.flows, arrays.openings
    old, of_old = _placed([b.flows for b in arrays.blocks])
    new, of_new = _placed([b.openings for b in arrays.blocks])
    stranger = openings.flow[new] < 0
    new, of_new = new[stranger], of_new[stranger]
    block = np.concatenate([of_old, of_new])
    lag, rank, slot = (
        np.concatenate([known[old], more[new]])
        for known, more in (
            (flows.lag, openings.lag), (flows.rank, openings.rank), (flows.slot, openings.slot)
        )
    )  # fmt: skip
    deal = np.concatenate([old, new + flows.slot.size])
    order = np.lexsort((deal, slot, rank, lag, block))
    block, lag, rank, slot = block[order], lag[order], rank[order], slot[order]
    buyers = _Parted.alike(deal[order], block, lag, rank, slot)
    at = buyers.firsts
    of_market = _Parted.alike(np.arange(at.size), block[at], lag[at], rank[at])
    first = at[of_market.firsts]
    market = _records(
        first.size, lag=lag[first], buyer_first=of_market.ends[:-1], buyer_last=of_market.ends[1:]
    )
    buyer = _records(at.size, slot=slot[at], **lists.add("deal", buyers))
    return market, buyer, _spans("market", block[first], len(arrays.blocks))


def _sources(
    arrays: Arrays, users: Sequence[Index]
) -> tuple[Records, list[tuple[float, Index]], list[Index]]:
    """Sources, the turns of all of them (share and slots), and the sources of each block."""
    turns: list[tuple[float, Index]] = []
    ends = [0]
    served = []
    for held in arrays.sources:
        mine = [(1.0, held.slots), *((share, slots) for slots, share in held.shared)]
        turns += mine
        ends.append(len(turns))
        served.append(np.concatenate([slots for _, slots in mine]))
    serves = _serving(arrays, users, served)
    source = _records(
        len(arrays.sources),
        recovers=[s.recovers for s in arrays.sources],
        turn_first=ends[:-1],
        turn_last=ends[1:],
    )
    return source, turns, serves


def _serving(arrays: Arrays, users: Sequence[Index], served: Sequence[Index]) -> list[Index]:
    """Sources, by the slots that they serve, that serve any user of each block; in order."""
    size = arrays.slots.need.size
    everything = np.concatenate([np.zeros(0, dtype=np.int64), *served])
    source = np.arange(len(served)).repeat([s.size for s in served])
    found = []
    for used in users:
        is_used = np.zeros(size, dtype=bool)
        is_used[used] = True
        found.append(np.unique(source[is_used[everything]]))
    return found
