"""Who holds which stage of the chain that binds a country's sectors, and what is restricted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from supplychain.figures import alluvial
from supplychain.figures.alluvial import Block, Link
from supplychain.figures.canvas import (
    BLUE,
    GREY,
    INK,
    MARGIN,
    NORMAL,
    RED,
    SMALL,
    TINY,
    Drawing,
    Row,
    Words,
    line_height,
    page,
    plain,
    styled,
    width_of,
    wrap,
)
from supplychain.figures.key import Sign, key
from supplychain.figures.tracing import Chain, merged, pick, trace, world_share
from supplychain.figures.words import (
    country_names,
    has_point,
    is_hit,
    listed,
    per_cent,
    percents,
    scenario_words,
    source_line,
    spoken,
)
from supplychain.network.values import Network
from supplychain.result import Result
from supplychain.world import World

FREE, ACTOR, PLACE = "#cfd8dc", INK, "#78909c"
LEAST = 0.03
BODY = 4.4
HEAD = 0.75
STEP = 2.35
_BLOCK = 0.14
_ROOM = 0.19


@styled
def chain(world: World, result: Result, country: str) -> Drawing:
    """The chain that binds the country's worst sector, from mine to industry, as bands.

        Every column is all of what reaches the sectors, traced upstream: heights are shares of its
    stage, since the units differ. Restricted flows are red and hatched.

    Raises:
        KeyError: the country is not in focus.
    """
    if country not in result.resolved.focus:
        raise KeyError(
            f"{country} is not in focus; this result holds {', '.join(result.resolved.focus)}"
        )
    network = world.network
    commodities = pick(network, result, country)
    traced = trace(network, result, country, commodities)
    rows = _rows(network, traced)
    links = _links(traced, result, country)
    stages = len(commodities) + 1 if links else 0
    notes = _notes(result, country)
    last = max((width_of(_said(k.right, 0.0111, notes)) for k in links), default=0.0) + 0.3
    width = max(9.0, 2 * MARGIN + STEP * (stages - 1) + last)
    signs = _signs(result, country) if links else []
    start = key(None, signs, width - 2 * MARGIN) + 0.1
    body = start + (HEAD + BODY if links else 0.1)
    sheet = page(_words(world, result, country, traced), width, body)
    if links:
        key(sheet, signs, width - 2 * MARGIN)
        axes = sheet.sheet(MARGIN, start, width - 2 * MARGIN, HEAD + BODY)
        _heads(axes, network, result, country, commodities, last=_last(network, links))
        draw(axes, links, colours=_colours(result, country), notes=notes)
    return Drawing(sheet.figure, rows, "chain")


def _rows(network: Network, traced: Chain) -> tuple[Row, ...]:
    """One row per supplier and user of a stage, before small countries are merged."""
    rows: list[Row] = []
    for band in sorted(traced.bands, key=lambda b: (b.stage, -b.share, b.supplier, b.user)):
        product, _ = traced.commodities[band.stage]
        info = network.products[product]
        rows.append(
            {
                "stage": str(info["stage"]),
                "product": product,
                "supplier": band.supplier,
                "user": band.user,
                "share_of_stage": band.share,
                "quantity": band.quantity,
                "unit": str(info["unit"]),
                "restricted": int(band.restricted),
            }
        )
    return tuple(rows)


def _links(traced: Chain, result: Result, country: str) -> list[Link]:
    """Bands to draw, small countries merged."""
    kept = [country, *(m.restriction.actor for m in result.resolved.measures)]
    count = len(traced.commodities)
    names = [merged(traced, k, LEAST if k < count else 0.0, kept) for k in range(count + 1)]
    size: dict[tuple[int, str, str, bool], float] = defaultdict(float)
    for band in traced.bands:
        left, right = names[band.stage][band.supplier], names[band.stage + 1][band.user]
        size[band.stage, left, right, band.restricted] += band.share
    return [Link(k, a, b, share, restricted) for (k, a, b, restricted), share in size.items()]


def _colours(result: Result, country: str) -> Mapping[str, str]:
    """Colour of a block by name: who restricts, and the country in focus."""
    found: dict[str, str] = defaultdict(lambda: PLACE)
    found |= {country: BLUE, **{m.restriction.actor: ACTOR for m in result.resolved.measures}}
    return found


def draw(
    axes: Axes,
    links: Sequence[Link],
    *,
    colours: Mapping[str, str],
    notes: Mapping[str, str],
) -> None:
    """Blocks, bands and labels."""
    count = max(link.column for link in links) + 2
    xs = [k * STEP for k in range(count)]
    shares = alluvial.sizes(links, count, [n for n, c in colours.items() if c == ACTOR])
    placed = [
        {name: Block(b.top + HEAD, b.height) for name, b in column.items()}
        for column in alluvial.place(shares, BODY, _ROOM)
    ]
    alluvial.paint(axes, alluvial.ribbons(links, placed, xs, _BLOCK), FREE, RED)
    for column, (x, found) in enumerate(zip(xs, placed, strict=True)):
        alluvial.blocks(axes, found, x, _BLOCK, {n: colours[n] for n in found})
        for name, block in found.items():
            said = _said(name, shares[column][name], notes if column == count - 1 else {})
            look = {
                "boxstyle": "round,pad=0.12",
                "facecolor": "white",
                "alpha": 0.82,
                "linewidth": 0,
            }
            axes.text(
                x + _BLOCK + 0.06,
                block.middle,
                plain(said),
                fontsize=SMALL,
                color=INK,
                va="center",
                ha="left",
                zorder=4,
                bbox=look,
                gid="block label",
            )


def _last(network: Network, links: Sequence[Link]) -> str:
    """What the last column holds: industries, or also plants of further components."""
    users = {k.right for k in links if k.column == max(link.column for link in links)}
    stages = {str(network.products[u]["stage"]) for u in users if u in network.products}
    return "industry" if stages <= {"industry"} else "users"


def _said(name: str, share: float, notes: Mapping[str, str]) -> str:
    """The label of a block."""
    return f"{spoken(name)} {per_cent(share)} %{notes.get(name, '')}"


def _heads(
    axes: Axes,
    network: Network,
    result: Result,
    country: str,
    commodities: Sequence[tuple[str, str]],
    *,
    last: str,
) -> None:
    """What each column is, and how much of the world's output the restricting countries hold."""
    actors = list(dict.fromkeys(m.restriction.actor for m in result.resolved.measures))
    for column, commodity in enumerate(commodities):
        info = network.products[commodity[0]]
        world = ", ".join(f"{a} {per_cent(world_share(network, commodity, a))} %" for a in actors)
        named = wrap(str(info["name"]), STEP - 0.15, SMALL)
        head(
            axes,
            column * STEP,
            str(info["stage"]),
            named,
            f"world output: {world}" if world else "",
        )
    head(axes, len(commodities) * STEP, last, f"uses in {country}", "")


