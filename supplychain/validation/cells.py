"""What stands in a cell of the page: figures, ranges and verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from supplychain.validation.claims import RANK
from supplychain.validation.row import Row


def said(value: float | None) -> str:
    """A figure with three digits that matter.

    >>> said(None), said(0.0), said(-0.01234), said(3834.0), said(1e-23)
    ('-', '0', '-0.0123', '3834', '0')
    """
    if value is None:
        return "-"
    if abs(value) < 5e-7:  # noqa: PLR2004 - a millionth is nothing in any of the units
        return "0"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004


def claimed(row: Row) -> str:
    """A claim: its figure, or its range, or the end that is stated."""
    figure = row.claimed
    ends = [said(x) for x in (figure.low, figure.high)]
    if figure.central is not None:
        span = "" if figure.low is None or figure.low == figure.high else f" ({' to '.join(ends)})"
        return said(figure.central) + span
    if figure.is_bound:
        return (
            f"over {said(figure.low)}" if figure.low is not None else f"under {said(figure.high)}"
        )
    return " to ".join(ends)


def ours(row: Row) -> str:
    """Our answer and its band."""
    if row.ours is None:
        return "-"
    band = row.ours.band
    span = "" if band is None else f" ({said(band[0])} to {said(band[1])})"
    value = "never" if row.ours.central is None else said(row.ours.central)
    return value + span + (" billion USD" if row.claim.metric == RANK else "")


def verdict(row: Row) -> str:
    """Inside or miss, and by how many pairs an order is right."""
    if row.inside is None:
        return "not judged"
    pairs = "" if row.pairs is None else f", {row.pairs[0]} of {row.pairs[1]} pairs"
    return ("inside" if row.inside else "**MISS**") + pairs


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(c.replace('|', '/') for c in cells)} |" for cells in rows]
    return "\n".join(lines) + "\n"
