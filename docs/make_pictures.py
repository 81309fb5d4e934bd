"""Make the pictures of this folder: `python docs/make_pictures.py`; see pictures.md."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from skimage.data import chelsea, coffee

import n3cli
from n3cli.data.simulated.mosaic import RGGB, expose, noise_at, see
from n3cli.io.picture import Picture, read_picture, write_picture
from n3cli.io.raw.dng import write_dng
from n3cli.io.raw.mosaic import XYZ_FROM_SRGB, RawPicture
from n3cli.io.raw.tag import RawTags

DOCS = Path(__file__).parent
SIGMA = 25
SCALE = 4
LEVEL = 20
"""Of the sensor's noise: the deviation of the photons at white on the 0–255 scale."""
BLACK, WHITE = 512, 15000
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


def make_raw(path: Path) -> None:
    """A DNG file of what a sensor with the colours of sRGB sees of a photo, with its noise."""
    noisy = expose(see(coffee() / 255), LEVEL, seed=0)[..., 0]
    values = np.rint(BLACK + noisy * (WHITE - BLACK)).clip(0, 16383).astype(np.uint16)
    whole = (0, 0, *noisy.shape)
    raw = RawPicture(
        mosaic=noisy,
        sensor=values,
        active=whole,
        pattern=RGGB,
        black=np.full((2, 2), float(BLACK)),
        white=np.full((2, 2), float(WHITE)),
        crop=whole,
        orientation=1,
        white_balance=(1 / 0.5, 1.0, 1 / 0.6),
        to_srgb=np.eye(3),
        from_xyz=np.diag((0.5, 1.0, 0.6)) @ np.linalg.inv(XYZ_FROM_SRGB),
        noise=None,
        iso=None,
        black_lines=None,
        stretch=(1.0, 1.0),
        tags=RawTags(make="n3", model="simulated"),
        name=path.name,
    )
    write_dng(path, raw, noisy, {0: {}})


def develop(path: Path, *options: str) -> np.ndarray:
    """What `n3 denoise` makes of a raw file, developed: H×W×3 of 8 bits."""
    target = path.with_suffix(".png")
    command = [sys.executable, "-m", "n3cli", "denoise", path, "-o", target, "-y", *options]
    subprocess.run(command, check=True)
    return np.rint(read_picture(target).pixels / 257).astype(np.uint8)


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
    with TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.dng"
        make_raw(raw)
        noise = noise_at(LEVEL)
        how = "--noise", f"{noise.a},{noise.b}"
        both = develop(raw, *how, "--strength", "0"), develop(raw, *how)
        write_picture(DOCS / "raw.png", beside(*both))


if __name__ == "__main__":
    main()
