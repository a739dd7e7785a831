"""Commands about what a result rests on: rests, twoway, trade-code, match."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
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
    print_json,
    split,
)
from supplychain.cli.lists import print_rows_csv
from supplychain.errors import UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from supplychain.figures import Drawing
    from supplychain.result import Result
    from supplychain.scenario import Scenario
    from supplychain.sensitivity.measure_next import Worth
    from supplychain.sensitivity.rests import Rests
    from supplychain.sensitivity.trade_code import CodeWorth
    from supplychain.twoway import Cell, TimeCell
    from supplychain.world import World

_SHOWN_CODES = 15
_HEAVY = 0.25
_TINY = 0.005

ScenarioArgument = Annotated[str, typer.Argument(help="A scenario file (TOML) or a shipped id.")]
CountryArgument = Annotated[str, typer.Argument(help="The country that exports, such as KOR.")]
SectorArgument = Annotated[str, typer.Argument(help="Its sector, such as auto_parts.")]
Override = Annotated[list[str] | None, typer.Option("-S", help="key=value, such as severity=0.5.")]
FigureOut = Annotated[
    Path | None,
    typer.Option("--out", help="Also draw it into this folder.", rich_help_panel="Output"),
]
Draws = Annotated[
    int | None,
    typer.Option("--draws", min=8, help="Draws of the sample: more draws, less noise."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command("rests")(rests_command)
    app.command("twoway")(twoway_command)
    app.command("trade-code")(trade_code_command)
    app.command("match")(match_command)


# What it rests on ---------------------------------------------------------------------------------


def rests_command(
    scenario: ScenarioArgument,
    country: CountryArgument,
    sector: SectorArgument,
    *,
    override: Override = None,
    groups: Annotated[
        bool, typer.Option("--groups", help="Also whole files and sources (slower).")
    ] = False,
    everywhere: Annotated[
        bool, typer.Option("--everywhere", help="Also move the rows of other countries (slower).")
    ] = False,
    no_next: Annotated[
        bool, typer.Option("--no-next", help="Leave out what to measure next.")
    ] = False,
    draws: Draws = None,
    seed: SeedOption = 1,
    data: DataOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """The data rows that a loss rests on, by weight and grade, and what to measure next.

    supplychain rests china-april-2025 KOR auto_parts
    """
    from supplychain.sensitivity.case import Case
    from supplychain.sensitivity.measure_next import DRAWS, VALUES, Unit, measure_next
    from supplychain.sensitivity.rests import rests

    _one_of(as_json, as_csv)
    world, loaded = _given(data, scenario, override)
    case = Case.of(world, loaded, country, sector)
    found = rests(case, everywhere=everywhere)
    units: tuple[Unit, ...] = ("scenario", "row", *(("file", "source") if groups else ()))
    sample = {"draws": draws or DRAWS, "values": VALUES, "seed": seed}
    worth = () if no_next else measure_next(case, found, units=units, **sample)
    if as_json:
        print_json(
            {
                "scenario": loaded.id,
                "country": found.country,
                "sector": found.sector,
                "loss_share": found.loss_share,
                "top": [r.as_dict() for r in found.top],
                "weight_by_grade": dict(found.by_grade()),
                "weight_by_file": dict(found.by_file()),
                "counted": dict(found.counted()),
                "sample": sample,
                "measure_next": [w.as_dict() for w in worth],
                "rows": [r.as_dict() for r in found.rows],
            }
        )
    elif as_csv:
        print_rows_csv([r.as_dict() for r in found.rows])
    else:
        _print_rests(loaded, found)
        if worth:
            _print_worth(worth, f"{sample['draws']} draws, {VALUES} values each, seed {seed}")
        if not quiet and any(w.unit == "scenario" and w.weight > _HEAVY for w in worth):
            _say("To settle what the scenario leaves open: -S severity=0.5, for example.")


def _print_rests(scenario: "Scenario", found: "Rests") -> None:
    """What moves the loss, and how much of it is known."""
    out, n = console(), found.counted()
    _line(
        f"{_place(found)} in {scenario.id}: {_pc(found.loss_share)} % of exports lost (adaptive)."
    )
    _line(
        f"It rests on {sum(n.values())} figures: {n['moves it']} move it one at a time, "
        f"{n['no effect']} were moved to no effect, {n['not moved']} (of other countries) were "
        f"not moved, and {n['held']} rows stand at their central values in every draw, so that "
        "their effect is unknown."
    )
    if not found.top:
        _line("No single figure moves it: a sector that loses nothing has none moved.")
        return
    table = _table("row", "what", "value", ">range", "grade", ">loss % at ends", ">weight %")
    for r in found.top:
        value, low, high = (f"{v:.3g}" for v in (r.value, r.low, r.high) if v is not None)
        ends = f"{_pc(r.loss_low or 0.0)} .. {_pc(r.loss_high or 0.0)}"
        weight = f"{100 * r.weight:.0f}"
        table.add_row(r.row, r.what, value, f"{low}-{high}", r.evidence, ends, weight)
    out.print()
    out.print(table)
    out.print()
    for title, parts in (("grade", found.by_grade()), ("file", found.by_file())):
        said = ", ".join(f"{name} {100 * w:.0f} %" for name, w in parts.items() if w >= _TINY)
        _line(f"Weight by {title}: {said}.")


def _print_worth(worth: Sequence["Worth"], sample: str) -> None:
    """What to measure next."""
    table = _table(
        "what to measure next", "row", "grade", ">known with it", ">band narrower by", ""
    )
    for w in worth:
        band = w.shrinkage
        error = band.error / band.before if band.before > 0 else 0.0
        noise = "within noise" if band.within_noise else ""
        by = f"{100 * band.share:.0f} % (± {100 * error:.0f})"
        what = f"({w.what}: no row to measure)" if w.unit == "scenario" else w.what
        table.add_row(what, w.row, w.evidence, str(w.rows), by, noise)
    console().print()
    console().print(table)
    _line(
        f"Band now {_pc(worth[0].shrinkage.before)} points of exports wide (10-90 %); expected "
        f"width once the figure is known ({sample}; ± is a standard error)."
    )


# Two figures at once ------------------------------------------------------------------------------


def twoway_command(
    scenario: ScenarioArgument,
    country: CountryArgument,
    sector: SectorArgument,
    *,
    by: Annotated[
        str, typer.Option(help="share-cover or severity-duration; both without it.")
    ] = "",
    override: Override = None,
    data: DataOption = None,
    out: FigureOut = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Loss over affected share x stock cover, and over severity x duration.

    supplychain twoway china-april-2025 KOR auto_parts --by severity-duration
    """
    from supplychain import figures
    from supplychain.errors import ScenarioError
    from supplychain.sensitivity.case import named_sector
    from supplychain.twoway import severity_duration_table, share_cover_table

    _one_of(as_json, as_csv)
    if by not in {"", "share-cover", "severity-duration"}:
        raise UsageError(f"--by {by}: share-cover or severity-duration")
    if as_csv and not by:
        raise UsageError("--csv and no --by: one table at a time; choose with --by")
    world, loaded = _given(data, scenario, override)
    code, industry = named_sector(world, country, sector)
    place = (world, loaded, code, industry)
    shares = share_cover_table(*place) if by != "severity-duration" else ()
    note = ""
    times: tuple[TimeCell, ...] = ()
    if by != "share-cover":
        try:
            times = severity_duration_table(*place)
        except ScenarioError as error:
            if by:
                raise
            note = f"No table of severity x duration: {error}"
    if out is not None:
        drawings: list[Callable[[Result], Drawing]] = []
        if shares:
            drawings.append(lambda r: figures.share_cover(world, r, code, industry))
        if times:
            drawings.append(lambda r: figures.severity_duration(world, r, code, industry))
        _draw(world, loaded, code, out, drawings, f"-{code}-{industry}")
    if as_json:
        print_json(
            {
                "share_cover": [vars(c) for c in shares],
                "severity_duration": [vars(c) for c in times],
            }
        )
    elif as_csv:
        print_rows_csv([vars(c) for c in (*shares, *times)])
    else:
        _print_tables(f"{code} {industry} in {loaded.id}", shares, times, note)


