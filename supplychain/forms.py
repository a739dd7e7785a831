"""What a named mineral, product or group covers, and which components hold it.

A mineral is not its products: the form of a restriction decides (docs/model.md, section 10).
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from supplychain.errors import ScenarioError
from supplychain.names import Names
from supplychain.network.values import Network
from supplychain.restriction import Restriction, month_number
from supplychain.tables import Row
from supplychain.vocabulary import EVERYONE


@dataclass(frozen=True)
class Covered:
    """What one named item was taken to cover.

    Attributes:
        item: mineral or product as resolved.
        products: product ids.
        why: one phrase, for people.
    """

    item: str
    products: tuple[str, ...]
    why: str


def cover(
    item: str, restriction: Restriction, network: Network, names: Names, date: str
) -> Covered:
    """What one named item covers under the restriction's form and stage."""
    named = names.product_or_mineral(item)
    rows = network.tables.rows("products")
    if named.kind == "group":
        grades = tuple(str(r["product"]) for r in rows if r["group"] == named.id)
        return Covered(named.id, grades, "all grades of the group")
    if named.kind != "mineral":
        return Covered(named.id, (named.id,), "named itself")
    mineral = named.id
    if restriction.stage is not None:
        chosen = tuple(
            str(r["product"])
            for r in rows
            if r["stage"] == restriction.stage
            and (r["mineral"] == mineral or mineral in r["semi_of"])
        )
        if not chosen:
            raise ScenarioError(
                f"stage: {mineral} has no product of stage {restriction.stage} in this pack"
            )
        return Covered(mineral, chosen, f"its forms of stage {restriction.stage}")
    refined = _refined(rows, mineral)
    if restriction.form == "refined":
        return Covered(mineral, refined, "the refined forms only")
    if restriction.form == "contained":
        holders = _holding(network, refined)
        return Covered(mineral, refined + holders, "the refined forms and components that hold it")
    return _listed(network, restriction, mineral, refined, date)


def _refined(rows: Iterable[Row], mineral: str) -> tuple[str, ...]:
    """Refined products of a mineral."""
    return tuple(
        str(r["product"]) for r in rows if r["mineral"] == mineral and r["stage"] == "refine"
    )


_DUTY = "tax"


def _listed(
    network: Network, restriction: Restriction, mineral: str, refined: tuple[str, ...], date: str
) -> Covered:
    """What the actor's measures in force at a date name; else refined and semi-finished forms.

    The semi-finished forms are the first ones after refining.
    A measure aimed at some countries says nothing about a restriction aimed at others, and a duty
    says nothing about shipments that are withheld, nor these about a tax.
    """
    actor, when = restriction.actor, month_number(date)
    targets = {EVERYONE, *restriction.to}
    in_force = [
        r
        for r in network.tables.rows("controls")
        if r["actor"] == actor
        and mineral in r["minerals"]
        and (r["kind"] == _DUTY) == (restriction.kind == _DUTY)
        and _in_force(r, when)
        and targets & set(r["targets"])
    ]
    if in_force:
        products = tuple(dict.fromkeys(str(p) for r in in_force for p in r["products"]))
        titles = "; ".join(dict.fromkeys(f"{r['title']} ({r['start']})" for r in in_force))
        return Covered(mineral, products, f"as listed by {titles}")
    semis = tuple(
        str(r["product"]) for r in network.tables.rows("products") if mineral in r["semi_of"]
    )
    what = "export duty" if restriction.kind == _DUTY else "measure"
    return Covered(
        mineral,
        refined + semis,
        f"no {what} of {actor} on it is in force at {date}: "
        "refined forms and first semi-finished product",
    )


def _in_force(row: Row, when: int) -> bool:
    """Whether a control applies in a month; a suspension counts from its first to its last."""
    if month_number(str(row["start"])) > when or (
        row["end"] and month_number(str(row["end"])) < when
    ):
        return False
    if not row["suspended_from"]:
        return True
    last = month_number(str(row["suspended_to"])) if row["suspended_to"] else when
    return not month_number(str(row["suspended_from"])) <= when <= last


def _holding(network: Network, refined: tuple[str, ...]) -> tuple[str, ...]:
    """Components that hold refined products in at least the pack's threshold."""
    threshold = network.parameters.value("content_threshold")
    found = holders(network, contents(network, dict.fromkeys(refined, 1.0)), threshold)
    return tuple(p for p in found if p not in refined)


def contents(
    network: Network, roots: Mapping[str, float], through: Collection[str] = ("component",)
) -> dict[str, float]:
    """Tonnes of some products in a unit of themselves and of what is made of them.

    ``held_j = sum_i a_ij held_i`` along the recipes of products of the stages `through`, upstream
    first; the roots hold what is given.
    """
    held = dict.fromkeys((product for product, _ in network.order), 0.0) | dict(roots)
    recipes = inputs(network)
    for product, segment in network.order:
        is_made = network.products[product]["stage"] in through and not segment
        if is_made and product not in roots:
            held[product] = sum(
                float(r["amount"]) * held[str(r["input"])] for r in recipes.get(product, ())
            )
    return held


def holders(
    network: Network,
    held: Mapping[str, float],
    threshold: float,
    stages: Collection[str] = ("component",),
) -> tuple[str, ...]:
    """Products whose mass fraction of what they hold reaches a threshold, upstream first."""
    found = []
    for product, segment in network.order:
        row = network.products[product]
        mass = float(row["mass_t_per_unit"] or 0.0)
        of_stage = not segment and row["stage"] in stages
        if of_stage and mass > 0 and held[product] / mass >= threshold:
            found.append(product)
    return tuple(found)


def inputs(network: Network) -> dict[str, list[Row]]:
    """Recipe rows of every product: what it is made of in the baseline."""
    found: dict[str, list[Row]] = {}
    for row in network.tables.baseline_recipes():
        if row["relation"] == "input":
            found.setdefault(str(row["output"]), []).append(row)
    return found
