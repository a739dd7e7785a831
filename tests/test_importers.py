"""Importers: what they take, what they refuse and why, on files written for the test."""

import contextlib
import gzip
import json
import math
import re
import sys
import types
import zipfile

import numpy as np
import openpyxl
import pandas as pd
import pytest
import rawfiles

from supplychain.cli import main
from supplychain.errors import DataError, UnknownNameError
from supplychain.importers import IMPORTERS, importer, iotable
from supplychain.importers import baci as baci_importer
from supplychain.importers.rawfile import Marks, find, raw_bytes

COMTRADE = "refYear,reporterISO,flowCode,partnerISO,cmdCode,netWgt,primaryValue"


def refused(read, *arguments, **options):
    """The message of a refusal."""
    with pytest.raises(DataError) as caught:
        read(*arguments, **options)
    return str(caught.value)


def said(extract):
    """All remarks as one text."""
    return "\n".join(map(str, extract.remarks))


def rows_of(extract):
    """Rows of an inter-industry table: supplier, sector, user, sector -> value."""
    return {tuple(row[1:5]): row[5] for row in extract.frame.itertuples(index=False)}


@pytest.mark.parametrize(
    ("text", "value", "mark"),
    [
        ("1,234", 1234.0, ""),
        ("12,34", None, "odd"),
        ("1.5", 1.5, ""),
        ("\u2014", 0.0, ""),
        ("W", None, "withheld"),
        ("NA", None, "missing"),
        (">50", None, "bound"),
        ("330 - 390", None, "range"),
        ("1e999", None, "odd"),
        ("\uff11\uff12", None, "odd"),
    ],
)
def test_a_mark_of_the_publisher_is_never_a_number(text, value, mark):
    marks = Marks(frozenset("\u2014"), frozenset("W"), frozenset({"", "NA"}), grouped=True)
    found = marks.read(text)
    assert found[1] == mark
    assert math.isnan(found[0]) if value is None else found[0] == value


def test_without_groups_a_comma_is_no_number():
    assert Marks().read("1,234")[1] == "odd"


def test_every_importer_can_be_loaded_and_says_what_it_reads():
    for item in IMPORTERS.values():
        assert callable(item.read)
        assert item.about


def test_an_unknown_importer_is_an_error_with_a_suggestion():
    with pytest.raises(UnknownNameError, match="Did you mean 'baci'"):
        importer("bacci")


# Files --------------------------------------------------------------------------------------------


def test_links_out_of_the_folder_are_not_followed(tmp_path):
    outside = rawfiles.antimony(tmp_path / "outside")
    inside = tmp_path / "downloads" / "deep"
    inside.mkdir(parents=True)
    (inside / outside.name).symlink_to(outside)
    assert find(tmp_path / "downloads", IMPORTERS["usgs_mcs"].patterns) == ()
    assert find(tmp_path / "outside", IMPORTERS["usgs_mcs"].patterns) == (outside,)


def test_a_bomb_is_refused_before_it_fills_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("supplychain.importers.rawfile.LARGEST_BYTES", 1 << 20)
    bomb = tmp_path / "bomb.csv.gz"
    bomb.write_bytes(gzip.compress(b"0" * (1 << 22)))
    assert "too large" in refused(raw_bytes, bomb)


def test_a_cut_gzip_file_is_refused(tmp_path):
    cut = tmp_path / "cut.csv.gz"
    cut.write_bytes(gzip.compress(b"a,b\n" * 10_000)[:-20])
    assert "damaged" in refused(raw_bytes, cut)


# Mineral Commodity Summaries ----------------------------------------------------------------------


def test_usgs_keeps_marks_and_remarks_on_what_is_withheld(tmp_path):
    extract = IMPORTERS["usgs_mcs"].read(rawfiles.antimony(tmp_path))
    values = dict(zip(extract.frame["place"], extract.frame["value"], strict=True))
    assert values["China"] == 60
    assert values["Canada"] == 0
    assert math.isnan(values["United States"])
    left_out = [remark for remark in extract.remarks if remark.verdict == "left_out"]
    assert [(r.row, r.value) for r in left_out] == [(2, "withheld")]
    assert "within 5% in 1 of 1 tables" in said(extract)


def test_usgs_reads_the_layout_of_2025(tmp_path):
    path = tmp_path / "MCS2025_World_Data.csv"
    path.write_text(
        "SOURCE,COMMODITY,COUNTRY,TYPE,UNIT_MEAS,PROD_2023,PROD_EST_ 2024,PROD_NOTES\n"
        "MCS2025,Antimony,China,Mine production,metric tons,62300,60000,estimated\n"
        "MCS2025,Antimony,World total (rounded) 10,Mine production,metric tons,106000,100000,\n"
    )
    frame = IMPORTERS["usgs_mcs"].read(path).frame
    assert frame[["place", "year", "value"]].to_numpy().tolist() == [
        ["China", 2023, 62300.0],
        ["China", 2024, 60000.0],
        ["World total (rounded)", 2023, 106000.0],
        ["World total (rounded)", 2024, 100000.0],
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (rawfiles.mcs_line("China", "60 t"), "row 2, Value: '60 t' is no number"),
        (rawfiles.mcs_line("China", "-5"), "row 2, Value: '-5' is negative"),
        (rawfiles.mcs_line("China", "60", year="24"), "row 2, Year: '24' is no year"),
        ("ANTIMONY,World", "row 2: has 2 cells, the header 12"),
    ],
)
def test_usgs_refuses_what_it_cannot_read(tmp_path, line, words):
    assert words in refused(IMPORTERS["usgs_mcs"].read, rawfiles.mcs(tmp_path, line))


def test_usgs_refuses_another_layout(tmp_path):
    path = tmp_path / "MCS2026_Data.csv"
    path.write_text("a,b\n1,2\n")
    assert "neither of the known layouts" in refused(IMPORTERS["usgs_mcs"].read, path)
    path.write_text(
        "SOURCE,COMMODITY,COUNTRY,TYPE,UNIT_MEAS,Prod_t\nMCS,Antimony,China,Mine,t,60\n"
    )
    assert "has no column of years" in refused(IMPORTERS["usgs_mcs"].read, path)


def test_usgs_reads_windows_dashes(tmp_path):
    path = rawfiles.antimony(tmp_path)
    path.write_bytes(path.read_text(encoding="utf-8").encode("cp1252"))
    frame = IMPORTERS["usgs_mcs"].read(path).frame.set_index("place")
    assert frame.loc["Canada", "value"] == 0


def test_usgs_says_where_countries_miss_the_world_total(tmp_path):
    extract = IMPORTERS["usgs_mcs"].read(rawfiles.antimony(tmp_path, china="60,000"))
    assert "countries add up to 60,040 and the world is printed as 100 (DOUBTFUL)" in said(extract)


# Shares and indices -------------------------------------------------------------------------------


