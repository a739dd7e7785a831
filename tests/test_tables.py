"""A data pack is read whole and frozen, or refused with every fault named."""

import csv
import io
import pickle
import shutil
import time
from pathlib import Path

import pytest
from conftest import TINY, records, write_pack
from hypothesis import given, settings
from hypothesis import strategies as st

from supplychain.errors import DataError
from supplychain.schema import schema
from supplychain.tables import PackInfo, check_folder, load_tables, ref


def edit(folder, table, line, column, text):
    """Write a text into one cell (the header is line 1)."""
    path = folder / f"{table}.csv"
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8"))))
    rows[line - 1][rows[0].index(column)] = text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    path.write_text(out.getvalue(), "utf-8")


def add(folder, table, **row):
    """Rewrite one table with one more row."""
    write_pack(folder, **{table: [*TINY.get(table, []), row]})


def told(folder):
    return [str(fault) for fault in check_folder(folder)]


def only(folder):
    """The one fault of a pack, as text."""
    faults = told(folder)
    assert len(faults) == 1, faults
    return faults[0]


# A good pack --------------------------------------------------------------------------------------


def test_the_tiny_pack_is_read_as_written(tiny_pack):
    tables = load_tables(tiny_pack)
    magnet = tables.rows("recipes")[1]
    assert (magnet["output"], magnet["input"], magnet["amount"]) == (
        "ndfeb_magnet_hre",
        "dysprosium_oxide",
        0.04,
    )
    assert magnet["elasticity"] is None
    assert magnet["source_id"] == ("test",)
    assert magnet["year"] == 2023
    assert ref(magnet) == "recipes.csv:3"
    assert tables.rows("controls") == ()
    assert tables.folder == "tiny"
    assert tables.info == PackInfo(id="tiny")
    with pytest.raises(KeyError):
        tables.rows("colours")


def test_tables_are_frozen_and_travel_between_processes(tiny_pack):
    tables = load_tables(tiny_pack)
    with pytest.raises(AttributeError):
        tables.folder = "other"
    with pytest.raises(TypeError):
        tables.rows("segments")[0]["share"] = 1.0
    assert pickle.loads(pickle.dumps(tables)) == tables  # noqa: S301 - the test wrote the bytes


def test_the_fingerprint_follows_the_bytes_and_nothing_else(tiny_pack, tmp_path):
    before = load_tables(tiny_pack).sha256
    copy = shutil.copytree(tiny_pack, tmp_path / "copy")
    (copy / "README.md").write_text("no table", "utf-8")
    (copy / "results_of_mine.csv").write_text("id\nkiep\n", "utf-8")
    assert load_tables(copy).sha256 == before
    edit(copy, "segments", 2, "note", "x")
    assert load_tables(copy).sha256 != before
    assert len(before) == 64


