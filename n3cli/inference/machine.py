"""What a figure was measured on: without it, it means little."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch

import n3cli


@dataclass(frozen=True)
class Machine:
    """Where and when a benchmark ran.

    Attributes:
        date: of the run, ISO 8601, UTC.
        cpu: the processor's model.
        threads: how many of its threads torch may use.
        device: what the networks ran on: ``"cpu"``, or an accelerator's name.
        torch: its version.
        n3cli: this program's version.
        commit: of the checkout it ran from, with ``+`` when it was changed; None outside one.
    """

    date: str
    cpu: str
    threads: int
    device: str
    torch: str
    n3cli: str
    commit: str | None


def describe_machine(device: torch.device) -> Machine:
    """Facts about this machine and this program, now.

    Args:
        device: where the networks run.
    """
    return Machine(
        date=datetime.now(UTC).date().isoformat(),
        cpu=_cpu(),
        threads=torch.get_num_threads(),
        device=torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        torch=torch.__version__,
        n3cli=n3cli.__version__,
        commit=_commit(Path(__file__).parents[2]),
    )


def write_machine(machine: Machine, did: str = "Measured") -> str:
    """What was done there, with date, hardware and versions, in one line."""
    commit = f" (commit {machine.commit})" if machine.commit else ""
    threads = f"{machine.threads} thread{'s' * (machine.threads > 1)}"
    return (
        f"{did} {machine.date} on {machine.cpu}, {threads}, device {machine.device}; "
        f"torch {machine.torch}, n3cli {machine.n3cli}{commit}."
    )


def _cpu() -> str:
    """The processor's model; Python itself knows only its architecture on Linux."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    if platform.system() == "Darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string") or platform.machine()
    return platform.processor() or platform.machine()


def _commit(folder: Path) -> str | None:
    """The commit checked out in `folder`, which must itself be the checkout's root."""
    if not (folder / ".git").exists():
        return None
    head = _output("git", "-C", str(folder), "rev-parse", "--short=12", "HEAD")
    if head is None:
        return None
    changed = _output("git", "-C", str(folder), "status", "--porcelain", "--untracked-files=no")
    return head + "+" if changed else head


def _output(*command: str) -> str | None:
    """What a command prints, or None if it is absent or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
