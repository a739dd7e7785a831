"""Figures that contradict one another by so much that one of them must be in another unit.

No cell of such a pack is wrong on its own (a tonne written as a kilogram is a number like any
other), so nothing is refused here: each doubt names a row and travels as a warning into every
result that rests on it. The limits below are far outside what the shipped pack holds; they are
settings of a check, not constants of the model: no result is computed from them. Blind to a figure
that is wrong and too small to matter beside its neighbours, and to one that nothing else bears on.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from supplychain.errors import Fault, did_you_mean, nearest
from supplychain.network.figures_in import Output
from supplychain.network.market import Market
from supplychain.network.ordering import commodity_of_input, commodity_of_output
from supplychain.network.values import Adjustment, Commodity
from supplychain.parameters import PLAUSIBLE
from supplychain.tables import Row, Tables, ref
from supplychain.vocabulary import REST_OF_WORLD

SHORT = 1.5
"""Recipes use at most this many times what is made."""
IDLE = 5.0
"""Mines make at most this many times what recipes use of it."""
SHIPPED = 1.5
"""A country ships at most this many times what it makes (re-exports, stocks)."""
MOVED = 20.0
"""Balancing moves a stated figure by at most this factor."""
NEGLECTED, MODELLED = 0.01, 0.1
"""Least share of a maker's output that reaches modelled users, over that of the others; asked where
the others' share is at least the second figure."""
UNHEARD = ((0.25, 0.2), (0.05, 0.02))
"""A maker of this share of the world has at least that share of it in the flows that are stated."""
TOLD = 0.5
"""That is asked where flows for at least this share of what modelled industries use are stated."""
NOTHING = 1000.0
"""A flow that is this many times smaller than stated is called nothing."""
OBTAINABLE = 30.0
"""By-product obtainable from a host, over what is recovered."""
LARGE_MARKET_USD = 2e12
"""What the world makes of a product in a year is worth less than this (steel: about 1e12)."""
CHEAP, DEAR = 0.4, 1000.0
"""A product is worth between this many times and that many times what its inputs cost."""
UNIT_VALUE = 10.0
"""The value of a flow over its quantity is the price up to this factor."""
SMALL_INDUSTRY_USD, LARGE_INDUSTRY_USD, LARGE_EXPORTS_USD = 1e7, 3e12, 1.2e12
"""A country's industry makes between 10 million and 3 trillion dollars a year, and exports less."""
USD_PER_MUSD = 1e6
ALIKE, MOST_NAMED = 0.85, 4


Cell = tuple[Row, str]


@dataclass(frozen=True)
class Doubt:
    """Figures that cannot well be true beside one another.

    Attributes:
        about: the product (or the table) that it bears on; results that use it carry the warning.
        text: why.
        cells: the cells of which one may be wrong, the likeliest first.
    """

    about: str
    text: str
    cells: tuple[Cell, ...]

    def __str__(self) -> str:
        """The doubt as a warning, its cells last."""
        places = ", ".join(
            f"{ref(row)} {column} {_shown(row[column])}"
            for row, column in dict.fromkeys(self.cells)
        )
        return f"{self.about}: {self.text}; see {places}"

    def faults(self) -> Iterator[Fault]:
        """The doubt beside a refusal, of which it may be the reason."""
        for row, column in self.cells:
            mend = "Is it in the unit of the column?"
            shown = _shown(row[column])
            yield Fault(row.file, row.line, column, shown, f"is doubted: {self.text}", mend=mend)


def _shown(cell: object) -> str:
    """A cell, short."""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


@dataclass(frozen=True)
class _Book:
    """What the tables state, per commodity."""

    tables: Tables
    products: Mapping[str, Row]
    outputs: Mapping[Commodity, Mapping[str, Output]]
    recipes: Mapping[Commodity, Sequence[Row]] = field(default_factory=dict)

    def made(self, commodity: Commodity) -> float:
        """What all countries make, unit/year."""
        return sum(o.value for o in self.outputs.get(commodity, {}).values())

    def greatest(self, commodity: Commodity) -> Row:
        """The row of the largest maker."""
        return max(self.outputs[commodity].values(), key=lambda o: o.value).rows[0]

    def price(self, product: str) -> float:
        """USD per unit, 0 where none is given."""
        return float(self.products[product]["price_usd_per_unit"] or 0.0)


