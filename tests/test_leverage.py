"""Leverage: who withholds what from whom, by hand and against the removals of chokepoints."""

import json
from pathlib import Path

import pytest
from worlds import World as Lines
from worlds import world

import supplychain as sc
from supplychain import World
from supplychain.chokepoints import Candidate, leverage
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.leverage import Leverage
from supplychain.chokepoints.ranking import losses
from supplychain.chokepoints.replacing import Access
from supplychain.chokepoints.single import one_by_one
from supplychain.chokepoints.trade import Trade
from supplychain.chokepoints.withhold import Cell, stops
from supplychain.cli import main
from supplychain.errors import UnknownNameError, UsageError

MUSD = 1e6
FOCUS = ("KOR", "USA")
MINERALS = ("iron", "tin")
CARS = world(
    products=[
        "iron_metal refine mineral=iron",
        "tin_metal refine mineral=tin",
        "cars industry",
        "phones industry",
    ],
    processors=["CHN iron_metal 90", "JPN iron_metal 30 capacity=42", "CHN tin_metal 240"],
    industries=["KOR cars 120", "USA phones 120"],
    segments=["* cars all 1", "* phones all 1"],
    recipes=[
        "cars/all iron_metal 1 critical",
        "cars/all tin_metal 1 critical",
        "phones/all tin_metal 1 critical",
    ],
    trade=[
        "CHN KOR iron_metal 0.75",
        "JPN KOR iron_metal 0.25",
        "CHN KOR tin_metal 1",
        "CHN USA tin_metal 1",
    ],
    constants={"access_ceiling": 1.2},
)
"""Korea needs 10 iron and 10 tin a month for cars worth 10 million USD a month.

Of the iron 7.5 are Chinese and 2.5 Japanese. Japan could make 1 more, of which an access ceiling of
1.2 lets Korea have 0.5.
"""


def found(lines: Lines, folder: Path, **options: object) -> Leverage:
    """Leverage over Korea and the United States by iron and tin."""
    return leverage(World(lines.network(folder)), FOCUS, MINERALS, **options)  # type: ignore[arg-type]


def cell(matrix: Leverage, actor: str, mineral: str, focus: str) -> Cell:
    """One cell of the matrix."""
    return next(
        c for c in matrix.withhold if (c.actor, c.mineral, c.focus) == (actor, mineral, focus)
    )


@pytest.fixture(scope="module")
def shipped() -> World:
    return sc.load()


@pytest.fixture(scope="module")
def gallium(shipped: World) -> Leverage:
    return leverage(shipped, ["KOR", "JPN", "USA"], ["gallium"], actors=["CHN", "JPN", "DEU"])


# By hand ------------------------------------------------------------------------------------------


def test_a_cell_is_what_is_missing_after_partners_sent_what_they_can(tmp_path):
    # 7.5 of 10 iron are missing, 0.5 come from Japan: 7 of 10 cars are lost.
    matrix = found(CARS, tmp_path)
    iron = cell(matrix, "CHN", "iron", "KOR")
    assert iron.loss_usd == pytest.approx(84 * MUSD)
    assert iron.loss_share == pytest.approx(0.7)
    assert (iron.sector, iron.sector_share) == ("cars", pytest.approx(0.7))
    assert (iron.product, iron.use_share) == ("iron_metal", pytest.approx(0.75))
    assert cell(matrix, "JPN", "iron", "KOR").loss_usd == pytest.approx(30 * MUSD)
    assert cell(matrix, "CHN", "tin", "USA").loss_usd == pytest.approx(120 * MUSD)


def test_a_country_without_a_sector_that_uses_it_loses_nothing_and_is_said_to_have_none(tmp_path):
    matrix = found(CARS, tmp_path)
    iron = cell(matrix, "CHN", "iron", "USA")
    assert (iron.loss_usd, iron.exposed, iron.sector, iron.use_share) == (0, 0, "", 0)
    assert cell(matrix, "CHN", "iron", "KOR").exposed == 1


def test_both_minerals_at_once_cost_the_cars_once(tmp_path):
    # Iron alone 84, tin alone 120, both 120: 84 are counted twice. Phones are lost once.
    matrix = found(CARS, tmp_path)
    korea, america = (
        next(x for x in matrix.together if (x.actor, x.focus) == ("CHN", c)) for c in FOCUS
    )
    assert korea.minerals == MINERALS
    assert korea.singles_usd == pytest.approx(204 * MUSD)
    assert korea.loss_usd == pytest.approx(120 * MUSD)
    assert (korea.overlap_usd, korea.overlap_sector) == (pytest.approx(84 * MUSD), "cars")
    assert (america.loss_usd, america.overlap_usd) == (pytest.approx(120 * MUSD), 0)


