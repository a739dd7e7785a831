"""Countries against the world total that a publisher prints: the check of an output table.

A thousandfold slip of one country, or of a whole table, shows here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from supplychain.importers.extract import Remark

WITHIN = 0.05
_UNITS_APART = 5.0  # times: more than any withheld country explains
_SHOWN = 5


def against_world(
    file: str, countries: pd.DataFrame, world: pd.DataFrame, key: Sequence[str]
) -> tuple[Remark, ...]:
    """Compare the sum over countries with the printed total, table by table.

    Args:
        file: name of the raw file.
        countries: rows with the columns of `key` and `value`; what has no value is left aside.
        world: the printed totals, with the same columns.
        key: what makes a table (commodity, unit, year).

    Returns:
        One check that says how many tables agree within `WITHIN` and names the worst, and one
        doubt for each table whose sum is five times too large or too small.

    >>> made = pd.DataFrame({"what": ["Ga", "Ga", "Ge"], "value": [90.0, 10.0, 5000.0]})
    >>> total = pd.DataFrame({"what": ["Ga", "Ge"], "value": [100.0, 5.0]})
    >>> for remark in against_world("x.csv", made, total, ["what"]):
    ...     print(remark)
    x.csv: countries agree with the printed world total within 5% in 1 of 2 tables; others: Ge 1,000
    x.csv: Ge: countries add up to 5,000 and the world is printed as 5 (DOUBTFUL)
    """
    sums = countries.dropna(subset="value").groupby(list(key))["value"].sum()
    printed = world.dropna(subset="value").groupby(list(key))["value"].sum()
    both = pd.concat([sums, printed], axis=1, keys=["sum", "total"]).dropna()
    both = both[both["total"] > 0]
    if both.empty:
        return ()
    ratio = both["sum"] / both["total"]
    off = ratio[(ratio - 1).abs() > WITHIN].sort_values(key=lambda r: -(r - 1).abs())
    what = (
        f"countries agree with the printed world total within {WITHIN:.0%} in "
        f"{len(both) - len(off)} of {len(both)} tables"
    )
    worst = [f"{_name(place)} {times:,.4g}" for place, times in off.head(_SHOWN).items()]
    what += f"; others: {', '.join(worst)}" if worst else ""
    far = off[(off > _UNITS_APART) | (off < 1 / _UNITS_APART)]
    return (
        Remark("check", file, None, "", "", what),
        *(
            Remark(
                *("doubt", file, None, "", ""),
                f"{_name(place)}: countries add up to {both.loc[place, 'sum']:,.6g} and the "
                f"world is printed as {both.loc[place, 'total']:,.6g}",
            )
            for place in far.index
        ),
    )


def _name(place: object) -> str:
    return " ".join(map(str, place)) if isinstance(place, tuple) else str(place)
