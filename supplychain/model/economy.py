"""The rest of the economy: what an input-output table says once some of its sectors lose output.

Every sector keeps its recipe (fixed coefficients), its prices and its final demand. Knows no names,
no years and no currency: sectors are indices, figures are in the unit of the table.

Miller, R. E. and Blair, P. D. (2009), Input-Output Analysis: Foundations and Extensions, second
edition, chapters 2, 12 and 13.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from supplychain.errors import DataError, Fault, UsageError

Array = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]
Side = Literal["both", "backward", "forward"]

_OWN_GAP, _WORLD_GAP = 0.01, 1e-6
"""Rows may miss their output by this share of it, or of all output: tables are rounded."""
_SERIES_FROM = 2_000
"""Sectors per column from which some 60 passes over A are quicker than one factorisation."""
_SLOWEST = 0.95
"""Largest column sum for which a series is tried; nearer to 1 the bound on its rest is useless."""
_REST = 1e-15
_SETTLED = 1e-13
"""A pass that adds less than this share of all losses adds rounding alone."""


@dataclass(frozen=True, eq=False)
class InputOutput:
    """A balanced table of n sectors: ``x = A x + f``.

    Sectors of several countries are simply sectors. Get one from flows with `of`.

    Attributes:
        coefficients: A (n, n), input from sector i per unit of output of sector j.
        output: x (n,), gross output; a sector may make nothing, and then buys nothing.
        final: f (n,), final demand; negative where stocks were run down.
        value_share: v (n,), value added per unit of output.
        labels: what messages call the sectors; by their index where empty.

    Raises:
        DataError: shapes do not fit, a coefficient or output is negative or not finite, a row
            misses its output by more than 1 % of it (and a millionth of all output), or the table
            is not productive (the spectral radius of A is 1 or more). The sector is named.
    """

    coefficients: Array
    output: Array
    final: Array
    value_share: Array
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a table on which nothing below would be true."""
        n = self.output.size
        shapes = [a.shape for a in (self.coefficients, self.output, self.final, self.value_share)]
        if shapes != [(n, n), (n,), (n,), (n,)]:
            raise DataError([_fault("", str(shapes), "are shapes that do not fit", f"({n}, {n})")])
        if found := self._wrong_cells() or self._unbalanced() or self._unproductive():
            raise DataError(found)

    @classmethod
    def of(
        cls,
        flows: Array,
        output: Array,
        final: Array | None = None,
        labels: tuple[str, ...] = (),
    ) -> InputOutput:
        """A table from its flows Z (n, n): ``A_ij = Z_ij / x_j``, ``v_j = 1 - sum_i A_ij``.

        Final demand is what is left of each row, ``f = x - Z 1``, so that rounding in the table
        does not move a result; a stated one is compared with it. Value added is what is left of
        each column; taxes and margins that are not among the flows stay in it.

        >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
        >>> table.coefficients.tolist(), table.final.tolist(), table.value_share.round(3).tolist()
        ([[0.2, 0.2], [0.3, 0.1]], [40.0, 150.0], [0.5, 0.7])
        """
        idle = (output == 0) & (np.abs(flows).sum(axis=0) > 0)
        if idle.any():
            where = _named(labels, int(np.argmax(idle)))
            raise DataError([_fault(where, "", "buys inputs and makes nothing")])
        coefficients = flows / np.where(output > 0, output, 1.0)
        rest = output - flows.sum(axis=1)
        value_share = 1.0 - coefficients.sum(axis=0)
        table = cls(coefficients, output, rest if final is None else final, value_share, labels)
        return table if final is None else replace(table, final=rest)

    @property
    def value_added(self) -> Array:
        """Value added of each sector (n,); their sum is GDP."""
        return self.value_share * self.output

    def _wrong_cells(self) -> list[Fault]:
        arrays = (self.coefficients, self.output, self.final, self.value_share)
        for array, signed in zip(arrays, (False, False, True, True), strict=True):
            wrong = ~np.isfinite(array) if signed else ~((array >= 0) & np.isfinite(array))
            if wrong.any():
                at = np.unravel_index(int(np.argmax(wrong)), array.shape)
                allowed = "a finite number" if signed else "a finite number from 0"
                where = _named(self.labels, int(at[-1]))
                return [_fault(where, f"{array[at]:g}", "is no figure of a table", allowed)]
        return []

    def _unbalanced(self) -> list[Fault]:
        gap = self.output - self.coefficients @ self.output - self.final
        bound = _OWN_GAP * self.output + _WORLD_GAP * self.output.sum()
        wrong = np.flatnonzero(np.abs(gap) > bound)
        return [
            _fault(
                _named(self.labels, int(k)),
                f"{self.output[k]:g}",
                f"is its output, and what it sells adds up to {self.output[k] - gap[k]:g}",
            )
            for k in wrong
        ]

    def _unproductive(self) -> list[Fault]:
        """Whether making everything would use up more than is made.

        Column sums below 1 are enough. Otherwise, prices ``p = A'p + 1`` are tried: the spectral
        radius is below 1 exactly where such prices exist with all of them at least 1.
        """
        sums = self.coefficients.sum(axis=0)
        if sums.max(initial=0.0) < 1:
            return []
        try:
            prices = np.linalg.solve(_system(self.coefficients).T, np.ones(sums.size))
        except np.linalg.LinAlgError:
            prices = np.zeros(sums.size)
        if (prices >= 1 - _REST * sums.size).all():
            return []
        k = int(np.argmax(sums))
        problem = "is what a unit of its output uses, and the economy as a whole makes no surplus"
        return [_fault(_named(self.labels, k), f"{sums[k]:g}", problem, "column sums below 1")]


