from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from n3cli.inference.tiling import LARGEST, SMALLEST, cuts, input_span, tile_side


@given(
    st.integers(1, 60),
    st.data(),
    st.integers(0, 50),
    st.integers(0, 90),
    st.sampled_from([1, 4, 8]),
)
def test_a_span_holds_what_is_needed_and_little_more(blocks, data, halo, reach, multiple):
    length = blocks * multiple
    first = data.draw(st.integers(0, length - 1))
    last = data.draw(st.integers(first + 1, length))
    start, stop = input_span(first, last, length, halo=halo, reach=reach, multiple=multiple)
    assert 0 <= start <= max(0, first - halo)
    assert min(length, last + halo) <= stop <= length
    assert start <= max(0, length - reach)
    assert stop >= min(length, reach)
    assert start % multiple == stop % multiple == 0
    assert start > max(0, min(first - halo, length - reach)) - multiple


@given(st.integers(1, 1000), st.integers(1, 300))
def test_cuts_cover_an_axis(length, size):
    spans = list(cuts(length, size))
    assert spans[0][0] == 0
    assert spans[-1][1] == length
    assert all(a[1] == b[0] for a, b in pairwise(spans))


@given(st.integers(0, 1 << 34), st.integers(100, 4000), st.integers(0, 200))
def test_tiles_fit_into_memory(memory, per_pixel, halo):
    side = tile_side(memory, per_pixel, halo, 8)
    assert SMALLEST <= side <= LARGEST
    assert side % 8 == 0
    assert side == SMALLEST or (side + 2 * halo) ** 2 * per_pixel <= memory
