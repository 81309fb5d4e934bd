from __future__ import annotations

import numpy as np
import pytest

from n3cli.bench.noise_level import LEVELS, write_noise_levels
from n3cli.inference.device import choose_device
from n3cli.inference.machine import describe_machine
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture


@pytest.mark.parametrize("markdown", [False, True])
def test_every_estimator_and_level_has_a_figure(tmp_path, markdown):
    ramp = np.linspace(60, 190, 96).astype(np.uint8)
    pixels = np.broadcast_to(ramp[:, None, None], (96, 96, 3)).copy()
    paths = [tmp_path / f"{i}.png" for i in range(2)]
    for path in paths:
        write_picture(path, Picture(pixels, None, Meta(format="png")))
    said = []
    machine = describe_machine(choose_device("cpu"))
    text = write_noise_levels(paths, machine, said.append, markdown=markdown)
    assert len(said) == 2
    rows = [line for line in text.splitlines() if "as drawn" in line or "8 bits" in line]
    assert len(rows) == 2 * 2 * 2
    for line in rows:
        assert line.count("%") == 2 * len(LEVELS) - 1  # at sigma 0 the estimate has no percent
    own = next(line for line in rows if "n3" in line and "as drawn" in line)
    assert own.count("100%") == len(LEVELS)
    assert ("###" in text) == markdown


def test_one_image_of_ramps_reads_its_noise():
    from n3cli.bench.noise_level import noise_level_rows

    image = np.linspace(0.2, 0.8, 128 * 128 * 3, dtype=np.float32).reshape(128, 128, 3)
    rows = noise_level_rows([image], peers=False)
    assert [row[:2] for row in rows] == [["n3", "as drawn"], ["n3", "8 bits"]]
    assert all(cell.startswith("100%") for cell in rows[0][2:])