def test_pack_toml_is_read_and_counts_in_the_fingerprint(tiny_pack):
    before = load_tables(tiny_pack).sha256
    (tiny_pack / "pack.toml").write_text(
        "id = 't'\ntitle = 'Tiny'\nversion = '1.0'\nbaseline_year = 2023\n"
        "default_start = '2025-04'\n"
    )
    tables = load_tables(tiny_pack)
    assert tables.info == PackInfo("t", "Tiny", "1.0", 2023, "2025-04")
    assert tables.sha256 != before


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("titel = 'x'", "pack.toml: 'titel' is not a key. Allowed: id, title, version"),
        ("baseline_year = '2023'", "pack.toml, baseline_year: '2023' is of the wrong type"),
        ("baseline_year = true", "pack.toml, baseline_year: 'True' is of the wrong type"),
        ("default_start = '2025-13'", "pack.toml, default_start: '2025-13' is not a month"),
        ("id = ", "pack.toml: is not TOML in UTF-8"),
    ],
)
def test_a_bad_pack_toml_is_refused(tiny_pack, text, fault):
    (tiny_pack / "pack.toml").write_text(text)
    assert only(tiny_pack).startswith(fault)


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tiny_pack):
    plain = load_tables(tiny_pack).rows("countries")
    for path in tiny_pack.glob("*.csv"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_tables(tiny_pack).rows("countries") == plain


def test_namibia_survives_as_na(tiny_pack):
    namibia = {"iso3": "NAM", "name": "Namibia", "aliases": "NA", "region": "NA"}
    add(tiny_pack, "countries", **namibia)
    ore = records("country product output unit low high", "NA dysprosium_ore 5 t 4 6")[0]
    add(tiny_pack, "producers", **ore, note="NA")
    row = load_tables(tiny_pack).rows("producers")[-1]
    assert (row["country"], row["note"]) == ("NAM", "NA")


def test_a_country_may_be_written_by_any_exact_alias(tiny_pack):
    edit(tiny_pack, "trade", 2, "importer", "korea, rep.")
    edit(tiny_pack, "trade", 2, "exporter", "China, mainland")
    row = load_tables(tiny_pack).rows("trade")[0]
    assert (row["exporter"], row["importer"]) == ("CHN", "KOR")


def test_five_thousand_rows_are_read_in_a_moment(tiny_pack):
    codes = [f"{a}{b}X" for a in "ABCDEFGHIJ" for b in "ABCDEFGH"]
    more = [{**TINY["countries"][0], "iso3": c, "name": f"{c} land", "aliases": ""} for c in codes]
    flow = {"product": "ndfeb_magnet_hre", "unit": "t", "quantity": "2", "low": "1", "high": "3"}
    trade = [{**flow, "exporter": a, "importer": b} for a in codes for b in codes][:5000]
    write_pack(tiny_pack, countries=TINY["countries"] + more, trade=trade)
    start = time.perf_counter()
    assert len(load_tables(tiny_pack).rows("trade")) == 5000
    assert time.perf_counter() - start < 3  # about 0.1 s; the margin is for a busy machine


# Files --------------------------------------------------------------------------------------------


def test_a_folder_that_is_not_there_is_a_data_error(tmp_path):
    with pytest.raises(DataError, match="is not a folder"):
        load_tables(tmp_path / "nowhere")


def test_every_needed_file_that_is_missing_is_named(tmp_path):
    assert [fault.split(":")[0] for fault in told(tmp_path)] == [
        f"{name}.csv"
        for name in (
            *("sources", "countries", "minerals", "products", "processors", "industries"),
            *("segments", "recipes", "parameters"),
        )
    ]


def test_optional_files_may_be_missing(tiny_pack):
    for name in ("trade", "stocks", "producers"):
        (tiny_pack / f"{name}.csv").unlink()
    assert load_tables(tiny_pack).rows("trade") == ()


def test_a_misspelt_file_name_is_not_passed_over(tiny_pack):
    (tiny_pack / "stocks.csv").rename(tiny_pack / "Stock.csv")
    assert only(tiny_pack).startswith("Stock.csv: is no table (stocks.csv is). Rename it")


def test_a_folder_in_place_of_a_file_is_a_fault(tiny_pack):
    (tiny_pack / "trade.csv").unlink()
    (tiny_pack / "trade.csv").mkdir()
    assert only(tiny_pack).startswith("trade.csv: is not a plain file.")


def test_another_encoding_is_refused_with_the_line_and_the_mend(tiny_pack):
    path = tiny_pack / "countries.csv"
    path.write_bytes(path.read_text("utf-8").encode("cp949"))
    first = told(tiny_pack)[0]
    assert first.startswith("countries.csv row 4, aliases: is not UTF-8 (byte 0xB4); it reads '대")
    assert "in CP949 (Korean)" in first
    assert "CSV UTF-8" in first
    assert len(told(tiny_pack)) == 1


@pytest.mark.parametrize("table", ["recipes", "trade"])
def test_a_header_without_rows_is_refused(tiny_pack, table):
    write_pack(tiny_pack, **{table: []})
    assert only(tiny_pack).startswith(f"{table}.csv: holds no rows.")


def test_an_empty_file_and_a_missing_column_are_faults(tiny_pack):
    (tiny_pack / "trade.csv").write_bytes(b"")
    assert only(tiny_pack).startswith("trade.csv: is empty.")


# Cells --------------------------------------------------------------------------------------------


def test_ten_planted_faults_are_named_at_once(tiny_pack):
    planted = [
        ("countries", 4, "evidence", "E"),
        ("products", 2, "stage", "mining"),
        ("producers", 2, "output", "1 000"),
        ("processors", 3, "country", "Chnia"),
        ("industries", 3, "exports_usd", "W"),
        ("segments", 2, "share", "30"),
        ("recipes", 3, "input", "dysprosum_oxide"),
        ("trade", 2, "share", "0,9"),
        ("stocks", 2, "cover_days", "nan"),
        ("parameters", 2, "source_id", "tests"),
    ]
    for table, line, column, text in planted:
        edit(tiny_pack, table, line, column, text)
    faults = check_folder(tiny_pack)
    assert [(f.file[:-4], f.row, f.column, f.value) for f in faults] == planted
    mends = dict(zip([p[0] for p in planted], [f.mend for f in faults], strict=True))
    assert mends["products"] == "Did you mean 'mine'?"
    assert mends["producers"] == "Write 1000."
    assert mends["processors"] == "Did you mean 'CHN'?"
    assert mends["segments"] == "Shares are 0-1: write 0.3."
    assert mends["recipes"].startswith("Did you mean 'dysprosium_oxide' or ")
    assert mends["trade"] == "Write 0.9."
    assert mends["parameters"] == "Did you mean 'test'?"
    with pytest.raises(DataError) as caught:
        load_tables(tiny_pack)
    assert caught.value.faults == faults
    assert str(caught.value).count("1 problem in ") == 10


@pytest.mark.parametrize(
    ("table", "line", "column", "text", "fault"),
    [
        ("segments", 2, "share", "25%", "has a per cent sign. Shares are 0-1: write 0.25."),
        ("segments", 2, "low", "", "is empty, and a value is required"),
        ("segments", 2, "low", "0.5", "is above the share 0.3"),
        ("segments", 2, "high", "0.1", "is below the share 0.3"),
        ("segments", 2, "industry", "ndfeb_magnet_hre", "is of stage component"),
        ("producers", 2, "unit", "kg", "is not the unit of dysprosium_ore. Allowed: t."),
        ("producers", 2, "product", "dysprosium_oxide", "is of stage refine. Allowed: stage mine"),
        (
            "processors",
            2,
            "product",
            "dysprosium_ore",
            "is of stage mine. Allowed: stage refine or",
        ),
        ("recipes", 4, "segment", "hre_magnets", "is no segment of auto_parts in segments.csv."),
        ("recipes", 4, "input_segment", "x", "is no segment of ndfeb_magnet_hre"),
        ("recipes", 3, "input", "ndfeb_magnet_hre", "is its own output"),
        ("recipes", 3, "technology", "mian", "is neither main nor an alternative"),
        ("recipes", 3, "technology", "mian", "Did you mean 'main'?"),
        ("recipes", 3, "elasticity", "0.5", "stands beside essentiality critical"),
        ("recipes", 3, "essentiality_low", "", "is empty beside essentiality critical"),
        ("recipes", 4, "essentiality", "non_critical", "is milder than its low or stricter"),
        ("trade", 3, "unit", "kg", "is not the unit of ndfeb_magnet_hre. Allowed: t."),
        ("trade", 2, "quantity", "5", "is beside share 0.9"),
        ("trade", 2, "base", "", "is empty beside a share"),
        ("trade", 2, "high", "1.5", "is above 1 beside a share"),
        ("trade", 3, "importer", "Korea", "is not in countries.csv"),
        ("stocks", 2, "median_low", "70", "is above the cover_days 60"),
        ("stocks", 2, "median_high", "50", "is below the cover_days 60"),
        ("stocks", 2, "user", "auto_part", "is not in products.csv. Did you mean 'auto_parts'?"),
        ("stocks", 2, "user", "-", "is not in products.csv"),
        ("parameters", 2, "scope", "auto_part", "is no scope. Allowed: *, a product, group"),
        ("parameters", 2, "scope", "auto_part", "Did you mean 'auto_parts'?"),
        ("parameters", 2, "scope", "CHN>ZZZ", "is no scope"),
        ("minerals", 2, "byproduct_of", "zinc", "names a mineral that is not in minerals.csv"),
        ("countries", 2, "iso3", "CN", "is not an alpha-3 code"),
        ("products", 4, "group", "auto_parts", "is also a name in products.csv:5"),
        (
            "products",
            4,
            "semi_of",
            "dysprosium|terbium",
            "names 'terbium', which is not in mineral",
        ),
    ],
)
def test_a_fault_names_its_file_row_column_and_reason(tiny_pack, table, line, column, text, fault):
    edit(tiny_pack, table, line, column, text)
    faults = check_folder(tiny_pack)
    place = [f for f in faults if (f.file, f.row, f.column) == (f"{table}.csv", line, column)]
    assert place, faults
    assert fault in str(place[0])


def test_a_cyrillic_letter_in_an_id_is_named(tiny_pack):
    edit(tiny_pack, "recipes", 3, "input", "dyspr\u043esium_oxide")
    assert "(U+043E, cyrillic small letter o)" in only(tiny_pack)


def test_korea_is_ambiguous_where_both_are_there(tiny_pack):
    north = {"iso3": "PRK", "name": "North Korea", "aliases": "", "region": "Asia"}
    add(tiny_pack, "countries", **north)
    edit(tiny_pack, "trade", 2, "importer", "Korea")
    edit(tiny_pack, "trade", 3, "importer", "World")
    faults = told(tiny_pack)
    assert "'Korea' is ambiguous." in faults[0]
    assert "'KOR' or 'PRK'" in faults[0]
    assert "'World' is a total or a group, not a country" in faults[1]
    assert "give what no other row names to ROW, once" in faults[1]


# Rows together ------------------------------------------------------------------------------------


def test_a_repeated_key_is_refused_whether_the_values_agree_or_not(tiny_pack):
    same, other = TINY["processors"][0], {**TINY["processors"][0], "output": "950"}
    write_pack(tiny_pack, processors=[*TINY["processors"], same, other])
    first, second = told(tiny_pack)
    place = "row 2, which has the same country, product"
    assert first.startswith(f"processors.csv row 5, country: 'CHN' repeats {place}")
    assert second.startswith(f"processors.csv row 6, country: 'CHN' contradicts {place}")


def test_a_key_is_compared_after_countries_are_resolved(tiny_pack):
    add(tiny_pack, "processors", **{**TINY["processors"][0], "country": "PRC"})
    assert "repeats row 2" in only(tiny_pack)


def test_a_host_takes_neither_class_nor_elasticity(tiny_pack):
    edit(tiny_pack, "recipes", 2, "relation", "host")
    assert [f.column for f in check_folder(tiny_pack)] == [
        "essentiality",
        "essentiality_low",
        "essentiality_high",
    ]
    for column in ("essentiality", "essentiality_low", "essentiality_high"):
        edit(tiny_pack, "recipes", 2, column, "")
    assert told(tiny_pack) == []
    edit(tiny_pack, "recipes", 2, "relation", "input")
    assert "essentiality: is empty, as is the elasticity" in only(tiny_pack)


DIFFUSED = records(
    "output technology share_per_year low high maximum start_month merit",
    "ndfeb_magnet_hre diffused 0.1 0.05 0.2 0.4 6 1",
)[0]


def test_an_alternative_is_declared_and_left_out_of_the_baseline(tiny_pack):
    main = {**TINY["recipes"][1], "technology": "diffused", "amount": "0.02", "low": "0.01"}
    add(tiny_pack, "recipes", **main)
    assert "is neither main nor an alternative of technologies.csv" in only(tiny_pack)
    write_pack(tiny_pack, technologies=[DIFFUSED])
    tables = load_tables(tiny_pack)
    assert len(tables.rows("recipes")) == 4
    assert tables.baseline_recipes() == tables.rows("recipes")[:3]


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        ({"technology": "main"}, "is the baseline, not an alternative to it"),
        ({"output": "dysprosium_ore"}, "has no main recipe"),
        ({"output": "auto_parts", "segment": "hre_magnets"}, "is no segment of auto_parts"),
    ],
)
def test_an_alternative_is_to_something(tiny_pack, cell, fault):
    write_pack(tiny_pack, technologies=[DIFFUSED | cell])
    assert fault in told(tiny_pack)[0]


