"""Whole runs, short ones: one seed fixes every byte, and a damaged run is refused without being run."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bsnc.diagnostics import Diagnosed, Source
from bsnc.driver import Overrides
from bsnc.driver.check import load_program
from bsnc.ir import Program, Sgd
from bsnc.train import RunResult, Silent, evaluate, load_run, train_program

SETTINGS = ("layers=3", "channels=2", "train.epochs=2", "train.fine_tune=1", "search.warmup=1", "train.batch_size=128")
FILES = ("ir.json", "architecture.json", "weights.safetensors")


@pytest.fixture(scope="module", params=["staged", "joint"])
def program(repository: Path, request: pytest.FixtureRequest) -> Program:
    settings = (*SETTINGS, f"search.mode={request.param}", "search.evaluations=30")
    return load_program(repository / "specs" / "digits.bsn", Overrides(settings, ()))[0]


@pytest.fixture(scope="module")
def runs(program: Program, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Path, RunResult]]:
    """Two runs of seed 1, whatever the global generators' states, and one of seed 2."""
    results = {}
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    for name, seed, disturbance in (("one", 1, 10), ("same", 1, 20), ("other", 2, 10)):
        directory = tmp_path_factory.mktemp(name)
        torch.manual_seed(disturbance)
        np.random.seed(disturbance)
        results[name] = directory, train_program(program, [Source("s.bsn", "the spec\n")], directory, seed, Silent())
    torch.set_num_threads(before)
    return results


def contents(directory: Path) -> dict[str, bytes]:
    """Of all files but those that hold seconds, and those that go when a run is over."""
    kept = (path for path in directory.rglob("*") if path.is_file() and path.name != "metrics.jsonl")
    files = (path for path in kept if path.parent.name != "checkpoints")  # whose header has no fixed order
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def metrics(directory: Path) -> list[dict[str, object]]:
    lines = (directory / "metrics.jsonl").read_text().splitlines()
    return [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]


def test_one_seed_gives_one_run_byte_for_byte(runs) -> None:
    (one, _), (same, _) = runs["one"], runs["same"]
    assert contents(one) == contents(same)
    assert metrics(one) == metrics(same)
    assert runs["one"][1].test == runs["same"][1].test


def test_another_seed_gives_another_run(runs) -> None:
    (one, _), (other, _) = runs["one"], runs["other"]
    for name in ("weights.safetensors", "search.safetensors", "architecture.json"):
        assert (one / name).read_bytes() != (other / name).read_bytes()
    assert metrics(one) != metrics(other)
    assert (one / "ir.json").read_bytes() == (other / "ir.json").read_bytes()


def test_metrics_have_a_row_for_each_epoch_of_each_phase(runs) -> None:
    directory, result = runs["one"]
    rows = metrics(directory)
    assert [(row["phase"], row["epoch"]) for row in rows] == [("search", 0), ("search", 1), ("fine-tune", 0)]
    assert all(np.isfinite(row["loss"]) and 0 <= row["accuracy"] <= 1 for row in rows)
    assert sum(row.get("inconsistent_samples", 0) for row in rows) == result.inconsistent


def test_gates_stay_at_their_start_until_the_warm_up_is_over(program: Program, tmp_path: Path) -> None:
    training = program.train.model_copy(update={"epochs": 1, "fine_tune": 0})
    joint = program.search.model_copy(update={"mode": "joint"})
    program = program.model_copy(update={"train": training, "search": joint})
    result = train_program(program, [Source("s.bsn", "")], tmp_path, 1, Silent())
    start, found = program.search.init, result.architecture.probabilities.values()
    assert all(p == pytest.approx(start, abs=1e-6) or p < 0.001 for p in found)  # idle gates are closed at the end
    assert sum(p > 0.5 for p in found) > 0.8 * len(program.graph.gates)


