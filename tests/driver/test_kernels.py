"""What a run asks of oneDNN."""

from os import environ

import pytest

from bsnc.driver.kernels import CAPACITY, keep_compiled_kernels


def test_more_compiled_kernels_are_kept_unless_the_user_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CAPACITY, "1")
    monkeypatch.delenv(CAPACITY)
    keep_compiled_kernels()
    assert int(environ[CAPACITY]) > 1024
    monkeypatch.setenv(CAPACITY, "7")
    keep_compiled_kernels()
    assert environ[CAPACITY] == "7"
