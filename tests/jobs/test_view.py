"""Crops, and the alpha that waits for its rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from n3cli.errors import InputError
from n3cli.io.picture import Picture, write_picture
from n3cli.io.reader import open_picture
from n3cli.jobs.view import AlphaKeeper, Crop, CroppedReader

HEIGHT, WIDTH = 23, 17
PIXELS = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint16).reshape(HEIGHT, WIDTH, 3)
ALPHA = np.arange(HEIGHT * WIDTH, dtype=np.uint16).reshape(HEIGHT, WIDTH) + 7


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> bytes:
    path = tmp_path_factory.mktemp("view") / "a.png"
    write_picture(path, Picture(PIXELS, ALPHA))
    return path.read_bytes()


crops = st.builds(
    lambda left, top, width, height: Crop(
        left, top, 1 + width % (WIDTH - left), 1 + height % (HEIGHT - top)
    ),
    *(st.integers(0, WIDTH - 1), st.integers(0, HEIGHT - 1), st.integers(0), st.integers(0)),
)


@given(crop=st.none() | crops, data=st.data())
@settings(max_examples=25)
def test_pixels_and_alpha_of_a_crop(encoded, crop, data):
    """Overlapping strips go in, as a network reads them; other strips of alpha come out."""
    left, top, width, height = crop or (0, 0, WIDTH, HEIGHT)
    expected = np.s_[top : top + height, left : left + width]
    with open_picture(encoded) as reader:
        view = AlphaKeeper(reader, crop)
        assert (view.height, view.width) == (height, width)
        read = taken = start = 0
        while taken < height:
            if read < height:
                start = data.draw(st.integers(start, read), "first row of a strip")
                read = data.draw(st.integers(read + 1, height), "its end")
                pixels, _ = view.rows(start, read)
                np.testing.assert_array_equal(pixels, PIXELS[expected][start:read])
            count = data.draw(st.integers(1, read - taken), "rows to write") if read > taken else 0
            if count:
                np.testing.assert_array_equal(
                    view.take(count), ALPHA[expected][taken : taken + count]
                )
                taken += count


def test_no_alpha_none_to_take(tmp_path):
    write_picture(tmp_path / "a.png", Picture(PIXELS))
    with open_picture(tmp_path / "a.png") as reader:
        view = AlphaKeeper(reader)
        view.rows(0, HEIGHT)
        assert view.take(HEIGHT) is None


@pytest.mark.parametrize(
    "crop", [Crop(0, 0, WIDTH + 1, 1), Crop(3, HEIGHT, 1, 1), Crop(9999, 0, 1, 1)]
)
def test_a_crop_outside_is_refused(encoded, crop):
    with (
        open_picture(encoded, "a.png") as reader,
        pytest.raises(InputError, match="17 wide and 23"),
    ):
        CroppedReader(reader, crop)
