"""Every claim put to the scenario that asks it; a scenario is played once for all its claims."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from supplychain.draws import Draws
from supplychain.economy import WorldTable, read_table
from supplychain.errors import ScenarioError, SupplychainError
from supplychain.network import Network
from supplychain.planning import plans
from supplychain.priced import MarketPrice, Prices
from supplychain.prices import price_run
from supplychain.scenario import Scenario
from supplychain.validation.answers import Question, Unanswered, asked, question, supply_risk
from supplychain.validation.claims import RANK, Claim, compared
from supplychain.validation.mechanism import why
from supplychain.validation.order import RISK, in_order
from supplychain.validation.ranks import stops
from supplychain.validation.row import Row
from supplychain.validation.score import Ours, agrees
from supplychain.validation.view import Play

Array = npt.NDArray[np.float64]
Progress = Callable[[str, float], None]
Load = Callable[[str], Scenario]
Key = tuple[str, tuple[str, ...]]
"""A scenario, and the items of it that are kept (empty: all)."""

_JOINT = "smaller than the sum"


@dataclass
class _Work:
    """What is known while claims are answered, so that runs are shared."""

    network: Network
    world: WorldTable | None
    seed: int
    load: Callable[[str], Scenario]
    plays: dict[Key, Play] = field(default_factory=dict)
    priced: dict[Key, Prices] = field(default_factory=dict)
    least: dict[Key, Mapping[tuple[str, str], float]] = field(default_factory=dict)

    def play(self, key: Key) -> Play:
        """The scenario played at central values, once."""
        if key not in self.plays:
            name, items = key
            scenario = self.load(name)
            if items:
                kept = tuple(replace(r, items=items) for r in scenario.restrictions)
                scenario = replace(scenario, restrictions=kept)
            self.plays[key] = Play.of(self.network, scenario)
        return self.plays[key]

    def prices(self, key: Key) -> Prices:
        """The prices of a play, once."""
        if key not in self.priced:
            play = self.play(key)
            self.priced[key] = price_run(play.network, play.run, self.seed)
        return self.priced[key]

    def planned(self, key: Key) -> Mapping[tuple[str, str], float]:
        """The planner's losses by sector, once."""
        if key not in self.least:
            play = self.play(key)
            self.least[key] = plans(play.network, play.run).by_sector
        return self.least[key]


@dataclass
class Answer:
    """What a played scenario says to one claim: cases and sampled lanes."""

    cases: dict[str, float]
    lanes: Array


def answer_all(
    network: Network,
    chosen: Sequence[Claim],
    every: tuple[Claim, ...],
    *,
    seed: int,
    load: Load,
    planner: bool,
    progress: Progress,
) -> tuple[Row, ...]:
    """Every chosen claim as a row, in its order."""
    table = read_table(network.tables) if network.tables.rows("interindustry") else None
    work = _Work(network, table, seed, load)
    found: dict[str, Row] = {}
    groups: dict[Key, list[Claim]] = {}
    ranks: list[Claim] = []
    for claim in chosen:
        try:
            if claim.metric == RANK:
                ranks.append(claim)
            elif claim.metric == RISK:
                ours = Ours({"adaptive": supply_risk(network, claim)})
                found[claim.id] = Row(claim, compared(claim), ours, "no scenario: an index")
            else:
                groups.setdefault(asked(claim, every), []).append(claim)
        except Unanswered as reason:
            found[claim.id] = Row(claim, compared(claim), reason=str(reason))
    for number, (key, some) in enumerate(groups.items()):
        progress(key[0], number / (len(groups) + 1))
        found |= {row.claim.id: row for row in _answered(work, key, some, planner=planner)}
    found |= {row.claim.id: row for row in _stopped(network, ranks)}
    return in_order(tuple(found[c.id] for c in chosen))


def _stopped(network: Network, some: Sequence[Claim]) -> list[Row]:
    """Claims of a rank of minerals by the loss of one country."""
    rows: list[Row] = []
    for country in dict.fromkeys(c.countries[0] for c in some):
        mine = [c for c in some if c.countries[0] == country]
        lost = stops(network, country, [item for c in mine for item in c.items])
        for claim in mine:
            stop = lost.get(claim.items[0])
            if stop is None:
                reason = f"nobody abroad sells {claim.items[0]} in this pack"
                rows.append(Row(claim, compared(claim), reason=reason))
                continue
            how = (
                f"billion USD of exports lost in a year in which {stop.actor} sells no "
                f"{', '.join(stop.products)}"
            )
            ours = Ours({"adaptive": stop.usd / 1e9}, how=how)
            rows.append(Row(claim, compared(claim), ours, "each mineral stopped by its leader"))
    return rows


