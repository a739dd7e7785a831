"""What many draws cost, as ratios measured side by side in one run.

    python benchmarks/bench_draws.py [--large]

The reference case (China bans dysprosium) is played by the compiled engine on one thread, by the
array engine one draw at a time and many at once, and by the plain-Python specification; then the
time is followed from 100 to 10,000 draws, and from networks of 2,000 nodes to networks of 20,000
(with ``--large``). Seconds are processor seconds but where it says wall: they depend on the machine
and its neighbours, the ratios hardly do.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

import supplychain as sc
from supplychain import uncertainty
from supplychain.compiled import compile_arrays
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central, Sample
from supplychain.model import cascade, kernel
from supplychain.model.adaptive import ADAPTIVE, adaptive
from supplychain.model.arrays import (
    Arrays,
    Block,
    Flows,
    Limits,
    Nodes,
    Openings,
    Projects,
    Regimes,
    Slots,
    Technologies,
)
from supplychain.model.kernel_arrays import plan_of
from supplychain.model.oracle import play
from supplychain.model.wiring import wire
from supplychain.network import Network
from supplychain.run import Run

LANES = 112
COUNTS = (100, 1_000, 10_000)
TIERS = 10
COMPILE = (
    "import sys, time; sys.path[:0] = ['tests', '.'];"
    "import numpy as np; from random_arrays import random_arrays;"
    "from supplychain.model.adaptive import ADAPTIVE; from supplychain.model import kernel;"
    "start = time.perf_counter();"
    "kernel.run_lanes(random_arrays(1), ADAPTIVE, np.array([0]));"
    "print(time.perf_counter() - start)"
)


def seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """Least processor time of a piece of work."""
    found = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def say(what: str, value: float, unit: str = "ms", note: str = "") -> None:
    """One line."""
    print(f"  {what:58} {value:10.3f} {unit:4} {note}")


def first_call() -> None:
    """How long the compiler takes, and how long its kept code takes to load, in new processes."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
        for what in ("first call ever (compiles), wall", "first call of a process, wall"):
            done = subprocess.run(
                [sys.executable, "-c", COMPILE],
                check=True, capture_output=True, text=True, env=environment,
            )  # fmt: skip
            say(what, float(done.stdout), "s")


def engines(network: Network) -> None:
    """One draw of the reference case by every engine."""
    resolved = resolve(sc.restrict("China", ["dysprosium"], kind="ban"), network)
    central = compile_arrays(network, resolved, Central()).arrays
    arrays = compile_arrays(network, resolved, Sample(LANES, 1)).arrays
    nodes, plan, links = np.arange(central.nodes.base.size), plan_of(arrays), wire(arrays)
    flows = central.flows.slot.size
    print(f"one draw of the reference case, {nodes.size} nodes, {flows:,} flows")
    quick = 1000 * seconds(lambda: kernel.run_lanes(arrays, ADAPTIVE, nodes, plan=plan)) / LANES
    say("compiled, one thread", quick)
    alone = 1000 * seconds(lambda: kernel.run_lanes(central, ADAPTIVE, nodes, plan=plan))
    say("compiled, one draw alone", alone, "ms", f"{alone / quick:8.1f} x")
    some = arrays.take(slice(0, 48))
    batch = (
        1000
        * seconds(lambda: cascade.run(some, ADAPTIVE, trace=False, wiring=links), 1)
        / some.lanes
    )
    say("arrays, 48 at once", batch, "ms", f"{batch / quick:8.1f} x")
    single = 1000 * seconds(lambda: cascade.run(central, ADAPTIVE, trace=False, wiring=links))
    say("arrays, one at a time", single, "ms", f"{single / quick:8.1f} x")
    every = 1000 * seconds(lambda: batched(network, resolved)) / LANES
    say("a draw, its figures drawn and compiled", every)
    path = 1000 * seconds(lambda: adaptive(compile_arrays(network, resolved, Central()).arrays))
    say("the single-run path, compiled, every flow kept", path, "ms", f"{path / every:8.1f} x that")
    plain = 1000 * seconds(lambda: play(central, ADAPTIVE), 1)
    say("plain Python", plain, "ms", f"{plain / quick:8.1f} x")


def batched(network: Network, resolved: Resolved) -> None:
    """Many draws from the tables to their outputs."""
    arrays = compile_arrays(network, resolved, Sample(LANES, 1)).arrays
    kernel.run_lanes(arrays, ADAPTIVE, np.arange(arrays.nodes.base.size))


def band(network: Network) -> None:
    """The band of the reference case, with and without compiled code, and for more draws."""
    played = Run.of(network, resolve(sc.restrict("China", ["dysprosium"], kind="ban"), network))
    print("band of the reference case, compiling the arrays included")
    work: dict[str, Callable[[], object]] = {
        f"{count:,} draws": lambda count=count: uncertainty.bands(network, played, 1, count)
        for count in COUNTS
    }
    before = 0.0
    for what, job in work.items():
        now = seconds(job, 1)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        growth = f"{now / before:8.1f} x" if before else ""
        say(what, now, "s", f"{growth:12} peak memory so far {peak:.0f} MiB")
        before = now
    quick = seconds(lambda: uncertainty.bands(network, played, 1))
    has_numba, kernel.available = kernel.available, lambda: False
    slow = seconds(lambda: uncertainty.bands(network, played, 1), 1)
    kernel.available = has_numba
    say("draws of the pack, compiled", quick, "s")
    say("draws of the pack, arrays", slow, "s", f"{slow / quick:8.1f} x")


