"""The other direction: orders that suppliers lose when their customers stop, and who gains."""

from __future__ import annotations

import pytest
from worlds import LINK, stop, world

from supplychain.channels import channels
from supplychain.coverage import resolve
from supplychain.run import Run

# American plants make cars for 120 million dollars a year. A tenth of it are brakes from Korea,
# whose own plants need plates from Japan for a twentieth of a brake.
BRAKES = world(
    products=[
        "magnet component",
        "plate component price_usd_per_unit=2000000 price_low=1 price_high=9000000",
        "brakes industry",
        "cars industry",
    ],
    processors=["CHN magnet 120", "JPN plate 0.6"],
    industries=["KOR brakes 12", "USA cars 120"],
    segments=["* cars all 1", "* brakes all 1"],
    recipes=[
        "cars/all magnet 1 critical",
        "cars/all brakes/all 0.1 critical",
        "brakes/all plate 0.05 critical",
    ],
    trade=["CHN USA magnet 1", "KOR USA brakes 1", "JPN KOR plate 1"],
)


def near(value):
    return pytest.approx(value, rel=1e-9)


def played(network, scenario):
    return Run.of(network, resolve(scenario, network))


def lost(found):
    return {(a.country, a.product): a.usd for a in found.lost_orders}


def test_a_brake_maker_loses_the_orders_of_a_plant_that_stands_still(tmp_path):
    network = BRAKES.network(tmp_path)
    run = played(network, stop(severity=0.3, focus=["KOR"]))
    # 0.3 of 12 million dollars.
    (amount,) = channels(network, run, "frozen").lost_orders
    assert (amount.country, amount.product, amount.is_industry) == ("KOR", "brakes", True)
    assert amount.usd == near(3.6e6)
    assert amount.partners == (("USA:cars", near(3.6e6)),)


def test_lost_orders_travel_up_the_chain(tmp_path):
    # Korea's brake makers need 0.3 less of 0.6 plates at 2 million dollars.
    sectors = BRAKES.but(
        processors=["CHN magnet 120", "JPN plate 1.2"],
        industries=["KOR brakes 12", "USA cars 120", "JPN brakes 12"],
        trade=["CHN USA magnet 1", "KOR USA brakes 1", "JPN KOR plate 1", "JPN JPN plate 1"],
    )
    network = sectors.network(tmp_path)
    found = channels(network, played(network, stop(severity=0.3, focus=["JPN"])), "frozen")
    assert lost(found) == {("JPN", "plate"): pytest.approx(0.36e6, rel=1e-3)}


def test_what_could_not_be_delivered_anyway_is_not_lost_again(tmp_path):
    # Magnets allow 0.7, and the plates that Korea gets allow 0.8 of the brakes: only the tenth
    # that was delivered and not needed is lost to Korea.
    network = BRAKES.network(tmp_path)
    both = stop(severity=0.3, focus=["KOR"])
    plates = stop("JPN", "plate", severity=0.2).restrictions
    run = played(network, type(both)("both", "", both.restrictions + plates, focus=("KOR",)))
    assert lost(channels(network, run, "frozen"))["KOR", "brakes"] == near(1.2e6)


def test_nothing_stops_nothing_is_lost_or_gained(tmp_path):
    network = BRAKES.network(tmp_path)
    run = played(network, stop("KOR", "plate", focus=["KOR"]))
    for case in ("frozen", "adaptive"):
        found = channels(network, run, case)
        assert found.lost_orders == found.gains == ()
    assert found.as_dict() == {"lost_orders": [], "gains": []}


def test_customers_at_home_are_no_exports(tmp_path):
    home = BRAKES.but(
        industries=["KOR brakes 12", "KOR cars 120"],
        trade=["CHN KOR magnet 1", "KOR KOR brakes 1", "JPN KOR plate 1"],
    )
    network = home.network(tmp_path)
    assert channels(network, played(network, stop(focus=["KOR"])), "frozen").lost_orders == ()


def test_who_sells_more_gains(tmp_path):
    # Japan makes 1 of Korea's 10 magnets a month and could make 2: one more at 1000 dollars.
    spare = LINK.but(
        products=[
            "magnet component price_usd_per_unit=1000 price_low=900 price_high=1100",
            "cars industry",
        ],
        processors=["CHN magnet 108", "JPN magnet 12 capacity=24"],
        industries=["KOR cars 120", "JPN cars 1"],
        recipes=["cars/all magnet 1 critical"],
        trade=["CHN KOR magnet 0.9", "JPN KOR magnet 0.1", "CHN JPN magnet 1"],
        constants={"access_ceiling": 2},
    )
    network = spare.network(tmp_path)
    run = played(network, stop(to=["KOR"], focus=["JPN", "KOR"]))
    found = channels(network, run)
    gains = {(a.country, a.product): a.usd for a in found.gains}
    assert gains == {("JPN", "magnet"): pytest.approx(12_000, rel=0.01)}
    assert channels(network, run, "frozen").gains == ()


def test_what_is_bought_beyond_the_usual_orders_is_no_order_lost(tmp_path):
    # Japan sells Korea twice its usual magnets while China is stopped; Korea makes a fifth of its
    # cars. What Japan usually sells is needed; what came beyond it is a gain and no lost order.
    spare = LINK.but(
        processors=["CHN magnet 108", "JPN magnet 12 capacity=24"],
        trade=["CHN KOR magnet 0.9", "JPN KOR magnet 0.1"],
        industries=["KOR cars 120", "JPN cars 1"],
        constants={"access_ceiling": 2},
    )
    network = spare.network(tmp_path)
    run = played(network, stop(to=["KOR"], focus=["JPN", "KOR"]))
    assert channels(network, run).lost_orders == ()
