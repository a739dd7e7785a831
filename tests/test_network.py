"""Balancing makes outputs, uses and trade agree; weak evidence gives way first. Numbers by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from worlds import CARS, LINK, network_of, run, stop, world

from supplychain.errors import DataError
from supplychain.network.balance import balance
from supplychain.network.prior import prior_flows
from supplychain.schema import Row

LOOSE, FIRM = 1e-6, 1e9


def near(value):
    return pytest.approx(value, rel=1e-6, abs=1e-9)


def trade(exporter, importer, *, share=None, base="", quantity=None, evidence="A"):
    cells = {
        "exporter": exporter,
        "importer": importer,
        "share": share,
        "base": base,
        "quantity": quantity,
        "evidence": evidence,
    }
    return Row("trade", 2, cells)


def spread(suppliers, users, *rows, home_bias=1.0):
    """Prior flows as {(supplier, user): quantity}, and their weights."""
    prior = prior_flows(
        suppliers, users, rows, home_bias, {"A": 9.0, "D": 2.0, "prior": 1.0}.__getitem__
    )
    names, places = list(suppliers), list(users)
    cells = [(i, j) for i in range(len(names)) for j in range(len(places))]
    flows = {(names[i], places[j]): prior.flows[i, j] for i, j in cells if prior.flows[i, j] > 0}
    return flows, {(names[i], places[j]): prior.weights[i, j] for i, j in cells}


# The first guess ----------------------------------------------------------------------------------


def test_what_no_row_states_is_spread_by_output():
    # 80 of 100 from A as stated; the other 20 as 3 to 1.
    rows = [trade("AAA", "USR", share=0.8, base="imports")]
    flows, weights = spread({"AAA": 50.0, "BBB": 30.0, "CCC": 10.0}, {"USR": 100.0}, *rows)
    assert flows == near({("AAA", "USR"): 80, ("BBB", "USR"): 15, ("CCC", "USR"): 5})
    assert weights == {("AAA", "USR"): 9, ("BBB", "USR"): 1, ("CCC", "USR"): 1}


def test_a_share_of_imports_leaves_out_what_is_made_at_home():
    # Home makes 30 and another country 60 of 90: a user of 60 takes a third, 20, at home and
    # imports 40, half of them from BBB.
    rows = [trade("BBB", "USR", share=0.5, base="imports")]
    flows, _ = spread({"USR": 30.0, "BBB": 30.0, "CCC": 30.0}, {"USR": 60.0}, *rows)
    assert flows == near({("USR", "USR"): 20, ("BBB", "USR"): 20, ("CCC", "USR"): 20})


def test_a_share_of_use_counts_what_is_made_at_home():
    rows = [trade("BBB", "USR", share=0.5, base="use")]
    flows, _ = spread({"USR": 30.0, "BBB": 30.0, "CCC": 30.0}, {"USR": 60.0}, *rows)
    assert flows == near({("USR", "USR"): 20, ("BBB", "USR"): 30, ("CCC", "USR"): 10})


def test_home_bias_counts_own_output_several_times():
    # 3 x 30 against 30: three quarters of 20 at home; of 100 only what is made at home, 30.
    assert spread({"USR": 30.0, "BBB": 30.0}, {"USR": 20.0}, home_bias=3.0)[0] == near(
        {("USR", "USR"): 15, ("BBB", "USR"): 5}
    )
    assert spread({"USR": 30.0, "BBB": 30.0}, {"USR": 100.0}, home_bias=3.0)[0] == near(
        {("USR", "USR"): 30, ("BBB", "USR"): 70}
    )


def test_a_quantity_stands_as_it_is():
    flows, weights = spread(
        {"AAA": 50.0, "BBB": 50.0}, {"USR": 40.0}, trade("AAA", "USR", quantity=10.0, evidence="D")
    )
    assert flows == near({("AAA", "USR"): 10, ("BBB", "USR"): 30})
    assert weights["AAA", "USR"] == 2


def test_a_supplier_stated_with_nothing_gets_nothing():
    flows, _ = spread(
        {"AAA": 50.0, "BBB": 50.0}, {"USR": 40.0}, trade("AAA", "USR", share=0.0, base="use")
    )
    assert flows == near({("BBB", "USR"): 40})


# The balance --------------------------------------------------------------------------------------


def array(*values):
    return np.array(values, dtype=np.float64)


def one_flow(weight, output, output_weight, use, use_weight, prior=80.0):
    """Balance one supplier and one user."""
    found = balance(
        array([prior]),
        array([weight]),
        array(output),
        array(output_weight),
        array(use),
        array(use_weight),
    )
    return float(found.flows[0, 0])


def test_equal_weights_meet_at_the_geometric_mean():
    assert one_flow(LOOSE, 100, 1, 60, 1) == pytest.approx(math.sqrt(6000), rel=1e-5)


def test_figures_meet_at_their_weighted_geometric_mean():
    # ln F = (1 ln 80 + 2 ln 100 + 5 ln 60) / 8
    assert one_flow(1, 100, 2, 60, 5) == near((80 * 100**2 * 60**5) ** (1 / 8))


def test_an_a_figure_hardly_moves_and_a_d_figure_gives_way():
    # Weights 1000 and 1: F = 100 x (60 / 100)^(1 / 1001) = 99.949.
    assert one_flow(LOOSE, 100, 1000, 60, 1) == pytest.approx(99.949, abs=1e-3)


def test_firm_totals_are_iterative_proportional_fitting():
    # Without knowledge of the flows: rows x columns / total.
    found = balance(
        np.ones((2, 2)),
        np.ones((2, 2)),
        array(60, 40),
        np.full(2, FIRM),
        array(70, 30),
        np.full(2, FIRM),
    )
    assert found.flows.round(5).tolist() == [[42, 18], [28, 12]]
    assert found.residual < 1e-10


def test_a_flow_without_a_prior_stays_without():
    found = balance(
        array([1, 0], [1, 1]), np.ones((2, 2)), array(50, 50), np.ones(2), array(60, 40), np.ones(2)
    )
    assert found.flows[0, 1] == 0
    assert found.flows.sum(axis=1) == near(found.outputs)
    assert found.flows.sum(axis=0) == near(found.uses)


def test_nothing_to_balance_is_nothing():
    assert (
        balance(
            np.zeros((1, 1)), np.ones((1, 1)), array(5), array(1), array(5), array(1)
        ).flows.sum()
        == 0
    )


def test_what_agrees_already_is_not_moved():
    prior = array([30, 10], [20, 40])
    found = balance(
        prior, np.ones((2, 2)), prior.sum(axis=1), np.ones(2), prior.sum(axis=0), np.ones(2)
    )
    assert found.flows == near(prior)


# The network --------------------------------------------------------------------------------------


def moved(network, kind, name):
    """One adjustment."""
    return next(a for a in network.adjustments if (a.kind, a.name) == (kind, name))


def test_consistent_figures_become_the_network_as_they_stand(tmp_path):
    network = LINK.network(tmp_path)
    assert [n.id for n in network.nodes] == ["CHN:magnet", CARS]
    assert [n.output for n in network.nodes] == near([120, 120])
    assert [n.kind for n in network.nodes] == ["producer", "industry"]
    assert network.nodes[1].exports_usd == near(120e6)
    assert [s.need for s in network.slots] == near([120])
    assert [f.quantity for f in network.flows] == near([120])
    assert network.flows[0].row["exporter"] == "CHN"
    assert network.countries == ("CHN", "KOR")
    assert network.warnings == ()
    assert all(a.ratio == near(1) for a in network.adjustments)


def test_weak_uses_give_way_to_official_output_and_it_is_recorded(tmp_path):
    # Output 100 of grade A; use 120 and share 1 of grade D: F = 100 x 1.2^(2 / 1002) = 100.036.
    weak = LINK.but(
        processors=["CHN magnet 100 low=95 high=105 evidence=A"],
        recipes=["cars/all magnet 1 critical evidence=D"],
        trade=["CHN KOR magnet 1 evidence=D"],
    )
    network = weak.network(tmp_path)
    balanced = 100 * 1.2 ** (2 / 1002)
    assert network.flows[0].quantity == near(balanced)
    assert network.slots[0].need == near(balanced)
    use, output = moved(network, "use", "KOR:magnet"), moved(network, "output", "CHN:magnet")
    assert (use.before, use.evidence) == (120, "D")
    assert use.after == near(balanced)
    assert use.ratio == near(balanced / 120)
    assert (output.before, output.evidence) == (100, "A")
    assert output.row["country"] == "CHN"
    ratios = [abs(math.log(a.ratio)) for a in network.adjustments]
    assert ratios == sorted(ratios, reverse=True)


def test_an_official_output_that_would_leave_its_range_is_refused(tmp_path):
    # All three figures of grade A: F = 100 x 1.2^(2 / 3) = 112.9, beyond 105 and its slack of 1.
    firm = LINK.but(processors=["CHN magnet 100 low=95 high=105"])
    with pytest.raises(
        DataError, match=r"row 2, output: '100' balancing would move .* A to 112\.924"
    ) as caught:
        firm.network(tmp_path)
    assert caught.value.faults[0].file == "processors.csv"
    assert "between 95 and 105" in str(caught.value)


def test_an_assumed_output_may_leave_its_range(tmp_path):
    loose = LINK.but(processors=["CHN magnet 100 low=95 high=105 evidence=D"])
    assert loose.network(tmp_path).nodes[0].output == near(100 * 1.2 ** (2000 / 2001))


def test_an_exporter_without_output_is_left_out_with_a_warning(tmp_path):
    ghost = LINK.but(trade=["CHN KOR magnet 0.8 evidence=D", "JPN KOR magnet 0.2 evidence=D"])
    network = ghost.network(tmp_path)
    assert len(network.warnings) == 1
    assert "JPN>KOR" in network.warnings[0]
    assert [network.nodes[f.supplier].country for f in network.flows] == ["CHN"]
    # A row that states nothing is no loss.
    none = LINK.but(trade=["CHN KOR magnet 1", "JPN KOR magnet 0"])
    assert none.network(tmp_path).warnings == ()


def test_what_the_industries_do_not_use_goes_to_other_uses(tmp_path):
    # 240 are made and 120 used: a quarter of the other 120 in Japan, the rest in the rest of world.
    network = LINK.but(processors=["CHN magnet 240"], other_uses=["JPN magnet 0.25"]).network(
        tmp_path
    )
    other = {n.id: n.output for n in network.nodes if n.kind == "other"}
    assert other == near({"JPN:magnet~other": 30, "ROW:magnet~other": 90})
    into = {network.nodes[network.slots[f.slot].node].id: f.quantity for f in network.flows}
    assert into == near({CARS: 120, "JPN:magnet~other": 30, "ROW:magnet~other": 90})
    assert all(s.recipe is None for s in network.slots if network.nodes[s.node].kind == "other")
    # Other uses lose what everybody loses.
    assert run(network, stop(severity=0.4)).loss("frozen", "ROW:magnet~other") == near(0.4)


def test_users_of_one_country_share_its_supply_by_need(tmp_path):
    # Cars need 120 and parts 60 of 180, 2 to 1 from each supplier.
    two = LINK.but(
        products=["magnet component", "cars industry", "parts industry"],
        processors=["CHN magnet 120", "JPN magnet 60"],
        industries=["KOR cars 120", "KOR parts 60"],
        segments=["* cars all 1", "* parts all 1"],
        recipes=["cars/all magnet 1", "parts/all magnet 1"],
        trade=["CHN KOR magnet 0.6666666666666667", "JPN KOR magnet 0.3333333333333333"],
    )
    network = two.network(tmp_path)
    found = {
        (
            network.nodes[f.supplier].country,
            network.nodes[network.slots[f.slot].node].product,
        ): f.quantity
        for f in network.flows
    }
    expected = {
        ("CHN", "cars"): 80,
        ("CHN", "parts"): 40,
        ("JPN", "cars"): 40,
        ("JPN", "parts"): 20,
    }
    assert found == near(expected)


def test_a_country_of_its_own_row_beats_the_row_for_all(tmp_path):
    own = LINK.but(
        processors=["CHN magnet 96"],
        industries=["KOR cars 120", "JPN cars 120"],
        segments=["* cars all 0.6", "KOR cars all 0.2"],
        trade=[],
        stocks=["* * * 10", "* * magnet 20", "* cars * 30", "KOR * * 40"],
    )
    network = own.network(tmp_path)
    nodes = {n.id: n for n in network.nodes}
    assert nodes[CARS].output == near(24)
    assert nodes["JPN:cars/all"].output == near(72)
    assert network.segment_rows["KOR", "cars", "all"]["share"] == 0.2
    cover = {network.nodes[s.node].country: s.stock["cover_days"] for s in network.slots}
    assert cover == {"KOR": 40, "JPN": 30}  # own country first, then own user, then own product


def test_commodities_stand_upstream_first(tmp_path):
    chain = world(
        products=["cars industry", "magnet component", "oxide refine", "ore mine"],
        producers=["CHN ore 120"],
        processors=["CHN magnet 120", "CHN oxide 120"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=["cars/all magnet 1", "magnet oxide 1", "oxide ore 1"],
    )
    network = chain.network(tmp_path)
    assert network.order == (("ore", ""), ("oxide", ""), ("magnet", ""), ("cars", "all"))
    assert [n.product for n in network.nodes] == ["ore", "oxide", "magnet", "cars"]


def test_an_input_that_nobody_makes_is_refused(tmp_path):
    tables = LINK.records()
    tables["products"].append(tables["products"][0] | {"product": "cell", "name": "cells"})
    tables["recipes"].append(tables["recipes"][0] | {"input": "cell"})
    with pytest.raises(DataError, match=r"cell.*no country makes it"):
        network_of(tables, tmp_path)


def test_a_by_product_knows_its_host(tmp_path):
    # 0.1 x 1200 could be had of 60: ratio 2. Japan has germanium and no zinc: no host.
    tiny = world(
        products=["zinc refine", "germanium refine", "optics industry"],
        processors=["CHN zinc 1200", "CHN germanium 60", "JPN germanium 60"],
        industries=["KOR optics 120"],
        segments=["* optics all 1"],
        recipes=["germanium zinc 0.1 relation=host", "optics/all germanium 1"],
    )
    network = tiny.network(tmp_path)
    index = network.index
    assert dict(network.hosts) == {index["CHN:germanium"]: (index["CHN:zinc"], near(2))}


# Known faults, told to the author of the engine ---------------------------------------------------


def test_an_industry_never_ships_more_than_it_makes(tmp_path):
    # Cars need 30 parts; the parts industry makes 10 of the same unit: something has to give way.
    short = LINK.but(
        products=["magnet component", "parts industry", "cars industry"],
        processors=["CHN magnet 120"],
        industries=["KOR parts 10", "KOR cars 120"],
        segments=["* parts all 1", "* cars all 1"],
        recipes=["parts/all magnet 1 critical", "cars/all parts/all 0.25 critical"],
        trade=[],
    )
    network = short.network(tmp_path)
    shipped = sum(f.quantity for f in network.flows if network.nodes[f.supplier].product == "parts")
    assert shipped <= network.nodes[network.index["KOR:parts/all"]].output * (1 + 1e-9)
    assert run(network, stop(severity=0)).loss("planner", CARS) == near(0)


def test_a_producer_that_nobody_buys_from_is_told_or_left_out(tmp_path):
    # All of Korea's use is stated to come from China, so Japan's 12 find no user.
    network = LINK.but(
        processors=["CHN magnet 120 evidence=D", "JPN magnet 12 evidence=D"],
        industries=["KOR cars 132"],
    ).network(tmp_path)
    assert all(n.output > 0 for n in network.nodes)
    assert any("JPN" in warning for warning in network.warnings)


def test_the_balance_converges_to_the_end():
    # One flow, by hand: ln F = (1 ln 137 + 1 ln 126 + 1000 ln 107) / 1002.
    by_hand = math.exp((math.log(137) + math.log(126) + 1000 * math.log(107)) / 1002)
    assert one_flow(1, 126, 1, 107, 1000, prior=137) == near(by_hand)
