"""The compiled network and scenario: flat arrays that every case shares.

Everything is measured in months of baseline: a stock of 2 is two months of need, an output of 0.8
is four fifths of the baseline, a queue of 1.5 is a month and a half of one flow. So a run without
any restriction does arithmetic on ones and zeros only and loses exactly nothing.

Axes: N nodes, Q slots, E flows, P openings (possible new flows), R regimes (flows under the same
measures share one), A alternative technologies, U their inputs, J projects, G sources, T months,
L lanes (draws of what is not known; 1 for a single run), K bins (plants of one node, equal in size,
ordered by stock cover), B = K or 1 where all bins are alike.
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
    """Per node: its size, what it may make, its host, and whose turn its own customers are.

    Attributes:
        base: output that is 1 in the engine, unit/month: the baseline output; of a plant that does
            not exist yet, the output it is planned for.
        level: 1 where the node makes `base` in the baseline, 0 where it is yet to be built.
        capacity: (N, L) at the start, over base.
        final: industries and other uses, which may catch up.
        host: node whose by-product this is, -1 where there is none; host_ratio: by-product
            obtainable over baseline output.
        rank: turn of the node's customers outside the network when its output is scarce (0 first);
            flows have ranks of their own.
        ahead, counted: among these customers, the share that is served before those on whom losses
            are measured (exports), and these: 0 and 1 where all share pro rata.
    """

    base: Array
    level: Array
    capacity: Array
    final: Mask
    host: Index
    host_ratio: Array
    rank: Index
    ahead: Array
    counted: Array


@dataclass(frozen=True)
class Slots:
    """Per slot: whose need of what size it is, how it limits output, and what may fill it.

    Attributes:
        node: the node that needs; need: unit/month at an output of 1.
        level: baseline arrivals in months of need: 1, or 0 where nothing is bought in the baseline
            (inputs of alternative technologies and of plants yet to be built).
        main: whether the main technology uses it.
        weight: of the class (Q, L); elasticity: (Q, L) at the start, NaN for a class;
            elasticity_long: (Q, L) once users had time; cost_share: of the input.
        cover: stock in months (Q, L, K).
        substitution: share per year (Q, L); substitution_most: its most; substitution_start: its
            first month.
    """

    node: Index
    need: Array
    level: Array
    main: Mask
    weight: Array
    elasticity: Array
    elasticity_long: Array
    cost_share: Array
    cover: Array
    substitution: Array
    substitution_most: Array
    substitution_start: Array


@dataclass(frozen=True)
class Regimes:
    """What measures leave of the flows under them, (T, R, L, B), months of each baseline flow.

    Without and with leakage; infinite in months without a measure.
    """

    ceiling: Array
    leaky: Array


@dataclass(frozen=True)
class Flows:
    """Per baseline flow: its ends, its size, and the measures it stands under.

    Attributes:
        supplier, slot: the node it leaves and the slot it enters.
        share: of the slot's need (E, L); quantity: unit/month; lag: in months.
        regime: its row of `Regimes`; -1 where no measure covers it.
        rank: its turn when its supplier's output is scarce (0 first); equal ranks share pro rata.
    """

    supplier: Index
    slot: Index
    share: Array
    quantity: Array
    lag: Index
    regime: Index
    rank: Index

    @property
    def covered(self) -> Mask:
        """Whether a measure covers the flow."""
        return np.asarray(self.regime >= 0, dtype=np.bool_)


@dataclass(frozen=True)
class Openings:
    """What a supplier may send beside the baseline flows: to new customers, and more to known ones.

    Attributes:
        supplier, slot, lag, regime, rank: as of a flow; opens: (P, L) first month.
        flow: the baseline flow of the same supplier and slot, whose lag, regime and rank it has; -1
            where they do not know each other. A flow has one opening at most.
    """

    supplier: Index
    slot: Index
    lag: Index
    opens: Array
    regime: Index
    rank: Index
    flow: Index


@dataclass(frozen=True)
class Technologies:
    """Alternative recipes, in order of merit within a node.

    Attributes:
        node: the node that may use each.
        rate: (A, L) share of an output of 1 that it can take over, gained per year; most: (A,)
            its most; start: (A,) month of the first gain.
        use_technology, use_slot, use_factor: per input (U): months of the slot's need drawn for an
            output of 1 made this way.
    """

    node: Index
    rate: Array
    most: Array
    start: Array
    use_technology: Index
    use_slot: Index
    use_factor: Array


@dataclass(frozen=True)
class Projects:
    """New capacity: the node (J,) and what it adds, (T, J, L), over the node's base."""

    node: Index
    added: Array


