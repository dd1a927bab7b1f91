"""The comparison of `compare.py` on a part of CIFAR-10 at 16×16, with a small fabric of `specs/cnf.bsn`.

python benchmarks/cifar10.py --data DIRECTORY --budgets 10% 15%

DIRECTORY holds `train-*.parquet` and `test-*.parquet` as on the hub (`uoft-cs/cifar10`): columns `img` with encoded
images, and `label`. Needs the extra `bench`. With
`--train 6000 --test 4000 --set train.epochs=20 --set train.fine_tune=50` there are as many steps on a quarter of
the images.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow.parquet as parquet
import torch
from compare import arguments, compare
from PIL import Image
from torch.nn import functional

from bsnc.data import Dataset, Split

SETTINGS = [
    "layers=4",
    "channels=8",
    "size=16",
    "search.mode=staged",
    "search.evaluations=400",
    "train.epochs=5",
    "train.fine_tune=12",
    "train.optimizer=sgd(lr = 0.1, momentum = 0.9, weight_decay = 5e-4, nesterov = true)",
    "train.schedule=one_cycle(20%)",
    "data.augment=[crop(1), flip]",
]
CLASSES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def read_split(directory: Path, name: str, count: int) -> Split:
    """The first `count` images, each 2×2 pixels averaged to one, in [0, 1], and their labels."""
    (path,) = sorted(directory.glob(f"{name}-*.parquet"))
    rows = parquet.read_table(path).slice(0, count)
    pixels = [np.asarray(Image.open(io.BytesIO(row["bytes"])).convert("RGB")) for row in rows["img"].to_pylist()]
    images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).float() / 255
    return Split(functional.avg_pool2d(images, 2), torch.tensor(rows["label"].to_pylist()))


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--train", type=int, default=24000, help="training images")
    parser.add_argument("--test", type=int, default=10000, help="test images")
    parser.set_defaults(json=Path("build/benchmarks/cifar10.json"), budgets=["10%", "15%"])
    args = parser.parse_args()
    train, test = read_split(args.data, "train", args.train), read_split(args.data, "test", args.test)
    mean, std = train.inputs.mean((0, 2, 3)), train.inputs.std((0, 2, 3))
    compare("cnf.bsn", SETTINGS, Dataset(train, test, CLASSES, mean, std), args)


if __name__ == "__main__":
    main()
