"""Arrays and tensors of people's own ↔ what is computed on. Light: only tensors load torch."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar, overload

import numpy as np

from n3cli.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

ImageT = TypeVar("ImageT", np.ndarray, "Tensor")
"""What people have images in, where they get the same kind back."""

_CHANNELS = 1, 3
_WITH_ALPHA = {2: 1, 4: 3}
"""Channels with alpha → without."""


def check_array(image: object) -> np.ndarray:
    """The image as H×W×C of uint8, uint16 or float32.

    Args:
        image: array or tensor H×W or H×W×C with C 1 or 3, of uint8, uint16 or floating values.

    Raises:
        InputError: see `check_shape`; or it has another dtype.
    """
    array = check_shape(image)
    array = array.astype(array.dtype.newbyteorder("="), copy=False)
    if array.dtype.kind == "f":
        array = array.astype(np.float32, copy=False)
    elif array.dtype not in (np.uint8, np.uint16):
        raise InputError(f"expected uint8, uint16 or floating values, got {array.dtype}")
    return array


def check_shape(image: object) -> np.ndarray:
    """The image as H×W×C, of its own dtype.

    Args:
        image: array or tensor H×W or H×W×C with C 1 or 3.

    Raises:
        InputError: it is neither, is masked or sparse, or has another shape.
    """
    turn = "transpose"
    if is_tensor(image):
        image, turn = from_tensor(image), "permute"
    if not isinstance(image, np.ndarray):
        raise InputError(
            f"expected a NumPy array or a torch tensor, got {type(image).__name__}; convert it "
            "with np.asarray"
        )
    if isinstance(image, np.ma.MaskedArray):
        raise InputError("a masked array hides values; fill them first: pass image.filled(value)")
    array = np.asarray(image)  # of a matrix, slices are none of an image
    shape = array.shape
    if 0 in shape or not (len(shape) == 2 or (len(shape) == 3 and shape[2] in _CHANNELS)):
        way = _way_to_an_image(shape, turn)
        raise InputError(
            f"expected an image H×W or H×W×C with C 1 or 3, got shape {shape}{way and '; ' + way}"
        )
    return array.reshape(*shape[:2], -1)


def _way_to_an_image(shape: tuple[int, ...], turn: str) -> str:
    """What may have been meant by a shape, and what to pass then; else nothing.

    Args:
        shape: that is none of an image.
        turn: how axes are reordered where it comes from.
    """
    if len(shape) not in (3, 4) or 0 in shape:
        return ""
    known = (*_CHANNELS, *_WITH_ALPHA)
    first = shape[-1] not in known and shape[-3] in known
    last = f".{turn}(1, 2, 0)" if first else ""
    if len(shape) == 4:
        return f"one image at a time: pass image[0]{last} and so on"
    if first:
        return f"channels come last: pass image{last}"
    if kept := _WITH_ALPHA.get(shape[-1]):
        return f"remove the alpha channel first: pass image[..., :{kept}]"
    return ""


def is_tensor(image: object) -> TypeGuard[Tensor]:
    """Whether it is a tensor: who has one has loaded torch."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(image, torch.Tensor)


def from_tensor(tensor: Tensor) -> np.ndarray:
    """A tensor's values, detached and on the CPU; short floating formats become float32.

    Raises:
        InputError: it is sparse, or has no values.
    """
    import torch

    if tensor.layout is not torch.strided or tensor.is_meta:
        raise InputError(
            f"expected a dense tensor with values, got {tensor.layout} on {tensor.device}; "
            "convert it with to_dense"
        )
    if tensor.is_floating_point() and tensor.itemsize < 4:  # NumPy has no bfloat16
        tensor = tensor.float()
    values: np.ndarray = tensor.numpy(force=True)
    return values


@overload
def as_given(result: np.ndarray, image: np.ndarray) -> np.ndarray: ...


@overload
def as_given(result: np.ndarray, image: Tensor) -> Tensor: ...


def as_given(result: np.ndarray, image: np.ndarray | Tensor) -> np.ndarray | Tensor:
    """A result as the kind of image that was given: of its dtype and, for a tensor, its device."""
    if isinstance(image, np.ndarray):
        return result.astype(image.dtype, copy=False)
    import torch

    return torch.from_numpy(result).to(image.device, image.dtype)


def to_pixels(planes: Tensor, dtype: np.dtype[Any]) -> np.ndarray:
    """Planes C×h×W as pixels h×W×C: integers are rounded and clipped, floats left as they are."""
    pixels = planes.permute(1, 2, 0)
    if dtype.kind == "u":
        peak = float(np.iinfo(dtype).max)
        pixels = (pixels * peak).round_().clamp_(0, peak)
    return np.ascontiguousarray(pixels.numpy().astype(dtype, copy=False))
