"""Write again what the documents show: console blocks, Python examples, the figure, the notebooks.

``make documents`` runs it; `tests/test_documents.py` and `tests/test_notebooks.py` see that nothing
shown differs from what the package answers. A block of the README stands between HTML comments:

    <!-- output of: supplychain list minerals -->       a command and what it prints
    <!-- /output -->
    <!-- examples -->                                   Python examples in the form of doctest
    <!-- /examples -->
"""

import contextlib
import doctest
import io
import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import jupytext
import nbformat

import supplychain as sc
from supplychain import dictionary, figures
from supplychain.cli import main as supplychain_command
from supplychain.tables import load_tables

HOUSE = Path(__file__).resolve().parent.parent
PACK = HOUSE / "data"
README = HOUSE / "README.md"
FIGURE = HOUSE / "docs" / "img" / "losses.png"
NOTEBOOKS = HOUSE / "notebooks"
OUTPUT = re.compile(
    r"(?P<head><!-- output of: supplychain (?P<words>[^\n]*) -->\n+```text\n)"
    r"(?P<body>.*?)(?P<tail>```\n+<!-- /output -->)",
    re.DOTALL,
)
EXAMPLES = re.compile(
    r"(?P<head><!-- examples -->\n+```pycon\n)(?P<body>.*?\n)(?P<tail>```\n+<!-- /examples -->)",
    re.DOTALL,
)


def printed(words: str) -> str:
    """What a command prints, without spaces at the ends of lines.

    Raises:
        RuntimeError: the command fails.
    """
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = supplychain_command(shlex.split(words))
    if code:
        raise RuntimeError(f"supplychain {words}: exit code {code}")
    return _trimmed(out.getvalue())


def answered(examples: str) -> str:
    """Python examples with the answers that they give now."""
    names: dict[str, object] = {}
    parts = []
    for example in doctest.DocTestParser().get_examples(examples):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(example.source, "README.md", "single"), names)  # noqa: S102 - our own text
        prompted = "\n... ".join(example.source.rstrip("\n").split("\n"))
        parts.append(f">>> {prompted}\n{_trimmed(out.getvalue())}")
    return "".join(parts)


def _trimmed(text: str) -> str:
    """Text without spaces at the ends of lines; nothing, or one newline at its end."""
    lines = [line.rstrip() for line in text.rstrip().split("\n")]
    return "\n".join(lines) + "\n" if any(lines) else ""


def _filled(form: re.Pattern[str], text: str, body: Callable[[re.Match[str]], str]) -> str:
    """The text with the body of every block of a form written again."""
    return form.sub(lambda found: found["head"] + body(found) + found["tail"], text)


def readme(text: str) -> str:
    """The README with every block as it should be now."""
    text = _filled(OUTPUT, text, lambda found: printed(found["words"]))
    return _filled(EXAMPLES, text, lambda found: answered(found["body"]))


def notebook(source: Path) -> str:
    """The notebook of a script in the percent form: no outputs, cells numbered."""
    book = jupytext.read(source)
    for number, cell in enumerate(book.cells):
        cell["id"] = f"cell-{number:02d}"
    book.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    book.nbformat, book.nbformat_minor = 4, 5
    nbformat.validate(book)
    return str(nbformat.writes(book)).rstrip("\n") + "\n"


def described() -> dict[Path, str]:
    """The data dictionary and the Frictionless package of the shipped pack."""
    tables = load_tables(PACK)
    package = json.dumps(dictionary.as_package(tables), indent=1, ensure_ascii=False) + "\n"
    return {PACK / "README.md": dictionary.as_markdown(tables), PACK / "datapackage.json": package}


def describe() -> list[Path]:
    """Write what `described` says."""
    for path, text in described().items():
        path.write_text(text, encoding="utf-8")
    return list(described())


def draw(path: Path = FIGURE) -> None:
    """The figure of the README: the same question as its console block."""
    result = sc.simulate(sc.load(), sc.restrict("China", "dysprosium"), focus=["KOR"])
    figure = figures.losses(result).figure
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120, metadata={"Description": figure.get_label(), "Software": None})


def main() -> None:
    """Write everything."""
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")
    draw()
    written = [README, FIGURE, *describe()]
    for source in sorted(NOTEBOOKS.glob("*.py")):
        target = source.with_suffix(".ipynb")
        target.write_text(notebook(source), encoding="utf-8")
        written.append(target)
    for path in written:
        print(f"wrote {path.relative_to(HOUSE)}")


if __name__ == "__main__":
    main()
