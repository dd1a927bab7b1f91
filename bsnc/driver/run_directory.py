"""The directory of a run: made, kept for one process, and what can be done where a run ends early."""

from __future__ import annotations

import signal
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.disk import LOCK, InUse, is_temporary, locked
from bsnc.driver.files import gone_if_empty, make_directory, writing
from bsnc.driver.interruption import Interrupted, Interruption
from bsnc.driver.teacher import TEACHER
from bsnc.train import SUMMARY, Stopped, has_begun

_BEFORE_IT_BEGINS = {"spec.bsn", "imports", "ir.json", TEACHER}


@contextmanager
def prepared(directory: Path) -> Generator[None, None, None]:
    """A directory for a run: new, empty, or of a run that was killed before it began; it is this process's own
    meanwhile. One in which nothing was written goes. Raises Diagnosed (BSN003, BSN509)."""
    make_directory(directory)
    with gone_if_empty(directory), _reserved(directory):
        _require_empty(directory)
        yield


@contextmanager
def resumed(directory: Path) -> Generator[None, None, None]:
    """The directory of a run that can go on; it is this process's own meanwhile. Raises Diagnosed (BSN003, BSN509, and
    as `require_unfinished`)."""
    with _reserved(directory):
        require_unfinished(directory)  # another process may have come to its end
        yield


@contextmanager
def stopping(directory: Path) -> Generator[Interruption, None, None]:
    """Signals stop a run where it can go on, and failures to write tell how it can, or that it cannot."""
    interruption = Interruption()
    try:
        with writing(directory, lambda: _remedy(directory)), interruption:
            yield interruption
    except Stopped as stopped:
        signum = interruption.signum or signal.SIGTERM  # another process may have been asked
        raise Interrupted(f"stopped in {stopped}; go on with: {_how(directory)}", signum) from None


def require_unfinished(directory: Path) -> None:
    """Raises Diagnosed (BSN001 no such directory, BSN505 nothing to go on with)."""
    if not directory.is_dir():
        raise Diagnosed(Diagnostic("BSN001", "there is no directory of a run here", subject=str(directory)))
    if (directory / SUMMARY).exists():
        help_text = "`bsnc export` writes its model again"
        raise Diagnosed(Diagnostic("BSN505", "the run is finished", subject=str(directory), help=help_text))
    if not has_begun(directory):
        help_text = f"begin it again: `bsnc train SPEC -o {directory}`"
        raise Diagnosed(Diagnostic("BSN505", "no run has begun here", subject=str(directory), help=help_text))


@contextmanager
def _reserved(directory: Path) -> Generator[None, None, None]:
    with ExitStack() as stack:
        try:
            with writing(directory):
                stack.enter_context(locked(directory))
        except InUse:
            message, help_text = "another process is training in this directory", "wait until it is through, or stop it"
            raise Diagnosed(Diagnostic("BSN509", message, subject=str(directory), help=help_text)) from None
        yield


def _require_empty(directory: Path) -> None:
    with writing(directory):
        names = {path.name for path in directory.iterdir() if not is_temporary(path) and path.name != LOCK}
    if names <= _BEFORE_IT_BEGINS and names != {TEACHER}:
        return
    message, help_text = "the directory for the run is not empty", "name a new one with `-o`"
    if has_begun(directory) and not (directory / SUMMARY).exists():
        help_text = f"it holds a run that can go on, with `--resume {directory}`; or name a new one with `-o`"
    raise Diagnosed(Diagnostic("BSN003", message, subject=str(directory), help=help_text))


def _how(directory: Path) -> str:
    return f"bsnc train --resume {directory}"


def _remedy(directory: Path) -> str:
    """What to do once a disk is not full any more."""
    if has_begun(directory):
        return f"once that is mended, `{_how(directory)}` goes on"
    return f"nothing is there to go on with: once that is mended, begin anew with `bsnc train SPEC -o {directory}`"
