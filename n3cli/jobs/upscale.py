"""One job of `n3 upscale`: read, enlarge strip by strip, write."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from n3cli.errors import ConfigError, InputError
from n3cli.inference.array import to_pixels
from n3cli.inference.resized import ResizedRows
from n3cli.inference.size import Goal
from n3cli.inference.source import PlaneRows
from n3cli.inference.upscaler import BICUBIC, Upscaler
from n3cli.io.depth import Pixels
from n3cli.io.reader import open_picture
from n3cli.jobs.compare import Caption
from n3cli.jobs.file import create_result, describe_kind, find_source
from n3cli.jobs.plan import Job
from n3cli.jobs.view import AlphaKeeper, AlphaPlane, Bled, Crop

_REACH = 16
"""How far visible colours reach into what is transparent, at least: what is farther off hardly
matters to an edge."""


@dataclass(frozen=True)
class UpscaleSettings:
    """What is the same for every picture of a batch.

    Attributes:
        goal: the size to reach.
        tta: whether to take the mean over each picture's flips and quarter turns.
        crop: the part of each picture to enlarge; None is everything.
        keep_hidden: whether wholly transparent pixels keep their colours, which show in the edges.
        quality: of lossy formats, 1–100.
    """

    goal: Goal = field(default_factory=Goal)
    tta: bool = False
    crop: Crop | None = None
    keep_hidden: bool = False
    quality: int = 95


@dataclass(frozen=True)
class UpscaleReport:
    """What became of a picture.

    Attributes:
        before: width and height of what was enlarged, as it is seen.
        after: width and height of the result, likewise.
        kind: channels and depth, for people.
        model: name of the model that did it.
    """

    before: tuple[int, int]
    after: tuple[int, int]
    kind: str
    model: str

    @property
    def sizes(self) -> str:
        """Both sizes, for people."""
        return " → ".join(f"{width}×{height}" for width, height in (self.before, self.after))

    def facts(self) -> dict[str, object]:
        """What it says, for programs."""
        return {
            "size": list(self.before),
            "new_size": list(self.after),
            "layout": self.kind,
            "model": self.model,
        }


def upscale_picture(
    job: Job,
    upscaler: Upscaler,
    settings: UpscaleSettings,
    progress: Callable[[float], None] | None = None,
) -> UpscaleReport:
    """Make one enlarged picture; the target's folder is made where it is missing.

    Transparency gets the new size by bicubic interpolation. The size that is asked for is that of
    the picture as it is seen, turned by its orientation tag.

    Args:
        job: what to read and write.
        upscaler: the network, ready on its device.
        settings: what the batch has in common.
        progress: is called with the fraction done, 0–1.

    Raises:
        InputError: the source cannot be read, the target cannot be written, the crop does not
            fit, or the picture cannot get that size or is too large for `tta`.
        BrokenPipeError: who read standard output has gone.
    """
    source = find_source(job)
    with open_picture(source, job.source_name) as reader:
        view = AlphaKeeper(reader, settings.crop)
        seen = view.meta.as_seen((view.height, view.width))
        try:
            goal = settings.goal.size_of(*seen)
        except ConfigError as error:  # what is too much for this picture may do for the others
            raise InputError(f"{view.name}: {error}") from error
        size = view.meta.as_seen(goal)
        report = UpscaleReport(
            before=seen[::-1],
            after=goal[::-1],
            kind=describe_kind(view),
            model=upscaler.route(view, size).name,
        )
        caption = Caption(BICUBIC, report.model, settings.tta, (report.sizes, report.kind))
        alpha = _resized_alpha(view, size)
        with create_result(
            job, source, view, quality=settings.quality, caption=caption, size=size
        ) as write:
            picture = view if settings.keep_hidden else _without_fringe(view, size)
            for strip in upscaler.rows(picture, size=size, tta=settings.tta, progress=progress):
                write(strip, alpha(len(strip)) if view.has_alpha else None)
    return report


def _without_fringe(view: AlphaKeeper, size: tuple[int, int]) -> AlphaKeeper | Bled:
    """The picture with colours beneath what is transparent that do no harm to edges."""
    if not view.has_alpha:
        return view
    # A reduction looks at so many pixels on each side, an enlargement at two.
    reduction = max(view.height / size[0], view.width / size[1], 1)
    return Bled(view, max(_REACH, math.ceil(2 * reduction)))


def _resized_alpha(view: AlphaKeeper, size: tuple[int, int]) -> Callable[[int], Pixels]:
    """What gives the next rows of the resized alpha plane, so many at a time."""
    plane = AlphaPlane(view)
    rows = ResizedRows(PlaneRows(plane), (view.height, view.width), size)
    top = 0

    def take(count: int) -> Pixels:
        nonlocal top
        strip = rows.rows(top, top + count).clamp(0, 1)
        top += count
        return to_pixels(strip, view.dtype)[..., 0]

    return take
