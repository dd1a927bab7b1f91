"""Data: examples from where the spec says, what augments them, and what is asked of them."""

from bsnc.data.ahead import batches_of
from bsnc.data.augment import augment
from bsnc.data.dataset import Dataset
from bsnc.data.digest import digest_of
from bsnc.data.examples import Split
from bsnc.data.fit import check_augmentation, check_batch, check_fit
from bsnc.data.load import load_data
from bsnc.data.tally import Tally
from bsnc.data.task import Classification, Regression, Segmentation, Task, task_of

__all__ = [
    "Classification",
    "Dataset",
    "Regression",
    "Segmentation",
    "Split",
    "Tally",
    "Task",
    "augment",
    "batches_of",
    "check_augmentation",
    "check_batch",
    "check_fit",
    "digest_of",
    "load_data",
    "task_of",
]
