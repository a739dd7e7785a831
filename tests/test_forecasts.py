"""Forecasts are never edited: the fingerprint of every file stands here from its day on."""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path

import pytest

from supplychain.scenario_file import load_scenario

FOLDER = Path(__file__).parent.parent / "forecasts"
RECORDED = {
    "2026-11-22-october-2025-returns.toml": (
        "50cc5ada155670095e8964585c66f4dafcc70a7360020421c316eec46ce5416e"
    ),
    "2026-11-22-suspensions.toml": (
        "c899c18f7669657666aa7f3e73de11a9ebc56583f72b80e8e4ac73fda4650605"
    ),
    "2026-11-22-usa-ban-returns.toml": (
        "2cb25f43895f2199e3178de2ca986ad5ac45fb3adf15c75b9ac3d050373820aa"
    ),
}


def test_no_forecast_is_edited_or_taken_away_and_none_is_unrecorded():
    files = (p for p in FOLDER.iterdir() if p.suffix == ".toml" and ".score." not in p.name)
    found = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
    assert found == RECORDED


@pytest.mark.parametrize("name", [n for n in RECORDED if n.endswith("-returns.toml")])
def test_a_scenario_of_a_forecast_is_still_read(name):
    assert load_scenario(FOLDER / name).id == name.removesuffix(".toml")


def test_a_forecast_says_its_date_its_odds_and_how_it_will_be_scored():
    said = tomllib.loads((FOLDER / "2026-11-22-suspensions.toml").read_text(encoding="utf-8"))
    assert str(said["date"]) == "2026-11-22"
    for question in said["question"]:
        assert 0 < question["probability"] < 1
        assert question["score_event"]
        assert question["scenario"] in RECORDED
        for country in question["country"]:
            for share in (country["total_percent"], *country["sectors_percent"]):
                assert 0 <= share["planner"] <= share["adaptive"] <= 100