def test_a_product_of_two_minerals_is_named_where_they_overlap(tmp_path):
    lines = CARS.but(
        products=["bronze component semi_of=iron|tin", "cars industry"],
        processors=["CHN bronze 120"],
        industries=["KOR cars 120"],
        segments=["* cars all 1"],
        recipes=["cars/all bronze 1 critical"],
        trade=["CHN KOR bronze 1"],
    )
    matrix = leverage(World(lines.network(tmp_path)), ["KOR"], MINERALS)
    whole = matrix.together[0]
    assert whole.overlap_products == ("bronze",)
    assert whole.loss_usd == pytest.approx(120 * MUSD)
    assert whole.overlap_usd == pytest.approx(120 * MUSD)


def test_a_partner_is_held_by_its_spare_capacity_and_by_access(tmp_path):
    # Japan has 1 to spare, may send 0.5 of it, and sends it: a fifteenth of 7.5.
    matrix = found(CARS, tmp_path)
    gap = next(g for g in matrix.replace if (g.actor, g.product) == ("CHN", "iron_metal"))
    assert (gap.withheld, gap.use_share, gap.unit) == (
        pytest.approx(7.5),
        pytest.approx(0.75),
        "t",
    )
    (offer,) = gap.offers
    assert offer.partner == "JPN"
    assert offer.spare == pytest.approx(1)
    assert offer.possible == pytest.approx(0.5)
    assert offer.reached == pytest.approx(0.5)
    assert gap.replaced == pytest.approx(1 / 15)
    assert (gap.leaked, gap.released) == (pytest.approx(0), 0)


def test_a_new_supplier_waits_for_its_qualification(tmp_path):
    # Vietnam sells Korea nothing today; of its 4 to spare, half may be had after 3 of 12 months.
    boats = {
        "products": "boats industry",
        "processors": "VNM iron_metal 24 capacity=72",
        "industries": "VNM boats 24",
        "segments": "* boats all 1",
        "recipes": "boats/all iron_metal 1 critical",
        "trade": "VNM VNM iron_metal 1",
    }
    lines = CARS.but(
        constants={"new_supplier_share": 0.5, "qualification_lag_months": 3},
        **{name: [*CARS.tables[name], line] for name, line in boats.items()},
    )
    network = lines.network(tmp_path)
    field = Field.of(network, ["KOR"])
    assert Access(field, Trade(network)).possible("iron_metal", "VNM", "KOR") == pytest.approx(1.5)
    gap = next(
        g
        for g in leverage(World(network), ["KOR"], ["iron"]).replace
        if (g.actor, g.product) == ("CHN", "iron_metal")
    )
    reached = {o.partner: o.reached for o in gap.offers}
    assert reached["VNM"] == pytest.approx(1.5)


def test_supply_is_the_share_of_use_and_what_could_be_added(tmp_path):
    matrix = found(CARS, tmp_path)
    told = {
        (x.product, x.supplier, x.user): (x.use_share, x.spare_share)
        for x in matrix.supply
        if x.use_share
    }
    assert told == {
        ("iron_metal", "CHN", "KOR"): (pytest.approx(0.75), 0),
        ("iron_metal", "JPN", "KOR"): (pytest.approx(0.25), pytest.approx(0.1)),
        ("tin_metal", "CHN", "KOR"): (pytest.approx(1), 0),
        ("tin_metal", "CHN", "USA"): (pytest.approx(1), 0),
    }
    named = leverage(World(CARS.network(tmp_path)), ["KOR"], ["iron"], partners=["land of JPN"])
    assert {x.supplier for x in named.supply} == {"KOR", "JPN"}


# Laws ---------------------------------------------------------------------------------------------


def test_every_cell_is_the_loss_of_the_same_removal_on_its_own(shipped, gallium):
    network = shipped.network
    for actor in ("CHN", "JPN", "DEU"):
        run = one_by_one(network, stops(actor, "gallium"), gallium.focus)
        for focus in gallium.focus:
            mine = [s for s in run.sectors if s.country == focus]
            usd = sum(run.loss(s, "adaptive") * s.exports_usd for s in mine)
            told = cell(gallium, actor, "gallium", focus)
            assert told.loss_usd == pytest.approx(usd, rel=1e-12)
            assert told.loss_share == pytest.approx(usd / sum(s.exports_usd for s in mine))


