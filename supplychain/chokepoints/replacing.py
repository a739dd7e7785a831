"""What others could replace when an actor withholds, and what they do replace in the simulation.

Possible: spare capacity, as far as the pack's access rules let a country reach it. Reached: what
flows beyond the baseline in the adaptive run.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from supplychain.chokepoints.candidates import Candidate
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.lanes import Lanes
from supplychain.chokepoints.trade import Trade
from supplychain.compiled import Compiled
from supplychain.model.adaptive import ADAPTIVE
from supplychain.model.engine import play
from supplychain.model.outcome import Outcome

Array = npt.NDArray[np.float64]
Link = tuple[str, str, str]
"""Product, supplier's country, user's country."""

_LANES = 4
"""Removals played at once with every flow kept: about 60 MB each on the shipped pack."""
_VISIBLE = 1e-9


@dataclass(frozen=True)
class Offer:
    """What one partner could send in the place of withheld goods, and what it sends.

    Attributes:
        partner: country; the focus country itself for home supply.
        spare: capacity less output, for all the world, unit/month.
        possible: the part of it that the focus country may reach, mean over the horizon,
            unit/month. Others compete for it, and its inputs may be withheld too.
        reached: more than in the baseline, mean over the horizon, unit/month; below 0 where the
            partner sends less. New plants are in it and not in `possible`.
    """

    partner: str
    spare: float
    possible: float
    reached: float


@dataclass(frozen=True)
class Gap:
    """One product that a focus country buys from an actor that withholds it.

    Attributes:
        withheld: what it buys from the actor in the baseline, unit/month; use_share: of its use.
        leaked: mean part of `withheld` that arrives from the actor all the same, 0-1.
        released: public stocks and recovery over `withheld`.
        offers: by partner, most reached first.
    """

    actor: str
    mineral: str
    focus: str
    product: str
    unit: str
    withheld: float
    use_share: float
    leaked: float
    released: float
    offers: tuple[Offer, ...]

    @property
    def replaced(self) -> float:
        """What all partners together send more, over `withheld`; may pass 1 where stocks refill."""
        return sum(offer.reached for offer in self.offers) / self.withheld

    def rows(self) -> Iterator[dict[str, Any]]:
        """One row of the table per partner."""
        for offer in self.offers:
            yield {
                "actor": self.actor,
                "mineral": self.mineral,
                "focus": self.focus,
                "product": self.product,
                "unit": self.unit,
                "withheld_per_month": self.withheld,
                "use_share": self.use_share,
                "partner": offer.partner,
                "spare_per_month": offer.spare,
                "possible_per_month": offer.possible,
                "possible_share": offer.possible / self.withheld,
                "reached_per_month": offer.reached,
                "reached_share": offer.reached / self.withheld,
                "leaked_share": self.leaked,
                "released_share": self.released,
                "replaced_share": self.replaced,
            }


@dataclass(frozen=True)
class Access:
    """Which spare capacity a country may reach, by the pack's access rules."""

    field: Field
    trade: Trade

    @cached_property
    def _usual(self) -> Mapping[Link, Sequence[float]]:
        """Baseline flow beside each of the engine's openings, unit/month; 0 to a new customer."""
        network, compiled = self.field.network, self.field.whole.compiled
        quantity = compiled.arrays.flows.quantity
        found: dict[Link, list[float]] = defaultdict(list)
        flows = compiled.arrays.openings.flow.tolist()
        for (i, q), e in zip(compiled.openings, flows, strict=True):
            supplier, user = network.nodes[i], network.nodes[network.slots[q].node]
            usual = float(quantity[e]) if e >= 0 else 0.0
            found[supplier.product, supplier.country, user.country].append(usual)
        return found

    def possible(self, product: str, partner: str, user: str) -> float:
        """Most that a partner may send more, mean over the horizon, unit/month.

        In month t it is ``min(spare, sum of (access_ceiling - 1) flow)`` over the inputs that it
        supplies, and once the qualification lag is over, over all inputs,
        ``min(spare, sum of max((access_ceiling - 1) flow, new_supplier_share spare))``.

        A partner with 10 to spare that sells 4 to one input may send 2 more at an access ceiling of
        1.5. At a new supplier's share of 0.3 it may send 3 there after 3 of 12 months, and 3 to an
        input that it does not supply yet: ``(3 * 2 + 9 * 6) / 12 = 5`` on average. Plants yet to be
        built are not counted.
        """
        value = self.field.network.parameters.value
        months = self.field.base.months
        link = (product, partner, user)
        spare = self.trade.spare.get((product, partner), 0.0)
        growth = max(value("access_ceiling"), 1.0) - 1.0
        known = growth * self.trade.bought.get(link, 0.0)
        most = min(value("new_supplier_share"), 1.0) * spare
        new = sum(max(most - growth * usual, 0.0) for usual in self._usual.get(link, ()))
        stage = str(self.field.network.products[product]["stage"])
        lag = min(round(value("qualification_lag_months", product, stage)), months)
        return (lag * min(spare, known) + (months - lag) * min(spare, known + new)) / months


