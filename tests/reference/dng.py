"""DNG and other raw files of given mosaics, made by tifffile."""

from __future__ import annotations

import io

import numpy as np
import tifffile

from n3cli.io.exif import Tree, add_tree

BAYER = {
    "RGGB": ((0, 1), (1, 2)),
    "BGGR": ((2, 1), (1, 0)),
    "GRBG": ((1, 0), (2, 1)),
    "GBRG": ((1, 2), (0, 1)),
}
X_TRANS = (
    (1, 1, 0, 1, 1, 2), (1, 1, 2, 1, 1, 0), (2, 0, 1, 0, 2, 1),
    (1, 1, 2, 1, 1, 0), (1, 1, 0, 1, 1, 2), (0, 2, 1, 2, 0, 1),
)  # fmt: skip
MATRIX = (0.6461, -0.1164, -0.0857, -0.3825, 1.1597, 0.2534, -0.0416, 0.154, 0.6039)


def make_dng(
    mosaic: np.ndarray,
    pattern: tuple[tuple[int, ...], ...] = BAYER["RGGB"],
    *,
    black: int | tuple[int, ...] = 512,
    white: int = 15000,
    neutral: tuple[float, float, float] = (0.5, 1.0, 0.625),
    noise: tuple[float, ...] = (),
    area: tuple[int, int, int, int] | None = None,
    crop: tuple[int, int, int, int] | None = None,
    orientation: int = 1,
) -> bytes:
    """A file.

    Args:
        mosaic: H×W uint16, the whole sensor.
        pattern: of the filter from the active area's corner: 0 red, 1 green, 2 blue.
        black: one level, or one for each site of 2×2.
        white: the level of white.
        neutral: camera colours of a neutral surface.
        noise: DNG's noise profile.
        area: the active area: top, left, bottom, right.
        crop: left, top, width and height of what is shown, inside the active area.
        orientation: as in Exif.
    """
    blacks = (black,) if isinstance(black, int) else black
    repeat = (1, 1) if len(blacks) == 1 else (2, 2)
    flat = bytes(colour for row in pattern for colour in row)
    tags = [
        (271, "s", 0, "Maker", True),
        (272, "s", 0, "Model 1", True),
        (274, "H", 1, orientation, True),
        (50706, "B", 4, bytes([1, 4, 0, 0]), True),
        (50708, "s", 0, "Maker Model 1", True),
        (33421, "H", 2, (len(pattern), len(pattern[0])), True),
        (33422, "B", len(flat), flat, True),
        (50713, "H", 2, repeat, True),
        (50714, "I", len(blacks), blacks if len(blacks) > 1 else blacks[0], True),
        (50717, "I", 1, white, True),
        (50721, "2i", 9, _rationals(MATRIX), True),
        (50728, "2I", 3, _rationals(neutral), True),
        (50778, "H", 1, 21, True),
    ]
    if noise:
        tags.append((51041, "d", len(noise), noise, True))
    if area:
        tags.append((50829, "I", 4, area, True))
    if crop:
        tags += [(50719, "I", 2, crop[:2], True), (50720, "I", 2, crop[2:], True)]
    file = io.BytesIO()
    tifffile.imwrite(file, mosaic, photometric=32803, extratags=tags, software=None, metadata=None)
    return file.getvalue()


XMP = (
    b"<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    b"<?xpacket end='w'?>"
)


def make_pef(mosaic: np.ndarray, *, orientation: int = 6, told: Tree | None = None) -> bytes:
    """A file of a Pentax K10D, RGGB: a preview first, the mosaic in a directory below it.

    LibRaw knows the camera's colours and that white is 65535.

    Args:
        mosaic: H×W uint16.
        orientation: as in Exif.
        told: more directories, such as Exif's.
    """
    file = io.BytesIO()
    tags = [
        (271, "s", 0, "PENTAX", True),
        (272, "s", 0, "PENTAX K10D", True),
        (274, "H", 1, orientation, True),
        (315, "s", 0, "Jane Doe", True),
        (700, "B", len(XMP), XMP, True),
    ]
    preview = np.full((30, 40, 3), 128, np.uint8)
    layout = [(33421, "H", 2, (2, 2), True), (33422, "B", 4, bytes([0, 1, 1, 2]), True)]
    how = {"metadata": None, "software": None}
    with tifffile.TiffWriter(file) as writer:
        writer.write(preview, photometric="rgb", subfiletype=1, subifds=1, extratags=tags, **how)
        writer.write(mosaic, photometric=32803, subfiletype=0, extratags=layout, **how)
    if told:
        add_tree(file, {0: {}} | told)
    return file.getvalue()


def _rationals(values: tuple[float, ...]) -> tuple[int, ...]:
    return tuple(number for value in values for number in (round(value * 10000), 10000))
