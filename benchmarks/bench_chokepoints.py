"""What the ranking of chokepoints costs: the steps, and a fresh process, in processor seconds.

    python benchmarks/bench_chokepoints.py [restriction,mineral,node]

Processor seconds of all threads hardly depend on neighbours; the wall time of two idle cores is
about half of those of the simulation, and all of the rest. The last line checks the first rows
against runs of their own.
"""

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

import supplychain as sc
from supplychain.chokepoints.ask import DEFAULT
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import losses, ranked, removals
from supplychain.chokepoints.single import details, one_by_one

SHOWN = 20
T = TypeVar("T")


def timed(name: str, work: Callable[[], T]) -> T:
    """Do some work and print what it took."""
    wall, spent = time.perf_counter(), time.process_time()
    found = work()
    wall, spent = time.perf_counter() - wall, time.process_time() - spent
    print(f"  {name:42} {spent:6.2f} s processor, {wall:6.2f} s wall")
    return found


def main() -> None:
    """Print every step."""
    kinds = tuple(sys.argv[1].split(",")) if len(sys.argv) > 1 else DEFAULT
    print(f"chokepoints of KOR, {', '.join(kinds)}")
    world = timed("read and balance the pack", sc.load)
    field = timed("names, horizon, focus", lambda: Field.of(world.network, ["KOR"]))
    timed("compile everything once", lambda: field.whole.compiled)
    chosen = removals(field, kinds)
    first = timed(f"simulate {len(chosen)} removals", lambda: losses(field, chosen))
    again = timed("simulate them again", lambda: losses(field, chosen))
    if again != first:
        raise SystemExit("two rankings differ")
    top = [x.removal for x in ranked(first)[:SHOWN]]
    timed(f"all about the first {SHOWN}", lambda: details(field, top))
    for loss in ranked(first)[:SHOWN]:
        run = one_by_one(world.network, loss.removal, ["KOR"])
        if tuple(run.loss(s, "adaptive") for s in run.sectors) != loss.shares:
            raise SystemExit(f"{loss.removal.id}: a run of its own differs")
    wall, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [
        sys.executable,
        "-m",
        "supplychain",
        "chokepoints",
        "--quiet",
        "--what",
        ",".join(kinds),
    ]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.perf_counter() - wall
    print(f"  {'the command in a fresh process':42} {spent:6.2f} s processor, {wall:6.2f} s wall")
    print(f"the first {SHOWN} rows are exactly those of runs of their own")


if __name__ == "__main__":
    main()
