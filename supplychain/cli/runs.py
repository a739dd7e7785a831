"""Commands that play scenarios: demo, restrict, run."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from supplychain.cli.common import (
    ChannelsFlag,
    CsvFlag,
    DataOption,
    DrawsOption,
    EconomyFlag,
    FocusOption,
    JsonFlag,
    MechanismsFlag,
    NoBand,
    NoPlanner,
    OutOption,
    PricesFlag,
    QuietFlag,
    SeedOption,
    ValuesFlag,
    load_world,
    print_csv,
    print_json,
    print_result,
    progress,
    split,
    write_folder,
)
from supplychain.errors import UsageError

if TYPE_CHECKING:
    from supplychain.result import Result
    from supplychain.scenario import Scenario
    from supplychain.simulation import Effort
    from supplychain.vocabulary import Form, Kind, Stage
    from supplychain.world import World

_DEMO_FOLDER = Path("supplychain-demo")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(demo)
    app.command("restrict")(restrict_command)
    app.command("run")(run_command)


def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the figure.")] = _DEMO_FOLDER,
    seed: SeedOption = 1,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """China restricts dysprosium: Korea's lost exports as a table, one figure, what to try next."""
    from supplychain.scenario import restrict
    from supplychain.simulation import Effort

    hints = (
        "supplychain restrict China dysprosium terbium ndfeb_magnet --kind ban --focus KOR,JPN",
        "supplychain run china-april-2025",
        "supplychain list minerals",
    )
    to = _Output(as_json, as_csv, quiet, figure=None if as_json or as_csv else out, hints=hints)
    _play([restrict("China", "dysprosium")], focus="", data=None, effort=Effort(seed=seed), to=to)


