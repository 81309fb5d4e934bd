"""How a run's convolutions are computed: in which number format, and by which kernels."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from n3cli.inference.device import DTYPES, is_fast_at_bfloat16
from n3cli.ops.precision import float32_as
from n3cli.training.task import NetworkT


def prepare(device: torch.device) -> None:
    """Set what torch decides for a whole process: which GPU is meant, and that crops have one size.

    Args:
        device: of the run; a GPU has a number.
    """
    if device.type == "cuda":
        torch.cuda.set_device(device)
        torch.backends.cudnn.benchmark = True


def to_judge(network: NetworkT, device: torch.device) -> NetworkT:
    """A copy of a network in training that is validated with, as `judging` computes.

    Its weights lie plane by plane on a GPU. Training has them with channels last, which half
    precision likes; in float32 proper cuDNN has fast kernels for planes alone.
    """
    judged = copy.deepcopy(network).eval()
    if device.type == "cuda":
        judged.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return judged


@contextmanager
def judging(device: torch.device) -> Iterator[None]:
    """Compute in float32 proper, and search no fastest kernels: whole images have many sizes."""
    before = torch.backends.cudnn.benchmark
    torch.backends.cudnn.benchmark = False
    try:
        with float32_as(torch.float32, device):
            yield
    finally:
        torch.backends.cudnn.benchmark = before


def training_dtype(name: str, device: torch.device, dtypes: tuple[str, ...]) -> torch.dtype:
    """Turn ``auto``, ``fp32``, ``bf16`` or ``fp16`` into a dtype for autocast.

    ``auto`` is bfloat16 where the device is fast at it and the network (`dtypes` of its
    description) known to work in it. Weights, their averages and the
    aggregation of the N3 blocks are float32 in any case.
    """
    if name == "auto":
        fast = "bf16" in dtypes and is_fast_at_bfloat16(device)
        return torch.bfloat16 if fast else torch.float32
    return DTYPES[name]
