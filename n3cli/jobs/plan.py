"""Which file becomes which: inputs and an output turned into jobs, before any picture is read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from n3cli.errors import ConfigError, ExistingError, InputError
from n3cli.io.format import (
    DNG,
    FORMATS,
    MAT,
    RAW_SUFFIXES,
    READABLE,
    format_of,
    is_mat_name,
    is_raw,
)
from n3cli.io.name import ONLY_MAT, ONLY_RAW, default_target, page_of
from n3cli.jobs.scan import Source, identify, scan
from n3cli.jobs.target import Guard, output_folder, target_of

STANDARD = "-"
"""As an input: standard input. As an output: standard output."""

_STANDARD_PATHS = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""Standard output, too: what is written there is a stream, and no file to put in place."""


def name_source(source: Path | None) -> str:
    """A source as people know it; None is standard input."""
    return "standard input" if source is None else str(source)


@dataclass(frozen=True)
class Job:
    """One picture to make.

    Attributes:
        source: the file to read; None is standard input.
        target: the file to write; None is standard output.
        format: what to write; None keeps the source's format, known once it has been opened.
        page: the page to write beside the target that compares it with the source, if any.
        replace: whether a target or a page may be replaced that is there when it is written.
    """

    source: Path | None
    target: Path | None
    format: str | None = None
    page: Path | None = None
    replace: bool = False

    @property
    def source_name(self) -> str:
        """The source as people know it."""
        return name_source(self.source)

    @property
    def target_name(self) -> str:
        """The target as people know it."""
        return "standard output" if self.target is None else str(self.target)


@dataclass(frozen=True)
class Refused:
    """An input that cannot be done, and why.

    Attributes:
        source: as it was given or found; None is standard input.
        target: what it would have become, where that is known.
        error: says why not.
    """

    source: Path | None
    target: Path | None
    error: InputError

    @property
    def source_name(self) -> str:
        """The source as people know it."""
        return name_source(self.source)

    @property
    def target_name(self) -> str | None:
        """The target as people know it."""
        return None if self.target is None else str(self.target)


@dataclass(frozen=True)
class Plan:
    """What a batch is to do.

    Attributes:
        jobs: the pictures to make, in the order of the inputs.
        refused: the inputs that cannot be done.
        existing: the jobs that are left out since their targets exist, where that was asked for.
        skipped: files of folders that carry a tag, thus results of an earlier run.
        linked: folders inside those given that are links, and are not gone into.
    """

    jobs: tuple[Job, ...]
    refused: tuple[Refused, ...] = ()
    existing: tuple[Job, ...] = ()
    skipped: tuple[Path, ...] = ()
    linked: tuple[Path, ...] = ()


def plan(
    inputs: Sequence[str],
    output: str | None = None,
    *,
    tag: str,
    made: re.Pattern[str],
    recursive: bool = False,
    overwrite: bool = False,
    skip_existing: bool = False,
    format: str | None = None,
    compare: bool = False,
    raw: str | None = None,
) -> Plan:
    """Plan a batch; reads names and folders, no pictures.

    Args:
        inputs: files, folders (standing for their picture files), or `-` alone.
        output: a file for one input; a folder (existing, ending with a slash, or any new name
            where there are several inputs); `-`; or None for `photo_<tag>.png` beside each
            `photo.png`, and standard output for standard input.
        tag: ends the stem of default outputs.
        made: tags of what earlier runs have made; files of folders that carry one are skipped.
        recursive: take whole trees of folders; an output folder mirrors them.
        overwrite: allow to replace an existing output (never an input).
        skip_existing: leave inputs out whose outputs exist, in place of refusing them.
        format: the format to write; None follows the output's suffix, or the input's format.
        compare: plan a page beside each output, which is an output, too.
        raw: the format of what camera raw becomes where nobody says so; None refuses camera raw,
            and raw values in .mat files, which become such.

    Raises:
        ConfigError: a name is empty, or the inputs and the output, or its suffix and the format,
            or pages and standard output, do not go together.
        InputError: the output cannot be looked at.
    """
    if overwrite and skip_existing:
        raise ConfigError("--overwrite (-y) and --skip-existing exclude each other; give one")
    if "" in inputs:
        raise ConfigError("the name of an input is empty; give a file, a folder or -")
    if output == "":
        raise ConfigError("-o: the name of the output is empty; give a file, a folder or -")
    if output in _STANDARD_PATHS:
        output = STANDARD
    if compare and output in ((None, STANDARD) if STANDARD in inputs else (STANDARD,)):
        raise ConfigError(
            "--compare needs an output file to write the page beside, not standard output; name "
            "one with -o"
        )
    if STANDARD in inputs:
        return _plan_standard_input(
            inputs,
            output,
            overwrite=overwrite,
            skip_existing=skip_existing,
            format=format,
            compare=compare,
        )
    folder = None if output == STANDARD else output_folder(inputs, output)
    found = scan(
        inputs,
        made=made,
        recursive=recursive,
        leave_out=[folder] if folder else (),
        suffixes=READABLE | RAW_SUFFIXES if raw else READABLE,
    )
    jobs: list[Job] = []
    existing: list[Job] = []
    refused = [Refused(path, None, error) for path, error in found.failed]
    if output == STANDARD:
        if len(found.sources) + len(refused) != 1:
            raise ConfigError("-o - (standard output) takes one input; use -o FOLDER/ for several")
        for source in found.sources:
            try:
                jobs.append(Job(source.path, None, _usual(source.path, format, raw)))
            except InputError as error:
                refused.append(Refused(source.path, None, error))
        return Plan(tuple(jobs), tuple(refused), (), found.skipped, found.linked)
    guard = Guard(frozenset(identify(source.path) for source in found.sources), overwrite)
    made_of: dict[Path, Job] = {}
    # A file that keeps its name has it before one that is converted to it.
    for source in sorted(found.sources, key=lambda source: _is_converted(source, format, raw)):
        target = None
        try:
            usual = _usual(source.path, format, raw)
            target = target_of(source, output, folder, tag=tag, format=usual)
            made_of[source.path] = _make_job(
                source.path, target, guard, format=format, compare=compare
            )
        except InputError as error:
            if skip_existing and _is_there(target, error, compare=compare):
                existing.append(Job(source.path, target))
            else:
                refused.append(Refused(source.path, target, error))
    jobs = [made_of[source.path] for source in found.sources if source.path in made_of]
    return Plan(tuple(jobs), tuple(refused), tuple(existing), found.skipped, found.linked)


