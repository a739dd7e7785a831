"""Figures of a few lanes as rows of one memory, which compiled loops work in.

A **column** is one plant of one lane: column ``k * lanes + l`` is bin k of lane l. A **row** holds
one figure of one thing in all columns, side by side, so that a loop over columns is one pass over
neighbours and the rows of a few lanes stay in a processor's cache for all months. What is per lane
and not per plant stands in the first `lanes` columns of its row.
"""

from dataclasses import fields
from typing import cast

import numpy as np
import numpy.typing as npt

from supplychain.model.arrays import Arrays
from supplychain.model.behaviour import Behaviour
from supplychain.model.kernel_arrays import Plan

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

CATCH_UP, ACCESS, NEW_SHARE, QUEUE_CAP, RESTOCK, HOARD = range(6)
WORK = 10
"""Rows to work in."""


At = np.record
"""Sizes and switches of a part of lanes, and where everything begins.

Sizes: months, bins, lanes, rounds (of the spot market), start (first month of adaptation), ring
(months of arrivals that are kept), regimes, projects, sources, chosen, blocks, nodes, slots, flows,
openings; free: whether no ceiling of access and no queue cap can stop a flow at its baseline;
traced: whether all months of slots and flows are written down. Switches: as in `Behaviour`. Places
of links: `Plan.places`. Rows and notes: see `_rows`, `traced_rows` and `_notes`.
"""


