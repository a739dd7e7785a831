"""Figures: the rows agree with the result, no text hides another, and files are as promised."""

import csv
from itertools import combinations, pairwise

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

import supplychain as sc
from supplychain import figures
from supplychain.figures.alluvial import place
from supplychain.figures.tracing import pick, trace
from supplychain.twoway import share_cover_table

QUICK = sc.Effort(planner=False, band=False)


@pytest.fixture(scope="module")
def world():
    return sc.load()


@pytest.fixture(scope="module")
def ladder(world):
    """Three rungs, one country, without the planner."""
    effort = sc.Effort(planner=False)
    return sc.simulate(world, sc.restrict("China", ["dysprosium"]), focus=["KOR"], effort=effort)


@pytest.fixture(scope="module")
def ban(world):
    """Four countries, long names."""
    items = ["dysprosium", "terbium", "ndfeb_magnet"]
    scenario = sc.restrict("China", items, kind="ban")
    return sc.simulate(world, scenario, focus=["KOR", "JPN", "USA", "DEU"], effort=QUICK)


@pytest.fixture(scope="module")
def three(world):
    scenario = sc.restrict("COD", ["cobalt"])
    return sc.simulate(world, scenario, focus=["KOR", "JPN", "USA"], effort=QUICK)


@pytest.fixture(scope="module")
def nothing(world):
    """An actor that supplies nothing of it: every loss is zero."""
    scenario = sc.restrict("Chile", ["dysprosium"], kind="ban")
    return sc.simulate(world, scenario, focus=["KOR"], effort=QUICK)


@pytest.fixture(scope="module")
def pictures(world, ladder, ban, three, nothing):
    """Every figure of every result."""
    found = {}
    for name, result in {"ladder": ladder, "ban": ban, "three": three, "zero": nothing}.items():
        worst = max(result.losses, key=lambda s: s.usd("frozen"))
        found[name, "losses"] = figures.losses(result)
        found[name, "losses in usd"] = figures.losses(result, "usd")
        found[name, "replay"] = figures.replay(world, result)
        found[name, "share_cover"] = figures.share_cover(world, result, worst.country, worst.sector)
        for country in result.resolved.focus:
            found[name, "chain", country] = figures.chain(world, result, country)
            found[name, "months", country] = figures.months(result, country)
    return found


def texts(figure):
    """Visible texts with their boxes in pixels."""
    FigureCanvasAgg(figure).draw()
    shown = [
        t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t.figure
    ]
    return [(t, t.get_window_extent()) for t in shown]


def hidden(figure):
    """Pairs of texts that share more than a hair, and texts that leave the page."""
    everything, gone = texts(figure), undrawn(figure)
    boxes = [(t, b) for t, b in everything if b.width > 0 and t not in gone]
    faults = [
        (a.get_text(), b.get_text())
        for (a, x), (b, y) in combinations(boxes, 2)
        if min(x.x1, y.x1) - max(x.x0, y.x0) > 1 and min(x.y1, y.y1) - max(x.y0, y.y0) > 1
    ]
    page = figure.bbox
    faults += [
        (t.get_text(), "outside the page")
        for t, b in boxes
        if b.x0 < 0 or b.y0 < 0 or b.x1 > page.x1 or b.y1 > page.y1
    ]
    return faults


def undrawn(figure):
    """Tick labels beyond the ends of their axis, and all of axes that are off, are never drawn."""
    found = set()
    for axes in figure.axes:
        for labels, ends, way in (
            (axes.get_xticklabels(), sorted(axes.get_xlim()), 0),
            (axes.get_yticklabels(), sorted(axes.get_ylim()), 1),
        ):
            found |= {
                label
                for label in labels
                if not axes.axison
                or not ends[0] - 1e-9 <= label.get_position()[way] <= ends[1] + 1e-9
            }
    return found


def test_no_text_hides_another_or_leaves_the_page(pictures):
    faults = {name: found for name, d in pictures.items() if (found := hidden(d.figure))}
    assert not faults


def test_every_picture_has_a_question_a_source_and_a_caption(pictures):
    for name, drawing in pictures.items():
        words = " ".join(t.get_text() for t in drawing.figure.texts).replace("\n", " ")
        assert "?" in words, name
        assert "Source: pack minerals-2024" in words, name
        assert "band 10-90" in words, name


def test_rows_of_losses_agree_with_the_result(ladder):
    rows = figures.losses(ladder).rows
    assert len(rows) == sum(len(r.losses) for r in ladder.ladder)
    last = {r["sector"]: r for r in rows if r["rung"] == ladder.ladder[-1].name}
    for loss in ladder.losses:
        row = last[loss.sector]
        assert row["adaptive_share"] == loss.share["adaptive"]
        assert row["frozen_share"] == loss.share["frozen"]
        assert (row["band_low_share"], row["band_high_share"]) == loss.band
        assert row["point_shown"] == int(loss.grade_d_weight <= 0.5)


def test_a_point_is_drawn_only_where_assumptions_do_not_dominate(ladder):
    drawing = figures.losses(ladder)
    shown = [r for r in drawing.rows if r["point_shown"] and r["band_high_share"] > 0]
    dots = [
        line
        for axes in drawing.figure.axes
        for line in axes.get_lines()
        if line.get_marker() == "o" and axes.axison
    ]
    assert len(dots) == len(shown)


def test_sectors_without_a_loss_are_listed_not_drawn(ladder, nothing):
    spared = [s.sector for s in ladder.losses if s.share["frozen"] == 0 and s.band[1] == 0]
    drawing = figures.losses(ladder)
    names = [t.get_text() for a in drawing.figure.axes for t in a.get_yticklabels()]
    line = next(t.get_text() for t in drawing.figure.texts if t.get_text().startswith("No loss"))
    for sector in spared:
        assert sector.replace("_", " ") not in names
        assert sector.replace("_", " ") in line.replace("\n", " ")
    assert not [a for a in figures.losses(nothing).figure.axes if a.axison]


