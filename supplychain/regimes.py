"""From resolved measures to the ceilings of flows, in every lane: the `Regimes` of a run.

Which measures hold a flow, by how much and on which terms is found out once per flow; flows held
alike share one row of ceilings. The curves stand in `supplychain.model.ceilings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from supplychain.coverage import Resolved
from supplychain.draws import Draws, Input, constant, place
from supplychain.holds import NEW_CUSTOMER, Hold, Holds, Link
from supplychain.measures import (
    COMPLIANCE_PARAMETER,
    LUCK_PARAMETER,
    PASSED_ON_PARAMETER,
    SURGE_CAP_PARAMETER,
    SURGE_PARAMETER,
    Measure,
    market,
    open_share,
    open_shares,
)
from supplychain.model.arrays import Regimes
from supplychain.model.ceilings import (
    leaky,
    licence_ceiling,
    partly,
    path_ceiling,
    turn_ceilings,
    uneven_licence,
)
from supplychain.model.prices import tax_ceiling
from supplychain.network.values import Network
from supplychain.restriction import Range, month_number
from supplychain.vocabulary import EVERYONE

Array = npt.NDArray[np.float64]

_ALIKE = 1e-12
"""Ceilings this close bind together, whatever the rounding of their formulas."""


@dataclass(frozen=True)
class Coalitions:
    """Lanes in which some of the measures alone are in force.

    Attributes:
        active: (measures, L) whether a measure is in force in a lane.
        whole: per measure, the restriction that it is part of: what of its items are in force
            together leaks as one restriction that names these items.
    """

    active: npt.NDArray[np.bool_]
    whole: tuple[int, ...]


@dataclass(frozen=True)
class Ceilings:
    """What the measures of a scenario leave of some flows and openings.

    Attributes:
        network, resolved, draws: what the run is about.
        bins: plants per node.
        links: flows and openings of the run.
        coalitions: which measures are in force in which lanes; None for all in all.
    """

    network: Network
    resolved: Resolved
    draws: Draws
    bins: int
    links: Sequence[Link]
    coalitions: Coalitions | None = None
    _terms: dict[tuple[int, str, int], Array] = field(default_factory=dict)
    _leaks: dict[int, Array] = field(default_factory=dict)

    def of(self, links: Sequence[Link]) -> npt.NDArray[np.int64]:
        """Row of `regimes` of each link: the holds it stands under; -1 for none."""
        return np.array([self._rows.get(self._holds[link], -1) for link in links], dtype=np.int64)

    @cached_property
    def _laid(self) -> Holds:
        """The measures laid on the network."""
        return Holds(self.network, self.resolved.measures)

    @cached_property
    def _holds(self) -> dict[Link, tuple[Hold, ...]]:
        """The holds on every link of the run."""
        return {link: self._laid.on(link) for link in dict.fromkeys(self.links)}

    @cached_property
    def _rows(self) -> dict[tuple[Hold, ...], int]:
        """Every set of holds that occurs -> its row of `regimes`."""
        occurring = dict.fromkeys(holds for holds in self._holds.values() if holds)
        return {holds: row for row, holds in enumerate(occurring)}

    def regimes(self) -> Regimes:
        """The minimum of the ceilings of each set of holds; infinite outside their months."""
        plain = [self._minimum(holds, leaks=False) for holds in self._rows]
        loose = [self._minimum(holds, leaks=True) for holds in self._rows]
        if not plain:
            none = np.full((self.resolved.months, 0, self.draws.lanes, 1), np.inf)
            return Regimes(none, none)
        return Regimes(_stacked(plain), _stacked(loose))

    def blame(self, *, leaks: bool) -> Array:
        """Share of each measure in the ceiling of each regime, (T, R, M, B), of the first lane.

        The smallest ceiling binds; measures whose ceilings are equally small share equally.
        """
        months, count = self.resolved.months, len(self.resolved.measures)
        found = []
        for holds in self._rows:
            least = self._minimum(holds, leaks=leaks)[:, 0]
            tied = np.zeros((months, count, least.shape[1]))
            for hold in holds:
                own = self._ceiling(hold, leaks=leaks)[:, 0]
                tied[:, hold.measure] += np.isfinite(own) & (own <= least + _ALIKE)
            found.append(tied / np.maximum(tied.sum(axis=1, keepdims=True), 1.0))
        if not found:
            return np.zeros((months, 0, count, 1))
        bins = max(table.shape[2] for table in found)
        return np.stack([np.broadcast_to(t, (*t.shape[:2], bins)) for t in found], axis=1)

    def _minimum(self, holds: tuple[Hold, ...], *, leaks: bool) -> Array:
        """Smallest ceiling of some holds, (T, L, B)."""
        found = self._ceiling(holds[0], leaks=leaks)
        for hold in holds[1:]:
            found = np.minimum(found, self._ceiling(hold, leaks=leaks))
        return found

    def _ceiling(self, hold: Hold, *, leaks: bool) -> Array:
        """Ceiling of one hold, (T, L, B); infinite outside the spells and lanes of its measure."""
        ceiling = self._of_all(hold, leaks=leaks)
        if self.coalitions is None:
            return ceiling
        return np.where(self.coalitions.active[hold.measure][:, None], ceiling, np.inf)

    def _of_all(self, hold: Hold, *, leaks: bool) -> Array:
        """Ceiling of one hold where its measure is in force in every lane, (T, L, B)."""
        ceiling = self._term(hold)
        if hold.foreign:
            compliance = self._compliance(self.resolved.measures[hold.measure])
            return _partly(ceiling, hold.share * compliance[:, None])
        if hold.share < 1.0:
            ceiling = _partly(ceiling, hold.share)
        return leaky(ceiling, self._leakage(hold.measure)[:, :, None]) if leaks else ceiling

    def _term(self, hold: Hold) -> Array:
        """Ceiling of what a hold covers, (T, L, B), worked out once for all flows alike."""
        key = (hold.measure, hold.product, hold.turn)
        if key not in self._terms:
            measure = self.resolved.measures[hold.measure]
            months = self.resolved.months
            whole = np.full((months, self.draws.lanes, 1), np.inf)
            for first, stop in measure.spells:
                window = slice(min(first, months), min(stop, months))
                spell = self._spell(measure, hold, window)
                whole = np.broadcast_to(whole, (*whole.shape[:2], spell.shape[2])).copy()
                whole[window] = spell
            self._terms[key] = whole
        return self._terms[key]

    def _spell(self, measure: Measure, hold: Hold, window: slice) -> Array:
        """Ceilings in one unbroken stretch of enforcement, (months, L, B).

        A dated path runs on through suspensions; a licence starts anew after each.
        """
        r = measure.restriction
        count = window.stop - window.start
        severity = self._drawn("severity", r.severity)
        match r.kind:
            case "path":
                begun = window.start - measure.first_month
                level = self._drawn("path level", r.path_level or Range.of(1.0), ceiling=np.inf)
                paths = [path_ceiling(begun + count, [v * x for v in r.path]) for x in level]
                return np.stack(paths, axis=1)[begun:, :, None]
            case "licence":
                return self._licence(measure, count, severity)
            case "tax":
                return np.stack(
                    [
                        tax_ceiling(count, rate, elasticity, passed)
                        for rate, elasticity, passed in zip(*self._tax(measure, hold), strict=True)
                    ],
                    axis=1,
                )[:, :, None]
            case "quota" if r.sharing == "priority":
                left = self._turns(hold, severity)
            case _:
                left = 1.0 - severity
        return np.repeat(left[None, :, None], count, axis=0)

    def _drawn(self, kind: str, number: Range, floor: float = 0.0, ceiling: float = 1.0) -> Array:
        """A number of the scenario in every lane."""
        figure = Input(None, kind, number.value, number.low, number.high)
        return place(self.draws, figure, floor, ceiling)

    def _stated(
        self, kind: str, number: float | Range | None, name: str, *scopes: str, most: float = np.inf
    ) -> Array:
        """The scenario's own number in every lane, or the pack's constant where it has none."""
        if number is None:
            return constant(self.draws, self.network.parameters, name, *scopes, ceiling=most)
        return self._drawn(kind, Range.of(number), ceiling=most)

    def _licence(self, measure: Measure, count: int, severity: Array) -> Array:
        """Licence ceilings, (months, L, B): one bin where approvals fall evenly on all plants."""
        r = measure.restriction
        dead = self._stated("dead time", r.dead_time_months, "licence_dead_time_months")
        ramp = self._stated("ramp", r.ramp_months, "licence_ramp_months")
        head = constant(self.draws, self.network.parameters, "licence_headroom", floor=1.0)
        luck = self._luck(measure)
        found = []
        for s, d, p, h, u in zip(severity, dead, ramp, head, luck, strict=True):
            curve = {"dead_time": d, "ramp": p, "headroom": h}
            found.append(
                uneven_licence(count, s, **curve, luck=u, plants=self.bins)
                if luck.any()
                else licence_ceiling(count, s, **curve)[:, None]
            )
        return np.stack(found, axis=1)

    def _luck(self, measure: Measure) -> Array:
        """Share of the approvals that fall wholly on some plants; 0 where nothing is known."""
        stated = measure.restriction.approval_luck
        known = self.network.parameters.optional(LUCK_PARAMETER, EVERYONE)
        if stated is None and known is None:
            return np.zeros(self.draws.lanes)
        return self._stated("approval luck", stated, LUCK_PARAMETER, most=1.0)

    def _tax(self, measure: Measure, hold: Hold) -> tuple[Array, Array, Array]:
        """Rate, elasticity of demand and the share passed on, in every lane."""
        r = measure.restriction
        rate = self._drawn("rate", r.rate or Range.of(0.0), ceiling=np.inf)
        if r.elasticity is not None:
            elasticity = self._drawn("elasticity", r.elasticity, -np.inf, 0.0)
        else:
            column = "demand_elasticity"
            ends = (f"{column}_low", f"{column}_high")
            figure = Input.of(market(self.network, hold.product), column, column, *ends)
            elasticity = place(self.draws, figure, -np.inf, 0.0)
        passed = self._stated("pass_through", r.pass_through, PASSED_ON_PARAMETER, most=1.0)
        return rate, elasticity, passed

    def _turns(self, hold: Hold, severity: Array) -> Array:
        """Ceiling (L,) of a class of users under a quota in turns.

        The quota is that of one product. New customers get nothing of it: it is shared among those
        who bought before.
        """
        if hold.turn == NEW_CUSTOMER:
            return np.zeros(self.draws.lanes)
        sizes = self._laid.sizes[hold.measure, hold.product]
        return np.array([turn_ceilings(s, sizes)[hold.turn] for s in severity])

    def _compliance(self, measure: Measure) -> Array:
        """Share of other countries' exporters who follow a content rule, (L,)."""
        stated = measure.restriction.compliance
        return self._stated("compliance", stated, COMPLIANCE_PARAMETER, most=1.0)

    def _leakage(self, k: int) -> Array:
        """Share of what is withheld that leaks, (T, L): none at first, less once it is enforced.

        Goods leak through destinations that stay open: the share lies between the constant for
        restrictions of everybody and that for restrictions of some, by the part of the actor's
        baseline exports of these products that the measure leaves open. A content rule takes those
        who follow it out of the trade. A scenario may state shares and the month of enforcement.
        """
        if k in self._leaks:
            return self._leaks[k]
        measure = self.resolved.measures[k]
        r, parameters = measure.restriction, self.network.parameters
        month = np.arange(self.resolved.months)[:, None] - measure.first_month
        late = constant(self.draws, parameters, "leakage_lag_months")
        if r.enforcement:
            enforced = month_number(r.enforcement) - month_number(self.resolved.start)
            is_enforced = month + measure.first_month >= enforced
        else:
            is_enforced = month >= constant(self.draws, parameters, "leakage_enforcement_month")
        share = self._leaking(k)
        kept = self._stated("leakage_enforced", r.leakage_enforced, "leakage_enforced", most=1.0)
        rate = np.where(is_enforced, np.minimum(kept, share), share)
        found = np.where(month >= late, rate, 0.0)
        if measure.foreign is not None:
            found = found * (1.0 - self._compliance(measure))
        self._leaks[k] = found
        return found

    def _leaking(self, k: int) -> Array:
        """Share that leaks before enforcement, (L,)."""
        measure = self.resolved.measures[k]
        if measure.restriction.leakage is not None:
            return self._drawn("leakage", measure.restriction.leakage)
        parameters = self.network.parameters
        tight = constant(self.draws, parameters, "leakage", "all_targets", ceiling=1.0)
        loose = constant(self.draws, parameters, "leakage", "some_targets", ceiling=1.0)
        return tight + (loose - tight) * self._open(k)

    def _open(self, k: int) -> Array | float:
        """`open_share` of a measure; in coalitions, of what its restriction names in each lane."""
        measures = self.resolved.measures
        if self.coalitions is None:
            return open_share(self.network, measures[k])
        shares: dict[str, float] = {}
        lanes: dict[str, npt.NDArray[np.bool_]] = {}
        for other, whole in enumerate(self.coalitions.whole):
            if whole == self.coalitions.whole[k]:
                for product, share in open_shares(self.network, measures[other]).items():
                    shares[product] = share
                    active = self.coalitions.active[other]
                    lanes[product] = lanes.get(product, False) | active
        total = sum((shares[p] * lanes[p] for p in shares), np.zeros(self.draws.lanes))
        count = sum((lanes[p] for p in shares), np.zeros(self.draws.lanes))
        return np.divide(total, count, out=np.zeros_like(total), where=count > 0)

    @property
    def announced(self) -> bool:
        """Whether any user of the scenario could buy ahead."""
        return any(self._lead(m) > 0 for m in self.resolved.measures)

    def _lead(self, measure: Measure) -> int:
        """Months between an announcement and its enforcement; 0 where the pack has no surge."""
        parameters, r = self.network.parameters, measure.restriction
        known = {parameters.optional(p, EVERYONE) for p in (SURGE_PARAMETER, SURGE_CAP_PARAMETER)}
        if not r.announced or None in known:
            return 0
        enforced = month_number(self.resolved.start) + measure.first_month
        return enforced - month_number(r.announced)

    def bought_ahead(self, slots: Sequence[int]) -> Array:
        """Stock bought between announcement and enforcement, (Q, L), months of need.

        ``min(cap, lead (surge - 1))`` of what each measure holds of the slot's supply; of several
        measures the largest.
        """
        found = np.zeros((len(slots), self.draws.lanes))
        for k, measure in enumerate(self.resolved.measures):
            lead = self._lead(measure)
            if lead > 0:
                surge = constant(self.draws, self.network.parameters, SURGE_PARAMETER, floor=1.0)
                cap = constant(self.draws, self.network.parameters, SURGE_CAP_PARAMETER)
                ahead = np.minimum(cap, lead * (surge - 1.0))
                if self.coalitions is not None:
                    ahead = ahead * self.coalitions.active[k]
                found = np.maximum(found, self._laid.supplied(k)[list(slots), None] * ahead)
        return found


def _partly(ceiling: Array, share: Array | float) -> Array:
    """`partly` where there is a ceiling at all."""
    is_held = np.isfinite(ceiling)
    return np.where(is_held, partly(np.where(is_held, ceiling, 1.0), share), np.inf)


def _stacked(tables: Sequence[Array]) -> Array:
    """Tables (T, L, 1 or K) as one (T, R, L, B)."""
    bins = max(table.shape[2] for table in tables)
    return np.stack([np.broadcast_to(t, (*t.shape[:2], bins)) for t in tables], axis=1)
