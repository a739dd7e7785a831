"""What a loss rests on: rows and weights, what to measure next, trade codes, and level curves."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from itertools import pairwise

import numpy as np
import pytest
from conftest import write_pack
from hypothesis import given
from hypothesis import strategies as st
from test_figures import hidden
from worlds import LINK, network_of, restriction, several, stop, with_stock

from supplychain import figures
from supplychain.cli import main
from supplychain.coverage import resolve
from supplychain.draws import Input, Sample
from supplychain.errors import ScenarioError, UnknownNameError
from supplychain.run import Run
from supplychain.scenario import Range
from supplychain.scenario_file import load_scenario
from supplychain.sensitivity.case import Case
from supplychain.sensitivity.ensemble import Ensemble, Worlds, values_known
from supplychain.sensitivity.match import TOLERANCE, match
from supplychain.sensitivity.measure_next import measure_next
from supplychain.sensitivity.rests import rests
from supplychain.sensitivity.trade_code import shared_codes, split_known, value_of_codes
from supplychain.simulation import Effort, simulate
from supplychain.twoway import Bench, severity_duration_table
from supplychain.uncertainty import bands
from supplychain.world import World, load

SAMPLING = {
    "band_draws": 60,
    "band_shares_per_draw": 5,
    "band_low_quantile": 0.1,
    "band_high_quantile": 0.9,
    "headline_d_threshold": 0.5,
}
QUICK = Effort(planner=False, band=False)


def near(value, within=1e-9):
    return pytest.approx(value, abs=within)


def world(tiny, folder):
    return World(tiny.but(constants=SAMPLING).network(folder))


def case(tiny, scenario, folder):
    """Korea's cars in a tiny world."""
    return Case.of(world(tiny, folder), scenario, "KOR", "cars")


@pytest.fixture(scope="module")
def shipped():
    return load()


SHARE = LINK.but(
    processors=["CHN magnet 60"], segments=["* cars all 0.5 low=0.4 high=0.7 evidence=D"]
)
# A month of stock: the slice loses 11 of 12 months, and its share, 0.6 and at most 0.327 more,
# moves 0.3. The stock, known to none and to two months, moves 0.6 x 2 / 12 = 0.1.
BOTH = LINK.but(
    processors=["CHN magnet 72"],
    segments=["* cars all 0.6 low=0.6 high=0.9272727272727272 evidence=D"],
    stocks=["* * * 30 median_low=0 median_high=60 evidence=B"],
)


# What it rests on ---------------------------------------------------------------------------------


def test_weights_are_parts_of_all_swings_and_name_the_rows(tmp_path):
    found = rests(case(BOTH, stop(), tmp_path))
    assert [(r.row, r.weight) for r in found.top] == [
        ("segments.csv:2", near(0.75)),
        ("stocks.csv:2", near(0.25)),
    ]
    assert dict(found.by_grade()) == near({"B": 0.25, "D": 0.75})
    assert dict(found.by_file()) == near({"segments.csv": 0.75, "stocks.csv": 0.25})
    first = found.top[0]
    assert (first.key, first.value, first.low) == ("*|cars|all", 0.6, 0.6)
    assert (first.loss_low, first.loss_high) == near((0.55, 0.85))
    assert first.sources == ("test",)


def test_the_weight_of_grade_d_is_that_of_the_result(tmp_path):
    pack = world(BOTH, tmp_path)
    (loss,) = simulate(pack, stop(), effort=Effort(planner=False)).losses
    found = rests(Case.of(pack, stop(), "KOR", "cars"))
    assert found.by_grade()["D"] == near(loss.grade_d_weight)
    assert [r.name for r in found.rows if r.weight > 0] == [d.name for d in loss.drivers]


def test_what_moves_nothing_and_what_no_draw_moves_stands_there_too(tmp_path):
    tiny = BOTH.but(
        stocks=[*BOTH.tables["stocks"], "* magnet magnet 60 median_low=10 median_high=90"],
        constants={"catch_up_capacity": (1.14, 1.1, 1.2)},
    )
    found = rests(case(tiny, stop(), tmp_path))
    standing = {r.row: r.standing for r in found.rows}
    constant = next(r.row for r in found.rows if r.what.startswith("catch_up_capacity"))
    assert standing[constant] == "no effect"
    assert standing["processors.csv:2"] == standing["recipes.csv:2"] == "held"
    assert sum(found.counted().values()) == len(found.rows)
    assert all(r.value is None for r in found.rows if r.standing == "held")


