"""The rest of the economy: numbers worked by hand, laws on random tables, and the command line."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import jsonschema
import numpy as np
import pytest
from conftest import TINY, records, write_pack
from hypothesis import given, settings
from hypothesis import strategies as st

import supplychain as sc
from supplychain.cli import main
from supplychain.economy import economy_of, economy_of_outputs, read_table
from supplychain.errors import DataError, UsageError
from supplychain.model import economy
from supplychain.model.economy import (
    InputOutput,
    by_block,
    extraction_losses,
    ghosh_outputs,
    leontief_inverse,
    limited_loss,
    mixed_loss,
    outputs,
    total_extraction_losses,
)
from supplychain.simulation import Effort
from supplychain.tables import load_tables
from supplychain.world import shipped as shipped_folder

CONTRACT = Path(__file__).with_name("result.schema.json")
SIDES = ("both", "backward", "forward")


def near(value):
    return pytest.approx(value, rel=1e-10, abs=1e-9)


def refusal(*given_arrays, **more):
    with pytest.raises(DataError) as caught:
        InputOutput.of(*(np.array(a, dtype=float) for a in given_arrays), **more)
    return str(caught.value)


# A table to work by hand --------------------------------------------------------------------------

# A = [[0.2, 0.2], [0.3, 0.1]], L = [[0.9, 0.2], [0.3, 0.8]] / 0.66, v = [0.5, 0.7].


@pytest.fixture
def two():
    flows = np.array([[20.0, 40.0], [30.0, 20.0]])
    return InputOutput.of(flows, np.array([100.0, 200.0]), np.array([40.0, 150.0]))


def test_outputs_of_a_final_demand(two):
    # 66 more of the first good needs 90 of it and 30 of the second; all scenarios at once.
    found = outputs(two, np.array([[40.0, 106.0, 0.0], [150.0, 150.0, 66.0]]))
    assert found.T.tolist() == [near([100, 200]), near([190, 230]), near([20, 80])]


def test_extraction_of_one_sector(two):
    # Without the first sector the second makes 150 / 0.9; without the second the first 40 / 0.8.
    inverse = leontief_inverse(two)
    assert extraction_losses(two, inverse).T.tolist() == [
        near([100, 200 - 150 / 0.9]),
        near([50, 200]),
    ]
    assert total_extraction_losses(two, inverse).tolist() == near([133 + 1 / 3, 250])
    # Value added lost: 0.5 x 100 + 0.7 x 33.33; it is also x / L of the sector, 100 / (0.9 / 0.66).
    lost = total_extraction_losses(two, inverse, two.value_share)
    assert lost.tolist() == near([100 * 0.66 / 0.9, 200 * 0.66 / 0.8])


def test_extraction_of_one_side(two):
    inverse = leontief_inverse(two)
    # The first buys nothing: x1 = 40 + 0.2 x2, x2 = 150 + 0.1 x2.
    back = extraction_losses(two, inverse, np.array([0]), side="backward")
    assert back[:, 0].tolist() == near([100 - 40 - 0.2 * 150 / 0.9, 200 - 150 / 0.9])
    # No sector buys from the first: x1 = 40, x2 = 150 + 0.3 x 40 + 0.1 x2.
    ahead = extraction_losses(two, inverse, np.array([0]), side="forward")
    assert ahead[:, 0].tolist() == near([60, 200 - 162 / 0.9])
    # Half of its output is lost: half of what all of it costs.
    half = extraction_losses(two, inverse, np.array([0]), share=0.5)
    assert half[:, 0].tolist() == near([50, 50 / 3])


def test_a_fixed_sector_leaves_the_other_to_final_demand_and_to_it(two):
    # The second makes 100 instead of 200: x1 = (40 + 0.2 x 100) / 0.8 = 75.
    found = mixed_loss(two, np.array([0.0, 100.0]), np.array([0.0, 1.0]))
    assert found.direct[:, 0].tolist() == [0, 100]
    assert found.indirect[:, 0].tolist() == near([25, 0])
    direct, indirect = found.value_added(two)
    assert (direct.sum(), indirect.sum()) == (near(70), near(12.5))


def test_fixed_together_no_sector_loses_as_the_supplier_of_another(two):
    # Alone the first (10) costs the second 3 / 0.9, the second (20) the first 4 / 0.8.
    lost = np.array([10.0, 20.0])
    joint = mixed_loss(two, lost, np.ones(2))
    assert joint.direct[:, 0].tolist() == [10, 20]
    assert joint.indirect[:, 0].tolist() == [0, 0]
    first = mixed_loss(two, np.array([10.0, 0.0]), np.array([1.0, 0.0]))
    second = mixed_loss(two, np.array([0.0, 20.0]), np.array([0.0, 1.0]))
    assert first.indirect[:, 0].tolist() == near([0, 10 / 3])
    assert second.indirect[:, 0].tolist() == near([5, 0])


def test_fixed_for_one_user_and_open_for_another(two):
    # The second loses 20 of what it sells to final demand. Its sales to the first are fixed, those
    # to itself are not: y2 = 20 + 0.1 y2, y1 = 0.2 y1 + 0.2 y2.
    found = mixed_loss(two, np.array([0.0, 20.0]), np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert found.indirect[:, 0].tolist() == near([0.2 * 20 / 0.9 / 0.8, 20 / 0.9 - 20])


# Exports of the second sector (half of its output) stop; what it cannot make for home comes on top.
# Home demand alone would take 9.589 of the other half (`mixed_loss`).


def test_home_sales_are_lost_for_want_of_inputs_or_of_buyers_and_the_larger_counts(two):
    stop, half = np.array([0.0, 100.0]), np.array([0.0, 0.5])
    demand = mixed_loss(two, stop, half)
    # 5 cannot be made, less than nobody buys anyway: nothing changes but what is called direct.
    little = limited_loss(two, stop, half, np.array([0.0, 5.0]))
    assert little.direct[:, 0].tolist() == [0, 105]
    assert (little.direct + little.indirect)[:, 0].tolist() == near(
        (demand.direct + demand.indirect)[:, 0].tolist()
    )
    # 60 cannot be made: y1 = 0.2 y1 + 0.2 x 160.
    more = limited_loss(two, stop, half, np.array([0.0, 60.0]))
    assert more.indirect[:, 0].tolist() == near([40, 0])
    # All of it: the sector is fixed as a whole, the closure of Miller and Blair. x1 = 40 / 0.8.
    all_of_it = limited_loss(two, stop, half, np.array([0.0, 100.0]))
    whole = mixed_loss(two, np.array([0.0, 200.0]), np.array([0.0, 1.0]))
    assert all_of_it.direct.tolist() == whole.direct.tolist()
    assert all_of_it.indirect[:, 0].tolist() == near(whole.indirect[:, 0].tolist())
    assert all_of_it.indirect[0, 0] == near(50)
    with pytest.raises(UsageError, match="sector 1: what it cannot make is no figure from 0"):
        limited_loss(two, stop, half, np.array([0.0, -1.0]))


def test_ghosh_pushes_primary_inputs_downstream(two):
    # B = [[0.2, 0.4], [0.15, 0.1]]. With 66 more value added in the first: det(I - B) = 0.66, so
    # x1 gains 66 x 0.9 / 0.66 = 90 and x2 66 x 0.4 / 0.66 = 40.
    more = np.stack([two.value_added, two.value_added + np.array([66.0, 0.0])], axis=1)
    assert ghosh_outputs(two, more).T.tolist() == [near([100, 200]), near([190, 240])]


def test_sums_by_country():
    values = np.array([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]])
    assert by_block(values, np.array([1, 0, 1]), 2).tolist() == [[2, 20], [5, 50]]


# What is refused ----------------------------------------------------------------------------------


def test_a_table_that_does_not_balance_is_refused_by_sector():
    said = refusal([[20, 40], [30, 20]], [100, 200], [40, 100], labels=("KOR a", "KOR b"))
    assert "sector KOR b" in said
    assert "'200' is its output, and what it sells adds up to 150" in said


def test_a_table_that_uses_up_more_than_it_makes_is_refused_by_sector():
    # Each unit of the second uses 1.2, and the first adds nothing either.
    assert "sector 1: '1.2'" in refusal([[100, 40], [0, 200]], [100, 200])


def test_one_sector_may_use_more_than_it_makes_if_the_economy_does_not():
    # Column sums 0.1 and 1.1; the spectral radius is below 1 all the same.
    table = InputOutput.of(np.array([[5.0, 120.0], [5.0, 100.0]]), np.array([100.0, 200.0]))
    assert table.value_share.tolist() == near([0.9, -0.1])
    assert outputs(table, table.final).tolist() == near([100, 200])


@pytest.mark.parametrize(
    ("flows", "output", "where", "what"),
    [
        ([[1, -1], [0, 1]], [10, 10], "sector 1", "'-0.1' is no figure"),
        ([[1, 0], [0, np.nan]], [10, 10], "sector 1", "'nan'"),
        ([[1, 0], [0, 1]], [-10, 10], "sector 0", "'-10'"),
        ([[1, 2], [0, 0]], [10, 0], "sector 1", "buys inputs and makes nothing"),
    ],
)
def test_cells_that_no_table_has(flows, output, where, what):
    said = refusal(flows, output)
    assert where in said
    assert what in said


def test_shapes_that_do_not_fit():
    with pytest.raises(DataError, match="shapes that do not fit"):
        InputOutput(np.zeros((2, 2)), np.ones(2), np.ones(3), np.ones(2))


def test_a_sector_that_makes_nothing_is_fine():
    table = InputOutput.of(np.diag([2.0, 0.0]), np.array([10.0, 0.0]))
    inverse = leontief_inverse(table)
    assert extraction_losses(table, inverse).tolist() == [near([10, 0]), near([0, 0])]
    assert ghosh_outputs(table, table.value_added).tolist() == near([10, 0])


@pytest.mark.parametrize(
    ("lost", "fixed", "said"),
    [
        ([0.0, 120.0], [0.0, 0.5], "sector 1: 120 lost is not from 0 to the 100"),
        ([-1.0, 0.0], [1.0, 0.0], "sector 0: -1 lost"),
        ([np.nan, 0.0], [1.0, 0.0], "sector 0: nan lost"),
        ([1.0, 0.0], [1.5, 0.0], "sector 0: its fixed share"),
    ],
)
def test_losses_that_cannot_be(two, lost, fixed, said):
    with pytest.raises(UsageError, match=said):
        mixed_loss(two, np.array(lost), np.array(fixed))


# Laws on random tables ----------------------------------------------------------------------------

law = settings(max_examples=60, deadline=None, derandomize=True)


@st.composite
def tables(draw, least=1):
    """Two to six sectors; column sums up to 0.95, final demand from 0."""
    n = draw(st.integers(2, 6))
    seed = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    weights = seed.random((n, n)) * (seed.random((n, n)) < draw(st.floats(0.3, 1.0)))
    sums = np.maximum(weights.sum(axis=0), 1e-9)
    coefficients = weights / sums * seed.uniform(0, 0.95, n)
    final = seed.uniform(least, 1000, n) * (seed.random(n) < 0.8) + least
    output = np.linalg.solve(np.eye(n) - coefficients, final)
    return InputOutput.of(coefficients * output, output, final), seed


@law
@given(tables())
def test_the_base_table_comes_back(given_table):
    table, _ = given_table
    assert outputs(table, table.final) == pytest.approx(table.output, rel=1e-12)
    assert ghosh_outputs(table, table.value_added) == pytest.approx(table.output, rel=1e-12)
    # Without a shock the difference is not small: it is nothing.
    n = table.output.size
    for fixed in (np.zeros(n), np.ones(n), np.full((n, n), 0.5)):
        found = mixed_loss(table, np.zeros((n, 3)), fixed)
        assert not found.direct.any()
        assert not found.indirect.any()


@law
@given(tables(), st.sampled_from(SIDES), st.floats(0.0, 1.0))
def test_extraction_equals_solving_anew(given_table, side, share):
    table, _ = given_table
    n, inverse = table.output.size, leontief_inverse(table)
    found = extraction_losses(table, inverse, side=side, share=share)
    for k in range(n):
        rest = [i for i in range(n) if i != k]
        left, a = np.zeros(n), table.coefficients.copy()
        if side == "both":
            left[k] = (1 - share) * table.output[k]
            need = table.final[rest] + a[rest, k] * left[k]
            left[rest] = np.linalg.solve(np.eye(n - 1) - a[np.ix_(rest, rest)], need)
        else:
            line = (slice(None), k) if side == "backward" else (k, slice(None))
            a[line] *= 1 - share
            left = np.linalg.solve(np.eye(n) - a, table.final)
        assert found[:, k] == pytest.approx(table.output - left, rel=1e-9, abs=1e-8)
    weights = table.value_share
    total = total_extraction_losses(table, inverse, weights, side=side, share=share)
    assert total == pytest.approx(weights @ found, rel=1e-9, abs=1e-8)


@law
@given(tables())
def test_the_closure_is_that_of_miller_and_blair(given_table):
    # x_U = (I - A_UU)^-1 (f_U + A_UR x_R), in levels and solved by another route.
    table, seed = given_table
    n, a = table.output.size, table.coefficients
    fixed = seed.random(n) < 0.5
    lost = seed.random(n) * table.output * fixed
    u, r = np.flatnonzero(~fixed), np.flatnonzero(fixed)
    need = table.final[u] + a[np.ix_(u, r)] @ (table.output - lost)[r]
    left = np.linalg.solve(np.eye(u.size) - a[np.ix_(u, u)], need)
    found = mixed_loss(table, lost, fixed.astype(float))
    assert found.indirect[u, 0] == pytest.approx(table.output[u] - left, rel=1e-9, abs=1e-8)
    assert not found.indirect[r].any()


@law
@given(tables(), st.floats(0.05, 0.95), st.floats(0.0, 1.0))
def test_a_part_fixed_is_a_sector_of_its_own(given_table, part, share):
    # The first sector written as two with one recipe, its sales divided alike, one of them fixed.
    table, _ = given_table
    n = table.output.size
    flows = table.coefficients * table.output
    row = np.concatenate([[part * flows[0]], [(1 - part) * flows[0]], flows[1:]])
    split = np.column_stack([part * row[:, 0], (1 - part) * row[:, 0], row[:, 1:]])
    output = np.concatenate([[part, 1 - part] * table.output[[0, 0]], table.output[1:]])
    lost, fixed = np.zeros(n + 1), np.zeros(n + 1)
    lost[0], fixed[0] = share * output[0], 1.0
    apart = mixed_loss(InputOutput.of(split, output), lost, fixed).indirect[:, 0]
    fixed[1] = part
    whole = mixed_loss(table, np.append(lost[0], lost[2:]), np.append(part, fixed[2:]))
    assert apart[0] == 0
    assert whole.indirect[:, 0] == pytest.approx(apart[1:], rel=1e-9, abs=1e-9)


@law
@given(tables())
def test_no_sector_and_no_economy_loses_more_than_there_is(given_table):
    table, seed = given_table
    n = table.output.size
    fixed = seed.random(n)
    lost = (fixed * table.output)[:, None] * seed.random((n, 4))
    lost[:, 0] = fixed * table.output
    found = mixed_loss(table, lost, fixed)
    whole = found.direct + found.indirect
    assert (found.indirect >= 0).all()
    assert (whole <= table.output[:, None] * (1 + 1e-9)).all()
    gdp = table.value_added.sum()
    assert (sum(found.value_added(table)).sum(axis=0) <= gdp * (1 + 1e-9)).all()
    # What the world adds less is what reaches final demand less.
    unserved = (whole - table.coefficients @ whole).sum(axis=0)
    assert sum(found.value_added(table)).sum(axis=0) == pytest.approx(unserved, rel=1e-9, abs=1e-9)


@law
@given(tables())
def test_together_never_costs_more_than_the_sum_of_one_by_one(given_table):
    table, seed = given_table
    n = table.output.size
    fixed = seed.random(n)
    lost = fixed * table.output * seed.random(n)
    joint = mixed_loss(table, lost, fixed)
    alone = [mixed_loss(table, lost * row, fixed * row) for row in np.eye(n)]
    summed = sum(part.direct + part.indirect for part in alone)
    assert (joint.direct + joint.indirect <= summed * (1 + 1e-9) + 1e-12).all()
    # Of one whole sector alone, extraction says the same.
    one = np.eye(n)[0]
    whole = mixed_loss(table, table.output * one, one)
    taken = extraction_losses(table, leontief_inverse(table), np.array([0]))
    assert whole.direct + whole.indirect == pytest.approx(taken, rel=1e-9, abs=1e-9)


@law
@given(tables(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_more_that_cannot_be_made_never_loses_less(given_table, less, more):
    table, seed = given_table
    n = table.output.size
    fixed = seed.random(n)
    lost = fixed * table.output * seed.random(n)
    rest = (table.output - fixed * table.output) * seed.random(n)
    low, high = sorted((less, more))
    alone = mixed_loss(table, lost, fixed)
    found = [limited_loss(table, lost, fixed, share * rest) for share in (0.0, low, high)]
    total = [part.direct + part.indirect for part in (alone, *found)]
    assert total[1] == pytest.approx(total[0], rel=1e-9, abs=1e-9)
    for before, after in pairwise(total[1:]):
        assert (after >= before * (1 - 1e-9) - 1e-9).all()
    assert (total[-1] <= table.output[:, None] * (1 + 1e-9)).all()


@law
@given(tables())
def test_without_suppliers_nothing_is_indirect_and_with_them_something_is(given_table):
    table, seed = given_table
    n = table.output.size
    alone = InputOutput.of(np.zeros((n, n)), table.output)
    lost = table.output * seed.random(n)
    assert not mixed_loss(alone, lost, np.ones(n)).indirect.any()
    assert not mixed_loss(alone, 0.5 * lost, np.full(n, 0.5)).indirect.any()
    buys = np.abs(table.coefficients[1:, 0]).sum() > 0
    one = np.eye(n)[0]
    assert mixed_loss(table, lost * one, one).indirect.any() == (buys and lost[0] > 0)


def test_a_power_series_and_a_factorisation_agree(monkeypatch):
    seed = np.random.default_rng(7)
    weights = seed.random((80, 80))
    coefficients = weights / weights.sum(axis=0) * seed.uniform(0.2, 0.94, 80)
    final = seed.uniform(0, 100, (80, 4))
    output = np.linalg.solve(np.eye(80) - coefficients, final[:, 0])
    table = InputOutput.of(coefficients * output, output)
    solved = outputs(table, final)
    monkeypatch.setattr(economy, "_SERIES_FROM", 1)
    assert outputs(table, final) == pytest.approx(solved, rel=1e-13)
    assert outputs(table, final[:, 2]) == pytest.approx(solved[:, 2], rel=1e-13)
    assert not mixed_loss(table, np.zeros(80), np.ones(80)).indirect.any()


def test_the_table_of_another_library():
    pymrio = pytest.importorskip("pymrio")
    theirs = pymrio.load_test()
    theirs.calc_system()
    output = theirs.x.to_numpy().ravel()
    table = InputOutput.of(theirs.Z.to_numpy(), output, theirs.Y.to_numpy().sum(axis=1))
    assert table.coefficients == pytest.approx(theirs.A.to_numpy(), rel=1e-13)
    inverse = leontief_inverse(table)
    assert inverse == pytest.approx(theirs.L.to_numpy(), rel=1e-11, abs=1e-15)
    assert inverse.sum(axis=0) == pytest.approx(theirs.L.to_numpy().sum(axis=0), rel=1e-12)
    assert outputs(table, theirs.Y.to_numpy().sum(axis=1)) == pytest.approx(output, rel=1e-12)
    # By country and sector of origin, what each country's final demand needs.
    needed = theirs.L.to_numpy() @ theirs.Y.to_numpy()
    assert outputs(table, theirs.Y.to_numpy()) == pytest.approx(needed, rel=1e-10, abs=1e-6)


# The table of a pack ------------------------------------------------------------------------------

# KOR cars 100: buy cars 20, rest 30, Japanese cars 10; add 40. KOR rest 200: buys itself 40; adds
# 160. JPN cars 200: buy Korean cars 10, cars 40 and rest 50; add 100. JPN rest 300: buys itself 60;
# adds 240. Exports: Korean cars 10 + 40, Japanese cars 10 + 30.
WORLD = records(
    "year supplier supplier_sector user user_sector value_musd low high",
    *(
        f"2011 {line} 0 1000"
        for line in (
            "KOR cars . output 100",
            "KOR rest . output 200",
            "JPN cars . output 200",
            "JPN rest . output 300",
            "KOR cars KOR cars 20",
            "KOR cars JPN cars 10",
            "KOR cars KOR final 30",
            "KOR cars JPN final 40",
            "KOR rest KOR cars 30",
            "KOR rest KOR rest 40",
            "KOR rest KOR final 130",
            "JPN cars KOR cars 10",
            "JPN cars JPN cars 40",
            "JPN cars KOR final 30",
            "JPN cars JPN final 120",
            "JPN rest JPN cars 50",
            "JPN rest JPN rest 60",
            "JPN rest JPN final 190",
        )
    ),
)
GROUPS = records(
    "scheme code kind target weight",
    "industry_group auto_parts sector cars 1",
    "industry_group ships sector cars 1",
    "industry_group tins sector mills 1",
)
PARAMETERS = [
    *TINY["parameters"],
    *records("parameter scope value low high unit", "home_sales_loss * 1 0 1 ratio"),
]


@pytest.fixture(scope="module")
def shared_world(tmp_path_factory):
    pack = TINY | {"interindustry": WORLD, "concordances": GROUPS, "parameters": PARAMETERS}
    return read_table(load_tables(write_pack(tmp_path_factory.mktemp("world") / "pack", **pack)))


@pytest.fixture
def world(shared_world):
    return shared_world


@dataclass(frozen=True)
class Loss:
    """As much of a sector's loss as the join reads."""

    country: str
    sector: str
    share: dict[str, float]
    baseline_exports_usd: float = 50e9
    evidence: str = "A"


