"""Keeping distances and weights out of half precision."""

from __future__ import annotations

from collections.abc import Callable
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
