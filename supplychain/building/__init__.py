"""Make a data pack from what others publish: rules to rows, rows to folders, folders compared.

Rows of a pack are of two sorts. A row written by hand says in its note where its figure comes from.
A derived row carries the id of a rule of `rules.csv`, and comes out the same for whoever holds the
same downloads. Knows nothing of scenarios.
"""

from supplychain.building.changes import Change, changes
from supplychain.building.folder import may_be_written
from supplychain.building.rebuild import Built, rebuild
from supplychain.building.single import trade_codes, trade_rows, with_iso3

__all__ = [
    "Built",
    "Change",
    "changes",
    "may_be_written",
    "rebuild",
    "trade_codes",
    "trade_rows",
    "with_iso3",
]
