"""Where to compute, and in which precision."""

from __future__ import annotations

import warnings

import torch

from n3cli.errors import ConfigError, DeviceError, N3Warning
from n3cli.networks.description import Description

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""Number formats by the names that people give them."""

PRECISIONS = ("auto", *DTYPES)
"""What people may ask for."""

_FINE_SIGMA = 10.0
"""Noise levels below this (0–255 scale) are computed in float32 unless asked otherwise."""


def choose_device(name: str | torch.device = "auto") -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:N``, ``mps`` or ``xpu`` into a device that is there.

    ``auto`` takes the first of CUDA, XPU and MPS that is present, else the CPU. A GPU that torch
    has no kernels for is left out with a warning.

    Raises:
        ConfigError: not a device's name.
        DeviceError: this machine has no such device, or torch has no kernels for it.
    """
    name = str(name)
    if name == "auto":
        found = [torch.device(kind) for kind in ("cuda", "xpu", "mps") if _count(kind)]
        usable = next(filter(_has_kernels, found), torch.device("cpu"))
        if found and usable.type == "cpu":
            warnings.warn(f"{_lacking(found[0])}; computing on the CPU", N3Warning, stacklevel=2)
        return usable
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda", "mps", "xpu") or (index and not index.isdecimal()):
        raise ConfigError(
            f"unknown device {name!r}; known are auto, cpu, cuda, cuda:N, mps and xpu"
        )
    if int(index or 0) >= _count(kind):
        raise DeviceError(
            f"this machine has no device {name!r}, or the installed torch does not support it; use "
            '--device auto (in Python, device="auto"), or install a torch that does'
        )
    device = torch.device(name)
    if not _has_kernels(device):
        raise DeviceError(
            f"{_lacking(device)}; install a torch that has, or use --device cpu (in Python, "
            'device="cpu")'
        )
    return device


LACKING = "lacks an operation of this network"
"""Why a device gives way where torch raises NotImplementedError."""


def give_way(device: torch.device, reason: str, *, stacklevel: int) -> torch.device:
    """Warn that the CPU takes a device's place, and return it; `stacklevel` as for the caller."""
    text = f"{device} {reason}; computing on the CPU instead"
    warnings.warn(text, N3Warning, stacklevel=stacklevel + 1)
    return torch.device("cpu")


def choose_precision(
    name: str, device: torch.device, description: Description, sigma: float | None, depth: int
) -> torch.dtype:
    """Turn ``auto``, ``fp32``, ``bf16`` or ``fp16`` into a dtype for the convolutions.

    ``auto`` takes bfloat16 where the device is fast at it, the network knows it, the noise is not
    faint and the picture has 8 bits: there the rounding is far below what is left of the noise.
    Where there is no noise, it is the 8 bits that are coarser than the rounding. Networks for
    whole mosaics take it whatever the depth: they scale with values and noise, and what is rounded
    is what they take away alone. That makes 1–2 % of the error that they leave, at every noise
    level, and 4 % more noise where all is flat (measured).

    Args:
        name: the precision asked for, one of `PRECISIONS`.
        device: where it is computed.
        description: the network's.
        sigma: noise level on the 0–255 scale; None for tasks in which there is none.
        depth: bits of a channel of the picture.
    """
    if name != "auto":
        return DTYPES[name]
    coarse = depth <= 8 and (sigma is None or sigma >= _FINE_SIGMA)
    coarse |= description.mosaic == "whole"
    fast = coarse and "bf16" in description.dtypes and is_fast_at_bfloat16(device)
    return torch.bfloat16 if fast else torch.float32


def _count(kind: str) -> int:
    if kind == "cpu":
        return 1
    if kind == "mps":
        return int(torch.backends.mps.is_available())
    if kind == "xpu":
        return torch.xpu.device_count() if torch.xpu.is_available() else 0
    return torch.cuda.device_count() if torch.cuda.is_available() else 0


def _has_kernels(device: torch.device) -> bool:
    """Whether torch was built for such a device; older GPUs are left out of newer builds.

    A GPU runs what was made for its major version and its minor one or a lower, and the
    intermediate code (`compute_…`) of its version or a lower (NVIDIA, "CUDA C++ Programming Guide",
    "Binary Compatibility" and "PTX Compatibility").
    """
    if device.type != "cuda" or torch.version.hip or not (built := torch.cuda.get_arch_list()):
        return True
    major, minor = torch.cuda.get_device_capability(device)
    for kind, number in (each.split("_", 1) for each in built):
        version = divmod(int(number.rstrip("af")), 10)
        if kind == "sm" and version[0] == major and version[1] <= minor:
            return True
        if kind == "compute" and version <= (major, minor):
            return True
    return False


def _lacking(device: torch.device) -> str:
    major, minor = torch.cuda.get_device_capability(device)
    name = torch.cuda.get_device_name(device)
    return f"the installed torch was not built for {name} (compute capability {major}.{minor})"


def is_fast_at_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is faster there than float32."""
    if device.type == "cpu":
        features = torch.cpu.get_capabilities()
        return bool(features.get("avx512_bf16") or features.get("amx_bf16"))
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device)[0] >= 8
    return False
