"""The Economic Systemic Risk Index: published figures, figures by hand, and laws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import run, stop, world

from supplychain.esri import firms, prices, ranking
from supplychain.model.esri import (
    CONVERGED_STOP,
    ESSENTIAL,
    NO_EFFECT,
    NON_ESSENTIAL,
    PUBLISHED_STOP,
    Economy,
    economy,
    esri,
    index_of,
    spread,
)
from supplychain.model.static import static

LAW = settings(max_examples=60, deadline=None, derandomize=True)


def near(values, digits=12):
    return pytest.approx(values, abs=10**-digits)


def closing(of: Economy, *shut: int) -> np.ndarray:
    """One scenario in which some firms are closed."""
    capacity = np.ones((of.sales.size, 1))
    capacity[list(shut)] = 0.0
    return capacity


# Published figures --------------------------------------------------------------------------------


def test_the_mixed_classes_of_the_authors_own_code_are_met():
    # Six firms of three industries, every class of input between them. The figures are the authors'
    # compiled code's (fastcascade), as quoted in the tests and the paper of ESRIcascade.jl
    # (github.com/Devetak/ESRIcascade.jl, test/test_types.jl, "C++ mixed-classification parity";
    # paper/paper.md, table "Customer-specific classification study": 0.50687988214742541).
    volume = np.array(
        [
            [0, 3, 2, 7, 5, 11],
            [4, 0, 9, 1, 8, 6],
            [10, 2, 0, 4, 3, 7],
            [6, 5, 1, 0, 9, 2],
            [8, 3, 6, 10, 0, 4],
            [2, 7, 5, 3, 11, 0],
        ]
    )
    industry = np.array([0, 1, 2, 0, 1, 2])
    kinds = np.array([[2, 1, 0], [0, 2, 1], [1, 0, 2]])
    i, j = np.nonzero(volume)
    of = economy(i, j, volume[i, j], kinds[industry[i], industry[j]], industry)
    found = spread(of, closing(of, 0), stop=1e-12)
    loss = of.sales @ (1 - found.downstream[:, 0]) / of.sales.sum()
    assert loss == near(0.50687988214742541)
    assert found.downstream[:, 0] == near(
        [0.0, 0.6, 0.7894068197483480, 0.0, 0.6111111111111110, 0.8786670560685980]
    )


def test_the_toy_network_of_another_implementation_is_met():
    # Twelve links, all of volume 1, between thirteen firms of six industries. Network and figures:
    # github.com/vitelot/Economic-Systemic-Risk, data/test_list.csv (commit d50fc5f) and
    # data/test_esri.csv (commit 8201330).
    code = {**dict.fromkeys("AXI", 1), **dict.fromkeys("BCDL", 2), **dict.fromkeys("EFJ", 3)}
    code |= {"G": 5, "H": 99, "K": 4}
    names = sorted(code)
    ends = [(a, "X", kind) for a, kind in zip("ABCDEFGH", (2, 2, 2, 2, 1, 1, 1, 0), strict=True)]
    ends += [("X", "I", 2), ("X", "J", 1), ("X", "K", 2), ("K", "L", 2)]
    of = economy(
        [names.index(a) for a, _, _ in ends],
        [names.index(b) for _, b, _ in ends],
        [1.0] * len(ends),
        [kind for _, _, kind in ends],
        [code[name] for name in names],
    )
    published = {
        "A": 0.4166666666666667,
        "X": 1.0,
        **dict.fromkeys("BCD", 0.1369047619047619),
        **dict.fromkeys("EFG", 0.12320402298850575),
        "H": 0.08333333333333333,
        **dict.fromkeys("IJ", 0.30555555555555564),
        **dict.fromkeys("KL", 0.388888888888889),
    }
    assert esri(of, stop=PUBLISHED_STOP) == near([published[name] for name in names])
    assert esri(of) == near([published[name] for name in names])


# By hand ------------------------------------------------------------------------------------------

# Two makers of one essential input (60 and 40) and a maker of a non-essential one (50) sell to a
# plant, which sells 300 to no firm: 450 in all.
PLANT = economy(
    [0, 1, 2],
    [3, 3, 3],
    [60.0, 40.0, 50.0],
    [ESSENTIAL, ESSENTIAL, NON_ESSENTIAL],
    [0, 0, 1, 2],
    sales=[60.0, 40.0, 50.0, 300.0],
)


@pytest.mark.parametrize(
    ("shut", "plant", "index"),
    [
        (0, 0.6, (60 + 180) / 450),  # 60 of 100, and the smaller maker can replace nothing of it
        (1, 0.4 * 40 / 60, (40 + 80) / 450),  # 40 of 100; only 40 / 60 of it is not replaced
        (2, 50 / 150, (50 + 100) / 450),  # a third of the cost
        (3, 1, 1),  # nobody else buys
    ],
)
def test_a_plant_loses_what_cannot_be_replaced(shut, plant, index):
    found = spread(PLANT, closing(PLANT, shut))
    assert found.loss[3, 0] == near(plant)
    assert esri(PLANT, firms=shut) == near([index])
    # The weights may count the plant alone.
    assert esri(PLANT, firms=shut, weights=[0, 0, 0, 1]) == near([plant])


def test_the_worst_essential_input_binds_and_inputs_without_effect_do_not():
    of = economy(
        [0, 1, 2], [3, 3, 3], [1.0, 1.0, 8.0], [ESSENTIAL, ESSENTIAL, NO_EFFECT], [0, 1, 2, 3]
    )
    capacity = np.array([[0.7, 1.0], [0.6, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert spread(of, capacity).downstream[3] == near([0.6, 1.0])


def test_the_published_stop_is_not_the_fixed_point():
    # 0 sells to 1 alone; 1 sells half to 0 and half to 2, which closes. Each round trip halves what
    # is left of the demand for both, down to nothing. The first step below 1/100 is 1/128; then 1
    # makes 1/128 and 0, one step behind, 1/64.
    loop = economy([0, 1, 1], [1, 0, 2], [1, 1, 1], [NO_EFFECT] * 3, [0, 1, 2], sales=[1, 2, 1])
    early = spread(loop, closing(loop, 2), stop=PUBLISHED_STOP)
    assert early.upstream[:, 0] == near([1 / 64, 1 / 128, 0])
    assert index_of(early, [1, 1, 1]) == near([1 - 1 / 128])
    assert index_of(spread(loop, closing(loop, 2)), [1, 1, 1]) == near([1], digits=8)


# An independent reading of the equations, in levels and in loops ----------------------------------


def plainly(of: Economy, shut: Sequence[int], stop: float) -> float:
    """The index from the production function itself: amounts of inputs, alpha and beta."""
    firms_, links = range(of.sales.size), list(zip(of.supplier, of.customer, strict=True))
    down, up = [1.0 for _ in firms_], [1.0 for _ in firms_]
    while True:
        amounts: dict[tuple[int, int, int], list[float]] = {}  # customer, kind, industry: now, then
        for e, (i, j) in enumerate(links):
            left = sum(of.sales[k] * down[k] for k in firms_ if of.market[k] == of.market[i])
            sigma = of.sales[i] / left if left > of.sales[i] else 1.0
            pair = amounts.setdefault((j, int(of.kind[e]), int(of.industry[i])), [0.0, 0.0])
            pair[0] += of.volume[e] * (1 - sigma * (1 - down[i]))
            pair[1] += of.volume[e]
        new_down = []
        for j in firms_:
            mine = {key[1:]: pair for key, pair in amounts.items() if key[0] == j and pair[1] > 0}
            output = 1.0  # any level: it cancels
            total = sum(then for _, then in mine.values())
            needs = {key: then / output for key, (_, then) in mine.items()}
            most = [mine[key][0] / needs[key] for key in mine if key[0] == ESSENTIAL]
            free = [pair for key, pair in mine.items() if key[0] == NON_ESSENTIAL]
            if free:
                alpha = total / output
                beta = output - sum(then for _, then in free) / alpha
                most.append(beta + sum(now for now, _ in free) / alpha)
            new_down.append(0.0 if j in shut else min([output, *most]) / output)
        new_up = []
        for i in firms_:
            bought = sum(of.volume[e] * (1 - up[j]) for e, (k, j) in enumerate(links) if k == i)
            rest = 1 - bought / of.sales[i] if of.sales[i] else 1.0
            new_up.append(0.0 if i in shut else rest)
        moved = max(abs(a - b) for a, b in zip(new_down + new_up, down + up, strict=True))
        down, up = new_down, new_up
        if moved < stop:
            losses = [1 - min(down[k], up[k]) for k in firms_]
            return sum(of.sales * losses) / sum(of.sales)


@st.composite
def economies(draw) -> Economy:
    """Up to seven firms with random links; some sell to nobody."""
    count = draw(st.integers(2, 7))
    firm = st.integers(0, count - 1)
    links = draw(
        st.lists(
            st.tuples(firm, firm, st.integers(1, 9), st.integers(0, 2)), min_size=1, max_size=16
        )
    )
    supplier, customer, volume, kind = (np.array(column) for column in zip(*links, strict=True))
    industry = draw(st.lists(st.integers(0, 2), min_size=count, max_size=count))
    sold = np.bincount(supplier, volume, minlength=count)
    final = draw(st.lists(st.integers(0, 9), min_size=count, max_size=count))
    return economy(supplier, customer, volume, kind, industry, sales=sold + final)


@given(economies(), st.sampled_from([PUBLISHED_STOP, 1e-6]))
@LAW
def test_the_matrices_say_what_the_production_function_says(of, stop):
    # The published stop is met from above in both: tolerances are compared, not limits alone.
    for shut in range(of.sales.size):
        assert index_of(spread(of, closing(of, shut), stop=stop), of.sales) == near(
            [plainly(of, [shut], stop)], digits=9
        )


# Laws ---------------------------------------------------------------------------------------------


@given(economies())
@LAW
def test_the_index_is_a_share_and_at_least_the_firms_own(of):
    found = esri(of)
    own = of.sales / of.sales.sum()
    assert ((found >= own - 1e-12) & (found <= 1 + 1e-12)).all()


@given(economies())
@LAW
def test_without_a_shock_nothing_is_lost_exactly(of):
    assert (spread(of, np.ones((of.sales.size, 2))).loss == 0).all()


@given(economies(), st.data())
@LAW
def test_closing_more_never_saves_anything(of, data):
    limits = st.lists(st.floats(0, 1), min_size=of.sales.size, max_size=of.sales.size)
    one, other = np.array(data.draw(limits)), np.array(data.draw(limits))
    found = spread(of, np.stack([one, np.minimum(one, other)], axis=1))
    assert (found.loss[:, 1] >= found.loss[:, 0] - 1e-6).all()


@given(economies())
@LAW
def test_going_on_never_finds_less(of):
    assert (esri(of) >= esri(of, stop=PUBLISHED_STOP) - 1e-12).all()


@given(economies(), st.randoms(use_true_random=False))
@LAW
def test_the_names_of_firms_and_the_order_of_links_do_not_matter(of, random):
    count = of.sales.size
    new, links = list(range(count)), list(range(of.volume.size))
    random.shuffle(new)
    random.shuffle(links)
    old = np.argsort(new)
    renamed = economy(
        np.array(new)[of.supplier[links]],
        np.array(new)[of.customer[links]],
        of.volume[links],
        of.kind[links],
        of.industry[old] + 5,
        sales=of.sales[old],
    )
    assert esri(renamed)[new] == near(esri(of), digits=9)


@given(economies())
@LAW
def test_replacement_never_costs(of):
    # With a market for each firm s = 1: nothing is replaced.
    alone = economy(
        of.supplier,
        of.customer,
        of.volume,
        of.kind,
        of.industry,
        sales=of.sales,
        market=np.arange(of.sales.size),
    )
    assert (esri(alone) >= esri(of) - 1e-7).all()


@given(economies(), st.integers(1, 3))
@LAW
def test_the_size_of_a_block_does_not_matter(of, block):
    assert esri(of, block=block) == near(esri(of), digits=12)


@given(economies())
@LAW
def test_one_more_step_from_the_converged_state_moves_nothing(of):
    closed = 1.0 - np.eye(of.sales.size)
    near_end = spread(of, closed, stop=1e-12)
    assert near_end.loss == near(spread(of, closed, stop=1e-13).loss, digits=9)
    assert (near_end.steps >= spread(of, closed, stop=CONVERGED_STOP).steps).all()


# What is refused ----------------------------------------------------------------------------------


def test_impossible_figures_are_refused():
    with pytest.raises(ValueError, match="not negative"):
        economy([0], [1], [-1.0], [2], [0, 1])
    with pytest.raises(ValueError, match="sum of its links"):
        economy([0], [1], [2.0], [2], [0, 1], sales=[1.0, 1.0])
    with pytest.raises(ValueError, match="between 0 and 1"):
        spread(PLANT, np.full((4, 1), 1.1))
    with pytest.raises(ValueError, match="rounding"):
        spread(PLANT, np.ones((4, 1)), stop=0.0)


# The network of a pack as an economy --------------------------------------------------------------

# China makes 90 magnets, 60 for its own cars and 30 for Korea, which has 30 more from Japan.
CARS = world(
    products=["magnet component price_usd_per_unit=2", "ore component", "cars industry"],
    processors=["CHN magnet 90", "JPN magnet 30"],
    industries=["KOR cars 60", "CHN cars 60"],
    segments=["* cars all 1"],
    recipes=["cars/all magnet 1 critical"],
    trade=["CHN CHN magnet 1", "CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
)


@pytest.fixture
def cars(tmp_path):
    return CARS.network(tmp_path)


def test_a_node_that_closes_takes_its_own_country_along(cars):
    found = firms(cars)
    at = cars.index
    loss = spread(found.economy, closing(found.economy, at["CHN:magnet"])).loss[:, 0]
    assert loss[at["CHN:cars/all"]] == near(1)
    assert loss[at["KOR:cars/all"]] == near(0.5)  # Japan, a third of China, replaces nothing of it


def test_a_ban_closes_the_exporting_twin_alone(cars):
    at = cars.index
    found = firms(cars, split=[at["CHN:magnet"]])
    twin = found.twins[at["CHN:magnet"]]
    assert found.economy.sales[[at["CHN:magnet"], twin]] == near([120, 60])
    loss = spread(found.economy, closing(found.economy, twin)).loss[:, 0]
    assert loss[at["CHN:cars/all"]] == 0
    # Half of the need; the others of the market sell 90, so a third of the 30 is not replaced.
    assert loss[at["KOR:cars/all"]] == near(0.5 * 30 / 90)


def test_with_critical_inputs_alone_and_nobody_replaced_it_is_the_static_case(tmp_path):
    # Two independent rules of the same thing: a ban by ceilings, and closed exporting twins.
    deeper = CARS.but(
        processors=["CHN ore 60", "JPN ore 60", "CHN magnet 90", "JPN magnet 30"],
        recipes=["cars/all magnet 1 critical", "magnet ore 1 critical"],
        trade=[*CARS.tables["trade"], "JPN CHN ore 0.4", "CHN JPN ore 0.2"],
    )
    played = run(deeper.network(tmp_path), stop(item="ore"))
    network, compiled = played.network, played.compiled
    flows = compiled.arrays.flows
    hit = sorted({compiled.nodes[k] for k in flows.supplier[flows.covered].tolist()})
    found = firms(network, split=hit)
    alone = replace(found.economy, market=np.arange(found.economy.sales.size))
    loss = spread(alone, closing(alone, *(found.twins[i] for i in hit))).downstream[:, 0]
    expected = static(compiled.arrays)
    assert expected.min() < 0.9
    twinned = [k for k, i in enumerate(compiled.nodes) if i in hit]
    same = [k for k in range(expected.size) if k not in twinned]
    assert loss[[compiled.nodes[k] for k in same]] == near(expected[same])


def test_nodes_are_ranked_by_the_exports_or_the_output_that_they_take_along(cars):
    table = ranking(cars)
    assert list(table["rank"]) == [1, 2, 3, 4]
    first = table.iloc[0]
    assert first["node"] == "CHN:magnet"
    exports = {n.country: n.exports_usd for n in cars.nodes if n.kind == "industry"}
    lost = exports["CHN"] + 0.5 * exports["KOR"]
    assert first["esri_converged"] == near(lost / sum(exports.values()))
    assert (table["esri_converged"] >= table["esri_published"] - 1e-12).all()
    output = ranking(cars, weight="output").set_index("node")["esri_converged"]
    assert output["CHN:magnet"] == pytest.approx((180 + 60e6 + 30e6) / (240 + 120e6))


def test_a_product_without_a_price_takes_the_median_of_its_unit(cars):
    assert prices(cars) == {"magnet": 2.0, "ore": 2.0, "cars": 1e6}
