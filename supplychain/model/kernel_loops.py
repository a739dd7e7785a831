"""The months of `supplychain.model.cascade` as loops that numba compiles.

Every sum is taken in the order in which the array engine takes it, and what the array engine skips
is skipped here or adds exact zeros, so both give the same numbers. A row (`[i, w]`) holds one
figure of all columns (see `supplychain.model.kernel_arrays`); no column ever looks at another one
but in sums over the plants of its own lane. Without numba the functions stay plain Python.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

import numpy as np
import numpy.typing as npt

from supplychain.model.kernel_arrays import Figures, Plan, Switches
from supplychain.vocabulary import MONTHS_PER_YEAR

try:
    from numba import njit
except ImportError:
    njit = None

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Loop = TypeVar("Loop", bound=Callable[..., object])

CATCH_UP, ACCESS, NEW_SHARE, QUEUE_CAP, RESTOCK, HOARD = range(6)
_ALIKE = 1e-9
_PAIRWISE = 8


def compiled(loop: Loop) -> Loop:
    """Compile a loop when it is first called, and keep the code for later processes.

    No relaxed arithmetic: compiled code must give the numbers of the array engine.
    """
    if njit is None:
        return loop
    return cast("Loop", njit(cache=True, nogil=True, error_model="numpy")(loop))


class State(NamedTuple):
    """What a month hands to the next, and room to work in; all rows of columns.

    Attributes:
        stock, queue, missed, short, extra: as in `supplychain.model.behaviour.State`.
        deviation: (ring, Q, W) arrivals over or under the baseline; came: whether there are any.
        left: (G, L) of each source.
        waits: flows with goods in their queue; moves: flows that did not ship their baseline.
        odd: nodes that may want more than usual; whole: that make exactly their baseline.
        output, target, bound, made, blocked, room, start_room: of nodes; shipped: of flows;
            have, arrived, allowed, drawn: of slots.
        held, spare, offer, demand, fill, asked: (N, L) of suppliers.
        headroom, ask, bought: of deals that can be made; deal, seller: which they are, who sells.
        missing: of buyers; buyer, first: who they are, and where their deals begin.
        row: (8, W), lane: (4, L), to work in.
    """

    stock: Array
    queue: Array
    missed: Array
    short: Array
    extra: Array
    deviation: Array
    came: Mask
    left: Array
    waits: Mask
    moves: Mask
    odd: Mask
    whole: Mask
    output: Array
    target: Array
    bound: Array
    made: Array
    blocked: Array
    room: Array
    start_room: Array
    shipped: Array
    have: Array
    arrived: Array
    allowed: Array
    drawn: Array
    held: Array
    spare: Array
    offer: Array
    demand: Array
    fill: Array
    asked: Array
    headroom: Array
    ask: Array
    bought: Array
    deal: Index
    seller: Index
    missing: Array
    buyer: Index
    first: Index
    row: Array
    lane: Array


def state_of(plan: Plan, figures: Figures) -> State:
    """Full stocks, empty queues, baseline flows at sea."""
    n, q, e = plan.node_base.size, plan.slot_need.size, plan.flow_supplier.size
    wide, lanes = figures.limits.shape[1], figures.lanes
    deals, buyers = _most_of_a_market(plan)

    def rows(count: int, width: int = wide) -> Array:
        """Zeros."""
        return np.zeros((count, width))

    return State(
        figures.cover.copy(), rows(e), rows(n), rows(n), rows(n),
        np.zeros((plan.ring, q, wide)), np.zeros((plan.ring, q), dtype=np.bool_),
        np.repeat(figures.amount[:, None], lanes, axis=1),
        np.zeros(e, dtype=np.bool_), np.zeros(e, dtype=np.bool_), np.zeros(n, dtype=np.bool_),
        np.zeros(n, dtype=np.bool_),
        rows(n), rows(n), rows(n), rows(n), rows(n), rows(n), rows(n), rows(e),
        rows(q), rows(q), rows(q), rows(q),
        rows(n, lanes), rows(n, lanes), rows(n, lanes), rows(n, lanes), rows(n, lanes),
        rows(n, lanes),
        rows(deals), rows(deals), rows(deals),
        np.zeros(deals, dtype=np.int64), np.zeros(deals, dtype=np.int64),
        rows(buyers), np.zeros(buyers, dtype=np.int64), np.zeros(buyers + 1, dtype=np.int64),
        rows(8), rows(4, lanes),
    )  # fmt: skip


def _most_of_a_market(plan: Plan) -> tuple[int, int]:
    """Most deals and most buyers of any one market."""
    first, last = plan.buyers.start[:-1], plan.buyers.start[1:]
    deals = plan.deals.start[last] - plan.deals.start[first]
    return int(deals.max(initial=0)), int((last - first).max(initial=0))


@compiled
def play(
    plan: Plan, figures: Figures, switches: Switches, state: State, chosen: Index,
    output: Array, delivered: Array,
) -> None:  # fmt: skip
    """All months. `chosen` is the row of `output` and `delivered` (T, n, W) of each node, or -1."""
    asleep = plan.sleeps.copy()
    access, cap = figures.limits[ACCESS], figures.limits[QUEUE_CAP]
    free = access.min() >= 1.0 and cap.min() >= 0.0
    for month in range(plan.months):
        for n in range(plan.node_base.size):
            state.output[n, :] = plan.node_level[n]
        for b in range(len(plan.block)):
            if asleep[b]:
                asleep[b] = quiet(plan, figures, switches, state, b, month)
            if not asleep[b]:
                play_block(plan, figures, switches, state, b, month, free)
                keep(plan, state, b, month, chosen, output, delivered)
        now = month % plan.ring
        for q in range(plan.slot_need.size):
            if state.came[now, q]:
                state.deviation[now, q, :] = 0.0
                state.came[now, q] = False


@compiled
def quiet(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, month: int
) -> bool:
    """Whether a block at its baseline stays there this month."""
    for q in range(plan.block[b, 2], plan.block[b, 3]):
        if state.came[month % plan.ring, q]:
            return False
    orders = switches.restocks and month >= plan.start
    for i in range(plan.users.start[b], plan.users.start[b + 1]):
        q = plan.users.items[i]
        if state.odd[plan.slot_node[q]]:
            return False
        if orders:
            for w in range(figures.limits.shape[1]):
                if state.stock[q, w] != figures.limits[HOARD, w] * figures.cover[q, w]:
                    return False
    return True


@compiled
def play_block(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, month: int, free: bool
) -> None:
    """One block in one month, in the order of docs/model.md, sections 4 and 5."""
    first, last = plan.block[b, 0], plan.block[b, 1]
    receive(plan, figures, switches, state, b, month)
    for n in range(first, last):
        aim(plan, figures, switches, state, n)
        make(plan, figures, switches, state, b, n, month, state.target[n], state.made[n])
        if plan.tinkers[b]:
            for w in range(state.short.shape[1]):
                main = min(state.target[n, w], state.bound[n, w])
                state.short[n, w] = max(state.target[n, w] - main, 0.0)
    ship(plan, figures, state, b, month, free)
    deliver(plan, figures, state, b, month)
    for i in range(plan.sources.start[b], plan.sources.start[b + 1]):
        release(plan, figures, switches, state, b, plan.sources.items[i], month)
    for n in range(first, last):
        for w in range(state.output.shape[1]):
            state.output[n, w] = state.made[n, w] - state.blocked[n, w]
    if switches.buys:
        trade(plan, figures, switches, state, b, month)
    for n in range(first, last):
        make(plan, figures, switches, state, b, n, month, state.output[n], state.made[n])
    consume(plan, figures, switches, state, b, month)
    for n in range(first, last):
        remember(plan, state, n)


@compiled
def receive(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, month: int
) -> None:
    """What arrives, what each slot allows, and the tightest of a node's main slots and host."""
    now, wide = month % plan.ring, figures.limits.shape[1]
    for n in range(plan.block[b, 0], plan.block[b, 1]):
        state.bound[n, :] = np.inf
    for q in range(plan.block[b, 2], plan.block[b, 3]):
        for w in range(wide):
            state.arrived[q, w] = plan.slot_level[q] + state.deviation[now, q, w]
            state.have[q, w] = state.stock[q, w] + state.arrived[q, w]
            state.allowed[q, w] = state.have[q, w]
        if switches.substitutes and plan.slot_most[q] > 0.0:
            ramp = max(month + 0.5 - plan.slot_start[q], 0.0) / MONTHS_PER_YEAR
            for w in range(wide):
                state.allowed[q, w] += min(plan.slot_most[q], figures.rate[q, w] * ramp)
        if plan.slot_elastic[q] >= 0:
            allow_elastic(plan, figures, state, q, month)
        else:
            for w in range(wide):
                weight = figures.weight[q, w]
                most = (1.0 - weight) + weight * state.allowed[q, w]
                state.allowed[q, w] = most if weight > 0.0 else np.inf
        if plan.slot_main[q]:
            n = plan.slot_node[q]
            for w in range(wide):
                state.bound[n, w] = min(state.bound[n, w], state.allowed[q, w])
    for n in range(plan.block[b, 0], plan.block[b, 1]):
        host = plan.node_host[n]
        if host >= 0:
            for w in range(wide):
                most = plan.node_ratio[n] * state.output[host, w]
                state.bound[n, w] = min(state.bound[n, w], most)


