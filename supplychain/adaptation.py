"""Fill the arrays of what may come to the rescue: stocks, recovery, other recipes, new plants.

Each function fills one value of `supplychain.model.arrays` from rows of the pack, lane by lane.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from supplychain.draws import Input, place
from supplychain.lanes import LaneBuilder
from supplychain.model.arrays import Projects, Source, Technologies
from supplychain.network.values import Technology
from supplychain.scenario import month_number
from supplychain.tables import Row
from supplychain.vocabulary import EVERYONE, MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.int64]
Served = Mapping[tuple[str, str], Index]
"""Country and product -> slots of the run that use it and can run short."""


def technologies(
    builder: LaneBuilder, node_at: Mapping[int, int], slot_at: Mapping[int, int]
) -> Technologies:
    """Alternatives of the run's nodes, each on a ramp that starts with the first measure."""
    chosen = [t for t in builder.network.technologies if t.node in node_at]
    uses = [(a, slot_at[q], f) for a, t in enumerate(chosen) for q, f in t.uses if q in slot_at]
    rate = [place(builder.draws, _rate(t), 0.0, 1.0) for t in chosen]
    return Technologies(
        np.array([node_at[t.node] for t in chosen], dtype=np.int64),
        np.array(rate).reshape(len(chosen), builder.draws.lanes),
        np.array([float(t.row["maximum"]) for t in chosen]),
        np.array([builder.first_month + float(t.row["start_month"]) for t in chosen]),
        np.array([a for a, _, _ in uses], dtype=np.int64),
        np.array([q for _, q, _ in uses], dtype=np.int64),
        np.array([f for _, _, f in uses]),
    )


def _rate(technology: Technology) -> Input:
    """Share of the output that can be moved to an alternative per year."""
    return Input.of(technology.row, "alternative", "share_per_year")


def projects(builder: LaneBuilder, node_at: Mapping[int, int]) -> Projects:
    """New capacity over the base of its node: a ramp from the month of first output, slip included.

    A lane has a project or has it not: with its chance p where the standard normal score of the
    lane is below the quantile of p. At central values it comes if p is more than one half.
    """
    chosen = [p for p in builder.network.projects if p.node in node_at]
    added = np.zeros((builder.resolved.months, len(chosen), builder.draws.lanes))
    t = np.arange(builder.resolved.months)[:, None] + 0.5
    for k, project in enumerate(chosen):
        row = project.row
        slip = place(
            builder.draws, Input.of(row, "slip", "slip_months", "slip_low", "slip_high"), 0.0
        )
        first = month_number(str(row["start"])) - month_number(builder.resolved.start) + slip
        ramp = float(row["ramp_months"])
        grown = (t - first) / ramp if ramp > 0 else (t >= first) * 1.0
        ratio = float(row["capacity"]) / builder.network.nodes[project.node].output
        added[:, k] = np.clip(grown, 0.0, 1.0) * ratio * _comes(builder, row)
    return Projects(np.array([node_at[p.node] for p in chosen], dtype=np.int64), added)


def _comes(builder: LaneBuilder, row: Row) -> npt.NDArray[np.bool_]:
    """Whether a project comes, (L,).

    A lane comes where its score lies below the quantile of the chance: in so many of a sample, and
    at central values where the chance is more than one half.
    """
    chance = float(row["probability"])
    if chance in {0.0, 1.0}:
        return np.full(builder.draws.lanes, chance == 1.0)
    scores = builder.draws.scores(Input(row, "project fails", 1.0 - chance, 0.0, 1.0))
    return np.asarray(scores < NormalDist().inv_cdf(chance), dtype=np.bool_)


def sources(builder: LaneBuilder, slots: Sequence[int]) -> tuple[Source, ...]:
    """Public stocks of the pack and releases of the scenario, shared with allies; and recovery."""
    served = _served(builder, slots)
    return (*_stocks(builder, served, slots), *_recovery(builder, served, slots))


