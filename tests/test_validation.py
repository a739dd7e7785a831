"""Claims of others beside our answers: units, scores, and a small world worked out by hand."""

from __future__ import annotations

import importlib.util
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_comparison import EPISODE, ESTIMATE, pack
from worlds import stop

from supplychain import figures
from supplychain.cli import main
from supplychain.scenario_file import load_scenario
from supplychain.simulation import Effort, simulate
from supplychain.validation import Scoreboard, validate
from supplychain.validation.answers import _RULES, Unanswered, asked
from supplychain.validation.claims import Claim, Figure, claims, compared
from supplychain.validation.fallbacks import set_on
from supplychain.validation.flows import Lane, Traffic
from supplychain.validation.page import markdown
from supplychain.validation.score import (
    Ours,
    agrees,
    distance,
    in_band,
    in_range,
    interval_score,
    relative,
)
from supplychain.validation.summary import summary
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT, Play
from supplychain.world import World, load

HOUSE = Path(__file__).resolve().parent.parent
PAGE = HOUSE / "docs" / "validation.md"
NONE = Figure(None, 0.0, None, "share")


def near(value: float) -> object:
    return pytest.approx(value, abs=1e-12)


def claim(**cells: object) -> Claim:
    """An observation of a flow, unless said otherwise."""
    usual = Claim(
        id="a_flow", table="episodes", group="an_episode", grade="validation", held_out=True,
        metric="export_flow", unit="t/month", actor="CHN", items=("magnet",), countries=("CHN",),
        partners=("*",), sectors=("magnet",), low=None, central=3.0, high=None, before=10.0,
        scenario="a-stop", start="2025-04-04", first_month="2025-04", last_month="2025-04",
        months=None, says="Exports", note="",
    )  # fmt: skip
    return replace(usual, **cells)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def shipped() -> World:
    return load()


def small(folder: Path, *episodes: dict[str, str], **estimate: str) -> World:
    """Korea makes cars of Chinese magnets without stock; one estimate, some observations."""
    rows = [
        EPISODE | {"start": "2025-01-01", "end": "", "scenario": "a-stop"} | e for e in episodes
    ]
    return load(pack(folder, published_estimates=[ESTIMATE | estimate], episodes=rows))


def full_stop(_name: str) -> object:
    return replace(stop(), focus=("KOR",), start="2025-04")


# Scores -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "score"), [(0.3, 0.2), (0.2, 0.2), (0.5, 1.2), (0.1, 1.2), (-0.1, 3.2)]
)
def test_the_interval_score_is_the_width_and_ten_times_what_lies_outside(value, score):
    assert interval_score(0.2, 0.4, value) == near(score)


def test_the_interval_score_of_a_wider_interval_is_worse_where_both_hold_the_value():
    assert interval_score(0.0, 1.0, 0.5) > interval_score(0.4, 0.6, 0.5)


def test_distance_is_ours_less_the_claim_and_of_a_range_what_lies_outside():
    assert distance(0.5, Figure(0.0, 0.2, 1.0, "share")) == near(0.3)
    assert distance(-0.01, Figure(-0.006, None, -0.003, "share")) == near(-0.004)
    assert distance(-0.004, Figure(-0.006, None, -0.003, "share")) == 0.0
    assert relative(0.002, Figure(-0.006, None, -0.002, "share")) == near(0.5)
    assert relative(0.002, NONE) is None


def test_a_range_with_one_end_and_a_band_are_judged_apart():
    bound = Figure(1.5, None, None, "share")
    assert (in_range(1.6, bound), in_range(1.4, bound), in_range(1.0, NONE)) == (True, False, None)
    assert in_band(Figure(None, 0.3, None, "share"), (0.2, 0.4)) is True
    assert in_band(bound, (0.2, 2.0)) is None


