"""Packs made from downloads: hand-worked numbers, refusals, the same bytes twice, differences."""

import csv
import gzip
import json
import math
import os
from pathlib import Path

import pandas as pd
import pytest
import rawfiles
from conftest import TINY, records, write_pack
from hypothesis import given
from hypothesis import strategies as st

from supplychain.building import changes, rebuild
from supplychain.building.flows import _into as flows_into
from supplychain.building.rule import Rule, number
from supplychain.cli import main
from supplychain.cli.importing import _harmless
from supplychain.errors import DataError, UsageError
from supplychain.importers import Extract
from supplychain.schema import Row
from supplychain.tables import load_tables

HOUSE = Path(__file__).resolve().parent.parent
DOWNLOADS = Path(os.environ.get("SUPPLYCHAIN_DOWNLOADS", HOUSE.parent / "shared" / "data"))

RULE = "rule importer table product select first_year year factor factor_low factor_high keep"
MINE = (
    "mine usgs_mcs producers antimony_ore "
    "chapter=ANTIMONY|statistic=Production|detail=Mine~production|unit=metric~tons "
    ". 2024 0.5 0.4 0.5 0.05"
)
REFINED = (
    "refined eu_crm processors antimony_oxide material=Antimony|stage=P . 2020 200 180 240 0.05"
)
TRADE = "trade baci trade antimony_oxide hs=282580:0.8 2022 2023 1 1 1 0.05"
SLICES = "slices content segments auto_parts . . 2024 1 1 1 0"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPPLYCHAIN_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def downloads(tmp_path):
    """A folder of raw files, nested as people keep them."""
    folder = tmp_path / "downloads"
    rawfiles.antimony(folder / "usgs")
    rawfiles.eu(
        folder / "eu",
        *("Antimony,P,China,80%,1", "Antimony,P,Japan,15%,1", "Antimony,P,South Korea,4%,1"),
    )
    for year, china in ((2022, 30), (2023, 50)):
        rawfiles.baci(
            folder / "baci",
            f"{year},156,410,282580,{china * 10},{china}",  # China to Korea, 10 USD/kg
            f"{year},392,410,282580,300,20",
            f"{year},702,410,282580,50,5",  # Singapore makes none
            f"{year},156,392,282580,100,10",
            f"{year},36,392,282580,0.1,90",  # a dollar a tonne: another good
            year=year,
        )
    return folder


def pack(folder, *rules, **tables):
    """The tiny pack with antimony and some rules."""
    given = {name: list(rows) for name, rows in TINY.items()}
    given["countries"] += records(
        "iso3 name region",
        *("BOL Bolivia America", "TJK Tajikistan Asia", "USA United~States America"),
        *("SGP Singapore Asia", "AUS Australia Oceania", "ROW Rest~of~world World"),
        "CAN Canada America",
    )
    given["minerals"] += records("mineral name symbol group", "antimony Antimony Sb other")
    given["products"] += records(
        "product name group mineral stage unit mass_t_per_unit "
        "price_usd_per_unit price_low price_high",
        "antimony_ore Antimony~ore . antimony mine t 1 . . .",
        "antimony_oxide Antimony~oxide . antimony refine t 1 12000 10000 15000",
    )
    given["parameters"] += records(
        "parameter scope value low high unit",
        *("build_spread A 0.05 0.05 0.05 1", "build_spread B 0.1 0.1 0.1 1"),
        *("build_total_tolerance * 0.05 0.05 0.05 1", "build_unit_value_ratio * 20 20 20 1"),
    )
    given["concordances"] = records(
        "scheme code kind target weight",
        *(
            f"baci_m49 {m49} country {iso3} 1"
            for m49, iso3 in {156: "CHN", 410: "KOR", 392: "JPN", 702: "SGP", 36: "AUS"}.items()
        ),
        "eu_crm South~Korea country KOR 1",
    )
    given["rules"] = records(RULE, *rules)
    for name, rows in tables.items():
        given[name] = [*given.get(name, []), *rows]
    return write_pack(folder, **given)


def derived(built, table, *columns):
    """The derived rows of a table, some columns of each."""
    lines = built.texts[f"{table}.csv"].splitlines()
    header = lines[0].split(",")
    rows = [dict(zip(header, line.split(","), strict=False)) for line in lines[1:]]
    return [tuple(row[c] for c in columns) for row in rows if row["rule"]]


