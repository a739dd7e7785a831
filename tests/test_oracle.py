"""The engine against its specification in plain Python (`supplychain.model.oracle`).

Random worlds for everything, and one world worked out by hand for each mechanism of the adaptive
case. Fractions wherever no elasticity is about, so that only the engine rounds.
"""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from random_arrays import EVERYTHING, Features, random_arrays, tighter

from supplychain.model.adaptive import ADAPTIVE
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
from supplychain.model.behaviour import Behaviour
from supplychain.model.cascade import run
from supplychain.model.frozen import FROZEN
from supplychain.model.oracle import Account, play
from supplychain.model.outcome import Outcome

SWITCHES = [field.name for field in fields(Behaviour)]
ELASTIC = EVERYTHING.but(elasticities=True)
UNEVEN = EVERYTHING.but(power_of_two=False)


def disagreement(arrays: Arrays, behaviour: Behaviour, *, exact: bool = True) -> float:
    """Largest difference between engine and oracle, over all quantities, lanes and months."""
    engine, worst = run(arrays, behaviour), 0.0
    for lane in range(arrays.lanes):
        account = play(arrays.take(slice(lane, lane + 1)), behaviour, exact=exact)
        for field in fields(Account):
            said = np.array(getattr(account, field.name), dtype=np.float64)
            did = getattr(engine, field.name)[:, :, lane]
            if not said.size:
                continue
            same = said == did
            if field.name == "allowed":
                # The engine skips commodities at their baseline: it writes 1 for "not binding".
                same |= (did == 1) & ((said >= 1) | ~arrays.slots.main[None, :, None])
                # Powers are steep at 0: rounding of an input that ran out is seen in its output.
                held = engine.stock[:, :, lane] + engine.used[:, :, lane]
                same |= (held < 1e-9) & ~np.isnan(arrays.slots.elasticity[None, :, lane, None])
            gap = np.abs(np.where(same, 0.0, said) - np.where(same, 0.0, did))
            assert not np.isnan(gap).any(), field.name
            worst = max(worst, float(gap.max()))
    return worst


def any_behaviour(seed: int) -> Behaviour:
    """Switches by chance."""
    on = np.random.default_rng([seed, 1]).random(len(SWITCHES)) < 0.5
    return Behaviour(**dict(zip(SWITCHES, on.tolist(), strict=True)))


@pytest.mark.parametrize("seed", range(60))
def test_the_engine_does_what_the_oracle_says(seed: int) -> None:
    features = UNEVEN if seed % 4 == 0 else EVERYTHING
    arrays = random_arrays(seed, features)
    behaviour = (ADAPTIVE, FROZEN, any_behaviour(seed))[seed % 3]
    assert disagreement(arrays, behaviour) < 1e-12


@pytest.mark.parametrize("seed", range(100, 120))
def test_the_engine_does_what_the_oracle_says_with_elasticities(seed: int) -> None:
    assert disagreement(random_arrays(seed, ELASTIC), ADAPTIVE, exact=False) < 1e-9


@pytest.mark.parametrize("switch", SWITCHES)
def test_the_engine_does_what_the_oracle_says_by_single_switches(switch: str) -> None:
    for seed in range(200, 204):
        arrays = random_arrays(seed)
        assert disagreement(arrays, Behaviour(**{switch: True}), exact=False) < 1e-12
        assert disagreement(arrays, ADAPTIVE.but(**{switch: False}), exact=False) < 1e-12


@pytest.mark.slow
@pytest.mark.parametrize("hundred", range(100))
def test_the_engine_does_what_the_oracle_says_in_ten_thousand_worlds(hundred: int) -> None:
    """Of each hundred, 20 in fractions, 20 with elasticities, the rest in floats: four minutes."""
    for seed in range(1000 + 100 * hundred, 1100 + 100 * hundred):
        features = (ELASTIC, UNEVEN, EVERYTHING, EVERYTHING, EVERYTHING)[seed % 5]
        behaviour = (ADAPTIVE, ADAPTIVE, FROZEN, any_behaviour(seed))[seed % 4]
        within = 1e-9 if features is ELASTIC else 1e-12
        arrays = random_arrays(seed, features)
        assert disagreement(arrays, behaviour, exact=seed % 5 == 2) < within, seed


