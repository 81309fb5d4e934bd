"""What is measured: one record per suite."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from n3cli.data.catalog import CATALOG, DataSet
from n3cli.errors import ConfigError


@dataclass(frozen=True)
class Suite:
    """Gaussian denoising on one data set.

    Attributes:
        name: what the command line calls it.
        data: the images.
        levels: the noise levels measured unless others are asked for, on the 0–255 scale.
    """

    name: str
    data: DataSet
    levels: tuple[float, ...]

    @property
    def channels(self) -> int:
        """Planes of its images, 1 grey or 3 colour."""
        return self.data.channels


SUITES = {
    suite.name: suite
    for suite in (
        Suite("set12", CATALOG["set12"], levels=(15, 25, 50)),
        Suite("bsd68", CATALOG["bsd68"], levels=(15, 25, 50)),
        Suite("cbsd68", CATALOG["cbsd68"], levels=(15, 25, 50)),
    )
}


def find_suites(names: Sequence[str]) -> list[Suite]:
    """The suites of those names.

    Raises:
        ConfigError: there is none of that name, or no name.
    """
    for name in names or ("",):
        if name not in SUITES:
            known = ", ".join([*SUITES, "speed", "training", "noise-level"])
            raise ConfigError(f"no suite is called {name!r}; there are: {known}")
    return [SUITES[name] for name in names]
