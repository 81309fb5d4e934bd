"""Figures that others published, each with its source: quoted beside ours, never measured by us."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from n3cli.bench.suite import Suite
from n3cli.bench.task import UPSCALE


@dataclass(frozen=True)
class Published:
    """One method's published PSNR on one suite.

    Attributes:
        method: its name.
        psnr: in dB, one for each level asked for; None where it was not published.
        source: a short name for the publication.
        reference: the publication.
    """

    method: str
    psnr: tuple[float | None, ...]
    source: str
    reference: str


def load_published(suite: Suite, levels: Sequence[float]) -> list[Published]:
    """What was published for a suite.

    Args:
        suite: the suite.
        levels: noise levels on the 0–255 scale, or scales.

    Returns:
        The methods with a figure at one level or more, in the order of ``published.toml``.
    """
    if not suite.is_published:
        return []
    table = _read()
    if suite.task.name == UPSCALE.name:
        kind = table["superres"]["y"]
        columns, name = kind["scales"], suite.name.removesuffix("-sr")
    else:
        kind = table["gaussian"]["gray" if suite.channels == 1 else "color"]
        columns, name = kind["levels"], suite.name
    rows = []
    for method, entry in kind.get(name, {}).items():
        # 0 stands for "not published"
        known = {level: psnr for level, psnr in zip(columns, entry["psnr"], strict=True) if psnr}
        psnr = tuple(known.get(level) for level in levels)
        if any(psnr):
            source = entry["source"]
            rows.append(Published(method, psnr, source, table["sources"][source]))
    return rows


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(files("n3cli.bench").joinpath("published.toml").read_text("utf-8"))
