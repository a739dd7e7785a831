"""The declaration of tables and columns, and the judgement of single cells and files."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supplychain.errors import Refusal
from supplychain.schema import Row, read_rows, schema

TYPES = {
    *("id", "text", "enum", "list", "source", "country", "scope"),
    *("number", "share", "year", "month", "date"),
}


def cell(table, column, text):
    return schema()[table].column(column).read(text)


def test_every_column_has_a_known_type_and_a_description():
    for table in schema().values():
        for column in table.columns:
            assert column.type in TYPES, (table.name, column.name)
            assert column.description
            assert (column.type == "enum") == bool(column.allowed)
            if column.type in {"number", "share", "year"}:
                assert column.minimum < column.maximum


def test_references_point_to_columns_of_earlier_tables():
    order = list(schema())
    for table in schema().values():
        for column in table.columns:
            if column.reference:
                target, name = column.reference
                assert order.index(target) < order.index(table.name)
                assert schema()[target].column(name)


def test_the_schema_is_read_once_and_cannot_be_changed():
    assert schema() is schema()
    with pytest.raises(TypeError):
        schema()["trade"] = None
    with pytest.raises(AttributeError):
        schema()["trade"].name = "other"


def test_every_table_has_a_key_and_unknown_columns_are_key_errors():
    assert schema()["segments"].key == ("country", "industry", "segment")
    assert schema()["segments"].file == "segments.csv"
    assert all(table.key for table in schema().values())
    with pytest.raises(KeyError, match="colour"):
        schema()["segments"].column("colour")


@pytest.mark.parametrize(
    ("table", "column", "text", "value"),
    [
        ("segments", "share", "0.25", 0.25),
        ("segments", "share", " .5 ", 0.5),
        ("parameters", "value", "-1e3", -1000.0),
        ("producers", "capacity", "", None),
        ("segments", "year", "2023", 2023),
        ("countries", "aliases", "", ()),
        ("countries", "aliases", "PRC | China, mainland", ("PRC", "China, mainland")),
        ("segments", "source_id", "usgs-2025|wmd.2024", ("usgs-2025", "wmd.2024")),
        ("controls", "start", "2025-04-04", "2025-04-04"),
        ("segments", "note", "", ""),
        ("segments", "note", "NA", "NA"),
        ("recipes", "essentiality", "critical", "critical"),
    ],
)
def test_a_good_cell_gives_its_value(table, column, text, value):
    read = cell(table, column, text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("table", "column", "text", "problem", "mend"),
    [
        ("segments", "share", "", "is empty, and a value is required", ""),
        ("segments", "share", "25", "is above the most", "Shares are 0-1: write 0.25."),
        ("segments", "share", "-0.1", "is below the least", ""),
        ("segments", "share", "1e999", "is above the most", ""),
        ("segments", "year", "23", "is not a year", ""),
        ("segments", "year", "1066", "is outside the years", ""),
        ("controls", "start", "4.4.2025", "is not a date", "Write year, month and day"),
        ("controls", "start", "2025-02-30", "is not a day", ""),
        ("recipes", "essentiality", "Criticle", "is not one of", "Did you mean 'critical'?"),
        (
            "products",
            "product",
            "d\u0443sprosium",
            "holds '\u0443' (U+0443, cyrillic small letter u)",
            "",
        ),
        ("products", "product", "rare earth", "is not an id", "Use _ for a space."),
        ("countries", "aliases", "PRC||China", "has an empty item", ""),
        ("countries", "aliases", "PRC|PRC", "names an item twice", ""),
        ("segments", "source_id", "usgs 2025|x", "is not an id", ""),
        ("segments", "note", "two\nlines", "holds an invisible character (U+000A", "Delete"),
        ("products", "product", "zinc\u00a0ore", "holds an invisible character (U+00A0", ""),
        ("products", "name", "zi\u200bnc", "holds an invisible character (U+200B", ""),
    ],
)
def test_a_bad_cell_gives_a_refusal(table, column, text, problem, mend):
    refusal = cell(table, column, text)
    assert isinstance(refusal, Refusal)
    assert refusal.problem.startswith(problem)
    assert refusal.mend.startswith(mend)


def test_prose_may_hold_a_no_break_space():
    assert cell("segments", "note", "24\u00a0%") == "24\u00a0%"


@given(st.just(0.0) | st.floats(1e-30, 1))
def test_every_share_that_python_writes_is_read_back_bit_for_bit(share):
    assert cell("segments", "share", repr(share)) == share


@given(st.text(max_size=30))
def test_a_number_cell_gives_a_finite_number_in_range_or_a_refusal(text):
    value = cell("parameters", "value", text)
    assert isinstance(value, Refusal) or (math.isfinite(value) and abs(value) <= 1e12)


def test_a_row_is_read_only_and_knows_its_place():
    row = Row("segments", 12, {"share": 0.3, "note": ""})
    assert (row.file, row.line, row.table) == ("segments.csv", 12, "segments")
    assert dict(row) == {"share": 0.3, "note": ""}
    for change in (
        lambda: setattr(row, "line", 1),
        lambda: delattr(row, "line"),
        lambda: setattr(row, "other", 1),
    ):
        with pytest.raises(AttributeError, match="read-only"):
            change()
    with pytest.raises(TypeError):
        row["share"] = 1
    assert pickle.loads(pickle.dumps(row)) == row  # noqa: S301 - the test wrote the bytes itself
    assert len({row, Row("segments", 12, {})}) == 2
    assert "segments.csv:12" in repr(row)


def sources(text):
    rows, faults = read_rows(schema()["sources"], text.encode(), lambda _, value: value)
    return rows, [str(fault) for fault in faults]


HEADER = "source_id,title,publisher,year,url,licence,accessed,embed\n"


def test_rows_keep_the_line_of_their_file_past_blank_lines():
    rows, faults = sources(HEADER + "\nusgs,T,P,2025,,PD,,yes\n\n\nwmd,T,P,2024,,CC,,no\n")
    assert [(row["source_id"], row.line) for row in rows] == [("usgs", 3), ("wmd", 6)]
    assert not faults


def test_columns_may_stand_in_any_order():
    rows, faults = sources(
        "embed,source_id,title,publisher,year,url,licence,accessed\nyes,a,T,P,2025,,C,\n"
    )
    assert not faults
    assert rows[0]["source_id"] == "a"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "sources.csv: is empty."),
        (HEADER, "sources.csv: holds no rows."),
        (HEADER.replace(",", ";"), "sources.csv: is separated by ';'."),
        (HEADER + "usgs,T\n", "sources.csv row 2: has 2 cells, the header 8."),
        (HEADER + "usgs,T,x,P,2025,,PD,,yes\n", "sources.csv row 2: has 9 cells, the header 8."),
        (HEADER + ",,,,,,,\n", "sources.csv row 2: is empty."),
        (HEADER + '"usgs,T,P,2025,,PD,,yes\n', "sources.csv row 2: is not CSV: unexpected end"),
        (HEADER + f"{'x' * 110_000},T,P,2025,,PD,,yes\n", "sources.csv row 2, source_id: 'xxx"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text, fault):
    _, faults = sources(text)
    assert len(faults) == 1
    assert faults[0].startswith(fault)


def test_misspelt_missing_and_repeated_columns_are_all_named():
    _, faults = sources(HEADER.replace("licence", "license").replace("url", "title"))
    assert [fault.split(".csv row 1, ")[1].split(".")[0] for fault in faults] == [
        "title: is in the header twice",
        "'license': is not a column of sources",
        "url: is missing from the header",
        "licence: is missing from the header",
    ]
    assert faults[1].endswith("Did you mean 'licence'?")
