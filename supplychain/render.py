"""Say a result to people: one sentence, one table, what it rests on, what to try next.

Computes nothing new.
"""

import csv
import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from supplychain.coverage import Measure
from supplychain.network import Network
from supplychain.pedigree import releases
from supplychain.result import Result, Rung, SectorLoss
from supplychain.scenario import Restriction
from supplychain.vocabulary import CASES, EVERYONE, MONTHS_PER_YEAR

if TYPE_CHECKING:
    from rich.table import Table

_HEADER_WIDTH = 10
_SMALL = 0.0005
_TEN = 0.0995


def percent(share: float) -> str:
    """A share as per cent: 0 only for exactly nothing, one decimal below ten.

    >>> [percent(s) for s in (0.0, 0.0002, 0.0414, 0.1234)]
    ['0', '<0.1', '4.1', '12']
    """
    if share == 0:
        return "0"
    if abs(share) < _SMALL:
        return "<0.1"
    return f"{100 * share:.1f}" if abs(share) < _TEN else f"{100 * share:.0f}"


def percent_range(low: float, high: float) -> str:
    """A range of shares as per cent.

    >>> percent_range(0.0, 0.0414), percent_range(0.0, 0.0)
    ('0-4.1', '0')
    """
    first, last = percent(low), percent(high)
    return first if first == last else f"{first}-{last}"


@dataclass(frozen=True)
class Words:
    """What a pack says that sentences need.

    Attributes:
        names: id or country code -> name for people; stages: product -> stage.
        d_threshold: share of the swing on grade D above which no point is printed.
        days_per_month: to say in which month a day lies.
    """

    names: Mapping[str, str]
    stages: Mapping[str, str]
    d_threshold: float
    days_per_month: float

    @classmethod
    def of(cls, network: Network) -> "Words":
        """The words of a pack."""
        products, tables = network.products, network.tables
        names = {p: str(r["name"]) for p, r in products.items()}
        names |= {str(r["iso3"]): str(r["name"]) for r in tables.rows("countries")}
        return cls(
            names,
            {p: str(r["stage"]) for p, r in products.items()},
            network.parameters.value("headline_d_threshold"),
            network.parameters.value("days_per_month"),
        )

    def name(self, id_: str) -> str:
        """The name of an id; the id itself where it has none."""
        return self.names.get(id_, id_)


def headline(result: Result, words: Words) -> list[str]:
    """The first paragraph that a person reads, one line per thought."""
    lines = _question(result, words)
    for country in result.resolved.focus:
        hit = [s for s in ranked(result) if s.country == country]
        if not hit:
            lines.append(f"{words.name(country)}: no sector of the pack loses exports.")
            continue
        lines.append(f"{words.name(country)}: {_rungs(result, hit[0], words)}")
        lines.append("  " + _timing(hit[0], words))
        lines.append("  " + _trust(hit[0]))
    return lines + _why(result, words)


def ranked(result: Result) -> list[SectorLoss]:
    """Sectors that lose in any case or draw, by the top of their band in USD."""
    hit = [s for s in result.losses if not s.is_zero]
    return sorted(hit, key=lambda s: (-s.band[1] * s.baseline_exports_usd, -s.usd("frozen")))


def _question(result: Result, words: Words) -> list[str]:
    """What was asked, what it was taken to cover, and what is done about it."""
    r = result.resolved
    lines = []
    for measure in r.measures:
        restriction = measure.restriction
        items = ", ".join(c.item.replace("_", " ") for c in measure.covered)
        to = "" if EVERYONE in restriction.to else f" to {', '.join(restriction.to)}"
        out = f" except {', '.join(restriction.exclude)}" if restriction.exclude else ""
        strength = "" if r.scenario.ladder else f", {_strength(restriction)}"
        lines.append(
            f"{words.name(restriction.actor)} restricts {items}{to}{out}{strength}, "
            f"{restriction.months} months from {restriction.start or r.start}."
        )
        lines += [f"  {said}." for said in _conditions(measure, words)]
        by_reason: dict[str, list[str]] = {}
        for covered in measure.covered:
            by_reason.setdefault(covered.why, []).extend(covered.products)
        for why, products in by_reason.items():
            named = ", ".join(words.name(p) for p in dict.fromkeys(products))
            lines.append(f"  Covered: {named or 'nothing'} ({why}).")
    return lines + [f"  With: {said}." for said in releases(r)]


