"""Removals in words and colours, for pictures of chokepoints."""

from collections.abc import Mapping, Sequence
from typing import Any

from supplychain.chokepoints.candidates import Ban, Candidate
from supplychain.figures.canvas import BLUE, GREEN, INK, ORANGE
from supplychain.figures.words import country_names
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR
from supplychain.world import World

MARKS: Mapping[str, tuple[str, str]] = {
    "mine": (ORANGE, "^"),
    "refine": (BLUE, "s"),
    "component": (GREEN, "o"),
    "several stages": (INK, "D"),
}
"""Stage -> colour and shape of its mark: the shape survives in grey."""


def names(world: World) -> Mapping[str, str]:
    """Code of a country, mineral or product -> its name."""
    found = {str(r["mineral"]): str(r["name"]) for r in world.tables.rows("minerals")}
    found |= {p: str(row["name"]) for p, row in world.network.products.items()}
    return found | dict(country_names(world.tables))


def removal_words(removal: Candidate, called: Mapping[str, str]) -> str:
    """A removal by its plain names.

    >>> removal_words(Candidate("restriction", (Ban("CHN", "ga"),)), {"CHN": "China"})
    'China: ga'
    """
    if removal.node:
        country, product = removal.node.split(":")
        return f"{called.get(country, country)}: plants of {called.get(product, product)}"
    return " + ".join(_ban_words(ban, called) for ban in removal.bans)


def _ban_words(ban: Ban, called: Mapping[str, str]) -> str:
    """One ban."""
    to = "" if EVERYONE in ban.to else f" to {', '.join(called.get(c, c) for c in ban.to)}"
    return f"{called.get(ban.actor, ban.actor)}: {called.get(ban.item, ban.item)}{to}"


def stage_of(stages: Sequence[str]) -> str:
    """The one stage of a removal, or that it has several.

    >>> stage_of(["refine"]), stage_of(["mine", "refine"])
    ('refine', 'several stages')
    """
    return stages[0] if len(stages) == 1 and stages[0] in MARKS else "several stages"


def pack_line(
    pack: Mapping[str, Any], what: str = "every removal simulated by itself at central values"
) -> str:
    """Where the figures of a picture come from."""
    return (
        f"Source: pack {pack['pack']} {pack['version']} (sha256 {str(pack['sha256'])[:8]}); "
        f"{what}. Exports are gross, at baseline prices."
    )


def span_words(months: int) -> str:
    """A horizon in words.

    >>> span_words(12), span_words(6)
    ('one year', '6 months')
    """
    return "one year" if months == MONTHS_PER_YEAR else f"{months} months"
