"""What a scenario touches in a pack: products, targets, months, and what the reader is told."""

from __future__ import annotations

import pytest
from worlds import LINK, network_of, restriction, several, world

from supplychain.coverage import resolve
from supplychain.errors import ScenarioError
from supplychain.network.build import build_network
from supplychain.network.values import Network
from supplychain.scenario import Range, StockRelease, restrict
from supplychain.tables import load_tables

CHAIN = world(
    products=[
        "dy_ore mine mineral=dysprosium",
        "dy_oxide refine mineral=dysprosium",
        "tb_oxide refine mineral=terbium",
        "alloy component semi_of=dysprosium|terbium",
        "magnet_hre component group=magnet",
        "magnet_std component group=magnet",
        "coil component mass_t_per_unit=",
        "motor component mass_t_per_unit=2",
        "pump component mass_t_per_unit=2",
        "drive component mass_t_per_unit=4",
        "cars industry",
    ],
    producers=["CHN dy_ore 10"],
    processors=[
        "CHN dy_oxide 10",
        "CHN tb_oxide 10",
        "CHN alloy 100",
        "CHN magnet_hre 1000",
        "JPN magnet_std 1000",
        "CHN coil 1000",
        "CHN motor 5000",
        "CHN pump 1000",
        "CHN drive 1000",
    ],
    industries=["KOR cars 1000", "JPN cars 1000"],
    segments=["* cars all 1"],
    recipes=[
        "dy_oxide dy_ore 1",
        "alloy dy_oxide 0.1",
        "alloy tb_oxide 0.1",
        "magnet_hre alloy 0.1",
        "coil magnet_hre 0.1",
        "motor magnet_hre 0.1",
        "pump magnet_hre 0.2",
        "drive motor 1",
        "cars/all drive 0.1",
    ],
    controls=[
        "april CHN dysprosium|terbium dy_oxide|alloy 2025-04-04 title=Notice~18",
        "october CHN dysprosium magnet_hre|alloy 2025-10-09 suspended_from=2025-11-10",
        "aimed CHN terbium magnet_hre 2023-01-01 targets=JPN|ROW title=Entity~list end=2024-06-15",
        "taiwan JPN dysprosium magnet_std 2024-01-01",
        "duty CHN dysprosium motor 2020-01-01 kind=tax",  # says nothing, in no month
    ],
)
"""Dysprosium in one unit: alloy 0.1, magnet 0.01, motor and coil 0.001, pump 0.002, drive 0.001."""


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> Network:
    return CHAIN.network(tmp_path_factory.mktemp("chain"))


def covered(network, item="dysprosium", actor="CHN", **options):
    """What one restriction of one item was taken to cover."""
    (found,) = resolve(restrict(actor, item, **options), network).measures[0].covered
    return found


# Listed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "date", "products", "why"),
    [
        ("dysprosium", "2025-03", "dy_oxide alloy", "no measure of CHN on it is in force at 2025"),
        ("dysprosium", "2025-04", "dy_oxide alloy", "as listed by Notice 18 (2025-04-04)"),
        # Two measures in force at once name their products together, none of them twice.
        (
            "dysprosium",
            "2025-10",
            "dy_oxide alloy magnet_hre",
            "as listed by Notice 18 (2025-04-04); october (2025-10-09)",
        ),
        # A suspension without an end never ends.
        ("dysprosium", "2025-11", "dy_oxide alloy", "as listed by Notice 18 (2025-04-04)"),
        ("dysprosium", "2035-11", "dy_oxide alloy", "as listed by Notice 18 (2025-04-04)"),
        # October says nothing of terbium, whose products are those of its own row.
        ("terbium", "2025-10", "dy_oxide alloy", "as listed by Notice 18 (2025-04-04)"),
        ("terbium", "2024-01", "tb_oxide alloy", "no measure of CHN on it is in force at 2024-01"),
    ],
)
def test_listed_products_are_those_of_the_measures_in_force_in_that_month(
    network, item, date, products, why
):
    found = covered(network, item, start=date)
    assert found.products == tuple(products.split())
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    ("to", "date", "products"),
    [
        (["JPN"], "2024-06", "magnet_hre"),  # aimed at Japan, until June
        (["JPN"], "2024-07", "tb_oxide alloy"),  # ended in June
        (["KOR"], "2024-06", "tb_oxide alloy"),  # aimed at others
        (["KOR", "JPN"], "2024-06", "magnet_hre"),
        (["*"], "2024-06", "tb_oxide alloy"),
        (["KOR"], "2025-05", "dy_oxide alloy"),  # aimed at everyone, so at Korea too
    ],
)
def test_a_measure_aimed_at_others_says_nothing(network, to, date, products):
    assert covered(network, "terbium", to=to, start=date).products == tuple(products.split())


