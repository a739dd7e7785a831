"""The best that could be done, worked out by hand, and the certificate of an answer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from random_arrays import EVERYTHING, random_arrays
from scipy import sparse
from scipy.optimize import linprog
from worlds import CARS, LINK, restriction, run, several, stop, with_stock, world

from supplychain.errors import SolverError
from supplychain.model.adaptive import adaptive
from supplychain.model.arrays import (
    Arrays,
    Block,
    Flows,
    Limits,
    Nodes,
    Openings,
    Projects,
    Regimes,
    Slots,
    Source,
    Technologies,
)
from supplychain.model.foresight import losses, rolling
from supplychain.model.frozen import frozen
from supplychain.model.margins import margins
from supplychain.model.planner import lexicographic, path, plan
from supplychain.model.production import elastic_output
from supplychain.model.programme import Linear, Programme
from supplychain.model.reduction import reduced
from supplychain.model.solver import Family, certificate
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


# Every mechanism ----------------------------------------------------------------------------------


def lane(seed):
    """One lane of a random world."""
    return random_arrays(seed, EVERYTHING.but(elasticities=seed % 2 == 1)).take(slice(0, 1))


def loss(output, value):
    """Value-weighted loss of outputs (T, nodes, K)."""
    return float(((1.0 - output.mean(axis=(0, 2))) * value).sum() / value.sum())


def lost_in_cases(arrays, targets, value):
    """The same in the simulated cases; nobody gains."""
    outcomes = (adaptive(arrays), frozen(arrays))
    return [max(0.0, loss(outcome.delivered[:, targets, 0], value)) for outcome in outcomes]


def hold_on(seed):
    """The planner's laws on one random world, for all its final nodes and for each."""
    arrays = lane(seed)
    final = np.flatnonzero(arrays.nodes.final)
    for targets in (final, *(final[k : k + 1] for k in range(final.size))):
        value = arrays.nodes.base[targets]
        best = plan(arrays, targets, value)
        lost = loss(best.output, value)
        assert -1e-7 <= lost <= min(lost_in_cases(arrays, targets, value)) + 1e-7
        # What was left out as ample changes nothing: the whole programme, by the other method.
        whole = linprog(
            best.linear.cost,
            A_ub=best.linear.matrix,
            b_ub=best.linear.right,
            bounds=np.stack([best.linear.low, best.linear.high], axis=1),
            method="highs-ipm",
        )
        assert best.linear.cost @ best.optimum.x == near(whole.fun)


@pytest.mark.parametrize("seed", range(16))
def test_the_planner_is_a_bound_with_every_mechanism_and_independent_of_the_solver(seed):
    hold_on(seed)


@pytest.mark.slow
def test_the_planner_is_a_bound_on_many_random_worlds():
    for seed in range(16, 1000):
        hold_on(seed)


def two_nodes(months=4, capacity=1.0, ceiling=0.0, bins=1):
    """A supplier of 10 a month, wholly under a measure, and a final node that uses 10."""
    one, none = np.ones(1), np.zeros(0)
    index, nobody = np.array([0]), np.zeros(0, dtype=np.int64)
    table = np.broadcast_to(np.asarray(ceiling, dtype=float), (months, 1, 1, bins)).copy()
    return Arrays(
        months, bins, 1,
        blocks=(
            Block(slice(0, 1), slice(0, 0), slice(0, 1), slice(0, 0)),
            Block(slice(1, 2), slice(0, 1), slice(1, 1), slice(0, 0)),
        ),
        nodes=Nodes(
            np.array([10.0, 10.0]), np.ones(2), np.array([[capacity], [1.0]]),
            np.array([False, True]), np.array([-1, -1]), np.ones(2),
            np.array([0, 0]), np.zeros(2), np.ones(2),
        ),
        slots=Slots(
            np.array([1]), np.array([10.0]), one, np.array([True]), np.ones((1, 1)),
            np.full((1, 1), np.nan), np.full((1, 1), np.nan), one, np.zeros((1, 1, bins)),
            np.zeros((1, 1)), np.zeros(1), np.zeros(1),
        ),
        flows=Flows(index, index, np.ones((1, 1)), np.array([10.0]), index, index, index),
        openings=Openings(nobody, nobody, nobody, np.zeros((0, 1)), nobody, nobody, nobody),
        regimes=Regimes(table, table),
        technologies=Technologies(nobody, np.zeros((0, 1)), none, none, nobody, nobody, none),
        projects=Projects(nobody, np.zeros((months, 0, 1))),
        sources=(),
        limits=Limits(one, one, one, np.zeros(1), np.full(1, np.inf), one, one, 1, 0),
    )  # fmt: skip


