"""Which number format a run's convolutions are computed in."""

from __future__ import annotations

import torch

from n3cli.inference.device import DTYPES, is_fast_at_bfloat16


def prepare(device: torch.device) -> None:
    """Set what torch decides for a whole process: crops have one size."""
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True


def training_dtype(name: str, device: torch.device) -> torch.dtype:
    """Turn ``auto``, ``fp32``, ``bf16`` or ``fp16`` into a dtype for autocast.

    ``auto`` is bfloat16 where the device is fast at it. Weights, their averages and the
    aggregation of the N3 blocks are float32 in any case.
    """
    if name == "auto":
        return torch.bfloat16 if is_fast_at_bfloat16(device) else torch.float32
    return DTYPES[name]
