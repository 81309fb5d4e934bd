"""Plots: SVG that can be parsed, with every name and axis in it, the same every time."""

import builtins
from xml.etree import ElementTree

import pytest

from n3cli.errors import ConfigError
from n3cli.render.plot import plot_lines, plot_points


def texts(svg):
    return {element.text for element in ElementTree.fromstring(svg).iter() if element.text}


def test_lines_have_names_and_axes():
    lines = {"ours": [(15, 32.4), (25, 30.0)], "BM3D, published": [(15, 32.37)]}
    svg = plot_lines(lines, x="noise level", y="PSNR in dB")
    assert {"ours", "BM3D, published", "noise level", "PSNR in dB"} <= texts(svg)
    assert svg == plot_lines(lines, x="noise level", y="PSNR in dB")


def test_points_are_named():
    svg = plot_points({"a & b": (0.1, 30), "c": (10, 31)}, x="seconds", y="PSNR in dB")
    assert {"a & b", "c", "seconds"} <= texts(svg)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    original = builtins.__import__

    def absent(name, *args, **kwargs):
        if name.startswith("matplotlib"):
            raise ModuleNotFoundError("No module named 'matplotlib'")
        return original(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    with pytest.raises(ConfigError, match=r"pip install 'n3cli\[bench\]'"):
        plot_lines({}, x="", y="")
