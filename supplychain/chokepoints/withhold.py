"""What each actor can withhold from each country: one removal per mineral, and all of them at once.

Every figure is the loss that `supplychain.chokepoints.ranking.losses` gives for that removal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from supplychain.chokepoints.candidates import Ban, Candidate
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import Loss
from supplychain.chokepoints.trade import Trade


@dataclass(frozen=True)
class Cell:
    """What one actor's exports of one mineral are worth to one focus country.

    Attributes:
        loss_usd, loss_share: exports that the country loses over the horizon without them.
        sector, sector_share: its sector that loses the largest share, and that share; empty and 0
            where nothing is lost.
        product, use_share: the withheld product of whose use in the country the actor supplies the
            largest share, and that share.
        exposed: sectors of the country that the mineral's withheld products go into, anywhere up
            their chains; 0 says that the pack has none, so that nothing can be lost.
    """

    actor: str
    mineral: str
    focus: str
    loss_usd: float
    loss_share: float
    sector: str
    sector_share: float
    product: str
    use_share: float
    exposed: int

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``withhold`` in JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Together:
    """All minerals of one actor withheld from everybody at once, and one focus country's loss.

    Attributes:
        minerals: those that it exports.
        singles_usd: sum of the losses that each mineral alone causes.
        loss_usd, loss_share: loss of all at once.
        sector, sector_share: hit hardest by all at once.
        overlap_usd: ``singles_usd - loss_usd``. Above 0 the same exports are counted under several
            minerals; below 0 the minerals reinforce each other.
        overlap_sector: the sector in which that difference is largest; overlap_products: products
            that stand under several of the minerals.
    """

    actor: str
    focus: str
    minerals: tuple[str, ...]
    singles_usd: float
    loss_usd: float
    loss_share: float
    sector: str
    sector_share: float
    overlap_usd: float
    overlap_sector: str
    overlap_products: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``together`` in JSON."""
        return asdict(self)


def stops(actor: str, *minerals: str) -> Candidate:
    """An actor sells nothing that some minerals cover.

    >>> stops("CHN", "gallium", "tungsten").id
    'CHN:gallium + CHN:tungsten'
    """
    return Candidate("mineral", tuple(Ban(actor, mineral) for mineral in minerals))


def whole(field: Field, singles: Sequence[Loss], actor: str) -> Candidate | None:
    """All minerals of an actor as one removal; None where no mineral of it costs anything."""
    mine = [x for x in singles if x.removal.actors == (actor,)]
    sold = [x.removal.items[0] for x in mine if field.withheld(x.removal)]
    return stops(actor, *sold) if any(x.total > 0 for x in mine) else None


def cells(field: Field, loss: Loss, trade: Trade) -> tuple[Cell, ...]:
    """One single removal, country by country.

    A country that uses 10 magnets a month, 6 of them of the actor, has a ``use_share`` of 0.6.
    """
    removal = loss.removal
    actor, mineral = removal.actors[0], removal.items[0]
    held = field.withheld(removal)
    exposed = _exposed(field, removal)
    found = []
    for focus in field.base.focus:
        usd, share, sector, sector_share = _read(field, loss, focus)
        reliance = {p: trade.use_share(p, actor, focus) for p in held if focus != actor}
        product = max(reliance, key=lambda p: reliance[p], default="")
        found.append(
            Cell(
                actor, mineral, focus, usd, share, sector, sector_share,
                product, reliance.get(product, 0.0), exposed[focus],
            )
        )  # fmt: skip
    return tuple(found)


def together(field: Field, joint: Loss, singles: Sequence[Loss]) -> tuple[Together, ...]:
    """One joint removal beside its parts, country by country."""
    removal = joint.removal
    alone = [x for x in singles if set(x.removal.bans) <= set(removal.bans)]
    covers = [set(field.measure(ban).products) for ban in removal.bans]
    twice = sorted(p for p in set().union(*covers) if sum(p in c for c in covers) > 1)
    found = []
    for focus in field.base.focus:
        usd, share, sector, sector_share = _read(field, joint, focus)
        over = {
            s.sector: sum(x.usd[k] for x in alone) - joint.usd[k]
            for k, s in enumerate(field.sectors)
            if s.country == focus
        }
        most = max(over, key=lambda name: abs(over[name]), default="")
        found.append(
            Together(
                removal.actors[0], focus, removal.items, usd + sum(over.values()), usd, share,
                sector, sector_share, sum(over.values()), most if over.get(most) else "",
                tuple(twice),
            )
        )  # fmt: skip
    return tuple(found)


def _read(field: Field, loss: Loss, focus: str) -> tuple[float, float, str, float]:
    """Loss of one country in USD and as a share of its exports, and its sector hit hardest."""
    mine = [k for k, s in enumerate(field.sectors) if s.country == focus]
    usd = sum(loss.usd[k] for k in mine)
    baseline = sum(field.sectors[k].exports_usd for k in mine) * field.years
    worst = max(mine, key=lambda k: loss.shares[k])
    hit = loss.shares[worst] > 0
    return (
        usd,
        usd / baseline if baseline else 0.0,
        field.sectors[worst].sector if hit else "",
        loss.shares[worst],
    )


def _exposed(field: Field, removal: Candidate) -> Mapping[str, int]:
    """Sectors of each focus country downstream of what a removal withholds."""
    found = dict.fromkeys(field.base.focus, 0)
    if field.withheld(removal):
        for sector in field.sectors_of(field.whole.part(field.products(removal))):
            found[sector.country] += bool(sector.nodes)
    return found
