"""Every mineral of the pack restricted in turn: who would lose what, and on what that rests.

``make chains`` runs it (some minutes) and writes the tables of `docs/ranking.md` and
`docs/evidence.md` between their marks. The question is the same for all: the actor stops all its
exports of everything that `listed` covers, for twelve months. The actor is China; for a mineral of
which China makes nothing, the largest maker.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import supplychain as sc
from supplychain.errors import SupplychainError
from supplychain.result import Result, SectorLoss
from supplychain.simulation import Effort
from supplychain.vocabulary import EVIDENCE, REST_OF_WORLD
from supplychain.world import World

HOUSE = Path(__file__).resolve().parent.parent
FOCUS = ("KOR", "JPN", "USA", "DEU")
CHINA = "CHN"
MOST_ROWS = 3
LEAST, TEN = 0.1, 10  # per cent
LEAST_USD = 5e6  # shown as nothing below
BLOCK = r"(<!-- table: {name} -->\n).*?(<!-- /table -->)"


@dataclass(frozen=True)
class Chain:
    """One mineral and its answer, or why there is none."""

    mineral: str
    actor: str
    result: Result | None
    why: str

    @property
    def hit(self) -> list[SectorLoss]:
        """Sectors that lose anything, the largest loss in dollars first."""
        if self.result is None:
            return []
        losses = [x for x in self.result.losses if x.usd("adaptive") > 0]
        return sorted(losses, key=lambda x: -x.usd("adaptive"))


def actor_of(world: World, mineral: str) -> str:
    """China, or the largest maker of what China makes nothing of."""
    products = {r["product"] for r in world.tables.rows("products") if r["mineral"] == mineral}
    made: dict[str, float] = {}
    for table in ("producers", "processors"):
        for row in world.tables.rows(table):
            if row["product"] in products and row["country"] != REST_OF_WORLD:
                made[row["country"]] = made.get(row["country"], 0.0) + row["output"]
    return CHINA if CHINA in made else max(made, key=lambda c: made[c], default=CHINA)


def chains(world: World, minerals: Sequence[str]) -> Iterator[Chain]:
    """Every mineral in turn."""
    for number, mineral in enumerate(minerals, start=1):
        actor = actor_of(world, mineral)
        print(f"{number}/{len(minerals)} {actor} {mineral}", file=sys.stderr, flush=True)
        try:
            scenario = sc.restrict(actor, mineral, kind="ban")
            result = sc.simulate(world, scenario, focus=FOCUS, effort=Effort(planner=False))
        except SupplychainError as error:
            yield Chain(mineral, actor, None, str(error).splitlines()[0])
        else:
            yield Chain(mineral, actor, result, "")


def percent(share: float) -> str:
    """A share for people: two digits."""
    value = 100 * share
    if value < LEAST:
        return "0" if value <= 0 else f"<{LEAST}"
    return f"{value:.1f}" if value < TEN else f"{value:.0f}"


def ranking(found: Sequence[Chain]) -> str:
    """Loss of each focus country by mineral, the dearest mineral first."""
    lines = [
        f"| mineral | actor | {' | '.join(FOCUS)} | sectors that lose most |",
        f"|---|---|{'---:|' * len(FOCUS)}---|",
    ]
    for chain in sorted(found, key=lambda c: -sum(x.usd("adaptive") for x in c.hit)):
        usd = dict.fromkeys(FOCUS, 0.0)
        for loss in chain.hit:
            usd[loss.country] += loss.usd("adaptive")
        cells = " | ".join(f"{usd[c] / 1e9:.2f}" if usd[c] >= LEAST_USD else "0" for c in FOCUS)
        said = "; ".join(_said(loss) for loss in chain.hit[:MOST_ROWS])
        worst = said or chain.why or _none(chain)
        lines.append(f"| {chain.mineral} | {chain.actor} | {cells} | {worst} |")
    return "\n".join(lines) + "\n"


def _said(loss: SectorLoss) -> str:
    low, high = map(percent, loss.band)
    width = f" ({low}-{high})" if loss.has_band else ""
    return f"{loss.country} {loss.sector} {percent(loss.share['adaptive'])}{width}"


def _none(chain: Chain) -> str:
    """Why nothing is at stake."""
    assert chain.result is not None  # noqa: S101 - the caller has seen to it
    worst = max(chain.result.losses, key=lambda x: x.band[1] * x.baseline_exports_usd)
    if worst.band[1] > 0:
        return f"none in the adaptive case; {_said(worst)}"
    said = [w for w in chain.result.warnings if "loses no exports" in w]
    return said[0].partition(": ")[2] if said else "none in the adaptive case"


def evidence(found: Sequence[Chain]) -> str:
    """Share of what moves each chain's result by grade, and the rows that move it most."""
    lines = [
        f"| mineral | {' | '.join(EVIDENCE)} | rows that move the result most |",
        f"|---|{'---:|' * len(EVIDENCE)}---|",
    ]
    for chain in found:
        weights = dict.fromkeys(EVIDENCE, 0.0)
        rows: dict[tuple[str, str, str], float] = {}
        for loss in chain.hit:
            for driver in loss.drivers:
                dollars = driver.swing * loss.baseline_exports_usd
                if driver.evidence in weights:
                    weights[driver.evidence] += dollars
                    key = (driver.label, driver.name, driver.evidence)
                    rows[key] = rows.get(key, 0.0) + dollars
        total = sum(weights.values())
        cells = " | ".join(f"{weights[g] / total:.0%}" if total else "-" for g in EVIDENCE)
        heavy = sorted(rows, key=lambda key: -rows[key])[:MOST_ROWS]
        said = "; ".join(f"{label} ({name}, {grade})" for label, name, grade in heavy)
        lines.append(f"| {chain.mineral} | {cells} | {said or 'nothing is lost'} |")
    return "\n".join(lines) + "\n"


def write(page: str, name: str, table: str) -> None:
    """Put a table between its marks."""
    path = HOUSE / "docs" / page
    text = path.read_text(encoding="utf-8")
    new, count = re.subn(BLOCK.format(name=name), rf"\g<1>{table}\g<2>", text, flags=re.DOTALL)
    if count != 1:
        raise RuntimeError(f"{page} has {count} blocks for {name}")
    path.write_text(new, encoding="utf-8")
    print(f"wrote docs/{page}")


def main() -> None:
    """Run every mineral (or those named), and write both tables."""
    world = sc.load()
    minerals = [str(row["mineral"]) for row in world.tables.rows("minerals")]
    found = list(chains(world, sys.argv[1:] or minerals))
    if sys.argv[1:]:
        print(ranking(found), evidence(found), sep="\n")
        return
    write("ranking.md", "ranking", ranking(found))
    write("evidence.md", "evidence", evidence(found))


if __name__ == "__main__":
    main()
