"""What a run asks of oneDNN."""

from os import environ

import pytest

from bsnc.driver.reuse import CAPACITY, reuse_between_steps


def test_more_compiled_kernels_are_kept_unless_the_user_says_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CAPACITY, "1")
    monkeypatch.delenv(CAPACITY)
    reuse_between_steps()
    assert int(environ[CAPACITY]) > 1024
    monkeypatch.setenv(CAPACITY, "7")
    reuse_between_steps()
    assert environ[CAPACITY] == "7"
