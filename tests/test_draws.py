"""Where lanes stand inside the ranges of a pack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from supplychain.draws import Central, Input, OneAtATime, Recorder, Sample, place
from supplychain.schema import Row

LANES = 2000


def row(line=2, *, evidence="B", source="a", table="stocks"):
    cells = {"evidence": evidence, "source_id": tuple(source.split("|")), "product": f"p{line}"}
    return Row(table, line, cells)


def figure(*ends, kind="cover", at=None):
    """A figure of a row: value, low and high."""
    value, low, high = ends or (10, 6, 20)
    return Input(at or row(), kind, value, low, high)


COVER = figure()


# The two-piece normal -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ends", "quantiles"),
    [
        ((10, 6, 20), {10: 6, 50: 10, 90: 20}),
        ((0.5, 0.5, 0.9), {5: 0.5, 10: 0.5, 50: 0.5, 90: 0.9}),  # nothing below the value
        ((0.5, 0.1, 0.5), {10: 0.1, 50: 0.5, 95: 0.5}),  # nothing above it
        # The 70 % quantile of a standard normal is 0.5244: 10 + 0.5244 / 1.2816 x 10 = 14.09.
        ((10, 6, 20), {70: 14.09, 30: 10 - 0.4092 * 4}),
    ],
)
def test_low_value_and_high_are_the_10_50_and_90_per_cent_quantiles(ends, quantiles):
    drawn = place(Sample(LANES, 1), figure(*ends))
    found = np.percentile(drawn, list(quantiles))
    assert found.tolist() == pytest.approx(list(quantiles.values()), abs=0.03)


def test_the_tails_end_at_2_and_98_per_cent():
    # z = 2.0537: 10 - 2.0537 / 1.2816 x 4 = 3.590 and 10 + 1.6025 x 10 = 26.025.
    drawn = place(Sample(LANES, 1), COVER)
    assert drawn.min() == pytest.approx(3.590, abs=1e-3)
    assert drawn.max() == pytest.approx(26.025, abs=1e-3)


@pytest.mark.parametrize(("floor", "ceiling"), [(0.0, 1.0), (0.9, 1.0), (0.0, 0.4)])
def test_what_is_drawn_stays_within_what_is_possible(floor, ceiling):
    drawn = place(Sample(LANES, 1), figure(0.5, 0.1, 0.95), floor, ceiling)
    assert floor <= drawn.min() <= drawn.max() <= ceiling
    assert {drawn.min(), drawn.max()} & {floor, ceiling}


def test_a_range_of_no_width_is_its_value_in_every_lane():
    assert set(place(Sample(LANES, 1), figure(3, 3, 3)).tolist()) == {3.0}


def test_every_lane_has_a_stratum_of_its_own():
    # Of 10 lanes exactly one lies in each tenth: one below the low, one above the high.
    for seed in range(20):
        drawn = place(Sample(10, seed), COVER)
        assert ((drawn < 6).sum(), (drawn > 20).sum(), (drawn < 10).sum()) == (1, 1, 5)


# What moves together ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "together"),
    [
        (figure(1, 0.5, 2, at=row(3)), True),  # another row of the same source
        (figure(kind="median"), False),  # another kind of figure
        (figure(at=row(source="b")), False),
        (figure(at=row(source="a|b")), False),
        (figure(at=row(table="trade")), False),
        (figure(at=row(3, evidence="C")), True),  # the grade alone does not part them
        (figure(at=row(3, evidence="D")), False),  # an assumption moves alone
        (Input(None, "cover", 10, 6, 20), False),
    ],
)
def test_rows_of_one_source_and_kind_move_together(other, together):
    sample = Sample(LANES, 7)
    same = np.array_equal(sample.scores(COVER), sample.scores(other))
    assert same == together
    if not together:
        likeness = np.corrcoef(sample.scores(COVER), sample.scores(other))[0, 1]
        assert abs(likeness) < 0.1


def test_assumptions_of_one_source_move_row_by_row():
    sample = Sample(LANES, 7)
    first, second = (sample.scores(figure(at=row(k, evidence="D"))) for k in (2, 3))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.1


def test_the_figures_of_a_scenario_move_by_their_kind():
    assert Input(None, "severity", 1, 1, 1).group == Input(None, "severity", 0, 0, 1).name


def test_neither_the_order_nor_the_number_of_questions_changes_an_answer():
    sample = Sample(LANES, 3)
    others = [figure(kind=k, at=row(source=s)) for k in ("share", "cover") for s in "abc"]
    forward = [sample.scores(f) for f in others]
    backward = [sample.scores(f) for f in reversed(others)]
    again = Sample(LANES, 3).scores(others[2])
    assert np.array_equal(forward, backward[::-1])
    assert np.array_equal(forward[2], again)


def test_the_seed_changes_every_column():
    one, same, two = (Sample(LANES, seed).scores(COVER) for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert abs(np.corrcoef(one, two)[0, 1]) < 0.1


def test_an_assumption_keeps_its_column_when_its_row_moves_in_the_file():
    sample = Sample(LANES, 1)
    cells = {"evidence": "D", "source_id": ("a",), "country": "KOR", "product": "magnet"}
    here, there = (Input(Row("stocks", line, cells), "cover", 10, 6, 20) for line in (2, 9))
    assert np.array_equal(sample.scores(here), sample.scores(there))


# Central, recorded, one at a time -----------------------------------------------------------------


def test_the_central_lane_stands_on_every_value():
    assert place(Central(), COVER).tolist() == [10]
    assert place(Recorder(), COVER).tolist() == [10]


def test_a_recorder_remembers_what_has_a_width_and_each_of_it_once():
    recorder = Recorder()
    for asked in (COVER, figure(3, 3, 3, kind="share"), COVER, figure(kind="median")):
        recorder.scores(asked)
    assert list(recorder.asked) == ["stocks.csv:2 cover", "stocks.csv:2 median"]


def test_one_at_a_time_moves_one_figure_in_two_lanes_and_leaves_the_rest():
    share = figure(0.5, 0.2, 0.6, kind="share")
    draws = OneAtATime.of([COVER, share])
    assert draws.lanes == 4
    assert place(draws, COVER).tolist() == pytest.approx([6, 20, 10, 10])
    assert place(draws, share).tolist() == pytest.approx([0.5, 0.5, 0.2, 0.6])
    assert place(draws, figure(kind="other")).tolist() == [10] * 4
    # A row that shares source and kind with a moved one stays where it is.
    assert place(draws, replace(COVER, row=row(3))).tolist() == [10] * 4