ADAPTING = {
    "recovery": records(
        "country product kind share_per_year low high maximum start_month",
        "* dysprosium_oxide recycling 0.01 0 0.02 0.05 6",
    ),
    "projects": records(
        "project country product capacity unit start ramp_months probability "
        "slip_months slip_low slip_high status",
        "new JPN dysprosium_oxide 10 t 2026-04 12 0.7 12 3 24 construction",
    ),
    "demand_classes": records(
        "country industry class share low high",
        "* auto_parts defence 0.6 0.5 0.7",
        "* auto_parts medical 0.1 0.05 0.2",
    ),
}


@pytest.mark.parametrize(
    ("table", "column", "text", "fault"),
    [
        ("recovery", "product", "dysprosium_ore", "is of stage mine. Allowed: stage refine or"),
        ("projects", "start", "2026-13", "is not a month. Allowed: YYYY-MM."),
        ("projects", "unit", "kg", "is not the unit of dysprosium_oxide. Allowed: t."),
        ("projects", "slip_low", "13", "is above the slip_months 12"),
        ("demand_classes", "share", "0.95", "is below the share 0.95"),
        ("demand_classes", "industry", "dysprosium_oxide", "is of stage refine"),
    ],
)
def test_the_tables_of_adaptation_are_checked(tiny_pack, table, column, text, fault):
    write_pack(tiny_pack, **ADAPTING)
    assert told(tiny_pack) == []
    edit(tiny_pack, table, 2, column, text)
    assert any(fault in line for line in told(tiny_pack)), told(tiny_pack)


