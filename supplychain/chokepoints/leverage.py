"""Who can withhold what from whom, who could stand in, and what partners supply each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from supplychain import pedigree
from supplychain.chokepoints.field import Field
from supplychain.chokepoints.ranking import Loss, Progress, losses, ranked, silent
from supplychain.chokepoints.replacing import Gap, gaps
from supplychain.chokepoints.trade import Trade
from supplychain.chokepoints.withhold import Cell, Together, cells, stops, together, whole
from supplychain.errors import UsageError
from supplychain.vocabulary import MONTHS_PER_YEAR, REST_OF_WORLD
from supplychain.world import World

if TYPE_CHECKING:
    import pandas as pd

CASES: Final = ("cobalt", "gallium", "molybdenum", "tungsten")
"""Minerals with a published case study."""
TOP: Final = 20
_LARGEST = 3
"""Producers of each product that are partners where nobody names any."""

MEANING: Final = (
    (
        "Withhold: exports that a focus country loses over the horizon, at central figures in the "
        "adaptive case, when the actor sells nobody abroad what the mineral covers as listed: what "
        "its measures in force name, else refined and first semi-finished forms. Use share: the "
        "part of the country's use of one withheld product that it buys from the actor."
    ),
    (
        "All at once is one removal of everything together; overlap is the sum of the single "
        "losses less that."
    ),
    (
        "Possible is spare capacity that access rules let the country reach, with nobody else "
        "asking for it and its own inputs at hand; reached is what came in the simulation, over "
        "what the actor sold. Public stocks, leakage and substitutes come beside."
    ),
    (
        "Supply: share of the user's use of a product that it buys from the supplier today, and "
        "the supplier's spare capacity over that use."
    ),
)


@dataclass(frozen=True)
class Supply:
    """What one country supplies to another today, and what it could add.

    Attributes:
        use_share: bought from the supplier over the user's use of the product.
        spare_share: the supplier's capacity less its output, over that use.
    """

    mineral: str
    product: str
    supplier: str
    user: str
    use_share: float
    spare_share: float

    def as_dict(self) -> dict[str, Any]:
        """The entry of ``supply`` in JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True)
class Leverage:
    """Actors against focus countries.

    Attributes:
        withhold: one cell per actor, mineral and focus country, largest loss of all first.
        together: all minerals of an actor at once, for the actors of which any costs anything.
        replace: what stands in, for the first `top` removals.
        supply: who supplies whom today.
        pack: name, version and hash of the data.
    """

    focus: tuple[str, ...]
    minerals: tuple[str, ...]
    months: int
    withhold: tuple[Cell, ...]
    together: tuple[Together, ...]
    replace: tuple[Gap, ...]
    supply: tuple[Supply, ...]
    pack: dict[str, Any]

    def tables(self) -> dict[str, "pd.DataFrame"]:
        """One tidy table each: withhold, together, replace, supply."""
        import pandas as pd

        return {
            "withhold": pd.DataFrame([x.as_dict() for x in self.withhold]),
            "together": pd.DataFrame(
                [{k: _flat(v) for k, v in x.as_dict().items()} for x in self.together]
            ),
            "replace": pd.DataFrame([row for gap in self.replace for row in gap.rows()]),
            "supply": pd.DataFrame([x.as_dict() for x in self.supply]),
        }

    def as_dict(self) -> dict[str, Any]:
        """The matrix as JSON."""
        return {
            "schema": "supplychain/leverage/1",
            "focus": list(self.focus),
            "minerals": list(self.minerals),
            "months": self.months,
            "data": dict(self.pack),
            "meaning": list(MEANING),
            "withhold": [x.as_dict() for x in self.withhold],
            "together": [
                {k: list(v) if isinstance(v, tuple) else v for k, v in x.as_dict().items()}
                for x in self.together
            ],
            "replace": [row for gap in self.replace for row in gap.rows()],
            "supply": [x.as_dict() for x in self.supply],
        }


def _flat(value: object) -> object:
    """A list as one cell of a table."""
    return "|".join(value) if isinstance(value, tuple) else value


