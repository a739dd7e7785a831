"""The queue engine beside BoARIO, an independent ARIO model, on the same table and shock.

    pip install boario==0.7.2 pymrio progressbar2
    python benchmarks/compare_boario.py

BoARIO (Juhel, doi:10.21105/joss.06547, GPL-3) is run here, not used: the package does not know it.
Table: the one shipped with pymrio and used in BoARIO's own examples, 6 regions x 8 sectors = 48
industries, each with 8 inputs. Shock: one industry loses half of its capacity from the third step
on, for good. Inventories are 90 days of every input; no overproduction, no rebuilding.

Where the rules coincide. An industry makes at most its capacity and what its scarcest input allows;
inputs are sectors, their makers in all regions are alike; what is made is shared among its buyers
in proportion to what they usually take; what is used leaves the stock, what arrives is there in the
next step. In our terms: an input with a lag of one step and a cover of 89 days, the ninetieth day
being under way; lost capacity is an input of its own, supplied in part. BoARIO slows down as soon
as a stock falls below psi times its goal; psi = 1/90 is our rule, which slows down only when the
stock does not cover the step.

Where they do not. In BoARIO an industry that makes less also orders less: its suppliers lose sales
(upstream losses), and it gets less of what is scarce while others get more. It also orders to fill
its stocks, and with order type "alt" turns to suppliers with more capacity. Our frozen case has no
demand: suppliers go on at their baseline and shares stay as they are. psi = 0.8 saves inputs early.

The first comparison therefore holds BoARIO's orders at their baseline, from outside, to show that
the rest is the same model; the others let them go. The last two show what a month costs against a
day: first both in steps of 30 days, then the means of BoARIO's days against our months with the
same 89 days of cover. A month moves a shortage on by a month at each stage, so less is lost.
"""

import importlib.util
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

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
    Technologies,
)
from supplychain.model.frozen import frozen

Array = npt.NDArray[np.float64]

DAYS = 360
INVENTORY_DAYS = 90
LOST_CAPACITY = 0.5
FIRST_STEP = 2  # An event that occurs at BoARIO's first moment binds from its third step on.
SHOCKED = (("reg1", "manufactoring"), ("reg3", "mining"))  # spelt so in the table
NO_INPUT = 1e-5 / 365  # Of output. BoARIO leaves out what in a year is below 1e-5 of a day.
NEVER = 10**9
NO_LINK = np.empty(0, dtype=np.int64)


@dataclass(frozen=True)
class Table:
    """Yearly sales between industries (N, N), outputs (N,), and their region and sector."""

    sales: Array
    output: Array
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Links:
    """Slots (node, size) and flows (supplier, slot, size), nodes and slots in order."""

    node: Sequence[int]
    need: Sequence[float]
    supplier: Sequence[int]
    slot: Sequence[int]
    quantity: Sequence[float]


def links(table: Table, shocked: int) -> Links:
    """One slot per industry and input sector, one flow per sale; node 0 gives the permit.

    The permit is an input of the shocked industry alone, in proportion to its output.
    """
    sectors = sorted({s for _, s in table.labels})
    rows = {s: [i for i, (_, own) in enumerate(table.labels) if own == s] for s in sectors}
    node: list[int] = []
    need: list[float] = []
    flows: list[tuple[int, int, float]] = []
    for j, output in enumerate(table.output.tolist()):
        for sector in sectors:
            used = float(table.sales[rows[sector], j].sum())
            if used > NO_INPUT * output:
                flows += [(i + 1, len(node), float(table.sales[i, j])) for i in rows[sector]]
                node.append(j + 1)
                need.append(used)
        if j == shocked:
            flows.append((0, len(node), output))
            node.append(j + 1)
            need.append(output)
    kept = sorted((f for f in flows if f[2] > 0), key=lambda f: (f[0] != 0, f[1], f[0]))
    supplier, slot, quantity = zip(*kept, strict=True)
    return Links(node, need, supplier, slot, quantity)