def doubts_of_tables(
    tables: Tables, outputs: Mapping[Commodity, Mapping[str, Output]]
) -> tuple[Doubt, ...]:
    """What the tables, before any balancing, say against one another."""
    recipes: dict[Commodity, list[Row]] = defaultdict(list)
    for row in tables.baseline_recipes():
        if row["relation"] == "input":
            recipes[commodity_of_input(row)].append(row)
    products = {str(r["product"]): r for r in tables.rows("products")}
    book = _Book(tables, products, outputs, recipes)
    checks = (
        _mass,
        _hosts,
        _worth,
        _rest,
        _capacity,
        _flows,
        _industries,
        _prices,
        _costs,
        _parameters,
    )
    return tuple(doubt for check in checks for doubt in check(book))


def doubts_of_balance(
    markets: Mapping[Commodity, Market],
    outputs: Mapping[Commodity, Mapping[str, Output]],
) -> tuple[Doubt, ...]:
    """What balancing had to do that no honest pair of figures asks for."""
    modelled = {c: {k for k, use in m.uses.items() if use > 0} for c, m in markets.items()}
    found = [doubt for market in markets.values() for doubt in _moved(market)]
    for commodity, market in markets.items():
        found += _unheard(commodity, market, outputs.get(commodity, {}))
        found += _neglected(commodity, market, outputs.get(commodity, {}), modelled[commodity])
    return tuple(found)


def _moved(market: Market) -> Iterator[Doubt]:
    """Stated figures that balancing moved by a large factor; of one supplier's flows the worst."""
    worst: dict[str, Adjustment] = {}
    for moved in market.adjustments:
        if moved.row is not None and moved.before > 0 and moved.after > 0:
            name = f"{moved.kind} {moved.name.split('>')[0]}"
            if _factor(moved) > _factor(worst.setdefault(name, moved)):
                worst[name] = moved
    for moved in worst.values():
        if moved.row is not None and _factor(moved) >= MOVED:
            names = ("output", "output_usd", "quantity", "share")
            column = next(c for c in names if moved.row.get(c) is not None)
            text = f"balancing moved {moved.name} by a factor of {_factor(moved):.3g}"
            if moved.ratio < 1 / NOTHING:
                text = f"balancing left nothing of {moved.name}: others take what its maker has"
            yield Doubt(moved.name.split(":")[1].split("/")[0], text, ((moved.row, column),))


def _factor(moved: Adjustment) -> float:
    """By how much a figure was moved, up or down, in the terms in which it was stated.

    A share of imports that were nearly nothing before, and are not, is not moved by that.
    """
    ratio = moved.ratio
    if moved.row is not None and moved.row.get("share") and moved.restated:
        ratio = moved.restated / float(moved.row["share"])
    return max(ratio, 1 / ratio)


def _unheard(
    commodity: Commodity, market: Market, outputs: Mapping[str, Output]
) -> Iterator[Doubt]:
    """Large makers of whom the stated flows hardly know."""
    stated: dict[str, float] = defaultdict(float)
    for moved in market.adjustments:
        if moved.kind == "flow":
            stated[moved.name.split(">")[0]] += moved.before
    if not stated:
        return
    for (maker, user), (quantity, row) in market.flows.items():
        if maker == user and row is None:  # what is used at home needs no row
            stated[maker] += quantity
    told, made = sum(stated.values()), sum(o.value for o in outputs.values())
    if commodity[1] or told <= 0 or made <= 0 or told < TOLD * sum(market.uses.values()):
        return
    for maker, output in outputs.items():
        of_made, of_told = output.value / made, stated[maker] / told
        if any(of_made >= large and of_told < least * of_made for large, least in UNHEARD):
            text = f"is {of_made:.0%} of the world, and {of_told:.2%} of the flows in trade.csv"
            yield Doubt(commodity[0], text, ((output.rows[0], "output"),))