def refusal(*arguments):
    with pytest.raises(DataError) as caught:
        rebuild(*arguments)
    return str(caught.value)


# Outputs ------------------------------------------------------------------------------------------


def test_usgs_output_is_the_figure_times_the_factor(tmp_path, downloads):
    """China 60 t x 0.5 = 30; the factor may be 0.4, which gives 24; grade A asks for 5 per cent."""
    built = rebuild(pack(tmp_path / "pack", MINE), downloads)
    assert derived(built, "producers", "country", "output", "low", "high") == [
        ("CHN", "30", "24", "31.5"),
        ("TJK", "15", "12", "15.75"),
        ("BOL", "4", "3.2", "4.2"),
        ("ROW", "1", "0.8", "1.05"),
    ]


def test_what_is_withheld_is_said_and_never_nothing(tmp_path, downloads):
    built = rebuild(pack(tmp_path / "pack", MINE), downloads)
    assert any("United States: withheld" in str(remark) for remark in built.remarks)
    assert "USA" not in {c for (c,) in derived(built, "producers", "country")}


def test_a_row_by_hand_wins(tmp_path, downloads):
    by_hand = records("country product output unit low high", "CHN antimony_ore 33 t 30 35")
    built = rebuild(pack(tmp_path / "pack", MINE, producers=by_hand), downloads)
    assert [c for (c,) in derived(built, "producers", "country")] == ["TJK", "BOL", "ROW"]
    assert "CHN,antimony_ore,33," in built.texts["producers.csv"]


def test_a_row_by_hand_wins_by_whatever_name_it_calls_the_country(tmp_path, downloads):
    """China is CHN: its row by hand replaces the derived one, and makes it an exporter."""
    mine = records("country product output unit low high", "China antimony_ore 33 t 30 35")
    built = rebuild(pack(tmp_path / "mine", MINE, producers=mine), downloads)
    assert [c for (c,) in derived(built, "producers", "country")] == ["TJK", "BOL", "ROW"]
    makes = records("country product output unit low high", "China antimony_oxide 90 t 80 99")
    built = rebuild(pack(tmp_path / "oxide", REFINED, TRADE, processors=makes), downloads)
    assert ("CHN", "KOR") in derived(built, "trade", "exporter", "importer")
    buys = records(
        "exporter importer product share base unit low high",
        "CHN South~Korea antimony_oxide 0.5 imports t 0.4 0.6",
    )
    built = rebuild(pack(tmp_path / "trade", REFINED, TRADE, trade=buys), downloads)
    assert "KOR" not in {importer for (importer,) in derived(built, "trade", "importer")}


def test_derived_rows_bring_the_columns_that_a_table_lacks(tmp_path, downloads):
    """Without the column `rule` they would be rows by hand at the next building."""
    source = pack(tmp_path / "pack", MINE)
    (source / "producers.csv").unlink(missing_ok=True)
    built = rebuild(source, downloads)
    assert len(derived(built, "producers", "country")) == 4
    built.write(source, source)
    assert rebuild(source, downloads).texts == built.texts


def test_two_rules_for_one_row_are_refused_since_their_order_would_decide(tmp_path, downloads):
    message = refusal(pack(tmp_path / "pack", MINE, MINE.replace("mine ", "other ")), downloads)
    assert "derives CHN antimony_ore, as mine does" in message


def test_an_edition_packed_and_unpacked_is_one_edition(tmp_path, downloads):
    """Its own copy would otherwise stand in for a second edition, and agree with it."""
    raw = next((downloads / "usgs").iterdir())
    raw.with_name(raw.name + ".gz").write_bytes(gzip.compress(raw.read_bytes()))
    second = MINE.replace(
        "detail=Mine~production", "detail=Mine~production|second=ANTIMONY|second_detail=x"
    )
    assert "asks for a second edition" in refusal(pack(tmp_path / "pack", second), downloads)


def test_a_doubt_about_a_raw_file_is_handed_on(tmp_path, downloads):
    rawfiles.antimony(downloads / "usgs", china="60000")
    source = pack(tmp_path / "pack", MINE.replace("|unit=", "|world=none|unit="))
    said = [str(remark) for remark in rebuild(source, downloads).remarks]
    assert any("countries add up to 60,040" in line and "DOUBTFUL" in line for line in said)


