"""Severities, foresight, priority and values with names, on the shipped pack and small worlds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import LINK, restriction, several, stop

import supplychain as sc
from supplychain.errors import ScenarioError
from supplychain.model.solver import Family
from supplychain.scenario import Priority
from supplychain.world import World

QUICK = sc.Effort(band=False)


def near(value):
    return pytest.approx(value, abs=1e-7)


@pytest.fixture
def link(tmp_path):
    """China makes 10 magnets a month; Korea makes 10 cars of one magnet each, without stock."""
    constants = {"catch_up_capacity": 1, "headline_d_threshold": 0.5}
    return World(LINK.but(constants=constants).network(tmp_path))


TWO = LINK.but(
    products=["magnet component", "cars industry", "parts industry"],
    processors=["CHN magnet 60", "JPN magnet 60 capacity=84"],
    industries=["KOR cars 60", "KOR parts 60"],
    segments=["* cars all 1", "* parts all 1"],
    recipes=["cars/all magnet 1", "parts/all magnet 1"],
    trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
    constants={"access_ceiling": 3},
)
"""Japan can make 84 for two sectors of 60."""


def test_a_path_of_severities_on_a_line_costs_two_solves(link, monkeypatch):
    solved, solve = [], Family.solve
    monkeypatch.setattr(Family, "solve", lambda *a: solved.append(1) or solve(*a))
    table = sc.severity_path(link, stop(), [0.9, 0.1, 0.5, 0.3, 0.5], ["KOR"])
    cars = table[table.sector == "cars"]
    assert cars.severity.tolist() == [0.1, 0.3, 0.5, 0.9]
    assert cars.loss_share.tolist() == near([0.1, 0.3, 0.5, 0.9])
    assert cars.loss_usd.tolist() == pytest.approx([12e6, 36e6, 60e6, 108e6])
    assert table[table.sector == ""].loss_share.tolist() == near([0.1, 0.3, 0.5, 0.9])
    assert len(solved) == 2


def test_a_path_agrees_with_whole_runs():
    world = sc.load()
    given = sc.restrict("China", ["dysprosium"], kind="licence", severity=0.6, focus=("KOR",))
    table = sc.severity_path(world, given, [0.6, 1.0]).set_index(["sector", "severity"])
    for severity in (0.6, 1.0):
        harder = replace(given.restrictions[0], severity=sc.Range.of(severity))
        result = sc.simulate(world, replace(given, restrictions=(harder,)), effort=QUICK)
        for loss in result.losses:
            assert table.loss_share[loss.sector, severity] == near(loss.share["planner"])
        assert table.loss_share["", severity] == near(result.totals[0].share["planner"])


@pytest.mark.parametrize("severities", [[], [0.5, 1.2], [-0.1]])
def test_severities_are_shares(link, severities):
    with pytest.raises(ScenarioError, match="numbers from 0 to 1"):
        sc.severity_path(link, stop(), severities, ["KOR"])


def test_foresight_is_worth_what_it_saves(tmp_path):
    # As in tests/test_planner.py: 18 of 120 are lost from hand to mouth, 6 with full foresight.
    spare = LINK.but(
        processors=["CHN magnet 60", "JPN magnet 60 capacity=84"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
        constants={"access_ceiling": 3, "catch_up_capacity": 1},
    )
    late = several(restriction("CHN", "magnet", start="2025-07", months=6), horizon=12)
    table = sc.foresight(World(spare.network(tmp_path)), late, ["KOR"], months=(1, 2))
    assert table.foresight_months.tolist() == [1, 2, 12]
    assert (table.loss_share * 120).tolist() == pytest.approx([18, 16, 6], abs=1e-5)
    assert (table.information_usd / 1e6).tolist() == pytest.approx([12, 10, 0], abs=1e-5)
    with pytest.raises(ScenarioError, match="number of months from 1"):
        sc.foresight(World(spare.network(tmp_path)), late, ["KOR"], months=(0,))


def test_a_country_serves_its_sectors_in_the_order_of_the_scenario(tmp_path):
    world = World(TWO.network(tmp_path))
    both = sc.serve_in_order(world, stop(), ["KOR"])
    assert both.place.tolist() == [1, 1]
    assert both.loss_usd.sum() == pytest.approx(36e6, rel=1e-6)
    for first, last in (("cars", "parts"), ("parts", "cars")):
        ordered = replace(stop(), priorities=(Priority((first,), "KOR"),))
        table = sc.serve_in_order(world, ordered, ["KOR"]).set_index("sector")
        assert table.place.to_dict() == {first: 1, last: 2}
        assert table.loss_share[first] == pytest.approx(0, abs=1e-5)
        assert table.loss_share[last] == pytest.approx(0.6, abs=1e-5)


def test_values_name_what_is_worth_most(link):
    # One more of 10 magnets a month makes one more car of a million USD.
    result = sc.simulate(link, replace(stop(severity=0.5), focus=("KOR",)), effort=QUICK)
    values = {v.kind: v for v in result.totals[0].worth}
    assert set(values) == {"licence"}  # there is no stock of which to hold one percent more
    best = values["licence"]
    assert (best.what, best.unit) == ("CHN:magnet > KOR:cars/all", "t")
    assert best.usd_per_unit == pytest.approx(1e6)
    assert best.usd_per_percent == pytest.approx(0.1e6)
    found = result.as_dict()["planner_values"]
    assert found == [{"country": "KOR", "values": [best.as_dict()]}]