def test_all_at_once_is_a_run_of_the_union(shipped):
    minerals = ["gallium", "germanium"]
    matrix = leverage(shipped, ["KOR"], minerals, actors=["CHN"])
    run = one_by_one(shipped.network, stops("CHN", *minerals), ["KOR"])
    usd = sum(run.loss(s, "adaptive") * s.exports_usd for s in run.sectors)
    assert matrix.together[0].loss_usd == pytest.approx(usd, rel=1e-12)
    assert matrix.together[0].singles_usd == pytest.approx(
        sum(c.loss_usd for c in matrix.withhold), rel=1e-12
    )


def test_who_sells_nothing_has_no_leverage(tmp_path):
    matrix = found(CARS, tmp_path, actors=["USA", "KOR"])
    assert len(matrix.withhold) == 8  # two actors, two minerals, two focus countries
    assert all((c.loss_usd, c.use_share, c.exposed) == (0, 0, 0) for c in matrix.withhold)
    assert matrix.together == ()
    assert matrix.replace == ()


def test_nobody_sends_more_than_access_and_spare_capacity_allow(shipped, gallium):
    network = shipped.network  # new plants are not counted as possible
    growing = {network.nodes[p.node].country for p in network.projects if "gallium" in str(p.row)}
    offers = [offer for gap in gallium.replace for offer in gap.offers]
    assert any(offer.reached > 0 for offer in offers)
    for offer in (o for o in offers if o.partner not in growing):
        assert offer.reached <= offer.possible * (1 + 1e-9) + 1e-12


def test_what_partners_send_and_what_leaks_is_what_moved(shipped, gallium):
    # No flow of the mineral into a focus country is forgotten or counted twice.
    field = Field.of(shipped.network, gallium.focus)
    run = one_by_one(shipped.network, stops("CHN", "gallium"), gallium.focus)
    outcome, arrays = run.outcomes["adaptive"], run.compiled.arrays
    more = (outcome.shipped[:, :, 0].mean(axis=(0, 2)) - 1) * arrays.flows.quantity
    new = outcome.opened[:, :, 0].mean(axis=(0, 2)) * arrays.slots.need[arrays.openings.slot]
    nodes = [field.network.nodes[i] for i in run.compiled.nodes]
    for gap in (g for g in gallium.replace if g.actor == "CHN"):
        total = sum(
            amount
            for ends, amounts in ((arrays.flows, more), (arrays.openings, new))
            for supplier, slot, amount in zip(ends.supplier, ends.slot, amounts, strict=True)
            if nodes[supplier].product == gap.product
            and nodes[arrays.slots.node[slot]].country == gap.focus
        )
        told = sum(o.reached for o in gap.offers) + (gap.leaked - 1) * gap.withheld
        assert told == pytest.approx(total, abs=1e-9 * gap.withheld + 1e-12)


def test_spare_capacity_is_the_one_that_the_engine_uses(shipped):
    field = Field.of(shipped.network, ["KOR"])
    compiled, spare = field.whole.compiled, Trade(shipped.network).spare
    for k, i in enumerate(compiled.nodes):
        node = shipped.network.nodes[i]
        if node.kind == "producer" and not node.planned:
            room = (compiled.arrays.nodes.capacity[k, 0] - 1) * compiled.arrays.nodes.base[k]
            assert spare[node.product, node.country] == pytest.approx(room, abs=1e-12)


def test_other_names_change_nothing_but_the_names(tmp_path):
    swap = {"CHN": "VNM", "iron": "zinc", "tin": "lead"}

    def renamed(line: str) -> str:
        """A line with other names."""
        for old, new in swap.items():
            line = line.replace(old, new)
        return line

    lines = Lines({k: [renamed(x) for x in v] for k, v in CARS.tables.items()}, CARS.constants)
    before = found(CARS, tmp_path)
    after = leverage(World(lines.network(tmp_path)), FOCUS, ["zinc", "lead"])
    told = {
        (swap.get(c.actor, c.actor), swap[c.mineral], c.focus): c.loss_usd for c in before.withhold
    }
    assert {(c.actor, c.mineral, c.focus): c.loss_usd for c in after.withhold} == pytest.approx(
        told
    )
    assert [x.overlap_usd for x in after.together] == pytest.approx(
        [x.overlap_usd for x in before.together]
    )
    assert [g.replaced for g in after.replace] == pytest.approx(
        [g.replaced for g in before.replace]
    )


