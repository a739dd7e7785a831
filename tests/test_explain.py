"""Why a sector loses exports: causes and paths that add up, in words that fit the numbers."""

from __future__ import annotations

import csv
import io
import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_figures import hidden
from worlds import path, restriction, several, stop, world

import supplychain as sc
from supplychain import figures
from supplychain.attribution.explain import explain
from supplychain.cli import main
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.errors import UnknownNameError, UsageError
from supplychain.explained import Branch, Explanation
from supplychain.growth import grown
from supplychain.network.values import Network
from supplychain.regimes import Ceilings
from supplychain.run import Run
from supplychain.scenario import Scenario
from supplychain.scenario_file import load_scenario, scenario_ids

ROUNDING = 1e-9
EXACT = pytest.approx

CHAIN = world(
    products=["ore mine", "magnet component", "chip component", "cars industry unit=unit"],
    producers=["CHN ore 120", "AUS ore 40"],
    processors=["JPN magnet 120", "USA chip 120"],
    industries=["KOR cars 120"],
    segments=["* cars all 1"],
    recipes=[
        "magnet ore 1 critical",
        "cars/all magnet 1 critical",
        "cars/all chip 1 critical",
    ],
    trade=["CHN JPN ore 0.75", "AUS JPN ore 0.25", "JPN KOR magnet 1", "USA KOR chip 1"],
)
"""China's ore becomes Japan's magnets, Korea's cars; chips come from the United States."""


def of(network: Network, scenario: Scenario, case: str = "frozen", **how: object) -> Explanation:
    run = Run.of(network, resolve(scenario, network))
    return explain(network, run, "KOR", "cars", case, **how)  # type: ignore[arg-type]


def adds_up(found: Explanation) -> None:
    loss = found.loss_usd
    assert sum(c.usd for c in found.contributions) == pytest.approx(loss, rel=ROUNDING, abs=0)
    assert sum(found.by_month) == pytest.approx(loss, rel=ROUNDING, abs=0)
    assert sum(usd for _, usd in found.by_mineral) == pytest.approx(loss, rel=ROUNDING, abs=0)
    told = sum(p.usd for p in found.paths) + found.rest_usd
    assert told == pytest.approx(loss, rel=ROUNDING, abs=0)
    assert not any(c.kind == "not_traced" for c in found.contributions)
    whole(found.tree, loss)


def whole(branch: Branch, loss: float) -> None:
    """Every branch is the sum of its parts."""
    if branch.branches:
        parts = sum(b.usd for b in branch.branches)
        assert parts == pytest.approx(branch.usd, rel=ROUNDING, abs=ROUNDING * loss)
    for part in branch.branches:
        whole(part, loss)


# By hand ------------------------------------------------------------------------------------------


def test_a_loss_is_followed_to_the_ore(tmp_path: Path) -> None:
    # Three quarters of the ore are missing for a whole year: three quarters of the cars.
    found = of(CHAIN.network(tmp_path), stop("CHN", "ore"))
    assert found.loss_share == pytest.approx(0.75)
    [only] = found.contributions
    assert (only.cause, only.kind, only.share) == (
        "land of CHN restricts ore",
        "restriction",
        EXACT(1),
    )
    assert (only.country, only.product, only.user) == ("CHN", "ore", "JPN:magnet")
    [way] = found.paths
    assert way.nodes == ("KOR:cars/all", "JPN:magnet", "CHN:ore")
    assert way.inputs == ("magnet", "ore")
    assert (found.rest_usd, found.rest_count) == (0, 0)
    adds_up(found)


def test_several_actors_are_told_apart(tmp_path: Path) -> None:
    # China withholds 3/4 of the ore, so that magnets for a quarter of the cars come in. At first
    # there are no chips at all: six months are lost to these, and 6/4 months of magnets pile up,
    # which are used later: 6 x 3/4 - 6/4 = 3 months are lost to the ore.
    scenario = several(restriction("CHN", "ore", months=12), restriction("USA", "chip", months=6))
    found = of(CHAIN.network(tmp_path), replace(scenario, horizon=12))
    shares = {c.actor: c.share for c in found.contributions}
    assert shares == {"CHN": EXACT(1 / 3), "USA": EXACT(2 / 3)}
    assert "By who restricts: land of USA 67 %, land of CHN 33 %." in found.sentence
    adds_up(found)


