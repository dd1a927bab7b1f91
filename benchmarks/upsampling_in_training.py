"""From how many multiply-adds on is `upsample(2) | conv(channels, 3)` faster on the small image, in training?

Forward and backward of both forms on the CPU, one thread, channels last; `bsnc.lower.upsampled.WORTH` is where they
part. Prints a table and writes JSON. For the form in an exported file see `upsampling.py`.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable
from pathlib import Path

import torch
from interleaved import seconds_of_runs
from torch import Tensor, nn

from bsnc.lower.upsampled import WORTH, upsampled_convolution


def runs(batch: int, channels: int, size: int) -> dict[str, Callable[[], object]]:
    convolution, upsample = nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.Upsample(scale_factor=2)
    laid_out = {"memory_format": torch.channels_last}
    x = torch.randn(batch, channels, size, size).contiguous(**laid_out).requires_grad_()
    gradient = torch.randn(batch, channels, 2 * size, 2 * size).contiguous(**laid_out)

    def trained(forward: Callable[[Tensor], Tensor]) -> Callable[[], object]:
        return lambda: torch.autograd.grad(forward(x), [x, convolution.weight], gradient)

    return {
        "plain": trained(lambda value: convolution(upsample(value))),
        "small": trained(lambda value: upsampled_convolution(convolution, value)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=60)
    parser.add_argument("--channels", nargs="+", type=int, default=[8, 16, 32, 64])
    parser.add_argument("--sizes", nargs="+", type=int, default=[1, 2, 4, 8, 16])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/upsampling_in_training.json"))
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows: list[dict[str, object]] = []
    print(f"{'channels':>8} {'size':>8} {'M multiply-adds':>16} {'plain ms':>9} {'faster':>7}   joined")
    for channels in args.channels:
        for size in args.sizes:
            taken = seconds_of_runs(runs(args.batch, channels, size), args.rounds, 0.0)
            plain, small = (statistics.median(taken[name]) for name in ("plain", "small"))
            work = 4 * size * size * 9 * channels * channels
            shown = f"{channels:8} {f'{size}→{2 * size}':>8} {work / 1e6:16.3f} {plain * 1e3:9.2f} {plain / small:7.2f}"
            print(f"{shown}   {'yes' if work >= WORTH else 'no'}", flush=True)
            rows.append({"channels": channels, "size": size, "multiply_adds": work, "plain": plain, "small": small})
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps({"batch": args.batch, "torch": torch.__version__, "rows": rows}, indent=1))


if __name__ == "__main__":
    main()
