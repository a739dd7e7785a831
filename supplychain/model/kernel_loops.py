"""The months of `supplychain.model.cascade` as loops that numba compiles.

Every sum is taken in the order in which the array engine takes it, and what the array engine skips
is skipped here or adds exact zeros, so both give the same numbers. No column looks at another one,
but for sums over the plants of its own lane. The places of rows are looked up before a loop over
columns, so that the compiler sees plain sums of neighbours.

Names of arguments: ``at`` sizes and places; ``link`` and ``real`` the whole and the real numbers of
all records, ``x`` the memory of rows, ``note`` that of notes (`supplychain.model.kernel_rows`);
``b`` block, ``n`` node, ``q`` slot, ``e`` flow, ``w`` column, ``k`` bin, ``i`` lane.
"""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

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

numba: Any = import_module("numba") if find_spec("numba") else None

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Loop = TypeVar("Loop", bound=Callable[..., object])

WORK_MAKE, WORK_WANT, WORK_HAVE, WORK_SUM, WORK_LANES = range(5)
WORK_MOST, WORK_AIM, WORK_MADE, WORK_PARTS, WORK_MAIN = range(5, 10)
_ALIKE = 1e-9
_PAIRWISE = 8
_NOTHING = 1e-9  # as in supplychain.model.spot


def compiled(loop: Loop) -> Loop:
    """Compile a loop when it is first called, and keep the code for later processes.

    No relaxed arithmetic: compiled code must give the numbers of the array engine.
    """
    if numba is None:
        return loop
    return cast("Loop", numba.njit(cache=True, nogil=True, error_model="numpy")(loop))


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
def bring(
    at: At, link: Index, real: Array, x: Array, note: Index, month: int, q: int, gained: int
) -> None:
    """Add a row to what reaches a slot in a month."""
    place, some = (month % at.ring) * at.slots + q, 0
    row = at.deviation + place
    for w in range(x.shape[1]):
        x[row, w] += x[gained, w]
        some += x[gained, w] != 0.0
    if some > 0:
        note[at.came + place] = 1


# Months -------------------------------------------------------------------------------------------


@compiled
def play(at: At, link: Index, real: Array, x: Array, note: Index) -> None:
    """All months of some lanes."""
    for month in range(at.months):
        for n in range(at.nodes):
            row, level = at.output + n, real[at.node_level + n]
            for w in range(x.shape[1]):
                x[row, w] = level
        for b in range(at.blocks):
            if note[at.asleep + b] == 1 and not quiet(at, link, real, x, note, b, month):
                note[at.asleep + b] = 0
            if note[at.asleep + b] == 0:
                play_block(at, link, real, x, note, b, month)
        first = (month % at.ring) * at.slots
        for q in range(first, first + at.slots):
            if note[at.came + q] == 1:
                note[at.came + q] = 0
                clear(x, at.deviation + q)


@compiled
def quiet(at: At, link: Index, real: Array, x: Array, note: Index, b: int, month: int) -> bool:
    """Whether a block at its baseline stays there this month."""
    first = at.came + (month % at.ring) * at.slots
    for q in range(link[at.block_slot_first + b], link[at.block_slot_last + b]):
        if note[first + q] == 1:
            return False
    orders = at.restocks and month >= at.start
    for j in range(link[at.block_user_first + b], link[at.block_user_last + b]):
        q = link[at.items + j]
        if note[at.odd + link[at.slot_node + q]] == 1:
            return False
        if orders:
            for w in range(x.shape[1]):
                if x[at.stock + q, w] != x[at.limits + HOARD, w] * x[at.cover + q, w]:
                    return False
    return True


@compiled
def play_block(at: At, link: Index, real: Array, x: Array, note: Index, b: int, month: int) -> None:
    """One block in one month, in the order of docs/model.md, sections 4 and 5."""
    first, last = link[at.block_node_first + b], link[at.block_node_last + b]
    for n in range(first, last):
        produce(at, link, real, x, note, b, n, month)
    ship(at, link, real, x, note, b, month)
    deliver(at, link, real, x, note, b, month)
    for j in range(link[at.block_source_first + b], link[at.block_source_last + b]):
        release(at, link, real, x, note, b, link[at.items + j], month)
    for n in range(first, last):
        hold_back(at, x, n)
    if at.buys:
        trade(at, link, real, x, note, b, month)
    for n in range(first, last):
        keep(at, x, note, n, month, at.kept, at.output + n)
        if note[at.calm + n] == 0:
            consume(at, link, real, x, b, n, month)
            remember(at, link, real, x, note, n)
    if at.traced:
        trace_slots(at, link, real, x, note, b, month)
        trace_flows(at, link, x, note, b, month)


@compiled
def produce(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, n: int, month: int
) -> None:
    """What a node makes of its target, for contracts.

    A calm node makes its baseline of what arrives: nothing has to be worked out for it, and no
    stock of it moves, unless it sells or is told to stop later in the month (`wake`).
    """
    made, off = at.made + n, 0
    note[at.calm + n] = 1 if is_calm(at, link, real, note, n, month) else 0
    aim(at, link, real, x, n)
    if note[at.calm + n] == 1:
        for w in range(x.shape[1]):
            x[made, w] = 1.0
    else:
        receive(at, link, real, x, b, n, month)
        make(at, link, real, x, b, n, month, at.target + n, made)
        if link[at.block_tinkers + b]:
            fall_short(at, x, n)
    for w in range(x.shape[1]):
        off += x[made, w] != 1.0
    note[at.steady + n] = 1 if off == 0 else 0
    clear(x, at.blocked + n)
    place = keep(at, x, note, n, month, at.delivered, made)
    if place >= 0 and link[at.block_turned + b]:
        serve(x, place, real[at.node_before + n], real[at.node_size + n])
    if place >= 0 and real[at.node_counted + n] < 1.0:
        serve(x, place, real[at.node_ahead + n], real[at.node_counted + n])


