"""Rules on the structure of an elaborated network: plain functions that return what they find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from bsnc.diagnostics import Diagnostic, Label
from bsnc.sema.build import topological_order
from bsnc.sema.elaborate import RawNetwork

Check = Callable[[RawNetwork], Iterable[Diagnostic]]


def check_ends(network: RawNetwork) -> Iterator[Diagnostic]:
    """BSN302: a network has an input and an output."""
    kinds = {node.kind for node in network.nodes.values()}
    for kind in ("input", "output"):
        if kind not in kinds:
            example = {"input": "input image: float[3, 32, 32]", "output": "output logits: float[10]"}[kind]
            help_text = f"declare an {kind}, as in `{example}`"
            message = f"network `{network.name}` has no {kind}"
            yield Diagnostic("BSN302", message, network.span, help=help_text)


def check_acyclic(network: RawNetwork) -> Iterator[Diagnostic]:
    """BSN301: shows one cycle, edge by edge."""
    ordered = set(topological_order(network))
    if len(ordered) == len(network.nodes):
        return
    into = {e.target: e for e in network.edges if e.source not in ordered and e.target not in ordered}
    node = next(iter(into))
    trail: list[str] = []
    while node not in trail:
        trail.append(node)
        node = into[node].source
    cycle = [into[name] for name in trail[trail.index(node) :]][::-1]
    path = " -> ".join(f"`{name}`" for name in [cycle[0].source, *(e.target for e in cycle)])
    spans = {edge.span: edge for edge in cycle}
    first, *others = spans.values()
    labels = tuple(Label(e.span, f"edge `{e.name}`") for e in others)
    yield Diagnostic("BSN301", f"a cycle: {path}", first.span, caption=f"edge `{first.name}`", labels=labels)


def check_paths(network: RawNetwork) -> Iterator[Diagnostic]:
    """BSN303 and BSN304: the output depends on the input, and nodes with edges lie on some path."""
    if any(check_ends(network)):
        return
    ends = {node.kind: name for name, node in network.nodes.items() if node.kind != "hidden"}
    forward, backward = _adjacency(network)
    reached = _closure(ends["input"], forward)
    needed = _closure(ends["output"], backward)
    output = network.nodes[ends["output"]]
    if output.name not in reached:
        message = f"no path of edges leads from `{ends['input']}` to `{output.name}`"
        yield Diagnostic("BSN303", message, output.span)
        return
    reported: set[object] = set()
    for name, node in network.nodes.items():
        touched = name in forward or name in backward
        if (name in reached and name in needed) or node.span in reported or (not touched and node.in_array):
            continue
        reported.add(node.span)
        reason = "nothing that starts at the input arrives" if name not in reached else "nothing leads to the output"
        message = f"node `{name}` lies on no path from input to output: {reason}"
        yield Diagnostic("BSN304", message, node.span)


def _adjacency(network: RawNetwork) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    forward: dict[str, set[str]] = defaultdict(set)
    backward: dict[str, set[str]] = defaultdict(set)
    for edge in network.edges:
        forward[edge.source].add(edge.target)
        backward[edge.target].add(edge.source)
    return dict(forward), dict(backward)


def _closure(start: str, neighbours: dict[str, set[str]]) -> set[str]:
    found, stack = {start}, [start]
    while stack:
        fresh = neighbours.get(stack.pop(), set()) - found
        found |= fresh
        stack += fresh
    return found


CHECKS: tuple[Check, ...] = (check_ends, check_acyclic, check_paths)
"""Every structural rule, in the order of reporting."""
