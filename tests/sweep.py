"""Plant damages in copies of a pack, and judge what the loader makes of each. Helpers, not tests.

What is compared: the cells that were read (prose apart), then the balanced network, and its
warnings, which travel into every result that rests on them. A naive loader (pandas and fixed
proportions) is judged beside ours.
"""

from __future__ import annotations

import hashlib
import math
import random
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd
from conftest import TINY, records, write_pack
from damages import KINDS, Kind, Place
from worlds import CONSTANTS

from supplychain.errors import DataError, Fault
from supplychain.network import Network, build_network
from supplychain.tables import Tables, load_tables

PROSE = {"note", "title", "publisher", "url", "licence", "accessed", "name", "region", "blocs"}
ALIKE = 1e-9
ENDLESS = ("20,000 columns", "200,001 rows")  # pandas takes gigabytes for them
MORE_CONSTANTS = {
    "capacity_spare": 1.1,
    "capacity_spare mine": 1.05,
    "band_draws": 4,
    "band_shares_per_draw": 2,
    "band_low_quantile": 0.1,
    "band_high_quantile": 0.9,
    "headline_d_threshold": 0.5,
    "public_release_days": 30,
}
SMALL: dict[str, list[dict[str, str]]] = TINY | {
    "countries": records(
        "iso3 name aliases region",
        "CHN China CN|PRC|China,~mainland|中国|중국 Asia",
        "JPN Japan JP|Nippon|日本|일본 Asia",
        "KOR South~Korea KR|Korea,~Rep.|Republic~of~Korea|대한민국 Asia",
        "PRK North~Korea KP|Korea,~Dem.~Rep. Asia",
        "TWN Taiwan TW|Chinese~Taipei|Other~Asia,~nes|대만 Asia",
        "NAM Namibia NA Africa",
        "COD Democratic~Republic~of~the~Congo CD|DRC Africa",
        "COG Republic~of~the~Congo CG Africa",
        "XKX Kosovo XK Europe",
        "ROW Rest~of~world . World",
    ),
    "products": records(
        "product name group mineral stage unit mass_t_per_unit "
        "price_usd_per_unit price_low price_high",
        "dysprosium_ore Ore . dysprosium mine t 1 160000 90000 220000",
        "dysprosium_oxide Oxide . dysprosium refine t 1 290000 250000 350000",
        "ndfeb_magnet_hre Magnet ndfeb_magnet . component t 1 65000 45000 95000",
        "auto_parts Auto~parts . . industry musd . 1000000 1000000 1000000",
    ),
    "producers": records(
        "country product output capacity unit low high evidence",
        "CHN dysprosium_ore 900 1000 t 850 1000 C",
        "NAM dysprosium_ore 200 . t 150 250 D",
        "ROW dysprosium_ore 30 . t 10 50 D",
    ),
    "processors": records(
        "country product output capacity unit low high evidence",
        "CHN dysprosium_oxide 1000 . t 900 1100 B",
        "ROW dysprosium_oxide 40 . t 30 60 D",
        "CHN ndfeb_magnet_hre 19000 . t 17000 21000 C",
        "JPN ndfeb_magnet_hre 4000 4500 t 3500 4500 B",
        "TWN ndfeb_magnet_hre 100 . t 50 150 D",
    ),
    "trade": records(
        "exporter importer product quantity share base unit value_usd low high evidence",
        "CHN KOR ndfeb_magnet_hre . 0.9 use t . 0.85 0.95 B",
        "JPN KOR ndfeb_magnet_hre . 0.1 use t . 0.05 0.15 C",
        "CHN JPN ndfeb_magnet_hre 5500 . . t 350000000 4500 6500 C",
        "NAM CHN dysprosium_ore . 0.15 imports t . 0.1 0.3 D",
    ),
    "parameters": [
        {
            "parameter": key.partition(" ")[0],
            "scope": key.partition(" ")[2] or "*",
            **dict.fromkeys(("value", "low", "high"), str(value)),
            "unit": "1",
        }
        for key, value in {**CONSTANTS, **MORE_CONSTANTS}.items()
    ],
}


