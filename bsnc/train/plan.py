"""What a run is going to do, and roughly how long each part takes beside the others."""

from __future__ import annotations

from bsnc.data import Dataset
from bsnc.ir import Program
from bsnc.search import sample_count
from bsnc.train.apart import examples_of_weights
from bsnc.train.bounds import BudgetTable
from bsnc.train.progress import Plan, Stage
from bsnc.train.staged import EVALUATIONS, held_out_count

TRAINED = 3.0
"""Forward and backward passes of an example, in forward passes."""
STOCHASTIC = 2.0
"""An SS-network takes so much longer than the architecture that is found in it, roughly: on `specs/digits.bsn`."""


def plan_of(program: Program, dataset: Dataset, budgets: BudgetTable) -> Plan:
    """The stages of a run; the work of a step is in forward passes of one example."""
    search, train, examples = program.search, program.train, len(dataset.train)
    if search.mode == "joint":
        apart = search.split is not None  # a forward pass of the gates beside each of the weights
        seen = examples_of_weights(dataset, search.split)
        stages = [Stage("search", train.epochs, STOCHASTIC * (TRAINED + apart) * seen)]
    else:
        stages = [Stage("search", train.epochs, STOCHASTIC * TRAINED * examples)]
        held = held_out_count(dataset, search.held_out)
        stages.append(Stage(EVALUATIONS, min(search.evaluations, sample_count(program.graph)), held, trains=False))
    wanted = {*train.compare, train.final}
    if "fine_tuned" in wanted:
        stages.append(Stage("fine-tune", train.fine_tune, TRAINED * examples))
    if "from_scratch" in wanted:
        stages.append(Stage("from-scratch", train.epochs + train.fine_tune, TRAINED * examples))
    return Plan(program.graph, dict(zip(budgets.names, budgets.bounds, strict=True)), tuple(stages))
