"""Training: the loop, what follows the search, checkpoints."""

from bsnc.train.bounds import BudgetTable, bound_of, limit_of
from bsnc.train.finish import Evaluation, evaluate, reestimate_batch_norm, train_network
from bsnc.train.progress import Progress, Row, Silent
from bsnc.train.run import BudgetOutcome, RunResult, train_program
from bsnc.train.run_files import ArchitectureFile, hash_sources, load_run
from bsnc.train.search import Search, Searched
from bsnc.train.training import Phase

__all__ = [
    "ArchitectureFile",
    "BudgetOutcome",
    "BudgetTable",
    "Evaluation",
    "Phase",
    "Progress",
    "Row",
    "RunResult",
    "Search",
    "Searched",
    "Silent",
    "bound_of",
    "evaluate",
    "hash_sources",
    "limit_of",
    "load_run",
    "reestimate_batch_norm",
    "train_network",
    "train_program",
]
