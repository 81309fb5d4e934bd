"""Make the pictures of this folder: `python docs/make_pictures.py`; see pictures.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from skimage.data import chelsea

import n3cli
from n3cli.io.picture import Picture, write_picture

DOCS = Path(__file__).parent
SIGMA = 25
SCALE = 4
GAP = 6
"""White pixels between the two sides of the comparison."""


def make_noisy() -> np.ndarray:
    """A photo with white Gaussian noise, H×W×3, clipped and rounded as an 8-bit file has it."""
    clean = chelsea()
    noise = np.random.default_rng(0).normal(0, SIGMA, clean.shape)
    return np.rint(clean + noise).clip(0, 255).astype(np.uint8)


def make_small() -> np.ndarray:
    """The same photo, reduced bicubically: H×W×3 of 8 bits."""
    return n3cli.upscale(chelsea(), 1 / SCALE)


def beside(left: np.ndarray, right: np.ndarray) -> Picture:
    """Two pictures side by side."""
    white = np.full((len(left), GAP, 3), 255, np.uint8)
    return Picture(np.hstack([left, white, right]))


def main() -> None:
    """Write the pictures."""
    noisy, small = make_noisy(), make_small()
    write_picture(DOCS / "noisy.png", Picture(noisy))
    write_picture(DOCS / "before-after.png", beside(noisy, n3cli.denoise(noisy)))
    large = [n3cli.upscale(small, SCALE, model) for model in ("bicubic", None)]
    write_picture(DOCS / "enlarged.png", beside(*large))


if __name__ == "__main__":
    main()