@dataclass(frozen=True)
class Run:
    """As much of a result as the join reads."""

    losses: tuple[Loss, ...]
    resolved: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(focus=("KOR",), months=12)
    )


def same(share):
    return dict.fromkeys(("planner", "adaptive", "frozen"), share)


def lost(found, code, case="frozen"):
    """Direct and indirect loss of a country in million dollars of the table."""
    country = found.country(code)
    shares = (country.whole.direct_share[case], country.whole.indirect_share[case])
    return [share * country.table_gdp_usd / 1e6 for share in shares]


def dollars(found, code, case="frozen"):
    """The same in billion dollars of the exports."""
    whole = found.country(code).whole
    return [whole.direct_usd[case] / 1e9, whole.indirect_usd[case] / 1e9]


def test_a_fifth_of_korean_car_exports(world):
    # 10 of 50 exported are missing; at home cars lose 2.5 more as suppliers of cars; KOR rest
    # 0.3 x 12.5 / 0.8; JPN cars 0.1 x 12.5 / 0.8, JPN rest 0.25 x 1.5625 / 0.8. Japan's lower
    # purchases of Korean cars are not counted again.
    found = economy_of(world, Run((Loss("KOR", "auto_parts", same(0.2)),)))
    assert lost(found, "KOR") == near([4, 0.4 * 2.5 + 0.8 * 4.6875])
    assert lost(found, "JPN") == near([0, 0.5 * 1.5625 + 0.8 * 0.48828125])
    korea = found.country("KOR")
    assert korea.table_gdp_usd == near(200e6)
    assert korea.whole.direct_share["frozen"] == near(0.02)
    assert korea.whole.share["frozen"] == near(8.75 / 200)
    assert list(korea.groups) == ["cars", "rest"]
    assert korea.groups["cars"].share["frozen"] == near(5 / 200)
    # 10 of the 50 billion of the exports are worth what 10 of the 50 million of the table are.
    assert dollars(found, "KOR") == near([4, 4.75])
    assert dollars(found, "JPN") == near([0, 1.171875])
    assert (found.year, found.evidence, found.months) == (2011, "A", 12)


