"""How much memory is free, on the device or in this machine (or container); and that it is not."""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch

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


def free_memory(device: torch.device) -> int | None:
    """Free memory of a device in bytes; None where nothing can be asked.

    macOS does not tell: half of what the machine has.
    """
    match device.type:
        case "cuda":
            kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
            return int(torch.cuda.mem_get_info(device)[0]) + kept  # what torch keeps to use again
        case "xpu":
            try:
                free = torch.xpu.mem_get_info(device)[0]
            except RuntimeError:  # not all of them tell
                return None
            return free + torch.xpu.memory_reserved(device) - torch.xpu.memory_allocated(device)
        case "mps":
            most, used = torch.mps.recommended_max_memory(), torch.mps.current_allocated_memory()
            return max(0, most - used)
        case "cpu":
            unused = _free_in_machine()
            return None if unused is None else min(unused, _free_in_container())
    return None


def _free_in_machine(table: Path = Path("/proc/meminfo")) -> int | None:
    """What programs could take: unused pages, and on Linux and Windows also those of caches."""
    if sys.platform == "win32":
        return _free_on_windows()
    with suppress(OSError, ValueError):
        for line in table.read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    for pages, share in (("SC_AVPHYS_PAGES", 1), ("SC_PHYS_PAGES", 2)):  # macOS has only the latter
        with suppress(OSError, ValueError):
            return os.sysconf(pages) * os.sysconf("SC_PAGE_SIZE") // share
    return None


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of Windows' `GlobalMemoryStatusEx`."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        ("physical", ctypes.c_uint64),
        ("free", ctypes.c_uint64),
        ("others", ctypes.c_uint64 * 5),
    )


def _free_on_windows() -> int | None:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    return int(status.free) if kernel.GlobalMemoryStatusEx(ctypes.byref(status)) else None


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
