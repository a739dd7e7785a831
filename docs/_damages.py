"""Plant damages of every kind in two packs, and write what came of them into ``docs/damages.md``.

``make damages`` runs it (some minutes); slow tests of `tests/test_attack.py` run the same kinds.
A script that reads with pandas and multiplies shares is judged on the same folders.
"""

import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from damages import KINDS, Kind
from sweep import Pack, Trial, small_pack, sweep

from supplychain.world import shipped

HOUSE = Path(__file__).resolve().parent.parent
PAGE = HOUSE / "docs" / "damages.md"
EACH = {"shipped": 1, "small": 4}
HEAD = """# What happens to a damaged pack

Written by `make damages`; do not edit. Each kind of damage is planted {shipped} times, at
random places drawn from a fixed seed, in the shipped pack and {small} times in a small written one:
{planted} damages of {kinds} kinds. What is compared is every cell that was read (prose apart), then
every node and flow of the balanced network.

- **refused**: exit code 3, every fault with its file and, where there is one, row and column.
- **warned**: taken, and a warning that names the row travels into every result that rests on it.
- **same**: what was read is what the clean pack gives.
- **silent**: taken without a word, and something differs. **traceback**: any other exception.
- **place**: of the messages of a damage that has a row and a column, how many name both.
- **naive**: what a script does on the same folders that reads them with pandas and multiplies
  shares along the chain: silent changes of its result / tracebacks / trials (folders that it cannot
  be let loose on, such as a pipe, are left out).

| kind | owed | planted | refused | warned | same | silent | traceback | place | naive |
|---|---|--:|--:|--:|--:|--:|--:|--:|--:|
"""
FOOT = """
Owed: `refused`; `told`, refused or taken with a warning; `same`, harmless.

## What no checker of this kind can see

A figure that is wrong and still within its own range and in step with its neighbours (a share of
0.15 written as 0.16), one country for another that also makes the product, and a row that was left
out. A unit mistake is seen because something else bears on the figure: recipes, flows, prices,
capacity. It is not seen in a maker of less than about a ten-thousandth of the world, in the price
of a product without a priced input or user (no result rests on prices), and in a small maker of a
product that only hosts a by-product. A row of `totals.csv` closes the first and the last gap for
its product. The limits of each check stand in `supplychain/network/plausibility.py`.
"""


def page(trials: Sequence[Trial]) -> str:
    """The page as Markdown."""
    lines = [_line(kind, [t for t in trials if t.kind == kind]) for kind in KINDS]
    told = {kind.name for kind in KINDS}
    head = HEAD.format(**EACH, planted=len(trials), kinds=len(told))
    return head + "\n".join([*lines, _line(None, trials)]) + "\n" + FOOT


def _line(kind: Kind | None, trials: Sequence[Trial]) -> str:
    """One kind as a row of the table; none is the sum of all."""
    count = Counter(trial.verdict for trial in trials)
    verdicts = (count[v] for v in ("refused", "warned", "same", "silent", "traceback"))
    spoken = [t for t in trials if t.verdict in {"refused", "warned"}]
    placed = [t for t in spoken if t.row is not None or t.column is not None]
    named = sum(t.row is not False and t.column is not False for t in placed)
    place = f"{named} of {len(placed)}" if placed else "–"
    naive = Counter(t.naive for t in trials if t.naive)
    beside = f"{naive['silent']} / {naive['traceback']} / {sum(naive.values())}" if naive else "–"
    name, owed = (kind.name, kind.verdict) if kind else ("**all**", "")
    cells = (name, owed, len(trials), *verdicts, place, beside)
    return "| " + " | ".join(str(cell or "0") if cell != "" else "" for cell in cells) + " |"


def main() -> None:
    """Plant, judge, write."""
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        trials = sweep(Pack.of(shipped("data"), beside=True), EACH["shipped"], room)
        trials += sweep(Pack.of(small_pack(room / "small"), beside=True), EACH["small"], room)
    PAGE.write_text(page(trials), encoding="utf-8")
    for trial in trials:
        if not trial.right:
            print(f"not as owed: {trial.kind.name}, seed {trial.seed}: {trial.verdict}")
    print(f"wrote {PAGE.relative_to(HOUSE)}: {len(trials)} damages of {len(KINDS)} kinds")


if __name__ == "__main__":
    main()
