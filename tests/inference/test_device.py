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


def test_a_gpu_that_torch_has_no_kernels_for_is_left_out(gpus):
    gpus(OLD)
    with pytest.warns(
        N3Warning, match=r"not built for GPU .*capability 6\.1.*; computing on the C"
    ):
        assert choose_device("auto").type == "cpu"
    for name in ("cuda", "cuda:0"):
        with pytest.raises(DeviceError, match=r"not built for GPU .*6\.1.*--device cpu"):
            choose_device(name)
    gpus(NEW, OLD)
    assert choose_device("auto") == torch.device("cuda")
    assert choose_device("cuda:0") == torch.device("cuda:0")
    with pytest.raises(DeviceError, match="not built"):
        choose_device("cuda:1")


@pytest.mark.parametrize(
    ("capability", "kernels", "runs"),
    [
        ((8, 9), WHEEL, True),
        ((12, 1), ["sm_120a"], True),
        ((8, 0), ["sm_86"], False),
        ((7, 0), ["sm_60", "sm_75"], False),
        ((7, 0), ["sm_60", "compute_60"], True),
        ((6, 0), ["sm_70", "compute_70"], False),
        ((9, 0), [], True),
    ],
)
def test_what_runs_on_a_gpu(gpus, capability, kernels, runs):
    gpus(capability, kernels=kernels)
    if runs:
        assert choose_device("cuda").type == "cuda"
    else:
        with pytest.raises(DeviceError):
            choose_device("cuda")
