"""Sizes, choices and macros in specs."""

from __future__ import annotations

import pytest

from bsnc.ir import module_text
from tests.sema.support import around, diagnostics, errors, graph


def edge(module: str, names: str = "") -> str:
    """A spec with an edge that carries this module and then makes a vector of what it delivers."""
    return around(f"{names}\n  node h\n  edge image -> h : {module}\n  edge h -> logits : flatten | linear(10)")


def module(text: str, names: str = "") -> str:
    return module_text(graph(edge(text, names)).edges[0].module)


def message(text: str) -> str:
    return "; ".join(f"{d.message} {d.help or ''}".strip() for d in diagnostics(text) if d.severity == "error")


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("conv(4, [1, 7])", "conv(channels = 4, kernel = [1, 7])"),
        ("conv(4, [2 + 1, 1], stride = [1, 2])", "conv(channels = 4, kernel = [3, 1], stride = [1, 2])"),
        ("conv(4, 3, padding = valid)", "conv(channels = 4, kernel = 3, padding = valid)"),
        ('conv(4, 3, padding = "valid")', "conv(channels = 4, kernel = 3, padding = valid)"),
        ("upsample(2, bilinear)", "upsample(factor = 2, mode = bilinear)"),
        ("dropout(25%)", "dropout(p = 0.25)"),
        ("dropout(1)", "dropout(p = 1.0)"),
    ],
)
def test_sizes_and_choices_are_bound(text: str, bound: str) -> None:
    assert module(text) == bound


def test_a_macro_stands_for_other_ops() -> None:
    written = "depthwise_conv([3, 1], stride = 2, bias = false) | conv(16, 1, bias = false)"
    assert module("separable_conv(16, [3, 1], stride = 2, bias = false) | relu") == module(f"{written} | relu")


@pytest.mark.parametrize(
    ("text", "code", "part"),
    [
        ("conv(4, [3, 0])", "BSN209 [3, 0]", "at least 1, not [3, 0]"),
        ("conv(4, [])", "BSN206 []", "an int or a list of ints"),
        ("conv(4, [3, 1.5])", "BSN206 [3, 1.5]", "not the list [3, 1.5]"),
        ("conv(4, 3, groups = [1, 1])", "BSN206 [1, 1]", "must be an int, not"),
        ("dropout(1.5)", "BSN209 1.5", "at least 0 and at most 1, not 1.5"),
        ("upsample(2, mode = bilinaer)", "BSN211 bilinaer", "did you mean `bilinear`?"),
        ("upsample(2, mode = 3)", "BSN211 3", "one of `bilinear`, `linear`, `nearest`"),
        ("upsample(2, mode = 3MB)", "BSN211 3MB", "one of `bilinear`, `linear`, `nearest`"),
        ('conv(4, 3, padding = "same")', 'BSN211 "same"', "one of `half`, `valid`"),
        ("conv(4, [3])", "BSN214 conv(4, [3])", "has 1 items in `kernel`"),
        ("upsample(2, mode = linear)", "BSN214 upsample(2, mode = linear)", "`mode = bilinear`, not `linear`"),
        ("conv_transpose(4, 2, stride = 3)", "BSN214 conv_transpose(4, 2, stride = 3)", "a kernel of at least"),
        ("conv_transpose(4, 2)", "BSN214 conv_transpose(4, 2)", "an odd kernel"),
        ("adaptive_avg_pool(3)", "BSN214 adaptive_avg_pool(3)", "3 is no divisor"),
        ("group_norm(2)", "BSN214 group_norm(2)", "divisible by groups = 2"),
        ("separable_conv(4, [3])", "BSN214 separable_conv(4, [3])", "`depthwise_conv` has 1 items"),
    ],
)
def test_what_fits_no_parameter_is_said(text: str, code: str, part: str) -> None:
    assert errors(edge(text)) == [code]
    assert part in message(edge(text))


def test_a_choice_may_be_given_by_a_name_that_is_visible() -> None:
    names = '  let how = "bilinear"\n  block up(mode) = upsample(2, mode = mode)'
    assert module("upsample(2, mode = how)", names) == module("up(how)", names) == module("upsample(2, bilinear)")
    number = edge("upsample(2, mode = nearest)", "  let nearest = 3")
    assert errors(number) == ["BSN211 nearest"]
