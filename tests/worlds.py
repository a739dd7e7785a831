"""Tiny worlds in a few words, and one call that runs a case on them. Helpers, not tests.

A line of a table is written as its first columns and, where needed, `column=value`:
``"CHN magnet 120 capacity=180"``. Ranges that a line does not give have no width; the unit of time
of the engine is a month, so an output of 120 a year is 10 a month.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
from conftest import write_pack

from supplychain.compiled import Compiled, compile_arrays
from supplychain.coverage import Resolved, resolve
from supplychain.draws import Central, Draws
from supplychain.model.adaptive import adaptive
from supplychain.model.frozen import frozen
from supplychain.model.outcome import Outcome
from supplychain.model.planner import Plan, plan
from supplychain.model.static import static
from supplychain.network.build import build_network
from supplychain.network.values import Network
from supplychain.scenario import Restriction, Scenario, StockRelease, restrict
from supplychain.tables import load_tables

Array = npt.NDArray[np.float64]
Record = dict[str, str]

CONSTANTS: Mapping[str, float] = {
    "cover_bins": 1,  # one plant per node: its cover is the median
    "days_per_month": 30,  # a cover of 60 days is two months
    "content_threshold": 0.001,
    "home_bias": 1,
    "balance_weight A": 1000,
    "balance_weight B": 100,
    "balance_weight C": 10,
    "balance_weight D": 1,
    "balance_weight prior": 0.1,
    "essentiality_weight critical": 1,
    "essentiality_weight important": 0.5,
    "essentiality_weight non_critical": 0,
    "capacity_spare": 1,  # nobody has anything to spare
    "access_ceiling": 1,
    "new_supplier_share": 0,
    "qualification_lag_months": 0,
    "transit_lag_months": 0,
    "catch_up_capacity": 1.14,
    "queue_cap_months": 0,
    "spot_rounds": 3,
    "restock_months": 0,  # nobody orders towards a stock
    "hoarding": 1,
    "allied_sharing": 0,
    "price_tax_pass_through": 1,
    "elasticity_long": 0,  # an elasticity stays what it is
    "elasticity_time_months": 24,
    "leakage": 0,
    "leakage_lag_months": 0,
    "leakage_enforcement_month": 120,
    "leakage_enforced": 0,
    "licence_dead_time_months": 2,
    "licence_ramp_months": 0,
    "licence_headroom": 1.25,
}
"""Every constant that the engine asks for, so chosen that a world can be worked out by hand."""

LEADS = {  # the columns that a line gives without naming them
    "products": "product stage",
    "producers": "country product output",
    "processors": "country product output",
    "industries": "country industry output_musd",
    "segments": "country industry segment share",
    "recipes": "output input amount essentiality",
    "trade": "exporter importer product share",
    "stocks": "country user product cover_days",
    "other_uses": "country product share",
    "substitutes": "product user share_per_year maximum start_month",
    "controls": "control_id actor minerals products start",
    "recovery": "country product share_per_year maximum start_month",
    "projects": "project country product capacity start",
    "technologies": "output technology share_per_year maximum start_month",
    "markets": "product demand_elasticity",
    "demand_classes": "country industry class share",
}


@dataclass(frozen=True)
class World:
    """The lines of a pack, and the constants that differ from `CONSTANTS`."""

    tables: Mapping[str, Sequence[str]]
    constants: Mapping[str, float | tuple[float, float, float]] = field(default_factory=dict)

    def but(
        self, *, constants: Mapping[str, float] | None = None, **tables: Sequence[str]
    ) -> World:
        """The same world with other tables or constants."""
        return World({**self.tables, **tables}, {**self.constants, **(constants or {})})

    def records(self) -> dict[str, list[Record]]:
        """All tables of the pack, cell by cell."""
        found = {
            name: [_record(name, line) for line in lines]
            for name, lines in self.tables.items()
            if lines
        }
        return _complete(found) | {"parameters": _parameters(self.constants)}

    def network(self, folder: Path) -> Network:
        """Write the pack into a folder of its own, read it and balance it."""
        return network_of(self.records(), folder)


def world(*, constants: Mapping[str, float] | None = None, **tables: Sequence[str]) -> World:
    """A world from the lines of its tables."""
    return World(tables, constants or {})


def network_of(tables: Mapping[str, Iterable[Mapping[str, str]]], folder: Path) -> Network:
    """Write a pack into a folder of its own, read it and balance it."""
    written = {name: [dict(row) for row in rows] for name, rows in tables.items()}
    digest = hashlib.sha256(repr(sorted(written.items())).encode()).hexdigest()[:16]
    return build_network(load_tables(write_pack(folder / digest, **written)))


@dataclass(frozen=True)
class Run:
    """One scenario on one network, compiled once; cases run when first asked for."""

    network: Network
    resolved: Resolved
    compiled: Compiled

    @cached_property
    def frozen(self) -> Outcome:
        """The no-adaptation case."""
        return frozen(self.compiled.arrays)

    @cached_property
    def adaptive(self) -> Outcome:
        """The central case."""
        return adaptive(self.compiled.arrays)

    def ids(self) -> list[str]:
        """Ids of the compiled nodes, in array order."""
        return [self.network.nodes[i].id for i in self.compiled.nodes]

    def at(self, node: str) -> int:
        """Position of a node in the arrays."""
        return self.ids().index(node)

    def slot(self, node: str, product: str) -> int:
        """Position of an input of a node in the arrays."""
        found = [self.network.slots[q] for q in self.compiled.slots]
        pairs = [(self.network.nodes[s.node].id, s.commodity[0]) for s in found]
        return pairs.index((node, product))

    def flow(self, supplier: str, user: str) -> int:
        """Position of the flow between two nodes in the arrays."""
        found = [self.network.flows[e] for e in self.compiled.flows]
        nodes, slots = self.network.nodes, self.network.slots
        pairs = [(nodes[f.supplier].id, nodes[slots[f.slot].node].id) for f in found]
        return pairs.index((supplier, user))

    def ceilings(self, *, leaks: bool = False, openings: bool = False) -> Array:
        """What measures leave of each flow or opening, (T, links, L); infinite where none is."""
        arrays = self.compiled.arrays
        regime = arrays.openings.regime if openings else arrays.flows.regime
        table = arrays.regimes.leaky if leaks else arrays.regimes.ceiling
        found = np.full((arrays.months, regime.size, arrays.lanes), np.inf)
        covered = np.flatnonzero(regime >= 0)
        found[:, covered] = table[:, regime[covered]].mean(axis=3)
        return found

    def plan(self, *nodes: str) -> Plan:
        """The best that could be done for some nodes, each weighing its baseline output."""
        targets = np.array([self.at(n) for n in nodes], dtype=np.int64)
        return plan(self.compiled.arrays, targets, self.compiled.arrays.nodes.base[targets])

    def monthly(self, case: str, node: str) -> Array:
        """Output of a node over its baseline, month by month."""
        if node not in self.ids():
            return np.ones(self.compiled.arrays.months)
        if case == "planner":
            return np.asarray(self.plan(node).output[:, 0].mean(axis=-1))
        outcome = self.frozen if case == "frozen" else self.adaptive
        return np.asarray(outcome.output[:, self.at(node), 0].mean(axis=-1))

    def loss(self, case: str, node: str) -> float:
        """Sum of a node's monthly losses over its baseline of the whole horizon."""
        return float(np.mean(1.0 - self.monthly(case, node)))

    def losses(self, case: str) -> dict[str, float]:
        """Losses over the horizon by node id."""
        return {node: self.loss(case, node) for node in self.ids()}

    def static(self, node: str, month: int = 0) -> float:
        """Output of a node in the timeless case."""
        return float(static(self.compiled.arrays, month)[self.at(node)])