def test_classes_of_buyers_share_one_output(tiny_pack):
    write_pack(tiny_pack, **ADAPTING)
    edit(tiny_pack, "demand_classes", 2, "high", "0.95")
    edit(tiny_pack, "demand_classes", 2, "share", "0.95")
    assert "1.05' is the sum of the shares of * auto_parts" in only(tiny_pack)


def test_a_flow_needs_a_quantity_or_a_share(tiny_pack):
    edit(tiny_pack, "trade", 2, "share", "")
    edit(tiny_pack, "trade", 2, "base", "")
    assert only(tiny_pack).startswith("trade.csv row 2, quantity: is empty, as is the share.")
    edit(tiny_pack, "trade", 2, "quantity", "0.9")
    assert told(tiny_pack) == []


def test_an_elasticity_needs_its_band_and_a_cost_share(tiny_pack):
    for column in ("essentiality", "essentiality_low", "essentiality_high"):
        edit(tiny_pack, "recipes", 2, column, "")
    edit(tiny_pack, "recipes", 2, "elasticity", "0.5")
    assert {f.column for f in check_folder(tiny_pack)} == {
        "elasticity_low",
        "elasticity_high",
        "cost_share",
    }
    for column, text in (
        ("elasticity_low", "0.2"),
        ("elasticity_high", "1"),
        ("cost_share", "0.1"),
    ):
        edit(tiny_pack, "recipes", 2, column, text)
    assert told(tiny_pack) == []


