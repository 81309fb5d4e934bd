"""What is measured: one record per suite."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

from n3cli.bench.dnd import DND, DND_SRGB
from n3cli.bench.real import AUTO
from n3cli.bench.sidd import SIDD, SIDD_RAW
from n3cli.bench.task import DENOISE, MOSAIC, PHOTO, PHOTOS, RAW, REAL, UPSCALE, X_TRANS, SuiteTask
from n3cli.data.catalog import BLOCKS, CATALOG, DataSet
from n3cli.data.pairs.pair_set import PAIR_SETS
from n3cli.errors import ConfigError


@dataclass(frozen=True)
class Suite:
    """A task on one data set.

    Attributes:
        name: what the command line calls it.
        data: the images.
        levels: noise levels on the 0–255 scale (`AUTO` is measured), or scales, that are measured
            unless others are asked for.
        channels: planes that the images are measured with: 1 makes colour images grey.
        development: whether settings and weights are chosen on it, so that it is no test.
        task: what is done to the images.
        at: the images at each level, where they are not the same ones.
    """

    name: str
    data: DataSet
    levels: tuple[float, ...]
    channels: int
    development: bool = False
    task: SuiteTask = DENOISE
    at: Mapping[float, DataSet] = field(default_factory=dict)

    def data_at(self, level: float) -> DataSet:
        """The images at a level.

        Raises:
            ConfigError: there are none.
        """
        if self.at and level not in self.at:
            known = ", ".join(f"{each:g}" for each in self.at)
            raise ConfigError(
                f"{self.name} has images only for --{self.task.level} {known}, not {level:g}"
            )
        return self.at.get(level, self.data)

    def folder(self, level: float) -> str:
        """Where files of its images at a level lie, below a folder that is for several suites."""
        return f"{self.name}/{self.task.level}-{self.task.label(level)}"

    @property
    def is_published(self) -> bool:
        """Whether it is a set that figures may have been published of, not somebody's own."""
        return not self.data.paths


def _enlarged(name: str, scales: tuple[float, ...]) -> Suite:
    at = {scale: CATALOG[f"{name}-x{scale:g}"] for scale in scales}
    return Suite(name, at[scales[0]], scales, channels=3, task=UPSCALE, at=at)


LEVELS = (15, 25, 50)
"""Noise levels that are measured unless others are asked for."""
_AT_WHITE = (6, 12, 20, 30)

SUITES = {
    suite.name: suite
    for suite in (
        Suite("set12", CATALOG["set12"], LEVELS, channels=1),
        Suite("bsd68", CATALOG["bsd68"], LEVELS, channels=1),
        Suite("urban100", CATALOG["urban100"], LEVELS, channels=1),
        Suite("cbsd68", CATALOG["cbsd68"], LEVELS, channels=3),
        Suite("kodak24", CATALOG["kodak24"], LEVELS, channels=3),
        Suite("mcmaster", CATALOG["mcmaster"], LEVELS, channels=3),
        _enlarged("set5", (2, 3, 4)),
        _enlarged("set14", (2, 3, 4)),
        replace(_enlarged("set14", (2, 3, 4)), name="set14-photo", task=PHOTO),
        _enlarged("bsd100", (2, 3, 4)),
        replace(_enlarged("urban100", (2, 4)), name="urban100-sr"),
        Suite("sidd", BLOCKS["sidd"], (AUTO,), channels=3, task=REAL),
        Suite("polyu-dev", CATALOG["polyu-dev"], (AUTO,), 3, development=True, task=PHOTOS),
        Suite("polyu-test", CATALOG["polyu-test"], (AUTO,), channels=3, task=PHOTOS),
        Suite("cc15", CATALOG["cc15"], (AUTO,), channels=3, task=PHOTOS),
        Suite("sidd-raw", BLOCKS["sidd-raw"], (AUTO,), channels=1, task=RAW),
        Suite("val40", CATALOG["val40"], LEVELS, channels=3, development=True),
        Suite("val40-gray", CATALOG["val40"], LEVELS, channels=1, development=True),
        Suite("bsds-raw", CATALOG["bsds500-val"], _AT_WHITE, 1, task=MOSAIC),
        Suite("bsds-xtrans", CATALOG["bsds500-val"], _AT_WHITE, 1, task=X_TRANS),
        Suite("val40-raw", CATALOG["val40"], _AT_WHITE, 1, development=True, task=MOSAIC),
        Suite("val40-xtrans", CATALOG["val40"], _AT_WHITE, 1, development=True, task=X_TRANS),
        Suite("textures", CATALOG["textures"], LEVELS, channels=1, development=True),
    )
}


SUBMISSIONS = {each.name: each for each in (DND, DND_SRGB, SIDD, SIDD_RAW)}
"""Test sets without ground truth: results are written for a server to score."""

# Plötz & Roth, NeurIPS 2018.
PAPER = (
    *(replace(SUITES[name], levels=(25, 50, 70)) for name in ("set12", "bsd68", "urban100")),
    SUITES["set5"],
)
PAIRS_IN_PAPER = ("stpeters", "reichstag", "brown")


GROUPS = {"polyu": ("polyu-dev", "polyu-test")}
"""Names that stand for several suites."""

NAMES = (
    *SUITES, *GROUPS, *SUBMISSIONS, *PAIR_SETS, "paper", "speed", "training", "noise-level",
)  # fmt: skip
"""Everything that `n3 bench` measures by name."""


def find_suites(names: Sequence[str]) -> list[Suite]:
    """The suites of those names, or of the groups; ``paper`` is those of the N3Net paper.

    Raises:
        ConfigError: there is none of that name, or no name, or one beside ``paper``.
    """
    if "paper" in names:
        if len(names) > 1:
            raise ConfigError(
                "paper stands for several suites and runs alone; leave the others out"
            )
        return list(PAPER)
    names = list(dict.fromkeys(each for name in names for each in GROUPS.get(name, (name,))))
    for name in names or ("",):
        if name not in SUITES:
            near = get_close_matches(name, NAMES, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ConfigError(
                f"no suite is called {name!r}; {hint}known are {', '.join(NAMES)}, and any folder "
                "of pictures"
            )
    return [SUITES[name] for name in names]
