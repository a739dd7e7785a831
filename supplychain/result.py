"""What a run answers: losses by country and sector, and how sure we are.

Frozen values, no arithmetic of models. A result can be read by people (`supplychain.render`), as
JSON (`as_dict`, the contract of DESIGN section 5) and as a table (`export_losses`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from supplychain.beside import Channels, Road
from supplychain.coverage import Measure, Resolved
from supplychain.economy.values import Economy
from supplychain.errors import UsageError
from supplychain.explained import Explanation
from supplychain.priced import Prices
from supplychain.restriction import Range
from supplychain.vocabulary import CASES, RESULT_SCHEMA

if TYPE_CHECKING:
    import pandas as pd

Array = npt.NDArray[np.float64]

EXPLAINED_CASES = ("adaptive", "frozen")
"""The simulated cases; a planner's programme has no one way in which its loss came about."""

_APART = ("prices", "channels", "economy")
"""What a result may show beside its losses, under the names of its options."""


@dataclass(frozen=True)
class SegmentLoss:
    """Loss of one slice of an industry's exports.

    Attributes:
        segment: id of the slice.
        share: its share of the industry's exports.
        loss: case -> share of the slice's exports lost.
        evidence: grade of the share.
        row: where the share stands, such as ``segments.csv:12``.
    """

    segment: str
    share: float
    loss: Mapping[str, float]
    evidence: str
    row: str


@dataclass(frozen=True)
class Driver:
    """A figure that moves a sector's loss.

    Attributes:
        name: row and kind of figure, such as ``stocks.csv:7 cover``.
        label: what it is, for people.
        evidence: its grade.
        value, low, high: the figure and its range.
        loss_low, loss_high: adaptive loss with the figure at its low and at its high.
    """

    name: str
    label: str
    evidence: str
    value: float
    low: float
    high: float
    loss_low: float
    loss_high: float

    @property
    def swing(self) -> float:
        """How far the loss moves over the figure's range."""
        return abs(self.loss_high - self.loss_low)

    def as_dict(self) -> dict[str, Any]:
        """The entry of a sector's ``drivers`` in JSON."""
        return {
            "row": self.name,
            "what": self.label,
            "evidence": self.evidence,
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "loss_share_at_low": self.loss_low,
            "loss_share_at_high": self.loss_high,
        }


