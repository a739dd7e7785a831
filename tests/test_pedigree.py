"""What a result rests on: reliance, sources, assumptions, and what is not counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import LINK, network_of, restriction, run, several, stop, world

from supplychain import pedigree
from supplychain.coverage import resolve
from supplychain.draws import Input
from supplychain.network.build import build_network
from supplychain.scenario import Range, StockRelease, restrict
from supplychain.schema import Row
from supplychain.sectors import sectors
from supplychain.tables import load_tables


def near(value):
    return pytest.approx(value, abs=1e-9)


# Reliance -----------------------------------------------------------------------------------------

TRADE = world(
    products=["magnet component", "cell component", "cars industry"],
    processors=["CHN magnet 60", "JPN magnet 30", "KOR magnet 30", "CHN cell 180"],
    industries=["KOR cars 80", "USA cars 40"],
    segments=["* cars all 1"],
    recipes=["cars/all magnet 1", "cars/all cell 1.5"],
    trade=[
        "CHN KOR magnet 0.5 evidence=B",
        "JPN KOR magnet 0.125",
        "KOR KOR magnet 0.375",
        "CHN USA magnet 0.5 evidence=C",
        "JPN USA magnet 0.5",
    ],
)


def reliances(tmp_path, scenario):
    network = TRADE.network(tmp_path)
    return pedigree.reliance(network, resolve(scenario, network))


def test_reliance_is_the_actors_part_of_use_and_of_imports(tmp_path):
    # Korea uses 80: 40 from China, 10 from Japan, 30 its own; 40 of 50 that it imports. America
    # imports all of its 40, half of it from China.
    found = reliances(tmp_path, replace(stop(), focus=("KOR", "USA")))
    assert [(r.country, r.product, r.actor, r.evidence) for r in found] == [
        ("KOR", "magnet", "CHN", "B"),
        ("USA", "magnet", "CHN", "C"),
    ]
    assert [(r.of_use, r.of_imports) for r in found] == [near((0.5, 0.8)), near((0.5, 0.5))]


def test_what_no_row_states_is_called_prior(tmp_path):
    (found,) = reliances(tmp_path, stop(item="cell"))
    assert (found.of_use, found.of_imports, found.evidence) == (near(1), near(1), "prior")


def test_each_actor_and_product_is_told_once_and_what_is_not_used_never(tmp_path):
    scenario = several(
        restriction("CHN", "magnet", "cell"),
        restriction("CHN", "magnet", severity=Range.of(0.5)),
        restriction("JPN", "magnet", "cell"),
    )
    found = reliances(tmp_path, scenario)
    assert [(r.actor, r.product) for r in found] == [
        ("CHN", "magnet"),
        ("CHN", "cell"),
        ("JPN", "magnet"),
    ]
    assert found[-1].of_imports == near(0.2)


# Why nothing is lost ------------------------------------------------------------------------------


def unharmed(tmp_path, item, country="KOR", **tables):
    network = TRADE.but(**tables).network(tmp_path)
    scenario = replace(stop(item=item), focus=(country,))
    return pedigree.why_nothing(network, resolve(scenario, network), [country])


def test_a_country_that_needs_nothing_of_it_is_told_so(tmp_path):
    more = {
        "products": [*TRADE.tables["products"], "tile component", "houses industry"],
        "processors": [*TRADE.tables["processors"], "CHN tile 60"],
        "industries": [*TRADE.tables["industries"], "USA houses 50"],
        "segments": [*TRADE.tables["segments"], "* houses all 1"],
        "recipes": [*TRADE.tables["recipes"], "houses/all tile 1"],
    }
    (said,) = unharmed(tmp_path, "tile", **more)
    assert (
        said == "KOR loses no exports: no sector of it in this pack needs tile, or anything "
        "made of it"
    )
    (said,) = unharmed(tmp_path, "tile", country="USA", **more)
    assert "what its sectors need of it (tile) still arrives" in said


def test_a_host_with_room_is_told_as_such(tmp_path):
    more = {
        "products": ["ore mine", *TRADE.tables["products"]],
        "producers": ["CHN ore 1000"],
        "recipes": [*TRADE.tables["recipes"], "cell ore 1 relation=host"],
    }
    (said,) = unharmed(tmp_path, "ore", **more)
    assert "only bounded by ore as a by-product, with room left" in said


# Sources ------------------------------------------------------------------------------------------


def cited():
    """A world in which every table cites a source of its own, and each lamp maker's rows others."""
    tables = LINK.but(
        products=["magnet component", "glass component", "cars industry", "lamps industry"],
        processors=["CHN magnet 120", "CHN glass 120"],
        industries=["KOR cars 80", "JPN cars 40", "KOR lamps 120"],
        segments=["* cars all 1", "* lamps all 1"],
        recipes=["cars/all magnet 1 critical", "lamps/all glass 1 critical"],
        trade=["CHN KOR magnet 1", "CHN JPN magnet 1", "CHN KOR glass 1"],
        stocks=[
            "KOR * magnet 60",
            "JPN * magnet 60",
            "* lamps glass 60",
            "JPN - magnet 30 holder=public release_days=10 release_lag_months=0",
        ],
        substitutes=["magnet cars 0.1 0.5 6", "magnet lamps 0.1 0.5 6", "glass * 0.1 0.5 6"],
    ).records()
    ids = ["test"]
    cited_apart = "processors industries segments recipes trade stocks substitutes"
    for name in cited_apart.split():
        for number, row in enumerate(tables[name], 1):
            row["source_id"] = f"{name}_{number}"
            ids.append(row["source_id"])
    tables["recipes"][0]["source_id"] = "recipes_1|shared"
    plain = tables["sources"][0]
    tables["sources"] = [plain | {"source_id": i} for i in [*ids[::-1], "shared"]]
    return tables


