"""Sections and budgets: values that arrive, values that are refused, values from outside."""

from __future__ import annotations

import pytest

from bsnc.diagnostics import Source
from bsnc.ir import (
    Budget,
    CostKey,
    Crop,
    Digits,
    ExternData,
    Flip,
    Hub,
    Npz,
    Program,
    Sgd,
    Step,
    dump_program,
    load_program,
)
from bsnc.ops import ExternFacts
from bsnc.sema import Analysis, Overrides, analyse
from tests.sema.support import analysed, around, errors, program

PLAIN = around("")


def with_sections(text: str) -> Program:
    return program(PLAIN + text)


def test_defaults_where_nothing_is_written() -> None:
    assert with_sections("train { } search { }").train == program(PLAIN).train == Program.model_fields["train"].default


def test_values_arrive() -> None:
    found = with_sections(
        "search { estimator = reinforce  init = 90%  lambda = 1e-7  warmup = 2 * 3 }"
        "train { epochs = 300  optimizer = sgd(0.2, momentum = 0.5)  schedule = step(at = [150, 225], by = 0.1) }"
        'data { source = hub("uoft-cs/cifar10")  augment = [crop(4), flip] }'
    )
    assert (found.search.estimator, found.search.init, found.search.penalty) == ("reinforce", 0.9, 1e-7)
    assert found.search.warmup == 6
    assert found.train.optimizer == Sgd(lr=0.2, momentum=0.5)
    assert found.train.schedule == Step(at=(150, 225), by=0.1)
    assert found.data.source == Hub(path="uoft-cs/cifar10")
    assert found.data.augment == (Crop(padding=4), Flip())


def test_keys_of_data_arrive() -> None:
    data = with_sections('data { source = npz("d.npz")  input = img  label = "y"  test = 10%  size = [8, 2 * 4] }').data
    assert (data.source, data.input, data.label, data.test, data.size) == (Npz(path="d.npz"), "img", "y", 0.1, (8, 8))
    assert with_sections("data { input = [a, b] }").data.input == ("a", "b")


def _allowed(text: str) -> Analysis:
    """What is found where code of one's own may run; sections never do."""

    def probe(*_: object) -> ExternFacts:
        raise AssertionError("code was run")

    return analyse(Source("t.bsn", text), Overrides(), probe=probe)


def test_data_of_ones_own_are_a_function_and_plain_arguments() -> None:
    text = PLAIN + 'data { source = extern "own.readers:ramps"(count = 2 * 3, parts = [1, 2], name = "a") }'
    (found,) = _allowed(text).programs.values()
    arguments = {"count": 6, "parts": (1, 2), "name": "a"}
    assert found.data.source == ExternData(function="own.readers:ramps", arguments=arguments)
    assert load_program(dump_program(found)) == found


@pytest.mark.parametrize(
    ("source", "code"),
    [('extern "readers"()', "BSN206"), ('extern "a:b"(3)', "BSN205"), ('extern "a:b"() with (flops = 1)', "BSN205")],
)
def test_data_of_ones_own_that_are_refused(source: str, code: str) -> None:
    found = _allowed(f"{PLAIN} data {{ source = {source} }}")
    assert [d.code for d in found.diagnostics if d.severity == "error"] == [code]


def test_kinds_without_arguments_need_no_parentheses() -> None:
    for text in ("digits", "digits()"):
        assert with_sections(f"data {{ source = {text} }}").data.source == Digits()


