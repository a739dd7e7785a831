"""Small files in the layouts of publishers, written for tests. Helpers, not tests."""

from __future__ import annotations

import gzip
from pathlib import Path

MCS_2026 = (
    "MCS chapter,Section,Commodity,Country,Statistics,Statistics_detail,Unit,Year,Value,Notes,"
    "Is critical mineral 2025,Other notes"
)
EU = "Material,Stage,Country,Share,t"
BACI = "t,i,j,k,v,q"


def mcs_line(country: str, value: str, **other: str) -> str:
    """One row of world mine production of antimony, 2024, as the 2026 edition writes it."""
    row = {
        "chapter": "ANTIMONY",
        "section": "World Mine Production and Reserves",
        "commodity": "Antimony",
        "detail": "Mine production",
        "unit": "metric tons",
        "year": "2024",
    } | other
    return (
        f"{row['chapter']},{row['section']},{row['commodity']},{country},Production,"
        f'{row["detail"]},{row["unit"]},{row["year"]},"{value}",,Yes,'
    )


def mcs(folder: Path, *lines: str, name: str = "MCS2026_Commodities_Data.csv") -> Path:
    """An edition of the Mineral Commodity Summaries."""
    return _write(folder / name, [MCS_2026, *lines])


def antimony(folder: Path, *, china: str = "60", unit: str = "metric tons") -> Path:
    """China 60, Tajikistan 30, Bolivia 8, others 2; the United States withheld; world 100."""
    return mcs(
        folder,
        mcs_line("United States", "W"),
        mcs_line("Bolivia", "8", unit=unit),
        mcs_line("Canada", "\u2014", unit=unit),
        mcs_line("China", china, unit=unit),
        mcs_line("Tajikistan", "30", unit=unit),
        mcs_line("Other countries", "2", unit=unit),
        mcs_line("World total", "100", unit=unit, detail="Mine production: rounded"),
    )


def eu(folder: Path, *lines: str) -> Path:
    """Shares as the EU study writes them."""
    return _write(folder / "eu_global_supply_shares.csv", [EU, *lines])


def baci(folder: Path, *lines: str, year: int = 2023, packed: bool = False) -> Path:
    """A year file of BACI."""
    path = folder / f"BACI_HS92_Y{year}_V202601.csv{'.gz' if packed else ''}"
    text = "\n".join([BACI, *lines]) + "\n"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()) if packed else text.encode())
    return path


def _write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
