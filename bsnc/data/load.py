"""From section `data` to examples that fit the network."""

from __future__ import annotations

from bsnc.data.dataset import Dataset
from bsnc.data.digits import read_digits
from bsnc.data.fit import check_fit
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.ir import DataConfig, Digits, Graph


def load_data(config: DataConfig, graph: Graph) -> Dataset:
    """The data of a spec. Raises Diagnosed (BSN501) where it cannot be read or does not fit the network."""
    if not isinstance(config.source, Digits):
        message = f"data source `{config.source.kind}` cannot be read by this version"
        raise Diagnosed(Diagnostic("BSN501", message, subject="section data", help="`digits` can be"))
    if config.target != "class":
        message = f"`digits` has classes, which `target = {config.target}` cannot predict"
        raise Diagnosed(Diagnostic("BSN501", message, subject="section data"))
    dataset = read_digits(config.source)
    check_fit(dataset, graph)
    return dataset
