"""The dependency tree of a loss: the sector, who misses what, and where supply is withheld."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from supplychain.explained import Branch, Explanation
from supplychain.figures import alluvial
from supplychain.figures.alluvial import Block, Link
from supplychain.figures.canvas import (
    BLUE,
    INK,
    MARGIN,
    RED,
    SMALL,
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
from supplychain.figures.words import money, per_cent, scenario_words, source_line, spoken
from supplychain.result import Result

_FREE, _PLACE = "#cfd8dc", "#78909c"
_SMALLER = "smaller branches"
_BLOCK = 0.14
_LABEL = 1.75
_STEP = 2.55
_LEAST_BODY = 2.4
_SPARE = 1.3
_LEAST = 0.008


@dataclass(frozen=True)
class _Spot:
    """A block to be: its column and name, its label and colour."""

    column: int
    name: str
    label: str
    colour: str


@styled
def explain_tree(result: Result, country: str, sector: str, case: str = "adaptive") -> Drawing:
    """The tree of a loss from left to right; widths are dollars, the same plant is one block.

    Branches below a hundredth of the loss stand together.

    Raises:
        UnknownNameError: the result does not count that sector.
        ValueError: the sector loses nothing in that case.
    """
    found = result.explain(country, sector, case)
    if not found.contributions:
        raise ValueError(f"{country} {sector} loses nothing in the {case} case: nothing to draw")
    spots, links = _laid(found)
    columns = max(column for column, _ in spots) + 1
    labels = {at: wrap(spot.label, _LABEL, SMALL) for at, spot in spots.items()}
    lines = max(label.count("\n") + 1 for label in labels.values())
    room = line_height(SMALL, lines) + 0.06
    most = max(sum(1 for column, _ in spots if column == c) for c in range(columns))
    high = max(_LEAST_BODY, most * (room + 0.02) + _SPARE)
    last = max(width_of(x) for at, s in labels.items() if at[0] == columns - 1
               for x in s.split("\n"))  # fmt: skip
    width = max(7.0, 2 * MARGIN + _STEP * (columns - 1) + _BLOCK + last + 0.5)
    signs = _signs(found)
    start = key(None, signs, width - 2 * MARGIN) + 0.12
    sheet = page(_words(result, found), width, start + high)
    key(sheet, signs, width - 2 * MARGIN)
    axes = sheet.sheet(MARGIN, start, width - 2 * MARGIN, high)
    _draw(axes, spots, links, labels, high=high, room=room)
    return Drawing(sheet.figure, _rows(found), f"explain_tree-{found.country}-{found.sector}")


def _laid(found: Explanation) -> tuple[dict[tuple[int, str], _Spot], list[Link]]:
    """Blocks by column and name, and the bands between them; the same place is one block."""
    spots: dict[tuple[int, str], _Spot] = {}
    size: dict[tuple[int, str, str, bool], float] = defaultdict(float)

    def put(column: int, branch: Branch | None) -> str:
        """A block's name, which it gets when it is first met."""
        small = branch is None or branch.kind == "smaller" or branch.share < _LEAST
        if branch is None or small:
            spot = _Spot(column, _SMALLER, _SMALLER, _FREE)
        else:
            colour = {"sector": BLUE, "segment": BLUE, "cause": RED}.get(branch.kind, _PLACE)
            is_end = branch.kind == "cause"
            name = branch.label if is_end else branch.id
            spot = _Spot(column, name, _said(branch), colour)
        spots.setdefault((column, spot.name), spot)
        return spot.name

    def hang(column: int, above: str, branch: Branch) -> None:
        """A branch's parts, inputs being passed over: suppliers say what they make."""
        for part in branch.branches:
            if part.kind == "input":
                hang(column, above, part)
                continue
            name = put(column + 1, part)
            size[column, above, name, part.kind == "cause"] += part.share
            if name != _SMALLER:
                hang(column + 1, name, part)

    root = found.tree
    if len(root.branches) == 1 and root.branches[0].kind == "segment":
        root = root.branches[0]
    hang(0, put(0, root), root)
    links = [Link(c, a, b, share, is_end) for (c, a, b, is_end), share in size.items()]
    return spots, links


