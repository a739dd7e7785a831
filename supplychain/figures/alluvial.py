"""A staged flow picture: columns of blocks, bands between them; labels never overlap.

Lengths are inches, downwards. Blocks of a column keep their order; the gap between two blocks grows
until their labels have room, so that no label must be moved away from its block.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

LAST = ("others", "other uses", "not modelled")

_GAP = 0.07
_HALVINGS = 40
_RIMMED = 0.02  # a thin band has no rim of its own


@dataclass(frozen=True)
class Block:
    """A placed block: top and height."""

    top: float
    height: float

    @property
    def middle(self) -> float:
        """Where its label stands."""
        return self.top + self.height / 2


@dataclass(frozen=True)
class Link:
    """A band to draw: from a block of a column to a block of the next one, share of the whole."""

    column: int
    left: str
    right: str
    share: float
    restricted: bool


def place(
    columns: Sequence[Mapping[str, float]], height: float, label: float
) -> Sequence[Mapping[str, Block]]:
    """Blocks of every column at one scale, as large as the tallest column allows.

    >>> [one] = place([{"a": 0.5, "b": 0.5}], 2.07, 0.2)
    >>> round(one["b"].top, 2), round(one["b"].height, 2)
    (1.07, 1.0)
    """
    low, high = 0.0, height
    for _ in range(_HALVINGS):
        scale = (low + high) / 2
        fits = all(_stack(c, scale, label, 0.0)[1] <= height for c in columns)
        low, high = (scale, high) if fits else (low, scale)
    found = []
    for column in columns:
        _, used = _stack(column, low, label, 0.0)
        found.append(_stack(column, low, label, (height - used) / 2)[0])
    return found


def _stack(
    column: Mapping[str, float], scale: float, label: float, top: float
) -> tuple[dict[str, Block], float]:
    """Blocks one below the other from a top, and the height they use with their labels."""
    blocks: dict[str, Block] = {}
    last: Block | None = None
    for name, share in column.items():
        high = share * scale
        start = top + max(0.0, (label - high) / 2)
        if last is not None:
            start = max(last.top + last.height + _GAP, last.middle + label - high / 2)
        last = blocks[name] = Block(start, high)
    end = max(last.top + last.height, last.middle + label / 2) - top if last else 0.0
    return blocks, end


def sizes(links: Sequence[Link], count: int, first: Sequence[str]) -> list[Mapping[str, float]]:
    """Name -> share of every column: some names first, then the largest, 'others' last."""
    found: list[dict[str, float]] = [defaultdict(float) for _ in range(count)]
    for link in links:
        found[link.column][link.left] += link.share
        if link.column == count - 2:
            found[-1][link.right] += link.share
    rank = {name: (-1, place) for place, name in enumerate(first)} | dict.fromkeys(LAST, (1, 0))
    return [
        dict(sorted(size.items(), key=lambda item: (*rank.get(item[0], (0, 0)), -item[1], item[0])))
        for size in found
    ]


def ribbons(
    links: Sequence[Link], columns: Sequence[Mapping[str, Block]], xs: Sequence[float], wide: float
) -> list[tuple[Link, Path]]:
    """The outline of every band, packed within its blocks in the order of the blocks it meets."""
    total = sum(link.share for link in links if link.column == len(columns) - 2)
    scale = sum(block.height for block in columns[-1].values()) / total
    leave: dict[tuple[int, str], float] = defaultdict(float)
    enter: dict[tuple[int, str], float] = defaultdict(float)
    found = []

    def key(link: Link) -> tuple[int, float, float, bool]:
        """From left to right, then from top to bottom at both ends."""
        left, right = columns[link.column][link.left], columns[link.column + 1][link.right]
        return (link.column, left.top, right.top, not link.restricted)

    lefts: dict[Link, float] = {}
    for link in sorted(links, key=key):
        here = (link.column, link.left)
        lefts[link] = columns[link.column][link.left].top + leave[here]
        leave[here] += link.share * scale
    for link in sorted(
        links, key=lambda k: (k.column, columns[k.column + 1][k.right].top, *key(k)[1:])
    ):
        there = (link.column + 1, link.right)
        right = columns[link.column + 1][link.right].top + enter[there]
        enter[there] += link.share * scale
        ends = (xs[link.column] + wide, xs[link.column + 1])
        found.append((link, _ribbon(ends, lefts[link], right, link.share * scale)))
    return found


def _ribbon(ends: tuple[float, float], left: float, right: float, thick: float) -> Path:
    """An S-shaped band between two heights."""
    start, end = ends
    half = (start + end) / 2
    points = [
        (start, left),
        (half, left),
        (half, right),
        (end, right),
        (end, right + thick),
        (half, right + thick),
        (half, left + thick),
        (start, left + thick),
        (start, left),
    ]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    return Path(points, codes)


def paint(axes: Axes, bands: Sequence[tuple[Link, Path]], free: str, restricted: str) -> None:
    """Free bands in one colour, restricted ones in another and hatched."""
    for link, path in bands:
        rim = 0.5 if link.share >= _RIMMED else 0.0
        colour, hatch, level = (restricted, "////", 2) if link.restricted else (free, None, 1)
        patch = PathPatch(path, facecolor=colour, edgecolor="white", linewidth=rim, alpha=0.8)
        if hatch:
            patch.set_hatch(hatch)
        patch.set_zorder(level)
        axes.add_patch(patch)


def blocks(
    axes: Axes, column: Mapping[str, Block], x: float, wide: float, colours: Mapping[str, str]
) -> None:
    """The blocks of one column."""
    for name, block in column.items():
        axes.add_patch(
            Rectangle(
                (x, block.top),
                wide,
                block.height,
                facecolor=colours[name],
                edgecolor="white",
                linewidth=0.3,
                zorder=3,
            )
        )
