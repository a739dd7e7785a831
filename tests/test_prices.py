"""Prices: the closure of one market, and what it makes of a run."""

import json

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from test_cli import CONTRACT
from worlds import LINK, network_of, stop, world

import supplychain as sc
from supplychain.cli import main
from supplychain.coverage import resolve
from supplychain.errors import DataError, ScenarioError
from supplychain.measures import market_row
from supplychain.model.prices import (
    REGIMES,
    clear_by_price,
    export_value,
    peak_price,
    tax_ceiling,
)
from supplychain.prices import price_run
from supplychain.run import Run
from supplychain.simulation import Effort

DEFINITIONS = {"$defs": CONTRACT["$defs"]}
BAND = {"band_draws": 8, "band_low_quantile": 0.1, "band_high_quantile": 0.9}
CHAIN = world(
    products=[
        "oxide refine price_usd_per_unit=10000 price_low=10000 price_high=10000",
        "magnet component price_usd_per_unit=90000 price_low=90000 price_high=90000",
        "cars industry",
    ],
    processors=["CHN oxide 120", "JPN magnet 120"],
    industries=["KOR cars 120"],
    segments=["* cars all 1"],
    recipes=["magnet oxide 1 critical", "cars/all magnet 1 critical"],
    trade=["CHN JPN oxide 1", "JPN KOR magnet 1"],
    constants=BAND,
)
"""China's oxide, Japan's magnets, Korea's cars: one oxide a magnet, one magnet a million USD."""


def market(product="*", demand=-0.5, supply=0.0, choke=10.0, overshoot=2.0, passed=0.5, wide=()):
    """A row of ``markets.csv``; the named figures get a range of a fifth to either side."""
    figures = {
        "demand_elasticity": demand,
        "supply_elasticity": supply,
        "choke_price_ratio": choke,
        "overshoot": overshoot,
        "pass_through": passed,
    }
    row = {"product": product}
    for name, value in figures.items():
        ends = sorted((0.8 * value, 1.2 * value)) if name in wide else (value, value)
        row |= {name: str(value), f"{name}_low": str(ends[0]), f"{name}_high": str(ends[1])}
    return row


def run(tmp_path, scenario, *markets, lines=CHAIN):
    """A run of a small world with these markets, and its network."""
    tables = lines.records() | {"markets": list(markets or [market()])}
    network = network_of(tables, tmp_path)
    return network, Run.of(network, resolve(scenario, network))


def priced(tmp_path, scenario, *markets, lines=CHAIN, seed=1):
    """The prices of a small world."""
    return price_run(*run(tmp_path, scenario, *markets, lines=lines), seed)


# One market ---------------------------------------------------------------------------------------

elasticities = st.floats(0.01, 3)
shortages = st.floats(0, 0.99)
spares = st.floats(0, 2)
laws = settings(derandomize=True, deadline=None, max_examples=60)


@laws
@given(shortages, elasticities, elasticities, spares, st.floats(1.01, 100))
def test_the_price_balances_the_market_or_stands_at_its_choke(z, down, up, spare, choke):
    found = clear_by_price(z, -down, up, spare, choke)
    price, supply = float(found.price), (1 - z) * min(float(found.price) ** up, 1 + spare)
    assert found.quantity == pytest.approx(supply, rel=1e-12)
    assert price >= 1
    if REGIMES[int(found.regime)] == "choke":
        assert price == pytest.approx(choke)
        assert supply <= choke**-down * (1 + 1e-12)  # demand still wants more there
    else:
        assert supply == pytest.approx(price**-down, rel=1e-12)


@laws
@given(st.floats(0.001, 0.9), st.floats(0.1, 3), elasticities, spares)
def test_the_price_is_the_root_that_another_solver_finds(z, down, up, spare):
    def excess(log_price):
        return np.log1p(-z) + min(up * log_price, np.log1p(spare)) + down * log_price

    found = clear_by_price(z, -down, up, spare, np.inf)
    assert np.log(found.price) == pytest.approx(brentq(excess, 0, 100, xtol=1e-13), abs=1e-9)


