"""The command `data check`: every fault of a pack, or what it holds and on what it rests."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from supplychain.cli.common import JsonFlag, print_json
from supplychain.cli.lists import print_rows
from supplychain.errors import DataError

if TYPE_CHECKING:
    from supplychain.inventory import ChainLine, StageLine
    from supplychain.network import Adjustment
    from supplychain.world import World

_MOST_MOVED = 5


def check_command(
    folder: Annotated[
        Path | None, typer.Argument(help="The pack; the shipped one if left out.")
    ] = None,
    *,
    as_json: JsonFlag = False,
) -> None:
    """Check every cell of a pack and balance it; exit code 3 names every fault."""
    from supplychain import inventory
    from supplychain.tables import check_folder
    from supplychain.world import load, shipped

    place = folder if folder is not None else shipped("data")
    faults = check_folder(place)
    if faults:
        raise DataError(faults=faults)
    world = load(place)
    stages, chains = inventory.stages(world.tables), inventory.chains(world.tables)
    without, gaps = inventory.without_pedigree(world.tables), inventory.gaps(world.tables)
    moved = [a for a in world.network.adjustments if a.row is not None][:_MOST_MOVED]
    if as_json:
        report = {
            **_pack(world),
            "rows_without_source_year_or_evidence": list(without),
            "unfinished": list(gaps),
            "coverage": [asdict(line) for line in stages],
            "chains": [_chain(line, inventory.LIFTS) for line in chains],
            "largest_adjustments": [_adjustment(a) for a in moved],
        }
        print_json(report)
        return
    total = sum(len(rows) for _, rows in world.tables.contents)
    flows = len(world.network.flows)
    print(f"{place}: 0 faults in {total} rows; {_nodes(world)} nodes, {flows} flows")
    print(f"{len(without)} rows without source, year or evidence")
    for warning in world.network.warnings:
        print(f"warning: {warning}")
    for gap in gaps:
        print(f"unfinished: {gap}")
    print("\nCoverage (share of world output that stands under a named country):")
    print_rows([_stage_cells(line) for line in stages])
    print("\nEvidence by chain, and the assumed rows that most need a source:")
    print_rows([_chain_cells(line) for line in chains])
    print("\nWhat would replace an assumption:")
    for table, needs in inventory.LIFTS.items():
        print(f"  {table}.csv: {needs}")
    print("\nLargest adjustments made to balance (figure, stated, balanced, grade):")
    for a in moved:
        print(f"  {a.kind} {a.name}: {a.before:.4g} -> {a.after:.4g} ({a.evidence})")
    warned = len(world.network.warnings)
    print(f"\n{place}: 0 faults, {warned} warnings, {len(gaps)} unfinished products (see the top)")


def _pack(world: "World") -> dict[str, object]:
    """What the pack is, and its size."""
    return {
        "pack": world.tables.info.id,
        "sha256": world.tables.sha256,
        "faults": 0,
        "rows": {name: len(rows) for name, rows in world.tables.contents},
        "nodes": _nodes(world),
        "flows": len(world.network.flows),
        "warnings": list(world.network.warnings),
    }


def _nodes(world: "World") -> int:
    """Nodes of the baseline: without what is yet to be built."""
    return sum(not node.planned for node in world.network.nodes)


def _chain(line: "ChainLine", lifts: Mapping[str, str]) -> dict[str, object]:
    """The evidence of one chain as JSON."""
    return {
        "mineral": line.mineral,
        "rows": line.rows,
        "by_grade": dict(line.by_grade),
        "grade_d_share": line.assumed,
        "to_lift": [{"row": row, "needs": lifts[table]} for row, table in line.lifts],
    }


def _adjustment(moved: "Adjustment") -> dict[str, object]:
    """What balancing did to one figure, as JSON."""
    figure = f"{moved.kind} {moved.name}"
    numbers = {"before": moved.before, "after": moved.after}
    return {"figure": figure, **numbers, "evidence": moved.evidence}


def _stage_cells(line: "StageLine") -> dict[str, str]:
    """One line of the table of coverage."""
    return {
        "mineral": line.mineral,
        "stage": line.stage,
        "rows": str(line.rows),
        "countries": str(line.countries),
        "explained": f"{line.explained:.0%}",
        "worst grade": line.worst or "-",
    }


def _chain_cells(line: "ChainLine") -> dict[str, str]:
    """One line of the table of evidence."""
    return {
        "mineral": line.mineral,
        "rows": str(line.rows),
        "A/B/C/D": "/".join(str(n) for n in line.by_grade.values()),
        "D": f"{line.assumed:.0%}",
        "to lift it": "; ".join(row for row, _ in line.lifts),
    }