@compiled
def is_calm(at: At, link: Index, real: Array, note: Index, n: int, month: int) -> bool:
    """Whether a node wants its baseline and all that it uses arrives."""
    if note[at.odd + n] == 1 or link[at.node_host + n] >= 0 or real[at.node_level + n] != 1.0:
        return False
    first = at.came + (month % at.ring) * at.slots
    for j in range(link[at.node_slot_first + n], link[at.node_slot_last + n]):
        if note[first + link[at.items + j]] == 1:
            return False
    return True


@compiled
def wake(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, n: int, month: int
) -> None:
    """Work out for a calm node what was left out."""
    if note[at.calm + n] == 1:
        note[at.calm + n] = 0
        receive(at, link, real, x, b, n, month)


@compiled
def hold_back(at: At, x: Array, n: int) -> None:
    """Output less goods that are not made, whose inputs are set aside or not."""
    output, made, blocked = at.output + n, at.made + n, at.blocked + n
    for w in range(x.shape[1]):
        x[output, w] = x[made, w] - x[blocked, w]
    if not at.sets_aside:
        clear(x, blocked)


@compiled
def keep(at: At, x: Array, note: Index, n: int, month: int, kept: int, made: int) -> int:
    """Write down the output of a node that was asked for; returns its row, or -1."""
    place = note[at.place + n]
    if place < 0:
        return -1
    row = kept + month * at.chosen + place
    for w in range(x.shape[1]):
        x[row, w] = x[made, w]
    return int(row)


@compiled
def serve(x: Array, row: int, before: float, size: float) -> None:
    """Share of its baseline that a customer gets of an output (`turns.served`), in place."""
    share = size if size > 0.0 else 1.0
    for w in range(x.shape[1]):
        output = x[row, w]
        within = min(max((output - before) / share, 0.0), 1.0)
        x[row, w] = output if output >= 1.0 else within


# Traces -------------------------------------------------------------------------------------------


@compiled
def copy(x: Array, row: int, place: int) -> None:
    """One row into another."""
    for w in range(x.shape[1]):
        x[place, w] = x[row, w]


@compiled
def trace_slots(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, month: int
) -> None:
    """Write down what reached and left the slots of a block (`outcome.Outcome`).

    A calm node used what arrived, which is its baseline; what its slots allowed is worked out here.
    """
    first = link[at.block_slot_first + b]
    for n in range(link[at.block_node_first + b], link[at.block_node_last + b]):
        calm = note[at.calm + n] == 1
        if calm:
            receive(at, link, real, x, b, n, month)
        for j in range(link[at.node_slot_first + n], link[at.node_slot_last + n]):
            q = link[at.items + j]
            place, row = q - first, month * at.slots + q
            copy(x, at.arrived + place, at.trace_arrivals + row)
            copy(x, at.allowed + place, at.trace_allowed + row)
            copy(x, (at.arrived if calm else at.drawn) + place, at.trace_used + row)
            copy(x, at.stock + q, at.trace_stock + row)


@compiled
def trace_flows(at: At, link: Index, x: Array, note: Index, b: int, month: int) -> None:
    """Write down what flows carried, and what waits."""
    first = link[at.block_flow_first + b]
    for e in range(first, link[at.block_flow_last + b]):
        row = month * at.flows + e
        if note[at.moves + e] == 1:
            copy(x, at.shipped + e - first, at.trace_shipped + row)
        if note[at.waits + e] == 1:
            copy(x, at.queue + e, at.trace_queue + row)


# Production ---------------------------------------------------------------------------------------


@compiled
def receive(at: At, link: Index, real: Array, x: Array, b: int, n: int, month: int) -> None:
    """What arrives, what each slot allows, and the tightest of a node's main slots and host."""
    wide, bound, host = x.shape[1], at.bound + n, link[at.node_host + n]
    for w in range(wide):
        x[bound, w] = np.inf
    for j in range(link[at.node_slot_first + n], link[at.node_slot_last + n]):
        q = link[at.items + j]
        level, stock, place = (
            real[at.slot_level + q],
            at.stock + q,
            q - link[at.block_slot_first + b],
        )
        coming = at.deviation + (month % at.ring) * at.slots + q
        arrived, have, allowed = at.arrived + place, at.have + place, at.allowed + place
        for w in range(wide):
            x[arrived, w] = level + x[coming, w]
            x[have, w] = x[stock, w] + x[arrived, w]
            x[allowed, w] = x[have, w]
        help_out(at, link, real, x, q, month, allowed)
        if link[at.slot_elastic + q] >= 0:
            allow_elastic(at, link, real, x, q, month, allowed)
        else:
            weight = at.weight + q
            for w in range(wide):
                most = (1.0 - x[weight, w]) + x[weight, w] * x[allowed, w]
                x[allowed, w] = most if x[weight, w] > 0.0 else np.inf
        if link[at.slot_main + q]:
            for w in range(wide):
                x[bound, w] = min(x[bound, w], x[allowed, w])
    if host >= 0:
        whole, ratio = at.output + host, real[at.node_ratio + n]
        for w in range(wide):
            x[bound, w] = min(x[bound, w], ratio * x[whole, w])