def _named(labels: tuple[str, ...], k: int) -> str:
    return f"sector {labels[k] if labels else k}"


def _fault(where: str, value: str, problem: str, allowed: str = "") -> Fault:
    return Fault("input-output table", None, where, value, problem, allowed)


# Leontief -----------------------------------------------------------------------------------------


def outputs(table: InputOutput, final: Array) -> Array:
    """Outputs that a final demand needs, directly and through suppliers: ``x = (I - A)^-1 f``.

    Shapes: final (n,), or (n, S) for S scenarios at once; the answer alike.

    >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
    >>> outputs(table, np.array([40.0, 150.0])).round(9).tolist()
    [100.0, 200.0]
    """
    return _accumulated(table.coefficients, final)


def leontief_inverse(table: InputOutput) -> Array:
    """The total requirements ``L = (I - A)^-1`` (n, n): output of i per unit of final demand for j.

    >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
    >>> leontief_inverse(table).round(4).tolist()
    [[1.3636, 0.303], [0.4545, 1.2121]]
    """
    return np.asarray(np.linalg.inv(_system(table.coefficients)), dtype=np.float64)


def _system(coefficients: Array) -> Array:
    """``I - A``, in the memory of one matrix."""
    system = -coefficients
    np.fill_diagonal(system, 1.0 + system.diagonal())
    return system


def _accumulated(coefficients: Array, start: Array) -> Array:
    """The y of ``y = A y + start``: a power series for few columns, one factorisation for many.

    A series stops when what is left of it, at most ``q / (1 - q)`` of the last term with q the
    largest column sum, is lost in rounding. Its terms are bound by memory, a factorisation by
    arithmetic (2/3 n^3 for all columns together).
    """
    n = start.shape[0]
    columns = start.size // n if n else 0
    worst = float(coefficients.sum(axis=0).max(initial=0.0))
    if worst > _SLOWEST or _SERIES_FROM * columns > n:
        return np.asarray(np.linalg.solve(_system(coefficients), start), dtype=np.float64)
    total, term = start.copy(), start
    while np.abs(term).sum() * worst > _REST * (1 - worst) * np.abs(total).sum():
        term = coefficients @ term
        total += term
    return total


def ghosh_outputs(table: InputOutput, value_added: Array) -> Array:
    """Outputs that primary inputs push downstream (Ghosh): not recommended as a quantity model.

    ``x' = v' (I - B)^-1`` with ``B_ij = Z_ij / x_i``. It lets any sector make more from one input
    alone, as if inputs replaced one another perfectly; read as prices it is sound (Dietzenbacher
    1997, Journal of Regional Science 37, 629-651). For comparison only. With ``B = X^-1 A X`` it is
    ``x = X p``, ``p = A'p + X^-1 v``.

    Shapes: value_added (n,) or (n, S).

    >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
    >>> ghosh_outputs(table, table.value_added).round(9).tolist()
    [100.0, 200.0]
    """
    size = table.output if value_added.ndim == 1 else table.output[:, None]
    cost = np.divide(value_added, size, out=np.zeros(value_added.shape), where=size > 0)
    return size * np.linalg.solve(_system(table.coefficients).T, cost)