def test_another_industry_of_the_group_stays_open(world):
    # Ships export as much and lose nothing: a twentieth is lost of all exports that cars do, and
    # half of what Japan buys less falls on ships. y = 5 + 0.2 y + 0.5 x 0.05 x 0.125 y.
    hit, calm = Loss("KOR", "auto_parts", same(0.2)), Loss("KOR", "ships", same(0.0))
    found = economy_of(world, Run((hit, calm)))
    cars = 5 / (0.8 - 0.5 * 0.05 * 0.125)
    assert lost(found, "KOR") == near([2, 0.4 * (cars - 5) + 0.8 * 0.375 * cars])
    # The dollars are those of the parts alone, twice as many as a tenth of the table's exports.
    assert dollars(found, "KOR") == near([2 * value for value in lost(found, "KOR")])
    # Were the ships half of another group, they would be 25 of 75 billion, and a third open.
    half = dict(world.groups) | {"ships": {**world.groups["ships"], "weight": 0.5}}
    found = economy_of(replace(world, groups=half), Run((hit, calm)))
    cars = 20 / 3 / (0.8 - 1 / 3 * 0.05 * 0.125)
    assert lost(found, "KOR") == near([8 / 3, 0.4 * (cars - 20 / 3) + 0.8 * 0.375 * cars])