def test_the_measures_of_another_actor_do_not_bind(network):
    assert covered(network, actor="JPN", start="2025-10").products == ("magnet_std",)
    assert covered(network, actor="KOR", start="2025-10").products == ("dy_oxide", "alloy")


def test_the_start_of_the_restriction_decides_before_that_of_the_horizon(network):
    late = several(restriction("CHN", "dysprosium", start="2025-10"))
    (measure,) = resolve(late, network).measures
    assert "magnet_hre" in measure.products
    assert measure.first_month == 9


# Forms, stages, groups, products ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "options", "products", "why"),
    [
        ("dysprosium", {"form": "refined"}, "dy_oxide", "the refined forms only"),
        # Of drive's 4 t only 0.001 t is dysprosium, of motor's 2 t 0.001: 0.00025 and 0.0005. The
        # pump holds 0.002 of 2 t, just enough; the mass of a coil is not known.
        (
            "dysprosium",
            {"form": "contained"},
            "dy_oxide alloy magnet_hre pump",
            "the refined forms and components that hold it",
        ),
        ("terbium", {"form": "contained"}, "tb_oxide alloy magnet_hre pump", "the refined forms"),
        ("dysprosium", {"stage": "mine"}, "dy_ore", "its forms of stage mine"),
        ("dysprosium", {"stage": "refine"}, "dy_oxide", "its forms of stage refine"),
        ("terbium", {"stage": "component"}, "alloy", "its forms of stage component"),
        ("magnet", {}, "magnet_hre magnet_std", "all grades of the group"),
        ("magnet", {"form": "refined"}, "magnet_hre magnet_std", "all grades of the group"),
        ("magnet_std", {"form": "contained"}, "magnet_std", "named itself"),
        ("the mineral terbium", {"stage": "refine"}, "tb_oxide", "its forms of stage refine"),
    ],
)
def test_the_form_the_stage_and_the_name_say_what_is_covered(network, item, options, products, why):
    found = covered(network, item, **options)
    assert set(found.products) == set(products.split())
    assert len(found.products) == len(products.split())
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    ("threshold", "holders"),
    [
        (0.1, "alloy"),
        (0.1000001, ""),
        (0.0005, "alloy magnet_hre motor pump"),
        (0.00025, "alloy magnet_hre motor pump drive"),
        (0, "alloy magnet_hre magnet_std motor pump drive"),
    ],
)
def test_a_component_holds_a_mineral_from_the_threshold_on(tmp_path, threshold, holders):
    network = CHAIN.but(constants={"content_threshold": threshold}).network(tmp_path)
    found = covered(network, form="contained").products
    assert set(found) == {"dy_oxide", *holders.split()}


def test_contained_products_stand_upstream_first(network):
    assert covered(network, form="contained").products == (
        "dy_oxide",
        "alloy",
        "magnet_hre",
        "pump",
    )


def test_a_stage_without_products_is_refused(network):
    with pytest.raises(
        ScenarioError, match=r"^stage: terbium has no product of stage mine in this"
    ):
        covered(network, "terbium", stage="mine")


def test_items_that_share_products_cover_them_once_and_each_says_its_own(network):
    (measure,) = resolve(
        restrict("CHN", ["dysprosium", "dysprosium", "terbium", "alloy"], form="contained"), network
    ).measures
    assert [c.item for c in measure.covered] == ["dysprosium", "terbium", "alloy"]
    assert measure.products == ("dy_oxide", "alloy", "magnet_hre", "pump", "tb_oxide")
    assert measure.restriction.items == ("dysprosium", "terbium", "alloy")


# Names, dates, notes ------------------------------------------------------------------------------


