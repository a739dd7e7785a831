"""Commands that make and compare packs: data build, data diff."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import JsonFlag, QuietFlag, print_json, progress
from supplychain.cli.importing import import_command
from supplychain.errors import SupplychainError, UsageError

if TYPE_CHECKING:
    from supplychain.building import Built

_SHOWN = 20


class DifferencesError(SupplychainError):
    """Two packs differ, and the caller asked to be told by the exit code."""

    code = 5
    id = "packs_differ"


def register(data: typer.Typer) -> None:
    """Add the commands to `supplychain data`."""
    data.command("build")(build_command)
    data.command("diff")(diff_command)
    data.command("import")(import_command)


def build_command(
    *,
    downloads: Annotated[
        Path, typer.Option("--from", help="Folder that holds the raw files as downloaded.")
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder of the pack to write; may be the pack.")
    ] = None,
    pack: Annotated[
        Path | None,
        typer.Option("--data", help="Pack whose rules are worked (--out if it is one)."),
    ] = None,
    as_json: JsonFlag = False,
    quiet: QuietFlag = False,
) -> None:
    """Derive again every row that a rule derives; without --out, only show what would change.

    supplychain data build --from downloads --out my_pack
    """
    from supplychain.building import may_be_written, rebuild
    from supplychain.world import shipped

    own = out is not None and (out / "products.csv").is_file()  # the pack that is to be written
    source = pack or (out if own and out is not None else shipped("data"))
    for folder, option in ((downloads, "--from"), (source, "--data")):
        if not folder.is_dir():
            raise UsageError(f"{option} {folder}: not a folder")
    if out is not None:
        may_be_written(source, out)
    with progress(quiet) as told:
        built = rebuild(source, downloads, lambda i, n, rule: told(rule, i / n))
    found = _tried(built, source, out)
    report = {
        "pack": str(source),
        "written": None if out is None else str(out),
        "raw_files": dict(built.files),
        "derived": dict(built.derived),
        "left_out": [str(remark) for remark in built.remarks],
        "changes": [str(change) for change in found],
    }
    if as_json:
        print_json(report)
        return
    total = sum(built.derived.values())
    print(
        f"{len(built.derived)} rules gave {total} rows and cells from {len(built.files)} raw files"
    )
    _list("Left out of the raw files", [str(remark) for remark in built.remarks], quiet=quiet)
    _list(f"Changes against {source.resolve()}", [str(change) for change in found], quiet=False)
    if out is not None:
        print(f"wrote {out}", file=sys.stderr)


def _tried(built: "Built", source: Path, out: Path | None) -> tuple[object, ...]:
    """Write the pack (for good, or for a comparison alone); what differs from the one before."""
    import tempfile

    from supplychain.building import changes

    with tempfile.TemporaryDirectory() as name:
        trial = Path(name) / "pack"
        built.write(source, trial)
        found = changes(source, trial)
    if out is not None:
        try:
            built.write(source, out)
        except OSError as error:
            raise UsageError(f"--out {out}: cannot be written: {error.strerror}") from error
    return found


def _list(title: str, lines: list[str], *, quiet: bool) -> None:
    if quiet:
        return
    print(f"{title}: {len(lines) or 'none'}")
    for line in lines[:_SHOWN]:
        print(f"  {line}")
    if len(lines) > _SHOWN:
        print(f"  ... and {len(lines) - _SHOWN} more (--json lists all)")


def diff_command(
    before: Annotated[Path, typer.Argument(help="A pack.")],
    after: Annotated[Path, typer.Argument(help="Another pack.")],
    *,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 5 if they differ.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Every row and cell in which two packs differ."""
    from supplychain.building import changes
    from supplychain.tables import load_tables

    for folder in (before, after):
        if not folder.is_dir():
            raise UsageError(f"{folder}: not a folder")
        load_tables(folder)
    found = changes(before, after)
    if as_json:
        keys = ("kind", "table", "key", "column", "before", "after")
        rows = [{key: getattr(change, key) for key in keys} for change in found]
        print_json({"before": str(before), "after": str(after), "changes": rows})
    else:
        print(f"{len(found)} differences between {before} and {after}")
        for change in found:
            print(f"  {change}")
    if found and exit_code:
        raise DifferencesError(f"the packs differ in {len(found)} places")
