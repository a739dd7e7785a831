"""The world that scenarios are played on: a pack, balanced. Where the shipped pack is found."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from supplychain.errors import DataError, Fault
from supplychain.network import Network, build_network
from supplychain.tables import Tables, load_tables

if TYPE_CHECKING:
    import networkx as nx

_HERE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """A folder that ships with the package: inside it in a wheel, beside it in a checkout.

    Raises:
        DataError: neither place holds it (a broken installation).
    """
    for place in (_HERE / folder, _HERE.parent / folder):
        if place.is_dir():
            return place
    fault = Fault(
        folder,
        None,
        "",
        "",
        "is missing from this installation",
        "a complete installation",
        "install the package again",
    )
    raise DataError(faults=(fault,))


@dataclass(frozen=True)
class World:
    """A balanced pack. Get one with `load`; it never changes."""

    network: Network

    @property
    def tables(self) -> Tables:
        """The checked tables it was built from."""
        return self.network.tables

    @cached_property
    def graph(self) -> "nx.MultiDiGraph[str]":
        """A `networkx.MultiDiGraph` of nodes and flows; a copy that no result depends on."""
        from supplychain.network.graph import to_networkx

        return to_networkx(self.network)


def load(folder: str | Path | None = None) -> World:
    """Load, check and balance a pack: the shipped one, or a folder of the same form.

    Raises:
        DataError: every fault of the folder, by file, row and column.
    """
    return World(build_network(load_tables(shipped("data") if folder is None else Path(folder))))
