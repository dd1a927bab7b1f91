"""Options of section `train` in whole runs, short ones."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from bsnc.diagnostics import Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.train import RunResult, Silent, Stopped, evaluate, resume_program, train_program
from bsnc.train.finish import Mirrored
from tests.train.test_resume import SPEC, After, differences
from tests.train.test_run import metrics

Runs = Callable[..., tuple[Path, RunResult]]
SHORT = ("train.epochs=1", "train.fine_tune=2", "search.evaluations=8")
EVERYTHING = (
    "train.optimizer=muon(lr = 0.01, decay_norms = false)",
    "train.schedule=cosine(floor = 1%, warmup = 10%)",
    "train.clip=1",
    "train.ema=0.9",
    "train.distill=distill(temperature = 2)",
    "train.compare=[inherited, fine_tuned, from_scratch]",
    "train.tta=flip",
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """`runs("train.ema=0.9", …)`: a run with these settings, trained once."""
    spec = tmp_path_factory.mktemp("spec") / "tiny.bsn"
    spec.write_text(SPEC, encoding="utf-8")

    @cache
    def run(*settings: str, number: int = 0) -> tuple[Path, RunResult]:
        program = load_program(spec, Overrides((*SHORT, *settings)))[0]
        directory = tmp_path_factory.mktemp(f"run{number}")
        return directory, train_program(program, [Source("s.bsn", SPEC)], directory, 3, Silent())

    return run


def weights(directory: Path, name: str = "weights") -> dict[str, torch.Tensor]:
    return load_file(directory / f"{name}.safetensors")


def equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[k], other[k]) for k in one)


@pytest.mark.parametrize(
    "setting",
    [
        "train.optimizer=adamw(lr = 0.01)",
        "train.optimizer=muon(lr = 0.01)",
        "train.optimizer=sgd(decay_norms = false)",
        "train.schedule=step(at = [1], warmup = 50%)",
        "train.clip=0.01",
    ],
)
def test_search_and_fine_tuning_learn_by_them(runs: Runs, setting: str) -> None:
    (plain, _), (directory, result) = runs(), runs(setting)
    assert not equal(weights(directory, "search"), weights(plain, "search"))
    assert all(0 < row["loss"] < 4 for row in metrics(directory)) and result.test.main > 0.05


@pytest.mark.parametrize("setting", ["train.ema=0.9", "train.distill=distill"])
def test_only_the_final_network_knows_of_averages_and_teachers(runs: Runs, setting: str) -> None:
    (plain, _), (directory, _) = runs(), runs(setting)
    assert equal(weights(directory, "search"), weights(plain, "search"))
    assert not equal(weights(directory), weights(plain))


def test_an_average_that_forgets_at_once_is_the_last_step(runs: Runs) -> None:
    (plain, _), (directory, _) = runs(), runs("train.ema=1e-12")
    assert equal(weights(directory), weights(plain))


def test_what_is_compared_changes_nothing(runs: Runs) -> None:
    (plain, expected), (directory, found) = runs(), runs("train.compare=[from_scratch]")
    assert equal(weights(directory), weights(plain)) and found.test == expected.test
    assert [*found.final.compared] == ["fine_tuned", "from_scratch"] and not expected.final.compared
    rows = [(row["phase"], row["epoch"]) for row in metrics(directory)]
    assert rows == [("search", 0), ("fine-tune", 0), ("fine-tune", 1), *(("from-scratch", i) for i in range(3))]


def test_from_scratch_is_the_same_whether_compared_or_exported(runs: Runs) -> None:
    _, compared = runs("train.compare=[from_scratch]")
    directory, exported = runs("train.final=from_scratch")
    assert exported.test == compared.final.compared["from_scratch"] == evaluate(exported.network, exported.dataset)
    assert exported.inherited == compared.inherited and exported.architecture == compared.architecture
    assert [row["phase"] for row in metrics(directory)] == ["search", *3 * ["from-scratch"]]


def test_mirrored_inputs_are_a_number_of_their_own(runs: Runs) -> None:
    (_, plain), (_, result) = runs(), runs("train.tta=flip")
    assert result.test == plain.test and plain.final.mirrored is None
    assert result.final.mirrored == evaluate(Mirrored(result.network), result.dataset) != result.test


def test_mirrored_outputs_are_averaged_and_images_mirrored_back() -> None:
    images = torch.rand(2, 1, 3, 3)
    assert torch.allclose(Mirrored(nn.Identity())(images), images)
    columns = nn.Sequential(nn.Flatten(), nn.Linear(9, 2))
    expected = (columns(images) + columns(images.flip(3))) / 2
    assert torch.allclose(Mirrored(columns)(images), expected)


def test_everything_at_once_is_fixed_by_the_seed(runs: Runs) -> None:
    (one, first), (other, second) = runs(*EVERYTHING), runs(*EVERYTHING, number=1)
    assert not differences(one, other)
    assert first.final.compared == second.final.compared and first.final.mirrored == second.final.mirrored


@pytest.mark.parametrize("pause", [4, 9])
def test_everything_at_once_goes_on_after_stops(runs: Runs, tmp_path: Path, pause: int) -> None:
    whole, expected = runs(*EVERYTHING)
    start = partial(train_program, expected.program, [Source("s.bsn", SPEC)], tmp_path, 3, Silent())
    while True:
        try:
            result = start(stop=After(pause))
        except Stopped:
            start = partial(resume_program, tmp_path, Silent())
        else:
            break
    assert not differences(tmp_path, whole)
    assert result.final.compared == expected.final.compared
