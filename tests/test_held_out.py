"""Licences fitted to their records, and episodes answered without what was set on them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_comparison import shipped as written
from test_figures import hidden
from test_validation import claim, near, small
from worlds import stop

from supplychain import figures
from supplychain.draws import Input, Sample, place, scores_for
from supplychain.model.ceilings import licence_ceiling
from supplychain.restriction import Range
from supplychain.scenario import Restriction
from supplychain.validation import validate
from supplychain.validation.again import AS_LAST, MIDDLE, NEVER, ours, scattered
from supplychain.validation.answers import Question
from supplychain.validation.fallbacks import (
    Cover,
    resting_stocks,
    usual_cover,
    with_constants,
    with_stocks,
)
from supplychain.validation.fit import (
    NAMES,
    SCATTER,
    Bank,
    Posterior,
    ceilings,
    distances,
    fitted,
    pooled,
)
from supplychain.validation.held_out_sums import (
    HELD,
    NO_QUEUE,
    bands,
    by_kind,
    dates,
    equally,
    of_licences,
)
from supplychain.validation.joint import Joint, ranges, with_licence, with_path
from supplychain.validation.licences import Measure, Record, Seen, last_curve, records
from supplychain.validation.page import markdown
from supplychain.validation.score import Ours
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT
from supplychain.validation.work import Answer
from supplychain.world import load

FIRST, SECOND = Measure("CHN", "2023-08-01"), Measure("CHN", "2025-04-04")
TRUTH = (2.0, 3.0, 0.2, 1.25)


def record(measure: Measure, *ratios: float, covered: float = 1.0) -> Record:
    """A flow with a ratio in each month from the first."""
    seen = tuple(Seen(n, n, ratio) for n, ratio in enumerate(ratios, 1))
    return Record(measure, ("magnet",), ("*",), covered, seen)


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.prior()


@pytest.fixture(scope="module")
def shipped():
    return load()


# The record ---------------------------------------------------------------------------------------


def test_a_record_is_made_of_single_months_and_of_sums_only_without_them():
    months = [claim(id=m, first_month=m, last_month=m, central=c) for m, c in (
        ("2025-04", 1.0), ("2025-06", 5.0), ("2025-02", 9.0))]  # fmt: skip
    year = claim(id="year", first_month="2025-01", last_month="2025-12", central=8.0)
    sums = claim(
        id="sum", partners=("USA",), first_month="2025-03", last_month="2025-11", central=2.0
    )
    other = claim(id="other", countries=("JPN",), partners=("KOR",))  # not of the actor
    to_january = claim(id="ratio", unit="ratio to January 2025", before=1.0, partners=("JPN",))
    found = records([*months, year, sums, other, to_january], lambda _: 0.5)
    assert [(r.to, r.covered, r.seen) for r in found] == [
        (("*",), 0.5, (Seen(1, 1, 0.1), Seen(3, 3, 0.5))),
        (("USA",), 0.5, (Seen(0, 8, 0.2),)),
    ]
    assert [r.is_lent for r in found] == [False, True]  # two months; eight of a sum and one before
    assert not records(months, lambda _: 0.0)  # what the measure does not cover is no record of it


def test_imports_of_the_other_side_are_months_of_the_same_flow():
    out = claim(id="out", partners=("KOR",))
    into = claim(
        id="in", metric="import_flow", countries=("KOR",), partners=("CHN",),
        first_month="2025-05", last_month="2025-05", central=4.0,
    )  # fmt: skip
    (found,) = records([out, into], lambda _: 1.0)
    assert [tuple(s) for s in found.seen] == [near((1, 1, 0.3)), near((2, 2, 0.4))]


def test_the_last_licence_is_the_latest_with_three_months_by_then():
    old = record(FIRST, 0.0, 0.2, 0.4)
    late = Record(SECOND, ("magnet",), ("*",), 0.5, (Seen(1, 1, 0.5), Seen(3, 3, 0.9)))
    after = Measure("CHN", "2025-12-01")
    assert last_curve([old, late], SECOND)[:5] == near((0.0, 0.2, 0.4, 0.4, 0.4))
    assert last_curve([old, late], after) == last_curve([old, late], SECOND)  # two months on record
    assert last_curve([old, late], FIRST) is None
    early = Measure("CHN", "2023-10-01")  # by then two months were known
    assert last_curve([old], early) is None
    gap = Record(FIRST, (), (), 0.5, (Seen(1, 1, 0.5), Seen(3, 3, 0.9), Seen(4, 4, 1.0)))
    assert last_curve([gap], SECOND)[:4] == near((0.0, 0.4, 0.8, 1.0))  # of what is covered


# The fit ------------------------------------------------------------------------------------------


@given(
    st.floats(0, 6), st.floats(0, 12), st.floats(0, 1), st.floats(1, 2), st.integers(1, 12)
)  # fmt: skip
def test_many_licences_at_once_follow_the_law_of_one(dead, ramp, withheld, headroom, months):
    laws = np.array([[dead, ramp, withheld, headroom], [1.0, 0.0, 0.3, 1.1]])
    one = licence_ceiling(months, withheld, dead_time=dead, ramp=ramp, headroom=headroom)
    assert np.allclose(ceilings(laws, months)[:, 0], one, atol=1e-12)


def test_the_distance_is_the_mean_absolute_error_over_the_months():
    # Half is covered: ceilings of 0 and 0.4 are flows of 0.5 and 0.7, against 0.6 and 0.4.
    found = distances(record(FIRST, 0.6, 0.4, covered=0.5), np.array([[0.0], [0.4]]))
    assert found.tolist() == [near((0.1 + 0.3) / 2)]


def test_the_figures_of_a_licence_are_found_again_in_its_months(bank):
    dead, ramp, withheld, headroom = TRUTH
    curve = licence_ceiling(12, withheld, dead_time=dead, ramp=ramp, headroom=headroom)
    # By hand: the ramp gives 0.8 of 1/6, 1/2 and 5/6 in months 3 to 5, then come 1.25 x 0.8.
    assert curve[:7] == near((0, 0, 0.8 / 6, 0.4, 0.8 * 5 / 6, 1.0, 1.0))
    found = fitted(record(FIRST, *curve), bank)
    assert found.nearest < SCATTER / 2
    low, middle, high = found.quantiles()
    assert (low < TRUTH).all()
    assert (np.array(TRUTH) < high).all()
    assert abs(middle[0] - dead) < 0.5
    assert abs(middle[1] - ramp) < 1.0
    assert abs(middle[2] - withheld) < 0.05
    wide = np.quantile(bank.laws, 0.9, axis=0) - np.quantile(bank.laws, 0.1, axis=0)
    assert (high - low < wide)[:3].all()
    assert (high - low < wide / 2)[1:3].all()


def test_a_single_month_without_exports_says_little_more_than_the_prior(bank):
    found = fitted(record(FIRST, 0.0), bank)
    assert len(found.laws) > len(bank.laws) / 2
    assert not found.record.is_lent


def test_measures_weigh_the_same_and_a_measure_never_lends_to_itself():
    def one(measure: Measure, value: float) -> Posterior:
        return Posterior(record(measure, 0, 0, 0), np.full((7, 4), value), 0.0, SCATTER)

    third = Measure("JPN", "2019-07-04")
    found = [one(FIRST, 1.0), one(FIRST, 1.0), one(FIRST, 1.0), one(third, 2.0), one(SECOND, 3.0)]
    pool = pooled(found, SECOND)
    assert (pool == 1.0).all(axis=1).sum() == (pool == 2.0).all(axis=1).sum() == len(pool) / 2


# Draws --------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1), min_size=1, max_size=5))
def test_scores_turn_a_place_round(values):
    severity = Input(None, "severity", 0.3, 0.05, 0.9)
    wanted = np.array(values)
    joint = Joint(Sample(len(values), 1), np.tile(wanted, (4, 1)).T, Range(0.3, 0.05, 0.9))
    assert np.allclose(place(joint, severity, 0.0, 1.0), wanted)
    assert np.isfinite(scores_for(replace(severity, high=0.3), wanted)).all()


def test_lanes_hold_whole_licences_and_leave_everything_else_as_drawn(shipped):
    laws = np.array([[1.0, 2.0, 0.1, 1.2], [5.0, 9.0, 0.9, 1.9]])
    stated = ranges(laws)
    network = with_constants(
        shipped.network,
        {("licence_ramp_months", "*"): (stated[1].low, stated[1].value, stated[1].high)},
    )
    joint = Joint.of(laws, stated[2], 4, seed=1)
    row = network.parameters.row("licence_ramp_months")
    ramp = place(joint, Input.of(row, "licence_ramp_months", "value"))
    withheld = place(joint, Input(None, "severity", stated[2].value, stated[2].low, stated[2].high))
    pairs = {(round(a, 9), round(b, 9)) for a, b in zip(ramp, withheld, strict=True)}
    assert pairs == {(2.0, 0.1), (9.0, 0.9)}
    for other in (
        Input(None, "severity", 0.5, 0.2, 0.9),
        Input.of(network.parameters.row("leakage_enforced"), "leakage", "value"),
    ):
        assert (joint.scores(other) == Sample(4, 1).scores(other)).all()


def test_only_licences_are_changed_in_a_scenario():
    licence = Restriction("CHN", ("magnet",), "licence", Range.of(0.1), dead_time_months=3)
    both = replace(stop(), restrictions=(licence, Restriction("CHN", ("magnet",))))
    mild = with_licence(both, Range(0.4, 0.2, 0.6)).restrictions
    assert (mild[0].severity, mild[0].dead_time_months) == (Range(0.4, 0.2, 0.6), None)
    dated = with_path(both, (0.0, 0.5)).restrictions
    assert (dated[0].kind, dated[0].path[:4]) == ("path", (0.0, 0.5, 0.5, 0.5))
    assert mild[1] == dated[1] == both.restrictions[1]


# Fallbacks ----------------------------------------------------------------------------------------


def test_stocks_that_rest_on_an_episode_fall_back_to_those_of_other_goods(shipped):
    tables, episodes = shipped.tables, ("magnets_2025", "yttrium_2025")
    resting = resting_stocks(tables, episodes, {"ndfeb_magnet_hre"}, "2025")
    keys = {(r["country"], r["user"], r["product"]) for r in resting}
    assert {
        ("KOR", "automobiles", "ndfeb_magnet_hre"),
        ("USA", "auto_parts", "ndfeb_magnet_hre"),
    } <= keys
    assert ("*", "wind_turbines", "ndfeb_magnet_hre") not in keys  # an assumption about wind
    industries = {r["product"] for r in tables.rows("products") if r["stage"] == "industry"}
    held = {r["product"] for r in resting}
    covers = [
        float(r["cover_days"])
        for r in written("stocks")
        if r["holder"] == "private" and r["user"] in industries and r["product"] not in held
    ]
    cover = usual_cover(tables, resting)
    assert (cover.low, cover.median, cover.high) == near(np.quantile(covers, (0.1, 0.5, 0.9)))


def test_a_stock_that_falls_back_keeps_its_spread_over_plants(shipped):
    network = shipped.network
    row = next(s.stock for s in network.slots if s.stock is not None and s.stock["low"])
    other = with_stocks(network, [row], Cover(10.0, 2 * row["cover_days"], 99.0))
    for before, after in zip(network.slots, other.slots, strict=True):
        if before.stock is None or before.stock.line != row.line:
            assert after == before
        else:
            assert after.stock["low"] == near(2 * row["low"])
            assert (after.stock["median_low"], after.stock["median_high"]) == (10.0, 99.0)
            assert after.stock["evidence"] == "D"


# Derived rows -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "months", "start"),
    [("gr", "gr_world", 12), ("gr_kor", "gr_kor", 12), ("gr_jpn", "gr_jpn", 12)],
)
def test_timing_rows_follow_from_the_months(name, months, start):
    rows = {r["id"]: r for r in written("episodes")}
    single = [
        float(rows[f"{months}_{m}"]["value"]) / float(rows[f"{months}_{m}"]["before"])
        for m in ("2023_12", "2024_01", "2024_02", "2024_03", "2024_04")
    ]
    first = {s: next(n for n, x in enumerate(single, 1) if x >= s) for s in (0.1, 0.8)}
    assert float(rows[f"{name}_tenth_2024"]["value"]) == first[0.1]
    assert float(rows[f"{name}_normal_2024"]["value"]) == first[0.8]
    missing = sum(1 - x for x in single[:4])
    assert float(rows[f"{name}_backlog_2024_03"]["value"]) == pytest.approx(missing, abs=0.006)


# Worlds -------------------------------------------------------------------------------------------


def licensed(_name: str):
    """A licence that withholds nothing in the end, after two months."""
    r = Restriction("CHN", ("magnet",), "licence", Range(0.0, 0.0, 0.1))
    return replace(stop(), restrictions=(r,), focus=("KOR",), start="2025-04")


def months(episode: str, start: str, *values: float) -> list[dict[str, str]]:
    year, first = start[:4], int(start[5:7])
    return [
        {"id": f"{episode}_{n}", "episode": episode, "start": start, "before": "10",
         "value": str(10 * value), "held_out": "no",
         "first_month": f"{year}-{first + n:02d}", "last_month": f"{year}-{first + n:02d}"}
        for n, value in enumerate(values)
    ]  # fmt: skip


def board_of(folder, *own: float, timing: bool = False):
    """Two licences: one played from April 2025, and one of May whose months it is told."""
    rows = months("mine", "2025-04-04", *own)
    rows += months("other", "2025-05-01", 0.0, 0.0, 0.0, 1.0)
    if timing:
        rows.append(rows[0] | {
            "id": "back", "grade": "timing", "before": "", "value": "3",
            "unit": "month of the measure at or above 80 % of normal",
        })  # fmt: skip
    return validate(small(folder, *rows), load=licensed, planner=False)


def test_a_measure_that_is_left_out_knows_nothing_of_its_own_record(tmp_path):
    one = board_of(tmp_path / "a", 0.0, 0.0, 0.9, 1.0)
    two = board_of(tmp_path / "b", 1.0, 0.8, 0.9, 0.3)
    mine, changed = (b.held_out.measures[0] for b in (one, two))
    assert mine.episodes == ("mine",)
    assert (mine.pool == changed.pool).all()
    assert [r.held for r in mine.rows] == [r.held for r in changed.rows]  # bit for bit
    other, moved = (b.held_out.measures[1] for b in (one, two))
    assert (other.pool != moved.pool).any()
    assert [r.held for r in other.rows] != [r.held for r in moved.rows]


def test_held_out_rows_have_baselines_that_can_be_worked_out(tmp_path):
    board = board_of(tmp_path / "p", 0.0, 0.5, 1.0, timing=True)
    mine = board.held_out.measures[0]
    dead, ramp, withheld, headroom = (r.value for r in ranges(mine.pool))
    curve = licence_ceiling(12, withheld, dead_time=dead, ramp=ramp, headroom=headroom)
    rows = {r.claim.id: r for r in mine.rows}
    for n in range(3):
        held = rows[f"mine_{n}"].held
        assert held.naive[SHARE_TIMES_CUT] == near(1 - withheld)
        assert held.naive[FIXED] == near(curve[n])
        assert held.naive[AS_LAST] is None  # no licence before it
    back = rows["back"].held
    reached = [n for n, x in enumerate(curve, 1) if x >= 0.8]
    assert back.central == (reached[0] if reached else len(curve) + 1)
    # The other began a month later, when one month of this one was known: too little to repeat.
    assert board.held_out.measures[1].rows[0].held.naive[AS_LAST] is None
    sums = by_kind(of_licences(board.held_out))
    assert sums["turning points, months"]["rows"] == 1
    assert sums["flows, over baseline"]["rows"] == 7
    assert "never" in sums["turning points, months"]
    turns = sums["turning points, months"]["mean_absolute_error"]
    every = dates(of_licences(board.held_out))
    assert every["rows"] == 1
    months = every["mean_absolute_error_months"]
    assert months[HELD] == near(turns[HELD])
    # Without a queue what is let through at first is what is let through at last.
    assert months[NO_QUEUE] == months[SHARE_TIMES_CUT] == near(turns[SHARE_TIMES_CUT])
    assert bands([])["interval_score"] is None
    rows = of_licences(board.held_out)
    parts = [
        by_kind(r for r in rows if r.claim.group == name)["flows, over baseline"]
        for name in ("mine", "other")
    ]
    found = equally(rows)["flows, over baseline"]
    assert found["measures"] == 2
    assert found[SHARE_TIMES_CUT] == near(
        np.mean([p["mean_absolute_error"][SHARE_TIMES_CUT] for p in parts])
    )


def test_dates_of_flows_and_of_stops_are_one_mean_in_months(tmp_path):
    # A turn two months off and a first stop 8.696 weeks = 2 months off: 2 on average.
    board = board_of(tmp_path / "p", 0.0, 0.5, 1.0, timing=True)
    turn = next(r for r in board.held_out.measures[0].rows if r.claim.id == "back")

    def off(unit, far, metric):
        claim = replace(turn.claim, unit=unit, metric=metric)
        shipped = replace(
            turn.shipped, claim=claim, claimed=replace(turn.shipped.claimed, unit=unit)
        )
        at = shipped.claimed.central + far
        naive = {SHARE_TIMES_CUT: at + 1, FIXED: at + 3, AS_LAST: None}
        return replace(turn, shipped=shipped, held=Ours({"adaptive": at, MIDDLE: at}, naive=naive))

    week = 365.25 / 12 / 7
    rows = [
        off("month of the measure at or above 80 % of normal", 2, "export_flow"),
        off("weeks after 4 April 2025", 2 * week, "weeks_to_stop"),
    ]
    found = dates(rows)["mean_absolute_error_months"]
    assert found[HELD] == near(2)
    assert found[NO_QUEUE] == near((3 + 2 + 3 / week) / 2)  # of the cut alone; of plants at once


def test_the_page_and_the_picture_say_what_was_held_out(tmp_path):
    board = board_of(tmp_path / "p", 0.0, 0.5, 1.0, timing=True)
    text = markdown(board)
    assert "## Held out" in text
    assert "### Without mine" in text
    assert "`mine_2`" in text
    drawing = figures.licence_curves(board)
    assert len(drawing.rows) == 2 * 12
    assert not hidden(drawing.figure)
    found = board.as_dict()["held_out"]
    assert [m["episodes"] for m in found["measures"]] == [["mine"], ["other"]]
    assert set(NAMES[:1]) == {"dead time"}
    assert {"dead_time", "ramp", "withheld", "headroom"} <= set(found["licences"][0])


@pytest.mark.parametrize(
    ("cells", "end"),
    [
        ({"metric": "weeks_to_stop", "unit": "weeks after 4 April 2025"}, 12 * 30 / 7),
        ({"unit": "month of the measure (April is 1)"}, 13),
    ],
)
def test_what_never_happens_is_put_at_the_end_of_the_months_played(cells, end):
    cases = {"adaptive": np.nan, SHARE_TIMES_CUT: 0.0, FIXED: np.nan}
    lanes = np.array([1.0, 2.0, 3.0, 4.0, np.nan, np.nan])
    found = ours(claim(**cells), Answer(cases, lanes), Question(None, 12), None, 30.0)
    assert (found.central, found.how) == (near(end), NEVER)
    assert found.naive == {SHARE_TIMES_CUT: 0.0, FIXED: near(end), AS_LAST: None}
    # Sorted: 1, 2, 3, 4, end, end; the median lies between 3 and 4, 90 % halfway at the end.
    assert found.cases[MIDDLE] == near(3.5)
    assert found.band == near((1.5, end))


def test_a_flow_is_observed_with_the_scatter_of_its_months():
    lanes = np.full(400, 0.5)
    found = scattered(claim(), lanes) / 0.5 - 1.0
    assert abs(found).mean() == pytest.approx(SCATTER, rel=0.01)
    year = scattered(claim(first_month="2025-01", last_month="2025-04"), lanes) / 0.5 - 1.0
    assert abs(year).mean() == pytest.approx(SCATTER / 2, rel=0.01)  # four months: half of it
    assert (scattered(claim(), 0 * lanes) == 0).all()
    assert scattered(claim(metric="weeks_to_stop"), lanes) is lanes


def test_what_has_no_number_is_left_out():
    nothing = {"adaptive": np.nan, SHARE_TIMES_CUT: np.nan, FIXED: np.nan}
    found = ours(claim(), Answer(nothing, np.full(4, np.nan)), Question(None, 12), None, 30.0)
    assert (found.central, found.band) == (None, None)


def test_nothing_is_held_out_where_claims_are_chosen_or_none_is_a_licence(tmp_path):
    world = small(tmp_path / "p", {"value": "3", "before": "10", "last_month": "2025-04"})
    banned = replace(stop(), focus=("KOR",), start="2025-04")
    board = validate(world, load=lambda _: banned, planner=False)
    assert board.held_out.measures == ()
    with pytest.raises(ValueError, match="no licence"):
        figures.licence_curves(board)
    assert validate(world, load=licensed, ids=["a_flow"], planner=False).held_out is None
