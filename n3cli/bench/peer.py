"""Other people's denoisers: non-local means of scikit-image and of OpenCV.

Their strengths were tuned on the 40 validation images (every tenth of BSDS500's train and test by
name), on 160×160 crops at sigma 15, 25 and 50, and never on a test set.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from n3cli.bench.method import Method
from n3cli.errors import ConfigError


def make_peer(name: str) -> Method:
    """The peer of that name, ready to run.

    Raises:
        ConfigError: the name is unknown, or the library behind it is not installed.
    """
    if name not in _PEERS:
        raise ConfigError(f"no peer is called {name!r}; there are: {', '.join(_PEERS)}")
    try:
        return _PEERS[name]()
    except ImportError as error:
        raise ConfigError(
            f"peer {name} cannot be loaded ({error}); install it with: pip install 'n3cli[bench]'"
        ) from error


def _scikit_image() -> Method:
    from skimage.restoration import denoise_nl_means

    def run(noisy: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        deviation = sigma / 255
        estimate = denoise_nl_means(
            noisy,
            patch_size=5,
            patch_distance=11,
            h=0.5 * deviation,
            sigma=deviation,
            fast_mode=True,
            channel_axis=-1,
        )
        return np.asarray(estimate, np.float32).reshape(noisy.shape)  # a single plane is dropped

    note = (
        "scikit-image denoise_nl_means, fast, 5×5 patches, distance 11, h = 0.5 sigma "
        "(tuned on validation images), sigma told"
    )
    return Method("nlm-skimage", note, run)


def _opencv() -> Method:
    import cv2

    denoise: Any = cv2.fastNlMeansDenoising

    def run(noisy: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        eight_bit = np.rint(255 * np.clip(noisy, 0, 1)).astype(np.uint8)
        estimate = denoise(eight_bit, h=0.95 * sigma, templateWindowSize=3, searchWindowSize=21)
        result: NDArray[np.float32] = estimate.reshape(noisy.shape).astype(np.float32) / 255
        return result

    note = (
        "OpenCV fastNlMeansDenoising, 3×3 patches, 21×21 search, h = 0.95 sigma (tuned "
        "on validation images); it takes 8 bits only, so its input is clipped and rounded"
    )
    return Method("nlm-opencv", note, run)


_PEERS = {"nlm-skimage": _scikit_image, "nlm-opencv": _opencv}
PEERS = tuple(_PEERS)