def test_rows_of_other_countries_are_moved_only_when_asked(tmp_path):
    tiny = LINK.but(
        processors=["CHN magnet 180"],
        industries=["KOR cars 120", "JPN cars 60"],
        trade=[],
        stocks=[
            "KOR cars magnet 60 median_low=30 median_high=90",
            "JPN cars magnet 60 median_low=30 median_high=90",
        ],
    )
    one = case(tiny, stop(), tmp_path)
    standing = {r.row: r.standing for r in rests(one).rows}
    assert (standing["stocks.csv:2"], standing["stocks.csv:3"]) == ("moves it", "not moved")
    asked = {r.row: r.standing for r in rests(one, everywhere=True).rows}
    assert asked["stocks.csv:3"] == "no effect"


def test_without_a_loss_nothing_was_moved(tmp_path):
    found = rests(case(BOTH, stop(severity=0), tmp_path))
    assert found.top == ()
    assert found.counted()["no effect"] == 0


def test_a_sector_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnknownNameError, match="sector 'boats'"):
        Case.of(world(LINK, tmp_path), stop(), "KOR", "boats")


# What to measure next -----------------------------------------------------------------------------


def sample(one, draws=60, values=3):
    return Ensemble(one.network, one.run, (one.sector,), draws, values, 1)


def test_the_band_is_the_published_one(tmp_path):
    one = case(BOTH, stop(), tmp_path)
    (shrunk,) = sample(one).shrinkages([()])
    low, high = bands(one.network, one.run, 1)["KOR", "cars"]
    assert shrunk[one.sector].before == high - low


def test_knowing_nothing_shrinks_nothing_and_knowing_all_leaves_no_band(tmp_path):
    one = case(BOTH, stop(), tmp_path)
    every = [f.group for f in one.figures().values()]
    nothing, all_of_it = (s[one.sector] for s in sample(one).shrinkages([(), every]))
    assert nothing.after == near(nothing.before)
    assert (nothing.error, nothing.share) == near((0, 0))
    assert nothing.within_noise
    assert all_of_it.after == near(0)
    assert all_of_it.share == near(1)
    assert not all_of_it.within_noise


def test_what_moves_nothing_is_worth_nothing_exactly(tmp_path):
    tiny = SHARE.but(stocks=["* magnet magnet 60 median_low=10 median_high=90 evidence=D"])
    one = case(tiny, stop(), tmp_path)
    (shrunk,) = sample(one).shrinkages([[f.group for f in one.run.asked]])
    assert shrunk[one.sector].after == shrunk[one.sector].before


def test_the_only_doubt_is_worth_the_whole_band(tmp_path):
    # Everything stops: the loss is the share, between 0.4 and 0.7.
    one = case(SHARE, stop(), tmp_path)
    (worth,) = measure_next(one, rests(one), draws=60)
    assert (worth.unit, worth.row, worth.rows) == ("row", "segments.csv:2", 1)
    assert worth.shrinkage.before == near(0.3, within=0.01)
    assert worth.shrinkage.after == near(0)
    assert worth.weight == near(1)


def test_rows_that_move_together_are_known_together(tmp_path):
    # Two slices, one source: each share is 0.3 (0.2 to 0.4), and they are drawn as one.
    tiny = LINK.but(
        segments=["* cars a 0.3 low=0.2 high=0.4", "* cars b 0.3 low=0.2 high=0.4"],
        recipes=["cars/a magnet 1", "cars/b magnet 1"],
        processors=["CHN magnet 72"],
    )
    one = case(tiny, stop(), tmp_path)
    (worth,) = measure_next(one, rests(one), draws=60)
    assert (worth.rows, worth.weight) == (2, near(1))
    assert worth.shrinkage.after == near(0)


def test_the_scenario_stands_beside_the_rows_and_files_and_sources_follow(tmp_path):
    one = case(
        SHARE, several(restriction("CHN", "magnet", severity=Range(0.5, 0.4, 0.6))), tmp_path
    )
    found = measure_next(one, rests(one), units=("scenario", "row", "file", "source"), draws=60)
    assert [w.unit for w in found] == ["scenario", "row", "file", "source"]
    row, file, source = found[1:]
    assert row.shrinkage == file.shrinkage == source.shrinkage
    assert found[0].shrinkage.share + row.shrinkage.share < 1.5
    assert 0 < row.shrinkage.share < 1


