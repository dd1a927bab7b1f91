"""bsnc: a compiler for neural networks that provably fit a budget."""

__version__ = "0.1.0"