@compiled
def help_out(at: At, link: Index, real: Array, x: Array, q: int, month: int, have: int) -> None:
    """Add what a substitute stands for (`Arrays.help`)."""
    most, rate = real[at.slot_most + q], at.rate + q
    if at.substitutes and most != 0.0:
        ramp = max(month + 0.5 - real[at.slot_start + q], 0.0) / MONTHS_PER_YEAR
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
def allow_elastic(at: At, link: Index, real: Array, x: Array, q: int, month: int, row: int) -> None:
    """Most output of a slot whose lanes may have elasticities (`production.possible_output`)."""
    theta = real[at.slot_cost + q]
    for w in range(x.shape[1]):
        have, weight = x[row, w], x[at.weight + q, w]
        elasticity = sigma(at, x, link[at.slot_elastic + q], month, w)
        a = max(have, 0.0)
        if np.isnan(elasticity):
            most = (1.0 - weight) + weight * have if weight > 0.0 else np.inf
        elif a >= 1.0:
            most = a
        elif a == 0.0 and elasticity <= 1.0:
            most = 0.0
        elif abs(elasticity - 1.0) < _ALIKE:
            most = a**theta
        elif elasticity <= 0.0:
            most = a
        else:
            r = (elasticity - 1.0) / elasticity
            least = a if r < 0.0 else 1.0
            inner = theta * (a / least) ** r + (1.0 - theta) * least ** (-r)
            most = least * inner ** (1.0 / r)
        x[row, w] = most


@compiled
def aim(at: At, link: Index, real: Array, x: Array, n: int) -> None:
    """Baseline output; a final node may also make up for what it missed."""
    level, target, missed = real[at.node_level + n], at.target + n, at.missed + n
    catch_up = at.limits + CATCH_UP
    if at.catches_up and link[at.node_final + n]:
        for w in range(x.shape[1]):
            x[target, w] = level + min(x[catch_up, w] - 1.0, x[missed, w])
    else:
        for w in range(x.shape[1]):
            x[target, w] = level


@compiled
def make(
    at: At, link: Index, real: Array, x: Array, b: int, n: int, month: int, wanted: int, made: int
) -> None:
    """What a node makes of what is wanted; with alternatives, also what each slot is drawn for."""
    bound, main = at.bound + n, at.work + WORK_MAIN
    for w in range(x.shape[1]):
        x[made, w] = min(x[wanted, w], x[bound, w])
    if not has_alternatives(at, link, n):
        return
    first = link[at.block_slot_first + b]
    for w in range(x.shape[1]):
        x[main, w] = x[made, w]
    for j in range(link[at.node_slot_first + n], link[at.node_slot_last + n]):
        q = link[at.items + j]
        draw_main(at, link, x, q, main, at.drawn + q - first)
    for j in range(link[at.node_technology_first + n], link[at.node_technology_last + n]):
        add_technology(at, link, real, x, link[at.items + j], first, month, wanted, made)


@compiled
def has_alternatives(at: At, link: Index, n: int) -> bool:
    """Whether a node may use alternative technologies."""
    some = link[at.node_technology_last + n] > link[at.node_technology_first + n]
    return bool(at.alternates and some)


@compiled
def draw_main(at: At, link: Index, x: Array, q: int, main: int, drawn: int) -> None:
    """Output for which the main technology draws a slot's input."""
    if link[at.slot_main + q]:
        for w in range(x.shape[1]):
            x[drawn, w] = x[main, w]
    else:
        clear(x, drawn)


@compiled
def ramp_of(at: At, real: Array, a: int, month: int) -> float:
    """Years for which an alternative technology has been taken up."""
    return float(max(month + 0.5 - real[at.technology_start + a], 0.0) / MONTHS_PER_YEAR)


@compiled
def add_technology(
    at: At,
    link: Index,
    real: Array,
    x: Array,
    a: int,
    first: int,
    month: int,
    wanted: int,
    made: int,
) -> None:
    """Make by one alternative what is still wanted, and draw its inputs."""
    most, years, rate, extra = (
        real[at.technology_most + a],
        ramp_of(at, real, a, month),
        at.ramp + a,
        at.work,
    )
    for w in range(x.shape[1]):
        x[extra, w] = min(x[wanted, w] - x[made, w], most, x[rate, w] * years)
    for u in range(link[at.technology_use_first + a], link[at.technology_use_last + a]):
        place, factor = link[at.use_slot + u] - first, real[at.use_factor + u]
        for w in range(x.shape[1]):
            room = (x[at.allowed + place, w] - x[at.drawn + place, w]) / factor
            x[extra, w] = min(x[extra, w], room)
    for w in range(x.shape[1]):
        x[extra, w] = max(x[extra, w], 0.0)
        x[made, w] += x[extra, w]
    for u in range(link[at.technology_use_first + a], link[at.technology_use_last + a]):
        drawn, factor = at.drawn + link[at.use_slot + u] - first, real[at.use_factor + u]
        for w in range(x.shape[1]):
            x[drawn, w] += factor * x[extra, w]