@pytest.mark.parametrize(
    ("item", "focus", "wanted"),
    [
        (
            "magnet",
            "KOR",
            (
                "industries_1 industries_2 processors_1 recipes_1 segments_1 shared stocks_1 "
                "substitutes_1 test trade_1"
            ),
        ),
        (
            "magnet",
            "JPN",
            (
                "industries_1 industries_2 processors_1 recipes_1 segments_1 shared stocks_2 "
                "stocks_4 substitutes_1 test trade_2"
            ),
        ),
        (
            "glass",
            "KOR",
            "industries_3 processors_2 recipes_2 segments_2 stocks_3 substitutes_3 test trade_3",
        ),
    ],
)
def test_sources_are_those_of_the_rows_in_reach_sorted_and_once(tmp_path, item, focus, wanted):
    network = network_of(cited(), tmp_path)
    scenario = restrict("CHN", item, kind="ban", focus=[focus])
    found = run(network, scenario)
    chosen = sectors(network, found.compiled, [focus])
    named = pedigree.sources(network, found.compiled, chosen, [focus])
    assert [s["source_id"] for s in named] == wanted.split()
    assert named[0] == {
        "source_id": wanted.split()[0],
        "title": "An invented world",
        "publisher": "Nobody",
        "year": "2024",
        "url": "",
        "licence": "CC0",
    }


# Assumptions, warnings, what is not counted -------------------------------------------------------


def assumed(tiny, scenario, folder):
    network = tiny.network(folder)
    found = run(network, scenario)
    return "\n".join(pedigree.assumptions(network, found.resolved, found.compiled))


def test_assumptions_give_each_constant_with_its_range_and_grade(tmp_path):
    tiny = LINK.but(constants={"catch_up_capacity": (1.14, 1.05, 1.3)})
    said = assumed(tiny, stop(), tmp_path)
    assert "magnet: magnet (named itself)" in said
    assert "catch-up: plants may run at 1.14 (1.05-1.3, grade A) x baseline" in said
    assert "(lognormal, 1 bins)" in said


@pytest.mark.parametrize(("kind", "is_said"), [("licence", True), ("ban", False)])
def test_the_rule_of_licences_is_told_where_there_is_one(tmp_path, kind, is_said):
    said = assumed(LINK, restrict("CHN", "magnet", kind=kind), tmp_path)
    rule = "licence: dead time 2 (2-2, grade A) and ramp 0 (0-0, grade A) months"
    assert (rule in said) == is_said


