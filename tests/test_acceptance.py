"""Importers on the real files of publishers: row counts, known figures, and what is said of them.

The files are not shipped. They are looked for in the folder that the environment variable
SUPPLYCHAIN_DOWNLOADS names, or in `shared/data` beside the checkout; a test without its file is
skipped.
"""

import os
from pathlib import Path

import pytest

from supplychain.building import trade_rows, with_iso3
from supplychain.errors import DataError
from supplychain.importers import IMPORTERS
from supplychain.tables import load_tables

HOUSE = Path(__file__).resolve().parent.parent
DOWNLOADS = Path(os.environ.get("SUPPLYCHAIN_DOWNLOADS", HOUSE.parent / "shared" / "data"))


def raw(name):
    """A real file, or a skip that says which is missing."""
    path = DOWNLOADS / name
    if not path.is_file():
        pytest.skip(f"{name} is not in {DOWNLOADS}")
    return path


def read(importer, name, **options):
    return IMPORTERS[importer].read(raw(name), **options)


def said(extract):
    return "\n".join(map(str, extract.remarks))


def figure(frame, **where):
    """The one value of a production table."""
    for column, value in where.items():
        frame = frame[frame[column] == value]
    assert len(frame) == 1, frame
    return frame["value"].iloc[0]


# Output -------------------------------------------------------------------------------------------


def test_usgs_2026_has_chinas_gallium_in_kilograms():
    extract = read("usgs_mcs", "usgs_mcs/MCS2026_Commodities_Data.csv.gz")
    assert len(extract.frame) == 8886
    gallium = {"chapter": "GALLIUM", "statistic": "Production", "place": "China", "year": 2024}
    assert figure(extract.frame, **gallium) == 839_000
    cobalt = {"chapter": "COBALT", "statistic": "Production", "year": 2025, "unit": "metric tons"}
    mined = extract.frame[extract.frame["detail"].str.startswith("Mine production")]
    assert figure(mined, place="Congo (Kinshasa)", **cobalt) == 230_000
    assert "within 5% in 174 of 178 tables" in said(extract)


def test_usgs_2025_prints_a_tenth_of_the_worlds_kaolin_and_it_is_noticed():
    extract = read("usgs_mcs", "usgs_mcs/MCS2025_World_Data.csv.gz")
    assert len(extract.frame) == 5000
    doubts = [str(remark) for remark in extract.remarks if remark.verdict == "doubt"]
    assert len(doubts) == 1
    assert "kaolin" in doubts[0]
    assert "44,240 and the world is printed as 4,400" in doubts[0]


def test_bgs_has_all_figures_with_their_estimates():
    extract = read("bgs_wms", "bgs_wms/bgs_production_1970_2023_long.csv.gz")
    frame = extract.frame
    assert len(frame) == 27_487
    assert frame["chapter"].nunique() == 19
    assert int((frame["mark"] == "missing").sum()) == 189
    gallium = {"chapter": "gallium, primary", "year": 2023}
    assert figure(frame, place="China", **gallium) == 621
    refined = frame[(frame["chapter"] == "cobalt, refined") & (frame["year"] == 2023)]
    assert refined["value"].sum() == 175_706
    assert "4928 figures are estimates" in said(extract)


def test_world_mining_data_agrees_with_its_own_totals():
    extract = read("wmd", "world_mining_data/wmd_production_2018_2024_long.csv.gz")
    frame = extract.frame
    assert len(frame) == 13_862
    germanium = {"chapter": "Germanium", "year": 2024}
    assert figure(frame, place="China", **germanium) == 140
    assert figure(frame, place="World total", **germanium) == 150
    assert "within 5% in 451 of 455 tables" in said(extract)
    assert "3001 figures are estimated" in said(extract)


def test_iea_has_todays_cobalt_and_drops_the_notes_below_the_sheet():
    extract = read("iea_cm", "iea_cm_explorer/iea_cm_explorer_long.csv.gz")
    assert len(extract.frame) == 2684 - 8
    mining = {"chapter": "Cobalt", "section": "World supply, mining", "year": 2024}
    made = {"statistic": "Production"}
    congo = figure(extract.frame, place="Democratic Republic of Congo", **mining, **made)
    assert congo == pytest.approx(181.796, abs=0.001)
    assert figure(extract.frame, place="World total", **mining, **made) == pytest.approx(273.337)
    assert "within 5% in 48 of 48 tables" in said(extract)
    assert "2436 of 2676 figures are projections or scenarios" in said(extract)


def test_eu_shares_are_fractions():
    extract = read("eu_crm", "eu_crm_study/eu_global_supply_shares.csv")
    assert extract.frame["share"].max() <= 1
    assert len(extract.frame) > 500


# Trade --------------------------------------------------------------------------------------------

BACI = "cepii_baci/baci_hs92_critical_1995_2024.parquet"


