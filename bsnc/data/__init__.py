"""Data: examples from where the spec says, what augments them, and what is asked of them."""

from bsnc.data.augment import augment
from bsnc.data.dataset import Dataset, Split
from bsnc.data.fit import check_batch
from bsnc.data.load import load_data
from bsnc.data.task import task_loss

__all__ = ["Dataset", "Split", "augment", "check_batch", "load_data", "task_loss"]