def rows_of(
    arrays: Arrays, behaviour: Behaviour, plan: Plan, chosen: Index, *, trace: bool = False
) -> tuple[At, Array, Index]:
    """The memory of rows and of notes at the start: full stocks, empty queues, goods at sea.

    Give it few lanes (`Arrays.take`). With a trace it has rows for all months of slots and flows.
    """
    sizes = _sizes(arrays, behaviour) | {"traced": trace}
    rows = _rows(arrays, plan, sizes["ring"], chosen.size)
    months = arrays.months if trace else 0
    rows |= {f"trace_{name}": months * count for name, count in traced_rows(arrays).items()}
    notes = _notes(plan, sizes["ring"])
    at = _record(
        sizes | _starts(rows) | _starts(notes) | dict(plan.places) | {"chosen": chosen.size}
    )
    x = np.zeros((sum(rows.values()), arrays.bins, arrays.lanes))
    elastic = plan.slot["elastic"] >= 0
    for name, values in _figures(arrays, behaviour, chosen, elastic).items():
        first = getattr(at, name)
        x[first : first + len(values)] = values
    for name, values in (_untouched(arrays) if trace else {}).items():
        figure = x[getattr(at, name) :][: rows[name]]
        figure.reshape(arrays.months, rows[name] // arrays.months, *x.shape[1:])[:] = values
    note = np.zeros(sum(notes.values()), dtype=np.int64)
    note[at.asleep : at.asleep + len(plan.block)] = plan.block["sleeps"]
    note[at.place : at.place + len(plan.node)] = -1
    note[at.place + chosen] = np.arange(chosen.size)
    first = arrays.openings.opens.min(axis=1, initial=np.inf)
    note[at.opens_first : at.opens_first + first.size] = np.minimum(np.ceil(first), arrays.months)
    return at, x.reshape(len(x), -1), note


def _record(fields: dict[str, int]) -> At:
    """One record of whole numbers and flags."""
    kinds = [(n, np.bool_ if isinstance(v, bool) else np.int64) for n, v in fields.items()]
    table = np.array([tuple(fields.values())], dtype=np.dtype((np.record, kinds)))
    return cast("At", table[0])


def _sizes(arrays: Arrays, behaviour: Behaviour) -> dict[str, int]:
    """Numbers that all loops share, and the switches."""
    limits = arrays.limits
    longest = max(arrays.flows.lag.max(initial=0), arrays.openings.lag.max(initial=0), 1)
    switches = {f.name: bool(getattr(behaviour, f.name)) for f in fields(behaviour)}
    switches["restocks"] &= bool(np.isfinite(limits.restock).any())
    return switches | {
        "months": arrays.months,
        "bins": arrays.bins,
        "lanes": arrays.lanes,
        "rounds": limits.spot_rounds,
        "start": limits.start,
        "ring": int(longest) + 1,
        "regimes": arrays.regimes.ceiling.shape[1],
        "projects": arrays.projects.node.size,
        "sources": len(arrays.sources),
        "blocks": len(arrays.blocks),
        "nodes": arrays.nodes.base.size,
        "slots": arrays.slots.need.size,
        "flows": arrays.flows.slot.size,
        "openings": arrays.openings.slot.size,
        "free": bool((limits.access >= 1).all() and (limits.queue_cap >= 0).all()),
    }


def _starts(counts: dict[str, int]) -> dict[str, int]:
    """Where each begins.

    >>> _starts({"a": 2, "b": 3})
    {'a': 0, 'b': 2}
    """
    ends = np.cumsum(list(counts.values())).tolist()
    return dict(zip(counts, [0, *ends[:-1]], strict=True))


def _rows(arrays: Arrays, plan: Plan, ring: int, chosen: int) -> dict[str, int]:
    """How many rows each figure has: what is given, the state, the quantities of one month.

    A block's own shipped, have, arrived, allowed and drawn begin anew in every block.
    """
    t, r = arrays.months, arrays.regimes.ceiling.shape[1]
    n, q, e = len(plan.node), len(plan.slot), len(plan.flow)
    elastic = int((plan.slot["elastic"] >= 0).sum())
    sources, most = len(plan.source), plan.block
    inputs = int((most["slot_last"] - most["slot_first"]).max(initial=0))
    leaving = int((most["flow_last"] - most["flow_first"]).max(initial=0))
    deals, buyers = _most_of_a_market(plan)
    per_node = ("output", "target", "bound", "made", "blocked", "room", "room_before")
    per_seller = ("held", "spare", "offer", "demand", "filled", "asked")
    return {
        "limits": HOARD + 1, "passed": t, "capacity": n, "added": t * arrays.projects.node.size,
        "weight": q, "cover": q, "rate": q, "short_run": elastic, "long_run": elastic,
        "share": e, "opening_day": len(plan.opening), "ceiling": t * r, "measure": t * r,
        "ramp": len(plan.technology), "release": t * sources, "left": sources,
        "stock": q, "queue": e, "missed": n, "short": n, "extra": n, "deviation": ring * q,
        **dict.fromkeys(per_node, n),
        **dict.fromkeys(("have", "arrived", "allowed", "drawn"), inputs), "shipped": leaving,
        **dict.fromkeys(per_seller, n),
        **dict.fromkeys(("headroom", "by_flow", "ask", "bought"), deals), "missing": buyers,
        "work": WORK, "kept": t * chosen, "delivered": t * chosen,
    }  # fmt: skip


def traced_rows(arrays: Arrays) -> dict[str, int]:
    """Rows that one month of each figure of a trace has, by its name in `Outcome`."""
    q, e, p = arrays.slots.node.size, arrays.flows.slot.size, arrays.openings.slot.size
    return {
        **dict.fromkeys(("stock", "arrivals", "allowed", "used", "released"), q),
        **dict.fromkeys(("shipped", "queue"), e),
        "opened": p,
    }


def _untouched(arrays: Arrays) -> dict[str, Array]:
    """What a trace tells where nothing reaches: the baseline, full stocks, (rows, K or 1, L or 1).

    Figures that are nothing then are left out.
    """
    level = arrays.slots.level[:, None, None]
    one = np.ones((1, 1, 1))
    return {
        "trace_stock": np.swapaxes(arrays.slots.cover, 1, 2),
        "trace_arrivals": level,
        "trace_allowed": one,
        "trace_used": level,
        "trace_shipped": one,
    }


def _notes(plan: Plan, ring: int) -> dict[str, int]:
    """How many notes there are of each kind.

    came: whether anything arrives, ring x slots; asleep: blocks; waits, moves: flows with a queue,
    and off their baseline; odd: nodes that may want more than usual; steady: that make exactly
    their baseline; calm: for which nothing had to be worked out; offers: that sell; opens_first:
    first month of an opening in any lane; deal, seller: of a market; buyer, first: who buys, and
    where the deals begin; place: row of each node among the chosen, -1 for none.
    """
    n, e = len(plan.node), len(plan.flow)
    deals, buyers = _most_of_a_market(plan)
    return {
        "came": ring * len(plan.slot), "asleep": len(plan.block), "waits": e, "moves": e,
        "odd": n, "steady": n, "calm": n, "offers": n, "opens_first": len(plan.opening),
        "deal": deals, "seller": deals, "buyer": buyers, "first": buyers + 1, "place": n,
    }  # fmt: skip


def _most_of_a_market(plan: Plan) -> tuple[int, int]:
    """Most deals and most buyers of any one market."""
    first, last = plan.market["buyer_first"], plan.market["buyer_last"]
    deals = np.concatenate([[0], np.cumsum(plan.buyer["deal_last"] - plan.buyer["deal_first"])])
    return int((deals[last] - deals[first]).max(initial=0)), int((last - first).max(initial=0))


def _figures(
    arrays: Arrays, behaviour: Behaviour, chosen: Index, elastic: Mask
) -> dict[str, Array]:
    """What rows hold at the start, (rows, K or 1, L)."""
    slots, limits, lanes = arrays.slots, arrays.limits, arrays.lanes
    table = arrays.regimes.leaky if behaviour.leaks else arrays.regimes.ceiling
    bound = np.isfinite(table)
    middle = np.arange(arrays.months)[:, None] + 0.5
    behavioural = (limits.catch_up, limits.access, limits.new_share, limits.queue_cap,
                   limits.restock, limits.hoard)  # fmt: skip
    level = arrays.nodes.level[chosen][None, :, None]
    kept = np.broadcast_to(level, (arrays.months, chosen.size, lanes))
    release = [s.release for s in arrays.sources] or [np.zeros((arrays.months, 0, lanes))]
    amount = np.array([s.amount for s in arrays.sources]).reshape(-1, 1, 1)
    per_lane = {
        "limits": np.stack(behavioural),
        "passed": -np.expm1(-middle / limits.elasticity_time),
        "capacity": arrays.nodes.capacity,
        "added": arrays.projects.added.reshape(-1, lanes),
        "weight": slots.weight,
        "rate": slots.substitution,
        "short_run": slots.elasticity[elastic],
        "long_run": slots.elasticity_long[elastic],
        "share": arrays.flows.share,
        "opening_day": arrays.openings.opens,
        "ramp": arrays.technologies.rate,
        "release": np.stack(release, axis=1).reshape(-1, lanes),
        "kept": kept.reshape(-1, lanes),
        "delivered": kept.reshape(-1, lanes),
    }
    per_plant = {
        "cover": slots.cover,
        "stock": slots.cover,
        "ceiling": np.where(bound, table, limits.access[:, None]),
        "measure": table,
    }
    wide = {
        name: np.swapaxes(figure.reshape(-1, *figure.shape[-2:]), 1, 2)
        for name, figure in per_plant.items()
    }
    return {"left": amount} | {k: v[:, None, :] for k, v in per_lane.items()} | wide