USER = np.array([1])


def least(arrays):
    """Least loss of the final node."""
    return loss(plan(arrays, USER, np.ones(1)).output, np.ones(1))


def test_an_alternative_makes_what_its_ramp_allows():
    # 3 per year from the first month on, at most 0.5: 0.125, 0.375, 0.5, 0.5 of four months.
    none = np.zeros(0, dtype=np.int64)
    other = Technologies(
        USER, np.full((1, 1), 3.0), np.array([0.5]), np.zeros(1), none, none, np.zeros(0)
    )
    assert least(replace(two_nodes(), technologies=other)) == near(1 - 1.5 / 4)
    # The same of an input that it draws twice, of which 0.6 a month arrive: never above 0.3.
    uses = replace(other, use_technology=USER - 1, use_slot=USER - 1, use_factor=np.array([2.0]))
    arrays = two_nodes(ceiling=0.6)
    assert least(arrays) == near(0.4)
    assert least(replace(arrays, technologies=uses)) == near(0.4)  # the main one needs half of it


def test_an_alternative_saves_an_input_of_which_it_draws_less():
    # 0.3 a month arrive. Half as much for an alternative of at most 0.4: 0.2 of the input for it
    # and 0.1 for the main technology make 0.5.
    half = Technologies(
        USER, np.full((1, 1), 99.0), np.array([0.4]), np.zeros(1),
        np.array([0]), np.array([0]), np.array([0.5]),
    )  # fmt: skip
    assert least(replace(two_nodes(ceiling=0.3), technologies=half)) == near(0.5)


def test_new_capacity_counts_from_the_month_in_which_it_comes_on():
    # A plant yet to be built, which may sell a tenth a month over an opening from the third month
    # on: 0.25 x 10 in two months of four.
    old = two_nodes()
    nodes = Nodes(
        np.array([10.0, 10.0, 10.0]), np.array([1.0, 0.0, 1.0]), np.array([[1.0], [0.0], [1.0]]),
        np.array([False, False, True]), np.full(3, -1), np.ones(3),
            np.zeros(3, dtype=np.int64), np.zeros(3), np.ones(3),
    )  # fmt: skip
    added = np.array([0.0, 0.0, 0.25, 0.25])[:, None, None]
    zero = np.array([0])
    arrays = replace(
        old,
        blocks=(
            Block(slice(0, 2), slice(0, 0), slice(0, 1), slice(0, 1)),
            Block(slice(2, 3), slice(0, 1), slice(1, 1), slice(1, 1)),
        ),
        nodes=nodes,
        slots=replace(old.slots, node=np.array([2])),
        openings=Openings(USER, zero, zero, np.zeros((1, 1)), np.array([-1]), zero, np.array([-1])),
        projects=Projects(USER, added),
    )
    best = plan(arrays, np.array([2]), np.ones(1))
    assert best.output[:, 0, 0] == near([0, 0, 0.25, 0.25])
    assert loss(adaptive(arrays).output[:, 2:], np.ones(1)) == near(1 - 0.5 / 4)


def test_an_ally_has_a_share_of_each_release_and_recovery_has_no_bottom():
    none = np.zeros(0, dtype=np.int64)
    release = np.full((4, 1), 4.0)
    ally = Source(none, 6.0, release, ((np.array([0]), 0.5),))
    # Half of 4 a month, 6 in all, of 40.
    assert least(replace(two_nodes(), sources=(ally,))) == near(1 - 6 / 40)
    scrap = Source(np.array([0]), np.inf, release, recovers=True)
    assert least(replace(two_nodes(), sources=(scrap,))) == near(1 - 16 / 40)


def test_plants_with_ceilings_of_their_own_keep_them():
    # One plant gets half, the other nothing; no stock goes to a neighbour.
    best = plan(two_nodes(ceiling=[0.5, 0.0], bins=2), USER, np.ones(1))
    assert best.output.mean(axis=(0, 1)) == near([0.5, 0])


