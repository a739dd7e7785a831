"""One scenario played at central values, in every simulated case."""

from collections.abc import Mapping
from dataclasses import dataclass

from supplychain.compiled import Compiled, compile_arrays
from supplychain.coverage import Resolved
from supplychain.draws import Central, Input, Recorder
from supplychain.model.adaptive import adaptive, without_catch_up
from supplychain.model.engine import Links
from supplychain.model.frozen import frozen
from supplychain.model.outcome import Outcome
from supplychain.network import Network
from supplychain.sectors import Sector, loss_share, sectors, shares


@dataclass(frozen=True)
class Run:
    """One scenario at central values.

    Attributes:
        compiled, sectors, outcomes: the compiled network and what happened in each case.
        asked: the uncertain figures that compiling asked for.
    """

    resolved: Resolved
    compiled: Compiled
    sectors: tuple[Sector, ...]
    outcomes: Mapping[str, Outcome]
    asked: tuple[Input, ...]

    @classmethod
    def of(cls, network: Network, resolved: Resolved) -> "Run":
        """Compile and simulate."""
        recorder = Recorder()
        compiled = compile_arrays(network, resolved, recorder)
        arrays, links = compiled.arrays, Links(compiled.arrays)
        outcomes = {
            "adaptive": adaptive(arrays, links=links),
            "frozen": frozen(arrays, links=links),
            "all_lost": adaptive(without_catch_up(arrays), trace=False, links=links),
        }
        reached = sectors(network, compiled, resolved.focus)
        return cls(resolved, compiled, reached, outcomes, tuple(recorder.asked.values()))

    def loss(self, sector: Sector, case: str, months: slice = slice(None)) -> float:
        """Loss of a sector in one case."""
        return float(loss_share(sector, self.outcomes[case], shares(sector, Central()), months)[0])

    @property
    def is_hit(self) -> bool:
        """Whether any sector loses anything in any case."""
        return any(self.loss(s, case) > 0 for s in self.sectors for case in ("adaptive", "frozen"))
