"""A batch of pairs as people and programs see it: a row for each on standard output."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from n3cli.cli import console

if TYPE_CHECKING:
    from n3cli.io.match.matches import Matches
    from n3cli.jobs.match_row import Evaluation, PairRow


def show_rows(
    rows: Iterable[PairRow], *, as_json: bool, quiet: bool, verbose: bool, debug: bool
) -> int:
    """Print rows as they come, and the count at the end.

    Args:
        rows: the batch.
        as_json: one JSON object a line, in place of text.
        quiet: no text; warnings and errors only. JSON is printed all the same.
        verbose: print the pose, too.
        debug: show where errors come from.

    Returns:
        How many failed.
    """
    from n3cli.jobs.match_row import scores

    done: list[PairRow] = []
    skipped = 0
    for row in rows:
        done.append(replace(row, matches=None))  # a batch's keypoints do not stay in memory
        skipped += row.status == "skipped"
        if as_json:
            print(json.dumps(row.facts(), allow_nan=False), flush=True)
        if row.error:
            if debug:
                traceback.print_exception(row.error)
            console.error(_name_pair(row))
        elif not (as_json or quiet):
            print(console.printable(describe(row)), flush=True)
            if verbose and row.matches:
                for text in _pose(row.matches):
                    print(console.printable(text), flush=True)
    failed = sum(row.error is not None for row in done)
    if len(done) > 1 and not quiet:
        counts = [f"{len(done) - failed - skipped} done"]
        counts += [f"{skipped} already present"] if skipped else []
        counts += [f"{failed} failed"] if failed else []
        console.line(", ".join(counts))
        if told := scores(done):
            figures = "  ".join(f"{name} {100 * value:.1f}" for name, value in told.items())
            of = f"  (without the {skipped} already present)" if skipped else ""
            console.line(f"{figures}{of}")
    return failed


def describe(row: PairRow) -> str:
    """A pair in one line."""
    text = f"{row.name0} ↔ {row.name1}  "
    if row.matches is None:
        return f"{text}already present"
    found = row.matches
    parts = [f"{found.putative} matches, {found.kept} kept"]
    if found.status != "putative":
        parts[0] += f", {found.agreeing} agree"
    parts.append(_geometry(found))
    if "Exif" in row.cameras and found.K0 is not None:
        parts.append("(focal lengths from Exif)")
    if row.evaluation:
        parts.append(_evaluation(row.evaluation))
    if row.outputs:
        parts.append(f"→ {', '.join(row.outputs)}")
    parts.append(f"{row.seconds.get('all', 0):.1f} s")
    return text + "  ".join(part for part in parts if part)


def _geometry(found: Matches) -> str:
    from n3cli.jobs.match_row import turn

    match found.status:
        case "ok" if found.R is not None and found.t is not None:
            x, y, z = found.t
            return f"rotation {turn(found.R):.1f}°, translation ({x:.2f}, {y:.2f}, {z:.2f})"
        case "ok":
            return "fundamental matrix only, no pose: the cameras are not known"
        case "rotation" if found.R is not None:
            return f"rotation {turn(found.R):.1f}°, translation undetermined"
        case "homography" if found.F is not None:
            return "mostly a homography: the fundamental matrix may be undetermined"
        case "homography":
            return "homography only: the camera only turned or the scene is flat; cameras not known"
        case "few":
            return "too few matches for a pose"
        case "chance":
            return "may be chance: the pictures probably do not show the same scene"
    return ""


def _evaluation(one: Evaluation) -> str:
    precision = "–" if one.precision is None else f"{100 * one.precision:.1f} %"
    return (
        f"errors: rotation {one.error_R:.2f}°, translation {one.error_t:.2f}°, precision "
        f"{precision}"
    )


def _pose(found: Matches) -> list[str]:
    lines = [f"  model {found.facts.get('model')}, estimator {found.facts.get('estimator')}"]
    for name in ("R", "t", "E", "F", "H", "K0", "K1"):
        values = getattr(found, name)
        if values is not None:
            rows = values.reshape(-1, 3)
            for index, row in enumerate(rows):
                label = " " * len(name) if index else name
                lines.append(f"  {label} = {' '.join(f'{value: .6g}' for value in row)}")
    return lines


def _name_pair(row: PairRow) -> str:
    text, names = str(row.error), f"{row.name0} ↔ {row.name1}"
    return text if row.name0 in text and row.name1 in text else f"{names}: {text}"
