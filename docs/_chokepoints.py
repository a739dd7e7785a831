"""Write again the first ten of three countries and the pictures of docs/chokepoints.md.

``make documents`` runs it (a minute, with the extra ``fast``); a slow test sees that the table is
what the ranking says.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import supplychain as sc
from supplychain import figures
from supplychain.chokepoints import Ranking, Row, rank_chokepoints, survey
from supplychain.render import Words

PAGE = Path(__file__).resolve().parent / "chokepoints.md"
PICTURES = PAGE.parent / "img"
BLOCK = re.compile(r"(<!-- first ten -->\n).*?(<!-- /first ten -->)", re.DOTALL)
FOCUS = ("KOR", "JPN", "USA")
TEN = 10
BILLION = 1e9


def rankings(world: sc.World) -> dict[str, Ranking]:
    """The first ten of each country."""
    return {country: rank_chokepoints(world, [country], top=TEN) for country in FOCUS}


def table(found: Mapping[str, Ranking], words: Words) -> str:
    """Country beside country."""
    head = "| |" + "".join(f" {words.name(country)} | |" for country in found)
    lines = [head, f"|---|{'---|' * (2 * len(found))}"]
    for place in range(TEN):
        rows = [ranking.rows[place] for ranking in found.values()]
        lines.append(f"| {place + 1} |" + "".join(_cells(row, words) for row in rows))
    return "\n" + "\n".join(lines) + "\n\n"


def _cells(row: Row, words: Words) -> str:
    """What is banned, and what that costs."""
    (ban,) = row.removal.bans
    name = words.name(ban.item).partition(" (")[0]
    if row.removal.kind == "mineral":
        name = f"**{name}**"
    size = f"{row.loss_usd / BILLION:.1f} ({100 * row.loss_share:.1f})"
    return f" {words.name(ban.actor)}: {name} | {size} |"


def written(text: str, found: Mapping[str, Ranking], words: Words) -> str:
    """The page with its table written again."""
    return BLOCK.sub(lambda block: block[1] + table(found, words) + block[2], text)


def main() -> None:
    """Rank, and write the page and its pictures."""
    world = sc.load()
    found = rankings(world)
    words = Words.of(world.network)
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), found, words), encoding="utf-8")
    surveyed = survey(world, (*FOCUS, "DEU"))
    banded = rank_chokepoints(world, ["KOR"], top=20, band=True)
    april = sc.simulate(
        world,
        sc.load_scenario("china-april-2025"),
        focus=["KOR"],
        effort=sc.Effort(planner=False, band=False),
    )
    drawings = {
        "chokepoints_KOR": figures.chokepoint_bars(world, banded),
        "heat": figures.heat_map(world, surveyed),
        "agreement_KOR": figures.agreement(world, surveyed.only(["KOR"])),
        "network_KOR_dysprosium": figures.network_view(
            world, surveyed.only(["KOR"]), "dysprosium", "KOR"
        ),
        "explain_KOR_auto_parts": figures.explain_tree(april, "KOR", "auto_parts", "adaptive"),
    }
    for name, drawing in drawings.items():
        with TemporaryDirectory() as folder:
            saved = figures.save(drawing.figure, drawing.rows, folder, name)
            (PICTURES / f"{name}.png").write_bytes(saved[0].read_bytes())
    print(f"wrote {PAGE.name} and {len(drawings)} pictures")


if __name__ == "__main__":
    main()
