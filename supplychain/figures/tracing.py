"""Where a country's sectors get one chain of inputs from, traced upstream: shares, stage by stage.

Every stage sums to one: it is what eventually reaches the sectors, mixed pro rata within each node.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from supplychain.coverage import Measure, covers
from supplychain.network.values import Commodity, Network, Node
from supplychain.result import Result

UNKNOWN = "not modelled"
_ELSEWHERE = "industry"


@dataclass(frozen=True)
class Band:
    """A share of a stage that goes from one block to a block of the next stage.

    Attributes:
        stage: index of the stage it leaves.
        supplier, user: names of the blocks.
        share: of everything that reaches the sectors.
        quantity: baseline flow, unit/year; zero where the user has no modelled input.
        restricted: whether a measure covers it.
    """

    stage: int
    supplier: str
    user: str
    share: float
    quantity: float
    restricted: bool


@dataclass(frozen=True)
class Chain:
    """The stages of a chain, upstream first, and the bands between them and to the sectors."""

    commodities: tuple[Commodity, ...]
    bands: tuple[Band, ...]

    def blocks(self, stage: int) -> Mapping[str, float]:
        """Name -> share of the blocks of one stage."""
        found: dict[str, float] = defaultdict(float)
        for band in self.bands:
            if band.stage == stage:
                found[band.supplier] += band.share
            elif band.stage == stage - 1 and stage == len(self.commodities):
                found[band.user] += band.share
        return found


def pick(network: Network, result: Result, country: str) -> tuple[Commodity, ...]:
    """The commodities of the chain that binds the country's worst sector, upstream first."""
    losses = [s for s in result.losses if s.country == country]
    worst = max(losses, key=lambda s: (bool(s.binding), s.usd("adaptive"), s.usd("frozen")))
    restricted = {p for m in result.resolved.measures for p in m.products}
    start = _binding(network, worst.binding) or next(
        (c for c in network.order if c[0] in restricted and not c[1]), None
    )
    if start is None:
        return ()
    sector = worst.sector if worst.share["frozen"] > 0 else ""
    down = _downstream(network, start, country, sector)
    up: list[Commodity] = []
    while (above := main_input(network, (up or [start])[-1], restricted)) and above not in up:
        up.append(above)
    return (*reversed(up), start, *down)


def _binding(network: Network, name: str) -> Commodity | None:
    """The commodity of a binding input such as ``KOR:ndfeb_magnet_hre``."""
    product, _, segment = name.partition(":")[2].partition("/")
    return (product, segment) if (product, segment) in network.order else None


def _inputs(network: Network) -> Mapping[Commodity, Mapping[Commodity, float]]:
    """Commodity -> what its makers use, with the largest need of each."""
    found: dict[Commodity, dict[Commodity, float]] = defaultdict(lambda: defaultdict(float))
    for slot in network.present_slots:
        node = network.nodes[slot.node]
        if node.kind != "other":
            found[node.commodity][slot.commodity] += slot.need
    return found


def main_input(network: Network, commodity: Commodity, restricted: set[str]) -> Commodity | None:
    """The input to follow: a restricted one first, then one of its mineral, then the largest."""
    inputs = _inputs(network).get(commodity, {})
    minerals = {network.products[p]["mineral"] for p in restricted} | {
        m for p in restricted for m in network.products[p]["semi_of"]
    }
    minerals.discard(None)
    minerals.discard("")

    def rank(other: Commodity) -> tuple[bool, bool, float]:
        """What is restricted first, then forms of the minerals in question, then large inputs."""
        return (
            other[0] in restricted,
            network.products[other[0]]["mineral"] in minerals,
            inputs[other],
        )

    return max(inputs, key=rank, default=None)


def _downstream(network: Network, start: Commodity, country: str, sector: str) -> list[Commodity]:
    """Shortest way from a commodity to one that the country's sectors buy, without its start."""
    inputs = _inputs(network)
    bought = {
        slot.commodity
        for slot in network.present_slots
        if network.nodes[slot.node].kind == _ELSEWHERE
        and network.nodes[slot.node].country == country
        and network.nodes[slot.node].product == (sector or network.nodes[slot.node].product)
    }
    paths: list[list[Commodity]] = [[start]]
    seen = {start}
    for path in paths:
        if path[-1] in bought:
            ends = [c for c in path if not c[1]]
            return ends[1:]
        for user, used in inputs.items():
            if path[-1] in used and user not in seen:
                seen.add(user)
                paths.append([*path, user])
    return []


