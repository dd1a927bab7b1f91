"""How well `bsnc profile` predicts the latency of architectures that its fit has not seen, one thread, batch 1.

`python benchmarks/latency.py [--spec NAME …] [--architectures N] [--held-out N] [--json FILE]` measures everything
anew, prints a table and writes JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
SPECS: dict[str, list[str]] = {
    "segment": [],
    "cnf": ["--set", "layers=4"],
    "nb201": ["--set", "repeats=2"],
    "msdnet": [],
    "unet": [],
}


def profile(spec: str, options: argparse.Namespace) -> dict[str, Any]:
    """The profile of a shipped spec as JSON, with the seconds that it took."""
    sizes = ["--architectures", str(options.architectures), "--held-out", str(options.held_out)]
    command = [sys.executable, "-m", "bsnc", "profile", f"specs/{spec}.bsn", *SPECS[spec], *sizes]
    command += ["--threads", "1", "--fresh", "--json"]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return {**json.loads(done.stdout)[0], "seconds": time.perf_counter() - started}


def row(spec: str, found: dict[str, Any]) -> str:
    times = [pair["measured"] for pair in found["pairs"]]
    figures = [found[name] for name in ("spearman", "median_error", "worst_error")]
    rank, median, worst = (float("nan") if figure is None else figure for figure in figures)
    return (
        f"{spec:<8} {min(times) * 1e3:>7.2f}–{max(times) * 1e3:<7.2f} {found['held_out']:>8} {rank:>9.3f} "
        f"{median:>8.1%} {worst:>8.1%} {found['seconds']:>6.0f} s"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", nargs="+", choices=SPECS, default=list(SPECS))
    parser.add_argument("--architectures", type=int, default=24)
    parser.add_argument("--held-out", type=int, default=12)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/latency.json"))
    options = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    print(f"{'spec':<8} {'ms a run':^15} {'held out':>8} {'Spearman':>9} {'median':>8} {'worst':>8}")
    for spec in options.spec:
        results[spec] = {**profile(spec, options), "load": os.getloadavg() if hasattr(os, "getloadavg") else None}
        print(row(spec, results[spec]), flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"specs": results, "python": sys.version}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