def test_eu_shares_are_fractions_and_a_bound_is_no_share(tmp_path):
    path = rawfiles.eu(tmp_path, "Antimony,P,China,52.5%,1", "Antimony,P,Oman,<0.1%,1")
    frame = IMPORTERS["eu_crm"].read(path).frame
    assert frame["share"].iloc[0] == pytest.approx(0.525)
    assert math.isnan(frame["share"].iloc[1])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Antimony,P,China,0.525,1", "row 2, Share: '0.525' is no share in per cent"),
        ("Antimony,P,China,525%,1", "above 100 %"),
        ("Antimony,X,China,5%,1", "row 2, Stage: 'X' is no stage"),
    ],
)
def test_eu_refuses_what_may_be_a_fraction(tmp_path, line, words):
    assert words in refused(IMPORTERS["eu_crm"].read, rawfiles.eu(tmp_path, line))


def test_wgi_refuses_a_rank_in_place_of_an_estimate(tmp_path):
    path = tmp_path / "wgi_political_stability_1996_2024.csv"
    path.write_text("Country/Territory,Code,year,Estimate\nChina,CHN,2024,62.9\nOman,OMN,2024,\n")
    assert "row 2, Estimate: '62.9' is no estimate" in refused(IMPORTERS["wgi"].read, path)


# BACI ---------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SUPPLYCHAIN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


FLOWS = (
    "2023,156,410,282200,100.5,10",
    "2023,156,392,282200,50,          NA",
    "2023,392,410,010121,7,0.5",
    "2023,180,156,260500,9,3",
)


@pytest.mark.parametrize("packed", [False, True])
def test_baci_gives_the_flows_of_a_code(tmp_path, cache, packed):
    path = rawfiles.baci(tmp_path, *FLOWS, packed=packed)
    frame = baci_importer.read(path, codes=["282200"]).frame
    assert frame[["exporter", "importer", "hs", "value_usd"]].to_numpy().tolist() == [
        ["156", "392", "282200", 50_000.0],
        ["156", "410", "282200", 100_500.0],
    ]
    assert math.isnan(frame["quantity_t"].iloc[0])
    assert frame["quantity_t"].iloc[1] == 10


def test_baci_keeps_everything_through_the_cache(tmp_path, cache):
    path = rawfiles.baci(tmp_path, *FLOWS)
    first, second = baci_importer.read(path), baci_importer.read(path)
    assert len(first.frame) == len(FLOWS)
    assert first.frame.equals(second.frame)
    assert first.sha256 == second.sha256
    assert len(list(cache.iterdir())) == 1
    assert set(first.frame["hs"]) == {"282200", "010121", "260500"}


def test_baci_makes_a_new_cache_when_the_file_changes(tmp_path, cache):
    path = rawfiles.baci(tmp_path, *FLOWS)
    baci_importer.read(path)
    rawfiles.baci(tmp_path, *FLOWS, "2023,36,410,282200,1,1")
    assert len(baci_importer.read(path, codes=["282200"]).frame) == 3


@pytest.mark.parametrize("place", [0.0, 0.3, 0.5, 0.7, 0.9, 1.0])
def test_baci_makes_a_damaged_cache_anew(tmp_path, cache, place):
    path = rawfiles.baci(tmp_path, *(f"2023,156,{n},282580,{n},{n}" for n in range(1, 400)))
    first = IMPORTERS["baci"].read(path).frame
    kept = next(cache.glob("*.parquet"))
    data = bytearray(kept.read_bytes())
    data[int(place * (len(data) - 1))] ^= 0xFF
    kept.write_bytes(data)
    pd.testing.assert_frame_equal(IMPORTERS["baci"].read(path).frame, first)


def test_baci_refuses_a_file_that_changes_while_it_is_read(tmp_path, cache):
    path = rawfiles.baci(tmp_path, "2023,156,410,282580,10,1")

    def still_downloading(done, size):
        if done == size:
            with path.open("a") as file:
                file.write("2023,392,410,282580,5,1\n")

    message = refused(IMPORTERS["baci"].read, path, progress=still_downloading)
    assert "changed while it was read" in message
    assert not list(cache.glob("*.parquet"))


def test_baci_puts_a_lost_leading_zero_back_and_says_so(tmp_path, cache):
    extract = baci_importer.read(rawfiles.baci(tmp_path, "2023,392,410,10121,7,0.5"))
    assert extract.frame["hs"].tolist() == ["010121"]
    assert "1 product codes had lost their leading zero" in str(extract.remarks[0])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("2023,156,410,2822,1,1", "row 6, k: '2822' is no HS code"),
        ("2023,156,410,282200,-1,1", "row 6, v: '-1.0' is negative"),
        ("2023,156,410,282200,1,-1", "row 6, q: '-1' is neither a quantity nor NA"),
        ('2023,156,410,282200,1,"1,5"', "row 6, q: '1,5' is neither a quantity nor NA"),
        ("2023,156,410,282200,1.0.0,1", "cannot be read as numbers"),
        ("2023,156,410,282200,100.5,10", "holds a flow twice"),
    ],
)
def test_baci_refuses_what_cannot_be(tmp_path, cache, line, words):
    assert words in refused(baci_importer.read, rawfiles.baci(tmp_path, *FLOWS, line))
    assert not [p for p in cache.iterdir() if p.name.startswith(".")]  # nothing half-made is left


def test_baci_leaves_out_flows_of_a_country_to_itself(tmp_path, cache):
    extract = baci_importer.read(rawfiles.baci(tmp_path, *FLOWS, "2023,156,156,282200,1,1"))
    assert len(extract.frame) == len(FLOWS)
    assert any("to itself" in str(remark) for remark in extract.remarks)


def test_baci_tells_how_far_it_is(tmp_path, cache):
    path = rawfiles.baci(tmp_path, *FLOWS)
    told = []
    baci_importer.read(path, progress=lambda done, size: told.append((done, size)))
    assert told[-1] == (path.stat().st_size, path.stat().st_size)


# Comtrade -----------------------------------------------------------------------------------------


def comtrade(folder, *lines):
    path = folder / "comtrade_2023.csv"
    path.write_text("\n".join([COMTRADE, *lines]) + "\n")
    return path


