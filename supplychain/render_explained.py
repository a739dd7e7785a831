"""Say an explanation to people: its tree, its tables and its CSV. Computes nothing new."""

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

from supplychain.explained import Branch, Contribution, Explanation
from supplychain.render import percent
from supplychain.twoway import Cell

if TYPE_CHECKING:
    from rich.table import Table
    from rich.tree import Tree

    from supplychain.attribution.shapley import Shared

_MOST_CAUSES = 12
_MILLION = 1e6
_LEAST = 0.0005
_LEAST_BRANCH = 0.01

_COLUMNS = (
    "scenario", "country", "sector", "case", "cause", "kind", "restriction", "actor",
    "origin_country", "product", "mineral", "most_missed_by", "share", "usd",
)  # fmt: skip


def millions(usd: float) -> str:
    """Million USD.

    >>> millions(12_345_678.0), millions(123.0), millions(0.0)
    ('12.3', '<0.1', '0')
    """
    if usd == 0:
        return "0"
    value = usd / _MILLION
    return f"{value:,.1f}" if value >= 0.05 else "<0.1"  # noqa: PLR2004 - what rounds to 0.0


def tree(explanation: Explanation) -> "Tree":
    """The sector, the inputs it misses, their suppliers and so on, largest first."""
    from rich.markup import escape
    from rich.tree import Tree

    def said(branch: Branch) -> str:
        """One branch in one line."""
        size = f"{percent(branch.share)} %  ({millions(branch.usd)} m USD)"
        label = escape(branch.label)
        match branch.kind:
            case "cause":
                return f"[bold red]{label}[/]  {size}"
            case "input":
                return f"misses {label}  {size}"
            case "smaller":
                return f"[dim]{label}  {size}[/]"
            case _:
                return f"[bold]{label}[/]  {size}"

    def hang(place: Tree, branch: Branch) -> Tree:
        """All that is upstream of a branch; small parts in one line."""
        large = [b for b in branch.branches if b.kind != "smaller" and b.share >= _LEAST_BRANCH]
        for part in large:
            hang(place.add(said(part)), part)
        usd = sum(b.usd for b in branch.branches if b not in large)
        if usd > 0:
            whole = explanation.loss_usd
            place.add(said(Branch("smaller", "", "smaller branches", usd, usd / whole)))
        return place

    return hang(Tree(said(explanation.tree)), explanation.tree)


def causes_table(explanation: Explanation) -> "Table":
    """The largest causes, the others in one row, and their sum."""
    table = _table("cause", "most missed by")
    for header in ("% of loss", "m USD"):
        table.add_column(header, justify="right")
    told = _told(explanation)
    for c in told:
        table.add_row(c.cause, c.user or "-", percent(c.share), millions(c.usd))
    rest = explanation.contributions[len(told) :]
    if rest:
        share, usd = sum(c.share for c in rest), sum(c.usd for c in rest)
        table.add_row(f"{len(rest)} smaller causes", "", percent(share), millions(usd))
    table.add_row("[bold]loss[/]", "", "100", millions(explanation.loss_usd))
    return table


def _told(explanation: Explanation) -> Sequence[Contribution]:
    """The causes that are large enough for a row of their own."""
    large = [c for c in explanation.contributions if c.share >= _LEAST]
    return large[:_MOST_CAUSES]


def shapley_table(shared: "Shared") -> "Table":
    """What each mineral or restriction has of the loss, alone, and when it comes last."""
    table = _table("Shapley share of")
    for header in ("% of loss", "m USD", "alone m USD", "last m USD"):
        table.add_column(header, justify="right")
    for p in sorted(shared.portions, key=lambda p: (-p.usd, p.cause)):
        figures = (p.usd, p.alone_usd, p.last_usd)
        table.add_row(p.cause, percent(p.share), *map(signed_millions, figures))
    singles = sum(p.alone_usd for p in shared.portions)
    whole = (shared.loss_usd, singles, sum(p.last_usd for p in shared.portions))
    table.add_row("loss (its singles and lasts summed)", "100", *map(signed_millions, whole))
    return table