@compiled
def sigma(plan: Plan, figures: Figures, q: int, w: int, month: int) -> float:
    """Elasticity of a slot this month; NaN for a class."""
    row = plan.slot_elastic[q]
    short, late = figures.short_run[row, w], figures.long_run[row, w]
    if late == short:
        return float(short)
    return float(short + (late - short) * figures.passed[month, w])


@compiled
def allow_elastic(plan: Plan, figures: Figures, state: State, q: int, month: int) -> None:
    """Most output of a slot whose lanes may have elasticities (`production.possible_output`)."""
    theta = plan.slot_cost[q]
    for w in range(state.allowed.shape[1]):
        have, weight = state.allowed[q, w], figures.weight[q, w]
        elasticity = sigma(plan, figures, q, w, month)
        a = max(have, 0.0)
        if np.isnan(elasticity):
            most = (1.0 - weight) + weight * have if weight > 0.0 else np.inf
        elif a == 1.0:
            most = 1.0
        elif elasticity <= 0.0:
            most = a
        elif a == 0.0 and elasticity <= 1.0:
            most = 0.0
        elif abs(elasticity - 1.0) < _ALIKE:
            most = a**theta
        else:
            r = (elasticity - 1.0) / elasticity
            least = min(a, 1.0)
            inner = theta * (a / least) ** r + (1.0 - theta) * least ** (-r)
            most = least * inner ** (1.0 / r)
        state.allowed[q, w] = most


