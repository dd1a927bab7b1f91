"""Use an exported model the way an application would: ONNX Runtime, numpy, and what the file says of itself.

make demo
python examples/classify_digits.py runs/demo/model.onnx
"""

from __future__ import annotations

import json
import sys

import numpy as np
import onnxruntime as ort
from sklearn.datasets import load_digits


def main(path: str) -> None:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map["bsnc"])
    mean, std = (np.array(about[key], dtype=np.float32)[:, None, None] for key in ("mean", "std"))

    digits = load_digits()
    images = digits.images[:, None].astype(np.float32) / 16  # in [0, 1], [N, 1, 8, 8]
    (logits,) = session.run(None, {session.get_inputs()[0].name: (images - mean) / std})

    for image, row, truth in list(zip(digits.images, logits, digits.target, strict=True))[:3]:
        print("\n".join("".join(" .:-=+*#@"[int(v) // 2] for v in line) for line in image))
        print(f"→ {about['class_names'][row.argmax()]} (in truth {truth})\n")
    print(f"{(logits.argmax(1) == digits.target).mean():.2%} of all {len(images)} digits, training images included")


if __name__ == "__main__":
    main(*sys.argv[1:])