def test_supplier_shares_may_not_exceed_the_whole(tiny_pack):
    edit(tiny_pack, "trade", 3, "share", "0.1000001")
    assert only(tiny_pack) == (
        "trade.csv row 3, share: '1.0000001' is the sum of the shares of "
        "KOR ndfeb_magnet_hre use (rows 2, 3). Allowed: at most 1."
    )


def test_segments_are_added_up_after_the_fall_back_to_everyone(tiny_pack):
    edit(tiny_pack, "segments", 3, "high", "0.9")
    edit(tiny_pack, "segments", 3, "share", "0.45")  # 0.45 + 0.6 in Korea, 0.3 + 0.6 elsewhere
    assert "is the sum of the shares of KOR auto_parts (rows 3, 4)" in only(tiny_pack)


def test_other_uses_of_a_product_may_not_exceed_the_whole(tiny_pack):
    uses = records(
        "country product share low high",
        "CHN dysprosium_oxide 0.7 0.6 0.8",
        "JPN dysprosium_oxide 0.4 0.3 0.5",
    )
    write_pack(tiny_pack, other_uses=uses)
    assert "'1.1' is the sum of the shares of dysprosium_oxide" in only(tiny_pack)


@pytest.mark.parametrize("alias", ["Nippon", "nippon", "JPN", "Dysprosium", "auto-parts"])
def test_a_name_belongs_to_one_entry_only(tiny_pack, alias):
    edit(tiny_pack, "countries", 2, "aliases", f"PRC|{alias}")
    assert "is also a name in " in told(tiny_pack)[0]


