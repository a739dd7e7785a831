"""All pictures of a ranking at once, one after another, each with the name of its files."""

from collections.abc import Iterator

from supplychain.chokepoints import Ranking
from supplychain.chokepoints.ranking import Progress, silent
from supplychain.chokepoints.survey import Survey, survey
from supplychain.figures.agreement import agreement
from supplychain.figures.canvas import Drawing
from supplychain.figures.chokepoint_bars import chokepoint_bars
from supplychain.figures.flow_map import flow_map
from supplychain.figures.heat_map import heat_map, worst_bans
from supplychain.figures.network_view import network_view
from supplychain.world import World

BESIDE = ("KOR", "JPN", "USA", "DEU")
"""Countries that the heat map shows beside those in focus, where the pack has their exports."""


def chokepoint_figures(
    world: World,
    ranking: Ranking,
    *,
    surveyed: Survey | None = None,
    progress: Progress = silent,
) -> Iterator[tuple[str, Drawing]]:
    """Bars, heat map, agreement, and per focus country the network and flows of its worst mineral.

    Args:
        world: what the ranking was played on; ranking: as `chokepoints` gives it.
        surveyed: every ban with its losses (`survey`), of at least the focus countries; played
            here if not given, which takes about a minute. progress: told how far that is.

    Yields:
        Name of the files (without suffix) and the drawing, for `figures.save`.
    """
    yield "bars", chokepoint_bars(world, ranking)
    if surveyed is None:
        exporting = {n.country for n in world.network.nodes if n.exports_usd > 0}
        beside = [c for c in BESIDE if c in exporting]
        everyone = tuple(dict.fromkeys((*ranking.focus, *beside)))
        surveyed = survey(world, everyone, months=ranking.months, progress=progress)
    yield "heat", heat_map(world, surveyed)
    mine = surveyed.only(ranking.focus)
    yield "agreement", agreement(world, mine)
    drawn = set()
    for country in ranking.focus:
        bans = worst_bans(world, mine.only([country]))
        if not bans:
            continue
        worst = max(bans, key=lambda mineral: (bans[mineral].usd(country), mineral))
        yield f"network_{country}_{worst}", network_view(world, mine, worst, country)
        removal = bans[worst].removal
        if removal not in drawn:
            drawn.add(removal)
            yield f"flow_{removal.id.replace(':', '_')}", flow_map(world, removal)