@compiled
def fall_short(at: At, x: Array, n: int) -> None:
    """What the main technology could not make of the target."""
    short, target, bound = at.short + n, at.target + n, at.bound + n
    for w in range(x.shape[1]):
        x[short, w] = max(x[target, w] - min(x[target, w], x[bound, w]), 0.0)


@compiled
def consume(at: At, link: Index, real: Array, x: Array, b: int, n: int, month: int) -> None:
    """Draw inputs; what is in stock is used before a substitute."""
    whole, made, output, blocked = at.work + WORK_AIM, at.made + n, at.output + n, at.blocked + n
    for w in range(x.shape[1]):
        x[whole, w] = x[output, w] + x[blocked, w]
    make(at, link, real, x, b, n, month, whole, made)
    several = has_alternatives(at, link, n)
    for j in range(link[at.node_slot_first + n], link[at.node_slot_last + n]):
        q = link[at.items + j]
        place = q - link[at.block_slot_first + b]
        drawn, have, arrived = at.drawn + place, at.have + place, at.arrived + place
        stock, beyond = at.stock + q, 0
        if not several:
            draw_main(at, link, x, q, made, drawn)
        for w in range(x.shape[1]):
            beyond += x[drawn, w] > 1.0
        if beyond > 0:
            require(at, link, x, q, month, drawn)
        for w in range(x.shape[1]):
            used = min(x[drawn, w], x[have, w])
            x[drawn, w] = used
            # A slot that uses what arrives keeps its stock as it is, whatever the rounding.
            x[stock, w] = x[stock, w] if used == x[arrived, w] else x[have, w] - used


@compiled
def require(at: At, link: Index, x: Array, q: int, month: int, row: int) -> None:
    """Input for an output beyond the baseline (`production.required_input`), in place."""
    place = link[at.slot_elastic + q]
    for w in range(x.shape[1]):
        output, weight = x[row, w], x[at.weight + q, w]
        is_class = place < 0 or np.isnan(sigma(at, x, place, month, w))
        if output > 1.0 and weight > 0.0 and is_class:
            x[row, w] = (output - (1.0 - weight)) / weight


@compiled
def remember(at: At, link: Index, real: Array, x: Array, note: Index, n: int) -> None:
    """What was missed, and whether the node will want more than usual."""
    output, missed, extra, short = at.output + n, at.missed + n, at.extra + n, at.short + n
    odd = 0
    if link[at.node_final + n]:
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
    return int(at.ceiling + month * at.regimes + regime if regime >= 0 else at.limits + ACCESS)


@compiled
def ship(at: At, link: Index, real: Array, x: Array, note: Index, b: int, month: int) -> None:
    """Queue this month's goods for each flow and ship what the ceilings let through.

    A flow at its baseline has no row of what it ships: that is 1.
    """
    first = link[at.block_flow_first + b]
    for e in range(first, link[at.block_flow_last + b]):
        s, shipped, regime = (
            link[at.flow_supplier + e],
            at.shipped + e - first,
            link[at.flow_regime + e],
        )
        steady = note[at.steady + s] == 1 and note[at.waits + e] == 0
        if at.free and steady and regime < 0:
            note[at.moves + e] = 0
            continue
        for w in range(x.shape[1]):
            x[shipped, w] = x[at.made + s, w]
        if link[at.block_turned + b]:
            serve(x, shipped, real[at.flow_before + e], real[at.flow_size + e])
        weight, ceiling = real[at.flow_weight + e], ceiling_row(at, regime, month)
        if load(at, x, note, e, weight, at.blocked + s, shipped, ceiling):
            wake(at, link, real, x, note, b, s, month)


@compiled
def load(
    at: At, x: Array, note: Index, e: int, weight: float, blocked: int, shipped: int, ceiling: int
) -> bool:
    """One flow: what is accepted into its queue, what leaves, and whether any is refused."""
    queue, cap = at.queue + e, at.limits + QUEUE_CAP
    waits, refused = 0, 0
    for w in range(x.shape[1]):
        made, most = x[shipped, w], x[ceiling, w]
        accepted = min(made, max(x[cap, w] + most - x[queue, w], 0.0))
        x[blocked, w] += weight * (made - accepted)
        waiting = x[queue, w] + accepted
        leaves = min(waiting, most)
        x[shipped, w] = leaves
        x[queue, w] = waiting - leaves
        waits += waiting != leaves
        refused += made != accepted
    note[at.waits + e] = 1 if waits > 0 else 0
    note[at.moves + e] = 1
    return refused > 0


@compiled
def deliver(at: At, link: Index, real: Array, x: Array, note: Index, b: int, month: int) -> None:
    """Add what flows brought over or under the baseline to what reaches the users."""
    total, first = at.work, link[at.block_flow_first + b]
    for d in range(link[at.block_drop_first + b], link[at.block_drop_last + b]):
        moved = 0
        for j in range(link[at.drop_flow_first + d], link[at.drop_flow_last + d]):
            e = link[at.items + j]
            if note[at.moves + e] == 1:
                if moved == 0:
                    clear(x, total)
                moved += 1
                shipped, share = at.shipped + e - first, at.share + e
                for w in range(x.shape[1]):
                    x[total, w] += (x[shipped, w] - 1.0) * x[share, w]
        if moved > 0:
            bring(
                at,
                link,
                real,
                x,
                note,
                month + link[at.drop_lag + d],
                link[at.drop_slot + d],
                total,
            )


# Orders -------------------------------------------------------------------------------------------


