"""Which of a model's scales to apply, one after the other, to reach a factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations_with_replacement


def choose_passes(scales: Sequence[int], factor: float) -> tuple[int, ...]:
    """The scales whose product is the smallest that reaches a factor.

    Among those of the same product the fewest passes are taken, and in a row of passes the
    smaller scales come first: the last pass is the costly one, as it works on the largest picture.

    Args:
        scales: what the network can do, each at least 2.
        factor: how many times as large the picture is to be; up to 1 needs no pass.

    Example:
        >>> choose_passes((2, 3, 4), 2.5), choose_passes((2, 3, 4), 8)
        ((3,), (2, 4))
    """
    if factor <= 1:
        return ()
    ordered = sorted(scales)
    most = math.ceil(math.log(factor, ordered[0]) - 1e-9)  # with the smallest scale alone
    options = (
        passes
        for count in range(1, max(most, 1) + 1)
        for passes in combinations_with_replacement(ordered, count)
        if math.prod(passes) >= factor
    )
    return min(options, key=lambda passes: (math.prod(passes), len(passes), _work(passes)))


def _work(passes: Sequence[int]) -> int:
    """Pixels that go into all passes, divided by the picture's."""
    return sum(math.prod(passes[:index]) ** 2 for index in range(len(passes)))