def test_a_range_is_a_list() -> None:
    assert with_sections("train { schedule = step(at = 3..6) }").train.schedule == Step(at=(3, 4, 5))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train { epoch = 1 }", ["BSN210 epoch"]),
        ("train { epochs = 1 epochs = 2 }", ["BSN210 epochs"]),
        ("train { } train { }", ["BSN210 train"]),
        ('train { epochs = "3" }', ['BSN211 "3"']),
        ("train { epochs = true }", ["BSN211 true"]),
        ("train { epochs = 2.5 }", ["BSN211 2.5"]),
        ("train { epochs = sgd }", ["BSN211 sgd"]),
        ("search { lambda = 0 }", ["BSN211 0"]),
        ("search { lambda = never }", ["BSN211 never"]),
        ("search { estimator = sgd }", ["BSN211 sgd"]),
        ("train { optimizer = step(at = [1]) }", ["BSN211 step(at = [1])"]),
        ("train { optimizer = sgd(lr = 0, momentum = 2) }", ["BSN211 0", "BSN211 2"]),
        ("train { optimizer = sgd(lr = sgd(lr = sgd)) }", ["BSN211 sgd(lr = sgd)"]),
        ("train { optimizer = sgd(kind = 3) }", ["BSN205 kind"]),
        ("train { schedule = step }", ["BSN204 step"]),
        ("train { schedule = step(at = [3, -1, x]) }", ["BSN211 -1", "BSN211 x"]),
        ("data { augment = [crop(1), nope, flip, crop] }", ["BSN211 nope", "BSN204 crop"]),
        ("data { augment = [[flip]] }", ["BSN211 [flip]"]),
        ("data { augment = flip }", ["BSN211 flip"]),
        ("train { epochs = 3ms }", ["BSN207 3ms"]),
        ("train { epochs = 1 / 0 batch_size = nope + 1 }", ["BSN209 1 / 0", "BSN201 nope"]),
    ],
)
def test_what_is_refused(text: str, expected: list[str]) -> None:
    assert errors(PLAIN + text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train { epochs = 0 }", "`epochs` must be an int of at least 1, not `0`"),
        ("search { init = 1 }", "`init` must be a number above 0 and below 1, not `1`"),
        ("search { lambda = x }", "`lambda` must be a number above 0 or `auto`, not `x`"),
        ("data { source = digits(5) }", "`test` of `digits` must be an int from 10 to 1700, not `5`"),
        (
            "data { source = x }",
            "`source` must be `digits(…)`, `hub(…)`, `parquet(…)`, `image_folder(…)`, `npz(…)` or "
            '`extern "…"(…)`, not `x`',
        ),
        ("data { size = [8] }", "`size` must be a list of 2, each item an int of at least 1, not `[8]`"),
        ("data { input = 3 }", "`input` must be a string or a list of at least 1, each item a string, not `3`"),
        ("data { label = [] }", "`label` must be a string or a list of at least 1, each item a string, not `[]`"),
        ('data { source = extern "a:b"() }', "data of one's own is not allowed"),
        (
            "data { augment = x }",
            "`augment` must be a list, each item `crop(…)`, `flip`, `cutout(…)`, `jitter(…)` or `mixup(…)`, not `x`",
        ),
        ("train { optimizer = sgd(nesterov = 1) }", "`nesterov` of `sgd` must be `true` or `false`, not `1`"),
        ("data { source = hub(3) }", "`path` of `hub` must be a string, not `3`"),
    ],
)
def test_messages_say_what_this_key_accepts(text: str, message: str) -> None:
    (found,) = analysed(PLAIN + text).diagnostics
    assert found.message == message


# ---- budgets ----


def test_budgets() -> None:
    text = "budget flops <= 1.5M budget params <= 20% of max budget flops(count = veniat2018) <= 2 * 10^3"
    assert with_sections(text).budgets == (
        Budget(cost=CostKey(name="flops"), bound=1_500_000),
        Budget(cost=CostKey(name="params"), bound=0.2, of_max=True),
        Budget(cost=CostKey(name="flops", options=(("count", "veniat2018"),)), bound=2000),
    )


def test_a_default_option_is_the_plain_cost() -> None:
    assert errors(PLAIN + "budget flops <= 1 budget flops(count = executed) <= 2") == [
        "BSN202 budget flops(count = executed) <= 2"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("budget flop <= 1", ["BSN212 flop"]),
        ("budget flops <= 0", ["BSN209 0"]),
        ("budget flops <= -1", ["BSN209 -1"]),
        ("budget flops <= 0% of max", ["BSN209 0%"]),
        ("budget flops <= 3 of max", ["BSN207 3"]),
        ("budget flops <= 8MB", ["BSN207 8MB"]),
        ('budget flops <= "many"', ['BSN207 "many"']),
        ("budget flops <= layers", ["BSN201 layers"]),
        ("budget flops(count = x) <= 1", ["BSN211 x"]),
        ("budget flops(count = 3) <= 1", ["BSN211 3"]),
        ("budget flops(x = 3) <= 1", ["BSN205 x"]),
        ("budget flops(3M) <= 1", ["BSN211 3M"]),
        ("budget flops <= 1 budget flops <= 2", ["BSN202 budget flops <= 2"]),
    ],
)
def test_budgets_that_are_refused(text: str, expected: list[str]) -> None:
    assert errors(PLAIN + text) == expected


# ---- from outside ----

