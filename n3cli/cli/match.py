"""`n3 match`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from n3cli.cli import complete, console, options
from n3cli.cli.match_view import show_rows

if TYPE_CHECKING:
    from n3cli.inference.match.matcher import Matcher
    from n3cli.jobs.camera import Cameras
    from n3cli.jobs.match_output import MatchOutput
    from n3cli.jobs.match_row import PairRow

_FILE = click.Path(path_type=Path, dir_okay=False)
_OF_CAMERAS = ("k", "k0", "k1", "focal", "intrinsics", "exif")
_OF_PICTURES = (*_OF_CAMERAS, "max_keypoints", "resize", "recursive")
"""Settings that say nothing of a database, which has its own cameras and keypoints."""


@click.command(
    epilog="\b\nExamples:\n"
    "  n3 match left.jpg right.jpg\n"
    "  n3 match left.jpg right.jpg --K K.txt -o pose.npz --viz matches.png\n"
    "  n3 match photos --intrinsics cameras.txt -o matches/ --json > rows.jsonl\n"
    "  n3 match photos --pairs pairs.txt -o matches.h5\n"
    "  n3 match --database colmap.db -o judged.db"
)
@click.argument("inputs", metavar="[INPUT]...", nargs=-1, shell_complete=complete.path)
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    shell_complete=complete.path,
    help="For one pair, a .npz, .csv or .json file. For many, a folder (one that exists, or a name "
    "that ends with a slash) for one file per pair, an .h5 file in hloc's layout, or a .db file, a "
    "COLMAP database.  [default: only print the results]",
)
@click.option(
    "--viz",
    metavar="OUT",
    shell_complete=complete.path,
    help="Draw the matches into this .png file, or into this folder for many pairs.",
)
@click.option(
    "--format",
    type=click.Choice(["npz", "csv", "json"]),
    help="Format of the files in an output folder.  [default: npz]",
)
@click.option("-r", "--recursive", is_flag=True, help="Include subfolders.")
@options.overwrite
@click.option(
    "--pairs",
    type=_FILE,
    metavar="FILE",
    help="File that lists the pairs, one per line: either two names, or the 38 columns A B rotA "
    "rotB K0 K1 T_0to1, against which the poses are then evaluated.",
)
@click.option(
    "--matches",
    type=_FILE,
    metavar="FILE",
    multiple=True,
    help="Judge the putative matches in this file (.npz, .csv or .h5) instead of matching "
    "pictures. hloc stores matches and features in two files: give the option for each.",
)
@click.option(
    "--database",
    type=_FILE,
    metavar="DB",
    help="Judge the matches in this COLMAP database and write two-view geometries into a copy of "
    "it: OUT, or else DB_n3.db beside it.",
)
@click.option(
    "-m",
    "--model",
    metavar="MODEL",
    shell_complete=complete.model,
    help="Model to use: a name, folder, file or Hub id (org/name[@rev]); none for no model.  "
    "[default: the bundled model, or match-cnet for matches without known ratio and mutual flag]",
)
@click.option(
    "--threshold",
    type=options.number(0, 1),
    metavar="X",
    help="Keep matches that the model considers right with at least this probability.  [default: "
    "0.75; without -m, 0.25 for given matches that are nearly all mutual or judged by match-cnet]",
)
@click.option(
    "--max-keypoints",
    type=click.IntRange(8, 100_000),
    default=2000,
    show_default=True,
    help="Maximum number of keypoints per picture.",
)
@click.option(
    "--resize",
    type=click.IntRange(0, 100_000),
    metavar="N",
    default=2048,
    show_default=True,
    help="Detect keypoints in copies whose longest side is at most N pixels; 0 keeps the size. "
    "Coordinates still refer to the original pictures.",
)
@click.option(
    "--ratio",
    type=options.number(0, 1),
    metavar="T",
    help="Ratio test: keep a match if its distance is below T times that of the second nearest "
    "descriptor.  [default: 1, which keeps all; 0.8 with -m none]",
)
@click.option(
    "--mutual/--no-mutual",
    default=None,
    help="Keep only matches that are each other's nearest neighbours.  [default: no; yes with -m "
    "none]",
)
@click.option("--K", "k", type=_FILE, metavar="FILE", help="3×3 camera matrix for all pictures.")
@click.option(
    "--K0",
    "k0",
    type=_FILE,
    metavar="FILE",
    help="Camera matrix for the first picture of each pair.",
)
@click.option(
    "--K1",
    "k1",
    type=_FILE,
    metavar="FILE",
    help="Camera matrix for the second picture of each pair.",
)
@click.option(
    "--focal",
    type=options.number(0, 1e7, above=True),
    metavar="PIXELS",
    help="Focal length for all pictures, with the principal point at the centre.",
)
@click.option(
    "--intrinsics",
    type=_FILE,
    metavar="LIST",
    help="File that lists cameras by picture, one per line: NAME and 9 numbers, or NAME MODEL "
    "WIDTH HEIGHT PARAMETERS.",
)
@click.option(
    "--exif/--no-exif",
    default=True,
    show_default=True,
    help="Read the focal length from Exif if no camera is given.",
)
@click.option(
    "--estimator",
    type=click.Choice(["auto", "poselib", "magsac", "ransac", "8pt", "none"]),
    default="auto",
    show_default=True,
    help="Method that estimates the pose; auto is poselib, or magsac if PoseLib is not installed.",
)
@click.option(
    "--pixel-threshold",
    type=options.number(0, 1000, above=True),
    metavar="X",
    help="Maximum distance, in pixels, between a point and its epipolar line for a match to count "
    "as an inlier.  [default: 1, measured in the copies that --resize makes, if these are smaller; "
    "for given matches always 1]",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Seed of the estimator's random draws.",
)
@options.device
@click.option("--json", "as_json", is_flag=True, help="Print one line of JSON for each pair.")
@options.quiet
@options.verbose
@options.debug
@click.pass_context
def match(
    ctx: click.Context,
    /,
    *,
    inputs: tuple[str, ...],
    output: str | None,
    viz: str | None,
    format: str | None,
    recursive: bool,
    overwrite: bool,
    pairs: Path | None,
    matches: tuple[Path, ...],
    database: Path | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **how: Any,
) -> None:
    """Match pictures and find how the camera moved.

    INPUT is two picture files, or any number of files and folders; then every picture is matched
    with every other. n3 matches SIFT keypoints by their descriptors, lets a network tell right
    matches from wrong ones, and estimates the pose of the second camera from those it keeps: X1 =
    R·X0 + t. The pose needs both cameras (--K, --focal, --intrinsics or Exif); without them, the
    result is the fundamental matrix alone. Coordinates are pixels as stored in the file; (0, 0) is
    the centre of the first pixel.

    n3 prints one line per pair on standard output. If a pair fails, it still matches the others
    and exits with 1.
    """
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other; give one.")
    if database and (inputs or pairs or matches or viz or format):
        raise click.UsageError(
            "--database cannot be combined with INPUT, --pairs, --matches, --viz or --format."
        )
    given = options.given(ctx)
    if database and (unused := [given[name] for name in given if name in _OF_PICTURES]):
        raise click.UsageError(
            f"--database has its own cameras and keypoints; leave {', '.join(unused)} out."
        )
    if not (inputs or pairs or matches or database):
        raise click.UsageError(
            "Give two pictures, a folder, --pairs FILE, --matches FILE or --database DB."
        )
    told = {name: how.pop(name) for name in _OF_CAMERAS}
    cameras = _find_cameras(**told)
    show = partial(
        show_rows, as_json=as_json, quiet=quiet, verbose=verbose, debug=options.debugging(ctx)
    )
    if database:
        failed = _match_database(database, output, overwrite, quiet, how, show)
    else:
        from n3cli.jobs.match_output import open_output

        read = [path for path in (*matches, pairs, *told.values()) if isinstance(path, Path)]
        place = partial(open_output, output=output, viz=viz, format=format, overwrite=overwrite,
                        inputs=read)  # fmt: skip
        made = [Path(name) for name in (output, viz) if name]
        failed = _match(inputs, pairs, matches, recursive, made, place, how, cameras, show)
    ctx.exit(1 if failed else 0)


def _match_database(
    database: Path,
    output: str | None,
    overwrite: bool,
    quiet: bool,
    how: dict[str, Any],
    show: Callable[[Iterable[PairRow]], int],
) -> int:
    """Judge a database; gives the number of pairs that failed."""
    from n3cli.jobs.match_database import database_target, match_database

    target = database_target(database, output, overwrite=overwrite)
    matcher = _make_matcher(**how)
    failed = show(match_database(database, target, matcher, overwrite=overwrite))
    if not quiet:
        console.line(f"{database} → {target}")
    return failed


def _match(
    inputs: tuple[str, ...],
    pairs: Path | None,
    matches: tuple[Path, ...],
    recursive: bool,
    leave_out: Sequence[Path],
    place: Callable[[int], AbstractContextManager[MatchOutput]],
    how: dict[str, Any],
    cameras: Cameras,
    show: Callable[[Iterable[PairRow]], int],
) -> int:
    """Match pictures, or judge matches of files; gives the number of pairs that failed."""
    from n3cli.jobs.match import match_pairs
    from n3cli.jobs.pair import find_pairs
    from n3cli.jobs.putative_file import read_putative

    given = read_putative(matches, inputs, pairs) if matches else None
    todo, errors = (
        ([], []) if matches
        else find_pairs(inputs, pairs, recursive=recursive, leave_out=leave_out)
    )  # fmt: skip
    if todo and all(pair.cameras for pair in todo) and cameras.is_told:
        raise click.UsageError(
            "the list of --pairs has the cameras; leave --K, --K0, --K1, --focal and --intrinsics "
            "out."
        )
    named = [pair for pair, _ in given] if isinstance(given, list) else todo
    cameras.warn_of_missing([name for pair in named for name in (pair.name0, pair.name1)])
    for error in errors:
        console.error(str(error))
    if not todo and given is None:
        return len(errors)
    count = len(todo)
    if given is not None:  # how many an .h5 file has shows when it is read
        count = 1 if isinstance(given, list) or len(inputs) == 2 else 2
    with place(count) as made:
        rows = match_pairs(todo, _make_matcher(**how), cameras, made, given)
        return len(errors) + show(rows)


def _make_matcher(**how: Any) -> Matcher:
    """Import what is slow to import, and make the network ready."""
    from n3cli.inference.match.matcher import Matcher

    return Matcher(**how)


def _find_cameras(
    *,
    k: Path | None,
    k0: Path | None,
    k1: Path | None,
    focal: float | None,
    intrinsics: Path | None,
    exif: bool,
) -> Cameras:
    """Read what is said of the cameras."""
    from n3cli.io.match.camera_file import read_intrinsics, read_matrix
    from n3cli.jobs.camera import Cameras

    ways = [bool(k), bool(k0 or k1), focal is not None, bool(intrinsics)]
    if sum(ways) > 1:
        raise click.UsageError(
            "--K, --K0 with --K1, --focal and --intrinsics exclude each other; give one."
        )
    if bool(k0) != bool(k1):
        raise click.UsageError("--K0 and --K1 must both be given; for one camera, use --K.")
    given = None
    if k:  # read once: it may be a pipe
        given = (read_matrix(k),) * 2
    elif k0 and k1:
        given = read_matrix(k0), read_matrix(k1)
    return Cameras(given, read_intrinsics(intrinsics) if intrinsics else {}, focal, exif)