def test_measures_that_are_equally_tight_share_equally(tmp_path: Path) -> None:
    scenario = several(
        restriction("CHN", "ore", months=12),
        restriction("CHN", "ore", kind="quota", severity=sc.Range.of(1.0), months=6),
    )
    found = of(CHAIN.network(tmp_path), replace(scenario, horizon=12))
    assert {c.restriction: c.share for c in found.contributions} == {1: EXACT(0.75), 2: EXACT(0.25)}
    assert len({c.cause for c in found.contributions}) == 2


def test_a_tax_is_called_a_tax(tmp_path: Path) -> None:
    tax = restriction("CHN", "ore", kind="tax", severity=sc.Range.of(0.0), months=12,
                      rate=sc.Range.of(0.5), elasticity=sc.Range.of(-0.5))  # fmt: skip
    found = of(CHAIN.network(tmp_path), several(tax))
    assert [c.cause for c in found.contributions] == ["land of CHN taxes ore"]
    assert "because land of CHN taxes the ore, which" in found.sentence


def test_small_branches_are_cut_and_counted(tmp_path: Path) -> None:
    # Both kinds of ore are stopped, a quarter of it Australian: with a threshold of a half it goes.
    scenario = several(restriction("CHN", "ore"), restriction("AUS", "ore"))
    network = CHAIN.network(tmp_path)
    found = of(network, replace(scenario, horizon=12), least=0.5)
    assert [p.nodes[-1] for p in found.paths] == ["CHN:ore"]
    assert (found.rest_count, found.rest_usd) == (1, EXACT(found.loss_usd / 4))
    assert len(found.contributions) == 2
    adds_up(found)
    few = of(network, replace(scenario, horizon=12), most=1)
    assert (few.rest_count, few.rest_usd) == (1, EXACT(few.loss_usd / 4))


def test_the_sentence_speaks_of_the_numbers(tmp_path: Path) -> None:
    stocked = CHAIN.but(stocks=["* * magnet 60"])
    found = of(stocked.network(tmp_path), several(restriction("CHN", "ore", "magnet", months=12)))
    assert found.sentence.startswith("land of KOR: exports of the cars fall by ")
    assert (
        "100 % because land of CHN withholds the ore, which makers of the magnet" in found.sentence
    )
    assert found.first_month == 3  # two months of stock, a quarter of which is replaced each month
    assert found.bridged_months == 2
    assert "stocks and other supply bridged the 2 months before." in found.sentence
    assert found.without_effect == ("magnet",)
    assert found.sentence.endswith("Nothing of it comes from the magnet.")


def test_nothing_lost_is_said(tmp_path: Path) -> None:
    network = CHAIN.but(stocks=["* * magnet 3600"]).network(tmp_path)
    found = of(network, stop("CHN", "ore"), "adaptive")
    assert (found.loss_usd, found.contributions, found.paths) == (0, (), ())
    assert "lose nothing" in found.sentence
    assert "even without adaptation" in found.sentence
    assert found.tree.branches == ()


def test_a_sector_out_of_reach_loses_nothing(tmp_path: Path) -> None:
    tables = CHAIN.tables
    products, mines = [*tables["products"], "salt mine"], [*tables["producers"], "CHN salt 1"]
    apart = CHAIN.but(products=products, producers=mines)
    found = of(apart.network(tmp_path), stop("CHN", "salt"))
    assert "no restricted good reaches an input that is modelled" in found.sentence


