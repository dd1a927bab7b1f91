"""How often a search finds the best architecture, how far it is otherwise, and with how many evaluations.

(a) `--problems`: random DAGs of 10 to 14 gates, all of whose architectures are enumerated; losses with diminishing
returns and interactions, or rugged (NK landscapes, Kauffman & Weinberger, 1989); a budget on an additive cost or on
steps, tight to loose. (b) `--table`: a table of trained networks of the NAS-Bench-201 space, as
`examples/search_table.py` reads it; without a path one made by `made_table`, smooth but for noise as of training.

    python benchmarks/search.py --problems 50 --seeds 10
    python benchmarks/search.py --problems 0 --table nb201.csv --accuracy CIFAR10TestAccuracy200Epochs
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from bsnc.cost import cost_of
from bsnc.ir import CostKey, Edge, Gate, Graph, Node, OpCall, SearchConfig, Strategy, live_edges
from bsnc.search import BLACK_BOX, FEW, Ledger, Limit, LinearBudget, Problem, every_sample, expand_switches, minimise
from bsnc.search.strategies import follow_policy_gradient
from bsnc.train import limit_of

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))
from search_table import GATES, OPS, problem_of, read_table, spell, string_of

Method = Callable[[Problem, int, int], tuple[float, int, int]]
"""(problem, evaluations, seed) → the loss found, evaluations used, by which evaluation it was found."""


@dataclass(frozen=True)
class Enumerated:
    """A problem, the least loss within its budget, and by how much the greatest is above it."""

    problem: Problem
    best: float
    span: float


# ---- problems ----------------------------------------------------------------------------------------------------


def random_dag(generator: np.random.Generator, gates: int) -> Graph:
    """A gate for every edge; parallel edges where there are more edges than pairs of nodes."""
    call = OpCall(op="relu", in_shape=(1,), out_shape=(1,))
    count = int(generator.integers(4, 8))
    names = ["x", *(f"h{i}" for i in range(1, count - 1)), "y"]
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    chosen = [pairs[i] for i in generator.permutation(len(pairs))[:gates]]
    chosen += [pairs[int(generator.integers(len(pairs)))] for _ in range(gates - len(chosen))]
    kinds = {"x": "input", "y": "output"}
    nodes = tuple(Node.model_validate({"name": n, "kind": kinds.get(n, "hidden"), "shape": (1,)}) for n in names)
    ends = [(names[i], names[j]) for i, j in sorted(chosen, key=lambda pair: pair[1])]
    edges = [Edge(name=f"e{k}", source=a, target=b, module=(call,), gate=f"g{k}") for k, (a, b) in enumerate(ends)]
    return Graph(name="dag", nodes=nodes, edges=tuple(edges), gates=tuple(Gate(name=f"g{k}") for k in range(gates)))


def random_losses(live: NDArray[np.bool_], generator: np.random.Generator, rugged: bool) -> NDArray[np.float64]:
    """Of architectures `[N, E]`."""
    edges, rows = live.shape[1], live.astype(float)
    if not rugged:
        worth, pairs = generator.exponential(1.0, edges), generator.normal(0, 0.15, (edges, edges))
        return -2 * np.sqrt(rows @ worth) - ((rows @ pairs) * rows).sum(1)
    losses = np.zeros(len(live))
    for edge in range(edges):
        with_others = [edge, *generator.choice([e for e in range(edges) if e != edge], 3, replace=False)]
        losses += generator.normal(0, 1, 16)[live[:, with_others] @ (1, 2, 4, 8)]
    return losses


def limit_on(graph: Graph, live: NDArray[np.bool_], share: float, generator: np.random.Generator) -> Limit:
    """A bound on steps on two cores for every third problem, otherwise on a sum over live edges."""
    connected = live[live.any(1)]
    if generator.random() < 1 / 3:
        limit = limit_of(cost_of(CostKey(name="steps", options=(("cores", "2"),)), graph))
    else:
        weights = generator.exponential(1.0, len(graph.edges)) * generator.choice([1, 4], len(graph.edges))
        budget = LinearBudget(weights, np.zeros(len(graph.nodes)))
        limit = Limit(lambda rows: rows @ weights, np.inf, lambda rows: rows @ weights, (budget,), True, True)
    costs = limit.count(connected)
    bound = float(costs.min() + share * (costs.max() - costs.min()))
    below = tuple(LinearBudget(b.edge_weights, b.node_weights, bound, b.pair_weights, b.constant) for b in limit.below)
    return Limit(limit.count, bound, limit.floor, below, limit.is_linear, limit.grows)


def random_problem(seed: int) -> Enumerated:
    """With at least 100 architectures within the budget."""
    generator = np.random.default_rng(seed)
    while True:
        graph = random_dag(generator, int(generator.integers(10, 15)))
        live = live_samples(graph)
        if len(np.unique(live[live.any(1)], axis=0)) < 100:
            continue
        losses = random_losses(live, generator, rugged=seed % 2 == 1)
        limit = limit_on(graph, live, (0.2, 0.4, 0.6)[seed % 3], generator)
        fits = live.any(1) & limit.holds(live)
        if len(np.unique(live[fits], axis=0)) >= 100:
            break
    table = {row.tobytes(): loss for row, loss in zip(live, losses.tolist(), strict=True)}

    def loss(_: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return torch.tensor([table[row.tobytes()] for row in rows.numpy()], dtype=torch.float64)

    best, worst = float(losses[fits].min()), float(losses[fits].max())
    return Enumerated(Problem(graph, loss, (limit,)), best, worst - best)


def live_samples(graph: Graph) -> NDArray[np.bool_]:
    """The live edges of every sample."""
    return live_edges(graph, expand_switches(graph, torch.from_numpy(every_sample(graph))).numpy())


def made_table(seed: int, noise: float = 0.2) -> dict[str, float]:
    """Accuracies in per cent of all architectures of the NAS-Bench-201 space, made up: paths of convolutions add up
    with diminishing returns, edges interact a little, and each architecture has noise of its own."""
    generator = np.random.default_rng(seed)
    weight = dict(zip(GATES, generator.uniform(0.6, 1.4, len(GATES)), strict=True))
    pairs = generator.normal(0, 0.25, (len(GATES) * len(OPS),) * 2)
    paths = [[(0, 3)], [(0, 1), (1, 3)], [(0, 2), (2, 3)], [(0, 1), (1, 2), (2, 3)]]
    table: dict[str, float] = {}
    for ops in product(OPS, repeat=len(GATES)):
        op = dict(zip(GATES, ops, strict=True))
        open_paths = [path for path in paths if all(op[edge] != "none" for edge in path)]
        total = sum(_worth([(op[edge], weight[edge]) for edge in path]) for path in open_paths)
        one_hot = np.array([op == name for op in ops for name in OPS], dtype=float)
        shaped = 94.2 - 12 * np.exp(-1.3 * total) - 0.25 * max(0, total - 5) + 0.15 * np.tanh(one_hot @ pairs @ one_hot)
        table[spell(ops)] = round(float(shaped + generator.normal(0, noise)), 2) if open_paths else 10.0
    return table


STRENGTH = dict(zip(OPS, (0.0, 0.45, 0.75, 1.0, 0.35), strict=True))


def _worth(path: list[tuple[str, float]]) -> float:
    """Of ops one after the other, each with the weight of its edge."""
    passes = float(np.prod([STRENGTH[op] ** 0.3 for op, _ in path]))
    return passes * sum(weight * STRENGTH[op] for op, weight in path if op.startswith("nor_conv"))


# ---- methods -----------------------------------------------------------------------------------------------------


def by_strategy(name: Strategy, config: SearchConfig = BLACK_BOX) -> Method:
    def run(problem: Problem, evaluations: int, seed: int) -> tuple[float, int, int]:
        found = minimise(problem, evaluations, name, seed, config)
        return found.loss, found.evaluations, found.found_at

    return run


def with_estimator(name: str) -> SearchConfig:
    return BLACK_BOX.model_copy(update={"estimator": name})


def gates_alone(problem: Problem, evaluations: int, seed: int) -> tuple[float, int, int]:
    """No local search: the gates get every evaluation."""
    ledger = Ledger(problem, evaluations)
    follow_policy_gradient(ledger, BLACK_BOX, torch.Generator().manual_seed(seed), share=1.0)
    best = ledger.best(1)[0]
    return best.loss, ledger.used, best.order + 1


def surrogate_alone(problem: Problem, evaluations: int, seed: int) -> tuple[float, int, int]:
    """Hardly any gates: one batch of samples at the initial probabilities, then the local search."""
    ledger = Ledger(problem, evaluations)
    follow_policy_gradient(ledger, BLACK_BOX, torch.Generator().manual_seed(seed), share=16 / evaluations)
    best = ledger.best(1)[0]
    return best.loss, ledger.used, best.order + 1


METHODS: dict[str, Method] = {
    "random": by_strategy("random"),
    "evolution": by_strategy("evolution"),
    "policy gradient, rloo": by_strategy("policy_gradient"),
    "policy gradient, reinforce": by_strategy("policy_gradient", with_estimator("reinforce")),
    "policy gradient, disarm": by_strategy("policy_gradient", with_estimator("disarm")),
    "gates alone, rloo": gates_alone,
    "local search alone": surrogate_alone,
}


# ---- runs --------------------------------------------------------------------------------------------------------


def on_problems(problems: list[Enumerated], seeds: int, evaluations: list[int]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    print(f"{len(problems)} problems, {seeds} seeds")
    print(f"{'':28} {'evaluations':>11} {'used':>6} {'exact':>7} {'regret':>8} {'s':>6}")
    for count, (name, method) in product(evaluations, METHODS.items()):
        started, outcomes = time.monotonic(), list[tuple[float, int]]()
        for case, seed in product(problems, range(seeds)):
            loss, used, _ = method(case.problem, count, seed)
            outcomes.append(((loss - case.best) / case.span, used))
        regrets = [regret for regret, _ in outcomes]
        exact, regret = statistics.mean(r <= 1e-9 for r in regrets), statistics.mean(regrets)
        used = statistics.mean(used for _, used in outcomes)
        seconds = time.monotonic() - started
        print(f"{name:28} {count:11} {used:6.0f} {exact:7.1%} {regret:8.2%} {seconds:6.0f}", flush=True)
        rows.append({"method": name, "evaluations": count, "used": used, "exact": exact, "regret": regret})
    return rows


def on_table(table: Mapping[str, float], seeds: int, evaluations: int) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    print(f"\n{evaluations} evaluations, {seeds} seeds")
    print(f"{'budget':8} {'':28} {'mean gap':>9} {'greatest':>9} {'used':>6}")
    for budget in ("45M", "60M", "90M", "120M"):
        problem = problem_of(table, budget)
        best = best_within(table, problem)
        for name in ("random", "evolution", "policy gradient, rloo"):
            found = [METHODS[name](problem, evaluations, seed) for seed in range(seeds)]
            gaps = [best - (100 - loss) for loss, _, _ in found]
            used = statistics.mean(used for _, used, _ in found)
            print(f"{budget:8} {name:28} {statistics.mean(gaps):9.3f} {max(gaps):9.3f} {used:6.0f}", flush=True)
            rows.append({"budget": budget, "method": name, "gaps": gaps, "used": used})
    return rows


def best_within(table: Mapping[str, float], problem: Problem) -> float:
    """The greatest accuracy within the budget."""
    choices = product(range(len(OPS)), repeat=len(GATES))
    switches = np.array([np.eye(len(OPS), dtype=bool)[list(choice)].flatten() for choice in choices])
    best = -np.inf
    for rows in np.array_split(switches, len(switches) // FEW + 1):
        live = live_of_switches(problem.graph, rows)
        fits = problem.feasible(live).tolist()
        best = max([best, *(table[string_of(problem.graph, row)] for row, fit in zip(rows, fits, strict=True) if fit)])
    return best


def live_of_switches(graph: Graph, switches: NDArray[np.bool_]) -> torch.Tensor:
    return torch.from_numpy(live_edges(graph, expand_switches(graph, torch.from_numpy(switches)).numpy()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--evaluations", type=int, nargs="+", default=[60, 120, 240])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--table-evaluations", type=int, default=1500)
    parser.add_argument("--accuracy", default="CIFAR10TestAccuracy200Epochs")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/search.json"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    problems = [random_problem(i) for i in range(args.problems)]
    results = on_problems(problems, args.seeds, args.evaluations) if problems else []
    trained = read_table(args.table, args.accuracy) if args.table else made_table(0)
    table = on_table(trained, args.seeds, args.table_evaluations)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    told = {key: str(value) for key, value in vars(args).items()}
    args.json.write_text(json.dumps({"arguments": told, "problems": results, "table": table}, indent=1))


if __name__ == "__main__":
    main()
