"""The files of a job, whatever is done to its picture: opening the source, making the result."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import torch

from n3cli.errors import InputError
from n3cli.inference.memory import free_memory
from n3cli.io import exif
from n3cli.io.depth import Pixels
from n3cli.io.format import FORMATS
from n3cli.io.path import explained
from n3cli.io.writer import create_picture
from n3cli.jobs.compare import Caption, Take, comparing
from n3cli.jobs.plan import Job
from n3cli.jobs.view import CroppedReader

_PART, _LEAST = 1 << 24, 1 << 28


def find_source(job: Job) -> Path | bytes:
    """The source as something that can be opened twice.

    Raises:
        InputError: it cannot be read, or brings more than memory holds.
    """
    if job.source is None:
        return _read_all(sys.stdin.buffer, job.source_name)
    if job.source.is_fifo():
        with explained(job.source), job.source.open("rb") as file:
            return _read_all(file, job.source_name)
    return job.source


def _read_all(stream: BinaryIO, name: str) -> bytes:
    """What comes out of a stream.

    Raises:
        InputError: more than memory holds, so that it may never end.
    """
    # It is put together in the end. What is free is a guess in containers: pictures come through.
    free = free_memory(torch.device("cpu"))
    most = math.inf if free is None else max(_LEAST, free // 3)
    parts, size = [], 0
    while part := stream.read(_PART):
        parts.append(part)
        size += len(part)
        if size > most:
            raise InputError(
                f"{name}: has more than {most / 1e6:,.0f} MB, too much for the free memory; give a "
                "file instead of a stream"
            )
    return b"".join(parts)


@contextmanager
def create_result(
    job: Job,
    source: Path | bytes,
    view: CroppedReader,
    *,
    quality: int,
    caption: Caption,
    size: tuple[int, int] | None = None,
) -> Iterator[Take]:
    """Write a job's picture, of the same kind and with the same metadata as what is viewed.

    The page is written after it, if the job has one: what happens to that leaves the picture alone.

    Args:
        job: says where and in which format; the target's folder is made where it is missing.
        source: what `find_source` found.
        view: the picture in it.
        quality: of lossy formats, 1–100.
        caption: what the page says.
        size: height and width of the result; by default the view's.

    Yields:
        What takes the rows of the result, from top to bottom.

    Raises:
        InputError: the target or the page cannot be written.
        BrokenPipeError: who read standard output has gone.
    """
    height, width = size or (view.height, view.width)
    factor = width / view.width, height / view.height
    block = exif.resized(view.meta.exif, view.file_size, (width, height), factor)
    meta = replace(view.meta, exif=block)
    with ExitStack() as stack:
        takers: list[Take] = []
        if job.page:
            page = comparing(job, job.page, source, view, (height, width), caption)
            takers.append(stack.enter_context(page))
        stack.enter_context(_closed_pipe_as_itself())
        picture = create_picture(
            _make_room(job),
            format=job.format or _format_to_keep(view),
            height=height,
            width=width,
            channels=view.channels,
            has_alpha=view.has_alpha,
            dtype=view.dtype,
            meta=meta,
            quality=quality,
            replace=job.replace,
        )
        takers.append(stack.enter_context(picture).write)

        def write(pixels: Pixels, alpha: Pixels | None) -> None:
            for take in takers:
                take(pixels, alpha)

        yield write


def describe_kind(view: CroppedReader) -> str:
    """Channels and depth of a picture, for people."""
    kind = {1: "grey", 3: "RGB"}[view.channels] + ("+alpha" if view.has_alpha else "")
    return f"{kind} {view.dtype}"


@contextmanager
def open_target(job: Job) -> Iterator[Path | BinaryIO]:
    """Lend a job's target to who writes it whole; its folder is made where it is missing.

    Raises:
        InputError: the target cannot be written.
        BrokenPipeError: who read standard output has gone.
    """
    with _closed_pipe_as_itself():
        yield _make_room(job)


def _make_room(job: Job) -> Path | BinaryIO:
    if job.target is None:
        return sys.stdout.buffer
    folder = job.target.parent
    with explained(folder):
        if folder.is_file():
            raise InputError(
                f"{job.target}: cannot be written, as {folder} is a file, not a folder; choose "
                "another -o"
            )
        folder.mkdir(parents=True, exist_ok=True)
    return job.target


@contextmanager
def _closed_pipe_as_itself() -> Iterator[None]:
    """Undo the writer's explanation: that nobody reads any more is no fault of this file."""
    try:
        yield
    except InputError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            raise error.__cause__ from None
        raise


def _format_to_keep(view: CroppedReader) -> str:
    if FORMATS[view.meta.format].depths:
        return view.meta.format
    return "tiff" if view.dtype.kind == "f" else "png"
