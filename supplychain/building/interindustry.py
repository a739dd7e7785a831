"""A demonstration layer: who buys how much from which sector, from a world input-output table."""

from __future__ import annotations

from supplychain.building.rule import Cells, Rule
from supplychain.importers import Extract
from supplychain.tables import Tables


def from_world_table(rule: Rule, extract: Extract, tables: Tables) -> list[Cells]:
    """Rows of `interindustry.csv`."""
    raise rule.fault("is not supported yet")