def _plan_standard_input(
    inputs: Sequence[str],
    output: str | None,
    *,
    overwrite: bool,
    skip_existing: bool,
    format: str | None,
    compare: bool,
) -> Plan:
    if len(inputs) > 1:
        raise ConfigError(
            "- (standard input) must be the only input, but others are given; leave them out"
        )
    if output is None or output == STANDARD:
        return Plan((Job(None, None, format),))
    if output_folder(inputs, output):
        raise ConfigError(
            f"-o {output}: is a folder, but a picture from standard input has no name; name a file"
        )
    guard, target = Guard(frozenset(), overwrite), Path(output)
    try:
        return Plan((_make_job(None, target, guard, format=format, compare=compare),))
    except InputError as error:
        if skip_existing and _is_there(target, error, compare=compare):
            return Plan((), existing=(Job(None, target),))
        return Plan((), (Refused(None, target, error),))


def _is_there(target: Path | None, error: InputError, *, compare: bool) -> bool:
    """Whether all that would be made exists, and that is why it was refused."""
    if not isinstance(error, ExistingError) or target is None:
        return False
    return target.exists() and not (compare and not page_of(target).exists())


def _is_converted(source: Source, format: str | None, raw: str | None) -> bool:
    """Whether its result has another suffix, by what a source's name tells."""
    try:
        usual = _usual(source.path, format, raw)
    except InputError:
        return True
    return default_target(source.path, "x", usual).suffix != source.path.suffix


def _usual(source: Path, format: str | None, raw: str | None) -> str | None:
    """The format of a result whose name does not tell; None keeps the source's."""
    if is_mat_name(source):
        if raw is None:
            raise InputError(f"{source}: is a .mat file, which only n3 denoise reads")
        if format not in (None, MAT):
            raise InputError(f"{source}: {ONLY_MAT}")
        return MAT
    if not is_raw(source):
        if format == DNG:
            raise InputError(f"{source}: {ONLY_RAW}")
        return format
    if raw is None:
        raise InputError(
            f"{source}: is camera raw, which only n3 denoise reads; n3 denoise --develop turns it "
            "into a picture"
        )
    return format or raw


def _make_job(
    source: Path | None, target: Path, guard: Guard, *, format: str | None, compare: bool
) -> Job:
    guard.check(source, target)
    page = page_of(target) if compare else None
    if page:
        guard.check(source, page)
    written = _format(target, format)
    if written == DNG and source and not is_raw(source):
        raise InputError(f"{source}: {ONLY_RAW}")
    if (written == MAT) != (source is not None and is_mat_name(source)):
        if written == MAT:
            raise InputError(f"{target}: only .mat files become .mat files; choose another format")
        raise InputError(f"{source}: {ONLY_MAT}")
    return Job(source, target, written, page, guard.overwrite)


def _format(target: Path, format: str | None) -> str:
    suffix = target.suffix.lower()
    if suffix == f".{MAT}" and format is None:
        return MAT
    if format is None:
        return DNG if suffix == f".{DNG}" else format_of(target)
    if format == DNG:
        if suffix != f".{DNG}":
            raise ConfigError(
                f"-o {target}: the names of DNG files end with .dng; change it, or leave --format "
                "out"
            )
        return format
    if suffix in READABLE | RAW_SUFFIXES and suffix not in FORMATS[format].suffixes:
        raise ConfigError(
            f"-o {target}: the suffix contradicts --format {format}; change one of them"
        )
    return format