# Hypothetical extraction --------------------------------------------------------------------------


def extraction_losses(
    table: InputOutput,
    inverse: Array,
    sectors: Indices | None = None,
    *,
    side: Side = "both",
    share: float = 1.0,
) -> Array:
    """Output that each sector loses when one sector is taken out (n, K), without solving anew.

    With L the Leontief inverse and d the unit vector of the extracted sector k::

        both      its row, column and final demand  s L_ik x_k / L_kk
        backward  its purchases (column)            s (L_ik - d_i) x_k / (1 + s (L_kk - 1))
        forward   its sales to sectors (row)        s L_ik (x_k - f_k) / (1 + s (L_kk - 1))

    "both" with a share s fixes the output of k at ``(1 - s) x_k``; the others take the share s of
    its purchases or sales out. Nothing replaces what is taken out (Dietzenbacher and Lahr 2013,
    Economic Systems Research 25, 341-360).

    Args:
        table, inverse: the table and its `leontief_inverse`.
        sectors: K sectors extracted, each alone; all where None.
        side, share: what of them, 0-1.

    >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
    >>> extraction_losses(table, leontief_inverse(table)).round(3).tolist()  # 200 - 150 / 0.9
    [[100.0, 50.0], [33.333, 200.0]]
    """
    chosen = np.arange(table.output.size) if sectors is None else sectors
    scale = _extraction_scale(table, inverse, side, share)[chosen]
    losses = inverse[:, chosen] * scale
    if side == "backward":
        losses[chosen, np.arange(chosen.size)] -= scale
    return losses


def total_extraction_losses(
    table: InputOutput,
    inverse: Array,
    weights: Array | None = None,
    *,
    side: Side = "both",
    share: float = 1.0,
) -> Array:
    """What the whole economy loses for each sector taken out (n,): `extraction_losses` summed.

    Gross output, or with weights (n,) such as `value_share` value added. Where value added is all
    that is not bought, the extraction of k costs ``x_k / L_kk`` of it.

    >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
    >>> total_extraction_losses(table, leontief_inverse(table)).round(3).tolist()
    [133.333, 250.0]
    """
    each = np.ones(table.output.size) if weights is None else weights
    scale = _extraction_scale(table, inverse, side, share)
    reached = each @ inverse
    return (reached - each if side == "backward" else reached) * scale


def _extraction_scale(table: InputOutput, inverse: Array, side: Side, share: float) -> Array:
    own = inverse.diagonal()
    if side == "both":
        return share * table.output / own
    moved = table.output if side == "backward" else table.output - table.final
    return share * moved / (1.0 + share * (own - 1.0))


# Some sectors fixed, the rest solved --------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class MixedLoss:
    """Output lost against the table, (n, S): what was given, and what follows from it.

    Attributes:
        direct: output that the fixed parts lose.
        indirect: output that all endogenous parts lose, as suppliers and suppliers of suppliers.
    """

    direct: Array
    indirect: Array

    def value_added(self, table: InputOutput) -> tuple[Array, Array]:
        """Value added lost, direct and indirect (n, S); its sums over sectors are losses of GDP."""
        share = table.value_share[:, None]
        return share * self.direct, share * self.indirect


