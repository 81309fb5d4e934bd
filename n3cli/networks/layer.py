"""Layers that several networks are made of, and how they start.

No biases: what is scaled scales what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn

LARGEST = 4096
"""Of a number in a list of options: beyond it a network is a mistake, or meant to use up memory."""


class ResidualBlock(nn.Module):
    """x + conv3(relu(conv3(x))); the second convolution starts at zero."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = convolution(width, width)
        self.conv2 = convolution(width, width, zero=True)

    def forward(self, x: Tensor) -> Tensor:
        """B×width×H×W → the same shape."""
        y: Tensor = self.conv2(self.conv1(x).relu_())
        # In place: fresh memory costs more than the sum. Not where autocast made y narrower than x.
        return y.add_(x) if y.dtype == x.dtype else x + y


def convolution(planes_in: int, planes_out: int, zero: bool = False) -> nn.Conv2d:
    """A 3×3 convolution, with weights that start at zero if asked for."""
    layer = nn.Conv2d(planes_in, planes_out, 3, padding=1, bias=False)
    if zero:
        nn.init.zeros_(layer.weight)
    return layer


def keep_variance(layers: Iterable[nn.Module]) -> None:
    """Start the convolutions of a plain stack as He et al. do (ICCV 2015, arXiv 1502.01852).

    Of torch's own start each layer with a ReLU leaves a sixth of the variance. Norms and skips make
    up for it; without them nothing of what comes in is left after 15 layers, and nothing is learnt.
    """
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def factors(text: str) -> tuple[int, ...]:
    """Read a list of scales, in order.

    Raises:
        ValueError: it is none.
    """
    return tuple(sorted(set(numbers("scales", text))))


def numbers(name: str, text: str) -> list[int]:
    """Read a list of whole numbers from 1 on.

    Raises:
        ValueError: it is none.
    """
    words = [word.strip() for word in text.split(",")]
    if not all(word.isdecimal() and 1 <= int(word) <= LARGEST for word in words):
        raise ValueError(
            f"{name} takes whole numbers from 1 to {LARGEST} with commas between, got {text!r}"
        )
    return [int(word) for word in words]
