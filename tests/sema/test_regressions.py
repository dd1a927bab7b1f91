"""What once went wrong, and must not again."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bsnc.diagnostics import Source
from bsnc.driver import Overrides, check_spec
from bsnc.sema import analyse
from tests.sema.support import around


def codes(text: str) -> list[str]:
    return [d.code for d in analyse(Source("t.bsn", text)).diagnostics if d.severity == "error"]


@pytest.mark.parametrize("count", [28, 30, 50])
def test_ops_of_one_imported_file_are_never_those_of_another(tmp_path: Path, count: int) -> None:
    """They were remembered by identities of syntax trees that were gone."""
    for name, op in (("f", "relu"), ("g", "tanh")):
        lines = "\n".join(f"let {name}{i} = {op}" for i in range(count))
        (tmp_path / f"{name}.bsn").write_text(lines, encoding="utf-8")
    chain = " | ".join(f"{name}{i}" for name in "fg" for i in range(count))
    spec = around(f"edge image -> logits : {chain} | flatten | linear(10)")
    (tmp_path / "main.bsn").write_text(f'import "f.bsn"\nimport "g.bsn"\n{spec}', encoding="utf-8")
    program = check_spec(tmp_path / "main.bsn").program
    assert program is not None
    ops = [call.op for call in program.graph.edges[0].module]
    assert ops == ["relu"] * count + ["tanh"] * count + ["flatten", "linear"]


def test_gates_declared_in_a_loop_are_others_in_each_iteration() -> None:
    loop = "for i in 1..3 { gate g edge h[i-1] -> h[i] : relu @ g edge h[i-1] -> h[i] : identity @ g }"
    program = analyse(
        Source("t", around(f"node h[3] edge image -> h[0] : relu {loop} edge h[2] -> logits : flatten | linear(10)"))
    ).program
    assert program is not None
    assert [edge.gate for edge in program.graph.edges[1:5]] == ["g", "g", "g#1", "g#1"]


def doubling(names: str, first: str, count: int = 60) -> str:
    lines = [f"let {n}0 = {first}" for n in names]
    return "\n".join([*lines, *(f"let {n}{i} = [{n}{i - 1}, {n}{i - 1}]" for i in range(1, count) for n in names)])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"{doubling('ab', '1')}\nblock f(x in [b59]) = relu\nedge image -> logits : f(a59)", ["BSN209"]),
        ("cell c(m) { node v input v output v }\nlet a = c(1)\nlet b = c(1)\nlet x = a == b", ["BSN206"]),
        ("edge image -> logits : choice { for k in 0..10^9 { relu } }", ["BSN213"]),
    ],
)
def test_comparisons_and_choices_take_no_more_time_than_they_need(body: str, expected: list[str]) -> None:
    started = time.process_time()
    assert codes(around(body)) == expected
    assert time.process_time() - started < 5


def test_a_mistake_in_a_block_that_two_networks_use_is_one_mistake() -> None:
    network = "network NAME() { input x: float[3, 8, 8] output y: float[3, 8, 8] edge x -> y : b }\n"
    assert codes("block b = conv(0, 3)\n" + network.replace("NAME", "one") + network.replace("NAME", "two")) == [
        "BSN209"
    ]


@pytest.mark.parametrize("kind", ["a link to itself", "a pipe"])
def test_what_is_no_file_is_not_imported(tmp_path: Path, kind: str) -> None:
    if kind == "a pipe":
        os.mkfifo(tmp_path / "x.bsn")
    else:
        (tmp_path / "x.bsn").symlink_to("x.bsn")
    (tmp_path / "main.bsn").write_text('import "x.bsn"', encoding="utf-8")
    assert [d.code for d in check_spec(tmp_path / "main.bsn").diagnostics] == ["BSN221"]


def test_a_file_that_comes_by_two_paths_is_one_file(tmp_path: Path) -> None:
    (tmp_path / "lib.bsn").write_text("block b = flatten | linear(10)", encoding="utf-8")
    (tmp_path / "link.bsn").symlink_to("lib.bsn")
    spec = around("edge image -> logits : b")
    (tmp_path / "main.bsn").write_text(f'import "lib.bsn"\nimport "link.bsn"\n{spec}', encoding="utf-8")
    assert check_spec(tmp_path / "main.bsn", Overrides()).diagnostics == []
