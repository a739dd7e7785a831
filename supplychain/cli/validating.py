"""The command `validate`: claims of others and of the past beside our answers."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import (
    CsvFlag,
    DataOption,
    JsonFlag,
    QuietFlag,
    SeedOption,
    console,
    load_world,
    pretty_json,
    print_json,
    progress,
    split,
    write_texts,
)
from supplychain.errors import UnknownNameError, UsageError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.table import Table

    from supplychain.validation import Scoreboard
    from supplychain.validation.held_out import HeldOut
    from supplychain.validation.row import Row

_TRIPPED = 5
_GRADES = ("validation", "timing", "ordinal", "negative_control", "calibration")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("validate")(validate_command)


def validate_command(
    *,
    ids: Annotated[
        str, typer.Option("--id", help="Only these claims, such as imf26_jpn_short.")
    ] = "",
    grade: Annotated[
        str,
        typer.Option(
            help="Show only these: validation,timing,ordinal,negative_control,calibration."
        ),
    ] = "",
    no_held_out: Annotated[
        bool,
        typer.Option(
            "--no-held-out", help="Leave out the episodes answered without what was set on them."
        ),
    ] = False,
    no_planner: Annotated[
        bool, typer.Option("--no-planner", help="Leave out the best response.")
    ] = False,
    fail_under: Annotated[
        float | None,
        typer.Option(
            "--fail-under",
            help="Exit with 5 if a smaller share of the rows that count is inside.",
            min=0,
            max=1,
        ),
    ] = None,
    data: DataOption = None,
    seed: SeedOption = 1,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="Also write JSON, CSV, the page and figures into this folder."),
    ] = None,
) -> None:
    """Does it agree with others and with what happened? Every claim, misses visible.

    supplychain validate --grade negative_control

    supplychain validate --json
    """
    from supplychain.validation import validate
    from supplychain.validation.claims import claims

    if as_json and as_csv:
        raise UsageError("--json and --csv: choose one")
    chosen = split(grade)
    for word in chosen:
        if word not in _GRADES:
            raise UsageError(f"--grade {word}: choose from {', '.join(_GRADES)}")
    with progress(quiet) as report:
        world = load_world(data)
        every = claims(world.tables)
        known = [c.id for c in every]
        for name in split(ids):
            if name not in known:
                raise UnknownNameError(name, "claim", nearest(name, known))
        wanted = split(ids) or tuple(c.id for c in every if not chosen or c.grade in chosen)
        if not wanted:
            raise UsageError(
                "this pack holds no such claims: published_estimates.csv, episodes.csv"
            )
        only = () if len(wanted) == len(known) else wanted
        board = validate(
            world, seed=seed, planner=not no_planner, held_out=not no_held_out, ids=only,
            progress=report,
        )  # fmt: skip
    if out is not None:
        _write(board, out)
    if as_json:
        print_json(board.as_dict())
    elif as_csv:
        print(_csv(board), end="")
    else:
        _print(board, quiet=quiet)
    held = board.where(counts=True)
    share = sum(bool(r.inside) for r in held) / len(held) if held else 1.0
    if fail_under is not None and share < fail_under:
        raise typer.Exit(_TRIPPED)


def _print(board: "Scoreboard", *, quiet: bool) -> None:
    """The table, misses marked, and the sums; what does not count stands apart."""
    from supplychain.validation.order import orders
    from supplychain.validation.summary import summary

    out = console()
    for counts, title in ((True, "rows that count"), (False, "known to the pack: counted apart")):
        rows = board.where(counts=counts)
        if rows:
            inside = sum(bool(r.inside) for r in rows)
            out.print(f"{title}: {inside} of {len(rows)} inside", style="bold")
            out.print(_table(rows))
            out.print()
    for one in board.matched:
        out.print(f"calibration, counted nowhere: {one.id}", style="bold", markup=False)
        for sentence in one.sentences():
            out.print(sentence, markup=False, soft_wrap=True)
        out.print()
    if quiet:
        return
    sums = summary(board.rows)
    held = sums["held_out"]
    out.print(
        f"{sums['answered']} of {sums['claims']} claims answered; the 80 % bands hold "
        f"{held['claims_in_band']} of {held['claims_with_band']} figures that count; false alarms: "
        f"{held['false_alarms']} of {held['grades']['negative_control']['rows']} controls.",
        soft_wrap=True,
    )
    for order in orders(board.rows):
        out.print(order.sentence(), markup=False, soft_wrap=True)
    if board.held_out is not None:
        for line in _held_out(board.held_out):
            out.print(line, soft_wrap=True)
    for row in board.misses:
        out.print(f"MISS {row.claim.id}: {row.would_close}", markup=False, soft_wrap=True)
    for row in board.rows:
        if not row.answered:
            out.print(f"not answered: {row.claim.id}: {row.reason}", markup=False, soft_wrap=True)
    for forecast in board.forecasts:
        due = ", ".join(f"{q.id} on {q.due}" for q in forecast.questions)
        state = "scored" if forecast.is_scored else "open, nothing observed yet"
        out.print(f"forecast {forecast.file} ({state}): {due}", markup=False, soft_wrap=True)


def _held_out(held: "HeldOut") -> "Iterator[str]":
    """How far off the engine is where each measure is answered with licences of the others."""
    from supplychain.validation.held_out_sums import (
        HELD,
        NO_QUEUE,
        bands,
        by_kind,
        dates,
        of_licences,
    )
    from supplychain.validation.view import FIXED, SHARE_TIMES_CUT

    rows = of_licences(held)
    found = bands([(r.shipped, r.held) for r in rows])
    yield (
        "Every measure held out, its licence drawn from all others: the 80 % bands hold "
        f"{found['holding_the_claim']} of {found['bands']} figures. Mean errors:"
    )
    for name, kind in by_kind(rows).items():
        errors = kind["mean_absolute_error"]
        beside = ", ".join(f"{who} {errors[who]:.3g}" for who in (SHARE_TIMES_CUT, FIXED))
        yield f"  {name}: {errors[HELD]:.3g} ({beside}; {kind['rows']} rows)"
    if (every := dates(rows))["rows"]:
        months = every["mean_absolute_error_months"]
        beside = ", ".join(f"{who} {months[who]:.3g}" for who in (SHARE_TIMES_CUT, NO_QUEUE, FIXED))
        yield f"  all dates, months: {months[HELD]:.3g} ({beside}; {every['rows']} rows)"


def _table(rows: "tuple[Row, ...]") -> "Table":
    """Rows for people."""
    from rich.table import Table

    from supplychain.validation.cells import claimed, ours, said

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "claim", "grade"):
        table.add_column(name)
    for name in ("claimed", "ours (band)", "frozen", "distance"):
        table.add_column(name, justify="right")
    table.add_column("unit", overflow="fold")
    for row in rows:
        mark = "inside" if row.inside else "[red]MISS[/red]"
        frozen = said(row.ours.cases.get("frozen")) if row.ours else "-"
        cells = (row.claim.id, row.claim.grade.replace("_", " "), claimed(row), ours(row), frozen)
        table.add_row(mark, *cells, said(row.distance), row.claimed.unit)
    return table


def _csv(board: "Scoreboard") -> str:
    """Tidy CSV, one row per claim."""
    import pandas as pd

    return pd.json_normalize([row.as_dict() for row in board.rows], sep="_").to_csv(
        index=False, lineterminator="\n"
    )


def _write(board: "Scoreboard", folder: Path) -> None:
    """JSON, CSV, page and figures; each text file appears complete or not at all."""
    from supplychain import figures
    from supplychain.validation.experts import disputed
    from supplychain.validation.page import markdown

    texts = {
        "validation.json": pretty_json(board.as_dict()),
        "validation.csv": _csv(board),
        "validation.md": markdown(board),
    }
    write_texts(folder, texts)
    drawings = list(figures.forest(board))
    if board.held_out is not None and board.held_out.posteriors:
        drawings.append(figures.licence_curves(board))
    if board.replay is not None:
        countries = dict.fromkeys(m.country for m in board.replay.months)
        drawings += [figures.observed(board.replay, country) for country in countries]
    if country := disputed(board):
        drawings.append(figures.experts(board, country))
    for drawing in drawings:
        figures.save(drawing.figure, drawing.rows, folder, drawing.name)
