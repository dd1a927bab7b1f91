"""Tasks: losses and metrics by hand, sums of batches that are those of the whole."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from torch import Tensor
from torch.nn import functional

from bsnc.data import Classification, Dataset, Regression, Segmentation, Split, Tally, Task, check_fit, task_of
from bsnc.diagnostics import Diagnosed
from bsnc.ir import METRICS, DataConfig, metrics_in_short, metrics_text
from tests.laws.build import conv, linear, network
from tests.laws.strategies import law


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def batch(kind: str, count: int, seed: int) -> tuple[Task, Tensor, Tensor]:
    """A task, outputs and targets of it."""
    generator = seeded(seed)
    if kind == "class":
        return Classification(), torch.randn(count, 4, generator=generator), torch.arange(count) % 4
    if kind == "mask":
        masks = torch.randint(0, 5, (count, 3, 5), generator=generator)
        return Segmentation(ignore=4), torch.randn(count, 4, 3, 5, generator=generator), masks
    targets = 50 + 7 * torch.randn(count, 3, generator=generator)
    return Regression.of(targets), torch.randn(count, 3, generator=generator), targets


KINDS = ["class", "mask", "value"]


@law(60)
@given(st.sampled_from(KINDS), st.integers(1, 30), st.integers(1, 9), st.integers(0, 99))
def test_batches_add_up_to_the_whole(kind: str, count: int, size: int, seed: int) -> None:
    task, outputs, targets = batch(kind, count, seed)
    whole, parts = Tally(), Tally()
    losses = task.losses(outputs, targets)
    whole.add(task, losses, outputs, targets)
    for start in range(0, count, size):
        rows = slice(start, start + size)
        part = task.losses(outputs[rows], targets[rows])
        assert torch.allclose(part, losses[rows], atol=1e-6)
        parts.add(task, part, outputs[rows], targets[rows])
    assert (parts.examples, parts.steps) == (count, math.ceil(count / size))
    assert parts.mean_loss == pytest.approx(whole.mean_loss, rel=1e-5)
    assert parts.metrics(task) == pytest.approx(whole.metrics(task), rel=1e-9)
    assert next(iter(parts.metrics(task))) == {"class": "accuracy", "mask": "mean_iou", "value": "rmse"}[kind]
    assert parts.metrics(task).keys() <= METRICS.keys()


@law(60)
@given(st.integers(1, 6), st.integers(2, 5), st.one_of(st.none(), st.integers(0, 6)), st.integers(0, 999))
def test_metrics_of_masks_are_those_of_a_loop_over_pixels(count: int, classes: int, ignore: int | None, seed) -> None:
    generator = seeded(seed)
    task = Segmentation(ignore)
    labels = torch.randint(0, max(1, classes - 1), (count, 2, 3), generator=generator)
    if ignore is not None:
        labels[torch.rand(labels.shape, generator=generator) < 0.3] = ignore
    outputs = torch.randn(count, classes, 2, 3, generator=generator)
    pixels = [
        (true, predicted)
        for true, predicted in zip(labels.flatten().tolist(), outputs.argmax(1).flatten().tolist(), strict=True)
        if true != ignore
    ]
    overlaps = []
    for label in range(classes):
        either = [pair for pair in pixels if label in pair]
        if either and label != ignore:
            overlaps.append(sum(pair == (label, label) for pair in either) / len(either))
    found = task.metrics(task.measures(outputs, labels))
    assert found["mean_iou"] == pytest.approx(sum(overlaps) / len(overlaps) if overlaps else 0)
    right = sum(true == predicted for true, predicted in pixels)
    assert found["pixel_accuracy"] == pytest.approx(right / len(pixels) if pixels else 0)
    for i in range(count):
        counted = labels[i] != (-1 if ignore is None else ignore)
        expected = 0.0
        if bool(counted.any()):
            logits, wanted = outputs[i].permute(1, 2, 0)[counted], labels[i][counted]
            expected = float(functional.cross_entropy(logits, wanted, label_smoothing=0.1))
        assert float(task.losses(outputs, labels, 0.1)[i]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32, torch.int64])
def test_labels_may_be_of_any_integer_type(dtype: torch.dtype) -> None:
    for kind in ("class", "mask"):
        task, outputs, targets = batch(kind, 6, 0)
        small = targets.to(dtype)
        assert torch.equal(task.losses(outputs, small), task.losses(outputs, targets))
        assert torch.equal(task.measures(outputs, small), task.measures(outputs, targets))


def test_masks_in_which_nothing_counts_have_no_loss_and_no_gradient() -> None:
    outputs = torch.randn(2, 3, 2, 2, requires_grad=True)
    losses = Segmentation(ignore=7).losses(outputs, torch.full((2, 2, 2), 7))
    losses.sum().backward()
    assert losses.tolist() == [0, 0] and outputs.grad is not None and not outputs.grad.any()


@law(40)
@given(st.integers(2, 40), st.integers(1, 3), st.floats(-1e4, 1e4), st.floats(1e-2, 1e4), st.integers(0, 99))
def test_metrics_of_values_are_those_of_scikit_learn(count, width, mean, std, seed) -> None:
    generator = seeded(seed)
    targets = mean + std * torch.randn(count, width, generator=generator)
    task = Regression.of(mean + 2 * std * torch.randn(50, width, generator=generator))
    outputs = torch.randn(count, width, generator=generator)
    scale, centre = (torch.tensor(numbers, dtype=torch.float64) for numbers in (task.std, task.mean))
    values = (outputs.double() * scale + centre).numpy()
    found = task.metrics(task.measures(outputs, targets))
    y = targets.double().numpy()
    assert found["rmse"] == pytest.approx(math.sqrt(((values - y) ** 2).mean()), rel=1e-5)
    if width == 1:
        assert found["rmse"] == pytest.approx(root_mean_squared_error(y, values), rel=1e-5)
    assert found["mae"] == pytest.approx(mean_absolute_error(y, values), rel=1e-5)
    assert found["r2"] == pytest.approx(r2_score(y, values), rel=1e-4, abs=1e-4)
    standard = (targets - torch.tensor(task.mean)) / torch.tensor(task.std)
    assert torch.allclose(task.losses(outputs, targets), ((outputs - standard) ** 2).mean(1), rtol=1e-4)


def test_values_that_are_all_alike() -> None:
    alike = torch.full((5, 1), 3.25)
    task = Regression.of(alike)
    assert (task.mean, task.std) == ((3.25,), (1.0,))
    assert task.metrics(task.measures(torch.zeros(5, 1), alike)) == {"rmse": 0, "mae": 0, "r2": 1}
    assert task.metrics(task.measures(torch.ones(5, 1), alike)) == {"rmse": 1, "mae": 1, "r2": 0}


def test_the_section_tells_the_task() -> None:
    values = torch.tensor([[1.0], [3.0]])
    assert task_of(DataConfig(), Split(values, values)) == Classification()
    assert task_of(DataConfig(target="mask", ignore=3), Split(values, values)) == Segmentation(3)
    assert task_of(DataConfig(target="value"), Split(values, values)) == Regression((2.0,), (1.0,))


def test_metrics_in_words() -> None:
    assert metrics_text({"accuracy": 0.99111}) == "99.11%"
    assert metrics_text({"mean_iou": 0.612, "pixel_accuracy": 0.9}) == "mean IoU 61.20%, pixel accuracy 90.00%"
    assert metrics_text({"rmse": 3.21456, "mae": 2.5, "r2": 0.87123}) == "RMSE 3.215, MAE 2.5, R² 0.8712"
    row = {"phase": "search", "loss": 0.5, "mean_iou": 0.612, "r2": 0.5, "accuracy": 0.9914}
    assert metrics_in_short(row) == ["mean IoU 61.2%", "R² 0.5", "accuracy 99.1%"]


def data(shape: tuple[int, ...], task: Task, targets: Tensor, names: tuple[str, ...] = ()) -> Dataset:
    split = Split(torch.zeros(len(targets), *shape), targets)
    return Dataset(split, split, names, torch.zeros(shape[0]), torch.ones(shape[0]), task=task)


MASKS, VALUES = torch.zeros(4, 6, 8, dtype=torch.int64), torch.zeros(4, 2)
SEGMENT = network((3, 6, 8), {"y": []}, [("x", "y", [conv(5)])])
REGRESS = network((6,), {"y": []}, [("x", "y", [linear(2)])])


def test_data_that_fit() -> None:
    check_fit(data((3, 6, 8), Segmentation(), MASKS, tuple("abcde")), SEGMENT)
    check_fit(data((3, 6, 8), Segmentation(), MASKS), SEGMENT)
    check_fit(data((6,), Regression.of(VALUES), VALUES), REGRESS)


@pytest.mark.parametrize(
    ("dataset", "graph", "says"),
    [
        (data((3, 6, 8), Segmentation(), MASKS[:, 1:], tuple("abcde")), SEGMENT, "masks of 5×8 pixels of 5 classes"),
        (data((3, 6, 8), Segmentation(), MASKS, tuple("abcd")), SEGMENT, "masks of 6×8 pixels of 4 classes"),
        (data((3, 6, 8), Classification(), MASKS[:, 0, 0], tuple("abcde")), SEGMENT, "5 classes"),
        (data((6,), Regression.of(VALUES), VALUES[:, :1]), REGRESS, "1 value an example"),
        (data((7,), Regression.of(VALUES), VALUES), REGRESS, "rows of shape [7]"),
        (data((6, 9), Classification(), MASKS[:, 0, 0]), REGRESS, "signals of shape [6, 9]"),
    ],
)
def test_data_that_do_not_fit_are_refused(dataset: Dataset, graph, says: str) -> None:
    with pytest.raises(Diagnosed) as caught:
        check_fit(dataset, graph)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN501" and says in diagnostic.message


def test_classes_that_are_too_many_are_named() -> None:
    names = tuple(f"c{i}" for i in range(11))
    with pytest.raises(Diagnosed) as caught:
        check_fit(data((3, 6, 8), Segmentation(), MASKS, names), SEGMENT)
    called = ", ".join(f"`c{i}`" for i in range(10))
    assert caught.value.diagnostics[0].help == f"its classes are called {called}, …"
