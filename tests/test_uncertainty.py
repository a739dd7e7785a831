"""How far a loss may be off: the band, and the figures that move it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from worlds import LINK, restriction, run, several, stop, with_stock

from supplychain.coverage import resolve
from supplychain.draws import Sample
from supplychain.run import Run
from supplychain.scenario import Range
from supplychain.simulation import Effort, simulate
from supplychain.uncertainty import bands, drivers, losses_in_parts
from supplychain.world import World

SAMPLING = {
    "band_draws": 60,
    "band_shares_per_draw": 5,
    "band_low_quantile": 0.1,
    "band_high_quantile": 0.9,
}
KOREA = ("KOR", "cars")


def near(value):
    return pytest.approx(value, abs=1e-9)


def played(tiny, scenario, folder):
    """One scenario at central values, on a world that may be sampled."""
    network = tiny.but(constants=SAMPLING).network(folder)
    return network, Run.of(network, resolve(scenario, network))


def moved(tiny, scenario, folder):
    """The drivers of Korea's cars."""
    return drivers(*played(tiny, scenario, folder))[KOREA]


SHARE = LINK.but(
    processors=["CHN magnet 60"], segments=["* cars all 0.5 low=0.4 high=0.7 evidence=D"]
)


# One figure at a time -----------------------------------------------------------------------------


def test_a_share_moves_the_loss_by_its_range_times_the_loss_of_its_slice(tmp_path):
    # A full stop of six months costs the slice half: 0.25, between 0.4 x 0.5 and 0.7 x 0.5.
    (driver,) = moved(SHARE, stop(months=6), tmp_path)
    assert (driver.value, driver.low, driver.high) == (0.5, 0.4, 0.7)
    assert (driver.loss_low, driver.loss_high) == near((0.2, 0.35))
    assert driver.swing == near(0.15)
    assert (driver.name, driver.evidence) == ("segments.csv:2 affected share", "D")
    assert driver.label == "share of cars exports that is all (all countries)"


@pytest.mark.parametrize(
    ("tiny", "scenario", "name", "label", "losses"),
    [
        (  # two months of stock, known to one and to three: 10, 11 and 9 of 12 months
            LINK.but(stocks=["* cars magnet 60 median_low=30 median_high=90 evidence=B"]),
            stop(),
            "stocks.csv:2 cover",
            "stock cover of magnet at cars plants (all countries)",
            (11 / 12, 9 / 12),
        ),
        (
            LINK,
            several(restriction("CHN", "magnet", severity=Range(0.5, 0.2, 0.9))),
            "scenario severity",
            "severity of the scenario",
            (0.2, 0.9),
        ),
        (  # China's part of the magnets
            LINK.but(
                processors=["CHN magnet 60", "JPN magnet 60"],
                trade=["CHN KOR magnet 0.5 low=0.4 high=0.8 evidence=C", "JPN KOR magnet 0.5"],
            ),
            stop(),
            "trade.csv:2 share",
            "share of CHN in KOR's use of magnet",
            (0.4, 0.8),
        ),
        (  # critical, at its mildest important
            LINK.but(recipes=["cars/all magnet 1 critical essentiality_low=important"]),
            stop(severity=0.4),
            "recipes.csv:2 essentiality",
            "essentiality of magnet in cars/all",
            (0.2, 0.4),
        ),
        (  # nothing, or 0.2 a year from the first month on: 0.1 in the mean of the year
            LINK.but(substitutes=["magnet * 0.2 1 0 low=0 high=0.2"]),
            stop(),
            "substitutes.csv:2 substitution",
            "substitution of magnet",
            (1, 0.9),
        ),
    ],
)
def test_each_kind_of_figure_moves_the_loss_and_says_what_it_is(
    tmp_path, tiny, scenario, name, label, losses
):
    (driver,) = moved(tiny, scenario, tmp_path)
    assert (driver.name, driver.label) == (name, label)
    assert (driver.loss_low, driver.loss_high) == near(losses)


def test_a_constant_is_named_with_its_scope(tmp_path):
    # A dead time of two months, one or four: no queue is made up for.
    tiny = LINK.but(
        constants={"licence_dead_time_months": (2, 1, 4), "catch_up_capacity": 1}
    )  # fmt: skip
    scenario = several(restriction("CHN", "magnet", kind="licence", severity=Range.of(0)))
    (driver,) = moved(tiny, scenario, tmp_path)
    assert driver.label == "licence_dead_time_months (*)"
    assert (driver.loss_low, driver.loss_high) == near((1 / 12, 4 / 12))


def test_drivers_stand_by_swing_and_what_moves_nothing_is_left_out(tmp_path):
    # Severity 0.5 (0.4 to 0.6) moves 0.5 x 0.2 = 0.1, the share (0.4 to 0.7) 0.5 x 0.3 = 0.15; the
    # catch-up capacity and a stock that nobody holds move nothing.
    tiny = SHARE.but(
        stocks=["* magnet magnet 60 median_low=10 median_high=90"],
        constants={"catch_up_capacity": (1.14, 1.1, 1.2)},
    )
    scenario = several(restriction("CHN", "magnet", severity=Range(0.5, 0.4, 0.6)))
    found = moved(tiny, scenario, tmp_path)
    assert [d.name for d in found] == ["segments.csv:2 affected share", "scenario severity"]
    assert [d.swing for d in found] == near([0.15, 0.1])


