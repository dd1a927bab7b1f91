"""What is imported before anything is done: the budget of the time to start, which a slow machine cannot exceed."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = """
try:
    sys.argv = ["bsnc", *sys.argv[1:]]
    import bsnc.cli
    bsnc.cli.main()
except SystemExit as stop:
    assert not stop.code, stop.code
"""
TELL = "print('MODULES', *set(sys.modules).difference(before))"
CLICK = {"bsnc", "click"}
FRONT_END = CLICK | {"lark", "pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"}
"""With what pydantic imports."""
BACK_END = FRONT_END | {"safetensors"}
"""Beside torch and what it imports itself."""


def loaded(program: str, *arguments: str) -> set[str]:
    """Modules that a program imports in a fresh Python, beside those that were there `before`."""
    command = [sys.executable, "-c", f"import sys\nbefore = ()\n{program}\n{TELL}", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES")[2].split())


def packages(modules: set[str]) -> set[str]:
    """Installed packages; what begins with an underscore belongs to the installation, or to a package that is named."""
    names = {name.partition(".")[0] for name in modules} - {"__main__"}
    return {name for name in names if name not in sys.stdlib_module_names and not name.startswith("_")}


@pytest.mark.parametrize(
    ("arguments", "budget"),
    [
        (["--help"], CLICK),
        (["--version"], CLICK),
        (["explain", "BSN101"], CLICK),
        (["check", "specs/cnf.bsn"], FRONT_END),
        (["fmt", "--check", "specs/cnf.bsn"], FRONT_END),
        (["new", "--list"], FRONT_END),
        (["train", "--help"], FRONT_END),
        (["verify", "--help"], FRONT_END),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_light_commands_import_nothing_heavy(arguments: list[str], budget: set[str]) -> None:
    modules = loaded(RUN, *arguments)
    assert "bsnc.cli" in modules
    assert packages(modules) <= budget
    if budget is CLICK:
        assert not {name for name in modules if name.startswith(("bsnc.driver", "bsnc.sema", "bsnc.ir"))}


@pytest.mark.parametrize("command", ["compile", "cost", "profile", "train"])
def test_mistakes_in_a_spec_are_told_before_torch_is_loaded(command: str, tmp_path: Path) -> None:
    run = RUN.replace("not stop.code", "stop.code")
    options = ["--set", "leyers=3", *(["-o", str(tmp_path)] if command == "train" else [])]
    modules = loaded(run, command, "specs/cnf.bsn", *options)
    assert "bsnc.driver" in modules
    assert packages(modules) <= FRONT_END


def test_compile_loads_torch_and_no_solver_where_the_cheapest_path_is_exact(tmp_path: Path) -> None:
    given = "import torch\nbefore = set(sys.modules)\n"
    modules = loaded(given + RUN, "compile", "specs/digits.bsn", "-o", str(tmp_path / "build"))
    assert "bsnc.driver.compile" in modules
    assert packages(modules) - {"torch", "numpy"} <= BACK_END
    assert not {"torch._dynamo", "torch.onnx"} & modules


def test_who_trains_or_verifies_loads_the_exporter_when_it_exports() -> None:
    modules = loaded("import bsnc.driver.train, bsnc.driver.verify")
    assert {"torch", "onnx", "onnxruntime"} <= modules
    assert not {"lightning_fabric", "onnxscript", "pandas", "rich", "sklearn"} & modules
    assert not {"scipy.stats", "torch._dynamo", "torch.onnx"} & modules


def test_each_command_is_in_the_module_of_its_name() -> None:
    main = import_module("bsnc.cli.main")
    assert list(main.cli.commands) == sorted(main.cli.commands)
    for name, listed in main.cli.commands.items():
        command = import_module(f"bsnc.cli.{name}").command
        assert command.name == name
        assert listed.short_help and command.help
