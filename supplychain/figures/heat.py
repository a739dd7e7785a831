"""Cells that are darker for more, each with its figure."""

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.axes import Axes

from supplychain.figures.canvas import INK, SMALL
from supplychain.figures.words import per_cent

Array = npt.NDArray[np.float64]

_DARK = 0.2  # below this luminance white letters are the clearer ones


def heat(axes: Axes, losses: Array) -> None:
    """Draw losses (rows, columns) from the bottom up."""
    most = float(losses.max()) or 1.0
    shades = colormaps["Blues"](0.05 + 0.9 * losses / most)
    axes.imshow(shades, aspect="auto", origin="lower", interpolation="nearest")
    for (row, column), value in np.ndenumerate(losses):
        colour = "white" if _luminance(shades[row, column]) < _DARK else INK
        axes.text(
            column,
            row,
            per_cent(float(value)),
            ha="center",
            va="center",
            fontsize=SMALL,
            color=colour,
        )
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _luminance(colour: Array) -> float:
    """Relative luminance of a colour (WCAG)."""
    red, green, blue = ((c + 0.055) / 1.055 for c in colour[:3])
    return float(0.2126 * red**2.4 + 0.7152 * green**2.4 + 0.0722 * blue**2.4)