def test_two_countries_do_not_cut_each_others_exports(world):
    # Korea as above; Japan loses 20 of 40: its cars 25 with those bought at home, the rest 7.8125.
    both = (Loss("KOR", "auto_parts", same(0.2)), Loss("JPN", "auto_parts", same(0.5)))
    found = economy_of(world, Run(both, SimpleNamespace(focus=("JPN", "KOR"), months=12)))
    assert lost(found, "KOR") == near([4, 4.75])
    assert lost(found, "JPN") == near([10, 0.5 * 5 + 0.8 * 7.8125])
    alone = [economy_of(world, Run((loss,))) for loss in both]
    for code in ("KOR", "JPN"):
        assert sum(lost(found, code)) < sum(sum(lost(part, code)) for part in alone)


def test_home_sales_of_the_same_plants(world):
    # A fifth of the 50 sold at home is missing too, more than the 4 that Korean cars buy less of
    # themselves. KOR rest 0.3 x 20 / 0.8, JPN cars 0.1 x 20 / 0.8, JPN rest 0.25 x 2.5 / 0.8.
    found = economy_of(world, Run((Loss("KOR", "auto_parts", same(0.2)),)))
    korea, japan = (found.country(code).with_home for code in ("KOR", "JPN"))
    assert 200 * korea.direct_share["frozen"] == near(0.4 * 20)
    assert 200 * korea.indirect_share["frozen"] == near(0.8 * 7.5)
    assert 340 * japan.share["frozen"] == near(0.5 * 2.5 + 0.8 * 0.78125)
    # It is the table with a fifth of Korean cars taken out (Miller and Blair 2009, section 13.2).
    whole = economy_of_outputs(world, {("KOR", "cars"): 0.2})
    assert sum(lost(whole, "KOR")) == near(200 * korea.share["frozen"])
    assert sum(lost(whole, "JPN")) == near(340 * japan.share["frozen"])
    # Dollars are of the pack: 100 made for 20 exported, so 200 billion at home beside 50.
    assert korea.direct_usd["frozen"] == near(0.4 * 0.2 * 250e9)
    # Exports alone are what they were, and the groups add up.
    assert lost(found, "KOR") == near([4, 4.75])
    groups = found.country("KOR").home_groups
    assert sum(part.share["frozen"] for part in groups.values()) == near(korea.share["frozen"])