@compiled
def aim(plan: Plan, figures: Figures, switches: Switches, state: State, n: int) -> None:
    """Baseline output; a final node may also make up for what it missed."""
    state.target[n, :] = plan.node_level[n]
    if switches.catches_up and plan.node_final[n]:
        for w in range(state.target.shape[1]):
            most = figures.limits[CATCH_UP, w] - 1.0
            state.target[n, w] += min(most, state.missed[n, w])


@compiled
def make(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, n: int, month: int,
    wanted: Array, made: Array,
) -> None:  # fmt: skip
    """What a node makes of what is wanted, and the output that each of its slots is drawn for."""
    wide = made.size
    works = switches.alternates and plan.tinkers[b]
    for w in range(wide):
        made[w] = min(wanted[w], state.bound[n, w])
    for i in range(plan.slots.start[n], plan.slots.start[n + 1]):
        q = plan.slots.items[i]
        if works and not plan.slot_main[q]:
            state.drawn[q, :] = 0.0
        else:
            for w in range(wide):
                state.drawn[q, w] = made[w]
    if not works:
        return
    for i in range(plan.technologies.start[n], plan.technologies.start[n + 1]):
        add_technology(plan, figures, state, plan.technologies.items[i], month, wanted, made)


@compiled
def ramp_of(plan: Plan, figures: Figures, a: int, w: int, month: int) -> float:
    """Most that an alternative technology can make this month."""
    gained = max(month + 0.5 - plan.technology_start[a], 0.0) / MONTHS_PER_YEAR
    return float(min(plan.technology_most[a], figures.ramp[a, w] * gained))


@compiled
def add_technology(
    plan: Plan, figures: Figures, state: State, a: int, month: int, wanted: Array, made: Array
) -> None:
    """Make by one alternative what is still wanted, and draw its inputs."""
    first, last = plan.uses.start[a], plan.uses.start[a + 1]
    for w in range(made.size):
        most = min(wanted[w] - made[w], ramp_of(plan, figures, a, w, month))
        for i in range(first, last):
            u = plan.uses.items[i]
            q = plan.use_slot[u]
            most = min(most, (state.allowed[q, w] - state.drawn[q, w]) / plan.use_factor[u])
        state.row[0, w] = max(most, 0.0)
    for w in range(made.size):
        made[w] += state.row[0, w]
    for i in range(first, last):
        u = plan.uses.items[i]
        for w in range(made.size):
            state.drawn[plan.use_slot[u], w] += plan.use_factor[u] * state.row[0, w]


