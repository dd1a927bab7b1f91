"""Augmentation: each example on its own, shapes kept, masks with their images, one generator one result."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from bsnc.data import Classification, Dataset, Regression, Segmentation, Split, Task, augment, check_augmentation
from bsnc.data.augment import crop, cutout, flip, jitter, mixup
from bsnc.diagnostics import Diagnosed
from bsnc.ir import Augmentation, Crop, Cutout, Flip, Jitter, Mixup
from tests.laws.strategies import law

EVERY: list[Augmentation] = [Crop(padding=2), Flip(), Cutout(size=3), Jitter(saturation=0.5), Mixup()]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def images(batch: int = 32, channels: int = 3, height: int = 4, width: int = 6) -> Tensor:
    return 0.9 * torch.rand(batch, channels, height, width, generator=seeded(9)) + 0.1


def labelled(inputs: Tensor) -> Split:
    return Split(inputs, torch.arange(len(inputs)) % 5)


def augmented(inputs: Tensor, *steps: Augmentation, seed: int = 0) -> Tensor:
    return augment(labelled(inputs), steps, Classification(), 5, seeded(seed)).inputs


def windows(padded: Tensor, after: Tensor, padding: int) -> list[tuple[int, int]]:
    """The places at which an image `[C, H, W]` lies in a padded one."""
    height, width = after.shape[1:]
    places = [(top, left) for top in range(2 * padding + 1) for left in range(2 * padding + 1)]
    return [(i, j) for i, j in places if torch.equal(padded[:, i : i + height, j : j + width], after)]


@pytest.mark.parametrize("padding", [1, 3])
def test_a_crop_is_a_window_of_the_padded_image_at_any_place_per_example(padding: int) -> None:
    x = images(batch=300)
    seen = set()
    for before, after in zip(functional.pad(x, (padding,) * 4), augmented(x, Crop(padding=padding)), strict=True):
        (place,) = windows(before, after, padding)
        seen.add(place)
    assert len(seen) >= 0.95 * (2 * padding + 1) ** 2


def test_a_flip_mirrors_some_examples_and_leaves_the_others() -> None:
    x = images()
    found = augmented(x, Flip())
    mirrored = [torch.equal(after, before.flip(2)) for before, after in zip(x, found, strict=True)]
    kept = [torch.equal(after, before) for before, after in zip(x, found, strict=True)]
    assert all(a != b for a, b in zip(mirrored, kept, strict=True))
    assert 8 <= sum(mirrored) <= 24


@law(30)
@given(st.integers(0, 99), st.integers(1, 4), st.integers(1, 6))
def test_flipping_twice_is_nothing_and_so_is_a_crop_from_the_middle(seed: int, height: int, width: int) -> None:
    x = images(8, 2, height, width)
    mirrored = torch.rand(8, generator=seeded(seed)) < 0.5
    assert torch.equal(flip(flip(x, mirrored), mirrored), x)
    for fill in (0, None):
        assert torch.equal(crop(x, 2, torch.full((2, 8), 2), fill), x)


@pytest.mark.parametrize("ignore", [9, None])
def test_masks_move_with_their_images(ignore: int | None) -> None:
    """An image and a mask that say the same still say the same; what is padded does not count, or is an edge."""
    masks = torch.randint(1, 5, (200, 4, 6), generator=seeded(1))
    batch = Split(masks[:, None] / 10, masks)
    found = augment(batch, [Crop(padding=2), Flip()], Segmentation(ignore), 5, seeded())
    counted = found.targets != 9
    assert torch.equal((found.inputs[:, 0] * 10).round().long() * counted, found.targets * counted)
    assert bool((found.inputs[:, 0][~counted] == 0).all())
    assert bool(counted.all()) == (ignore is None) and not torch.equal(found.targets, masks)
    if ignore is None:
        padded = functional.pad(masks[:, None].float(), (2,) * 4, mode="replicate")
        unflipped = augment(batch, [Crop(padding=2)], Segmentation(), 5, seeded()).targets[:, None]
        assert all(windows(a, b.float(), 2) for a, b in zip(padded, unflipped, strict=True))


def test_other_targets_stay_where_images_move() -> None:
    values = torch.rand(32, 3)
    found = augment(Split(images(), values), [*EVERY[:-1]], Regression((0.0,) * 3, (1.0,) * 3), 0, seeded())
    assert found.targets is values or torch.equal(found.targets, values)


@law(40)
@given(st.integers(1, 9), st.integers(1, 7), st.integers(1, 7), st.integers(0, 99))
def test_what_is_cut_out_is_the_part_of_one_square_that_lies_within(size, height, width, seed) -> None:
    x = images(20, 2, height, width)
    found = cutout(x, size, seeded(seed))
    black = (found == 0).all(1)
    assert torch.equal(found, x * ~black[:, None])
    for hole in black:
        rows, columns = hole.any(1).nonzero().flatten().tolist(), hole.any(0).nonzero().flatten().tolist()
        assert rows and columns
        assert int(hole.sum()) == len(rows) * len(columns)
        for found_at, extent in ((rows, height), (columns, width)):
            assert found_at == list(range(found_at[0], found_at[-1] + 1)) and len(found_at) <= size
            assert len(found_at) == size or found_at[0] == 0 or found_at[-1] == extent - 1


def test_jitter_by_the_formulas() -> None:
    x = images(6)
    amounts = Jitter(brightness=0.4, contrast=0.6, saturation=0.8)
    b, c, s = 1 + torch.tensor([0.4, 0.6, 0.8])[:, None] * (2 * torch.rand(3, 6, generator=seeded(5)) - 1)
    found = jitter(x, amounts, seeded(5))
    for i, image in enumerate(x):
        image = (b[i] * image).clamp(0, 1)
        grey = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
        image = (c[i] * image + (1 - c[i]) * grey.mean()).clamp(0, 1)
        grey = 0.299 * image[0] + 0.587 * image[1] + 0.114 * image[2]
        assert torch.allclose(found[i], (s[i] * image + (1 - s[i]) * grey).clamp(0, 1), atol=1e-6)
    assert torch.equal(jitter(x, Jitter(brightness=0, contrast=0), seeded()), x)
    flat = torch.full((4, 1, 3, 3), 0.5)
    assert torch.allclose(jitter(flat, Jitter(brightness=0, contrast=1), seeded()), flat)


@law(40)
@given(st.sampled_from([(3,), (2, 5), (1, 3, 4)]), st.integers(0, 99))
def test_mixup_mixes_inputs_and_classes_by_one_share_and_by_1_changes_nothing(shape, seed) -> None:
    batch = labelled(torch.rand(7, *shape, generator=seeded(seed)))
    partners = torch.randperm(7, generator=seeded(seed))
    one_hot = functional.one_hot(batch.targets, 5).float()
    unchanged = mixup(batch, torch.ones(7), partners, 5)
    assert torch.equal(unchanged.inputs, batch.inputs) and torch.equal(unchanged.targets, one_hot)
    share = torch.rand(7, generator=seeded(seed))
    found = mixup(batch, share, partners, 5)
    for i, j in enumerate(partners):
        assert torch.allclose(found.inputs[i], share[i] * batch.inputs[i] + (1 - share[i]) * batch.inputs[j])
        assert torch.allclose(found.targets[i], share[i] * one_hot[i] + (1 - share[i]) * one_hot[j])
    logits = torch.randn(7, 5, generator=seeded(seed))
    losses = Classification().losses
    for smoothing in (0.0, 0.1):
        expected = share * losses(logits, batch.targets, smoothing)
        expected += (1 - share) * losses(logits, batch.targets[partners], smoothing)
        assert torch.allclose(losses(logits, found.targets, smoothing), expected, atol=1e-5)


def test_shares_of_mixup_are_of_a_beta_distribution() -> None:
    """Mean 1/2, variance 1 / (4 · (2α + 1))."""
    one_pixel = Split(torch.arange(4000.0)[:, None], torch.arange(4000) % 2)
    for alpha in (0.2, 1.0, 4.0):
        found = augment(one_pixel, [Mixup(alpha=alpha)], Classification(), 2, seeded()).targets
        assert torch.allclose(found.sum(1), torch.ones(4000))
        share = found[found.min(1).values > 0].double()[:, 0]
        assert abs(float(share.mean()) - 0.5) < 0.03
        assert float(share.var()) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


def test_steps_follow_in_order_and_draw_from_the_given_generator_alone() -> None:
    x = labelled(images())
    generator = seeded(3)
    expected = x
    for step in EVERY:
        expected = augment(expected, [step], Classification(), 5, generator)
    before = torch.get_rng_state()
    found = augment(x, EVERY, Classification(), 5, seeded(3))
    assert torch.equal(found.inputs, expected.inputs) and torch.equal(found.targets, expected.targets)
    assert not torch.equal(augment(x, EVERY, Classification(), 5, seeded(4)).inputs, expected.inputs)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("step", EVERY, ids=lambda step: step.kind)
def test_shape_type_and_range_are_kept_and_the_original_too(step: Augmentation) -> None:
    x = images()
    original = x.clone()
    found = augmented(x, step)
    assert found.shape == x.shape and found.dtype == x.dtype and not torch.equal(found, x)
    assert found.min() >= 0 and found.max() <= 1
    assert torch.equal(x, original)
    assert augmented(x) is x


def test_bytes_are_augmented_as_the_numbers_that_they_stand_for() -> None:
    raw = torch.randint(0, 256, (16, 3, 4, 6), dtype=torch.uint8, generator=seeded())
    assert torch.equal(augmented(raw, *EVERY), augmented(raw.float() / 255, *EVERY))
    data = Dataset(labelled(raw), labelled(raw), (), torch.tensor([0.5, 0.2, 0.1]), torch.tensor([1.0, 2.0, 4.0]))
    assert torch.equal(data.normalise(raw), data.normalise(raw.float() / 255))
    assert data.normalise(raw).dtype == torch.float32


VALUES, MASKS = Regression((0.0,), (1.0,)), Segmentation()


@pytest.mark.parametrize(
    ("shape", "task", "step", "says"),
    [
        ((32,), Classification(), Flip(), "the input is [32]"),
        ((6, 128), Classification(), Crop(padding=1), "the input is [6, 128]"),
        ((6, 128), VALUES, Cutout(size=2), "`cutout`"),
        ((1, 8, 8), Classification(), Jitter(saturation=0.1), "`saturation`"),
        ((1, 8, 8), MASKS, Mixup(), "`target = mask`"),
        ((32,), VALUES, Mixup(), "`target = value`"),
        ((1, 4, 4), MASKS, Crop(padding=1), "size of their images"),
        ((32,), Classification(), Mixup(), None),
        ((1, 8, 8), MASKS, Crop(padding=1), None),
        ((1, 8, 8), VALUES, Jitter(), None),
    ],
)
def test_augmentations_that_do_not_suit_are_refused(shape, task: Task, step: Augmentation, says: str | None) -> None:
    targets = {"class": torch.zeros(2), "mask": torch.zeros(2, 8, 8), "value": torch.zeros(2, 1)}[task.target]
    split = Split(torch.zeros(2, *shape), targets)
    data = Dataset(split, split, (), torch.zeros(shape[0]), torch.ones(shape[0]), task=task)
    if says is None:
        check_augmentation(data, [step])
        return
    with pytest.raises(Diagnosed) as caught:
        check_augmentation(data, [step])
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN501" and says in diagnostic.message


def test_a_crop_takes_no_memory_for_its_padding() -> None:
    places = torch.tensor([[10**6, 0], [10**6, 0]])
    images = torch.rand(2, 3, 4, 4)
    cut = crop(images, 10**6, places)
    assert torch.equal(cut[0], images[0]) and not cut[1].any()
