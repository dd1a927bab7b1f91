"""Shared by all tests: the command line run in-process, a small trained run, the option that rewrites goldens."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]

TINY = """network tiny(channels: int = 2) {
  input  image:  float[1, 8, 8]
  output logits: float[10]
  node h = sum | relu
  fixed edge image -> h : conv(channels, 3) | batch_norm
  fixed edge h -> logits : flatten | linear(10)
}
budget flops <= 99% of max
search { evaluations = 10 }
train  { epochs = 1  fine_tune = 1 }
"""


@dataclass(frozen=True)
class Run:
    """What a call of `bsnc` left behind."""

    exit: int
    stdout: str
    stderr: str


Bsnc = Callable[..., Run]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite tests/golden/**/*.golden")


@pytest.fixture(scope="session")
def repository() -> Path:
    return REPOSITORY


@pytest.fixture(scope="session")
def bsnc() -> Bsnc:
    """`bsnc("check", "a.bsn", cwd=…)`: the real entry point, in this process, its streams captured."""

    def call(*arguments: str | Path, cwd: Path | None = None) -> Run:
        from bsnc.cli import main

        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
            patch.setattr(sys, "argv", ["bsnc", *map(str, arguments)])
            patch.setenv("COLUMNS", "100")
            patch.delenv("BSNC_TRACEBACK", raising=False)
            if cwd is not None:
                patch.chdir(cwd)
            stack.enter_context(contextlib.redirect_stdout(out))
            stack.enter_context(contextlib.redirect_stderr(err))
            try:
                main()
                status = 0
            except SystemExit as end:
                status = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Run(status, out.getvalue(), err.getvalue())

    return call


@pytest.fixture(scope="session")
def tiny_run(bsnc: Bsnc, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `tiny.bsn`, `run/`, what `bsnc train` made of it in one epoch, and `train.json`, what it printed.

    Not to be written to. The network has no gate, so its architecture and costs are the same on every machine.
    """
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.bsn").write_text(TINY, encoding="utf-8")
    trained = bsnc("train", "tiny.bsn", "-o", "run", "--budget", "flops=3k", "--json", cwd=folder)
    assert trained.exit == 0, trained.stderr
    (folder / "train.json").write_text(trained.stdout, encoding="utf-8")
    return folder
