"""One scenario planned again and again: under rising severities, and with less foresight."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from supplychain.compiled import Compiled, compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central, Draws, Severities
from supplychain.errors import ScenarioError
from supplychain.growth import grown
from supplychain.measures import any_severity
from supplychain.model.arrays import Arrays
from supplychain.network import Network
from supplychain.planning import Targets
from supplychain.scenario import Scenario
from supplychain.sectors import Sector, sectors
from supplychain.serving import Serving
from supplychain.vocabulary import MONTHS_PER_YEAR
from supplychain.world import World

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

FORESIGHTS = (1, 3, 12)
_CENTRAL = Central()


def severity_path(
    world: World, scenario: Scenario, severities: Sequence[float], focus: Sequence[str] = ()
) -> "pd.DataFrame":
    """Least losses of sectors and countries when every restriction has each of these severities.

    The planner's programmes are set up once and each answer starts the next (with the optional
    package highspy), so a path costs little more than its hardest point. A tax and a dated path
    have no severity and stay as they are.

    Returns:
        One row per country, sector (empty: all of the country together) and severity, with
        ``loss_share`` and ``loss_usd`` over the horizon.

    Raises:
        ScenarioError: no severity, one outside 0 to 1, or a scenario that does not fit the pack.
        SolverError: a planner's answer failed its certificate.
    """
    if not severities or not all(0.0 <= s <= 1.0 for s in severities):
        raise ScenarioError(f"severities must be numbers from 0 to 1, not {list(severities)}")
    from supplychain.model.planner import path

    rising = sorted(set(severities))
    case = _Case.of(world, scenario, focus, Severities(tuple(rising)))
    variants = [case.compiled.arrays.take(slice(k, k + 1)) for k in range(len(rising))]
    rows = []
    for country in case.focus:
        mine = [s for s in case.sectors if s.country == country]
        whole = case.targets(mine)
        best = path(variants, whole.nodes, whole.exports) if whole.nodes.size else ()
        least = [whole.lost(p.output) for p in best] or [0.0] * len(rising)
        rows += case.rows(country, "", mine, "severity", _by(rising, least))
        for sector in mine:
            part = case.targets([sector])
            lost = [whole.lost(p.output, part.nodes) for p in best]
            if any(lost) and part.nodes.size < whole.nodes.size:
                own = path(variants, part.nodes, part.exports)
                lost = [part.lost(p.output) for p in own]
            lost = lost or [0.0] * len(rising)
            rows += case.rows(country, sector.sector, [sector], "severity", _by(rising, lost))
    return _table(rows)


def foresight(
    world: World,
    scenario: Scenario,
    focus: Sequence[str] = (),
    months: Sequence[int] = FORESIGHTS,
) -> "pd.DataFrame":
    """What each focus country would lose at best if its planner saw only some months ahead.

    Beyond what is seen no restriction is expected (`supplychain.model.foresight`). The value of
    information is the loss less that of the plan which knows the whole horizon, never negative.

    Returns:
        One row per country and foresight, the full one last, with ``loss_share``, ``loss_usd`` and
        ``information_usd`` over the horizon.

    Raises:
        ScenarioError: a foresight below one month, or a scenario that does not fit the pack.
        SolverError: a planner's answer failed its certificate.
    """
    if not months or min(months) < 1:
        raise ScenarioError(f"foresight is a number of months from 1, not {list(months)}")
    from supplychain.model.foresight import rolling
    from supplychain.model.planner import plan

    case = _Case.of(world, scenario, focus)
    horizon = case.arrays.months
    seen = sorted({m for m in months if m < horizon})
    rows = []
    for country in case.focus:
        mine = [s for s in case.sectors if s.country == country]
        whole, arrays = case.targets(mine), case.arrays
        lost = [0.0] * (len(seen) + 1)
        if whole.nodes.size:
            best = plan(arrays, whole.nodes, whole.exports)
            lost[-1] = whole.lost(best.output)
            for k, ahead in enumerate(seen):
                rolled = rolling(arrays, whole.nodes, whole.exports, ahead)
                lost[k] = max(whole.lost(rolled.output), lost[-1])
        found = case.rows(country, "", mine, "foresight_months", _by([*seen, horizon], lost))
        full = found[-1]["loss_usd"]
        rows += [row | {"information_usd": row["loss_usd"] - full} for row in found]
    return _table(rows, "sector")


def serve_in_order(world: World, scenario: Scenario, focus: Sequence[str] = ()) -> "pd.DataFrame":
    """Least losses of sectors when each focus country's planner serves them in an order.

    The order is the one in which the scenario's priorities name industries (``defence`` before
    ``automobiles``); sectors that it does not name come last, together. Without an order all are
    one group, weighted by their exports.

    Returns:
        One row per country and sector: ``place`` of its group from 1, ``loss_share``, ``loss_usd``.

    Raises:
        ScenarioError: a scenario that does not fit the pack.
        SolverError: a planner's answer failed its certificate.
    """
    from supplychain.model.planner import lexicographic

    case = _Case.of(world, scenario, focus)
    serving = Serving(world.network, scenario.priorities)
    rows = []
    for country in case.focus:
        mine = [s for s in case.sectors if s.country == country and case.targets([s]).nodes.size]
        names = list(dict.fromkeys(n.partition("/")[0] for n in serving.order(country)))
        place = {n: k for k, n in enumerate(n for n in names if n in {s.sector for s in mine})}
        groups: dict[int, list[Sector]] = {}
        for sector in sorted(mine, key=lambda s: place.get(s.sector, len(place))):
            groups.setdefault(place.get(sector.sector, len(place)), []).append(sector)
        parts = [case.targets(group) for group in groups.values()]
        if not parts:
            continue
        nodes = [part.nodes for part in parts]
        output = lexicographic(case.arrays, nodes, [part.exports for part in parts])[-1].output
        whole = Targets(np.concatenate(nodes), np.concatenate([part.exports for part in parts]))
        for k, group in enumerate(groups.values(), start=1):
            for sector in group:
                lost = whole.lost(output, case.targets([sector]).nodes)
                rows += case.rows(country, sector.sector, [sector], "place", {k: lost})
    return _table(rows)


@dataclass(frozen=True)
class _Case:
    """A scenario compiled without simulating it."""

    network: Network
    compiled: Compiled
    sectors: tuple[Sector, ...]
    focus: tuple[str, ...]

    @classmethod
    def of(
        cls, world: World, scenario: Scenario, focus: Sequence[str], draws: Draws = _CENTRAL
    ) -> "_Case":
        """Resolve and compile; where lanes have severities of their own, whatever is stated."""
        network = grown(world.network, scenario)
        resolved = resolve(replace(scenario, focus=tuple(focus)) if focus else scenario, network)
        if isinstance(draws, Severities):
            resolved = replace(resolved, measures=tuple(map(any_severity, resolved.measures)))
        compiled = compile_arrays(network, resolved, draws)
        reached = sectors(network, compiled, resolved.focus)
        return cls(network, compiled, reached, resolved.focus)

    @property
    def arrays(self) -> Arrays:
        """What the model runs on."""
        return self.compiled.arrays

    def targets(self, chosen: Sequence[Sector]) -> Targets:
        """The nodes of some sectors."""
        return Targets.of(self.network, self.compiled, chosen)

    def rows(
        self,
        country: str,
        sector: str,
        chosen: Sequence[Sector],
        by: str,
        lost: Mapping[float, float],
    ) -> list[dict[str, Any]]:
        """One row per value; losses come in USD a year and leave in USD over the horizon."""
        years = self.arrays.months / MONTHS_PER_YEAR
        exports = sum(s.exports_usd for s in chosen)
        return [
            {
                "country": country,
                "sector": sector,
                by: value,
                "loss_share": usd / exports if exports else 0.0,
                "loss_usd": usd * years,
            }
            for value, usd in lost.items()
        ]


def _by(values: Sequence[float], lost: Sequence[float]) -> dict[float, float]:
    """What is lost at each value."""
    return dict(zip(values, lost, strict=True))


def _table(rows: Sequence[dict[str, Any]], *without: str) -> "pd.DataFrame":
    """Rows as a table."""
    import pandas as pd

    return pd.DataFrame(list(rows)).drop(columns=list(without))
