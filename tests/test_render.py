"""A result said to people, on worlds so small that every word can be checked."""

from __future__ import annotations

import csv
import io
from dataclasses import fields, replace

import pytest
from rich.console import Console
from worlds import restriction, several, stop, with_stock, world

from supplychain.render import (
    Words,
    footer,
    headline,
    loss_table,
    losses_csv,
    percent,
    percent_range,
    untouched,
)
from supplychain.result import Result
from supplychain.scenario import Range, restrict
from supplychain.simulation import Effort, simulate
from supplychain.world import World

CONSTANTS = {
    "band_draws": 20,
    "band_shares_per_draw": 3,
    "band_low_quantile": 0.1,
    "band_high_quantile": 0.9,
    "headline_d_threshold": 0.5,
    "licence_2025_path 1": 0.5,
    "licence_2025_path 2": 1,
    "public_release_days": 30,
}
QUICK = Effort(planner=False, band=False)


@pytest.fixture(scope="module")
def link(tmp_path_factory) -> World:
    """`LINK` with a month and a half of magnets, which half of the sector needs; no ranges."""
    tiny = with_stock(45).but(
        processors=["CHN magnet 60"], segments=["* cars all 0.5"], constants=CONSTANTS
    )
    return World(tiny.network(tmp_path_factory.mktemp("link")))


@pytest.fixture(scope="module")
def words(link) -> Words:
    return Words.of(link.network)


@pytest.fixture(scope="module")
def stopped(link) -> Result:
    """A full stop: 10.5 of 12 months of the half, 43.75 %, are lost."""
    return simulate(link, stop())


@pytest.fixture(scope="module")
def ladder(link) -> Result:
    return simulate(link, restrict("CHN", "magnet"))


@pytest.fixture(scope="module")
def nothing(link) -> Result:
    return simulate(link, stop(severity=0))


@pytest.fixture(scope="module")
def several_sectors(tmp_path_factory) -> Result:
    """Cars lose 60, ships 30, boats nothing; Japan's cars 90 million."""
    tiny = world(
        products=["magnet component", "cars industry", "ships industry", "boats industry"],
        processors=["CHN magnet 180"],
        industries=["KOR cars 60", "KOR ships 30", "KOR boats 500", "JPN cars 90"],
        segments=["* cars all 1", "* ships all 1", "* boats all 1"],
        recipes=["cars/all magnet 1", "ships/all magnet 1"],
        constants=CONSTANTS,
    )
    here = World(tiny.network(tmp_path_factory.mktemp("several")))
    return simulate(here, stop(), focus=["KOR", "JPN"], effort=QUICK)


def with_loss(result, **changes):
    """The same result with other values of its one sector."""
    (loss,) = result.losses
    return replace(result, losses=(replace(loss, **changes),))


def shown(result, words, width=300):
    """The table as printed."""
    page = Console(width=width, file=io.StringIO(), record=True)
    page.print(loss_table(result, words))
    return page.export_text()


# Numbers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1e-12, "<0.1"),
        (0.00049, "<0.1"),
        (0.0005, "0.1"),
        (0.00149, "0.1"),
        (0.0015, "0.1"),
        (0.01, "1.0"),
        (0.0994, "9.9"),
        (0.0995, "10"),  # never 9.9 and then 10.0
        (0.1, "10"),
        (0.105, "10"),
        (0.1251, "13"),
        (0.995, "100"),
        (1.0, "100"),
    ],
)
def test_a_share_is_printed_as_per_cent_with_two_figures_or_so(share, text):
    said = percent(share)
    assert said == text or abs(float(said) - 100 * share) <= 0.5001  # a half may go either way
    assert (said == "0") == (share == 0)


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.0, 0.0, "0"),
        (0.0, 0.0001, "0-<0.1"),
        (0.0001, 0.0002, "<0.1"),
        (0.02, 0.021, "2.0-2.1"),
        (0.02, 0.02001, "2.0"),
        (0.05, 0.25, "5.0-25"),
        (0.251, 0.253, "25"),
    ],
)
def test_a_range_that_looks_like_one_number_is_one(low, high, text):
    assert percent_range(low, high) == text


# The headline -------------------------------------------------------------------------------------


def said(result, words):
    """The headline as one text."""
    return "\n".join(headline(result, words))


def test_the_headline_says_what_was_asked_what_is_lost_when_and_why(stopped, words):
    lines = headline(stopped, words)
    assert lines[:2] == [
        "land of CHN restricts magnet, full stop, 12 months from 2025-01.",
        "  Covered: the magnet (named itself).",
    ]
    assert lines[2].startswith("land of KOR: exports of the cars fall by 44 % of a year's total (")
    assert "no less than 44 even with the best response" in lines[2]
    assert lines[2].endswith("44 without adaptation).")
    assert lines[3:] == [
        "  The first plants run out in month 2 (day 45); what binds is the magnet (KOR:magnet).",
        "  Weakest evidence that matters: grade A.",
        "Why: from land of CHN come, of the magnet: KOR 100 % of use (100 % of imports).",
    ]


