"""A run that is stopped, anywhere, goes on and ends as if it had not been, byte for byte."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bsnc.data import Split, load_data
from bsnc.diagnostics import Diagnosed, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Program
from bsnc.train import Silent, Stopped, resume_program, staged, train_program
from tests.train.test_run import contents, metrics

SPEC = """
network tiny(c: int = 2) {
  input image: float[1, 8, 8]
  output logits: float[10]
  block unit = conv(c, 3) | batch_norm | relu | dropout(20%)
  node h[3] = sum
  fixed edge image -> h[0] : unit
  for i in 1..3, k in [1, 3] { edge h[i-1] -> h[i] : conv(c, k) | batch_norm | dropout(10%) }
  for i in 1..3 { edge h[i-1] -> h[i] : identity }
  fixed edge h[2] -> logits : global_avg_pool | flatten | linear(10)
}
budget flops <= 60% of max
train { epochs = 2  fine_tune = 2  batch_size = 256  optimizer = sgd(lr = 0.05, nesterov = true) }
data { augment = [crop(1)] }
"""


@dataclass
class After:
    """Asks to stop after so many questions; without a number never. Counts them."""

    number: int | None = None
    asked: int = field(default=0)

    def __call__(self) -> bool:
        self.asked += 1
        return self.asked == self.number


@dataclass
class Case:
    program: Program
    whole: Path
    questions: int


SETTINGS = {
    "staged": ("search.evaluations=25",),
    "joint": ("search.mode=joint", "search.warmup=1"),
    "apart": (  # gates learn from examples of their own; in the second epoch they are frozen, but for those that moved
        "search.mode=joint",
        "search.split=40%",
        "search.warmup=0",
        "search.tighten=0",
        "search.init=0.992",
        "search.freeze=1",
    ),
}


@pytest.fixture(scope="module", params=[*SETTINGS])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    path = tmp_path_factory.mktemp("spec") / "tiny.bsn"
    path.write_text(SPEC, encoding="utf-8")
    program = load_program(path, Overrides(SETTINGS[request.param]))[0]
    whole, count = tmp_path_factory.mktemp("whole"), After()
    result = train_program(program, [Source("s.bsn", SPEC)], whole, 3, Silent(), stop=count)
    assert (result.verdict.frozen_gates > 0) == (request.param == "apart")
    return Case(program, whole, count.asked)


def run_in_pieces(case: Case, directory: Path, pieces: Callable[[int], int]) -> int:
    """Stop after `pieces(n)` questions of the n-th piece, resume, until done. Gives the number of stops."""
    stops = 0
    start: Callable[[After], object] = lambda stop: train_program(  # noqa: E731
        case.program, [Source("s.bsn", SPEC)], directory, 3, Silent(), stop=stop
    )
    while True:
        try:
            start(After(pieces(stops)))
        except Stopped:
            stops += 1
            start = lambda stop: resume_program(directory, Silent(), stop=stop)  # noqa: E731
        else:
            return stops


def differences(one: Path, other: Path) -> list[str]:
    """Files in which two runs differ, but for those that go when a run is over."""
    files, others = contents(one), contents(other)
    names = [n for n in files | others if files.get(n) != others.get(n) and not n.startswith("checkpoints")]
    return names if metrics(one) == metrics(other) else [*names, "metrics.jsonl"]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4, 0.55, 0.7, 0.8, 0.95, 1.0])
def test_one_stop_anywhere(case: Case, tmp_path: Path, share: float) -> None:
    after = 1 + round(share * (case.questions - 1))
    assert run_in_pieces(case, tmp_path, lambda n: after if n == 0 else 10**9) == 1
    assert not differences(tmp_path, case.whole)


def test_a_stop_after_every_third_step(case: Case, tmp_path: Path) -> None:
    assert run_in_pieces(case, tmp_path, lambda _: 3) >= case.questions // 3 - 1
    assert not differences(tmp_path, case.whole)


def test_what_a_killed_process_leaves_half_done_does_not_matter(case: Case, tmp_path: Path) -> None:
    """Rows of an epoch that is not in the checkpoint, half a row, half a file."""
    with pytest.raises(Stopped):
        train_program(case.program, [Source("s.bsn", SPEC)], tmp_path, 3, Silent(), stop=After(6))
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"phase": "search", "epoch": 1, "loss": 7.0}\n{"phase": "sea')
    for directory in (tmp_path, tmp_path / "checkpoints"):
        (directory / ".ir.json.abc.part").write_bytes(b"half")
    resume_program(tmp_path, Silent())
    assert not differences(tmp_path, case.whole)


def test_evaluations_that_were_kept_are_not_made_again(case: Case, tmp_path: Path, monkeypatch) -> None:
    if case.program.search.mode == "joint":
        pytest.skip("a joint search makes none")
    monkeypatch.setattr(staged, "KEEP_EVERY", 0.0)
    steps = 2 * ((1347 - round(0.15 * 1347)) // 256)
    with pytest.raises(Stopped):
        train_program(case.program, [Source("s.bsn", SPEC)], tmp_path, 3, Silent(), stop=After(steps + 10))
    count = After()
    resume_program(tmp_path, Silent(), stop=count)
    assert count.asked == case.questions - steps - 10
    assert not differences(tmp_path, case.whole)


def test_a_checkpoint_of_another_run_is_refused(case: Case, tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("other", 4)):
        (tmp_path / name).mkdir()
        with pytest.raises(Stopped):
            train_program(case.program, [Source("s.bsn", SPEC)], tmp_path / name, seed, Silent(), stop=After(2))
    kept = "checkpoints/search.safetensors"
    (tmp_path / "one" / kept).write_bytes((tmp_path / "other" / kept).read_bytes())
    with pytest.raises(Diagnosed) as caught:
        resume_program(tmp_path / "one", Silent())
    assert [(d.code, d.message) for d in caught.value.diagnostics] == [("BSN503", "it belongs to another run")]


def test_data_that_have_changed_are_refused(case: Case, tmp_path: Path) -> None:
    """As many examples as before, but two of another class; also where a run was begun by an older version."""
    with pytest.raises(Stopped):
        train_program(case.program, [Source("s.bsn", SPEC)], tmp_path, 3, Silent(), stop=After(2))
    data = load_data(case.program.data, case.program.graph)
    labels = data.train.targets.clone()
    labels[:2] = 9 - labels[:2]
    other = replace(data, train=Split(data.train.inputs, labels))
    with pytest.raises(Diagnosed, match="their examples are others") as caught:
        resume_program(tmp_path, Silent(), dataset=other)
    assert caught.value.diagnostics[0].code == "BSN501"
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({k: v for k, v in config.items() if k != "data_sha256"}))
    with pytest.raises(Stopped):
        resume_program(tmp_path, Silent(), dataset=other, stop=After(1))