def test_gates_with_a_probability_of_their_own_start_there(program: Program, tmp_path: Path) -> None:
    gates = tuple(g.model_copy(update={"init": 0.7 if i % 2 else None}) for i, g in enumerate(program.graph.gates))
    training = program.train.model_copy(update={"epochs": 1, "fine_tune": 0})
    joint = program.search.model_copy(update={"mode": "joint"})
    graph = program.graph.model_copy(update={"gates": gates})
    program = program.model_copy(update={"train": training, "search": joint, "graph": graph})
    found = train_program(program, [Source("s.bsn", "")], tmp_path, 1, Silent()).architecture.probabilities
    starts = {gate.name: gate.init or program.search.init for gate in gates}
    assert all(p == pytest.approx(starts[name], abs=1e-6) or p < 0.001 for name, p in found.items())
    assert load_run(tmp_path)[0] == program


def test_the_final_network_meets_its_budgets_and_never_saw_the_test_split(runs) -> None:
    for _, result in runs.values():
        assert result.budgets and all(outcome.met for outcome in result.budgets)
        assert result.test.examples == 450 and len(result.dataset.train) == 1347


def test_a_run_is_restored_to_the_network_that_was_evaluated(runs) -> None:
    directory, result = runs["one"]
    program, architecture, graph, network = load_run(directory)
    assert program == result.program and architecture == result.architecture and graph == result.graph
    assert not network.training
    assert evaluate(network, result.dataset) == result.test
    stored = load_file(directory / "weights.safetensors")
    assert stored.keys() == network.state_dict().keys()
    assert (directory / "spec.bsn").read_text() == "the spec\n"


def test_a_run_that_diverges_says_so(program: Program, tmp_path: Path) -> None:
    wild = program.train.model_copy(update={"optimizer": Sgd(lr=1e30)})
    with pytest.raises(Diagnosed) as caught:
        train_program(program.model_copy(update={"train": wild}), [Source("s.bsn", "")], tmp_path, 1, Silent())
    assert [d.code for d in caught.value.diagnostics] == ["BSN502"]


def test_batches_larger_than_the_data_are_refused(program: Program, tmp_path: Path) -> None:
    training = program.train.model_copy(update={"batch_size": 2000})
    with pytest.raises(Diagnosed) as caught:
        train_program(program.model_copy(update={"train": training}), [Source("s.bsn", "")], tmp_path, 1, Silent())
    assert [d.code for d in caught.value.diagnostics] == ["BSN501"]


# ---- damaged runs ------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(runs, tmp_path: Path) -> Path:
    """A copy of the files that a run is restored from."""
    for name in FILES:
        (tmp_path / name).write_bytes((runs["one"][0] / name).read_bytes())
    load_run(tmp_path)
    return tmp_path


def edited(name: str, change: Callable[[dict], None]) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        data = json.loads((run / name).read_text())
        change(data)
        (run / name).write_text(json.dumps(data))

    return damage


