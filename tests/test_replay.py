"""The nine months of 2025: arithmetic on assumed covers, on the shipped pack. No validation."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import ndtri

import supplychain as sc
from supplychain.compiled import Compiled, compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.model.ceilings import backlog_months, stop_month
from supplychain.model.frozen import frozen
from supplychain.model.outcome import Outcome
from supplychain.validation.flows import Lane, Traffic, goods
from supplychain.validation.view import Play

DAYS = 30.4375
NODE = "KOR:auto_parts/hre_magnet"


@pytest.fixture(scope="module")
def curve() -> tuple[float, ...]:
    return sc.load_scenario("magnets-2025-replay").restrictions[0].path


@pytest.fixture(scope="module")
def played() -> tuple[Compiled, int, int, Callable[[np.ndarray], Outcome]]:
    """The shipped replay, the Korean parts makers in it, and a run with other covers for them."""
    network = sc.load().network
    resolved = resolve(sc.load_scenario("magnets-2025-replay"), network)
    compiled = compile_arrays(network, resolved, Central())
    node = compiled.nodes.index(network.index[NODE])
    slot = next(
        k
        for k, q in enumerate(compiled.slots)
        if compiled.arrays.slots.node[k] == node
        and network.slots[q].commodity[0] == "ndfeb_magnet_hre"
    )

    def run(cover_months: np.ndarray) -> Outcome:
        cover = compiled.arrays.slots.cover.copy()
        cover[slot, 0] = cover_months
        slots = dataclasses.replace(compiled.arrays.slots, cover=cover)
        return frozen(dataclasses.replace(compiled.arrays, slots=slots))

    return compiled, node, slot, run


def test_the_shipped_curve_is_the_pack_s_and_its_backlog_peaks_in_june(curve):
    assert curve == sc.load().network.parameters.series("licence_2025_path")
    # 0.45 + 0.74 + 0.33 months are missing by the end of June, the third month.
    backlog = backlog_months(curve)
    assert backlog.argmax() == 2
    assert backlog.max() == pytest.approx(1.52, abs=0.01)


def test_the_replay_gives_back_the_flow_that_it_is_driven_by(curve):
    # All magnets of the customs code are held: else a mean with what is free comes out of it.
    world = sc.load()
    view = Play.of(world.network, sc.load_scenario("magnets-2025-replay")).cases["adaptive"]
    magnets = goods(world.network, ["ndfeb_magnet", "smco_magnet"], [])
    assert len(magnets) == 3
    flow = Traffic(view, Lane(magnets, frozenset({"CHN"}), None))
    assert flow.ratios(0, 8)[:, 0].tolist() == pytest.approx(list(curve), abs=1e-9)


def test_a_wholly_chinese_supply_stops_in_mid_may_or_never(curve):
    # 0.45 of the 0.75 months are gone by 1 May; 0.30 at 0.74 a month last 0.41 of May: the 13th.
    assert stop_month(0.75, curve) == pytest.approx(1 + 0.30 / 0.74)
    assert stop_month(1.6, curve) is None
    assert stop_month(12, curve) is None


def test_few_korean_plants_stop_and_little_is_lost_with_covers_around_two_months(played):
    compiled, node, _, run = played
    bins = compiled.arrays.bins
    spread = np.exp(0.6 * ndtri((np.arange(bins) + 0.5) / bins))
    outcome = run(2 * spread)
    stopped = (outcome.output[:, node, 0] < 1 - 1e-9).any(axis=0)
    assert 0 < stopped.mean() <= 0.3
    assert 0 < (1 - outcome.output[:, node, 0]).mean() < 0.02
    # And one cover for all is a different answer: nobody stops.
    assert (run(np.full(bins, 2.0)).output[:, node, 0] == 1).all()


def test_the_threshold_is_the_backlog_times_the_chinese_share(played):
    compiled, node, slot, run = played
    flows = compiled.arrays.flows
    mine = (flows.slot == slot) & flows.covered
    threshold = 1.52 * flows.share[mine, 0].sum()
    bins = compiled.arrays.bins
    # Japan's plants, which sell Korea the rest, are not short in these months.
    assert (run(np.full(bins, threshold + 0.02)).output[:, node, 0] == 1).all()
    assert (run(np.full(bins, threshold - 0.02)).output[:, node, 0] < 1).any()
