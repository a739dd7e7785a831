"""Whom suppliers serve first: worlds worked by hand, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import run, stop, world

from supplychain.errors import ScenarioError
from supplychain.run import Run
from supplychain.scenario import Priority, StockRelease
from supplychain.scenario_file import parse_scenario

# Japan makes 12 magnets a month out of oxide from China: 3 for missiles at home, 3 for cars at home
# and 6 for cars in Korea. Missiles are their own industry; a quarter of Korean cars stay at home.
MAKERS = world(
    products=[
        "oxide refine mineral=element",
        "magnet component",
        "missiles industry",
        "cars industry",
    ],
    processors=["CHN oxide 144", "JPN magnet 144"],
    industries=["JPN missiles 36", "JPN cars 36", "KOR cars 72 exports_usd=54000000"],
    segments=["* missiles all 1", "* cars all 1"],
    recipes=[
        "magnet oxide 1 critical",
        "missiles/all magnet 1 critical",
        "cars/all magnet 1 critical",
    ],
    trade=["CHN JPN oxide 1", "JPN JPN magnet 1", "JPN KOR magnet 1"],
)
MISSILES, CARS, KOREA = "JPN:missiles/all", "JPN:cars/all", "KOR:cars/all"


def near(value):
    return pytest.approx(value, abs=1e-9)


def serve(scenario, *order, country="*"):
    return replace(scenario, priorities=(Priority(order, country),))


def made(tmp_path, scenario, case="frozen"):
    found = run(MAKERS.network(tmp_path), scenario)
    return [found.monthly(case, node)[0] for node in (MISSILES, CARS, KOREA)]


def test_without_an_order_all_get_the_same_share(tmp_path):
    assert made(tmp_path, stop(item="oxide", severity=0.5)) == near([0.5] * 3)


def test_classes_are_served_in_turn(tmp_path):
    # Half of 12 magnets: 3 for missiles, then 3 for Japanese cars, and nothing for Korea.
    half = stop(item="oxide", severity=0.5)
    assert made(tmp_path, serve(half, "missiles", "domestic")) == near([1, 1, 0])
    # With 8.4 magnets Korea gets the 2.4 that are left.
    assert made(tmp_path, serve(stop(item="oxide", severity=0.3), "missiles", "domestic")) == near(
        [1, 1, 0.4]
    )
    # Customers abroad first: all six go to Korea.
    assert made(tmp_path, serve(half, "export")) == near([0, 0, 1])


def test_an_order_binds_the_suppliers_of_its_country_only(tmp_path):
    half = stop(item="oxide", severity=0.5)
    assert made(tmp_path, serve(half, "missiles", country="KOR")) == near([0.5] * 3)
    own = replace(half, priorities=(Priority(("export",)), Priority(("missiles",), "JPN")))
    # Missiles first; cars share what is left, 3 of 9.
    assert made(tmp_path, own) == near([1, 1 / 3, 1 / 3])


def test_exports_are_what_is_lost_last_or_first(tmp_path):
    # Korea makes half of its cars. Three quarters are exported: with customers at home first, a
    # quarter is left for exports, a third of theirs; with exports first two thirds of theirs.
    network = MAKERS.network(tmp_path)
    half = stop(item="oxide", severity=0.5)
    for order, lost in ((("domestic",), 2 / 3), (("export",), 1 / 3), ((), 0.5)):
        scenario = serve(half, *order, country="KOR") if order else half
        found = run(network, scenario)
        played = Run.of(network, found.resolved)
        (cars,) = [s for s in played.sectors if s.country == "KOR" and s.sector == "cars"]
        for case in ("frozen", "adaptive"):
            assert played.loss(cars, case) == near(lost)
        if order == ("export",):
            # The planner may leave the home market and all other users empty.
            assert found.plan(KOREA).output.mean() >= 2 / 3


def test_an_ally_named_by_a_release_gets_its_share(tmp_path):
    # Japan is not stopped, so that its own plants need nothing.
    lent = stop(item="magnet", actor="JPN", to=["KOR"]).plus(
        StockRelease("JPN", "magnet", 60, 30, 0, ("KOR",), 0.5)
    )
    found = run(MAKERS.network(tmp_path), lent)
    # Japan uses 6 a month: 30 days are 6, half of them are 3 of Korea's 6. Stocks of 12 last four.
    assert found.monthly("adaptive", KOREA).tolist() == near([0.5] * 4 + [0] * 8)


def test_a_file_may_state_an_order(tmp_path):
    file = {
        "id": "turns",
        "title": "Turns",
        "restriction": [{"actor": "CHN", "products": ["oxide"], "kind": "ban", "severity": 0.5}],
        "priority": [{"order": ["missiles", "domestic"]}],
    }
    assert made(tmp_path, parse_scenario(file)) == near([1, 1, 0])


@pytest.mark.parametrize(
    ("priorities", "said"),
    [
        ([{"order": []}], "name whom suppliers serve first"),
        ([{"order": ["missiles", "missiles"]}], "stands in it twice"),
        ([{"order": ["export"]}, {"order": ["domestic"]}], "has two orders"),
        ([{"order": ["export"], "land": "KOR"}], "unknown key"),
    ],
)
def test_impossible_orders_are_refused(priorities, said):
    file = {
        "id": "turns",
        "title": "Turns",
        "restriction": [{"actor": "CHN", "products": ["oxide"]}],
        "priority": priorities,
    }
    with pytest.raises(ScenarioError, match=said):
        parse_scenario(file)


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ([(("export",), "JPN"), (("domestic",), "land of JPN")], "country: 'JPN' has two orders"),
        ([(("cars", "Cars"), "*")], "order: 'cars' stands in it twice"),
    ],
)
def test_two_names_of_the_same_thing_are_one(tmp_path, orders, said):
    twice = replace(stop(item="oxide"), priorities=tuple(Priority(*order) for order in orders))
    with pytest.raises(ScenarioError, match=said):
        run(MAKERS.network(tmp_path), twice)


def test_an_unknown_class_is_named_with_what_is_near(tmp_path):
    network = MAKERS.network(tmp_path)
    with pytest.raises(ScenarioError, match="missile"):
        run(network, serve(stop(item="oxide"), "misiles"))