def test_a_supplier_that_sold_its_stock_is_competition(tmp_path: Path) -> None:
    # Japan's magnets: a month of ore in stock. Germany's cars lose their Chinese magnets and buy
    # more from Japan, which draws on that stock; so Korea runs out earlier.
    rush = world(
        products=["ore mine", "magnet component", "cars industry unit=unit"],
        producers=["CHN ore 240"],
        processors=["CHN magnet 120", "JPN magnet 120 capacity=240"],
        industries=["KOR cars 120", "DEU cars 120"],
        segments=["* cars all 1"],
        recipes=["magnet ore 1 critical", "cars/all magnet 1 critical"],
        trade=["CHN CHN ore 1", "CHN JPN ore 1", "CHN DEU magnet 1", "JPN KOR magnet 1"],
        stocks=["* * ore 60"],
        constants={"new_supplier_share": 1, "access_ceiling": 2, "catch_up_capacity": 1},
    )
    network = rush.network(tmp_path)
    found = of(network, several(restriction("CHN", "ore", "magnet", months=12)), "adaptive")
    kinds = {c.kind: c for c in found.contributions}
    assert kinds.keys() == {"restriction", "competition"}
    assert kinds["competition"].cause == "JPN:magnet used up its ore for other buyers"
    assert 0 < kinds["competition"].share < kinds["restriction"].share
    alone = several(restriction("CHN", "ore", months=12))
    assert {c.kind for c in of(network, alone, "adaptive").contributions} == {"restriction"}
    adds_up(found)


GERMANIUM = world(
    products=["zinc_ore mine", "zinc refine", "germanium refine", "tubs industry", "cars industry"],
    producers=["AUS zinc_ore 1200"],
    processors=["CHN zinc 1200", "CHN germanium 120"],
    industries=["JPN tubs 1200", "KOR cars 120"],
    segments=["* tubs all 1", "* cars all 1"],
    recipes=[
        "zinc zinc_ore 1",
        "germanium zinc 0.1 relation=host",
        "tubs/all zinc 1",
        "cars/all germanium 1",
    ],
    trade=["AUS CHN zinc_ore 1", "CHN JPN zinc 1", "CHN KOR germanium 1"],
)
"""China's germanium comes off its zinc, which is made of Australian ore and sold to Japan."""


@pytest.mark.parametrize(
    ("actor", "item", "inputs"),
    [
        ("AUS", "zinc_ore", ("germanium", "zinc", "zinc_ore")),
        ("CHN", "zinc", ("germanium", "zinc")),
    ],
)
def test_a_by_product_is_followed_to_its_host(
    tmp_path: Path, actor: str, item: str, inputs: tuple[str, ...]
) -> None:
    # The host stops for want of ore, or because nobody may take its zinc: either takes it all.
    found = of(GERMANIUM.network(tmp_path), stop(actor, item))
    assert found.loss_share == pytest.approx(1)
    assert [(c.actor, c.product, c.share) for c in found.contributions] == [(actor, item, EXACT(1))]
    assert found.paths[0].inputs == inputs
    assert ("so that its makers stop" in found.sentence) == (item == "zinc")
    adds_up(found)


def test_a_loop_of_recipes_is_followed_back_to_the_start(tmp_path: Path) -> None:
    # Korean magnets need Chinese scrap of the month before, which is made of Korean magnets. One
    # month without scrap breaks the circle for good: every later loss is due to that month.
    loop = world(
        products=["scrap refine", "magnet component", "cars industry"],
        processors=["CHN scrap 60", "KOR magnet 120"],
        industries=["KOR cars 60"],
        segments=["* cars all 1"],
        recipes=["magnet scrap 0.5", "scrap magnet 1", "cars/all magnet 1"],
        trade=["CHN KOR scrap 1", "KOR CHN magnet 1", "KOR KOR magnet 1"],
    )
    found = of(loop.network(tmp_path), path([0, *[1] * 11], item="scrap"))
    assert found.loss_share == pytest.approx(11 / 12)
    assert [c.product for c in found.contributions] == ["scrap"]
    shortest, longest = (f(found.paths, key=lambda p: len(p.nodes)) for f in (min, max))
    assert shortest.nodes == ("KOR:cars/all", "KOR:magnet", "CHN:scrap")
    assert len(longest.nodes) == 3 + 2 * 10
    adds_up(found)


