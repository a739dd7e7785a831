"""Many lanes in compiled code: the numbers of the array engine, whatever the parts and threads."""

from __future__ import annotations

import sys
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_arrays import EVERYTHING, random_arrays
from worlds import CARS, LINK, run, stop

import supplychain
from supplychain import uncertainty
from supplychain.compiled import compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Part, Sample
from supplychain.errors import MissingExtraError
from supplychain.model import cascade, engine, kernel
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.behaviour import Behaviour
from supplychain.model.frozen import FROZEN
from supplychain.model.kernel_arrays import plan_of
from supplychain.run import Run

SINGLE = [Behaviour(**{f.name: True}) for f in fields(Behaviour)]
ALL_BUT = [ADAPTIVE.but(**{f.name: not getattr(ADAPTIVE, f.name)}) for f in fields(Behaviour)]
needs_numba = pytest.mark.skipif(not kernel.available(), reason="numba is not installed")


def everywhere(arrays):
    return np.arange(arrays.nodes.base.size)


def widened(arrays, lanes):
    """The lanes of a world over and over, with other covers in each."""
    many = arrays.take(np.arange(lanes) % arrays.lanes)
    cover = many.slots.cover * np.linspace(0.5, 1.5, lanes)[None, :, None]
    return replace(many, slots=replace(many.slots, cover=cover))


def same(arrays, behaviour, **how):
    """Both engines on all nodes; they may differ by the rounding of powers and long sums alone."""
    found = kernel.run_lanes(arrays, behaviour, everywhere(arrays), **how)
    expected = cascade.run(arrays, behaviour, trace=False)
    np.testing.assert_allclose(found.output, expected.output, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.delivered, expected.delivered, rtol=0, atol=1e-12)
    return found


def tried(law, examples, *strategies):
    settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )(given(*strategies)(law))()


@pytest.fixture(scope="module")
def pack():
    return supplychain.load().network


def sampled(network, mineral, lanes):
    resolved = resolve(supplychain.restrict("China", [mineral], kind="ban"), network)
    return compile_arrays(network, resolved, Sample(lanes, 1)).arrays


# By hand ------------------------------------------------------------------------------------------


@needs_numba
def test_a_plant_without_magnets_stops_when_its_stock_is_used_up(tmp_path):
    # 45 days of stock: one month and a half of twelve.
    network = LINK.but(stocks=["* * * 45"]).network(tmp_path)
    played = run(network, stop())
    arrays = played.compiled.arrays
    cars = np.array([played.at(CARS)])
    found = kernel.run_lanes(arrays, FROZEN, cars).output[:, 0, 0, 0]
    assert found.tolist() == [1.0, 0.5] + [0.0] * 10


@needs_numba
def test_without_restriction_every_output_is_exactly_its_baseline():
    for seed in range(40):
        arrays = random_arrays(seed, EVERYTHING.but(measures=False, projects=False))
        found = kernel.run_lanes(arrays, FROZEN, everywhere(arrays))
        assert (found.output == arrays.nodes.level[None, :, None, None]).all()


# The array engine ---------------------------------------------------------------------------------


@needs_numba
@pytest.mark.parametrize("elasticities", [False, True])
@pytest.mark.parametrize("examples", [40, pytest.param(2000, marks=pytest.mark.slow)])
def test_it_gives_the_numbers_of_the_array_engine(elasticities, examples):
    def law(seed, behaviour):
        same(random_arrays(seed, EVERYTHING.but(elasticities=elasticities)), behaviour)

    behaviours = st.sampled_from([FROZEN, ADAPTIVE, *SINGLE, *ALL_BUT])
    tried(law, examples, st.integers(0, 2**32), behaviours)


@needs_numba
def test_every_switch_alone_gives_the_numbers_of_the_array_engine():
    for behaviour in [*SINGLE, *ALL_BUT]:
        for seed in range(6):
            same(random_arrays([7, seed], EVERYTHING), behaviour)


@needs_numba
def test_sums_over_eight_plants_and_more_are_those_of_numpy():
    for bins in (8, 9, 17, 24):
        arrays = random_arrays(3, EVERYTHING)
        cover = np.random.default_rng(bins).random((*arrays.slots.weight.shape, bins))
        regimes = replace(
            arrays.regimes,
            ceiling=arrays.regimes.ceiling[..., :1],
            leaky=arrays.regimes.leaky[..., :1],
        )
        slots = replace(arrays.slots, cover=cover)
        same(replace(arrays, bins=bins, slots=slots, regimes=regimes), ADAPTIVE)


