"""Coverage and evidence of a pack, its dictionary and its bibliography."""

import json
import re
from pathlib import Path

import pytest
from conftest import TINY, records, write_pack

from supplychain import citations, dictionary, inventory
from supplychain.cli import main
from supplychain.schema import ref, schema
from supplychain.tables import load_tables

HOUSE = Path(__file__).resolve().parent.parent


@pytest.fixture
def tables(tmp_path):
    """The tiny pack; a fifth of its oxide is made in the rest of the world."""
    given = {name: [dict(row) for row in rows] for name, rows in TINY.items()}
    given["countries"] += records("iso3 name region", "ROW Rest~of~world World")
    given["processors"] += records(
        "country product output unit low high evidence",
        "ROW dysprosium_oxide 250 t 200 300 D",
    )
    given["segments"][0]["evidence"] = "D"
    given["producers"][0]["evidence"] = "C"  # it has to give way to what the others refine
    given["sources"] += records(
        "source_id title publisher year url licence embed",
        "real Rare_earths~&~{magnets}~100% A~bureau 2024 https://example.org/a CC~BY~4.0 yes",
    )
    return load_tables(write_pack(tmp_path / "pack", **given))


def test_explained_is_what_stands_under_a_named_country(tables):
    lines = {line.stage: line for line in inventory.stages(tables)}
    assert lines["mine"].explained == 1
    refine = lines["refine"]
    assert refine.explained == pytest.approx(1000 / 1250)
    assert (refine.rows, refine.countries, refine.worst) == (2, 1, "D")
    assert "component" not in lines  # the magnet is the first form of no mineral here


def test_a_chain_reaches_the_segments_that_need_it_and_no_others(tables):
    (chain,) = inventory.chains(tables)
    assert chain.mineral == "dysprosium"
    # ore 1, oxide 2, magnets 2, recipes 3, trade 2, segments with the magnet 2
    assert chain.rows == 12
    assert chain.by_grade == {"A": 9, "B": 0, "C": 1, "D": 2}
    assert chain.assumed == pytest.approx(2 / 12)
    assert [row for row, _ in chain.lifts] == [
        "segments.csv:2 * auto_parts hre_magnet",
        "processors.csv:5 ROW dysprosium_oxide",
    ]
    assert {table for _, table in chain.lifts} <= set(inventory.LIFTS)


def test_gaps_are_named_with_the_table_that_would_fill_them(tables, tmp_path):
    assert inventory.gaps(tables) == (
        "dysprosium_ore: no trade (trade.csv; flows then follow output)",
        "dysprosium_oxide: no trade (trade.csv; flows then follow output)",
    )
    given = {name: [dict(row) for row in rows] for name, rows in TINY.items()}
    given["minerals"] += records("mineral name symbol group", "selenium Selenium Se other")
    given["stocks"] = records(
        "country user product holder cover_days low high median_low median_high",
        "* * ndfeb_magnet_hre private 60 20 120 45 90",
    )
    found = inventory.gaps(load_tables(write_pack(tmp_path / "other", **given)))
    assert found[0] == "selenium: no product (products.csv)"
    assert "no stock (stocks.csv; plants then stop at once)" in found[1]


def test_nothing_in_a_loaded_pack_lacks_a_pedigree(tables):
    assert inventory.without_pedigree(tables) == ()


def test_bibtex_escapes_what_latex_would_read_as_a_command(tables):
    text = citations.as_bibtex(tables)
    assert text.startswith("@misc{real,\n")
    assert r"title = {{Rare\_earths \& \{magnets\} 100\%}}," in text
    assert "An invented world" not in text  # no address: nobody published it
    assert text.count("{") - text.count(r"\{") == text.count("}") - text.count(r"\}")


def test_the_dictionary_names_every_column_of_every_table(tables):
    text = dictionary.as_markdown(tables)
    there = [name for name, rows in tables.contents if rows]
    assert re.findall(r"(?m)^## (\w+)\.csv$", text) == there
    for name in there:
        for column in schema()[name].columns:
            assert f"| `{column.name}` |" in text
    assert set(dictionary.ABOUT) == set(schema())


def test_the_package_states_keys_and_references(tables):
    package = dictionary.as_package(tables)
    resources = {item["name"]: item["schema"] for item in package["resources"]}
    assert resources["producers"]["primaryKey"] == ["country", "product"]
    assert "primaryKey" not in resources["recipes"]  # the segment may be empty
    references = {
        (key["fields"], key["reference"]["resource"])
        for key in resources["processors"]["foreignKeys"]
    }
    assert references >= {("country", "countries"), ("product", "products")}
    json.dumps(package, allow_nan=False)


def test_check_prints_coverage_and_evidence(tmp_path, tables, capsys):
    folder = tmp_path / "pack"
    for name, value in (("days_per_month", 30), ("home_bias", 1), ("cover_bins", 1)):
        line = f"{name},*,{value},{value},{value},1,2023,test,A,,\n"
        with (folder / "parameters.csv").open("a") as file:
            file.write(line)
    with (folder / "parameters.csv").open("a") as file:
        for grade in ("A", "B", "C", "D", "prior"):
            file.write(f"balance_weight,{grade},1,1,1,1,2023,test,A,,\n")
    assert main(["data", "check", str(folder), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["faults"] == 0
    assert report["rows_without_source_year_or_evidence"] == []
    assert {line["stage"] for line in report["coverage"]} == {"mine", "refine"}
    assert report["chains"][0]["grade_d_share"] == pytest.approx(2 / 12)
    assert main(["data", "check", str(folder)]) == 0
    assert "What would replace an assumption" in capsys.readouterr().out


def test_a_bibliography_stands_alone(capsys):
    assert main(["data", "sources", "--cite", "bibtex"]) == 0
    assert capsys.readouterr().out.count("@misc{") > 50
    assert main(["data", "sources", "--cite", "ris"]) == 2
    assert main(["data", "sources", "--cite", "bibtex", "--json"]) == 2


def test_the_shipped_pack_grades_its_assumptions_as_such_and_cites_every_source():
    shipped = load_tables(HOUSE / "data")
    rows = [row for name, rows in shipped.contents if name != "sources" for row in rows]
    assumed = [row for row in rows if row.get("source_id") == ("assumption",)]
    assert [ref(row) for row in assumed if row["evidence"] != "D"] == []
    assert len(assumed) > 1000  # the question is asked of something
    cited = {source for row in rows for source in row.get("source_id", ())}
    assert {row["source_id"] for row in shipped.rows("sources")} == cited
