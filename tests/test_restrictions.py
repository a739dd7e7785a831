"""What each kind and condition of a restriction leaves of a flow, by hand and by law."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from worlds import CARS, LINK, network_of, restriction, run, several, stop, with_stock, world

from supplychain import render
from supplychain.cli import main
from supplychain.coverage import resolve
from supplychain.ends import use_shares
from supplychain.errors import AmbiguousNameError, DataError, ScenarioError, UnknownNameError
from supplychain.model.ceilings import (
    licence_ceiling,
    luck_ranks,
    path_ceiling,
    turn_ceilings,
    uneven_licence,
)
from supplychain.model.prices import tax_ceiling
from supplychain.restriction import Range, Window
from supplychain.result import scenario_dict
from supplychain.scenario import restrict

FREE = np.inf
LAWS = settings(derandomize=True, max_examples=60, deadline=None)
SHARES = st.floats(0.0, 1.0)


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def ceilings(network, *restrictions, supplier="CHN:magnet", user=CARS, horizon=0, leaks=False):
    """Monthly ceiling of one flow under some restrictions."""
    found = run(network, several(*restrictions, horizon=horizon))
    return found.ceilings(leaks=leaks)[:, found.flow(supplier, user), 0].tolist()


# A quota in turns ---------------------------------------------------------------------------------

THREE = world(
    products=["magnet component", "motor component", "cars industry", "robots industry"],
    processors=["CHN magnet 480", "JPN motor 120"],
    industries=["KOR cars 120", "DEU cars 240", "JPN robots 120"],
    segments=["* cars all 1", "* robots small 0.5", "* robots large 0.5"],
    recipes=[
        "cars/all magnet 1",
        "motor magnet 1",
        "robots/small motor 1",
        "robots/large motor 1",
    ],
    trade=["CHN KOR magnet 1", "CHN DEU magnet 1", "CHN JPN magnet 1", "JPN JPN motor 1"],
)
"""Of 40 magnets a month 10 go to Korea's cars, 20 to Germany's, 10 to Japan's motors."""

KOREA, GERMANY, MOTORS = CARS, "DEU:cars/all", "JPN:motor"


def quota(severity, *priority, **more):
    turns = {"sharing": "priority", "priority": priority} if priority else {}
    return restriction("CHN", "magnet", kind="quota", severity=Range.of(severity), **turns, **more)


@pytest.mark.parametrize(
    ("severity", "priority", "korea", "germany", "motors"),
    [
        (0.5, (), 0.5, 0.5, 0.5),
        (0.5, ("JPN", "KOR"), 1, 0, 1),  # 20 left: 10 for each of the two
        (0.375, ("JPN", "KOR"), 1, 0.25, 1),  # 25 left: 5 of Germany's 20
        (0.625, ("JPN", "KOR"), 0.5, 0, 1),  # 15 left
        (0.5, ("cars",), 2 / 3, 2 / 3, 0),  # 20 of the 30 that cars take
        (0.5, ("motor", "DEU"), 0, 0.5, 1),
        (0.5, ("cars/all", "motor"), 2 / 3, 2 / 3, 0),
        (0.5, ("DEU", "cars"), 0, 1, 0),  # Germany's cars in Germany's turn
        (0, ("JPN",), 1, 1, 1),
        (1, ("JPN",), 0, 0, 0),
    ],
)
def test_a_quota_serves_its_users_in_turn(tmp_path, severity, priority, korea, germany, motors):
    network = THREE.network(tmp_path)
    for user, left in ((KOREA, korea), (GERMANY, germany), (MOTORS, motors)):
        assert ceilings(network, quota(severity, *priority), user=user) == near([left] * 12)


@LAWS
@given(SHARES, st.lists(st.floats(0.0, 1e4), min_size=1, max_size=6))
def test_a_quota_in_turns_is_given_out_in_full_and_to_nobody_beyond_his_baseline(severity, sizes):
    found = turn_ceilings(severity, sizes)
    assert found @ np.array(sizes) == pytest.approx((1 - severity) * sum(sizes), rel=1e-9)
    assert ((found >= 0) & (found <= 1)).all()
    served = found[np.array(sizes) > 0]
    assert all(a >= b or a == 1 for a, b in pairwise(served))


def test_a_quota_in_turns_counts_those_who_are_spared_out(tmp_path):
    # Germany is no target: the quota is half of 20, all of it Japan's.
    scenario = quota(0.5, "JPN", exclude=("DEU",))
    network = THREE.network(tmp_path)
    assert ceilings(network, scenario, user=MOTORS) == near([1] * 12)
    assert ceilings(network, scenario, user=KOREA) == near([0] * 12)
    assert ceilings(network, scenario, user=GERMANY) == [FREE] * 12