@compiled
def ceiling_of(plan: Plan, figures: Figures, regime: int, month: int, w: int) -> float:
    """Most that a flow may carry: its restriction, or access."""
    if regime >= 0:
        restricted = figures.ceiling[month, regime, w]
        if np.isfinite(restricted):
            return float(restricted)
    return float(figures.limits[ACCESS, w])


@compiled
def turn(output: float, before: float, size: float) -> float:
    """Share of its baseline that a customer gets (`supplychain.model.turns.served`)."""
    if output >= 1.0:
        return output
    within = (output - before) / (size if size > 0.0 else 1.0)
    return min(max(within, 0.0), 1.0)


@compiled
def ship(plan: Plan, figures: Figures, state: State, b: int, month: int, free: bool) -> None:
    """Queue this month's goods for each flow and ship what the ceilings let through."""
    wide = figures.limits.shape[1]
    for n in range(plan.block[b, 0], plan.block[b, 1]):
        state.blocked[n, :] = 0.0
        whole = True
        for w in range(wide):
            whole = whole and state.made[n, w] == 1.0
        state.whole[n] = whole
    for e in range(plan.block[b, 4], plan.block[b, 5]):
        s, regime = plan.flow_supplier[e], plan.flow_regime[e]
        state.moves[e] = True
        if free and regime < 0 and not state.waits[e] and state.whole[s]:
            state.shipped[e, :] = 1.0
            state.moves[e] = False
            continue
        waits = False
        for w in range(wide):
            made = state.made[s, w]
            if plan.turned[b]:
                made = turn(made, plan.flow_before[e], plan.flow_size[e])
            most = ceiling_of(plan, figures, regime, month, w)
            room = figures.limits[QUEUE_CAP, w] + most - state.queue[e, w]
            accepted = min(made, max(room, 0.0))
            state.blocked[s, w] += plan.flow_weight[e] * (made - accepted)
            waiting = state.queue[e, w] + accepted
            shipped = min(waiting, most)
            state.shipped[e, w] = shipped
            state.queue[e, w] = waiting - shipped
            waits = waits or waiting != shipped
        state.waits[e] = waits


@compiled
def deliver(plan: Plan, figures: Figures, state: State, b: int, month: int) -> None:
    """Add what flows brought over or under the baseline to what reaches the users."""
    for g in range(plan.drops.start[b], plan.drops.start[b + 1]):
        d = plan.drops.items[g]
        any_moves = False
        for i in range(plan.dropped.start[d], plan.dropped.start[d + 1]):
            e = plan.dropped.items[i]
            if state.moves[e]:
                if not any_moves:
                    any_moves = True
                    state.row[0, :] = 0.0
                for w in range(figures.limits.shape[1]):
                    state.row[0, w] += (state.shipped[e, w] - 1.0) * figures.share[e, w]
        if any_moves:
            add(state, (month + plan.drop_lag[d]) % plan.ring, plan.drop_slot[d], state.row[0])


@compiled
def add(state: State, place: int, q: int, gained: Array) -> None:
    """Add to what reaches a slot."""
    came = state.came[place, q]
    for w in range(gained.size):
        state.deviation[place, q, w] += gained[w]
        came = came or gained[w] != 0.0
    state.came[place, q] = came


@compiled
def misses(
    plan: Plan, figures: Figures, switches: Switches, state: State, q: int, month: int, lag: int,
    found: Array,
) -> bool:  # fmt: skip
    """Unmet need of a slot when goods bought now arrive, unit/month, and whether there is any."""
    wide, node, level = found.size, plan.slot_node[q], plan.slot_level[q]
    restocks = switches.restocks and month >= plan.start
    if not restocks and not state.odd[node] and plan.node_level[node] == 1.0:
        usual = plan.slot_main[q] and level == 1.0
        for later in range(lag + 1):
            usual = usual and not state.came[(month + later) % plan.ring, q]
        if usual:
            return False
    want, have = state.row[1], state.row[2]
    wants(plan, figures, switches, state, q, month + lag, want)
    for w in range(wide):
        have[w] = state.stock[q, w]
    for later in range(lag):
        place = (month + later) % plan.ring
        for w in range(wide):
            have[w] = max(have[w] + level + state.deviation[place, q, w] - want[w], 0.0)
    place = (month + lag) % plan.ring
    for w in range(wide):
        have[w] = have[w] + level + state.deviation[place, q, w]
    if switches.substitutes and plan.slot_most[q] > 0.0:
        ramp = max(month + lag + 0.5 - plan.slot_start[q], 0.0) / MONTHS_PER_YEAR
        for w in range(wide):
            have[w] += min(plan.slot_most[q], figures.rate[q, w] * ramp)
    any_missing = False
    for w in range(wide):
        gap = max(want[w] - have[w], 0.0)
        if restocks:
            aim_at = figures.limits[HOARD, w] * figures.cover[q, w]
            short = max(aim_at - max(have[w] - want[w], 0.0), 0.0)
            gap = gap + short / figures.limits[RESTOCK, w]
        if not figures.weight[q, w] > 0.0 and (
            plan.slot_elastic[q] < 0 or np.isnan(figures.short_run[plan.slot_elastic[q], w])
        ):
            gap = 0.0
        found[w] = gap * plan.slot_need[q]
        any_missing = any_missing or found[w] > 0.0
    return any_missing


