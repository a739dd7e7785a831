"""Write again the table and the picture of mechanisms in docs/engine.md.

``make documents`` runs it; `tests/test_mechanisms.py` sees that the table is what the engine says.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import supplychain as sc
from supplychain import figures
from supplychain.beside import Road, Step
from supplychain.figures.words import spoken
from supplychain.simulation import Effort

PAGE = Path(__file__).resolve().parent / "engine.md"
PICTURE = PAGE.parent / "img" / "mechanisms.png"
BLOCK = re.compile(r"(<!-- mechanisms -->\n).*?(<!-- /mechanisms -->)", re.DOTALL)
REFERENCE = sc.restrict("China", "dysprosium", kind="ban")
QUICK = Effort(planner=False, band=False, mechanisms=True)


def table(road: Road) -> str:
    """The road as Markdown, sectors by exports lost."""
    worth = [road.steps[0].share[k] * usd for k, (_, _, usd) in enumerate(road.sectors)]
    chosen = sorted(range(len(worth)), key=lambda k: -worth[k])
    names = " | ".join(spoken(road.sectors[k][1]) for k in chosen)
    head = f"| step | {names} |\n|---|{'---|' * len(chosen)}\n"
    steps = (*road.steps, Step("**adaptive case with one elasticity**", ()), *road.elasticities)
    return "\n" + head + "".join(_line(step, chosen) for step in steps) + "\n"


def _line(step: Step, chosen: Sequence[int]) -> str:
    """One step; a heading has no numbers."""
    cells = [f"{100 * step.share[k]:.1f}" if step.share else "" for k in chosen]
    return f"| {step.name} | {' | '.join(cells)} |\n"


def written(text: str, road: Road) -> str:
    """The page with its table written again."""
    return BLOCK.sub(lambda found: found[1] + table(road) + found[2], text)


def main() -> None:
    """Play the reference case and write the page and its picture."""
    result = sc.simulate(sc.load(), REFERENCE, effort=QUICK)
    road = result.mechanisms
    assert road is not None  # noqa: S101 - asked for above
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), road), encoding="utf-8")
    with TemporaryDirectory() as folder:
        drawing = figures.waterfall(result)
        saved = figures.save(drawing.figure, drawing.rows, folder, drawing.name)
        PICTURE.write_bytes(saved[0].read_bytes())
    print(f"wrote {PAGE.name}, {PICTURE.name}")


if __name__ == "__main__":
    main()
