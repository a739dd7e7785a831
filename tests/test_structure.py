"""Indices of structure: each by a number worked out by hand and by a law."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import world

import supplychain.cli
from supplychain import structure
from supplychain.errors import UsageError
from supplychain.structure.survival import run_out_days
from supplychain.world import load

# Two mines feed two smelters; Korea's motors need magnets (half Japanese, half Chinese, all of
# oxide) and copper (all Chilean). The Japanese magnets rest on China's oxide by three quarters.
CHAIN = world(
    products=["ore mine", "oxide refine", "copper refine", "magnet component", "motor industry"],
    producers=["AUS ore 50", "MMR ore 150"],
    processors=[
        *("CHN oxide 150", "AUS oxide 50", "CHL copper 100"),
        *("CHN magnet 100", "JPN magnet 100"),
    ],
    industries=["KOR motor 100"],
    segments=["* motor all 1"],
    recipes=[
        *("oxide ore 1 critical", "magnet oxide 1 critical"),
        *("motor/all magnet 2 critical", "motor/all copper 1 critical"),
    ],
    trade=[
        *("MMR CHN ore 1", "AUS AUS ore 1"),
        *("CHN CHN oxide 1", "CHN JPN oxide 0.5", "AUS JPN oxide 0.5"),
        *("CHN KOR magnet 0.5", "JPN KOR magnet 0.5", "CHL KOR copper 1"),
    ],
    stocks=["* motor magnet 60", "* magnet oxide 30"],
)


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return CHAIN.network(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def view(network):
    return structure.links(network)


@pytest.fixture(scope="module")
def shipped():
    return load().network


def nodes(network, *ids):
    return np.array([network.index[i] for i in ids])


def lost(view, *ids, tiers=None):
    table = view.columns([nodes(view.network, *ids)])
    share = structure.stopped_share(view, table, tiers=tiers)[:, 0]
    return {n.id: round(float(x), 9) for n, x in zip(view.network.nodes, share, strict=True)}


def motor(network):
    return next(n.id for n in network.nodes if n.kind == "industry")


# Concentration and risk ---------------------------------------------------------------------------


def test_hhi_of_magnets_and_of_imports(network):
    found = {(r.index, r.country, r.product): r for r in structure.concentrations(network, ["KOR"])}
    assert found["production_hhi", "", "oxide"].value == pytest.approx(0.75**2 + 0.25**2)
    assert found["production_hhi", "", "oxide"].detail == "CHN"
    assert found["import_hhi", "KOR", "magnet"].value == pytest.approx(0.5)
    assert found["import_hhi", "KOR", "copper"].value == pytest.approx(1.0)


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=8), st.floats(0.1, 10))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_hhi_lies_between_equal_and_one_and_knows_no_unit_or_order(amounts, unit):
    value = structure.hhi(amounts)
    assert 1 / len(amounts) - 1e-12 <= value <= 1 + 1e-12
    assert structure.hhi([unit * a for a in reversed(amounts)]) == pytest.approx(value)


def test_eu_risk_falls_with_recycling_and_rises_with_instability():
    account = structure.Account("x", {"A": 80.0, "B": 20.0}, {("A", "C"): 50.0, ("B", "C"): 10.0})
    calm, wild = {"A": 0.3, "B": 0.3, "C": 0.3}, {"A": 0.6, "B": 0.3, "C": 0.3}
    base = structure.eu_supply_risk(account, {"C"}, calm)
    # IR = 1: half of 3 * 0.68 and half of 3 * (25 + 1) / 36
    assert base == pytest.approx(0.5 * 3 * 0.68 + 0.5 * 3 * 26 / 36)
    assert structure.eu_supply_risk(account, {"C"}, calm, recycling=0.25) == pytest.approx(
        0.75 * base
    )
    assert structure.eu_supply_risk(account, {"C"}, wild) > base
    assert structure.geopolrisk(account, {"C"}, calm) == pytest.approx(0.68 * 0.3)


def test_risk_is_of_the_size_that_the_eu_publishes(shipped):
    """Comparison only: the EU of 2023 gives dysprosium 5.6, tungsten 1.2, molybdenum 0.8."""
    known, unstable = structure.accounts(shipped), structure.instability(shipped)
    union = {str(r["iso3"]) for r in shipped.tables.rows("countries") if "EU" in r["blocs"]}
    risk = {
        p: structure.eu_supply_risk(known[p], union, unstable)
        for p in ("dysprosium_oxide", "tungsten_ore", "molybdenum_refined")
    }
    assert 4 < risk["dysprosium_oxide"] < 7
    assert risk["dysprosium_oxide"] > risk["tungsten_ore"] > risk["molybdenum_refined"]


def test_net_import_reliance_is_one_without_own_output_and_negative_for_an_exporter(network):
    found = {(r.country, r.product): r.value for r in structure.reliances(network, ["KOR", "JPN"])}
    assert found["KOR", "magnet"] == pytest.approx(1.0)
    assert found["JPN", "oxide"] == pytest.approx(1.0)
    assert ("JPN", "magnet") not in found  # Japan makes magnets and uses none of them
    assert {c for c, p in found if p == "motor"} == set()


# What stops ---------------------------------------------------------------------------------------


def test_losses_follow_the_worst_input(view, network):
    end = motor(network)
    found = lost(view, "CHN:oxide")
    assert found["CHN:magnet"] == 1
    assert found["JPN:magnet"] == 0.5
    assert found[end] == 0.75
    assert lost(view, "CHN:oxide", tiers=1)[end] == 0  # not yet seen from one step away
    assert lost(view, "CHL:copper")[end] == 1
    assert lost(view, "AUS:ore")[end] == 0.25


@given(st.sets(st.sampled_from(["MMR:ore", "AUS:ore", "CHN:oxide", "CHL:copper", "JPN:magnet"])))
@settings(derandomize=True, max_examples=20, deadline=None)
def test_taking_more_away_stops_more_and_all_is_lost_where_nothing_is_left(view, chosen):
    one = view.columns([nodes(view.network, *chosen) if chosen else []])
    two = view.columns([nodes(view.network, *chosen, "CHN:magnet")])
    share, more = structure.stopped_share(view, one), structure.stopped_share(view, two)
    assert (more >= share - 1e-12).all()
    assert (share[structure.stopped_wholly(view, one)] > 1 - 1e-9).all()


def test_a_true_single_point_that_no_path_leads_through(view, network):
    """Copper is on no path of the magnets, and yet there is no motor without it."""
    found = {(p.country, p.product): p for p in structure.single_points(view, ["KOR"])}
    assert structure.path_dominators(view, ["KOR"])[motor(network)] == ()
    assert found["CHL", "copper"].dead_share == 1
    assert found["CHN", "oxide"].dead_share == 0
    assert found["CHN", "oxide"].stopped_share == pytest.approx(0.75)
    whole = {p.country: p for p in structure.single_points(view, ["KOR"], by_country=True)}
    assert whole["CHN"].stopped_share == pytest.approx(0.75)


def test_a_dominator_lies_on_every_path_and_its_removal_cuts_everything(tmp_path):
    line = world(
        products=["ore mine", "oxide refine", "motor industry"],
        producers=["AUS ore 100"],
        processors=["CHN oxide 60", "JPN oxide 40"],
        industries=["KOR motor 100"],
        segments=["* motor all 1"],
        recipes=["oxide ore 1 critical", "motor/all oxide 1 critical"],
    ).network(tmp_path)
    view = structure.links(line)
    assert structure.path_dominators(view, ["KOR"])[motor(line)] == ("AUS:ore",)
    dead = structure.stopped_wholly(view, view.columns([nodes(line, "AUS:ore")]))[:, 0]
    assert dead[line.index[motor(line)]]


# Flows --------------------------------------------------------------------------------------------


def test_max_flow_is_the_share_of_exports_and_equals_its_cut(view, network):
    sector = view.sector("KOR", "motor")
    for ids, share in ((("CHN:oxide",), 0.75), (("AUS:ore",), 0.25), (("CHL:copper",), 1.0)):
        cut = structure.minimum_cut(view, nodes(network, *ids), sector)
        assert cut.share == pytest.approx(share, abs=1e-6)
        assert sum(usd for *_, usd in cut.links) == pytest.approx(cut.usd)
    both = structure.minimum_cut(view, nodes(network, "CHN:oxide", "CHL:copper"), sector)
    assert both.usd == pytest.approx(both.exports_usd)  # each dollar once


def test_max_flow_agrees_with_networkx_and_stays_below_demand(shipped):
    view = structure.links(shipped)
    sector = view.sector("KOR", "auto_parts")
    exports = np.zeros(len(shipped.nodes))
    exports[sector] = [shipped.nodes[i].exports_usd for i in sector]
    value = structure.resting_usd(view, exports)
    actor = nodes(shipped, "CHN:neodymium_oxide", "CHN:dysprosium_oxide")
    graph = nx.DiGraph()
    caps = view.weight[view.slot] * view.share * value[view.user]
    for a, b, c in zip(view.supplier.tolist(), view.user.tolist(), caps.tolist(), strict=True):
        if c > 0:
            size = graph.get_edge_data(a, b, {"capacity": 0.0})["capacity"]
            graph.add_edge(a, b, capacity=size + c)
    graph.add_edges_from((i, "sink", {"capacity": exports[i]}) for i in sector.tolist())
    graph.add_edges_from(("source", i, {"capacity": value[i]}) for i in actor.tolist())
    want = nx.maximum_flow_value(graph, "source", "sink")
    cut = structure.minimum_cut(view, actor, sector)
    assert cut.usd == pytest.approx(want, rel=1e-5)
    assert cut.usd <= cut.exports_usd * (1 + 1e-9)
    assert cut.usd == pytest.approx(structure.max_flows(view, exports, [actor])[0])


def test_betweenness_and_core(view, network):
    exports = view.exports_usd(["KOR"])
    found = structure.flow_betweenness(view, exports)
    at = {n.id: round(float(x), 9) for n, x in zip(network.nodes, found, strict=True)}
    # half of the chains go to copper, half to magnets, these half Chinese and half Japanese
    assert (at["CHL:copper"], at["CHN:magnet"], at["JPN:magnet"]) == (0.5, 0.25, 0.25)
    assert (at["CHN:oxide"], at["AUS:oxide"]) == (0.375, 0.125)
    core = structure.core_numbers(view)
    assert core[network.index["CHL:copper"]] == 1  # one link
    assert core[network.index["CHN:magnet"]] == 2  # a ring: oxide - two magnets - motor


# Hidden dependence --------------------------------------------------------------------------------


def test_content_by_origin_and_tier(view):
    own = structure.content(view, "JPN", "magnet", "oxide")
    assert own.share("CHN") == pytest.approx(0.5)
    assert own.share("CHN", tier=1) == pytest.approx(0.5)
    end = structure.content(view, "KOR", "motor", "ore")
    assert end.share("MMR", tier=3) == pytest.approx(0.75)
    assert sum(sum(t.values()) for t in end.by_tier.values()) == pytest.approx(1)
    assert structure.content(view, "CHL", "copper", "ore").by_tier == {}


def test_hidden_dependence_is_what_others_make_of_the_actors_goods(view):
    (found,) = (e for e in structure.exposures(view, "KOR", ["CHN"]) if e.product == "magnet")
    assert (found.direct, found.total) == (pytest.approx(0.5), pytest.approx(0.75))
    assert found.hidden == pytest.approx(0.25)
    assert found.tiers == pytest.approx((0.5, 0.75))


def test_hidden_shares_of_the_shipped_pack_add_up_to_one_and_exceed_the_direct(shipped):
    view = structure.links(shipped)
    traced = structure.content(view, "JPN", "ndfeb_magnet_hre", "dysprosium_oxide")
    assert sum(sum(t.values()) for t in traced.by_tier.values()) == pytest.approx(1)
    for found in structure.exposures(view, "KOR", ["CHN", "JPN"]):
        assert -1e-9 <= found.direct <= found.total + 1e-9 <= 1 + 2e-9
        assert list(found.tiers) == sorted(found.tiers)


# Time ---------------------------------------------------------------------------------------------


def test_time_to_survive_along_the_chain(view, network):
    days = structure.time_to_survive(view, nodes(network, "CHN:oxide"))
    at = {n.id: float(x) for n, x in zip(network.nodes, days, strict=True)}
    assert at["CHN:magnet"] == pytest.approx(30)
    assert at["JPN:magnet"] == pytest.approx(60)  # half missing: 30 days last 60
    # 0.5 is missing from day 30, another 0.25 from day 60; 60 days of stock: 15 gone by day 60
    assert at[motor(network)] == pytest.approx(60 + 45 / 0.75)
    assert at["CHL:copper"] == np.inf


@given(st.floats(0, 100), st.floats(0, 100), st.lists(st.floats(0.05, 0.3), min_size=1, max_size=3))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_more_stock_never_shortens_survival(cover, more, parts):
    missing = np.array(parts)
    since = np.arange(missing.size) * 20.0
    assert run_out_days(missing, since, cover + more) >= run_out_days(missing, since, cover)


def test_time_to_recover_waits_for_qualification_and_substitutes(tmp_path):
    tables = {
        "processors": [
            *("CHN oxide 150", "AUS oxide 50 capacity=80", "CHL copper 100"),
            *("CHN magnet 100", "JPN magnet 100"),
        ],
        "substitutes": ["oxide * 0.24 0.5 0"],
    }
    made = CHAIN.but(constants={"qualification_lag_months": 4}, **tables).network(tmp_path)
    found = structure.time_to_recover(made, "CHN", "oxide", "2026-01")
    assert found.exports == pytest.approx(50)  # half of Japan's 100
    assert found.replaced["spare"][3:5] == pytest.approx([0, 0.6])
    assert found.replaced["substitution"][12] == pytest.approx(0.24 * 100 / 50)
    # 0.6 from month 4 and 0.04 a month: whole from month 10
    assert found.months == 10
    with pytest.raises(UsageError, match="YYYY-MM"):
        structure.time_to_recover(made, "CHN", "oxide", "soon")


# All at once --------------------------------------------------------------------------------------


def test_node_measures_of_the_chain(network):
    found = structure.node_measures(network, ["KOR"])
    china = found["CHN", "oxide"]
    assert china["hhi"] == pytest.approx(0.75**2)
    assert china["dominator"] == pytest.approx(0.75)
    assert china["betweenness"] == pytest.approx(0.375)
    exports = sum(n.exports_usd for n in network.nodes)
    assert china["cut"] == pytest.approx(0.75 * exports, rel=1e-6)
    assert set(china) == set(structure.MEASURES)


def test_node_measures_do_not_depend_on_names(tmp_path):
    """China and Chile change names: so do the readings, and nothing else."""
    swap = str.maketrans({"N": "L", "L": "N"})

    def renamed(line):
        words = line.split()
        return " ".join(w.translate(swap) if w in {"CHN", "CHL"} else w for w in words)

    other = world(**{name: [renamed(row) for row in rows] for name, rows in CHAIN.tables.items()})
    one = structure.node_measures(CHAIN.network(tmp_path), ["KOR"])
    two = structure.node_measures(other.network(tmp_path), ["KOR"])
    for (country, product), found in one.items():
        assert two[renamed(country), product] == pytest.approx(dict(found))


def test_known_facts_of_the_shipped_pack(shipped):
    found = structure.node_measures(shipped, ["KOR", "JPN"])
    assert found["CHN", "dysprosium_oxide"]["hhi"] > 0.9
    assert (
        found["CHN", "dysprosium_oxide"]["hhi"] > found["CHN", "cobalt_ore"]["hhi"]
        if (
            "CHN",
            "cobalt_ore",
        )
        in found
        else True
    )
    assert all(0 <= v["dominator"] <= 1 + 1e-9 for v in found.values())
    stages = {(r.product, r.index): r for r in structure.stage_concentrations(shipped)}
    assert stages["cobalt", "production_hhi_mine"].detail == "cobalt_ore"


# Command ------------------------------------------------------------------------------------------


def test_command_prints_rows_and_refuses_clearly(capsys):
    words = ["structure", "dysprosium", "--focus", "Japan", "--index", "hidden", "--json"]
    assert supplychain.cli.main([*words, "--actor", "China"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows[0]["importer"] == "JPN"
    assert supplychain.cli.main(words) == 2
    assert "--actor" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert supplychain.cli.main(["structure", "--focus", "KOR", "--index", "hidde"]) == 4
    assert "hidden" in capsys.readouterr().err
