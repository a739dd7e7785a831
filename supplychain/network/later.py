"""What is not there in the baseline but may come: new plants, and other ways of making things."""

from collections.abc import Sequence
from dataclasses import dataclass

from supplychain.network.ordering import commodity_of_input, commodity_of_output
from supplychain.network.values import Commodity, Node, Project, Slot, Technology
from supplychain.tables import Row, Tables
from supplychain.vocabulary import MAIN_TECHNOLOGY


@dataclass(frozen=True)
class Later:
    """Nodes and slots that stand behind those of the baseline, and what refers to them."""

    nodes: tuple[Node, ...]
    slots: tuple[Slot, ...]
    projects: tuple[Project, ...]
    technologies: tuple[Technology, ...]


def later(tables: Tables, nodes: Sequence[Node], slots: Sequence[Slot]) -> Later:
    """New capacity at existing nodes, nodes yet to be built, and alternatives of existing nodes."""
    made, projects = _projects(tables, nodes)
    wider = [*nodes, *made]
    inputs = _inputs_of_new(tables, wider, len(nodes))
    beside, technologies = _technologies(tables, nodes, [*slots, *inputs])
    return Later(tuple(made), (*inputs, *beside), projects, technologies)


def _projects(tables: Tables, nodes: Sequence[Node]) -> tuple[list[Node], tuple[Project, ...]]:
    """Nodes yet to be built, as large as all their projects together; and every project."""
    place = {n.id: i for i, n in enumerate(nodes) if n.kind == "producer"}
    rows = tables.rows("projects")
    planned: dict[str, float] = {}
    for row in rows:
        name = _node(row).id
        if name not in place and float(row["capacity"]) > 0:
            planned[name] = planned.get(name, 0.0) + float(row["capacity"])
    found = {_node(row).id: _node(row, planned.get(_node(row).id, 0.0)) for row in rows}
    made = [found[name] for name in planned]
    place |= {node.id: len(nodes) + k for k, node in enumerate(made)}
    projects = (Project(place[_node(r).id], r) for r in rows if _node(r).id in place)
    return made, tuple(projects)


def _node(row: Row, output: float = 0.0) -> Node:
    """The node of a project."""
    country, product = str(row["country"]), str(row["product"])
    return Node(country, product, "", "producer", output, planned=True)


def _inputs_of_new(tables: Tables, nodes: Sequence[Node], first: int) -> list[Slot]:
    """Slots of the nodes yet to be built, by the main recipes of what they make."""
    return [
        _slot(row, i, nodes[i], is_main=True)
        for row in tables.baseline_recipes()
        if row["relation"] == "input" and float(row["amount"]) > 0
        for i in range(first, len(nodes))
        if nodes[i].commodity == commodity_of_output(row)
    ]


def _slot(row: Row, node: int, user: Node, *, is_main: bool) -> Slot:
    """A slot that is empty in the baseline: nothing is bought for it, and nothing is in stock."""
    need = float(row["amount"]) * user.output
    return Slot(node, commodity_of_input(row), need, row, None, is_main=is_main)


def _technologies(
    tables: Tables, nodes: Sequence[Node], slots: Sequence[Slot]
) -> tuple[list[Slot], tuple[Technology, ...]]:
    """Alternatives of every existing node, in order of merit, and slots of their own inputs.

    An input that the main technology uses too is drawn from the same slot.
    """
    main = {(s.node, s.commodity): q for q, s in enumerate(slots)}
    beside: list[Slot] = []
    found = []
    for row in sorted(tables.rows("technologies"), key=lambda r: float(r["merit"])):
        recipes = _recipes(tables, row)
        for i, node in enumerate(nodes):
            if node.kind == "other" or node.commodity != _commodity(row):
                continue
            uses = []
            for recipe in recipes:
                own = main.get((i, commodity_of_input(recipe)))
                if own is None:
                    uses.append((len(slots) + len(beside), 1.0))
                    beside.append(_slot(recipe, i, node, is_main=False))
                else:
                    uses.append((own, float(recipe["amount"]) * node.output / slots[own].need))
            found.append(Technology(i, row, tuple(uses)))
    return beside, tuple(found)


def _commodity(row: Row) -> Commodity:
    """What an alternative makes."""
    return (str(row["output"]), str(row["segment"] or ""))


def _recipes(tables: Tables, row: Row) -> list[Row]:
    """The inputs of an alternative."""
    return [
        r
        for r in tables.rows("recipes")
        if r["technology"] == row["technology"] != MAIN_TECHNOLOGY
        and commodity_of_output(r) == _commodity(row)
        and r["relation"] == "input"
        and float(r["amount"]) > 0
    ]
