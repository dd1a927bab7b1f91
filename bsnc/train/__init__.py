"""Training: data, the loop, what follows the search, checkpoints."""

from bsnc.train.bounds import bound_of, limit_of
from bsnc.train.checkpoint import ArchitectureFile, hash_sources, load_run, write_atomically, write_json
from bsnc.train.data import Dataset, Split, load_data
from bsnc.train.finish import Evaluation, Phase, evaluate, reestimate_batch_norm, train_network
from bsnc.train.progress import Progress, Row, Silent
from bsnc.train.run import BudgetOutcome, RunResult, train_program
from bsnc.train.search_phase import SearchPhase

__all__ = [
    "ArchitectureFile",
    "BudgetOutcome",
    "Dataset",
    "Evaluation",
    "Phase",
    "Progress",
    "Row",
    "RunResult",
    "SearchPhase",
    "Silent",
    "Split",
    "bound_of",
    "evaluate",
    "hash_sources",
    "limit_of",
    "load_data",
    "load_run",
    "reestimate_batch_norm",
    "train_network",
    "train_program",
    "write_atomically",
    "write_json",
]