@pytest.mark.parametrize(
    ("grade", "figure", "value", "band", "agreed"),
    [
        ("validation", Figure(None, 0.3, None, "ratio"), 0.9, (0.2, 0.95), True),
        ("validation", Figure(None, 0.3, None, "ratio"), 0.31, (0.31, 0.4), False),
        ("validation", Figure(-0.006, None, -0.003, "share"), -0.004, (-0.1, 0.0), True),
        ("ordinal", Figure(None, 45.0, None, "ratio"), 1.4, (1.1, 1.9), True),
        ("ordinal", Figure(None, 1.43, None, "ratio"), 1.0, (1.0, 1.0), False),
        ("ordinal", Figure(None, 0.91, None, "ratio"), 1.2, (1.0, 1.5), False),
        ("ordinal", Figure(None, 0.1, None, "USD smaller than the sum"), 0.0, None, True),
        ("ordinal", Figure(None, 0.1, None, "USD smaller than the sum"), -0.2, None, False),
        ("negative_control", Figure(None, 1.0, None, "ratio"), 0.995, (0.9, 1.0), True),
        ("negative_control", Figure(None, 1.0, None, "ratio"), 0.7, (0.6, 1.0), False),
        ("negative_control", Figure(-0.02, -0.01, 0.0, "share"), -0.02, (0.0, 0.0), True),
    ],
)
def test_agreement_depends_on_what_a_claim_claims(grade, figure, value, band, agreed):
    ours = Ours({"adaptive": value}, band)
    assert agrees(claim(grade=grade), figure, ours) is agreed


def test_a_feared_loss_that_never_came_is_answered_by_little_of_it():
    feared = claim(table="published_estimates", grade="negative_control")
    figure = Figure(None, -0.022, None, "share")
    assert agrees(feared, figure, Ours({"adaptive": -0.01})) is True
    assert agrees(feared, figure, Ours({"adaptive": -0.012})) is False


def test_what_never_happens_with_us_agrees_with_nothing():
    assert agrees(claim(), Figure(None, 6.5, None, "weeks"), Ours({"adaptive": None})) is False


# Units --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "central", "unit"),
    [
        ({}, 0.3, "ratio"),  # 3 of 10
        ({"unit": "kg/month", "central": 250.0, "before": 3250.0}, 1 / 13, "ratio"),
        ({"unit": "kg/month", "central": 250.0, "before": None}, 0.25, "t/month"),
        ({"unit": "ratio", "before": 1.0, "central": 0.24}, 0.24, "ratio"),
        # 5 t in five months against 24 t in the whole year: 10 t pro rata.
        (
            {
                "unit": "t", "central": 5.0, "before": 24.0, "last_month": "2025-08",
                "says": "April to August against the year 2024",
            },
            0.5,
            "ratio",
        ),
        ({"metric": "stop_length", "unit": "weeks", "central": 1.0, "before": 0.0}, 7.0, "days"),
        ({"metric": "plant_stop", "unit": "plants", "central": 2.0, "before": 0.0}, 1.0,
         "stops or not"),
        ({"metric": "price", "unit": "USD/kg", "central": 270.0, "before": 6.0}, 45.0, "ratio"),
    ],
)  # fmt: skip
def test_figures_are_put_into_the_unit_of_the_comparison(cells, central, unit):
    figure = compared(claim(**cells))
    assert (figure.central, figure.unit) == (near(central), unit)


def test_the_month_that_a_ratio_is_taken_to_is_read_from_its_unit():
    assert claim(unit="ratio to January 2025").reference == "2025-01"
    assert claim(unit="ratio to the year before").reference == ""


# A small world ------------------------------------------------------------------------------------


def test_two_claims_of_a_small_world_are_answered_by_hand(tmp_path):
    # A full stop without stock: no magnet leaves China, Korea loses all its cars.
    flow = {"before": "10", "value": "3", "last_month": "2025-04"}
    board = validate(small(tmp_path / "p", flow), load=full_stop, held_out=False)
    estimate, observed = board.rows
    assert estimate.ours is not None
    assert observed.ours is not None
    assert estimate.ours.cases == {"planner": near(-1), "adaptive": near(-1), "frozen": near(-1)}
    assert estimate.ours.naive == {FIXED: near(-1), SHARE_TIMES_CUT: near(-1)}
    assert (estimate.distance, estimate.inside) == (near(-0.8), False)
    assert "fixed proportions" not in observed.would_close
    assert observed.ours.central == near(0)
    assert (observed.claimed.central, observed.distance, observed.inside) == (
        near(0.3), near(-0.3), False,
    )  # fmt: skip
    # Of what is covered (all of it) 70 % was withheld, and we withhold everything.
    assert "70% of what it covers would have to be withheld" in observed.would_close
    assert observed.interval == near(3.0)  # a band of no width, ten times 0.3 outside


