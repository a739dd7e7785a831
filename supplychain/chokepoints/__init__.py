"""What hurts most: every restriction, plant and link taken away, and who could do it to whom.

``supplychain.chokepoints`` is this room and the question itself: ``chokepoints(world, ["KOR"])``.
"""

import sys
from types import ModuleType
from typing import Any

from supplychain.chokepoints.ask import DEFAULT, chokepoints
from supplychain.chokepoints.candidates import KINDS, Ban, Candidate
from supplychain.chokepoints.curve import Curve, severity_curve
from supplychain.chokepoints.report import BY, Ranking, Row

__all__ = [
    "BY",
    "DEFAULT",
    "KINDS",
    "Ban",
    "Candidate",
    "Curve",
    "Ranking",
    "Row",
    "chokepoints",
    "severity_curve",
]


class _Callable(ModuleType):
    """A module that answers when called: importing a package binds its name in its parent."""

    def __call__(self, *arguments: Any, **options: Any) -> Ranking:  # noqa: ANN401
        """Ask; see `chokepoints`."""
        return chokepoints(*arguments, **options)


sys.modules[__name__].__class__ = _Callable
