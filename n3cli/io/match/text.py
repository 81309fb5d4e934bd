"""Matches as text: tables of comma-separated values, and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path
from typing import Any, Final

import numpy as np

from n3cli.errors import InputError
from n3cli.io.format import printable
from n3cli.io.match.matches import Matches, cast, from_pairs
from n3cli.io.path import read_text, write_text

_POINTS: Final = ("x0", "y0", "x1", "y1")
_MOST = 10_000_000
_LARGEST = 1 << 32


def write_csv(target: Path, matches: Matches, *, replace: bool = True) -> None:
    """Write one row for each putative match, whether it was kept and whether it agrees included.

    `replace` is as for `path.deliver`.

    Raises:
        InputError: the target cannot be written.
    """
    chosen = np.flatnonzero(matches.candidates >= 0)
    first, second = matches.points()
    columns: dict[str, Any] = dict(zip(_POINTS, (*first.T, *second.T), strict=True))
    columns["confidence"] = matches.match_confidence[chosen]
    columns["kept"] = (matches.matches[chosen] >= 0).astype(int)
    for name in ("inliers", "mutual", "ratio", "logits"):
        values = getattr(matches, name)
        if values is not None:
            kind = int if values.dtype == np.bool_ else values.dtype
            columns[name.removesuffix("s")] = values[chosen].astype(kind)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows([_shown(value) for value in row] for row in zip(*columns.values(), strict=True))
    write_text(text.getvalue(), target, replace=replace)


def read_csv(path: Path) -> Matches:
    """Read putative matches from a table.

    Its columns are x0, y0, x1, y1 and, where they are there, confidence, ratio and mutual. Without
    a line of names the four coordinates come first. One separator parts the values of the whole
    file: semicolons, tabs or commas, the first of these that its first line has, or else spaces.
    Where it is a semicolon or a tab, a comma in a number is its decimal point.

    Raises:
        InputError: it is missing, no text, or a line is wrong; the line is named.
    """
    name = printable(path)
    try:
        rows = _rows(read_text(path, _LARGEST).splitlines())
    except csv.Error as error:
        raise InputError(f"{name}: is not a table ({error})") from error
    if len(rows) > _MOST:
        raise InputError(f"{name}: has more than {_MOST} lines")
    if not rows:
        raise InputError(
            f"{name}: is empty; even a table without matches needs a first line with column names"
        )
    names: list[str] = list(_POINTS)
    if not _is_number(rows[0][1][0]):
        names = [word.lower() for word in rows.pop(0)[1]]
        if wrong := next((row for row in rows if len(row[1]) != len(names)), None):
            raise InputError(
                f"{name}: line {wrong[0]} has {len(wrong[1])} values where the first line names "
                f"{len(names)} columns"
            )
        if missing := [word for word in _POINTS if word not in names]:
            raise InputError(f"{name}: its first line names no column {' and '.join(missing)}")
    known: tuple[str, ...] = (*_POINTS, "confidence", "ratio", "mutual")
    places = {word: names.index(word) for word in known if word in names}
    values = np.array(
        [_numbers(name, number, words, places) for number, words in rows], np.float64
    ).reshape(-1, len(places))
    columns = dict(zip(places, values.T, strict=True))
    return from_pairs(
        np.column_stack([columns["x0"], columns["y0"]]),
        np.column_stack([columns["x1"], columns["y1"]]),
        columns.get("confidence"),
        ratio=cast(columns.get("ratio"), np.float32),
        mutual=cast(columns.get("mutual"), np.bool_),
    )


def write_json(
    target: Path, row: dict[str, Any], matches: Matches, *, replace: bool = True
) -> None:
    """Write a pair's facts, and its matches as lists.

    Args:
        target: the file.
        row: what is said of the pair, ready for JSON.
        matches: the pair's.
        replace: as for `path.deliver`.

    Raises:
        InputError: the target cannot be written.
    """
    lists = {
        name: _listed(getattr(matches, name))
        for name in ("keypoints0", "keypoints1", "candidates", "matches", "match_confidence",
                     "logits", "ratio", "mutual", "inliers")
        if getattr(matches, name) is not None
    }  # fmt: skip
    write_text(json.dumps(row | lists, allow_nan=False) + "\n", target, replace=replace)


def _listed(values: Any) -> list[Any]:
    """An array as lists; JSON has no word for what is not a number."""
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        return [None if not math.isfinite(value) else value for value in values.tolist()]
    listed: list[Any] = values.tolist()
    return listed


def _shown(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float | np.floating) else str(value)


def _rows(lines: list[str]) -> list[tuple[int, list[str]]]:
    """The values of each line that says something, with its number."""
    said = [
        (number, line)
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    first = said[0][1].strip() if said else ""
    separator = next((each for each in ";\t," if each in first), None)
    if separator is None:
        return [(number, [word.strip('"') for word in line.split()]) for number, line in said]
    rows = [
        (number, [word.strip() for word in next(csv.reader([line], delimiter=separator))])
        for number, line in said
    ]
    if separator == ",":
        return rows
    return [(number, [word.replace(",", ".") for word in words]) for number, words in rows]


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _numbers(name: str, number: int, words: list[str], places: dict[str, int]) -> list[float]:
    try:
        values = [float(words[place]) for place in places.values()]
    except (ValueError, IndexError):
        values = [math.nan]
    if not all(map(math.isfinite, values)):
        raise InputError(
            f"{name}: line {number} lacks the numbers {', '.join(places)}: {' '.join(words)[:80]}"
        )
    return values