@dataclass(frozen=True)
class SectorLoss:
    """Export loss of one sector of one country; shares are of the horizon's baseline exports.

    Attributes:
        share: case -> loss; ``planner`` is missing where it was not asked for.
        band: 10 and 90 % quantile of the adaptive loss over what is not known; twice the central
            loss where it was not asked for (``has_band``).
        all_lost: adaptive, nothing caught up later.
        refined_only: adaptive, only the refined forms restricted; None where none is.
        restricted_months: adaptive loss over the restricted months.
        first_month: first month with a loss (from 1), first_stop_day: day on which the first plants
            run out (from 0); None if never. Both adaptive.
        binding: the input that binds, such as ``KOR:ndfeb_magnet_hre``; empty where nothing is
            lost.
        chain_cover_days: days until the median plant feels the missing share, stage by stage.
        evidence: weakest grade among the shares that matter; grade_d_weight: share of the swing
            that rests on grade D figures (None where
            the figures were not moved).
        drivers: the figures that move the loss, largest swing first.
        monthly: case -> loss of each month.
    """

    country: str
    sector: str
    baseline_exports_usd: float
    share: Mapping[str, float]
    band: tuple[float, float]
    has_band: bool
    all_lost: float
    refined_only: float | None
    restricted_months: float
    first_month: int | None
    first_stop_day: float | None
    binding: str
    chain_cover_days: float
    evidence: str
    grade_d_weight: float | None
    segments: tuple[SegmentLoss, ...]
    drivers: tuple[Driver, ...]
    monthly: Mapping[str, tuple[float, ...]]

    @property
    def is_zero(self) -> bool:
        """Whether nothing is lost in any case, nor anywhere in the band."""
        return max((*self.share.values(), *self.band)) == 0

    def usd(self, case: str) -> float:
        """Loss of a case in USD over the horizon."""
        return self.share[case] * self.baseline_exports_usd

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``losses`` in JSON."""
        return {
            "country": self.country,
            "sector": self.sector,
            "baseline_exports_usd": self.baseline_exports_usd,
            "export_loss_share": _by_case(self.share),
            "export_loss_usd": _by_case({case: self.usd(case) for case in self.share}),
            "band_share": {
                "low": self.band[0] if self.has_band else None,
                "high": self.band[1] if self.has_band else None,
            },
            "all_lost_share": self.all_lost,
            "refined_only_share": self.refined_only or 0.0,
            "restricted_months_share": self.restricted_months,
            "first_month": self.first_month,
            "first_stop_day": self.first_stop_day,
            "binding": self.binding,
            "chain_cover_days": self.chain_cover_days,
            "evidence": self.evidence,
            "grade_d_weight": self.grade_d_weight,
            "segments": [
                {
                    "segment": s.segment,
                    "share": s.share,
                    "loss_share": dict(s.loss),
                    "evidence": s.evidence,
                    "row": s.row,
                }
                for s in self.segments
            ],
            "drivers": [d.as_dict() for d in self.drivers],
            "monthly_loss_share": {case: list(values) for case, values in self.monthly.items()},
        }


@dataclass(frozen=True)
class PlannerValue:
    """What one more unit of something would save a country at best.

    Attributes:
        kind: ``licence``, ``stock``, ``public stock`` or ``capacity``.
        what: the flow, the plants that hold the stock, the country and product, or the plant.
        unit: of the goods; month: in which it is worth most, counted from 1; None for a stock.
        usd_per_unit: exports saved by one more unit in that month (of a stock: at the start).
        usd_per_percent: saved by one percent more of what there is in the baseline: of a month's
            flow or output, of the stock at the start.
    """

    kind: str
    what: str
    unit: str
    month: int | None
    usd_per_unit: float
    usd_per_percent: float

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``planner_values`` in JSON."""
        return {
            "kind": self.kind,
            "what": self.what,
            "unit": self.unit,
            "month": self.month,
            "usd_per_unit": self.usd_per_unit,
            "usd_per_percent": self.usd_per_percent,
        }