def test_comtrade_turns_reports_into_flows_in_tonnes(tmp_path):
    path = comtrade(
        tmp_path,
        "2023,KOR,M,CHN,282200,12000,300",
        "2023,CHN,X,KOR,282200,11000,290",
        "2023,KOR,M,W00,282200,12500,310",
        "2023,KOR,RX,JPN,282200,1,1",
    )
    extract = IMPORTERS["comtrade"].read(path)
    columns = ["exporter", "importer", "quantity_t", "value_usd", "reported_by"]
    assert extract.frame[columns].to_numpy().tolist() == [
        ["CHN", "KOR", 11.0, 290.0, "exporter"],
        ["CHN", "KOR", 12.0, 300.0, "importer"],
    ]
    said = " ".join(map(str, extract.remarks))
    assert "1 rows of re-imports" in said
    assert "1 totals over all partners" in said


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["KOR,2023,M,CHN,282200,1,1"], "the cells seem to stand beside their columns"),
        (["2023,KOR,CHN,M,282200,1,1"], "is no flow"),
        (["2023,KOR,M,CHN,28.2200,1,1"], "row 2, cmdCode: '28.2200' is no HS code"),
        (["2023,KOR,M,CHN,282200,W,1"], "row 2, netWgt: 'W' is no amount"),
        (["2023,KOR,M,W00,282200,1,1"], "totals over all partners and no partner"),
        (["2023,KOR,M,CHN,282200,1,9", "2023,KOR,M,CHN,282200,1,9"], "gives a flow twice"),
        (["2023,KOR,M,CHN,282200,1,90", "2023,KOR,M,W00,282200,1,9"], "the total says 9"),
    ],
)
def test_comtrade_refuses(tmp_path, lines, words):
    assert words in refused(IMPORTERS["comtrade"].read, comtrade(tmp_path, *lines))


PLUS = (
    "typeCode,freqCode,refPeriodId,refYear,refMonth,period,reporterCode,reporterISO,reporterDesc,"
    "flowCode,flowDesc,partnerCode,partnerISO,partnerDesc,partner2Code,partner2ISO,partner2Desc,"
    "classificationCode,cmdCode,cmdDesc,customsCode,mosCode,motCode,netWgt,isNetWgtEstimated,"
    "cifvalue,fobvalue,primaryValue"
)


def plus(country="CIV,C\u00f4te d'Ivoire", **other):
    """One row as the web page writes it: it ends in a comma, the header does not."""
    row = {
        "second": "0,W00,World",
        "customs": "C00",
        "mode": "0",
        "kg": "12000",
        "usd": "300",
    } | other
    return (
        f"C,A,20230101,2023,52,2023,384,{country},M,Import,156,CHN,China,{row['second']},"
        f"H6,010121,Horses,{row['customs']},0,{row['mode']},{row['kg']},true,,,{row['usd']},"
    )


def test_comtrade_reads_the_web_page_with_its_accents_and_its_last_comma(tmp_path):
    path = tmp_path / "TradeData_11_21_2026_10_0_0.csv"
    path.write_bytes(f"{PLUS}\n{plus()}".encode("latin-1"))
    extract = IMPORTERS["comtrade"].read(path)
    assert extract.frame.to_numpy().tolist() == [
        [2023, "CHN", "CIV", "010121", 12.0, 300.0, "importer"]
    ]
    assert "1 net weights estimated by the UN" in said(extract)


def test_comtrade_leaves_out_the_parts_beside_the_whole(tmp_path):
    path = tmp_path / "comtrade.csv"
    parts = plus(mode="2100", kg="9000", usd="200"), plus(customs="C04", kg="3000", usd="100")
    path.write_text("\n".join([PLUS, plus(), *parts]), encoding="utf-8")
    extract = IMPORTERS["comtrade"].read(path)
    assert extract.frame["value_usd"].tolist() == [300.0]
    assert "2 rows by transport, customs or second partner, beside the whole" in said(extract)


def test_comtrade_adds_up_parts_by_one_thing_and_refuses_two(tmp_path):
    path = tmp_path / "comtrade.csv"
    ship, plane = plus(mode="2100", kg="9000", usd="200"), plus(mode="1000", kg="1", usd="100")
    path.write_text(f"{PLUS}\n{ship}\n{plane}", encoding="utf-8")
    extract = IMPORTERS["comtrade"].read(path)
    assert extract.frame[["quantity_t", "value_usd"]].to_numpy().tolist() == [[9.001, 300.0]]
    path.write_text("\n".join([PLUS, ship, plus(customs="C04", mode="1000")]), encoding="utf-8")
    assert "in parts by two things at once" in refused(IMPORTERS["comtrade"].read, path)


def test_comtrade_reads_the_older_downloads(tmp_path):
    path = tmp_path / "comtrade.csv"
    path.write_text(
        "Classification,Year,Period,Trade Flow Code,Trade Flow,Reporter Code,Reporter,Reporter ISO,"
        "Partner Code,Partner,Partner ISO,Commodity Code,Netweight (kg),Trade Value (US$)\n"
        "H5,2018,2018,1,Import,410,Rep. of Korea,KOR,0,World,WLD,282200,30000,600\n"
        "H5,2018,2018,1,Import,410,Rep. of Korea,KOR,156,China,CHN,282200,20000,400\n"
        "H5,2018,2018,2,Export,410,Rep. of Korea,KOR,392,Japan,JPN,282200,0,40\n"
        "H5,2018,2018,4,Re-Import,410,Rep. of Korea,KOR,156,China,CHN,282200,1,1\n"
        "H5,2018,2018,1,Import,410,Rep. of Korea,KOR,156,China,CHN,TOTAL,1,1\n"
    )
    extract = IMPORTERS["comtrade"].read(path)
    columns = ["exporter", "importer", "quantity_t", "value_usd"]
    rows = extract.frame[columns].to_numpy().tolist()
    assert rows[0] == ["CHN", "KOR", 20.0, 400.0]
    assert math.isnan(rows[1][2])
    assert "1 net weights of zero beside a value: missing, not zero" in said(extract)
    assert "1 totals over all goods" in said(extract)


def test_comtrade_doubts_codes_that_hold_each_other(tmp_path):
    lines = "2023,KOR,M,CHN,282200,1,1", "2023,KOR,M,CHN,2822,1,1"
    extract = IMPORTERS["comtrade"].read(comtrade(tmp_path, *lines))
    assert "2822 are there with their parts" in said(extract)


def test_comtrade_refuses_months(tmp_path):
    path = tmp_path / "comtrade.csv"
    path.write_text(
        "period,reporterISO,flowCode,partnerISO,cmdCode,netWgt,primaryValue\n202301,KOR,M,CHN,282200,1,1\n"
    )
    assert "is monthly. Ask for the frequency A." in refused(IMPORTERS["comtrade"].read, path)


def test_a_thousandfold_weight_is_said(tmp_path):
    lines = [f"2023,KOR,M,{place},282200,1000,20000" for place in ("CHN", "FIN", "BEL", "JPN")]
    extract = IMPORTERS["comtrade"].read(
        comtrade(tmp_path, *lines, "2023,KOR,M,USA,282200,1,20000")
    )
    assert "1 of 5 flows (20.0%) are worth" in said(extract)
    assert "282200 1 of 5 (DOUBTFUL)" in said(extract)


def test_comtrade_doubts_partners_that_fall_short_of_their_total(tmp_path):
    lines = ["2023,KOR,M,CHN,282200,1,60", "2023,KOR,M,W00,282200,2,100"]
    extract = IMPORTERS["comtrade"].read(comtrade(tmp_path, *lines))
    (doubt,) = [remark for remark in extract.remarks if remark.verdict == "doubt"]
    assert "the partners hold 60%: was the download cut?" in str(doubt)