def _print_tables(
    place: str, shares: Sequence["Cell"], times: Sequence["TimeCell"], note: str
) -> None:
    """Both tables; the central cell in brackets."""
    _line(f"{place}: loss in % of exports (adaptive), all else central; the central cell in [].")
    out = console()
    if shares:
        days = list(dict.fromkeys(c.cover_days for c in shares))
        table = _table("affected share %", *(f">{d:.3g} days" for d in days))
        for share in dict.fromkeys(c.affected_share for c in shares):
            cells = [c for c in shares if c.affected_share == share]
            table.add_row(_pc(share), *(_cell(c) for c in cells))
        out.print()
        out.print(table)
        _line(f"days: median stock cover of {shares[0].input} over plants")
    if times:
        severities = list(dict.fromkeys(c.severity for c in times))
        table = _table("months in force", *(f">{100 * s:.3g} % withheld" for s in severities))
        for months in dict.fromkeys(c.months for c in times):
            table.add_row(str(months), *(_cell(c) for c in times if c.months == months))
        out.print()
        out.print(table)
    if note:
        _line(note)
    if not shares and not times and not note:
        _line("The restriction does not reach this sector.")


def _cell(cell: "Cell | TimeCell") -> str:
    """A loss; the central one in brackets."""
    return rf"\[{_pc(cell.loss_share)}]" if cell.central else _pc(cell.loss_share)


