"""The search over gates: distributions, gradient estimators, penalties, exact projection, strategies, verdict."""

from bsnc.search.architecture import Architecture, LinearBudget
from bsnc.search.costliest import costliest
from bsnc.search.entropy import entropy_bits, entropy_gradient
from bsnc.search.enumeration import FEW, every_sample, sample_count
from bsnc.search.estimators import ESTIMATORS, Estimator
from bsnc.search.freezer import CERTAIN, Freezer
from bsnc.search.gates import Gates, Sample, expand_switches, initial_gates, masks_of_sample
from bsnc.search.learner import GateLearner
from bsnc.search.ledger import Ledger, Seen
from bsnc.search.limit import Limit
from bsnc.search.minimise import BLACK_BOX, Found, NothingFeasible, minimise
from bsnc.search.penalty import Penalty
from bsnc.search.problem import Loss, Problem, free_gates, limit_of_function
from bsnc.search.program import cheapest, most_probable
from bsnc.search.project import Extreme, Projection, least, most, project
from bsnc.search.shortest import cheapest_as_a_path
from bsnc.search.verdict import Verdict, idle_gates, judge, judge_evaluations
from bsnc.search.wide import WideGates

__all__ = [
    "BLACK_BOX",
    "CERTAIN",
    "ESTIMATORS",
    "FEW",
    "Architecture",
    "Estimator",
    "Extreme",
    "Found",
    "Freezer",
    "GateLearner",
    "Gates",
    "Ledger",
    "Limit",
    "LinearBudget",
    "Loss",
    "NothingFeasible",
    "Penalty",
    "Problem",
    "Projection",
    "Sample",
    "Seen",
    "Verdict",
    "WideGates",
    "cheapest",
    "cheapest_as_a_path",
    "costliest",
    "entropy_bits",
    "entropy_gradient",
    "every_sample",
    "expand_switches",
    "free_gates",
    "idle_gates",
    "initial_gates",
    "judge",
    "judge_evaluations",
    "least",
    "limit_of_function",
    "masks_of_sample",
    "minimise",
    "most",
    "most_probable",
    "project",
    "sample_count",
]
