"""Plots as SVG text, drawn with matplotlib (the extra `bench`)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from n3cli.errors import ConfigError

Points = Sequence[tuple[float, float]]


def plot_lines(lines: Mapping[str, Points], *, x: str, y: str) -> str:
    """Draw named lines with a mark at each point.

    Args:
        lines: points (x, y) by name, in order of x.
        x: what stands along the horizontal axis.
        y: what stands along the vertical one.

    Returns:
        An SVG element.

    Raises:
        ConfigError: see `check_matplotlib`.
    """
    figure, axes = _axes(x, y)
    for name, points in lines.items():
        axes.plot(*zip(*points, strict=True), marker="o", markersize=4, label=name)
    axes.legend(fontsize=8)
    return _svg(figure)


def plot_points(points: Mapping[str, tuple[float, float]], *, x: str, y: str) -> str:
    """Draw named points over a logarithmic horizontal axis; see `plot_lines`."""
    figure, axes = _axes(x, y)
    axes.set_xscale("log")
    for name, (across, up) in points.items():
        axes.plot([across], [up], marker="o")
        axes.annotate(name, (across, up), xytext=(5, 5), textcoords="offset points", fontsize=8)
    axes.margins(0.2)
    return _svg(figure)


def check_matplotlib() -> None:
    """Refuse to go on without matplotlib, before anything that takes long.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401 - whether it can be
    except ImportError as error:
        raise ConfigError(
            f"plots need matplotlib ({error}); install it with: pip install 'n3cli[bench]'"
        ) from error


def _axes(x: str, y: str) -> tuple[Any, Any]:
    check_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(alpha=0.3)
    return figure, axes


def _svg(figure: Any) -> str:
    from matplotlib import rc_context

    text = io.StringIO()
    # The same figures give the same file; letters stay letters, so that they can be searched.
    with rc_context({"svg.hashsalt": "n3", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]
