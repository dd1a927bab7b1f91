"""Costs of a user's own, for the specs beside."""

table = {}


def edges(graph):
    return len(graph.edges)


def fails(graph):
    raise ValueError(f"no price for {graph.edges[0].name}")


def negative(graph):
    return -len(graph.edges)


def nothing(graph):
    return 0
