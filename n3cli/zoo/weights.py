"""model.safetensors ↔ the parameters and running statistics of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from n3cli.errors import ModelError

_NAMED = 3
"""How many offending tensors an error names before it only counts them."""


def network_state(network: nn.Module) -> dict[str, Tensor]:
    """Return what a weight file holds of `network`: its floating-point state.

    Integer state (the number of batches that a batch norm has seen) matters to no result.
    """
    return {key: value for key, value in network.state_dict().items() if value.is_floating_point()}


def read_weights(path: Path, dtype: str) -> dict[str, Tensor]:
    """Read a weight file.

    Args:
        path: a safetensors file.
        dtype: name of the dtype that every tensor must be stored in, for example ``"float16"``.

    Returns:
        The tensors by name, as float32.

    Raises:
        ModelError: cannot be read, damaged, another dtype, or a value that is not finite.
    """
    try:
        # Not `load_file`, which takes no path that is not UTF-8.
        state = load(path.read_bytes())
    except OSError as error:
        raise ModelError(f"{path}: cannot be read ({error}).") from error
    except SafetensorError as error:
        raise ModelError(
            f"{path}: not a complete safetensors file ({error}). Download or copy the model again."
        ) from error
    stored = getattr(torch, dtype)
    if other := [key for key, value in state.items() if value.dtype != stored]:
        raise ModelError(f"{path}: {_some(other)} not stored as {dtype}, as config.json says.")
    check_finite(state, str(path))
    return {key: value.float() for key, value in state.items()}


def write_weights(path: Path, state: Mapping[str, Tensor], dtype: str) -> None:
    """Write tensors to a safetensors file, in the dtype of that name.

    Raises:
        ModelError: a value is not finite, or is not any more in that dtype.
    """
    stored = getattr(torch, dtype)
    converted = {key: value.detach().cpu().to(stored).contiguous() for key, value in state.items()}
    check_finite(converted, f"weights in {dtype}")
    # Not `save_file`, which leaves a file that only its owner may read. The Hub takes the
    # framework from the metadata.
    path.write_bytes(save(converted, metadata={"format": "pt"}))


def check_state(state: Mapping[str, Tensor], network: nn.Module, *, source: str, name: str) -> None:
    """Check that tensors are exactly those of a network, by name and shape.

    Args:
        state: tensors by name.
        network: what they are for.
        source: where they come from, for the message.
        name: what the network is called, for the message.

    Raises:
        ModelError: a tensor is missing, too many, or of another shape; the first few are named.
    """
    wanted = network_state(network)
    problems = []
    if missing := wanted.keys() - state.keys():
        problems.append(f"{_some(missing)} missing")
    if unknown := state.keys() - wanted.keys():
        problems.append(f"{_some(unknown)} unknown")
    if misshapen := [
        f"{key} {list(state[key].shape)} instead of {list(wanted[key].shape)}"
        for key in wanted.keys() & state.keys()
        if state[key].shape != wanted[key].shape
    ]:
        problems.append(f"of another shape {_some(misshapen)}")
    if problems:
        raise ModelError(f"{source}: not the weights of the network {name}: {'; '.join(problems)}.")


def load_state(network: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Put tensors that `check_state` has passed into a network."""
    network.load_state_dict(state, strict=False)


def check_finite(state: Mapping[str, Tensor], source: str) -> None:
    """Raise a ModelError that names tensors with NaN or infinite values."""
    if bad := [key for key, value in state.items() if not bool(torch.isfinite(value).all())]:
        raise ModelError(f"{source}: NaN or infinite values in {_some(bad)}.")


def _some(names: Iterable[str]) -> str:
    ordered = sorted(names)
    rest = len(ordered) - _NAMED
    return ", ".join(ordered[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
