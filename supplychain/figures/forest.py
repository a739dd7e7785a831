"""Every claim of the scoreboard beside our band, each over the size of its own claim."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from supplychain.figures.canvas import (
    BLUE,
    INK,
    MARGIN,
    NORMAL,
    PALE,
    RED,
    TINY,
    Drawing,
    Words,
    page,
    styled,
)
from supplychain.validation import Scoreboard
from supplychain.validation.row import Row

ROWS_A_PAGE = 25

_WIDTH, _LINE, _LEFT = 9.5, 0.2, 3.6
_LEAST, _MOST = -0.5, 3.0
_CLEAR = 0.04


def forest(board: Scoreboard) -> tuple[Drawing, ...]:
    """Pages of at most `ROWS_A_PAGE` claims: those that count first, misses before the rest.

    Ranks have no size, and a calibration row is judged by nothing: neither is drawn.
    """
    rows = [r for r in board.rows if r.distance is not None and r.inside is not None]
    rows.sort(key=lambda r: (not r.claim.counts, bool(r.inside), r.claim.id))
    pages = [rows[k : k + ROWS_A_PAGE] for k in range(0, len(rows), ROWS_A_PAGE)]
    return tuple(_page(board, some, n + 1, len(pages)) for n, some in enumerate(pages))


@styled
def _page(board: Scoreboard, rows: Sequence[Row], number: int, pages: int) -> Drawing:
    """One page of claims."""
    high = _LINE * len(rows)
    sheet = page(_words(board, number, pages), _WIDTH, high + 0.55)
    axes = sheet.axes(MARGIN + _LEFT, 0.05, _WIDTH - 2 * MARGIN - _LEFT - 0.1, high)
    axes.set_xlim(_LEAST - 0.1, _MOST + 0.1)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.axvline(1.0, color=INK, linewidth=0.9)
    axes.axvline(0.0, color=PALE, linewidth=0.9)
    for place, row in enumerate(rows):
        _row(axes, place, row)
    axes.set_yticks(range(len(rows)), [_name(row) for row in rows], fontsize=TINY)
    axes.set_xlabel("over the size of the claim (the claim is 1; no change is 0)", fontsize=NORMAL)
    return Drawing(sheet.figure, tuple(_tidy(row) for row in rows), f"validation-{number}")


def scaled(row: Row, value: float) -> float:
    """A value over the claim; of a claim of nothing its difference, put at 1.

    A claim of -2 % and an answer of -1 % give 0.5; a claim of 0 and an answer of -1 % give 0.99.
    """
    size = row.claimed.central
    if size is None:
        ends = [x for x in (row.claimed.low, row.claimed.high) if x is not None]
        size = sum(ends) / len(ends)
    return value / size if size else 1.0 + value


def _row(axes: Axes, place: int, row: Row) -> None:
    """Claimed range in grey, our band and point; a triangle where it leaves the picture."""
    ours = row.ours
    assert ours is not None and ours.central is not None  # noqa: S101, PT018 - sorted out before
    ends = [x for x in (row.claimed.low, row.claimed.high) if x is not None]
    if len(ends) > 1:
        left, right = sorted(_cut(scaled(row, x)) for x in ends)
        axes.plot([left, right], [place, place], color=PALE, linewidth=7, solid_capstyle="butt")
    colour = BLUE if row.inside else RED
    if ours.band is not None:
        left, right = sorted(_cut(scaled(row, x)) for x in ours.band)
        axes.plot([left, right], [place, place], color=colour, linewidth=1.6)
    at = scaled(row, ours.central)
    mark = "o" if row.inside else "X"
    if at > _MOST or at < _LEAST:
        mark = ">" if at > _MOST else "<"
    axes.plot([_cut(at)], [place], mark, color=colour, markersize=5, clip_on=False)


def _cut(value: float) -> float:
    return min(max(value, _LEAST), _MOST)


def _name(row: Row) -> str:
    mark = "" if row.inside else "MISS  "
    return f"{mark}{row.claim.id}{'' if row.claim.counts else ' (known)'}"


def _tidy(row: Row) -> dict[str, str | float | int | None]:
    ours = row.ours
    band = (None, None) if ours is None or ours.band is None else ours.band
    return {
        "id": row.claim.id,
        "grade": row.claim.grade,
        "counts": int(row.claim.counts),
        "unit": row.claimed.unit,
        "claimed_low": row.claimed.low,
        "claimed": row.claimed.central,
        "claimed_high": row.claimed.high,
        "ours": None if ours is None else ours.central,
        "band_low": band[0],
        "band_high": band[1],
        "inside": int(bool(row.inside)),
    }


def _words(board: Scoreboard, number: int, pages: int) -> Words:
    """Title, unit, how to read it, and the pack."""
    return Words(
        f"Does it agree with others and with what happened? ({number} of {pages})",
        "Our answer (adaptive case) and its 10-90 % band over the size of each claim; rows that "
        "count first, then those that the pack rests on (known).",
        "Blue dot: inside; red cross and the word MISS: not. Grey: the range that was claimed. A "
        "triangle stands where an answer leaves the picture. Of a claim of nothing the difference "
        "is shown, at 1.",
        f"Source: pack {board.pack} {board.version} (sha256 {board.sha256[:8]}), "
        "published_estimates.csv and episodes.csv.",
    )
