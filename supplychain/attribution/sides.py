"""Three or more runs side by side: their losses, and what they differ by from the first."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from supplychain.attribution.mixtures import Sector, sector_losses
from supplychain.coverage import resolve
from supplychain.scenario import Scenario
from supplychain.world import World

if TYPE_CHECKING:
    import pandas as pd

SIDES_SCHEMA = "supplychain/side-by-side/1"


@dataclass(frozen=True)
class Sides:
    """Losses of several runs over their horizons, adaptive, USD.

    Attributes:
        names: of the runs, all different.
        losses: (country, sector) -> loss in each run, largest first; a country's total has no
            sector and comes before its sectors.
    """

    names: tuple[str, ...]
    losses: dict[Sector, tuple[float, ...]]

    def table(self) -> "pd.DataFrame":
        """One row per total or sector and run, with the difference from the first run."""
        import pandas as pd

        columns = ["country", "sector", "scenario", "loss_usd", "difference_usd"]
        rows = [
            (country, sector, name, usd, usd - losses[0])
            for (country, sector), losses in self.losses.items()
            for name, usd in zip(self.names, losses, strict=True)
        ]
        return pd.DataFrame(rows, columns=columns)

    def as_dict(self) -> dict[str, Any]:
        """One JSON object."""
        return {
            "schema": SIDES_SCHEMA,
            "scenarios": list(self.names),
            "losses": [
                {
                    "country": country,
                    "sector": sector,
                    "loss_usd": list(losses),
                    "difference_usd": [usd - losses[0] for usd in losses],
                }
                for (country, sector), losses in self.losses.items()
            ],
        }


def side_by_side(world: World, scenarios: Sequence[Scenario], focus: Sequence[str] = ()) -> Sides:
    """Play some scenarios on one world; what any of them has in focus is counted in all.

    Raises:
        ScenarioError, UnknownNameError: a scenario does not fit the pack.
    """
    network = world.network
    given = [replace(s, focus=tuple(focus)) if focus else s for s in scenarios]
    resolved = [resolve(s, network) for s in given]
    every = tuple(dict.fromkeys(c for r in resolved for c in r.focus))
    found = [sector_losses(network, replace(r, focus=every)) for r in resolved]
    table: dict[Sector, tuple[float, ...]] = {}
    for country in every:
        mine = {k: tuple(f[k] for f in found) for k in found[0] if k[0] == country}
        table[country, ""] = tuple(map(sum, zip(*mine.values(), strict=True)))
        hit = [k for k in mine if any(mine[k])]
        table |= {k: mine[k] for k in sorted(hit, key=lambda k: (-max(mine[k]), k))}
    return Sides(distinct([s.id for s in scenarios]), table)


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names, those that repeat numbered.

    >>> distinct(["ban", "quota", "ban"])
    ('ban', 'quota', 'ban (2)')
    """
    return tuple(
        f"{name} ({names[: k + 1].count(name)})" if name in names[:k] else name
        for k, name in enumerate(names)
    )
