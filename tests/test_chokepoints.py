"""Removals and their ranking: numbers by hand, and the ranking against runs one by one."""

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest
from worlds import World as Lines
from worlds import world

import supplychain as sc
from supplychain import World
from supplychain.chokepoints import Ban, Candidate, Curve, rank_chokepoints, severity_curve
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.lanes import Lanes
from supplychain.chokepoints.ranking import Loss, interactions, losses, pairs, ranked, removals
from supplychain.chokepoints.single import one_by_one, resolved, runs
from supplychain.cli import main
from supplychain.compiled import compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.errors import UnknownNameError, UsageError
from supplychain.model import cascade, kernel
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.frozen import FROZEN
from supplychain.model.stoppage import stoppable, stopped
from supplychain.network.values import Network
from supplychain.render import Words

MUSD = 1e6
CARS = world(
    products=["magnet component", "chip component", "cars industry", "phones industry"],
    processors=["CHN magnet 90", "JPN magnet 30", "CHN chip 120"],
    industries=["KOR cars 120", "USA phones 120"],
    segments=["* cars all 1", "* phones all 1"],
    recipes=["cars/all magnet 1 critical", "phones/all chip 1 critical"],
    trade=["CHN KOR magnet 0.75", "JPN KOR magnet 0.25", "CHN USA chip 1"],
)
"""Korea needs 10 magnets a month for cars worth 10 million USD; three quarters are Chinese."""

EVERY = ("restriction", "node", "flow")


def by_id(field: Field, *kinds: str) -> dict[tuple[str, str], Loss]:
    """Losses of all removals of some kinds, by kind and id."""
    found = losses(field, removals(field, kinds))  # type: ignore[arg-type]
    return {(x.removal.kind, x.removal.id): x for x in found}


@pytest.fixture(scope="module")
def shipped() -> World:
    return sc.load()


@pytest.fixture(scope="module")
def korea(shipped: World) -> Field:
    return Field.of(shipped.network, ["KOR"])


@pytest.fixture(scope="module")
def played(korea: Field) -> tuple[Loss, ...]:
    """All restrictions on four products, and the plants that make them."""
    products = {"ndfeb_magnet_hre", "gallium_refined", "graphite_spherical", "tungsten_apt"}
    every = removals(korea, ("restriction", "node"))
    return losses(korea, [c for c in every if set(c.items) <= products])


# By hand ------------------------------------------------------------------------------------------


def test_what_each_removal_costs_is_the_share_that_it_supplied(tmp_path):
    field = Field.of(CARS.network(tmp_path), ["KOR"])
    found = {key: x.total / MUSD for key, x in by_id(field, *EVERY).items()}
    assert found == {
        ("restriction", "CHN:magnet"): pytest.approx(90),
        ("restriction", "JPN:magnet"): pytest.approx(30),
        ("restriction", "CHN:chip"): 0,
        ("node", "CHN:magnet"): pytest.approx(90),
        ("node", "JPN:magnet"): pytest.approx(30),
        ("node", "CHN:chip"): 0,
        ("flow", "CHN:magnet>KOR"): pytest.approx(90),
        ("flow", "JPN:magnet>KOR"): pytest.approx(30),
        ("flow", "CHN:chip>USA"): 0,
    }


def test_a_stock_of_two_months_is_lived_on_first(tmp_path):
    # Three quarters are missing: two months last 2 / 0.75 = 2.67 months; 9 - 2 of 12 are lost.
    lines = CARS.but(stocks=["KOR * * 60 low=60 high=60"])
    ranking = rank_chokepoints(World(lines.network(tmp_path)), ["KOR"], what=["restriction"])
    first = ranking.rows[0]
    assert first.removal.id == "CHN:magnet"
    assert first.loss_usd == pytest.approx(70 * MUSD)
    assert first.loss_share == pytest.approx(7 / 12)
    assert first.first_month == 3
    assert (first.worst.sector, first.worst.share) == ("cars", pytest.approx(7 / 12))


