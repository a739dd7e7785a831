"""Figures of chokepoints: their rows are the simulated numbers, their words stay apart."""

import math

import numpy as np
import pytest
from matplotlib.lines import Line2D
from test_figures import hidden
from worlds import world

import supplychain as sc
from supplychain import World, figures, structure
from supplychain.chokepoints import Ban, Candidate, Ranking, Row, rank_chokepoints
from supplychain.chokepoints.agreement import Pair, agreement, spearman
from supplychain.chokepoints.report import Hit
from supplychain.chokepoints.survey import Cost, Survey, survey
from supplychain.figures.heat_map import worst_bans
from supplychain.figures.web import MOST_NODES, scene_of, web_of

MUSD = 1e6
CARS = world(
    products=[
        *("dy_ore mine mineral=dy", "dy_oxide refine mineral=dy", "ga_metal refine mineral=ga"),
        *("magnet component", "cars industry", "phones industry"),
    ],
    producers=["MMR dy_ore 120"],
    processors=["CHN dy_oxide 120", "CHN ga_metal 120", "CHN magnet 90", "JPN magnet 30"],
    industries=["KOR cars 120", "USA phones 120"],
    segments=["* cars all 1", "* phones all 1"],
    recipes=[
        *("dy_oxide dy_ore 1 critical", "magnet dy_oxide 1 critical"),
        *("cars/all magnet 1 critical", "phones/all ga_metal 1 critical"),
    ],
    trade=[
        *("MMR CHN dy_ore 1", "CHN CHN dy_oxide 1", "CHN JPN dy_oxide 1", "CHN USA ga_metal 1"),
        *("CHN KOR magnet 0.75", "JPN KOR magnet 0.25"),
    ],
)
"""Korea's cars need magnets, three quarters Chinese; all of Japan's oxide is Chinese too."""


@pytest.fixture(scope="module")
def cars(tmp_path_factory):
    return World(CARS.network(tmp_path_factory.mktemp("cars")))


@pytest.fixture(scope="module")
def played(cars):
    return survey(cars, ["KOR", "USA"])


@pytest.fixture(scope="module")
def shipped():
    return sc.load()


@pytest.fixture(scope="module")
def exports(shipped):
    """Exports of the sectors of three countries."""
    found = {}
    for node in shipped.network.nodes:
        if node.country in {"KOR", "JPN", "USA"} and node.exports_usd > 0:
            place = (node.country, node.product)
            found[place] = found.get(place, 0.0) + node.exports_usd
    return found


@pytest.fixture(scope="module")
def guessed(shipped, exports):
    """Losses drawn by lot for every ban that could matter: what pictures must have room for."""
    lot = np.random.default_rng(7)
    made = {(n.country, n.product) for n in shipped.network.nodes if n.kind == "producer"}
    costs = []
    for actor, product in sorted(made):
        hit = lot.random() < 0.1
        sectors = {
            place: float(usd * 10 ** -lot.uniform(1, 6))
            for place, usd in exports.items()
            if hit and lot.random() < 0.5
        }
        removal = Candidate("restriction", (Ban(actor, product),))
        costs.append(Cost(removal, (product,), sectors))
    return Survey(("KOR", "JPN", "USA"), 12, exports, tuple(costs), PACK)


PACK = {"pack": "minerals-2024", "version": "0", "sha256": "0" * 64, "title": ""}


def ranking_of(shipped, exports, *, band):
    """Twenty rows with the longest names of the pack; losses from billions to nothing."""
    names = {p: str(r["name"]) for p, r in shipped.network.products.items()}
    longest = sorted(names, key=lambda p: -len(names[p]))[:20]
    sector, baseline = max(exports.items(), key=lambda item: len(item[0][1]))
    rows = []
    for rank, product in enumerate(longest, 1):
        share = 0.0 if rank == 20 else 0.3 / 2**rank
        hit = Hit(*sector, share * baseline, share, (share / 2, share * 2) if band else None)
        removal = Candidate("pair", (Ban("COD", product), Ban("USA", product)))
        stage = str(shipped.network.products[product]["stage"])
        frozen = 1.5 * share * baseline + 1e9
        rows.append(Row(rank, removal, (stage,), (product,), share * baseline, share, frozen, 1,
                        (hit,), ()))  # fmt: skip
    counts = {"pair": 20}
    return Ranking(("KOR",), 12, "loss", tuple(rows), counts, {"pair": 1}, baseline, PACK)


@pytest.fixture(scope="module")
def pictures(shipped, exports, guessed):
    """Every picture, as full as it gets."""
    found = {
        ("bars", band): figures.chokepoint_bars(shipped, ranking_of(shipped, exports, band=band))
        for band in (False, True)
    }
    found["heat"] = figures.heat_map(shipped, guessed)
    found["agreement", 3] = figures.agreement(shipped, guessed, "betweenness")
    found["agreement", "KOR"] = figures.agreement(shipped, guessed.only(["KOR"]))
    for country in guessed.focus:
        one = guessed.only([country])
        for mineral in ("lithium", "silicon"):
            found["network", country, mineral] = figures.network_view(
                shipped, one, mineral, country
            )
    for actor, item in (("CHN", "dysprosium"), ("CHL", "copper"), ("USA", "silicon_quartz")):
        removal = Candidate("mineral", (Ban(actor, item),))
        found["flow", item] = figures.flow_map(shipped, removal)
    return found


