"""Training: the loop, what follows the search, checkpoints."""

from bsnc.train.bounds import BudgetTable, bound_of, limit_of
from bsnc.train.checkpoint import Stopped
from bsnc.train.finish import Evaluation, evaluate, reestimate_batch_norm, train_network
from bsnc.train.machine import Machine, open_machine
from bsnc.train.progress import Plan, Probabilities, Progress, Relay, Row, Silent, Stage
from bsnc.train.run import BudgetOutcome, RunResult, forget_checkpoints, resume_program, train_program
from bsnc.train.run_files import (
    CONFIG,
    SUMMARY,
    ArchitectureFile,
    RunConfig,
    has_begun,
    hash_sources,
    load_begun,
    load_run,
    require_permission,
    versions,
)
from bsnc.train.search import Search, Searched
from bsnc.train.training import Phase

__all__ = [
    "CONFIG",
    "SUMMARY",
    "ArchitectureFile",
    "BudgetOutcome",
    "BudgetTable",
    "Evaluation",
    "Machine",
    "Phase",
    "Plan",
    "Probabilities",
    "Progress",
    "Relay",
    "Row",
    "RunConfig",
    "RunResult",
    "Search",
    "Searched",
    "Silent",
    "Stage",
    "Stopped",
    "bound_of",
    "evaluate",
    "forget_checkpoints",
    "has_begun",
    "hash_sources",
    "limit_of",
    "load_begun",
    "load_run",
    "open_machine",
    "reestimate_batch_norm",
    "require_permission",
    "resume_program",
    "train_network",
    "train_program",
    "versions",
]