def test_a_row_by_hand_may_be_written_beside_the_derived_one_and_replaces_it(tmp_path, downloads):
    source = pack(tmp_path / "pack", MINE)
    rebuild(source, downloads).write(source, source)
    with (source / "producers.csv").open("a") as file:
        file.write("CHN,antimony_ore,33,,t,30,35,2024,test,C,,\n")
    with pytest.raises(DataError, match="contradicts"):
        load_tables(source)
    rebuild(source, downloads).write(source, source)
    outputs = {
        row["country"]: row["output"]
        for row in load_tables(source).rows("producers")
        if row["product"] == "antimony_ore"
    }
    assert outputs == {"CHN": 33, "TJK": 15, "BOL": 4, "ROW": 1}


def test_small_producers_go_to_the_rest_of_the_world(tmp_path, downloads):
    rule = MINE.replace(" 0.05", " 0.1")
    built = rebuild(pack(tmp_path / "pack", rule), downloads)
    assert derived(built, "producers", "country", "output")[-1] == ("ROW", "5")  # 8 + 2, halved


def test_another_edition_widens_the_band(tmp_path, downloads):
    (downloads / "MCS2025_World_Data.csv").write_text(
        "SOURCE,COMMODITY,COUNTRY,TYPE,UNIT_MEAS,PROD_2023,PROD_EST_ 2024\n"
        "MCS2025,Antimony,Tajikistan,Mine production,metric tons,17,10\n"
    )
    rule = MINE.replace("metric~tons", "metric~tons|second=Antimony|second_detail=Mine~production")
    built = rebuild(pack(tmp_path / "pack", rule), downloads)
    assert derived(built, "producers", "country", "low")[1] == ("TJK", "5")


def test_a_swapped_unit_is_refused_with_the_reason(tmp_path, downloads):
    rawfiles.antimony(downloads / "usgs", unit="kilograms")
    message = refusal(pack(tmp_path / "pack", MINE), downloads)
    assert "rules.csv row 2" in message.replace("\n  ", " ") or "row 2, select" in message
    assert "expects 'metric tons'" in message
    assert "is in 'kilograms'" in message


def test_a_wrong_figure_misses_the_world_total(tmp_path, downloads):
    rawfiles.antimony(downloads / "usgs", china="60,000")
    message = refusal(pack(tmp_path / "pack", MINE), downloads)
    assert "adds up to 60,040" in message
    assert "prints 100 for the world" in message


def test_shares_become_tonnes_and_leave_a_rest(tmp_path, downloads):
    """0.8 of 200 t = 160 (144 to 192); Korea's 4 % is below keep and joins the missing 1 %."""
    built = rebuild(pack(tmp_path / "pack", REFINED), downloads)
    assert derived(built, "processors", "country", "output", "low", "high") == [
        ("CHN", "160", "144", "192"),
        ("JPN", "30", "27", "36"),
        ("ROW", "10", "9", "12"),
    ]


def test_shares_that_miss_too_much_are_refused(tmp_path, downloads):
    rawfiles.eu(downloads / "eu", "Antimony,P,China,60%,1")
    assert "add up to 0.600" in refusal(pack(tmp_path / "pack", REFINED), downloads)


# Trade --------------------------------------------------------------------------------------------


def trade(tmp_path, downloads, *more):
    built = rebuild(pack(tmp_path / "pack", REFINED, TRADE, *more), downloads)
    rows = derived(built, "trade", "importer", "exporter", "share", "low", "high")
    return built, {row[:2]: tuple(map(float, row[2:])) for row in rows}


def test_trade_is_the_share_over_all_years(tmp_path, downloads):
    """Korea: China 80 of 120 t; in single years 30/50 and 50/70, by value 800/1400."""
    _, rows = trade(tmp_path, downloads)
    share, low, high = rows["KOR", "CHN"]
    assert share == pytest.approx(80 / 120, abs=1e-5)
    assert low == pytest.approx(800 / 1400, abs=1e-5)
    assert high == pytest.approx(50 / 70, abs=1e-5)