def arrays(table: Table, shocked: int, *, steps: int, cover: float, first: int) -> Arrays:
    """The table as arrays of the engine: a stock of `cover` steps and one under way, no adaptation.

    One step takes the place of the engine's month; sizes are yearly, as only ratios count.
    """
    link = links(table, shocked)
    count, q, e = table.output.size + 1, len(link.node), len(link.supplier)
    node, need = np.array(link.node), np.array(link.need)
    supplier, slot = np.array(link.supplier), np.array(link.slot)
    quantity = np.array(link.quantity)
    permit = supplier == 0
    stock = np.full((q, 1, 1), float(cover))
    stock[slot[permit]] = 0.0
    left = np.full((steps, 1, 1, 1), np.inf)
    left[first:] = 1.0 - LOST_CAPACITY
    zeros, none = np.zeros((q, 1)), np.full((q, 1), np.nan)
    no_turn = np.zeros(count, dtype=np.int64)
    one = np.ones(1)
    return Arrays(
        months=steps,
        bins=1,
        lanes=1,
        blocks=(
            Block(slice(0, 1), slice(0, 0), slice(0, 1), slice(0, 0)),
            Block(slice(1, count), slice(0, q), slice(1, e), slice(0, 0)),
        ),
        nodes=Nodes(
            base=np.append(table.output[shocked], table.output),
            level=np.ones(count),
            capacity=np.ones((count, 1)),
            final=np.zeros(count, dtype=np.bool_),
            host=np.full(count, -1),
            host_ratio=np.ones(count),
            rank=no_turn,
            ahead=np.zeros(count),
            counted=np.ones(count),
        ),
        slots=Slots(
            node=node,
            need=need,
            level=np.ones(q),
            main=np.ones(q, dtype=np.bool_),
            weight=np.ones((q, 1)),
            elasticity=none,
            elasticity_long=none,
            cost_share=np.zeros(q),
            cover=stock,
            substitution=zeros,
            substitution_most=np.zeros(q),
            substitution_start=np.zeros(q),
        ),
        flows=Flows(
            supplier=supplier,
            slot=slot,
            share=(quantity / need[slot])[:, None],
            quantity=quantity,
            lag=np.where(permit, 0, 1),
            regime=np.where(permit, 0, -1),
            rank=np.zeros(e, dtype=np.int64),
        ),
        openings=Openings(NO_LINK, NO_LINK, NO_LINK, np.empty((0, 1)), NO_LINK, NO_LINK, NO_LINK),
        regimes=Regimes(left, left),
        technologies=Technologies(
            NO_LINK, np.empty((0, 1)), np.empty(0), np.empty(0), NO_LINK, NO_LINK, np.empty(0)
        ),
        projects=Projects(NO_LINK, np.empty((steps, 0, 1))),
        sources=(),
        limits=Limits(
            catch_up=one,
            access=one,
            new_share=np.zeros(1),
            queue_cap=np.zeros(1),
            restock=one * np.inf,
            hoard=one,
            elasticity_time=one * np.inf,
            spot_rounds=0,
            start=0,
        ),
    )