def run(network: Network, scenario: Scenario, draws: Draws | None = None) -> Run:
    """Resolve and compile a scenario."""
    resolved = resolve(scenario, network)
    return Run(network, resolved, compile_arrays(network, resolved, draws or Central()))


def stop(
    actor: str = "CHN",
    item: str = "magnet",
    *,
    severity: float = 1.0,
    months: int = 12,
    horizon: int = 0,
    **more: object,
) -> Scenario:
    """A ban, a full stop unless a severity is given."""
    return restrict(
        actor,
        item,
        kind="ban",
        severity=severity,
        months=months,
        horizon=horizon,
        **more,  # type: ignore[arg-type]
    )


def several(
    *restrictions: Restriction, horizon: int = 0, releases: Sequence[StockRelease] = ()
) -> Scenario:
    """A scenario of several restrictions."""
    return Scenario("test", "test", restrictions, tuple(releases), ("KOR",), "2025-01", horizon)


# From lines to cells ------------------------------------------------------------------------------

BANDS = {
    "producers": "output",
    "processors": "output",
    "segments": "share",
    "recipes": "amount",
    "other_uses": "share",
    "trade": "share",
    "stocks": "cover_days",
    "substitutes": "share_per_year",
    "industries": "exports_usd",
    "recovery": "share_per_year",
    "technologies": "share_per_year",
    "demand_classes": "share",
}


