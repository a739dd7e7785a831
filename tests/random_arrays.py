"""Random small `Arrays` made directly: every mechanism of the engine, a thousand worlds a second.

A world holds two to four commodities in stages, the last one final, each made by one to three
nodes. Numbers are sixteenths, so that fractions stay short. The baseline is consistent, as
compiling makes it: shares of a slot add up to 1, a flow is its share of the need, a supplier's base
is the sum of its flows and its own customers (nothing, or a real part of it), slots are sorted by
node, flows and openings by block and slot.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from supplychain.model.arrays import (
    Arrays,
    Block,
    Flows,
    Limits,
    Nodes,
    Openings,
    Projects,
    Regimes,
    Slots,
    Source,
    Technologies,
)


@dataclass(frozen=True)
class Features:
    """What worlds may hold; all but elasticities by default.

    Attributes:
        measures: without them every regime is infinite and `start` lies after the last month.
        known: some flows have an opening beside them.
        power_of_two: bases are powers of two (shares of output are exact in floating point).
    """

    measures: bool = True
    ranks: bool = True
    alternatives: bool = True
    projects: bool = True
    sources: bool = True
    hosts: bool = True
    cycles: bool = True
    elasticities: bool = False
    luck: bool = True
    known: bool = True
    power_of_two: bool = True

    def but(self, **changes: bool) -> "Features":
        """The same with some features set otherwise."""
        return replace(self, **changes)


EVERYTHING = Features()
PLAIN = Features(ranks=False, alternatives=False, projects=False, sources=False, hosts=False)


def random_arrays(seed: int | Sequence[int], features: Features = EVERYTHING) -> Arrays:
    """One world per seed and features.

    >>> world = random_arrays(1)
    >>> world.months in range(3, 9), world.lanes in (1, 2), world.bins in (1, 2, 3)
    (True, True, True)
    """
    arrays = _Maker(np.random.default_rng(seed), features).arrays()
    return (
        _beside(arrays, np.random.default_rng([*np.ravel(seed), 3])) if features.known else arrays
    )


def _beside(arrays: Arrays, rng: np.random.Generator) -> Arrays:
    """The same world with openings beside most of its flows."""
    flows, old = arrays.flows, arrays.openings
    chosen = np.flatnonzero(rng.random(flows.slot.size) < 0.7)
    days = rng.choice([0.0, 0.0, 1.0, 2.0], (chosen.size, arrays.lanes))
    mine = Openings(
        flows.supplier[chosen], flows.slot[chosen], flows.lag[chosen], days,
        flows.regime[chosen], flows.rank[chosen], chosen,
    )  # fmt: skip
    both = [
        np.concatenate([getattr(part, field.name) for part in (old, mine)])
        for field in fields(Openings)
    ]
    end = np.array([block.nodes.stop for block in arrays.blocks])
    block = np.searchsorted(end, both[0], side="right")
    order = np.lexsort((both[1], block))
    bounds = np.searchsorted(block[order], np.arange(len(arrays.blocks) + 1))
    blocks = tuple(
        replace(b, openings=slice(int(bounds[k]), int(bounds[k + 1])))
        for k, b in enumerate(arrays.blocks)
    )
    return replace(arrays, openings=Openings(*(column[order] for column in both)), blocks=blocks)


def tighter(arrays: Arrays, seed: int) -> Arrays:
    """The same world with one regime cut further, from some month on; adaptation starts as it did.

    Where it was free so far this adds a measure.
    """
    rng = np.random.default_rng([seed, 2])
    which, first = rng.integers(arrays.regimes.ceiling.shape[1]), rng.integers(arrays.months)
    cut = rng.choice([0.0, 0.5, 0.75])

    def harder(values: np.ndarray) -> np.ndarray:
        values = values.copy()
        part = values[first:, which]
        values[first:, which] = np.where(np.isinf(part), 1.0, part) * cut
        return values

    return replace(
        arrays, regimes=Regimes(harder(arrays.regimes.ceiling), harder(arrays.regimes.leaky))
    )


class _Maker:
    """Draws one world; lists grow as it goes."""

    def __init__(self, rng: np.random.Generator, features: Features) -> None:
        self.rng, self.features = rng, features
        self.months, self.lanes = self.pick(range(3, 9)), self.pick((1, 1, 2))
        self.bins, self.rounds = self.pick((1, 2, 3)), self.pick((1, 2, 3))
        stages = self.pick((2, 3, 3, 4))
        self.commodity: list[int] = []
        self.level: list[float] = []
        for c in range(stages):
            count = self.pick((1, 2, 3))
            self.commodity += [c] * count
            new = features.projects and c < stages - 1
            self.level += [1.0] + [0.0 if new and self.chance(0.2) else 1.0] * (count - 1)
        self.stages, self.last = stages, stages - 1
        self.slots: list[dict[str, Any]] = []
        self.flows: list[dict[str, Any]] = []
        self.openings: list[dict[str, Any]] = []
        self.technologies: list[dict[str, Any]] = []

    # Chances.

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def pick(self, values: Sequence[Any]) -> Any:
        return values[int(self.rng.random() * len(values))]

    def some(self, values: Sequence[Any], p: float = 0.5) -> list[Any]:
        return [v for v in values if self.rng.random() < p]

    def per_lane(self, values: Sequence[float]) -> list[float]:
        return [float(self.pick(values)) for _ in range(self.lanes)]

    # The network.

    def arrays(self) -> Arrays:
        for node in range(len(self.commodity)):
            self.inputs(node)
        self.supply()
        regimes = self.regimes(self.pick((1, 2, 3)))
        covered = np.isfinite(regimes.ceiling).any(axis=(1, 2, 3))
        start = int(covered.argmax()) if covered.any() else self.months + 1
        nodes, slots = self.nodes(), self.slot_table()
        return Arrays(
            months=self.months,
            bins=self.bins,
            lanes=self.lanes,
            blocks=self.blocks(),
            nodes=nodes,
            slots=slots,
            flows=self.flow_table(),
            openings=self.opening_table(),
            regimes=regimes,
            technologies=self.technology_table(),
            projects=self.projects(),
            sources=tuple(self.sources()) if self.features.sources else (),
            limits=self.limits(start),
        )

    def inputs(self, node: int) -> None:
        """Slots of a node: of its main technology, then of its alternatives."""
        own, level = self.commodity[node], self.level[node]
        upstream = list(range(own))
        wanted = [self.pick(upstream)] if upstream else []
        wanted += [c for c in upstream if c not in wanted and self.chance(0.3)]
        if self.features.cycles and self.chance(0.15):
            wanted.append(self.pick(range(own, self.stages)))
        for c in wanted:
            self.slots.append({"node": node, "of": c, "main": True, "level": level})
        if self.features.alternatives and upstream:
            for _ in range(self.pick((0, 0, 1, 1, 2))):
                self.alternative(node, upstream)

    def alternative(self, node: int, upstream: list[int]) -> None:
        mine = [q for q, slot in enumerate(self.slots) if slot["node"] == node]
        uses = self.some(mine, 0.3)
        if not uses or self.chance(0.6):
            uses.append(len(self.slots))
            of = self.pick(upstream)
            self.slots.append({"node": node, "of": of, "main": False, "level": 0.0})
        factors = [self.pick((0.5, 1.0, 1.25)) for _ in uses]
        self.technologies.append({"node": node, "uses": list(zip(uses, factors, strict=True))})

    def supply(self) -> None:
        """Flows of slots that buy in the baseline, and openings to the other makers."""
        for q, slot in enumerate(self.slots):
            makers = [n for n, c in enumerate(self.commodity) if c == slot["of"]]
            against = slot["of"] >= self.commodity[slot["node"]]
            lags = (1, 1, 2) if against else (0, 0, 0, 1, 2)
            suppliers: list[int] = []
            if slot["level"]:
                standing = [n for n in makers if self.level[n]]
                suppliers = self.some(standing) or [self.pick(standing)]
                parts = self.eighths(len(suppliers))
                need = self.pick((1.0, 2.0, 3.0, 4.0))
                slot["need"] = need
                for n, share in zip(suppliers, parts, strict=True):
                    self.flows.append(
                        {
                            "supplier": n,
                            "slot": q,
                            "share": share,
                            "quantity": share * need,
                            "lag": self.pick(lags),
                        }
                    )
            else:
                slot["need"] = self.pick((1.0, 2.0))
            for n in self.some([n for n in makers if n not in suppliers], 0.7):
                self.openings.append({"supplier": n, "slot": q, "lag": self.pick(lags)})
        self.flows.sort(key=lambda f: (self.commodity[f["supplier"]], f["slot"]))
        self.openings.sort(key=lambda o: (self.commodity[o["supplier"]], o["slot"]))

    def eighths(self, parts: int) -> list[float]:
        """Shares that add up to 1."""
        cuts = sorted(1 + int(i) for i in self.rng.permutation(7)[: parts - 1])
        return [(b - a) / 8 for a, b in zip([0, *cuts], [*cuts, 8], strict=True)]

    def turn(self) -> int:
        return int(self.pick((0, 0, 1, 2))) if self.features.ranks else 0

    def ranks(self, count: int) -> np.ndarray:
        """Ranks of which at least some worlds have but one."""
        ranked = self.chance(0.5)
        return _whole(self.turn() if ranked else 0 for _ in range(count))

    # The arrays.

    def nodes(self) -> Nodes:
        count = len(self.commodity)
        sold = np.zeros(count)
        for flow in self.flows:
            sold[flow["supplier"]] += flow["quantity"]
        host = [-1] * count
        for node, c in enumerate(self.commodity):
            standing = [n for n in range(count) if self.commodity[n] < c and self.level[n]]
            if self.features.hosts and standing and self.level[node] and self.chance(0.12):
                host[node] = self.pick(standing)
        capacity = [
            self.per_lane((1, 1.125, 1.25, 1.5, 2)) if level else [0.0] * self.lanes
            for level in self.level
        ]
        splits = [self.split(c == self.last) for c in self.commodity]
        return Nodes(
            base=np.array([self.base(float(s)) for s in sold]),
            level=np.array(self.level),
            capacity=np.array(capacity),
            final=np.array([c == self.last for c in self.commodity]),
            host=_whole(host),
            host_ratio=np.array([self.pick((1.0, 1.25, 1.5)) for _ in range(count)]),
            rank=self.ranks(count),
            ahead=np.array([ahead for ahead, _ in splits]),
            counted=np.array([counted for _, counted in splits]),
        )

    def split(self, final: bool) -> tuple[float, float]:  # noqa: FBT001 - whether, not how
        """Who stands before exports among the customers of a final node, and exports."""
        if not (self.features.ranks and final and self.chance(0.3)):
            return 0.0, 1.0
        return self.pick(((0.0, 0.5), (0.25, 0.5), (0.5, 0.5)))

    def base(self, sold: float) -> float:
        """What a node makes: its flows and its own customers."""
        if self.features.power_of_two:
            return float(2 ** np.ceil(np.log2(max(sold, 1.0)))) * self.pick((1, 1, 2))
        return sold + self.pick((0.0, 1.0, 2.0)) if sold else 2.0

    def slot_table(self) -> Slots:
        count, lanes, bins = len(self.slots), self.lanes, self.bins
        sigma, sigma_long = np.full((2, count, lanes), np.nan)
        if self.features.elasticities:
            for q in self.some(range(count)):
                # Not between 0 and 1/4: there output stops rising with the input, and the inverse
                # of the rule has few digits.
                sigma[q] = self.per_lane((0.0, 0.25, 0.5, 1.0, 2.0))
                grows = self.chance(0.5) and sigma[q].min() > 0
                sigma_long[q] = sigma[q] + 0.5 if grows else sigma[q]
        return Slots(
            node=_whole(s["node"] for s in self.slots),
            need=_numbers(s["need"] for s in self.slots),
            level=_numbers(s["level"] for s in self.slots),
            main=np.array([s["main"] for s in self.slots], dtype=np.bool_),
            weight=np.where(np.isnan(sigma), self.table(count, (1, 1, 1, 0.5, 0.25, 0)), 1.0),
            elasticity=sigma,
            elasticity_long=sigma_long,
            cost_share=_numbers(self.pick((0.125, 0.25, 0.5)) for _ in self.slots),
            cover=self.rng.choice([0, 0, 0.25, 0.5, 1, 1.75], (count, lanes, bins)),
            substitution=self.table(count, (0, 0, 0.75, 1.5)),
            substitution_most=_numbers(self.pick((0, 0.25, 0.5)) for _ in self.slots),
            substitution_start=_numbers(self.pick((0, 1, 3, 20)) for _ in self.slots),
        )

    def table(self, rows: int, values: Sequence[float]) -> np.ndarray:
        return np.array([self.per_lane(values) for _ in range(rows)]).reshape(rows, self.lanes)

    def flow_table(self) -> Flows:
        share = np.repeat(_numbers(f["share"] for f in self.flows)[:, None], self.lanes, axis=1)
        return Flows(
            supplier=_whole(f["supplier"] for f in self.flows),
            slot=_whole(f["slot"] for f in self.flows),
            share=share,
            quantity=_numbers(f["quantity"] for f in self.flows),
            lag=_whole(f["lag"] for f in self.flows),
            regime=self.covered(len(self.flows)),
            rank=self.ranks(len(self.flows)),
        )

    def opening_table(self) -> Openings:
        count = len(self.openings)
        return Openings(
            supplier=_whole(o["supplier"] for o in self.openings),
            slot=_whole(o["slot"] for o in self.openings),
            lag=_whole(o["lag"] for o in self.openings),
            opens=self.table(count, (0, 0, 1, 2, 4)),
            regime=self.covered(count),
            rank=self.ranks(count),
            flow=np.full(count, -1, dtype=np.int64),
        )

    def covered(self, count: int) -> np.ndarray:
        """Regimes of flows or openings, -1 for those that no measure covers."""
        return _whole(self.pick((-1, -1, 0, 0, 1, 2)) for _ in range(count))

    def regimes(self, count: int) -> Regimes:
        """Bans, quotas, licences and paths in windows, one per regime, lane and perhaps bin."""
        luck = self.bins if self.features.luck and self.chance(0.3) else 1
        shape = (self.months, 3, self.lanes, luck)
        ceiling = np.full(shape, np.inf)
        for r in range(count if self.features.measures else 0):
            first = self.pick((0, 0, 1, 2))
            last = self.pick((first + 1, first + 2, self.months, self.months))
            for lane in range(self.lanes):
                for b in range(luck):
                    ceiling[first:last, r, lane, b] = self.path(len(range(self.months)[first:last]))
        leak = self.pick((0.0, 0.0, 0.25))
        leaky = ceiling + leak * np.maximum(1 - ceiling, 0)
        return Regimes(ceiling, leaky)

    def path(self, months: int) -> list[float]:
        kind = self.pick(("ban", "ban", "quota", "licence", "path"))
        if kind == "ban":
            return [0.0] * months
        if kind == "quota":
            return [self.pick((0.125, 0.5, 0.875))] * months
        if kind == "licence":
            return ([0.0] * self.pick((1, 2)) + [0.5, 1.25, 1.25, 1.0, 1.0, 1.0, 1.0])[:months]
        return [self.pick((0.0, 0.25, 0.5, 1.0, 1.125)) for _ in range(months)]

    def technology_table(self) -> Technologies:
        tech = self.technologies
        uses = [(a, q, f) for a, each in enumerate(tech) for q, f in each["uses"]]
        return Technologies(
            node=_whole(a["node"] for a in tech),
            rate=self.table(len(tech), (0, 0.75, 3, 6)),
            most=_numbers(self.pick((0.25, 0.5, 1.0)) for _ in tech),
            start=_numbers(self.pick((0, 0, 1, 3)) for _ in tech),
            use_technology=_whole(u[0] for u in uses),
            use_slot=_whole(u[1] for u in uses),
            use_factor=_numbers(u[2] for u in uses),
        )

    def projects(self) -> Projects:
        """New capacity at plants to be built, and at some that stand; it never falls."""
        where = [
            n
            for n, level in enumerate(self.level)
            if self.features.projects
            and self.commodity[n] < self.last
            and self.chance(0.2 if level else 0.9)
        ]
        added = np.zeros((self.months, len(where), self.lanes))
        for j in range(len(where)):
            for lane in range(self.lanes):
                first = self.pick((0, 1, 2))
                added[first:, j, lane] += self.pick((0.25, 0.5, 1.0))
                added[first + 1 :, j, lane] += self.pick((0.0, 0.25))
        return Projects(_whole(where), added)

    def sources(self) -> Iterable[Source]:
        for _ in range(self.pick((0, 1, 1, 2))):
            of = self.pick(range(self.last))
            slots = [
                q
                for q, s in enumerate(self.slots)
                if s["of"] == of and self.commodity[s["node"]] > of
            ]
            own = self.some(slots) or slots[:1]
            if not own:
                continue
            recovers = self.chance(0.3)
            shared = [
                (_whole(friends), self.pick((0.25, 0.5, 1.0)))
                for friends in ([q for q in slots if q not in own], self.some(slots, 0.3))
                if friends and self.chance(0.6)
            ]
            most = self.table(self.months, (0, 0.25, 0.5, 1, 2))
            yield Source(
                slots=_whole(own),
                amount=np.inf if recovers else self.pick((0.5, 1.0, 4.0)),
                release=most,
                shared=tuple(shared),
                recovers=recovers,
            )

    def limits(self, start: int) -> Limits:
        def of(*values: float) -> np.ndarray:
            return np.array(self.per_lane(values))

        return Limits(
            catch_up=of(1, 1.125, 1.25),
            access=of(1, 1.25, 1.5, 2),
            new_share=of(0.25, 0.5, 1),
            queue_cap=of(0, 0.5, 1, 2, 1e6),
            restock=of(np.inf, 2, 4),
            hoard=of(1, 1, 1.5),
            elasticity_time=of(6, 12, 24),
            spot_rounds=self.rounds,
            start=start,
        )

    def blocks(self) -> tuple[Block, ...]:
        by = [self.commodity[s["node"]] for s in self.slots]
        flows = [self.commodity[f["supplier"]] for f in self.flows]
        openings = [self.commodity[o["supplier"]] for o in self.openings]
        return tuple(
            Block(*(_slice(keys, c) for keys in (self.commodity, by, flows, openings)))
            for c in range(self.stages)
        )


def _slice(keys: list[int], value: int) -> slice:
    """Where a sorted list holds a value."""
    first = sum(k < value for k in keys)
    return slice(first, first + keys.count(value))


def _whole(values: Iterable[int]) -> np.ndarray:
    return np.array(list(values), dtype=np.int64)


def _numbers(values: Iterable[float]) -> np.ndarray:
    return np.array(list(values), dtype=np.float64)
