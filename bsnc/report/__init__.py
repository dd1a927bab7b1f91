"""Pictures of S-networks for people."""

from bsnc.report.draw import draw_graph

__all__ = ["draw_graph"]
