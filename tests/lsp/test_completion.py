"""What may stand at the cursor."""

from __future__ import annotations

import pytest

from bsnc.ir import SECTIONS
from bsnc.lsp.completion import complete
from bsnc.sema import keys_of
from tests.lsp.support import around, opened

SEARCH_KEYS = [key for key in keys_of(SECTIONS["search"]) if key != "estimator"]


def labels(marked: str, before: str | None = None) -> list[str]:
    return [item.label for item in complete(*opened(marked, before))]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("¦", ["import", "network", "budget", "search", "data"]),
        ("let a = 1\nnet¦", ["network", "let"]),
        (around("¦"), ["input", "node", "edge", "fixed", "for", "if"]),
        (around("edge ¦"), ["image", "h", "width"]),
        (around("edge image -> ¦"), ["logits", "h"]),
        (around("edge image -> h[1] : ¦"), ["choice", "conv", "step", "identity"]),
        (around("edge image -> h[1] : relu | ¦"), ["conv", "step"]),
        (around("edge image -> h[1] : conv(¦"), ["channels = ", "kernel = ", "width"]),
        (around("edge image -> h[1] : conv(3, 3, padding = ¦"), ["half", "valid"]),
        (around("edge image -> h[1] : step(3, ¦)"), ["c = ", "k = "]),
        (around("edge image -> h[1] : choice { none; ¦ }"), ["none", "for", "conv", "step"]),
        (around("for i in 0..¦"), ["width", "log2"]),
        (around("for i in 0..2 { let a = 1 + ¦ }"), ["width", "min"]),
        (around("gate q[2] = ¦"), ["width", "min"]),
        (around("let a = 1 if ¦"), ["width", "not", "true"]),
        ("budget flops(count = ¦", ["executed", "veniat2018"]),
    ],
)
def test_what_is_offered(marked: str, expected: list[str]) -> None:
    found = labels(marked)
    assert set(expected) <= set(found), found


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        (around("edge image -> h[1] : relu @ ¦"), ["g"]),
        (around("fixed ¦"), ["edge"]),
        (around("let ¦"), []),
        (around("for ¦"), []),
        (around("node q = su¦").replace(" sum | relu", ""), None),
        ("# ¦", []),
        ('import "¦"', []),
        ("let a = 12¦", []),
        ("budget ¦", ["flops", "params", "weights", "memory", "steps", "latency", "extern"]),
        ("budget flops(¦", ["count = "]),
        ("budget flops <= 20% ¦", ["of"]),
        ("budget flops <= 20% of ¦", ["max"]),
        ("network n(a: ¦", ["int", "float", "bool", "str", "list"]),
        ("network n() { input a: ¦", ["float"]),
        ("search { estimator = ¦ }", ["reinforce", "rloo", "disarm", "gumbel_st"]),
        ("search { init = 95%  estimator = re¦ }", ["reinforce", "rloo", "disarm", "gumbel_st"]),
        ("train { schedule = ¦ }", ["constant", "one_cycle", "cosine", "step"]),
        ("train { optimizer = sgd(lr = 0.1, ¦) }", ["momentum = ", "weight_decay = ", "nesterov = ", "decay_norms = "]),
        ("train { optimizer = sgd(nesterov = ¦) }", ["true", "false"]),
        ("data { augment = [crop(1), ¦] }", ["crop", "flip", "cutout", "jitter", "mixup"]),
        ("search { estimator = rloo ¦ }", SEARCH_KEYS),
    ],
)
def test_exactly_what_is_offered(marked: str, expected: list[str] | None) -> None:
    found = labels(marked)
    if expected is None:
        assert {"sum", "mean", "relu"} <= set(found) and "conv" not in found
    else:
        assert found == expected


def test_names_stay_while_the_text_does_not_parse() -> None:
    before = around("let deep = 3")
    assert "deep" in labels(around("let deep = 3\n  let b = (d¦").replace("}", ""), before)


def test_ops_come_with_signature_and_summary() -> None:
    items = complete(*opened(around("edge image -> h[1] : ¦")))
    (conv,) = [item for item in items if item.label == "conv"]
    assert conv.detail.startswith("conv(channels: int, kernel: ")
    assert conv.text.startswith("Convolution")