@laws
@given(shortages, shortages, elasticities, elasticities, spares)
def test_a_price_rises_with_the_shortage_and_falls_with_what_gives_way(z, y, down, up, spare):
    def price(z, down, up, spare):
        return float(clear_by_price(z, -down, up, spare, 50.0).price) * (1 + 1e-12)

    little, much = sorted((z, y))
    assert price(little, down, up, spare) <= price(much, down, up, spare) * (1 + 1e-9)
    at = price(z, down, up, spare)
    for easier in ((z, 2 * down, up, spare), (z, down, 2 * up, spare), (z, down, up, 2 * spare)):
        assert price(*easier) <= at * (1 + 1e-9)


@given(elasticities, elasticities, spares)
@laws
def test_without_a_shortage_nothing_moves_to_the_last_bit(down, up, spare):
    found = clear_by_price(0.0, -down, up, spare, 5.0)
    assert (found.price, found.quantity, found.regime) == (1.0, 1.0, 0)


@pytest.mark.parametrize(
    ("z", "down", "up", "spare", "price", "regime"),
    [
        (0.75, -0.5, 0.5, 9.0, 4.0, "interior"),  # 4 ** 0.5 of a quarter is 4 ** -0.5 of the whole
        (0.75, -0.5, 0.5, 0.6, 6.25, "capacity"),  # 0.25 * 1.6 = 0.4, and 0.4 ** -2
        (0.5, 0.0, 1.0, 1.0, 2.0, "interior"),  # rigid demand: suppliers must double
        (0.5, 0.0, 1.0, 0.9, 20.0, "choke"),  # and cannot
        (0.5, 0.0, 0.0, 0.9, 20.0, "choke"),
        (1.0, -0.5, 0.5, 1.0, 20.0, "choke"),  # nothing is left
        (0.0, 0.0, 0.0, 0.0, 1.0, "none"),
    ],
)
def test_regimes_worked_out_by_hand(z, down, up, spare, price, regime):
    found = clear_by_price(z, down, up, spare, 20.0)
    assert (float(found.price), REGIMES[int(found.regime)]) == (pytest.approx(price), regime)


def test_a_missing_market_buys_nothing():
    assert clear_by_price(1.0, -0.5, 0.5, 1.0, 20.0).quantity == 0


@laws
@given(st.floats(0, 5), st.floats(0, 1))
def test_the_two_lines_of_a_value_add_up(rise, lost):
    volume, price = export_value(rise, lost)
    assert volume + price == pytest.approx((1 + rise) * (1 - lost) - 1, abs=1e-12)


def test_a_peak_is_above_the_equilibrium_and_no_peak_without_a_rise():
    assert peak_price([1.0, 1.5, 3.0], 3.0).tolist() == [1.0, 2.5, 7.0]


@pytest.mark.parametrize(
    ("rate", "elasticity", "passed", "left"),
    [(0.0, -0.5, 1.0, 1.0), (3.0, -0.5, 1.0, 0.5), (3.0, -0.5, 0.0, 1.0), (3.0, 0.0, 1.0, 1.0)],
)
def test_a_tax_leaves_what_buyers_still_take(rate, elasticity, passed, left):
    assert tax_ceiling(3, rate, elasticity, passed).tolist() == [left] * 3


# One run ------------------------------------------------------------------------------------------


def test_a_chain_worked_out_by_hand(tmp_path):
    # Half of the oxide, so half of the magnets, so half of the cars are missing: p = 0.5 ** -2.
    found = priced(tmp_path, stop(item="oxide", severity=0.5))
    assert [m.product for m in found.markets] == ["oxide", "magnet"]
    for m in found.markets:
        assert m.missing == pytest.approx(0.5)
        assert (m.price, m.peak, m.regime) == (pytest.approx(4), pytest.approx(7), "interior")
        assert m.price_band == pytest.approx((4, 4))
        assert m.destroyed == pytest.approx(0.5)
    # A magnet costs 270,000 USD more, in cars of a million; half of that is passed on, and half of
    # the cars are still shipped: 0.27 * 0.5 * 0.5.
    (cars,) = found.exports
    assert (cars.volume, cars.price) == (pytest.approx(-0.5), pytest.approx(0.0675))
    assert cars.total == pytest.approx(-0.4325)


