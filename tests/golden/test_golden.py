"""Goldens: what the command line says, word for word. `pytest tests/golden --update-golden` rewrites them.

A case is a spec whose first line says how it is run (`# $ bsnc check unknown_op.bsn`), or a `.cmd` file with that
line alone, for cases that need no spec of their own. It runs in a copy of its folder. Beside it, `NAME.golden` holds
the exit status and both streams. A change of a golden is a change of what users read: review it as such.
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from bsnc.diagnostics import CODES

HERE = Path(__file__).parent
_COMMAND = re.compile(r"^#? ?\$ bsnc (.+)$", re.MULTILINE)
MODELS, DATA = HERE / "models", HERE / "data"
CASES = sorted(p for p in HERE.rglob("*") if p.suffix in (".bsn", ".cmd") and "files" not in p.parts)


def command_of(case: Path) -> list[str]:
    match = _COMMAND.match(case.read_text(encoding="utf-8"))
    assert match is not None, f"{case}: the first line must be `# $ bsnc …`"
    return shlex.split(match[1])


def golden_text(run) -> str:
    return f"exit {run.exit}\n--- stdout\n{run.stdout}--- stderr\n{run.stderr}"


def name_of(case: Path) -> str:
    return str(case.relative_to(HERE))


@pytest.mark.parametrize("case", [c for c in CASES if not {MODELS, DATA} & {*c.parents}], ids=name_of)
def test_golden(case: Path, bsnc, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = copy_of(case.parent, tmp_path)
    compare(case, golden_text(bsnc(*command_of(case), cwd=folder)), request)


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("case", [c for c in CASES if MODELS in c.parents], ids=name_of)
def test_golden_of_models(case: Path, bsnc, model_files: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = copy_of(case.parent, tmp_path)
    shutil.copytree(model_files, folder / "files")
    compare(case, without_figures(golden_text(bsnc(*command_of(case), cwd=folder))), request)


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("case", [c for c in CASES if DATA in c.parents], ids=name_of)
def test_golden_of_data(case: Path, bsnc, data_files: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = copy_of(case.parent, tmp_path)
    shutil.copytree(data_files, folder / "files")
    compare(case, golden_text(bsnc(*command_of(case), cwd=folder)), request)


def copy_of(folder: Path, tmp_path: Path) -> Path:
    return shutil.copytree(
        folder, tmp_path / "work", ignore=shutil.ignore_patterns("*.golden", "conftest.py", "test_*.py")
    )


def without_figures(text: str) -> str:
    """Figures that depend on the machine are left out: differences of floating-point results, losses, shares."""
    text = re.sub(r"(max abs diff|by up to) [-+.0-9einfa]+", r"\1 ⟨difference⟩", text)
    text = re.sub(r"(test:|accuracy) [.\d]+%", r"\1 ⟨share⟩", text)
    return re.sub(r"(loss|loss is) \d[.\d]*", r"\1 ⟨loss⟩", text)


def compare(case: Path, text: str, request: pytest.FixtureRequest) -> None:
    golden = case.with_suffix(".golden")
    assert "internal error" not in text, text
    if request.config.getoption("--update-golden"):
        golden.write_text(text, encoding="utf-8")
    assert golden.exists(), f"no golden: run `pytest {name_of(case)} --update-golden` and read what it writes"
    assert text == golden.read_text(encoding="utf-8")


def test_every_code_has_a_golden() -> None:
    """Whatever a user can be told, some golden shows in full."""
    stderr = "".join(g.read_text(encoding="utf-8").partition("--- stderr\n")[2] for g in HERE.rglob("*.golden"))
    shown = set(re.findall(r"^(?:error|warning)\[(BSN\d+)\]", stderr, re.MULTILINE))
    assert shown == set(CODES)


def test_no_golden_without_a_case() -> None:
    cases = {case.with_suffix(".golden") for case in CASES}
    assert set(HERE.rglob("*.golden")) == cases
