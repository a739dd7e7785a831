"""The held-out part of the page: what each licence did, and every row answered without its own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from supplychain.validation.again import AS_LAST, MIDDLE, NEVER
from supplychain.validation.cells import said, table
from supplychain.validation.fit import NAMES, Posterior
from supplychain.validation.held_out import HeldOut, HeldRow, LeftOut
from supplychain.validation.held_out_sums import (
    HELD,
    NO_QUEUE,
    SHIPPED,
    answer,
    bands,
    by_kind,
    dates,
    equally,
    of_licences,
)
from supplychain.validation.joint import ranges
from supplychain.validation.score import Ours
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT

TITLE = "## Held out: every episode answered with constants fitted to the others\n"

METHOD = """\
A licence has four figures: months in which nothing is approved (dead time), months until approvals
have settled (ramp), the share that stays withheld, and by how much more than normal may leave while
a backlog is cleared (headroom). They are fitted to the record of each flow under a licence by
approximate Bayesian computation: 20,000 licences from a wide prior (dead time 0 to 6 months, ramp 0
to 12, withheld 0 to 1, headroom 1 to 2) are played by the engine's own law, and the nearest
hundredth is kept, or all that come nearer than months scatter by themselves (0.1 of normal on
average).

Then one measure at a time is left out. Its rows are answered by the engine with a licence drawn
whole from an equal mixture of what all *other* measures did (records under three months lend
nothing; episodes of one announcement are left out together). Other constants set on it are put to
the middle of their ranges; stocks that rest on its reports are put to what plants of end industries
hold of all other products. A replay of the very record is replaced by the licence. *Ours* is at the
medians of the four figures, the *median lane* and the band are those of the lanes: as dead time,
ramp, share withheld and headroom go together, the two differ, and ours may lie outside its band.
The band of a flow has the scatter in it that months have without any measure. What never happens
inside the months played is put at their end.
"""

NAIVE = """\
Naive: *import share x cut* withholds, from the first day and with no queue, the median share that
the others withheld; *fixed proportions* has our licence but neither stocks nor adaptation, so that
it can differ from ours on stops and on what is bought ahead, and hardly on other flows: a table of
fixed coefficients alone has no queue, and would stand where *import share x cut* stands; *as the
last licence* repeats the months of the latest earlier licence with three months on record by then,
and says nothing of the first two. *As shipped* is the pack with all it knows: there the months of
magnets are a replay of the record.
"""

CAUTION = (
    "What this cannot show: the law, the prior and the choice of records were made by people who "
    "knew how each licence went; a handful of measures, nearly all of one country, is no sample of "
    "licences; months of one flow, and flows of one measure, are not independent; the few dates of "
    "stops rest on covers that nobody observed. Here all plants of an industry in a country buy "
    "the same mix, so a plant with one Chinese supplier in a country with several is not foretold "
    "to stop first: that is how the first Japanese stop is missed."
)
_TIE = 1e-9


def held_out_section(held: HeldOut | None, pictures: Sequence[str] = ()) -> list[str]:
    """The parts of the page; none where nothing was held out.

    Args:
        held: of the scoreboard; pictures: Markdown of the curves.
    """
    if held is None or not held.measures:
        return []
    rows = of_licences(held)
    parts = [TITLE, METHOD]
    if held.posteriors:
        parts += ["### What each licence did\n", *pictures, _licences(held)]
    if rows:
        parts += ["### On the held-out rows\n", NAIVE, _sums(rows), _verdict(rows)]
    parts += [_without(one) for one in held.measures]
    return parts


def _range(quantiles: Sequence[float]) -> str:
    low, value, high = quantiles
    return f"{said(round(value, 2))} ({said(round(low, 2))} to {said(round(high, 2))})"


def _licences(held: HeldOut) -> str:
    head = ("licence", "flow", "rows on record", "covered", *NAMES, "mean error of the nearest",
            "lent to others")  # fmt: skip
    found = table(head, (_licence(p) for p in held.posteriors))
    return f"Medians, with 10 and 90 % quantiles of what comes near the record.\n\n{found}"


def _licence(posterior: Posterior) -> tuple[str, ...]:
    record = posterior.record
    figures = (_range(column) for column in posterior.quantiles().T.tolist())
    measure = record.measure
    return (
        f"{measure.actor} {measure.start}", record.name, str(len(record.seen)),
        f"{record.covered:.0%}", *figures, said(round(posterior.nearest, 3)),
        "yes" if record.is_lent else "no",
    )  # fmt: skip


def _sums(rows: Sequence[HeldRow]) -> str:
    head = (
        "kind", "rows", "ours", MIDDLE, SHARE_TIMES_CUT, FIXED, f"{AS_LAST} (ours on these rows)",
        SHIPPED, "band holds", "width", "score", "shipped band holds", "width", "score",
    )  # fmt: skip
    found = table(head, (_kind(name, f) for name, f in by_kind(rows).items()))
    return f"Mean absolute error, in the unit of the kind.\n\n{found}"


def _kind(name: str, f: dict[str, Any]) -> tuple[str, ...]:
    errors, after = f["mean_absolute_error"], f["after_another_licence"]
    memory = after["mean_absolute_error"]
    last = "-" if not after["compared"] else f"{said(memory[AS_LAST])} ({said(memory[HELD])})"
    cells = [
        name,
        str(f["rows"]),
        *(said(errors[w]) for w in (HELD, MIDDLE, SHARE_TIMES_CUT, FIXED)),
    ]
    cells += [last, said(f["mean_absolute_error_as_shipped"])]
    for band in (f["held_out"], f["as_shipped"]):
        cells += [f"{band['holding_the_claim']} of {band['bands']}"]
        cells += [said(band["width"]), said(band["interval_score"])]
    return tuple(cells)


def _verdict(rows: Sequence[HeldRow]) -> str:
    """Which naive baselines are beaten, on what; how often the bands hold; what this is not."""
    lines = [_against(rows, who) for who in (SHARE_TIMES_CUT, FIXED, AS_LAST)]
    every = dates(rows)
    if every["rows"]:
        months = every["mean_absolute_error_months"]
        beside = ", ".join(
            f"*{who}* {said(months[who])}" for who in (SHARE_TIMES_CUT, NO_QUEUE, FIXED)
        )
        lines.append(
            f"All {every['rows']} dates together, in months: ours {said(months[HELD])}, {beside} "
            "(the last borrows our licence, and stops at once)."
        )
    same = "; ".join(
        f"{name} ({f['measures']} measures) {said(f[HELD])}, *{SHARE_TIMES_CUT}* "
        f"{said(f[SHARE_TIMES_CUT])}, *{FIXED}* {said(f[FIXED])}"
        for name, f in equally(rows).items()
        if f["measures"] > 1
    )
    if same:
        lines.append(f"Each measure weighing the same, ours is off by: {same}.")
    held = _holding(bands([(r.shipped, r.held) for r in rows]))
    shipped = _holding(bands([(r.shipped, r.shipped.ours) for r in rows]))
    lines.append(f"The 80 % bands hold {held} figures; as shipped, on the same rows, {shipped}.")
    never = ", ".join(f"`{r.claim.id}`" for r in rows if r.held.how == NEVER)
    if never:
        lines.append(f"Ours says never of {never}, and is counted as far off as the months go.")
    return "".join(f"- {line}\n" for line in (*lines, CAUTION))


def _against(rows: Sequence[HeldRow], who: str) -> str:
    """Where one naive baseline is beaten, and where it is not."""
    better: list[str] = []
    worse: list[str] = []
    for name, f in by_kind(rows).items():
        errors = (f["after_another_licence"] if who == AS_LAST else f)["mean_absolute_error"]
        ours, theirs = errors[HELD], errors[who]
        if ours is not None and theirs is not None:
            words = f"{name} ({said(ours)} against {said(theirs)})"
            (better if ours < theirs - _TIE else worse).append(words)
    beaten, not_beaten = ("; ".join(words) or "nothing" for words in (better, worse))
    return f"*{who}* is beaten on: {beaten}. As near or nearer on: {not_beaten}."


def _holding(found: dict[str, Any]) -> str:
    inside, whole = found["holding_the_claim"], found["bands"]
    return f"{inside} of {whole} ({inside / whole:.0%})" if whole else "none of no"


def _without(one: LeftOut) -> str:
    """One measure: what its rows were answered with, and the rows."""
    words = [f"### Without {', '.join(e.replace('_', ' ') for e in one.episodes)}\n"]
    if one.pool is None:
        words.append("No licence: constants and stocks alone are put back. ")
    else:
        named = zip(NAMES, ranges(one.pool), strict=True)
        law = "; ".join(f"{name} {_range((r.low, r.value, r.high))}" for name, r in named)
        words.append(f"The licence of the others: {law}. ")
    if one.constants:
        back = ", ".join(f"`{n}` {said(v)} to {said(o)}" for n, v, o in one.constants)
        words.append(f"Put back: {back}. ")
    if (cover := one.cover) is not None:
        days = _range((cover.low, cover.median, cover.high))
        words.append(f"{one.stocks} rows of stocks put to {days} days.")
    head = ("claim", "claimed", "ours (band)", SHARE_TIMES_CUT, FIXED, AS_LAST, SHIPPED, "unit")
    found = table(head, (_row(r) for r in one.rows))
    return f"{words[0]}\n{''.join(words[1:]).rstrip()}\n\n{found}"


def _row(row: HeldRow) -> tuple[str, ...]:
    held = _banded(row.held)
    if row.held.how == NEVER:
        held = f"never: {held}"
    return (
        f"`{row.claim.id}`", said(row.shipped.claimed.central), held,
        *(said(answer(row, who)) for who in (SHARE_TIMES_CUT, FIXED, AS_LAST)),
        _banded(row.shipped.ours), row.shipped.claimed.unit,
    )  # fmt: skip


def _banded(ours: Ours | None) -> str:
    if ours is None or ours.central is None:
        return "never"
    span = "" if ours.band is None else f" ({said(ours.band[0])} to {said(ours.band[1])})"
    return said(ours.central) + span
