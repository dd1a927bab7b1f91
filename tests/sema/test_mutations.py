"""Whatever is done to a spec, the front end answers with diagnostics, never with an exception.

`python tests/sema/test_mutations.py 50000` runs it longer than the test does.
"""

from __future__ import annotations

import random
import re
import sys
import time
from pathlib import Path

import pytest

from bsnc.diagnostics import Diagnosed, Source, render_concise, render_full
from bsnc.sema import Overrides, analyse
from bsnc.syntax import format_source

ROOT = Path(__file__).parents[2]
SPECS = [*sorted((ROOT / "specs").glob("*.bsn")), *sorted((ROOT / "tests" / "golden").rglob("*.bsn"))]
HEAVY = {"too_deep", "endless_loop", "too_many_edges"}
"""Files that take long whatever is done to them: they would crowd out the others."""
SECONDS = 10
SLOW = 6.0
TOKEN = re.compile(r'"[^"\n]*"|\w+|->|\.\.|[<>=!]=|\s+|.', re.DOTALL)
WORDS = [
    *("network", "node", "edge", "fixed", "for", "in", "if", "else", "let", "block", "budget", "train", "data"),
    *("0", "1", "-1", "2", "9", "1e9", "1e400", "0.5", "10^18", "50%", "8MB", "3ms", "1_0", '"text"', "true"),
    *("conv", "relu", "flatten", "linear", "sum", "max", "len", "log2", "image", "logits", "sgd", "x", "é", "一"),
    *("(", ")", "[", "]", "{", "}", "|", "->", "..", "=", "==", "<=", ":", ";", ",", "+", "*", "/", "%", "^", "@"),
    *("cell", "gate", "choice", "none", "repeat", "input", "output", "import", "extern", "with", "concat", "mean", "v"),
    *("\n", "\t", "\r", '"', "#", "'", "&", "\\", "$", "\0", "\u200b", "\U0001f980"),
]


def mutate(text: str, pick: random.Random) -> str:
    """One to four edits: of a character, or of a token."""
    for _ in range(pick.choice((1, 1, 1, 2, 2, 3, 4))):
        parts = list(text) if pick.random() < 0.25 else TOKEN.findall(text)
        if not parts:
            return pick.choice(WORDS)
        at, other = pick.randrange(len(parts)), pick.randrange(len(parts))
        match pick.randrange(6):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, parts[other])
            case 2:
                parts[at], parts[other] = parts[other], parts[at]
            case 3:
                parts[at] = pick.choice(WORDS)
            case 4:
                parts.insert(at, pick.choice(WORDS))
            case _:
                del parts[at : at + pick.randrange(20)]
        text = "".join(parts)
    return text


def survives(text: str, overrides: Overrides | None = None) -> None:
    """Analysis ends, soon, with a program or with an error; every diagnostic can be shown."""
    started = time.process_time()
    analysis = analyse(Source("mutant.bsn", text), overrides)
    seconds = time.process_time() - started
    for diagnostic in analysis.diagnostics:
        assert render_concise(diagnostic) and render_full(diagnostic)
    errors = [d for d in analysis.diagnostics if d.severity == "error"]
    assert not (analysis.programs and errors)
    assert errors or len(analysis.programs) == len(analysis.networks)
    assert seconds < SLOW, f"{seconds:.1f} s"
    try:
        laid_out = format_source(Source("mutant.bsn", text))
    except Diagnosed:
        return
    assert format_source(Source("mutant.bsn", laid_out)) == laid_out


def run(cases: int, seed: int, seconds: float) -> int:
    pick = random.Random(seed)
    texts = [
        path.read_text(encoding="utf-8") for path in SPECS if path.stem not in HEAVY and path.parent.name != "files"
    ]
    end = time.monotonic() + seconds
    for case in range(cases):
        if time.monotonic() > end:
            return case
        text = mutate(pick.choice(texts), pick)
        try:
            survives(text)
        except Exception as error:
            error.add_note(f"case {case} of seed {seed}:\n{text}")
            raise
    return cases


@pytest.mark.parametrize("seed", [1, 2])
def test_mutants_of_specs(seed: int) -> None:
    assert run(2_000, seed, SECONDS / 2) > 20  # a busy machine tries few


if __name__ == "__main__":
    print(run(int(sys.argv[1]), int(time.time()), 3600), "cases")
