"""What the documents say is so: words, modules, links, tests they name, and the worked example."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from worlds import CARS, LINK, Run, run, stop

from supplychain.model.adaptive import adaptive, without_catch_up
from supplychain.model.spot import Market, clear_market
from supplychain.model.wiring import wire
from supplychain.vocabulary import CASES, EVIDENCE, FORMS, KINDS, STAGES

HOUSE = Path(__file__).resolve().parent.parent
DOCS = HOUSE / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
TERMS = (
    *("mineral", "product", "stage", "node", "producer", "processor", "end industry"),
    *("supplier", "user", "flow", "recipe", "essentiality", "segment", "affected share"),
    *("access ceiling", "form", "export loss", "baseline", "actor", "target", "restriction"),
    *("control", "severity", "scenario", "mitigation", "stock cover", "shortfall"),
    *("output loss", "case", "band", "chokepoint", "attribution", "evidence"),
    "published estimate",
)
LINKS = [
    (page, target)
    for page in (*PAGES, HOUSE / "README.md")
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    if "://" not in target
]


def near(value: float | Sequence[float]) -> Any:
    return pytest.approx(value, abs=1e-9)


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"(?m)^#+ (.+)$", page.read_text(encoding="utf-8"))
    kept = [re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings]
    return {heading.replace(" ", "-") for heading in kept}


# Words --------------------------------------------------------------------------------------------


def glossary() -> dict[str, list[str]]:
    """Term -> the other cells of its row."""
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {row[0].strip("`"): row[1:] for row in rows if row[0] != "term"}


@pytest.mark.parametrize("term", TERMS)
def test_the_glossary_holds_every_word_of_the_contract(term: str) -> None:
    assert len(glossary()[term]) == 3, "meaning, unit and what it is not"


@pytest.mark.parametrize("word", [*STAGES, *CASES, *KINDS, *FORMS])
def test_the_glossary_explains_every_word_of_the_vocabulary(word: str) -> None:
    found = glossary()
    assert word in found or any(f"`{word}`" in cell for row in found.values() for cell in row)


def test_the_glossary_explains_every_grade() -> None:
    meaning = glossary()["evidence"][0]
    assert [grade for grade in EVIDENCE if f"{grade} " not in meaning] == []


def test_no_term_stands_in_the_glossary_twice() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    found = re.findall(r"(?m)^\| ([^|]+?) \|", text)
    terms = [term for term in found if term != "term"]
    assert sorted(set(terms)) == sorted(terms)


# Names and links ----------------------------------------------------------------------------------


def modules() -> list[str]:
    """Dotted names of all modules of the package; a folder by its own name."""
    paths = [path.relative_to(HOUSE) for path in (HOUSE / "supplychain").rglob("*.py")]
    return sorted(".".join(p.with_suffix("").parts).removesuffix(".__init__") for p in paths)


@pytest.mark.parametrize("module", modules())
def test_every_module_is_on_the_map(module: str) -> None:
    pages = [(DOCS / page).read_text(encoding="utf-8") for page in ("index.md", "model.md")]
    assert any(f"`{module}`" in page for page in pages), f"name {module} in docs/index.md"


@pytest.mark.parametrize(("page", "target"), LINKS, ids=lambda v: getattr(v, "name", v))
def test_every_relative_link_leads_somewhere(page: Path, target: str) -> None:
    file, _, anchor = target.partition("#")
    there = (page.parent / file).resolve() if file else page
    assert there.exists(), f"{page.name} links to {target}"
    if anchor:
        assert anchor in anchors(there), f"{page.name} links to a heading that is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_python_name_in_the_documents_exists(page: Path) -> None:
    for name in re.findall(r"`(supplychain(?:\.\w+)+)`", page.read_text(encoding="utf-8")):
        path = HOUSE.joinpath(*name.split("."))
        if path.is_dir() or path.with_suffix(".py").is_file():
            continue
        module, _, attribute = name.rpartition(".")
        assert hasattr(import_module(module), attribute), f"{page.name} names {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_named_in_the_documents_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    tests = "".join(
        path.read_text(encoding="utf-8") for path in (HOUSE / "tests").glob("test_*.py")
    )
    for name, star in re.findall(r"`(test_\w+)(\*?)`", text):
        assert f"def {name}" + ("" if star else "(") in tests, f"{page.name} names {name}"
    for file in re.findall(r"`(tests/\w+\.py)`", text):
        assert (HOUSE / file).is_file(), f"{page.name} names {file}"


def test_decisions_are_numbered_without_gaps_and_are_all_on_the_map() -> None:
    files = sorted((DOCS / "decisions").glob("*.md"))
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    assert [file.name for file in files if f"(decisions/{file.name})" not in index] == []


@pytest.mark.parametrize("page", sorted((DOCS / "decisions").glob("*.md")), ids=lambda p: p.name)
def test_a_decision_has_context_decision_and_consequences_on_one_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^## (.+)$", text)
    assert headings == ["Context", "Decision", "Consequences"]
    assert text.startswith(f"# {page.name[:4]}")
    assert len(text.split()) <= 600


# The worked example of docs/model.md --------------------------------------------------------------


@pytest.fixture
def example(tmp_path: Path) -> Run:
    """CHN and JPN are A and B of the text; the two bins of car plants hold 0.2 and 0.85 months."""
    two = LINK.but(
        processors=["CHN magnet 72", "JPN magnet 72 capacity=93.6"],
        industries=["KOR cars 144"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
        constants={
            "cover_bins": 2,
            "access_ceiling": 1.5,
            "catch_up_capacity": 1.1,
            "queue_cap_months": 1,
        },
    )
    found = run(two.network(tmp_path), stop(months=2, horizon=4))
    arrays = found.compiled.arrays
    slots = replace(arrays.slots, cover=np.array([[[0.2, 0.85]]]))
    return replace(found, compiled=replace(found.compiled, arrays=replace(arrays, slots=slots)))


def test_the_worked_example_of_the_frozen_case(example: Run) -> None:
    cars = example.frozen.output[:, example.at(CARS), 0]
    assert cars.tolist() == [near(row) for row in ([0.7, 1], [0.5, 0.85], [1, 1], [1, 1])]
    assert example.loss("frozen", CARS) == near(0.11875)


def test_the_worked_example_of_the_adaptive_case(example: Run) -> None:
    found = example.adaptive
    cars, first, second = (example.at(n) for n in (CARS, "CHN:magnet", "JPN:magnet"))
    blocked, open_ = (example.flow(n, CARS) for n in ("CHN:magnet", "JPN:magnet"))
    expected = ([0.95, 1], [0.6875, 0.9625], [1.1, 1.0375], [1.1, 1])
    assert found.output[:, cars, 0].tolist() == [near(row) for row in expected]
    assert found.output[:, first, 0, 0].tolist() == near([1, 0, 1, 1])
    assert found.output[:, second, 0, 0].tolist() == near([1.25, 1.3, 1, 1])
    assert found.queue[:, blocked, 0, 0].tolist() == near([1, 1, 0.5, 0])
    assert found.shipped[:, blocked, 0, 0].tolist() == near([0, 0, 1.5, 1.5])
    assert found.shipped[:2, open_, 0].tolist() == [near([1.5, 1]), near([1.375, 1.225])]
    stocks = ([0, 0.35], [0, 0], [0.15, 0.2125])
    assert found.stock[:3, 0, 0].tolist() == [near(row) for row in stocks]
    assert example.loss("adaptive", CARS) == near(0.0203125)
    lost = adaptive(without_catch_up(example.compiled.arrays)).output[:, cars]
    assert (1 - lost).mean() == near(0.05)


def test_the_worked_example_of_the_spot_market_in_month_two(example: Run) -> None:
    arrays = example.compiled.arrays
    block, wiring = arrays.blocks[0], wire(arrays)[0]
    queue, shipped = np.zeros((2, 1, 2)), np.ones((2, 1, 2))
    blocked, open_ = (example.flow(n, CARS) for n in ("CHN:magnet", "JPN:magnet"))
    queue[blocked], shipped[blocked] = 1, 0
    room = np.zeros((2, 1, 2))
    room[example.at("CHN:magnet")], room[example.at("JPN:magnet")] = 1, 0.3
    missing = np.array([[[3.3, 0.9]]])
    ((_, deals),) = wiring.markets
    market = Market.of(
        arrays, 1, block, wiring,
        queue=queue, room=room, shipped=shipped, missing=missing, chosen=deals, leaks=True,
        opens=True,
    )  # fmt: skip
    deal = clear_market(market, rounds=3)
    assert market.from_room[example.at("JPN:magnet"), 0] == near(1.8)
    assert deal.asked[example.at("JPN:magnet"), 0] == near(2.4)
    # The banned flow offers nothing that its ceiling lets through: it is no deal at all.
    assert blocked not in market.deals
    assert deal.bought[market.deals.tolist().index(open_), 0].tolist() == near([1.125, 0.675])
    assert deal.room_sold[:, 0].tolist() == near([0, 1])
    assert (deal.queue_sold == 0).all()


def test_the_worked_example_of_the_planner_and_without_time(example: Run) -> None:
    assert example.loss("planner", CARS) == pytest.approx(0.0125, abs=1e-7)
    assert example.static(CARS) == near(0.5)
