"""Activation checkpointing: less memory in training, for one more forward pass."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from n3cli.networks.description import Placement


@torch.compiler.disable  # type: ignore[untyped-decorator]
def run_recomputed(
    module: nn.Module, run: Callable[[Tensor, Placement], Tensor], x: Tensor, place: Placement
) -> Tensor:
    """Run a part of a module, and again in the backward pass instead of keeping its activations.

    Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016 (arXiv 1604.06174).
    Outputs, gradients and the module's buffers are those of `run(x, place)`. `torch.compile`,
    which cannot trace the exchange of buffers, leaves it as it is.

    Args:
        module: owner of the buffers that `run` may update.
        run: maps a tile and its placement to a tile; of the module's layers.
        x: B×C×H×W.
        place: where it lies.
    """
    output: Tensor = checkpoint(
        run,
        x,
        place,
        use_reentrant=False,
        context_fn=lambda: (nullcontext(), _SpareBuffers(module)),
    )
    return output


class _SpareBuffers(AbstractContextManager[None]):
    """Inside, a module's buffers are copies, and what happens to them is forgotten.

    So a second run does not count a batch twice in the running statistics of batch norms. Can be
    entered again and again, as each backward pass through a kept graph recomputes.
    """

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._kept: list[tuple[nn.Module, str, Tensor]] = []

    def __enter__(self) -> None:
        self._kept = [
            (owner, name, buffer)
            for owner in self._module.modules()
            for name, buffer in owner.named_buffers(recurse=False)
        ]
        for owner, name, buffer in self._kept:
            setattr(owner, name, buffer.clone())

    def __exit__(self, *exception: object) -> None:
        for owner, name, buffer in self._kept:
            setattr(owner, name, buffer)