@dataclass(frozen=True)
class Source:
    """Supply from outside the flows: a state's stock, or recovery from scrap and mine waste.

    Attributes:
        slots: whom it serves first, pro rata to what they miss.
        amount: its size, unit; infinite for recovery.
        release: (T, L) most in each month, unit/month.
        shared: slots of an ally, and the share of each month's release that may go to them once
            the first are served; in order.
        recovers: whether it is recovery.
    """

    slots: Index
    amount: float
    release: Array
    shared: tuple[tuple[Index, float], ...] = ()
    recovers: bool = False


@dataclass(frozen=True)
class Limits:
    """Behavioural constants per lane (L,), and two numbers for all lanes.

    Attributes:
        catch_up: capacity to catch up; access: ceiling of access.
        new_share: share of a new supplier's spare capacity; queue_cap: in months.
        restock: months in which a gap to the wanted stock is ordered; infinite for never.
        hoard: wanted stock over the stock at the start.
        elasticity_time: months in which elasticities come 63 % of their way to the long run.
        spot_rounds: of the spot market; start: first month in which anybody adapts.
    """

    catch_up: Array
    access: Array
    new_share: Array
    queue_cap: Array
    restock: Array
    hoard: Array
    elasticity_time: Array
    spot_rounds: int
    start: int