def test_blame_follows_the_ceilings(tmp_path: Path) -> None:
    scenario = several(
        restriction("CHN", "ore", severity=sc.Range.of(0.5), months=12),
        restriction("CHN", "ore", start="2025-04", months=3),
    )
    network = CHAIN.network(tmp_path)
    run = Run.of(network, resolve(replace(scenario, horizon=12), network))
    pairs = [(network.flows[e].supplier, network.flows[e].slot) for e in run.compiled.flows]
    ceilings = Ceilings(network, run.resolved, Central(), 1, [*pairs, *run.compiled.openings])
    blame = ceilings.blame(leaks=False)
    assert blame.shape == (12, 1, 2, 1)
    assert blame[:, 0, 1, 0].tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert (blame.sum(axis=2) == 1).all()
    assert np.array_equal(ceilings.regimes().ceiling, run.compiled.arrays.regimes.ceiling)


# On the pack --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pack() -> sc.World:
    return sc.load()


@pytest.fixture(scope="module")
def april(pack: sc.World) -> sc.Result:
    scenario = load_scenario("china-april-2025")
    effort = sc.Effort(planner=False, band=False)
    return sc.simulate(pack, scenario, focus=["KOR", "USA"], effort=effort)


@pytest.mark.parametrize("case", ["adaptive", "frozen"])
def test_every_sector_adds_up(april: sc.Result, case: str) -> None:
    for loss in april.losses:
        found = april.explain(loss.country, loss.sector, case)
        assert found.loss_usd == loss.usd(case)
        adds_up(found)
        if case == "adaptive":
            assert found.first_month == loss.first_month


@pytest.mark.slow
@pytest.mark.parametrize("name", scenario_ids())
def test_every_shipped_scenario_adds_up(pack: sc.World, name: str) -> None:
    scenario = load_scenario(name)
    network = grown(pack.network, scenario)
    run = Run.of(network, resolve(scenario, network))
    for sector in run.sectors:
        for case in ("adaptive", "frozen"):
            adds_up(explain(network, run, sector.country, sector.sector, case))  # type: ignore[arg-type]


def test_names_are_understood_and_wrong_ones_answered(april: sc.Result) -> None:
    assert april.explain("South Korea", "Auto parts") == april.explain("KOR", "auto_parts")
    with pytest.raises(UnknownNameError, match="auto_parts"):
        april.explain("KOR", "autoparts")
    with pytest.raises(UnknownNameError, match="country in focus 'JPN'"):
        april.explain("JPN", "automobiles")
    with pytest.raises(UnknownNameError, match="Korea"):
        april.explain("Korae", "automobiles")
    with pytest.raises(UsageError, match="adaptive, frozen"):
        april.explain("KOR", "auto_parts", "planner")


def test_explaining_is_no_part_of_the_answer(april: sc.Result) -> None:
    bare = replace(april, explainer=None)
    assert bare == april
    assert "explainer" not in repr(april)
    with pytest.raises(UsageError, match="only a result of"):
        bare.explain("KOR", "auto_parts")
    assert april.__getstate__()["explainer"] is None


def test_korean_magnets_come_from_china(april: sc.Result) -> None:
    found = april.explain("KOR", "auto_parts")
    top = found.contributions[0]
    assert (top.actor, top.product, top.user) == ("CHN", "ndfeb_magnet_hre", "KOR:auto_parts")
    assert top.share > 0.5
    assert found.tree.id == "KOR:auto_parts"


# Command line and figures -------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _balance_once(pack: sc.World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands share the balanced pack; reading and balancing it is tested elsewhere."""
    monkeypatch.setattr("supplychain.world.load", lambda _folder=None: pack)