@dataclass(frozen=True)
class Taken:
    """What a loader made of a folder."""

    faults: tuple[Fault, ...] = ()
    crash: str = ""
    tables: Tables | None = None
    network: Network | None = None

    @property
    def refused(self) -> bool:
        """Whether it said no in the proper way."""
        return bool(self.faults)

    @cached_property
    def cells(self) -> Counter[str]:
        """The rows that were read, whatever their order, without prose."""
        return Counter(
            repr((table, [(k, row[k]) for k in sorted(row) if k not in PROSE]))
            for table, rows in (self.tables.contents if self.tables else ())
            for row in rows
        )

    @cached_property
    def flows(self) -> dict[tuple[str, ...], float]:
        """Quantity of every node and flow."""
        if self.network is None:
            return {}
        nodes, slots = self.network.nodes, self.network.slots
        found = {(n.id,): n.output for n in nodes}
        for flow in self.network.flows:
            slot = slots[flow.slot]
            key = (nodes[flow.supplier].id, nodes[slot.node].id, *slot.commodity)
            found[key] = found.get(key, 0.0) + flow.quantity
        return found


def taken(folder: Path) -> Taken:
    """Load and balance a folder; whatever is no `DataError` is a crash."""
    try:
        tables = load_tables(folder)
        return Taken(tables=tables, network=build_network(tables))
    except DataError as error:
        return Taken(faults=error.faults)
    except Exception as error:  # noqa: BLE001 - a traceback is what is counted
        return Taken(crash=f"{type(error).__name__}: {error}")


def alike(one: Mapping[tuple[str, ...], float], other: Mapping[tuple[str, ...], float]) -> bool:
    """Whether two networks are the same but for rounding."""
    return one.keys() == other.keys() and all(
        math.isclose(one[k], other[k], rel_tol=1e-6, abs_tol=ALIKE) for k in one
    )


# The naive loader ---------------------------------------------------------------------------------


def _table(folder: Path, table: str) -> pd.DataFrame:
    """A table as pandas reads it."""
    return pd.read_csv(folder / f"{table}.csv", low_memory=False)


def naive(folder: Path) -> dict[str, float]:
    """What many a script does: read with pandas, then multiply shares along the chain.

    World shares of every maker, and the exports of every industry that its segments make at risk.
    """
    made = pd.concat([_table(folder, t) for t in ("producers", "processors")])
    total = made.groupby("product")["output"].transform("sum")
    found = {
        f"{c}:{p}": v
        for c, p, v in zip(made.country, made["product"], made.output / total, strict=True)
    }
    trade = _table(folder, "trade")
    supply = dict(
        zip(
            trade.exporter + ">" + trade.importer + ":" + trade["product"], trade.share, strict=True
        )
    )
    found |= {k: v for k, v in supply.items() if not math.isnan(v)}
    bought: dict[str, float] = {}
    for key, value in supply.items():
        user = str(key).partition(">")[2]
        bought[user] = bought.get(user, 0.0) + value
    own = _table(folder, "industries").merge(
        _table(folder, "segments"), on="industry", suffixes=("", "_s")
    )
    recipes = _table(folder, "recipes")
    risk = own.merge(recipes, left_on=["industry", "segment"], right_on=["output", "segment"])
    for row in risk.itertuples():
        key = f"loss {row.country}:{row.industry}/{row.segment}<{row.input}"
        share = bought.get(f"{row.country}:{row.input}", 0.0)
        found[key] = row.exports_usd * row.share * share * (row.amount > 0)
    return found


def naive_verdict(folder: Path, clean: Mapping[str, float]) -> str:
    """`traceback`, `silent` (another result without a word) or `same`."""
    try:
        found = naive(folder)
    except Exception:  # noqa: BLE001 - a traceback is what is counted
        return "traceback"
    same = found.keys() == clean.keys() and all(
        math.isclose(found[k], clean[k], rel_tol=ALIKE) or math.isnan(clean[k]) for k in clean
    )
    return "same" if same else "silent"


