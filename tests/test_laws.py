"""What must hold in every world and under every restriction, tried on random ones.

Worlds are small: two to four countries, ore -> oxide -> magnet and cell -> parts and cars, with every
kind of input, stock, lag and loop that the engine knows. The default run tries a few dozen worlds per
law; ``-m slow`` tries two thousand.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from worlds import Run, World, network_of, run, world

from supplychain.compiled import compile_arrays
from supplychain.draws import Input, Sample
from supplychain.errors import DataError
from supplychain.model.adaptive import adaptive
from supplychain.model.arrays import Arrays
from supplychain.model.cascade import Outcome
from supplychain.model.ceilings import backlog_months, stop_month
from supplychain.model.frozen import frozen
from supplychain.model.planner import plan
from supplychain.model.static import static
from supplychain.network.values import Network
from supplychain.scenario import Range, Restriction, Scenario, StockRelease

Array = npt.NDArray[np.float64]

FEW, MANY = 40, 2000
LAW = pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
COUNTRIES = ("CHN", "KOR", "JPN", "USA")
PRODUCTS = ("ore", "oxide", "extra", "magnet", "cell")
ROUNDING = 1e-9
SOLVER = 1e-6


def hold(law: Callable[..., None], examples: int, *strategies: st.SearchStrategy[object]) -> None:
    """Try a law on so many examples: always the same few, or many new ones."""
    chosen = settings(
        max_examples=examples, deadline=None, derandomize=examples == FEW, database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.generate),
    )
    chosen(given(*strategies)(law))()


# Random worlds ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Traits:
    """What a random world may hold."""

    elastic: bool = True
    hosts: bool = True
    loops: bool = True
    lags: bool = True
    parts: bool = True
    ranges: bool = False


@st.composite
def worlds(draw: st.DrawFn, traits: Traits = Traits()) -> World:
    """A random small world."""
    places = COUNTRIES[: draw(st.integers(2, 4))]
    some = st.sets(st.sampled_from(places), min_size=1).map(sorted)
    size = st.sampled_from((6, 12, 30, 60, 120))
    how = st.sampled_from(
        ("critical", "critical", "important", "non_critical") + ("0.05@0.05", "0.3@0.2") * traits.elastic
    )
    grade = " evidence=D"
    makers = {p: draw(some) for p in PRODUCTS if p != "extra" or traits.hosts}
    outputs = {p: [f"{c} {p} {draw(size)}{_spare(draw)}{grade}" for c in cs] for p, cs in makers.items()}
    sectors = [f"{c} cars {draw(size)}" for c in {"KOR", *draw(some)}]
    segments = [f"* cars ev {draw(st.sampled_from((0.3, 0.5)))}", "* cars fuel 0.4"]
    cell_input = "extra" if traits.hosts else "oxide"
    recipes = [
        f"oxide ore 1 {draw(how)}", f"magnet oxide 0.5 {draw(how)}", f"cell {cell_input} 0.5 {draw(how)}",
        f"cars/ev magnet 0.5 {draw(how)}", f"cars/ev cell 1 {draw(how)}", f"cars/fuel magnet 0.1 {draw(how)}",
    ]
    if traits.hosts:
        recipes.append(f"extra oxide {draw(st.sampled_from((0.1, 1, 5)))} relation=host")
    if traits.parts and draw(st.booleans()):
        sectors += [f"{c} parts {draw(size) + 600}" for c in draw(some)]
        segments.append("* parts all 1")
        recipes += [f"parts/all magnet 0.2 {draw(how)}", f"cars/ev parts/all 0.2 {draw(how)}"]
    if traits.loops and draw(st.booleans()):
        recipes.append(f"oxide magnet 0.2 {draw(how)}")
    return world(
        constants=_constants(draw, places, traits),
        products=["ore mine mineral=element", "oxide refine mineral=element", "extra refine",
                  "magnet component semi_of=element", "cell component", "parts industry", "cars industry"],
        producers=outputs.pop("ore"),
        processors=[line for lines in outputs.values() for line in lines],
        industries=sorted(sectors), segments=segments, recipes=_ranged(draw, recipes, traits),
        trade=_trade_rows(draw, places, makers, traits), stocks=_stocks(draw, traits),
        substitutes=[f"magnet * 0.3 {draw(st.sampled_from((0, 0.2, 1)))} {draw(st.integers(0, 3))}"],
        other_uses=[f"{draw(st.sampled_from(places))} {p} 0.5" for p in makers],
    )


def _spare(draw: st.DrawFn) -> str:
    return draw(st.sampled_from(("", "", " capacity=200")))


def _constants(
    draw: st.DrawFn, places: Sequence[str], traits: Traits
) -> dict[str, float | tuple[float, float, float]]:
    found: dict[str, float | tuple[float, float, float]] = {
        "cover_bins": draw(st.integers(1, 3)),
        "home_bias": draw(st.sampled_from((1, 4))),
        "capacity_spare": draw(st.sampled_from((1, 1.1, 1.5))),
        "access_ceiling": draw(st.sampled_from((1, 1.2, 2))),
        "new_supplier_share": draw(st.sampled_from((0, 0.2, 1))),
        "qualification_lag_months": draw(st.integers(0, 3)),
        "catch_up_capacity": draw(st.sampled_from((1, 1.14, 1.25))),
        "queue_cap_months": draw(st.sampled_from((0, 0.5, 2, 100))),
        "spot_rounds": draw(st.integers(1, 4)),
        "leakage": draw(st.sampled_from((0, 0.3))),
        "leakage_lag_months": draw(st.integers(0, 2)),
        "leakage_enforcement_month": draw(st.integers(2, 6)),
        "leakage_enforced": 0.05,
        "licence_dead_time_months": draw(st.sampled_from((0, 1, 2.5))),
        "licence_ramp_months": draw(st.sampled_from((0, 1, 3))),
    }
    if traits.lags:
        pairs = st.tuples(st.sampled_from(places), st.sampled_from(places))
        found |= {f"transit_lag_months {a}>{b}": draw(st.integers(0, 2)) for a, b in draw(st.sets(pairs, max_size=3))}
    if traits.ranges:
        found |= {"catch_up_capacity": (1.14, 1.0, 1.25), "leakage": (0.3, 0.0, 0.6),
                  "licence_dead_time_months": (2, 1, 3), "licence_ramp_months": (2, 1, 4)}
    return found


def _ranged(draw: st.DrawFn, recipes: Sequence[str], traits: Traits) -> list[str]:
    """Recipes whose classes and elasticities are not known exactly."""
    if not traits.ranges:
        return list(recipes)
    return [
        line + (" elasticity_low=0 elasticity_high=0.5" if "@" in line
                else " essentiality_low=non_critical essentiality_high=critical" if "relation" not in line
                else "")
        for line in recipes
    ]


def _trade_rows(
    draw: st.DrawFn, places: Sequence[str], makers: Mapping[str, Sequence[str]], traits: Traits
) -> list[str]:
    rows = []
    for product, importer in itertools.product(makers, places):
        if draw(st.booleans()):
            share = draw(st.sampled_from((0.2, 0.5, 0.8)))
            exporter = draw(st.sampled_from(makers[product]))
            base = draw(st.sampled_from(("use", "imports"))) if exporter != importer else "use"
            width = f" low={share * 0.8} high={min(share * 1.2, 1)}" if traits.ranges else ""
            rows.append(f"{exporter} {importer} {product} {share} base={base} evidence=D{width}")
    return rows


def _stocks(draw: st.DrawFn, traits: Traits) -> list[str]:
    days = draw(st.sampled_from((0, 10, 40, 90)))
    rows = [f"* * * {days} low={days / 2} high={days * 2}"]
    if traits.ranges:
        rows = [rows[0] + f" median_low={days / 2} median_high={days * 2}"]
    if draw(st.booleans()):
        lag = draw(st.integers(0, 2))
        rows.append(f"KOR - magnet 60 holder=public release_days=10 release_lag_months={lag}")
    return rows


@st.composite
def restrictions(draw: st.DrawFn) -> Restriction:
    """A random restriction of any kind."""
    kind = draw(st.sampled_from(("ban", "quota", "licence", "path")))
    severity = draw(st.sampled_from((0.0, 0.3, 0.5, 0.8, 1.0)))
    steps = st.lists(st.sampled_from((0.0, 0.3, 0.7, 1.0, 1.5)), min_size=1, max_size=5)
    return Restriction(
        draw(st.sampled_from(COUNTRIES)),
        tuple(sorted(draw(st.sets(st.sampled_from(("ore", "oxide", "magnet", "cell")), min_size=1, max_size=3)))),
        kind,
        Range.of(severity),
        draw(st.integers(1, 10)),
        f"2025-{draw(st.integers(1, 4)):02}",
        draw(st.sampled_from((("*",), ("KOR",), ("KOR", "JPN")))),
        draw(st.sampled_from(((), ("JPN",)))),
        path=tuple(draw(steps)) if kind == "path" else (),
    )


@st.composite
def scenarios(draw: st.DrawFn, most: int = 2) -> Scenario:
    """One or two random restrictions on a horizon of half a year to a year."""
    chosen = tuple(draw(st.lists(restrictions(), min_size=1, max_size=most)))
    release = (StockRelease("KOR", "oxide", 60.0, 20.0, 1),) if draw(st.booleans()) else ()
    return Scenario("law", "law", chosen, release, ("KOR",), "2025-01", draw(st.integers(6, 12)))


@pytest.fixture
def built(tmp_path: Path) -> Callable[[World], Network]:
    """Build the network of a world; restricted countries without a part in it are known all the same."""

    def build(given_world: World) -> Network:
        return network_of(_records(given_world), tmp_path)

    return build


def _records(given_world: World) -> dict[str, list[dict[str, str]]]:
    """The records of a world, every country of `COUNTRIES` among them."""
    tables = given_world.records()
    known = {row["iso3"] for row in tables["countries"]}
    tables["countries"] += [
        {"iso3": c, "name": "land of " + c, "region": "World"} for c in COUNTRIES if c not in known
    ]
    return tables


def industries(found: Run) -> list[str]:
    """Ids of the compiled industry nodes."""
    return [node for node in found.ids() if "/" in node]


# Nothing, and nothing amiss -----------------------------------------------------------------------


@LAW
def test_without_restriction_every_loss_is_exactly_zero(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        whole = built(given_world)
        harmless = tuple(replace(r, kind="ban", severity=Range.of(0.0), path=()) for r in scenario.restrictions)
        found = run(whole, replace(scenario, restrictions=harmless))
        for outcome in (found.frozen, found.adaptive):
            assert (outcome.output == 1.0).all()
            assert (outcome.shipped == 1.0).all()
            assert (outcome.queue == 0.0).all()
            assert (outcome.opened == 0.0).all()
            assert (outcome.released == 0.0).all()
        assert (static(found.compiled.arrays) == 1.0).all()

    hold(law, examples, worlds(), scenarios())


# The planner --------------------------------------------------------------------------------------


@LAW
def test_the_planner_never_loses_more_than_the_simulated_cases(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        found = run(built(given_world), scenario)
        for node in industries(found):
            least = found.loss("planner", node)
            assert least >= -SOLVER
            assert least <= found.loss("frozen", node) + SOLVER, (node, "frozen")
            assert least <= found.loss("adaptive", node) + SOLVER, (node, "adaptive")

    hold(law, examples, worlds(), scenarios())