@compiled
def wants(
    plan: Plan, figures: Figures, switches: Switches, state: State, q: int, month: int, want: Array
) -> None:
    """Input that a slot wants in a month, months of need."""
    n = plan.slot_node[q]
    level = plan.node_level[n]
    for w in range(want.size):
        want[w] = level + state.extra[n, w]
        if switches.catches_up and plan.node_final[n]:
            want[w] = level + min(figures.limits[CATCH_UP, w] - 1.0, state.missed[n, w])
    if level == 0.0:
        capacity(plan, figures, switches, n, month, want)
    if plan.slot_main[q]:
        return
    want[:] = 0.0
    if switches.alternates:
        for i in range(plan.calls.start[q], plan.calls.start[q + 1]):
            u = plan.calls.items[i]
            a = plan.use_technology[u]
            short = state.short[plan.technology_node[a]]
            for w in range(want.size):
                most = min(ramp_of(plan, figures, a, w, month), short[w])
                want[w] += plan.use_factor[u] * most


@compiled
def capacity(
    plan: Plan, figures: Figures, switches: Switches, n: int, month: int, found: Array
) -> None:
    """Capacity over base of a node: what stands, and projects that came on."""
    for w in range(found.size):
        found[w] = figures.capacity[n, w]
    if switches.builds:
        for i in range(plan.projects.start[n], plan.projects.start[n + 1]):
            for w in range(found.size):
                found[w] += figures.added[month, plan.projects.items[i], w]


@compiled
def over_bins(plan: Plan, row: Array, total: Array) -> None:
    """Sum over the plants of each lane, in the order in which numpy sums a row."""
    lanes, bins = total.size, plan.bins
    if bins < _PAIRWISE:
        for lane in range(lanes):
            total[lane] = row[lane]
        for k in range(1, bins):
            for lane in range(lanes):
                total[lane] += row[k * lanes + lane]
        return
    part = np.empty(_PAIRWISE)
    whole = bins - bins % _PAIRWISE
    for lane in range(lanes):
        for j in range(_PAIRWISE):
            part[j] = row[j * lanes + lane]
        for k in range(_PAIRWISE, whole):
            part[k % _PAIRWISE] += row[k * lanes + lane]
        left = (part[0] + part[1]) + (part[2] + part[3])
        total[lane] = left + ((part[4] + part[5]) + (part[6] + part[7]))
        for k in range(whole, bins):
            total[lane] += row[k * lanes + lane]


@compiled
def release(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, i: int, month: int
) -> None:
    """One source serves the short users of its commodity, then its allies."""
    if not (switches.recovers if plan.source_recovers[i] else switches.releases):
        return
    lanes = figures.lanes
    left, total, part, one = state.lane[0], state.lane[1], state.lane[2], state.lane[3]
    for lane in range(lanes):
        left[lane] = min(figures.release[month, i, lane], state.left[i, lane])
    for t in range(plan.turns.start[i], plan.turns.start[i + 1]):
        if t > plan.turns.start[i] and not switches.shares:
            return
        first, last = plan.turn_slots.start[t], plan.turn_slots.start[t + 1]
        any_short = False
        total[:] = 0.0
        for j in range(first, last):
            q = plan.turn_slots.items[j]
            if misses(plan, figures, switches, state, q, month, 0, state.row[3]):
                any_short = True
                over_bins(plan, state.row[3], one)
                for lane in range(lanes):
                    total[lane] += one[lane]
        if not any_short:
            continue
        for lane in range(lanes):
            most = plan.turn_share[t] * figures.release[month, i, lane]
            given = min(min(most, left[lane]), total[lane])
            part[lane] = given / total[lane] if total[lane] > 0.0 else 0.0
            left[lane] -= given
            state.left[i, lane] -= given
        for j in range(first, last):
            q = plan.turn_slots.items[j]
            late = 1 if plan.slot_node[q] < plan.block[b, 1] else 0
            if misses(plan, figures, switches, state, q, month, 0, state.row[3]):
                for w in range(figures.limits.shape[1]):
                    state.row[3, w] = state.row[3, w] * part[w % lanes] / plan.slot_need[q]
                add(state, (month + late) % plan.ring, q, state.row[3])