def trace(
    network: Network, result: Result, country: str, commodities: Sequence[Commodity]
) -> Chain:
    """Follow the last commodity from the country's sectors upstream, stage by stage."""

    def name(node: Node) -> str | None:
        """Sectors of the country by name."""
        return _sector_name(node) if node.country == country else None

    return follow(network, result.resolved.measures, commodities, name)


def follow(
    network: Network,
    measures: Sequence[Measure],
    commodities: Sequence[Commodity],
    name: Callable[[Node], str | None],
) -> Chain:
    """Follow the last commodity upstream from those of its users that are given a name."""
    bands: list[Band] = []
    named = {
        q: (said, slot.need)
        for q, slot in enumerate(network.present_slots)
        if commodities
        and slot.commodity == commodities[-1]
        and (said := name(network.nodes[slot.node])) is not None
    }
    total = sum(need for _, need in named.values())
    wanted = {q: (said, need / total if total else 0.0) for q, (said, need) in named.items()}
    for stage in range(len(commodities) - 1, -1, -1):
        reached = _one_stage(network, measures, stage, wanted, bands)
        if stage:
            wanted = _next(network, commodities[stage - 1], stage - 1, reached, bands)
    return Chain(tuple(commodities), tuple(b for b in bands if b.share > 0))


def _sector_name(node: Node) -> str:
    """What a user in the last column is called."""
    return "other uses" if node.kind == "other" else node.product


def _one_stage(
    network: Network,
    measures: Sequence[Measure],
    stage: int,
    wanted: Mapping[int, tuple[str, float]],
    bands: list[Band],
) -> Mapping[int, float]:
    """Bands into the wanted slots; supplier node -> share that passes through it."""
    flows = [f for f in network.flows if f.slot in wanted and f.quantity > 0]
    supply: dict[int, float] = defaultdict(float)
    for flow in flows:
        supply[flow.slot] += flow.quantity
    reached: dict[int, float] = defaultdict(float)
    for flow in flows:
        user, share = wanted[flow.slot]
        part = share * flow.quantity / supply[flow.slot]
        supplier, slot = network.nodes[flow.supplier], network.slots[flow.slot]
        covered = any(covers(network, m, supplier, slot) for m in measures)
        bands.append(Band(stage, supplier.country, user, part, flow.quantity, covered))
        reached[flow.supplier] += part
    return reached


def _next(
    network: Network,
    commodity: Commodity,
    stage: int,
    reached: Mapping[int, float],
    bands: list[Band],
) -> dict[int, tuple[str, float]]:
    """The slots through which the reached nodes get the commodity of the stage above."""
    slots = {s.node: q for q, s in enumerate(network.present_slots) if s.commodity == commodity}
    found = {}
    for node, share in reached.items():
        country = network.nodes[node].country
        if node in slots:
            found[slots[node]] = (country, share)
        else:
            bands.append(Band(stage, UNKNOWN, country, share, 0.0, restricted=False))
    return found


def merged(chain: Chain, stage: int, least: float, kept: Sequence[str]) -> Mapping[str, str]:
    """Block -> name it is drawn under: countries below a share become 'others'."""
    blocks = chain.blocks(stage)
    small = [n for n, share in blocks.items() if share < least and n not in kept and n != UNKNOWN]
    others = dict.fromkeys(small, "others") if len(small) > 1 else {}
    return {name: others.get(name, name) for name in blocks}


def world_share(network: Network, commodity: Commodity, country: str) -> float:
    """Share of a country in the world's output of a commodity."""
    made: dict[str, float] = defaultdict(float)
    for node in (n for n in network.nodes if not n.planned):
        if node.commodity == commodity and node.kind != "other":
            made[node.country] += node.output
    total = sum(made.values())
    return made[country] / total if total else 0.0
