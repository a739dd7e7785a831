"""From outputs of slices to losses of sectors: how much, when, and through which input."""

from __future__ import annotations

import numpy as np
import pytest
from worlds import CARS, LINK, path, restriction, run, several, stop, with_stock, world

from supplychain.draws import Central, OneAtATime, Recorder
from supplychain.scenario import Range
from supplychain.sectors import (
    binding,
    combined,
    first_stop_day,
    loss_share,
    monthly_loss,
    sectors,
    segment_losses,
    shares,
)


def near(value):
    return pytest.approx(value, abs=1e-9)


def only(found, focus=("KOR",)):
    """The one sector of a run."""
    (sector,) = sectors(found.network, found.compiled, focus)
    return sector


def day(found, days_per_month=30.0, case="adaptive"):
    """The first stop day of the one sector of a run."""
    return first_stop_day(found.compiled, only(found), getattr(found, case), days_per_month)


def bound(found):
    """What binds the one sector of a run."""
    return binding(found.network, found.compiled, only(found), found.adaptive)


SLICES = LINK.but(
    processors=["CHN magnet 60", "CHN cell 24"],
    products=["magnet component", "cell component", "cars industry"],
    segments=["* cars electric 0.2", "* cars hybrid 0.5", "* cars diesel 0.3"],
    recipes=["cars/electric cell 1", "cars/hybrid magnet 1"],
)


# How much -----------------------------------------------------------------------------------------


def test_a_sector_loses_the_sum_of_its_slices_by_their_shares(tmp_path):
    # Magnets stop for six months, cells fall by half for three: hybrids (0.5) lose 6 of 12 months,
    # electric cars (0.2) 1.5: 0.25 + 0.025. In the first month 0.5 + 0.1.
    measures = several(
        restriction("CHN", "magnet", months=6),
        restriction("CHN", "cell", months=3, severity=Range.of(0.5)),
    )
    found = run(SLICES.network(tmp_path), measures)
    sector, central = only(found), shares(only(found), Central())
    assert sector.exports_usd == 120e6
    assert [str(r["segment"]) for r in sector.rows] == ["electric", "hybrid"]
    assert loss_share(sector, found.frozen, central).tolist() == near([0.275])
    assert monthly_loss(sector, found.frozen, central)[:, 0].tolist() == near(
        [0.6] * 3 + [0.5] * 3 + [0] * 6
    )
    # Over the first three months only: 0.6; over the last six nothing.
    assert loss_share(sector, found.frozen, central, slice(0, 3)).tolist() == near([0.6])
    assert loss_share(sector, found.frozen, central, slice(6, 12)).tolist() == [0]


def test_what_is_caught_up_later_is_a_negative_loss_of_that_month(tmp_path):
    # One lost month comes back in seven months of 0.14 and a last one of 0.02.
    network = LINK.but(constants={"queue_cap_months": 12, "access_ceiling": 2}).network(tmp_path)
    found = run(network, stop(months=1))
    lost = monthly_loss(only(found), found.adaptive, shares(only(found), Central()))[:, 0]
    assert lost.tolist() == near([1, *[-0.14] * 7, -0.02, 0, 0, 0])


def test_a_sector_out_of_reach_is_there_and_loses_exactly_nothing(tmp_path):
    tiny = SLICES.but(
        products=[*SLICES.tables["products"], "ships industry"],
        industries=["KOR cars 120", "KOR ships 50", "JPN cars 12"],
        processors=["CHN magnet 66", "CHN cell 26.4"],
        segments=[*SLICES.tables["segments"], "* ships all 1"],
    )
    found = run(tiny.network(tmp_path), stop(item="cell"))
    both = sectors(found.network, found.compiled, ["KOR"])
    assert [(s.sector, len(s.nodes)) for s in both] == [("cars", 1), ("ships", 0)]
    assert shares(both[1], Central()).shape == (0, 1)
    assert loss_share(both[1], found.frozen, shares(both[1], Central())).tolist() == [0]
    assert set(monthly_loss(both[1], found.frozen, shares(both[1], Central())).ravel()) == {0}


@pytest.mark.parametrize("focus", [("KOR", "JPN"), ("JPN", "KOR"), ("JPN",), ("CHN",)])
def test_sectors_stand_by_country_in_the_order_of_the_focus(tmp_path, focus):
    tiny = SLICES.but(
        products=[*SLICES.tables["products"], "boats industry"],
        industries=["JPN cars 12", "KOR cars 120", "KOR boats 5"],
        processors=["CHN magnet 66", "CHN cell 26.4"],
        segments=[*SLICES.tables["segments"], "* boats all 1"],
    )
    found = run(tiny.network(tmp_path), stop())
    sectors_of = {"KOR": ["boats", "cars"], "JPN": ["cars"], "CHN": []}
    assert [(s.country, s.sector) for s in sectors(found.network, found.compiled, focus)] == [
        (c, s) for c in focus for s in sectors_of[c]
    ]