def _served(builder: LaneBuilder, slots: Sequence[int]) -> Served:
    """Slots of each country and product that a restriction can make short."""
    network = builder.network
    found: dict[tuple[str, str], list[int]] = {}
    for k, q in enumerate(slots):
        slot = network.slots[q]
        if slot.commodity in builder.downstream and slot.is_main:
            node = network.nodes[slot.node]
            if not node.planned:
                found.setdefault((node.country, slot.commodity[0]), []).append(k)
    return {key: np.array(held, dtype=np.int64) for key, held in found.items()}


def _use(builder: LaneBuilder, slots: Sequence[int], held: Index) -> float:
    """Baseline use of some slots, unit/month."""
    needs = (builder.network.slots[slots[k]].need for k in held.tolist())
    return float(sum(needs)) / MONTHS_PER_YEAR


def _stocks(builder: LaneBuilder, served: Served, slots: Sequence[int]) -> list[Source]:
    """Stocks of states: those of the pack, and beside them the scenario's own releases."""
    network = builder.network
    public = [r for r in network.tables.rows("stocks") if r["holder"] == "public"]
    found = [
        (str(r["country"]), str(r["product"]), float(r["cover_days"]),
         float(r["release_days"] or 0.0), float(r["release_lag_months"] or 0.0), _Allies(builder))
        for r in public
    ]  # fmt: skip
    for m in builder.resolved.scenario.mitigations:
        rate = m.release_days
        if rate is None:
            rate = network.parameters.value("public_release_days")
        allies = _Allies(builder, m.to, m.share)
        found.append((m.country, m.product, m.days, rate, float(m.lag_months), allies))
    month = network.parameters.value("days_per_month")
    made = []
    for country, product, days, rate, lag, allies in found:
        held = served.get((country, product))
        if held is not None and days > 0 and rate > 0:
            use = _use(builder, slots, held)
            given = np.full((builder.resolved.months, builder.draws.lanes), rate / month * use)
            given[: builder.first_month + round(lag)] = 0.0
            shared = allies.of(served, country, product)
            made.append(Source(held, days / month * use, given, shared))
    return made


@dataclass(frozen=True)
class _Allies:
    """Who else may draw on a stock: named by a release, or by the constant `allied_sharing`."""

    builder: LaneBuilder
    named: tuple[str, ...] = ()
    part: float = 0.0

    def of(self, served: Served, owner: str, product: str) -> tuple[tuple[Index, float], ...]:
        """Slots of each ally, and the share of each release that may go to them."""
        found = []
        for (country, what), held in sorted(served.items(), key=lambda item: item[0]):
            if what == product and country != owner:
                share = self._share(owner, country)
                if share > 0:
                    found.append((held, share))
        return tuple(found)

    def _share(self, owner: str, country: str) -> float:
        """What a country may have of each release."""
        if country in self.named or EVERYONE in self.named:
            return self.part
        parameters = self.builder.network.parameters
        return parameters.value("allied_sharing", f"{owner}>{country}")


def _recovery(builder: LaneBuilder, served: Served, slots: Sequence[int]) -> list[Source]:
    """Scrap and mine waste: a share of each country's use that grows along a ramp to its most.

    ``use x min(most, rate max(0, t - start) / 12)``, t the middle of the month, unit/month.
    """
    rows = {
        (str(r["country"]), str(r["product"]), str(r["kind"])): r
        for r in builder.network.tables.rows("recovery")
    }
    kinds = sorted({kind for _, _, kind in rows})
    month = np.arange(builder.resolved.months)[:, None] + 0.5
    made = []
    for (country, product), held in sorted(served.items(), key=lambda item: item[0]):
        for kind in kinds:
            row = rows.get((country, product, kind)) or rows.get((EVERYONE, product, kind))
            if row is None:
                continue
            rate = place(builder.draws, Input.of(row, "recovery", "share_per_year"), 0.0, 1.0)
            start = builder.first_month + float(row["start_month"])
            grown = np.maximum(month - start, 0.0) / MONTHS_PER_YEAR * rate[None, :]
            share = np.minimum(float(row["maximum"]), grown)
            use = _use(builder, slots, held)
            made.append(Source(held, np.inf, share * use, (), recovers=True))
    return made