def tiered(nodes: int, lanes: int, seed: int = 1, inputs: int = 3, suppliers: int = 5) -> Arrays:
    """A large network in tiers: every plant buys some inputs, each from plants a tier above.

    A ban covers a tenth of what leaves the first tier; plants have stocks and spare capacity.
    """
    rng = np.random.default_rng(seed)
    per_tier, months, bins = nodes // TIERS, 12, 5
    users = np.repeat(np.arange(per_tier, nodes), inputs)
    slots, tier = users.size, users // per_tier
    flow_slot = np.repeat(np.arange(slots), suppliers)
    supplier = (tier[flow_slot] - 1) * per_tier + rng.integers(0, per_tier, flow_slot.size)
    pairs = np.unique(np.stack([supplier // per_tier, flow_slot, supplier]), axis=1)
    flow_slot, supplier = pairs[1], pairs[2]
    share = 1.0 / np.bincount(flow_slot, minlength=slots)[flow_slot]
    sold = np.bincount(supplier, share, nodes)
    covered = (supplier < per_tier) & (supplier % 10 == 0)
    none, index = np.zeros(0), np.zeros(0, dtype=np.int64)
    wide = np.ones((1, lanes))
    ban = np.full((months, 1, lanes, 1), np.inf)
    ban[:8] = rng.random((1, 1, lanes, 1)) * 0.3
    cut = np.searchsorted(supplier // per_tier, np.arange(TIERS + 1)).tolist()
    held = np.searchsorted(tier, np.arange(TIERS + 1)).tolist()
    blocks = tuple(
        Block(
            slice(t * per_tier, (t + 1) * per_tier),
            slice(held[t], held[t + 1]),
            slice(cut[t], cut[t + 1]),
            slice(0, 0),
        )
        for t in range(TIERS)
    )
    ones = np.ones(nodes)
    zeros = np.zeros(slots)
    return Arrays(
        months=months,
        bins=bins,
        lanes=lanes,
        blocks=blocks,
        nodes=Nodes(
            base=np.maximum(sold, 1.0),
            level=ones,
            capacity=1.0 + 0.1 * rng.random((nodes, lanes)),
            final=np.arange(nodes) >= (TIERS - 1) * per_tier,
            host=np.full(nodes, -1),
            host_ratio=ones,
            rank=np.zeros(nodes, dtype=np.int64),
            ahead=np.zeros(nodes),
            counted=ones,
        ),
        slots=Slots(
            node=users,
            need=np.ones(slots),
            level=np.ones(slots),
            main=np.ones(slots, dtype=np.bool_),
            weight=rng.choice([0.5, 1.0], (slots, 1)) * wide,
            elasticity=np.full((slots, lanes), np.nan),
            elasticity_long=np.full((slots, lanes), np.nan),
            cost_share=np.ones(slots),
            cover=rng.random((slots, lanes, bins)),
            substitution=np.zeros((slots, lanes)),
            substitution_most=zeros,
            substitution_start=zeros,
        ),
        flows=Flows(
            supplier=supplier,
            slot=flow_slot,
            share=share[:, None] * wide,
            quantity=share,
            lag=np.zeros(flow_slot.size, dtype=np.int64),
            regime=np.where(covered, 0, -1),
            rank=np.zeros(flow_slot.size, dtype=np.int64),
        ),
        openings=Openings(index, index, index, np.zeros((0, lanes)), index, index, index),
        regimes=Regimes(ban, ban),
        technologies=Technologies(index, np.zeros((0, lanes)), none, none, index, index, none),
        projects=Projects(index, np.zeros((months, 0, lanes))),
        sources=(),
        limits=Limits(
            catch_up=np.full(lanes, 1.14),
            access=np.full(lanes, 1.5),
            new_share=np.full(lanes, 0.2),
            queue_cap=np.full(lanes, 1.0),
            restock=np.full(lanes, np.inf),
            hoard=np.ones(lanes),
            elasticity_time=np.full(lanes, 12.0),
            spot_rounds=3,
            start=0,
        ),
    )


def growth(sizes: tuple[int, ...]) -> None:
    """How time and memory grow with the network."""
    print("random networks in ten tiers, adaptive, 12 months, 5 plants per node")
    for size in sizes:
        lanes = 48 if size < 10_000 else 24  # noqa: PLR2004
        arrays = tiered(size, lanes)
        plan, nodes = plan_of(arrays), np.arange(size - 10, size)
        quick = seconds(lambda: kernel.run_lanes(arrays, ADAPTIVE, nodes, plan=plan), 2) / lanes  # noqa: B023
        one, links = arrays.take(slice(0, 1)), wire(arrays)
        single = seconds(lambda: cascade.run(one, ADAPTIVE, trace=False, wiring=links), 1)  # noqa: B023
        found = kernel.run_lanes(one, ADAPTIVE, nodes, plan=plan).output
        plain = cascade.run(one, ADAPTIVE, trace=False, wiring=links).output[:, nodes]
        off = np.abs(found - plain).max()
        edges = arrays.flows.slot.size
        say(f"{size:,} nodes, {edges:,} flows: a draw", 1000 * quick, "ms",
            f"{1e9 * quick / edges / 12 / arrays.bins:6.2f} ns per flow, plant and month;"
            f" arrays {single / quick:.0f} x; they differ by {off:.0e}")  # fmt: skip


def main() -> None:
    """Print everything."""
    if not kernel.available():
        sys.exit("numba is not installed: pip install 'supplychain[fast]'")
    first_call()
    network = sc.load().network
    band(network)  # before the others, whose arrays would hide its peak of memory
    engines(network)
    growth((2_000, 20_000) if "--large" in sys.argv else (2_000,))


if __name__ == "__main__":
    main()
