"""The command `leverage`: what actors can withhold from each country, and who could stand in."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import (
    CsvFlag,
    DataOption,
    JsonFlag,
    QuietFlag,
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
    from rich.table import Table

    from supplychain.chokepoints import Leverage
    from supplychain.chokepoints.replacing import Gap
    from supplychain.chokepoints.withhold import Cell
    from supplychain.render import Words

_BILLION = 1e9
_MOST_PARTNERS = 4
_MOST = 1.0
_TABLES = ("withhold", "together", "replace", "supply")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("leverage")(leverage_command)


def leverage_command(
    *,
    focus: Annotated[
        str,
        typer.Option(
            help="Countries whose exports are counted, side by side.", rich_help_panel="Where"
        ),
    ] = "KOR,JPN,USA",
    minerals: Annotated[
        str, typer.Option(help="Minerals, or all (half a minute or more).", rich_help_panel="What")
    ] = "cobalt,gallium,molybdenum,tungsten",
    actors: Annotated[
        str,
        typer.Option(
            help="Countries that withhold; default: all that export any.", rich_help_panel="What"
        ),
    ] = "",
    partners: Annotated[
        str,
        typer.Option(
            help="Possible suppliers beside the focus countries; default: the largest producers.",
            rich_help_panel="What",
        ),
    ] = "",
    top: Annotated[
        int, typer.Option(help="Actor and mineral pairs that are told in full.", min=1)
    ] = 20,
    months: Annotated[
        int, typer.Option(help="How long it lasts, and is counted.", rich_help_panel="What", min=1)
    ] = 12,
    table: Annotated[
        str,
        typer.Option(
            help="The table that --csv prints: withhold, together, replace or supply.",
            rich_help_panel="Output",
        ),
    ] = "withhold",
    data: DataOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="Also write JSON and CSV into this folder.", rich_help_panel="Output"
        ),
    ] = None,
) -> None:
    """Who can withhold what from whom, who could stand in, and what partners supply each other.

    supplychain leverage --focus KOR,JPN,USA --minerals cobalt,gallium,molybdenum,tungsten

    supplychain leverage --minerals all --actors China --csv
    """
    from supplychain.chokepoints import leverage
    from supplychain.render import Words

    if as_json and as_csv:
        raise UsageError("--json and --csv: choose one")
    if table not in _TABLES:
        raise UnknownNameError(table, "table", nearest(table, _TABLES) or _TABLES)
    named = () if minerals.strip() == "all" else split(minerals)
    if not named and minerals.strip() != "all":
        raise UsageError("--minerals: name at least one, or write all")
    with progress(quiet) as report:
        world = load_world(data)
        found = leverage(
            world, split(focus), named, actors=split(actors), partners=split(partners), top=top,
            months=months, progress=report,
        )  # fmt: skip
    if out is not None:
        write_texts(out, _texts(found))
    if as_json:
        print_json(found.as_dict())
    elif as_csv:
        print(found.tables()[table].to_csv(index=False, lineterminator="\n"), end="")
    else:
        _print(found, Words.of(world.network), top, quiet=quiet)


def _print(found: "Leverage", words: "Words", top: int, *, quiet: bool) -> None:
    """The matrices on stdout, and what the figures mean."""
    from supplychain.chokepoints.leverage import MEANING

    out = console()
    focus = ", ".join(words.name(c) for c in found.focus)
    out.print(f"{focus}: exports at stake over {found.months} months, bn USD (% of exports)\n")
    for made in (
        _together_table(found, words),
        _withhold_table(found, words, top),
        _replace_table(found, words, top),
        _supply_table(found, words),
    ):
        if made.row_count:
            out.print(made)
            out.print()
    if not quiet:
        for line in MEANING:
            out.print(line, markup=False, soft_wrap=True)


def _new(title: str, *columns: str) -> "Table":
    """A table; columns that start with > stand to the right."""
    from rich.table import Table

    made = Table(
        box=None, pad_edge=False, header_style="bold", title=title, title_justify="left",
        title_style="bold",
    )  # fmt: skip
    for name in columns:
        made.add_column(
            name.removeprefix(">"),
            justify="right" if name.startswith(">") else "left",
            overflow="fold",
        )
    return made


def _short(words: "Words", name: str) -> str:
    """A name without what stands in brackets or after a comma."""
    return words.name(name).split(" (")[0].split(",")[0]


def _usd(usd: float, share: float) -> str:
    """Dollars and share of exports: ``3.22 (0.6)``."""
    from supplychain.render import percent

    return f"{usd / _BILLION:.2f} ({percent(share)})" if usd else "0"


def _together_table(found: "Leverage", words: "Words") -> "Table":
    """All minerals of each actor at once."""
    made = _new(
        "All of these minerals at once",
        "actor", *(f">{c}" for c in found.focus), ">one by one", ">overlap", "where it lies",
    )  # fmt: skip
    for actor in dict.fromkeys(x.actor for x in found.together):
        mine = [x for x in found.together if x.actor == actor]
        over = max(mine, key=lambda x: abs(x.overlap_usd))
        where = f"{over.focus} {words.name(over.overlap_sector)}" if over.overlap_sector else ""
        made.add_row(
            words.name(actor),
            *(_usd(x.loss_usd, x.loss_share) for x in mine),
            f"{sum(x.singles_usd for x in mine) / _BILLION:.2f}",
            f"{sum(x.overlap_usd for x in mine) / _BILLION:.2f}",
            "; ".join(x for x in (where, ", ".join(over.overlap_products[:2])) if x),
        )
    return made


def _withhold_table(found: "Leverage", words: "Words", top: int) -> "Table":
    """Actors against focus countries, mineral by mineral."""
    made = _new(
        "One mineral: loss, worst sector and its %, largest share of a product's use",
        "mineral", "actor", *found.focus,
    )  # fmt: skip
    rows: dict[tuple[str, str], list[Cell]] = {}
    for cell in found.withhold:
        rows.setdefault((cell.mineral, cell.actor), []).append(cell)
    first = list(rows)[:top]
    for mineral in found.minerals:
        for key in first:
            if key[0] == mineral:
                cells = (_cell(cell, words) for cell in rows[key])
                made.add_row(words.name(mineral), words.name(key[1]), *cells)
    return made


def _cell(cell: "Cell", words: "Words") -> str:
    """One actor's hold on one country."""
    from supplychain.render import percent

    if cell.actor == cell.focus:
        return "(home)" if not cell.loss_usd else f"(home) {_usd(cell.loss_usd, cell.loss_share)}"
    use = f"uses {percent(cell.use_share)} {_short(words, cell.product)}" if cell.use_share else ""
    if not cell.exposed:
        return "; ".join(x for x in ("no sector in the pack", use) if x)
    worst = f"{words.name(cell.sector)} {percent(cell.sector_share)}" if cell.sector else ""
    return "; ".join(x for x in (_usd(cell.loss_usd, cell.loss_share), worst, use) if x)