def test_elasticities_follow_the_months():
    # From 0 (y = z) towards 1 (y = z^theta): with half the input the tangents at 0.5 touch.
    slots = two_nodes().slots
    soft = replace(
        slots, elasticity=np.zeros((1, 1)), elasticity_long=np.ones((1, 1)),
        cost_share=np.array([0.25]),
    )  # fmt: skip
    arrays = replace(two_nodes(ceiling=0.5), slots=soft)
    sigma = [arrays.elasticity(t, slice(None)) for t in range(4)]
    made = [float(elastic_output(np.array([[0.5]]), s, np.array([[0.25]]))[0, 0]) for s in sigma]
    found = plan(arrays, USER, np.ones(1)).output[:, 0, 0]
    assert found == pytest.approx(np.array(made), abs=1e-6)


def test_own_customers_get_what_others_would_have_got_where_customers_have_turns():
    # The user sells half of its output to another; of the half that it can make, all may go to its
    # own customers: they lose nothing. Without turns, half of the output is lost.
    old = two_nodes(ceiling=0.5)
    more = np.array([0, 1])
    arrays = replace(
        old,
        blocks=(old.blocks[0], Block(slice(1, 2), slice(0, 1), slice(1, 2), slice(0, 0)),
                Block(slice(2, 3), slice(1, 2), slice(2, 2), slice(0, 0))),
        nodes=Nodes(
            np.array([10.0, 10.0, 5.0]), np.ones(3), np.ones((3, 1)),
            np.array([False, True, True]), np.full(3, -1), np.ones(3),
            np.zeros(3, dtype=np.int64), np.zeros(3), np.ones(3),
        ),
        slots=Slots(
            np.array([1, 2]), np.array([10.0, 5.0]), np.ones(2), np.array([True, True]),
            np.ones((2, 1)), np.full((2, 1), np.nan), np.full((2, 1), np.nan), np.ones(2),
            np.zeros((2, 1, 1)), np.zeros((2, 1)), np.zeros(2), np.zeros(2),
        ),
        flows=Flows(more, more, np.ones((2, 1)), np.array([10.0, 5.0]), np.zeros(2, dtype=np.int64),
                    np.array([0, -1]), np.zeros(2, dtype=np.int64)),
    )  # fmt: skip
    assert least(arrays) == near(0.5)
    turns = replace(arrays, flows=replace(arrays.flows, rank=np.array([0, 1])))
    assert least(turns) == near(0)
    assert loss(frozen(turns).delivered[:, USER, 0], np.ones(1)) == near(0)


# What is ample ------------------------------------------------------------------------------------


def test_what_cannot_run_short_is_left_to_no_solver():
    # Without a measure everything is ample but the target itself.
    free = two_nodes(ceiling=np.inf, capacity=1.5)
    programme = Programme(free, units_of(free, USER), USER)
    programme.linear(np.ones(1))
    (kept,) = reduced([programme])
    assert not kept.free[programme.at("flow")].any()
    assert kept.fixed[programme.at("flow")] == near(1)
    assert kept.free[programme.at("output")].tolist() == [[False] * 4, [True] * 4]


# A path of severities -----------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["highspy", "scipy"])
@pytest.mark.parametrize("seed", [1, 5, 9, 16, 19])
def test_a_path_gives_the_losses_of_separate_plans(monkeypatch, solver, seed):
    if solver == "scipy":
        monkeypatch.setattr("supplychain.model.solver.find_spec", lambda _: None)
    else:
        pytest.importorskip("highspy")
    arrays = lane(seed)
    targets = np.flatnonzero(arrays.nodes.final)
    value = arrays.nodes.base[targets]
    variants = [
        replace(arrays, regimes=Regimes(*(t + s * 0.3 for t in (r.ceiling, r.leaky))))
        for r in (arrays.regimes,)
        for s in (4, 3, 2, 1, 0)
    ]
    together = [loss(p.output, value) for p in path(variants, targets, value)]
    alone = [loss(plan(v, targets, value).output, value) for v in variants]
    assert together == near(alone)