@needs_numba
@pytest.mark.parametrize(
    "mineral",
    ["dysprosium", pytest.param("cobalt", marks=pytest.mark.slow),
     pytest.param("gallium", marks=pytest.mark.slow),
     pytest.param("graphite", marks=pytest.mark.slow)],
)  # fmt: skip
def test_the_shipped_pack_gives_the_same_bits_in_both_engines(pack, mineral):
    arrays = sampled(pack, mineral, 3)
    for behaviour in (FROZEN, ADAPTIVE):
        found = same(arrays, behaviour)
        assert (found.output == cascade.run(arrays, behaviour, trace=False).output).all()


# Traces -------------------------------------------------------------------------------------------


def same_trace(arrays, behaviour):
    """Every figure of every month in both engines, up to rounding."""
    found, expected = kernel.run(arrays, behaviour), cascade.run(arrays, behaviour)
    for name in (f.name for f in fields(expected)):
        one, other = getattr(found, name), getattr(expected, name)
        if name == "allowed":
            # Said to be 1 where an engine skipped what is at its baseline; nobody asks it of the
            # slots of alternatives, which stop no plant.
            main = arrays.slots.main
            one, other = np.minimum(one[:, main], 1.0), np.minimum(other[:, main], 1.0)
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12, err_msg=name)
    return found, expected