@pytest.mark.parametrize(
    ("weight", "is_point"), [(0, True), (0.5, True), (0.500001, False), (1, False), (None, False)]
)
def test_a_point_is_printed_up_to_the_threshold_and_not_beyond(stopped, words, weight, is_point):
    text = said(with_loss(stopped, grade_d_weight=weight), words)
    assert ("44 expected" in text) == is_point


@pytest.mark.parametrize(
    ("scenario", "strength"),
    [
        (stop(), "restricts magnet, full stop, 12 months"),
        (stop(severity=0.25), ", ban withholding 25 %, "),
        (restrict("CHN", "magnet", kind="ban", severity=Range(1, 0.5, 1)), ", ban withholding 100"),
        (restrict("CHN", "magnet", kind="quota"), ", quota withholding 50 %, "),
        (
            restrict("CHN", "magnet", kind="licence", severity=0.1),
            ", licence withholding 10 % after its ramp, ",
        ),
        (
            restrict("CHN", "magnet", kind="licence", severity=Range(0.1, 0, 0.5)),
            ", licence withholding 10 % (0-50) after its ramp, ",
        ),
        (restrict("CHN", "magnet", path=[0.5, 1]), ", on a dated path of monthly ceilings, "),
        (restrict("CHN", "magnet"), "restricts magnet, 12 months"),
        (stop(to=["KOR"]), " to KOR, full stop, "),
        (stop(exclude=["ROW"]), " except ROW, full stop, "),
    ],
)
def test_the_question_says_how_hard_and_against_whom(link, words, scenario, strength):
    found = simulate(link, scenario, effort=QUICK)
    assert strength in headline(found, words)[0]


def test_every_restriction_is_part_of_the_question(link, words):
    both = several(
        restriction("CHN", "magnet", severity=Range.of(0.5)),
        restriction("CHN", "magnet", start="2025-04", months=3),
    )
    lines = headline(simulate(link, both, effort=QUICK), words)
    assert [line for line in lines if "restricts" in line] == [
        "land of CHN restricts magnet, ban withholding 50 %, 12 months from 2025-01.",
        "land of CHN restricts magnet, full stop, 3 months from 2025-04.",
    ]


def test_a_horizon_that_is_no_year_is_named(link, words):
    assert "of 18 months' total" in said(simulate(link, stop(months=18), effort=QUICK), words)


def test_without_a_band_none_is_printed(link, words):
    found = simulate(link, stop(), effort=QUICK)
    assert "(band not computed) of a year's total (at central figures 44 without adapt" in said(
        found, words
    )


def test_a_ladder_gives_every_rung_its_range_and_brackets_the_hardest(ladder, words):
    text = said(ladder, words)
    assert "licence as in 2025 0 %; half 19 %; full stop 44 % (at central figures" in text
    assert text.count("without adaptation") == 1
    assert "withholding" not in text  # what was withheld is said rung by rung


def test_a_country_that_loses_nothing_is_told_so(nothing, words):
    assert said(nothing, words).endswith("land of KOR: no sector of the pack loses exports.")
    assert "KOR" not in shown(nothing, words)
    assert untouched(nothing) == "No loss: KOR cars."


def test_only_the_hardest_hit_sector_of_each_country_is_in_the_headline(several_sectors, words):
    lines = headline(several_sectors, words)
    assert [line.split(" fall")[0] for line in lines if " fall by" in line] == [
        "land of KOR: exports of the cars",
        "JPN: exports of the cars",  # these words do not know Japan, so its code stands
    ]
    assert not any("best response" in line for line in lines)  # none was asked for


def test_a_band_is_a_range(stopped, words):
    wide = with_loss(stopped, band=(0.35, 0.52))
    assert "fall by 35-52 % of a year's total" in said(wide, words)


def test_the_assumptions_behind_the_swing_are_named_and_no_others(tmp_path):
    # The share moves 0.2 x 10.5 / 12 = 0.175; the stock, known to 30 and to 60 days, a twelfth of
    # 0.5: 0.175 of 0.21667 rest on an assumption.
    tiny = with_stock(45).but(
        processors=["CHN magnet 60"],
        segments=["* cars all 0.5 low=0.4 high=0.6 evidence=D"],
        stocks=["* * * 45 median_low=30 median_high=60 evidence=B"],
        constants=CONSTANTS,
    )
    network = tiny.network(tmp_path)
    found = simulate(World(network), stop(), effort=Effort(planner=False))
    text = said(found, Words.of(network))
    assert "81 % of the swing rests on assumptions (grade D): share of cars exports that is" in text
    assert "stock cover" not in text
    assert "expected" not in text
    (line,) = [x for x in footer(found) if x.startswith("Most in need")]
    assert line == (
        "Most in need of a source: share of cars exports that is all (all countries) "
        "(segments.csv:2)."
    )


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"first_stop_day": 0.0}, "The first plants run out in month 1 (day 0); what binds"),
        ({"first_stop_day": 29.9}, "in month 1 (day 30);"),
        ({"first_stop_day": 30.0}, "in month 2 (day 30);"),
        ({"first_stop_day": None}, "No plant of its own runs out of stock; what binds"),
        ({"binding": ""}, "No plant runs out at central figures."),
        # The magnet binds and its refined form alone costs next to nothing, or as much, or none is
        # restricted.
        ({"refined_only": 0.001}, "not the refined form: the refined forms alone cost 0.1 %"),
        ({"refined_only": 0.4}, "what binds is the magnet (KOR:magnet)."),
        ({"refined_only": None}, "what binds is the magnet (KOR:magnet)."),
    ],
)
def test_the_timing_says_when_and_through_what(stopped, words, changes, part):
    assert part in said(with_loss(stopped, **changes), words)