def mixed_loss(table: InputOutput, lost: Array, fixed: Array) -> MixedLoss:
    """Losses when parts of sectors have a fixed output and all the rest is solved jointly.

    Sectors R whole: ``x_U = (I - A_UU)^-1 (f_U + A_UR x_R)`` (Miller and Blair 2009, section 13.2).
    Here a part of a sector may be fixed. The rest of that sector stays endogenous: held at its
    baseline it would not feel that the fixed part buys less of it. The fixed part does not feel
    it: its output is known, and cutting it again would count one loss twice. With y the loss of
    output, d that of the fixed parts and theta_ij the share of what i supplies to j that comes from
    its fixed part::

        y = d + ((1 - theta) o A) y           (o: element by element)

    All fixed parts of all countries are solved at once, so no loss is counted as a consequence of
    another. Losses are solved for, not levels: nothing lost is exactly nothing.

    Args:
        table: the table.
        lost: d (n,) or (n, S), in its unit, at least 0.
        fixed: theta (n,) by supplier, or (n, n) by supplier and user, 0-1. A vector must leave
            room for what is lost, ``d <= theta x``; then and where ``f >= 0``, ``y <= x``.

    Raises:
        UsageError: a share outside 0-1, or a sector that loses what its fixed part does not make.

    Half of the second of two sectors is fixed and stops (100). The first loses
    ``0.2 y_2 + 0.2 y_1``, the rest of the second ``0.5 (0.3 y_1 + 0.1 y_2)``:

    >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
    >>> found = mixed_loss(table, np.array([0.0, 100.0]), np.array([0.0, 0.5]))
    >>> found.indirect.round(3).tolist()
    [[27.397], [9.589]]
    """
    losses = lost.reshape(lost.shape[0], -1)
    of_supply = fixed if fixed.ndim > 1 else fixed[:, None]
    most = table.output * (fixed if fixed.ndim == 1 else 1.0)
    if not ((of_supply >= 0) & (of_supply <= 1)).all():
        k = int(np.argmax(~((of_supply >= 0) & (of_supply <= 1)).all(axis=1)))
        raise UsageError(f"{_named(table.labels, k)}: its fixed share is outside 0-1")
    possible = (losses >= 0) & (losses <= (most * (1 + 1e-12))[:, None])
    if not possible.all():
        k = int(np.argmax(~possible.all(axis=1)))
        worst = losses[k][~possible[k]][0]
        raise UsageError(
            f"{_named(table.labels, k)}: {worst:g} lost is not from 0 to the {most[k]:g} "
            "that its fixed part makes"
        )
    still_open = (1.0 - of_supply) * table.coefficients
    return MixedLoss(losses, _accumulated(still_open, still_open @ losses))


def limited_loss(table: InputOutput, lost: Array, fixed: Array, unmade: Array) -> MixedLoss:
    """Losses when what is not fixed can be lost for want of inputs or of buyers.

    As `mixed_loss`, and of what the fixed parts do not hold (their makers' sales at home) an amount
    c cannot be made either. What is not made cannot miss a buyer, nor the other way round, so of
    the two the larger counts, never both::

        y = d + max(c, ((1 - theta) o A) y)

    Where c is the larger in every hit sector, their output is known, and the rest is the closure of
    Miller and Blair (2009, section 13.2) with these outputs given. With nothing unmade it is
    `mixed_loss`; more unmade never loses less. It is solved from below: ``d + c`` is lost at least,
    and every pass adds what follows from the last.

    Args:
        table, lost, fixed: as `mixed_loss` takes them.
        unmade: c, in the shape of lost, at least 0.

    Raises:
        UsageError: as `mixed_loss`, or an amount unmade that is no figure from 0.

    Both halves of the second of two sectors stop: the fixed one (100), and 60 of the other, more
    than the 9.589 that nobody would buy. The first loses ``0.2 y_1 + 0.2 x 160``:

    >>> table = InputOutput.of(np.array([[20.0, 40.0], [30.0, 20.0]]), np.array([100.0, 200.0]))
    >>> d, c = np.array([0.0, 100.0]), np.array([0.0, 60.0])
    >>> found = limited_loss(table, d, np.array([0.0, 0.5]), c)
    >>> found.direct[:, 0].tolist(), found.indirect[:, 0].round(3).tolist()
    ([0.0, 160.0], [40.0, 0.0])
    """
    least = unmade.reshape(lost.shape[0], -1)
    if not ((least >= 0) & np.isfinite(least)).all():
        k = int(np.argmax(~((least >= 0) & np.isfinite(least)).all(axis=1)))
        raise UsageError(f"{_named(table.labels, k)}: what it cannot make is no figure from 0")
    alone = mixed_loss(table, lost, fixed)
    of_supply = fixed if fixed.ndim > 1 else fixed[:, None]
    still_open = (1.0 - of_supply) * table.coefficients
    given = alone.direct + least
    # What either reason alone would cost is lost at least.
    total = np.maximum(given, alone.direct + alone.indirect)
    while True:
        more = alone.direct + np.maximum(least, still_open @ total)
        if np.abs(more - total).sum() <= _SETTLED * more.sum():
            return MixedLoss(given, np.maximum(more - given, 0.0))
        total = more


def by_block(values: Array, block: Indices, blocks: int) -> Array:
    """Sums of rows (n, S) over blocks such as countries, (blocks, S).

    >>> by_block(np.array([[1.0], [2.0], [4.0]]), np.array([0, 1, 0]), 2).tolist()
    [[5.0], [2.0]]
    """
    found = np.zeros((blocks, values.shape[1]))
    np.add.at(found, block, values)
    return found
