"""The balanced network as frozen values: nodes, slots, flows and every adjustment that was made.

Knows what a network is, not how it is built.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Literal

from supplychain.parameters import Parameters
from supplychain.tables import Row, Tables
from supplychain.vocabulary import node_id

NodeKind = Literal["producer", "industry", "other", "outside"]
Commodity = tuple[str, str]
"""What flows: a product, and for an industry's output the segment that makes it."""


@dataclass(frozen=True)
class Node:
    """One country at one product (one segment of it, for an industry).

    Attributes:
        country: ISO 3166 alpha-3, or ROW.
        product: product id.
        segment: segment id of an industry, else empty.
        kind: ``producer`` (mine, refine, component), ``industry``, ``other`` (use outside the
            modelled industries) or ``outside`` (a supplier whose own inputs are not modelled).
        output: balanced baseline output, unit/year (a use, for ``other``).
        capacity_ratio: capacity over output, >= 1.
        exports_usd: yearly exports of an industry's segment, else 0.
        rows: the table rows it rests on.
        planned: yet to be built: it makes nothing in the baseline, and `output` is its capacity.
    """

    country: str
    product: str
    segment: str
    kind: NodeKind
    output: float
    capacity_ratio: float = 1.0
    exports_usd: float = 0.0
    rows: tuple[Row, ...] = ()
    planned: bool = False

    @property
    def id(self) -> str:
        """``KOR:ndfeb_magnet_hre``, ``KOR:auto_parts/hre_magnet``; other uses end in ``~other``."""
        name = node_id(self.country, self.product, self.segment)
        return name + "~other" if self.kind == "other" else name

    @property
    def commodity(self) -> Commodity:
        """What the node makes."""
        return (self.product, self.segment)


@dataclass(frozen=True)
class Slot:
    """One input of one node.

    Attributes:
        node: index of the node that uses it.
        commodity: product (and segment) that is used.
        need: balanced baseline use, input unit/year.
        recipe: row of ``recipes.csv`` (none for other uses).
        stock: row of ``stocks.csv`` that gives the plants' cover (none: no stock).
        is_main: whether it is an input of the baseline's technology; else of an alternative alone.
    """

    node: int
    commodity: Commodity
    need: float
    recipe: Row | None
    stock: Row | None
    is_main: bool = True


@dataclass(frozen=True)
class Flow:
    """Baseline quantity per year from a supplier node to a slot.

    Attributes:
        supplier: index of the supplier node.
        slot: index of the slot.
        quantity: unit/year.
        row: row of ``trade.csv`` it rests on (none where filled by proportionality).
    """

    supplier: int
    slot: int
    quantity: float
    row: Row | None


@dataclass(frozen=True)
class Technology:
    """Another way of making what a node makes.

    Attributes:
        node: index of the node; row: of ``technologies.csv``.
        uses: (slot, months of the slot's need for one month of the node's output) per input.
    """

    node: int
    row: Row
    uses: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class Project:
    """New capacity: index of its node, and its row of ``projects.csv``."""

    node: int
    row: Row


_SLACK = 0.01


@dataclass(frozen=True)
class Adjustment:
    """What balancing did to one figure.

    Attributes:
        kind: ``output``, ``use`` or ``flow``.
        name: the node or ``exporter>importer:product``.
        before: figure or prior, unit/year.
        after: balanced value, unit/year.
        evidence: grade of the figure; ``prior`` where filled by proportionality.
        row: the row it came from.
        restated: the balanced value in the row's own terms (a share of its base, or a quantity).
    """

    kind: str
    name: str
    before: float
    after: float
    evidence: str
    row: Row | None
    restated: float | None = None

    @property
    def is_outside(self) -> bool:
        """Whether balancing left the range of the row (by more than a hundredth of the figure)."""
        if self.row is None or self.restated is None:
            return False
        low, high = float(self.row["low"]), float(self.row["high"])
        slack = _SLACK * max(abs(low), abs(high))
        return not low - slack <= self.restated <= high + slack

    @property
    def ratio(self) -> float:
        """After over before (1 is untouched)."""
        return self.after / self.before if self.before else 1.0


@dataclass(frozen=True)
class Network:
    """The balanced world before any restriction; frozen and lossless.

    Attributes:
        tables: the pack it was built from.
        parameters: the model constants of the pack.
        nodes, slots, flows: the network itself; slots and flows refer to nodes and slots by index.
        order: commodities from upstream to downstream.
        hosts: node -> (host node, by-product obtainable over baseline output) for by-products.
        segment_rows: (country, industry, segment) -> row of ``segments.csv``.
        adjustments: every figure that balancing moved, largest first.
        projects, technologies: what may come later; their own nodes and slots stand last.
        warnings: what a reader of results must know about the data.
    """

    tables: Tables
    parameters: Parameters
    nodes: tuple[Node, ...]
    slots: tuple[Slot, ...]
    flows: tuple[Flow, ...]
    order: tuple[Commodity, ...]
    hosts: Mapping[int, tuple[int, float]] = field(default_factory=lambda: MappingProxyType({}))
    segment_rows: Mapping[tuple[str, str, str], Row] = field(
        default_factory=lambda: MappingProxyType({})
    )
    adjustments: tuple[Adjustment, ...] = ()
    warnings: tuple[str, ...] = ()
    projects: tuple[Project, ...] = ()
    technologies: tuple[Technology, ...] = ()

    @cached_property
    def present_slots(self) -> tuple[Slot, ...]:
        """Slots of the baseline, which stand first: without what may come later."""
        return tuple(s for s in self.slots if s.is_main and not self.nodes[s.node].planned)

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Node id -> position in `nodes`."""
        return MappingProxyType({node.id: i for i, node in enumerate(self.nodes)})

    @cached_property
    def flows_of(self) -> Mapping[str, tuple[int, ...]]:
        """Product id -> positions of its flows in `flows`."""
        found: dict[str, list[int]] = {}
        for e, flow in enumerate(self.flows):
            found.setdefault(self.slots[flow.slot].commodity[0], []).append(e)
        return MappingProxyType({product: tuple(each) for product, each in found.items()})

    @cached_property
    def products(self) -> Mapping[str, Row]:
        """Product id -> row of ``products.csv``."""
        return MappingProxyType({str(r["product"]): r for r in self.tables.rows("products")})

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """Countries with a node of their own today; all others are part of the rest of world."""
        return tuple(sorted({node.country for node in self.nodes if not node.planned}))
