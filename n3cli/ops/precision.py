"""What is computed in float32: how exactly, and what of it although the rest is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from threading import RLock
from typing import Any, Concatenate, ParamSpec

import torch
from torch import Tensor

Rest = ParamSpec("Rest")


def without_autocast(
    function: Callable[Concatenate[Tensor, Rest], Tensor],
) -> Callable[Concatenate[Tensor, Rest], Tensor]:
    """Run a function of tensors as it is written also inside `torch.autocast`.

    Autocast would turn its matrix products to half precision, in which the small differences that
    distances are drown.
    """

    @wraps(function)
    def full(first: Tensor, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Tensor:
        with torch.autocast(first.device.type, enabled=False):
            return function(first, *args, **kwargs)

    return full


_ALONE = RLock()


@contextmanager
def float32_as(dtype: torch.dtype, device: torch.device) -> Iterator[None]:
    """How exactly a GPU computes in float32: as it says where `dtype`, of the layers, is float32.

    Beside layers in half precision, products of TF32's ten bits are good enough for what is left
    in float32, and many times faster. Torch has one setting for the whole process, so threads that
    are inside wait for each other; it is put back as it was.
    """
    if device.type != "cuda":
        yield
        return
    products: Any = torch.backends.cuda.matmul
    convolutions: Any = torch.backends.cudnn.conv  # type: ignore[attr-defined]
    with _ALONE:
        before = products.fp32_precision, convolutions.fp32_precision
        wanted = "ieee" if dtype == torch.float32 else "tf32"
        products.fp32_precision = convolutions.fp32_precision = wanted
        try:
            yield
        finally:
            products.fp32_precision, convolutions.fp32_precision = before
