"""What a user may get from a supplier that it knows: never less than what a stranger would get.

China makes 8 and Japan 2 of the 10 magnets a month that Korea's cars need, one each, without stock,
unless a test says otherwise; China stops all exports. Japan can spare 4 a month; access is 1.5, and
half of what it can spare may be had after three months beside the flow: 3 a month, then 4.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_arrays import random_arrays
from test_oracle import build, played
from worlds import CARS, LINK, restriction, run, several, stop

from supplychain.chokepoints import Ban, Candidate
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import losses
from supplychain.growth import grown
from supplychain.model import cascade
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.planner import plan
from supplychain.scenario import NewCapacity, Range

TWO = LINK.but(
    processors=["CHN magnet 96", "JPN magnet 24 capacity=72"],
    trade=["CHN KOR magnet 0.8", "JPN KOR magnet 0.2"],
    constants={
        "access_ceiling": 1.5,
        "new_supplier_share": 0.5,
        "qualification_lag_months": 3,
        "catch_up_capacity": 1,
    },
)


def near(value):
    return pytest.approx(value, abs=1e-9)


def opened(found):
    """What Japan sends beside its flow, months of Korea's need, by month."""
    (japan,) = np.flatnonzero(found.compiled.arrays.openings.flow >= 0)
    return found.adaptive.opened[:, japan, 0].mean(axis=-1)


# By hand ------------------------------------------------------------------------------------------


def test_a_small_known_supplier_with_much_to_spare_brings_what_a_stranger_would(tmp_path):
    # 1.5 x 2 = 3 of 10 at first; then 2 + 0.5 x 4 = 4, of which the flow itself carries 3.
    found = run(TWO.network(tmp_path), stop())
    assert found.monthly("adaptive", CARS).tolist() == near([0.3] * 3 + [0.4] * 9)
    assert opened(found).tolist() == near([0] * 3 + [0.1] * 9)
    assert found.loss("planner", CARS) == near(1 - (3 * 0.3 + 9 * 0.4) / 12)
    assert found.loss("frozen", CARS) == near(0.8)


@pytest.mark.parametrize(
    ("spare", "constants", "later"),
    [
        (6, {}, 0.25),  # half a magnet a month to spare, all of it sold within access
        (48, {"access_ceiling": 2.5}, 0.5),  # access is worth more: 5, and 2 + 2
        (48, {"new_supplier_share": 0.25}, 0.3),  # both are worth 3
        (48, {"new_supplier_share": 1}, 0.6),
    ],
)
def test_the_larger_of_the_two_counts(tmp_path, spare, constants, later):
    processors = ["CHN magnet 96", f"JPN magnet 24 capacity={24 + spare}"]
    network = TWO.but(processors=processors, constants=constants).network(tmp_path)
    first = min(0.2 * constants.get("access_ceiling", 1.5), 0.2 + spare / 120)
    monthly = run(network, stop()).monthly("adaptive", CARS)
    assert monthly.tolist() == near([first] * 3 + [later] * 9)


def test_one_supplier_is_asked_once(tmp_path):
    # Japan has a flow and an opening, America an opening, each 4 to spare. China withholds 4: both
    # are asked for half of that, by however many roads it may come.
    lines = TWO.but(
        processors=["CHN magnet 96", "JPN magnet 24 capacity=72", "USA magnet 12 capacity=60"],
        other_uses=["USA magnet 1"],
        trade=["CHN KOR magnet 0.8", "JPN KOR magnet 0.2", "USA USA magnet 1"],
        constants={"new_supplier_share": 1, "qualification_lag_months": 0, "spot_rounds": 1},
    )
    found = run(lines.network(tmp_path), stop(severity=0.5))
    arrays, outcome = found.compiled.arrays, found.adaptive
    flow = found.flow("JPN:magnet", CARS)
    more = (outcome.shipped[0, flow, 0, 0] - 1) * arrays.flows.quantity[flow]
    new = outcome.opened[0, :, 0, 0] * arrays.slots.need[arrays.openings.slot]
    to_korea = arrays.slots.node[arrays.openings.slot] == found.at(CARS)
    beside, strange = (new[to_korea & (arrays.openings.flow == e)].sum() for e in (flow, -1))
    assert (more, beside, strange) == near((1, 1, 2))