def test_of_home_sales_that_nobody_buys_none_is_lost_again(world):
    # A twentieth of the loss of exports: 0.5 cannot be made, and 2.5 is not bought anyway.
    hit = Loss("KOR", "auto_parts", same(0.2))
    little = replace(world, home_loss={**world.home_loss, "value": 0.05})
    found = economy_of(little, Run((hit,))).country("KOR")
    assert found.with_home.share["frozen"] == near(found.whole.share["frozen"])
    # An industry that sells nothing at home loses nothing there.
    abroad = replace(world, home_per_export={("KOR", "auto_parts"): 0.0})
    found = economy_of(abroad, Run((hit,))).country("KOR")
    assert found.with_home == found.whole
    assert found.home_groups == found.groups


@settings(max_examples=20, deadline=None, derandomize=True)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_home_sales_never_lower_a_loss(shared_world, korea, japan, one, other):
    hit = (Loss("KOR", "auto_parts", same(korea)), Loss("JPN", "auto_parts", same(japan)))
    run = Run(hit, SimpleNamespace(focus=("JPN", "KOR"), months=12))
    last = None
    for at_home in sorted((one, other)):
        some = replace(shared_world, home_loss={**shared_world.home_loss, "value": at_home})
        found = economy_of(some, run)
        for country in found.countries:
            gained = country.with_home.share["frozen"] - country.whole.share["frozen"]
            assert gained >= -1e-12
        shares = np.array([c.with_home.share["frozen"] for c in found.countries])
        assert last is None or (shares >= last - 1e-12).all()
        last = shares


