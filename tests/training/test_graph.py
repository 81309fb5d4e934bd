"""Which recordings of a network are kept; that they are right is for `tests/gpu`."""

from __future__ import annotations

import weakref

import torch

from n3cli.training.graph import Graphed


class Recorded(torch.nn.Module):
    """Stands for a recording: refers to itself, as torch's do."""

    def __init__(self, network):
        super().__init__()
        self.forward = lambda *tensors: (self, network(*tensors))[1]


def test_recordings_of_an_earlier_size_are_dropped(monkeypatch):
    made = []

    def record(self, inputs):
        call = Recorded(lambda x, *_: x + 1)
        made.append(weakref.ref(call))
        return call

    monkeypatch.setattr(Graphed, "_record", record)
    graphed = Graphed(torch.nn.Identity())
    for scale in (2, 3, 2, 3):
        graphed(torch.zeros(4, 1, 8, 8), None, scale)
    assert [each() is not None for each in made] == [True, True]
    for _ in range(2):
        graphed(torch.zeros(3, 1, 12, 12), None, 2)
    assert [each() is not None for each in made] == [False, False, True]