def test_re_exports_and_other_goods_are_left_out_and_said(tmp_path, downloads):
    built, rows = trade(tmp_path, downloads)
    assert ("KOR", "SGP") not in rows
    assert rows["JPN", "CHN"][0] == 1
    said = " ".join(map(str, built.remarks))
    assert "exporters without output in the pack" in said
    assert "SGP" in said
    assert "HS 282580: 2 flows" in said


def test_an_importer_with_rows_by_hand_is_left_alone(tmp_path, downloads):
    by_hand = records(
        "exporter importer product share base unit low high",
        "CHN KOR antimony_oxide 0.5 imports t 0.4 0.6",
    )
    folder = pack(tmp_path / "pack", REFINED, TRADE, trade=by_hand)
    rows = derived(rebuild(folder, downloads), "trade", "importer")
    assert set(rows) == {("JPN",)}


def test_flows_without_a_quantity_are_said_and_may_not_be_all(tmp_path, downloads):
    source = pack(tmp_path / "pack", REFINED, TRADE)
    for year in (2022, 2023):
        lines = (f"{year},156,410,282580,100,10", f"{year},392,410,282580,300,NA")
        rawfiles.baci(downloads / "baci", *lines, year=year)
    said = [str(remark) for remark in rebuild(source, downloads).remarks]
    assert any("2 flows (75.0% of the value) without a quantity_t" in line for line in said)
    for year in (2022, 2023):
        rawfiles.baci(downloads / "baci", f"{year},156,410,282580,9,NA", year=year)
    assert "finds no trade with a quantity_t" in refusal(source, downloads)


@given(st.lists(st.floats(0.001, 1), min_size=1, max_size=12))
def test_shares_as_written_never_exceed_the_whole(quantities):
    """Whatever the digits: six are written of each, and ROW takes what is left."""
    exporters = [*(f"E{n:02d}" for n in range(len(quantities))), "ROW"]
    flows = pd.DataFrame(
        {"exporter": exporters, "quantity_t": [*quantities, 1.0], "value_usd": 1.0, "year": 2023}
    )
    row = {"keep": 0.0, "factor": 1.0, "factor_low": 1.0, "factor_high": 1.0, "year": 2023}
    row |= {"first_year": 2023, "source_id": ("x",), "evidence": "A", "product": "p", "rule": "r"}
    rule = Rule(Row("rules", 2, row), {}, 0.05, 0.05, 20.0)
    extract = Extract("BACI.csv", "", flows)
    rows = flows_into(rule, extract, flows, "KOR", "quantity_t", exporters)
    assert 1 - 1e-5 < math.fsum(float(cells["share"]) for cells in rows) <= 1 + 1e-9


def test_tonnes_that_are_kilograms_are_refused(tmp_path, downloads):
    for path in (downloads / "baci").iterdir():
        lines = path.read_text().splitlines()
        rows = [line.split(",") for line in lines[1:]]
        text = [",".join([*row[:5], str(float(row[5]) * 1000)]) for row in rows]
        path.write_text("\n".join([lines[0], *text]) + "\n")
    message = refusal(pack(tmp_path / "pack", REFINED, TRADE), downloads)
    assert "products.csv gives antimony_oxide a price of 1.2e+04" in message
    assert "thousand times off" in message


def test_a_missing_year_is_refused(tmp_path, downloads):
    next((downloads / "baci").glob("*2022*")).unlink()
    assert "finds no trade of 2022" in refusal(pack(tmp_path / "pack", REFINED, TRADE), downloads)


def test_years_of_two_nomenclatures_are_not_added_up(tmp_path, downloads):
    raw = next((downloads / "baci").glob("*Y2022*"))
    raw.rename(raw.with_name(raw.name.replace("HS92", "HS17")))
    message = refusal(pack(tmp_path / "pack", REFINED, TRADE), downloads)
    assert "several series (BACI_HS17_V202601, BACI_HS92_V202601)" in message


def test_a_missing_file_is_named_with_where_to_get_it(tmp_path, downloads):
    for path in (downloads / "baci").iterdir():
        path.unlink()
    assert "holds no file of baci (CEPII BACI" in refusal(
        pack(tmp_path / "pack", REFINED, TRADE), downloads
    )


# Segments -----------------------------------------------------------------------------------------