@dataclass(frozen=True)
class Arrays:
    """A compiled network under one scenario.

    Attributes:
        months: T, counted months.
        blocks: the order of one month, upstream first.

    What a month allows (`ceiling`, `opening_limit`, `capacity`, `ramp`, `help`) is worked out here
    and nowhere else: the simulated cases and the planner share one feasible set because they ask
    the same questions.
    """

    months: int
    bins: int
    lanes: int
    blocks: tuple[Block, ...]
    nodes: Nodes
    slots: Slots
    flows: Flows
    openings: Openings
    regimes: Regimes
    technologies: Technologies
    projects: Projects
    sources: tuple[Source, ...]
    limits: Limits

    def ceiling(self, month: int, flows: slice | Index, *, leaks: bool) -> Array:
        """Most that flows may carry, (E, L, B), months of baseline: their restriction or access."""
        return self._under(month, self.flows.regime[flows], self.limits.access, leaks=leaks)

    def _under(self, month: int, regime: Index, free: Array, *, leaks: bool) -> Array:
        """The ceiling of each regime where one applies this month, else what is free."""
        table = self.regimes.leaky if leaks else self.regimes.ceiling
        unbound = free[None, :, None]
        if not table.shape[1] or (regime < 0).all():
            return np.broadcast_to(unbound, (regime.size, self.lanes, 1))
        restricted = np.where((regime < 0)[:, None, None], np.inf, table[month, regime])
        return np.where(np.isfinite(restricted), restricted, unbound)

    def opening_limit(self, month: int, openings: slice | Index, *, leaks: bool = True) -> Array:
        """Most that openings may carry, (P, L, B), unit/month.

        Once qualified, a stated share of the supplier's spare capacity, as far as no restriction
        covers it: ``new_share * max(0, capacity - level) * base * min(1, ceiling)``. Of a supplier
        that the user knows, what of it is more than access allows the flow to grow,
        ``max(0, new_share * max(0, capacity - level) * base - (access - 1) * quantity)``, and
        nothing while a measure holds the flow: then its ceiling is all that it may carry.
        """
        supplier, flow = self.openings.supplier[openings], self.openings.flow[openings]
        spare = np.maximum(
            self.capacity(month, supplier) - self.nodes.level[supplier][:, None], 0.0
        )
        is_open = month >= self.openings.opens[openings]
        free = self.limits.new_share[None, :] * is_open * spare
        whole = free * self.nodes.base[supplier][:, None]
        known = np.flatnonzero(flow >= 0)
        grows = (self.limits.access - 1.0) * self.flows.quantity[flow[known], None]
        whole[known] = np.maximum(whole[known] - grows, 0.0)
        regime, nothing = self.openings.regime[openings], np.full(self.lanes, np.inf)
        ceiling = self._under(month, regime, nothing, leaks=leaks)
        shut = np.isfinite(ceiling) & (flow >= 0)[:, None, None]
        most = np.where(shut, 0.0, np.minimum(ceiling, 1.0))
        return np.asarray(most * whole[:, :, None], dtype=np.float64)

    def capacity(self, month: int, nodes: slice | Index) -> Array:
        """Capacity over base of some nodes, (N, L): what stands, and projects that came on."""
        if not self.projects.node.size:
            return self.nodes.capacity[nodes]
        whole = self.nodes.capacity.copy()
        np.add.at(whole, self.projects.node, self.projects.added[month])
        return whole[nodes]

    def ramp(self, month: int, technologies: slice | Index = slice(None)) -> Array:
        """Most that alternative technologies can make, (A, L), over base: a ramp to their most."""
        tech = self.technologies
        gained = np.maximum(month + 0.5 - tech.start[technologies], 0.0) / MONTHS_PER_YEAR
        most = tech.most[technologies][:, None]
        return np.minimum(most, tech.rate[technologies] * gained[:, None])

    def help(self, month: int, slots: slice | Index) -> Array:
        """Share of need met without the input, (Q, L): a ramp from its start month to its most.

        ``min(most, rate * max(0, t - start) / 12)``, t the middle of the month.
        """
        start = self.slots.substitution_start[slots]
        ramp = np.maximum(month + 0.5 - start, 0.0) / MONTHS_PER_YEAR
        most = self.slots.substitution_most[slots][:, None]
        return np.minimum(most, self.slots.substitution[slots] * ramp[:, None])

    def elasticity(self, month: int, slots: slice | Index) -> Array:
        """Elasticity of each slot this month, (Q, L), NaN for a class.

        ``short + (long - short) (1 - exp(-t / time))``, t the middle of the month.
        """
        short, long = self.slots.elasticity[slots], self.slots.elasticity_long[slots]
        if np.isnan(short).all():
            return short
        passed = -np.expm1(-(month + 0.5) / self.limits.elasticity_time)
        return np.where(long == short, short, short + (long - short) * passed[None, :])

    def unbuilt(self) -> "Arrays":
        """The same arrays without new capacity."""
        if not self.projects.node.size:
            return self
        none = Projects(self.projects.node[:0], self.projects.added[:, :0])
        return replace(self, projects=none)

    def take(self, lanes: slice | Index) -> "Arrays":
        """The same arrays with some of the lanes."""
        limits, slots, tech = self.limits, self.slots, self.technologies
        return replace(
            self,
            lanes=limits.access[lanes].size,
            nodes=replace(self.nodes, capacity=self.nodes.capacity[:, lanes]),
            slots=replace(
                slots,
                weight=slots.weight[:, lanes],
                elasticity=slots.elasticity[:, lanes],
                elasticity_long=slots.elasticity_long[:, lanes],
                cover=slots.cover[:, lanes],
                substitution=slots.substitution[:, lanes],
            ),
            flows=replace(self.flows, share=self.flows.share[:, lanes]),
            openings=replace(self.openings, opens=self.openings.opens[:, lanes]),
            regimes=Regimes(self.regimes.ceiling[:, :, lanes], self.regimes.leaky[:, :, lanes]),
            technologies=replace(tech, rate=tech.rate[:, lanes]),
            projects=replace(self.projects, added=self.projects.added[:, :, lanes]),
            sources=tuple(replace(s, release=s.release[:, lanes]) for s in self.sources),
            limits=replace(
                limits,
                catch_up=limits.catch_up[lanes],
                access=limits.access[lanes],
                new_share=limits.new_share[lanes],
                queue_cap=limits.queue_cap[lanes],
                restock=limits.restock[lanes],
                hoard=limits.hoard[lanes],
                elasticity_time=limits.elasticity_time[lanes],
            ),
        )
