"""From a network and a scenario to arrays: what is reached, and what stands in every lane."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from worlds import CARS, LINK, path, restriction, run, several, stop, world

from supplychain.compiled import reach
from supplychain.coverage import resolve
from supplychain.draws import OneAtATime, Recorder, Sample
from supplychain.scenario import Range, StockRelease, restrict

Z90 = 1.2815515655446004


def near(value):
    return pytest.approx(value, abs=1e-9)


def first_release(source):
    """First month in which a source gives anything."""
    return int(np.flatnonzero(source.release[:, 0])[0])


@dataclass(frozen=True)
class Ends:
    """Two lanes: every figure at its low, every figure at its high."""

    lanes: int = 2

    def scores(self, _figure, /):
        return np.array([-Z90, Z90])


# What is reached ----------------------------------------------------------------------------------

BRANCHES = world(
    products=[
        "bauxite mine",
        "alumina refine",
        "gallium refine",
        "acid refine",
        "magnet component",
        "glass component",
        "tyre component",
        "cars industry",
        "lamps industry",
    ],
    producers=["AUS bauxite 100"],
    processors=[
        "CHN alumina 100",
        "CHN gallium 10",
        "CHN acid 200",
        "CHN magnet 100",
        "CHN glass 100",
        "CHN tyre 100",
    ],
    industries=["KOR cars 100", "KOR lamps 100"],
    segments=["* cars all 1", "* lamps all 1"],
    recipes=[
        "alumina bauxite 1",
        "gallium alumina 0.1 relation=host",
        "magnet gallium 0.05",
        "magnet acid 1",
        "glass acid 1",
        "cars/all magnet 1",
        "cars/all tyre 1",
        "lamps/all glass 1",
    ],
)
CHAIN_OF_CARS = "gallium magnet cars"


@pytest.mark.parametrize(
    ("item", "downstream", "helping"),
    [
        # Magnets need acid too, and gallium its host; tyres are bought by an industry as ever.
        ("gallium", CHAIN_OF_CARS, "bauxite alumina acid"),
        ("magnet", "magnet cars", "bauxite alumina gallium acid"),
        # Upstream of the host: its by-product falls with it.
        ("bauxite", f"bauxite alumina {CHAIN_OF_CARS}", "acid"),
        ("acid", "acid magnet glass cars lamps", "bauxite alumina gallium"),
        ("glass", "glass lamps", "acid"),
        ("tyre", "tyre cars", ""),
    ],
)
def test_a_restriction_reaches_its_users_and_what_could_help_their_suppliers(
    tmp_path_factory, item, downstream, helping
):
    network = BRANCHES.network(tmp_path_factory.getbasetemp() / "branches")
    found = reach(network, resolve(stop(item=item), network).measures)
    assert {c[0] for c in found.hit} == {item}
    assert {c[0] for c in found.downstream} == set(downstream.split())
    active = [c[0] for c in found.active]
    assert set(active) == {*downstream.split(), *helping.split()}
    assert active == [c[0] for c in network.order if c in found.active]


def test_other_uses_compete_only_for_what_can_run_short(tmp_path):
    # 60 of 160 oxide and 20 of 120 magnets go elsewhere. Magnets stopped: nobody misses oxide.
    chain = world(
        products=["oxide refine", "magnet component", "cars industry"],
        processors=["CHN oxide 180", "CHN magnet 120"],
        industries=["KOR cars 100"],
        segments=["* cars all 1"],
        recipes=["magnet oxide 1", "cars/all magnet 1"],
    )
    network = chain.network(tmp_path)
    assert [n for n in run(network, stop(item="magnet")).ids() if "other" in n] == [
        "ROW:magnet~other"
    ]
    assert [n for n in run(network, stop(item="oxide")).ids() if "other" in n] == [
        "ROW:oxide~other",
        "ROW:magnet~other",
    ]


def test_rows_of_arrays_stand_in_blocks_upstream_first(tmp_path):
    network = BRANCHES.network(tmp_path)
    found = run(network, stop(item="gallium"))
    arrays = found.compiled.arrays
    for part in ("nodes", "slots", "flows", "openings"):
        slices = [getattr(block, part) for block in arrays.blocks]
        assert slices[0].start == 0
        assert all(a.stop == b.start for a, b in itertools.pairwise(slices))
    ends = [block.nodes.stop for block in arrays.blocks]
    sizes = (arrays.nodes.base, arrays.slots.need, arrays.flows.lag)
    assert [b.size for b in sizes] == [
        ends[-1], arrays.blocks[-1].slots.stop, arrays.blocks[-1].flows.stop
    ]  # fmt: skip
    for block in arrays.blocks:
        made_here = set(range(block.nodes.start, block.nodes.stop))
        assert set(arrays.slots.node[block.slots].tolist()) <= made_here
        assert set(arrays.flows.supplier[block.flows].tolist()) <= made_here


# Lags and openings --------------------------------------------------------------------------------

TWO = LINK.but(
    processors=["CHN magnet 120", "JPN magnet 60 capacity=120", "USA magnet 60"],
    industries=["KOR cars 120"],
    other_uses=["JPN magnet 0.5", "USA magnet 0.5"],
    trade=["CHN KOR magnet 1", "JPN JPN magnet 1", "USA USA magnet 1"],
)


@pytest.mark.parametrize(
    ("constants", "lag"),
    [
        ({}, 0),
        ({"transit_lag_months": 1}, 1),
        ({"transit_lag_months": 1, "transit_lag_months CHN>KOR": 2}, 2),
        ({"transit_lag_months KOR>CHN": 2}, 0),
        ({"transit_lag_months CHN>KOR": 1.4}, 1),
        ({"transit_lag_months CHN>KOR": 1.6}, 2),
    ],
)
def test_a_lag_is_the_transit_of_the_route_in_whole_months(tmp_path, constants, lag):
    found = run(LINK.but(constants=constants).network(tmp_path), stop())
    assert found.compiled.arrays.flows.lag.tolist() == [lag]


@pytest.mark.parametrize(
    ("constants", "opens"),
    [
        ({}, 0),
        ({"qualification_lag_months": 5}, 5),
        ({"qualification_lag_months": 5, "qualification_lag_months component": 3}, 3),
        ({"qualification_lag_months component": 3, "qualification_lag_months magnet": 1}, 1),
        ({"qualification_lag_months refine": 3}, 0),
        ({"qualification_lag_months": 2.6}, 3),
    ],
)
def test_an_opening_opens_at_the_qualification_month_of_the_product(tmp_path, constants, opens):
    found = run(TWO.but(constants=constants).network(tmp_path), stop())
    openings = found.compiled.arrays.openings
    nodes = [found.network.nodes[i].id for i, _ in found.compiled.openings]
    # Only Japan has something to spare; Korea and the American users do not buy there yet.
    assert nodes == ["JPN:magnet"] * 2
    assert openings.opens.tolist() == [[opens]] * 2


def test_an_opening_is_under_the_measures_of_its_supplier(tmp_path):
    found = run(TWO.network(tmp_path), several(
        restriction("JPN", "magnet", to=("KOR",), severity=Range.of(0.7), months=3),
        restriction("CHN", "magnet"),
    ))  # fmt: skip
    place = [found.network.slots[q].node for _, q in found.compiled.openings]
    korea = [found.network.nodes[n].country for n in place].index("KOR")
    ceiling = np.minimum(found.ceilings(leaks=True, openings=True)[:, :, 0], 1)
    assert ceiling[:, korea].tolist() == near([0.3] * 3 + [1] * 9)
    assert ceiling[:, 1 - korea].tolist() == [1] * 12


def test_a_supplier_within_its_capacity_and_a_known_one_open_nothing(tmp_path):
    # America has nothing to spare; Japan's own users know it already.
    network = TWO.but(processors=["CHN magnet 120", "JPN magnet 60", "USA magnet 60"])
    assert run(network.network(tmp_path), stop()).compiled.openings == ()


# Shares -------------------------------------------------------------------------------------------


def shares(network, draws=None, scenario=None):
    """Shares of the flows into Korea's car plants by supplier, (lanes) each."""
    found = run(network, scenario or stop(), draws)
    flows = [(found.flow(f"{c}:magnet", CARS), c) for c in ("CHN", "JPN", "USA")]
    return {c: found.compiled.arrays.flows.share[e] for e, c in flows}


