"""Why a sector loses exports: the ledger and its paths, with names."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from supplychain.attribution.paths import HOST, Stem, stems
from supplychain.attribution.wording import Lexis, Said, sentence
from supplychain.draws import Central
from supplychain.errors import UnknownNameError, nearest
from supplychain.explained import Branch, Contribution, Explanation, Way
from supplychain.model.ledger import OTHER_CAUSES, Entry, Ledger, Walk, ledger, seed
from supplychain.names import Names
from supplychain.network import Network
from supplychain.network.values import Node
from supplychain.regimes import Ceilings
from supplychain.run import Run
from supplychain.sectors import Sector, shares
from supplychain.vocabulary import MONTHS_PER_YEAR, node_id

Array = npt.NDArray[np.float64]

MOST_PATHS = 12
LEAST = 0.005
"""Branches below this share of a loss are cut from the tree and counted."""

_VISIBLE = 1e-9
_MOST_SUGGESTED = 3


def explain(
    network: Network,
    run: Run,
    country: str,
    sector: str,
    case: Literal["adaptive", "frozen"] = "adaptive",
    *,
    most: int = MOST_PATHS,
    least: float = LEAST,
) -> Explanation:
    """Share a sector's loss out over what withheld its inputs, exactly.

    The loss is that of `Run.loss`; contributions add up to it, and so do the paths with the rest.

    Args:
        network, run: the balanced pack, and a scenario played on it.
        country, sector: by id, name or alias.
        case: which simulated case is explained.
        most: paths that are told; least: share of the loss below which a branch is cut.

    Raises:
        UnknownNameError: no such country or sector, or the run does not count them.

    Example::

        network = supplychain.load().network
        run = Run.of(network, resolve(scenario, network))
        explain(network, run, "KOR", "auto_parts").sentence
    """
    chosen = _find(network, run, country, sector)
    return _Case(network, run, chosen, case, most, least).explanation()


def _find(network: Network, run: Run, country: str, sector: str) -> Sector:
    """The sector of that name, which the run must count."""
    names = Names.of(network.tables)
    place, industry = names.country(country), names.industry(sector)
    if place not in run.resolved.focus:
        raise UnknownNameError(country, "country in focus", run.resolved.focus)
    mine = {s.sector: s for s in run.sectors if s.country == place}
    if industry not in mine:
        near = nearest(industry, mine, most=_MOST_SUGGESTED) or tuple(mine)[:_MOST_SUGGESTED]
        raise UnknownNameError(sector, f"sector of {place}", near)
    return mine[industry]


@dataclass(frozen=True)
class _Case:
    """One sector in one case of a run."""

    network: Network
    run: Run
    sector: Sector
    case: Literal["adaptive", "frozen"]
    most: int
    least: float

    @cached_property
    def walk(self) -> Walk:
        """The traced case."""
        compiled, leaks = self.run.compiled, self.case == "adaptive"
        pairs = [(f.supplier, f.slot) for f in (self.network.flows[e] for e in compiled.flows)]
        links = [*pairs, *compiled.openings]
        ceilings = Ceilings(self.network, self.run.resolved, Central(), compiled.arrays.bins, links)
        outcome = self.run.outcomes[self.case]
        return Walk(compiled.arrays, outcome, leaks, ceilings.blame(leaks=leaks))

    @cached_property
    def exports(self) -> float:
        """Baseline exports of the horizon, USD."""
        return self.sector.exports_usd * self.run.resolved.months / MONTHS_PER_YEAR

    @cached_property
    def loss(self) -> float:
        """Share of the exports that is lost."""
        return self.run.loss(self.sector, self.case)

    @cached_property
    def ledger(self) -> Ledger:
        """The ledger of the sector; empty where the sector loses nothing."""
        if not self.loss:
            seeds = (seed(self.run.outcomes[self.case], n, w) for n, w in self._worth.items())
            return Ledger((), tuple(seeds))
        return ledger(self.walk, self._worth)

    @cached_property
    def _worth(self) -> Mapping[int, float]:
        """Final node -> its baseline exports of the horizon, USD.

        Scaled by what rounding put into segments that lose nothing, so that seeds are the loss.
        """
        outcome, share = self.run.outcomes[self.case], shares(self.sector, Central())[:, 0]
        found = {n: float(s) * self.exports for n, s in zip(self.sector.nodes, share, strict=True)}
        lost = sum(float(seed(outcome, n, usd).usd.sum()) for n, usd in found.items())
        scale = self.loss * self.exports / lost if lost and self.loss else 1.0
        return {n: usd * scale for n, usd in found.items()}

    @cached_property
    def lexis(self) -> Lexis:
        """Names for people."""
        return Lexis.of(self.network)

    def explanation(self) -> Explanation:
        """All of it."""
        loss_usd = self.loss * self.exports
        contributions = self._contributions(loss_usd)
        tree = self._tree(loss_usd)
        ways = self._ways(tree)
        first, bridged = self._timing(contributions)
        monthly = sum(
            (e.usd for e in self.ledger.entries), start=np.zeros(self.run.resolved.months)
        )
        quiet = self._without_effect(contributions)
        told = ways[: self.most]
        rest = loss_usd - sum(w.usd for w in told)
        cut = sum(w[-1].cut for w in tree.walk() if w[-1].kind == "smaller")
        s = self.sector
        said = Said(
            s.country, s.sector, self.case, self.run.resolved.months, loss_usd, self.loss,
            self.ledger.caught_up, first, bridged, contributions, quiet,
            self.run.loss(s, "frozen") if s.nodes else None,
        )  # fmt: skip
        return Explanation(
            scenario=self.run.resolved.scenario.id,
            country=s.country,
            sector=s.sector,
            case=self.case,
            months=self.run.resolved.months,
            exports_usd=self.exports,
            loss_usd=loss_usd,
            loss_share=self.loss,
            caught_up_usd=self.ledger.caught_up,
            first_month=first,
            bridged_months=bridged,
            contributions=contributions,
            by_mineral=_by_mineral(contributions),
            by_month=tuple(monthly.tolist()),
            paths=told,
            rest_usd=max(rest, 0.0) if ways[self.most :] or cut else 0.0,
            rest_count=len(ways[self.most :]) + cut,
            tree=tree,
            without_effect=quiet,
            sentence=sentence(said, self.lexis),
        )

    # Contributions.

    def _contributions(self, loss_usd: float) -> tuple[Contribution, ...]:
        """Entries by cause and by whose goods are missing, largest first."""
        groups: dict[tuple[int, int, int, str], list[Entry]] = defaultdict(list)
        for e in self.ledger.entries:
            # Another cause is told apart by the input that was used up.
            what = "" if e.measure >= 0 else self._input(e.slot)
            at = self._node(e.node)
            place = self._first_of[at.country, at.product]
            groups[e.measure, e.cause, place, what].append(e)
        found = [self._contribution(g, loss_usd) for g in groups.values()]
        return tuple(sorted(found, key=lambda c: (-c.usd, c.cause, c.country)))

    @cached_property
    def _first_of(self) -> Mapping[tuple[str, str], int]:
        """The first node of every country and product: segments of an industry are one."""
        found: dict[tuple[str, str], int] = {}
        for k in range(len(self.run.compiled.nodes)):
            found.setdefault((self._node(k).country, self._node(k).product), k)
        return found

    def _contribution(self, entries: Sequence[Entry], loss_usd: float) -> Contribution:
        """One cause: its entries together, and the user who misses most of it."""
        first, node = entries[0], self._node(entries[0].node)
        usd = sum((e.usd for e in entries), start=np.zeros(self.run.resolved.months))
        user, what, most = self._user(entries)
        total = float(usd.sum())
        return Contribution(
            cause=self._cause(first.measure, first.cause, first.node, first.slot),
            kind="restriction" if first.measure >= 0 else OTHER_CAUSES[first.cause],
            restriction=first.measure + 1 if first.measure >= 0 else None,
            actor=self._actor(first.measure),
            instrument=self._instrument(first.measure),
            country=node.country,
            product=node.product,
            mineral=self._mineral(first.measure, node.product),
            usd=total,
            share=total / loss_usd if loss_usd else 0.0,
            monthly_usd=tuple(usd.tolist()),
            user=user,
            user_share=most / total if total else 0.0,
            input=what,
        )

    def _user(self, entries: Sequence[Entry]) -> tuple[str, str, float]:
        """The country and product that misses most of some entries, the input, and how much."""
        found: dict[tuple[str, str], float] = defaultdict(float)
        for e in entries:
            if e.slot >= 0:
                slot = self.network.slots[self.run.compiled.slots[e.slot]]
                user = self.network.nodes[slot.node]
                other = "~other" if user.kind == "other" else ""
                name = node_id(user.country, user.product) + other
                found[name, slot.commodity[0]] += float(e.usd.sum())
        if not found:
            return "", "", 0.0
        (user_id, what), most = max(found.items(), key=lambda item: (item[1], item[0]))
        return user_id, what, most

    def _actor(self, measure: int) -> str:
        """Who restricts."""
        return self.run.resolved.measures[measure].restriction.actor if measure >= 0 else ""

    def _instrument(self, measure: int) -> str:
        """The kind of restriction."""
        return self.run.resolved.measures[measure].restriction.kind if measure >= 0 else ""

    def _mineral(self, measure: int, product: str) -> str:
        """What of the restriction covers a product; all its items for a good of a content rule."""
        if measure < 0:
            return ""
        covered = self.run.resolved.measures[measure].covered
        items = [c.item for c in covered if product in c.products] or [c.item for c in covered]
        return ", ".join(dict.fromkeys(items))

    def _cause(self, measure: int, cause: int, node: int, slot: int) -> str:
        """The cause in words, one for each kind, measure and product."""
        at = self._node(node)
        if measure < 0:
            return self.lexis.other_cause(OTHER_CAUSES[cause], at.id, self._input(slot))
        measures = self.run.resolved.measures
        actor = self._actor(measure)
        several = sum(m.restriction.actor == actor for m in measures) > 1
        number = measure + 1 if several else None
        foreign = at.country if at.country != actor else ""
        verb = "taxes" if self._instrument(measure) == "tax" else "restricts"
        return self.lexis.cause(actor, verb, at.product, foreign, number)

    # The tree and its paths.

    def _tree(self, loss_usd: float) -> Branch:
        """The sector, its segments, their inputs, the suppliers of these, and so on."""
        s = self.sector
        label = f"{self.lexis.country(s.country)}: {self.lexis.product(s.sector)}"
        if not self.ledger.entries:
            return Branch("sector", node_id(s.country, s.sector), label, 0.0, 0.0)
        grown = stems(self.walk, self.ledger, self.least)
        segments = tuple(self._branch(stem, "segment", loss_usd) for stem in grown)
        return Branch("sector", node_id(s.country, s.sector), label, loss_usd, 1.0, segments)

    def _branch(self, stem: Stem, kind: str, whole: float) -> Branch:
        """A node and what it is short of."""
        by_slot: dict[int, list[Stem]] = defaultdict(list)
        for child in stem.stems:
            by_slot[child.slot].append(child)
        inputs = [self._input_branch(stem.node, *pair, whole) for pair in by_slot.items()]
        if stem.cut:
            label = f"{stem.cut} smaller branches" if stem.cut > 1 else "a smaller branch"
            size = stem.cut_usd
            inputs.append(Branch("smaller", "", label, size, size / whole, (), stem.cut))
        node = self._node(stem.node)
        label = self.lexis.node(node)
        return Branch(kind, node.id, label, stem.usd, stem.usd / whole, _ranked(inputs))

    def _input_branch(self, node: int, slot: int, group: Sequence[Stem], whole: float) -> Branch:
        """An input of a node, and where its goods are held back or not made."""
        usd = sum(s.usd for s in group)
        if slot == HOST:
            host = self._node(int(self.run.compiled.arrays.nodes.host[node]))
            name, label = host.product, f"{self.lexis.product(host.product)} (its host)"
        else:
            name = self._input(slot)
            label = self.lexis.product(name)
        below = []
        for s in group:
            if s.measure < 0 and s.cause < 0:
                below.append(self._branch(s, "supplier", whole))
            else:
                said = self._cause(s.measure, s.cause, s.node, s.slot)
                leaf = Branch("cause", self._node(s.node).id, said, s.usd, s.usd / whole)
                below.append(leaf)
        return Branch("input", name, label, usd, usd / whole, _ranked(below))

    def _ways(self, tree: Branch) -> tuple[Way, ...]:
        """Every path of the tree that ends at a cause, largest first."""
        found = []
        for way in tree.walk():
            if way[-1].kind != "cause":
                continue
            end = way[-1]
            nodes = [b.id for b in way if b.kind in {"segment", "supplier"}]
            if not nodes or nodes[-1] != end.id:
                nodes.append(end.id)
            inputs = tuple(b.id for b in way if b.kind == "input")
            found.append(Way(tuple(nodes), inputs, end.label, end.usd, end.share))
        return tuple(sorted(found, key=lambda w: (-w.usd, w.nodes, w.inputs)))

    # When, and what does not matter.

    def _timing(self, contributions: Sequence[Contribution]) -> tuple[int | None, int]:
        """First month with a loss, and the months between a restriction that matters and it."""
        if not self.sector.nodes:
            return None, 0
        outcome = self.run.outcomes[self.case]
        down = 1.0 - outcome.delivered[:, list(self.sector.nodes), 0].mean(axis=2)
        lost = np.flatnonzero((down > _VISIBLE).any(axis=1))
        if not lost.size:
            return None, 0
        first = int(lost[0])
        numbers = {c.restriction for c in contributions if c.restriction}
        starts = [self.run.resolved.measures[n - 1].first_month for n in numbers]
        return first + 1, max(first - max(min(starts), 0), 0) if starts else 0

    def _without_effect(self, contributions: Sequence[Contribution]) -> tuple[str, ...]:
        """Covered products that cost this sector nothing."""
        told = {c.product for c in contributions if c.kind == "restriction"}
        covered = dict.fromkeys(p for m in self.run.resolved.measures for p in m.products)
        return tuple(p for p in covered if p not in told)

    # Names.

    def _node(self, node: int) -> Node:
        """The network's node behind a compiled one."""
        return self.network.nodes[self.run.compiled.nodes[node]]

    def _input(self, slot: int) -> str:
        """The product behind a compiled slot; empty where there is none."""
        return self.network.slots[self.run.compiled.slots[slot]].commodity[0] if slot >= 0 else ""


def _ranked(branches: Sequence[Branch]) -> tuple[Branch, ...]:
    """Largest first, what was cut last."""
    return tuple(sorted(branches, key=lambda b: (b.kind == "smaller", -b.usd, b.id, b.label)))


def _by_mineral(contributions: Sequence[Contribution]) -> tuple[tuple[str, float], ...]:
    """USD by what the restrictions name; other causes under their kind."""
    found: dict[str, float] = defaultdict(float)
    for c in contributions:
        found[c.mineral or c.kind] += c.usd
    return tuple(sorted(found.items(), key=lambda item: (-item[1], item[0])))