def test_a_quota_in_turns_leaves_nothing_to_new_customers(tmp_path):
    two = world(
        products=["magnet component", "cars industry"],
        processors=["CHN magnet 120 capacity=240", "JPN magnet 120 capacity=240"],
        industries=["KOR cars 120", "JPN cars 120"],
        segments=["* cars all 1"],
        recipes=["cars/all magnet 1"],
        trade=["CHN KOR magnet 1", "JPN JPN magnet 1"],
    )
    network = two.network(tmp_path)
    for sharing, left in ((quota(0.5, "KOR"), 0.0), (quota(0.5), 0.5)):
        found = run(network, several(sharing))
        new = found.compiled.arrays.openings.flow < 0
        ceilings_of_new = found.ceilings(openings=True)[:, new, 0].T
        (covered,) = {tuple(c) for c in ceilings_of_new if c[0] < FREE}
        assert covered == near([left] * 12)


@pytest.mark.parametrize(
    ("priority", "meant"), [("crs", "cars"), ("robots/smal", "robots/small"), ("Koera", "cars")]
)
def test_a_turn_of_nobody_is_refused(tmp_path, priority, meant):
    wrong = re.escape(f"unknown country or use '{priority}'")
    with pytest.raises(UnknownNameError, match=wrong) as caught:
        resolve(several(quota(0.5, priority)), THREE.network(tmp_path))
    assert (meant in caught.value.suggestions) == (priority != "Koera")
    assert ("land of KOR" in caught.value.suggestions) == (priority == "Koera")


def test_a_turn_of_one_of_two_countries_says_which_ones(tmp_path):
    with pytest.raises(AmbiguousNameError, match="it may be 'land of ") as caught:
        resolve(several(quota(0.5, "land of")), THREE.network(tmp_path))
    assert {"land of KOR", "land of JPN"} <= set(caught.value.suggestions)


# A licence and luck -------------------------------------------------------------------------------


@LAWS
@given(
    severity=SHARES,
    dead_time=st.floats(0, 6),
    ramp=st.floats(0, 8),
    headroom=st.floats(1, 2),
    luck=SHARES,
    plants=st.integers(1, 9),
)
@example(severity=0, dead_time=1, ramp=5e-324, headroom=1.25, luck=1, plants=3)
def test_lucky_plants_ship_together_what_even_ones_would(luck, plants, **curve):
    whole = licence_ceiling(24, **curve)
    found = uneven_licence(24, luck=luck, plants=plants, **curve)
    assert found.mean(axis=1) == pytest.approx(whole, abs=1e-9)
    assert (found >= -1e-9).all()
    # No plant ships more than it was due of its orders so far, nor more than it ordered.
    due = np.clip(plants * (1 - curve["severity"]) - np.array(luck_ranks(plants)), 0, 1)
    due = (1 - luck) * (1 - curve["severity"]) + luck * due
    months = np.arange(1, 25)[:, None]
    assert (found.cumsum(axis=0) <= due * months + 1e-9).all()


@pytest.mark.parametrize("plants", [4, 5, 7, 9, 12, 20])
def test_approvals_come_in_an_order_that_has_little_to_do_with_stocks(plants):
    ranks = luck_ranks(plants)
    assert sorted(ranks) == list(range(plants))
    assert abs(np.corrcoef(np.arange(plants), ranks)[0, 1]) <= 0.2


def licence(**more):
    return restriction("CHN", "magnet", kind="licence", severity=Range.of(0), **more)


def test_with_luck_half_of_the_approvals_are_one_of_two_plants(tmp_path):
    # No dead time, no ramp, half withheld: all that is approved is the first plant's.
    network = LINK.but(constants={"cover_bins": 2, "licence_dead_time_months": 0}).network(tmp_path)
    half = {"severity": Range.of(0.5)}
    by_luck = {
        luck: run(network, several(replace(licence(approval_luck=Range.of(luck)), **half)))
        for luck in (0.0, 0.5, 1.0)
    }
    outputs = {
        luck: found.frozen.output[0, found.at(CARS), 0].tolist() for luck, found in by_luck.items()
    }
    assert outputs == {0.0: near([0.5, 0.5]), 0.5: near([0.75, 0.25]), 1.0: near([1.0, 0.0])}
    for found in by_luck.values():
        assert found.loss("frozen", CARS) == near(0.5)


def test_without_luck_a_licence_is_what_it_always_was(tmp_path):
    network = LINK.but(constants={"cover_bins": 7}).network(tmp_path)
    plain, zero = (
        run(network, several(r)) for r in (licence(), licence(approval_luck=Range.of(0)))
    )
    for found in (plain, zero):
        assert found.compiled.arrays.regimes.ceiling.shape == (12, 1, 1, 1)
    assert np.array_equal(plain.frozen.output, zero.frozen.output)


def test_one_plant_per_node_knows_no_luck(tmp_path):
    network = LINK.network(tmp_path)
    assert ceilings(network, licence(approval_luck=Range.of(1))) == near(
        ceilings(network, licence())
    )


