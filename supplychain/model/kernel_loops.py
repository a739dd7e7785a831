"""The months of `supplychain.model.cascade` as loops that numba compiles.

Every sum is taken in the order in which the array engine takes it, and what the array engine skips
is skipped here or adds exact zeros, so both give the same numbers. No column looks at another one,
but for sums over the plants of its own lane. The places of rows are looked up before a loop over
columns, so that the compiler sees plain sums of neighbours.

Names of arguments: ``p`` the plan, ``at`` sizes and places, ``x`` the memory of rows, ``note`` that
of notes; ``b`` block, ``n`` node, ``q`` slot, ``e`` flow, ``w`` column, ``k`` bin, ``i`` lane.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numpy as np
import numpy.typing as npt

from supplychain.model.kernel_arrays import Plan
from supplychain.model.kernel_rows import (
    ACCESS,
    CATCH_UP,
    HOARD,
    NEW_SHARE,
    QUEUE_CAP,
    RESTOCK,
    At,
)
from supplychain.vocabulary import MONTHS_PER_YEAR

try:
    from numba import njit
except ImportError:
    njit = None

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Loop = TypeVar("Loop", bound=Callable[..., object])

WORK_MAKE, WORK_WANT, WORK_HAVE, WORK_SUM, WORK_LANES = range(5)
WORK_MOST, WORK_AIM, WORK_MADE, WORK_PARTS = range(5, 9)
_ALIKE = 1e-9
_PAIRWISE = 8


def compiled(loop: Loop) -> Loop:
    """Compile a loop when it is first called, and keep the code for later processes.

    No relaxed arithmetic: compiled code must give the numbers of the array engine.
    """
    if njit is None:
        return loop
    return cast("Loop", njit(cache=True, nogil=True, error_model="numpy")(loop))


# Rows ---------------------------------------------------------------------------------------------


@compiled
def clear(x: Array, row: int) -> None:
    """Nothing in a row."""
    for w in range(x.shape[1]):
        x[row, w] = 0.0


@compiled
def over_bins(at: At, x: Array, row: int, total: int) -> None:
    """Sum over the plants of each lane, in the order in which numpy sums a row."""
    if at.bins < _PAIRWISE:
        for i in range(at.lanes):
            x[total, i] = x[row, i]
        for k in range(1, at.bins):
            place = k * at.lanes
            for i in range(at.lanes):
                x[total, i] += x[row, place + i]
        return
    part, whole = at.work + WORK_PARTS, at.bins - at.bins % _PAIRWISE
    for i in range(at.lanes):
        for j in range(_PAIRWISE):
            x[part, j] = x[row, j * at.lanes + i]
        for k in range(_PAIRWISE, whole):
            x[part, k % _PAIRWISE] += x[row, k * at.lanes + i]
        left = (x[part, 0] + x[part, 1]) + (x[part, 2] + x[part, 3])
        right = (x[part, 4] + x[part, 5]) + (x[part, 6] + x[part, 7])
        x[total, i] = left + right
        for k in range(whole, at.bins):
            x[total, i] += x[row, k * at.lanes + i]


@compiled
def bring(p: Plan, at: At, x: Array, note: Index, month: int, q: int, gained: int) -> None:
    """Add a row to what reaches a slot in a month."""
    place, some = (month % at.ring) * p.slot.size + q, 0
    row = at.deviation + place
    for w in range(x.shape[1]):
        x[row, w] += x[gained, w]
        some += x[gained, w] != 0.0
    if some > 0:
        note[at.came + place] = 1


# Months -------------------------------------------------------------------------------------------


@compiled
def play(p: Plan, at: At, x: Array, note: Index) -> None:
    """All months of some lanes."""
    for month in range(at.months):
        for n in range(p.node.size):
            row, level = at.output + n, p.node[n].level
            for w in range(x.shape[1]):
                x[row, w] = level
        for b in range(p.block.size):
            if note[at.asleep + b] == 1 and not quiet(p, at, x, note, b, month):
                note[at.asleep + b] = 0
            if note[at.asleep + b] == 0:
                play_block(p, at, x, note, b, month)
        first = (month % at.ring) * p.slot.size
        for q in range(first, first + p.slot.size):
            if note[at.came + q] == 1:
                note[at.came + q] = 0
                clear(x, at.deviation + q)


@compiled
def quiet(p: Plan, at: At, x: Array, note: Index, b: int, month: int) -> bool:
    """Whether a block at its baseline stays there this month."""
    first = at.came + (month % at.ring) * p.slot.size
    for q in range(p.block[b].slot_first, p.block[b].slot_last):
        if note[first + q] == 1:
            return False
    orders = at.restocks and month >= at.start
    for j in range(p.block[b].user_first, p.block[b].user_last):
        q = p.items[j]
        if note[at.odd + p.slot[q].node] == 1:
            return False
        if orders:
            for w in range(x.shape[1]):
                if x[at.stock + q, w] != x[at.limits + HOARD, w] * x[at.cover + q, w]:
                    return False
    return True


@compiled
def play_block(p: Plan, at: At, x: Array, note: Index, b: int, month: int) -> None:
    """One block in one month, in the order of docs/model.md, sections 4 and 5."""
    first, last = p.block[b].node_first, p.block[b].node_last
    inputs = p.block[b].slot_first
    receive(p, at, x, b, month)
    for n in range(first, last):
        aim(p, at, x, n)
        make(p, at, x, n, inputs, month, at.target + n, at.made + n)
        keep(p, at, x, note, n, month, at.delivered, at.made + n, p.block[b].turned)
    ship(p, at, x, note, b, month)
    deliver(p, at, x, note, b, month)
    for j in range(p.block[b].source_first, p.block[b].source_last):
        release(p, at, x, note, b, p.items[j], month)
    for n in range(first, last):
        output, made, blocked = at.output + n, at.made + n, at.blocked + n
        for w in range(x.shape[1]):
            x[output, w] = x[made, w] - x[blocked, w]
            if not at.sets_aside:
                x[blocked, w] = 0.0
    if at.buys:
        trade(p, at, x, note, b, month)
    for n in range(first, last):
        output, whole, blocked = at.output + n, at.target + n, at.blocked + n
        if p.block[b].tinkers:
            fall_short(at, x, n)
        for w in range(x.shape[1]):
            x[whole, w] = x[output, w] + x[blocked, w]
        make(p, at, x, n, inputs, month, whole, at.made + n)
        keep(p, at, x, note, n, month, at.kept, output, False)
    consume(p, at, x, b, month)
    for n in range(first, last):
        remember(p, at, x, note, n)


@compiled
def keep(
    p: Plan, at: At, x: Array, note: Index, n: int, month: int, kept: int, made: int, turned: bool
) -> None:
    """Write down the output of a node that was asked for, or the turn of its own customers."""
    place = note[at.place + n]
    if place >= 0:
        row = kept + month * at.chosen + place
        for w in range(x.shape[1]):
            x[row, w] = x[made, w]
        if turned:
            serve(x, row, p.node[n].before, p.node[n].size)


@compiled
def serve(x: Array, row: int, before: float, size: float) -> None:
    """Share of its baseline that a customer gets of an output (`turns.served`), in place."""
    share = size if size > 0.0 else 1.0
    for w in range(x.shape[1]):
        output = x[row, w]
        within = min(max((output - before) / share, 0.0), 1.0)
        x[row, w] = output if output >= 1.0 else within


# Production ---------------------------------------------------------------------------------------


@compiled
def receive(p: Plan, at: At, x: Array, b: int, month: int) -> None:
    """What arrives, what each slot allows, and the tightest of a node's main slots and host."""
    first, wide = p.block[b].slot_first, x.shape[1]
    for n in range(p.block[b].node_first, p.block[b].node_last):
        row = at.bound + n
        for w in range(wide):
            x[row, w] = np.inf
    for q in range(first, p.block[b].slot_last):
        level, stock = p.slot[q].level, at.stock + q
        coming = at.deviation + (month % at.ring) * p.slot.size + q
        arrived, have, allowed = at.arrived + q - first, at.have + q - first, at.allowed + q - first
        for w in range(wide):
            x[arrived, w] = level + x[coming, w]
            x[have, w] = x[stock, w] + x[arrived, w]
            x[allowed, w] = x[have, w]
        help_out(p, at, x, q, month, allowed)
        if p.slot[q].elastic >= 0:
            allow_elastic(p, at, x, q, month, allowed)
        else:
            weight = at.weight + q
            for w in range(wide):
                most = (1.0 - x[weight, w]) + x[weight, w] * x[allowed, w]
                x[allowed, w] = most if x[weight, w] > 0.0 else np.inf
        if p.slot[q].main:
            bound = at.bound + p.slot[q].node
            for w in range(wide):
                x[bound, w] = min(x[bound, w], x[allowed, w])
    for n in range(p.block[b].node_first, p.block[b].node_last):
        if p.node[n].host >= 0:
            bound, host, ratio = at.bound + n, at.output + p.node[n].host, p.node[n].ratio
            for w in range(wide):
                x[bound, w] = min(x[bound, w], ratio * x[host, w])


