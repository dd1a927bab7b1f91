"""The search over gates: distributions, gradient estimators, penalties, exact projection, verdict."""

from bsnc.search.architecture import Architecture, LinearBudget, cheapest, most_probable
from bsnc.search.costliest import costliest
from bsnc.search.entropy import entropy_bits, entropy_gradient
from bsnc.search.enumeration import FEW, every_sample, sample_count
from bsnc.search.estimators import ESTIMATORS, Estimator, reinforce, rloo
from bsnc.search.gates import Gates, Sample, expand_switches
from bsnc.search.limit import Limit
from bsnc.search.penalty import Penalty
from bsnc.search.project import Extreme, Projection, least, most, project
from bsnc.search.verdict import Verdict, idle_gates, judge

__all__ = [
    "ESTIMATORS",
    "FEW",
    "Architecture",
    "Estimator",
    "Extreme",
    "Gates",
    "Limit",
    "LinearBudget",
    "Penalty",
    "Projection",
    "Sample",
    "Verdict",
    "cheapest",
    "costliest",
    "entropy_bits",
    "entropy_gradient",
    "every_sample",
    "expand_switches",
    "idle_gates",
    "judge",
    "least",
    "most",
    "most_probable",
    "project",
    "reinforce",
    "rloo",
    "sample_count",
]