def test_held_values_are_the_middles_of_equal_parts():
    known = values_known(["a", "b"], 5, seed=3)
    for group in "ab":
        assert sorted(k[group] for k in known) == near(
            [-1.2815515655, -0.5244005127, 0, 0.5244005127, 1.2815515655], within=1e-8
        )


def test_only_what_is_known_stands_still():
    one, two = Input(None, "severity", 0.5, 0.2, 0.9), Input(None, "rate", 0.5, 0.2, 0.9)
    draws = Worlds(Sample(4, 1), ({}, {one.group: 0.3}))
    assert draws.scores(one)[4:].tolist() == [0.3] * 4
    assert draws.scores(two)[4:].tolist() == draws.scores(two)[:4].tolist()


# A better trade code ------------------------------------------------------------------------------

GRADES = LINK.but(
    products=[
        "magnet component hs_codes=850511",
        "plain component hs_codes=850511",
        "cars industry",
    ],
    processors=["CHN magnet 36", "CHN plain 36"],
    segments=[
        "* cars a 0.3 low=0.2 high=0.4 evidence=D",
        "* cars b 0.3 low=0.2 high=0.4 evidence=D",
    ],
    recipes=["cars/a magnet 1", "cars/b plain 1"],
    trade=["CHN KOR magnet 1", "CHN KOR plain 1"],
    constants={**SAMPLING, "band_shares_per_draw": 200},
)


def valued(tiny, folder, *codes, scenario=None):
    """What the codes of a tiny world are worth."""
    network = tiny.network(folder)
    run = Run.of(network, resolve(scenario or stop(), network))
    return value_of_codes(network, run, codes, draws=60)


def test_a_known_split_leaves_the_doubt_of_the_sum(tmp_path):
    # Everything of a stops: the loss is its share, +-0.1. With the split known it is half the sum
    # of both, +-0.1 / sqrt(2): 29 % narrower.
    (worth,) = valued(GRADES, tmp_path)
    assert (worth.code, worth.products) == ("850511", ("magnet", "plain"))
    assert worth.shrinkage.before == near(0.2, within=0.01)
    assert worth.shrinkage.share == near(1 - 1 / np.sqrt(2), within=0.04)
    assert worth.splits == ("segments.csv:2",)
    assert worth.usd == near((worth.shrinkage.before - worth.shrinkage.after) * 120e6, within=1)


def test_a_twin_is_read_once_its_code_is_split(tmp_path):
    # China's part of both magnets is one figure of the code: 0.5, from 0.4 to 0.8.
    share = "0.5 low=0.4 high=0.8 evidence=C"
    tiny = GRADES.but(
        processors=["CHN magnet 36", "CHN plain 36", "JPN magnet 36", "JPN plain 36"],
        segments=["* cars a 0.3", "* cars b 0.3"],
        trade=[
            f"CHN KOR magnet {share}",
            f"CHN KOR plain {share}",
            "JPN KOR magnet 0.5",
            "JPN KOR plain 0.5",
        ],
    )
    (worth,) = valued(tiny, tmp_path, "8505.11")
    assert worth.twins == 1  # the one that the stop can reach
    assert worth.shrinkage.before > 0.05
    assert worth.shrinkage.after == near(0)


def test_figures_of_different_sources_are_no_twins(tmp_path):
    tiny = GRADES.but(trade=["CHN KOR magnet 1", "CHN KOR plain 1 source_id=other"])
    tables = tiny.records()
    tables["sources"].append(tables["sources"][0] | {"source_id": "other"})
    (code,) = shared_codes(network_of(tables, tmp_path))
    assert (code.twins, code.whole) == ((), ())
    assert list(code.splits) == [("KOR", "cars")]


def test_a_code_that_nobody_shares_is_refused(tmp_path):
    with pytest.raises(UnknownNameError, match="shared code '1234'"):
        valued(GRADES, tmp_path, "12.34")
    assert valued(LINK.but(constants=SAMPLING), tmp_path) == ()