def test_a_horizon_changes_no_share(world):
    loss = (Loss("KOR", "auto_parts", same(0.2)),)
    half = economy_of(world, Run(loss, SimpleNamespace(focus=("KOR",), months=6)))
    assert lost(half, "KOR") == near([4, 4.75])
    assert half.months == 6
    assert "over 6 months" in half.valuation


def test_cases_are_apart_and_a_case_not_asked_for_is_null(world):
    loss = Loss("KOR", "auto_parts", {"adaptive": 0.1, "frozen": 0.2})
    found = economy_of(world, Run((loss,)))
    assert found.cases == ("adaptive", "frozen")
    assert lost(found, "KOR", "adaptive") == near([v / 2 for v in lost(found, "KOR")])
    entry = found.as_dict()["countries"][0]
    assert entry["country"] == "KOR"
    assert entry["gdp_loss_share"]["planner"] is None


def test_no_export_loss_is_no_loss_of_gdp(world):
    found = economy_of(world, Run((Loss("KOR", "auto_parts", same(0.0), evidence="D"),)))
    for country in found.countries:
        assert set(country.whole.share.values()) == set(country.whole.usd.values()) == {0}
        assert not country.groups
    assert found.evidence == "A"  # a figure that moves nothing has no say


def test_the_weakest_grade_that_matters_is_told(world):
    found = economy_of(world, Run((Loss("KOR", "auto_parts", same(0.1), evidence="C"),)))
    assert found.evidence == "C"


