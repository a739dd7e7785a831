"""The sentences around a picture: what is restricted, in which unit, from which sources."""

from collections import Counter
from collections.abc import Mapping, Sequence

from supplychain.coverage import Measure
from supplychain.result import Result, SectorLoss
from supplychain.tables import Tables
from supplychain.vocabulary import EVERYONE

MOST_PUBLISHERS = 4
OWN = "This pack"

_STEPS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def spoken(name: str) -> str:
    """An id as words.

    >>> spoken("auto_parts/hre_magnet")
    'auto parts (hre magnet)'
    """
    head, _, tail = name.replace("_", " ").partition("/")
    return f"{head} ({tail})" if tail else head


def per_cent(share: float) -> str:
    """A share as per cent with two figures that matter, without the sign.

    >>> [per_cent(v) for v in (0, 0.00042, 0.0123, 0.256, 1)]
    ['0', '0.04', '1.2', '26', '100']
    """
    value = 100 * share
    for least, places in ((9.95, 0), (0.995, 1), (0.005, 2)):
        if abs(value) >= least:
            return f"{value:.{places}f}"
    return "0"


def percents(low: float, high: float) -> str:
    """A range of shares.

    >>> percents(0.02, 0.09)
    '2.0-9.0 %'
    """
    least, most = per_cent(low), per_cent(high)
    return f"{least} %" if least == most else f"{least}-{most} %"


def money(*amounts: float) -> str:
    """An amount, or a range of amounts, in USD with one unit.

    >>> money(2.05e9), money(6e8, 2.7e9), money(0.0)
    ('USD 2.0 bn', 'USD 0.60-2.7 bn', 'USD 0')
    """
    largest = max(abs(a) for a in amounts)
    size, unit = next(((s, u) for s, u in _STEPS if largest >= s), (1.0, ""))
    parts = list(dict.fromkeys(_short(a / size) for a in amounts))
    return f"USD {'-'.join(parts)} {unit}".rstrip()


def _short(value: float) -> str:
    """Two figures that matter, never in powers of ten."""
    for least, places in ((9.95, 0), (0.995, 1), (0.005, 2)):
        if abs(value) >= least:
            return f"{value:.{places}f}"
    return "0"


def listed(names: Sequence[str]) -> str:
    """Names as people list them.

    >>> listed(["a", "b", "c"]), listed(["a"])
    ('a, b and c', 'a')
    """
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def measure_words(measure: Measure) -> str:
    """One restriction, in words."""
    r = measure.restriction
    to = "" if EVERYONE in r.to else f" to {', '.join(r.to)}"
    spared = f" except {', '.join(r.exclude)}" if r.exclude else ""
    hard = f", {per_cent(r.severity.value)} % withheld"
    if r.kind == "path":
        hard = ""
    elif r.rate is not None:
        hard = f" of {per_cent(r.rate.value)} %"
    products = ", ".join(spoken(p) for p in measure.products) or "nothing"
    return f"{r.actor} restricts {products}{to}{spared} ({r.kind}{hard}, {r.months} months)"


def scenario_words(result: Result, *, hardest: bool = False) -> str:
    """What is restricted, from when, over which horizon; `hardest`: the last rung of a ladder."""
    resolved = result.resolved
    if resolved.scenario.ladder:
        kind = result.ladder[-1].name if hardest else "licence as in 2025, half, full stop"
        said = "; ".join(
            f"{m.restriction.actor} restricts {', '.join(spoken(p) for p in m.products)} ({kind}, "
            f"{m.restriction.months} months)"
            for m in resolved.measures
        )
    else:
        said = "; ".join(measure_words(m) for m in resolved.measures) or "no restriction"
    return f"{said}; {resolved.months} months from {resolved.start}"


def source_line(result: Result) -> str:
    """Pack, version, first of its fingerprint, and the publishers behind most of its sources."""
    pack = result.pack
    counted = Counter(s["publisher"] for s in result.sources if s["publisher"] != OWN)
    ranked = [name for name, _ in sorted(counted.items(), key=lambda p: (-p[1], p[0]))]
    rest = len(ranked) - MOST_PUBLISHERS
    main = "; ".join(ranked[:MOST_PUBLISHERS]) + (f"; and {rest} more" if rest > 0 else "")
    return (
        f"Source: pack {pack['pack']} {pack['version']} (sha256 {pack['sha256'][:8]})"
        + (f"; main publishers: {main}" if main else "")
        + f". Central values of pack {pack['pack']}; band 10-90 % over what is not known. "
        f"Valued as {result.valuation}."
    )


def has_point(loss: SectorLoss, result: Result) -> bool:
    """Whether a central value may be shown: not where grade D figures dominate."""
    return loss.grade_d_weight is not None and loss.grade_d_weight <= result.d_threshold


def is_hit(loss: SectorLoss) -> bool:
    """Whether a sector loses anything in any case, or may."""
    return max(*loss.share.values(), loss.band[1]) > 0


def country_names(tables: Tables) -> Mapping[str, str]:
    """Code -> name."""
    return {str(r["iso3"]): str(r["name"]) for r in tables.rows("countries")}
