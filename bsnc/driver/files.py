"""Files of users: read and written with diagnostics in place of exceptions."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from bsnc.diagnostics import Diagnosed, Diagnostic, Source
from bsnc.disk import write_atomically
from bsnc.sema import Loader

MAX_BYTES = 200_000_000
MAX_SPEC_BYTES = 4_000_000
"""More than what the longest spec may have: what is longer is not even read."""


def read_bytes(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The content of a file. Raises Diagnosed (BSN001; BSN103 beyond the limit)."""
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except (OSError, ValueError) as error:
        message = f"cannot read the file: {_reason(error)}"
        raise Diagnosed(Diagnostic("BSN001", message, subject=str(path))) from None
    if len(content) > limit:
        raise Diagnosed(Diagnostic("BSN103", f"the file has more than {limit:,} bytes", subject=str(path)))
    return content


def read_text(path: Path) -> str:
    """The content of a UTF-8 text file, a byte-order mark removed. Raises Diagnosed (BSN001, BSN002)."""
    return decoded(read_bytes(path), str(path))


def decoded(content: bytes, name: str) -> str:
    """Bytes as UTF-8 text, a byte-order mark removed. Raises Diagnosed (BSN002), where `name` says what they are."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8: byte 0x{content[error.start]:02X} in line {line}, offset {error.start}"
        raise Diagnosed(Diagnostic("BSN002", message, subject=name)) from None
    if "\0" in text:
        message = f"a NUL character at offset {text.index(chr(0))}: this is not a text file"
        raise Diagnosed(Diagnostic("BSN002", message, subject=name))
    return text


def read_source(path: Path) -> Source:
    """A spec, line ends normalised to `\\n`. Raises Diagnosed (BSN001, BSN002, BSN103)."""
    return source_of(read_bytes(path, MAX_SPEC_BYTES), str(path))


def source_of(content: bytes, name: str) -> Source:
    """A spec from its bytes, line ends normalised to `\\n`. Raises Diagnosed (BSN002)."""
    return Source(name, decoded(content, name).replace("\r\n", "\n").replace("\r", "\n"))


def permit_code(directory: Path) -> None:
    """Let Python find modules in a directory and in the current one, where classes of the user's own may lie."""
    for place in (str(directory.resolve()), str(Path.cwd())):
        if place not in sys.path:
            sys.path.append(place)


def _resolved(path: Path) -> Path:
    """Where links lead. Raises Diagnosed (BSN221) where they lead in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        raise Diagnosed(Diagnostic("BSN221", f"{path}: links that lead in a circle")) from None


def importer(root: Path, read: Callable[[Path], Source] = read_source) -> Loader:
    """Reads files for `import`: relative to the importing file, and below `root` only, links followed.

    `read` is how a file is read; an editor has unsaved ones. Raises Diagnosed (BSN001, BSN002) itself.
    """

    known: dict[Path, Source] = {}

    def load(importing: Source, written: str) -> Source:
        path = Path(os.path.normpath(Path(importing.name).parent / written))
        place = _resolved(path)
        if Path(written).is_absolute() or not place.is_relative_to(root.resolve()):
            message = f"`{written}` lies outside of the directory of the spec"
            raise Diagnosed(
                Diagnostic("BSN223", message, help="copy the file there, or name a directory with `--root`")
            )
        if place.exists() and not (place.is_file() or place.is_dir()):
            raise Diagnosed(Diagnostic("BSN221", f"{path}: this is no file of text"))
        try:
            return known.setdefault(place, read(path))
        except Diagnosed as mistake:
            reasons = (replace(d, code="BSN221", message=f"{path}: {d.message}") for d in mistake.diagnostics)
            raise Diagnosed(*reasons) from None

    return load


@contextmanager
def writing(path: Path, remedy: Callable[[], str] | None = None) -> Generator[None, None, None]:
    """Turns failures to write below `path` into Diagnosed (BSN003), with help where there is a remedy."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        message, help_text = f"cannot write: {_reason(error)}", remedy() if remedy else None
        raise Diagnosed(Diagnostic("BSN003", message, subject=str(where), help=help_text)) from None


def replace_content(path: Path, content: bytes) -> None:
    """Replace a file as a whole or not at all; its mode stays, links are followed. Raises Diagnosed (BSN003)."""
    with writing(path):
        write_atomically(path, content)


def make_directory(path: Path) -> None:
    """Create a directory with its parents. Raises Diagnosed (BSN003)."""
    with writing(path):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def gone_if_empty(path: Path) -> Generator[None, None, None]:
    """Whatever goes wrong meanwhile, a directory in which nothing was written is removed."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.rmdir()
        raise


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, FileExistsError):
        return "a file of this name stands where a directory is needed"
    return (error.strerror or str(error)).lower() if isinstance(error, OSError) else str(error)
