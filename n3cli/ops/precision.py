"""What is computed in float32: how exactly, and what of it although the rest is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec

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


@contextmanager
def float32_as(dtype: torch.dtype) -> Iterator[None]:
    """How exactly a GPU computes in float32: as it says where `dtype`, of the layers, is float32.

    Beside layers in half precision, products of TF32's ten bits are good enough for what is left
    in float32, and many times faster.
    """
    before = torch.get_float32_matmul_precision(), torch.backends.cudnn.allow_tf32
    coarse = dtype != torch.float32
    try:
        torch.set_float32_matmul_precision("high" if coarse else "highest")
        torch.backends.cudnn.allow_tf32 = coarse
        yield
    finally:
        torch.set_float32_matmul_precision(before[0])
        torch.backends.cudnn.allow_tf32 = before[1]
