"""Colours that reach into what cannot be seen, against a slow reading of the rule."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from n3cli.ops.bleed import bleed


def slow(pixels, visible, distance):
    colours, known = pixels.astype(np.float64), visible.copy()
    height, width = visible.shape
    for _ in range(distance):
        rings = {}
        for y in range(height):
            for x in range(width):
                around = [
                    (v, u)
                    for v in range(max(0, y - 1), min(height, y + 2))
                    for u in range(max(0, x - 1), min(width, x + 2))
                    if known[v, u]
                ]
                if not known[y, x] and around:
                    rings[y, x] = np.mean([colours[place] for place in around], 0)
        for place, colour in rings.items():
            colours[place], known[place] = colour, True
    return colours, known


@given(
    st.integers(0, 2**32 - 1), st.integers(1, 7), st.integers(1, 9), st.integers(0, 4),
    st.sampled_from(["uint8", "uint16", "float32"]), st.sampled_from([1, 3]),
)  # fmt: skip
@settings(max_examples=60)
def test_it_is_the_mean_of_the_neighbours(seed, height, width, distance, dtype, channels):
    rng = np.random.default_rng(seed)
    peak = 1 if dtype == "float32" else np.iinfo(dtype).max
    pixels = (rng.random((height, width, channels)) * peak).astype(dtype)
    visible = rng.random((height, width)) < 0.2
    before = pixels.copy()
    found = bleed(pixels, visible, distance)
    expected, known = slow(pixels, visible, distance)
    tolerance = 1e-6 if dtype == "float32" else 0.5 + 1e-3 * (dtype == "uint8") + 0.02
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(pixels, before)
    np.testing.assert_array_equal(found[visible | ~known], pixels[visible | ~known])
    np.testing.assert_allclose(found[known], expected[known], atol=tolerance)


@pytest.mark.parametrize("visible", [True, False])
def test_there_may_be_nothing_to_do(visible):
    pixels = np.ones((3, 4, 3), np.uint8)
    assert bleed(pixels, np.full((3, 4), visible), 5) is pixels


def test_it_depends_on_what_is_near_alone():
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (60, 20, 3)).astype(np.uint8)
    visible = rng.random((60, 20)) < 0.02
    whole = bleed(pixels, visible, 6)
    for top in range(6, 48, 5):
        part = slice(top - 6, top + 11)
        np.testing.assert_array_equal(
            bleed(pixels[part], visible[part], 6)[6:11], whole[top : top + 5]
        )
