"""A dated path whose level is known within a range: by hand, and what it may not change."""

from __future__ import annotations

import pytest
from worlds import CARS, LINK, restriction, run, several

from supplychain.draws import OneAtATime
from supplychain.errors import ScenarioError
from supplychain.restriction import Range
from supplychain.scenario_file import load_scenario


def path(level=None, **more):
    """Half of a usual month, then the rest of it and the month's own."""
    kind = {"kind": "path", "path": (0.5, 2.0), "months": 2, "path_level": level} | more
    return several(restriction("CHN", "magnet", **kind))


def ceilings(network, scenario, draws=None):
    found = run(network, scenario) if draws is None else run(network, scenario, draws)
    table = found.ceilings(leaks=False)
    return table[:2, found.flow("CHN:magnet", CARS)].T.tolist()


def test_the_level_moves_the_whole_path_and_the_backlog_with_it(tmp_path):
    # 0.8 x 0.5 = 0.4 leaves 0.6, and 0.8 x 2 = 1.6 clears it; 1.2 x 0.5 = 0.6 leaves 0.4.
    level = Range(1.0, 0.8, 1.2)
    lanes = OneAtATime({"scenario path level": 0})
    found = ceilings(LINK.network(tmp_path), path(level), lanes)
    assert found == [pytest.approx([0.4, 1.6]), pytest.approx([0.6, 1.4])]


def test_a_level_of_no_width_and_none_at_all_are_the_path_itself(tmp_path):
    network = LINK.network(tmp_path)
    for level in (None, Range.of(1.0), Range(1.0, 0.8, 1.2)):
        assert ceilings(network, path(level)) == [pytest.approx([0.5, 1.5])]


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"kind": "ban", "path": ()}, "path_level: belongs to kind 'path'"),
        ({"path_level": Range.of(103.0)}, "path_level: 103 is not between 0.5 and 2"),
    ],
)
def test_a_level_of_something_else_is_refused(tmp_path, more, says):
    scenario = path(**({"path_level": Range(1.0, 0.8, 1.2)} | more))
    with pytest.raises(ScenarioError, match=says):
        run(LINK.network(tmp_path), scenario)


def test_a_word_for_a_level_is_told_what_a_level_may_be(tmp_path):
    text = (
        'id = "x"\ntitle = "x"\nfocus = ["KOR"]\n[[restriction]]\nactor = "CHN"\n'
        'products = ["ndfeb_magnet"]\nkind = "path"\npath = [0.5]\npath_level = "high"\n'
    )
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"path_level: a number, or a table"):
        load_scenario(tmp_path / "x.toml")
