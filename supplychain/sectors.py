"""From the outputs of segments to the export losses of sectors, and why they fell.

Reads outcomes only.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.compiled import Compiled
from supplychain.draws import Draws, Input, place
from supplychain.model.kernel import Played
from supplychain.model.outcome import Outcome
from supplychain.network.values import Network
from supplychain.tables import Row
from supplychain.vocabulary import node_id

Array = npt.NDArray[np.float64]

_NOTHING = 1e-12
_STOPPED = 1e-9


@dataclass(frozen=True)
class Sector:
    """One country's sector and the segments of it that the run can reach.

    Attributes:
        exports_usd: yearly exports of the whole sector.
        nodes: compiled node index of each reached segment; rows: its row of ``segments.csv``.
    """

    country: str
    sector: str
    exports_usd: float
    evidence: str
    nodes: tuple[int, ...]
    rows: tuple[Row, ...]


def sectors(network: Network, compiled: Compiled, focus: Sequence[str]) -> tuple[Sector, ...]:
    """Every sector of every focus country, reached or not."""
    found = []
    for row in network.tables.rows("industries"):
        country, industry = str(row["country"]), str(row["industry"])
        if country not in focus:
            continue
        inside = [
            (k, network.segment_rows[country, industry, network.nodes[i].segment])
            for k, i in enumerate(compiled.nodes)
            if network.nodes[i].kind == "industry"
            and (network.nodes[i].country, network.nodes[i].product) == (country, industry)
        ]
        found.append(
            Sector(
                country,
                industry,
                float(row["exports_usd"]),
                str(row["evidence"]),
                tuple(k for k, _ in inside),
                tuple(r for _, r in inside),
            )
        )
    order = {c: n for n, c in enumerate(focus)}
    return tuple(sorted(found, key=lambda s: (order[s.country], s.sector)))


def segment_losses(sector: Sector, outcome: Outcome | Played) -> Array:
    """Monthly loss of each reached segment over its baseline (T, segments, L): mean over plants."""
    return np.asarray(
        (1.0 - outcome.delivered[:, list(sector.nodes)]).mean(axis=3), dtype=np.float64
    )


def shares(sector: Sector, draws: Draws) -> Array:
    """Share of the sector's exports in each reached segment, (segments, L); never more than all."""
    lanes = draws.lanes
    if not sector.rows:
        return np.zeros((0, lanes))
    drawn = np.stack(
        [
            place(
                draws,
                Input(r, "affected share", float(r["share"]), float(r["low"]), float(r["high"])),
                0.0,
                1.0,
            )
            for r in sector.rows
        ]
    )
    return np.asarray(drawn / np.maximum(drawn.sum(axis=0), 1.0), dtype=np.float64)


def loss_share(
    sector: Sector, outcome: Outcome, share: Array, months: slice = slice(None)
) -> Array:
    """Loss over baseline exports of the months, (L,): sum of monthly losses over sum of baselines.

    ``sum_s share_s * mean_t loss_st``; a gain of one month against a later one counts (catching
    up).
    """
    if not sector.nodes:
        return np.zeros(share.shape[1] if share.size else outcome.output.shape[2])
    return combined(mean_losses(sector, outcome, months), share)


def mean_losses(sector: Sector, outcome: Outcome | Played, months: slice = slice(None)) -> Array:
    """Loss of each reached segment over some months, (segments, L).

    At least 0: where exports are served before others, catching up may serve them beyond their
    baseline, which makes up for no other segment.
    """
    lost = segment_losses(sector, outcome)[months].mean(axis=0)
    return np.asarray(np.maximum(lost, 0.0), dtype=np.float64)


def combined(losses: Array, share: Array) -> Array:
    """Loss of a sector, (L,), from the losses of its slices and their shares, both (slices, L).

    ``sum_s share_s loss_s``, exactly 0 where it differs from 0 by rounding only.

    >>> combined(np.array([[0.5], [0.2]]), np.array([[0.1], [0.4]])).round(3).tolist()
    [0.13]
    """
    total = (share * losses).sum(axis=0)
    return np.where(np.abs(total) < _NOTHING, 0.0, np.maximum(total, 0.0))


def monthly_loss(sector: Sector, outcome: Outcome, share: Array) -> Array:
    """Loss of each month over that month's baseline exports, (T, L); negative while catching up."""
    if not sector.nodes:
        return np.zeros((outcome.output.shape[0], outcome.output.shape[2]))
    return np.asarray((share[None] * segment_losses(sector, outcome)).sum(axis=1))