def test_whole_sectors_of_the_table_by_hand(world):
    # Korean cars make half, 50 less: KOR rest 0.3 x 50 / 0.8, JPN cars 0.1 x 50 / 0.8, JPN rest
    # 0.25 x 6.25 / 0.8. Korean cars lose nothing more as suppliers of Korean cars.
    found = economy_of_outputs(world, {("KOR", "cars"): 0.5})
    assert lost(found, "KOR") == near([20, 0.8 * 18.75])
    assert lost(found, "JPN") == near([0, 0.5 * 6.25 + 0.8 * 1.953125])
    assert found.country("KOR").whole.direct_usd["frozen"] == near(20e6)
    # With the rest of Korea and Japanese cars given too, nothing of them follows.
    given_three = {("KOR", "cars"): 0.5, ("KOR", "rest"): 0.1, ("JPN", "cars"): 0.0}
    found = economy_of_outputs(world, given_three)
    assert lost(found, "KOR") == near([20 + 16, 0])
    assert lost(found, "JPN") == [0, 0]
    with pytest.raises(UsageError, match=r"has no KOR ships; its countries: JPN, KOR; its groups"):
        economy_of_outputs(world, {("KOR", "ships"): 0.5})
    with pytest.raises(UsageError, match="KOR cars: the share lost is 2, outside 0-1"):
        economy_of_outputs(world, {("KOR", "cars"): 2.0})


def test_an_industry_without_a_group_says_what_to_add(world):
    with pytest.raises(DataError, match=r"'drones' is an industry without a group.*industry_group"):
        economy_of(world, Run((Loss("KOR", "drones", same(0.1)),)))
    with pytest.raises(DataError, match=r"row 4, target: 'mills' is no sector of KOR.*cars, rest"):
        economy_of(world, Run((Loss("KOR", "tins", same(0.1)),)))


def test_a_country_that_the_table_does_not_hold(world):
    taiwan = Loss("TWN", "auto_parts", same(0.5))
    with pytest.raises(UsageError, match="none of TWN by itself"):
        economy_of(world, Run((taiwan,), SimpleNamespace(focus=("TWN",), months=12)))
    korea = Loss("KOR", "auto_parts", same(0.2))
    found = economy_of(
        world, Run((taiwan, korea), SimpleNamespace(focus=("TWN", "KOR"), months=12))
    )
    assert "TWN: not in the table by itself" in found.not_counted
    assert lost(found, "KOR") == near([4, 4.75])
    with pytest.raises(KeyError, match="the table holds KOR, JPN"):
        found.country("TWN")


