"""From a folder of CSV files to checked, frozen tables."""

from supplychain.schema import Row, ref
from supplychain.tables.pack import PackInfo, Tables, check_folder, load_tables

__all__ = ["PackInfo", "Row", "Tables", "check_folder", "load_tables", "ref"]