def test_measures_name_known_countries_and_orderly_dates(tiny_pack):
    measure = records(
        "control_id actor title minerals products targets kind start end",
        "m1 CHN Licences dysprosium dysprosium_oxide|ndfeb_magnet_hre * licence 2025-04-04 .",
        "m2 CHN Ban dysprosium dysprosium_oxide Japan|Korea ban 2025-04-04 2024-01-01",
    )
    write_pack(tiny_pack, controls=measure)
    assert [fault.split(" is")[0].split(" lies")[0] for fault in told(tiny_pack)] == [
        "controls.csv row 3, targets: 'Korea'",
        "controls.csv row 3, end: '2024-01-01'",
    ]


# Any damage ---------------------------------------------------------------------------------------

CELLS = [
    (table, line, column.name)
    for table, rows in TINY.items()
    for line in range(1, len(rows) + 2)
    for column in schema()[table].columns
]
TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        ["", "-", "NA", "1e400", "1,5", "|", '"', "*", "KOR", "-1", "\uff12", "\x00", "=1"]
    ),
    st.floats().map(str),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(CELLS), TEXTS), min_size=1, max_size=4))
def test_a_damaged_pack_is_read_or_refused_but_never_breaks(tmp_path_factory, damage):
    folder = write_pack(tmp_path_factory.mktemp("damage"), **TINY)
    for (table, line, column), text in damage:
        path = folder / f"{table}.csv"
        rows = list(csv.reader(io.StringIO(path.read_text("utf-8"), newline="")))
        columns = [c.name for c in schema()[table].columns]
        rows[line - 1][columns.index(column)] = text
        with path.open("w", encoding="utf-8", newline="", errors="replace") as file:
            csv.writer(file).writerows(rows)
    try:
        load_tables(folder)
    except DataError as error:
        assert error.faults  # noqa: PT017 - both outcomes are right, nothing else is


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(TINY)), st.integers(0, 400), st.binary(max_size=6))
def test_damaged_bytes_are_read_or_refused_but_never_break(tmp_path_factory, table, at, noise):
    folder = write_pack(tmp_path_factory.mktemp("bytes"), **TINY)
    path: Path = folder / f"{table}.csv"
    data = path.read_bytes()
    path.write_bytes(data[:at] + noise + data[at + 1 :])
    try:
        load_tables(folder)
    except DataError as error:
        assert error.faults  # noqa: PT017 - both outcomes are right, nothing else is