@given(
    st.lists(st.floats(0.05, 0.3), min_size=4, max_size=4),
    st.lists(st.floats(0.05, 0.3), min_size=4, max_size=4),
    st.lists(st.floats(0.01, 0.1), min_size=4, max_size=4),
)
def test_a_known_split_holds_in_every_draw(drawn, true, spread):
    products = ["a", "b", "a", "c"]
    shares = np.array(drawn)[:, None]
    moved = split_known(shares, products, np.array(true), np.array(spread))
    if (moved <= 0).any():  # cut at nothing: the split is then as near as it can be
        return
    for name in "abc":
        mine = [p == name for p in products]
        assert moved[mine].sum() / moved.sum() == near(sum(np.array(true)[mine]) / sum(true))


def test_the_shipped_pack_finds_the_magnets_behind_one_code(shipped):
    codes = {c.code: c for c in shared_codes(shipped.network)}
    magnets = codes["850511"]
    assert set(magnets.products) == {"ndfeb_magnet_hre", "ndfeb_magnet_std", "smco_magnet"}
    split = magnets.splits["KOR", "auto_parts"]
    assert {r["segment"]: p for r, p in split.items()} == {
        "hre_magnet": "ndfeb_magnet_hre",
        "std_magnet": "ndfeb_magnet_std",
    }
    assert {"CHN", "KOR"} <= {str(r["exporter"]) for r in (*magnets.twins, *magnets.whole)}


# Severity x duration ------------------------------------------------------------------------------


def test_without_stock_the_loss_is_severity_times_duration(tmp_path):
    cells = severity_duration_table(world(LINK, tmp_path), stop(severity=0.6), "KOR", "cars")
    assert len({c.months for c in cells}) > 5
    for c in cells:
        assert c.loss_share == near(c.severity * c.months / 12)
    assert [(c.severity, c.months) for c in cells if c.central] == [(0.6, 12)]


def test_every_cell_is_a_run_of_its_own(tmp_path):
    pack = world(with_stock(45), tmp_path)
    cells = severity_duration_table(pack, stop(severity=0.8, months=6, horizon=12), "KOR", "cars")
    for c in cells[::7]:
        scenario = stop(severity=c.severity, months=c.months, horizon=12)
        (loss,) = simulate(pack, scenario, effort=QUICK).losses
        assert c.loss_share == near(loss.share["adaptive"])


@pytest.mark.parametrize(
    "scenario", [pytest.param("china-april-2025", marks=pytest.mark.slow), "dysprosium-full-stop"]
)
def test_the_scenarios_own_cell_is_the_loss_of_the_run_exactly(shipped, scenario):
    loaded = load_scenario(scenario)
    one = Case.of(shipped, loaded, "KOR", "auto_parts")
    cells = severity_duration_table(shipped, loaded, "KOR", "auto_parts")
    assert [c.loss_share for c in cells if c.central] == [one.loss]
    by = defaultdict(list)
    for c in cells:
        by[c.severity].append(c.loss_share)
    assert all(b >= a - 1e-9 for losses in by.values() for a, b in pairwise(losses))


