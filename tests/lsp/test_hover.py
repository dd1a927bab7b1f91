"""What an editor shows under the pointer."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from bsnc.ir import SECTIONS
from bsnc.lsp.hover import hover
from bsnc.lsp.reference import key_text
from bsnc.sema import KINDS, keys_of
from tests.lsp.support import around, opened


def shown(marked: str) -> str:
    found = hover(*opened(marked))
    return "" if found is None else found.markdown


def test_an_edge_statement_shows_the_edges_that_it_means() -> None:
    text = shown(around("for i in 0..9 { ed¦ge image -> h[1] : step(4) }"))
    assert "- `image->h[1]` (i = 0): [3, 8, 8] → [4, 8, 8], 6,912 multiply-adds, 112 parameters" in text
    assert "`conv(channels = 4, kernel = 3) | relu`" in text
    assert "- and 5 more edges" in text


def test_an_edge_with_errors_elsewhere_shows_what_is_known() -> None:
    assert "`image->h[1]`" in shown(around("let a = nothing\n ed¦ge image -> h[1] : relu"))


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (around("node q¦ = mean"), ["node q = mean", "- `q`: mean, 0 in-edges"]),
        (around("").replace("edge h[0]", "edge ¦h[0]"), ["node h[2] = sum | relu", "`h[0]`", "sum | relu, 1 in-edge"]),
        (
            around("let a = co¦nv(3, 3)"),
            ["conv(channels: int, kernel: ", "padding: half | valid = half", "Convolution"],
        ),
        (around("let a = conv(3, ker¦nel = 3)"), ["kernel: "]),
        (around("let a = ste¦p(3)"), ["block step(c, k = 3) = conv(c, k) | relu"]),
        (around("let a = 3\n let b = ¦a"), ["let a = 3"]),
        (around("let b = wid¦th"), ["width: int = 8"]),
        (around("for i in 0..2 { let b = ¦i }"), ["for i in 0..2"]),
        (around("gate ¦q[3]"), ["gate q[3]"]),
        (around("gate ¦q[3] = 50%"), ["gate q[3] = 50%"]),
        (around("gate q = 50% edge image -> h[1] : relu @ ¦q"), ["gate q = 50%"]),
        ("cell ¦unit(n) { node v }", ["cell unit(n)"]),
        ("budget fl¦ops <= 3", ["multiply-adds", "count = executed | veniat2018"]),
        ('budget extern "co¦sts:energy" <= 3', ["cost `extern`: units", '`function = "package.module:function"`']),
        ("search { in¦it = 0.5 }", ["`init`", "default `0.95`", "Probability at which"]),
        ("search { lamb¦da = auto }", ["`lambda`", "λ of every budget"]),
        ("tr¦ain { }", ["How weights are learnt."]),
        ("train { optimizer = s¦gd(lr = 1) }", ["torch.optim.SGD"]),
        ("train { schedule = step(at = [1], b¦y = 1) }", ["`by`", "default `0.1`"]),
        ("let a = ma¦x(1, 2)", ["max"]),
    ],
)
def test_names_and_words(marked: str, expected: list[str]) -> None:
    text = shown(marked)
    assert all(part in text for part in expected), text


@pytest.mark.parametrize("model", [*SECTIONS.values(), *KINDS.values()], ids=lambda model: model.__name__)
def test_every_key_has_a_text(model: type[BaseModel]) -> None:
    for key in keys_of(model):
        text = key_text(model, key)
        assert text is not None and text.startswith(f"`{key}`: ") and "none" not in text.lower()


@pytest.mark.parametrize("marked", ["¦", "# a comm¦ent\nlet a = 1", "let a = ¦1", "not a spec¦"])
def test_nothing_to_say(marked: str) -> None:
    assert shown(marked) == ""