def test_releases_are_told_with_country_product_and_days(tmp_path):
    said = assumed(LINK, stop().plus(StockRelease("KOR", "magnet", 60, 30)), tmp_path)
    (line,) = [x for x in said.splitlines() if "KOR" in x]
    assert all(part in line for part in ("magnet", "60", "days"))


def test_not_counted_names_the_sectors_that_a_country_has_no_figure_for(tmp_path):
    tiny = LINK.but(
        products=["magnet component", "cars industry", "ships industry", "boats industry"],
        processors=["CHN magnet 180"],
        industries=["KOR cars 120", "JPN cars 60", "JPN ships 10", "JPN boats 5"],
        segments=["* cars all 1", "* ships all 1", "* boats all 1"],
        trade=[],
    )
    network = tiny.network(tmp_path)
    korea, both = (pedigree.not_counted(network, f) for f in (["KOR"], ["KOR", "JPN"]))
    assert korea == both
    assert korea[-1] == "KOR: ships, boats (no figure for its exports in the pack)"
    assert pedigree.not_counted(network, ["JPN"]) == korea[:-1]
    assert not any(":" in line for line in korea[:-1])


def test_warnings_are_those_about_products_of_the_run(tmp_path):
    tiny = LINK.but(
        products=["magnet component", "glass component", "cars industry", "lamps industry"],
        processors=["CHN magnet 120 evidence=D", "CHN glass 120 evidence=D"],
        industries=["KOR cars 120", "KOR lamps 120"],
        segments=["* cars all 1", "* lamps all 1"],
        recipes=["cars/all magnet 1", "lamps/all glass 1"],
        trade=["CHN KOR magnet 0.9 evidence=D", "JPN KOR magnet 0.1", "JPN KOR glass 0.1"],
    )
    network = tiny.network(tmp_path)
    assert len(network.warnings) == 2
    (line,) = pedigree.warnings(network, run(network, stop()).compiled)
    assert line.startswith("magnet: trade.csv names exporters without output")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", ("baseline prices", "the balanced world of the pack")),
        ("baseline_year = 2023", ("2023 prices", "the balanced world of 2023")),
    ],
)
def test_the_year_of_a_pack_is_that_of_prices_and_baseline(tmp_path, text, named):
    LINK.network(tmp_path)
    (place,) = tmp_path.iterdir()
    (place / "pack.toml").write_text(f'id = "own"\nversion = "3"\n{text}\n', encoding="utf-8")
    network = build_network(load_tables(place))
    assert named[0] in pedigree.valuation(network)
    assert named[1] in pedigree.baseline(network)
    assert pedigree.pack(network)["pack"] == "own"
    assert pedigree.pack(network)["version"] == "3"
    assert pedigree.pack(network)["sha256"] == network.tables.sha256


# Labels -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "cells", "kind", "label"),
    [
        (
            "segments",
            {"country": "KOR", "industry": "cars", "segment": "hybrid"},
            "affected share",
            "share of cars exports that is hybrid (KOR)",
        ),
        (
            "stocks",
            {"country": "*", "user": "cars", "product": "magnet"},
            "cover",
            "stock cover of magnet at cars plants (all countries)",
        ),
        (
            "trade",
            {"exporter": "CHN", "importer": "KOR", "base": "imports", "product": "magnet"},
            "share",
            "share of CHN in KOR's imports of magnet",
        ),
        (
            "recipes",
            {"output": "magnet", "segment": "", "input": "oxide"},
            "elasticity",
            "elasticity of oxide in magnet",
        ),
        ("substitutes", {"product": "magnet"}, "substitution", "substitution of magnet"),
        ("parameters", {"parameter": "leakage", "scope": "*"}, "value", "leakage (*)"),
    ],
)
def test_a_figure_is_called_by_what_it_is(table, cells, kind, label):
    assert pedigree.label(Input(Row(table, 2, cells), kind, 1, 1, 1)) == label


def test_a_figure_of_the_scenario_is_called_so():
    assert pedigree.label(Input(None, "severity", 1, 1, 1)) == "severity of the scenario"