THREE = LINK.but(
    processors=["CHN magnet 60", "JPN magnet 36", "USA magnet 24"],
    trade=["CHN KOR magnet 0.5 low=0.3 high=0.9", "JPN KOR magnet 0.3", "USA KOR magnet 0.2"],
)


def test_others_make_room_in_proportion_where_a_stated_share_moves(tmp_path):
    # China at 0.3: 0.7 is left to Japan and America as 3 to 2; at 0.9 it is 0.1.
    found = shares(THREE.network(tmp_path), Ends())
    assert found["CHN"].tolist() == near([0.3, 0.9])
    assert found["JPN"].tolist() == near([0.42, 0.06])
    assert found["USA"].tolist() == near([0.28, 0.04])


def test_a_share_without_a_row_makes_room_too(tmp_path):
    loose = THREE.but(trade=["CHN KOR magnet 0.5 low=0.3 high=0.9"])
    found = shares(loose.network(tmp_path), Ends())
    assert found["JPN"].tolist() == near([0.42, 0.06])


def test_two_stated_shares_that_move_beyond_the_whole_are_cut_to_it(tmp_path):
    # 0.9 + 0.6 = 1.5: 0.6 and 0.4, and nothing is left to America.
    two = THREE.but(
        trade=[
            "CHN KOR magnet 0.5 low=0.3 high=0.9",
            "JPN KOR magnet 0.3 low=0.1 high=0.6",
            "USA KOR magnet 0.2",
        ]
    )
    found = shares(two.network(tmp_path), Ends())
    assert [found[c][1] for c in found] == near([0.6, 0.4, 0])
    assert [found[c][0] for c in found] == near([0.3, 0.1, 0.6])