def test_rows_of_months_agree_with_the_result(ladder):
    rows = figures.months(ladder, "KOR").rows
    for loss in ladder.losses:
        for case, values in loss.monthly.items():
            mine = [
                r["value"]
                for r in rows
                if (r["sector"], r["what"], r["case"]) == (loss.sector, "loss_share", case)
            ]
            assert tuple(mine) == values
    stocks = [r for r in rows if r["what"] == "stock"]
    assert len(stocks) == sum(len(t.stock) for t in ladder.traces)


def test_a_country_outside_the_focus_is_refused(world, ladder):
    with pytest.raises(KeyError, match="JPN is not in focus"):
        figures.months(ladder, "JPN")
    with pytest.raises(KeyError, match="JPN is not in focus"):
        figures.chain(world, ladder, "JPN")


def test_the_dysprosium_chain_runs_from_ore_to_korean_sectors(world, ladder):
    found = pick(world.network, ladder, "KOR")
    assert [c[0] for c in found] == ["dysprosium_ore", "dysprosium_oxide", "ndfeb_magnet_hre"]
    chain = trace(world.network, ladder, "KOR", found)
    for stage in range(len(found) + 1):
        assert sum(chain.blocks(stage).values()) == pytest.approx(1)
    restricted = [b for b in chain.bands if b.restricted]
    assert {b.supplier for b in restricted} == {"CHN"}
    assert all(b.user != "CHN" for b in restricted)


def test_the_last_stage_holds_the_reliance_of_the_result(world, ladder):
    rows = figures.chain(world, ladder, "KOR").rows
    chinese = sum(
        r["share_of_stage"]
        for r in rows
        if r["product"] == "ndfeb_magnet_hre" and r["supplier"] == "CHN"
    )
    told = next(r for r in ladder.reliance if r.product == "ndfeb_magnet_hre")
    assert chinese == pytest.approx(told.of_use)


def test_labels_of_tiny_blocks_have_room():
    column = {"a": 0.98, **dict.fromkeys("bcdef", 0.004)}
    blocks = list(place([column], 4.0, 0.2)[0].values())
    for above, below in pairwise(blocks):
        assert below.middle - above.middle >= 0.2 - 1e-9
        assert below.top >= above.top + above.height
    assert blocks[-1].middle + 0.1 <= 4.0 + 1e-6


@pytest.mark.parametrize("sector", ["auto_parts", "automobiles", "defence"])
def test_the_central_cell_is_the_loss_of_the_result_exactly(world, ladder, sector):
    cells = share_cover_table(world, ladder.resolved.scenario, "KOR", sector)
    central = [c for c in cells if c.central]
    assert [c.loss_share for c in central] == [ladder.loss("KOR", sector).share["adaptive"]]


def test_more_stock_never_costs_and_losses_are_linear_in_the_share(world, ladder):
    cells = share_cover_table(world, ladder.resolved.scenario, "KOR", "auto_parts")
    by_place = {(c.affected_share, c.cover_days): c.loss_share for c in cells}
    covers = sorted({c.cover_days for c in cells})
    shares = sorted({c.affected_share for c in cells})
    for share in shares:
        losses = [by_place[share, cover] for cover in covers]
        assert losses == sorted(losses, reverse=True)
    for cover in covers:
        rates = [by_place[share, cover] / share for share in shares]
        assert rates == pytest.approx([rates[0]] * len(rates))


def test_a_sector_out_of_reach_has_no_table(world, ladder):
    assert share_cover_table(world, ladder.resolved.scenario, "KOR", "semiconductors") == ()
    with pytest.raises(KeyError, match="no sector"):
        share_cover_table(world, ladder.resolved.scenario, "KOR", "fishing")


def test_the_replay_peaks_in_june_and_says_what_it_is_not(world, ladder):
    drawing = figures.replay(world, ladder)
    months = [r for r in drawing.rows if r["what"] == "month"]
    peak = max(months, key=lambda r: r["backlog_months"])
    assert len(months) == 9
    assert (peak["name"], round(peak["backlog_months"], 2)) == ("Jun 25", 1.52)
    whole = [r for r in drawing.rows if r["what"] == "stop" and r["chinese_share"] == 1.0]
    stops = [r["cover_days"] for r in whole if r["stop_month"] is not None]
    assert max(stops) == 46  # 1.52 months
    words = " ".join(t.get_text() for t in drawing.figure.texts)
    assert "Arithmetic on an assumed cover, not validation" in words.replace("\n", " ")


def test_files_are_written_and_the_same_figure_gives_the_same_svg(tmp_path, ladder):
    def written(folder):
        drawing = figures.losses(ladder)
        return figures.save(drawing.figure, drawing.rows, folder, drawing.name)

    first, second = written(tmp_path / "a"), written(tmp_path / "b")
    assert [p.name for p in first] == ["losses.png", "losses.svg", "losses.csv"]
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]
    assert "<dc:date>" not in first[1].read_text(encoding="utf-8")
    with first[2].open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(figures.losses(ladder).rows)
    assert float(rows[0]["frozen_share"]) == ladder.ladder[0].losses[0].share["frozen"]


def test_the_callers_matplotlib_settings_neither_matter_nor_change(tmp_path, ladder):
    def svg(folder):
        drawing = figures.losses(ladder)
        return figures.save(drawing.figure, drawing.rows, folder, "x")[1].read_bytes()

    usual = svg(tmp_path / "a")
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": "mine"}):
        before = dict(mpl.rcParams)
        assert svg(tmp_path / "b") == usual
        assert dict(mpl.rcParams) == before
