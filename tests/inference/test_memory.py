"""Memory follows the tile, not the picture: peak resident memory of `n3 denoise`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from n3cli.inference.memory import _free_in_container, free_memory, is_out_of_memory
from n3cli.io.meta import Meta
from n3cli.io.picture import Picture, write_picture
from n3cli.networks import registry
from n3cli.zoo.config import ModelConfig
from n3cli.zoo.folder import save_folder

LIMIT = 2e9

MEASURED = """
import resource, subprocess, sys
code = subprocess.run([sys.executable, "-m", "n3cli", "denoise", *sys.argv[1:]]).returncode
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(code)
"""


def noisy_photo(path: Path, height: int, width: int) -> Path:
    rng = np.random.default_rng(1)
    rows, columns = np.mgrid[:height, :width]
    scene = (rows * 0.05 + columns * 0.03) % 200
    pixels = scene[..., None] + rng.integers(-30, 30, (height, width, 3))
    write_picture(path, Picture(pixels.clip(0, 255).astype(np.uint8), None, Meta(format="tiff")))
    return path


def peak_memory(*arguments: object) -> int:
    """Peak resident memory of `n3 denoise ARGUMENTS…` in bytes."""
    if sys.platform != "linux":
        pytest.skip("peak memory is read in Linux's units")
    words = [str(argument) for argument in arguments]
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def test_24_megapixels_stream_through_a_small_network(tmp_path, record_property):
    """Reading, streaming, comparing and writing all of a 24-megapixel photo."""
    options = {"channels": 3, "depth": 2, "features": 4}
    config = ModelConfig("denoise-dncnn-tiny", "denoise", "dncnn", options, None, "float32")
    network = registry.build("dncnn", options)
    save_folder(tmp_path / "tiny", config, network, "# tiny, for tests\n")
    photo = noisy_photo(tmp_path / "photo.tif", 4000, 6000)
    peak = peak_memory(
        photo, "-o", tmp_path / "out.tif", "-m", tmp_path / "tiny", "--sigma", 20, "--compare"
    )
    record_property("peak_bytes", peak)
    print(f"peak resident memory, 24 MP, small network: {peak / 1e6:.0f} MB")
    assert peak < LIMIT


def test_the_default_model_on_a_strip_as_wide_as_24_megapixels(tmp_path, record_property):
    """The network's own working memory: one row of tiles over the whole width."""
    photo = noisy_photo(tmp_path / "photo.tif", 300, 6000)
    peak = peak_memory(photo, "-o", tmp_path / "out.tif", "--sigma", 20)
    record_property("peak_bytes", peak)
    print(f"peak resident memory, 6000×300, default model: {peak / 1e6:.0f} MB")
    assert peak < LIMIT


@pytest.mark.slow
def test_24_megapixels_with_the_default_model(tmp_path, record_property):
    photo = noisy_photo(tmp_path / "photo.tif", 4000, 6000)
    peak = peak_memory(photo, "-o", tmp_path / "out.tif")
    record_property("peak_bytes", peak)
    print(f"peak resident memory, 24 MP, default model: {peak / 1e6:.0f} MB")
    assert peak < LIMIT


def test_a_containers_limit_counts(tmp_path):
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("4000\n")
    (tmp_path / "memory.stat").write_text("anon 1500\nactive_file 700\ninactive_file 1300\n")
    assert _free_in_container(tmp_path) == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert _free_in_container(tmp_path) > 1 << 50
    assert _free_in_container(tmp_path / "absent") > 1 << 50


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("DefaultCPUAllocator: not enough memory: you tried to allocate 911360 bytes.", True),
        ("DefaultCPUAllocator: can't allocate memory: you tried to allocate 911360 bytes.", True),
        ("expected scalar type Float but found Double", False),
    ],
)
def test_torch_says_in_many_ways_that_memory_does_not_suffice(text, lacks):
    assert (
        is_out_of_memory(RuntimeError(f"[enforce fail at alloc_cpu.cpp:117] data. {text}")) is lacks
    )


def test_some_memory_is_free():
    assert free_memory(torch.device("cpu")) > 1 << 20
