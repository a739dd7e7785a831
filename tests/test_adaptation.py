"""What may come to the rescue, from rows of a pack to the engine: every mechanism by hand.

China makes 10 magnets a month and Korea 10 cars of one magnet each, without stock, unless a test
says otherwise; China stops all exports.
"""

from __future__ import annotations

import numpy as np
import pytest
from worlds import (
    CARS,
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

from supplychain.draws import OneAtATime, Recorder, Sample
from supplychain.errors import DataError
from supplychain.model.adaptive import ADAPTIVE, adaptive
from supplychain.model.cascade import run as play
from supplychain.run import Run
from supplychain.scenario import Range
from supplychain.sectors import binding

OPEN = {"new_supplier_share": 1}


def near(value):
    return pytest.approx(value, abs=1e-9)


# New capacity -------------------------------------------------------------------------------------


def test_a_new_plant_sells_from_the_month_in_which_it_comes_on(tmp_path):
    # 60 a year are 5 a month, half of Korea's need.
    built = LINK.but(projects=["one JPN magnet 60 2025-04"], constants=OPEN)
    found = run(built.network(tmp_path), stop())
    assert found.monthly("adaptive", CARS).tolist() == near([0] * 3 + [0.5] * 9)
    assert found.monthly("adaptive", "JPN:magnet").tolist() == near([0] * 3 + [1] * 9)
    assert found.monthly("frozen", CARS).tolist() == [0] * 12


def test_a_new_plant_grows_along_its_ramp_after_its_slip(tmp_path):
    # First output in March, two months late: May. Ten months to 5 a month, read at mid-month.
    late = "one JPN magnet 60 2025-03 ramp_months=10 slip_months=2 slip_low=2 slip_high=2"
    found = run(LINK.but(projects=[late], constants=OPEN).network(tmp_path), stop())
    ramp = [0.5 * (k + 0.5) / 10 for k in range(8)]
    assert found.monthly("adaptive", CARS).tolist() == near([0] * 4 + ramp)


def test_new_capacity_of_a_plant_that_stands_adds_to_what_it_can_sell(tmp_path):
    # Japan makes 12 a year for Korea already: 1 a month; 24 more are 2 a month.
    grown = LINK.but(
        processors=["CHN magnet 108", "JPN magnet 12"],
        trade=["CHN KOR magnet 0.9", "JPN KOR magnet 0.1"],
        projects=["more JPN magnet 24 2025-03"],
        constants={"access_ceiling": 5},
    )
    found = run(grown.network(tmp_path), stop())
    assert found.monthly("adaptive", CARS).tolist() == near([0.1] * 2 + [0.3] * 10)


def test_a_new_plant_needs_its_inputs(tmp_path):
    # It needs a tonne of oxide a magnet, and Japan has 2 a month to spare: a fifth of Korea's need.
    # It orders for all it can make as soon as it stands, so that it makes them in the same month.
    smelter = LINK.but(
        products=["oxide refine", "magnet component", "cars industry"],
        processors=["JPN oxide 120 capacity=144", "CHN oxide 120", "CHN magnet 120"],
        recipes=["magnet oxide 1 critical", "cars/all magnet 1 critical"],
        trade=["CHN KOR magnet 1", "CHN CHN oxide 1"],
        other_uses=["JPN oxide 1"],
        projects=["one JPN magnet 60 2025-04"],
        constants=OPEN,
    )
    found = run(smelter.network(tmp_path), stop())
    assert found.monthly("adaptive", CARS) == pytest.approx([0] * 3 + [0.2] * 9, abs=1e-3)


def test_an_unlikely_plant_does_not_come_at_central_values_but_in_lucky_lanes(tmp_path):
    doubtful = LINK.but(projects=["one JPN magnet 60 2025-01 probability=0.4"], constants=OPEN)
    network = doubtful.network(tmp_path)
    recorder = Recorder()
    assert run(network, stop(), recorder).monthly("adaptive", CARS).max() == 0
    chance = [f for f in recorder.asked.values() if f.kind == "project fails"]
    lanes = run(network, stop(), OneAtATime.of(chance))
    output = adaptive(lanes.compiled.arrays).output[0, lanes.at(CARS), :, 0]
    assert output.tolist() == near([0.5, 0])


# Other recipes ------------------------------------------------------------------------------------

FERRITE = LINK.but(
    products=["magnet component", "ferrite component", "cars industry"],
    processors=["CHN magnet 120", "JPN ferrite 240 capacity=480"],
    recipes=["cars/all magnet 1 critical", "cars/all ferrite 2 critical technology=ferrite"],
    other_uses=["JPN ferrite 1"],
    technologies=["cars/all ferrite 0.6 0.1 1"],
    constants=OPEN,
)


def test_another_recipe_is_used_within_its_ramp_once_the_main_one_fell_short(tmp_path):
    found = run(FERRITE.network(tmp_path), stop())
    # 0.6 a year from February on, read at mid-month, at most 0.1; nothing is ordered in January.
    ramp = [min(0.1, 0.6 * (t - 0.5) / 12) for t in range(1, 12)]
    assert found.monthly("adaptive", CARS).tolist() == near([0, *ramp])
    assert found.monthly("frozen", CARS).max() == 0


def test_another_recipe_draws_its_own_amount_of_a_shared_input(tmp_path):
    # A car without a magnet needs two bolts instead of one; the plants hold half a month of bolts,
    # and nobody has any to spare: 0.5 months in stock and 1 a month make 0.75 of such cars at most.
    shared = LINK.but(
        products=["magnet component", "bolt component", "cars industry"],
        processors=["CHN magnet 120", "KOR bolt 120"],
        recipes=[
            "cars/all magnet 1 critical",
            "cars/all bolt 1 critical",
            "cars/all bolt 2 critical technology=bolted",
        ],
        trade=["CHN KOR magnet 1", "KOR KOR bolt 1"],
        stocks=["KOR cars bolt 15"],
        technologies=["cars/all bolted 1 1 0"],
    )
    found = run(shared.network(tmp_path), stop(horizon=14, months=14))
    made = found.monthly("adaptive", CARS)
    ramp = [min(1, (t + 0.5) / 12) for t in range(14)]
    # 1 + 0.5 bolts a month: bolts pile up at first and bind at last.
    stock, expected = 0.5, []
    for share in ramp:
        made_now = min(share, (stock + 1) / 2)
        stock += 1 - 2 * made_now
        expected.append(made_now)
    assert made.tolist() == near(expected)


def test_a_recipe_without_its_ramp_is_refused(tmp_path):
    with pytest.raises(Exception, match="neither main nor an alternative"):
        FERRITE.but(technologies=[]).network(tmp_path)


# Recovery and sharing -----------------------------------------------------------------------------


def test_recovery_grows_along_its_ramp_to_its_most(tmp_path):
    scrap = LINK.but(recovery=["* magnet 0.12 0.05 2"])
    found = run(scrap.network(tmp_path), stop())
    expected = [min(0.05, 0.12 * max(0, t + 0.5 - 2) / 12) for t in range(12)]
    assert found.monthly("adaptive", CARS).tolist() == near(expected)


def test_a_country_s_own_recovery_stands_before_that_of_everybody(tmp_path):
    scrap = LINK.but(recovery=["* magnet 0.12 0.05 2", "KOR magnet 0.9 0.3 0"])
    found = run(scrap.network(tmp_path), stop())
    assert found.monthly("adaptive", CARS)[-1] == near(0.3)


ALLIES = LINK.but(
    processors=["CHN magnet 240"],
    industries=["KOR cars 120", "JPN cars 120"],
    trade=["CHN KOR magnet 1", "CHN JPN magnet 1"],
    stocks=["JPN - magnet 60 holder=public release_days=30 release_lag_months=0"],
    constants={"allied_sharing JPN>KOR": 0.5},
)


def test_an_ally_lends_its_share_of_each_release_while_its_stock_lasts(tmp_path):
    # Only Korea is stopped: Japan needs nothing. Half of 30 days a month, of 60: four months.
    found = run(ALLIES.network(tmp_path), stop(to=["KOR"]))
    assert found.monthly("adaptive", CARS).tolist() == near([0.5] * 4 + [0] * 8)


def test_sharing_is_a_constant_that_a_pack_must_give(tmp_path):
    tables = ALLIES.records()
    tables["parameters"] = [r for r in tables["parameters"] if r["parameter"] != "allied_sharing"]
    with pytest.raises(DataError, match="allied_sharing"):
        run(network_of(tables, tmp_path), stop(to=["KOR"]))


def test_an_owner_in_need_comes_first(tmp_path):
    found = run(ALLIES.network(tmp_path), stop())
    assert found.monthly("adaptive", "JPN:cars/all").tolist() == near([1, 1] + [0] * 10)
    assert found.monthly("adaptive", CARS).max() == 0


# Orders towards a stock ---------------------------------------------------------------------------


def test_a_drawn_stock_is_ordered_again_over_the_restocking_months(tmp_path):
    # Two months in stock, one month of ban. Half of what is missing is ordered every month after
    # it, and China has half a month to spare.
    spare = {"capacity_spare": 1.5, "access_ceiling": 1.5, "restock_months": 2}
    found = run(with_stock(60).but(constants=spare).network(tmp_path), path([0], horizon=5))
    slot = found.slot(CARS, "magnet")
    assert found.adaptive.stock[:, slot, 0, 0].tolist() == near([1, 1.5, 1.75, 1.875, 1.9375])
    # Each order is half of the gap that is left: 1, 1/2, 1/4, ...
    assert found.frozen.stock[:, slot, 0, 0].tolist() == near([1] * 5)


def test_hoarding_begins_with_the_first_measure(tmp_path):
    # From March on the plants want three months instead of two. China adds half of its nine tenths;
    # Japan's flow is under a measure and carries its baseline.
    spare = {"capacity_spare": 1.5, "access_ceiling": 1.5, "restock_months": 1, "hoarding": 1.5}
    # The measure itself withholds nothing.
    idle = Range.of(0)
    late = several(restriction("JPN", "magnet", start="2025-03", severity=idle), horizon=6)
    world_ = with_stock(60).but(
        processors=["CHN magnet 108", "JPN magnet 12"],
        trade=["CHN KOR magnet 0.9", "JPN KOR magnet 0.1"],
        constants=spare,
    )
    found = run(world_.network(tmp_path), late)
    slot = found.slot(CARS, "magnet")
    assert found.adaptive.stock[:, slot, 0, 0].tolist() == near([2, 2, 2.45, 2.9, 3, 3])


# Co-products --------------------------------------------------------------------------------------


def test_a_member_of_a_basket_comes_in_its_own_proportion(tmp_path):
    # Whatever the tonnes, heavy comes with light: half of the light means half of the heavy.
    basket = world(
        products=["sand mine", "light mine", "heavy mine", "magnet component", "cars industry"],
        processors=["KOR magnet 120"],
        producers=["CHN sand 120", "MMR light 120", "MMR heavy 12"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=[
            "heavy light 1 relation=basket",
            "light sand 1 critical",
            "magnet heavy 0.1 critical",
            "cars/all magnet 1 critical",
        ],
        trade=["MMR KOR heavy 1", "CHN MMR sand 1", "KOR KOR magnet 1"],
    )
    found = run(basket.network(tmp_path), stop(item="sand", severity=0.5))
    for node in ("MMR:light", "MMR:heavy", CARS):
        assert found.monthly("frozen", node).tolist() == near([0.5] * 12)


# Switches -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switch", "rescued", "loss"),
    [
        ("builds", LINK.but(projects=["one JPN magnet 60 2025-01"], constants=OPEN), 0.5),
        ("recovers", LINK.but(recovery=["* magnet 1 0.5 0"]), None),
        ("alternates", FERRITE, None),
        ("shares", ALLIES, None),
        ("opens", LINK.but(projects=["one JPN magnet 60 2025-01"], constants=OPEN), 0.5),
    ],
)
def test_every_mechanism_has_a_switch(tmp_path, switch, rescued, loss):
    found = run(rescued.network(tmp_path), stop(to=["KOR"]))
    helped, alone = found.loss("adaptive", CARS), found.loss("frozen", CARS)
    off = play(found.compiled.arrays, ADAPTIVE.but(**{switch: False}))
    assert helped < alone == 1
    assert helped == (near(loss) if loss is not None else helped)
    assert (1 - off.output[:, found.at(CARS)]).mean() == near(1)


def test_nothing_moves_without_a_measure(tmp_path):
    everything = FERRITE.but(
        projects=["one JPN magnet 60 2025-01"],
        recovery=["* magnet 1 0.5 0"],
        stocks=["* * * 60", "KOR - magnet 60 holder=public release_days=30"],
        constants={**OPEN, "hoarding": 2, "restock_months": 1},
    )
    idle = path([1.0] * 6)
    found = run(everything.network(tmp_path), idle)
    present = found.compiled.arrays.nodes.level == 1
    assert (found.frozen.output[:, present] == 1).all()
    free = np.asarray(
        adaptive(run(everything.network(tmp_path), several(horizon=6)).compiled.arrays).output
    )
    assert free.size == 0 or (free == 1).all()


def test_a_project_comes_in_as_many_draws_as_its_chance_says(tmp_path):
    likely = LINK.but(projects=["one JPN magnet 60 2025-01 probability=0.9"], constants=OPEN)
    lanes = run(likely.network(tmp_path), stop(), Sample(200, 1))
    comes = lanes.compiled.arrays.projects.added[0, 0] > 0
    assert comes.mean() == pytest.approx(0.9, abs=0.005)


def test_an_empty_slot_of_another_recipe_binds_nobody(tmp_path):
    found = run(FERRITE.network(tmp_path), stop())
    played = Run.of(found.network, found.resolved)
    (cars,) = [s for s in played.sectors if s.country == "KOR"]
    bound = binding(found.network, played.compiled, cars, played.outcomes["adaptive"])
    assert bound.name == "KOR:magnet"
