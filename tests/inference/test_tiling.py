from __future__ import annotations

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from n3cli.inference.tiling import UNLIMITED, cuts, input_span, smallest_side, tile_shape

SMALLEST = smallest_side(1)


@given(
    st.integers(1, 60),
    st.data(),
    st.integers(0, 50),
    st.integers(0, 90),
    st.sampled_from([1, 4, 8]),
)
def test_a_span_holds_what_is_needed_and_little_more(blocks, data, halo, reach, multiple):
    length = blocks * multiple - data.draw(st.integers(0, multiple - 1))
    first = data.draw(st.integers(0, length - 1))
    last = data.draw(st.integers(first + 1, length))
    start, stop = input_span(first, last, length, halo=halo, reach=reach, multiple=multiple)
    assert 0 <= start <= max(0, first - halo)
    assert min(length, last + halo) <= stop <= length
    assert start <= max(0, length - reach)
    assert stop >= min(length, reach)
    assert start % multiple == 0
    assert stop % multiple == 0 or stop == length
    assert start > max(0, min(first - halo, length - reach)) - multiple


@given(st.integers(1, 1000), st.integers(1, 300))
def test_cuts_cover_an_axis(length, size):
    spans = list(cuts(length, size))
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert all(a[1] == b[0] for a, b in pairwise(spans))


def inputs(whole: int, length: int, halo: int, reach: int, multiple: int) -> list[int]:
    """How much input each part of an axis needs."""
    spans = [
        input_span(*cut, whole, halo=halo, reach=reach, multiple=multiple)
        for cut in cuts(whole, length)
    ]
    return [stop - start for start, stop in spans]


axes = st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 4, 8]))


@given(axes, st.integers(0, 60), st.integers(0, 100), st.integers(1, 400), st.integers(0, 90_000))
def test_tiles_keep_to_both_limits(axes, halo, reach, side, pixels):
    *blocks, multiple = axes
    height, width = (count * 7 for count in blocks)
    rows, columns = tile_shape(
        height, width, halo=halo, reach=reach, multiple=multiple, side=side, pixels=pixels
    )
    assert rows % multiple == 0 or rows == height
    assert columns % multiple == 0 or columns == width
    assert max(rows, columns) <= max(side, SMALLEST)
    tallest = max(inputs(height, rows, halo, reach, multiple))
    widest = max(inputs(width, columns, halo, reach, multiple))
    assert (rows, columns) == (SMALLEST, SMALLEST) or tallest * widest <= pixels


@given(axes, st.integers(0, 60), st.integers(1, 400), st.integers(0, 90_000))
def test_no_other_tiles_compute_less(axes, halo, side, pixels):
    *blocks, multiple = axes
    height, width = (count * 8 for count in blocks)
    halo = -(-halo // multiple) * multiple

    def computed(rows: int, columns: int) -> tuple[int, int]:
        """Input pixels of the largest tile, and of all."""
        tall = inputs(height, rows, halo, 0, multiple)
        wide = inputs(width, columns, halo, 0, multiple)
        return max(tall) * max(wide), sum(tall) * sum(wide)

    shape = tile_shape(
        height, width, halo=halo, reach=0, multiple=multiple, side=side, pixels=pixels
    )
    _, least = computed(*shape)
    sizes = range(SMALLEST, max(side, SMALLEST) + 1, multiple)
    evenly = [  # parts as long as each other: unequal ones need no less memory
        [
            math.ceil(whole / parts / multiple) * multiple
            for parts in range(1, whole // SMALLEST + 1)
        ]
        for whole in (height, width)
    ]
    for rows in (size for size in evenly[0] if size in sizes):
        for columns in (size for size in evenly[1] if size in sizes):
            largest, others = computed(rows, columns)
            # A last part that is shorter than its halo saves less than a halo.
            slack = 1 + 2 * halo / min(height, width)
            assert largest > pixels or least <= others * slack**2


def test_an_image_that_fits_is_one_tile():
    limits = {"halo": 125, "reach": 200, "multiple": 8, "side": UNLIMITED}
    assert tile_shape(1000, 1000, pixels=1_048_576, **limits) == (1000, 1000)
    assert tile_shape(3000, 8, pixels=1_048_576, **limits) == (3000, 8)
    assert tile_shape(4000, 6000, pixels=UNLIMITED, **limits) == (4000, 6000)
    # Two tiles a side, not one and a small rest.
    assert tile_shape(1000, 1000, pixels=500_000, **limits) == (504, 504)


def test_what_the_ends_of_an_axis_need_counts():
    limits = {"halo": 0, "reach": 400, "multiple": 8, "side": UNLIMITED}
    assert tile_shape(1000, 1000, pixels=400**2, **limits) > (SMALLEST, SMALLEST)
    assert tile_shape(1000, 1000, pixels=400**2 - 1, **limits) == (SMALLEST, SMALLEST)


def test_where_nothing_fits_tiles_are_the_smallest():
    shape = tile_shape(1000, 1000, halo=125, reach=200, multiple=8, side=UNLIMITED, pixels=0)
    assert shape == (SMALLEST, SMALLEST)