def test_the_oracle_plays_one_lane() -> None:
    arrays = next(a for a in map(random_arrays, range(50)) if a.lanes == 2)
    with pytest.raises(ValueError, match="one lane"):
        play(arrays, FROZEN)


# Worlds worked out by hand.


def table(rows: list[dict[str, Any]], **defaults: Any) -> dict[str, np.ndarray]:
    """Columns of some rows, with what a row leaves out."""
    return {
        name: np.array([row.get(name, value) for row in rows], dtype=np.array(value).dtype)
        for name, value in defaults.items()
    }


def build(
    nodes: list[list[dict[str, Any]]],
    slots: list[dict[str, Any]],
    flows: list[dict[str, Any]],
    openings: list[dict[str, Any]] | None = None,
    technologies: list[dict[str, Any]] | None = None,
    added: dict[int, list[float]] | None = None,
    sources: tuple[Source, ...] = (),
    ceiling: float = 0.0,
    months: int = 3,
    **limits: float,
) -> Arrays:
    """A world of one lane and one bin; nodes by commodity, upstream first; one regime, for ever.

    Flows and openings come block by block, slots node by node.
    """
    stage = [c for c, made in enumerate(nodes) for _ in made]
    n = table(
        [row for made in nodes for row in made],
        base=1.0, level=1.0, capacity=1.0, host=-1, host_ratio=1.0, rank=0, ahead=0.0, counted=1.0,
    )  # fmt: skip
    nan, free = float("nan"), {"regime": -1, "rank": 0, "lag": 0}
    q = table(
        slots, node=0, need=1.0, level=1.0, main=True, weight=1.0, elasticity=nan,
        elasticity_long=nan, cost_share=0.5, cover=0.0, substitution=0.0,
        substitution_most=0.0, substitution_start=0.0,
    )  # fmt: skip
    e = table(flows, supplier=0, slot=0, share=1.0, quantity=1.0, **free)
    p = table(openings or [], supplier=0, slot=0, opens=0.0, flow=-1, **free)
    alternatives = technologies or []
    a = table(alternatives, node=0, rate=12.0, most=1.0, start=0.0)
    uses = [(i, *use) for i, each in enumerate(alternatives) for use in each["uses"]]
    whole = {"catch_up": 1.0, "access": 1.0, "new_share": 1.0, "queue_cap": 0.0, "restock": np.inf}
    whole |= {"hoard": 1.0, "elasticity_time": 1.0} | limits

    def lanes(rows: dict[str, np.ndarray], *names: str) -> dict[str, np.ndarray]:
        return rows | {name: rows[name][:, None] for name in names}

    def part(keys: list[int], c: int) -> slice:
        return slice(sum(k < c for k in keys), sum(k <= c for k in keys))

    keys = [stage, *([stage[i] for i in t] for t in (q["node"], e["supplier"], p["supplier"]))]
    elastic = ("weight", "elasticity", "elasticity_long", "substitution")
    q = lanes(q, *elastic) | {"cover": q["cover"][:, None, None]}
    regime = np.full((months, 1, 1, 1), ceiling)
    return Arrays(
        months=months,
        bins=1,
        lanes=1,
        blocks=tuple(Block(*(part(k, c) for k in keys)) for c in range(len(nodes))),
        nodes=Nodes(
            **lanes(n, "capacity"), final=np.array([c == len(nodes) - 1 for c in stage])
        ),
        slots=Slots(**q),
        flows=Flows(**lanes(e, "share")),
        openings=Openings(**lanes(p, "opens")),
        regimes=Regimes(regime, regime),
        technologies=Technologies(
            **lanes(a, "rate"),
            use_technology=np.array([u[0] for u in uses], dtype=np.int64),
            use_slot=np.array([u[1] for u in uses], dtype=np.int64),
            use_factor=np.array([u[2] for u in uses], dtype=np.float64),
        ),
        projects=Projects(
            np.array(list(added or {}), dtype=np.int64),
            np.array(list((added or {}).values()), dtype=np.float64).reshape(-1, months, 1)
            .swapaxes(0, 1),
        ),
        sources=sources,
        limits=Limits(
            **{name: np.array([float(value)]) for name, value in whole.items()},
            spot_rounds=3,
            start=0,
        ),
    )  # fmt: skip


