"""Options that commands share, and how they print."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from supplychain.figures import Drawing
    from supplychain.result import Result
    from supplychain.world import World

_PLAIN_WIDTH = 150

JsonFlag = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout.", rich_help_panel="Output")
]
CsvFlag = Annotated[
    bool, typer.Option("--csv", help="Tidy CSV on stdout.", rich_help_panel="Output")
]
QuietFlag = Annotated[
    bool, typer.Option("--quiet", "-q", help="No messages, no progress.", rich_help_panel="Output")
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="Another data pack (a folder of CSV files).", rich_help_panel="Where"
    ),
]
SeedOption = Annotated[
    int, typer.Option(help="Seed of the band's sample.", rich_help_panel="Output", min=0)
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        "--out", help="Also write JSON, CSV and figures into this folder.", rich_help_panel="Output"
    ),
]
FocusOption = Annotated[
    str,
    typer.Option(
        "--focus",
        help="Countries whose exports are counted, such as KOR,JPN.",
        rich_help_panel="Where",
    ),
]
NoPlanner = Annotated[
    bool,
    typer.Option("--no-planner", help="Leave out the best response.", rich_help_panel="Output"),
]
NoBand = Annotated[
    bool, typer.Option("--no-band", help="Leave out the band.", rich_help_panel="Output")
]
DrawsOption = Annotated[
    int | None,
    typer.Option(
        "--draws",
        min=1,
        help="Draws of the band, such as 10000; default: as many as the pack says.",
        rich_help_panel="Output",
    ),
]
PricesFlag = Annotated[
    bool,
    typer.Option(
        "--prices",
        help="Also what the shortages would do to prices and to the value of exports.",
        rich_help_panel="Output",
    ),
]

ValuesFlag = Annotated[
    bool,
    typer.Option(
        "--values",
        help="Also what one more tonne licensed, stocked or smelted would save at best.",
        rich_help_panel="Output",
    ),
]

ChannelsFlag = Annotated[
    bool,
    typer.Option(
        "--channels",
        help="Also the orders that suppliers lose when customers stop, and who gains.",
        rich_help_panel="Output",
    ),
]
MechanismsFlag = Annotated[
    bool,
    typer.Option(
        "--mechanisms",
        help="Also what each mechanism takes off the loss, one after another.",
        rich_help_panel="Output",
    ),
]
EconomyFlag = Annotated[
    bool,
    typer.Option("--economy", help="Losses of GDP too, with suppliers.", rich_help_panel="Output"),
]


def split(text: str) -> tuple[str, ...]:
    """A list as users write it on a command line.

    >>> split("KOR, JPN,,USA")
    ('KOR', 'JPN', 'USA')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def console() -> "Console":
    """Where tables go: the terminal as it is, or plain lines that are wide enough for a table."""
    from rich.console import Console

    if sys.stdout.isatty():
        return Console(highlight=False)
    return Console(highlight=False, width=_PLAIN_WIDTH, no_color=True)


def prose(out: "Console", line: str) -> None:
    """A line of prose: wrapped at the words of a terminal, and left whole in a file or a pipe."""
    out.print(line, markup=False, soft_wrap=not sys.stdout.isatty())


def print_json(value: object) -> None:
    """One JSON object, keys as given, non-ASCII kept."""
    print(json.dumps(value, ensure_ascii=False, allow_nan=False))


@contextmanager
def progress(quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A progress bar on stderr, on a terminal only."""
    if quiet or not sys.stderr.isatty():
        yield lambda _step, _share: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("loading", total=1.0)
        yield lambda step, share: bar.update(task, description=step, completed=share)


def load_world(data: Path | None) -> "World":
    """The shipped pack or the user's own."""
    from supplychain.world import load

    if data is not None and not data.is_dir():
        raise UsageError(
            f"--data {data}: not a folder. Give a folder that holds the CSV files of a pack"
        )
    return load(data)


def print_csv(results: Sequence["Result"]) -> None:
    """Tidy CSV of one or several results, with one header."""
    from supplychain import render

    print(render.losses_csv(*results), end="")


def print_result(
    world: "World", result: "Result", *, quiet: bool, hints: Sequence[str], values: bool = False
) -> None:
    """A result on stdout: sentences and a table."""
    from supplychain import render, render_beside

    words = render.Words.of(world.network)
    out = console()
    for line in render.headline(result, words):
        prose(out, line)
    out.print()
    if render.ranked(result):
        out.print(render.loss_table(result, words))
    for table in render_beside.tables(result, words):
        out.print()
        out.print(table)
    if values:
        out.print()
        out.print(render_beside.values_table(result, words))
    quiet_line = render.untouched(result)
    if quiet_line:
        prose(out, quiet_line)
    if result.economy:
        out.print()
        out.print(render.economy_table(result, words))
    if quiet:
        return
    out.print()
    for line in render_beside.notes(result, words):
        prose(out, line)
    for line in render.footer(result) + render.economy_notes(result):
        prose(out, line)
    if hints:
        prose(out, "\nTry next:")
        for hint in hints:
            prose(out, f"  {hint}")


def write_folder(world: "World", result: "Result", folder: Path) -> list[Path]:
    """Result as JSON and CSV, and every figure, into a folder.

    Each file appears complete or not at all.
    """
    from supplychain import figures, render

    texts = {
        "result.json": pretty_json(result.as_dict()),
        "export_losses.csv": render.losses_csv(result),
    }
    written = write_texts(folder, texts)
    for name, drawing in _drawings(world, result):
        written += figures.save(drawing.figure, drawing.rows, folder, name)
    return written


def _drawings(world: "World", result: "Result") -> "Iterator[tuple[str, Drawing]]":
    """Every figure that says something about a result, with the name of its files."""
    from supplychain import figures, render

    hit = render.ranked(result)
    if hit:
        yield "losses", figures.losses(result)
    for country in result.resolved.focus:
        mine = [s for s in hit if s.country == country]
        if mine:
            worst = mine[0]
            yield f"chain-{country}", figures.chain(world, result, country)
            yield f"months-{country}", figures.months(result, country)
            table = figures.share_cover(world, result, country, worst.sector)
            yield f"share_cover-{country}-{worst.sector}", table
    if result.mechanisms and result.mechanisms.sectors:
        yield "mechanisms", figures.waterfall(result)
    if any(m.restriction.kind == "path" for m in result.resolved.measures):
        yield "replay", figures.replay(world, result)


def pretty_json(value: object) -> str:
    """JSON for a file: indented, non-ASCII kept, no number that is none."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def write_texts(folder: Path, texts: Mapping[str, str]) -> list[Path]:
    """Write files into a folder; each appears complete or not at all.

    Raises:
        UsageError: the folder cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            beside = folder / f"{name}.part"
            beside.write_text(text, encoding="utf-8")
            written.append(beside.replace(folder / name))
    except OSError as error:
        raise UsageError(f"--out {folder}: cannot be written: {error.strerror}") from error
    return written