def test_baci_gives_koreas_lithium_hydroxide():
    extract = read("baci", BACI, codes=["282520"], years=[2024])
    korea = extract.frame[extract.frame["importer"] == "410"].set_index("exporter")["value_usd"]
    assert korea.sum() == pytest.approx(1.60e9, rel=0.005)
    assert korea["156"] / korea.sum() == pytest.approx(0.842, abs=0.0005)
    assert "values are thousand USD there and USD here" in said(extract)


def test_baci_whole_extract_holds_few_flows_of_another_unit():
    extract = read("baci", BACI)
    assert len(extract.frame) == 726_686
    assert "16614 of 678029 flows (2.5%) are worth" in said(extract)


def test_baci_countries_are_all_known_to_the_shipped_pack():
    tables = load_tables(HOUSE / "data")
    extract = with_iso3(read("baci", BACI, codes=["280530"], years=[2023]), tables)
    named = extract.frame.set_index(["exporter_iso3", "importer_iso3"])["value_usd"]
    assert named["CHN", "KOR"] == pytest.approx(10.6e6, rel=0.01)
    assert "without a country" not in said(extract)


def test_baci_flows_become_the_rows_that_the_shipped_pack_holds():
    tables = load_tables(HOUSE / "data")
    text, _ = trade_rows(tables, "lithium_hydroxide", read("baci", BACI, codes=["282520"]))
    derived = {tuple(line.split(",")[:5]) for line in text.splitlines()[1:]}
    shipped = {
        (row["exporter"], row["importer"], row["product"], "", f"{row['share']:g}")
        for row in tables.rows("trade")
        if row["rule"] == "baci_lithium_hydroxide"
    }
    assert shipped
    assert shipped <= derived


def test_comtrade_with_a_shifted_header_is_refused_with_the_reason():
    with pytest.raises(DataError, match="'52' is no year: the cells seem to stand beside"):
        read("comtrade", "comtrade_2023_battery_minerals/comtrade_2023_raw.csv.gz")


def test_comtrade_of_four_importers_and_one_partner():
    extract = read("comtrade", "comtrade_quad_2019_2024/p3_minerals_quad_china.csv")
    assert len(extract.frame) == 72
    assert set(extract.frame["importer"]) == {"AUS", "JPN", "IND", "USA"}
    graphite = extract.frame[
        (extract.frame["importer"] == "AUS")
        & (extract.frame["hs"] == "2504")
        & (extract.frame["year"] == 2019)
    ]
    assert graphite[["quantity_t", "value_usd"]].to_numpy().tolist() == [[228.485, 259727.21]]
    with pytest.raises(DataError, match="totals over all partners and no partner"):
        read("comtrade", "comtrade_quad_2019_2024/p3_minerals_quad_world.csv")


# Indices ------------------------------------------------------------------------------------------


def test_indices_are_within_their_scales():
    stability = read("wgi", "worldbank_wgi/wgi_political_stability_1996_2024.csv.gz").frame
    assert stability["value"].abs().max() < 3.5
    assert {"KOR", "CHN", "COD"} <= set(stability["iso3"])
    votes = read("un_votes", "un_ideal_points/IdealpointestimatesAll_Apr2020.csv.gz").frame
    assert len(votes) > 10_000


# Input-output tables ------------------------------------------------------------------------------


def test_wiod_2011_is_a_world_of_142_trillion():
    extract = read("wiod", "wiod_2013/wiot_2011_musd_int.npz")
    output = extract.frame[extract.frame["user_sector"] == "output"]
    assert output["value_musd"].sum() / 1e6 == pytest.approx(141.8, abs=0.05)
    korea = output[output["supplier"] == "KOR"].set_index("supplier_sector")["value_musd"]
    assert korea["c14"] / 1e3 == pytest.approx(321.9, abs=0.05)
    assert korea["c15"] / 1e3 == pytest.approx(236.7, abs=0.05)
    assert "141.8 trillion, as the world's should be" in said(extract)


def test_wiod_by_regions_keeps_the_worlds_sum():
    extract = read("wiod", "wiod_2013/wiot_2011_musd_int.npz", regions=["KOR", "CHN"])
    output = extract.frame[extract.frame["user_sector"] == "output"]
    assert set(extract.frame["supplier"]) == {"KOR", "CHN", "ROW"}
    assert output["value_musd"].sum() / 1e6 == pytest.approx(141.8, abs=0.05)


def test_bea_uses_come_from_home_and_abroad():
    home = read("bea", "bea_detail_2017/bea_use_domestic.csv.gz").frame
    abroad = read("bea", "bea_detail_2017/bea_use_import.csv.gz").frame
    assert set(home["supplier"]) == {"USA"}
    assert set(abroad["supplier"]) == {"ROW"}
    assert home["value_musd"].sum() > 5 * abroad["value_musd"].sum()
