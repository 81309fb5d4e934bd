"""What methods get: one image after the other, or as files for programs that n3 does not run."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from n3cli.bench.suite import Suite
from n3cli.bench.task import Item
from n3cli.bench.timing import time_left
from n3cli.io.path import make_folder, write_text
from n3cli.io.picture import Picture, write_picture
from n3cli.ops.array import Float32

Items: TypeAlias = Mapping[float, Sequence[Item]]
"""For each level a suite's images in sorted order, or equally many of the first of them."""

README = "README.txt"


@dataclass(frozen=True)
class Given:
    """What every method gets; arrays are H×W×C in [0, 1], unclipped.

    Attributes:
        item: what the clean image was loaded from.
        index: the image's number in the suite.
        level: noise level on the 0–255 scale, or scale.
        clean: the image.
        values: what methods get of it; smaller where they have to enlarge.
    """

    item: Item
    index: int
    level: float
    clean: Float32
    values: Float32


def give(suite: Suite, items: Items, progress: Callable[[str], None]) -> Iterator[Given]:
    """Each image at each level in turn; `progress` is told once an image what is going on."""
    task, images = suite.task, len(next(iter(items.values())))
    start = time.perf_counter()
    for index in range(images):
        loaded = None
        left = time_left(time.perf_counter() - start, index, images)
        for level, own in items.items():
            item = own[index]
            if item is not loaded:  # the same image serves all levels, where each has not its own
                progress(f"{suite.name}: image {index + 1} of {images}, {item.name}{left}")
                clean, loaded = task.load(item, suite.channels), item
            yield Given(item, index, level, clean, task.degrade(item, clean, level, index))


def write_given(
    suites: Sequence[tuple[Suite, Items]],
    folder: Path,
    command: str,
    progress: Callable[[str], None],
) -> int:
    """Write what methods get as float TIFF, ``folder/SUITE/sigma-N/IMAGE.tif``, and a text on it.

    Args:
        suites: of which suites, and which of their images.
        folder: a new or an empty one.
        command: what measures results.
        progress: told once an image what is going on.

    Returns:
        How many images were written.

    Raises:
        InputError: an image cannot be read, or the folder cannot be written to.
    """
    names: list[str] = []
    for suite, items in suites:
        for given in give(suite, items, progress):
            names.append(f"{suite.folder(given.level)}/{given.item.stem}")
            path = folder / f"{names[-1]}.tif"
            make_folder(path)
            write_picture(path, Picture(given.values))
    write_text(_readme(suites, command, names[0]), folder / README)
    return len(names)


def _readme(suites: Sequence[tuple[Suite, Items]], command: str, name: str) -> str:
    sizes = "of the same size and number of planes"
    if any(suite.task.level == "scale" for suite, _ in suites):
        sizes += "; for super-resolution, so many times as high and wide"
    lines = [
        *_wrap(
            "What every method of n3 bench gets: TIFF of 32-bit floats, black 0 and white 1. "
            "Values beyond these are part of them: whoever clips, or reads 8 bits, gets less."
        ),
        *(_describe(suite, items) for suite, items in suites),
        "",
        *_wrap(
            "Expected back: for each picture one of the same name and place below a folder of its "
            f"own, such as RESULTS/{name}.png (or .tif …) for {name}.tif; {sizes}. Integers of 8 "
            "or 16 bits, or, without loss, floats with black 0 and white 1. To measure them:"
        ),
        f"  {command}",
        "",
    ]
    protocols: dict[str, list[str]] = {}
    for suite, _ in suites:
        protocols.setdefault(suite.task.protocol, []).append(suite.name)
    for text, names in protocols.items():
        lines += _wrap(f"Protocol of {', '.join(names)}: {text}")
    return "\n".join(lines)


def _describe(suite: Suite, items: Items) -> str:
    count = len(next(iter(items.values())))
    levels = ", ".join(map(suite.task.label, items))
    return f"{suite.name}: {count} image{'s' * (count > 1)}, {suite.task.axis} {levels}"


def _wrap(text: str) -> list[str]:
    """The lines of a paragraph, and an empty one."""
    return [*textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False), ""]