def test_no_text_hides_another_or_leaves_the_page(pictures):
    faults = {name: found for name, d in pictures.items() if (found := hidden(d.figure))}
    assert not faults


def test_every_picture_has_a_question_and_a_source(pictures):
    for name, drawing in pictures.items():
        words = " ".join(t.get_text() for t in drawing.figure.texts).replace("\n", " ")
        assert "?" in words, name
        assert "Source: pack minerals-2024" in words, name


# Bars ---------------------------------------------------------------------------------------------


def test_rows_of_bars_are_those_of_the_ranking(cars):
    ranking = rank_chokepoints(cars, ["KOR"], what=["restriction"])
    rows = figures.chokepoint_bars(cars, ranking).rows
    assert [r["id"] for r in rows] == [r.removal.id for r in ranking.rows if r.frozen_usd > 0]
    for row, place in zip(rows, ranking.rows, strict=False):
        assert row["adaptive_usd"] == place.loss_usd
        assert row["frozen_usd"] == place.frozen_usd
        assert row["band_low_usd"] is None
    magnets = next(r for r in rows if r["id"] == "CHN:magnet")
    assert magnets["adaptive_usd"] == pytest.approx(90 * MUSD)
    assert magnets["name"] == "land of CHN: the magnet"


def test_a_band_is_the_sum_of_the_sectors_bands(shipped, exports):
    """The one sector hit loses a share of 0.15; its band is from half to twice of that."""
    ranking = ranking_of(shipped, exports, band=True)
    row = figures.chokepoint_bars(shipped, ranking).rows[0]
    baseline = exports[row["worst_country"], row["worst_sector"]]
    assert row["band_low_usd"] == pytest.approx(0.075 * baseline)
    assert row["band_high_usd"] == pytest.approx(0.3 * baseline)


# Survey and heat map ------------------------------------------------------------------------------


def test_a_survey_counts_every_country_by_itself(played):
    found = {c.removal.id: c for c in played.costs}
    assert found["CHN:magnet"].usd("KOR") == pytest.approx(90 * MUSD)
    assert found["CHN:magnet"].usd("USA") == 0
    assert found["CHN:ga_metal"].usd("USA") == pytest.approx(120 * MUSD)
    assert played.share(found["CHN:magnet"], "KOR") == pytest.approx(0.75)
    alone = played.only(["KOR"])
    assert alone.baseline_usd("KOR") == 120 * MUSD
    assert all(c.usd("USA") == 0 for c in alone.costs)


def test_cells_of_the_heat_map_are_shares_under_the_worst_ban(cars, played):
    # No oxide from China: only the magnets of Japan stop, a quarter. No ore: all magnets.
    worst = worst_bans(cars, played)
    assert {m: c.removal.id for m, c in worst.items()} == {"dy": "MMR:dy_ore", "ga": "CHN:ga_metal"}
    rows = {(r["mineral"], r["country"]): r for r in figures.heat_map(cars, played).rows}
    assert rows["dy", "KOR"]["loss_share"] == pytest.approx(1)
    assert rows["ga", "USA"]["loss_share"] == pytest.approx(1)
    for place in (("dy", "USA"), ("ga", "KOR")):
        assert rows[place]["loss_share"] is None
        assert not rows[place]["in_reach"]


# Agreement ----------------------------------------------------------------------------------------


def test_structure_and_loss_agree_where_nothing_adapts(cars, played):
    """Shares of exports that stop: ore 1, Chinese oxide 1, Chinese magnets 3/4, Japanese 1/4.

    A ban on China's oxide leaves home supply, so it costs the Japanese quarter alone: the index
    stands first with the ore, the loss third with Japan's magnets.
    """
    found = agreement(cars, played, "KOR", ["dominator"])["dominator"]
    pairs = {(p.actor, p.product): p for p in found.pairs}
    seen = {k: (p.index, p.loss_usd / MUSD, p.index_rank, p.loss_rank) for k, p in pairs.items()}
    assert seen == {
        ("MMR", "dy_ore"): (1, pytest.approx(120), 1, 1),
        ("CHN", "dy_oxide"): (1, pytest.approx(30), 1, 3),
        ("CHN", "magnet"): (0.75, pytest.approx(90), 3, 2),
        ("JPN", "magnet"): (0.25, pytest.approx(30), 4, 3),
    }
    [first] = found.disagreements(1)
    assert (first.actor, first.product, first.gap) == ("CHN", "dy_oxide", math.log(3))