@compiled
def misses(
    at: At,
    link: Index,
    real: Array,
    x: Array,
    note: Index,
    b: int,
    q: int,
    month: int,
    lag: int,
    found: int,
    market: int,
) -> bool:
    """Unmet need of a slot when goods bought now arrive, unit/month, and whether there is any.

    On the market (1) it orders towards its stock too; from sources (0) it gets what it needs.
    """
    orders = market == 1 and at.restocks and month >= at.start
    if not orders and is_usual(at, link, real, note, q, month, lag):
        return False
    want, have = at.work + WORK_WANT, at.work + WORK_HAVE
    wants(at, link, real, x, q, month + lag, want)
    expect(at, link, real, x, b, q, month, lag)
    need, some = real[at.slot_need + q], 0
    for w in range(x.shape[1]):
        x[found, w] = max(x[want, w] - x[have, w], 0.0)
    if orders:
        restock(at, x, q, want, have, found)
    if not binds_everywhere(at, link, real, x, q):
        only_binding(at, link, real, x, q, found)
    for w in range(x.shape[1]):
        x[found, w] *= need
        some += x[found, w] > 0.0
    return some > 0


@compiled
def expect(
    at: At, link: Index, real: Array, x: Array, b: int, q: int, month: int, lag: int
) -> None:
    """What a slot will have when goods bought now arrive: the rest of its stock, and arrivals."""
    want, have, stock = at.work + WORK_WANT, at.work + WORK_HAVE, at.stock + q
    level = real[at.slot_level + q]
    for w in range(x.shape[1]):
        x[have, w] = x[stock, w]
    for before in range(month, month + lag):
        # Plants before these suppliers (a loop of recipes) have drawn this month's input already.
        if before > month or link[at.slot_node + q] >= link[at.block_node_first + b]:
            coming = at.deviation + (before % at.ring) * at.slots + q
            for w in range(x.shape[1]):
                x[have, w] = max(x[have, w] + level + x[coming, w] - x[want, w], 0.0)
    coming = at.deviation + ((month + lag) % at.ring) * at.slots + q
    for w in range(x.shape[1]):
        x[have, w] = x[have, w] + level + x[coming, w]
    help_out(at, link, real, x, q, month + lag, have)


@compiled
def is_usual(at: At, link: Index, real: Array, note: Index, q: int, month: int, lag: int) -> bool:
    """Whether a slot plainly misses nothing: its plant wants the baseline, and that arrives."""
    n = link[at.slot_node + q]
    usual = (
        note[at.odd + n] == 0 and real[at.node_level + n] == 1.0 and real[at.slot_level + q] == 1.0
    )
    for later in range(lag + 1):
        place = at.came + ((month + later) % at.ring) * at.slots + q
        usual = usual and note[place] == 0
    return bool(usual)


@compiled
def restock(at: At, x: Array, q: int, want: int, have: int, found: int) -> None:
    """Add a part of the gap to the wanted stock."""
    hoard, cover, months = at.limits + HOARD, at.cover + q, at.limits + RESTOCK
    for w in range(x.shape[1]):
        held = max(x[have, w] - x[want, w], 0.0)
        short = max(x[hoard, w] * x[cover, w] - held, 0.0)
        x[found, w] += short / x[months, w]


@compiled
def binds_everywhere(at: At, link: Index, real: Array, x: Array, q: int) -> bool:
    """Whether the input has a weight in every lane."""
    weight, some = at.weight + q, 0
    for w in range(x.shape[1]):
        some += not x[weight, w] > 0.0
    return some == 0


@compiled
def only_binding(at: At, link: Index, real: Array, x: Array, q: int, found: int) -> None:
    """Nobody misses an input that never binds."""
    place = link[at.slot_elastic + q]
    for w in range(x.shape[1]):
        is_class = place < 0 or np.isnan(x[at.short_run + place, w])
        if is_class and not x[at.weight + q, w] > 0.0:
            x[found, w] = 0.0


@compiled
def wants(at: At, link: Index, real: Array, x: Array, q: int, month: int, want: int) -> None:
    """Input that a slot wants in a month, months of need."""
    n = link[at.slot_node + q]
    if not link[at.slot_main + q]:
        want_alternatives(at, link, real, x, q, month, want)
    elif real[at.node_level + n] == 0.0:
        capacity(at, link, real, x, n, min(month, at.months - 1), want)
    elif link[at.node_final + n]:
        aim(at, link, real, x, n)  # what it misses is that of the month before, as in its own turn
        for w in range(x.shape[1]):
            x[want, w] = x[at.target + n, w]
    else:
        level, extra = real[at.node_level + n], at.extra + n
        for w in range(x.shape[1]):
            x[want, w] = level + x[extra, w]


@compiled
def want_alternatives(
    at: At, link: Index, real: Array, x: Array, q: int, month: int, want: int
) -> None:
    """Slots of alternatives alone want what these are to make of the last month's shortfall."""
    clear(x, want)
    if at.alternates:
        for j in range(link[at.slot_call_first + q], link[at.slot_call_last + q]):
            u = link[at.items + j]
            a = link[at.use_technology + u]
            factor, most, years = (
                real[at.use_factor + u],
                real[at.technology_most + a],
                ramp_of(at, real, a, month),
            )
            rate, short = at.ramp + a, at.short + link[at.technology_node + a]
            for w in range(x.shape[1]):
                x[want, w] += factor * min(most, x[rate, w] * years, x[short, w])