def _neglected(
    commodity: Commodity, market: Market, outputs: Mapping[str, Output], users: set[str]
) -> Iterator[Doubt]:
    """Makers whose output hardly anybody takes, while the output of the others is taken."""
    if commodity[1]:
        return
    share = {
        place: market.uses[place] / (market.uses[place] + market.other.get(place, 0.0))
        for place in users
    }
    taken: dict[str, float] = defaultdict(float)
    for (maker, place), (quantity, _) in market.flows.items():
        taken[maker] += quantity * share.get(place, 0.0)
    total, made = sum(taken.values()), sum(market.outputs.values())
    for maker, output in market.outputs.items():
        others = made - output
        if maker not in outputs or others <= 0 or taken[maker] <= 0:
            continue
        usual = (total - taken[maker]) / others
        if usual >= MODELLED and taken[maker] / output < NEGLECTED * usual:
            text = (
                f"modelled users take {taken[maker] / output:.2g} of it, and {usual:.2g} of "
                "what other countries make"
            )
            yield Doubt(commodity[0], text, ((outputs[maker].rows[0], "output"),))


def _mass(book: _Book) -> Iterator[Doubt]:
    """What recipes use of a product against what is made of it."""
    for commodity, rows in book.recipes.items():
        made = book.made(commodity)
        uses = {r: float(r["amount"]) * book.made(commodity_of_output(r)) for r in rows}
        used = sum(uses.values())
        if made <= 0 or used <= 0:
            continue
        most = max(rows, key=lambda r: uses[r])
        user, label = commodity_of_output(most), "/".join(p for p in commodity if p)
        mined = book.products[commodity[0]]["stage"] == "mine"
        if used > SHORT * made:
            text = f"recipes use {used / made:.3g} times what is made of {label}"
        elif mined and made > IDLE * used:
            text = f"{made / used:.3g} times what recipes use of {label} is made"
        else:
            continue
        makers = [o.rows[0] for o in book.outputs[commodity].values()]
        named = makers if len(makers) <= MOST_NAMED else [book.greatest(commodity)]
        cells = ((most, "amount"), *((row, _figure(row)) for row in (book.greatest(user), *named)))
        yield Doubt(commodity[0], text, cells)


def _hosts(book: _Book) -> Iterator[Doubt]:
    """What could be recovered from a host against what is recovered."""
    for row in book.tables.baseline_recipes():
        if row["relation"] == "host":
            made = book.made(commodity_of_output(row))
            obtainable = float(row["amount"]) * book.made(commodity_of_input(row))
            if made > 0 and not made / OBTAINABLE <= obtainable <= made * OBTAINABLE:
                text = (
                    f"{obtainable / made:.3g} times what is made of {row['output']} is obtainable"
                )
                sides = (commodity_of_input(row), commodity_of_output(row))
                makers = (book.greatest(side) for side in sides if book.made(side) > 0)
                cells = ((row, "amount"), *((maker, "output") for maker in makers))
                yield Doubt(str(row["output"]), text, cells)


def _worth(book: _Book) -> Iterator[Doubt]:
    """What the world makes of a product, at its price."""
    for (product, segment), makers in book.outputs.items():
        worth = book.made((product, "")) * book.price(product)
        if makers and not segment and worth > LARGE_MARKET_USD:
            text = f"what the world makes of {product} would be worth {worth:.3g} USD a year"
            most = book.greatest((product, ""))
            cells = ((most, "output"), (book.products[product], "price_usd_per_unit"))
            yield Doubt(product, text, cells)


def _figure(row: Row) -> str:
    """The column of an output."""
    return "output" if "output" in row else "output_usd"


def _rest(book: _Book) -> Iterator[Doubt]:
    """A rest of the world that makes as much as all countries with a row: perhaps the total."""
    for (product, segment), makers in book.outputs.items():
        rest = makers.get(REST_OF_WORLD)
        if rest is None or segment or len(makers) == 1:
            continue
        if rest.value >= book.made((product, "")) - rest.value:
            text = "ROW makes as much as all other rows together: is it the world total?"
            yield Doubt(product, text, ((rest.rows[0], "output"),))


def _capacity(book: _Book) -> Iterator[Doubt]:
    """An output above its own capacity."""
    for table in ("producers", "processors"):
        for row in book.tables.rows(table):
            if row["capacity"] is not None and row["capacity"] < row["output"]:
                text = f"is below the output {row['output']:g}, which is taken for the capacity"
                yield Doubt(str(row["product"]), text, ((row, "capacity"),))


