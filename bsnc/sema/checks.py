"""Rules on the structure of an elaborated network: plain functions that return what they find."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator

from bsnc.diagnostics import Diagnostic, Label
from bsnc.sema.build import topological_order
from bsnc.sema.elaboration.raw import RawEdge, RawNetwork, missing_end

MAX_SHOWN = 8
Check = Callable[[RawNetwork], Iterable[Diagnostic]]


def check_ends(network: RawNetwork) -> Iterator[Diagnostic]:
    """BSN302: a network has an input and an output."""
    kinds = {node.kind for node in network.nodes.values()}
    for kind in ("input", "output"):
        if kind not in kinds:
            yield missing_end(network, kind)


def check_acyclic(network: RawNetwork) -> Iterator[Diagnostic]:
    """BSN301: shows one cycle, edge by edge."""
    ordered = set(topological_order(network))
    if len(ordered) == len(network.nodes):
        return
    into = {e.target: e for e in network.edges if e.source not in ordered and e.target not in ordered}
    cycle = _cycle(into)
    names = [cycle[0].source, *(edge.target for edge in cycle)]
    if len(names) > MAX_SHOWN:
        names = [*names[: MAX_SHOWN - 1], "…", names[-1]]
    path = " -> ".join(f"`{name}`" for name in names)
    first, *others = {edge.span: edge for edge in cycle}.values()
    labels = tuple(Label(e.span, f"edge `{e.name}`") for e in others[:MAX_SHOWN])
    caption = f"edge `{first.name}`"
    yield Diagnostic("BSN301", f"a cycle: {path}", first.span, caption=caption, labels=labels, notes=first.notes)


def _cycle(into: dict[str, RawEdge]) -> list[RawEdge]:
    """The edges of one cycle in order, where every node has an edge that arrives; the first in the text leads."""
    trail: dict[str, int] = {}
    node = next(iter(into))
    while node not in trail:
        trail[node] = len(trail)
        node = into[node].source
    cycle = [into[name] for name in list(trail)[trail[node] :]][::-1]
    start = min(range(len(cycle)), key=lambda i: cycle[i].span.start)
    return cycle[start:] + cycle[:start]


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
        notes = (
            f"from `{ends['input']}` one reaches {_listed(reached - {ends['input']})}",
            f"`{output.name}` is reached from {_listed(needed - {output.name})}",
        )
        yield Diagnostic("BSN303", message, output.span, notes=notes)
        return
    reported: set[object] = set()
    for name, node in network.nodes.items():
        touched = name in forward or name in backward
        if (name in reached and name in needed) or node.span in reported or (not touched and node.in_array):
            continue
        reported.add(node.span)
        reason = "nothing that starts at the input arrives" if name not in reached else "nothing leads to the output"
        message = f"node `{name}` lies on no path from input to output: {reason}"
        help_text = "no architecture can use it: join it to a path, or remove it"
        yield Diagnostic("BSN304", message, node.span, help=help_text)


def _listed(names: set[str]) -> str:
    shown = [f"`{name}`" for name in sorted(names)[:MAX_SHOWN]]
    rest = [f"{len(names) - MAX_SHOWN} more"] if len(names) > MAX_SHOWN else []
    return ", ".join(shown + rest) or "nothing"


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