def leverage(
    world: World,
    focus: Sequence[str] = ("KOR", "JPN", "USA"),
    minerals: Sequence[str] = CASES,
    *,
    actors: Sequence[str] = (),
    partners: Sequence[str] = (),
    top: int = TOP,
    months: int = MONTHS_PER_YEAR,
    progress: Progress = silent,
) -> Leverage:
    """Play every actor's ban on every mineral, and read who is hit and who stands in.

    Args:
        world: what is played on; never changed.
        focus: countries whose exports are counted.
        minerals: which; none named is all of the pack.
        actors: who withholds; none named is everybody who exports any of it.
        partners: who may supply whom, beside the focus countries; none named is the three largest
            producers of each product.
        top: removals (largest loss, then largest share of a country's use) whose gaps are read.
        months: how long everything is withheld, and counted.
        progress: told the step and the share that is done.

    Raises:
        UnknownNameError: a country or a mineral that nobody knows.
        ScenarioError: a focus country without export sectors, or an impossible horizon.
        UsageError: no row.

    >>> import supplychain as sc
    >>> from supplychain.chokepoints.leverage import leverage
    >>> leverage(sc.load(), ["KOR"], ["galium"])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    supplychain.errors.UnknownNameError: unknown mineral 'galium'. Did you mean 'gallium' or ...
    """
    if top < 1:
        raise UsageError(f"top: {top} is not at least 1")
    field = Field.of(world.network, focus, months)
    names, trade = field.names, Trade(world.network)
    wanted = tuple(dict.fromkeys(names.mineral(m) for m in minerals)) or _all_minerals(world)
    who = tuple(dict.fromkeys(names.country(a) for a in actors))
    others = tuple(dict.fromkeys(names.country(p) for p in partners))
    progress("compiling the network", 0.0)
    singles = _singles(field, who, wanted, progress)
    joint = _joint(field, singles, progress)
    found = [cells(field, loss, trade) for loss in singles]
    found.sort(key=_size)
    progress("reading who stands in", 1.0)
    told = gaps(field, [stops(c[0].actor, c[0].mineral) for c in found[:top]], trade)
    beside = [row for loss in joint for row in together(field, loss, singles)]
    return Leverage(
        field.base.focus, wanted, months,
        tuple(cell for row in found for cell in row),
        tuple(beside),
        told,
        tuple(_supply(field, trade, wanted, others)),
        dict(pedigree.pack(world.network)),
    )  # fmt: skip


def _all_minerals(world: World) -> tuple[str, ...]:
    """Every mineral of the pack."""
    return tuple(str(row["mineral"]) for row in world.network.tables.rows("minerals"))


def _singles(
    field: Field, who: Sequence[str], minerals: Sequence[str], progress: Progress
) -> tuple[Loss, ...]:
    """Every actor's ban on every mineral; of actors that are named also those that stop nothing."""
    every = [stops(a, m) for a in who or sorted(field.countries) for m in minerals]
    acting = [c for c in every if field.withheld(c)]
    played = {x.removal: x for x in losses(field, acting, progress=progress)} if acting else {}
    none = (0.0,) * len(field.sectors)
    shown = every if who else acting
    return tuple(played.get(c) or Loss(c, none, none) for c in shown)


def _joint(field: Field, singles: Sequence[Loss], progress: Progress) -> tuple[Loss, ...]:
    """All minerals of each actor at once, largest loss first; one mineral was played already."""
    actors = dict.fromkeys(x.removal.actors[0] for x in singles)
    bans = [ban for actor in actors if (ban := whole(field, singles, actor))]
    known = {x.removal: x for x in singles}
    new = [ban for ban in bans if ban not in known]
    report = partial(_told, progress)
    known |= {x.removal: x for x in losses(field, new, progress=report)} if new else {}
    return ranked([known[ban] for ban in bans])


def _told(progress: Progress, _step: str, share: float) -> None:
    """Say which removals these are."""
    progress("simulating all minerals at once", share)


def _size(row: Sequence[Cell]) -> tuple[float, float, str, str]:
    """Order of removals: loss of all focus countries, then the largest share of a country's use."""
    first = row[0]
    share = max(cell.use_share for cell in row)
    return (-sum(cell.loss_usd for cell in row), -share, first.actor, first.mineral)


def _supply(
    field: Field, trade: Trade, minerals: Sequence[str], partners: Sequence[str]
) -> Iterable[Supply]:
    """Suppliers against users, product by product."""
    for mineral in minerals:
        for product, row in field.network.products.items():
            if row["stage"] == "industry" or mineral not in {row["mineral"], *row["semi_of"]}:
                continue
            made = {c: x for (p, c), x in trade.made.items() if p == product and c != REST_OF_WORLD}
            largest = sorted(made, key=lambda c: (-made[c], c))[:_LARGEST]
            for supplier in dict.fromkeys((*field.base.focus, *(partners or largest))):
                for user in field.base.focus:
                    use = trade.used.get((product, user), 0.0)
                    if use <= 0:
                        continue
                    spare = trade.spare.get((product, supplier), 0.0)
                    share = trade.use_share(product, supplier, user)
                    yield Supply(mineral, product, supplier, user, share, spare / use)
