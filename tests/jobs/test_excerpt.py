"""A picture's reduced copy and its part, whatever strips it comes in."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from n3cli.jobs import excerpt
from n3cli.jobs.excerpt import Excerpt, Reduced
from n3cli.jobs.view import Crop


@given(
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    longest=st.integers(1, 45),
    steps=st.lists(st.integers(1, 17), min_size=1),
    ends=st.tuples(*[st.floats(0, 1, exclude_max=True)] * 4),
)
def test_any_strips(size, longest, steps, ends):
    (height, width), pixels = size, np.random.default_rng(3).integers(0, 256, (*size, 3), np.uint8)
    left, top = int(ends[0] * width), int(ends[1] * height)
    crop = Crop(left, top, 1 + int(ends[2] * (width - left)), 1 + int(ends[3] * (height - top)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(excerpt, "_LONGEST_SIDE", longest)
        kept = Excerpt(size, crop)
    done = 0
    while done < height:
        step = steps[done % len(steps)]
        kept.add(pixels[done : done + step])
        done += step

    factor = -(-max(size) // longest)
    assert max(kept.whole.shape[:2]) <= longest
    for (row, column), mean in np.ndenumerate(kept.whole.mean(2)):
        square = pixels[row * factor :, column * factor :][:factor, :factor]
        assert abs(mean - square.mean()) <= 0.5001
    expected = pixels[top : top + crop.height, left : left + crop.width]
    np.testing.assert_array_equal(kept.part, expected)


def test_what_is_small_stays_as_it_is():
    pixels = np.random.default_rng(3).integers(0, 256, (30, 1600, 1), np.uint8)
    reduced = Reduced(30, 1600)
    reduced.add(pixels)
    np.testing.assert_array_equal(reduced.image, pixels)