def _replace_table(found: "Leverage", words: "Words", top: int) -> "Table":
    """What stands in for what is withheld: of each gap the partners that send most."""
    from supplychain.render import percent

    made = _new(
        "What stands in, % of what the actor sold to the country (possible > reached)",
        "actor", "for", "product", ">a month", ">% of use", ">reached", "partners", ">state, scrap",
    )  # fmt: skip
    for gap in sorted(found.replace, key=lambda g: _rank(found, g))[:top]:
        partners = (
            f"{o.partner} {_most(o.possible / gap.withheld)} > {percent(o.reached / gap.withheld)}"
            for o in gap.offers[:_MOST_PARTNERS]
        )
        made.add_row(
            words.name(gap.actor),
            gap.focus,
            _short(words, gap.product),
            f"{gap.withheld:.3g} {gap.unit}",
            percent(gap.use_share),
            percent(gap.replaced),
            "; ".join(partners),
            percent(gap.released),
        )
    return made


def _rank(found: "Leverage", gap: "Gap") -> tuple[float, float]:
    """Order of gaps: loss of the country by the removal, then share of its use."""
    loss = next(
        c.loss_usd
        for c in found.withhold
        if (c.actor, c.mineral, c.focus) == (gap.actor, gap.mineral, gap.focus)
    )
    return (-loss, -gap.use_share)


def _most(share: float) -> str:
    """A share that may pass the whole."""
    from supplychain.render import percent

    return ">100" if share > _MOST else percent(share)


def _supply_table(found: "Leverage", words: "Words") -> "Table":
    """Suppliers against users, where anything flows today or could."""
    from supplychain.render import percent

    made = _new(
        "Who supplies whom: % of the user's use today + % of it that could be added",
        "product", "supplier", *(f">{c}" for c in found.focus),
    )  # fmt: skip
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for x in found.supply:
        if x.use_share > 0:
            text = f"{percent(x.use_share)} + {_most(x.spare_share)}"
            rows.setdefault((x.product, x.supplier), {})[x.user] = text
    for (product, supplier), cells in rows.items():
        columns = (cells.get(c, "-") for c in found.focus)
        made.add_row(_short(words, product), words.name(supplier), *columns)
    return made


def _texts(found: "Leverage") -> dict[str, str]:
    """JSON, and one CSV per table."""
    return {"leverage.json": pretty_json(found.as_dict())} | {
        f"leverage-{name}.csv": table.to_csv(index=False, lineterminator="\n")
        for name, table in found.tables().items()
    }
