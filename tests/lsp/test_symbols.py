"""The outline."""

from __future__ import annotations

from collections.abc import Iterable

from bsnc.lsp.symbols import Symbol, symbols
from tests.lsp.support import around, opened

TEXT = around("for i in 0..2 { let ¦a = i }\n cell unit(n) { node v }") + "budget flops <= 3\nsearch { init = 0.5 }\n"


def names(found: Iterable[Symbol]) -> list[str]:
    return [f"{symbol.kind} {symbol.name}" for symbol in found]


def test_declarations_stand_in_their_network() -> None:
    network, budget, section = symbols(opened(TEXT)[0])
    assert names([network, budget, section]) == ["network net", "budget flops", "section search"]
    inside = ["parameter width", "node image", "node logits", "block step", "node h", "gate g", "let a", "cell unit"]
    assert names(network.children) == inside
    assert names(network.children[-1].children) == ["parameter n", "node v"]
    assert names(section.children) == ["entry init"]


def test_names_lie_within_their_declarations_while_one_types() -> None:
    broken = TEXT.replace("let ¦a = i", "let a = (¦")
    document = opened(broken, TEXT.replace("¦", ""))[0]
    assert document.analysis.spec is None
    todo = list(symbols(document))
    assert len(todo) == 3
    while todo:
        symbol = todo.pop()
        assert symbol.span.source is document.source
        assert symbol.span.start <= symbol.name_span.start <= symbol.name_span.end <= symbol.span.end
        todo += symbol.children
