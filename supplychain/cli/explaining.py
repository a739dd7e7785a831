"""The command that says why: explain."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import (
    CsvFlag,
    DataOption,
    JsonFlag,
    OutOption,
    QuietFlag,
    console,
    load_world,
    pretty_json,
    print_json,
    progress,
    prose,
    write_texts,
)
from supplychain.errors import UsageError

if TYPE_CHECKING:
    from supplychain.attribution.shapley import Shapley
    from supplychain.explained import Explanation
    from supplychain.result import Result
    from supplychain.scenario import Scenario
    from supplychain.twoway import Cell
    from supplychain.world import World


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("explain")(explain_command)


def explain_command(
    scenario: Annotated[str, typer.Argument(help="A scenario file (TOML) or a shipped id.")],
    country: Annotated[str, typer.Argument(help="Whose exports, such as KOR.")],
    sector: Annotated[str, typer.Argument(help="Which sector, such as auto_parts.")],
    *,
    override: Annotated[
        list[str] | None, typer.Option("-S", help="key=value, such as severity=0.5.")
    ] = None,
    case: Annotated[
        str, typer.Option(help="adaptive, or frozen: without adaptation.", rich_help_panel="What")
    ] = "adaptive",
    by: Annotated[
        str, typer.Option(help="month: also the loss of every month.", rich_help_panel="What")
    ] = "",
    shapley: Annotated[
        bool,
        typer.Option(
            "--shapley",
            help="Also each mineral's or restriction's Shapley share, and how far they overlap.",
            rich_help_panel="What",
        ),
    ] = False,
    data: DataOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
    out: OutOption = None,
) -> None:
    """Why a sector loses exports: causes that add up to the loss, and the paths they take.

    supplychain explain china-april-2025 KOR auto_parts

    supplychain explain my.toml JPN automobiles -S severity=1 --case frozen --by month
    """
    from supplychain.result import EXPLAINED_CASES
    from supplychain.scenario_file import load_scenario
    from supplychain.simulation import Effort, simulate
    from supplychain.twoway import share_cover_table

    if as_json and as_csv:
        raise UsageError("--json and --csv: choose one")
    if by not in {"", "month"}:
        raise UsageError(f"--by {by}: only month")
    if case not in EXPLAINED_CASES:
        raise UsageError(f"--case {case}: choose one of {', '.join(EXPLAINED_CASES)}")
    played = load_scenario(scenario, override or ())
    with progress(quiet) as report:
        world = load_world(data)
        effort = Effort(planner=False, band=False)
        result = simulate(world, played, focus=[country], effort=effort, progress=report)
        found = result.explain(country, sector, case)
        is_told = not as_csv or out is not None
        cells = share_cover_table(world, played, found.country, found.sector) if is_told else ()
        shared = _shared(world, played, found) if shapley else None
    if out is not None:
        written = _write_folder(world, result, found, cells, out, shared)
        if not quiet:
            print(f"wrote {len(written)} files into {out}", file=sys.stderr)
    if as_json:
        print_json(_as_dict(found, cells, shared))
    elif as_csv:
        from supplychain.render_explained import contributions_csv

        print(contributions_csv(found, by_month=by == "month"), end="")
    else:
        words = _again(scenario, country, sector, override or ())
        _print(result, found, cells, shared, by_month=by == "month", hints=() if quiet else words)


def _shared(world: "World", scenario: "Scenario", found: "Explanation") -> "Shapley | None":
    """The loss shared among minerals or restrictions; None where there is no loss to share."""
    from supplychain.attribution.shapley import shapley

    if not found.loss_usd:
        return None
    return shapley(world, scenario, focus=[found.country], case=found.case)


def _as_dict(
    found: "Explanation", cells: Sequence["Cell"], shared: "Shapley | None"
) -> dict[str, object]:
    """The JSON contract, the two-way table, and Shapley shares if asked for."""
    told: dict[str, object] = found.as_dict() | {"two_way": [asdict(cell) for cell in cells]}
    if shared is not None:
        told["shapley"] = shared.of(found.country, found.sector).as_dict()
    return told


def _print(
    result: "Result",
    found: "Explanation",
    cells: Sequence["Cell"],
    shared: "Shapley | None",
    *,
    by_month: bool,
    hints: Sequence[str],
) -> None:
    """The sentence, the tree and the tables."""
    from supplychain import render_explained as render

    out = console()
    if result.resolved.scenario.ladder:
        prose(out, "Of the ladder its hardest rung, the full stop:")
    prose(out, found.sentence)
    has_loss = any(cell.loss_share > 0 for cell in cells)
    tables = [render.two_way_table(cells)] if has_loss else []
    if found.contributions:
        out.print()
        out.print(render.tree(found))
        tables = [render.causes_table(found), render.paths_table(found), *tables]
        if by_month:
            tables.insert(2, render.months_table(found))
        if shared is not None:
            tables.insert(1, render.shapley_table(shared.of(found.country, found.sector)))
    for table in tables:
        out.print()
        out.print(table)
    if cells and not has_loss:
        least = min(cell.cover_days for cell in cells)
        prose(out, f"The same holds at any affected share and any cover from {least:.0f} days.")
    elif cells:
        prose(out, "The two-way table is of the adaptive case; > < are the pack's own values.")
    if hints:
        prose(out, "\nTry next:")
        for hint in hints:
            prose(out, f"  {hint}")


def _again(scenario: str, country: str, sector: str, override: Sequence[str]) -> tuple[str, ...]:
    """Commands that go on from this one."""
    words = ["supplychain", "explain", scenario, country, sector]
    for pair in override:
        words += ["-S", pair]
    run = ["supplychain", "run", *words[2:3], *words[5:], "--focus", country, "--mechanisms"]
    return (
        shlex.join([*words, "--case", "frozen"]),
        shlex.join([*words, "--by", "month", "--out", "why"]),
        shlex.join(run),
    )


def _write_folder(
    world: "World",
    result: "Result",
    found: "Explanation",
    cells: Sequence["Cell"],
    folder: Path,
    shared: "Shapley | None",
) -> list[Path]:
    """The explanation as JSON, CSV and figures."""
    from supplychain import figures
    from supplychain import render_explained as render

    texts = {
        "explanation.json": pretty_json(_as_dict(found, cells, shared)),
        "contributions.csv": render.contributions_csv(found),
        "paths.csv": render.paths_csv(found),
    }
    if shared is not None:
        texts["shapley.csv"] = shared.table().to_csv(index=False, lineterminator="\n")
    written = write_texts(folder, texts)
    drawings = []
    if found.contributions:
        place = (found.country, found.sector, found.case)
        drawings += [figures.explain_tree(result, *place), figures.causes(result, *place)]
    if cells:
        drawings.append(figures.share_cover(world, result, found.country, found.sector))
    if shared is not None:
        drawings.append(figures.shared(shared, found.country, found.sector))
    for drawing in drawings:
        written += figures.save(drawing.figure, drawing.rows, folder, drawing.name)
    return written
