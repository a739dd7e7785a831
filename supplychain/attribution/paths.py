"""Explaining paths: the walk of the ledger with a memory of the way it came.

Branches below a threshold are cut and counted, so that the work is bounded by the threshold and not
by the number of paths.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from supplychain.model.ledger import Ledger, Walk

Array = npt.NDArray[np.float64]

HOST = -1


@dataclass(frozen=True)
class Stem:
    """A part of a loss and what it is made of upstream.

    Attributes:
        node: whose output was short, or where the loss landed.
        slot: input of the node downstream through which it came; -1: its host, or the sector.
        measure, cause: where it landed (as in `supplychain.model.ledger.Landing`); both -1 for what
            goes on.
        usd: over the horizon.
        stems: the parts that are large enough, largest first.
        cut_usd, cut: what the other parts take, and how many they are.
    """

    node: int
    slot: int
    measure: int
    cause: int
    usd: float
    stems: tuple["Stem", ...] = ()
    cut_usd: float = 0.0
    cut: int = 0


def stems(walk: Walk, found: Ledger, least: float) -> tuple[Stem, ...]:
    """The tree of every final node that loses anything, largest first.

    Args:
        walk: the traced case; found: its ledger, which says what is lost.
        least: share of the whole loss below which a branch is cut; more than 0.
    """
    threshold = least * found.loss
    roots = [
        _grown(walk, Stem(s.node, HOST, -1, -1, float(s.usd.sum())), s.usd[None], threshold)
        for s in found.seeds
        if s.usd.any()
    ]
    return tuple(sorted(roots, key=lambda s: (-s.usd, s.node)))


def _grown(walk: Walk, stem: Stem, usd: Array, threshold: float) -> Stem:
    """A stem with all that is upstream of it; `usd` (1, T, K) is its loss by month and plant."""
    landed, onward = walk.step(stem.node, usd)
    kept: list[Stem] = []
    cut_usd, cut = 0.0, 0
    for at in landed:
        size = float(at.usd.sum())
        if size >= threshold:
            kept.append(Stem(at.node, at.slot, at.measure, at.cause, size))
        else:
            cut_usd, cut = cut_usd + size, cut + 1
    for to in onward:
        size = float(to.usd.sum())
        if size >= threshold:
            kept.append(_grown(walk, Stem(to.node, to.slot, -1, -1, size), to.usd, threshold))
        else:
            cut_usd, cut = cut_usd + size, cut + 1
    kept.sort(key=lambda s: (-s.usd, s.slot, s.node, s.measure))
    return replace(stem, stems=tuple(kept), cut_usd=cut_usd, cut=cut)