def test_comtrade_puts_a_lost_zero_back(tmp_path):
    extract = IMPORTERS["comtrade"].read(comtrade(tmp_path, "2023,KOR,M,CHN,10121,1,1"))
    assert extract.frame["hs"].tolist() == ["010121"]
    assert "leading zero" in str(extract.remarks[0])


# Input-output tables ------------------------------------------------------------------------------


def world_table(folder, **changes):
    arrays = {
        "Z": np.array([[1, 2], [3, -4]]),
        "F": np.array([[5, 2], [6, 5]]),
        "x": np.array([10, 10]),
        "countries": np.array(["KOR", "JPN"]),
        "industries": np.array(["c1"]),
    } | changes
    path = folder / "wiot_2011_musd_int.npz"
    np.savez(path, **arrays)
    return path


def test_wiod_gives_flows_final_demand_and_output(tmp_path):
    extract = IMPORTERS["wiod"].read(world_table(tmp_path))
    rows = {tuple(row[1:5]): row[5] for row in extract.frame.itertuples(index=False)}
    assert rows["KOR", "c1", "JPN", "c1"] == 2
    assert rows["JPN", "c1", "KOR", "final"] == 6
    assert rows["JPN", "c1", "", "output"] == 10
    assert ("JPN", "c1", "JPN", "c1") not in rows
    assert "1 negative intermediate entries" in " ".join(map(str, extract.remarks))


def test_wiod_refuses_rows_that_miss_their_outputs(tmp_path):
    path = world_table(tmp_path, x=np.array([10, 20]))
    assert "miss their outputs by 33.3%" in refused(IMPORTERS["wiod"].read, path)


def test_wiod_refuses_shapes_that_do_not_fit(tmp_path):
    path = world_table(tmp_path, x=np.array([10]))
    assert "do not fit 2 countries x 1 industries" in refused(IMPORTERS["wiod"].read, path)


def test_icio_adds_up_the_parts_of_china(tmp_path):
    path = tmp_path / "2018_SML.csv"
    path.write_text(
        "V1,KOR_C29,CN1_C29,CN2_C29,KOR_HFCE,OUT\n"
        "KOR_C29,1,2,3,4,10\n"
        "CN1_C29,1,0,1,0,2\n"
        "CN2_C29,0,0,0,5,5\n"
        "VA,1,1,1,0,3\n"
    )
    frame = IMPORTERS["icio"].read(path).frame
    rows = {tuple(row[1:5]): row[5] for row in frame.itertuples(index=False)}
    assert rows["KOR", "C29", "CHN", "C29"] == 5
    assert rows["CHN", "C29", "", "output"] == 7
    assert rows["CHN", "C29", "KOR", "final"] == 5


def test_icio_refuses_rows_that_miss_their_outputs(tmp_path):
    path = tmp_path / "2018_SML.csv"
    path.write_text("V1,KOR_C29,OUT\nKOR_C29,1,10\n")
    assert "miss their outputs by 90.0%" in refused(IMPORTERS["icio"].read, path)


ICIO = (
    "V1,KOR_A01_02,JPN_A01_02,KOR_HFCE,JPN_DPABR,OUT\n"
    "KOR_A01_02,1,2,3,-1,5\n"
    "JPN_A01_02,0,1,1,2,4\n"
    "TLS,1,1,0,0,2\n"
    "VA,3,0,0,0,3\n"
    "OUT,5,4,4,1,14\n"
)


@pytest.mark.parametrize(
    ("name", "year"), [("2020_SML.csv", 2020), ("ICIO2023_2018.csv", 2018), ("2022.csv", 2022)]
)
def test_icio_takes_the_year_and_not_the_edition_from_the_name(tmp_path, name, year):
    path = tmp_path / name
    path.write_text(ICIO)
    extract = IMPORTERS["icio"].read(path)
    rows = rows_of(extract)
    assert set(extract.frame["year"]) == {year}
    assert rows["KOR", "A01_02", "JPN", "A01_02"] == 2
    assert rows["KOR", "A01_02", "JPN", "final"] == -1
    assert rows["JPN", "A01_02", "", "output"] == 4
    assert any(re.fullmatch(pattern, name) for pattern in IMPORTERS["icio"].patterns)


def test_icio_keeps_the_regions_asked_for_and_adds_up_the_others(tmp_path):
    path = tmp_path / "2020_SML.csv"
    path.write_text(ICIO)
    rows = rows_of(IMPORTERS["icio"].read(path, regions=["KOR"]))
    assert rows["ROW", "A01_02", "ROW", "final"] == 2
    assert rows["KOR", "A01_02", "ROW", "A01_02"] == 2
    assert sum(value for key, value in rows.items() if key[3] == "output") == 9


def test_a_region_that_the_table_has_not_is_refused_and_not_added_to_the_rest(tmp_path):
    path = tmp_path / "2020_SML.csv"
    path.write_text(ICIO, encoding="utf-8")
    message = refused(IMPORTERS["icio"].read, path, regions=["KOR", "JP"])
    assert "'JP' is no region of the table. Allowed: JPN, KOR. Did you mean 'JPN'?" in message


def test_icio_reads_one_year_of_an_archive(tmp_path):
    path = tmp_path / "ICIO2023_2016-2020.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("2019_SML.csv", ICIO)
        packed.writestr("2020_SML.csv", ICIO.replace("KOR", "DEU"))
    rows = rows_of(IMPORTERS["icio"].read(path, year=2020))
    assert ("DEU", "A01_02", "", "output") in rows
    message = refused(IMPORTERS["icio"].read, path)
    assert "holds 2 tables. Allowed: one of 2019_SML.csv, 2020_SML.csv" in message
    assert "--year" in message


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("KOR_A01_02,1,2", "KOR_A01_02,1,2x", "row 2, JPN_A01_02: '2x' is no number"),
        ("KOR_HFCE", "KOR_HOUSE", "'KOR_HOUSE' is neither a sector of the rows nor"),
        ("JPN_A01_02,0", "Japan,0", "row 3: 'Japan' is not COUNTRY_SECTOR"),
        ("V1,KOR_A01_02,JPN_A01_02", "V1,KOR_A01_02,KOR_A01_02", "stands twice"),
    ],
)
def test_icio_refuses_what_it_cannot_read(tmp_path, before, after, words):
    path = tmp_path / "2020_SML.csv"
    path.write_text(ICIO.replace(before, after))
    assert words in refused(IMPORTERS["icio"].read, path)


def test_a_table_that_was_cut_off_is_refused(tmp_path):
    path = tmp_path / "2020_SML.csv"
    lines = ICIO.splitlines(keepends=True)
    path.write_text("".join(lines[:2]))
    assert "1 industries with a row or a column alone: is it cut off?" in refused(
        IMPORTERS["icio"].read, path
    )
    path.write_text("".join(lines[:3])[:-5])
    assert "row 3: ends too early" in refused(IMPORTERS["icio"].read, path)