def _conditions(measure: Measure, words: Words) -> list[str]:
    """Dates, uses and rules of one restriction beyond its kind, target and length."""
    r, said = measure.restriction, []
    if r.announced:
        ahead = dict(measure.terms).get("months bought ahead", 0.0)
        buying = f": users buy up to {ahead:.2g} months ahead" if ahead > 0 else ""
        said.append(f"Announced in {r.announced}{buying}")
    if r.delay_months:
        months = "month" if r.delay_months == 1 else "months"
        said.append(f"Enforced {r.delay_months} {months} after its start")
    said += [f"Suspended from {first} to {last}" for first, last in r.suspended]
    if r.uses:
        said.append(f"Only what ends in {', '.join(words.name(u) for u in r.uses)}")
    if r.priority:
        said.append(f"Served in turn: {', '.join(words.name(p) for p in r.priority)}, then others")
    if r.content_rule is not None:
        share = percent(r.content_rule)
        said.append(f"With goods of other countries that hold {share} % or more of its material")
    return said


def _strength(restriction: Restriction) -> str:
    """Kind and severity in words."""
    severity = restriction.severity
    if restriction.rate is not None:
        return f"an export tax of {percent(restriction.rate.value)} %"
    if restriction.kind == "path":
        return "on a dated path of monthly ceilings"
    if restriction.kind == "ban" and severity.low == severity.high == 1:
        return "full stop"
    spread = (
        f" ({percent_range(severity.low, severity.high)})" if severity.low < severity.high else ""
    )
    after = " after its ramp" if restriction.kind == "licence" else ""
    return f"{restriction.kind} withholding {percent(severity.value)} %{spread}{after}"


def _rungs(result: Result, top: SectorLoss, words: Words) -> str:
    """Losses of the hardest-hit sector, rung by rung; no point where assumptions dominate."""
    sector = words.name(top.sector).lower()
    months = result.resolved.months
    period = "a year's" if months == MONTHS_PER_YEAR else f"{months} months'"
    if not result.ladder:
        return f"exports of {sector} fall by {_range(top)} of {period} total{_cases(top, words)}."
    rungs = "; ".join(f"{rung.name} {_range(_same(rung, top))}" for rung in result.ladder)
    return f"exports of {sector} lost out of {period} total: {rungs}{_cases(top, words)}."


def _range(loss: SectorLoss) -> str:
    """The band, or what stands in its place."""
    return f"{percent_range(*loss.band)} %" if loss.has_band else "(band not computed)"


def _same(rung: Rung, sector: SectorLoss) -> SectorLoss:
    """The same sector on another rung."""
    return next(s for s in rung.losses if (s.country, s.sector) == (sector.country, sector.sector))


def _cases(loss: SectorLoss, words: Words) -> str:
    """What brackets the number: best response, expectation, no adaptation."""
    parts = []
    if "planner" in loss.share:
        least = loss.share["planner"]
        best = f"no less than {percent(least)} even" if least > 0 else "nothing"
        parts.append(f"{best} with the best response")
    if _is_point(loss, words):
        parts.append(f"{percent(loss.share['adaptive'])} expected")
    parts.append(f"{percent(loss.share['frozen'])} without adaptation")
    return f" (at central figures {'; '.join(parts)})"


def _is_point(loss: SectorLoss, words: Words) -> bool:
    """Whether a point may be printed: not where assumptions dominate what is known."""
    return loss.grade_d_weight is not None and loss.grade_d_weight <= words.d_threshold


def _timing(loss: SectorLoss, words: Words) -> str:
    """First stops, and what binds."""
    if not loss.binding:
        return "No plant runs out at central figures."
    product = loss.binding.split(":")[1].split("/")[0]
    when = (
        "no plant of its own runs out of stock"
        if loss.first_stop_day is None
        else (
            "the first plants run out in month "
            f"{int(loss.first_stop_day / words.days_per_month) + 1} (day {loss.first_stop_day:.0f})"
        )
    )
    alone = ""
    is_made_of_it = words.stages.get(product) == "component"
    alone_known = is_made_of_it and loss.refined_only is not None
    if alone_known and (loss.refined_only or 0.0) < 0.5 * loss.share["adaptive"]:
        alone = (
            ", not the refined form: the refined forms alone cost "
            f"{percent(loss.refined_only or 0.0)} %, because what {loss.country} buys is the "
            "semi-finished product, whose makers in the restricting country are not hit"
        )
    binds = f"what binds is {words.name(product)} ({loss.binding}){alone}"
    return f"{when[0].upper()}{when[1:]}; {binds}."


