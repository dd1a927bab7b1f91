"""How long commands take before they do anything: cold processes, interleaved with that of an empty Python.

`python benchmarks/startup.py [--repeats N] [--json FILE] [COMMAND…]` prints a table and writes JSON. Beside the
clock it tells the seconds of the processor, which other work on the machine changes less.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""Without it modules would be compiled each time; those of a package that is installed are not."""
EMPTY = "an empty Python"
COMMANDS = (
    "--help",
    "--version",
    "check specs/cnf.bsn",
    "compile specs/cnf.bsn",
    "train --help",
    "verify --help",
)


def python(name: str, build: str) -> list[str]:
    """What Python is given for a row of the table; a build directory of its own for what writes one."""
    if name == EMPTY:
        return ["-c", "pass"]
    output = ["--output", build] if name.startswith("compile") else []
    return ["-m", "bsnc", *name.split(), *output]


def seconds(arguments: list[str]) -> tuple[float, float]:
    """By the clock, and of the processor."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, cwd=ROOT, env=ENVIRONMENT)
    taken, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return taken, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def modules(arguments: list[str]) -> int:
    """How many modules are imported. Compiles those that are not compiled yet."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=ENVIRONMENT)
    return sum(line.startswith("import time:") for line in done.stderr.splitlines()) - 1  # the header


def measured(commands: dict[str, list[str]], repeats: int) -> dict[str, list[tuple[float, float]]]:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, arguments in commands.items():
            taken[name].append(seconds(arguments))
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "commands", nargs="*", metavar="COMMAND", help="One word each, behind --. [default: those in the file]"
    )
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/startup.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as build:
        commands = {name: python(name, build) for name in (EMPTY, *(options.commands or COMMANDS))}
        imported = {name: modules(arguments) for name, arguments in commands.items()}
        taken = measured(commands, options.repeats)
    clock = {name: statistics.median(wall for wall, _ in times) for name, times in taken.items()}
    processor = {name: statistics.median(busy for _, busy in times) for name, times in taken.items()}
    print(f"{'':<24}{'least':>8}{'median':>8}{'of empty':>10}{'processor':>11}{'of empty':>10}{'modules':>9}")
    for name, times in taken.items():
        wall, busy = clock[name] / clock[EMPTY], processor[name] / processor[EMPTY]
        seen = f"{min(wall for wall, _ in times):>7.2f}s{clock[name]:>7.2f}s{wall:>9.1f}×{processor[name]:>10.2f}s"
        print(f"{name:<24}{seen}{busy:>9.1f}×{imported[name]:>9}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    data = {"seconds": taken, "modules": imported, "python": sys.version}
    options.json.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
