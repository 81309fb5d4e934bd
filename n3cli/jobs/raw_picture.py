"""The pictures that LibRaw develops of a raw file, before and after its mosaic is denoised."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from n3cli.inference.tiling import strips
from n3cli.io.depth import Pixels
from n3cli.io.exif import Tree
from n3cli.io.meta import Meta
from n3cli.io.raw.develop import develop
from n3cli.io.raw.meta import developed_meta
from n3cli.io.raw.mosaic import RawPicture
from n3cli.jobs.denoise_settings import DenoiseSettings
from n3cli.ops.array import Float32
from n3cli.ops.luma import luma


class RawPictures:
    """Both pictures, each developed when it is first asked for, and cropped.

    Args:
        raw: the file.
        estimate: its denoised mosaic.
        tree: see `read_raw_tree`.
        factor: see `finer`.
        settings: those of the batch; the crop lies inside the picture.
    """

    def __init__(
        self,
        raw: RawPicture,
        estimate: Float32,
        tree: Tree,
        factor: int,
        settings: DenoiseSettings,
    ) -> None:
        self._raw, self._estimate, self._tree, self._factor = raw, estimate, tree, factor
        self._settings = settings

    @property
    def meta(self) -> Meta:
        """What the file says of them."""
        return developed_meta(self._tree, self._raw.orientation)

    @cached_property
    def before(self) -> Pixels:
        """Of the mosaic as the camera stored it."""
        return self._develop(self._raw.mosaic)

    @cached_property
    def after(self) -> Pixels:
        """Of the denoised mosaic; where colours have a strength of their own, mixed by it."""
        pixels, settings = self._develop(self._estimate), self._settings
        if settings.chroma is None:
            return pixels
        return _mixed(self.before, pixels, settings.strength, settings.chroma)

    def _develop(self, mosaic: Float32) -> Pixels:
        pixels = develop(self._raw, mosaic, self._tree, factor=self._factor)
        if self._settings.crop is None:
            return pixels
        left, top, width, height = self._settings.crop
        return pixels[top : top + height, left : left + width]


def _mixed(noisy: Pixels, clean: Pixels, strength: float, chroma: float) -> Pixels:
    """Noisy pixels with a share of the change of luma, and another of the change of chroma."""
    mixed = np.empty_like(clean)
    for top, bottom in strips(*clean.shape[:2]):
        before = noisy[top:bottom].astype(np.float32)
        change = clean[top:bottom] - before
        grey = luma(change)
        before += strength * grey + chroma * (change - grey)
        mixed[top:bottom] = np.rint(before).clip(0, np.iinfo(clean.dtype).max)
    return mixed