def test_a_market_without_a_price_passes_costs_on(tmp_path):
    # Oxide is 30,000 USD dearer: half of it in a magnet, half of that in cars of a million.
    lines = CHAIN.but(products=[*CHAIN.tables["products"][:1], "magnet component", "cars industry"])
    found = priced(tmp_path, stop(item="oxide", severity=0.5), lines=lines)
    assert found.unpriced == ("magnet",)
    assert found.exports[0].price == pytest.approx(0.0075 * 0.5)


def test_idle_suppliers_come_in_by_price_alone(tmp_path):
    # China and Japan make half each; Japan could make half as much again, but has no access.
    lines = LINK.but(
        constants=BAND,
        processors=["CHN magnet 60", "JPN magnet 60 capacity=90"],
        trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
    )
    found = priced(tmp_path, stop(), market(demand=-1.0, supply=1.0), lines=lines)
    (magnet,) = found.markets
    assert (magnet.missing, magnet.spare) == (pytest.approx(0.5), pytest.approx(0.5))
    assert (magnet.price, magnet.regime) == (pytest.approx(2**0.5), "interior")
    assert magnet.destroyed == pytest.approx(1 - 2**-0.5)


BOTH = LINK.but(
    constants=BAND,
    processors=["CHN magnet 60", "JPN magnet 60"],
    trade=["CHN KOR magnet 0.5", "JPN KOR magnet 0.5"],
)
"""China and Japan make half of Korea's magnets each, and neither can make more."""


def test_new_capacity_is_spare_from_the_month_it_comes_on(tmp_path):
    # Japan adds a half of its 5 a month from July, which Korea has no access to: a quarter of the
    # 5 a month that still arrive, over the year.
    found = priced(tmp_path, stop(), lines=BOTH.but(projects=["more JPN magnet 30 2025-07"]))
    (magnet,) = found.markets
    assert (magnet.missing, magnet.spare) == (pytest.approx(0.5), pytest.approx(0.25))


def test_a_plant_yet_to_be_built_is_spare_once_it_stands(tmp_path):
    found = priced(tmp_path, stop(), lines=BOTH.but(projects=["one USA magnet 30 2025-07"]))
    assert found.markets[0].spare == pytest.approx(0.25)


def test_an_unused_technology_does_not_hold_back_what_a_plant_could_make(tmp_path):
    # Japan could make half as much again from its oxide; that a way nobody takes has no bolts is of
    # no matter.
    lines = BOTH.but(
        products=["oxide refine", "bolt refine", *BOTH.tables["products"]],
        processors=["CHN magnet 60", "JPN magnet 60 capacity=90", "JPN oxide 120", "KOR bolt 120"],
        recipes=[
            *BOTH.tables["recipes"],
            "magnet oxide 1 critical",
            "magnet bolt 1 critical technology=bolted",
        ],
        trade=[*BOTH.tables["trade"], "JPN JPN oxide 1", "JPN CHN oxide 1"],
        stocks=["JPN magnet oxide 3600"],
        other_uses=["KOR bolt 1"],
        technologies=["magnet bolted 0.5 0.5 60"],
    )
    assert priced(tmp_path, stop(), lines=lines).markets[0].spare == pytest.approx(0.5)


def test_stocks_come_before_prices(tmp_path):
    lines = CHAIN.but(stocks=["* * oxide 180"])
    found = priced(tmp_path, stop(item="oxide"), lines=lines)
    oxide = found.markets[0]
    assert [round(z, 9) for z in oxide.monthly] == [0] * 6 + [1] * 6
    assert oxide.missing == pytest.approx(0.5)


