"""Pictures of S-networks for people."""

from bsnc.report.draw import draw_graph
from bsnc.report.paint import Painter

__all__ = ["Painter", "draw_graph"]
