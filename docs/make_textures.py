"""Write the pictures with repeated structure that forms of N3-UNet are compared on.

    python docs/make_textures.py DATA

puts them into DATA/Textures: brick, grass, gravel and coins of scikit-image, and four façades drawn
here. They are for development: settings may be chosen on them.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from skimage import data

from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture

SIZE = 384


def make_facade(seed: int) -> NDArray[np.uint8]:
    """A house front, H×W, 8 bits: rows of windows that are alike and never the same."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:SIZE, :SIZE].astype(np.float64)
    shear = rng.uniform(-0.12, 0.12)  # the wall is seen at an angle
    x = columns + shear * rows
    y = rows + rng.uniform(-0.08, 0.08) * columns
    wall = 0.62 + 0.08 * np.sin(x / rng.uniform(90, 160)) + 0.05 * rows / SIZE
    course = rng.uniform(7, 10)  # bricks
    joint = (y % course < 1.2) | ((x + course * (y // course % 2)) % (2 * course) < 1.2)
    picture = np.where(joint, wall - 0.08, wall)
    width, height = rng.uniform(44, 64), rng.uniform(52, 76)
    u, v = x % width / width, y % height / height
    number = (x // width * 31 + y // height * 17).astype(int)
    shade = rng.uniform(0.12, 0.35, 4096)[number % 4096]  # what is behind each window
    blind = rng.uniform(0.1, 0.9, 4096)[number % 4096]
    frame = (abs(u - 0.5) < 0.32) & (abs(v - 0.5) < 0.36)
    glass = (abs(u - 0.5) < 0.27) & (abs(v - 0.5) < 0.32)
    bars = (abs(u - 0.5) < 0.02) | (abs(v - 0.42) < 0.018)
    lamellae = 0.5 + 0.12 * np.sin(2 * np.pi * y / rng.uniform(4, 6))
    inside = np.where((v - 0.18) / 0.64 < blind, lamellae, shade + 0.1 * u)
    picture = np.where(frame, 0.85, picture)
    picture = np.where(glass, np.where(bars, 0.8, inside), picture)
    # As a lens would have it: no edge is sharper than the pixels.
    for axis in (0, 1):
        around = np.roll(picture, 1, axis) + np.roll(picture, -1, axis)
        picture = 0.5 * picture + 0.25 * around
    return np.rint(255 * picture.clip(0, 1)).astype(np.uint8)


def main(folder: Path) -> None:
    """Write the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = {name: getattr(data, name)() for name in ("brick", "grass", "gravel", "coins")}
    pictures |= {f"facade{seed}": make_facade(seed) for seed in range(4)}
    for name, pixels in pictures.items():
        write_picture(folder / f"{name}.png", Picture(pixels[..., None], None, Meta()))


if __name__ == "__main__":
    main(Path(sys.argv[1]) / "Textures")
