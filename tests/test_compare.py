"""What changed the number: causes of a difference, with amounts that add up."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import strategies as st
from test_laws import _records, hold, scenarios, worlds
from worlds import LINK, network_of, restriction, several, stop, with_stock

import supplychain as sc
from supplychain import figures
from supplychain.attribution.compared import Comparison
from supplychain.attribution.differences import compare
from supplychain.attribution.mixtures import Pair
from supplychain.attribution.parts import network_of as mixed_network
from supplychain.attribution.parts import paired, table_parts
from supplychain.attribution.sides import side_by_side
from supplychain.cli import main
from supplychain.errors import UsageError
from supplychain.scenario import Priority, Range, Scenario, StockRelease
from supplychain.world import World, shipped

LAW = pytest.mark.parametrize("examples", [10, pytest.param(300, marks=pytest.mark.slow)])


@pytest.fixture
def link(tmp_path):
    return World(network_of(_records(LINK), tmp_path))


def amounts(found: Comparison, country: str = "KOR", sector: str = "") -> dict[str, float]:
    """Amounts of the causes over the loss of the first run."""
    one = found.of(country, sector)
    return {c.cause: c.usd / one.one_usd for c in one.contributions}


def adds_up(found: Comparison) -> bool:
    for one in (*found.totals, *found.sectors):
        # Amounts of either sign may be far larger than what they sum to.
        moved = max((abs(c.usd) for c in one.contributions), default=0.0)
        scale = 1e-9 * max(abs(one.usd), 1e-3 * (one.one_usd + one.other_usd + moved), 1e-3)
        if abs(sum(c.usd for c in one.contributions) - one.usd) > scale:
            return False
        if one.mechanisms and abs(sum(m.usd for m in one.mechanisms) - one.usd) > scale:
            return False
    return True


# Worked out by hand -------------------------------------------------------------------------------


def test_half_a_ban_and_a_stock_share_what_both_save(tmp_path):
    # Cars lost of 12 months: a ban without stock 12; half a ban 6; eight months of stock 4; both 0.
    # Half a ban saves 6 or 4, mean 5; the stock 8 or 6, mean 7.
    one, other = World(with_stock(0).network(tmp_path)), World(with_stock(240).network(tmp_path))
    found = compare(one, stop(), other, stop(severity=0.5))
    assert found.is_exact
    assert found.runs == 4
    assert amounts(found) == pytest.approx({
        "CHN magnet: severity 0.5 instead of 1": -5 / 12,
        "stocks.csv * * * private: cover_days 240 instead of 0 (low, high,"
        " median_low, median_high too)": -7 / 12,
    })  # fmt: skip
    alone = [c.alone_usd / found.of("KOR").one_usd for c in found.of("KOR").contributions]
    assert alone == pytest.approx([-8 / 12, -6 / 12])
    assert adds_up(found)
    back = compare(other, stop(severity=0.5), one, stop(), mechanisms=False).of("KOR")
    forth = [-c.usd for c in found.of("KOR").contributions]
    assert [c.usd for c in back.contributions] == pytest.approx(forth)


def test_the_same_run_has_no_causes(link):
    found = compare(link, stop(), link, stop())
    assert found.causes == ()
    assert found.of("KOR").usd == 0.0
    assert found.of("KOR").contributions == ()
    assert found.table().empty
    assert "nothing differs" in found.sentences()[0]


def test_a_cause_without_effect_has_exactly_nothing(link):
    idle = StockRelease("JPN", "magnet", 30.0, 30.0)
    found = compare(link, stop(), link, stop(severity=0.5).plus(idle))
    assert amounts(found)["JPN releases 30 days of magnet"] == 0.0
    assert amounts(found)["CHN magnet: severity 0.5 instead of 1"] == pytest.approx(-0.5)


def test_the_mechanisms_of_both_runs_stand_side_by_side(tmp_path):
    # Both lose everything with fixed proportions; the stock of B is the one step that differs.
    one, other = World(with_stock(0).network(tmp_path)), World(with_stock(240).network(tmp_path))
    total = compare(one, stop(), other, stop()).of("KOR")
    moved = {m.mechanism: m.usd / total.one_usd for m in total.mechanisms if m.usd}
    assert moved == pytest.approx({"plants live on their stocks": -8 / 12})


# What differs, in words ---------------------------------------------------------------------------


def causes(world: World, one: Scenario, other: Scenario) -> list[str]:
    return [c.words for c in Pair.of(world, one, world, other).causes(8)]


def test_every_part_of_a_scenario_can_be_a_cause(link):
    one = several(restriction("CHN", "magnet"), restriction("JPN", "magnet"), horizon=12)
    other = replace(
        several(
            restriction("CHN", "magnet", "cars_none", months=6, to=("KOR",)),
            restriction("USA", "magnet", severity=Range(0.5, 0.2, 0.8)),
            horizon=18,
            releases=[StockRelease("KOR", "magnet", 30.0)],
        ),
        priorities=(Priority(("domestic", "export")),),
        start="2025-02",
    )
    changed = replace(other.restrictions[0], items=("magnet",))
    other = replace(other, restrictions=(changed, other.restrictions[1]))
    found = causes(link, one, other)
    assert found == [
        "months are counted from 2025-02 instead of 2025-01",
        "18 instead of 12 months are counted",
        "CHN magnet: months 6 instead of 12",
        "CHN magnet: to KOR instead of *",
        "JPN no longer restricts magnet (ban, 1 withheld)",
        "USA restricts magnet (ban, 0.5 (0.2-0.8) withheld)",
        "KOR releases 30 days of magnet",
        "suppliers serve in the order domestic, export",
    ]


def test_a_kind_changes_with_all_that_it_needs(link):
    taxed = restriction(
        "CHN",
        "magnet",
        kind="tax",
        severity=Range.of(0.0),
        rate=Range.of(0.3),
        elasticity=Range.of(-0.5),
    )
    found = causes(link, several(restriction("CHN", "magnet")), several(taxed))
    assert found == [
        (
            "CHN magnet: kind tax instead of ban, severity 0 instead of 1, "
            "rate 0.3 instead of none, elasticity -0.5 instead of none"
        )
    ]


def test_a_release_says_which_of_its_figures_changed(link):
    one, other = (stop().plus(StockRelease("KOR", "magnet", days)) for days in (30.0, 90.0))
    assert causes(link, one, other) == ["KOR releases magnet: days 90 instead of 30"]
    assert causes(link, one, stop()) == ["KOR releases no magnet (30 days before)"]


def test_items_of_a_restriction_are_causes_of_their_own(tmp_path):
    world = World(
        LINK.but(
            products=["magnet component", "chip component", "cars industry"],
            processors=["CHN magnet 120", "CHN chip 120"],
            recipes=["cars/all magnet 1 critical", "cars/all chip 1 critical"],
            trade=["CHN KOR magnet 1", "CHN KOR chip 1"],
        ).network(tmp_path)
    )
    both = several(restriction("CHN", "magnet", "chip"))
    found = compare(world, both, world, several(restriction("CHN", "magnet")), mechanisms=False)
    assert found.causes == ("CHN no longer restricts chip",)
    assert found.of("KOR").usd == 0.0  # the magnet alone stops all cars
    assert found.sentences() == ["KOR: B loses as much as A."]


def test_restrictions_are_paired_by_actor_and_items():
    a, b, c = (restriction("CHN", *items) for items in (("x",), ("x", "y"), ("z",)))
    foreign = restriction("JPN", "x")
    assert paired([a, c], [c, b]) == [(a, b), (c, c)]
    assert paired([a], [foreign]) == [(a, None), (None, foreign)]


def test_what_either_counts_is_counted_in_both(tmp_path):
    world = World(
        LINK.but(
            industries=["KOR cars 120", "JPN cars 120"],
            processors=["CHN magnet 240"],
            trade=["CHN KOR magnet 1", "CHN JPN magnet 1"],
        ).network(tmp_path)
    )
    here = stop()
    there = replace(stop(severity=0.5), focus=("JPN",))
    found = compare(world, here, world, there)
    assert [t.country for t in found.totals] == ["KOR", "JPN"]
    assert found.of("JPN").usd == pytest.approx(found.of("KOR").usd)
    assert "focus" in found.notes[0]
    assert adds_up(found)


# Packs that differ --------------------------------------------------------------------------------


def test_a_pack_written_from_its_own_rows_is_the_same_pack():
    tables = sc.load().tables
    again = mixed_network(table_parts(tables), tables, tables).tables
    for (name, rows), (other, written) in zip(tables.contents, again.contents, strict=True):
        assert name == other
        assert [*map(dict, rows)] == [*map(dict, written)]


def test_rows_that_need_each_other_become_one_cause(tmp_path):
    # A bolt in every car: its product, its maker, its recipe and its trade come together or not.
    bolts = LINK.but(
        products=["magnet component", "bolt component", "cars industry"],
        processors=["CHN magnet 120", "CHN bolt 120"],
        recipes=["cars/all magnet 1 critical", "cars/all bolt 1 critical"],
        trade=["CHN KOR magnet 1", "CHN KOR bolt 1"],
        stocks=["* * * 60"],
    )
    one, other = World(with_stock(30).network(tmp_path)), World(bolts.network(tmp_path))
    found = compare(one, stop(), other, stop(), mechanisms=False)
    (together,) = (c for c in found.causes if "bolt" in c)
    assert "products.csv bolt: added" in together
    assert "recipes.csv cars all bolt" in together
    assert any("belong together" in note for note in found.notes)
    assert adds_up(found)
    assert found.of("KOR").usd / found.of("KOR").one_usd == pytest.approx(10 / 11 - 1)


def test_many_rows_are_causes_table_by_table(tmp_path):
    names = ["home_bias", "access_ceiling", "new_supplier_share", "spot_rounds", "hoarding",
             "elasticity_time_months", "leakage_lag_months", "licence_dead_time_months",
             "licence_ramp_months"]  # fmt: skip
    changed = LINK.but(constants=dict.fromkeys(names, 1.0) | {"access_ceiling": 1.5})
    one = World(LINK.but(constants=dict.fromkeys(names, 3.0)
                         | {"new_supplier_share": 0.0}).network(tmp_path))  # fmt: skip
    other = World(changed.but(stocks=["* * * 30"]).network(tmp_path))
    found = compare(one, stop(), other, stop(), mechanisms=False)
    assert found.causes == ("parameters.csv: 9 rows", "stocks.csv: 1 row")
    assert adds_up(found)


def test_many_causes_are_sampled_with_their_error(link):
    # Ten releases of a month each: whichever comes, it saves a month.
    releases = [StockRelease("KOR", "magnet", 6.0, 30.0, to=()) for _ in range(10)]
    found = compare(link, stop(), link, stop().plus(*releases), orders=2, mechanisms=False)
    assert not found.is_exact
    assert len(found.causes) == 10
    assert adds_up(found)
    total = found.of("KOR")
    assert total.usd / total.one_usd == pytest.approx(-2 / 12)
    for c in total.contributions:
        assert c.usd / total.one_usd == pytest.approx(-0.2 / 12)
        assert c.error_usd == pytest.approx(0, abs=1e-6 * total.one_usd)
    with pytest.raises(UsageError, match="orders"):
        compare(link, stop(), link, stop(), orders=1)


@pytest.fixture
def changed_pack(tmp_path):
    """The shipped pack with half the magnets at Korean makers of car parts."""
    folder = tmp_path / "pack"
    shutil.copytree(shipped("data"), folder)
    place = folder / "stocks.csv"
    with place.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        header, rows = reader.fieldnames, list(reader)
    for row in rows:
        if (row["country"], row["user"], row["product"]) == ("KOR", "auto_parts",
                                                             "ndfeb_magnet_hre"):  # fmt: skip
            row["cover_days"], row["low"], row["median_low"] = "40", "18.5", "30"
    with place.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_one_mitigation_and_one_row_are_both_named_and_sum(changed_pack):
    april = sc.load_scenario("china-april-2025")
    releasing = april.plus(StockRelease("KOR", "ndfeb_magnet_hre", 60.0, lag_months=1))
    found = sc.compare(
        sc.load(), april, sc.load(changed_pack), releasing, focus=["KOR"], mechanisms=False
    )
    release, row = found.causes
    assert release == "KOR releases 60 days of ndfeb_magnet_hre"
    assert row.startswith("stocks.csv KOR auto_parts ndfeb_magnet_hre")
    assert "cover_days 40 instead of 80" in row
    total = found.of("KOR")
    parts = {c.cause: c.usd for c in total.contributions}
    assert sum(parts.values()) == pytest.approx(total.usd, rel=1e-9)
    assert parts[release] < -1e6
    assert parts[row] > 1e6
    assert release in found.sentences()[0]


# Laws ---------------------------------------------------------------------------------------------


@LAW
def test_amounts_sum_in_random_worlds(examples, tmp_path):
    def law(given_world, one, other, share):
        world = World(network_of(_records(given_world), tmp_path))
        spare = given_world.but(constants={"catch_up_capacity": share})
        changed = World(network_of(_records(spare), tmp_path))
        found = compare(world, one, changed, other, mechanisms=False)
        assert adds_up(found)

    hold(
        law, examples, worlds(), scenarios(most=1), scenarios(most=1), st.sampled_from((1.0, 1.14))
    )


# Side by side, commands and pictures --------------------------------------------------------------


def test_three_runs_stand_side_by_side(link):
    found = side_by_side(link, [stop(), stop(severity=0.5), stop(severity=0.25)])
    whole, half, quarter = found.losses["KOR", ""]
    assert (half / whole, quarter / whole) == pytest.approx((0.5, 0.25))
    assert found.names == ("what-if", "what-if (2)", "what-if (3)")
    assert found.as_dict()["losses"][0]["difference_usd"][1] == pytest.approx(-whole / 2)
    assert len(found.table()) == 6


def scenario_file(folder: Path, name: str, severity: float) -> str:
    path = folder / f"{name}.toml"
    path.write_text(
        f'id = "{name}"\ntitle = "{name}"\nfocus = ["KOR"]\n[[restriction]]\nactor = "CHN"\n'
        f'products = ["magnet"]\nkind = "ban"\nseverity = {severity}\n',
        encoding="utf-8",
    )
    return str(path)


@pytest.fixture
def pack(tmp_path):
    network = LINK.network(tmp_path / "packs")
    (folder,) = (tmp_path / "packs").iterdir()
    assert network.tables.folder == folder.name
    return str(folder)


def test_the_command_tells_causes_tables_and_files(pack, tmp_path, capsys):
    one, other = scenario_file(tmp_path, "hard", 1.0), scenario_file(tmp_path, "soft", 0.5)
    assert main(["compare", one, other, "--data", pack]) == 0
    said = capsys.readouterr().out
    assert "soft loses" in said
    assert "less than hard" in said
    assert "severity 0.5 instead of 1" in said
    assert "fixed proportions" in said
    assert main(["compare", one, "-B", "severity=0.5", "--data", pack, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["totals"][0]["contributions"][0]["share"] == pytest.approx(1)
    out = tmp_path / "out"
    assert main(["compare", one, other, "--data", pack, "--csv", "--out", str(out), "-q"]) == 0
    assert capsys.readouterr().out.startswith("country,sector,loss_a_usd")
    names = {path.name for path in out.iterdir()}
    assert {"comparison.json", "comparison.csv", "difference-KOR.png"} <= names


def test_the_command_puts_three_side_by_side(pack, tmp_path, capsys):
    files = [scenario_file(tmp_path, f"s{k}", s) for k, s in enumerate((1.0, 0.5, 0.25))]
    assert main(["compare", *files, "--data", pack]) == 0
    assert "s2" in capsys.readouterr().out
    assert main(["compare", *files, "--data", pack, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scenarios"] == ["s0", "s1", "s2"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["china-april-2025"], 2, "two scenarios"),
        (["china-april-2025", "-B", "severty=0.5"], 4, "severity"),
        (["china-april-2025", "nowhere"], 4, "nowhere"),
        (["china-april-2025", "--data-b", "nowhere"], 2, "not a folder"),
        (["a", "b", "c", "-A", "severity=1"], 2, "two scenarios"),
        (["a", "b", "--json", "--csv"], 2, "choose one"),
    ],
)
def test_what_cannot_be_compared_is_refused(words, code, says, capsys):
    assert main(["compare", *words]) == code
    told = capsys.readouterr()
    assert says in told.out + told.err


def test_pictures_show_what_is_told(link, tmp_path):
    found = compare(
        link, stop(), link, stop(severity=0.5).plus(StockRelease("KOR", "magnet", 60.0, 30.0))
    )
    drawing = figures.difference(found, "KOR")
    assert {r["kind"] for r in drawing.rows} == {"loss", "cause", "mechanism"}
    amount = sum(r["usd"] for r in drawing.rows if r["kind"] == "cause")
    assert amount == pytest.approx(found.of("KOR").usd)
    labels = [t.get_text() for t in drawing.figure.axes[0].get_yticklabels()]
    assert len(labels) == 4
    shared = sc.shapley(link, several(restriction("CHN", "magnet"), restriction("CHN", "magnet")))
    drawn = figures.shared(shared, "KOR", "cars")
    assert sum(r["usd"] for r in drawn.rows) == pytest.approx(shared.of("KOR").loss_usd)
    assert "twice" in drawn.figure.get_label()
    assert figures.save(drawn.figure, drawn.rows, tmp_path, drawn.name)[0].exists()
