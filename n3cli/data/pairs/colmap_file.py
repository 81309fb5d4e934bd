"""The files of a COLMAP model, cameras and images, as text and as binary.

https://colmap.github.io/format.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from n3cli.errors import DataError
from n3cli.io.match.camera_file import COLMAP_MODELS

_BY_NUMBER: Final = tuple(COLMAP_MODELS)

Part = TypeVar("Part")


class Lens(NamedTuple):
    """A camera as the file has it."""

    number: int
    model: str
    parameters: tuple[float, ...]


class Image(NamedTuple):
    """A photo as the file has it."""

    name: str
    camera: int
    quaternion: tuple[float, ...]
    """w, x, y, z of world to camera."""
    translation: tuple[float, ...]


def read_cameras(path: Path) -> list[Lens]:
    """Cameras of `cameras.txt` or `cameras.bin`.

    Raises:
        DataError: it cannot be read, or is damaged.
    """
    return _read(path, _text_cameras if path.suffix == ".txt" else _binary_cameras)


def read_images(path: Path) -> list[Image]:
    """Photos of `images.txt` or `images.bin`.

    Raises:
        DataError: it cannot be read, or is damaged.
    """
    return _read(path, _text_images if path.suffix == ".txt" else _binary_images)


def _read(path: Path, parse: Callable[[bytes], Iterator[Part]]) -> list[Part]:
    try:
        return list(parse(path.read_bytes()))
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, struct.error, IndexError) as error:
        raise DataError(f"{path}: is not a file of a COLMAP model, or damaged ({error})") from error


def _lines(data: bytes) -> list[list[str]]:
    lines = data.decode("utf-8").splitlines()
    return [line.split() for line in lines if not line.startswith("#")]


def _text_cameras(data: bytes) -> Iterator[Lens]:
    for number, model, _, _, *parameters in filter(None, _lines(data)):
        yield Lens(int(number), model, tuple(map(float, parameters)))


def _text_images(data: bytes) -> Iterator[Image]:
    # Each has a second line for its points, which may be empty.
    for words in _lines(data)[::2]:
        if words:
            _, *pose, camera, name = [*words[:9], " ".join(words[9:])]
            yield Image(name, int(camera), *_pose(tuple(map(float, pose))))


def _binary_cameras(data: bytes) -> Iterator[Lens]:
    (count,), offset = struct.unpack_from("<Q", data), 8
    for _ in range(count):
        number, kind, _, _ = struct.unpack_from("<iiQQ", data, offset)
        if not 0 <= kind < len(_BY_NUMBER):
            known = ", ".join(_BY_NUMBER)
            raise ValueError(f"camera {number} is of the model number {kind}; known are {known}")
        model = _BY_NUMBER[kind]
        form = f"<{2 + sum(COLMAP_MODELS[model])}d"
        yield Lens(number, model, struct.unpack_from(form, data, offset + 24))
        offset += 24 + struct.calcsize(form)


def _binary_images(data: bytes) -> Iterator[Image]:
    (count,), offset = struct.unpack_from("<Q", data), 8
    for _ in range(count):
        number, *pose, camera = struct.unpack_from("<i7di", data, offset)
        offset += struct.calcsize("<i7di")
        end = data.index(b"\0", offset)
        yield Image(data[offset:end].decode("utf-8"), camera, *_pose(tuple(pose)))
        (points,) = struct.unpack_from("<Q", data, end + 1)
        offset = end + 9 + points * struct.calcsize("<2dq")
        if offset > len(data):
            raise ValueError(f"ends within the points of photo {number}")


def _pose(numbers: tuple[float, ...]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if len(numbers) != 7:
        raise ValueError(f"a pose has 7 numbers, not {len(numbers)}")
    return numbers[:4], numbers[4:]
