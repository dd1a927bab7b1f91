"""The graph as pixels: edges as strong as they are likely."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Graph
from bsnc.report import Painter
from bsnc.report.paint import MOST_PIXELS


def graph_of(repository: Path, name: str, *settings: str) -> Graph:
    return load_program(repository / "specs" / name, Overrides(settings))[0].graph


def ink(pixels: np.ndarray) -> float:
    return float((255 - pixels.astype(float)).mean())


def test_likely_edges_are_stronger(repository: Path) -> None:
    graph = graph_of(repository, "digits.bsn", "layers=3")
    painter = Painter(graph)
    drawn = [painter.paint({gate.name: p for gate in graph.gates}) for p in (0.0, 0.5, 1.0)]
    assert all(pixels.shape == drawn[0].shape and pixels.shape[2] == 3 for pixels in drawn)
    assert ink(drawn[0]) < ink(drawn[1]) < ink(drawn[2])
    assert np.array_equal(painter.paint({}), painter.paint({}))


def test_options_of_choices_and_large_graphs(repository: Path) -> None:
    graph = graph_of(repository, "nb201.bsn")
    p = {g.name: dict.fromkeys(g.options, 1 / len(g.options)) if g.options else 0.5 for g in graph.gates}
    pixels = Painter(graph).paint(p)
    assert max(pixels.shape) <= MOST_PIXELS and ink(pixels) > 0


def test_gates_that_the_graph_lacks(repository: Path) -> None:
    with pytest.raises(ValueError, match="no gate is named"):
        Painter(graph_of(repository, "digits.bsn", "layers=3")).paint({"nowhere": 0.5})
