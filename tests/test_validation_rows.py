"""Rows of the scoreboard beyond flows and losses: orders, long runs, calibration, forecasts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from test_validation import claim
from worlds import stop, with_stock

import supplychain as sc
from supplychain.economy import read_table
from supplychain.scenario_file import load_scenario
from supplychain.simulation import Effort, simulate
from supplychain.validation import Scoreboard
from supplychain.validation.answers import question
from supplychain.validation.claims import LATE, Figure, claims, compared
from supplychain.validation.flows import Lane, Traffic
from supplychain.validation.forecasts import forecasts
from supplychain.validation.matched import Matched, Pair, crossing, matched
from supplychain.validation.order import in_order, orders
from supplychain.validation.page_apart import (
    calibration,
    controls,
    known_since,
    open_forecasts,
    stated_orders,
)
from supplychain.validation.ranks import leading, stops
from supplychain.validation.row import Row
from supplychain.validation.score import Ours, agrees
from supplychain.validation.summary import summary
from supplychain.validation.view import Play
from supplychain.world import World

NONE = Figure(None, 0.0, None, "share")


def near(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def shipped() -> World:
    return sc.load()


def by_id(world: World, name: str):
    return next(c for c in claims(world.tables) if c.id == name)


def board(*rows: Row, **more) -> Scoreboard:
    return Scoreboard(rows, (), None, "pack", "1", "0" * 64, **more)


# A loss that vanishes in the long run -------------------------------------------------------------


def test_a_loss_that_vanishes_is_one_of_which_less_than_half_is_left():
    long = claim(table="published_estimates", grade="ordinal", metric="gdp_change", months=None,
                 unit="share of GDP", central=0.0)  # fmt: skip
    figure = compared(long)
    assert (figure.central, figure.unit) == (0.0, LATE)
    assert [agrees(long, figure, Ours({"adaptive": x})) for x in (0.0, 0.49, 0.5, 1.2)] == [
        True, True, False, False,
    ]  # fmt: skip
    assert not replace(long, months=12.0).vanishes


def test_a_long_run_is_set_beside_its_own_first_year(shipped):
    # Two years of the same stop: what is left is the second year's loss over the first's.
    scenario = load_scenario("gallium-germanium-full-stop")
    held = tuple(replace(r, months=24) for r in scenario.restrictions)
    play = Play.of(shipped.network, replace(scenario, restrictions=held, horizon=24))
    long = replace(by_id(shipped, "imf26_usa_long"), items=("gallium", "germanium"))
    view = play.cases["frozen"]
    asked = question(long, play, read_table(shipped.tables))
    whole = question(replace(long, months=24.0), play, read_table(shipped.tables))
    first = question(replace(long, months=12.0), play, read_table(shipped.tables))
    early, both = (float(q.value(view)[0]) for q in (first, whole))
    assert early < 0
    assert float(asked.value(view)[0]) == near((2 * both - early) / early)
    assert not asked.sampled
    assert (first.plan, first.months) == (None, 12)


def test_a_year_of_a_longer_scenario_is_that_year(shipped):
    scenario = load_scenario("gallium-germanium-full-stop")
    dollars = by_id(shipped, "usgs24_gage_gdp")
    found = []
    for horizon in (12, 18):
        play = Play.of(shipped.network, replace(scenario, horizon=horizon))
        asked = question(dollars, play, read_table(shipped.tables))
        found.append(float(asked.value(play.cases["frozen"])[0]))
    assert found[0] < 0
    assert found[1] == near(found[0])


# Prices before a measure --------------------------------------------------------------------------


def test_before_anything_is_withheld_a_price_is_what_it_was(shipped):
    play = Play.of(shipped.network, load_scenario("gallium-germanium-2023"))
    week = by_id(shipped, "ga_price_week_2023")
    assert question(week, play, None).early
    assert not question(
        replace(week, first_month="2023-09", last_month="2023-09"), play, None
    ).early


# Orders -------------------------------------------------------------------------------------------


def ranked(name: str, rank: float, ours: float) -> Row:
    one = claim(id=name, metric="rank_of_loss", grade="ordinal", central=rank, unit="rank")
    return Row(one, Figure(None, rank, None, "rank"), Ours({"adaptive": ours}))


def test_a_rank_of_one_is_the_largest_and_equals_stand_in_no_order():
    # Claimed a > b > c; ours 5, 1, 1: a before b and a before c are right, b before c is not.
    a, b, c = in_order((ranked("a", 1, 5.0), ranked("b", 2, 1.0), ranked("c", 3, 1.0)))
    assert [r.pairs for r in (a, b, c)] == [(2, 2), (1, 2), (1, 2)]
    assert [r.inside for r in (a, b, c)] == [True, False, False]
    (order,) = orders((a, b, c))
    assert (order.right, order.whole) == (2, 3)
    assert order.rank_correlation == pytest.approx(0.75**0.5)  # one tie of three
    assert "2 of 3 pairs" in stated_orders(board(a, b, c))


def test_a_mineral_is_stopped_by_its_largest_producer_abroad(shipped):
    network = shipped.network
    named = {m: leading(network, "USA", m) for m in ("gallium", "niobium", "rhodium")}
    assert {m: ban.actor for m, ban in named.items() if ban} == {
        "gallium": "CHN", "niobium": "BRA", "rhodium": "ZAF",
    }  # fmt: skip
    assert leading(network, "CHN", "gallium").actor != "CHN"


def test_a_stop_of_a_mineral_loses_what_a_ban_on_it_loses(shipped):
    (found,) = stops(shipped.network, "USA", ["samarium"]).values()
    ban = sc.restrict("China", ["samarium"], kind="ban", focus=["USA"])
    result = simulate(shipped, ban, effort=Effort(planner=False, band=False))
    lost = sum(loss.baseline_exports_usd * loss.share["adaptive"] for loss in result.losses)
    assert found.usd == pytest.approx(lost, rel=1e-6)


# Calibration --------------------------------------------------------------------------------------


def held(tmp_path: Path, target: float) -> Matched:
    """Two months of magnets, a stop of a year, and nobody who could help."""
    world = World(with_stock(60.0).network(tmp_path))
    one = claim(id="some", table="published_estimates", grade="calibration",
                metric="export_change", countries=("KOR",), sectors=("cars",), central=-target,
                unit="share of exports")  # fmt: skip
    found = matched(world, replace(stop(), focus=("KOR",)), one)
    assert found is not None
    return found


def test_what_would_give_half_of_the_exports_by_hand(tmp_path):
    # Ten of twelve months are lost with a share of 1, so 0.6 would do; 180 days hold six months.
    found = held(tmp_path, 0.5)
    assert found.loss == near(10 / 12)
    at = {p.y: p for p in found.shares}
    assert at[60.0].x == near(0.6)
    assert at[120.0].x == near(0.75)
    assert at[240.0].x is None  # eight months of stock: a third at most
    assert crossing(found.shares, 0.5) == pytest.approx(180.0)
    # Of a severity s for m months: stock lasts 2/s of them, then s is lost: s - 2/m.
    assert {p.y: p.x for p in found.severities} == {
        6.0: near(5 / 6), 9.0: near(0.5 + 2 / 9), 12.0: near(2 / 3), 18.0: near(0.5 + 1 / 9),
    }  # fmt: skip
    assert "By the stock of magnet alone: 180 days" in " ".join(found.sentences())


def test_a_calibration_row_counts_nowhere():
    one = Row(claim(grade="calibration"), NONE, Ours({"adaptive": -0.2}), "file")
    sums = summary((one,))
    assert (sums["calibration"], sums["answered"]) == (1, 1)
    assert sums["held_out"]["rows"] == sums["known_to_the_pack"]["rows"] == 0
    assert board(one).where(counts=True) == board(one).where(counts=False) == ()
    assert board(one).where(grade="calibration") == (one,)


def test_a_curve_is_printed_with_what_is_inside(tmp_path):
    text = calibration(board(matched=(held(tmp_path, 0.5),)))
    assert "| 60 | 83.3 % | 60.0 % |" in text
    assert "neither hits nor misses" in text
    assert crossing((Pair(None, 1.0, 0.3), Pair(None, 2.0, 0.3)), 0.3) is None


# Controls, and files rewritten --------------------------------------------------------------------


def test_every_control_is_listed_and_a_false_alarm_says_why():
    calm = Row(claim(id="calm", grade="negative_control"), NONE, Ours({"adaptive": 0.0}),
               inside=True)  # fmt: skip
    alarm = Row(claim(id="alarm", grade="negative_control"), NONE, Ours({"adaptive": 0.3}),
                "a-file", inside=False, would_close="a stock ran out")  # fmt: skip
    text = controls(board(calm, alarm))
    assert "1 of 2 give little or nothing" in text
    assert "- `alarm` (a-file): a stock ran out." in text
    assert "Why" not in controls(board(calm))


def test_what_was_missed_before_its_file_was_rewritten_is_said_openly(shipped):
    rows = [Row(by_id(shipped, f"jpn_2010_{k}"), NONE) for k in ("10", "12", "year")]
    text = known_since(board(*rows))
    assert "jpn_2010_12" in text
    assert "jpn_2010_year" in text
    assert "jpn_2010_10" not in text  # never held out
    assert not any(r.claim.held_out for r in rows)
    assert known_since(board(rows[0])) == ""


def test_what_was_held_in_2010_comes_when_the_halt_ends(shipped):
    view = Play.of(shipped.network, load_scenario("japan-2010")).cases["adaptive"]
    route = Lane(frozenset({"neodymium_oxide"}), frozenset({"CHN"}), frozenset({"JPN"}))
    got = Traffic(view, route).ratios(0, 11)[:, 0]
    assert got[:5].tolist() == near([1, 1, 1, 0.4, 0.4])
    assert got[5] > 1
    assert got.sum() <= 12 + 1e-9  # no more than was ordered


# Forecasts ----------------------------------------------------------------------------------------


def test_dated_forecasts_are_listed_with_their_fingerprint_and_day(tmp_path):
    (one,) = forecasts()
    path = Path(sc.__file__).resolve().parent.parent / "forecasts" / one.file
    assert one.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [q.due for q in one.questions] == ["2027-01-31", "2027-02-28"]
    assert not one.is_scored
    text = open_forecasts(board(forecasts=(one,)))
    assert "open: nothing observed yet" in text
    assert "automobiles 2.08 (1.08 to 12.4)" in text
    (tmp_path / one.file).write_bytes(path.read_bytes())
    (tmp_path / one.file.replace(".toml", ".score.toml")).write_text("x = 1\n")
    (again,) = forecasts(tmp_path)
    assert again.is_scored
    assert forecasts(tmp_path / "nowhere") == ()