def test_names_become_ids_and_the_callers_scenario_stays_as_it_is(network):
    scenario = restrict(
        "land of CHN", "MAGNET-HRE", to=["land of KOR", "KOR", "*"], exclude=["Land of JPN"],
        focus=["land of KOR", "KOR", "JPN"], start="2025-01",
    ).plus(StockRelease("land of KOR", "magnet hre", 60))  # fmt: skip
    found = resolve(scenario, network)
    (r,) = found.scenario.restrictions
    assert (r.actor, r.items, r.to, r.exclude) == ("CHN", ("magnet_hre",), ("KOR", "*"), ("JPN",))
    assert found.focus == found.scenario.focus == ("KOR", "JPN")
    assert found.scenario.mitigations == (StockRelease("KOR", "magnet_hre", 60),)
    assert scenario.restrictions[0].items == ("MAGNET-HRE",)
    assert found.measures[0].restriction == r


@pytest.mark.parametrize(
    ("said", "pack", "start"),
    [("2025-06", "2026-01", "2025-06"), ("", "2026-01", "2026-01"), ("", "", "2025-01")],
)
def test_the_horizon_starts_when_it_is_said_or_where_the_pack_says(tmp_path, said, pack, start):
    folder = tmp_path / "packs"
    LINK.network(folder)
    (place,) = folder.iterdir()
    if pack:
        (place / "pack.toml").write_text(f'default_start = "{pack}"\n', encoding="utf-8")
    found = resolve(restrict("CHN", "magnet", start=said), build_network(load_tables(place)))
    assert (found.start, found.scenario.start) == (start, start)


@pytest.mark.parametrize(
    ("options", "notes"),
    [
        ({}, []),
        ({"actor": "JPN", "items": "magnet_std"}, []),
        (
            {"actor": "JPN", "items": "alloy"},
            ["JPN makes no alloy: it has no flow into the chain, so nothing is withheld"],
        ),
        ({"items": "magnet"}, []),  # it makes one of the two grades
        (  # all of it is used at home
            {"items": "alloy"},
            ["nobody who buys alloy from CHN is restricted, so nothing is withheld"],
        ),
        (
            {"to": ["JPN"], "exclude": ["JPN"]},
            ["nobody who buys drive from CHN is restricted, so nothing is withheld"],
        ),
        (
            {"actor": "USA", "items": "dysprosium"},
            [
                (
                    "USA is part of the rest of world in this pack and has no known output of "
                    "dy_oxide, alloy: it has no flow into the chain, so nothing is withheld"
                )
            ],
        ),
        (
            {"kind": "licence"},
            ["a licence of severity 0 still has its dead time and ramp: the loss is delay"],
        ),
        ({"kind": "licence", "severity": 0.1}, []),
        ({"kind": "ban", "severity": 0}, []),
    ],
)
def test_a_reader_is_told_when_nothing_or_only_delay_can_follow(tmp_path, options, notes):
    tables = CHAIN.records()
    tables["countries"].append({"iso3": "USA", "name": "America", "region": "America"})
    given = {"actor": "CHN", "items": "drive"} | options
    scenario = restrict(given.pop("actor"), given.pop("items"), start="2025-01", **given)
    said = resolve(scenario, network_of(tables, tmp_path)).notes
    told = ("nothing is withheld", "the loss is delay")
    assert [n for n in said if n.endswith(told)] == notes


@pytest.mark.parametrize(("actor", "said"), [("JPN", "makes no"), ("USA", "is part of the rest")])
def test_what_is_yet_to_be_built_makes_nothing(tmp_path, actor, said):
    planned = CHAIN.but(projects=["works USA alloy 10 2027-01", "plant JPN alloy 10 2027-01"])
    network = planned.network(tmp_path)
    assert {"JPN", "USA"} & set(network.countries) == {"JPN"}
    (note,) = resolve(restrict(actor, "alloy", kind="ban", start="2025-01"), network).notes
    assert note.startswith(f"{actor} {said}")


def test_the_same_note_is_made_once(network):
    licence = restriction("CHN", "magnet", kind="licence", severity=Range.of(0))
    once, twice = (resolve(several(*[licence] * n), network).notes for n in (1, 2))
    assert once == twice
    assert len(once) > 0


@pytest.mark.parametrize("product", ["dysprosium", "magnet"])
def test_a_release_of_what_is_no_product_is_refused_or_told(network, product):
    scenario = several(
        restriction("CHN", "dysprosium"), releases=[StockRelease("KOR", product, 60)]
    )
    try:
        found = resolve(scenario, network)
    except ScenarioError:
        return
    assert found.notes
