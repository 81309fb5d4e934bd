from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from n3cli.ops.detail import most_detailed


@given(st.integers(2, 9), st.integers(2, 9), st.data())
def test_no_other_part_has_more(height, width, data):
    image = np.random.default_rng(data.draw(st.integers(0, 99))).random((height, width, 3))
    rows, columns = data.draw(st.integers(1, height)), data.draw(st.integers(1, width))
    found = most_detailed(image, rows, columns)

    grey = image.mean(2)
    down, across = np.zeros((2, height, width))
    down[1:], across[:, 1:] = np.abs(np.diff(grey, axis=0)), np.abs(np.diff(grey, axis=1))
    sums = {
        (top, left): (down + across)[top : top + rows, left : left + columns].sum()
        for top in range(height - rows + 1)
        for left in range(width - columns + 1)
    }
    assert sums[found] >= max(sums.values()) - 1e-9