def test_the_order_of_focus_countries_and_minerals_is_no_matter(tmp_path):
    here = World(CARS.network(tmp_path))
    one = leverage(here, FOCUS, MINERALS)
    two = leverage(here, FOCUS[::-1], MINERALS[::-1])
    assert set(one.withhold) == set(two.withhold)
    alone = leverage(here, ["KOR"], ["iron"])
    assert set(alone.withhold) <= set(one.withhold)


# Answers ------------------------------------------------------------------------------------------


def test_tables_and_json_say_the_same(tmp_path):
    matrix = found(CARS, tmp_path)
    told = matrix.as_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    for name, table in matrix.tables().items():
        assert len(table) == len(told[name]) > 0
    assert list(matrix.tables()["withhold"]["loss_usd"]) == [
        row["loss_usd"] for row in told["withhold"]
    ]


def test_no_mineral_named_is_all_of_them(tmp_path):
    matrix = leverage(World(CARS.network(tmp_path)), FOCUS, ())
    assert set(matrix.minerals) == {"element", *MINERALS}
    assert set(matrix.withhold) == set(found(CARS, tmp_path).withhold)


def test_one_removal_may_be_told_in_full(tmp_path):
    matrix = found(CARS, tmp_path, top=1)
    assert {(g.actor, g.mineral) for g in matrix.replace} == {("CHN", "tin")}


def test_what_nobody_knows_is_refused(tmp_path):
    here = World(CARS.network(tmp_path))
    with pytest.raises(UnknownNameError, match="irn"):
        leverage(here, FOCUS, ["irn"])
    with pytest.raises(UnknownNameError):
        leverage(here, ["Atlantis"], MINERALS)
    with pytest.raises(UnknownNameError):
        leverage(here, FOCUS, MINERALS, actors=["Atlantis"])
    with pytest.raises(UnknownNameError):
        leverage(here, FOCUS, MINERALS, partners=["Atlantis"])
    with pytest.raises(UsageError):
        leverage(here, FOCUS, MINERALS, top=0)


def test_a_removal_of_two_minerals_has_the_loss_of_its_ranking(tmp_path):
    network = CARS.network(tmp_path)
    field = Field.of(network, FOCUS)
    both = stops("CHN", *MINERALS)
    assert isinstance(both, Candidate)
    matrix = found(CARS, tmp_path)
    total = sum(x.loss_usd for x in matrix.together if x.actor == "CHN")
    assert losses(field, [both])[0].total == pytest.approx(total, rel=1e-12)


def test_the_command_prints_matrices_json_csv_and_files(tmp_path, capsys):
    CARS.but(constants={"headline_d_threshold": 0.5}).network(tmp_path / "pack")
    pack = next((tmp_path / "pack").iterdir())
    words = ["leverage", "--data", str(pack), "--focus", "KOR,USA", "--minerals", "iron,tin"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "0.08 (70)" in said
    assert "no sector in the pack" in said
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "leverage.json",
        *(f"leverage-{name}.csv" for name in ("withhold", "together", "replace", "supply")),
    }
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["schema"] == "supplychain/leverage/1"
    assert main([*words, "--csv", "--table", "supply"]) == 0
    assert capsys.readouterr().out.startswith("mineral,product,supplier,user,")
    assert main([*words[:-1], "all", "--quiet", "--actors", "China"]) == 4
    assert main([*words[:-1], "all", "--quiet", "--actors", "CHN"]) == 0
    capsys.readouterr()


def test_the_command_refuses_with_the_codes_of_all_commands(tmp_path, capsys):
    CARS.network(tmp_path / "pack")
    words = ["leverage", "--data", str(next((tmp_path / "pack").iterdir()))]
    assert main([*words, "--focus", "Atlantis"]) == 4
    assert main([*words, "--focus", "KOR", "--minerals", "unobtainium"]) == 4
    assert main([*words, "--minerals", ""]) == 2
    assert main([*words, "--json", "--csv"]) == 2
    assert main([*words, "--table", "chairs"]) == 4
    assert main([*words, "--top", "0"]) == 2
    capsys.readouterr()
