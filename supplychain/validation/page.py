"""The scoreboard as a page: misses first, what would close them, and what cannot be concluded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from supplychain.validation.board import Scoreboard
from supplychain.validation.cells import claimed, ours, said, table, verdict
from supplychain.validation.claims import CALIBRATION, CONTROL, ORDINAL
from supplychain.validation.experts import disputed, experts
from supplychain.validation.observed import percent
from supplychain.validation.page_apart import (
    calibration,
    controls,
    known_since,
    open_forecasts,
    stated_orders,
)
from supplychain.validation.page_held_out import held_out_section
from supplychain.validation.row import Row
from supplychain.validation.summary import summary
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT

_LEVEL = 0.8

INTRODUCTION = """\
# Validation: does it agree with what really happened, and with what others published?

Written by `make validation` from the tables `published_estimates.csv`, `episodes.csv` and
`observed_exports.csv`, which no run reads, and from the scenario files that ask their questions.
Nothing was tuned to a row. The ranges of licences are those of past licences (decision 0024), whose
rows are counted apart, and each is answered again by the others below. One row is one claim. Ours
is the adaptive case at central values, its band the 10 and 90 % quantile of a sample over the
ranges of the pack.

- **Inside**: the claimed figure lies in our band. Where others state a range alone, ours lies in
  it. Of an *ordinal* claim the direction counts alone, so a price that rose seventyfold agrees with
  one that rises by a half; of a stated order all pairs of a row must stand as claimed, and of a
  loss that vanishes in the long run less than half may be left. A *negative control* is something
  that hardly changed, or was feared and did not come: there ours must say within one per cent of
  nothing, or less than half of the fear. A *calibration* row is judged by nothing.
- **Counts**: nothing in the pack rests on the observation. Rows on which a stock, a constant or a
  scenario file was set are counted apart as *known*: agreeing with them shows nothing.
- **Interval score** (Gneiting and Raftery 2007): width of the band plus ten times how far the claim
  lies outside it; smaller is better.
- **Naive**: *import share x cut* takes what the actor sells, times the stated severity, from the
  first day; *fixed proportions* is the engine with every input critical, no stocks, no adaptation.
  A claim of a study is no truth; distance from it is disagreement, not error.
"""

LIMITS = """\
## What cannot be concluded

- **No loss of exports was ever observed here.** The rows that count are flows of goods, prices,
  stops that did not happen, and other people's models. None measures the quantity this package is
  about, the lost exports of a sector, and observed exports show only losses larger than their own
  spread.
- Agreement with another model is agreement of assumptions: published figures of one question differ
  among themselves by multiples.
- Our GDP figures count lost exports, as large a share of the home sales of the same plants (an
  assumption, `home_sales_loss`), and their suppliers: not users further down beyond those played,
  dearer inputs or lost spending. Studies of whole economies count more: where ours are higher, the
  more suspicious. Each miss says what lost exports alone would be.
- A scenario file states how much a licence withholds; for a licence that is an assumption, and most
  misses of flows are misses of it. A dated path that was read off the very flow tests arithmetic.