def _record(table: str, line: str) -> Record:
    """One line as cells by column."""
    words = line.split()
    plain = [w for w in words if "=" not in w]
    named = dict(w.split("=", 1) for w in words if "=" in w)
    return dict(zip(LEADS[table].split(), plain, strict=False)) | {
        k: v.replace("~", " ") for k, v in named.items()
    }


def _complete(tables: Mapping[str, list[Record]]) -> dict[str, list[Record]]:
    """Fill in what a line need not say."""
    stages = {row["product"]: row["stage"] for row in tables["products"]}
    done = {
        name: [_FILL.get(name, _as_is)(row, stages) for row in rows]
        for name, rows in tables.items()
    }
    for name, column in BANDS.items():
        for row in done.get(name, []):
            centre = row.get(column) or row.get("quantity", "")
            row.setdefault("low", centre)
            row.setdefault("high", centre)
    return _named(done)


def _as_is(row: Record, stages: Mapping[str, str]) -> Record:
    return row


def _product(row: Record, stages: Mapping[str, str]) -> Record:
    industry = row["stage"] == "industry"
    unit, mass = ("musd", "") if industry else ("t", "1")
    return {"name": "the " + row["product"], "unit": unit, "mass_t_per_unit": mass} | row


def _with_unit(row: Record, stages: Mapping[str, str]) -> Record:
    return {"unit": "musd" if stages[row["product"]] == "industry" else "t"} | row


def _industry(row: Record, stages: Mapping[str, str]) -> Record:
    dollars = str(float(row.pop("output_musd")) * 1e6)
    return {"output_usd": dollars, "exports_usd": dollars} | row


def _segment(row: Record, stages: Mapping[str, str]) -> Record:
    return {"name": row["segment"]} | row


def _recipe(row: Record, stages: Mapping[str, str]) -> Record:
    """``cars/all`` is a segment of an industry; the class may be an elasticity, ``0.05@0.01``."""
    row = {"relation": "input", "technology": "main"} | row
    row["output"], _, row["segment"] = row["output"].partition("/")
    row["input"], _, row["input_segment"] = row["input"].partition("/")
    how = row.pop("essentiality", "")
    if row["relation"] in {"host", "basket"}:
        return row
    if "@" in how:
        elasticity, cost_share = how.split("@")
        ends = dict.fromkeys(("elasticity", "elasticity_low", "elasticity_high"), elasticity)
        return ends | {"cost_share": cost_share} | row
    how = how or "critical"
    return dict.fromkeys(("essentiality", "essentiality_low", "essentiality_high"), how) | row


def _trade(row: Record, stages: Mapping[str, str]) -> Record:
    base = {} if "quantity" in row else {"base": "use"}
    return _with_unit(row, stages) | base | row


def _stock(row: Record, stages: Mapping[str, str]) -> Record:
    centre = row["cover_days"]
    return {"holder": "private", "median_low": centre, "median_high": centre} | row


def _recovery(row: Record, stages: Mapping[str, str]) -> Record:
    return {"kind": "recycling"} | row


