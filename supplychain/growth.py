"""A network with the new plants of a scenario: rows as those of ``projects.csv``, by its names."""

from supplychain.errors import ScenarioError
from supplychain.names import Names
from supplychain.network import Network, with_projects
from supplychain.scenario import NewCapacity, Scenario, check
from supplychain.schema import Value
from supplychain.tables import Row, Tables


def grown(network: Network, scenario: Scenario) -> Network:
    """The network on which a scenario is played: with the plants that it builds.

    A plant is certain and on time. It needs the inputs of its product's recipe like any other, and
    buys them from whoever has some to spare. Without new plants it is the network itself.

    Raises:
        ScenarioError: values that no scenario may have, or something that no plant makes.
        UnknownNameError: a country or product that the pack does not know.
    """
    if not scenario.capacities:
        return network
    check(scenario)
    names = Names.of(network.tables)
    last = max((row.line for row in network.tables.rows("projects")), default=1)
    rows = [
        _row(plant, line, names, network.tables)
        for line, plant in enumerate(scenario.capacities, last + 1)
    ]
    return with_projects(network, rows)


def _row(plant: NewCapacity, line: int, names: Names, tables: Tables) -> Row:
    """The plant as a row that follows those of the pack."""
    country, named = names.country(plant.country), names.product_or_mineral(plant.product)
    product = next((r for r in tables.rows("products") if r["product"] == named.id), None)
    if named.kind != "product" or product is None or product["stage"] == "industry":
        raise ScenarioError(
            f"mitigation: {named.id} is not a product that a new plant can make; "
            "name one mined or refined product or component, such as dysprosium_oxide"
        )
    cells: dict[str, Value] = {
        "project": f"scenario_{line}",
        "country": country,
        "product": named.id,
        "capacity": plant.capacity,
        "unit": str(product["unit"]),
        "start": plant.start,
        "ramp_months": plant.ramp_months,
        "probability": 1.0,
        **dict.fromkeys(("slip_months", "slip_low", "slip_high"), 0.0),
        "status": "planned",
        "year": int(plant.start[:4]),
        "source_id": (),
        "evidence": "D",
        "note": "",
    }
    return Row("projects", line, cells)