def _flows(book: _Book) -> Iterator[Doubt]:
    """Flows above what the exporter makes; values that do not fit the price."""
    for row in book.tables.rows("trade"):
        quantity, product = row["quantity"], str(row["product"])
        if not quantity or book.products[product]["stage"] == "industry":
            continue
        maker = book.outputs.get((product, ""), {}).get(str(row["exporter"]))
        if maker is not None and quantity > SHIPPED * maker.value:
            text = f"{row['exporter']} makes {maker.value:g} and ships {quantity:g} to one country"
            yield Doubt(product, text, ((row, "quantity"), (maker.rows[0], "output")))
        price, value = book.price(product), row["value_usd"]
        if price and value and not 1 / UNIT_VALUE <= value / quantity / price <= UNIT_VALUE:
            text = f"{value / quantity:.3g} USD per unit, where the price is {price:g}"
            yield Doubt(product, text, ((row, "value_usd"), (row, "quantity")))


def _industries(book: _Book) -> Iterator[Doubt]:
    """Industries too small or too large for dollars, or that export more than they make."""
    for row in book.tables.rows("industries"):
        product, output, exports = str(row["industry"]), row["output_usd"], row["exports_usd"]
        for column, most in (
            ("output_usd", LARGE_INDUSTRY_USD),
            ("exports_usd", LARGE_EXPORTS_USD),
        ):
            if row[column] > most:
                yield Doubt(
                    product, "more than any industry makes: is it in USD?", ((row, column),)
                )
        if 0 < output < SMALL_INDUSTRY_USD:
            yield Doubt(product, "little for an industry: is it in USD?", ((row, "output_usd"),))
        if exports > SHIPPED * output:
            text = f"exports of {exports:g} from an output of {output:g}"
            yield Doubt(product, text, ((row, "exports_usd"), (row, "output_usd")))


def _prices(book: _Book) -> Iterator[Doubt]:
    """A unit of an industry is a million dollars."""
    for product, row in book.products.items():
        price = row["price_usd_per_unit"]
        if row["unit"] == "musd" and price not in (None, USD_PER_MUSD):
            text = "a unit of musd is a million dollars"
            yield Doubt(product, text, ((row, "price_usd_per_unit"),))


def _costs(book: _Book) -> Iterator[Doubt]:
    """What the inputs of a product cost against its own price."""
    inputs: dict[Commodity, list[tuple[float, Row]]] = defaultdict(list)
    for commodity, rows in book.recipes.items():
        for row in rows:
            cost = float(row["amount"]) * book.price(commodity[0])
            inputs[commodity_of_output(row)].append((cost, row))
    for (product, segment), costs in inputs.items():
        price, cost = book.price(product), sum(c for c, _ in costs)
        most = max(costs, key=lambda pair: pair[0])[1]
        made_of = "/".join(p for p in (product, segment) if p)
        if not price or not cost:
            continue
        dear = not segment and price > DEAR * cost
        if cost * CHEAP > price or dear:
            text = f"the inputs of {made_of} cost {cost:.3g} USD, it is worth {price:.3g}"
            sides = (book.products[name] for name in (product, str(most["input"])))
            cells = ((most, "amount"), *((side, "price_usd_per_unit") for side in sides))
            yield Doubt(product, text, cells)


def _parameters(book: _Book) -> Iterator[Doubt]:
    """Constants that nothing reads, or that are out of all proportion."""
    weights: dict[str, Row] = {}
    for row in book.tables.rows("parameters"):
        name = str(row["parameter"])
        if name not in PLAUSIBLE and (like := nearest(name, PLAUSIBLE, most=1, alike=ALIKE)):
            text = f"nothing reads it. {did_you_mean(like)}"
            yield Doubt("parameters", text, ((row, "parameter"),))
        least, most = PLAUSIBLE.get(name, (row["low"], row["high"]))
        outside = [c for c in ("value", "low", "high") if not least <= row[c] <= most]
        if outside:
            text = f"{name} ({row['scope']}) lies between {least:g} and {most:g}"
            yield Doubt("parameters", text, tuple((row, column) for column in outside))
        if name == "balance_weight":
            weights[str(row["scope"])] = row
    order = [weights[grade] for grade in ("A", "B", "C", "D", "prior") if grade in weights]
    for strong, weak in pairwise(order):
        if weak["value"] > strong["value"]:
            text = f"evidence {weak['scope']} outweighs {strong['scope']}"
            yield Doubt("parameters", text, ((weak, "value"), (strong, "value")))
