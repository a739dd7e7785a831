"""The static case beside independent models on the shipped pack: who in Korea loses what.

    python benchmarks/compare_models.py [MINERAL ...]

China exports nothing of a mineral's covered forms, for ever; without stocks, months or adaptation.
Losses are shares of each Korean sector's exports.

static      the engine's static case: classes of essentiality (1, 1/2, 0), the scarcest input binds
bottleneck  the same with every input critical: fixed proportions throughout
linear      output falls by the cost share of what is missing, every input alike
ESRI        Economic Systemic Risk Index (Diem et al. 2022): inputs of the important class count by
            cost share, and a failing supplier is replaced as far as its market share is small.
            Published stop (1e-2) and fixed point; China's refiners cut into a part that serves
            China and a part that exports, of which the second closes
ESRI s=1    the same where nobody is replaced: the static case, but for the important class
ESRI whole  the same with China's refiners closed altogether, as in the published index: China's own
            users of the mineral, and whom they supply, fall too
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

import supplychain as sc
from supplychain.compiled import Compiled, compile_arrays
from supplychain.coverage import resolve
from supplychain.draws import Central
from supplychain.esri import Firms, firms
from supplychain.model.arrays import Arrays
from supplychain.model.esri import (
    CONVERGED_STOP,
    NON_ESSENTIAL,
    PUBLISHED_STOP,
    Economy,
    spread,
)
from supplychain.model.static import static
from supplychain.network.values import Network
from supplychain.sectors import combined, sectors, shares

Array = npt.NDArray[np.float64]

MINERALS = ("dysprosium", "gallium", "graphite")
SHOWN = 1e-6


@dataclass(frozen=True)
class Case:
    """China's ban on one mineral, compiled: which nodes of the network it withholds supply of."""

    network: Network
    compiled: Compiled

    @property
    def hit(self) -> list[int]:
        """The nodes whose exports are covered."""
        flows = self.compiled.arrays.flows
        covered = np.unique(flows.supplier[flows.covered])
        return [self.compiled.nodes[k] for k in covered]

    def by_sector(self, loss: Array) -> dict[str, float]:
        """Loss of each Korean sector from the loss of every node of the network."""
        nodes = np.array(self.compiled.nodes)
        return {
            s.sector: float(combined(loss[nodes[list(s.nodes)], None], shares(s, Central())).item())
            for s in sectors(self.network, self.compiled, ["KOR"])
            if s.nodes
        }

    def spread_out(self, compiled: Array) -> Array:
        """The loss of every node of the network from that of the compiled ones."""
        whole = np.zeros(len(self.network.nodes))
        whole[list(self.compiled.nodes)] = compiled
        return whole


def fixed_proportions(arrays: Arrays) -> Arrays:
    """The same arrays with every input critical."""
    slots = arrays.slots
    critical = replace(
        slots, weight=np.ones_like(slots.weight), elasticity=np.full_like(slots.elasticity, np.nan)
    )
    return replace(arrays, slots=critical)


def linear(economy: Economy) -> Economy:
    """The same economy with every input non-essential."""
    return replace(economy, kind=np.full_like(economy.kind, NON_ESSENTIAL))


def alone(economy: Economy) -> Economy:
    """The same economy with a market for each firm: nobody is replaced."""
    return replace(economy, market=np.arange(economy.sales.size))


def closed(economy: Economy, shut: list[int], stop: float = CONVERGED_STOP) -> Array:
    """Loss of every firm when some are closed."""
    capacity = np.ones((economy.sales.size, 1))
    capacity[shut] = 0.0
    return spread(economy, capacity, stop=stop).loss[:, 0]


def losses(case: Case) -> Mapping[str, dict[str, float]]:
    """Loss by sector of every model."""
    arrays, hit = case.compiled.arrays, case.hit
    cut: Firms = firms(case.network, split=hit)
    exporters = [cut.twins[node] for node in hit]
    whole = firms(case.network)
    return {
        "static": case.by_sector(case.spread_out(1.0 - static(arrays))),
        "bottleneck": case.by_sector(case.spread_out(1.0 - static(fixed_proportions(arrays)))),
        "linear": case.by_sector(closed(alone(linear(cut.economy)), exporters)),
        "ESRI 1e-2": case.by_sector(closed(cut.economy, exporters, PUBLISHED_STOP)),
        "ESRI": case.by_sector(closed(cut.economy, exporters)),
        "ESRI s=1": case.by_sector(closed(alone(cut.economy), exporters)),
        "ESRI whole": case.by_sector(closed(whole.economy, hit)),
    }


def main() -> None:
    """Print one table a mineral."""
    network = sc.load().network
    for mineral in sys.argv[1:] or MINERALS:
        resolved = resolve(sc.restrict("China", [mineral], kind="ban"), network)
        case = Case(network, compile_arrays(network, resolved, Central()))
        found = losses(case)
        apart = {k: abs(loss - found["ESRI s=1"][k]) for k, loss in found["static"].items()}
        print(f"China stops {mineral}: {', '.join(network.nodes[i].id for i in case.hit)}")
        print(f"{'% of exports':24}" + "".join(f"{name:>12}" for name in found))
        for sector in found["static"]:
            row = [by_sector[sector] for by_sector in found.values()]
            if max(row) > SHOWN:
                print(f"{sector:24}" + "".join(f"{100 * loss:12.3f}" for loss in row))
        print(f"largest difference of static and ESRI s=1: {max(apart.values(), default=0.0):.1e}")
        print()


if __name__ == "__main__":
    main()