def test_what_is_restricted_without_effect_keeps_its_price(tmp_path):
    (oxide,) = priced(tmp_path, stop(item="oxide", severity=0.0)).markets
    assert (oxide.price, oxide.peak, oxide.regime, oxide.destroyed) == (1.0, 1.0, "none", 0.0)
    assert (oxide.price_band, oxide.peak_band) == ((1.0, 1.0), (1.0, 1.0))


DORMANT = CHAIN.but(
    recipes=[*CHAIN.tables["recipes"], "cars/all oxide 3 critical technology=sprayed"],
    technologies=["cars/all sprayed 0.5 0.5 60"],
    projects=["one KOR magnet 120 2035-01"],
)
"""`CHAIN`, and two users of oxide that buy none yet: another way to make cars, and a new plant."""


@pytest.mark.parametrize("severity", [0.0, 0.5])
def test_who_buys_nothing_yet_misses_nothing(tmp_path, severity):
    oxide = priced(tmp_path, stop(item="oxide", severity=severity), lines=DORMANT).markets[0]
    assert oxide.missing == pytest.approx(severity, abs=1e-12)
    assert oxide.price == pytest.approx((1 - severity) ** -2)


def test_a_cost_is_passed_on_along_the_recipe_of_the_baseline_alone(tmp_path):
    # As in the chain: 0.27 of a magnet, and none of the 3 * 0.03 of the oxide of sprayed cars.
    found = priced(tmp_path, stop(item="oxide", severity=0.5), lines=DORMANT)
    assert found.exports[0].price == pytest.approx(0.27 * 0.5 * 0.5)


def test_bands_come_from_the_ranges_and_the_seed(tmp_path):
    wide = market(wide=("demand_elasticity", "overshoot", "pass_through"))
    first, again, other = (
        priced(tmp_path, stop(item="oxide", severity=0.5), wide, seed=s) for s in (1, 1, 2)
    )
    assert first == again
    assert first != other
    for m in first.markets:
        assert m.price_band[0] < m.price < m.price_band[1]
        assert m.peak_band[0] < m.peak < m.peak_band[1]
    assert first.exports[0].price_band[0] < first.exports[0].price < first.exports[0].price_band[1]


def test_the_most_specific_market_counts(tmp_path):
    rows = [market(choke=9.0), market("refine", choke=3.0), market("magnet", choke=2.0)]
    found = priced(tmp_path, stop(item="oxide", severity=0.9), *rows)
    assert {m.product: m.price for m in found.markets} == pytest.approx({"oxide": 3, "magnet": 2})
    assert [m.row for m in found.markets] == ["markets.csv:3", "markets.csv:4"]


def test_countries_that_restrict_have_no_price_line(tmp_path):
    lines = CHAIN.but(
        processors=["CHN oxide 240", "JPN magnet 120", "CHN magnet 120"],
        industries=["KOR cars 120", "CHN cars 120"],
        trade=["CHN JPN oxide 1", "JPN KOR magnet 1", "CHN CHN magnet 1", "CHN CHN oxide 1"],
    )
    scenario = stop(item="oxide", severity=0.5, focus=("KOR", "CHN"))
    found = priced(tmp_path, scenario, lines=lines)
    assert [e.country for e in found.exports] == ["KOR"]
    assert found.markets[0].missing == pytest.approx(0.5)  # of what is used outside


@pytest.mark.parametrize(
    ("scopes", "found"),
    [
        (("*", "refine", "oxide"), "oxide"),
        (("*", "component", "refine"), "refine"),
        (("magnet", "*"), "*"),
        (("magnet", "component"), None),
    ],
)
def test_a_market_is_the_products_own_or_its_stages_or_everyones(tmp_path, scopes, found):
    network = network_of(CHAIN.records() | {"markets": [market(s) for s in scopes]}, tmp_path)
    row = market_row(network, "oxide")
    assert (row and row["product"]) == found


