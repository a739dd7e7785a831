"""Small worlds that tests share."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from supplychain.schema import schema

ORIGIN = {"year": "2023", "source_id": "test", "evidence": "A"}


def write_pack(folder: Path, **tables: Iterable[Mapping[str, str]]) -> Path:
    """Write one CSV file per table; columns that a row leaves out are empty, or of this test."""
    folder.mkdir(parents=True, exist_ok=True)
    for table, rows in tables.items():
        columns = [column.name for column in schema()[table].columns]
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            for row in rows:
                given = ORIGIN if table != "sources" else {}
                writer.writerow({k: v for k, v in given.items() if k in columns} | dict(row))
    return folder


def records(header: str, *lines: str) -> list[dict[str, str]]:
    """Rows from a space-separated header and lines; `~` is a space, `.` an empty cell."""
    names = header.split()
    return [
        {
            n: "" if c == "." else c.replace("~", " ")
            for n, c in zip(names, line.split(), strict=True)
        }
        for line in lines
    ]


TINY: dict[str, list[dict[str, str]]] = {
    "sources": records(
        "source_id title publisher year licence embed",
        "test An~invented~world Nobody 2024 CC0 yes",
    ),
    "countries": records(
        "iso3 name aliases region",
        "CHN China PRC|China,~mainland Asia",
        "JPN Japan Nippon Asia",
        "KOR South~Korea Korea,~Rep.|Republic~of~Korea|대한민국 Asia",
    ),
    "minerals": records("mineral name symbol group", "dysprosium Dysprosium Dy rare_earth_heavy"),
    "products": records(
        "product name group mineral stage unit mass_t_per_unit",
        "dysprosium_ore Dysprosium~ore . dysprosium mine t 1",
        "dysprosium_oxide Dysprosium~oxide . dysprosium refine t 1",
        "ndfeb_magnet_hre Magnet~with~heavy~rare~earths ndfeb_magnet . component t 1",
        "auto_parts Auto~parts . . industry musd .",
    ),
    "producers": records(
        "country product output unit low high", "CHN dysprosium_ore 1000 t 900 1100"
    ),
    "processors": records(
        "country product output unit low high",
        "CHN dysprosium_oxide 1000 t 900 1100",
        "CHN ndfeb_magnet_hre 20000 t 18000 22000",
        "JPN ndfeb_magnet_hre 2000 t 1500 2500",
    ),
    "industries": records(
        "country industry output_usd exports_usd low high",
        "JPN auto_parts 200e9 35e9 34e9 36e9",
        "KOR auto_parts 100e9 20e9 19e9 21e9",
    ),
    "segments": records(
        "country industry segment name share low high",
        "* auto_parts hre_magnet with~heavy~magnets 0.3 0.2 0.4",
        "KOR auto_parts hre_magnet with~heavy~magnets 0.25 0.1 0.4",
        "* auto_parts other without 0.6 0.5 0.7",
    ),
    "recipes": records(
        "output segment input relation technology amount low high "
        "essentiality essentiality_low essentiality_high",
        "dysprosium_oxide . dysprosium_ore input main 1 1 1 critical critical critical",
        "ndfeb_magnet_hre . dysprosium_oxide input main 0.04 0.03 0.05 critical critical critical",
        "auto_parts hre_magnet ndfeb_magnet_hre input main 0.2 0.1 0.3 critical important critical",
    ),
    "trade": records(
        "exporter importer product share base unit low high",
        "CHN KOR ndfeb_magnet_hre 0.9 use t 0.85 0.95",
        "JPN KOR ndfeb_magnet_hre 0.1 use t 0.05 0.15",
    ),
    "stocks": records(
        "country user product holder cover_days low high median_low median_high",
        "* * * private 60 20 120 45 90",
    ),
    "parameters": records(
        "parameter scope value low high unit", "capacity_spare * 1.1 1.05 1.2 share"
    ),
}


@pytest.fixture
def tiny_pack(tmp_path: Path) -> Path:
    """China mines, refines and makes magnets; Japan makes magnets too; Korea makes auto parts."""
    return write_pack(tmp_path / "tiny", **TINY)