# Planting and judging -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Trial:
    """One planted damage and what came of it.

    `verdict` is `refused`, `warned`, `same`, `silent` or `traceback`; `row` and `column` say
    whether a message names the planted place (none: there is none to name).
    """

    kind: Kind
    place: Place
    seed: int
    verdict: str
    row: bool | None
    column: bool | None
    words: str
    naive: str = ""

    @property
    def right(self) -> bool:
        """Whether the kind got the verdict that it is owed."""
        owed = {"refused": {"refused"}, "told": {"refused", "warned"}, "same": {"same"}}
        if self.kind.verdict == "told":
            return self.verdict in owed["told"] | {"same"}
        return self.verdict in owed[self.kind.verdict]


@dataclass(frozen=True)
class Pack:
    """A clean pack, and what it gives."""

    folder: Path
    clean: Taken
    naive: Mapping[str, float]

    @classmethod
    def of(cls, folder: Path, *, beside: bool = False) -> Pack:
        """Read a clean pack, with the naive loader beside ours if asked for."""
        clean = taken(folder)
        assert clean.network is not None, clean
        return cls(folder, clean, naive(folder) if beside else {})

    def try_(self, kind: Kind, seed: int, room: Path) -> Trial:
        """Copy the pack, plant one damage, judge."""
        digest = hashlib.sha256(f"{kind.name} {seed}".encode()).hexdigest()
        target = Path(shutil.copytree(self.folder, room / f"pack-{digest[:12]}"))
        rng = random.Random(digest)  # noqa: S311 - seeded on purpose
        place = kind.plant(target, rng)
        got = taken(target)
        verdict, words = self._verdict(got)
        row, column = _named(place, words)
        fair = self.naive and kind.name not in ENDLESS and _plain(target)
        beside = naive_verdict(target, self.naive) if fair else ""
        shutil.rmtree(target)
        return Trial(kind, place, seed, verdict, row, column, "\n".join(words), beside)

    def _verdict(self, got: Taken) -> tuple[str, list[str]]:
        if got.crash:
            return "traceback", [got.crash]
        if got.refused:
            return "refused", [str(fault) for fault in got.faults]
        assert got.network is not None
        assert self.clean.network is not None
        new = [w for w in got.network.warnings if w not in self.clean.network.warnings]
        if new:
            return "warned", new
        if got.cells == self.clean.cells and alike(got.flows, self.clean.flows):
            return "same", []
        return "silent", []


def _plain(folder: Path) -> bool:
    """Whether a reader that opens whatever is there can be let loose on a folder."""
    return all(path.is_file() and not path.is_symlink() for path in folder.iterdir())


def _named(place: Place, words: Sequence[str]) -> tuple[bool | None, bool | None]:
    """Whether a message names the row, and the column, of a place."""
    row = column = None
    if place.row is not None:
        marks = (f"{place.file} row {place.row}", f"{place.file}:{place.row}")
        row = any(_says(w, mark) for w in words for mark in marks)
    if place.column:
        column = any(place.column in w or ascii(place.column)[1:-1] in w for w in words)
    return row, column


def _says(words: str, mark: str) -> bool:
    """Whether a text holds a mark that no further digit follows."""
    start = words.find(mark)
    while start >= 0:
        if not words[start + len(mark) : start + len(mark) + 1].isdigit():
            return True
        start = words.find(mark, start + 1)
    return False


def small_pack(folder: Path) -> Path:
    """Write the small pack."""
    return write_pack(folder, **SMALL)


def sweep(pack: Pack, each: int, room: Path, kinds: Iterable[Kind] = KINDS) -> list[Trial]:
    """So many damages of every kind."""
    return [pack.try_(kind, seed, room) for kind in kinds for seed in range(each)]
