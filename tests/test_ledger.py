"""The binding ledger: what withheld each lost export, to the cent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from random_arrays import EVERYTHING, random_arrays, tighter
from worlds import CARS, LINK, Run, path, restriction, run, several, stop, world

from supplychain.model.adaptive import adaptive
from supplychain.model.arrays import Arrays, Regimes
from supplychain.model.frozen import frozen
from supplychain.model.ledger import NOT_TRACED, Ledger, Walk, ledger
from supplychain.model.outcome import Outcome

ROUNDING, NOTHING = 1e-9, 1e-10
MONTH = 100.0
"""What a month of cars is worth."""


def of(played: Run, case: str = "frozen") -> Ledger:
    outcome = played.frozen if case == "frozen" else played.adaptive
    arrays = played.compiled.arrays
    walk = Walk(arrays, outcome, leaks=case == "adaptive")
    return ledger(walk, {played.at(CARS): MONTH * arrays.months})


def landed(played: Run, found: Ledger, node: str) -> list[float]:
    """What goods of a node cost, by month of the lost exports."""
    at = played.at(node)
    zero = np.zeros(played.compiled.arrays.months)
    held = (e.usd for e in found.entries if e.measure >= 0 and e.node == at)
    return sum(held, start=zero).round(9).tolist()


def dated(actor: str, item: str, *values: float) -> object:
    return restriction(actor, item, kind="path", path=values, months=len(values))


# By hand ------------------------------------------------------------------------------------------

TWO_INPUTS = world(
    products=["magnet component", "chip component", "cars industry unit=unit"],
    processors=["CHN magnet 120", "JPN chip 120"],
    industries=["KOR cars 120"],
    segments=["* cars all 1"],
    recipes=["cars/all magnet 1 critical", "cars/all chip 1 critical"],
    trade=["CHN KOR magnet 1", "JPN KOR chip 1"],
    stocks=["* * magnet 30"],
)
"""Cars of a magnet from China and a chip from Japan; a month of magnets is in stock."""

TWO_SUPPLIERS = world(
    products=["magnet component", "cars industry unit=unit"],
    processors=["CHN magnet 60", "JPN magnet 60"],
    industries=["KOR cars 120"],
    segments=["* cars all 1"],
    recipes=["cars/all magnet 1 critical"],
    trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
)
"""Cars of magnets, half of them from China and half from Japan."""


def test_inputs_that_bind_together_share_a_loss(tmp_path: Path) -> None:
    # Month 1 is covered by stock; then neither magnets nor chips arrive: 100 a month, half each.
    scenario = several(restriction("CHN", "magnet", months=3), dated("JPN", "chip", 1, 0, 0))
    played = run(TWO_INPUTS.network(tmp_path), replace(scenario, horizon=3))
    found = of(played)
    assert landed(played, found, "CHN:magnet") == [0, 50, 50]
    assert landed(played, found, "JPN:chip") == [0, 50, 50]
    assert found.total == pytest.approx(200)


def test_the_tighter_input_takes_it_all(tmp_path: Path) -> None:
    # Half the chips still come in month 2, when there is no magnet at all.
    scenario = several(restriction("CHN", "magnet", months=3), dated("JPN", "chip", 1, 0.5, 0.5))
    played = run(TWO_INPUTS.network(tmp_path), replace(scenario, horizon=3))
    found = of(played)
    assert landed(played, found, "CHN:magnet") == [0, 100, 100]
    assert landed(played, found, "JPN:chip") == [0, 0, 0]


def test_stock_lets_an_earlier_shortage_bind_later(tmp_path: Path) -> None:
    # China's half is missing in month 1 and comes out of half a month's stock; Japan's half is
    # missing in month 2, with no stock left: without either nothing would be lost.
    one = TWO_SUPPLIERS.but(stocks=["* * * 15"])
    scenario = several(dated("CHN", "magnet", 0, 1, 1), dated("JPN", "magnet", 1, 0, 1))
    played = run(one.network(tmp_path), replace(scenario, horizon=3))
    found = of(played)
    assert landed(played, found, "CHN:magnet") == [0, 25, 0]
    assert landed(played, found, "JPN:magnet") == [0, 25, 0]


def test_a_shortage_that_cost_output_already_costs_no_more(tmp_path: Path) -> None:
    scenario = several(dated("CHN", "magnet", 0, 1, 1), dated("JPN", "magnet", 1, 0, 1))
    played = run(TWO_SUPPLIERS.network(tmp_path), replace(scenario, horizon=3))
    found = of(played)
    assert landed(played, found, "CHN:magnet") == [50, 0, 0]
    assert landed(played, found, "JPN:magnet") == [0, 50, 0]


def test_what_arrives_beyond_the_baseline_only_softens(tmp_path: Path) -> None:
    # Japan can make half as much again: it sells Korea a quarter, and China takes the whole loss.
    rich = TWO_SUPPLIERS.but(
        processors=["CHN magnet 60", "JPN magnet 60 capacity=90"],
        constants={"access_ceiling": 2, "catch_up_capacity": 1},
    )
    played = run(rich.network(tmp_path), stop(months=2, horizon=2))
    found = of(played, "adaptive")
    assert landed(played, found, "CHN:magnet") == [25, 25]
    assert found.total == pytest.approx(50)


def test_a_supplier_without_inputs_passes_the_loss_on(tmp_path: Path) -> None:
    chain = world(
        products=["ore mine", "magnet component", "cars industry unit=unit"],
        producers=["CHN ore 120"],
        processors=["JPN magnet 120"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=["magnet ore 1 critical", "cars/all magnet 1 critical"],
        trade=["CHN JPN ore 1", "JPN KOR magnet 1"],
        stocks=["* * magnet 15"],
    )
    played = run(chain.network(tmp_path), path([0, 0], item="ore", horizon=2))
    found = of(played)
    assert landed(played, found, "CHN:ore") == [50, 100]
    assert landed(played, found, "JPN:magnet") == [0, 0]


def test_what_was_caught_up_is_told_apart(tmp_path: Path) -> None:
    # A month is lost; each of the next two makes up for a tenth of a month.
    world_ = LINK.but(constants={"catch_up_capacity": 1.1, "access_ceiling": 2,
                                 "queue_cap_months": 1})  # fmt: skip
    played = run(world_.network(tmp_path), stop(months=1, horizon=3))
    found = of(played, "adaptive")
    assert found.total + found.caught_up == pytest.approx(100)
    assert found.caught_up == pytest.approx(20)
    assert landed(played, found, "CHN:magnet") == [80, 0, 0]


def test_nothing_lost_is_an_empty_ledger(tmp_path: Path) -> None:
    played = run(LINK.network(tmp_path), stop(severity=0.0))
    assert of(played).total == 0


# Laws ---------------------------------------------------------------------------------------------

WORLDS = pytest.mark.parametrize("count", [100, pytest.param(2000, marks=pytest.mark.slow)])


def played(arrays: Arrays, *, leaks: bool) -> tuple[Outcome, dict[int, float]]:
    """A case, and final nodes with made-up exports."""
    outcome = adaptive(arrays) if leaks else frozen(arrays)
    final = np.flatnonzero(arrays.nodes.final & (arrays.nodes.level > 0))
    return outcome, {int(n): 100.0 * (k + 1) for k, n in enumerate(final)}


def lost(outcome: Outcome, worth: dict[int, float]) -> float:
    found = (1.0 - outcome.delivered[:, :, 0]).mean(axis=(0, 2))
    return sum(usd * max(float(found[n]), 0.0) for n, usd in worth.items())


def worlds(count: int) -> list[Arrays]:
    kinds = (EVERYTHING, EVERYTHING.but(elasticities=True))
    return [random_arrays(s, kinds[s % 2]).take(slice(0, 1)) for s in range(count)]


def by_measure(found: Ledger) -> dict[int, np.ndarray]:
    """Measure -> USD by month of the lost exports; -1: anything else."""
    table: dict[int, np.ndarray] = {}
    for e in found.entries:
        table[e.measure] = table.get(e.measure, 0.0) + e.usd
    return table


@WORLDS
def test_entries_add_up_to_the_loss(count: int) -> None:
    losing = 0
    for arrays in worlds(count):
        for leaks in (True, False):
            outcome, worth = played(arrays, leaks=leaks)
            found, expected = ledger(Walk(arrays, outcome, leaks), worth), lost(outcome, worth)
            assert found.total == pytest.approx(expected, rel=ROUNDING, abs=NOTHING)
            assert all((e.usd >= 0).all() for e in found.entries)
            assert not any(e.cause == NOT_TRACED for e in found.entries)
            losing += expected > 0
    assert losing > count // 2


def test_a_measure_that_never_binds_gets_exactly_nothing() -> None:
    """Three measures, of which only the first stands under each regime's ceiling."""
    for arrays in worlds(60):
        blame = np.zeros((arrays.months, 3, 6, arrays.bins))
        blame[:, range(3), range(3)] = 1.0
        outcome, worth = played(arrays, leaks=True)
        found = by_measure(ledger(Walk(arrays, outcome, leaks=True, blame=blame), worth))
        plain = by_measure(ledger(Walk(arrays, outcome, leaks=True), worth))
        assert found.keys() == plain.keys()
        assert all(np.allclose(found[m], plain[m], rtol=ROUNDING, atol=0) for m in found)