def test_a_band_is_that_of_the_ban_by_itself(tmp_path):
    sampled = {
        "band_draws": 40,
        "band_shares_per_draw": 5,
        "headline_d_threshold": 0.5,
        "band_low_quantile": 0.1,
        "band_high_quantile": 0.9,
        "days_per_month": 30,
    }
    spread = ["KOR * * 60 low=60 high=60 median_low=30 median_high=90"]
    lines = CARS.but(stocks=spread, constants=sampled)
    world = World(lines.network(tmp_path))
    ranking = rank_chokepoints(world, ["KOR"], what=["restriction"], top=1, band=True)
    worst = ranking.rows[0].worst
    low, high = worst.band
    assert low < worst.share < high
    alone = sc.simulate(
        world,
        sc.restrict("CHN", ["magnet"], kind="ban", focus=["KOR"]),
        effort=sc.Effort(planner=False),
    )
    assert alone.loss("KOR", worst.sector).band == (low, high)


def test_a_ban_leaves_home_supply_and_a_stopped_plant_does_not(tmp_path):
    lines = CARS.but(
        processors=["CHN magnet 210", "JPN magnet 30", "CHN chip 120"],
        industries=["KOR cars 120", "CHN cars 120", "USA phones 120"],
        trade=["CHN KOR magnet 0.75", "JPN KOR magnet 0.25", "CHN CHN magnet 1", "CHN USA chip 1"],
    )
    found = by_id(Field.of(lines.network(tmp_path), ["CHN"]), *EVERY)
    assert found["restriction", "CHN:magnet"].total == 0
    assert found["node", "CHN:magnet"].total == pytest.approx(120 * MUSD)


def test_without_its_host_a_by_product_stops_at_once(tmp_path):
    lines = world(
        products=["zinc refine", "germanium refine", "lens industry", "roof industry"],
        processors=["CHN zinc 1200", "CHN germanium 12"],
        industries=["KOR lens 12", "USA roof 1200"],
        segments=["* lens all 1", "* roof all 1"],
        recipes=[
            "germanium zinc 0.01 . relation=host",
            "lens/all germanium 1 critical",
            "roof/all zinc 1 critical",
        ],
        trade=["CHN KOR germanium 1", "CHN USA zinc 1"],
    )
    found = by_id(Field.of(lines.network(tmp_path), ["KOR"]), "restriction", "node")
    assert found["restriction", "CHN:zinc"].total == pytest.approx(12 * MUSD)
    assert found["node", "CHN:zinc"].total == pytest.approx(12 * MUSD)


PAIRED = CARS.but(
    products=["magnet component", "screen component", "cars industry"],
    processors=["CHN magnet 90", "JPN magnet 30", "VNM screen 120"],
    industries=["KOR cars 120"],
    segments=["* cars all 1"],
    recipes=["cars/all magnet 1 critical", "cars/all screen 1 critical"],
    trade=["CHN KOR magnet 0.75", "JPN KOR magnet 0.25", "VNM KOR screen 1"],
)


def test_two_bans_on_the_same_cars_overlap_and_two_halves_of_a_supply_add_up(tmp_path):
    # Without screens no car is made: magnets that are missing too cost nothing more.
    field = Field.of(PAIRED.network(tmp_path), ["KOR"])
    singles = losses(field, removals(field, ("restriction",)))
    joint = losses(field, pairs(field, singles))
    told = {
        c.id: (i.singles_usd / MUSD, i.usd / MUSD) for c, i in interactions(joint, singles).items()
    }
    assert told == {
        "VNM:screen + CHN:magnet": (pytest.approx(210), pytest.approx(-90)),
        "VNM:screen + JPN:magnet": (pytest.approx(150), pytest.approx(-30)),
        "CHN:magnet + JPN:magnet": (pytest.approx(120), pytest.approx(0, abs=1e-6)),
    }