def test_luck_is_the_packs_where_the_scenario_says_nothing(tmp_path):
    lucky = LINK.but(constants={"cover_bins": 2, "approval_luck": 1.0}).network(tmp_path)
    found = run(lucky, several(licence()))
    assert found.compiled.arrays.regimes.ceiling.shape[3] == 2
    assert dict(found.resolved.measures[0].terms) == {"approval_luck": 1.0}


@pytest.mark.parametrize("luck", [0.3, 1.0])
def test_the_planner_is_a_lower_bound_under_luck_too(tmp_path, luck):
    constants = {"cover_bins": 3, "licence_ramp_months": 4, "queue_cap_months": 2}
    network = with_stock(30).but(constants=constants).network(tmp_path)
    found = run(network, several(licence(approval_luck=Range.of(luck))))
    best = found.loss("planner", CARS)
    assert best <= min(found.loss("frozen", CARS), found.loss("adaptive", CARS)) + 1e-7
    assert best > 0  # it cannot pool what each plant is approved


# A tax --------------------------------------------------------------------------------------------


def tax(rate=0.25, **more):
    severity = Range.of(0)
    return restriction("CHN", "magnet", kind="tax", severity=severity, rate=Range.of(rate), **more)


@pytest.mark.parametrize(
    ("more", "left"),
    [
        ({"elasticity": Range.of(-1)}, 0.8),  # 1 / 1.25
        ({"elasticity": Range.of(-2)}, 0.64),
        ({"elasticity": Range.of(0)}, 1),
        ({"elasticity": Range.of(-1), "rate": Range.of(0)}, 1),
        # Three fifths of 25 % reach the buyer: 1 / 1.15.
        ({"elasticity": Range.of(-1), "pass_through": Range.of(0.6)}, 1 / 1.15),
        ({"elasticity": Range.of(-1), "pass_through": Range.of(0)}, 1),
    ],
)
def test_a_tax_leaves_what_demand_still_takes_at_the_higher_price(tmp_path, more, left):
    assert ceilings(LINK.network(tmp_path), tax(**more)) == near([left] * 12)


@pytest.mark.parametrize(
    ("markets", "left"),
    [
        (["* -1"], 0.8),
        (["* -1", "component -2"], 0.64),
        (["* -1", "component -2", "magnet -3"], 0.512),
    ],
)
def test_the_elasticity_is_that_of_the_product_its_stage_or_all(tmp_path, markets, left):
    network = LINK.but(markets=markets).network(tmp_path)
    assert ceilings(network, tax()) == near([left] * 12)
    (measure,) = resolve(several(tax()), network).measures
    elasticity = float(markets[-1].split()[1])
    assert dict(measure.terms) == {"elasticity of magnet": elasticity, "pass_through": 1}


def test_what_buyers_pay_of_a_tax_is_a_constant_that_a_pack_must_give(tmp_path):
    tables = LINK.but(markets=["magnet -1"]).records()
    passed_on = "price_tax_pass_through"
    tables["parameters"] = [r for r in tables["parameters"] if r["parameter"] != passed_on]
    with pytest.raises(DataError, match=passed_on):
        ceilings(network_of(tables, tmp_path), tax())


def test_a_tax_without_an_elasticity_is_refused_by_its_product(tmp_path):
    with pytest.raises(ScenarioError, match="elasticity: this pack has no market for magnet"):
        resolve(several(tax()), LINK.network(tmp_path))


@LAWS
@given(st.floats(0, 3), st.floats(0, 3), st.floats(-5, 0), SHARES)
def test_a_higher_tax_leaves_no_more(lower, more, elasticity, passed):
    low, high = (tax_ceiling(1, r, elasticity, passed)[0] for r in (lower, lower + more))
    assert 0 < high <= low <= 1


