"""A loss shared among restrictions and minerals: the mathematics, the lanes, and what is told."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import strategies as st
from test_laws import _records, hold, restrictions, worlds
from worlds import LINK, network_of, restriction, several

import supplychain as sc
from supplychain.attribution.coalitions import Game, players
from supplychain.attribution.shapley import Shapley, shapley_of
from supplychain.coverage import Resolved, resolve
from supplychain.errors import UsageError
from supplychain.model import shares
from supplychain.network.values import Network
from supplychain.run import Run
from supplychain.scenario import Range, Scenario
from supplychain.vocabulary import MONTHS_PER_YEAR

FEW, MANY = 60, 2000
LAW = pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])


# The mathematics ----------------------------------------------------------------------------------


def by_permutations(values: np.ndarray) -> list[float]:
    """What every player adds, averaged over all orders, one order after another."""
    count = len(values).bit_length() - 1
    found = [0.0] * count
    for order in itertools.permutations(range(count)):
        there = 0
        for player in order:
            found[player] += values[there | 1 << player] - values[there]
            there |= 1 << player
    return [value / math.factorial(count) for value in found]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_the_formula_is_the_mean_over_all_orders(count):
    values = np.random.default_rng(count).random(2**count)
    assert shares.shapley(values) == pytest.approx(by_permutations(values), abs=1e-12)


def test_the_airport_game_shares_every_mile_among_those_who_need_it():
    # Four runways of 1, 2, 2 and 5: the first mile in four, the second in three, the rest alone.
    miles = np.array([1.0, 2, 2, 5])
    values = np.array([max(miles[m], default=0.0) for m in shares.members(4)])
    assert shares.shapley(values) == pytest.approx([1 / 4, 7 / 12, 7 / 12, 43 / 12])


def test_many_outcomes_are_shared_side_by_side():
    values = np.random.default_rng(1).random((8, 2, 3))
    found = shares.shapley(values)
    assert found.shape == (3, 2, 3)
    assert found[:, 1, 2] == pytest.approx(shares.shapley(values[:, 1, 2]))


def test_who_adds_nothing_gets_exactly_nothing():
    values = np.random.default_rng(2).random(8)
    idle = np.concatenate([values, values])  # the fourth player changes no coalition
    assert shares.shapley(idle)[3] == 0.0
    assert (shares.pairs(idle)[3] == 0.0).all()


def test_the_interaction_is_what_two_do_together_beyond_what_each_does():
    # v = 3 for player 0, 4 more for players 1 and 2 together: they complement each other.
    inside = shares.members(3)
    values = 3.0 * inside[:, 0] + 4.0 * (inside[:, 1] & inside[:, 2])
    found = shares.pairs(values)
    assert found[1, 2] == found[2, 1] == pytest.approx(4)
    assert found[0, 1] == found[0, 2] == pytest.approx(0)


def test_the_interactions_are_those_of_the_definition():
    values = np.random.default_rng(3).random(16)
    others = [0, 1 << 1, 1 << 3, 1 << 1 | 1 << 3]  # coalitions without players 0 and 2
    by_hand = sum(
        w * (values[s | 5] - values[s | 1] - values[s | 4] + values[s])
        for s, w in zip(others, (1 / 3, 1 / 6, 1 / 6, 1 / 3), strict=True)
    )
    assert shares.pairs(values)[0, 2] == pytest.approx(by_hand)


def test_sampled_orders_sum_to_the_whole_and_come_close():
    values = np.random.default_rng(4).random((64, 2))
    orders = shares.orders(6, 400, seed=1)
    found = shares.sampled(orders, dict(enumerate(values)))
    assert found.value.sum(axis=0) == pytest.approx(values[-1] - values[0], abs=1e-12)
    off = np.abs(found.value - shares.shapley(values)) / found.error
    assert off.max() < 4
    assert (found.error > 0).all()


def test_an_order_comes_with_its_reverse():
    orders = shares.orders(5, 3, seed=7)
    assert (orders[0::2] == orders[1::2, ::-1]).all()
    assert (shares.orders(5, 3, seed=7) == orders).all()


# Coalitions as lanes ------------------------------------------------------------------------------

TWO = LINK.but(
    products=["magnet component", "chip component", "cars industry"],
    processors=["CHN magnet 120", "CHN chip 120"],
    recipes=["cars/all magnet 1 critical", "cars/all chip 1 critical"],
    trade=["CHN KOR magnet 1", "CHN KOR chip 1"],
)
"""Cars of one magnet and one chip each: whichever is missing, they stop."""


def separate(network: Network, resolved: Resolved, coalition: Sequence[int]) -> np.ndarray:
    """Losses in USD of a scenario with some of its restrictions only, played on its own."""
    some = replace(resolved, measures=tuple(resolved.measures[k] for k in coalition))
    run = Run.of(network, some)
    usd = [s.exports_usd * resolved.months / MONTHS_PER_YEAR for s in run.sectors]
    return np.array([run.loss(s, "adaptive") * u for s, u in zip(run.sectors, usd, strict=True)])


def shared(network: Network, scenario: Scenario, **options: object) -> Shapley:
    return shapley_of(network, resolve(scenario, network), **options)


def test_two_that_stop_the_same_plants_share_the_loss(tmp_path):
    # Either ban alone stops all cars for a year: half each, and all of it is counted twice.
    network = TWO.network(tmp_path)
    found = shared(network, several(restriction("CHN", "magnet"), restriction("CHN", "chip")))
    korea = found.of("KOR")
    assert [p.share for p in korea.portions] == pytest.approx([0.5, 0.5])
    assert [p.alone_usd for p in korea.portions] == pytest.approx([korea.loss_usd] * 2)
    assert [p.last_usd for p in korea.portions] == pytest.approx([0, 0])
    assert korea.overlap_usd == pytest.approx(korea.loss_usd)
    assert korea.overlaps[0].usd == pytest.approx(-korea.loss_usd)
    assert korea.as_dict()["overlap_meaning"].startswith("substitutes")


def test_a_ban_after_another_has_what_it_adds_and_half_of_what_both_stop(tmp_path):
    # The magnet is banned for 12 months, the chip for the first 3: three months are shared.
    network = TWO.network(tmp_path)
    short = restriction("CHN", "chip", months=3)
    korea = shared(network, several(restriction("CHN", "magnet"), short)).of("KOR", "cars")
    alone = [p.alone_usd / korea.loss_usd for p in korea.portions]
    assert alone[0] == pytest.approx(1)
    assert [p.share for p in korea.portions] == pytest.approx([1 - alone[1] / 2, alone[1] / 2])


def test_items_of_one_restriction_are_causes(tmp_path):
    network = TWO.network(tmp_path)
    one = several(restriction("CHN", "magnet", "chip"))
    found = shared(network, one)
    assert found.causes == ("CHN magnet", "CHN chip")
    assert shared(network, one, by_item=False).causes == ("CHN magnet, chip",)
    assert found.contributions("KOR")[0] == {
        "cause": "CHN magnet",
        "share": pytest.approx(0.5),
        "usd": pytest.approx(found.of("KOR").loss_usd / 2),
    }


def test_what_has_no_effect_gets_exactly_nothing(tmp_path):
    # Nobody buys chips from Korea, and a magnet that is not withheld is no loss.
    network = TWO.network(tmp_path)
    idle = restriction("KOR", "chip")
    found = shared(network, several(restriction("CHN", "magnet"), idle))
    assert found.of("KOR").portions[1].usd == 0.0
    assert found.of("KOR", "cars").portions[1].usd == 0.0


def test_the_same_restriction_twice_shares_equally(tmp_path):
    network = TWO.network(tmp_path)
    same = restriction("CHN", "magnet", severity=Range.of(0.6))
    found = shared(network, several(same, same, restriction("CHN", "chip", months=5)))
    first, second, _ = found.of("KOR").portions
    assert found.causes[:2] == ("CHN magnet (restriction 1)", "CHN magnet (restriction 2)")
    assert first.usd == pytest.approx(second.usd, rel=1e-12)
    assert first.alone_usd == second.alone_usd


def test_a_later_start_is_played_with_its_own_clock(tmp_path):
    network = TWO.network(tmp_path)
    late = restriction("CHN", "chip", start="2025-06", months=4)
    scenario = several(restriction("CHN", "magnet", months=3), late, horizon=12)
    resolved = resolve(scenario, network)
    game = Game(network, resolved, players(resolved, by_item=False))
    losses = game.losses(range(4))
    for c in range(1, 4):
        assert losses[c] == pytest.approx(
            separate(network, resolved, [k for k in (0, 1) if c >> k & 1]), rel=1e-12
        )


def test_what_leaks_of_some_items_is_what_leaks_of_a_restriction_of_these(tmp_path):
    # Chips go to Korea alone, magnets to Japan as well: a ban aimed at Korea leaves half of the
    # magnets open and no chip. So magnets alone leak more than magnets and chips together.
    network = TWO.but(
        industries=["KOR cars 120", "JPN cars 120"],
        processors=["CHN magnet 240", "CHN chip 120", "JPN chip 120"],
        trade=["CHN KOR magnet 1", "CHN JPN magnet 1", "CHN KOR chip 1", "JPN JPN chip 1"],
        constants={"leakage some_targets": 0.8, "leakage all_targets": 0.2,
                   "leakage_enforced": 0.8},
    ).network(tmp_path)  # fmt: skip
    aimed = several(restriction("CHN", "magnet", "chip", to=("KOR",)))
    resolved = resolve(aimed, network)
    game = Game(network, resolved, players(resolved, by_item=True))
    losses = game.losses(range(4))
    for c, items in ((1, ("magnet",)), (2, ("chip",)), (3, ("magnet", "chip"))):
        alone = resolve(several(restriction("CHN", *items, to=("KOR",))), network)
        assert losses[c] == pytest.approx(separate(network, alone, [0]), rel=1e-12)
    assert losses[1] < losses[3]


def test_who_buys_ahead_does_so_where_the_restriction_is_in_force(tmp_path):
    # The magnet is announced four months ahead, the chip at once: a stock of chips is never bought.
    network = TWO.but(
        constants={"front_loading_surge": 1.5, "front_loading_cap_months": 3}
    ).network(tmp_path)
    ahead = {"start": "2025-03", "announced": "2024-11"}
    scenario = several(
        restriction("CHN", "magnet", **ahead), restriction("CHN", "chip", start="2025-03"),
        horizon=12,
    )  # fmt: skip
    resolved = resolve(scenario, network)
    losses = Game(network, resolved, players(resolved, by_item=False)).losses(range(4))
    for c, some in ((1, [0]), (2, [1]), (3, [0, 1])):
        assert losses[c] == pytest.approx(separate(network, resolved, some), rel=1e-12)
    assert losses[1] / losses[2] == pytest.approx(0.8)  # two of ten months are bought ahead
    assert losses[3] == pytest.approx(losses[2])


def test_nobody_loses_nothing_and_a_wrong_question_is_refused(tmp_path):
    network = TWO.network(tmp_path)
    resolved = resolve(several(restriction("CHN", "magnet")), network)
    game = Game(network, resolved, players(resolved, by_item=True))
    assert not game.losses([0])[0].any()
    with pytest.raises(UsageError, match="1 to"):
        shared(network, several())
    with pytest.raises(UsageError, match="planner"):
        shared(network, resolved.scenario, case="planner")
    with pytest.raises(UsageError, match="KOR"):
        shared(network, resolved.scenario).of("USA")


def test_too_many_causes_are_sampled_with_their_error(tmp_path):
    # 13 bans of the same magnet, each alone the whole loss: a thirteenth each, within the error.
    network = TWO.network(tmp_path)
    many = tuple(restriction("CHN", "magnet", months=k + 1) for k in range(13))
    found = shared(network, several(*many), orders=8)
    korea = found.of("KOR")
    assert not found.is_exact
    assert sum(p.usd for p in korea.portions) == pytest.approx(korea.loss_usd, rel=1e-9)
    assert all(p.error_usd >= 0 for p in korea.portions)
    assert not korea.overlaps
    airport = [p.alone_usd for p in korea.portions]
    exact, below = 0.0, 0.0
    for k, cost in enumerate(airport):  # the airport game: who needs a month shares it
        exact += (cost - below) / (13 - k)
        below = cost
    last = korea.portions[-1]
    assert abs(last.usd - exact) < 4 * last.error_usd


@LAW
def test_shares_sum_and_every_coalition_is_a_run_of_its_own(examples, tmp_path):
    # Without substitutes: a plant that catches up may use one of an input that nobody withholds,
    # and a run by itself does not hold such inputs (docs/model.md, Shapley values).
    def law(given_world, first, second, third, some):
        network = network_of(_records(given_world.but(substitutes=[])), tmp_path)
        scenario = Scenario(
            "law", "law", (first, second, third), (), ("KOR",), "2025-01", horizon=9
        )
        resolved = resolve(scenario, network)
        game = Game(network, resolved, players(resolved, by_item=False))
        losses = game.losses(range(8))
        exports = sum(s.exports_usd for s in game.sectors)
        for c in (some, 7):
            alone = separate(network, resolved, [k for k in range(3) if c >> k & 1])
            assert losses[c] == pytest.approx(alone, rel=1e-9, abs=1e-12 * exports)
        found = shapley_of(network, resolved, by_item=False)
        for part in (*found.totals, *found.sectors):
            summed = sum(p.usd for p in part.portions)
            assert summed == pytest.approx(part.loss_usd, rel=1e-9, abs=1e-12 * exports)

    hold(law, examples, worlds(), restrictions(), restrictions(), restrictions(), st.integers(1, 6))


# The shipped pack ---------------------------------------------------------------------------------


def shipped(*items: str) -> Shapley:
    april = sc.load_scenario("china-april-2025")
    some = replace(april.restrictions[0], items=items or april.restrictions[0].items)
    return sc.shapley(sc.load(), replace(april, restrictions=(some,)), focus=["KOR", "JPN"])


def test_minerals_of_one_magnet_are_substitutes_and_are_told_so():
    found = shipped("terbium", "dysprosium", "scandium")
    for part in (*found.totals, *found.sectors):
        assert sum(p.usd for p in part.portions) == pytest.approx(part.loss_usd, rel=1e-9)
    assert found.of("KOR").portions[2].usd == 0.0  # scandium
    (both,) = found.of("KOR").overlaps
    assert {both.one, both.other} == {"CHN dysprosium", "CHN terbium"}
    assert both.usd < 0
    told = found.as_dict()
    assert told["exact"]
    assert told["coalitions"] == 8
    assert told["totals"][0]["contributions"][0]["cause"] == "CHN terbium"
    assert set(found.table()) >= {"country", "sector", "cause", "usd", "alone_usd", "last_usd"}


@pytest.mark.slow
def test_seven_rare_earths_share_the_loss_of_april_2025():
    found = shipped()
    assert found.coalitions == 128
    for part in (*found.totals, *found.sectors):
        assert sum(p.usd for p in part.portions) == pytest.approx(part.loss_usd, rel=1e-9)
