"""What a model file costs, by the way its cost can be told: recounted, measured, or by the user's own function."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import onnx
import torch

from bsnc.cost import Given, cost_of
from bsnc.export.latency import LatencyMeasurement, measure_latency
from bsnc.export.metadata import Provenance
from bsnc.export.model_graph import uncountable
from bsnc.export.recount import FileCosts
from bsnc.ir import CostKey, Frozen, Graph


class Amount(Frozen):
    """A cost in its unit, and how it was told. Of what is measured the value is the median of runs, and `low` and
    `high` bound its 95% confidence interval."""

    value: float
    told: Literal["recounted", "measured", "called"]
    low: float
    high: float
    measurement: LatencyMeasurement | None = None


@dataclass(frozen=True)
class ModelCosts:
    """The costs of a model. `whole` is the S-network of which its metadata names an architecture, None where it has
    none; `given` holds the user's own functions."""

    model: onnx.ModelProto
    provenance: Provenance | None
    whole: Graph | None
    given: Given = field(default_factory=Given)

    @cached_property
    def file(self) -> FileCosts:
        return FileCosts(self.model, self.provenance)

    def amount(self, key: CostKey) -> Amount:
        """Raises Diagnosed (BSN513, BSN516, BSN218 from the user's function, BSN521 where it cannot be measured)."""
        match key.signature.source:
            case "graph":
                value = self.file.of(key)
                return Amount(value=value, told="recounted", low=value, high=value)
            case "measured":
                found = measure_latency(self.model, key)
                return Amount(value=found.median, told="measured", low=found.low, high=found.high, measurement=found)
            case "code":
                value = self._called(key)
                return Amount(value=value, told="called", low=value, high=value)

    def _called(self, key: CostKey) -> float:
        """What the user's function says of the graph of the architecture: of that `verify` shows that the file computes
        the same and costs the same."""
        if self.whole is None or self.provenance is None:
            raise uncountable(f"`{key}` needs the architecture, which a model without metadata does not name")
        live = torch.tensor([[edge.name in self.provenance.live for edge in self.whole.edges]])
        return float(cost_of(key, self.whole, self.given)(live)[0])
