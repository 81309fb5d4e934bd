"""Memory follows the tile, not the picture: peak resident memory of `n3 denoise`."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from n3cli.inference import ensemble
from n3cli.inference.memory import (
    _free_in_container,
    _free_in_machine,
    free_memory,
    is_out_of_memory,
)
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


@pytest.mark.skipif(not hasattr(os, "sysconf"), reason="Windows is asked otherwise")
@pytest.mark.parametrize(
    ("told", "free"),
    [
        ({"SC_AVPHYS_PAGES": 100, "SC_PHYS_PAGES": 1000}, 409_600),
        ({"SC_PHYS_PAGES": 1000}, 2_048_000),  # macOS
        ({}, None),
    ],
)
def test_without_linuxs_table_unused_pages_count_or_half_of_all(tmp_path, monkeypatch, told, free):
    def sysconf(name):
        if name not in told and name != "SC_PAGE_SIZE":
            raise ValueError("unrecognized configuration name")
        return told.get(name, 4096)

    monkeypatch.setattr(os, "sysconf", sysconf)
    assert _free_in_machine(tmp_path / "absent") == free


def test_windows_is_asked_by_its_own_structure(monkeypatch):
    def fill(reference):
        status = reference._obj
        assert status.length == 64  # by its documentation: two of 4 bytes, seven of 8
        status.physical, status.free = 16 << 30, 5 << 30
        return 1

    kernel = SimpleNamespace(GlobalMemoryStatusEx=fill)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    monkeypatch.setattr(sys, "platform", "win32")
    assert _free_in_machine() == free_memory(torch.device("cpu")) == 5 << 30
    kernel.GlobalMemoryStatusEx = lambda reference: 0
    assert _free_in_machine() is None


def test_devices_are_asked_and_what_torch_keeps_counts_as_free(monkeypatch):
    for kind in ("cuda", "xpu"):
        module = getattr(torch, kind)
        monkeypatch.setattr(module, "mem_get_info", lambda device: (1000, 9000))
        monkeypatch.setattr(module, "memory_reserved", lambda device: 500)
        monkeypatch.setattr(module, "memory_allocated", lambda device: 200)
        assert free_memory(torch.device(kind)) == 1300
    monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda: 9000)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: 2000)
    assert free_memory(torch.device("mps")) == 7000


def test_a_device_that_does_not_tell_is_unknown_and_refuses_nothing(monkeypatch):
    def refuse(device):
        raise RuntimeError("The device doesn't support querying the available free memory.")

    monkeypatch.setattr(torch.xpu, "mem_get_info", refuse)
    assert free_memory(torch.device("xpu")) is None
    monkeypatch.setattr(ensemble, "free_memory", lambda device: None)
    ensemble.check_room(1 << 60)


def test_some_memory_is_free():
    free = free_memory(torch.device("cpu"))
    assert free is not None
    assert free > 1 << 20