def head(axes: Axes, x: float, stage: str, name: str, note: str) -> None:
    """Stage, product and a note, one below the other."""
    axes.text(x, 0, stage, fontsize=NORMAL, fontweight="bold", color=INK, va="top", ha="left")
    axes.text(x, 0.18, plain(name), fontsize=SMALL, color=INK, va="top", ha="left", linespacing=1.2)
    below = 0.18 + line_height(SMALL, name.count("\n") + 1) + 0.02
    axes.text(x, below, plain(note), fontsize=TINY, color=GREY, va="top", ha="left")


def _notes(result: Result, country: str) -> Mapping[str, str]:
    """Sector -> how much of its exports is lost."""
    found = {}
    for loss in result.losses:
        if loss.country == country and is_hit(loss):
            middle = loss.share["adaptive"]
            said = f"{per_cent(middle)} %" if has_point(loss, result) else percents(*loss.band)
            found[loss.sector] = f"; loses {said}"
    return found


def _signs(result: Result, country: str) -> list[Sign]:
    """The key."""
    actors = listed(list(dict.fromkeys(m.restriction.actor for m in result.resolved.measures)))
    return [
        Sign("hatch", RED, "restricted flow"),
        Sign("bar", FREE, "free flow (domestic supply is never restricted)"),
        Sign("bar", ACTOR, f"{actors} (restricts)"),
        Sign("bar", BLUE, country),
        Sign("bar", PLACE, "all others"),
    ]


def _words(world: World, result: Result, country: str, traced: Chain) -> Words:
    """Title, scenario, caption and sources."""
    name = country_names(world.tables).get(country, country)
    bound = any(s.binding for s in result.losses if s.country == country)
    title = f"Who holds which stage of the chain that {'binds' if bound else 'reaches'} {name}?"
    if traced.bands:
        last = world.network.products[traced.commodities[-1][0]]["name"]
        direct = {b.user for b in traced.bands}
        through = [
            spoken(s.sector)
            for s in result.losses
            if s.country == country and is_hit(s) and s.sector not in direct
        ]
        also = f" Hit through other chains: {listed(through)}." if through else ""
        caption = (
            f"Read from right to left: where the {last} used in {name} comes from, then the inputs "
            "of those who make it, traced pro rata in baseline quantities. Heights are shares of "
            "each stage, because units differ between stages; small countries are 'others'. The "
            "share of the world's output stands above each column. Losses are shares of a "
            f"sector's exports.{also}{'' if bound else ' Nothing binds in the adaptive case.'}"
        )
    else:
        caption = f"No chain of a restricted product reaches {name}: nothing is drawn."
    return Words(title, scenario_words(result, hardest=True), caption, source_line(result))