@compiled
def help_out(p: Plan, at: At, x: Array, q: int, month: int, have: int) -> None:
    """Add what a substitute stands for (`Arrays.help`)."""
    most, rate = p.slot[q].most, at.rate + q
    if at.substitutes and most != 0.0:
        ramp = max(month + 0.5 - p.slot[q].start, 0.0) / MONTHS_PER_YEAR
        for w in range(x.shape[1]):
            x[have, w] += min(most, x[rate, w] * ramp)


@compiled
def sigma(at: At, x: Array, place: int, month: int, w: int) -> float:
    """Elasticity of a slot this month; NaN for a class (`Arrays.elasticity`)."""
    short, late = x[at.short_run + place, w], x[at.long_run + place, w]
    if late == short:
        return float(short)
    return float(short + (late - short) * x[at.passed + month, w])


@compiled
def allow_elastic(p: Plan, at: At, x: Array, q: int, month: int, row: int) -> None:
    """Most output of a slot whose lanes may have elasticities (`production.possible_output`)."""
    theta = p.slot[q].cost
    for w in range(x.shape[1]):
        have, weight = x[row, w], x[at.weight + q, w]
        elasticity = sigma(at, x, p.slot[q].elastic, month, w)
        a = max(have, 0.0)
        if np.isnan(elasticity):
            most = (1.0 - weight) + weight * have if weight > 0.0 else np.inf
        elif a == 1.0:
            most = 1.0
        elif a == 0.0 and elasticity <= 1.0:
            most = 0.0
        elif abs(elasticity - 1.0) < _ALIKE:
            most = a**theta
        elif elasticity <= 0.0:
            most = a
        else:
            r = (elasticity - 1.0) / elasticity
            least = min(a, 1.0)
            inner = theta * (a / least) ** r + (1.0 - theta) * least ** (-r)
            most = least * inner ** (1.0 / r)
        x[row, w] = max(most, 1.0) if a > 1.0 else most


