"""The script that makes the pictures of the documentation, as far as it takes no minutes."""

from __future__ import annotations

import runpy
from pathlib import Path

from n3cli.io.raw.mosaic import read_raw

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "make_pictures.py"


def test_the_raw_file_can_be_made(tmp_path):
    made = tmp_path / "made.dng"
    runpy.run_path(str(SCRIPT))["make_raw"](made)
    assert read_raw(made).mosaic.shape == (200, 300)
