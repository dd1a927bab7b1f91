"""Augmentation: each example on its own, shapes kept, one generator one result."""

import pytest
import torch
from torch import Tensor

from bsnc.data.augment import augment, crop, flip
from bsnc.ir import Crop, Flip


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(batch: int = 32, channels: int = 2, height: int = 4, width: int = 6) -> Tensor:
    return torch.rand(batch, channels, height, width, generator=seeded(9)) + 0.1


@pytest.mark.parametrize("padding", [1, 3])
def test_a_crop_is_a_window_of_the_padded_image_at_any_place_per_example(padding: int) -> None:
    x = images(batch=300)
    padded = torch.nn.functional.pad(x, (padding,) * 4)
    seen = set()
    for before, after in zip(padded, crop(x, padding, seeded()), strict=True):
        places = [
            (top, left)
            for top in range(2 * padding + 1)
            for left in range(2 * padding + 1)
            if torch.equal(before[:, top : top + 4, left : left + 6], after)
        ]
        assert len(places) == 1
        seen.update(places)
    assert len(seen) >= 0.95 * (2 * padding + 1) ** 2


def test_a_flip_mirrors_some_examples_and_leaves_the_others() -> None:
    x = images()
    mirrored = [torch.equal(after, before.flip(2)) for before, after in zip(x, flip(x, seeded()), strict=True)]
    kept = [torch.equal(after, before) for before, after in zip(x, flip(x, seeded()), strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 8 <= sum(mirrored) <= 24


def test_steps_follow_in_order_and_draw_from_the_given_generator_alone() -> None:
    x = images()
    steps = [Crop(padding=1), Flip(), Crop(padding=2)]
    generator = seeded(3)
    expected = crop(flip(crop(x, 1, generator), generator), 2, generator)
    before = torch.get_rng_state()
    assert torch.equal(augment(x, steps, seeded(3)), expected)
    assert not torch.equal(augment(x, steps, seeded(4)), expected)
    assert torch.equal(torch.get_rng_state(), before)


def test_shape_type_and_range_are_kept_and_the_original_too() -> None:
    x = images()
    original = x.clone()
    found = augment(x, [Crop(padding=2), Flip()], seeded())
    assert found.shape == x.shape and found.dtype == x.dtype
    assert found.min() >= 0 and found.max() <= x.max()
    assert torch.equal(x, original)
    assert augment(x, [], seeded()) is x
