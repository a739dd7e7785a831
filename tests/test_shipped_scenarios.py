"""Every shipped scenario on the shipped pack: compiled in a quick run, played in the slow one."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from supplychain.compiled import compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.growth import grown
from supplychain.model.frozen import frozen
from supplychain.scenario_file import load_scenario, scenario_ids
from supplychain.simulation import Effort, simulate
from supplychain.world import load, shipped

CONTRACT = json.loads((Path(__file__).parent / "result.schema.json").read_text(encoding="utf-8"))
PAGE = Path(__file__).parent.parent / "docs" / "scenarios.md"
HEAVY = ("china-full-stop-all",)
"""Scenarios of every mineral at once: neither planner nor band, and not compiled in a quick run."""
IDS = [pytest.param(n, marks=pytest.mark.slow) if n in HEAVY else n for n in scenario_ids()]


@pytest.fixture(scope="module")
def world():
    return load()


def compiled(world, name):
    """A scenario resolved and compiled on the network on which it is played."""
    scenario = load_scenario(name)
    network = grown(world.network, scenario)
    resolved = resolve(scenario, network)
    return resolved, compile_arrays(network, resolved, Central()).arrays


@pytest.mark.parametrize("name", IDS)
def test_a_shipped_scenario_holds_some_flows_in_its_months_and_no_others(world, name):
    resolved, arrays = compiled(world, name)
    assert arrays.flows.covered.any()
    ceiling = arrays.regimes.ceiling
    held = np.isfinite(ceiling).any(axis=(1, 2, 3))
    spells = [range(first, stop) for m in resolved.measures for first, stop in m.spells]
    months = {t for spell in spells for t in spell}
    assert set(np.flatnonzero(held)) == {t for t in months if t < resolved.months}


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_ids())
def test_a_shipped_scenario_makes_nothing_from_nothing(world, name):
    resolved, arrays = compiled(world, name)
    output = frozen(arrays, trace=False).output
    assert output.min() >= 0
    assert (output.cumsum(axis=0) <= np.arange(1, resolved.months + 1)[:, None, None, None]).all()


@pytest.mark.parametrize("name", HEAVY)
def test_a_heavy_scenario_names_what_the_pack_knows_and_what_its_actor_makes(world, name):
    resolved = resolve(load_scenario(name), world.network)
    made = {(n.country, n.product) for n in world.network.nodes if not n.planned}
    for measure in resolved.measures:
        actor = measure.restriction.actor
        for covered in measure.covered:
            assert any((actor, p) in made for p in covered.products) or covered.item in _NOT_MADE


_NOT_MADE = {"niobium", "iridium"}
"""Minerals that China does not refine: in the list of all so that it stays the list of all."""


def test_all_minerals_are_all_of_them(world):
    (restriction,) = load_scenario("china-full-stop-all").restrictions
    assert set(restriction.items) == {r["mineral"] for r in world.tables.rows("minerals")}


@pytest.mark.parametrize("name", scenario_ids())
def test_a_shipped_scenario_says_what_it_shows_where_it_was_read_and_stands_on_the_page(name):
    text = (shipped("scenarios") / f"{name}.toml").read_text(encoding="utf-8")
    said = tomllib.loads(text)
    assert text.startswith("# ")
    assert said["description"].startswith("Shows ")
    assert len(said["source"]) > len("announcement")
    time = f"{said['horizon']['start']}, {said['horizon']['months']}"
    line = f"| `{name}` | {time} | {said['description']} |\n"
    assert line in PAGE.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_ids())
def test_a_shipped_scenario_keeps_the_contract(world, name):
    effort = Effort(planner=name not in HEAVY, band=name not in HEAVY)
    said = simulate(world, load_scenario(name), effort=effort).as_dict()
    jsonschema.validate(said, CONTRACT)
    assert said["scenario"]["id"] == name


_SAID = re.compile(r"([A-Z]{3}) (\w+) loses? most, for want of (\S+)\.$")
ALONE = [n for n in scenario_ids() if n.startswith("china-stops-")]


@pytest.mark.slow
@pytest.mark.parametrize("name", ALONE)
def test_a_stop_of_one_mineral_hits_hardest_what_its_file_says(world, name):
    text = (shipped("scenarios") / f"{name}.toml").read_text(encoding="utf-8")
    description = tomllib.loads(text)["description"]
    losses = simulate(world, load_scenario(name), effort=Effort(planner=False, band=False)).losses
    worst = max(losses, key=lambda x: x.usd("adaptive"))
    if worst.usd("adaptive") == 0:
        assert description.startswith("Shows that nobody loses: ")
    else:
        said = _SAID.search(description)
        assert said is not None
        assert said.groups() == (worst.country, worst.sector, worst.binding)