def ours(
    table: Table,
    shocked: int,
    step_days: int = 1,
    *,
    cover_days: float | None = None,
    first: int = FIRST_STEP,
) -> Array:
    """Output of every industry over baseline, (steps, N), in the frozen case.

    The cover is what BoARIO's inventory is without the step that is under way, unless given.
    """
    cover = INVENTORY_DAYS - step_days if cover_days is None else cover_days
    built = arrays(table, shocked, steps=DAYS // step_days, cover=cover / step_days, first=first)
    return np.asarray(frozen(built, trace=False).output[:, 1:, 0, 0], dtype=np.float64)


def theirs(
    io: Any,
    industry: tuple[str, str],
    *,
    step_days: int = 1,
    orders: str = "noalt",
    hold_orders: bool = False,
    psi: float | None = None,
    refill_days: int = NEVER,
) -> Array:
    """Output of every industry over baseline, (steps, N), in BoARIO."""
    import pandas as pd
    from boario.event import from_series
    from boario.extended_models import ARIOPsiModel
    from boario.simulation import Simulation

    model = ARIOPsiModel(
        io,
        alpha_max=1.0,
        main_inv_dur=INVENTORY_DAYS,
        temporal_units_by_step=step_days,
        order_type=orders,
        psi_param=psi or step_days / INVENTORY_DAYS,
        inventory_restoration_tau=refill_days,
    )
    if hold_orders:
        model.calc_orders = lambda: None
    simulation = Simulation(model, n_temporal_units_to_sim=DAYS)
    lost = pd.Series({industry: LOST_CAPACITY})
    simulation.add_event(
        from_series(lost, event_type="arbitrary", duration=DAYS - 1, recovery_tau=1)
    )
    simulation.loop()
    made = simulation.production_realised.to_numpy(dtype=np.float64)
    return np.asarray(made[::step_days] / model.X_0, dtype=np.float64)


def monthly(daily: Array) -> Array:
    """Means of thirty days."""
    return daily.reshape(-1, 30, daily.shape[1]).mean(axis=1)


def report(name: str, found: Array, reference: Array, output: Array, shocked: int) -> None:
    """How far two output paths lie apart, and what each says was lost over the horizon."""
    weight = output / output.sum()
    apart = np.abs(found - reference)
    others = np.arange(weight.size) != shocked
    print(
        f"{name:52} {100 * weight @ (1 - found).mean(axis=0):7.3f} %"
        f" {100 * weight @ (1 - reference).mean(axis=0):7.3f} %"
        f" {apart.max():9.1e} {apart[:, others].mean():9.1e}"
    )


def one_shock(io: Any, table: Table, shocked: int) -> None:
    """BoARIO's rules let go one after the other, beside the same frozen case."""
    industry = table.labels[shocked]
    day = ours(table, shocked)
    print(f"{' '.join(industry)} makes half; output lost in {DAYS} days, all industries")
    print(f"{'BoARIO with':52} {'BoARIO':>9} {'ours':>9} {'max diff':>9} {'mean diff':>9}")
    cases: dict[str, dict[str, Any]] = {
        "orders held at baseline": {"hold_orders": True},
        "orders that follow output": {},
        "and fill stocks in 60 days": {"refill_days": 60},
        "and turn to suppliers with capacity (alt)": {"refill_days": 60, "orders": "alt"},
        "and inputs saved below 0.8 of the goal (psi)": {
            "refill_days": 60,
            "orders": "alt",
            "psi": 0.8,
        },
    }
    for name, settings in cases.items():
        report(name, theirs(io, industry, **settings), day, table.output, shocked)
    held = theirs(io, industry, step_days=30, hold_orders=True)
    month = ours(table, shocked, 30)
    report("orders held, steps of 30 days in both", held, month, table.output, shocked)
    report(
        "orders held, means of its days against our months",
        monthly(theirs(io, industry, hold_orders=True)),
        ours(table, shocked, 30, cover_days=INVENTORY_DAYS - 1, first=0),
        table.output,
        shocked,
    )


def every_shock(io: Any, table: Table) -> None:
    """The largest difference with orders held, over all industries that may be hit."""
    apart = [
        np.abs(theirs(io, industry, hold_orders=True) - ours(table, k)).max()
        for k, industry in enumerate(table.labels)
    ]
    print(
        f"orders held, each of the {len(apart)} industries hit in turn, {DAYS} steps of a day: "
        f"no output differs by more than {max(apart):.1e} of its baseline"
    )


def main() -> None:
    """Print the comparisons."""
    missing = [m for m in ("boario", "pymrio", "progressbar") if not importlib.util.find_spec(m)]
    if missing:
        sys.exit(
            f"This comparison needs {', '.join(missing)}, which the package itself does not use: "
            "pip install boario==0.7.2 pymrio progressbar2"
        )
    warnings.simplefilter("ignore")
    import pymrio

    io = pymrio.load_test().calc_all()
    industries = sorted(io.Z.index)
    table = Table(
        io.Z.loc[industries, industries].to_numpy(dtype=np.float64),
        io.x.loc[industries].to_numpy(dtype=np.float64).ravel(),
        tuple((str(r), str(s)) for r, s in industries),
    )
    for industry in SHOCKED:
        one_shock(io, table, table.labels.index(industry))
    every_shock(io, table)


if __name__ == "__main__":
    main()
