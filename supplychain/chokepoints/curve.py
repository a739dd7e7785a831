"""How a loss grows with severity: one ban, played at many severities as lanes of one run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from supplychain.chokepoints.candidates import Ban, Candidate
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import losses
from supplychain.errors import UsageError
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.frozen import FROZEN
from supplychain.names import Names
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR
from supplychain.world import World

if TYPE_CHECKING:
    import pandas as pd

STEPS: Final = tuple(round(0.1 * k, 1) for k in range(1, 11))
_VISIBLE_USD = 1.0
"""A fall of less than a dollar is rounding."""


@dataclass(frozen=True)
class Curve:
    """Loss of all sectors of the focus countries by severity, USD.

    Attributes:
        id, focus: what is banned, and whose exports are counted.
        severities, adaptive_usd, frozen_usd: one figure per severity.
    """

    id: str
    focus: tuple[str, ...]
    severities: tuple[float, ...]
    adaptive_usd: tuple[float, ...]
    frozen_usd: tuple[float, ...]

    @property
    def falls(self) -> tuple[float, ...]:
        """Severities at which the adaptive loss is less than at the severity before.

        Possible where a harder ban sends buyers elsewhere sooner; without adaptation it is not.
        """
        worst = zip(self.severities[1:], np.diff(self.adaptive_usd).tolist(), strict=True)
        return tuple(severity for severity, step in worst if step < -_VISIBLE_USD)

    def table(self) -> "pd.DataFrame":
        """One row per severity."""
        import pandas as pd

        return pd.DataFrame(self._rows())

    def as_dict(self) -> dict[str, Any]:
        """The curve as JSON."""
        return {
            "schema": "supplychain/severity-curve/1",
            "id": self.id,
            "focus": list(self.focus),
            "falls_at": list(self.falls),
            "curve": self._rows(),
        }

    def _rows(self) -> list[dict[str, Any]]:
        """Severity, the two losses, and whether the adaptive one falls there."""
        return [
            {
                "severity": severity,
                "adaptive_usd": adaptive,
                "frozen_usd": frozen,
                "falls": severity in self.falls,
            }
            for severity, adaptive, frozen in zip(
                self.severities, self.adaptive_usd, self.frozen_usd, strict=True
            )
        ]


def severity_curve(
    world: World,
    id_: str,
    focus: Sequence[str] = ("KOR",),
    severities: Sequence[float] = STEPS,
    *,
    months: int = MONTHS_PER_YEAR,
) -> Curve:
    """Play one ban at several severities, adaptive and frozen.

    Args:
        world: what is played on; never changed.
        id_: ``CHN:dysprosium`` (a product or a mineral), ``CHN:ndfeb_magnet_hre>KOR``, or two of
            these joined by ``+``; names and aliases are known too.
        focus: countries whose exports are counted.
        severities: shares of baseline exports withheld, 0-1, each more than the one before.
        months: how long it lasts, and is counted.

    Raises:
        UnknownNameError: a name that nobody knows.
        UsageError: no such form, or severities that are not in order from 0 to 1.
    """
    hard = tuple(float(s) for s in severities)
    if not hard or list(hard) != sorted(set(hard)) or not 0 <= hard[0] <= hard[-1] <= 1:
        raise UsageError("severities: shares from 0 to 1 are needed, each more than the one before")
    field = Field.of(world.network, focus, months)
    removal = parsed(id_, field.names)
    lanes = [removal] * len(hard)
    cases = [
        tuple(x.total for x in losses(field, lanes, behaviour, hard))
        for behaviour in (ADAPTIVE, FROZEN)
    ]
    return Curve(removal.id, field.base.focus, hard, *cases)


def parsed(id_: str, names: Names) -> Candidate:
    """The bans that an id names.

    Raises:
        UnknownNameError: a country or an item that nobody knows; UsageError: no such form.
    """
    bans = tuple(_ban(text.strip(), names) for text in id_.split("+"))
    return Candidate("pair" if len(bans) > 1 else "restriction", bans)


def _ban(text: str, names: Names) -> Ban:
    """One ban."""
    actor, colon, rest = text.partition(":")
    item, arrow, user = rest.partition(">")
    if not (colon and actor and item) or (arrow and not user):
        raise UsageError(f"{text!r}: write a country and an item, such as CHN:dysprosium")
    to = (names.country(user.strip()),) if arrow else (EVERYONE,)
    named = names.product_or_mineral(item.strip())
    return Ban(names.country(actor.strip()), named.id, to)