FAMILIES = records(
    "country industry family name share low high",
    "* auto_parts electrical Electrical 0.2 0.1 0.3",
    "* auto_parts steering Steering 0.1 0.1 0.1",
    "KOR auto_parts electrical Electrical 0.4 0.4 0.4",
)
FLAGS = records(
    "country industry family segment name share low high",
    "* auto_parts electrical hre_magnet With~magnets 0.5 0.3 0.6",
    "* auto_parts steering hre_magnet With~magnets 0.4 0.2 0.6",
    "* auto_parts steering other Without 0.6 0.4 0.8",
)


def content(tmp_path, downloads, **tables):
    given = {"content": FAMILIES, "content_flags": FLAGS} | tables
    folder = pack(tmp_path / "pack", SLICES, **given)
    (folder / "segments.csv").write_text(
        (folder / "segments.csv").read_text().splitlines()[0] + "\n"
        "*,auto_parts,rest,rest,0,0,0,2023,test,D,,\n"
    )
    return rebuild(folder, downloads)


def test_a_share_is_counted_up_from_families(tmp_path, downloads):
    """World: 0.2 x 0.5 + 0.1 x 0.4 = 0.14; low 0.14 - sqrt(0.07^2 + 0.02^2) = 0.0672."""
    rows = derived(
        content(tmp_path, downloads), "segments", "country", "segment", "share", "low", "high"
    )
    world = next(row for row in rows if row[:2] == ("*", "hre_magnet"))
    assert [float(x) for x in world[2:]] == pytest.approx([0.14, 0.067199, 0.222462], abs=1e-6)
    korea = next(row for row in rows if row[:2] == ("KOR", "hre_magnet"))
    assert float(korea[2]) == pytest.approx(0.4 * 0.5)  # its own families, the flags of all
    assert ("KOR", "other") not in {row[:2] for row in rows}


def test_a_flag_of_no_family_is_refused_since_it_would_count_for_nothing(tmp_path, downloads):
    content(tmp_path, downloads)
    source = tmp_path / "pack"
    flags = source / "content_flags.csv"
    text = flags.read_text()
    family = next(csv.DictReader(text.splitlines()))["family"]
    flags.write_text(text.replace(f",{family},", f",{family}s,", 1))
    message = refusal(source, downloads)
    assert f"family: '{family}s' is no family of the industry in content.csv. Did you" in message


def test_flags_of_a_family_may_not_exceed_it(tmp_path, downloads):
    more = records(
        "country industry family segment name share low high",
        "* auto_parts electrical other Without 0.6 0.6 0.6",
    )
    with pytest.raises(DataError, match=r"brings the flags of electrical to 1\.100"):
        content(tmp_path, downloads, content_flags=[*FLAGS, *more])


# The whole ----------------------------------------------------------------------------------------


def test_two_rebuilds_give_the_same_bytes(tmp_path, downloads):
    source = pack(tmp_path / "pack", MINE, REFINED, TRADE)
    rebuild(source, downloads).write(source, tmp_path / "one")
    rebuild(tmp_path / "one", downloads).write(tmp_path / "one", tmp_path / "two")
    assert changes(tmp_path / "one", tmp_path / "two") == ()
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()
    load_tables(tmp_path / "two")


def test_all_faulty_rules_are_named_at_once(tmp_path, downloads):
    wrong = MINE.replace("chapter", "chaptr").replace("mine ", "mine2 ", 1)
    gone = REFINED.replace("stage=P", "stage=Q").replace("refined ", "refined2 ", 1)
    message = refusal(pack(tmp_path / "pack", wrong, gone), downloads)
    assert "holds the key 'chaptr'" in message
    assert "Did you mean 'chapter'" in message
    assert "finds nothing in eu_global_supply_shares.csv" in message


def test_a_pack_that_would_be_faulty_is_not_written(tmp_path, downloads):
    source = pack(tmp_path / "pack", REFINED.replace("processors", "producers"))
    with pytest.raises(DataError, match="is of stage refine"):
        rebuild(source, downloads).write(source, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_changes_name_rows_and_cells(tmp_path):
    before = write_pack(tmp_path / "a", **TINY)
    other = {name: [dict(row) for row in rows] for name, rows in TINY.items()}
    other["segments"][0]["share"] = "0.35"
    del other["trade"][0]
    after = write_pack(tmp_path / "b", **other)
    assert [str(change) for change in changes(before, after)] == [
        "segments * auto_parts hre_magnet: share 0.3 -> 0.35",
        "trade CHN KOR ndfeb_magnet_hre: removed",
    ]
    assert changes(before, before) == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1e-7, "0.0000001"),
        (123456.7, "123457"),
        (1234567.0, "1234570"),
        (-2.5, "-2.5"),
        (1.234567e12, "1234570000000"),
        (1.234567e-9, "0.000000001235"),
    ],
)
def test_numbers_are_written_without_exponent(value, text):
    assert number(value) == text


