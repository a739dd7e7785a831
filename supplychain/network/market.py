"""Balance one commodity: what is made, used and shipped, and what had to give way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.errors import DataError, Fault
from supplychain.network.balance import balance
from supplychain.network.figures_in import Output
from supplychain.network.prior import Prior, prior_flows
from supplychain.network.values import Adjustment, Commodity
from supplychain.parameters import Parameters
from supplychain.tables import Row, Tables
from supplychain.vocabulary import REST_OF_WORLD, worst_evidence

Array = npt.NDArray[np.float64]

FINAL = "~final"
"""Use of an industry's output by nobody in the network: the goods that are sold."""


@dataclass(frozen=True)
class Market:
    """One commodity after balancing: outputs and uses by country, flows between them."""

    outputs: Mapping[str, float]
    uses: Mapping[str, float]
    other: Mapping[str, float]
    flows: Mapping[tuple[str, str], tuple[float, Row | None]]
    adjustments: tuple[Adjustment, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class _Stated:
    """What the tables say of one commodity: supplies, uses, and the weight of every figure."""

    supply: Mapping[str, float]
    supply_grades: Sequence[str]
    uses: Mapping[str, float]
    use_grades: Sequence[str]
    prior: Prior


def balance_market(
    tables: Tables,
    parameters: Parameters,
    commodity: Commodity,
    outputs: Mapping[str, Output],
    needs: Mapping[str, Sequence[tuple[Row, float]]],
) -> Market:
    """Balance one commodity.

    Args:
        outputs: country -> stated output.
        needs: country -> (recipe row, use in unit/year) of what is made downstream.

    Raises:
        DataError: the commodity is used and nobody makes it.
    """
    modelled = {country: sum(use for _, use in rows) for country, rows in needs.items()}
    if not outputs and modelled:
        users = dict.fromkeys(row for rows in needs.values() for row, _ in rows)
        raise DataError(_nobody_makes(commodity, row) for row in users)
    if commodity[1] and not modelled:
        return Market({c: o.value for c, o in outputs.items()}, {}, {}, {}, (), ())
    trade, supply, warnings = _usable_trade(tables, commodity, outputs, modelled)
    rest = max(sum(supply.values()) - sum(modelled.values()), 0.0)
    sold = {FINAL: rest} if rest > 0 else {}
    other = sold if commodity[1] else _other_uses(tables, commodity, rest)
    uses = {c: modelled.get(c, 0.0) + other.get(c, 0.0) for c in sorted({*modelled, *other})}

    def weight(grade: str) -> float:
        """How hard a figure of a grade resists being moved."""
        return parameters.value("balance_weight", grade)

    stated = _Stated(
        supply,
        [outputs[c].evidence if c in outputs else "prior" for c in supply],
        uses,
        ["prior" if other.get(c) else _worst(needs[c]) for c in uses],
        prior_flows(supply, uses, trade, parameters.value("home_bias", commodity[0]), weight),
    )
    return _balanced(commodity, outputs, other, stated, weight, warnings)


def _worst(needs: Sequence[tuple[Row, float]]) -> str:
    """Weakest grade of the recipes behind a use."""
    return worst_evidence(*(str(row["evidence"]) for row, _ in needs))


def _balanced(
    commodity: Commodity,
    outputs: Mapping[str, Output],
    other: Mapping[str, float],
    stated: _Stated,
    weight: Callable[[str], float],
    warnings: tuple[str, ...],
) -> Market:
    """Balance the stated figures, and keep what was done to them."""
    try:
        result = balance(
            stated.prior.flows,
            stated.prior.weights,
            np.array(list(stated.supply.values())),
            np.array([weight(g) for g in stated.supply_grades]),
            np.array(list(stated.uses.values())),
            np.array([weight(g) for g in stated.use_grades]),
        )
    except (ArithmeticError, np.linalg.LinAlgError) as error:
        raise DataError((_no_balance(commodity, str(error)),)) from error
    names, places = list(stated.supply), list(stated.uses)
    made = dict(zip(names, result.outputs.tolist(), strict=True))
    idle = sorted(c for c, output in made.items() if output <= 0)
    if idle:
        makers = ", ".join(idle)
        warnings += (f"{_label(commodity)}: nobody takes what {makers} makes; it is left out",)
    used = dict(zip(places, result.uses.tolist(), strict=True))
    left = {c: other[c] / stated.uses[c] * used[c] for c in places if other.get(c)}
    flows = {
        (names[i], places[j]): (float(result.flows[i, j]), stated.prior.rows.get((i, j)))
        for i, j in zip(*np.nonzero(result.flows), strict=True)
    }
    moved = _moved_totals(commodity, outputs, stated, made, used)
    moved += _moved_flows(commodity, stated, result.flows)
    modelled = {c: used[c] - left.get(c, 0.0) for c in places}
    made = {c: output for c, output in made.items() if output > 0}
    return Market(made, modelled, left, flows, tuple(moved), warnings)


def _usable_trade(
    tables: Tables,
    commodity: Commodity,
    outputs: Mapping[str, Output],
    modelled: Mapping[str, float],
) -> tuple[list[Row], dict[str, float], tuple[str, ...]]:
    """Trade rows whose exporter makes the commodity, the supplies, and what had to be left out."""
    supply = {country: output.value for country, output in outputs.items()}
    rows, lost = [], []
    for row in tables.rows("trade"):
        if row["product"] != commodity[0]:
            continue
        if row["exporter"] in supply:
            rows.append(row)
        elif commodity[1] and row["exporter"] == REST_OF_WORLD:
            supply[REST_OF_WORLD] = sum(modelled.values())
            rows.append(row)
        elif row["share"] != 0 and row["quantity"] != 0:
            lost.append(f"{row['exporter']}>{row['importer']}")
    warnings: tuple[str, ...] = ()
    if lost:
        warning = (
            f"{_label(commodity)}: trade.csv names exporters without output in the pack "
            f"({', '.join(sorted(set(lost)))}); their shares are spread over the other suppliers"
        )
        warnings = (warning,)
    return rows, supply, warnings


def _other_uses(tables: Tables, commodity: Commodity, rest: float) -> dict[str, float]:
    """Country -> use outside the modelled industries; the rest of world has what no row places."""
    shares = {
        str(r["country"]): float(r["share"])
        for r in tables.rows("other_uses")
        if r["product"] == commodity[0]
    }
    shares[REST_OF_WORLD] = shares.get(REST_OF_WORLD, 0.0) + max(1.0 - sum(shares.values()), 0.0)
    return {country: share * rest for country, share in shares.items() if share * rest > 0}


def _moved_totals(
    commodity: Commodity,
    outputs: Mapping[str, Output],
    stated: _Stated,
    made: Mapping[str, float],
    used: Mapping[str, float],
) -> list[Adjustment]:
    """What balancing did to outputs and uses."""
    name = _label(commodity)
    moved = [
        Adjustment(
            "output",
            f"{c}:{name}",
            o.value,
            made[c],
            o.evidence,
            o.rows[0],
            None if commodity[1] else made[c],
        )
        for c, o in outputs.items()
    ]
    return moved + [
        Adjustment("use", f"{c}:{name}", stated.uses[c], used[c], grade, None)
        for c, grade in zip(stated.uses, stated.use_grades, strict=True)
        if c != FINAL
    ]


def _moved_flows(commodity: Commodity, stated: _Stated, flows: Array) -> list[Adjustment]:
    """What balancing did to the flows that a trade row states."""
    names, places, name = list(stated.supply), list(stated.uses), _label(commodity)
    return [
        Adjustment(
            "flow",
            f"{names[i]}>{places[j]}:{name}",
            float(stated.prior.flows[i, j]),
            float(flows[i, j]),
            str(row["evidence"]),
            row,
            _restated(row, float(flows[i, j]), flows[:, j], names, places[j]),
        )
        for (i, j), row in stated.prior.rows.items()
        if flows[:, j].sum() > 0
    ]


def _restated(row: Row, flow: float, column: Array, names: Sequence[str], user: str) -> float:
    """A balanced flow in the terms of its row: a quantity, a share of use or of imports."""
    if row["quantity"] is not None:
        return flow
    home = float(column[names.index(user)]) if user in names and row["base"] == "imports" else 0.0
    base = float(column.sum()) - home
    return flow / base if base > 0 else 0.0


def _label(commodity: Commodity) -> str:
    """``cobalt_refined``; ``auto_parts/hre_magnet``."""
    return "/".join(part for part in commodity if part)


def _nobody_makes(commodity: Commodity, row: Row) -> Fault:
    """The fault of a recipe whose input has no producer."""
    label = _label(commodity)
    return Fault(
        row.file,
        row.line,
        "input",
        label,
        "is used but no country makes it",
        "a product with at least one row in producers, processors or industries",
        f"add an output row for {label} or remove the recipes that use it",
    )


def _no_balance(commodity: Commodity, reason: str) -> Fault:
    """The fault of figures so far apart that no balance is found."""
    return Fault(
        "products.csv",
        None,
        "product",
        _label(commodity),
        f"has figures that cannot be balanced ({reason})",
        "outputs, uses and flows of one order of magnitude",
        "check the units of its rows in producers, processors, recipes and trade",
    )
