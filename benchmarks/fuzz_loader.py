"""Coverage-guided fuzzing of the loader with atheris (optional; not part of the test run).

    pip install atheris
    python benchmarks/fuzz_loader.py -max_total_time=180 [-rss_limit_mb=4096] [CORPUS_FOLDER]

The first byte chooses what is read: one table of the schema, a scenario file, or pack.toml. Bytes
that raise anything but the refusals of the package end the run and are kept as `crash-*`.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["supplychain", "csv", "tomllib"]):
    from supplychain.errors import DataError, ScenarioError
    from supplychain.scenario_file import load_scenario
    from supplychain.schema import read_rows, schema
    from supplychain.tables import check_folder

TABLES = tuple(schema().values())
ROOM = Path(tempfile.mkdtemp(prefix="fuzz-loader-"))


def one(data: bytes) -> None:
    """Read some bytes as one kind of file."""
    if not data:
        return
    choice, body = data[0] % (len(TABLES) + 2), data[1:]
    if choice < len(TABLES):
        table = TABLES[choice]
        head = ",".join(column.name for column in table.columns).encode() + b"\n"
        for text in (body, head + body):
            read_rows(table, text, lambda _, value: value)
    elif choice == len(TABLES):
        path = ROOM / "scenario.toml"
        path.write_bytes(body)
        try:
            load_scenario(path)
        except ScenarioError:
            return
    else:
        (ROOM / "pack.toml").write_bytes(body)
        try:
            check_folder(ROOM)
        except DataError:
            return


if __name__ == "__main__":
    atheris.Setup(sys.argv, one)
    atheris.Fuzz()
