"""What is measured: one record per suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from n3cli.data.catalog import CATALOG, DataSet
from n3cli.errors import ConfigError


@dataclass(frozen=True)
class Suite:
    """Gaussian denoising on one data set.

    Attributes:
        name: what the command line calls it.
        data: the images.
        levels: the noise levels measured unless others are asked for, on the 0–255 scale.
        channels: planes that the images are measured with: 1 makes colour images grey.
        development: whether settings and weights are chosen on it, so that it is no test.
    """

    name: str
    data: DataSet
    levels: tuple[float, ...]
    channels: int
    development: bool = False


_LEVELS = (15, 25, 50)

SUITES = {
    suite.name: suite
    for suite in (
        Suite("set12", CATALOG["set12"], _LEVELS, channels=1),
        Suite("bsd68", CATALOG["bsd68"], _LEVELS, channels=1),
        Suite("urban100", CATALOG["urban100"], _LEVELS, channels=1),
        Suite("cbsd68", CATALOG["cbsd68"], _LEVELS, channels=3),
        Suite("kodak24", CATALOG["kodak24"], _LEVELS, channels=3),
        Suite("mcmaster", CATALOG["mcmaster"], _LEVELS, channels=3),
        Suite("val40", CATALOG["val40"], _LEVELS, channels=3, development=True),
        Suite("val40-gray", CATALOG["val40"], _LEVELS, channels=1, development=True),
        Suite("textures", CATALOG["textures"], _LEVELS, channels=1, development=True),
    )
}


# Plötz & Roth 2018: Gaussian noise. Super-resolution and correspondences are not measured yet.
PAPER = tuple(replace(SUITES[name], levels=(25, 50, 70)) for name in ("set12", "bsd68", "urban100"))


def find_suites(names: Sequence[str]) -> list[Suite]:
    """The suites of those names; ``paper`` stands for those of the N3Net paper.

    Raises:
        ConfigError: there is none of that name, or no name.
    """
    found: list[Suite] = []
    for name in names or ("",):
        if name == "paper":
            found += PAPER
        elif name in SUITES:
            found.append(SUITES[name])
        else:
            known = ", ".join([*SUITES, "paper", "speed", "training", "noise-level"])
            raise ConfigError(f"no suite is called {name!r}; there are: {known}")
    return found
