"""Importers: what they take, what they refuse and why, on files written for the test."""

import gzip
import math

import numpy as np
import pytest
import rawfiles

from supplychain.errors import DataError, UnknownNameError
from supplychain.importers import IMPORTERS, importer
from supplychain.importers import baci as baci_importer
from supplychain.importers.rawfile import Marks, find, raw_bytes

COMTRADE = "refYear,reporterISO,flowCode,partnerISO,cmdCode,netWgt,primaryValue"


def refused(read, *arguments, **options):
    """The message of a refusal."""
    with pytest.raises(DataError) as caught:
        read(*arguments, **options)
    return str(caught.value)


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
    assert [(r.row, r.value) for r in extract.remarks] == [(2, "withheld")]


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


def test_bea_says_whose_commodities_they_are(tmp_path):
    path = tmp_path / "bea_use_import.csv"
    path.write_text("bea_code,331313,336111\n331313,5,-2\n")
    extract = IMPORTERS["bea"].read(path)
    assert extract.frame.to_numpy().tolist() == [[2017, "ROW", "331313", "USA", "331313", 5.0]]
    assert "1 negative entries" in str(extract.remarks[0])


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


def test_every_cell_that_is_no_number_is_named(tmp_path):
    lines = "CHN;KOR;x;1.23;-\nCHN;JPN;x;1,234.5;-\nCHN;USA;x;12,5;-\n"
    message = refused(IMPORTERS["edges"].read, **own(tmp_path, "From;To;Item;kg;Remark\n" + lines))
    assert "row 2, kg: '1.23' is no number as the map says" in message
    assert "row 3, kg: '1,234.5'" in message
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
    ],
)
def test_a_faulty_map_is_refused(tmp_path, before, after, words):
    files = own(tmp_path, "From;To;Item;kg;Remark\n", MAP.replace(before, after))
    assert words in refused(IMPORTERS["edges"].read, **files)
