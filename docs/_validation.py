"""Write again docs/validation.md and its pictures.

``make validation`` runs it (about two minutes); `tests/test_validation.py` sees that the page is of
the shipped pack, and its slow test that it is what the engine says.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import supplychain as sc
from supplychain import figures
from supplychain.validation import Scoreboard, validate
from supplychain.validation.experts import disputed
from supplychain.validation.page import markdown

PAGE = Path(__file__).resolve().parent / "validation.md"
PICTURES = PAGE.parent / "img"
COUNTRY = "KOR"


def text(board: Scoreboard, pages: int) -> str:
    """The page, with links to its pictures."""
    shown = [f"observed-{COUNTRY}", "licence_curves", f"experts-{disputed(board)}"]
    names = [*shown, *(f"validation-{n + 1}" for n in range(pages))]
    return markdown(board, [f"![{name}](img/{name}.png)\n" for name in names])


def main() -> None:
    """Play everything and write the page and its pictures."""
    board = validate(sc.load())
    forest = figures.forest(board)
    drawings: Sequence[figures.Drawing] = forest
    if board.replay is not None:
        drawings = (figures.observed(board.replay, COUNTRY), *forest)
    drawings = (*drawings, figures.licence_curves(board))
    if country := disputed(board):
        drawings = (*drawings, figures.experts(board, country))
    with TemporaryDirectory() as folder:
        for drawing in drawings:
            saved = figures.save(drawing.figure, drawing.rows, folder, drawing.name)
            (PICTURES / f"{drawing.name}.png").write_bytes(saved[0].read_bytes())
    PAGE.write_text(text(board, len(forest)), encoding="utf-8")
    print(f"wrote {PAGE.name} and {len(drawings)} pictures")


if __name__ == "__main__":
    main()
