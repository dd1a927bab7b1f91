"""The verdict counts the gates that matter, and only those."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bsnc.ir import Graph
from bsnc.search import Gates, idle_gates, judge, judge_evaluations
from tests.laws.brute_force import follows, live_names
from tests.laws.build import FIXED, network
from tests.laws.strategies import law, networks


def gates_of(graph: Graph, logits: list[float]) -> Gates:
    gates = Gates(graph, 0.5)
    gates.logits = torch.tensor(logits, dtype=torch.float32)
    return gates


@st.composite
def searches(draw: st.DrawFn) -> Gates:
    graph = draw(networks())
    logit = st.sampled_from([-8.0, -2.3, -2.1, -0.5, 0.5, 2.1, 2.3, 8.0])
    return gates_of(graph, draw(st.lists(logit, min_size=graph.switch_count, max_size=graph.switch_count)))


def values(gates: Gates) -> dict[str, tuple[list[int], np.ndarray]]:
    """Gate → the values that it can have, and their probabilities."""
    found = {}
    for gate, p in gates.by_name().items():
        table = np.array(list(p.values()) if isinstance(p, dict) else [1 - p, p])
        found[gate] = (list(range(len(table))), table)
    return found


def idle_by_flipping(gates: Gates) -> list[bool]:
    graph, table = gates.graph, values(gates)
    chosen = {name: int(p.argmax()) for name, (_, p) in table.items()}

    def live(choice: dict[str, int]) -> set[str]:
        return live_names(graph, [follows(edge, choice) for edge in graph.edges])

    return [
        all(live(chosen | {name: other}) == live(chosen) for other in others) for name, (others, _) in table.items()
    ]


@law(120)
@given(searches())
def test_idle_gates_are_those_whose_flip_changes_no_live_edge(gates: Gates) -> None:
    assert idle_gates(gates).tolist() == idle_by_flipping(gates)


@law(120)
@given(searches())
def test_the_verdict_is_taken_over_the_gates_that_are_not_idle(gates: Gates) -> None:
    verdict = judge(gates)
    tables = [p for _, p in values(gates).values()]
    entropies = np.array([-(p * np.log2(p)).sum() for p in tables])
    surest = np.array([p.max() for p in tables])
    busy = ~np.array(idle_by_flipping(gates), dtype=bool)
    assert verdict.gates == len(tables) and verdict.idle_gates == int((~busy).sum())
    assert verdict.open_gates == int((busy & (surest < 0.9)).sum())
    assert verdict.mean_entropy == pytest.approx(entropies[busy].mean() if busy.any() else 0, abs=1e-6)
    assert verdict.mean_entropy_all == pytest.approx(entropies.mean() if tables else 0, abs=1e-6)
    assert verdict.converged == (verdict.open_gates == 0 and verdict.mean_entropy < 0.1)


TWO = network((1,), {"y": []}, [("x", "y", ["identity"]), ("x", "y", ["tanh"])])


@pytest.mark.parametrize(
    ("logits", "converged"), [([8.0, -8.0], True), ([8.0, 0.0], False), ([2.3, -2.3], False), ([6.0, -6.0], True)]
)
def test_a_search_has_converged_when_its_gates_are_decided(logits: list[float], converged: bool) -> None:
    assert judge(gates_of(TWO, logits)).converged is converged


def test_a_search_without_gates_has_converged() -> None:
    fixed = network((1,), {"y": []}, [("x", "y", ["identity"], FIXED)])
    assert judge(gates_of(fixed, [])).converged


@pytest.mark.parametrize(
    ("used", "found_at", "converged", "reason"),
    [
        (99, 99, True, "nothing promising was left after 99 evaluations"),
        (100, 75, True, "the best of 100 is number 75"),
        (100, 76, False, "the best of 100 is number 76"),
    ],
)
def test_a_search_by_evaluations_has_converged_when_it_ran_out_or_found_its_best_early(
    used: int, found_at: int, converged: bool, reason: str
) -> None:
    """Whatever its gates say, if it has any."""
    bare = judge_evaluations(used, 100, found_at, None)
    assert (bare.converged, bare.reason, bare.gates, bare.open_gates) == (converged, reason, 0, 0)
    gates = gates_of(TWO, [8.0, 0.0] if converged else [8.0, -8.0])
    known = judge_evaluations(used, 100, found_at, gates)
    assert (known.converged, known.reason) == (converged, reason)
    assert (known.gates, known.open_gates) == (2, int(converged))
    assert known.mean_entropy == judge(gates).mean_entropy