@compiled
def aim(p: Plan, at: At, x: Array, n: int) -> None:
    """Baseline output; a final node may also make up for what it missed."""
    level, target, missed = p.node[n].level, at.target + n, at.missed + n
    catch_up = at.limits + CATCH_UP
    if at.catches_up and p.node[n].final:
        for w in range(x.shape[1]):
            x[target, w] = level + min(x[catch_up, w] - 1.0, x[missed, w])
    else:
        for w in range(x.shape[1]):
            x[target, w] = level


@compiled
def make(
    p: Plan, at: At, x: Array, n: int, first: int, month: int, wanted: int, made: int
) -> None:
    """What a node makes of what is wanted, and the output that each of its slots is drawn for.

    `first` is the first slot of its block.
    """
    bound = at.bound + n
    for w in range(x.shape[1]):
        x[made, w] = min(x[wanted, w], x[bound, w])
    for j in range(p.node[n].slot_first, p.node[n].slot_last):
        q = p.items[j]
        drawn = at.drawn + q - first
        for w in range(x.shape[1]):
            x[drawn, w] = x[made, w]
        if not p.slot[q].main:
            clear(x, drawn)
    if at.alternates:
        for j in range(p.node[n].technology_first, p.node[n].technology_last):
            add_technology(p, at, x, p.items[j], first, month, wanted, made)


@compiled
def ramp_of(p: Plan, a: int, month: int) -> float:
    """Years for which an alternative technology has been taken up."""
    return float(max(month + 0.5 - p.technology[a].start, 0.0) / MONTHS_PER_YEAR)


@compiled
def add_technology(
    p: Plan, at: At, x: Array, a: int, first: int, month: int, wanted: int, made: int
) -> None:
    """Make by one alternative what is still wanted, and draw its inputs."""
    most, years, rate, extra = p.technology[a].most, ramp_of(p, a, month), at.ramp + a, at.work
    for w in range(x.shape[1]):
        x[extra, w] = min(x[wanted, w] - x[made, w], min(most, x[rate, w] * years))
    for u in range(p.technology[a].use_first, p.technology[a].use_last):
        place, factor = p.use[u].slot - first, p.use[u].factor
        for w in range(x.shape[1]):
            room = (x[at.allowed + place, w] - x[at.drawn + place, w]) / factor
            x[extra, w] = min(x[extra, w], room)
    for w in range(x.shape[1]):
        x[extra, w] = max(x[extra, w], 0.0)
        x[made, w] += x[extra, w]
    for u in range(p.technology[a].use_first, p.technology[a].use_last):
        drawn, factor = at.drawn + p.use[u].slot - first, p.use[u].factor
        for w in range(x.shape[1]):
            x[drawn, w] += factor * x[extra, w]


@compiled
def fall_short(at: At, x: Array, n: int) -> None:
    """What the main technology could not make of the target."""
    short, target, bound = at.short + n, at.target + n, at.bound + n
    for w in range(x.shape[1]):
        x[short, w] = max(x[target, w] - min(x[target, w], x[bound, w]), 0.0)


@compiled
def consume(p: Plan, at: At, x: Array, b: int, month: int) -> None:
    """Draw inputs; what is in stock is used before a substitute."""
    first = p.block[b].slot_first
    for q in range(first, p.block[b].slot_last):
        drawn, have, arrived = at.drawn + q - first, at.have + q - first, at.arrived + q - first
        stock, beyond = at.stock + q, 0
        for w in range(x.shape[1]):
            beyond += x[drawn, w] > 1.0
        if beyond > 0:
            require(p, at, x, q, month, drawn)
        for w in range(x.shape[1]):
            used = min(x[drawn, w], x[have, w])
            # A slot that uses what arrives keeps its stock as it is, whatever the rounding.
            x[stock, w] = x[stock, w] if used == x[arrived, w] else x[have, w] - used


