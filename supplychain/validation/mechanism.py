"""What would close a miss: read off the cases, the baselines and the lane, never made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from supplychain.validation.claims import CONTROL, Claim, Figure
from supplychain.validation.score import Ours
from supplychain.validation.view import FIXED

if TYPE_CHECKING:
    from supplychain.validation.answers import Question
    from supplychain.validation.view import Play

_NEVER = {"share_of_net_loss": "the adaptive case loses nothing here, so there is no share of it"}
_WHOLE = 0.995
_BARELY = 1.02


def why(claim: Claim, claimed: Figure, ours: Ours, asked: Question, play: Play) -> str:
    """A sentence or two on what stands between us and the claim."""
    parts = []
    held = asked.detail.get("covered")
    if ours.central is None:
        parts.append(_NEVER.get(claim.metric, "it never happens in our run"))
    elif asked.products:
        parts += _price(claimed, ours)
    elif held is not None:
        parts += _flow(claim, claimed, ours, held, play)
    elif claim.metric in {"plant_stop", "stop_length", "weeks_to_stop"}:
        parts += _stop(claim)
    else:
        parts += _loss(claimed, ours)
    return "; ".join(parts)


def _price(claimed: Figure, ours: Ours) -> list[str]:
    """The shortage is too small, or buyers pay more than the shortage asks for."""
    target = next(x for x in (claimed.central, claimed.low, claimed.high) if x is not None)
    level = 1.0 if claimed.unit.startswith("ratio") else 0.0
    mine, peak = ours.cases["adaptive"] or 0.0, ours.cases.get("peak") or 0.0
    if abs(mine - level) < _BARELY - 1.0:
        return [
            f"hardly anything is missing on the mean of the horizon ({ours.how.split(', ')[-1]}): "
            "the quotation moved on fear and hoarding, which the equilibrium leaves out"
        ]
    if mine < target <= peak:
        return [f"with the overshoot of fear the price is {peak:.3g}, beyond the claim"]
    side = "less elastic demand or a deeper" if mine < target else "more elastic demand or a milder"
    return [f"{side} shortage; with the overshoot {peak:.3g}"]


def _flow(claim: Claim, claimed: Figure, ours: Ours, held: float, play: Play) -> list[str]:
    """How much of the lane is covered, and what would have to be withheld."""
    found = []
    if held < _WHOLE:
        found.append(f"the scenario covers only {held:.0%} of this flow")
    restrictions = play.run.resolved.scenario.restrictions
    if any(r.kind in {"licence", "quota"} for r in restrictions):
        said = ", ".join(
            f"{r.kind} withholding {r.severity.value:.0%}" for r in restrictions if r.kind != "ban"
        )
        if claimed.unit == "ratio" and claimed.central is not None and held > 0:
            need = (1.0 - claimed.central) / held
            if 0.0 <= need <= 1.0:
                found.append(
                    f"{need:.0%} of it would have to be withheld in these months (the file: {said})"
                )
            else:
                found.append(f"outside what any cut of the covered part gives (the file: {said})")
        elif said:
            found.append(f"the file says {said}")
    elif any(r.kind == "path" for r in restrictions):
        found.append("the path is that of all buyers together, and these were served otherwise")
    elif claimed.central is not None and ours.central is not None:
        side = "more" if claimed.central > ours.central else "less"
        found.append(f"{side} came through, by detours, stocks on the way or other makers")
    return found


def _stop(claim: Claim) -> list[str]:
    """Covers of the plants decide."""
    if claim.grade == CONTROL:
        return ["the plants with the shortest covers of the pack's spread stop: covers of this "
                "maker are longer than the pack's row for its country"]  # fmt: skip
    return ["covers of the plants, which nobody observed"]


def _loss(claimed: Figure, ours: Ours) -> list[str]:
    """Where the claim stands among our cases, from the best response to fixed proportions."""
    target = claimed.central
    if target is None:
        ends = [x for x in (claimed.low, claimed.high) if x is not None]
        target = sum(ends) / len(ends)
    size, mine = abs(target), abs(ours.central or 0.0)
    fixed = abs(ours.naive.get(FIXED) or 0.0)
    frozen = abs(ours.cases.get("frozen") or 0.0)
    least = ours.cases.get("planner")
    if size > max(fixed, frozen):
        return [
            f"more than fixed proportions without stocks lose here ({fixed:.3g}): it would take "
            "wider affected shares, industries that the pack does not hold, or losses beyond "
            "exports (home sales, users downstream), which are not counted"
        ]
    if size > mine:
        return [
            f"between the adaptive case and fixed proportions without stocks ({fixed:.3g}; without "
            f"adaptation {frozen:.3g}): shorter stocks or less help from others"
        ]
    if least is not None and size < abs(least):
        return [f"less than even the best response loses ({abs(least):.3g}): narrower affected "
                "shares, longer stocks, a milder cut, or closer substitutes"]  # fmt: skip
    return ["narrower affected shares, longer stocks or more help from others than in the pack"]
