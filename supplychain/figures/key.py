"""The key of a picture: small signs with their meaning, in one strip that wraps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from supplychain.figures.canvas import INK, MARGIN, SMALL, Page, plain, width_of

Stroke = str | tuple[float, tuple[float, ...]]

_SWATCH = 0.3
_LINE = 0.22
_STROKES: dict[str, Stroke] = {"dash": (0, (3, 2)), "dots": (0, (1, 1))}


@dataclass(frozen=True)
class Sign:
    """One entry: what is drawn, in which colour and stroke (or shape), and what it means."""

    look: Literal[
        "bar", "hatch", "ends", "dot", "mark", "line", "dash", "dots", "box", "range", "none"
    ]
    colour: str
    text: str
    stroke: Stroke = "-"


def key(sheet: Page | None, signs: Sequence[Sign], width: float, y: float = 0.0) -> float:
    """Draw the key into the body (or, without a page, only measure it); its height in inches."""
    places, x, line = [], 0.0, 0
    for sign in signs:
        wide = (_SWATCH + 0.08 if sign.look != "none" else 0.0) + width_of(sign.text) + 0.25
        if x and x + wide > width:
            x, line = 0.0, line + 1
        places.append((x, line))
        x += wide
    height = (line + 1) * _LINE if signs else 0.0
    if sheet is not None and signs:
        axes = sheet.sheet(MARGIN, y, width, height)
        for sign, (start, row) in zip(signs, places, strict=True):
            _draw(axes, sign, start, (row + 0.5) * _LINE)
    return height


def _draw(axes: Axes, sign: Sign, x: float, y: float) -> None:
    """One sign and its meaning."""
    ends = [x, x + _SWATCH]
    match sign.look:
        case "bar":
            axes.add_patch(Rectangle((x, y - 0.05), _SWATCH, 0.1, color=sign.colour, linewidth=0))
        case "hatch":
            box = Rectangle((x, y - 0.06), _SWATCH, 0.12, facecolor=sign.colour, edgecolor="white")
            box.set(hatch="////", linewidth=0)
            axes.add_patch(box)
        case "box" | "range":
            box = Rectangle((x, y - 0.06), _SWATCH, 0.12, fill=False, edgecolor=sign.colour)
            box.set(linewidth=1.4, linestyle="-" if sign.look == "box" else (0, (3, 1.5)))
            axes.add_patch(box)
        case "ends":
            axes.plot(ends, [y, y], color=sign.colour, linewidth=0.9, marker="|", markersize=5)
        case "dot":
            axes.plot([x + _SWATCH / 2], [y], "o", color=sign.colour, markersize=5.5)
        case "mark":
            axes.plot(
                [x + _SWATCH / 2], [y], color=sign.colour, marker=str(sign.stroke), markersize=5.5
            )
        case "line" | "dash" | "dots":
            axes.plot(
                ends,
                [y, y],
                color=sign.colour,
                linewidth=1.6,
                linestyle=_STROKES.get(sign.look, sign.stroke),
            )
        case _:
            pass
    start = x if sign.look == "none" else x + _SWATCH + 0.08
    axes.text(start, y, plain(sign.text), fontsize=SMALL, color=INK, va="center", ha="left")