def restrict_command(
    context: typer.Context,
    country: Annotated[str, typer.Argument(help="The country that restricts, such as China.")],
    items: Annotated[
        list[str], typer.Argument(help="Minerals or products, such as dysprosium ndfeb_magnet.")
    ],
    *,
    focus: FocusOption = "KOR",
    kind: Annotated[
        str,
        typer.Option(
            help="ban, quota, licence or tax; without it and --severity a ladder.",
            rich_help_panel="What",
        ),
    ] = "",
    severity: Annotated[
        float | None,
        typer.Option(
            help="Share of exports withheld, 0-1 (a licence: after its ramp).",
            rich_help_panel="What",
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(help="Rate of a tax, 0.2 for 20 % of the price.", rich_help_panel="What"),
    ] = None,
    months: Annotated[int, typer.Option(help="How long it lasts.", rich_help_panel="What")] = 12,
    horizon: Annotated[
        int,
        typer.Option(
            help="Months counted; default the larger of 12 and --months.", rich_help_panel="What"
        ),
    ] = 0,
    form: Annotated[
        str,
        typer.Option(
            help="What a mineral covers: listed, refined or contained.", rich_help_panel="What"
        ),
    ] = "listed",
    stage: Annotated[
        str,
        typer.Option(
            help="Only this stage of a mineral: mine, refine, component.", rich_help_panel="What"
        ),
    ] = "",
    to: Annotated[
        str, typer.Option(help="Restricted countries; default everyone.", rich_help_panel="Where")
    ] = "*",
    except_: Annotated[
        str, typer.Option("--except", help="Countries left out.", rich_help_panel="Where")
    ] = "",
    start: Annotated[
        str, typer.Option(help="First month, such as 2025-04.", rich_help_panel="What")
    ] = "",
    announced: Annotated[
        str,
        typer.Option(
            help="Month of the announcement: users buy ahead until it is enforced.",
            rich_help_panel="What",
        ),
    ] = "",
    delay: Annotated[
        int, typer.Option(help="Months from start to enforcement.", rich_help_panel="What")
    ] = 0,
    uses: Annotated[
        str,
        typer.Option(
            help="Only what ends in these uses, such as semiconductors,defence.",
            rich_help_panel="Where",
        ),
    ] = "",
    data: DataOption = None,
    seed: SeedOption = 1,
    no_planner: NoPlanner = False,
    no_band: NoBand = False,
    draws: DrawsOption = None,
    prices: PricesFlag = False,
    channels: ChannelsFlag = False,
    mechanisms: MechanismsFlag = False,
    economy: EconomyFlag = False,
    values: ValuesFlag = False,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
    out: OutOption = None,
) -> None:
    """One-line what-if.

    supplychain restrict China dysprosium --focus KOR

    supplychain restrict China Dy Tb ndfeb_magnet --kind ban --severity 0.8 --focus KOR,JPN,USA
    """
    from supplychain.scenario import restrict
    from supplychain.simulation import Effort

    scenario = restrict(
        country,
        items,
        kind=cast("Kind | None", kind or None),
        severity=severity,
        rate=rate,
        months=months,
        horizon=horizon,
        form=cast("Form", form),
        stage=cast("Stage | None", stage or None),
        to=split(to),
        exclude=split(except_),
        uses=split(uses),
        start=start,
        announced=announced,
        delay_months=delay,
        focus=split(focus),
    )
    as_ban = ["--kind", "ban"] if scenario.ladder else []
    again = _again(context, "focus", "out")  # another command must not overwrite these results
    hints = [
        shlex.join([*again, *as_ban, "--focus", focus, "--out", "results"]),
        shlex.join([*again, "--focus", "KOR,JPN,USA,DEU"]),
    ]
    if form == "listed" and not stage:
        hints.append(shlex.join([*again, "--form", "contained", *as_ban, "--focus", focus]))
    effort = Effort(
        planner=not no_planner,
        band=not no_band,
        seed=seed,
        draws=draws,
        prices=prices,
        channels=channels,
        mechanisms=mechanisms,
    )
    to_ = _Output(as_json, as_csv, quiet, out, None, tuple(hints), economy, values)
    _play([scenario], focus="", data=data, effort=effort, to=to_)


def _again(context: typer.Context, *without: str) -> list[str]:
    """The words of a command as it was given, without some options and what is left at default."""
    words = ["supplychain", str(context.info_name)]
    for parameter in context.command.params:
        value = context.params.get(str(parameter.name))
        if parameter.name in without or value == parameter.default or value is None:
            continue
        if parameter.param_type_name == "argument":
            words += [value] if isinstance(value, str) else value
        else:
            words += [parameter.opts[0]] if value is True else [parameter.opts[0], str(value)]
    return words


def run_command(
    scenarios: Annotated[list[str], typer.Argument(help="Scenario files (TOML) or shipped ids.")],
    *,
    override: Annotated[
        list[str] | None, typer.Option("-S", help="key=value, such as severity=0.5.")
    ] = None,
    focus: Annotated[
        str, typer.Option("--focus", help="Countries instead of the scenario's own.")
    ] = "",
    data: DataOption = None,
    seed: SeedOption = 1,
    no_planner: NoPlanner = False,
    no_band: NoBand = False,
    draws: DrawsOption = None,
    prices: PricesFlag = False,
    channels: ChannelsFlag = False,
    mechanisms: MechanismsFlag = False,
    economy: EconomyFlag = False,
    values: ValuesFlag = False,
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
    quiet: QuietFlag = False,
    out: OutOption = None,
) -> None:
    """Play scenario files or shipped scenarios.

    supplychain run china-april-2025

    supplychain run my.toml -S severity=0.5 -S horizon.months=18 --out results
    """
    from supplychain.scenario_file import load_scenario
    from supplychain.simulation import Effort

    loaded = [load_scenario(name, override or ()) for name in scenarios]
    effort = Effort(
        planner=not no_planner,
        band=not no_band,
        seed=seed,
        draws=draws,
        prices=prices,
        channels=channels,
        mechanisms=mechanisms,
    )
    to = _Output(
        as_json, as_csv, quiet, out, None, ("supplychain list scenarios",), economy, values
    )
    _play(loaded, focus=focus, data=data, effort=effort, to=to)


@dataclass(frozen=True)
class _Output:
    """What to do with results: how to print them, where to write them, what to add or suggest."""

    as_json: bool
    as_csv: bool
    quiet: bool
    out: Path | None = None
    figure: Path | None = None
    hints: tuple[str, ...] = ()
    economy: bool = False
    values: bool = False


def _play(
    scenarios: Sequence["Scenario"], *, focus: str, data: Path | None, effort: "Effort", to: _Output
) -> None:
    """Load the pack once, play every scenario, print and write."""
    from supplychain.economy import economy_of, read_table
    from supplychain.simulation import simulate

    if to.as_json and to.as_csv:
        raise UsageError("--json and --csv: choose one")
    beside = [n for n in ("prices", "channels", "mechanisms") if getattr(effort, n)]
    beside += [n for n in ("economy", "values") if getattr(to, n)]
    if beside and to.as_csv:
        raise UsageError(f"--{beside[0]} and --csv: the CSV holds export losses alone; use --json")
    if effort.draws is not None and not effort.band:
        raise UsageError("--draws and --no-band: the draws are those of the band")
    if to.values and not effort.planner:
        raise UsageError("--values and --no-planner: the values are those of the best response")
    twice = [s.id for s in scenarios if [t.id for t in scenarios].count(s.id) > 1]
    if twice:
        raise UsageError(f"two scenarios have the id {twice[0]!r}; give each its own")
    with progress(to.quiet) as report:
        world = load_world(data)
        table = read_table(world.tables) if to.economy else None
        results = [
            simulate(world, s, focus=split(focus), effort=effort, progress=report)
            for s in scenarios
        ]
    if table:
        results = [replace(r, economy=economy_of(table, r)) for r in results]
    for result in results:  # files first: what reads the printed lines may close early
        _write(world, result, to, several=len(results) > 1)
    if to.as_json:
        found = [r.as_dict() for r in results]
        print_json(found[0] if len(found) == 1 else {"results": found})
    elif to.as_csv:
        print_csv(results)
    else:
        for result in results:
            last = result is results[-1]
            print_result(
                world, result, quiet=to.quiet, hints=to.hints if last else (), values=to.values
            )


def _write(world: "World", result: "Result", to: _Output, *, several: bool) -> None:
    """The files that were asked for."""
    if to.out is not None:
        folder = to.out / result.resolved.scenario.id if several else to.out
        written = write_folder(world, result, folder)
        _say(f"wrote {len(written)} files into {folder}", quiet=to.quiet)
    if to.figure is not None:
        from supplychain import figures

        drawing = figures.losses(result)
        saved = figures.save(drawing.figure, drawing.rows, to.figure, drawing.name)
        _say(f"figure: {saved[0]}", quiet=to.quiet)


def _say(text: str, *, quiet: bool) -> None:
    """A message on stderr."""
    if not quiet:
        print(text, file=sys.stderr)
