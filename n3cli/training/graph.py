"""A network called through CUDA graphs: a step's kernels are launched all at once."""

from __future__ import annotations

import gc
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from n3cli.errors import N3Warning
from n3cli.training.task import Inputs


class Graphed:
    """Calls a network as it is, but for the launches of its kernels.

    Small layers take a GPU less time than Python takes to launch them. Forward and backward pass
    are recorded once for every form that inputs come in (sizes, and arguments that are no tensors)
    and then played back. Recordings, which hold memory, are dropped when the first input's size
    changes. Where recording fails, the network is called as it is, with a warning.

    Args:
        network: on a CUDA device, in training mode; nothing in it may wait for the device.
    """

    def __init__(self, network: nn.Module) -> None:
        self._network = network
        self._recorded: dict[tuple[object, ...], nn.Module | None] = {}
        self._size: torch.Size | None = None

    def __call__(self, *inputs: Tensor | int | None) -> Tensor:
        """What the network gives; overwritten by the next call. Under autocast as without."""
        form, size = tuple(map(_form, inputs)), _tensors(inputs)[0].shape
        if size != self._size:
            self._recorded.clear()
            gc.collect()  # a recorded call refers to itself
            self._size = size
        if form not in self._recorded:
            self._recorded[form] = self._record(inputs)
        recorded = self._recorded[form]
        output: Tensor = self._network(*inputs) if recorded is None else recorded(*_tensors(inputs))
        return output

    def _record(self, inputs: Inputs) -> nn.Module | None:
        # Recording runs the network some times, which must not count in running statistics.
        buffers = {name: buffer.clone() for name, buffer in self._network.named_buffers()}
        call = _Call(self._network, inputs)
        tensors = [tensor.clone() for tensor in _tensors(inputs)]
        device = tensors[0].device
        stream = torch.cuda.current_stream(device)
        try:
            with torch.cuda.device(device):  # what is recorded is what this one does
                torch.cuda.make_graphed_callables(
                    call,
                    tuple(tensors),
                    allow_unused_input=True,  # parameters of other scales
                )
        except RuntimeError as error:  # memory runs out among others
            reason = str(error).partition("\n")[0]
            warnings.warn(
                f"steps cannot be recorded as CUDA graphs ({reason}); continuing without them, "
                "slower; to skip the attempt, set run.cuda_graphs=false",
                N3Warning,
                stacklevel=2,
            )
            return None
        finally:
            with torch.cuda.device(device):  # which setting a stream changes, too
                torch.cuda.set_stream(stream)  # torch does not where recording fails
            with torch.no_grad():
                for name, buffer in self._network.named_buffers():
                    buffer.copy_(buffers[name])
        return call


class _Call(nn.Module):
    """A network whose arguments but for the tensors are fixed."""

    def __init__(self, network: nn.Module, inputs: Inputs) -> None:
        super().__init__()
        self.network = network
        self._places = [i for i, value in enumerate(inputs) if isinstance(value, Tensor)]
        self._fixed = [None if isinstance(value, Tensor) else value for value in inputs]

    def forward(self, *tensors: Tensor) -> Any:
        inputs: list[Tensor | int | None] = [*self._fixed]
        for place, tensor in zip(self._places, tensors, strict=True):
            inputs[place] = tensor
        return self.network(*inputs)


def _tensors(inputs: Inputs) -> list[Tensor]:
    return [value for value in inputs if isinstance(value, Tensor)]


def _form(value: Tensor | int | None) -> object:
    return (value.shape, value.stride(), value.dtype) if isinstance(value, Tensor) else value