def _trust(loss: SectorLoss) -> str:
    """How much rests on assumptions, and on which."""
    if not loss.drivers:
        return f"Weakest evidence that matters: grade {loss.evidence}."
    top = [d.label for d in loss.drivers if d.evidence == "D"][:2]
    named = f": {'; '.join(top)}" if top else ""
    weight = percent(loss.grade_d_weight or 0.0)
    return f"{weight} % of the swing rests on assumptions (grade D){named}."


def _why(result: Result, words: Words) -> list[str]:
    """One sentence why countries differ, per covered product that they use."""
    by_product: dict[tuple[str, str], list[str]] = {}
    binding = {s.binding.split(":")[1] for s in result.losses if s.binding}
    for r in result.reliance:
        if r.product in binding:
            by_product.setdefault((r.actor, r.product), []).append(
                f"{r.country} {percent(r.of_use)} % of use ({percent(r.of_imports)} % of imports)"
            )
    return [
        f"Why: from {words.name(actor)} come, of {words.name(product)}: {', '.join(said)}."
        for (actor, product), said in by_product.items()
    ]


def loss_table(result: Result, words: Words) -> "Table":
    """Sectors that lose, ranked by loss in USD."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("sector", no_wrap=True, overflow="fold")
    rungs = ["\n".join(textwrap.wrap(r.name, _HEADER_WIDTH)) + "\n" for r in result.ladder] or [""]
    for header in (
        "exports\nbn USD",
        *(f"{rung}% lost\n10-90 %" for rung in rungs),
        "best response\n- no adaptation\n% lost",
        "bn USD lost\n10-90 %",
        "first\nstop\nday",
    ):
        table.add_column(header, justify="right")
    table.add_column("what binds", no_wrap=True, overflow="fold")
    table.add_column("on D\n%", justify="right")
    for loss in ranked(result):
        steps = [_same(r, loss) for r in result.ladder] or [loss]
        ranges = [percent_range(*s.band) if s.has_band else "?" for s in steps]
        table.add_row(
            f"{loss.country} {words.name(loss.sector)}",
            f"{loss.baseline_exports_usd / 1e9:.1f}",
            *ranges,
            _bracket(loss),
            _billions(loss),
            "-" if loss.first_stop_day is None else f"{loss.first_stop_day:.0f}",
            loss.binding or "-",
            "?" if loss.grade_d_weight is None else percent(loss.grade_d_weight),
        )
    return table


def _billions(loss: SectorLoss) -> str:
    """The band in billions of USD."""
    if not loss.has_band:
        return "?"
    low, high = (f"{share * loss.baseline_exports_usd / 1e9:.2f}" for share in loss.band)
    return low if low == high else f"{low}-{high}"


def _bracket(loss: SectorLoss) -> str:
    """From the best response to no adaptation; without a planner only the latter."""
    if "planner" in loss.share:
        return percent_range(loss.share["planner"], loss.share["frozen"])
    return f"?-{percent(loss.share['frozen'])}"


def untouched(result: Result) -> str:
    """Sectors without any loss, in one line."""
    found = [f"{s.country} {s.sector}" for s in result.losses if s.is_zero]
    return f"No loss: {', '.join(found)}." if found else ""


def footer(result: Result) -> list[str]:
    """Warnings, what needs a source, and what the numbers leave out."""
    lines = [f"Note: {w}" for w in result.warnings[:_MOST_NOTES]]
    if len(result.warnings) > _MOST_NOTES:
        more = len(result.warnings) - _MOST_NOTES
        lines.append(f"Note: and {more} more (--json lists all).")
    if result.unsourced:
        needs = "; ".join(f"{d.label} ({d.name.split()[0]})" for d in result.unsourced)
        lines.append(f"Most in need of a source: {needs}.")
    lines.append(f"Not counted: {'; '.join(result.left_out)}.")
    lines.append(
        f"Valued as {result.valuation}; data {result.pack['pack']} {result.pack['version']} "
        f"({result.pack['sha256'][:8]})."
    )
    return lines


def economy_table(result: Result, words: Words) -> "Table":
    """Loss of GDP of each focus country, suppliers included: by lost exports, with home sales."""
    from rich.table import Table

    economy = result.economy
    rung = f"\n{result.ladder[-1].name}" if result.ladder else ""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(f"loss of value added{rung}", no_wrap=True, overflow="fold")
    year = economy.year if economy else ""
    for case in economy.cases if economy else ():
        table.add_column(f"{_CASE_NAMES[case]}\n% of GDP {year}\nexports alone", justify="right")
        table.add_column("today's\nbn USD\n", justify="right")
        table.add_column("\n% with\nhome sales", justify="right")
    for loss in economy.countries if economy else ():
        if loss.country in result.resolved.focus:
            whole = loss.whole
            cells = [
                cell
                for case, usd in whole.usd.items()
                for cell in (
                    fine_percent(whole.share[case]),
                    f"{usd / 1e9:.2f}",
                    fine_percent(loss.with_home.share[case]),
                )
            ]
            table.add_row(words.name(loss.country), *cells)
    return table


def fine_percent(share: float) -> str:
    """A small share as per cent with two digits; 0 only for exactly nothing.

    >>> [fine_percent(s) for s in (0.0, 4e-9, 0.000123, 0.0414)]
    ['0', '<0.001', '0.012', '4.1']
    """
    if share == 0:
        return "0"
    return f"{100 * share:.2g}" if share >= _FINE else "<0.001"


def economy_notes(result: Result) -> list[str]:
    """How to read the losses of GDP, where they were asked for."""
    economy = result.economy
    if economy is None:
        return []
    assumed, left_out = "; ".join(economy.assumptions), "; ".join(economy.not_counted)
    home = economy.home_loss
    times = f"{home.value:g} ({home.low:g} to {home.high:g}) times the share of exports"
    return [
        f"Loss of value added: {economy.valuation}, suppliers included; grade {economy.evidence}.",
        f"  With home sales: the same plants lose {times} at home; grade {economy.home_evidence}.",
        f"  It assumes that {assumed}.",
        f"  Not counted in it: {left_out}.",
    ]


_FINE = 1e-5
_CASE_NAMES = {
    "planner": "best response",
    "adaptive": "expected",
    "frozen": "no adaptation",
}
_MOST_NOTES = 5
_CSV_COLUMNS = (
    "scenario",
    "rung",
    "country",
    "sector",
    "baseline_exports_usd",
    "planner_share",
    "adaptive_share",
    "frozen_share",
    "band_low_share",
    "band_high_share",
    "planner_usd",
    "adaptive_usd",
    "frozen_usd",
    "all_lost_share",
    "refined_only_share",
    "restricted_months_share",
    "first_month",
    "first_stop_day",
    "binding",
    "chain_cover_days",
    "evidence",
    "grade_d_weight",
)


def losses_csv(*results: Result) -> str:
    """All losses as tidy CSV: one row per scenario, rung, country and sector.

    Shares are 0-1, USD are over the horizon; what was not asked for is empty.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(_CSV_COLUMNS)
    for result in results:
        rungs = [(r.name, r.losses) for r in result.ladder] or [("scenario", result.losses)]
        for name, losses in rungs:
            for loss in losses:
                cells = _csv_cells(loss)
                writer.writerow([result.resolved.scenario.id, name, *cells])
    return out.getvalue()


def _csv_cells(loss: SectorLoss) -> list[object]:
    """One sector's cells after scenario and rung; empty for what was not asked for."""
    cells: list[object] = [
        loss.country,
        loss.sector,
        loss.baseline_exports_usd,
        *(loss.share.get(case) for case in CASES),
        *(loss.band if loss.has_band else (None, None)),
        *(loss.usd(case) if case in loss.share else None for case in CASES),
        loss.all_lost,
        loss.refined_only,
        loss.restricted_months,
        loss.first_month,
        loss.first_stop_day,
        loss.binding,
        loss.chain_cover_days,
        loss.evidence,
        loss.grade_d_weight,
    ]
    return ["" if cell is None else cell for cell in cells]
