"""How long the reference case takes, as ratios measured side by side in one run.

    python benchmarks/bench_reference_case.py

Seconds depend on the machine; the ratios (to a bare interpreter that imports numpy, and of a batch
of lanes to the same lanes one by one) are what should be compared between versions.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import supplychain as sc
from supplychain.compiled import compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central, Sample
from supplychain.model import cascade, kernel
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.engine import Links
from supplychain.model.frozen import FROZEN

REPEATS = 5
LANES = 24
COLD = {
    "python, import numpy (the yardstick)": ["-c", "import numpy"],
    "import supplychain": ["-c", "import supplychain"],
    "supplychain --help": ["-m", "supplychain", "--help"],
    "restrict China dysprosium, no planner": [
        *("-m", "supplychain", "restrict", "China", "dysprosium", "--json", "--no-planner"),
    ],
    "restrict China dysprosium": ["-m", "supplychain", "restrict", "China", "dysprosium", "--json"],
    "restrict China Dy Tb magnets, ban, no planner": [
        *("-m", "supplychain", "restrict", "China", "dysprosium", "terbium", "ndfeb_magnet"),
        *("--kind", "ban", "--json", "--no-planner"),
    ],
    "restrict China Dy Tb magnets, ban": [
        *("-m", "supplychain", "restrict", "China", "dysprosium", "terbium", "ndfeb_magnet"),
        *("--kind", "ban", "--json"),
    ],
}


def median_seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Median wall time of a piece of work."""
    found = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        found.append(time.perf_counter() - start)
    return statistics.median(found)


def process(arguments: list[str]) -> Callable[[], object]:
    """A whole process as a piece of work."""
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)


def compiled(arrays: Arrays) -> dict[str, Callable[[], object]]:
    """The same two cases in compiled code, where it is installed; compiled before it is timed."""
    if not kernel.available():
        return {}
    links = Links(arrays)
    cases = {"frozen": FROZEN, "adaptive": ADAPTIVE}

    def play(behaviour: Behaviour) -> Callable[[], object]:
        """One case as a piece of work."""
        return lambda: kernel.run(arrays, behaviour, plan=links.plan)

    works = {f"{name}, compiled": play(behaviour) for name, behaviour in cases.items()}
    for work in works.values():
        work()
    return works


def main() -> None:
    """Print cold and warm times and their ratios."""
    print("cold, whole process (median of", REPEATS, "runs)")
    yardstick = 0.0
    for name, arguments in COLD.items():
        seconds = median_seconds(process(arguments))
        yardstick = yardstick or seconds
        print(f"  {name:48} {seconds:6.2f} s   {seconds / yardstick:5.1f} x")
    world = sc.load()
    network = world.network
    resolved = resolve(sc.restrict("China", ["dysprosium"], kind="ban"), network)
    central = compile_arrays(network, resolved, Central()).arrays
    links = Links(central)
    print("warm, one scenario")
    for name, work in {
        "load and balance the pack": sc.load,
        "compile": lambda: compile_arrays(network, resolved, Central()),
        "compile its links": lambda: Links(central).plan,
        "frozen, arrays": lambda: cascade.run(central, FROZEN, wiring=links.wiring),
        "adaptive, arrays": lambda: cascade.run(central, ADAPTIVE, wiring=links.wiring),
        **compiled(central),
    }.items():
        print(f"  {name:48} {1000 * median_seconds(work):6.0f} ms")
    arrays = compile_arrays(network, resolved, Sample(LANES, 1)).arrays
    batch = median_seconds(lambda: cascade.run(arrays, ADAPTIVE, trace=False))
    one_by_one = median_seconds(
        lambda: [
            cascade.run(arrays.take(slice(k, k + 1)), ADAPTIVE, trace=False) for k in range(LANES)
        ]
    )
    print(
        f"{LANES} draws in one batch are {one_by_one / batch:.1f} x as fast as one by one "
        f"(array arithmetic, {1000 * batch / LANES:.0f} ms a draw)"
    )


if __name__ == "__main__":
    main()
