"""The best that could be done, worked out by hand, and the certificate of an answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from worlds import CARS, LINK, restriction, run, several, stop, with_stock, world

from supplychain.errors import SolverError
from supplychain.model.planner import plan
from supplychain.model.programme import Linear
from supplychain.model.solver import certificate
from supplychain.model.subgraph import units_of
from supplychain.scenario import Range, StockRelease


def near(value):
    return pytest.approx(value, abs=1e-7)


# Optima by hand -----------------------------------------------------------------------------------

SPARE = LINK.but(
    processors=["CHN magnet 60", "JPN magnet 60 capacity=84"],
    trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
)


@pytest.mark.parametrize(
    ("constants", "loss"),
    [
        ({}, 0.5),  # nobody gets more than usual from Japan
        ({"access_ceiling": 1.2}, 0.4),  # 6 instead of 5 of 10 a month
        ({"access_ceiling": 3}, 0.3),  # all that Japan can make: 7
    ],
)
def test_a_supplier_with_spare_replaces_a_banned_one_as_far_as_it_may(tmp_path, constants, loss):
    found = run(SPARE.but(constants=constants).network(tmp_path), stop())
    assert found.loss("planner", CARS) == near(loss)


@pytest.mark.parametrize(
    ("severity", "months", "loss"),
    [(0.4, 12, 0), (0.5, 12, 0.05), (1, 6, 0.15), (1, 12, 0.3)],
)
def test_spare_capacity_covers_a_mild_restriction_whole(tmp_path, severity, months, loss):
    # Japan can make up for 2 of the 5 that China ships: 0.2 of the need.
    found = run(
        SPARE.but(constants={"access_ceiling": 3, "catch_up_capacity": 1}).network(tmp_path),
        stop(severity=severity, months=months),
    )
    assert found.loss("planner", CARS) == near(loss)


def test_what_is_stocked_before_it_is_missed_comes_from_a_supplier_with_spare(tmp_path):
    # China stops from July on. Japan makes 2 more of 10 in each month of the year: 24 of the 30
    # that are missing; the sixth part of the half year's output is lost, and nothing can be caught
    # up.
    late = several(restriction("CHN", "magnet", start="2025-07", months=6), horizon=12)
    network = SPARE.but(constants={"access_ceiling": 3, "catch_up_capacity": 1}).network(tmp_path)
    found = run(network, late)
    assert found.loss("planner", CARS) == near(6 / 120)
    assert found.loss("adaptive", CARS) == near(18 / 120)  # only once magnets are missing


@pytest.mark.parametrize(
    ("days", "rate", "lag", "loss"),
    [
        (60, 30, 0, 10 / 12),  # two months' worth
        (60, 30, 6, 10 / 12),
        (60, 30, 11, 11 / 12),  # only the last month's release is in time
        (60, 30, 12, 1),
        (360, 15, 0, 0.5),
        (360, 15, 4, 1 - 8 * 0.5 / 12),
        (15, 30, 0, 11.5 / 12),
    ],
)
def test_a_public_stock_is_worth_what_can_be_released_in_time(tmp_path, days, rate, lag, loss):
    found = run(LINK.network(tmp_path), stop().plus(StockRelease("KOR", "magnet", days, rate, lag)))
    assert found.loss("planner", CARS) == near(loss)


@pytest.mark.parametrize(
    ("capacity", "months", "loss"),
    [
        (1.14, 1, 0),  # a month comes back within 1 / 0.14 = 7.1 months
        (1.14, 6, 5.16 / 12),  # 6 - 6 x 0.14
        (1, 6, 0.5),
        (1.5, 4, 0),  # 8 x 0.5 = 4
        (1.5, 5, 1.5 / 12),  # 7 x 0.5 = 3.5 of 5
        (1.5, 12, 1),
    ],
)
def test_what_is_missed_is_caught_up_within_the_capacity_to_do_so(tmp_path, capacity, months, loss):
    tiny = LINK.but(
        constants={"catch_up_capacity": capacity, "queue_cap_months": 12, "access_ceiling": 2}
    )
    found = run(tiny.network(tmp_path), stop(months=months))
    assert found.loss("planner", CARS) == near(loss)


@pytest.mark.parametrize(("severity", "loss"), [(0, 0.9), (0.5, 0.95), (1, 1)])
def test_a_new_supplier_may_be_restricted_too(tmp_path, severity, loss):
    # Korea could have a fifth of the 60 that Japan has to spare, 12 of 120, as far as Japan lets
    # them go.
    tiny = LINK.but(
        processors=["CHN magnet 120", "JPN magnet 60 capacity=120"],
        other_uses=["JPN magnet 1"],
        trade=["CHN KOR magnet 1", "JPN JPN magnet 1"],
        constants={"new_supplier_share": 0.2},
    )
    both = several(
        restriction("CHN", "magnet"), restriction("JPN", "magnet", severity=Range.of(severity))
    )
    found = run(tiny.network(tmp_path), both)
    assert [found.loss(case, CARS) for case in ("planner", "adaptive")] == near([loss, loss])


def test_nobody_makes_in_advance_what_is_not_ordered(tmp_path):
    # All twelve months are known, and still no car leaves before it was ordered.
    late = several(restriction("CHN", "magnet", start="2025-10", months=3), horizon=12)
    found = run(LINK.but(constants={"access_ceiling": 2}).network(tmp_path), late)
    made = np.cumsum(found.monthly("planner", CARS))
    assert (made <= np.arange(1, 13) + 1e-7).all()


HOST = world(
    products=["zinc_ore mine", "zinc refine", "germanium refine", "optics industry"],
    producers=["AUS zinc_ore 1200"],
    processors=["CHN zinc 1200", "CHN germanium 120"],
    industries=["KOR optics 120"],
    segments=["* optics all 1"],
    recipes=["zinc zinc_ore 1", "germanium zinc 0.2 relation=host", "optics/all germanium 1"],
    trade=["AUS CHN zinc_ore 1", "CHN KOR germanium 1"],
)
"""240 of germanium could come off the zinc, 120 do: a ratio of 2."""


@pytest.mark.parametrize(
    ("severity", "loss"), [(0.5, 0), (0.6, 0.2), (0.75, 0.5), (0.8, 0.6), (1, 1)]
)
def test_a_by_product_falls_with_its_host_below_the_ratio_of_what_is_recovered(
    tmp_path, severity, loss
):
    # Zinc at 1 - s allows 2 x (1 - s) of germanium.
    found = run(HOST.network(tmp_path), stop("AUS", "zinc_ore", severity=severity))
    assert found.loss("planner", "KOR:optics/all") == near(loss)


def test_two_sectors_that_share_a_supplier_share_its_spare(tmp_path):
    # Japan can make 84 for two sectors of 60. Each alone may have all of its need (what the other
    # would have got is its to give up); both together miss 36.
    two = LINK.but(
        products=["magnet component", "cars industry", "parts industry"],
        processors=["CHN magnet 60", "JPN magnet 60 capacity=84"],
        industries=["KOR cars 60", "KOR parts 60"],
        segments=["* cars all 1", "* parts all 1"],
        recipes=["cars/all magnet 1", "parts/all magnet 1"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
        constants={"access_ceiling": 3},
    )
    found = run(two.network(tmp_path), stop())
    parts = "KOR:parts/all"
    assert [found.loss("planner", n) for n in (CARS, parts)] == near([0, 0])
    both = found.plan(CARS, parts)
    assert (1 - both.output.mean(axis=(0, 2))).sum() * 60 == near(36)
    # Where a car is worth twice as much, cars come first: 24 are left for parts.
    targets = np.array([found.at(CARS), found.at(parts)])
    dear = plan(found.compiled.arrays, targets, np.array([2.0, 1.0]))
    assert (1 - dear.output.mean(axis=(0, 2))).tolist() == near([0, 0.6])


def test_only_the_ratio_of_the_values_counts(tmp_path):
    found = run(SPARE.network(tmp_path), stop())
    targets = np.array([found.at(CARS)])
    small, large = (
        plan(found.compiled.arrays, targets, np.array([v])).output for v in (1e-6, 1e12)
    )
    assert (1 - small).mean() == near(0.5)
    assert (1 - large).mean() == near(0.5)


def test_the_plants_of_an_industry_keep_their_own_stocks(tmp_path):
    # Three plants with half a month, one and two: of two months they lose 1.5, 1 and nothing, for
    # no stock goes to a neighbour.
    tiny = with_stock(30).but(
        stocks=["* * * 30 low=11.976896 high=75.144681"], constants={"cover_bins": 3}
    )
    found = run(tiny.network(tmp_path), stop(months=2))
    assert found.plan(CARS).output.shape == (12, 1, 3)
    assert found.loss("planner", CARS) == pytest.approx((1.5 + 1 + 0) / 36, abs=1e-5)


def test_the_programme_holds_what_reaches_its_targets_and_splits_final_nodes_only(tmp_path):
    chain = world(
        products=["oxide refine", "magnet component", "cars industry", "lamps industry"],
        processors=["CHN oxide 240", "KOR magnet 120"],
        industries=["KOR cars 120", "KOR lamps 120"],
        segments=["* cars all 1", "* lamps all 1"],
        recipes=["magnet oxide 1", "cars/all magnet 1", "lamps/all oxide 1"],
        constants={"cover_bins": 2},
    )
    found = run(chain.network(tmp_path), stop(item="oxide"))
    units = units_of(found.compiled.arrays, np.array([found.at(CARS)]))
    names = found.ids()
    held = list(zip([names[n] for n in units.node], units.bin.tolist(), strict=True))
    assert held == [("CHN:oxide", -1), ("KOR:magnet", -1), (CARS, 0), (CARS, 1)]
    assert units.size.tolist() == [1, 1, 0.5, 0.5]


def test_an_input_that_never_binds_is_left_out_of_the_programme(tmp_path):
    found = run(
        LINK.but(recipes=["cars/all magnet 1 non_critical"]).network(tmp_path),
        several(restriction("CHN", "magnet", severity=Range.of(1))),
    )
    assert units_of(found.compiled.arrays, np.array([found.at(CARS)])).slot.size == 0
    assert found.loss("planner", CARS) == near(0)


# The certificate ----------------------------------------------------------------------------------

SMALL = Linear(
    np.array([-1.0, -2.0]),
    sparse.csr_array(np.array([[1.0, 1.0]])),
    np.array([3.0]),
    np.zeros(2),
    np.array([9.0, 2.0]),
)
"""Most of x + 2 y with x + y <= 3, x <= 9 and y <= 2: x = 1, y = 2, worth 5; a price of 1."""


@pytest.mark.parametrize(
    ("x", "price", "primal", "dual", "gap"),
    [
        ((1, 2), -1, 0, 0, 0),
        ((1.5, 2), -1, 0.5, 0, 0.5 / 6.5),  # too much of the row: worth 5.5 against a bound of 5
        ((0.5, 2.5), -1, 0.5, 0, 0.5 / 6.5),  # above a bound
        ((-1, 2), -1, 1, 0, 2 / 4),  # below zero: worth 3
        ((1, 1), -1, 0, 0, 2 / 4),  # feasible and not the best
        # At 0.5 the row is worth 1.5, x is 0.5 short of its cost (9 of it), y 1.5 (2 of it).
        ((1, 2), -0.5, 0, 0, (1.5 + 4.5 + 3 - 5) / 6),
        ((1, 2), -2, 0, 0, 1 / 6),  # 6 for the row, nothing for the bounds
        ((1, 2), 1, 0, 1, (-3 + 18 + 6 - 5) / 6),  # a price of the wrong sign
    ],
)
def test_a_certificate_measures_each_part_of_an_answer(x, price, primal, dual, gap):
    found = certificate(SMALL, np.array(x, dtype=float), np.array([float(price)]))
    assert found == near((primal, dual, gap))


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ((1e-6, 0, 0), "feasibility 1e-06, duality 0, gap 0"),
        ((0, 2e-5, 0), "feasibility 0, duality 2e-05, gap 0"),
        ((0, 0, 0.3), "feasibility 0, duality 0, gap 0.3"),
        ((float("nan"), 0, 0), "feasibility nan"),
        ((0, float("nan"), 0), "duality nan"),
        ((0, 0, float("nan")), "gap nan"),
    ],
)
def test_one_failing_part_is_enough_to_refuse_and_is_named(tmp_path, monkeypatch, part, said):
    found = run(with_stock(30).network(tmp_path), stop(months=3))
    monkeypatch.setattr("supplychain.model.solver.certificate", lambda *_: part)
    with pytest.raises(SolverError, match=r"fails its certificate") as caught:
        found.plan(CARS)
    assert said in str(caught.value)