@compiled
def require(p: Plan, at: At, x: Array, q: int, month: int, row: int) -> None:
    """Input for an output beyond the baseline (`production.required_input`), in place."""
    theta = p.slot[q].cost
    for w in range(x.shape[1]):
        output, weight = x[row, w], x[at.weight + q, w]
        if not output > 1.0:
            continue
        elasticity = np.nan
        if p.slot[q].elastic >= 0:
            elasticity = sigma(at, x, p.slot[q].elastic, month, w)
        if np.isnan(elasticity):
            if weight > 0.0:
                x[row, w] = (output - (1.0 - weight)) / weight
        elif abs(elasticity - 1.0) < _ALIKE:
            x[row, w] = output ** (1.0 / theta)
        elif elasticity > 0.0:
            r = (elasticity - 1.0) / elasticity
            inner = (output**r - (1.0 - theta)) / theta
            x[row, w] = inner ** (1.0 / r) if inner > 0.0 else np.inf


@compiled
def remember(p: Plan, at: At, x: Array, note: Index, n: int) -> None:
    """What was missed, and whether the node will want more than usual."""
    output, missed, extra, short = at.output + n, at.missed + n, at.extra + n, at.short + n
    odd = 0
    if p.node[n].final:
        for w in range(x.shape[1]):
            x[missed, w] = max(x[missed, w] + (1.0 - x[output, w]), 0.0)
            odd += x[missed, w] != 0.0
    for w in range(x.shape[1]):
        odd += x[extra, w] != 0.0
        odd += x[short, w] != 0.0
    note[at.odd + n] = 1 if odd > 0 else 0


# Contracts ----------------------------------------------------------------------------------------


@compiled
def ceiling_row(at: At, regime: int, month: int) -> int:
    """Row of what a flow may carry: its restriction, or access."""
    return at.ceiling + month * at.regimes + regime if regime >= 0 else at.limits + ACCESS


@compiled
def ship(p: Plan, at: At, x: Array, note: Index, b: int, month: int) -> None:
    """Queue this month's goods for each flow and ship what the ceilings let through."""
    wide, first = x.shape[1], p.block[b].flow_first
    for n in range(p.block[b].node_first, p.block[b].node_last):
        made, off = at.made + n, 0
        for w in range(wide):
            off += x[made, w] != 1.0
        note[at.steady + n] = 1 if off == 0 else 0
        clear(x, at.blocked + n)
    for e in range(first, p.block[b].flow_last):
        s, shipped = p.flow[e].supplier, at.shipped + e - first
        steady = note[at.steady + s] == 1 and note[at.waits + e] == 0
        if at.free and steady and p.flow[e].regime < 0:
            for w in range(wide):
                x[shipped, w] = 1.0
            note[at.moves + e] = 0
            continue
        for w in range(wide):
            x[shipped, w] = x[at.made + s, w]
        if p.block[b].turned:
            serve(x, shipped, p.flow[e].before, p.flow[e].size)
        load(at, x, note, e, p.flow[e].weight, at.blocked + s, shipped,
             ceiling_row(at, p.flow[e].regime, month))  # fmt: skip


@compiled
def load(
    at: At, x: Array, note: Index, e: int, weight: float, blocked: int, shipped: int, ceiling: int
) -> None:
    """One flow: what is accepted into its queue, and what leaves."""
    queue, cap = at.queue + e, at.limits + QUEUE_CAP
    waits, moves = 0, 0
    for w in range(x.shape[1]):
        made, most = x[shipped, w], x[ceiling, w]
        accepted = min(made, max(x[cap, w] + most - x[queue, w], 0.0))
        x[blocked, w] += weight * (made - accepted)
        waiting = x[queue, w] + accepted
        leaves = min(waiting, most)
        x[shipped, w] = leaves
        x[queue, w] = waiting - leaves
        waits += waiting != leaves
        moves += leaves != 1.0
    note[at.waits + e] = 1 if waits > 0 else 0
    note[at.moves + e] = 1 if moves > 0 else 0


@compiled
def deliver(p: Plan, at: At, x: Array, note: Index, b: int, month: int) -> None:
    """Add what flows brought over or under the baseline to what reaches the users."""
    total, first = at.work, p.block[b].flow_first
    for d in range(p.block[b].drop_first, p.block[b].drop_last):
        moved = 0
        for j in range(p.drop[d].flow_first, p.drop[d].flow_last):
            e = p.items[j]
            if note[at.moves + e] == 1:
                if moved == 0:
                    clear(x, total)
                moved += 1
                shipped, share = at.shipped + e - first, at.share + e
                for w in range(x.shape[1]):
                    x[total, w] += (x[shipped, w] - 1.0) * x[share, w]
        if moved > 0:
            bring(p, at, x, note, month + p.drop[d].lag, p.drop[d].slot, total)


