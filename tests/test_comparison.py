"""Rows for comparison: what they must hold, and that no run ever reads them."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import shutil
from pathlib import Path

import pytest
from conftest import write_pack
from test_simulation import CONSTANTS
from worlds import LINK, stop

from supplychain.errors import DataError
from supplychain.network.build import build_network
from supplychain.scenario_file import load_scenario, scenario_ids
from supplychain.simulation import simulate
from supplychain.tables import Tables, comparison, load_tables
from supplychain.world import World, load

HOUSE = Path(__file__).resolve().parent.parent
DATA = HOUSE / "data"
ESTIMATE = {
    "id": "a_study",
    "study": "A study",
    "actor": "CHN",
    "items": "magnet",
    "restriction": "All of it for a year",
    "countries": "KOR",
    "sectors": "cars",
    "metric": "export_change",
    "low": "-0.3",
    "central": "-0.2",
    "high": "-0.1",
    "unit": "share",
    "read": "abstract",
    "grade": "validation",
    "scenario": "a-stop",
}
EPISODE = {
    "id": "a_flow",
    "episode": "an_episode",
    "actor": "CHN",
    "items": "magnet",
    "measure": "Licence",
    "start": "2025-04-04",
    "end": "2025-11-09",
    "variable": "Exports",
    "metric": "export_flow",
    "countries": "CHN",
    "partners": "*",
    "sectors": "magnet",
    "first_month": "2025-04",
    "last_month": "2025-05",
    "unit": "t/month",
    "before": "10",
    "value": "3",
    "read": "press",
    "grade": "timing",
    "held_out": "yes",
    "scenario": "a-stop",
}
EXPORTS = {
    "country": "KOR",
    "sector": "cars",
    "goods": "cars",
    "destination": "*",
    "first_month": "2025-04",
    "last_month": "2025-04",
    "value": "6500",
    "unit": "million USD",
    "yoy_share": "-0.04",
    "basis": "printed",
    "read": "press",
}
RANGE = {
    "scenario": "a-stop",
    "country": "KOR",
    "sector": "cars",
    "month": "2025-04",
    "low": "-0.02",
    "central": "-0.01",
    "high": "0",
    "rigid": "-0.03",
    "commit": "abc1234",
    "evidence": "D",
}
COMPARED = {
    "published_estimates": [ESTIMATE],
    "episodes": [EPISODE],
    "observed_exports": [EXPORTS],
    "frozen_ranges": [RANGE],
}
RULES = {
    ("supplychain.tables", "pack.py"),  # the files may be missing
    ("supplychain.tables", "comparison.py"),  # their rows are judged
    ("supplychain", "dictionary.py"),  # and described
}
READER = "validation"
"""The one room that may compare a result with them."""


def pack(folder: Path, **tables: list[dict[str, str]]) -> Path:
    """`LINK` with rows for comparison."""
    return write_pack(folder, **LINK.but(constants=CONSTANTS).records(), **(COMPARED | tables))


def shipped(table: str) -> list[dict[str, str]]:
    with (DATA / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# What a row must hold -----------------------------------------------------------------------------


def test_rows_for_comparison_are_read_as_written(tmp_path):
    tables = load_tables(pack(tmp_path / "pack"))
    (estimate,) = tables.rows("published_estimates")
    assert (estimate["low"], estimate["central"], estimate["sectors"]) == (-0.3, -0.2, ("cars",))
    (episode,) = tables.rows("episodes")
    assert (episode["value"], episode["low"], episode["partners"]) == (3, None, ("*",))
    (observed,) = tables.rows("observed_exports")
    assert (observed["value"], observed["yoy_share"]) == (6500, -0.04)


@pytest.mark.parametrize(
    ("table", "changed", "fault"),
    [
        ("published_estimates", {"items": "magnet|magnets"}, "names 'magnets', which the pack"),
        ("published_estimates", {"sectors": "car"}, "Did you mean 'cars'?"),
        ("published_estimates", {"countries": "EU"}, "names 'EU', which the pack does not know"),
        ("published_estimates", {"low": "-0.1"}, "is above the central -0.2"),
        ("published_estimates", {"grade": "fitted"}, "is not one of the allowed words"),
        (
            "published_estimates",
            {"low": "", "central": "", "high": ""},
            "central: is empty. Allowed: one of central, low, high",
        ),
        ("published_estimates", {"scenario": ""}, "is empty, as is the note. Name the scenario"),
        ("episodes", {"partners": "DEUX"}, "names 'DEUX', which the pack does not know"),
        ("episodes", {"end": "2025-04-03"}, "lies before start 2025-04-04"),
        ("episodes", {"last_month": "2025-03"}, "lies before first_month 2025-04"),
        ("episodes", {"value": ""}, "is empty, and a value is required"),
        ("episodes", {"low": "4"}, "is above the value 3"),
        ("observed_exports", {"value": "", "yoy_share": ""}, "one of value, yoy_share"),
        ("frozen_ranges", {"central": "-0.05"}, "is above the central -0.05"),
        ("frozen_ranges", {"sector": "carts"}, "is not in products.csv"),
        ("observed_exports", {"sector": "carts"}, "is not in products.csv"),
        ("observed_exports", {"last_month": "2025-03"}, "lies before first_month 2025-04"),
    ],
)
def test_a_row_that_cannot_be_compared_is_refused(tmp_path, table, changed, fault):
    folder = pack(tmp_path / "pack", **{table: [COMPARED[table][0] | changed]})
    with pytest.raises(DataError) as caught:
        load_tables(folder)
    assert fault in str(caught.value)


def test_an_empty_scenario_needs_a_reason_and_a_lower_end_alone_is_a_figure(tmp_path):
    alone = {"central": "", "high": "", "scenario": "", "note": "No file: a rank over many."}
    load_tables(pack(tmp_path / "pack", published_estimates=[ESTIMATE | alone]))


# What the shipped rows hold -----------------------------------------------------------------------


def test_the_shipped_estimates_are_outcomes_and_their_scenarios_are_there():
    rows = shipped("published_estimates")
    assert len(rows) >= 20
    assert {r["scenario"] for r in rows if r["scenario"]} <= set(scenario_ids())
    reasons = [r["note"] for r in rows if not r["scenario"]]
    assert all(note.startswith("No scenario file: ") for note in reasons)
    known = [r["id"] for r in rows if r["grade"] == "calibration"]
    assert known == ["kiep25_auto_parts", "kiep25_batteries"]  # never counted as agreement
    recalled = [r for r in rows if r["read"] == "recalled" or r["source_id"].endswith("_press")]
    assert {r["evidence"] for r in recalled} <= {"C", "D"}


def test_an_episode_on_which_a_constant_was_set_is_not_held_out():
    fitted = {r["calibrated_on"] for r in shipped("parameters") if r["calibrated_on"]}
    assert fitted == {"magnets 2025", "graphite 2023", "all licences"}  # a new one needs its line
    lent = {  # episodes and what flowed under a licence for three months or more
        "magnets_2025": "magnet",
        "gallium_germanium_2023": "gallium",
        "graphite_2023": "graphite",
        "yttrium_2025": "yttrium",
        "five_metals_2025": "tungsten",
    }
    for episode, thing in lent.items():
        rows = [
            r
            for r in shipped("episodes")
            if r["episode"] == episode
            and r["metric"] in {"export_flow", "import_flow", "shortfall"}
            and thing in f"{r['sectors']} {r['items']}"
            and r["first_month"] != r["last_month"] * (thing == "tungsten")
            and "bismuth" not in r["sectors"]
        ]
        assert rows
        assert {r["held_out"] for r in rows if "magnet" in r["sectors"] or thing != "magnet"} == {
            "no"
        }, episode
    assert len({r["episode"] for r in shipped("episodes")}) >= 5
    assert {r["scenario"] for r in shipped("episodes")} <= set(scenario_ids())


def test_the_months_of_korean_exports_add_up_to_the_published_years():
    rows = [r for r in shipped("observed_exports") if r["country"] == "KOR"]

    def values(goods: str, destination: str, year: int, *, whole: bool) -> list[float]:
        full = (f"{year}-01", f"{year}-12")
        return [
            float(r["value"])
            for r in rows
            if (r["goods"], r["destination"], r["year"]) == (goods, destination, str(year))
            and ((r["first_month"], r["last_month"]) == full) is whole
        ]

    for goods, destination, year, months in (
        ("cars", "*", 2024, 12),
        ("cars", "*", 2025, 12),
        ("cars", "USA", 2025, 11),  # January and February are one row
        ("car_parts", "*", 2025, 8),  # no single month from August on
    ):
        parts = values(goods, destination, year, whole=False)
        (total,) = values(goods, destination, year, whole=True)
        assert len(parts) == months
        assert sum(parts) == pytest.approx(total, rel=0.001)


def test_the_ranges_from_before_looking_are_never_edited():
    """They are a prediction: a byte that moves here is a prediction made after the fact."""
    found = hashlib.sha256((DATA / "frozen_ranges.csv").read_bytes()).hexdigest()
    assert found == "a68c3deacaaf584ba83ae6ba23771f07aa7c5eb8a6cd72fbdb7ec7685aa07591"
    drawn = {(r["country"], r["sector"]) for r in shipped("frozen_ranges")}
    assert {("KOR", "automobiles"), ("KOR", "auto_parts")} <= drawn


# No run reads them --------------------------------------------------------------------------------


def names_a_table(path: Path) -> bool:
    """Whether a module holds the name of such a table (or its file) as a string or an attribute."""
    names = {*comparison.TABLES, *(f"{name}.csv" for name in comparison.TABLES)}
    handles = {"ESTIMATES", "EPISODES", "EXPORTS", "RANGES", "comparison"}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and node.value in names:
            return True
        if isinstance(node, ast.alias) and node.name.rpartition(".")[2] in handles:
            return True
    return False


def test_no_module_outside_validation_names_the_tables():
    house = HOUSE / "supplychain"
    modules = [p for p in house.rglob("*.py") if READER not in p.relative_to(house).parts[0]]
    found = {
        (".".join(("supplychain", *p.relative_to(house).parts[:-1])), p.name)
        for p in modules
        if names_a_table(p)
    }
    assert found == RULES


@pytest.fixture
def asked(monkeypatch) -> set[str]:
    """The names of the tables that are asked for from here on."""
    names: set[str] = set()
    rows = Tables.rows

    def noted(tables: Tables, table: str):
        names.add(table)
        return rows(tables, table)

    monkeypatch.setattr(Tables, "rows", noted)
    return names


def test_a_run_never_asks_for_them_and_gives_the_same_bytes_without(tmp_path, asked):
    """Removed, emptied of sense or multiplied by a thousand: only the fingerprint changes."""
    absurd = {
        "published_estimates": [ESTIMATE | {"low": "-300", "central": "-200", "high": "-100"}],
        "episodes": [EPISODE | {"value": "3000", "held_out": "no"}],
        "observed_exports": [EXPORTS | {"value": "6500000", "yoy_share": "9"}],
        "frozen_ranges": [RANGE | {"low": "-1", "central": "-0.9"}],
    }
    folders = [
        pack(tmp_path / "as_is"),
        pack(tmp_path / "absurd", **absurd),
        pack(tmp_path / "without"),
    ]
    for name in comparison.TABLES:
        (folders[2] / f"{name}.csv").unlink()
    said, prints = set(), set()
    for folder in folders:
        result = simulate(World(build_network(load_tables(folder))), stop()).as_dict()
        prints.add(result["data"].pop("sha256"))
        result["data"].pop("pack")  # the name of the folder
        said.add(json.dumps(result, sort_keys=True))
    assert len(said) == 1
    assert len(prints) == 3
    assert asked >= {"trade", "parameters"}
    assert not asked & set(comparison.TABLES)


@pytest.mark.slow
def test_a_run_on_the_shipped_pack_gives_the_same_bytes_without_them(tmp_path, asked):
    bare = Path(shutil.copytree(DATA, tmp_path / "bare"))
    for name in comparison.TABLES:
        (bare / f"{name}.csv").unlink()
    scenario = load_scenario("magnets-2025-replay")
    with_, without = (simulate(load(folder), scenario).as_dict() for folder in (DATA, bare))
    assert with_["data"].pop("sha256") != without["data"].pop("sha256")
    assert json.dumps(with_) == json.dumps(without)
    assert not asked & set(comparison.TABLES)