def test_figures_of_countries_out_of_focus_are_not_moved_one_by_one(tmp_path):
    tiny = LINK.but(
        processors=["CHN magnet 180"],
        industries=["KOR cars 120", "JPN cars 60"],
        trade=[],
        stocks=[
            "KOR cars magnet 60 median_low=30 median_high=90",
            "JPN cars magnet 60 median_low=30 median_high=90",
        ],
    )
    assert [d.name for d in moved(tiny, stop(), tmp_path)] == ["stocks.csv:2 cover"]


def test_without_a_loss_no_figure_is_moved_and_the_band_is_nothing(tmp_path):
    assert drivers(*played(SHARE, stop(severity=0), tmp_path)) == {}
    assert bands(*played(SHARE, stop(severity=0), tmp_path), 1).get(KOREA, (0, 0)) == (0, 0)


def test_no_driver_costs_more_than_all_exports(tmp_path):
    # Both slices stop. At 0.8 the first leaves no more than 0.2 for the second.
    tiny = LINK.but(
        segments=["* cars a 0.6 low=0.5 high=0.8", "* cars b 0.4"],
        recipes=["cars/a magnet 1", "cars/b magnet 1"],
    )
    assert max(d.loss_high for d in moved(tiny, stop(), tmp_path)) <= 1 + 1e-9


# What rests on assumptions ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "stock", "weight"),
    [
        ("D", "B", 0.3 / 0.4),
        ("B", "D", 0.1 / 0.4),
        ("D", "D", 1),
        ("A", "C", 0),
    ],
)
def test_the_weight_of_assumptions_is_their_part_of_all_swings(tmp_path, share, stock, weight):
    # A month of stock: the slice loses 11 of 12 months, and its share, 0.6 and at most 0.327 more,
    # moves 0.3. The stock, known to none and to two months, moves 0.6 x 2 / 12 = 0.1.
    tiny = LINK.but(
        processors=["CHN magnet 72"],
        segments=[f"* cars all 0.6 low=0.6 high=0.9272727272727272 evidence={share}"],
        stocks=[f"* * * 30 median_low=0 median_high=60 evidence={stock}"],
        constants={**SAMPLING, "headline_d_threshold": 0.5},
    )
    loss = simulate(World(tiny.network(tmp_path)), stop(), effort=Effort(planner=False)).losses[0]
    assert sorted(d.swing for d in loss.drivers) == near([0.1, 0.3])
    assert loss.grade_d_weight == near(weight)


def test_the_weight_is_nothing_where_nothing_moves_and_unknown_where_nothing_was_asked(tmp_path):
    world = World(LINK.but(constants=SAMPLING | {"headline_d_threshold": 0.5}).network(tmp_path))
    assert simulate(world, stop(), effort=Effort(planner=False)).losses[0].grade_d_weight == 0
    quick = Effort(planner=False, band=False)
    assert simulate(world, stop(), effort=quick).losses[0].grade_d_weight is None


# The band -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", [0.2, 0.5, 1])
def test_without_ranges_the_band_is_the_single_value(tmp_path, severity):
    network, central = played(with_stock(45), stop(severity=severity), tmp_path)
    loss = central.loss(central.sectors[0], "adaptive")
    assert bands(network, central, 1)[KOREA] == near((loss, loss))


def test_the_band_of_a_share_alone_is_its_own_range(tmp_path):
    # Everything stops: the loss is the share, between its own quantiles 0.4 and 0.7.
    network, central = played(SHARE, stop(), tmp_path)
    low, high = bands(network, central, 1)[KOREA]
    assert (low, high) == pytest.approx((0.4, 0.7), abs=0.01)


def test_the_quantiles_of_the_band_are_those_of_the_pack(tmp_path):
    tiny = SHARE.but(
        constants={**SAMPLING, "band_low_quantile": 0.5, "band_high_quantile": 0.5}
    )  # fmt: skip
    network = tiny.network(tmp_path)
    central = Run.of(network, resolve(stop(), network))
    low, high = bands(network, central, 1)[KOREA]
    assert low == high == pytest.approx(0.5, abs=0.01)


def test_the_seed_decides_the_band_and_nothing_else(tmp_path):
    tiny = SHARE.but(stocks=["* * * 60 median_low=30 median_high=120"])
    network, central = played(tiny, stop(), tmp_path)
    one, again, two = (bands(network, central, seed)[KOREA] for seed in (1, 1, 2))
    assert one == again
    assert one != two
    assert one == pytest.approx(two, abs=0.05)


def test_a_country_out_of_focus_has_no_band(tmp_path):
    tiny = LINK.but(
        processors=["CHN magnet 180"], industries=["KOR cars 120", "JPN cars 60"], trade=[]
    )
    network, central = played(tiny, replace(stop(), focus=("JPN",)), tmp_path)
    assert list(bands(network, central, 1)) == [("JPN", "cars")]


def test_the_parts_in_which_lanes_are_played_do_not_show(tmp_path, monkeypatch):
    tiny = SHARE.but(stocks=["* * * 60 median_low=30 median_high=120"])
    network, central = played(tiny, stop(), tmp_path)
    chosen = list(central.sectors)
    whole = losses_in_parts(network, central.resolved, Sample(50, 1), chosen)
    monkeypatch.setattr("supplychain.uncertainty._LANES_AT_ONCE", 7)
    parts = losses_in_parts(network, central.resolved, Sample(50, 1), chosen)
    assert [p.shape for p in parts] == [(1, 50)]
    assert np.array_equal(whole, parts)
    # The mean over lanes is that of the arrays as one.
    found = run(network, stop(), Sample(50, 1))
    output = found.adaptive.output[:, found.at("KOR:cars/all")].mean(axis=(0, 2))
    assert parts[0][0].tolist() == near((1 - output).tolist())
