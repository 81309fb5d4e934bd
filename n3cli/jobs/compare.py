"""The page that stands beside a result and slides between before and after."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from n3cli.inference.array import to_pixels
from n3cli.inference.resized import ResizedRows
from n3cli.inference.source import PlaneRows
from n3cli.inference.tiling import strips
from n3cli.io.depth import Pixels
from n3cli.io.format import printable
from n3cli.io.meta import Meta
from n3cli.io.path import write_text
from n3cli.io.picture import Picture, write_picture
from n3cli.io.reader import open_picture
from n3cli.jobs.excerpt import Excerpt, Shown, reduce, show
from n3cli.jobs.plan import Job
from n3cli.jobs.view import Crop, CroppedReader
from n3cli.ops.detail import most_detailed
from n3cli.ops.row_source import ArraySource
from n3cli.render.page import listing, page, paragraph
from n3cli.render.slider import SCRIPT, STYLE, slider

_PART = 700, 1000
"""Most rows and columns of the part at 100 %."""

_QUALITY = 92  # above 90 colours keep their full resolution

_NOTE = (
    "Shown in 8 bits, as JPEG, transparency over white; at 100 % is the part with most detail. "
    "Drag the border, or move it with the arrow keys."
)

Take: TypeAlias = Callable[[Pixels, Pixels | None], None]
"""Takes the next rows of a result: h×W×C, and alpha h×W or None."""


@dataclass(frozen=True)
class Caption:
    """What a page says of its pictures.

    Attributes:
        before: what stands over the picture before.
        model: name of the model that made the result; stands over that.
        tta: whether it is a mean over flips and turns.
        facts: what else there is to say, for people.
    """

    before: str
    model: str
    tta: bool
    facts: tuple[str, ...]


@contextmanager
def comparing(
    job: Job,
    target: Path,
    source: Path | bytes,
    view: CroppedReader,
    size: tuple[int, int],
    caption: Caption,
) -> Iterator[Take]:
    """Collect a page's pictures while a result is made; leaving cleanly writes the page.

    The source is opened again, so that its rows stand beside those of the result whatever the
    network has read ahead. Reduced copies and the two parts are all that is held.

    Args:
        job: what is made.
        target: the page.
        source: what `find_source` found.
        view: the picture before; its rows are not read.
        size: height and width of the result, which the picture before gets by bicubic
            interpolation.
        caption: the page's texts.

    Raises:
        InputError: the source cannot be read, or the page cannot be written.
    """
    part = _choose_part(job, source, view, size)
    before, after = (Excerpt(size, part) for _ in range(2))
    with open_picture(source, job.source_name) as reader:
        given = CroppedReader(reader, view.crop)
        resized = ResizedRows(PlaneRows(given), (view.height, view.width), size)
        done = 0

        def take(pixels: Pixels, alpha: Pixels | None) -> None:
            nonlocal done
            for top, bottom in strips(*pixels.shape[:2]):  # a network's may be large
                opacity = None if alpha is None else alpha[top:bottom]
                planes = resized.rows(done + top, done + bottom)
                before.add(show(to_pixels(planes, view.dtype), opacity))
                after.add(show(pixels[top:bottom], opacity))
            done += len(pixels)

        yield take
    write_text(_lay_out(job, before, after, caption, view.meta), target, replace=job.replace)


def compare_pictures(
    job: Job, target: Path, pictures: tuple[Pixels, Pixels], caption: Caption, meta: Meta
) -> None:
    """Write the page of two pictures that are in memory.

    Args:
        job: what was made.
        target: the page.
        pictures: before and after, H×W×C each.
        caption: the page's texts.
        meta: of both.

    Raises:
        InputError: the page cannot be written.
    """
    size = pictures[0].shape[:2]
    part = _most_detailed_part(reduce(ArraySource(pictures[0])), size)
    before, after = (Excerpt(size, part) for _ in range(2))
    for pixels, excerpt in zip(pictures, (before, after), strict=True):
        for top, bottom in strips(*size):
            excerpt.add(show(pixels[top:bottom], None))
    write_text(_lay_out(job, before, after, caption, meta), target, replace=job.replace)


def _choose_part(
    job: Job, source: Path | bytes, view: CroppedReader, size: tuple[int, int]
) -> Crop:
    """Where in the result the part at 100 % lies: told by a first look at the source, reduced."""
    with open_picture(source, job.source_name) as reader:
        return _most_detailed_part(reduce(CroppedReader(reader, view.crop)), size)


def _most_detailed_part(look: Shown, size: tuple[int, int]) -> Crop:
    """The part of a picture of that size that has most detail where it is reduced."""
    height, width = (min(most, length) for most, length in zip(_PART, size, strict=True))
    down, across = (length / looked for length, looked in zip(size, look.shape, strict=False))
    top, left = most_detailed(look, max(1, int(height / down)), max(1, int(width / across)))
    return Crop(
        min(int(left * across), size[1] - width), min(int(top * down), size[0] - height),
        width, height,
    )  # fmt: skip


def _lay_out(job: Job, before: Excerpt, after: Excerpt, caption: Caption, meta: Meta) -> str:
    """The page as HTML."""
    assert job.target is not None
    names = caption.before, caption.model

    def pair(left: Shown, right: Shown, text: str) -> str:
        return slider(_jpeg(left, meta), _jpeg(right, meta), names, text)

    height, width, _ = after.whole.shape
    reduced = f", reduced to {width}×{height}" if (height, width) != after.size else ""
    parts = [pair(before.whole, after.whole, f"The whole picture{reduced}")]
    part = after.crop
    if (part.height, part.width) != after.size:
        where = f"{part.width}×{part.height} pixels at {part.left},{part.top}"
        parts.append(pair(before.part, after.part, f"A part at 100 %: {where}"))
    origin = job.source.name if job.source else job.source_name
    tta = ["mean over 8 flips and quarter turns"] if caption.tta else []
    facts = [f"made from {printable(origin)}", *caption.facts, caption.model, *tta]
    return page(
        printable(job.target.name), [listing(facts), *parts, paragraph(_NOTE), SCRIPT], STYLE
    )


def _jpeg(pixels: Shown, meta: Meta) -> bytes:
    """As a file with the colours and the orientation of the result."""
    file = io.BytesIO()
    told = Meta(icc=meta.icc, orientation=meta.orientation)
    write_picture(file, Picture(pixels, None, told), format="jpeg", quality=_QUALITY)
    return file.getvalue()
