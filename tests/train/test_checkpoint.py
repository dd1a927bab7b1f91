"""States on disk: what was saved is loaded, and nothing else is."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from torch.nn import Linear
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, MultiStepLR, OneCycleLR, SequentialLR

from bsnc.diagnostics import Diagnosed
from bsnc.train.checkpoint import Checkpoints, load_checkpoint, save_checkpoint
from tests.laws.strategies import law

TENSORS = st.builds(
    lambda shape, dtype, seed: torch.randint(2, shape, generator=torch.Generator().manual_seed(seed)).to(dtype),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.sampled_from([torch.float32, torch.float64, torch.int64, torch.uint8, torch.bool, torch.bfloat16]),
    st.integers(0, 99),
)
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5))
KEYS = st.one_of(st.integers(0, 9), st.text(st.sampled_from("ab.{"), max_size=3))
STATES = st.dictionaries(
    KEYS, st.recursive(TENSORS | PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner))
)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor):
        return isinstance(other, torch.Tensor) and one.dtype == other.dtype and torch.equal(one, other)
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and repr(one) == repr(other)


@law(60)
@given(STATES)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, state: dict[Any, Any]) -> None:
    path = tmp_path_factory.mktemp("state") / "s.safetensors"
    save_checkpoint(path, state, "me")
    assert same(load_checkpoint(path, "me"), state)


def test_a_state_that_cannot_be_told_is_our_fault_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"a\.b"):
        save_checkpoint(tmp_path / "s", {"a": {"b": object()}}, "me")
    assert not list(tmp_path.iterdir())


def test_schedules_and_optimisers_go_on_from_their_states(tmp_path: Path) -> None:
    def build() -> list[Any]:
        weights = list(Linear(2, 2).parameters())
        kinds = [
            lambda o: OneCycleLR(o, 0.1, total_steps=9),
            lambda o: CosineAnnealingLR(o, 9),
            lambda o: MultiStepLR(o, [2, 4, 4]),
            lambda o: SequentialLR(o, [LinearLR(o), CosineAnnealingLR(o, 5)], [3]),
        ]
        return [kind(torch.optim.SGD(weights, lr=0.1, momentum=0.9)) for kind in kinds]

    for number, (whole, first, second) in enumerate(zip(build(), build(), build(), strict=True)):
        for schedule in (whole, first):
            for _ in range(3):
                schedule.optimizer.step()
                schedule.step()
        path = tmp_path / str(number)
        save_checkpoint(path, {"o": first.optimizer.state_dict(), "s": first.state_dict()}, "me")
        state = load_checkpoint(path, "me")
        assert state is not None
        second.optimizer.load_state_dict(state["o"])
        second.load_state_dict(state["s"])
        for _ in range(4):
            for schedule in (whole, second):
                schedule.optimizer.step()
                schedule.step()
            assert whole.get_last_lr() == second.get_last_lr()
            assert whole.optimizer.param_groups[0]["momentum"] == second.optimizer.param_groups[0]["momentum"]


def refusal(path: Path) -> str:
    with pytest.raises(Diagnosed) as caught:
        load_checkpoint(path, "me")
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN503" and diagnostic.subject == str(path)
    return diagnostic.message


@pytest.mark.parametrize("length", [0, 7, 100, -1])
def test_a_truncated_file_is_refused(tmp_path: Path, length: int) -> None:
    path = tmp_path / "s.safetensors"
    save_checkpoint(path, {"a": torch.ones(50)}, "me")
    path.write_bytes(path.read_bytes()[:length])
    assert refusal(path).startswith("cannot read it")


def test_foreign_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    save_file({"a": torch.ones(2)}, path)
    assert refusal(path) == "this is no checkpoint of this version of bsnc"
    save_checkpoint(path, {"a": torch.ones(2)}, "you")
    assert refusal(path) == "it belongs to another run"
    header = {"format": "bsnc-checkpoint-1", "owner": "me"}
    for state in ({"dict": [["a", {"tensor": "b"}]]}, {"dict": 3}, {"x": 1}):
        save_file(load_file(path), path, {"bsnc": json.dumps({**header, "state": state})})
        assert refusal(path).startswith("its header is damaged")
    for told in ("{", json.dumps({"format": "bsnc-checkpoint-1"})):
        save_file(load_file(path), path, {"bsnc": told})
        assert refusal(path).startswith("its header is damaged")
    path.write_bytes(pickle.dumps({"a": 1}))
    assert refusal(path).startswith("cannot read it")


def test_nothing_is_kept_without_a_directory_and_nothing_left_once_forgotten(tmp_path: Path) -> None:
    Checkpoints().save("search", {"a": 1})
    assert Checkpoints().load("search") is None
    kept = Checkpoints(tmp_path / "c", "me")
    assert kept.load("search") is None
    kept.save("search", {"a": 1})
    assert kept.load("search") == {"a": 1} and kept.load("fine-tune") is None
    kept.forget()
    assert kept.load("search") is None and not (tmp_path / "c").exists()