NETWORK = """network n(count: int = 2, share: float = 0.5, on: bool = true, name: str = "a", widths: list[int] = [4]) {
  input x: float[3]
  output y: float[4]
  let unused = [share, on, name, count]
  edge x -> y : linear(widths[0])
}
train { epochs = 3 batch_size = 8 }
budget flops <= 50% of max
"""


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("count=7", "count", 7),
        (" count = 2 ^ 3 ", "count", 8),
        ("share=1", "share", 1.0),
        ("share=25%", "share", 0.25),
        ("on=false", "on", False),
        ('name="b"', "name", "b"),
        ("widths=[4, 5]", "widths", (4, 5)),
        ("widths=4..7", "widths", (4, 5, 6)),
    ],
)
def test_parameters_are_set(setting: str, name: str, value: object) -> None:
    found = program(NETWORK, setting).settings[name]
    assert found == value and type(found) is type(value)


def test_entries_of_sections_are_set_or_added_and_the_last_wins() -> None:
    found = program(NETWORK, "train.epochs=5", "train.fine_tune=1", "train.epochs=6", "search.estimator=reinforce")
    assert (found.train.epochs, found.train.batch_size, found.train.fine_tune) == (6, 8, 1)
    assert found.search.estimator == "reinforce"


@pytest.mark.parametrize(
    "setting",
    [
        *("count=1.5", "count=x", "count=relu", 'count="3"', "count=[1]", "count=true", "share=3ms", "on=1", "name=3"),
        *(
            "widths=3",
            "widths=[1.5]",
            "widths=0..10^12",
            "counts=3",
            "count",
            "count=",
            "=3",
            "",
            "count=1 +",
            "count=(",
        ),
        *(
            "train.epoch=3",
            "trian.epochs=3",
            "train.epochs=0",
            "train.epochs=x",
            "train.=3",
            ".epochs=3",
            "train.epochs",
        ),
        *("data.source=nope", 'data.source="digits"', "a.b.c=3", "count=1/0", "count=10^30", "train.epochs=count"),
    ],
)
def test_settings_that_are_refused(setting: str) -> None:
    """Each is one fault of the command line, exit status 2."""
    analysis = analysed(NETWORK, (setting,))
    assert analysis.program is None
    assert [(d.code, d.exit_status) for d in analysis.diagnostics if d.severity == "error"] == [("BSN004", 2)]


@pytest.mark.parametrize(
    ("budget", "expected"),
    [
        ("flops=30M", [Budget(cost=CostKey(name="flops"), bound=30_000_000)]),
        ("flops<=30M", [Budget(cost=CostKey(name="flops"), bound=30_000_000)]),
        (" flops <= 30M ", [Budget(cost=CostKey(name="flops"), bound=30_000_000)]),
        ("flops=20% of max", [Budget(cost=CostKey(name="flops"), bound=0.2, of_max=True)]),
        (
            "flops(count = veniat2018)=400M",
            [
                Budget(cost=CostKey(name="flops"), bound=0.5, of_max=True),
                Budget(cost=CostKey(name="flops", options=(("count", "veniat2018"),)), bound=400_000_000),
            ],
        ),
        (
            "params<=1k",
            [
                Budget(cost=CostKey(name="flops"), bound=0.5, of_max=True),
                Budget(cost=CostKey(name="params"), bound=1000),
            ],
        ),
    ],
)
def test_budgets_from_outside_replace_or_are_added(budget: str, expected: list[Budget]) -> None:
    found = analysed(NETWORK, budgets=(budget,)).program
    assert found is not None and list(found.budgets) == expected


@pytest.mark.parametrize(
    "budget",
    [
        *(
            "",
            "flops",
            "flops=",
            "=30M",
            "flops>=30M",
            "flops==30M",
            "flops<30M",
            "flop=30M",
            "flops=30MB",
            "flops=30ms",
        ),
        *("flops=0", "flops=-1", "flops=x", "flops=20% of", "flops=1 of max", "flops=20% of max of max", "flops(=3"),
        *("flops(count = x)=3", "flops=3 network n() { }", "flops=3; train { }", "flops=1e400", 'flops="a"'),
    ],
)
def test_budgets_from_outside_that_are_refused(budget: str) -> None:
    analysis = analysed(NETWORK, budgets=(budget,))
    assert analysis.program is None
    assert [(d.code, d.exit_status) for d in analysis.diagnostics if d.severity == "error"] == [("BSN004", 2)]


def test_several_mistakes_of_the_command_line_are_reported_together() -> None:
    analysis = analysed(NETWORK, ("counts=1", "share=x", "train.epoch=3"))
    assert [d.code for d in analysis.diagnostics] == ["BSN004"] * 3
