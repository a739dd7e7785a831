"""World Input-Output Database: who buys how much from which industry, in million USD.

Reads the world tables as arrays (``Z``, ``F``, ``x``, ``countries``, ``industries``). Entries are
rounded to a million, so a row may miss its output by a few; a negative intermediate entry is a
booking of stocks and is set to nothing, and said.
"""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from supplychain.importers.extract import Extract, Remark, refused
from supplychain.importers.rawfile import LARGEST_BYTES, raw_bytes, sha256

NEEDED = ("Z", "F", "x", "countries", "industries")
FINAL = "final"
OUTPUT = "output"
_LARGEST_GAP = 0.001  # of world output, between rows and outputs


def read(path: Path) -> Extract:
    """The cells of one table that are not zero.

    Returns:
        An extract of kind `interindustry`. The use of a country's final demand stands under the
        sector `final`; the gross output of a sector under the user `""` and the sector `output`.

    Raises:
        DataError: an array is missing or of the wrong shape, or rows and outputs do not agree.
    """
    data = raw_bytes(path)
    year = re.search(r"(19|20)\d\d", path.name)
    if not year:
        raise refused(path.name, "has no year in its name", allowed="wiot_2011...")
    arrays = _arrays(path)
    use, final, output = (arrays[name].astype(float) for name in ("Z", "F", "x"))
    countries, industries = arrays["countries"].astype(str), arrays["industries"].astype(str)
    cells = len(countries) * len(industries)
    if use.shape != (cells, cells) or output.shape != (cells,) or len(final) != cells:
        sizes = f"{len(countries)} countries x {len(industries)} industries"
        raise refused(path.name, f"has arrays that do not fit {sizes}")
    negative = use < 0
    final = final.reshape(cells, len(countries), -1).sum(axis=2)
    gap = float(np.abs(use.sum(axis=1) + final.sum(axis=1) - output).sum() / output.sum())
    if gap > _LARGEST_GAP:
        raise refused(path.name, f"has rows that miss their outputs by {gap:.1%} of world output")
    use[negative] = 0.0
    supplier = np.repeat(countries, len(industries))
    sector = np.tile(industries, len(countries))
    frame = pd.concat(
        [
            _long(use, supplier, sector, supplier, sector),
            _long(final, supplier, sector, countries, np.repeat(FINAL, len(countries))),
            _long(output[:, None], supplier, sector, np.array([""]), np.array([OUTPUT])),
        ],
        ignore_index=True,
    )
    frame.insert(0, "year", int(year[0]))
    remarks = [Remark("noted", path.name, None, "", "", f"rows miss outputs by {gap:.2%} in all")]
    if negative.any():
        what = f"{int(negative.sum())} negative intermediate entries, set to nothing"
        remarks.append(Remark("left_out", path.name, None, "", "", what))
    return Extract(path.name, sha256(data), frame, tuple(remarks))


def _arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as packed:
            if sum(item.file_size for item in packed.infolist()) > LARGEST_BYTES:
                raise refused(path.name, "is too large once unpacked")
        with np.load(path, allow_pickle=False) as found:
            missing = [name for name in NEEDED if name not in found.files]
            if missing:
                raise refused(path.name, "lacks an array", column=", ".join(missing))
            return {name: found[name] for name in NEEDED}
    except (zipfile.BadZipFile, ValueError, OSError) as error:
        raise refused(path.name, f"is no file of arrays: {error}") from None


def _long(
    cells: np.ndarray,
    supplier: np.ndarray,
    supplier_sector: np.ndarray,
    user: np.ndarray,
    user_sector: np.ndarray,
) -> pd.DataFrame:
    rows, columns = np.nonzero(cells)
    return pd.DataFrame(
        {
            "supplier": supplier[rows],
            "supplier_sector": supplier_sector[rows],
            "user": user[columns],
            "user_sector": user_sector[columns],
            "value_musd": cells[rows, columns],
        }
    )
