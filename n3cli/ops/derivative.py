"""What functions with a gradient of their own say where they have no second derivative."""

from __future__ import annotations

import torch


def refuse_second(what: str) -> None:
    """Called where a gradient is computed: refuse to be differentiated in its turn.

    PyTorch's `once_differentiable` lets it pass where nothing that comes in needs a gradient, and
    the derivative lacks a part then without a word.

    Args:
        what: has no second derivative, for the message.

    Raises:
        NotImplementedError: a graph of the gradient is being made (``create_graph``).
    """
    if torch.is_grad_enabled():
        raise NotImplementedError(f"{what} has no second derivative")
