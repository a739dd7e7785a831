"""Who loses which exports, when and through which chokepoint, if a government restricts a mineral.

The minerals are critical ones, and the restrictions are on their export.

>>> import supplychain as sc
>>> april = sc.restrict("China", ["dysprosium", "terbium"], kind="ban", severity=0.8, months=12)
>>> april.counted_months
12

``sc.load()`` reads the shipped data pack, ``sc.simulate(world, april, focus=["KOR"])`` answers.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from supplychain.attribution.differences import compare
    from supplychain.attribution.shapley import shapley
    from supplychain.chokepoints.ask import rank_chokepoints
    from supplychain.paths import foresight, serve_in_order, severity_path
    from supplychain.result import Result
    from supplychain.scenario import (
        NewCapacity,
        Range,
        Restriction,
        Scenario,
        StockRelease,
        restrict,
    )
    from supplychain.scenario_file import load_scenario
    from supplychain.simulation import Effort, simulate
    from supplychain.validation.board import validate
    from supplychain.world import World, load

__version__ = "0.1.0"
__all__ = [
    "Effort",
    "NewCapacity",
    "Range",
    "Restriction",
    "Result",
    "Scenario",
    "StockRelease",
    "World",
    "compare",
    "foresight",
    "load",
    "load_scenario",
    "rank_chokepoints",
    "restrict",
    "serve_in_order",
    "severity_path",
    "shapley",
    "simulate",
    "validate",
]

# Imported on first use: `import supplychain` and `supplychain --help` stay quick.
_HOMES = {
    "Effort": "simulation",
    "Range": "scenario",
    "NewCapacity": "scenario",
    "Restriction": "scenario",
    "Result": "result",
    "Scenario": "scenario",
    "StockRelease": "scenario",
    "World": "world",
    "compare": "attribution.differences",
    "foresight": "paths",
    "load": "world",
    "load_scenario": "scenario_file",
    "rank_chokepoints": "chokepoints.ask",
    "restrict": "scenario",
    "serve_in_order": "paths",
    "severity_path": "paths",
    "shapley": "attribution.shapley",
    "simulate": "simulation",
    "validate": "validation.board",
}


def __getattr__(name: str) -> Any:
    """Fetch a public name from its room."""
    if name not in _HOMES:
        raise AttributeError(
            f"module 'supplychain' has no attribute {name!r}; it has {', '.join(__all__)}"
        )
    return getattr(import_module(f"supplychain.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """The public names, for completion."""
    return sorted([*__all__, "__version__"])
