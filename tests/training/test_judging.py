"""Where training computes; and how it is validated: a copy, float32, no search for kernels."""

import pytest
import torch

from n3cli.networks import registry
from n3cli.training.precision import judging, prepare, to_judge

CPU, GPU = torch.device("cpu"), torch.device("cuda")
CHANNELS_LAST = torch.channels_last


@pytest.mark.parametrize(("device", "last"), [(CPU, True), (GPU, False)])
def test_the_copy_lies_as_float32_is_fast_there(device, last):
    network = registry.build("vdsr", {"depth": 3, "features": 8})
    network.to(memory_format=torch.channels_last).train()
    judged = to_judge(network, device)
    assert not judged.training
    assert network.training
    ours, theirs = (dict(each.named_parameters()) for each in (judged, network))
    for name, weight in ours.items():
        assert torch.equal(weight, theirs[name])
        assert weight.data_ptr() != theirs[name].data_ptr()
        assert theirs[name].dim() != 4 or theirs[name].is_contiguous(memory_format=CHANNELS_LAST)
        if weight.dim() == 4:
            assert weight.is_contiguous() or last
            assert weight.is_contiguous(memory_format=CHANNELS_LAST) or not last


@pytest.mark.parametrize("before", [True, False])
def test_kernels_are_not_searched_for_meanwhile(before, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", before)
    with judging(CPU):
        assert not torch.backends.cudnn.benchmark
    assert torch.backends.cudnn.benchmark is before


def test_the_gpu_of_a_run_is_the_one_that_graphs_are_recorded_on(monkeypatch):
    chosen = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", False)
    for device in (CPU, torch.device("cuda", 1)):
        prepare(device)
    assert chosen == [torch.device("cuda", 1)]