def test_two_suppliers_that_stand_in_for_each_other_cost_more_together(tmp_path):
    # Each alone is replaced by the other, which could make twice as much.
    constants = {"access_ceiling": 3.0}
    lines = CARS.but(
        constants=constants,
        processors=["CHN magnet 60 capacity=120", "JPN magnet 60 capacity=120", "CHN chip 120"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5", "CHN USA chip 1"],
    )
    field = Field.of(lines.network(tmp_path), ["KOR"])
    singles = losses(field, removals(field, ("restriction",)))
    both = Candidate("pair", (Ban("CHN", "magnet"), Ban("JPN", "magnet")))
    joint = losses(field, [both])
    assert joint[0].total == pytest.approx(120 * MUSD)
    assert interactions(joint, singles)[both].usd > 100 * MUSD


def test_a_curve_without_stocks_is_a_straight_line(tmp_path):
    here = World(CARS.network(tmp_path))
    curve = severity_curve(here, "land of CHN:magnet", ["KOR"], [0.2, 0.6, 1.0])
    assert curve.id == "CHN:magnet"
    assert np.array(curve.adaptive_usd) / MUSD == pytest.approx([18, 54, 90])
    assert np.array(curve.frozen_usd) / MUSD == pytest.approx([18, 54, 90])
    assert curve.falls == ()
    assert list(curve.table()["severity"]) == [0.2, 0.6, 1.0]


def test_a_curve_tells_where_it_falls():
    curve = Curve("x", ("KOR",), (0.2, 0.4, 0.6), (9.0, 7.0, 8.0), (1.0, 2.0, 3.0))
    assert curve.falls == (0.4,)


# Laws ---------------------------------------------------------------------------------------------


def differences(a: object, b: object, path: str = "") -> Iterator[str]:
    """Where two values differ, figure by figure."""
    if is_dataclass(a):
        for f in fields(a):
            yield from differences(getattr(a, f.name), getattr(b, f.name), f"{path}.{f.name}")
    elif isinstance(a, tuple):
        if len(a) != len(b):  # type: ignore[arg-type]
            yield f"{path}: {len(a)} and {len(b)}"  # type: ignore[arg-type]
        for k, (one, two) in enumerate(zip(a, b, strict=False)):  # type: ignore[call-overload]
            yield from differences(one, two, f"{path}[{k}]")
    elif isinstance(a, np.ndarray):
        is_real = a.dtype.kind == "f"
        if a.dtype != b.dtype or not np.array_equal(a, b, equal_nan=is_real):  # type: ignore[attr-defined]
            yield path
    elif a != b:
        yield f"{path}: {a} and {b}"


def check_part(field: Field, product: str) -> None:
    """The part of a product is what a ban on it compiles to, but for the ceilings."""
    removal = next(c for c in removals(field, ("restriction",)) if c.items == (product,))
    direct = compile_arrays(field.network, resolved(field, removal), Central())
    part = Lanes.of(field, field.whole.part([product]), [removal]).arrays
    assert list(differences(part, direct.arrays)) == []


def test_the_part_of_a_product_is_what_its_ban_compiles_to_figure_by_figure(korea):
    products = sorted({c.items[0] for c in removals(korea, ("restriction",))})
    for product in np.random.default_rng(3).choice(products, 5, replace=False):
        check_part(korea, str(product))


@pytest.mark.slow
def test_the_part_of_every_product_is_what_its_ban_compiles_to(korea):
    for product in sorted({c.items[0] for c in removals(korea, ("restriction",))}):
        check_part(korea, product)


def test_the_bans_of_a_removal_are_those_that_a_scenario_resolves_to(shipped, korea):
    for ban in (
        Ban("CHN", "dysprosium"),
        Ban("COD", "cobalt_ore"),
        Ban("CHN", "gallium", ("KOR",)),
    ):
        scenario = sc.restrict(ban.actor, ban.item, kind="ban", severity=1.0, to=ban.to)
        assert korea.measure(ban) == resolve(scenario, shipped.network).measures[0]


def check_alone(network: Network, loss: Loss, focus: tuple[str, ...] = ("KOR",)) -> None:
    """A loss of the ranking is the one of a run of its own, bit for bit."""
    run = one_by_one(network, loss.removal, focus)
    assert tuple(run.loss(s, "adaptive") for s in run.sectors) == loss.shares, loss.removal.id


def test_the_first_rows_are_exactly_those_of_runs_one_by_one(shipped, played):
    for loss in ranked(played)[:8]:
        check_alone(shipped.network, loss)


@pytest.mark.slow
def test_the_ranking_is_exactly_that_of_runs_one_by_one(shipped, korea):
    found = ranked(losses(korea, removals(korea, ("restriction", "mineral", "node"))))
    sample = np.random.default_rng(7).choice(len(found), 120, replace=False)
    for loss in [*found[:20], *(found[k] for k in sample)]:
        check_alone(shipped.network, loss)
    links = removals(korea, ("flow",))
    into = [c for c in links if c.bans[0].to == ("KOR",)]
    some = losses(korea, into[:: len(into) // 40])
    together = losses(korea, pairs(korea, found, 5))
    for loss in [*some, *together]:
        check_alone(shipped.network, loss)


def test_a_shown_row_was_played_as_in_the_ranking(korea, played):
    first = ranked(played)[:4]
    again = dict(runs(korea, [x.removal for x in first]))
    for loss in first:
        run = again[loss.removal]
        assert tuple(run.loss(s, "adaptive") for s in run.sectors) == loss.shares


def test_array_arithmetic_and_compiled_code_rank_alike(korea, played):
    chosen = [x for x in played if x.removal.items == ("gallium_refined",)]
    part = korea.whole.part(["gallium_refined"])
    lanes = Lanes.of(korea, part, [x.removal for x in chosen])
    plain = lanes.losses(ADAPTIVE, quick=False)
    assert plain.T.tolist() == [list(x.shares) for x in chosen]
    if kernel.ready():
        assert (lanes.losses(FROZEN, quick=True) == lanes.losses(FROZEN, quick=False)).all()


def test_plants_that_could_be_stopped_and_are_not_change_nothing(korea):
    part = korea.whole.part(["gallium_refined"])
    lane = Lanes.of(korea, part, [Candidate("restriction", (Ban("CHN", "gallium_refined"),))])
    nodes = [korea.network.nodes[i] for i in part.nodes]
    makers = [k for k, n in enumerate(nodes) if n.id.endswith(":gallium_refined")]
    grown, added = stoppable(lane.arrays, np.array(makers))
    alone, beside = (cascade.run(a, ADAPTIVE) for a in (lane.arrays, grown))
    assert (alone.output == beside.output).all()
    assert (alone.shipped == beside.shipped).all()
    gone = stopped(grown, np.array(makers), added, np.zeros(len(makers), dtype=np.int64))
    assert not cascade.run(gone, ADAPTIVE).output[:, makers].any()


def test_what_cannot_reach_the_focus_costs_exactly_nothing(tmp_path):
    field = Field.of(CARS.network(tmp_path), ["KOR"])
    for loss in by_id(field, *EVERY).values():
        if loss.removal.items == ("chip",):
            assert loss.shares == (0.0,)
            assert all(share == 0 for share in loss.shares)


# Answers ------------------------------------------------------------------------------------------


def test_the_table_has_a_row_per_removal_and_json_says_the_same(tmp_path):
    ranking = sc.rank_chokepoints(
        World(CARS.network(tmp_path)), ["KOR"], what=["restriction"], top=2
    )
    table = ranking.table()
    assert list(table["id"]) == ["CHN:magnet", "JPN:magnet"]
    assert list(table["rank"]) == [1, 2]
    found = ranking.as_dict()
    assert found["simulated"] == {"restriction": 3}
    assert found["harmless"] == {"restriction": 1}
    assert [row["loss_usd"] for row in found["ranking"]] == list(table["loss_usd"])
    assert {"rank", "kind", "id", "loss_usd", "hhi"} <= set(found["ranking"][0])
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_pairs_alone_can_be_ranked(tmp_path):
    ranking = rank_chokepoints(World(PAIRED.network(tmp_path)), ["KOR"], what=["pair"], top=1)
    first = ranking.rows[0]
    assert (first.removal.kind, first.loss_usd) == ("pair", pytest.approx(120 * MUSD))
    assert first.interaction_usd == pytest.approx(first.loss_usd - first.singles_usd)
    assert ranking.simulated == {"pair": 3}


def test_gainers_sell_more_than_before(tmp_path):
    lines = CARS.but(
        constants={"access_ceiling": 2.0},
        products=[
            "magnet component price_usd_per_unit=1000 price_low=1000 price_high=1000",
            *CARS.tables["products"][1:],
        ],
        processors=["CHN magnet 90", "JPN magnet 30 capacity=60", "CHN chip 120"],
    )
    row = rank_chokepoints(World(lines.network(tmp_path)), ["KOR"], what=["restriction"]).rows[0]
    assert [(a.country, a.product) for a in row.gainers] == [("JPN", "magnet")]
    assert 0 < row.gainers[0].usd <= 30 * 1000
    assert row.loss_usd < 90 * MUSD


def test_what_cannot_be_asked_is_refused(tmp_path):
    here = World(CARS.network(tmp_path))
    with pytest.raises(UnknownNameError, match="planets"):
        rank_chokepoints(here, ["KOR"], what=["planets"])
    with pytest.raises(UnknownNameError):
        rank_chokepoints(here, ["Atlantis"])
    with pytest.raises(UnknownNameError, match="order"):
        rank_chokepoints(here, ["KOR"], by="weight")
    with pytest.raises(UsageError):
        rank_chokepoints(here, ["KOR"], top=0)
    with pytest.raises(UsageError, match="months: 0"):
        rank_chokepoints(here, ["KOR"], months=0)
    with pytest.raises(UsageError):
        rank_chokepoints(here, ["KOR"], what=[])
    with pytest.raises(UsageError):
        severity_curve(here, "magnet", ["KOR"])
    with pytest.raises(UsageError):
        severity_curve(here, "CHN:magnet", ["KOR"], [0.5, 0.5])
    with pytest.raises(UnknownNameError):
        severity_curve(here, "CHN:magnets_of_mars", ["KOR"])


def written(lines: Lines, folder: Path) -> Path:
    """The pack of a world as a folder."""
    lines.but(constants={"headline_d_threshold": 0.5}).network(folder)
    return next(folder.iterdir())


def test_the_command_prints_a_table_json_csv_and_files(tmp_path, capsys):
    words = ["chokepoints", "--data", str(written(CARS, tmp_path / "pack")), "--focus", "KOR"]
    assert main([*words, "--what", "all", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "CHN:magnet" in said
    assert (tmp_path / "out" / "chokepoints.csv").read_text(encoding="utf-8").startswith("rank,")
    assert main([*words, "--json", "--top", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["ranking"][0]["id"] == "CHN:magnet"
    assert main([*words, "--csv"]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("1,restriction,CHN:magnet")
    assert main([*words, "--curve", "CHN:magnet", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["curve"]) == 10
    assert main([*words, "--curve", "CHN:magnet"]) == 0
    assert "severity" in capsys.readouterr().out


def test_the_command_refuses_with_the_codes_of_all_commands(tmp_path, capsys):
    words = ["chokepoints", "--data", str(written(CARS, tmp_path / "pack"))]
    assert main([*words, "--focus", "Atlantis"]) == 4
    assert main([*words, "--focus", "KOR", "--what", "planets"]) == 4
    assert main([*words, "--json", "--csv"]) == 2
    assert main([*words, "--top", "0"]) == 2
    capsys.readouterr()


def test_an_index_ranks_what_others_withhold(tmp_path):
    ranking = rank_chokepoints(
        World(CARS.network(tmp_path)), ["KOR"], what=["restriction"], by="dominator"
    )
    values = [row.structure["dominator"] for row in ranking.rows]
    known = [v for v in values if v is not None]
    assert known == sorted(known, reverse=True)
    assert known[0] > 0
    own = [row for row in ranking.rows if row.removal.actors == ("KOR",)]
    assert all(row.structure["dominator"] is None for row in own)


@pytest.mark.slow
def test_the_page_shows_the_first_ten_as_they_are_ranked():
    place = Path(__file__).parent.parent / "docs" / "_chokepoints.py"
    spec = importlib.util.spec_from_file_location("_chokepoints", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    world, page = sc.load(), module.PAGE.read_text(encoding="utf-8")
    words = Words.of(world.network)
    assert module.written(page, module.rankings(world), words) == page, "run `make documents`"
