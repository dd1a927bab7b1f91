"""How the latency of a graph's architectures is predicted, and how well: measured, fitted, held against others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls

from bsnc.cost import Given, LatencyTable, cost_of
from bsnc.export.latency.assemble import assemble
from bsnc.export.latency.cache import load, store
from bsnc.export.latency.fragments import Fragments, module_key
from bsnc.export.latency.modules import own_times
from bsnc.export.latency.sample import spread_architectures
from bsnc.export.latency.setting import Setting
from bsnc.export.latency.timing import Pace, Step, quiet_times
from bsnc.ir import CostKey, Edge, Frozen, Graph, graph_hash, module_text
from bsnc.ops import Shape, numel
from bsnc.passes import ApplyArchitecture

Vector = NDArray[np.float64]
CAUTION = 0.9
"""The share of architectures that a cautious prediction does not fall short of."""
_LEAST_HELD_OUT = 4
"""With fewer architectures to test on, nothing is said about the error."""


class Plan(Frozen):
    """How many architectures are fitted, on how many others the fit is tested, and how long each is measured."""

    architectures: int = 24
    held_out: int = 12
    pace: Pace = Pace()


class ModuleTime(Frozen):
    """A module, how many edges have it, its own time in seconds and what an edge with it adds to a prediction."""

    module: str
    in_shape: Shape
    out_shape: Shape
    edges: int
    own: float
    fitted: float


class Pair(Frozen):
    """An architecture: its live edges, and its latency in seconds, measured and predicted."""

    edges: int
    measured: float
    predicted: float
    held_out: bool

    @property
    def error(self) -> float:
        return abs(self.predicted / self.measured - 1)


class Profile(Frozen):
    """The latency of one graph in one setting. Errors are relative, and like the rank correlation of architectures
    that the fit has not seen; None where there are too few of those."""

    graph_hash: str
    key: CostKey
    setting: Setting
    plan: Plan
    table: LatencyTable
    modules: tuple[ModuleTime, ...]
    pairs: tuple[Pair, ...]
    spearman: float | None
    median_error: float | None
    worst_error: float | None

    @property
    def cautious_table(self) -> LatencyTable:
        """The table with every time raised so that nine of ten architectures take no longer than it predicts: what
        budgets are held against before the file itself is measured."""
        ratios = [pair.measured / pair.predicted for pair in self.pairs if pair.predicted > 0]
        factor = max(1.0, float(np.quantile(ratios, CAUTION))) if ratios else 1.0
        return LatencyTable(
            edges=tuple(factor * seconds for seconds in self.table.edges),
            nodes=tuple(factor * seconds for seconds in self.table.nodes),
            constant=factor * self.table.constant,
        )

    @property
    def architectures(self) -> int:
        return sum(not pair.held_out for pair in self.pairs)

    @property
    def held_out(self) -> int:
        return sum(pair.held_out for pair in self.pairs)


def load_profile(graph: Graph, key: CostKey) -> Profile | None:
    """The profile that was measured on this machine before. Raises Diagnosed (BSN521)."""
    return load(Profile, _cache_key(graph, key, Setting.of(key)))


def profile_graph(
    graph: Graph,
    key: CostKey,
    plan: Plan | None = None,
    step: Step | None = None,
    fresh: bool = False,
    fragments: Fragments | None = None,
) -> Profile:
    """Measure the latency of a graph's modules and of some of its architectures, fit, test, and keep the result.

    Modules measured before are not measured again unless `fresh`. `fragments` spares exports, where several keys are
    profiled. Raises Diagnosed (BSN521).
    """
    setting, plan, fragments = Setting.of(key), plan or Plan(), fragments or Fragments()
    step = step or _silent
    names = [module_key(edge.module) for edge in graph.edges]
    modules = {name: edge.module for name, edge in zip(names, graph.edges, strict=True)}
    known = own_times(modules, fragments, setting, plan.pace, fresh, step)
    own = np.array([known[name] for name in names])
    live = spread_architectures(graph, own, plan.architectures + plan.held_out)
    measured = _measure(graph, live, fragments, setting, plan.pace, step)
    table, pairs = _fit_and_test(key, graph, own, live, measured, plan.held_out)
    profile = Profile(
        graph_hash=graph_hash(graph),
        key=key,
        setting=setting,
        plan=plan,
        table=table,
        modules=_module_times(graph, names, own, table),
        pairs=pairs,
        **_errors(pairs),
    )
    store(profile, _cache_key(graph, key, setting))
    return profile


def _silent(what: str, done: int, total: int) -> None:
    """Tells nobody."""


def _cache_key(graph: Graph, key: CostKey, setting: Setting) -> tuple[str, str, str]:
    return graph_hash(graph), str(key), setting.model_dump_json()


def _measure(
    graph: Graph, live: NDArray[np.bool_], fragments: Fragments, setting: Setting, pace: Pace, step: Step
) -> Vector:
    """Seconds of the architectures with these live edges."""

    def model(row: NDArray[np.bool_]) -> onnx.ModelProto:
        kept = [edge.name for edge, is_live in zip(graph.edges, row, strict=True) if is_live]
        return assemble(ApplyArchitecture(kept).run(graph).graph, fragments)

    for done, row in enumerate(live):
        step("building architectures", done, len(live))
        model(row)  # exports what is not yet, so that no export runs between timings
    models: list[Callable[[], onnx.ModelProto]] = [partial(model, row) for row in live]
    total = len(models) * pace.rounds
    return quiet_times(models, setting, pace, lambda done: step("timing architectures", done, total))


def _fit_and_test(
    key: CostKey, graph: Graph, own: Vector, live: NDArray[np.bool_], measured: Vector, wanted: int
) -> tuple[LatencyTable, tuple[Pair, ...]]:
    """A table fitted to some of the architectures, and what it predicts for all."""
    held_out = _choose_held_out(len(live), wanted)
    table = _fit(key, graph, own, live[~held_out], measured[~held_out])
    predicted = _predict(key, graph, table, live)
    pairs = (
        Pair(edges=int(row.sum()), measured=float(m), predicted=float(p), held_out=bool(h))
        for row, m, p, h in zip(live, measured, predicted, held_out, strict=True)
    )
    return table, tuple(pairs)


def _choose_held_out(count: int, wanted: int) -> NDArray[np.bool_]:
    """Which of the architectures, by cost, are only tested on: spread over all, first and last aside; none where the
    fit would be left with fewer than are tested on."""
    held_out = np.zeros(count, dtype=bool)
    wanted = min(wanted, count // 2 if count > 2 * _LEAST_HELD_OUT else 0)
    if wanted:
        held_out[np.linspace(1, count - 2, wanted).round().astype(int)] = True
    return held_out


def _fit(key: CostKey, graph: Graph, own: Vector, live: NDArray[np.bool_], measured: Vector) -> LatencyTable:
    """The sum of `_bases` with coefficients ≥ 0 that has the least squares of relative errors (Lawson & Hanson, Solving
    Least Squares Problems, 1974, chapter 23)."""
    bases = _bases(graph, own)
    features = np.column_stack([_predict(key, graph, basis, live) for basis in bases])
    scale = features.max(axis=0).clip(min=1e-12)
    weights, _ = nnls(features / scale / measured[:, None], np.ones(len(live)))
    parts = list(zip(bases, (weights / scale).tolist(), strict=True))
    return LatencyTable(
        edges=tuple(sum(w * basis.edges[e] for basis, w in parts) for e in range(len(graph.edges))),
        nodes=tuple(sum(w * basis.nodes[v] for basis, w in parts) for v in range(len(graph.nodes))),
        constant=sum(w * basis.constant for basis, w in parts),
    )


def _bases(graph: Graph, own: Vector) -> list[LatencyTable]:
    """What a prediction adds up: a run; own times of modules with weights; of those without, which ONNX Runtime runs
    once where several leave one node; live edges; elements of live nodes."""
    weighted = np.array([_has_weights(edge) for edge in graph.edges])
    edges = [np.zeros(len(own)), own * weighted, own * ~weighted, np.ones(len(own)), np.zeros(len(own))]
    elements = [0.0 if node.kind == "input" else float(numel(node.shape)) for node in graph.nodes]
    nothing = [0.0] * len(graph.nodes)
    return [
        LatencyTable(edges=tuple(seconds.tolist()), nodes=tuple(elements if i == 4 else nothing), constant=i == 0)
        for i, seconds in enumerate(edges)
    ]


def _has_weights(edge: Edge) -> bool:
    return any(c.definition.parameter_count(c.arguments, c.in_shape, c.out_shape) for c in edge.module)


def _predict(key: CostKey, graph: Graph, table: LatencyTable, live: NDArray[np.bool_]) -> Vector:
    given = Given(latency=dict.fromkeys([key], table))
    return cost_of(key, graph, given)(torch.from_numpy(live)).numpy()


def _module_times(graph: Graph, names: list[str], own: Vector, table: LatencyTable) -> tuple[ModuleTime, ...]:
    """By how much time all edges of a module take, the most first."""
    counts = Counter(names)
    times = {
        name: ModuleTime(
            module=module_text(edge.module),
            in_shape=edge.module[0].in_shape,
            out_shape=edge.module[-1].out_shape,
            edges=counts[name],
            own=float(seconds),
            fitted=fitted,
        )
        for name, edge, seconds, fitted in zip(names, graph.edges, own, table.edges, strict=True)
    }
    return tuple(sorted(times.values(), key=lambda time: -time.edges * time.fitted))


def _errors(pairs: tuple[Pair, ...]) -> dict[str, float | None]:
    """Of the architectures held out."""
    tested = [pair for pair in pairs if pair.held_out]
    if len(tested) < _LEAST_HELD_OUT:
        return {"spearman": None, "median_error": None, "worst_error": None}
    errors = [pair.error for pair in tested]
    measured, predicted = ([pair.measured for pair in tested], [pair.predicted for pair in tested])
    from scipy.stats import spearmanr

    return {
        "spearman": float(cast(Any, spearmanr(measured, predicted)).statistic) if len(set(predicted)) > 1 else None,
        "median_error": float(np.median(errors)),
        "worst_error": max(errors),
    }