def test_a_pack_without_a_table_says_what_to_add(tiny_pack):
    with pytest.raises(DataError, match=r"(?s)interindustry.csv.*is missing.*data import"):
        read_table(load_tables(tiny_pack))


def test_a_sector_without_gross_output_is_refused(tmp_path):
    rows = [r for r in WORLD if (r["supplier"], r["user_sector"]) != ("JPN", "output")]
    pack = write_pack(tmp_path / "pack", **(TINY | {"interindustry": rows}))
    with pytest.raises(DataError, match="sector JPN cars: buys inputs and makes nothing"):
        read_table(load_tables(pack))
    rows = [r for r in WORLD if (r["supplier"], r["supplier_sector"]) != ("JPN", "rest")]
    rows += records(
        "year supplier supplier_sector user user_sector value_musd low high",
        "2011 KOR rest JPN rest 1 0 1000",
    )
    pack = write_pack(tmp_path / "other", **(TINY | {"interindustry": rows}))
    with pytest.raises(DataError, match=r"row \d+: 'JPN rest' is a user that supplies nobody"):
        read_table(load_tables(pack))


def test_the_latest_year_is_taken(tmp_path):
    older = [r | {"year": "2008", "value_musd": "7"} for r in WORLD]
    pack = TINY | {"interindustry": [*older, *WORLD], "parameters": PARAMETERS}
    found = read_table(load_tables(write_pack(tmp_path / "pack", **pack)))
    assert found.year == 2011
    assert found.table.output.sum() == 800


# The shipped pack, and the command line -----------------------------------------------------------


def say(*words):
    with (
        contextlib.redirect_stdout(io.StringIO()) as out,
        contextlib.redirect_stderr(io.StringIO()) as err,
    ):
        return main(words), out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def shipped():
    return sc.load()


def test_every_industry_of_the_shipped_pack_has_a_group_of_its_table(shipped):
    table = read_table(shipped.tables)
    for row in shipped.tables.rows("industries"):
        group = table.groups[row["industry"]]["target"]
        assert row["country"] not in table.countries or (row["country"], group) in table.sectors


def test_the_shipped_table_comes_back_and_bounds_its_losses(shipped):
    table = read_table(shipped.tables)
    assert outputs(table.table, table.table.final) == pytest.approx(table.table.output, rel=1e-12)
    result = sc.simulate(
        shipped,
        sc.restrict("China", ["dysprosium"], kind="ban"),
        focus=["KOR", "JPN"],
        effort=Effort(planner=False, band=False),
    )
    found = economy_of(table, result)
    assert [c.country for c in found.countries[:2]] == ["KOR", "JPN"]
    for country in found.countries:
        for case in ("adaptive", "frozen"):
            whole = country.whole
            assert 0 <= whole.direct_share[case] <= whole.share[case] <= 1
            assert whole.share[case] <= country.with_home.share[case] <= 1
            for by_case in ("usd", "share"):
                parts = sum(getattr(part, by_case)[case] for part in country.groups.values())
                assert parts == pytest.approx(getattr(whole, by_case)[case], rel=1e-9)
    exports = sum(s.usd("frozen") for s in result.losses if s.country == "KOR")
    assert 0 < found.country("KOR").whole.direct_usd["frozen"] < exports
    germany = found.country("DEU").whole
    assert germany.direct_usd["frozen"] == 0 < germany.share["frozen"]


def test_the_command_line_prints_and_writes_it(tmp_path):
    asked = ("restrict", "China", "dysprosium", "--kind", "ban", "--no-planner", "--no-band")
    code, out, _ = say(*asked, "--economy")
    assert code == 0
    assert "loss of value added" in out
    assert "It assumes that" in out
    assert "home sales" in out
    code, out, _ = say(*asked, "--economy", "--json")
    found = json.loads(out)
    assert code == 0
    assert found["economy"]["countries"][0]["country"] == "KOR"


def test_its_json_keeps_the_contract(shipped):
    result = sc.simulate(shipped, sc.restrict("China", ["samarium"]), effort=Effort(band=False))
    found = economy_of(read_table(shipped.tables), result)
    assert "economy" not in result.as_dict()
    written = replace(result, economy=found).as_dict()["economy"]
    assert written == found.as_dict()
    contract = json.loads(CONTRACT.read_text(encoding="utf-8"))
    part = contract["properties"]["economy"] | {"$defs": contract["$defs"]}
    jsonschema.validate(written, part)


def test_the_command_line_refuses_what_it_cannot_add(tmp_path):
    asked = ("restrict", "China", "dysprosium", "--economy", "--no-planner", "--no-band")
    code, _, err = say(*asked, "--csv")
    assert code == 2
    assert "--economy" in err
    bare = shutil.copytree(shipped_folder("data"), tmp_path / "pack")
    (bare / "interindustry.csv").unlink()
    code, _, err = say(*asked, "--data", str(bare))
    assert code == 3
    assert "interindustry.csv" in err
    assert "Import one" in err