def gaps(field: Field, removals: Sequence[Candidate], trade: Trade) -> tuple[Gap, ...]:
    """Every gap that some removals of one mineral each tear, with its offers.

    Removals of the same products are played together, a few at once.
    """
    access = Access(field, trade)
    groups: dict[tuple[str, ...], list[Candidate]] = {}
    for removal in (r for r in removals if field.withheld(r)):
        groups.setdefault(field.products(removal), []).append(removal)
    found: dict[Candidate, tuple[Gap, ...]] = {}
    for products, mine in groups.items():
        part = field.whole.part(products)
        for a in range(0, len(mine), _LANES):
            some = mine[a : a + _LANES]
            arrays = Lanes.of(field, part, some).arrays
            moved = _Moved.of(field, part, products, play(arrays, ADAPTIVE))
            for lane, removal in enumerate(some):
                found[removal] = tuple(_gaps(field, removal, access, moved, lane))
    return tuple(gap for removal in removals for gap in found.get(removal, ()))


def _gaps(
    field: Field, removal: Candidate, access: Access, moved: "_Moved", lane: int
) -> Iterator[Gap]:
    """The gaps of one removal."""
    actor, mineral, trade = removal.actors[0], removal.items[0], access.trade
    for focus in field.base.focus:
        for product in field.withheld(removal):
            withheld = trade.bought.get((product, actor, focus), 0.0)
            if focus == actor or withheld <= _VISIBLE:
                continue
            partners = {c for p, c in trade.made if p == product}
            partners |= {c for p, c, user in moved.links if (p, user) == (product, focus)}
            offers = []
            for partner in sorted(partners - {actor}):
                link = (product, partner, focus)
                possible, more = access.possible(*link), float(moved.more(link)[lane])
                if possible > 0 or abs(more) > _VISIBLE * withheld:
                    spare = trade.spare.get((product, partner), 0.0)
                    offers.append(Offer(partner, spare, possible, more))
            yield Gap(
                actor,
                mineral,
                focus,
                product,
                str(field.network.products[product]["unit"]),
                withheld,
                trade.use_share(product, actor, focus),
                1.0 + float(moved.more((product, actor, focus))[lane]) / withheld,
                float(moved.released[product, focus][lane]) / withheld,
                tuple(sorted(offers, key=lambda o: (-o.reached, -o.possible, o.partner))),
            )


@dataclass(frozen=True)
class _Moved:
    """What moved against the baseline, mean over months and plants, unit/month in each lane."""

    links: Mapping[Link, Array]
    released: Mapping[tuple[str, str], Array]

    @classmethod
    def of(
        cls, field: Field, part: Compiled, products: Sequence[str], outcome: Outcome
    ) -> "_Moved":
        """Add up flows and new flows of some products into the focus countries."""
        arrays, nodes = part.arrays, [field.network.nodes[i] for i in part.nodes]
        lanes = outcome.output.shape[2]
        links: dict[Link, Array] = defaultdict(lambda: np.zeros(lanes))
        ends = (
            (arrays.flows, outcome.shipped, arrays.flows.quantity, 1.0),
            (
                arrays.openings,
                outcome.opened,
                arrays.slots.need[arrays.openings.slot],
                0.0,
            ),
        )
        wanted = np.array([n.product in products for n in nodes])
        near = np.array([n.country in field.base.focus for n in nodes])
        for pairs, carried, size, usual in ends:
            user = arrays.slots.node[pairs.slot]
            chosen = np.flatnonzero(wanted[pairs.supplier] & near[user])
            more = (carried[:, chosen].mean(axis=(0, 3)) - usual) * size[chosen, None]
            for k, e in enumerate(chosen.tolist()):
                supplier = nodes[pairs.supplier[e]]
                links[supplier.product, supplier.country, nodes[user[e]].country] += more[k]
        released: dict[tuple[str, str], Array] = defaultdict(lambda: np.zeros(lanes))
        given = outcome.released.mean(axis=(0, 3)) * arrays.slots.need[:, None]
        for k, q in enumerate(part.slots):
            slot = field.network.slots[q]
            released[slot.commodity[0], field.network.nodes[slot.node].country] += given[k]
        return cls(links, released)

    def more(self, link: Link) -> Array:
        """What a link carried beyond its baseline."""
        return self.links[link]
