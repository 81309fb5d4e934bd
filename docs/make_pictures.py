"""Make the pictures of this folder: `python docs/make_pictures.py`; see pictures.md."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from skimage.data import chelsea

import n3cli
from n3cli.io.picture import Picture, write_picture

DOCS = Path(__file__).parent
SIGMA = 25
GAP = 6
"""White pixels between the two sides of the comparison."""


def make_noisy() -> np.ndarray:
    """A photo with white Gaussian noise, H×W×3, clipped and rounded as an 8-bit file has it."""
    clean = chelsea()
    noise = np.random.default_rng(0).normal(0, SIGMA, clean.shape)
    return np.rint(clean + noise).clip(0, 255).astype(np.uint8)


def main() -> None:
    """Write both pictures."""
    noisy = make_noisy()
    white = np.full((len(noisy), GAP, 3), 255, np.uint8)
    write_picture(DOCS / "noisy.png", Picture(noisy))
    write_picture(
        DOCS / "before-after.png", Picture(np.hstack([noisy, white, n3cli.denoise(noisy)]))
    )


if __name__ == "__main__":
    main()