ALL_STATED = THREE.but(
    processors=["CHN magnet 60", "JPN magnet 60"],
    trade=["CHN KOR magnet 0.5 low=0.3 high=0.7", "JPN KOR magnet 0.5 low=0.3 high=0.7"],
)


@pytest.mark.parametrize("draws", [Sample(40, 1), Ends()])
@pytest.mark.parametrize("tiny", [THREE, ALL_STATED])
def test_the_shares_of_a_slot_are_the_whole_in_every_lane(tmp_path, tiny, draws):
    found = run(tiny.network(tmp_path), stop(), draws)
    total = found.compiled.arrays.flows.share.sum(axis=0)
    assert total.tolist() == near([1] * draws.lanes)


# Ceilings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("measures", "ceiling"),
    [
        # Half for the year, nothing in months 4 to 6.
        (
            [
                restriction("CHN", "magnet", severity=Range.of(0.5)),
                restriction("CHN", "magnet", start="2025-04", months=3),
            ],
            [0.5] * 3 + [0] * 3 + [0.5] * 6,
        ),
        # Windows with a free month between them.
        (
            [
                restriction("CHN", "magnet", months=2, severity=Range.of(0.2)),
                restriction("CHN", "magnet", start="2025-04", months=2, severity=Range.of(0.4)),
            ],
            [0.8, 0.8, np.inf, 0.6, 0.6] + [np.inf] * 7,
        ),
        # Another's target, another's product, another's goods.
        ([restriction("CHN", "magnet", to=("ROW",))], [np.inf] * 12),
        ([restriction("CHN", "magnet", exclude=("KOR",))], [np.inf] * 12),
        ([restriction("ROW", "magnet")], [np.inf] * 12),
        # It ends with the horizon.
        ([restriction("CHN", "magnet", start="2025-12", months=12)], [np.inf] * 11 + [0]),
    ],
)
def test_each_measure_binds_in_its_own_months_and_the_tightest_counts(tmp_path, measures, ceiling):
    found = run(LINK.network(tmp_path), several(*measures, horizon=12))
    flows = found.compiled.arrays.flows
    assert found.ceilings()[:, 0, 0].tolist() == near(ceiling)
    assert flows.covered.tolist() == [bool(np.isfinite(ceiling).any())]


def test_a_path_counts_from_its_own_start(tmp_path):
    late = several(
        restriction(
            "CHN", "magnet", kind="path", path=(0.2, 0.6), start="2025-03", months=4,
            severity=Range.of(0),
        ),
        horizon=8,
    )  # fmt: skip
    found = run(LINK.network(tmp_path), late)
    assert found.ceilings()[:, 0, 0].tolist() == near(
        [np.inf, np.inf, 0.2, 0.6, 0.6, 0.6, np.inf, np.inf]
    )


