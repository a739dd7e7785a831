"""A page with its words around a body measured in inches; and how it is saved."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, wraps
from pathlib import Path
from typing import Any, ParamSpec

from matplotlib import style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patheffects import withStroke
from matplotlib.text import Text

Row = Mapping[str, str | float | int | None]
P = ParamSpec("P")

FONT = "DejaVu Sans"
INK, GREY, PALE = "#1a1a1a", "#595959", "#d9d9d9"
BLUE, SKY, RED, ORANGE, GREEN = "#0072b2", "#56b4e9", "#d55e00", "#e69f00", "#009e73"
RUNGS = ("#a6cee3", "#4f94c4", "#0b3c6f")  # light to dark: the order survives in grey
TITLE, NORMAL, SMALL, TINY = 13.0, 9.0, 8.0, 7.0
MARGIN = 0.3

_DPI = 150
_POINTS = 72.0
_LEADING = 1.35
_SLACK = 1.01  # letters are wider without hinting, as in the SVG
_STYLE: dict[str, Any] = {
    "font.family": [FONT],
    "font.size": NORMAL,
    "svg.hashsalt": "supplychain",
    "svg.fonttype": "path",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "hatch.linewidth": 0.6,
}


@dataclass(frozen=True)
class Drawing:
    """A figure, the tidy rows it shows, and the name of its files."""

    figure: Figure
    rows: tuple[Row, ...]
    name: str


@dataclass(frozen=True)
class Words:
    """What stands around a picture.

    Attributes:
        title: the question it answers.
        subtitle: the scenario, the unit and the base.
        caption: what the reader sees.
        source: pack, version, fingerprint and publishers.
    """

    title: str
    subtitle: str
    caption: str
    source: str


@dataclass(frozen=True)
class Page:
    """A figure whose body is laid out in inches: from the left edge, and down from its top."""

    figure: Figure
    width: float
    height: float
    top: float

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Axes at a place of the body."""
        below = self.height - self.top - y - height
        box = (x / self.width, below / self.height, width / self.width, height / self.height)
        axes = self.figure.add_axes(box)
        axes.tick_params(labelsize=SMALL, length=2.5, labelcolor=INK)
        return axes

    def sheet(self, x: float, y: float, width: float, height: float) -> Axes:
        """Bare axes whose unit is the inch, y downwards."""
        axes = self.axes(x, y, width, height)
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        return axes

    def say(self, x: float, y: float, text: str, **look: Any) -> Text:  # noqa: ANN401 - as `text`
        """Text at a place of the body."""
        place = (x / self.width, 1 - (self.top + y) / self.height)
        usual: dict[str, Any] = {"fontsize": SMALL, "color": INK, "va": "top", "ha": "left"}
        return self.figure.text(*place, plain(text), **(usual | look))


def styled(draw: Callable[P, Drawing]) -> Callable[P, Drawing]:
    """Draw in the house's own look, whatever the caller's settings, which stay as they are."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Drawing:
        """The same picture, in the house's look."""
        with style.context(["default", _STYLE]):
            return draw(*args, **kwargs)

    return drawn


def plain(text: str) -> str:
    r"""Text in which a dollar sign is a dollar sign.

    >>> plain("5 $")
    '5 \\$'
    """
    return text.replace("$", r"\$")


def halo(colour: str = "white", width: float = 1.9) -> list[withStroke]:
    """A rim that keeps a line or a letter readable on any ground."""
    return [withStroke(linewidth=width, foreground=colour)]


@cache
def _renderer() -> RendererAgg:
    """A renderer that only measures, at the resolution of the PNG."""
    return RendererAgg(1, 1, _DPI)  # type: ignore[no-untyped-call]


def width_of(text: str, size: float = SMALL, weight: str = "normal") -> float:
    """Width of one line of text in inches."""
    font = FontProperties(family=[FONT], size=size, weight=weight)
    measure = _renderer().get_text_width_height_descent
    wide, _, _ = measure(text, font, ismath=False)  # type: ignore[no-untyped-call]
    return float(wide) / _DPI * _SLACK


def line_height(size: float, lines: int = 1) -> float:
    """Height of some lines of text in inches."""
    return lines * size * _LEADING / _POINTS


def wrap(text: str, width: float, size: float = SMALL, weight: str = "normal") -> str:
    """Text broken into lines no wider than so many inches (a single word is never broken)."""
    lines: list[str] = []
    for word in text.replace(" %", "\N{NO-BREAK SPACE}%").split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size, weight) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def page(words: Words, width: float, body: float) -> Page:
    """An empty page with its words, around a body of so many inches."""
    inner = width - 2 * MARGIN
    parts = [
        (words.title, TITLE, "bold", INK),
        (words.subtitle, NORMAL, "normal", GREY),
        (words.caption, NORMAL, "normal", INK),
        (words.source, TINY, "normal", GREY),
    ]
    texts = [wrap(text, inner, size, weight) for text, size, weight, _ in parts]
    high = [
        line_height(size, text.count("\n") + 1) + 0.06
        for text, (_, size, _, _) in zip(texts, parts, strict=True)
    ]
    top = 0.2 + high[0] + high[1] + 0.1
    height = top + body + 0.15 + high[2] + high[3] + 0.12
    figure = Figure(figsize=(width, height), dpi=_DPI, facecolor="white")
    FigureCanvasAgg(figure)
    starts = [0.2, 0.2 + high[0], top + body + 0.15, top + body + 0.15 + high[2]]
    for text, start, (_, size, weight, colour) in zip(texts, starts, parts, strict=True):
        figure.text(
            MARGIN / width,
            1 - start / height,
            plain(text),
            fontsize=size,
            fontweight=weight,
            color=colour,
            va="top",
            ha="left",
            linespacing=1.2,
        )
    figure.set_label(f"{words.title} {words.subtitle} {words.caption}")
    return Page(figure, width, height, top)


def save(figure: Figure, rows: Sequence[Row], folder: str | Path, name: str) -> tuple[Path, ...]:
    """Write ``name.png``, ``name.svg`` and ``name.csv`` into a folder, which is made if need be.

    The SVG has no date and fixed ids, so that the same figure gives the same bytes; its description
    (and that of the PNG) is the alternative text of the picture.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    paths = tuple(place / f"{name}.{kind}" for kind in ("png", "svg", "csv"))
    about = {"Title": name, "Description": figure.get_label()}
    with style.context(["default", _STYLE]):
        figure.savefig(paths[0], dpi=_DPI, metadata=about)
        figure.savefig(paths[1], format="svg", metadata=about | {"Date": None})
    with paths[2].open("w", encoding="utf-8", newline="") as file:
        columns = list(dict.fromkeys(column for row in rows for column in row))
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return paths
