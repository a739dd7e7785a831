"""Which of our quantities answers a claim: one rule for each kind of claim, none for a single one.

A rule gives a question that can be put to any case of a played scenario, or the reason why the pack
has no answer.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from supplychain.economy import WorldTable
from supplychain.model.ceilings import backlog_months
from supplychain.network import Network
from supplychain.sectors import first_stop_day
from supplychain.structure.accounts import accounts
from supplychain.structure.risk import STAGES_OF_A_MINERAL, eu_supply_risk, instability
from supplychain.validation.claims import DAYS_PER_WEEK, Claim
from supplychain.validation.flows import Lane, Traffic, goods, minerals, places
from supplychain.validation.gdp import Gdp, of_group, of_whole, of_whole_usd
from supplychain.validation.view import Play, View
from supplychain.vocabulary import MONTHS_PER_YEAR

Array = npt.NDArray[np.float64]
Value = Callable[[View], Array]

PER_CENT = 100.0
FALL = 0.05
"""A flow that is less than this below its baseline has not begun to fall."""

_WHOLE = 1.0 - 1e-6  # what allows less is rounding
_COUNT = re.compile(r"^(t|kg) in ([a-z]+) months$")
_LEVEL = re.compile(r"^month of the measure at or above (\d+) % of normal$")
_PEAK = "month of the measure in which the backlog peaks"
_NO_FILE = "No scenario file: "


class Unanswered(Exception):  # noqa: N818 - no error: it says why there is nothing to compare
    """The pack has no answer to a claim; says why."""


@dataclass(frozen=True)
class Question:
    """What is asked of a played scenario.

    Attributes:
        value: what a view answers, (L,), in the unit of the comparison; not a number for never.
        months: that must be played for it.
        plan: what the planner's losses by sector answer; None where it answers nothing.
        products: priced products, instead of a value.
        how: what was compared, where that needs a word.
        traced: whether it needs more than the losses of sectors.
        sampled: whether a band is asked for.
        early: of a price, that nothing is withheld yet in its months.
        detail: facts about the lane, for whoever reads a miss.
    """

    value: Value | None
    months: int
    plan: Callable[[Mapping[tuple[str, str], float]], float] | None = None
    products: tuple[str, ...] = ()
    how: str = ""
    traced: bool = True
    sampled: bool = True
    early: bool = False
    detail: Mapping[str, float] = field(default_factory=dict)


def question(claim: Claim, play: Play, world: WorldTable | None) -> Question:
    """The question that answers a claim.

    Raises:
        Unanswered: with the reason.
    """
    if "The pack has no" in claim.note:
        raise Unanswered(claim.note)
    rule = _RULES.get(claim.metric)
    if rule is None:
        raise Unanswered(f"no output of the engine is a {claim.metric}")
    if claim.first_month:
        _inside(claim, play.cases["adaptive"])
    return rule(claim, play, world)


def _inside(claim: Claim, view: View) -> None:
    first, last = view.place(claim.first_month), view.place(claim.last_month)
    name, is_price = view.resolved.scenario.id, claim.metric.startswith("price")
    if last >= view.months:
        mean = ", and a price is a mean over a horizon" if is_price else ""
        raise Unanswered(f"{claim.last_month} lies beyond the horizon of {name}{mean}")
    announced = [m.restriction.announced for m in view.resolved.measures if m.restriction.announced]
    early = min((view.place(month) for month in announced), default=0)
    is_flow = claim.metric in {"export_flow", "import_flow", "shortfall"}
    is_told = is_flow or (is_price and claim.reference == "")
    if -min(first, 0) > claim.span / 2 and not (is_told and first >= early):
        before = "all" if last < 0 else "most"
        raise Unanswered(f"{before} of its months lie before the start of {name}")


# Goods --------------------------------------------------------------------------------------------


def _traffic(claim: Claim, view: View) -> tuple[Traffic, str]:
    """The lane that a claim is about, and a word where it is not the very goods it names.

    Statistics of imports go by the country of origin, those of exports by the last known
    destination (Census Bureau, guide to the trade statistics): what leaked is seen in the former.
    """
    network = view.network
    ends = (places(network, claim.countries), places(network, claim.partners or ("*",)))
    is_import = claim.metric in {"import_flow", "fulfilment", "licence_share"}
    if claim.metric in {"shortfall", "licence_share"}:
        ends = (frozenset({claim.actor}), ends[0])
    elif is_import:
        ends = (ends[1], ends[0])
    named = goods(network, claim.sectors, claim.items)
    by_origin = claim.metric == "import_flow"
    lane = Lane(named, ends[0], ends[1], is_import, by_origin)
    found = Traffic(view, lane)
    is_actors = claim.actor in claim.partners or set(claim.partners) <= {"*"}
    if found.baseline > 0 and (found.covered > 0 or not is_actors):
        return found, ""
    held = frozenset(p for m in view.resolved.measures for p in m.products)
    wider = Traffic(view, replace(lane, products=held))
    if wider.baseline > 0:
        return wider, "all goods that the measure covers: it touches no flow of the named"
    route = f"{'|'.join(claim.countries)} and {'|'.join(claim.partners) or 'others'}"
    raise Unanswered(f"the baseline has no flow of {'|'.join(claim.sectors)} between {route}")


def _facts(claim: Claim, traffic: Traffic) -> Mapping[str, float]:
    """The covered share of a lane; of a lane between others than the actor, nothing."""
    suppliers = traffic.lane.suppliers
    is_others = suppliers is not None and claim.actor not in suppliers
    return {"elsewhere": 1.0} if is_others else {"covered": traffic.covered}


def course(claim: Claim, play: Play) -> tuple[float, ...]:
    """A flow in every month of a claim over its baseline, in the adaptive case."""
    view = play.cases["adaptive"]
    if claim.metric == "shortfall" and claim.partners:
        claim = _as(claim, "export_flow", claim.partners, claim.countries)
    first, last = view.place(claim.first_month), view.place(claim.last_month)
    return tuple(_of(claim, view).ratios(first, last)[:, 0].tolist())


def _of(claim: Claim, view: View) -> Traffic:
    return _traffic(claim, view)[0]


def _flow(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    view = play.cases["adaptive"]
    traffic, how = _traffic(claim, view)
    first, last = view.place(claim.first_month), view.place(claim.last_month)
    facts = _facts(claim, traffic)
    if level := _LEVEL.match(claim.unit):
        start, share = view.place(claim.start[:7]), float(level[1]) / PER_CENT
        return Question(lambda v: _reached(_of(claim, v).ratios(start, v.months - 1), share),
                        view.months, how=how, detail=facts)  # fmt: skip
    if claim.unit.startswith("month of"):
        return Question(lambda v: _recovery(_of(claim, v), last + 3), min(last + 4, view.months),
                        how=how, detail=facts)  # fmt: skip
    if claim.metric == "import_flow" and claim.unit == "months":
        return Question(lambda v: _first_fall(_of(claim, v), v.months - 1), last + 1,
                        how=how, detail=facts)  # fmt: skip
    if claim.reference:
        at = view.place(claim.reference)
        if at >= view.months:
            raise Unanswered(f"{claim.reference} lies beyond the horizon")

        def over(v: View) -> Array:
            """Over the month that the claim takes it to."""
            t = _of(claim, v)
            whole = t.quantity(at)
            late = t.ratios(first, last).mean(axis=0) * t.baseline
            return _over(late, whole)

        return Question(over, max(last, at) + 1, how=how, detail=facts)
    if claim.before or claim.unit.startswith(("ratio", "share")):
        return Question(lambda v: _of(claim, v).ratios(first, last).mean(axis=0), last + 1,
                        how=how, detail=facts)  # fmt: skip
    return _tonnes(claim, play, how, facts)


def _supplier_share(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    view = play.cases["adaptive"]
    part = _as(claim, "import_flow", claim.countries, claim.partners)
    traffic, how = _traffic(part, view)
    everybody = Lane(traffic.lane.products, None, traffic.lane.users, is_import=True)
    first, last = view.place(claim.first_month), view.place(claim.last_month)

    def share(v: View) -> Array:
        """Of all imports of the goods."""
        whole = Traffic(v, everybody)
        mine = _of(part, v)
        got = mine.ratios(first, last).mean(axis=0) * mine.baseline
        return np.asarray(got / (whole.ratios(first, last).mean(axis=0) * whole.baseline))

    usual = traffic.baseline / Traffic(view, everybody).baseline
    return Question(share, last + 1, how=how, detail={**_facts(claim, traffic), "usual": usual})


def _over(part: Array, whole: Array) -> Array:
    """A ratio; not a number where there is nothing to take it of."""
    return np.divide(part, whole, out=np.full_like(part, np.nan), where=whole > 0)


def _tonnes(claim: Claim, play: Play, how: str, facts: Mapping[str, float]) -> Question:
    """A quantity without a level before: against the pack's own tonnes."""
    view = play.cases["adaptive"]
    first, last = view.place(claim.first_month), view.place(claim.last_month)
    if not (claim.unit == "t/month" or _COUNT.match(claim.unit)):
        raise Unanswered(f"no level before is stated, and the pack counts nothing in {claim.unit}")
    product = next(iter(_of(claim, view).lane.products))
    if view.network.products[product]["unit"] != "t":
        raise Unanswered(f"{product} is not counted in tonnes")
    months = 1 if claim.unit == "t/month" else claim.span

    def tonnes(v: View) -> Array:
        """Quantity of the months together, or of the mean month."""
        t = _of(claim, v)
        return np.asarray(t.ratios(first, last).mean(axis=0) * t.baseline * months)

    words = "; ".join(
        filter(None, (how, "no level before is stated: tonnes of the pack's baseline"))
    )
    return Question(tonnes, last + 1, how=words, detail=facts)


