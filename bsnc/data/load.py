"""From section `data` to examples that fit the network."""

from __future__ import annotations

from dataclasses import replace

from bsnc.data.assemble import assemble
from bsnc.data.dataset import Dataset
from bsnc.data.sources import Request, read_source
from bsnc.ir import DataConfig, Graph


def load_data(config: DataConfig, graph: Graph) -> Dataset:
    """The data of a spec. Paths are relative to the current directory: `DataConfig.below` makes them absolute.

    This runs the user's own code where the source is `extern`: only programs that were allowed to hold such a source
    may be given. Raises Diagnosed (BSN001, BSN501, BSN531 to BSN534; BSN218 of the user's own code).
    """
    request = Request(config, graph.input.shape)
    dataset = assemble(read_source(request), config, graph)
    return replace(dataset, warnings=tuple(request.warnings))
