"""Which device is chosen, and what is known of it; GPUs are made up."""

from __future__ import annotations

import pytest
import torch

from n3cli.errors import DeviceError, N3Warning
from n3cli.inference.device import choose_device, is_fast_at_bfloat16

OLD, NEW = (6, 1), (9, 0)
WHEEL = ["sm_75", "sm_80", "sm_86", "sm_90", "sm_100", "sm_120"]
"""What torch 2.11 for CUDA 13.0 has kernels for."""


@pytest.fixture
def gpus(monkeypatch):
    """Make GPUs of these compute capabilities, and a torch that has kernels for these."""

    def make(*capabilities, kernels=WHEEL):
        def capability(device):
            return capabilities[torch.device(device).index or 0]

        for name, value in {
            "is_available": lambda: True,
            "device_count": lambda: len(capabilities),
            "get_device_capability": capability,
            "get_device_name": lambda device: f"GPU {capability(device)}",
            "get_arch_list": lambda: list(kernels),
        }.items():
            monkeypatch.setattr(torch.cuda, name, value)

    return make


def test_each_gpu_is_asked_for_itself_how_fast_it_is_at_bfloat16(gpus):
    gpus(NEW, OLD)
    assert [is_fast_at_bfloat16(torch.device("cuda", i)) for i in (0, 1)] == [True, False]