def _shortfall(claim: Claim, play: Play, world: WorldTable | None) -> Question:
    if claim.partners and claim.unit.startswith("share"):
        return _flow(_as(claim, "export_flow", claim.partners, claim.countries), play, world)
    view = play.cases["adaptive"]
    traffic, how = _traffic(claim, view)
    first, last = view.place(claim.first_month), view.place(claim.last_month)
    if claim.unit == _PEAK:
        return Question(lambda v: _peak_month(_of(claim, v).ratios(first, last)), last + 1,
                        how=how, detail=_facts(claim, traffic))  # fmt: skip
    return Question(
        lambda v: (1.0 - _of(claim, v).ratios(first, last)).sum(axis=0), last + 1, how=how,
        detail=_facts(claim, traffic),
    )  # fmt: skip


def _as(claim: Claim, metric: str, countries: tuple[str, ...], partners: tuple[str, ...]) -> Claim:
    return replace(claim, metric=metric, countries=countries, partners=partners)


def _in_last_month(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    view = play.cases["adaptive"]
    traffic, how = _traffic(claim, view)
    last = view.place(claim.last_month)
    words = how or "supply let through in the last month over the baseline"
    return Question(lambda v: _of(claim, v).ratios(last, last)[0], last + 1, how=words,
                    detail=_facts(claim, traffic))  # fmt: skip


def _recovery(traffic: Traffic, last: int) -> Array:
    """Month, from 1, in which a flow is first at its baseline again; not a number for never."""
    months = traffic.ratios(0, min(last, traffic.view.months - 1))
    found = np.full(months.shape[1], np.nan)
    for lane in range(months.shape[1]):
        fallen = np.flatnonzero(months[:, lane] < 1.0 - FALL)
        if fallen.size:
            back = np.flatnonzero(months[fallen[0] :, lane] >= 1.0 - 1e-9)
            found[lane] = fallen[0] + back[0] + 1 if back.size else np.nan
    return found


def _reached(ratios: Array, share: float) -> Array:
    """Month, from 1, in which a flow first stands at a share of normal; one past the last if never.

    >>> _reached(np.array([[0.0, 0.0], [0.3, 0.0], [0.9, 0.0]]), 0.8).tolist()
    [3.0, 4.0]
    """
    stands = ratios >= share - 1e-9
    return np.where(stands.any(axis=0), stands.argmax(axis=0), len(stands)) + 1.0


def _peak_month(ratios: Array) -> Array:
    """Month, from 1, at whose end most is missing: ``b_t = max(0, b_(t-1) + 1 - ratio_t)``.

    >>> _peak_month(np.array([[0.55], [0.26], [0.67], [1.17]])).tolist()
    [3.0]
    """
    return np.asarray([float(backlog_months(lane).argmax()) + 1.0 for lane in ratios.T])


def _first_fall(traffic: Traffic, last: int) -> Array:
    """Months from the start to the first month in which a flow has fallen."""
    months = traffic.ratios(0, last)
    fallen = months < 1.0 - FALL
    return np.where(fallen.any(axis=0), fallen.argmax(axis=0), np.nan)


# Industries ---------------------------------------------------------------------------------------


def _keys(claim: Claim, view: View) -> list[tuple[str, str]]:
    wanted = places(view.network, claim.countries)
    found = [
        (c, s) for c, s in view.sectors if (wanted is None or c in wanted) and s in claim.sectors
    ]
    if not found:
        raise Unanswered(
            f"{view.resolved.scenario.id} counts no {'|'.join(claim.sectors)} of "
            f"{'|'.join(claim.countries)}"
        )
    return found


def inputs_short(claim: Claim, play: Play) -> str:
    """The inputs that stop any plant of a claim's sectors, each with its median cover."""
    view = play.cases["adaptive"]
    nodes = [n for key in _keys(claim, view) for n in view.sectors[key].nodes]
    found: dict[str, str] = {}
    for k, q in enumerate(view.compiled.slots):
        slot, arrays = view.network.slots[q], view.compiled.arrays.slots
        if int(arrays.node[k]) in nodes and (view.outcome.allowed[:, k] < _WHOLE).any():
            days = "" if slot.stock is None else f" ({float(slot.stock['cover_days']):.0f} days)"
            found[slot.commodity[0]] = slot.commodity[0].replace("_", " ") + days
    return ", ".join(found.values()) or "an input"


def stop_days(view: View, keys: list[tuple[str, str]]) -> Array:
    """Day on which the first plant of any of some sectors stops, (L,); infinite for never."""
    days = view.network.parameters.value("days_per_month")
    found = np.full(view.lanes, np.inf)
    for key in keys:
        for lane in range(view.lanes):
            day = first_stop_day(view.compiled, view.sectors[key], view.outcome, days, lane)
            found[lane] = min(found[lane], math.inf if day is None else day)
    return found


def _stops(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    view = play.cases["adaptive"]
    keys, last = _keys(claim, view), view.place(claim.last_month)
    days = view.network.parameters.value("days_per_month")
    return Question(lambda v: (stop_days(v, keys) < (last + 1) * days).astype(float), last + 1)


def _weeks(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    view = play.cases["adaptive"]
    keys = _keys(claim, view)

    def weeks(v: View) -> Array:
        """Of the first stop."""
        day = stop_days(v, keys)
        return np.where(np.isfinite(day), day / DAYS_PER_WEEK, np.nan)

    return Question(weeks, view.months)


def _stop_length(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    view = play.cases["adaptive"]
    keys = _keys(claim, view)
    days = view.network.parameters.value("days_per_month")

    def lost(v: View) -> Array:
        """Days of output that the plant which stops longest does not make."""
        nodes = [n for key in keys for n in v.sectors[key].nodes]
        missing = np.maximum(1.0 - v.outcome.output[:, nodes], 0.0).sum(axis=0) * days
        return np.asarray(missing.max(axis=(0, 2), initial=0.0))

    return Question(lost, view.months, how="days of output missed by the plants hit hardest")


def _output(claim: Claim, play: Play, world: WorldTable | None) -> Question:
    if claim.sectors == ("economy",):
        return _gdp(claim, play, world)
    view = play.cases["adaptive"]
    keys = _keys(claim, view)
    span = slice(max(view.place(claim.first_month), 0), view.place(claim.last_month) + 1)
    return Question(
        lambda v: 0.0 - np.mean([v.loss(key, span) for key in keys], axis=0), span.stop,
        how="exports of the sector", traced=False,
    )  # fmt: skip


def _exports(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    """Loss of the sectors' exports together over the horizon."""
    view = play.cases["adaptive"]
    usd = {key: view.sectors[key].exports_usd for key in _keys(claim, view)}
    share = {key: each / sum(usd.values()) for key, each in usd.items()}
    return Question(
        lambda v: 0.0 - sum((w * v.loss(key) for key, w in share.items()), np.zeros(v.lanes)),
        view.months,
        plan=lambda least: 0.0 - sum(w * least.get(key, 0.0) for key, w in share.items()),
        traced=False,
    )


# The economy --------------------------------------------------------------------------------------


def _gdp(claim: Claim, play: Play, world: WorldTable | None) -> Question:
    if world is None:
        raise Unanswered("the pack has no input-output table")
    (country,) = claim.countries
    if country not in world.countries:
        raise Unanswered(f"the input-output table does not hold {country} by itself")
    months = play.run.resolved.months
    gdp = Gdp.of(world, play, country, of_whole_usd if "USD" in claim.unit else of_whole)
    if claim.vanishes:
        return _late(play, gdp)
    if claim.months is None:
        raise Unanswered("the study states neither a horizon nor a figure for it")
    exports = float(gdp.lost(play.cases["adaptive"], home=False)[0])
    words = [f"with home sales of the plants that stop; by lost exports alone {0.0 - exports:.3g}"]
    words += ["output is taken as value added"] if claim.metric == "output_change" else []
    counted = MONTHS_PER_YEAR if "annual" in claim.unit else int(claim.months)
    if counted > months and "annual" in claim.unit:
        raise Unanswered(f"shares of a year, and the horizon has {months} months")
    if counted < months:  # a study of the first months of a longer scenario
        first, part = slice(0, counted), counted / months if "USD" in claim.unit else 1.0
        return Question(lambda v: 0.0 - part * gdp.lost(v, months=first), counted,
                        how=f"its first {counted} months", traced=False)  # fmt: skip
    return Question(
        lambda v: 0.0 - gdp.lost(v),
        months,
        plan=lambda least: 0.0 - gdp.of_losses(least),
        how="; ".join(words),
        traced=False,
        detail={"exports alone": exports},
    )


def _late(play: Play, gdp: Gdp) -> Question:
    """What is left of the first twelve months' loss in the last twelve."""
    months = play.run.resolved.months
    if months < 2 * MONTHS_PER_YEAR:
        raise Unanswered("a horizon of less than two years has no last year beside a first")
    years = [slice(t, t + MONTHS_PER_YEAR) for t in range(0, months, MONTHS_PER_YEAR)]
    view = play.cases["adaptive"]
    by_year = (gdp.lost(view, months=year)[0] for year in years)
    course = " ".join(f"{100 * lost:.3g}" for lost in by_year)
    last = slice(months - MONTHS_PER_YEAR, months)

    def left(v: View) -> Array:
        """Of the first year's; not a number where it loses nothing."""
        return _over(gdp.lost(v, months=last), gdp.lost(v, months=years[0]))

    return Question(left, months, how=f"per cent of GDP lost, year by year: {course}",
                    traced=False, sampled=False)  # fmt: skip


def _part_of_gdp(claim: Claim, play: Play, world: WorldTable | None) -> Question:
    if world is None:
        raise Unanswered("the pack has no input-output table")
    (country,), (sector,) = claim.countries, claim.sectors
    group = str(world.groups[sector]["target"])
    part, whole = (Gdp.of(world, play, country, r) for r in (of_group(group), of_whole_usd))

    def share(v: View) -> Array:
        """Of the loss of all industries; not a number where nothing is lost."""
        total = whole.lost(v)
        return np.divide(part.lost(v), total, out=np.full_like(total, np.nan), where=total > 0)

    return Question(share, play.run.resolved.months, traced=False,
                    how=f"the group {group} of the table")  # fmt: skip


# Prices and indices -------------------------------------------------------------------------------


def _price(claim: Claim, play: Play, _world: WorldTable | None) -> Question:
    view = play.cases["adaptive"]
    wanted = places(view.network, claim.countries)
    if wanted is not None and claim.actor in wanted:
        raise Unanswered("prices inside the restricting country are not modelled")
    of = minerals(view.network, claim.items)
    rows = view.network.products
    found = tuple(p for p in rows if rows[p]["stage"] == "refine" and rows[p]["mineral"] in of)
    if not found:
        raise Unanswered(f"the pack refines no {'|'.join(claim.items)}")
    starts = min(m.first_month for m in view.resolved.measures)
    if claim.last_month and view.place(claim.last_month) < starts:
        return Question(None, view.months, products=found, early=True,
                        how="nothing is withheld yet, so nothing is missing")  # fmt: skip
    return Question(None, view.months, products=found,
                    how="equilibrium price, mean of the horizon")  # fmt: skip


_Rule = Callable[[Claim, Play, "WorldTable | None"], Question]
_RULES: Mapping[str, _Rule] = {
    "export_flow": _flow,
    "import_flow": _flow,
    "fulfilment": _flow,
    "supplier_share": _supplier_share,
    "licence_share": _in_last_month,
    "shortfall": _shortfall,
    "plant_stop": _stops,
    "weeks_to_stop": _weeks,
    "stop_length": _stop_length,
    "output_change": _output,
    "export_change": _exports,
    "gdp_change": _gdp,
    "share_of_net_loss": _part_of_gdp,
    "price": _price,
    "price_ratio": _price,
    "price_change": _price,
}


def supply_risk(network: Network, claim: Claim) -> float:
    """The EU's index of a mineral for the members in the pack: its riskier stage, as in the study.

    Raises:
        Unanswered: nothing of the mineral is mined or refined in the pack.
    """
    members = places(network, claim.countries)
    if members is None:
        raise Unanswered("the index is that of an importer")
    of, unstable = minerals(network, claim.items), instability(network)
    rate = {str(r["mineral"]): float(r["recycling_rate"]) for r in network.tables.rows("minerals")}
    found = []
    for product, account in accounts(network).items():
        row = network.products[product]
        if row["stage"] in STAGES_OF_A_MINERAL and row["mineral"] in of:
            recycled = rate[str(row["mineral"])]
            found.append(eu_supply_risk(account, members, unstable, recycling=recycled))
    if not found:
        raise Unanswered(f"the pack has no mine or refinery of {'|'.join(claim.items)}")
    return max(found)


def asked(claim: Claim, others: tuple[Claim, ...]) -> tuple[str, tuple[str, ...]]:
    """The scenario file that asks a claim's question, and the items of it to keep (empty: all).

    A claim about a part of the items of another claim of the same study is asked by that one's
    file, with its own items alone.

    Raises:
        Unanswered: no file asks it.
    """
    if claim.scenario:
        return claim.scenario, ()
    for other in others:
        is_part = set(claim.items) < set(other.items)
        if other.scenario and (other.group, other.table) == (claim.group, claim.table) and is_part:
            return other.scenario, claim.items
    raise Unanswered(claim.note.removeprefix(_NO_FILE) or "no scenario file asks it")
