"""The data: a fixed, stratified split, and statistics of the training images alone."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from bsnc.data import Dataset, Split, load_data
from bsnc.diagnostics import Diagnosed
from bsnc.ir import DataConfig, Digits, Graph
from tests.laws.build import linear, network


def digits_network(shape: tuple[int, ...] = (1, 8, 8), classes: int = 10) -> Graph:
    return network(shape, {"y": []}, [("x", "y", ["flatten", linear(classes)])])


def digits(test: int = 450) -> Dataset:
    return load_data(DataConfig(source=Digits(test=test)), digits_network())


def rows(split: Split) -> list[bytes]:
    pairs = zip(split.inputs, split.targets, strict=True)
    return [image.numpy().tobytes() + bytes([int(label)]) for image, label in pairs]


@pytest.mark.parametrize("test", [10, 450, 1700])
def test_the_splits_are_disjoint_and_together_are_all_of_the_data(test: int) -> None:
    data = digits(test)
    assert (len(data.train), len(data.test)) == (1797 - test, test)
    bunch = load_digits()
    everything = [
        (image[None] / 16).astype(np.float32).tobytes() + bytes([label])
        for image, label in zip(bunch.images, bunch.target, strict=True)
    ]
    assert len(set(everything)) == 1797
    assert sorted(rows(data.train) + rows(data.test)) == sorted(everything)


def test_every_class_has_its_share_of_the_test_split() -> None:
    data = digits()
    whole = torch.bincount(torch.cat([data.train.targets, data.test.targets]))
    share = torch.bincount(data.test.targets) / whole
    assert (share - 450 / 1797).abs().max() < 0.005


def test_the_split_is_the_same_whatever_the_seeds_are() -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    one = digits()
    torch.manual_seed(2)
    np.random.seed(2)
    other = digits()
    assert torch.equal(one.test.inputs, other.test.inputs) and torch.equal(one.train.targets, other.train.targets)


def test_images_are_float32_from_0_to_1_and_labels_are_classes() -> None:
    data = digits()
    assert data.train.inputs.shape[1:] == (1, 8, 8) and data.train.inputs.dtype == torch.float32
    assert float(data.train.inputs.min()) == 0 and float(data.train.inputs.max()) == 1
    assert data.train.targets.dtype == torch.int64 and set(data.train.targets.tolist()) == set(range(10))
    assert data.class_names == tuple("0123456789")


def test_normalised_training_images_have_mean_0_and_deviation_1_per_channel_and_test_images_the_same_map() -> None:
    images = torch.rand(50, 3, 4, 4) * torch.tensor([1.0, 2.0, 5.0])[:, None, None]
    plain = digits()
    data = Dataset(plain.train, plain.test, plain.class_names, images.mean((0, 2, 3)), images.std((0, 2, 3)))
    normal = data.normalise(images)
    assert torch.allclose(normal.mean((0, 2, 3)), torch.zeros(3), atol=1e-5)
    assert torch.allclose(normal.std((0, 2, 3)), torch.ones(3), atol=1e-5)
    assert torch.allclose(plain.mean, plain.train.inputs.mean().reshape(1))
    everything = torch.cat([plain.train.inputs, plain.test.inputs])
    assert not torch.allclose(plain.mean, everything.mean().reshape(1), atol=1e-7)
    batches = [images for images, _ in plain.batches(plain.test, 100)]
    assert [len(batch) for batch in batches] == [100, 100, 100, 100, 50]
    expected = (plain.test.inputs - plain.mean) / plain.std
    assert torch.allclose(torch.cat(batches), expected)


@pytest.mark.parametrize(
    ("graph", "says"),
    [
        (digits_network((1, 16, 16)), "images of shape [1, 8, 8]"),
        (digits_network((3, 8, 8)), "images of shape [1, 8, 8]"),
        (digits_network(classes=9), "10 classes"),
    ],
)
def test_a_network_that_does_not_fit_the_data_is_refused(graph: Graph, says: str) -> None:
    with pytest.raises(Diagnosed) as caught:
        load_data(DataConfig(), graph)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN501" and says in diagnostic.message
