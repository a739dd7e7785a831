"""New plants of a scenario: by hand, and as rows of ``projects.csv``.

China makes 10 magnets a month and Korea 10 cars of one magnet each, without stock, unless a test
says otherwise; China stops all exports.
"""

from __future__ import annotations

import numpy as np
import pytest
from worlds import CARS, LINK, Run, run, stop

from supplychain.draws import Recorder, Sample
from supplychain.errors import ScenarioError, UnknownNameError
from supplychain.growth import grown
from supplychain.scenario import NewCapacity, Scenario, StockRelease, check
from supplychain.scenario_file import parse_scenario
from supplychain.simulation import Effort, simulate
from supplychain.world import World

OPEN = LINK.but(  # bolts touch nothing: they make Japan and the United States known
    products=["magnet component", "bolt component", "cars industry"],
    processors=["CHN magnet 120", "JPN bolt 12", "USA bolt 12"],
    other_uses=["JPN bolt 0.5", "USA bolt 0.5"],
    constants={"new_supplier_share": 1, "headline_d_threshold": 0.5},
)
SMELTER = OPEN.but(
    products=["oxide refine", "magnet component", "cars industry"],
    processors=["JPN oxide 120 capacity=144", "CHN oxide 120", "CHN magnet 120"],
    recipes=["magnet oxide 1 critical", "cars/all magnet 1 critical"],
    trade=["CHN KOR magnet 1", "CHN CHN oxide 1"],
    other_uses=["JPN oxide 1"],
)


def near(value):
    return pytest.approx(value, abs=1e-9)


def play(network, scenario: Scenario) -> Run:
    return run(grown(network, scenario), scenario)


def test_a_new_plant_sells_from_its_month_on(tmp_path):
    # 60 a year are 5 a month, half of Korea's need.
    found = play(OPEN.network(tmp_path), stop().plus(NewCapacity("JPN", "magnet", 60, "2025-04")))
    assert found.monthly("adaptive", CARS).tolist() == near([0] * 3 + [0.5] * 9)
    assert found.loss("planner", CARS) == near(7.5 / 12)
    assert found.monthly("frozen", CARS).tolist() == [0] * 12


def test_it_grows_along_its_ramp(tmp_path):
    # From March, ten months to 5 a month, read at mid-month.
    plant = NewCapacity("JPN", "magnet", 60, "2025-03", 10)
    found = play(OPEN.network(tmp_path), stop().plus(plant))
    ramp = [0.5 * (k + 0.5) / 10 for k in range(10)]
    assert found.monthly("adaptive", CARS).tolist() == near([0] * 2 + ramp)


def test_it_stands_beside_the_plants_of_the_pack(tmp_path):
    # Japan's own project makes half of Korea's need from April on, the scenario's the rest.
    network = OPEN.but(projects=["one JPN magnet 60 2025-04"]).network(tmp_path)
    found = play(network, stop().plus(NewCapacity("JPN", "magnet", 60, "2025-07")))
    assert found.monthly("adaptive", CARS).tolist() == near([0] * 3 + [0.5] * 3 + [1] * 6)


def test_it_needs_its_inputs(tmp_path):
    # A tonne of oxide a magnet; Japan has 2 a month to spare, a fifth of Korea's need.
    plant = NewCapacity("JPN", "magnet", 60, "2025-04")
    found = play(SMELTER.network(tmp_path), stop().plus(plant))
    assert found.monthly("adaptive", CARS) == pytest.approx([0] * 3 + [0.2] * 9, abs=1e-3)


@pytest.mark.parametrize("lines", [OPEN, SMELTER], ids=["component", "with inputs"])
@pytest.mark.parametrize("capacity", [12, 60, 240])
@pytest.mark.parametrize("ramp", [0, 7])
def test_it_is_a_certain_row_of_projects(tmp_path, lines, capacity, ramp):
    row = f"one JPN magnet {capacity} 2025-03 ramp_months={ramp}"
    as_row = run(lines.but(projects=[row]).network(tmp_path), stop())
    plant = NewCapacity("JPN", "magnet", capacity, "2025-03", ramp)
    as_said = play(lines.network(tmp_path), stop().plus(plant))
    assert as_said.ids() == as_row.ids()
    assert np.array_equal(as_said.adaptive.output, as_row.adaptive.output)
    assert as_said.loss("planner", CARS) == near(as_row.loss("planner", CARS))


def test_no_draw_moves_it_and_none_is_asked_for(tmp_path):
    scenario = stop().plus(NewCapacity("JPN", "magnet", 60, "2025-04"))
    network, recorder = grown(OPEN.network(tmp_path), scenario), Recorder()
    run(network, scenario, recorder)
    assert not [f for f in recorder.asked.values() if f.row and f.row.table == "projects"]
    added = run(network, scenario, Sample(8, 1)).compiled.arrays.projects.added
    assert (added == added[:, :, :1]).all()


