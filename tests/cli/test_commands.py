"""What the command line does beside the messages that the goldens show."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bsnc import __version__
from bsnc.diagnostics import CODES

HEAVY = (
    "torch",
    "lightning_fabric",
    "numpy",
    "scipy",
    "sklearn",
    "networkx",
    "onnx",
    "onnxruntime",
    "onnxscript",
    "rich",
)
GOOD = """network net(channels: int = 4) {
  input  image:  float[1, 8, 8]
  output logits: float[10]
  node h = sum | relu
  edge image -> h : conv(channels, 3)
  edge h -> logits : flatten | linear(10)
}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.bsn").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.bsn").write_text(GOOD.replace("flatten", "flaten"), encoding="utf-8")
    return tmp_path


# ---- what a command loads ----


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["check", "specs/cnf.bsn", "specs/digits.bsn", "specs/resnet_fabric.bsn"], 0),
        (["check", "specs/cnf.bsn", "--set", "layer=3", "--json"], 2),
        (["check", "README.md"], 1),
        (["check", "--help"], 0),
        (["train", "--help"], 0),
        (["explain", "BSN101"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_light_commands_load_nothing_heavy(repository: Path, arguments: list[str], status: int) -> None:
    code = (
        "import sys; from bsnc.cli import main\n"
        "try: main()\n"
        "except SystemExit as end: status = end.code or 0\n"
        "else: status = 0\n"
        "print('LOADED', status, *{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=repository, capture_output=True, text=True, check=True
    )
    _, found, *loaded = done.stdout.splitlines()[-1].split()
    assert int(found) == status, done.stderr
    assert "bsnc" in loaded
    assert set(loaded) & set(HEAVY) == set()


def test_the_entry_point_is_installed(repository: Path) -> None:
    command = Path(sys.executable).with_name("bsnc")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == __version__


# ---- check ----


def test_check_goes_on_after_a_bad_file(bsnc, folder: Path) -> None:
    run = bsnc("check", "bad.bsn", "good.bsn", "missing.bsn", cwd=folder)
    assert run.exit == 2
    assert run.stdout == "good.bsn: ok, 3 nodes, 2 edges, 2 gates\n"
    assert re.findall(r"\[(BSN\d+)\]", run.stderr) == ["BSN203", "BSN001"]
    assert run.stderr.endswith("2 errors\n")


def test_concise_is_a_line_a_diagnostic(bsnc, folder: Path) -> None:
    run = bsnc("check", "bad.bsn", "missing.bsn", "--format", "concise", cwd=folder)
    assert run.stderr.splitlines() == [
        "bad.bsn:6:22: error[BSN203] no op named `flaten`",
        "missing.bsn: error[BSN001] cannot read the file: no such file or directory",
    ]


def test_warnings_do_not_fail(bsnc, folder: Path) -> None:
    (folder / "warned.bsn").write_text(GOOD.replace("  node", "  let a = 1\n  node"), encoding="utf-8")
    run = bsnc("check", "warned.bsn", cwd=folder)
    assert run.exit == 0 and "warning[BSN307]" in run.stderr and "ok" in run.stdout


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(GOOD.replace("\n", "\r\n").encode(), id="CRLF"),
        pytest.param(GOOD.replace("\n", "\r").encode(), id="lone CR"),
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="byte-order mark"),
        pytest.param(GOOD.replace("  ", "\t").encode(), id="tabs"),
        pytest.param(GOOD.rstrip().encode(), id="no line end"),
        pytest.param(GOOD.replace("image", "изображение_画").encode(), id="unicode"),
        pytest.param(("#" * 900_000 + "\n" + GOOD).encode(), id="a very long line"),
    ],
)
def test_texts_that_are_read(bsnc, folder: Path, content: bytes) -> None:
    (folder / "text.bsn").write_bytes(content)
    assert bsnc("check", "text.bsn", cwd=folder).exit == 0


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_places_do_not_depend_on_line_ends(bsnc, folder: Path, ends: str) -> None:
    text = GOOD.replace("flatten", "flaten").replace("\n", ends)
    (folder / "text.bsn").write_bytes(text.encode())
    (found,) = json.loads(bsnc("check", "text.bsn", "--json", cwd=folder).stdout)
    assert (found["line"], found["column"], found["end_column"]) == (6, 22, 28)


def test_settings_reach_the_network(bsnc, folder: Path) -> None:
    good = bsnc("cost", "good.bsn", "--set", "channels=2", "--json", cwd=folder)
    whole = bsnc("cost", "good.bsn", "--json", cwd=folder)
    ((two,), (four,)) = json.loads(good.stdout), json.loads(whole.stdout)
    assert two["costs"]["flops"] * 2 == four["costs"]["flops"]


# ---- compile ----


@pytest.mark.parametrize(
    ("what", "start"), [("ir", "graph net"), ("json", "{"), ("fx", "def forward"), ("svg", "<svg")]
)
def test_emit_prints_and_writes_nothing(bsnc, folder: Path, what: str, start: str) -> None:
    before = sorted(folder.iterdir())
    run = bsnc("compile", "good.bsn", "--emit", what, cwd=folder)
    assert run.exit == 0 and start in run.stdout[:400]
    assert sorted(folder.iterdir()) == before