# The command line ---------------------------------------------------------------------------------


def test_build_shows_what_would_change_and_writes_only_when_asked(tmp_path, downloads, capsys):
    source = pack(tmp_path / "pack", MINE)
    words = ["data", "build", "--from", str(downloads), "--data", str(source)]
    assert main(words) == 0
    assert "producers CHN antimony_ore: added" in capsys.readouterr().out
    assert "antimony_ore" not in (source / "producers.csv").read_text()
    assert main([*words, "--out", str(tmp_path / "out"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["derived"] == {"mine": 4}
    assert list(report["raw_files"]) == ["MCS2026_Commodities_Data.csv"]
    assert main(["data", "diff", str(source), str(tmp_path / "out")]) == 0
    assert "4 differences" in capsys.readouterr().out
    assert main(["data", "diff", str(source), str(tmp_path / "out"), "--exit-code"]) == 5
    assert main(["data", "diff", str(source), str(source), "--exit-code"]) == 0


def test_build_takes_the_rules_of_the_pack_that_it_writes(tmp_path, downloads):
    source = pack(tmp_path / "pack", MINE)
    assert main(["data", "build", "--from", str(downloads), "--out", str(source)]) == 0
    assert "CHN,antimony_ore" in (source / "producers.csv").read_text()


def test_build_writes_over_nothing_but_the_pack_itself(tmp_path, downloads, capsys):
    source = pack(tmp_path / "pack", MINE)
    other = pack(tmp_path / "other", MINE)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "trade.csv").write_text("important")
    (tmp_path / "file").write_text("my own")
    words = ["data", "build", "--from", str(downloads), "--data", str(source), "--out"]
    for place in (mine, mine / "..", tmp_path / "file", downloads, other):
        assert main([*words, str(place)]) == 2, place
        assert "holds something else" in capsys.readouterr().err
    built = rebuild(source, downloads)  # whoever builds in Python is kept from it as well
    with pytest.raises(UsageError, match="holds something else"):
        built.write(source, mine)
    assert (mine / "trade.csv").read_text() == "important"
    assert "antimony" not in (other / "producers.csv").read_text()


def test_build_without_downloads_is_a_usage_error(tmp_path, capsys):
    assert main(["data", "build", "--from", str(tmp_path / "nowhere")]) == 2
    assert "not a folder" in capsys.readouterr().err


def test_import_writes_a_table_and_says_what_it_left_out(tmp_path, downloads, capsys):
    raw = next((downloads / "baci").glob("*2023*"))
    out = tmp_path / "flows.csv"
    assert main(["data", "import", "baci", str(raw), "--hs", "282580", "--out", str(out)]) == 0
    header, first = out.read_text().splitlines()[:2]
    assert header == "year,exporter,importer,hs,quantity_t,value_usd,exporter_iso3,importer_iso3"
    assert first == "2023,156,392,282580,10.0,100000.0,CHN,JPN"
    assert "5 rows of BACI_HS92_Y2023" in capsys.readouterr().err
    assert main(["data", "import", "baci", str(raw), "--hs", "2825"]) == 2
    assert main(["data", "import", "bacci", str(raw)]) == 4
    assert main(["data", "import", "list"]) == 0
    assert "OECD inter-country" in capsys.readouterr().out


def test_import_gives_rows_of_trade_by_the_rule_of_the_product(tmp_path, downloads, capsys):
    """Of 70 t from makers China sends 50; Singapore makes none, a dollar a tonne is no oxide."""
    source = pack(tmp_path / "pack", REFINED, TRADE)
    rebuild(source, downloads).write(source, tmp_path / "built")
    raw = next((downloads / "baci").glob("*2023*"))
    words = ["data", "import", "baci", str(raw), "--data", str(tmp_path / "built")]
    assert main([*words, "--product", "antimony_oxide"]) == 0
    found = capsys.readouterr()
    header, *rows = found.out.splitlines()
    assert header.startswith("exporter,importer,product,quantity,share,base,unit")
    assert [row.split(",")[:7] for row in rows if ",KOR," in row] == [
        ["CHN", "KOR", "antimony_oxide", "", "0.714286", "imports", "t"],
        ["JPN", "KOR", "antimony_oxide", "", "0.285714", "imports", "t"],
    ]
    assert "exporters without output in the pack" in found.err
    bare = pack(tmp_path / "bare", TRADE)
    assert main([*words[:-1], str(bare), "--product", "antimony_oxide"]) == 3
    assert "gives no rows of BACI" in capsys.readouterr().err
    assert main([*words, "--product", "antimony_oxid"]) == 4
    assert "Did you mean 'antimony_oxide'" in capsys.readouterr().err
    assert main([*words, "--product", "antimony_ore"]) == 3
    assert "has no rule for its trade" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--regions", "KOR"], "--regions: the importer usgs_mcs has it not (it has none)"),
        (["--hs", "282200"], "--hs: the importer usgs_mcs has it not"),
        (["--product", "cobalt_refined"], "only trade has products"),
    ],
)
def test_an_option_that_an_importer_has_not_is_a_mistake(tmp_path, downloads, capsys, words, said):
    raw = next((downloads / "usgs").iterdir())
    assert main(["data", "import", "usgs_mcs", str(raw), *words]) == 2
    assert said in capsys.readouterr().err