# Orders -------------------------------------------------------------------------------------------


@compiled
def misses(
    p: Plan, at: At, x: Array, note: Index, b: int, q: int, month: int, lag: int, found: int
) -> bool:
    """Unmet need of a slot when goods bought now arrive, unit/month, and whether there is any."""
    n, level = p.slot[q].node, p.slot[q].level
    orders = at.restocks and month >= at.start
    if not orders and is_usual(p, at, note, q, month, lag):
        return False
    want, have, stock = at.work + WORK_WANT, at.work + WORK_HAVE, at.stock + q
    wants(p, at, x, q, month + lag, want)
    for w in range(x.shape[1]):
        x[have, w] = x[stock, w]
    for month_before in range(month, month + lag):
        # Plants before these suppliers (a loop of recipes) have drawn this month's input already.
        if month_before > month or n >= p.block[b].node_first:
            coming = at.deviation + (month_before % at.ring) * p.slot.size + q
            for w in range(x.shape[1]):
                x[have, w] = max(x[have, w] + level + x[coming, w] - x[want, w], 0.0)
    coming = at.deviation + ((month + lag) % at.ring) * p.slot.size + q
    for w in range(x.shape[1]):
        x[have, w] = x[have, w] + level + x[coming, w]
    help_out(p, at, x, q, month + lag, have)
    need, some = p.slot[q].need, 0
    for w in range(x.shape[1]):
        x[found, w] = max(x[want, w] - x[have, w], 0.0)
    if orders:
        restock(at, x, q, want, have, found)
    if not binds_everywhere(p, at, x, q):
        only_binding(p, at, x, q, found)
    for w in range(x.shape[1]):
        x[found, w] *= need
        some += x[found, w] > 0.0
    return some > 0


@compiled
def is_usual(p: Plan, at: At, note: Index, q: int, month: int, lag: int) -> bool:
    """Whether a slot plainly misses nothing: its plant wants the baseline, and that arrives."""
    n = p.slot[q].node
    usual = note[at.odd + n] == 0 and p.node[n].level == 1.0 and p.slot[q].level == 1.0
    for later in range(lag + 1):
        place = at.came + ((month + later) % at.ring) * p.slot.size + q
        usual = usual and note[place] == 0
    return usual


@compiled
def restock(at: At, x: Array, q: int, want: int, have: int, found: int) -> None:
    """Add a part of the gap to the wanted stock."""
    hoard, cover, months = at.limits + HOARD, at.cover + q, at.limits + RESTOCK
    for w in range(x.shape[1]):
        held = max(x[have, w] - x[want, w], 0.0)
        short = max(x[hoard, w] * x[cover, w] - held, 0.0)
        x[found, w] += short / x[months, w]


@compiled
def binds_everywhere(p: Plan, at: At, x: Array, q: int) -> bool:
    """Whether the input has a weight in every lane."""
    weight, some = at.weight + q, 0
    for w in range(x.shape[1]):
        some += not x[weight, w] > 0.0
    return some == 0


@compiled
def only_binding(p: Plan, at: At, x: Array, q: int, found: int) -> None:
    """Nobody misses an input that never binds."""
    place = p.slot[q].elastic
    for w in range(x.shape[1]):
        is_class = place < 0 or np.isnan(x[at.short_run + place, w])
        if is_class and not x[at.weight + q, w] > 0.0:
            x[found, w] = 0.0


@compiled
def wants(p: Plan, at: At, x: Array, q: int, month: int, want: int) -> None:
    """Input that a slot wants in a month, months of need."""
    n = p.slot[q].node
    if not p.slot[q].main:
        want_alternatives(p, at, x, q, month, want)
    elif p.node[n].level == 0.0:
        capacity(p, at, x, n, min(month, at.months - 1), want)
    elif p.node[n].final:
        aim(p, at, x, n)  # what it misses is that of the month before, as in its own turn
        for w in range(x.shape[1]):
            x[want, w] = x[at.target + n, w]
    else:
        level, extra = p.node[n].level, at.extra + n
        for w in range(x.shape[1]):
            x[want, w] = level + x[extra, w]


@compiled
def want_alternatives(p: Plan, at: At, x: Array, q: int, month: int, want: int) -> None:
    """Slots of alternatives alone want what these are to make of the last month's shortfall."""
    clear(x, want)
    if at.alternates:
        for j in range(p.slot[q].call_first, p.slot[q].call_last):
            u = p.items[j]
            a = p.use[u].technology
            factor, most, years = p.use[u].factor, p.technology[a].most, ramp_of(p, a, month)
            rate, short = at.ramp + a, at.short + p.technology[a].node
            for w in range(x.shape[1]):
                x[want, w] += factor * min(min(most, x[rate, w] * years), x[short, w])


