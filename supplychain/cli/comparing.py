"""Command that explains a difference: compare."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import (
    CsvFlag,
    DataOption,
    FocusOption,
    JsonFlag,
    OutOption,
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
from supplychain.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from supplychain.attribution.compared import Comparison, Difference
    from supplychain.attribution.sides import Sides
    from supplychain.scenario import Scenario

_SECTORS_SHOWN = 5
_VISIBLE_USD = 5e5


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("compare")(compare_command)


def compare_command(
    scenarios: Annotated[
        list[str], typer.Argument(help="Two or more scenario files (TOML) or shipped ids.")
    ],
    *,
    override_a: Annotated[
        list[str] | None, typer.Option("-A", help="key=value in the first, such as severity=0.5.")
    ] = None,
    override_b: Annotated[
        list[str] | None, typer.Option("-B", help="key=value in the second.")
    ] = None,
    focus: FocusOption = "",
    data: DataOption = None,
    data_b: Annotated[
        Path | None,
        typer.Option("--data-b", help="Another pack for the second.", rich_help_panel="Where"),
    ] = None,
    no_mechanisms: Annotated[
        bool,
        typer.Option("--no-mechanisms", help="Leave out the mechanisms.", rich_help_panel="Output"),
    ] = False,
    seed: SeedOption = 1,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
    out: OutOption = None,
) -> None:
    """What changed the loss between two runs: restrictions, stock releases, rows of the pack.

    supplychain compare china-april-2025 -B severity=0.5

    supplychain compare my.toml my.toml --data-b my_pack

    With three or more scenarios: their losses side by side.
    """
    if as_json and as_csv:
        raise UsageError("--json and --csv: choose one")
    loaded = _loaded(scenarios, override_a or [], override_b or [], data_b)
    found: Comparison | Sides
    if len(loaded) > len("AB"):
        found = _beside(loaded, focus, data)
    else:
        found = _compared(
            loaded, (data, data_b), focus, mechanisms=not no_mechanisms, seed=seed, quiet=quiet
        )
    if out is not None:
        written = _write(found, out)
        if not quiet:
            print(f"wrote {len(written)} files into {out}", file=sys.stderr)
    if as_json:
        print_json(found.as_dict())
    elif as_csv:
        print(found.table().to_csv(index=False, lineterminator="\n"), end="")
    else:
        _print(found, quiet=quiet)


def _loaded(
    names: Sequence[str], first: Sequence[str], second: Sequence[str], data_b: Path | None
) -> "list[Scenario]":
    """The scenarios; one alone is compared with itself where something else differs."""
    from supplychain.scenario_file import load_scenario

    if len(names) == 1:
        if not (first or second or data_b):
            raise UsageError(
                "compare needs two scenarios, or one and what differs: -A or -B key=value, --data-b"
            )
        names = [names[0], names[0]]
    if len(names) > len("AB") and (first or second or data_b):
        raise UsageError("-A, -B and --data-b: they are for two scenarios; give each its own file")
    overrides = (first, second, *[()] * (len(names) - 2))
    return [load_scenario(n, o) for n, o in zip(names, overrides, strict=True)]


def _beside(loaded: "Sequence[Scenario]", focus: str, data: Path | None) -> "Sides":
    """Three or more scenarios on one pack."""
    from supplychain.attribution.sides import side_by_side

    return side_by_side(load_world(data), loaded, split(focus))


def _compared(
    loaded: "Sequence[Scenario]",
    packs: tuple[Path | None, Path | None],
    focus: str,
    *,
    mechanisms: bool,
    seed: int,
    quiet: bool,
) -> "Comparison":
    """Two scenarios, each on its pack."""
    from supplychain.attribution.differences import compare

    with progress(quiet) as report:
        world = load_world(packs[0])
        other = world if packs[1] is None else load_world(packs[1])
        return compare(
            world,
            loaded[0],
            other,
            loaded[1],
            focus=split(focus),
            mechanisms=mechanisms,
            seed=seed,
            progress=report,
        )


def _write(found: "Comparison | Sides", folder: Path) -> list[Path]:
    """JSON, CSV and figures into a folder; each file appears complete or not at all."""
    from supplychain import figures
    from supplychain.attribution.compared import Comparison

    texts = {
        "comparison.json": pretty_json(found.as_dict()),
        "comparison.csv": found.table().to_csv(index=False, lineterminator="\n"),
    }
    written = write_texts(folder, texts)
    if isinstance(found, Comparison):
        for total in found.totals:
            if any(abs(c.usd) >= _VISIBLE_USD for c in total.contributions):
                drawing = figures.difference(found, total.country)
                written += figures.save(drawing.figure, drawing.rows, folder, drawing.name)
    return written


def _print(found: "Comparison | Sides", *, quiet: bool) -> None:
    """Sentences and tables for people."""
    from supplychain.attribution.compared import Comparison

    out = console()
    if not isinstance(found, Comparison):
        out.print(_sides_table(found))
        return
    for line in found.sentences():
        out.print(line, markup=False, soft_wrap=not sys.stdout.isatty())
    if found.causes:
        out.print()
        out.print(_cause_table(found))
    moved = [t for t in found.totals if any(abs(m.usd) >= _VISIBLE_USD for m in t.mechanisms)]
    if moved:
        out.print()
        out.print(_mechanism_table(moved))
    if quiet:
        return
    out.print()
    for line in _notes(found):
        out.print(line, markup=False, soft_wrap=not sys.stdout.isatty())


def _notes(found: "Comparison") -> list[str]:
    """How the amounts are meant."""
    one, other = found.names
    who = f"A is {one}, B is {other}; " if (one, other) != ("A", "B") else ""
    lines = [f"{who}losses of the adaptive case over the horizon, in million USD."]
    if found.is_exact and found.causes:
        lines.append(
            f"All {found.runs} runs between A and B were played; an amount is what a cause changes "
            "on average over all orders of the causes, so that the amounts add up."
        )
    elif found.causes:
        lines.append(
            f"{found.runs} runs between A and B were played, along random orders of the causes: "
            "amounts add up, each with a standard error."
        )
    return [*lines, *found.notes]


def _cause_table(found: "Comparison") -> "Table":
    """What every cause changes: the totals, and the sectors that move most."""
    from rich.table import Table

    table = Table(title="What changed the loss, USD m", title_justify="left")
    table.add_column("cause", overflow="fold", max_width=60)
    shown: list[Difference] = [
        *found.totals,
        *[s for s in found.sectors if abs(s.usd) >= _VISIBLE_USD][:_SECTORS_SHOWN],
    ]
    for one in shown:
        table.add_column(f"{one.country} {one.sector or 'all'}".replace("_", " "), justify="right")
    for name, attribute in (("loss A", "one_usd"), ("loss B", "other_usd")):
        table.add_row(name, *(f"{getattr(one, attribute) / 1e6:,.1f}" for one in shown))
    table.add_section()
    for cause in found.causes:
        parts = [next(c for c in one.contributions if c.cause == cause) for one in shown]
        errors = [f" ± {p.error_usd / 1e6:,.1f}" if p.error_usd else "" for p in parts]
        table.add_row(cause, *(f"{_signed(p.usd)}{e}" for p, e in zip(parts, errors, strict=True)))
    table.add_section()
    table.add_row("B less A", *(_signed(one.usd) for one in shown))
    return table


def _mechanism_table(totals: "Sequence[Difference]") -> "Table":
    """What every mechanism takes off in both runs, in the totals that differ."""
    from rich.table import Table

    table = Table(title="Mechanism by mechanism, USD m", title_justify="left")
    table.add_column("mechanism", overflow="fold", max_width=45)
    for total in totals:
        for name in (f"{total.country} A", f"{total.country} B", "B less A"):
            table.add_column(name, justify="right")
    for k, step in enumerate(totals[0].mechanisms):
        cells = []
        for total in totals:
            moved = next((m for m in total.mechanisms if m.mechanism == step.mechanism), None)
            amounts = (moved.one_usd, moved.other_usd, moved.usd) if moved else (0.0, 0.0, 0.0)
            cells += [f"{usd / 1e6:{'+' * (k > 0 or n > 1)},.1f}" for n, usd in enumerate(amounts)]
        table.add_row(step.mechanism, *cells)
    table.add_section()
    ends = []
    for total in totals:
        ends += [f"{total.one_usd / 1e6:,.1f}", f"{total.other_usd / 1e6:,.1f}"]
        ends.append(_signed(total.usd))
    table.add_row("adaptive case", *ends)
    return table


def _sides_table(found: "Sides") -> "Table":
    """Losses side by side, and the differences from the first."""
    from rich.table import Table

    table = Table(title="Losses side by side, USD m (difference from the first)")
    for name in ("country", "sector"):
        table.add_column(name)
    for name in found.names:
        table.add_column(name, justify="right", overflow="fold")
    for (country, sector), losses in found.losses.items():
        cells = [
            f"{usd / 1e6:,.1f}" + (f" ({_signed(usd - losses[0])})" if k else "")
            for k, usd in enumerate(losses)
        ]
        table.add_row(country, sector.replace("_", " ") or "all", *cells)
    return table


def _signed(usd: float) -> str:
    """Million USD with its sign; none where it rounds to nothing.

    >>> _signed(-2e4), _signed(-2.5e6), _signed(1e9)
    ('0.0', '-2.5', '+1,000.0')
    """
    said = f"{usd / 1e6:+,.1f}"
    return "0.0" if said in {"-0.0", "+0.0"} else said
