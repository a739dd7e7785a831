"""The importers there are: their names, the files they read, and the kind of table they give."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

from supplychain.errors import UnknownNameError, nearest
from supplychain.importers.extract import Extract

KINDS = MappingProxyType(
    {
        "production": "chapter, commodity, section, place, statistic, detail, unit, year, value, "
        "mark, row",
        "shares": "material, stage, place, share, mark, row",
        "trade": "year, exporter, importer, hs, quantity_t, value_usd",
        "indicator": "place, iso3, year, value, row",
        "interindustry": "year, supplier, supplier_sector, user, user_sector, value_musd",
        "edges": "the columns of a table of the pack, by a column map",
    }
)
"""What the columns of each kind of extract are. `row` is the line of the raw file."""


@dataclass(frozen=True, slots=True)
class Importer:
    """One importer.

    Attributes:
        name: what it is called on the command line and in `rules.csv`.
        kind: the kind of table that it gives (`KINDS`).
        patterns: file names as they are published (regular expressions).
        about: what it reads, and where that is downloaded.
    """

    name: str
    kind: str
    patterns: tuple[str, ...]
    about: str

    @property
    def read(self) -> Callable[..., Extract]:
        """The function that reads one file."""
        module = importlib.import_module(f"supplychain.importers.{self.name}")
        function: Callable[..., Extract] = module.read
        return function


IMPORTERS = MappingProxyType(
    {
        item.name: item
        for item in (
            Importer(
                "usgs_mcs",
                "production",
                (r"MCS20\d\d_.*(Data|World).*\.csv(\.gz)?",),
                "USGS Mineral Commodity Summaries, data release (editions 2025 and 2026)",
            ),
            Importer(
                "bgs_wms",
                "production",
                (r".*bgs.*\.(csv|csv\.gz|json)", r"world.mineral.statistics.*\.(csv|json)"),
                "BGS World Mineral Statistics: CSV or JSON of ogcapi.bgs.ac.uk",
            ),
            Importer(
                "wmd",
                "production",
                (r"(wmd_production|world.mining.data).*\.csv(\.gz)?", r"6\.4\..*\.xlsx"),
                "World Mining Data, section 6.4: workbook, or the same as a long CSV",
            ),
            Importer(
                "iea_cm",
                "production",
                (r"(iea_)?cm_.*explorer.*\.(csv|csv\.gz|xlsx)",),
                "IEA Critical Minerals Data Explorer: workbook, or the same as a long CSV",
            ),
            Importer(
                "eu_crm",
                "shares",
                (r"eu_global_supply_shares\.csv(\.gz)?",),
                "EU study on critical raw materials 2023: global supply shares",
            ),
            Importer(
                "baci",
                "trade",
                (r"BACI_HS\d\d_Y\d{4}_V\w+\.csv(\.gz)?", r"baci_.*\.parquet"),
                "CEPII BACI: one file a year (t, i, j, k, v, q), or an extract in parquet",
            ),
            Importer(
                "comtrade",
                "trade",
                (r".*comtrade.*\.csv(\.gz)?", r"TradeData.*\.csv(\.gz)?"),
                "UN Comtrade: CSV of the web interface or the API, annual, HS",
            ),
            Importer(
                "wgi",
                "indicator",
                (r"wgi_political_stability.*\.csv(\.gz)?",),
                "World Bank governance indicators: political stability",
            ),
            Importer(
                "un_votes",
                "indicator",
                (r"IdealpointestimatesAll.*\.csv(\.gz)?",),
                "UN General Assembly ideal points (Bailey, Strezhnev, Voeten)",
            ),
            Importer(
                "wiod",
                "interindustry",
                (
                    r"wiot_\d{4}.*\.npz",
                    r"WIOT\d{2,4}_.*\.(csv|csv\.gz|dta|xlsx)",
                    r"WIOTS_in_STATA\.zip",
                ),
                "World Input-Output Database: release 2016 (Stata, CSV) and 2013 (workbooks)",
            ),
            Importer(
                "icio",
                "interindustry",
                (
                    r"(19|20)\d\d(_SML)?\.csv(\.gz)?",
                    r"ICIO.*\.(csv|csv\.gz|zip)",
                    r"(19|20)\d\d-(19|20)\d\d(_SML)?\.zip",
                ),
                "OECD inter-country input-output tables, editions 2021 to 2025, CSV or archive",
            ),
            Importer(
                "exiobase",
                "interindustry",
                (r"IOT_\d{4}_(ixi|pxp)\.zip",),
                "EXIOBASE 3, archives of one year (needs pymrio)",
            ),
            Importer(
                "bea",
                "interindustry",
                (r"bea_use_(domestic|import)\.csv(\.gz)?",),
                "US BEA benchmark use tables, detail level",
            ),
            Importer(
                "edges",
                "edges",
                (),
                "Any edge list or bill of materials of your own, by a column map",
            ),
        )
    }
)
"""All importers by name."""


def importer(name: str) -> Importer:
    """One importer by its name.

    Raises:
        UnknownNameError: there is none; the nearest are suggested.
    """
    if name not in IMPORTERS:
        raise UnknownNameError(name, "importer", suggestions=nearest(name, IMPORTERS))
    return IMPORTERS[name]
