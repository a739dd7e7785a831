"""The words of the field, as closed sets: stages, cases, kinds, forms, grades. Knows no data.

Every other room imports its words from here, so that a column, a message, a JSON key and a figure
use the same one. The full glossary stands in ``docs/glossary.md``.
"""

from typing import Final, Literal, get_args

Stage = Literal["mine", "refine", "component", "industry"]
Case = Literal["planner", "adaptive", "frozen"]
Kind = Literal["ban", "quota", "licence", "path", "tax"]
Sharing = Literal["pro_rata", "priority"]
Form = Literal["listed", "refined", "contained"]
Evidence = Literal["A", "B", "C", "D"]

STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
CASES: Final[tuple[Case, ...]] = get_args(Case)
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
SHARINGS: Final[tuple[Sharing, ...]] = get_args(Sharing)
FORMS: Final[tuple[Form, ...]] = get_args(Form)
EVIDENCE: Final[tuple[Evidence, ...]] = get_args(Evidence)

REST_OF_WORLD: Final = "ROW"
EVERYONE: Final = "*"
HOME: Final = "domestic"
ABROAD: Final = "export"
"""Customers in a supplier's own country, and abroad: words of an order of service."""

MONTHS_PER_YEAR: Final = 12
MAIN_TECHNOLOGY: Final = "main"
"""The recipes of the baseline; those of any other name are alternatives to it."""

RESULT_SCHEMA: Final = "supplychain/result/1"


def node_id(country: str, product: str, segment: str = "") -> str:
    """The name of a node: one country at one product (and, in an industry, one segment).

    >>> node_id("KOR", "ndfeb_magnet_hre")
    'KOR:ndfeb_magnet_hre'
    >>> node_id("KOR", "auto_parts", "hre_magnet")
    'KOR:auto_parts/hre_magnet'
    """
    return f"{country}:{product}/{segment}" if segment else f"{country}:{product}"


def worst_evidence(*grades: str) -> str:
    """The weakest of several evidence grades (A is strongest, D an assumption).

    >>> worst_evidence("A", "C", "B")
    'C'
    """
    return max(grades, default="A")