def _answered(work: _Work, key: Key, some: Sequence[Claim], *, planner: bool) -> list[Row]:
    """The claims that one scenario answers."""
    try:
        play = work.play(key)
    except ScenarioError as error:
        return [Row(c, compared(c), scenario=key[0], reason=str(error)) for c in some]
    questions: dict[str, Question] = {}
    rows: dict[str, Row] = {}
    for claim in some:
        try:
            questions[claim.id] = question(claim, play, work.world)
        except Unanswered as reason:
            rows[claim.id] = Row(claim, compared(claim), scenario=key[0], reason=str(reason))
    plain = {name: q for name, q in questions.items() if q.value is not None}
    answers = ask(play, plain, work.seed)
    for claim in some:
        asked_for = questions.get(claim.id)
        if asked_for is None:
            continue
        try:
            if asked_for.value is None:
                ours = _priced(claim, asked_for, work.prices(key))
            else:
                answer = answers[claim.id]
                if asked_for.plan is not None and planner:
                    answer.cases["planner"] = asked_for.plan(work.planned(key))
                if _JOINT in claim.unit:
                    answer = _margin(work, key, claim, answer, asked_for)
                ours = _ours(answer, asked_for)
            rows[claim.id] = _scored(claim, ours, key, asked_for, play)
        except (Unanswered, SupplychainError) as reason:
            rows[claim.id] = Row(claim, compared(claim), scenario=key[0], reason=str(reason))
    return [rows[c.id] for c in some]


def ask(
    play: Play, questions: Mapping[str, Question], seed: int, draws: Draws | None = None
) -> dict[str, Answer]:
    """Every question put to every case, and to the sample (`Play.sample`)."""
    lanes: dict[str, list[Array]] = {name: [np.empty(0)] for name in questions}
    sampled = {name: q for name, q in questions.items() if q.sampled}
    if sampled:
        months = max(1, *(q.months for q in sampled.values()))
        trace = any(q.traced for q in sampled.values())
        for view in play.sample(seed, months, trace=trace, draws=draws):
            for name, q in sampled.items():
                assert q.value is not None  # noqa: S101 - prices were put aside
                lanes[name].append(q.value(view))
    found = {}
    for name, q in questions.items():
        assert q.value is not None  # noqa: S101
        cases = {case: float(q.value(view)[0]) for case, view in play.cases.items()}
        found[name] = Answer(cases, np.concatenate(lanes[name]))
    return found


def _margin(work: _Work, key: Key, claim: Claim, joint: Answer, asked_for: Question) -> Answer:
    """By how much a joint loss is smaller than the sum of the losses by each item alone.

    Not a number where nothing is lost.
    """
    whole = Answer({c: 0.0 - v for c, v in joint.cases.items()}, -joint.lanes)
    total = {case: -value for case, value in whole.cases.items()}
    lanes = -whole.lanes
    for item in claim.items:
        part = work.play((key[0], (item,)))
        single = ask(part, {claim.id: question(claim, part, work.world)}, work.seed)[claim.id]
        if "planner" in total and asked_for.plan is not None:
            plan = question(claim, part, work.world).plan
            assert plan is not None  # noqa: S101 - the same claim
            single.cases["planner"] = plan(work.planned((key[0], (item,))))
        total = {case: total[case] - single.cases[case] for case in total}
        lanes = lanes - single.lanes
    # Where nothing is lost, jointly or apart, there is no margin to speak of.
    for case, value in whole.cases.items():
        if value == 0.0:
            total[case] = np.nan
    return Answer(total, np.where(whole.lanes == 0.0, np.nan, lanes))


def _ours(answer: Answer, asked_for: Question) -> Ours:
    """Cases and quantiles; not a number is None."""
    kept = answer.lanes[np.isfinite(answer.lanes)]
    band = None
    if kept.size * 2 > answer.lanes.size:
        low, high = np.quantile(kept, (0.1, 0.9)).tolist()
        band = (low, high)
    cases = {c: v for c, v in answer.cases.items() if c in ("planner", "adaptive", "frozen")}
    naive = {c: v for c, v in answer.cases.items() if c not in cases}
    return Ours(_numbers(cases), band, _numbers(naive), asked_for.how)


def _numbers(values: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in values.items()}


def _priced(claim: Claim, asked_for: Question, prices: Prices) -> Ours:
    """The dearest market among the products, as a ratio or as a change."""
    less = 1.0 if claim.metric == "price_change" else 0.0
    if asked_for.early:
        return Ours({"adaptive": 1.0 - less}, how=asked_for.how)
    found: list[MarketPrice] = [m for m in prices.markets if m.product in asked_for.products]
    if not found:
        raise Unanswered(
            f"nothing is short of {'|'.join(asked_for.products)}, so nothing is priced"
        )
    dearest = max(found, key=lambda m: m.price)
    low, high = dearest.price_band
    how = f"{asked_for.how}; {dearest.product}, {dearest.missing:.1%} missing"
    cases = {"adaptive": dearest.price - less, "peak": dearest.peak - less}
    return Ours(cases, (low - less, high - less), how=how)


def _scored(claim: Claim, ours: Ours, key: Key, asked_for: Question, play: Play) -> Row:
    figure = compared(claim)
    inside = agrees(claim, figure, ours)
    name = key[0] + (f" ({', '.join(key[1])} alone)" if key[1] else "")
    row = Row(claim, figure, ours, name, inside=inside, constants=play.constants)
    if inside:
        return row
    return replace(row, would_close=why(claim, figure, ours, asked_for, play))
