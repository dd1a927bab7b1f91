"""Short ways to specs and to what analysis finds in them."""

from __future__ import annotations

from bsnc.diagnostics import Diagnostic, Source
from bsnc.ir import Graph, Program
from bsnc.sema import Analysis, Overrides, analyse

HEAD = "network net() {\n  input image: float[3, 8, 8]\n  output logits: float[10]\n"
TAIL = "\n  edge image -> logits : flatten | linear(10)\n}\n"


def around(body: str) -> str:
    """A spec whose network has these statements, and an edge from input to output."""
    return HEAD + body + TAIL


def analysed(text: str, settings: tuple[str, ...] = (), budgets: tuple[str, ...] = ()) -> Analysis:
    return analyse(Source("t.bsn", text), Overrides(settings, budgets))


def diagnostics(text: str) -> list[Diagnostic]:
    return analysed(text).diagnostics


def errors(text: str) -> list[str]:
    """`code text-under-the-caret` of every error."""
    found = [d for d in diagnostics(text) if d.severity == "error"]
    return [f"{d.code} {d.span.text if d.span else ''}".rstrip() for d in found]


def program(text: str, *settings: str) -> Program:
    analysis = analysed(text, settings)
    assert analysis.program is not None, [d.message for d in analysis.diagnostics]
    return analysis.program


def graph(text: str, *settings: str) -> Graph:
    return program(text, *settings).graph