def test_leakage_counts_from_the_start_of_its_measure(tmp_path):
    # Withheld are 0.8 from March: nothing leaks in March and April, 0.5 x 0.8 until August, and
    # 0.1 x 0.8 from September (its seventh month) on.
    leaking = LINK.but(
        constants={
            "leakage": 0.5,
            "leakage_lag_months": 2,
            "leakage_enforcement_month": 6,
            "leakage_enforced": 0.1,
        }
    )
    measure = restriction("CHN", "magnet", start="2025-03", severity=Range.of(0.8))
    found = run(leaking.network(tmp_path), several(measure, horizon=12))
    leaky = found.ceilings(leaks=True)[:, 0, 0]
    assert leaky[2:].tolist() == near([0.2] * 2 + [0.6] * 4 + [0.28] * 4)


def test_enforcement_never_lets_more_through_than_before(tmp_path):
    leaking = LINK.but(
        constants={"leakage": 0.1, "leakage_enforcement_month": 3, "leakage_enforced": 0.5}
    )
    found = run(leaking.network(tmp_path), stop())
    assert found.ceilings(leaks=True)[:, 0, 0].tolist() == near([0.1] * 12)


def test_a_range_of_severity_is_a_figure_of_the_scenario(tmp_path):
    network = LINK.network(tmp_path)
    scenario = several(restriction("CHN", "magnet", severity=Range(0.5, 0.2, 0.9)))
    recorder = Recorder()
    run(network, scenario, recorder)
    assert list(recorder.asked) == ["scenario severity"]
    moved = run(network, scenario, OneAtATime.of(list(recorder.asked.values())))
    assert moved.ceilings()[0, 0].tolist() == near([0.8, 0.1])


def test_the_months_of_a_licence_follow_each_lane(tmp_path):
    network = LINK.but(constants={"licence_dead_time_months": (2, 1, 4)}).network(tmp_path)
    found = run(network, restrict("CHN", "magnet", kind="licence"), Ends())
    closed = (found.ceilings()[:, 0] == 0).sum(axis=0)
    assert closed.tolist() == [1, 4]


# Slots, nodes, public stocks ----------------------------------------------------------------------


def test_the_own_row_of_a_user_beats_the_row_for_all(tmp_path):
    tiny = LINK.but(
        substitutes=["magnet * 0.1 0.2 3", "magnet cars 0.4 0.8 1 low=0.2 high=0.6"],
    )
    slots = run(tiny.network(tmp_path), stop(), Ends()).compiled.arrays.slots
    assert slots.substitution[0].tolist() == near([0.2, 0.6])
    assert (slots.substitution_most.tolist(), slots.substitution_start.tolist()) == ([0.8], [1])


def test_classes_move_from_the_mildest_to_the_strictest(tmp_path):
    tables = "cars/all magnet 1 important essentiality_low=non_critical essentiality_high=critical"
    network = LINK.but(recipes=[tables]).network(tmp_path)
    assert run(network, stop(), Ends()).compiled.arrays.slots.weight[0].tolist() == near([0, 1])


