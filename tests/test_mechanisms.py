"""The road from fixed proportions to the adaptive case."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from worlds import LINK, stop, with_stock

import supplychain as sc
from supplychain.coverage import resolve
from supplychain.figures import waterfall
from supplychain.mechanisms import ELASTICITIES, SWITCHES, road
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.frozen import FROZEN
from supplychain.run import Run
from supplychain.simulation import Effort


@pytest.fixture(scope="module")
def shipped_world():
    return sc.load()


def near(value):
    return pytest.approx(value, abs=1e-9)


def roads(world, tmp_path, scenario=None):
    network = world.network(tmp_path)
    run = Run.of(network, resolve(scenario or stop(), network))
    found = road(network, run)
    return run, {step.name: step.share for step in found.steps}, found


def test_stocks_and_classes_are_steps_of_their_own(tmp_path):
    # Two months of an important input: fixed proportions lose all; its class half; the stock two
    # months of that and then what is left of it, for a plant that makes half needs half a magnet.
    half = with_stock(60).but(recipes=["cars/all magnet 1 important"])
    _, steps, _ = roads(half, tmp_path)
    assert steps["fixed proportions, no stocks"] == (1,)
    assert steps["inputs bind by their class"] == (0.5,)
    assert steps["plants live on their stocks"] == near((10 * 0.5 / 12,))


def test_every_mechanism_takes_its_part(tmp_path):
    # A tenth recovered at once beside a new plant that covers half.
    rescued = LINK.but(
        recovery=["* magnet 0.9 0.1 0"],
        projects=["one JPN magnet 60 2025-01"],
        constants={"new_supplier_share": 1},
    )
    _, steps, _ = roads(rescued, tmp_path)
    assert steps["plants buy from new suppliers, and more from known ones"] == (1,)
    worked_up = sum(min(0.1, 0.9 * (t + 0.5) / 12) for t in range(12)) / 12
    assert steps["scrap and mine waste are worked up"] == near((1 - worked_up,))
    assert steps["new capacity comes on"] == near((0.5 - worked_up,))


def test_the_road_begins_and_ends_where_the_cases_do(shipped_world):
    network = shipped_world.network
    scenario = sc.restrict("China", "graphite", kind="ban")
    run = Run.of(network, resolve(scenario, network))
    found = road(network, run)
    frozen = next(s for s in found.steps if s.name == "plants live on their stocks")
    sectors = {(s.country, s.sector): s for s in run.sectors}
    for k, (country, sector, usd) in enumerate(found.sectors):
        hit = sectors[country, sector]
        assert usd == hit.exports_usd
        assert frozen.share[k] == run.loss(hit, "frozen")
        assert found.steps[-1].share[k] == run.loss(hit, "adaptive")
    assert [s.name for s in found.elasticities] == [f"elasticity {s:g}" for s in ELASTICITIES]


def test_the_page_of_the_engine_shows_the_road_of_the_reference_case(shipped_world):
    place = Path(__file__).parent.parent / "docs" / "_engine.py"
    spec = importlib.util.spec_from_file_location("engine_page", place)
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    road_ = sc.simulate(shipped_world, writer.REFERENCE, effort=writer.QUICK).mechanisms
    page = writer.PAGE.read_text(encoding="utf-8")
    assert writer.written(page, road_) == page


def test_the_switches_of_the_road_are_all_that_the_adaptive_case_has():
    behaviour = FROZEN.but(sets_aside=False, **{switch: True for switch, _ in SWITCHES})
    assert behaviour == ADAPTIVE


def test_a_picture_needs_a_road(shipped_world):
    quick = Effort(planner=False, band=False)
    result = sc.simulate(shipped_world, sc.restrict("China", "gallium", kind="ban"), effort=quick)
    with pytest.raises(ValueError, match="mechanisms=True"):
        waterfall(result)


def test_the_waterfall_shows_every_step_in_its_rows(shipped_world):
    effort = Effort(planner=False, band=False, mechanisms=True)
    scenario = sc.restrict("China", "gallium", kind="ban")
    drawing = waterfall(sc.simulate(shipped_world, scenario, effort=effort))
    sectors = {row["sector"] for row in drawing.rows}
    assert len(drawing.rows) == len(sectors) * (len(SWITCHES) + 4 + len(ELASTICITIES))
    assert drawing.figure.axes
