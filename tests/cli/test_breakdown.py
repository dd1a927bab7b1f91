"""`bsnc cost --arch`: one architecture, edge by edge."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

SPEC = """network net(channels: int = 4) {
  input  image:  float[1, 8, 8]
  output logits: float[10]
  node h = concat | relu
  node k = sum
  gate g
  edge image -> h : conv(channels, 3)
  edge image -> h : conv(2, 1)
  edge h -> k : conv(3, 3, bias = false) @ g
  edge h -> k : avg_pool(3) | conv(3, 1) @ g
  edge image -> k : choice { conv(3, 1); conv(3, 3); none }
  fixed edge k -> logits : flatten | linear(10)
  fixed edge image -> logits : flatten | linear(10)
}
"""
BUDGETS = 'budget params <= 1M\nbudget flops(count = veniat2018) <= 1M\nbudget extern "toy_costs:depth" <= 9\n'
FIRST, SECOND, WIDE, POOLED = "image->h", "image->h#1", "h->k", "h->k#1"
NARROW, THREE, LAST, SHORT = "image->k", "image->k#1", "k->logits", "image->logits"
ONLY = {"live": [FIRST, WIDE, POOLED]}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.bsn").write_text(SPEC, encoding="utf-8")
    (tmp_path / "own.bsn").write_text(SPEC + BUDGETS, encoding="utf-8")
    (tmp_path / "toy_costs.py").write_text("def depth(graph):\n    return len(graph.nodes)\n", encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "toy_costs", raising=False)
    return tmp_path


def written(folder: Path, architecture: object) -> Path:
    (folder / "arch.json").write_text(json.dumps(architecture), encoding="utf-8")
    return folder


def loaded(run) -> Any:
    assert run.exit == 0, run.stderr
    return json.loads(run.stdout)


def test_what_each_edge_bears(bsnc, folder: Path) -> None:
    """Behind the concatenation only the first edge's 4 of 6 channels are left: 4 · 3 · 9 · 64 multiply-adds."""
    found = loaded(bsnc("cost", "net.bsn", "--arch", "arch.json", "--json", cwd=written(folder, ONLY)))
    assert (found["network"], found["by"], list(found["others"])) == ("net", "flops", ["memory"])
    amounts = [(part["name"], part["costs"]["flops"]["amount"]) for part in found["parts"]]
    flops = {WIDE: 6912, FIRST: 2304, LAST: 1920, POOLED: 768, SHORT: 640}
    assert amounts == list(flops.items())
    assert found["totals"]["flops"] == sum(flops.values())
    shares = [part["costs"]["flops"]["share"] for part in found["parts"]]
    assert shares == pytest.approx([amount / sum(flops.values()) for amount in flops.values()])
    params = {part["name"]: part["costs"]["params"]["amount"] for part in found["parts"]}
    assert params == {WIDE: 108, FIRST: 40, LAST: 1930, POOLED: 15, SHORT: 650}


def test_parts_sum_up_to_what_the_mask_costs(bsnc, folder: Path) -> None:
    mask = {SECOND: 0, THREE: 0}
    found = loaded(
        bsnc("cost", "own.bsn", "--arch", "arch.json", "--allow-extern", "--json", cwd=written(folder, mask))
    )
    (folder / "masks.json").write_text(json.dumps([mask]), encoding="utf-8")
    (entry,) = loaded(bsnc("cost", "own.bsn", "--masks", "masks.json", "--allow-extern", "--json", cwd=folder))
    names = ["flops", "flops(count = veniat2018)", "params", "weights"]
    assert list(found["totals"]) == names and found["by"] == "params"
    for name in names:
        assert sum(part["costs"][name]["amount"] for part in found["parts"]) == found["totals"][name]
    assert found["totals"] | found["others"] == entry["costs"]
    assert list(found["others"]) == ["memory", 'extern "toy_costs:depth"']
    assert list(found["remarks"]) == ["memory"] and found["schedules"] == {}
    assert found["others"]['extern "toy_costs:depth"'] == 4
    edges = [part["name"] for part in found["parts"] if part["kind"] == "edge"]
    assert sorted(edges) == sorted(entry["live"])
    nodes = [(part["name"], part["module"]) for part in found["parts"] if part["kind"] == "node"]
    assert sorted(nodes) == [("k", "sum"), ("logits", "sum")]


def test_the_table_ends_with_the_totals(bsnc, folder: Path) -> None:
    """veniat2018 charges 3 · 192 for the four edges into `k` and 10 for the two into `logits`, on top of 12 544."""
    run = bsnc("cost", "own.bsn", "--arch", "arch.json", "--allow-extern", cwd=written(folder, ONLY))
    parts, others, remarks = run.stdout.split("\n\n")
    header, _, *rows = parts.splitlines()
    assert header.split()[:3] == ["edge", "or", "node"]
    weights = ["10.71", "KiB", "100.0%"]
    assert rows[-1].split() == [
        "total",
        "12.54",
        "k",
        "100.0%",
        "13.13",
        "k",
        "100.0%",
        "2.743",
        "k",
        "100.0%",
        *weights,
    ]
    assert remarks.startswith("memory: ") and "while `" in remarks
    assert others.splitlines()[-1].split() == ["extern", '"toy_costs:depth"', "4", "units"]


