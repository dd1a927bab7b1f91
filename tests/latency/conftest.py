from __future__ import annotations

from pathlib import Path

import pytest

from bsnc.export import Fragments
from tests.laws.weights import one_thread


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache directory for each test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "bsnc" / "latency"


@pytest.fixture(scope="session")
def fragments() -> Fragments:
    """Shared: exports take longer than all else here."""
    with one_thread():
        return Fragments()
