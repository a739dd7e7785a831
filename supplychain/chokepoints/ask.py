"""The question as a call: which removals cost the focus countries most."""

from collections.abc import Mapping, Sequence

from supplychain import pedigree
from supplychain.chokepoints.candidates import KINDS, Candidate, Removed
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import (
    STRONGEST,
    Loss,
    Progress,
    interactions,
    losses,
    pairs,
    ranked,
    removals,
    silent,
)
from supplychain.chokepoints.report import BY, Hit, Ranking, Row
from supplychain.chokepoints.single import details, loss_band
from supplychain.errors import UnknownNameError, UsageError, nearest
from supplychain.structure import node_measures
from supplychain.vocabulary import MONTHS_PER_YEAR
from supplychain.world import World

DEFAULT: tuple[Removed, ...] = ("restriction", "mineral")
TOP = 20

Structure = Mapping[tuple[str, str], Mapping[str, float]]


def rank_chokepoints(
    world: World,
    focus: Sequence[str] = ("KOR",),
    *,
    what: Sequence[str] = DEFAULT,
    top: int = TOP,
    by: str = "loss",
    months: int = MONTHS_PER_YEAR,
    strongest: int = STRONGEST,
    band: bool = False,
    seed: int = 1,
    progress: Progress = silent,
) -> Ranking:
    """Remove everything of some kinds, simulate each removal, and rank them by their loss.

    Args:
        world: what is played on; never changed.
        focus: countries whose exports are counted.
        what: kinds of removals: ``restriction`` (all exports of a product by a country),
            ``mineral`` (of what a ban on a mineral covers), ``node`` (a plant stops), ``flow``
            (exports of a product to one country), ``pair`` (two strong bans together).
        top: rows that are told in full; by: their order (`report.BY`).
        months: how long everything is removed, and counted.
        strongest: single bans of which all pairs are played.
        band: also the 10-90 % band of the sectors' losses, for bans (seconds per row).
        seed: of the band's sample; progress: told the step and the share that is done.

    Raises:
        UnknownNameError: a focus country or a kind that nobody knows.
        ScenarioError: a focus country without export sectors, or an impossible horizon.
        UsageError: no row, or an order that cannot be had.

    ``rank_chokepoints(sc.load(), ["KOR"]).table()`` has these columns, among others:

    >>> from supplychain.chokepoints.report import columns
    >>> columns()[:3], columns()[6:8]
    (('rank', 'kind', 'id'), ('loss_usd', 'loss_share'))
    """
    kinds = _kinds(what)
    if top < 1:
        raise UsageError(f"top: {top} is not at least 1")
    if by not in BY:
        raise UnknownNameError(by, "order", suggestions=nearest(by, BY) or BY)
    field = Field.of(world.network, focus, months)
    known = node_measures(world.network, field.base.focus)
    progress("compiling the network", 0.0)
    singles = removals(field, kinds)
    played = losses(field, singles, progress=progress)
    joint: tuple[Loss, ...] = ()
    if "pair" in kinds:
        bans = tuple(x for x in played if x.removal.kind in {"restriction", "mineral"})
        if not bans:
            bans = losses(field, removals(field, DEFAULT), progress=progress)
        joint = losses(field, pairs(field, bans, strongest), progress=progress)
        played_bans = bans
    every = ranked(played + joint)
    if by != "loss":
        every = _sorted(field, every, known, by)
    told = interactions(joint, played_bans) if joint else {}
    shown = every[:top]
    progress("reading the first rows", 1.0)
    found = details(field, [x.removal for x in shown])
    baseline = sum(s.exports_usd for s in field.sectors) * field.years
    rows = []
    for rank, loss in enumerate(shown, 1):
        mixed, detail = told.get(loss.removal), found[loss.removal]
        widths = loss_band(field, loss.removal, seed) if band else {}
        held = _held(field, loss.removal)
        rows.append(
            Row(
                rank,
                loss.removal,
                tuple(dict.fromkeys(str(world.network.products[p]["stage"]) for _, p in held)),
                tuple(dict.fromkeys(p for _, p in held)),
                loss.total,
                loss.total / baseline if baseline else 0.0,
                detail.frozen_usd,
                detail.first_month,
                _hits(field, loss, widths),
                detail.gainers,
                mixed.singles_usd if mixed else None,
                mixed.usd if mixed else None,
                {name: _index(field, loss.removal, known, name) for name in BY[1:]},
            )
        )
        if band:
            progress("bands of the first rows", rank / len(shown))
    return Ranking(
        field.base.focus,
        field.base.months,
        by,
        tuple(rows),
        _count(every),
        _count(every, harmless=True),
        baseline,
        pedigree.pack(world.network),
    )


def _kinds(what: Sequence[str]) -> tuple[Removed, ...]:
    """Kinds of removals by name."""
    for name in what:
        if name not in KINDS:
            raise UnknownNameError(name, "kind of removal", nearest(name, KINDS) or KINDS)
    if not what:
        raise UsageError(f"what: name at least one of {', '.join(KINDS)}")
    return tuple(kind for kind in KINDS if kind in what)


def _held(field: Field, removal: Candidate) -> tuple[tuple[str, str], ...]:
    """Country and product of everything that a removal stops."""
    if removal.node:
        country, product = removal.node.split(":")
        return ((country, product),)
    one = (Candidate("restriction", (ban,)) for ban in removal.bans)
    return tuple((c.bans[0].actor, p) for c in one for p in field.withheld(c))


def _hits(
    field: Field, loss: Loss, widths: Mapping[tuple[str, str], tuple[float, float]]
) -> tuple[Hit, ...]:
    """Sectors that lose, largest first."""
    found = [
        Hit(s.country, s.sector, usd, share, widths.get((s.country, s.sector)))
        for s, usd, share in zip(field.sectors, loss.usd, loss.shares, strict=True)
        if usd > 0 or widths.get((s.country, s.sector), (0.0, 0.0))[1] > 0
    ]
    return tuple(sorted(found, key=lambda h: (-h.usd, h.country, h.sector)))


def _index(field: Field, removal: Candidate, known: Structure, name: str) -> float | None:
    """The largest index of what a removal stops; None where there is none.

    An index counts a country's own use; a focus country's ban on its own exports leaves that alone,
    so it has none.
    """
    home = () if removal.node else field.base.focus
    held = (key for key in _held(field, removal) if key[0] not in home)
    return max((known[key][name] for key in held if key in known), default=None)


def _sorted(field: Field, found: Sequence[Loss], known: Structure, by: str) -> tuple[Loss, ...]:
    """By an index, largest first; equals stay in the order of their losses."""
    index = {x.removal: _index(field, x.removal, known, by) or 0.0 for x in found}
    return tuple(sorted(found, key=lambda x: -index[x.removal]))


def _count(found: Sequence[Loss], *, harmless: bool = False) -> dict[str, int]:
    """How many removals of each kind there are, or how many cost nothing."""
    kinds = [x.removal.kind for x in found if not harmless or x.total == 0]
    return {kind: kinds.count(kind) for kind in KINDS if kind in kinds}