- Baselines are of 2024; what is played of 2010, 2019 and 2023 meets the supply of today.
- Absence of a reported stop is not a count of stops.
- Claims were chosen by what could be read, not at random: shares of rows inside are no probability.
"""


def markdown(board: Scoreboard, pictures: Sequence[str] = ()) -> str:
    """The whole page.

    Args:
        board: from `validate`.
        pictures: Markdown of pictures: exports beside the replay, curves of licences, why experts
            differ, all rows.
    """
    sums = summary(board.rows)
    parts = [INTRODUCTION, _stamp(board, sums)]
    parts += ["## Misses that count\n", _misses(board)]
    parts += ["## Negative controls\n", controls(board)]
    parts += ["## Sums over the rows that count\n", _sums(sums["held_out"])]
    parts += ["## Orders that others state\n", stated_orders(board)]
    parts += ["## Counted apart: rows that the pack rests on\n", _sums(sums["known_to_the_pack"])]
    parts += [known_since(board)]
    parts += held_out_section(board.held_out, pictures[1:2])
    if board.replay is not None:
        parts += ["## Observed exports beside the replay\n", *pictures[:1], _observed(board)]
    country = disputed(board)
    found = experts(board, country) if country else None
    if found is not None:
        parts += ["## Why experts differ\n", found.sentences() + "\n", *pictures[2:3]]
    parts += ["## Calibration: what would give a figure whose question is unknown\n"]
    parts += [calibration(board)]
    parts += ["## Open forecasts\n", open_forecasts(board)]
    parts += ["## All rows\n", *pictures[3:], _all(board)]
    parts += ["## Not answered, and not counted\n", _unanswered(board), LIMITS]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


def _stamp(board: Scoreboard, sums: dict[str, Any]) -> str:
    held, known = sums["held_out"], sums["known_to_the_pack"]
    is_narrow = held["claims_in_band"] < _LEVEL * held["claims_with_band"]
    narrow = "**the bands are too narrow**" if is_narrow else "as many as they should, or more"
    return (
        f"Pack {board.pack} {board.version}, sha256 `{board.sha256}`. {sums['claims']} claims, "
        f"{sums['answered']} answered. Of these {held['rows']} count: **{held['inside']} inside, "
        f"{held['rows'] - held['inside']} misses**; of {held['claims_with_band']} figures that our "
        f"80 % band could hold it holds {held['claims_in_band']}: {narrow}. "
        f"{known['rows']} are counted apart ({known['inside']} inside). False alarms on negative "
        f"controls: {held['false_alarms']} of {held['grades'][CONTROL]['rows']} that count, "
        f"{known['false_alarms']} of {known['grades'][CONTROL]['rows']} apart.\n"
    )


def _misses(board: Scoreboard) -> str:
    order = {CONTROL: 0, "validation": 1, "timing": 2, ORDINAL: 3}
    rows = sorted(board.misses, key=lambda r: (order.get(r.claim.grade, 9), r.claim.id))
    head = ("claim", "what", "claimed", "ours (band)", "distance", "unit", "what would close it")
    return table(
        head,
        (
            (
                f"`{r.claim.id}`", r.claim.says, claimed(r), ours(r), said(r.distance),
                r.claimed.unit, r.would_close,
            )
            for r in rows
        ),
    )  # fmt: skip


def _sums(tally: dict[str, Any]) -> str:
    grades = ", ".join(
        f"{name.replace('_', ' ')} {g['inside']} of {g['rows']}"
        for name, g in tally["grades"].items()
        if g["rows"]
    )
    head = (
        "kind", "rows", "inside", "mean error", "bias", "frozen", SHARE_TIMES_CUT, FIXED,
        "compared", "band width", "interval score",
    )  # fmt: skip
    rows = []
    for name, f in tally["families"].items():
        errors = f["mean_absolute_error_of"]
        rows.append(
            (
                name, str(f["rows"]), str(f["inside"]), said(f["mean_absolute_error"]),
                said(f["bias"]), said(errors["frozen"]), said(errors[SHARE_TIMES_CUT]),
                said(errors[FIXED]), str(f["compared_with_baselines"]), said(f["band_width"]),
                said(f["interval_score"]),
            )
        )  # fmt: skip
    better = _baselines(tally)
    timing = (
        ""
        if tally["grades"]["timing"]["rows"]
        else (" No row on timing is among them; they are held out in a section of their own.")
    )
    return (
        f"Inside by grade: {grades}.{timing} Mean error is the mean absolute distance, in the "
        "unit of the kind; the columns of frozen and of the naive baselines are theirs, on the "
        f"rows on which all of them say something.\n\n{table(head, rows)}\n{better}"
    )


def _baselines(tally: dict[str, Any]) -> str:
    """Where the engine is no better than the naive baselines, in a sentence."""
    worse = []
    for name, f in tally["families"].items():
        errors = f["mean_absolute_error_of"]
        mine = errors["adaptive"]
        if mine is None:
            continue
        worse += [
            f"{name} by *{case}* ({said(errors[case])} against {said(mine)})"
            for case in (SHARE_TIMES_CUT, FIXED)
            if errors[case] is not None and errors[case] <= mine
        ]
    if not worse:
        return "No naive baseline comes as near on any kind.\n"
    return f"A naive baseline comes as near or nearer on: {'; '.join(worse)}.\n"


def _observed(board: Scoreboard) -> str:
    replay = board.replay
    assert replay is not None  # noqa: S101 - asked before
    head = ("country", "sector", "month", "drawn before looking (band)", "today (band)",
            "without adaptation", "observed on the year", "to the United States",
            "to all others")  # fmt: skip
    rows = [
        (
            m.country, m.sector.replace("_", " "), m.month,
            str(m.before or "-"), str(m.now), percent(m.now.rigid),
            percent(m.seen), percent(m.to_usa), percent(m.to_others),
        )
        for m in replay.months
        if m.seen is not None or m.to_usa is not None
    ]  # fmt: skip
    words = "\n".join(f"- {text}" for text in replay.conclusions)
    return (
        f"`{replay.scenario}`. The range *drawn before looking* stands in `frozen_ranges.csv`: the "
        f"rules and inputs of commit `{replay.commit}`, the last before the first observed export "
        "came into the repository; it is never computed again. *Today* is that scenario as "
        "it is now (since 22 November 2026 it holds all magnets, before only those listed), "
        f"pack version {replay.version}, sha256 `{replay.sha256[:16]}`. Which plants stopped "
        "in 2025 was known to both. Predicted is a change against the baseline by magnets alone; "
        "observed is a change of value on the year, with duties, plants abroad, used cars, prices "
        f"and working days in it.\n\n{words}\n\n{table(head, rows)}"
    )


def _all(board: Scoreboard) -> str:
    return "\n".join(_groups(board))


def _groups(board: Scoreboard) -> Iterator[str]:
    answered = [r for r in board.rows if r.answered]
    head = ("claim", "grade", "counts", "claimed", "planner", "ours (band)", "frozen",
            SHARE_TIMES_CUT, FIXED, "unit", "")  # fmt: skip
    for group in dict.fromkeys(r.claim.group for r in answered):
        mine = [r for r in answered if r.claim.group == group]
        asked = ", ".join(f"`{s}`" for s in dict.fromkeys(r.scenario for r in mine))
        yield f"### {group.replace('_', ' ')}\n\nAsked by {asked}.\n"
        yield table(
            head,
            (
                (
                    f"`{r.claim.id}`", r.claim.grade.replace("_", " "),
                    _counts(r), claimed(r),
                    said(r.ours.cases.get("planner")), ours(r), said(r.ours.cases.get("frozen")),
                    said(r.ours.naive.get(SHARE_TIMES_CUT)), said(r.ours.naive.get(FIXED)),
                    r.claimed.unit, verdict(r),
                )
                for r in mine
                if r.ours is not None
            ),
        )  # fmt: skip


def _counts(row: Row) -> str:
    """Whether a row counts, is known to the pack, or counts nowhere."""
    if row.claim.grade == CALIBRATION:
        return "nowhere"
    return "yes" if row.claim.counts else "known"


def _unanswered(board: Scoreboard) -> str:
    rows = [r for r in board.rows if not r.answered]
    if not rows:
        return "Every claim is answered.\n"
    return table(("claim", "why"), ((f"`{r.claim.id}`", r.reason) for r in rows))
