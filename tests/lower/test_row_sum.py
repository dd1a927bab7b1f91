"""Sums of rows, in either layout of images, in place."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from bsnc.lower.row_sum import RowSum, take_rows
from tests.laws.strategies import law

SHAPES = ((3,), (2, 3), (2, 3, 1), (1, 2, 2), (3, 1, 1), (2, 0, 2))
Part = tuple[list[int] | None, bool]
PARTS = st.lists(st.tuples(st.none() | st.lists(st.integers(0, 4), unique=True).map(sorted), st.booleans()), max_size=4)


def laid_out(value: Tensor, last: bool) -> Tensor:
    return value.contiguous(memory_format=torch.channels_last) if last and value.ndim == 4 else value


@law(150)
@given(st.sampled_from(SHAPES), PARTS)
def test_a_sum_is_that_of_its_parts_which_stay_as_they_are(shape: tuple[int, ...], parts: list[Part]) -> None:
    found, expected = RowSum(5), torch.zeros(5, *shape)
    kept: list[tuple[Tensor, Tensor]] = []
    for rows, last in parts:
        value = laid_out(torch.randn(5 if rows is None else len(rows), *shape), last)
        kept.append((value, value.clone()))
        chosen = None if rows is None else torch.tensor(rows).long()
        expected[torch.arange(5) if chosen is None else chosen] += value
        found.add(chosen, value)
    assert (found.total is None) == (not parts)
    if found.total is not None:
        torch.testing.assert_close(found.total, expected)
    assert all(torch.equal(value, before) for value, before in kept)


@pytest.mark.parametrize("last", [False, True])
def test_rows_keep_their_layout(last: bool) -> None:
    value = laid_out(torch.randn(5, 3, 4, 2), last)
    taken = take_rows(value, torch.tensor([0, 3]))
    assert torch.equal(taken, value[[0, 3]])
    assert taken.is_contiguous(memory_format=torch.channels_last) == last
    assert take_rows(value, torch.tensor([]).long()).shape == (0, 3, 4, 2)


def test_the_wider_dtype_is_that_of_the_sum() -> None:
    found = RowSum(2)
    found.add(None, torch.ones(2, 1, dtype=torch.bfloat16), is_own=True)
    found.add(torch.tensor([1]), torch.full((1, 1), 1e-3))
    assert found.total is not None and found.total.dtype == torch.float32
    assert found.total.flatten().tolist() == pytest.approx([1.0, 1.001])