def test_a_world_in_thousands_is_doubted():
    names = np.array([f"C{n:02d}" for n in range(40)]), np.repeat("A", 40)
    cells = np.full((40, 40), 1e5)  # 160 million: 160 trillion in millions
    for factor, verdict in ((1, "check"), (1000, "doubt"), (0.001, "doubt")):
        table = iotable.Table(2020, names, names, cells * factor, cells.sum(axis=1) * factor)
        assert iotable.checked("x", table)[1][1].verdict == verdict


WIOD_2016 = (
    "IndustryCode,IndustryDescription,Country,RNr,Year,vKOR1,vKOR2,vROW1,vROW2,vKOR57,vROW61,TOT\n"
    "A01,Crops,KOR,1,2014,1,2,0,0,3,-1,5\n"
    "C26,Electronics,KOR,2,2014,0,0,4,0,1,0,5\n"
    "A01,Crops,ROW,1,2014,0,0,0,0,0,2,2\n"
    "C26,Electronics,ROW,2,2014,0,1,0,0,0,0,1\n"
    "II_fob,Total,TOT,65,2014,1,3,4,0,4,1,13\n"
)


def test_wiod_reads_the_release_of_2016_as_csv_stata_and_archive(tmp_path):
    table = tmp_path / "WIOT2014_October16_ROW.csv"
    table.write_text(WIOD_2016)
    first = rows_of(IMPORTERS["wiod"].read(table))
    assert first["KOR", "C26", "ROW", "A01"] == 4
    assert first["KOR", "A01", "ROW", "final"] == -1
    assert first["ROW", "C26", "", "output"] == 1
    stata = tmp_path / "WIOT2014_October16_ROW.dta"
    pd.read_csv(table).to_stata(stata, write_index=False, version=118)
    assert rows_of(IMPORTERS["wiod"].read(stata)) == first
    packed = tmp_path / "WIOTS_in_STATA.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(stata, stata.name)
    assert rows_of(IMPORTERS["wiod"].read(packed, year=2014)) == first
    assert "--year 2014" in refused(IMPORTERS["wiod"].read, packed)


def test_wiod_reads_the_workbook_of_2013(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["World Input-Output Table 2011"],
        [],
        ["(industry-by-industry)", None, None, None, "AtB", "AtB", "x", "x", None],
        ["(millions of US$)", None, None, None, "Crops", "Crops", "Use", "Use", "Total output"],
        [None, None, None, None, "KOR", "JPN", "KOR", "JPN", "TOT"],
        [None, None, None, None, "c1", "c1", "c37", "c42", "c62"],
        ["AtB", "Crops", "KOR", "c1", 1, 2, 3, None, 6],
        ["AtB", "Crops", "JPN", "c1", 0, 1, 0, 4, 5],
        [None, "Total", "TOT", "r60", 1, 3, 3, 4, 11],
    ):
        sheet.append(row)
    path = tmp_path / "WIOT11_ROW_Sep12.xlsx"
    book.save(path)
    extract = IMPORTERS["wiod"].read(path)
    assert rows_of(extract) == {
        ("KOR", "c1", "KOR", "c1"): 1,
        ("KOR", "c1", "JPN", "c1"): 2,
        ("KOR", "c1", "KOR", "final"): 3,
        ("JPN", "c1", "JPN", "c1"): 1,
        ("JPN", "c1", "JPN", "final"): 4,
        ("KOR", "c1", "", "output"): 6,
        ("JPN", "c1", "", "output"): 5,
    }
    assert set(extract.frame["year"]) == {2011}


def test_wiod_says_what_to_take_in_place_of_a_binary_workbook(tmp_path):
    path = tmp_path / "WIOT2014_Nov16_ROW.xlsb"
    path.write_bytes(b"PK")
    message = refused(IMPORTERS["wiod"].read, path)
    assert "is in a form (xlsb) that is not read" in message
    assert "WIOTS_in_STATA.zip" in message


class FakeExiobase:
    """What pymrio gives: frames with two levels of names, and a unit for each row."""

    def __init__(self, unit="M.EUR"):
        sectors = pd.MultiIndex.from_product([["KR", "WA"], ["Steel"]], names=["region", "sector"])
        demand = pd.MultiIndex.from_product([["KR", "WA"], ["Households", "Investment"]])
        self.Z = pd.DataFrame([[1.0, 2.0], [0.0, 4.0]], index=sectors, columns=sectors)
        self.Y = pd.DataFrame([[1.0, 2.0, 0, 4], [0, 0, 0, 6.0]], index=sectors, columns=demand)
        self.x = pd.DataFrame({"indout": [10.0, 10.0]}, index=sectors)
        self.unit = pd.DataFrame({"unit": unit}, index=sectors)


@pytest.fixture
def exiobase(tmp_path, monkeypatch):
    path = tmp_path / "IOT_2019_ixi.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("IOT_2019_ixi/Z.txt", "x")
    fake = types.SimpleNamespace(parse_exiobase3=lambda _path: FakeExiobase())
    monkeypatch.setitem(sys.modules, "pymrio", fake)
    return path


def test_exiobase_keeps_euros_as_euros_unless_a_rate_is_given(exiobase):
    extract = IMPORTERS["exiobase"].read(exiobase)
    assert extract.frame.columns[-1] == "value_meur"
    rows = rows_of(extract)
    assert rows["KR", "Steel", "WA", "Steel"] == 2
    assert rows["KR", "Steel", "KR", "final"] == 3
    assert rows["WA", "Steel", "", "output"] == 10
    dollars = IMPORTERS["exiobase"].read(exiobase, usd_per_eur=1.12)
    assert rows_of(dollars)["KR", "Steel", "WA", "Steel"] == pytest.approx(2.24)
    assert dollars.frame.columns[-1] == "value_musd"
    assert "at 1.12 USD each" in said(dollars)


def test_exiobase_refuses_other_units_and_files_that_run_code(exiobase, monkeypatch):
    fake = types.SimpleNamespace(parse_exiobase3=lambda _path: FakeExiobase(unit="tonnes"))
    monkeypatch.setitem(sys.modules, "pymrio", fake)
    assert "'tonnes' is not in one known unit" in refused(IMPORTERS["exiobase"].read, exiobase)
    with zipfile.ZipFile(exiobase, "a") as packed:
        packed.writestr("IOT_2019_ixi/A.pkl", "x")
    assert "could run code" in refused(IMPORTERS["exiobase"].read, exiobase)


def test_exiobase_without_pymrio_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "pymrio", None)
    path = tmp_path / "IOT_2019_ixi.zip"
    path.write_bytes(b"")
    assert main(["data", "import", "exiobase", str(path)]) == 6
    assert "needs pymrio: install the extra, supplychain[tables]" in capsys.readouterr().err


