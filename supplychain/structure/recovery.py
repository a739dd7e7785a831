"""Time to recover: months until others could replace what one country sold of a product."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from supplychain.errors import UsageError
from supplychain.network.values import Network
from supplychain.schema import Row
from supplychain.structure.links import Array
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR

HORIZON_MONTHS = 120
_ENOUGH = 1 - 1e-9


@dataclass(frozen=True)
class Recovery:
    """What could take the place of an actor's exports of one product, month by month.

    Attributes:
        actor, product: what stops.
        exports: what the actor sold abroad, unit/year.
        replaced: source (spare, projects, substitution, recovery) -> share of `exports` that it
            could give in each month from 0 (months,).
    """

    actor: str
    product: str
    exports: float
    replaced: Mapping[str, Array]

    @property
    def total(self) -> Array:
        """All sources together; above 1 there is more than enough (months,)."""
        return np.asarray(np.sum(list(self.replaced.values()), axis=0))

    @property
    def months(self) -> float:
        """First month from which all is replaced; infinity if not within ten years."""
        enough = np.flatnonzero(self.total >= _ENOUGH)
        return float(enough[0]) if enough.size else float("inf")


def time_to_recover(network: Network, actor: str, product: str, start: str = "") -> Recovery:
    """How fast users abroad could replace all that an actor sells of a product.

    Time to recover in the sense of Simchi-Levi and others (2015), *Interfaces* 45, 375-390, from
    what the pack states:

    - spare: (capacity - output) of all other makers, after the qualification lag of the product;
    - projects: new capacity elsewhere times its probability, from its start plus slip over its
      ramp, and not before the qualification lag;
    - substitution and recovery: share per year of the use abroad, from its first month, up to its
      maximum.

    Inputs of the replacing plants, prices and quarrels over spare tonnes are left out: it is the
    soonest that the listed sources allow.

    Args:
        network: the baseline.
        actor: country that stops selling.
        product: product id.
        start: month 0 as YYYY-MM; default: ``default_start`` of the pack.

    Raises:
        UsageError: no month is given, or it is none.

    A maker with a tenth of the actor's exports to spare after 2 months, substitutes of 0.2 a year
    from month 0 up to 0.5 and nothing else leave a gap for ever: 0.6 is the most.
    """
    months = np.arange(HORIZON_MONTHS + 1)
    used = _use_abroad(network, actor, product)
    lost = used.pop("", 0.0)
    stage = str(network.products[product]["stage"])
    lag = network.parameters.value("qualification_lag_months", product, stage)
    others = [
        n for n in network.nodes if n.product == product and n.country != actor and not n.planned
    ]
    spare = sum((n.capacity_ratio - 1.0) * n.output for n in others if n.kind != "other")
    sources = {
        "spare": np.where(months >= lag, spare, 0.0),
        "projects": np.where(months >= lag, _projects(network, actor, product, start), 0.0),
        "substitution": _ramped(network.tables.rows("substitutes"), product, "user", used),
        "recovery": _ramped(network.tables.rows("recovery"), product, "country", _by_country(used)),
    }
    share = {k: v / lost if lost > 0 else np.zeros(months.size) for k, v in sources.items()}
    return Recovery(actor, product, lost, share)


def _use_abroad(network: Network, actor: str, product: str) -> dict[str, float]:
    """``country|user product`` -> use of the product outside the actor; under "" its exports."""
    found = {"": 0.0}
    present = len(network.present_slots)
    for flow in network.flows:
        source = network.nodes[flow.supplier]
        if flow.slot >= present or source.product != product:
            continue
        user = network.nodes[network.slots[flow.slot].node]
        if user.country != actor:
            key = f"{user.country}|{'' if user.kind == 'other' else user.product}"
            found[key] = found.get(key, 0.0) + flow.quantity
            found[""] += flow.quantity if source.country == actor else 0.0
    return found


def _by_country(used: Mapping[str, float]) -> dict[str, float]:
    """Use by country alone, in the same form of key."""
    found: dict[str, float] = {}
    for key, quantity in used.items():
        country = key.partition("|")[0]
        found[f"|{country}"] = found.get(f"|{country}", 0.0) + quantity
    return found


def _ramped(rows: Sequence[Row], product: str, column: str, used: Mapping[str, float]) -> Array:
    """What ramps up by a share of use a year, over the months; own rows win over those for all."""
    months = np.arange(HORIZON_MONTHS + 1)
    known: dict[str, list[Row]] = {}
    for row in rows:
        if row["product"] == product:
            known.setdefault(str(row[column]), []).append(row)
    total = np.zeros(months.size)
    for key, quantity in used.items():
        for row in known.get(key.partition("|")[2]) or known.get(EVERYONE, []):
            years = np.maximum(months - float(row["start_month"]), 0.0) / MONTHS_PER_YEAR
            reached = np.minimum(float(row["share_per_year"]) * years, float(row["maximum"]))
            total += quantity * reached
    return total


def _projects(network: Network, actor: str, product: str, start: str) -> Array:
    """Expected new capacity outside the actor by month, unit/year."""
    months = np.arange(HORIZON_MONTHS + 1)
    text = start or network.tables.info.default_start
    if re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", text) is None:
        raise UsageError(f"start {text!r}: name month 0 as YYYY-MM (the pack may give it too)")
    first = _month_number(text)
    total = np.zeros(months.size)
    for row in network.tables.rows("projects"):
        if row["product"] != product or row["country"] == actor:
            continue
        opens = _month_number(str(row["start"])) - first + float(row["slip_months"])
        ramp = max(float(row["ramp_months"]), 1.0)
        reached = np.clip((months - opens) / ramp, 0.0, 1.0)
        total += float(row["probability"]) * float(row["capacity"]) * reached
    return total


def _month_number(text: str) -> int:
    """Months since the year 0."""
    year, month = text.split("-")[:2]
    return MONTHS_PER_YEAR * int(year) + int(month) - 1