@pytest.mark.parametrize(
    ("measure", "sent"),
    [
        (restriction("JPN", "magnet", severity=Range.of(1.0)), 0),
        (restriction("JPN", "magnet", severity=Range.of(0.5)), 0.1),
        (restriction("JPN", "magnet", kind="quota", severity=Range.of(0.25)), 0.15),
        (restriction("JPN", "magnet", kind="tax", severity=Range.of(0.0), rate=Range.of(0.25),
                     elasticity=Range.of(-1.0)), 0.2 / 1.25),
        (restriction("JPN", "magnet", path=[1.25] + [1.0] * 11, kind="path"), None),
        (restriction("JPN", "magnet", to=("KOR",), severity=Range.of(0.5)), 0.1),
    ],
)  # fmt: skip
def test_beside_a_flow_that_a_measure_holds_nothing_leaves(tmp_path, measure, sent):
    network = TWO.network(tmp_path)
    found = run(network, several(restriction("CHN", "magnet"), measure))
    assert opened(found).tolist() == [0] * 12
    if sent is not None:
        assert found.monthly("adaptive", CARS) == pytest.approx([sent] * 12)
        assert found.loss("planner", CARS) == pytest.approx(1 - sent)


def test_a_licence_that_clears_its_backlog_is_all_there_is(tmp_path):
    found = run(
        TWO.network(tmp_path),
        several(
            restriction("CHN", "magnet"),
            restriction("JPN", "magnet", kind="licence", severity=Range.of(0.0)),
        ),
    )
    assert opened(found).tolist() == [0] * 12


def test_what_leaks_is_a_share_of_the_flow(tmp_path):
    # A fifth of Japan's 2 leaks, and nothing of what it could spare.
    network = TWO.but(constants={"leakage": 0.2, "leakage_enforced": 0.2}).network(tmp_path)
    both = several(restriction("CHN", "magnet"), restriction("JPN", "magnet"))
    found = run(network, both)
    assert opened(found).tolist() == [0] * 12
    assert found.monthly("adaptive", CARS).tolist() == near([0.2] * 12)


def test_a_measure_that_ends_or_means_others_shuts_nothing(tmp_path):
    network = TWO.network(tmp_path)
    ends = run(network, several(
        restriction("CHN", "magnet"), restriction("JPN", "magnet", months=5)))  # fmt: skip
    assert opened(ends).tolist() == near([0] * 5 + [0.1] * 7)
    others = run(network, several(
        restriction("CHN", "magnet"), restriction("JPN", "magnet", to=("ROW",))))  # fmt: skip
    assert opened(others).tolist() == near([0] * 3 + [0.1] * 9)


def test_a_link_that_is_removed_is_removed_with_what_is_beside_it(tmp_path):
    # Both links cut: nothing arrives. Only China's: as above. Only Japan's: China sends 8 of 10.
    field = Field.of(TWO.network(tmp_path), ["KOR"])
    china, japan = (Ban(actor, "magnet", ("KOR",)) for actor in ("CHN", "JPN"))
    removals = [Candidate("flow", (china,)), Candidate("flow", (japan,))]
    found = losses(field, [*removals, Candidate("pair", (china, japan))])
    assert [x.total / (120 * 1e6) for x in found] == near([1 - 4.5 / 12, 0.2, 1])


def test_new_capacity_at_a_standing_plant_helps_its_own_customers(tmp_path):
    # Japan has nothing to spare. From April on it can make 4 a month more, half for one user.
    full = TWO.but(processors=["CHN magnet 96", "JPN magnet 24"])
    scenario = stop().plus(NewCapacity("JPN", "magnet", 48, "2025-06"))
    found = run(grown(full.network(tmp_path), scenario), scenario)
    assert found.monthly("adaptive", CARS).tolist() == near([0.2] * 5 + [0.4] * 7)
    assert found.loss("planner", CARS) == near(1 - (5 * 0.2 + 7 * 0.4) / 12)
    early = stop().plus(NewCapacity("JPN", "magnet", 48, "2025-01"))
    monthly = run(grown(full.network(tmp_path), early), early).monthly("adaptive", CARS)
    assert monthly.tolist() == near([0.3] * 3 + [0.4] * 9)


