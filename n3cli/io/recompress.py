"""What JPEG leaves of a picture, without a file."""

from __future__ import annotations

import numpy as np
import pyvips
from numpy.typing import NDArray


def recompress(pixels: NDArray[np.uint8], quality: int, *, halve_chroma: bool) -> NDArray[np.uint8]:
    """Compress a picture and decode it again.

    Args:
        pixels: H×W×C, C 1 or 3.
        quality: of libjpeg, 1–100.
        halve_chroma: whether colour has half the resolution (4:2:0); luma keeps its own.

    Returns:
        H×W×C.
    """
    image = pyvips.Image.new_from_array(np.ascontiguousarray(pixels))
    coded = image.jpegsave_buffer(Q=quality, subsample_mode="on" if halve_chroma else "off")
    decoded: NDArray[np.uint8] = pyvips.Image.jpegload_buffer(coded).numpy()
    return decoded.reshape(pixels.shape)