@compiled
def trade(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, month: int
) -> None:
    """Short users buy spare output and withheld goods, market by market; adds to the output."""
    first, last = plan.block[b, 0], plan.block[b, 1]
    wide = figures.limits.shape[1]
    most = state.row[4]
    for n in range(first, last):
        state.asked[n, :] = 0.0
        state.room[n, :] = 0.0
        if not plan.node_final[n]:
            capacity(plan, figures, switches, n, month, most)
            for w in range(wide):
                state.row[5, w] = max(most[w], state.target[n, w])
            make(plan, figures, switches, state, b, n, month, state.row[5], state.row[6])
            for w in range(wide):
                able = min(state.row[6, w], most[w])
                state.room[n, w] = max(able - state.output[n, w], 0.0)
        state.start_room[n, :] = state.room[n]
    for i in range(plan.markets.start[b], plan.markets.start[b + 1]):
        market = plan.markets.items[i]
        buyers = open_market(plan, figures, switches, state, b, market, month)
        if buyers > 0:
            settle(plan, figures, state, b, buyers, month + plan.market_lag[market])
    for n in range(first, last):
        capacity(plan, figures, switches, n, month, most)
        for w in range(wide):
            state.output[n, w] += state.start_room[n, w] - state.room[n, w]
            asked = state.asked[n, w % figures.lanes] / plan.node_base[n]
            extra = min(asked, max(most[w] - 1.0, 0.0))
            state.extra[n, w] = extra * plan.node_level[n]


@compiled
def open_market(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, market: int, month: int
) -> int:
    """Clear one market; returns how many are short and can buy."""
    buyers, lag = 0, plan.market_lag[market]
    offered = False
    deals = 0
    for i in range(plan.buyers.start[market], plan.buyers.start[market + 1]):
        u = plan.buyers.items[i]
        q = plan.buyer_slot[u]
        if not misses(plan, figures, switches, state, q, month, lag, state.missing[buyers]):
            continue
        if not offered:
            offer(plan, state, b)
            offered = True
        start = deals
        deals = reach(plan, figures, switches, state, u, month, deals)
        if deals > start:
            state.buyer[buyers], state.first[buyers] = q, start
            buyers += 1
    state.first[buyers] = deals
    for number in range(plan.rounds if buyers > 0 else 0):
        if not bargain(plan, figures, state, b, buyers, number == 0):
            break
    return buyers


@compiled
def offer(plan: Plan, state: State, b: int) -> None:
    """Withheld goods and spare output of every supplier, bins together, unit/month."""
    total, row = state.lane[0], state.row[3]
    for n in range(plan.block[b, 0], plan.block[b, 1]):
        for w in range(row.size):
            row[w] = state.room[n, w] * (plan.node_base[n] / plan.bins)
        over_bins(plan, row, state.spare[n])
        state.held[n, :] = 0.0
    for e in range(plan.block[b, 4], plan.block[b, 5]):
        if state.waits[e]:
            for w in range(row.size):
                row[w] = state.queue[e, w] * plan.flow_quantity[e]
            over_bins(plan, row, total)
            for lane in range(total.size):
                state.held[plan.flow_supplier[e], lane] += total[lane]
    for n in range(plan.block[b, 0], plan.block[b, 1]):
        for lane in range(total.size):
            state.offer[n, lane] = state.held[n, lane] + state.spare[n, lane]


