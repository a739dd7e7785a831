"""Why experts differ: one question, one data set, and what each set of assumptions makes of it."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    BLUE,
    GREY,
    INK,
    MARGIN,
    ORANGE,
    SKY,
    SMALL,
    Drawing,
    Words,
    page,
    styled,
)
from supplychain.validation import Scoreboard
from supplychain.validation.claims import CONTROL
from supplychain.validation.row import Row
from supplychain.validation.view import FIXED, SHARE_TIMES_CUT
from supplychain.vocabulary import MONTHS_PER_YEAR

_WIDTH, _BAR, _LEFT, _ABOVE = 9.5, 0.34, 2.9, 0.19
_CASES = {
    "planner": "best response",
    "adaptive": "all adapt: stocks, spot market, substitutes",
    "frozen": "stocks alone",
    FIXED: "no stocks, fixed proportions",
    SHARE_TIMES_CUT: "import share x cut",
}


@styled
def experts(board: Scoreboard, country: str) -> Drawing:
    """GDP losses that others state for one country beside what our data give under five rules.

    The rules are those of the scenario that most of these claims answer; the same network, shares
    and table of industries stand behind all of them.

    Raises:
        ValueError: nobody's claim on the GDP of this country is answered.
    """
    rows = asked(board, country)
    if not rows:
        raise ValueError(f"no answered claim on the GDP of {country}")
    files = [row.scenario for row in rows]
    own = next(row for row in rows if row.scenario == max(files, key=files.count))
    losses = assumptions(own)
    band = own.ours.band if own.ours is not None else None
    claims = sorted((-_central(row), _who(row)) for row in rows)
    high, above = _BAR * len(losses), _ABOVE * len(claims) + 0.1
    sheet = page(_words(board, country, own.scenario), _WIDTH, high + above + 0.55)
    width = _WIDTH - 2 * MARGIN - _LEFT - 0.5
    axes = sheet.axes(MARGIN + _LEFT, 0.05 + above, width, high)
    most = max(*losses.values(), *(loss for loss, _ in claims))
    axes.set_xlim(0.0, 112 * most)
    axes.set_ylim(len(losses) - 0.5, -0.5)
    _bars(axes, losses, band)
    _lines(axes, claims, len(losses), high)
    tidy: list[Mapping[str, str | float | int | None]]
    tidy = [{"who": name, "gdp_lost": loss, "kind": "ours"} for name, loss in losses.items()]
    tidy += [{"who": who, "gdp_lost": loss, "kind": "claimed"} for loss, who in claims]
    return Drawing(sheet.figure, tuple(tidy), f"experts-{country}")


def asked(board: Scoreboard, country: str) -> tuple[Row, ...]:
    """Answered claims on a year's GDP of a country, as a share of it, and no fears."""
    return tuple(
        row
        for row in board.rows
        if row.claim.metric == "gdp_change"
        and row.claim.countries == (country,)
        and row.claim.grade != CONTROL
        and row.claimed.unit.startswith("share")
        and row.claimed.central is not None
        and row.ours is not None
        and row.claim.months == MONTHS_PER_YEAR
    )


def assumptions(row: Row) -> dict[str, float]:
    """Share of GDP lost under each rule, by its words."""
    assert row.ours is not None  # noqa: S101 - answered
    known = {**row.ours.cases, **row.ours.naive}
    return {said: -(known[name] or 0.0) for name, said in _CASES.items() if name in known}


def _central(row: Row) -> float:
    return float(row.claimed.central or 0.0)


def _who(row: Row) -> str:
    return f"{row.claim.group.split(' (')[0]}: {-100 * _central(row):.2g} %"


def _bars(axes: Axes, losses: Mapping[str, float], band: tuple[float, float] | None) -> None:
    """A bar for each of our rules."""
    for place, (name, loss) in enumerate(losses.items()):
        is_ours = name == _CASES["adaptive"]
        axes.barh(place, 100 * loss, height=0.55, color=BLUE if is_ours else SKY, linewidth=0)
        if is_ours and band is not None:
            axes.plot([-100 * x for x in band], [place, place], color=INK, linewidth=1.6)
    said = [f"{name}: {100 * loss:.2g} %" for name, loss in losses.items()]
    axes.set_yticks(range(len(losses)), said, fontsize=SMALL)
    axes.set_xlabel("% of a year's GDP lost", fontsize=SMALL, color=GREY)


def _lines(axes: Axes, claims: Sequence[tuple[float, str]], bars: int, high: float) -> None:
    """A line through the bars for every claim; the smallest stands highest, clear of the others."""
    for number, (loss, who) in enumerate(reversed(claims)):
        top = -0.5 - bars / high * _ABOVE * (number + 0.6)
        ends = [bars - 0.5, top]
        axes.plot([100 * loss] * 2, ends, color=ORANGE, linewidth=1.1, clip_on=False)
        axes.text(100 * loss, top, f"  {who}", ha="left", va="center", fontsize=SMALL)


def _words(board: Scoreboard, country: str, scenario: str) -> Words:
    """Title, unit, how to read it, and the pack."""
    return Words(
        f"Why do experts differ on what {country} would lose?",
        f"Bars: one data set under five rules ({scenario}); lines: what others stated for a year.",
        "Dark bar: our central case, black its 10-90 % band. Rules on stocks and adaptation move "
        "the answer a hundredfold, so figures of the same question may stand far apart without "
        "anybody being wrong about the data. Ours count lost exports and their suppliers alone.",
        f"Source: pack {board.pack} {board.version} (sha256 {board.sha256[:8]}), "
        "published_estimates.csv.",
    )
