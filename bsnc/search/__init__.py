"""The search over gates: distributions, gradient estimators, penalties, exact projection, verdict."""

from bsnc.search.architecture import Architecture, LinearBudget, cheapest, most_probable
from bsnc.search.costliest import costliest
from bsnc.search.entropy import entropy_bits, entropy_gradient
from bsnc.search.estimators import ESTIMATORS, Estimator, reinforce, rloo
from bsnc.search.gates import Gates, Sample, expand_switches
from bsnc.search.penalty import Penalty
from bsnc.search.verdict import Verdict, idle_gates, judge

__all__ = [
    "ESTIMATORS",
    "Architecture",
    "Estimator",
    "Gates",
    "LinearBudget",
    "Penalty",
    "Sample",
    "Verdict",
    "cheapest",
    "costliest",
    "entropy_bits",
    "entropy_gradient",
    "expand_switches",
    "idle_gates",
    "judge",
    "most_probable",
    "reinforce",
    "rloo",
]
