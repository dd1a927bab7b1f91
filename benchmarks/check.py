"""How long `bsnc check` takes by the number of edges: cold processes, interleaved with that of an empty Python.

`python benchmarks/check.py [--repeats N] [--json FILE]` prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
LAYERS = {100: 7, 1_000: 63, 10_000: 625}
"""Layers of specs/cnf.bsn that give about so many edges."""


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    return time.perf_counter() - started


def check(layers: int) -> list[str]:
    return [sys.executable, "-m", "bsnc", "check", "specs/cnf.bsn", "--set", f"layers={layers}"]


def edges(layers: int) -> int:
    shown = subprocess.run(check(layers), check=True, capture_output=True, text=True, cwd=ROOT).stdout
    return int(shown.split(" edges")[0].split()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/check.json"))
    options = parser.parse_args()
    commands = {"python": [sys.executable, "-c", "pass"]} | {str(edges(n)): check(n) for n in LAYERS.values()}
    taken: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(options.repeats):
        for name, command in commands.items():
            taken[name].append(seconds(command))
    rows = {name: (min(times), statistics.median(times), max(times)) for name, times in taken.items()}
    print(f"{'edges':>8}  {'least':>7}  {'median':>7}  {'most':>7}  of an empty Python")
    for name, (least, median, most) in rows.items():
        print(f"{name:>8}  {least:>6.2f}s  {median:>6.2f}s  {most:>6.2f}s  {median / rows['python'][1]:>6.1f}×")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"seconds": taken, "python": sys.version}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
