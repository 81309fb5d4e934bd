"""Files of weights as others publish them → tensors by name. No code in a file is run."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from n3cli.errors import ModelError

CONTAINERS: Final = (
    "params_ema",  # the moving average before the weights of the last step
    "params-ema",
    "params",
    "model_state_dict",
    "state_dict",
    "net",
    "model",
)
"""Under which names training programs put the weights among other things; the first one counts."""

_SHARED = 64
"""How many times a file's bytes its tensors may claim: some weights stand under several names."""


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read a state dict, wherever in the file it is.

    Args:
        path: a safetensors file if its suffix says so, else a pickle of `torch.save`.

    Returns:
        Tensors by name; those of dicts in a dict as ``outer.inner``. Floating ones as float32.

    Raises:
        ModelError: no such file, damaged, or something else than tensors by name.
    """
    if not path.is_file():
        raise ModelError(f"{path}: no such file. Give the path of a file of weights.")
    content = _read_safetensors(path) if path.suffix == ".safetensors" else _read_pickle(path)
    for container in CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(container), Mapping):
            content = content[container]
            break
    state = dict(_flat(content, path))
    if not state:
        raise ModelError(f"{path}: holds no weights.")
    # A few bytes can stand for any number of values, or for one tensor under many names.
    claimed = sum(value.numel() * value.element_size() for value in state.values())
    if claimed > _SHARED * path.stat().st_size:
        raise ModelError(
            f"{path}: its tensors claim {claimed} bytes, over {_SHARED} times the size of the file."
        )
    if all(name.startswith("module.") for name in state):  # left by torch.nn.DataParallel
        state = {name.removeprefix("module."): value for name, value in state.items()}
    return {
        name: value.float() if value.is_floating_point() else value for name, value in state.items()
    }


def _read_safetensors(path: Path) -> Any:
    try:
        return load(path.read_bytes())
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path}: not a complete safetensors file ({error}). Download or copy it again."
        ) from error


def _read_pickle(path: Path) -> Any:
    try:
        with warnings.catch_warnings(action="ignore"):  # of old pickle protocols
            return torch.load(path, map_location="cpu", weights_only=True)
    # Almost any exception comes out of unpickling a file that is something else.
    except Exception as error:
        runs = re.search(r"GLOBAL ([\w.]+)", str(error))  # torch's advice is not for our users
        what = f"would run code ({runs[1]})" if runs else "is damaged, or would run code"
        raise ModelError(
            f"{path}: not a PyTorch checkpoint of tensors alone: it {what}, so n3 refuses it."
        ) from error


def _flat(content: object, path: Path, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
    if not isinstance(content, Mapping):
        raise ModelError(f"{path}: holds no weights: {type(content).__name__} is not a state dict.")
    for name, value in content.items():
        if isinstance(value, Mapping) and isinstance(name, str) and not prefix:
            yield from _flat(value, path, f"{name}.")
        elif isinstance(value, Tensor) and isinstance(name, str) and _is_plain(value):
            yield prefix + name, value.detach()
        else:
            raise ModelError(
                f"{path}: holds no weights: {str(name)[:40]!r} in it is not a tensor with a name."
            )


def _is_plain(value: Tensor) -> bool:
    """Whether a tensor holds ordinary numbers in ordinary memory."""
    return value.layout == torch.strided and not value.is_complex() and value.device.type == "cpu"
