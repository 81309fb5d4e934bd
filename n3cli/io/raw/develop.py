"""Mosaics → pictures, by LibRaw."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray

from n3cli.errors import InputError
from n3cli.io.exif import Tree
from n3cli.io.raw.dng import pack_dng
from n3cli.io.raw.mosaic import RawPicture, reason_of

_SMALLEST = 512
"""Rows and columns of the smallest mosaic under X-Trans that LibRaw interpolates by Markesteijn's
way."""


def develop(
    raw: RawPicture, mosaic: NDArray[np.floating], tree: Tree, *, factor: int = 1
) -> NDArray[np.uint16]:
    """Develop a mosaic: as LibRaw does a DNG file of it, as it was exposed.

    Colours are interpolated by LibRaw's default (AHD; Markesteijn's for X-Trans, linearly where
    that is below 512×512), balanced as shot, and turned to sRGB with its tone curve. Nothing is
    brightened, and highlights are cut off where the first colour is white.

    Args:
        raw: the file that the mosaic comes from.
        mosaic: H×W, black at 0 and white at 1 as in `raw`.
        tree: what the file says besides, see `read_raw_tree`.
        factor: how much finer than the file's the values are, see `finer`.

    Returns:
        The shown part, h×w×3, not turned upright.

    Raises:
        InputError: LibRaw cannot make a picture of it.
    """
    import rawpy

    small = len(raw.pattern) > 2 and min(mosaic.shape) < _SMALLEST
    try:
        with rawpy.RawPy() as developer:
            developer.open_buffer(io.BytesIO(pack_dng(raw, mosaic, tree, factor=factor)))
            developer.unpack()
            # LibRaw moves the active area's corner to even places; what lies before is left out.
            begin = developer.sizes.top_margin, developer.sizes.left_margin
            picture = developer.postprocess(
                demosaic_algorithm=rawpy.DemosaicAlgorithm.LINEAR if small else None,
                use_camera_wb=True,
                output_color=rawpy.ColorSpace.sRGB,
                output_bps=16,
                gamma=(2.4, 12.92),  # IEC 61966-2-1
                no_auto_bright=True,
                adjust_maximum_thr=0.0,  # else white would depend on the picture
                user_flip=0,
            )
    except rawpy.LibRawError as error:
        raise InputError(f"{raw.name}: LibRaw cannot develop it ({reason_of(error)})") from error
    before = ((first - now) for first, now in zip(raw.active[:2], begin, strict=True))
    down, right = (round(one * times) for one, times in zip(before, raw.stretch, strict=True))
    rows = slice(*(max(edge + down, 0) for edge in raw.shown[::2]))
    columns = slice(*(max(edge + right, 0) for edge in raw.shown[1::2]))
    return picture[rows, columns].astype(np.uint16, copy=False)
