"""`bsnc new`: a spec to begin with. Templates are specs in `bsnc/templates`. Never loads torch."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from bsnc.diagnostics import Diagnosed, Diagnostic
from bsnc.driver.files import writing
from bsnc.syntax import RESERVED

DEFAULT_TEMPLATE = "fabric"
_NETWORK = re.compile(r"^network \w+", re.MULTILINE)


def templates() -> dict[str, str]:
    """The text of every template, by name."""
    files = (entry for entry in (resources.files("bsnc") / "templates").iterdir() if entry.name.endswith(".bsn"))
    return {Path(entry.name).stem: entry.read_text(encoding="utf-8") for entry in sorted(files, key=lambda e: e.name)}


def template_summaries() -> dict[str, str]:
    """What each template is: its first line."""
    return {name: text.partition("\n")[0].removeprefix("# ") for name, text in templates().items()}


def new_spec(path: Path, template: str) -> Path:
    """Write a template to `path`, `.bsn` appended where it lacks, its network named after the file.

    Raises Diagnosed (BSN003) where the file exists or cannot be written.
    """
    target = path if path.suffix == ".bsn" else path.with_name(path.name + ".bsn")
    text = _NETWORK.sub(f"network {network_name(target.stem)}", templates()[template], count=1)
    if target.exists():
        raise Diagnosed(Diagnostic("BSN003", "the file exists; `bsnc new` overwrites nothing", subject=str(target)))
    with writing(target), target.open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    return target


def network_name(stem: str) -> str:
    """A name for a network, as close to a file's as the language allows."""
    name = re.sub(r"\W", "_", stem)
    if not name or not re.match(r"[^\W\d]", name):
        name = f"_{name}"
    return f"{name}_" if name in RESERVED else name