@compiled
def capacity(at: At, link: Index, real: Array, x: Array, n: int, month: int, found: int) -> None:
    """Capacity over base of a node: what stands, and projects that came on."""
    stands = at.capacity + n
    for w in range(x.shape[1]):
        x[found, w] = x[stands, w]
    if at.builds:
        for j in range(link[at.node_project_first + n], link[at.node_project_last + n]):
            added = at.added + month * at.projects + link[at.items + j]
            for w in range(x.shape[1]):
                x[found, w] += x[added, w]


# Sources ------------------------------------------------------------------------------------------


@compiled
def release(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, g: int, month: int
) -> None:
    """One source serves the short users of its commodity, then its allies."""
    if not (at.recovers if link[at.source_recovers + g] else at.releases):
        return
    most, given, left = at.release + month * at.sources + g, at.work + WORK_LANES, at.left + g
    now = at.work + WORK_MOST
    for i in range(at.lanes):
        x[now, i] = min(x[most, i], x[left, i])
    for t in range(link[at.source_turn_first + g], link[at.source_turn_last + g]):
        if t > link[at.source_turn_first + g] and not at.shares:
            return
        if not total_missing(at, link, real, x, note, b, t, month):
            continue
        total, share = at.work + WORK_AIM, real[at.turn_share + t]
        for i in range(at.lanes):
            gives = min(share * x[most, i], x[now, i], x[total, i])
            x[given, i] = gives / x[total, i] if x[total, i] > 0.0 else 0.0
            x[now, i] -= gives
            x[left, i] -= gives
        hand_out(at, link, real, x, note, b, t, month)


@compiled
def total_missing(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, t: int, month: int
) -> bool:
    """What the slots of one turn miss together."""
    total, one, each = at.work + WORK_AIM, at.work + WORK_MADE, at.work + WORK_SUM
    any_short = False
    clear(x, total)
    for j in range(link[at.turn_slot_first + t], link[at.turn_slot_last + t]):
        q = link[at.items + j]
        late = 1 if link[at.slot_node + q] < link[at.block_node_last + b] else 0
        if misses(at, link, real, x, note, b, q, month, late, each, 0):
            any_short = True
            over_bins(at, x, each, one)
            for i in range(at.lanes):
                x[total, i] += x[one, i]
    return any_short


@compiled
def hand_out(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, t: int, month: int
) -> None:
    """Every slot of a turn gets the same part of what it misses.

    A user that stands before its supplier (a loop of recipes) is served for the next month.
    """
    part, each = at.work + WORK_LANES, at.work + WORK_SUM
    for j in range(link[at.turn_slot_first + t], link[at.turn_slot_last + t]):
        q = link[at.items + j]
        need, late = (
            real[at.slot_need + q],
            1 if link[at.slot_node + q] < link[at.block_node_last + b] else 0,
        )
        if misses(at, link, real, x, note, b, q, month, late, each, 0):
            for k in range(at.bins):
                first_column = k * at.lanes
                for i in range(at.lanes):
                    w = first_column + i
                    x[each, w] = x[each, w] * x[part, i] / need
            bring(at, link, real, x, note, month + late, q, each)
            if at.traced:
                row = at.trace_released + month * at.slots + q
                for w in range(x.shape[1]):
                    x[row, w] += x[each, w]


# The spot market ----------------------------------------------------------------------------------


@compiled
def trade(at: At, link: Index, real: Array, x: Array, note: Index, b: int, month: int) -> None:
    """Short users buy spare output and withheld goods, market by market; adds to the output."""
    first, last = link[at.block_node_first + b], link[at.block_node_last + b]
    opened = False
    for m in range(link[at.block_market_first + b], link[at.block_market_last + b]):
        buyers = gather(at, link, real, x, note, b, m, month)
        if buyers > 0 and not opened:
            opened = True
            for n in range(first, last):
                clear(x, at.asked + n)
                find_room(at, link, real, x, note, b, n, month)
        if buyers > 0 and clear_market(at, link, real, x, note, b, buyers, month):
            settle(at, link, real, x, note, b, buyers, month, link[at.market_lag + m])
    for n in range(first, last):
        if opened:
            sell(at, link, real, x, n, month)
        else:
            clear(x, at.extra + n)


@compiled
def sell(at: At, link: Index, real: Array, x: Array, n: int, month: int) -> None:
    """Make the spare output that was sold, and remember what was asked for."""
    output, before, room = at.output + n, at.room_before + n, at.room + n
    asked, extra, most = at.asked + n, at.extra + n, at.work + WORK_MOST
    base, level = real[at.node_whole + n], real[at.node_level + n]
    capacity(at, link, real, x, n, month, most)
    for k in range(at.bins):
        first_column = k * at.lanes
        for i in range(at.lanes):
            w = first_column + i
            x[output, w] += x[before, w] - x[room, w]
            x[extra, w] = min(x[asked, i] / base, max(x[most, w] - 1.0, 0.0)) * level


@compiled
def find_room(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, n: int, month: int
) -> None:
    """Spare output on offer: what could be made within capacity; none of final nodes."""
    room, before = at.room + n, at.room_before + n
    most, goal, made = at.work + WORK_MOST, at.work + WORK_AIM, at.work + WORK_MADE
    capacity(at, link, real, x, n, month, most)
    able = 0
    for w in range(x.shape[1]):
        x[goal, w] = max(x[most, w], x[at.target + n, w])
        able += x[most, w] > x[at.output + n, w] + x[at.blocked + n, w]
    if able == 0 or link[at.node_final + n]:
        clear(x, room)
        clear(x, before)
        return
    wake(at, link, real, x, note, b, n, month)
    make(at, link, real, x, b, n, month, goal, made)
    for w in range(x.shape[1]):
        most_made = min(x[made, w], x[most, w])
        x[room, w] = max(most_made - (x[at.output + n, w] + x[at.blocked + n, w]), 0.0)
        x[before, w] = x[room, w]