def test_a_stated_capacity_without_a_spread_stands_and_an_assumed_one_moves(tmp_path):
    tiny = LINK.but(
        processors=["CHN magnet 60 capacity=90", "JPN magnet 60"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
        constants={"capacity_spare": (1.2, 0.9, 1.5)},
    )
    found = run(tiny.network(tmp_path), stop(), Ends())
    capacity = found.compiled.arrays.nodes.capacity
    assert capacity[found.at("CHN:magnet")].tolist() == near([1.5, 1.5])
    assert capacity[found.at("JPN:magnet")].tolist() == near([1, 1.5])  # never below the output
    assert capacity[found.at(CARS)].tolist() == [1, 1]


def test_a_stated_capacity_moves_by_the_spread_of_its_grade(tmp_path):
    tiny = LINK.but(
        processors=[
            "CHN magnet 60 capacity=120 evidence=C",
            "JPN magnet 60 capacity=72 evidence=D",
        ],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
        constants={"build_spread C": 0.2, "build_spread D": 0.5},
    )
    found = run(tiny.network(tmp_path), stop(), Ends())
    capacity = found.compiled.arrays.nodes.capacity
    assert capacity[found.at("CHN:magnet")].tolist() == near([1.6, 2.4])
    assert capacity[found.at("JPN:magnet")].tolist() == near([1, 1.8])  # never below the output


def test_the_median_of_a_cover_moves_and_its_spread_over_plants_stays(tmp_path):
    tiny = LINK.but(
        stocks=["* * * 60 low=30 high=120 median_low=45 median_high=90"],
        constants={"cover_bins": 3},
    )
    cover = run(tiny.network(tmp_path), stop(), Ends()).compiled.arrays.slots.cover[0]
    assert cover[:, 1].tolist() == near([1.5, 3])
    # z of the first of three plants is that of 1 / 6, -0.9674: 2 ^ (0.9674 / 1.2816) = 1.687.
    assert (cover[:, 1] / cover[:, 0]).tolist() == pytest.approx([1.687] * 2, abs=1e-3)
    assert (cover[:, 2] / cover[:, 1]).tolist() == pytest.approx([1.687] * 2, abs=1e-3)


PUBLIC = "KOR - magnet 60 holder=public release_days=15 release_lag_months=1"


@pytest.mark.parametrize(
    ("releases", "stocks"),
    [
        ([], [(2, 0.5, 1)]),
        # A release of the scenario stands beside the row of the pack.
        ([StockRelease("KOR", "magnet", 90, 30, 0)], [(2, 0.5, 1), (3, 1, 0)]),
        ([StockRelease("KOR", "magnet", 0, 30)], [(2, 0.5, 1)]),
        ([StockRelease("KOR", "magnet", 90, 0)], [(2, 0.5, 1)]),
        # Others' stocks, and stocks of what nobody misses, are left out.
        ([StockRelease("CHN", "magnet", 90, 30)], [(2, 0.5, 1)]),
        ([StockRelease("KOR", "cell", 90, 30)], [(2, 0.5, 1)]),
    ],
)
def test_a_release_of_the_scenario_stands_beside_the_public_stock_of_the_pack(
    tmp_path, releases, stocks
):
    tiny = LINK.but(
        products=["magnet component", "cell component", "cars industry"],
        processors=["CHN magnet 120", "JPN cell 120"],
        recipes=["cars/all magnet 1", "cars/all cell 1"],
        stocks=[PUBLIC],
    )
    scenario = stop().plus(*releases)
    found = run(tiny.network(tmp_path), scenario)
    slot = found.slot(CARS, "magnet")
    use = found.compiled.arrays.slots.need[slot]
    held = found.compiled.arrays.sources
    months = [(s.amount / use, s.release[-1, 0] / use, first_release(s)) for s in held]
    assert np.allclose(months, stocks)
    assert all(s.slots.tolist() == [slot] for s in held)


def test_nothing_is_compiled_for_a_product_without_output_or_users(tmp_path):
    found = run(LINK.network(tmp_path), path([0.5, 0.5], actor="KOR"))
    assert not found.compiled.arrays.flows.covered.any()
    assert np.isinf(found.ceilings()).all()


def test_waits_and_lags_count_from_the_first_restricted_month(tmp_path):
    # From April on, the fourth month: an opening after two months, a release after one.
    tiny = TWO.but(constants={"qualification_lag_months": 2})
    late = several(
        restriction("CHN", "magnet", start="2025-04"),
        releases=[StockRelease("KOR", "magnet", 90, 30, 1)],
    )
    arrays = run(tiny.network(tmp_path), late).compiled.arrays
    assert arrays.openings.opens.tolist() == [[5]] * 2
    assert [first_release(source) for source in arrays.sources] == [4]


def test_a_sole_supplier_drawn_to_nothing_leaves_the_shares_as_they_were(tmp_path):
    # Korea buys all its magnets from China; that the share is 0 at its low leaves nobody to buy
    # from, and says nothing that could be played.
    sole = LINK.but(trade=["CHN KOR magnet 1 low=0 high=1 evidence=D"])
    found = run(sole.network(tmp_path), stop(), Ends())
    shares = found.compiled.arrays.flows.share
    assert np.isfinite(shares).all()
    assert shares[:, 0] == near(shares[:, 1])
