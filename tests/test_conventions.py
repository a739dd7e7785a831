"""The fifteen fixed conventions of the model, each on a world small enough to work out by hand.

Quantities are a year's: 120 is ten a month. Unless a world says otherwise nobody holds a stock, has
spare capacity or may buy more than usual, a month has 30 days and every node is one plant.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog
from worlds import (
    CARS,
    CONSTANTS,
    LINK,
    network_of,
    path,
    restriction,
    run,
    several,
    stop,
    with_stock,
    world,
)

from supplychain import pedigree
from supplychain.compiled import compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.errors import DataError, SolverError
from supplychain.model.adaptive import adaptive, without_catch_up
from supplychain.model.planner import plan
from supplychain.scenario import Range, StockRelease, restrict

CASES = ("planner", "adaptive", "frozen")


def near(value):
    return pytest.approx(value, abs=1e-7)


# 1. What is counted -------------------------------------------------------------------------------


def test_1_loss_is_the_sum_of_missing_months_over_the_horizon(tmp_path):
    # Six of twelve months without magnets and nothing to catch up with: 6 / 12, and 6 / 6 of the
    # restricted months.
    found = run(LINK.network(tmp_path), stop(months=6))
    for case in CASES:
        assert found.loss(case, CARS) == near(0.5)
        assert (1 - found.monthly(case, CARS)[:6]).mean() == near(1.0)


def test_1_the_horizon_is_the_longer_of_a_year_and_the_restriction(tmp_path):
    # 18 of 18 months; 6 of 24 months.
    network = LINK.network(tmp_path)
    assert run(network, stop(months=18)).loss("frozen", CARS) == near(1.0)
    assert run(network, stop(months=6, horizon=24)).loss("frozen", CARS) == near(0.25)
    assert run(network, stop(months=12, horizon=6)).loss("frozen", CARS) == near(1.0)


def test_1_missed_output_is_caught_up_within_capacity_and_horizon(tmp_path):
    # Goods wait in China. After six lost months cars run at 1.14 for the six months left: lost are
    # 6 - 6 x 0.14 = 5.16 of 12 months; with 24 months all but 6 - 18 x 0.14 = 3.48; frozen loses 6.
    network = LINK.but(constants={"queue_cap_months": 12, "access_ceiling": 2}).network(tmp_path)
    found = run(network, stop(months=6))
    assert found.monthly("adaptive", CARS)[6:].tolist() == near([1.14] * 6)
    assert found.loss("adaptive", CARS) == near(5.16 / 12)
    assert found.loss("planner", CARS) == near(5.16 / 12)
    assert found.loss("frozen", CARS) == near(6 / 12)
    assert run(network, stop(months=6, horizon=24)).loss("adaptive", CARS) == near(3.48 / 24)


def test_1_catching_up_ends_when_everything_is_made_up(tmp_path):
    # One lost month takes 1 / 0.14 = 7.14 months: seven at 1.14, one at 1.02, then the baseline.
    network = LINK.but(constants={"queue_cap_months": 12, "access_ceiling": 2}).network(tmp_path)
    found = run(network, stop(months=1))
    assert found.monthly("adaptive", CARS).tolist() == near([0, *[1.14] * 7, 1.02, 1, 1, 1])
    assert found.loss("adaptive", CARS) == near(0)


def test_1_inputs_that_nobody_restricts_do_not_hinder_catching_up(tmp_path):
    # As above, and every car also needs a tyre from Japan: tyres pile up while the magnets are
    # missing.
    tyres = LINK.but(
        products=[*LINK.tables["products"], "tyre component"],
        processors=[*LINK.tables["processors"], "JPN tyre 120 capacity=240"],
        recipes=[*LINK.tables["recipes"], "cars/all tyre 1 critical"],
        constants={"queue_cap_months": 12, "access_ceiling": 2},
    )
    found = run(tyres.network(tmp_path), stop(months=6))
    assert found.loss("adaptive", CARS) == near(5.16 / 12)


def test_1_the_all_lost_figure_has_no_catch_up(tmp_path):
    network = LINK.but(constants={"queue_cap_months": 12, "access_ceiling": 2}).network(tmp_path)
    found = run(network, stop(months=6))
    output = adaptive(without_catch_up(found.compiled.arrays)).output[:, found.at(CARS), 0, 0]
    assert (1 - output).mean() == near(0.5)


# 2. Availability ----------------------------------------------------------------------------------


def test_2_stock_and_arrivals_together_meet_the_need(tmp_path):
    # Half the supply is withheld; two months of stock fill half a month for four months; the last
    # two restricted months lose a half each: 2 x 0.5 / 12.
    found = run(with_stock(60).network(tmp_path), stop(severity=0.5, months=6))
    assert found.monthly("frozen", CARS).tolist() == near([1, 1, 1, 1, 0.5, 0.5, *[1] * 6])
    for case in CASES:
        assert found.loss(case, CARS) == near(1 / 12)


def test_2_a_stock_that_ends_within_a_month_is_used_up(tmp_path):
    # 45 days: one and a half months of cars under a full stop.
    found = run(with_stock(45).network(tmp_path), stop())
    assert found.monthly("frozen", CARS)[:3].tolist() == near([1, 0.5, 0])


def test_2_suppliers_of_one_product_add_up(tmp_path):
    # China 5, Japan 5 of 10 a month; China stops: half.
    two = LINK.but(
        processors=["CHN magnet 60", "JPN magnet 60"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
    )
    found = run(two.network(tmp_path), stop())
    assert [found.loss(case, CARS) for case in CASES] == near([0.5] * 3)


def test_2_critical_inputs_take_the_minimum(tmp_path):
    # Magnets down by 0.3, cells by 0.6: 0.4 left (not 0.7 x 0.4, not 1 - 0.9).
    both = LINK.but(
        products=[*LINK.tables["products"], "cell component"],
        processors=["CHN magnet 120", "JPN cell 120"],
        recipes=["cars/all magnet 1 critical", "cars/all cell 1 critical"],
        trade=["CHN KOR magnet 1", "JPN KOR cell 1"],
    )
    scenario = several(
        restriction("CHN", "magnet", severity=Range.of(0.3)),
        restriction("JPN", "cell", severity=Range.of(0.6)),
    )
    found = run(both.network(tmp_path), scenario)
    assert [found.loss(case, CARS) for case in CASES] == near([0.6] * 3)
    assert found.static(CARS) == near(0.4)


def test_2_a_diamond_counts_the_shared_input_once(tmp_path):
    # Oxide -> magnet -> cars and oxide -> cell -> cars: oxide down by half leaves half the cars,
    # not a quarter (a product) and not none (a sum).
    diamond = world(
        products=["oxide refine", "magnet component", "cell component", "cars industry"],
        processors=["CHN oxide 240", "KOR magnet 120", "KOR cell 120"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=["magnet oxide 1", "cell oxide 1", "cars/all magnet 1", "cars/all cell 1"],
        trade=["CHN KOR oxide 1", "KOR KOR magnet 1", "KOR KOR cell 1"],
    )
    found = run(diamond.network(tmp_path), stop("CHN", "oxide", severity=0.5))
    assert [found.loss(case, CARS) for case in CASES] == near([0.5] * 3)
    assert found.static(CARS) == near(0.5)


# 3. Segments and industries that supply each other ------------------------------------------------


def test_3_segments_are_disjoint_slices_with_inputs_of_their_own(tmp_path):
    # Electric cars are 0.3 of the industry and stop; the others are not touched: the sector loses
    # 0.3.
    split = LINK.but(
        processors=["CHN magnet 36"],
        segments=["* cars electric 0.3", "* cars combustion 0.6"],
        recipes=["cars/electric magnet 1 critical"],
    )
    network = split.network(tmp_path)
    found = run(network, stop())
    sector = (
        sum(
            found.loss("frozen", n.id) * n.exports_usd for n in network.nodes if n.product == "cars"
        )
        / 120e6
    )
    assert found.loss("frozen", "KOR:cars/electric") == near(1)
    assert found.loss("frozen", "KOR:cars/combustion") == 0
    assert sector == near(0.3)


PARTS = LINK.but(
    products=["magnet component", "parts industry", "cars industry"],
    industries=["KOR parts 120", "KOR cars 120"],
    segments=["* parts all 1", "* cars all 1"],
    recipes=["parts/all magnet 1 critical", "cars/all parts/all 0.25 critical"],
)


def test_3_scarce_parts_are_rationed_between_export_and_home_use(tmp_path):
    # 30 of 120 parts go into cars at home, 90 are exported. Magnets down by 0.4: parts make 72, of
    # which 18 (0.25 of them, as usual) go to the cars: both lose 0.4.
    found = run(PARTS.network(tmp_path), stop(severity=0.4))
    flow = found.compiled.arrays.flows
    e = found.flow("KOR:parts/all", CARS)
    assert flow.quantity[e] * 12 == near(30)
    assert found.frozen.shipped[:, e].mean() * flow.quantity[e] * 12 == near(18)
    for case in ("adaptive", "frozen"):
        assert found.loss(case, "KOR:parts/all") == near(0.4)
        assert found.loss(case, CARS) == near(0.4)


# 4. Rationing -------------------------------------------------------------------------------------


def test_4_rationing_is_pro_rata_to_baseline_flows(tmp_path):
    # China's magnet plants miss 0.4 of their oxide: Korea (90) and Japan (30) both get 0.6.
    chain = world(
        products=["oxide refine", "magnet component", "cars industry"],
        processors=["USA oxide 120", "CHN magnet 120"],
        industries=["KOR cars 90", "JPN cars 30"],
        segments=["* cars all 1"],
        recipes=["magnet oxide 1", "cars/all magnet 1"],
        trade=["USA CHN oxide 1", "CHN KOR magnet 1", "CHN JPN magnet 1"],
    )
    found = run(chain.network(tmp_path), stop("USA", "oxide", severity=0.4))
    for case in ("adaptive", "frozen"):
        assert found.loss(case, CARS) == near(0.4)
        assert found.loss(case, "JPN:cars/all") == near(0.4)


TWO_USERS = LINK.but(
    processors=["CHN magnet 120", "JPN magnet 60 capacity=90"],
    industries=["KOR cars 120", "USA cars 60"],
    trade=[
        f"{a} {b} magnet {s}"
        for b in ("KOR", "USA")
        for a, s in (("CHN", 0.6666666666666667), ("JPN", 0.3333333333333333))
    ],
    constants={"access_ceiling": 3, "catch_up_capacity": 1},
)


def test_4_spare_supply_is_shared_pro_rata_to_what_is_missing(tmp_path):
    # Korea misses all 80 from China, the United States half of 40: 80 and 20. Japan can make 30
    # more: 24 and 6. Korea: (40 + 24) / 120. United States: (20 + 20 + 6) / 60.
    scenario = several(
        restriction("CHN", "magnet", to=("KOR",)),
        restriction("CHN", "magnet", to=("USA",), severity=Range.of(0.5)),
    )
    found = run(TWO_USERS.network(tmp_path), scenario)
    assert found.monthly("adaptive", CARS).tolist() == near([64 / 120] * 12)
    assert found.monthly("adaptive", "USA:cars/all").tolist() == near([46 / 60] * 12)
    assert found.loss("adaptive", "JPN:magnet") == near(-0.5)


def test_4_the_access_ceiling_binds_the_planner_too(tmp_path):
    # Japan could double its 5 a month; nobody gets more than 1.2 x 5 = 6 of 10 from it.
    two = LINK.but(
        processors=["CHN magnet 60", "JPN magnet 60 capacity=120"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
        constants={"access_ceiling": 1.2},
    )
    found = run(two.network(tmp_path), stop())
    assert found.loss("frozen", CARS) == near(0.5)
    assert found.loss("adaptive", CARS) == near(0.4)
    assert found.loss("planner", CARS) == near(0.4)


def test_4_a_new_supplier_opens_after_its_lag_with_a_share_of_its_spare(tmp_path):
    # Japan sells Korea nothing so far. It has 60 a year to spare and may give a fifth of it, 12 of
    # 120, from the fourth month on: 9 x 0.1 of 12 months.
    other = LINK.but(
        processors=["CHN magnet 120", "JPN magnet 60 capacity=120"],
        other_uses=["JPN magnet 1"],
        trade=["CHN KOR magnet 1", "JPN JPN magnet 1"],
        constants={"new_supplier_share": 0.2, "qualification_lag_months": 3},
    )
    found = run(other.network(tmp_path), stop())
    assert found.monthly("adaptive", CARS).tolist() == near([0] * 3 + [0.1] * 9)
    assert found.loss("planner", CARS) == near(1 - 0.9 / 12)


# 5. Essentiality ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("essentiality", "severity", "output"),
    [
        ("critical", 0.4, 0.6),
        ("critical", 1, 0),
        ("important", 0.4, 0.8),
        ("important", 1, 0.5),  # 0.5 + 0.5 x 0.6; 0.5 + 0
        ("non_critical", 0.4, 1),
        ("non_critical", 1, 1),
    ],
)
def test_5_a_class_binds_wholly_by_half_or_not(tmp_path, essentiality, severity, output):
    network = LINK.but(recipes=[f"cars/all magnet 1 {essentiality}"]).network(tmp_path)
    found = run(network, stop(severity=severity))
    assert [found.loss(case, CARS) for case in CASES] == near([1 - output] * 3)
    assert found.static(CARS) == near(output)


@pytest.mark.parametrize(("elasticity", "loss"), [(0, 30), (0.05, 11.3), (0.2, 0.8)])
def test_5_an_elasticity_decides_what_a_small_input_can_stop(tmp_path, elasticity, loss):
    # 30 % missing of an input with a cost share of 1 %.
    network = LINK.but(recipes=[f"cars/all magnet 1 {elasticity}@0.01"]).network(tmp_path)
    found = run(network, stop(severity=0.3))
    for case in ("adaptive", "frozen"):
        assert 100 * found.loss(case, CARS) == pytest.approx(loss, abs=0.05)
    assert found.loss("planner", CARS) <= found.loss("adaptive", CARS) + 1e-6


@pytest.mark.parametrize(
    "elasticity",
    [1e-4, 1e-3, 1e-2],
)
def test_5_a_tiny_elasticity_is_close_to_fixed_proportions(tmp_path, elasticity):
    # With sigma -> 0 a plant with 0.1 of its input makes 0.1, not nothing.
    network = LINK.but(recipes=[f"cars/all magnet 1 {elasticity}@0.01"]).network(tmp_path)
    assert run(network, stop(severity=0.9)).loss("frozen", CARS) == pytest.approx(0.9, abs=0.01)


def test_5_class_and_elasticity_on_one_slot_are_refused(tmp_path):
    tables = LINK.records()
    tables["recipes"][0] |= {"elasticity": "0.05", "cost_share": "0.01"}
    with pytest.raises(DataError, match="stands beside essentiality critical"):
        network_of(tables, tmp_path)


# 6. Loops -----------------------------------------------------------------------------------------

LOOP = world(
    products=["scrap refine", "magnet component", "cars industry"],
    processors=["CHN scrap 60", "KOR magnet 120"],
    industries=["KOR cars 60"],
    segments=["* cars all 1"],
    recipes=["magnet scrap 0.5", "scrap magnet 1", "cars/all magnet 1"],
    trade=["CHN KOR scrap 1", "KOR CHN magnet 1", "KOR KOR magnet 1"],
)
"""Korean magnets need Chinese scrap, which is made of Korean magnets (gain 0.5 x 1)."""


def test_6_a_loop_has_a_lag_of_one_month_in_the_monthly_cases(tmp_path):
    # Last month's scrap arrives in the first month of the stop: one month of magnets, then none.
    found = run(LOOP.network(tmp_path), stop("CHN", "scrap"))
    assert found.monthly("frozen", "KOR:magnet").tolist() == near([1] + [0] * 11)
    assert found.loss("frozen", CARS) == found.loss("adaptive", CARS) == near(11 / 12)
    # The planner sends no magnets into scrap that will never come back: the scrap at hand makes
    # twice the magnets that cars use in a month.
    assert found.loss("planner", CARS) == near(10 / 12)


def test_6_a_loop_takes_the_greatest_fixed_point_without_time(tmp_path):
    # y = min(0.6, y): every y up to 0.6 is a fixed point; the greatest is taken. Without a
    # restriction it is exactly 1.
    network = LOOP.network(tmp_path)
    assert run(network, stop("CHN", "scrap", severity=0.4)).static(CARS) == near(0.6)
    assert run(network, stop("CHN", "scrap", severity=0)).static(CARS) == 1.0


def test_6_a_loop_that_eats_more_than_it_makes_is_refused_by_name(tmp_path):
    greedy = LOOP.but(recipes=["magnet scrap 1", "scrap magnet 1", "cars/all magnet 1"])
    with pytest.raises(DataError, match="magnet <-> scrap, which has a gain of 1"):
        greedy.network(tmp_path)


# 7. Ceilings --------------------------------------------------------------------------------------


def test_7_several_instruments_on_one_flow_take_their_minimum(tmp_path):
    # A quota of 0.7 and another of 0.4 leave 0.4, not 0.28 and not 0.1.
    scenario = several(
        restriction("CHN", "magnet", kind="quota", severity=Range.of(0.3)),
        restriction("CHN", "magnet", kind="quota", severity=Range.of(0.6), months=6),
    )
    found = run(LINK.network(tmp_path), scenario)
    assert found.monthly("frozen", CARS).tolist() == near([0.4] * 6 + [0.7] * 6)


def test_7_a_quota_is_shared_pro_rata(tmp_path):
    found = run(TWO_USERS.network(tmp_path), restrict("CHN", "magnet", kind="quota"))
    shipped = found.frozen.shipped[:, [found.flow("CHN:magnet", u) for u in (CARS, "USA:cars/all")]]
    assert shipped.ravel().tolist() == near([0.5] * 24)


def test_7_licence_headroom_clears_its_own_backlog_and_no_more(tmp_path):
    # Two months nothing, then 1.25 a month until the two months are cleared (eight months), then 1.
    network = LINK.but(constants={"queue_cap_months": 12}).network(tmp_path)
    found = run(network, restrict("CHN", "magnet", kind="licence", severity=0))
    ceiling = [0, 0, *[1.25] * 8, 1, 1]
    e = found.flow("CHN:magnet", CARS)
    assert found.ceilings()[:, e, 0].tolist() == near(ceiling)
    assert found.frozen.shipped[:, e, 0, 0].tolist() == near(ceiling)
    # Frozen loses the two months; with 1.14 in the ten months left 1.4 of them come back.
    assert found.loss("frozen", CARS) == near(2 / 12)
    assert found.loss("adaptive", CARS) == near(0.6 / 12)


def test_7_a_quota_beside_a_licence_leaves_no_headroom(tmp_path):
    scenario = several(
        restriction("CHN", "magnet", kind="licence", severity=Range.of(0)),
        restriction("CHN", "magnet", kind="quota", severity=Range.of(0.1)),
    )
    found = run(LINK.network(tmp_path), scenario)
    assert found.ceilings()[:, 0, 0].tolist() == near([0, 0] + [0.9] * 10)


def test_7_a_path_never_passes_its_cumulative_baseline(tmp_path):
    # 0.5 withheld in the first month, so at most 1.5 in the second, then 1.
    found = run(LINK.network(tmp_path), path([0.5, 3, 3], horizon=6))
    assert found.ceilings()[:3, 0, 0].tolist() == near([0.5, 1.5, 1])


RESALE = LINK.but(
    processors=["CHN magnet 120", "JPN magnet 60"],
    industries=["KOR cars 60", "USA cars 120"],
    trade=["CHN KOR magnet 1", "CHN USA magnet 0.5", "JPN USA magnet 0.5"],
    constants={"access_ceiling": 2},
)


def test_7_a_targeted_ban_leaves_the_others_alone(tmp_path):
    found = run(RESALE.network(tmp_path), stop(to=["KOR"]))
    for case in ("adaptive", "frozen"):
        assert found.loss(case, CARS) == near(1)
        assert found.loss(case, "USA:cars/all") == 0


def test_7_withheld_goods_are_resold_to_others_who_miss_them(tmp_path):
    # China withholds 5 a month from Korea; the United States miss 5 a month from Japan and may buy
    # twice their usual 5 from China: nothing is missing. Frozen they lose half.
    scenario = several(restriction("CHN", "magnet", to=("KOR",)), restriction("JPN", "magnet"))
    for cap in (0, 12):
        network = RESALE.but(constants={"queue_cap_months": cap}).network(tmp_path)
        found = run(network, scenario)
        assert found.loss("frozen", "USA:cars/all") == near(0.5)
        assert found.loss("adaptive", "USA:cars/all") == near(0)
        assert found.loss("planner", "USA:cars/all") == near(0)
        assert found.loss("adaptive", CARS) == near(1)


def test_7_exempt_countries_are_exempt(tmp_path):
    found = run(RESALE.network(tmp_path), stop(exclude=["USA"]))
    assert found.loss("frozen", CARS) == near(1)
    assert found.loss("frozen", "USA:cars/all") == 0


def test_7_leakage_has_dates(tmp_path):
    # 0.3 of what is withheld comes round from the third month, 0.05 from the seventh. Not in
    # frozen.
    leaking = LINK.but(
        constants={
            "leakage": 0.3,
            "leakage_lag_months": 2,
            "leakage_enforcement_month": 6,
            "leakage_enforced": 0.05,
        }
    )
    found = run(leaking.network(tmp_path), stop())
    assert found.monthly("adaptive", CARS).tolist() == near([0, 0, *[0.3] * 4, *[0.05] * 6])
    assert found.loss("planner", CARS) == near(1 - 1.5 / 12)
    assert found.loss("frozen", CARS) == near(1)


def test_7_leakage_differs_between_targeted_and_general_measures(tmp_path):
    leaking = LINK.but(
        constants={"leakage some_targets": 0.3, "leakage all_targets": 0.1, "leakage_enforced": 1}
    )
    # Everybody who buys is stopped, by name or not: 0.1 leaks. With an equal buyer left open, half
    # of China's exports stay open: 0.1 + 0.5 x (0.3 - 0.1).
    network = leaking.network(tmp_path)
    assert run(network, stop(to=["KOR"])).loss("adaptive", CARS) == near(0.9)
    assert run(network, stop()).loss("adaptive", CARS) == near(0.9)
    two = leaking.but(
        processors=["CHN magnet 240"],
        industries=["KOR cars 120", "JPN cars 120"],
        trade=["CHN KOR magnet 1", "CHN JPN magnet 1"],
        constants={"access_ceiling": 1},
    ).network(tmp_path / "two")
    assert run(two, stop(to=["KOR"])).loss("adaptive", CARS) == near(0.8)
    assert run(two, stop(exclude=["JPN"])).loss("adaptive", CARS) == near(0.8)


# 8. Stocks, goods at sea, states ------------------------------------------------------------------


def test_8_cover_is_a_distribution_over_plants(tmp_path):
    # Median 60 days, 10 % below 30 and 10 % above 120: five plants at the 10, 30, 50, 70 and 90 %
    # quantiles of a lognormal, z = -1.2816, -0.5244, 0, ...; 2 x 2^(-0.5244 / 1.2816) = 1.506.
    network = LINK.but(stocks=["* * * 60 low=30 high=120"], constants={"cover_bins": 5}).network(
        tmp_path
    )
    found = run(network, stop())
    cover = found.compiled.arrays.slots.cover[found.slot(CARS, "magnet"), 0]
    assert cover.tolist() == pytest.approx([1, 1.506, 2, 2.656, 4], abs=1e-3)
    # A full stop loses what no plant's stock covers: 1 - 11.162 / 5 / 12; a plant at the median
    # would have lost 1 - 2 / 12.
    assert found.loss("frozen", CARS) == pytest.approx(1 - 11.162 / 60, abs=1e-4)
    assert found.loss("planner", CARS) == pytest.approx(1 - 11.162 / 60, abs=1e-4)


def test_8_goods_at_sea_arrive(tmp_path):
    # Two months at sea: a stop of three months is felt in months 3, 4 and 5.
    network = LINK.but(constants={"transit_lag_months CHN>KOR": 2}).network(tmp_path)
    found = run(network, stop(months=3))
    assert found.monthly("frozen", CARS).tolist() == near([1, 1, 0, 0, 0, *[1] * 7])
    assert [found.loss(case, CARS) for case in CASES] == near([0.25] * 3)


def test_8_covers_along_a_chain_stack_up(tmp_path):
    # Oxide for 30 days, magnets for 60: cars stop after three months.
    chain = world(
        products=["oxide refine", "magnet component", "cars industry"],
        processors=["CHN oxide 120", "KOR magnet 120"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=["magnet oxide 1", "cars/all magnet 1"],
        trade=["CHN KOR oxide 1", "KOR KOR magnet 1"],
        stocks=["* * oxide 30", "* * magnet 60"],
    )
    found = run(chain.network(tmp_path), stop("CHN", "oxide"))
    assert [found.loss(case, CARS) for case in CASES] == near([0.75] * 3)


@pytest.mark.parametrize("said_by", ["pack", "scenario"])
def test_8_a_public_stock_is_released_at_its_rate(tmp_path, said_by):
    # 60 days of use, 15 days a month from the second month: half the need for four months.
    row = ["KOR - magnet 60 holder=public release_days=15 release_lag_months=1"]
    release = StockRelease("South Korea", "magnet", 60, 15, 1)
    network = LINK.but(stocks=row if said_by == "pack" else []).network(tmp_path)
    scenario = stop()
    if said_by == "scenario":
        scenario = scenario.plus(replace(release, country="KOR"))
    found = run(network, scenario)
    assert found.monthly("adaptive", CARS).tolist() == near([0, *[0.5] * 4, *[0] * 7])
    assert found.loss("planner", CARS) == near(10 / 12)
    assert found.loss("frozen", CARS) == near(1)


def test_8_a_public_stock_inside_a_loop_is_not_lost(tmp_path):
    # One month of scrap at sea and one in public stock: two months of magnets.
    network = LOOP.but(stocks=["KOR - scrap 30 holder=public release_days=30"]).network(tmp_path)
    found = run(network, stop("CHN", "scrap"))
    assert found.adaptive.released.sum() == near(1)
    assert found.monthly("adaptive", "KOR:magnet").sum() == near(2)


# 9. By-products -----------------------------------------------------------------------------------

GERMANIUM = world(
    products=["zinc_ore mine", "zinc refine", "germanium refine", "optics industry"],
    producers=["AUS zinc_ore 1200"],
    processors=["CHN zinc 1200", "CHN germanium 60 capacity=90", "USA germanium 60"],
    industries=["KOR optics 120"],
    segments=["* optics all 1"],
    recipes=["zinc zinc_ore 1", "germanium zinc 0.1 relation=host", "optics/all germanium 1"],
    trade=["AUS CHN zinc_ore 1", "CHN KOR germanium 0.5", "USA KOR germanium 0.5"],
    constants={"access_ceiling": 2},
)
"""120 of germanium could come off 1200 of zinc; 60 is recovered and 90 could be: ratios 2, 1.5."""


def test_9_a_by_product_is_bounded_by_its_host(tmp_path):
    # Zinc at 0.2: germanium at most 2 x 0.2 = 0.4 of usual. At 0.6 it is not bounded (1.2).
    network = GERMANIUM.network(tmp_path)
    assert run(network, stop("AUS", "zinc_ore", severity=0.8)).loss(
        "frozen", "CHN:germanium"
    ) == near(0.6)
    assert run(network, stop("AUS", "zinc_ore", severity=0.4)).loss(
        "frozen", "CHN:germanium"
    ) == near(0)


def test_9_a_by_product_is_bounded_by_recovery_capacity(tmp_path):
    # The United States stop; China goes from 5 a month to 7.5, not to the 10 that its zinc holds.
    found = run(GERMANIUM.network(tmp_path), stop("USA", "germanium"))
    assert found.loss("adaptive", "CHN:germanium") == near(-0.5)
    assert found.loss("adaptive", "KOR:optics/all") == near(0.25)
    assert found.loss("planner", "KOR:optics/all") == near(0.25)


def test_9_restricting_the_by_product_leaves_the_host_alone(tmp_path):
    found = run(GERMANIUM.network(tmp_path), stop("CHN", "germanium"))
    assert found.loss("frozen", "CHN:germanium") == near(1)
    assert found.loss("frozen", "CHN:zinc") == found.loss("adaptive", "CHN:zinc") == 0


# 10. The planner ----------------------------------------------------------------------------------


def test_10_only_what_a_restriction_can_reach_is_compiled(tmp_path):
    lamps = LINK.but(
        products=[*LINK.tables["products"], "glass refine", "lamps industry"],
        processors=["CHN magnet 120", "CHN glass 120"],
        industries=["KOR cars 120", "KOR lamps 120"],
        segments=["* cars all 1", "* lamps all 1"],
        recipes=["cars/all magnet 1", "lamps/all glass 1"],
    )
    network = lamps.network(tmp_path)
    assert sorted(run(network, stop()).ids()) == ["CHN:magnet", CARS]
    assert sorted(run(network, stop(item="glass")).ids()) == ["CHN:glass", "KOR:lamps/all"]


def test_10_the_planner_sees_months_and_so_does_better_with_foresight(tmp_path):
    # One month of stock, important (half binding) magnets, a stop of two months: whenever the stock
    # is used, one month's worth of half is lost.
    network = with_stock(30).but(recipes=["cars/all magnet 1 important"]).network(tmp_path)
    found = run(network, stop(months=2))
    assert found.plan(CARS).output.shape == (12, 1, 1)
    assert found.loss("planner", CARS) == near(0.5 / 12)


def tampered(change):
    """`linprog` whose answer somebody has touched."""

    def false(*args, **keywords):
        answer = linprog(*args, **keywords)
        change(answer)
        return answer

    return false


def more_than_there_is(answer):
    answer.x = answer.x + 0.1


def less_than_possible(answer):
    answer.x = answer.x * 0.0


def wrong_prices(answer):
    answer.ineqlin.marginals = answer.ineqlin.marginals * 0.5


def prices_of_the_wrong_sign(answer):
    answer.ineqlin.marginals = -answer.ineqlin.marginals


@pytest.mark.parametrize(
    "change", [more_than_there_is, less_than_possible, wrong_prices, prices_of_the_wrong_sign]
)
def test_10_an_answer_that_fails_its_certificate_is_refused(tmp_path, monkeypatch, change):
    found = run(with_stock(30).network(tmp_path), stop(months=3))
    good = found.plan(CARS)
    assert max(good.primal_residual, good.dual_residual, good.gap) <= 1e-7
    monkeypatch.setattr("scipy.optimize.linprog", tampered(change))
    with pytest.raises(SolverError, match="fails its certificate"):
        found.plan(CARS)


def test_10_a_solver_that_gives_up_is_an_error(tmp_path, monkeypatch):
    def give_up(answer):
        answer.status, answer.message = 1, "out of time"

    found = run(LINK.network(tmp_path), stop())
    monkeypatch.setattr("scipy.optimize.linprog", tampered(give_up))
    with pytest.raises(SolverError, match="status 1: out of time"):
        found.plan(CARS)


def test_10_the_total_of_a_country_has_a_programme_of_its_own(tmp_path):
    # A quota leaves 60 magnets for two sectors of 60 each. Each alone could have all of them and
    # lose nothing only within its own contract (no access above it): each loses half, and so does
    # the total.
    two = LINK.but(
        products=["magnet component", "cars industry", "parts industry"],
        industries=["KOR cars 60", "KOR parts 60"],
        segments=["* cars all 1", "* parts all 1"],
        recipes=["cars/all magnet 1", "parts/all magnet 1"],
    )
    scenario = stop(severity=0.5)
    found = run(two.network(tmp_path), scenario)
    both = plan(
        found.compiled.arrays, np.array([found.at(CARS), found.at("KOR:parts/all")]), np.ones(2)
    )
    assert (1 - both.output).mean() == near(0.5)


# 11. Nothing is nothing ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ban", "quota"])
def test_11_without_a_restriction_every_loss_is_exactly_zero(tmp_path, kind):
    for tiny in (LINK, LOOP, PARTS, TWO_USERS, GERMANIUM):
        network = tiny.network(tmp_path)
        item = next(str(r["product"]) for r in network.tables.rows("products"))
        found = run(network, restrict("CHN", item, kind=kind, severity=0))
        for case in ("adaptive", "frozen"):
            assert set(found.losses(case).values()) == {0.0}


def test_11_a_country_without_flows_into_the_chain_loses_nothing_and_says_so(tmp_path):
    tables = LINK.records()
    tables["countries"].append({"iso3": "CHE", "name": "Switzerland", "region": "Europe"})
    found = run(network_of(tables, tmp_path), stop("Switzerland", "magnet"))
    assert set(found.losses("adaptive").values()) == set(found.losses("frozen").values()) == {0.0}
    assert any("CHE" in note and "no flow" in note for note in found.resolved.notes)


def test_11_supply_at_home_is_never_restricted(tmp_path):
    home = LINK.but(processors=["KOR magnet 120"], trade=["KOR KOR magnet 1"])
    found = run(home.network(tmp_path), stop("KOR", "magnet"))
    assert found.loss("frozen", CARS) == 0


# 12. The queue cap --------------------------------------------------------------------------------


def test_12_production_stops_when_the_queue_is_full(tmp_path):
    # One month of goods waits; then China makes none until the stop of six months ends. From then
    # on a month is made and a month shipped, and the month that waits goes on waiting (no access
    # above 1).
    network = LINK.but(constants={"queue_cap_months": 1}).network(tmp_path)
    found = run(network, stop(months=6))
    assert found.monthly("frozen", "CHN:magnet").tolist() == near([1, *[0] * 5, *[1] * 6])
    assert found.frozen.queue[:, 0, 0, 0].tolist() == near([1] * 12)


def test_12_a_queue_is_cleared_within_the_access_ceiling(tmp_path):
    # The waiting month leaves with 0.5 a month on top: two months, into the stock of the car
    # plants.
    network = LINK.but(constants={"queue_cap_months": 1, "access_ceiling": 1.5}).network(tmp_path)
    found = run(network, stop(months=6))
    assert found.frozen.queue[:, 0, 0, 0].tolist() == near([*[1] * 6, 0.5, *[0] * 5])
    assert found.frozen.stock[-1, found.slot(CARS, "magnet"), 0, 0] == near(1)


# 13. What a mineral covers ------------------------------------------------------------------------

DYSPROSIUM = world(
    products=[
        "dy_ore mine mineral=dysprosium",
        "dy_oxide refine mineral=dysprosium",
        "magnet component semi_of=dysprosium group=magnets",
        "motor component",
        "big_motor component",
        "cars industry",
    ],
    producers=["CHN dy_ore 120"],
    processors=["CHN dy_oxide 120", "CHN magnet 3000", "CHN motor 60000", "CHN big_motor 12000"],
    industries=["KOR cars 72000"],
    segments=["* cars all 1"],
    recipes=[
        "dy_oxide dy_ore 1",
        "magnet dy_oxide 0.04",
        "motor magnet 0.02",
        "big_motor magnet 0.05",
        "cars/all motor 0.5",
        "cars/all big_motor 0.1",
    ],
    controls=[
        (
            "april CHN dysprosium dy_oxide|motor 2025-04-04 suspended_from=2025-11-10 "
            "suspended_to=2026-11-10 end=2027-06-30"
        )
    ],
)


@pytest.mark.parametrize(
    ("form", "date", "products"),
    [
        ("refined", "2025-05", ["dy_oxide"]),
        ("listed", "2025-03", ["dy_oxide", "magnet"]),  # not yet in force: refined and first semi
        ("listed", "2025-04", ["dy_oxide", "motor"]),  # what the measure names
        ("listed", "2025-10", ["dy_oxide", "motor"]),
        ("listed", "2025-11", ["dy_oxide", "magnet"]),  # suspended
        ("listed", "2026-11", ["dy_oxide", "magnet"]),
        ("listed", "2026-12", ["dy_oxide", "motor"]),  # and back
        ("listed", "2027-07", ["dy_oxide", "magnet"]),  # ended
        # mass fractions: magnet 0.04, motor 0.02 x 0.04 = 0.0008, big motor 0.002; threshold 0.001
        ("contained", "2025-05", ["dy_oxide", "magnet", "big_motor"]),
    ],
)
def test_13_form_says_what_a_mineral_covers(tmp_path, form, date, products):
    scenario = restrict("CHN", "dysprosium", kind="ban", form=form, start=date)
    found = resolve(scenario, DYSPROSIUM.network(tmp_path))
    assert sorted(found.measures[0].products) == sorted(products)
    assert found.measures[0].covered[0].why


def test_13_another_actor_is_not_bound_by_the_measure(tmp_path):
    network = DYSPROSIUM.network(tmp_path)
    found = resolve(restrict("KOR", "dysprosium", kind="ban", start="2025-05"), network)
    assert found.measures[0].products == ("dy_oxide", "magnet")


def test_13_a_stage_a_product_and_a_group_say_it_themselves(tmp_path):
    network = DYSPROSIUM.network(tmp_path)
    assert resolve(restrict("CHN", "dysprosium", stage="mine"), network).measures[0].products == (
        "dy_ore",
    )
    assert resolve(restrict("CHN", "motor"), network).measures[0].products == ("motor",)
    assert resolve(restrict("CHN", "magnets"), network).measures[0].products == ("magnet",)


# 14. Licences -------------------------------------------------------------------------------------


def test_14_the_severity_of_a_licence_is_what_stays_withheld_after_the_ramp(tmp_path):
    # Dead for two months, a ramp of two: the third month approves 0.25 and the fourth 0.75 of the
    # half that is ever approved. Missing by then: 4 x 0.5 - 0.5 = 1.5 months, cleared at 1.25 x 0.5
    # a month (0.125 above 0.5: twelve months), then 0.5 for good.
    network = LINK.but(constants={"licence_ramp_months": 2}).network(tmp_path)
    found = run(network, restrict("CHN", "magnet", kind="licence", severity=0.5, months=18))
    expected = [0, 0, 0.125, 0.375, *[0.625] * 12, 0.5, 0.5]
    assert found.ceilings()[:, 0, 0].tolist() == near(expected)


def test_14_a_licence_may_bring_its_own_dead_time_and_ramp(tmp_path):
    own = restriction(
        "CHN", "magnet", kind="licence", severity=Range.of(0), dead_time_months=1.0, ramp_months=0.0
    )
    found = run(LINK.network(tmp_path), several(own))
    assert found.ceilings()[:, 0, 0].tolist() == near([0, *[1.25] * 4, *[1] * 7])


# 15. Fitted constants -----------------------------------------------------------------------------


def test_15_a_fitted_constant_says_on_what(tmp_path):
    tables = LINK.records()
    for row in tables["parameters"]:
        if row["parameter"] == "licence_headroom":
            row["calibrated_on"] = "magnets-2025"
    network = network_of(tables, tmp_path)
    said = {}
    for kind in ("licence", "ban"):
        resolved = resolve(restrict("CHN", "magnet", kind=kind), network)
        compiled = compile_arrays(network, resolved, Central())
        said[kind] = " ".join(pedigree.assumptions(network, resolved, compiled))
    # A result that rests on the fitted constant says so; one that does not is silent about it.
    assert "licence_headroom is fitted to magnets-2025" in said["licence"]
    assert "fitted" not in said["ban"]


ELSEWHERE = {"allied_sharing", "price_tax_pass_through"}
"""Constants that only public stocks and taxes ask for; their own tests see that they are named."""


@pytest.mark.parametrize("name", sorted({key.split()[0] for key in CONSTANTS} - ELSEWHERE))
def test_15_a_constant_that_a_pack_leaves_out_is_named(tmp_path, name):
    elastic = LINK.but(
        products=["magnet component", "bolt component", "cars industry"],
        processors=["CHN magnet 120", "CHN bolt 120"],
        recipes=["cars/all magnet 1 critical", "cars/all bolt 1 0.05@0.05"],
    )
    tables = elastic.records()
    tables["parameters"] = [r for r in tables["parameters"] if r["parameter"] != name]
    # A second maker with something to spare, whose new customers would need a qualification lag.
    tables["processors"].append(
        {
            "country": "JPN",
            "product": "magnet",
            "output": "12",
            "unit": "t",
            "low": "12",
            "high": "12",
            "capacity": "24",
            "evidence": "D",
        }
    )
    tables["countries"].append({"iso3": "JPN", "name": "Japan", "region": "Asia"})
    scenario = restrict("CHN", ["magnet", "element"], kind="licence", form="contained")
    with pytest.raises(DataError, match=name):
        run(network_of(tables, tmp_path), scenario)