def played(arrays: Arrays, behaviour: Behaviour = ADAPTIVE) -> Outcome:
    """The engine's outcome, where the oracle says the same."""
    assert disagreement(arrays, behaviour, exact=bool(np.isnan(arrays.slots.elasticity).all())) < (
        1e-12
    )
    return run(arrays, behaviour)


def at(values: np.ndarray, which: int) -> list[float]:
    """One node, slot or flow, month by month."""
    return values[:, which, 0, 0].round(9).tolist()


def test_lower_ranks_are_served_first() -> None:
    # A mine may ship 0.6 to a smelter of 4; two users take 2 each, 0 before 1: 1 and 0.2 / 1.
    arrays = build(
        [[{"base": 4.0}], [{"base": 4.0}], [{"base": 2.0}, {"base": 2.0}]],
        [{"node": 1, "need": 4.0}, {"node": 2, "need": 2.0}, {"node": 3, "need": 2.0}],
        [
            {"supplier": 0, "slot": 0, "quantity": 4.0, "regime": 0},
            {"supplier": 1, "slot": 1, "quantity": 2.0},
            {"supplier": 1, "slot": 2, "quantity": 2.0, "rank": 1},
        ],
        ceiling=0.6,
    )
    out = played(arrays, FROZEN)
    assert at(out.output, 1) == [0.6] * 3
    assert at(out.output, 2) == [1.0] * 3
    assert at(out.output, 3) == [0.2] * 3


def test_customers_outside_the_network_have_a_turn_of_their_own() -> None:
    # Half of the smelter's 0.6 is the flow's, which goes first: the others get (0.6 - 0.5) / 0.5.
    arrays = build(
        [[{"base": 4.0}], [{"base": 4.0, "rank": 1}], [{"base": 2.0}]],
        [{"node": 1, "need": 4.0}, {"node": 2, "need": 2.0}],
        [
            {"supplier": 0, "slot": 0, "quantity": 4.0, "regime": 0},
            {"supplier": 1, "slot": 1, "quantity": 2.0},
        ],
        ceiling=0.6,
    )
    out = played(arrays, FROZEN)
    assert at(out.delivered, 1) == [0.2] * 3
    assert at(out.output, 2) == [1.0] * 3


def test_an_alternative_fills_in_a_month_later_within_its_ramp() -> None:
    # The main input is banned. The other recipe takes 0.5 months of a new input (4 units each) for
    # an output of 1. Its ramp is 12 x (t + 1/2) / 12, at most 0.5; orders follow the shortfall of
    # the month before: 0.5 x 0.5 months = 1 unit, which a maker of 4 with 1.25 can spare.
    arrays = build(
        [[{"base": 1.0}, {"base": 4.0, "capacity": 1.25}], [{"base": 1.0}]],
        [{"node": 2}, {"node": 2, "need": 4.0, "level": 0.0, "main": False}],
        [{"supplier": 0, "slot": 0, "regime": 0}],
        openings=[{"supplier": 1, "slot": 1}],
        technologies=[{"node": 2, "most": 0.5, "uses": [(1, 0.5)]}],
    )
    out = played(arrays)
    assert at(out.output, 2) == [0.0, 0.5, 0.5]
    assert at(out.used, 1) == [0.0, 0.25, 0.25]
    assert at(out.output, 1) == [1.0, 1.25, 1.25]


def release(units: float, months: int = 3) -> np.ndarray:
    return np.full((months, 1), units)