def test_bea_says_whose_commodities_they_are(tmp_path):
    path = tmp_path / "bea_use_import.csv"
    path.write_text("bea_code,331313,336111\n331313,5,-2\n")
    extract = IMPORTERS["bea"].read(path)
    assert extract.frame.to_numpy().tolist() == [[2017, "ROW", "331313", "USA", "331313", 5.0]]
    assert "1 negative entries" in str(extract.remarks[0])


# Other statistics of output -----------------------------------------------------------------------

BGS = (
    "bgs_commodity_trans,bgs_sub_commodity_trans,bgs_statistic_type_trans,country_trans,"
    "country_iso3_code,year,quantity,units,yearbook_table_trans,concat_figure_notes_text"
)


def bgs(folder, *lines):
    path = folder / "bgs_cobalt_production.csv"
    path.write_text("\n".join([BGS, *lines]) + "\n", encoding="utf-8")
    return path


def cobalt(country="Zambia", year="2022", quantity="250", note="", unit="tonnes (metal content)"):
    return (
        f'"cobalt, mine",,Production,{country},ZMB,{year},{quantity},{unit},'
        f"Mine production of cobalt,{note}"
    )


def test_bgs_keeps_estimates_and_missing_figures_apart(tmp_path):
    path = bgs(
        tmp_path,
        cobalt(note="Estimates."),
        cobalt(year="2021-01-01", quantity="247"),
        cobalt(year="2020", quantity=""),
    )
    extract = IMPORTERS["bgs_wms"].read(path)
    columns = ["chapter", "place", "unit", "year", "mark", "iso3", "basis"]
    place = ["cobalt, mine", "Zambia", "tonnes (metal content)"]
    assert extract.frame[columns].to_numpy().tolist() == [
        [*place, 2022, "", "ZMB", "estimated"],
        [*place, 2021, "", "ZMB", "reported"],
        [*place, 2020, "missing", "ZMB", "reported"],
    ]
    assert "1 of 3 cells without a figure: missing, not zero" in said(extract)


def test_bgs_says_where_a_unit_may_have_changed(tmp_path):
    path = bgs(tmp_path, cobalt(), cobalt(year="2023", quantity="250000"))
    assert "1 figures jump 500-fold within a year: Zambia cobalt, mine 2023" in said(
        IMPORTERS["bgs_wms"].read(path)
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (cobalt(unit="lb"), "row 2, units: 'lb' is no known unit"),
        (cobalt(year="22"), "row 2, year: '22' is no year"),
        (cobalt(quantity="W"), "row 2, quantity: 'W' is no quantity"),
        (
            cobalt() + "\n" + cobalt(quantity="9"),
            "row 3: 'Zambia, cobalt, mine, 2022' stands twice",
        ),
    ],
)
def test_bgs_refuses(tmp_path, line, words):
    assert words in refused(IMPORTERS["bgs_wms"].read, bgs(tmp_path, line))


def test_bgs_reads_json_and_refuses_a_part_of_it(tmp_path):
    names = BGS.split(",")
    cells = ["cobalt, mine", None, "Production", "Zambia", "ZMB", "2022-01-01", 250.0]
    properties = dict(zip(names, [*cells, "tonnes (metal content)", None, None], strict=True))
    found = {"features": [{"properties": properties}], "numberMatched": 1, "numberReturned": 1}
    path = tmp_path / "bgs.json"
    path.write_text(json.dumps(found))
    frame = IMPORTERS["bgs_wms"].read(path).frame
    assert frame[["place", "year", "value"]].to_numpy().tolist() == [["Zambia", 2022, 250.0]]
    path.write_text(json.dumps(found | {"numberMatched": 28_000}))
    assert "holds 1 of 28000 figures" in refused(IMPORTERS["bgs_wms"].read, path)


WMD = "commodity,Country,Country_Code,Country_ISO,unit,data_source,year,production"


def wmd(folder, *lines):
    path = folder / "wmd_production_2024.csv"
    path.write_text("\n".join([WMD, *lines]) + "\n")
    return path


def test_wmd_checks_the_printed_total_and_marks_estimates(tmp_path):
    path = wmd(
        tmp_path,
        "Germanium,China,156,CHN,metr. t,r,2024,140.0",
        "Germanium,Russia,643,RUS,metr. t,e,2024,5.0",
        "Germanium,Total,DELETE,DELETE,metr. t,,2024,145.0",
    )
    extract = IMPORTERS["wmd"].read(path)
    assert extract.frame[["place", "iso3", "basis", "value"]].to_numpy().tolist() == [
        ["China", "CHN", "reported", 140.0],
        ["Russia", "RUS", "estimated", 5.0],
        ["World total", "", "", 145.0],
    ]
    assert "within 5% in 1 of 1 tables" in said(extract)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Germanium,China,156,CHN,lb,r,2024,1", "unit: 'lb' is no known unit"),
        ("Germanium,China,156,CHN,metr. t,x,2024,1", "data_source: 'x' is no known mark"),
        ("Germanium,China,156,CHN,metr. t,r,2024,-1", "production: '-1' is no figure"),
        ("Germanium,China,156,CHN,metr. t,r,24,1", "year: '24' is no year"),
    ],
)
def test_wmd_refuses(tmp_path, line, words):
    assert words in refused(IMPORTERS["wmd"].read, wmd(tmp_path, line))