@needs_numba
@pytest.mark.parametrize("elasticities", [False, True])
@pytest.mark.parametrize("examples", [40, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_trace_tells_what_that_of_the_array_engine_tells(elasticities, examples):
    def law(seed, behaviour):
        same_trace(random_arrays(seed, EVERYTHING.but(elasticities=elasticities)), behaviour)

    behaviours = st.sampled_from([FROZEN, ADAPTIVE, *SINGLE, *ALL_BUT])
    tried(law, examples, st.integers(0, 2**32), behaviours)


@needs_numba
@pytest.mark.parametrize(
    "mineral",
    ["dysprosium", "gallium", pytest.param("cobalt", marks=pytest.mark.slow),
     pytest.param("graphite", marks=pytest.mark.slow)],
)  # fmt: skip
def test_a_trace_of_the_shipped_pack_is_the_same_to_the_last_bit(pack, mineral):
    arrays = sampled(pack, mineral, 2)
    for behaviour in (FROZEN, ADAPTIVE):
        found, expected = same_trace(arrays, behaviour)
        for name in (f.name for f in fields(expected)):
            assert (getattr(found, name) == getattr(expected, name)).all(), name


@needs_numba
def test_a_slot_of_an_alternative_may_be_skipped_by_one_engine_alone():
    same_trace(random_arrays(59187, EVERYTHING.but(elasticities=False)), ADAPTIVE)


@needs_numba
def test_no_nodes_are_an_answer_too():
    arrays = random_arrays(1)
    played = kernel.run_lanes(arrays, ADAPTIVE, np.zeros(0, dtype=np.int64))
    assert played.output.shape == (arrays.months, 0, arrays.lanes, arrays.bins)


@needs_numba
def test_a_trace_by_hand(tmp_path):
    # A stock of one month and a half; magnets stop in the first month of twelve.
    network = LINK.but(stocks=["* * * 45"]).network(tmp_path)
    played = run(network, stop())
    arrays = played.compiled.arrays
    slot = int(np.flatnonzero(arrays.slots.node == played.at(CARS))[0])
    told = kernel.run(arrays, FROZEN)
    assert told.stock[:3, slot, 0, 0].tolist() == [0.5, 0.0, 0.0]
    assert told.used[:3, slot, 0, 0].tolist() == [1.0, 0.5, 0.0]
    assert told.arrivals[:3, slot, 0, 0].tolist() == [0.0, 0.0, 0.0]


# Which engine plays -------------------------------------------------------------------------------


@needs_numba
def test_a_run_is_the_same_with_and_without_compiled_code(pack, monkeypatch):
    resolved = resolve(supplychain.restrict("China", ["dysprosium"], kind="ban"), pack)
    found = []
    for quick in (True, False):
        monkeypatch.setattr(kernel, "ready", lambda quick=quick: quick)
        found.append(Run.of(pack, resolved).outcomes)
    for case, expected in found[1].items():
        for name in (f.name for f in fields(expected)):
            assert (getattr(found[0][case], name) == getattr(expected, name)).all(), (case, name)


def test_a_small_run_does_not_load_compiled_code(pack, monkeypatch):
    monkeypatch.setattr(kernel, "available", lambda: True)
    monkeypatch.setattr(kernel, "ready", lambda: pytest.fail("looked for compiled code"))
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    assert not engine.is_quick(sampled(pack, "gallium", 1))


def test_a_large_run_takes_compiled_code_where_it_is_at_hand(pack, monkeypatch):
    monkeypatch.setattr(kernel, "available", lambda: True)
    monkeypatch.delitem(sys.modules, "numba", raising=False)
    arrays = sampled(pack, "dysprosium", 1)
    for at_hand in (True, False):
        monkeypatch.setattr(kernel, "ready", lambda at_hand=at_hand: at_hand)
        assert engine.is_quick(arrays) == at_hand


# Parts and threads --------------------------------------------------------------------------------


@needs_numba
def test_neither_parts_nor_threads_change_a_bit():
    for seed in range(15):
        arrays = widened(random_arrays(seed, EVERYTHING.but(elasticities=seed % 2 == 0)), 9)
        nodes, plan = everywhere(arrays), plan_of(arrays)
        whole = kernel.run_lanes(arrays, ADAPTIVE, nodes, columns=1000)
        for columns, threads in ((1, 1), (4, 2), (13, 3), (1000, 2)):
            part = kernel.run_lanes(
                arrays, ADAPTIVE, nodes, columns=columns, threads=threads, plan=plan
            )
            assert (part.output == whole.output).all()
            assert (part.delivered == whole.delivered).all()


@needs_numba
def test_the_shipped_pack_is_the_same_in_parts(pack):
    arrays = sampled(pack, "dysprosium", 10)
    nodes = np.array([150, 3, 200])
    whole = kernel.run_lanes(arrays, ADAPTIVE, nodes, columns=70)
    part = kernel.run_lanes(arrays, ADAPTIVE, nodes, columns=21, threads=2)
    assert (whole.output == part.output).all()
    everything = kernel.run_lanes(arrays, ADAPTIVE, everywhere(arrays))
    assert (everything.output[:, nodes] == whole.output).all()


# Where it is used ---------------------------------------------------------------------------------


@needs_numba
def test_band_and_drivers_are_the_same_with_and_without_it(pack, monkeypatch):
    resolved = resolve(supplychain.restrict("China", ["gallium"], kind="ban"), pack)
    played = Run.of(pack, resolved)
    found = []
    for quick in (True, False):
        monkeypatch.setattr(kernel, "ready", lambda quick=quick: quick)
        found.append((uncertainty.bands(pack, played, 1, 24), uncertainty.drivers(pack, played)))
    (bands, drivers), (plain_bands, plain_drivers) = found
    assert bands
    assert bands.keys() == plain_bands.keys()
    for key, band in bands.items():
        assert band == pytest.approx(plain_bands[key], abs=1e-12)
        moved = {d.name: (d.loss_low, d.loss_high) for d in drivers[key]}
        plain = {d.name: (d.loss_low, d.loss_high) for d in plain_drivers[key]}
        assert moved.keys() == plain.keys()
        assert all(moved[name] == pytest.approx(plain[name], abs=1e-12) for name in moved)


def test_nobody_waits_for_a_compiler_for_a_few_lanes(pack, monkeypatch):
    monkeypatch.setattr(kernel, "ready", lambda: False)
    monkeypatch.setattr(kernel, "run_lanes", lambda *_, **__: pytest.fail("compiled"))
    resolved = resolve(supplychain.restrict("China", ["gallium"], kind="ban"), pack)
    played = Run.of(pack, resolved)
    assert uncertainty.bands(pack, played, 1, 8)


def test_without_numba_it_says_which_extra_is_missing(monkeypatch):
    monkeypatch.setattr(kernel, "available", lambda: False)
    arrays = random_arrays(1)
    assert not kernel.ready()
    with pytest.raises(MissingExtraError, match=r"supplychain\[fast\]"):
        kernel.run_lanes(arrays, ADAPTIVE, everywhere(arrays))


@needs_numba
def test_code_that_was_compiled_is_ready():
    kernel.run_lanes(random_arrays(1), ADAPTIVE, np.array([0]))
    assert kernel.ready()
    assert "numba" in sys.modules


# Draws in parts -----------------------------------------------------------------------------------


def test_arrays_of_some_draws_are_those_of_the_whole(pack):
    resolved = resolve(supplychain.restrict("China", ["gallium"], kind="ban"), pack)
    draws = Sample(20, 1)
    whole = compile_arrays(pack, resolved, draws).arrays
    chosen = np.array([3, 17, 4])
    some = compile_arrays(pack, resolved, Part(draws, chosen)).arrays
    expected = whole.take(chosen)
    assert np.array_equal(some.flows.share, expected.flows.share)
    assert np.array_equal(some.slots.cover, expected.slots.cover)
    assert np.array_equal(some.regimes.leaky, expected.regimes.leaky)
    assert np.array_equal(some.limits.access, expected.limits.access)


def test_a_patient_job_waits_for_the_compiler_and_others_do_not(monkeypatch):
    pytest.importorskip("numba")
    monkeypatch.setattr(kernel, "ready", lambda: False)
    arrays = random_arrays(1)
    assert not engine.is_quick(arrays)
    with engine.patient():
        assert engine.is_quick(arrays)
    assert not engine.is_quick(arrays)