def test_recovery_serves_its_users_pro_rata_every_month() -> None:
    # 1 unit a month for needs of 1 and 3 that miss everything: a quarter of each.
    arrays = build(
        [[{"base": 4.0}], [{}, {}]],
        [{"node": 1, "need": 1.0}, {"node": 2, "need": 3.0}],
        [
            {"supplier": 0, "slot": 0, "quantity": 1.0, "regime": 0},
            {"supplier": 0, "slot": 1, "quantity": 3.0, "regime": 0},
        ],
        sources=(Source(np.array([0, 1]), np.inf, release(1.0), recovers=True),),
    )
    out = played(arrays)
    assert at(out.output, 1) == at(out.output, 2) == [0.25] * 3
    assert at(played(arrays, ADAPTIVE.but(recovers=False)).output, 1) == [0.0] * 3


def test_an_ally_gets_its_share_after_the_owner() -> None:
    # 5 units, 3 a month, half may be shared. Month 1: the owner takes 2 of 3, the ally
    # min(1.5, 1) = 1 of its 2. Month 2: the owner takes the last 2.
    arrays = build(
        [[{"base": 4.0}], [{}, {}]],
        [{"node": 1, "need": 2.0}, {"node": 2, "need": 2.0}],
        [
            {"supplier": 0, "slot": 0, "quantity": 2.0, "regime": 0},
            {"supplier": 0, "slot": 1, "quantity": 2.0, "regime": 0},
        ],
        sources=(Source(np.array([0]), 5.0, release(3.0), shared=((np.array([1]), 0.5),)),),
    )
    out = played(arrays)
    assert at(out.output, 1) == [1.0, 1.0, 0.0]
    assert at(out.output, 2) == [0.5, 0.0, 0.0]
    assert at(played(arrays, ADAPTIVE.but(shares=False)).output, 1) == [1.0, 1.0, 0.5]


def test_a_source_serves_a_user_that_stands_before_its_supplier_next_month() -> None:
    # The smelter uses scrap of the industry after it (lag 1): banned, it misses 1 in month 2.
    # What the stock gives in month 1 is for month 2, and so on.
    arrays = build(
        [[{"base": 2.0}], [{"base": 2.0}]],
        [{"node": 0}, {"node": 1, "need": 2.0}],
        [
            {"supplier": 0, "slot": 1, "quantity": 2.0},
            {"supplier": 1, "slot": 0, "quantity": 1.0, "regime": 0, "lag": 1},
        ],
        sources=(Source(np.array([0]), 9.0, release(0.5)),),
    )
    out = played(arrays)
    assert at(out.released, 0) == [0.5] * 3
    assert at(out.output, 0) == [1.0, 0.5, 0.5]


def test_a_new_plant_buys_its_input_and_sells_on_the_spot_market() -> None:
    # From month 2 a plant planned for 4 may make half: it wants 2 units of ore, and the mine can
    # spare 1 (1.25 of 4). It makes 0.25 x 4 = 1 unit, a quarter of what the banned user misses.
    arrays = build(
        [
            [{"base": 4.0, "capacity": 1.25}],
            [{"base": 4.0}, {"base": 4.0, "level": 0.0, "capacity": 0.0}],
            [{"base": 1.0}],
        ],
        [{"node": 1, "need": 4.0}, {"node": 2, "need": 4.0, "level": 0.0}, {"node": 3, "need": 4}],
        [
            {"supplier": 0, "slot": 0, "quantity": 4.0},
            {"supplier": 1, "slot": 2, "quantity": 4.0, "regime": 0},
        ],
        openings=[{"supplier": 0, "slot": 1}, {"supplier": 2, "slot": 2}],
        added={2: [0.0, 0.5, 0.5]},
    )
    out = played(arrays)
    assert at(out.output, 2) == [0.0, 0.25, 0.25]
    assert at(out.output, 3) == [0.0, 0.25, 0.25]
    assert at(played(arrays, ADAPTIVE.but(builds=False)).output, 3) == [0.0] * 3


