"""Commands about the data: data check, data sources, graph, doctor."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from supplychain.cli import building, checking
from supplychain.cli.common import CsvFlag, DataOption, JsonFlag, load_world, print_json
from supplychain.cli.lists import as_text, list_command, print_rows, print_rows_csv
from supplychain.errors import UnknownNameError, UsageError, nearest

if TYPE_CHECKING:
    from supplychain.network.graph import GraphFormat
    from supplychain.schema import Row
    from supplychain.world import World

_EXTRAS = {
    "io": ("openpyxl", "pyarrow"),
    "fast": ("numba",),
    "tables": ("pymrio",),
    "distributed": ("dask",),
    "notebooks": ("jupytext", "nbclient"),
}
_CORE = ("numpy", "scipy", "pandas", "networkx", "matplotlib", "pydantic", "typer", "rich")


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    data = typer.Typer(
        no_args_is_help=True, help="Check a data pack; find out where a number comes from."
    )
    data.command("check")(checking.check_command)
    data.command("sources")(sources_command)
    building.register(data)
    graph = typer.Typer(no_args_is_help=True, help="Look at the network; write it for other tools.")
    graph.command("export")(export_command)
    graph.command("show")(show_command)
    app.add_typer(data, name="data")
    app.add_typer(graph, name="graph")
    app.command("list")(list_command)
    app.command()(doctor)
    app.callback(invoke_without_command=True)(_version)


def _version(
    context: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True)
    ] = False,
) -> None:
    """Print the version, if asked."""
    if version:
        from supplychain import __version__

        print(f"supplychain {__version__}")
        raise typer.Exit(code=0)
    if context.invoked_subcommand is None:
        known = ", ".join(sorted(getattr(context.command, "commands", ())))
        raise UsageError(f"name a command: {known}. Try: supplychain --help")


def sources_command(
    row: Annotated[
        str, typer.Argument(help="A row such as segments.csv:12; all sources if left out.")
    ] = "",
    *,
    data: DataOption = None,
    cite: Annotated[
        str, typer.Option("--cite", help="bibtex: the sources as a bibliography.")
    ] = "",
    as_json: JsonFlag = False,
    as_csv: CsvFlag = False,
) -> None:
    """Where the numbers come from.

    supplychain data sources --cite bibtex > sources.bib
    """
    if cite and (cite != "bibtex" or row or as_json or as_csv):
        raise UsageError("--cite bibtex: stands alone; no other form is known")
    world = load_world(data)
    if cite:
        from supplychain.citations import as_bibtex

        print(as_bibtex(world.tables), end="")
        return
    columns = ("source_id", "title", "publisher", "year", "url", "licence")
    sources = {
        str(r["source_id"]): {c: r[c] for c in columns} for r in world.tables.rows("sources")
    }
    if not row:
        _print_sources(list(sources.values()), as_json=as_json, as_csv=as_csv)
        return
    found = _find_row(world, row)
    cited = [sources[s] for s in found["source_id"]] if "source_id" in found else []
    if as_json:
        print_json({"row": row, "cells": {k: _plain(found[k]) for k in found}, "sources": cited})
        return
    for column in found:
        if found[column] not in ("", None, ()):
            print(f"{column}: {as_text(found[column])}")
    for source in cited:
        print(
            f"  -> {source['publisher']}, {source['title']} ({source['year']}). "
            f"{source['url']} [{source['licence']}]"
        )


def _print_sources(rows: list[dict[str, object]], *, as_json: bool, as_csv: bool) -> None:
    """All sources, in the form that was asked for."""
    if as_json:
        print_json({"sources": rows})
    elif as_csv:
        print_rows_csv(rows)
    else:
        print_rows(
            [
                {
                    "source": s["source_id"],
                    "title": f"{s['publisher']}, {s['title']} ({s['year']})",
                    "licence": s["licence"],
                }
                for s in rows
            ]
        )


def _find_row(world: "World", place: str) -> "Row":
    """The row at ``table.csv:line``."""
    file, _, line = place.partition(":")
    table = file.removesuffix(".csv")
    tables = [name for name, _ in world.tables.contents]
    if table not in tables:
        raise UnknownNameError(table, "table", suggestions=nearest(table, tables))
    if not line.isdecimal():
        raise UsageError(f"{place}: write a table and a line, such as segments.csv:12")
    for row in world.tables.rows(table):
        if row.line == int(line):
            return row
    raise UsageError(f"{place}: {table}.csv has no row on line {line} (the header is line 1)")


def export_command(
    *,
    to: Annotated[str, typer.Option("--to", help="graphml, gexf, json or csv.")] = "graphml",
    out: Annotated[Path, typer.Option("--out", help="File to write.")],
    data: DataOption = None,
) -> None:
    """Write the network for Gephi, yEd, Cytoscape, networkx or a spreadsheet.

    supplychain graph export --to graphml --out minerals.graphml
    """
    from supplychain.network.graph import export_graph

    counts = export_graph(load_world(data).network, out, cast("GraphFormat", to))
    print(f"wrote {counts['nodes']} nodes and {counts['edges']} edges to {out}", file=sys.stderr)


def show_command(
    node: Annotated[str, typer.Argument(help="A node such as KOR:ndfeb_magnet_hre.")],
    *,
    data: DataOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Suppliers and users of one node, with quantities, shares and grades."""
    graph = load_world(data).graph
    if node not in graph:
        raise UnknownNameError(node, "node", suggestions=nearest(node, list(graph.nodes)))
    links = {
        "suppliers": [{"node": a, **d} for a, _, d in graph.in_edges(node, data=True)],
        "users": [{"node": b, **d} for _, b, d in graph.out_edges(node, data=True)],
    }
    if as_json:
        print_json({"node": node, **graph.nodes[node], **links})
        return
    about = graph.nodes[node]
    print(
        f"{node}: {about['output']:.4g} {about['unit']} a year "
        f"({about['stage']}, grade {about['evidence']})"
    )
    for title, rows in links.items():
        print(f"{title}:")
        for r in sorted(rows, key=lambda r: -r["quantity"]):
            print(
                f"  {r['node']}: {r['quantity']:.4g} a year of {r['product']}, "
                f"{100 * r['share']:.1f} % of the user's need (grade {r['evidence']})"
            )


def doctor(*, as_json: JsonFlag = False) -> None:
    """Versions, extras and the fingerprint of the data: what to send with a question."""
    import platform
    from importlib.metadata import PackageNotFoundError, version

    from supplychain import __version__
    from supplychain.world import load, shipped

    def found(package: str) -> str:
        """The version of a package."""
        try:
            return version(package)
        except PackageNotFoundError:
            return "not installed"

    world = load()
    report = {
        "supplychain": __version__,
        "python": platform.python_version(),
        "system": platform.system(),
        "packages": {p: found(p) for p in _CORE},
        "extras": {e: {p: found(p) for p in names} for e, names in _EXTRAS.items()},
        "data": {
            "folder": str(shipped("data")),
            "pack": world.tables.info.id,
            "version": world.tables.info.version,
            "sha256": world.tables.sha256,
        },
    }
    if as_json:
        print_json(report)
        return
    for key, value in report.items():
        if isinstance(value, dict):
            print(f"{key}:")
            for name, inner in value.items():
                text = (
                    ", ".join(f"{p} {v}" for p, v in inner.items())
                    if isinstance(inner, dict)
                    else inner
                )
                print(f"  {name}: {text}")
        else:
            print(f"{key}: {value}")


def _plain(value: object) -> object:
    """A cell as JSON."""
    return list(value) if isinstance(value, tuple) else value