def test_drawn_shares_are_never_more_than_the_sector(tmp_path):
    # Hybrids at 0.9 beside electric cars at 0.2: 1.1 in all, so each is divided by it.
    tiny = SLICES.but(
        segments=["* cars electric 0.2", "* cars hybrid 0.5 low=0.1 high=0.9", "* cars diesel 0.3"]
    )
    measures = several(restriction("CHN", "magnet"), restriction("CHN", "cell"))
    sector = only(run(tiny.network(tmp_path), measures))
    recorder = Recorder()
    shares(sector, recorder)
    found = shares(sector, OneAtATime.of(list(recorder.asked.values())))
    assert found[:, 0].tolist() == near([0.2, 0.1])
    assert found[:, 1].tolist() == near([0.2 / 1.1, 0.9 / 1.1])


@pytest.mark.parametrize(
    ("losses", "share", "total"),
    [
        ([0.5, 0.2], [0.1, 0.4], 0.13),
        ([1, 1], [0.3, 0.7], 1),
        ([0.5, -0.1], [0.1, 0.4], 0.01),  # one slice gains, but less
        ([0.1, -0.5], [0.1, 0.4], 0),  # no sector gains
        ([1e-13, -1e-13], [1, 0.5], 0),  # rounding is nothing
        ([2e-12, 0], [1, 0], 2e-12),
        ([], [], 0),
    ],
)
def test_losses_of_slices_are_combined_by_their_shares(losses, share, total):
    columns = [np.array(values, dtype=float).reshape(-1, 1) for values in (losses, share)]
    assert combined(*columns).tolist() == pytest.approx([total], abs=1e-15)


def test_a_slice_loses_the_mean_of_its_plants(tmp_path):
    # Three plants with 15, 30 and 60 days of stock: the month of a full stop costs the first half
    # its output, the others nothing: 1 / 6.
    tiny = with_stock(30).but(
        stocks=["* * * 30 low=11.976896 high=75.144681"], constants={"cover_bins": 3}
    )
    found = run(tiny.network(tmp_path), stop(months=1))
    cover = found.compiled.arrays.slots.cover[0, 0]
    assert cover.tolist() == pytest.approx([0.5, 1, 2], abs=1e-4)
    lost = segment_losses(only(found), found.frozen)[0, 0, 0]
    assert lost == pytest.approx(1 / 6, abs=1e-4)


# When ---------------------------------------------------------------------------------------------


def test_the_first_stop_of_2025_is_on_day_43(tmp_path):
    # 0.75 months of cover: 0.45 are missing in the first month, 0.30 are left for a month that
    # misses 0.74: (1 + 0.30 / 0.74) x 30.4375 = 42.78.
    days = 30.4375
    tiny = with_stock(0.75 * days).but(constants={"days_per_month": days})
    found = run(tiny.network(tmp_path), path([0.55, 0.26, 0.67]))
    assert day(found, days) == pytest.approx(42.78, abs=0.005)


@pytest.mark.parametrize(
    ("stock", "options", "wanted"),
    [
        (0, {}, 0),  # nothing in stock: at once
        (45, {}, 45),
        (45, {"severity": 0.5}, 90),  # half as fast
        (360, {}, None),  # lasts as long as the horizon
        (45, {"months": 1}, None),  # over before the stock is
        (15, {"severity": 0}, None),
        (15, {"start": "2025-01", "months": 1}, 15),
    ],
)
def test_the_stop_day_is_the_stock_over_what_is_missing(tmp_path, stock, options, wanted):
    found = run(with_stock(stock).network(tmp_path), stop(**options))
    assert day(found) == (None if wanted is None else near(wanted))


def test_a_restriction_that_starts_later_stops_plants_later(tmp_path):
    late = several(restriction("CHN", "magnet", start="2025-04"))
    found = run(with_stock(15).network(tmp_path), late)
    assert day(found) == near(3 * 30 + 15)


def test_the_plant_with_the_smallest_stock_stops_first(tmp_path):
    tiny = with_stock(30).but(
        stocks=["* * * 30 low=11.976896 high=75.144681"], constants={"cover_bins": 3}
    )
    assert day(run(tiny.network(tmp_path), stop())) == pytest.approx(15, abs=1e-2)