def test_plants_order_towards_the_stock_they_want() -> None:
    # A stock of 1 where 1.5 is wanted, half of the gap a month: 1.25, 1.375, 1.4375.
    arrays = build(
        [[{"capacity": 1.5}], [{}]],
        [{"node": 1, "cover": 1.0}],
        [{"supplier": 0, "slot": 0}],
        access=2.0, hoard=1.5, restock=2.0,
    )  # fmt: skip
    out = played(arrays)
    assert at(out.stock, 0) == [1.25, 1.375, 1.4375]
    assert at(out.output, 1) == [1.0] * 3
    assert at(played(arrays, ADAPTIVE.but(restocks=False)).stock, 0) == [1.0] * 3


def test_elasticities_grow_towards_the_long_run() -> None:
    # From 1/2 to 1, half of the way in half a month: 3/4, then 15/16. An eighth of the input and a
    # cost share of 1/2: (1/2 x 8^(1/3) + 1/2)^-3 = 8/27, then (1/2 x 2^(1/5) + 1/2)^-15 = 0.3411.
    arrays = build(
        [[{}], [{}]],
        [{"node": 1, "elasticity": 0.5, "elasticity_long": 1.0}],
        [{"supplier": 0, "slot": 0, "regime": 0}],
        ceiling=0.125, months=2, elasticity_time=0.5 / float(np.log(2.0)),
    )  # fmt: skip
    assert at(played(arrays, FROZEN).output, 1) == pytest.approx([8 / 27, 0.34105], abs=1e-5)


def test_plants_that_had_their_turn_do_not_count_this_month_twice() -> None:
    # The smelter uses scrap of the industry after it, lag 1, and has 0.5 months of it in stock.
    # Scrap is cut to 0.5: from month 2 on arrivals are 0.5. At the end of month 1 the smelter has
    # 0.5 left and expects 0.5: it misses nothing. At the end of month 2 it misses 0.5, and the
    # maker of primary metal for the same slot, which could make 2, sells it.
    arrays = build(
        [[{"base": 1.0}], [{"base": 1.0}, {"base": 1.0, "capacity": 2.0}]],
        [{"node": 0, "cover": 0.5}],
        [{"supplier": 1, "slot": 0, "regime": 0, "lag": 1}],
        openings=[{"supplier": 2, "slot": 0, "lag": 1}],
        ceiling=0.5,
    )
    arrays.nodes.final[2] = False
    out = played(arrays)
    assert at(out.opened, 0) == [0.0, 0.5, 0.5]
    assert at(out.output, 0) == [1.0] * 3


# Laws.


@pytest.mark.parametrize("seed", range(40))
def test_without_restriction_every_loss_is_exactly_zero(seed: int) -> None:
    """Whatever plants may do, order, build or hoard."""
    features = EVERYTHING.but(measures=False, elasticities=seed % 2 == 0)
    arrays = random_arrays(seed, features)
    for behaviour in (FROZEN, ADAPTIVE, any_behaviour(seed)):
        out = run(arrays, behaviour)
        level = arrays.nodes.level[None, :, None, None]
        assert (out.output >= level).all()
        assert (out.delivered >= level).all()
        assert (out.output[:, arrays.nodes.final] == 1).all()


@pytest.mark.parametrize("seed", range(40))
def test_what_comes_in_goes_out_or_stays(seed: int) -> None:
    arrays = random_arrays(300 + seed)
    # All customers outside the network are counted, so that what they got can be added up.
    everyone = np.ones_like(arrays.nodes.counted)
    nodes = replace(arrays.nodes, ahead=0 * everyone, counted=everyone)
    arrays = replace(arrays, nodes=nodes)
    behaviour = (FROZEN, ADAPTIVE, any_behaviour(seed))[seed % 3]
    out = run(arrays, behaviour)
    before = np.concatenate([arrays.slots.cover[None], out.stock[:-1]])
    assert np.abs(before + out.arrivals - out.used - out.stock).max(initial=0) < 1e-12
    # A supplier: what contracts took and its spare output, less what the spot market moved.
    flows, size = arrays.flows, arrays.flows.quantity[None, :, None, None]
    waiting = np.concatenate([np.zeros_like(out.queue[:1]), out.queue[:-1]])
    made = out.output * arrays.nodes.base[None, :, None, None]
    need = arrays.slots.need[arrays.openings.slot][None, :, None, None]
    for node in range(arrays.nodes.base.size):
        mine, new = flows.supplier == node, arrays.openings.supplier == node
        own = arrays.nodes.base[node] - arrays.flows.quantity[mine].sum()
        gone = (size * (out.shipped + out.queue - waiting))[:, mine].sum(axis=(1, 3))
        opened = (need * out.opened)[:, new].sum(axis=(1, 3))
        kept = own * out.delivered[:, node].sum(axis=2)
        assert made[:, node].sum(axis=2) == pytest.approx(gone + opened + kept, abs=1e-11)