def test_a_tax_lists_what_taxes_name_and_other_kinds_what_other_measures_do(tmp_path):
    chain = world(
        products=["oxide refine mineral=tin", "wire component semi_of=tin", "cars industry"],
        processors=["CHN oxide 120", "CHN wire 120"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=["cars/all wire 1", "wire oxide 1"],
        trade=["CHN KOR wire 1"],
        controls=["duty CHN tin wire 2020-01-01 kind=tax", "notice CHN tin oxide 2020-01-01"],
        markets=["* -1"],
    )
    network = chain.network(tmp_path)
    for kind, product in ((tax(), "wire"), (restriction("CHN"), "oxide")):
        (measure,) = resolve(several(replace(kind, items=("tin",))), network).measures
        assert measure.products == (product,)


# Announcement, delay, suspension, end -------------------------------------------------------------

AHEAD = {"front_loading_surge": 2.0, "front_loading_cap_months": 3.0}


@pytest.mark.parametrize(
    ("announced", "constants", "more", "cover"),
    [
        ("2024-11", {}, {}, 3),  # one month of stock, and two months at twice the rate
        ("2024-11", {"front_loading_surge": 1.5}, {}, 2),
        ("2024-11", {"front_loading_cap_months": 0.5}, {}, 1.5),
        ("2024-06", {}, {}, 4),  # seven months, of which the cap leaves three
        ("2025-01", {}, {}, 1),
        ("2025-01", {}, {"delay_months": 2}, 3),  # enforced in March
        ("2024-11", {}, {"to": ("ROW",)}, 1),  # no target, no reason
    ],
)
def test_users_buy_ahead_between_announcement_and_enforcement(
    tmp_path, announced, constants, more, cover
):
    network = with_stock(30).but(constants=AHEAD | constants).network(tmp_path)
    ban = restriction("CHN", "magnet", start="2025-01", announced=announced, **more)
    found = run(network, several(ban))
    assert found.compiled.arrays.slots.cover[:, 0, 0] == near([cover])
    if not more:
        assert found.monthly("frozen", CARS) == near(np.clip(cover - np.arange(12), 0, 1))


def test_users_buy_ahead_only_what_is_covered_of_their_supply(tmp_path):
    two = LINK.but(
        processors=["CHN magnet 90", "JPN magnet 30"],
        trade=["CHN KOR magnet 0.75", "JPN KOR magnet 0.25"],
        constants=AHEAD,
    )
    ban = restriction("CHN", "magnet", start="2025-01", announced="2024-11")
    found = run(two.network(tmp_path), several(ban))
    assert found.compiled.arrays.slots.cover[:, 0, 0] == near([1.5])


def test_of_two_announcements_the_larger_counts(tmp_path):
    network = LINK.but(constants=AHEAD).network(tmp_path)
    early, late = (
        restriction("CHN", "magnet", start="2025-01", announced=month)
        for month in ("2024-11", "2024-12")
    )
    assert run(network, several(late, early)).compiled.arrays.slots.cover.max() == near(2)


def test_without_constants_nobody_buys_ahead_and_the_reader_is_told(tmp_path):
    network = with_stock(30).network(tmp_path)
    ban = restriction("CHN", "magnet", start="2025-01", announced="2024-11")
    found = run(network, several(ban))
    assert found.compiled.arrays.slots.cover.max() == 1
    assert any("nobody buys ahead" in note for note in found.resolved.notes)


def test_an_enforcement_before_the_start_is_refused(tmp_path):
    early = restriction("CHN", "magnet", enforcement="2024-12")
    with pytest.raises(ScenarioError, match="enforcement: 2024-12 lies before the start"):
        resolve(several(early), LINK.network(tmp_path))


def test_an_announcement_after_the_horizons_start_is_refused(tmp_path):
    late = several(restriction("CHN", "magnet", announced="2025-02"))
    with pytest.raises(ScenarioError, match="announced: 2025-02 lies after the start"):
        resolve(late, LINK.network(tmp_path))


@pytest.mark.parametrize(
    ("words", "held"),
    [
        ({"start": "2025-02", "months": 3}, [1, 2, 3]),
        ({"start": "2025-02", "months": 3, "delay_months": 1}, [2, 3]),
        ({"start": "2025-02", "end": "2025-04"}, [1, 2, 3]),
        ({"start": "2025-02", "end": "2025-05", "delay_months": 2}, [3, 4]),
        ({"months": 6, "suspended": (("2025-02", "2025-03"),)}, [0, 3, 4, 5]),
        ({"months": 6, "suspended": (("2025-05", "2025-09"),)}, [0, 1, 2, 3]),
        (
            {"months": 6, "suspended": (("2025-05", "2025-05"), ("2025-02", "2025-02"))},
            [0, 2, 3, 5],
        ),
        ({"months": 6, "delay_months": 2, "suspended": (("2025-02", "2025-04"),)}, [4, 5]),
    ],
)
def test_a_restriction_holds_in_the_months_in_which_it_is_enforced(tmp_path, words, held):
    found = ceilings(LINK.network(tmp_path), restriction("CHN", "magnet", **words))
    assert [t for t, ceiling in enumerate(found) if ceiling == 0] == held
    assert all(ceiling == FREE for t, ceiling in enumerate(found) if t not in held)


@LAWS
@given(
    st.integers(0, 5),
    st.integers(1, 30),
    st.lists(st.tuples(st.integers(-5, 40), st.integers(1, 10)), max_size=4),
)
def test_the_spells_are_the_months_of_the_window_outside_its_breaks(delay, months, breaks):
    pauses = tuple((first, first + length) for first, length in breaks)
    window = Window(0, delay, months, pauses)
    free = {t for first, stop in pauses for t in range(first, stop)}
    counted = [t for first, stop in window.spells for t in range(first, stop)]
    assert counted == [t for t in range(delay, months) if t not in free]
    assert all(first < stop for first, stop in window.spells)


def test_a_licence_starts_anew_after_a_suspension_and_a_path_runs_on(tmp_path):
    network = LINK.network(tmp_path)
    pause = {"months": 8, "suspended": (("2025-05", "2025-05"),), "start": "2025-01"}
    # Two months of dead time, then 1.25 a month against the backlog; the same from June on.
    wanted = [0, 0, 1.25, 1.25, FREE, 0, 0, 1.25, *[FREE] * 4]
    assert ceilings(network, licence(**pause)) == near(wanted)
    steps = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
    dated = restriction("CHN", "magnet", kind="path", path=steps, **pause)
    expected = path_ceiling(8, steps).tolist()
    expected[4] = FREE
    assert ceilings(network, dated) == near([*expected, *[FREE] * 4])


def test_a_queue_leaves_within_the_access_ceiling_while_a_ban_is_suspended(tmp_path):
    world_ = LINK.but(constants={"queue_cap_months": 1, "access_ceiling": 1.25})
    pause = {"months": 4, "suspended": (("2025-02", "2025-03"),)}
    found = run(world_.network(tmp_path), several(restriction("CHN", "magnet", **pause)))
    shipped = found.frozen.shipped[:4, found.flow("CHN:magnet", CARS), 0, 0]
    # January's goods wait; in February and March a quarter of a month of them leaves beside.
    assert shipped == near([0, 1.25, 1.25, 0])


def test_the_horizon_holds_a_delayed_restriction_to_its_end(tmp_path):
    network = LINK.network(tmp_path)
    late = several(restriction("CHN", "magnet", start="2025-06", months=12, delay_months=3))
    found = resolve(late, network)
    assert (found.months, found.measures[0].spells) == (17, ((8, 17),))
    # What was resolved resolves to itself.
    assert resolve(found.scenario, network).measures == found.measures


# Uses ---------------------------------------------------------------------------------------------

ENDS = world(
    products=["magnet component", "motor component", "cars industry", "robots industry"],
    processors=["CHN magnet 225", "KOR motor 180"],
    industries=["KOR cars 120", "KOR robots 60"],
    segments=["* cars all 1", "* robots small 0.25", "* robots large 0.75"],
    recipes=[
        "motor magnet 1",
        "cars/all motor 1",
        "robots/small motor 1",
        "robots/large motor 1",
        "robots/large magnet 1",
    ],
    trade=["CHN KOR magnet 1", "KOR KOR motor 1"],
    demand_classes=["* cars defence 0.1", "KOR robots defence 0.5 segment=large"],
)
"""180 motors a year: 120 for cars, 15 for small and 45 for large robots, these with magnets too."""


@pytest.mark.parametrize(
    ("uses", "motor", "large"),
    [
        (("cars",), 120 / 180, 0),
        (("robots",), 60 / 180, 1),
        (("robots/small",), 15 / 180, 0),
        (("robots/large",), 45 / 180, 1),
        (("cars", "robots/small"), 135 / 180, 0),
        (("motor",), 1, 0),
        (("defence",), (12 + 22.5) / 180, 0.5),
        (("defence", "robots/large"), (12 + 45) / 180, 1),
        (("cars", "robots"), 1, 1),
    ],
)
def test_a_measure_holds_what_ends_in_the_named_uses(tmp_path, uses, motor, large):
    network = ENDS.network(tmp_path)
    ban = restriction("CHN", "magnet", uses=uses)
    for user, share in (("KOR:motor", motor), ("KOR:robots/large", large)):
        left = near([1 - share] * 12) if share else [FREE] * 12
        assert ceilings(network, ban, user=user) == left
    # Half withheld: half of the share.
    half = replace(ban, severity=Range.of(0.5))
    assert ceilings(network, half, user="KOR:motor") == near([1 - motor / 2] * 12)


def test_use_shares_add_up_over_the_uses(tmp_path):
    network = ENDS.network(tmp_path)
    parts = [use_shares(network, [use]) for use in ("cars", "robots/small", "robots/large")]
    whole = use_shares(network, ["cars", "robots"])
    assert np.sum(parts, axis=0) == near(whole)
    assert set(whole) == {1.0}


@pytest.mark.parametrize(
    ("use", "near_by"),
    [("crs", "cars"), ("robots/lrge", "robots/large"), ("defense", "defence"), ("zinc", None)],
)
def test_an_unknown_use_is_refused_with_the_nearest(tmp_path, use, near_by):
    with pytest.raises(UnknownNameError) as caught:
        resolve(several(restriction("CHN", "magnet", uses=(use,))), ENDS.network(tmp_path))
    assert caught.value.kind == "use"
    everything = ("cars", "robots", "defence")  # where nothing is near
    assert (
        near_by in caught.value.suggestions if near_by else caught.value.suggestions == everything
    )


def test_a_use_of_nobody_withholds_nothing_and_says_so(tmp_path):
    network = THREE.network(tmp_path)
    (note,) = resolve(
        several(restriction("CHN", "magnet", to=("KOR",), uses=("robots",))), network
    ).notes
    assert note.startswith("nobody who buys magnet from CHN for robots is restricted")


# Content rules and leakage ------------------------------------------------------------------------

ABROAD = world(
    products=[
        "oxide refine mineral=tin",
        "magnet component",
        "motor component mass_t_per_unit=10",
        "cars industry",
    ],
    processors=["CHN oxide 6", "AUS oxide 6", "JPN magnet 240", "JPN motor 120"],
    industries=["KOR cars 240"],
    segments=["* cars plain 0.5", "* cars electric 0.5"],
    recipes=["magnet oxide 0.05", "cars/plain magnet 1", "motor magnet 1", "cars/electric motor 1"],
    trade=["CHN JPN oxide 0.5", "AUS JPN oxide 0.5", "JPN KOR magnet 1", "JPN KOR motor 1"],
)
"""Japan makes magnets of oxide, half of it Chinese: 5 % of a magnet, 0.5 % of a motor."""


@pytest.mark.parametrize(
    ("rule", "magnets", "motors"),
    [
        (0, 0.5, 0.5),
        (0.001, 0.5, 0.5),
        (0.005, 0.5, 0.5),
        (0.006, 0.5, 0),  # a motor holds less than this
        (0.051, 0, 0),  # and so does a magnet
    ],
)
def test_a_content_rule_holds_foreign_goods_by_the_actors_share_of_their_material(
    tmp_path, rule, magnets, motors
):
    network = ABROAD.network(tmp_path)
    ban = restriction(
        "CHN", "oxide", to=("KOR",), content_rule=rule, compliance=Range.of(0.8)
    )  # fmt: skip
    flows = (("JPN:magnet", "KOR:cars/plain", magnets), ("JPN:motor", "KOR:cars/electric", motors))
    for supplier, user, share in flows:
        left = near([1 - 0.8 * share] * 12) if share else [FREE] * 12
        found = ceilings(network, ban, supplier=supplier, user=user)
        assert found == left
    # Japan is no target: its own oxide comes as before.
    assert ceilings(network, ban, supplier="CHN:oxide", user="JPN:magnet") == [FREE] * 12


def test_a_maker_below_the_threshold_is_free(tmp_path):
    # A fifth of Japan's oxide is Chinese, and a rule of 21 % asks more than that.
    little = ABROAD.but(
        trade=["CHN JPN oxide 0.2", "AUS JPN oxide 0.8", "JPN KOR magnet 1", "JPN KOR motor 1"],
        processors=["CHN oxide 2.4", "AUS oxide 9.6", "JPN magnet 240", "JPN motor 120"],
        recipes=[r.replace("0.05", "0.5") for r in ABROAD.tables["recipes"]],
    )
    little = little.but(
        processors=["CHN oxide 24", "AUS oxide 96", *ABROAD.tables["processors"][2:]]
    )
    network = little.network(tmp_path)
    for rule, left in ((0.2, 0.8), (0.21, FREE)):
        ban = restriction("CHN", "oxide", content_rule=rule, compliance=Range.of(1))
        found = ceilings(network, ban, supplier="JPN:magnet", user="KOR:cars/plain")
        assert found == near([left] * 12)


def test_a_content_rule_without_a_share_of_compliance_is_refused_or_the_packs(tmp_path):
    ban = restriction("CHN", "oxide", content_rule=0.001)
    with pytest.raises(ScenarioError, match="compliance: this pack has no re_export_enforcement"):
        resolve(several(ban), ABROAD.network(tmp_path))
    known = ABROAD.but(constants={"re_export_enforcement": 0.4}).network(tmp_path)
    found = ceilings(known, ban, supplier="JPN:magnet", user="KOR:cars/plain")
    assert found == near([1 - 0.4 * 0.5] * 12)
    (measure,) = resolve(several(ban), known).measures
    assert dict(measure.terms) == {"compliance": 0.4}
    assert measure.foreign.products == ("magnet", "motor")


def test_a_content_rule_that_reaches_nothing_says_so(tmp_path):
    ban = restriction("CHN", "magnet", content_rule=0.001, compliance=Range.of(1))
    assert any(
        "the content rule covers nothing" in note
        for note in resolve(several(ban), LINK.network(tmp_path)).notes
    )


@pytest.mark.parametrize(
    ("options", "note"),
    [
        ({"to": ("KOR",)}, None),  # which buys no oxide, but magnets of it
        ({"to": ("KOR", "JPN")}, None),
        ({"exclude": ("KOR",)}, None),
        ({"to": ("JPN", "AUS")}, "AUS buys no oxide from CHN in this pack: naming it changes"),
        ({"to": ("AUS",)}, "nobody who buys oxide from CHN is restricted, so nothing is withheld"),
        ({"to": ("KOR",), "content_rule": 0.1}, "nobody who buys oxide from CHN is restricted"),
    ],
)
def test_who_buys_foreign_goods_under_a_content_rule_is_restricted(tmp_path, options, note):
    words = {"content_rule": 0.001, "compliance": Range.of(1)} | options
    notes = resolve(several(restriction("CHN", "oxide", **words)), ABROAD.network(tmp_path)).notes
    said = [n for n in notes if "nobody who buys" in n or "changes nothing" in n]
    assert len(said) == (note is not None)
    assert all(n.startswith(note) for n in said)


def test_a_content_rule_takes_its_followers_out_of_the_leakage(tmp_path):
    leaky = ABROAD.but(constants={"leakage": 0.4}).network(tmp_path)
    for rule, arrives in ((None, 0.4), (0.001, 0.1)):
        compliance = None if rule is None else Range.of(0.75)
        ban = restriction("CHN", "oxide", content_rule=rule, compliance=compliance)
        flow = {"supplier": "CHN:oxide", "user": "JPN:magnet", "leaks": True}
        assert ceilings(leaky, ban, **flow) == near([arrives] * 12)


@pytest.mark.parametrize(
    ("more", "leaked"),
    [
        ({"leakage": Range.of(0.5)}, [0.5] * 4),
        ({"leakage": Range.of(0.5), "enforcement": "2025-03"}, [0.5, 0.5, 0.1, 0.1]),
        (
            {"leakage": Range.of(0.5), "leakage_enforced": Range.of(0), "enforcement": "2025-02"},
            [0.5, 0, 0, 0],
        ),
        ({"enforcement": "2025-04"}, [0.3, 0.3, 0.3, 0.1]),  # the pack's shares, an own date
        # Enforcement never lets more through than before.
        ({"leakage": Range.of(0.05), "enforcement": "2025-01"}, [0.05] * 4),
    ],
)
def test_a_scenario_states_its_own_leakage(tmp_path, more, leaked):
    network = LINK.but(constants={"leakage": 0.3, "leakage_enforced": 0.1}).network(tmp_path)
    found = ceilings(network, restriction("CHN", "magnet", **more), leaks=True)
    assert found[:4] == near(leaked)


# Together -----------------------------------------------------------------------------------------


def test_the_tightest_of_different_kinds_targets_and_dates_holds(tmp_path):
    network = THREE.but(markets=["* -1"]).network(tmp_path)
    measures = (
        tax(0.25),  # 0.8 for everybody, all year
        quota(
            0.5, "JPN", start="2025-03", months=2
        ),  # March and April: 10 for Japan, 1/3 for others
        restriction("CHN", "magnet", to=("KOR",), start="2025-04", months=1),
    )
    third = (20 - 10) / 30
    assert ceilings(network, *measures)[:5] == near([0.8, 0.8, third, 0, 0.8])
    assert ceilings(network, *measures, user=MOTORS)[:5] == near([0.8] * 5)
    assert ceilings(network, *measures, user=GERMANY)[:5] == near([0.8, 0.8, third, third, 0.8])


def test_a_result_says_what_was_taken(tmp_path):
    network = with_stock(30).but(constants=AHEAD | {"re_export_enforcement": 0.4}).network(tmp_path)
    ban = restriction(
        "CHN", "magnet", start="2025-02", end="2025-11", announced="2024-12", delay_months=1,
        suspended=(("2025-05", "2025-06"),), uses=("cars",), content_rule=0.001,
        leakage=Range(0.3, 0.1, 0.5), enforcement="2025-08",
    )  # fmt: skip
    (said,) = scenario_dict(resolve(several(ban), network))["restrictions"]
    assert said["in_force"] == [[3, 4], [7, 11]]
    assert (said["first_month"], said["months"], said["end"]) == (3, 10, "2025-11")
    assert (said["uses"], said["content_rule"], said["also_covers"]) == (["cars"], 0.001, [])
    assert said["leakage"] == {"value": 0.3, "low": 0.1, "high": 0.5}
    assert said["terms"] == {"compliance": 0.4, "months bought ahead": 3.0}


def test_people_read_every_condition(tmp_path):
    constants = AHEAD | {"re_export_enforcement": 0.4, "headline_d_threshold": 0.5}
    network = THREE.but(constants=constants).network(tmp_path)
    rule = quota(
        0.5, "JPN", "cars/all", start="2025-02", end="2025-11", announced="2024-12", delay_months=1,
        suspended=(("2025-05", "2025-06"),), uses=("cars", "robots"), content_rule=0.001,
    )  # fmt: skip
    resolved = resolve(several(rule), network)
    (measure,) = resolved.measures
    assert render._conditions(measure, render.Words.of(network)) == [
        "Announced in 2024-12: users buy up to 3 months ahead",
        "Enforced 1 month after its start",
        "Suspended from 2025-05 to 2025-06",
        "Only what ends in the cars, the robots",
        "Served in turn: land of JPN, cars/all, then others",
        "With goods of other countries that hold 0.1 % or more of its material",
    ]
    taxed = resolve(several(tax(elasticity=Range.of(-1))), network).measures[0]
    assert render._strength(taxed.restriction) == "an export tax of 25 %"


def test_a_one_line_restriction_takes_the_simple_conditions(tmp_path):
    network = LINK.but(markets=["* -1"], constants=AHEAD).network(tmp_path)
    scenario = restrict(
        "CHN", "magnet", kind="tax", rate=0.25, start="2025-01", announced="2024-11",
        delay_months=1, uses=["cars"],
    )  # fmt: skip
    found = run(network, scenario)
    flow = found.flow("CHN:magnet", CARS)
    assert found.ceilings()[:3, flow, 0].tolist() == near([FREE, 0.8, 0.8])
    assert found.compiled.arrays.slots.cover.max() == near(3)


def test_a_plain_ban_is_bit_for_bit_what_it_says(tmp_path):
    found = run(LINK.network(tmp_path), stop(severity=0.3))
    assert (found.compiled.arrays.regimes.ceiling == 1.0 - 0.3).all()


# Laws of whole runs -------------------------------------------------------------------------------

MIXED = ENDS.but(
    processors=["CHN magnet 180", "JPN magnet 45 capacity=54", "KOR motor 180"],
    trade=["CHN KOR magnet 0.8", "KOR KOR motor 1"],
    stocks=["* * * 20 low=5 high=60"],
    markets=["* -1"],
    constants={
        "cover_bins": 3,
        "queue_cap_months": 2,
        "access_ceiling": 1.3,
        "leakage": 0.2,
        "licence_ramp_months": 3,
        "re_export_enforcement": 0.5,
    },
)


@st.composite
def measures(draw):
    """A random restriction of magnets by any of the mechanisms but an announcement."""
    kind = draw(st.sampled_from(("ban", "quota", "licence", "tax")))
    share = draw(st.sampled_from((0.0, 0.2, 0.5, 0.9)))
    more = {
        "quota": {"sharing": "priority", "priority": draw(st.permutations(("motor", "robots")))},
        "licence": {"approval_luck": Range.of(draw(SHARES))},
        "tax": {"rate": Range.of(draw(st.floats(0, 3)))},
    }.get(kind, {})
    return restriction(
        "CHN",
        "magnet",
        kind=kind,
        severity=Range.of(0.0 if kind == "tax" else share),
        start="2025-01",
        months=draw(st.integers(4, 12)),
        delay_months=draw(st.integers(0, 2)),
        suspended=draw(st.sampled_from(((), (("2025-04", "2025-05"),)))),
        uses=draw(st.sampled_from(((), ("cars",), ("robots/large", "defence")))),
        content_rule=draw(st.sampled_from((None, 0.001))),
        leakage=draw(st.sampled_from((None, Range.of(0.6)))),
        **{k: tuple(v) if k == "priority" else v for k, v in more.items()},
    )


INDUSTRIES = (CARS, "KOR:robots/small", "KOR:robots/large")


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    return MIXED.network(tmp_path_factory.mktemp("mixed"))


@settings(derandomize=True, max_examples=15, deadline=None)
@given(first=measures(), second=measures())
def test_a_further_measure_of_any_kind_helps_nobody_in_frozen(mixed, first, second):
    one, both = (run(mixed, several(*m, horizon=12)) for m in ((first,), (first, second)))
    before, after = (found.frozen.output.cumsum(axis=0) for found in (one, both))
    assert (after <= before + 1e-9).all()
    assert min(both.frozen.stock.min(), both.frozen.queue.min(), both.frozen.output.min()) >= -1e-12


@settings(derandomize=True, max_examples=8, deadline=None)
@given(measures())
def test_the_planner_never_loses_more_whatever_the_measure(mixed, measure):
    found = run(mixed, several(measure, horizon=12))
    for node in INDUSTRIES:
        best = found.loss("planner", node)
        assert best <= min(found.loss("frozen", node), found.loss("adaptive", node)) + 1e-6


# On the command line ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--kind", "tax"], "rate: a tax needs one"),
        (["--kind", "tax", "--rate", "0.2", "--severity", "0.5"], "severity: a tax withholds"),
        (["--rate", "0.2"], "rate: belongs to kind 'tax'"),
        (["--uses", "semiconducters"], "Did you mean 'semiconductors'"),
        (["--delay", "12"], "delay_months: 12 months of delay leave nothing"),
        (["--start", "2026-01", "--announced", "2026-02"], "announced: 2026-02 lies after"),
    ],
)
def test_the_command_line_refuses_with_code_4(capsys, words, part):
    assert main(["restrict", "China", "gallium", *words, "--no-planner", "--no-band"]) == 4
    said = capsys.readouterr()
    assert part in said.err
    assert "Traceback" not in said.err


def test_the_command_line_takes_the_simple_conditions(capsys):
    words = ["--kind", "tax", "--rate", "0.5", "--delay", "1", "--uses", "semiconductors,defence"]
    dates = ["--start", "2026-03", "--announced", "2026-01", "--json"]
    said = main(["restrict", "China", "gallium", *words, *dates, "--no-planner", "--no-band"])
    assert said == 0
    (found,) = json.loads(capsys.readouterr().out)["scenario"]["restrictions"]
    assert (found["kind"], found["rate"]["value"], found["delay_months"]) == ("tax", 0.5, 1)
    assert (found["announced"], found["uses"]) == ("2026-01", ["semiconductors", "defence"])
    assert found["terms"]["elasticity of gallium_refined"] < 0