def _said(branch: Branch) -> str:
    """The label of a block, without its share."""
    if branch.kind == "cause":
        return spoken(branch.label)
    country, _, name = branch.id.partition(":")
    return f"{country} {spoken(name)}"


def _draw(
    axes: Axes,
    spots: Mapping[tuple[int, str], _Spot],
    links: Sequence[Link],
    labels: Mapping[tuple[int, str], str],
    *,
    high: float,
    room: float,
) -> None:
    """Blocks, bands and labels."""
    sizes = _sizes(spots, links)
    placed = alluvial.place(sizes, high, room)
    xs = [k * _STEP for k in range(len(placed))]
    if links:
        alluvial.paint(axes, alluvial.ribbons(links, placed, xs, _BLOCK), _FREE, RED)
    for column, (x, found) in enumerate(zip(xs, placed, strict=True)):
        colours = {name: spots[column, name].colour for name in found}
        alluvial.blocks(axes, found, x, _BLOCK, colours)
        for name, block in found.items():
            share = per_cent(sizes[column][name])
            _label(axes, x + _BLOCK + 0.06, block, f"{labels[column, name]} {share} %")


def _sizes(
    spots: Mapping[tuple[int, str], _Spot], links: Sequence[Link]
) -> list[Mapping[str, float]]:
    """Share of every block, by column; large ones first, small branches last."""
    into: dict[tuple[int, str], float] = defaultdict(float)
    for link in links:
        into[link.column + 1, link.right] += link.share
    count = max(column for column, _ in spots) + 1
    found: list[Mapping[str, float]] = []
    for column in range(count):
        mine = {n: into.get((c, n), 1.0) for c, n in spots if c == column}
        ranked = sorted(mine.items(), key=lambda item: (item[0] == _SMALLER, -item[1], item[0]))
        found.append(dict(ranked))
    return found


def _label(axes: Axes, x: float, block: Block, text: str) -> None:
    """A label beside its block, on a pale ground."""
    look = {"boxstyle": "round,pad=0.12", "facecolor": "white", "alpha": 0.82, "linewidth": 0}
    axes.text(
        x, block.middle, plain(text), fontsize=SMALL, color=INK, va="center", ha="left", zorder=4,
        linespacing=1.15, bbox=look, gid="block label",
    )  # fmt: skip


def _rows(found: Explanation) -> tuple[Row, ...]:
    """Every branch with the one it hangs on."""
    rows: list[Row] = []

    def tell(branch: Branch, above: str, depth: int) -> None:
        """One branch, then its parts."""
        rows.append(
            {
                "depth": depth,
                "hangs_on": above,
                "kind": branch.kind,
                "id": branch.id,
                "label": branch.label,
                "share": branch.share,
                "usd": branch.usd,
            }
        )
        for part in branch.branches:
            tell(part, branch.id, depth + 1)

    tell(found.tree, "", 0)
    return tuple(rows)


def _signs(found: Explanation) -> list[Sign]:
    """The key."""
    return [
        Sign("bar", BLUE, f"{found.country} {spoken(found.sector)}"),
        Sign("bar", _PLACE, "suppliers that were short of an input themselves"),
        Sign("hatch", RED, "where the loss ends: goods that are withheld, or another cause"),
        Sign("none", INK, "shares are of the sector's loss"),
    ]


def _words(result: Result, found: Explanation) -> Words:
    """What stands around the picture."""
    case = "without adaptation" if found.case == "frozen" else "central case, with adaptation"
    loss = f"{per_cent(found.loss_share)} % of exports, {money(found.loss_usd)}"
    return Words(
        f"Through whom does the loss reach {found.country} {spoken(found.sector)}?",
        f"{scenario_words(result, hardest=True)}; {case}",
        f"Read from left to right: the sector ({loss}), the plants whose goods it misses, those "
        "whose goods they miss, and so on to where supply is withheld. Widths are dollars of lost "
        "exports; a cause stands once for every number of stages. Branches below "
        f"{per_cent(_LEAST)} % of the loss stand together.",
        source_line(result),
    )