@compiled
def capacity(p: Plan, at: At, x: Array, n: int, month: int, found: int) -> None:
    """Capacity over base of a node: what stands, and projects that came on."""
    stands = at.capacity + n
    for w in range(x.shape[1]):
        x[found, w] = x[stands, w]
    if at.builds:
        for j in range(p.node[n].project_first, p.node[n].project_last):
            added = at.added + month * at.projects + p.items[j]
            for w in range(x.shape[1]):
                x[found, w] += x[added, w]


# Sources ------------------------------------------------------------------------------------------


@compiled
def release(p: Plan, at: At, x: Array, note: Index, b: int, g: int, month: int) -> None:
    """One source serves the short users of its commodity, then its allies."""
    if not (at.recovers if p.source[g].recovers else at.releases):
        return
    most, given, left = at.release + month * at.sources + g, at.work + WORK_LANES, at.left + g
    now = at.work + WORK_MOST
    for i in range(at.lanes):
        x[now, i] = min(x[most, i], x[left, i])
    for t in range(p.source[g].turn_first, p.source[g].turn_last):
        if t > p.source[g].turn_first and not at.shares:
            return
        if not total_missing(p, at, x, note, b, t, month):
            continue
        total, share = at.work + WORK_AIM, p.turn[t].share
        for i in range(at.lanes):
            gives = min(min(share * x[most, i], x[now, i]), x[total, i])
            x[given, i] = gives / x[total, i] if x[total, i] > 0.0 else 0.0
            x[now, i] -= gives
            x[left, i] -= gives
        hand_out(p, at, x, note, b, t, month)


@compiled
def total_missing(p: Plan, at: At, x: Array, note: Index, b: int, t: int, month: int) -> bool:
    """What the slots of one turn miss together."""
    total, one, each = at.work + WORK_AIM, at.work + WORK_MADE, at.work + WORK_SUM
    any_short = False
    clear(x, total)
    for j in range(p.turn[t].slot_first, p.turn[t].slot_last):
        q = p.items[j]
        late = 1 if p.slot[q].node < p.block[b].node_last else 0
        if misses(p, at, x, note, b, q, month, late, each):
            any_short = True
            over_bins(at, x, each, one)
            for i in range(at.lanes):
                x[total, i] += x[one, i]
    return any_short


@compiled
def hand_out(p: Plan, at: At, x: Array, note: Index, b: int, t: int, month: int) -> None:
    """Every slot of a turn gets the same part of what it misses.

    A user that stands before its supplier (a loop of recipes) is served for the next month.
    """
    part, each = at.work + WORK_LANES, at.work + WORK_SUM
    for j in range(p.turn[t].slot_first, p.turn[t].slot_last):
        q = p.items[j]
        need, late = p.slot[q].need, 1 if p.slot[q].node < p.block[b].node_last else 0
        if misses(p, at, x, note, b, q, month, late, each):
            for k in range(at.bins):
                first_column = k * at.lanes
                for i in range(at.lanes):
                    w = first_column + i
                    x[each, w] = x[each, w] * x[part, i] / need
            bring(p, at, x, note, month + late, q, each)


# The spot market ----------------------------------------------------------------------------------


@compiled
def trade(p: Plan, at: At, x: Array, note: Index, b: int, month: int) -> None:
    """Short users buy spare output and withheld goods, market by market; adds to the output."""
    first, last = p.block[b].node_first, p.block[b].node_last
    most = at.work + WORK_MOST
    for n in range(first, last):
        clear(x, at.asked + n)
        find_room(p, at, x, n, p.block[b].slot_first, month)
    for m in range(p.block[b].market_first, p.block[b].market_last):
        buyers = open_market(p, at, x, note, b, m, month)
        if buyers > 0:
            settle(p, at, x, note, b, buyers, month + p.market[m].lag)
    for n in range(first, last):
        output, before, room = at.output + n, at.room_before + n, at.room + n
        asked, extra, base, level = at.asked + n, at.extra + n, p.node[n].whole, p.node[n].level
        capacity(p, at, x, n, month, most)
        for k in range(at.bins):
            first_column = k * at.lanes
            for i in range(at.lanes):
                w = first_column + i
                x[output, w] += x[before, w] - x[room, w]
                x[extra, w] = min(x[asked, i] / base, max(x[most, w] - 1.0, 0.0)) * level


@compiled
def find_room(p: Plan, at: At, x: Array, n: int, first: int, month: int) -> None:
    """Spare output on offer: what could be made within capacity; none of final nodes."""
    room, before = at.room + n, at.room_before + n
    most, goal, made = at.work + WORK_MOST, at.work + WORK_AIM, at.work + WORK_MADE
    if p.node[n].final:
        clear(x, room)
        clear(x, before)
        return
    capacity(p, at, x, n, month, most)
    for w in range(x.shape[1]):
        x[goal, w] = max(x[most, w], x[at.target + n, w])
    make(p, at, x, n, first, month, goal, made)
    for w in range(x.shape[1]):
        able = min(x[made, w], x[most, w])
        x[room, w] = max(able - (x[at.output + n, w] + x[at.blocked + n, w]), 0.0)
        x[before, w] = x[room, w]