def test_rank_correlation_by_hand():
    # Ranks 1, 2, 3 and 2, 1, 3: 1 - 6 * 2 / (3 * 8) = 0.5; with all equal there is none.
    assert spearman(np.array([5.0, 6, 9]), np.array([2.0, 1, 7])) == pytest.approx(0.5)
    assert spearman(np.array([5.0, 6]), np.array([1.0, 1])) == 0


def test_what_costs_nothing_is_no_disagreement_behind_those_that_cost():
    assert Pair("KOR", "A", "x", 0.1, 0.0, 800, 70).gap == 0
    assert Pair("KOR", "A", "x", 0.9, 0.0, 7, 70).gap == pytest.approx(math.log(10))
    assert Pair("KOR", "A", "x", 0.1, 5.0, 800, 8).gap == pytest.approx(-math.log(100))


def test_dots_of_the_scatter_are_the_bans_that_cost(shipped, guessed, pictures):
    drawing = pictures["agreement", "KOR"]
    known = structure.node_measures(shipped.network, ["KOR"])
    losses = {c.removal.id: c.usd("KOR") for c in guessed.costs}
    for row in drawing.rows:
        assert row["loss_usd"] == losses[f"{row['actor']}:{row['product']}"]
        assert row["value"] == known[row["actor"], row["product"]][row["index"]]
    hit = sum(r["loss_usd"] > 0 for r in drawing.rows)
    dots = [line for axes in drawing.figure.axes for line in axes.get_lines() if is_cloud(line)]
    assert sum(len(line.get_xdata()) for line in dots) == hit
    assert sum(r["named"] is not None for r in drawing.rows) == 4 * 5


def is_cloud(line: Line2D) -> bool:
    """Dots of a scatter, not of the key or of what is named."""
    return line.get_marker() == "o" and len(line.get_xdata()) > 1


# Network and flows --------------------------------------------------------------------------------


def test_a_web_carries_the_exports_that_rest_on_each_place(cars):
    web = web_of(cars, "dy", "KOR")
    carried = {k: v / MUSD for k, v in web.carried.items()}
    assert carried == pytest.approx(
        {("KOR", "cars"): 120, ("CHN", "magnet"): 90, ("JPN", "magnet"): 30}
        | {("CHN", "dy_oxide"): 120, ("MMR", "dy_ore"): 120}
    )
    columns = ["MMR dy_ore", "CHN dy_oxide", "CHN magnet", "KOR cars"]
    assert [web.column[tuple(place.split())] for place in columns] == [0, 1, 2, 3]
    assert not web_of(cars, "ga", "KOR").carried


def test_circles_are_losses_caused_and_suffered(cars, played):
    rows = figures.network_view(cars, played, "dy", "KOR").rows
    sizes = {
        (r["country"], r["product"]): r["loss_usd"] / MUSD for r in rows if r["what"] != "link"
    }
    assert sizes == pytest.approx(
        {("MMR", "dy_ore"): 120, ("CHN", "dy_oxide"): 30, ("CHN", "magnet"): 90}
        | {("JPN", "magnet"): 30, ("KOR", "cars"): 120}
    )


def test_a_large_network_is_pruned_to_what_costs_most(shipped, guessed):
    web = web_of(shipped, "silicon", "USA")
    scene = scene_of(web, guessed, "USA")
    assert len(web.carried) > MOST_NODES >= len(scene.nodes)
    left = max(scene.loss.get(k, 0.0) for k in web.carried if k not in scene.nodes)
    suppliers = [k for k in scene.nodes if k not in web.sectors]
    assert left <= min(scene.loss[k] for k in suppliers)


def test_the_world_flow_marks_what_the_ban_stops(cars):
    rows = figures.flow_map(cars, Candidate("restriction", (Ban("CHN", "magnet"),))).rows
    assert [r["product"] for r in rows if r["restricted"]] == ["magnet"]
    assert [r["share_of_stage"] for r in rows if r["restricted"]] == [pytest.approx(0.75)]
    for product in ("dy_ore", "dy_oxide", "magnet"):
        shares = [r["share_of_stage"] for r in rows if r["product"] == product]
        assert sum(shares) == pytest.approx(1)
    with pytest.raises(ValueError, match="no single ban"):
        figures.flow_map(cars, Candidate("node", node="CHN:magnet"))


def test_all_figures_of_a_ranking_come_with_names_of_files(cars, played, tmp_path):
    ranking = rank_chokepoints(cars, ["KOR", "USA"], what=["restriction"])
    found = dict(figures.chokepoint_figures(cars, ranking, surveyed=played))
    assert list(found) == [
        *("bars", "heat", "agreement", "network_KOR_dy", "flow_MMR_dy_ore"),
        *("network_USA_ga", "flow_CHN_ga_metal"),
    ]
    for name, drawing in found.items():
        assert not hidden(drawing.figure), name
        paths = figures.save(drawing.figure, drawing.rows, tmp_path, name)
        assert all(path.stat().st_size for path in paths)
    for wrong in (lambda: figures.network_view(cars, played, "dy", "JPN"),
                  lambda: figures.network_view(cars, played, "gold", "KOR")):  # fmt: skip
        with pytest.raises(KeyError):
            wrong()
