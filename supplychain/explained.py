"""Why a sector loses exports, as frozen values: contributions, paths, a tree and a sentence.

No arithmetic of models: worked out in `supplychain.attribution`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

EXPLANATION_SCHEMA = "supplychain/explanation/1"


@dataclass(frozen=True)
class Contribution:
    """What one cause takes of a loss.

    Attributes:
        cause: in words, such as "China restricts ndfeb_magnet_hre".
        kind: ``restriction``, ``competition``, ``catch_up`` or ``not_traced``.
        restriction: its number in the scenario, from 1; None for the other kinds.
        actor: who restricts, and instrument: how (``ban``, ``quota``, ``licence``, ``path`` or
            ``tax``); empty for the other kinds.
        country, product: whose goods are held back, or where the other cause lies.
        mineral: what the restriction names that covers the product; else empty.
        usd: over the horizon; share: of the loss; monthly_usd: by month of the lost exports.
        user: who misses most of it, such as ``KOR:auto_parts``; user_share: that part of it; input:
            what it misses.
    """

    cause: str
    kind: str
    restriction: int | None
    actor: str
    instrument: str
    country: str
    product: str
    mineral: str
    usd: float
    share: float
    monthly_usd: tuple[float, ...]
    user: str
    user_share: float
    input: str

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``contributions`` in JSON."""
        return {
            "cause": self.cause,
            "share": self.share,
            "usd": self.usd,
            "kind": self.kind,
            "restriction": self.restriction,
            "actor": self.actor,
            "instrument": self.instrument,
            "country": self.country,
            "product": self.product,
            "mineral": self.mineral,
            "monthly_usd": list(self.monthly_usd),
            "most_missed_by": self.user,
            "share_missed_by_it": self.user_share,
            "as_input": self.input,
        }


@dataclass(frozen=True)
class Branch:
    """A part of the loss on its way upstream.

    Attributes:
        kind: ``sector``, ``segment``, ``input``, ``supplier``, ``cause`` or ``smaller`` (what was
            cut off).
        id: node, product or cause; label: in words.
        usd: over the horizon; share: of the loss.
        branches: what it is made of, largest first; they add up to it (leaves have none).
        cut: for ``smaller``: how many branches were cut.
    """

    kind: str
    id: str
    label: str
    usd: float
    share: float
    branches: tuple["Branch", ...] = ()
    cut: int = 0

    def walk(self, above: tuple["Branch", ...] = ()) -> Iterator[tuple["Branch", ...]]:
        """Every way from here to a leaf."""
        way = (*above, self)
        if not self.branches:
            yield way
        for branch in self.branches:
            yield from branch.walk(way)

    def as_dict(self) -> dict[str, Any]:
        """The value of ``tree`` in JSON."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "id": self.id,
            "label": self.label,
            "usd": self.usd,
            "share": self.share,
        }
        if self.cut:
            found["branches_cut"] = self.cut
        if self.branches:
            found["branches"] = [b.as_dict() for b in self.branches]
        return found


@dataclass(frozen=True)
class Way:
    """An explaining path.

    Attributes:
        nodes: ids from the sector upstream, ``KOR:auto_parts/hre_magnet`` first; inputs: the input
            that binds at each of them but the last.
        cause: where it ends; usd, share: of the loss.
    """

    nodes: tuple[str, ...]
    inputs: tuple[str, ...]
    cause: str
    usd: float
    share: float

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``paths`` in JSON."""
        return {
            "nodes": list(self.nodes),
            "inputs": list(self.inputs),
            "cause": self.cause,
            "usd": self.usd,
            "share": self.share,
        }


@dataclass(frozen=True)
class Explanation:
    """Why one sector of one country loses exports in one case.

    Attributes:
        exports_usd: baseline exports of the horizon; loss_usd, loss_share: what is lost of them.
        caught_up_usd: lost in some months and made up for in later ones, not part of the loss.
        first_month: first month in which exports fall (from 1); None if never.
        bridged_months: months between the first restriction that matters and the first lost month.
        contributions: every cause, largest first; they add up to the loss.
        by_mineral: mineral -> USD; by_month: USD of every month.
        paths: the largest; rest_usd, rest_count: what the other paths take, and how many they are
            at least.
        tree: the sector, its inputs, their suppliers and so on.
        without_effect: covered products, none of which costs the sector anything.
        sentence: all of it in words.
    """

    scenario: str
    country: str
    sector: str
    case: str
    months: int
    exports_usd: float
    loss_usd: float
    loss_share: float
    caught_up_usd: float
    first_month: int | None
    bridged_months: int
    contributions: tuple[Contribution, ...]
    by_mineral: tuple[tuple[str, float], ...]
    by_month: tuple[float, ...]
    paths: tuple[Way, ...]
    rest_usd: float
    rest_count: int
    tree: Branch
    without_effect: tuple[str, ...]
    sentence: str

    def as_dict(self) -> dict[str, Any]:
        """The whole explanation as plain values (the JSON contract)."""
        whole = self.loss_usd or 1.0
        return {
            "schema": EXPLANATION_SCHEMA,
            "scenario": self.scenario,
            "country": self.country,
            "sector": self.sector,
            "case": self.case,
            "horizon_months": self.months,
            "baseline_exports_usd": self.exports_usd,
            "loss_usd": self.loss_usd,
            "loss_share": self.loss_share,
            "sentence": self.sentence,
            "contributions": [c.as_dict() for c in self.contributions],
            "paths": [p.as_dict() for p in self.paths],
            "smaller_paths": {
                "at_least": self.rest_count,
                "usd": self.rest_usd,
                "share": self.rest_usd / whole,
            },
            "by_mineral": [
                {"mineral": name, "usd": usd, "share": usd / whole} for name, usd in self.by_mineral
            ],
            "monthly_usd": list(self.by_month),
            "caught_up_usd": self.caught_up_usd,
            "first_month": self.first_month,
            "bridged_months": self.bridged_months,
            "without_effect": list(self.without_effect),
            "tree": self.tree.as_dict(),
        }
