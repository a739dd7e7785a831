"""Compile a network and a resolved scenario into flat arrays: the last place that knows names.

Only what the restriction can reach, and what could come to the help of those it reaches, is
compiled.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from supplychain import adaptation
from supplychain.coverage import Measure, Resolved
from supplychain.draws import Draws
from supplychain.lanes import LaneBuilder
from supplychain.model.arrays import Arrays, Block
from supplychain.network.values import Commodity, Network
from supplychain.regimes import Ceilings, Coalitions


@dataclass(frozen=True)
class Compiled:
    """Arrays and the names behind their indices.

    Attributes:
        arrays: what the model runs on.
        nodes, slots, flows: positions in the network of the compiled rows, in array order.
        openings: (supplier, slot) network positions of what may be sent beside the flows.
    """

    arrays: Arrays
    nodes: tuple[int, ...]
    slots: tuple[int, ...]
    flows: tuple[int, ...]
    openings: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Reach:
    """The commodities that matter: `hit` directly, `downstream` of it, and all that is `active`."""

    hit: frozenset[Commodity]
    downstream: frozenset[Commodity]
    active: tuple[Commodity, ...]


def reach(network: Network, measures: Iterable[Measure]) -> Reach:
    """What a restriction can reach, and the inputs of the mines, smelters and plants it reaches."""
    inputs: dict[Commodity, set[Commodity]] = {c: set() for c in network.order}
    beside: dict[Commodity, set[Commodity]] = {c: set() for c in network.order}
    for slot in network.slots:
        node = network.nodes[slot.node]
        if node.kind != "other":
            (inputs if slot.is_main else beside)[node.commodity].add(slot.commodity)
    for by_product, (host, _) in network.hosts.items():
        inputs[network.nodes[by_product].commodity].add(network.nodes[host].commodity)
    products = {p for m in measures for p in m.products}
    hit = frozenset(c for c in network.order if c[0] in products)
    downstream = _closure(hit, lambda c: {d for d, used in inputs.items() if c in used})
    makers = {c for c in downstream if not c[1]}
    makers |= {c for user in downstream for c in beside[user]}
    needed = _closure(makers, lambda c: inputs[c])
    active = downstream | needed
    return Reach(hit, downstream, tuple(c for c in network.order if c in active))


def _closure(
    start: Iterable[Commodity], step: Callable[[Commodity], set[Commodity]]
) -> frozenset[Commodity]:
    """Everything reachable by repeating a step."""
    seen, todo = set(start), list(start)
    while todo:
        for found in step(todo.pop()) - seen:
            seen.add(found)
            todo.append(found)
    return frozenset(seen)


@dataclass(frozen=True)
class _Chosen:
    """Network positions of the nodes, slots and flows that are compiled, in array order."""

    nodes: Sequence[int]
    slots: Sequence[int]
    flows: Sequence[int]


def compile_arrays(
    network: Network, resolved: Resolved, draws: Draws, coalitions: Coalitions | None = None
) -> Compiled:
    """All arrays of one run, one lane per draw; in coalitions, some of the measures in each."""
    reached = reach(network, resolved.measures)
    chosen = _choose(network, reached)
    openings = _openings(network, reached, chosen)
    node_at = {old: new for new, old in enumerate(chosen.nodes)}
    slot_at = {old: new for new, old in enumerate(chosen.slots)}
    flows = [(f.supplier, f.slot) for f in (network.flows[e] for e in chosen.flows)]
    flow_at = {pair: k for k, pair in enumerate(flows)}
    bins = int(network.parameters.value("cover_bins"))
    ceilings = Ceilings(network, resolved, draws, bins, flows + openings, coalitions)
    builder = LaneBuilder(network, resolved, draws, reached.downstream, ceilings)
    arrays = Arrays(
        months=resolved.months,
        bins=bins,
        lanes=draws.lanes,
        blocks=_blocks(network, reached, chosen, openings),
        nodes=builder.nodes(chosen.nodes, node_at),
        slots=builder.slots(chosen.slots, node_at),
        flows=builder.flows(chosen.flows, node_at, slot_at),
        openings=builder.openings(openings, node_at, slot_at, flow_at),
        regimes=ceilings.regimes(),
        technologies=adaptation.technologies(builder, node_at, slot_at),
        projects=adaptation.projects(builder, node_at),
        sources=adaptation.sources(builder, chosen.slots),
        limits=builder.limits(),
    )
    return Compiled(
        arrays, tuple(chosen.nodes), tuple(chosen.slots), tuple(chosen.flows), tuple(openings)
    )


def _choose(network: Network, reached: Reach) -> _Chosen:
    """What is compiled, upstream first; other uses compete only where something can run short."""
    active = set(reached.active)
    rank = {c: i for i, c in enumerate(reached.active)}
    others = len(rank)
    nodes = sorted(
        (
            i
            for i, n in enumerate(network.nodes)
            if n.commodity in (reached.downstream if n.kind == "other" else active)
        ),
        key=lambda i: (
            others if network.nodes[i].kind == "other" else rank[network.nodes[i].commodity],
            i,
        ),
    )
    node_at = {old: new for new, old in enumerate(nodes)}
    slots = sorted(
        (
            q
            for q, s in enumerate(network.slots)
            # What is not bought yet and cannot run short limits nobody: it has no row.
            if s.node in node_at and (s.commodity in active or not _is_later(network, q))
        ),
        key=lambda q: node_at[network.slots[q].node],
    )
    slot_at = {old: new for new, old in enumerate(slots)}
    flows = sorted(
        (e for e, f in enumerate(network.flows) if f.slot in slot_at and f.supplier in node_at),
        key=lambda e: (
            rank[network.nodes[network.flows[e].supplier].commodity],
            slot_at[network.flows[e].slot],
        ),
    )
    return _Chosen(nodes, slots, flows)


def _openings(network: Network, reached: Reach, chosen: _Chosen) -> list[tuple[int, int]]:
    """Pairs of a producer with spare capacity and a slot, whether it supplies it already or not."""
    used = {network.flows[e].slot for e in chosen.flows}
    used |= {q for q in chosen.slots if _is_later(network, q)}
    growing = {project.node for project in network.projects}
    sellers: dict[Commodity, list[int]] = {}
    for i in chosen.nodes:
        node = network.nodes[i]
        if node.kind == "producer" and (node.capacity_ratio > 1 or i in growing):
            sellers.setdefault(node.commodity, []).append(i)
    pairs = [
        (i, q)
        for q in chosen.slots
        if q in used
        for i in sellers.get(network.slots[q].commodity, ())
    ]
    rank = {c: i for i, c in enumerate(reached.active)}
    order = {q: k for k, q in enumerate(chosen.slots)}
    return sorted(pairs, key=lambda pair: (rank[network.nodes[pair[0]].commodity], order[pair[1]]))


def _is_later(network: Network, slot: int) -> bool:
    """Whether a slot buys nothing in the baseline: of an alternative, or of a plant to be built."""
    found = network.slots[slot]
    return not found.is_main or network.nodes[found.node].planned


def _blocks(
    network: Network, reached: Reach, chosen: _Chosen, openings: Sequence[tuple[int, int]]
) -> tuple[Block, ...]:
    """One block per commodity, and a last one for the uses outside the modelled industries."""
    keys: list[Commodity | str] = [*reached.active, "other"]

    def key(i: int) -> Commodity | str:
        """The block of a node."""
        node = network.nodes[i]
        return "other" if node.kind == "other" else node.commodity

    columns: tuple[list[Commodity | str], ...] = (
        [key(i) for i in chosen.nodes],
        [key(network.slots[q].node) for q in chosen.slots],
        [network.nodes[network.flows[e].supplier].commodity for e in chosen.flows],
        [network.nodes[i].commodity for i, _ in openings],
    )
    blocks = []
    ends = [0, 0, 0, 0]
    for name in keys:
        starts = list(ends)
        for k, column in enumerate(columns):
            while ends[k] < len(column) and column[ends[k]] == name:
                ends[k] += 1
        blocks.append(Block(*(slice(a, b) for a, b in zip(starts, ends, strict=True))))
    return tuple(blocks)
