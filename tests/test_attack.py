"""The loader under attack: planted damages, arbitrary bytes, and what no file may do to us."""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
import time
from pathlib import Path

import pytest
from conftest import TINY, write_pack
from damages import KINDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sweep import SMALL, Pack, small_pack, sweep, taken
from worlds import LINK, network_of, run, stop

import supplychain as sc
from supplychain import pedigree
from supplychain.cli import main as command
from supplychain.errors import DataError, ScenarioError
from supplychain.scenario_file import load_scenario, parse_scenario
from supplychain.schema import MOST_FAULTS, read_rows, schema
from supplychain.tables import check_folder, load_tables
from supplychain.world import shipped

QUICK = (  # one kind of every family, and those that were taken in silence before
    *("byte order mark", "row order", "a country by another name", "a number written otherwise"),
    *("UTF-16", "CP949", "lost characters (U+FFFD)", "compressed bomb instead of a table"),
    *("table.csv.gz beside", "a second copy beside", "a link out of the folder"),
    *("a pipe in place of a table", "a column misspelt", "decimal comma", "W (withheld)", "NA"),
    *("underflow", "digits of another script", "kg for t: outputs", "kg for t: recipes"),
    *("a parameter in another unit", "the world total in ROW", "a misspelt scope"),
    *("a total or a group of countries", "a look-alike letter in an id", "an ambiguous country"),
    *("a row twice under two names", "a loop with a gain of 1 or more"),
)
FEW, MANY = 60, 2000
MOST_DOUBTS = 12
NAMED = {kind.name: kind for kind in KINDS}
EXAMPLES = pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> Pack:
    return Pack.of(small_pack(tmp_path_factory.mktemp("attack") / "small"))


# Damages ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", QUICK)
def test_a_damage_gets_the_verdict_it_is_owed(name, small, tmp_path):
    for trial in sweep(small, 3, tmp_path, [NAMED[name]]):
        assert trial.right, trial
        if trial.verdict in {"refused", "warned"}:
            assert trial.row is not False, trial
            assert trial.column is not False, trial


@pytest.mark.slow
@pytest.mark.parametrize("pack", ["small", "shipped"])
def test_no_damage_of_any_kind_changes_a_result_in_silence(pack, small, tmp_path):
    clean = small if pack == "small" else Pack.of(shipped("data"))
    trials = sweep(clean, 5, tmp_path)
    assert len({trial.kind.name for trial in trials}) >= 70
    wrong = [trial for trial in trials if not trial.right]
    assert not wrong, wrong


@pytest.mark.slow
@pytest.mark.parametrize("kind", [k for k in KINDS if k.verdict == "refused"], ids=lambda k: k.name)
def test_the_command_says_exit_code_3_and_no_traceback(kind, tmp_path):
    folder = small_pack(tmp_path / "small")
    kind.plant(folder, random.Random(0))  # noqa: S311 - seeded on purpose
    with contextlib.redirect_stdout(io.StringIO()) as out:
        assert command(["data", "check", str(folder), "--json"]) == 3
    assert json.loads(out.getvalue())["error"]["faults"]


def restricted(folder: Path) -> sc.Result:
    return sc.simulate(
        sc.load(folder), sc.restrict("China", "ndfeb_magnet_hre", kind="ban"), focus=["KOR"]
    )


def test_a_harmless_change_gives_the_same_result(small, tmp_path):
    before = restricted(small.folder).as_dict()["losses"]
    for name in ("byte order mark", "column order", "quotes everywhere", "old Mac line ends"):
        folder = Path(shutil.copytree(small.folder, tmp_path / name.replace(" ", "-")))
        NAMED[name].plant(folder, random.Random(1))  # noqa: S311 - seeded on purpose
        assert restricted(folder).as_dict()["losses"] == before


def test_a_doubt_travels_into_the_result_and_its_json(small, tmp_path):
    folder = Path(shutil.copytree(small.folder, tmp_path / "kg"))
    rows = [dict(row) for row in SMALL["processors"]]
    for column in ("output", "low", "high"):
        rows[2][column] = str(float(rows[2][column]) * 1000)
    write_pack(folder, processors=rows)
    warnings = restricted(folder).as_dict()["warnings"]
    assert any("processors.csv:4 output 1.9e+07" in warning for warning in warnings), warnings
    assert restricted(small.folder).as_dict()["warnings"] == []


# Arbitrary bytes ----------------------------------------------------------------------------------