def test_without_the_switch_nothing_goes_beside_a_flow(tmp_path):
    found = run(TWO.network(tmp_path), stop())
    outcome = cascade.run(found.compiled.arrays, ADAPTIVE.but(opens=False))
    assert not outcome.opened.any()
    assert outcome.output[:, found.at(CARS), 0, 0].tolist() == near([0.3] * 12)


# Laws ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(40))
def test_a_flow_and_what_is_beside_it_carry_the_larger_of_access_and_a_strangers_share(seed):
    arrays = random_arrays(seed)
    openings, flows, limits = arrays.openings, arrays.flows, arrays.limits
    for p in np.flatnonzero(openings.flow >= 0).tolist():
        e, i = int(openings.flow[p]), int(openings.supplier[p])
        for month in range(arrays.months):
            ceiling = arrays.ceiling(month, np.array([e]), leaks=True)[0] * flows.quantity[e]
            beside = arrays.opening_limit(month, np.array([p]))[0]
            spare = np.maximum(arrays.capacity(month, slice(None))[i] - arrays.nodes.level[i], 0)
            stranger = limits.new_share * spare * arrays.nodes.base[i]
            stranger = np.where(month >= openings.opens[p], stranger, 0.0)
            free = np.maximum(limits.access * flows.quantity[e], flows.quantity[e] + stranger)
            held = np.zeros_like(beside, dtype=bool)
            if flows.regime[e] >= 0:
                held = np.isfinite(arrays.regimes.leaky[month, flows.regime[e]])
            expected = np.where(held, ceiling, free[:, None])
            assert np.allclose(ceiling + beside, expected, rtol=1e-12, atol=0)


def _worlds(share, capacity, access, new_share, opens):
    """A user of 4 a month whose main supplier is banned, and another: a stranger, or known."""
    nodes = [[{"base": 4.0}, {"base": 4.0, "capacity": capacity}], [{"base": 1.0}]]
    slot = {"node": 2, "need": 4.0}
    banned = {"supplier": 0, "slot": 0, "regime": 0}
    limits = {"access": access, "new_share": new_share, "months": 4}
    opening = {"supplier": 1, "slot": 0, "opens": opens}
    stranger = build(nodes, [slot], [banned | {"quantity": 4.0}], openings=[opening], **limits)
    parts = [
        banned | {"share": 1.0 - share, "quantity": 4.0 * (1.0 - share)},
        {"supplier": 1, "slot": 0, "share": share, "quantity": 4.0 * share},
    ]
    known = build(nodes, [slot], parts, openings=[opening | {"flow": 1}], **limits)
    return stranger, known


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    share=st.sampled_from([1e-120, 1e-12, 1e-6, 0.01, 0.2, 0.5, 0.9]),
    capacity=st.floats(1.0, 3.0),
    access=st.floats(1.0, 2.0),
    new_share=st.floats(0.0, 1.0),
    opens=st.integers(0, 5),
)
def test_nobody_is_better_off_with_a_stranger(share, capacity, access, new_share, opens):
    # Same spare capacity, same rules; the known supplier sells something already on top.
    stranger, known = _worlds(share, capacity, access, new_share, float(opens))
    least, most = (played(arrays).output[:, 2, 0, 0] for arrays in (stranger, known))
    assert (most >= least - 1e-9).all()
    if share <= 1e-6:  # hardly known is as good as unknown
        assert np.allclose(most, least, atol=4e-6)
    goal = np.array([2])
    bound = plan(known, goal, np.ones(1)).output.mean()
    assert bound >= plan(stranger, goal, np.ones(1)).output.mean() - 1e-7
    assert bound >= most.mean() - 1e-7


def test_what_is_beside_a_flow_is_no_sale_of_its_own(tmp_path):
    # Two users know Japan; together they get no more than it can spare.
    lines = TWO.but(
        processors=["CHN magnet 96", "JPN magnet 144 capacity=168"],
        industries=["KOR cars 120", "USA cars 120"],
        trade=["CHN KOR magnet 0.8", "JPN KOR magnet 0.2", "JPN USA magnet 1"],
        constants={"new_supplier_share": 1, "qualification_lag_months": 0},
    )
    found = run(lines.network(tmp_path), stop())
    japan = found.at("JPN:magnet")
    assert (found.adaptive.output[:, japan] <= 168 / 144 + 1e-12).all()
    assert found.monthly("adaptive", CARS).tolist() == near([0.4] * 12)
