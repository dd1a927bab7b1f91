"""Runs that are killed (SIGKILL) at random moments and resumed until they are through: do they end as if nothing was?

    python benchmarks/kill.py --kills 50

One run is left alone; the others must leave the same files, byte for byte, but for seconds. A kill falls anywhere
between the start of a process and the time that the whole run took: into imports, the search, files being written.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SPEC = Path(__file__).parents[1] / "specs" / "digits.bsn"
SETTINGS = (
    "layers=2",
    "channels=2",
    "train.epochs=6",
    "train.fine_tune=6",
    "train.batch_size=64",
    "search.evaluations=60",
)
COMPARED = ("architecture.json", "ir.json", "weights.safetensors", "search.safetensors", "model.onnx", "spec.bsn")
NOT_BEGUN, FINISHED = "no run has begun here", "the run is finished"


@dataclass
class Count:
    """What became of the processes."""

    runs: int = 0
    kills: int = 0
    not_begun: int = 0
    different: int = 0


def command(mode: str, directory: Path, *, resumes: bool) -> list[str]:
    if resumes:
        return [sys.executable, "-m", "bsnc", "train", "--resume", str(directory)]
    settings = [part for text in (*SETTINGS, f"search.mode={mode}") for part in ("--set", text)]
    options = ["-o", str(directory), "--threads", "1", "--budget", "flops=40% of max"]
    return [sys.executable, "-m", "bsnc", "train", str(SPEC), *options, *settings]


def run(arguments: list[str], seconds: float | None) -> tuple[int, str]:
    """Exit status, −9 where it was killed after so many seconds, and what it wrote to stderr."""
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        _, told = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        _, told = process.communicate()
    return process.returncode, told


def run_with_kills(mode: str, directory: Path, takes: float, left: int, draw: random.Random, count: Count) -> None:
    """Kill it, at most `left` times, and resume it until it is through."""
    resumes = False
    while True:
        seconds = draw.uniform(0, takes) if left else None
        status, told = run(command(mode, directory, resumes=resumes), seconds)
        if status == 0 or FINISHED in told:  # a kill may come after the last file
            count.runs += 1
            return
        if status == -signal.SIGKILL:
            left, resumes = left - 1, directory.exists()
            count.kills += 1
        elif NOT_BEGUN in told:
            resumes = False
            count.not_begun += 1
        else:
            raise SystemExit(f"exit {status}: {told}")


def outcome(directory: Path) -> dict[str, object]:
    """The files of a run, metrics and summary without what tells time or place."""
    files: dict[str, object] = {name: (directory / name).read_bytes() for name in COMPARED}
    rows = [json.loads(line) for line in (directory / "metrics.jsonl").read_text().splitlines()]
    summary = json.loads((directory / "summary.json").read_text())
    files["metrics"] = [{key: row[key] for key in row if key != "seconds"} for row in rows]
    files["summary"] = {key: summary[key] for key in summary if key not in ("seconds", "run", "model", "certificate")}
    return files


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--a-run", type=int, default=5, help="at most so many kills of one run")
    parser.add_argument("--modes", nargs="+", default=["staged", "joint"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/kill.json"))
    args = parser.parse_args()
    draw, count = random.Random(args.seed), Count()
    with tempfile.TemporaryDirectory() as place:
        for number, mode in enumerate(args.modes):
            started, whole = time.monotonic(), Path(place) / mode
            status, told = run(command(mode, whole, resumes=False), None)
            assert status == 0, told
            takes, expected = time.monotonic() - started, outcome(whole)
            while count.kills < args.kills * (number + 1) / len(args.modes):
                directory = Path(place) / f"{mode}-{count.runs}"
                run_with_kills(mode, directory, takes, args.a_run, draw, count)
                count.different += outcome(directory) != expected
            print(f"{mode}, {takes:.0f} s a run: up to here {vars(count)}", flush=True)
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(vars(count), indent=1))
    raise SystemExit(count.different > 0)


if __name__ == "__main__":
    main()