@compiled
def open_market(p: Plan, at: At, x: Array, note: Index, b: int, m: int, month: int) -> int:
    """Clear one market; returns how many are short and can buy."""
    buyers, deals = 0, 0
    offered = False
    for u in range(p.market[m].buyer_first, p.market[m].buyer_last):
        q, lacks = p.buyer[u].slot, at.missing + buyers
        if not misses(p, at, x, note, b, q, month, p.market[m].lag, lacks):
            continue
        if not offered:
            offer(p, at, x, note, b)
            offered = True
        start = deals
        deals = reach(p, at, x, note, b, u, month, deals)
        if deals > start:
            note[at.buyer + buyers], note[at.first + buyers] = q, start
            buyers += 1
    note[at.first + buyers] = deals
    for number in range(at.rounds if buyers > 0 else 0):
        ask(p, at, x, note, b, buyers)
        if not fill(p, at, x, b, number):
            break
        take(at, x, note, buyers)
    return buyers


@compiled
def offer(p: Plan, at: At, x: Array, note: Index, b: int) -> None:
    """Withheld goods and spare output of every supplier, bins together, unit/month."""
    total, row = at.work + WORK_LANES, at.work + WORK_SUM
    first, last = p.block[b].node_first, p.block[b].node_last
    for n in range(first, last):
        base = p.node[n].base
        for w in range(x.shape[1]):
            x[row, w] = x[at.room + n, w] * base
        over_bins(at, x, row, at.spare + n)
        clear(x, at.held + n)
    for e in range(p.block[b].flow_first, p.block[b].flow_last):
        if note[at.waits + e] == 1:
            held, quantity = at.held + p.flow[e].supplier, p.flow[e].quantity
            for w in range(x.shape[1]):
                x[row, w] = x[at.queue + e, w] * quantity
            over_bins(at, x, row, total)
            for i in range(at.lanes):
                x[held, i] += x[total, i]
    for n in range(first, last):
        for i in range(at.lanes):
            x[at.offer + n, i] = x[at.held + n, i] + x[at.spare + n, i]


@compiled
def reach(
    p: Plan, at: At, x: Array, note: Index, b: int, u: int, month: int, deals: int
) -> int:
    """Write down the deals that a buyer can make, with the most of each; returns their count."""
    flows = p.flow.size
    for j in range(p.buyer[u].deal_first, p.buyer[u].deal_last):
        d = p.items[j]
        if d >= flows and not at.opens:
            continue
        s = p.flow[d].supplier if d < flows else p.opening[d - flows].supplier
        offers, some, most = 0, 0, at.headroom + deals
        for i in range(at.lanes):
            offers += x[at.offer + s, i] > 0.0
        if offers == 0:
            continue
        if d < flows:
            limit_flow(p, at, x, b, d, month, most)
        else:
            limit_opening(p, at, x, d - flows, month, most)
        for w in range(x.shape[1]):
            some += x[most, w] > 0.0
        if some > 0:
            note[at.deal + deals], note[at.seller + deals] = d, s
            clear(x, at.bought + deals)
            deals += 1
    return deals


@compiled
def limit_flow(p: Plan, at: At, x: Array, b: int, e: int, month: int, most: int) -> None:
    """What a flow may still carry this month, unit/month."""
    shipped, quantity = at.shipped + e - p.block[b].flow_first, p.flow[e].quantity
    ceiling = ceiling_row(at, p.flow[e].regime, month)
    for w in range(x.shape[1]):
        x[most, w] = max(x[ceiling, w] - x[shipped, w], 0.0) * quantity


@compiled
def limit_opening(p: Plan, at: At, x: Array, o: int, month: int, most: int) -> None:
    """What an opening may carry this month, unit/month (`Arrays.opening_limit`)."""
    s, regime = p.opening[o].supplier, p.opening[o].regime
    base, level, bins = p.node[s].whole, p.node[s].level, at.bins
    opens, share = at.opening_day + o, at.limits + NEW_SHARE
    capacity(p, at, x, s, month, most)
    for w in range(x.shape[1]):
        part = x[share, w] if month >= x[opens, w] else 0.0
        x[most, w] = part * max(x[most, w] - level, 0.0) * base
    if regime >= 0:
        under = at.opening + month * at.regimes + regime
        for w in range(x.shape[1]):
            x[most, w] *= x[under, w]
    for w in range(x.shape[1]):
        x[most, w] /= bins


