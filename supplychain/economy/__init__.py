"""The rest of the economy: what lost exports cost in gross domestic product, suppliers included."""

from supplychain.economy.lanes import Lanes, lanes_of
from supplychain.economy.losses import economy_of, economy_of_outputs
from supplychain.economy.table import WorldTable, read_table
from supplychain.economy.values import CountryLoss, Economy, Part

__all__ = [
    "CountryLoss",
    "Economy",
    "Lanes",
    "Part",
    "WorldTable",
    "economy_of",
    "economy_of_outputs",
    "lanes_of",
    "read_table",
]
