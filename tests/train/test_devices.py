"""Nothing of a step falls back onto the CPU: torch's device `meta`, which only computes shapes and refuses operands
that lie elsewhere, stands in for a GPU. And a step in bfloat16 is close to one in float32."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given

from bsnc.data import Classification, Dataset, Regression, Segmentation, Split, Tally, Task, augment
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Augmentation, Crop, Cutout, Flip, Graph, Jitter, Mixup
from bsnc.lower import lower_stochastic
from bsnc.search import initial_gates
from tests.laws.brute_force import every_choice
from tests.laws.strategies import law, networks
from tests.laws.weights import examples

META = torch.device("meta")
MASKS = torch.zeros(8, 16, 16, dtype=torch.uint8)
SIDE = torch.zeros(8, 3, 16, 16)


def images() -> Split:
    return Split(torch.zeros(8, 3, 16, 16, dtype=torch.uint8), torch.zeros(8, dtype=torch.int64)).to(META)


@pytest.mark.parametrize(
    ("batch", "task", "outputs", "steps"),
    [
        (images(), Classification(), (10,), [Crop(padding=2), Flip(), Cutout(size=4), Jitter(saturation=0.1), Mixup()]),
        (Split(SIDE, MASKS).to(META), Segmentation(9), (10, 16, 16), [Crop(padding=2), Flip(), Cutout(size=4)]),
        (Split(SIDE, torch.zeros(8, 2)).to(META), Regression((0.0,) * 2, (1.0,) * 2), (2,), [Flip()]),
    ],
    ids=["class", "mask", "value"],
)
def test_batches_and_losses_stay_on_their_device(
    batch: Split, task: Task, outputs: tuple[int, ...], steps: Sequence[Augmentation]
) -> None:
    changed = augment(batch, steps, task, 10, torch.Generator().manual_seed(0))
    data = Dataset(batch, batch, (), torch.zeros(3).to(META), torch.ones(3).to(META), task=task)
    inputs, found = data.normalise(changed.inputs), torch.zeros(8, *outputs, device=META)
    losses = task.losses(found, changed.targets)
    assert {inputs.device, changed.targets.device, losses.device} == {META}
    if not isinstance(task, Segmentation):  # counting pixels by class has no shape known in advance
        tally = Tally()
        tally.add(task, losses, found, changed.targets)
        assert {tally.loss.device, tally.measures.device} == {META}


@pytest.mark.parametrize("spec", ["cnf", "nb201", "msdnet", "segment"])
@pytest.mark.parametrize("is_relaxed", [False, True])
def test_a_step_of_a_network_stays_on_its_device(repository: Path, spec: str, is_relaxed: bool) -> None:
    settings = ("layers=2", "channels=2") if spec == "cnf" else ()
    graph = load_program(repository / "specs" / f"{spec}.bsn", Overrides(settings))[0].graph
    network = lower_stochastic(graph).to(META)
    masks = initial_gates(graph, 0.7).sample(4, torch.Generator().manual_seed(0)).live
    outputs = network(
        torch.zeros(4, *graph.input.shape, device=META), masks.float().requires_grad_() if is_relaxed else masks
    )
    assert outputs.device == META
    if is_relaxed:  # the gradient of masks goes back to the host, and meta gives nothing back
        return
    outputs.sum().backward()
    assert {p.grad.device for p in network.parameters() if p.grad is not None} == {META}


@law(30)
@given(networks(max_nodes=6, max_gates=6))
def test_networks_run_in_bfloat16(graph: Graph) -> None:
    choices = every_choice(graph)
    live = torch.from_numpy(choices.live[choices.connected][:4])
    network, inputs = lower_stochastic(graph).eval(), examples(graph, len(live), dtype=torch.float32)
    wide = network(inputs, live).detach()
    with torch.autocast("cpu", torch.bfloat16):
        narrow = network(inputs, live).float()
    assert torch.allclose(narrow, wide, rtol=0.1, atol=0.1 * float(wide.abs().max()) + 1e-3)