# Table, lists, footer -----------------------------------------------------------------------------


def test_the_table_has_every_losing_sector_the_largest_loss_first(several_sectors, words):
    text = shown(several_sectors, words)
    places = [
        text.index(name) for name in ("JPN the cars", "KOR the cars", "KOR ships")
    ]  # fmt: skip
    assert places == sorted(places)
    assert "boats" not in text
    assert untouched(several_sectors) == "No loss: KOR boats."
    assert text.count("KOR:magnet") == 2


def test_the_table_gives_a_column_to_every_rung(ladder, words):
    text = shown(ladder, words)
    assert all(part in text for part in ("licence as", "half", "full stop"))
    row = text.rstrip().splitlines()[-1]
    assert " ".join(row.split()) == "KOR the cars 0.1 0 19 44 44 0.05 45 KOR:magnet 0"


def test_the_table_says_what_was_not_asked_for(link, words):
    (row,) = [
        line
        for line in shown(simulate(link, stop(), effort=QUICK), words).splitlines()
        if "KOR" in line
    ]
    assert "?-44" in row  # no best response
    assert row.rstrip().endswith("?")  # no weight of assumptions


def test_a_table_without_a_stop_or_a_binding_has_dashes(stopped, words):
    bare = with_loss(stopped, first_stop_day=None, binding="")
    assert shown(bare, words).splitlines()[-1].split()[-3:] == ["-", "-", "0"]


def test_the_footer_tells_notes_limits_and_the_data(stopped):
    lines = footer(replace(stopped, warnings=("one", "two")))
    assert lines[:2] == ["Note: one", "Note: two"]
    many = footer(replace(stopped, warnings=tuple("abcdefg")))
    assert many[4:6] == ["Note: e", "Note: and 2 more (--json lists all)."]
    assert lines[-2].startswith("Not counted: price changes")
    assert stopped.pack["sha256"][:8] in lines[-1]
    assert stopped.pack["sha256"][:9] not in lines[-1]


# CSV ----------------------------------------------------------------------------------------------


def rows_of(result):
    return list(csv.DictReader(io.StringIO(losses_csv(result))))


def test_the_csv_has_one_row_per_sector_and_its_numbers_are_exact(several_sectors):
    rows = rows_of(several_sectors)
    assert [(r["country"], r["sector"]) for r in rows] == [
        (s.country, s.sector) for s in several_sectors.losses
    ]
    assert {r["rung"] for r in rows} == {"scenario"}
    for row, loss in zip(rows, several_sectors.losses, strict=True):
        for case in ("adaptive", "frozen"):
            assert float(row[f"{case}_share"]) == loss.share[case]
            assert float(row[f"{case}_usd"]) == loss.usd(case)
        assert (row["planner_share"], row["planner_usd"]) == ("", "")
        assert float(row["all_lost_share"]) == loss.all_lost
        assert float(row["restricted_months_share"]) == loss.restricted_months
        assert (row["binding"], row["evidence"]) == (loss.binding, loss.evidence)
        assert row["grade_d_weight"] == ""


def test_the_csv_of_a_ladder_has_every_rung(ladder):
    rows = rows_of(ladder)
    assert [r["rung"] for r in rows] == ["licence as in 2025", "half", "full stop"]
    for row, rung in zip(rows, ladder.ladder, strict=True):
        assert float(row["planner_share"]) == rung.losses[0].share["planner"]
        assert float(row["band_low_share"]) == rung.losses[0].band[0]
        assert float(row["band_high_share"]) == rung.losses[0].band[1]


def test_what_never_happens_is_an_empty_cell(nothing):
    (row,) = rows_of(nothing)
    assert (row["first_month"], row["first_stop_day"], row["binding"]) == ("", "", "")
    assert float(row["adaptive_share"]) == 0


def test_the_csv_holds_every_plain_value_of_a_loss(stopped):
    # All but the lists and what is given case by case.
    apart = {"share", "band", "has_band", "segments", "drivers", "monthly"}
    plain = {f.name for f in fields(stopped.losses[0])} - apart
    columns = {c.removesuffix("_share") for c in rows_of(stopped)[0]}
    assert plain <= columns
