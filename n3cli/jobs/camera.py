"""Which camera took a picture: what was given, what a list says, or its Exif block."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import numpy as np

from n3cli.errors import InputError, N3Warning
from n3cli.ops.two_view.camera import Camera


@dataclass(frozen=True)
class Cameras:
    """What is known of a batch's cameras.

    Attributes:
        given: of the first and the second picture of every pair, or None.
        listed: by the names of pictures.
        focal: focal length in pixels of all pictures, the principal point in the middle, or None.
        exif: whether what pictures say themselves may be used.
    """

    given: tuple[Camera, Camera] | None = None
    listed: Mapping[str, Camera] = field(default_factory=dict)
    focal: float | None = None
    exif: bool = True

    @property
    def is_told(self) -> bool:
        """Whether anything is known before pictures are looked at."""
        return bool(self.given or self.listed or self.focal)

    def warn_of_missing(self, names: Sequence[str]) -> None:
        """Warn of those pictures that a list of cameras does not have."""
        missing = [name for name in dict.fromkeys(names) if self._listed(name) is None]
        if self.listed and missing:
            source = next(iter(self.listed.values())).source
            warnings.warn(
                f"{source}: lists no camera for {len(missing)} of {len({*names})} pictures, for "
                f"example {missing[0]}",
                N3Warning,
                stacklevel=2,
            )

    def _listed(self, name: str) -> Camera | None:
        return self.listed.get(name) or self.listed.get(PurePath(name).name)

    def find(
        self,
        name: str,
        side: int,
        size: tuple[int, int] | None,
        told: float | None,
        stored: Camera | None = None,
    ) -> Camera | None:
        """The camera of a picture, or None.

        Args:
            name: as the command was given it, or a list has it.
            side: 0 for the first of its pair, 1 for the second.
            size: width and height of the picture in pixels, where it is known.
            told: the focal length that its Exif block tells, pixels.
            stored: what a file of matches says of it; that goes before Exif.

        Raises:
            InputError: the list's camera is for another size.
        """
        if self.given:
            return self.given[side]
        if camera := self._listed(name):
            if camera.size and size and camera.size != size:
                raise InputError(
                    f"{name}: is {size[0]}×{size[1]}, but its camera in {camera.source} is for "
                    f"{camera.size[0]}×{camera.size[1]}; give a camera for the picture's own size"
                )
            return camera
        if size and self.focal:
            return centred(self.focal, size, "--focal")
        if stored:
            return stored
        if size and self.exif and told:
            return centred(told, size, "Exif")
        return None


def centred(focal: float, size: tuple[int, int], source: str) -> Camera:
    """A camera whose principal point is the picture's middle."""
    x, y = ((length - 1) / 2 for length in size)
    matrix = np.array([[focal, 0, x], [0, focal, y], [0, 0, 1]])
    return Camera(matrix, source=source, size=size)
