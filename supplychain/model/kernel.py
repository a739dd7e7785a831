"""Many lanes at once in compiled code: the results of `supplychain.model.cascade`, faster.

A few lanes play all months before the next few start, so that their state stays in a processor's
cache; parts of lanes are dealt to threads. Lanes never touch each other, so neither the parts nor
the threads change a bit of the result. Needs numba (the extra ``fast``).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
import numpy.typing as npt

from supplychain.errors import MissingExtraError
from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.kernel_arrays import Plan, plan_of
from supplychain.model.kernel_rows import rows_of, traced_rows
from supplychain.model.outcome import Outcome

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]

_COLUMNS = 112
"""Columns (plants of lanes) that are played together: as many as a cache holds."""


@dataclass(frozen=True)
class Played:
    """Output and deliveries of some nodes, (T, n, L, K), as in `supplychain.model.cascade.Outcome`.

    Attributes:
        output: over each node's base.
        delivered: what its customers outside the network got, over their baseline.
    """

    output: Array
    delivered: Array


def available() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def compiles() -> bool:
    """Whether numba is installed and not told to compile nothing (NUMBA_DISABLE_JIT)."""
    if not available():
        return False
    from supplychain.model.kernel_loops import play

    return getattr(play, "targetctx", None) is not None


def ready() -> bool:
    """Whether compiled code is at hand, so that nobody waits for a compiler.

    True when an earlier process on this kind of processor left its code in numba's cache.
    """
    if not compiles():
        return False
    from supplychain.model.kernel_loops import play

    here = play.targetctx.codegen().magic_tuple()  # type: ignore[attr-defined]
    kept = play._cache._cache_file._load_index()  # type: ignore[attr-defined]  # noqa: SLF001
    return any(key[1] == here for key in kept)


def _loops() -> Callable[..., None]:
    """The compiled months."""
    if not available():
        raise MissingExtraError("compiled code needs numba: pip install 'supplychain[fast]'")
    from supplychain.model.kernel_loops import play

    return play


def run_lanes(
    arrays: Arrays,
    behaviour: Behaviour,
    chosen: Index,
    *,
    threads: int = 1,
    columns: int = _COLUMNS,
    plan: Plan | None = None,
) -> Played:
    """Simulate all months of all lanes and keep what some nodes made.

    Args:
        arrays: the compiled network and scenario; never changed.
        behaviour: what plants and states may do.
        chosen: nodes whose output is kept.
        threads: that share the lanes.
        columns: lanes times bins that are played together.
        plan: index work of the same network, if done before (`kernel_arrays.plan_of`).

    Raises:
        MissingExtraError: numba is not installed (the extra `fast`).
    """
    months = _loops()
    links = plan_of(arrays) if plan is None else plan
    shape = (arrays.months, chosen.size, arrays.lanes, arrays.bins)
    played = Played(np.empty(shape), np.empty(shape))

    def part(lanes: slice) -> None:
        """Play some lanes."""
        some = arrays.take(lanes)
        at, x, note = rows_of(some, behaviour, links, chosen)
        months(at, links.link, links.real, x, note)
        for whole, first in ((played.output, at.kept), (played.delivered, at.delivered)):
            rows = x[first : first + shape[0] * shape[1]]
            whole[:, :, lanes] = rows.reshape(*shape[:2], arrays.bins, some.lanes).swapaxes(2, 3)

    size = max(1, columns // arrays.bins)
    parts = [slice(a, min(a + size, arrays.lanes)) for a in range(0, arrays.lanes, size)]
    if threads == 1:
        for lanes in parts:
            part(lanes)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(part, parts))
    return played


def run(arrays: Arrays, behaviour: Behaviour, *, plan: Plan | None = None) -> Outcome:
    """Simulate all months of all lanes together and keep everything, as `cascade.run` does.

    Args:
        arrays, behaviour, plan: as for `run_lanes`.

    Raises:
        MissingExtraError: numba is not installed (the extra `fast`).
    """
    months = _loops()
    links = plan_of(arrays) if plan is None else plan
    every = np.arange(arrays.nodes.base.size)
    at, x, note = rows_of(arrays, behaviour, links, every, trace=True)
    months(at, links.link, links.real, x, note)

    def figure(first: int, count: int) -> Array:
        """Rows of one figure, (T, count, L, K)."""
        rows = x[first : first + arrays.months * count]
        return rows.reshape(arrays.months, count, arrays.bins, arrays.lanes).swapaxes(2, 3)

    traced = {
        name: figure(getattr(at, f"trace_{name}"), count)
        for name, count in traced_rows(arrays).items()
    }
    return Outcome(figure(at.kept, every.size), figure(at.delivered, every.size), **traced)