def test_wmd_reads_the_workbook_a_sheet_for_each_mineral(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "Contents"
    book.active.append(["Section 6.4"])
    sheet = book.create_sheet("Germanium")
    sheet.append(["Germanium"])
    sheet.append(["Country", "unit", 2022, 2023, "data source"])
    sheet.append(["China", "metr. t", 130, 140, "r"])
    sheet.append(["Russia", "metr. t", 5, 5, "e"])
    sheet.append(["Total", "metr. t", 135, 145, None])
    sheet.append(["r = reported"])
    path = tmp_path / "6.4. Production_of_Mineral_Raw_Materials_by_Minerals.xlsx"
    book.save(path)
    extract = IMPORTERS["wmd"].read(path)
    assert extract.frame[["chapter", "place", "year", "value", "basis"]].to_numpy().tolist()[
        :3
    ] == [
        ["Germanium", "China", 2022, 130.0, "reported"],
        ["Germanium", "China", 2023, 140.0, "reported"],
        ["Germanium", "Russia", 2022, 5.0, "estimated"],
    ]
    assert len(extract.frame) == 6
    assert "within 5% in 2 of 2 tables" in said(extract)


IEA = "section,mineral,dimension,scenario,year,value_kt_or_share"


def test_iea_tells_today_from_scenarios_and_drops_notes(tmp_path):
    path = tmp_path / "iea_cm_explorer_long.csv"
    lines = (
        "supply_mining,Cobalt,country:Democratic Republic of Congo,base,2024,180",
        "supply_mining,Cobalt,country:Rest of world,base,2024,90",
        "supply_mining,Cobalt,total,base,2024,270",
        "supply_mining,Cobalt,top3Share,base,2024,0.8",
        "supply_mining,Cobalt,country:Notes: projections use a pipeline of projects,base,2024,",
        "total_demand,Cobalt,sector:Electric vehicles,NZE,2030,200",
    )
    path.write_text("\n".join([IEA, *lines]) + "\n")
    extract = IMPORTERS["iea_cm"].read(path)
    columns = ["section", "place", "statistic", "detail", "unit", "scenario", "basis"]
    rows = extract.frame[columns].to_numpy().tolist()
    mining, made = "World supply, mining", ["Production", "Production", "thousand metric tons"]
    assert rows == [
        [mining, "Democratic Republic of Congo", *made, "base", "estimated"],
        [mining, "Rest of world", *made, "base", "estimated"],
        [mining, "World total", *made, "base", "estimated"],
        [mining, "World total", "Share", "top3Share", "share", "base", "estimated"],
        [*("Total demand", "World", "Demand", "Electric vehicles"), *(made[2], "NZE", "projected")],
    ]
    assert "1 rows hold notes (left out)" in said(extract)
    assert "within 5% in 1 of 1 tables" in said(extract)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("supply,Cobalt,total,base,2024,1", "section: 'supply' is no section"),
        ("supply_mining,Cobalt,total,base,2024,x", "'x' is no figure"),
        ("supply_mining,Cobalt,top3Share,base,2024,80", "'80' is no share"),
    ],
)
def test_iea_refuses(tmp_path, line, words):
    path = tmp_path / "iea_cm_explorer_long.csv"
    path.write_text(f"{IEA}\n{line}\n")
    assert words in refused(IMPORTERS["iea_cm"].read, path)


def test_iea_reads_the_workbook_with_its_tables_side_by_side(tmp_path):
    book = openpyxl.Workbook()
    demand, supply = book.active, book.create_sheet("2 Total supply for key minerals")
    demand.title = "1 Total demand for key minerals"
    for row in (
        ["Total demand for key minerals (kt)"],
        [],
        [None, None, None, "Stated policies scenario", None, None, "Net Zero Emissions by 2050"],
        [None, 2024, None, 2030, 2035, None, 2030, 2035],
        [],
        ["Cobalt"],
        ["Electric vehicles", 60, None, 90, 100, None, 120, 150],
        ["Total demand", 220, None, 250, 270, None, 300, 330],
        ["Notes: see the report"],
    ):
        demand.append(row)
    for row in (
        ["Total supply for key minerals (kt)"],
        [],
        [],
        [None, 2024, 2030, None, None, 2024, 2030],
        [],
        ["Cobalt - Mining", None, None, None, "Cobalt - Refining"],
        ["DRC", 180, 200, None, "China", 196, 210],
        ["Rest of world", 90, 100, None, "Rest of world", 54, 60],
        ["Total", 270, 300, None, "Total", 250, 270],
        ["Top 3 share", 0.8, 0.79, None, "Top 3 share", 0.88, 0.87],
    ):
        supply.append(row)
    path = tmp_path / "CM_Data_Explorer.xlsx"
    book.save(path)
    extract = IMPORTERS["iea_cm"].read(path)
    frame = extract.frame.set_index(["section", "place", "detail", "scenario", "year"])["value"]
    assert frame["World supply, mining", "DRC", "Production", "base", 2030] == 200
    assert frame["World supply, refining", "China", "Production", "base", 2024] == 196
    assert frame["Total demand", "World", "Electric vehicles", "NZE", 2035] == 150
    assert frame["Total demand", "World", "Electric vehicles", "base", 2024] == 60
    assert set(extract.frame["chapter"]) == {"Cobalt"}
    assert "within 5% in 4 of 4 tables" in said(extract)


# Damaged files ------------------------------------------------------------------------------------


def damaged(whole, rng):
    """The bytes of a file with one to three of them changed, lost or added, or its end missing."""
    found = bytearray(whole)
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(len(found) - 1)) + 1
        how = int(rng.integers(4))
        if how == 0:
            found[place - 1] = b'0,"\n-.xN \xff'[int(rng.integers(9))]
        elif how == 1:
            del found[place : place + 3]
        elif how == 2:
            found[place:place] = (b",", b'"', b"1e999", b"nan", b"\x00")[int(rng.integers(5))]
        else:
            del found[place + 1 :]
    return bytes(found)


@pytest.mark.parametrize(
    ("importer_name", "name", "text"),
    [
        ("icio", "2020_SML.csv", ICIO),
        ("wiod", "WIOT2014_October16_ROW.csv", WIOD_2016),
        ("comtrade", "comtrade.csv", f"{PLUS}\n{plus()}\n{plus(mode='1000')}\n"),
        ("bgs_wms", "bgs.csv", f"{BGS}\n{cobalt()}\n{cobalt(year='2021')}\n"),
        ("wmd", "wmd_production.csv", f"{WMD}\nGermanium,China,156,CHN,kg,r,2024,140.0\n"),
        ("iea_cm", "cm_explorer.csv", f"{IEA}\nsupply_mining,Cobalt,total,base,2024,180\n"),
        ("wgi", "wgi.csv", "Country/Territory,Code,year,Estimate\nJapan,JPN,2023,1.0\n"),
        ("un_votes", "votes.csv", "session,IdealPoint,iso3c,Countryname\n74,0.5,KOR,Korea\n"),
        ("bea", "bea_use_domestic.csv", "bea_code,A,B\nA,1,2\nB,3,4\n"),
        ("baci", "BACI_HS92_Y2023_V202601.csv", "t,i,j,k,v,q\n2023,156,410,282580,10,1\n"),
    ],
)
@pytest.mark.filterwarnings("ignore")  # other libraries warn of what we refuse or check
def test_a_damaged_file_is_read_or_refused_and_never_a_traceback(
    tmp_path, cache, importer_name, name, text
):
    rng = np.random.default_rng(7)
    path = tmp_path / name
    refusals = 0
    for _ in range(60):
        path.write_bytes(damaged(text.encode(), rng))
        try:
            IMPORTERS[importer_name].read(path)
        except DataError:
            refusals += 1
    assert refusals > 10


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
def test_a_damaged_packed_file_is_read_or_refused_and_never_a_traceback(tmp_path, cache, form):
    lines = ["2023,156,410,282580,10,1", "2023,392,410,282580,30,NA"]
    whole = rawfiles.baci(tmp_path, *lines, packed=True)
    if form == "parquet":
        frame = pd.read_csv(whole)
        whole = tmp_path / "baci_extract.parquet"
        frame.to_parquet(whole)
    data = whole.read_bytes()
    rng = np.random.default_rng(7)
    path = tmp_path / f"BACI_HS92_Y2024_V202601.{form}"
    for _ in range(60):
        path.write_bytes(damaged(data, rng))
        with contextlib.suppress(DataError):
            IMPORTERS["baci"].read(path)
    path.write_bytes(data[: len(data) // 2])
    assert "1 problem in BACI_HS92_Y2024" in refused(IMPORTERS["baci"].read, path)


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        ("k", [282580, None], "k: holds a row without a code or a year"),
        ("v", [1.0, None], "holds a flow that is negative or has no value"),
        ("q", [1.0, float("inf")], "holds a flow that is not finite"),
    ],
)
def test_an_extract_in_parquet_is_checked_like_a_year_file(tmp_path, column, cells, words):
    frame = pd.DataFrame({name: [1, 2] for name in "tijkvq"}).assign(**{column: cells})
    frame.to_parquet(tmp_path / "baci_extract.parquet")
    assert words in refused(IMPORTERS["baci"].read, tmp_path / "baci_extract.parquet")