@compiled
def gather(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, m: int, month: int
) -> int:
    """Write down who of a market is short, and by how much; returns how many."""
    buyers, lag = 0, link[at.market_lag + m]
    for u in range(link[at.market_buyer_first + m], link[at.market_buyer_last + m]):
        q = link[at.buyer_slot + u]
        if misses(at, link, real, x, note, b, q, month, lag, at.missing + buyers, 1):
            note[at.buyer + buyers] = u
            buyers += 1
    return buyers


@compiled
def clear_market(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, buyers: int, month: int
) -> bool:
    """Some rounds among those who are short; False where nothing can be had."""
    deals = 0
    offer(at, link, real, x, note, b)
    for u in range(buyers):
        note[at.first + u] = deals
        deals = reach(at, link, real, x, note, b, note[at.buyer + u], month, deals)
    note[at.first + buyers] = deals
    for number in range(at.rounds if deals > 0 else 0):
        ask(at, link, real, x, note, b, buyers)
        if not fill(at, link, real, x, b, number):
            break
        take(at, x, note, buyers)
    return deals > 0


@compiled
def offer(at: At, link: Index, real: Array, x: Array, note: Index, b: int) -> None:
    """Withheld goods and spare output of every supplier, bins together, unit/month."""
    total, row = at.work + WORK_LANES, at.work + WORK_SUM
    first, last = link[at.block_node_first + b], link[at.block_node_last + b]
    for n in range(first, last):
        base = real[at.node_base + n]
        for w in range(x.shape[1]):
            x[row, w] = x[at.room + n, w] * base
        over_bins(at, x, row, at.spare + n)
        clear(x, at.held + n)
    for e in range(link[at.block_flow_first + b], link[at.block_flow_last + b]):
        if note[at.waits + e] == 1:
            held, quantity = at.held + link[at.flow_supplier + e], real[at.flow_quantity + e]
            for w in range(x.shape[1]):
                x[row, w] = x[at.queue + e, w] * quantity
            over_bins(at, x, row, total)
            for i in range(at.lanes):
                x[held, i] += x[total, i]
    for n in range(first, last):
        held, spare, least = at.held + n, at.spare + n, _NOTHING * real[at.node_whole + n]
        offers = 0
        for i in range(at.lanes):
            some = x[held, i] + x[spare, i] > least
            x[held, i] = x[held, i] if some else 0.0
            x[spare, i] = x[spare, i] if some else 0.0
            x[at.offer + n, i] = x[held, i] + x[spare, i]
            offers += x[at.offer + n, i] > 0.0
        note[at.offers + n] = 1 if offers > 0 else 0


@compiled
def reach(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, u: int, month: int, deals: int
) -> int:
    """Write down the deals that a buyer can make, with the most of each; returns their count."""
    flows = at.flows
    for j in range(link[at.buyer_deal_first + u], link[at.buyer_deal_last + u]):
        d = link[at.items + j]
        if d >= flows and not at.opens:
            continue
        s = link[at.flow_supplier + d] if d < flows else link[at.opening_supplier + d - flows]
        some, most = 0, at.headroom + deals
        if note[at.offers + s] == 0 or (d >= flows and month < note[at.opens_first + d - flows]):
            continue
        if d < flows:
            limit_flow(at, link, real, x, note, b, d, month, most)
            add_opening(at, link, real, x, note, d, u, month, deals)
        else:
            need = real[at.slot_need + link[at.buyer_slot + u]]
            limit_opening(at, link, real, x, d - flows, month, need, most)
        for w in range(x.shape[1]):
            some += x[most, w] > 0.0
        if some > 0:
            note[at.deal + deals], note[at.seller + deals] = d, s
            clear(x, at.bought + deals)
            deals += 1
    return deals


@compiled
def limit_flow(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, e: int, month: int, most: int
) -> None:
    """What a flow may still carry this month, unit/month."""
    shipped, quantity = at.shipped + e - link[at.block_flow_first + b], real[at.flow_quantity + e]
    ceiling = ceiling_row(at, link[at.flow_regime + e], month)
    least = _NOTHING * quantity
    if note[at.moves + e] == 0:  # it has no row yet
        note[at.moves + e] = 1
        for w in range(x.shape[1]):
            x[shipped, w] = 1.0
    for w in range(x.shape[1]):
        able = (x[ceiling, w] - x[shipped, w]) * quantity
        x[most, w] = able if able > least else 0.0


@compiled
def beside(at: At, link: Index, note: Index, e: int, month: int) -> int:
    """The opening beside a flow; -1 where there is none, or none is open yet."""
    o = link[at.flow_opening + e]
    return int(o if at.opens and o >= 0 and month >= note[at.opens_first + o] else -1)


