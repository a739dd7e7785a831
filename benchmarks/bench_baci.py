"""A BACI year at full size: our reading against `pandas.read_csv`, side by side in one run.

    python benchmarks/bench_baci.py [ROWS]

Writes a synthetic year file of eleven million rows (or ROWS), then reads it in processes of their
own, so that each peak of memory is its own: pandas; our first reading, which makes the cache; our
second reading, of the codes that a pack asks for and of the whole year. Peaks are those of the
whole process, interpreter and libraries included; the first line shows what those hold alone, and
the last ratio leaves it out. Needs Linux.
"""

import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np

ROWS = 11_000_000
BLOCK = 1_000_000
PRODUCTS = 5_000
COUNTRIES = 226
MISSING = 0.04  # share of flows without a quantity
CODES = ["282200", "810520", "284690", "280530", "811292", "850511"]
PEAK = """
import time
start = time.perf_counter()
{work}
spent = time.perf_counter() - start
with open("/proc/self/status") as status:  # getrusage would hold the peak of the parent as well
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
print(spent, peak, rows)
"""
WORKS = {
    "nothing but the imports": """
        import pandas, pyarrow.parquet
        rows = 0
    """,
    "pandas.read_csv": """
        import pandas
        rows = len(pandas.read_csv({path!r}, dtype={{"k": str}}, na_values=["           NA"]))
    """,
    "first reading (makes the cache)": """
        from pathlib import Path
        from supplychain.importers import baci
        rows = len(baci.read(Path({path!r}), codes={codes!r}, cache=Path({cache!r})).frame)
    """,
    "second reading, {count} codes": """
        from pathlib import Path
        from supplychain.importers import baci
        rows = len(baci.read(Path({path!r}), codes={codes!r}, cache=Path({cache!r})).frame)
    """,
    "the same as an arrow table": """
        from pathlib import Path
        from supplychain.importers import baci
        rows = baci.flows(Path({path!r}), codes={codes!r}, cache=Path({cache!r}))[0].num_rows
    """,
    "second reading, whole year in pieces": """
        from pathlib import Path
        from supplychain.importers import baci
        rows = sum(piece.num_rows for piece in baci.pieces(Path({path!r}), cache=Path({cache!r})))
    """,
}


def write_year(path: Path, rows: int) -> None:
    """A year of made-up flows: every product between many countries, 4 per cent without tonnes."""
    random = np.random.default_rng(2023)
    codes = np.unique(np.r_[random.integers(10_100, 970_699, PRODUCTS), [int(c) for c in CODES]])
    pairs = np.array([(i, j) for i in range(COUNTRIES) for j in range(COUNTRIES) if i != j])
    per_code = -(-rows // len(codes))
    left = rows
    with path.open("w", encoding="ascii", newline="") as file:
        file.write("t,i,j,k,v,q\n")
        for code in codes:
            count = min(per_code, left)
            left -= count
            chosen = pairs[random.choice(len(pairs), count, replace=False)] * 3 + 4
            values = np.exp(random.normal(2, 3, count))
            tonnes = np.exp(random.normal(1, 3, count))
            known = random.random(count) > MISSING
            for (i, j), v, q, has in zip(chosen, values, tonnes, known, strict=True):
                weight = f"{q:.3f}" if has else "           NA"
                file.write(f"2023,{i},{j},{code:06d},{v:.3f},{weight}\n")


def measured(work: str, **names: object) -> tuple[float, float, int]:
    """Seconds, peak MiB and rows of one piece of work in a process of its own."""
    code = PEAK.format(work=textwrap.dedent(work).format(**names))
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    seconds, peak, rows = done.stdout.split()
    return float(seconds), float(peak), int(rows)


def main() -> None:
    """Write the year, measure, print."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "BACI_HS17_Y2023_V202501.csv"
        write_year(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 2**20:,.0f} MiB")
        names = {"path": str(path), "codes": CODES, "cache": f"{folder}/cache", "count": len(CODES)}
        found = {label.format(**names): measured(work, **names) for label, work in WORKS.items()}
    base, pandas = found["nothing but the imports"], found["pandas.read_csv"]
    print(f"{'':38}{'rows':>12}{'seconds':>9}{'MiB':>7}  ratios to pandas: time, peak, peak net")
    for label, (seconds, peak, count) in found.items():
        net = (peak - base[1]) / (pandas[1] - base[1])
        ratios = f"{seconds / pandas[0]:.3f}, {peak / pandas[1]:.3f}, {max(net, 0):.3f}"
        print(f"{label:38}{count:>12,}{seconds:>9.2f}{peak:>7.0f}  {ratios}")


if __name__ == "__main__":
    main()