@pytest.mark.parametrize("severity", [0.25, 0.6])
def test_a_claim_of_our_own_number_is_inside_at_no_distance(tmp_path, severity):
    def milder(_name: str) -> object:
        return replace(stop(severity=severity), focus=("KOR",), start="2025-04")

    world = small(tmp_path / "first", {})
    (own,) = (
        s.share["adaptive"]
        for s in simulate(world, milder(""), effort=Effort(planner=False, band=False)).losses
    )
    again = small(tmp_path / "again", {}, central=repr(-own), low="", high="")
    row = validate(again, load=milder, held_out=False).rows[0]
    assert row.distance == pytest.approx(0, abs=1e-9)
    assert row.inside


def test_import_share_times_cut_is_share_times_cut(tmp_path):
    play = Play.of(
        small(tmp_path / "p", {}).network,
        replace(stop(severity=0.4), focus=("KOR",), start="2025-04"),
    )
    assert play.cases[SHARE_TIMES_CUT].loss(("KOR", "cars"))[0] == near(0.4)


def test_a_scenario_that_is_not_there_or_too_short_is_a_reason_and_no_error(tmp_path):
    late = {"first_month": "2027-01", "last_month": "2027-01"}
    board = validate(small(tmp_path / "p", late), load=full_stop, held_out=False)
    assert "lies beyond the horizon" in board.rows[1].reason
    unknown = validate(small(tmp_path / "q", {}), load=load_scenario, held_out=False)
    assert [row.answered for row in unknown.rows] == [False, False]
    assert "a-stop" in unknown.rows[0].reason


def test_rows_that_are_not_held_out_are_counted_apart(tmp_path):
    world = small(tmp_path / "p", {"held_out": "no", "grade": "validation"})
    sums = summary(validate(world, load=full_stop, held_out=False).rows)
    assert (sums["held_out"]["rows"], sums["known_to_the_pack"]["rows"]) == (1, 1)


# The shipped pack ---------------------------------------------------------------------------------


def test_months_that_are_left_out_of_a_sample_change_no_earlier_month(shipped):
    play = Play.of(shipped.network, load_scenario("gallium-germanium-2023"))
    lane = Lane(frozenset({"gallium_refined"}), frozenset({"CHN"}), None)
    (short,), (long,) = (list(play.sample(1, months)) for months in (4, 8))
    assert (short.months, long.months) == (4, 8)
    found = [Traffic(view, lane).ratios(0, 3) for view in (short, long)]
    np.testing.assert_allclose(found[0], found[1], rtol=0, atol=1e-12)


def test_what_comes_round_is_seen_among_imports_by_origin_alone(shipped):
    view = Play.of(shipped.network, load_scenario("usa-ban-2024")).cases["adaptive"]
    ends = frozenset({"germanium_refined"}), frozenset({"CHN"}), frozenset({"USA"})
    direct, by_origin = (
        Traffic(view, Lane(*ends, is_import=True, by_origin=o)) for o in (False, True)
    )
    leakage = shipped.network.parameters.value("leakage", "some_targets")
    # Stopped in December; what leaks does so a month later, and a month at sea comes on top.
    assert direct.ratios(2, 3)[:, 0].tolist() == [0, 0]
    assert 0 < by_origin.ratios(2, 3)[1, 0] < leakage  # of what is withheld, while hubs stay open
    assert by_origin.ratios(2, 3)[0, 0] > 0


def test_every_shipped_claim_has_a_rule_or_a_reason(shipped):
    every, reasons = claims(shipped.tables), []
    for one in every:
        if one.metric == "supply_risk":
            continue
        try:
            name, items = asked(one, every)
        except Unanswered as reason:
            reasons.append(str(reason))
            continue
        assert one.metric in _RULES, one.id
        assert load_scenario(name).restrictions
        assert set(items) <= set(one.items)
    assert all(reasons)


