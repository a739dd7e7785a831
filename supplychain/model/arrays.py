"""The compiled network and scenario: flat arrays that every case shares.

Everything is measured in months of baseline: a stock of 2 is two months of need, an output of 0.8
is four fifths of the baseline, a queue of 1.5 is a month and a half of one flow. So a run without
any restriction does arithmetic on ones and zeros only and loses exactly nothing.

Axes: N nodes, Q slots, E flows, P openings (possible new flows), T months, L lanes (draws of what
is not known; 1 for a single run), K bins (plants of one node, equal in size, ordered by stock
cover).
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from supplychain.vocabulary import MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """One step of a month: the nodes that make one commodity, their slots and what leaves them.

    Attributes:
        nodes, slots, flows, openings: slices into the arrays of `Arrays`.
    """

    nodes: slice
    slots: slice
    flows: slice
    openings: slice


@dataclass(frozen=True)
class Nodes:
    """Per node: baseline output (unit/month), capacity ratio (N, L), whether it is final, its host.

    ``final`` nodes (industries and other uses) may catch up; ``host`` is -1 where there is none and
    ``host_ratio`` is the by-product obtainable over baseline output.
    """

    base: Array
    capacity: Array
    final: Mask
    host: Index
    host_ratio: Array


@dataclass(frozen=True)
class Slots:
    """Per slot: whose need of what size it is, how it limits output, and what may fill it.

    Attributes:
        node: the node that needs; need: unit/month.
        weight: of the class (Q, L); elasticity: (Q, L), NaN for a class; cost_share: of the input.
        cover: stock in months (Q, L, K).
        substitution: share per year (Q, L); substitution_most: its most; substitution_start: its
            first month.
    """

    node: Index
    need: Array
    weight: Array
    elasticity: Array
    cost_share: Array
    cover: Array
    substitution: Array
    substitution_most: Array
    substitution_start: Array


@dataclass(frozen=True)
class Flows:
    """Per baseline flow: its ends, its size, and what a restriction makes of it.

    Attributes:
        supplier, slot: the node it leaves and the slot it enters.
        share: of the slot's need (E, L); quantity: unit/month; lag: in months.
        covered: whether a restriction covers it.
        ceiling, leaky: its ceiling (T, E, L) in months of baseline, without and with leakage;
            infinite where nothing is covered.
    """

    supplier: Index
    slot: Index
    share: Array
    quantity: Array
    lag: Index
    covered: Mask
    ceiling: Array
    leaky: Array


@dataclass(frozen=True)
class Openings:
    """Possible new flows: supplier, slot, lag, first month open (P, L) and ceiling factor.

    The factor is (T, P, L); 1 is free.
    """

    supplier: Index
    slot: Index
    lag: Index
    opens: Array
    ceiling: Array


@dataclass(frozen=True)
class PublicStock:
    """A state's stock of one product: the slots it may serve, its size and monthly release.

    ``amount`` and ``release`` are in months of the country's whole use; ``lag`` is the number of
    months before the first release.
    """

    slots: Index
    amount: float
    release: float
    lag: int


@dataclass(frozen=True)
class Limits:
    """Behavioural constants per lane (L,), and the number of spot rounds.

    Attributes:
        catch_up: capacity to catch up; access: ceiling of access.
        new_share: share of a new supplier's spare capacity; queue_cap: in months.
    """

    catch_up: Array
    access: Array
    new_share: Array
    queue_cap: Array
    spot_rounds: int


@dataclass(frozen=True)
class Arrays:
    """A compiled network under one scenario.

    Attributes:
        months: T, counted months.
        blocks: the order of one month, upstream first.

    What a month allows (`ceiling`, `opening_limit`, `help`) is worked out here and nowhere else:
    the simulated cases and the planner share one feasible set because they ask the same questions.
    """

    months: int
    bins: int
    lanes: int
    blocks: tuple[Block, ...]
    nodes: Nodes
    slots: Slots
    flows: Flows
    openings: Openings
    stocks: tuple[PublicStock, ...]
    limits: Limits

    def ceiling(self, month: int, flows: slice | Index, *, leaks: bool) -> Array:
        """Most that flows may carry, (E, L), months of baseline: their restriction, else access."""
        source = self.flows.leaky if leaks else self.flows.ceiling
        restricted = source[month, flows]
        return np.where(np.isfinite(restricted), restricted, self.limits.access[None, :])

    def opening_limit(self, month: int, openings: slice | Index) -> Array:
        """Most that openings may carry, (P, L), unit/month.

        Once qualified, a stated share of the supplier's spare capacity, as far as no restriction
        covers it: ``new_share * (capacity - 1) * base * ceiling``.
        """
        supplier = self.openings.supplier[openings]
        spare = (self.nodes.capacity[supplier] - 1.0) * self.nodes.base[supplier][:, None]
        is_open = month >= self.openings.opens[openings]
        free = self.limits.new_share[None, :] * self.openings.ceiling[month, openings]
        return np.asarray(free * is_open * spare, dtype=np.float64)

    def help(self, month: int, slots: slice | Index) -> Array:
        """Share of need met without the input, (Q, L): a ramp from its start month to its most.

        ``min(most, rate * max(0, t - start) / 12)``, t the middle of the month.
        """
        start = self.slots.substitution_start[slots]
        ramp = np.maximum(month + 0.5 - start, 0.0) / MONTHS_PER_YEAR
        most = self.slots.substitution_most[slots][:, None]
        return np.minimum(most, self.slots.substitution[slots] * ramp[:, None])

    def take(self, lanes: slice | Index) -> "Arrays":
        """The same arrays with some of the lanes."""
        limits = self.limits
        return replace(
            self,
            lanes=self.limits.access[lanes].size,
            nodes=replace(self.nodes, capacity=self.nodes.capacity[:, lanes]),
            slots=replace(
                self.slots,
                weight=self.slots.weight[:, lanes],
                elasticity=self.slots.elasticity[:, lanes],
                cover=self.slots.cover[:, lanes],
                substitution=self.slots.substitution[:, lanes],
            ),
            flows=replace(
                self.flows,
                share=self.flows.share[:, lanes],
                ceiling=self.flows.ceiling[:, :, lanes],
                leaky=self.flows.leaky[:, :, lanes],
            ),
            openings=replace(
                self.openings,
                opens=self.openings.opens[:, lanes],
                ceiling=self.openings.ceiling[:, :, lanes],
            ),
            limits=replace(
                limits,
                catch_up=limits.catch_up[lanes],
                access=limits.access[lanes],
                new_share=limits.new_share[lanes],
                queue_cap=limits.queue_cap[lanes],
            ),
        )