def tensors(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        data = load_file(run / "weights.safetensors")
        change(data)
        save_file(data, run / "weights.safetensors")

    return damage


def first_kernel(data: dict[str, torch.Tensor]) -> str:
    return next(name for name in data if name.endswith("conv.weight"))


def written(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda run: (run / name).write_bytes(content) and None


def cut(name: str, share: float) -> Callable[[Path], None]:
    def damage(run: Path) -> None:
        content = (run / name).read_bytes()
        (run / name).write_bytes(content[: int(share * len(content))])

    return damage


DAMAGES: dict[str, Callable[[Path], None]] = {
    **{f"{name} is missing": lambda run, name=name: (run / name).unlink() for name in FILES},
    **{f"{name} is empty": written(name, b"") for name in FILES},
    **{f"{name} is cut in half": cut(name, 0.5) for name in FILES},
    **{f"{name} ends early": cut(name, 0.99) for name in FILES},
    **{f"{name} is not text": written(name, b"\xff\xfe\x00\x80" * 9) for name in FILES},
    **{f"{name} is foreign json": written(name, b'{"name": "x", "version": 3}') for name in FILES},
    **{f"{name} is a list": written(name, b"[1, 2, 3]") for name in FILES},
    **{f"{name} is nested deeply": written(name, b"[" * 100_000) for name in FILES},
    "ir.json is of another version": edited("ir.json", lambda d: d.update(version=1)),
    "ir.json lacks an argument": edited("ir.json", lambda d: d["graph"]["edges"][0]["module"][0]["arguments"].clear()),
    "ir.json has a division by zero": edited(
        "ir.json", lambda d: d["graph"]["edges"][0]["module"][0]["arguments"].update(groups=0)
    ),
    "ir.json is of another network": edited("ir.json", lambda d: d["graph"].update(name="other")),
    "architecture.json is of another network": edited("architecture.json", lambda d: d.update(graph_hash="0" * 64)),
    "architecture.json is of another format": edited("architecture.json", lambda d: d.update(format="bsnc-ir")),
    "architecture.json has no edge": edited("architecture.json", lambda d: d.update(live=[])),
    "architecture.json lacks an edge": edited("architecture.json", lambda d: d["live"].pop(1)),
    "a tensor is missing": tensors(lambda d: d.__delitem__(first_kernel(d))),
    "a tensor is too many": tensors(lambda d: d.update(surplus=torch.zeros(1))),
    "a tensor has another shape": tensors(lambda d: d.update({first_kernel(d): torch.zeros(1, 2, 3)})),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_run_is_refused(copy: Path, damage: str) -> None:
    DAMAGES[damage](copy)
    with pytest.raises(Diagnosed) as caught:
        load_run(copy)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "BSN503" and diagnostic.subject == str(copy)
    assert "\n" not in diagnostic.message
    named = [name for name in FILES if damage.startswith(name)]
    assert not named or named[0] in diagnostic.message or "edge" in damage or "ir.json is of another" in damage


def test_a_run_that_is_not_finished_is_told_from_a_damaged_one(copy: Path, runs) -> None:
    (copy / "config.json").write_bytes((runs["one"][0] / "config.json").read_bytes())
    (copy / "weights.safetensors").unlink()
    with pytest.raises(Diagnosed) as caught:
        load_run(copy)
    (found,) = caught.value.diagnostics
    assert (found.code, found.message) == ("BSN503", "the run is not finished")
    assert found.help == f"`bsnc train --resume {copy}` goes on with it"
    (copy / "summary.json").write_text("{}")
    with pytest.raises(Diagnosed, match=r"weights\.safetensors"):
        load_run(copy)


@pytest.mark.parametrize("change", [lambda live: live.pop(), lambda live: live.append("a->b")], ids=["less", "more"])
def test_an_architecture_file_that_names_other_edges_than_the_network_has_is_refused(copy: Path, change) -> None:
    """The last edge is fixed: it is put back; an unknown one is passed over."""
    edited("architecture.json", lambda d: change(d["live"]))(copy)
    with pytest.raises(Diagnosed):
        load_run(copy)


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.write_text, (self.path, "boom")


def torch_archive(bomb: Bomb, path: Path) -> None:
    torch.save({"weights": bomb}, path)


def plain_pickle(bomb: Bomb, path: Path) -> None:
    path.write_bytes(pickle.dumps(bomb))


@pytest.mark.parametrize("write", [torch_archive, plain_pickle])
@pytest.mark.parametrize("name", FILES)
def test_nothing_is_ever_unpickled(copy: Path, name: str, write: Callable[[Bomb, Path], None]) -> None:
    crater = copy / "crater"
    write(Bomb(crater), copy / name)
    with pytest.raises(Diagnosed) as caught:
        load_run(copy)
    assert [d.code for d in caught.value.diagnostics] == ["BSN503"]
    assert not crater.exists()
    pickle.loads(pickle.dumps(Bomb(crater)))
    assert crater.exists()


def test_a_run_never_runs_code_that_its_files_name_unless_it_is_allowed(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    crater = tmp_path / "crater"
    (tmp_path / "bomb.py").write_text(f"open({str(crater)!r}, 'w').close()\nfrom torch.nn import Identity", "utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def plant(data: dict[str, Any]) -> None:
        call = data["graph"]["edges"][0]["module"][-1]
        facts = {"shape": call["out_shape"], "multiply_adds": 0, "parameters": 0}
        call.update(op="extern", arguments={"target": "bomb:Identity", "given": "{}", **facts})

    edited("ir.json", plant)(copy)
    with pytest.raises(Diagnosed) as caught:
        load_run(copy)
    assert [d.code for d in caught.value.diagnostics] == ["BSN217"]
    assert not crater.exists()
