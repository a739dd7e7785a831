"""Where the shipped pack is found, and how another is loaded."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from worlds import LINK

from supplychain import world
from supplychain.errors import DataError
from supplychain.scenario_file import scenario_ids
from supplychain.world import load, shipped


@pytest.fixture
def house(tmp_path, monkeypatch):
    """An installation of its own: the folder of the package, still without data."""
    package = tmp_path / "site" / "supplychain"
    package.mkdir(parents=True)
    monkeypatch.setattr(world, "_HERE", package)
    return package


@pytest.fixture
def own(tmp_path):
    """A pack of one's own."""
    LINK.network(tmp_path / "packs")
    (found,) = (tmp_path / "packs").iterdir()
    return found


@pytest.mark.parametrize("folder", ["data", "scenarios"])
def test_a_wheel_holds_its_folders_inside_the_package(house, folder):
    (house / folder).mkdir()
    assert shipped(folder) == house / folder


@pytest.mark.parametrize("folder", ["data", "scenarios"])
def test_a_checkout_holds_its_folders_beside_the_package(house, folder):
    (house.parent / folder).mkdir()
    assert shipped(folder) == house.parent / folder


def test_what_is_inside_the_package_comes_before_what_is_beside_it(house):
    (house.parent / "data").mkdir()
    (house / "data").mkdir()
    assert shipped("data") == house / "data"


def test_a_file_of_that_name_is_no_folder(house):
    (house / "data").touch()
    (house.parent / "data").mkdir()
    assert shipped("data") == house.parent / "data"


def test_a_broken_installation_says_what_is_missing_and_what_to_do(house):
    with pytest.raises(DataError) as caught:
        load()
    (fault,) = caught.value.faults
    assert fault.file == "data"
    assert "missing from this installation" in str(caught.value)
    assert "install the package again" in str(caught.value)


def test_shipped_scenarios_are_those_of_the_installation(house):
    (house / "scenarios").mkdir()
    for name in ("b.toml", "a.toml", "notes.txt"):
        (house / "scenarios" / name).touch()
    assert scenario_ids() == ("a", "b")


@pytest.mark.parametrize("kind", [str, lambda place: place])
def test_a_folder_of_ones_own_is_loaded_by_path_or_text(own, kind):
    mine = load(kind(own))
    assert sorted(mine.graph) == ["CHN:magnet", "KOR:cars/all"]
    assert mine.tables is mine.network.tables
    assert mine.tables.folder == own.name


def test_without_a_folder_the_shipped_pack_is_loaded(house, own):
    own.rename(house / "data")
    assert sorted(load().graph) == ["CHN:magnet", "KOR:cars/all"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="none"):
        load(tmp_path / "none")


def test_a_world_never_changes(own):
    mine = load(own)
    with pytest.raises(FrozenInstanceError):
        mine.network = None
    assert mine == load(own)
