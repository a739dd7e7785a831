"""Which commodity comes before which, and whether a loop of recipes can feed itself."""

from collections.abc import Mapping, Sequence

import networkx as nx
import numpy as np

from supplychain.errors import DataError, Fault
from supplychain.network.values import Commodity
from supplychain.tables import Row, Tables
from supplychain.vocabulary import MAIN_TECHNOLOGY


def commodity_of_input(row: Row) -> Commodity:
    """What a recipe row uses: a product, or one segment of an industry's output."""
    return (str(row["input"]), str(row["input_segment"] or ""))


def commodity_of_output(row: Row) -> Commodity:
    """What a recipe row makes."""
    return (str(row["output"]), str(row["segment"] or ""))


def upstream_first(tables: Tables) -> tuple[Commodity, ...]:
    """Commodities so that inputs come before outputs; members of a loop stand together.

    Raises:
        DataError: a loop of recipes whose gain is 1 or more (it would need at least one unit of
            itself to make one unit of itself); the loop is named.
    """
    graph: nx.DiGraph[Commodity] = nx.DiGraph()
    segments = sorted({(str(r["industry"]), str(r["segment"])) for r in tables.rows("segments")})
    industries = {str(r["product"]) for r in tables.rows("products") if r["stage"] == "industry"}
    products = [(str(r["product"]), "") for r in tables.rows("products")]
    graph.add_nodes_from(sorted(c for c in products if c[0] not in industries))
    graph.add_nodes_from(segments)
    recipes: dict[tuple[Commodity, Commodity], Row] = {}
    for row in tables.rows("recipes"):
        edge = (commodity_of_input(row), commodity_of_output(row))
        graph.add_edge(*edge)
        if row["relation"] == "input" and row["technology"] == MAIN_TECHNOLOGY:
            recipes[edge] = max(recipes.get(edge, row), row, key=lambda r: float(r["amount"]))
    components = [sorted(c) for c in nx.strongly_connected_components(graph)]
    for loop in components:
        _refuse_gain(loop, recipes)
    condensed = nx.condensation(graph, [set(c) for c in components])
    order = nx.lexicographical_topological_sort(condensed, key=lambda k: min(components[k]))
    return tuple(c for k in order for c in components[k])


def _refuse_gain(
    loop: Sequence[Commodity], recipes: Mapping[tuple[Commodity, Commodity], Row]
) -> None:
    """Refuse a loop whose matrix of amounts has a spectral radius of 1 or more; name its rows."""
    rows = {(i, j): recipes.get((a, b)) for i, a in enumerate(loop) for j, b in enumerate(loop)}
    matrix = np.zeros((len(loop), len(loop)))
    for place, row in rows.items():
        matrix[place] = float(row["amount"]) if row is not None else 0.0
    gain = float(np.abs(np.linalg.eigvals(matrix)).max())
    if gain < 1 - 1e-12:
        return
    names = " <-> ".join("/".join(part for part in c if part) for c in loop)
    raise DataError(
        Fault(
            row.file,
            row.line,
            "amount",
            f"{row['amount']:g}",
            f"is part of the loop {names}, which has a gain of {gain:.3g}",
            "a loop of recipes with a gain below 1",
            "lower the amounts: making one unit must need less than one unit of itself",
        )
        for row in rows.values()
        if row is not None
    )
