"""Squares spread over a picture."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from n3cli.ops.spread import spread_squares

SIDES = st.integers(1, 5000)


@given(height=SIDES, width=SIDES, side=st.integers(1, 800), most=st.integers(1, 1 << 22))
def test_squares_lie_inside_reach_both_ends_and_are_few_enough(height, width, side, most) -> None:
    tops, lefts = spread_squares(height, width, side, most)
    assert len(tops) * len(lefts) <= max(most // side**2, 1)
    for starts, size in ((tops, height), (lefts, width)):
        assert starts == sorted(starts)
        assert starts[0] >= 0
        assert starts[-1] <= max(size - side, 0)
        if len(starts) > 1:
            assert (starts[0], starts[-1]) == (0, size - side)
            assert min(b - a for a, b in pairwise(starts)) >= side - 1


def test_a_wide_picture_gets_more_columns_than_rows() -> None:
    tops, lefts = spread_squares(1000, 4000, 128, 1 << 21)
    assert (len(tops), len(lefts)) == (6, 21)