def test_a_scenario_without_new_plants_is_played_on_the_network_itself(tmp_path):
    network = OPEN.network(tmp_path)
    assert grown(network, stop().plus(StockRelease("KOR", "magnet", 60))) is network


def test_what_stands_today_keeps_its_place(tmp_path):
    network = SMELTER.but(projects=["one KOR oxide 12 2026-01"]).network(tmp_path)
    wider = grown(network, stop().plus(NewCapacity("KOR", "magnet", 60, "2025-04")))
    today = [n for n in network.nodes if not n.planned]
    assert list(wider.nodes[: len(today)]) == today
    assert wider.present_slots == network.present_slots
    assert [p.row["project"] for p in wider.projects] == ["one", "scenario_3"]
    assert wider.tables.sha256 == network.tables.sha256


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ({"capacity": 0}, "capacity: 0 is not above 0 and finite"),
        ({"capacity": float("nan")}, "capacity: nan is not above 0 and finite"),
        ({"ramp_months": -1}, "ramp_months: -1 is not between 0 and 120"),
        ({"start": ""}, "start: '' is not a month; write it as 2025-04"),
        ({"start": "soon"}, "start: 'soon' is not a month; write it as 2025-04"),
    ],
)
def test_a_plant_that_no_scenario_may_have_is_refused(words, line):
    plant = NewCapacity(
        **{"country": "JPN", "product": "magnet", "capacity": 1} | {"start": "2025-01"} | words
    )
    with pytest.raises(ScenarioError) as refusal:
        check(stop().plus(plant))
    assert str(refusal.value) == f"new capacity in JPN: {line}"


@pytest.mark.parametrize(
    ("country", "product", "kind", "said"),
    [
        ("JPN", "cars", ScenarioError, "is not a product that a new plant can make"),
        ("JPN", "magnt", UnknownNameError, "magnt"),
        ("Atlantis", "magnet", UnknownNameError, "Atlantis"),
    ],
)
def test_a_plant_of_an_unknown_place_or_product_is_refused(tmp_path, country, product, kind, said):
    with pytest.raises(kind, match=said):
        play(OPEN.network(tmp_path), stop().plus(NewCapacity(country, product, 1, "2025-01")))


def test_a_network_that_was_not_grown_is_refused_rather_than_played_without_the_plant(tmp_path):
    with pytest.raises(ScenarioError, match="this command cannot use it"):
        run(OPEN.network(tmp_path), stop().plus(NewCapacity("JPN", "magnet", 60, "2025-04")))


def test_a_result_tells_of_it(tmp_path):
    plants = [NewCapacity("JPN", "magnet", 60, "2025-04"), NewCapacity("USA", "bolt", 6, "2025-04")]
    network = OPEN.network(tmp_path)
    result = simulate(
        World(network), stop().plus(*plants), effort=Effort(planner=False, band=False)
    )
    said = result.as_dict()
    assert [m["kind"] for m in said["scenario"]["mitigations"]] == ["new_capacity"] * 2
    first, second = [a for a in said["assumptions"] if " builds " in a]
    assert first == "JPN builds 60 t a year of magnet from 2025-04 on, certain and on time"
    assert second.endswith("nothing restricted needs it")


PLANT = {"kind": "new_capacity", "country": "JPN", "product": "magnet", "start": "2025-04"}


def file(**mitigation: object) -> dict[str, object]:
    what = {"actor": "China", "products": ["magnet"]}
    return {"id": "t", "title": "t", "restriction": [what], "mitigation": [mitigation]}


def test_a_file_may_hold_a_plant():
    scenario = parse_scenario(file(**PLANT, capacity=60, ramp_months=6))
    assert scenario.capacities == (NewCapacity("JPN", "magnet", 60, "2025-04", 6),)
    assert scenario.mitigations == ()


@pytest.mark.parametrize(
    ("mitigation", "lines"),
    [
        (PLANT, ["mitigation.1.capacity: is missing"]),
        (
            PLANT | {"capacity": 1, "capcity": 2},
            ["mitigation.1.capcity: unknown key. Did you mean 'capacity'?"],
        ),
        ({"country": "JPN"}, ["mitigation.1.kind: is missing"]),
        (
            {"kind": "stock_release", "country": "KOR", "product": "magnet", "dayz": 1},
            [
                "mitigation.1.days: is missing",
                "mitigation.1.dayz: unknown key. Did you mean 'days'",
            ],
        ),
    ],
)
def test_a_plant_of_a_file_is_refused_by_place_and_key(mitigation, lines):
    with pytest.raises(ScenarioError) as refusal:
        parse_scenario(file(**mitigation))
    found = str(refusal.value).splitlines()
    assert len(found) == len(lines)
    assert all(f.startswith(f"scenario: {line}") for f, line in zip(found, lines, strict=True))