def _project(row: Record, stages: Mapping[str, str]) -> Record:
    sure = {"ramp_months": "0", "probability": "1", "status": "financed"}
    late = dict.fromkeys(("slip_months", "slip_low", "slip_high"), "0")
    return _with_unit(row, stages) | sure | late | row


def _technology(row: Record, stages: Mapping[str, str]) -> Record:
    row["output"], _, row["segment"] = row["output"].partition("/")
    return {"merit": "1"} | row


def _control(row: Record, stages: Mapping[str, str]) -> Record:
    return {"title": row["control_id"], "targets": "*", "kind": "licence"} | row


def _market(row: Record, stages: Mapping[str, str]) -> Record:
    """Supply, choke price, overshoot and pass-through are of no matter to a tax."""
    plain = {"supply_elasticity": "0", "choke_price_ratio": "10", "overshoot": "1"}
    filled = plain | {"pass_through": "1"} | row
    ends = {
        f"{name}_{end}": value
        for name, value in filled.items()
        if name in {"demand_elasticity", *plain, "pass_through"}
        for end in ("low", "high")
    }
    return ends | filled


_FILL = {
    "markets": _market,
    "products": _product,
    "producers": _with_unit,
    "processors": _with_unit,
    "industries": _industry,
    "segments": _segment,
    "recipes": _recipe,
    "trade": _trade,
    "stocks": _stock,
    "controls": _control,
    "recovery": _recovery,
    "projects": _project,
    "technologies": _technology,
}


def _named(tables: dict[str, list[Record]]) -> dict[str, list[Record]]:
    """Add the tables of names: sources, countries, minerals."""
    countries = {
        row[c]
        for rows in tables.values()
        for row in rows
        for c in ("country", "exporter", "importer", "actor")
        if row.get(c, "*") != "*"
    } | {"CHN", "KOR", "ROW"}
    minerals = {row["mineral"] for row in tables["products"] if row.get("mineral")}
    minerals |= {m for row in tables["products"] for m in row.get("semi_of", "").split("|") if m}
    return {
        "sources": [
            {
                "source_id": "test",
                "title": "An invented world",
                "publisher": "Nobody",
                "year": "2024",
                "licence": "CC0",
                "embed": "yes",
            }
        ],
        "countries": [
            {"iso3": c, "name": "land of " + c, "region": "World"} for c in sorted(countries)
        ],
        "minerals": [
            {"mineral": m, "name": "the mineral " + m, "group": "test"}
            for m in sorted(minerals | {"element"})
        ],
    } | tables


def _parameters(changed: Mapping[str, float | tuple[float, float, float]]) -> list[Record]:
    """Rows of ``parameters.csv``; a name may end in a scope."""
    rows = []
    for key, value in {**CONSTANTS, **changed}.items():
        name, _, scope = key.partition(" ")
        centre, low, high = value if isinstance(value, tuple) else (value, value, value)
        rows.append(
            {
                "parameter": name,
                "scope": scope or "*",
                "value": str(centre),
                "low": str(low),
                "high": str(high),
                "unit": "1",
            }
        )
    return rows


# A world of two links, small enough for a postcard ------------------------------------------------

LINK = world(
    products=["magnet component", "cars industry"],
    processors=["CHN magnet 120"],
    industries=["KOR cars 120"],
    segments=["* cars all 1"],
    recipes=["cars/all magnet 1 critical"],
    trade=["CHN KOR magnet 1"],
)
"""China makes 10 magnets a month; Korea makes 10 cars of one magnet each, without stock."""

CARS = "KOR:cars/all"


def with_stock(days: float) -> World:
    """`LINK`, its car plants holding so many days of magnets."""
    return LINK.but(stocks=[f"* * * {days}"])


def path(
    values: Sequence[float], *, actor: str = "CHN", item: str = "magnet", horizon: int = 0
) -> Scenario:
    """A dated path of ceilings that lasts as long as its values."""
    return restrict(actor, item, path=values, months=len(values), horizon=horizon)


def restriction(actor: str, *items: str, **more: object) -> Restriction:
    """One restriction, a full ban unless said otherwise."""
    return replace(Restriction(actor, items), **more)  # type: ignore[arg-type]
