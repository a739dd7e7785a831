"""Say to people what a run says beside its losses: prices, lost orders and gains, mechanisms.

Computes nothing new.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from supplychain.beside import Amount, Channels, Road, Step
from supplychain.priced import MEANING, Prices
from supplychain.render import Words, percent, percent_range
from supplychain.result import Result

if TYPE_CHECKING:
    from rich.table import Table

_CENT = 5e6
_LAST_NUMBER = 6
_LEAST_RISE = 1.005
_MOST_ROWS = 8
_MOST_PARTNERS = 3
_MOST_SECTORS = 6
_SMALL = 0.0005
_TWO_DIGITS = 9.95


def tables(result: Result, words: Words) -> Iterator["Table"]:
    """The tables that were asked for, in the order in which people read them."""
    if result.prices:
        yield from _prices(result.prices, words)
    if result.channels:
        yield from _channels(result.channels, words)
    if result.mechanisms:
        yield from _mechanisms(result.mechanisms, words)


def values_table(result: Result, words: Words) -> "Table":
    """What would save most exports in the best response of each focus country."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("worth most at best", overflow="fold")
    table.add_column("what", overflow="fold")
    table.add_column("month", justify="right")
    table.add_column("USD per\nunit more", justify="right", no_wrap=True)
    table.add_column("m USD per\n1 % more", justify="right", no_wrap=True)
    for total in result.totals:
        for value in total.worth:
            table.add_row(
                f"{words.name(total.country)}: {value.kind}",
                value.what,
                "" if value.month is None else str(value.month),
                f"{value.usd_per_unit:,.0f} / {value.unit}",
                f"{value.usd_per_percent / 1e6:,.2f}",
            )
    return table


def notes(result: Result, words: Words) -> list[str]:
    """What these tables say and do not say."""
    lines = _price_notes(result.prices, words) if result.prices else []
    if result.channels:
        lines.append(
            "Lost orders: what customers abroad no longer need because they stand still, beyond "
            "what the supplier could not deliver anyway. They are no part of the losses above. A "
            "good that a sector both makes and buys is counted where it crosses a border."
        )
    if result.mechanisms:
        lines.append(
            "Mechanisms: each row adds one to those above it, and what it adds depends on the "
            "order. An elasticity takes the place of the class of every input whose cost share is "
            "known."
        )
    return lines


def _channels(found: Channels, words: Words) -> Iterator["Table"]:
    """Lost orders and gains of the focus countries, largest first."""
    for title, amounts, header in (
        ("Orders lost because customers abroad stand still", found.lost_orders, "customers"),
        ("Gains: sold abroad beyond the baseline", found.gains, "buyers"),
    ):
        if amounts:
            yield _amounts(title, amounts, header, words)


def _amounts(title: str, amounts: Sequence[Amount], header: str, words: Words) -> "Table":
    """Suppliers, dollars and the largest partners."""
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None)
    table.add_column("supplier")
    table.add_column("bn USD", justify="right")
    table.add_column(header)
    for amount in amounts[:_MOST_ROWS]:
        named = ", ".join(
            f"{name.replace(':', ' ').replace('_', ' ')} {_billions(usd)}"
            for name, usd in amount.partners[:_MOST_PARTNERS]
        )
        who = f"{amount.country} {words.name(amount.product)}"
        table.add_row(who, _billions(amount.usd), named)
    if len(amounts) > _MOST_ROWS:
        rest = sum(a.usd for a in amounts[_MOST_ROWS:])
        table.add_row(f"{len(amounts) - _MOST_ROWS} more", _billions(rest), "")
    return table


def _billions(usd: float) -> str:
    """Dollars in billions, two decimals.

    >>> _billions(2.738e9), _billions(1e5)
    ('2.74', '<0.01')
    """
    return f"{usd / 1e9:.2f}" if usd >= _CENT else "<0.01"


def _mechanisms(road: Road, words: Words) -> Iterator["Table"]:
    """The road from fixed proportions to the adaptive case, and the elasticities."""
    from rich.table import Table

    worth = [
        max(s.share[k] for s in road.steps) * usd for k, (_, _, usd) in enumerate(road.sectors)
    ]
    chosen = sorted(range(len(worth)), key=lambda k: (-worth[k], k))[:_MOST_SECTORS]
    for title, steps in (
        ("Mechanisms, one after another: % of exports lost", road.steps),
        ("The adaptive case with one elasticity: % of exports lost", road.elasticities),
    ):
        table = Table(title=title, title_justify="left", box=None)
        table.add_column("step", no_wrap=True)
        for k in chosen:
            country, sector, _ = road.sectors[k]
            table.add_column(f"{country}\n{words.name(sector)}", justify="right", overflow="fold")
        for step in steps:
            table.add_row(*_cells(step, chosen))
        if chosen:
            yield table


def _cells(step: Step, chosen: Sequence[int]) -> list[str]:
    """One step of some sectors; one decimal everywhere, so that small steps are seen."""
    return [step.name, *(f"{100 * step.share[k]:.1f}" for k in chosen)]


def _prices(prices: Prices, words: Words) -> Iterator["Table"]:
    """Prices of what runs short, and the value of exports split into volume and price."""
    from rich.table import Table

    rung = f" ({prices.rung})" if prices.rung else ""
    table = Table(
        title=f"Prices as multiples of the baseline{rung}", title_justify="left", box=None
    )
    for number, header in enumerate(
        ("product", "% missing", "equilibrium", "10-90 %", "with overshoot", "10-90 %", "set by")
    ):
        table.add_column(header, justify="right" if 0 < number < _LAST_NUMBER else "left")
    for m in prices.markets:
        cells = (_times(m.price), _band(m.price_band), _times(m.peak), _band(m.peak_band))
        table.add_row(words.name(m.product), percent(m.missing), *cells, m.regime)
    yield table
    if not prices.exports:
        return
    table = Table(title="Value of exports, % of baseline", title_justify="left", box=None)
    for header in ("sector", "by volume", "by price", "10-90 %", "together", "bn USD"):
        table.add_column(header, justify="left" if header == "sector" else "right")
    for e in prices.exports:
        table.add_row(
            f"{e.country} {words.name(e.sector)}",
            percent(e.volume),
            _signed(e.price),
            percent_range(*e.price_band),
            _signed(e.total),
            f"{e.total * e.baseline_exports_usd / 1e9:.2f}",
        )
    yield table


def _price_notes(prices: Prices, words: Words) -> list[str]:
    """What the prices say and do not say."""
    lines = [f"Price: {text}" for text in MEANING]
    if prices.unpriced:
        named = ", ".join(words.name(p) for p in prices.unpriced)
        lines.append(f"Price: no baseline price in the pack, so no price line, for {named}.")
    return lines


def _times(ratio: float) -> str:
    """A price over its baseline: 1 only for exactly the baseline.

    >>> [_times(ratio) for ratio in (1.0, 1.004, 1.25, 12.3)]
    ['1', '<1.01', '1.25', '12']
    """
    if ratio == 1:
        return "1"
    if ratio < _LEAST_RISE:
        return "<1.01"
    return f"{ratio:.0f}" if ratio >= _TWO_DIGITS else f"{ratio:.2f}"


def _band(band: tuple[float, float]) -> str:
    """A band of price ratios."""
    low, high = (_times(end) for end in band)
    return low if low == high else f"{low}-{high}"


def _signed(share: float) -> str:
    """A change as per cent with its sign."""
    return ("+" if share >= _SMALL else "") + percent(share)
