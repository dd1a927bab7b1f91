"""`bsnc export`, and the end of `bsnc train`: a trained network as a certified model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import fx

from bsnc.cost import Given
from bsnc.data import Dataset, Regression, load_data
from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.disk import write_atomically, write_json
from bsnc.driver.budgets import bounds_to_hold
from bsnc.driver.files import make_directory, permit_code, writing
from bsnc.driver.given import everything_given, given_of
from bsnc.export import Bounds, Certificate, Deployment, Step, export_model
from bsnc.ir import Graph, Program
from bsnc.sema import Analysis
from bsnc.train import load_run

MOST_EXAMPLES = 1000
"""Test examples on which the model file is compared with the network."""


def export_run(run: Path, model: Path, step: Step, allow_extern: bool = False) -> Certificate:
    """Export a finished run again, to any file; certificate.json is written beside it. `step` follows the measuring of
    latencies that the bound of a budget is a share of: the file is measured by itself. Raises Diagnosed."""
    if not run.is_dir():
        raise Diagnosed(Diagnostic("BSN001", "there is no directory of a run here", subject=str(run)))
    if allow_extern:
        permit_code(run)
    program, architecture, graph, network = load_run(run, allow_extern)
    analysis = Analysis()
    given = given_of(program, analysis, allow_extern)
    if any(budget.of_max and not given.tells(budget.cost) for budget in program.budgets):
        given = everything_given(program, analysis, allow_extern, step)
    bounds = bounds_to_hold(program, analysis, given)
    dataset = load_data(program.data, program.graph)
    make_directory(model.parent)
    with writing(model):
        return ship(model, program, graph, network, dataset, architecture.spec_sha256, bounds, given)


def ship(
    path: Path,
    program: Program,
    graph: Graph,
    network: fx.GraphModule,
    dataset: Dataset,
    spec_sha256: str,
    bounds: Bounds,
    given: Given,
) -> Certificate:
    """Export, certify, and only then write the model and its certificate."""
    deployment = deployment_of(dataset, spec_sha256)
    model, certificate = export_model(program, graph, network, deployment, bounds, examples_of(dataset), given)
    write_atomically(path, model.SerializeToString())
    write_json(path.with_name("certificate.json"), certificate.model_dump(mode="json"))
    return certificate


def deployment_of(dataset: Dataset, spec_sha256: str) -> Deployment:
    """What a model tells of the data that it was trained on."""
    task = dataset.task
    scale = (task.mean, task.std) if isinstance(task, Regression) else ()
    normalisation = (tuple(dataset.mean.tolist()), tuple(dataset.std.tolist()))
    return Deployment(spec_sha256, dataset.class_names, *normalisation, task.target, *scale)


def examples_of(dataset: Dataset) -> np.ndarray:
    """Normalised test inputs `[N, …]` as numpy: all, or MOST_EXAMPLES of them at even distances, so that the memory
    that it takes to compare networks does not grow with the data."""
    count = len(dataset.test)
    chosen = min(count, MOST_EXAMPLES)
    return dataset.normalise(dataset.test[torch.arange(chosen) * count // chosen].inputs).numpy()