def test_a_column_that_stands_twice_is_refused_since_one_would_be_lost(tmp_path):
    path = tmp_path / "bea_use_domestic.csv"
    path.write_text("bea_code,A,A\nA,1,2\n", encoding="utf-8")
    assert "row 1, A: stands twice in the header" in refused(IMPORTERS["bea"].read, path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"features": 7}', "holds no figures"),
        ('{"features": [7]}', "row 1: '7' has no properties"),
        ('{"features": ' + "[" * 100_000, "is no JSON"),
    ],
)
def test_bgs_refuses_other_json(tmp_path, text, words):
    (tmp_path / "bgs.json").write_text(text, encoding="utf-8")
    assert words in refused(IMPORTERS["bgs_wms"].read, tmp_path / "bgs.json")


def test_arrays_that_ask_for_more_memory_than_there_is_are_refused(tmp_path):
    """The header of an array states its size; nobody need believe it."""
    whole = world_table(tmp_path)
    with zipfile.ZipFile(whole) as packed:
        members = {name: packed.read(name) for name in packed.namelist()}
    shape = b"'shape': (2, 2)"
    huge = b"'shape': (9999999999999,)"
    head = members["Z.npy"]
    assert shape in head
    members["Z.npy"] = head.replace(shape + b", }" + b" " * 10, huge + b", }")
    with zipfile.ZipFile(whole, "w") as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    assert "asks for more memory than there is" in refused(IMPORTERS["wiod"].read, whole)


def test_a_damaged_workbook_or_stata_table_is_refused(tmp_path):
    for name in ("WIOT11_ROW_Sep12.xlsx", "WIOT2014_October16_ROW.dta"):
        path = tmp_path / name
        path.write_bytes(b"PK\x03\x04 no more than a beginning")
        assert f"1 problem in {name}" in refused(IMPORTERS["wiod"].read, path)


# Own files ----------------------------------------------------------------------------------------

MAP = """
table = "trade"
encoding = "cp949"
delimiter = ";"
decimal = ","
thousands = "."
null = ["-"]
[columns]
exporter = "From"
importer = "To"
product = "Item"
quantity = { column = "kg", factor = 0.001 }
low = { column = "kg", factor = 0.0009 }
high = { column = "kg", factor = 0.0011 }
note = "Remark"
[constants]
unit = "t"
year = 2024
source_id = "mine"
evidence = "C"
[values.product]
"영구자석" = "ndfeb_magnet_hre"
"""


def own(folder, text, column_map=MAP):
    (folder / "map.toml").write_text(column_map, encoding="utf-8")
    (folder / "own.csv").write_bytes(text.encode("cp949"))
    return {"path": folder / "own.csv", "column_map": folder / "map.toml"}


def test_an_own_file_is_read_by_what_its_map_says(tmp_path):
    files = own(tmp_path, "From;To;Item;kg;Remark\nCHN;KOR;영구자석;1.234.500,5;-\n")
    row = IMPORTERS["edges"].read(**files).frame.iloc[0]
    assert row["product"] == "ndfeb_magnet_hre"
    assert row["quantity"] == "1234.5005"
    assert (row["unit"], row["year"], row["note"], row["share"]) == ("t", "2024", "", "")


def test_rows_that_no_pack_may_hold_are_refused_with_the_lines_of_the_raw_file(tmp_path):
    lines = "CHN;KOR;x;-12;-\n\nCHN;JPN;x;5;-\nCHN;JPN;x;6;-\n"
    wrong = MAP.replace('evidence = "C"', 'evidence = "Z"')
    files = own(tmp_path, "From;To;Item;kg;Remark\n" + lines, wrong)
    message = refused(IMPORTERS["edges"].read, **files)
    assert "row 2, quantity: '-0.012' is below the least that is allowed" in message
    assert "row 4, evidence: 'Z' is not one of the allowed words" in message
    assert "row 5: has the same exporter, importer, product as row 4" in message


def test_every_cell_that_is_no_number_is_named(tmp_path):
    lines = "CHN;KOR;x;1.23;-\nCHN;JPN;x;1,234.5;-\nCHN;USA;x;12,5;-\n"
    message = refused(IMPORTERS["edges"].read, **own(tmp_path, "From;To;Item;kg;Remark\n" + lines))
    assert "row 2, kg: '1.23' is no number as the map says" in message
    assert "row 3, kg: '1,234.5'" in message
    assert message.count("row 2, kg") == 1  # one cell, though three columns are made of it
    assert "row 4" not in message


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ('table = "trade"', 'table = "trades"', "Did you mean 'trade'"),
        ("decimal =", "decimals =", "'decimals' is not a key"),
        ('importer = "To"', 'importr = "To"', "columns: 'importr' is not a key"),
        ('importer = "To"\n', "", "importer: says nothing of a column that trade.csv needs"),
        ('thousands = "."', 'thousands = ","', "uses one mark for two things"),
        ("factor = 0.001 ", 'factor = "0.001" ', "columns.quantity"),
        ("[columns]", "[columns", "is not TOML"),
        ("factor = 0.001 ", "factor = nan ", "columns.quantity"),
        ("factor = 0.001 ", "factor = -1 ", "columns.quantity"),
        ('decimal = ","', 'decimal = ""', "decimal: is no number mark"),
        ('"cp949"', '"cp94q"', "encoding: 'cp94q' is no encoding"),
        ('delimiter = ";"', 'delimiter = ";;"', "delimiter: ';;' is no single character"),
        ('delimiter = ";"', "delimiter = 7", "delimiter: '7' is no text"),
        ('null = ["-"]', "null = 7", "null: '7' is no list of texts"),
        ("[values.product]", "[values]", "values.영구자석: holds no texts"),
    ],
)
def test_a_faulty_map_is_refused(tmp_path, before, after, words):
    files = own(tmp_path, "From;To;Item;kg;Remark\n", MAP.replace(before, after))
    assert words in refused(IMPORTERS["edges"].read, **files)
