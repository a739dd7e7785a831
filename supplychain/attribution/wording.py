"""An explanation in plain words, made from its numbers alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from supplychain.explained import Contribution
from supplychain.network import Network
from supplychain.network.values import Node
from supplychain.vocabulary import MONTHS_PER_YEAR

_BY_PRODUCT = ", so that its makers stop and its by-products are missing"
_MOST_CLAUSES = 3
_MOST_QUIET = 4
_LEAST_CLAUSE = 0.005
_FAINT = 0.001
_NEARLY_ALL = 0.9
_UNITS = ((1e9, "bn"), (1e6, "m"), (1e3, "k"))


def per_cent(share: float) -> str:
    """A share as per cent, two figures that matter.

    >>> [per_cent(s) for s in (0.0, 1e-9, 0.00021, 0.0104, 0.0414, 0.714, 1.0)]
    ['0 %', '<0.001 %', '0.021 %', '1.0 %', '4.1 %', '71 %', '100 %']
    """
    value = 100 * share
    if 0 < value < _FAINT:
        return f"<{_FAINT} %"
    return f"{_short(value)} %"


def money(usd: float) -> str:
    """An amount in USD, two figures that matter.

    >>> money(1.24e9), money(55.4e6), money(3.04), money(123.4)
    ('USD 1.2 bn', 'USD 55 m', 'USD 3.0', 'USD 123')
    """
    size, unit = next(((s, f" {u}") for s, u in _UNITS if abs(usd) >= s), (1.0, ""))
    return f"USD {_short(usd / size)}{unit}"


def _short(value: float) -> str:
    """Two figures that matter, in full from a hundred on, never in powers of ten."""
    for least, places in ((9.95, 0), (0.995, 1), (0.0995, 2)):
        if value >= least:
            return f"{value:.{places}f}"
    return f"{value:.2g}"


@dataclass(frozen=True)
class Lexis:
    """Names for people: products by id, countries by code."""

    products: Mapping[str, str]
    countries: Mapping[str, str]

    @classmethod
    def of(cls, network: Network) -> "Lexis":
        """The names of a pack."""
        return cls(
            {p: str(r["name"]) for p, r in network.products.items()},
            {str(r["iso3"]): str(r["name"]) for r in network.tables.rows("countries")},
        )

    def product(self, name: str) -> str:
        """A product's name as it stands inside a sentence."""
        said = self.products.get(name, name)
        first = said.split()[0][1:]
        return said[0].lower() + said[1:] if first.islower() else said

    def country(self, code: str) -> str:
        """A country's name."""
        return self.countries.get(code, code)

    def node(self, node: Node) -> str:
        """A country and what it makes."""
        segment = f" ({node.segment.replace('_', ' ')})" if node.segment else ""
        other = ", other uses" if node.kind == "other" else ""
        return f"{self.country(node.country)}: {self.product(node.product)}{segment}{other}"

    def cause(self, actor: str, verb: str, product: str, foreign: str, number: int | None) -> str:
        """What a measure does, by ids that the reader can look up."""
        made = f" made in {self.country(foreign)}" if foreign else ""
        which = f" (restriction {number})" if number else ""
        return f"{self.country(actor)} {verb} {product}{made}{which}"

    @staticmethod
    def other_cause(kind: str, node: str, what: str) -> str:
        """What else takes a loss."""
        if kind == "competition":
            return f"{node} used up its {what} for other buyers"
        if kind == "catch_up":
            return f"{node} used up its {what} to catch up"
        return f"not traced beyond {node}"


@dataclass(frozen=True)
class Said:
    """The numbers that the sentence speaks of; names as in `supplychain.explained.Explanation`.

    Attributes:
        frozen: the loss share without adaptation; None where the scenario does not reach the
            sector.
    """

    country: str
    sector: str
    case: str
    months: int
    loss_usd: float
    loss_share: float
    caught_up_usd: float
    first_month: int | None
    bridged_months: int
    contributions: Sequence[Contribution]
    without_effect: Sequence[str]
    frozen: float | None


def sentence(said: Said, lexis: Lexis) -> str:
    """Who loses how much, why, from when, and what has no part in it."""
    if not said.loss_usd:
        return _nothing(said, lexis)
    parts = [f"{_what(said, lexis)}: {_why(said, lexis)}.", _when(said)]
    if said.caught_up_usd > _LEAST_CLAUSE * said.loss_usd:
        parts.append(f"{money(said.caught_up_usd)} more was missed and made up for later.")
    actors = _actors(said, lexis)
    if actors:
        parts.append(f"By who restricts: {actors}.")
    if said.without_effect:
        parts.append(f"Nothing of it comes from {_quiet(said.without_effect, lexis)}.")
    return " ".join(p for p in parts if p)


