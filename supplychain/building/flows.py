"""Who buys from whom: rows of `trade.csv` from bilateral trade statistics."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

import pandas as pd

from supplychain.building.places import NOBODY, Places
from supplychain.building.rule import Cells, Rule, number
from supplychain.importers import Extract, Remark
from supplychain.vocabulary import EVIDENCE, REST_OF_WORLD

Importers = Collection[str]
_LEAST_IMPORTER = 0.01  # share of world imports above which an importer is kept unasked
_LEAST_REST = 0.001  # a rest of the imports below this is rounding
_NOISE = 1e-12  # what sums of binary fractions leave
_MEASURES = {"quantity": "quantity_t", "value": "value_usd"}


@dataclass(frozen=True)
class Setting:
    """What the pack says of the product before its trade is derived.

    Attributes:
        makers: countries with output of the product.
        focus: importers that are always kept.
        by_hand: importers that have trade rows written by hand; the rule leaves them alone.
        unit: unit of the product.
        price: USD per unit with its low and high, or `None`.
    """

    makers: frozenset[str]
    focus: frozenset[str]
    by_hand: frozenset[str]
    unit: str
    price: tuple[float, float, float] | None


def codes_of(rule: Rule) -> dict[str, float]:
    """HS code -> tonnes of the pack's product in one tonne traded under it.

    Raises:
        DataError: an item is not CODE:CONTENT, with six digits and a content in 0-1.
    """
    found: dict[str, float] = {}
    for item in rule.select.get("hs", ()):
        code, _, content = item.partition(":")
        if not (code.isdigit() and len(code) == 6):  # noqa: PLR2004 - six digits make an HS code
            raise rule.fault(
                f"names {item!r}: {code!r} is no HS code", "six digits, as in 282200:0.6"
            )
        try:
            found[code] = float(content or "1")
        except ValueError:
            raise rule.fault(f"names {item!r}: {content!r} is no number") from None
        if not 0 < found[code] <= 1:
            raise rule.fault(f"names {item!r}: a content lies in 0-1")
    if not found:
        raise rule.fault("names no HS code", "hs=CODE:CONTENT, several allowed")
    return found


def from_trade(
    rule: Rule, extract: Extract, places: Places, setting: Setting
) -> tuple[list[Cells], list[Remark]]:
    """Shares of each importer's imports by exporter, averaged over the years of the rule.

    The share of exporter i in the imports of j is sum(x_ij) / sum(x_kj), x being tonnes or USD over
    all years and codes, each code times its content. Its band holds the share of every single year
    and the share by the other measure. Left out, and said: flows whose unit value is further from
    the median of their code than the ratio of the rule (another good under the same code), and
    exporters without output in the pack (re-exports), whose part is spread over the others.

    Raises:
        DataError: nothing is found, or the unit value of the whole is so far from the price of the
            product that units must have been mixed up.
    """
    contents = codes_of(rule)
    remarks: list[Remark] = []
    flows = extract.frame[
        extract.frame["hs"].isin(contents) & extract.frame["year"].isin(rule.years)
    ].copy()
    absent = sorted(set(contents) - set(flows["hs"]))
    if absent:
        raise rule.fault(f"finds no trade under {', '.join(absent)} in {extract.file}")
    there = set(zip(flows["hs"], flows["year"], strict=True))
    for code, year in ((c, y) for c in contents for y in rule.years if (c, y) not in there):
        remarks.append(rule.remark(extract.file, f"HS {code} has no trade in {year}"))
    flows["weight"] = flows["hs"].map(contents)
    flows = _same_good(rule, extract, flows, remarks)
    _plausible(rule, extract, flows, setting)
    flows["quantity_t"] *= flows["weight"]
    flows["value_usd"] *= flows["weight"]
    for side in ("exporter", "importer"):
        flows[side] = _countries(rule, extract, flows[side], places)
    flows = flows[(flows["exporter"] != flows["importer"]) & (flows["importer"] != REST_OF_WORLD)]
    measure = _measure(rule)
    _weightless(rule, extract, flows, measure, remarks)
    flows = _made_there(rule, extract, flows, measure, setting, remarks)
    rows: list[Cells] = []
    for importer in _importers(rule, flows, measure, setting):
        into = flows[flows["importer"] == importer]
        rows.extend(_into(rule, extract, into, importer, measure, setting.makers))
    return rows, remarks


def _measure(rule: Rule) -> str:
    """The column that shares are counted in."""
    said = rule.one("measure", "quantity")
    if said not in _MEASURES:
        raise rule.fault(f"measures by {said!r}", " or ".join(_MEASURES))
    return _MEASURES[said]


def _weightless(
    rule: Rule, extract: Extract, flows: pd.DataFrame, measure: str, remarks: list[Remark]
) -> None:
    """Say what counts for nothing because the measure is not reported."""
    missing = flows[flows[measure].isna()]
    if len(missing):
        share = missing["value_usd"].sum() / (flows["value_usd"].sum() or 1.0)
        what = f"{len(missing)} flows ({share:.1%} of the value) without a {measure}"
        remarks.append(rule.remark(extract.file, what))
    if not flows[measure].sum() > 0:
        raise rule.fault(f"finds no trade with a {measure} in {extract.file}")


def _same_good(
    rule: Rule, extract: Extract, flows: pd.DataFrame, remarks: list[Remark]
) -> pd.DataFrame:
    """Without flows whose unit value says that they are another good, or have a wrong quantity."""
    unit_value = flows["value_usd"] / flows["quantity_t"]
    known = unit_value.notna() & (flows["quantity_t"] > 0)
    weights = flows["value_usd"].where(known, 0.0)
    medians = {
        code: _median(unit_value[known & (flows["hs"] == code)], weights)
        for code in set(flows["hs"])
    }
    distance = unit_value / flows["hs"].map(medians)
    odd = known & ((distance > rule.unit_value_ratio) | (distance < 1 / rule.unit_value_ratio))
    for code in sorted(set(flows.loc[odd, "hs"])):
        rows = flows[odd & (flows["hs"] == code)]
        share = rows["value_usd"].sum() / flows.loc[flows["hs"] == code, "value_usd"].sum()
        what = (
            f"HS {code}: {len(rows)} flows ({share:.1%} of the value) have a unit value further "
            f"than {rule.unit_value_ratio:g} times from the median of {medians[code]:,.4g} USD/t"
        )
        remarks.append(rule.remark(extract.file, what))
    return flows[~odd]


def _median(values: pd.Series[float], weights: pd.Series[float]) -> float:
    """The median by value: half of the trade is dearer."""
    ordered = values.sort_values()
    cumulated = weights.loc[ordered.index].cumsum()
    if not len(ordered):
        return float("nan")
    return float(ordered[cumulated >= cumulated.iloc[-1] / 2].iloc[0])


def _plausible(rule: Rule, extract: Extract, flows: pd.DataFrame, setting: Setting) -> None:
    """Refuse where the trade as a whole is worth nothing like the product of the pack."""
    known = flows["quantity_t"] > 0
    tonnes = float((flows["quantity_t"] * flows["weight"])[known].sum())
    if setting.price is None or not tonnes:
        return
    unit_value = float(flows["value_usd"][known].sum()) / tonnes
    price, low, high = setting.price
    if not low / rule.unit_value_ratio < unit_value < high * rule.unit_value_ratio:
        raise rule.fault(
            f"finds trade in {extract.file} worth {unit_value:,.4g} USD/{setting.unit}, and "
            f"products.csv gives {rule.product} a price of {price:,.4g}",
            f"within {rule.unit_value_ratio:g} times of its range",
            "Tonnes or dollars may be a thousand times off, or the code holds another good.",
        )


def _countries(
    rule: Rule, extract: Extract, codes: pd.Series[str], places: Places
) -> pd.Series[str]:
    """Codes of the file as countries of the pack; what is none is in the rest of the world."""
    found = {code: places.find(code) for code in set(codes)}
    unknown = sorted(code for code, iso3 in found.items() if iso3 is None)
    if unknown:
        raise rule.fault(
            f"meets the country codes {', '.join(unknown)} in {extract.file}",
            mend=f"Add them to concordances.csv, scheme {places.scheme}.",
        )
    return codes.map({c: REST_OF_WORLD if iso3 == NOBODY else iso3 for c, iso3 in found.items()})


def _made_there(
    rule: Rule,
    extract: Extract,
    flows: pd.DataFrame,
    measure: str,
    setting: Setting,
    remarks: list[Remark],
) -> pd.DataFrame:
    """Without the exports of countries that make nothing of it."""
    makes = flows["exporter"].isin(setting.makers)
    total = float(flows[measure].sum())
    by_exporter = flows[~makes].groupby("exporter")[measure].sum().sort_values(ascending=False)
    large = [f"{c} {x / total:.1%}" for c, x in by_exporter.items() if x > _LEAST_IMPORTER * total]
    if len(by_exporter) and total > 0:
        share = float(by_exporter.sum()) / total
        what = (
            f"exporters without output in the pack ({share:.1%} of trade: {', '.join(large[:8])})"
        )
        remarks.append(rule.remark(extract.file, what))
    return flows[makes]


def _importers(rule: Rule, flows: pd.DataFrame, measure: str, setting: Setting) -> list[str]:
    """Importers for which rows are derived: the large ones and the focus countries."""
    totals = flows.groupby("importer")[measure].sum()
    large = {str(c) for c, x in totals.items() if x >= _LEAST_IMPORTER * totals.sum()}
    there = {str(c) for c, x in totals.items() if x > 0}
    asked = set(rule.select.get("importers", ()))
    return sorted(((large | setting.focus | asked) & there) - setting.by_hand)


def _into(
    rule: Rule,
    extract: Extract,
    flows: pd.DataFrame,
    importer: str,
    measure: str,
    makers: Collection[str],
) -> list[Cells]:
    """The rows of one importer, largest exporter first, the rest of the world last."""
    central = _shares(flows, measure)
    named = [str(e) for e in central.index if e != REST_OF_WORLD]
    kept = [e for e in named if central[e] >= rule.row["keep"]] or named[:1]
    if REST_OF_WORLD not in makers or _of(central, REST_OF_WORLD, kept) < _LEAST_REST:
        flows = flows[flows["exporter"].isin(kept)]  # nobody is left to make the rest
        central = _shares(flows, measure)
    other = "value_usd" if measure == "quantity_t" else "quantity_t"
    views = [_shares(flows, other)]
    views += [_shares(flows[flows["year"] == year], measure) for year in rule.years]
    rows: list[Cells] = []
    left = 1.0
    for exporter in [*kept, REST_OF_WORLD]:
        share = min(float(number(_of(central, exporter, kept))), left)
        if exporter == REST_OF_WORLD:
            share = _down(left) if REST_OF_WORLD in central or left >= _LEAST_REST else 0.0
        left = max(round(left - share, 12), 0.0)
        if share <= 0:
            continue
        low, high = rule.band(share, [_of(view, exporter, kept) for view in views if len(view)])
        rows.append(_row(rule, extract, exporter, importer, (share, max(low, 0.0), min(high, 1.0))))
    return rows


def _down(share: float) -> float:
    """A share that is written as no more than itself, so that shares never exceed the whole."""
    written = float(number(share))
    return share if written <= share + _NOISE else math.floor(share * 1e6) / 1e6


def _shares(flows: pd.DataFrame, measure: str) -> pd.Series[float]:
    totals = flows.groupby("exporter")[measure].sum().sort_values(ascending=False, kind="stable")
    whole = float(totals.sum())
    return totals / whole if whole > 0 else totals.iloc[:0]


def _of(shares: pd.Series[float], exporter: str, kept: Collection[str]) -> float:
    """The share of one exporter; the rest of the world has what the kept ones leave."""
    if exporter == REST_OF_WORLD:
        return max(1 - sum(float(shares.get(name, 0.0)) for name in kept), 0.0)
    return float(shares.get(exporter, 0.0))


def _row(
    rule: Rule, extract: Extract, exporter: str, importer: str, share: tuple[float, float, float]
) -> Cells:
    rest = exporter == REST_OF_WORLD
    years = f"{rule.years.start}-{rule.years.stop - 1}"
    note = f"{extract.file}, {years}, by {rule.one('measure', 'quantity')}"
    return {
        "exporter": exporter,
        "importer": importer,
        "product": rule.product,
        "quantity": "",
        "share": number(share[0]),
        "base": "imports",
        "unit": "",
        "value_usd": "",
        "low": number(share[1]),
        "high": number(share[2]),
        "year": str(rule.row["year"]),
        "source_id": "|".join(rule.row["source_id"]),
        "evidence": EVIDENCE[-1] if rest else rule.row["evidence"],  # the rest is nobody's figure
        "note": f"{note}; exporters below {rule.row['keep']:.0%}" if rest else note,
        "rule": rule.id,
    }
