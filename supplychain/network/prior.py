"""First guess of one commodity's flows, from trade rows and proportionality.

Knows nothing of balancing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from supplychain.tables import Row

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """Prior flows of one commodity.

    Attributes:
        flows: supplier x user, unit/year.
        weights: how hard each flow resists adjustment.
        rows: (supplier, user) -> the trade row behind a flow.
    """

    flows: Array
    weights: Array
    rows: Mapping[tuple[int, int], Row]


def prior_flows(
    suppliers: Mapping[str, float],
    users: Mapping[str, float],
    trade: Sequence[Row],
    home_bias: float,
    weight: Callable[[str], float],
) -> Prior:
    """Spread each user's need over suppliers: stated shares first, the rest by proportionality.

    A row with base ``use`` is a share of the user's whole use; a row with base ``imports`` a share
    of what the user does not supply to itself; a quantity stands as it is. Whatever no row states
    is spread over the other suppliers in proportion to their output, the user's own output counting
    `home_bias` times.

    Args:
        suppliers: country -> output, unit/year.
        users: country -> use, unit/year.
        trade: rows of ``trade.csv`` for this commodity, exporters all among the suppliers.
        home_bias: weight of own output where nothing is known.
        weight: evidence grade (or ``prior``) -> weight.

    Example, by hand: a user of 100 with no output of its own, 80 % of imports from A, the rest
    unstated: B (output 30) and C (output 10) share the remaining 20 as 3 to 1.
    """
    names, places = list(suppliers), list(users)
    position = {name: i for i, name in enumerate(names)}
    flows = np.zeros((len(names), len(places)))
    weights = np.full(flows.shape, weight("prior"))
    rows: dict[tuple[int, int], Row] = {}
    by_user: dict[str, list[Row]] = {}
    for row in trade:
        by_user.setdefault(str(row["importer"]), []).append(row)
    output = np.array([suppliers[name] for name in names])
    for j, place in enumerate(places):
        home = position.get(place)
        column, stated = _one_user(
            users[place], home, output, by_user.get(place, []), position, home_bias
        )
        flows[:, j] = column
        for i, row in stated.items():
            rows[i, j] = row
            weights[i, j] = weight(str(row["evidence"]))
    return Prior(flows, weights, rows)


def _one_user(
    use: float,
    home: int | None,
    output: Array,
    trade: Sequence[Row],
    position: Mapping[str, int],
    home_bias: float,
) -> tuple[Array, dict[int, Row]]:
    """Prior flows into one country and the rows behind them."""
    column = np.zeros(output.size)
    stated: dict[int, Row] = {}
    shares_of_imports: dict[int, float] = {}
    for row in trade:
        i = position[str(row["exporter"])]
        stated[i] = row
        if row["quantity"] is not None:
            column[i] += float(row["quantity"])
        elif row["base"] == "use":
            column[i] += float(row["share"]) * use
        else:
            shares_of_imports[i] = shares_of_imports.get(i, 0.0) + float(row["share"])
    bias = np.ones(output.size)
    if home is not None:
        bias[home] = home_bias
    pull = output * bias
    if home is not None and home not in stated and pull.sum() > 0:
        column[home] = min(use * pull[home] / pull.sum(), output[home])
    imports = max(use - (column[home] if home is not None else 0.0), 0.0)
    for i, share in shares_of_imports.items():
        column[i] += share * imports
    rest = use - float(column.sum())
    free = np.array([i not in stated and i != home for i in range(output.size)])
    if rest > 1e-9 * use and (output * free).sum() > 0:
        column += rest * output * free / (output * free).sum()
    return column, stated