def test_a_tax_and_a_price_read_the_same_market_and_each_says_what_it_misses(tmp_path):
    taxed = sc.restrict("CHN", "oxide", kind="tax", rate=1.0)
    with pytest.raises(ScenarioError, match="elasticity: this pack has no market for oxide"):
        run(tmp_path, taxed, market("component"))
    with pytest.raises(DataError, match="prices need one"):
        priced(tmp_path, stop(item="oxide"), market("component"))


def test_a_pack_without_the_market_says_what_to_add(tmp_path):
    with pytest.raises(DataError, match=r"(?s)markets\.csv.*a row for oxide, refine or \*"):
        priced(tmp_path, stop(item="oxide"), market("component"))


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (market("magnte"), "is neither a product nor a stage"),
        (market() | {"choke_price_ratio_low": "12"}, "choke_price_ratio"),
        (market(demand=0.1), "demand_elasticity"),
        (market(passed=1.5), "pass_through"),
    ],
)
def test_wrong_markets_are_refused(tmp_path, row, problem):
    with pytest.raises(DataError, match=problem):
        network_of(CHAIN.records() | {"markets": [row]}, tmp_path)


# The shipped pack ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped():
    return sc.load()


def test_a_price_changes_no_volume_loss(shipped):
    scenario = sc.restrict("China", ["dysprosium", "ndfeb_magnet"], kind="ban", severity=0.8)
    plain, dear = (
        sc.simulate(
            shipped, scenario, focus=["KOR"], effort=Effort(planner=False, band=False, prices=asked)
        ).as_dict()
        for asked in (False, True)
    )
    assert plain.pop("prices") is None
    prices = dear.pop("prices")
    # What is shown apart is no longer among what is left out.
    left_out = dear.pop("not_counted")
    assert [t for t in plain.pop("not_counted") if t not in left_out] == [
        "price changes and their pass-through into export values (apart, with --prices)"
    ]
    known, cited = ({s["source_id"] for s in found.pop("sources")} for found in (plain, dear))
    assert cited - known == {"redlinger_2016", "imf_wp_16_23"}
    assert plain == dear
    assert {e["sector"]: -e["volume_share"] for e in prices["exports"]} == {
        s["sector"]: s["export_loss_share"]["adaptive"]
        for s in dear["losses"]
        if s["sector"] in {e["sector"] for e in prices["exports"]}
    }


def test_every_market_of_the_shipped_pack_has_a_range_and_a_source(shipped):
    for row in shipped.tables.rows("markets"):
        assert row["source_id"]
        assert row["note"]
        assert row["demand_elasticity_low"] < row["demand_elasticity_high"] < 0
        assert row["choke_price_ratio_low"] > 1


def test_a_quota_that_withholds_nothing_moves_no_price(shipped):
    scenario = sc.restrict("China", "dysprosium", kind="quota", severity=0.0)
    effort = Effort(planner=False, band=False, prices=True)
    prices = sc.simulate(shipped, scenario, focus=["KOR"], effort=effort).as_dict()["prices"]
    assert "dysprosium_oxide" in {m["product"] for m in prices["markets"]}
    assert {(m["missing_share"], m["price_ratio"]) for m in prices["markets"]} == {(0.0, 1.0)}
    assert {e["price_share"] for e in prices["exports"]} <= {0.0}


def test_the_command_line_prints_and_answers_prices(capsys):
    words = ["restrict", "China", "gallium", "--kind", "ban", "--no-planner", "--no-band"]
    assert main([*words, "--prices", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    jsonschema.validate(result["prices"], CONTRACT["properties"]["prices"] | DEFINITIONS)
    gallium = next(m for m in result["prices"]["markets"] if m["product"] == "gallium_refined")
    assert gallium["price_ratio_band"]["low"] <= gallium["price_ratio"]
    assert main([*words, "--prices"]) == 0
    text = capsys.readouterr().out
    assert "Prices as multiples of the baseline" in text
    assert "a price changes no loss" in text
    assert main([*words, "--prices", "--csv"]) != 0
    assert "--prices and --csv" in capsys.readouterr().err