def _what(said: Said, lexis: Lexis) -> str:
    """Country, sector and loss."""
    goods, period = _goods(said, lexis), _period(said.months)
    case = " without adaptation" if said.case == "frozen" else ""
    loss = f"{per_cent(said.loss_share)} of {period} total ({money(said.loss_usd)})"
    return f"{goods} fall by {loss}{case}"


def _goods(said: Said, lexis: Lexis) -> str:
    """The exports in question."""
    return f"{lexis.country(said.country)}: exports of {lexis.product(said.sector)}"


def _period(months: int) -> str:
    """The horizon, as an owner."""
    return "a year's" if months == MONTHS_PER_YEAR else f"{months} months'"


def _nothing(said: Said, lexis: Lexis) -> str:
    """Nothing is lost, and why."""
    start = f"{_goods(said, lexis)} lose nothing"
    if said.frozen is None:
        return f"{start}: no restricted good reaches an input that is modelled."
    if said.case == "frozen":
        return f"{start}, even without adaptation: stocks and free supply cover what is missing."
    if said.frozen > 0:
        reason = (
            f": stocks, other suppliers and catching up cover what is missing. Without adaptation "
            f"{per_cent(said.frozen)} would be lost (--case frozen explains it)"
        )
    else:
        reason = ": stocks and free supply cover what is missing, even without adaptation"
    late = ""
    if said.caught_up_usd > 0:
        late = f" {money(said.caught_up_usd)} is missed in some months and made up for later."
    return f"{start}{reason}.{late}"


def _why(said: Said, lexis: Lexis) -> str:
    """The largest causes and what they take."""
    large = [c for c in said.contributions if c.share >= _LEAST_CLAUSE][:_MOST_CLAUSES]
    clauses = [f"{per_cent(c.share)} because {_because(c, said, lexis)}" for c in large]
    rest = said.contributions[len(large) :]
    if rest:
        share = sum(c.share for c in rest)
        many = f"{len(rest)} smaller causes" if len(rest) > 1 else "another cause"
        clauses.append(f"{per_cent(share)} from {many}")
    return "; ".join(clauses)


def _because(c: Contribution, said: Said, lexis: Lexis) -> str:
    """One cause as a clause."""
    if c.kind == "not_traced":
        return "of something that could not be traced"
    if c.kind == "catch_up":
        return f"plants had used up their {lexis.product(c.input)} to catch up"
    user = _user(c, said, lexis)
    if c.kind == "competition":
        return f"{user} had used up their {lexis.product(c.input)} for other buyers' extra orders"
    mostly = "" if c.user_share >= _NEARLY_ALL else "above all "
    needed = f", which {mostly}{user} need" if c.user else _BY_PRODUCT
    who, made = lexis.country(c.actor), ""
    if c.country != c.actor:
        who, made = f"{who}'s content rule", f" made in {lexis.country(c.country)}"
    verb = "taxes" if c.instrument == "tax" else "withholds"
    return f"{who} {verb} {lexis.product(c.product)}{made}{needed}"


def _user(c: Contribution, said: Said, lexis: Lexis) -> str:
    """Who misses most of it; empty where its makers themselves stop."""
    if not c.user:
        return ""
    country, _, name = c.user.partition(":")
    product = name.removesuffix("~other")
    if (country, product) == (said.country, said.sector):
        return "the sector's own plants"
    place = "at home" if country == said.country else f"in {lexis.country(country)}"
    return f"makers of {lexis.product(product)} {place}"


def _when(said: Said) -> str:
    """First lost month, and what bridged the months before it."""
    if said.first_month is None:
        return ""
    first = f"Exports first fall in month {said.first_month}"
    if not said.bridged_months:
        return f"{first}."
    months = "month" if said.bridged_months == 1 else f"{said.bridged_months} months"
    return f"{first}; stocks and other supply bridged the {months} before."


def _actors(said: Said, lexis: Lexis) -> str:
    """Shares by who restricts, where several do."""
    found: dict[str, float] = {}
    for c in said.contributions:
        if c.actor:
            found[c.actor] = found.get(c.actor, 0.0) + c.share
    if len(found) < 2:  # noqa: PLR2004 - one actor has been named already
        return ""
    ranked = sorted(found.items(), key=lambda item: -item[1])
    return ", ".join(f"{lexis.country(a)} {per_cent(share)}" for a, share in ranked)


def _quiet(products: Sequence[str], lexis: Lexis) -> str:
    """Covered goods that cost nothing here."""
    named = [lexis.product(p) for p in products[:_MOST_QUIET]]
    more = len(products) - len(named)
    if more:
        return f"{', '.join(named)} or {more} other restricted goods"
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"
