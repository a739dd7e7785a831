"""How often a harder restriction costs less, and adapting costs more than standing still.

    python benchmarks/paradox.py [WORLDS]

In each of ten thousand (or WORLDS) random worlds of `tests/random_arrays.py` one measure is cut
further, or a new one is added. Counted are worlds whose total loss of final output falls by more
than 1e-9 under `adaptive`, and worlds that lose more under `adaptive` than under `frozen`; and, for
`frozen`, worlds in which in some month the customers of some node have had more, in all, than under
the milder restriction, or some node has made more. Sizes are shares of the baseline of all final
nodes (of one node, for `frozen`). A mechanism makes a paradox
vanish if it is gone when that mechanism is switched off in both runs. Worlds are far rougher than
any real pack (bans of whole countries, stocks of nothing, capacities doubled): frequencies say that
a thing happens and why, not how often it would.
"""

import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np

from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.cascade import run
from supplychain.model.frozen import FROZEN

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from random_arrays import EVERYTHING, Features, random_arrays, tighter

WORLDS = 10_000
LEAST, LARGE = 1e-9, 1e-3
SWITCHES = [name for name, on in vars(ADAPTIVE).items() if on]


def loss(arrays: Arrays, behaviour: Behaviour) -> float:
    """Loss of final output over the horizon, share of the baseline, all final nodes alike."""
    out = run(arrays, behaviour, trace=False)
    return float((1.0 - out.output[:, arrays.nodes.final]).mean())


def without_ranks(arrays: Arrays) -> Arrays:
    """The same world in which all share pro rata."""
    nodes, flows, openings = arrays.nodes, arrays.flows, arrays.openings
    return replace(
        arrays,
        nodes=replace(nodes, rank=np.zeros_like(nodes.rank)),
        flows=replace(flows, rank=np.zeros_like(flows.rank)),
        openings=replace(openings, rank=np.zeros_like(openings.rank)),
    )


def harder_costs_less(worlds: int) -> None:
    """Section 1 and 2: adaptive against itself, and against frozen."""
    gains: list[float] = []
    worse: list[float] = []
    cures: dict[str, Counter[str]] = {"harder": Counter(), "frozen": Counter()}
    for seed in range(worlds):
        world = random_arrays(seed).take(slice(0, 1))
        harder = tighter(world, seed)
        base = loss(world, ADAPTIVE)
        gain = base - loss(harder, ADAPTIVE)
        excess = base - loss(world, FROZEN)
        if gain > LEAST:
            gains.append(gain)
            for name in SWITCHES:
                off = ADAPTIVE.but(**{name: False})
                cures["harder"][name] += loss(world, off) - loss(harder, off) <= LEAST
            fair, fairer = without_ranks(world), without_ranks(harder)
            cures["harder"]["ranks"] += loss(fair, ADAPTIVE) - loss(fairer, ADAPTIVE) <= LEAST
        if excess > LEAST:
            worse.append(excess)
            still = loss(world, FROZEN)
            for name in SWITCHES:
                off = ADAPTIVE.but(**{name: False})
                cures["frozen"][name] += loss(world, off) - still <= LEAST
            fair = without_ranks(world)
            cures["frozen"]["ranks"] += loss(fair, ADAPTIVE) - loss(fair, FROZEN) <= LEAST
    report("adaptive loses less under a harder restriction", worlds, gains, cures["harder"])
    report("adaptive loses more than frozen", worlds, worse, cures["frozen"])


def report(title: str, worlds: int, sizes: list[float], cures: Counter[str]) -> None:
    """Counts, sizes, and what makes it vanish."""
    print(f"{title}: {len(sizes)} of {worlds} worlds")
    if sizes:
        found = np.array(sizes)
        over = int((found > LARGE).sum())
        print(f"  median {np.median(found):.2%}, largest {found.max():.2%}; {over} over 0.1 %")
    for name, count in cures.most_common():
        print(f"  gone without {name}: {count}")


def frozen_by_features(worlds: int) -> None:
    """Section 3: where the law of the frozen case ends."""
    plain = EVERYTHING.but(alternatives=False, ranks=False, hosts=False)
    kinds: dict[str, Features] = {
        "pro rata, no hosts": plain,
        "hosts": plain.but(hosts=True),
        "ranks": plain.but(ranks=True),
        "elasticities": plain.but(elasticities=True),
    }
    for kind, features in kinds.items():
        found: dict[str, list[float]] = {"delivered": [], "output": []}
        for seed in range(worlds):
            world = random_arrays([seed, 3], features).take(slice(0, 1))
            harder = tighter(world, seed)
            mild, hard = run(world, FROZEN), run(harder, FROZEN)
            for name, sizes in found.items():
                more = getattr(hard, name) - getattr(mild, name)
                gain = float(np.cumsum(more, axis=0).max()) / world.months
                if gain > LEAST:
                    sizes.append(gain)
        for name, sizes in found.items():
            report(f"frozen, {kind}: more {name} of some node", worlds, sizes, Counter())


def main() -> None:
    """Print all sections and the seconds they took."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else WORLDS
    start = time.perf_counter()
    harder_costs_less(worlds)
    frozen_by_features(worlds // 5)
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
