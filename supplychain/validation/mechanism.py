"""What would close a miss: read off the cases, the baselines and the lane, never made up."""

from __future__ import annotations

from supplychain.validation.answers import Question, course, inputs_short
from supplychain.validation.cells import said
from supplychain.validation.claims import CONTROL, Claim, Figure
from supplychain.validation.score import Ours, level
from supplychain.validation.view import FIXED, Play

_NEVER = {
    "share_of_net_loss": "the adaptive case loses nothing here, so there is no share of it",
    "gdp_change": "the adaptive case loses nothing here, so there is nothing to compare",
}
_WHOLE = 0.95
_HARDLY = 0.02


_WIDER = 1.05
"""From how many times as wide it is worth a number."""


def why(claim: Claim, claimed: Figure, ours: Ours, asked: Question, play: Play) -> str:
    """A sentence or two on what stands between us and the claim."""
    held = asked.detail.get("covered")
    if ours.central is None:
        return _NEVER.get(claim.metric, "it never happens in our run")
    if asked.early:
        return (
            "before a measure bites buyers bid for what they fear to lose; the equilibrium prices "
            "what is missing, and buying ahead moves goods here, not prices"
        )
    if asked.products:
        return _price(claimed, ours, ours.central)
    if "elsewhere" in asked.detail:
        return (
            "suppliers outside the measure: what they may add is held by their spare capacity, the "
            "ceiling of access and the time of qualification"
        )
    if claim.vanishes or "usual" in asked.detail:
        return _of_years(ours, asked)
    if held is not None:
        parts = [f"the scenario covers only {held:.0%} of this flow"] if held < _WHOLE else []
        if claim.grade == CONTROL:
            return "; ".join([*parts, _control(claim, play)])
        return "; ".join([*parts, _flow(claim, claimed, ours.central, held, play)])
    if claim.metric in {"plant_stop", "stop_length", "weeks_to_stop"}:
        return _stop(claim, ours, play)
    words = [_loss(claimed, ours, abs(ours.central)), *_beyond_own_band(ours, play)]
    if "exports alone" in asked.detail:
        words.append(f"by lost exports alone {said(-asked.detail['exports alone'])}")
    return "; ".join(words)


def _of_years(ours: Ours, asked: Question) -> str:
    """A share of a later year than the measure's, or a loss that is said to vanish in years."""
    if "usual" in asked.detail:
        return (
            f"{asked.detail['usual']:.0%} is the share in the pack's baseline already, before any "
            "measure: it is of a year in which buyers had moved"
        )
    return (
        f"{ours.how}; substitutes replace a rate a year up to a most, and new plants are those "
        "already announced: nobody builds or redesigns because of the cut, where the study lets "
        "elasticities rise"
    )


def _price(claimed: Figure, ours: Ours, mine: float) -> str:
    """The shortage is too small, or buyers pay more than the shortage asks for."""
    target = next(x for x in (claimed.central, claimed.low, claimed.high) if x is not None)
    peak = ours.cases.get("peak") or 0.0
    if abs(mine - level(claimed)) < _HARDLY:
        return (
            f"hardly anything is missing on the mean of the horizon ({ours.how.split(', ')[-1]}); "
            "quotations move on fear and hoarding too, which the equilibrium leaves out"
        )
    if mine < target <= peak:
        return f"with the overshoot of fear the price is {peak:.3g}, beyond the claim"
    side = "less elastic demand or a deeper" if mine < target else "more elastic demand or a milder"
    return f"{side} shortage; with the overshoot {peak:.3g}"


def _flow(claim: Claim, claimed: Figure, mine: float, held: float, play: Play) -> str:
    """What would have to be withheld of the covered part, and what the scenario file says."""
    restrictions = play.run.resolved.scenario.restrictions
    said = ", ".join(f"{r.kind} withholding {r.severity.value:.0%}" for r in restrictions)
    if any(r.kind == "path" for r in restrictions):
        said = "a dated path that is the same for all buyers"
    if claimed.unit == "ratio" and claimed.central is not None and held > 0:
        need, ours = ((1.0 - x) / held for x in (claimed.central, mine))
        if 0.0 <= need <= 1.0:
            return (
                f"{need:.0%} of what it covers would have to be withheld in these months, where we "
                f"withhold {ours:.0%} (the file: {said})"
            )
        return f"outside what any cut of the covered part gives (the file: {said})"
    if claimed.central is None:
        return f"the file: {said}"
    side = "more" if claimed.central > mine else "less"
    if claim.metric == "shortfall" and claimed.unit.startswith("months"):
        side = "less" if side == "more" else "more"
    return f"{side} came through than the file lets through ({said})"