@compiled
def reach(
    plan: Plan, figures: Figures, switches: Switches, state: State, u: int, month: int, deals: int
) -> int:
    """Write down the deals that a buyer can make, with the most of each; returns their count."""
    flows, lanes = plan.flow_supplier.size, figures.lanes
    for i in range(plan.deals.start[u], plan.deals.start[u + 1]):
        d = plan.deals.items[i]
        if d >= flows and not switches.opens:
            continue
        s = plan.flow_supplier[d] if d < flows else plan.opening_supplier[d - flows]
        offers = False
        for lane in range(lanes):
            offers = offers or state.offer[s, lane] > 0.0
        if not offers:
            continue
        most = state.headroom[deals]
        if d < flows:
            limit_flow(plan, figures, state, d, month, most)
        else:
            limit_opening(plan, figures, switches, state, d - flows, month, most)
        some = False
        for w in range(most.size):
            some = some or most[w] > 0.0
        if some:
            state.deal[deals], state.seller[deals] = d, s
            state.bought[deals, :] = 0.0
            deals += 1
    return deals


@compiled
def limit_flow(
    plan: Plan, figures: Figures, state: State, e: int, month: int, most: Array
) -> None:
    """What a flow may still carry this month, unit/month."""
    quantity, whole = plan.flow_quantity[e], plan.flow_whole[e]
    for w in range(most.size):
        limit = ceiling_of(plan, figures, plan.flow_regime[e], month, w) * whole / plan.bins
        most[w] = max(limit - state.shipped[e, w] * quantity, 0.0)


@compiled
def limit_opening(
    plan: Plan, figures: Figures, switches: Switches, state: State, p: int, month: int, most: Array
) -> None:
    """What an opening may carry this month, unit/month (`Arrays.opening_limit`)."""
    s, regime = plan.opening_supplier[p], plan.opening_regime[p]
    able = state.row[3]
    capacity(plan, figures, switches, s, month, able)
    for w in range(most.size):
        if month < figures.opens[p, w]:
            most[w] = 0.0
            continue
        spare = max(able[w] - plan.node_level[s], 0.0)
        under = 1.0
        if regime >= 0 and np.isfinite(figures.ceiling[month, regime, w]):
            under = min(figures.ceiling[month, regime, w], 1.0)
        whole = figures.limits[NEW_SHARE, w] * spare * plan.node_base[s]
        most[w] = max(under * whole / plan.bins, 0.0)


@compiled
def bargain(
    plan: Plan, figures: Figures, state: State, b: int, buyers: int, is_first: bool
) -> bool:
    """One round: users ask pro rata to offers, suppliers fill pro rata; False if nobody asks."""
    first, last = plan.block[b, 0], plan.block[b, 1]
    wide, lanes = figures.limits.shape[1], figures.lanes
    total, sum_of_bins = state.row[3], state.lane[0]
    for n in range(first, last):
        state.demand[n, :] = 0.0
    for u in range(buyers):
        total[:] = 0.0
        for d in range(state.first[u], state.first[u + 1]):
            pull(state, d, lanes, state.ask[d])
            for w in range(wide):
                total[w] += state.ask[d, w]
        for w in range(wide):
            total[w] = state.missing[u, w] / total[w] if total[w] > 0.0 else 0.0
        for d in range(state.first[u], state.first[u + 1]):
            for w in range(wide):
                state.ask[d, w] = min(state.headroom[d, w], state.ask[d, w] * total[w])
            over_bins(plan, state.ask[d], sum_of_bins)
            for lane in range(lanes):
                state.demand[state.seller[d], lane] += sum_of_bins[lane]
    asks = False
    for n in range(first, last):
        for lane in range(lanes):
            demand, offered = state.demand[n, lane], state.offer[n, lane]
            asks = asks or demand > 0.0
            fill = min(1.0, offered / demand) if demand > 0.0 else 1.0
            state.fill[n, lane] = fill
            state.offer[n, lane] = max(offered - demand * fill, 0.0)
            if is_first:
                state.asked[n, lane] += demand
    for u in range(buyers):
        total[:] = 0.0
        for d in range(state.first[u], state.first[u + 1]):
            take(state, d, lanes, total)
        for w in range(wide):
            state.missing[u, w] = max(state.missing[u, w] - total[w], 0.0)
    return asks


