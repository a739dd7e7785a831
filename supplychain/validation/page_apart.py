"""Sections of the page beside the misses: controls, stated orders, calibration, open forecasts."""

from __future__ import annotations

from collections.abc import Iterator

from supplychain.sensitivity.match import NO_PROOF
from supplychain.validation.board import Scoreboard
from supplychain.validation.cells import claimed, ours, said, table, verdict
from supplychain.validation.claims import CONTROL
from supplychain.validation.forecasts import Forecast, Predicted
from supplychain.validation.matched import Matched
from supplychain.validation.order import orders

SINCE = "Not held out since"
"""What the note of a row says that counted once."""

_PER_CENT = 100


def controls(board: Scoreboard) -> str:
    """Every negative control, and of each false alarm why."""
    rows = [r for r in board.rows if r.claim.grade == CONTROL and r.answered]
    if not rows:
        return "No negative control is answered.\n"
    head = ("claim", "what hardly changed, or was feared", "claimed", "ours (band)", "counts",
            "verdict")  # fmt: skip
    listed = table(
        head,
        (
            (
                f"`{r.claim.id}`", r.claim.says, claimed(r), ours(r),
                "yes" if r.claim.counts else "known",
                "little or nothing" if r.inside else "**false alarm**",
            )
            for r in rows
        ),
    )  # fmt: skip
    alarms = [r for r in rows if not r.inside]
    why = "".join(f"- `{r.claim.id}` ({r.scenario}): {r.would_close}.\n" for r in alarms)
    return (
        "Each is played like any other row, with no rule of its own. "
        f"{len(rows) - len(alarms)} of {len(rows)} give little or nothing.\n\n{listed}\n"
        + (f"Why the others do not:\n\n{why}" if alarms else "")
    )


def known_since(board: Scoreboard) -> str:
    """Rows that counted until the scenario file that asks them was rewritten; empty for none."""
    rows = [r for r in board.rows if SINCE in r.claim.note]
    if not rows:
        return ""
    said = "".join(
        f"- `{r.claim.id}` ({r.scenario}), {verdict(r)}: {SINCE}{r.claim.note.split(SINCE)[1]}\n"
        for r in rows
    )
    return f"Scenario files rewritten, from sources, after a row had been missed:\n\n{said}"


def stated_orders(board: Scoreboard) -> str:
    """How the orders that studies state stand beside ours."""
    found = orders(board.rows)
    if not found:
        return "No study that states an order is answered.\n"
    words = (
        "A row is inside only if all its pairs stand as claimed, and each row of a list counts by "
        "itself; what the list says as a whole is this:\n"
    )
    return words + "\n" + "".join(f"- {order.sentence()}\n" for order in found)


def calibration(board: Scoreboard) -> str:
    """Which assumptions would give the figures that may only calibrate."""
    if not board.matched:
        return "No calibration row is answered.\n"
    words = (
        "These figures were known from the start and their questions are not, so they are neither "
        f"hits nor misses and count nowhere. {NO_PROOF}\n"
    )
    return "\n".join([words, *map(_curve, board.matched)])


def _curve(one: Matched) -> str:
    """One figure: its sentences, and the two curves."""
    words = "".join(f"- {text}\n" for text in one.sentences())
    pairs = table(
        (
            f"cover of {one.input.replace('_', ' ')}, days", "loss with the pack's share",
            "affected share that it needs", "",
        ),
        (
            (
                said(p.y), _share(p.loss), "-" if p.x is None else _share(p.x),
                "inside both ranges" * p.is_inside,
            )
            for p in one.shares
        ),
    )  # fmt: skip
    hard = table(
        ("months, counted while it lasts", "a full stop loses", "severity that they need"),
        ((said(p.y), _share(p.loss), "-" if p.x is None else _share(p.x)) for p in one.severities),
    )
    return f"### `{one.id}`\n\n{words}\n{pairs}\n{hard}"


def open_forecasts(board: Scoreboard) -> str:
    """Dated forecasts, what they predict, and when they can be scored."""
    if not board.forecasts:
        return "This installation holds no dated forecast.\n"
    return "\n".join(_forecast(one) for one in board.forecasts)


def _forecast(one: Forecast) -> str:
    state = "scored in the file beside it" if one.is_scored else "open: nothing observed yet"
    rows = [
        (
            f"`{q.id}`", said(q.probability), q.due, p.country, _cases(p),
            f"{p.worst.replace('_', ' ')} {said(p.central)} ({said(p.low)} to {said(p.high)})",
        )
        for q in one.questions
        for p in q.predicted
    ]  # fmt: skip
    head = ("question", "probability (a guess)", "scored on", "country",
            "exports lost if yes: planner, adaptive, frozen", "worst sector (band)")  # fmt: skip
    asked = "".join(_asks(one))
    return (
        f"`{one.file}` of {one.date}, {one.tool}, pack {one.pack}, sha256 `{one.sha256}`: "
        f"{state}. Never edited. Per cent of exports.\n\n{asked}\n{table(head, rows)}"
    )


def _asks(one: Forecast) -> Iterator[str]:
    for q in one.questions:
        yield f"- `{q.id}`: {q.asks}\n"


def _cases(one: Predicted) -> str:
    return ", ".join(said(one.total[case]) for case in ("planner", "adaptive", "frozen"))


def _share(value: float) -> str:
    """A share in per cent.

    >>> _share(0.3619)
    '36.2 %'
    """
    return f"{_PER_CENT * value:.1f} %"
