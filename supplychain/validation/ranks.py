"""What a country would lose if the largest producer abroad of a mineral stopped selling it.

The measure by which minerals are put in order, where a study states nothing but their order.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from supplychain.chokepoints.candidates import Ban, Candidate
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import losses
from supplychain.network import Network
from supplychain.structure.risk import STAGES_OF_A_MINERAL
from supplychain.vocabulary import REST_OF_WORLD


@dataclass(frozen=True)
class Stop:
    """One mineral stopped for a year.

    Attributes:
        actor: the largest producer abroad; products: of its exports that stop.
        usd: exports that the country loses, in the adaptive case, all sectors together.
    """

    actor: str
    products: tuple[str, ...]
    usd: float


def stops(network: Network, country: str, minerals: Collection[str]) -> Mapping[str, Stop]:
    """Each mineral's largest producer abroad stops what its measures name, one after the other.

    Minerals that nobody abroad sells over a border are left out.
    """
    field = Field.of(network, (country,))
    chosen: list[Candidate] = []
    for mineral in minerals:
        ban = leading(network, country, mineral)
        if ban is not None and field.withheld(Candidate("mineral", (ban,))):
            chosen.append(Candidate("mineral", (ban,)))
    found = losses(field, chosen) if chosen else ()
    return {
        loss.removal.items[0]: Stop(
            loss.removal.actors[0], field.withheld(loss.removal), loss.total
        )
        for loss in found
    }


def leading(network: Network, country: str, mineral: str) -> Ban | None:
    """All exports of a mineral by its largest refiner abroad, else its largest miner."""
    home = {country, REST_OF_WORLD}
    for stage in reversed(STAGES_OF_A_MINERAL):
        made: dict[str, float] = {}
        for node in network.nodes:
            row = network.products[node.product]
            is_made = (node.kind, node.planned) == ("producer", False) and node.country not in home
            if is_made and (row["stage"], row["mineral"]) == (stage, mineral):
                made[node.country] = made.get(node.country, 0.0) + node.output
        if made:
            return Ban(max(sorted(made), key=lambda c: made[c]), mineral)
    return None
