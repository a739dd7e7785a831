"""The house rules as tests: style, form, types, arrows, and promises that must agree."""

import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import supplychain

HOUSE = Path(__file__).resolve().parent.parent
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"
CHECKS = {
    "style": ("-m", "ruff", "check", "--output-format=concise", "."),
    "form": ("-m", "ruff", "format", "--check", "."),
    "types": ("-m", "mypy"),
    "contract": ("-c", LINT_IMPORTS),
}


def project() -> dict:
    return tomllib.loads((HOUSE / "pyproject.toml").read_text(encoding="utf-8"))


def readme_command(name: str) -> str:
    """The text between the two markers of a command, without its code fence."""
    readme = (HOUSE / "README.md").read_text(encoding="utf-8")
    block = re.findall(
        rf"<!-- {name} -->\n+```sh\n(.*?)\n```\n+<!-- /{name} -->", readme, re.DOTALL
    )
    assert len(block) == 1, f"README.md holds {len(block)} blocks marked {name}, want one"
    return block[0]


@pytest.mark.parametrize("check", CHECKS)
def test_house_rule_is_kept(check):
    """Each tool of the house, run as `make lint types contract` runs it."""
    done = subprocess.run(
        [sys.executable, *CHECKS[check]],
        cwd=HOUSE,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "120"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{check} is not kept:\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("command", ["demo-command", "test-command"])
def test_readme_command_is_one_line_in_an_environment_of_its_own(command):
    line = readme_command(command)
    assert "\n" not in line
    assert line.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_ci_runs_the_test_command_of_the_readme():
    shown = subprocess.run(
        ["bash", str(HOUSE / ".ci" / "run"), "--show"],  # noqa: S607 - bash is found where it is
        cwd=HOUSE.anchor,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == readme_command("test-command") + "\n"


def test_ci_script_may_be_executed():
    assert os.access(HOUSE / ".ci" / "run", os.X_OK)


def test_version_is_the_same_everywhere():
    citation = (HOUSE / "CITATION.cff").read_text(encoding="utf-8")
    cited = re.findall(r"(?m)^version: (\S+)$", citation)
    versions = {
        "pyproject.toml": project()["project"]["version"],
        "CITATION.cff": ", ".join(cited),
        "supplychain.__version__": supplychain.__version__,
        "installed": importlib.metadata.version("supplychain"),
    }
    assert len(set(versions.values())) == 1, f"versions differ: {versions}"


def test_every_lint_exception_has_a_reason():
    text = (HOUSE / "pyproject.toml").read_text(encoding="utf-8")
    lint = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.pylint]")]
    bare = re.findall(r'(?m)^    "[A-Z]+[0-9]*",\s*$', lint)
    assert not bare, f"exceptions without a reason: {bare}"


def test_changelog_tells_which_numbers_changed():
    changelog = (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8")
    releases = re.split(r"(?m)^## ", changelog)[1:]
    silent = [text.splitlines()[0] for text in releases if "### Numbers changed" not in text]
    assert releases
    assert not silent, f"no heading 'Numbers changed' under: {silent}"