# A better trade code ------------------------------------------------------------------------------


def trade_code_command(
    scenario: ScenarioArgument,
    *,
    code: Annotated[
        list[str] | None,
        typer.Option(help="Only this code, such as 8505.11; every shared code without it."),
    ] = None,
    focus: FocusOption = "KOR",
    override: Override = None,
    draws: Draws = None,
    seed: SeedOption = 1,
    data: DataOption = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """What a trade code would be worth that tells apart what shares a code today.

    supplychain trade-code china-april-2025 --code 8505.11
    """
    from supplychain.coverage import resolve
    from supplychain.growth import grown
    from supplychain.run import Run
    from supplychain.sensitivity.trade_code import DRAWS, value_of_codes
    from supplychain.twoway import hardest

    _one_of(as_json, as_csv)
    world, loaded = _given(data, scenario, override)
    network = grown(world.network, loaded)
    resolved = hardest(resolve(replace(loaded, focus=split(focus)), network))
    run = Run.of(network, resolved)
    count = draws or DRAWS
    found = value_of_codes(network, run, code or (), seed=seed, draws=count)
    if as_json:
        sample = {"draws": count, "seed": seed}
        print_json({"scenario": loaded.id, "sample": sample, "codes": [w.as_dict() for w in found]})
    elif as_csv:
        print_rows_csv([w.as_dict() for w in found])
    else:
        _print_codes(loaded, found, f"{count} draws, seed {seed}")


def _print_codes(scenario: "Scenario", found: Sequence["CodeWorth"], sample: str) -> None:
    """By how much the band of each sector would narrow."""
    shown = [w for w in found if w.shrinkage.after != w.shrinkage.before][:_SHOWN_CODES]
    if not shown:
        _line("No shared code moves the loss of any sector here.")
        return
    table = _table(
        "code", "products", "sector", ">band now", ">if split", ">narrower by", ">USD m", ""
    )
    for w in shown:
        band = w.shrinkage
        error = band.error / band.before if band.before > 0 else 0.0
        several = len(w.products) - 2
        names = ", ".join(w.products[:2]) + (f" and {several} more" if several > 0 else "")
        table.add_row(
            w.code,
            names,
            f"{w.country} {w.sector}",
            f"{_pc(band.before)} %",
            f"{_pc(band.after)} %",
            f"{100 * band.share:.0f} % (± {100 * error:.0f})",
            f"{w.usd / 1e6:.0f}",
            "within noise" if band.within_noise else "",
        )
    _line(
        f"{scenario.id}: expected 10-90 % width of the lost exports if the products of a code had "
        f"codes of their own (at most: trade by product does not say who uses it; {sample})."
    )
    console().print()
    console().print(table)
    held = {w.code: w.whole for w in shown if w.whole}
    if held:
        rows = ", ".join(f"{n} of {code}" for code, n in held.items())
        _line(f"Trade rows in tonnes whose split no draw moves, so that no band holds it: {rows}.")


# A stated loss ------------------------------------------------------------------------------------


def match_command(
    target: Annotated[float, typer.Argument(help="The stated loss, 0-1, such as 0.244.")],
    scenario: ScenarioArgument,
    country: CountryArgument,
    sector: SectorArgument,
    *,
    override: Override = None,
    data: DataOption = None,
    out: FigureOut = None,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """The curves of assumptions that would give a stated loss. A match proves nothing.

    supplychain match 0.244 china-april-2025 KOR auto_parts
    """
    from supplychain import figures
    from supplychain.sensitivity.match import NO_PROOF, match, percent

    _one_of(as_json, as_csv)
    world, loaded = _given(data, scenario, override)
    found = match(world, loaded, country, sector, target)
    if out is not None:
        name = f"-{found.country}-{found.sector}"
        _draw(world, loaded, found.country, out, [lambda r: figures.level_curves(r, found)], name)
    if as_json:
        print_json(found.as_dict() | {"scenario": loaded.id})
        return
    if as_csv:
        print_rows_csv(found.rows())
        return
    _line(
        f"{found.country} {found.sector} in {loaded.id}: {percent(found.loss_share)} lost at "
        f"central figures (adaptive); asked for: {percent(target)}."
    )
    for said in (*found.sentences(), NO_PROOF):
        _line(said)
    for plane in found.planes:
        if not plane.points:
            continue
        table = _table(f">{plane.x.name} %", f">{plane.y.name}, {plane.y.unit}", ">loss %", "")
        for p in plane.points:
            inside = "inside both ranges" if p.is_inside else ""
            table.add_row(f"{100 * p.x:.1f}", f"{p.y:.1f}", f"{100 * p.loss_share:.2f}", inside)
        console().print()
        console().print(table)


# How they print -----------------------------------------------------------------------------------


def _given(
    data: Path | None, scenario: str, override: Sequence[str] | None
) -> "tuple[World, Scenario]":
    """The pack and the scenario."""
    from supplychain.scenario_file import load_scenario

    loaded = load_scenario(scenario, override or ())
    return load_world(data), loaded


def _one_of(as_json: bool, as_csv: bool) -> None:
    """One form of output."""
    if as_json and as_csv:
        raise UsageError("--json and --csv: choose one")


def _draw(
    world: "World",
    scenario: "Scenario",
    country: str,
    folder: Path,
    drawings: "Sequence[Callable[[Result], Drawing]]",
    name: str,
) -> None:
    """Pictures of a scenario, into a folder."""
    from supplychain import figures
    from supplychain.simulation import Effort, simulate

    result = simulate(world, scenario, focus=[country], effort=Effort(planner=False, band=False))
    for draw in drawings:
        drawing = draw(result)
        saved = figures.save(drawing.figure, drawing.rows, folder, f"{drawing.name}{name}")
        _say(f"figure: {saved[0]}")


def _table(*columns: str) -> "Table":
    """An empty table; a column whose name starts with > stands to the right."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        right = column.startswith(">")
        table.add_column(column.lstrip(">"), justify="right" if right else "left")
    return table


def _line(text: str) -> None:
    """A line of prose: wrapped at the words of a terminal, and left whole in a file or a pipe."""
    console().print(text, markup=False, soft_wrap=not sys.stdout.isatty())


def _say(text: str) -> None:
    """A message on stderr."""
    print(text, file=sys.stderr)


def _place(found: "Rests") -> str:
    """Country and sector."""
    return f"{found.country} {found.sector}"


def _pc(share: float) -> str:
    """A share in per cent, without the sign."""
    from supplychain.render import percent

    return percent(share)
