"""The network as a `networkx.MultiDiGraph`, and as files that other tools open."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import networkx as nx

from supplychain.errors import UsageError
from supplychain.network.values import Network
from supplychain.tables import ref

GraphFormat = Literal["graphml", "gexf", "json", "csv"]


def to_networkx(network: Network) -> "nx.MultiDiGraph[str]":
    """Nodes ``KOR:ndfeb_magnet_hre`` with output and unit; one edge per flow, keyed by product.

    Edge attributes: product, quantity (unit/year), share of the user's need, evidence of the trade
    row behind it (``prior`` where it was filled by proportionality). All values are plain text or
    numbers, so that every exchange format can hold them. The graph is a copy: changing it changes
    no result.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(
        name=network.tables.info.title or network.tables.folder
    )
    for node in (n for n in network.nodes if not n.planned):
        row = network.products[node.product]
        graph.add_node(
            node.id,
            country=node.country,
            product=node.product,
            segment=node.segment,
            kind=node.kind,
            stage=str(row["stage"]),
            output=float(node.output),
            unit=str(row["unit"]),
            exports_usd=float(node.exports_usd),
            evidence=str(node.rows[0]["evidence"]) if node.rows else "prior",
        )
    for flow in network.flows:
        slot = network.slots[flow.slot]
        product, segment = slot.commodity
        graph.add_edge(
            network.nodes[flow.supplier].id,
            network.nodes[slot.node].id,
            key=f"{product}/{segment}" if segment else product,
            product=product,
            quantity=float(flow.quantity),
            share=float(flow.quantity / slot.need) if slot.need else 0.0,
            evidence=str(flow.row["evidence"]) if flow.row is not None else "prior",
            row=ref(flow.row) if flow.row is not None else "",
        )
    return graph


def _write_json(graph: "nx.MultiDiGraph[str]", path: Path) -> None:
    """Node-link JSON."""
    data = nx.node_link_data(graph, edges="edges")
    path.write_text(json.dumps(data, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _write_csv(graph: "nx.MultiDiGraph[str]", path: Path) -> None:
    """One edge a row, for spreadsheets and other tools."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["supplier", "user", "product", "quantity_per_year", "share_of_need", "evidence", "row"]
        )
        for supplier, user, data in graph.edges(data=True):
            writer.writerow(
                [
                    supplier,
                    user,
                    data["product"],
                    data["quantity"],
                    data["share"],
                    data["evidence"],
                    data["row"],
                ]
            )


def export_graph(network: Network, path: Path, form: GraphFormat) -> Mapping[str, int]:
    """Write the graph; returns how many nodes and edges it has.

    Raises:
        UsageError: the form is not known, or the folder does not exist.
    """
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent} is not a folder; create it first or choose another --out")
    graph = to_networkx(network)
    if form == "graphml":
        nx.write_graphml(graph, path)
    elif form == "gexf":
        nx.write_gexf(graph, path)
    elif form == "json":
        _write_json(graph, path)
    elif form == "csv":
        _write_csv(graph, path)
    else:
        raise UsageError(f"unknown format {form!r}; choose graphml, gexf, json or csv")
    return {"nodes": graph.number_of_nodes(), "edges": graph.number_of_edges()}