def test_compile_writes_where_it_is_told(bsnc, folder: Path) -> None:
    assert bsnc("compile", "good.bsn", "-o", "a/b", cwd=folder).exit == 0
    assert (folder / "a" / "b" / "ir.json").is_file() and not (folder / "build").exists()


def test_compiling_twice_gives_the_same_bytes(bsnc, folder: Path) -> None:
    for directory in ("one", "two"):
        bsnc("compile", "good.bsn", "-o", directory, cwd=folder)
    for path in (folder / "one").iterdir():
        assert path.read_bytes() == (folder / "two" / path.name).read_bytes(), path.name


# ---- explain ----


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(bsnc, code: str) -> None:
    run = bsnc("explain", code.lower())
    assert run.exit == 0 and run.stdout.startswith(f"{code}: {CODES[code].title}")
    assert max(map(len, run.stdout.splitlines())) <= 100


# ---- streams ----


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    from bsnc.cli.output import wants_colour

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert wants_colour(Terminal()) and not wants_colour(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not wants_colour(Terminal())


def test_no_escapes_where_there_is_no_terminal(repository: Path, folder: Path) -> None:
    command = Path(sys.executable).with_name("bsnc")
    done = subprocess.run([command, "check", "bad.bsn"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "error[BSN203]" in done.stderr and "\x1b" not in done.stderr


def test_a_closed_pipe_is_no_error_message(folder: Path) -> None:
    command = Path(sys.executable).with_name("bsnc")
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [command, "check", "good.bsn"], cwd=folder, stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)
    assert done.returncode == 141 and done.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_an_error_of_the_machine(folder: Path) -> None:
    command = Path(sys.executable).with_name("bsnc")
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [command, "check", "good.bsn"], cwd=folder, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr == b"error: No space left on device: standard output\n"


def test_an_exception_of_ours_is_told_as_a_bug(bsnc, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("bsnc.cli.check.check_spec", broken)
    run = bsnc("check", "good.bsn", cwd=folder)
    assert run.exit == 2 and run.stdout == ""
    assert run.stderr.startswith("internal error: RuntimeError: broken\nThis is a bug in bsnc.")


# ---- input and output ----


@pytest.mark.parametrize(
    "arguments",
    [
        ("compile", "good.bsn", "-o", "file"),
        ("compile", "good.bsn", "-o", "file/below"),
        ("train", "good.bsn", "-o", "file"),
        ("train", "good.bsn", "-o", "file/below"),
        ("train", "good.bsn", "-o", "full"),
        ("compile", "good.bsn", "-o", "x" * 300),
    ],
    ids=lambda value: " ".join(value)[:40],
)
def test_where_nothing_can_be_written(bsnc, folder: Path, arguments: tuple[str, ...]) -> None:
    (folder / "file").write_text("", encoding="utf-8")
    (folder / "full").mkdir()
    (folder / "full" / "something").write_text("", encoding="utf-8")
    run = bsnc(*arguments, cwd=folder)
    assert run.exit == 2
    assert "error[BSN003]" in run.stderr and "internal error" not in run.stderr


@pytest.mark.parametrize("path", ["missing.bsn", ".", "", "x" * 300, "good.bsn/below"])
@pytest.mark.parametrize("command", ["check", "compile", "cost", "train"])
def test_where_nothing_can_be_read(bsnc, folder: Path, command: str, path: str) -> None:
    run = bsnc(command, path, cwd=folder)
    assert run.exit == 2
    assert "error[BSN001]" in run.stderr and "internal error" not in run.stderr


BAD_MASKS = [
    *("", "{", "3", "null", '"a"', "{}", "[1]", "[[]]", "[" * 100_000, "NaN"),
    *('[{"image->h": 2}]', '[{"image->h": "1"}]', '[{"image->h": null}]', '[{"image->h": [0]}]'),
    *('[{"nowhere": 0}]', '[{"image->h": 0.5}]', '[{"image->h": NaN}]'),
]


@pytest.mark.parametrize("text", BAD_MASKS, ids=lambda text: text[:30] or "empty")
def test_bad_masks(bsnc, folder: Path, text: str) -> None:
    (folder / "masks.json").write_text(text, encoding="utf-8")
    run = bsnc("cost", "good.bsn", "--masks", "masks.json", cwd=folder)
    assert run.exit == 2 and "error[BSN005]" in run.stderr and run.stdout == ""


@pytest.mark.parametrize("text", ["[]", "[{}]", '[{"image->h": 0}]', '[{"image->h": true}]', '[{"image->h": 1.0}]'])
def test_good_masks(bsnc, folder: Path, text: str) -> None:
    (folder / "masks.json").write_text(text, encoding="utf-8")
    assert bsnc("cost", "good.bsn", "--masks", "masks.json", cwd=folder).exit == 0


def test_the_strategy_of_a_search_is_an_option(bsnc, folder: Path) -> None:
    short = ("--set", "train.epochs=1", "--set", "train.fine_tune=0", "--set", "search.evaluations=3")
    assert bsnc("train", "good.bsn", "-o", "run", "--strategy", "evolution", *short, cwd=folder).exit == 0
    assert json.loads((folder / "run" / "config.json").read_text())["search"]["strategy"] == "evolution"
    run = bsnc("train", "good.bsn", "--strategy", "annealing", cwd=folder)
    assert run.exit == 2 and "annealing" in run.stderr and "policy_gradient" in run.stderr
