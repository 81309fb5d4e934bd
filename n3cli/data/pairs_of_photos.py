"""Photos of a scene, noisy and as the mean of many: PolyU and CC15, two files a pair.

Sources: Xu, Li, Liang, D. Zhang, L. Zhang, "Real-world Noisy Image Denoising: A New Benchmark",
2018 (arXiv 1804.02603): `*_real.JPG` and `*_mean.JPG`; Nam, Hwang, Matsushita, Kim, "A Holistic
Approach to Cross-Channel Image Noise Modeling and its Application to Image Denoising", CVPR 2016,
as the 15 parts that later work measures on are passed around: `*_real.png` and `*_mean.png`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from n3cli.errors import DataError

_NOISY, _CLEAN = "_real", "_mean"


@dataclass(frozen=True)
class PhotoPair:
    """A noisy photo and the mean of many.

    Attributes:
        noisy: path of one.
        clean: path of the other.
    """

    noisy: Path
    clean: Path

    @property
    def name(self) -> str:
        """For people."""
        return self.stem

    @property
    def stem(self) -> str:
        """For names of files."""
        return self.noisy.stem.removesuffix(_NOISY)


def pair_photos(paths: Sequence[Path]) -> list[PhotoPair]:
    """The pairs of noisy photos.

    Args:
        paths: of the noisy ones.

    Raises:
        DataError: the mean of one is missing.
    """
    pairs = [
        PhotoPair(path, path.with_name(path.stem.removesuffix(_NOISY) + _CLEAN + path.suffix))
        for path in paths
    ]
    for pair in pairs:
        if not pair.clean.is_file():
            raise DataError(
                f"{pair.noisy} has no {pair.clean.name} beside it; restore the folder or give "
                "another with --data DIR"
            )
    return pairs
