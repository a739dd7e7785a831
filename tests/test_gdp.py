"""The comparison's GDP: the economy layer in many lanes, and what a miss is said to come from."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest

from supplychain.economy import economy_of, read_table
from supplychain.scenario_file import load_scenario
from supplychain.validation.answers import Question
from supplychain.validation.claims import Claim, Figure
from supplychain.validation.gdp import Gdp, of_group, of_whole, of_whole_usd
from supplychain.validation.mechanism import why
from supplychain.validation.score import Ours
from supplychain.validation.view import FIXED, Play
from supplychain.world import load


@pytest.fixture(scope="module")
def shipped():
    return load()


@pytest.fixture(scope="module")
def play(shipped):
    """The question of the Geological Survey: a stop with small losses in four groups."""
    return Play.of(shipped.network, load_scenario("gallium-germanium-full-stop"))


@pytest.fixture(scope="module")
def table(shipped):
    return read_table(shipped.tables)


@dataclass(frozen=True)
class Loss:
    country: str
    sector: str
    baseline_exports_usd: float
    share: dict[str, float]
    evidence: str = "D"


def test_a_lane_is_what_the_economy_layer_says_of_the_same_losses(play, table):
    cases = {"frozen": play.cases["frozen"], "adaptive": play.cases[FIXED]}
    losses = [
        Loss(*key, s.exports_usd, {case: float(v.loss(key)[0]) for case, v in cases.items()})
        for key, s in cases["frozen"].sectors.items()
    ]
    run = SimpleNamespace(resolved=play.run.resolved, losses=losses)
    usa = economy_of(table, run).country("USA")
    for reading, alone, whole in (
        (of_whole, usa.whole.share, usa.with_home.share),
        (of_whole_usd, _billions(usa.whole.usd), _billions(usa.with_home.usd)),
    ):
        gdp = Gdp.of(table, play, "USA", reading)
        for case, view in cases.items():
            # Whose exports stand still for others is that of all cases of the play, not of two.
            assert gdp.lost(view, home=False)[0] == pytest.approx(alone[case], rel=1e-3)
            assert gdp.lost(view)[0] == pytest.approx(whole[case], rel=1e-3)
            assert gdp.lost(view)[0] > 1.3 * gdp.lost(view, home=False)[0] > 0
    least = {(loss.country, loss.sector): loss.share["frozen"] for loss in losses}
    gdp = Gdp.of(table, play, "USA", of_whole)
    assert gdp.of_losses(least) == pytest.approx(gdp.lost(cases["frozen"])[0], rel=1e-12)
    groups = {group for _, group in table.sectors}
    parts = [Gdp.of(table, play, "USA", of_group(g)).lost(cases["frozen"])[0] for g in groups]
    whole_usd = Gdp.of(table, play, "USA", of_whole_usd).lost(cases["frozen"])[0]
    assert sum(parts) == pytest.approx(whole_usd, rel=1e-12)


def _billions(usd):
    return {case: value / 1e9 for case, value in usd.items()}


def test_industries_that_lose_nothing_stand_for_their_group_too(play, table):
    # Hit industries alone would stand for all exports of a group, and count for too much.
    gdp = Gdp.of(table, play, "USA", of_whole)
    calm = [i.sector for i in gdp.industries if not i.hit]
    assert {"automobiles", "aerospace"} <= set(calm)
    assert len({i.sector for i in gdp.industries}) == len(gdp.industries)


def test_the_sample_draws_what_is_lost_at_home(play, table):
    gdp = Gdp.of(table, play, "USA", of_whole)
    (view,) = play.sample(1, 2, trace=False)
    alone, whole = gdp.lost(view, home=False), gdp.lost(view)
    assert (whole >= alone - 1e-15).all()
    full = SimpleNamespace(
        lanes=view.lanes, loss=view.loss, network=view.network, draws=play.cases["frozen"].draws
    )
    most = gdp.lost(full)
    assert (whole <= most * (1 + 1e-12)).all()


# What a miss is said to come from ----------------------------------------------------------------

CLAIM = Claim(
    id="a_loss", table="published_estimates", group="a study", grade="validation", held_out=True,
    metric="gdp_change", unit="share of GDP", actor="CHN", items=(), countries=("JPN",),
    partners=(), sectors=("economy",), low=None, central=-0.01, high=None, before=None,
    scenario="a-stop", start="", first_month="", last_month="", months=12, says="", note="",
)  # fmt: skip


def said(size, *, low=None, high=None, band=None):
    """A best response of 0.001, 0.01 by adaptation, 0.02 by stocks alone, 0.03 without stocks."""
    cases = {"planner": -0.001, "adaptive": -0.01, "frozen": -0.02}
    asked = Question(None, 12, detail={"exports alone": 0.004})
    classes = [
        SimpleNamespace(kind="essentiality", value=value, high=1.0) for value in (1.0, 1.0, 0.5)
    ]
    play = SimpleNamespace(run=SimpleNamespace(asked=classes))
    ours = Ours(cases, band, {FIXED: -0.03})
    figure = Figure(low, None if size is None else -size, high, "share of GDP")
    return why(CLAIM, figure, ours, asked, play)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0.0005, "less than even the best response"),
        (0.005, "between the best response (0.001) and the adaptive case"),
        (0.015, "between the adaptive case and stocks alone (0.02): less help from others"),
        (0.025, "shorter stocks, or users downstream, which are not counted"),
        (0.04, "more than fixed proportions without stocks lose here (0.03, home sales counted)"),
    ],
)
def test_a_miss_of_gdp_says_which_mechanism_would_close_it(size, words):
    text = said(size)
    assert words in text
    assert text.endswith("by lost exports alone -0.004")
    assert "outside its band" not in text


def test_of_a_range_the_nearer_end_is_what_has_to_be_explained():
    assert "between the adaptive case and stocks alone" in said(None, low=-0.05, high=-0.015)
    assert "more than fixed proportions" in said(None, low=-0.06, high=-0.04)


def test_a_figure_outside_its_own_band_says_why():
    words = "outside its band, since 2 of 3 essentiality classes are central at their strictest"
    assert words in said(0.02, band=(-0.009, -0.001))
    assert words not in said(0.02, band=(-0.011, -0.001))


# Hafnium ------------------------------------------------------------------------------------------


def test_hafnium_follows_nuclear_zirconium_alone(shipped):
    # 2.2 kt of sponge hold 0.02 x 2,200 = 44 t of hafnium, of which 32 t are taken: 1.375.
    network = shipped.network
    at = {node.id: i for i, node in enumerate(network.nodes)}
    host, ratio = network.hosts[at["FRA:hafnium_refined"]]
    assert network.nodes[host].id == "FRA:zirconium_nuclear"
    assert ratio == pytest.approx(0.02 * network.nodes[host].output / 32, rel=0.05)
    # France forges its sponge at home: a ban on exports leaves more than the 73 % that bind.
    own = [
        f.quantity
        for f in network.flows
        if f.supplier == host and network.nodes[network.slots[f.slot].node].country == "FRA"
    ]
    assert sum(own) > network.nodes[host].output / ratio
    products = {network.nodes[h].product for h, _ in network.hosts.values()}
    assert "zirconium_refined" not in products
    assert np.isfinite(ratio)