EXPLAIN = ("explain", "china-april-2025", "KOR", "auto_parts")


def test_json_keeps_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EXPLAIN, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    parts = sum(c["usd"] for c in found["contributions"])
    assert parts == pytest.approx(found["loss_usd"], rel=ROUNDING, abs=0)
    assert all({"cause", "share", "usd"} <= c.keys() for c in found["contributions"])
    central = [c["loss_share"] for c in found["two_way"] if c["central"]]
    assert central == [found["loss_share"]]


def test_minerals_share_the_loss_that_they_cause_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Dysprosium and terbium are in the same magnets: each alone stops nearly all of it.
    assert main([*EXPLAIN, "--shapley", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "Shapley share of" in said
    found = json.loads((tmp_path / "explanation.json").read_text(encoding="utf-8"))
    parts = {c["cause"]: c["usd"] for c in found["shapley"]["contributions"]}
    assert sum(parts.values()) == pytest.approx(found["loss_usd"], rel=ROUNDING, abs=0)
    assert parts["CHN samarium"] == 0
    assert {k for k, usd in parts.items() if usd} == {"CHN dysprosium", "CHN terbium"}
    assert found["shapley"]["overlap_usd"] > 0.5 * found["loss_usd"]
    assert {"shapley.csv", "shared-KOR-auto_parts.png"} <= {p.name for p in tmp_path.iterdir()}


def test_csv_by_month_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EXPLAIN, "--case", "frozen", "--csv", "--by", "month"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert sum(float(r["share"]) for r in rows) == pytest.approx(1)
    assert {r["case"] for r in rows} == {"frozen"}


def test_text_says_why_and_out_writes_figures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*EXPLAIN, "--by", "month", "--out", str(tmp_path)]) == 0
    said = capsys.readouterr()
    for words in ("because China withholds", "most missed by", "path, from the sector", "cover of"):
        assert words in said.out
    assert "wrote 12 files" in said.err
    names = {p.name for p in tmp_path.iterdir()}
    assert {"explanation.json", "contributions.csv", "paths.csv", "share_cover.png"} <= names
    assert {"explain_tree-KOR-auto_parts.svg", "causes-KOR-auto_parts.svg"} <= names


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("explain", "china-april-2025", "KOR", "autoparts"), 4),
        (("explain", "china-april-2025", "Korae", "auto_parts"), 4),
        (("explain", "no-such", "KOR", "auto_parts"), 4),
        ((*EXPLAIN, "--case", "planner"), 2),
        ((*EXPLAIN, "--by", "year"), 2),
        ((*EXPLAIN, "--json", "--csv"), 2),
    ],
)
def test_mistakes_are_answered(
    words: tuple[str, ...], code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words)) == code
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err


@pytest.mark.parametrize(
    ("country", "sector"), [("KOR", "automobiles"), ("USA", "defence"), ("USA", "medical_devices")]
)
def test_no_text_hides_another(april: sc.Result, country: str, sector: str) -> None:
    for draw in (figures.explain_tree, figures.causes):
        drawing = draw(april, country, sector, "frozen")
        assert hidden(drawing.figure) == []


def test_figures_show_the_numbers(april: sc.Result) -> None:
    found = april.explain("KOR", "automobiles")
    rows = figures.causes(april, "KOR", "automobiles").rows
    assert [r["usd"] for r in rows] == [c.usd for c in found.contributions]
    branches = figures.explain_tree(april, "KOR", "automobiles").rows
    assert branches[0]["usd"] == found.loss_usd


def test_nothing_lost_is_not_drawn(april: sc.Result) -> None:
    for draw in (figures.explain_tree, figures.causes):
        with pytest.raises(ValueError, match="loses nothing"):
            draw(april, "USA", "aerospace")


def test_explanations_can_be_sent(april: sc.Result) -> None:
    found = april.explain("KOR", "auto_parts")
    assert pickle.loads(pickle.dumps(found)) == found  # noqa: S301 - bytes of this test
