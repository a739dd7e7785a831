"""The command that reads somebody else's file: data import."""

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import QuietFlag, progress
from supplychain.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    import pandas as pd

    from supplychain.importers import Extract, Importer
    from supplychain.tables import Tables

_SHOWN = 20
_HS_DIGITS = 6
_NUMBER = r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_FORMULA = rf"[=@\t\r\n\uff1d\uff20\uff0b\uff0d]|[+-](?!$|{_NUMBER}$)"  # a signed number is none


def import_command(
    name: Annotated[str, typer.Argument(help="Importer; `list` shows them all.")],
    file: Annotated[Path | None, typer.Argument(help="Raw file as downloaded.")] = None,
    *,
    hs: Annotated[str, typer.Option(help="HS codes to keep, such as 282200,810510.")] = "",
    product: Annotated[
        str, typer.Option(help="Give rows of trade.csv for this product, by the pack's rule.")
    ] = "",
    regions: Annotated[
        str, typer.Option(help="Countries of a world table to keep; the others become ROW.")
    ] = "",
    year: Annotated[int | None, typer.Option(help="Which year of an archive.")] = None,
    usd_per_eur: Annotated[
        float | None, typer.Option(help="Average rate of the year, for tables in EUR.")
    ] = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", help="Column map (TOML) for the importer `edges`.")
    ] = None,
    pack: Annotated[
        Path | None, typer.Option("--data", help="Pack that knows the countries (the shipped one).")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="CSV file to write, or .parquet.")
    ] = None,
    quiet: QuietFlag = False,
) -> None:
    """Read somebody else's file into a checked table; what is not taken is said on stderr.

    supplychain data import baci BACI_HS17_Y2023_V202501.csv --hs 282200 --out cobalt.csv
    """
    from supplychain.importers import IMPORTERS, importer

    if name == "list":
        for item in IMPORTERS.values():
            print(f"{item.name} ({item.kind}): {item.about}")
        return
    item = importer(name)
    if file is None or not file.is_file():
        raise UsageError(f"{name}: name a file as downloaded: {item.about}")
    if name == "edges" and (column_map is None or not column_map.is_file()):
        raise UsageError("--map: the importer `edges` needs a column map")
    _free(out, file)
    tables = _tables(pack, unbuilt=not product) if item.kind == "trade" else None
    if product and (tables is None or hs):
        raise UsageError("--product: only trade has products, and their rule says the HS codes")
    asked = {
        "codes": _codes(hs) if hs else _codes_of(tables, product),
        "regions": [part.strip() for part in regions.split(",") if part.strip()] or None,
        "year": year,
        "usd_per_eur": usd_per_eur,
        "column_map": column_map,
    }
    extract = _read(item, file, asked, quiet=quiet)
    if tables is None:
        _hand_over(extract, out, quiet=quiet)
    elif product:
        _pack_rows(tables, product, extract, out, quiet=quiet)
    else:
        from supplychain.building import with_iso3

        _hand_over(with_iso3(extract, tables), out, quiet=quiet)


_OPTIONS = {
    "codes": "--hs",
    "regions": "--regions",
    "year": "--year",
    "usd_per_eur": "--usd-per-eur",
    "column_map": "--map",
}


def _read(item: "Importer", file: Path, asked: Mapping[str, object], *, quiet: bool) -> "Extract":
    """Read with the options that this importer has; another one is a mistake."""
    known = inspect.signature(item.read).parameters
    options = {name: value for name, value in asked.items() if value is not None}
    for name in options:
        if name not in known:
            has = ", ".join(_OPTIONS[other] for other in _OPTIONS if other in known) or "none"
            raise UsageError(
                f"{_OPTIONS[name]}: the importer {item.name} has it not (it has {has})"
            )
    if "progress" not in known:
        return item.read(file, **options)
    with progress(quiet) as told:
        return item.read(file, progress=lambda done, size: told(file.name, done / size), **options)


def _free(out: Path | None, file: Path) -> None:
    """The table is never written over the raw file, nor into a folder's place."""
    if out is not None and (out.is_dir() or (out.exists() and out.samefile(file))):
        what = "is a folder" if out.is_dir() else "is the raw file itself"
        raise UsageError(f"--out {out}: {what}; name another file")


def _tables(pack: Path | None, *, unbuilt: bool) -> "Tables":
    """The pack; for names of countries alone it need not have been built."""
    from supplychain.tables import load_tables
    from supplychain.world import shipped

    if pack is not None and not pack.is_dir():
        raise UsageError(f"--data {pack}: not a folder")
    return load_tables(pack if pack is not None else shipped("data"), unbuilt=unbuilt)


def _codes(text: str) -> list[str]:
    codes = [code.strip() for code in text.split(",") if code.strip()]
    wrong = [code for code in codes if not (code.isdigit() and len(code) == _HS_DIGITS)]
    if wrong or not codes:
        raise UsageError(f"--hs {','.join(wrong)}: write six digits, as in 282200")
    return codes


def _codes_of(tables: "Tables | None", product: str) -> list[str] | None:
    if not product or tables is None:
        return None
    from supplychain.building import trade_codes

    return list(trade_codes(tables, product))


def _pack_rows(
    tables: "Tables", product: str, extract: "Extract", out: Path | None, *, quiet: bool
) -> None:
    from supplychain.building import trade_rows

    text, remarks = trade_rows(tables, product, extract)
    _say([*map(str, remarks), f"{text.count(chr(10)) - 1} rows of trade.csv"], quiet=quiet)
    _write(text, out)


def _hand_over(extract: "Extract", out: Path | None, *, quiet: bool) -> None:
    first = sorted(extract.remarks, key=lambda remark: remark.verdict != "doubt")
    last = f"{len(extract.frame)} rows of {extract.file} ({extract.sha256[:12]})"
    _say([*map(str, first), last], quiet=quiet)
    if out is not None and out.suffix == ".parquet":
        beside = out.with_suffix(".parquet.part")
        try:
            extract.frame.to_parquet(beside, index=False)
            beside.replace(out)
        except ImportError:
            raise MissingExtraError(
                "writing parquet needs pyarrow: install the extra, supplychain[io]"
            ) from None
        except OSError as error:
            raise UsageError(f"--out {out}: cannot be written: {error.strerror}") from error
        return
    _write(_harmless(extract.frame).to_csv(index=False, lineterminator="\n"), out)


def _harmless(frame: "pd.DataFrame") -> "pd.DataFrame":
    """Texts that a spreadsheet would take for a formula, with an apostrophe in front."""
    found = {}
    for name in frame.select_dtypes(["str", "object", "category"]).columns:
        texts = frame[name].astype(str)
        risky = texts.str.match(_FORMULA)
        if risky.any():
            found[name] = frame[name].astype(object).mask(risky, "'" + texts)
    return frame.assign(**found)


def _say(lines: list[str], *, quiet: bool) -> None:
    """Remarks on stderr; the last line always."""
    if quiet:
        return
    for line in lines[:-1][:_SHOWN]:
        print(line, file=sys.stderr)
    if len(lines) - 1 > _SHOWN:
        print(f"... and {len(lines) - 1 - _SHOWN} more remarks", file=sys.stderr)
    print(lines[-1], file=sys.stderr)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        print(text, end="")
        return
    beside = out.with_suffix(out.suffix + ".part")
    try:
        beside.write_text(text, encoding="utf-8", newline="")
        beside.replace(out)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written: {error.strerror}") from error
