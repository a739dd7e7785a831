"""What the documents show is what the package answers now; what they point at is there."""

import importlib.util
import re
import shlex
import sys
from pathlib import Path
from types import ModuleType

import frictionless
import pytest
from typer.main import get_command

from supplychain.cli import app
from supplychain.tables import load_tables

HOUSE = Path(__file__).resolve().parent.parent
README = (HOUSE / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
STALE = "run `make documents`"


def script(name: str) -> ModuleType:
    """A script of `docs/` as a module."""
    place = HOUSE / "docs" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name.strip("_"), place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def examples() -> ModuleType:
    """`docs/_examples.py`, which writes what the documents show."""
    return script("_examples")


def test_console_blocks_are_real_output(examples):
    found = list(examples.OUTPUT.finditer(README))
    assert [block["words"] for block in found] == ["restrict China dysprosium --focus KOR"]
    for block in found:
        assert f"\nsupplychain {block['words']}\n" in README[: block.start()]
        assert block["body"] == examples.printed(block["words"]), STALE


def test_python_examples_are_real_answers(examples):
    found = list(examples.EXAMPLES.finditer(README))
    assert len(found) == 1
    for block in found:
        assert block["body"] == examples.answered(block["body"]), STALE


def test_the_pack_describes_itself_as_the_schema_does(examples):
    for path, text in examples.described().items():
        assert path.read_text(encoding="utf-8") == text, STALE


def test_the_page_of_measures_shows_the_table():
    controls = script("_controls")
    found = controls.BLOCK.search(controls.PAGE.read_text(encoding="utf-8"))
    shown = found[0][len(found[1]) : -len(found[2])]
    assert shown == controls.table(load_tables(HOUSE / "data")), STALE


def test_frictionless_accepts_the_pack():
    report = frictionless.validate(str(HOUSE / "data" / "datapackage.json"))
    assert report.valid, report.to_summary()
    assert len(report.tasks) == len(list((HOUSE / "data").glob("*.csv")))


def test_marks_of_blocks_are_in_pairs(examples):
    assert README.count("<!-- output of:") == README.count("<!-- /output -->") == 1
    assert README.count("<!-- examples -->") == README.count("<!-- /examples -->") == 1
    once = examples.answered(">>> 1 + 1\n>>> def two():\n...     return 2\n\n>>> two()\n")
    assert once == ">>> 1 + 1\n2\n>>> def two():\n...     return 2\n>>> two()\n2\n"


@pytest.mark.parametrize("link", sorted(set(LINK.findall(README))))
def test_links_lead_somewhere(link):
    assert link.startswith("https://") or (HOUSE / link).exists()


def commands() -> list[str]:
    """Every `supplychain ...` line of the README's shell blocks."""
    lines = (line for block in SHELL.findall(README) for line in block.splitlines())
    return [line for line in lines if line.startswith("supplychain ")]


@pytest.mark.parametrize("line", commands())
def test_commands_of_the_readme_are_understood(line):
    command, words = get_command(app), shlex.split(line)[1:]
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    assert command.make_context(command.name, words).params


def test_readme_states_the_limits():
    for promise in ("mostly assumptions", "it mostly misses", "grade D", "not counted"):
        assert promise in README
