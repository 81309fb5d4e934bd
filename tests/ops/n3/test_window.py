from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from n3cli.ops.n3.window import Axis, runs

sizes = st.integers(1, 40)


@given(sizes, sizes)
def test_window_is_shifted_at_the_borders_and_never_cut(count, window):
    axis = Axis(count, 0, count, window)
    for query in range(count):
        start = axis.start(query)
        assert 0 <= start <= query < start + axis.size <= count
        assert axis.size == min(window, count)
        if query - window // 2 >= 0 and query - window // 2 + window <= count:
            assert start == query - window // 2


@given(sizes, st.integers(1, 12), st.data())
def test_a_tile_sees_the_windows_of_the_image(total, window, data):
    first = data.draw(st.integers(0, total - 1))
    last = data.draw(st.integers(first, total - 1))
    tile, image = Axis(last - first + 1, first, total, window), Axis(total, 0, total, window)
    for query in range(tile.count):
        start = image.start(query + first)
        if first <= start and start + image.size <= last + 1:
            assert tile.start(query) + first == start


@given(sizes, sizes, st.integers(1, 10))
def test_runs_cover_an_axis_and_tell_the_starts(count, window, longest):
    axis = Axis(count, 0, count, window)
    seen = []
    for run in runs(axis, longest):
        assert 1 <= run.count <= longest
        for i in range(run.count):
            seen.append(run.first + i)
            assert axis.start(run.first + i) == run.start + i * run.step
    assert seen == list(range(count))
