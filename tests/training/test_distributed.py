"""Processes of one run: which GPUs they may have. Nothing is started."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist

from n3cli.errors import ConfigError
from n3cli.training.distributed import joined


@pytest.mark.parametrize(
    ("processes", "gpus", "nccl", "device", "told"),
    [
        (2, 2, True, "cuda:1", r"cuda:1 is one GPU for 2 processes; give --device cuda,"),
        (4, 2, True, "cuda", r"4 processes for 2 GPUs .*--nproc-per-node 2"),
        (2, 2, False, "cuda", r"no NCCL.*Windows.*--device cpu"),
    ],
)
def test_processes_that_cannot_have_gpus_are_told(monkeypatch, processes, gpus, nccl, device, told):
    world = {"RANK": 1, "WORLD_SIZE": processes, "LOCAL_RANK": 1, "LOCAL_WORLD_SIZE": processes}
    for name, value in world.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "run")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(dist, "is_nccl_available", lambda: nccl)
    with pytest.raises(ConfigError, match=told), joined(torch.device(device)):
        pass
