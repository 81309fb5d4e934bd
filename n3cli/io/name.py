"""Where a result goes when nobody says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from n3cli.errors import InputError
from n3cli.io.format import (
    DNG,
    FLOATING,
    FORMATS,
    MAT,
    is_mat_name,
    is_raw,
    writable_names,
    writable_suffixes,
)

DENOISED: Final = "n3dn"
"""Ends the names of denoised pictures: ``photo_n3dn.png``."""

ENLARGED: Final = re.compile(r"n3(x[0-9]+|up)")
"""What ends the names of enlarged pictures: ``photo_n3x4.png``, ``photo_n3up.png``."""

ONLY_RAW: Final = "only camera raw files become DNG; choose a picture format for others"
"""What is said of other files whose result would be DNG."""

ONLY_MAT: Final = (
    "a .mat file becomes a .mat file; name one as output, or leave -o and --format out"
)
"""What is said where a .mat file should become another kind of file."""

MATCHED: Final = "matches"
"""Ends the names of a pair's files: ``a_b_matches.npz``, ``a_b_matches.png``."""


def enlarged_tag(scale: float | None) -> str:
    """End the name of an enlarged picture: with the scale if it is whole, which stays readable."""
    return f"n3x{scale:g}" if scale is not None and float(scale).is_integer() else "n3up"


def default_target(source: Path, tag: str, format: str | None = None) -> Path:
    """Name the result that stands beside its source: ``photo.png`` → ``photo_n3dn.png``.

    The source's own suffix is kept if its format can be written, else the result is a PNG, of PFM
    a TIFF.
    Camera raw becomes DNG; MATLAB's files stay such.

    Args:
        source: the picture's path.
        tag: what was done to it, without an underscore ("n3dn", "n3x4").
        format: a format's name or suffix ("jpeg", ".jpg"), which takes the place of the source's;
            a name gives the format's usual suffix.

    Raises:
        InputError: `format` is unknown or cannot be written, or is DNG and the source not raw.
    """
    return source.with_name(f"{source.stem}_{tag}{_suffix(source, format)}")


def page_of(target: Path) -> Path:
    """Name the page that compares a result with what it was: ``photo_n3dn_compare.html``."""
    return target.with_name(f"{target.stem}_compare.html")


def _suffix(source: Path, format: str | None) -> str:
    if is_raw(source) and format in (None, DNG):
        return f".{DNG}"
    if is_mat_name(source) and format in (None, MAT):
        return f".{MAT}"
    if format is None:
        suffix = source.suffix.lower()
        if suffix in writable_suffixes():
            return source.suffix
        return ".tif" if suffix == FLOATING else ".png"
    given = format.lower().removeprefix(".")
    if given in writable_names():
        return FORMATS[given].suffixes[0]
    if f".{given}" in writable_suffixes():
        return f".{given}"
    if given == DNG:
        raise InputError(f"{source}: {ONLY_RAW}")
    raise InputError(
        f"cannot write the format {format!r}; use one of {', '.join(writable_names())}"
    )
