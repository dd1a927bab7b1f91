"""The comparison of `compare.py` on scikit-learn's digits, with the fabric of `specs/digits.bsn`.

python benchmarks/digits.py --channels 4 --budgets 10% 20% 30% --seeds 10
"""

from __future__ import annotations

from pathlib import Path

from compare import arguments, compare, compile_spec

from bsnc.data import load_data


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--channels", type=int, default=4)
    parser.set_defaults(json=Path("build/benchmarks/digits.json"))
    args = parser.parse_args()
    settings = [f"channels={args.channels}"]
    program = compile_spec("digits.bsn", settings, "20% of max")[1]
    compare("digits.bsn", settings, load_data(program.data, program.graph), args)


if __name__ == "__main__":
    main()