def test_neither_an_input_that_never_binds_nor_a_substitute_stops_a_plant(tmp_path):
    loose = LINK.but(recipes=["cars/all magnet 1 non_critical"])
    assert day(run(loose.network(tmp_path), stop())) is None
    # Half may be replaced at once, and half is missing.
    replaced = LINK.but(substitutes=["magnet * 1 1 0"])
    found = run(replaced.network(tmp_path), stop(severity=0.04))
    assert day(found) is None
    assert day(found, case="frozen") == near(0)


# Through what -------------------------------------------------------------------------------------

CHAIN = world(
    products=["oxide refine", "magnet component", "cars industry"],
    processors=["CHN oxide 120", "KOR magnet 120"],
    industries=["KOR cars 120"],
    segments=["* cars all 1"],
    recipes=["magnet oxide 1", "cars/all magnet 1"],
    trade=["CHN KOR oxide 1", "KOR KOR magnet 1"],
    stocks=["* * oxide 30", "* * magnet 60"],
)


@pytest.mark.parametrize(
    ("severity", "days"),
    [
        (1, 90),  # 30 + 60
        (0.5, 180),  # each stage lasts twice as long
        (0.25, 360),
    ],
)
def test_the_walk_ends_where_supply_is_withheld_and_adds_up_the_covers(tmp_path, severity, days):
    found = run(CHAIN.network(tmp_path), stop(item="oxide", severity=severity, months=24))
    walk = bound(found)
    assert walk.slots == (found.slot(CARS, "magnet"), found.slot("KOR:magnet", "oxide"))
    assert walk.name == "KOR:oxide"
    assert walk.cover_days == near(days)


def test_the_walk_stops_at_the_own_input_where_that_is_restricted(tmp_path):
    made_abroad = CHAIN.but(
        processors=["CHN oxide 120", "CHN magnet 120"],
        trade=["CHN CHN oxide 1", "CHN KOR magnet 1"],
    )
    # Both are named, but oxide stays at home in China: what binds is the magnet.
    walk = bound(run(made_abroad.network(tmp_path), stop(item=["oxide", "magnet"])))
    assert (walk.name, walk.cover_days) == ("KOR:magnet", near(60))


def test_the_walk_follows_the_supplier_that_falls_short_most(tmp_path):
    # Korea's magnets come from Japan (0.3) and at home (0.7); both need oxide from China, of which
    # Japan uses American oxide for the half.
    tiny = CHAIN.but(
        processors=["CHN oxide 102", "USA oxide 18", "JPN magnet 36", "KOR magnet 84"],
        trade=[
            "CHN KOR oxide 1",
            "CHN JPN oxide 0.5",
            "USA JPN oxide 0.5",
            "JPN KOR magnet 0.3",
            "KOR KOR magnet 0.7",
        ],
        stocks=[],
    )
    walk = bound(run(tiny.network(tmp_path), stop(item="oxide")))
    assert walk.name == "KOR:oxide"
    # The stocks of Korean magnet makers do not exist: no day is covered.
    assert walk.cover_days == 0


def test_of_two_inputs_the_tighter_binds(tmp_path):
    tiny = LINK.but(
        products=["magnet component", "cell component", "cars industry"],
        processors=["CHN magnet 120", "CHN cell 120"],
        recipes=["cars/all magnet 1", "cars/all cell 1"],
        stocks=["* * cell 45", "* * magnet 15"],
    )
    measures = several(
        restriction("CHN", "magnet", severity=Range.of(0.3)),
        restriction("CHN", "cell", severity=Range.of(0.6)),
    )
    found = run(tiny.network(tmp_path), measures)
    walk = bound(found)
    # Cells: 45 days over a missing 0.6.
    assert (walk.name, walk.cover_days) == ("KOR:cell", near(75))
    # The magnets run out first (15 / 0.3 = 50 days), though the cells cost more (45 / 0.6 = 75).
    assert day(found) == near(50)


def test_where_nothing_is_lost_nothing_binds(tmp_path):
    walk = bound(run(with_stock(360).network(tmp_path), stop()))
    assert (walk.slots, walk.name, walk.cover_days) == ((), "", 0)


def test_a_loop_of_recipes_does_not_hold_the_walk(tmp_path):
    loop = world(
        products=["scrap refine", "magnet component", "cars industry"],
        processors=["CHN scrap 60", "KOR magnet 120"],
        industries=["KOR cars 60"],
        segments=["* cars all 1"],
        recipes=["magnet scrap 0.5", "scrap magnet 1", "cars/all magnet 1"],
        trade=["CHN KOR scrap 1", "KOR CHN magnet 1", "KOR KOR magnet 1"],
    )
    assert bound(run(loop.network(tmp_path), stop(item="scrap"))).name == "KOR:scrap"
