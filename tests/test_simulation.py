"""The order of the work: from a world and a scenario to a result, and nothing else changes."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from worlds import LINK, restriction, several, stop, with_stock, world

from supplychain.errors import ScenarioError, UsageError
from supplychain.result import Driver
from supplychain.scenario import Range, StockRelease, restrict
from supplychain.simulation import Effort, known_d_weight, paradoxes, simulate
from supplychain.world import World

CONSTANTS = {
    "band_draws": 20,
    "band_shares_per_draw": 3,
    "band_low_quantile": 0.1,
    "band_high_quantile": 0.9,
    "headline_d_threshold": 0.5,
    "licence_2025_path 1": 0.5,
    "licence_2025_path 2": 0.25,
    "licence_2025_path 3": 1,
    "public_release_days": 30,
}
QUICK = Effort(planner=False, band=False)
CASES = ("planner", "adaptive", "frozen")


def near(value):
    return pytest.approx(value, abs=1e-7)


def open_world(tiny, folder) -> World:
    return World(tiny.but(constants=CONSTANTS).network(folder))


TWO = world(
    products=[
        "oxide refine mineral=dysprosium",
        "magnet component semi_of=dysprosium",
        "cars industry",
        "ships industry",
        "boats industry",
    ],
    processors=["CHN oxide 120", "CHN magnet 60 evidence=D", "KOR magnet 60 evidence=D"],
    industries=["KOR cars 60", "KOR ships 120", "KOR boats 30", "JPN cars 30", "JPN ships 10"],
    segments=[
        "* cars electric 0.5 low=0.4 high=0.6 evidence=D",
        "* cars other 0.5",
        "* ships all 0.5 low=0.4 high=0.6 evidence=B",
        "JPN ships all 1",
        "* boats all 1",
    ],
    recipes=["magnet oxide 1", "cars/electric magnet 1", "ships/all magnet 1"],
    trade=["CHN KOR oxide 1", "CHN CHN oxide 1", "CHN JPN magnet 1", "KOR JPN magnet 0"],
    stocks=["* ships magnet 60"],
)
"""Cars need magnets for half of their output, ships as well but hold them for two months."""


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> World:
    return open_world(TWO, tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def link(tmp_path_factory) -> World:
    return open_world(LINK, tmp_path_factory.mktemp("link"))


@pytest.fixture(scope="module")
def stocked(tmp_path_factory) -> World:
    """`LINK` with a month and a half in stock, and half of the sector in reach."""
    tiny = with_stock(45).but(
        processors=["CHN magnet 60"], segments=["* cars all 0.5 low=0.4 high=0.6 evidence=D"]
    )
    return open_world(tiny, tmp_path_factory.mktemp("stocked"))


# Purity -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", [stop(item="magnet"), restrict("CHN", "dysprosium")])
def test_the_same_inputs_give_the_same_result_and_stay_as_they_are(two, scenario):
    before, world_before = copy.deepcopy(scenario), repr(two.network)
    first = simulate(two, scenario).as_dict()
    simulate(two, restrict("CHN", "oxide", focus=["JPN"]), effort=QUICK)
    assert simulate(two, scenario).as_dict() == first
    assert scenario == before
    assert repr(two.network) == world_before


# Focus --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "asked", "countries"),
    [
        (("KOR",), (), ["KOR"]),
        (("KOR",), ("JPN",), ["JPN"]),
        (("KOR",), ("land of JPN", "KOR"), ["JPN", "KOR"]),
        (("KOR", "JPN", "KOR"), (), ["KOR", "JPN"]),
    ],
)
def test_the_focus_of_the_call_comes_before_that_of_the_scenario(two, said, asked, countries):
    scenario = replace(stop(), focus=said)
    found = simulate(two, scenario, focus=asked, effort=QUICK)
    assert [t.country for t in found.totals] == countries
    assert list(dict.fromkeys(s.country for s in found.losses)) == countries
    assert list(found.resolved.focus) == countries
    assert scenario.focus == said


def test_a_country_answers_the_same_alone_and_beside_another(two):
    alone = simulate(two, stop(), focus=["JPN"], effort=Effort(band=False))
    beside = simulate(two, stop(), focus=["KOR", "JPN"], effort=Effort(band=False))
    assert alone.losses == tuple(s for s in beside.losses if s.country == "JPN")
    assert alone.totals == beside.totals[1:]


def test_a_country_without_sectors_is_refused(two):
    with pytest.raises(
        ScenarioError, match="CHN has no export sectors in this pack; it has JPN, K"
    ):
        simulate(two, stop(), focus=["CHN"])


# The ladder ---------------------------------------------------------------------------------------


def test_the_ladder_is_the_path_of_2025_then_half_then_a_full_stop(link):
    # Without stocks each rung loses what is withheld: 0.5 and 0.75 of the first two months of the
    # path, half, everything.
    found = simulate(link, restrict("CHN", "magnet"))
    said = [(r.name, r.kind, r.severity) for r in found.ladder]
    assert said == [
        ("licence as in 2025", "licence", 0),
        ("half", "quota", 0.5),
        ("full stop", "ban", 1),
    ]
    lost = [rung.losses[0].share["frozen"] for rung in found.ladder]
    assert lost == near([1.25 / 12, 0.5, 1])
    assert [rung.totals[0].share["frozen"] for rung in found.ladder] == near(lost)
    assert found.losses == found.ladder[-1].losses
    assert found.totals == found.ladder[-1].totals


@pytest.mark.parametrize(
    ("options", "rung"), [({"kind": "quota"}, 1), ({"severity": 0.5}, 1), ({"kind": "ban"}, 2)]
)
def test_a_rung_is_the_scenario_that_says_the_same(stocked, options, rung):
    on_ladder = simulate(stocked, restrict("CHN", "magnet")).ladder[rung].losses[0]
    alone = simulate(stocked, restrict("CHN", "magnet", **options))
    assert alone.ladder == ()
    (loss,) = alone.losses
    assert (loss.share, loss.band, loss.monthly) == (
        on_ladder.share,
        on_ladder.band,
        on_ladder.monthly,
    )


def test_a_ladder_weighs_assumptions_on_its_hardest_rung(stocked):
    found = simulate(stocked, restrict("CHN", "magnet"))
    assert {s.grade_d_weight for rung in found.ladder for s in rung.losses} == {1}
    assert [bool(rung.losses[0].drivers) for rung in found.ladder] == [False, False, True]


def test_every_restriction_of_a_ladder_climbs_it(tmp_path):
    tiny = LINK.but(
        processors=["CHN magnet 60", "JPN magnet 60"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
    )
    both = several(restriction("CHN", "magnet"), restriction("JPN", "magnet", months=6))
    found = simulate(
        open_world(tiny, tmp_path), replace(both, ladder=True, horizon=12), effort=QUICK
    )
    assert [r.losses[0].share["frozen"] for r in found.ladder[1:]] == near([0.375, 0.75])


# Totals -------------------------------------------------------------------------------------------


def test_a_total_adds_up_dollars_and_its_planner_is_a_programme_of_its_own(two):
    found = simulate(two, stop(), focus=["KOR", "JPN"], effort=Effort(band=False))
    for total in found.totals:
        mine = [s for s in found.losses if s.country == total.country]
        exports = sum(s.baseline_exports_usd for s in mine)
        assert total.baseline_exports_usd == near(exports)
        for case in ("adaptive", "frozen"):
            assert total.share[case] == near(sum(s.usd(case) for s in mine) / exports)
        best = sum(s.usd("planner") for s in mine) / exports
        assert best - 1e-7 <= total.share["planner"] <= total.share["adaptive"] + 1e-7


@pytest.mark.parametrize(("months", "horizon"), [(12, 12), (18, 18), (6, 24)])
def test_exports_are_those_of_the_horizon(link, months, horizon):
    found = simulate(link, stop(months=months, horizon=horizon))
    (loss,) = found.losses
    assert loss.baseline_exports_usd == near(120e6 * horizon / 12)
    for case in CASES:
        assert loss.share[case] == near(months / horizon)
        assert loss.usd(case) == near(120e6 * months / 12)
        assert found.totals[0].share[case] == near(months / horizon)


# What stands beside the cases ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("months", "horizon", "start", "restricted", "first", "day"),
    [
        # A month and a half in stock, half of the sector in reach: of six months 4.5 are lost.
        (6, 12, "", 0.5 * 4.5 / 6, 2, 45),
        (12, 12, "", 0.5 * 10.5 / 12, 2, 45),
        (6, 12, "2025-04", 0.5 * 4.5 / 6, 5, 135),
        (1, 12, "", 0, None, None),
    ],
)
def test_the_restricted_months_and_the_first_stop_are_told(
    stocked, months, horizon, start, restricted, first, day
):
    scenario = several(restriction("CHN", "magnet", months=months, start=start), horizon=horizon)
    (loss,) = simulate(stocked, scenario, effort=QUICK).losses
    assert loss.restricted_months == near(restricted)
    assert loss.share["adaptive"] == near(restricted * months / horizon)
    assert loss.first_month == first
    assert loss.first_stop_day == (None if day is None else near(day))


def test_the_restricted_months_run_from_the_first_measure_to_the_last(link):
    # March and June, and what lies between: 2 of 4 months.
    scenario = several(
        restriction("CHN", "magnet", start="2025-06", months=1),
        restriction("CHN", "magnet", start="2025-03", months=1),
        horizon=12,
    )
    (loss,) = simulate(link, scenario, effort=QUICK).losses
    assert loss.restricted_months == near(0.5)
    assert loss.share["frozen"] == near(2 / 12)


@pytest.mark.parametrize(
    ("item", "alone"),
    [
        # With oxide and magnets restricted, Korea's own magnet plants stop for want of oxide; the
        # magnets that China makes of its own oxide would still come.
        ("dysprosium", 0.5),
        ("oxide", 0.5),
    ],
)
def test_the_refined_forms_alone_leave_what_china_makes_of_them(tmp_path, item, alone):
    tiny = world(
        products=[
            "oxide refine mineral=dysprosium",
            "magnet component semi_of=dysprosium",
            "cars industry",
        ],
        processors=["CHN oxide 120", "CHN magnet 60", "KOR magnet 60"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=["magnet oxide 1", "cars/all magnet 1"],
        trade=["CHN KOR magnet 0.5", "KOR KOR magnet 0.5"],
    )
    (loss,) = simulate(open_world(tiny, tmp_path), stop(item=item), effort=QUICK).losses
    assert loss.share["frozen"] == near(1 if item == "dysprosium" else 0.5)
    assert loss.refined_only == near(alone)


@pytest.mark.parametrize(
    ("effort", "planner", "banded", "weighed"),
    [
        (Effort(), True, True, True),
        (Effort(planner=False), False, True, True),
        (Effort(band=False), True, False, False),
        (QUICK, False, False, False),
    ],
)
def test_an_effort_leaves_out_what_it_says_and_nothing_else(
    stocked, effort, planner, banded, weighed
):
    full = simulate(stocked, stop()).losses[0]
    found = simulate(stocked, stop(), effort=effort)
    (loss,) = found.losses
    assert ("planner" in loss.share) == ("planner" in found.totals[0].share) == planner
    assert (loss.band[0] < loss.band[1]) == bool(loss.drivers) == banded
    assert (loss.grade_d_weight is not None) == weighed
    assert bool(found.unsourced) == banded
    for case in ("adaptive", "frozen"):
        assert (loss.share[case], loss.monthly[case]) == (full.share[case], full.monthly[case])
    assert (loss.binding, loss.first_stop_day) == (full.binding, full.first_stop_day)


@pytest.mark.parametrize("draws", [0, -1])
def test_a_sample_of_nothing_is_refused(draws):
    with pytest.raises(UsageError, match=f"draws: {draws} is not at least 1"):
        Effort(draws=draws)


def test_the_seed_changes_the_band_and_nothing_else(stocked):
    one, two = (simulate(stocked, stop(), effort=Effort(seed=s)).losses[0] for s in (1, 2))
    assert one.band != two.band
    assert replace(one, band=two.band) == two


def test_two_restrictions_at_once_leave_the_tighter_and_add_up_over_suppliers(tmp_path):
    # China sells 5 of 10, Japan 3: half of China's and all of Japan's are withheld: 0.55.
    tiny = LINK.but(
        processors=["CHN magnet 60", "JPN magnet 36", "USA magnet 24"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.3", "USA KOR magnet 0.2"],
    )
    here = open_world(tiny, tmp_path)
    half = restriction("CHN", "magnet", severity=Range.of(0.5))
    third = restriction("CHN", "magnet", severity=Range.of(0.3))
    japan = restriction("JPN", "magnet")

    def lost(*measures):
        return simulate(here, several(*measures), effort=QUICK).losses[0].share["frozen"]

    assert lost(half) == near(0.25)
    assert lost(japan) == near(0.3)
    assert lost(half, japan) == lost(japan, half) == near(0.55)
    assert lost(half, third) == lost(third, half) == near(0.25)


def test_a_mitigation_helps_by_what_it_releases(link):
    # 90 days of use, 30 a month: three of twelve months.
    with_release = stop().plus(StockRelease("KOR", "magnet", 90, 30))
    lost = [simulate(link, s).losses[0].share for s in (stop(), with_release)]
    assert [x["adaptive"] for x in lost] == near([1, 0.75])
    assert [x["planner"] for x in lost] == near([1, 0.75])
    assert lost[0]["frozen"] == lost[1]["frozen"] == near(1)


@pytest.mark.parametrize(
    ("scenario", "steps"),
    [
        (stop(), [("scenario", 0)]),
        (
            restrict("CHN", "magnet"),
            [("full stop", 0), ("licence as in 2025", 0.5), ("half", 0.75)],
        ),
    ],
)
def test_progress_is_told_step_by_step_until_it_is_done(link, scenario, steps):
    told = []
    simulate(link, scenario, effort=QUICK, progress=lambda *step: told.append(step))
    assert told == [*steps, ("done", 1)]


# Traces, grades, what needs a source --------------------------------------------------------------


def test_a_trace_follows_output_stock_and_stopped_plants(stocked):
    (trace,) = simulate(stocked, stop(months=3), effort=QUICK).traces
    assert (trace.country, trace.sector, trace.segment, trace.product) == (
        "KOR", "cars", "all", "magnet"
    )  # fmt: skip
    assert trace.output[:4] == near((1, 0.5, 0, 1))
    assert trace.stock[:4] == near((0.5, 0, 0, 0))
    assert trace.stopped[:4] == (0, 1, 1, 0)
    assert simulate(stocked, stop(severity=0), effort=QUICK).traces == ()


@pytest.mark.parametrize(
    ("exports", "big", "small", "grade"),
    [
        ("A", "B", "D", "B"),  # 0.02 of 0.62 is not a tenth of the loss
        ("A", "D", "A", "D"),
        ("C", "B", "D", "C"),
        ("D", "A", "A", "D"),
    ],
)
def test_the_grade_is_the_weakest_of_what_matters(tmp_path, exports, big, small, grade):
    tiny = LINK.but(
        processors=["CHN magnet 74.4"],
        industries=[f"KOR cars 120 evidence={exports}"],
        segments=[f"* cars a 0.6 evidence={big}", f"* cars b 0.02 evidence={small}"],
        recipes=["cars/a magnet 1", "cars/b magnet 1"],
    )
    (loss,) = simulate(open_world(tiny, tmp_path), stop(), effort=QUICK).losses
    assert loss.evidence == grade


def test_the_three_assumptions_that_move_most_dollars_need_a_source(two):
    found = simulate(two, stop(), effort=Effort(planner=False))
    needs = [d.label for d in found.unsourced]
    assert needs == ["share of cars exports that is electric (all countries)"]
    assert all(d.evidence == "D" for d in found.unsourced)


@pytest.mark.parametrize(("country", "sector"), [("JPN", "cars"), ("KOR", "planes")])
def test_a_sector_that_is_not_there_is_named_with_those_that_are(link, country, sector):
    found = simulate(link, stop(), effort=QUICK)
    assert found.loss("KOR", "cars") is found.losses[0]
    with pytest.raises(KeyError, match=f"no loss for {country} {sector}; this result holds KOR ca"):
        found.loss(country, sector)


def test_a_band_that_no_single_figure_explains_rests_on_assumptions():
    driver = Driver("stocks.csv:2 cover", "cover", "A", 1.0, 0.5, 2.0, 0.1, 0.1)
    assert known_d_weight((driver,), (0.0, 0.2)) == 1  # several figures at once, none well founded
    assert known_d_weight((driver,), (0.2, 0.2)) == 0  # nothing is in doubt
    moving = replace(driver, loss_high=0.3)
    assert known_d_weight((moving,), (0.0, 0.2)) == 0  # grade A alone moves it
    assert known_d_weight((replace(moving, evidence="D"), moving), (0.0, 0.2)) == 0.5


def test_a_paradox_of_the_adaptive_case_is_told(tmp_path):
    result = simulate(open_world(LINK, tmp_path), restrict("CHN", "magnet"), effort=QUICK)
    assert paradoxes(result.ladder) == ()
    _, half, full = result.ladder
    (loss,) = full.losses
    odd = replace(full, losses=(replace(loss, share={"adaptive": 0.4, "frozen": 0.3}),))
    harder = replace(full, losses=(replace(loss, share={"adaptive": 0.1, "frozen": 1}),))
    (said,) = paradoxes([odd])
    assert "KOR cars loses 40.00% with adaptation and 30.00% without" in said
    (said,) = paradoxes([half, harder])
    assert "50.00% on the rung 'half' and 10.00% on the harder 'full stop'" in said
