"""The command line as its users meet it: every command, every option, every exit code."""

import contextlib
import csv
import functools
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import networkx as nx
import pytest

import supplychain.world
from supplychain.cli import main

HOUSE = Path(__file__).resolve().parent.parent
CONTRACT = json.loads((HOUSE / "tests" / "result.schema.json").read_text(encoding="utf-8"))
DYSPROSIUM = ("restrict", "China", "dysprosium", "--focus", "KOR", "--json")
SAMARIUM = ("restrict", "China", "samarium", "--focus", "KOR,JPN", "--kind", "ban", "--json")
MAGNETS = (
    *("restrict", "China", "dysprosium", "terbium", "ndfeb_magnet"),
    *("--kind", "ban", "--focus", "KOR", "--months", "12", "--json"),
)
QUICK = ("--no-planner", "--no-band")
FOUR = ("KOR", "JPN", "USA", "DEU")
MINERALS = ("gallium", "cobalt", "graphite", "tungsten", "samarium")
CASES = ("planner", "adaptive", "frozen")
ROUNDING = 1e-6
HELP = """
import contextlib, io, json, sys
from typer.main import get_command
from supplychain.cli import app, main

def commands(command, path=()):
    yield path
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*path, name))

seen = {}
for path in commands(get_command(app)):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main([*path, "--help"])
    seen[" ".join(path)] = [code, out.getvalue()]
heavy = ("matplotlib", "scipy.optimize", "pandas", "networkx")
print(json.dumps({"seen": seen, "heavy": [name for name in heavy if name in sys.modules]}))
"""