@compiled
def pull(state: State, d: int, lanes: int, found: Array) -> None:
    """What the seller of a deal offers, where the deal can still carry anything."""
    s = state.seller[d]
    for k in range(found.size // lanes):
        for lane in range(lanes):
            w = k * lanes + lane
            found[w] = state.offer[s, lane] if state.headroom[d, w] > 0.0 else 0.0


@compiled
def take(state: State, d: int, lanes: int, total: Array) -> None:
    """The part of an ask that is filled."""
    s = state.seller[d]
    for k in range(total.size // lanes):
        for lane in range(lanes):
            w = k * lanes + lane
            got = state.ask[d, w] * state.fill[s, lane]
            state.bought[d, w] += got
            state.headroom[d, w] -= got
            total[w] += got


@compiled
def settle(
    plan: Plan, figures: Figures, state: State, b: int, buyers: int, month: int
) -> None:
    """Hand over what was bought in a market: withheld goods first, spare output after them."""
    flows, lanes, wide = plan.flow_supplier.size, figures.lanes, figures.limits.shape[1]
    total = state.row[3]
    for u in range(buyers):
        q = state.buyer[u]
        total[:] = 0.0
        for d in range(state.first[u], state.first[u + 1]):
            e = state.deal[d]
            for w in range(wide):
                total[w] += state.bought[d, w] / plan.slot_need[q]
            if e < flows:
                for w in range(wide):
                    state.shipped[e, w] += state.bought[d, w] / plan.flow_quantity[e]
        add(state, month % plan.ring, q, total)
    for n in range(plan.block[b, 0], plan.block[b, 1]):
        for lane in range(lanes):
            held, spare = state.held[n, lane], state.spare[n, lane]
            sold = (held + spare) - state.offer[n, lane]
            queued = min(sold, held)
            part = queued / held if held > 0.0 else 0.0
            rest = (sold - queued) / spare if spare > 0.0 else 0.0
            state.fill[n, lane] = 1.0 - min(max(part, 0.0), 1.0)
            state.demand[n, lane] = 1.0 - min(max(rest, 0.0), 1.0)
        for w in range(wide):
            state.room[n, w] *= state.demand[n, w % lanes]
    for e in range(plan.block[b, 4], plan.block[b, 5]):
        if state.waits[e]:
            s = plan.flow_supplier[e]
            for w in range(wide):
                state.queue[e, w] *= state.fill[s, w % lanes]


@compiled
def consume(
    plan: Plan, figures: Figures, switches: Switches, state: State, b: int, month: int
) -> None:
    """Draw inputs (`production.required_input`); what is in stock is used before a substitute."""
    for q in range(plan.block[b, 2], plan.block[b, 3]):
        n = plan.slot_node[q]
        for w in range(figures.limits.shape[1]):
            wanted = state.drawn[q, w]
            if switches.sets_aside:
                wanted += state.blocked[n, w]
            if wanted > 1.0:
                wanted = above(plan, figures, q, w, month, wanted)
            used = min(wanted, state.have[q, w])
            # A slot that uses what arrives keeps its stock as it is, whatever the rounding.
            if used != state.arrived[q, w]:
                state.stock[q, w] = state.have[q, w] - used


@compiled
def above(plan: Plan, figures: Figures, q: int, w: int, month: int, output: float) -> float:
    """Input for an output beyond the baseline."""
    weight, theta = figures.weight[q, w], plan.slot_cost[q]
    elasticity = sigma(plan, figures, q, w, month) if plan.slot_elastic[q] >= 0 else np.nan
    if np.isnan(elasticity):
        return (output - (1.0 - weight)) / weight if weight > 0.0 else output
    if abs(elasticity - 1.0) < _ALIKE:
        return float(output ** (1.0 / theta))
    if elasticity <= 0.0:
        return output
    r = (elasticity - 1.0) / elasticity
    inner = (output**r - (1.0 - theta)) / theta
    return float(inner ** (1.0 / r)) if inner > 0.0 else np.inf


@compiled
def remember(plan: Plan, state: State, n: int) -> None:
    """What was missed, and whether the node will want more than usual."""
    odd = False
    for w in range(state.output.shape[1]):
        late = max(state.missed[n, w] + (1.0 - state.output[n, w]), 0.0)
        state.missed[n, w] = late if plan.node_final[n] else 0.0
        odd = odd or state.missed[n, w] != 0.0
        odd = odd or state.extra[n, w] != 0.0 or state.short[n, w] != 0.0
    state.odd[n] = odd


@compiled
def keep(
    plan: Plan, state: State, b: int, month: int, chosen: Index, output: Array, delivered: Array
) -> None:
    """Write down the outputs that were asked for."""
    for n in range(plan.block[b, 0], plan.block[b, 1]):
        row = chosen[n]
        if row >= 0:
            for w in range(output.shape[2]):
                made = state.output[n, w]
                output[month, row, w] = made
                if plan.turned[b]:
                    made = turn(made, plan.node_before[n], plan.node_size[n])
                delivered[month, row, w] = made