def test_a_part_of_a_study_is_asked_by_its_whole_with_its_own_items(shipped):
    every = claims(shipped.tables)
    by_id = {c.id: c for c in every}
    assert asked(by_id["usgs24_ga_gdp"], every) == ("gallium-germanium-full-stop", ("gallium",))
    with pytest.raises(Unanswered, match="its own actor"):
        asked(by_id["keri19_jpn"], every)


def test_constants_are_put_back_for_the_episodes_that_they_were_set_on(shipped):
    every = claims(shipped.tables)
    found = {
        episode: {
            str(r["parameter"])
            for r in set_on(shipped.network, episode, [c for c in every if c.group == episode])
        }
        for episode in ("graphite_2023", "cobalt_2025", "five_metals_2025")
    }
    assert {"front_loading_surge", "front_loading_cap_months"} <= found["graphite_2023"]
    assert found["cobalt_2025"] == {"transit_lag_months"}
    assert not found["five_metals_2025"]


def test_experts_differ_by_their_assumptions(shipped):
    ids = ["nri25_jpn_12m", "nri25_jpn_3m", "mizuho26_jpn", "dir25_jpn_ree"]
    board = validate(shipped, ids=ids, held_out=False, planner=False)
    drawing = figures.experts(board, "JPN")
    lost = {
        str(row["who"]): float(row["gdp_lost"]) for row in drawing.rows if row["kind"] == "ours"
    }
    stated = [row["gdp_lost"] for row in drawing.rows if row["kind"] == "claimed"]
    assert stated == [0.0043, 0.0088, 0.013]  # three months are another question
    assert "Above *no stocks, fixed proportions* (3.6 %) lie 0 of 3." in markdown(board)
    adapting, stocks, none, naive = lost.values()
    assert adapting < stocks < none < naive
    assert adapting < min(stated)
    assert max(stated) < none
    with pytest.raises(ValueError, match="no answered claim"):
        figures.experts(board, "KOR")


def test_the_page_is_of_the_shipped_pack(shipped):
    assert shipped.tables.sha256 in PAGE.read_text(encoding="utf-8"), "run `make validation`"


def test_the_command_answers_in_json_and_trips_a_threshold(capsys):
    ids = "eu23_sr_gallium,eu23_sr_tungsten"
    assert main(["validate", "--id", ids, "--json", "--fail-under", "1"]) in {0, 5}
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["id"] for row in rows] == ids.split(",")
    assert {"id", "grade", "claimed", "ours", "inside"} <= set(rows[0])
    assert main(["validate", "--id", "eu23_sr_galium"]) == 4
    assert "eu23_sr_gallium" in capsys.readouterr().err
    assert main(["validate", "--grade", "fitted"]) == 2


def test_a_share_below_the_threshold_trips(capsys):
    assert main(["validate", "--id", "eu23_sr_gallium,jpn_2010_12", "--fail-under", "1"]) == 5
    assert "MISS" in capsys.readouterr().out


@pytest.mark.slow
def test_the_page_is_what_the_engine_says(shipped):
    path = HOUSE / "docs" / "_validation.py"
    spec = importlib.util.spec_from_file_location("_validation", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    board: Scoreboard = validate(shipped)
    assert module.text(board, len(figures.forest(board))) == PAGE.read_text(encoding="utf-8")
    assert all(row.answered or row.reason for row in board.rows)
    judged = [row for row in board.rows if row.answered and row.inside is not None]
    assert all(row.inside or row.would_close for row in judged)


def test_the_readme_quotes_the_page():
    """Its figures are those of the page: a run that moves them must be told there too."""
    readme = " ".join((HOUSE / "README.md").read_text(encoding="utf-8").split())
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    count, inside = re.search(r"Of these (\d+) count: \*\*(\d+) inside", page).groups()
    could, holds = re.search(
        r"of (\d+) figures that our 80 % band could hold it holds (\d+)", page
    ).groups()
    assert f"Of {count} claims on which nothing in the pack rests, {inside} agree" in readme
    assert f"hold {holds} of {could} figures" in readme
    ours, naive = re.search(
        r"\| flows, over baseline \| \d+ \| ([\d.]+) \| [\d.]+ \| ([\d.]+) \|",
        page.partition("### On the held-out")[2],
    ).groups()
    assert (
        f"{float(ours):.2f} of normal on average (import share times cut: {float(naive):.2f})"
        in readme
    )