def test_a_regime_above_the_baseline_gets_exactly_nothing() -> None:
    for seed in range(60):
        arrays = random_arrays(seed, EVERYTHING).take(slice(0, 1))
        tables = [arrays.regimes.ceiling.copy(), arrays.regimes.leaky.copy()]
        for table in tables:
            table[:, 0] = np.maximum(table[:, 0], 1.0)
        arrays = replace(arrays, regimes=Regimes(*tables))
        for leaks in (True, False):
            outcome, worth = played(arrays, leaks=leaks)
            assert 0 not in by_measure(ledger(Walk(arrays, outcome, leaks), worth))


def test_exports_scale_the_ledger() -> None:
    for arrays in worlds(30):
        outcome, worth = played(arrays, leaks=True)
        walk = Walk(arrays, outcome, leaks=True)
        once = by_measure(ledger(walk, worth))
        thrice = by_measure(ledger(walk, {n: 3 * usd for n, usd in worth.items()}))
        assert all(np.allclose(thrice[m], 3 * once[m], rtol=ROUNDING, atol=0) for m in once)


def test_months_without_a_loss_have_no_entry() -> None:
    for seed in range(40):
        arrays = tighter(random_arrays(seed, EVERYTHING), seed).take(slice(0, 1))
        outcome, worth = played(arrays, leaks=False)
        found = ledger(Walk(arrays, outcome, leaks=False), worth)
        down = (outcome.delivered[:, list(worth), 0] < 1).any(axis=(1, 2))
        assert all((e.usd[~down] == 0).all() for e in found.entries)
