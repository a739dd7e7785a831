"""What a better trade code would be worth: bands without the doubt that a shared code causes.

Several products of a pack may share one code of the Harmonised System, which then cannot say how
much of a flow is which. What rests on that is found in the tables:

* twins in ``trade.csv``: shares of two products of one code, for the same countries and from the
  same source, so that one figure of the code stands for both;
* splits in ``segments.csv``: an industry whose slices need different products of one code.

With a code of their own the twins would be read and the split of the slices' sum would be known;
the sum itself stays as doubtful as it is. That is the most that a code can do: trade by grade does
not say which industry uses it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from supplychain.draws import Draws, Sample, place
from supplychain.errors import UnknownNameError, nearest
from supplychain.network import Network
from supplychain.run import Run
from supplychain.sectors import Sector
from supplychain.sensitivity.case import share_figure
from supplychain.sensitivity.ensemble import Ensemble, Shrinkage, values_known
from supplychain.tables import Row, ref

Array = npt.NDArray[np.float64]

DRAWS, VALUES = 128, 3
_FEW = 8


@dataclass(frozen=True)
class SharedCode:
    """A code that several products share, and the rows that rest on its sharing.

    Attributes:
        code: digits of the Harmonised System, as in ``products.csv``.
        twins: rows of ``trade.csv`` in which one figure stands for several products.
        whole: rows of ``trade.csv`` in tonnes for the same countries and source: no draw moves
            them, so the doubt of their split is in no band.
        splits: slices by (country, industry): what of the code each needs.
    """

    code: str
    products: tuple[str, ...]
    twins: tuple[Row, ...]
    whole: tuple[Row, ...]
    splits: Mapping[tuple[str, str], Mapping[Row, str]]

    @property
    def matters(self) -> bool:
        """Whether any row rests on it."""
        return bool(self.twins or self.whole or self.splits)


@dataclass(frozen=True)
class CodeWorth:
    """What splitting one code would be worth for one sector.

    Attributes:
        twins, whole: rows of ``trade.csv`` (`SharedCode`); splits: of ``segments.csv``, here.
        usd: by how much the band of lost exports would narrow, over the horizon.
    """

    code: str
    products: tuple[str, ...]
    country: str
    sector: str
    twins: int
    whole: int
    splits: tuple[str, ...]
    shrinkage: Shrinkage
    usd: float

    def as_dict(self) -> dict[str, Any]:
        """The entry in JSON and the row in CSV."""
        band = self.shrinkage
        shown = {k: v for k, v in vars(self).items() if k != "shrinkage"}
        return shown | {
            "products": list(self.products),
            "splits": list(self.splits),
            "band_width": band.before,
            "band_width_if_known": band.after,
            "shrinks_by": band.share,
            "standard_error": band.error,
            "within_noise": band.within_noise,
        }


def digits(code: str) -> str:
    """A code as the pack writes it.

    >>> digits("HS 8505.11")
    '850511'
    """
    return "".join(c for c in code if c.isdigit())


def shared_codes(network: Network) -> tuple[SharedCode, ...]:
    """Every code of ``products.csv`` on which rows rest because several products share it."""
    by_code: dict[str, list[str]] = {}
    for row in network.tables.rows("products"):
        for code in row["hs_codes"]:
            by_code.setdefault(str(code), []).append(str(row["product"]))
    found = [_shared(network, c, tuple(p)) for c, p in sorted(by_code.items()) if len(p) > 1]
    return tuple(code for code in found if code.matters)


def _shared(network: Network, code: str, products: tuple[str, ...]) -> SharedCode:
    """One code and the rows that rest on its sharing."""
    pairs: dict[tuple[str, str], list[Row]] = {}
    for row in network.tables.rows("trade"):
        if row["product"] in products:
            pairs.setdefault((str(row["exporter"]), str(row["importer"])), []).append(row)
    alike = [r for rows in pairs.values() for r in rows if any(_is_twin(r, s) for s in rows)]
    twins = tuple(r for r in alike if r["share"] is not None)
    whole = tuple(r for r in alike if r["share"] is None)
    return SharedCode(code, products, twins, whole, _splits(network, products))


def _is_twin(one: Row, other: Row) -> bool:
    """Whether two rows are of different products and rest on one source."""
    apart = one["product"] != other["product"]
    return apart and bool(set(one["source_id"]) & set(other["source_id"]))


def _splits(network: Network, products: Sequence[str]) -> dict[tuple[str, str], Mapping[Row, str]]:
    """Slices of industries that need different products of a code, each with what it needs."""
    needs = _needs(network, products)
    found: dict[tuple[str, str], dict[Row, str]] = {}
    for (country, industry, segment), row in network.segment_rows.items():
        used = needs.get((industry, segment), set()) | needs.get((industry, ""), set())
        if used:
            found.setdefault((country, industry), {})[row] = "+".join(sorted(used))
    return {place: rows for place, rows in found.items() if len(set(rows.values())) > 1}


def _needs(network: Network, products: Sequence[str]) -> dict[tuple[str, str], set[str]]:
    """Some products that go into each output or slice, also by way of a slice that goes into it."""
    inputs: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for row in network.tables.rows("recipes"):
        user = (str(row["output"]), str(row["segment"] or ""))
        inputs.setdefault(user, set()).add((str(row["input"]), str(row["input_segment"] or "")))
    found: dict[tuple[str, str], set[str]] = {}
    for user in inputs:
        seen, todo = {user}, [user]
        while todo:
            goods = inputs.get(todo.pop(), set()) - seen
            found.setdefault(user, set()).update(p for p, _ in goods if p in products)
            seen |= goods
            todo += [good for good in goods if good[1]]
    return found


def value_of_codes(
    network: Network,
    run: Run,
    codes: Iterable[str] = (),
    *,
    seed: int = 1,
    draws: int = DRAWS,
    values: int = VALUES,
) -> tuple[CodeWorth, ...]:
    """How far the band of each sector would narrow if a shared code were split, most USD first.

    Only for codes that move a sector of the run at all; each alone, so that the gains of two codes
    do not add up.

    Args:
        network, run: the scenario at central values.
        codes: only these, such as ``8505.11``; every shared code without any.
        seed: of the sample.
        draws: simulated draws.
        values: values at which what would be known is held.

    Raises:
        UnknownNameError: no products share such a code, or no row rests on its being shared.
    """
    hit = tuple(s for s in run.sectors if s.nodes)
    sample = Ensemble(network, run, hit, draws, values, seed)
    chosen = _at_work(sample, _asked(network, codes)) if hit else []
    if not chosen:
        return ()
    worlds = [values_known(_groups(run, code), values, seed) for code in chosen]
    played = sample.play([known for several in worlds for known in several])
    whole = sample.totals(played[0], {})
    found = []
    for k, one in enumerate(chosen):
        own = played[1 + k * values : 1 + (k + 1) * values]
        totals = [
            sample.totals(parts, known, _KnownSplit(one, n, values, seed))
            for n, (parts, known) in enumerate(zip(own, worlds[k], strict=True))
        ]
        found += _worth(run, one, sample.compare(whole, totals))
    return tuple(sorted(found, key=lambda w: (-w.usd, w.code, w.country, w.sector)))


def _asked(network: Network, codes: Iterable[str]) -> list[SharedCode]:
    """The codes that were asked for, or all."""
    every = {code.code: code for code in shared_codes(network)}
    asked = [digits(c) for c in codes]
    for code in asked:
        if code not in every:
            raise UnknownNameError(code, "shared code", suggestions=nearest(code, every))
    return [every[c] for c in dict.fromkeys(asked)] if asked else list(every.values())


def _at_work(sample: Ensemble, codes: Sequence[SharedCode]) -> list[SharedCode]:
    """The codes that move anything, as a few draws show."""
    few = replace(sample, lanes=_FEW, values=1)
    known = [values_known(_groups(sample.run, c), _FEW, sample.seed)[0] for c in codes]
    whole, *played = few.play(known)
    return [
        code
        for code, parts in zip(codes, played, strict=True)
        if any((a != b).any() for a, b in zip(whole, parts, strict=True))
        or any(_reached(code, s) for s in sample.sectors)
    ]


def _groups(run: Run, code: SharedCode) -> tuple[str, ...]:
    """What moves together with the twins that the run used."""
    twins = set(code.twins)
    return tuple(dict.fromkeys(f.group for f in run.asked if f.row in twins))


def _reached(code: SharedCode, sector: Sector) -> tuple[Row, ...]:
    """Slices of a sector whose share rests on the split of a code."""
    return tuple(
        r for r in sector.rows if r in code.splits.get((sector.country, sector.sector), {})
    )


def _worth(run: Run, code: SharedCode, by_sector: Mapping[Sector, Shrinkage]) -> list[CodeWorth]:
    """One entry per sector that may lose anything."""
    asked = {f.row for f in run.asked}
    twins = sum(row in asked for row in code.twins)
    whole = sum(row["importer"] in run.resolved.focus for row in code.whole)
    found = []
    for sector, shrunk in by_sector.items():
        if shrunk.before <= 0:
            continue
        usd = (shrunk.before - shrunk.after) * sector.exports_usd * run.resolved.months / 12
        splits = tuple(ref(r) for r in _reached(code, sector))
        place = (sector.country, sector.sector)
        found.append(CodeWorth(code.code, code.products, *place, twins, whole, splits, shrunk, usd))
    return found


@dataclass(frozen=True)
class _KnownSplit:
    """Affected shares where the split of a code between slices is known and their sum is not."""

    code: SharedCode
    number: int
    values: int
    seed: int

    def __call__(self, sector: Sector, draws: Draws) -> Array:
        """Shares of the reached slices, (slices, draws); never more than all exports."""
        split = self.code.splits.get((sector.country, sector.sector), {})
        every = tuple(dict.fromkeys((*sector.rows, *split)))
        drawn = np.stack([_placed(row, draws) for row in every])
        if split:
            mine = [every.index(row) for row in split]
            truth = Sample(self.values, self.seed)
            true = np.array([_placed(row, truth)[self.number] for row in split])
            spread = np.array([float(row["high"]) - float(row["low"]) for row in split])
            drawn[mine] = split_known(drawn[mine], list(split.values()), true, spread)
        found = drawn[: len(sector.rows)]
        return np.asarray(found / np.maximum(found.sum(axis=0), 1.0), dtype=np.float64)


def split_known(drawn: Array, products: Sequence[str], true: Array, spread: Array) -> Array:
    """Shares of slices, (slices, draws), once it is known how they divide among products.

    The draws are moved as little as their spreads allow (the conditional draws of normal variables
    under ``sum of the slices of p = rho_p x sum of all``), so that a slice that was well known
    stays where it is.

    Args:
        drawn: shares as drawn; products: what each slice needs.
        true: shares whose division is the true one; spread: high less low of each slice.

    >>> drawn = np.array([[0.1], [0.3]])
    >>> split_known(drawn, ["a", "b"], np.array([0.5, 0.5]), np.array([0.2, 0.2])).round(6).tolist()
    [[0.2], [0.2]]
    >>> split_known(drawn, ["a", "b"], np.array([0.5, 0.5]), np.array([0.0, 0.2])).round(6).tolist()
    [[0.1], [0.1]]
    """
    names = sorted(set(products))
    of = np.array([[float(p == name) for p in products] for name in names])
    off = of - (of @ true / true.sum())[:, None]  # times the shares: how far off each product is
    give = spread[:, None] ** 2 * off.T
    moved = drawn - give @ np.linalg.pinv(off @ give) @ (off @ drawn)
    return np.asarray(np.clip(moved, 0.0, 1.0), dtype=np.float64)


def _placed(row: Row, draws: Draws) -> Array:
    """The share of a slice in every lane."""
    return place(draws, share_figure(row), 0.0, 1.0)
