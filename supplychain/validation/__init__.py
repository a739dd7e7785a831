"""The scoreboard: does the engine agree with what happened, and with what others published.

Claims of other people (estimates, and observations of past episodes) are answered by the scenario
files of the pack, in their own units, and scored. The one room that reads the tables of claims;
nothing here changes a parameter, and no run knows of it.
"""

from supplychain.validation.board import Scoreboard, validate

__all__ = ["Scoreboard", "validate"]
