"""How much memory is free, on the device or in this machine (or container); and that it is not."""

from __future__ import annotations

import os
from pathlib import Path

import torch

_UNKNOWN = 4 << 30

_OUT_OF_MEMORY = (
    "out of memory",
    "can't allocate memory",
    "DefaultCPUAllocator: not enough memory",  # Windows
    "ALLOC_FAILED",  # cuBLAS, cuDNN
    "could not create a memory object",  # oneDNN
    "bad_alloc",
    "Invalid buffer size",  # MPS
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch says that memory does not suffice, on whatever device."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in _OUT_OF_MEMORY)


def free_memory(device: torch.device) -> int:
    """Free memory of a device in bytes; a guess of 4 GB where nothing can be asked."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept  # what torch keeps to use again
    if device.type == "cpu":
        return min(_free_in_machine(), _free_in_container())
    return _UNKNOWN


def _free_in_machine() -> int:
    """What programs could take: unused pages, and on Linux also those of caches."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return _UNKNOWN


def _free_in_container(group: Path = Path("/sys/fs/cgroup")) -> int:
    """What a container's limit (cgroup v2) leaves; very much where there is none.

    Pages of files count as used there, but are given back when programs need memory.
    """
    try:
        most = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
        for line in (group / "memory.stat").read_text().splitlines():
            kind, pages = line.split()
            if kind in ("inactive_file", "active_file"):
                used -= int(pages)
        return max(0, most - used)
    except (OSError, ValueError):
        return 1 << 60
