from __future__ import annotations

import json

import numpy as np
import pytest

from n3cli.bench.noise_level import (
    LEVELS,
    LevelRow,
    level_rows,
    measure_noise_levels,
    write_noise_levels_json,
    write_noise_levels_text,
)
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
    measured = measure_noise_levels(paths, said.append)
    text = write_noise_levels_text(measured, len(paths), machine, markdown=markdown)
    assert len(said) == 2
    rows = [line for line in text.splitlines() if "as drawn" in line or "8 bits" in line]
    assert len(rows) == 2 * 2 * 2
    for line in rows:
        assert line.count("%") == 2 * len(LEVELS) - 1  # at sigma 0 the estimate has no percent
    own = next(line for line in rows if "n3" in line and "as drawn" in line)
    assert own.count("100%") == len(LEVELS)
    assert ("###" in text) == markdown


def test_one_image_of_ramps_reads_its_noise():
    image = np.linspace(0.2, 0.8, 128 * 128 * 3, dtype=np.float32).reshape(128, 128, 3)
    rows = level_rows("colour", [image], peers=False)
    assert [(row.estimator, row.values) for row in rows] == [("n3", "as drawn"), ("n3", "8 bits")]
    assert rows[0].within == (1,) * len(LEVELS)
    assert max(rows[0].errors) < 0.1


def test_json_has_the_figures_of_the_text():
    row = LevelRow("grey", "n3", "8 bits", (1, 0.5, 0.5, 0.5, 0.5, 0.5), (0.25, 0.1, 0, 0, 0, 0))
    machine = describe_machine(choose_device("cpu"))
    report = write_noise_levels_json([row], 2, machine)
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["machine"]["device"] == "cpu"
    assert (report["images"], report["sigmas"]) == (2, list(LEVELS))
    assert report["measured"] == [
        {
            "kind": "grey",
            "estimator": "n3",
            "values": "8 bits",
            "within": [1, 0.5, 0.5, 0.5, 0.5, 0.5],
            "relative_error": [None, 0.1, 0, 0, 0, 0],
            "median_at_0": 0.25,
        }
    ]
    text = write_noise_levels_text([row], 2, machine, markdown=True)
    assert "| 100% / 0.25 | 50% / 10.0% |" in text
