"""One way to play a behaviour: compiled code where it is at hand, plain array arithmetic elsewhere.

Both engines give the same bits on the shipped pack, and the same numbers up to the rounding of
powers where inputs have elasticities; so which of them plays is a matter of time alone. Nobody
waits for a compiler, and a small network is not worth loading compiled code for; a job of hundreds
of runs says so (`patient`) and waits once.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from supplychain.model import cascade, kernel
from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.kernel_arrays import Plan, plan_of
from supplychain.model.outcome import Outcome
from supplychain.model.wiring import Wiring, wire

_WORTH_LOADING = 2000
"""Flows from which a run in compiled code is faster even if this code has to be loaded first."""

_IS_PATIENT = ContextVar("is_patient", default=False)
"""Whether the caller has so many runs that compiling (half a minute, once) pays."""


@contextmanager
def patient() -> Iterator[None]:
    """For a job of hundreds of runs: compile if need be, once and for all later jobs."""
    before = _IS_PATIENT.set(True)
    try:
        yield
    finally:
        _IS_PATIENT.reset(before)


@dataclass(frozen=True)
class Links:
    """Index work of one network, done when an engine first asks for it.

    Give it to every run of the same network that differs in figures per lane alone (those of
    `Arrays` with an axis L), and has no elasticity where this one has a class.
    """

    arrays: Arrays

    @cached_property
    def wiring(self) -> tuple[Wiring, ...]:
        """What array arithmetic needs."""
        return wire(self.arrays)

    @cached_property
    def plan(self) -> Plan:
        """What compiled code needs."""
        return plan_of(self.arrays)


def play(
    arrays: Arrays, behaviour: Behaviour, *, trace: bool = True, links: Links | None = None
) -> Outcome:
    """Simulate all months under one behaviour.

    Args:
        arrays: the compiled network and scenario; never changed.
        behaviour: what plants and states may do.
        trace: keep flows, stocks and slots; without it only outputs are told.
        links: index work of the same network, if there was a run of it before.
    """
    known = Links(arrays) if links is None else links
    if is_quick(arrays):
        if trace:
            return kernel.run(arrays, behaviour, plan=known.plan)
        every = np.arange(arrays.nodes.base.size)
        played = kernel.run_lanes(arrays, behaviour, every, plan=known.plan)
        return Outcome.untraced(played.output, played.delivered)
    return cascade.run(arrays, behaviour, trace=trace, wiring=known.wiring)


def is_quick(arrays: Arrays) -> bool:
    """Whether compiled code is at hand and worth it for a run of these arrays."""
    if not kernel.available():
        return False
    if _IS_PATIENT.get():
        return kernel.compiles()
    at_hand = "numba" in sys.modules or arrays.flows.slot.size * arrays.lanes >= _WORTH_LOADING
    return at_hand and kernel.ready()