@dataclass(frozen=True)
class Total:
    """All sectors of one country together; the planner has its own programme for it.

    Attributes:
        worth: what would save most in the planner's programme, the most worth first.
    """

    country: str
    baseline_exports_usd: float
    share: Mapping[str, float]
    worth: tuple[PlannerValue, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``totals`` in JSON."""
        return {
            "country": self.country,
            "baseline_exports_usd": self.baseline_exports_usd,
            "export_loss_usd": _by_case(
                {c: s * self.baseline_exports_usd for c, s in self.share.items()}
            ),
            "export_loss_share": _by_case(self.share),
        }


@dataclass(frozen=True)
class Need:
    """An assumption that most needs a source: its row, what it is, and the USD it moves in all."""

    name: str
    label: str
    evidence: str
    swing_usd: float


@dataclass(frozen=True)
class Rung:
    """One step of a ladder: how hard the restriction bites, and what it costs.

    The figures are moved one at a time on the hardest rung only: the weights of grade D of the
    other rungs are those measured there.
    """

    name: str
    kind: str
    severity: float
    losses: tuple[SectorLoss, ...]
    totals: tuple[Total, ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``ladder`` in JSON."""
        return {
            "name": self.name,
            "kind": self.kind,
            "severity": self.severity,
            "totals": [t.as_dict() for t in self.totals],
            "losses": [s.as_dict() for s in self.losses],
        }


@dataclass(frozen=True)
class Reliance:
    """How much of what a country uses of a product comes from the actor, directly.

    Attributes:
        of_use, of_imports: shares 0-1.
        evidence: grade of the trade row behind it; ``prior`` where there is none.
    """

    country: str
    product: str
    actor: str
    of_use: float
    of_imports: float
    evidence: str


@dataclass(frozen=True)
class Trace:
    """One node or slot through time, for figures (adaptive case).

    Attributes:
        sector, segment, product: what it is.
        output: (T,) output over baseline; stock: (T,) months of need; stopped: (T,) share of plants
            whose stock has run out.
    """

    country: str
    sector: str
    segment: str
    product: str
    output: tuple[float, ...]
    stock: tuple[float, ...]
    stopped: tuple[float, ...]


@dataclass(frozen=True)
class Result:
    """The answer of one run. See `as_dict` for the JSON contract.

    Attributes:
        days_per_month, d_threshold: constants of the pack that pictures need (no point is drawn
            where more than `d_threshold` of the swing rests on grade D).
        prices, channels, mechanisms: of the hardest rung; None where they were not asked for.
        economy: losses of GDP, suppliers included; None where they were not asked for.
        explainer: what `explain` asks; no part of the answer, and not kept when pickled.
    """

    resolved: Resolved
    pack: Mapping[str, str]
    losses: tuple[SectorLoss, ...]
    totals: tuple[Total, ...]
    days_per_month: float
    d_threshold: float
    ladder: tuple[Rung, ...] = ()
    reliance: tuple[Reliance, ...] = ()
    traces: tuple[Trace, ...] = ()
    assumptions: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    sources: tuple[Mapping[str, str], ...] = ()
    not_counted: tuple[str, ...] = ()
    valuation: str = ""
    baseline: str = ""
    unsourced: tuple[Need, ...] = ()
    prices: Prices | None = None
    channels: Channels | None = None
    mechanisms: Road | None = None
    economy: Economy | None = None
    explainer: Callable[..., Explanation] | None = field(default=None, compare=False, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """The answer alone: the run behind `explain` stays where it was played."""
        return vars(self) | {"explainer": None}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the losses leave out, less what this result shows apart."""
        shown = [name for name in _APART if getattr(self, name) is not None]
        return tuple(t for t in self.not_counted if not any(f"--{name}" in t for name in shown))

    def loss(self, country: str, sector: str) -> SectorLoss:
        """The loss of one sector.

        Raises:
            KeyError: the country is not in focus or has no such sector; the message names what
                there is.
        """
        for found in self.losses:
            if (found.country, found.sector) == (country, sector):
                return found
        known = ", ".join(f"{s.country} {s.sector}" for s in self.losses)
        raise KeyError(f"no loss for {country} {sector}; this result holds {known}")

    def explain(self, country: str, sector: str, case: str = "adaptive") -> Explanation:
        """Why a sector loses exports (of a ladder: on its hardest rung).

        Contributions add up to the loss of the case; so do the paths with the smaller ones.

        Args:
            country, sector: by id, name or alias.
            case: ``adaptive`` or ``frozen``.

        Raises:
            UnknownNameError: no such country or sector, or this result does not count them.
            UsageError: this result was not made by `supplychain.simulate`, or no such case.

        Example::

            result = supplychain.simulate(world, april, focus=["KOR"])
            why = result.explain("KOR", "auto_parts")
            print(why.sentence)
            [(c.cause, c.usd) for c in why.contributions]
        """
        if self.explainer is None:
            raise UsageError("explain: only a result of `supplychain.simulate` can be explained")
        if case not in EXPLAINED_CASES:
            raise UsageError(f"case {case!r}: choose one of {', '.join(EXPLAINED_CASES)}")
        return self.explainer(country, sector, case)

    def export_losses(self) -> "pd.DataFrame":
        """One row per country and sector: exports (USD), loss per case, band, timing.

        The loss is given as a share and in USD.
        """
        import pandas as pd

        rows = []
        for s in self.losses:
            row: dict[str, Any] = {
                "country": s.country,
                "sector": s.sector,
                "baseline_exports_usd": s.baseline_exports_usd,
            }
            row |= {f"{case}_share": value for case, value in s.share.items()}
            row |= {f"{case}_usd": s.usd(case) for case in s.share}
            row |= {
                "band_low_share": s.band[0],
                "band_high_share": s.band[1],
                "all_lost_share": s.all_lost,
                "refined_only_share": s.refined_only,
                "first_month": s.first_month,
                "first_stop_day": s.first_stop_day,
                "binding": s.binding,
                "evidence": s.evidence,
                "grade_d_weight": s.grade_d_weight,
            }
            rows.append(row)
        return pd.DataFrame(rows)

    def as_dict(self) -> dict[str, Any]:
        """The whole result as plain values (the JSON contract)."""
        return {
            "schema": RESULT_SCHEMA,
            "scenario": scenario_dict(self.resolved),
            "data": dict(self.pack),
            "valuation": self.valuation,
            "baseline": self.baseline,
            "not_counted": list(self.left_out),
            "losses": [s.as_dict() for s in self.losses],
            "totals": [t.as_dict() for t in self.totals],
            "ladder": [r.as_dict() for r in self.ladder],
            "planner_values": [
                {"country": t.country, "values": [v.as_dict() for v in t.worth]}
                for t in self.totals
            ],
            "reliance": [vars(r) for r in self.reliance],
            "prices": self.prices.as_dict() if self.prices else None,
            "channels": self.channels.as_dict() if self.channels else None,
            "mechanisms": self.mechanisms.as_dict() if self.mechanisms else None,
            "unsourced": [
                {"row": n.name, "what": n.label, "swing_usd": n.swing_usd} for n in self.unsourced
            ],
            "assumptions": list(self.assumptions),
            "warnings": list(self.warnings),
            "sources": [dict(s) for s in self.sources],
        } | ({"economy": self.economy.as_dict()} if self.economy else {})


def _by_case(values: Mapping[str, float]) -> dict[str, float | None]:
    """Every case of the contract; null for one that was not asked for."""
    return {case: values.get(case) for case in CASES}


def scenario_dict(resolved: Resolved) -> dict[str, Any]:
    """The scenario as resolved, with what each mineral was taken to cover."""
    return {
        "id": resolved.scenario.id,
        "title": resolved.scenario.title,
        "focus": list(resolved.focus),
        "start": resolved.start,
        "horizon_months": resolved.months,
        "ladder": resolved.scenario.ladder,
        "restrictions": [_restriction_dict(m, resolved) for m in resolved.measures],
        "mitigations": [
            vars(m) | {"kind": "stock_release", "to": list(m.to)}
            for m in resolved.scenario.mitigations
        ]
        + [vars(p) | {"kind": "new_capacity"} for p in resolved.scenario.capacities],
        "priorities": [
            {"country": p.country, "order": list(p.order)} for p in resolved.scenario.priorities
        ],
    }


def _restriction_dict(m: Measure, resolved: Resolved) -> dict[str, Any]:
    """One restriction as resolved: what was said, and what it was taken to mean."""
    r = m.restriction
    return {
        "actor": r.actor,
        "kind": r.kind,
        "severity": r.severity.value,
        "severity_low": r.severity.low,
        "severity_high": r.severity.high,
        "stage": r.stage,
        "dead_time_months": r.dead_time_months,
        "ramp_months": r.ramp_months,
        "months": r.months,
        "first_month": m.first_month + 1,
        "to": list(r.to),
        "except": list(r.exclude),
        "form": r.form,
        "path": list(r.path),
        "path_level": _range(r.path_level),
        "products": list(m.products),
        "covers": [{"item": c.item, "products": list(c.products), "why": c.why} for c in m.covered],
        "announced": r.announced,
        "delay_months": r.delay_months,
        "end": r.end,
        "suspended": [list(pair) for pair in r.suspended],
        "in_force": [[first + 1, min(stop, resolved.months)] for first, stop in m.spells],
        "uses": list(r.uses),
        "sharing": r.sharing,
        "priority": list(r.priority),
        "approval_luck": _range(r.approval_luck),
        "rate": _range(r.rate),
        "elasticity": _range(r.elasticity),
        "pass_through": _range(r.pass_through),
        "content_rule": r.content_rule,
        "compliance": _range(r.compliance),
        "also_covers": list(m.foreign.products) if m.foreign else [],
        "leakage": _range(r.leakage),
        "leakage_enforced": _range(r.leakage_enforced),
        "enforcement": r.enforcement,
        "terms": dict(m.terms),
    }


def _range(number: Range | None) -> dict[str, float] | None:
    """A number of a scenario with its range; None where it was not given."""
    return None if number is None else vars(number) | {}
