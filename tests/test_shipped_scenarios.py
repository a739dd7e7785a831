"""Every shipped scenario on the shipped pack."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from supplychain.compiled import compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.model.frozen import frozen
from supplychain.scenario_file import load_scenario, scenario_ids
from supplychain.simulation import simulate
from supplychain.world import load

CONTRACT = json.loads((Path(__file__).parent / "result.schema.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def world():
    return load()


@pytest.mark.parametrize("name", scenario_ids())
def test_a_shipped_scenario_holds_some_flows_and_makes_nothing_from_nothing(world, name):
    resolved = resolve(load_scenario(name), world.network)
    arrays = compile_arrays(world.network, resolved, Central()).arrays
    assert arrays.flows.covered.any()
    ceiling = arrays.regimes.ceiling
    held = np.isfinite(ceiling).any(axis=(1, 2, 3))
    spells = [range(first, stop) for m in resolved.measures for first, stop in m.spells]
    months = {t for spell in spells for t in spell}
    assert set(np.flatnonzero(held)) == {t for t in months if t < resolved.months}
    output = frozen(arrays, trace=False).output
    assert output.min() >= 0
    assert (output.cumsum(axis=0) <= np.arange(1, resolved.months + 1)[:, None, None, None]).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_ids())
def test_a_shipped_scenario_keeps_the_contract(world, name):
    said = simulate(world, load_scenario(name)).as_dict()
    jsonschema.validate(said, CONTRACT)
    assert said["scenario"]["id"] == name
