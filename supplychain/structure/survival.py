"""Time to survive: how long a plant can still make everything after some suppliers stop."""

from __future__ import annotations

import numpy as np

from supplychain.structure.links import Array, Integers, Layer, Links
from supplychain.structure.removal import stopped_share


def time_to_survive(links: Links, stopped: Integers) -> Array:
    """Days until each node can no longer make its full output, if some nodes stop for good.

    A slot lives on its stock for as long as the stock makes up for what is missing. A supplier v
    stops delivering the part L(v) that rests on the stopped nodes (`stopped_share`) when its own
    time is over, and its last goods are still on their way for the transit time of the route:

        stock(t) = cover - sum over v of  share(v) L(v) max(0, t - T(v) - transit(v))
        T(u) = the first t at which an input of u, critical or important, has no stock left

    Half the supply gone means that stock lasts twice as long. It is the time to survive of
    Simchi-Levi and others (2015), *Interfaces* 45, 375-390, read from the covers of ``stocks.csv``
    (medians over plants; no stock where the pack gives none). It is the shortest it can be: a
    supplier whose stock is gone loses at once all that it will ever lose, nobody reroutes, and
    public stocks stay closed.

    Returns:
        Days (nodes,): 0 for the stopped nodes, infinity for those that never miss anything.

    A plant with 60 days of an input, half of which came from a stopped mine, survives 120 days.
    """
    nodes = links.network.nodes
    removed = np.zeros((len(nodes), 1), dtype=bool)
    removed[stopped] = True
    lost = stopped_share(links, removed)[:, 0]
    time = np.full(len(nodes), np.inf)
    time[stopped] = 0.0
    cover = _covers(links)
    for layer in links.layers:
        counts = np.diff(np.append(layer.starts, layer.slots.size))
        for row, node in enumerate(np.repeat(layer.nodes, counts).tolist()):
            if lost[node] > 0 and links.weight[layer.slots[row]] > 0:
                gone = _gone(links, layer, row, lost, time)
                time[node] = min(time[node], run_out_days(*gone, cover[layer.slots[row]]))
        falls = lost[layer.bound] > 0
        hosts = np.where(falls, time[layer.hosts], np.inf)
        time[layer.bound] = np.minimum(time[layer.bound], hosts)
    return time


def run_out_days(missing: Array, since: Array, cover_days: float) -> float:
    """When a stock is used up that makes up for parts of supply missing since certain days.

    >>> run_out_days(
    ...     np.array([0.5, 0.5]), np.array([0.0, 40.0]), 60.0
    ... )  # 20 by day 40, then 1 a day
    80.0
    """
    order = np.argsort(since, kind="stable")
    rate, left, day = 0.0, cover_days, 0.0
    for part, begin in zip(missing[order].tolist(), since[order].tolist(), strict=True):
        if rate > 0 and day + left / rate <= begin:
            return day + left / rate
        left -= rate * (begin - day)
        rate, day = rate + part, begin
    return day + left / rate if rate > 0 else float("inf")


def _gone(links: Links, layer: Layer, row: int, lost: Array, time: Array) -> tuple[Array, Array]:
    """Parts of one slot's supply that fail, and the days from which they are missed."""
    table = layer.shares
    entries = slice(table.indptr[row], table.indptr[row + 1])
    suppliers, shares = table.indices[entries], table.data[entries]
    failing = (lost[suppliers] > 0) & np.isfinite(time[suppliers])
    suppliers, shares = suppliers[failing], shares[failing]
    user = links.network.nodes[links.network.present_slots[layer.slots[row]].node]
    transit = np.array([_transit_days(links, int(v), user.country) for v in suppliers], dtype=float)
    return shares * lost[suppliers], time[suppliers] + transit


def _transit_days(links: Links, supplier: int, user_country: str) -> float:
    """Days at sea of a route; the pack gives months."""
    parameters = links.network.parameters
    route = f"{links.network.nodes[supplier].country}>{user_country}"
    return parameters.value("transit_lag_months", route) * parameters.value("days_per_month")


def _covers(links: Links) -> Array:
    """Median stock cover of every slot, days of its baseline use (slots,)."""
    return np.array(
        [
            0.0 if slot.stock is None else float(slot.stock["cover_days"])
            for slot in links.network.present_slots
        ]
    )
