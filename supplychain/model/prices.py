"""What a shortage does to a price, and a price to the value of exports. Constant elasticities.

A second closure beside the simulated one: there, what is missing is shared out at the old price;
here, it goes to whoever pays most. Both read the same shortage; their losses are never added.

All prices are ratios to the baseline; arguments may have any shapes that fit together.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Numbers = npt.ArrayLike

REGIMES: Final = ("none", "interior", "capacity", "choke")
"""What sets the price: no shortage, both curves, demand alone (suppliers are full), or the choke.

At the choke demand is given up: the price says where it stops, not how short supply is."""


@dataclass(frozen=True)
class Clearing:
    """A cleared market, every array of the common shape.

    Attributes:
        price: equilibrium price over its baseline.
        quantity: what is bought over its baseline; ``1 - quantity`` is the demand destroyed.
        regime: position in `REGIMES`.
    """

    price: Array
    quantity: Array
    regime: npt.NDArray[np.int64]


def clear_by_price(
    shortage: Numbers,
    demand_elasticity: Numbers,
    supply_elasticity: Numbers,
    spare: Numbers,
    choke: Numbers,
) -> Clearing:
    """The price at which what demand is left equals what supply is left and can be added.

    With shortage z, elasticities e_d <= 0 and e_s >= 0 and spare capacity k, the price p solves::

        (1 - z) * min(p ** e_s, 1 + k) = p ** e_d,    p = min(p, choke)

    that is ``p = (1 - z) ** (-1 / (e_s - e_d))`` while suppliers have room (`interior`), else
    ``p = ((1 - z) * (1 + k)) ** (1 / e_d)`` (`capacity`).

    Args:
        shortage: share of baseline supply that is missing, 0-1.
        demand_elasticity: at most 0.
        supply_elasticity: at least 0, of the suppliers that are left.
        spare: what they could add at most, over what they ship.
        choke: price at which what demand is left is given up, above 1.

    Half of the supply gone, elasticities -0.5 and 0.5: the price doubles, and suppliers add 41 %
    (``2 ** 0.5``) to their half:

    >>> found = clear_by_price(0.5, -0.5, 0.5, 1.0, 10.0)
    >>> found.price.round(4).tolist(), found.quantity.round(4).tolist()
    (2.0, 0.7071)

    Without room the price must bring demand down to one half alone, ``0.5 ** -2``; and where users
    give up at three times the price, it stops there:

    >>> full = clear_by_price(0.5, -0.5, 0.5, 0.0, [10.0, 3.0])
    >>> full.price.round(4).tolist(), [REGIMES[k] for k in full.regime]
    ([4.0, 3.0], ['capacity', 'choke'])
    """
    curves = (shortage, demand_elasticity, supply_elasticity)
    z, down, up, room, top = np.broadcast_arrays(
        *(np.asarray(x, dtype=np.float64) for x in curves),
        np.log1p(np.asarray(spare, dtype=np.float64)),
        np.log(np.asarray(choke, dtype=np.float64)),
    )
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing left, or nothing that gives way
        missing = -np.log1p(-z)
        free = missing / (up - down)
        full = (missing - room) / np.abs(down)
        is_free = (up == 0) | (up * free <= room)
    short = missing > 0
    wanted = np.where(short, np.where(is_free, free, full), 0.0)
    rise = np.minimum(wanted, top)
    regime = np.where(wanted > top, 3, np.where(is_free, 1, 2)) * short
    return Clearing(
        np.exp(rise),
        (1.0 - z) * np.exp(np.minimum(up * rise, room)),
        np.asarray(regime, dtype=np.int64),
    )


def peak_price(price: Numbers, overshoot: Numbers) -> Array:
    """Price at its expected peak: buyers who fear for their supply pay more than the equilibrium.

    ``1 + overshoot * (price - 1)``; never part of a loss, nor of the equilibrium.

    >>> peak_price([1.0, 3.0], 1.5).tolist()
    [1.0, 4.0]
    """
    return np.asarray(1.0 + np.asarray(overshoot) * (np.asarray(price, dtype=np.float64) - 1.0))


def export_value(price_rise: Numbers, volume_loss: Numbers) -> tuple[Array, Array]:
    """Change of the value of exports, split into its volume and its price line.

    ``(1 + dp) * (1 - dq) - 1 = -dq + dp * (1 - dq)``: what is not shipped earns no higher price.

    One tenth less shipped at 5 % more each: -10 % and +4.5 %, together -5.5 %:

    >>> volume, price = export_value(0.05, 0.1)
    >>> volume.round(4).tolist(), price.round(4).tolist()
    (-0.1, 0.045)
    """
    rise, lost = (np.asarray(x, dtype=np.float64) for x in (price_rise, volume_loss))
    return 0.0 - lost, rise * (1.0 - lost)


def tax_ceiling(months: int, rate: float, elasticity: float, pass_through: float) -> Array:
    """Export tax: what buyers still take in each month, in months of baseline, (T,).

    ``g = (1 + pass_through * rate) ** elasticity``: the exporter bears what it does not pass on.

    A tax of 50 %, half of it passed on, at an elasticity of -1, leaves 1/1.25 of the flow:

    >>> tax_ceiling(2, 0.5, -1.0, 0.5).tolist()
    [0.8, 0.8]
    """
    return np.full(months, (1.0 + pass_through * rate) ** elasticity)