@dataclass(frozen=True)
class Said:
    """What one command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        return json.loads(self.out)


def say(*words: str) -> Said:
    """Run the command line in this process."""
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        code = main(words)
    return Said(code, out.getvalue(), err.getvalue())


def answer(*words: str) -> dict[str, Any]:
    """The JSON of a command that must succeed."""
    said = say(*words)
    assert said.code == 0, said.err or said.out
    return said.json


def shell(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, on this checkout."""
    return subprocess.run(
        [sys.executable, *words],
        env={**os.environ, "PYTHONPATH": str(HOUSE), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def sectors(result: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(s["country"], s["sector"]): s for s in result["losses"]}


def shares(result: dict[str, Any], case: str = "adaptive") -> dict[tuple[str, str], float]:
    return {key: s["export_loss_share"][case] for key, s in sectors(result).items()}


def rungs(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rungs of a ladder, or the result itself."""
    return result["ladder"] or [result]


def segments(result: dict[str, Any], name: str) -> list[float]:
    """Adaptive loss of every slice of a name."""
    found = (g for s in result["losses"] for g in s["segments"] if g["segment"] == name)
    return [g["loss_share"]["adaptive"] for g in found]


@pytest.fixture(scope="module", autouse=True)
def _balance_once() -> Iterator[None]:
    """Balance each pack once for all commands of this file: a world never changes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("supplychain.world.load", functools.cache(supplychain.world.load))
        yield


@pytest.fixture(scope="module")
def dysprosium() -> dict[str, Any]:
    return answer(*DYSPROSIUM)


@pytest.fixture(scope="module")
def magnets() -> dict[str, Any]:
    return answer(*MAGNETS)


@pytest.fixture(scope="module", params=["ladder", "ban"])
def played(request, dysprosium, magnets) -> dict[str, Any]:
    return {"ladder": dysprosium, "ban": magnets}[request.param]


@pytest.fixture(scope="module")
def quick() -> dict[str, Any]:
    """A full stop of dysprosium without planner and band, to compare variants with."""
    return answer(*DYSPROSIUM, "--kind", "ban", *QUICK)


@pytest.fixture(scope="module")
def world() -> supplychain.World:
    return supplychain.world.load()


@pytest.fixture
def own_pack(tmp_path: Path) -> Path:
    """A copy of the shipped pack, as a user would make one."""
    return Path(shutil.copytree(HOUSE / "data", tmp_path / "own"))


# What a result holds ------------------------------------------------------------------------------


def test_json_keeps_the_contract(played):
    jsonschema.validate(played, CONTRACT)


def test_schema_of_the_contract_is_a_schema_and_refuses(played):
    jsonschema.Draft202012Validator.check_schema(CONTRACT)
    broken = {**played, "losses": [{**played["losses"][0], "evidence": "E"}]}
    with pytest.raises(jsonschema.ValidationError, match="'E' is not one of"):
        jsonschema.validate(broken, CONTRACT)


def test_every_sector_of_a_focus_country_is_there_zeros_included(played, world):
    known = {
        (r["country"], r["industry"])
        for r in world.tables.rows("industries")
        if r["country"] == "KOR"
    }
    for rung in rungs(played):
        assert set(sectors(rung)) == known
    assert any(value == 0 for value in shares(played).values())


def test_ladder_is_shown_only_without_kind_and_severity(dysprosium, magnets):
    assert [r["name"] for r in dysprosium["ladder"]] == [
        "licence as in 2025",
        "half",
        "full stop",
    ]
    assert dysprosium["ladder"][-1]["losses"] == dysprosium["losses"]
    assert dysprosium["ladder"][-1]["totals"] == dysprosium["totals"]
    assert magnets["ladder"] == []


def test_harder_rungs_never_cost_less(dysprosium):
    _, half, stop = dysprosium["ladder"]
    for key, loss in shares(half).items():
        assert shares(stop)[key] >= loss - ROUNDING


def test_dollars_are_the_share_of_the_baseline(played):
    for rung in rungs(played):
        for row in (*rung["losses"], *rung["totals"]):
            for case, share in row["export_loss_share"].items():
                dollars = share * row["baseline_exports_usd"]
                assert row["export_loss_usd"][case] == pytest.approx(dollars, rel=1e-12)


def test_totals_are_sums_of_sectors_except_for_the_planner(played):
    for rung in rungs(played):
        for total in rung["totals"]:
            mine = [s for s in rung["losses"] if s["country"] == total["country"]]
            exports = sum(s["baseline_exports_usd"] for s in mine)
            assert total["baseline_exports_usd"] == pytest.approx(exports, rel=1e-12)
            lost = {c: sum(s["export_loss_usd"][c] for s in mine) for c in CASES}
            for case in ("adaptive", "frozen"):
                assert total["export_loss_usd"][case] == pytest.approx(lost[case], rel=1e-9)
            # its own programme: no less than each sector at its own best, no more than what happens
            best = total["export_loss_usd"]["planner"]
            assert lost["planner"] - ROUNDING * exports <= best
            assert best <= lost["adaptive"] + ROUNDING * exports


def test_planner_is_a_lower_bound(played):
    for rung in rungs(played):
        for key, loss in sectors(rung).items():
            case = loss["export_loss_share"]
            assert case["planner"] <= case["adaptive"] + ROUNDING, key
            assert case["planner"] <= case["frozen"] + ROUNDING, key


def test_refined_forms_alone_cost_korea_about_nothing(dysprosium):
    assert max(shares(dysprosium).values()) > 0
    for key, loss in sectors(dysprosium).items():
        assert loss["refined_only_share"] < 0.002, key


def test_standard_magnets_are_touched_only_when_named(dysprosium, magnets):
    assert all(loss == 0 for loss in segments(dysprosium, "std_magnet"))
    assert min(segments(magnets, "std_magnet")) > 0
    assert min(segments(dysprosium, "hre_magnet")) > 0


def test_a_result_names_what_binds_and_when(dysprosium):
    hit = [s for s in dysprosium["losses"] if s["export_loss_share"]["adaptive"] > 0.001]
    assert hit
    for loss in hit:
        assert loss["binding"].startswith("KOR:")
        assert loss["first_month"] is not None
        assert loss["band_share"]["low"] <= loss["band_share"]["high"]


def test_sources_of_a_result_are_in_the_pack(dysprosium, world):
    known = {r["source_id"] for r in world.tables.rows("sources")}
    assert {s["source_id"] for s in dysprosium["sources"]} <= known
    assert dysprosium["sources"]


@pytest.mark.parametrize("kind", [(), ("--kind", "ban"), ("--kind", "quota")])
def test_nothing_withheld_costs_exactly_nothing(kind):
    result = answer(*DYSPROSIUM, "--severity", "0", *kind)
    jsonschema.validate(result, CONTRACT)
    for loss in result["losses"]:
        assert set(loss["export_loss_share"].values()) == {0}
        assert loss["band_share"] == {"low": 0, "high": 0}
        assert (loss["all_lost_share"], loss["refined_only_share"]) == (0, 0)
        assert (loss["first_month"], loss["first_stop_day"], loss["binding"]) == (None, None, "")
    for total in result["totals"]:
        assert set(total["export_loss_share"].values()) == {0}


def test_licence_that_withholds_nothing_says_that_it_still_delays():
    result = answer(*DYSPROSIUM, "--kind", "licence", "--severity", "0", *QUICK)
    assert any("delay" in warning for warning in result["warnings"])


def test_country_without_output_withholds_nothing_and_the_result_says_so():
    result = answer("restrict", "Chile", "dysprosium", "--json")
    jsonschema.validate(result, CONTRACT)
    assert {s for loss in result["losses"] for s in loss["export_loss_share"].values()} == {0}
    assert any("nothing is withheld" in warning for warning in result["warnings"])
    assert "nothing is withheld" in say("restrict", "Chile", "dysprosium").out


@pytest.mark.parametrize("mineral", MINERALS)
def test_other_minerals_reach_exports_and_differ_between_countries(mineral):
    result = answer("restrict", "China", mineral, "--focus", ",".join(FOUR), "--json", *QUICK)
    assert [t["country"] for t in result["totals"]] == list(FOUR)
    assert max(shares(result).values()) > 0
    totals = [t["export_loss_share"]["adaptive"] for t in result["totals"]]
    assert len(set(totals)) > 1, "all countries lose the same share"


# Options of restrict ------------------------------------------------------------------------------


def test_no_planner_and_no_band_leave_the_cases_as_they_are(dysprosium, quick):
    for case in ("adaptive", "frozen"):
        assert shares(quick, case) == shares(dysprosium, case)
    for loss in quick["losses"]:
        assert loss["band_share"] == {"low": None, "high": None}
        assert loss["export_loss_share"]["planner"] is None
        assert loss["grade_d_weight"] is None


def test_names_codes_and_symbols_are_the_same(quick):
    same = answer(
        *("restrict", "CHN", "Dy", "--focus", "South Korea", "--kind", "ban", "--json"), *QUICK
    )
    assert same["losses"] == quick["losses"]


def test_milder_severity_costs_less(quick):
    milder = answer(*DYSPROSIUM, "--severity", "0.6", *QUICK)
    assert milder["scenario"]["restrictions"][0]["severity"] == 0.6
    assert sum(shares(milder).values()) < sum(shares(quick).values())


def test_months_and_horizon(quick):
    brief = answer(*DYSPROSIUM, "--kind", "ban", "--months", "3", *QUICK)
    assert (brief["scenario"]["horizon_months"], quick["scenario"]["horizon_months"]) == (12, 12)
    assert sum(shares(brief).values()) < sum(shares(quick).values())
    longer = answer(*DYSPROSIUM, "--kind", "ban", "--months", "12", "--horizon", "18", *QUICK)
    assert longer["scenario"]["horizon_months"] == 18
    for key, loss in sectors(longer).items():
        year = sectors(quick)[key]["baseline_exports_usd"]
        assert loss["baseline_exports_usd"] == pytest.approx(1.5 * year)


@pytest.mark.parametrize(
    ("options", "wanted", "unwanted"),
    [
        (("--form", "refined"), {"dysprosium_oxide"}, {"ndfeb_magnet_hre"}),
        (("--form", "contained"), {"dysprosium_oxide", "ndfeb_magnet_hre"}, {"ndfeb_magnet_std"}),
        (("--stage", "mine"), {"dysprosium_ore"}, {"dysprosium_oxide", "ndfeb_magnet_hre"}),
        (("--stage", "refine"), {"dysprosium_oxide"}, {"dysprosium_ore", "ndfeb_magnet_hre"}),
        (("--stage", "component"), {"ndfeb_magnet_hre"}, {"dysprosium_oxide"}),
    ],
)
def test_form_and_stage_choose_what_is_covered(options, wanted, unwanted):
    restriction = answer(*DYSPROSIUM, *options, *QUICK)["scenario"]["restrictions"][0]
    assert wanted <= set(restriction["products"])
    assert not unwanted & set(restriction["products"])


def test_start_decides_which_measure_is_in_force(quick):
    before = answer(*DYSPROSIUM, "--kind", "ban", "--start", "2023-01", *QUICK)
    assert before["scenario"]["start"] == "2023-01"
    assert "no measure of CHN" in before["scenario"]["restrictions"][0]["covers"][0]["why"]
    assert "as listed by" in quick["scenario"]["restrictions"][0]["covers"][0]["why"]


def test_only_the_targets_are_restricted(quick):
    spared = answer(*DYSPROSIUM, "--kind", "ban", "--except", "KOR", *QUICK)
    aimed = answer(*DYSPROSIUM, "--kind", "ban", "--to", "USA,Japan", *QUICK)
    assert spared["scenario"]["restrictions"][0]["except"] == ["KOR"]
    assert aimed["scenario"]["restrictions"][0]["to"] == ["USA", "JPN"]
    for other in (spared, aimed):
        assert sum(shares(other).values()) < 0.5 * sum(shares(quick).values())


def test_own_pack_answers_as_the_shipped_one(own_pack, quick):
    own = answer(*DYSPROSIUM, "--kind", "ban", "--data", str(own_pack), *QUICK)
    assert own["data"]["sha256"] == quick["data"]["sha256"]
    assert own["losses"] == quick["losses"]


def test_seed_changes_the_band_only():
    one, two = (answer(*SAMARIUM, "--no-planner", "--seed", seed) for seed in "12")
    assert [s.pop("band_share") for s in one["losses"]] != [
        s.pop("band_share") for s in two["losses"]
    ]
    assert one == two


def test_same_command_gives_the_same_bytes_in_another_process():
    done = shell("-m", "supplychain", *SAMARIUM, PYTHONHASHSEED="1")
    assert done.returncode == 0, done.stderr
    assert done.stdout == say(*SAMARIUM).out


def test_csv_is_tidy(quick):
    said = say("restrict", "China", "dysprosium", "--focus", "KOR,JPN", "--csv", *QUICK)
    rows = list(csv.DictReader(io.StringIO(said.out), strict=True))
    assert {row["rung"] for row in rows} == {"licence as in 2025", "half", "full stop"}
    assert len(rows) == len({(r["country"], r["sector"], r["rung"]) for r in rows})
    found = {
        (r["country"], r["sector"]): float(r["adaptive_share"])
        for r in rows
        if (r["country"], r["rung"]) == ("KOR", "full stop")
    }
    assert found == shares(quick)


def test_text_says_range_reason_and_what_to_try_next(capsys):
    assert main(["restrict", "China", "dysprosium", "--focus", "KOR", *QUICK]) == 0
    said = capsys.readouterr()
    for part in (
        *("licence as in 2025", "half", "full stop", "grade D", "Not counted:", "Try next:"),
        *("not the refined form", "KOR:ndfeb_magnet_hre", "No loss:"),
    ):
        assert part in said.out
    assert said.err == ""


def test_what_to_try_next_keeps_the_options_of_the_command(capsys, tmp_path):
    start = ("restrict", "China", "dysprosium")
    options = (
        *("--months", "6", "--horizon", "9", "--except", "JPN", "--start", "2025-04"),
        *("--announced", "2025-03", "--delay", "1", "--uses", "automobiles"),
        *("--data", str(HOUSE / "data"), *QUICK),
    )
    assert main([*start, *options, "--focus", "KOR", "--out", str(tmp_path)]) == 0
    hints = capsys.readouterr().out.split("Try next:\n")[1].splitlines()
    asked = [
        ("--kind", "ban", "--focus", "KOR", "--out", "results"),
        ("--focus", "KOR,JPN,USA,DEU"),
        ("--form", "contained", "--kind", "ban", "--focus", "KOR"),
    ]
    assert [shlex.split(h) for h in hints] == [
        ["supplychain", *start, *options, *more] for more in asked
    ]


def test_what_to_try_next_keeps_the_kind_of_the_command(capsys):
    tax = ("restrict", "China", "gallium", "--kind", "tax", "--rate", "0.2", "--stage", "refine")
    assert main([*tax, *QUICK]) == 0
    hints = capsys.readouterr().out.split("Try next:\n")[1].splitlines()
    assert [shlex.split(h) for h in hints] == [
        ["supplychain", *tax, *QUICK, "--focus", "KOR", "--out", "results"],
        ["supplychain", *tax, *QUICK, "--focus", "KOR,JPN,USA,DEU"],
    ]


def test_quiet_keeps_the_table_and_drops_the_rest(capsys):
    assert main(["restrict", "China", "dysprosium", "--quiet", *QUICK]) == 0
    said = capsys.readouterr()
    assert "sector" in said.out
    assert "Try next" not in said.out + said.err
    assert "Not counted" not in said.out


def test_out_writes_numbers_and_figures(tmp_path, quick):
    folder = tmp_path / "new" / "results"
    said = say(*DYSPROSIUM, "--kind", "ban", *QUICK, "--out", str(folder))
    assert said.code == 0, said.out.splitlines()[-1]
    assert said.json == quick
    assert json.loads((folder / "result.json").read_text(encoding="utf-8")) == quick
    names = {path.name for path in folder.iterdir()}
    assert {"losses.csv", "losses.png", "losses.svg"} <= names
    assert not any(name.endswith(".part") for name in names)
    assert str(folder) in said.err


# Other commands -----------------------------------------------------------------------------------


def test_demo_shows_a_table_and_writes_one_figure(tmp_path, capsys):
    assert main(["demo", "--out", str(tmp_path / "demo")]) == 0
    said = capsys.readouterr()
    assert "China restricts dysprosium" in said.out
    assert "Try next:" in said.out
    assert "figure: " in said.err
    assert (tmp_path / "demo" / "losses.png").stat().st_size > 10_000


def test_run_plays_shipped_scenarios_with_overrides():
    said = answer(
        *("run", "china-april-2025", "dysprosium-full-stop", "--focus", "JPN", "--json"),
        *("-S", "severity=0.5", "-S", "horizon.months=6", *QUICK),
    )
    for result in said["results"]:
        assert result["scenario"]["focus"] == ["JPN"]
        assert result["scenario"]["horizon_months"] == 6
        assert result["scenario"]["restrictions"][0]["severity"] == 0.5


def test_run_reads_a_file_and_refuses_unknown_keys(tmp_path, capsys):
    text = (HOUSE / "scenarios" / "dysprosium-full-stop.toml").read_text(encoding="utf-8")
    mine = tmp_path / "mine.toml"
    mine.write_text(text, encoding="utf-8")
    own, shipped = (
        answer("run", name, "--json", *QUICK) for name in (str(mine), "dysprosium-full-stop")
    )
    assert own == shipped
    mine.write_text(text.replace("severity", "sevrity"), encoding="utf-8")
    assert main(["run", str(mine)]) == 4
    said = capsys.readouterr()
    assert "sevrity" in said.err
    assert "'severity'" in said.err
    assert "Traceback" not in said.err


def test_shipped_scenarios_keep_the_contract():
    replay = answer("run", "magnets-2025-replay", "--json", "--focus", "KOR")
    jsonschema.validate(replay, CONTRACT)
    assert replay["scenario"]["horizon_months"] == 9
    assert replay["scenario"]["restrictions"][0]["kind"] == "path"


@pytest.mark.parametrize(
    ("what", "key"),
    [
        ("minerals", "mineral"),
        ("products", "product"),
        ("countries", "country"),
        ("sectors", "sector"),
        ("scenarios", "scenario"),
    ],
)
def test_list_in_three_forms(what, key):
    rows = answer("list", what, "--json")[what]
    table = say("list", what, "--csv")
    plain = say("list", what)
    assert rows
    assert all(row[key] for row in rows)
    assert len(list(csv.DictReader(io.StringIO(table.out), strict=True))) == len(rows)
    assert (table.code, plain.code) == (0, 0)
    assert rows[0][key] in plain.out


def test_list_scenarios_are_the_shipped_files():
    rows = answer("list", "scenarios", "--json")["scenarios"]
    files = {path.stem for path in (HOUSE / "scenarios").glob("*.toml")}
    assert {row["scenario"] for row in rows} == files


@pytest.mark.parametrize("form", ["graphml", "gexf", "json", "csv"])
def test_graph_export_opens_again(form, tmp_path, capsys, world):
    file = tmp_path / f"minerals.{form}"
    assert main(["graph", "export", "--to", form, "--out", str(file)]) == 0
    nodes, edges = world.graph.number_of_nodes(), world.graph.number_of_edges()
    assert f"wrote {nodes} nodes and {edges} edges" in capsys.readouterr().err
    if form == "csv":
        with file.open(encoding="utf-8", newline="") as text:
            assert len(list(csv.DictReader(text, strict=True))) == edges
        return
    again = {"graphml": nx.read_graphml, "gexf": nx.read_gexf, "json": _read_json}[form](file)
    assert again.is_directed()
    assert (again.number_of_nodes(), again.number_of_edges()) == (nodes, edges)
    assert set(again) == set(world.graph)
    assert again.nodes["KOR:ndfeb_magnet_hre"]["stage"] == "component"


def _read_json(path: Path) -> nx.MultiDiGraph:
    return nx.node_link_graph(json.loads(path.read_text(encoding="utf-8")), edges="edges")


def test_graph_show_names_suppliers_and_users(capsys):
    node = answer("graph", "show", "KOR:ndfeb_magnet_hre", "--json")
    assert any(s["node"].startswith("CHN:") for s in node["suppliers"])
    assert node["users"]
    assert main(["graph", "show", "KOR:ndfeb_magnet_hre"]) == 0
    text = capsys.readouterr().out
    assert "suppliers:" in text
    assert node["users"][0]["node"] in text


def test_data_check_of_the_shipped_pack(capsys, world):
    report = answer("data", "check", "--json")
    assert report["faults"] == 0
    planned = {f"{r['country']}:{r['product']}" for r in world.tables.rows("projects")}
    makers = {f"{r['country']}:{r['product']}" for r in world.tables.rows("processors")}
    makers |= {f"{r['country']}:{r['product']}" for r in world.tables.rows("producers")}
    assert len(planned - makers) > 0
    assert report["nodes"] == len(world.network.nodes) - len(planned - makers)
    assert report["largest_adjustments"]
    assert main(["data", "check", str(HOUSE / "data")]) == 0
    assert "0 faults" in capsys.readouterr().out


def plant(pack: Path, table: str, column: str, value: str) -> tuple[str, int, str]:
    """Spoil one cell in the first row that has something in it; returns where that is."""
    file = pack / f"{table}.csv"
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
        number = next(n for n, row in enumerate(rows) if row[column])
    rows[number][column] = value
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return file.name, number + 2, column


def test_data_check_names_all_of_ten_planted_faults(own_pack, capsys):
    planted = [
        plant(own_pack, "producers", "output", "4,500 t"),
        plant(own_pack, "processors", "unit", "kg"),
        plant(own_pack, "trade", "share", "89%"),
        plant(own_pack, "minerals", "evidence", "E"),
        plant(own_pack, "products", "stage", "smelter"),
        plant(own_pack, "recipes", "input", "dysprosum_oxide"),
        plant(own_pack, "segments", "share", "1.7"),
        plant(own_pack, "stocks", "cover_days", "-5"),
        plant(own_pack, "industries", "source_id", "hearsay"),
        plant(own_pack, "controls", "start", "2025-13-01"),
    ]
    assert main(["data", "check", str(own_pack)]) == 3
    said = capsys.readouterr()
    assert "Traceback" not in said.err
    told = say("data", "check", str(own_pack), "--json")
    assert told.code == 3
    error = told.json["error"]
    assert (error["code"], error["id"]) == (3, "data_refused")
    places = {(f["file"], f["row"], f["column"]) for f in error["faults"]}
    assert set(planted) <= places
    for file, row, column in planted:
        part = said.err.split(f"in {file}\n")[1]
        assert f"row {row}, {column}:" in part
    assert main(["restrict", "China", "dysprosium", "--data", str(own_pack)]) == 3


def test_data_sources_of_the_pack_and_of_one_row(capsys):
    sources = answer("data", "sources", "--json")["sources"]
    one = answer("data", "sources", "segments.csv:2", "--json")
    assert one["sources"]
    assert {s["source_id"] for s in one["sources"]} <= {s["source_id"] for s in sources}
    table = say("data", "sources", "--csv").out
    assert len(list(csv.DictReader(io.StringIO(table), strict=True))) == len(sources)
    assert main(["data", "sources", "segments.csv:2"]) == 0
    assert "  -> " in capsys.readouterr().out
    assert say("data", "sources").code == 0


def test_doctor_names_versions_and_the_data(capsys):
    report = answer("doctor", "--json")
    assert report["supplychain"] == supplychain.__version__
    assert len(report["data"]["sha256"]) == 64
    assert main(["doctor"]) == 0
    assert report["data"]["sha256"] in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"supplychain {supplychain.__version__}\n"


def test_help_of_every_command_is_there_and_light():
    done = shell("-c", HELP)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert {"", "demo", "restrict", "run", "list", "data check", "graph export"} <= set(
        report["seen"]
    )
    for path, (code, text) in report["seen"].items():
        assert code == 0, path
        assert "Usage: supplychain" in text
        assert len(text.split("\n")) > 5
    assert report["heavy"] == []


def test_without_a_command_the_help_is_shown(capsys):
    assert main([]) == 2
    said = capsys.readouterr()
    assert "Usage: supplychain" in said.out
    assert not said.err


# Saying no ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "parts"),
    [
        (("restrict",), 2, ["country"]),
        (("restrict", "China", "dysprosium", "--sevrity", "1"), 2, ["--sevrity"]),
        (("restrict", "China", "dysprosium", "--severity", "much"), 2, ["--severity"]),
        (("restrict", "China", "dysprosium", "--json", "--csv"), 2, ["--json and --csv"]),
        (("restrict", "China", "dysprosium", "--data", "nowhere"), 2, ["nowhere"]),
        (("restrict", "China", "dysprosium", "--draws", "0"), 2, ["--draws"]),
        (("restrict", "China", "dysprosium", "--draws", "5", "--no-band"), 2, ["--no-band"]),
        (("run", "china-april-2025", "--draws", "5", "--no-band"), 2, ["--draws and --no-band"]),
        (("restrict", "China", "gallium", "--uses", "foo"), 4, ["semiconductors", "defence"]),
        (("restrict", "China", "dysprosium", "--severity", "80"), 4, ["0.8"]),
        (("restrict", "China", "dysprosium", "--kind", "embargo"), 4, ["embargo", "quota"]),
        (("restrict", "China", "dysprosium", "--months", "0"), 4, ["months"]),
        (("restrict", "China", "dysprosium", "--start", "April"), 4, ["2025-04"]),
        (("restrict", "Korea", "dysprosium"), 4, ["South Korea", "North Korea"]),
        (("restrict", "China", "dysprosium", "--focus", "CHL"), 4, ["CHL", "KOR"]),
        (("run", "china-apirl-2025"), 4, ["china-april-2025"]),
        (("run", "nowhere.toml"), 4, ["nowhere.toml", "china-april-2025"]),
        (("run", "china-april-2025", "-S", "severity"), 4, ["key=value"]),
        (("list", "mineral"), 4, ["minerals"]),
        (("graph", "show", "KOR:ndfeb_magnet_hr"), 4, ["KOR:ndfeb_magnet_hre"]),
        (("graph", "export", "--to", "graphml"), 2, ["--out"]),
        (("graph", "export", "--to", "xlsx", "--out", "x"), 2, ["graphml"]),
        (("data", "check", "nowhere"), 3, ["nowhere"]),
        (("data", "sources", "segment.csv:2"), 4, ["segments"]),
        (("data", "sources", "segments.csv:1"), 2, ["segments.csv:1"]),
        (("fly",), 2, ["fly"]),
    ],
)
def test_refusals_have_their_code_and_say_what_to_do(words, code, parts, capsys, tmp_path):
    with contextlib.chdir(tmp_path):
        assert main(words) == code
    said = capsys.readouterr()
    for part in parts:
        assert part in said.err + (said.out if "--json" in words else "")
    assert "Traceback" not in said.out + said.err
    assert "internal error" not in said.out + said.err


def test_misspelt_names_are_told_together_with_suggestions(capsys):
    assert main(["restrict", "Chnia", "dysprosim"]) == 4
    said = capsys.readouterr()
    assert "'China'" in said.err
    assert "'dysprosium'" in said.err
    assert said.out == ""
    assert "Traceback" not in said.err


def test_errors_are_json_where_json_is_asked_for():
    said = say("restrict", "Chnia", "dysprosim", "--json")
    assert (said.code, said.err) == (4, "")
    assert said.json["error"]["code"] == 4
    assert {"China", "dysprosium"} <= set(said.json["error"]["did_you_mean"])
    wrong = say("restrict", "China", "dysprosium", "--jsn", "--json")
    assert (wrong.code, wrong.err, wrong.json["error"]["code"]) == (2, "", 2)


def _raise(error: BaseException) -> Callable[..., Iterator[None]]:
    def stop(*_args: object, **_options: object) -> Iterator[None]:
        raise error

    return stop


@pytest.mark.parametrize(
    ("error", "code", "part"),
    [
        (KeyboardInterrupt(), 130, ""),
        (ZeroDivisionError("nothing to divide"), 1, "internal error: ZeroDivisionError"),
    ],
)
def test_interruptions_and_bugs_have_their_own_codes(error, code, part, monkeypatch, capsys):
    monkeypatch.setattr(supplychain.world, "load", _raise(error))
    monkeypatch.delenv("SUPPLYCHAIN_TRACEBACK", raising=False)
    assert main(["restrict", "China", "dysprosium"]) == code
    said = capsys.readouterr()
    assert part in said.err
    assert "Traceback" not in said.err