def test_milder_restrictions_keep_their_proportion_and_their_end(tmp_path):
    # Magnets from China at 0.8 for a year, from Japan at 0.4 for three months, half of each.
    tiny = LINK.but(
        processors=["CHN magnet 60", "JPN magnet 60"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
    )
    scenario = several(
        restriction("CHN", "magnet", severity=Range.of(0.8)),
        restriction("JPN", "magnet", severity=Range.of(0.4), months=3),
    )
    bench = Bench.of(world(tiny, tmp_path), scenario, "KOR", "cars")
    assert bench.at_severities([0.8], 12) == near([0.5 * 0.8 + 0.5 * 0.4 * 3 / 12])
    assert bench.at_severities([0.4], 2) == near([(0.5 * 0.4 + 0.5 * 0.2) * 2 / 12])


def test_a_dated_path_has_no_severity(tmp_path):
    scenario = several(restriction("CHN", "magnet", kind="path", path=(0.5,) * 12))
    with pytest.raises(ScenarioError, match="no restriction of this scenario has a severity"):
        severity_duration_table(world(LINK, tmp_path), scenario, "KOR", "cars")


# A stated loss ------------------------------------------------------------------------------------

HALF = LINK.but(
    processors=["CHN magnet 60"],
    segments=["* cars all 0.5 low=0.4 high=0.7 evidence=D"],
    stocks=["* * * 60 median_low=30 median_high=120"],
)


def test_the_share_that_gives_a_loss_is_the_loss_over_the_part_of_the_year(tmp_path):
    # Two months of stock: 10 of 12 months are lost, so 0.25 needs a share of 0.3.
    found = match(world(HALF, tmp_path), stop(), "KOR", "cars", 0.25)
    assert found.loss_share == near(0.5 * 10 / 12)
    plane = found.planes[0]
    at = {round(p.y, 9): p.x for p in plane.points}
    assert at[60.0] == near(0.3)
    assert at[120.0] == near(0.25 * 12 / 8)
    # All exports affected: three of twelve months are lost after nine months of stock.
    assert [p.y for p in plane.points if p.x == 1.0] == near([270], within=0.5)


def test_matched_assumptions_written_into_the_pack_give_the_loss(tmp_path):
    target = 0.25
    found = match(world(HALF, tmp_path), stop(), "KOR", "cars", target)
    for point in found.planes[0].points[::6]:
        tiny = LINK.but(
            processors=[f"CHN magnet {120 * point.x!r}"],
            segments=[f"* cars all {point.x!r}"],
            stocks=[f"* * * {point.y!r}"],
        )
        (loss,) = simulate(world(tiny, tmp_path), stop(), effort=QUICK).losses
        assert loss.share["adaptive"] == near(target, within=TOLERANCE)


def test_matched_measures_played_again_give_the_loss(tmp_path):
    pack, target = world(with_stock(45), tmp_path), 0.2
    found = match(pack, stop(severity=0.5), "KOR", "cars", target)
    points = found.planes[1].points
    assert len(points) >= 6
    for point in points:
        scenario = stop(severity=point.x, months=int(point.y), horizon=12)
        (loss,) = simulate(pack, scenario, effort=QUICK).losses
        assert loss.share["adaptive"] == near(target, within=TOLERANCE)


def test_severity_times_duration_is_what_was_lost(tmp_path):
    found = match(world(LINK, tmp_path), stop(severity=0.5), "KOR", "cars", 0.25)
    assert {p.y: p.x for p in found.planes[-1].points} == near(
        {m: 3 / m for m in map(float, range(3, 13))}, within=5e-4
    )
    assert "No affected share x stock cover" in " ".join(found.sentences())


def test_a_loss_out_of_reach_says_what_the_most_is(tmp_path):
    # Half of the exports at most stop, and after two months of stock: 0.5 x 10 / 12.
    found = match(world(HALF, tmp_path), stop(), "KOR", "cars", 0.9)
    cover, time = found.planes
    assert cover.most_inside == near(0.7 * 11 / 12)
    assert (time.points, time.most) == ((), near(0.5 * 10 / 12))
    assert "no combination gives 90 %; the most is 41.7 %" in time.sentence(0.9)


def test_the_nearest_pair_says_which_assumption_must_leave_its_range(tmp_path):
    found = match(world(HALF, tmp_path), stop(), "KOR", "cars", 0.5)
    inside = found.planes[0]
    assert inside.nearest.is_inside
    assert inside.must_leave() == ()
    narrow = HALF.but(segments=["* cars all 0.5 low=0.49 high=0.51 evidence=D"])
    out = match(world(narrow, tmp_path), stop(), "KOR", "cars", 0.48).planes[0]
    assert out.most_inside == near(0.51 * 11 / 12)
    assert out.must_leave() == ("affected share", "median cover of magnet")
    assert "must leave the range" in out.sentence(0.48)


@pytest.mark.parametrize("target", [0, -0.1, 1.5, float("nan")])
def test_a_target_is_a_share(tmp_path, target):
    with pytest.raises(ScenarioError, match="a loss to match"):
        match(world(HALF, tmp_path), stop(), "KOR", "cars", target)


# Pictures and commands ----------------------------------------------------------------------------


@pytest.mark.parametrize("target", [0.05, 0.25, 0.9])
def test_no_text_of_the_level_curves_hides_another(tmp_path, target):
    pack = world(HALF, tmp_path)
    result = simulate(pack, stop(), effort=QUICK)
    found = match(pack, stop(), "KOR", "cars", target)
    drawing = figures.level_curves(result, found)
    assert hidden(drawing.figure) == []
    assert len(drawing.rows) == sum(len(p.points) for p in found.planes)


def test_no_text_of_severity_and_duration_hides_another(tmp_path):
    pack = world(HALF, tmp_path)
    scenario = several(restriction("CHN", "magnet", severity=Range(0.53, 0.21, 0.92)))
    drawing = figures.severity_duration(pack, simulate(pack, scenario, effort=QUICK), "KOR", "cars")
    assert hidden(drawing.figure) == []
    assert sum(r["central"] for r in drawing.rows) == 1


SCENARIO = """
id = "stop"
title = "A full stop"
focus = ["KOR"]
horizon = { start = "2025-01", months = 12 }
[[restriction]]
actor = "CHN"
products = ["magnet"]
kind = "ban"
severity = 1.0
"""


@pytest.fixture
def ask(tmp_path, capsys):
    """Run a command on a tiny pack and give back its exit code and output."""
    folder = write_pack(tmp_path / "pack", **GRADES.but(stocks=["* * * 60"]).records())
    scenario = tmp_path / "stop.toml"
    scenario.write_text(SCENARIO, encoding="utf-8")

    def asked(command, *words, before=()):
        code = main([command, *before, str(scenario), *words, "--data", str(folder)])
        return code, capsys.readouterr().out

    return asked


def test_rests_prints_rows_grades_and_what_to_measure(ask):
    code, text = ask("rests", "KOR", "cars", "--draws", "30")
    assert code == 0
    assert "Weight by grade: D 100 %." in text
    assert "what to measure next" in text
    code, text = ask("rests", "KOR", "cars", "--draws", "30", "--json")
    found = json.loads(text)
    assert found["top"][0]["row"] == "segments.csv:2"
    assert found["measure_next"][0]["band_width_if_known"] == near(0)
    assert found["sample"] == {"draws": 30, "values": 3, "seed": 1}
    assert sum(found["weight_by_grade"].values()) == near(1)
    code, text = ask("rests", "KOR", "cars", "--no-next", "--csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {r["standing"] for r in rows} >= {"moves it", "held"}


def test_twoway_prints_either_table_or_both(ask, tmp_path):
    code, text = ask("twoway", "KOR", "cars", "--out", str(tmp_path / "out"))
    assert (code, text.count("[25]")) == (0, 2)
    assert len(list((tmp_path / "out").glob("*.png"))) == 2
    _, text = ask("twoway", "KOR", "cars", "--json")
    assert {k: bool(v) for k, v in json.loads(text).items()} == {
        "share_cover": True,
        "severity_duration": True,
    }
    code, text = ask("twoway", "KOR", "cars", "--by", "severity-duration", "--csv")
    assert "severity,months,loss_share" in text.splitlines()[0]
    assert ask("twoway", "KOR", "cars", "--csv")[0] == 2
    assert ask("twoway", "KOR", "cars", "--by", "luck")[0] == 2


def test_trade_code_prints_what_a_split_is_worth(ask):
    code, text = ask("trade-code", "--draws", "30")
    assert code == 0
    assert "850511" in text
    _, text = ask("trade-code", "--code", "8505.11", "--draws", "30", "--json")
    (worth,) = json.loads(text)["codes"]
    assert worth["shrinks_by"] > 0.2
    assert ask("trade-code", "--code", "99")[0] == 4


def test_match_prints_the_curve_and_that_it_proves_nothing(ask, tmp_path):
    code, text = ask("match", "KOR", "cars", before=("0.2",))
    assert code == 0
    assert "proves neither" in text
    assert "24.0" in text  # 0.2 of exports needs 0.2 x 12 / 10 of them, behind two months of stock
    _, text = ask("match", "KOR", "cars", "--json", "--out", str(tmp_path / "out"), before=("0.2",))
    found = json.loads(text)
    assert found["planes"][0]["nearest"]["x"] == near(0.24, within=0.2)
    assert list((tmp_path / "out").glob("level_curves-KOR-cars.*"))
    _, text = ask("match", "KOR", "cars", "--csv", before=("0.2",))
    assert all(float(r["loss_share"]) == near(0.2, within=TOLERANCE) for r in _rows(text))
    assert ask("match", "KOR", "cars", before=("7",))[0] == 4


def _rows(text):
    return csv.DictReader(io.StringIO(text))
