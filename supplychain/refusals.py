"""What no restriction may be: words, numbers, dates and combinations, each with what is wrong.

All problems of a restriction are found at once. Whether its names and dates fit a pack is found out
by `supplychain.coverage`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from supplychain.restriction import Range, Restriction, month_number
from supplychain.vocabulary import FORMS, KINDS, MONTHS_PER_YEAR, SHARINGS, STAGES, Kind

LONGEST_HORIZON = 120
_MOST_OF_BASELINE = 5
_LEVELS = (0.5, 2.0)  # beyond that the path is of something else
_MOST_RATE = 20  # twenty times the price: more is a share written in per cent
_MOST_ELASTICITY = 10
_PER_CENT = 100
_MONTH = re.compile(r"\d{4}-\d{2}")

Problem = tuple[str, str]
"""Where something is wrong, and what."""

_BELONGS: Mapping[str, tuple[Kind, ...]] = {
    "rate": ("tax",),
    "elasticity": ("tax",),
    "pass_through": ("tax",),
    "approval_luck": ("licence",),
    "path_level": ("path",),
    "dead_time_months": ("licence",),
    "ramp_months": ("licence",),
}
"""Numbers that mean something under some kinds only."""


def problems(r: Restriction) -> Iterator[Problem]:
    """Everything that is wrong with one restriction, whatever the pack."""
    yield from _words(r)
    yield from _numbers(r)
    yield from _kinds(r)
    yield from _rules(r)
    breaks = [month for pair in r.suspended for month in pair]
    if all(breaks) and all(is_month(month) for month in (r.start, r.end, *breaks)):
        yield from _dates(r)


def _words(r: Restriction) -> Iterator[Problem]:
    """What, how, to whom and from when."""
    if not r.items:
        yield "products", "name at least one mineral or product"
    closed: tuple[tuple[str, str | None, Sequence[str]], ...] = (
        ("kind", r.kind, KINDS),
        ("form", r.form, FORMS),
        ("stage", r.stage, STAGES),
        ("sharing", r.sharing, SHARINGS),
    )
    for field, word, known in closed:
        if word is not None and word not in known:
            yield field, f"{word!r} is not one of {', '.join(known)}"
    if not r.to:
        yield "to", "name at least one country, or * for everyone"
    dates = [("start", r.start), ("end", r.end), ("announced", r.announced)]
    dates += [("enforcement", r.enforcement)]
    dates += [("suspended", month) for pair in r.suspended for month in pair]
    for field, month in dates:
        if not is_month(month) or (field == "suspended" and not month):
            yield field, no_month(month)


def _numbers(r: Restriction) -> Iterator[Problem]:
    """How much and for how long."""
    yield from _between("severity", r.severity, 0, 1)
    if not 1 <= r.months <= LONGEST_HORIZON:
        yield "months", f"{r.months} is not between 1 and {LONGEST_HORIZON}"
    if (r.kind == "path") != bool(r.path):
        yield "path", "a list of monthly ceilings belongs to kind 'path', and only to it"
    for ceiling in r.path:
        if not 0 <= ceiling <= _MOST_OF_BASELINE:
            yield "path", f"{ceiling:g} is not between 0 and {_MOST_OF_BASELINE}"
    yield from _between("path_level", r.path_level, *_LEVELS)
    waits = (
        ("dead_time_months", r.dead_time_months),
        ("ramp_months", r.ramp_months),
        ("delay_months", r.delay_months),
    )
    for name, extra in waits:
        if extra is not None and not 0 <= extra <= LONGEST_HORIZON:
            yield name, f"{extra:g} is not between 0 and {LONGEST_HORIZON}"
    yield from _between("rate", r.rate, 0, _MOST_RATE)
    yield from _between("elasticity", r.elasticity, -_MOST_ELASTICITY, 0)
    for name in ("pass_through", "approval_luck", "compliance", "leakage", "leakage_enforced"):
        yield from _between(name, getattr(r, name), 0, 1)
    if r.content_rule is not None:
        yield from _between("content_rule", Range.of(r.content_rule), 0, 1)


def _between(field: str, number: Range | None, least: float, most: float) -> Iterator[Problem]:
    """A range whose ends are impossible, or fall from low to high."""
    if number is None:
        return
    low, value, high = number.low, number.value, number.high
    for one in dict.fromkeys((low, value, high)):
        if not least <= one <= most:
            meant = f"write {one / _PER_CENT:g} for {one:g} per cent"
            is_percent = least == 0 and most < one <= most * _PER_CENT
            yield (
                field,
                f"{one:g} is not between {least:g} and {most:g}"
                + (f"; {meant}" if is_percent else ""),
            )
    if not low <= value <= high:
        yield field, "low, mode and high must not fall"


def _kinds(r: Restriction) -> Iterator[Problem]:
    """What belongs to one kind only."""
    for field, kinds in _BELONGS.items():
        if getattr(r, field) is not None and r.kind not in kinds:
            yield field, f"belongs to kind {kinds[0]!r}, and only to it (this is a {r.kind})"
    if r.kind == "tax":
        if r.rate is None:
            yield "rate", "a tax needs one: its share of the price, such as 0.2"
        if r.severity != Range.of(0.0):
            yield "severity", "a tax withholds nothing by itself; it has a rate instead"
    in_turns = r.sharing == "priority"
    if in_turns and r.kind != "quota":
        yield "sharing", f"'priority' belongs to kind 'quota', and only to it (this is a {r.kind})"
    if in_turns != bool(r.priority):
        what = "a list of countries and user products belongs to sharing = 'priority'"
        yield "priority", f"{what}, and only to it"


def _rules(r: Restriction) -> Iterator[Problem]:
    """What means nothing without something else."""
    if r.compliance is not None and r.content_rule is None:
        yield "compliance", "is that with a content rule; give content_rule too, such as 0.001"


def _dates(r: Restriction) -> Iterator[Problem]:
    """Dates that contradict each other: a window that ends before it begins, or never is."""
    if r.end and not r.start:
        yield "start", "a restriction with an end date needs a start date"
        return
    window = r.window(0)
    if r.start and is_month(r.announced) and is_month(r.enforcement):
        yield from early_or_late(r, window.start)
    if r.end and window.months < 1:
        yield "end", f"{r.end} lies before the start"
    elif r.end and window.months > LONGEST_HORIZON:
        yield "end", f"{r.end} is more than {LONGEST_HORIZON} months after the start"
    elif window.months >= 1 and window.first >= window.stop:
        yield "delay_months", f"{r.delay_months} months of delay leave nothing to enforce"
    yield from _breaks(r)
    if r.start and window.first < window.stop and not window.spells:
        yield "suspended", "it is never in force"


def _breaks(r: Restriction) -> Iterator[Problem]:
    """Suspensions that run backwards or overlap."""
    for first, last in r.suspended:
        if month_number(last) < month_number(first):
            yield "suspended", f"{first} to {last} runs backwards"
    for (_, last), (following, _) in pairwise(sorted(r.suspended)):
        if following <= last:
            yield "suspended", "two suspensions overlap"


def early_or_late(r: Restriction, start: int) -> Iterator[Problem]:
    """An announcement after the start, or its enforcement abroad before it."""
    if r.announced and month_number(r.announced) > start:
        yield "announced", f"{r.announced} lies after the start"
    if r.enforcement and month_number(r.enforcement) < start:
        yield "enforcement", f"{r.enforcement} lies before the start"


def is_month(text: str) -> bool:
    """Whether a text is empty or a month such as 2025-04."""
    if not text:
        return True
    return bool(_MONTH.fullmatch(text)) and 1 <= int(text[-2:]) <= MONTHS_PER_YEAR


def no_month(text: str) -> str:
    """The message of a date that is no month."""
    return f"{text!r} is not a month; write it as 2025-04"