def test_import_names_the_codes_that_no_country_has(tmp_path, downloads, capsys):
    raw = rawfiles.baci(tmp_path, "2023,156,998,282580,5,1", "2023,156,410,282580,5,1")
    source = pack(tmp_path / "pack", MINE)
    assert main(["data", "import", "baci", str(raw), "--data", str(source)]) == 0
    found = capsys.readouterr()
    assert "2023,156,998,282580,1.0,5000.0,CHN,\n" in found.out
    assert "1 codes without a country in concordances.csv (baci_m49): 998" in found.err


def test_import_hands_over_no_formulas(tmp_path, capsys):
    raw = rawfiles.mcs(tmp_path, rawfiles.mcs_line('"=HYPERLINK(""x"")"', "6"))
    assert main(["data", "import", "usgs_mcs", str(raw), "--quiet"]) == 0
    assert "'=HYPERLINK" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "risky"),
    [
        *(("=1", True), ("+1+cmd|' /C calc'!A0", True), ("-1+1", True), ("@SUM(A1)", True)),
        *(("\uff1d1", True), ("-2.5", False), ("+1e-3", False), ("-", False), ("a=1", False)),
    ],
)
def test_only_a_signed_number_may_begin_with_a_sign(text, risky):
    frame = pd.DataFrame({"a": [text], "b": pd.Categorical([text])})
    expected = f"'{text}" if risky else text
    assert _harmless(frame).iloc[0].tolist() == [expected, expected]


def test_import_does_not_write_over_the_raw_file(tmp_path, downloads, capsys):
    raw = next((downloads / "usgs").iterdir())
    before = raw.read_bytes()
    assert main(["data", "import", "usgs_mcs", str(raw), "--out", str(raw)]) == 2
    assert "is the raw file itself" in capsys.readouterr().err
    assert main(["data", "import", "usgs_mcs", str(raw), "--out", str(tmp_path)]) == 2
    assert "is a folder" in capsys.readouterr().err
    assert raw.read_bytes() == before


def test_import_writes_parquet(tmp_path, downloads):
    raw = next((downloads / "usgs").iterdir())
    out = tmp_path / "out.parquet"
    assert main(["data", "import", "usgs_mcs", str(raw), "--out", str(out), "--quiet"]) == 0
    assert len(pd.read_parquet(out)) == 7


# The shipped pack ---------------------------------------------------------------------------------


@pytest.mark.skipif(not DOWNLOADS.is_dir(), reason=f"the raw downloads are not at {DOWNLOADS}")
def test_the_shipped_pack_comes_out_of_the_downloads_again(tmp_path):
    rebuild(HOUSE / "data", DOWNLOADS).write(HOUSE / "data", tmp_path / "again")
    assert [str(change) for change in changes(HOUSE / "data", tmp_path / "again")] == []
    for path in sorted((HOUSE / "data").glob("*.csv")):
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
