"""Draw a small folder of images: discs, squares and triangles, in a colour, at a place and of a size of their own.

python examples/own_data/make_photos.py             # into photos/ beside this file
python examples/own_data/make_photos.py elsewhere
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

SIDE, COUNT = 24, 80


def draw(shape: str, random: np.random.Generator) -> Image.Image:
    noise = random.integers(0, 110, (SIDE, SIDE, 3), dtype=np.uint8)
    image = Image.fromarray(noise)
    pen, colour = ImageDraw.Draw(image), tuple(random.integers(90, 256, 3).tolist())
    radius = int(random.integers(4, 8))
    x, y = random.integers(radius, SIDE - radius, 2).tolist()
    left, top, right, bottom = x - radius, y - radius, x + radius, y + radius
    if shape == "disc":
        pen.ellipse((left, top, right, bottom), fill=colour)
    elif shape == "square":
        pen.rectangle((left, top, right, bottom), fill=colour)
    else:
        pen.polygon([(x, top), (left, bottom), (right, bottom)], fill=colour)
    return image


def main(root: str = "") -> None:
    place = Path(root) if root else Path(__file__).with_name("photos")
    random = np.random.default_rng(0)
    for shape in ("disc", "square", "triangle"):
        (place / shape).mkdir(parents=True, exist_ok=True)
        for number in range(COUNT):
            draw(shape, random).save(place / shape / f"{number:03}.png")
    print(f"{3 * COUNT} images in {place}")


if __name__ == "__main__":
    main(*sys.argv[1:])
