"""Who ships a mineral to whom, all over the world and stage by stage, and which part a ban stops.

The pack has no coordinates and no outlines of countries, so this is a staged flow and no map.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from supplychain.chokepoints.candidates import Ban, Candidate
from supplychain.chokepoints.field import Field
from supplychain.coverage import Measure
from supplychain.figures.alluvial import Link
from supplychain.figures.canvas import (
    MARGIN,
    RED,
    SMALL,
    Drawing,
    Row,
    Words,
    page,
    styled,
    width_of,
    wrap,
)
from supplychain.figures.chain import ACTOR, BODY, FREE, HEAD, PLACE, STEP, draw, head
from supplychain.figures.key import Sign, key
from supplychain.figures.removals import names, pack_line, removal_words
from supplychain.figures.tracing import Chain, follow, main_input, merged, world_share
from supplychain.figures.words import per_cent
from supplychain.network.values import Commodity, Network, Node
from supplychain.pedigree import pack
from supplychain.vocabulary import EVERYONE
from supplychain.world import World

_LEAST = 0.025
_MOST_STAGES = 5
_PART = 0.1  # of a commodity: a product that takes less is no main user


@styled
def flow_map(world: World, removal: Candidate) -> Drawing:
    """All users of a chain's last product, traced upstream to the mines, by country.

    Heights are shares of a stage; what the removal's ban stops is red and hatched.

    Args:
        world: the network; removal: a ban, of kind restriction, mineral or flow.

    Raises:
        ValueError: the removal is no single ban.
    """
    if len(removal.bans) != 1:
        raise ValueError(f"{removal.id} is no single ban")
    [ban] = removal.bans
    network = world.network
    measure = _measure(network, ban)
    commodities = world_chain(network, measure)
    traced = follow(network, (measure,), commodities, _user)
    called = names(world)
    links = _links(traced, ban.actor)
    signs = _signs(ban, called) if links else []
    last = max((width_of(f"{k.right} 99 %") for k in links), default=0.0) + 0.4
    width = max(8.5, 2 * MARGIN + STEP * len(commodities) + last)
    start = key(None, signs, width - 2 * MARGIN) + 0.1
    sheet = page(_words(world, removal, traced), width, start + (HEAD + BODY if links else 0.1))
    if links:
        key(sheet, signs, width - 2 * MARGIN)
        axes = sheet.sheet(MARGIN, start, width - 2 * MARGIN, HEAD + BODY)
        for column, commodity in enumerate(commodities):
            info = network.products[commodity[0]]
            share = per_cent(world_share(network, commodity, ban.actor))
            named = wrap(str(info["name"]), STEP - 0.15, SMALL)
            head(
                axes, column * STEP, str(info["stage"]), named, f"{ban.actor}: {share} % of output"
            )
        head(axes, len(commodities) * STEP, "users", "by country", "")
        colours: dict[str, str] = defaultdict(lambda: PLACE)
        draw(axes, links, colours=colours | {ban.actor: ACTOR}, notes={})
    return Drawing(sheet.figure, _rows(network, traced), "flow_map")


def _measure(network: Network, ban: Ban) -> Measure:
    """The ban as a measure; whose exports are counted plays no part in it."""
    anyone = next(n.country for n in network.nodes if n.kind == "industry")
    return Field.of(network, [anyone]).measure(ban)


def _user(node: Node) -> str:
    """Every user goes by its country."""
    return node.country


def world_chain(network: Network, measure: Measure) -> tuple[Commodity, ...]:
    """A chain through what a measure stops, upstream first: the main user at every step."""
    held = set(measure.products)
    start = next((c for c in network.order if c[0] in held and _users(network, c)), None)
    if start is None:
        return ()
    down = [start]
    while (more := _next_user(network, down[-1])) is not None and more not in down:
        down.append(more)
    up: list[Commodity] = []
    while (above := main_input(network, (up or [start])[-1], held)) and above not in up:
        up.append(above)
    return tuple([*reversed(up), *down][:_MOST_STAGES])


def _users(network: Network, commodity: Commodity) -> Mapping[Commodity, float]:
    """What is made from a commodity -> how much of it that takes; uses outside not counted."""
    found: dict[Commodity, float] = defaultdict(float)
    for slot in network.present_slots:
        if slot.commodity == commodity and network.nodes[slot.node].kind != "other":
            found[network.nodes[slot.node].commodity] += slot.need
    return found


def _next_user(network: Network, commodity: Commodity) -> Commodity | None:
    """The most valuable product that takes a good part of a commodity, unless industries do."""
    users = _users(network, commodity)
    total = sum(users.values())
    made = {c: v for c, v in users.items() if network.products[c[0]]["stage"] != "industry"}
    if 2 * sum(made.values()) < total:
        return None
    worth = {
        c: _worth(network, c) for c, v in made.items() if v >= _PART * total and _users(network, c)
    }
    return max(worth, key=lambda c: (worth[c], c), default=None)


def _worth(network: Network, commodity: Commodity) -> float:
    """World output of a product at its price, USD a year."""
    price = float(network.products[commodity[0]]["price_usd_per_unit"] or 0.0)
    made = (n.output for n in network.nodes if n.commodity == commodity and not n.planned)
    return sum(made) * price


def _links(traced: Chain, actor: str) -> list[Link]:
    """Bands to draw, small countries merged."""
    count = len(traced.commodities)
    labels = [merged(traced, k, _LEAST, [actor]) for k in range(count + 1)]
    size: dict[tuple[int, str, str, bool], float] = defaultdict(float)
    for band in traced.bands:
        left, right = labels[band.stage][band.supplier], labels[band.stage + 1][band.user]
        size[band.stage, left, right, band.restricted] += band.share
    return [Link(k, a, b, share, restricted) for (k, a, b, restricted), share in size.items()]


def _rows(network: Network, traced: Chain) -> tuple[Row, ...]:
    """One row per supplier and user of a stage, before small countries are merged."""
    return tuple(
        {
            "stage": str(network.products[traced.commodities[band.stage][0]]["stage"]),
            "product": traced.commodities[band.stage][0],
            "supplier": band.supplier,
            "user": band.user,
            "share_of_stage": band.share,
            "restricted": int(band.restricted),
        }
        for band in sorted(traced.bands, key=lambda b: (b.stage, -b.share, b.supplier, b.user))
    )


def _signs(ban: Ban, called: Mapping[str, str]) -> list[Sign]:
    """The key."""
    return [
        Sign("hatch", RED, "stopped by the ban"),
        Sign("bar", FREE, "goes on (home supply is never stopped)"),
        Sign("bar", ACTOR, f"{called.get(ban.actor, ban.actor)} (bans)"),
        Sign("bar", PLACE, "all others"),
    ]


def _words(world: World, removal: Candidate, traced: Chain) -> Words:
    """Title, what is stopped, caption and sources."""
    called = names(world)
    stopped = [
        sum(b.share for b in traced.bands if b.restricted and b.stage == k)
        for k in range(len(traced.commodities))
    ]
    shares: Sequence[str] = [
        f"{per_cent(share)} % of {called.get(product, product)}"
        for (product, _), share in zip(traced.commodities, stopped, strict=True)
        if share > 0
    ]
    to = "" if EVERYONE in removal.bans[0].to else " to one country"
    caption = (
        f"The ban{to} stops {', '.join(shares) or 'none of these flows'}. Read from right to left: "
        "where all users of the last product get it, then the inputs of those who make it, traced "
        "pro rata in baseline quantities. Heights are shares of each stage, since units differ; "
        "small countries are 'others', ROW is the rest of the world. Other products that the ban "
        "stops are not drawn."
        if traced.bands
        else "Nothing that the ban stops is used: nothing is drawn."
    )
    return Words(
        "Who ships to whom, and what would a ban stop?",
        f"Ban by {removal_words(removal, called)}; flows of the whole world before anyone adapts",
        caption,
        pack_line(pack(world.network), "baseline flows at central values"),
    )
