"""How long the planner takes: all programmes of a focus country, and ten severities cold and warm.

Per mineral, in one run and one process: the planner's programmes of every focus country; for the
first of them a path of ten severities, against ten cold plans (every sector and the country
compiled, set up and solved anew, by scipy, none skipped), against ten runs (`simulate` as it
stands: three cases and the band), and against ten runs without the band. CPU seconds, so that a
busy machine does not decide. Path and cold plans must find the same losses to 1e-7 of baseline
exports.

    python benchmarks/bench_planner.py --focus KOR,JPN,USA,DEU
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import supplychain as sc
from supplychain.compiled import compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.model.planner import plan
from supplychain.planning import Targets, plans
from supplychain.run import Run
from supplychain.scenario import Scenario
from supplychain.sectors import sectors

CASES = {
    "dysprosium": ("dysprosium",),
    "dysprosium, terbium, magnets": ("dysprosium", "terbium", "ndfeb_magnet"),
    "graphite": ("graphite",),
    "cobalt": ("cobalt",),
    "tungsten": ("tungsten",),
    "lithium": ("lithium",),
}
SEVERITIES = tuple(k / 10 for k in range(1, 11))
ALIKE = 1e-7


def main() -> None:
    """Time every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--focus", default="KOR,JPN,USA,DEU")
    focus = parser.parse_args().focus.split(",")
    world = sc.load()
    warm_up(world, focus[0])
    print(f"{'case':30} {'programmes, CPU s':>30} {'path':>6} {'plans':>6} {'runs':>6}  path to")
    for name, items in CASES.items():
        times = [planned(world, scenario(items, 1.0, country)) for country in focus]
        path, cold, runs, plain = side_by_side(world, items, focus[0])
        each = " ".join(f"{c} {t:.2f}" for c, t in zip(focus, times, strict=True))
        ratios = (
            f"plans 1/{cold / path:.1f}, runs 1/{runs / path:.1f}, no band 1/{plain / path:.1f}"
        )
        print(f"{name:30} {each:>30} {path:6.2f} {cold:6.2f} {runs:6.2f}  {ratios}", flush=True)


def scenario(items: tuple[str, ...], severity: float, country: str) -> Scenario:
    """China stops exports for a year."""
    return sc.restrict("China", items, kind="ban", severity=severity, months=12, focus=(country,))


def clock(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of some work, and what it found."""
    start = time.process_time()
    found = work()
    return time.process_time() - start, found


def warm_up(world: sc.World, country: str) -> None:
    """Import what a first call imports."""
    sc.severity_path(world, scenario(("gallium",), 1.0, country), (1.0,))
    sc.simulate(world, scenario(("gallium",), 1.0, country), effort=sc.Effort(band=False))


def planned(world: sc.World, given: Scenario) -> float:
    """CPU seconds of all programmes of one country."""
    run = Run.of(world.network, resolve(given, world.network))
    return clock(lambda: plans(world.network, run))[0]


def side_by_side(
    world: sc.World, items: tuple[str, ...], country: str
) -> tuple[float, float, float, float]:
    """CPU seconds of a path, of ten cold plans, and of ten runs with the band and without."""
    given = scenario(items, 1.0, country)
    path, table = clock(lambda: sc.severity_path(world, given, SEVERITIES))
    cold, losses = clock(lambda: [cold_run(world, scenario(items, s, country)) for s in SEVERITIES])
    scenarios = [scenario(items, s, country) for s in SEVERITIES]
    runs, plain = (
        clock(lambda: [sc.simulate(world, each, effort=effort) for each in scenarios])[0]  # noqa: B023
        for effort in (sc.Effort(), sc.Effort(band=False))
    )
    for severity, found in zip(SEVERITIES, losses, strict=True):
        there = table[table.severity == severity].set_index("sector").loss_share
        off = max(abs(there[sector] - share) for sector, share in found.items())
        if off > ALIKE:
            raise SystemExit(f"{items} at {severity}: path and cold runs differ by {off:.1e}")
    return path, cold, runs, plain


def cold_run(world: sc.World, given: Scenario) -> dict[str, float]:
    """Least losses of all sectors of a country, every programme from nothing."""
    network = world.network
    resolved = resolve(given, network)
    compiled = compile_arrays(network, resolved, Central())
    found = {}
    for sector in sectors(network, compiled, resolved.focus):
        part = Targets.of(network, compiled, [sector])
        found[sector.sector] = 0.0
        if part.nodes.size:
            lost = part.lost(plan(compiled.arrays, part.nodes, part.exports).output)
            found[sector.sector] = lost / sector.exports_usd
    whole = Targets.of(network, compiled, sectors(network, compiled, resolved.focus))
    if whole.nodes.size:
        plan(compiled.arrays, whole.nodes, whole.exports)
    return found


if __name__ == "__main__":
    main()
