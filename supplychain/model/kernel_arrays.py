"""Links of a network as records in flat lists: the index work that compiled loops need.

It does not depend on lanes or ceilings, so it is done once per network.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays, Block, Flows, Openings
from supplychain.model.turns import Turns

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Records = npt.NDArray[np.void]

_REAL = frozenset(
    {"base", "whole", "level", "ratio", "before", "size", "ahead", "counted", "need", "cost",
     "most", "start", "quantity", "weight", "factor", "share"}
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
            (`supplychain.model.turns`).
        opening, technology, use: as in `Arrays`; a technology has its uses.
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


class _Lists:
    """Lists put one after another into one array of items."""

    def __init__(self) -> None:
        self.parts: list[Index] = [np.zeros(0, dtype=np.int64)]
        self.size = 0

    def add(self, name: str, lists: Iterable[Sequence[int] | Index]) -> dict[str, Index]:
        """Append lists; returns the fields that say where each begins and ends."""
        first, last = [], []
        for members in lists:
            self.parts.append(np.asarray(members, dtype=np.int64))
            first.append(self.size)
            self.size += len(members)
            last.append(self.size)
        return {f"{name}_first": np.array(first), f"{name}_last": np.array(last)}


def plan_of(arrays: Arrays) -> Plan:
    """The links of a compiled network."""
    lists = _Lists()
    users = [
        np.union1d(arrays.flows.slot[b.flows], arrays.openings.slot[b.openings])
        for b in arrays.blocks
    ]
    served = [np.concatenate([s.slots, *(q for q, _ in s.shared)]) for s in arrays.sources]
    serves = _serves(arrays, users, served)
    # A slot without a supplier may share a source with these.
    watched = [
        np.unique(np.concatenate([used, *(served[i] for i in near)]))
        for used, near in zip(users, serves, strict=True)
    ]
    turns = [Turns.of(arrays, b) for b in arrays.blocks]
    drop, dropped = _drops(arrays, lists)
    market, buyer, traded = _markets(arrays, lists)
    source, turn = _sources(arrays)
    technology, use, calls = _technologies(arrays)
    tables = {
        "block": _records(
            len(arrays.blocks),
            **_ends(arrays.blocks),
            **dropped,
            **traded,
            **lists.add("user", watched),
            **lists.add("source", serves),
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
            **lists.add("slot", [slots for _, slots in turn]),
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


def _by(group: Index, groups: int) -> list[Index]:
    """Members of each group, in order.

    >>> [m.tolist() for m in _by(np.array([1, 0, 1]), 3)]
    [[1], [0, 2], []]
    """
    order = np.argsort(group, kind="stable")
    ends = np.cumsum(np.bincount(group, minlength=groups))
    return [np.asarray(part) for part in np.split(order, ends[:-1])] if groups else []


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
        **lists.add("slot", _by(arrays.slots.node, count)),
        **lists.add("technology", _by(arrays.technologies.node, count)),
        **lists.add("project", _by(arrays.projects.node, count)),
    )


def _slots(arrays: Arrays, calls: Sequence[Index], lists: _Lists) -> Records:
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
    """Flows and their turns."""
    flows, count = arrays.flows, arrays.flows.slot.size
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
    )


def _technologies(arrays: Arrays) -> tuple[Records, Records, list[Index]]:
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
    calls = [np.flatnonzero(tech.use_slot[order] == q) for q in range(arrays.slots.need.size)]
    return made, use, calls


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


def _drops(arrays: Arrays, lists: _Lists) -> tuple[Records, dict[str, list[int]]]:
    """Deliveries: the flows of a block that reach one slot after one lag, in their order."""
    flows = arrays.flows
    keys: list[tuple[int, int]] = []
    members: list[list[int]] = []
    ends = [0]
    for block in arrays.blocks:
        found = _grouped(flows, block.flows, 0, flows.lag)
        for (lag,), by_slot in sorted(found.items()):
            for slot in sorted(by_slot):
                keys.append((lag, slot))
                members.append(by_slot[slot])
        ends.append(len(keys))
    table = np.array(keys, dtype=np.int64).reshape(-1, 2)
    drop = _records(len(keys), lag=table[:, 0], slot=table[:, 1], **lists.add("flow", members))
    return drop, {"drop_first": ends[:-1], "drop_last": ends[1:]}


def _grouped(
    links: Flows | Openings, place: slice, offset: int, *turn: Index
) -> dict[tuple[int, ...], dict[int, list[int]]]:
    """Numbers of some links by turn and slot, in their order."""
    found: dict[tuple[int, ...], dict[int, list[int]]] = {}
    for e in range(place.start, place.stop):
        key = tuple(int(column[e]) for column in turn)
        found.setdefault(key, {}).setdefault(int(links.slot[e]), []).append(offset + e)
    return found


def _markets(arrays: Arrays, lists: _Lists) -> tuple[Records, Records, dict[str, list[int]]]:
    """Spot markets of each block: deals by lag and rank, then by user, flows before openings."""
    flows, openings = arrays.flows, arrays.openings
    lags: list[int] = []
    slots: list[int] = []
    deals: list[list[int]] = []
    ends, of_market = [0], [0]
    for block in arrays.blocks:
        known = _grouped(flows, block.flows, 0, flows.lag, flows.rank)
        new = _grouped(openings, block.openings, flows.slot.size, openings.lag, openings.rank)
        for turn in sorted(known.keys() | new.keys()):
            old, more = known.get(turn, {}), new.get(turn, {})
            lags.append(turn[0])
            for slot in sorted(old.keys() | more.keys()):
                slots.append(slot)
                deals.append(old.get(slot, []) + more.get(slot, []))
            of_market.append(len(slots))
        ends.append(len(lags))
    market = _records(len(lags), lag=lags, buyer_first=of_market[:-1], buyer_last=of_market[1:])
    buyer = _records(len(slots), slot=slots, **lists.add("deal", deals))
    return market, buyer, {"market_first": ends[:-1], "market_last": ends[1:]}


def _serves(arrays: Arrays, users: Sequence[Index], served: Sequence[Index]) -> list[list[int]]:
    """Sources of each block: those that serve any of its users."""
    uses = np.zeros((len(users), arrays.slots.node.size), dtype=bool)
    for b, used in enumerate(users):
        uses[b, used] = True
    serves: list[list[int]] = [[] for _ in users]
    for i, slots in enumerate(served):
        for b in np.flatnonzero(uses[:, slots].any(axis=1)).tolist():
            serves[b].append(i)
    return serves


def _sources(arrays: Arrays) -> tuple[Records, list[tuple[float, Index]]]:
    """Sources, and the turns of all of them (share and slots)."""
    turns: list[tuple[float, Index]] = []
    ends = [0]
    for held in arrays.sources:
        turns += [(1.0, held.slots), *((share, slots) for slots, share in held.shared)]
        ends.append(len(turns))
    source = _records(
        len(arrays.sources),
        recovers=[s.recovers for s in arrays.sources],
        turn_first=ends[:-1],
        turn_last=ends[1:],
    )
    return source, turns
