"""Indices of the network itself, without a simulation: concentration, cuts, hidden dependence."""

from supplychain.structure.accounts import Account, Reading, accounts, table
from supplychain.structure.centrality import core_numbers, flow_betweenness
from supplychain.structure.concentration import concentrations, hhi, stage_concentrations
from supplychain.structure.cuts import Cut, max_flows, minimum_cut, resting_usd
from supplychain.structure.dominance import SinglePoint, path_dominators, single_points
from supplychain.structure.hidden import Content, Exposure, content, exposures
from supplychain.structure.links import Links, links
from supplychain.structure.nodes import MEASURES, node_measures
from supplychain.structure.recovery import Recovery, time_to_recover
from supplychain.structure.reliance import net_import_reliance, reliances
from supplychain.structure.removal import stopped_share, stopped_wholly
from supplychain.structure.risk import eu_supply_risk, geopolrisk, instability, risks
from supplychain.structure.survival import time_to_survive

__all__ = [
    "MEASURES",
    "Account",
    "Content",
    "Cut",
    "Exposure",
    "Links",
    "Reading",
    "Recovery",
    "SinglePoint",
    "accounts",
    "concentrations",
    "content",
    "core_numbers",
    "eu_supply_risk",
    "exposures",
    "flow_betweenness",
    "geopolrisk",
    "hhi",
    "instability",
    "links",
    "max_flows",
    "minimum_cut",
    "net_import_reliance",
    "node_measures",
    "path_dominators",
    "reliances",
    "resting_usd",
    "risks",
    "single_points",
    "stage_concentrations",
    "stopped_share",
    "stopped_wholly",
    "table",
    "time_to_recover",
    "time_to_survive",
]
