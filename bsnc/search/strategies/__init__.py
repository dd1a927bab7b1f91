"""Ways to spend evaluations of a loss: policy gradient, and the baselines that it has to beat."""

from bsnc.search.strategies.evolution import evolve
from bsnc.search.strategies.policy_gradient import follow_policy_gradient
from bsnc.search.strategies.random_search import search_randomly

__all__ = ["evolve", "follow_policy_gradient", "search_randomly"]
