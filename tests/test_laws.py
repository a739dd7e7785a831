"""What must hold in every world and under every restriction, tried on random ones.

Worlds are small: two to four countries, ore -> oxide -> magnet and cell -> parts and cars, with
every kind of input, stock, lag and loop that the engine knows. The default run tries a few dozen
worlds per law; ``-m slow`` tries two thousand.
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
from worlds import CARS, LINK, Run, World, network_of, path, run, world

from supplychain.compiled import compile_arrays
from supplychain.draws import Input, Sample
from supplychain.model.adaptive import adaptive
from supplychain.model.arrays import Arrays
from supplychain.model.ceilings import backlog_months, stop_month
from supplychain.model.frozen import frozen
from supplychain.model.outcome import Outcome
from supplychain.model.planner import plan
from supplychain.model.static import static
from supplychain.network.values import Network
from supplychain.scenario import Range, Restriction, Scenario, StockRelease

Array = npt.NDArray[np.float64]

FEW, MANY = 25, 2000
LAW = pytest.mark.parametrize("examples", [FEW, pytest.param(MANY, marks=pytest.mark.slow)])
COUNTRIES = ("CHN", "KOR", "JPN", "USA")
PRODUCTS = ("ore", "oxide", "extra", "magnet", "cell")
ROUNDING = 1e-9
SOLVER = 1e-6


def hold(law: Callable[..., None], examples: int, *strategies: st.SearchStrategy[object]) -> None:
    """Try a law on so many examples: always the same few, or many new ones."""
    chosen = settings(
        max_examples=examples,
        deadline=None,
        derandomize=examples == FEW,
        database=None,
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
        ("critical", "critical", "important", "non_critical")
        + ("0.05@0.05", "0.3@0.2") * traits.elastic
    )
    grade = " evidence=D"
    makers = {p: draw(some) for p in PRODUCTS if p != "extra" or traits.hosts}
    outputs = {
        p: [f"{c} {p} {draw(size)}{_spare(draw)}{grade}" for c in cs] for p, cs in makers.items()
    }
    sectors = [f"{c} cars {draw(size)}" for c in {"KOR", *draw(some)}]
    segments = [f"* cars ev {draw(st.sampled_from((0.3, 0.5)))}", "* cars fuel 0.4"]
    cell_input = "extra" if traits.hosts else "oxide"
    recipes = [
        f"oxide ore 1 {draw(how)}",
        f"magnet oxide 0.5 {draw(how)}",
        f"cell {cell_input} 0.5 {draw(how)}",
        f"cars/ev magnet 0.5 {draw(how)}",
        f"cars/ev cell 1 {draw(how)}",
        f"cars/fuel magnet 0.1 {draw(how)}",
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
        products=[
            "ore mine mineral=element",
            "oxide refine mineral=element",
            "extra refine",
            "magnet component semi_of=element",
            "cell component",
            "parts industry",
            "cars industry",
        ],
        producers=outputs.pop("ore"),
        processors=[line for lines in outputs.values() for line in lines],
        industries=sorted(sectors),
        segments=segments,
        recipes=_ranged(draw, recipes, traits),
        trade=_trade_rows(draw, places, makers, traits),
        stocks=_stocks(draw, traits),
        substitutes=[
            f"magnet * 0.3 {draw(st.sampled_from((0, 0.2, 1)))} {draw(st.integers(0, 3))}"
        ],
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
        found |= {
            f"transit_lag_months {a}>{b}": draw(st.integers(0, 2))
            for a, b in draw(st.sets(pairs, max_size=3))
        }
    if traits.ranges:
        found |= {
            "catch_up_capacity": (1.14, 1.0, 1.25),
            "leakage": (0.3, 0.0, 0.6),
            "licence_dead_time_months": (2, 1, 3),
            "licence_ramp_months": (2, 1, 4),
        }
    return found


def _ranged(draw: st.DrawFn, recipes: Sequence[str], traits: Traits) -> list[str]:
    """Recipes whose classes and elasticities are not known exactly."""
    if not traits.ranges:
        return list(recipes)
    return [
        line
        + (
            " elasticity_low=0 elasticity_high=0.5"
            if "@" in line
            else " essentiality_low=non_critical essentiality_high=critical"
            if "relation" not in line
            else ""
        )
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
        tuple(
            sorted(
                draw(
                    st.sets(
                        st.sampled_from(("ore", "oxide", "magnet", "cell")), min_size=1, max_size=3
                    )
                )
            )
        ),
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
    """Build the network of a world; countries without a part in it are known all the same."""

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
        harmless = tuple(
            replace(r, kind="ban", severity=Range.of(0.0), path=()) for r in scenario.restrictions
        )
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


@LAW
def test_the_planner_of_a_country_total_is_a_lower_bound_too(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        found = run(built(given_world), scenario)
        nodes = [node for node in industries(found) if node.startswith("KOR:")]
        if not nodes:
            return
        arrays = found.compiled.arrays
        targets = np.array([found.at(node) for node in nodes], dtype=np.int64)
        value = arrays.nodes.base[targets]
        least = _loss(plan(arrays, targets, value).output, value)
        for outcome in (found.frozen, found.adaptive):
            assert least <= _loss(outcome.output[:, targets, 0], value) + SOLVER
        # Sector by sector nothing is given up for the others: the parts never lose more than the
        # whole.
        alone = (
            sum(found.loss("planner", n) * v for n, v in zip(nodes, value, strict=True))
            / value.sum()
        )
        assert alone <= least + SOLVER

    hold(law, examples, worlds(), scenarios())


def _loss(output: Array, value: Array) -> float:
    """Value-weighted loss of nodes (T, nodes, K) over the horizon."""
    return float(((1.0 - output.mean(axis=(0, 2))) * value).sum() / value.sum())


@LAW
def test_more_restriction_never_helps_under_the_planner(examples, built):
    def law(given_world: World, scenario: Scenario, grow: str) -> None:
        whole = built(given_world)
        mild, strict = run(whole, scenario), run(whole, harder(scenario, grow))
        for node in industries(mild)[:2]:
            assert mild.loss("planner", node) <= strict.loss("planner", node) + SOLVER

    hold(law, examples, worlds(), scenarios(), st.sampled_from(WAYS))


# Mass ---------------------------------------------------------------------------------------------


@LAW
def test_what_enters_a_slot_is_used_or_kept(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        found = run(built(given_world), scenario)
        cover = found.compiled.arrays.slots.cover
        for outcome in (found.frozen, found.adaptive):
            kept = outcome.stock[-1] - cover
            flowed = (outcome.arrivals - outcome.used).sum(axis=0)
            scale = 1.0 + outcome.arrivals.sum(axis=0) + cover
            assert (np.abs(kept - flowed) <= ROUNDING * scale).all()

    hold(law, examples, worlds(), scenarios())


@LAW
def test_what_a_supplier_makes_is_shipped_or_waits(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        found = run(built(given_world), scenario)
        arrays = found.compiled.arrays
        whole = np.flatnonzero(~arrays.nodes.final)
        for outcome in (found.frozen, found.adaptive):
            left = _left_over(arrays, outcome)[whole]
            assert (np.abs(left) <= ROUNDING * arrays.nodes.base[whole, None] * arrays.months).all()

    hold(law, examples, worlds(), scenarios())


def _left_over(arrays: Arrays, outcome: Outcome) -> Array:
    """Made, less shipped, less what waits at the end, of every node and lane, unit.

    As differences from the baseline: flows that no restriction can reach are not compiled.
    """
    flows, openings = arrays.flows, arrays.openings
    made = (outcome.output - 1.0).mean(axis=-1).sum(axis=0) * arrays.nodes.base[:, None]
    gone = np.zeros_like(made)
    leaves = ((outcome.shipped - 1.0).sum(axis=0) + outcome.queue[-1]).mean(axis=-1)
    np.add.at(gone, flows.supplier, leaves * flows.quantity[:, None])
    new = outcome.opened.mean(axis=-1).sum(axis=0)
    np.add.at(gone, openings.supplier, new * arrays.slots.need[openings.slot][:, None])
    return np.asarray(made - gone)


@LAW
def test_what_is_shipped_arrives(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        # Every slot of an active commodity: arrivals are what left a lag ago, and public stock.
        found = run(built(given_world), scenario)
        arrays = found.compiled.arrays
        for outcome in (found.frozen, found.adaptive):
            expected = _arrivals(arrays, outcome)
            supplied = np.unique(arrays.flows.slot)
            # A release inside a loop of recipes: see
            # test_8_a_public_stock_inside_a_loop_is_not_lost.
            lost = outcome.released.any(axis=(0, 2, 3)) & _looped(arrays)
            supplied = supplied[~lost[supplied]]
            assert np.allclose(outcome.arrivals[:, supplied], expected[:, supplied], atol=1e-9)

    hold(law, examples, worlds(), scenarios())


def _looped(arrays: Arrays) -> npt.NDArray[np.bool_]:
    """Slots whose suppliers come after their user in the order of a month."""
    found = np.zeros(arrays.slots.need.size, dtype=bool)
    found[arrays.flows.slot] = arrays.flows.supplier > arrays.slots.node[arrays.flows.slot]
    return found & ~arrays.nodes.final[arrays.slots.node]


def _arrivals(arrays: Arrays, outcome: Outcome) -> Array:
    """What should reach each slot: shipments and new flows after their lag, and releases."""
    found = outcome.released.copy()
    links = (
        (arrays.flows, outcome.shipped * arrays.flows.share[None, :, :, None]),
        (arrays.openings, outcome.opened),
    )
    for link, left in links:
        for j, (slot, lag) in enumerate(zip(link.slot, link.lag, strict=True)):
            found[lag:, slot] += left[: arrays.months - lag, j]
            if link is arrays.flows:
                found[:lag, slot] += arrays.flows.share[j][None, :, None]
    return found


# Feasibility --------------------------------------------------------------------------------------


@LAW
def test_nothing_is_negative_and_no_limit_is_passed(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        found = run(built(given_world), scenario)
        arrays = found.compiled.arrays
        most = np.where(
            arrays.nodes.final[:, None], arrays.limits.catch_up[None, :], arrays.nodes.capacity
        )
        for outcome, ceiling in (
            (found.frozen, found.ceilings()),
            (found.adaptive, found.ceilings(leaks=True)),
        ):
            limit = np.where(np.isfinite(ceiling), ceiling, arrays.limits.access[None, None, :])
            assert (outcome.shipped <= limit[..., None] + ROUNDING).all()
            assert (outcome.queue <= arrays.limits.queue_cap[None, None, :, None] + ROUNDING).all()
            assert (outcome.output.mean(axis=-1) <= most[None] + ROUNDING).all()
            for values in (
                outcome.output,
                outcome.shipped,
                outcome.queue,
                outcome.stock,
                outcome.used,
                outcome.opened,
                outcome.released,
            ):
                assert (values >= -ROUNDING).all()
            final = outcome.output[:, arrays.nodes.final].cumsum(axis=0)
            months = np.arange(1.0, arrays.months + 1)[:, None, None, None]
            assert (final <= months + ROUNDING).all()

    hold(law, examples, worlds(), scenarios())


# More restriction ---------------------------------------------------------------------------------

WAYS = ("severity", "duration", "scope", "actors", "start")


def harder(scenario: Scenario, way: str) -> Scenario:
    """The same scenario, its first restriction harder in one way."""
    first, *rest = scenario.restrictions
    changes: Mapping[str, Callable[[], Restriction]] = {
        "severity": lambda: replace(
            first,
            severity=Range.of(min(first.severity.value + 0.3, 1.0)),
            path=tuple(min(v, 1.0) * 0.6 for v in first.path),
        ),
        "duration": lambda: replace(first, months=first.months + 3),
        "scope": lambda: replace(first, items=tuple(sorted({*first.items, "magnet"}))),
        "start": lambda: replace(
            first, start="2025-01", months=first.months + int(first.start[-2:]) - 1
        ),
        "actors": lambda: replace(first, to=("*",), exclude=()),
    }
    # A path that may rise above 1, or a licence, gives back later what it withholds now: a longer
    # or earlier one is not harder month by month.
    if way == "severity":
        levelled = replace(first, path=tuple(min(v, 1.0) for v in first.path))
        return (
            replace(scenario, restrictions=(changes[way](), *rest))
            if levelled == first
            else scenario
        )
    if way in {"duration", "start"} and first.kind in {"licence", "path"}:
        return scenario
    return replace(scenario, restrictions=(changes[way](), *rest))


PLAIN = Traits(elastic=False, hosts=False)


@LAW
def test_more_restriction_never_helps_anybody_in_frozen(examples, built):
    def law(given_world: World, scenario: Scenario, grow: str) -> None:
        whole = built(given_world)  # its queues may reach their cap: see the next test
        mild, strict = run(whole, scenario), run(whole, harder(scenario, grow))
        for node in industries(mild):
            less = strict.monthly("frozen", node).cumsum()
            assert (less <= mild.monthly("frozen", node).cumsum() + ROUNDING).all(), node

    hold(law, examples, worlds(PLAIN), scenarios(), st.sampled_from(WAYS))


def test_a_full_queue_helps_nobody_else(tmp_path):
    # American magnet plants get half their oxide, so Korea and Japan get half of their magnets.
    # When Korea is banned and nothing may wait, the oxide of what is no longer made for Korea is
    # set aside: used by Japan's plants it would give 0.5, 0.75, 0.875 and break the law.
    shared = world(
        products=["oxide refine", "magnet component", "cars industry"],
        processors=["CHN oxide 120", "USA magnet 120"],
        industries=["KOR cars 60", "JPN cars 60"],
        segments=["* cars all 1"],
        recipes=["magnet oxide 1", "cars/all magnet 1"],
        trade=["CHN USA oxide 1", "USA KOR magnet 1", "USA JPN magnet 1"],
    )
    oxide = Restriction("CHN", ("oxide",), "ban", Range.of(0.5))
    magnet = Restriction("USA", ("magnet",), to=("KOR",))
    japan: dict[float, list[float]] = {}
    for cap in (0.0, 100.0):
        network = shared.but(constants={"queue_cap_months": cap}).network(tmp_path)
        scenario = Scenario("law", "law", (oxide, magnet), (), ("KOR",), "2025-01", 6)
        found = run(network, scenario)
        japan[cap] = found.monthly("frozen", "JPN:cars/all")[:3].tolist()
        assert found.loss("frozen", "KOR:cars/all") == pytest.approx(1)
    assert japan[0.0] == pytest.approx([0.5, 0.5, 0.5])
    assert japan[100.0] == pytest.approx([0.5, 0.5, 0.5])


# What must not matter -----------------------------------------------------------------------------


def _all_losses(found: Run, *, planner: bool = False) -> dict[str, tuple[float, ...]]:
    cases = ("frozen", "adaptive", *(("planner",) if planner else ()))
    return {n: tuple(found.loss(c, n) for c in cases) for n in industries(found)}


def _close(
    a: Mapping[str, tuple[float, ...]], b: Mapping[str, tuple[float, ...]], within: float
) -> None:
    assert a.keys() == b.keys()
    for node, losses in a.items():
        assert losses == pytest.approx(b[node], abs=within), node


@LAW
def test_the_order_of_rows_does_not_matter(examples, built, tmp_path):
    def law(given_world: World, scenario: Scenario, seed: int) -> None:
        tables = _records(given_world)
        shuffled = {
            name: random.Random(seed).sample(rows, len(rows))  # noqa: S311 - no secret
            for name, rows in tables.items()
        }
        a, b = (run(network_of(t, tmp_path), scenario) for t in (tables, shuffled))
        _close(_all_losses(a), _all_losses(b), 1e-7)

    hold(law, examples, worlds(), scenarios(), st.integers(0, 99))


@LAW
def test_the_names_of_countries_do_not_matter(examples, built, tmp_path):
    def law(given_world: World, scenario: Scenario, order: Sequence[str]) -> None:
        new = dict(zip(COUNTRIES, order, strict=True))
        tables = _records(given_world)
        renamed = {
            name: [
                {c: _renamed(v, new) if c in PLACES else v for c, v in row.items()} for row in rows
            ]
            for name, rows in tables.items()
        }
        other = replace(
            scenario,
            focus=tuple(_renamed(c, new) for c in scenario.focus),
            restrictions=tuple(
                replace(
                    r,
                    actor=_renamed(r.actor, new),
                    to=tuple(_renamed(c, new) for c in r.to),
                    exclude=tuple(_renamed(c, new) for c in r.exclude),
                )
                for r in scenario.restrictions
            ),
            mitigations=tuple(
                replace(m, country=_renamed(m.country, new)) for m in scenario.mitigations
            ),
        )
        a, b = (
            run(network_of(tables, tmp_path), scenario),
            run(network_of(renamed, tmp_path), other),
        )
        before = {_renamed(n[:3], new) + n[3:]: v for n, v in _all_losses(a).items()}
        _close(before, _all_losses(b), 1e-7)

    hold(law, examples, worlds(), scenarios(), st.permutations(("AUS", "BRA", "JPN", "VNM")))


PLACES = {"country", "exporter", "importer", "actor", "iso3", "scope"}


def _renamed(text: str, new: Mapping[str, str]) -> str:
    """A country, or a pair of them, under its new name."""
    return ">".join(new.get(part, part) for part in text.split(">"))


@LAW
def test_the_size_of_the_world_does_not_matter(examples, built, tmp_path):
    def law(given_world: World, scenario: Scenario, factor: float) -> None:
        tables = _records(given_world)
        sizes = {"output", "capacity", "low", "high", "output_usd", "exports_usd", "quantity"}
        scaled = {
            name: [
                {c: str(float(v) * factor) if c in sizes and v else v for c, v in row.items()}
                for row in rows
            ]
            if name in {"producers", "processors", "industries"}
            else rows
            for name, rows in tables.items()
        }
        a, b = (run(network_of(t, tmp_path), scenario) for t in (tables, scaled))
        _close(_all_losses(a), _all_losses(b), 1e-7)

    hold(law, examples, worlds(), scenarios(), st.sampled_from((1e-3, 0.5, 7.0, 1e4)))


@LAW
def test_dates_may_be_shifted_as_one(examples, built):
    def law(given_world: World, scenario: Scenario) -> None:
        # The leading months of nothing are the baseline; the rest is the same, month by month.
        whole = built(given_world)
        later = replace(
            scenario,
            horizon=scenario.horizon + 2,
            restrictions=tuple(
                replace(r, start=f"2025-{int(r.start[-2:]) + 2:02}") for r in scenario.restrictions
            ),
        )
        a, b = (
            run(whole, replace(scenario, mitigations=())),
            run(whole, replace(later, mitigations=())),
        )
        assert (b.frozen.output[:2] == 1.0).all()
        assert np.allclose(b.frozen.output[2:], a.frozen.output, atol=1e-9)

    hold(law, examples, worlds(), scenarios())


# Lanes --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OneLane:
    """One lane of several."""

    of: Sample
    lane: int
    lanes: int = 1

    def scores(self, figure: Input) -> Array:
        """Its score alone."""
        return self.of.scores(figure)[self.lane : self.lane + 1]


@LAW
def test_many_lanes_are_the_same_lanes_one_by_one(examples, built):
    def law(given_world: World, scenario: Scenario, seed: int) -> None:
        network = built(given_world)
        spread = tuple(
            replace(
                r,
                severity=Range(
                    r.severity.value, r.severity.value / 2, min(r.severity.value + 0.2, 1.0)
                ),
            )
            for r in scenario.restrictions
        )
        sample = Sample(3, seed)
        found = run(network, replace(scenario, restrictions=spread), sample)
        for lane in range(sample.lanes):
            one = compile_arrays(network, found.resolved, OneLane(sample, lane)).arrays
            for case, together in ((frozen, found.frozen), (adaptive, found.adaptive)):
                alone = case(one, trace=False)
                assert np.allclose(alone.output[:, :, 0], together.output[:, :, lane], atol=1e-9)

    hold(law, examples, worlds(Traits(ranges=True)), scenarios(), st.integers(0, 9))


# The curve of 2025 --------------------------------------------------------------------------------

CURVE_2025 = (0.55, 0.26, 0.67, 1.17, 1.29, 1.21, 1.15, 1.29, 1.25)
"""Chinese magnet exports, April to December 2025, over their monthly mean of 2024."""


def test_the_backlog_of_2025_peaks_in_the_third_month():
    # 0.45; + 0.74 = 1.19; + 0.33 = 1.52; - 0.17 = 1.35; - 0.29 = 1.06 ...
    backlog = backlog_months(CURVE_2025)
    assert backlog[:5].round(2).tolist() == [0.45, 1.19, 1.52, 1.35, 1.06]
    assert backlog.argmax() == 2


def test_a_plant_stops_when_its_cover_is_below_the_backlog_times_the_share():
    # 0.75 months of cover: 0.45 are gone after April, the other 0.30 after 0.30 / 0.74 of May.
    assert stop_month(0.75, CURVE_2025) == pytest.approx(1 + 0.30 / 0.74)
    assert stop_month(1.1, CURVE_2025) == pytest.approx(1 + 0.65 / 0.74)
    assert stop_month(1.53, CURVE_2025) is None
    assert stop_month(0.77, CURVE_2025, restricted_share=0.5) is None


def test_the_engine_replays_the_curve_of_2025(tmp_path):
    # Goods wait in China: what waits at the end of June is 1.52 months of supply.
    network = LINK.but(constants={"queue_cap_months": 12}).network(tmp_path)
    found = run(network, path(CURVE_2025))
    queue = found.frozen.queue[:, found.flow("CHN:magnet", CARS), 0, 0]
    assert queue[:3].tolist() == pytest.approx([0.45, 1.19, 1.52])
    short = run(LINK.but(stocks=["* * * 22.5"]).network(tmp_path), path(CURVE_2025))
    long = run(LINK.but(stocks=["* * * 46"]).network(tmp_path), path(CURVE_2025))
    assert short.monthly("frozen", CARS)[:2].tolist() == pytest.approx([1, 0.26 + 0.30])
    assert long.loss("frozen", CARS) == 0
