"""What hurts most: every restriction, plant and link taken away, and who could do it to whom."""

from supplychain.chokepoints.ask import DEFAULT, rank_chokepoints
from supplychain.chokepoints.candidates import KINDS, Ban, Candidate
from supplychain.chokepoints.curve import Curve, severity_curve
from supplychain.chokepoints.leverage import Leverage, leverage
from supplychain.chokepoints.report import BY, Ranking, Row
from supplychain.chokepoints.survey import Survey, survey

__all__ = [
    "BY",
    "DEFAULT",
    "KINDS",
    "Ban",
    "Candidate",
    "Curve",
    "Leverage",
    "Ranking",
    "Row",
    "Survey",
    "leverage",
    "rank_chokepoints",
    "severity_curve",
    "survey",
]
