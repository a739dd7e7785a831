"""The command `chokepoints`: what costs the focus countries most when it is taken away."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import (
    CsvFlag,
    DataOption,
    FocusOption,
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
from supplychain.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from supplychain.beside import Amount
    from supplychain.chokepoints import Curve, Ranking, Row
    from supplychain.render import Words
    from supplychain.world import World

_BILLION = 1e9
_MOST_GAINERS = 2


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("chokepoints")(chokepoints_command)


def chokepoints_command(
    *,
    focus: FocusOption = "KOR",
    top: Annotated[int, typer.Option(help="Rows that are shown.", min=1)] = 20,
    by: Annotated[
        str, typer.Option(help="Order: loss, hhi, cut, dominator or betweenness.")
    ] = "loss",
    what: Annotated[
        str,
        typer.Option(
            help="What is removed, such as restriction,mineral,node,flow,pair or all; flows take "
            "about a minute.",
            rich_help_panel="What",
        ),
    ] = "restriction,mineral",
    months: Annotated[
        int, typer.Option(help="How long it lasts, and is counted.", rich_help_panel="What", min=1)
    ] = 12,
    curve: Annotated[
        str,
        typer.Option(
            help="Instead: loss by severity of one ban, such as CHN:dysprosium.",
            rich_help_panel="What",
        ),
    ] = "",
    band: Annotated[
        bool,
        typer.Option(
            "--band",
            help="Also the 10-90 % band of the rows' worst sectors (seconds per row).",
            rich_help_panel="Output",
        ),
    ] = False,
    data: DataOption = None,
    seed: SeedOption = 1,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            help="Also write JSON, CSV and figures into this folder (about half a minute more).",
            rich_help_panel="Output",
        ),
    ] = None,
) -> None:
    """Rank what can be removed, by simulated loss: bans by countries, plants, links, pairs.

    supplychain chokepoints --focus KOR --top 20

    supplychain chokepoints --focus JPN,USA --what node,flow,pair --json
    """
    from supplychain.chokepoints import KINDS, rank_chokepoints, severity_curve
    from supplychain.render import Words

    if as_json and as_csv:
        raise UsageError("--json and --csv: choose one")
    kinds = KINDS if what.strip() == "all" else split(what)
    found: Ranking | Curve
    with progress(quiet) as report:
        world = load_world(data)
        if curve:
            found = severity_curve(world, curve, split(focus), months=months)
        else:
            found = rank_chokepoints(
                world, split(focus), what=kinds, top=top, by=by, months=months, band=band,
                seed=seed, progress=report,
            )  # fmt: skip
        if out is not None:
            name = "curve" if curve else "chokepoints"
            rows = found.table().to_csv(index=False, lineterminator="\n")
            write_texts(out, {f"{name}.json": pretty_json(found.as_dict()), f"{name}.csv": rows})
            if not curve:
                _draw(world, found, out, report)  # type: ignore[arg-type]
    if as_json:
        print_json(found.as_dict())
    elif as_csv:
        print(found.table().to_csv(index=False, lineterminator="\n"), end="")
    elif curve:
        console().print(_curve_table(found))  # type: ignore[arg-type]
    else:
        _print(found, Words.of(world.network), quiet=quiet)  # type: ignore[arg-type]


def _print(found: "Ranking", words: "Words", *, quiet: bool) -> None:
    """The ranking on stdout: a sentence, a table, what the figures mean."""
    from supplychain.chokepoints.report import MEANING

    out = console()
    focus = ", ".join(words.name(c) for c in found.focus)
    played = sum(found.simulated.values())
    zero = sum(found.harmless.values())
    said = ", ".join(f"{n} of kind {kind}" for kind, n in found.simulated.items())
    out.print(
        f"{focus}: exports lost over {found.months} months if one thing is removed; "
        f"{played} simulated ({said}), {zero} of them cost nothing.",
        soft_wrap=True,
    )
    out.print()
    out.print(ranking_table(found, words))
    if not quiet:
        out.print()
        for line in MEANING:
            out.print(line, markup=False, soft_wrap=True)


def ranking_table(found: "Ranking", words: "Words") -> "Table":
    """Rows of a ranking for people."""
    from rich.table import Table

    from supplychain.render import percent

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", justify="right")
    table.add_column("kind")
    table.add_column("what is removed", overflow="fold")
    table.add_column("bn USD\nlost", justify="right")
    table.add_column("% of\nexports", justify="right")
    table.add_column("no adap-\ntation", justify="right")
    table.add_column("month", justify="right")
    table.add_column("worst sector, % lost", overflow="fold")
    by = found.by if found.by != "loss" else ""
    if by:
        table.add_column(by, justify="right")
    has_pairs = any(row.interaction_usd is not None for row in found.rows)
    if has_pairs:
        table.add_column("inter-\naction", justify="right")
    table.add_column("who gains (bn USD)", overflow="fold")
    for row in found.rows:
        cells = [
            str(row.rank),
            row.removal.kind,
            plain(row, words),
            f"{row.loss_usd / _BILLION:.2f}",
            percent(row.loss_share),
            f"{row.frozen_usd / _BILLION:.2f}",
            "-" if row.first_month is None else str(row.first_month),
            _worst(row, words),
        ]
        if by:
            value = row.structure.get(by)
            cells.append("-" if value is None else f"{value:.3g}")
        if has_pairs:
            mixed = row.interaction_usd
            cells.append("" if mixed is None else f"{mixed / _BILLION:+.2f}")
        table.add_row(*cells, "; ".join(_gain(a) for a in row.gainers[:_MOST_GAINERS]))
    return table


def plain(row: "Row", words: "Words") -> str:
    """A removal by its names and its id: ``China: Magnet (CHN:ndfeb_magnet_hre)``."""
    removal = row.removal
    if removal.node:
        country, product = removal.node.split(":")
        return f"{words.name(country)}: {words.name(product)} ({removal.id})"
    said = " + ".join(f"{words.name(b.actor)}: {words.name(b.item)}" for b in removal.bans)
    return f"{said} ({removal.id})"


def _worst(row: "Row", words: "Words") -> str:
    """The hardest-hit sector, and its band where there is one."""
    from supplychain.render import percent, percent_range

    worst = row.worst
    if worst is None:
        return "-"
    band = f" ({percent_range(*worst.band)})" if worst.band else ""
    return f"{worst.country} {words.name(worst.sector)} {percent(worst.share)}{band}"


def _gain(amount: "Amount") -> str:
    """One gainer."""
    return f"{amount.country}:{amount.product} {amount.usd / _BILLION:.2g}"


def _curve_table(curve: "Curve") -> "Table":
    """A severity curve for people."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", title=f"{curve.id}: bn USD lost")
    for header in ("severity", "expected", "no adaptation", ""):
        table.add_column(header, justify="right")
    for severity, adaptive, frozen in zip(
        curve.severities, curve.adaptive_usd, curve.frozen_usd, strict=True
    ):
        falls = "less than at the severity before" if severity in curve.falls else ""
        cells = (f"{usd / _BILLION:.3f}" for usd in (adaptive, frozen))
        table.add_row(f"{severity:g}", *cells, falls)
    return table


def _draw(
    world: "World", ranking: "Ranking", folder: Path, report: Callable[[str, float], None]
) -> None:
    """Every figure of a ranking into a folder."""
    from supplychain.figures import chokepoint_figures, save

    for name, drawing in chokepoint_figures(world, ranking, progress=report):
        save(drawing.figure, drawing.rows, folder, name)