@compiled
def ask(p: Plan, at: At, x: Array, note: Index, b: int, buyers: int) -> None:
    """Every user asks every seller it can reach, pro rata to their offers."""
    rate, one = at.work + WORK_SUM, at.work + WORK_LANES
    for n in range(p.block[b].node_first, p.block[b].node_last):
        clear(x, at.demand + n)
    for u in range(buyers):
        clear(x, rate)
        for d in range(note[at.first + u], note[at.first + u + 1]):
            offered, asks, most = at.offer + note[at.seller + d], at.ask + d, at.headroom + d
            for k in range(at.bins):
                first_column = k * at.lanes
                for i in range(at.lanes):
                    w = first_column + i
                    x[asks, w] = x[offered, i] if x[most, w] > 0.0 else 0.0
            for w in range(x.shape[1]):
                x[rate, w] += x[asks, w]
        for w in range(x.shape[1]):
            total = x[rate, w]
            x[rate, w] = x[at.missing + u, w] / total if total > 0.0 else 0.0
        for d in range(note[at.first + u], note[at.first + u + 1]):
            demand, asks, most = at.demand + note[at.seller + d], at.ask + d, at.headroom + d
            for w in range(x.shape[1]):
                x[asks, w] = min(x[most, w], x[asks, w] * x[rate, w])
            over_bins(at, x, asks, one)
            for i in range(at.lanes):
                x[demand, i] += x[one, i]


@compiled
def fill(p: Plan, at: At, x: Array, b: int, number: int) -> bool:
    """Every seller fills all asks by the same share; False where nobody asks."""
    asks = 0
    for n in range(p.block[b].node_first, p.block[b].node_last):
        demand, offered, part, asked = at.demand + n, at.offer + n, at.fill + n, at.asked + n
        for i in range(at.lanes):
            wanted, has = x[demand, i], x[offered, i]
            asks += wanted > 0.0
            x[part, i] = min(1.0, has / wanted) if wanted > 0.0 else 1.0
            # Sold out is sold out to the last digit: nobody asks for what rounding leaves.
            x[offered, i] = has - wanted if wanted < has else 0.0
        if number == 0:
            for i in range(at.lanes):
                x[asked, i] += x[demand, i]
    return asks > 0


@compiled
def take(at: At, x: Array, note: Index, buyers: int) -> None:
    """Users take the part of their asks that is filled."""
    total = at.work + WORK_SUM
    for u in range(buyers):
        clear(x, total)
        for d in range(note[at.first + u], note[at.first + u + 1]):
            part, asks = at.fill + note[at.seller + d], at.ask + d
            bought, most = at.bought + d, at.headroom + d
            for k in range(at.bins):
                first_column = k * at.lanes
                for i in range(at.lanes):
                    w = first_column + i
                    x[asks, w] *= x[part, i]
            for w in range(x.shape[1]):
                x[bought, w] += x[asks, w]
                x[most, w] -= x[asks, w]
                x[total, w] += x[asks, w]
        missing = at.missing + u
        for w in range(x.shape[1]):
            x[missing, w] = max(x[missing, w] - x[total, w], 0.0)


@compiled
def settle(p: Plan, at: At, x: Array, note: Index, b: int, buyers: int, month: int) -> None:
    """Hand over what was bought in a market; `month` is that of its arrival."""
    total, first = at.work + WORK_SUM, p.block[b].flow_first
    for u in range(buyers):
        q = note[at.buyer + u]
        need = p.slot[q].need
        clear(x, total)
        for d in range(note[at.first + u], note[at.first + u + 1]):
            bought, e = at.bought + d, note[at.deal + d]
            for w in range(x.shape[1]):
                x[total, w] += x[bought, w] / need
            if e < p.flow.size:
                shipped, quantity = at.shipped + e - first, p.flow[e].quantity
                for w in range(x.shape[1]):
                    x[shipped, w] += x[bought, w] / quantity
        bring(p, at, x, note, month, q, total)
    for n in range(p.block[b].node_first, p.block[b].node_last):
        sell(at, x, n)
    for e in range(first, p.block[b].flow_last):
        if note[at.waits + e] == 1:
            queue, kept = at.queue + e, at.fill + p.flow[e].supplier
            for k in range(at.bins):
                for i in range(at.lanes):
                    x[queue, k * at.lanes + i] *= x[kept, i]


@compiled
def sell(at: At, x: Array, n: int) -> None:
    """Withheld goods first, spare output after them; leaves the part of each that is kept."""
    room = at.room + n
    for i in range(at.lanes):
        held, spare, left = x[at.held + n, i], x[at.spare + n, i], x[at.offer + n, i]
        sold = (held + spare) - left
        queued = min(sold, held)
        part = min(max(queued / held, 0.0), 1.0) if held > 0.0 else 0.0
        rest = min(max((sold - queued) / spare, 0.0), 1.0) if spare > 0.0 else 0.0
        x[at.fill + n, i] = 1.0 - part
        x[at.demand + n, i] = 1.0 - (rest if left > 0.0 else 1.0)
    for k in range(at.bins):
        for i in range(at.lanes):
            x[room, k * at.lanes + i] *= x[at.demand + n, i]
