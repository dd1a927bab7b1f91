"""A built wheel is complete: it runs without the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(target), str(ROOT)], check=True, cwd=target)
    (wheel,) = target.glob("bsnc-*.whl")
    zipfile.ZipFile(wheel).extractall(target / "unpacked")
    return target / "unpacked"


def test_the_wheel_holds_grammar_templates_and_licence(unpacked_wheel: Path) -> None:
    assert (unpacked_wheel / "bsnc" / "grammars" / "bsn.lark").is_file()
    assert (unpacked_wheel / "bsnc" / "templates" / "fabric.bsn").is_file()
    assert (unpacked_wheel / "bsnc" / "py.typed").is_file()
    assert list(unpacked_wheel.glob("bsnc-*.dist-info/licenses/LICENSE"))


def test_the_wheel_runs_away_from_the_checkout(unpacked_wheel: Path, tmp_path: Path) -> None:
    spec = tmp_path / "digits.bsn"
    spec.write_text((ROOT / "specs" / "digits.bsn").read_text(encoding="utf-8"), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(unpacked_wheel), "XDG_CACHE_HOME": str(tmp_path)}
    code = "import bsnc; print(bsnc.__file__)"
    where = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert where.stdout.startswith(str(unpacked_wheel))
    done = subprocess.run(
        [sys.executable, "-m", "bsnc", "check", "digits.bsn"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "digits.bsn: ok, 18 nodes, 38 edges, 36 gates\n"
