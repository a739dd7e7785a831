"""Pictures of results: one function per question, each with the tidy rows behind it.

Every function takes a `Result`, or a `Ranking` or `Survey` of chokepoints (and a `World` where the
picture needs the network), and returns a `Drawing`; `save` writes it as PNG, SVG and CSV. Nothing
here changes matplotlib's global state.
"""

from supplychain.figures.agreement import agreement
from supplychain.figures.canvas import Drawing, save
from supplychain.figures.causes import causes
from supplychain.figures.chain import chain
from supplychain.figures.chokepoint_bars import chokepoint_bars
from supplychain.figures.chokepoint_figures import chokepoint_figures
from supplychain.figures.experts import experts
from supplychain.figures.explain_tree import explain_tree
from supplychain.figures.flow_map import flow_map
from supplychain.figures.forest import forest
from supplychain.figures.heat_map import heat_map
from supplychain.figures.level_curves import level_curves
from supplychain.figures.licence_curves import licence_curves
from supplychain.figures.losses import losses
from supplychain.figures.months import months
from supplychain.figures.network_view import network_view
from supplychain.figures.observed import observed
from supplychain.figures.replay import replay
from supplychain.figures.severity_duration import severity_duration
from supplychain.figures.share_cover import share_cover
from supplychain.figures.sharing import difference, shared
from supplychain.figures.waterfall import waterfall

__all__ = [
    "Drawing",
    "agreement",
    "causes",
    "chain",
    "chokepoint_bars",
    "chokepoint_figures",
    "difference",
    "experts",
    "explain_tree",
    "flow_map",
    "forest",
    "heat_map",
    "level_curves",
    "licence_curves",
    "losses",
    "months",
    "network_view",
    "observed",
    "replay",
    "save",
    "severity_duration",
    "share_cover",
    "shared",
    "waterfall",
]
