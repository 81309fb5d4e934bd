"""Batch norms folded into the convolutions before them, for inference."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from n3cli.networks.any_network import AnyNetwork

N = TypeVar("N", bound=AnyNetwork)


def fold_batch_norm(network: N) -> N:
    """A copy in eval mode that computes the same with fewer layers.

    In every `nn.Sequential` a convolution followed by a batch norm becomes one convolution with
    a bias; nothing else changes.
    """
    folded = copy.deepcopy(network).eval()
    for module in reversed(list(folded.modules())):  # what is inside first
        for name, child in list(module.named_children()):
            if isinstance(child, nn.Sequential):
                setattr(module, name, _fold_sequence(child))
    return folded.eval()


def _fold_sequence(sequence: nn.Sequential) -> nn.Sequential:
    layers: list[nn.Module] = []
    for layer in sequence:
        if isinstance(layer, nn.BatchNorm2d) and layers and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    return nn.Sequential(*layers)
