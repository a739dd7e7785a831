"""The network as a graph, and as files that other tools open."""

from __future__ import annotations

import csv
import json

import networkx as nx
import pytest
from worlds import world

from supplychain.errors import UsageError
from supplychain.network.graph import export_graph, to_networkx
from supplychain.network.values import Network
from supplychain.world import World

TINY = world(
    products=["oxide refine", "magnet component", "parts industry", "cars industry"],
    processors=["CHN oxide 150", "CHN magnet 60 evidence=C", "JPN magnet 60"],
    industries=["KOR parts 60", "KOR cars 60"],
    segments=["* parts all 1", "* cars electric 0.5", "* cars hybrid 0.5"],
    recipes=[
        "magnet oxide 1",
        "parts/all magnet 1",
        "cars/electric magnet 1",
        "cars/hybrid magnet 1",
        "cars/electric parts/all 0.5",
    ],
    trade=["CHN KOR magnet 0.5 evidence=B", "JPN KOR magnet 0.5", "CHN JPN oxide 1"],
)


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Network:
    return TINY.network(tmp_path_factory.mktemp("graph"))


@pytest.fixture(scope="module")
def graph(network) -> nx.MultiDiGraph:
    return to_networkx(network)


def test_every_node_and_every_flow_is_there_once(network, graph):
    assert set(graph) == {n.id for n in network.nodes}
    assert graph.number_of_edges() == len(network.flows)
    # One country's magnets go to three users; each is an edge of its own.
    assert sorted(v for _, v in graph.out_edges("JPN:magnet")) == [
        "KOR:cars/electric",
        "KOR:cars/hybrid",
        "KOR:parts/all",
    ]


def test_a_node_says_where_it_is_and_how_much_it_makes(graph):
    assert graph.nodes["KOR:cars/hybrid"] == {
        "country": "KOR",
        "product": "cars",
        "segment": "hybrid",
        "kind": "industry",
        "stage": "industry",
        "output": pytest.approx(30),
        "unit": "musd",
        "exports_usd": pytest.approx(30e6),
        "evidence": "A",
    }
    assert graph.nodes["CHN:magnet"]["evidence"] == "C"
    other = graph.nodes["ROW:oxide~other"]
    assert (other["kind"], other["output"]) == ("other", pytest.approx(30))
    assert other["evidence"] == "prior"


def test_an_edge_says_what_flows_and_what_it_rests_on(graph):
    stated = graph.edges["CHN:magnet", "KOR:parts/all", "magnet"]
    assert stated == {
        "product": "magnet",
        "quantity": pytest.approx(30),
        "share": pytest.approx(0.5),
        "evidence": "B",
        "row": "trade.csv:2",
    }
    spread = graph.edges["CHN:oxide", "CHN:magnet", "oxide"]
    assert (spread["share"], spread["evidence"], spread["row"]) == (1, "prior", "")
    made = graph.edges["KOR:parts/all", "KOR:cars/electric", "parts/all"]
    assert (made["product"], made["quantity"]) == ("parts", pytest.approx(15))


def test_the_shares_of_each_input_are_the_whole(graph):
    total: dict[tuple[str, str], float] = {}
    for _, user, key, share in graph.edges(keys=True, data="share"):
        total[user, key] = total.get((user, key), 0) + share
    assert list(total.values()) == pytest.approx([1] * len(total))


def test_attributes_are_plain_text_and_numbers(graph):
    parts = [data for _, data in graph.nodes(data=True)]
    parts += [data for _, _, data in graph.edges(data=True)]
    assert {type(value) for data in parts for value in data.values()} == {str, float}


def test_the_graph_is_a_copy(network, graph):
    again = to_networkx(network)
    again.nodes["CHN:magnet"]["output"] = 0.0
    again.remove_node("KOR:parts/all")
    assert nx.utils.graphs_equal(to_networkx(network), graph)


def test_a_world_draws_its_graph_once(network):
    mine = World(network)
    assert mine.graph is mine.graph
    assert mine.graph.name == network.tables.folder


def _node_link(path):
    return nx.node_link_graph(json.loads(path.read_text(encoding="utf-8")), edges="edges")


@pytest.mark.parametrize(
    ("form", "read"),
    [("graphml", nx.read_graphml), ("gexf", nx.read_gexf), ("json", _node_link)],
)
def test_a_file_holds_the_whole_graph(tmp_path, network, graph, form, read):
    said = export_graph(network, tmp_path / "graph", form)
    assert said == {"nodes": len(network.nodes), "edges": len(network.flows)}
    again = read(tmp_path / "graph")
    assert again.is_directed()
    again = nx.MultiDiGraph(again)  # readers of files without parallel edges give a plain one
    for name, data in graph.nodes(data=True):
        assert {k: again.nodes[name][k] for k in data} == data
    for supplier, user, data in graph.edges(data=True):
        (found,) = again.get_edge_data(supplier, user).values()
        assert {k: found[k] for k in data} == data
    assert again.number_of_edges() == graph.number_of_edges()


def test_a_csv_holds_every_flow(tmp_path, network, graph):
    export_graph(network, tmp_path / "graph.csv", "csv")
    with (tmp_path / "graph.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = {
        (r["supplier"], r["user"], r["product"], float(r["quantity_per_year"]),
         float(r["share_of_need"]), r["evidence"], r["row"])
        for r in rows
    }  # fmt: skip
    assert written == {
        (u, v, d["product"], d["quantity"], d["share"], d["evidence"], d["row"])
        for u, v, d in graph.edges(data=True)
    }
    assert len(rows) == len(network.flows)


def test_the_same_network_gives_the_same_bytes(tmp_path, network):
    for form in ("graphml", "gexf", "json", "csv"):
        for name in ("one", "two"):
            export_graph(network, tmp_path / name, form)
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_unknown_form_or_folder_is_refused_and_nothing_is_written(tmp_path, network):
    with pytest.raises(UsageError, match="unknown format 'xlsx'; choose graphml, gexf, json or"):
        export_graph(network, tmp_path / "graph", "xlsx")
    with pytest.raises(UsageError, match="is not a folder; create it first"):
        export_graph(network, tmp_path / "none" / "graph", "csv")
    assert list(tmp_path.iterdir()) == []