def first_stop_day(
    compiled: Compiled, sector: Sector, outcome: Outcome, days_per_month: float, lane: int = 0
) -> float | None:
    """Day on which the first bin of plants runs out of an input, by linear use within the month.

    A stock of S months with arrivals of A lasts ``S / (1 - A)`` months when A < 1.
    """
    arrays = compiled.arrays
    chosen = np.flatnonzero(
        np.isin(arrays.slots.node, list(sector.nodes))
        & (arrays.slots.weight[:, lane] > 0)
        & arrays.slots.main
    )
    if not chosen.size:
        return None
    before = np.concatenate([arrays.slots.cover[None, chosen], outcome.stock[:-1, chosen]])
    before = before[:, :, lane]
    missing = 1.0 - outcome.arrivals[:, chosen, lane]
    # A plant that a substitute keeps going has not stopped.
    stopped = outcome.allowed[:, chosen, lane] < 1.0 - _STOPPED
    short = stopped & (missing > _NOTHING) & (before < missing - _NOTHING)
    if not short.any():
        return None
    lasts = np.divide(before, missing, out=np.full_like(before, np.inf), where=short)
    month = np.arange(before.shape[0])[:, None, None]
    return float(((month + lasts)[short]).min() * days_per_month)


@dataclass(frozen=True)
class Binding:
    """The chain of inputs that binds: slots from the sector upstream, and where it ends.

    Attributes:
        slots: compiled slot indices, the sector's own first.
        name: node that binds, ``KOR:ndfeb_magnet_hre``; empty where nothing does.
        cover_days: median cover of each stage over the share of its supply that is missing, summed.
    """

    slots: tuple[int, ...]
    name: str
    cover_days: float


def binding(network: Network, compiled: Compiled, sector: Sector, outcome: Outcome) -> Binding:
    """Follow the loss upstream, to where it ends.

    At each node it takes the slot that cost most output, at each slot the worst supplier. The walk
    ends at a slot where the restriction itself withholds supply.
    """
    path: list[int] = []
    nodes = set(sector.nodes)
    while nodes:
        slot = _costliest_slot(compiled, outcome, nodes)
        if slot is None or slot in path:
            break
        path.append(slot)
        supplier = _worst_supplier(compiled, outcome, slot)
        if supplier is None:
            break
        nodes = {supplier}
    if not path:
        return Binding((), "", 0.0)
    last = network.slots[compiled.slots[path[-1]]]
    country = network.nodes[last.node].country
    return Binding(
        tuple(path),
        node_id(country, *last.commodity),
        _chain_cover(network, compiled, outcome, path),
    )


def _costliest_slot(compiled: Compiled, outcome: Outcome, nodes: set[int]) -> int | None:
    """The slot that was the tightest wherever output was lost, weighted by that loss."""
    best, most = None, _NOTHING
    for node in sorted(nodes):
        slots = _main_slots(compiled, node)
        if not slots.size:
            continue
        lost = np.maximum(1.0 - outcome.output[:, node, 0], 0.0)
        allowed = outcome.allowed[:, slots, 0]
        tightest = allowed.argmin(axis=1)
        for k, q in enumerate(slots):
            cost = float((lost * (tightest == k) * (allowed[:, k] < 1.0)).sum())
            cost *= float(compiled.arrays.nodes.base[node])
            if cost > most:
                best, most = int(q), cost
    return best


def _main_slots(compiled: Compiled, node: int) -> npt.NDArray[np.int64]:
    """Inputs of a node's main technology: an empty slot of an alternative stops nobody."""
    slots = compiled.arrays.slots
    return np.flatnonzero((slots.node == node) & slots.main)


def _worst_supplier(compiled: Compiled, outcome: Outcome, slot: int) -> int | None:
    """The supplier whose shortfall matters most, unless a restriction on the slot's flows does."""
    flows = compiled.arrays.flows
    mine = np.flatnonzero(flows.slot == slot)
    if not mine.size:
        return None
    short = (
        np.maximum(1.0 - outcome.shipped[:, mine, 0], 0.0).mean(axis=(0, 2)) * flows.share[mine, 0]
    )
    withheld = short[flows.covered[mine]].sum()
    free = np.where(flows.covered[mine], 0.0, short)
    if withheld >= free.max(initial=0.0) or free.max(initial=0.0) < _NOTHING:
        return None
    return int(flows.supplier[mine[int(free.argmax())]])


def _chain_cover(
    network: Network, compiled: Compiled, outcome: Outcome, path: Sequence[int]
) -> float:
    """Sum over the stages of median cover over the largest missing share of supply."""
    days = 0.0
    flows = compiled.arrays.flows
    for q in path:
        stock = network.slots[compiled.slots[q]].stock
        mine = np.flatnonzero(flows.slot == q)
        missing = (
            np.maximum(1.0 - outcome.shipped[:, mine, 0].mean(axis=2), 0.0) @ flows.share[mine, 0]
        )
        worst = float(missing.max(initial=0.0))
        if stock is not None and worst > _NOTHING:
            days += float(stock["cover_days"]) / min(worst, 1.0)
    return days
