"""What a tonne is worth: the check that tells tonnes from kilograms and dollars from thousands.

A unit that is wrong in all flows of a code cannot be seen here: the rules of a pack compare the
whole with the price of the product.
"""

from __future__ import annotations

import pandas as pd

from supplychain.importers.extract import Remark, Verdict

FAR = 100.0
_SHOWN = 5
_SUSPICIOUS_SHARE = 0.05
_LEAST_FLOWS = 3  # a median of fewer is no yardstick


def far_flows(file: str, flows: pd.DataFrame, ratio: float = FAR) -> Remark | None:
    """The share of flows whose unit value is more than `ratio` times away from their code's median.

    Args:
        file: name of the raw file.
        flows: rows with hs, quantity_t and value_usd.
        ratio: how far is far.

    Returns:
        A check, or a doubt where more than a twentieth of the flows are far; `None` where there is
        nothing to compare.

    >>> flows = pd.DataFrame({"hs": ["282200"] * 4, "quantity_t": [1.0, 1.0, 2.0, 1000.0],
    ...                       "value_usd": [20e3, 25e3, 44e3, 20e3]})
    >>> print(far_flows("x.csv", flows))
    x.csv: 1 of 4 flows (25.0%) are worth, by the tonne, over 100 times more or less than the \
median of their code: 282200 1 of 4 (DOUBTFUL)
    """
    known = flows[(flows["quantity_t"] > 0) & (flows["value_usd"] > 0)]
    values = known["value_usd"] / known["quantity_t"]
    by_code = values.groupby(known["hs"])
    enough = by_code.transform("size") >= _LEAST_FLOWS
    if not enough.any():
        return None
    distance = (values / by_code.transform("median"))[enough]
    far = (distance > ratio) | (distance < 1 / ratio)
    share = float(far.mean())
    what = (
        f"{int(far.sum())} of {len(far)} flows ({share:.1%}) are worth, by the tonne, over "
        f"{ratio:g} times more or less than the median of their code"
    )
    codes = known.loc[far[far].index, "hs"].value_counts()
    sizes = known["hs"].value_counts()
    worst = [f"{code} {count} of {sizes[code]}" for code, count in codes.head(_SHOWN).items()]
    what += f": {', '.join(worst)}" if worst else ""
    verdict: Verdict = "doubt" if share > _SUSPICIOUS_SHARE else "check"
    return Remark(verdict, file, None, "", "", what)
