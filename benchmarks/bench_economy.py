"""What the input-output layer costs and says, as ratios measured side by side in one run.

    python benchmarks/bench_economy.py [TABLE]

TABLE is a world input-output table of WIOD as `supplychain.importers.wiod` reads it, such as
``WIOT11_ROW_Sep12.xlsx``. Without it that part is left out.
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from supplychain.importers import iotable, wiod
from supplychain.model.economy import (
    InputOutput,
    by_block,
    extraction_losses,
    leontief_inverse,
    mixed_loss,
    outputs,
    total_extraction_losses,
)

if TYPE_CHECKING:
    import pandas as pd

SECTORS, REPEATS, SOLVED_ANEW, SCENARIOS = 4_000, 5, 3, 200
FIXED = {"c15": "transport equipment", "c14": "electrical and optical", "c13": "machinery"}
LOST = 0.1
BILLION = 1e3  # the table is in million USD


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Quickest of several runs of a piece of work: what else the machine does adds, never takes."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return min(found)


def line(name: str, value: str, note: str = "") -> None:
    """One figure."""
    print(f"  {name:64} {value:>12}  {note}".rstrip())


def random_table(n: int) -> InputOutput:
    """A full table with column sums of 0.3 to 0.8."""
    seed = np.random.default_rng(1)
    weights = seed.random((n, n))
    coefficients = weights / weights.sum(axis=0) * seed.uniform(0.3, 0.8, n)
    output = seed.uniform(1.0, 100.0, n) * 10
    return InputOutput.of(coefficients * output, output)


def anew(table: InputOutput, k: int) -> np.ndarray:
    """Outputs without sector k, by solving the table that is left."""
    rest = np.delete(np.arange(table.output.size), k)
    left = np.zeros(table.output.size)
    system = np.eye(rest.size) - table.coefficients[np.ix_(rest, rest)]
    left[rest] = np.linalg.solve(system, table.final[rest])
    return left


def extraction() -> None:
    """All sectors taken out, one by one, of a random table."""
    print(f"hypothetical extraction, random table of {SECTORS:,} sectors")
    table = random_table(SECTORS)
    system = np.eye(SECTORS) - table.coefficients
    one, whole, kept = [], [], leontief_inverse(table)
    for _ in range(REPEATS):  # in turn, so that both meet the same machine
        one.append(seconds(lambda: np.linalg.inv(system), 1))
        whole.append(seconds(lambda: total_extraction_losses(table, leontief_inverse(table)), 1))
    inverse, all_of_them = min(one), min(whole)
    ratio = statistics.median(b / a for a, b in zip(one, whole, strict=True))
    line("one inverse (numpy.linalg.inv)", f"{inverse:.2f} s")
    note = f"{ratio:.3f} x, median of {REPEATS} pairs (goal 1.2 x)"
    line("inverse and all extractions", f"{all_of_them:.2f} s", note)
    closed = seconds(lambda: total_extraction_losses(table, kept))
    line("all extractions, inverse given", f"{1000 * closed:.0f} ms", f"{closed / inverse:.4f} x")
    matrix = seconds(lambda: extraction_losses(table, kept))
    line("losses of every sector for each (full matrix)", f"{1000 * matrix:.0f} ms")
    chosen = np.arange(SOLVED_ANEW) * (SECTORS // SOLVED_ANEW)
    start = time.perf_counter()
    left = np.stack([anew(table, int(k)) for k in chosen], axis=1)
    each = (time.perf_counter() - start) / SOLVED_ANEW
    found = table.output[:, None] - extraction_losses(table, kept, chosen)
    gap = np.abs(found - left).max() / table.output.max()
    line("one extraction by solving anew", f"{each:.2f} s", f"largest difference {gap:.0e}")
    line("all by solving anew over the closed form", f"{each * SECTORS / all_of_them:,.0f} x")


def scenarios(table: InputOutput) -> None:
    """Final demands, few and many, against one solution each."""
    seed = np.random.default_rng(2)
    final = np.maximum(table.final, 0)[:, None] * seed.random((table.output.size, SCENARIOS))
    system = np.eye(table.output.size) - table.coefficients
    single = seconds(lambda: np.linalg.solve(system, final[:, 0]))
    series = seconds(lambda: outputs(table, final[:, 0]))
    many = seconds(lambda: outputs(table, final))
    line("one final demand: series over factorisation", f"{series / single:.3f} x")
    line(f"{SCENARIOS} final demands over one", f"{many / single:.2f} x")


def world_table(path: Path) -> None:
    """The whole table of the world: read, reproduced, taken apart, closed with fixed sectors."""
    start = time.perf_counter()
    frame = wiod.read(path).frame
    names, table, raw_gap = arrays(frame)
    print(
        f"{path.name}: {table.output.size:,} sectors, read in {time.perf_counter() - start:.1f} s"
    )
    line("stated final demand against rows, largest / largest output", f"{raw_gap:.1e}")
    again = outputs(table, table.final)
    gap = np.abs(again - table.output).max() / table.output.max()
    line("outputs from final demand, largest residual / largest output", f"{gap:.1e}")
    own = np.abs(again - table.output)[table.output > 0] / table.output[table.output > 0]
    line("the same, relative to each sector's own output", f"{own.max():.1e}")
    scenarios(table)
    inverse = leontief_inverse(table)
    one = seconds(lambda: np.linalg.inv(np.eye(table.output.size) - table.coefficients))
    whole = seconds(lambda: total_extraction_losses(table, leontief_inverse(table)))
    line("all extractions over one inverse", f"{whole / one:.3f} x")
    lost = total_extraction_losses(table, inverse, table.value_share)
    gdp = table.value_added.sum()
    print("  largest losses of world GDP when a sector is taken out")
    for k in np.argsort(-lost)[:5]:
        line(
            f"    {names[k][0]} {names[k][1]}",
            f"{lost[k] / BILLION:,.0f} bn",
            f"{lost[k] / gdp:.2%}",
        )
    closure(names, table, inverse)


def arrays(frame: "pd.DataFrame") -> tuple[list[tuple[str, str]], InputOutput, float]:
    """The long table of an importer as arrays, and how far its rows miss their outputs."""
    user = frame["user_sector"].astype(str).to_numpy()
    seller = list(
        zip(frame["supplier"].astype(str), frame["supplier_sector"].astype(str), strict=True)
    )
    buyer = list(zip(frame["user"].astype(str), user, strict=True))
    names = list(dict.fromkeys(seller))
    place = {name: k for k, name in enumerate(names)}
    row = np.array([place[name] for name in seller])
    column = np.array([place.get(name, -1) for name in buyer])
    value = frame["value_musd"].to_numpy(dtype=float)
    flows, final, output = np.zeros((len(names),) * 2), np.zeros(len(names)), np.zeros(len(names))
    made, bought = user == iotable.OUTPUT, user == iotable.FINAL
    output[row[made]] = value[made]
    np.add.at(final, row[bought], value[bought])
    between = ~(made | bought)
    np.add.at(flows, (row[between], column[between]), value[between])
    table = InputOutput.of(flows, output, final, tuple(map(" ".join, names)))
    return names, table, float(np.abs(final - table.final).max() / output.max())


def closure(names: list[tuple[str, str]], table: InputOutput, inverse: np.ndarray) -> None:
    """Japanese sectors lose a tenth of their output: together, and each for itself."""
    chosen = np.array([names.index(("JPN", code)) for code in FIXED])
    print(f"  Japan makes {LOST:.0%} less {', '.join(FIXED.values())}")
    lost, fixed = np.zeros(table.output.size), np.zeros(table.output.size)
    lost[chosen], fixed[chosen] = LOST * table.output[chosen], 1.0
    joint = mixed_loss(table, lost, fixed)
    ratio = seconds(lambda: mixed_loss(table, lost, fixed)) / seconds(
        lambda: leontief_inverse(table)
    )
    line("one closure over one inverse", f"{ratio:.3f} x")
    alone = extraction_losses(table, inverse, chosen, share=LOST)
    countries = list(dict.fromkeys(country for country, _ in names))
    block = np.array([countries.index(country) for country, _ in names])
    together = np.column_stack([joint.direct, joint.indirect])
    value = table.value_share[:, None] * np.column_stack([together, alone])
    by_country = by_block(np.column_stack([value, table.value_added]), block, len(countries))
    world, japan = by_country.sum(axis=0), by_country[countries.index("JPN")]
    for name, sums in (("Japan", japan), ("world", world)):
        direct, indirect, *single, gdp = sums
        whole, summed = direct + indirect, sum(single)
        line(
            f"    {name}: value added lost directly",
            f"{direct / BILLION:,.1f} bn",
            f"{direct / gdp:.2%}",
        )
        line(
            f"    {name}: with suppliers, jointly",
            f"{whole / BILLION:,.1f} bn",
            f"{whole / gdp:.2%}",
        )
        note = f"{summed / whole - 1:+.1%} counted twice"
        line(f"    {name}: sum of one by one", f"{summed / BILLION:,.1f} bn", note)


def main() -> None:
    """Print all figures."""
    extraction()
    if len(sys.argv) > 1:
        world_table(Path(sys.argv[1]))
    else:
        print("no world table: give the path of one (see the first lines of this file)")


if __name__ == "__main__":
    main()
