"""The part of `n3 bench` that writes what servers score, and checks it before it is uploaded."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from n3cli.cli import console
from n3cli.cli.bench_asked import Asked, Watch
from n3cli.errors import ConfigError, InputError

if TYPE_CHECKING:
    from n3cli.bench.method import Method
    from n3cli.bench.submission import Submission, Written
    from n3cli.inference.machine import Machine

_SHOWN = 20
"""Faults that are told; the others are counted."""


def is_submission(names: tuple[str, ...]) -> bool:
    """Whether a test set without ground truth is among the suites.

    Raises:
        ConfigError: it is not alone.
    """
    from n3cli.bench.suite import SUBMISSIONS

    found = [name for name in names if name in SUBMISSIONS]
    if found and len(names) > 1:
        raise ConfigError(f"{found[0]} has no ground truth and runs alone; leave the others out")
    return bool(found)


def submit(asked: Asked, output: Path | None, watch: Watch) -> str:
    """Denoise a test set, and write what its server wants.

    Args:
        asked: what; one suite.
        output: where to, a new or an empty folder.
        watch: shows progress.

    Returns:
        A report.

    Raises:
        ConfigError: the options make no sense together.
        DataError, ModelError, DeviceError, InputError: something is missing.
    """
    from n3cli.bench.submission import write_submission
    from n3cli.bench.suite import SUBMISSIONS
    from n3cli.inference.device import choose_device
    from n3cli.inference.machine import describe_machine

    submission = SUBMISSIONS[asked.names[0]]
    if any(asked.levels.values()) or asked.tolerance is not None or asked.images or asked.saved:
        raise ConfigError(
            f"{submission.name} has no ground truth and is always denoised whole; leave --sigma, "
            "--scale, --images, --tolerance and --save-images out"
        )
    if asked.form not in (None, "json"):
        raise ConfigError(f"{submission.name} prints no table; leave --{asked.form} out")
    device = choose_device(asked.device)
    method = _method(asked, submission)
    folder = submission.data.find(asked.data)
    target = output or Path(f"{submission.name}-submission")
    with watch() as progress:
        written = write_submission(submission, folder, method, target, progress)
    return _report(submission, method, written, describe_machine(device), asked.form)


def check(names: tuple[str, ...], place: Path, data: Path | None) -> str:
    """Look for faults in what shall be uploaded.

    Args:
        names: of the suite.
        place: the folder or file.
        data: the folder of the data sets that the user named, if any; sizes are the published
            set's where it is not named.

    Returns:
        A line that says that there are none.

    Raises:
        InputError: there are some; they are on stderr by then.
    """
    from n3cli.bench.suite import SUBMISSIONS

    if len(names) != 1 or names[0] not in SUBMISSIONS:
        raise ConfigError(f"--check is for one of {', '.join(SUBMISSIONS)}")
    submission = SUBMISSIONS[names[0]]
    if not place.exists():
        raise InputError(f"{place}: no such file or folder to check")
    faults = submission.check(place, submission.data.find(data) if data else None)
    if faults:
        for text in faults[:_SHOWN]:
            console.line(text)
        if len(faults) > _SHOWN:
            console.line(f"… and {len(faults) - _SHOWN} more")
        count = f"{len(faults)} fault{'s' * (len(faults) > 1)}"
        raise InputError(f"{place}: is not ready for upload ({count})")
    return (
        f"{place}: names, counts, sizes, types and values are correct, as far as they are known "
        f"for {submission.data.title}; no server has checked it"
    )


def _method(asked: Asked, submission: Submission) -> Method:
    from n3cli.bench.model import make_models
    from n3cli.bench.peer import make_peers
    from n3cli.bench.real import AUTO
    from n3cli.bench.task import DENOISE

    if len(asked.models) + len(asked.peers) > 1:
        raise ConfigError(f"{submission.name} takes one method; give one -m or one --against")
    if asked.peers:
        return make_peers(asked.peers, [DENOISE])[0][0]
    names = asked.models or (None,)
    (method,) = make_models(
        names, DENOISE, submission.data.channels, asked.device, asked.precision, (AUTO,)
    )
    return method


def _report(
    submission: Submission, method: Method, written: Written, machine: Machine, form: str | None
) -> str:
    from n3cli.inference.machine import write_machine

    if form == "json":
        facts = {
            "suite": submission.name,
            "method": method.name,
            "note": method.note,
            "photos": written.photos,
            "parts": written.parts,
            "seconds_per_megapixel": written.pace,
            "removed_on_255": written.removed,
            "files": [str(path) for path in written.files],
            "protocol": submission.protocol,
            "machine": asdict(machine),
        }
        return json.dumps(facts, indent=2)
    lines = [
        f"{submission.data.title}: {written.parts} parts of {written.photos} photos",
        f"method: {method.name}: {method.note}",
        f"time: {written.pace:.3g} s for a megapixel",
        f"removed: {written.removed:.2f} on the 0-255 scale, root mean square",
        *(f"to upload: {path}" for path in written.files),
        "",
        f"Protocol: {submission.protocol} The files follow the code of the data set's makers; no "
        f"server has checked them. Before you upload them, run n3 bench {submission.name} --check.",
        "",
        write_machine(machine),
    ]
    return "\n".join(lines)