@pytest.mark.parametrize("seed", range(40))
def test_no_limit_is_passed(seed: int) -> None:
    arrays = random_arrays(400 + seed)
    behaviour = (FROZEN, ADAPTIVE, any_behaviour(seed))[seed % 3]
    out = run(arrays, behaviour)
    every = slice(None)
    for month in range(arrays.months):
        ceiling = arrays.ceiling(month, every, leaks=behaviour.leaks)
        assert (out.shipped[month] <= ceiling + 1e-12).all()
        standing = arrays if behaviour.builds else arrays.unbuilt()
        capacity = standing.capacity(month, every)[:, :, None]
        most = np.maximum(capacity, arrays.nodes.level[:, None, None])
        most = np.where(
            arrays.nodes.final[:, None, None], arrays.limits.catch_up[None, :, None], most
        )
        assert (out.output[month] <= most + 1e-12).all()
    assert (out.queue <= arrays.limits.queue_cap[None, None, :, None] + 1e-12).all()
    for values in (out.output, out.stock, out.queue, out.shipped, out.used, out.opened):
        assert values.min(initial=0) >= -1e-12
    for number, source in enumerate(arrays.sources):
        others = arrays.sources[:number] + arrays.sources[number + 1 :]
        slots = np.unique(np.concatenate([source.slots, *(s for s, _ in source.shared)]))
        taken = {int(q) for s in others for q in (*s.slots, *(i for x, _ in s.shared for i in x))}
        if taken & set(slots.tolist()):
            continue
        units = arrays.slots.need[slots][None, :, None, None] / arrays.bins
        given = (out.released[:, slots] * units).sum(axis=(1, 3))
        assert (given <= source.release + 1e-12).all()
        assert (given.sum(axis=0) <= source.amount + 1e-12).all()


@pytest.mark.parametrize("seed", range(40))
def test_lanes_do_not_touch_each_other(seed: int) -> None:
    """To the last bit; powers (elasticities) alone may differ in the last one."""
    features = ELASTIC if seed % 2 else EVERYTHING
    arrays = next(a for i in range(99) if (a := random_arrays([seed, i], features)).lanes == 2)
    both = run(arrays, ADAPTIVE)
    for lane in range(2):
        alone = run(arrays.take(slice(lane, lane + 1)), ADAPTIVE)
        for field in fields(Outcome):
            if field.name == "allowed":
                continue  # skipped commodities, which hang on both lanes, are not written down
            here, there = getattr(both, field.name)[:, :, lane], getattr(alone, field.name)
            within = 1e-12 if features is ELASTIC else 0.0
            assert np.abs(here - there[:, :, 0]).max(initial=0) <= within, field.name


PRO_RATA = Features(ranks=False, alternatives=False, hosts=False)


@pytest.mark.parametrize("seed", range(60))
def test_more_restriction_never_helps_anybody_in_frozen_where_all_share(seed: int) -> None:
    """Up to every month, without a cap on queues (a cap can break it: docs/model.md)."""
    capped = random_arrays(500 + seed, PRO_RATA)
    endless = np.full_like(capped.limits.queue_cap, np.inf)
    arrays = replace(capped, limits=replace(capped.limits, queue_cap=endless))
    mild, hard = run(arrays, FROZEN), run(tighter(arrays, seed), FROZEN)
    for name in ("delivered", "output"):
        assert np.cumsum(getattr(mild, name) - getattr(hard, name), axis=0).min() > -1e-9