def signed_millions(usd: float) -> str:
    """Million USD of either sign: a cause may lower a loss.

    >>> signed_millions(-2_500_000.0), signed_millions(10.0)
    ('-2.5', '<0.1')
    """
    return f"-{millions(-usd)}" if usd < 0 else millions(usd)


def paths_table(explanation: Explanation) -> "Table":
    """The largest paths, from the sector upstream, and what the smaller ones take together."""
    table = _table("path, from the sector upstream")
    for header in ("% of loss", "m USD"):
        table.add_column(header, justify="right")
    for way in explanation.paths:
        table.add_row(" < ".join(way.nodes), percent(way.share), millions(way.usd))
    if explanation.rest_count:
        share = explanation.rest_usd / explanation.loss_usd
        many = f"at least {explanation.rest_count} smaller paths"
        table.add_row(many, percent(share), millions(explanation.rest_usd))
    return table


def months_table(explanation: Explanation) -> "Table":
    """The loss of every month by cause, million USD."""
    table = _table("month of the lost exports, m USD")
    for month in range(explanation.months):
        table.add_column(str(month + 1), justify="right")
    for c in _told(explanation):
        table.add_row(c.cause, *(millions(usd) for usd in c.monthly_usd))
    table.add_row("[bold]loss[/]", *(millions(usd) for usd in explanation.by_month))
    return table


def two_way_table(cells: Sequence[Cell]) -> "Table":
    """The adaptive loss over affected share (down) and median stock cover (across)."""
    covers = list(dict.fromkeys(c.cover_days for c in cells))
    table = _table(
        f"% of exports lost\naffected share, %\n(down)  cover of\n{cells[0].input}, days"
    )
    for cover in covers:
        table.add_column(f"{cover:.0f}", justify="right", vertical="bottom")
    rows: dict[float, list[str]] = {}
    for c in cells:
        said = percent(c.loss_share)
        rows.setdefault(c.affected_share, []).append(f"[bold]>{said}<[/]" if c.central else said)
    for share, losses in rows.items():
        table.add_row(percent(share), *losses)
    return table


def _table(*headers: str) -> "Table":
    """A table in the house's look, its first columns of text."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in headers:
        table.add_column(header, overflow="fold", vertical="top")
    return table


def contributions_csv(explanation: Explanation, *, by_month: bool = False) -> str:
    """Contributions as tidy CSV; one row per cause, or per cause and month."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*_COLUMNS, "month"] if by_month else _COLUMNS)
    for c in explanation.contributions:
        start = _cells(explanation, c)
        if not by_month:
            writer.writerow([*start, c.share, c.usd])
            continue
        for month, usd in enumerate(c.monthly_usd):
            writer.writerow([*start, usd / explanation.loss_usd, usd, month + 1])
    return out.getvalue()


def _cells(explanation: Explanation, c: Contribution) -> list[object]:
    """What a contribution is, before its figures."""
    e = explanation
    restriction = "" if c.restriction is None else c.restriction
    return [
        e.scenario, e.country, e.sector, e.case, c.cause, c.kind, restriction, c.actor,
        c.country, c.product, c.mineral, c.user,
    ]  # fmt: skip


def paths_csv(explanation: Explanation) -> str:
    """Paths as CSV, nodes joined by ``|``; the last row is what the smaller ones take together."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(("path", "inputs", "cause", "share", "usd"))
    for w in explanation.paths:
        writer.writerow(("|".join(w.nodes), "|".join(w.inputs), w.cause, w.share, w.usd))
    if explanation.rest_count:
        share = explanation.rest_usd / explanation.loss_usd
        writer.writerow(("", "", "smaller paths", share, explanation.rest_usd))
    return out.getvalue()