def test_a_path_solves_two_points_where_losses_are_a_line(monkeypatch):
    solved = []
    solve = Family.solve
    monkeypatch.setattr(Family, "solve", lambda *a: solved.append(1) or solve(*a))
    variants = [two_nodes(ceiling=c) for c in np.linspace(1, 0, 9)]
    found = [loss(p.output, np.ones(1)) for p in path(variants, USER, np.ones(1))]
    assert found == near(np.linspace(0, 1, 9))
    assert len(solved) == 2


# What one more unit is worth ----------------------------------------------------------------------


def test_a_unit_licensed_or_stocked_is_worth_what_is_made_of_it():
    # Half arrives, nothing is caught up: one more of 10 a month makes a tenth more of a month.
    arrays = two_nodes(ceiling=0.5, capacity=2)
    value = np.array([100.0])  # USD per month of output
    found = margins(plan(arrays, USER, value), value)
    assert found.licensed == near(np.full((1, 4), 10.0))
    assert found.stocked == near([10.0])
    assert found.smelted == near(np.zeros((2, 4)))
    base = 400 * least(arrays)
    more = two_nodes(ceiling=0.6, capacity=2)  # 4 units more
    assert (base - 400 * least(more)) / 4 == near(10)
    held = replace(arrays, slots=replace(arrays.slots, cover=np.full((1, 1, 1), 0.2)))  # 2 units
    assert (base - 400 * least(held)) / 2 == near(10)


def test_a_unit_of_capacity_or_of_a_public_stock_is_worth_what_it_adds():
    # Access twofold, the supplier makes 1.2 (nobody may deliver in advance): a stop of two months
    # is caught up at 0.2 a month in the two that follow.
    ceiling = np.array([0.0, 0.0, np.inf, np.inf])[:, None, None, None]
    arrays = two_nodes(ceiling=ceiling, capacity=1.2)
    limits = replace(arrays.limits, access=np.full(1, 2.0), catch_up=np.full(1, 1.5))
    arrays = replace(arrays, limits=limits)
    value = np.array([100.0])
    assert least(arrays) == near((2 - 0.4) / 4)
    assert margins(plan(arrays, USER, value), value).smelted[0] == near([0, 0, 10, 10])
    stock = replace(arrays, sources=(Source(np.array([0]), 5.0, np.full((4, 1), 9.0)),))
    assert margins(plan(stock, USER, value), value).public == near([10])


# One group before another -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "lost"), [((CARS, "parts"), (0, 0.6)), (("parts", CARS), (0.6, 0))]
)
def test_groups_are_served_in_order(tmp_path, order, lost):
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
    place = {CARS: found.at(CARS), "parts": found.at("KOR:parts/all")}
    groups = [np.array([place[name]]) for name in order]
    last = lexicographic(found.compiled.arrays, groups, [np.ones(1), np.ones(1)])[-1]
    shares = dict(zip(order, (1 - last.output.mean(axis=(0, 2))).tolist(), strict=True))
    # 24 of 60 are left for whoever comes second; the first may lose 1e-7 of its objective.
    assert (shares[CARS], shares["parts"]) == pytest.approx(lost, abs=1e-5)


# Foresight ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seen", "lost"), [(1, 18), (2, 16), (12, 6)])
def test_who_sees_less_hoards_later(tmp_path, seen, lost):
    # As above: China stops from July on, Japan could make 2 more of 10 in each month. Who sees only
    # the present stocks nothing before July, who sees one month more stocks 2 in June.
    late = several(restriction("CHN", "magnet", start="2025-07", months=6), horizon=12)
    network = SPARE.but(constants={"access_ceiling": 3, "catch_up_capacity": 1}).network(tmp_path)
    found = run(network, late)
    targets = np.array([found.at(CARS)])
    rolled = rolling(found.compiled.arrays, targets, np.ones(1), seen)
    assert rolled.residual <= 1e-7
    assert loss(rolled.output, np.ones(1)) == near(lost / 120)


@pytest.mark.parametrize("seed", range(10))
def test_no_foresight_beats_full_foresight(seed):
    arrays = lane(2 * seed)
    targets = np.flatnonzero(arrays.nodes.final)
    value = arrays.nodes.base[targets]
    full = loss(plan(arrays, targets, value).output, value)
    found = losses(arrays, targets, value, (1, 3, arrays.months))
    assert min(found) >= full - 1e-7
    assert found[-1] == pytest.approx(full, abs=1e-6)
