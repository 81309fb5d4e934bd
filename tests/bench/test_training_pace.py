"""The pace of training: runs of the trainer itself."""

import torch

from n3cli.bench import training
from n3cli.bench.training import measure_training, write_training_json, write_training_text
from n3cli.inference.machine import describe_machine


def test_paces_are_of_the_recipes(monkeypatch):
    monkeypatch.setattr(training, "_RECIPES", ("denoise-n3unet-gray",))
    device = torch.device("cpu")
    told = []
    paces = measure_training(1, device, told.append)
    assert [(pace.recipe, pace.precision) for pace in paces] == [
        ("denoise-n3unet-gray", "fp32"), ("denoise-n3unet-gray", "bf16"),
    ]  # fmt: skip
    assert len(told) == 2
    for pace in paces:
        assert pace.crops > 0
        assert 0 <= pace.loading < 1
        # 6,400 pixels of about 0.63 million operations, there and twice back
        assert 11e9 < pace.operations * 1e9 / pace.crops < 13e9
    machine = describe_machine(device)
    assert write_training_json(paces, machine)["paces"][1]["precision"] == "bf16"
    table = write_training_text(paces, machine, markdown=True)
    assert table.count("| denoise-n3unet-gray |") == 2