alphabet = st.sampled_from(
    [*"ab,;\t|\"'\n\r 0123456789.-+eE%*", "\ufeff", "\0", "\u0430", "\u200b", "\ufffd", "\x1b"]
)
texts = st.text(alphabet | st.characters(), max_size=200).map(
    lambda t: t.encode("utf-8", "replace")
)
anything = st.binary(max_size=200) | texts


def trying(examples: int):
    """Settings: always the same few examples, or many new ones."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=examples == FEW,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@EXAMPLES
def test_any_bytes_are_rows_or_faults(examples):
    tables = st.sampled_from(list(schema().values()))

    @trying(examples)
    @given(tables, anything, st.booleans())
    def law(table, data, headed):
        head = ",".join(column.name for column in table.columns).encode() + b"\n"
        rows, faults = read_rows(table, head + data if headed else data, lambda _, v: v)
        assert rows or faults
        for fault in faults:
            assert str(fault).isprintable()

    law()


@EXAMPLES
def test_any_file_in_a_pack_is_read_or_refused(examples, small, tmp_path):
    folder = Path(shutil.copytree(small.folder, tmp_path / "fuzzed"))
    names = sorted(path.name for path in folder.iterdir())
    clean = {name: (folder / name).read_bytes() for name in names}

    @trying(examples)
    @given(st.sampled_from([*names, "pack.toml"]), anything, st.data())
    def law(name, data, draw):
        before = clean.get(name, b"id = 'x'\n")
        start = draw.draw(st.integers(0, len(before)))
        end = draw.draw(st.integers(start, min(len(before), start + 40)))
        (folder / name).write_bytes(before[:start] + data + before[end:])
        assert not taken(folder).crash
        (folder / name).write_bytes(before)

    law()


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
KEYS = ("actor", "products", "kind", "severity", "months", "start", "to", "path", "form")


@EXAMPLES
def test_any_scenario_is_taken_or_refused(examples, tmp_path):
    path = tmp_path / "fuzzed.toml"
    head = b"id='x'\ntitle='x'\n[[restriction]]\nactor='CHN'\nproducts=['magnet']\n"

    @trying(examples)
    @given(anything, st.dictionaries(st.sampled_from(KEYS), values))
    def law(data, keys):
        for body in (data, head + data):
            path.write_bytes(body)
            with contextlib.suppress(ScenarioError):
                load_scenario(path)
        restriction = {"actor": "CHN", "products": ["magnet"]} | keys
        with contextlib.suppress(ScenarioError):
            parse_scenario({"id": "x", "title": "x", "restriction": [restriction]})

    law()


# Limits -------------------------------------------------------------------------------------------


def test_ten_thousand_wrong_rows_are_refused_in_a_moment(tmp_path):
    rows = [{**TINY["trade"][0], "exporter": f"Nowhere {i}"} for i in range(10_000)]
    folder = write_pack(tmp_path / "wrong", **{**TINY, "trade": rows})
    start = time.perf_counter()
    faults = check_folder(folder)
    assert time.perf_counter() - start < 20  # about 1 s; the margin is for a busy machine
    assert len(faults) < MOST_FAULTS + 5
    assert "was not read: 500 problems stand above" in str(faults[-1])


def test_a_file_that_is_too_large_is_not_read_to_its_end(tiny_pack):
    with (tiny_pack / "trade.csv").open("r+b") as file:
        file.truncate(1 << 34)  # sparse: 16 GiB that take no room
    (fault,) = [f for f in check_folder(tiny_pack) if f.file == "trade.csv"]
    assert "is larger than 64 MiB" in str(fault)


def test_a_folder_that_may_not_be_listed_is_a_fault(tiny_pack, monkeypatch):
    def refuse(_: Path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert str(check_folder(tiny_pack)[0]) == "tiny: cannot be listed: Permission denied."


def test_a_link_inside_the_folder_and_a_link_to_the_folder_are_taken(tiny_pack, tmp_path):
    (tiny_pack / "trade.csv").rename(tiny_pack / "trade-2024.data")
    (tiny_pack / "trade.csv").symlink_to("trade-2024.data")
    (tmp_path / "link").symlink_to(tiny_pack)
    assert load_tables(tmp_path / "link").sha256 == load_tables(tiny_pack).sha256


def test_endless_brackets_in_toml_are_refused(tiny_pack, tmp_path):
    deep = "id = " + "[" * 100_000
    (tiny_pack / "pack.toml").write_text(deep)
    with pytest.raises(DataError, match="is not TOML"):
        load_tables(tiny_pack)
    (tmp_path / "deep.toml").write_text(deep)
    with pytest.raises(ScenarioError, match="not a TOML file"):
        load_scenario(tmp_path / "deep.toml")


# Plausibility -------------------------------------------------------------------------------------


def test_the_shipped_pack_raises_few_doubts():
    warnings = taken(shipped("data")).network.warnings
    assert len([warning for warning in warnings if "; see " in warning]) <= MOST_DOUBTS


DOUBTFUL = LINK.but(processors=["CHN magnet 120 evidence=D"], trade=["CHN KOR magnet 1 evidence=D"])


@pytest.mark.parametrize(
    ("changed", "doubt"),
    [
        ({"recipes": ["cars/all magnet 1.6 critical"]}, "recipes use 1.6 times what is made"),
        ({"processors": ["CHN magnet 120 capacity=100 evidence=D"]}, "below the output 120"),
        (
            {"processors": ["CHN magnet 120 evidence=D", "ROW magnet 130 evidence=D"]},
            "is it the world total?",
        ),
        ({"industries": ["KOR cars 5"]}, "little for an industry"),
        ({"industries": ["KOR cars 4e6"]}, "more than any industry makes"),
        (
            {"trade": ["CHN KOR magnet quantity=200 evidence=D"]},
            "CHN makes 120 and ships 200 to one country",
        ),
        (
            {"trade": ["CHN KOR magnet quantity=100 value_usd=99000 evidence=D"],
             "products": ["magnet component price_usd_per_unit=5", "cars industry"]},
            "990 USD per unit, where the price is 5",
        ),
        (
            {"products": ["magnet component price_usd_per_unit=3e6",
                          "cars industry price_usd_per_unit=1e6"]},
            "the inputs of cars/all cost 3e+06 USD, it is worth 1e+06",
        ),
    ],
)  # fmt: skip
def test_figures_that_contradict_one_another_are_doubted(changed, doubt, tmp_path):
    network = DOUBTFUL.but(**changed).network(tmp_path)
    found = [warning for warning in network.warnings if doubt in warning]
    assert found, network.warnings
    assert found[0] in pedigree.warnings(network, run(network, stop()).compiled)


@pytest.mark.parametrize(
    ("constants", "doubt"),
    [
        ({"capacity_spare": 1000}, "capacity_spare (*) lies between 1 and 20"),
        ({"capacity_spar component": 1}, "nothing reads it. Did you mean 'capacity_spare'?"),
        ({"balance_weight D": 1e5}, "evidence D outweighs C"),
    ],
)
def test_a_constant_out_of_all_proportion_is_doubted(constants, doubt, tmp_path):
    network = LINK.but(constants=constants).network(tmp_path)
    assert any(doubt in warning for warning in network.warnings), network.warnings


@pytest.mark.parametrize(
    ("total", "exception", "refused"),
    [
        ("110", "", False),  # 120 is within a tenth
        ("200", "", True),
        ("200", "two sources", False),  # a reason explains a factor of two
        ("0.12", "two sources", True),  # and no thousandfold
    ],
)
def test_outputs_are_held_against_an_independent_total(total, exception, refused, tmp_path):
    row = {"product": "magnet", "total": total, "unit": "t", "tolerance": "0.1"}
    tables = LINK.records() | {"totals": [row | {"exception": exception}]}
    if not refused:
        network_of(tables, tmp_path)
        return
    with pytest.raises(DataError, match="the rows of magnet add up to 120"):
        network_of(tables, tmp_path)


def test_a_doubt_stands_beside_the_refusal_that_it_explains(small, tmp_path):
    folder = Path(shutil.copytree(small.folder, tmp_path / "kg"))
    rows = [{**row, "evidence": "A"} for row in SMALL["producers"]]
    oxide = [dict(row) for row in SMALL["processors"]]
    for column in ("output", "low", "high"):
        oxide[0][column] = str(float(oxide[0][column]) * 1000)
    write_pack(folder, producers=rows, processors=oxide)
    with pytest.raises(DataError) as caught:
        sc.load(folder)
    told = [str(fault) for fault in caught.value.faults]
    assert any("graded A" in line for line in told)
    assert any(line.startswith("processors.csv row 2, output: '1e+06' is doubted") for line in told)
