"""What was measured, held against what was published of the same method."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from n3cli.bench.measurement import Measurement, Row
from n3cli.bench.method import Method
from n3cli.bench.published import Published, load_published
from n3cli.bench.suite import Suite
from n3cli.errors import ConfigError, ToleranceError


def counterpart(row: Row, published: Sequence[Published]) -> Published | None:
    """What was published of a measured method, if anything."""
    return next((each for each in published if each.method == row.method.published), None)


def differences(row: Row, published: Published) -> tuple[float | None, ...]:
    """Measured minus published PSNR in dB at each level; None where none was published."""
    pairs = zip(row.psnr, published.psnr, strict=True)
    return tuple(None if theirs is None else ours - theirs for ours, theirs in pairs)


def check_comparable(plan: Sequence[tuple[Suite, Sequence[float], Sequence[Method]]]) -> None:
    """Refuse a plan of suites, levels and methods of which nothing was published.

    Raises:
        ConfigError: nothing was.
    """
    for suite, levels, methods in plan:
        names = {published.method for published in load_published(suite, levels)}
        if any(method.published in names for method in methods):
            return
    raise ConfigError(
        "--tolerance has nothing to compare with: no figures are published for these methods on "
        "these sets at these levels; leave it out"
    )


def check_tolerance(measurements: Sequence[Measurement], tolerance: float) -> None:
    """Refuse measurements that are not what was published.

    Args:
        measurements: of whole sets.
        tolerance: largest difference in dB, either way.

    Raises:
        ToleranceError: a difference is larger.
    """
    found = [each for measured in measurements for each in _named(measured)]
    outside = [f"{text} {by:+.3f} dB" for text, by in found if abs(by) > tolerance]
    if outside:
        raise ToleranceError(
            f"more than {tolerance:g} dB from the published figures: {'; '.join(outside)}"
        )


def _named(measured: Measurement) -> Iterator[tuple[str, float]]:
    published = load_published(measured.suite, measured.levels)
    for row in measured.rows:
        theirs = counterpart(row, published)
        if theirs is None:
            continue
        for level, by in zip(measured.levels, differences(row, theirs), strict=True):
            if by is not None:
                suite = measured.suite
                yield f"{row.method.name} on {suite.name} at {suite.task.level} {level:g}", by
