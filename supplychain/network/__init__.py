"""From checked tables to one balanced, frozen network."""

from supplychain.network.build import build_network, with_projects
from supplychain.network.values import Adjustment, Commodity, Flow, Network, Node, Slot

__all__ = [
    "Adjustment",
    "Commodity",
    "Flow",
    "Network",
    "Node",
    "Slot",
    "build_network",
    "with_projects",
]
