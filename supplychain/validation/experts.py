"""Why experts differ: one question, one data set, and what each set of assumptions makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from supplychain.validation.board import Scoreboard
from supplychain.validation.claims import CONTROL
from supplychain.validation.row import Row
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT
from supplychain.vocabulary import MONTHS_PER_YEAR

RULES: Mapping[str, str] = {
    "planner": "best response",
    "adaptive": "all adapt: stocks, spot market, substitutes",
    "frozen": "stocks alone",
    FIXED: "no stocks, fixed proportions",
    SHARE_TIMES_CUT: "import share x cut",
}
"""Each set of assumptions, from most to least that people can do."""


@dataclass(frozen=True)
class Experts:
    """What others state for a year's GDP of one country, and our rules on the same question.

    Attributes:
        scenario: the file that most of the claims answer: the rules are those of it.
        stated: who, and the share of GDP lost, smallest first.
        lost: share of GDP lost under each of `RULES` that was played.
        band: of the adaptive case, share of GDP lost.
    """

    country: str
    scenario: str
    stated: tuple[tuple[str, float], ...]
    lost: Mapping[str, float]
    band: tuple[float, float] | None

    def sentences(self) -> str:
        """How far the figures lie apart, and which rules they lie between."""
        figures = [loss for _, loss in self.stated]
        low, high = min(self.lost.values()), max(self.lost.values())
        stated = ", ".join(f"{who} {100 * loss:.2g} %" for who, loss in self.stated)
        opening = (
            f"A year's GDP of {self.country}, as stated: {stated}. One set of data under "
            f"{len(self.lost)} rules gives {100 * low:.2g} to {100 * high:.2g} %: the bars differ "
            "in nothing but what is assumed about stocks and about what people do."
        )
        said = [opening]
        for name, loss in self.lost.items():
            above = sum(figure > loss for figure in figures)
            said.append(
                f"Above *{RULES[name]}* ({100 * loss:.2g} %) lie {above} of {len(figures)}."
            )
        return " ".join(said)


def disputed(board: Scoreboard) -> str | None:
    """The country on which most claims are answered, the first by name; None if there is none."""
    countries = [c for row in board.rows for c in row.claim.countries[:1] if _asks(row, c)]
    return max(sorted(set(countries)), key=countries.count, default=None)


def experts(board: Scoreboard, country: str) -> Experts | None:
    """Put the claims on one country together; None where nobody's is answered."""
    rows = [row for row in board.rows if _asks(row, country)]
    if not rows:
        return None
    files = [row.scenario for row in rows]
    own = next(row for row in rows if row.scenario == max(files, key=files.count))
    assert own.ours is not None  # noqa: S101 - `_asks` sees to it
    known = {**own.ours.cases, **own.ours.naive}
    lost = {name: -(known[name] or 0.0) for name in RULES if name in known}
    stated = sorted((-float(row.claimed.central or 0.0), _who(row)) for row in rows)
    band = own.ours.band
    return Experts(
        country,
        own.scenario,
        tuple((who, loss) for loss, who in stated),
        lost,
        None if band is None else (-band[1], -band[0]),
    )


def _asks(row: Row, country: str) -> bool:
    """Whether a claim is about a year's GDP of the country, as a share of it, and is answered."""
    return (
        row.claim.metric == "gdp_change"
        and row.claim.countries == (country,)
        and row.claim.grade != CONTROL
        and row.claim.months == MONTHS_PER_YEAR
        and row.claimed.unit.startswith("share")
        and row.claimed.central is not None
        and row.ours is not None
    )


def _who(row: Row) -> str:
    """The study, without its authors."""
    return row.claim.group.split(" (")[0]
