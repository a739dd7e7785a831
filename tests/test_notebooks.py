"""Every notebook runs from its first cell to its last, and is kept without outputs."""

import asyncio
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

HOUSE = Path(__file__).resolve().parent.parent
SCRIPTS = sorted((HOUSE / "notebooks").glob("*.py"))
LONGEST_SECONDS = 90
FIGURES = 5
LOOK = """
print(json.dumps({
    "rungs": [rung.name for rung in result.ladder],
    "binding": sorted({s.binding for s in hit}),
    "refined": max(s.share["adaptive"] for s in refined.losses),
    "losses": max(s.share["adaptive"] for s in result.losses),
    "months": replayed.resolved.months,
    "countries": [t.country for t in four.totals],
    "shares": [t.share["adaptive"] for t in four.totals],
    "drivers": [d.swing for d in parts.drivers],
}))
"""


@pytest.fixture(scope="module")
def examples() -> ModuleType:
    """`docs/_examples.py`, which writes the notebooks."""
    place = HOUSE / "docs" / "_examples.py"
    spec = importlib.util.spec_from_file_location("examples", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def played(book: nbformat.NotebookNode, seconds: int = LONGEST_SECONDS) -> nbformat.NotebookNode:
    """Run every cell in a kernel that sees this checkout."""
    environment = {**os.environ, "PYTHONPATH": str(HOUSE), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    client = NotebookClient(book, timeout=seconds, kernel_name="python3")
    with asyncio.Runner():
        return client.execute(cwd=str(HOUSE / "notebooks"), env=environment)


def printed(cell: nbformat.NotebookNode) -> str:
    return "".join(o["text"] for o in cell.outputs if o.output_type == "stream")


@pytest.fixture(scope="module")
def story(examples) -> nbformat.NotebookNode:
    """The first notebook, run, with a last cell that prints what we want to know of it."""
    text = examples.notebook(HOUSE / "notebooks" / "01_china_restricts_dysprosium.py")
    book = nbformat.reads(text, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("import json\n" + LOOK))
    return played(book)


@pytest.fixture(scope="module")
def found(story) -> dict[str, Any]:
    return json.loads(printed(story.cells[-1]))


def test_no_cell_fails_or_warns(story):
    for cell in story.cells:
        if cell.cell_type == "code":
            assert cell.execution_count is not None
            kinds = [(o.output_type, o.get("name")) for o in cell.outputs]
            assert ("error", None) not in kinds
            assert ("stream", "stderr") not in kinds, cell.source


def test_every_figure_is_shown(story):
    shown = [
        o for c in story.cells for o in c.get("outputs", ()) if "image/png" in o.get("data", {})
    ]
    assert len(shown) == FIGURES


def test_story_is_what_its_text_says(found):
    assert found["rungs"] == ["licence as in 2025", "half", "full stop"]
    assert found["binding"] == ["KOR:ndfeb_magnet_hre"]
    assert found["refined"] < 0.002 < found["losses"]
    assert found["months"] == 9
    assert found["drivers"] == sorted(found["drivers"], reverse=True)
    assert found["drivers"]


def test_countries_of_the_story_differ(found):
    assert found["countries"] == ["KOR", "JPN", "USA", "DEU"]
    assert len(set(found["shares"])) == 4


COMPARED = """
print(json.dumps({
    "ids": [row.removal.id for row in ranking.rows],
    "harmless": ranking.harmless["mineral"] / ranking.simulated["mineral"],
    "orders": [list(beside[c].dropna().sort_values(ascending=False).index) for c in beside],
    "parts": parts - why.loss_usd,
    "shared": sum(p.usd for p in shares.of("KOR", "auto_parts").portions) - why.loss_usd,
    "reached": float((tables["replace"].reached_share <= 1).mean()),
    "band": [float(losses.band_low_share.max()), float(losses.band_high_share.max())],
}))
"""


def test_chokepoints_of_three_countries_run_and_say_what_the_text_says(examples):
    text = examples.notebook(HOUSE / "notebooks" / "02_chokepoints_of_three_countries.py")
    book = nbformat.reads(text, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("import json\n" + COMPARED))
    cells = played(book).cells
    said = json.loads(printed(cells[-1]))
    assert {"CHN:neodymium", "CHN:dysprosium", "ZAF:rhodium"} <= set(said["ids"])
    assert said["harmless"] > 0.5
    by_loss, *by_index = said["orders"]
    assert by_loss == said["ids"]
    assert all(order != [i for i in by_loss if i in order] for order in by_index)
    assert abs(said["parts"]) < 1
    assert abs(said["shared"]) < 1
    assert said["band"][0] < said["band"][1]
    pictures = [o for c in cells for o in c.get("outputs", ()) if "image/png" in o.get("data", {})]
    assert len(pictures) == 3


SCORED = """
print(json.dumps({
    "bands": [held["claims_in_band"], held["claims_with_band"]],
    "sums": {kind: found["mean_absolute_error"] for kind, found in sums.items()},
    "controls": len(claims[claims["grade"] == "negative_control"]),
    "drawn": sum(m.before is not None for m in board.replay.months),
}))
"""


@pytest.mark.slow
def test_how_far_it_can_be_trusted_runs_and_says_what_the_text_says(examples):
    text = examples.notebook(HOUSE / "notebooks" / "03_how_far_can_you_trust_it.py")
    book = nbformat.reads(text, as_version=4)
    book.cells.append(nbformat.v4.new_code_cell("import json\n" + SCORED))
    cells = played(book, seconds=600).cells
    said = json.loads(printed(cells[-1]))
    assert said["bands"][0] < 0.8 * said["bands"][1]  # "far fewer": the bands are too narrow
    flows, turns = said["sums"]["flows, over baseline"], said["sums"]["turning points, months"]
    assert flows["held out"] < flows["import share x cut"]
    assert turns["held out"] < turns["import share x cut"]
    stops = said["sums"]["first stop, weeks"]
    assert stops["held out"] > stops["import share x cut"]  # "dates of single stops do not"
    assert said["controls"] >= 10
    assert said["drawn"] >= 18
    pictures = [o for c in cells for o in c.get("outputs", ()) if "image/png" in o.get("data", {})]
    assert len(pictures) == 4


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_notebook_is_the_script_without_outputs(script, examples):
    stored = script.with_suffix(".ipynb").read_text(encoding="utf-8")
    assert stored == examples.notebook(script), "run `make documents`"
    book = nbformat.reads(stored, as_version=4)
    assert all(not c.outputs and c.execution_count is None for c in book.cells if "outputs" in c)


def test_replay_is_called_arithmetic_and_not_validation():
    text = (HOUSE / "notebooks" / "01_china_restricts_dysprosium.py").read_text(encoding="utf-8")
    assert "arithmetic on an assumed cover, not a validation" in text
