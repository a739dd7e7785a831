"""What the restricting country sells of its own in place of what it withholds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from worlds import LINK, stop

from supplychain.coverage import resolve
from supplychain.instead import notes, sold_instead
from supplychain.run import Run

CHAIN = LINK.but(
    products=["oxide refine", "magnet component", "cars industry"],
    processors=["CHN oxide 120", "KOR magnet 72", "CHN magnet 48 capacity=96"],
    recipes=["magnet oxide 1 critical", "cars/all magnet 1 critical"],
    trade=["CHN KOR oxide 1", "CHN CHN oxide 1", "KOR KOR magnet 0.6", "CHN KOR magnet 0.4"],
    stocks=["CHN magnet oxide 30"],
    constants={"access_ceiling": 1.5, "new_supplier_share": 0, "qualification_lag_months": 24},
)
"""Korea makes 6 of the 10 magnets a month that its cars need, of Chinese oxide; China sells it 4
and could make 8, with a month of oxide to begin with."""


def played(network, item="oxide", **more):
    return Run.of(network, resolve(replace(stop(item=item, **more), focus=("KOR",)), network))


def test_makers_of_the_actor_sell_magnets_in_place_of_the_oxide_that_it_withholds(tmp_path):
    # 1.5 x 4 - 4 = 2 magnets a month more, of the 10 that Korea uses: a fifth.
    network = CHAIN.network(tmp_path)
    run = played(network)
    assert sold_instead(network, run) == {("CHN", "magnet", "KOR"): pytest.approx(0.2)}
    (said,) = notes(network, run)
    assert "CHN sells more of its own goods" in said
    assert said.endswith("magnet (20% of what KOR uses)")  # a product has no wider form


def test_nothing_is_said_of_what_a_measure_covers_or_of_others(tmp_path):
    network = CHAIN.network(tmp_path)
    assert not any(sold_instead(network, played(network, "magnet")).values())
    assert notes(network, played(network, severity=0)) == ()


def test_a_mineral_under_a_narrow_form_has_a_wider_one(tmp_path):
    products = ["oxide refine mineral=element", "magnet component", "cars industry"]
    network = CHAIN.but(products=products).network(tmp_path)
    (said,) = notes(network, played(network, "element", form="refined"))
    assert said.endswith("a wider measure (--form contained) stops that")
    assert notes(network, played(network, "element", form="contained")) == ()