@compiled
def add_opening(
    at: At, link: Index, real: Array, x: Array, note: Index, e: int, u: int, month: int, deal: int
) -> None:
    """Add to what a flow may still carry, which is written down, what the opening beside it may."""
    o, more = beside(at, link, note, e, month), at.work + WORK_MOST
    most, by_flow = at.headroom + deal, at.by_flow + deal
    if o >= 0:
        need = real[at.slot_need + link[at.buyer_slot + u]]
        limit_opening(at, link, real, x, o, month, need, more)
        for w in range(x.shape[1]):
            x[by_flow, w] = x[most, w] if x[more, w] > 0.0 else np.inf
            x[most, w] += x[more, w]


@compiled
def limit_opening(
    at: At, link: Index, real: Array, x: Array, o: int, month: int, need: float, most: int
) -> None:
    """What an opening may carry this month, unit/month (`Arrays.opening_limit`)."""
    s, regime = link[at.opening_supplier + o], link[at.opening_regime + o]
    base, level, bins = real[at.node_whole + s], real[at.node_level + s], at.bins
    least, grown = _NOTHING * need, real[at.opening_grown + o]
    opens, share, access = at.opening_day + o, at.limits + NEW_SHARE, at.limits + ACCESS
    under = at.measure + month * at.regimes + regime
    capacity(at, link, real, x, s, month, most)
    for w in range(x.shape[1]):
        part = x[share, w] if month >= x[opens, w] else 0.0
        able = part * max(x[most, w] - level, 0.0) * base
        able = max(able - (x[access, w] - 1.0) * grown, 0.0)
        if regime >= 0:
            able *= 0.0 if grown > 0.0 and x[under, w] < np.inf else min(x[under, w], 1.0)
        able /= bins
        x[most, w] = able if able > least else 0.0


@compiled
def ask(at: At, link: Index, real: Array, x: Array, note: Index, b: int, buyers: int) -> None:
    """Every user asks every seller it can reach, pro rata to their offers."""
    rate = at.work + WORK_SUM
    for n in range(link[at.block_node_first + b], link[at.block_node_last + b]):
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
                x[demand, w] += x[asks, w]


@compiled
def fill(at: At, link: Index, real: Array, x: Array, b: int, number: int) -> bool:
    """Every seller fills all asks by the same share; False where nobody asks."""
    asks = 0
    for n in range(link[at.block_node_first + b], link[at.block_node_last + b]):
        demand, offered, part, asked = (
            at.work + WORK_LANES,
            at.offer + n,
            at.filled + n,
            at.asked + n,
        )
        over_bins(at, x, at.demand + n, demand)
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
            part, asks = at.filled + note[at.seller + d], at.ask + d
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
def settle(
    at: At,
    link: Index,
    real: Array,
    x: Array,
    note: Index,
    b: int,
    buyers: int,
    month: int,
    lag: int,
) -> None:
    """Hand over what was bought in a market whose goods take some months."""
    for u in range(buyers):
        hand_over(at, link, real, x, note, b, u, month, lag)
    for n in range(link[at.block_node_first + b], link[at.block_node_last + b]):
        part_with(at, x, n)
    for e in range(link[at.block_flow_first + b], link[at.block_flow_last + b]):
        if note[at.waits + e] == 1:
            queue, kept = at.queue + e, at.filled + link[at.flow_supplier + e]
            for k in range(at.bins):
                first_column = k * at.lanes
                for i in range(at.lanes):
                    x[queue, first_column + i] *= x[kept, i]


@compiled
def hand_over(
    at: At, link: Index, real: Array, x: Array, note: Index, b: int, u: int, month: int, lag: int
) -> None:
    """What one buyer bought: to the slot, and to what its flows shipped."""
    total, first = at.work + WORK_SUM, link[at.block_flow_first + b]
    q = link[at.buyer_slot + note[at.buyer + u]]
    need = real[at.slot_need + q]
    clear(x, total)
    for d in range(note[at.first + u], note[at.first + u + 1]):
        bought, e = at.bought + d, note[at.deal + d]
        for w in range(x.shape[1]):
            x[total, w] += x[bought, w] / need
        o = e - at.flows
        if e < at.flows:
            o, by_flow = beside(at, link, note, e, month), at.by_flow + d
            shipped, quantity = at.shipped + e - first, real[at.flow_quantity + e]
            for w in range(x.shape[1]):
                carried = min(x[bought, w], x[by_flow, w]) if o >= 0 else x[bought, w]
                x[shipped, w] += carried / quantity
                x[bought, w] -= carried
        if at.traced and o >= 0:
            row = at.trace_opened + month * at.openings + o
            for w in range(x.shape[1]):
                x[row, w] = x[bought, w] / need
    bring(at, link, real, x, note, month + lag, q, total)


@compiled
def part_with(at: At, x: Array, n: int) -> None:
    """Withheld goods first, spare output after them; leaves the part of each that is kept."""
    room = at.room + n
    for i in range(at.lanes):
        held, spare, left = x[at.held + n, i], x[at.spare + n, i], x[at.offer + n, i]
        sold = (held + spare) - left
        queued = min(sold, held)
        part = min(max(queued / held, 0.0), 1.0) if held > 0.0 else 0.0
        rest = min(max((sold - queued) / spare, 0.0), 1.0) if spare > 0.0 else 0.0
        x[at.filled + n, i] = 1.0 - part
        x[at.demand + n, i] = 1.0 - (1.0 if sold > 0.0 and left == 0.0 else rest)
    for k in range(at.bins):
        for i in range(at.lanes):
            x[room, k * at.lanes + i] *= x[at.demand + n, i]
