"""Every shipped spec checks, compiles within its budgets, trains, prunes and exports."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from bsnc.driver import Overrides, check_spec, compile_spec
from bsnc.export import export_model, read_provenance, recount
from bsnc.ir import every_cost, live_edges
from bsnc.lower import lower_static, lower_stochastic
from bsnc.passes import ApplyArchitecture
from bsnc.search import Gates
from tests.laws.exports import DEPLOYMENT
from tests.laws.weights import examples, names_of, pruned, randomise
from tests.specs.support import SMALL, SPECS, cost, graph, program

LIBRARIES = {"blocks", "fabrics", "modern"}
"""Files without a network, for others to import."""

SIZES = {
    "b_cnf_cifar10": (50, 124, 122),
    "b_cnf_cifar100": (50, 124, 122),
    "b_resnet_cifar10": (12, 48, 46),
    "b_resnet_cifar100": (12, 48, 46),
    "cnf": (50, 124, 122),
    "digits": (18, 38, 36),
    "mlp": (5, 15, 14),
    "mobilenet": (35, 125, 16),
    "modern_103m_cifar10": (23, 202, 45),
    "modern_39m_cifar10": (20, 157, 30),
    "msdnet": (49, 130, 26),
    "nb201": (67, 383, 6),
    "resnet": (23, 31, 0),
    "resnet_fabric": (12, 48, 46),
    "segment": (32, 75, 73),
    "signal": (12, 41, 5),
    "unet": (11, 14, 8),
}
"""Nodes, edges, gates."""

RECIPES = {spec for spec in SIZES if "_cifar10" in spec}
"""For a GPU; test_recipes.py holds their budgets, and in less time."""
TWINS = {"b_cnf_cifar100", "b_resnet_cifar100", "modern_103m_cifar10"}
"""Of the constructs of others: exported once, by these."""


def test_no_spec_is_left_out() -> None:
    shipped = {path.stem for path in SPECS.glob("*.bsn")}
    assert shipped == SIZES.keys() | LIBRARIES
    assert SIZES.keys() == SMALL.keys()


@pytest.mark.parametrize("spec", sorted(SIZES.keys() | LIBRARIES))
def test_it_checks_without_a_warning(spec: str) -> None:
    assert check_spec(SPECS / f"{spec}.bsn").diagnostics == []


@pytest.mark.parametrize("spec", SIZES)
def test_its_size(spec: str) -> None:
    g = graph(spec)
    assert (len(g.nodes), len(g.edges), len(g.gates)) == SIZES[spec]


@pytest.mark.parametrize("spec", sorted(SIZES.keys() - RECIPES))
def test_its_budgets_can_be_met_and_bind(spec: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))  # nothing was measured
    compilation = compile_spec(SPECS / f"{spec}.bsn", Overrides())
    unmeasured = [b for b in compilation.program.budgets if b.cost.signature.source == "measured"]
    assert [d.code for d in compilation.diagnostics] == ["BSN403"] * len(unmeasured)
    assert all(check.feasible for check in compilation.report.budgets)
    assert len(compilation.report.budgets) == len(compilation.program.budgets) - len(unmeasured) > 0


@pytest.mark.parametrize("spec", SIZES)
def test_the_masked_network_is_the_pruned_network(spec: str) -> None:
    g = graph(spec, *SMALL[spec])
    live = Gates(g, 0.6).sample(3, torch.Generator().manual_seed(0)).live
    lowered, x = lower_stochastic(g).double().eval(), examples(g, 3)
    randomise(lowered)
    out = lowered(x, live)
    assert out.shape == (3, *g.output.shape)
    for b, row in enumerate(live):
        plain = pruned(g, lowered, names_of(g, row))
        assert plain is not None
        torch.testing.assert_close(out[b : b + 1], plain(x[b : b + 1]), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("spec", sorted(SIZES.keys() - TWINS))
def test_an_architecture_exports_at_the_costs_of_its_live_edges(spec: str) -> None:
    whole = program(spec, *SMALL[spec])
    live = Gates(whole.graph, 0.6).sample(1, torch.Generator().manual_seed(1)).live
    assert torch.equal(torch.from_numpy(live_edges(whole.graph, live.numpy())), live)
    architecture = ApplyArchitecture(names_of(whole.graph, live[0])).run(whole.graph).graph
    plain, x = lower_static(architecture), examples(whole.graph, 4, dtype=torch.float32)
    for _ in range(2):
        plain.train()(x)
    bounds = [(key, float(cost(key, whole.graph, live))) for key in every_cost()]
    model, certificate = export_model(whole, architecture, plain.eval(), DEPLOYMENT, bounds, x.numpy())
    provenance = read_provenance(model)
    assert [(key, recount(model, key, provenance)) for key in every_cost()] == bounds
    assert certificate.parity.max_abs_diff <= 1e-4 and certificate.parity.examples == 4