def _control(claim: Claim, play: Play) -> str:
    """Why a flow that hardly changed does change with us: what it misses, and how it comes back."""
    ratios = course(claim, play)
    value = play.network.parameters.value
    said = ", ".join(f"{x:.3g}" for x in ratios)
    told = f"with us, month by month, {said} of a usual month: {len(ratios) - sum(ratios):.2g} "
    told += "months are missing at its end"
    kinds = {r.kind for r in play.run.resolved.scenario.restrictions}
    if "licence" in kinds:
        return (
            f"{told}. The dead time is a full stop here, a ramp follows it, and a licence clears "
            f"what was held at no more than {value('licence_headroom'):.3g} of a usual month; "
            "single licences came through from the first weeks"
        )
    last = play.cases["adaptive"].place(claim.last_month)
    if any(m.spells[-1][1] <= last for m in play.run.resolved.measures):
        return (
            f"{told}. What was held is let go when the measure ends, but at no more than "
            f"{value('access_ceiling', '*'):.3g} of a usual month (the ceiling of access), so that "
            "it takes months; goods that stand ready in a port need no capacity and came at once"
        )
    leaks = value("leakage", "some_targets")
    return (
        f"{told}. Of what is barred {leaks:.0%} comes round through other countries here; nearly "
        "all of it did"
    )


def _stop(claim: Claim, ours: Ours, play: Play) -> str:
    """Covers of the plants decide, if the restricted goods reach them at all."""
    if not any(ours.naive.values()) and not ours.central:
        return "no chain of the pack carries the restricted goods to these plants"
    if claim.grade == CONTROL:
        short = inputs_short(claim, play)
        return (
            f"the plants with the shortest covers of the pack's spread run out of {short}: "
            "covers would have to be longer than the rows for this country, or less spread"
        )
    return "covers of the plants, which nobody observed"


def _loss(claimed: Figure, ours: Ours, mine: float) -> str:
    """Where the claim stands among our cases, from the best response to fixed proportions.

    Of a range without a centre, the end that is nearer to ours.
    """
    stated = (claimed.central,) if claimed.central is not None else (claimed.low, claimed.high)
    size = min((abs(x) for x in stated if x is not None), key=lambda x: abs(x - mine))
    fixed = abs(ours.naive.get(FIXED) or 0.0)
    frozen = abs(ours.cases.get("frozen") or 0.0)
    least = abs(ours.cases.get("planner") or 0.0)
    if size > max(fixed, frozen):
        wider = size / fixed if fixed > 0 else 0.0
        times = f", {wider:.2g} times as wide," if wider >= _WIDER else ""
        return (
            f"more than fixed proportions without stocks lose here ({fixed:.3g}, home sales "
            f"counted): it would take wider affected shares{times} or industries that the pack "
            "does not hold, or what is not counted: dearer inputs, users downstream, lost spending"
        )
    if size > max(mine, frozen):
        return (
            f"between stocks alone ({frozen:.3g}) and fixed proportions without stocks "
            f"({fixed:.3g}), {_way(frozen, fixed, size):.0%} of the way: shorter stocks, or users "
            "downstream, which are not counted; less help from others would not do"
        )
    if size > mine:
        return (
            f"between the adaptive case and stocks alone ({frozen:.3g}): less help from others, "
            "that is slower or fewer other suppliers and substitutes; the claim lies "
            f"{_way(mine, frozen, size):.0%} of the way"
        )
    if size < least:
        return (
            f"less than even the best response loses ({least:.3g}): narrower affected shares, "
            "longer stocks, a milder cut, or closer substitutes"
        )
    return (
        f"between the best response ({least:.3g}) and the adaptive case: narrower affected shares, "
        "longer stocks or more help from others than in the pack"
    )


def _beyond_own_band(ours: Ours, play: Play) -> list[str]:
    """Why a central figure may lie outside its own band: most of what is drawn errs to one side."""
    if ours.central is None or ours.band is None:
        return []
    low, high = ours.band
    if low <= ours.central <= high:
        return []
    classes = [f for f in play.run.asked if f.kind == "essentiality"]
    strictest = sum(f.value >= f.high for f in classes)
    count = f"{strictest} of {len(classes)} essentiality classes"
    return [f"our own figure lies outside its band, since {count} are central at their strictest"]


def _way(start: float, end: float, value: float) -> float:
    """How far a value lies from one figure to another.

    >>> _way(1.0, 3.0, 2.0)
    0.5
    """
    return (value - start) / (end - start) if end != start else 0.0
