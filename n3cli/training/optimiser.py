"""Which parameter is stepped how."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn

from n3cli.training.config import OptimiserSettings
from n3cli.training.muon import Muon

_PLANES = 8
"""Muon is for layers with more planes than this in and out: smaller ones are no matrices whose
directions should all count alike."""


class Optimiser:
    """One or two torch optimisers, stepped together.

    Args:
        network: what is trained; parameters keep their places in it.
        settings: of the recipe.
        device: fused Adam is used on CUDA.

    Attributes:
        rates: Adam's learning rate, and Muon's where it steps some layers, by the names of their
            settings.
    """

    def __init__(
        self, network: nn.Module, settings: OptimiserSettings, device: torch.device
    ) -> None:
        self._clip = settings.clip
        self.rates = {"rate": settings.rate}
        matrices, others = split(network) if settings.kind == "muon" else ([], network.parameters())
        self._parts: list[torch.optim.Optimizer] = []
        if matrices:
            self.rates["muon_rate"] = settings.muon_rate
            self._parts.append(
                Muon(matrices, settings.muon_rate, settings.momentum, settings.muon_decay)
            )
        if rest := list(others):
            kind = torch.optim.AdamW if settings.kind == "adamw" else torch.optim.Adam
            self._parts.append(
                kind(
                    _by_decay(rest, settings.weight_decay),
                    lr=settings.rate,
                    betas=settings.betas,
                    fused=device.type == "cuda",
                )
            )
        self._rates = [group["lr"] for group in self._groups]
        self._parameters = list(network.parameters())

    @property
    def _groups(self) -> list[dict[str, Any]]:
        return [group for part in self._parts for group in part.param_groups]

    def step(self, factor: float, scaler: torch.amp.GradScaler) -> torch.Tensor:
        """Take a step with all learning rates times `factor`, and forget the gradients.

        Returns:
            The norm of the gradient, before it was clipped.
        """
        for group, rate in zip(self._groups, self._rates, strict=True):
            group["lr"] = rate * factor
        for part in self._parts:
            scaler.unscale_(part)
        norm = nn.utils.get_total_norm([p.grad for p in self._parameters if p.grad is not None])
        # The scaler would skip the step of that part alone whose gradients overflowed in fp16.
        if not scaler.is_enabled() or torch.isfinite(norm):
            if self._clip:
                nn.utils.clip_grads_with_norm_(self._parameters, self._clip, norm)
            for part in self._parts:
                scaler.step(part)
        for part in self._parts:
            part.zero_grad(set_to_none=True)
        scaler.update()
        return norm

    def state_dict(self) -> list[dict[str, Any]]:
        """The state of each part."""
        return [part.state_dict() for part in self._parts]

    def load_state_dict(self, state: list[dict[str, Any]]) -> None:
        """Take up what `state_dict` gave."""
        for part, own in zip(self._parts, state, strict=True):
            part.load_state_dict(own)


def split(network: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Parameters for Muon and for Adam: weights of wide layers, and all else.

    A transposed convolution is stored in × out; where stride and kernel agree, as here, what is
    orthogonalised is the map from its inputs, which is as good.
    """
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    maps = {id(module.weight) for module in network.modules() if isinstance(module, kinds)}
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for parameter in network.parameters():
        wide = id(parameter) in maps and min(parameter.shape[:2]) > _PLANES
        (matrices if wide else others).append(parameter)
    return matrices, others


def _by_decay(parameters: Iterable[nn.Parameter], decay: float) -> list[dict[str, Any]]:
    """Two groups: weights decay; biases and norms, which have one dimension, do not."""
    everything = list(parameters)
    groups = (
        {"params": [p for p in everything if p.dim() > 1], "weight_decay": decay},
        {"params": [p for p in everything if p.dim() <= 1], "weight_decay": 0.0},
    )
    return [group for group in groups if group["params"]]
