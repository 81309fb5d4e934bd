"""DnCNN, FFDNet and IRCNN as Kai Zhang's toolboxes publish them, under our names.

https://github.com/cszn/KAIR and https://github.com/cszn/DPIR. Each file is a state dict of one
`nn.Sequential` of convolutions and ReLUs, batch norms merged. What a file is follows from names
and shapes alone. The authors' DnCNN and IRCNN compute what to take away, ours what to add.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from n3cli.errors import ModelError
from n3cli.networks.ircnn import DILATIONS, STEP
from n3cli.zoo.card import Card
from n3cli.zoo.found import Found
from n3cli.zoo.names import VARIANTS

IRCNN_LEVELS: Final = 25

FFDNET_SIGMA: Final = 75.0
"""Largest noise level that FFDNet was trained for, by its paper."""


@dataclass(frozen=True)
class _Stack:
    """Convolutions one after the other, each but the last with a ReLU."""

    layers: tuple[tuple[Tensor, Tensor], ...]

    @classmethod
    def of(cls, state: Mapping[str, Tensor]) -> _Stack | None:
        """Read ``model.0.weight``, ``model.0.bias``, ``model.2.weight``, …; None if not that."""
        layers = []
        for index in range(len(state) // 2):
            name = f"model.{2 * index}"
            weight, bias = state.get(f"{name}.weight"), state.get(f"{name}.bias")
            if weight is None or bias is None:
                return None
            layers.append((weight, bias))
        if len(layers) < 2 or len(state) % 2:
            return None
        planes = layers[0][0].shape[1] if layers[0][0].ndim == 4 else 0
        features = len(layers[0][1])
        for index, (weight, bias) in enumerate(layers):
            out = len(bias) if index + 1 == len(layers) else features
            if weight.shape != (out, planes, 3, 3) or bias.shape != (out,):
                return None
            planes = out
        return cls(tuple(layers))

    @property
    def planes_in(self) -> int:
        return self.layers[0][0].shape[1]

    @property
    def planes_out(self) -> int:
        return len(self.layers[-1][1])

    @property
    def features(self) -> int:
        return len(self.layers[0][1])

    def negated(self) -> _Stack:
        """What gives the same with the other sign."""
        *layers, (weight, bias) = self.layers
        return _Stack((*layers, (-weight, -bias)))

    def named(self, prefix: str) -> Iterator[tuple[str, Tensor]]:
        """Its tensors, called as in a sequence of convolutions and ReLUs."""
        for index, (weight, bias) in enumerate(self.layers):
            yield f"{prefix}.{2 * index}.weight", weight
            yield f"{prefix}.{2 * index}.bias", bias


def read_dncnn(state: Mapping[str, Tensor]) -> Found | None:
    """DnCNN of any depth, for one noise level or blind; None if it is something else.

    Raises:
        ModelError: it may as well be a part of an IRCNN.
    """
    stack = _Stack.of(state)
    if stack is None or stack.planes_in != stack.planes_out or stack.planes_in not in VARIANTS:
        return None
    depth = len(stack.layers)
    if depth == len(DILATIONS):
        raise ModelError(
            f"{depth} convolutions look like a single level of an IRCNN, whose dilations the file "
            "does not state. Give the file with all levels."
        )
    return Found(
        "dncnn",
        {"channels": stack.planes_in, "depth": depth, "features": stack.features},
        _dncnn_state(stack.negated()),
        None,
        _card("DnCNN", "Beyond a Gaussian Denoiser, TIP 2017", "1608.03981"),
    )


def _dncnn_state(stack: _Stack) -> dict[str, Tensor]:
    head, *body, tail = stack.layers
    state = {"cnn.head.weight": head[0], "cnn.head.bias": head[1]}
    for index, (weight, bias) in enumerate(body):
        convolution, norm = f"cnn.body.{3 * index}", f"cnn.body.{3 * index + 1}"
        # A batch norm that does nothing but add: its divisor √(var + ε) is 1 to the last bit.
        state |= {
            f"{convolution}.weight": weight,
            f"{norm}.weight": torch.ones_like(bias),
            f"{norm}.bias": bias,
            f"{norm}.running_mean": torch.zeros_like(bias),
            f"{norm}.running_var": torch.full_like(bias, 1 - nn.BatchNorm2d(1).eps),
        }
    return state | {"cnn.tail.weight": tail[0], "cnn.tail.bias": tail[1]}


def read_ffdnet(state: Mapping[str, Tensor]) -> Found | None:
    """FFDNet: four planes for each of the image and one more in; None if it is something else."""
    stack = _Stack.of(state)
    if stack is None or stack.planes_in != stack.planes_out + 1:
        return None
    channels, rest = divmod(stack.planes_out, 4)
    if rest or channels not in VARIANTS:
        return None
    return Found(
        "ffdnet",
        {"channels": channels, "depth": len(stack.layers), "features": stack.features},
        dict(stack.named("cnn")),
        FFDNET_SIGMA,
        _card("FFDNet", "FFDNet, TIP 2018", "1710.04026"),
    )


def read_ircnn(state: Mapping[str, Tensor]) -> Found | None:
    """IRCNN: a state dict for each of its noise levels; None if it is something else.

    Raises:
        ModelError: levels are missing, or are not all of one form.
    """
    levels: dict[int, dict[str, Tensor]] = {}
    for name, value in state.items():
        match = re.fullmatch(r"([0-9]{1,3})\.(model\..+)", name)
        if match is None:
            return None
        levels.setdefault(int(match[1]), {})[match[2]] = value
    if sorted(levels) != list(range(IRCNN_LEVELS)):
        raise ModelError(
            f"an IRCNN has {IRCNN_LEVELS} noise levels, 0 to {IRCNN_LEVELS - 1}; "
            f"this file has {len(levels)}, from {min(levels)} to {max(levels)}."
        )
    ours: dict[str, Tensor] = {}
    forms = set()
    for level, part in sorted(levels.items()):
        stack = _Stack.of(part)
        if stack is None or len(stack.layers) != len(DILATIONS):
            raise ModelError(f"level {level} of an IRCNN is not {len(DILATIONS)} convolutions.")
        forms.add((stack.planes_in, stack.planes_out, stack.features))
        ours |= stack.negated().named(f"levels.{level}")
    channels, planes_out, features = forms.pop()
    if forms or channels != planes_out or channels not in VARIANTS:
        raise ModelError("the levels of an IRCNN take and give 1 or 3 planes, all the same.")
    return Found(
        "ircnn",
        {"channels": channels, "levels": IRCNN_LEVELS, "features": features},
        ours,
        IRCNN_LEVELS * STEP,
        _card("IRCNN", "Learning Deep CNN Denoiser Prior, CVPR 2017", "1704.03264"),
    )


def _card(network: str, paper: str, arxiv: str) -> Card:
    return Card(
        summary=(
            f"{network} for Gaussian denoising, converted from a file of the form in which its "
            f"authors publish it: Zhang and others, {paper} "
            f"([arXiv {arxiv}](https://arxiv.org/abs/{arxiv}), "
            "[code and weights](https://github.com/cszn/KAIR))."
        ),
        license="other",
        license_name="as-its-authors-say",
        training="As the file's authors did, by their paper if it is theirs.",
        terms=(
            "Converting changes no terms: the weights stay under those of their authors. Look "
            "them up where the file came from before you pass this folder on."
        ),
    )
