"""TIFF files of others: large strips, hostile directories, colours that need conversion."""

import io

import numpy as np
import tifffile

from n3cli.io.picture import read_picture


def tiff_bytes(pixels: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def test_one_strip_may_be_larger_than_libtiffs_budget() -> None:
    pixels = np.zeros((5000, 3600, 3), np.uint8)
    pixels[-1, -1] = 1, 2, 3
    data = tiff_bytes(
        pixels,
        photometric="rgb",
        rowsperstrip=5000,
        compression="zlib",
        compressionargs={"level": 0},
    )
    assert read_picture(data).pixels[-1, -1].tolist() == [1, 2, 3]