@pytest.mark.parametrize(
    ("by", "first"),
    [("flops", WIDE), ("params", LAST), ("flops(count=veniat2018)", WIDE), (" flops( count =veniat2018 )", WIDE)],
)
def test_it_is_sorted_by_the_share_of_a_cost(bsnc, folder: Path, by: str, first: str) -> None:
    run = bsnc(
        *("cost", "own.bsn", "--arch", "arch.json", "--by", by, "--allow-extern", "--json"), cwd=written(folder, ONLY)
    )
    found = loaded(run)
    amounts = [part["costs"][found["by"]]["amount"] for part in found["parts"]]
    assert found["parts"][0]["name"] == first and amounts == sorted(amounts, reverse=True)


@pytest.mark.parametrize(
    ("by", "message"), [("flop", "did you mean `flops`?"), ('extern "toy_costs:depth"', "has no shares to sort by")]
)
def test_costs_that_cannot_sort(bsnc, folder: Path, by: str, message: str) -> None:
    run = bsnc("cost", "own.bsn", "--arch", "arch.json", "--by", by, "--allow-extern", cwd=written(folder, ONLY))
    assert run.exit == 2 and "error[BSN004]" in run.stderr and message in run.stderr


def test_the_architecture_of_a_run(bsnc, tiny_run: Path) -> None:
    found = loaded(bsnc("cost", "tiny.bsn", "--arch", "run/architecture.json", "--json", cwd=tiny_run))
    assert [part["name"] for part in found["parts"]] == ["h->logits", "image->h"]
    assert found["totals"]["flops"] == 2432
    other = bsnc("cost", "tiny.bsn", "--set", "channels=3", "--arch", "run/architecture.json", cwd=tiny_run)
    assert other.exit == 1 and "error[BSN513]" in other.stderr and "another network than `tiny`" in other.stderr


@pytest.mark.parametrize(
    ("architecture", "message"),
    [
        ([], "must hold an object"),
        ("x", "must hold an object"),
        ({"live": "image->h"}, "`live` must be a list of names of edges"),
        ({"live": [3]}, "`live` must be a list of names of edges"),
        ({"live": ["image->hh"]}, "did you mean `image->h`?"),
        ({"live": [FIRST]}, "`image->h` is not live"),
        ({"live": [FIRST, WIDE]}, "`live` lacks `h->k#1`, which shares gate `g`"),
        ({"live": [NARROW, THREE]}, "exclude each other"),
        ({"image->hh": 0}, "the mask names no edge: `image->hh`"),
        ({NARROW: 2}, "the mask, edge `image->k`: 2 is neither 0 nor 1"),
        ({SHORT: 0}, "the mask drops `image->logits`, which is a fixed edge"),
        ({}, "the mask keeps `conv(3, 1)` and `conv(3, 3)` of gate"),
    ],
)
def test_what_is_no_architecture(bsnc, folder: Path, architecture: object, message: str) -> None:
    run = bsnc("cost", "net.bsn", "--arch", "arch.json", cwd=written(folder, architecture))
    assert run.exit == 2 and "error[BSN005]" in run.stderr and message in run.stderr and run.stdout == ""


def test_what_is_not_connected(bsnc, folder: Path) -> None:
    text = SPEC.replace("  fixed edge image -> logits : flatten | linear(10)\n", "")
    (folder / "net.bsn").write_text(text, encoding="utf-8")
    run = bsnc("cost", "net.bsn", "--arch", "arch.json", cwd=written(folder, {"live": []}))
    assert run.exit == 2 and "no path of these edges leads from `image` to `logits`" in run.stderr


@pytest.mark.parametrize("options", [("--arch", "arch.json", "--masks", "arch.json"), ("--by", "flops")])
def test_options_that_exclude_or_need_each_other(bsnc, folder: Path, options: tuple[str, ...]) -> None:
    run = bsnc("cost", "net.bsn", *options, cwd=written(folder, ONLY))
    assert run.exit == 2 and "Error: --" in run.stderr and run.stdout == ""


def test_steps_come_with_their_schedule_and_their_lower_bound(bsnc, folder: Path) -> None:
    options = ("--budget", "steps(cores = 2)=100", "--arch", "arch.json", "--json")
    found = loaded(bsnc("cost", "net.bsn", *options, cwd=written(folder, ONLY)))
    schedule = found["schedules"]["steps(cores = 2)"]
    assert len(schedule) == found["others"]["steps(cores = 2)"] and all(len(step) <= 2 for step in schedule)
    names = [part["name"] for part in found["parts"] if part["kind"] == "edge" and part["module"] != "identity"]
    assert set(names) <= {task for step in schedule for task in step}
    assert "no schedule takes less than" in found["remarks"]["steps(cores = 2)"]
