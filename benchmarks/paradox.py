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
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import Pool
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
PLAIN = EVERYTHING.but(alternatives=False, ranks=False, hosts=False)
KINDS = {
    "pro rata, no hosts": PLAIN,
    "hosts": PLAIN.but(hosts=True),
    "ranks": PLAIN.but(ranks=True),
    "elasticities": PLAIN.but(elasticities=True),
}
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


@dataclass(frozen=True)
class Paradox:
    """Size of a paradox in one world, and what makes it vanish."""

    size: float
    cures: tuple[str, ...]


def one_world(seed: int) -> tuple[Paradox | None, Paradox | None]:
    """Adaptive under a harder restriction, and against frozen."""
    world = random_arrays(seed).take(slice(0, 1))
    harder = tighter(world, seed)

    def gain(case: Behaviour, *, ranks: bool = True) -> float:
        two = [one if ranks else without_ranks(one) for one in (world, harder)]
        return loss(two[0], case) - loss(two[1], case)

    def excess(case: Behaviour, *, ranks: bool = True) -> float:
        one = world if ranks else without_ranks(world)
        return loss(one, case) - loss(one, FROZEN)

    return paradox(gain), paradox(excess)


def paradox(size: Callable[..., float]) -> Paradox | None:
    """What a size is, and which switches bring it to nothing."""
    found = size(ADAPTIVE)
    if found <= LEAST:
        return None
    cures = [name for name in SWITCHES if size(ADAPTIVE.but(**{name: False})) <= LEAST]
    if size(ADAPTIVE, ranks=False) <= LEAST:
        cures.append("ranks")
    return Paradox(found, tuple(cures))


def frozen_world(task: tuple[int, Features]) -> dict[str, float]:
    """Most that customers of a node, or the node itself, gain in frozen; share of its baseline."""
    seed, features = task
    world = random_arrays([seed, 3], features).take(slice(0, 1))
    mild, hard = run(world, FROZEN), run(tighter(world, seed), FROZEN)
    return {
        name: float(np.cumsum(getattr(hard, name) - getattr(mild, name), axis=0).max())
        / world.months
        for name in ("delivered", "output")
    }


def report(title: str, worlds: int, sizes: list[float], cures: Counter[str]) -> None:
    """Counts, sizes, and what makes it vanish."""
    print(f"{title}: {len(sizes)} of {worlds} worlds", flush=True)
    if sizes:
        found = np.array(sizes)
        over = int((found > LARGE).sum())
        print(f"  median {np.median(found):.2%}, largest {found.max():.2%}; {over} over 0.1 %")
    for name, count in cures.most_common():
        print(f"  gone without {name}: {count}")


def main() -> None:
    """Print all sections and the seconds they took."""
    worlds = int(sys.argv[1]) if len(sys.argv) > 1 else WORLDS
    start = time.perf_counter()
    with Pool() as pool:
        both = pool.map(one_world, range(worlds), chunksize=50)
        titles = ("adaptive loses less under a harder restriction", "it loses more than frozen")
        for title, found in zip(titles, zip(*both, strict=True), strict=True):
            some = [each for each in found if each]
            cures = Counter(name for each in some for name in each.cures)
            report(title, worlds, [each.size for each in some], cures)
        for kind, features in KINDS.items():
            part = worlds // 5
            gains = pool.map(frozen_world, [(seed, features) for seed in range(part)], chunksize=50)
            for name in ("delivered", "output"):
                sizes = [gain[name] for gain in gains if gain[name] > LEAST]
                report(f"frozen, {kind}: more {name} of some node", part, sizes, Counter())
    print(f"{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
